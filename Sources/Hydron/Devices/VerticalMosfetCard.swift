import Glibc
import SpiceNetlist

extension VerticalMosfet: ElementKind {
    static let description = ElementDescription(
        letter: "m", name: "power MOSFET", syntax: "Mname drain gate source model [off] [m=] [temp=] [dtemp=]",
        summary:
            "Vertical power MOSFET with its body diode, as VDMOS in LTspice and ngspice. The word pchan in the model makes it one of p-channel.",
        example: """
            A switch for a coil, whose diode takes the current over
            v1 vcc 0 12
            l1 vcc a 100u
            r1 a d 10
            d1 d vcc dx
            .model dx d(is=1n rs=50m)
            m1 d g 0 irf
            .model irf vdmos(nchan vto=3.5 kp=20 rd=40m rs=10m cgs=1n cgdmin=50p cgdmax=500p a=0.4 is=1p cjo=500p bv=100)
            vg g 0 pulse(0 10 1u 50n 50n 20u 50u)
            .tran 0.1u 50u
            .print tran v(d) i(l1) i(d1)
            .end
            """,
        modelTypes: ["vdmos"], instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    enum Instance: Int, ParameterKey {
        case off, m, temp, dtemp

        var parameter: Parameter {
            switch self {
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "the operating point's search begins with no current")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "transistors in parallel")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this transistor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case pchan, nchan, vto, kp, lambda, theta, mtriode, ksubthres, subshift, rd, rs, rg, rds, rq, vq, phi
        case cgs, cgdmin, cgdmax, a, `is`, n, rb, bv, ibv, nbv, cjo, vj, m, fc, tt, eg, xti
        case tnom, mu, tcvth, texp0, texp1, trd1, trd2, trg1, trg2, trs1, trs2, trb1, trb2, tksubthres1, tksubthres2
        case kf, af, rthjc, rthca, cthj

        var parameter: Parameter {
            switch self {
            case .pchan: Parameter("pchan", unit: "-", default: 0, .closed(0, 1), "1, or the word alone: a p-channel")
            case .nchan: Parameter("nchan", unit: "-", default: 0, .closed(0, 1), "1, or the word alone: an n-channel")
            case .vto: Parameter("vto", "vt0", "vth0", unit: "V", default: 0, .any, "threshold voltage")
            case .kp: Parameter("kp", unit: "A/V²", default: 1, .positive, "transconductance")
            case .lambda: Parameter("lambda", unit: "1/V", default: 0, .nonNegative, "channel-length modulation")
            case .theta: Parameter("theta", unit: "1/V", default: 0, .nonNegative, "the gate's influence on mobility")
            case .mtriode: Parameter("mtriode", unit: "-", default: 1, .positive, "conductance below saturation")
            case .ksubthres: Parameter("ksubthres", unit: "V", default: 0.1, .positive, "slope of weak inversion")
            case .subshift: Parameter("subshift", unit: "V", default: 0, .any, "its shift along vgs")
            case .rd: Parameter("rd", unit: "Ω", default: 0, .nonNegative, "drain resistance")
            case .rs: Parameter("rs", unit: "Ω", default: 0, .nonNegative, "source resistance")
            case .rg: Parameter("rg", unit: "Ω", default: 0, .nonNegative, "gate resistance")
            case .rds: Parameter("rds", unit: "Ω", default: 1e15, .positive, "resistance from drain to source")
            case .rq:
                Parameter(
                    "rq", unit: "Ω", default: 0, .nonNegative,
                    "quasi-saturation: what joins rd as vds grows, only with vq")
            case .vq: Parameter("vq", unit: "V", default: 0, .any, "drain voltage at which half of rq is there")
            case .phi: Parameter("phi", unit: "V", default: 0.6, .any, "of no effect")
            case .cgs: Parameter("cgs", unit: "F", default: 0, .nonNegative, "gate–source capacitance")
            case .cgdmin:
                Parameter("cgdmin", unit: "F", default: 0, .nonNegative, "gate–drain capacitance far below vgd = 0")
            case .cgdmax: Parameter("cgdmax", unit: "F", default: 0, .nonNegative, "the same far above it")
            case .a: Parameter("a", unit: "1/V", default: 1, .positive, "how steeply it passes from one to the other")
            case .is: Parameter("is", unit: "A", default: 1e-14, .positive, "saturation current of the body diode")
            case .n: Parameter("n", unit: "-", default: 1, .positive, "its emission coefficient")
            case .rb: Parameter("rb", unit: "Ω", default: 0, .nonNegative, "its series resistance")
            case .bv: Parameter("bv", unit: "V", default: nil, .positive, "its breakdown voltage, none where absent")
            case .ibv: Parameter("ibv", unit: "A", default: 1e-10, .nonNegative, "its current there")
            case .nbv: Parameter("nbv", unit: "-", default: 1, .positive, "emission coefficient of breakdown")
            case .cjo: Parameter("cjo", unit: "F", default: 0, .nonNegative, "its capacitance at 0 V")
            case .vj: Parameter("vj", unit: "V", default: 0.8, .positive, "its potential")
            case .m: Parameter("m", unit: "-", default: 0.5, .nonNegative, "its grading coefficient")
            case .fc:
                Parameter(
                    "fc", unit: "-", default: 0.5, .upTo(0, below: 1), "where the capacitance goes on as a line, in vj")
            case .tt: Parameter("tt", unit: "s", default: 0, .nonNegative, "its transit time")
            case .eg: Parameter("eg", unit: "eV", default: 1.11, .nonNegative, "its activation energy")
            case .xti: Parameter("xti", unit: "-", default: 3, .any, "temperature exponent of is")
            case .tnom:
                Parameter(
                    "tnom", "tref", unit: "°C", default: nil, .celsius,
                    "temperature at which the values hold, else the option")
            case .mu: Parameter("mu", unit: "-", default: -1.5, .any, "temperature exponent of kp")
            case .tcvth: Parameter("tcvth", "vtotc", unit: "V/K", default: 0, .any, "fall of the threshold")
            case .texp0: Parameter("texp0", unit: "-", default: nil, .any, "temperature exponent of rd, before trd1")
            case .texp1: Parameter("texp1", unit: "-", default: 0.3, .any, "temperature exponent of rq")
            case .trd1: Parameter("trd1", unit: "1/K", default: 0, .any, "first temperature coefficient of rd")
            case .trd2: Parameter("trd2", unit: "1/K²", default: 0, .any, "second temperature coefficient of rd")
            case .trg1: Parameter("trg1", unit: "1/K", default: 0, .any, "first temperature coefficient of rg")
            case .trg2: Parameter("trg2", unit: "1/K²", default: 0, .any, "second temperature coefficient of rg")
            case .trs1: Parameter("trs1", unit: "1/K", default: 0, .any, "first temperature coefficient of rs")
            case .trs2: Parameter("trs2", unit: "1/K²", default: 0, .any, "second temperature coefficient of rs")
            case .trb1: Parameter("trb1", unit: "1/K", default: 0, .any, "first temperature coefficient of rb")
            case .trb2: Parameter("trb2", unit: "1/K²", default: 0, .any, "second temperature coefficient of rb")
            case .tksubthres1:
                Parameter("tksubthres1", unit: "1/K", default: 0, .any, "first temperature coefficient of ksubthres")
            case .tksubthres2:
                Parameter("tksubthres2", unit: "1/K²", default: 0, .any, "second temperature coefficient of ksubthres")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 1, .positive, "flicker noise exponent")
            case .rthjc: Parameter("rthjc", unit: "K/W", default: 1, .any, "of no effect: it does not heat itself")
            case .rthca: Parameter("rthca", unit: "K/W", default: 1000, .any, "of no effect: it does not heat itself")
            case .cthj: Parameter("cthj", unit: "J/K", default: 1e-5, .any, "of no effect: it does not heat itself")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let drain = card.node("drain"), let gate = card.node("gate"), let source = card.node("source") else {
            return
        }
        elaborate(card, drain, gate, source)
    }

    /// The rest of a card whose nodes are read.
    static func elaborate(_ card: ElementCard, _ drain: Int32, _ gate: Int32, _ source: Int32) {
        guard let model = card.model(["vdmos"]), let instance = card.parameters(Instance.self, flags: ["off"]) else {
            return
        }
        let values = model.values(Model.self)
        var device = VerticalMosfet(
            model: values, isPChannel: values[.pchan] != 0 || model.has("pchan"),
            multiple: instance[.m] * card.multiplier,
            temperature: card.temperature(
                given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp]),
            nominal: card.options.nominalTemperature)
        device.startsOff = instance[.off] != 0
        func inner(_ outer: Int32, _ name: String, _ conductance: Double) -> Int32 {
            conductance == 0 ? outer : card.builder.internalNode(card.name, name)
        }
        let nodes = [
            drain, gate, source, inner(drain, "drain", device.drainResistance),
            inner(gate, "gate", device.gateConductance), inner(source, "source", device.sourceConductance),
            inner(source, "body", device.body.seriesConductance),
        ]
        card.builder.add(device, nodes, identity: card.identity)
    }

    /// The transistor at `temperature` [K], `multiple` of them in parallel; `nominal` [K] stands where the model has no
    /// `tnom`.
    init(
        model: ParameterValues<Model>, isPChannel: Bool = false, multiple: Double = 1, temperature: Double,
        nominal: Double
    ) {
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let rise = temperature - nominal
        func change(_ first: Model, _ second: Model) -> Double { 1 + model[first] * rise + model[second] * rise * rise }
        func conductance(_ resistance: Double, _ change: Double) -> Double {
            resistance > 0 && change > 0 ? multiple / (resistance * change) : 0
        }
        polarity = isPChannel ? -1 : 1
        transconductance = model[.kp] * multiple * Glibc.pow(temperature / nominal, model[.mu])
        threshold = polarity * model[.vto] - model[.tcvth] * rise
        lengthModulation = model[.lambda]
        mobilityModulation = model[.theta]
        triode = model[.mtriode]
        subthreshold = model[.ksubthres] * max(change(.tksubthres1, .tksubthres2), 1e-3)
        shift = model[.subshift]
        let growth =
            model.isGiven(.texp0) ? Glibc.pow(temperature / nominal, model[.texp0]) : change(.trd1, .trd2)
        quasiSaturation =
            model.isGiven(.vq) ? model[.rq] / multiple * Glibc.pow(temperature / nominal, model[.texp1]) : 0
        quasiSaturationVoltage = abs(model[.vq])
        // Without rd the path would be a short circuit at 0 V, and quasi-saturation no function of the voltage there.
        drainResistance = max(model[.rd] / multiple * max(growth, 0), quasiSaturation * 1e-3)
        gateConductance = conductance(model[.rg], change(.trg1, .trg2))
        sourceConductance = conductance(model[.rs], change(.trs1, .trs2))
        shunt = multiple / model[.rds]
        gateSource = model[.cgs] * multiple
        leastGateDrain = min(model[.cgdmin], model[.cgdmax]) * multiple
        greatestGateDrain = max(model[.cgdmin], model[.cgdmax]) * multiple
        steepness = model[.a]
        var junction = ParameterValues<Diode.Model>()
        let same: [(Model, Diode.Model)] = [
            (.is, .is), (.n, .n), (.rb, .rs), (.ibv, .ibv), (.nbv, .nbv), (.cjo, .cjo), (.vj, .vj), (.m, .m),
            (.fc, .fc), (.tt, .tt),
            (.eg, .eg), (.xti, .xti), (.trb1, .trs1), (.trb2, .trs2),
        ]
        for (own, key) in same { junction[key] = model[own] }
        if model.isGiven(.bv) { junction[.bv] = model[.bv] }
        flicker = FlickerNoise(coefficient: model[.kf], exponent: model[.af]).inParallel(multiple)
        body = Diode(model: junction, temperature: temperature, nominal: nominal, multiplier: multiple)
    }
}
