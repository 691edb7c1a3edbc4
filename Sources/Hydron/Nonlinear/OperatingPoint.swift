/// The direct-current solution of a circuit: Newton's iteration, and where that fails homotopies that lead to it.
///
/// In order: plain Newton from the given guess; gmin stepping (a shunt from every node to ground, taken back by
/// factors that adapt); source stepping (all independent sources from 0 to their values); pseudo-transient (a
/// capacitor from every node to ground, integrated until the charges stand still). Whatever helped is removed before
/// the answer is accepted: the last iteration is always plain Newton on the circuit itself.
/// L. W. Nagel, SPICE2, UCB/ERL M520, 1975; C. T. Kelley, D. E. Keyes, SIAM J. Numer. Anal. 35, 508 (1998), doi
/// 10.1137/S0036142996304796.
struct OperatingPoint {
    let newton: NewtonIteration
    let maximumIterations: Int
    /// What was tried in vain.
    var tries: [Try] = []
    /// The aid that led to the last solution; nil where Newton's iteration found it alone.
    private(set) var solvedBy: String?

    /// One aid that was tried, for the message where all fail.
    struct Try: Sendable {
        var name: String
        var iterations: Int
        /// "stopped at gmin = 1e-5 S"
        var ending: String
    }

    init(_ options: SimulationOptions) {
        newton = NewtonIteration(options)
        maximumIterations = Int(options[.itl1])
    }

    /// Solves for x with the sources at `time` in `mode`; `x` holds the guess and then the solution.
    ///
    /// - Parameter isContinuation: true in a sweep, where x is the solution of the last point.
    /// - Throws: ``SimulationFailure`` naming what was tried and the unknowns that would not settle.
    mutating func solve(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>, mode: SourceContext.Mode, time: Double = 0,
        isContinuation: Bool = false, holding held: [NodeCondition] = [], iterationCount: inout Int
    ) throws(SimulationFailure) {
        let anchors = system.circuit.anchors.filter { anchor in !held.contains { $0.unknown == anchor.unknown } }
        try find(
            system, x, mode: mode, time: time, isContinuation: isContinuation, holding: held + anchors,
            iterationCount: &iterationCount)
        guard !anchors.isEmpty else { return }
        system.hold(held)
        try checkAnchors(anchors, system, x)
    }

    /// An anchored island's balance was left out of the equations. It must hold all the same: where a current flows into
    /// the island there is no operating point.
    private func checkAnchors(
        _ anchors: [NodeCondition], _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>
    ) throws(SimulationFailure) {
        _ = system.evaluate(UnsafePointer(x))
        for anchor in anchors {
            let row = Int(anchor.unknown)
            let current = system.residual[row]
            let tolerance =
                newton.currentTolerance + newton.relativeTolerance * system.scale[row] + 1e-9 * system.magnitude[row]
            guard abs(current) > tolerance else { continue }
            throw SimulationFailure(
                .singularMatrix,
                "a current of \(abs(current)) A flows into \(system.circuit.describe(row)), which has no path for direct current to ground",
                at: anchor.range, hint: "connect it to ground through a resistor, however large")
        }
    }

    private mutating func find(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>, mode: SourceContext.Mode, time: Double,
        isContinuation: Bool, holding held: [NodeCondition], iterationCount: inout Int
    ) throws(SimulationFailure) {
        tries = []
        solvedBy = nil
        system.history.update(repeating: 0, count: system.count)
        system.conditions.interval = 0
        system.conditions.time = time
        system.setAlpha(0)
        system.loadSources(time: time, mode: mode)
        system.hold(held)

        if !isContinuation, !system.circuit.nodesets.isEmpty {
            // A first guess: hold the given voltages, then let go.
            system.hold(held + system.circuit.nodesets)
            system.suggestStart()
            let outcome = try? newton.solve(system, x, maximumIterations: maximumIterations)
            iterationCount += outcome?.iterations ?? 0
            system.hold(held)
        } else if !isContinuation {
            system.suggestStart()
        }
        var failure: SimulationFailure?
        let guess = system.isLinear ? nil : Vector(x, system.count)

        do throws(SimulationFailure) {
            let outcome = try newton.solve(system, x, maximumIterations: maximumIterations)
            iterationCount += outcome.iterations
            if outcome.converged { return }
            note("Newton's iteration", outcome.iterations, system, outcome)
        } catch { failure = error }
        if system.isLinear, let failure { throw failure }

        let aids = [
            ("gmin stepping", stepGmin), ("source stepping", stepSources), ("pseudo-transient", pseudoTransient),
        ]
        for (name, aid) in aids {
            guess?.write(to: x)
            do throws(SimulationFailure) {
                if try aid(&self, system, x, mode, time, &iterationCount) {
                    solvedBy = name
                    return
                }
            } catch { failure = error }
            system.setAlpha(0)
            system.history.update(repeating: 0, count: system.count)
            system.loadSources(time: time, mode: mode)
        }
        if let failure, [.outOfMemory, .badNumbers, .modelGaveUp].contains(failure.reason) { throw failure }
        throw noConvergence(system, singular: failure)
    }

    // MARK: - Aids

    private typealias Aid = (
        inout OperatingPoint, EquationSystem, UnsafeMutablePointer<Double>, SourceContext.Mode, Double, inout Int
    ) throws(SimulationFailure) -> Bool

