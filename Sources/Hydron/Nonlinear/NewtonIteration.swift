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

    /// Part of the tolerance that a foreseen update may have.
    private static let foreseen = 0.1

    init(_ options: SimulationOptions) {
        relativeTolerance = options[.reltol]
        currentTolerance = options[.abstol]
        voltageTolerance = options[.vntol]
    }

    /// Iterates from the guess in `x` and leaves the solution there.
    ///
    /// - Throws: ``SimulationFailure`` where the Jacobian is singular or not finite, or a model gives up.
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
        system.rowTolerance = RowTolerance(
            relative: relativeTolerance, absolute: currentTolerance, rounding: Self.roundingAllowance)
        let keptMatrix = system.trustsGridMatrix
        system.trustsGridMatrix = false
        var loaded = system.evaluate(UnsafePointer(x), keepsGridMatrix: keptMatrix)
        if loaded.hasFailed { throw system.deviceFailure() }
        var outcome = Outcome(converged: false, iterations: 0, worst: 0, excess: .infinity)
        // Arrays of a million cells are nearly linear from point to point: there an iteration that would only show that
        // nothing moves any more is foreseen instead of computed.
        let foresees = !system.gridUnknowns.isEmpty
        var lastBalance = foresees ? balance(system).0 : 0
        var lastUpdate = Double.infinity
        while outcome.iterations < maximumIterations {
            outcome.iterations += 1
            try system.solveForUpdate()
            var updateExcess = 0.0
            var worst = 0
            let update = system.residual
            for unknown in 1..<system.sparseCount {
                let old = x[unknown]
                let new = old + update[unknown]
                guard new.isFinite else {
                    return Outcome(
                        converged: false, iterations: outcome.iterations, worst: unknown, excess: .infinity)
                }
                x[unknown] = new
                let tolerance = relativeTolerance * max(abs(old), abs(new)) + absoluteTolerance(system, unknown)
                var excess = abs(update[unknown]) / tolerance
                if excess > max(updateExcess, 1), system.circuit.unknowns.kind(unknown) == .branch {
                    // A branch's current balances others at its nodes, and is known no better than these.
                    let rounding = Self.unknownRounding * system.largestCurrent(around: unknown)
                    excess = abs(update[unknown]) / (tolerance + rounding)
                }
                if excess > updateExcess {
                    updateExcess = excess
                    worst = unknown
                }
            }
            let inside = updateInside(system, x)
            guard inside.excess.isFinite else {
                return Outcome(
                    converged: false, iterations: outcome.iterations, worst: inside.unknown, excess: .infinity)
            }
            if inside.excess > updateExcess { (worst, updateExcess) = (inside.unknown, inside.excess) }
            // The arrays' matrix serves for a second iteration; it is nearly the same for small updates.
            loaded = system.evaluate(UnsafePointer(x), keepsGridMatrix: outcome.iterations < 2)
            if loaded.hasFailed { throw system.deviceFailure() }
            var (balanceExcess, balanceWorst) = balance(system)
            if balanceExcess > 1, updateExcess <= 1, loaded.limited == 0 {
                system.addRoundingOfUnknowns(UnsafePointer(x), share: Self.unknownRounding / Self.roundingAllowance)
                (balanceExcess, balanceWorst) = balance(system)
            }
            outcome.worst = balanceExcess > updateExcess ? balanceWorst : worst
            outcome.excess = max(balanceExcess, updateExcess)
            if updateExcess <= 1, balanceExcess <= 1, loaded.limited == 0 {
                outcome.converged = true
                system.trustsGridMatrix = outcome.iterations == 1
                return outcome
            }
            if foresees {
                // The next update is to this one as the residual is to the last one, or as this one is to the last.
                let contraction = max(lastBalance > 0 ? balanceExcess / lastBalance : 1, updateExcess / lastUpdate)
                if balanceExcess <= 1, loaded.limited == 0, contraction * updateExcess <= Self.foreseen {
                    outcome.converged = true
                    system.trustsGridMatrix = outcome.iterations == 1
                    return outcome
                }
                lastBalance = balanceExcess
                lastUpdate = updateExcess
            }
        }
        return outcome
    }

    /// Takes over the update of the nodes inside of arrays, which are held to the largest voltage there is: a cell feels
    /// differences of its three nodes, and small voltages on the way to its neighbours say nothing by themselves.
    @inline(__always) private func updateInside(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>
    ) -> (excess: Double, unknown: Int) {
        let nodes = system.gridUnknowns
        guard !nodes.isEmpty else { return (0, 0) }
        let update = system.residual + nodes.lowerBound
        let target = x + nodes.lowerBound
        // Largest update and largest voltage of each part.
        let length = 1 << 15
        let count = (nodes.count + length - 1) / length
        var peaks = [Double](repeating: 0, count: count)
        let (largest, place) = peaks.withUnsafeMutableBufferPointer { peaks in
            system.parallel.largest(chunks: count) { chunk in
                var (largest, place, peak) = (0.0, chunk * length, 0.0)
                for index in chunk * length..<min((chunk + 1) * length, nodes.count) {
                    let step = update[index]
                    // Not a number is worse than any.
                    if !(abs(step) <= largest) { (largest, place) = (abs(step), index) }
                    target[index] += step
                    peak = max(peak, abs(target[index]))
                }
                peaks[chunk] = peak
                return (largest, place)
            }
        }
        guard largest.isFinite else { return (.infinity, nodes.lowerBound + place) }
        let peak = peaks.max() ?? 0
        return (largest / (relativeTolerance * peak + voltageTolerance), nodes.lowerBound + place)
    }

    /// The worst violation of the rows' equations, as a ratio to its tolerance.
    @inline(__always) private func balance(_ system: EquationSystem) -> (Double, Int) {
        var worst = 0
        var excess = 0.0
        for row in 1..<system.sparseCount {
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
        let inside = system.gridBalance
        return inside.excess > excess ? inside : (excess, worst)
    }

    @inline(__always) private func absoluteTolerance(_ system: EquationSystem, _ unknown: Int) -> Double {
        switch system.circuit.unknowns.kind(unknown) {
        case .branch: currentTolerance
        case .auxiliary: min(currentTolerance, voltageTolerance)
        case .node, .internalNode, .gridNode: voltageTolerance
        }
    }
}
