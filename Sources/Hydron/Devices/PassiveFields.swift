import SpiceNetlist

/// What the cards of R, C and L have in common: a value, a model or both, in either order, and `tc=a[,b]`.
struct PassiveFields {
    /// The value on the card, if it is a constant.
    var value: Double?
    /// The value on the card, if it depends on the solution or on time.
    var expression: Token?
    var model: ModelCard?
    private var tc1: Double?
    private var tc2: Double?

    /// Reads the positional fields behind the nodes, and `key=` for each of `keys` as another way to write the value.
    /// Returns nil where an error was reported.
    init?(_ card: ElementCard, _ what: String, keys: [String], models: [String]) {
        // Commas only separate, so that b of `tc=a,b` looks like a positional field that stands behind a.
        let coefficient = card.take(key: "tc")
        if let coefficient {
            guard let first = card.evaluate(coefficient, "tc") else { return nil }
            tc1 = first
        }
        func belongsToCoefficient(_ field: Statement.Field) -> Bool {
            guard let coefficient, tc2 == nil else { return false }
            return field.value.range.start > coefficient.range.start
        }

        for key in keys {
            guard let token = card.take(key: key) else { continue }
            if card.dependsOnSolution(token) {
                expression = token
            } else {
                guard let constant = card.evaluate(token, what) else { return nil }
                value = constant
            }
        }
        while let field = card.peekField() {
            if belongsToCoefficient(field) {
                guard let second = card.value("tc") else { return nil }
                tc2 = second
            } else if value == nil, expression == nil, card.nextIsValue {
                if card.dependsOnSolution(field.value) {
                    expression = field.value
                    _ = card.nextField()
                } else {
                    guard let constant = card.value(what) else { return nil }
                    value = constant
                }
            } else if value != nil || expression != nil, card.nextIsValue, !card.nextIsModel(models) {
                card.reportSurplus(field.value, what)
                return nil
            } else if model == nil {
                guard let found = card.model(models) else { return nil }
                model = found
            } else {
                break
            }
        }
    }

    /// Whether the model's value `parameter` multiplies that of the card. Models with tolerances of it come from
    /// PSpice's libraries, where it does.
    func modelMultiplies(_ card: ElementCard, _ parameter: String) -> Bool {
        card.dialect.modelValueMultiplies || (model?.hasTolerance(of: parameter) ?? false)
    }

    /// 1 + tc1 ΔT + tc2 ΔT², the card's coefficients before the model's.
    func temperatureFactor(
        _ rise: Double, tc1 cardTC1: Double?, tc2 cardTC2: Double?, model: (Double, Double)
    ) -> Double {
        let first = cardTC1 ?? tc1 ?? model.0
        let second = cardTC2 ?? tc2 ?? model.1
        return 1 + rise * (first + rise * second)
    }
}

extension ElementCard {
    /// Temperature [K] at which the values of a model hold: its own `tnom` [°C], else the circuit's.
    func nominalTemperature(_ given: Double?) -> Double {
        given.map { $0 + PhysicalConstants.zeroCelsius } ?? options.nominalTemperature
    }
}

extension ParameterValues {
    /// The value where it was given, else nil.
    func ifGiven(_ key: Key) -> Double? { isGiven(key) ? self[key] : nil }
}

extension Dialect {
    /// Whether the value in an R, C or L model multiplies that of the card (Xyce, PSpice) or stands in for it where
    /// the card has none (ngspice).
    var modelValueMultiplies: Bool { name != "ngspice" }
    /// Whether `ic=` of C and L counts in the operating point before a transient, without `uic` (Xyce).
    var initialConditionsHoldOperatingPoint: Bool { conditionsHoldInOperatingPoint }
}
