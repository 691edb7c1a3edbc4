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

    private static let relativeTolerance = 1e-12
    private static let rowTolerance = 1e-11
    private static let unitRoundoff = 0x1p-53

    private let pattern: SparsityPattern
    private let options: SolverOptions
    private let arena = Arena()
    private let size: Int
    /// The matrix as given, behind a 0.
    private let values: UnsafeMutablePointer<Double>
    private let rightHandSide, residual, magnitude: UnsafeMutablePointer<Double>
    private var split: Split?
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

    /// Everything that follows from which couplings are strong.
    private struct Split {
        var leading: [StrongCouplings.Singleton]
        var trailing: [StrongCouplings.Singleton]
        /// The rows of the trailing singletons, one after the other: columns and one more than the slots.
        var trailingStarts: [Int] = [0]
        var trailingEntries: [(column: Int32, slot: Int32)] = []
        /// By position; -1 in a gap.
        var rows: [Int32]
        var columns: [Int32]
        var blockCount: Int
        var isSymmetric: Bool
        var iteration: ReducedIteration

        init(_ layout: BlockLayout, _ graph: StrongCouplings, _ options: SolverOptions) throws(SolverError) {
            leading = graph.leading
            trailing = graph.trailing
            for singleton in trailing {
                let row = Int(singleton.row)
                for place in Int(graph.rowStarts[row])..<Int(graph.rowStarts[row + 1]) {
                    trailingEntries.append((graph.columnIndices[place], graph.rowSlots[place] + 1))
                }
                trailingStarts.append(trailingEntries.count)
            }
            rows = layout.rows
            columns = layout.columns
            blockCount = layout.componentCount + leading.count + trailing.count
            isSymmetric = graph.isSymmetric
            iteration = try ReducedIteration(layout, graph, options)
        }

        var bytes: Int {
            iteration.bytes + 8 * rows.count + 12 * (leading.count + trailing.count) + 8 * trailingEntries.count
        }
    }

    /// Nothing is analysed before the first matrix: its values tell strong from weak.
    ///
    /// - Throws: ``SolverError/tooLarge``.
    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        guard !pattern.exceedsIndexRange, Int32(exactly: pattern.size) != nil else { throw .tooLarge }
        self.pattern = pattern
        self.options = options
        size = pattern.size
        values = arena.zeros(pattern.entryCount + 1)
        rightHandSide = arena.zeros(size)
        residual = arena.zeros(size)
        magnitude = arena.zeros(size)
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
        guard !needsAnalysis, let split, try split.iteration.load(self.values, searchesPivots: false),
            // Factors of a symmetric matrix hold one triangle alone.
            !split.isSymmetric || split.iteration.isSymmetric(self.values)
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
            let made = try Split(layout, graph, options)
            guard try made.iteration.load(values, searchesPivots: true) else { return try fallBack() }
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
        residual.update(repeating: 0, count: size)
        magnitude.update(repeating: 0, count: size)
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
            if abs(residual[row]) > options.roundingFactor * 2 * Self.unitRoundoff * magnitude[row] {
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
        for index in 0..<max(count, 0) {
            let b = rightHandSides + index * size
            if let direct {
                counts.solves += 1
                direct.solve(b)
            } else if let split {
                counts.solves += 1
                if !iterate(split, b) { solveDirectly(b) }
            } else {
                b.update(repeating: .nan, count: size)
            }
        }
    }

    /// After the iteration stalled; the right-hand side is in ``rightHandSide``.
    private func solveDirectly(_ x: UnsafeMutablePointer<Double>) {
        do throws(SolverError) {
            try fallBack()
            x.update(from: rightHandSide, count: size)
            direct?.solve(x)
        } catch {
            failure = error
            x.update(repeating: .nan, count: size)
        }
    }

    /// False where it is no use.
    private func iterate(_ split: Split, _ x: UnsafeMutablePointer<Double>) -> Bool {
        let b = rightHandSide
        let vector = split.iteration.vector
        b.update(from: x, count: size)
        residual.update(from: x, count: size)
        x.update(repeating: 0, count: size)
        // Equations that give an unknown by themselves; it then moves to the right-hand side of all others.
        for singleton in split.leading {
            let column = Int(singleton.column)
            x[column] = residual[Int(singleton.row)] / values[Int(singleton.slot) + 1]
            for slot in pattern.slots(column: column) {
                residual[Int(pattern.rowIndices[slot])] -= values[slot + 1] * x[column]
            }
        }
        var drive = 0.0
        var largestDrive = 0.0
        for row in split.rows where row >= 0 {
            let c = residual[Int(row)]
            drive += c * c
            largestDrive = max(largestDrive, abs(c))
        }
        drive = drive.squareRoot()
        guard drive.isFinite else { return false }

        let before = split.iteration.iterations
        let goal = Self.relativeTolerance * drive
        var target = 0.5 * goal
        var last = Double.infinity
        for _ in 0..<8 {
            for (position, row) in split.rows.enumerated() { vector[position] = row < 0 ? 0 : residual[Int(row)] }
            let ending = split.iteration.solve(target: target, isSymmetric: split.isSymmetric)
            guard ending == .converged else { return false }
            for (position, column) in split.columns.enumerated() where column >= 0 {
                x[Int(column)] += vector[position]
            }
            solveTrailing(split, x)
            let check = check(x, floor: 1e-6 * largestDrive)
            guard check.norm.isFinite else { return false }
            if check.norm <= goal + 4 * Self.unitRoundoff * check.magnitude, check.worstRow <= Self.rowTolerance {
                break
            }
            if check.norm > 0.5 * last {
                // Nothing is gained any more.
                guard check.norm <= 128 * Self.unitRoundoff * check.magnitude, check.worstRow <= 1e-9 else {
                    return false
                }
                break
            }
            last = check.norm
            target = min(target, 0.01 * check.norm)
        }
        let taken = split.iteration.iterations - before
        counts.iterations += taken
        counts.mostIterations = max(counts.mostIterations, taken)
        if usualIterations == 0 { usualIterations = max(taken, 1) }
        if taken > 2 * usualIterations + 8 { needsAnalysis = true }
        return true
    }

    /// Unknowns that one equation alone contains.
    private func solveTrailing(_ split: Split, _ x: UnsafeMutablePointer<Double>) {
        for index in split.trailing.indices.reversed() {
            let singleton = split.trailing[index]
            var sum = rightHandSide[Int(singleton.row)]
            for entry in split.trailingEntries[split.trailingStarts[index]..<split.trailingStarts[index + 1]]
            where entry.column != singleton.column {
                sum -= values[Int(entry.slot)] * x[Int(entry.column)]
            }
            x[Int(singleton.column)] = sum / values[Int(singleton.slot) + 1]
        }
    }

    /// Leaves b − A x in ``residual`` and gives its norm, the norm of |b| + |A| |x|, and the worst ratio of the two over the
    /// rows, to which `floor` is added below.
    private func check(
        _ x: UnsafePointer<Double>, floor: Double
    ) -> (norm: Double, magnitude: Double, worstRow: Double) {
        let (b, r, m, values) = (rightHandSide, residual, magnitude, values + 1)
        for row in 0..<size {
            r[row] = b[row]
            m[row] = abs(b[row])
        }
        pattern.columnStarts.withUnsafeBufferPointer { starts in
            pattern.rowIndices.withUnsafeBufferPointer { rows in
                var slot = 0
                for column in 0..<size {
                    let end = Int(starts[column + 1])
                    let value = x[column]
                    while slot < end {
                        let row = Int(rows[slot])
                        let term = values[slot] * value
                        r[row] -= term
                        m[row] += abs(term)
                        slot += 1
                    }
                }
            }
        }
        var (norm, total, worst) = (0.0, 0.0, 0.0)
        for row in 0..<size {
            norm += r[row] * r[row]
            total += m[row] * m[row]
            let ratio = abs(r[row]) / (m[row] + floor)
            if ratio > worst { worst = ratio }
        }
        return (norm.squareRoot(), total.squareRoot(), worst)
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
        result.bytes += arena.bytes + (split?.bytes ?? 0)
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
