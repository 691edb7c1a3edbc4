import Glibc
import SparseSolvers
import SpiceNetlist
import Waveforms

/// Runs the analyses of an elaborated netlist, each once a `.step`, and turns accepted points into rows.
struct AnalysisRunner {
    private let simulation: Simulation
    private var sink: any WaveformSink
    private let control: RunControl
    private var measurements: MeasurementRun
    var report = RunReport()

    init(_ simulation: Simulation, _ sink: any WaveformSink, _ control: RunControl) {
        self.simulation = simulation
        self.sink = sink
        self.control = control
        measurements = MeasurementRun(simulation.elaboration, simulation.netlist.dialect)
        report.elementCount = simulation.circuit.elementCount
        report.unknownCount = simulation.circuit.unknowns.count - 1
    }

    mutating func run() {
        report.skipped = simulation.elaboration.skipped.map(\.word)
        if simulation.elaboration.tasks.isEmpty {
            let skipped = simulation.elaboration.skipped.first
            report.failure = SimulationFailure(
                .badNetlist,
                skipped == nil
                    ? "the netlist asks for no analysis" : "the netlist asks for no analysis that this version has",
                at: skipped?.range ?? simulation.netlist.titleRange, hint: "add .op, .dc, .ac or .tran")
            return
        }
        for task in simulation.elaboration.tasks {
            report.analyses.append(RunReport.Analysis(kind: task.tableKind))
            let start = ContinuousClock.now
            do throws(SimulationFailure) {
                try run(task)
            } catch {
                report.failure = error
            }
            let elapsed = ContinuousClock.now - start
            report.analyses[report.analyses.count - 1].seconds =
                Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
            if report.failure != nil { return }
        }
        measurements.finish(into: &report)
    }

    /// The columns that an analysis gives out.
    static func outputs(
        of task: AnalysisTask, _ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics
    ) -> CompiledOutputs {
        var sweepNames: [String] = []
        if case .dc(let sweeps) = task { sweepNames = sweeps.map(\.name) }
        let items = elaboration.outputs.items(for: task.kindName)
        var noise: NoiseAnalysis?
        var isComplex = false
        if case .smallSignal(let analysis) = task { (noise, isComplex) = (analysis.noise, true) }
        let compiler = OutputCompiler(
            elaboration, netlist, sweepNames: sweepNames, isComplex: isComplex, hasNoise: noise != nil)
        return compiler.compile(
            items, noise: noise, recording: elaboration.measurements, for: task.kindName, diagnostics: &diagnostics)
    }

    private mutating func run(_ task: AnalysisTask) throws(SimulationFailure) {
        let axes = Self.tied(simulation.elaboration.steps)
        var diagnostics = Diagnostics()
        let first = Self.outputs(
            of: task, simulation.elaboration, simulation.netlist, diagnostics: &diagnostics)
        let all = self.header(task, first.columns)
        var header = all
        header.columns.removeLast(first.recorded.count)
        let outer = sink
        defer { sink = outer }
        let recorder = MeasurementRecorder(outer, header: all, recorded: first.recorded)
        if measurements.wants(task.kindName) { sink = recorder }
        try output { () throws(WaveformError) in try sink.begin(header) }
        report.analyses[report.analyses.count - 1].columns = header.columns
        if axes.isEmpty {
            try run(task, simulation.elaboration, simulation.overrides)
            measure(task, recorder, simulation.elaboration, step: 0)
        } else {
            try runSteps(task, axes, recorder)
        }
        try output { () throws(WaveformError) in try sink.end() }
    }

    /// Sweeps whose further columns of a `.data` table move along, as groups.
    private static func tied(_ sweeps: [Sweep]) -> [[Sweep]] {
        var groups: [[Sweep]] = []
        for sweep in sweeps {
            if sweep.isTied, !groups.isEmpty {
                groups[groups.count - 1].append(sweep)
            } else {
                groups.append([sweep])
            }
        }
        return groups
    }

