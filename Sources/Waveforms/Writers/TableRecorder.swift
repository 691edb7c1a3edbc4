/// Keeps tables in memory.
public final class TableRecorder: WaveformSink {
    /// The tables so far. An analysis that is under way is in here once `end` or `finish` was called.
    public private(set) var tables: [Table] = []

    /// The same with what an analysis under way has given.
    public var tablesSoFar: [Table] {
        guard let header, columns.first?.isEmpty == false,
            let table = try? Table(header: header, columns: columns, imaginaryColumns: imaginaryColumns, steps: steps)
        else { return tables }
        return tables + [table]
    }

    /// Maps of arrays, in the order in which they were taken.
    public private(set) var maps: [(snapshot: Int, time: Double, values: [Double])] = []

    private var header: TableHeader?
    private var columns: [[Double]] = []
    private var imaginaryColumns: [[Double]] = []
    private var steps: [Table.Step] = []

    public init() {}

    public func begin(_ header: TableHeader) throws(WaveformError) {
        try end()
        try header.validate()
        self.header = header
        columns = Array(repeating: [], count: header.columns.count)
        imaginaryColumns = Array(repeating: [], count: header.isComplex ? header.columns.count : 0)
        steps = []
    }

    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        guard let isComplex = header?.isComplex else { throw .shape("a row came before its table") }
        if row.count != (isComplex ? 2 : 1) * columns.count {
            throw .shape("a row has \(row.count) values, the table takes \((isComplex ? 2 : 1) * columns.count)")
        }
        for column in columns.indices {
            if isComplex {
                columns[column].append(row[2 * column])
                imaginaryColumns[column].append(row[2 * column + 1])
            } else {
                columns[column].append(row[column])
            }
        }
        if !steps.isEmpty {
            let rows = steps[steps.count - 1].rows
            steps[steps.count - 1].rows = rows.lowerBound..<rows.upperBound + 1
        }
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        guard let header else { throw .shape("a step came before its table") }
        if parameters.count != header.stepParameters.count {
            throw .shape("step \(index) has \(parameters.count) parameters, not \(header.stepParameters.count)")
        }
        let rows = columns.first?.count ?? 0
        steps.append(Table.Step(index: index, parameters: parameters, rows: rows..<rows))
    }

    public func end() throws(WaveformError) {
        guard let header else { return }
        self.header = nil
        tables.append(
            try Table(header: header, columns: columns, imaginaryColumns: imaginaryColumns, steps: steps))
        columns = []
        imaginaryColumns = []
    }

    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        maps.append((index, time, values))
    }

    public func finish() throws(WaveformError) { try end() }

    public func discard() {
        header = nil
        tables = []
        maps = []
        columns = []
        imaginaryColumns = []
    }
}
