/// The graph of a matrix as equations paired with unknowns, its edges told into strong and weak.
///
/// Singletons are peeled first. A row with one unknown left determines it (a grounded voltage source its node), a column
/// with one equation left is determined by it once all else is known (the current of that source). What stays is the
/// core, a set of nodes: a row and the column that serves as its unknown. The two are the same number except where
/// peeling took one without the other.
///
/// A coupling is strong where max(|a_ij|, |a_ji|) ≥ θ min(|a_ii|, |a_jj|). All couplings of a node are strong where its
/// diagonal is smaller than one of them, as the zero diagonal of a voltage source's or an inductor's equation is:
/// nothing but a neighbour can be its pivot.
struct StrongCouplings {
    /// θ; a cell of 20 µS between wires of 0.5 S has 1e-5 of it, cells of a narrow wire still well below.
    static let threshold = 0.02
    static let none: Int32 = -1

    let size: Int
    /// By columns, as in the pattern.
    let columnStarts: UnsafeMutablePointer<Int32>
    let rowIndices: UnsafeMutablePointer<Int32>
    /// The same by rows: columns ascending, and where the values stand.
    let rowStarts: UnsafeMutablePointer<Int32>
    let columnIndices: UnsafeMutablePointer<Int32>
    let rowSlots: UnsafeMutablePointer<Int32>

    /// Peeled rows and columns in the order of peeling; equations that give an unknown, then those that come last.
    private(set) var leading: [Singleton] = []
    private(set) var trailing: [Singleton] = []
    /// The column of each row of the core, -1 for peeled rows; and the row of each column of the core.
    let mate: UnsafeMutablePointer<Int32>
    let owner: UnsafeMutablePointer<Int32>
    private(set) var nodeCount: Int
    /// True where a value of the matrix's slot is a weak coupling.
    let isWeak: UnsafeMutablePointer<Bool>
    private(set) var weakCount = 0
    /// |a_ii| of each node is smaller than one of its couplings.
    let isConstraint: UnsafeMutablePointer<Bool>

    /// Strong neighbours of each row of the core.
    let neighbourStarts: UnsafeMutablePointer<Int32>
    private(set) var neighbours: [Neighbour] = []
    /// No coupling differs from its transpose by more than rounding.
    private(set) var isSymmetric = true

    struct Singleton {
        var row: Int32
        var column: Int32
        var slot: Int32
    }

    struct Neighbour {
        var row: Int32
        /// Slots of the value in this node's row and in the neighbour's; -1 where there is none.
        var slotHere: Int32
        var slotThere: Int32
    }

    /// - Parameter values: in the pattern's order, with one more in front.
    init(_ pattern: borrowing SparsityPattern, _ values: UnsafePointer<Double>, _ arena: Arena) {
        size = pattern.size
        let entries = pattern.entryCount
        columnStarts = arena.copy(pattern.columnStarts[...])
        rowIndices = arena.copy(pattern.rowIndices[...])
        rowStarts = arena.zeros(size + 1)
        columnIndices = arena.zeros(entries)
        rowSlots = arena.zeros(entries)
        mate = arena.allocate(size, repeating: Self.none)
        owner = arena.allocate(size, repeating: Self.none)
        isWeak = arena.allocate(entries, repeating: false)
        isConstraint = arena.allocate(size, repeating: false)
        neighbourStarts = arena.zeros(size + 1)
        nodeCount = size
        for index in 0..<size {
            mate[index] = Int32(truncatingIfNeeded: index)
            owner[index] = mate[index]
        }
        gatherRows(entries)
        peelSingletons()
        classify(values + 1)
    }

    private func gatherRows(_ entries: Int) {
        for slot in 0..<entries { rowStarts[Int(rowIndices[slot]) + 1] += 1 }
        for row in 0..<size { rowStarts[row + 1] += rowStarts[row] }
        // rowStarts[row] counts up to the next row's start and is moved back afterwards.
        for column in 0..<size {
            for slot in Int(columnStarts[column])..<Int(columnStarts[column + 1]) {
                let row = Int(rowIndices[slot])
                let place = Int(rowStarts[row])
                columnIndices[place] = Int32(truncatingIfNeeded: column)
                rowSlots[place] = Int32(truncatingIfNeeded: slot)
                rowStarts[row] += 1
            }
        }
        for row in stride(from: size, to: 0, by: -1) { rowStarts[row] = rowStarts[row - 1] }
        rowStarts[0] = 0
    }

    /// But for rounding: sums of the same stamps in another order differ by a few units in the last place.
    @inline(__always)
    static func areEqual(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-14 * max(abs(a), abs(b)) }

    /// Where the value of a position stands; -1 where there is none.
    func slot(row: Int32, column: Int32) -> Int32 {
        var low = Int(columnStarts[Int(column)])
        var high = Int(columnStarts[Int(column) + 1])
        while low < high {
            let middle = (low + high) >> 1
            if rowIndices[middle] == row { return Int32(truncatingIfNeeded: middle) }
            if rowIndices[middle] < row { low = middle + 1 } else { high = middle }
        }
        return Self.none
    }

    // MARK: Singletons

