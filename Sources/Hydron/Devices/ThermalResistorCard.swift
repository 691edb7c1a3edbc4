import SpiceNetlist

/// A resistor that heats itself, `level=2` of a resistor's model:
///
///     R      = ρ(T) l/a                                           [Ω]
///     dT/dt  = i² R/(a l c(T) + a_t l_t c_t(T))                   [K/s]
///
/// with the resistivity ρ [Ω m], the volumetric heat capacity c [J/(m³ K)] of the conductor and c_t of what is coupled
/// to it. ρ, c and c_t may be expressions of the temperature `temp` [°C]. In static analyses the element is at the
/// temperature at which a transient starts. No heat is lost. (Xyce Reference Guide, Thermal Resistor.)
enum ThermalResistorCard: ElementKind {
    static let description = ElementDescription(
        letter: "r", name: "thermal resistor",
        syntax: "Rname n+ n- model l= a= [resistivity=] [heatcapacity=] [thermal_l=] [thermal_a=] [temp=] [m=]",
        summary: """
            Resistor that heats itself, level 2 of a model. Without a, l, resistivity and heatcapacity it is an \
            ordinary resistor.
            """,
        example: """
            A copper wire that 40 A warm up
            i1 0 a 40
            r1 a 0 copper l=0.1 a=1u
            .model copper r(level=2 resistivity={1.7e-8*(1+3.9m*(temp-27))} heatcapacity=3.4e6)
            .tran 10m 1
            .print tran v(a) @r1[temp]
            .end
            """,
        modelTypes: ["r", "res"], instanceParameters: Instance.table, modelParameters: Model.table,
        outputs: BehaviouralEquations.outputTable)

    enum Model: Int, ParameterKey {
        case level, resistivity, heatCapacity, coupledHeatCapacity, density

