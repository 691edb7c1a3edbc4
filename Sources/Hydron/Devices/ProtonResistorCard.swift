import Glibc
import SpiceNetlist

extension ProtonResistor: ElementKind {
    static let description = ElementDescription(
        letter: "p", name: "proton resistor",
        syntax: "Pname drain source gate model [x0=] [w=] [l=] [m=] [temp=] [dtemp=]",
        summary: """
            Three-terminal protonic programmable resistor (Onen et al., Science 377, 539, 2022): gate pulses drive \
            protons into or out of the channel and set its conductance.
            """,
        example: """
            Ten pulses write, and the gate rests
            vg g 0 pulse(0 10 10n 0.1n 0.1n 5n 20n 10)
            vd d 0 0.1
            p1 d 0 g synapse x0=0.5
            .model synapse proton(gmin=3n gmax=100n)
            .tran 1n 250n
            .print tran v(g) @p1[x] @p1[g] i(vd)
            .end
            """,
        modelTypes: ["proton"], instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    /// Size of the published device, to which the model's values refer [m].
    private static let referenceWidth = 150e-9
    private static let referenceLength = 50e-9

    enum Model: Int, ParameterKey {
        case gmin, gmax, gnl, ge, rc
        case qmax, x0, qres
        case ip0, v0, ea, asy, kup, kdn, xw
        case voc0, voc1, nvoc, vb
        case cg, cgdo, cgso, gel
        case tret, xeq, eret
        case kf, tnom, trise, kg, kp, w, l, xdc

        var parameter: Parameter {
            switch self {
            case .gmin:
                Parameter("gmin", unit: "S", default: 3e-9, .positive, "conductance of the empty channel (estimate)")
            case .gmax:
                Parameter("gmax", unit: "S", default: 100e-9, .positive, "conductance of the full channel (estimate)")
            case .gnl:
                Parameter("gnl", unit: "-", default: 0, .open(-1, 1), "curvature of the conductance over occupancy")
            case .ge: Parameter("ge", unit: "eV", default: 0, .nonNegative, "activation energy of the conductance")
            case .rc: Parameter("rc", unit: "Ω", default: 0, .nonNegative, "contacts of both ends together")
            case .qmax:
                Parameter("qmax", unit: "C", default: 22e-15, .positive, "charge that fills the channel from 0 to 1")
            case .x0: Parameter("x0", unit: "-", default: 0.02, .closed(0, 1), "initial occupancy")
            case .qres:
                Parameter("qres", unit: "C", default: 0, .nonNegative, "hydrogen on the gate side, 0 for unlimited")
            case .ip0: Parameter("ip0", unit: "A", default: 3.70e-12, .positive, "prefactor of the ionic current")
            case .v0:
                Parameter(
                    "v0", unit: "V", default: 1.2926, .positive, "field scale 2 kT/q times thickness over hop length")
            case .ea:
                Parameter(
                    "ea", unit: "eV", default: 0.40, .nonNegative, "activation energy of the ionic current (estimate)")
            case .asy:
                Parameter("asy", unit: "-", default: 0, .open(-1, 1), "asymmetry of insertion against extraction")
            case .kup:
                Parameter("kup", unit: "-", default: 0, .upTo(0, below: 1), "slow-down of insertion with occupancy")
            case .kdn:
                Parameter("kdn", unit: "-", default: 0, .upTo(0, below: 1), "slow-down of extraction with vacancy")
            case .xw: Parameter("xw", unit: "-", default: 0.01, .open(0, 1), "width of the full and empty limits")
            case .voc0: Parameter("voc0", unit: "V", default: 0, .any, "open-circuit potential at half filling")
            case .voc1:
                Parameter(
                    "voc1", unit: "V", default: 0, .nonNegative, "slope of the open-circuit potential over occupancy")
            case .nvoc:
                Parameter("nvoc", unit: "-", default: 0, .nonNegative, "Nernst factor of the open-circuit potential")
            case .vb: Parameter("vb", unit: "V", default: 0, .nonNegative, "low-field blocking, 0 for none")
            case .cg:
                Parameter(
                    "cg", unit: "F", default: 33e-18, .nonNegative, "gate capacitance, half to each end (estimate)")
            case .cgdo: Parameter("cgdo", unit: "F", default: 0, .nonNegative, "overlap of gate and drain")
            case .cgso: Parameter("cgso", unit: "F", default: 0, .nonNegative, "overlap of gate and source")
            case .gel:
                Parameter("gel", unit: "S", default: 1e-18, .nonNegative, "electronic leakage of the electrolyte")
            case .tret: Parameter("tret", unit: "s", default: 1e8, .positive, "self-discharge time (estimate)")
            case .xeq: Parameter("xeq", unit: "-", default: 0, .closed(0, 1), "occupancy at rest")
            case .eret:
                Parameter(
                    "eret", unit: "eV", default: 0.60, .nonNegative, "activation energy of self-discharge (estimate)")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise, S = kf Id²/f")
            case .tnom: Parameter("tnom", unit: "°C", default: 27, .celsius, "temperature at which the parameters hold")
            case .trise: Parameter("trise", unit: "K", default: 0, .any, "heating of the device above its surroundings")
            case .kg: Parameter("kg", unit: "-", default: 1, .positive, "spread: factor of the conductance")
            case .kp: Parameter("kp", unit: "-", default: 1, .positive, "spread: factor of the ionic current")
            case .w:
                Parameter(
                    "w", unit: "m", default: referenceWidth, .positive, "channel width, scales qmax, ip0, cg and G")
            case .l:
                Parameter(
                    "l", unit: "m", default: referenceLength, .positive, "channel length, scales qmax, ip0, cg and 1/G")
            case .xdc:
                Parameter(
                    "xdc", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "1: static analyses solve for the occupancy instead of holding it")
            }
        }
    }

    enum Instance: Int, ParameterKey {
        case x0, w, l, m, temp, dtemp
        case gmin, gmax, qmax, ip0, cg, trise, kg, kp

        var parameter: Parameter {
            switch self {
            case .x0: Parameter("x0", unit: "-", default: nil, .closed(0, 1), "initial occupancy, else the model's")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "channel width, else the model's")
            case .l: Parameter("l", unit: "m", default: nil, .positive, "channel length, else the model's")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "devices in parallel")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this device")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .gmin:
                Parameter(
                    "gmin", unit: "S", default: nil, .positive, "conductance of the empty channel, else the model's")
            case .gmax:
                Parameter(
                    "gmax", unit: "S", default: nil, .positive, "conductance of the full channel, else the model's")
            case .qmax:
                Parameter("qmax", unit: "C", default: nil, .positive, "charge that fills the channel, else the model's")
            case .ip0:
                Parameter("ip0", unit: "A", default: nil, .positive, "prefactor of the ionic current, else the model's")
            case .cg: Parameter("cg", unit: "F", default: nil, .nonNegative, "gate capacitance, else the model's")
            case .trise: Parameter("trise", unit: "K", default: nil, .any, "heating, else the model's")
            case .kg: Parameter("kg", unit: "-", default: nil, .positive, "spread of the conductance, else the model's")
            case .kp:
                Parameter("kp", unit: "-", default: nil, .positive, "spread of the ionic current, else the model's")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        // Xyce's and HSPICE's ports have the same letter.
        if card.gives("port") { return IndependentSourceCard.elaborate(card, isVoltage: true) }
        guard let d = card.node("drain"), let s = card.node("source"), let g = card.node("gate"),
            let model = card.model(["proton"])
        else { return }
        guard let instance = card.parameters(Instance.self) else { return }
        let temperature =
            card.temperature(
                given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
        let device = ProtonResistor(
            model: model.values(Model.self), instance: instance, ambient: temperature, multiplier: card.multiplier)
        card.builder.add(device, [d, s, g], identity: card.identity)
    }

    /// The device at `ambient` [K], before its own heating.
    init(
        model: ParameterValues<Model>, instance: ParameterValues<Instance>, ambient: Double, multiplier: Double = 1
    ) {
        func value(_ key: Instance, _ general: Model) -> Double { instance.given(key, else: model[general]) }
        let temperature = ambient + value(.trise, .trise)
        let nominal = model[.tnom] + PhysicalConstants.zeroCelsius
        /// A(E), E in eV.
        func activation(_ energy: Double) -> Double {
            Glibc.exp(-energy / PhysicalConstants.boltzmannOverCharge * (1 / temperature - 1 / nominal))
        }
        let w = value(.w, .w)
        let l = value(.l, .l)
        let area = (w * l) / (Self.referenceWidth * Self.referenceLength)
        let aspect = (w / l) / (Self.referenceWidth / Self.referenceLength)
        let gmin = value(.gmin, .gmin)
        let gmax = value(.gmax, .gmax)
        let spread = value(.kg, .kg) * activation(model[.ge]) * aspect
        x0 = value(.x0, .x0)
        physics = ProtonPhysics(
            gmin: gmin * spread, gspan: (gmax - gmin) * spread, gnl: model[.gnl], rc: model[.rc],
            qmax: value(.qmax, .qmax) * area, qres: model[.qres], reference: x0,
            ip0: value(.kp, .kp) * value(.ip0, .ip0) * activation(model[.ea]) * area,
            v0: model[.v0] * temperature / nominal, asy: model[.asy], kup: model[.kup], kdn: model[.kdn],
            xw: model[.xw], vb: model[.vb], voc0: model[.voc0], voc1: model[.voc1],
            nernst: model[.nvoc] * PhysicalConstants.boltzmannOverCharge * temperature,
            lossRate: activation(model[.eret]) / model[.tret], xeq: model[.xeq])
        self.multiplier = instance[.m] * multiplier
        let capacitance = value(.cg, .cg) * area
        gateDrain = 0.5 * capacitance + model[.cgdo]
        gateSource = 0.5 * capacitance + model[.cgso]
        gel = model[.gel]
        solvesDirect = model[.xdc] != 0
        thermal = PhysicalConstants.boltzmannOverCharge * temperature
        // Each of those in parallel has its part of the current.
        flicker = FlickerNoise(coefficient: model[.kf] / self.multiplier, exponent: 2)
    }
}
