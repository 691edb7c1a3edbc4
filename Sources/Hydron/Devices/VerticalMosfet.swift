import Glibc

/// Power MOSFET of the double-diffused, vertical kind, with its body diode: VDMOS of LTspice and ngspice.
///
///     d ── rd ── d'              voltages of an n-channel; a p-channel is the same with all signs turned
///     g ── rg ── g' ┤├           vds < 0 swaps d' and s'
///     s ── rs ── s'              s ── rb ── x ─▷|─ d,  s ── rds ── d
///
///     v  = k ln(1 + e^((vgs − vto − shift)/k)),  w = mtriode vds
///     id = kp (1 + λ vds)/(1 + θ vgs) w (v − w/2)     w < v,     kp (1 + λ vds)/(1 + θ vgs) v²/2     else
///     cgd = s tanh(a vgd) + y      vgd > 0,     s atan(a vgd) + y     else;     cgdmax far above 0 V, cgdmin far below
///     rd ← rd + rq v/(v + vq),  v = v(d) − v(s) > 0:  quasi-saturation
///
/// The body diode is a ``Diode``. ngspice User's Manual, version 39, section 11.3, "Power MOSFET model"; LTspice Help,
/// "M. MOSFET"; V. d'Alessandro, F. Frisina, N. Rinaldi, A new SPICE model of VDMOS transistors including thermal and
/// quasi-saturation effects, EPE 2001, Graz.
struct VerticalMosfet: LimitedDevice {
    typealias Gradient = SIMD8<Double>
    /// A number with its slopes in vgs and vds.
    typealias Slopes = Dual<SIMD2<Double>>

    /// 1 for an n-channel, −1 for a p-channel.
    var polarity: Double
    /// kp [A/V²], vto [V], λ and θ [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    var mobilityModulation: Double
    var triode: Double
    /// k and shift [V]
    var subthreshold: Double
    var shift: Double
    /// rd and rq [Ω], vq [V].
    var drainResistance: Double
    var quasiSaturation: Double
    var quasiSaturationVoltage: Double
    /// 1/rg, 1/rs, 1/rds [S]; 0 where there is none.
    var gateConductance: Double
    var sourceConductance: Double
    var shunt: Double
    /// cgs, cgdmin, cgdmax [F], a [1/V]
    var gateSource: Double
    var leastGateDrain: Double
    var greatestGateDrain: Double
    var steepness: Double
    var body: Diode
    var flicker = FlickerNoise()
    var startsOff = false

    static let drain = 0, gate = 1, source = 2, innerDrain = 3, innerGate = 4, innerSource = 5, anode = 6
    static var arity: Int { 7 }
    static var followsTangents: Bool { true }
    /// A literal, for this is asked for in the innermost loop.
    static var couplings: Couplings {
        Couplings(
            bits: 0b1001101 | 0b0010010 << 8 | 0b1100101 << 16 | 0b0111101 << 24 | 0b0111010 << 32 | 0b0111100 << 40
                | 0b1000101 << 48)
    }
    static var conductingPairs: [(Int, Int)] { [(0, 3), (3, 5), (5, 2), (1, 4), (2, 6), (6, 0)] }
    static var controllingPairs: [(Int, Int)] { [(4, 5)] }
    static var currentOutput: String? { "id" }
    static let outputs = [
        DeviceOutput("id", unit: "A", "current into the drain", withRateOf: "qd"),
        DeviceOutput("ig", unit: "A", "current into the gate", withRateOf: "qg"),
        DeviceOutput("is", unit: "A", "current into the source", withRateOf: "qs"),
        DeviceOutput("idio", unit: "A", "direct current of the body diode, from source to drain"),
        DeviceOutput("vgs", unit: "V", "voltage of the inner gate against the inner source"),
        DeviceOutput("vds", unit: "V", "voltage of the inner drain against the inner source"),
        DeviceOutput("gm", unit: "S", "transconductance"),
        DeviceOutput("gds", unit: "S", "conductance of the channel"),
        DeviceOutput("qd", unit: "C", "charge of the drain"),
        DeviceOutput("qg", unit: "C", "charge of the gate"),
        DeviceOutput("qs", unit: "C", "charge of the source"),
        DeviceOutput("p", unit: "W", "power of all direct currents"),
    ]

