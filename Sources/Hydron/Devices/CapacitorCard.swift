import Glibc
import SpiceNetlist

extension Capacitor: ElementKind {
    static let description = ElementDescription(
        letter: "c", name: "capacitor",
        syntax: "Cname n+ n- [value] [model] [c=|q=] [ic=] [l=] [w=] [tc1=] [tc2=] [tc=a[,b]] [age=] [temp=] [dtemp=] "
            + "[m=] [scale=] [rser=] [lser=] [rlshunt=] [rpar=] [cpar=]",
        summary: """
            Capacitor with a temperature law. The value is a number, follows from a model and the size, or is an \
            expression of the solution, as a capacitance (c=) or as a charge (q=).
            """,
        example: """
            A charge pump's flying capacitor, and one whose capacitance falls with its voltage
            v1 in 0 pulse(0 5 0 1u 1u 1m 2m)
            r1 in a 1k
            c1 a 0 100n ic=1
            r2 in b 1k
            c2 b 0 c={100n/(1+v(b)/5)}
            .tran 1u 1m uic
            .print tran v(a) v(b) i(c1) @c2[c]
            .end
            """,
        modelTypes: modelTypes, instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    private static let modelTypes = ["c", "cap"]

    enum Model: Int, ParameterKey {
        case c, cj, cjsw, defw, defl, narrow, short
        case thick, di
        case tc1, tc2, tnom, d, bvMaximum, level

        var parameter: Parameter {
            switch self {
            case .c:
                Parameter(
                    "c", "cap", unit: "F", default: nil, .any, "capacitance where the card has none; a factor in Xyce")
            case .cj: Parameter("cj", unit: "F/m²", default: nil, .any, "capacitance per area")
            case .cjsw: Parameter("cjsw", unit: "F/m", default: 0, .any, "capacitance per length of the edge")
            case .defw: Parameter("defw", "w", unit: "m", default: 10e-6, .positive, "width where the card has none")
            case .defl:
                Parameter("defl", "l", unit: "m", default: 10e-6, .nonNegative, "length where the card has none")
            case .narrow: Parameter("narrow", "del", unit: "m", default: 0, .any, "narrowing by side etching")
            case .short: Parameter("short", unit: "m", default: 0, .any, "shortening by side etching")
            case .thick:
                Parameter("thick", unit: "m", default: 0, .nonNegative, "thickness of the dielectric, gives cj")
            case .di: Parameter("di", unit: "-", default: 3.9, .positive, "relative permittivity of the dielectric")
            case .tc1: Parameter("tc1", unit: "1/K", default: 0, .any, "linear temperature coefficient")
            case .tc2: Parameter("tc2", unit: "1/K²", default: 0, .any, "quadratic temperature coefficient")
            case .tnom:
                Parameter("tnom", "tref", unit: "°C", default: nil, .celsius, "temperature at which the values hold")
            case .d:
                Parameter("d", unit: "-", default: 0.0233, .any, "ageing, part of the value lost per decade of hours")
            case .bvMaximum:
                Parameter(
                    "bv_max", unit: "V", default: .infinity, .any, "largest voltage of safe operation, not watched")
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .any, "model selector, of no effect")
            }
        }
    }

    enum Instance: Int, ParameterKey {
        case c, ic, l, w, age
        case tc1, tc2, temp, dtemp, m, scale
        case rser, lser, rlshunt, rpar, cpar