    private mutating func runSteps(
        _ task: AnalysisTask, _ axes: [[Sweep]], _ recorder: MeasurementRecorder
    ) throws(SimulationFailure) {
        let total = axes.reduce(1) { $0 * ($1.first?.values.count ?? 0) }
        for step in 0..<total {
            if control.isInterrupted() {
                throw SimulationFailure(.interrupted, "interrupted at step \(step) of \(total)")
            }
            var overrides = simulation.overrides
            var rest = step
            var values: [Double] = []
            // The first .step varies fastest.
            for group in axes {
                let count = group.first?.values.count ?? 1
                for sweep in group {
                    let value = sweep.values[rest % count]
                    overrides.set(sweep.target, to: value)
                    values.append(value)
                }
                rest /= count
            }
            var diagnostics = Diagnostics()
            guard
                let elaboration = Elaborator.elaborate(
                    simulation.netlist, overrides: overrides, diagnostics: &diagnostics)
            else {
                throw Self.failure(diagnostics, "step \(step)")
            }
            try output { () throws(WaveformError) in try sink.beginStep(index: step, parameters: values) }
            try run(task, elaboration, overrides)
            measure(task, recorder, elaboration, step: step)
        }
    }

    private mutating func measure(
        _ task: AnalysisTask, _ recorder: MeasurementRecorder, _ elaboration: Elaboration, step: Int
    ) {
        guard measurements.wants(task.kindName) else { return }
        measurements.take(task.kindName, recorder.takeStep(), elaboration, step: step, into: &report)
    }

    /// Errors that only some values of a sweep bring about.
    private static func failure(_ diagnostics: Diagnostics, _ place: String) -> SimulationFailure {
        let first = diagnostics.all.first { $0.severity == .error }
        return SimulationFailure(
            .badNetlist, "\(first?.message ?? "the netlist can't be elaborated") (at \(place))", at: first?.range,
            hint: first?.hint, notes: first?.notes ?? [])
    }

    private func header(_ task: AnalysisTask, _ outputs: [CompiledOutput]) -> TableHeader {
        var columns = outputs.map(\.column)
        switch task {
        case .operatingPoint: break
        case .dc(let sweeps):
            columns = sweeps.map { Column($0.name, Self.quantity(of: $0)) } + columns
        case .transient: columns.insert(Column("time", .time, unit: "s"), at: 0)
        case .smallSignal: columns.insert(Column(simulation.netlist.dialect.frequencyColumn, .frequency), at: 0)
        }
        var isComplex = false
        if case .smallSignal = task { isComplex = true }
        return TableHeader(
            title: simulation.netlist.title, kind: task.tableKind, columns: columns, isComplex: isComplex,
            stepParameters: simulation.elaboration.steps.map { Column($0.name, Self.quantity(of: $0)) })
    }

    private static func quantity(of sweep: Sweep) -> Column.Quantity {
        switch sweep.target {
        case .temperature: .temperature
        case .source(let name): name.hasPrefix("i") ? .current : .voltage
        default: .parameter
        }
    }

    private func output(_ body: () throws(WaveformError) -> Void) throws(SimulationFailure) {
        do throws(WaveformError) { try body() } catch { throw SimulationFailure(.output, "\(error)") }
    }

    // MARK: - One analysis

