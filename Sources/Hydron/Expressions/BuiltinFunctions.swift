import Glibc
import SpiceNetlist

/// The functions that an expression can call, in the spellings of ngspice, Xyce, HSPICE and LTspice.
extension ExpressionCompiler {
    /// Functions of one number that are one instruction.
    static let unary: [String: Program.Operation] = [
        "exp": .exp, "ln": .log, "log10": .log10, "sqrt": .sqrt, "sin": .sin, "cos": .cos, "tan": .tan,
        "asin": .asin, "arcsin": .asin, "acos": .acos, "arccos": .acos, "atan": .atan, "arctan": .atan,
        "sinh": .sinh, "cosh": .cosh, "tanh": .tanh, "asinh": .asinh, "arcsinh": .asinh, "acosh": .acosh,
        "arccosh": .acosh, "atanh": .atanh, "arctanh": .atanh, "abs": .abs, "mag": .abs, "m": .abs, "sgn": .sign,
        "stp": .step, "uramp": .ramp, "u2": .unitRamp, "nint": .nearest, "int": .truncate,
        "floor": .floor, "ceil": .ceiling, "round": .round, "db": .decibel,
    ]
    /// Functions of two numbers that are one instruction.
    static let binary: [String: Program.Operation] = [
        "atan2": .atan2, "hypot": .hypotenuse, "fmod": .remainder, "mod": .remainder,
        "sign": .copySign,
    ]
    private static let others: Set<String> = [
        "log", "pow", "pwr", "pwrs", "min", "max", "limit", "if", "ternary_fcn", "inv", "buf", "u", "ddt", "sdt", "idt",
        "absdelay", "delay", "ddx", "gauss", "agauss", "unif", "aunif", "rand", "random", "flat", "mc", "real", "re",
        "img", "imag", "ph",
        "spice_pulse", "spice_sin", "spice_exp", "spice_sffm", "spice_pwl", "pos", "cbrt", "square", "sqr", "poly",
    ]
    /// ngspice's comparisons with 0.
    private static let zeroComparisons: [String: Program.Operation] = [
        "eq0": .equal, "ne0": .notEqual, "gt0": .greater, "ge0": .greaterOrEqual, "lt0": .less, "le0": .lessOrEqual,
    ]
    private static let tableMethods: [String: InterpolationTable.Method] = [
        "table": .linear, "tbl": .linear, "vtable": .linear, "pwl": .extrapolated, "fasttable": .smooth,
        "spline": .akima,
        "akima": .akima, "cubic": .cubic, "wodicka": .wodicka, "bli": .barycentric,
    ]

    static let names: [String] =
        (Array(unary.keys) + Array(binary.keys) + Array(others) + Array(tableMethods.keys)
        + Array(zeroComparisons.keys)).sorted()

    /// The interpolation that a function's name asks for; Xyce allows `file` behind it.
    private static func tableMethod(_ name: String) -> InterpolationTable.Method? {
        tableMethods[name] ?? (name.hasSuffix("file") ? tableMethods[String(name.dropLast(4))] : nil)
    }

    static func isTable(_ name: String) -> Bool { tableMethod(name) != nil }

