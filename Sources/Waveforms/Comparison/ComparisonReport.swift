/// What a comparison found.
public struct ComparisonReport: Sendable, Equatable, CustomStringConvertible {
    /// One signal in one step. Errors are in units of the tolerance.
    public struct Signal: Sendable, Equatable {
        public var name: String
        /// The step's number, nil in a table without steps.
        public var step: Int?
        public var rms: Double
        public var maximum: Double
        /// Where the maximum is: the abscissa, or the row in a table without one.
        public var at: Double
        /// Golden and tested value there; of a complex signal real and imaginary part.
        public var gold: [Double]
        public var test: [Double]
        public var agrees: Bool
    }

    /// Every signal of the golden table that the test table has, step by step.
    public var signals: [Signal] = []
    /// Golden signals that the test table lacks.
    public var missing: [String] = []
    /// Signals that only the test table has.
    public var extra: [String] = []
    /// What makes the tables incomparable: another number of steps, an abscissa that ends early, …
    public var problems: [String] = []

    /// Whether everything agrees.
    public var agrees: Bool { problems.isEmpty && missing.isEmpty && signals.allSatisfy(\.agrees) }

    /// The signal with the greatest error, a failing one before all others.
    public var worst: Signal? {
        signals.max { a, b in a.agrees == b.agrees ? a.maximum < b.maximum : a.agrees }
    }

    public var description: String {
        var lines = problems
        if !missing.isEmpty { lines.append("missing: \(missing.joined(separator: ", "))") }
        let failures = signals.filter { !$0.agrees }.sorted { $0.maximum > $1.maximum }
        for signal in failures.prefix(5) { lines.append(signal.description) }
        if failures.count > 5 { lines.append("and \(failures.count - 5) signals more") }
        if !lines.isEmpty { return lines.joined(separator: "\n") }
        return worst.map { "agrees; \($0)" } ?? "agrees"
    }
}

extension ComparisonReport.Signal: CustomStringConvertible {
    public var description: String {
        let place = step.map { " (step \($0))" } ?? ""
        return """
            \(name)\(place) at \(at): \(Self.text(test)), golden \(Self.text(gold)): \
            \(Self.short(maximum)) × tolerance, rms \(Self.short(rms))
            """
    }

    private static func text(_ parts: [Double]) -> String {
        parts.count == 2 ? "\(parts[0]) + \(parts[1])j" : "\(parts.first ?? .nan)"
    }

    /// Three digits are enough for an error.
    private static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        var scale = 1.0
        while value.magnitude * scale < 100 && scale < 1e15 { scale *= 10 }
        return "\((value * scale).rounded() / scale)"
    }
}

extension ComparisonReport {
    /// For `--json`: what `description` says, and every signal.
    public var json: JSONValue {
        [
            "agrees": .bool(agrees), "problems": .strings(problems), "missing": .strings(missing),
            "extra": .strings(extra), "signals": .array(signals.map(\.json)),
        ]
    }
}

extension ComparisonReport.Signal {
    var json: JSONValue {
        [
            "name": .string(name), "step": step.map { .integer($0) } ?? .null, "agrees": .bool(agrees),
            "maximum": .number(maximum), "rms": .number(rms), "at": .number(at), "gold": .numbers(gold),
            "test": .numbers(test),
        ]
    }
}
