import SpiceNetlist

/// Makes a ``Program`` of an ``Expression``: names and functions resolved, user functions expanded, constants folded,
/// equal subexpressions computed once.
struct ExpressionCompiler {
    private(set) var diagnostics: Diagnostics
    private var inputs: [ProgramInput] = []
    private var inputIndex: [ProgramInput: Int] = [:]
    private var instructions: [Program.Instruction] = []
    private var tables: [InterpolationTable] = []
    /// Parameters and functions that are being expanded, for cycles.
    private var expanding: [String] = []
    private var depth = 0

    /// Where an operand's value comes from, before registers are numbered.
    enum Operand: Hashable {
        case constant(UInt64)
        case input(Int)
        case result(Int)

        static func number(_ value: Double) -> Operand { .constant(value.bitPattern) }
        var number: Double? {
            if case .constant(let bits) = self { return Double(bitPattern: bits) }
            return nil
        }
    }

    private init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    /// Compiles an expression; nil after an error was reported.
    static func compile(
        _ expression: Expression, in scope: any ExpressionScope, diagnostics: inout Diagnostics
    ) -> Program? {
        var compiler = ExpressionCompiler(diagnostics)
        let operand = compiler.compile(expression, Frame(scope: scope))
        diagnostics = compiler.diagnostics
        guard let operand else { return nil }
        return compiler.finish(operand)
    }

    /// Compiles a part of an expression into a program of its own.
    mutating func withCompiler(_ frame: Frame, _ body: (inout ExpressionCompiler, Frame) -> Operand?) -> Program? {
        var inner = ExpressionCompiler(diagnostics)
        inner.expanding = expanding
        inner.depth = depth
        // Bound arguments live in this program's registers: only constants and plain inputs can move over.
        var moved = frame
        for (name, operand) in frame.arguments {
            guard let carried = carry(operand, into: &inner) else { continue }
            moved.arguments[name] = carried
        }
        let operand = body(&inner, moved)
        diagnostics = inner.diagnostics
        return operand.map { inner.finish($0) }
    }

    /// Rebuilds an operand of this compiler in another.
    private func carry(_ operand: Operand, into other: inout ExpressionCompiler) -> Operand? {
        switch operand {
        case .constant: return operand
        case .input(let index): return other.input(inputs[index])
        case .result(let index):
            var moved: [Operand] = []
            for part in pending[index] {
                guard let carried = carry(part, into: &other) else { return nil }
                moved.append(carried)
            }
            var table: Int32 = -1
            if instructions[index].operation == .table {
                table = other.addTable(tables[Int(instructions[index].b)])
            }
            return other.emit(instructions[index].operation, moved, table: table)
        }
    }

    /// A finished program's value joined with a sum of inputs.
    static func join(
        _ program: Program, _ terms: [(ProgramInput, Double)],
        _ body: (inout ExpressionCompiler, Operand, Operand) -> Operand
    ) -> Program {
        var compiler = ExpressionCompiler(Diagnostics())
        var registers: [Operand] = program.inputs.map { compiler.input($0) }
        registers += program.constants.map { .number($0) }
        compiler.tables = program.tables
        for instruction in program.instructions {
            var operands: [Operand] = [registers[Int(instruction.a)]]
            let isTable = instruction.operation == .table
            if !isTable, instruction.b >= 0 { operands.append(registers[Int(instruction.b)]) }
            if instruction.c >= 0 { operands.append(registers[Int(instruction.c)]) }
            registers.append(
                compiler.emit(instruction.operation, operands, table: isTable ? instruction.b : -1))
        }
        let value = registers[Int(program.result)]
        let sum = compiler.sum(terms.map { (input: $0.0, factor: $0.1) })
        let result = body(&compiler, value, sum)
        return compiler.finish(result)
    }

    /// The bindings that an expression is compiled with.
    struct Frame {
        var scope: any ExpressionScope
        var arguments: [String: Operand] = [:]
    }

    /// Numbers the registers: inputs, constants, results.
    private func finish(_ result: Operand) -> Program {
        var program = Program()
        program.inputs = inputs
        var constants: [UInt64: Int] = [:]
        func place(_ operand: Operand) {
            if case .constant(let bits) = operand, constants[bits] == nil {
                constants[bits] = program.constants.count
                program.constants.append(Double(bitPattern: bits))
            }
        }
        place(result)
        for operand in operandsOfInstructions { place(operand) }
        func register(_ operand: Operand) -> Int32 {
            switch operand {
            case .input(let index): Int32(index)
            case .constant(let bits): Int32(inputs.count + (constants[bits] ?? 0))
            case .result(let index): Int32(inputs.count + program.constants.count + index)
            }
        }
        for (index, instruction) in instructions.enumerated() {
            var placed = instruction
            let operands = pending[index]
            if operands.count > 0 { placed.a = register(operands[0]) }
            if operands.count > 1 { placed.b = register(operands[1]) }
            if operands.count > 2 { placed.c = register(operands[2]) }
            program.instructions.append(placed)
        }
        program.tables = tables
        program.result = register(result)
        return program
    }

    /// Operands of each instruction, until registers are numbered.
    private var pending: [[Operand]] = []
    private var operandsOfInstructions: [Operand] { pending.flatMap { $0 } }
    private var knownResults: [Key: Int] = [:]
    private struct Key: Hashable {
        var operation: Program.Operation
        var operands: [Operand]
        var table: Int32
    }

    // MARK: - Emitting

    mutating func input(_ input: ProgramInput) -> Operand {
        if let known = inputIndex[input] { return .input(known) }
        inputIndex[input] = inputs.count
        inputs.append(input)
        return .input(inputs.count - 1)
    }

