import Hydron
import SpiceNetlist
import Waveforms

/// What a netlist with a mistake says must be found in it, in this order and nothing else:
///
///     *! status 2
///     *! dialect xyce
///     *! error divider.cir:3:8 no model 'dx'
///     *! hint did you mean 'dy'?
///     *! note divider.cir:2:1 first defined here
///
/// Places are exact, texts parts of the message; `-` stands for "no place". Hints and notes belong to the finding above
/// them; those that are not listed are not looked at. Without a line of status nothing is expected.
public struct ExpectedFindings: Sendable {
    /// The exit status that `hydron run` ends with.
    public var status: Int?
    public var dialect = Dialect.ngspice
    var findings: [Finding] = []
    /// Lines that are no expectation.
    var mistakes: [String] = []

    struct Finding: Sendable {
        var severity: String
        var place: String
        var message: String
        var hint: String?
        var notes: [(place: String, message: String)] = []
    }

    public init(in text: String) {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("*! ") {
            let (word, rest) = Self.parted(line.dropFirst(3))
            let (place, message) = Self.parted(rest)
            switch word {
            case "status" where Int(rest) != nil: status = Int(rest)
            case "dialect" where Self.dialects[String(rest)] != nil: dialect = Self.dialects[String(rest)] ?? .ngspice
            case "error", "warning":
                findings.append(Finding(severity: String(word), place: String(place), message: String(message)))
            case "hint" where !findings.isEmpty: findings[findings.count - 1].hint = String(rest)
            case "note" where !findings.isEmpty:
                findings[findings.count - 1].notes.append((String(place), String(message)))
            default: mistakes.append("'\(line)' is no expectation")
            }
        }
    }

    static let dialects = Dictionary(uniqueKeysWithValues: Dialect.all.map { ($0.name, $0) })

    private static func parted(_ text: Substring) -> (Substring, Substring) {
        guard let blank = text.firstIndex(of: " ") else { return (text, "") }
        return (text[..<blank], text[text.index(after: blank)...])
    }

    /// Loads and runs the netlist.
    ///
    /// - Returns: what is not as expected, a sentence each; empty where all is.
    public func check(path: String, libraryPaths: [String] = [], control: RunControl = RunControl()) -> [String] {
        if status == nil && mistakes.isEmpty {
            return ["the netlist does not say what status to expect: '*! status 2'"]
        }
        let loaded = Simulation.load(path: path, dialect: dialect, libraryPaths: libraryPaths)
        var found = loaded.diagnostics.all
        var given = 2
        if let simulation = loaded.simulation {
            let report = simulation.run(NullSink(), control: control)
            found += report.diagnostics.all
            if let failure = report.failure { found.append(failure.diagnostic) }
            given = Self.status(of: report)
        }
        found.removeAll { $0.severity == .note }
        var problems = mistakes
        if let status, status != given { problems.append("status \(given), expected \(status)") }
        guard found.count == findings.count else {
            problems.append("\(found.count) findings, expected \(findings.count)")
            return problems + found.map { Self.text($0, loaded.sources) }
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        for (wanted, finding) in zip(findings, found)
        where !Self.agrees(finding, wanted, loaded.sources, without: folder) {
            problems.append("found '\(Self.text(finding, loaded.sources))'")
            problems.append("expected '\(wanted.severity) \(wanted.place) \(wanted.message)'")
            if let hint = wanted.hint { problems.append("with the hint '\(hint)', found '\(finding.hint ?? "none")'") }
            problems += wanted.notes.map { "with the note '\($0.place) \($0.message)'" }
        }
        return problems
    }

    /// The exit status of a run.
    public static func status(of report: RunReport) -> Int {
        if let failure = report.failure { return failure.reason == .badNetlist ? 2 : 3 }
        if report.assertions.contains(where: { !$0.holds }) { return 1 }
        if report.measurements.contains(where: { $0.value == nil }) { return 4 }
        return report.skipped.isEmpty ? 0 : 2
    }

    private static func agrees(
        _ finding: Diagnostic, _ wanted: Finding, _ sources: SourceMap, without folder: String
    ) -> Bool {
        // Messages may name files by the path they were opened with.
        func holds(_ text: String, _ part: String) -> Bool {
            (folder.isEmpty ? text : text.replacing(folder, with: "")).contains(part)
        }
        return wanted.severity == finding.severity.rawValue && wanted.place == place(finding.range, sources)
            && holds(finding.message, wanted.message)
            && wanted.hint.map { hint in finding.hint.map { $0.contains(hint) } ?? false } ?? true
            && wanted.notes.allSatisfy { note in
                finding.notes.contains {
                    place($0.range, sources) == note.place && holds($0.message, note.message)
                }
            }
    }

    private static func text(_ finding: Diagnostic, _ sources: SourceMap) -> String {
        "\(finding.severity.rawValue) \(place(finding.range, sources)) \(finding.message)"
    }

    /// `file:line:column`, the file without its folder.
    private static func place(_ range: SourceRange?, _ sources: SourceMap) -> String {
        guard let range else { return "-" }
        let location = sources.location(of: range)
        let file = location.path.split(separator: "/").last.map(String.init) ?? location.path
        return "\(file):\(location.line):\(location.column)"
    }
}

/// Takes rows and keeps nothing.
final class NullSink: WaveformSink {
    func begin(_ header: TableHeader) throws(WaveformError) {}
    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {}
    func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {}
    func end() throws(WaveformError) {}
    func finish() throws(WaveformError) {}
    func discard() {}
}
