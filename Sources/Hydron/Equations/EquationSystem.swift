import LargeMemory
import SparseSolvers
import SpiceNetlist

/// The equations of a circuit as numbers: f(x) + d/dt q(x) + b(t) = 0.
///
///     x   unknowns: node voltages [V] and branch currents [A]; x[0] is ground
///     f   currents that leave a node [A], or a branch's voltage equation [V]
///     q   charges of nodes [C], fluxes of branches [Wb]
///     b   excitations of independent sources
///
/// The linear part is kept as two matrices, G = ∂f/∂x and C = ∂q/∂x, loaded once; only nonlinear devices are
/// evaluated in Newton's loop. Time enters as dq/dt ≈ α q + h with the history h made by an integration formula, so
/// that the residual is  F = (G + αC) x + f_nl + α q_nl + h + b  and the Jacobian  J = G + αC + ∂f_nl/∂x + α ∂q_nl/∂x.
///
/// A system is made in phases, and a change re-enters at the lowest that it touches:
///   1. unknowns      numbered by the circuit
///   2. pattern       `init`: batches declare entries, slots are bound, solver analyses the pattern
///   3. linear part   ``reloadLinear()``
///   4. baseline      ``setAlpha(_:shunt:)`` when the step or the shunt changes
///   5. excitations   ``loadSources(time:mode:factor:)`` at each time point
///   6. residual      ``evaluate(_:_:)`` in each Newton iteration
///
/// One run owns a system; what each step changes is `exclusivity(unchecked)`, which spares the checks of that.
final class EquationSystem {
    let circuit: Circuit
    /// Unknowns with ground.
    let count: Int
    /// Those of the sparse matrix; unknowns of arrays follow behind them.
    let sparseCount: Int
    /// Arrays, whose own unknowns are in no sparse matrix.
    let grids: [CrossbarGrid]
    /// Whether devices outside of arrays change the matrix in Newton's loop.
    private let hasNonlinearOutside: Bool
    /// The arrays' matrix, kept from the last solution, still serves: Newton's iteration needed it once only.
    @exclusivity(unchecked) var trustsGridMatrix = false
    /// What the rows of arrays are judged by, and the worst of them at the point last evaluated.
    @exclusivity(unchecked) var rowTolerance = RowTolerance.ofTerms
    private(set) var gridBalance: (excess: Double, unknown: Int) = (0, 0)
    /// The threads that share the work on vectors and arrays.
    let parallel: Parallel
    /// True where a small update moves every nonlinear element along its tangent: there are only devices with smooth
    /// characteristics.
    let followsTangents: Bool
    /// The same of all elements: curves bend at breakpoints only.
    let isSmooth: Bool
    /// alpha·∂q/∂x of nonlinear elements at the point last evaluated.
    private let chargeSlopes: UnsafeMutablePointer<Double>
    let pattern: SparsityPattern
    let batches: [any ElementBatch]
    let nonlinear: [any ElementBatch]
    let delaying: [any DelayBatch]
    /// By what they are asked at each time point: see ``BatchDuties``.
    private let exciting: [any ElementBatch]
    let remembering: [any ElementBatch]
    let bounding: [any ElementBatch]
    /// Those whose small signals see more than G + jωC.
    lazy var dispersive = batches.filter(\.isDispersive)
    /// True where equations change with the frequency of a small-signal analysis.
    private(set) lazy var dependsOnFrequency = batches.contains(where: \.dependsOnFrequency)
    /// True where the past of some element acts on its present.
    var hasDelays: Bool { !delaying.isEmpty }
    /// True where no batch takes part in Newton's loop.
    var isLinear: Bool { nonlinear.isEmpty && !held.hasClamps }
    let solver: JacobianSolver

    // One value a Jacobian entry, behind a waste bin at index 0.
    let conductance: UnsafeMutablePointer<Double>
    let capacitance: UnsafeMutablePointer<Double>
    private let baseline: UnsafeMutablePointer<Double>
    let jacobian: UnsafeMutablePointer<Double>

    // One value an unknown, index 0 being ground's waste bin. Those marked * have none for nodes inside of arrays.
    /// F [A or V].
    let residual: UnsafeMutablePointer<Double>
    /// * Charges of nonlinear devices.
    let charge: UnsafeMutablePointer<Double>
    /// * Largest nonlinear current of a row.
    let scale: UnsafeMutablePointer<Double>
    /// * Σ|a_ij x_j| of the linear part of a row: what its rounding is measured against.
    let magnitude: UnsafeMutablePointer<Double>
    /// * b(t).
    let excitation: UnsafeMutablePointer<Double>
    /// h of the integration formula; all zero in static analyses.
    let history: UnsafeMutablePointer<Double>

