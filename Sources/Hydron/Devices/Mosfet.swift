import Glibc

/// Insulated-gate field-effect transistor with four terminals, SPICE levels 1 (Shichman–Hodges), 2
/// (``GroveFrohmanChannel``), 3 (semi-empirical) and 6 (``PowerLawChannel``).
///
///     d ── rd ── d'        voltages of an n-channel; a p-channel is the same with all signs turned
///     g ─────────┤├        vds < 0 swaps drain and source
///     s ── rs ── s'        b ─▷|─ d', b ─▷|─ s'
///
///     Level 1:  vth = vbi + γ √(φ − vbs),  id = β (1 + λ vds) vds (vgst − vds/2)   vds < vgst
///                                          id = β (1 + λ vds) vgst²/2              else
///
/// Level 3 adds the short and the narrow channel to vth, the field's influence on mobility, velocity saturation,
/// channel-length modulation and weak inversion.
///
/// H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3, 285 (1968), doi 10.1109/JSSC.1968.1049902; A. Vladimirescu,
/// S. Liu, The Simulation of MOS Integrated Circuits Using SPICE2, UCB/ERL M80/7, 1980.
///
/// Its charges are those of ``GateCharges``: Meyer's capacitances, or with `xqc` charges that are kept.
struct Mosfet: LimitedDevice, StateDevice {
    typealias Gradient = SIMD8<Double>
    /// A number with its slopes in vgs, vds, vbs.
    typealias Slopes = Dual<SIMD4<Double>>

    /// 1 for an n-channel, −1 for a p-channel.
    var polarity: Double
    var law: Law
    /// [A/V²], at the transistor's temperature, of all in parallel.
    var beta: Double
    /// Built-in part of the threshold, that of an n-channel [V].
    var builtIn: Double
    /// γ [√V] and φ [V]
    var bodyEffect: Double
    var surfacePotential: Double
    /// λ [1/V]
    var lengthModulation: Double
    var empirical = Empirical()
    /// Levels 2 and 6.
    var groveFrohman = GroveFrohmanChannel()
    var powerLaw = PowerLawChannel()
    /// k T/q [V]
    var thermal: Double
    /// 1/rd and 1/rs [S]; 0 where there is none.
    var drainConductance: Double
    var sourceConductance: Double
    var drainJunction: BulkJunction
    var sourceJunction: BulkJunction
    /// Of the channel [F].
    var oxide: Double
    /// Overlaps gate–source, gate–drain, gate–bulk [F].
    var overlapSource: Double
    var overlapDrain: Double
    var overlapBulk: Double
    /// The drain's share of the channel's charge in saturation, `xqc`; NaN for Meyer's capacitances.
    var saturationShare = Double.nan
    /// Of the channel's current, the coefficient divided by W Leff (Cox/A)².
    var flicker = FlickerNoise()
    /// Voltage [V] above which steps across bulk junctions are limited.
    var criticalVoltage: Double
    var startsOff = false
    /// `ic=`: vds, vgs, vbs as the card says [V]; NaN where it says nothing.
    var initialVoltages = SIMD4<Double>(repeating: .nan)

    enum Law: UInt8, BitwiseCopyable, Sendable { case shichmanHodges, groveFrohman, semiEmpirical, powerLaw }

    /// One of the two junctions to the bulk.
    struct BulkJunction: BitwiseCopyable, Sendable {
        /// [A]
        var saturation: Double
        var bottom: DepletionCharge
        var sidewall: DepletionCharge

        @inline(__always) func current<R: DifferentiableReal>(_ v: R, _ thermal: Double) -> R {
            IdealJunction.current(v, saturation: saturation, thermal: thermal)
        }

        @inline(__always) func charge<R: DifferentiableReal>(_ v: R) -> R {
            var q = R(constant: 0)
            if bottom.capacitance != 0 { q = bottom(v) }
            if sidewall.capacitance != 0 { q = q + sidewall(v) }
            return q
        }
        var holdsCharge: Bool { bottom.capacitance != 0 || sidewall.capacitance != 0 }
    }

