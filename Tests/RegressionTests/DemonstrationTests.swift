import Foundation
import Testing

/// `hydron test` over a small folder of circuits, each with a fate of its own; see `Demonstration/circuits`.
@Suite(
    .serialized,
    .enabled(if: HydronBinary.built != nil, "hydron is not built: run `swift build --product hydron` first"))
struct DemonstrationTests {
    private static let circuits: String = {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Demonstration/circuits"
    }()

    private static let verdicts = [
        "filter": "passed", "edge-within": "passed", "limits": "passed", "announced": "passed",
        "filter-broken": "differs", "edge-beyond": "differs", "filter-stale": "stale", "limit-broken": "assertion",
        "measurement-failed": "measurement", "mistake": "wrong-netlist", "no-solution": "no-solution",
    ]

    private struct Results: Decodable {
        struct Case: Decodable {
            var netlist: String
            var verdict: String
            var line: Int?
            var messages: [String]
        }
        var cases: [Case]
        var passed: Int
        var failed: Int
    }

    private func results(_ path: String) throws -> Results {
        try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func copy(_ names: [String], to folder: TemporaryFolder) throws {
        for name in names {
            try FileManager.default.copyItem(atPath: "\(Self.circuits)/\(name)", toPath: folder.file(name))
        }
    }

    @Test func everyCircuitGetsItsVerdict() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let outcome = try binary.run(
            ["test", Self.circuits, "--junit", folder.file("r.xml"), "--json", folder.file("r.json")], after: 120)
        #expect(outcome.status == 1)
        let results = try results(folder.file("r.json"))
        var found: [String: String] = [:]
        for one in results.cases {
            found[URL(fileURLWithPath: one.netlist).deletingPathExtension().lastPathComponent] = one.verdict
        }
        #expect(found == Self.verdicts)
        #expect(results.passed == 4 && results.failed == 7)
        let edge = try #require(results.cases.first { $0.netlist.hasSuffix("edge-beyond.cir") })
        #expect(edge.messages.first?.hasPrefix("v(out) at ") == true)
        #expect(results.cases.first { $0.netlist.hasSuffix("mistake.cir") }?.line == 3)

        let xml = try String(contentsOfFile: folder.file("r.xml"), encoding: .utf8)
        #expect(xml.contains("tests=\"11\" failures=\"5\" errors=\"2\""))
        #expect(xml.components(separatedBy: "<failure ").count == 6)
        #expect(xml.components(separatedBy: "<error ").count == 3)
        for (name, verdict) in Self.verdicts where verdict != "passed" {
            #expect(xml.contains("name=\"\(name).cir\"") && xml.contains("type=\"\(verdict)\""))
        }
    }

    @Test(arguments: Self.verdicts.keys.sorted()) func theExitStatusTells(name: String) throws {
        let binary = try #require(HydronBinary.built)
        let outcome = try binary.run(["test", "\(Self.circuits)/\(name).cir"], after: 60)
        #expect(outcome.status == (Self.verdicts[name] == "passed" ? 0 : 1))
    }

    /// Blessing fails while it writes, passes when there is nothing to write, and keeps the tolerances.
    @Test func blessingWritesOnceAndFailsMeanwhile() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try copy(
            ["filter.cir", "filter.golden.csv", "limits.cir", "edge-beyond.cir", "edge-beyond.golden.csv"], to: folder)
        let netlist = folder.file("filter.cir")
        let golden = folder.file("filter.golden.csv")
        #expect(try binary.run(["test", netlist]).status == 0)
        let before = try String(contentsOfFile: golden, encoding: .utf8)
        #expect(try binary.run(["test", "--bless", netlist]).status == 0)
        #expect(try String(contentsOfFile: golden, encoding: .utf8) == before)

        // Another comment is no other circuit; another value makes the table stale.
        let text = try String(contentsOfFile: netlist, encoding: .utf8)
        try text.replacingOccurrences(of: "r1 in out 1k", with: "* a remark\nr1  in out 1k")
            .write(toFile: netlist, atomically: true, encoding: .utf8)
        #expect(try binary.run(["test", netlist]).status == 0)
        try text.replacingOccurrences(of: "r1 in out 1k", with: "r1 in out 1100")
            .write(toFile: netlist, atomically: true, encoding: .utf8)
        #expect(try binary.run(["test", netlist, "--json", folder.file("r.json")]).status == 1)
        #expect(try results(folder.file("r.json")).cases.map(\.verdict) == ["stale"])
        #expect(try binary.run(["test", "--bless", netlist, "--json", folder.file("r.json")]).status == 1)
        #expect(try results(folder.file("r.json")).cases.map(\.verdict) == ["blessed"])
        #expect(try binary.run(["test", netlist]).status == 0)
        #expect(try String(contentsOfFile: golden, encoding: .utf8) != before)