    @exclusivity(unchecked) private(set) var alpha = 0.0
    @exclusivity(unchecked) private(set) var shunt = 0.0
    @exclusivity(unchecked) var conditions = Conditions()
    /// Jacobian slots of the nodes' diagonals, for shunts.
    private var nodeDiagonals: [Int32] = []
    /// Elements at rest; nil where none may.
    @exclusivity(unchecked) var latent: LatentElements?
    /// Evaluations of built-in transistors and diodes in the last transient, and what those at rest were spared.
    var restCount: EvaluationCount?
    /// What `.ic`, `.nodeset` and `ic=` hold.
    @exclusivity(unchecked) private var held = HeldEquations()
    /// Resistance [Ω] that inductors show in static analyses, 0 unless a loop of them asks for it.
    var inductorLoss = 0.0
    /// True for unknowns that appear in q, which the integration error is judged by.
    @exclusivity(unchecked) private(set) var isDynamic: [Bool] = []
    /// True for equations with an entry in ∂q/∂x.
    private(set) var holdsCharge: [Bool] = []
    private let columnStarts: [Int32]
    private let rowIndices: [Int32]

    /// Makes the equations of `circuit`.
    ///
    /// - Throws: ``SimulationFailure`` where the matrix is structurally singular or too large.
    init(_ circuit: Circuit) throws(SimulationFailure) {
        self.circuit = circuit
        count = circuit.unknowns.count
        sparseCount = circuit.unknowns.sparseCount
        batches = circuit.populations.map { $0.makeBatch() }
        nonlinear = batches.filter { !$0.isLinear }
        delaying = batches.compactMap { $0 as? any DelayBatch }
        exciting = batches.filter { $0.duties.contains(.excites) }
        remembering = batches.filter { $0.duties.contains(.remembers) }
        bounding = batches.filter { $0.duties.contains(.boundsSteps) }
        for batch in delaying { batch.use(circuit.options) }
        hasNonlinearOutside = nonlinear.contains { !($0 is CrossbarBatch) }
        let crossbars = batches.compactMap { $0 as? CrossbarBatch }
        grids = crossbars.flatMap(\.grids)
        followsTangents = grids.isEmpty && nonlinear.allSatisfy(\.followsTangents)
        isSmooth = batches.allSatisfy(\.followsTangents)
        let threads = Parallel(threads: circuit.options.threadCount)
        for batch in batches { batch.use(threads) }
        parallel = grids.isEmpty ? threads : CrossbarGrid.threads(threads, for: grids)

        var builder = PatternBuilder(size: sparseCount - 1)
        for batch in batches { batch.connect(batches, unknownCount: count) }
        builder.reserve(sparseCount)
        for unknown in 1..<max(sparseCount, 1) where circuit.unknowns.kind(unknown) != .branch {
            builder.insert(row: unknown - 1, column: unknown - 1)
        }
        for batch in batches { batch.declare(&builder) }
        let pattern = builder.build()
        self.pattern = pattern
        columnStarts = pattern.columnStarts
        rowIndices = pattern.rowIndices
        for batch in batches { batch.bind(pattern) }

        func array(_ length: Int) -> UnsafeMutablePointer<Double> { HugeMemory.zeros(length) }
        let entries = pattern.entryCount + 1
        conductance = array(entries)
        capacitance = array(entries)
        baseline = array(entries)
        jacobian = array(entries)
        chargeSlopes = followsTangents ? array(entries) : jacobian
        residual = array(count)
        charge = array(sparseCount)
        scale = array(sparseCount)
        magnitude = array(sparseCount)
        excitation = array(sparseCount)
        history = array(count)

        solver = try JacobianSolver(
            circuit, pattern, jacobian: jacobian, grids: grids, isLinear: nonlinear.isEmpty, parallel)
        conditions.gmin = circuit.options[.gmin]
        for unknown in 1..<max(sparseCount, 1) {
            let kind = circuit.unknowns.kind(unknown)
            guard kind == .node || kind == .internalNode,
                let slot = pattern.slot(row: unknown - 1, column: unknown - 1)
            else { continue }
            nodeDiagonals.append(Int32(slot) + 1)
        }
        inductorLoss = circuit.inductorLoss
        reloadLinear()
        findDynamicUnknowns()
    }

    deinit {
        if chargeSlopes != jacobian { HugeMemory.free(chargeSlopes) }
        for pointer in [
            conductance, capacitance, baseline, jacobian, residual, charge, scale, magnitude, excitation, history,
        ] { HugeMemory.free(pointer) }
    }

