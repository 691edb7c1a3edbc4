import Glibc
import SpiceNetlist

extension BipolarTransistor: ElementKind {
    static let description = ElementDescription(
        letter: "q", name: "bipolar transistor",
        syntax: "Qname collector base emitter [substrate] model [area] [off] [ic=vbe,vce] [m=] [temp=] [dtemp=]",
        summary: """
            Bipolar transistor after Gummel and Poon, with a substrate junction, quasi-saturation (rco) and excess phase \
            (ptf).
            """,
        example: """
            A stage with feedback at its emitter
            vcc vcc 0 12
            vin in 0 ac 1
            cin in b 10u
            r1 vcc b 100k
            r2 b 0 22k
            rc vcc c 4.7k
            re e 0 1k
            q1 c b e qn
            .model qn npn(is=10f bf=200 vaf=100 rb=100 cje=10p cjc=4p tf=0.4n)
            .op
            .ac dec 10 10 100meg
            .print op v(c) @q1[ic] @q1[gm]
            .print ac vdb(c) vp(c)
            .end
            """,
        modelTypes: ["npn", "pnp"], instanceParameters: Instance.table, modelParameters: Model.table,
        outputs: outputs)

    enum Instance: Int, ParameterKey {
        case area, off, ic, m, temp, dtemp

        var parameter: Parameter {
            switch self {
            case .area: Parameter("area", unit: "-", default: 1, .positive, "factor of currents and capacitances")
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "the operating point's search begins with no current")
            case .ic:
                Parameter("ic", unit: "V", default: nil, .any, "vbe and vce at the start, with uic: ic=vbe,vce")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "transistors in parallel")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this transistor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case level, `is`, bf, nf, vaf, ikf, ise, ne, br, nr, `var`, ikr, isc, nc
        case rb, irb, rbm, re, rc
        case cje, vje, mje, tf, xtf, vtf, itf, ptf, cjc, vjc, mjc, xcjc, tr, cjs, vjs, mjs, iss, ns, subs
        case xtb, eg, xti, fc, nkf, tnom, kf, af
        case rco, vo, gamma, qco, quasimod, cn, d, vg