        var parameter: Parameter {
            switch self {
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .any, "2 for this element")
            case .resistivity:
                Parameter("resistivity", unit: "Ω·m", default: nil, .nonNegative, "resistivity, may depend on temp")
            case .heatCapacity:
                Parameter(
                    "heatcapacity", unit: "J/(m³·K)", default: nil, .nonNegative,
                    "volumetric heat capacity of the conductor, may depend on temp")
            case .coupledHeatCapacity:
                Parameter(
                    "thermal_heatcapacity", unit: "J/(m³·K)", default: 0, .nonNegative,
                    "volumetric heat capacity of what is coupled to it, may depend on temp")
            case .density: Parameter("density", unit: "kg/m³", default: 0, .any, "of no effect")
            }
        }
    }

    enum Instance: Int, ParameterKey {
        case l, a, resistivity, heatCapacity, coupledHeatCapacity, coupledLength, coupledArea, density
        case w, temp, m, outputsVariables

        var parameter: Parameter {
            switch self {
            case .l: Parameter("l", unit: "m", default: 0, .nonNegative, "length of the conductor")
            case .a: Parameter("a", unit: "m²", default: 0, .nonNegative, "cross-section of the conductor")
            case .resistivity: Parameter("resistivity", unit: "Ω·m", default: nil, .nonNegative, "else the model's")
            case .heatCapacity:
                Parameter("heatcapacity", unit: "J/(m³·K)", default: nil, .nonNegative, "else the model's")
            case .coupledHeatCapacity:
                Parameter("thermal_heatcapacity", unit: "J/(m³·K)", default: nil, .nonNegative, "else the model's")
            case .coupledLength:
                Parameter("thermal_l", unit: "m", default: 0, .nonNegative, "length of what is coupled to it")
            case .coupledArea:
                Parameter("thermal_a", unit: "m²", default: 0, .nonNegative, "cross-section of what is coupled to it")
            case .density: Parameter("density", unit: "kg/m³", default: 0, .any, "of no effect")
            case .w: Parameter("w", unit: "m", default: nil, .any, "of no effect")
            case .temp: Parameter("temp", unit: "°C", default: nil, .any, "temperature at which a run starts")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "resistors in parallel")
            case .outputsVariables: Parameter("outputintvars", unit: "-", default: 0, .any, "of no effect")
            }
        }
    }

    /// Resistors read the card and hand it on.
    static func elaborate(_ card: ElementCard) { Resistor.elaborate(card) }

    /// True where the card and its level-2 model say what heats up.
    static func describes(_ card: ElementCard, _ model: ModelCard?) -> Bool {
        guard let model, model.level == 2 else { return false }
        func isGiven(_ name: String) -> Bool { card.gives(name) || model.gives(name) }
        return card.gives("a") && card.gives("l") && isGiven("resistivity") && isGiven("heatcapacity")
    }

    /// The card from its model on.
    static func elaborate(_ card: ElementCard, _ plus: Int32, _ minus: Int32, _ model: ModelCard) {
        let rise = card.builder.auxiliary(card.name, "rise")
        let expressions = Expressions(card, model, rise)
        guard let instance = card.parameters(Instance.self) else { return }
        let values = model.values(Model.self)
        let start = card.temperature(given: instance.ifGiven(.temp), rise: 0) - PhysicalConstants.zeroCelsius
        let volume = instance[.a] * instance[.l]
        let coupledVolume = instance[.coupledArea] * instance[.coupledLength]
        let resistivity = instance.given(.resistivity, else: values[.resistivity])
        let heatCapacity = instance.given(.heatCapacity, else: values[.heatCapacity])
        guard volume > 0, resistivity > 0, heatCapacity > 0 else {
            card.error(
                "\(card.name) can't heat up: a = \(instance[.a]) m², l = \(instance[.l]) m, resistivity \(resistivity) Ω·m, heatcapacity \(heatCapacity) J/(m³·K)",
                hint: "all four must be positive")
            return
        }
        func times(_ expression: Expression, _ factor: Double) -> Expression {
            .binary(.multiply, expression, .number(factor, card.identity.range), card.identity.range)
        }
        let coupled = expressions.value(
            "thermal_heatcapacity", constant: instance.given(.coupledHeatCapacity, else: values[.coupledHeatCapacity]))
        let resistance = times(
            expressions.value("resistivity", constant: resistivity), instance[.l] / instance[.a])
        let capacity = Expression.binary(
            .add, times(expressions.value("heatcapacity", constant: heatCapacity), volume),
            times(coupled, coupledVolume), card.identity.range)
        let scope = expressions.scope(start: start)
        Behavioural.thermalResistor(
            card, plus, minus, resistance: DeferredProgram(expression: resistance, scope: scope),
            product: DeferredProgram(
                expression: .binary(.multiply, resistance, capacity, card.identity.range), scope: scope),
            rise: rise, start: start, multiplier: instance[.m])
    }

    /// Values that may be expressions of the element's own temperature.
    private struct Expressions {
        let card: ElementCard
        let model: ModelCard
        let rise: Int32
        private var tokens: [String: Token] = [:]

        init(_ card: ElementCard, _ model: ModelCard, _ rise: Int32) {
            self.card = card
            self.model = model
            self.rise = rise
            for name in ["resistivity", "heatcapacity", "thermal_heatcapacity"] {
                tokens[name] = card.field(name) ?? model.field(name)
            }
        }

        /// What was written where that is an expression, else `constant`.
        func value(_ name: String, constant: Double) -> Expression {
            if let token = tokens[name], token.kind == .expression, let expression = card.expression(token) {
                return expression
            }
            return .number(constant, card.identity.range)
        }

        /// The card's names, in which `temp` is the element's temperature.
        func scope(start: Double) -> Scope {
            let range = card.identity.range
            let scope = Scope(
                card.elaborator, outer: card.scope, caller: card.scope.caller, prefix: card.scope.prefix,
                call: card.scope.call, multiplier: card.scope.multiplier)
            let probe = Probe(
                kind: .internalVariable, arguments: [card.builder.unknowns.name(Int(rise))], part: nil, terminal: nil)
            let temperature = Expression.binary(.add, .number(start, range), .probe(probe, range), range)
            for name in ["temp", "temper", "temperature"] {
                scope.parameters[name] = .expression(temperature, card.scope)
            }
            return scope
        }
    }
}
