import Glibc

/// An expression compiled to straight-line code over registers.
///
/// Registers hold first the inputs, then the constants, then one result an instruction. The same code runs on plain
/// numbers and on ``Dual`` numbers, so that derivatives come from nowhere else. Running it allocates nothing.
struct Program: Sendable {
    enum Operation: UInt8, Sendable {
        case add, subtract, multiply, divide, negate
        /// aᵇ, and what becomes of it below zero: the real part of the principal value, 0, or a rounded exponent.
        case power, powerOrZero, powerRounded
        /// sgn(a)·|a|ᵇ and |a|ᵇ
        case signedPower, absolutePower
        case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual, and, or, exclusiveOr, not
        case select
        case exp, log, log10, sqrt, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, asinh, acosh, atanh
        case abs, sign, copySign, minimum, maximum, step, halfStep, ramp, unitRamp, nearest, truncate, floor, ceiling,
            round
        case remainder, hypotenuse, decibel, limit
        /// Parts of a complex amplitude; the phase in radians.
        case realPart, imaginaryPart, phase
        /// `tables[b]` at `a`, and its slope there.
        case table, tableSlope

        var isTable: Bool { self == .table || self == .tableSlope }
    }

    /// One operation on the registers a, b and c, as many as it takes.
    struct Instruction: Hashable, Sendable, BitwiseCopyable {
        var operation: Operation
        var a: Int32 = -1
        var b: Int32 = -1
        var c: Int32 = -1
    }

    var inputs: [ProgramInput] = []
    var constants: [Double] = []
    var instructions: [Instruction] = []
    var tables: [InterpolationTable] = []
    /// Register that holds the value.
    var result: Int32 = 0
    /// Where the value or its slope jumps in time, as far as that can be told from the expression.
    var timeBreaks = TimeBreaks()

    /// The value where the expression depends on nothing; nil otherwise.
    var constant: Double? {
        inputs.isEmpty && instructions.isEmpty && Int(result) < constants.count ? constants[Int(result)] : nil
    }

    init() {}
    init(constant: Double) { constants = [constant] }

    var registerCount: Int { inputs.count + constants.count + instructions.count }

    /// Inputs that are unknowns of the circuit: what derivatives are taken by.
    var unknownInputs: [Int32] {
        inputs.compactMap { if case .unknown(let unknown) = $0 { unknown } else { nil } }
    }

    /// True where the value can have a corner or a jump between smooth curves of its inputs, all of them unknowns or time.
    var hasCorners: Bool {
        guard
            inputs.allSatisfy({
                switch $0 {
                case .unknown, .time: true
                default: false
                }
            })
        else { return false }
        return instructions.contains {
            switch $0.operation {
            case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .and, .or, .exclusiveOr, .not,
                .select,
                .abs, .sign, .copySign, .minimum, .maximum, .step, .halfStep, .ramp, .unitRamp, .nearest, .truncate,
                .floor, .ceiling, .round, .remainder, .limit, .table, .tableSlope, .powerOrZero, .signedPower,
                .absolutePower:
                true
            default: false
            }
        }
    }

    /// Runs the program. `registers` holds the inputs on entry and has room for ``registerCount`` numbers.
    func evaluate<R: DifferentiableReal>(_ registers: UnsafeMutablePointer<R>) -> R {
        var next = inputs.count
        for value in constants {
            registers[next] = R(constant: value)
            next += 1
        }
        instructions.withUnsafeBufferPointer { instructions in
            for instruction in instructions {
                registers[next] = run(instruction, registers)
                next += 1
            }
        }
        return registers[Int(result)]
    }