        // The head of a table outlives its numbers.
        #expect(try binary.run(["test", "--bless", folder.file("edge-beyond.cir")]).status == 1)
        let head = try String(contentsOfFile: folder.file("edge-beyond.golden.csv"), encoding: .utf8)
        #expect(head.contains("# tolerance window=10e-9\n") && head.hasPrefix("# netlist "))
        #expect(try binary.run(["test", folder.file("edge-beyond.cir")]).status == 0)
    }

    /// What failed is not blessed.
    @Test(arguments: ["mistake", "no-solution", "limit-broken"]) func failuresAreNotBlessed(name: String) throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try copy(["\(name).cir"], to: folder)
        #expect(
            try binary.run(["test", "--bless", folder.file("\(name).cir"), "--json", folder.file("r.json")], after: 60)
                .status == 1)
        #expect(try results(folder.file("r.json")).cases.map(\.verdict) == [Self.verdicts[name]])
        #expect(folder.names == ["\(name).cir", "r.json"])
    }

    @Test func casesThatTakeTooLongAreEnded() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try "slow\nv1 a 0 sin(0 1 1meg)\nr1 a 0 1k\n.tran 10n 100 0 10n\n.print tran v(a)\n.assert '1'\n.end\n"
            .write(toFile: folder.file("slow.cir"), atomically: true, encoding: .utf8)
        let outcome = try binary.run(
            ["test", folder.path, "--timeout", "1", "--json", folder.file("r.json")], after: 60)
        #expect(outcome.status == 1 && !outcome.wasStopped)
        #expect(try results(folder.file("r.json")).cases.map(\.verdict) == ["timeout"])
    }

    @Test func nothingToTestIsAMistake() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        #expect(try binary.run(["test", folder.path]).status == 2)
        #expect(try binary.run(["test", Self.circuits, "--filter", "no such name"]).status == 2)
        #expect(try binary.run(["test", folder.file("missing")]).status == 5)
        #expect(try binary.run(["test", Self.circuits, "--filter", "limits"], after: 60).status == 0)
    }

    /// The same verdict from the files alone.
    @Test func comparisonsEndWithTheirStatus() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let golden = "\(Self.circuits)/edge-within.golden.csv"
        for (name, status) in [("edge-within", 0), ("edge-beyond", 1)] {
            let raw = folder.file("\(name).raw")
            #expect(try binary.run(["run", "\(Self.circuits)/\(name).cir", "--raw", raw, "--quiet"]).status == 0)
            #expect(try binary.run(["compare", golden, raw]).status == status)
            #expect(try binary.run(["compare", golden, raw, "--window", "20n"]).status == 0)
            #expect(try binary.run(["compare", golden, raw, "--window", "1n"]).status == 1)
            #expect(try binary.run(["compare", golden, raw, "--window", "20n", "--ignore", "*"]).status == 1)
            #expect(try binary.run(["compare", golden, raw, "--window", "20n", "--ignore", "v(nix)"]).status == 1)
        }
        #expect(try binary.run(["compare", golden, folder.file("missing")]).status == 5)
        #expect(try binary.run(["compare", golden, golden, "--signal", "v(out) tolerance=1"]).status == 2)
        #expect(try binary.run(["compare", golden, golden, "--signal", "v(*) reltol=1m abstol=1u"]).status == 0)
    }

    /// A broken limit does not hide a signal that differs, and a table whose netlist is gone is told.
    @Test func everythingThatIsWrongIsTold() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let circuit = "divider\nv1 a 0 2\nr1 a b 1k\nr2 b 0 1k\n.op\n.print op v(b)\n"
        try (circuit + ".meas op half find v(b)\n.assert 'half < 0.5'\n.end\n").write(
            toFile: folder.file("d.cir"), atomically: true, encoding: .utf8)
        try "v(b)\n1.5\n".write(toFile: folder.file("d.golden.csv"), atomically: true, encoding: .utf8)
        try "v(b)\n1\n".write(toFile: folder.file("gone.golden.csv"), atomically: true, encoding: .utf8)
        let outcome = try binary.run(["test", folder.path, "--json", "-"], after: 60)
        #expect(outcome.status == 1)
        let results = try JSONDecoder().decode(Results.self, from: Data(outcome.standardOutput.utf8))
        #expect(results.cases.map(\.verdict) == ["assertion", "unreadable"])
        #expect(results.cases[0].messages.contains { $0.hasPrefix("v(b) at ") })
        #expect(results.cases[1].netlist.hasSuffix("gone.golden.csv"))
        #expect(!folder.names.contains("-"))

        for (line, status) in [
            ("tolernce reltol=1", 5), ("Tolerance reltol=1", 5), ("ignor v(b)", 5), ("tolerances were agreed upon", 1),
            ("tolerance v(?) reltol=1", 0), ("ignore v(b)", 1),
        ] {
            try (circuit + ".end\n").write(toFile: folder.file("d.cir"), atomically: true, encoding: .utf8)
            try "# \(line)\nv(b)\n1.5\n".write(
                toFile: folder.file("d.golden.csv"), atomically: true, encoding: .utf8)
            let csv = folder.file("d.csv")
            #expect(try binary.run(["run", folder.file("d.cir"), "--csv", csv]).status == 0)
            #expect(try binary.run(["compare", folder.file("d.golden.csv"), csv]).status == status, "# \(line)")
        }
    }

    /// ngspice's batch mode, as spicelib calls it.
    @Test func batchModeWritesLogAndRawfile() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let (log, raw) = (folder.file("x.log"), folder.file("x.raw"))
        let outcome = try binary.run(
            ["-D", "ngbehavior=kiltpsa", "-b", "-o", log, "-r", raw, "\(Self.circuits)/limits.cir"])
        #expect(outcome.status == 0)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("peak"))
        #expect(FileManager.default.fileExists(atPath: raw))
        #expect(try binary.run(["-b", "-o", log, "\(Self.circuits)/mistake.cir"]).status == 2)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("no model 'nothing'"))
        #expect(try binary.run(["-b", "-Dfiletype=ascii", "-r", raw, "\(Self.circuits)/limits.cir"]).status == 0)
        #expect(try String(contentsOfFile: raw, encoding: .utf8).contains("Values:"))
        // A parameter is no variable.
        let other = try binary.run(["-b", "-D", "load=3k", "\(Self.circuits)/limits.cir"])
        #expect(other.status == 0 && other.standardError.contains("hydron run --param load=3k"))
        #expect(try binary.run(["-b"]).status == 2)
    }
}
