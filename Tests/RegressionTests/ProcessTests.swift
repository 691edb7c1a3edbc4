import Foundation
import Hydron
import HydronTools
import Testing
import Waveforms

/// What the command says and leaves behind. Skipped where it is not built: `swift build --product hydron`.
@Suite(
    .serialized,
    .enabled(if: HydronBinary.built != nil, "hydron is not built: run `swift build --product hydron` first"))
struct ProcessTests {
    private let binary = HydronBinary.built

    @Test func badNetlistsEndWithTheirStatus() throws {
        let binary = try #require(binary)
        for path in Netlists.all(below: "errors") {
            let expected = ExpectedFindings(in: try String(contentsOfFile: path, encoding: .utf8))
            let outcome = try binary.run(
                ["run", path, "--no-output", "--quiet", "--dialect", expected.dialect.name])
            #expect(outcome.status == expected.status, "\(path): \(outcome.standardError)")
            // Whoever fails says why.
            #expect(outcome.status == 0 || outcome.standardError.contains("error: "), "\(path)")
        }
    }

    @Test func missingFilesAreAnInputOutputError() throws {
        let binary = try #require(binary)
        #expect(try binary.run(["run", "/nowhere/at/all.cir"]).status == 5)
        let divider = Netlists.folder + "/basics/divider.cir"
        #expect(try binary.run(["run", divider, "--csv", "/nowhere/at/all.csv"]).status == 5)
        #expect(try binary.run(["run", divider, "--no-such-option"]).status == 2)
    }

    /// Numbers that a summary can't scale by a power of ten: below 1e-308 and beyond all.
    @Test func summariesTellAnyNumber() throws {
        let binary = try #require(binary)
        let folder = try TemporaryFolder()
        let netlist = folder.file("tiny.cir")
        try """
        Fading away
        v1 a 0 4e-320
        r1 a b 1k
        r2 b 0 1k
        .op
        .tran 1 2
        .tf i(v1) v1
        .end
        """.write(toFile: netlist, atomically: true, encoding: .utf8)
        let outcome = try binary.run(["run", netlist])
        #expect(outcome.status == 0, "\(outcome.standardError)")
        #expect(outcome.standardOutput.contains("e-320"))
    }

    /// 120 damaged netlists, bytes that are no UTF-8 among them: the command ends by itself or on request, with a status
    /// that means something.
    @Test func damagedNetlistsNeverCrashTheCommand() throws {
        let binary = try #require(binary)
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(state: 42)
        let paths = Netlists.all()
        for round in 0..<120 {
            let path = paths[Int(generator.next() % UInt64(paths.count))]
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            for _ in 0..<(1 + generator.next() % 5) { Damage.apply(to: &bytes, &generator) }
            let file = folder.file("damaged.cir")
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            let outcome = try binary.run(["run", file, "--no-output", "--quiet"], after: 0.4)
            let isGood = (0...5).contains(outcome.status) || outcome.wasStopped && outcome.status == 143
            #expect(
                isGood, "round \(round) of \(path): \(outcome.status)\n\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)])
    func interruptedCommandsLeaveWholeFiles(signal: Int32, status: Int) throws {
        let binary = try #require(binary)
        let folder = try TemporaryFolder()
        let netlist = folder.file("long.cir")
        try """
        A sine that takes longer than the test waits
        v1 in 0 SIN(0 1 1meg)
        r1 in out 1k
        c1 out 0 1n
        .tran 10n 10 0 10n
        .print tran v(in) v(out)
        .end
        """.write(toFile: netlist, atomically: true, encoding: .utf8)
        let outcome = try binary.run(
            ["run", netlist, "--csv", folder.file("long.csv"), "--raw", folder.file("long.raw")], signal: signal,
            after: 0.5)
        #expect(outcome.status == status, "\(outcome.standardError)")
        #expect(folder.names == ["long.cir", "long.csv", "long.raw"])
        let csv = try #require(try WaveformReader.read(folder.file("long.csv")).first)
        let raw = try #require(try WaveformReader.read(folder.file("long.raw")).first)
        let times = csv["time"] ?? []
        #expect(times.count > 10)
        #expect(raw["time"]?.count == times.count)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }
}
