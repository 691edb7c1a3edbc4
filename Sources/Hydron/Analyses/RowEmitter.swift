import Waveforms

/// Turns accepted points into rows of a table and hands them to a sink. Allocates nothing after its making.
final class RowEmitter: PointObserver {
    private let outputs: [CompiledOutput]
    private let sink: any WaveformSink
    private let registers: UnsafeMutablePointer<Double>
    /// Kept from row to row: each is as long as the first.
    @exclusivity(unchecked) private var row: [Double] = []
    /// How much of the row is filled in.
    @exclusivity(unchecked) private var filled = 0
    @exclusivity(unchecked) private(set) var rowCount = 0
    @exclusivity(unchecked) private(set) var ranges: [ClosedRange<Double>] = []
    @exclusivity(unchecked) private var sweepValues: [Double] = []
    var lastRow: [Double] { row }
    let observedUnknowns: [Int]
    let rates: ChargeRates

    private let accumulators: [OutputCompiler.Accumulator]
    /// For each accumulator its value, its argument at the last row, and that row's time.
    @exclusivity(unchecked) private var accumulated: [Double]
    private var arguments: [Double]
    private var lastTime = Double.nan

    /// Maps of arrays, with their numbers among the run's.
    private let snapshots: [(index: Int, request: SnapshotRequest)]
    let stops: [Double]

    init(_ compiled: CompiledOutputs, _ sink: any WaveformSink, snapshots: [SnapshotRequest] = []) {
        self.snapshots = Array(zip(snapshots.indices, snapshots))
        stops = Set(snapshots.flatMap(\.snapshot.times)).sorted()
        outputs = compiled.columns
        accumulators = compiled.accumulators
        rates = ChargeRates(compiled.rates)
        accumulated = [Double](repeating: 0, count: accumulators.count)
        arguments = accumulated
        self.sink = sink
        var observed: Set<Int> = []
        for output in outputs {
            switch output.source {
            case .unknown(let unknown): observed.insert(unknown)
            case .program(let program): observed.formUnion(program.unknownInputs.map(Int.init))
            case .constant: break
            }
        }
        observedUnknowns = observed.sorted()
        var size = 1
        for output in outputs {
            if case .program(let program) = output.source { size = max(size, program.registerCount) }
        }
        for accumulator in accumulators { size = max(size, accumulator.program.registerCount) }
        registers = .allocate(capacity: size)
        lookCount = outputs.reduce(1) {
            if case .program(let program) = $1.source { return $0 + program.inputs.count }
            return $0 + 1
        }
        looks = .allocate(capacity: 3 * lookCount)
        looks.initialize(repeating: 0, count: 3 * lookCount)
        row.reserveCapacity(outputs.count + 4)
    }

    deinit {
        registers.deallocate()
        looks.deallocate()
    }

    /// Columns that may have corners between rows; see ``giveOutCorners(before:_:)``.
    private lazy var bentColumns: [BentColumn] = outputs.indices.compactMap { index in
        guard case .program(let program) = outputs[index].source, program.hasCorners else { return nil }
        return BentColumn(index: index, program: program)
    }
    /// Departure from a straight line that gets a row of its own, as a part of the column's largest magnitude; infinite
    /// where the analysis wants the rows that it hands over and no others.
    var cornerTolerance = Double.infinity
    private var cornerTime = Double.nan
    private var cornerRow: [Double] = []
    private var newestRow: [Double] = []

    /// A printed expression with `abs`, `min`, a comparison or a table in it.
    private struct BentColumn {
        let index: Int
        let program: Program
        /// Inputs at the last row and at this one.
        var before: [Double]
        var after: [Double]
        /// Largest magnitude so far.
        var peak = 0.0

        init(index: Int, program: Program) {
            self.index = index
            self.program = program
            before = [Double](repeating: 0, count: program.inputs.count)
            after = before
        }
    }

    func accept(
        _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem, parts: Int
    ) throws(SimulationFailure) {
        filled = 0
        put(abscissa)
        if !accumulators.isEmpty { accumulate(abscissa, x, system) }
        fill(x, system)
        if cornerTolerance.isFinite, !bentColumns.isEmpty { try giveOutCorners(before: abscissa, x, system) }
        if fillsIn {
            look(abscissa, x, system)
            if parts > 1 { try fillIn(parts) }
        }
        try emit(row)
    }

    /// What is summed up in time needs every point, as measurements do.
    var takesPoints: Bool { sink.takesPoints || !accumulators.isEmpty }

    func pass(_ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) {
        filled = 0
        put(abscissa)
        if !accumulators.isEmpty { accumulate(abscissa, x, system) }
        guard sink.takesPoints else { return }
        fill(x, system)
        row.withUnsafeBufferPointer { sink.note($0) }
    }

    // MARK: - Rows between points

