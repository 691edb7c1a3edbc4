/// Solves A x = b by Krylov iterations for matrices of many strongly coupled wires that hang together weakly, as arrays
/// with wire resistance are: segments of 0.5 S, cells of 1e-8 to 2e-5 S.
///
/// The strong couplings, |a_ij| ≥ 0.02 min(|a_ii|, |a_jj|), fall apart into wires, paths or trees that factor without fill
/// (``StrongCouplings``, ``BlockLayout``). Every second one is eliminated exactly, and conjugate gradients, or BiCGSTAB
/// where the matrix is not symmetric, solve the rest with the others as preconditioner (``ReducedIteration``). The
/// operating point of a crossbar of N × N takes about 5 + 1.75 N √(g_cell/g_wire) iterations of work N².
///
/// ## What a solution is
///
/// It is judged by the residual r = b − A x of the whole system as it was given. Accepted is
///
///     ‖r‖ ≤ 1e-12 ‖c‖ + 2 ε ‖m‖   and   |r_i| ≤ 1e-11 (m_i + 1e-6 max |c|) in each row,
///
/// with c what the sources drive into the nodes [A], m_i = |b_i| + Σ |a_ij x_j|, and ε the rounding of doubles. Otherwise
/// the iterations go on from there; where they no longer gain, what direct solvers reach, 64 ε ‖m‖, still is accepted.
///
/// ## When it is not the method
///
/// Where the iterations would take too long, or a pivot is missing, or the network floats, the matrix is handed to
/// ``KLUSolver``, which factors it or says what is wrong with it; ``SolverStatistics/fallbacks`` counts that, and the
/// matrices that follow go to KLU too. The strong couplings are looked for again when the iterations have doubled: a
/// refactorisation renews all numbers, which costs less than one iteration, but keeps the split.
///
/// ``factor(_:)`` allocates; ``refactor(_:)`` and ``solve(_:)`` do not, but for fallbacks and KLU's own section.
public final class StrongBlockSolver: LinearSolver {
    public typealias Scalar = Double

    static let relativeTolerance = 1e-12
    static let rowTolerance = 1e-11

    private let pattern: SparsityPattern
    private let options: SolverOptions
    private let arena = Arena()
    private let size: Int
    /// The matrix as given, behind a 0.
    private let values: UnsafeMutablePointer<Double>
    private var split: BlockSplit? {
        didSet {
            single = nil
            several = nil
        }
    }
    /// For one right-hand side, and for eight at once; made when first asked.
    private var single: RefinedIteration<Double>?
    private var several: RefinedIteration<EightLanes>?
    private var direct: KLUSolver?
    /// What a fallback inside of ``solve(_:)`` failed with; the solution is then NaN.
    public private(set) var failure: SolverError?
    private var transposed: StrongBlockSolver?
    private var counts = SolverStatistics()
    /// Iterations of the first solution after the last analysis.
    private var usualIterations = 0
    private var needsAnalysis = true
    /// What ``suits(_:)`` found, for the analysis that follows.
    private var prepared: (scratch: Arena, graph: StrongCouplings, layout: BlockLayout)?

