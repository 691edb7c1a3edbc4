import Glibc

/// How random functions and tolerances draw their numbers.
enum RandomDraws: Sendable, Equatable {
    /// Functions draw once, by the seed; tolerances of models hold their nominal values.
    case bySeed
    /// Everything at its nominal value.
    case nominal
    /// The n-th of a series of independent draws, from 1.
    case run(Int)
    /// Draws at their ends: −1 and 1 are the lower and the upper one, by the draw's identity; 0 elsewhere.
    case ends([UInt64: Double])

    /// The place of a draw between its ends where it is not random; nil where it is.
    func fixed(_ identity: UInt64) -> Double? {
        switch self {
        case .bySeed, .run: nil
        case .nominal: 0
        case .ends(let places): places[identity] ?? 0
        }
    }

    /// What the seed is changed by, so that each run draws independently of all others.
    var salt: UInt64 {
        guard case .run(let number) = self else { return 0 }
        return UInt64(bitPattern: Int64(number)) &* 0xD1B5_4A32_D192_ED03
    }
}

/// `dev=` or `lot=` behind a parameter: how far it may be off.
struct Tolerance: Sendable {
    /// As a part of the value where `isRelative`, else in the parameter's unit.
    var size: Double
    var isRelative: Bool
    var shape: Shape

    enum Shape: String, Sendable {
        case uniform
        /// Normal, `size` being one standard deviation; cut off at four.
        case gauss
    }

    /// - Parameter place: a number that is uniform within ±1, or standard normal.
    func deviation(of value: Double, at place: Double) -> Double {
        size * place * (isRelative ? value : 1)
    }
}

/// Numbers that depend on their identity and the seed alone.
enum RandomBits {
    /// SplitMix64 of two rounds (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, doi 10.1145/2660193.2660195).
    static func mix(_ state: UInt64) -> UInt64 {
        var z = state
        for _ in 0..<2 {
            z &+= 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
        }
        return z
    }

    /// In (0, 1).
    static func uniform(_ bits: UInt64) -> Double { (Double(bits >> 11) + 0.5) / 9_007_199_254_740_992 }

    /// Standard normal from two uniform numbers: G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29, 610 (1958), doi
    /// 10.1214/aoms/1177706645.
    static func normal(_ u: Double, _ v: Double) -> Double {
        (-2 * Glibc.log(u)).squareRoot() * Glibc.cos(2 * .pi * v)
    }
}
