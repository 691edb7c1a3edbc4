import Foundation
import Hydron
import SpiceNetlist
import Testing
import Waveforms

/// Bad netlists say themselves what must be found in them, in this order and nothing else:
///
///     *! status 2
///     *! dialect xyce
///     *! error divider.cir:3:8 no model 'dx'
///     *! hint did you mean 'dy'?
///     *! note divider.cir:2:1 first defined here
///
/// Places are exact, texts parts of the message; `-` stands for "no place". Hints and notes belong to the finding above
/// them; those that are not listed are not looked at.
@Suite struct ErrorCorpusTests {
    struct Expectation {
        var status: Int?
        var dialect = Dialect.ngspice
        var findings: [Finding] = []

        struct Finding {
            var severity: String
            var place: String
            var message: String
            var hint: String?
            var notes: [(place: String, message: String)] = []
        }

        init(path: String) throws {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("*! ") {
                let (word, rest) = Self.split(line.dropFirst(3))
                let (place, message) = Self.split(rest)
                switch word {
                case "status": status = Int(rest)
                case "dialect": dialect = try #require(Self.dialects[String(rest)], "\(path): no dialect \(rest)")
                case "error", "warning":
                    findings.append(Finding(severity: String(word), place: String(place), message: String(message)))
                case "hint" where !findings.isEmpty: findings[findings.count - 1].hint = String(rest)
                case "note" where !findings.isEmpty:
                    findings[findings.count - 1].notes.append((String(place), String(message)))
                default: Issue.record("\(path): '\(line)' is no expectation")
                }
            }
        }

        private static let dialects: [String: Dialect] = [
            "ngspice": .ngspice, "xyce": .xyce, "hspice": .hspice, "ltspice": .ltspice,
        ]

        private static func split(_ text: Substring) -> (Substring, Substring) {
            guard let blank = text.firstIndex(of: " ") else { return (text, "") }
            return (text[..<blank], text[text.index(after: blank)...])
        }
    }

    @Test(arguments: Netlists.all(below: "errors")) func mistakesAreReportedWhereTheyAre(path: String) throws {
        let expected = try Expectation(path: path)
        let loaded = Simulation.load(path: path, dialect: expected.dialect)
        var found = loaded.diagnostics.all
        var status = 0
        if let simulation = loaded.simulation {
            let report = simulation.run(CountingSink())
            found += report.diagnostics.all
            if let failure = report.failure {
                found.append(failure.diagnostic)
                status = failure.reason == .badNetlist ? 2 : 3
            } else if report.assertions.contains(where: { !$0.holds }) {
                status = 1
            } else if report.measurements.contains(where: { $0.value == nil }) {
                status = 4
            } else if !report.skipped.isEmpty {
                status = 2
            }
        } else {
            status = 2
        }
        found.removeAll { $0.severity == .note }
        let all = DiagnosticRenderer(loaded.sources).render(loaded.diagnostics)
        #expect(expected.status == status, "\(path)")
        guard found.count == expected.findings.count else {
            let texts = found.map { "\($0.severity.rawValue) \(place($0.range, loaded.sources)) \($0.message)" }
            Issue.record(
                "\(path): \(expected.findings.count) findings expected, but:\n\(texts.joined(separator: "\n"))")
            return
        }
        // Messages may name files by the path they were opened with.
        let folder =
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
        for (wanted, given) in zip(expected.findings, found) {
            let message = given.message.replacingOccurrences(of: folder, with: "")
            #expect(wanted.severity == given.severity.rawValue, "\(path)")
            #expect(wanted.place == place(given.range, loaded.sources), "\(path): \(given.message)")
            #expect(message.contains(wanted.message), "\(path)")
            if let hint = wanted.hint { #expect(given.hint?.contains(hint) ?? false, "\(path): \(given)") }
            for note in wanted.notes {
                #expect(
                    given.notes.contains {
                        place($0.range, loaded.sources) == note.place && $0.message.contains(note.message)
                    }, "\(path): no note at \(note.place) \(note.message)\n\(all)")
            }
        }
    }

    /// `file:line:column`, the file without its folder.
    private func place(_ range: SourceRange?, _ sources: SourceMap) -> String {
        guard let range else { return "-" }
        let location = sources.location(of: range)
        let file = location.path.split(separator: "/").last.map(String.init) ?? location.path
        return "\(file):\(location.line):\(location.column)"
    }

    @Test func theCorpusIsLarge() { #expect(Netlists.all(below: "errors").count >= 195) }
}
