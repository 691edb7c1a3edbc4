import Glibc
import SpiceNetlist

extension Diode: ElementKind {
    static let description = ElementDescription(
        letter: "d", name: "diode",
        syntax: "Dname anode cathode model [area] [off] [ic=] [m=] [pj=] [w= l=] [temp=] [dtemp=]",
        summary: """
            Junction diode, SPICE level 1 (Berkeley), 2 (PSpice: recombination, breakdown tails) or 3 (Berkeley with \
            its area and periphery from w and l). A model with ron, roff, vfwd, vrev or rrev instead of is= is LTspice's \
            idealised diode: straight lines.
            """,
        example: """
            A rectifier: forward, junction and breakdown
            v1 in 0 sin(0 10 1k)
            d1 in out dx
            r1 out 0 1k
            c1 out 0 10u
            .model dx d(is=1n n=1.7 rs=0.1 cjo=20p tt=10n bv=50)
            .tran 10u 3m
            .print tran v(in) v(out) i(d1) @d1[gd]
            .end
            """,
        modelTypes: ["d"], instanceParameters: Instance.table, modelParameters: Model.table + IdealDiode.Model.table,
        outputs: outputs)

    enum Instance: Int, ParameterKey {
        case area, off, ic, m, pj, w, l, temp, dtemp

