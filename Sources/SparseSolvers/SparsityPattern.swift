/// The positions of a square sparse matrix that may hold a value, in compressed columns with the rows sorted.
///
/// The values themselves live outside, in an array of ``entryCount`` numbers in the pattern's order, so that one
/// pattern serves many matrices: real and complex, and the threads of a sweep.
public struct SparsityPattern: Sendable {
    /// Number of rows, and of columns.
    public let size: Int
    /// `columnStarts[j]..<columnStarts[j + 1]` are the slots of column `j`; `size + 1` elements.
    public let columnStarts: [Int32]
    /// The row of each slot, ascending in every column.
    public let rowIndices: [Int32]

    /// Number of positions.
    @inlinable public var entryCount: Int { rowIndices.count }

    /// Too many unknowns or entries for 32-bit indices; the arrays are then empty and every solver refuses the pattern.
    public var exceedsIndexRange: Bool { columnStarts.count != size + 1 }

    /// A pattern from positions in any order; repetitions are merged.
    ///
    /// - Precondition: rows and columns lie in `0..<size`.
    public init(size: Int, entries: [(row: Int, column: Int)]) {
        var builder = PatternBuilder(size: size)
        builder.reserve(entries.count)
        for entry in entries {
            builder.insert(row: entry.row, column: entry.column)
        }
        self = builder.build()
    }

    init(size: Int, columnStarts: [Int32], rowIndices: [Int32]) {
        self.size = size
        self.columnStarts = columnStarts
        self.rowIndices = rowIndices
    }

    /// The slots of one column.
    @inlinable public func slots(column: Int) -> Range<Int> {
        Int(columnStarts[column])..<Int(columnStarts[column + 1])
    }

    /// Where the value of a position stands in the value array; nil where the pattern has no such position.
    @inlinable public func slot(row: Int, column: Int) -> Int? {
        guard column >= 0, column + 1 < columnStarts.count else { return nil }
        var low = Int(columnStarts[column])
        var high = Int(columnStarts[column + 1])
        while low < high {
            let middle = (low + high) >> 1
            let candidate = Int(rowIndices[middle])
            if candidate == row { return middle }
            if candidate < row { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

/// Collects the positions that devices stamp, with repetitions, and makes a ``SparsityPattern`` in linear time.
///
/// Eight bytes an insertion. Two counting passes sort: the first gathers the columns of each row, the second walks
/// the rows in order and appends each to its columns, so that rows come out sorted; a marker a column drops
/// repetitions.
public struct PatternBuilder {
    struct Entry {
        var row: UInt32
        var column: UInt32
    }

    let size: Int
    var entries: [Entry] = []

    /// - Precondition: `size` is not negative.
    public init(size: Int) {
        precondition(size >= 0, "a matrix cannot have a negative size")
        self.size = size
    }

    /// Number of insertions so far, repetitions included.
    public var insertionCount: Int { entries.count }

    /// Makes room for `count` more insertions.
    public mutating func reserve(_ count: Int) {
        entries.reserveCapacity(entries.count + count)
    }

    /// - Precondition: `row` and `column` lie in `0..<size`.
    public mutating func insert(row: Int, column: Int) {
        precondition(row >= 0 && row < size && column >= 0 && column < size, "position outside of the matrix")
        entries.append(Entry(row: UInt32(truncatingIfNeeded: row), column: UInt32(truncatingIfNeeded: column)))
    }

    /// The pattern of everything inserted.
    public consuming func build() -> SparsityPattern {
        guard size < Int(Int32.max), entries.count < Int(Int32.max) else {
            return SparsityPattern(size: size, columnStarts: [], rowIndices: [])
        }
        let (rowStarts, columns) = gatherRows()
        entries = []

        var columnStarts = [Int32](repeating: 0, count: size + 1)
        var lastRow = [Int32](repeating: -1, count: size)
        forEachPosition(rowStarts, columns, &lastRow) { _, column in columnStarts[column + 1] += 1 }
        for column in 0..<size { columnStarts[column + 1] += columnStarts[column] }

        var next = columnStarts
        var rowIndices = [Int32](repeating: 0, count: Int(columnStarts[size]))
        for column in 0..<size { lastRow[column] = -1 }
        forEachPosition(rowStarts, columns, &lastRow) { row, column in
            rowIndices[Int(next[column])] = Int32(truncatingIfNeeded: row)
            next[column] += 1
        }
        return SparsityPattern(size: size, columnStarts: columnStarts, rowIndices: rowIndices)
    }

    /// The entries by rows, repetitions included.
    private func gatherRows() -> (starts: [Int32], columns: [UInt32]) {
        var starts = [Int32](repeating: 0, count: size + 1)
        for entry in entries { starts[Int(entry.row) + 1] += 1 }
        for row in 0..<size { starts[row + 1] += starts[row] }
        var next = starts
        var columns = [UInt32](repeating: 0, count: entries.count)
        for entry in entries {
            let row = Int(entry.row)
            columns[Int(next[row])] = entry.column
            next[row] += 1
        }
        return (starts, columns)
    }

    /// Visits every position once, rows ascending.
    @inline(__always)
    private func forEachPosition(
        _ rowStarts: [Int32], _ columns: [UInt32], _ lastRow: inout [Int32], _ body: (_ row: Int, _ column: Int) -> Void
    ) {
        for row in 0..<size {
            for slot in Int(rowStarts[row])..<Int(rowStarts[row + 1]) {
                let column = Int(columns[slot])
                if Int(lastRow[column]) == row { continue }
                lastRow[column] = Int32(truncatingIfNeeded: row)
                body(row, column)
            }
        }
    }
}
