import Glibc
import SpiceNetlist

extension Mosfet: ElementKind {
    static let description = ElementDescription(
        letter: "m", name: "MOSFET",
        syntax: "Mname drain gate source bulk model [l=] [w=] [ad=] [as=] [pd=] [ps=] [nrd=] [nrs=] [off] [m=] [temp=]",
        summary: "Insulated-gate field-effect transistor, SPICE levels 1 (Shichman–Hodges) and 3 (semi-empirical).",
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
                    "off", unit: "-", default: 0, .closed(0, 1), "the operating point's search begins with no current")
            case .ic: Parameter("ic", unit: "V", default: nil, .any, "of no effect; give node voltages with .ic")
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

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter("level", unit: "-", default: 1, .closed(1, 3), "1: Shichman–Hodges, 3: semi-empirical")
            case .vto:
                Parameter(
                    "vto", "vt0", "vth0", unit: "V", default: nil, .any, "threshold voltage, else from nsub, or 0")
            case .kp: Parameter("kp", unit: "A/V²", default: nil, .positive, "transconductance, else uo·Cox, or 2e-5")
            case .gamma: Parameter("gamma", unit: "√V", default: nil, .nonNegative, "body effect, else from nsub, or 0")
            case .phi: Parameter("phi", unit: "V", default: nil, .positive, "surface potential, else from nsub, or 0.6")
            case .lambda:
                Parameter("lambda", unit: "1/V", default: 0, .nonNegative, "channel-length modulation, level 1")
            case .rd: Parameter("rd", unit: "Ω", default: nil, .nonNegative, "drain resistance")
            case .rs: Parameter("rs", unit: "Ω", default: nil, .nonNegative, "source resistance")
            case .rsh: Parameter("rsh", unit: "Ω", default: 0, .nonNegative, "sheet resistance of drain and source")
            case .tox: Parameter("tox", unit: "m", default: nil, .positive, "oxide thickness; 1e-7 at level 3")
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
            case .mj: Parameter("mj", unit: "-", default: 0.5, .upTo(0, below: 1), "its grading coefficient")
            case .cjsw: Parameter("cjsw", unit: "F/m", default: 0, .nonNegative, "capacitance of a junction's edge")
            case .mjsw:
                Parameter(
                    "mjsw", unit: "-", default: nil, .upTo(0, below: 1),
                    "its grading coefficient, 0.5 at level 1, else 0.33")
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
                    "tpg", unit: "-", default: 1, .closed(-1, 1),
                    "gate: 1 opposite to the substrate, -1 the same, 0 aluminium")
            case .uo: Parameter("uo", "u0", unit: "cm²/(V s)", default: 600, .positive, "mobility at the surface")
            case .nfs:
                Parameter(
                    "nfs", unit: "1/cm²", default: 0, .nonNegative, "fast surface states: weak inversion, level 3")
            case .xj: Parameter("xj", unit: "m", default: 0, .nonNegative, "depth of the junctions, level 3")
            case .vmax:
                Parameter("vmax", unit: "m/s", default: 0, .nonNegative, "highest velocity of carriers, level 3")
            case .theta: Parameter("theta", unit: "1/V", default: 0, .any, "the gate's influence on mobility, level 3")
            case .eta: Parameter("eta", unit: "-", default: 0, .any, "the drain's influence on the threshold, level 3")
            case .kappa: Parameter("kappa", unit: "-", default: 0.2, .nonNegative, "saturation field, level 3")
            case .delta:
                Parameter("delta", unit: "-", default: 0, .any, "the width's influence on the threshold, level 3")
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
                    "xqc", unit: "-", default: 0.5, .any,
                    "of no effect: in saturation the source has all of the channel")
            case .ucrit: Parameter("ucrit", unit: "V/cm", default: 1e4, .any, "of level 2; of no effect")
            case .uexp: Parameter("uexp", unit: "-", default: 0, .any, "of level 2; of no effect")
            case .utra: Parameter("utra", unit: "-", default: 0, .any, "of level 2; of no effect")
            case .neff: Parameter("neff", unit: "-", default: 1, .any, "of level 2; of no effect")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let drain = card.node("drain"), let gate = card.node("gate"), let source = card.node("source"),
            let bulk = card.node("bulk"), let model = card.model(["nmos", "pmos"])
        else { return }
        guard model.level == 1 || model.level == 3 else {
            card.error(
                "model '\(model.name)' is a MOSFET of level \(model.level), which this version does not have",
                hint: "levels 1 (Shichman–Hodges) and 3 (semi-empirical) are known")
            return
        }
        if card.take(key: "ic") != nil {
            _ = card.values()
            card.warning("ic of \(card.name) is not used", hint: "give the voltages of its nodes with .ic")
        }
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
        let device = Mosfet(
            process, instance, length: length, width: width, scale: scale, multiplier: card.multiplier)
        let innerDrain = device.drainConductance == 0 ? drain : card.builder.internalNode(card.name, "drain")
        let innerSource = device.sourceConductance == 0 ? source : card.builder.internalNode(card.name, "source")
        card.builder.add(device, [drain, gate, source, bulk, innerDrain, innerSource], identity: card.identity)
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
        startsOff = instance[.off] != 0
        if law == .semiEmpirical {
            empirical = Empirical(
                length: length, feedback: model[.eta] * 8.15e-22 / (process.oxide * length * length * length),
                mobilityModulation: model[.theta],
                saturationVoltage: length * model[.vmax] / (process.mobility * 1e-4),
                saturationField: model[.kappa], depletion: process.depletion, junctionDepth: model[.xj],
                lateralDiffusion: model[.ld],
                narrow: model[.delta] * 0.5 * Double.pi * MosfetProcess.silicon / (process.oxide * width),
                surfaceStates: PhysicalConstants.elementaryCharge * model[.nfs] * 1e4 / process.oxide)
        }
    }
}