        var parameter: Parameter {
            switch self {
            case .area: Parameter("area", unit: "-", default: 1, .positive, "factor of the model's junction")
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "the operating point's search begins with no current")
            case .ic: Parameter("ic", unit: "V", default: nil, .any, "junction voltage at the start, with uic")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "diodes in parallel")
            case .pj:
                Parameter(
                    "pj", "perim", unit: "-", default: nil, .nonNegative, "factor of the periphery, else the model's")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width, level 3: area = w l, pj = 2 (w + l)")
            case .l: Parameter("l", unit: "m", default: nil, .positive, "length, level 3")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this diode")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case level, `is`, n, rs, tt, isr, nr, ikf, ikr, ns
        case cjo, vj, m, fc
        case jsw, cjsw, php, mjsw, fcs, area, pj
        case bv, ibv, nbv, ibvl, nbvl
        case eg, xti, trs1, trs2, tbv1, tbv2, tcv, tikf, tnom
        case tlev, tlevc, cta, ctp, tpb, tphp, ttt1, ttt2, tm1, tm2
        case kf, af

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter(
                    "level", unit: Parameter.choice, default: 1, .closed(1, 3),
                    "1: Berkeley, 2: PSpice, 3: Berkeley by size")
            case .is: Parameter("is", "js", unit: "A", default: 1e-14, .positive, "saturation current")
            case .n: Parameter("n", unit: "-", default: 1, .positive, "emission coefficient")
            case .rs: Parameter("rs", unit: "Ω", default: 0, .nonNegative, "series resistance")
            case .tt: Parameter("tt", unit: "s", default: 0, .nonNegative, "transit time")
            case .isr: Parameter("isr", unit: "A", default: 0, .nonNegative, "recombination current")
            case .nr: Parameter("nr", unit: "-", default: 2, .positive, "emission coefficient of recombination")
            case .ikf: Parameter("ikf", "ik", unit: "A", default: 0, .nonNegative, "knee of high injection, 0 for none")
            case .ikr:
                Parameter("ikr", unit: "A", default: 0, .nonNegative, "knee of the reverse current, 0 for none")
            case .ns:
                Parameter("ns", unit: "-", default: nil, .positive, "emission coefficient of the periphery, else n")
            case .cjo: Parameter("cjo", "cj0", "cj", unit: "F", default: 0, .nonNegative, "junction capacitance at 0 V")
            case .vj: Parameter("vj", "pb", unit: "V", default: 1, .positive, "junction potential")
            case .m: Parameter("m", "mj", unit: "-", default: 0.5, .nonNegative, "grading coefficient")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where the capacitance goes on as a line, in vj")
            case .jsw: Parameter("jsw", unit: "A", default: 0, .nonNegative, "saturation current of the periphery")
            case .cjsw:
                Parameter("cjsw", "cjp", unit: "F", default: 0, .nonNegative, "capacitance of the periphery at 0 V")
            case .php:
                Parameter("php", "vjsw", unit: "V", default: nil, .positive, "potential of the periphery, else vj")
            case .mjsw:
                Parameter("mjsw", unit: "-", default: 0.33, .nonNegative, "grading coefficient of the periphery")
            case .fcs:
                Parameter(
                    "fcs", unit: "-", default: 0.5, .upTo(0, below: 1),
                    "where its capacitance goes on as a line, in php")
            case .area: Parameter("area", unit: "-", default: 1, .positive, "factor of the junction")
            case .pj: Parameter("pj", "perim", unit: "-", default: 0, .nonNegative, "factor of the periphery")
            case .bv:
                Parameter("bv", "vb", unit: "V", default: nil, .positive, "breakdown voltage, none where it is absent")
            case .ibv:
                Parameter("ibv", "ib", unit: "A", default: 1e-3, .nonNegative, "current at the breakdown voltage")
            case .nbv:
                Parameter(
                    "nbv", "nz", unit: "-", default: nil, .positive,
                    "emission coefficient of breakdown, else n (1 at level 2)")
            case .ibvl: Parameter("ibvl", unit: "A", default: 0, .nonNegative, "current of the slow part of breakdown")
            case .nbvl: Parameter("nbvl", unit: "-", default: 1, .positive, "emission coefficient of the slow part")
            case .eg: Parameter("eg", unit: "eV", default: 1.11, .nonNegative, "activation energy")
            case .xti:
                Parameter("xti", "pt", unit: "-", default: 3, .any, "temperature exponent of the saturation current")
            case .trs1: Parameter("trs1", "trs", unit: "1/K", default: 0, .any, "first temperature coefficient of rs")
            case .trs2: Parameter("trs2", unit: "1/K²", default: 0, .any, "second temperature coefficient of rs")
            case .tbv1: Parameter("tbv1", "tbv", unit: "1/K", default: 0, .any, "first temperature coefficient of bv")
            case .tbv2: Parameter("tbv2", unit: "1/K²", default: 0, .any, "second temperature coefficient of bv")
            case .tcv: Parameter("tcv", unit: "V/K", default: 0, .any, "decrease of bv; a part of it [1/K] with tlev=1")
            case .tlev:
                Parameter("tlev", unit: Parameter.choice, default: 0, .closed(0, 2), "law of bv: 0 or 1, see tcv")
            case .tlevc:
                Parameter(
                    "tlevc", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "law of junctions: 0 by the band gap, 1 by cta and tpb")
            case .cta: Parameter("cta", "ctc", unit: "1/K", default: 0, .any, "temperature coefficient of cjo, tlevc=1")
            case .ctp: Parameter("ctp", unit: "1/K", default: 0, .any, "temperature coefficient of cjsw, tlevc=1")
            case .tpb: Parameter("tpb", "tvj", unit: "V/K", default: 0, .any, "decrease of vj, tlevc=1")
            case .tphp: Parameter("tphp", unit: "V/K", default: 0, .any, "decrease of php, tlevc=1")
            case .ttt1: Parameter("ttt1", unit: "1/K", default: 0, .any, "first temperature coefficient of tt")
            case .ttt2: Parameter("ttt2", unit: "1/K²", default: 0, .any, "second temperature coefficient of tt")
            case .tm1: Parameter("tm1", unit: "1/K", default: 0, .any, "first temperature coefficient of m")
            case .tm2: Parameter("tm2", unit: "1/K²", default: 0, .any, "second temperature coefficient of m")
            case .tikf: Parameter("tikf", unit: "1/K", default: 0, .any, "temperature coefficient of ikf")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let (anode, cathode) = card.nodePair("anode", "cathode"), let model = card.model(["d"]) else { return }
        guard
            let level = card.level(
                of: model, device: "d", kind: "a diode",
                known: "levels 1 (Berkeley), 2 (PSpice) and 3 (Berkeley, by its size) are known")
        else { return }
        var area: Double?
        var periphery: Double?
        if card.nextIsValue, card.nextWord != "off" {
            guard let value = card.value("area") else { return }
            area = value
            if card.nextIsValue, card.nextWord != "off" { periphery = card.value("periphery") }
        }
        guard var instance = card.parameters(Instance.self, flags: ["off"]) else { return }
        if let area, !instance.isGiven(.area) {
            guard area > 0 else {
                card.error("the area of \(card.name) must be above 0")
                return
            }
            instance[.area] = area
        }
        if IdealDiode.isMeant(by: model, card.dialect) {
            return IdealDiode.add(
                card, anode, cathode, model, area: instance[.area] * instance[.m] * card.multiplier)
        }
        if let periphery, !instance.isGiven(.pj) { instance[.pj] = max(periphery, 0) }
        let temperature = card.temperature(
            given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
        var values = model.values(Model.self)
        values[.level] = Double(level)
        if level == 3, instance.isGiven(.w), instance.isGiven(.l) {
            let (width, length) = (instance[.w] * card.options[.scale], instance[.l] * card.options[.scale])
            instance[.area] = width * length
            instance[.pj] = 2 * (width + length)
        }
        let device = Diode(
            model: values, instance: instance, temperature: temperature,
            nominal: card.options.nominalTemperature, multiplier: card.multiplier)
        let inner = device.seriesConductance == 0 ? anode : card.builder.internalNode(card.name, "internal")
        card.builder.add(device, [anode, cathode, inner], identity: card.identity)
    }

