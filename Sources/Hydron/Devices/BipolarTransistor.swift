import Glibc

/// Bipolar transistor, the integral charge-control model of Gummel and Poon as in SPICE.
///
///     c ── rc ── c'      voltages of an npn; a pnp is the same with all signs turned
///     b ── rb ── b'      vbe = v(b') − v(e'), vbc = v(b') − v(c')
///     e ── re ── e'      s ─▷|─ c', or b' of a lateral transistor
///
///     ibe = is (e^(vbe/(nf vt)) − 1),  ibc = is (e^(vbc/(nr vt)) − 1)
///     qb  = (1 + (1 + 4 (ibe/ikf + ibc/ikr))^nkf)/(2 (1 − vbc/vaf − vbe/var))
///     ic  = (ibe − ibc)/qb − ibc/br − isc (e^(vbc/(nc vt)) − 1)
///     ib  = ibe/bf + ise (e^(vbe/(ne vt)) − 1) + ibc/br + isc (e^(vbc/(nc vt)) − 1)
///     qbe = tf (1 + xtf (ibe/(ibe + itf))² e^(vbc/(1.44 vtf))) ibe/qb + depletion,  qbc = tr ibc + depletion
///     rb  = rbm + (rb − rbm)/qb,  or by irb the law of crowding
///
/// H. K. Gummel, H. C. Poon, Bell Syst. Tech. J. 49, 827 (1970), doi 10.1002/j.1538-7305.1970.tb01803.x; G. Massobrio,
/// P. Antognetti, Semiconductor Device Modeling with SPICE, 1993, chapter 2.
struct BipolarTransistor: LimitedDevice {
    typealias Gradient = SIMD8<Double>
    /// A number with its slopes in vbe, vbc, the substrate junction's voltage, v(b) − v(c').
    typealias Slopes = Dual<SIMD4<Double>>

    /// 1 for an npn, −1 for a pnp.
    var polarity: Double
    /// k T/q [V]
    var thermal: Double
    /// is [A]
    var saturation: Double
    var forward: Junction
    var reverse: Junction
    /// 1/vaf and 1/var [1/V]
    var inverseEarlyForward: Double
    var inverseEarlyReverse: Double
    /// 1/ikf and 1/ikr [1/A]
    var inverseKneeForward: Double
    var inverseKneeReverse: Double
    var kneeExponent: Double
    /// 1/rc and 1/re [S]; 0 where there is none.
    var collectorConductance: Double
    var emitterConductance: Double
    /// rb and rbm [Ω]; irb [A], 0 for none.
    var baseResistance: Double
    var minimalBaseResistance: Double
    var crowding: Double
    /// tf, tr [s]; xtf, 1/(1.44 vtf) [1/V], itf [A]
    var transitForward: Double
    var transitReverse: Double
    var transitBias: Double
    var transitVoltage: Double
    var transitCurrent: Double
    /// Base–emitter, base–collector inside and outside of rb, substrate–collector.
    var emitterDepletion: DepletionCharge
    var collectorDepletion: DepletionCharge
    var outerDepletion: DepletionCharge
    var substrateDepletion: DepletionCharge
    /// iss [A] and ns vt [V]
    var substrateSaturation: Double
    var substrateThermal: Double
    /// The substrate's junction is with the base, as in a lateral pnp.
    var isLateral: Bool
    var flicker = FlickerNoise()
    var criticalVoltage: Double
    var startsOff = false
    /// gmin belongs to what is injected, as in SPICE2 and Xyce, instead of lying across the junctions.
    var gminIsInjected = false
    /// `ic=`: vbe and vce as the card says [V]; NaN where it says nothing.
    var initialVoltages = SIMD2<Double>(repeating: .nan)

    /// What an emitter or a collector injects.
    struct Junction: BitwiseCopyable, Sendable {
        /// nf vt or nr vt [V]
        var thermal: Double
        /// 1/bf or 1/br
        var inverseGain: Double
        /// ise or isc [A], ne vt or nc vt [V]
        var leakage: Double
        var leakageThermal: Double
    }

