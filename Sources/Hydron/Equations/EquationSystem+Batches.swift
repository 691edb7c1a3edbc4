import SpiceNetlist

/// What concerns every batch: states, messages, corners and steps.
extension EquationSystem {
    /// How often elements of all batches that count it were evaluated; nil where none does.
    var evaluations: EvaluationCount? {
        let counting = batches.compactMap { $0 as? any CountingBatch }
        guard !counting.isEmpty else { return nil }
        return counting.reduce(into: EvaluationCount()) { sum, batch in
            sum.evaluated += batch.evaluations.evaluated
            sum.bypassed += batch.evaluations.bypassed
            sum.recalled += batch.evaluations.recalled
        }
    }

    func reset() { for batch in batches { batch.reset() } }
    func suggestStart() { for batch in nonlinear { batch.suggestStart() } }
    func useLimiting(_ limits: Bool) { for batch in nonlinear { batch.useLimiting(limits) } }
    func rewind() { for batch in nonlinear { batch.rewind() } }
    func accept(_ x: UnsafePointer<Double>) { for batch in remembering { batch.accept(x, conditions) } }

    /// The worst step error of device states, as a ratio to what they tolerate.
    func stateError() -> Double {
        var worst = 0.0
        for batch in nonlinear { worst = max(worst, batch.stepError()) }
        return worst
    }

    /// What an element that gave up says, with its place in the netlist.
    func deviceFailure() -> SimulationFailure {
        for (batch, population) in zip(batches, circuit.populations) {
            guard let message = batch.takeFailure() else { continue }
            let identity = population.identity(message.element)
            return SimulationFailure(
                .modelGaveUp, "\(circuit.elements.names.name(of: identity.name)): \(message.text)", at: identity.range,
                hint: "the model ends the simulation itself; check its parameters and what it is connected to")
        }
        return SimulationFailure(.modelGaveUp, "a model gave up")
    }

    /// What elements said since the last call, with their places in the netlist.
    func takeMessages() -> [Diagnostic] {
        var found: [Diagnostic] = []
        for (batch, population) in zip(batches, circuit.populations) {
            for message in batch.takeMessages() where message.element < population.count {
                let identity = population.identity(message.element)
                found.append(
                    Diagnostic(
                        message.isWarning ? .warning : .note,
                        "\(circuit.elements.names.name(of: identity.name)): \(message.text)", at: identity.range))
            }
        }
        return found
    }

    /// Unknowns inside of arrays.
    var gridUnknowns: Range<Int> { sparseCount..<count }
    /// The largest voltage of any independent source at any time [V].
    var largestVoltage: Double { batches.reduce(0) { max($0, $1.largestVoltage) } }

    /// True where a corner arrived at the point just accepted that no breakpoint announced.
    var cornerArrives: Bool { delaying.contains { $0.arrives } || remembering.contains { $0.isCorner } }
    func markCorner() { for batch in delaying { batch.markCorner() } }

    func noteProbe(_ x: UnsafePointer<Double>, interval: Double) {
        for batch in delaying { batch.noteProbe(x, interval: interval) }
    }

    /// The longest step that elements allow from the point just accepted, at `time` [s].
    func longestStep(from time: Double) -> Double {
        var longest = Double.infinity
        for batch in bounding { longest = min(longest, batch.longestStep(from: time)) }
        return longest
    }

    func nextBreakpoint(after time: Double) -> Double {
        var next = rampsSources && time < Self.startupTime ? Self.startupTime : Double.infinity
        for batch in batches { next = min(next, batch.nextBreakpoint(after: time)) }
        return next
    }
}
