import SpiceNetlist
import Waveforms

/// Runs the analyses of an elaborated netlist, each once a step, and hands their rows to a sink.
struct AnalysisRunner {
    private let simulation: Simulation
    private let sink: any WaveformSink
    private let control: RunControl
    private let steps: StepPlan
    private var measurements: MeasurementRun
    /// Rows that later analyses are made of, by step and analysis.
    private var records: [Int: [String: MeasurementEvaluator]] = [:]
    /// Runs of `.mc` that had no solution.
    private var failedRuns: Set<Int> = []
    var report = RunReport()

    init(_ simulation: Simulation, _ sink: any WaveformSink, _ control: RunControl) {
        self.simulation = simulation
        self.sink = sink
        self.control = control
        steps = StepPlan(simulation.elaboration, simulation.overrides)
        measurements = MeasurementRun(simulation.elaboration, simulation.netlist.dialect)
        report.elementCount = simulation.circuit.elementCount
        report.unknownCount = simulation.circuit.unknowns.count - 1
    }

    mutating func run() {
        report.skipped = simulation.elaboration.skipped.map(\.word)
        let tasks = simulation.elaboration.tasks
        if tasks.isEmpty {
            let skipped = simulation.elaboration.skipped.first
            report.failure = SimulationFailure(
                .badNetlist,
                skipped == nil
                    ? "the netlist asks for no analysis" : "the netlist asks for no analysis that this version has",
                at: skipped?.range ?? simulation.netlist.titleRange, hint: "add .op, .dc, .ac or .tran")
            return
        }
        for (index, task) in tasks.enumerated() {
            report.analyses.append(RunReport.Analysis(kind: task.tableKind))
            let start = ContinuousClock.now
            do throws(SimulationFailure) {
                try run(task, isLast: index == tasks.count - 1)
            } catch {
                report.failure = error
            }
            let elapsed = ContinuousClock.now - start
            report.analyses[index].seconds =
                Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
            if report.failure != nil { return }
        }
        measurements.finish(into: &report)
        if steps.sampling != nil {
            report.statistics = MeasurementStatistics.collect(report.measurements, stepCount: steps.combinations)
        }
        if simulation.elaboration.searchesWorstCase {
            do throws(SimulationFailure) {
                report.worstCases = try WorstCaseSearch(simulation: simulation, control: control, parallel: parallel)
                    .run()
            } catch {
                report.failure = error
            }
        }
    }

    private var parallel: Parallel { Parallel(threads: simulation.circuit.options.threadCount) }

    private mutating func run(_ task: any Analysis, isLast: Bool) throws(SimulationFailure) {
        var diagnostics = Diagnostics()
        let table = task.table(simulation.elaboration, simulation.netlist, diagnostics: &diagnostics)
        let all = TableHeader(
            title: simulation.netlist.title, kind: task.tableKind, columns: table.columns, isComplex: table.isComplex,
            abscissa: table.abscissa, stepParameters: steps.columns, impedances: table.impedances)
        var header = all
        header.columns.removeLast(table.outputs.recorded.count)
        try output { () throws(WaveformError) in try sink.begin(header) }
        report.analyses[report.analyses.count - 1].columns = header.columns
        // Steps one by one; runs of .mc side by side, some at a time, and their rows in order.
        let width = steps.sampling == nil ? 1 : 8 * parallel.threads
        var next = 0
        while next < steps.count {
            if next > 0, control.isInterrupted() {
                throw SimulationFailure(.interrupted, "interrupted at step \(next) of \(steps.count)")
            }
            let range = next..<min(next + width, steps.count)
            next = range.upperBound
            let jobs = range.map { step in
                Job(
                    task: task, step: step, isLast: isLast, record: task.follows.flatMap { records[step]?[$0] },
                    header: all, leading: table.leading.count, outputs: table.outputs)
            }
            if steps.sampling == nil {
                for job in jobs {
                    if !steps.columns.isEmpty { try beginStep(job.step) }
                    try take(job.perform(simulation, steps, control, sink), of: job)
                }
                continue
            }
            var outcomes = [Job.Outcome?](repeating: nil, count: jobs.count)
            outcomes.withUnsafeMutableBufferPointer { outcomes in
                nonisolated(unsafe) let target = outcomes
                parallel.each(jobs.count) { index in
                    let buffer = RowBuffer(keepsRows: givesRows(jobs[index].step))
                    target[index] = jobs[index].perform(simulation, steps, control, buffer)
                    target[index]?.buffer = buffer
                }
            }
            for (job, outcome) in zip(jobs, outcomes) {
                guard let outcome else { continue }
                if givesRows(job.step) {
                    try beginStep(job.step)
                    try output { () throws(WaveformError) in try outcome.buffer?.replay(into: sink) }
                }
                try take(outcome, of: job)
            }
            control.progress(Double(next) / Double(steps.count))
        }
        try output { () throws(WaveformError) in try sink.end() }
    }

