import SpiceNetlist
import Waveforms

/// `.tran`: its card, its table, its run.
extension TransientAnalysis: Analysis {
    static let description = AnalysisDescription(
        name: "transient analysis", directives: [.tran], syntax: [".tran step stop [start [longest]] [uic] [startup]"],
        summary:
            "Voltages and currents in time; every accepted point is a row, with more between where curves are bent.")

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card) else { return nil }
        var values: [Double] = []
        var usesInitialConditions = false
        var rampsSources = false
        for field in statement.fields {
            if field.key == nil, field.value.kind == .word {
                let word = reader.text(field.value)
                switch word {
                case "uic", "noop", "skipbp":
                    usesInitialConditions = true
                    continue
                case "startup":
                    rampsSources = true
                    continue
                // LTspice keeps what lies before the start; nothing is thrown away here.
                case "nodiscard": continue
                case "steady":
                    reader.elaborator.diagnostics.warning(
                        "'steady' of .tran is not there: the whole time is run", at: field.value.range)
                    continue
                default: break
                }
                if reader.netlist.number(field.value) == nil, reader.top.parameter(word) == nil {
                    reader.error(
                        ".tran knows no '\(word)'", field.value.range,
                        hint: word == "sweep"
                            ? "sweep with a card of its own, such as `.step r1 1k 3k 1k`"
                            : "write `.tran tstep tstop [tstart [tmax]] [uic]`")
                    return nil
                }
            }
            guard let value = reader.elaborator.values.value(field.value, in: reader.top, what: "time") else {
                return nil
            }
            values.append(value)
        }
        if values.count == 1, reader.netlist.dialect.transientTakesEndAlone { values.insert(0, at: 0) }
        guard values.count >= 2 else {
            let isEnd = values.count == 1
            reader.error(
                ".tran needs a step and an end",
                isEnd ? place(reader, 0, of: statement) : reader.sources.firstWord(of: card.range),
                hint: "write `.tran tstep tstop [tstart [tmax]] [uic]`"
                    + (isEnd ? "; with `--dialect ltspice` one number is the end" : ""))
            return nil
        }
        guard values.count <= 4 else {
            reader.error(
                ".tran has a number too many", place(reader, 4, of: statement),
                hint: "write `.tran tstep tstop [tstart [tmax]] [uic]`")
            return nil
        }
        var step = values[0]
        let stop = values[1]
        guard stop > 0, stop.isFinite else {
            reader.error("the end of .tran must be above 0", place(reader, 1, of: statement))
            return nil
        }
        if step == 0 { step = stop / 50 }
        guard step > 0 else {
            reader.error("the step of .tran must be above 0", place(reader, 0, of: statement))
            return nil
        }
        if step > stop {
            reader.elaborator.diagnostics.warning(
                "the step of .tran is longer than the whole run", at: place(reader, 0, of: statement),
                hint: "the card reads `.tran tstep tstop`")
        }
        var transient = TransientAnalysis(step: step, stop: stop)
        if values.count > 2 { transient.start = values[2] }
        guard transient.start >= 0, transient.start < stop else {
            reader.error("the start of .tran's output must lie between 0 and the end", place(reader, 2, of: statement))
            return nil
        }
        if values.count > 3 {
            guard values[3] >= 0 else {
                reader.error("the longest step of .tran must be above 0", place(reader, 3, of: statement))
                return nil
            }
            if values[3] > 0 { transient.maximumStep = values[3] }
        }
        if transient.maximumStep == nil, reader.netlist.dialect.transientStepIsFirst {
            transient.maximumStep = (stop - transient.start) / 50
        }
        let longest = transient.maximumStep ?? step
        guard longest > stop * shortestStep else {
            reader.error(
                "steps of at most \(longest.plain) s would take more than 1e12 points to \(stop.plain) s",
                place(reader, transient.maximumStep == nil ? 0 : 3, of: statement), hint: "take a longer step")
            return nil
        }
        transient.usesInitialConditions = usesInitialConditions
        transient.rampsSources = rampsSources
        let runOptions = reader.elaborator.runOptions
        transient.outputInterval = runOptions.outputInterval ?? (runOptions.hasRowsAtSteps ? step : nil)
        return transient
    }

    /// The shortest of longest steps, as a part of the run: below it time itself would not move any more.
    private static let shortestStep = 1e-12

    /// Where the number of this index stands, or the last field.
    private static func place(_ reader: DirectiveReader, _ index: Int, of statement: Statement) -> SourceRange {
        let numbers = statement.fields.filter { reader.netlist.number($0.value) != nil || $0.value.kind == .expression }
        return (index < numbers.count ? numbers[index] : numbers.last ?? statement.fields.last)?.value.range
            ?? statement.name.range
    }

    var kindName: String { "tran" }
    var tableKind: TableHeader.Kind { .transient }
    var needsOperatingPoint: Bool { !usesInitialConditions }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        AnalysisTable(
            leading: [Column("time", .time, unit: "s")],
            outputs: printed(elaboration, netlist, diagnostics: &diagnostics))
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let emitter = RowEmitter(
            try run.table(self, run.elaboration).outputs, run.sink, snapshots: run.elaboration.snapshots)
        defer { run.note(emitter) }
        let options = run.circuit.options
        if outputInterval == nil { emitter.cornerTolerance = 0.3 * options[.reltol] }
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let end = try self.run(
            system, options: options, observer: emitter, control: run.control, statistics: &run.report.statistics)
        if run.isLast { try emitter.finish(stop, UnsafePointer(end.base), system) }
    }
}
