import Glibc
import SpiceNetlist
import Waveforms

/// Stands before a sink and keeps what measurements look at: the columns behind those that the sink gets. Fills in the
/// columns that show measurements themselves.
final class MeasurementRecorder: WaveformSink {
    private let sink: any WaveformSink
    private let visible: Int
    private let recorded: [Int]
    private let isComplex: Bool
    private let isReal: [Bool]
    private var record: MeasurementEvaluator
    private(set) var running: RunningMeasurements?
    private var row: [Double] = []

    /// - Parameters:
    ///   - header: of all columns.
    ///   - recorded: the last of them, by their numbers in ``MeasurementRequests``.
    ///   - running: what is printed of measurements, in place of what the analysis gives for their columns.
    init(_ sink: any WaveformSink, header: TableHeader, recorded: [Int], running: RunningMeasurements?) {
        self.sink = sink
        self.recorded = recorded
        self.running = running
        visible = header.columns.count - recorded.count
        isComplex = header.isComplex
        isReal = header.columns.dropFirst(visible).map(\.isReal)
        record = MeasurementEvaluator(recording: recorded)
    }

    func begin(_ header: TableHeader) throws(WaveformError) { try sink.begin(header) }

    var takesPoints: Bool { !recorded.isEmpty }

    func note(_ row: UnsafeBufferPointer<Double>) {
        let width = isComplex ? 2 : 1
        record.appendPlace(row.isEmpty ? 0 : row[0])
        for index in recorded.indices {
            let place = (visible + index) * width
            // The magnitude of what is complex.
            record.append(
                isComplex && !isReal[index] ? hypot(row[place], row[place + 1]) : row[place], at: index)
        }
    }

    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        note(row)
        let width = isComplex ? 2 : 1
        let shown = UnsafeBufferPointer(rebasing: row[0..<(visible * width)])
        guard running != nil else {
            try sink.append(shown)
            return
        }
        self.row.removeAll(keepingCapacity: true)
        self.row.append(contentsOf: shown)
        running?.take(record)
        running?.fill(&self.row, width: width)
        try sink.append(self.row)
    }

    func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        try sink.beginStep(index: index, parameters: parameters)
    }
    func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        try sink.map(index, time: time, values: values)
    }
    func end() throws(WaveformError) { try sink.end() }
    func finish() throws(WaveformError) { try sink.finish() }
    func discard() { sink.discard() }

    /// What was recorded since the last call.
    func takeStep() -> MeasurementEvaluator {
        defer { record = MeasurementEvaluator(recording: recorded) }
        return record
    }
}

/// Names that formulas of measurements may use: other measurements, and constant parameters of the top level.
///
/// A formula is evaluated once with the values that are known, or compiled with measurements as inputs.
final class MeasurementScope: ExpressionScope {
    let dialect: Dialect
    let options: SimulationOptions
    var values: [String: Double]
    private let outputs: OutputRequests
    /// Measurements that are inputs of the compiled program, by number.
    private let inputs: [String]

    init(_ dialect: Dialect, _ options: SimulationOptions, _ outputs: OutputRequests, inputs: [String] = []) {
        self.inputs = inputs
        self.dialect = dialect
        self.options = options
        self.outputs = outputs
        values = outputs.parameters
    }

    var parameterNames: [String] { (values.keys + inputs).sorted() }
    var functionNames: [String] { outputs.functions.keys.sorted() }
    func parameter(_ name: String) -> ScopedParameter? { values[name].map { .value($0) } }
    func function(_ name: String) -> ScopedFunction? {
        outputs.functions[name].map { ScopedFunction(arguments: $0.arguments, body: $0.body, scope: self) }
    }
    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        diagnostics.error("a formula of measurements has no voltages and currents", at: range)
        return nil
    }
    func quantity(_ name: String) -> ProgramInput? { inputs.firstIndex(of: name).map { .sweep(Int32($0)) } }
    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? { nil }
    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? { nil }
    func random(_ key: UInt64) -> Double { 0.5 }

    /// nil where the expression has other names in it.
    func evaluate(_ expression: Expression, diagnostics: inout Diagnostics) -> Double? {
        ExpressionCompiler.compile(expression, in: self, diagnostics: &diagnostics)?.constant
    }
}