    private var stepGmin: Aid {
        { (self, system, x, _, _, count) throws(SimulationFailure) in
            let good = Vector(x, system.count)
            var shunt = 1e-2
            var factor = 10.0
            var iterations = 0
            var lastGood = Double.infinity
            system.reset()
            system.suggestStart()
            while true {
                system.setAlpha(0, shunt: shunt)
                let outcome = (try? self.newton.solve(system, x, maximumIterations: self.maximumIterations / 2))
                iterations += outcome?.iterations ?? 0
                count += outcome?.iterations ?? 0
                if let outcome, outcome.converged {
                    if shunt == 0 { return true }
                    good.copy(x)
                    lastGood = shunt
                    factor = outcome.iterations <= 8 ? min(factor * factor, 1e3) : factor
                    shunt = shunt / factor
                    if shunt < 1e-15 { shunt = 0 }
                } else {
                    good.write(to: x)
                    guard lastGood.isFinite else {
                        // Not even the strongest shunt helped: a stronger one still may.
                        guard shunt < 1e3 else { break }
                        shunt *= 100
                        continue
                    }
                    factor = factor.squareRoot()
                    guard factor > 1.0005 else { break }
                    shunt = lastGood / factor
                }
            }
            self.tries.append(Try(name: "gmin stepping", iterations: iterations, ending: "stopped at \(shunt) S"))
            return false
        }
    }

    private var stepSources: Aid {
        { (self, system, x, mode, time, count) throws(SimulationFailure) in
            x.update(repeating: 0, count: system.count)
            let good = Vector(x, system.count)
            var reached = 0.0
            var step = 0.1
            var iterations = 0
            system.reset()
            system.setAlpha(0)
            var factor = 0.0
            while true {
                system.loadSources(time: time, mode: mode, factor: factor)
                let outcome = (try? self.newton.solve(system, x, maximumIterations: self.maximumIterations / 2))
                iterations += outcome?.iterations ?? 0
                count += outcome?.iterations ?? 0
                if let outcome, outcome.converged {
                    if factor == 1 { return true }
                    good.copy(x)
                    reached = factor
                    if outcome.iterations <= 8 { step *= 2 }
                } else {
                    good.write(to: x)
                    step /= 4
                    guard step > 1e-7, factor > 0 else { break }
                }
                factor = min(1, reached + step)
            }
            self.tries.append(
                Try(name: "source stepping", iterations: iterations, ending: "stopped at \(reached * 100) %"))
            return false
        }
    }

    private var pseudoTransient: Aid {
        { (self, system, x, mode, time, count) throws(SimulationFailure) in
            // A conductance g from each node to its last voltage is a capacitor under backward Euler, g = C/h. It is
            // lowered while Newton converges easily (switched evolution relaxation).
            x.update(repeating: 0, count: system.count)
            let good = Vector(x, system.count)
            var g = 1.0
            // What a floating body's junctions carry is far less than all else: it needs longer steps.
            var slowest = 1e-10
            var iterations = 0
            system.reset()
            system.loadSources(time: time, mode: mode)
            for _ in 0..<500 {
                system.setAlpha(0, shunt: g)
                for unknown in 1..<system.count {
                    let kind = system.circuit.unknowns.kind(unknown)
                    system.history[unknown] =
                        kind == .node || kind == .internalNode ? -g * good.base[unknown] : 0
                }
                let outcome = (try? self.newton.solve(system, x, maximumIterations: 20))
                iterations += outcome?.iterations ?? 0
                count += outcome?.iterations ?? 0
                if let outcome, outcome.converged {
                    good.copy(x)
                    g /= outcome.iterations <= 4 ? 4 : 1.5
                } else {
                    good.write(to: x)
                    g *= 8
                    guard g < 1e9 else { break }
                }
                guard g < slowest else { continue }
                system.setAlpha(0)
                system.history.update(repeating: 0, count: system.count)
                if let last = try? self.newton.solve(system, x, maximumIterations: self.maximumIterations),
                    last.converged
                {
                    count += last.iterations
                    return true
                }
                good.write(to: x)
                slowest *= 1e-2
                if slowest < 1e-20 { (slowest, g) = (1e-10, 1e-6) }
            }
            self.tries.append(
                Try(name: "pseudo-transient", iterations: iterations, ending: "stopped at C/h = \(g) S"))
            return false
        }
    }

    // MARK: - Failure

    private mutating func note(
        _ name: String, _ iterations: Int, _ system: EquationSystem, _ outcome: NewtonIteration.Outcome
    ) {
        tries.append(
            Try(
                name: name, iterations: iterations,
                ending: "did not settle at \(system.circuit.describe(outcome.worst))"))
    }

    private func noConvergence(_ system: EquationSystem, singular: SimulationFailure?) -> SimulationFailure {
        var failure =
            singular
            ?? SimulationFailure(
                .noConvergence, "no operating point found",
                hint: "give a starting point with .nodeset, or loosen reltol or raise itl1 with .options")
        failure.diagnostic.notes =
            tries.map { .init("\($0.name): \($0.iterations) iterations, \($0.ending)") } + failure.diagnostic.notes
        return failure
    }
}
