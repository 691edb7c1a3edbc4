/// The strong components of one part of a ``BlockLayout``, factored.
///
/// A path or tree is eliminated from its leaves to its root without fill,
///
///     d_k = a_kk − Σ l_c a_kc (children c),   l_k = a_pk / d_k,   u_k = a_kp / d_k   (p the parent of k),
///
/// and solved by two sweeps, y_p −= l_k y_k towards the root and x_k = y_k / d_k − u_k x_p back. Gaps hold 0 everywhere.
/// All else is KLU's.
final class StrongBlocks {
    /// Largest multiplier of an elimination on the diagonal; beyond it KLU chooses pivots.
    static let growthLimit = 1e5

    let count: Int
    private let paths: [Range<Int>]
    private let trees: Range<Int>
    private let arena = Arena()
    private let diagonalSlots, lowerSlots, upperSlots: UnsafeMutablePointer<Int32>
    /// Of trees, from their start.
    private let parents: UnsafeMutablePointer<Int32>
    /// 1/d, l and u; the last two are one where the matrix is symmetric.
    private let inversePivots, lower, upper: UnsafeMutablePointer<Double>
    private var general: General?

    /// The section that KLU factors.
    private struct General {
        var start: Int
        var solver: KLUSolver
        var slots: [Int32]
        var mates: [Int32]
        var values: [Double]
    }

    var bytes: Int { arena.bytes + (general.map { $0.solver.statistics.bytes + 16 * $0.slots.count } ?? 0) }

    /// - Throws: ``SolverError`` where no values can make KLU's section regular.
    init(
        _ part: BlockLayout.Part, _ layout: BlockLayout, _ graph: StrongCouplings, _ options: SolverOptions
    ) throws(SolverError) {
        let range = part.all
        let local = part.local
        count = range.count
        paths = local.paths
        trees = local.trees
        diagonalSlots = arena.copy(layout.diagonalSlots[range])
        lowerSlots = arena.copy(layout.lowerSlots[range])
        upperSlots = arena.copy(layout.upperSlots[range])
        parents = arena.copy(layout.parents[part.trees])
        for node in 0..<trees.count { parents[node] -= Int32(truncatingIfNeeded: range.lowerBound) }
        inversePivots = arena.zeros(count)
        lower = arena.zeros(count)
        upper = graph.isSymmetric ? lower : arena.zeros(count)
        guard !part.general.isEmpty else { return }
        let (pattern, slots, mates) = layout.block(part.general, graph)
        general = General(
            start: local.general.lowerBound, solver: try KLUSolver(pattern: pattern, options: options), slots: slots,
            mates: mates, values: [Double](repeating: 0, count: slots.count))
    }

    // MARK: Factorisation

    /// - Parameters:
    ///   - values: in the pattern's order, with a 0 in front.
    ///   - searchesPivots: in KLU's section.
    /// - Returns: false where a pivot on the diagonal has gone bad.
    /// - Throws: what KLU says of its section.
    func factor(_ values: UnsafePointer<Double>, searchesPivots: Bool) throws(SolverError) -> Bool {
        for stretch in paths {
            guard factorPaths(stretch, values) else { return false }
        }
        guard factorTrees(values) else { return false }
        guard general != nil else { return true }
        let solver = general?.solver
        for (entry, slot) in (general?.slots ?? []).enumerated() { general?.values[entry] = values[Int(slot)] }
        if searchesPivots {
            try solver?.factor(general?.values ?? [])
        } else {
            try solver?.refactor(general?.values ?? [])
        }
        return true
    }

    private func factorPaths(_ range: Range<Int>, _ values: UnsafePointer<Double>) -> Bool {
        var fromChild = 0.0
        for node in range {
            let slot = Int(diagonalSlots[node])
            guard slot >= 0 else { continue }
            guard eliminate(node, values[slot] - fromChild, values) else { return false }
            fromChild = lower[node] * values[Int(upperSlots[node])]
        }
        return true
    }

    private func factorTrees(_ values: UnsafePointer<Double>) -> Bool {
        // Pivots are summed where their inverses go.
        for node in trees { inversePivots[node] = values[Int(diagonalSlots[node])] }
        for node in trees {
            guard eliminate(node, inversePivots[node], values) else { return false }
            let parent = Int(parents[node - trees.lowerBound])
            if parent != node { inversePivots[parent] -= lower[node] * values[Int(upperSlots[node])] }
        }
        return true
    }

    @inline(__always)
    private func eliminate(_ node: Int, _ pivot: Double, _ values: UnsafePointer<Double>) -> Bool {
        let inverse = 1 / pivot
        let above = values[Int(upperSlots[node])] * inverse
        let below = values[Int(lowerSlots[node])] * inverse
        inversePivots[node] = inverse
        upper[node] = above
        lower[node] = below
        // False for NaN too.
        return abs(below) <= Self.growthLimit && abs(above) <= Self.growthLimit && inverse.isFinite
    }

    /// Whether each value of S equals its transpose.
    func isSymmetric(_ values: UnsafePointer<Double>) -> Bool {
        for node in 0..<count
        where !StrongCouplings.areEqual(values[Int(lowerSlots[node])], values[Int(upperSlots[node])]) {
            return false
        }
        guard let general else { return true }
        for (slot, mate) in zip(general.slots, general.mates)
        where !StrongCouplings.areEqual(values[Int(slot)], values[Int(mate)]) {
            return false
        }
        return true
    }

    // MARK: Solution

