import Glibc
import Testing

@testable import SpiceNetlist

@Suite struct IncludeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func parse(_ path: String, libraryPaths: [String] = []) -> (Netlist?, SourceMap, Diagnostics) {
        var diagnostics = Diagnostics()
        let (netlist, sources) = Parser.parse(
            file: path, dialect: .ngspice, libraryPaths: libraryPaths, diagnostics: &diagnostics)
        return (netlist, sources, diagnostics)
    }

    func names(_ netlist: Netlist?) -> [String] {
        guard let netlist else { return [] }
        return netlist.top.cards.map { String(netlist.sources.text($0.range).prefix { $0 != " " && $0 != "\n" }) }
    }

    @Test func includesStandInPlaceAndNestRelativeToTheirFile() throws {
        try folder.write("models/deep/c.inc", "R3 a b 3\n")
        try folder.write("models/b.inc", "R2 a b 2\n.include deep/c.inc\nR4 a b 4")
        let top = try folder.write("top.cir", "title\nR1 a b 1\n.inc 'models/b.inc'\nR5 a b 5\n")
        let (netlist, sources, diagnostics) = parse(top)
        #expect(diagnostics.all == [])
        #expect(names(netlist) == ["R1", "R2", "R3", "R4", "R5"])
        #expect(sources.files.count == 3)
        #expect(sources.files[0].includedFrom == nil)
        #expect(sources.files[2].includedFrom?.file == 1)
    }

    @Test(arguments: [true, false], [true, false]) func textsInUTF16AreRead(isLittle: Bool, hasMark: Bool) throws {
        func bytes(_ text: String) -> [UInt8] {
            ((hasMark ? "\u{FEFF}" : "") + text).utf16.flatMap { unit in
                let halves = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
                return isLittle ? halves : halves.reversed()
            }
        }
        try folder.write("b.inc", bytes: bytes("R2 a b 2µ\n"))
        let top = try folder.write("top.cir", bytes: bytes("title\r\nR1 a b 1\r\n.inc b.inc\r\n.end\r\n"))
        let (netlist, _, diagnostics) = parse(top)
        #expect(diagnostics.all == [] && netlist?.title == "title")
        #expect(names(netlist) == ["R1", "R2"])
        #expect(netlist.map { $0.sources.text($0.top.cards[1].range) } == "R2 a b 2µ")
    }

    @Test func sectionsAreReadOnlyWhenCalled() throws {
        try folder.write(
            "m.lib",
            ".lib TT\nR1 a b 1\n.lib 'm.lib' common\n.endl TT\n.lib ff\nR2 a b 2\n.endl\n.lib common\nR9 a b 9\n.endl")
        let top = try folder.write("top.cir", "title\n.lib \"m.lib\" tt\n.lib inner\nR7 a b 7\n.endl\n")
        let (netlist, _, diagnostics) = parse(top)
        #expect(diagnostics.all == [])
        #expect(names(netlist) == ["R1", "R9"])
    }

    @Test func aLibraryWithoutSectionIsAnInclude() throws {
        try folder.write("m.lib", ".model d d\n")
        let (netlist, _, diagnostics) = parse(try folder.write("top.cir", "title\n.lib m.lib\n"))
        #expect(diagnostics.all == [])
        #expect(names(netlist) == [".model"])
    }

    @Test func missingFilesAndSectionsNameWhatIsNear() throws {
        try folder.write("models.lib", ".lib typical\n.endl\n")
        let top = try folder.write("top.cir", "title\n.include modles.lib\n.lib models.lib typicl\n")
        let (_, sources, diagnostics) = parse(top)
        #expect(
            diagnostics.all.map(\.message) == [
                "cannot find the file `\(folder.path)/modles.lib`",
                "`\(folder.path)/models.lib` has no section `typicl`",
            ])
        #expect(diagnostics.all.map(\.hint) == ["did you mean `models.lib`?", "did you mean `typical`?"])
        #expect(sources.text(try #require(diagnostics.all[0].range)) == "modles.lib")
    }

    @Test func cyclesAreReportedWithTheirChain() throws {
        try folder.write("a.inc", ".include b.inc\n")
        try folder.write("b.inc", ".include a.inc\n")
        let (_, _, diagnostics) = parse(try folder.write("top.cir", "title\n.include a.inc\nR1 a b 1\n"))
        #expect(diagnostics.errorCount == 1)
        let first = try #require(diagnostics.all.first)
        #expect(first.message.contains("includes itself"))
        #expect(first.message.contains("a.inc → "))
        #expect(first.notes.count == 2)
    }

    @Test func inclusionsThatDoubleAtEveryLevelEnd() throws {
        for level in 0..<40 {
            try folder.write("\(level).inc", ".include \(level + 1).inc\n.include \(level + 1).inc\n")
        }
        try folder.write("40.inc", "R1 a b 1\n")
        let (_, _, diagnostics) = parse(try folder.write("top.cir", "title\n.include 0.inc\n"))
        #expect(diagnostics.all.map(\.message) == ["more than 20000 inclusions"])
    }

    @Test func aFileThatIncludesItselfIsACycle() throws {
        let (_, _, diagnostics) = parse(try folder.write("top.cir", "title\n.include top.cir\n"))
        #expect(diagnostics.errorCount == 1)
    }

    @Test func sectionsThatCallEachOtherAreACycle() throws {
        try folder.write("m.lib", ".lib a\n.lib m.lib b\n.endl\n.lib b\n.lib m.lib a\n.endl\n")
        let (_, _, diagnostics) = parse(try folder.write("top.cir", "title\n.lib m.lib a\n"))
        #expect(diagnostics.errorCount == 1)
    }

    @Test func onlyTheOwnFolderAndLibraryPathsMayBeRead() throws {
        try folder.write("outside.inc", "R9 a b 9\n")
        let top = try folder.write(
            "work/top.cir",
            "title\n.include ../outside.inc\n.include \(folder.path)/outside.inc\n.include /etc/passwd\n")
        let (netlist, _, diagnostics) = parse(top)
        #expect(diagnostics.errorCount == 3)
        for diagnostic in diagnostics.all {
            #expect(diagnostic.message.hasSuffix("lies outside the netlist's folder and the library paths"))
            #expect(diagnostic.hint?.contains("--library") == true)
        }
        #expect(names(netlist) == [])
        let (allowed, _, rest) = parse(top, libraryPaths: [folder.path])
        #expect(names(allowed) == ["R9", "R9"])
        #expect(rest.errorCount == 1)
    }

    @Test func linksDoNotLeadOutside() throws {
        try folder.write("outside.inc", "R9 a b 9\n")
        let top = try folder.write("work/top.cir", "title\n.include link.inc\n")
        #expect(symlink("\(folder.path)/outside.inc", "\(folder.path)/work/link.inc") == 0)
        #expect(parse(top).2.errorCount == 1)
    }

    @Test func libraryPathsAreSearched() throws {
        try folder.write("lib/m.inc", "R1 a b 1\n")
        let top = try folder.write("work/top.cir", "title\n.include m.inc\n")
        #expect(parse(top).2.errorCount == 1)
        let (netlist, _, diagnostics) = parse(top, libraryPaths: ["\(folder.path)/lib"])
        #expect(diagnostics.all == [])
        #expect(names(netlist) == ["R1"])
    }

    @Test func unreadableTopFilesAreReported() throws {
        let (none, _, missing) = parse("\(folder.path)/none.cir")
        #expect(none == nil)
        #expect(missing.all.map(\.message) == ["cannot find the file `\(folder.path)/none.cir`"])
        let (_, _, isFolder) = parse(folder.path)
        #expect(isFolder.all.map(\.message) == ["`\(folder.path)` is a folder, not a file"])
    }

    @Test func emptyFilesAreRead() throws {
        let (netlist, _, diagnostics) = parse(try folder.write("top.cir", ""))
        #expect(netlist?.top.cards.isEmpty == true)
        #expect(diagnostics.all == [])
    }

    @Test func subcircuitsDoNotReachAcrossFiles() throws {
        try folder.write("a.inc", ".subckt s 1\nR1 1 0 1\n")
        let (_, _, diagnostics) = parse(try folder.write("top.cir", "title\n.include a.inc\nR2 1 0 1\n"))
        #expect(diagnostics.all.map(\.message) == ["subcircuit `s` has no `.ends`"])
    }

    @Test func whatIsWrongInAnIncludeShowsTheWayThere() throws {
        try folder.write("a.inc", "* first\nR1 a b {\n")
        let (netlist, sources, parsed) = parse(try folder.write("top.cir", "title\n.include a.inc\n"))
        var diagnostics = parsed
        netlist?.readEverything(&diagnostics)
        let text = DiagnosticRenderer(sources).render(try #require(diagnostics.all.first))
        #expect(
            text == """
                included from \(folder.path)/top.cir:2
                \(folder.path)/a.inc:2:8: error: `{` is never closed
                  R1 a b {
                         ^
                """)
    }
}