    static let drain = 0, gate = 1, source = 2, bulk = 3, innerDrain = 4, innerSource = 5
    static var arity: Int { 6 }
    static var followsTangents: Bool { true }
    var finestVoltage: Double { thermal }
    /// d–d', s–s', and all of g, b, d', s' among each other; a literal, for this is asked for in the innermost loop.
    static var couplings: Couplings {
        Couplings(
            bits: 0b010001 | 0b111010 << 8 | 0b100100 << 16 | 0b111010 << 24 | 0b111011 << 32 | 0b111110 << 40)
    }
    static var conductingPairs: [(Int, Int)] { [(0, 4), (4, 5), (5, 2), (3, 4), (3, 5)] }
    static var controllingPairs: [(Int, Int)] { [(1, 2)] }
    static var currentOutput: String? { "id" }
    static let outputs = [
        DeviceOutput("id", unit: "A", "current into the drain", withRateOf: "qd"),
        DeviceOutput("ig", unit: "A", "current into the gate", withRateOf: "qg"),
        DeviceOutput("is", unit: "A", "current into the source", withRateOf: "qs"),
        DeviceOutput("ib", unit: "A", "current into the bulk", withRateOf: "qb"),
        DeviceOutput("vgs", unit: "V", "voltage of the gate against the inner source"),
        DeviceOutput("vds", unit: "V", "voltage of the inner drain against the inner source"),
        DeviceOutput("vbs", unit: "V", "voltage of the bulk against the inner source"),
        DeviceOutput("vth", unit: "V", "threshold voltage"),
        DeviceOutput("vdsat", unit: "V", "saturation voltage"),
        DeviceOutput("gm", unit: "S", "transconductance"),
        DeviceOutput("gds", unit: "S", "conductance of the channel"),
        DeviceOutput("gmbs", unit: "S", "transconductance of the bulk"),
        DeviceOutput("qd", unit: "C", "charge of the drain"),
        DeviceOutput("qg", unit: "C", "charge of the gate"),
        DeviceOutput("qs", unit: "C", "charge of the source"),
        DeviceOutput("qb", unit: "C", "charge of the bulk"),
        DeviceOutput("p", unit: "W", "power of all direct currents"),
        DeviceOutput("von", unit: "V", "where strong inversion begins: vth, or above it with nfs"),
        DeviceOutput("cgs", unit: "F", "capacitance of the gate against the source, with its overlap"),
        DeviceOutput("cgd", unit: "F", "capacitance of the gate against the drain, with its overlap"),
        DeviceOutput("cgb", unit: "F", "capacitance of the gate against the bulk, with its overlap"),
        DeviceOutput("cbd", unit: "F", "capacitance of the drain's junction"),
        DeviceOutput("cbs", unit: "F", "capacitance of the source's junction"),
    ]

    // MARK: - Channel

    /// What the channel does at vds ≥ 0.
    struct Channel {
        var current: Slopes
        var threshold: Slopes
        /// Where inversion is strong: the threshold, and with surface states what lies above it.
        var onset: Slopes
        var saturationVoltage: Slopes

        init(current: Slopes, threshold: Slopes, onset: Slopes? = nil, saturationVoltage: Slopes) {
            self.current = current
            self.threshold = threshold
            self.onset = onset ?? threshold
            self.saturationVoltage = saturationVoltage
        }

        /// At and below threshold.
        static func closed(_ threshold: Slopes) -> Channel {
            Channel(
                current: Slopes(constant: 0), threshold: threshold, saturationVoltage: Slopes(constant: 0))
        }
    }

    @inline(__always) func channel(_ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes) -> Channel {
        switch law {
        case .shichmanHodges: square(vgs, vds, vbs)
        case .groveFrohman: groveFrohman(vgs, vds, vbs)
        case .semiEmpirical: semiEmpirical(vgs, vds, vbs)
        case .powerLaw: powerLaw(vgs, vds, vbs)
        }
    }

    private func square(_ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes) -> Channel {
        let vth = bodyEffect == 0 ? Slopes(constant: builtIn) : bulkRoot(vbs) * bodyEffect + builtIn
        let over = vgs - vth
        guard over.value > 0 else {
            return .closed(vth)
        }
        let factor = (vds * lengthModulation + 1) * beta
        let current = over.value <= vds.value ? factor * over * over * 0.5 : factor * vds * (over - vds * 0.5)
        return Channel(current: current, threshold: vth, saturationVoltage: over)
    }

