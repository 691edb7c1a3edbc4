import Glibc
import Hydron
import SpiceNetlist
import Waveforms

/// A netlist that is a test: it has a golden table, limits of its own, or announces its mistakes.
public struct RegressionCase: Sendable {
    /// How the cases of a run are judged.
    public struct Rules: Sendable {
        /// Of goldens that say nothing else: the integral norm along the union of both tables' points.
        public var tolerance: Tolerance
        public var dialect: Dialect
        public var libraryPaths: [String]
        /// Compiled Verilog-A models.
        public var modules: OSDIModules
        /// Whether golden tables are written where they differ, are stale or are not there.
        public var blesses: Bool

        public init(
            tolerance: Tolerance = Rules.defaultTolerance, dialect: Dialect = .ngspice, libraryPaths: [String] = [],
            modules: OSDIModules = .none, blesses: Bool = false
        ) {
            self.tolerance = tolerance
            self.dialect = dialect
            self.libraryPaths = libraryPaths
            self.modules = modules
            self.blesses = blesses
        }

        public static let defaultTolerance = Tolerance(
            Tolerance.Band(relative: 1e-3, peakFraction: 1e-3), norm: .rms, grid: .union)
    }

    public let path: String
    private let rules: Rules
    private var result: CaseResult

    public init(path: String, rules: Rules) {
        self.path = path
        self.rules = rules
        result = CaseResult(path: path, verdict: .passed)
    }

    /// What the name of a golden table ends with, in the place of the netlist's `.cir`.
    public static let goldenSuffix = ".golden.csv"

    /// Where the golden table of a netlist is.
    public static func golden(of path: String) -> String {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[start...].lastIndex(of: "."), dot != start else { return path + goldenSuffix }
        return path[..<dot] + goldenSuffix
    }

    /// Simulates and judges.
    public mutating func run(control: RunControl = RunControl()) -> CaseResult {
        if path.hasSuffix(Self.goldenSuffix) {
            let name = path.dropLast(Self.goldenSuffix.count)
            return ended(
                .unreadable,
                [
                    "there is no netlist \(name).cir to this golden table",
                    "rename the table with its netlist, or take it out",
                ])
        }
        do throws(WaveformError) {
            let text = String(decoding: try WaveformReader.bytes(of: path), as: UTF8.self)
            if text.contains("\n*! ") || text.hasPrefix("*! ") {
                let problems = ExpectedFindings(in: text).check(
                    path: path, libraryPaths: rules.libraryPaths, control: control)
                return ended(problems.isEmpty ? .passed : .findings, problems)
            }
            return try runGolden(text, control)
        } catch {
            return ended(.unreadable, [error.description])
        }
    }

    private mutating func ended(_ verdict: CaseResult.Verdict, _ messages: [String] = []) -> CaseResult {
        result.verdict = verdict
        result.messages += messages
        return result
    }

