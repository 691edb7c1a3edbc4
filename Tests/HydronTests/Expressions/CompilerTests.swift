import SpiceNetlist
import Testing

@testable import Hydron

@Suite struct CompilerTests {
    @Test func constantsAreFolded() throws {
        let scope = ExpressionTestScope()
        let program = try scope.compile("2*3 + sin(0) + max(1, 2)*v(a)")
        #expect(program.instructions.map(\.operation) == [.multiply, .add])
        #expect(try scope.value("2 + 3*4 - 10/5") == 12)
        #expect(try scope.value("1 < 2 ? 7 : 1/0") == 7)
    }

    @Test func equalPartsAreComputedOnce() throws {
        let program = try ExpressionTestScope().compile("exp(v(a,b)) + exp(v(a,b))*exp(v(a,b))")
        #expect(program.instructions.map(\.operation) == [.subtract, .exp, .multiply, .add])
    }

    @Test func neutralElementsCostNothing() throws {
        let scope = ExpressionTestScope()
        #expect(try scope.compile("1*v(a) + 0 - 0*v(b)").instructions.isEmpty)
        #expect(try scope.compile("(v(a) + 0)/1").instructions.isEmpty)
        #expect(try scope.value("0*v(a)") == 0)
    }

    @Test func whatTheResultDoesNotNeedIsLeftOut() throws {
        let scope = ExpressionTestScope()
        try scope.define("second", ["x", "y"], "y")
        let program = try scope.compile("second(exp(v(a)), v(b))")
        #expect(program.inputs == [.unknown(2)])
        #expect(program.instructions.isEmpty)
    }

    @Test func argumentsBindHygienically() throws {
        let scope = ExpressionTestScope()
        scope.parameters["y"] = .value(100)
        try scope.define("f", ["x"], "x + y")
        try scope.define("g", ["y"], "f(y) * f(2*y)")
        #expect(try scope.value("g(1)") == 101 * 102)
        #expect(try scope.value("f(f(f(1)))") == 301)
    }

    @Test func parametersOfTheSolutionAreExpandedInTheirOwnScope() throws {
        let outer = ExpressionTestScope()
        try outer.define("r", "v(a)*2")
        let inner = ExpressionTestScope()
        // As `x1 … sub r={r}`: the inner r is the outer one, no cycle.
        inner.parameters["r"] = .expression(try outer.expression("r"), outer)
        #expect(try inner.compile("r + 1").value([3]) == 7)
    }

    @Test func cyclesAreReportedWithTheirPath() throws {
        let scope = ExpressionTestScope()
        try scope.define("p", "q + 1")
        try scope.define("q", "2*r")
        try scope.define("r", "q")
        try scope.define("f", ["x"], "g(x)")
        try scope.define("g", ["x"], "f(x) + 1")
        #expect(try scope.mistake("p") == "parameter 'q' is defined by itself: q → r → q")
        #expect(try scope.mistake("f(1)") == "function 'f' calls itself: f → g → f")
    }

    @Test func mistakesSayWhatWouldBeRight() throws {
        let scope = ExpressionTestScope()
        scope.parameters["width"] = .value(1)
        try scope.define("area", ["x", "y"], "x*y")
        #expect(try scope.mistake("widht*2") == "no parameter 'widht'; did you mean 'width'?")
        #expect(try scope.mistake("sqtr(2)") == "no function 'sqtr'; did you mean 'sqrt'?")
        #expect(try scope.mistake("aera(1,2)") == "no function 'aera'; did you mean 'area'?")
        #expect(try scope.mistake("area(1)") == "function 'area' takes 2 argument(s), not 1")
        #expect(try scope.mistake("atan2(1)") == "function 'atan2' takes 2 argument(s), not 1")
        #expect(try scope.mistake("1 + \"text\"") == "a text is no value here")
        #expect(try scope.mistake("agauss(v(a),1,1)")?.contains("takes constants") == true)
        #expect(try scope.mistake("table(v(a), 1, 2, 3)")?.contains("pairs") == true)
        #expect(try scope.mistake("ddx(v(a), 3)")?.contains("varies") == true)
    }

    @Test func constantsWithoutAValueAreErrors() throws {
        let scope = ExpressionTestScope()
        for text in ["1/0", "ln(0)", "sqrt(-1)", "asin(2)", "log(-1)", "exp(1000)", "pow(-8, 1/3)", "0/0"] {
            #expect(try scope.mistake(text) != nil, "\(text)")
        }
        // Xyce computes with complex numbers and takes the real part.
        #expect(try ExpressionTestScope(.xyce).value("log10(-1)") == 0)
    }

