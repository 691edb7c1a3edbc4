import Glibc
import SpiceNetlist

/// Z: a ``JunctionFieldEffectTransistor`` of GaAs.
enum MesfetCard: ElementKind {
    static let description = ElementDescription(
        letter: "z", name: "MESFET",
        syntax: "Zname drain gate source model [area] [off] [ic=vds,vgs] [m=] [temp=] [dtemp=]",
        summary:
            "Metal–semiconductor field-effect transistor: nmf and pmf after Statz, gasfet level 1 after Curtice, 2 after Statz.",
        example: """
            Curves of a GaAs transistor after Statz
            vd d 0 0
            vg g 0 0
            z1 d g 0 gaas area=2
            .model gaas nmf(vto=-1.3 beta=2.5m alpha=2 b=0.3 lambda=50m cgs=0.2p cgd=20f)
            .dc vd 0 3 0.1 vg -1 0 0.5
            .print dc i(vd) @z1[gm]
            .end
            """,
        modelTypes: ["nmf", "pmf", "gasfet"], instanceParameters: JunctionFieldEffectTransistor.Instance.table,
        modelParameters: Model.table, outputs: JunctionFieldEffectTransistor.outputs)

    enum Model: Int, ParameterKey {
        case level, vto, alpha, beta, lambda, b, rd, rs, cgs, cgd, cds, pb, m, fc, `is`, n
        case tnom, vtotc, betatce, xti, eg, kf, af

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter(
                    "level", unit: Parameter.choice, default: 1, .closed(1, 2),
                    "nmf, pmf: 1 (Statz); gasfet: 1 (Curtice), 2 (Statz)"
                )
            case .vto:
                Parameter("vto", "vt0", unit: "V", default: nil, .any, "threshold voltage, else -2; gasfet -2.5")
            case .alpha: Parameter("alpha", unit: "1/V", default: 2, .positive, "saturation")
            case .beta:
                Parameter("beta", unit: "A/V²", default: nil, .positive, "transconductance, else 2.5e-3; gasfet 0.1")
            case .lambda: Parameter("lambda", unit: "1/V", default: 0, .any, "channel-length modulation")
            case .b: Parameter("b", unit: "1/V", default: 0.3, .nonNegative, "doping tail, of Statz")
            case .rd: Parameter("rd", unit: "Ω", default: 0, .nonNegative, "drain resistance")
            case .rs: Parameter("rs", unit: "Ω", default: 0, .nonNegative, "source resistance")
            case .cgs: Parameter("cgs", unit: "F", default: 0, .nonNegative, "gate–source capacitance at 0 V")
            case .cgd: Parameter("cgd", unit: "F", default: 0, .nonNegative, "gate–drain capacitance at 0 V")
            case .cds: Parameter("cds", unit: "F", default: 0, .nonNegative, "drain–source capacitance")
            case .pb: Parameter("pb", "vbi", unit: "V", default: 1, .positive, "potential of the gate's junctions")
            case .m:
                Parameter("m", unit: "-", default: 0.5, .nonNegative, "their grading coefficient, of Curtice")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where the capacitance goes on as a line, in pb")
            case .is: Parameter("is", unit: "A", default: 1e-14, .positive, "saturation current of a gate junction")
            case .n: Parameter("n", unit: "-", default: 1, .positive, "its emission coefficient")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .vtotc: Parameter("vtotc", unit: "V/K", default: 0, .any, "temperature coefficient of vto")
            case .betatce:
                Parameter("betatce", unit: "%/K", default: 0, .any, "exponential temperature coefficient of beta")
            case .xti: Parameter("xti", unit: "-", default: 0, .any, "temperature exponent of is")
            case .eg: Parameter("eg", unit: "eV", default: 1.11, .nonNegative, "activation energy of is")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        JunctionFieldEffectTransistor.add(card, types: description.modelTypes) { model, temperature, multiple in
            let highest = model.type == "gasfet" ? 2 : 1
            guard (1...highest).contains(model.level) else {
                card.error(
                    "model '\(model.name)' is a MESFET of level \(model.level), which this version does not have",
                    hint: "known: level 1 (Statz) of nmf and pmf, levels 1 (Curtice) and 2 (Statz) of gasfet")
                return nil
            }
            let values = model.values(Model.self)
            let device = JunctionFieldEffectTransistor(
                mesfet: values, type: model.type, multiple: multiple, temperature: temperature,
                nominal: card.options.nominalTemperature)
            _ = JunctionFieldEffectTransistor.canConduct(model, device.channel.threshold, values[.pb], card)
            return device
        }
    }
}

extension JunctionFieldEffectTransistor {
    /// The transistor of a model of `type` nmf, pmf or gasfet at `temperature` [K], `multiple` its area times those in
    /// parallel; `nominal` [K] stands where the model has no `tnom`.
    init(
        mesfet model: ParameterValues<MesfetCard.Model>, type: String, multiple: Double = 1, temperature: Double,
        nominal: Double
    ) {
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let rules = GateTemperature(temperature: temperature, nominal: nominal)
        let rise = temperature - nominal
        let isGasfet = type == "gasfet"
        let threshold = model.given(.vto, else: isGasfet ? -2.5 : -2) + model[.vtotc] * rise
        let beta =
            model.given(.beta, else: isGasfet ? 0.1 : 2.5e-3) * Glibc.pow(1.01, model[.betatce] * rise) * multiple
        let saturation =
            model[.is] * multiple * rules.growth(energy: model[.eg], exponent: model[.xti], emission: model[.n])
        polarity = type == "pmf" ? -1 : 1
        drainConductance = model[.rd] > 0 ? multiple / model[.rd] : 0
        sourceConductance = model[.rs] > 0 ? multiple / model[.rs] : 0
        gate = Gate(saturation: saturation, thermal: model[.n] * rules.thermal)
        criticalVoltage = JunctionLimiting.criticalVoltage(saturation: saturation, thermal: gate.thermal)
        thermal = rules.thermal
        flicker = FlickerNoise(coefficient: model[.kf], exponent: model[.af])
        bridge = model[.cds] * multiple
        let (potential, growth) = rules.junctions.junction(potential: model[.pb], capacitance: 1, grading: model[.m])
        let (cgs, cgd) = (model[.cgs] * multiple * growth, model[.cgd] * multiple * growth)
        let holdsCharge = cgs != 0 || cgd != 0
        if isGasfet, model[.level] == 1 {
            channel = .curtice(
                CurticeChannel(
                    transconductance: beta, threshold: threshold, lengthModulation: model[.lambda],
                    saturation: model[.alpha]))
            func depletion(_ capacitance: Double) -> DepletionCharge {
                DepletionCharge(
                    capacitance: capacitance, potential: potential, grading: model[.m], forward: min(model[.fc], 0.95))
            }
            charge = holdsCharge ? .junctions(depletion(cgs), depletion(cgd)) : .none
        } else {
            channel = .statz(
                StatzChannel(
                    transconductance: beta, threshold: threshold, lengthModulation: model[.lambda], tail: model[.b],
                    saturation: model[.alpha]))
            // SPICE3 ends the square root at 0.5 V, which is fc·pb of its defaults.
            charge =
                holdsCharge
                ? .shared(
                    GateCharge(
                        source: cgs, drain: cgd, potential: potential, threshold: threshold,
                        highest: min(model[.fc], 0.95) * potential, width: 1 / model[.alpha]))
                : .none
        }
    }
}
