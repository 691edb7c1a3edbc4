import SpiceNetlist

/// A ``Program`` in the making: constants are folded, equal operations computed once, and registers numbered at the end.
struct ProgramBuilder {
    /// Says whose rules fold constants.
    var dialect = Dialect.ngspice
    private var inputs: [ProgramInput] = []
    private var inputIndex: [ProgramInput: Int] = [:]
    private var instructions: [Program.Instruction] = []
    private var tables: [InterpolationTable] = []
    private var breaks = TimeBreaks()
    /// Programs longer than this come from functions that call functions that call …
    private static let sizeLimit = 100_000
    private(set) var isTooLarge = false
    /// What was wrong with operations on constants, for whoever knows the place.
    private var complaints: [String] = []

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

    mutating func takeComplaints() -> [String] {
        guard !complaints.isEmpty else { return [] }
        defer { complaints = [] }
        return complaints
    }

    /// Operands of each instruction, until registers are numbered.
    private var pending: [[Operand]] = []
    private var knownResults: [Key: Int] = [:]
    private struct Key: Hashable {
        var operation: Program.Operation
        var operands: [Operand]
        var table: Int32
    }

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
        if numbers.count == operands.count { return .number(fold(operation, numbers, table)) }
        if let simpler = simplified(operation, operands) { return simpler }
        let key = Key(operation: operation, operands: operands, table: table)
        if let known = knownResults[key] { return .result(known) }
        guard instructions.count < Self.sizeLimit else {
            if !isTooLarge { complaints.append("the expression has more than \(Self.sizeLimit) operations") }
            isTooLarge = true
            return operands[0]
        }
        knownResults[key] = instructions.count
        var instruction = Program.Instruction(operation: operation)
        instruction.b = table
        instructions.append(instruction)
        pending.append(operands)
        return .result(instructions.count - 1)
    }

    /// One instruction on constants, exactly; a complaint where it has no value.
    private mutating func fold(_ operation: Program.Operation, _ numbers: [Double], _ table: Int32) -> Double {
        if let exact = ExactMath.value(operation, numbers[0], numbers.count > 1 ? numbers[1] : 0) {
            if exact.isFinite || !numbers.allSatisfy(\.isFinite) { return exact }
            // Xyce computes with complex numbers; what counts of them is the real part.
            let isComplex = dialect == .xyce && !(operation == .divide || numbers[0] == 0)
            if !isComplex || exact.isInfinite {
                let what = numbers.map { "\($0)" }.joined(separator: ", ")
                let reason = exact.isNaN ? "is not a real number" : numbers.last == 0 ? "is infinite" : "is too large"
                complaints.append(
                    operation == .divide
                        ? "\(numbers[0]) divided by \(numbers[1]) has no value"
                        : "'\(operation)' of \(what) \(reason)")
                return exact
            }
        }
        var program = Program()
        program.constants = numbers
        program.tables = tables
        var instruction = Program.Instruction(operation: operation)
        instruction.a = 0
        instruction.b = numbers.count > 1 ? 1 : table
        instruction.c = numbers.count > 2 ? 2 : -1
        program.instructions = [instruction]
        program.result = Int32(numbers.count)
        return program.value()
    }

    /// What needs no instruction: x + 0, x·1, x·0, x/1, a decided condition.
    private func simplified(_ operation: Program.Operation, _ operands: [Operand]) -> Operand? {
        let left = operands[0]
        let right = operands.count > 1 ? operands[1] : left
        switch operation {
        case .add: return right.number == 0 ? left : left.number == 0 ? right : nil
        case .subtract: return right.number == 0 ? left : nil
        case .multiply:
            if left.number == 0 || right.number == 0 { return .number(0) }
            return right.number == 1 ? left : left.number == 1 ? right : nil
        case .divide:
            return right.number == 1 ? left : left.number == 0 ? .number(0) : nil
        case .select:
            if let condition = left.number { return condition != 0 ? right : operands[2] }
            return right == operands[2] ? right : nil
        default: return nil
        }
    }

    /// A weighted sum of inputs.
    mutating func sum(_ terms: [(input: ProgramInput, factor: Double)]) -> Operand {
        var total: Operand?
        for term in terms {
            let value = input(term.input)
            if let partial = total {
                total =
                    term.factor == -1
                    ? emit(.subtract, partial, value)
                    : emit(.add, partial, term.factor == 1 ? value : emit(.multiply, value, .number(term.factor)))
            } else {
                total =
                    term.factor == 1
                    ? value : term.factor == -1 ? emit(.negate, value) : emit(.multiply, value, .number(term.factor))
            }
        }
        return total ?? .number(0)
    }

    mutating func addTable(_ table: InterpolationTable) -> Int32 {
        tables.append(table)
        return Int32(tables.count - 1)
    }

    mutating func insertBreaks(_ times: [Double]) { breaks.insert(contentsOf: times) }
    mutating func insertBreaks(_ times: TimeBreaks) { breaks.merge(times) }
    mutating func insertBreaks(first: Double, period: Double) { breaks.insert(first: first, period: period) }

    /// The instruction behind an operand: its operation, operands and table; nil for an input or a constant.
    func instruction(_ operand: Operand) -> (operation: Program.Operation, operands: [Operand], table: Int32)? {
        guard case .result(let index) = operand else { return nil }
        return (instructions[index].operation, pending[index], instructions[index].b)
    }

    /// Rebuilds an operand in another builder; nil where it can't be.
    func carry(_ operand: Operand, into other: inout ProgramBuilder) -> Operand? {
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
            if instructions[index].operation.isTable {
                table = other.addTable(tables[Int(instructions[index].b)])
            }
            return other.emit(instructions[index].operation, moved, table: table)
        }
    }

    /// Numbers the registers: inputs, constants, results. What the result does not need is left out.
    func finish(_ result: Operand) -> Program {
        var program = Program()
        var isNeeded = [Bool](repeating: false, count: instructions.count)
        var isRead = [Bool](repeating: false, count: inputs.count)
        func need(_ operand: Operand) {
            switch operand {
            case .constant: break
            case .input(let index): isRead[index] = true
            case .result(let index): isNeeded[index] = true
            }
        }
        need(result)
        for index in instructions.indices.reversed() where isNeeded[index] {
            for operand in pending[index] { need(operand) }
        }
        var inputRegisters = [Int32](repeating: -1, count: inputs.count)
        for index in inputs.indices where isRead[index] {
            inputRegisters[index] = Int32(program.inputs.count)
            program.inputs.append(inputs[index])
        }
        var constants: [UInt64: Int] = [:]
        func place(_ operand: Operand) {
            if case .constant(let bits) = operand, constants[bits] == nil {
                constants[bits] = program.constants.count
                program.constants.append(Double(bitPattern: bits))
            }
        }
        place(result)
        for index in instructions.indices where isNeeded[index] {
            for operand in pending[index] { place(operand) }
        }
        let first = program.inputs.count + program.constants.count
        var resultRegisters = [Int32](repeating: -1, count: instructions.count)
        func register(_ operand: Operand) -> Int32 {
            switch operand {
            case .input(let index): inputRegisters[index]
            case .constant(let bits): Int32(program.inputs.count + (constants[bits] ?? 0))
            case .result(let index): resultRegisters[index]
            }
        }
        for (index, instruction) in instructions.enumerated() where isNeeded[index] {
            var placed = instruction
            let operands = pending[index]
            if operands.count > 0 { placed.a = register(operands[0]) }
            if operands.count > 1 { placed.b = register(operands[1]) }
            if operands.count > 2 { placed.c = register(operands[2]) }
            resultRegisters[index] = Int32(first + program.instructions.count)
            program.instructions.append(placed)
        }
        program.tables = tables
        program.result = register(result)
        program.timeBreaks = breaks
        program.findTimeBreaks()
        return program
    }
}

