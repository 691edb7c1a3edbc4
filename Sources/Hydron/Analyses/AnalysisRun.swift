import Glibc
import SparseSolvers
import SpiceNetlist
import Waveforms

/// One run of one analysis: what it works on and where its rows and findings go.
final class AnalysisRun {
    let netlist: Netlist
    let overrides: Overrides
    let control: RunControl
    let sink: any WaveformSink
    /// True for the last analysis of a run, behind which maps of arrays without a time are taken.
    let isLast: Bool
    private(set) var elaboration: Elaboration
    /// Rows of the analysis that this one follows; nil where it follows none.
    let record: MeasurementEvaluator?
    /// What the report says about it.
    var report: RunReport.Analysis
    private(set) var warnings: [Diagnostic] = []

    var circuit: Circuit { elaboration.circuit }

    init(
        _ netlist: Netlist, _ elaboration: Elaboration, _ overrides: Overrides, _ control: RunControl,
        sink: any WaveformSink, isLast: Bool, record: MeasurementEvaluator?, report: RunReport.Analysis
    ) {
        self.netlist = netlist
        self.elaboration = elaboration
        self.overrides = overrides
        self.control = control
        self.sink = sink
        self.isLast = isLast
        self.record = record
        self.report = report
    }

    func run(_ analysis: any Analysis) throws(SimulationFailure) {
        elaboration.resolveWaveforms(for: analysis)
        if analysis.needsOperatingPoint { try checkTopology(analysis) }
        defer {
            noteFallbacks()
            warnOfVoltages()
        }
        try analysis.run(self)
    }

    private func checkTopology(_ analysis: any Analysis) throws(SimulationFailure) {
        var diagnostics = Diagnostics()
        let findings = TopologyCheck.run(
            elaboration.circuit, of: netlist, swept: analysis.sweptSources,
            isForSmallSignals: analysis.looksAtSmallSignals,
            diagnostics: &diagnostics)
        for warning in diagnostics.all where warning.severity != .error { warn(warning) }
        if let error = diagnostics.all.first(where: { $0.severity == .error }) {
            for other in diagnostics.all where other.severity == .error && other != error { warn(other) }
            throw SimulationFailure(
                .singularMatrix, error.message, at: error.range, hint: error.hint, notes: error.notes)
        }
        findings.note(in: &elaboration.circuit)
    }

    /// The table of an analysis for a circuit that may differ from the first by parameters.
    func table(
        _ analysis: some Analysis, _ elaboration: Elaboration
    ) throws(SimulationFailure) -> AnalysisTable {
        var diagnostics = Diagnostics()
        let table = analysis.table(elaboration, netlist, diagnostics: &diagnostics)
        if diagnostics.hasErrors { throw SimulationFailure(diagnostics, "the output list") }
        return table
    }

    /// The circuit at rest: sources at their DC values.
    func operatingPoint(
        _ system: EquationSystem, isContinuation: Bool = false, _ x: Vector
    ) throws(SimulationFailure) {
        var point = OperatingPoint(system.circuit.options)
        try point.solve(
            system, x.base, mode: .direct, isContinuation: isContinuation, holding: [],
            iterationCount: &report.statistics.newtonIterations)
        report.statistics.note(point, UnsafePointer(x.base), system)
        system.accept(UnsafePointer(x.base))
    }

    /// A row of columns that the analysis fills itself.
    func emit(_ row: [Double], isComplex: Bool = false) throws(SimulationFailure) {
        do throws(WaveformError) { try sink.append(row) } catch { throw SimulationFailure(.output, "\(error)") }
        if isComplex { report.note(complex: row) } else { report.note(row) }
    }

    // MARK: - What the report gets

    func warn(_ finding: Diagnostic) {
        if !warnings.contains(finding) { warnings.append(finding) }
    }

    func note(_ system: EquationSystem) {
        report.statistics.arrays = system.solver.blockStatistics
        report.statistics.evaluations = system.evaluations
        report.statistics.resting = system.restCount
        report.statistics.solver = system.solver.statistics
        for notice in system.solver.notices { warn(Diagnostic(.warning, notice)) }
        for message in system.takeMessages() { warn(message) }
    }

    func note(_ emitter: RowEmitter) {
        report.rowCount += emitter.rowCount
        report.lastRow = emitter.lastRow
        report.ranges = emitter.ranges
    }

    private func noteFallbacks() {
        guard report.statistics.solver.fallbacks > 0 else { return }
        warn(
            Diagnostic(
                .warning,
                "iterations on the circuit's strong couplings did not get on: its matrix was factored directly, which takes longer",
                hint: "'.options solver=klu' goes that way from the start"))
    }

    /// A voltage that no circuit has is a solution of the equations, but hardly of the problem.
    private func warnOfVoltages() {
        guard let unknown = report.statistics.implausibleNode else { return }
        // Three digits tell.
        let exponent = floor(log10(abs(report.statistics.largestVoltage)) + 1e-9)
        let mantissa = (report.statistics.largestVoltage / pow(10, exponent) * 100).rounded() / 100
        let volts = "\(mantissa.plain)e\(exponent.plain)"
        warn(
            Diagnostic(
                .warning, "\(circuit.describe(unknown)) lies at \(volts) V in the operating point",
                at: circuit.elementsTouching(unknown).first?.identity.range,
                hint: "a current that finds only gmin or a huge resistance on its way to ground does this",
                notes: circuit.notes(about: unknown)))
    }
}

extension SimulationFailure {
    /// Errors that only some values of a sweep bring about.
    init(_ diagnostics: Diagnostics, _ place: String) {
        let first = diagnostics.all.first { $0.severity == .error }
        self.init(
            .badNetlist, "\(first?.message ?? "the netlist can't be elaborated") (at \(place))", at: first?.range,
            hint: first?.hint, notes: first?.notes ?? [])
    }
}