    // MARK: - Phase 3: the linear part

    /// Loads G and C anew, after parameters of linear elements changed.
    func reloadLinear() {
        let entries = pattern.entryCount + 1
        conductance.update(repeating: 0, count: entries)
        capacitance.update(repeating: 0, count: entries)
        let zeros = Vector(count)
        let context = LoadContext(
            x: UnsafePointer(zeros.base), f: residual, q: charge, scale: scale, jacobian: conductance,
            chargeJacobian: capacitance, alpha: 1, conditions: conditions)
        for batch in batches { batch.loadLinear(pattern, context) }
        makeBaseline()
    }

    private func findDynamicUnknowns() {
        // A column takes part in time where C or any nonlinear device's ∂q/∂x has an entry: those of nonlinear devices
        // are found at a generic point, where no derivative vanishes by chance.
        guard !nonlinear.isEmpty else {
            markDynamic(capacitance)
            return
        }
        let entries = pattern.entryCount + 1
        let probe = UnsafeMutablePointer<Double>.allocate(capacity: entries + count)
        probe.initialize(repeating: 0, count: entries + count)
        defer { probe.deallocate() }
        probe.update(from: capacitance, count: entries)
        let x = probe + entries
        for unknown in 1..<max(count, 1) { x[unknown] = 0.1 + 0.37 * Double(unknown % 7) / 7 }
        let context = LoadContext(
            x: UnsafePointer(x), f: residual, q: charge, scale: scale, jacobian: jacobian, chargeJacobian: probe,
            alpha: 1, conditions: conditions, isSmallSignal: true)
        for batch in nonlinear { _ = batch.load(context) }
        for batch in nonlinear { batch.reset() }
        markDynamic(probe)
    }

    /// Marks the columns and rows with an entry.
    private func markDynamic(_ probe: UnsafePointer<Double>) {
        // In a local array: each access to a class's own is checked.
        var found = [Bool](repeating: false, count: count)
        var rows = found
        columnStarts.withUnsafeBufferPointer { starts in
            for column in 0..<max(sparseCount - 1, 0) {
                for entry in Int(starts[column])..<Int(starts[column + 1]) where probe[entry + 1] != 0 {
                    found[column + 1] = true
                    rows[Int(rowIndices[entry]) + 1] = true
                }
            }
        }
        found.withUnsafeMutableBufferPointer { found in
            guard let marks = found.baseAddress else { return }
            for grid in grids { grid.markCharges(marks) }
        }
        isDynamic = found
        holdsCharge = rows
    }

    // MARK: - Phase 4: the baseline

    /// Sets α [1/s] of the integration formula and a shunt conductance [S] from every node to ground (gmin stepping).
    func setAlpha(_ alpha: Double, shunt: Double = 0) {
        guard alpha != self.alpha || shunt != self.shunt else { return }
        self.alpha = alpha
        self.shunt = shunt
        makeBaseline()
    }

    func makeBaseline() {
        for entry in 0...pattern.entryCount { baseline[entry] = conductance[entry] + alpha * capacitance[entry] }
        if shunt > 0 {
            for slot in nodeDiagonals { baseline[Int(slot)] += shunt }
        }
        if inductorLoss > 0 {
            // The loss makes an inductor's equation v − r i = 0. One of 0 H needs it in time as well.
            for population in circuit.populations where population.isFluxDefined {
                guard let local = population.branchUnknown else { continue }
                for index in 0..<population.count {
                    let branch = Int(population.unknown(local, of: index))
                    guard branch > 0, let slot = pattern.slot(row: branch - 1, column: branch - 1),
                        alpha == 0 || !holdsCharge[branch]
                    else { continue }
                    baseline[slot + 1] -= inductorLoss
                }
            }
        }
        solver.factorsAreStale = true
        solver.gridFactorsAreStale = true
    }

    /// Replaces the equations of some nodes by "the voltage is this"; an empty list takes all holds back.
    func hold(_ conditions: [NodeCondition]) {
        if held.hold(circuit.holdable(conditions), in: pattern) { solver.factorsAreStale = true }
    }

    /// Holds the voltages and currents that elements give with `ic=`; called with false to let go.
    func holdDeviceConditions(_ holds: Bool) {
        if holds { held.holdConditions(of: batches, in: pattern) } else { held.releaseClamps() }
        solver.factorsAreStale = true
    }

    /// Branch currents held by `ic=`, to be joined to what ``hold(_:)`` is given.
    var heldCurrents: [NodeCondition] { held.currents }

    // MARK: - Phase 5: excitations