        var parameter: Parameter {
            switch self {
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .closed(1, 2), "1: Gummel and Poon")
            case .is: Parameter("is", unit: "A", default: 1e-16, .positive, "transport saturation current")
            case .bf: Parameter("bf", unit: "-", default: 100, .positive, "ideal forward gain")
            case .nf: Parameter("nf", unit: "-", default: 1, .positive, "forward emission coefficient")
            case .vaf: Parameter("vaf", "va", unit: "V", default: 0, .nonNegative, "forward Early voltage, 0 for none")
            case .ikf: Parameter("ikf", "ik", unit: "A", default: 0, .nonNegative, "forward knee current, 0 for none")
            case .ise: Parameter("ise", unit: "A", default: 0, .nonNegative, "base–emitter leakage")
            case .ne: Parameter("ne", unit: "-", default: 1.5, .positive, "its emission coefficient")
            case .br: Parameter("br", unit: "-", default: 1, .positive, "ideal reverse gain")
            case .nr: Parameter("nr", unit: "-", default: 1, .positive, "reverse emission coefficient")
            case .var: Parameter("var", "vb", unit: "V", default: 0, .nonNegative, "reverse Early voltage, 0 for none")
            case .ikr: Parameter("ikr", unit: "A", default: 0, .nonNegative, "reverse knee current, 0 for none")
            case .isc: Parameter("isc", unit: "A", default: 0, .nonNegative, "base–collector leakage")
            case .nc: Parameter("nc", unit: "-", default: 2, .positive, "its emission coefficient")
            case .rb: Parameter("rb", unit: "Ω", default: 0, .nonNegative, "base resistance without bias")
            case .irb: Parameter("irb", unit: "A", default: 0, .nonNegative, "current where rb is halfway to rbm")
            case .rbm: Parameter("rbm", unit: "Ω", default: nil, .nonNegative, "smallest base resistance, else rb")
            case .re: Parameter("re", unit: "Ω", default: 0, .nonNegative, "emitter resistance")
            case .rc: Parameter("rc", unit: "Ω", default: 0, .nonNegative, "collector resistance")
            case .cje: Parameter("cje", unit: "F", default: 0, .nonNegative, "base–emitter capacitance at 0 V")
            case .vje: Parameter("vje", "pe", unit: "V", default: 0.75, .positive, "its potential")
            case .mje: Parameter("mje", "me", unit: "-", default: 0.33, .nonNegative, "its grading coefficient")
            case .tf: Parameter("tf", unit: "s", default: 0, .nonNegative, "forward transit time")
            case .xtf: Parameter("xtf", unit: "-", default: 0, .nonNegative, "how tf rises with bias")
            case .vtf: Parameter("vtf", unit: "V", default: 0, .nonNegative, "the voltage vbc in that, 0 for none")
            case .itf: Parameter("itf", unit: "A", default: 0, .nonNegative, "the current in that")
            case .ptf: Parameter("ptf", unit: "°", default: 0, .nonNegative, "excess phase at 1/(2π tf)")
            case .cjc: Parameter("cjc", unit: "F", default: 0, .nonNegative, "base–collector capacitance at 0 V")
            case .vjc: Parameter("vjc", "pc", unit: "V", default: 0.75, .positive, "its potential")
            case .mjc: Parameter("mjc", "mc", unit: "-", default: 0.33, .nonNegative, "its grading coefficient")
            case .xcjc: Parameter("xcjc", unit: "-", default: 1, .closed(0, 1), "share of it at the inner base")
            case .tr: Parameter("tr", unit: "s", default: 0, .nonNegative, "reverse transit time")
            case .cjs: Parameter("cjs", "ccs", unit: "F", default: 0, .nonNegative, "substrate capacitance at 0 V")
            case .vjs: Parameter("vjs", "ps", unit: "V", default: 0.75, .positive, "its potential")
            case .mjs: Parameter("mjs", "ms", unit: "-", default: 0, .nonNegative, "its grading coefficient")
            case .iss: Parameter("iss", unit: "A", default: 0, .nonNegative, "substrate saturation current")
            case .ns: Parameter("ns", unit: "-", default: 1, .positive, "substrate emission coefficient")
            case .subs:
                Parameter(
                    "subs", unit: Parameter.choice, default: nil, .closed(-1, 1),
                    "substrate's junction: 1 with the collector (an npn's default), -1 with the base (a pnp's)")
            case .xtb: Parameter("xtb", unit: "-", default: 0, .any, "temperature exponent of both gains")
            case .eg: Parameter("eg", unit: "eV", default: 1.11, .nonNegative, "activation energy of is")
            case .xti: Parameter("xti", "pt", unit: "-", default: 3, .any, "temperature exponent of is")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where capacitances go on as lines, in vj")
            case .nkf: Parameter("nkf", "nk", unit: "-", default: 0.5, .positive, "exponent of high injection")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .rco:
                Parameter("rco", unit: "Ω", default: nil, .positive, "resistance of the epitaxial layer, none without")
            case .vo: Parameter("vo", unit: "V", default: 10, .positive, "voltage where carriers in it are saturated")
            case .gamma: Parameter("gamma", unit: "-", default: 1e-11, .nonNegative, "its doping factor")
            case .qco: Parameter("qco", unit: "C", default: 0, .nonNegative, "its charge factor")
            case .quasimod:
                Parameter(
                    "quasimod", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "1: rco, vo and gamma follow temperature")
            case .cn: Parameter("cn", unit: "-", default: nil, .any, "exponent of rco, 2.42 (npn) or 2.2 (pnp)")
            case .d: Parameter("d", unit: "-", default: nil, .any, "exponent of vo, 0.87 (npn) or 0.52 (pnp)")
            case .vg: Parameter("vg", unit: "V", default: 1.206, .positive, "band gap at 0 K for gamma")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            }
        }
    }

    private static let modelTypes = ["npn", "pnp"]
    private static let kind = "a bipolar transistor"
    private static let known = "level 1 (Gummel and Poon) is known"

    static func elaborate(_ card: ElementCard) {
        if card.remainingPositionalCount > 5,
            card.hasOtherNodes(than: 3...4, for: modelTypes, device: "q", kind: kind, known: known)
        {
            return
        }
        guard let collector = card.node("collector"), let base = card.node("base"), let emitter = card.node("emitter")
        else { return }
        var substrate: Int32 = 0
        if !card.nextIsModel(modelTypes), card.remainingPositionalCount > 1 {
            guard let node = card.node("substrate") else { return }
            substrate = node
        }
        guard let model = card.model(modelTypes) else { return }
        guard card.level(of: model, device: "q", kind: kind, known: known) != nil else { return }
        let initial = card.takeList(key: "ic", limit: 2)
        var area: Double?
        if card.nextIsValue, card.nextWord != "off" {
            guard let value = card.value("area") else { return }
            area = value
        }
        guard var instance = card.parameters(Instance.self, flags: ["off"]) else { return }
        if let area {
            guard area > 0 else {
                card.error("the area of \(card.name) must be above 0")
                return
            }
            instance[.area] = area
        }
        let values = model.values(Model.self)
        let temperature = card.temperature(
            given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
        var device = BipolarTransistor(
            model: values, isPNP: model.type == "pnp", area: instance[.area] * instance[.m] * card.multiplier,
            temperature: temperature, nominal: card.options.nominalTemperature)
        device.flicker = device.flicker.inParallel(instance[.m] * card.multiplier)
        device.startsOff = instance[.off] != 0
        device.gminIsInjected = card.dialect.injectsGmin
        for (index, value) in (initial ?? []).enumerated() { device.initialVoltages[index] = value }
        func inner(_ outer: Int32, _ name: String, _ exists: Bool) -> Int32 {
            exists ? card.builder.internalNode(card.name, name) : outer
        }
        func part(_ name: String) -> ElementIdentity {
            ElementIdentity(
                name: card.builder.directory.names.intern("\(card.name)#\(name)"), range: card.identity.range)
        }
        let layer = device.takeEpitaxialLayer(
            values, area: instance[.area] * instance[.m] * card.multiplier, temperature: temperature,
            nominal: card.options.nominalTemperature)
        let contact = inner(collector, "contact", (layer?.seriesConductance ?? 0) != 0)
        let innerCollector = inner(contact, "collector", layer != nil || device.collectorConductance != 0)
        let innerBase = inner(base, "base", device.baseResistance > 0)
        let innerEmitter = inner(emitter, "emitter", device.emitterConductance != 0)
        let outerCollector = layer == nil ? collector : innerCollector
        card.builder.add(
            device, [outerCollector, base, emitter, substrate, innerCollector, innerBase, innerEmitter],
            identity: card.identity)
        if let layer {
            card.builder.add(layer, [collector, contact, innerCollector, innerBase], identity: part("epi"))
        }
        if values[.ptf] > 0, values[.tf] > 0 {
            let phase = ExcessPhase(transistor: device, delay: values[.ptf] * Double.pi / 180 * values[.tf])
            let delayed = card.builder.auxiliary(card.name, "delayed")
            let slope = card.builder.auxiliary(card.name, "slope")
            card.builder.add(
                phase, [innerCollector, innerBase, innerEmitter, delayed, slope], identity: part("phase"))
        }
    }

    /// The layer before the collector where the model has one; it takes the collector's resistance along.
    private mutating func takeEpitaxialLayer(
        _ model: ParameterValues<Model>, area: Double, temperature: Double, nominal: Double
    ) -> EpitaxialLayer? {
        guard model.isGiven(.rco) else { return nil }
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let ratio = temperature / nominal
        var layer = EpitaxialLayer(
            polarity: polarity, thermal: thermal, resistance: model[.rco] / area, saturationVoltage: model[.vo],
            doping: model[.gamma], charge: model[.qco] * area, seriesConductance: collectorConductance)
        if model[.quasimod] == 1 {
            layer.resistance *= Glibc.pow(ratio, model.given(.cn, else: polarity > 0 ? 2.42 : 2.2))
            layer.saturationVoltage *= Glibc.pow(ratio, model.given(.d, else: polarity > 0 ? 0.87 : 0.52))
            layer.doping *= Glibc.pow(ratio, model[.xti]) * Glibc.exp(-model[.vg] / thermal * (1 - ratio))
        }
        collectorConductance = 0
        return layer
    }

    /// The transistor at `temperature` [K], `area` of all in parallel; `nominal` [K] stands where the model has no `tnom`.
    init(
        model: ParameterValues<Model>, isPNP: Bool = false, area: Double = 1, temperature: Double, nominal: Double
    ) {
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let vt = PhysicalConstants.boltzmannOverCharge * temperature
        let ratio = temperature / nominal
        let growth = (ratio - 1) * model[.eg] / vt + model[.xti] * Glibc.log(ratio)
        let gain = Glibc.pow(ratio, model[.xtb])
        polarity = isPNP ? -1 : 1
        thermal = vt
        flicker = FlickerNoise(coefficient: model[.kf], exponent: model[.af])
        saturation = model[.is] * area * Glibc.exp(growth)
        forward = Junction(
            thermal: model[.nf] * vt, inverseGain: 1 / (model[.bf] * gain),
            leakage: model[.ise] * area * Glibc.exp(growth / model[.ne]) / gain, leakageThermal: model[.ne] * vt)
        reverse = Junction(
            thermal: model[.nr] * vt, inverseGain: 1 / (model[.br] * gain),
            leakage: model[.isc] * area * Glibc.exp(growth / model[.nc]) / gain, leakageThermal: model[.nc] * vt)
        func inverse(_ value: Double) -> Double { value > 0 ? 1 / value : 0 }
        inverseEarlyForward = inverse(model[.vaf])
        inverseEarlyReverse = inverse(model[.var])
        inverseKneeForward = inverse(model[.ikf] * area)
        inverseKneeReverse = inverse(model[.ikr] * area)
        kneeExponent = model[.nkf]
        collectorConductance = inverse(model[.rc]) * area
        emitterConductance = inverse(model[.re]) * area
        baseResistance = model[.rb] / area
        minimalBaseResistance = min(model.given(.rbm, else: model[.rb]), model[.rb]) / area
        crowding = model[.irb] * area
        transitForward = model[.tf]
        transitReverse = model[.tr]
        transitBias = model[.xtf]
        transitVoltage = model[.vtf] > 0 ? 1 / (1.44 * model[.vtf]) : 0
        transitCurrent = model[.itf] * area
        let scaling = JunctionTemperature(temperature: temperature, nominal: nominal)
        func depletion(_ capacitance: Double, _ potential: Double, _ grading: Double, _ corner: Double)
            -> DepletionCharge
        {
            let (potential, capacitance) = scaling.junction(
                potential: potential, capacitance: capacitance * area, grading: grading)
            return DepletionCharge(
                capacitance: capacitance, potential: potential, grading: grading, forward: corner)
        }
        let corner = min(model[.fc], 0.95)
        let inside = model[.rb] > 0 ? model[.xcjc] : 1
        emitterDepletion = depletion(model[.cje], model[.vje], model[.mje], corner)
        collectorDepletion = depletion(model[.cjc] * inside, model[.vjc], model[.mjc], corner)
        outerDepletion = depletion(model[.cjc] * (1 - inside), model[.vjc], model[.mjc], corner)
        substrateDepletion = depletion(model[.cjs], model[.vjs], model[.mjs], 0)
        substrateSaturation = model[.iss] * area * Glibc.exp(growth)
        substrateThermal = model[.ns] * vt
        isLateral = model.given(.subs, else: isPNP ? -1 : 1) < 0
        criticalVoltage = JunctionLimiting.criticalVoltage(saturation: saturation, thermal: vt)
    }
}
