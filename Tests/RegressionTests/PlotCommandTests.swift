import Foundation
import Testing

/// `hydron plot` as a process: pictures where gnuplot is installed, a way out where it is not.
@Suite(.enabled(if: HydronBinary.built != nil, "hydron is not built: run `swift build --product hydron` first"))
struct PlotCommandTests {
    private static let netlist = "t\nv1 a 0 sin(0 1 1k)\nr1 a b 1k\nc1 b 0 100n\n.tran 10u 2m\n.end\n"

    @Test(arguments: [("svg", "<?xml"), ("png", "\u{89}PNG"), ("pdf", "%PDF")])
    func aNetlistBecomesAPicture(ending: String, beginning: String) throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try Self.netlist.write(toFile: folder.file("x.cir"), atomically: true, encoding: .utf8)
        let picture = folder.file("x.\(ending)")
        let outcome = try binary.run(["plot", folder.file("x.cir"), "v(a)", "v(b)", "-o", picture])
        let drawn = FileManager.default.contents(atPath: picture)
        if outcome.status == 0 {
            let start = try #require(drawn).prefix(beginning.unicodeScalars.count)
            #expect(Array(start) == beginning.unicodeScalars.map { UInt8($0.value) })
        } else {
            // Nothing is left behind, and the message names what to install.
            #expect(drawn == nil)
            #expect(outcome.standardError.contains("gnuplot"), "\(outcome.standardError)")
        }
    }

    /// What the netlist does not print can be drawn too; what it does not have, and a window without points, are mistakes.
    @Test(arguments: [
        ("v(b)-v(a)", [], 0, ""), ("@r1[p]", [], 0, ""), ("v(nix)", [], 2, "no node 'nix'"),
        ("v(a)", ["--from", "2m", "--to", "1m"], 2, "would have no width"),
        ("v(a)", ["--from", "3m"], 2, "time goes from 0s to 2ms"),
    ])
    func anyQuantityOfANetlistIsDrawn(item: String, options: [String], status: Int, message: String) throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        try Self.netlist.replacing(".end", with: ".print tran v(a)\n.end")
            .write(toFile: folder.file("x.cir"), atomically: true, encoding: .utf8)
        let outcome = try binary.run(["plot", folder.file("x.cir"), item, "--size", "80x20"] + options)
        if outcome.standardError.contains("gnuplot") { return }
        #expect(outcome.status == status, "\(outcome.standardError)")
        #expect(message.isEmpty || outcome.standardError.contains(message), "\(outcome.standardError)")
        if status == 0 { #expect(outcome.standardOutput.contains(item)) }
    }

    /// Small changes of large values have ticks that differ.
    @Test func ticksTellSmallChanges() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        let rows = (0..<50).map { "\($0)e-6,\(1 + 1e-9 * Double($0))\n" }.joined()
        try ("time,v(a)\n" + rows).write(toFile: folder.file("x.csv"), atomically: true, encoding: .utf8)
        let outcome = try binary.run(["plot", folder.file("x.csv"), "--size", "80x24"])
        if outcome.standardError.contains("gnuplot") { return }
        #expect(outcome.status == 0 && outcome.standardOutput.contains("1.0000000"), "\(outcome.standardOutput)")
    }

    private static let curves = ["time,v(a),v(b)\n0,0,1\n1,1,1\n2,4,1\n", "time,v(a),v(b)\n0,0,1\n1,2,1\n2,4,1\n"]

    /// `hydron compare --plot`: the verdict stands, and the picture names both curves and their difference.
    @Test func aDifferenceIsDrawn() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try TemporaryFolder()
        for (name, text) in zip(["gold.csv", "test.csv"], Self.curves) {
            try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
        }
        let files = [folder.file("gold.csv"), folder.file("test.csv")]
        let picture = folder.file("x.svg")
        let outcome = try binary.run(["compare"] + files + ["--plot", picture])
        let drawn = FileManager.default.contents(atPath: picture).map { String(decoding: $0, as: UTF8.self) }
        if outcome.status == 1 {
            let svg = try #require(drawn)
            for name in ["golden v(a)", "v(a) - golden", "difference"] { #expect(svg.contains(name), "\(name)") }
        } else {
            #expect(drawn == nil)
            #expect(outcome.standardError.contains("gnuplot"), "\(outcome.standardError)")
        }
        let wrong = try binary.run(["compare"] + files + ["--plot", folder.file("x.txt")])
        #expect(wrong.status == 2)
        #expect(wrong.standardError.contains("does not end in .svg, .png or .pdf"), "\(wrong.standardError)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("x.txt")))
    }
}