    private mutating func run(
        _ task: AnalysisTask, _ elaboration: Elaboration, _ overrides: Overrides
    ) throws(SimulationFailure) {
        var elaboration = elaboration
        elaboration.resolveWaveforms(for: task)
        var diagnostics = Diagnostics()
        let outputs = Self.outputs(of: task, elaboration, simulation.netlist, diagnostics: &diagnostics)
        if diagnostics.hasErrors { throw Self.failure(diagnostics, "the output list") }
        if task.needsOperatingPoint {
            let findings = TopologyCheck.run(
                elaboration.circuit, swept: task.sweptSources, diagnostics: &diagnostics)
            for warning in diagnostics.all where warning.severity != .error { warn(warning) }
            if let error = diagnostics.all.first(where: { $0.severity == .error }) {
                for other in diagnostics.all where other.severity == .error && other != error { warn(other) }
                throw SimulationFailure(
                    .singularMatrix, error.message, at: error.range, hint: error.hint, notes: error.notes)
            }
            findings.note(in: &elaboration.circuit)
        }
        let circuit = elaboration.circuit
        let emitter = RowEmitter(outputs, sink, snapshots: elaboration.snapshots)
        let isLast = report.analyses.count == simulation.elaboration.tasks.count
        defer { note(emitter) }
        var statistics = report.analyses[report.analyses.count - 1].statistics
        defer {
            report.analyses[report.analyses.count - 1].statistics = statistics
            noteFallbacks(statistics.solver)
            warnOfVoltages(statistics, circuit)
        }
        switch task {
        case .operatingPoint:
            let system = try EquationSystem(circuit)
            defer { note(system, &statistics) }
            let x = Vector(system.count)
            var point = OperatingPoint(circuit.options)
            try point.solve(
                system, x.base, mode: .direct, holding: [], iterationCount: &statistics.newtonIterations)
            statistics.note(point, UnsafePointer(x.base), system)
            statistics.points += 1
            system.accept(UnsafePointer(x.base))
            try emitter.accept([], UnsafePointer(x.base), system)
            if isLast { try emitter.finish(0, UnsafePointer(x.base), system) }
            report.analyses[report.analyses.count - 1].deviceValues = Self.deviceValues(system, UnsafePointer(x.base))
        case .transient(let transient):
            let system = try EquationSystem(circuit)
            defer { note(system, &statistics) }
            if transient.outputInterval == nil { emitter.cornerTolerance = 0.3 * circuit.options[.reltol] }
            let end = try transient.run(
                system, options: circuit.options, observer: emitter, control: control, statistics: &statistics)
            if isLast { try emitter.finish(transient.stop, UnsafePointer(end.base), system) }
        case .smallSignal(let analysis):
            var elaboration = elaboration
            elaboration.circuit = circuit
            try runSmallSignal(analysis, task, elaboration, overrides, &statistics)
        case .dc(let sweeps):
            var elaboration = elaboration
            elaboration.circuit = circuit
            try runDC(sweeps, elaboration, overrides, emitter, isLast, &statistics)
        }
    }

    /// What holds for every step of a sweep is said once.
    private mutating func warn(_ finding: Diagnostic) {
        if !report.diagnostics.all.contains(finding) { report.diagnostics.append(finding) }
    }

    /// A voltage that no circuit has is a solution of the equations, but hardly of the problem.
    private mutating func warnOfVoltages(_ statistics: AnalysisStatistics, _ circuit: Circuit) {
        guard let unknown = statistics.implausibleNode else { return }
        // Three digits tell.
        let exponent = floor(log10(abs(statistics.largestVoltage)) + 1e-9)
        let mantissa = (statistics.largestVoltage / pow(10, exponent) * 100).rounded() / 100
        let volts = "\(mantissa.plain)e\(exponent.plain)"
        warn(
            Diagnostic(
                .warning, "\(circuit.describe(unknown)) lies at \(volts) V in the operating point",
                at: circuit.elementsTouching(unknown).first?.identity.range,
                hint: "a current that finds only gmin or a huge resistance on its way to ground does this",
                notes: circuit.notes(about: unknown)))
    }

    /// All frequencies of a set of values that stays the same have one operating point.
    private mutating func runSmallSignal(
        _ analysis: SmallSignalAnalysis, _ task: AnalysisTask, _ elaboration: Elaboration, _ overrides: Overrides,
        _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        let swept = try SweptSystem(simulation.netlist, elaboration, overrides, analysis.sweeps)
        var total = (output: NoiseIntegral(), input: NoiseIntegral())
        let count = analysis.frequencies.count
        func values(_ row: Int) -> [Double] { analysis.sweeps.map { $0.values[row] } }
        var start = 0
        while start < count {
            var end = start + 1
            while end < count, values(end) == values(start) { end += 1 }
            let system = try swept.at(values(start))
            defer { note(system, &statistics) }
            let x = Vector(system.count)
            var point = OperatingPoint(swept.elaboration.circuit.options)
            try point.solve(
                system, x.base, mode: .direct, holding: [], iterationCount: &statistics.newtonIterations)
            statistics.note(point, UnsafePointer(x.base), system)
            system.accept(UnsafePointer(x.base))
            var diagnostics = Diagnostics()
            let outputs = Self.outputs(of: task, swept.elaboration, simulation.netlist, diagnostics: &diagnostics)
            if diagnostics.hasErrors { throw Self.failure(diagnostics, "the output list") }
            let noise = analysis.noise.map { CircuitNoise($0, system, at: UnsafePointer(x.base)) }
            let rows = SmallSignalEmitter(
                outputs, sink, system, at: UnsafePointer(x.base),
                noise: noise.map { ($0, analysis.noise?.givesRoots ?? false) })
            defer {
                let last = report.analyses.count - 1
                report.analyses[last].rowCount += rows.rowCount
                report.analyses[last].lastRow = stride(from: 0, to: rows.lastRow.count, by: 2).map { rows.lastRow[$0] }
            }
            try analysis.run(
                system, analysis.frequencies[start..<end], at: UnsafePointer(x.base), control: control, noise: noise,
                statistics: &statistics,
                accept: { (frequency, x, densities) throws(SimulationFailure) in
                    if let densities {
                        total.output.add(frequency, densities.output)
                        total.input.add(frequency, densities.input)
                    }
                    try rows.accept(frequency, x, densities)
                })
            start = end
        }
        if let request = analysis.noise {
            report.analyses[report.analyses.count - 1].noise = RunReport.Noise(
                output: total.output.value.squareRoot(), input: total.input.value.squareRoot(),
                inputUnit: request.isCurrent ? "A" : "V")
        }
    }