/// What all MOSFETs of a model at one temperature have in common: the model's values with what follows from them where
/// they are not given, and Berkeley's rules of temperature (SPICE3; S. M. Sze, Physics of Semiconductor Devices, 1981).
struct MosfetProcess {
    /// Permittivity of silicon and of its oxide [F/m].
    static let silicon = 11.7 * 8.854214871e-12
    static let siliconDioxide = 3.9 * 8.854214871e-12

    let model: ParameterValues<Mosfet.Model>
    let polarity: Double
    let law: Mosfet.Law
    /// k T/q [V]
    let thermal: Double
    /// Of the gate [F/m²]; 0 where no oxide is given.
    let oxide: Double
    /// [A/V²] and [cm²/(V s)]
    let transconductance: Double
    let mobility: Double
    let bodyEffect: Double
    let surfacePotential: Double
    let builtIn: Double
    /// 2 ε/(q N) [m²/V]; 0 where no doping is given.
    let depletion: Double
    /// Of saturation currents.
    let saturationGrowth: Double
    /// [F/m²] at the nominal temperature.
    let areaCapacitance: Double
    private let junctions: JunctionTemperature

    init(
        _ model: ParameterValues<Mosfet.Model>, isPChannel: Bool, temperature: Double, nominal: Double
    ) {
        self.model = model
        polarity = isPChannel ? -1 : 1
        law = model[.level] == 3 ? .semiEmpirical : .shichmanHodges
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let perKelvin = PhysicalConstants.boltzmannOverCharge
        let nominalThermal = perKelvin * nominal
        thermal = perKelvin * temperature
        let charge = PhysicalConstants.elementaryCharge
        func gap(_ t: Double) -> Double { 1.16 - 7.02e-4 * t * t / (t + 1108) }

        // What is not given follows from the process.
        oxide =
            model.isGiven(.tox)
            ? Self.siliconDioxide / model[.tox] : law == .semiEmpirical ? Self.siliconDioxide / 1e-7 : 0
        let kp = model.isGiven(.kp) ? model[.kp] : oxide > 0 ? model[.uo] * 1e-4 * oxide : 2e-5
        var phi = model.given(.phi, else: 0.6)
        var gamma = model.given(.gamma, else: 0)
        var threshold = polarity * model.given(.vto, else: 0)
        let doping = model.given(.nsub, else: 0) * 1e6
        if doping > 1.45e16, oxide > 0 {
            if !model.isGiven(.phi) { phi = max(2 * nominalThermal * Glibc.log(doping / 1.45e16), 0.1) }
            if !model.isGiven(.gamma) { gamma = (2 * Self.silicon * charge * doping).squareRoot() / oxide }
            if !model.isGiven(.vto) {
                // Work functions of gate and substrate.
                let half = 0.5 * gap(nominal)
                let gate = model[.tpg] == 0 ? 3.2 : 3.25 + half - polarity * model[.tpg] * half
                let flatBand = gate - (3.25 + half + polarity * 0.5 * phi) - model[.nss] * 1e4 * charge / oxide
                threshold = polarity * flatBand + gamma * phi.squareRoot() + phi
            }
        }
        depletion = doping > 0 ? 2 * Self.silicon / (charge * doping) : 0
        areaCapacitance =
            model.isGiven(.cj)
            ? model[.cj]
            : doping > 0 ? (Self.silicon * charge * doping / (2 * model[.pb])).squareRoot() : 0

        // Temperature.
        let ratio = temperature / nominal
        let slowing = ratio * ratio.squareRoot()
        transconductance = kp / slowing
        mobility = model[.uo] / slowing
        bodyEffect = gamma
        junctions = JunctionTemperature(temperature: temperature, nominal: nominal)
        surfacePotential = junctions.junction(potential: phi, capacitance: 0, grading: 0.5).0
        builtIn =
            threshold - gamma * phi.squareRoot() + polarity * 0.5 * (gap(nominal) - gap(temperature))
            + 0.5 * (surfacePotential - phi)
        saturationGrowth = Glibc.exp(gap(nominal) / nominalThermal - gap(temperature) / thermal)
    }

    /// Depletion charge of a junction's area with this capacitance at 0 V [F].
    func bottom(_ capacitance: Double) -> DepletionCharge { charge(capacitance, model[.mj]) }

    /// The same of its edge.
    func sidewall(_ capacitance: Double) -> DepletionCharge {
        charge(capacitance, model.given(.mjsw, else: law == .shichmanHodges ? 0.5 : 0.33))
    }

    private func charge(_ capacitance: Double, _ grading: Double) -> DepletionCharge {
        let (potential, moved) = junctions.junction(potential: model[.pb], capacitance: capacitance, grading: grading)
        return DepletionCharge(
            capacitance: moved, potential: potential, grading: grading, forward: min(model[.fc], 0.95))
    }
}