        var parameter: Parameter {
            switch self {
            case .c:
                Parameter("c", "capacitance", unit: "F", default: nil, .any, "capacitance, or an expression for it")
            case .ic: Parameter("ic", unit: "V", default: nil, .any, "voltage at which a transient with 'uic' starts")
            case .l: Parameter("l", unit: "m", default: nil, .nonNegative, "length, else the model's")
            case .w: Parameter("w", unit: "m", default: nil, .positive, "width, else the model's")
            case .age: Parameter("age", unit: "h", default: nil, .positive, "age; without it the capacitor is new")
            case .tc1:
                Parameter("tc1", unit: "1/K", default: nil, .any, "linear temperature coefficient, else the model's")
            case .tc2:
                Parameter(
                    "tc2", unit: "1/K²", default: nil, .any, "quadratic temperature coefficient, else the model's")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this capacitor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .m: Parameter("m", unit: "-", default: 1, .nonNegative, "capacitors in parallel")
            case .scale: Parameter("scale", unit: "-", default: 1, .any, "factor of the capacitance")
            case .rser: Parameter("rser", unit: "Ω", default: 0, .nonNegative, "resistance in series")
            case .lser: Parameter("lser", unit: "H", default: 0, .nonNegative, "inductance in series")
            case .rlshunt:
                Parameter("rlshunt", unit: "Ω", default: 0, .nonNegative, "resistance across lser, 0 for none")
            case .rpar: Parameter("rpar", unit: "Ω", default: 0, .nonNegative, "resistance in parallel, 0 for none")
            case .cpar: Parameter("cpar", unit: "F", default: 0, .nonNegative, "capacitance in parallel")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let (plus, minus) = card.nodePair() else { return }
        if let capacitance = card.takePlainNumber() {
            add(card, plus, minus, capacitance, multiplier: 1, initialVoltage: .nan)
            return
        }
        card.dropCatalogueData("v", "irms")
        func strays(_ instance: ParameterValues<Instance>) -> Int32 {
            Strays(
                seriesResistance: instance[.rser], seriesInductance: instance[.lser],
                inductanceShunt: instance[.rlshunt], parallelResistance: instance[.rpar],
                parallelCapacitance: instance[.cpar]
            ).add(to: card, plus, minus, multiplier: instance[.m])
        }
        if let charge = card.take(key: "q") {
            guard let program = card.program(charge, x: .voltage), let instance = card.parameters(Instance.self) else {
                return
            }
            return Behavioural.capacitor(
                card, strays(instance), minus, charge: program, multiplier: instance[.m] * instance[.scale])
        }
        guard let fields = PassiveFields(card, "capacitance", keys: ["c", "capacitance"], models: modelTypes) else {
            return
        }
        guard let instance = card.parameters(Instance.self) else { return }
        let model = fields.model?.values(Model.self) ?? ParameterValues()
        let temperature = card.temperature(given: instance.ifGiven(.temp), rise: instance[.dtemp])
        let factor = fields.temperatureFactor(
            temperature - card.nominalTemperature(model.ifGiven(.tnom)), tc1: instance.ifGiven(.tc1),
            tc2: instance.ifGiven(.tc2), model: (model[.tc1], model[.tc2]))
        let ageing = instance.ifGiven(.age).map { 1 - model[.d] * Glibc.log10($0) } ?? 1
        let scale = factor * ageing * instance[.scale]
        let multiplies = fields.modelMultiplies(card, "c")
        if let expression = fields.expression {
            guard let program = card.program(expression) else { return }
            return Behavioural.capacitor(
                card, strays(instance), minus, capacitance: program, multiplier: instance[.m],
                scale: scale * (multiplies ? model.given(.c, else: 1) : 1))
        }
        guard
            let capacitance = nominal(card, instance, model, value: instance.ifGiven(.c) ?? fields.value, multiplies)
        else { return }
        add(
            card, strays(instance), minus, capacitance * scale, multiplier: instance[.m], initialVoltage: instance[.ic])
    }

    /// The capacitance at the reference temperature, before ageing [F].
    private static func nominal(
        _ card: ElementCard, _ instance: ParameterValues<Instance>, _ model: ParameterValues<Model>, value: Double?,
        _ multiplies: Bool
    ) -> Double? {
        var capacitance = value
        if capacitance == nil, let perArea = arealCapacitance(model) {
            let width = instance.given(.w, else: model[.defw]) - model[.narrow]
            let length = instance.given(.l, else: model[.defl]) - model[.short]
            guard width > 0, length >= 0 else {
                card.error(
                    "\(card.name) has no area: length \(length) m and width \(width) m after etching",
                    hint: "check l, w and the model's narrow and short")
                return nil
            }
            capacitance = perArea * length * width + 2 * model[.cjsw] * (length + width)
        }
        if multiplies {
            if let own = capacitance { return own * model.given(.c, else: 1) }
        }
        capacitance = capacitance ?? model.ifGiven(.c)
        if capacitance == nil {
            card.reportMissing("capacitance", hint: "write it behind the nodes, or name a model with cj=")
        }
        return capacitance
    }

    /// cj, or that of a dielectric of known thickness [F/m²].
    private static func arealCapacitance(_ model: ParameterValues<Model>) -> Double? {
        if model.isGiven(.cj) { return model[.cj] }
        if model[.thick] > 0 { return model[.di] * vacuumPermittivity / model[.thick] }
        return model.isGiven(.cjsw) ? 0 : nil
    }
    /// [F/m]
    private static let vacuumPermittivity = 8.8541878128e-12

    private static func add(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ value: Double, multiplier: Double, initialVoltage: Double
    ) {
        let capacitance = value * multiplier * card.multiplier
        guard capacitance.isFinite else {
            card.error("the capacitance of \(card.name) is \(capacitance) F, which can't be computed with")
            return
        }
        card.warnIfNegative(capacitance, "capacitance")
        card.builder.add(
            Capacitor(capacitance: capacitance, initialVoltage: initialVoltage), plus, minus, identity: card.identity)
        guard !initialVoltage.isNaN, card.dialect.initialConditionsHoldOperatingPoint, plus != minus else { return }
        guard plus == 0 || minus == 0 else {
            card.warning(
                "'ic=' of \(card.name) counts only with 'uic'", hint: "neither of its nodes is ground; use .ic for them"
            )
            return
        }
        card.builder.initialConditions.append(
            NodeCondition(
                unknown: plus == 0 ? minus : plus, value: plus == 0 ? -initialVoltage : initialVoltage,
                range: card.identity.range))
    }
}

extension Capacitor: PlainElement {
    static func takesPlain(_ value: Double) -> Bool { value >= 0 }

    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder
    ) {
        builder.add(
            Capacitor(capacitance: value, initialVoltage: .nan), nodes[0], nodes[1], identity: identity)
    }
}