    static let collector = 0, base = 1, emitter = 2, substrate = 3, innerCollector = 4, innerBase = 5, innerEmitter = 6
    static var arity: Int { 7 }
    static var followsTangents: Bool { true }
    var finestVoltage: Double {
        var finest = min(forward.thermal, reverse.thermal)
        for junction in [forward, reverse] where junction.leakage > 0 { finest = min(finest, junction.leakageThermal) }
        if substrateSaturation > 0 { finest = min(finest, substrateThermal) }
        if transitBias > 0, transitVoltage > 0 { finest = min(finest, 1 / transitVoltage) }
        return finest
    }
    /// A literal, for this is asked for in the innermost loop.
    static var couplings: Couplings {
        Couplings(
            bits: 0b0010001 | 0b1110010 << 8 | 0b1000100 << 16 | 0b0111000 << 24 | 0b1111011 << 32 | 0b1111010 << 40
                | 0b1110100 << 48)
    }
    static var conductingPairs: [(Int, Int)] { [(0, 4), (1, 5), (2, 6), (5, 6), (5, 4), (4, 6), (3, 4)] }
    static var currentOutput: String? { "ic" }
    static let outputs = [
        DeviceOutput("ic", unit: "A", "current into the collector", withRateOf: "qc"),
        DeviceOutput("ib", unit: "A", "current into the base", withRateOf: "qb"),
        DeviceOutput("ie", unit: "A", "current into the emitter", withRateOf: "qe"),
        DeviceOutput("is", unit: "A", "current into the substrate", withRateOf: "qs"),
        DeviceOutput("vbe", unit: "V", "voltage of the inner base against the inner emitter"),
        DeviceOutput("vbc", unit: "V", "voltage of the inner base against the inner collector"),
        DeviceOutput("gm", unit: "S", "transconductance"),
        DeviceOutput("gpi", unit: "S", "conductance of the base–emitter junction"),
        DeviceOutput("gmu", unit: "S", "conductance of the base–collector junction"),
        DeviceOutput("go", unit: "S", "output conductance"),
        DeviceOutput("cpi", unit: "F", "capacitance of the base–emitter junction"),
        DeviceOutput("cmu", unit: "F", "capacitance of the base–collector junction inside of rb"),
        DeviceOutput("qc", unit: "C", "charge of the collector"),
        DeviceOutput("qb", unit: "C", "charge of the base"),
        DeviceOutput("qe", unit: "C", "charge of the emitter"),
        DeviceOutput("qs", unit: "C", "charge of the substrate"),
        DeviceOutput("p", unit: "W", "power of all direct currents"),
    ]

    // MARK: - Equations

    /// Currents and charges with their slopes, signs those of an npn.
    struct Point {
        /// Into the inner collector, the inner base, the substrate [A].
        var collector: Slopes
        var base: Slopes
        var substrate: Slopes
        /// rb as it is at this point [Ω].
        var baseResistance: Slopes
        /// Of the junctions base–emitter, base–collector, base–collector outside of rb, substrate–collector [C].
        var charges: (emitter: Slopes, collector: Slopes, outer: Slopes, substrate: Slopes)
    }

    /// What emitter and collector would inject into a base of charge 1 [A], and the base's charge.
    @inline(__always)
    private func injection(_ be: Slopes, _ bc: Slopes, gmin: Double) -> (ibe: Slopes, ibc: Slopes, baseCharge: Slopes) {
        var ibe = IdealJunction.current(be, saturation: saturation, thermal: forward.thermal)
        var ibc = IdealJunction.current(bc, saturation: saturation, thermal: reverse.thermal)
        if gminIsInjected {
            ibe = ibe + be * gmin
            ibc = ibc + bc * gmin
        }
        // Charge of the base against that without bias.
        var baseCharge = Slopes(constant: 1)
        if inverseEarlyForward != 0 || inverseEarlyReverse != 0 {
            baseCharge = 1 / (1 - bc * inverseEarlyForward - be * inverseEarlyReverse)
        }
        if inverseKneeForward != 0 || inverseKneeReverse != 0 {
            let injection = ibe * inverseKneeForward + ibc * inverseKneeReverse
            let sum = injection * 4 + 1
            if sum.value > 0 {
                let power = kneeExponent == 0.5 ? sqrt(sum) : pow(sum, kneeExponent)
                baseCharge = baseCharge * (power + 1) * 0.5
            } else {
                baseCharge = baseCharge * 0.5
            }
        }
        return (ibe, ibc, baseCharge)
    }

