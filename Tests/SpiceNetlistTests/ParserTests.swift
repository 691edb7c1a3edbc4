import Testing

@testable import SpiceNetlist

@Suite struct ParserTests {
    func kinds(_ netlist: Netlist) -> [Card.Kind] { netlist.top.cards.map(\.kind) }

    @Test func theFirstLineIsTheTitle() throws {
        var diagnostics = Diagnostics()
        let (parsed, _) = Parser.parse(text: "  R1 a b 1\nR2 a b 2", dialect: .ngspice, diagnostics: &diagnostics)
        let netlist = try #require(parsed)
        #expect(netlist.title == "R1 a b 1")
        #expect(kinds(netlist) == [.element(UInt8(ascii: "r"))])
        #expect(diagnostics.all.map(\.message) == ["the first line is the title, so this element is not read"])
    }

    @Test func aDotCardAsTitleIsWarnedAbout() {
        var diagnostics = Diagnostics()
        _ = Parser.parse(text: ".tran 1n 1u\n", dialect: .ngspice, diagnostics: &diagnostics)
        #expect(diagnostics.all.map(\.message) == ["the first line is the title, so this `.tran` is not read"])
    }

    @Test(arguments: [
        "X1 a 0 sub", "M1 d g s 0 nmos w=1u", "E1 a 0 d 0 2", "B1 d 0 v=1", "S1 a 0 d 0 sw", "T1 a 0 d 0 z0=50 td=1n",
        "P1 0 d g synapse", "Vin d 0 dc 1", "Rload d 0 {rl}", "F1 d 0 v1 2",
    ]) func elementsOnTheFirstLineAreNoticed(title: String) throws {
        var diagnostics = Diagnostics()
        _ = Parser.parse(text: title + "\nR2 a b 1\n.end\n", dialect: .ngspice, diagnostics: &diagnostics)
        #expect(diagnostics.all.map(\.message) == ["the first line is the title, so this element is not read"])
    }

    @Test(arguments: [
        "Low pass of one pole", "R2R ladder, 8 bits", "Simple circuit with 2 resistors", "Common emitter with feedback",
        "D flip flop from gates", "Measured at 0 V and 5 V", "Test of B sources: v=1 and i=2",
    ]) func titlesAreNoElements(title: String) throws {
        var diagnostics = Diagnostics()
        _ = Parser.parse(text: title + "\nR2 a b 1\n.end\n", dialect: .ngspice, diagnostics: &diagnostics)
        #expect(diagnostics.all.isEmpty)
    }

    @Test(arguments: ["", "title", "title\n", "\n", "\u{FEFF}", "\u{FEFF}title", "\r\n", "title\r\n.end"])
    func emptyNetlistsAreRead(text: String) throws {
        var diagnostics = Diagnostics()
        let (netlist, _) = Parser.parse(text: text, dialect: .ngspice, diagnostics: &diagnostics)
        #expect(try #require(netlist).top.cards.isEmpty)
        #expect(diagnostics.all == [])
        #expect(try #require(netlist).title == (text.contains("title") ? "title" : ""))
    }

    @Test func lineEndsByteOrderMarkAndMissingNewlineChangeNothing() throws {
        let text = "title\nR1 a b 1k\nV1 a 0\n+ 5\n.op\n.end\n"
        let plain = try words(of: text)
        #expect(plain == [["R1", "a", "b", "1k"], ["V1", "a", "0", "5"], [".op"]])
        #expect(try words(of: text.replacing("\n", with: "\r\n")) == plain)
        #expect(try words(of: "\u{FEFF}" + text) == plain)
        #expect(try words(of: String(text.dropLast(6))) == plain)
    }

    private func words(of text: String) throws -> [[String]] {
        var diagnostics = Diagnostics()
        let (parsed, _) = Parser.parse(text: text, dialect: .ngspice, diagnostics: &diagnostics)
        let netlist = try #require(parsed)
        var statement = Statement()
        let words = netlist.top.cards.map { card in
            netlist.decode(card, into: &statement, diagnostics: &diagnostics)
            return netlist.show(statement)
        }
        #expect(diagnostics.all == [])
        return words
    }

    @Test func commentsFollowTheDialect() throws {
        let text = "* a\n# b\n  indented x 1\nR1 a b 1\n  * c\n; d\n"
        #expect(try kinds(netlist(text)) == [.element(UInt8(ascii: "i")), .element(UInt8(ascii: "r"))])
        #expect(try kinds(netlist(text.replacing("# b\n", with: ""), .xyce)) == [.element(UInt8(ascii: "r"))])
        assertDiagnoses("1️⃣# b", "a line must begin with a letter, `.`, `*` or `+`", dialect: .xyce)
    }

    @Test func nothingIsReadBehindEnd() throws {
        let netlist = try netlist("R1 a b 1\n.END\nR2 a b 2\n.bogus")
        #expect(netlist.top.cards.count == 1)
    }

    @Test func aContinuationNeedsACard() {
        assertDiagnoses("* comment\n1️⃣+ b", "`+` continues nothing: no card stands before it in this file")
    }

