import SpiceNetlist

/// What a step starts from: the past of its charges, its solution foretold, and the slope behind a corner.
extension TransientStepper {
    /// h = Σ βᵢ qᵢ + γ q̇.
    func makeHistory() {
        let target = system.history
        let first = history.charge(0)
        let beta = formula.beta[0]
        if formula.usesDerivative {
            let slope = derivative.base
            system.parallel.parts(system.count) { for row in $0 { target[row] = beta * first[row] - slope[row] } }
        } else {
            system.parallel.parts(system.count) { for row in $0 { target[row] = beta * first[row] } }
            for age in 1..<max(formula.pastCount, 1) {
                let past = history.charge(age)
                let weight = formula.beta[age]
                system.parallel.parts(system.count) { for row in $0 { target[row] += weight * past[row] } }
            }
        }
    }

    /// Draws the past on to the new time, as prediction and start of Newton's iteration.
    ///
    /// Behind a corner the slope at the head of an array's wire is steep: drawn on over a long step it leads to kilovolts,
    /// where the ionic current grows without bound. So nodes inside of arrays start within what the sources allow.
    func predict(_ count: Int, _ ages: InlineArray<8, Double>) {
        let weights = IntegrationFormula.predictor(count: count, ages: ages)
        let (target, start) = (prediction.base, x.base)
        let outside = system.sparseCount
        let bound = largestVoltage > 0 ? 1.1 * largestVoltage : .infinity
        let first = history.solution(0)
        let second = history.solution(min(1, count - 1))
        let third = history.solution(min(2, count - 1))
        let (a, b, c) = (weights[0], count > 1 ? weights[1] : 0, count > 2 ? weights[2] : 0)
        system.parallel.parts(system.count) { part in
            if count == 1 {
                for unknown in part { target[unknown] = a * first[unknown] }
            } else if count == 2 {
                for unknown in part { target[unknown] = a * first[unknown] + b * second[unknown] }
            } else {
                for unknown in part {
                    target[unknown] = a * first[unknown] + b * second[unknown] + c * third[unknown]
                }
            }
            for age in 3..<max(count, 3) {
                let past = history.solution(age)
                let weight = weights[age]
                for unknown in part { target[unknown] += weight * past[unknown] }
            }
            let border = min(max(outside, part.lowerBound), part.upperBound)
            for unknown in part.lowerBound..<border { start[unknown] = target[unknown] }
            for unknown in border..<part.upperBound {
                start[unknown] = min(max(target[unknown], -bound), bound)
            }
        }
    }

    /// One small backward-Euler step that tells the slope behind a corner; nothing of it is kept but that. False where
    /// it finds no solution.
    mutating func probeSlope(
        _ step: Double, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) -> Bool {
        history.restart()
        var ages = InlineArray<8, Double>(repeating: 0)
        ages[0] = step
        formula.set(.backwardDifference(order: 1), ages: ages)
        formulaStep = step
        system.conditions.time = time + step
        system.conditions.interval = step
        system.setAlpha(formula.alpha)
        makeHistory()
        system.loadSources(time: time + step, mode: .waveform)
        system.rewind()
        x.copy(history.solution(0))
        guard let outcome = try? newton.solve(system, x.base, maximumIterations: maximumIterations) else {
            return false
        }
        statistics.newtonIterations += outcome.iterations
        guard outcome.converged else { return false }
        history.insertProbe(time: time + step, solution: UnsafePointer(x.base))
        system.noteProbe(UnsafePointer(x.base), interval: step)
        return true
    }
}