    /// What of the transport current goes forward [A], with its slopes in vbe and vbc.
    @inline(__always) func forwardTransport(vbe: Double, vbc: Double) -> Slopes {
        let (ibe, _, baseCharge) = injection(
            Slopes(variable: vbe, lane: 0), Slopes(variable: vbc, lane: 1), gmin: 0)
        return ibe / baseCharge
    }

    @inline(__always)
    func point(vbe: Double, vbc: Double, vsub: Double, vbx: Double, gmin: Double) -> Point {
        let be = Slopes(variable: vbe, lane: 0)
        let bc = Slopes(variable: vbc, lane: 1)
        let sub = Slopes(variable: vsub, lane: 2)
        let bx = Slopes(variable: vbx, lane: 3)
        let (ibe, ibc, baseCharge) = injection(be, bc, gmin: gmin)
        let across = gminIsInjected ? 0 : gmin
        var baseEmitter = ibe * forward.inverseGain + be * across
        if forward.leakage != 0 {
            baseEmitter =
                baseEmitter + IdealJunction.current(be, saturation: forward.leakage, thermal: forward.leakageThermal)
        }
        var baseCollector = ibc * reverse.inverseGain + bc * across
        if reverse.leakage != 0 {
            baseCollector =
                baseCollector + IdealJunction.current(bc, saturation: reverse.leakage, thermal: reverse.leakageThermal)
        }
        let base = baseEmitter + baseCollector
        let transport = (ibe - ibc) / baseCharge
        var substrate = sub * gmin
        if substrateSaturation != 0 {
            substrate =
                substrate + IdealJunction.current(sub, saturation: substrateSaturation, thermal: substrateThermal)
        }

        var resistance = Slopes(constant: baseResistance)
        if baseResistance > 0, baseResistance != minimalBaseResistance || crowding > 0 {
            let span = baseResistance - minimalBaseResistance
            if crowding > 0 {
                let ratio = base.value / crowding > 1e-9 ? base / crowding : Slopes(constant: 1e-9)
                let z = (sqrt(ratio * 14.59025 + 1) - 1) / (sqrt(ratio) * 2.4317)
                let t = tan(z)
                resistance = (t - z) / (z * t * t) * (3 * span) + minimalBaseResistance
            } else {
                resistance = span / baseCharge + minimalBaseResistance
            }
        }

        var emitterCharge = Slopes(constant: 0)
        if transitForward != 0 {
            var factor = Slopes(constant: 1)
            if transitBias != 0, vbe > 0 {
                var rise = Slopes(constant: transitBias)
                if transitVoltage != 0 {
                    let exponent = bc * transitVoltage
                    rise = exponent.value < 200 ? exp(exponent) * transitBias : rise
                }
                if transitCurrent != 0 {
                    let share = ibe / (ibe + transitCurrent)
                    rise = rise * share * share
                }
                factor = rise + 1
            }
            emitterCharge = factor * ibe / baseCharge * transitForward
        }
        if emitterDepletion.capacitance != 0 { emitterCharge = emitterCharge + emitterDepletion(be) }
        var collectorCharge = ibc * transitReverse
        if collectorDepletion.capacitance != 0 { collectorCharge = collectorCharge + collectorDepletion(bc) }
        let zero = Slopes(constant: 0)
        return Point(
            collector: transport - baseCollector, base: base, substrate: substrate,
            baseResistance: resistance,
            charges: (
                emitterCharge, collectorCharge, outerDepletion.capacitance != 0 ? outerDepletion(bx) : zero,
                substrateDepletion.capacitance != 0 ? substrateDepletion(sub) : zero
            ))
    }

    /// A quantity of the npn's voltages as one of the terminals', its sign turned for a pnp.
    @inline(__always) private func terminal(_ a: Slopes) -> Dual<Gradient> {
        let (be, bc, bx) = (a.gradient[0], a.gradient[1], a.gradient[3])
        return Dual(value: polarity * a.value, gradient: Gradient(0, bx, 0, 0, -(bc + bx), be + bc, -be, 0))
    }

