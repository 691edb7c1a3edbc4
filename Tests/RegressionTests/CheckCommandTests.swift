import Foundation
import Testing

/// `hydron check` as a process: exit statuses, findings as JSON, files mended in place.
@Suite(.enabled(if: HydronBinary.built != nil, "hydron is not built: run `swift build --product hydron` first"))
struct CheckCommandTests {
    private struct Findings: Decodable {
        struct Place: Decodable, Equatable {
            var file: String
            var line: Int
            var column: Int
            var endLine: Int
            var endColumn: Int
        }
        struct FixIt: Decodable {
            var place: Place
            var text: String
        }
        struct Finding: Decodable {
            var severity: String
            var message: String
            var place: Place?
            var hint: String?
            var fixIt: FixIt?
        }
        var netlist: String
        var findings: [Finding]
    }

    private static let suspicious = "t\nv1 a 0 1\n.param spare=1\nr1 a 0 1MHz\n.op\n.end\n"

    @Test(arguments: [
        (suspicious, [], 0), (suspicious, ["--strict"], 2), (suspicious, ["--quiet"], 0),
        ("t\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n", ["--strict"], 0),
        ("t\nv1 a 0 1\nd1 a 0 none\n.op\n.end\n", [], 2), ("t\nv1 a 0 1\nv2 a 0 1\n.op\n.end\n", [], 2),
        ("t\nv1 a gnd 1\nr1 a 0 1k\n.op\n.end\n", ["--strict", "--portable"], 2),
    ]) func theExitStatusTells(text: String, options: [String], status: Int) throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try text.write(toFile: folder.file("x.cir"), atomically: true, encoding: .utf8)
        #expect(try binary.run(["check", folder.file("x.cir")] + options).status == status)
    }

    @Test func aFileThatIsNotThere() throws {
        #expect(try #require(HydronBinary.built).run(["check", "/nowhere/x.cir"]).status == 5)
    }

    @Test func findingsAsJSON() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let (netlist, json) = (folder.file("x.cir"), folder.file("x.json"))
        try Self.suspicious.write(toFile: netlist, atomically: true, encoding: .utf8)
        #expect(try binary.run(["check", netlist, "--json", json]).status == 0)
        let found = try JSONDecoder().decode(Findings.self, from: Data(contentsOf: URL(fileURLWithPath: json)))
        #expect(found.netlist == netlist && found.findings.count == 2)
        let milli = try #require(found.findings.first { $0.message.contains("1MHz") })
        let place = Findings.Place(file: netlist, line: 4, column: 8, endLine: 4, endColumn: 12)
        #expect(milli.severity == "warning" && milli.place == place)
        #expect(milli.fixIt?.text == "1MEGHz" && milli.fixIt?.place == place)
    }

    @Test func fixItsAreWritten() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try ".subckt s a b\nr1 a b 1M\n.ends\n"
            .write(toFile: folder.file("parts.lib"), atomically: true, encoding: .utf8)
        let text = "v1 a 0 1\n.include parts.lib\nv2 a 0 1\nx1 a 0 s\nr1 a 0 1MHz\nc1 a 0 1F\n.op\n.end\n"
        try text.write(toFile: folder.file("x.cir"), atomically: true, encoding: .utf8)
        #expect(try binary.run(["check", folder.file("x.cir"), "--fix"]).status == 0)
        let mended = try String(contentsOfFile: folder.file("x.cir"), encoding: .utf8)
        #expect(
            mended
                == "Untitled\n"
                + text.replacingOccurrences(of: "1MHz", with: "1MEGHz")
                .replacingOccurrences(of: "1F", with: "1"))
        let parts = try String(contentsOfFile: folder.file("parts.lib"), encoding: .utf8)
        #expect(parts == ".subckt s a b\nr1 a b 1MEG\n.ends\n")
        // Mended, the title's element is seen: two sources side by side.
        #expect(try binary.run(["check", folder.file("x.cir"), "--fix"]).status == 2)
        #expect(try String(contentsOfFile: folder.file("x.cir"), encoding: .utf8) == mended)
    }
}
