import CSuiteSparse

/// Compressed-column pattern of a square matrix, rows sorted in each column.
public struct SparsityPattern: Sendable {
    public let size: Int
    public let columnStarts: [Int32]
    public let rowIndices: [Int32]
    public var entryCount: Int { rowIndices.count }

    public func slot(row: Int, column: Int) -> Int? {
        var low = Int(columnStarts[column])
        var high = Int(columnStarts[column + 1])
        while low < high {
            let middle = (low + high) / 2
            let found = Int(rowIndices[middle])
            if found == row { return middle }
            if found < row { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

public struct PatternBuilder {
    let size: Int
    var rows: [Int32] = []
    var columns: [Int32] = []
    public init(size: Int) { self.size = size }
    public mutating func insert(row: Int, column: Int) {
        rows.append(Int32(row))
        columns.append(Int32(column))
    }
    public consuming func build() -> SparsityPattern {
        var counts = [Int32](repeating: 0, count: size + 1)
        for row in rows { counts[Int(row) + 1] += 1 }
        for index in 0..<size { counts[index + 1] += counts[index] }
        var byRow = [Int32](repeating: 0, count: rows.count)
        for index in rows.indices {
            byRow[Int(counts[Int(rows[index])])] = Int32(index)
            counts[Int(rows[index])] += 1
        }
        var starts = [Int32](repeating: 0, count: size + 1)
        var last = [Int32](repeating: -1, count: size)
        for index in byRow where last[Int(columns[Int(index)])] != rows[Int(index)] {
            last[Int(columns[Int(index)])] = rows[Int(index)]
            starts[Int(columns[Int(index)]) + 1] += 1
        }
        for index in 0..<size { starts[index + 1] += starts[index] }
        var next = starts
        var result = [Int32](repeating: 0, count: Int(starts[size]))
        for index in 0..<size { last[index] = -1 }
        for index in byRow where last[Int(columns[Int(index)])] != rows[Int(index)] {
            let column = Int(columns[Int(index)])
            last[column] = rows[Int(index)]
            result[Int(next[column])] = rows[Int(index)]
            next[column] += 1
        }
        return SparsityPattern(size: size, columnStarts: starts, rowIndices: result)
    }
}

public enum SolverError: Error, Sendable, Equatable {
    case structurallySingular(column: Int?, row: Int?, rank: Int)
    case singular(column: Int)
    case notFinite(column: Int)
    case outOfMemory(bytes: Int?)
    case tooLarge
}

public struct SolverOptions: Sendable {
    public var pivotTolerance = 1e-3
    public init(pivotTolerance: Double = 1e-3) { self.pivotTolerance = pivotTolerance }
}

public final class KLUSolver {
    var common = klu_common()
    var symbolic: UnsafeMutablePointer<klu_symbolic>?
    var numeric: UnsafeMutablePointer<klu_numeric>?
    let starts: UnsafeMutablePointer<Int32>
    let rows: UnsafeMutablePointer<Int32>
    let size: Int

    public init(pattern: SparsityPattern, options: SolverOptions) throws(SolverError) {
        klu_defaults(&common)
        common.tol = options.pivotTolerance
        size = pattern.size
        starts = .allocate(capacity: size + 1)
        starts.initialize(from: pattern.columnStarts, count: size + 1)
        rows = .allocate(capacity: max(pattern.entryCount, 1))
        rows.initialize(from: pattern.rowIndices, count: pattern.entryCount)
        symbolic = klu_analyze(Int32(size), starts, rows, &common)
    }
    public func factor(_ values: UnsafePointer<Double>) throws(SolverError) {
        klu_free_numeric(&numeric, &common)
        numeric = klu_factor(starts, rows, UnsafeMutablePointer(mutating: values), symbolic, &common)
        if numeric == nil || common.status != 0 { throw .singular(column: Int(common.singular_col)) }
    }
    public func refactor(_ values: UnsafePointer<Double>) throws(SolverError) {
        if klu_refactor(starts, rows, UnsafeMutablePointer(mutating: values), symbolic, numeric, &common) == 0
            || common.status != 0
        {
            try factor(values)
        }
    }
    public func solve(_ b: UnsafeMutablePointer<Double>) { _ = klu_solve(symbolic, numeric, Int32(size), 1, b, &common) }
}
