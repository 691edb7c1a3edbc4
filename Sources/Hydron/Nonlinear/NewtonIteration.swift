/// Newton's iteration for F(x) = 0 on an ``EquationSystem`` whose step, history and excitations are set.
///
///     J(x) Δ = −F(x),   x ← x + Δ
///
/// A solution is accepted only where both hold at the same x:
///   - the last update was small: |Δ| ≤ reltol·max(|x|, |x_old|) + vntol (abstol for currents), and
///   - Kirchhoff's current law holds there: |F| ≤ reltol·(largest nonlinear current into the row) + abstol,
///     besides what rounding in the linear part explains.
/// F is evaluated at the accepted point itself, so its charges are the ones the integrator takes on. Limiting shapes
/// the path only: a point at which a device was limited is never accepted.
struct NewtonIteration {
    var relativeTolerance: Double
    var currentTolerance: Double
    var voltageTolerance: Double

    struct Outcome {
        var converged: Bool
        var iterations: Int
        /// The unknown that was furthest from its tolerance in the last iteration.
        var worst: Int
        /// By how much: the ratio to its tolerance.
        var excess: Double
    }

    /// Relative rounding that a sum of a row's linear terms may carry.
    private static let roundingAllowance = 1e-11

    /// The same for the unknowns themselves: a few units in the last place.
    private static let unknownRounding = 2e-15

    init(_ options: SimulationOptions) {
        relativeTolerance = options[.reltol]
        currentTolerance = options[.abstol]
        voltageTolerance = options[.vntol]
    }

    /// Iterates from the guess in `x` and leaves the solution there.
    ///
    /// - Throws: ``SimulationFailure`` where the Jacobian is singular or not finite.
    func solve(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>, maximumIterations: Int
    ) throws(SimulationFailure) -> Outcome {
        if system.isLinear {
            try system.solveLinear(into: x)
            for unknown in 0..<system.count where !x[unknown].isFinite {
                return Outcome(converged: false, iterations: 1, worst: unknown, excess: .infinity)
            }
            return Outcome(converged: true, iterations: 1, worst: 0, excess: 0)
        }
        system.beginSolution()
        var loaded = system.evaluate(UnsafePointer(x))
        var outcome = Outcome(converged: false, iterations: 0, worst: 0, excess: .infinity)
        while outcome.iterations < maximumIterations {
            outcome.iterations += 1
            try system.solveForUpdate()
            var updateExcess = 0.0
            var worst = 0
            let update = system.residual
            for unknown in 1..<system.count {
                let old = x[unknown]
                let new = old + update[unknown]
                guard new.isFinite else {
                    return Outcome(
                        converged: false, iterations: outcome.iterations, worst: unknown, excess: .infinity)
                }
                x[unknown] = new
                let tolerance = relativeTolerance * max(abs(old), abs(new)) + absoluteTolerance(system, unknown)
                let excess = abs(update[unknown]) / tolerance
                if excess > updateExcess {
                    updateExcess = excess
                    worst = unknown
                }
            }
            loaded = system.evaluate(UnsafePointer(x))
            var (balanceExcess, balanceWorst) = balance(system)
            if balanceExcess > 1, updateExcess <= 1, loaded.limited == 0 {
                system.addRoundingOfUnknowns(UnsafePointer(x), share: Self.unknownRounding / Self.roundingAllowance)
                (balanceExcess, balanceWorst) = balance(system)
            }
            outcome.worst = balanceExcess > updateExcess ? balanceWorst : worst
            outcome.excess = max(balanceExcess, updateExcess)
            if updateExcess <= 1, balanceExcess <= 1, loaded.limited == 0 {
                outcome.converged = true
                return outcome
            }
        }
        return outcome
    }

    /// The worst violation of the rows' equations, as a ratio to its tolerance.
    @inline(__always) private func balance(_ system: EquationSystem) -> (Double, Int) {
        var worst = 0
        var excess = 0.0
        for row in 1..<system.count {
            let absolute =
                system.circuit.unknowns.kind(row) == .branch ? voltageTolerance : currentTolerance
            let tolerance =
                relativeTolerance * system.scale[row] + absolute + Self.roundingAllowance * system.magnitude[row]
            let ratio = abs(system.residual[row]) / tolerance
            // A residual that is not a number is worse than any.
            if !(ratio <= excess) {
                excess = ratio.isNaN ? .infinity : ratio
                worst = row
            }
        }
        return (excess, worst)
    }

    @inline(__always) private func absoluteTolerance(_ system: EquationSystem, _ unknown: Int) -> Double {
        switch system.circuit.unknowns.kind(unknown) {
        case .branch: currentTolerance
        case .auxiliary: min(currentTolerance, voltageTolerance)
        case .node, .internalNode, .gridNode: voltageTolerance
        }
    }
}