    // MARK: - Equations

    /// Current from inner drain to inner source, signs those of an n-channel.
    @inline(__always) func channel(_ vgs: Slopes, _ vds: Slopes) -> Slopes {
        let isReversed = vds.value < 0
        let (g, d) = isReversed ? (vgs - vds, -vds) : (vgs, vds)
        let over = (g - threshold - shift) / subthreshold
        guard over.value > -500 else { return Slopes(constant: 0) }
        let v = (over.value > 40 ? over : log1p(exp(over))) * subthreshold
        let w = d * triode
        // θ must not make mobility infinite at a negative gate.
        let field = g * mobilityModulation + 1
        let gain = (d * lengthModulation + 1) / (field.value > 0.1 ? field : Slopes(constant: 0.1)) * transconductance
        let id = w.value < v.value ? gain * w * (v - w * 0.5) : gain * v * v * 0.5
        return isReversed ? -id : id
    }

    /// Charge of the gate over the drain [C].
    @inline(__always) func feedbackCharge(_ vgd: Slopes) -> Slopes {
        let s = (greatestGateDrain - leastGateDrain) / (1 + 0.5 * Double.pi)
        let y = greatestGateDrain - s
        let x = vgd * steepness
        guard vgd.value > 0 else {
            let logarithm = log1p(x * x) * (0.5 / steepness)
            return (vgd * atan(x) - logarithm) * s + vgd * y
        }
        // ln cosh x
        let logarithm: Slopes = x + log1p(exp(x * -2)) - 0.6931471805599453
        return logarithm * (s / steepness) + vgd * y
    }

    /// rd [Ω] with what quasi-saturation adds at `v`, the voltage of the drain against the source outside.
    @inline(__always) func drainPath<R: DifferentiableReal>(_ v: R) -> R {
        guard quasiSaturation > 0, v.value > 0 else { return R(constant: drainResistance) }
        return v / (v + quasiSaturationVoltage) * quasiSaturation + drainResistance
    }

    /// A quantity of vgs and vds as one of the inner terminals', its sign turned for a p-channel.
    @inline(__always) private func terminal(_ a: Slopes) -> Dual<Gradient> {
        let (g, d) = (a.gradient[0], a.gradient[1])
        return Dual(value: polarity * a.value, gradient: Gradient(0, 0, 0, d, g, -(g + d), 0, 0))
    }

    /// A quantity of the body diode's voltage as one of its terminals'.
    @inline(__always) private func diode(_ a: Dual<SIMD2<Double>>) -> Dual<Gradient> {
        Dual(value: polarity * a.value, gradient: Gradient(-a.gradient[0], 0, 0, 0, 0, 0, a.gradient[0], 0))
    }

    @inline(__always) private func voltages(_ u: Gradient) -> (gs: Double, ds: Double, body: Double) {
        let s = u[Self.innerSource]
        return (
            polarity * (u[Self.innerGate] - s), polarity * (u[Self.innerDrain] - s),
            polarity * (u[Self.anode] - u[Self.drain])
        )
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<VerticalMosfet>) {
        let v = voltages(u.values)
        let (gs, ds) = (Slopes(variable: v.gs, lane: 0), Slopes(variable: v.ds, lane: 1))
        let channel = terminal(channel(gs, ds))
        stamp.current(Self.innerDrain, channel)
        stamp.current(Self.innerSource, -channel)
        if drainResistance > 0 {
            let path = drainPath(u.voltage(Self.drain, Self.source) * polarity)
            stamp.current(from: Self.drain, to: Self.innerDrain, u.voltage(Self.drain, Self.innerDrain) / path)
        }
        series(Self.gate, Self.innerGate, gateConductance, u, stamp)
        series(Self.source, Self.innerSource, sourceConductance, u, stamp)
        series(Self.source, Self.anode, body.seriesConductance, u, stamp)
        series(Self.drain, Self.source, shunt, u, stamp)
        let across = Dual<SIMD2<Double>>(variable: v.body, lane: 0)
        let current = body.current(across)
        stamp.current(from: Self.anode, to: Self.drain, diode(current + across * u.conditions.gmin))
        stamp.charge(between: Self.anode, and: Self.drain, diode(body.charge(across, current)))
        if greatestGateDrain > 0 {
            stamp.charge(between: Self.innerGate, and: Self.innerDrain, terminal(feedbackCharge(gs - ds)))
        }
        if gateSource > 0 {
            stamp.charge(between: Self.innerGate, and: Self.innerSource, terminal(gs * gateSource))
        }
    }