    @Test func chainsOfFunctionsDoNotExplode() throws {
        let scope = ExpressionTestScope()
        scope.parameters["f0"] = .expression(try scope.expression("v(a)"), scope)
        for level in 1...60 { try scope.define("f\(level)", "f\(level - 1) + f\(level - 1)") }
        #expect(try scope.compile("f60").value([1]) == 1_152_921_504_606_846_976)
        try scope.define("g0", ["x"], "x*x + 1")
        for level in 1...60 { try scope.define("g\(level)", ["x"], "g\(level - 1)(x + \(level)) + g\(level - 1)(x)") }
        #expect(try scope.mistake("g60(v(a))")?.contains("operations") == true)
    }

    @Test func longChainsAndDeepNestingDoNotOverflowTheStack() throws {
        let scope = ExpressionTestScope()
        try scope.define("f0", ["x"], "x + 1")
        for level in 1...3000 { try scope.define("f\(level)", ["x"], "f\(level - 1)(x) + 1") }
        #expect(try scope.value("f999(0)") == 1000)
        #expect(try scope.mistake("f3000(v(a))") == "the expression is nested too deeply")
        #expect(try scope.compile((1...1500).map { "v(n\($0))" }.joined(separator: "+")).inputs.count == 1500)
    }

    @Test func gradientsOfManyInputsComeInChunks() throws {
        let scope = ExpressionTestScope()
        let text = (1...20).map { "\($0)*v(n\($0))*v(n\($0 % 20 + 1))" }.joined(separator: " + ")
        let program = try scope.compile(text)
        #expect(program.inputs.count == 20)
        let x = (1...20).map { 0.1 * Double($0) }
        func unknown(_ number: Int) -> Double { x[(number - 1) % 20] }
        let inputs = program.inputs.map { input -> Double in
            guard case .unknown(let number) = input else { return 0 }
            return unknown(Int(number))
        }
        let (_, gradient) = program.differentiated(inputs)
        for (index, input) in program.inputs.enumerated() {
            guard case .unknown(let wide) = input else { continue }
            let number = Int(wide)
            let before = number == 1 ? 20 : number - 1
            let expected = Double(number) * unknown(number + 1) + Double(before) * unknown(before)
            #expect(abs(gradient[index] - expected) < 1e-12)
        }
    }

    @Test func joiningKeepsTheProgram() throws {
        let scope = ExpressionTestScope()
        let program = try scope.compile("table(v(a), 0, 1, 1, 3) * exp(v(b))")
        let joined = program.combined(with: [(.unknown(7), 1), (.unknown(8), -1)]) { compiler, value, difference in
            compiler.emit(.multiply, value, difference)
        }
        let known: [ProgramInput: Double] = [.unknown(1): 0.5, .unknown(2): 0.1, .unknown(7): 5, .unknown(8): 2]
        let inputs = joined.inputs.map { known[$0] ?? .nan }
        let alone = program.value(program.inputs.map { known[$0] ?? .nan })
        #expect(abs(joined.value(inputs) - alone * 3) < 1e-14)
    }

    @Test func polynomialsFollowTheOrderOfSPICE() throws {
        // p0 + p1 x + p2 y + p3 x² + p4 xy + p5 y² + p6 x³ + p7 x²y + p8 xy² + p9 y³
        let scope = ExpressionTestScope()
        let program = try scope.compile("poly(2, v(a), v(b), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)")
        let (x, y) = (1.5, -0.5)
        let quadratic = 1 + 2 * x + 3 * y + 4 * x * x + 5 * x * y + 6 * y * y
        let cubic = 7 * x * x * x + 8 * x * x * y + 9 * x * y * y + 10 * y * y * y
        #expect(abs(program.value([x, y]) - quadratic - cubic) < 1e-12)
        // Three variables: x y z xx xy xz yy yz zz.
        var terms = PolynomialTerms(variables: 3, dialect: .ngspice)
        let order = (0..<10).map { _ in terms.next() }
        #expect(order == [[0], [1], [2], [0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2], [0, 0, 0]])
        var xyce = PolynomialTerms(variables: 2, dialect: .xyce)
        #expect((0..<7).map { _ in xyce.next() } == [[0], [1], [0, 0], [0, 1], [1, 0], [1, 1], [0, 0, 0]])
    }
}