    private mutating func runDC(
        _ sweeps: [Sweep], _ elaboration: Elaboration, _ overrides: Overrides, _ emitter: RowEmitter,
        _ isLast: Bool, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        let groups = Self.tied(sweeps)
        let system = try SweptSystem(simulation.netlist, elaboration, overrides, groups.flatMap { $0 })
        defer {
            statistics.solver = system.solverStatistics
            for message in system.messages { warn(message) }
        }
        let axes = groups.map { $0[0].values }
        let places = groups.map { group in group.map(\.values) }
        let analysis = DCSweepAnalysis(axes: axes)
        let end = axes.map { $0.count - 1 }
        try analysis.run(
            options: elaboration.circuit.options,
            systemAt: { (indices: [Int]) throws(SimulationFailure) in
                var values: [Double] = []
                for (group, index) in zip(places, indices) { values += group.map { $0[index] } }
                return try system.at(values)
            },
            accept: { (indices, x, system) throws(SimulationFailure) in
                var values: [Double] = []
                for (group, index) in zip(places, indices) { values += group.map { $0[index] } }
                try emitter.accept(values, x, system)
                if isLast, indices == end { try emitter.finish(0, x, system) }
            },
            control: control, statistics: &statistics)
    }

    private mutating func note(_ system: EquationSystem, _ statistics: inout AnalysisStatistics) {
        statistics.arrays = system.blockStatistics
        statistics.solver = system.solver.statistics
        for notice in system.notices { report.diagnostics.warning(notice, at: nil) }
        for message in system.takeMessages() { warn(message) }
    }

    private mutating func noteFallbacks(_ solver: SolverStatistics) {
        guard solver.fallbacks > 0, report.failure == nil else { return }
        let warning = Diagnostic(
            .warning,
            "iterations on the circuit's strong couplings did not get on: its matrix was factored directly, which takes longer",
            hint: "'.options solver=klu' goes that way from the start")
        if !report.diagnostics.all.contains(warning) { report.diagnostics.append(warning) }
    }

    private mutating func note(_ emitter: RowEmitter) {
        let last = report.analyses.count - 1
        report.analyses[last].rowCount += emitter.rowCount
        report.analyses[last].lastRow = emitter.lastRow
        report.analyses[last].ranges = emitter.ranges
    }

    /// Every printable quantity of up to 200 elements.
    private static func deviceValues(
        _ system: EquationSystem, _ x: UnsafePointer<Double>
    ) -> [(element: String, quantity: String, value: Double, unit: String)] {
        var values: [(element: String, quantity: String, value: Double, unit: String)] = []
        for (batch, population) in zip(system.batches, system.circuit.populations) {
            for element in 0..<min(population.count, 200) {
                let name = system.circuit.elements.names.name(of: population.identity(element).name)
                for (index, output) in batch.outputs.prefix(batch.tabulatedOutputs).enumerated() {
                    let value = batch.output(index, element: element, x: x, system.conditions)
                    // What an element does not have.
                    if value.isNaN { continue }
                    values.append((name, output.name, value, output.unit))
                }
            }
        }
        return values
    }
}
