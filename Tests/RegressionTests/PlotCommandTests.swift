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
