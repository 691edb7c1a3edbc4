import Waveforms

/// How one netlist fared in a regression run.
public struct CaseResult: Sendable, Equatable {
    public enum Verdict: String, Sendable, CaseIterable {
        case passed
        /// A signal is not what the golden table has.
        case differs
        /// The golden table was made from another text of the netlist.
        case stale
        /// A limit of `.assert` or `.spec` is broken.
        case assertion
        /// A `.meas` has no value.
        case measurement
        /// The circuit has no solution that was found.
        case noSolution = "no-solution"
        /// The netlist is wrong, or asks for what this version lacks.
        case wrongNetlist = "wrong-netlist"
        /// A netlist with a mistake does not give the findings that it announces.
        case findings
        /// A file could not be read or written, or there is nothing to compare with.
        case unreadable
        /// A golden table was written.
        case blessed
        case timeout
        case crashed

        /// Whether the circuit behaves otherwise than asked, as opposed to a run that came to no result.
        public var isFailure: Bool {
            switch self {
            case .differs, .stale, .assertion, .measurement, .findings, .blessed: true
            default: false
            }
        }
    }

    public var path: String
    public var verdict: Verdict
    /// The signal with the greatest error, and its error in units of its tolerance.
    public var worst: String?
    /// What is wrong, a line each.
    public var messages: [String] = []
    /// Line of the netlist that is to blame.
    public var line: Int?
    /// Of signals in all steps, measurements and limits: how many were looked at.
    public var signals = 0
    public var measurements = 0
    public var assertions = 0
    public var seconds = 0.0

    public init(path: String, verdict: Verdict, messages: [String] = [], line: Int? = nil) {
        self.path = path
        self.verdict = verdict
        self.messages = messages
        self.line = line
    }

    // MARK: Between processes

    /// What a case's process writes: a word, a tab and its value a line.
    public var encoded: String {
        var lines = ["verdict\t\(verdict.rawValue)"]
        if let worst { lines.append("worst\t\(worst)") }
        if let line { lines.append("line\t\(line)") }
        lines.append("counts\t\(signals)\t\(measurements)\t\(assertions)")
        for message in messages {
            lines += message.split(separator: "\n", omittingEmptySubsequences: false).map { "message\t\($0)" }
        }
        return lines.joined(separator: "\n") + "\nend\t\n"
    }

    /// - Returns: nil for a text that is not whole.
    public init?(path: String, decoding text: String) {
        guard text.hasSuffix("end\t\n") else { return nil }
        var result = CaseResult(path: path, verdict: .crashed)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 1 else { continue }
            switch fields[0] {
            case "verdict":
                guard let verdict = Verdict(rawValue: fields[1]) else { return nil }
                result.verdict = verdict
            case "worst": result.worst = fields[1]
            case "line": result.line = Int(fields[1])
            case "counts" where fields.count == 4:
                result.signals = Int(fields[1]) ?? 0
                result.measurements = Int(fields[2]) ?? 0
                result.assertions = Int(fields[3]) ?? 0
            case "message": result.messages.append(fields.dropFirst().joined(separator: "\t"))
            default: break
            }
        }
        self = result
    }
}
