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
        "stp": .step, "u": .step, "uramp": .ramp, "u2": .unitRamp, "nint": .nearest, "int": .truncate,
        "floor": .floor, "ceil": .ceiling, "round": .round, "db": .decibel, "buf": .step,
    ]
    /// Functions of two numbers that are one instruction.
    static let binary: [String: Program.Operation] = [
        "atan2": .atan2, "hypot": .hypotenuse, "fmod": .remainder, "mod": .remainder,
        "sign": .copySign,
    ]
    /// Functions through points; with `file` behind the name they take a file's name alone.
    static let tableFunctions: Set<String> = {
        let plain = ["table", "pwl", "fasttable", "spline", "akima", "cubic", "wodicka", "bli"]
        return Set(plain + plain.map { $0 + "file" })
    }()
    private static let others: Set<String> = [
        "log", "pow", "pwr", "pwrs", "min", "max", "limit", "if", "ternary_fcn", "inv", "table", "pwl", "fasttable",
        "spline", "akima", "cubic", "wodicka", "bli", "ddt", "sdt", "idt", "gauss", "agauss", "unif",
        "aunif", "rand", "random", "flat", "mc", "real", "re", "img", "imag", "ph", "spice_pulse", "spice_sin",
        "spice_exp", "spice_sffm", "spice_pwl", "pos", "ddx", "cbrt", "square", "temp", "v", "i", "poly",
    ]

    static let names: [String] = (Array(unary.keys) + Array(binary.keys) + Array(others)).sorted()

    mutating func compileBuiltin(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        switch name {
        case let table where Self.tableFunctions.contains(table):
            return compileTable(name, arguments, range, frame)
        case "spice_pulse", "spice_sin", "spice_exp", "spice_sffm", "spice_pwl":
            return compileSourceFunction(name, arguments, range, frame)
        case "ddx":
            guard count(arguments, 2...2, name, range) else { return nil }
            guard let value = compile(arguments[0], frame), let variable = compile(arguments[1], frame) else { return nil }
            guard case .input = variable else {
                report("'ddx' takes a plain quantity such as v(a) as its second argument", at: range)
                return nil
            }
            return derivative(of: value, by: variable)
        case "poly": return compilePolynomial(arguments, range, frame)
        case "ddt", "sdt", "idt": return compileTimeFunction(name, arguments, range, frame)
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
        switch name {
        case "log":
            guard has(1...1, &self) else { return nil }
            return emit(frame.scope.dialect.logIsBase10 ? .log10 : .log, operands[0])
        case "pow":
            guard has(2...2, &self) else { return nil }
            return emit(.power, operands[0], operands[1])
        case "pwr":
            // ngspice: sign(x)·|x|^y; elsewhere |x|^y.
            guard has(2...2, &self) else { return nil }
            return emit(
                frame.scope.dialect == .ngspice ? .signedPower : .absolutePower, operands[0], operands[1])
        case "pwrs":
            guard has(2...2, &self) else { return nil }
            return emit(.signedPower, operands[0], operands[1])
        case "min", "max":
            guard has(1...1000, &self) else { return nil }
            var best = operands[0]
            for operand in operands.dropFirst() { best = emit(name == "min" ? .minimum : .maximum, best, operand) }
            return best
        case "limit":
            if arguments.count == 2 {
                // ngspice: nominal ± absolute, the sign drawn.
                let sign: Operand = .number(frame.scope.random() < 0.5 ? -1 : 1)
                return emit(.add, operands[0], emit(.multiply, operands[1], sign))
            }
            guard has(3...3, &self) else { return nil }
            return emit(.limit, operands[0], emit(.minimum, operands[1], operands[2]),
                emit(.maximum, operands[1], operands[2]))
        case "inv":
            guard has(1...1, &self) else { return nil }
            return emit(.lessOrEqual, operands[0], .number(0.5))
        case "pos":
            guard has(1...1, &self) else { return nil }
            return emit(.ramp, operands[0])
        case "square":
            guard has(1...1, &self) else { return nil }
            return emit(.multiply, operands[0], operands[0])
        case "cbrt":
            guard has(1...1, &self) else { return nil }
            return emit(.signedPower, operands[0], .number(1.0 / 3))
        case "real", "re":
            guard has(1...1, &self) else { return nil }
            return operands[0]
        case "img", "imag", "ph":
            guard has(1...1, &self) else { return nil }
            return .number(0)
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

    // MARK: - Random numbers

    /// Drawn once, where the expression is compiled; the stream starts from `.options seed=`.
    private mutating func compileRandom(
        _ name: String, _ operands: [Operand], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        let scope = frame.scope
        func normal() -> Double {
            // Box and Muller, Ann. Math. Stat. 29, 610 (1958), doi 10.1214/aoms/1177706645.
            let radius = (-2 * Glibc.log(scope.random())).squareRoot()
            return radius * Glibc.cos(2 * .pi * scope.random())
        }
        if name == "rand" || name == "random", operands.isEmpty { return .number(scope.random()) }
        let values = operands.compactMap(\.number)
        guard values.count == operands.count else {
            report("'\(name)' takes constants: it is drawn once, before the simulation", at: range)
            return nil
        }
        guard values.count >= 1, values.count <= 4 else {
            report("function '\(name)' takes 1 to 3 arguments, not \(values.count)", at: range)
            return nil
        }
        let nominal = values[0]
        let spread = values.count > 1 ? values[1] : 0
        let sigmas = values.count > 2 && values[2] != 0 ? values[2] : 1
        switch name {
        case "agauss": return .number(nominal + spread / sigmas * normal())
        case "gauss": return .number(nominal * (1 + spread / sigmas * normal()))
        case "aunif": return .number(nominal + spread * (2 * scope.random() - 1))
        case "unif", "mc": return .number(nominal * (1 + spread * (2 * scope.random() - 1)))
        case "flat": return .number(nominal * (2 * scope.random() - 1))
        default: return .number(scope.random() * nominal)
        }
    }

    /// `poly(n, x1, …, xn, p0, p1, …)`. In expressions Xyce gives each ordered product a coefficient of its own (x1 x2
    /// and x2 x1); elsewhere the order is SPICE's, without repetition.
    private mutating func compilePolynomial(
        _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        var operands: [Operand] = []
        for argument in arguments {
            guard let operand = compile(argument, frame) else { return nil }
            operands.append(operand)
        }
        guard let number = operands.first?.number, number >= 1, number < Double(operands.count) - 1,
            number == number.rounded()
        else {
            report("'poly' takes the number of its variables, the variables and the coefficients", at: range)
            return nil
        }
        let count = Int(number)
        let variables = operands[1...count]
        var coefficients = Array(operands[(count + 1)...])
        if coefficients.count == 1, count == 1 { coefficients = [.number(0), coefficients[0]] }
        var sum = coefficients[0]
        var terms = PolynomialTerms(variables: count, isOrdered: frame.scope.dialect == .xyce)
        for coefficient in coefficients.dropFirst() {
            let factors = terms.next()
            if coefficient.number == 0 { continue }
            var product = coefficient
            for factor in factors { product = emit(.multiply, product, variables[factor + 1]) }
            sum = emit(.add, sum, product)
        }
        return sum
    }

    // MARK: - Time

    private mutating func compileTimeFunction(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        guard count(arguments, 1...3, name, range) else { return nil }
        // The argument is a program of its own: it becomes the equation of an auxiliary unknown.
        guard let program = subprogram(arguments[0], frame) else { return nil }
        if program.constant != nil, name == "ddt" { return .number(0) }
        guard let quantity = frame.scope.auxiliary(name == "ddt" ? .derivative : .integral, program) else {
            report("'\(name)' can't stand in this expression", at: range, hint: "use it in a B, E, G, R, C or L element")
            return nil
        }
        return input(quantity)
    }

    private mutating func subprogram(_ expression: Expression, _ frame: Frame) -> Program? {
        withCompiler(frame) { compiler, frame in compiler.compile(expression, frame) }
    }

    // MARK: - Tables

    private mutating func compileTable(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
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
            // Further numbers ask for fewer, evenly spaced points.
            if let wanted = values.first, wanted >= 2, Int(wanted) < points.count {
                points = Self.downsampled(points, to: Int(wanted), logarithmic: values.count > 1 && values[1] != 0)
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
        let method: InterpolationTable.Method =
            switch name {
            case "spline", "akima", "splinefile", "akimafile": .akima
            case "cubic", "cubicfile": .cubic
            case "wodicka", "wodickafile": .wodicka
            case "bli", "blifile": .barycentric
            default: .linear
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

    /// Fewer points, evenly spaced in x or in log x.
    private static func downsampled(
        _ points: [(x: Double, y: Double)], to count: Int, logarithmic: Bool
    ) -> [(x: Double, y: Double)] {
        guard let table = InterpolationTable(points, method: .linear), let low = table.x.first, let high = table.x.last
        else { return points }
        // A logarithmic scale begins at the first positive x.
        let first = table.x.first { $0 > 0 } ?? low
        let isLogarithmic = logarithmic && first > 0 && high > first
        let sampled = (0..<count).map { index -> (x: Double, y: Double) in
            let share = Double(index) / Double(count - 1)
            let x = isLogarithmic ? first * Glibc.pow(high / first, share) : low + (high - low) * share
            return (x, table.evaluate(x).value)
        }
        return isLogarithmic && low < first ? [(low, table.evaluate(low).value)] + sampled : sampled
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
            return compileTable("table", [.name("time", range)] + arguments, range, frame)
        }
    }
}
