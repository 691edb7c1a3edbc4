import Glibc

/// Field-effect transistor whose gate is a junction: JFET and MESFET.
///
///     d ── rd ── d'          voltages of an n-channel; a p-channel is the same with all signs turned
///     g ─▷|─ d', g ─▷|─ s'   vds < 0 swaps drain and source
///     s ── rs ── s'
///
/// The channel is one of ``JunctionChannel``. Each of the gate's two junctions carries
///
///     i = is (e^(v/(n vt)) − 1) + isr (e^(v/(nr vt)) − 1) ((1 − v/pb)² + 0.005)^(m/2) − ibd (e^(−v/vbd) − 1) + gmin v
///
/// and the drain's, in saturation, id α u e^(−vk/u) of the ions that the field tears off, u = vds − (vgs − vto).
///
/// G. Massobrio, P. Antognetti, Semiconductor Device Modeling with SPICE, 1993, chapter 3; PSpice Reference Guide, "J".
struct JunctionFieldEffectTransistor: LimitedDevice {
    typealias Gradient = SIMD8<Double>
    /// A number with its slopes in vgs and vgd.
    typealias Slopes = Dual<SIMD2<Double>>

    /// 1 for an n-channel, −1 for a p-channel.
    var polarity: Double
    var channel: JunctionChannel
    var gate: Gate
    var charge: Charge
    /// Between drain and source [F].
    var bridge = 0.0
    /// 1/rd and 1/rs [S]; 0 where there is none.
    var drainConductance: Double
    var sourceConductance: Double
    /// k T/q [V]
    var thermal = 0.0
    var flicker = FlickerNoise()
    /// Voltage [V] above which steps across the gate are limited.
    var criticalVoltage: Double
    var startsOff = false
    /// `ic=`: vds and vgs as the card says [V]; NaN where it says nothing.
    var initialVoltages = SIMD2<Double>(repeating: .nan)

    /// Each of the gate's junctions.
    struct Gate: BitwiseCopyable, Sendable {
        /// is [A], n vt [V]
        var saturation: Double
        var thermal: Double
        /// isr [A], nr vt [V], pb [V], m/2
        var recombination = 0.0
        var recombinationThermal = 1.0
        var potential = 1.0
        var halfGrading = 0.25
        /// ibd [A], vbd [V]
        var breakdown = 0.0
        var breakdownVoltage = 1.0
        /// α [1/V], vk [V]
        var ionisation = 0.0
        var ionisationVoltage = 0.0

        @inline(__always) func current<R: DifferentiableReal>(_ v: R) -> R {
            var i = IdealJunction.current(v, saturation: saturation, thermal: thermal)
            if recombination != 0 {
                let depth = 1 - v / potential
                let generation = pow(depth * depth + 0.005, halfGrading)
                i =
                    i + IdealJunction.current(v, saturation: recombination, thermal: recombinationThermal)
                    * generation
            }
            if breakdown != 0 {
                i = i - IdealJunction.current(-v, saturation: breakdown, thermal: breakdownVoltage)
            }
            return i
        }
    }

    enum Charge: BitwiseCopyable, Sendable {
        case none
        /// Of the junctions to source and drain.
        case junctions(DepletionCharge, DepletionCharge)
        case shared(GateCharge)

        @inline(__always) func callAsFunction(_ vgs: Slopes, _ vgd: Slopes) -> (source: Slopes, drain: Slopes) {
            switch self {
            case .none: (Slopes(constant: 0), Slopes(constant: 0))
            case .junctions(let source, let drain): (source(vgs), drain(vgd))
            case .shared(let charge): charge(vgs, vgd)
            }
        }
    }

