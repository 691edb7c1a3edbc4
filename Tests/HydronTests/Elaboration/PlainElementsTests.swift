import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// Cards read by the batch give the circuit, the names and the diagnostics that reading each with all care gives.
@Suite struct PlainElementsTests {
    @Test(arguments: ["ngspice", "xyce", "hspice", "ltspice"])
    func randomCardsGiveTheSameBothWays(dialect: String) throws {
        let dialect = try #require(Dialect(name: dialect))
        var generator = SplitMix(state: 11)
        for round in 0..<60 {
            // More than a batch, and few names: twins and shorts come about.
            let cards = (0..<(round % 3 == 0 ? 200 : 20)).map { _ in card(&generator, names: 40 + round * 20) }
            let text = "title\n" + cards.joined(separator: "\n") + "\n.op\n.end\n"
            try expectSame(text, dialect)
        }
    }

    @Test func aTwinInTheMiddleOfABatchIsReportedWhereItStands() throws {
        let cards = (0..<150).map { "r\($0 == 100 ? 30 : $0) n\($0) n\($0 + 1) 1k" }
        let text = "title\n" + cards.joined(separator: "\n") + "\n"
        try expectSame(text, .ngspice)
        let loaded = Simulation.load(text: text)
        #expect(loaded.diagnostics.all.map(\.message) == ["'r30' is the name of two elements"])
        #expect(loaded.sources.location(of: try #require(loaded.diagnostics.all[0].range)).line == 102)
    }

    @Test func branchesAndNodesKeepTheirOrder() throws {
        let text = "title\nv1 a 0 5\nr1 a b 1k\nl1 b c 1m\nc1 c d 1u\ni1 d 0 1m\nr2 d GND 1\n"
        try expectSame(text, .ngspice)
        let circuit = try #require(Simulation.load(text: text).simulation).circuit
        #expect(
            (0..<circuit.unknowns.count).map { circuit.unknowns.name($0) }
                == ["0", "a", "v1#branch", "b", "c", "l1#branch", "d"])
    }

    @Test func plainCardsAreReadByTheBatch() throws {
        var diagnostics = Diagnostics()
        let text = "title\nr1 a b 1k\nC1 b 0 1u\nr2 a b 1k tc1=0\nr3 b c 1k\nr4 b gnd 1k\n"
        let netlist = try #require(Parser.parse(text: text, dialect: .ngspice, diagnostics: &diagnostics).netlist)
        let plain = PlainElements(netlist, grounds: ["gnd"], temperature: 300)
        #expect(plain.read(netlist.top.cards, from: 0) && plain.count == 2)
        #expect(!plain.read(netlist.top.cards, from: 2))
        #expect(plain.read(netlist.top.cards, from: 3) && plain.count == 1)
        #expect(!plain.read(netlist.top.cards, from: 4))
    }

    // MARK: - Both ways

    private func expectSame(
        _ text: String, _ dialect: Dialect, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        var (plainly, carefully) = (Diagnostics(), Diagnostics())
        let netlist = try #require(
            Parser.parse(text: text, dialect: dialect, diagnostics: &plainly).netlist, sourceLocation: sourceLocation)
        carefully = plainly
        let plain = Elaborator.attempt(netlist, overrides: .none, diagnostics: &plainly)
        let careful = Elaborator.attempt(
            netlist, overrides: .none, readingPlainCards: false, diagnostics: &carefully)
        #expect(plainly.all == carefully.all, "\(text)", sourceLocation: sourceLocation)
        #expect(
            description(plain.circuit) == description(careful.circuit), "\(text)", sourceLocation: sourceLocation)
        #expect(plain.broken == careful.broken, "\(text)", sourceLocation: sourceLocation)
    }

    /// Everything in a circuit but where its tables lie in memory.
    private func description(_ circuit: Circuit) -> [String] {
        (0..<circuit.unknowns.count).map { "\(circuit.unknowns.kind($0)) \(circuit.unknowns.name($0))" }
            + (0..<circuit.elements.names.count).map { circuit.elements.names.name(of: UInt32($0)) }
            + circuit.elements.references.map { "\($0)" } + circuit.populations.map { "\($0)" }
            + circuit.initialConditions.map { "\($0)" }
    }

    // MARK: - Random cards

    private func card(_ generator: inout SplitMix, names: Int) -> String {
        func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &generator)] }
        func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
        let letter = pick(["r", "R", "c", "l", "v", "I", "d", "g", "k"])
        let name = "\(letter)\(pick(["", "x_", "a/b", "Long_Name_Of_An_Element_"]))\(number(names))"
        func node() -> String {
            number(6) == 0
                ? pick(["0", "gnd", "GND", "Gnd!", "ground", "g1", "n//1", "a/b", "$x", "n$1", "00", "é"])
                : "\(pick(["n", "N", "net_", "a_much_longer_node_name."]))\(number(names))"
        }
        let value = pick([
            "1k", "2.2Meg", "1e-3", "4k7", "-5", "0", "1e-16", "1e999", "1F", "1M", "5A", "3x", "7ohm", "8wat", ".5",
            "+3", "1e308", "1n", "nan", "p", "{1+1}", "'2'", "\"t\"",
        ])
        let gap = pick([" ", "  ", "\t", " \t "])
        var words = [name, node(), node(), value]
        if number(12) == 0 { words.removeLast(number(3) + 1) }
        if number(12) == 0 { words.append(pick(["2", "tc1=1m", "m=2", "ic=1", "ac 1", "rmod", ")", "(", ", 3", "="])) }
        var text = words.joined(separator: gap)
        if number(12) == 0 {
            text += pick([" ; remark", " $ remark", " // remark", " ", "\r", "\n+ m=2", "\n* remark"])
        }
        if number(20) == 0 { text = pick(["* remark", ".param p=3", "", ".model rmod r (rsh=1)"]) }
        return text
    }

    /// A small reproducible generator.
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }
}
