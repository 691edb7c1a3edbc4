import SpiceNetlist

/// The random numbers of one elaboration: each depends on the seed and on its place in the netlist alone.
final class RandomNumbers {
    private let draws: RandomDraws
    /// Set before any number is drawn.
    private(set) var seed: UInt64 = 0
    /// Identities of the numbers that were asked for, in order; nil where nobody asks which.
    private(set) var log: [UInt64]?
    private var logged: Set<UInt64> = []

    init(_ draws: RandomDraws, keepsLog: Bool) {
        self.draws = draws
        log = keepsLog ? [] : nil
    }

    /// By `.options seed=`, `.options samples seed=`, or `seed=` of `.mc`.
    func sow(_ seed: Double) { self.seed = UInt64(bitPattern: Int64(seed.rounded().clamped(to: -1e15...1e15))) }

    /// Uniform in (0, 1), of the seed, the hierarchical path of the scope and the key.
    func uniform(_ key: UInt64, in scope: Scope) -> Double { RandomBits.uniform(bits(key, in: scope)) }

    func bits(_ key: UInt64, in scope: Scope) -> UInt64 {
        RandomBits.mix(seed &+ draws.salt &+ identity(key, in: scope))
    }

    /// The same number for the same place of the same netlist, whatever the seed.
    private func identity(_ key: UInt64, in scope: Scope) -> UInt64 {
        var path = StableHash(scope.prefix).state
        // Of several elements on one card each draws its own.
        if let instance = scope.instance { path = (path ^ UInt64(instance.place + 1)) &* 0x100_0000_01B3 }
        return path &+ key &* 0x9E37_79B9_7F4A_7C15
    }

    /// Where between its ends, −1 to 1, a random number lies that is not to be drawn; nil where it is.
    func fixedDeviation(_ key: UInt64, in scope: Scope) -> Double? { fixed(identity(key, in: scope)) }

    private func fixed(_ identity: UInt64) -> Double? {
        if log != nil, logged.insert(identity).inserted { log?.append(identity) }
        return draws.fixed(identity)
    }

    /// A value moved by a tolerance of this name, `model:parameter:lot`.
    func deviated(_ value: Double, _ tolerance: Tolerance, _ name: String) -> Double {
        let identity = StableHash(name).state
        if let place = fixed(identity) { return value + tolerance.deviation(of: value, at: place) }
        guard case .run = draws else { return value }
        let state = seed &+ draws.salt &+ identity
        let u = RandomBits.uniform(RandomBits.mix(state))
        let place: Double
        switch tolerance.shape {
        case .uniform: place = 2 * u - 1
        case .gauss:
            place = RandomBits.normal(u, RandomBits.uniform(RandomBits.mix(~state))).clamped(to: -4...4)
        }
        return value + tolerance.deviation(of: value, at: place)
    }
}