    /// What rows are computed from at the last three points: the time, and for each column its unknown or the inputs of
    /// its program. Three rows of a ring.
    private let looks: UnsafeMutablePointer<Double>
    private let lookCount: Int
    /// Row of the newest point, and how many points there are since the last corner.
    @exclusivity(unchecked) private var newestLook = 0
    @exclusivity(unchecked) private var lookedAt = 0
    private var between: [Double] = []
    /// Departures from a straight line between two points are no larger than this part of their difference, or of their
    /// magnitude: what jumps is not to swing over.
    private static let largestBend = (ofDifference: 0.5, ofMagnitude: 0.1)

    /// What is printed with corners or sums of its own has rows at accepted points alone.
    private(set) lazy var fillsIn = cornerTolerance.isFinite && bentColumns.isEmpty && accumulators.isEmpty

    func turn() { lookedAt = min(lookedAt, 1) }

    private func look(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) {
        newestLook = (newestLook + 1) % 3
        lookedAt = min(lookedAt + 1, 3)
        let target = looks + newestLook * lookCount
        target[0] = time
        var index = 1
        for output in outputs {
            switch output.source {
            case .unknown(let unknown): target[index] = x[unknown]
            case .constant(let value): target[index] = value
            case .program(let program):
                for input in program.inputs {
                    target[index] = value(of: input, x, system)
                    index += 1
                }
                continue
            }
            index += 1
        }
    }

    /// Gives out rows on the parabolas through the last three points, so that straight lines between rows follow them.
    private func fillIn(_ parts: Int) throws(SimulationFailure) {
        guard lookedAt == 3 else { return }
        let points = Points(
            older: looks + (newestLook + 1) % 3 * lookCount, newer: looks + (newestLook + 2) % 3 * lookCount,
            newest: looks + newestLook * lookCount)
        guard points.before > 0 else { return }
        for part in 1..<parts {
            let place = Double(part) / Double(parts)
            between.removeAll(keepingCapacity: true)
            between.append(points.newer[0] + place * points.step)
            var index = 1
            for output in outputs {
                if case .program(let program) = output.source {
                    for register in program.inputs.indices {
                        registers[register] = points.value(index, place)
                        index += 1
                    }
                    between.append(program.evaluate(registers))
                } else {
                    between.append(points.value(index, place))
                    index += 1
                }
            }
            try emit(between)
        }
    }

    /// The last three points, as they were looked at.
    private struct Points {
        let older: UnsafeMutablePointer<Double>
        let newer: UnsafeMutablePointer<Double>
        let newest: UnsafeMutablePointer<Double>
        /// From `newer` to `newest`, and from `older` to `newer`.
        var step: Double { newest[0] - newer[0] }
        var before: Double { newer[0] - older[0] }

        /// Number `index` of what is looked at, at a place from 0 (the point before) to 1 (the newest).
        @inline(__always) func value(_ index: Int, _ place: Double) -> Double {
            let difference = newest[index] - newer[index]
            let bow = -place * (1 - place) * step / (step + before)
            let bend = (difference - (newer[index] - older[index]) * (step / before)) * bow
            let largest = max(
                RowEmitter.largestBend.ofDifference * abs(difference),
                RowEmitter.largestBend.ofMagnitude * max(abs(newest[index]), abs(newer[index])))
            return newer[index] + place * difference + bend.clamped(to: -largest...largest)
        }
    }

    func reach(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) throws(SimulationFailure) {
        for (index, request) in snapshots where request.snapshot.times.contains(time) {
            try takeMap(index, request, time, x, system)
        }
    }

    /// Maps that are asked for at the end.
    func finish(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) throws(SimulationFailure) {
        for (index, request) in snapshots where request.snapshot.times.isEmpty {
            try takeMap(index, request, time, x, system)
        }
    }

    private func takeMap(
        _ index: Int, _ request: SnapshotRequest, _ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) {
        guard let batch = system.batches[Int(request.array.population)] as? CrossbarBatch else { return }
        let values = batch.map(request.quantity, element: Int(request.array.index), x: x)
        do throws(WaveformError) {
            try sink.map(index, time: time, values: values)
        } catch {
            throw SimulationFailure(.output, "\(error)")
        }
    }

