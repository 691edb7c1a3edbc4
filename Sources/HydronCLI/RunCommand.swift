import ArgumentParser
import Glibc
import Hydron
import SpiceNetlist
import Waveforms

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Simulate a netlist and write its waveforms.",
        discussion: """
            Without --csv, --raw or --no-output, one analysis goes to standard output as CSV where that is not a \
            terminal; on a terminal a summary of each analysis is shown.
            """)

    @OptionGroup var input: InputOptions

    @Option(
        name: .long, help: "Write tables to this file; several analyses to OUT.op.csv, OUT.tran.csv, …",
        completion: .file(extensions: ["csv"]))
    var csv: String?

    @Option(name: .long, help: "Write an ngspice rawfile.", completion: .file(extensions: ["raw"]))
    var raw: String?

    @Flag(name: .long, help: "Write the rawfile as text.")
    var ascii = false

    @Option(
        name: .long, help: "Write measurements to this file: JSON or CSV by its ending, else as text.",
        completion: .file())
    var meas: String?

    @Option(
        name: .long, help: "Write the scattering parameters of .sp as a Touchstone file.",
        completion: .file(extensions: ["s1p", "s2p", "s3p", "s4p", "ts"]))
    var touchstone: String?

    @Option(name: .long, help: "Folder for the files of .snapshot.", completion: .directory)
    var snapshots = "."

    @Flag(name: .long, help: "Simulate, but write no waveforms.")
    var noOutput = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print statistics: points, iterations, seconds by phase, memory.")
    var verbose = false

    mutating func validate() throws {
        if noOutput, csv != nil || raw != nil {
            throw ValidationError("--no-output contradicts --csv and --raw; leave one of them out.")
        }
        if ascii, raw == nil { throw ValidationError("--ascii says how to write a rawfile: it needs --raw FILE.") }
    }

    mutating func run() throws {
        Interruption.listen()
        let clock = ContinuousClock()
        let start = clock.now
        let simulation = try input.load(quiet: quiet)
        let loaded = clock.now

        if touchstone != nil, !simulation.tableKinds.contains(.scattering) {
            Terminal.standardError.write(
                "error: --touchstone needs scattering parameters, and the netlist has no .sp\n")
            throw ExitStatus.wrongInput.code
        }

        let progress = ProgressBar(isShown: !quiet)
        let control = RunControl(isInterrupted: { Interruption.isRequested }, progress: { progress.update($0) })
        let sinks = makeSinks(simulation)
        var outcome: RunReport
        do throws(WaveformError) {
            try sinks.prepare()
            outcome = simulation.run(sinks, control: control)
            progress.clear()
            // Whole files of what was accepted, also where the run ended early; none where it never began.
            if outcome.failure == nil || outcome.rowCount > 0 { try sinks.finish() } else { sinks.discard() }
        } catch {
            progress.clear()
            sinks.discard()
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        report(outcome.diagnostics.all.filter { !quiet || $0.severity == .error }, in: simulation.sources)
        if !quiet, csv != "-", !writesToStandardOutput(simulation) {
            Terminal.standardOutput.write(Summary.text(of: outcome, file: input.file))
        }
        if verbose {
            Terminal.standardError.write(
                Summary.statistics(of: outcome, loading: loaded - start, total: clock.now - start))
        }
        if let failure = outcome.failure {
            if failure.reason == .interrupted {
                let kept = [csv, raw].compactMap { $0 }.joined(separator: ", ")
                let place =
                    kept.isEmpty || outcome.rowCount == 0 ? "nothing was written" : "\(kept) holds all accepted rows"
                Terminal.standardError.write("hydron: \(failure.diagnostic.message); \(place)\n")
                throw Interruption.status.code
            }
            report([failure.diagnostic], in: simulation.sources)
            throw status(of: failure).code
        }
        if let meas {
            do throws(WaveformError) {
                try MeasurementFile.write(outcome, title: simulation.netlist.title, to: meas)
            } catch {
                Terminal.standardError.write("error: \(error)\n")
                throw ExitStatus.inputOutput.code
            }
        }
        if outcome.assertions.contains(where: { !$0.holds }) { throw ExitStatus.failedCheck.code }
        if outcome.measurements.contains(where: { $0.value == nil }) { throw ExitStatus.failedMeasurement.code }
        if !outcome.skipped.isEmpty {
            var words: [String] = []
            for word in outcome.skipped where !words.contains(word) { words.append(word) }
            let list = words.joined(separator: ", ")
            Terminal.standardError.write("error: all is done but \(list), which this version does not have\n")
            throw ExitStatus.wrongInput.code
        }
    }

    private func status(of failure: SimulationFailure) -> ExitStatus {
        switch failure.reason {
        case .output: .inputOutput
        case .interrupted: .interrupted
        case .badNetlist: .wrongInput
        default: .noSolution
        }
    }

    /// One analysis goes to standard output where nothing else was asked for and no person reads along.
    private func writesToStandardOutput(_ simulation: Simulation) -> Bool {
        csv == nil && raw == nil && !noOutput && !Terminal.standardOutput.isTerminal
            && simulation.tableKinds.count == 1
    }

    private func makeSinks(_ simulation: Simulation) -> FanOut {
        var sinks: [any WaveformSink] = []
        let kinds = simulation.tableKinds
        if let csv {
            sinks.append(csv == "-" ? CSVWriter(descriptor: 1) : CSVWriter(path: csv, tableKinds: kinds))
        }
        if let raw {
            sinks.append(
                RawWriter(
                    path: raw, format: ascii ? .ascii : .binary,
                    command: "hydron \(Simulation.version), ngspice-compatible raw"))
        }
        if let touchstone { sinks.append(TouchstoneWriter(path: touchstone)) }
        if writesToStandardOutput(simulation) { sinks.append(CSVWriter(descriptor: 1)) }
        if !noOutput, !simulation.snapshots.isEmpty {
            let name = input.file.split(separator: "/").last.map(String.init) ?? "netlist"
            sinks.append(
                SnapshotWriter(
                    simulation.snapshots, folder: snapshots,
                    stem: name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name, stepCount: simulation.stepCount))
        }
        return FanOut(sinks)
    }
}
