import Foundation
import Hydron
import Testing
import Waveforms

/// Netlists that the manual and the README show are whole ones, and run.
@Suite struct ManualTests {
    struct Example: CustomTestStringConvertible {
        var page: String
        var line: Int
        var text: String
        var testDescription: String { "\(page):\(line)" }
    }

    /// Fenced blocks that end with `.end`.
    static let examples: [Example] = {
        let root = Netlists.folder.dropLast("/netlists".count)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/docs")) ?? []
        let pages =
            ["README.md", "CONTRIBUTING.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
        var found: [Example] = []
        for page in pages {
            guard let text = try? String(contentsOfFile: "\(root)/\(page)", encoding: .utf8) else { continue }
            var block: [Substring]?
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                if line.hasPrefix("```") {
                    if let whole = block, whole.last?.lowercased() == ".end" {
                        found.append(
                            Example(
                                page: page, line: number - whole.count + 1, text: whole.joined(separator: "\n") + "\n"))
                    }
                    block = block == nil ? [] : nil
                } else {
                    block?.append(line)
                }
            }
        }
        return found
    }()

    @Test func thereAreSome() { #expect(Self.examples.count >= 6) }

    @Test(arguments: examples) func shownNetlistsRun(example: Example) throws {
        let loaded = Simulation.load(text: example.text)
        #expect(loaded.diagnostics.all.isEmpty, "\(loaded.diagnostics.all.map(\.message))")
        let simulation = try #require(loaded.simulation)
        let findings = loaded.findings()
        #expect(findings.isEmpty, "\(findings.map(\.message))")
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil && report.skipped.isEmpty && report.rowCount > 0)
        #expect(report.measurements.allSatisfy { $0.value != nil } && report.assertions.allSatisfy(\.holds))
    }

    /// What the quick start says of its first circuit.
    @Test func theFirstCircuitDoesWhatItIsSaidTo() throws {
        let example = try #require(Self.examples.first { $0.page == "docs/quick-start.md" })
        let simulation = try #require(Simulation.load(text: example.text).simulation)
        let half = try #require(simulation.run(TableRecorder()).measurements.first?.value)
        #expect(abs(half / 0.693e-3 - 1) < 1e-3)
        let slower = example.text.replacingOccurrences(of: "r1 in out 1k", with: "r1 in out 2k")
        let other = try #require(Simulation.load(text: slower).simulation)
        #expect(other.run(TableRecorder()).assertions.map(\.holds) == [false])
    }
}