    mutating func emit(_ operation: Program.Operation, _ operands: Operand..., table: Int32 = -1) -> Operand {
        emit(operation, operands, table: table)
    }

    mutating func emit(_ operation: Program.Operation, _ operands: [Operand], table: Int32 = -1) -> Operand {
        let numbers = operands.compactMap(\.number)
        if numbers.count == operands.count {
            // A constant: run the one instruction now.
            var program = Program()
            program.constants = numbers
            program.tables = tables
            var instruction = Program.Instruction(operation: operation)
            instruction.a = 0
            instruction.b = operands.count > 1 ? 1 : table
            instruction.c = operands.count > 2 ? 2 : -1
            program.instructions = [instruction]
            program.result = Int32(numbers.count)
            return .number(program.value())
        }
        if operation == .select, let condition = operands[0].number { return condition != 0 ? operands[1] : operands[2] }
        let key = Key(operation: operation, operands: operands, table: table)
        if let known = knownResults[key] { return .result(known) }
        knownResults[key] = instructions.count
        var instruction = Program.Instruction(operation: operation)
        instruction.b = table
        instructions.append(instruction)
        pending.append(operands)
        return .result(instructions.count - 1)
    }

    /// Operation and operands of an instruction made so far.
    func instruction(_ index: Int) -> (Program.Operation, [Operand]) {
        (instructions[index].operation, pending[index])
    }
    func tableIndex(_ index: Int) -> Int32 { instructions[index].b }

    mutating func addTable(_ table: InterpolationTable) -> Int32 {
        tables.append(table)
        return Int32(tables.count - 1)
    }

    mutating func report(_ message: String, at range: SourceRange, hint: String? = nil) {
        diagnostics.error(message, at: range, hint: hint)
    }

    mutating func withDiagnostics<Result>(_ body: (inout Diagnostics) -> Result) -> Result { body(&diagnostics) }

    // MARK: - Expressions

    mutating func compile(_ expression: Expression, _ frame: Frame) -> Operand? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 2000 else {
            report("the expression is nested too deeply", at: expression.range)
            return nil
        }
        switch expression {
        case .number(let value, _): return .number(value)
        case .string(_, let range):
            report("a text is no value here", at: range)
            return nil
        case .name(let name, let range): return compileName(name, range, frame)
        case .unary(let operation, let operand, _):
            guard let a = compile(operand, frame) else { return nil }
            switch operation {
            case .plus: return a
            case .minus: return emit(.negate, a)
            case .not: return emit(.not, a)
            }
        case .binary(let operation, let left, let right, _):
            guard let a = compile(left, frame), let b = compile(right, frame) else { return nil }
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
        .add: .add, .subtract: .subtract, .multiply: .multiply, .divide: .divide, .power: .power,
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
                if expanding.contains(name) {
                    report(
                        "parameter '\(name)' is defined by itself: " + (expanding + [name]).joined(separator: " → "),
                        at: range)
                    return nil
                }
                expanding.append(name)
                defer { expanding.removeLast() }
                return compile(expression, Frame(scope: scope))
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
        case "echarge", "const_q", "q": return .number(PhysicalConstants.elementaryCharge)
        case "boltz", "const_k", "kelvin_boltz": return .number(PhysicalConstants.boltzmann)
        case "ctok", "constctok", "kelvin": return .number(PhysicalConstants.zeroCelsius)
        case "c": return .number(299_792_458)
        case "gmin": return .number(options[.gmin])
        case "tnom": return .number(options[.tnom])
        case "true", "yes": return .number(1)
        case "false", "no": return .number(0)
        default: break
        }
        let near = suggestion(for: name, among: frame.scope.parameterNames + Array(frame.arguments.keys))
        report(
            "no parameter '\(name)'", at: range,
            hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.param \(name)=…`")
        return nil
    }

    private mutating func compileProbe(_ probe: Probe, _ range: SourceRange, _ frame: Frame) -> Operand? {
        let scope = frame.scope
        guard let resolved = withDiagnostics({ scope.resolve(probe, range, &$0) }) else { return nil }
        let first = sum(resolved.terms)
        guard let second = resolved.times else { return first }
        return emit(.multiply, first, sum(second))
    }

    private mutating func sum(_ terms: [(input: ProgramInput, factor: Double)]) -> Operand {
        var total: Operand?
        for term in terms {
            let value = input(term.input)
            if let so_far = total {
                total =
                    term.factor == -1
                    ? emit(.subtract, so_far, value)
                    : emit(.add, so_far, term.factor == 1 ? value : emit(.multiply, value, .number(term.factor)))
            } else {
                total =
                    term.factor == 1
                    ? value : term.factor == -1 ? emit(.negate, value) : emit(.multiply, value, .number(term.factor))
            }
        }
        return total ?? .number(0)
    }

    private mutating func compileCall(
        _ name: String, _ arguments: [Expression], _ range: SourceRange, _ frame: Frame
    ) -> Operand? {
        if let function = frame.scope.function(name) {
            guard arguments.count == function.arguments.count else {
                report(
                    "function '\(name)' takes \(function.arguments.count) argument(s), not \(arguments.count)", at: range)
                return nil
            }
            let label = name + "( )"
            if expanding.contains(label) {
                report(
                    "function '\(name)' calls itself: " + (expanding + [label]).joined(separator: " → "), at: range)
                return nil
            }
            var inner = Frame(scope: function.scope)
            for (argument, value) in zip(function.arguments, arguments) {
                guard let operand = compile(value, frame) else { return nil }
                inner.arguments[argument] = operand
            }
            expanding.append(label)
            defer { expanding.removeLast() }
            return compile(function.body, inner)
        }
        return compileBuiltin(name, arguments, range, frame)
    }
}