    @inline(__always) private func series(
        _ a: Int, _ b: Int, _ conductance: Double, _ u: Locals<Gradient>, _ stamp: Stamp<VerticalMosfet>
    ) {
        if conductance != 0 { stamp.current(from: a, to: b, u.voltage(a, b) * conductance) }
    }

    // MARK: - Path of Newton's iteration

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        var v = voltages(u)
        let wanted = v
        let old = voltages(previous)
        if old.ds >= 0 {
            let gd = v.gs - v.ds
            v.gs = JunctionLimiting.limitGate(v.gs, previous: old.gs, threshold: threshold)
            v.ds = JunctionLimiting.limitChannel(v.gs - gd, previous: old.ds)
        } else {
            let gd = JunctionLimiting.limitGate(v.gs - v.ds, previous: old.gs - old.ds, threshold: threshold)
            v.ds = -JunctionLimiting.limitChannel(-(v.gs - gd), previous: -old.ds)
            v.gs = gd + v.ds
        }
        let isGateLimited = max(abs(v.gs - wanted.gs), abs(v.ds - wanted.ds)) > 1e-9
        if isGateLimited {
            u[Self.innerGate] = u[Self.innerSource] + polarity * v.gs
            u[Self.innerDrain] = u[Self.innerSource] + polarity * v.ds
        }
        let isBodyLimited = JunctionLimiting.limit(
            &v.body, previous: old.body, thermal: body.thermal, critical: body.criticalVoltage)
        if isBodyLimited { u[Self.anode] = u[Self.drain] + polarity * v.body }
        return isGateLimited || isBodyLimited
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        guard !startsOff else { return u }
        var point = u
        point[Self.innerGate] = u[Self.innerSource] + polarity * threshold
        point[Self.innerDrain] = u[Self.innerSource]
        point[Self.anode] = u[Self.drain]
        return point
    }

    static let noiseNames = ["rd", "rg", "rs", "id", "fn", "idio"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let v = voltages(u.values)
        let channel = channel(Slopes(variable: v.gs, lane: 0), Slopes(variable: v.ds, lane: 1))
        let thermal = body.temperatureVoltage
        let path = drainPath(polarity * (u.values[Self.drain] - u.values[Self.source]))
        return [
            .thermal(
                "rd", Self.drain, Self.innerDrain, conductance: drainResistance > 0 ? 1 / path : 0, thermal: thermal),
            .thermal("rg", Self.gate, Self.innerGate, conductance: gateConductance, thermal: thermal),
            .thermal("rs", Self.source, Self.innerSource, conductance: sourceConductance, thermal: thermal),
            .thermal(
                "id", Self.innerDrain, Self.innerSource, conductance: 2.0 / 3 * channel.gradient[0], thermal: thermal),
            flicker.source("fn", Self.innerDrain, Self.innerSource, current: channel.value),
            .shot("idio", Self.anode, Self.drain, current: body.current(v.body)),
        ]
    }

    // MARK: - Outputs

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let (v, x) = (voltages(u.values), u.values)
        let channel = channel(Slopes(variable: v.gs, lane: 0), Slopes(variable: v.ds, lane: 1))
        let current = body.current(v.body)
        let diode = current + v.body * conditions.gmin
        let bridge = (x[Self.drain] - x[Self.source]) * shunt
        let drain = polarity * (channel.value - diode) + bridge
        let qd = feedbackCharge(Slopes(constant: v.gs - v.ds)).value
        let (qs, qb) = (gateSource * v.gs, body.charge(v.body, current))
        switch index {
        case 0: return drain
        case 1: return 0
        case 2: return -drain
        case 3: return polarity * diode
        case 4: return polarity * v.gs
        case 5: return polarity * v.ds
        case 6: return channel.gradient[0]
        case 7: return channel.gradient[1]
        case 8: return -polarity * (qd + qb)
        case 9: return polarity * (qd + qs)
        case 10: return polarity * (qb - qs)
        default: return drain * (x[Self.drain] - x[Self.source])
        }
    }
}
