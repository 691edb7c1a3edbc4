import Glibc

/// One source of noise inside a device: a current between two of its nodes with the spectral density
///
///     S(f) = white + flicker/f^exponent     [A²/Hz]
struct NoiseSource {
    /// As in `dno(q1,rb)`.
    var name: String
    /// Local unknowns.
    var from: Int
    var to: Int
    /// [A²/Hz]
    var white: Double
    /// [A²/Hz at 1 Hz]
    var flicker = 0.0
    var exponent = 1.0

    /// Thermal noise of a conductance [S]: 4 k T G, by the thermal voltage k T/q [V] (H. Nyquist, Phys. Rev. 32, 110
    /// (1928), doi 10.1103/PhysRev.32.110).
    static func thermal(_ name: String, _ from: Int, _ to: Int, conductance: Double, thermal: Double) -> NoiseSource {
        let charge = PhysicalConstants.elementaryCharge
        return NoiseSource(name: name, from: from, to: to, white: 4 * charge * thermal * abs(conductance))
    }

    /// Shot noise 2 q I of a current [A] (W. Schottky, Ann. Phys. 362, 541 (1918), doi 10.1002/andp.19183622304).
    static func shot(_ name: String, _ from: Int, _ to: Int, current: Double) -> NoiseSource {
        NoiseSource(name: name, from: from, to: to, white: 2 * PhysicalConstants.elementaryCharge * abs(current))
    }
}

/// Flicker noise of a current I, kf |I|^af/f [A²/Hz].
struct FlickerNoise: BitwiseCopyable, Sendable {
    var coefficient = 0.0
    var exponent = 1.0

    /// Of the sum of so many independent currents of equal size: m kf |I/m|^af.
    func inParallel(_ count: Double) -> FlickerNoise {
        FlickerNoise(coefficient: coefficient * pow(count, 1 - exponent), exponent: exponent)
    }

    func source(_ name: String, _ from: Int, _ to: Int, current: Double) -> NoiseSource {
        let density = coefficient == 0 || current == 0 ? 0 : coefficient * power(abs(current), exponent)
        return NoiseSource(name: name, from: from, to: to, white: 0, flicker: density)
    }

    private func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}

/// A source of noise among the unknowns of a circuit; see ``NoiseSource``.
struct NoiseGenerator {
    var name: String
    /// The name behind those of its nodes, `d_di_thermal`, where several of an element's sources may share a name; more
    /// than one where nodes have several names.
    var placedNames: [String] = []
    var from: Int
    var to: Int
    var white = 0.0
    var flicker = 0.0
    var exponent = 1.0
    /// Takes the place of white and flicker noise: the density [A²/Hz] at a frequency [Hz].
    var spectrum: ((Double) -> Double)?

    init(
        name: String, from: Int, to: Int, white: Double, flicker: Double, exponent: Double
    ) {
        self.name = name
        self.from = from
        self.to = to
        self.white = white
        self.flicker = flicker
        self.exponent = exponent
    }

    init(name: String, placedNames: [String], from: Int, to: Int, spectrum: @escaping (Double) -> Double) {
        self.name = name
        self.placedNames = placedNames
        self.from = from
        self.to = to
        self.spectrum = spectrum
    }

    /// [A²/Hz] at `frequency` [Hz].
    func density(_ frequency: Double) -> Double {
        if let spectrum { return spectrum(frequency) }
        return flicker == 0 ? white : white + flicker / (exponent == 1 ? frequency : pow(frequency, exponent))
    }
}
