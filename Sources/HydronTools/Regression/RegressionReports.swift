import Waveforms

/// A regression run in the formats that people and CI systems read.
public struct RegressionReports: Sendable {
    public let results: [CaseResult]
    public let seconds: Double

    public init(_ results: [CaseResult], seconds: Double) {
        self.results = results
        self.seconds = seconds
    }

    public var failed: [CaseResult] { results.filter { $0.verdict != .passed } }

    // MARK: Text

    /// One line a case, with what is wrong below it.
    public static func line(_ result: CaseResult, width: Int, colour: Bool) -> String {
        let isGood = result.verdict == .passed
        let word = isGood ? "passed" : "FAILED"
        let mark = colour ? "\u{1B}[\(isGood ? "32" : "31")m\(word)\u{1B}[0m" : word
        let name = result.path + String(repeating: " ", count: max(0, width - result.path.count))
        var text = "\(mark)  \(name)  \(fixed(result.seconds, 2)) s"
        if !isGood { text += "  \(result.verdict.rawValue)" }
        if isGood, let worst = result.worst { text += "  worst: \(worst)" }
        if isGood, result.worst == nil { text += "  \(counts(result))" }
        for message in isGood ? [] : result.messages { text += "\n        \(message)" }
        return text + "\n"
    }

    private static func counts(_ result: CaseResult) -> String {
        var parts: [String] = []
        if result.measurements > 0 { parts.append(counted(result.measurements, "measurement")) }
        if result.assertions > 0 { parts.append(counted(result.assertions, "limit")) }
        return parts.isEmpty ? "findings as announced" : parts.joined(separator: ", ")
    }

    private static func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

    public var summary: String {
        let passed = results.count - failed.count
        var text = "\(results.count) cases, \(passed) passed, \(failed.count) failed"
        let words = CaseResult.Verdict.allCases.compactMap { verdict -> String? in
            let count = failed.filter { $0.verdict == verdict }.count
            return count == 0 ? nil : "\(count) \(verdict.rawValue)"
        }
        if !words.isEmpty { text += " (" + words.joined(separator: ", ") + ")" }
        let signals = results.reduce(0) { $0 + $1.signals }
        let measurements = results.reduce(0) { $0 + $1.measurements }
        let assertions = results.reduce(0) { $0 + $1.assertions }
        return text
            + "; \(signals) signals, \(measurements) measurements, \(assertions) limits in \(Self.fixed(seconds, 2)) s\n"
    }

    // MARK: Files

    /// The XML that Jenkins, GitLab and others read: a suite a folder, a case a netlist.
    public var junit: String {
        func attributes(_ results: [CaseResult], _ seconds: Double) -> String {
            let failures = results.filter(\.verdict.isFailure).count
            let errors = results.filter { $0.verdict != .passed && !$0.verdict.isFailure }.count
            return "tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"\(errors)\" "
                + "time=\"\(Self.fixed(seconds, 3))\""
        }
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        lines.append("<testsuites name=\"hydron\" \(attributes(results, seconds))>")
        var folders: [String] = []
        for result in results where !folders.contains(Self.folder(result.path)) {
            folders.append(Self.folder(result.path))
        }
        for folder in folders {
            let cases = results.filter { Self.folder($0.path) == folder }
            let total = cases.reduce(0) { $0 + $1.seconds }
            lines.append("  <testsuite name=\"\(Self.escaped(folder))\" \(attributes(cases, total))>")
            for result in cases {
                let name = result.path.split(separator: "/").last.map(String.init) ?? result.path
                let head =
                    "    <testcase classname=\"\(Self.escaped(folder))\" name=\"\(Self.escaped(name))\" "
                    + "file=\"\(Self.escaped(result.path))\" time=\"\(Self.fixed(result.seconds, 3))\""
                if result.verdict == .passed {
                    lines.append(head + "/>")
                    continue
                }
                let word = result.verdict.isFailure ? "failure" : "error"
                let first = result.messages.first ?? result.verdict.rawValue
                lines.append(head + ">")
                lines.append(
                    "      <\(word) type=\"\(result.verdict.rawValue)\" message=\"\(Self.escaped(first))\">"
                        + Self.escaped(result.messages.joined(separator: "\n")) + "</\(word)>")
                lines.append("    </testcase>")
            }
            lines.append("  </testsuite>")
        }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: JSONValue {
        let cases = results.map { result -> JSONValue in
            [
                "netlist": .string(result.path), "verdict": .string(result.verdict.rawValue),
                "seconds": .number(result.seconds), "worst": .optional(result.worst),
                "line": result.line.map { .integer($0) } ?? .null, "signals": .integer(result.signals),
                "measurements": .integer(result.measurements), "assertions": .integer(result.assertions),
                "messages": .strings(result.messages),
            ]
        }
        return [
            "cases": .array(cases), "passed": .integer(results.count - failed.count), "failed": .integer(failed.count),
            "seconds": .number(seconds),
        ]
    }

    /// Lines that GitHub shows at the files they name.
    ///
    /// - Parameters:
    ///   - workspace: the folder of the checkout; GitHub knows files by their paths from there.
    ///   - folder: the working folder, which the cases' paths count from.
    public func githubAnnotations(workspace: String?, folder: String) -> String {
        failed.map { result in
            let path = workspace.map { Self.path(result.path, in: folder, from: $0) } ?? result.path
            let text = result.messages.isEmpty ? result.verdict.rawValue : result.messages.joined(separator: "\n")
            let place = "file=\(Self.property(path)),line=\(result.line ?? 1)"
            return "::error \(place),title=hydron test%3A \(result.verdict.rawValue)::\(Self.data(text))\n"
        }.joined()
    }

    // MARK: Text helpers

    /// The path of a file from a folder above it; the whole path where the folder is not.
    private static func path(_ path: String, in folder: String, from root: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
            if part == "..", !parts.isEmpty { parts.removeLast() } else { parts.append(part) }
        }
        let above = root.split(separator: "/")
        guard parts.starts(with: above) else { return "/" + parts.joined(separator: "/") }
        return parts.dropFirst(above.count).joined(separator: "/")
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// What a workflow command's message escapes.
    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            // XML has no other control characters.
            case let control where control.value < 0x20 && control != "\t": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = digits == 2 ? 100 : 1000
        let units = Int((max(0, min(value, 1e9)) * Double(scale)).rounded())
        let fraction = String(units % scale)
        return "\(units / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
