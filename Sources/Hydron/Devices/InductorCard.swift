import SpiceNetlist

extension Inductor: ElementKind {
    static let description = ElementDescription(
        letter: "l", name: "inductor",
        syntax: "Lname n+ n- [value] [model] [l=|flux=] [ic=] [tc1=] [tc2=] [tc=a[,b]] [temp=] [dtemp=] [m=] [scale=] "
            + "[rser=] [rpar=] [cpar=]",
        summary: """
            Inductor with a temperature law; its current is an unknown of the circuit. K couples inductors to each \
            other.
            """,
        example: """
            A current that rises in an inductor
            v1 in 0 pulse(0 1 0 1n 1n 1 2)
            r1 in a 10
            l1 a 0 1m
            .tran 10u 0.5m
            .print tran v(a) i(l1)
            .meas tran tau when i(l1)=63.212m rise=1
            .assert 'abs(tau/100u - 1) < 1e-3'
            .end
            """,
        modelTypes: modelTypes, instanceParameters: Instance.table, modelParameters: Model.table, outputs: outputs)

    private static let modelTypes = ["l", "ind"]

    enum Model: Int, ParameterKey {
        case l, ic, tc1, tc2, tnom, level

        var parameter: Parameter {
            switch self {
            case .l:
                Parameter(
                    "l", "ind", unit: "H", default: nil, .any, "inductance where the card has none; a factor in Xyce")
            case .ic: Parameter("ic", unit: "A", default: nil, .any, "current at which a transient with 'uic' starts")
            case .tc1: Parameter("tc1", unit: "1/K", default: 0, .any, "linear temperature coefficient")
            case .tc2: Parameter("tc2", unit: "1/K²", default: 0, .any, "quadratic temperature coefficient")
            case .tnom:
                Parameter("tnom", "tref", unit: "°C", default: nil, .celsius, "temperature at which the values hold")
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .any, "model selector, of no effect")
            }
        }
    }

    enum Instance: Int, ParameterKey {
        case l, ic, tc1, tc2, temp, dtemp, m, scale, rser, rpar, cpar

        var parameter: Parameter {
            switch self {
            case .l: Parameter("l", "inductance", unit: "H", default: nil, .any, "inductance, or an expression for it")
            case .ic: Parameter("ic", unit: "A", default: nil, .any, "current at which a transient with 'uic' starts")
            case .tc1:
                Parameter("tc1", unit: "1/K", default: nil, .any, "linear temperature coefficient, else the model's")
            case .tc2:
                Parameter(
                    "tc2", unit: "1/K²", default: nil, .any, "quadratic temperature coefficient, else the model's")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this inductor")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "inductors in parallel")
            case .scale: Parameter("scale", unit: "-", default: 1, .any, "factor of the inductance")
            case .rser:
                Parameter(
                    "rser", unit: "Ω", default: 0, .nonNegative,
                    "resistance in series; 1 mΩ with `--dialect ltspice` unless K couples the inductor")
            case .rpar: Parameter("rpar", unit: "Ω", default: 0, .nonNegative, "resistance in parallel, 0 for none")
            case .cpar: Parameter("cpar", unit: "F", default: 0, .nonNegative, "capacitance in parallel")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let (plus, minus) = card.nodePair() else { return }
        if card.dialect.inductorResistance == 0, let inductance = card.takePlainNumber() {
            add(card, plus, minus, inductance, multiplier: 1, initialCurrent: .nan)
            return
        }
        card.dropCatalogueData("ipk")
        if let flux = card.take(key: "flux") {
            guard let program = card.program(flux, x: .current), let instance = card.parameters(Instance.self) else {
                return
            }
            let strays = Strays(
                seriesResistance: instance[.rser], parallelResistance: instance[.rpar],
                parallelCapacitance: instance[.cpar])
            let inner = strays.add(to: card, plus, minus, multiplier: instance[.m])
            return Behavioural.inductor(card, inner, minus, flux: program, multiplier: instance[.m])
        }
        guard let fields = PassiveFields(card, "inductance", keys: ["l", "inductance"], models: modelTypes) else {
            return
        }
        guard let instance = card.parameters(Instance.self) else { return }
        let model = fields.model?.values(Model.self) ?? ParameterValues()
        let temperature = card.temperature(given: instance.ifGiven(.temp), rise: instance[.dtemp])
        let factor = fields.temperatureFactor(
            temperature - card.nominalTemperature(model.ifGiven(.tnom)), tc1: instance.ifGiven(.tc1),
            tc2: instance.ifGiven(.tc2), model: (model[.tc1], model[.tc2]))
        let multiplies = fields.modelMultiplies(card, "l")
        let loss = card.elaborator.elements.coupled.contains(card.name) ? 0 : card.dialect.inductorResistance
        let inner = Strays(
            seriesResistance: instance.given(.rser, else: loss), parallelResistance: instance[.rpar],
            parallelCapacitance: instance[.cpar]
        ).add(to: card, plus, minus, multiplier: instance[.m])
        if let expression = fields.expression {
            guard let program = card.program(expression) else { return }
            let scale = factor * instance[.scale] * (multiplies ? model.given(.l, else: 1) : 1)
            return Behavioural.inductor(card, inner, minus, program, multiplier: instance[.m], scale: scale)
        }
        var nominal = instance.ifGiven(.l) ?? fields.value
        if multiplies, let own = nominal {
            nominal = own * model.given(.l, else: 1)
        }
        guard let inductance = nominal ?? model.ifGiven(.l) else {
            card.reportMissing("inductance", hint: "write it behind the nodes")
            return
        }
        add(
            card, inner, minus, inductance * factor * instance[.scale], multiplier: instance[.m],
            initialCurrent: instance.given(.ic, else: model[.ic]))
    }

    private static func add(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ value: Double, multiplier: Double, initialCurrent: Double
    ) {
        let inductance = value / (multiplier * card.multiplier)
        guard inductance.isFinite else {
            card.error("the inductance of \(card.name) is \(inductance) H, which can't be computed with")
            return
        }
        card.warnIfNegative(inductance, "inductance")
        let branch = card.builder.branch(card.name)
        card.builder.add(
            Inductor(
                inductance: inductance, parallelCount: multiplier * card.multiplier, initialCurrent: initialCurrent),
            [plus, minus, branch], identity: card.identity)
        guard !initialCurrent.isNaN, card.dialect.initialConditionsHoldOperatingPoint else { return }
        card.builder.initialConditions.append(
            NodeCondition(unknown: branch, value: initialCurrent, range: card.identity.range))
    }
}

extension Inductor: PlainElement {
    static func takesPlain(_ value: Double) -> Bool { value >= 0 }

    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder
    ) {
        let branch = builder.branch(builder.directory.names.name(of: identity.name))
        builder.add(
            Inductor(inductance: value, parallelCount: 1, initialCurrent: .nan), [nodes[0], nodes[1], branch],
            identity: identity)
    }
}
