/// Where each node of the core stands: strong components one behind the other, each in an order in which it can be
/// eliminated without fill, in two parts.
///
///     eliminated   components no two of which are coupled (the rows of a crossbar)
///     iterated     all others (its columns)
///
/// With A = S + W, S the strong components and W the weak couplings, the first part is eliminated exactly, and
/// iterations run on  S₂ − W₂₁ S₁⁻¹ W₁₂ + W₂₂  with S₂ as preconditioner. Where the components are of two colours,
/// W₂₂ = 0, that takes half as many iterations as on the whole matrix, each at the same cost: L. A. Hageman, F. T. Luk,
/// D. M. Young, SIAM J. Numer. Anal. 17, 57 (1980), doi 10.1137/0717006.
///
/// Each part has three sections: paths, trees, and components with cycles or without a safe pivot on the diagonal, which
/// are left to KLU. Neighbours along a wire are neighbours in memory.
struct BlockLayout {
    /// Positions of a part.
    struct Part {
        /// Stretches of whole paths, of about the same length, so that their recurrences can run side by side.
        var paths: [Range<Int>] = []
        var trees: Range<Int>
        var general: Range<Int>
        /// Everything, with gaps.
        var all: Range<Int>

        /// The same counted from the part's own start.
        var local: Part {
            let start = all.lowerBound
            func moved(_ range: Range<Int>) -> Range<Int> {
                range.isEmpty ? 0..<0 : range.lowerBound - start..<range.upperBound - start
            }
            return Part(paths: paths.map(moved), trees: moved(trees), general: moved(general), all: moved(all))
        }
    }

    private(set) var eliminated = Part(trees: 0..<0, general: 0..<0, all: 0..<0)
    private(set) var iterated = Part(trees: 0..<0, general: 0..<0, all: 0..<0)
    var count: Int { iterated.all.upperBound }

    /// The row and the column at each position; -1 in a gap.
    private(set) var rows: [Int32] = []
    private(set) var columns: [Int32] = []
    /// The position that the node at a position of a path or tree is eliminated into; itself where there is none.
    private(set) var parents: [Int32] = []
    /// One more than the slots of the diagonal, of (parent, node) and of (node, parent); 0 where there is none, and a
    /// diagonal of -1 in a gap.
    private(set) var diagonalSlots: [Int32] = []
    private(set) var lowerSlots: [Int32] = []
    private(set) var upperSlots: [Int32] = []
    /// Weak couplings by the position of their row: the column's position, and one more than the slots of the value and
    /// of its transpose.
    private(set) var weakStarts: [Int32] = []
    private(set) var weakIndices: [Int32] = []
    private(set) var weakSlots: [Int32] = []
    private(set) var weakMates: [Int32] = []
    /// True where the iterated part holds equations without a diagonal of their own.
    private(set) var hasConstraints = false
    /// Sets of nodes that are coupled with each other, however weakly, and the set of each position.
    private(set) var islandCount = 0
    private(set) var islands: [Int32] = []
    private(set) var componentCount = 0
    /// Independent cycles in the graph of the core: 0 for a tree, which factors without fill.
    private(set) var cycleCount = 0
    private(set) var generalCount = 0

    private enum Shape: UInt8 { case path, tree, general }

    private static let unset: Int8 = -1

    init(_ graph: StrongCouplings, _ values: UnsafePointer<Double>) {
        var components = Components(graph, values)
        components.colour(graph)
        cycleCount = graph.neighbours.count / 2 + graph.weakCount / 2 - graph.nodeCount + components.islandCount
        islandCount = components.islandCount
        componentCount = components.shapes.count
        place(components, graph)
        connect(components, graph)
    }

    // MARK: Components

    private struct Components {
        var nodes: [Int32] = []
        var starts: [Int32] = [0]
        var shapes: [Shape] = []
        /// By row.
        var componentOf: [Int32]
        /// The row that a row of a path or tree is eliminated into; -1 at the root.
        var parentRows: [Int32]
        /// 0 is eliminated, 1 iterated.
        var colours: [Int8] = []
        var islands: [Int32] = []
        var islandCount = 0

