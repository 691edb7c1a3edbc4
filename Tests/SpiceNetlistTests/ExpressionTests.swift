import Testing

@testable import SpiceNetlist

extension Expression {
    /// Fully parenthesised.
    var described: String {
        switch self {
        case .number(let value, _): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        case .name(let name, _): name
        case .string(let text, _): "\"\(text)\""
        case .unary(let operation, let operand, _): "(\(operation.rawValue)\(operand.described))"
        case .binary(let operation, let left, let right, _):
            "(\(left.described) \(operation.rawValue) \(right.described))"
        case .conditional(let condition, then: let yes, otherwise: let no, _):
            "(\(condition.described) ? \(yes.described) : \(no.described))"
        case .call(let name, let arguments, _):
            "\(name)(\(arguments.map(\.described).joined(separator: ", ")))"
        case .probe(let probe, _):
            "<\(probe.kind.rawValue)\(probe.part?.rawValue ?? "")\(probe.terminal.map { "." + $0 } ?? "") "
                + probe.arguments.joined(separator: "|") + ">"
        }
    }
}

@Suite struct ExpressionTests {
    func read(_ text: String, _ dialect: Dialect = .ngspice) -> String {
        var sources = SourceMap()
        let file = sources.addText(text, path: "x")
        let netlist = Netlist(sources: sources, dialect: dialect, title: "", top: Block())
        var diagnostics = Diagnostics()
        let range = SourceRange(file: file, start: 0, end: UInt32(text.utf8.count))
        let expression = netlist.expression(range, diagnostics: &diagnostics)
        #expect((expression == nil) == diagnostics.hasErrors)
        return expression?.described ?? "error: \(diagnostics.all.first?.message ?? "?")"
    }

    @Test(arguments: [
        ("1+2*3", "(1 + (2 * 3))"), ("-2**2", "(-(2 ** 2))"), ("2**3**2", "((2 ** 3) ** 2)"),
        ("2^3", "(2 ** 3)"), ("2**-1", "(2 ** -1)"), ("a-b-c", "((a - b) - c)"), ("-5", "-5"), ("--x", "(-(-x))"),
        ("a?b:c?d:e", "(a ? b : (c ? d : e))"), ("a||b&&c", "(a || (b && c))"), ("a^^b", "(a ^^ b)"),
        ("!a==b", "((!a) == b)"), ("a<b==c>=d", "((a < b) == (c >= d))"), ("a&b|~c", "((a & b) || (!c))"),
        ("a<>b", "(a != b)"), ("7%4", "(7 % 4)"), ("{a + {b}}*'c'", "((a + b) * c)"), ("2k*1meg", "(2000 * 1000000)"),
        ("1.5e-3+x", "(0.0015 + x)"), ("Max(A, b ,3)", "max(a, b, 3)"), ("time", "time"), ("f()", "f()"),
        ("a ? 1:2", "(a ? 1 : 2)"), ("a!=b", "(a != b)"), ("table(\"File.CSV\")", "table(\"File.CSV\")"),
        ("a % 2", "(a % 2)"), ("5%2", "(5 % 2)"), ("(a)*(b)", "(a * b)"),
    ])
    func operatorsBindAsInSpice(text: String, expected: String) {
        #expect(read(text) == expected.replacing(" & ", with: " && "))
    }