    /// √(φ − vbs), its tangent at 0 V in forward bias, never below 0.
    private func bulkRoot(_ vbs: Slopes) -> Slopes {
        guard vbs.value > 0 else { return sqrt(surfacePotential - vbs) }
        let root = surfacePotential.squareRoot()
        let line = root - vbs / (2 * root)
        return line.value > 0 ? line : Slopes(constant: 0)
    }

    // MARK: - Evaluation

    /// Currents and charges with all slopes, signs those of an n-channel.
    struct Point {
        var isReversed: Bool
        var channel: Channel
        /// Into drain and source from the bulk [A].
        var bulkDrain: Slopes
        var bulkSource: Slopes
        var charges: TerminalCharges
        /// Meyer's charges here.
        var state: GateCharges
    }

    @inline(__always)
    func point(
        vgs: Double, vds: Double, vbs: Double, gmin: Double, from state: GateCharges? = nil
    ) -> Point {
        let (gs, ds, bs) = (
            Slopes(variable: vgs, lane: 0), Slopes(variable: vds, lane: 1), Slopes(variable: vbs, lane: 2)
        )
        let isReversed = vds < 0
        let (g, d, b) = isReversed ? (gs - ds, -ds, bs - ds) : (gs, ds, bs)
        var channel = channel(g, d, b)
        if isReversed { channel.current = -channel.current }
        let bd = bs - ds
        let (charges, next) = charges(g, d, b, gs, ds, bs, channel, from: state)
        return Point(
            isReversed: isReversed, channel: channel,
            bulkDrain: drainJunction.current(bd, thermal) + bd * gmin,
            bulkSource: sourceJunction.current(bs, thermal) + bs * gmin, charges: charges, state: next)
    }

    /// A quantity of the n-channel's voltages as one of the terminals', its sign turned for a p-channel.
    @inline(__always) private func terminal(_ a: Slopes) -> Dual<Gradient> {
        let (g, d, b) = (a.gradient[0], a.gradient[1], a.gradient[2])
        return Dual(value: polarity * a.value, gradient: Gradient(0, g, 0, b, d, -(g + d + b), 0, 0))
    }

    static func initialState(_ device: Mosfet) -> GateCharges { GateCharges() }

    /// At the unknowns `u`; static where `state` is nil.
    @inline(__always) private func point(_ u: Locals<Gradient>, from state: GateCharges?) -> Point {
        let v = u.values
        let s = v[Self.innerSource]
        return point(
            vgs: polarity * (v[Self.gate] - s), vds: polarity * (v[Self.innerDrain] - s),
            vbs: polarity * (v[Self.bulk] - s), gmin: u.conditions.gmin, from: state)
    }

    @inline(__always)
    func evaluate(
        _ u: Locals<Gradient>, from state: GateCharges, to next: inout GateCharges, _ stamp: Stamp<Mosfet>
    ) {
        let point = point(u, from: u.conditions.interval > 0 ? state : nil)
        next = point.state
        let channel = terminal(point.channel.current)
        let bulkDrain = terminal(point.bulkDrain)
        let bulkSource = terminal(point.bulkSource)
        var drain = channel - bulkDrain
        var source = -channel - bulkSource
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
        stamp.current(Self.bulk, bulkDrain + bulkSource)
        if holdsCharge {
            stamp.charge(Self.innerDrain, terminal(point.charges.drain))
            stamp.charge(Self.gate, terminal(point.charges.gate))
            stamp.charge(Self.innerSource, terminal(point.charges.source))
            stamp.charge(Self.bulk, terminal(point.charges.bulk))
        }
    }

    /// The charges stay those that the balance was solved with, to the last bit.
    func commit(_ u: Locals<Gradient>, from state: GateCharges, to next: inout GateCharges) {}

    /// What Meyer's capacitances move is integrated along with the voltages, whose error the step already minds.
    func stepError(from state: GateCharges, to next: GateCharges) -> Double { 0 }