        init(_ graph: StrongCouplings, _ values: UnsafePointer<Double>) {
            let size = graph.size
            componentOf = [Int32](repeating: -1, count: size)
            parentRows = [Int32](repeating: -1, count: size)
            nodes.reserveCapacity(graph.nodeCount)
            var pivots = [Double](repeating: 0, count: size)
            var stack: [Int32] = []
            graph.neighbours.withUnsafeBufferPointer { neighbours in
                for seed in 0..<size where graph.mate[seed] >= 0 && componentOf[seed] < 0 {
                    let component = Int32(truncatingIfNeeded: shapes.count)
                    let first = nodes.count
                    // Breadth first finds the members; those of a path are then walked from end to end.
                    var degrees = 0
                    var largestDegree = 0
                    var end = -1
                    nodes.append(Int32(truncatingIfNeeded: seed))
                    componentOf[seed] = component
                    var head = first
                    while head < nodes.count {
                        let row = Int(nodes[head])
                        head += 1
                        let range = Int(graph.neighbourStarts[row])..<Int(graph.neighbourStarts[row + 1])
                        degrees += range.count
                        largestDegree = max(largestDegree, range.count)
                        if range.count <= 1, end < 0 || row < end { end = row }
                        for place in range where componentOf[Int(neighbours[place].row)] < 0 {
                            componentOf[Int(neighbours[place].row)] = component
                            nodes.append(neighbours[place].row)
                        }
                    }
                    let count = nodes.count - first
                    var shape = Shape.general
                    if degrees == 2 * (count - 1) {
                        shape = largestDegree <= 2 ? .path : .tree
                        // Depth first from the root, backwards: children before parents, chains in one piece. A
                        // path's root is the far end, so that all paths run the way their ends are numbered.
                        stack.append(Int32(truncatingIfNeeded: shape == .path ? end : seed))
                        parentRows[Int(stack[0])] = -1
                        var next = first
                        while let row = stack.popLast() {
                            nodes[next] = row
                            next += 1
                            let range = Int(graph.neighbourStarts[Int(row)])..<Int(graph.neighbourStarts[Int(row) + 1])
                            for place in range where neighbours[place].row != parentRows[Int(row)] {
                                parentRows[Int(neighbours[place].row)] = row
                                stack.append(neighbours[place].row)
                            }
                        }
                        if shape == .path {
                            for index in first..<nodes.count {
                                parentRows[Int(nodes[index])] = index + 1 < nodes.count ? nodes[index + 1] : -1
                            }
                        } else {
                            nodes[first...].reverse()
                        }
                        if !Self.hasSafePivots(nodes[first...], parentRows, graph, values, &pivots) { shape = .general }
                    }
                    shapes.append(shape)
                    starts.append(Int32(truncatingIfNeeded: nodes.count))
                }
            }
        }

        /// Whether elimination in the given order has no multiplier above the limit.
        private static func hasSafePivots(
            _ nodes: ArraySlice<Int32>, _ parents: [Int32], _ graph: StrongCouplings, _ values: UnsafePointer<Double>,
            _ pivots: inout [Double]
        ) -> Bool {
            for node in nodes {
                let row = Int(node)
                pivots[row] = 0
                for place in Int(graph.rowStarts[row])..<Int(graph.rowStarts[row + 1])
                where graph.columnIndices[place] == graph.mate[row] {
                    pivots[row] = values[Int(graph.rowSlots[place]) + 1]
                }
            }
            for node in nodes {
                let row = Int(node)
                let pivot = pivots[row]
                guard pivot != 0, pivot.isFinite else { return false }
                let parent = parents[row]
                guard parent >= 0 else { continue }
                for place in Int(graph.neighbourStarts[row])..<Int(graph.neighbourStarts[row + 1])
                where graph.neighbours[place].row == parent {
                    let upper = values[Int(graph.neighbours[place].slotHere) + 1]
                    let lower = values[Int(graph.neighbours[place].slotThere) + 1]
                    let limit = StrongBlocks.growthLimit * abs(pivot)
                    guard abs(upper) <= limit, abs(lower) <= limit else { return false }
                    pivots[Int(parent)] -= lower / pivot * upper
                }
            }
            return true
        }

