import SpiceNetlist
import Waveforms

/// A netlist, elaborated and ready to run: the library's front door.
///
///     var loaded = Simulation.load(path: "rc.cir")
///     let recorder = TableRecorder()
///     if let simulation = loaded.simulation { let report = simulation.run(recorder) }
public struct Simulation: Sendable {
    public static let version = "0.1.0"

    public let netlist: Netlist
    let overrides: Overrides
    let elaboration: Elaboration

    public var sources: SourceMap { netlist.sources }
    public var circuit: Circuit { elaboration.circuit }

    /// What loading a netlist gives.
    public struct Loaded: Sendable {
        /// nil where the netlist has errors.
        public var simulation: Simulation? { diagnostics.hasErrors ? nil : attempt }
        public var diagnostics: Diagnostics
        public var sources: SourceMap
        /// True where the file itself could not be read.
        public var isUnreadable: Bool
        /// What could be made, also of a netlist with errors.
        fileprivate var attempt: Simulation?
        /// Whether the text's structure has no error, such as a missing `.ends`, which leaves out nobody knows what.
        fileprivate var isWellFormed = true

        /// Everything that is wrong or suspicious without simulating, one finding a place. Errors keep back those checks
        /// alone that need the whole circuit.
        ///
        /// - Parameters:
        ///   - isPortable: also look for text that another simulator reads as something else.
        ///   - isLibrary: it is a file of models or subcircuits, which is no circuit by itself.
        public func findings(isPortable: Bool = false, isLibrary: Bool = false) -> [Diagnostic] {
            var found = diagnostics.all
            guard let attempt else { return found }
            if let simulation {
                if !isLibrary { found += simulation.checkTopology().all }
                found += simulation.checkUncalledSubcircuits().all
            }
            guard !isLibrary else { return found }
            let said = Set(found.compactMap { $0.range })
            let suspicions = attempt.checkSuspicions(
                isPortable: isPortable, isWellFormed: isWellFormed, isComplete: simulation != nil)
            return found + suspicions.all.filter { finding in finding.range.map { !said.contains($0) } ?? true }
        }
    }

    /// Reads and elaborates a netlist file.
    ///
    /// - Parameters:
    ///   - libraryPaths: folders that `.include` and `.lib` may read from besides the netlist's own.
    ///   - parameters: values that take the place of top-level `.param`s, by lower-case name.
    ///   - temperature: of the circuit [°C]; nil for what the netlist says.
    ///   - threads: that share the work; nil for one a processor. Results are the same bits for any number.
    ///   - modules: compiled Verilog-A modules that models may be of.
    ///   - appended: cards that are read as if they stood behind the netlist's own.
    public static func load(
        path: String, dialect: Dialect = .ngspice, libraryPaths: [String] = [], parameters: [String: Double] = [:],
        temperature: Double? = nil, threads: Int? = nil, modules: OSDIModules = .none, appended: String = ""
    ) -> Loaded {
        var diagnostics = Diagnostics()
        let parsed = Parser.parse(
            file: path, dialect: dialect, libraryPaths: libraryPaths, appended: appended, diagnostics: &diagnostics)
        return elaborate(parsed, parameters, temperature, threads, modules, diagnostics)
    }

    /// The same for text in memory; includes are relative to the folder of `path`.
    public static func load(
        text: String, path: String = "netlist", dialect: Dialect = .ngspice, libraryPaths: [String] = [],
        parameters: [String: Double] = [:], temperature: Double? = nil, threads: Int? = nil,
        modules: OSDIModules = .none
    ) -> Loaded {
        var diagnostics = Diagnostics()
        let parsed = Parser.parse(
            text: text, path: path, dialect: dialect, libraryPaths: libraryPaths, diagnostics: &diagnostics)
        return elaborate(parsed, parameters, temperature, threads, modules, diagnostics)
    }