    private mutating func peelSingletons() {
        var rowCounts = [Int32](repeating: 0, count: size)
        var columnCounts = [Int32](repeating: 0, count: size)
        var queue: [Int32] = []
        for index in 0..<size {
            rowCounts[index] = rowStarts[index + 1] - rowStarts[index]
            columnCounts[index] = columnStarts[index + 1] - columnStarts[index]
            if rowCounts[index] == 1 { queue.append(Int32(truncatingIfNeeded: index)) }
        }
        var head = 0
        while head < queue.count {
            let row = Int(queue[head])
            head += 1
            guard rowCounts[row] == 1, mate[row] >= 0 else { continue }
            for place in Int(rowStarts[row])..<Int(rowStarts[row + 1]) where owner[Int(columnIndices[place])] >= 0 {
                let column = Int(columnIndices[place])
                leading.append(
                    Singleton(
                        row: Int32(truncatingIfNeeded: row), column: columnIndices[place], slot: rowSlots[place]))
                remove(row, column)
                for slot in Int(columnStarts[column])..<Int(columnStarts[column + 1]) {
                    let other = Int(rowIndices[slot])
                    rowCounts[other] -= 1
                    if rowCounts[other] == 1, mate[other] >= 0 { queue.append(rowIndices[slot]) }
                }
                break
            }
        }
        // Columns are counted over the rows that are left.
        for singleton in leading {
            for place in Int(rowStarts[Int(singleton.row)])..<Int(rowStarts[Int(singleton.row) + 1]) {
                columnCounts[Int(columnIndices[place])] -= 1
            }
        }
        queue.removeAll(keepingCapacity: true)
        head = 0
        for column in 0..<size where columnCounts[column] == 1 && owner[column] >= 0 {
            queue.append(Int32(truncatingIfNeeded: column))
        }
        while head < queue.count {
            let column = Int(queue[head])
            head += 1
            guard columnCounts[column] == 1, owner[column] >= 0 else { continue }
            for slot in Int(columnStarts[column])..<Int(columnStarts[column + 1]) where mate[Int(rowIndices[slot])] >= 0
            {
                let row = Int(rowIndices[slot])
                trailing.append(
                    Singleton(
                        row: rowIndices[slot], column: Int32(truncatingIfNeeded: column),
                        slot: Int32(truncatingIfNeeded: slot)))
                remove(row, column)
                for place in Int(rowStarts[row])..<Int(rowStarts[row + 1]) {
                    let other = Int(columnIndices[place])
                    columnCounts[other] -= 1
                    if columnCounts[other] == 1, owner[other] >= 0 { queue.append(columnIndices[place]) }
                }
                break
            }
        }
    }

    /// Takes a row and a column out of the core; their former mates, where they are others, become a pair.
    private mutating func remove(_ row: Int, _ column: Int) {
        let widowedColumn = mate[row]
        let widowedRow = owner[column]
        mate[row] = Self.none
        owner[column] = Self.none
        nodeCount -= 1
        if Int(widowedColumn) != column {
            mate[Int(widowedRow)] = widowedColumn
            owner[Int(widowedColumn)] = widowedRow
        }
    }

    // MARK: Strong and weak

    private mutating func classify(_ values: UnsafePointer<Double>) {
        var diagonals = [Double](repeating: 0, count: size)
        for row in 0..<size where mate[row] >= 0 {
            var diagonal = 0.0
            var largest = 0.0
            for place in Int(rowStarts[row])..<Int(rowStarts[row + 1]) {
                let column = columnIndices[place]
                guard owner[Int(column)] >= 0 else { continue }
                let magnitude = abs(values[Int(rowSlots[place])])
                if column == mate[row] { diagonal = magnitude } else { largest = max(largest, magnitude) }
            }
            let column = Int(mate[row])
            for slot in Int(columnStarts[column])..<Int(columnStarts[column + 1])
            where Int(rowIndices[slot]) != row && mate[Int(rowIndices[slot])] >= 0 {
                largest = max(largest, abs(values[slot]))
            }
            diagonals[row] = diagonal
            isConstraint[row] = !(diagonal >= largest) || diagonal == 0
        }

        var slotThere = [Int32](repeating: 0, count: size)
        neighbours.reserveCapacity(2 * nodeCount)
        for row in 0..<size {
            neighbourStarts[row] = Int32(truncatingIfNeeded: neighbours.count)
            guard mate[row] >= 0 else { continue }
            let column = Int(mate[row])
            let columnRange = Int(columnStarts[column])..<Int(columnStarts[column + 1])
            for slot in columnRange { slotThere[Int(rowIndices[slot])] = Int32(truncatingIfNeeded: slot) + 1 }
            for place in Int(rowStarts[row])..<Int(rowStarts[row + 1]) {
                let other = owner[Int(columnIndices[place])]
                guard other >= 0, Int(other) != row else { continue }
                let slot = rowSlots[place]
                couple(row, Int(other), slot, slotThere[Int(other)] - 1, values, diagonals)
                slotThere[Int(other)] = 0
            }
            for slot in columnRange {
                let other = Int(rowIndices[slot])
                let isLeft = slotThere[other] != 0
                slotThere[other] = 0
                guard isLeft, other != row, mate[other] >= 0 else { continue }
                couple(row, other, Self.none, Int32(truncatingIfNeeded: slot), values, diagonals)
            }
        }
        neighbourStarts[size] = Int32(truncatingIfNeeded: neighbours.count)
    }

    @inline(__always)
    private mutating func couple(
        _ row: Int, _ other: Int, _ here: Int32, _ there: Int32, _ values: UnsafePointer<Double>, _ diagonals: [Double]
    ) {
        let forward = here >= 0 ? values[Int(here)] : 0
        let backward = there >= 0 ? values[Int(there)] : 0
        let larger = max(abs(forward), abs(backward))
        if !Self.areEqual(forward, backward) { isSymmetric = false }
        let isStrong =
            isConstraint[row] || isConstraint[other]
            || (larger >= Self.threshold * min(diagonals[row], diagonals[other]) && larger > 0)
        if isStrong {
            neighbours.append(Neighbour(row: Int32(truncatingIfNeeded: other), slotHere: here, slotThere: there))
        } else if here >= 0 {
            isWeak[Int(here)] = true
            weakCount += 1
        }
    }
}