        /// Alternating colours, component by component; where two of the first colour meet, one of them is iterated.
        mutating func colour(_ graph: StrongCouplings) {
            let count = shapes.count
            colours = [Int8](repeating: BlockLayout.unset, count: count)
            islands = [Int32](repeating: 0, count: count)
            var queue: [Int32] = []
            for seed in 0..<count where colours[seed] == BlockLayout.unset {
                colours[seed] = 0
                queue.removeAll(keepingCapacity: true)
                queue.append(Int32(truncatingIfNeeded: seed))
                var head = 0
                while head < queue.count {
                    let component = Int(queue[head])
                    head += 1
                    islands[component] = Int32(truncatingIfNeeded: islandCount)
                    let colour = 1 - colours[component]
                    forEachWeakNeighbour(of: component, graph) { other in
                        guard colours[other] == BlockLayout.unset else { return true }
                        colours[other] = colour
                        queue.append(Int32(truncatingIfNeeded: other))
                        return true
                    }
                }
                islandCount += 1
            }
            for component in 0..<count where colours[component] == 0 {
                var isIndependent = true
                forEachWeakNeighbour(of: component, graph) { other in
                    if colours[other] == 0 { isIndependent = false }
                    return isIndependent
                }
                if !isIndependent { colours[component] = 1 }
            }
        }

        @inline(__always)
        private func forEachWeakNeighbour(
            of component: Int, _ graph: StrongCouplings, _ body: (Int) -> Bool
        ) {
            for index in Int(starts[component])..<Int(starts[component + 1]) {
                let row = Int(nodes[index])
                for place in Int(graph.rowStarts[row])..<Int(graph.rowStarts[row + 1])
                where graph.isWeak[Int(graph.rowSlots[place])] {
                    let other = graph.owner[Int(graph.columnIndices[place])]
                    guard body(Int(componentOf[Int(other)])) else { return }
                }
                let column = Int(graph.mate[row])
                for slot in Int(graph.columnStarts[column])..<Int(graph.columnStarts[column + 1])
                where graph.isWeak[slot] {
                    guard body(Int(componentOf[Int(graph.rowIndices[slot])])) else { return }
                }
            }
        }
    }

    // MARK: Positions

    private mutating func place(_ components: Components, _ graph: StrongCouplings) {
        rows.reserveCapacity(graph.nodeCount + graph.nodeCount / 64)
        eliminated = place(components, graph, colour: 0)
        iterated = place(components, graph, colour: 1)
        columns = rows.map { $0 < 0 ? -1 : graph.mate[Int($0)] }
        hasConstraints = rows[iterated.all].contains { $0 >= 0 && graph.isConstraint[Int($0)] }
    }

    private mutating func place(_ components: Components, _ graph: StrongCouplings, colour: Int8) -> Part {
        var part = Part(trees: 0..<0, general: 0..<0, all: 0..<0)
        let start = rows.count
        var pathEnds: [Int] = []
        for shape in [Shape.path, .tree, .general] {
            let first = rows.count
            for component in 0..<components.shapes.count
            where components.shapes[component] == shape && components.colours[component] == colour {
                let range = Int(components.starts[component])..<Int(components.starts[component + 1])
                rows += components.nodes[range]
                if shape == .path {
                    // Wires whose length is a multiple of a page's lines put one crossing of each into the same set
                    // of the cache.
                    if range.count >= 64, range.count % 64 == 0 { rows += repeatElement(-1, count: 8) }
                    pathEnds.append(rows.count)
                }
            }
            switch shape {
            case .path: part.paths = Self.stretches(first, pathEnds)
            case .tree: part.trees = first..<rows.count
            case .general:
                part.general = first..<rows.count
                generalCount += rows.count - first
            }
        }
        part.all = start..<rows.count
        return part
    }

    /// Four stretches of whole paths.
    private static func stretches(_ start: Int, _ ends: [Int]) -> [Range<Int>] {
        guard let last = ends.last else { return [] }
        var stretches: [Range<Int>] = []
        var from = start
        for end in ends {
            let share = start + (last - start) * (stretches.count + 1) / 4
            if end >= share, stretches.count < 3 {
                stretches.append(from..<end)
                from = end
            }
        }
        if from < last { stretches.append(from..<last) }
        return stretches
    }