    private static func elaborate(
        _ parsed: (netlist: Netlist?, sources: SourceMap), _ parameters: [String: Double], _ temperature: Double?,
        _ threads: Int?, _ modules: OSDIModules, _ found: Diagnostics
    ) -> Loaded {
        var diagnostics = found
        guard let netlist = parsed.netlist else {
            return Loaded(diagnostics: diagnostics, sources: parsed.sources, isUnreadable: true)
        }
        SwallowedTitle.find(in: netlist, diagnostics: &diagnostics)
        var overrides = Overrides()
        overrides.parameters = parameters
        overrides.temperature = temperature
        overrides.threads = threads
        overrides.modules = modules
        let elaboration = Elaborator.attempt(netlist, overrides: overrides, diagnostics: &diagnostics)
        let simulation = Simulation(netlist: netlist, overrides: overrides, elaboration: elaboration)
        // What a text without structure leaves out nobody knows.
        if !found.hasErrors { simulation.checkOutputs(&diagnostics) }
        return Loaded(
            diagnostics: diagnostics, sources: netlist.sources, isUnreadable: false, attempt: simulation,
            isWellFormed: !found.hasErrors)
    }

    /// A number with SPICE's suffixes; nil where the text is none.
    public static func number(_ text: some StringProtocol) -> Double? { Number.parse(String(text))?.value }

    /// The kinds of tables that a run writes, in order.
    public var tableKinds: [TableHeader.Kind] { elaboration.tasks.map(\.tableKind) }

    /// The maps of arrays that a run takes.
    public var snapshots: [Snapshot] { elaboration.snapshots.map(\.snapshot) }

    /// How often `.step` runs each analysis.
    public var stepCount: Int { StepPlan(elaboration, overrides).count }

    /// Nodes without a path for direct current, loops of voltage sources. Nothing where every analysis starts from
    /// given conditions.
    public func checkTopology() -> Diagnostics {
        var diagnostics = Diagnostics()
        let tasks = elaboration.tasks
        guard tasks.isEmpty || tasks.contains(where: \.needsOperatingPoint) else { return diagnostics }
        let swept = tasks.reduce(into: Set<String>()) { $0.formUnion($1.sweptSources) }
        TopologyCheck.run(
            circuit, of: netlist, swept: swept,
            isForSmallSignals: !tasks.isEmpty
                && tasks.allSatisfy { $0.looksAtSmallSignals || !$0.needsOperatingPoint },
            diagnostics: &diagnostics)
        return diagnostics
    }

    /// Mistakes in subcircuits that nothing calls, as warnings: they keep no analysis from running.
    public func checkUncalledSubcircuits() -> Diagnostics {
        Elaborator.checkUncalled(netlist, overrides: overrides)
    }

    /// What is no mistake, but probably not meant: definitions that nothing uses, nodes that one element alone touches.
    ///
    /// - Parameters:
    ///   - isPortable: also look for text that another simulator reads as something else.
    ///   - isWellFormed: all of the text is known.
    ///   - isComplete: all elements are known.
    private func checkSuspicions(isPortable: Bool, isWellFormed: Bool, isComplete: Bool) -> Diagnostics {
        var diagnostics = Diagnostics()
        if isWellFormed {
            UnusedDefinitions.find(in: netlist, overridden: Set(overrides.parameters.keys), diagnostics: &diagnostics)
        }
        SuspiciousNumbers.find(in: netlist, diagnostics: &diagnostics)
        if isComplete { DanglingNodes.find(in: circuit, netlist, diagnostics: &diagnostics) }
        if isPortable { DialectTraps.find(in: netlist, diagnostics: &diagnostics) }
        return diagnostics
    }

    /// Mistakes in what `.print` and `.save` ask for are found before anything runs.
    private func checkOutputs(_ diagnostics: inout Diagnostics) {
        for task in elaboration.tasks {
            var found = Diagnostics()
            task.check(elaboration, netlist, diagnostics: &found)
            // Several analyses may ask for the same.
            for finding in found.all where !diagnostics.all.contains(finding) { diagnostics.append(finding) }
        }
    }

