/// A number that sums up all cells of an array, or all of its wires: `@x1[xmean]`, `@x1[idp95]`, `@x1[icolerr]`.
struct ArrayStatistic: Hashable, Sendable {
    var field: Field
    var measure: Measure

    /// What it is taken of.
    enum Field: Hashable, Sendable {
        case cells(CellQuantity)
        /// Currents through the cells of each row or of each column, added up [A]: what a read-out gets.
        case rowCurrents, columnCurrents

        static let all: [Field] = CellQuantity.allCases.map { .cells($0) } + [.rowCurrents, .columnCurrents]

        var name: String {
            switch self {
            case .cells(let quantity): quantity.rawValue
            case .rowCurrents: "irow"
            case .columnCurrents: "icol"
            }
        }
        var unit: String {
            if case .cells(let quantity) = self { return quantity.unit }
            return "A"
        }
    }

    /// Errors are taken against ``CrossbarGrid/idealMap(_:_:_:)``.
    enum Measure: Hashable, Sendable {
        case mean, deviation, smallest, largest, sum
        /// The error farthest from 0, with its sign, and the row and column where it is.
        case worstError, worstRow, worstColumn
        case meanError, rootMeanSquareError
        /// 0 to 100, between neighbours by a straight line.
        case percentile(Int)

        static let names: [(String, Measure)] = [
            ("mean", .mean), ("std", .deviation), ("min", .smallest), ("max", .largest), ("sum", .sum),
            ("err", .worstError), ("errrow", .worstRow), ("errcol", .worstColumn), ("errmean", .meanError),
            ("errrms", .rootMeanSquareError),
        ]

        var isError: Bool {
            switch self {
            case .worstError, .worstRow, .worstColumn, .meanError, .rootMeanSquareError: true
            default: false
            }
        }
    }

    /// - Returns: nil where `name` is no statistic.
    init?(named name: String) {
        for field in Field.all where name.hasPrefix(field.name) {
            let rest = name.dropFirst(field.name.count)
            if let (_, measure) = Measure.names.first(where: { $0.0 == rest }) {
                self.init(field: field, measure: measure)
                return
            }
            if rest.first == "p", let percent = Int(rest.dropFirst()), 0...100 ~= percent {
                self.init(field: field, measure: .percentile(percent))
                return
            }
        }
        return nil
    }

    private init(field: Field, measure: Measure) {
        self.field = field
        self.measure = measure
    }

    var unit: String { measure == .worstRow || measure == .worstColumn ? "-" : field.unit }

    /// False for the column of the worst row's current, and for the row of the worst column's.
    fileprivate var hasPlace: Bool {
        !(field == .rowCurrents && measure == .worstColumn || field == .columnCurrents && measure == .worstRow)
    }

    // MARK: Numbers of outputs

    private static let percentiles = 16

    /// Number of the batch's output, below 0.
    var outputNumber: Int {
        let field = Field.all.firstIndex(of: self.field) ?? 0
        let measure: Int
        if case .percentile(let percent) = self.measure {
            measure = Self.percentiles + percent
        } else {
            measure = Measure.names.firstIndex { $0.1 == self.measure } ?? 0
        }
        return -1 - (measure * Field.all.count + field)
    }

    init?(outputNumber: Int) {
        let (measure, field) = (-1 - outputNumber).quotientAndRemainder(dividingBy: Field.all.count)
        guard outputNumber < 0 else { return nil }
        self.field = Field.all[field]
        if measure >= Self.percentiles {
            self.measure = .percentile(measure - Self.percentiles)
        } else if measure < Measure.names.count {
            self.measure = Measure.names[measure].1
        } else {
            return nil
        }
    }

    // MARK: Values

    func value(of grid: CrossbarGrid, _ x: UnsafePointer<Double>, _ parallel: Parallel) -> Double {
        let values = grid.field(field, grid.voltages(x), parallel)
        switch measure {
        case .mean: return Self.sum(values) / Double(values.count)
        case .sum: return Self.sum(values)
        case .smallest: return values.min() ?? .nan
        case .largest: return values.max() ?? .nan
        case .deviation:
            let mean = Self.sum(values) / Double(values.count)
            return (Self.sum(values.map { ($0 - mean) * ($0 - mean) }) / Double(values.count)).squareRoot()
        case .percentile(let percent): return Self.percentile(percent, of: values)
        default: break
        }
        guard let ideal = grid.ideal(field, x, parallel) else { return .nan }
        let errors = zip(values, ideal).map { $0 - $1 }
        switch measure {
        case .meanError: return Self.sum(errors) / Double(errors.count)
        case .rootMeanSquareError: return (Self.sum(errors.map { $0 * $0 }) / Double(errors.count)).squareRoot()
        default: break
        }
        var worst = 0
        for place in errors.indices where abs(errors[place]) > abs(errors[worst]) { worst = place }
        switch (measure, field) {
        case (.worstRow, .cells): return Double(worst / grid.shape.columns)
        case (.worstColumn, .cells): return Double(worst % grid.shape.columns)
        case (.worstRow, .rowCurrents), (.worstColumn, .columnCurrents): return Double(worst)
        case (.worstRow, _), (.worstColumn, _): return .nan
        default: return errors[worst]
        }
    }

    /// Added in runs, so that rounding grows with the root of the number.
    private static func sum(_ values: [Double]) -> Double {
        var total = 0.0
        var start = 0
        while start < values.count {
            var part = 0.0
            for value in values[start..<min(start + 1024, values.count)] { part += value }
            total += part
            start += 1024
        }
        return total
    }