    /// The diode at `temperature` [K]; `nominal` [K] stands where the model has no `tnom`.
    init(
        model: ParameterValues<Model>, instance: ParameterValues<Instance> = ParameterValues(), temperature: Double,
        nominal: Double, multiplier: Double = 1
    ) {
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let vt = PhysicalConstants.boltzmannOverCharge * temperature
        let rise = temperature - nominal
        let parallel = instance[.m] * multiplier
        let area = instance[.area] * model[.area] * parallel
        let periphery = instance.given(.pj, else: model[.pj]) * parallel
        law = model[.level] == 2 ? .pspice : .berkeley

        /// is(T)/is(tnom) of a current with emission coefficient n.
        func growth(_ n: Double) -> Double {
            Glibc.exp(
                (temperature / nominal - 1) * model[.eg] / (n * vt)
                    + model[.xti] / n * Glibc.log(temperature / nominal))
        }
        let n = model[.n]
        let ownEdge = model.isGiven(.ns) && model[.ns] != n
        saturation = (model[.is] * area + (ownEdge ? 0 : model[.jsw] * periphery)) * growth(n)
        thermal = n * vt
        inverseThermal = 1 / (n * vt)
        let resistance = model[.rs] / area * (1 + model[.trs1] * rise + model[.trs2] * rise * rise)
        seriesConductance = resistance > 0 ? 1 / resistance : 0
        transitTime = model[.tt] * (1 + model[.ttt1] * rise + model[.ttt2] * rise * rise)
        temperatureVoltage = vt
        flicker = FlickerNoise(coefficient: model[.kf], exponent: model[.af]).inParallel(parallel)
        criticalVoltage = JunctionLimiting.criticalVoltage(saturation: saturation, thermal: n * vt)

        // Junctions: potential and capacitance follow the band gap, or coefficients of their own.
        let scaling = JunctionTemperature(temperature: temperature, nominal: nominal)
        let byCoefficients = model[.tlevc] == 1
        func junction(
            _ potential: Double, _ capacitance: Double, _ grading: Double, _ coefficients: (Double, Double)
        ) -> (Double, Double) {
            byCoefficients
                ? (max(potential - coefficients.0 * rise, 0.01), capacitance * (1 + coefficients.1 * rise))
                : scaling.junction(potential: potential, capacitance: capacitance, grading: grading)
        }
        let grading = model[.m] * (1 + model[.tm1] * rise + model[.tm2] * rise * rise)
        let (potential, capacitance) = junction(
            model[.vj], model[.cjo] * area, grading, (model[.tpb], model[.cta]))
        depletion = DepletionCharge(
            capacitance: capacitance, potential: potential, grading: grading, forward: min(model[.fc], 0.95))
        let (edgePotential, edgeCapacitance) = junction(
            model.given(.php, else: model[.vj]), model[.cjsw] * periphery, model[.mjsw],
            (model[.tphp], model[.ctp]))
        sidewall = DepletionCharge(
            capacitance: edgeCapacitance, potential: edgePotential, grading: model[.mjsw],
            forward: min(model[.fcs], 0.95))

        if model[.ikf] > 0 || model[.isr] > 0 || model[.ikr] > 0 || ownEdge {
            secondOrder = SecondOrder(
                isGiven: true,
                knee: model[.ikf] > 0 ? model[.ikf] * area * (1 + model[.tikf] * rise) : .infinity,
                recombination: model[.isr] * area * growth(model[.nr]),
                recombinationThermal: model[.nr] * vt, potential: potential, halfGrading: grading / 2)
            if model[.ikr] > 0, law == .berkeley { secondOrder.reverseKnee = model[.ikr] * area }
            if ownEdge {
                secondOrder.edgeSaturation = model[.jsw] * periphery * growth(model[.ns])
                secondOrder.edgeThermal = model[.ns] * vt
            }
        }
        if model.isGiven(.bv) {
            let fall = model[.tlev] == 0 ? model[.tcv] * rise : model[.bv] * model[.tcv] * rise
            let voltage = max(model[.bv] * (1 + model[.tbv1] * rise + model[.tbv2] * rise * rise) - fall, 1e-3)
            let thermal = model.given(.nbv, else: law == .pspice ? 1 : n) * vt
            breakdown = Breakdown(
                voltage: voltage, matched: voltage, thermal: thermal, current: model[.ibv] * area,
                lowCurrent: model[.ibvl] * area, lowThermal: model[.nbvl] * vt)
            if law == .berkeley { matchBreakdown(current: model[.ibv] * area, thermalVoltage: vt) }
        }
        startsOff = instance[.off] != 0
        initialVoltage = instance.given(.ic, else: .nan)
    }

