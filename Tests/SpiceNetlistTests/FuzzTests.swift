import Testing

@testable import SpiceNetlist

@Suite struct FuzzTests {
    private static let seeds = [
        """
        title
        .param a=1 b={a*2} f(x)={x**2}
        .subckt s a b params: r=1k
        R1 a b {r*(1+{x})} tc=1,2 ; comment
        .ends s
        V1 in 0 PULSE(0 1 1n 1n 1n 5n 10n) AC 1
        B1 out 0 V = v(in)*2 + table {v(a,b)} = (0,0) (1,1)
        E1 x 0 POLY(2) (1,0) (2,0) 0 1 1
        .if (a == 1)
        C1 a b 1u $ comment
        .elseif (b>2)
        .endif
        .print tran v(a) {v(b)*2} i(v1) @m1[gm] 'x+1' format=csv
        .func g(x,y) 'x?y:3'
        .data d
        + a b
        1 2
        .enddata
        .meas tran t TRIG v(1) VAL=0.5 RISE=1 TARG v(2) VAL=1
        .control
        run
        .endc
        .lib "x" y
        .include nothing
        .end
        """
    ]
    private static let pieces: [[UInt8]] = [
        "{", "}", "(", ")", "'", "\"", "=", ",", "\n+", "\r\n", "\n", ";", "$", " ", "**", "v(", "1e", "é", "\0", "*",
        "@",
        "[", "table ", "poly(", ".ends", ".subckt", ".if", ".lib a\n", ".endl", "?", ":", "!", "#", "//", "^",
        "\u{FEFF}",
    ].map { Array($0.utf8) }

    @Test(arguments: Dialect.all)
    func mutatedNetlistsNeverCrash(dialect: Dialect) {
        var generator = SeededGenerator(state: 4)
        for _ in 0..<3000 {
            var bytes = Array((Self.seeds.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...12, using: &generator) { Self.mutate(&bytes, &generator) }
            var diagnostics = Diagnostics()
            let text = String(decoding: bytes, as: UTF8.self)
            let (netlist, sources) = Parser.parse(
                text: text, path: "/nonexistent/fuzz.cir", dialect: dialect, diagnostics: &diagnostics)
            netlist?.readEverything(&diagnostics)
            let renderer = DiagnosticRenderer(sources, colour: true)
            for diagnostic in diagnostics.all { #expect(!renderer.render(diagnostic).isEmpty) }
        }
    }

    @Test func randomBytesNeverCrash() throws {
        var generator = SeededGenerator(state: 5)
        let folder = try TemporaryFolder()
        for _ in 0..<300 {
            let count = Int.random(in: 0...400, using: &generator)
            let random = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let path = try folder.write("fuzz.cir", bytes: Array("t\nR1 a b {".utf8) + random)
            var diagnostics = Diagnostics()
            let (netlist, sources) = Parser.parse(file: path, dialect: .xyce, diagnostics: &diagnostics)
            netlist?.readEverything(&diagnostics)
            _ = DiagnosticRenderer(sources).render(diagnostics)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
        case 1:
            let end = min(bytes.count, place + Int.random(in: 1...20, using: &generator))
            bytes.removeSubrange(place..<end)
        case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        default:
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...60, using: &generator))
            bytes.insert(contentsOf: Array(bytes[start..<end]), at: place)
        }
    }
}