    private mutating func runGolden(_ text: String, _ control: RunControl) throws(WaveformError) -> CaseResult {
        let golden = Self.golden(of: path)
        let hasGolden = access(golden, F_OK) == 0
        var header = hasGolden ? try GoldenHeader.read(golden) : GoldenHeader()
        let tolerance = try header.tolerance(Self.tolerance(of: text, rules.tolerance), path: golden)
        var dialect = rules.dialect
        if let name = header.dialect {
            guard let named = ExpectedFindings.dialects[name] else {
                throw .malformed(path: golden, line: 1, message: "no dialect '\(name)'")
            }
            dialect = named
        }
        // Cases run side by side: one thread each.
        let loaded = Simulation.load(
            path: path, dialect: dialect, libraryPaths: rules.libraryPaths, threads: 1, modules: rules.modules)
        guard let simulation = loaded.simulation else {
            blame(loaded.diagnostics.all.filter { $0.severity == .error }, loaded.sources)
            return ended(loaded.isUnreadable ? .unreadable : .wrongNetlist)
        }
        let fingerprint = NetlistFingerprint.of(loaded.sources, dialect: dialect)
        let isStale = header.fingerprint.map { $0 != fingerprint } ?? false
        if isStale && !rules.blesses {
            return ended(
                .stale,
                [
                    "\(golden) was made from another text of the netlist (\(header.fingerprint ?? ""), now \(fingerprint))",
                    "look at what changed, then 'hydron test --bless \(path)'",
                ])
        }
        let recorder = TableRecorder()
        let report = simulation.run(recorder, control: control)
        try recorder.finish()
        let verdict = take(report, loaded.sources)
        // A broken limit does not hide what else has changed; what has no result has nothing to compare.
        if let verdict {
            if hasGolden, !isStale, verdict == .assertion || verdict == .measurement {
                let gold = try WaveformReader.read(golden)
                _ = judge(compare(gold: gold, test: recorder.tables, tolerance: tolerance))
            }
            return ended(verdict)
        }
        if !hasGolden && !rules.blesses {
            if result.measurements + result.assertions > 0 { return ended(.passed) }
            return ended(
                .unreadable, ["there is no \(golden), and no .meas or .assert to check; --bless writes the table"])
        }

        var agrees = false
        if hasGolden {
            let gold = try WaveformReader.read(golden)
            agrees = judge(compare(gold: gold, test: recorder.tables, tolerance: tolerance))
        }
        if agrees && !(isStale && rules.blesses) { return ended(.passed) }
        if !rules.blesses { return ended(.differs) }
        header.fingerprint = fingerprint
        if dialect.name != Dialect.ngspice.name { header.dialect = dialect.name }
        try write(recorder.tables, header, to: golden)
        return ended(.blessed, [hasGolden ? "wrote \(golden) anew" : "wrote \(golden)"])
    }

    /// A comment `* tolerance 1e-2` in a netlist sets the relative tolerance.
    private static func tolerance(of text: String, _ base: Tolerance) -> Tolerance {
        var tolerance = base
        let mark = "* tolerance "
        guard let line = text.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix(mark) }),
            let value = line.dropFirst(mark.count).split(separator: " ").first.flatMap({ Double($0) })
        else { return tolerance }
        tolerance.band.relative = value
        return tolerance
    }

    /// What a run says about itself: its failure, measurements and limits.
    private mutating func take(_ report: RunReport, _ sources: SourceMap) -> CaseResult.Verdict? {
        result.measurements = report.measurements.count
        result.assertions = report.assertions.count
        if let failure = report.failure {
            blame([failure.diagnostic], sources)
            return failure.reason == .interrupted
                ? .timeout : failure.reason == .badNetlist ? .wrongNetlist : .noSolution
        }
        let broken = report.assertions.filter { !$0.holds }
        let failed = report.measurements.filter { $0.value == nil }
        if !broken.isEmpty || !failed.isEmpty {
            blame(report.diagnostics.all.filter { $0.severity == .error }, sources)
            return broken.isEmpty ? .measurement : .assertion
        }
        if !report.skipped.isEmpty {
            result.messages.append("\(report.skipped.joined(separator: ", ")): this version does not have it")
            return .wrongNetlist
        }
        return nil
    }

    private mutating func judge(_ reports: [ComparisonReport]) -> Bool {
        result.signals = reports.reduce(0) { $0 + $1.signals.count }
        let worst = reports.compactMap(\.worst).max { a, b in
            a.agrees == b.agrees ? a.maximum < b.maximum : a.agrees
        }
        result.worst = worst.map { $0.description }
        for report in reports where !report.agrees {
            result.messages += report.description.split(separator: "\n").map(String.init)
        }
        return reports.allSatisfy(\.agrees)
    }

    /// The first place within the netlist itself is the one to show.
    private mutating func blame(_ found: [Diagnostic], _ sources: SourceMap) {
        let renderer = DiagnosticRenderer(sources)
        result.messages += found.map { renderer.render($0) }
        result.line = found.compactMap(\.range).map { sources.location(of: $0) }.first { $0.path == path }?.line
    }

    private func write(_ tables: [Table], _ header: GoldenHeader, to golden: String) throws(WaveformError) {
        let writer = CSVWriter(path: golden, head: header.text)
        do throws(WaveformError) {
            for table in tables { try table.write(to: writer) }
            try writer.finish()
        } catch {
            writer.discard()
            throw error
        }
    }
}
