import ArgumentParser
import Hydron
import HydronTools
import Waveforms

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare waveforms with golden ones, signal by signal.",
        discussion: """
            Files may be CSV, rawfiles of ngspice, Xyce or LTspice, or Xyce's .prn, each with any other. Tables of \
            different points are compared on the union of both, interpolated. A point agrees if it is within \
            reltol·|golden| + abstol + reltol·peak·(greatest golden value), or if the other waveform passes through that \
            band within the window. Lines '# tolerance …' in front of a golden CSV set the same.

            Exit status 0 where all signals agree, 1 where one does not, 5 where a file can't be read.
            """)

    @Argument(help: "The golden file.", completion: .file())
    var gold: String

    @Argument(help: "The file to judge.", completion: .file())
    var test: String

    @OptionGroup var tolerances: ToleranceOptions

    @Option(name: .long, help: "Write all signals' errors to this file as JSON; - for standard output.")
    var json: String?

    @Option(
        name: .long,
        help: "Draw golden and tested curves and their difference to this .svg, .png or .pdf: the three worst signals.")
    var plot: String?

    @Flag(name: .shortAndLong, help: "Say nothing; the exit status tells.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "List every signal, not those alone that differ.")
    var verbose = false

    mutating func validate() throws {
        if let plot { _ = try Picture.target(plot) }
    }

    mutating func run() throws {
        let gold: [Table]
        // One for each golden table, and the names of those that have none.
        let test: [Table?]
        let more: [String]
        let reports: [ComparisonReport]
        do throws(WaveformError) {
            let header = try GoldenHeader.read(self.gold)
            let base = try header.tolerance(Tolerance(grid: .union), path: self.gold)
            let tolerance = try tolerances.applied(to: base)
            gold = try WaveformReader.read(self.gold)
            let all = try WaveformReader.read(self.test)
            reports = compare(gold: gold, test: all, tolerance: tolerance, refusesMore: tolerance.refusesExtraSignals)
            let pairs = pairedTables(gold: gold, test: all)
            test = pairs.map { $0.map { all[$0] } }
            more = all.indices.filter { !pairs.contains($0) }.map { all[$0].header.plotName }
            if let json { try write(reports, gold, to: json) }
        } catch {
            if case .shape = error { throw ValidationError("\(error)") }
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if !quiet, json != "-" { Terminal.standardOutput.write(text(reports, gold, more)) }
        if let plot { try draw(reports, gold, test, to: plot) }
        if !reports.allSatisfy(\.agrees) { throw ExitStatus.failedCheck.code }
    }

    private static let drawnSignals = 3

    /// The first table that differs, else the first, and of it the signals that differ most.
    private func draw(_ reports: [ComparisonReport], _ gold: [Table], _ test: [Table?], to path: String) throws {
        let target = try Picture.target(path)
        try Picture.draw {
            guard let place = reports.firstIndex(where: { !$0.agrees }) ?? reports.indices.first,
                gold.indices.contains(place), let tested = test[place]
            else { throw WaveExpression.Failure(description: "there is no table in both files to draw") }
            // Each step of a family was compared for itself, but is drawn with the others.
            var names: [String] = []
            for signal in reports[place].signals.sorted(by: { $0.maximum > $1.maximum })
            where !names.contains(signal.name) { names.append(signal.name) }
            let picture = try Plot(
                gold: gold[place], test: tested, signals: Array(names.prefix(Self.drawnSignals)))
            return try Gnuplot.draw(picture, to: target)
        }
    }

    private func text(_ reports: [ComparisonReport], _ gold: [Table], _ more: [String]) -> String {
        var lines: [String] = []
        for (at, report) in reports.enumerated() {
            let name = at < gold.count ? gold[at].header.plotName : "table \(at + 1)"
            let count = report.signals.count
            let failed = report.signals.filter { !$0.agrees }.count
            lines.append(
                report.agrees
                    ? "\(name): \(count) signals agree"
                    : "\(name): DIFFERS" + (failed > 0 ? ", \(failed) of \(count) signals" : ""))
            if verbose {
                lines += report.problems.map { "  \($0)" }
                if !report.missing.isEmpty { lines.append("  missing: \(report.missing.joined(separator: ", "))") }
                lines += report.signals.map { "  \($0.agrees ? "agrees " : "DIFFERS") \($0)" }
            } else if !report.agrees || report.worst != nil {
                lines += report.description.split(separator: "\n").map { "  \($0)" }
            }
            if !report.extra.isEmpty {
                lines.append("  not in the golden file: \(report.extra.joined(separator: ", "))")
            }
        }
        // Where they are refused they stand among the reports.
        if reports.count == gold.count, !more.isEmpty {
            lines.append("not compared, for want of a golden table: \(more.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func write(_ reports: [ComparisonReport], _ gold: [Table], to path: String) throws(WaveformError) {
        let value: JSONValue = [
            "gold": .string(self.gold), "test": .string(test), "agrees": .bool(reports.allSatisfy(\.agrees)),
            "tables": .array(reports.map(\.json)),
        ]
        try JSONFile.write(value, to: path)
    }
}

/// How far signals may be apart.
struct ToleranceOptions: ParsableArguments {
    @Option(name: .long, help: "Relative tolerance of all signals. (default: 1e-3)")
    var reltol: SpiceNumber?

    @Option(
        name: .long, help: "Absolute tolerance of all signals. (default: 1 µV, 1 pA, 10 fC, 1e-12 of others)")
    var abstol: SpiceNumber?

    @Option(
        name: .long,
        help: "What of a signal's greatest value counts to its relative tolerance near zero. (default: 1e-3)")
    var peak: SpiceNumber?

    @Option(
        name: .long,
        help: "How far an edge may have moved, in the unit of the abscissa: 1n is a nanosecond. (default: 0)")
    var window: SpiceNumber?

    @Option(name: .long, help: "Which error along a signal decides: maximum, or rms, the integral norm.")
    var norm: Tolerance.Norm?

    @Option(
        name: .long, help: "Where signals are compared: at the points of both (union) or at the golden ones (gold).")
    var grid: Tolerance.Grid?

    @Option(
        name: .long,
        help: "Tolerance of one signal, or of a pattern: 'v(out) reltol=1e-2 abstol=1m'; may be given several times.")
    var signal: [String] = []

    @Option(name: .long, help: "A signal not to compare, * for any text; may be given several times.")
    var ignore: [String] = []

    @Flag(name: .long, help: "Signals that the golden file lacks are a difference.")
    var refuseExtra = false

    /// - Throws: ``WaveformError/shape(_:)`` for a `--signal` that is no tolerance.
    func applied(to base: Tolerance) throws(WaveformError) -> Tolerance {
        var tolerance = base
        if let reltol { tolerance.band.relative = reltol.value }
        if let abstol { tolerance.band.absolute = abstol.value }
        if let peak { tolerance.band.peakFraction = peak.value }
        if let window { tolerance.timeTolerance = window.value }
        if let norm { tolerance.norm = norm }
        if let grid { tolerance.grid = grid }
        if refuseExtra { tolerance.refusesExtraSignals = true }
        tolerance.ignored += ignore
        for text in signal {
            let words = text.split(whereSeparator: { $0 == " " || $0 == ";" }).map(String.init)
            guard let name = words.first, !name.prefix(while: { $0 != "(" }).contains("=") else {
                throw .shape("--signal '\(text)' does not begin with a signal's name")
            }
            try tolerance.apply(words)
        }
        return tolerance
    }

    mutating func validate() throws {
        for (name, value) in [("reltol", reltol), ("abstol", abstol), ("peak", peak), ("window", window)] {
            if let value, !(value.value >= 0) { throw ValidationError("--\(name) is negative.") }
        }
    }
}

/// A number with SPICE's suffixes.
struct SpiceNumber: ExpressibleByArgument {
    var value: Double

    init?(argument: String) {
        guard let value = Simulation.number(argument) else { return nil }
        self.value = value
    }
}

extension Tolerance.Norm: ExpressibleByArgument {}
extension Tolerance.Grid: ExpressibleByArgument {}