    static let drain = 0, gateNode = 1, source = 2, innerDrain = 3, innerSource = 4
    static var arity: Int { 5 }
    static var followsTangents: Bool { true }
    /// A literal, for this is asked for in the innermost loop.
    static var couplings: Couplings {
        Couplings(bits: 0b01001 | 0b11010 << 8 | 0b10100 << 16 | 0b11011 << 24 | 0b11110 << 32)
    }
    static var conductingPairs: [(Int, Int)] { [(0, 3), (3, 4), (4, 2), (1, 3), (1, 4)] }
    static var currentOutput: String? { "id" }
    static let outputs = [
        DeviceOutput("id", unit: "A", "current into the drain", withRateOf: "qd"),
        DeviceOutput("ig", unit: "A", "current into the gate", withRateOf: "qg"),
        DeviceOutput("is", unit: "A", "current into the source", withRateOf: "qs"),
        DeviceOutput("vgs", unit: "V", "voltage of the gate against the inner source"),
        DeviceOutput("vgd", unit: "V", "voltage of the gate against the inner drain"),
        DeviceOutput("gm", unit: "S", "transconductance"),
        DeviceOutput("gds", unit: "S", "conductance of the channel"),
        DeviceOutput("ggs", unit: "S", "conductance of the gate's junction with the source"),
        DeviceOutput("ggd", unit: "S", "conductance of the gate's junction with the drain"),
        DeviceOutput("qd", unit: "C", "charge of the drain"),
        DeviceOutput("qg", unit: "C", "charge of the gate"),
        DeviceOutput("qs", unit: "C", "charge of the source"),
        DeviceOutput("p", unit: "W", "power of all direct currents"),
    ]

    // MARK: - Equations

    /// Currents and charges with their slopes, signs those of an n-channel.
    struct Point {
        /// From drain to source, from gate to source, from gate to drain [A].
        var channel: Slopes
        var gateSource: Slopes
        var gateDrain: Slopes
        /// Of the gate over source and drain [C].
        var charges: (source: Slopes, drain: Slopes)
        /// On the drain's side of the capacitance between drain and source [C].
        var bridge: Slopes
    }

    @inline(__always) func point(vgs: Double, vgd: Double, gmin: Double) -> Point {
        let gs = Slopes(variable: vgs, lane: 0)
        let gd = Slopes(variable: vgd, lane: 1)
        var gateSource = gate.current(gs) + gs * gmin
        var gateDrain = gate.current(gd) + gd * gmin
        let isReversed = vgs < vgd
        let (control, span) = isReversed ? (gd, gd - gs) : (gs, gs - gd)
        let channel = channel.current(control, span)
        if gate.ionisation != 0 {
            let field = span - (control - self.channel.threshold)
            if field.value > 0, channel.value > 0 {
                let ions = channel * field * exp(-gate.ionisationVoltage / field) * gate.ionisation
                if isReversed { gateSource = gateSource - ions } else { gateDrain = gateDrain - ions }
            }
        }
        return Point(
            channel: isReversed ? -channel : channel, gateSource: gateSource, gateDrain: gateDrain,
            charges: charge(gs, gd), bridge: (gs - gd) * bridge)
    }

    @inline(__always) private func point(_ u: Gradient, gmin: Double) -> Point {
        let g = u[Self.gateNode]
        return point(vgs: polarity * (g - u[Self.innerSource]), vgd: polarity * (g - u[Self.innerDrain]), gmin: gmin)
    }

    /// A quantity of the n-channel's voltages as one of the terminals', its sign turned for a p-channel.
    @inline(__always) private func terminal(_ a: Slopes) -> Dual<Gradient> {
        let (gs, gd) = (a.gradient[0], a.gradient[1])
        return Dual(value: polarity * a.value, gradient: Gradient(0, gs + gd, 0, -gd, -gs, 0, 0, 0))
    }

    private var holdsCharge: Bool {
        if case .none = charge { return bridge != 0 }
        return true
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<JunctionFieldEffectTransistor>) {
        let point = point(u.values, gmin: u.conditions.gmin)
        let channel = terminal(point.channel)
        let gateSource = terminal(point.gateSource)
        let gateDrain = terminal(point.gateDrain)
        var drain = channel - gateDrain
        var source = -channel - gateSource
        if drainConductance != 0 {
            let series = u.voltage(Self.drain, Self.innerDrain) * drainConductance
            stamp.current(Self.drain, series)
            drain = drain - series
        }
        if sourceConductance != 0 {
            let series = u.voltage(Self.source, Self.innerSource) * sourceConductance
            stamp.current(Self.source, series)
            source = source - series
        }
        stamp.current(Self.innerDrain, drain)
        stamp.current(Self.innerSource, source)
        stamp.current(Self.gateNode, gateSource + gateDrain)
        if holdsCharge {
            stamp.charge(between: Self.gateNode, and: Self.innerSource, terminal(point.charges.source))
            stamp.charge(between: Self.gateNode, and: Self.innerDrain, terminal(point.charges.drain))
            if bridge != 0 { stamp.charge(between: Self.innerDrain, and: Self.innerSource, terminal(point.bridge)) }
        }
    }