    /// Finds xbv so that the breakdown's exponential meets −ibv at −bv (SPICE3's fixed-point iteration). A current
    /// below what the junction leaks there anyway moves nothing.
    private mutating func matchBreakdown(current: Double, thermalVoltage vt: Double) {
        let bv = breakdown.voltage
        let least = saturation * bv / vt
        guard current > least else { return }
        var xbv = bv - breakdown.thermal * Glibc.log(1 + current / saturation)
        for _ in 0..<50 {
            xbv = bv - breakdown.thermal * Glibc.log(max(current / saturation + 1 - xbv / vt, .leastNormalMagnitude))
            let reached = saturation * (Glibc.exp((bv - xbv) / breakdown.thermal) - 1 + xbv / vt)
            if abs(reached - current) <= 1e-9 * current { break }
        }
        // The exponential takes over at xbv, where it meets the saturated current.
        breakdown.matched = xbv
        breakdown.voltage = xbv
    }
}

/// How junction potentials and capacitances move with temperature, by the band gap of silicon
/// (SPICE3; S. M. Sze, Physics of Semiconductor Devices, 1981): eg(T) = 1.16 − 7.02e-4 T²/(T + 1108) eV.
struct JunctionTemperature {
    let temperature: Double
    let nominal: Double
    private static let reference = 300.15

    /// Shift of a potential between the reference temperature and T, in the form φ(T) = φ₀·T/T₀ + shift(T) [V].
    private func shift(_ temperature: Double) -> Double {
        let vt = PhysicalConstants.boltzmannOverCharge * temperature
        let gap = 1.16 - 7.02e-4 * temperature * temperature / (temperature + 1108)
        let k = PhysicalConstants.boltzmannOverCharge
        let argument = -gap / (2 * k * temperature) + 1.1150877 / (2 * k * Self.reference)
        return -2 * vt * (1.5 * Glibc.log(temperature / Self.reference) + argument)
    }

    /// Potential [V] and capacitance [F] at the temperature, from those at the nominal one.
    func junction(potential: Double, capacitance: Double, grading: Double) -> (Double, Double) {
        guard temperature != nominal else { return (potential, capacitance) }
        let atReference = (potential - shift(nominal)) * Self.reference / nominal
        let moved = shift(temperature) + atReference * temperature / Self.reference
        func factor(_ temperature: Double, _ potential: Double) -> Double {
            1 + grading * (4e-4 * (temperature - Self.reference) - (potential - atReference) / atReference)
        }
        // A junction whose potential falls below zero has long stopped being one.
        return (max(moved, 0.01), capacitance * factor(temperature, moved) / factor(nominal, potential))
    }
}
