import Waveforms

/// A table that grows without end in bounded memory: where it gets too long, groups of neighbouring rows become two,
/// which hold the least and the greatest value of each column in the order in which they came. A spike one row wide
/// stays; places move by no more than a group is wide.
struct ThinnedTable {
    let header: TableHeader
    private(set) var steps: [Table.Step] = []
    private var columns: [[Double]]
    private var imaginaryColumns: [[Double]]
    /// Rows that one group takes in; of one row nothing is thinned.
    private var groupSize = 1
    /// The group that is not full yet.
    private var group: Group
    private var mostRows: Int

    /// - Parameter budget: how many numbers it holds at most.
    init(_ header: TableHeader, budget: Int) {
        self.header = header
        let count = header.columns.count
        columns = Array(repeating: [], count: count)
        imaginaryColumns = Array(repeating: [], count: header.isComplex ? count : 0)
        group = Group(count: count)
        mostRows = max(budget / max(header.isComplex ? 2 * count : count, 1), 8)
    }

    /// What a group has seen so far.
    private struct Group {
        var rows = 0
        /// Of each column the extremes, and which of the two came first.
        var low: [Value]
        var high: [Value]

        struct Value {
            var real = 0.0
            var imaginary = 0.0
            /// Number of the row within the group.
            var place = 0
            var size: Double { imaginary == 0 ? real : (real * real + imaginary * imaginary).squareRoot() }
        }

        init(count: Int) {
            low = Array(repeating: Value(), count: count)
            high = low
        }

        mutating func take(_ column: Int, _ value: Value) {
            if rows == 0 {
                (low[column], high[column]) = (value, value)
                return
            }
            // A gap stays a gap.
            if !(value.size >= low[column].size) { low[column] = value }
            if !(value.size <= high[column].size) { high[column] = value }
        }
    }

    mutating func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        let width = header.isComplex ? 2 : 1
        guard row.count == width * columns.count else {
            throw .shape("a row has \(row.count) values, the table takes \(width * columns.count)")
        }
        if groupSize == 1 {
            for column in columns.indices {
                columns[column].append(row[width * column])
                if header.isComplex { imaginaryColumns[column].append(row[2 * column + 1]) }
            }
            extendStep()
        } else {
            for column in columns.indices {
                group.take(
                    column,
                    Group.Value(
                        real: row[width * column], imaginary: header.isComplex ? row[2 * column + 1] : 0,
                        place: group.rows))
            }
            group.rows += 1
            if group.rows == groupSize { flush() }
        }
        if (columns.first?.count ?? 0) >= mostRows { halve() }
    }

    mutating func beginStep(index: Int, parameters: [Double]) {
        flush()
        let rows = columns.first?.count ?? 0
        steps.append(Table.Step(index: index, parameters: parameters, rows: rows..<rows))
    }

    /// What there is so far, the group that is not full among it.
    func table() -> Table? {
        var whole = self
        whole.flush()
        guard whole.columns.first?.isEmpty == false else { return nil }
        return try? Table(
            header: header, columns: whole.columns, imaginaryColumns: whole.imaginaryColumns, steps: whole.steps)
    }

    private mutating func extendStep() {
        guard let last = steps.indices.last else { return }
        steps[last].rows = steps[last].rows.lowerBound..<steps[last].rows.upperBound + 1
    }

    /// Writes the group's one or two rows.
    private mutating func flush() {
        guard group.rows > 0 else { return }
        for second in group.rows > 1 ? [false, true] : [false] {
            for column in columns.indices {
                let isRising = group.low[column].place <= group.high[column].place
                let value = isRising == second ? group.high[column] : group.low[column]
                columns[column].append(value.real)
                if header.isComplex { imaginaryColumns[column].append(value.imaginary) }
            }
            extendStep()
        }
        group.rows = 0
    }

    /// Half as many rows, step by step.
    private mutating func halve() {
        flush()
        var shorter = ThinnedTable(header, budget: Int.max)
        shorter.groupSize = 4
        var row = [Double](repeating: 0, count: header.rowWidth)
        let blocks = steps.isEmpty ? [0..<(columns.first?.count ?? 0)] : steps.map(\.rows)
        for (place, block) in blocks.enumerated() {
            if !steps.isEmpty { shorter.beginStep(index: steps[place].index, parameters: steps[place].parameters) }
            for at in block {
                for column in columns.indices {
                    if header.isComplex {
                        row[2 * column] = columns[column][at]
                        row[2 * column + 1] = imaginaryColumns[column][at]
                    } else {
                        row[column] = columns[column][at]
                    }
                }
                // Rows of the right width: nothing to throw.
                row.withUnsafeBufferPointer { try? shorter.append($0) }
            }
            shorter.flush()
        }
        columns = shorter.columns
        imaginaryColumns = shorter.imaginaryColumns
        steps = shorter.steps
        groupSize = groupSize == 1 ? 4 : 2 * groupSize
        // Steps of a row or two can't be thinned: they are as many as they are.
        while 2 * (columns.first?.count ?? 0) > mostRows { mostRows *= 2 }
    }
}
