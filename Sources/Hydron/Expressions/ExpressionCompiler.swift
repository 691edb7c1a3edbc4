import SpiceNetlist

/// Makes a ``Program`` of an ``Expression``: names and functions resolved, user functions expanded, constants folded,
/// equal subexpressions computed once.
struct ExpressionCompiler {
    private(set) var diagnostics: Diagnostics
    private var program = ProgramBuilder()
    /// Parameters and functions that are being expanded, for cycles.
    private var expanding: [Expansion] = []
    private var depth = 0
    /// What is being compiled, for messages.
    private var place = SourceRange(file: 0, start: 0, end: 0)
    /// Nesting through functions and parameters; a level takes up to 2.5 KB of the stack's 8 MB.
    private static let depthLimit = 2500
    private var isTooDeep = false
    /// Parameters and calls compiled already: what is asked for again costs nothing.
    private var knownParameters: [Expansion: Operand] = [:]
    private var knownCalls: [Call: Operand] = [:]

    /// A parameter or function by the scope that it was looked up in.
    private struct Expansion: Hashable {
        var scope: ObjectIdentifier
        var name: String
        var isFunction = false
    }
    private struct Call: Hashable {
        var function: Expansion
        var arguments: [Operand]
    }
    /// A hash of the calls that led here: where a random number is drawn.
    private var site: UInt64 = 0
    private var draws = 0
    private var hasDrawn = false

    typealias Operand = ProgramBuilder.Operand

    private init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    /// Compiles an expression; nil after an error was reported.
    static func compile(
        _ expression: Expression, in scope: any ExpressionScope, diagnostics: inout Diagnostics
    ) -> Program? {
        var compiler = ExpressionCompiler(diagnostics)
        let errors = diagnostics.errorCount
        let operand = compiler.compile(expression, Frame(scope: scope))
        diagnostics = compiler.diagnostics
        guard let operand, diagnostics.errorCount == errors else { return nil }
        return compiler.program.finish(operand)
    }

    /// Compiles a part of an expression into a program of its own.
    mutating func withCompiler(_ frame: Frame, _ body: (inout ExpressionCompiler, Frame) -> Operand?) -> Program? {
        var inner = ExpressionCompiler(diagnostics)
        inner.expanding = expanding
        inner.depth = depth
        inner.place = place
        inner.program.dialect = program.dialect
        inner.site = site
        // Bound arguments live in this program's registers: only constants and plain inputs can move over.
        var moved = frame
        for (name, operand) in frame.arguments {
            guard let carried = program.carry(operand, into: &inner.program) else { continue }
            moved.arguments[name] = carried
        }
        let operand = body(&inner, moved)
        diagnostics = inner.diagnostics
        guard let operand else { return nil }
        return inner.program.finish(operand)
    }

    /// The bindings that an expression is compiled with.
    struct Frame {
        var scope: any ExpressionScope
        var arguments: [String: Operand] = [:]
    }

    // MARK: - Emitting

    mutating func input(_ input: ProgramInput) -> Operand { program.input(input) }
    mutating func addTable(_ table: InterpolationTable) -> Int32 { program.addTable(table) }
    mutating func insertBreaks(_ times: [Double]) { program.insertBreaks(times) }
    mutating func insertBreaks(first: Double, period: Double) { program.insertBreaks(first: first, period: period) }
    func instruction(_ operand: Operand) -> (operation: Program.Operation, operands: [Operand], table: Int32)? {
        program.instruction(operand)
    }

    mutating func emit(_ operation: Program.Operation, _ operands: Operand..., table: Int32 = -1) -> Operand {
        emit(operation, operands, table: table)
    }

    mutating func emit(_ operation: Program.Operation, _ operands: [Operand], table: Int32 = -1) -> Operand {
        let result = program.emit(operation, operands, table: table)
        for complaint in program.takeComplaints() { report(complaint, at: place) }
        return result
    }

    // MARK: - Random numbers

    /// A number in (0, 1) that depends on the seed, the scope and the place on its card alone, so that neither the order of
    /// evaluation nor a changed card elsewhere moves it.
    mutating func draw(_ scope: any ExpressionScope, at range: SourceRange) -> Draw {
        let key = nextKey(scope, at: range)
        return scope.fixedDeviation(key).map { .fixed($0) } ?? .random(scope.random(key))
    }

    /// A random number, or where between its ends it is to lie.
    enum Draw {
        case random(Double)
        case fixed(Double)
        /// Uniform in (0, 1).
        var uniform: Double {
            switch self {
            case .random(let value): value
            case .fixed(let place): 0.5 * (1 + place)
            }
        }
    }

    /// The same as an input, where the scope draws anew at each evaluation.
    mutating func randomInput(_ scope: any ExpressionScope, at range: SourceRange) -> ProgramInput? {
        // Asked first without counting, so that other scopes keep their numbers.
        guard scope.randomInput(0) != nil else { return nil }
        return scope.randomInput(nextKey(scope, at: range))
    }