    private mutating func connect(_ components: Components, _ graph: StrongCouplings) {
        let count = rows.count
        var positions = [Int32](repeating: -1, count: graph.size)
        for position in 0..<count where rows[position] >= 0 {
            positions[Int(rows[position])] = Int32(truncatingIfNeeded: position)
        }
        parents = (0..<Int32(truncatingIfNeeded: count)).map { $0 }
        islands = [Int32](repeating: -1, count: count)
        diagonalSlots = [Int32](repeating: 0, count: count)
        lowerSlots = diagonalSlots
        upperSlots = diagonalSlots
        weakStarts = [Int32](repeating: 0, count: count + 1)
        weakIndices.reserveCapacity(graph.weakCount)
        weakSlots.reserveCapacity(graph.weakCount)
        weakMates.reserveCapacity(graph.weakCount)
        for position in 0..<count {
            weakStarts[position] = Int32(truncatingIfNeeded: weakIndices.count)
            let row = Int(rows[position])
            guard row >= 0 else {
                diagonalSlots[position] = -1
                continue
            }
            islands[position] = components.islands[Int(components.componentOf[row])]
            for place in Int(graph.rowStarts[row])..<Int(graph.rowStarts[row + 1]) {
                let slot = graph.rowSlots[place]
                let column = graph.columnIndices[place]
                if column == columns[position] {
                    diagonalSlots[position] = slot + 1
                } else if graph.isWeak[Int(slot)] {
                    weakIndices.append(positions[Int(graph.owner[Int(column)])])
                    weakSlots.append(slot + 1)
                    weakMates.append(graph.slot(row: graph.owner[Int(column)], column: columns[position]) + 1)
                }
            }
            let parent = components.parentRows[row]
            guard parent >= 0, components.shapes[Int(components.componentOf[row])] != .general else { continue }
            parents[position] = positions[Int(parent)]
            for place in Int(graph.neighbourStarts[row])..<Int(graph.neighbourStarts[row + 1])
            where graph.neighbours[place].row == parent {
                upperSlots[position] = graph.neighbours[place].slotHere + 1
                lowerSlots[position] = graph.neighbours[place].slotThere + 1
            }
        }
        weakStarts[count] = Int32(truncatingIfNeeded: weakIndices.count)
    }

    /// The strong entries of a section for KLU, in its own numbering, and one more than the slots of each and of its
    /// transpose.
    func block(
        _ range: Range<Int>, _ graph: StrongCouplings
    ) -> (pattern: SparsityPattern, slots: [Int32], mates: [Int32]) {
        var positions = [Int32](repeating: -1, count: graph.size)
        for position in range {
            positions[Int(rows[position])] = Int32(truncatingIfNeeded: position - range.lowerBound)
        }
        var starts: [Int32] = [0]
        var entries: [(row: Int32, slot: Int32)] = []
        var indices: [Int32] = []
        var slots: [Int32] = []
        var mates: [Int32] = []
        for position in range {
            let column = Int(columns[position])
            entries.removeAll(keepingCapacity: true)
            for slot in Int(graph.columnStarts[column])..<Int(graph.columnStarts[column + 1]) where !graph.isWeak[slot]
            {
                let row = Int(graph.rowIndices[slot])
                if graph.mate[row] >= 0, positions[row] >= 0 {
                    entries.append((positions[row], Int32(truncatingIfNeeded: slot) + 1))
                }
            }
            entries.sort { $0.row < $1.row }
            indices += entries.map(\.row)
            slots += entries.map(\.slot)
            mates += entries.map { entry in
                let other = range.lowerBound + Int(entry.row)
                return graph.slot(row: rows[position], column: columns[other]) + 1
            }
            starts.append(Int32(truncatingIfNeeded: indices.count))
        }
        return (SparsityPattern(size: range.count, columnStarts: starts, rowIndices: indices), slots, mates)
    }
}