    /// By a straight line between the two values in whose middle it falls: at 0 the smallest, at 100 the largest.
    private static func percentile(_ percent: Int, of values: [Double]) -> Double {
        guard !values.isEmpty, values.allSatisfy({ !$0.isNaN }) else { return .nan }
        let place = Double(percent) / 100 * Double(values.count - 1)
        let low = Int(place)
        let sorted = values.sorted()
        let high = min(low + 1, values.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}

extension CrossbarGrid {
    /// A quantity of every cell, row by row.
    func map(_ quantity: CellQuantity, _ nodes: PlaneVoltages, _ parallel: Parallel) -> [Double] {
        let shape = self.shape
        return [Double](unsafeUninitializedCapacity: shape.cellCount) { values, count in
            nonisolated(unsafe) let (target, nodes, cells) = (values, nodes, cells)
            parallel.each(shape.rowChunks) { chunk in
                for row in shape.rowRange(chunk) {
                    for column in 0..<shape.columns {
                        target.initializeElement(
                            at: row * shape.columns + column, to: cells.value(quantity, row, column, nodes))
                    }
                }
            }
            count = shape.cellCount
        }
    }

    func field(_ field: ArrayStatistic.Field, _ nodes: PlaneVoltages, _ parallel: Parallel) -> [Double] {
        switch field {
        case .cells(let quantity): return map(quantity, nodes, parallel)
        case .rowCurrents:
            let currents = map(.id, nodes, parallel)
            return (0..<shape.rows).map { row in
                currents[row * shape.columns..<(row + 1) * shape.columns].reduce(0, +)
            }
        case .columnCurrents:
            let currents = map(.id, nodes, parallel)
            var sums = [Double](repeating: 0, count: shape.columns)
            for row in 0..<shape.rows {
                for column in 0..<shape.columns { sums[column] += currents[row * shape.columns + column] }
            }
            return sums
        }
    }

    /// What a field ideally is: occupancies and conductances as their target says, everything else as it would be if
    /// all cells saw the voltages at the ports. nil where there is no target.
    func ideal(_ field: ArrayStatistic.Field, _ x: UnsafePointer<Double>, _ parallel: Parallel) -> [Double]? {
        switch field {
        case .cells(.x): return array.targets[.x]
        case .cells(.g): return array.targets[.g]
        case .cells(.dx):
            guard let target = array.targets[.x], case .proton(let cells) = array.cells else { return nil }
            return zip(target, cells.x0).map { $0 - $1 }
        default: break
        }
        let size = shape.size
        let planes = Plane(array.planeCount * size)
        for (index, wires) in ([array.rowWires, array.columnWires] + (array.gateWires.map { [$0] } ?? [])).enumerated()
        {
            for row in 0..<shape.rows {
                for column in 0..<shape.columns {
                    let wire = wires.direction == .alongRows ? row : column
                    planes.base[index * size + shape.index(row, column)] = x[Int(wires.ports[wire])]
                }
            }
        }
        let base = UnsafePointer(planes.base)
        let nodes = PlaneVoltages(row: base, column: base + size, gate: gates == nil ? nil : base + 2 * size)
        return withExtendedLifetime(planes) { self.field(field, nodes, parallel) }
    }
}

extension CrossbarPopulation {
    /// A sum or statistic of one array by its name, with its number; nil where it has no such.
    func output(named name: String, of element: Int) -> (index: Int, output: DeviceOutput)? {
        if let index = CrossbarBatch.outputs.firstIndex(where: { $0.name == name }) {
            return (index, CrossbarBatch.outputs[index])
        }
        let array = arrays[element]
        guard let statistic = ArrayStatistic(named: name), statistic.hasPlace else { return nil }
        if case .cells(let quantity) = statistic.field {
            guard array.has(quantity) else { return nil }
            // Occupancies and conductances have no ideal value of their own.
            if statistic.measure.isError, [.x, .dx, .g].contains(quantity),
                array.targets[quantity == .g ? .g : .x] == nil
            {
                return nil
            }
        }
        return (statistic.outputNumber, DeviceOutput(name, unit: statistic.unit, "statistic of an array"))
    }

    func unit(ofOutput output: Int) -> String {
        if let statistic = ArrayStatistic(outputNumber: output) { return statistic.unit }
        let sums = CrossbarBatch.outputs
        if output < sums.count { return sums[output].unit }
        return CellQuantity.allCases[(output - sums.count) % CellQuantity.allCases.count].unit
    }

    /// What to say where there is no such.
    func hint(forMissing name: String, of element: Int) -> String {
        let array = arrays[element]
        if let statistic = ArrayStatistic(named: name), statistic.measure.isError,
            case .cells(let quantity) = statistic.field, array.has(quantity)
        {
            let target = quantity == .g ? "gtarget" : "xtarget"
            return "errors of \(quantity.rawValue) need \(target)= on the card of the array"
        }
        let fields = ArrayStatistic.Field.all.filter {
            if case .cells(let quantity) = $0 { return array.has(quantity) }
            return true
        }
        return "sums: \(CrossbarBatch.outputs.map(\.name).joined(separator: " ")); statistics of "
            + "\(fields.map(\.name).joined(separator: " ")), such as xmean, with "
            + "\(ArrayStatistic.Measure.names.map(\.0).joined(separator: " ")) p0 to p100"
    }
}
