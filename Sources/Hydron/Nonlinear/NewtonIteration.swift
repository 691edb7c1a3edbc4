/// Newton's iteration for F(x) = 0 on an ``EquationSystem`` whose step, history and excitations are set.
///
///     J(x) Δ = −F(x),   x ← x + Δ
///
/// A solution is accepted only where both hold at the same x:
///   - the last update was small: |Δ| ≤ reltol·max(|x|, |x_old|) + vntol (abstol for currents), and
///   - Kirchhoff's current law holds there: |F| ≤ reltol·(largest nonlinear current into the row) + abstol,
///     besides what rounding in the linear part explains.
/// F is evaluated at the accepted point itself, so its charges are the ones the integrator takes on; where ``Foresight``
/// knows what that would show, they are taken along their tangents instead. Limiting shapes the path only: a point at
/// which a device was limited is never accepted. Limiting that will not let go, where the updates are small already or half
/// of the iterations were made, is left out for the rest of them.
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
        /// The charges lie on tangents along the last update, which the residual still holds: see ``Foresight``.
        var isForeseen = false
    }

    /// What past solutions tell about the next one.
    ///
    /// Newton's iteration converges quadratically: of updates Δ₁, Δ₂, … in units of their tolerances, Δ₂ ≈ K Δ₁². K is
    /// measured where two updates are made; a point whose next update would be far below what the time step itself
    /// leaves open is accepted as it is. Its charges follow their tangents, which keeps Kirchhoff's current law exact,
    /// and so the sum of all charge, whatever the tangents leave out.
    struct Foresight {
        /// What the next update may be, as a part of the tolerance.
        let allowance: Double
        /// K, the largest of late.
        private var curvature = Double.infinity
        /// Solutions since it was measured.
        private var age = 0

        /// Solutions after which K is measured again.
        private static let longestAge = 16
        /// A larger K is forgotten by this factor a measurement.
        private static let memory = 0.5
        /// Updates below this show the rounding of the linear solver.
        private static let smallestUpdate = 1e-3

        init(allowance: Double) { self.allowance = allowance }

        /// Behind a corner all is new.
        mutating func forget() { curvature = .infinity }

        fileprivate mutating func measure(_ update: Double, after last: Double) {
            guard last >= Self.smallestUpdate else { return }
            let found = update / (last * last)
            curvature = curvature.isFinite ? max(found, Self.memory * curvature) : found
            age = 0
        }

        fileprivate mutating func accepts(_ update: Double, isFirst: Bool) -> Bool {
            if isFirst, age >= Self.longestAge { return false }
            guard curvature * update * update <= allowance else { return false }
            age += 1
            return true
        }
    }

    /// Relative rounding that a sum of a row's linear terms may carry.
    private static let roundingAllowance = 1e-11

    /// The same for the unknowns themselves: a few units in the last place.
    private static let unknownRounding = 2e-15

    /// Limiting that still changes voltages after so many updates within their tolerances will not let go.
    private static let idleLimiting = 3

    /// Iterations that a cycle may have by which limiting is known as its cause.
    private static let longestCycle = 4

    /// Part of the tolerance that a foreseen update may have.
    private static let foreseen = 0.1

    init(_ options: SimulationOptions) {
        relativeTolerance = options[.reltol]
        currentTolerance = options[.abstol]
        voltageTolerance = options[.vntol]
    }

    /// The same without foresight.
    func solve(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>, maximumIterations: Int
    ) throws(SimulationFailure) -> Outcome {
        var blind = Foresight(allowance: 0)
        return try solve(system, x, maximumIterations: maximumIterations, foresight: &blind)
    }

    /// Iterates from the guess in `x` and leaves the solution there.
    ///
    /// - Throws: ``SimulationFailure`` where the Jacobian is singular or not finite, or a model gives up.
    func solve(
        _ system: EquationSystem, _ x: UnsafeMutablePointer<Double>, maximumIterations: Int,
        foresight: inout Foresight
    ) throws(SimulationFailure) -> Outcome {
        if system.isLinear {
            try system.solveLinear(into: x)
            for unknown in 0..<system.count where !x[unknown].isFinite {
                return Outcome(converged: false, iterations: 1, worst: unknown, excess: .infinity)
            }
            return Outcome(converged: true, iterations: 1, worst: 0, excess: 0)
        }
        system.beginSolution()
        system.useLimiting(true)
        system.rowTolerance = RowTolerance(
            relative: relativeTolerance, absolute: currentTolerance, rounding: Self.roundingAllowance)
        let keptMatrix = system.trustsGridMatrix
        system.trustsGridMatrix = false
        let followsTangents = system.followsTangents && foresight.allowance > 0 && system.alpha != 0
        var loaded = system.evaluate(
            UnsafePointer(x), keepsGridMatrix: keptMatrix, keepsChargeSlopes: followsTangents)
        if loaded.hasFailed { throw system.deviceFailure() }
        var outcome = Outcome(converged: false, iterations: 0, worst: 0, excess: .infinity)
        // Arrays of a million cells are nearly linear from point to point: there an iteration that would only show that
        // nothing moves any more is foreseen instead of computed.
        let foresees = !system.gridUnknowns.isEmpty
        var lastBalance = foresees ? balance(system).0 : 0
        var lastUpdate = Double.infinity
        // Limiting is some models' own, and may hold a voltage back for ever or send the iteration round in circles.
        var idle = 0
        var lastLimited = loaded.limited > 0 ? 0 : Int.min
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
                if excess > max(updateExcess, 1) {
                    excess = abs(update[unknown]) / (tolerance + rounding(system, unknown))
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
            if followsTangents, loaded.limited > 0 {
                lastUpdate = .infinity
            } else if followsTangents {
                if lastUpdate.isFinite { foresight.measure(updateExcess, after: lastUpdate) }
                lastUpdate = updateExcess
                if foresight.accepts(updateExcess, isFirst: outcome.iterations == 1) {
                    system.moveCharges()
                    outcome.converged = true
                    outcome.isForeseen = true
                    outcome.worst = worst
                    outcome.excess = updateExcess
                    return outcome
                }
            }
            if loaded.limited > 0 {
                lastLimited = outcome.iterations
                idle = updateExcess <= 1 ? idle + 1 : 0
            }
            if idle == Self.idleLimiting
                || outcome.iterations == maximumIterations / 2 && lastLimited > outcome.iterations - Self.longestCycle
            {
                system.useLimiting(false)
            }
            // The arrays' matrix serves for a second iteration; it is nearly the same for small updates.
            loaded = system.evaluate(
                UnsafePointer(x), keepsGridMatrix: outcome.iterations < 2, keepsChargeSlopes: followsTangents)
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

    /// What an unknown can't be known better than.
    private func rounding(_ system: EquationSystem, _ unknown: Int) -> Double {
        switch system.circuit.unknowns.kind(unknown) {
        // A branch's current balances others at its nodes, and is known no better than these.
        case .branch: Self.unknownRounding * system.largestCurrent(around: unknown)
        // A rate, dv/dt, is a small difference of large terms of its own row where the voltage rests.
        case .auxiliary: Self.unknownRounding * system.magnitude[unknown]
        case .node, .internalNode, .gridNode: 0
        }
    }

    @inline(__always) private func absoluteTolerance(_ system: EquationSystem, _ unknown: Int) -> Double {
        switch system.circuit.unknowns.kind(unknown) {
        case .branch: currentTolerance
        case .auxiliary: min(currentTolerance, voltageTolerance)
        case .node, .internalNode, .gridNode: voltageTolerance
        }
    }
}
