import Glibc
import SpiceNetlist

extension Mosfet: ElementKind {
    static let description = ElementDescription(
        letter: "m", name: "MOSFET",
        syntax: "Mname drain gate source bulk model [l=] [w=] [ad=] [as=] [pd=] [ps=] [nrd=] [nrs=] [off] [m=] [temp=]",
        summary:
            "Insulated-gate field-effect transistor, SPICE levels 1 (Shichman–Hodges), 2 (Grove–Frohman), 3 (semi-empirical) and 6 (Sakurai–Newton).",
        example: """
            Output curves of a transistor
            vd d 0 0
            vg g 0 1
            m1 d g 0 0 nch w=10u l=1u
            .model nch nmos(level=1 vto=0.7 kp=110u lambda=0.04 gamma=0.4)
            .dc vd 0 3 0.1 vg 1 3 1
            .print dc i(vd) @m1[gm] @m1[vth]
            .end
            """,
        modelTypes: ["nmos", "pmos"], instanceParameters: Instance.table, modelParameters: Model.table,
        outputs: outputs)

    enum Instance: Int, ParameterKey {
        case l, w, ad, `as`, pd, ps, nrd, nrs, off, ic, m, temp, dtemp

        var parameter: Parameter {
            switch self {
            case .l: Parameter("l", unit: "m", default: nil, .positive, "length, else the option defl")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width, else the option defw")
            case .ad: Parameter("ad", unit: "m²", default: 0, .nonNegative, "area of the drain")
            case .as: Parameter("as", unit: "m²", default: 0, .nonNegative, "area of the source")
            case .pd: Parameter("pd", unit: "m", default: 0, .nonNegative, "perimeter of the drain")
            case .ps: Parameter("ps", unit: "m", default: 0, .nonNegative, "perimeter of the source")
            case .nrd: Parameter("nrd", unit: "-", default: 1, .nonNegative, "squares of the drain")
            case .nrs: Parameter("nrs", unit: "-", default: 1, .nonNegative, "squares of the source")
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "the operating point's search begins with no current")
            case .ic:
                Parameter(
                    "ic", unit: "V", default: nil, .any, "vds, vgs and vbs at the start, with uic: ic=vds,vgs,vbs")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "transistors in parallel")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this transistor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case level, vto, kp, gamma, phi, lambda, rd, rs, rsh, tox, ld, wd, xl, xw
        case cbd, cbs, `is`, pb, cgso, cgdo, cgbo, cj, mj, cjsw, mjsw, js, jssw, fc
        case nsub, nss, tpg, uo, nfs, xj, vmax, theta, eta, kappa, delta, tnom, kf, af, l, w
        case xqc, ucrit, uexp, utra, neff
        case kv, nv, kc, nc, nvth, ps, gamma1, sigma, lambda0, lambda1

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter(
                    "level", unit: Parameter.choice, default: 1, .closed(1, 6),
                    "1: Shichman–Hodges, 2: Grove–Frohman, 3: semi-empirical, 6: Sakurai–Newton")
            case .vto:
                Parameter(
                    "vto", "vt0", "vth0", unit: "V", default: nil, .any, "threshold voltage, else from nsub, or 0")
            case .kp: Parameter("kp", unit: "A/V²", default: nil, .positive, "transconductance, else uo·Cox, or 2e-5")
            case .gamma: Parameter("gamma", unit: "√V", default: nil, .nonNegative, "body effect, else from nsub, or 0")
            case .phi: Parameter("phi", unit: "V", default: nil, .positive, "surface potential, else from nsub, or 0.6")
            case .lambda:
                Parameter(
                    "lambda", unit: "1/V", default: 0, .nonNegative,
                    "channel-length modulation, levels 1, 2 (where 0: from nsub) and 6")
            case .rd: Parameter("rd", unit: "Ω", default: nil, .nonNegative, "drain resistance")
            case .rs: Parameter("rs", unit: "Ω", default: nil, .nonNegative, "source resistance")
            case .rsh: Parameter("rsh", unit: "Ω", default: 0, .nonNegative, "sheet resistance of drain and source")
            case .tox: Parameter("tox", unit: "m", default: nil, .positive, "oxide thickness; 1e-7 at levels 2 and 3")
            case .ld: Parameter("ld", unit: "m", default: 0, .any, "lateral diffusion")
            case .wd: Parameter("wd", unit: "m", default: 0, .any, "width's loss at each side")
            case .xl: Parameter("xl", unit: "m", default: 0, .any, "added to the length")
            case .xw: Parameter("xw", unit: "m", default: 0, .any, "added to the width")
            case .cbd: Parameter("cbd", unit: "F", default: nil, .nonNegative, "bulk–drain capacitance at 0 V")
            case .cbs: Parameter("cbs", unit: "F", default: nil, .nonNegative, "bulk–source capacitance at 0 V")
            case .is: Parameter("is", unit: "A", default: 1e-14, .nonNegative, "saturation current of a bulk junction")
            case .pb: Parameter("pb", unit: "V", default: 0.8, .positive, "potential of the bulk junctions")
            case .cgso: Parameter("cgso", unit: "F/m", default: 0, .nonNegative, "overlap gate–source")
            case .cgdo: Parameter("cgdo", unit: "F/m", default: 0, .nonNegative, "overlap gate–drain")
            case .cgbo: Parameter("cgbo", unit: "F/m", default: 0, .nonNegative, "overlap gate–bulk")
            case .cj:
                Parameter(
                    "cj", unit: "F/m²", default: nil, .nonNegative, "capacitance of a junction's area, else from nsub")
            case .mj: Parameter("mj", unit: "-", default: 0.5, .nonNegative, "its grading coefficient")
            case .cjsw: Parameter("cjsw", unit: "F/m", default: 0, .nonNegative, "capacitance of a junction's edge")
            case .mjsw:
                Parameter(
                    "mjsw", unit: "-", default: nil, .nonNegative,
                    "its grading coefficient, else 0.33 at levels 2 and 3, 0.5 at 1 and 6")
            case .js: Parameter("js", unit: "A/m²", default: 0, .nonNegative, "saturation current of a junction's area")
            case .jssw:
                Parameter("jssw", unit: "A/m", default: 0, .nonNegative, "saturation current of a junction's edge")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where the capacitance goes on as a line, in pb")
            case .nsub: Parameter("nsub", unit: "1/cm³", default: nil, .positive, "substrate doping")
            case .nss: Parameter("nss", unit: "1/cm²", default: 0, .any, "surface states")
            case .tpg:
                Parameter(
                    "tpg", unit: Parameter.choice, default: 1, .closed(-1, 1),
                    "gate: 1 opposite to the substrate, -1 the same, 0 aluminium")
            case .uo: Parameter("uo", "u0", unit: "cm²/(V s)", default: 600, .positive, "mobility at the surface")
            case .nfs:
                Parameter(
                    "nfs", unit: "1/cm²", default: 0, .nonNegative,
                    "fast surface states: weak inversion, levels 2 and 3")
            case .xj: Parameter("xj", unit: "m", default: 0, .nonNegative, "depth of the junctions, levels 2 and 3")
            case .vmax:
                Parameter(
                    "vmax", unit: "m/s", default: 0, .nonNegative, "highest velocity of carriers, levels 2 and 3")
            case .theta: Parameter("theta", unit: "1/V", default: 0, .any, "the gate's influence on mobility, level 3")
            case .eta: Parameter("eta", unit: "-", default: 0, .any, "the drain's influence on the threshold, level 3")
            case .kappa: Parameter("kappa", unit: "-", default: 0.2, .nonNegative, "saturation field, level 3")
            case .delta:
                Parameter(
                    "delta", unit: "-", default: 0, .any, "the width's influence on the threshold, levels 2 and 3")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            case .l: Parameter("l", unit: "m", default: nil, .positive, "length where a card gives none")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width where a card gives none")
            case .xqc:
                Parameter(
                    "xqc", unit: "-", default: nil, .nonNegative,
                    "the drain's share of the channel's charge in saturation, up to 0.5; Meyer's capacitances without")
            case .ucrit:
                Parameter("ucrit", unit: "V/cm", default: 1e4, .nonNegative, "critical field of mobility, level 2")
            case .uexp: Parameter("uexp", unit: "-", default: 0, .any, "its exponent, level 2")
            case .utra: Parameter("utra", unit: "-", default: 0, .any, "of no effect, as in SPICE3")
            case .neff: Parameter("neff", unit: "-", default: 1, .positive, "factor of the channel's charge, level 2")
            case .kv: Parameter("kv", unit: "V^(1-nv)", default: 2, .positive, "saturation voltage, level 6")
            case .nv: Parameter("nv", unit: "-", default: 0.5, .positive, "its exponent, level 6")
            case .kc:
                Parameter(
                    "kc", unit: "A/V^nc", default: nil, .positive,
                    "saturation current of a square channel, level 6; else uo·Cox/2, or 5e-5")
            case .nc: Parameter("nc", unit: "-", default: 1, .positive, "its exponent, level 6")
            case .nvth: Parameter("nvth", unit: "-", default: 0.5, .any, "of no effect, as in SPICE3")
            case .ps: Parameter("ps", unit: "-", default: 0, .any, "of no effect, as in SPICE3")
            case .gamma1: Parameter("gamma1", unit: "-", default: 0, .any, "linear body effect, level 6")
            case .sigma:
                Parameter("sigma", unit: "-", default: 0, .any, "the drain's influence on the threshold, level 6")
            case .lambda0:
                Parameter("lambda0", unit: "1/V", default: nil, .any, "channel-length modulation, level 6; else lambda")
            case .lambda1:
                Parameter("lambda1", unit: "1/V²", default: 0, .any, "the bulk's influence on lambda0, level 6")
            }
        }
    }

    private static let types = ["nmos", "pmos"]
    private static let kind = "a MOSFET"
    private static let known =
        "levels 1 (Shichman–Hodges), 2 (Grove–Frohman), 3 (semi-empirical), 6 (Sakurai–Newton) and those of BSIM-SOI are known"

    static func elaborate(_ card: ElementCard) {
        if SOICard.isMeant(by: card) { return SOICard.elaborate(card) }
        if card.remainingPositionalCount != 5,
            card.hasOtherNodes(than: 4...4, for: types, device: "m", kind: kind, known: known)
        {
            return
        }
        guard let drain = card.node("drain"), let gate = card.node("gate"), let source = card.node("source")
        else { return }
        if card.nextIsModel(VerticalMosfet.description.modelTypes) {
            return VerticalMosfet.elaborate(card, drain, gate, source)
        }
        guard let bulk = card.node("bulk"), let model = card.model(types, size: { size(card) }),
            card.level(of: model, device: "m", kind: kind, known: known) != nil
        else { return }
        let initial = card.takeList(key: "ic", limit: 3)
        guard let instance = card.parameters(Instance.self, flags: ["off"]) else { return }
        let values = model.values(Model.self)
        let options = card.options
        let scale = options[.scale]
        let drawn = (
            length: instance.given(.l, else: values.given(.l, else: options[.defl])) * scale,
            width: instance.given(.w, else: values.given(.w, else: options[.defw])) * scale
        )
        let length = drawn.length + values[.xl] - 2 * values[.ld]
        let width = drawn.width + values[.xw] - 2 * values[.wd]
        guard length > 0, width > 0 else {
            card.error(
                "the channel of \(card.name) is \(length) m long and \(width) m wide",
                hint: "its length is l + xl - 2 ld, its width w + xw - 2 wd, and both must be above 0")
            return
        }
        let temperature = card.temperature(
            given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
        let process = MosfetProcess(
            values, isPChannel: model.type == "pmos", temperature: temperature, nominal: options.nominalTemperature)
        var device = Mosfet(
            process, instance, length: length, width: width, scale: scale, multiplier: card.multiplier)
        for (index, value) in (initial ?? []).enumerated() { device.initialVoltages[index] = value }
        let innerDrain = device.drainConductance == 0 ? drain : card.builder.internalNode(card.name, "drain")
        let innerSource = device.sourceConductance == 0 ? source : card.builder.internalNode(card.name, "source")
        card.builder.add(device, [drain, gate, source, bulk, innerDrain, innerSource], identity: card.identity)
    }

    /// Length and width [m] as the card says, by which a bin of its model is chosen.
    private static func size(_ card: ElementCard) -> (length: Double, width: Double) {
        func value(_ key: String, _ standard: SimulationOptions.Key) -> Double {
            (card.field(key).flatMap { card.evaluate($0, key) } ?? card.options[standard]) * card.options[.scale]
        }
        return (value("l", .defl), value("w", .defw))
    }

    init(
        _ process: MosfetProcess, _ instance: ParameterValues<Instance>, length: Double, width: Double,
        scale: Double = 1, multiplier: Double = 1
    ) {
        let model = process.model
        let m = instance[.m] * multiplier
        polarity = process.polarity
        law = process.law
        beta = process.transconductance * m * width / length
        builtIn = process.builtIn
        bodyEffect = process.bodyEffect
        surfacePotential = process.surfacePotential
        lengthModulation = model[.lambda]
        thermal = process.thermal
        func conductance(_ given: Model, _ squares: Double) -> Double {
            let resistance = model.isGiven(given) ? model[given] : model[.rsh] * squares
            return resistance > 0 ? m / resistance : 0
        }
        drainConductance = conductance(.rd, instance[.nrd])
        sourceConductance = conductance(.rs, instance[.nrs])
        func junction(_ area: Double, _ edge: Double, _ total: Model) -> BulkJunction {
            let (area, edge) = (area * scale * scale, edge * scale)
            let byArea = model[.js] * area + model[.jssw] * edge
            return BulkJunction(
                saturation: (byArea > 0 ? byArea : model[.is]) * process.saturationGrowth * m,
                bottom: process.bottom((model.isGiven(total) ? model[total] : process.areaCapacitance * area) * m),
                sidewall: process.sidewall(model[.cjsw] * edge * m))
        }
        drainJunction = junction(instance[.ad], instance[.pd], .cbd)
        sourceJunction = junction(instance[.as], instance[.ps], .cbs)
        criticalVoltage = JunctionLimiting.criticalVoltage(
            saturation: max(drainJunction.saturation, sourceJunction.saturation), thermal: thermal)
        oxide = process.oxide * length * width * m
        overlapSource = model[.cgso] * width * m
        overlapDrain = model[.cgdo] * width * m
        overlapBulk = model[.cgbo] * length * m
        let plate = width * length * process.oxide * process.oxide
        flicker = FlickerNoise(coefficient: model[.kf] > 0 ? model[.kf] / plate : 0, exponent: model[.af])
            .inParallel(m)
        // Above a half it means Meyer's model, as in SPICE2.
        let share = model.given(.xqc, else: .nan)
        saturationShare = share <= 0.5 ? share : .nan
        startsOff = instance[.off] != 0
        switch law {
        case .shichmanHodges: break
        case .groveFrohman:
            groveFrohman = GroveFrohmanChannel(process, beta: beta, length: length, width: width)
        case .semiEmpirical: empirical = Empirical(process, length: length, width: width)
        case .powerLaw: powerLaw = PowerLawChannel(process, aspect: m * width / length)
        }
    }
}