    private mutating func nextKey(_ scope: any ExpressionScope, at range: SourceRange) -> UInt64 {
        hasDrawn = true
        draws += 1
        return mix(mix(site, scope.signature(of: range)), UInt64(draws))
    }

    /// SplitMix64's finaliser (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, doi 10.1145/2660193.2660195).
    private func mix(_ state: UInt64, _ value: UInt64) -> UInt64 {
        var z = (state &+ 0x9E37_79B9_7F4A_7C15) ^ value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func report(_ message: String, at range: SourceRange, hint: String? = nil) {
        diagnostics.error(message, at: range, hint: hint)
    }

    mutating func withDiagnostics<Result>(_ body: (inout Diagnostics) -> Result) -> Result { body(&diagnostics) }

    // MARK: - Expressions

    mutating func compile(_ expression: Expression, _ frame: Frame) -> Operand? {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.depthLimit else {
            if !isTooDeep { report("the expression is nested too deeply", at: expression.range) }
            isTooDeep = true
            return nil
        }
        guard !isTooDeep, !program.isTooLarge else { return nil }
        let outerPlace = place
        place = expression.range
        program.dialect = frame.scope.dialect
        defer { place = outerPlace }
        switch expression {
        case .number(let value, _): return .number(value)
        case .string(_, let range):
            report("a text is no value here", at: range)
            return nil
        case .name(let name, let range): return compileName(name, range, frame)
        case .unary(let operation, let operand, _):
            guard let a = compile(operand, frame) else { return nil }
            place = expression.range
            switch operation {
            case .plus: return a
            case .minus: return emit(.negate, a)
            case .not: return emit(.not, a)
            }
        case .binary(let operation, let left, let right, _):
            guard let a = compile(left, frame), let b = compile(right, frame) else { return nil }
            place = expression.range
            if operation == .power { return power(a, b) }
            return emit(Self.operations[operation] ?? .add, a, b)
        case .conditional(let condition, let then, let otherwise, _):
            guard let c = compile(condition, frame) else { return nil }
            // A branch that a constant condition rules out need not even be valid.
            if let known = c.number { return compile(known != 0 ? then : otherwise, frame) }
            guard let a = compile(then, frame), let b = compile(otherwise, frame) else { return nil }
            return emit(.select, c, a, b)
        case .call(let name, let arguments, let range): return compileCall(name, arguments, range, frame)
        case .probe(let probe, let range): return compileProbe(probe, range, frame)
        }
    }

    private static let operations: [Expression.BinaryOperator: Program.Operation] = [
        .add: .add, .subtract: .subtract, .multiply: .multiply, .divide: .divide,
        .remainder: .remainder, .less: .less, .lessOrEqual: .lessOrEqual, .greater: .greater,
        .greaterOrEqual: .greaterOrEqual, .equal: .equal, .notEqual: .notEqual, .and: .and, .or: .or,
        .exclusiveOr: .exclusiveOr,
    ]

    private mutating func compileName(_ name: String, _ range: SourceRange, _ frame: Frame) -> Operand? {
        if let bound = frame.arguments[name] { return bound }
        if let parameter = frame.scope.parameter(name) {
            switch parameter {
            case .value(let value): return .number(value)
            case .expression(let expression, let scope):
                let expansion = Expansion(scope: ObjectIdentifier(frame.scope), name: name)
                if let known = knownParameters[expansion] { return known }
                guard begin(expansion, "parameter '\(name)' is defined by itself", at: range) else { return nil }
                defer { expanding.removeLast() }
                let operand = compile(expression, Frame(scope: scope))
                if let operand { knownParameters[expansion] = operand }
                return operand
            }
        }
        if let quantity = frame.scope.quantity(name) { return input(quantity) }
        let options = frame.scope.options
        let celsius = options[.temp]
        switch name {
        case "time": return input(.time)
        case "hertz", "freq", "frequency": return input(.frequency)
        case "temper", "temp", "temperature": return .number(celsius)
        case "vt": return .number(PhysicalConstants.boltzmannOverCharge * options.temperature)
        case "pi", "const_pi": return .number(.pi)
        case "e", "const_e": return .number(2.718281828459045)
        case "echarge", "const_q": return .number(PhysicalConstants.elementaryCharge)
        case "boltz", "const_k": return .number(PhysicalConstants.boltzmann)
        case "ctok", "constctok", "kelvin": return .number(PhysicalConstants.zeroCelsius)
        case "gmin": return .number(options[.gmin])
        case "tnom": return .number(options[.tnom])
        case "true", "yes": return .number(1)
        case "false", "no": return .number(0)
        default: break
        }
        let near = suggestion(for: name, among: frame.scope.parameterNames + Array(frame.arguments.keys))
        report(
            "no parameter '\(name)'", at: range,
            hint: near.map { "did you mean '\($0)'?" }
                ?? (name.utf8.contains(UInt8(ascii: ":"))
                    ? "a ':' names a device's quantity in the Xyce dialect only; elsewhere write `@device[quantity]`"
                    : "define it with `.param \(name)=…`"))
        return nil
    }

    /// Enters a parameter or function; reports a cycle with its path.
    private mutating func begin(_ expansion: Expansion, _ message: String, at range: SourceRange) -> Bool {
        if let start = expanding.firstIndex(of: expansion) {
            let path = (expanding[start...] + [expansion]).map(\.name).joined(separator: " → ")
            report("\(message): \(path)", at: range)
            return false
        }
        expanding.append(expansion)
        return true
    }

    /// aᵇ as the dialect's operator has it.
    mutating func power(_ a: Operand, _ b: Operand) -> Operand {
        switch program.dialect.name {
        case "ngspice":
            if let base = a.number, let exponent = b.number, base < 0, exponent.remainder(dividingBy: 2) != 0 {
                diagnostics.warning(
                    "a power has the magnitude of its base: (\(base))**\(exponent) is \(ExactMath.value(.absolutePower, base, exponent) ?? 0)",
                    at: place, hint: "ngspice has it so; other dialects keep the sign")
            }
            return emitPower(.absolutePower, a, b)
        case "ltspice": return emitPower(.powerOrZero, a, b)
        case "hspice": return emitPower(.powerRounded, a, b)
        default: return emitPower(.power, a, b)
        }
    }

    /// A power, with small whole exponents as products.
    mutating func emitPower(_ operation: Program.Operation, _ a: Operand, _ b: Operand) -> Operand {
        guard a.number == nil, let exponent = b.number else { return emit(operation, a, b) }
        let base = operation == .absolutePower && exponent == 1 ? emit(.abs, a) : a
        switch exponent {
        case 0: return .number(1)
        case 1: return base
        case 2 where operation != .signedPower: return emit(.multiply, a, a)
        case 3 where operation != .signedPower:
            let square = emit(.multiply, a, a)
            return emit(.multiply, square, operation == .absolutePower ? emit(.abs, a) : a)
        case 4 where operation != .signedPower:
            let square = emit(.multiply, a, a)
            return emit(.multiply, square, square)
        default: return emit(operation, a, b)
        }
    }

    private mutating func compileProbe(_ probe: Probe, _ range: SourceRange, _ frame: Frame) -> Operand? {
        let scope = frame.scope
        guard let resolved = withDiagnostics({ scope.resolve(probe, range, &$0) }) else { return nil }
        var value = program.sum(resolved.terms)
        if let second = resolved.times { value = emit(.multiply, value, program.sum(second)) }
        guard scope.isComplex, let part = probe.part else { return value }
        switch part {
        case .magnitude: return emit(.abs, value)
        case .decibel: return emit(.decibel, value)
        case .real: return emit(.realPart, value)
        case .imaginary: return emit(.imaginaryPart, value)
        case .phase:
            // Degrees, as every peer prints them by default for vp but ngspice, whose radians few expect.
            let phase = emit(.phase, value)
            return scope.options.phaseInRadians ? phase : emit(.multiply, phase, .number(180 / .pi))
        }
    }

    private mutating func compileCall(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        if name == "dno" || name == "dni", case .name(let element, _)? = arguments.first {
            var source: String?
            if arguments.count > 1, case .name(let word, _) = arguments[1] { source = word }
            let scope = frame.scope
            return withDiagnostics({
                scope.noiseShare(of: element, source: source, isInput: name == "dni", range, &$0)
            }).map { input($0) }
        }
        if let function = frame.scope.function(name) {
            guard arguments.count == function.arguments.count else {
                report(
                    "function '\(name)' takes \(function.arguments.count) argument(s), not \(arguments.count)",
                    at: range)
                return nil
            }
            let expansion = Expansion(scope: ObjectIdentifier(frame.scope), name: name, isFunction: true)
            var operands: [Operand] = []
            var inner = Frame(scope: function.scope)
            for (argument, value) in zip(function.arguments, arguments) {
                guard let operand = compile(value, frame) else { return nil }
                operands.append(operand)
                inner.arguments[argument] = operand
            }
            guard begin(expansion, "function '\(name)' calls itself", at: range) else { return nil }
            defer { expanding.removeLast() }
            let outerSite = site
            site = mix(site, frame.scope.signature(of: range))
            defer { site = outerSite }
            let call = Call(function: expansion, arguments: operands)
            if let known = knownCalls[call] { return known }
            let drawn = hasDrawn
            hasDrawn = false
            let result = compile(function.body, inner)
            // Each call draws its own random numbers.
            if let result, !hasDrawn { knownCalls[call] = result }
            hasDrawn = hasDrawn || drawn
            return result
        }
        return compileBuiltin(name, arguments, range, frame)
    }
}
