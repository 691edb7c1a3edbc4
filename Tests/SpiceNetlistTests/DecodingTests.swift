import Testing

@testable import SpiceNetlist

@Suite struct DecodingTests {
    @Test(arguments: [
        ("R123 n_12 n_13 4.7k", ["R123", "n_12", "n_13", "4.7k"]),
        ("V1 a 0 PULSE(0 1, 2n)", ["V1", "a", "0", "PULSE", "0", "1", "2n"]),
        ("M1 d g s b nmos w = 2u l=1u", ["M1", "d", "g", "s", "b", "nmos", "w=2u", "l=1u"]),
        ("R1 a b {x*(1+{y})} tc=1,2", ["R1", "a", "b", "{x*(1+{y})}", "tc=1", "2"]),
        ("R1 a b 'x*2' ; comment", ["R1", "a", "b", "{x*2}"]),
        ("R1 a b 1k $ comment", ["R1", "a", "b", "1k"]),
        ("R1 a b 1k // comment", ["R1", "a", "b", "1k"]),
        ("V1 a 0 PWL FILE \"my file.csv\"", ["V1", "a", "0", "PWL", "FILE", "\"my file.csv\""]),
        ("E1 a 0 POLY(2) (1,0) (2,0) 0 1", ["E1", "a", "0", "POLY", "2", "1", "0", "2", "0", "0", "1"]),
        ("E1 a 0 TABLE {v(1)} = (0,0) (1,1)", ["E1", "a", "0", "TABLE", "{v(1)}", "0", "0", "1", "1"]),
        ("R1 a b r=5*(3+2)", ["R1", "a", "b", "r={5*(3+2)}"]),
        ("R1 a b r=-5 x=1e-3 y=1.5e+3meg", ["R1", "a", "b", "r=-5", "x=1e-3", "y=1.5e+3meg"]),
        ("B1 a 0 v=v(1)*2 tc1=1", ["B1", "a", "0", "v={v(1)*2}", "tc1=1"]),
        ("R1 row[0:1023] b 1k", ["R1", "row[0:1023]", "b", "1k"]),
        ("X1 a b sub file=\"a;b.csv\"", ["X1", "a", "b", "sub", "file=\"a;b.csv\""]),
        ("R1 a b {x}*2", ["R1", "a", "b", "{{x}*2}"]),
        ("R1 a\tb\t1k", ["R1", "a", "b", "1k"]),
        ("R1", ["R1"]),
    ])
    func wordsAreSplit(text: String, expected: [String]) throws {
        #expect(try words(text) == expected)
    }

    @Test(arguments: [
        ("B1 1 0 V = 5 * v(1) + 2 tc1 = 3", ["B1", "1", "0", "V={5 * v(1) + 2}", "tc1=3"]),
        (".param a = 1 b = a + 2, c = {a}", [".param", "a=1", "b={a + 2}", "c={a}"]),
        (".param a = b == 2 ? 1 : 3 d=4", [".param", "a={b == 2 ? 1 : 3}", "d=4"]),
        (".param a = b >= 2 d=4", [".param", "a={b >= 2}", "d=4"]),
        (".param f(x, y) = {x*y} g(x)='x*2'", [".param", "f(x, y)={x*y}", "g(x)={x*2}"]),
        (".param a={x}*{y} b=2", [".param", "a={{x}*{y}}", "b=2"]),
        (".param a=-5 b=-x", [".param", "a=-5", "b={-x}"]),
        ("B1 1 0 I={TABLE {v(1)} = (0,0) (1,1)}", ["B1", "1", "0", "I={TABLE {v(1)} = (0,0) (1,1)}"]),
    ])
    func freeExpressionsRunToTheNextName(text: String, expected: [String]) throws {
        #expect(try words(text, free: true) == expected)
    }

    @Test func quantitiesStayWholeWhereAsked() throws {
        let netlist = try netlist(".ic v(a)=5 v(b) = 3\n.meas tran x FIND v(a,b) WHEN v(c)=v(d) RISE=1")
        var statement = Statement()
        var diagnostics = Diagnostics()
        netlist.decodeKeepingCalls(netlist.top.cards[0], into: &statement, diagnostics: &diagnostics)
        #expect(netlist.show(statement) == [".ic", "{v(a)}=5", "{v(b)}=3"])
        netlist.decodeKeepingCalls(netlist.top.cards[1], into: &statement, diagnostics: &diagnostics)
        #expect(
            netlist.show(statement) == [
                ".meas", "tran", "x", "FIND", "{v(a,b)}", "WHEN", "{v(c)}={v(d)}", "RISE=1",
            ])
        #expect(diagnostics.all == [])
    }

    @Test func dollarIsANameCharacterInXyce() throws {
        #expect(try words("R1 a $b 1k", .xyce) == ["R1", "a", "$b", "1k"])
        #expect(try words("R1 a b$c 1k $x", .ngspice) == ["R1", "a", "b$c", "1k"])
    }

    @Test func linesContinueAcrossCommentsAndBlankLines() throws {
        let text = "R1 a ; first\n* comment\n\n   \n+ b\n+1k\nR2 c d 2"
        #expect(try words(text) == ["R1", "a", "b", "1k"])
        #expect(try words(text, .xyce) == ["R1", "a", "b", "1k"])
        #expect(try words(text.replacing("\n", with: "\r\n")) == ["R1", "a", "b", "1k"])
    }

    @Test func bracesSpanContinuationLines() throws {
        let netlist = try netlist("R1 a b {x +\n* note\n+ 2*(y\n+ )}\nR2 c d 2")
        var statement = Statement()
        var diagnostics = Diagnostics()
        netlist.decode(netlist.top.cards[0], into: &statement, diagnostics: &diagnostics)
        let expression = try #require(netlist.expression(statement.fields[2].value, diagnostics: &diagnostics))
        #expect(expression.described == "(x + (2 * y))")
        #expect(netlist.top.cards.count == 2)
    }

    @Test func unbalancedMarksAreReportedWhereTheyOpen() {
        assertDiagnoses("R1 a b 1️⃣{x", "`{` is never closed")
        assertDiagnoses("R1 a b 1️⃣'x", "`'` is never closed")
        assertDiagnoses("R1 a b file=1️⃣\"x", "`\"` is never closed")
        assertDiagnoses("V1 a 0 PULSE1️⃣(0 1", "`(` is never closed")
        assertDiagnoses("V1 a 0 0 11️⃣)", "`)` without `(`")
        assertDiagnoses("R1 a b x1️⃣}", "`}` without `{`")
        assertDiagnoses("R1 a b r=1️⃣(x+2", "`(` is never closed")
        assertDiagnoses("R1 a b 1️⃣r=", "`r =` has no value")
    }

    @Test func suspectNumbersAreReportedOnce() throws {
        let netlist = try netlist("C1 a b 1F\nR1 a b 1MHz\nR2 a b 1kfoo")
        var statement = Statement()
        var diagnostics = Diagnostics()
        for card in netlist.top.cards {
            netlist.decode(card, into: &statement, diagnostics: &diagnostics)
            for _ in 0..<2 {
                let isCapacitor = card.kind == .element(UInt8(ascii: "c"))
                _ = netlist.number(
                    statement.fields[2].value, meaning: isCapacitor ? .capacitance : .unknown, diagnostics: &diagnostics
                )
            }
        }
        #expect(
            diagnostics.all.map(\.message) == [
                "`1F` is 1e-15 farad: F means femto", "`1MHz` is 0.001: M means milli",
                "`1kfoo` ends with letters that are no known unit; read as 1000.0",
            ])
    }
}