extension Program {
    /// The program's value times a factor.
    func scaled(by factor: Double) -> Program {
        factor == 1 ? self : combined(with: []) { builder, value, _ in builder.emit(.multiply, value, .number(factor)) }
    }

    /// A program of this one's value and a sum of inputs, joined by `join`.
    func combined(
        with terms: [(ProgramInput, Double)],
        _ join: (inout ProgramBuilder, ProgramBuilder.Operand, ProgramBuilder.Operand) -> ProgramBuilder.Operand
    ) -> Program {
        var builder = ProgramBuilder()
        var registers = inputs.map { builder.input($0) }
        registers += constants.map { .number($0) }
        for table in tables { _ = builder.addTable(table) }
        builder.insertBreaks(timeBreaks)
        for instruction in instructions {
            var operands = [registers[Int(instruction.a)]]
            let isTable = instruction.operation.isTable
            if !isTable, instruction.b >= 0 { operands.append(registers[Int(instruction.b)]) }
            if instruction.c >= 0 { operands.append(registers[Int(instruction.c)]) }
            registers.append(
                builder.emit(instruction.operation, operands, table: isTable ? instruction.b : -1))
        }
        let sum = builder.sum(terms.map { (input: $0.0, factor: $0.1) })
        let joined = join(&builder, registers[Int(result)], sum)
        return builder.finish(joined)
    }
}