    @Test(arguments: [
        ("V(Out)", "<v out>"), ("v( a , b )", "<v a|b>"), ("vm(a)", "<vm a>"), ("vdb(a,b)", "<vdb a|b>"),
        ("i(V1)", "<i v1>"), ("id(m1)", "<i.d m1>"), ("ir(v1)", "<ir v1>"), ("idb(v1)", "<idb v1>"),
        ("p(r1)", "<p r1>"),
        ("w(r1)", "<p r1>"), ("n(x1.d)", "<n x1.d>"), ("@M1[Gm]", "<@ m1|gm>"), ("v(a:b+[1])", "<v a:b+[1]>"),
        ("v(row[0,1])", "<v row[0,1]>"), ("m(v(1)-5)", "m((<v 1> - 5))"), ("v(*)", "<v *>"), ("v(+)", "<v +>"),
        ("poly(2) v(1) v(2) 0 -1 2", "poly(2, <v 1>, <v 2>, 0, -1, 2)"),
        ("table {v(1)} = (0,0) (1,2)", "table(<v 1>, 0, 0, 1, 2)"),
        ("table({v(1)} = (0,0) (1,2))", "table(<v 1>, 0, 0, 1, 2)"),
        ("table(v(1), 0,0, 1,1)", "table(<v 1>, 0, 0, 1, 1)"), ("p({x})", "p(x)"), ("dno(r+)", "dno(r+)"),
    ])
    func quantitiesAreRead(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    @Test func xyceHasItsOwnNamesAndXor() {
        #expect(read("x1:r1:resistance*2", .xyce) == "(<@ x1:r1|resistance> * 2)")
        #expect(read("a^b", .xyce) == "(a ^^ b)")
        #expect(read("a?b:c", .xyce) == "(a ? b : c)")
        #expect(read("a?(x1:r):c", .xyce) == "(a ? <@ x1|r> : c)")
        #expect(read("@func(p1)+`g(2)", .xyce) == "(@func(p1) + `g(2))")
    }

    @Test func dialectsDisagreeAboutAPowerOfAPower() {
        // ngspice 39: 2**3**2 prints 64; the grammar of Xyce 7 declares its power right-associative.
        #expect(read("2^3^2") == "((2 ** 3) ** 2)")
        #expect(read("2**3**2", .xyce) == "(2 ** (3 ** 2))")
        #expect(read("2**(3**2)") == "(2 ** (3 ** 2))")
        #expect(read("(2**3)**2", .xyce) == "((2 ** 3) ** 2)")
        #expect(read("-2**2*3") == "((-(2 ** 2)) * 3)")
    }

    @Test(arguments: [
        ("2**3**2", true), ("(2**3**2)", true), ("{2 ** 3 ** 2}", true), ("(2**3)**2", false), ("2**(3**2)", false),
        ("2**3*2**2", false), ("f(2**3)**2", false),
    ])
    func aPowerOfAPowerIsRemarkedOn(text: String, isRemarkedOn: Bool) {
        for dialect in [Dialect.ngspice, .xyce] {
            var sources = SourceMap()
            let file = sources.addText(text, path: "x")
            let netlist = Netlist(sources: sources, dialect: dialect, title: "", top: Block())
            var diagnostics = Diagnostics()
            _ = netlist.expression(
                SourceRange(file: file, start: 0, end: UInt32(text.utf8.count)), diagnostics: &diagnostics)
            #expect((diagnostics.warningCount > 0) == isRemarkedOn, "\(text) in \(dialect.name)")
        }
    }

    @Test func mistakesAreReportedInPlace() {
        assertDiagnoses("R1 a b {11️⃣+}", "an operand is missing at the end of the expression")
        assertDiagnoses("R1 a b {a 1️⃣b}", "`b` is not expected here")
        assertDiagnoses("R1 a b {1️⃣(a+b}", "`(` is never closed")
        assertDiagnoses("R1 a b {v(1️⃣(1))}", "`v(…)` takes names, not an expression")
        assertDiagnoses("R1 a b {1️⃣v(a,b,c)}", "`v(…)` takes one or two nodes")
        assertDiagnoses("R1 a b {a ? b1️⃣}", "`?` without `:`")
        assertDiagnoses("R1 a b {1️⃣@m1}", "`@` needs a device and a parameter")
        assertDiagnoses("R1 a b {a + 1️⃣*b}", "an operand is expected, not `*`")
        assertDiagnoses("R1 a b {1️⃣}", "the expression is empty")
        assertDiagnoses("R1 a b {1️⃣1x_y}", "`1x_y` is neither a number nor a name")
    }

    @Test func depthIsLimitedInEveryDirection() {
        let many = 100_000
        for text in [
            String(repeating: "(", count: many) + "1" + String(repeating: ")", count: many),
            String(repeating: "-", count: many) + "x", String(repeating: "1?", count: many) + "1",
            String(repeating: "2**", count: many) + "1", String(repeating: "f(", count: many),
            String(repeating: "a+", count: many) + "1", String(repeating: "table {", count: many),
            String(repeating: "'", count: many), String(repeating: "poly(", count: many),
        ] {
            #expect(read(text).hasPrefix("error: "))
        }
        let sum = (0..<1500).map { "a\($0)" }.joined(separator: "+")
        #expect(!read(sum).hasPrefix("error: "))
    }

    @Test func namesAndProbesAreListed() throws {
        let netlist = try netlist("R1 a b {max(x, time)*v(a)+i(v1)*x}")
        var statement = Statement()
        var diagnostics = Diagnostics()
        netlist.decode(netlist.top.cards[0], into: &statement, diagnostics: &diagnostics)
        let expression = try #require(netlist.expression(statement.fields[2].value, diagnostics: &diagnostics))
        #expect(expression.referencedNames == ["x", "time"])
        #expect(expression.probes.map(\.kind) == [.voltage, .current])
    }

    @Test func functionsAreDefinedInEveryWayOfWriting() throws {
        for text in [
            ".func F(x, y) {x+y}", ".func f(x,y) = {x+y}", ".func f (x y) 'x+y'", ".func f(x,y) x + y",
            ".func f(x,\n+ y) {x +\n+ y}",
        ] {
            let netlist = try netlist(text)
            var diagnostics = Diagnostics()
            let function = try #require(
                netlist.functionDefinition(netlist.top.cards[0], diagnostics: &diagnostics), "\(text)")
            #expect(function.name == "f")
            #expect(function.arguments.map { netlist.sources.text($0.range) } == ["x", "y"])
            #expect(function.body.described == "(x + y)")
        }
    }

    @Test func parameterFunctionsAreDefinedToo() throws {
        let netlist = try netlist(".param a=1 f(x)={x*2}")
        var statement = Statement()
        var diagnostics = Diagnostics()
        netlist.decode(netlist.top.cards[0], into: &statement, freeExpressions: true, diagnostics: &diagnostics)
        let found = statement.fields.compactMap { field in
            field.key.flatMap {
                netlist.functionDefinition(Assignment(name: $0, value: field.value), diagnostics: &diagnostics)
            }
        }
        #expect(found.map(\.name) == ["f"])
        #expect(found.map(\.body.described) == ["(x * 2)"])
        #expect(diagnostics.all == [])
    }
}