    /// The node at the other end of the substrate's junction, and 1 where the substrate is its anode.
    private var substrateContact: Int { isLateral ? Self.innerBase : Self.innerCollector }
    private var substratePolarity: Double { isLateral ? -polarity : polarity }

    /// A quantity of the substrate's junction.
    @inline(__always) private func substrateTerminal(_ a: Slopes) -> Dual<Gradient> {
        var gradient = Gradient.zero
        gradient[Self.substrate] = a.gradient[2]
        gradient[substrateContact] = -a.gradient[2]
        return Dual(value: substratePolarity * a.value, gradient: gradient)
    }

    @inline(__always) private func point(_ u: Gradient, gmin: Double) -> Point {
        let (b, c) = (u[Self.innerBase], u[Self.innerCollector])
        return point(
            vbe: polarity * (b - u[Self.innerEmitter]), vbc: polarity * (b - c),
            vsub: substratePolarity * (u[Self.substrate] - u[substrateContact]), vbx: polarity * (u[Self.base] - c),
            gmin: gmin)
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<BipolarTransistor>) {
        let point = point(u.values, gmin: u.conditions.gmin)
        var collector = terminal(point.collector)
        var base = terminal(point.base)
        var emitter = -(collector + base)
        let substrate = substrateTerminal(point.substrate)
        if isLateral { base = base - substrate } else { collector = collector - substrate }
        if collectorConductance != 0 {
            let series = u.voltage(Self.collector, Self.innerCollector) * collectorConductance
            stamp.current(Self.collector, series)
            collector = collector - series
        }
        if baseResistance > 0 {
            // The resistance's sign does not turn with the transistor's.
            let r = terminal(point.baseResistance) * polarity
            let series = u.voltage(Self.base, Self.innerBase) / r
            stamp.current(Self.base, series)
            base = base - series
        }
        if emitterConductance != 0 {
            let series = u.voltage(Self.emitter, Self.innerEmitter) * emitterConductance
            stamp.current(Self.emitter, series)
            emitter = emitter - series
        }
        stamp.current(Self.innerCollector, collector)
        stamp.current(Self.innerBase, base)
        stamp.current(Self.innerEmitter, emitter)
        stamp.current(Self.substrate, substrate)
        let (qbe, qbc) = (terminal(point.charges.emitter), terminal(point.charges.collector))
        stamp.charge(between: Self.innerBase, and: Self.innerEmitter, qbe)
        stamp.charge(between: Self.innerBase, and: Self.innerCollector, qbc)
        if outerDepletion.capacitance != 0 {
            stamp.charge(between: Self.base, and: Self.innerCollector, terminal(point.charges.outer))
        }
        if substrateDepletion.capacitance != 0 {
            stamp.charge(
                between: Self.substrate, and: substrateContact, substrateTerminal(point.charges.substrate))
        }
    }

