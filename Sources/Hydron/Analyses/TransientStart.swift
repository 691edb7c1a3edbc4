/// The first point: an operating point, or what initial conditions lead to.
extension TransientStepper {
    mutating func initialise(
        _ rates: ChargeRates, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        system.reset()
        if analysis.usesInitialConditions {
            try startFromInitialConditions(&statistics)
        } else {
            var point = OperatingPoint(options)
            if system.circuit.holdsDeviceConditions { system.holdDeviceConditions(true) }
            try point.solve(
                system, x.base, mode: .waveform, holding: system.circuit.initialConditions + system.heldCurrents,
                iterationCount: &statistics.newtonIterations)
            statistics.note(point, UnsafePointer(x.base), system)
            system.hold([])
            system.holdDeviceConditions(false)
        }
        if system.isLinear { _ = system.evaluate(UnsafePointer(x.base)) }
        system.totalCharge(UnsafePointer(x.base), into: history.nextCharge)
        history.push(time: 0, solution: UnsafePointer(x.base))
        system.conditions.interval = 0
        system.accept(UnsafePointer(x.base))
        system.markCorner()
        longestStep = system.longestStep(from: 0)
        notePeaks()
        if !rates.isEmpty { try startRates(rates, &statistics) }
    }

    /// From given conditions charges move at once: one more vanishing step of backward Euler tells how fast.
    private func startRates(
        _ rates: ChargeRates, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        guard analysis.usesInitialConditions else { return rates.start(UnsafePointer(x.base), system) }
        let next = Vector(system.count)
        next.copy(x)
        let charges = history.charge(0)
        for row in 0..<system.count { system.history[row] = -charges[row] * system.alpha }
        let outcome = try newton.solve(system, next.base, maximumIterations: Int(options[.itl1]))
        statistics.newtonIterations += outcome.iterations
        rates.start(
            UnsafePointer(x.base), next: outcome.converged ? UnsafePointer(next.base) : nil,
            step: 1 / system.alpha, system)
    }

    /// Charges and fluxes are what `ic=` and `.ic` say; everything else follows from one vanishing step of
    /// backward Euler, in which capacitors hold their voltage and inductors their current.
    private mutating func startFromInitialConditions(_ statistics: inout AnalysisStatistics)
        throws(SimulationFailure)
    {
        for condition in system.circuit.initialConditions { x.base[Int(condition.unknown)] = condition.value }
        system.conditions.interval = 0
        system.conditions.time = 0
        system.setAlpha(0)
        _ = system.evaluate(UnsafePointer(x.base))
        let charges = Vector(system.count)
        for batch in system.batches { batch.applyInitialConditions(x: x.base, q: system.charge) }
        system.totalCharge(UnsafePointer(x.base), into: charges.base)
        // Where charges depend on the way, it begins here.
        system.accept(UnsafePointer(x.base))
        given = Vector(system.count)
        given?.copy(x)
        let vanishing = min(maximumStep, analysis.stop) * 1e-6
        system.conditions.interval = vanishing
        system.setAlpha(1 / vanishing)
        for row in 0..<system.count { system.history[row] = -charges.base[row] / vanishing }
        system.loadSources(time: 0, mode: .waveform)
        system.hold(system.circuit.initialConditions)
        let outcome = try newton.solve(system, x.base, maximumIterations: Int(options[.itl1]))
        statistics.newtonIterations += outcome.iterations
        system.hold([])
        guard outcome.converged else {
            throw SimulationFailure(
                .noConvergence,
                "the initial conditions lead to no solution: \(system.circuit.describe(outcome.worst)) does not settle",
                hint: "leave 'uic' out, or give initial conditions that do not contradict each other")
        }
        // The first row shows what charges and fluxes fix; what merely follows shows right behind it.
        if let given {
            for unknown in 0..<system.count where system.isDynamic[unknown] {
                given.base[unknown] = x.base[unknown]
            }
        }
    }
}