    /// x = S⁻¹ x
    func solve(_ x: UnsafeMutablePointer<Double>) {
        if paths.count == 4 { sweepSideBySide(x) } else { for stretch in paths { sweep(stretch, x) } }
        let start = trees.lowerBound
        for node in trees {
            let parent = Int(parents[node - start])
            if parent != node { x[parent] -= lower[node] * x[node] }
        }
        for node in trees.reversed() {
            let parent = Int(parents[node - start])
            x[node] = x[node] * inversePivots[node] - (parent == node ? 0 : upper[node] * x[parent])
        }
        if let general { general.solver.solve(x + general.start) }
    }

    private func sweep(_ stretch: Range<Int>, _ x: UnsafeMutablePointer<Double>) {
        forward(stretch, x, 0, 0)
        backward(stretch, x, 0)
    }

    @inline(__always)
    private func forward(
        _ nodes: Range<Int>, _ x: UnsafeMutablePointer<Double>, _ before: Double, _ multiplier: Double
    ) {
        var before = before
        var multiplier = multiplier
        for node in nodes {
            before = x[node] - multiplier * before
            x[node] = before
            multiplier = lower[node]
        }
    }

    @inline(__always)
    private func backward(_ nodes: Range<Int>, _ x: UnsafeMutablePointer<Double>, _ after: Double) {
        var after = after
        for node in nodes.reversed() {
            after = x[node] * inversePivots[node] - upper[node] * after
            x[node] = after
        }
    }

    /// Each recurrence waits for its last result; four at once fill the time.
    private func sweepSideBySide(_ x: UnsafeMutablePointer<Double>) {
        let (lower, upper, inverse) = (lower, upper, inversePivots)
        let (a, b, c, d) = (paths[0], paths[1], paths[2], paths[3])
        let common = min(min(a.count, b.count), min(c.count, d.count))
        var (ya, yb, yc, yd) = (0.0, 0.0, 0.0, 0.0)
        var (la, lb, lc, ld) = (0.0, 0.0, 0.0, 0.0)
        for step in 0..<common {
            let (ka, kb, kc, kd) = (a.lowerBound + step, b.lowerBound + step, c.lowerBound + step, d.lowerBound + step)
            ya = x[ka] - la * ya
            yb = x[kb] - lb * yb
            yc = x[kc] - lc * yc
            yd = x[kd] - ld * yd
            x[ka] = ya
            x[kb] = yb
            x[kc] = yc
            x[kd] = yd
            la = lower[ka]
            lb = lower[kb]
            lc = lower[kc]
            ld = lower[kd]
        }
        forward(a.lowerBound + common..<a.upperBound, x, ya, la)
        forward(b.lowerBound + common..<b.upperBound, x, yb, lb)
        forward(c.lowerBound + common..<c.upperBound, x, yc, lc)
        forward(d.lowerBound + common..<d.upperBound, x, yd, ld)
        (ya, yb, yc, yd) = (0, 0, 0, 0)
        for step in 0..<common {
            let (ka, kb) = (a.upperBound - 1 - step, b.upperBound - 1 - step)
            let (kc, kd) = (c.upperBound - 1 - step, d.upperBound - 1 - step)
            ya = x[ka] * inverse[ka] - upper[ka] * ya
            yb = x[kb] * inverse[kb] - upper[kb] * yb
            yc = x[kc] * inverse[kc] - upper[kc] * yc
            yd = x[kd] * inverse[kd] - upper[kd] * yd
            x[ka] = ya
            x[kb] = yb
            x[kc] = yc
            x[kd] = yd
        }
        backward(a.lowerBound..<a.upperBound - common, x, ya)
        backward(b.lowerBound..<b.upperBound - common, x, yb)
        backward(c.lowerBound..<c.upperBound - common, x, yc)
        backward(d.lowerBound..<d.upperBound - common, x, yd)
    }
}

/// The weak couplings of the rows of one part, by rows.
final class WeakCouplings {
    private let arena = Arena()
    private let count: Int
    private let starts, indices, slots, mates: UnsafeMutablePointer<Int32>
    private let values: UnsafeMutablePointer<Double>
    private let entryCount: Int

    var bytes: Int { arena.bytes }

    init(_ part: BlockLayout.Part, _ layout: BlockLayout) {
        count = part.all.count
        let first = layout.weakStarts[part.all.lowerBound]
        let entries = Int(first)..<Int(layout.weakStarts[part.all.upperBound])
        entryCount = entries.count
        starts = arena.copy(layout.weakStarts[part.all.lowerBound...part.all.upperBound])
        for row in 0...count { starts[row] -= first }
        indices = arena.copy(layout.weakIndices[entries])
        slots = arena.copy(layout.weakSlots[entries])
        mates = arena.copy(layout.weakMates[entries])
        values = arena.zeros(entryCount)
    }

    /// - Parameter source: values in the pattern's order, with a 0 in front.
    func load(_ source: UnsafePointer<Double>) {
        for entry in 0..<entryCount { values[entry] = source[Int(slots[entry])] }
    }

    /// Whether each value equals its transpose.
    func isSymmetric(_ source: UnsafePointer<Double>) -> Bool {
        for entry in 0..<entryCount
        where !StrongCouplings.areEqual(values[entry], source[Int(mates[entry])]) {
            return false
        }
        return true
    }

    /// Calls `body` with each row of the part and the row's product with `x`, which is indexed by position.
    @inline(__always)
    func multiply(_ x: UnsafePointer<Double>, _ body: (_ row: Int, _ product: Double) -> Void) {
        let (starts, indices, values) = (starts, indices, values)
        var entry = 0
        for row in 0..<count {
            let end = Int(starts[row + 1])
            var sum = 0.0
            while entry < end {
                sum += values[entry] * x[Int(indices[entry])]
                entry += 1
            }
            body(row, sum)
        }
    }
}