    /// Voltages are straight lines between rows as far as the analysis promises it, but |v| is not where v changes its
    /// sign. A corner of a printed expression gets a row of its own, a jump two: where the expression of the straight
    /// lines departs most from the straight line of the expression, found by bisection.
    private func giveOutCorners(
        before time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) {
        let span = time - cornerTime
        let start = cornerTime
        var places: [Double] = []
        for place in bentColumns.indices {
            for (index, input) in bentColumns[place].program.inputs.enumerated() {
                bentColumns[place].before[index] = bentColumns[place].after[index]
                bentColumns[place].after[index] = value(of: input, x, system)
            }
            let column = bentColumns[place].index + 1
            bentColumns[place].peak = max(bentColumns[place].peak, abs(row[column]))
            // Rows right behind a corner have no room between.
            guard span > 1e-7 * abs(time), cornerRow.count == row.count else { continue }
            let tolerance = cornerTolerance * bentColumns[place].peak
            var (low, high) = (0.0, 1.0)
            guard max(bend(place, 0, 0.5), bend(place, 0, 1), bend(place, 0.5, 1)) > tolerance else { continue }
            for _ in 0..<40 {
                let middle = 0.5 * (low + high)
                if bend(place, low, middle) >= bend(place, middle, high) { high = middle } else { low = middle }
                // What is left of the corner is below what the eye or a comparison tells.
                if high - low < 1e-6 { break }
            }
            places.append(low)
            if abs(value(place, high) - value(place, low)) > tolerance { places.append(high) }
        }
        if !places.isEmpty { newestRow = row }
        for place in places.sorted() where place > 1e-6 && place < 1 - 1e-6 {
            for column in row.indices {
                row[column] = cornerRow[column] + (newestRow[column] - cornerRow[column]) * place
            }
            row[0] = start + span * place
            for bent in bentColumns.indices { row[bentColumns[bent].index + 1] = value(bent, place) }
            try emit(row)
        }
        if !places.isEmpty {
            row.removeAll(keepingCapacity: true)
            row.append(contentsOf: newestRow)
        }
        cornerTime = time
        cornerRow.removeAll(keepingCapacity: true)
        cornerRow.append(contentsOf: row)
    }
    /// The expression at a place from 0 (the last row) to 1 (this one), its inputs on straight lines between.
    private func value(_ column: Int, _ place: Double) -> Double {
        let bent = bentColumns[column]
        for index in bent.before.indices {
            registers[index] = bent.before[index] + (bent.after[index] - bent.before[index]) * place
        }
        return bent.program.evaluate(registers)
    }

    /// How far the expression departs from the straight line in the middle between two places.
    private func bend(_ column: Int, _ low: Double, _ high: Double) -> Double {
        abs(value(column, 0.5 * (low + high)) - 0.5 * (value(column, low) + value(column, high)))
    }

    func accept(
        _ sweep: [Double], _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) {
        filled = 0
        for value in sweep { put(value) }
        sweepValues = sweep
        fill(x, system)
        try emit(row)
    }

    /// Trapezoidal integrals and backward differences over the rows.
    private func accumulate(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) {
        let step = time - lastTime
        for (index, accumulator) in accumulators.enumerated() {
            for (place, input) in accumulator.program.inputs.enumerated() {
                registers[place] = value(of: input, x, system)
            }
            let argument = accumulator.program.evaluate(registers)
            if step > 0 {
                switch accumulator.kind {
                case .integral: accumulated[index] += 0.5 * step * (argument + arguments[index])
                case .derivative: accumulated[index] = (argument - arguments[index]) / step
                case .delayed: break
                }
            }
            arguments[index] = argument
        }
        lastTime = time
    }

    @inline(__always) private func put(_ value: Double) {
        if filled < row.count { row[filled] = value } else { row.append(value) }
        filled += 1
    }

    /// Fills in the columns of the row.
    private func fill(_ x: UnsafePointer<Double>, _ system: EquationSystem) {
        for output in outputs {
            switch output.source {
            case .unknown(let unknown): put(x[unknown])
            case .constant(let value): put(value)
            case .program(let program):
                for (index, input) in program.inputs.enumerated() {
                    registers[index] = value(of: input, x, system)
                }
                put(program.evaluate(registers))
            }
        }
    }

    private func emit(_ row: [Double]) throws(SimulationFailure) {
        do throws(WaveformError) {
            let count = row.count
            try row.withUnsafeBufferPointer { (buffer) throws(WaveformError) in
                try sink.append(UnsafeBufferPointer(rebasing: buffer[0..<count]))
            }
        } catch {
            throw SimulationFailure(.output, "\(error)")
        }
        if rowCount == 0 {
            // What is no number has no place in a range.
            ranges = row.map { $0.isNaN ? 0...0 : $0...$0 }
        } else {
            for (index, value) in row.enumerated() where !ranges[index].contains(value) && value.isFinite {
                ranges[index] = min(ranges[index].lowerBound, value)...max(ranges[index].upperBound, value)
            }
        }
        rowCount += 1
    }

    private func value(of input: ProgramInput, _ x: UnsafePointer<Double>, _ system: EquationSystem) -> Double {
        switch input {
        case .unknown(let unknown): x[Int(unknown)]
        case .time: system.conditions.time
        case .frequency, .noise: 0
        case .accumulated(let index): Int(index) < accumulated.count ? accumulated[Int(index)] : 0
        case .rate(let index): rates.values[Int(index)]
        case .random: 0
        case .sweep(let index): Int(index) < sweepValues.count ? sweepValues[Int(index)] : 0
        case .output(let reference, let index):
            system.batches[Int(reference.population)].output(
                Int(index), element: Int(reference.index), x: x, system.conditions)
        }
    }
}