    // MARK: - Path of Newton's iteration

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        func voltages(_ u: Gradient) -> (gs: Double, ds: Double, bs: Double) {
            let s = u[Self.innerSource]
            return (
                polarity * (u[Self.gate] - s), polarity * (u[Self.innerDrain] - s), polarity * (u[Self.bulk] - s)
            )
        }
        var (gs, ds, bs) = voltages(u)
        let wanted = (gs, ds, bs)
        let old = voltages(previous)
        // Shorter steps are never limited: the threshold, which takes a whole evaluation, need not be known.
        let longest = max(abs(gs - old.gs), abs(ds - old.ds), abs((gs - ds) - (old.gs - old.ds)))
        if longest > JunctionLimiting.freeStep { limitChannel(&gs, &ds, from: old) }
        if ds >= 0 {
            _ = JunctionLimiting.limit(&bs, previous: old.bs, thermal: thermal, critical: criticalVoltage)
        } else {
            var bd = bs - ds
            if JunctionLimiting.limit(&bd, previous: old.bs - old.ds, thermal: thermal, critical: criticalVoltage) {
                bs = bd + ds
            }
        }
        let change = max(abs(gs - wanted.0), abs(ds - wanted.1), abs(bs - wanted.2))
        guard change > 1e-9 else { return false }
        let s = u[Self.innerSource]
        u[Self.gate] = s + polarity * gs
        u[Self.innerDrain] = s + polarity * ds
        u[Self.bulk] = s + polarity * bs
        return true
    }

    /// Limits the gate against the end of the channel that is its source, then the channel's voltage.
    private func limitChannel(
        _ gs: inout Double, _ ds: inout Double, from old: (gs: Double, ds: Double, bs: Double)
    ) {
        let isReversed = old.ds < 0
        let on = channel(
            Slopes(constant: isReversed ? old.gs - old.ds : old.gs), Slopes(constant: abs(old.ds)),
            Slopes(constant: isReversed ? old.bs - old.ds : old.bs)
        ).threshold.value
        if !isReversed {
            let gd = gs - ds
            gs = JunctionLimiting.limitGate(gs, previous: old.gs, threshold: on)
            ds = JunctionLimiting.limitChannel(gs - gd, previous: old.ds)
        } else {
            let gd = JunctionLimiting.limitGate(gs - ds, previous: old.gs - old.ds, threshold: on)
            ds = -JunctionLimiting.limitChannel(-(gs - gd), previous: -old.ds)
            gs = gd + ds
        }
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        guard !startsOff else { return u }
        var point = u
        let s = u[Self.innerSource]
        point[Self.gate] = s + polarity * (builtIn + bodyEffect * surfacePotential.squareRoot())
        point[Self.innerDrain] = s
        point[Self.bulk] = s - polarity
        return point
    }

    // MARK: - Outputs

    func output(_ index: Int, _ u: Locals<Gradient>, state: GateCharges, _ conditions: Conditions) -> Double {
        let v = u.values
        let s = v[Self.innerSource]
        let (gs, ds, bs) = (
            polarity * (v[Self.gate] - s), polarity * (v[Self.innerDrain] - s), polarity * (v[Self.bulk] - s)
        )
        let point = point(vgs: gs, vds: ds, vbs: bs, gmin: conditions.gmin, from: state)
        let (channel, drain, source) = (point.channel.current, point.bulkDrain.value, point.bulkSource.value)
        switch index {
        case 0: return polarity * (channel.value - drain)
        case 1: return 0
        case 2: return polarity * (-channel.value - source)
        case 3: return polarity * (drain + source)
        case 4: return polarity * gs
        case 5: return polarity * ds
        case 6: return polarity * bs
        case 7: return polarity * point.channel.threshold.value
        case 8: return polarity * point.channel.saturationVoltage.value
        case 9: return channel.gradient[0]
        case 10: return channel.gradient[1]
        case 11: return channel.gradient[2]
        case 12: return polarity * point.charges.drain.value
        case 13: return polarity * point.charges.gate.value
        case 14: return polarity * point.charges.source.value
        case 15: return polarity * point.charges.bulk.value
        case 16:
            var power = channel.value * ds + drain * (bs - ds) + source * bs
            let (rd, rs) = (v[Self.drain] - v[Self.innerDrain], v[Self.source] - s)
            power += drainConductance * rd * rd + sourceConductance * rs * rs
            return power
        case 17: return polarity * point.channel.onset.value
        case 21: return drainJunction.charge(Slopes(variable: bs - ds, lane: 0)).gradient[0]
        case 22: return sourceJunction.charge(Slopes(variable: bs, lane: 0)).gradient[0]
        default:
            let slopes = self.point(vgs: gs, vds: ds, vbs: bs, gmin: 0, from: nil).charges.gate.gradient
            return index == 18 ? slopes[0] + slopes[1] + slopes[2] : index == 19 ? -slopes[1] : -slopes[2]
        }
    }
}
