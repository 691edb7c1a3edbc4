/// Resistance between a terminal and the end of the channel where rdsmod = 1: it falls with the gate's voltage and the
/// body's, both against that end, and adds to what rsh makes.
///
///     R = Rsq + Rmin + R0/2 (x + √(x² + 0.01)),  x = 1/(1 + prwg vgeff) − prwb vb + prwe (ve − vfbb)
///
/// Manual, section 3.11.
struct SOIAccess: Device {
    typealias Gradient = SIMD8<Double>

    var polarity: Double
    /// Of rsh, and in the law R0 and Rmin at the transistor's temperature [Ω], with what they gain [Ω/K].
    var plain, plainSlope, full, least, slope: Double
    var byGate, byBody, byBack: Double
    /// Of the gate above the end, and of the back gate [V].
    var flatBand, backFlatBand: Double
    /// [K]
    var temperature: Double
    var isHeated: Bool

    static let outer = 0, inner = 1, gate = 2, body = 3, heat = 4, substrate = 5
    static var arity: Int { 6 }
    static var followsTangents: Bool { true }
    static var couplings: Couplings { Couplings(bits: 0b111111 | 0b111111 << 8) }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var currentOutput: String? { "i" }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current towards the channel"), DeviceOutput("r", unit: "Ω", "resistance"),
    ]

    private func resistance(_ u: Locals<Gradient>) -> Dual<Gradient> {
        let over: Dual<Gradient> = u.voltage(Self.gate, Self.inner) * polarity - flatBand
        let gate: Dual<Gradient> = smoothPositive(over, 1e-4)
        let body: Dual<Gradient> = u.voltage(Self.body, Self.inner) * (polarity * byBody)
        var x: Dual<Gradient> = 1 / (gate * byGate + 1) - body
        if byBack != 0 {
            let back: Dual<Gradient> = u.voltage(Self.substrate, Self.inner) * polarity - backFlatBand
            x = x + back * byBack
        }
        let law: Dual<Gradient> = smoothPositive(x, 0.01)
        guard isHeated else { return law * max(full, 0) + (plain + max(least, 0)) }
        let gained: Dual<Gradient> = u[Self.heat] * slope
        return law * (gained + full) + gained + (u[Self.heat] * plainSlope + (plain + least))
    }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOIAccess>) {
        let i: Dual<Gradient> = u.voltage(Self.outer, Self.inner) / resistance(u)
        stamp.current(from: Self.outer, to: Self.inner, i)
    }

    static let noiseNames = ["r"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let warm = temperature + (isHeated ? u.values[Self.heat] : 0)
        return [
            .thermal(
                "r", Self.outer, Self.inner, conductance: 1 / resistance(u).value,
                thermal: PhysicalConstants.boltzmannOverCharge * warm)
        ]
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let r = resistance(u).value
        return index == 0 ? (u.values[Self.outer] - u.values[Self.inner]) / r : r
    }
}

/// The channel's own resistance as the gate sees it, rgatemod = 2 and 3, between the gate's resistance and its oxide:
///
///     1/R = xrcrg1 (ids/vdseff + xrcrg2 μeff Cox W/L k T/q)
///
/// X. Jin et al., IEDM 1998, 961, doi 10.1109/IEDM.1998.746514; manual, section 6.1.
struct SOIGateAccess: Device {
    typealias Gradient = SIMD8<Double>

    var transistor: SOITransistor<Double>

    /// Behind the transistor's own five nodes.
    static let outer = 5
    static var arity: Int { 6 }
    static var followsTangents: Bool { true }
    static var couplings: Couplings { Couplings(bits: 0b111111 << 8 | 0b111111 << 40) }
    static var conductingPairs: [(Int, Int)] { [(1, 5)] }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOIGateAccess>) {
        let core = transistor.core
        let point = transistor.point(transistor.voltages(u.values), gmin: 0)
        let diffusion: Dual<SIMD4<Double>> = point.channel.gain * (core.p.xrcrg2 * transistor.heat.thermal)
        // Version 3.2 has the current itself in the place of ids/vdseff.
        let drift = core.laws.isVersion3 ? point.channel.current : point.channel.conductance
        let sum: Dual<SIMD4<Double>> = drift + diffusion
        // A closed channel leaves the gate what keeps its node.
        let conductance: Dual<SIMD4<Double>> = sum * (core.p.xrcrg1 * core.multiple) + 1e-12
        let g = conductance.gradient * core.polarity
        let slopes: Gradient = [
            g[SOILane.drain], g[SOILane.gate], -g.sum(), g[SOILane.substrate], g[SOILane.body], 0, 0, 0,
        ]
        let across: Dual<Gradient> = u.voltage(Self.outer, 1)
        stamp.current(from: Self.outer, to: 1, across * Dual(value: conductance.value, gradient: slopes))
    }
}

/// Overlaps of the gate where rgatemod = 3: they lie at the middle of its resistance.
struct SOIOverlap: Device {
    typealias Gradient = SIMD4<Double>

    var core: SOICore

    static let gate = 0, drain = 1, source = 2, substrate = 3
    static var arity: Int { 4 }
    static var followsTangents: Bool { true }
    static var conductingPairs: [(Int, Int)] { [] }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOIOverlap>) {
        let vgs: Dual<Gradient> = u.voltage(Self.gate, Self.source) * core.polarity
        let vgd: Dual<Gradient> = u.voltage(Self.gate, Self.drain) * core.polarity
        let factor = core.polarity * core.parallel * core.size.fingers
        let source: Dual<Gradient> = core.overlapCharge(vgs, plain: core.overlapSource, light: core.lightSource)
        let drain: Dual<Gradient> = core.overlapCharge(vgd, plain: core.overlapDrain, light: core.lightDrain)
        stamp.charge(between: Self.gate, and: Self.source, source * factor)
        stamp.charge(between: Self.gate, and: Self.drain, drain * factor)
        let substrate: Dual<Gradient> =
            u.voltage(Self.gate, Self.substrate) * (core.overlapSubstrate * core.parallel)
        stamp.charge(between: Self.gate, and: Self.substrate, substrate)
    }
}

/// gmin from gate to drain: BSIM3SOI has it there as well as across the body, and it counts where it is not a millionth.
struct SOIGateLeast: Device {
    typealias Gradient = SIMD2<Double>

    /// Transistors in parallel.
    var count: Double

    static var arity: Int { 2 }
    static var followsTangents: Bool { true }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOIGateLeast>) {
        stamp.current(from: 0, to: 1, u.voltage(0, 1) * (u.conditions.gmin * count))
    }
}

/// Tunnelling from the gate to the contact of the body through the part of the gate over silicon of the other kind.
struct SOIContactTunnelling: Device {
    typealias Gradient = SIMD2<Double>

    var core: SOICore
    /// Surface potential [V].
    var phi: Double
    /// T/Tnom − 1
    var ratio: Double

    static var arity: Int { 2 }
    static var conductingPairs: [(Int, Int)] { [] }
    static var controllingPairs: [(Int, Int)] { [(0, 1)] }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOIContactTunnelling>) {
        let v: Dual<Gradient> = u.voltage(0, 1) * core.polarity
        let i: Dual<Gradient> = core.contactCurrent(v, phi: phi, ratio: ratio)
        stamp.current(from: 0, to: 1, i * (core.polarity * core.multiple / core.size.fingers))
    }
}