    // MARK: - Path of Newton's iteration

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        let isSourceLimited = limit(&u, Self.innerSource, previous: previous)
        let isDrainLimited = limit(&u, Self.innerDrain, previous: previous)
        return isSourceLimited || isDrainLimited
    }

    private func limit(_ u: inout Gradient, _ inner: Int, previous: Gradient) -> Bool {
        let wanted = polarity * (u[Self.gateNode] - u[inner])
        let old = polarity * (previous[Self.gateNode] - previous[inner])
        var v = wanted
        _ = JunctionLimiting.limit(&v, previous: old, thermal: gate.thermal, critical: criticalVoltage)
        v = JunctionLimiting.limitGate(v, previous: old, threshold: channel.threshold)
        guard abs(v - wanted) > 1e-9 else { return false }
        u[inner] = u[Self.gateNode] - polarity * v
        return true
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        guard !startsOff else { return u }
        var point = u
        point[Self.innerSource] = u[Self.gateNode] + polarity
        point[Self.innerDrain] = u[Self.gateNode] + polarity
        return point
    }

    // MARK: - Outputs and initial conditions

    static let noiseNames = ["rd", "rs", "id", "fn"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let channel = point(u.values, gmin: 0).channel
        let transconductance = channel.gradient[0] + channel.gradient[1]
        return [
            .thermal("rd", Self.drain, Self.innerDrain, conductance: drainConductance, thermal: thermal),
            .thermal("rs", Self.source, Self.innerSource, conductance: sourceConductance, thermal: thermal),
            .thermal(
                "id", Self.innerDrain, Self.innerSource, conductance: 2.0 / 3 * transconductance, thermal: thermal),
            flicker.source("fn", Self.innerDrain, Self.innerSource, current: channel.value),
        ]
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values
        let point = point(v, gmin: conditions.gmin)
        let (channel, toSource, toDrain) = (point.channel, point.gateSource.value, point.gateDrain.value)
        let (qs, qd) = (point.charges.source.value, point.charges.drain.value)
        switch index {
        case 0: return polarity * (channel.value - toDrain)
        case 1: return polarity * (toSource + toDrain)
        case 2: return polarity * (-channel.value - toSource)
        case 3: return v[Self.gateNode] - v[Self.innerSource]
        case 4: return v[Self.gateNode] - v[Self.innerDrain]
        // vgd moves with vgs where vds is held.
        case 5: return channel.gradient[0] + channel.gradient[1]
        case 6: return -channel.gradient[1]
        case 7: return point.gateSource.gradient[0]
        case 8: return point.gateDrain.gradient[1]
        case 9: return polarity * (point.bridge.value - qd)
        case 10: return polarity * (qs + qd)
        case 11: return -polarity * (point.bridge.value + qs)
        default:
            let (s, d) = (v[Self.innerSource], v[Self.innerDrain])
            let (gs, gd) = (polarity * (v[Self.gateNode] - s), polarity * (v[Self.gateNode] - d))
            let (rd, rs) = (v[Self.drain] - d, v[Self.source] - s)
            return channel.value * (gs - gd) + toSource * gs + toDrain * gd + drainConductance * rd * rd
                + sourceConductance * rs * rs
        }
    }

    /// The charges that `ic=` gives beyond those at `u`. What the card leaves out is as `u` says.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        let s = u[Self.innerSource]
        let actual = SIMD2(u[Self.innerDrain] - s, u[Self.gateNode] - s)
        let wanted = initialVoltages.replacing(with: actual, where: initialVoltages .!= initialVoltages)
        guard wanted != actual else { return .zero }
        func charges(_ v: SIMD2<Double>) -> Gradient {
            let point = point(vgs: polarity * v[1], vgd: polarity * (v[1] - v[0]), gmin: 0)
            let (qs, qd, bridge) = (point.charges.source.value, point.charges.drain.value, point.bridge.value)
            return [0, qs + qd, 0, bridge - qd, -bridge - qs, 0, 0, 0]
        }
        return (charges(wanted) - charges(actual)) * polarity
    }
}
