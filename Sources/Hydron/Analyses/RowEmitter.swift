import Waveforms

/// Turns accepted points into rows of a table and hands them to a sink. Allocates nothing after its making.
final class RowEmitter: PointObserver {
    private let outputs: [CompiledOutput]
    private let sink: any WaveformSink
    private let registers: UnsafeMutablePointer<Double>
    private var row: [Double] = []
    private(set) var rowCount = 0
    private(set) var ranges: [ClosedRange<Double>] = []
    private var sweepValues: [Double] = []
    var lastRow: [Double] { row }
    let observedUnknowns: [Int]
    let rates: ChargeRates

    private let accumulators: [OutputCompiler.Accumulator]
    /// For each accumulator its value, its argument at the last row, and that row's time.
    private var accumulated: [Double]
    private var arguments: [Double]
    private var lastTime = Double.nan

    init(_ compiled: CompiledOutputs, _ sink: any WaveformSink) {
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
        row.reserveCapacity(outputs.count + 4)
    }

    deinit { registers.deallocate() }

    func accept(
        _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) {
        row.removeAll(keepingCapacity: true)
        row.append(abscissa)
        if !accumulators.isEmpty { accumulate(abscissa, x, system) }
        try emit(x, system)
    }

    func accept(
        _ sweep: [Double], _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) {
        row.removeAll(keepingCapacity: true)
        row.append(contentsOf: sweep)
        sweepValues = sweep
        try emit(x, system)
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
                }
            }
            arguments[index] = argument
        }
        lastTime = time
    }

    private func emit(_ x: UnsafePointer<Double>, _ system: EquationSystem) throws(SimulationFailure) {
        for output in outputs {
            switch output.source {
            case .unknown(let unknown): row.append(x[unknown])
            case .constant(let value): row.append(value)
            case .program(let program):
                for (index, input) in program.inputs.enumerated() {
                    registers[index] = value(of: input, x, system)
                }
                row.append(program.evaluate(registers))
            }
        }
        do throws(WaveformError) {
            let count = row.count
            try row.withUnsafeBufferPointer { (buffer) throws(WaveformError) in
                try sink.append(UnsafeBufferPointer(rebasing: buffer[0..<count]))
            }
        } catch {
            throw SimulationFailure(.output, "\(error)")
        }
        if rowCount == 0 {
            ranges = row.map { $0...$0 }
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
        case .frequency: 0
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