    @Test func aliasesNameTheSameDirective() throws {
        let netlist = try netlist(
            ".option a=1\n.opt a=1\n.OPTIONS a=1\n.measure tran x max v(1)\n.meas tran y max v(1)\n.ic v(1)=0")
        #expect(
            kinds(netlist)
                == [Directive.options, .options, .options, .measure, .measure, .initialCondition].map {
                    .directive($0)
                })
    }

    @Test func unknownDotCardsAreSkippedWithASuggestion() {
        assertDiagnoses("1️⃣.trna 1n 1u", "`.trna` is not known and is skipped")
        var diagnostics = Diagnostics()
        let (netlist, _) = Parser.parse(text: "t\n.trna 1n 1u", dialect: .ngspice, diagnostics: &diagnostics)
        #expect(diagnostics.all.first?.hint == "did you mean `.tran`?")
        #expect(netlist?.top.cards.map(\.kind) == [.directive(.unknown)])
    }

    @Test func controlBlocksAreSkippedWithOneWarning() throws {
        assertDiagnoses(
            "R1 a b 1\n1️⃣.control\nrun\nplot v(a)\nplot v(b)\n* x\n.endc\nR2 a b 1",
            "the `.control` block is skipped: `run`, `plot`")
        assertDiagnoses("1️⃣.control\nrun", "`.control` has no `.endc`")
    }

    @Test func dataTablesAreOneCard() throws {
        for text in [".data d\n+ f m\n+ 1 2\n.enddata\n.op", ".DATA d f m\n1 2\n.EndData\n.op"] {
            let netlist = try netlist(text)
            #expect(kinds(netlist) == [.directive(.data), .directive(.op)])
            var statement = Statement()
            var diagnostics = Diagnostics()
            netlist.decode(netlist.top.cards[0], into: &statement, diagnostics: &diagnostics)
            #expect(netlist.show(statement).dropFirst() == ["d", "f", "m", "1", "2"])
        }
        assertDiagnoses("1️⃣.data d 1 2", "`.data` has no `.enddata`")
    }

    @Test func conditionsAskWithOneEqualsSign() throws {
        var found = Diagnostics()
        let asked = try netlist(".if (a = 1 && b)\n.endif")
        let names = asked.condition(asked.top.cards[0], diagnostics: &found)?.referencedNames
        #expect(names == ["a", "b"])
        #expect(found.all == [])
    }

    @Test func conditionsStayInOrderAndAreBalanced() throws {
        let netlist = try netlist(".if (a == 1)\nR1 a b 1\n.elseif (a>2)\n.else\n.endif")
        #expect(
            kinds(netlist) == [
                .directive(.if), .element(UInt8(ascii: "r")), .directive(.elseif), .directive(.else),
                .directive(.endif),
            ])
        var diagnostics = Diagnostics()
        #expect(netlist.condition(netlist.top.cards[0], diagnostics: &diagnostics)?.described == "(a == 1)")
        assertDiagnoses("1️⃣.if(a)", "`.if` has no `.endif`")
        assertDiagnoses("1️⃣.endif", "`.endif` without `.if`")
        assertDiagnoses("1️⃣.else", "`.else` without `.if`")
    }

    @Test func subcircuitsNest() throws {
        let netlist = try netlist(
            """
            .subckt outer a b PARAMS: r=1k c={2*r}
            .subckt inner x y w=1
            R1 x y 1
            .ends inner
            X1 a b inner
            .ends
            .macro other in
            .eom other
            X2 1 2 outer
            """)
        #expect(
            kinds(netlist) == [.subcircuit(0), .subcircuit(1), .element(UInt8(ascii: "x"))])
        let outer = netlist.top.subcircuits[0]
        func text(_ token: Token) -> String { netlist.sources.text(token.range) }
        #expect(text(outer.name) == "outer")
        #expect(outer.ports.map(text) == ["a", "b"])
        #expect(outer.parameters.map { text($0.name) + "=" + text($0.value) } == ["r=1k", "c=2*r"])
        #expect(outer.body.cards.map(\.kind) == [.subcircuit(0), .element(UInt8(ascii: "x"))])
        #expect(outer.body.subcircuits[0].parameters.count == 1)
        #expect(netlist.sources.text(outer.range).hasSuffix(".ends"))
    }

    @Test func unbalancedSubcircuitsAreReported() {
        assertDiagnoses(".subckt 1️⃣a 1 2\nR1 1 2 1", "subcircuit `a` has no `.ends`")
        assertDiagnoses("1️⃣.ends", "`.ends` without `.subckt`")
        assertDiagnoses("1️⃣.subckt\n.ends", "`.subckt` has no name")
        assertDiagnoses(".subckt a 1\n.ends 1️⃣b", "`.ends b` closes the subcircuit `a`")
        assertDiagnoses(".subckt a 1 x=1 1️⃣2\n.ends", "`2` is neither a port nor `name=value`")
        assertDiagnoses(
            ".subckt 2️⃣a 1\n.subckt b 1\n.ends 1️⃣a\nR1 1 2 3", "`.ends a` closes the subcircuit `b`",
            "subcircuit `a` has no `.ends`")
    }

    @Test func collectingStopsAtTwentyErrors() {
        var diagnostics = Diagnostics()
        let text = "t\n" + String(repeating: "?\n", count: 100)
        _ = Parser.parse(text: text, dialect: .ngspice, diagnostics: &diagnostics)
        #expect(diagnostics.errorCount == 20)
    }

    @Test func dialectsAreFoundByName() {
        #expect(Dialect(name: "Xyce") == .xyce)
        #expect(Dialect(name: "spectre") == nil)
        #expect(Dialect.ngspice.isGround("gnd"))
        #expect(!Dialect.xyce.isGround("gnd"))
        #expect(Dialect.xyce.isGround("gnd", replacingGround: true))
    }

    @Test func groundReplacementIsAskedForByACard() throws {
        #expect(try netlist("R1 a b 1\n.PREPROCESS ReplaceGround TRUE", .xyce).replacesGround)
        #expect(try !netlist(".preprocess replaceground false", .xyce).replacesGround)
    }
}