    private func givesRows(_ step: Int) -> Bool { (steps.sampling?.givesRows ?? true) || steps.run(step) == 0 }

    private func beginStep(_ step: Int) throws(SimulationFailure) {
        try output { () throws(WaveformError) in try sink.beginStep(index: step, parameters: steps.values(step)) }
    }

    /// One analysis in one step.
    private struct Job {
        let task: any Analysis
        let step: Int
        let isLast: Bool
        let record: MeasurementEvaluator?
        let header: TableHeader
        /// Columns before the printed ones.
        let leading: Int
        let outputs: CompiledOutputs

        struct Outcome {
            var elaboration: Elaboration?
            var record: MeasurementEvaluator?
            var report: RunReport.Analysis?
            var warnings: [Diagnostic] = []
            var failure: SimulationFailure?
            var buffer: RowBuffer?
        }

        func perform(
            _ simulation: Simulation, _ steps: StepPlan, _ control: RunControl, _ sink: any WaveformSink
        ) -> Outcome {
            var outcome = Outcome()
            if steps.columns.isEmpty {
                outcome.elaboration = simulation.elaboration
            } else {
                var diagnostics = Diagnostics()
                outcome.elaboration = Elaborator.elaborate(
                    simulation.netlist, overrides: steps.overrides(step), diagnostics: &diagnostics)
                if outcome.elaboration == nil { outcome.failure = SimulationFailure(diagnostics, "step \(step)") }
            }
            guard let elaboration = outcome.elaboration else { return outcome }
            var running: RunningMeasurements?
            if !outputs.running.isEmpty {
                var diagnostics = Diagnostics()
                running = RunningMeasurements(
                    outputs.running.map { (leading + $0.column, $0.name) }, of: task.kindName,
                    elaboration.measurements, elaboration.outputs, elaboration.circuit.options,
                    simulation.netlist.dialect, diagnostics: &diagnostics)
                if diagnostics.hasErrors {
                    outcome.failure = SimulationFailure(diagnostics, "the output list")
                    return outcome
                }
            }
            let recorder = MeasurementRecorder(sink, header: header, recorded: outputs.recorded, running: running)
            var control = control
            if steps.sampling != nil { control.progress = { _ in } }
            let run = AnalysisRun(
                simulation.netlist, elaboration, steps.overrides(step), control,
                sink: outputs.recorded.isEmpty && running == nil ? sink : recorder, isLast: isLast, record: record,
                report: RunReport.Analysis(kind: task.tableKind))
            run.report.columns = header.columns
            do throws(SimulationFailure) { try run.run(task) } catch { outcome.failure = error }
            recorder.running?.note(in: &run.report)
            outcome.report = run.report
            outcome.warnings = run.warnings
            outcome.record = recorder.takeStep()
            return outcome
        }
    }

    /// Takes what a step gave, and measures it.
    private mutating func take(_ outcome: Job.Outcome, of job: Job) throws(SimulationFailure) {
        if let found = outcome.report { report.analyses[report.analyses.count - 1].merge(found) }
        // What holds for every step is said once.
        for warning in outcome.warnings where !report.diagnostics.all.contains(warning) {
            report.diagnostics.append(warning)
        }
        if let failure = outcome.failure {
            guard steps.run(job.step) > 0, failure.reason != .interrupted, failure.reason != .output else {
                throw failure
            }
            noteFailedRun(job.step, failure)
            return
        }
        guard let elaboration = outcome.elaboration, let record = outcome.record,
            !failedRuns.contains(job.step)
        else { return }
        let kind = job.task.kindName
        if simulation.elaboration.tasks.contains(where: { $0.follows == kind }) {
            records[job.step, default: [:]][kind] = record
        }
        if measurements.wants(kind) {
            measurements.take(kind, record, elaboration, step: job.step, into: &report)
        }
    }

    /// A run of `.mc` without a solution ends itself, not the others.
    private mutating func noteFailedRun(_ step: Int, _ failure: SimulationFailure) {
        guard failedRuns.insert(step).inserted, failedRuns.count <= 5 else { return }
        var warning = failure.diagnostic
        warning.severity = .warning
        warning.message = "run \(steps.run(step)) of .mc: \(warning.message)"
        report.diagnostics.append(warning)
    }

    private func output(_ body: () throws(WaveformError) -> Void) throws(SimulationFailure) {
        do throws(WaveformError) { try body() } catch { throw SimulationFailure(.output, "\(error)") }
    }
}
