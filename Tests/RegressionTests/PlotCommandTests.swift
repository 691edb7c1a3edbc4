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
}
