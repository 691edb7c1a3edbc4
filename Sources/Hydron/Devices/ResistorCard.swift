import Glibc
import SpiceNetlist

extension Resistor: ElementKind {
    static let description = ElementDescription(
        letter: "r", name: "resistor",
        syntax:
            "Rname n+ n- [value] [model] [r=] [l=] [w=] [tc1=] [tc2=] [tce=] [tc=a[,b]] [temp=] [dtemp=] [m=] [scale=]",
        summary: """
            Resistor with a temperature law. The value is a number, follows from a model's sheet resistance and the \
            size, or is an expression of the solution.
            """,
        example: """
            A divider that heats up, and a film resistor by its squares
            v1 in 0 2
            r1 in out 1k tc1=4m
            r2 out 0 film l=10u w=1u
            .model film r(rsh=100)
            .dc temp -40 125 55
            .print dc v(out) i(r1) @r1[reff]
            .end
            """,
        modelTypes: modelTypes, instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    private static let modelTypes = ["r", "res"]
    /// Takes the place of 0 Ω, as in ngspice.
    private static let smallest = 1e-3
    /// Below this [Ω] conductances are beyond what the equations can be solved with.
    private static let negligible = 1e-15

    enum Model: Int, ParameterKey {
        case r, rsh, narrow, dlr, defw, w, l
        case tc1, tc2, tce, tnom
        case kf, af, lf, wf, ef, bvMaximum, level

        var parameter: Parameter {
            switch self {
            case .r:
                Parameter(
                    "r", "res", "resistance", unit: "Ω", default: nil, .any,
                    "resistance where the card has none; a factor in Xyce")
            case .rsh: Parameter("rsh", unit: "Ω", default: nil, .nonNegative, "sheet resistance per square")
            case .narrow: Parameter("narrow", "dw", unit: "m", default: 0, .any, "narrowing by side etching")
            case .dlr: Parameter("dlr", "short", "dl", unit: "m", default: 0, .any, "shortening by side etching")
            case .defw: Parameter("defw", unit: "m", default: 10e-6, .positive, "width where the card has none")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width where the card has none, else defw")
            case .l: Parameter("l", "defl", unit: "m", default: 10e-6, .nonNegative, "length where the card has none")
            case .tc1: Parameter("tc1", "tc1r", unit: "1/K", default: 0, .any, "linear temperature coefficient")
            case .tc2: Parameter("tc2", "tc2r", unit: "1/K²", default: 0, .any, "quadratic temperature coefficient")
            case .tce:
                Parameter(
                    "tce", unit: "%/K", default: nil, .any,
                    "exponential temperature coefficient, instead of tc1 and tc2")
            case .tnom:
                Parameter("tnom", "tref", unit: "°C", default: nil, .celsius, "temperature at which the values hold")
            case .kf: Parameter("kf", unit: "-", default: 0, .nonNegative, "flicker noise coefficient")
            case .af: Parameter("af", unit: "-", default: 2, .any, "flicker noise exponent of the current")
            case .lf: Parameter("lf", unit: "-", default: 1, .any, "flicker noise exponent of the length")
            case .wf: Parameter("wf", unit: "-", default: 1, .any, "flicker noise exponent of the width")
            case .ef: Parameter("ef", unit: "-", default: 1, .any, "flicker noise exponent of the frequency")
            case .bvMaximum:
                Parameter(
                    "bv_max", unit: "V", default: .infinity, .any, "largest voltage of safe operation, not watched")
            case .level:
                Parameter(
                    "level", unit: Parameter.choice, default: 1, .any, "model selector; 2 is the thermal resistor")
            }
        }
    }

    enum Instance: Int, ParameterKey {
        case r, ac, l, w
        case tc1, tc2, tce, temp, dtemp, m, scale, noisy

        var parameter: Parameter {
            switch self {
            case .r: Parameter("r", "resistance", unit: "Ω", default: nil, .any, "resistance, or an expression for it")
            case .ac:
                Parameter("ac", unit: "Ω", default: nil, .any, "resistance in small-signal analyses, not supported")
            case .l: Parameter("l", unit: "m", default: nil, .nonNegative, "length, else the model's")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width, else the model's")
            case .tc1:
                Parameter("tc1", unit: "1/K", default: nil, .any, "linear temperature coefficient, else the model's")
            case .tc2:
                Parameter(
                    "tc2", unit: "1/K²", default: nil, .any, "quadratic temperature coefficient, else the model's")
            case .tce:
                Parameter(
                    "tce", unit: "%/K", default: nil, .any, "exponential temperature coefficient, else the model's")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this resistor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .m: Parameter("m", unit: "-", default: 1, .nonNegative, "resistors in parallel")
            case .scale: Parameter("scale", unit: "-", default: 1, .any, "factor of the resistance")
            case .noisy: Parameter("noisy", "noise", unit: Parameter.choice, default: 1, .any, "0: no thermal noise")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let (plus, minus) = card.nodePair() else { return }
        // Subcircuits hold many of `Rname n+ n- number`: no table for those.
        if let resistance = card.takePlainNumber() {
            add(
                card, plus, minus, resistance, nominal: resistance, multiplier: 1,
                temperature: card.options.temperature)
            return
        }
        card.dropCatalogueData("tol", "pwr")
        guard let fields = PassiveFields(card, "resistance", keys: ["r", "resistance"], models: modelTypes) else {
            return
        }
        if let model = fields.model, ThermalResistorCard.describes(card, model) {
            return ThermalResistorCard.elaborate(card, plus, minus, model)
        }
        guard let instance = card.parameters(Instance.self) else { return }
        if instance.isGiven(.ac) {
            card.warning(
                "the small-signal resistance 'ac=' of \(card.name) is not used",
                hint: "its value counts in every analysis")
        }
        let model = fields.model?.values(Model.self) ?? ParameterValues()
        let temperature = card.temperature(given: instance.ifGiven(.temp), rise: instance[.dtemp])
        let rise = temperature - card.nominalTemperature(model.ifGiven(.tnom))
        let factor: Double
        if let exponential = instance.ifGiven(.tce) ?? model.ifGiven(.tce) {
            factor = Glibc.pow(1.01, exponential * rise)
        } else {
            factor = fields.temperatureFactor(
                rise, tc1: instance.ifGiven(.tc1), tc2: instance.ifGiven(.tc2), model: (model[.tc1], model[.tc2]))
        }
        let multiplies = fields.modelMultiplies(card, "r")
        if let expression = fields.expression {
            guard let program = card.program(expression) else { return }
            let scale = factor * instance[.scale] * (multiplies ? model.given(.r, else: 1) : 1)
            return Behavioural.resistor(card, plus, minus, program, multiplier: instance[.m], scale: scale)
        }
        let own = instance.ifGiven(.r) ?? fields.value
        guard let resistance = nominal(card, instance, model, value: own, multiplies) else { return }
        add(
            card, plus, minus, resistance * factor * instance[.scale], nominal: own ?? resistance,
            multiplier: instance[.m], temperature: instance[.noisy] != 0 ? temperature : 0)
    }

    /// The resistance at the reference temperature [Ω].
    private static func nominal(
        _ card: ElementCard, _ instance: ParameterValues<Instance>, _ model: ParameterValues<Model>, value: Double?,
        _ multiplies: Bool
    ) -> Double? {
        var resistance = value
        if resistance == nil, model.isGiven(.rsh) {
            let width = instance.given(.w, else: model.given(.w, else: model[.defw])) - model[.narrow]
            let length = instance.given(.l, else: model[.l]) - model[.dlr]
            guard width > 0, length >= 0 else {
                card.error(
                    "\(card.name) has no area: length \(length) m and width \(width) m after etching",
                    hint: "check l, w and the model's narrow and short")
                return nil
            }
            resistance = model[.rsh] * length / width
        }
        if multiplies {
            if let own = resistance { return own * model.given(.r, else: 1) }
        } else if resistance == nil {
            resistance = model.ifGiven(.r)
        }
        if resistance == nil {
            card.reportMissing("resistance", hint: "write it behind the nodes, or name a model with rsh=")
        }
        return resistance
    }

    private static func add(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ value: Double, nominal: Double, multiplier: Double,
        temperature: Double
    ) {
        var resistance = value
        if resistance.magnitude < negligible {
            card.warning("\(card.name) has a resistance of \(resistance) Ω: 1 mΩ is taken instead")
            resistance = smallest
        }
        let conductance = multiplier * card.multiplier / resistance
        guard conductance.isFinite, resistance.isFinite else {
            card.error("the resistance of \(card.name) is \(resistance) Ω, which can't be computed with")
            return
        }
        card.builder.add(
            Resistor(conductance: conductance, temperature: temperature, nominal: nominal), plus, minus,
            identity: card.identity)
    }
}

extension Resistor: PlainElement {
    static func takesPlain(_ value: Double) -> Bool { value.magnitude >= negligible }

    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder
    ) {
        builder.add(
            Resistor(conductance: 1 / value, temperature: temperature, nominal: value), nodes[0], nodes[1],
            identity: identity)
    }
}
