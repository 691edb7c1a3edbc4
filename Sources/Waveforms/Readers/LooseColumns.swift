/// Columns of a text table, known by their names alone, on the way to a `Table`.
struct LooseColumns {
    var names: [String]
    var columns: [[Double]]

    /// Puts steps, complex pairs and the abscissa where their names say they are.
    func table() throws(WaveformError) -> Table {
        var names = names
        var columns = columns
        var starts: [Int] = []
        var indices: [Int] = []
        if names.first == "step", let steps = columns.first {
            for row in steps.indices where row == 0 || steps[row] != steps[row - 1] {
                guard let index = Int(exactly: steps[row]) else {
                    throw .shape("the step \(steps[row]) is not a whole number")
                }
                starts.append(row)
                indices.append(index)
            }
            names.removeFirst()
            columns.removeFirst()
        }
        var stepParameters: [Column] = []
        var parameterValues: [[Double]] = []
        if !starts.isEmpty {
            while names.count > 1, isStepParameter(names[0], columns[0], starts) {
                stepParameters.append(Column(names.removeFirst(), .parameter))
                parameterValues.append(columns.removeFirst())
            }
            // A table of steps without parameters still has its steps: the number stands for them.
            if stepParameters.isEmpty {
                stepParameters = [Column("step", .step)]
                parameterValues = [self.columns[0]]
            }
        }
        var steps: [Table.Step] = []
        let rows = columns.first?.count ?? 0
        for (at, start) in starts.enumerated() {
            let end = at + 1 < starts.count ? starts[at + 1] : rows
            steps.append(
                Table.Step(index: indices[at], parameters: parameterValues.map { $0[start] }, rows: start..<end))
        }
        return try Self.table(names: names, columns: columns, stepParameters: stepParameters, steps: steps)
    }

    private func isStepParameter(_ name: String, _ values: [Double], _ starts: [Int]) -> Bool {
        if name.contains("(") || ["time", "frequency", "freq"].contains(name) { return false }
        let isStart = Set(starts)
        return values.indices.allSatisfy {
            isStart.contains($0) || values[$0].bitPattern == values[$0 - 1].bitPattern
        }
    }

    /// Joins neighbours `re(x)`, `im(x)` and guesses the analysis.
    static func table(
        names: [String], columns: [[Double]], stepParameters: [Column], steps: [Table.Step]
    ) throws(WaveformError) -> Table {
        var heads: [Column] = []
        var real: [[Double]] = []
        var imaginary: [[Double]] = []
        var isComplex = false
        var at = 0
        while at < names.count {
            let name = names[at]
            if at + 1 < names.count, name.hasPrefix("re("), "im(" + name.dropFirst(3) == names[at + 1] {
                let inner = String(name.dropFirst(3).dropLast())
                heads.append(Column(inner, Column.Quantity(guessedFrom: inner)))
                real.append(columns[at])
                imaginary.append(columns[at + 1])
                isComplex = true
                at += 2
            } else {
                heads.append(Column(name, Column.Quantity(guessedFrom: name), isReal: true))
                real.append(columns[at])
                imaginary.append([Double](repeating: 0, count: columns[at].count))
                at += 1
            }
        }
        if !isComplex { for index in heads.indices { heads[index].isReal = false } }
        let kind: TableHeader.Kind
        let first = names.first ?? ""
        if first == "time" {
            kind = .transient
        } else if first == "frequency" || first == "freq" {
            kind = names.contains { $0.contains("onoise") || $0.contains("inoise") } ? .noise : .ac
        } else if first.contains("(") || names.count == 1 {
            kind = (columns.first?.count ?? 0) <= max(1, steps.count) ? .operatingPoint : .other
        } else {
            kind = .dcTransfer
        }
        let header = TableHeader(kind: kind, columns: heads, isComplex: isComplex, stepParameters: stepParameters)
        return try Table(
            header: header, columns: real, imaginaryColumns: isComplex ? imaginary : [], steps: steps)
    }
}
