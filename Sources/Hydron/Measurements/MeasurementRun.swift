import SpiceNetlist

/// Collects what the analyses of a run measure, step by step, and at its end checks limits.
struct MeasurementRun {
    private let requests: MeasurementRequests
    private let kinds: Set<String>
    private let dialect: Dialect
    /// One a step.
    private var scopes: [Int: MeasurementScope] = [:]

    init(_ elaboration: Elaboration, _ dialect: Dialect) {
        requests = elaboration.measurements
        kinds = Set(elaboration.tasks.map(\.kindName))
        self.dialect = dialect
    }

    func wants(_ analysis: String) -> Bool { requests.measurements.contains { $0.analysis == analysis } }

    mutating func take(
        _ analysis: String, _ evaluator: MeasurementEvaluator, _ elaboration: Elaboration, step: Int,
        into report: inout RunReport
    ) {
        let scope =
            scopes[step] ?? MeasurementScope(dialect, elaboration.circuit.options, elaboration.outputs)
        scopes[step] = scope
        // Steps may change numbers on the cards themselves.
        for measurement in elaboration.measurements.measurements where measurement.analysis == analysis {
            var result = MeasuredValue(analysis: analysis, name: measurement.name, step: step)
            if case .formula(let expression) = measurement.function {
                var found = Diagnostics()
                result.value = scope.evaluate(expression, diagnostics: &found)
                result.reason = found.all.first?.message
            } else {
                do throws(MeasurementEvaluator.Failure) {
                    var evaluator = evaluator
                    let settled = try settle(measurement, &evaluator, scope)
                    result.value = try evaluator.value(settled)
                } catch {
                    result.reason = error.reason
                }
            }
            if let value = result.value, !value.isFinite {
                result.value = nil
                result.reason = "the result is no finite number"
            }
            if let value = result.value ?? measurement.fallback {
                if result.value == nil { warn(measurement, result.reason ?? "it has no value", value, step, &report) }
                result.value = value
                scope.values[measurement.name] = value
            } else {
                fail(measurement, result.reason ?? "it has no value", step, &report)
            }
            report.measurements.append(result)
        }
    }

    /// Fills in what a measurement takes from those before it.
    private func settle(
        _ measurement: Measurement, _ evaluator: inout MeasurementEvaluator, _ scope: MeasurementScope
    ) throws(MeasurementEvaluator.Failure) -> Measurement {
        func value(_ formula: Expression) throws(MeasurementEvaluator.Failure) -> Double {
            var found = Diagnostics()
            guard let value = scope.evaluate(formula, diagnostics: &found) else {
                throw MeasurementEvaluator.Failure(found.all.first?.message ?? "what it is made of has no value")
            }
            return value
        }
        var result = measurement
        if let start = measurement.start { result.from = try value(start) }
        if let end = measurement.end { result.to = try value(end) }
        if let place = measurement.place {
            let at = Measurement.Event.at(try value(place))
            switch measurement.function {
            case .find(let column, _): result.function = .find(column, at)
            case .derivative(let column, _): result.function = .derivative(column, at)
            default: break
            }
        }
        for (column, formula) in requests.levels where measurement.usesLevel(column) {
            evaluator.set(try value(formula), everywhereIn: column)
        }
        return result
    }

    /// DEFAULT_VAL asks for a number even where nothing is found.
    private func warn(
        _ measurement: Measurement, _ reason: String, _ value: Double, _ step: Int, _ report: inout RunReport
    ) {
        report.diagnostics.append(
            Diagnostic(
                .warning, "'\(measurement.name)' is its default_val, \(value.plain)\(place(step)): \(reason)",
                at: measurement.range))
    }

    private func place(_ step: Int) -> String { scopes.count > 1 || step > 0 ? " in step \(step)" : "" }

    private func fail(_ measurement: Measurement, _ reason: String, _ step: Int, _ report: inout RunReport) {
        report.diagnostics.error(
            "the measurement '\(measurement.name)' failed\(place(step)): \(reason)", at: measurement.range)
    }

    /// Behind the last analysis.
    func finish(into report: inout RunReport) {
        for measurement in requests.measurements where !kinds.contains(measurement.analysis) {
            let reason = "the netlist has no .\(measurement.analysis)"
            fail(measurement, reason, 0, &report)
            report.measurements.append(
                MeasuredValue(analysis: measurement.analysis, name: measurement.name, step: 0, reason: reason))
        }
        guard !requests.assertions.isEmpty else { return }
        for step in scopes.isEmpty ? [0] : scopes.keys.sorted() {
            for assertion in requests.assertions { check(assertion, scopes[step], step, &report) }
        }
    }

    private func check(
        _ assertion: Assertion, _ scope: MeasurementScope?, _ step: Int, _ report: inout RunReport
    ) {
        var message: String?
        let names: [String] =
            switch assertion.condition {
            case .expression(let expression): expression.names
            case .limits(let name, _, _): [name]
            }
        let values = names.compactMap { name in scope?.values[name].map { (name: name, value: $0) } }
        switch assertion.condition {
        case .expression(let expression):
            var found = Diagnostics()
            let value = scope?.evaluate(expression, diagnostics: &found)
            if let value {
                if value == 0 || value.isNaN {
                    let known = values.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
                    message = "the condition does not hold" + (known.isEmpty ? "" : " (\(known))")
                }
            } else {
                message = "the condition has no value: \(found.all.first?.message ?? "nothing was measured")"
            }
        case .limits(let name, let least, let greatest):
            guard let value = scope?.values[name] else {
                message = "nothing named '\(name)' was measured"
                break
            }
            if let least, value < least { message = "\(name) is \(value), below its limit \(least)" }
            if let greatest, value > greatest { message = "\(name) is \(value), above its limit \(greatest)" }
        }
        report.assertions.append(
            AssertionResult(
                text: assertion.text, step: step, holds: message == nil, message: message ?? "holds", values: values))
        if let message {
            let place = scopes.count > 1 ? " (step \(step))" : ""
            report.diagnostics.error(message + place, at: assertion.range)
        }
    }
}
