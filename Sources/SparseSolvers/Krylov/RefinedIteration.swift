/// Everything about a matrix that follows from which of its couplings are strong.
struct BlockSplit {
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
    let system: ReducedSystem

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
        system = try ReducedSystem(layout, graph, options)
    }

    var bytes: Int {
        system.bytes + 8 * rows.count + 12 * (leading.count + trailing.count) + 8 * trailingEntries.count
    }
}

/// Solves A x = b to what ``StrongBlockSolver`` promises, for as many right-hand sides as `Number` has lanes: iterations on
/// the reduced system, then the residual of the whole one, and iterations on that where it is not yet small enough.
final class RefinedIteration<Number: Lanes> {
    private let pattern: SparsityPattern
    /// The matrix as given, behind a 0.
    private let values: UnsafePointer<Double>
    private let split: BlockSplit
    private let iteration: ReducedIteration<Number>
    private let size: Int
    private let arena = Arena()
    private let rightHandSide, residual, magnitude, x: UnsafeMutablePointer<Number>

    var bytes: Int { arena.bytes + iteration.bytes }

    /// - Parameter values: must outlive the iteration.
    init(
        _ pattern: SparsityPattern, _ values: UnsafePointer<Double>, _ split: BlockSplit, _ options: SolverOptions
    ) {
        self.pattern = pattern
        self.values = values
        self.split = split
        size = pattern.size
        iteration = ReducedIteration(split.system, options)
        rightHandSide = arena.zeros(size)
        residual = arena.zeros(size)
        magnitude = arena.zeros(size)
        x = arena.zeros(size)
    }

    /// Iterations of the last solution in a lane.
    func taken(_ lane: Int) -> Int { Int(iteration.iterations[lane: lane]) }

    /// Replaces right-hand sides, one behind the other, by solutions where iterations reach them.
    ///
    /// - Parameter count: at most one a lane.
    /// - Returns: those that are solved; the others are left as they were.
    func solve(_ columns: UnsafeMutablePointer<Double>, count: Int) -> LaneSet {
        for row in 0..<size {
            var b = Number.zero
            for lane in 0..<count { b[lane: lane] = columns[lane * size + row] }
            rightHandSide[row] = b
            residual[row] = b
            x[row] = .zero
        }
        iteration.resetIterations()
        let solved = refine(LaneSet(first: count))
        for lane in 0..<count where solved.contains(lane) {
            for row in 0..<size { columns[lane * size + row] = x[row][lane: lane] }
        }
        return solved
    }

    private func refine(_ lanes: LaneSet) -> LaneSet {
        let vector = iteration.vector
        solveLeading()
        var solved = LaneSet(first: 0)
        var active = lanes
        let drive = drive()
        var (goal, target, last) = (Number.zero, Number.zero, Number.zero)
        for lane in 0..<Number.laneCount where active.contains(lane) {
            guard drive.norm[lane: lane].isFinite else {
                active.remove(lane)
                continue
            }
            goal[lane: lane] = StrongBlockSolver.relativeTolerance * drive.norm[lane: lane]
            target[lane: lane] = 0.5 * goal[lane: lane]
            last[lane: lane] = .infinity
        }
        for _ in 0..<8 where !active.isEmpty {
            // Lanes that are done have nothing left to solve for.
            var share = Number.zero
            for lane in 0..<Number.laneCount where active.contains(lane) { share[lane: lane] = 1 }
            for (position, row) in split.rows.enumerated() {
                vector[position] = row < 0 ? .zero : share * residual[Int(row)]
            }
            iteration.solve(target: target, isSymmetric: split.isSymmetric)
            for lane in 0..<Number.laneCount where active.contains(lane) && !iteration.converged.contains(lane) {
                active.remove(lane)
            }
            for (position, column) in split.columns.enumerated() where column >= 0 {
                x[Int(column)] += vector[position]
            }
            solveTrailing()
            let check = check(floor: 1e-6 * drive.largest)
            for lane in 0..<Number.laneCount where active.contains(lane) {
                switch judge(check, lane, goal, last) {
                case .accepted:
                    active.remove(lane)
                    solved.insert(lane)
                case .hopeless: active.remove(lane)
                case .open:
                    last[lane: lane] = check.norm[lane: lane]
                    target[lane: lane] = min(target[lane: lane], 0.01 * check.norm[lane: lane])
                }
            }
        }
        // Eight rounds that each halved what was left are enough of a solution.
        for lane in 0..<Number.laneCount where active.contains(lane) { solved.insert(lane) }
        return solved
    }

    private enum Verdict { case accepted, open, hopeless }

    private func judge(_ check: Check, _ lane: Int, _ goal: Number, _ last: Number) -> Verdict {
        let (norm, magnitude, row) = (check.norm[lane: lane], check.magnitude[lane: lane], check.worstRow[lane: lane])
        guard norm.isFinite else { return .hopeless }
        if norm <= goal[lane: lane] + 2 * .ulpOfOne * magnitude, row <= StrongBlockSolver.rowTolerance {
            return .accepted
        }
        guard norm > 0.5 * last[lane: lane] else { return .open }
        // Nothing is gained any more.
        return norm <= 64 * .ulpOfOne * magnitude && row <= 1e-9 ? .accepted : .hopeless
    }

    /// Equations that give an unknown by themselves; it then moves to the right-hand side of all others.
    private func solveLeading() {
        for singleton in split.leading {
            let column = Int(singleton.column)
            let found = (1 / values[Int(singleton.slot) + 1]) * residual[Int(singleton.row)]
            x[column] = found
            for slot in pattern.slots(column: column) {
                residual[Int(pattern.rowIndices[slot])] -= values[slot + 1] * found
            }
        }
    }

    /// What the sources drive into the core: its norm, and the largest.
    private func drive() -> (norm: Number, largest: Number) {
        var square = Number.zero
        var largest = Number.zero
        for row in split.rows where row >= 0 {
            let c = residual[Int(row)]
            square += c * c
            largest.raise(to: c.magnitudes)
        }
        return (square.squareRoots(), largest)
    }

    /// Unknowns that one equation alone contains.
    private func solveTrailing() {
        for index in split.trailing.indices.reversed() {
            let singleton = split.trailing[index]
            var sum = rightHandSide[Int(singleton.row)]
            for entry in split.trailingEntries[split.trailingStarts[index]..<split.trailingStarts[index + 1]]
            where entry.column != singleton.column {
                sum -= values[Int(entry.slot)] * x[Int(entry.column)]
            }
            x[Int(singleton.column)] = (1 / values[Int(singleton.slot) + 1]) * sum
        }
    }

    /// The norm of b − A x, the norm of |b| + |A| |x|, and the worst ratio of the two over the rows.
    private struct Check {
        var norm, magnitude, worstRow: Number
    }

    /// Leaves b − A x in ``residual``.
    ///
    /// - Parameter floor: what a row's magnitude is raised by in the ratio.
    private func check(floor: Number) -> Check {
        let (b, r, m, values) = (rightHandSide, residual, magnitude, values + 1)
        for row in 0..<size {
            r[row] = b[row]
            m[row] = b[row].magnitudes
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
                        m[row] += term.magnitudes
                        slot += 1
                    }
                }
            }
        }
        var (square, total, worst) = (Number.zero, Number.zero, Number.zero)
        for row in 0..<size {
            square += r[row] * r[row]
            total += m[row] * m[row]
            worst.raise(to: r[row].magnitudes / (m[row] + floor))
        }
        return Check(norm: square.squareRoots(), magnitude: total.squareRoots(), worstRow: worst)
    }
}
