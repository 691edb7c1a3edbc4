/// One analysis' results in memory, column by column.
public struct Table: Sendable, Equatable {
    /// The rows of one `.step`.
    public struct Step: Sendable, Hashable {
        /// The number that the `step` column shows.
        public var index: Int
        /// Values of the header's `stepParameters`.
        public var parameters: [Double]
        public var rows: Range<Int>

        public init(index: Int, parameters: [Double], rows: Range<Int>) {
            self.index = index
            self.parameters = parameters
            self.rows = rows
        }
    }

    public let header: TableHeader
    /// Values (of a complex table: real parts), one array for each of the header's columns, all steps in a row.
    public let columns: [[Double]]
    /// Imaginary parts, one array a column; empty for a real table.
    public let imaginaryColumns: [[Double]]
    /// Empty for a table without `.step`.
    public let steps: [Step]
    public let rowCount: Int

    public init(
        header: TableHeader, columns: [[Double]], imaginaryColumns: [[Double]] = [], steps: [Step] = []
    ) throws(WaveformError) {
        try header.validate()
        let rows = columns.first?.count ?? 0
        if columns.count != header.columns.count || columns.contains(where: { $0.count != rows }) {
            throw .shape("the columns of \(header.plotName) are not of one length, or not as many as the header's")
        }
        let imaginary = header.isComplex ? columns.count : 0
        if imaginaryColumns.count != imaginary || imaginaryColumns.contains(where: { $0.count != rows }) {
            throw .shape("the imaginary parts of \(header.plotName) do not go with its columns")
        }
        var end = 0
        for step in steps {
            if step.rows.lowerBound != end || step.parameters.count != header.stepParameters.count {
                throw .shape("step \(step.index) of \(header.plotName) does not follow the one before it")
            }
            end = step.rows.upperBound
        }
        if !steps.isEmpty && end != rows {
            throw .shape("the steps of \(header.plotName) hold \(end) of \(rows) rows")
        }
        self.header = header
        self.columns = columns
        self.imaginaryColumns = imaginaryColumns
        self.steps = steps
        rowCount = rows
    }

    /// The steps' row ranges; a table without steps is one range.
    public var blocks: [Range<Int>] { steps.isEmpty ? [0..<rowCount] : steps.map(\.rows) }

    /// Values of the abscissa, nil where there is none.
    public var abscissa: [Double]? { header.abscissa.map { columns[$0] } }

    /// Index of a column, by its name without regard to case and blanks.
    public func index(of name: String) -> Int? {
        let wanted = Column.normalized(name)
        return header.columns.firstIndex { Column.normalized($0.name) == wanted }
    }

    /// A column's values, nil where the table has none of this name. `re(x)` and `im(x)` name the parts of a complex
    /// column, whose own name gives the real part.
    public subscript(name: String) -> [Double]? {
        if let index = index(of: name) { return columns[index] }
        let wanted = Column.normalized(name)
        guard header.isComplex, wanted.hasSuffix(")") else { return nil }
        guard let index = index(of: String(wanted.dropFirst(3).dropLast())) else { return nil }
        if wanted.hasPrefix("re(") { return columns[index] }
        return wanted.hasPrefix("im(") ? imaginaryColumns[index] : nil
    }

    /// Plays the table into a sink: `begin`, the steps and rows, `end`.
    public func write(to sink: some WaveformSink) throws(WaveformError) {
        try sink.begin(header)
        var row = [Double](repeating: 0, count: header.rowWidth)
        for block in 0..<blocks.count {
            if !steps.isEmpty { try sink.beginStep(index: steps[block].index, parameters: steps[block].parameters) }
            for at in blocks[block] {
                for column in columns.indices {
                    if header.isComplex {
                        row[2 * column] = columns[column][at]
                        row[2 * column + 1] = imaginaryColumns[column][at]
                    } else {
                        row[column] = columns[column][at]
                    }
                }
                try sink.append(row)
            }
        }
        try sink.end()
    }
}