    /// One instruction on its operands.
    @inline(__always)
    func run<R: DifferentiableReal>(_ instruction: Instruction, _ registers: UnsafePointer<R>) -> R {
        let a = registers[Int(instruction.a)]
        func b() -> R { registers[Int(instruction.b)] }
        func truth(_ value: Bool) -> R { R(constant: value ? 1 : 0) }
        switch instruction.operation {
        case .add: return a + b()
        case .subtract: return a - b()
        case .multiply: return a * b()
        case .divide: return SafeMath.divide(a, b())
        case .negate: return -a
        case .power: return SafeMath.power(a, b(), .principal)
        case .powerOrZero: return SafeMath.power(a, b(), .zero)
        case .powerRounded: return SafeMath.power(a, b(), .rounded)
        case .signedPower: return SafeMath.power(a, b(), .signed)
        case .absolutePower: return SafeMath.power(a, b(), .magnitude)
        case .less: return truth(a.value < b().value)
        case .lessOrEqual: return truth(a.value <= b().value)
        case .greater: return truth(a.value > b().value)
        case .greaterOrEqual: return truth(a.value >= b().value)
        case .equal: return truth(a.value == b().value)
        case .notEqual: return truth(a.value != b().value)
        case .and: return truth(a.value != 0 && b().value != 0)
        case .or: return truth(a.value != 0 || b().value != 0)
        case .exclusiveOr: return truth((a.value != 0) != (b().value != 0))
        case .not: return truth(a.value == 0)
        case .select: return a.value != 0 ? b() : registers[Int(instruction.c)]
        case .exp: return SafeMath.exp(a)
        case .log: return SafeMath.log(a)
        case .log10: return SafeMath.log(a) * 0.43429448190325182765
        case .sqrt: return SafeMath.sqrt(a)
        case .sin: return Hydron.sin(a)
        case .cos: return Hydron.cos(a)
        case .tan: return Hydron.tan(a)
        case .asin: return SafeMath.asin(a)
        case .acos: return SafeMath.acos(a)
        case .atan: return Hydron.atan(a)
        case .atan2: return SafeMath.atan2(a, b())
        case .sinh: return SafeMath.sinh(a)
        case .cosh: return SafeMath.cosh(a)
        case .tanh: return Hydron.tanh(a)
        case .asinh: return SafeMath.asinh(a)
        case .acosh: return SafeMath.acosh(a)
        case .atanh: return SafeMath.atanh(a)
        case .abs: return Hydron.abs(a)
        case .sign: return R(constant: a.value > 0 ? 1 : a.value < 0 ? -1 : 0)
        case .copySign:
            let magnitude = Hydron.abs(a)
            let other = b().value
            return other > 0 ? magnitude : other < 0 ? -magnitude : R(constant: 0)
        case .minimum: return Hydron.minimum(a, b())
        case .maximum: return Hydron.maximum(a, b())
        case .step: return truth(a.value > 0)
        case .halfStep: return R(constant: a.value > 0 ? 1 : a.value < 0 ? 0 : 0.5)
        case .ramp: return a.value > 0 ? a : R(constant: 0)
        case .unitRamp: return a.value <= 0 ? R(constant: 0) : a.value >= 1 ? R(constant: 1) : a
        case .nearest: return R(constant: a.value.rounded(.toNearestOrEven))
        case .truncate: return R(constant: a.value.rounded(.towardZero))
        case .floor: return R(constant: a.value.rounded(.down))
        case .ceiling: return R(constant: a.value.rounded(.up))
        case .round: return R(constant: a.value.rounded())
        case .remainder: return SafeMath.remainder(a, b())
        case .hypotenuse: return SafeMath.hypotenuse(a, b())
        case .decibel: return SafeMath.log(Hydron.abs(a)) * (20 * 0.43429448190325182765)
        case .limit: return Hydron.minimum(Hydron.maximum(a, b()), registers[Int(instruction.c)])
        case .realPart: return a
        case .imaginaryPart: return R(constant: 0)
        case .phase: return R(constant: a.value < 0 ? .pi : 0)
        case .table:
            let index = Int(instruction.b)
            guard index >= 0, index < tables.count else { return R(constant: 0) }
            let (value, slope) = tables[index].evaluate(a.value)
            return a.applying(value: value, derivative: slope)
        case .tableSlope:
            let index = Int(instruction.b)
            guard index >= 0, index < tables.count else { return R(constant: 0) }
            return R(constant: tables[index].evaluate(a.value).slope)
        }
    }

    /// The value on plain numbers; allocates, for set-up and tests.
    func value(_ inputs: [Double] = []) -> Double {
        var registers = [Double](repeating: 0, count: max(registerCount, 1))
        for (index, input) in inputs.enumerated() where index < registers.count { registers[index] = input }
        return registers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .nan }
            return evaluate(base)
        }
    }
}

/// What an expression can depend on.
enum ProgramInput: Hashable, Sendable {
    case unknown(Int32)
    /// [s]
    case time
    /// [Hz]
    case frequency
    /// A quantity of a device.
    case output(ElementReference, Int32)
    /// The time derivative of a device's charge: only in output lists.
    case rate(Int32)
    /// The current value of a swept quantity, innermost first: only in output lists.
    case sweep(Int32)
    /// A random number of its own at each evaluation, uniform in (0, 1) or standard normal: only in values of an array's
    /// cells.
    case random(Int32, isNormal: Bool)
    /// A density of noise [V²/Hz or V/√Hz]: only in output lists of `.noise`.
    case noise(Int32)
    /// A derivative or integral over the rows of a table: only in output lists.
    case accumulated(Int32)
}