    // MARK: - Path of Newton's iteration

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        func drop(_ u: Gradient, _ a: Int, _ b: Int) -> Double { polarity * (u[a] - u[b]) }
        var be = drop(u, Self.innerBase, Self.innerEmitter)
        var bc = drop(u, Self.innerBase, Self.innerCollector)
        let isEmitterLimited = JunctionLimiting.limit(
            &be, previous: drop(previous, Self.innerBase, Self.innerEmitter), thermal: thermal,
            critical: criticalVoltage)
        let isCollectorLimited = JunctionLimiting.limit(
            &bc, previous: drop(previous, Self.innerBase, Self.innerCollector), thermal: thermal,
            critical: criticalVoltage)
        if isEmitterLimited { u[Self.innerEmitter] = u[Self.innerBase] - polarity * be }
        if isCollectorLimited { u[Self.innerCollector] = u[Self.innerBase] - polarity * bc }
        var isSubstrateLimited = false
        if substrateSaturation != 0 {
            var sub = substratePolarity * (u[Self.substrate] - u[substrateContact])
            isSubstrateLimited = JunctionLimiting.limit(
                &sub, previous: substratePolarity * (previous[Self.substrate] - previous[substrateContact]),
                thermal: substrateThermal,
                critical: JunctionLimiting.criticalVoltage(saturation: substrateSaturation, thermal: substrateThermal))
            if isSubstrateLimited { u[Self.substrate] = u[substrateContact] + substratePolarity * sub }
        }
        return isEmitterLimited || isCollectorLimited || isSubstrateLimited
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        guard !startsOff else { return u }
        var point = u
        point[Self.innerEmitter] = u[Self.innerBase] - polarity * criticalVoltage
        point[Self.innerCollector] = u[Self.innerBase]
        return point
    }

    // MARK: - Initial conditions

    /// The charges that `ic=` gives beyond those at `u`. What the card leaves out is as `u` says.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        let (b, c, e) = (u[Self.innerBase], u[Self.innerCollector], u[Self.innerEmitter])
        let actual = SIMD2(b - e, c - e)
        let wanted = initialVoltages.replacing(with: actual, where: initialVoltages .!= initialVoltages)
        guard wanted != actual else { return .zero }
        func charges(_ v: SIMD2<Double>) -> Gradient {
            // The outer base moves with the inner one.
            let q = point(
                vbe: polarity * v[0], vbc: polarity * (v[0] - v[1]), vsub: 0,
                vbx: polarity * (u[Self.base] - b + v[0] - v[1]), gmin: 0
            ).charges
            let (be, bc, bx) = (q.emitter.value, q.collector.value, q.outer.value)
            return [0, bx, 0, 0, -(bc + bx), be + bc, -be, 0]
        }
        return (charges(wanted) - charges(actual)) * polarity
    }

    // MARK: - Outputs

    static let noiseNames = ["rc", "rb", "re", "ic", "ib", "fn"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let point = point(u.values, gmin: 0)
        let (collector, base) = (point.collector.value, point.base.value)
        let resistance = point.baseResistance.value
        return [
            .thermal(
                "rc", Self.collector, Self.innerCollector, conductance: collectorConductance, thermal: thermal),
            .thermal(
                "rb", Self.base, Self.innerBase, conductance: resistance > 0 ? 1 / resistance : 0, thermal: thermal),
            .thermal("re", Self.emitter, Self.innerEmitter, conductance: emitterConductance, thermal: thermal),
            .shot("ic", Self.innerCollector, Self.innerEmitter, current: collector),
            .shot("ib", Self.innerBase, Self.innerEmitter, current: base),
            flicker.source("fn", Self.innerBase, Self.innerEmitter, current: base),
        ]
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values
        let point = point(v, gmin: conditions.gmin)
        // Signs are those of an npn; the substrate's own turn with its contact.
        let sign = isLateral ? -1.0 : 1.0
        let substrate = sign * point.substrate.value
        let emitter = -(point.collector.value + point.base.value)
        let collector = point.collector.value - (isLateral ? 0 : substrate)
        let base = point.base.value - (isLateral ? substrate : 0)
        let charges = point.charges
        let qs = sign * charges.substrate.value
        let qb = charges.emitter.value + charges.collector.value + charges.outer.value - (isLateral ? qs : 0)
        let qc = -charges.collector.value - charges.outer.value - (isLateral ? 0 : qs)
        switch index {
        case 0: return polarity * collector
        case 1: return polarity * base
        case 2: return polarity * emitter
        case 3: return polarity * substrate
        case 4: return polarity * (v[Self.innerBase] - v[Self.innerEmitter])
        case 5: return polarity * (v[Self.innerBase] - v[Self.innerCollector])
        // With vce held, both junctions' voltages move with the base.
        case 6: return point.collector.gradient[0] + point.collector.gradient[1] + point.base.gradient[1]
        case 7: return point.base.gradient[0]
        case 8: return point.base.gradient[1]
        case 9: return -(point.collector.gradient[1] + point.base.gradient[1])
        case 10: return charges.emitter.gradient[0]
        case 11: return charges.collector.gradient[1]
        case 12: return polarity * qc
        case 13: return polarity * qb
        case 14: return -polarity * charges.emitter.value
        case 15: return polarity * qs
        default:
            let power = [
                (Self.collector, collector), (Self.base, base), (Self.emitter, emitter), (Self.substrate, substrate),
            ]
            return power.reduce(0) { $0 + polarity * $1.1 * v[$1.0] }
        }
    }
}
