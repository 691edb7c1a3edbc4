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
        /// Name and contents of files that it reads.
        var files: [(name: String, text: String)] = []
        var testDescription: String { "\(page):\(line)" }
    }

    private static let root = String(Netlists.folder.dropLast("/netlists".count))

    /// The pages that people write; those of devices and analyses are made from the program's tables.
    private static let pages: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/docs")) ?? []
        let written = names.filter { $0.hasSuffix(".md") && $0 != "analyses-reference.md" }.sorted()
        return ["README.md", "CONTRIBUTING.md"] + written.map { "docs/\($0)" }
    }()

    private static func lines(_ page: String) -> [String] {
        ((try? String(contentsOfFile: "\(root)/\(page)", encoding: .utf8)) ?? "")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Fenced blocks that end with `.end`, but those of compiled models, which their own tests run.
    static let examples: [Example] = pages.filter { $0 != "docs/compiled-models.md" }.flatMap { page in
        var found: [Example] = []
        var block: [String]?
        for (number, line) in lines(page).enumerated() {
            if line.hasPrefix("```") {
                if let whole = block, whole.last?.lowercased() == ".end" {
                    found.append(
                        Example(page: page, line: number - whole.count + 1, text: whole.joined(separator: "\n") + "\n"))
                }
                block = block == nil ? [] : nil
            } else {
                block?.append(line)
            }
        }
        return found
    }

    /// Indented blocks, and what stands in the comment before each, `<!-- runs with`: the rest of a netlist, and behind
    /// `>name` lines of a file.
    static let fragments: [(example: Example, isWhole: Bool)] = pages.flatMap { page in
        var found: [(Example, Bool)] = []
        var circuit: [String]?
        var files: [(String, String)] = []
        var block: [String] = []
        var (isComment, isFenced) = (false, false)
        for (number, line) in (lines(page) + [""]).enumerated() {
            if line.hasPrefix("```") {
                isFenced.toggle()
            } else if isFenced {
                continue
            } else if line.hasPrefix("<!-- runs with") {
                (isComment, circuit, files) = (true, [], [])
            } else if isComment, line == "-->" {
                isComment = false
            } else if isComment, line.hasPrefix(">") {
                files.append((String(line.dropFirst()), ""))
            } else if isComment, !files.isEmpty {
                files[files.count - 1].1 += line + "\n"
            } else if isComment {
                circuit?.append(line)
            } else if line.hasPrefix("    ") {
                block.append(String(line.dropFirst(4)))
            } else {
                if !block.isEmpty {
                    let text = (["\(page):\(number)"] + block + (circuit ?? []) + [".end", ""]).joined(separator: "\n")
                    let example = Example(page: page, line: number + 1 - block.count, text: text, files: files)
                    found.append((example, circuit != nil))
                }
                block = []
                if !line.isEmpty { circuit = nil }
            }
        }
        return found
    }

    /// Pages that show how to use something have a netlist that does.
    @Test func thereAreSome() {
        let pages = Set(Self.examples.map(\.page))
        for page in [
            "README.md", "docs/quick-start.md", "docs/netlist.md", "docs/proton-resistor.md", "docs/arrays.md",
            "docs/coming-from.md",
        ] { #expect(pages.contains(page), "\(page)") }
        #expect(Self.examples.count >= 14 && Self.fragments.count >= 8)
    }

    /// What is called a netlist ends as one, so that it runs.
    @Test func netlistsAreWhole() {
        for page in Self.pages {
            var language: String?
            var last = ""
            for line in Self.lines(page) {
                if line.hasPrefix("```") {
                    if language == "```spice" { #expect(last.lowercased() == ".end", "\(page)") }
                    language = language == nil ? line : nil
                }
                last = line
            }
        }
    }

    /// A part of a netlist runs in the circuit that the comment before it holds.
    @Test(arguments: fragments.map(\.example)) func shownCardsRun(example: Example) throws {
        let isWhole = Self.fragments.contains { $0.isWhole && $0.example.testDescription == example.testDescription }
        try #require(isWhole, "a comment `<!-- runs with` in front of it is to hold the rest of the netlist")
        try check(example)
    }

    @Test(arguments: examples) func shownNetlistsRun(example: Example) throws {
        let loaded = try check(example)
        let findings = loaded.findings()
        #expect(findings.isEmpty, "\(findings.map(\.message))")
    }

    @discardableResult
    private func check(_ example: Example) throws -> Simulation.Loaded {
        let folder = try TemporaryFolder()
        for file in example.files {
            try file.text.write(toFile: folder.file(file.name), atomically: true, encoding: .utf8)
        }
        let loaded = Simulation.load(text: example.text, path: folder.file("x.cir"))
        #expect(loaded.diagnostics.all.isEmpty, "\(loaded.diagnostics.all.map(\.message))")
        let simulation = try #require(loaded.simulation)
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil && report.skipped.isEmpty, "\(report.failure?.diagnostic.message ?? "")")
        #expect(report.rowCount > 0 || !report.analyses.isEmpty)
        let wrong = report.measurements.filter { $0.value == nil }.map { "\($0.name): \($0.reason ?? "")" }
        #expect(wrong.isEmpty && report.assertions.allSatisfy(\.holds), "\(wrong)")
        return loaded
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