    mutating func compileBuiltin(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        if let method = Self.tableMethod(name) { return compileTable(name, method, arguments, range, frame) }
        switch name {
        case "spice_pulse", "spice_sin", "spice_exp", "spice_sffm", "spice_pwl":
            return compileSourceFunction(name, arguments, range, frame)
        case "ddt", "sdt", "idt", "absdelay", "delay": return compileTimeFunction(name, arguments, range, frame)
        case "ddx": return compileSlope(arguments, range, frame)
        case "if", "ternary_fcn":
            guard count(arguments, 3...3, name, range) else { return nil }
            return compile(.conditional(arguments[0], then: arguments[1], otherwise: arguments[2], range), frame)
        default: break
        }
        var operands: [Operand] = []
        for argument in arguments {
            guard let operand = compile(argument, frame) else { return nil }
            operands.append(operand)
        }
        func has(_ expected: ClosedRange<Int>, _ compiler: inout ExpressionCompiler) -> Bool {
            compiler.count(arguments, expected, name, range)
        }
        if let operation = Self.unary[name] {
            guard has(1...1, &self) else { return nil }
            return emit(operation, operands[0])
        }
        if let operation = Self.binary[name] {
            guard has(2...2, &self) else { return nil }
            return emit(operation, operands[0], operands[1])
        }
        if let comparison = Self.zeroComparisons[name] {
            guard has(1...1, &self) else { return nil }
            return emit(comparison, operands[0], .number(0))
        }
        switch name {
        case "log":
            guard has(1...1, &self) else { return nil }
            return emit(frame.scope.dialect.logIsBase10 ? .log10 : .log, operands[0])
        case "pow", "pwr", "pwrs":
            guard has(2...2, &self) else { return nil }
            return compilePower(name, operands[0], operands[1], frame.scope.dialect)
        case "min", "max":
            guard has(1...1000, &self) else { return nil }
            var best = operands[0]
            for operand in operands.dropFirst() { best = emit(name == "min" ? .minimum : .maximum, best, operand) }
            return best
        case "limit":
            if arguments.count == 2 {
                // ngspice: nominal ± absolute, the sign drawn.
                let sign: Operand = .number(draw(frame.scope, at: range).uniform < 0.5 ? -1 : 1)
                return emit(.add, operands[0], emit(.multiply, operands[1], sign))
            }
            guard has(3...3, &self) else { return nil }
            return emit(
                .limit, operands[0], emit(.minimum, operands[1], operands[2]),
                emit(.maximum, operands[1], operands[2]))
        case "inv", "buf":
            guard has(1...1, &self) else { return nil }
            return emit(name == "inv" ? .lessOrEqual : .greater, operands[0], .number(0.5))
        case "u":
            // ngspice: ½ at 0.
            guard has(1...1, &self) else { return nil }
            return emit(frame.scope.dialect.stepIsHalfAtZero ? .halfStep : .step, operands[0])
        case "poly": return compilePolynomial(operands, range, frame)
        case "pos":
            guard has(1...1, &self) else { return nil }
            return emit(.ramp, operands[0])
        case "square", "sqr":
            guard has(1...1, &self) else { return nil }
            return emit(.multiply, operands[0], operands[0])
        case "cbrt":
            guard has(1...1, &self) else { return nil }
            return emit(.signedPower, operands[0], .number(1.0 / 3))
        case "real", "re", "img", "imag", "ph":
            guard has(1...1, &self) else { return nil }
            guard frame.scope.isComplex else {
                // Arguments of a function stand for real numbers.
                if frame.arguments.isEmpty, let value = ComplexConstant.evaluate(arguments[0], in: frame.scope) {
                    return .number(name.hasPrefix("re") ? value.real : name == "ph" ? value.phase : value.imaginary)
                }
                // Of what is real anyway nothing is left to compute.
                return name.hasPrefix("re") ? operands[0] : .number(0)
            }
            return emit(name.hasPrefix("re") ? .realPart : name == "ph" ? .phase : .imaginaryPart, operands[0])
        case "gauss", "agauss", "unif", "aunif", "rand", "random", "flat", "mc":
            return compileRandom(name, operands, range, frame)
        default:
            let near = suggestion(for: name, among: Self.names + frame.scope.functionNames)
            report(
                "no function '\(name)'", at: range,
                hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.func \(name)(…) {…}`")
            return nil
        }
    }

    mutating func count(
        _ arguments: [Expression], _ expected: ClosedRange<Int>, _ name: String, _ range: SourceRange
    ) -> Bool {
        if expected.contains(arguments.count) { return true }
        let wanted =
            expected.lowerBound == expected.upperBound
            ? "\(expected.lowerBound)" : "\(expected.lowerBound) to \(expected.upperBound)"
        report("function '\(name)' takes \(wanted) argument(s), not \(arguments.count)", at: range)
        return false
    }

    /// `pow`, `pwr` and `pwrs` of a negative base are what the dialects disagree on most:
    ///
    /// | | pow(x, y) | pwr(x, y) | pwrs(x, y) |
    /// |---|---|---|---|
    /// | ngspice, of the solution | \|x\|ʸ | sgn(x)·\|x\|ʸ | sgn(x)·\|x\|ʸ |
    /// | ngspice, of constants | xʸ | \|x\|ʸ | sgn(x)·\|x\|ʸ |
    /// | Xyce | Re xʸ | \|x\|ʸ | sgn(x)·\|x\|ʸ |
    /// | HSPICE | x^(y rounded) | sgn(x)·\|x\|ʸ | sgn(x)·\|x\|ʸ |
    /// | LTspice | xʸ, 0 for a broken y | \|x\|ʸ | sgn(x)·\|x\|ʸ |
    ///
    /// `**` and `^` are ngspice's \|x\|ʸ also for constants, elsewhere the same as pow.
    private mutating func compilePower(_ name: String, _ a: Operand, _ b: Operand, _ dialect: Dialect) -> Operand {
        let isConstant = a.number != nil && b.number != nil
        switch (name, dialect.signedPowers) {
        case ("pwrs", _), ("pwr", .always): return emitPower(.signedPower, a, b)
        case ("pwr", .ofSolution): return emitPower(isConstant ? .absolutePower : .signedPower, a, b)
        case ("pwr", .never): return emitPower(.absolutePower, a, b)
        default: return dialect.constantPowersAreExact && isConstant ? emitPower(.power, a, b) : power(a, b)
        }
    }

    /// `poly(n, x1, …, xn, p0, p1, …)`: what the parser makes of `POLY(n) …` inside an expression.
    private mutating func compilePolynomial(
        _ operands: [Operand], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        guard let number = operands.first?.number, number >= 1, number <= 1000, number == number.rounded(),
            operands.count > Int(number) + 1
        else {
            report("POLY needs a number of variables, as many variables, and coefficients", at: range)
            return nil
        }
        let count = Int(number)
        let variables = Array(operands[1...count])
        var coefficients = Array(operands[(count + 1)...])
        if coefficients.count == 1, count == 1 { coefficients.insert(.number(0), at: 0) }
        var sum = coefficients[0]
        var terms = PolynomialTerms(variables: count, dialect: frame.scope.dialect)
        for coefficient in coefficients.dropFirst() {
            var product = coefficient
            for factor in terms.next() { product = emit(.multiply, product, variables[factor]) }
            sum = emit(.add, sum, product)
        }
        return sum
    }

    // MARK: - Random numbers

    /// Normal about 0 with this standard deviation.
    private mutating func gaussian(_ sigma: Double, _ scope: any ExpressionScope, _ range: SourceRange) -> Operand {
        switch draw(scope, at: range) {
        case .random(let uniform): .number(sigma * RandomBits.normal(uniform, draw(scope, at: range).uniform))
        case .fixed(let place): .number(sigma * place)
        }
    }

    /// Drawn once, where the expression is compiled: `agauss(nominal, spread, sigmas)` is normal with the standard
    /// deviation spread/sigmas, `gauss` takes the spread relative to the nominal value; `aunif` and `unif` are uniform
    /// within ± the spread, `limit(nominal, spread)` is one of the two ends. The numbers depend on
    /// `.options seed=`, the subcircuit's path and the place in the text, on nothing else.
    private mutating func compileRandom(
        _ name: String, _ operands: [Operand], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        let scope = frame.scope
        let counts: [String: ClosedRange<Int>] = [
            "rand": 0...1, "random": 0...1, "flat": 1...1, "unif": 2...3, "aunif": 2...3, "mc": 2...2, "gauss": 1...4,
            "agauss": 2...4,
        ]
        let expected = counts[name] ?? 1...3
        guard expected.contains(operands.count) else {
            let wanted = "\(expected.lowerBound) to \(expected.upperBound)"
            report("function '\(name)' takes \(wanted) argument(s), not \(operands.count)", at: range)
            return nil
        }
        if let input = randomInput(scope, at: range) { return random(name, operands, input) }
        let values = operands.compactMap(\.number)
        // LTspice: `gauss(sigma)` lies about 0.
        if name == "gauss", values.count == 1 { return gaussian(values[0], scope, range) }
        guard values.count == operands.count else {
            report("'\(name)' takes constants: it is drawn once, before the simulation", at: range)
            return nil
        }
        let first = draw(scope, at: range)
        let uniform = first.uniform
        let nominal = values.first ?? 1
        let spread = values.count > 1 ? values[1] : 0
        let sigmas = values.count > 2 && values[2] != 0 ? values[2] : 1
        switch name {
        case "agauss", "gauss":
            let normal: Double
            switch first {
            case .random(let uniform): normal = RandomBits.normal(uniform, draw(scope, at: range).uniform)
            case .fixed(let place): normal = place * sigmas
            }
            return .number(nominal + spread / sigmas * normal * (name == "gauss" ? nominal : 1))
        case "aunif": return .number(nominal + spread * (2 * uniform - 1))
        case "unif", "mc": return .number(nominal * (1 + spread * (2 * uniform - 1)))
        case "flat": return .number(nominal * (2 * uniform - 1))
        default: return .number(uniform)
        }
    }

    /// The same where an expression is evaluated many times, once a cell of an array: numbers are inputs.
    private mutating func random(_ name: String, _ operands: [Operand], _ uniform: ProgramInput) -> Operand {
        let u = input(uniform)
        let nominal = operands.first ?? .number(1)
        let spread = operands.count > 1 ? operands[1] : .number(0)
        switch name {
        case "agauss", "gauss":
            guard case .random(let number, _) = uniform else { return nominal }
            let normal = input(.random(number, isNormal: true))
            var deviation = emit(.multiply, spread, normal)
            if operands.count > 2, operands[2].number != 0 { deviation = emit(.divide, deviation, operands[2]) }
            if name == "gauss" { deviation = emit(.multiply, deviation, nominal) }
            return emit(.add, nominal, deviation)
        case "aunif", "unif", "mc", "flat":
            let symmetric = emit(.subtract, emit(.multiply, .number(2), u), .number(1))
            if name == "flat" { return emit(.multiply, nominal, symmetric) }
            let deviation = emit(.multiply, spread, symmetric)
            return name == "aunif"
                ? emit(.add, nominal, deviation) : emit(.multiply, nominal, emit(.add, .number(1), deviation))
        default: return u
        }
    }

    // MARK: - Time

    private mutating func compileTimeFunction(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        let isDelay = name.hasSuffix("delay")
        guard count(arguments, isDelay ? 2...3 : 1...3, name, range) else { return nil }
        // The argument is a program of its own: it becomes the equation of an auxiliary unknown.
        guard let program = subprogram(arguments[0], frame) else { return nil }
        if program.constant != nil, name == "ddt" { return .number(0) }
        var kind = name == "ddt" ? AuxiliaryKind.derivative : .integral
        var start: Operand?
        if isDelay {
            // The third argument, the longest delay, only sizes a memory elsewhere.
            guard let time = compile(arguments[1], frame) else { return nil }
            guard let seconds = time.number, seconds >= 0, seconds.isFinite else {
                report("the delay of '\(name)' must be a constant of at least 0 s", at: arguments[1].range)
                return nil
            }
            if seconds == 0 || program.constant != nil { return compile(arguments[0], frame) }
            kind = .delayed(seconds)
        } else if arguments.count > 1, name == "idt" {
            guard arguments.count == 2 else {
                report(
                    "'idt' can't be set back by its third argument", at: arguments[2].range,
                    hint: "let a switch discharge a capacitor that a current charges")
                return nil
            }
            guard let value = compile(arguments[1], frame) else { return nil }
            start = value
        }
        guard let quantity = frame.scope.auxiliary(kind, program) else {
            report(
                "'\(name)' can't stand in this expression", at: range, hint: "use it in a B, E, G, R, C or L element")
            return nil
        }
        return start.map { emit(.add, input(quantity), $0) } ?? input(quantity)
    }

    /// `ddx(f, x)`: ∂f/∂x, the rest held.
    private mutating func compileSlope(
        _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        guard count(arguments, 2...2, "ddx", range), let f = compile(arguments[0], frame),
            let x = compile(arguments[1], frame)
        else { return nil }
        guard x.number == nil else {
            report("'ddx' needs a quantity that varies, such as a voltage", at: arguments[1].range)
            return nil
        }
        return derivative(of: f, by: x) ?? .number(0)
    }

    private mutating func subprogram(_ expression: Expression, _ frame: Frame) -> Program? {
        withCompiler(frame) { compiler, frame in compiler.compile(expression, frame) }
    }

    // MARK: - Tables

    /// `table(x, x0, y0, …)`, `table(x, "file")` and `table("file")`, which is of time. A file may be followed by a
    /// number of points to thin it to, and by whether these are spaced logarithmically.
    private mutating func compileTable(
        _ name: String, _ method: InterpolationTable.Method, _ arguments: [Expression], _ range: SourceRange,
        _ frame: Frame
    ) -> Operand? {
        guard count(arguments, 1...100_000, name, range) else { return nil }
        var rest = arguments
        var at: Operand?
        if case .string = rest[0] {
            // table("file"): of time.
            at = input(.time)
        } else {
            guard let first = compile(rest.removeFirst(), frame) else { return nil }
            at = first
        }
        guard let at else { return nil }
        var points: [(x: Double, y: Double)] = []
        var fromFile = false
        if case .string(let path, let place)? = rest.first {
            let scope = frame.scope
            guard let read = withDiagnostics({ scope.points(inFile: path, place, &$0) }) else { return nil }
            points = read
            fromFile = true
            rest.removeFirst()
        }
        var values: [Double] = []
        var pairs: [Operand] = []
        for argument in rest {
            guard let operand = compile(argument, frame) else { return nil }
            pairs.append(operand)
            if let number = operand.number { values.append(number) }
        }
        guard values.count == pairs.count else {
            guard !fromFile, pairs.count >= 2, pairs.count % 2 == 0 else {
                report("the points of '\(name)' must be pairs of x and y", at: range)
                return nil
            }
            return variableTable(at, pairs)
        }
        if fromFile {
            if let wanted = values.first, wanted >= 2, wanted < Double(points.count) {
                points = thinned(points, to: Int(wanted), logarithmic: values.count > 1 && values[1] != 0)
            }
        } else {
            guard values.count >= 2, values.count % 2 == 0 else {
                report("the points of '\(name)' must be pairs of x and y", at: range)
                return nil
            }
            for pair in stride(from: 0, to: values.count, by: 2) { points.append((values[pair], values[pair + 1])) }
            for pair in points.indices.dropFirst() where points[pair].x < points[pair - 1].x {
                report("the points of '\(name)' are not in rising order of x", at: range)
                return nil
            }
        }
        guard let table = InterpolationTable(points, method: method) else {
            report("the table has no points that are finite numbers", at: range)
            return nil
        }
        return emit(.table, at, table: addTable(table))
    }

    /// A table whose points depend on the solution: a chain of straight lines.
    private mutating func variableTable(_ at: Operand, _ pairs: [Operand]) -> Operand {
        var value = pairs[pairs.count - 1]
        for index in stride(from: pairs.count - 4, through: 0, by: -2) {
            let (x0, y0, x1, y1) = (pairs[index], pairs[index + 1], pairs[index + 2], pairs[index + 3])
            let slope = emit(.divide, emit(.subtract, y1, y0), emit(.subtract, x1, x0))
            let line = emit(.add, y0, emit(.multiply, slope, emit(.subtract, at, x0)))
            value = emit(.select, emit(.less, at, x1), line, value)
        }
        return emit(.select, emit(.less, at, pairs[0]), pairs[1], value)
    }

    // MARK: - Waveforms of time

    /// Xyce's `spice_pulse(v1, v2, td, tr, tf, pw, per)` and its kin as arithmetic on `time`.
    private mutating func compileSourceFunction(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        var a: [Operand] = []
        for argument in arguments {
            guard let operand = compile(argument, frame) else { return nil }
            a.append(operand)
        }
        let time = input(.time)
        func argument(_ index: Int, _ absent: Double = 0) -> Operand { index < a.count ? a[index] : .number(absent) }
        switch name {
        case "spice_pulse":
            guard count(arguments, 2...7, name, range) else { return nil }
            let (v1, v2) = (a[0], a[1])
            let rise = emit(.maximum, argument(3), .number(1e-15))
            let fall = emit(.maximum, argument(4), .number(1e-15))
            let width = argument(5, .infinity)
            let given = a.compactMap(\.number)
            if given.count == a.count {
                func part(_ index: Int, _ least: Double = 0) -> Double {
                    index < given.count ? max(given[index], least) : least
                }
                let top = part(2) + part(3, 1e-15)
                let fallStart = top + (a.count > 5 ? part(5) : .infinity)
                let corners = [part(2), top, fallStart, fallStart + part(4, 1e-15)]
                if a.count > 6 {
                    for corner in corners { insertBreaks(first: corner, period: part(6)) }
                } else {
                    insertBreaks(corners)
                }
            }
            var t = emit(.subtract, time, argument(2))
            if a.count > 6 {
                let period = a[6]
                let cycles = emit(.floor, emit(.divide, t, period))
                let wrapped = emit(.subtract, t, emit(.multiply, cycles, period))
                t = emit(.select, emit(.less, t, .number(0)), t, wrapped)
            }
            let up = emit(.unitRamp, emit(.divide, t, rise))
            let after = emit(.subtract, emit(.subtract, t, rise), width)
            let down = emit(.unitRamp, emit(.divide, after, fall))
            return emit(
                .add, v1, emit(.multiply, emit(.subtract, v2, v1), emit(.subtract, up, down)))
        case "spice_sin":
            guard count(arguments, 3...6, name, range) else { return nil }
            let t = emit(.maximum, emit(.subtract, time, argument(3)), .number(0))
            let phase = emit(.multiply, argument(5), .number(.pi / 180))
            let angle = emit(.add, emit(.multiply, emit(.multiply, a[2], t), .number(2 * .pi)), phase)
            let damping = emit(.exp, emit(.negate, emit(.multiply, argument(4), t)))
            return emit(.add, a[0], emit(.multiply, a[1], emit(.multiply, damping, emit(.sin, angle))))
        case "spice_exp":
            guard count(arguments, 6...6, name, range) else { return nil }
            func edge(_ compiler: inout ExpressionCompiler, _ delay: Operand, _ tau: Operand) -> Operand {
                let t = compiler.emit(.maximum, compiler.emit(.subtract, time, delay), .number(0))
                let decay = compiler.emit(.exp, compiler.emit(.negate, compiler.emit(.divide, t, tau)))
                return compiler.emit(.subtract, .number(1), decay)
            }
            let step = emit(.subtract, a[1], a[0])
            let up = edge(&self, a[2], a[3])
            let down = edge(&self, a[4], a[5])
            return emit(.add, a[0], emit(.multiply, step, emit(.subtract, up, down)))
        case "spice_sffm":
            guard count(arguments, 5...5, name, range) else { return nil }
            let turn = emit(.multiply, time, .number(2 * .pi))
            let inner = emit(.multiply, a[3], emit(.sin, emit(.multiply, a[4], turn)))
            let angle = emit(.add, emit(.multiply, a[2], turn), inner)
            return emit(.add, a[0], emit(.multiply, a[1], emit(.sin, angle)))
        default:
            return compileTable("table", .linear, [.name("time", range)] + arguments, range, frame)
        }
    }
}
