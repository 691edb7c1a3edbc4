import Glibc
import SpiceNetlist
import Waveforms

/// Stands before a sink and keeps what measurements look at: the columns behind those that the sink gets.
final class MeasurementRecorder: WaveformSink {
    private let sink: any WaveformSink
    private let visible: Int
    /// Numbers of the recorded columns, in the order of the header.
    private let recorded: [Int]
    /// The innermost abscissa's place in a row.
    private let isComplex: Bool
    private let isReal: [Bool]
    private var abscissa: [Double] = []
    private var values: [[Double]]

    /// - Parameters:
    ///   - header: of all columns.
    ///   - recorded: the last of them, by their numbers in ``MeasurementRequests``.
    init(_ sink: any WaveformSink, header: TableHeader, recorded: [Int]) {
        self.sink = sink
        self.recorded = recorded
        visible = header.columns.count - recorded.count
        isComplex = header.isComplex
        isReal = header.columns.dropFirst(visible).map(\.isReal)
        values = [[Double]](repeating: [], count: recorded.count)
    }

    func begin(_ header: TableHeader) throws(WaveformError) { try sink.begin(header) }

    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        let width = isComplex ? 2 : 1
        abscissa.append(row.isEmpty ? 0 : row[0])
        for index in values.indices {
            let place = (visible + index) * width
            // The magnitude of what is complex.
            values[index].append(
                isComplex && !isReal[index] ? hypot(row[place], row[place + 1]) : row[place])
        }
        try sink.append(UnsafeBufferPointer(rebasing: row[0..<(visible * width)]))
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
        var columns: [Int: [Double]] = [:]
        for (place, column) in recorded.enumerated() { columns[column] = values[place] }
        defer {
            abscissa = []
            values = [[Double]](repeating: [], count: recorded.count)
        }
        return MeasurementEvaluator(abscissa: abscissa, columns: columns)
    }
}

/// Names that formulas of measurements may use: other measurements, and constant parameters of the top level.
final class MeasurementScope: ExpressionScope {
    let dialect: Dialect
    let options: SimulationOptions
    var values: [String: Double]
    private let outputs: OutputRequests

    init(_ dialect: Dialect, _ options: SimulationOptions, _ outputs: OutputRequests) {
        self.dialect = dialect
        self.options = options
        self.outputs = outputs
        values = outputs.parameters
    }

    var parameterNames: [String] { values.keys.sorted() }
    var functionNames: [String] { outputs.functions.keys.sorted() }
    func parameter(_ name: String) -> ScopedParameter? { values[name].map { .value($0) } }
    func function(_ name: String) -> ScopedFunction? {
        outputs.functions[name].map { ScopedFunction(arguments: $0.arguments, body: $0.body, scope: self) }
    }
    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        diagnostics.error("a formula of measurements has no voltages and currents", at: range)
        return nil
    }
    func quantity(_ name: String) -> ProgramInput? { nil }
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
