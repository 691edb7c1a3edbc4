import Foundation
import Hydron
import HydronTestSupport
import Testing
import Waveforms

/// Every netlist that the manual and the README show runs: whole ones in fences called `spice`, and indented parts, to which
/// a comment holds the rest.
@Suite struct ManualTests {
    /// What a fence may be called. A block without a name might be a netlist that nobody runs.
    private static let languages: Set = [
        "spice", "sh", "text", "csv", "yaml", "json", "js", "lua", "elisp", "python", "verilog",
    ]
    /// Pages that show how something is done, and so do it.
    private static let showingPages = [
        "README.md", "docs/quick-start.md", "docs/netlist.md", "docs/analyses.md", "docs/proton-resistor.md",
        "docs/arrays.md", "docs/compiled-models.md", "docs/coming-from.md", "docs/checks.md", "docs/ci.md",
    ]
    /// Pages whose netlists are of modules that are compiled here from C.
    private static let compiledPages: Set = ["docs/compiled-models.md", "docs/devices/n.md"]

    static let netlists = ManualPage.all.flatMap { $0.fences("spice") }
    static let parts = ManualPage.all.filter { !$0.isGenerated }.flatMap { $0.blocks.filter { $0.kind == .indented } }

    @Test func pagesShowWhatTheyAreAbout() {
        let shown = Set((Self.netlists + Self.parts).map(\.page))
        let missing = Self.showingPages.filter { !shown.contains($0) }
        #expect(missing == [])
    }

    /// Each kind of element on the generated pages has a netlist.
    @Test func everyElementHasANetlist() {
        let pages = ManualPage.all.filter { $0.name.hasPrefix("docs/devices/") && !$0.name.hasSuffix("README.md") }
        #expect(pages.count > 20)
        for page in pages {
            let kinds = page.prose.count { $0.hasPrefix("## ") }
            #expect(kinds > 0 && page.fences("spice").count == kinds, "\(page.name)")
        }
    }

    /// A fence that these tests would not see, or whose text is a netlist by another name, is one that nobody runs.
    @Test(arguments: ManualPage.all) func noNetlistHides(page: ManualPage) {
        #expect(page.oddFences == [], "a fence is three backquotes at the margin")
        for block in page.blocks {
            guard case .fence(let language) = block.kind else { continue }
            #expect(Self.languages.contains(language), "\(block.testDescription): a fence called '\(language)'")
            let words = block.lines.map { $0.lowercased().prefix { $0 != " " } }
            if language == "spice" {
                #expect(words.last == ".end", "\(block.testDescription): a whole netlist ends with .end; indent parts")
            } else {
                let isNetlist = words.contains { [".end", ".op", ".tran", ".dc", ".ac", ".print"].contains($0) }
                #expect(!isNetlist, "\(block.testDescription): call a netlist 'spice'")
            }
        }
    }

    @Test(arguments: netlists) func wholeNetlistsRun(block: ManualPage.Block) throws {
        if Self.compiledPages.contains(block.page), !CompiledTwins.isThere { return }
        let announced = block.surroundings?.findings ?? []
        let loaded = announced.isEmpty ? try run(block) : Simulation.load(text: block.netlist)
        #expect(loaded.findings().map(\.message) == announced)
    }

    @Test(arguments: parts) func partsRun(block: ManualPage.Block) throws {
        try #require(
            block.surroundings != nil, "a comment `<!-- runs with` in front is to hold the rest of the netlist")
        try run(block)
    }

    @discardableResult
    private func run(_ block: ManualPage.Block) throws -> Simulation.Loaded {
        let folder = try TemporaryFolder()
        for file in block.surroundings?.files ?? [] {
            try file.text.write(toFile: folder.file(file.name), atomically: true, encoding: .utf8)
        }
        let dialect = try #require((block.surroundings ?? ManualPage.Surroundings()).dialect)
        let isCompiled = Self.compiledPages.contains(block.page)
        let loaded = Simulation.load(
            text: block.netlist, path: folder.file("x.cir"), dialect: dialect,
            modules: isCompiled ? try CompiledTwins.modules() : .none)
        #expect(loaded.diagnostics.all.isEmpty, "\(loaded.diagnostics.all.map(\.message))")
        let simulation = try #require(loaded.simulation)
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil && report.skipped.isEmpty, "\(report.failure?.diagnostic.message ?? "")")
        #expect(!report.analyses.isEmpty && recorder.tables.contains { !($0.columns.first ?? []).isEmpty })
        let wrong = report.measurements.filter { $0.value == nil }.map { "\($0.name): \($0.reason ?? "")" }
        #expect(wrong.isEmpty && report.assertions.allSatisfy(\.holds), "\(wrong)")
        return loaded
    }

    /// What the quick start says of its first circuit.
    @Test func theFirstCircuitDoesWhatItIsSaidTo() throws {
        let example = try #require(Self.netlists.first { $0.page == "docs/quick-start.md" }).netlist
        let simulation = try #require(Simulation.load(text: example).simulation)
        let half = try #require(simulation.run(TableRecorder()).measurements.first?.value)
        #expect(abs(half / 0.693e-3 - 1) < 1e-3)
        let slower = example.replacingOccurrences(of: "r1 in out 1k", with: "r1 in out 2k")
        let other = try #require(Simulation.load(text: slower).simulation)
        #expect(other.run(TableRecorder()).assertions.map(\.holds) == [false])
    }
}