    /// Nothing is analysed before the first matrix: its values tell strong from weak.
    ///
    /// - Throws: ``SolverError/tooLarge``.
    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        guard !pattern.exceedsIndexRange, Int32(exactly: pattern.size) != nil else { throw .tooLarge }
        self.pattern = pattern
        self.options = options
        size = pattern.size
        values = arena.zeros(pattern.entryCount + 1)
    }

    /// Whether a matrix is one for this method: weak couplings that close many cycles, between wires. What was found is
    /// kept for the ``factor(_:)`` that follows.
    func suits(_ values: UnsafePointer<Double>) -> Bool {
        // A matrix with numbers that are none is for whoever says so best.
        guard (try? take(values)) != nil else { return false }
        let scratch = Arena()
        let graph = StrongCouplings(pattern, self.values, scratch)
        let nodes = graph.nodeCount
        guard 10 * graph.weakCount >= nodes, nodes > 0 else { return false }
        let layout = BlockLayout(graph, self.values)
        guard 10 * layout.cycleCount >= nodes, 10 * layout.generalCount <= nodes else { return false }
        prepared = (scratch, graph, layout)
        return true
    }

    // MARK: Factorisation

    public func factor(_ values: UnsafePointer<Double>) throws(SolverError) {
        try take(values)
        split = nil
        direct = nil
        try analyse()
    }

    public func refactor(_ values: UnsafePointer<Double>) throws(SolverError) {
        if split == nil, direct == nil { return try factor(values) }
        try take(values)
        if let direct {
            try direct.refactor(values)
            counts.refactorisations += 1
            return
        }
        guard !needsAnalysis, let split, try split.system.load(self.values, searchesPivots: false),
            // Factors of a symmetric matrix hold one triangle alone.
            !split.isSymmetric || split.system.isSymmetric(self.values)
        else {
            counts.refreshes += 1
            return try analyse()
        }
        counts.refactorisations += 1
    }

    private func take(_ values: UnsafePointer<Double>) throws(SolverError) {
        failure = nil
        transposed = nil
        self.values[0] = 0
        (self.values + 1).update(from: values, count: pattern.entryCount)
        if let column = SparseMatrix.firstColumnNotFinite(size: size, pattern.columnStarts, values) {
            split = nil
            direct = nil
            throw .notFinite(column: column)
        }
    }

    /// Finds the strong couplings and factors them, or leaves the matrix to KLU.
    private func analyse() throws(SolverError) {
        split = nil
        usualIterations = 0
        needsAnalysis = false
        counts.factorisations += 1
        let scratch = prepared?.scratch ?? Arena()
        let graph = prepared?.graph ?? StrongCouplings(pattern, values, scratch)
        let layout = prepared?.layout ?? BlockLayout(graph, values)
        prepared = nil
        guard !graph.leading.contains(where: { values[Int($0.slot) + 1] == 0 }),
            !graph.trailing.contains(where: { values[Int($0.slot) + 1] == 0 })
        else { return try fallBack() }
        guard !floats(layout, graph) else { return try fallBack() }
        do throws(SolverError) {
            let made = try BlockSplit(layout, graph, options)
            guard try made.system.load(values, searchesPivots: true) else { return try fallBack() }
            split = made
        } catch {
            // A component that is singular may still be held by what couples it.
            try fallBack()
        }
    }

    /// Factors the whole matrix, so that a singular one is diagnosed by KLU.
    private func fallBack() throws(SolverError) {
        split = nil
        direct = nil
        counts.fallbacks += 1
        let solver = try KLUSolver(pattern: pattern, options: options)
        try solver.factor(values + 1)
        direct = solver
    }

    /// Whether a set of nodes is tied to nothing: each row of A adds up to no more than rounding there, so that all
    /// voltages of the set can be raised alike.
    private func floats(_ layout: BlockLayout, _ graph: StrongCouplings) -> Bool {
        guard options.roundingFactor > 0 else { return false }
        let scratch = Arena()
        let (residual, magnitude): (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) = (
            scratch.zeros(size), scratch.zeros(size)
        )
        for column in 0..<size where graph.owner[column] >= 0 {
            for slot in Int(graph.columnStarts[column])..<Int(graph.columnStarts[column + 1]) {
                let row = Int(graph.rowIndices[slot])
                residual[row] += values[slot + 1]
                magnitude[row] += abs(values[slot + 1])
            }
        }
        var isTied = [Bool](repeating: false, count: layout.islandCount)
        for position in 0..<layout.count where layout.rows[position] >= 0 {
            let row = Int(layout.rows[position])
            if abs(residual[row]) > options.roundingFactor * .ulpOfOne * magnitude[row] {
                isTied[Int(layout.islands[position])] = true
            }
        }
        return isTied.contains(false)
    }

    // MARK: Solution

    public func solve(_ rightHandSide: UnsafeMutablePointer<Double>) {
        solve(rightHandSide, count: 1)
    }

    public func solve(_ rightHandSides: UnsafeMutablePointer<Double>, count: Int) {
        var index = 0
        while index < count {
            let b = rightHandSides + index * size
            let lanes = min(count - index, EightLanes.laneCount)
            if let direct {
                direct.solve(b, count: lanes)
            } else if let split, lanes > 1 {
                iterate(made(&several, split), b, lanes)
            } else if let split {
                iterate(made(&single, split), b, 1)
            } else {
                b.update(repeating: .nan, count: lanes * size)
            }
            index += lanes
            if direct != nil || split != nil { counts.solves += lanes }
        }
    }

    private func made<Number: Lanes>(
        _ iteration: inout RefinedIteration<Number>?, _ split: BlockSplit
    ) -> RefinedIteration<Number> {
        if let iteration { return iteration }
        let made = RefinedIteration<Number>(pattern, values, split, options)
        iteration = made
        return made
    }

    private func iterate<Number: Lanes>(
        _ iteration: RefinedIteration<Number>, _ b: UnsafeMutablePointer<Double>, _ lanes: Int
    ) {
        let solved = iteration.solve(b, count: lanes)
        for lane in 0..<lanes where solved.contains(lane) {
            let taken = iteration.taken(lane)
            counts.iterations += taken
            counts.mostIterations = max(counts.mostIterations, taken)
            if usualIterations == 0 { usualIterations = max(taken, 1) }
            if taken > 2 * usualIterations + 8 { needsAnalysis = true }
        }
        for lane in 0..<lanes where !solved.contains(lane) { solveDirectly(b + lane * size) }
    }

    /// After the iteration stalled, which left the right-hand side as it was.
    private func solveDirectly(_ b: UnsafeMutablePointer<Double>) {
        do throws(SolverError) {
            if direct == nil { try fallBack() }
            direct?.solve(b)
        } catch {
            failure = error
            b.update(repeating: .nan, count: size)
        }
    }

    /// Symmetric matrices are their own transpose; others get a solver of the transpose when first asked.
    public func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Double>) {
        if let direct {
            counts.solves += 1
            direct.solveTransposed(rightHandSide)
        } else if split != nil, equalsTranspose() {
            solve(rightHandSide)
        } else if split != nil {
            counts.solves += 1
            do throws(SolverError) {
                try makeTransposed().solve(rightHandSide)
            } catch {
                failure = error
                rightHandSide.update(repeating: .nan, count: size)
            }
        } else {
            rightHandSide.update(repeating: .nan, count: size)
        }
    }

    /// Of the whole matrix: what was peeled off a symmetric core need not be symmetric.
    private func equalsTranspose() -> Bool {
        if transposed != nil || split?.isSymmetric == false { return false }
        for column in 0..<size {
            for slot in pattern.slots(column: column) where Int(pattern.rowIndices[slot]) != column {
                let other = pattern.slot(row: column, column: Int(pattern.rowIndices[slot])).map { values[$0 + 1] } ?? 0
                if !StrongCouplings.areEqual(values[slot + 1], other) { return false }
            }
        }
        return true
    }

    private func makeTransposed() throws(SolverError) -> StrongBlockSolver {
        if let transposed { return transposed }
        var builder = PatternBuilder(size: size)
        builder.reserve(pattern.entryCount)
        for column in 0..<size {
            for slot in pattern.slots(column: column) {
                builder.insert(row: column, column: Int(pattern.rowIndices[slot]))
            }
        }
        let flipped = builder.build()
        var flippedValues = [Double](repeating: 0, count: pattern.entryCount)
        for column in 0..<size {
            for slot in pattern.slots(column: column) {
                if let place = flipped.slot(row: column, column: Int(pattern.rowIndices[slot])) {
                    flippedValues[place] = values[slot + 1]
                }
            }
        }
        let solver = try StrongBlockSolver(pattern: flipped, options: options)
        try solver.factor(flippedValues)
        transposed = solver
        return solver
    }

    // MARK: Reports

    public var statistics: SolverStatistics {
        var result = direct?.statistics ?? SolverStatistics()
        result.size = size
        result.entries = pattern.entryCount
        result.factorisations = counts.factorisations
        result.refactorisations = counts.refactorisations
        result.solves = counts.solves
        result.iterations = counts.iterations
        result.mostIterations = counts.mostIterations
        result.refreshes = counts.refreshes
        result.fallbacks = counts.fallbacks
        result.isIterative = direct == nil
        result.isSymmetric = split?.isSymmetric ?? false
        result.bytes += arena.bytes + (split?.bytes ?? 0) + (single?.bytes ?? 0) + (several?.bytes ?? 0)
        if let split { result.blocks = split.blockCount }
        return result
    }

    /// ‖A⁻¹‖₁ by Hager's iteration: N. J. Higham, ACM Trans. Math. Softw. 14, 381 (1988), doi 10.1145/50063.214386.
    public func reciprocalCondition(_ values: UnsafePointer<Double>) -> Double {
        if let direct { return direct.reciprocalCondition(values) }
        guard split != nil, size > 0 else { return size == 0 ? 1 : 0 }
        let before = counts
        defer { counts = before }
        var norm = 0.0
        for column in 0..<size {
            norm = max(norm, pattern.slots(column: column).reduce(0) { $0 + abs(values[$1]) })
        }
        var x = [Double](repeating: 1 / Double(size), count: size)
        var inverseNorm = 0.0
        for _ in 0..<5 {
            var y = x
            y.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solve(base) } }
            let estimate = y.reduce(0) { $0 + abs($1) }
            guard estimate > inverseNorm else { break }
            inverseNorm = estimate
            var z = y.map { $0 < 0 ? -1.0 : 1.0 }
            z.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solveTransposed(base) } }
            guard let largest = z.indices.max(by: { abs(z[$0]) < abs(z[$1]) }),
                abs(z[largest]) > zip(z, x).reduce(0, { $0 + $1.0 * $1.1 })
            else { break }
            x = [Double](repeating: 0, count: size)
            x[largest] = 1
        }
        return inverseNorm > 0 ? 1 / (norm * inverseNorm) : 0
    }
}
