import Hydron
import HydronTools
import SpiceNetlist
import Testing
import Waveforms

/// What `hydron check` finds suspicious: messages and the text that they mark.
@Suite struct CheckTests {
    /// `message ← marked text`, of everything that the command says.
    private func findings(_ text: String, isPortable: Bool = false) -> [String] {
        let loaded = Simulation.load(text: text)
        return loaded.findings(isPortable: isPortable).map {
            "\($0.message) ← \($0.range.map { loaded.sources.text($0) } ?? "")"
        }
    }

    private static let clean = """
        A clean netlist
        .param r=1k n=2
        .func half(x) {x/n}
        .model dm d
        .subckt cell a b value=1
        r1 a b {value}
        .ends
        v1 a 0 1
        r1 a b {half(r)}
        d1 b 0 dm
        x1 a b cell value=2k
        .op
        .end

        """

    @Test func aCleanNetlistIsClean() throws { #expect(findings(Self.clean) == []) }

    /// One line more, one finding more.
    @Test(arguments: [
        (".param spare=1", "parameter 'spare' is never used ← spare"),
        (".func third(x) {x/3}", "function 'third' is never used ← third"),
        (".model qm npn", "model 'qm' is never used ← qm"),
        (".subckt never a b\nr1 a b 1\n.ends", "subcircuit 'never' is never used ← never"),
        (
            ".subckt open a b c\nr1 a b 1\n.ends\nx9 a b b open",
            "port 'c' of subcircuit 'open' is connected to nothing inside ← c"
        ),
        (".subckt s a b q=1\nr1 a b 1\n.ends\nx9 a b s", "parameter 'q' of subcircuit 's' is never used ← q"),
        ("r9 b loose 1k", "node 'loose' is connected to 'r9' alone ← r9 b loose 1k"),
        ("r9 a b 1MHz", "`1MHz` is 0.001: M means milli ← 1MHz"),
        ("r9 a b 1M", "`1M` is 0.001 ohm: M means milli ← 1M"),
        (".param big=1M\nr9 a b {big}", "`1M` is 0.001: M means milli ← 1M"),
        (".param cap=10F\nc9 a b {cap}", "`10F` is 1e-14: F means femto ← 10F"),
        ("r9 a b {2*2M}", "`2M` is 0.002: M means milli ← 2M"),
        ("r9 a b 2MΩ", "`2MΩ` is 0.002: M means milli ← 2MΩ"),
        ("v9 q 0 sin(0 1 2M)\nr9 q 0 1", "`2M` is 0.002 Hz: M means milli ← 2M"),
        ("r9 a b -5", "the resistance of r9 is negative ← -5"),
        ("v9 q 0 dc 1e9\nr9 q 0 1", "v9 is 1000000000 V ← 1e9"),
        ("c9 a b 1F", "`1F` is 1e-15 farad: F means femto ← 1F"),
        ("c9 a b -1u", "the capacitance of c9 is negative ← c9 a b -1u"),
        ("r9 a a 1k", "both ends of r9 are the same node: it does nothing ← r9 a a 1k"),
        (".param r=2k", "parameter 'r' is set twice; the last value counts ← r"),
        (".model dm d", "model 'dm' is defined twice; the first definition counts ← dm"),
    ]) func aSuspiciousLineIsFound(line: String, expected: String) throws {
        let found = findings(Self.clean.replacing(".op\n", with: line + "\n.op\n"))
        #expect(found.count == 1)
        let part = expected.split(separator: " ← ")
        #expect(found.first?.contains(part[0]) == true, "\(found)")
        #expect(found.first?.hasSuffix("← \(part[1])") == true, "\(found)")
    }

    /// What is no mistake at all.
    @Test(arguments: [
        ".PARAM BIG=1M\nR9 A B {BIG}", ".param small=1m\nr9 a b {small}", "v9 q 0 pulse(0 1 0 1M 1M 5M 10M)\nr9 q 0 1",
        "v9 q 0 1\nb9 p 0 v={v(q)}\nr9 p 0 1", "r9 a b 2MEGΩ", "v9 q 0 13k\nr9 q 0 1",
    ]) func nothingIsSaidOf(lines: String) {
        #expect(findings(Self.clean.replacing(".op\n", with: lines + "\n.op\n")) == [])
    }

    /// An error does not hide what is suspicious elsewhere, but for what needs the whole circuit.
    @Test func errorsHideNoSuspicions() {
        let found = findings(Self.clean.replacing(".op\n", with: "r9 a b\n.param spare=1\nr8 b loose 1M\n.op\n"))
        #expect(found.contains { $0.contains("parameter 'spare' is never used") }, "\(found)")
        #expect(found.contains { $0.contains("M means milli") }, "\(found)")
        #expect(!found.contains { $0.contains("'loose'") }, "\(found)")
    }

    /// A node that the call of a subcircuit alone names is found on that call.
    @Test func nodesThatNothingTouchesHaveAPlace() throws {
        let inner = ".subckt inner a b nc\nr1 a b 1\n.ends\n"
        let outer = ".subckt outer a b\nx2 a b lost inner\n.ends\n"
        let loaded = Simulation.load(text: "t\n\(inner)\(outer)v1 p 0 1\nx1 p 0 Gone inner\nx3 p 0 outer\n.op\n.end\n")
        let found = loaded.findings().filter { $0.message.contains("no path for direct current") }
        #expect(found.compactMap { $0.range.map { loaded.sources.text($0) } } == ["Gone", "lost"])
    }

    /// What is wrong about a whole circuit without simulating it.
    @Test(arguments: [
        ("c1 a x 1p\nc2 x 0 1p", "x"), ("v2 a 0 2", "v2"), ("i1 0 y 1m\nc3 y 0 1p", "y"),
    ]) func pathsAndLoopsAreChecked(lines: String, name: String) throws {
        let loaded = Simulation.load(text: Self.clean.replacing(".op\n", with: lines + "\n.op\n"))
        let simulation = try #require(loaded.simulation)
        let found = simulation.checkTopology().all
        #expect(found.contains { $0.severity == .error && $0.message.contains("'\(name)'") }, "\(found.map(\.message))")
    }

    @Test func elementsAndCardsInThePlaceOfTheTitle() {
        for first in ["r1 a 0 1k", "V1 in 0 DC 5", ".param a=1", ".include \"x.lib\""] {
            let loaded = Simulation.load(text: first + "\nv9 a 0 1\nr9 a 0 1\n.op\n.end\n")
            let finding = loaded.diagnostics.all.first { $0.message.contains("the first line is the title") }
            #expect(finding?.fixIt?.text == "Untitled\n", "\(first)")
        }
        for first in ["D1 a d dx", "X1 in out Amp", "Q1 c b e qn area=2", "mload out in vdd vdd qn w=1u"] {
            let loaded = Simulation.load(
                text: first
                    + "\nv9 a 0 1\nr9 a 0 1\n.model dx d\n.model QN npn\n.subckt amp a b\nr1 a b 1\n.ends\n.op\n.end\n")
            #expect(loaded.diagnostics.all.first?.fixIt?.text == "Untitled\n", "\(first)")
        }
        for first in ["R1 of the second board, revised", "A filter with r1 and c1", "* r1 a 0 1k", "tran of thought"] {
            let loaded = Simulation.load(text: first + "\nv9 a 0 1\nr9 a 0 1\n.op\n.end\n")
            #expect(loaded.diagnostics.all.isEmpty, "\(first)")
        }
    }

    /// A script's analyses become cards where the netlist has none of its own, and only once.
    @Test func scriptsBecomeCards() throws {
        let text =
            "t\nv1 a 0 1 ac 1\nr1 a 0 1k\n.control\nop\nprint v(a) all\nac dec 1 1 10\nplot vdb(a) v(a)*2\n.endc\n.end\n"
        let loaded = Simulation.load(text: text, path: "x.cir")
        let fixIt = try #require(loaded.diagnostics.all.compactMap { $0.anyFixIt(in: loaded.sources) }.first)
        #expect(fixIt.text == ".op\n.print op v(a)\n.ac dec 1 1 10\n.print ac vdb(a)\n")
        var bytes = Array(text.utf8)
        bytes.replaceSubrange(Int(fixIt.range.start)..<Int(fixIt.range.end), with: Array(fixIt.text.utf8))
        let mended = Simulation.load(text: String(decoding: bytes, as: UTF8.self), path: "x.cir")
        #expect(mended.diagnostics.all.allSatisfy { $0.anyFixIt(in: mended.sources) == nil })
        let recorder = TableRecorder()
        #expect(try #require(mended.simulation).run(recorder).failure == nil && recorder.tables.count == 2)
    }

    @Test func whatAnotherSimulatorReadsOtherwise() throws {
        let text = "t\nv1 a gnd 1\nr1 a 0 {log(1X)}\nr3 a 0 4k7\nb1 0 b i=1\nr2 b 0 1k\n.op\n.end\n"
        #expect(findings(text).allSatisfy { !$0.contains("xyce") })
        let found = findings(text, isPortable: true)
        for part in ["`gnd` is ground", "`log` is the natural logarithm", "`1X` is read as 1", "`4k7` is 4700 here"] {
            #expect(found.contains { $0.contains(part) }, "\(part): \(found)")
        }
    }

    /// A netlist that was mended says nothing more of what was mended.
    @Test func fixItsMend() throws {
        let text = "r1 a 0 1MHz\nv1 a 0 1\nc1 a 0 1F\nr2 a 0 1M\n.tran 1u 1m\n.print tran v(b)\n.end\n"
        let loaded = Simulation.load(text: text, path: "x.cir")
        let fixIts = loaded.diagnostics.all.compactMap { $0.anyFixIt(in: loaded.sources) }
        #expect(fixIts.count >= 3)
        var bytes = Array(text.utf8)
        for fixIt in fixIts.sorted(by: { $0.range.start > $1.range.start }) {
            bytes.replaceSubrange(Int(fixIt.range.start)..<Int(fixIt.range.end), with: Array(fixIt.text.utf8))
        }
        let mended = Simulation.load(text: String(decoding: bytes, as: UTF8.self), path: "x.cir")
        let left = mended.diagnostics.all.compactMap { $0.anyFixIt(in: mended.sources) }
        // The title that was an element is an element now, with a mistake of its own that could not be seen before.
        #expect(left.count <= 1)
        #expect(!mended.diagnostics.all.contains { $0.message.contains("title") || $0.message.contains("femto") })
    }
}
