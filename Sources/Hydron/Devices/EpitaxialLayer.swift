import Glibc

/// The lightly doped layer between a bipolar transistor's base and its buried collector, which the carriers that flood it
/// make a better conductor: quasi-saturation.
///
///     c ── rc ── c' ──▭ epi ▭── c''         c'' is the transistor's inner collector, b' its inner base
///
///     K(v) = √(1 + γ e^(v/vt)),   w = v(b') − v(c''),   n = v(b') − v(c')
///     i    = (vt (K(w) − K(n) − ln((1 + K(w))/(1 + K(n)))) + w − n)/(rco (1 + |w − n|/vo))    from c' to c''
///     q    = qco (K − 1 − γ/2),  of w between b' and c'', of n between b' and c'
///
/// Signs are those of an npn. G. M. Kull, L. W. Nagel, S.-W. Lee, P. Lloyd, E. J. Prendergast, H. Dirks, IEEE Trans.
/// Electron Devices 32, 1103 (1985), doi 10.1109/T-ED.1985.22083; PSpice Reference Guide, "Bipolar transistor".
struct EpitaxialLayer: Device {
    typealias Gradient = SIMD4<Double>

    /// 1 for an npn, −1 for a pnp.
    var polarity: Double
    /// k T/q [V]
    var thermal: Double
    /// rco [Ω]
    var resistance: Double
    /// vo [V]
    var saturationVoltage: Double
    /// γ
    var doping: Double
    /// qco [C]
    var charge: Double
    /// 1/rc [S]; 0 where c' is c.
    var seriesConductance: Double

    static let outer = 0, contact = 1, inner = 2, base = 3
    static var arity: Int { 4 }
    static var followsTangents: Bool { true }
    static var couplings: Couplings { Couplings(bits: 0b0011 | 0b1111 << 8 | 0b1110 << 16 | 0b1110 << 24) }
    static var conductingPairs: [(Int, Int)] { [(0, 1), (1, 2)] }
    static var currentOutput: String? { "i" }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current through the layer towards the base"),
        DeviceOutput("v", unit: "V", "voltage along the layer"),
    ]
    static let noiseNames = ["rc"]

    /// √(1 + γ e^(v/vt)), going on as a line beyond any voltage that a solution has.
    @inline(__always) private func flood<R: DifferentiableReal>(_ v: R) -> R {
        guard v.value < 80 * thermal else {
            let value = (doping * Glibc.exp(80.0)).squareRoot()
            return (v / thermal - 80) * (0.5 * value) + value
        }
        return sqrt(exp(v / thermal) * doping + 1)
    }

    /// Current [A] and the charges [C] of c'' and c', of voltages w and n of an npn.
    @inline(__always) private func layer<R: DifferentiableReal>(_ w: R, _ n: R) -> (current: R, inner: R, contact: R) {
        let (kw, kn) = (flood(w), flood(n))
        let drop = w - n
        let driven = (kw - kn - log((kw + 1) / (kn + 1))) * thermal + drop
        let current = driven / ((abs(drop) / saturationVoltage + 1) * resistance)
        let rest = 1 + doping / 2
        return (current, (kw - rest) * charge, (kn - rest) * charge)
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<EpitaxialLayer>) {
        let (current, inner, contact) = layer(
            u.voltage(Self.base, Self.inner) * polarity, u.voltage(Self.base, Self.contact) * polarity)
        stamp.current(from: Self.contact, to: Self.inner, current * polarity)
        if seriesConductance != 0 {
            stamp.current(from: Self.outer, to: Self.contact, u.voltage(Self.outer, Self.contact) * seriesConductance)
        }
        if charge != 0 {
            stamp.charge(between: Self.base, and: Self.inner, inner * polarity)
            stamp.charge(between: Self.base, and: Self.contact, contact * polarity)
        }
    }

    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        [.thermal("rc", Self.outer, Self.contact, conductance: seriesConductance, thermal: thermal)]
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values
        if index == 1 { return v[Self.contact] - v[Self.inner] }
        return polarity
            * layer(polarity * (v[Self.base] - v[Self.inner]), polarity * (v[Self.base] - v[Self.contact])).current
    }
}