    /// Whether independent sources rise from 0 at the time 0.
    var rampsSources = false
    /// How long they do [s], as in LTspice.
    static let startupTime = 20e-6

    func loadSources(time: Double, mode: SourceContext.Mode, factor: Double = 1) {
        excitation.update(repeating: 0, count: sparseCount)
        let share = rampsSources ? min(max(time / Self.startupTime, 0), 1) : 1
        let context = SourceContext(f: excitation, time: time, mode: mode, factor: factor * share)
        for batch in exciting { batch.loadSources(context) }
    }

    // MARK: - Phase 6: residual and Jacobian

    /// Evaluates F, the Jacobian and the nonlinear charges at `x`. `keepsGridMatrix` leaves the part of the Jacobian that
    /// lies in arrays as it was factored last, where that was for the same α. `keepsChargeSlopes` is what
    /// ``moveCharges()`` needs.
    @discardableResult
    func evaluate(
        _ x: UnsafePointer<Double>, keepsGridMatrix: Bool = false, keepsChargeSlopes: Bool = false
    ) -> LoadResult {
        if let latent { wakeElements(at: x, latent) }
        jacobian.update(from: baseline, count: pattern.entryCount + 1)
        for row in 0..<sparseCount {
            scale[row] = 0
            charge[row] = 0
            let given = excitation[row] + history[row]
            residual[row] = given
            magnitude[row] = abs(given)
        }
        columnStarts.withUnsafeBufferPointer { starts in
            rowIndices.withUnsafeBufferPointer { rows in
                for column in 0..<(sparseCount - 1) {
                    let value = x[column + 1]
                    guard value != 0 else { continue }
                    for entry in Int(starts[column])..<Int(starts[column + 1]) {
                        let row = Int(rows[entry]) + 1
                        let term = baseline[entry + 1] * value
                        residual[row] += term
                        magnitude[row] += abs(term)
                    }
                }
            }
        }
        if let latent, latent.count > 0 {
            for row in 0..<sparseCount {
                residual[row] += latent.current.base[row]
                charge[row] = latent.charge.base[row]
                scale[row] = latent.scale.base[row]
            }
        }
        let keeps = keepsGridMatrix && !solver.gridFactorsAreStale
        if !grids.isEmpty { evaluateGrids(x, fillsMatrix: !keeps) }
        if keepsChargeSlopes { chargeSlopes.update(repeating: 0, count: pattern.entryCount + 1) }
        let context = LoadContext(
            x: x, f: residual, q: charge, scale: scale, jacobian: jacobian,
            chargeJacobian: keepsChargeSlopes ? chargeSlopes : jacobian, alpha: alpha, conditions: conditions)
        var result = LoadResult()
        for batch in nonlinear {
            let loaded = batch.load(context)
            result.limited += loaded.limited
            if loaded.hasFailed { result.hasFailed = true }
        }
        if keepsChargeSlopes {
            for entry in 1..<(pattern.entryCount + 1) { jacobian[entry] += chargeSlopes[entry] }
        }
        if alpha != 0 {
            for row in 0..<sparseCount { residual[row] += alpha * charge[row] }
        }
        if held.hasClamps { held.addClamps(x, residual: residual, magnitude: magnitude, jacobian: jacobian) }
        residual[0] = 0
        if hasNonlinearOutside || held.hasClamps || solver.gridFactorsAreStale && !grids.isEmpty {
            solver.factorsAreStale = true
        }
        held.replaceRows(of: jacobian)
        held.eachValue { unknown, value in
            residual[unknown] = x[unknown] - value
            scale[unknown] = 0
            magnitude[unknown] = abs(value)
        }
        return result
    }

    private func evaluateGrids(_ x: UnsafePointer<Double>, fillsMatrix: Bool) {
        let context = CellContext(alpha: alpha, interval: conditions.interval, fillsMatrix: fillsMatrix)
        gridBalance = (0, 0)
        for grid in grids {
            let worst = grid.evaluate(
                x, history: history, residual: residual, portSizes: magnitude, shunt: shunt, tolerance: rowTolerance,
                context, parallel)
            if !(worst.excess <= gridBalance.excess) { gridBalance = worst }
            if fillsMatrix, !grid.isLinear { solver.gridFactorsAreStale = true }
        }
    }

    /// Adds Σ|J_ij x_j| times `share` to ``magnitude``: a voltage known to its last bit only, across a large conductance,
    /// makes currents that no iteration can balance better.
    func addRoundingOfUnknowns(_ x: UnsafePointer<Double>, share: Double) {
        columnStarts.withUnsafeBufferPointer { starts in
            rowIndices.withUnsafeBufferPointer { rows in
                for column in 0..<(sparseCount - 1) {
                    let value = abs(x[column + 1]) * share
                    for entry in Int(starts[column])..<Int(starts[column + 1]) {
                        magnitude[Int(rows[entry]) + 1] += abs(jacobian[entry + 1]) * value
                    }
                }
            }
        }
    }

