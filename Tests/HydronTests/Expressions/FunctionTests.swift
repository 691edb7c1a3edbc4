import Glibc
import SpiceNetlist
import Testing

@testable import Hydron

@Suite struct FunctionTests {
    /// A function of a = v(a) and b = v(b), what it should be, and where to try it.
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var range: ClosedRange<Double>
        var expected: @Sendable (Double, Double) -> Double
        var testDescription: String { text }
        init(_ text: String, _ range: ClosedRange<Double>, _ expected: @escaping @Sendable (Double, Double) -> Double) {
            self.text = text
            self.range = range
            self.expected = expected
        }
    }

    static let cases: [Case] = [
        Case("v(a) + v(b) - 3*v(a)/v(b)", 0.5...3) { $0 + $1 - 3 * $0 / $1 },
        Case("-v(a)*-v(b)", -2...2) { $0 * $1 },
        Case("sqr(v(a)) + lt0(v(a)) + 2*ge0(v(b)) + 4*gt0(v(a)-v(b))", -2...2) { a, b in
            a * a + (a < 0 ? 1 : 0) + (b >= 0 ? 2 : 0) + (a > b ? 4 : 0)
        },
        Case("v(a)**v(b)", 0.1...3) { pow($0, $1) },
        Case("v(a)**2 + v(a)**3 + v(a)**4 + v(a)**5", 0.1...3) { a, _ in a * a + a * a * a + pow(a, 4) + pow(a, 5) },
        Case("v(a)**2.5", 0.1...3) { a, _ in pow(a, 2.5) },
        Case("2**v(a)", -3...3) { a, _ in pow(2, a) },
        Case("pow(v(a), v(b))", 0.2...2) { pow($0, $1) },
        Case("pwr(v(a), 1.5)", -2...2) { a, _ in a < 0 ? -pow(-a, 1.5) : pow(a, 1.5) },
        Case("pwrs(v(a), 3)", -2...2) { a, _ in a * a * a },
        Case("exp(v(a)) + exp(-v(b))", -5...5) { exp($0) + exp(-$1) },
        Case("ln(v(a)) + log10(v(b))", 0.1...9) { log($0) + log10($1) },
        Case("log(v(a))", 0.1...9) { a, _ in log(a) },
        Case("sqrt(v(a))", 0.1...9) { a, _ in a.squareRoot() },
        Case("sin(v(a))*cos(v(b))*tan(v(a))", -1...1) { sin($0) * cos($1) * tan($0) },
        Case("asin(v(a)) + acos(v(b))", -0.9...0.9) { asin($0) + acos($1) },
        Case("atan(v(a)) + arctan(v(b))", -3...3) { atan($0) + atan($1) },
        Case("atan2(v(a), v(b))", 0.2...2) { atan2($0, $1) },
        Case("sinh(v(a)) + cosh(v(b)) + tanh(v(a))", -2...2) { sinh($0) + cosh($1) + tanh($0) },
        Case("asinh(v(a)) + atanh(v(b))", -0.9...0.9) { asinh($0) + atanh($1) },
        Case("acosh(v(a))", 1.1...5) { a, _ in acosh(a) },
        Case("abs(v(a)) + m(v(b))", -2...2) { abs($0) + abs($1) },
        Case("min(v(a), v(b), 0.3) + max(v(a), v(b))", -2...2) { min($0, $1, 0.3) + max($0, $1) },
        Case("sgn(v(a)) * v(b)", -2...2) { ($0 > 0 ? 1 : -1) * $1 },
        Case("sign(v(a), v(b))", -2...2) { $1 > 0 ? abs($0) : -abs($0) },
        Case("limit(v(a), -0.5, 0.7)", -2...2) { a, _ in min(max(a, -0.5), 0.7) },
        Case("stp(v(a)) + u(v(b)) + u2(v(a)) + uramp(v(b))", -2...2) {
            ($0 > 0 ? 1 : 0) + ($1 > 0 ? 1 : 0) + min(max($0, 0), 1) + max($1, 0)
        },
        Case("floor(v(a)) + ceil(v(b)) + int(v(a)) + nint(v(b))", -3...3) {
            floor($0) + ceil($1) + trunc($0) + $1.rounded(.toNearestOrEven)
        },
        Case("fmod(v(a), 0.7) + mod(v(a), v(b))", 0.5...5) { fmod($0, 0.7) + fmod($0, $1) },
        Case("hypot(v(a), v(b))", -3...3) { hypot($0, $1) },
        Case("db(v(a))", 0.1...9) { a, _ in 20 * log10(a) },
        Case("if(v(a) > v(b), v(a)*2, v(b)*3)", -2...2) { $0 > $1 ? 2 * $0 : 3 * $1 },
        Case("ternary_fcn(v(a) >= 0, v(a), 0)", -2...2) { a, _ in max(a, 0) },
        Case("v(a) < v(b) ? v(a) : v(b)", -2...2) { min($0, $1) },
        Case("(v(a) > 0 && v(b) > 0) + (v(a) > 0 || v(b) > 0) + !(v(a) > 0)", -2...2) {
            ($0 > 0 && $1 > 0 ? 1 : 0) + ($0 > 0 || $1 > 0 ? 1 : 0) + ($0 > 0 ? 0 : 1)
        },
        Case("table(v(a), -1, 0, 0, 2, 2, 1)", -3...3) { a, _ in
            a <= -1 ? 0 : a <= 0 ? 2 * (a + 1) : a <= 2 ? 2 - 0.5 * a : 1
        },
        Case("table(v(a), 0, v(b), 1, 2*v(b))", -1...2) { a, b in b * (1 + min(max(a, 0), 1)) },
        Case("pwl(v(a), 0, 0, 1, 10)", -3...3) { a, _ in 10 * a },
        Case("square(v(a)) + cbrt(v(b)) + pos(v(a))", 0.2...3) { $0 * $0 + cbrt($1) + $0 },
        Case("inv(v(a)) + buf(v(b))", -1...2) { ($0 > 0.5 ? 0 : 1) + ($1 > 0.5 ? 1 : 0) },
        Case("real(v(a)) + img(v(b))", -1...2) { a, _ in a },
        Case("ddx(v(a)**2*v(b), v(a)) + ddx(exp(v(a)*v(b)), v(b))", 0.2...1) { 2 * $0 * $1 + $0 * exp($0 * $1) },
        Case("ddx(atan2(v(a), v(b)) + hypot(v(a), v(b)), v(a))", 0.2...1) { a, b in
            b / (a * a + b * b) + a / hypot(a, b)
        },
        Case("ddx(sqrt(v(a)) + ln(v(a)) + tanh(v(a)) + asin(v(a)/9), v(a))", 0.2...1) { a, _ in
            0.5 / a.squareRoot() + 1 / a + 1 - tanh(a) * tanh(a) + 1 / (81 - a * a).squareRoot()
        },
        Case("ddx(table(v(a), 0, 0, 1, 4), v(a)) * v(b)", 0.2...0.8) { _, b in 4 * b },
    ]

    /// Random points, the same in every run.
    static func points(_ range: ClosedRange<Double>, count: Int = 40) -> [(Double, Double)] {
        var generator = SystemGenerator(state: 42)
        return (0..<count).map { _ in
            (Double.random(in: range, using: &generator), Double.random(in: range, using: &generator))
        }
    }
    struct SystemGenerator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) | (state << 31)
        }
    }

    @Test(arguments: cases) func functionsHaveTheirClosedFormAndItsSlopes(_ item: Case) throws {
        let scope = ExpressionTestScope()
        let program = try scope.compile(item.text)
        for (a, b) in Self.points(item.range) {
            let inputs = program.inputs.map { $0 == .unknown(1) ? a : b }
            let expected = item.expected(a, b)
            let (value, gradient) = program.differentiated(inputs)
            #expect(abs(value - expected) <= 1e-12 * max(1, abs(expected)), "\(item.text) at \(a), \(b)")
            #expect(abs(program.value(inputs) - value) <= 1e-14 * max(1, abs(value)))
            for (index, input) in inputs.enumerated() {
                let h = 1e-6 * max(1, abs(input))
                var low = inputs
                var high = inputs
                low[index] -= h
                high[index] += h
                let (below, above) = (program.value(low), program.value(high))
                // A corner or a jump between the two points proves nothing.
                let left = (value - below) / h
                let right = (above - value) / h
                guard abs(left - right) < 1e-3 * max(1, abs(left)) else { continue }
                let slope = (above - below) / (2 * h)
                #expect(
                    abs(gradient[index] - slope) <= 2e-5 * max(1, abs(slope)),
                    "slope of \(item.text) at \(a), \(b)")
            }
        }
    }

    @Test func negativeBasesFollowTheDialect() throws {
        func at(_ a: Double, _ text: String, _ dialect: Dialect) throws -> Double {
            try ExpressionTestScope(dialect).compile(text).value([a])
        }
        // ngspice 39: b1 v=v(a)**3 with v(a) = -2 gives 8, pwr gives -8.
        #expect(try at(-2, "v(a)**3", .ngspice) == 8)
        #expect(try at(-2, "pow(v(a),5)", .ngspice) == 32)
        #expect(try at(-2, "pwr(v(a),3)", .ngspice) == -8)
        for dialect in [Dialect.xyce, .hspice, .ltspice] {
            #expect(try at(-2, "v(a)**3", dialect) == -8)
            #expect(try at(-2, "pow(v(a),2)", dialect) == 4)
            #expect(try at(-2, "pwrs(v(a),3)", dialect) == -8)
        }
        #expect(try at(-2, "pwr(v(a),3)", .xyce) == 8)
        #expect(try at(-4, "v(a)**0.5", .ltspice) == 0)
        #expect(abs(try at(-4, "v(a)**0.5", .xyce)) < 1e-15)
        #expect(try at(-4, "v(a)**0.5", .ngspice) == 2)
    }

    @Test func constantPowersFollowTheDialect() throws {
        // ngspice 39's .param: (-2)**3 = 8, pow(-2,3) = -8, pwr(-2,3) = 8.
        let ngspice = ExpressionTestScope()
        #expect(try ngspice.value("(-2)**3") == 8)
        #expect(try ngspice.value("pow(-2,3)") == -8)
        #expect(try ngspice.value("pwr(-2,3)") == 8)
        #expect(try ngspice.value("-2**2") == -4)
        #expect(try ExpressionTestScope(.xyce).value("(-2)**3") == -8)
    }

    @Test func logIsDecimalInXyceOnly() throws {
        #expect(try ExpressionTestScope(.xyce).value("log(100)") == 2)
        #expect(abs(try ExpressionTestScope().value("log(100)") - log(100)) < 1e-15)
    }

    @Test func stepIsOneHalfAtZeroInNgspice() throws {
        #expect(try ExpressionTestScope().compile("u(v(a))").value([0]) == 0.5)
        #expect(try ExpressionTestScope(.ltspice).compile("u(v(a))").value([0]) == 0)
    }

    @Test func newtonSurvivesTheEdgesOfDomains() throws {
        let texts = [
            "exp(v(a))", "exp(exp(v(a)))", "ln(v(a))", "log10(v(a))", "sqrt(v(a))", "1/v(a)", "asin(v(a))",
            "acos(v(a))", "acosh(v(a))", "atanh(v(a))", "v(a)**0.5", "v(a)**(-2)", "v(a)**1.5", "sinh(v(a))",
            "cosh(v(a))",
            "atan2(v(a),v(a))", "hypot(v(a),0)", "fmod(v(a),v(a))", "db(v(a))", "v(a)**v(a)",
        ]
        for dialect in Dialect.all {
            let scope = ExpressionTestScope(dialect)
            for text in texts {
                let program = try scope.compile(text)
                for x in [0, -1, 1, -2, 2, -1000, 1000, Double.leastNonzeroMagnitude, -Double.leastNonzeroMagnitude] {
                    let (value, gradient) = program.differentiated([x])
                    #expect(value.isFinite, "\(text) at \(x)")
                    #expect(gradient[0].isFinite, "slope of \(text) at \(x)")
                }
            }
        }
    }

    @Test func exponentialsAreExactUpToTheirLimit() throws {
        let program = try ExpressionTestScope().compile("exp(v(a))")
        #expect(program.value([200]) == exp(200))
        #expect(try ExpressionTestScope().value("exp(300)") == exp(300))
        // Beyond, the tangent.
        let edge: Double = Glibc.exp(230)
        #expect(abs(program.value([231]) / edge - 2) < 1e-12)
    }

    @Test func predefinedNamesHaveTheirValues() throws {
        let scope = ExpressionTestScope()
        scope.options[.temp] = 50
        #expect(try scope.value("temper") == 50)
        #expect(try scope.value("pi") == .pi)
        #expect(abs(try scope.value("vt") - 323.15 * 8.617333262e-5) < 1e-9)
        #expect(try scope.value("gmin") == 1e-12)
        #expect(try scope.value("kelvin") == 273.15)
        #expect(try scope.compile("time").inputs == [.time])
        #expect(try scope.compile("hertz").inputs == [.frequency])
    }

    @Test func derivativesInTimeBecomeUnknowns() throws {
        let scope = ExpressionTestScope()
        let program = try scope.compile("1u*ddt(v(a)*2) + sdt(v(b))")
        #expect(program.inputs == [.unknown(101), .unknown(102)])
        #expect(scope.auxiliaries.map(\.kind) == [.derivative, .integral])
        #expect(scope.auxiliaries[0].program.value([3]) == 6)
        #expect(try scope.value("ddt(5)") == 0)
    }

    @Test func derivativesInTimeOfArgumentsAreCarriedAlong() throws {
        let scope = ExpressionTestScope()
        try scope.define("f", ["x"], "ddt(x*v(b) + table(x, 0, 0, 1, 1))")
        _ = try scope.compile("f(v(a)*2)")
        let inner = scope.auxiliaries[0].program
        let inputs = inner.inputs.map { $0 == .unknown(1) ? 0.25 : 3.0 }
        #expect(inner.value(inputs) == 0.5 * 3 + 0.5)
    }

    @Test func randomFunctionsAreReproducible() throws {
        let scope = ExpressionTestScope()
        let text = "agauss(10, 3, 3) + gauss(10, 0.3, 3) + unif(1, 0.5) + aunif(1, 0.5) + limit(5, 1) + rand()"
        let expression = try scope.expression(text)
        func draw() throws -> Double {
            var diagnostics = Diagnostics()
            return try #require(
                ExpressionCompiler.compile(expression, in: scope, diagnostics: &diagnostics)?.constant)
        }
        let first = try draw()
        #expect(try draw() == first)
        scope.options[.seed] = 2
        #expect(try draw() != first)
        scope.options[.seed] = 1
        scope.path = 7
        #expect(try draw() != first)
    }

    @Test func eachCallOfAFunctionDrawsAnew() throws {
        let scope = ExpressionTestScope()
        try scope.define("noise", ["x"], "aunif(x, 1)")
        #expect(try scope.value("noise(0) - noise(0)") != 0)
    }

    @Test func normalNumbersHaveTheirMeanAndDeviation() throws {
        let scope = ExpressionTestScope()
        let terms = 2000
        var sum = 0.0
        var squares = 0.0
        let expression = try scope.expression("agauss(5, 6, 3)")
        for index in 0..<terms {
            scope.path = UInt64(index)
            var diagnostics = Diagnostics()
            let program = ExpressionCompiler.compile(expression, in: scope, diagnostics: &diagnostics)
            let value = try #require(program?.constant)
            sum += value
            squares += (value - 5) * (value - 5)
        }
        #expect(abs(sum / Double(terms) - 5) < 0.2)
        #expect(abs((squares / Double(terms)).squareRoot() - 2) < 0.1)
    }
}
