import SpiceNetlist

/// Measurements of one step as far as its run has come: what columns of their names show, row by row.
struct RunningMeasurements {
    /// Printed columns and the measurement that each shows.
    private let columns: [(column: Int, number: Int)]
    private var measurements: [RunningMeasurement] = []
    private var values: [Double]
    /// Of each printed column.
    private var ranges: [ClosedRange<Double>?]

    /// - Parameters:
    ///   - printed: columns of the table, by the measurements that they show.
    ///   - analysis: that of the table.
    init(
        _ printed: [(column: Int, name: String)], of analysis: String, _ requests: MeasurementRequests,
        _ outputs: OutputRequests, _ options: SimulationOptions, _ dialect: Dialect, diagnostics: inout Diagnostics
    ) {
        let all = requests.measurements.filter { $0.analysis == analysis }
        var wanted = Set(printed.map(\.name))
        // A formula needs the measurements that it names; they stand before it.
        for measurement in all.reversed() where wanted.contains(measurement.name) {
            if case .formula(let expression) = measurement.function { wanted.formUnion(expression.names) }
        }
        let needed = all.filter { wanted.contains($0.name) }
        let names = needed.map(\.name)
        let scope = MeasurementScope(dialect, options, outputs, inputs: names)
        for measurement in needed {
            var program: Program?
            if case .formula(let expression) = measurement.function {
                program = ExpressionCompiler.compile(expression, in: scope, diagnostics: &diagnostics)
            }
            measurements.append(RunningMeasurement(measurement, program))
        }
        values = measurements.map(\.value)
        columns = printed.compactMap { column, name in names.firstIndex(of: name).map { (column, $0) } }
        ranges = columns.map { _ in nil }
    }

    /// Looks at the last row of the record.
    mutating func take(_ record: MeasurementEvaluator) {
        for index in measurements.indices {
            measurements[index].take(record, values)
            values[index] = measurements[index].value
        }
    }

    /// - Parameter width: numbers a column.
    mutating func fill(_ row: inout [Double], width: Int) {
        for (index, (column, number)) in columns.enumerated() where row.indices.contains(column * width) {
            let value = values[number]
            row[column * width] = value
            guard value.isFinite else { continue }
            ranges[index] =
                ranges[index].map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
        }
    }

    /// Puts its columns' numbers in place of what the analysis noted for them.
    func note(in report: inout RunReport.Analysis) {
        for (index, (column, number)) in columns.enumerated() {
            if report.lastRow.indices.contains(column) { report.lastRow[column] = values[number] }
            if let range = ranges[index], report.ranges.indices.contains(column) { report.ranges[column] = range }
        }
    }
}

/// One measurement as far as its run has come: 0, or what its card says with DEFAULT_VAL, before it has found anything.
struct RunningMeasurement {
    private let measurement: Measurement
    private let program: Program?
    private(set) var value: Double
    private var sum: StatisticSum?
    private var first: EventWatch?
    private var second: EventWatch?

    init(_ measurement: Measurement, _ program: Program?) {
        self.measurement = measurement
        self.program = program
        value = measurement.fallback ?? 0
        switch measurement.function {
        case .interval(let trigger, let target):
            first = EventWatch(trigger, measurement)
            second = EventWatch(target, measurement)
        case .when(let event), .find(_, let event), .derivative(_, let event):
            first = EventWatch(event, measurement)
        case .statistic(let statistic, _): sum = StatisticSum(statistic)
        case .formula, .last, .distance: break
        }
    }

    /// Looks at the last row of the record.
    /// - Parameter values: of all measurements, those before this one at the same row.
    mutating func take(_ record: MeasurementEvaluator, _ values: [Double]) {
        let row = record.abscissa.count - 1
        guard row >= 0 else { return }
        // Only the second row tells the direction of the run.
        if row == 1 {
            self = RunningMeasurement(measurement, program)
            look(record, 0, values)
        }
        look(record, row, values)
    }

    private mutating func look(_ record: MeasurementEvaluator, _ row: Int, _ values: [Double]) {
        let isNew = first?.look(record, row) ?? false
        let place = first?.place
        switch measurement.function {
        case .when:
            if let place { value = place * record.sign }
        case .find(let column, _):
            if isNew, let place { value = record.interpolate(column, place) }
        case .derivative(let column, _):
            // On a row the slope behind it counts too.
            if let place, isNew || row > 0 && place == record.abscissa[row - 1] {
                value = record.slope(column, place) * record.sign
            }
        case .interval:
            _ = second?.look(record, row)
            if let start = place, let end = second?.place { value = (end - start) * record.sign }
        case .statistic(_, let column):
            guard var sum else { break }
            record.extend(&sum, column, row, record.window(of: measurement))
            self.sum = sum
            if let found = sum.value(sign: record.sign) { value = found }
        case .distance:
            if let found = try? record.value(measurement) { value = found }
        case .last(let column):
            let window = record.window(of: measurement)
            guard record.abscissa[row] >= window.from, row == 0 || record.abscissa[row - 1] < window.to else { break }
            value = record.interpolate(column, min(record.abscissa[row], window.to))
        case .formula:
            guard let program else { break }
            var registers = [Double](repeating: 0, count: max(program.registerCount, 1))
            for (place, input) in program.inputs.enumerated() {
                if case .sweep(let number) = input, values.indices.contains(Int(number)) {
                    registers[place] = values[Int(number)]
                }
            }
            value = registers.withUnsafeMutableBufferPointer { $0.baseAddress.map(program.evaluate) ?? value }
        }
    }
}

/// Waits for an event.
private struct EventWatch {
    private let event: Measurement.Event
    private let measurement: Measurement
    private var count = 0
    /// The last crossings, as many as are counted from the end.
    private var recent: [Double] = []
    /// Where the event is as far as one can tell by now, on the record's abscissa.
    private(set) var place: Double?

    init(_ event: Measurement.Event, _ measurement: Measurement) {
        self.event = event
        self.measurement = measurement
    }

    /// True where the row moves the event.
    mutating func look(_ record: MeasurementEvaluator, _ row: Int) -> Bool {
        switch event {
        case .at(let at):
            let x = at * record.sign
            guard place == nil, let start = record.abscissa.first, start <= x, x <= record.abscissa[row] else {
                return false
            }
            place = x
            return true
        case .crossing(let left, let right, let direction, let wanted, let delay):
            guard row > 0, let found = record.crossing(left, right, direction, before: row) else { return false }
            let window = record.window(of: measurement)
            guard found >= max(window.from, delay.map { $0 * record.sign } ?? window.from), found <= window.to else {
                return false
            }
            count += 1
            guard wanted < 0 else {
                guard measurement.isContinuous ? count >= wanted : count == wanted else { return false }
                place = found
                return true
            }
            recent.append(found)
            guard recent.count >= -wanted else { return false }
            if recent.count > -wanted { recent.removeFirst() }
            place = recent[0]
            return true
        }
    }
}
