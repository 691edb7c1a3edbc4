import Glibc
import SpiceNetlist

extension JunctionFieldEffectTransistor: ElementKind {
    static let description = ElementDescription(
        letter: "j", name: "JFET",
        syntax: "Jname drain gate source model [area] [off] [ic=vds,vgs] [m=] [temp=] [dtemp=]",
        summary: """
            Junction field-effect transistor, level 1 (Shichman–Hodges, doping tail) or 2 (Parker–Skellern; in the Xyce \
            dialect Shockley).
            """,
        example: """
            A source of constant current
            v1 d 0 10
            j1 d 0 s jn
            r1 s 0 500
            .model jn njf(vto=-2 beta=1m lambda=10m)
            .dc v1 0 10 0.5
            .print dc i(r1) v(s) @j1[gm]
            .end
            """,
        modelTypes: ["njf", "pjf"], instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    /// Of JFETs and MESFETs.
    enum Instance: Int, ParameterKey {
        case area, off, ic, m, temp, dtemp

        var parameter: Parameter {
            switch self {
            case .area: Parameter("area", unit: "-", default: 1, .positive, "factor of currents and capacitances")
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "the operating point's search begins with no current")
            case .ic: Parameter("ic", unit: "V", default: nil, .any, "vds and vgs at the start, with uic: ic=vds,vgs")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "transistors in parallel")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this transistor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case level, vto, beta, lambda, rd, rs, cgs, cgd, cds, pb, m, fc, `is`, n, isr, nr, alpha, vk, b
        case tnom, vtotc, tcv, betatce, bex, xti, eg, kf, af, nlev, gdsnoi
        case p, q, z, xi, mxi, vst, mvst, ibd, vbd, delta, theta, lfgam, lfg1, lfg2
        case hfgam, hfg1, hfg2, hfeta, hfe1, hfe2, taug, taud, acgam, xc, ver

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter(
                    "level", unit: Parameter.choice, default: 1, .closed(1, 2),
                    "1: Shichman–Hodges, 2: Parker–Skellern, or Shockley"
                )
            case .vto: Parameter("vto", "vt0", unit: "V", default: -2, .any, "threshold voltage")
            case .beta: Parameter("beta", unit: "A/V²", default: 1e-4, .positive, "transconductance")
            case .lambda: Parameter("lambda", unit: "1/V", default: 0, .any, "channel-length modulation")
            case .rd: Parameter("rd", unit: "Ω", default: 0, .nonNegative, "drain resistance")
            case .rs: Parameter("rs", unit: "Ω", default: 0, .nonNegative, "source resistance")
            case .cgs: Parameter("cgs", unit: "F", default: 0, .nonNegative, "gate–source capacitance at 0 V")
            case .cgd: Parameter("cgd", unit: "F", default: 0, .nonNegative, "gate–drain capacitance at 0 V")
            case .cds: Parameter("cds", unit: "F", default: 0, .nonNegative, "drain–source capacitance")
            case .pb: Parameter("pb", "vbi", unit: "V", default: 1, .positive, "potential of the gate's junctions")
            case .m: Parameter("m", unit: "-", default: 0.5, .nonNegative, "their grading coefficient, level 1")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where the capacitance goes on as a line, in pb")
            case .is: Parameter("is", unit: "A", default: 1e-14, .positive, "saturation current of a gate junction")
            case .n: Parameter("n", unit: "-", default: 1, .positive, "its emission coefficient")
            case .isr: Parameter("isr", unit: "A", default: 0, .nonNegative, "recombination current of a gate junction")
            case .nr: Parameter("nr", unit: "-", default: 2, .positive, "its emission coefficient")
            case .alpha: Parameter("alpha", unit: "1/V", default: 0, .nonNegative, "ionisation at the drain")
            case .vk: Parameter("vk", unit: "V", default: 0, .nonNegative, "its voltage")
            case .b: Parameter("b", unit: "-", default: 1, .any, "doping tail, level 1")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .vtotc: Parameter("vtotc", unit: "V/K", default: nil, .any, "temperature coefficient of vto, level 1")
            case .tcv: Parameter("tcv", unit: "V/K", default: 0, .any, "the same with the other sign")
            case .betatce:
                Parameter("betatce", unit: "%/K", default: nil, .any, "exponential temperature coefficient of beta")
            case .bex:
                Parameter("bex", unit: "-", default: 0, .any, "temperature exponent of beta, where no betatce is")
            case .xti: Parameter("xti", unit: "-", default: nil, .any, "temperature exponent of is; 3 of isr")
            case .eg: Parameter("eg", unit: "eV", default: 1.11, .nonNegative, "activation energy of is")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            case .nlev:
                Parameter("nlev", unit: Parameter.choice, default: 2, .any, "law of the channel's noise; of no effect")
            case .gdsnoi: Parameter("gdsnoi", unit: "-", default: 1, .any, "factor of that noise; of no effect")
            case .p: Parameter("p", unit: "-", default: 2, .positive, "exponent below saturation, level 2")
            case .q: Parameter("q", unit: "-", default: 2, .closed(1, 10), "exponent in saturation, level 2")
            case .z: Parameter("z", unit: "-", default: 1, .nonNegative, "roundness of the knee, level 2")
            case .xi: Parameter("xi", unit: "-", default: 1000, .positive, "velocity saturation, level 2")
            case .mxi: Parameter("mxi", unit: "-", default: 0, .nonNegative, "the drive's influence on xi, level 2")
            case .vst: Parameter("vst", "vsub", unit: "V", default: 0, .nonNegative, "subthreshold slope, level 2")
            case .mvst: Parameter("mvst", unit: "1/V", default: 0, .nonNegative, "the drain's influence on it, level 2")
            case .ibd: Parameter("ibd", unit: "A", default: 0, .nonNegative, "breakdown current, level 2")
            case .vbd: Parameter("vbd", unit: "V", default: 1, .positive, "breakdown slope, level 2")
            case .delta:
                Parameter(
                    "delta", unit: "1/W", default: 0, .nonNegative, "loss of current by heat, level 2; Xyce's shift [V]"
                )
            case .theta: Parameter("theta", unit: "1/V", default: 0, .nonNegative, "loss of mobility, Xyce's level 2")
            case .lfgam: Parameter("lfgam", unit: "-", default: 0, .any, "feedback of the drain, level 2")
            case .lfg1: Parameter("lfg1", unit: "1/V", default: 0, .any, "the source's part in it, level 2")
            case .lfg2: Parameter("lfg2", unit: "1/V", default: 0, .any, "the drain's part in it, level 2")
            case .hfgam: Parameter("hfgam", unit: "-", default: nil, .any, "fast feedback of the drain; of no effect")
            case .hfg1: Parameter("hfg1", unit: "1/V", default: 0, .any, "the source's part in it; of no effect")
            case .hfg2: Parameter("hfg2", unit: "1/V", default: 0, .any, "the drain's part in it; of no effect")
            case .hfeta: Parameter("hfeta", unit: "-", default: 0, .any, "fast feedback of the source; of no effect")
            case .hfe1: Parameter("hfe1", unit: "1/V", default: 0, .any, "the drain's part in it; of no effect")
            case .hfe2: Parameter("hfe2", unit: "1/V", default: 0, .any, "the source's part in it; of no effect")
            case .taug:
                Parameter("taug", unit: "s", default: 0, .nonNegative, "relaxation of the feedback, not modelled")
            case .taud: Parameter("taud", unit: "s", default: 0, .nonNegative, "relaxation of the heat, not modelled")
            case .acgam: Parameter("acgam", unit: "-", default: 0, .any, "the drain's part in the capacitance, level 2")
            case .xc:
                Parameter("xc", unit: "-", default: 0, .closed(0, 1), "capacitance left at pinch-off, level 2")
            case .ver: Parameter("ver", unit: Parameter.choice, default: 0, .any, "version; of no effect")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        add(card, types: ["njf", "pjf"]) { model, temperature, multiple in
            guard
                let level = card.level(
                    of: model, device: "j", kind: "a JFET",
                    known: "levels 1 (Shichman–Hodges) and 2 (Parker–Skellern; Shockley in Xyce) are known")
            else { return nil }
            let values = model.values(Model.self)
            guard canConduct(model, values[.vto], values[.pb], card, isNeeded: level >= 2) else { return nil }
            if level == 2, values[.taug] > 0 || values[.taud] > 0 {
                card.warnOnce(
                    "model '\(model.name)' has no relaxation here: taug and taud are 0",
                    hint: "fast signals see the feedback and heat of slow ones", at: model.range)
            }
            if level == 3 {
                return JunctionFieldEffectTransistor(
                    shockley: values, isPChannel: model.type == "pjf", multiple: multiple, temperature: temperature,
                    nominal: card.options.nominalTemperature)
            }
            return JunctionFieldEffectTransistor(
                model: values, isPChannel: model.type == "pjf", multiple: multiple, temperature: temperature,
                nominal: card.options.nominalTemperature)
        }
    }

    /// A gate that conducts before its channel is most likely a wrong sign: warned about, or an error where the law
    /// `isNeeded` to have a channel.
    static func canConduct(
        _ model: ModelCard, _ threshold: Double, _ potential: Double, _ card: ElementCard, isNeeded: Bool = false
    ) -> Bool {
        guard threshold >= potential else { return true }
        let message =
            "the gate of model '\(model.name)' conducts before its channel: vto is \(threshold.plain) V, pb \(potential.plain) V"
        let hint = "vto is negative for depletion transistors of both polarities"
        if isNeeded {
            card.error(message, hint: hint)
        } else {
            card.warnOnce(message, hint: hint, at: model.range)
        }
        return !isNeeded
    }

    /// Reads a card with a model of one of these types, of which `make` makes a transistor at a temperature [K] and a
    /// multiple of its area.
    static func add(
        _ card: ElementCard, types: [String],
        _ make: (ModelCard, Double, Double) -> JunctionFieldEffectTransistor?
    ) {
        guard let drain = card.node("drain"), let gate = card.node("gate"), let source = card.node("source"),
            let model = card.model(types)
        else { return }
        let initial = card.takeList(key: "ic", limit: 2)
        var area: Double?
        if card.nextIsValue, card.nextWord != "off" {
            guard let value = card.value("area") else { return }
            area = value
        }
        guard var instance = card.parameters(Instance.self, flags: ["off"]) else { return }
        if let area, !instance.isGiven(.area) {
            guard area > 0 else { return card.error("the area of \(card.name) must be above 0") }
            instance[.area] = area
        }
        let temperature = card.temperature(
            given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
        guard var device = make(model, temperature, instance[.area] * instance[.m] * card.multiplier) else { return }
        device.flicker = device.flicker.inParallel(instance[.m] * card.multiplier)
        device.startsOff = instance[.off] != 0
        for (index, value) in (initial ?? []).enumerated() { device.initialVoltages[index] = value }
        let innerDrain = device.drainConductance == 0 ? drain : card.builder.internalNode(card.name, "drain")
        let innerSource = device.sourceConductance == 0 ? source : card.builder.internalNode(card.name, "source")
        card.builder.add(device, [drain, gate, source, innerDrain, innerSource], identity: card.identity)
    }

    /// The transistor at `temperature` [K], `multiple` its area times those in parallel; `nominal` [K] stands where the
    /// model has no `tnom`.
    init(
        model: ParameterValues<Model>, isPChannel: Bool = false, multiple: Double = 1, temperature: Double,
        nominal: Double
    ) {
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let rules = GateTemperature(temperature: temperature, nominal: nominal)
        let rise = temperature - nominal
        let isSecond = model[.level] == 2
        let (potential, growth) = rules.junctions.junction(potential: model[.pb], capacitance: 1, grading: model[.m])
        let saturation =
            model[.is] * multiple
            * rules.growth(energy: model[.eg], exponent: model.given(.xti, else: 0), emission: 1)
        polarity = isPChannel ? -1 : 1
        drainConductance = model[.rd] > 0 ? multiple / model[.rd] : 0
        sourceConductance = model[.rs] > 0 ? multiple / model[.rs] : 0
        gate = Gate(saturation: saturation, thermal: model[.n] * rules.thermal)
        criticalVoltage = JunctionLimiting.criticalVoltage(saturation: saturation, thermal: gate.thermal)
        thermal = rules.thermal
        flicker = FlickerNoise(coefficient: model[.kf], exponent: model[.af])
        bridge = model[.cds] * multiple
        let (cgs, cgd) = (model[.cgs] * multiple * growth, model[.cgd] * multiple * growth)
        let corner = min(model[.fc], 0.95)
        if isSecond {
            let depth = potential - model[.vto]
            channel = .parkerSkellern(
                ParkerSkellernChannel(
                    transconductance: model[.beta] * multiple, threshold: model[.vto],
                    lengthModulation: model[.lambda], triodeExponent: model[.p], exponent: model[.q], depth: depth,
                    subthreshold: model[.vst], subthresholdModulation: model[.mvst], saturation: model[.xi],
                    saturationModulation: model[.mxi], knee: model[.z],
                    feedback: (model[.lfgam], model[.lfg1], model[.lfg2]), heating: model[.delta] / multiple))
            gate.breakdown = model[.ibd] * multiple
            gate.breakdownVoltage = model[.vbd]
            charge =
                cgs == 0 && cgd == 0
                ? .none
                : .shared(
                    GateCharge(
                        source: cgs, drain: cgd, potential: potential, threshold: model[.vto],
                        highest: corner * potential, width: model[.xi] * depth / (2 * (model[.xi] + 1)),
                        feedback: model[.acgam], reduction: model[.xc], grows: true))
            return
        }
        let threshold = model[.vto] + (model.isGiven(.vtotc) ? model[.vtotc] : -model[.tcv]) * rise
        let gain =
            model.isGiven(.betatce)
            ? Glibc.pow(1.01, model[.betatce] * rise) : Glibc.pow(temperature / nominal, model[.bex])
        channel = .shichmanHodges(
            ShichmanHodgesChannel(
                transconductance: model[.beta] * gain * multiple, threshold: threshold,
                lengthModulation: model[.lambda], tail: model[.b],
                cubic: model[.b] == 1 || model[.pb] == model[.vto] ? 0 : (1 - model[.b]) / (model[.pb] - model[.vto])))
        gate.recombination =
            model[.isr] * multiple
            * rules.growth(energy: model[.eg], exponent: model.given(.xti, else: 3), emission: model[.nr])
        gate.recombinationThermal = model[.nr] * rules.thermal
        gate.potential = potential
        gate.halfGrading = 0.5 * model[.m]
        gate.ionisation = model[.alpha]
        gate.ionisationVoltage = model[.vk]
        func depletion(_ capacitance: Double) -> DepletionCharge {
            DepletionCharge(capacitance: capacitance, potential: potential, grading: model[.m], forward: corner)
        }
        charge = cgs == 0 && cgd == 0 ? .none : .junctions(depletion(cgs), depletion(cgd))
    }
}

extension JunctionFieldEffectTransistor {
    /// The transistor of Xyce's level 2: that of level 1 with Shockley's channel.
    init(
        shockley model: ParameterValues<Model>, isPChannel: Bool, multiple: Double, temperature: Double, nominal: Double
    ) {
        var plain = model
        plain[.level] = 1
        plain[.b] = 1
        self.init(
            model: plain, isPChannel: isPChannel, multiple: multiple, temperature: temperature, nominal: nominal)
        let rules = GateTemperature(
            temperature: temperature,
            nominal: model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal)
        let potential = rules.junctions.junction(potential: model[.pb], capacitance: 1, grading: 0.5).0
        channel = .shockley(
            ShockleyChannel(
                transconductance: model[.beta] * multiple, threshold: model[.vto], lengthModulation: model[.lambda],
                depth: potential - model[.vto], saturationShift: model[.delta], mobilityLoss: model[.theta]))
    }
}

/// What a gate's junction does with temperature.
struct GateTemperature {
    let ratio: Double
    /// k T/q [V]
    let thermal: Double
    let junctions: JunctionTemperature

    init(temperature: Double, nominal: Double) {
        ratio = temperature / nominal
        thermal = PhysicalConstants.boltzmannOverCharge * temperature
        junctions = JunctionTemperature(temperature: temperature, nominal: nominal)
    }

    /// is(T)/is(tnom) of a current with activation energy [eV], temperature exponent and emission coefficient.
    func growth(energy: Double, exponent: Double, emission: Double) -> Double {
        Glibc.exp((ratio - 1) * energy / (emission * thermal)) * Glibc.pow(ratio, exponent / emission)
    }
}