    /// The operating point at the netlist's own values, without `.step`, where an analysis starts from one; nil where none
    /// does or there is none.
    public func operatingPoint(control: RunControl = RunControl()) -> RunReport.Analysis? {
        guard elaboration.tasks.contains(where: \.needsOperatingPoint) else { return nil }
        var alone = elaboration
        alone.tasks = [OperatingPointAnalysis()]
        alone.steps = []
        alone.outputs.requests = []
        alone.snapshots = []
        alone.measurements = MeasurementRequests()
        alone.sampling = nil
        alone.searchesWorstCase = false
        let report = Simulation(netlist: netlist, overrides: overrides, elaboration: alone)
            .run(TableRecorder(), control: control)
        return report.failure == nil ? report.analyses.first : nil
    }

    /// Runs every analysis of the netlist in order and hands its rows to `sink`. The caller finishes or discards the
    /// sink.
    public func run(_ sink: any WaveformSink, control: RunControl = RunControl()) -> RunReport {
        var runner = AnalysisRunner(self, sink, control)
        runner.run()
        return runner.report
    }
}

/// What a run did.
public struct RunReport: Sendable {
    public struct Analysis: Sendable {
        public var kind: TableHeader.Kind
        public var statistics = AnalysisStatistics()
        public var seconds = 0.0
        public var rowCount = 0
        /// Names and last values of the columns: an operating point's table.
        public var columns: [Column] = []
        public var lastRow: [Double] = []
        /// For an operating point: element, quantity, value, unit.
        public var deviceValues: [(element: String, quantity: String, value: Double, unit: String)] = []
        /// Of a `.noise`.
        public var noise: Noise?
        /// What it found besides its rows, as lines for a person: distortions, sensitivities by their size.
        public var notes: [String] = []
        /// The same as numbers: of what, which figure, its value.
        public var values: [(item: String, name: String, value: Double)] = []
        /// Smallest and largest value of each column.
        public var ranges: [ClosedRange<Double>] = []

        /// Takes a row of the table into its counts and ranges.
        mutating func note(_ row: [Double]) {
            for (index, value) in row.enumerated() {
                if index >= ranges.count {
                    ranges.append(value.isNaN ? 0...0 : value...value)
                } else if value.isFinite, !ranges[index].contains(value) {
                    ranges[index] = min(ranges[index].lowerBound, value)...max(ranges[index].upperBound, value)
                }
            }
            rowCount += 1
            lastRow = row
        }

        /// The same of a complex row, real and imaginary parts in turn: magnitudes count, but of real columns.
        mutating func note(complex row: [Double]) {
            var magnitudes: [Double] = []
            for index in 0..<row.count / 2 {
                let (re, im) = (row[2 * index], row[2 * index + 1])
                let isReal = columns.indices.contains(index) && columns[index].isReal
                magnitudes.append(isReal ? re : (re * re + im * im).squareRoot())
            }
            note(magnitudes)
        }

        /// Takes what one more step took and gave.
        mutating func merge(_ step: Analysis) {
            statistics.add(step.statistics)
            rowCount += step.rowCount
            lastRow = step.lastRow
            ranges = step.ranges
            deviceValues = step.deviceValues
            noise = step.noise
            notes += step.notes
            values += step.values
        }
    }
    /// Noise over all frequencies of an analysis: root mean squares.
    public struct Noise: Sendable {
        /// [V]
        public var output: Double
        /// Of the source that it is referred to.
        public var input: Double
        public var inputUnit: String
    }
    public var analyses: [Analysis] = []
    /// Of `.meas`, in the order of analyses and steps.
    public var measurements: [MeasuredValue] = []
    /// Of measurements over the runs of `.mc`.
    public var statistics: [MeasurementStatistics] = []
    /// Of measurements, by `.wcase`.
    public var worstCases: [WorstCase] = []
    /// Of `.assert` and `.spec`.
    public var assertions: [AssertionResult] = []
    public var diagnostics = Diagnostics()
    /// What ended the run early; nil where everything was done.
    public var failure: SimulationFailure?
    /// Dot cards that ask for what this version does not have, such as `.noise`, in the netlist's order.
    public var skipped: [String] = []
    public var elementCount = 0
    public var unknownCount = 0
    public var rowCount: Int { analyses.reduce(0) { $0 + $1.rowCount } }

    public init() {}
}
