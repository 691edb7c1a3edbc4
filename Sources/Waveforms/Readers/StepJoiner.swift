/// Joins the plots of a rawfile that are steps of one analysis.
struct StepJoiner {
    private var header: TableHeader?
    private var columns: [[Double]] = []
    private var imaginaryColumns: [[Double]] = []
    private var steps: [Table.Step] = []

    mutating func add(
        _ step: StepTitle, _ plot: TableHeader, _ values: [[Double]], _ imaginary: [[Double]], to tables: inout [Table]
    ) throws(WaveformError) {
        var stepped = plot
        stepped.title = step.title
        stepped.stepParameters = step.names.map { Column($0, .parameter) }
        if stepped != header || step.index <= (steps.last?.index ?? Int.min) { try flush(to: &tables) }
        let count = values.first?.count ?? 0
        if header == nil {
            header = stepped
            columns = values
            imaginaryColumns = imaginary
            steps = [Table.Step(index: step.index, parameters: step.parameters, rows: 0..<count)]
            return
        }
        let start = steps.last?.rows.upperBound ?? 0
        for column in columns.indices { columns[column] += values[column] }
        for column in imaginaryColumns.indices { imaginaryColumns[column] += imaginary[column] }
        steps.append(Table.Step(index: step.index, parameters: step.parameters, rows: start..<start + count))
    }

    mutating func flush(to tables: inout [Table]) throws(WaveformError) {
        guard let header else { return }
        tables.append(
            try Table(header: header, columns: columns, imaginaryColumns: imaginaryColumns, steps: steps))
        self = StepJoiner()
    }

    /// Makes a step of each stretch in which the abscissa starts again.
    static func split(_ table: Table) throws(WaveformError) -> Table {
        guard let abscissa = table.abscissa, let first = abscissa.first else { return table }
        var starts: [Int] = []
        for row in abscissa.indices where row == 0 || abscissa[row] == first && abscissa[row - 1] != first {
            starts.append(row)
        }
        var header = table.header
        header.stepParameters = [Column("step", .step)]
        let steps = starts.indices.map { at in
            let end = at + 1 < starts.count ? starts[at + 1] : abscissa.count
            return Table.Step(index: at, parameters: [Double(at)], rows: starts[at]..<end)
        }
        return try Table(
            header: header, columns: table.columns, imaginaryColumns: table.imaginaryColumns, steps: steps)
    }
}