    /// The largest ``magnitude`` [A] among the nodes of a branch.
    func largestCurrent(around branch: Int) -> Double {
        var largest = 0.0
        for entry in Int(columnStarts[branch - 1])..<Int(columnStarts[branch]) {
            let row = Int(rowIndices[entry]) + 1
            if circuit.unknowns.kind(row) != .branch { largest = max(largest, magnitude[row]) }
        }
        return largest
    }

    /// Takes the nonlinear charges along their tangents over the update that ``solveForUpdate()`` found, which keeps them
    /// in balance with the currents of its solution.
    func moveCharges() {
        guard alpha != 0 else { return }
        let scale = 1 / alpha
        columnStarts.withUnsafeBufferPointer { starts in
            rowIndices.withUnsafeBufferPointer { rows in
                for column in 0..<(sparseCount - 1) {
                    let step = residual[column + 1] * scale
                    for entry in Int(starts[column])..<Int(starts[column + 1]) {
                        charge[Int(rows[entry]) + 1] += chargeSlopes[entry + 1] * step
                    }
                }
            }
        }
    }

    /// Δ, from ``solveForUpdate()`` until the equations are evaluated again.
    var lastUpdate: UnsafePointer<Double> { UnsafePointer(residual) }

    /// Solves J Δ = −F; Δ replaces the residual. The Jacobian is factored again only where its numbers changed.
    func solveForUpdate() throws(SimulationFailure) {
        try solver.factorIfNeeded(alpha: alpha, shunt: shunt)
        try solve(residual, sign: -1)
    }

    /// For a linear circuit: the solution itself, x = −(G + αC)⁻¹ (b + h), with no evaluation at all.
    func solveLinear(into x: UnsafeMutablePointer<Double>) throws(SimulationFailure) {
        if solver.factorsAreStale {
            jacobian.update(from: baseline, count: pattern.entryCount + 1)
            held.replaceRows(of: jacobian)
        }
        try solver.factorIfNeeded(alpha: alpha, shunt: shunt)
        beginSolution()
        x[0] = 0
        for row in 1..<max(sparseCount, 1) { x[row] = 0 - (excitation[row] + history[row]) }
        held.eachValue { x[$0] = $1 }
        guard !grids.isEmpty else { return try solve(x) }
        parallel.parts(count - sparseCount) { part in
            for row in part { x[sparseCount + row] = 0 - history[sparseCount + row] }
        }
        try solve(x)
        try refine(x)
    }

    /// A new point: nothing is known of how large its currents are.
    func beginSolution() {
        solver.beginSolution()
        for batch in nonlinear { batch.beginSolution() }
    }

    /// Replaces b by ±J⁻¹ b, with the factors in hand.
    private func solve(_ b: UnsafeMutablePointer<Double>, sign: Double = 1) throws(SimulationFailure) {
        try solver.solve(b, sign: sign, alpha: alpha, shunt: shunt)
    }

    /// The true residual of a linear solution decides: what the iteration left is solved for once more.
    private func refine(_ x: UnsafeMutablePointer<Double>) throws(SimulationFailure) {
        rowTolerance = .ofTerms
        for _ in 0..<3 {
            evaluate(UnsafePointer(x))
            var worst = gridBalance.excess
            for row in 1..<max(sparseCount, 1) where magnitude[row] > 0 {
                worst = max(worst, abs(residual[row]) / magnitude[row])
            }
            if !(worst > 1e-12) { return }
            try solve(residual, sign: -1)
            parallel.parts(count) { for row in $0 { x[row] += residual[row] } }
            x[0] = 0
        }
    }

    /// q = C x + q_nl at the point last evaluated, into `total`.
    func totalCharge(_ x: UnsafePointer<Double>, into total: UnsafeMutablePointer<Double>) {
        total.update(from: charge, count: sparseCount)
        columnStarts.withUnsafeBufferPointer { starts in
            rowIndices.withUnsafeBufferPointer { rows in
                for column in 0..<(sparseCount - 1) where isDynamic[column + 1] {
                    let value = x[column + 1]
                    for entry in Int(starts[column])..<Int(starts[column + 1]) {
                        total[Int(rows[entry]) + 1] += capacitance[entry + 1] * value
                    }
                }
            }
        }
        for grid in grids { grid.charges(x, total, parallel) }
        total[0] = 0
    }
}
