import ComplexModule
import Glibc

/// Programs on the complex amplitudes of a small-signal analysis.
extension Program {
    /// Runs the program. `registers` holds the inputs on entry and has room for ``registerCount`` numbers.
    ///
    /// What knows an order (comparisons, `min`, `floor`, tables) acts on real parts; `abs` and `db` on magnitudes.
    func evaluate(_ registers: UnsafeMutablePointer<Complex<Double>>) -> Complex<Double> {
        var next = inputs.count
        for value in constants {
            registers[next] = Complex(value)
            next += 1
        }
        for instruction in instructions {
            registers[next] = run(instruction, registers)
            next += 1
        }
        return registers[Int(result)]
    }

    private func run(
        _ instruction: Instruction, _ registers: UnsafePointer<Complex<Double>>
    ) -> Complex<Double> {
        let a = registers[Int(instruction.a)]
        func b() -> Complex<Double> { registers[Int(instruction.b)] }
        switch instruction.operation {
        case .add: return a + b()
        case .subtract: return a - b()
        case .multiply: return a * b()
        case .divide:
            let divisor = b()
            return divisor == .zero ? Complex(SafeMath.divide(a.real, 0)) : a / divisor
        case .negate: return -a
        case .power where a.imaginary != 0 || b().imaginary != 0:
            return a == .zero ? .zero : Complex.exp(Complex.log(a) * b())
        case .equal: return Complex(a == b() ? 1 : 0)
        case .notEqual: return Complex(a == b() ? 0 : 1)
        case .select: return a != .zero ? b() : registers[Int(instruction.c)]
        case .exp where a.imaginary != 0: return Complex.exp(a)
        case .log where a.imaginary != 0 || a.real < 0: return Complex.log(a)
        case .log10 where a.imaginary != 0 || a.real < 0: return Complex.log(a) * Complex(0.43429448190325182765)
        case .sqrt where a.imaginary != 0 || a.real < 0: return Complex.sqrt(a)
        case .sin where a.imaginary != 0: return Complex.sin(a)
        case .cos where a.imaginary != 0: return Complex.cos(a)
        case .tan where a.imaginary != 0: return Complex.tan(a)
        case .sinh where a.imaginary != 0: return Complex.sinh(a)
        case .cosh where a.imaginary != 0: return Complex.cosh(a)
        case .tanh where a.imaginary != 0: return Complex.tanh(a)
        case .abs: return Complex(a.length)
        case .decibel: return Complex(20 * log10(a.length))
        case .realPart: return Complex(a.real)
        case .imaginaryPart: return Complex(a.imaginary)
        case .phase: return Complex(Glibc.atan2(a.imaginary, a.real))
        case .hypotenuse: return Complex(Glibc.hypot(a.length, b().length))
        default:
            // The same on real parts, in a window of their own.
            return withUnsafeTemporaryAllocation(of: Double.self, capacity: 3) { real in
                guard let base = real.baseAddress else { return .zero }
                var plain = instruction
                for (place, operand) in [instruction.a, instruction.b, instruction.c].enumerated() {
                    let isTable = instruction.operation.isTable && place == 1
                    base[place] = operand >= 0 && !isTable ? registers[Int(operand)].real : 0
                }
                plain.a = 0
                if instruction.b >= 0, !instruction.operation.isTable { plain.b = 1 }
                if instruction.c >= 0 { plain.c = 2 }
                return Complex(run(plain, UnsafePointer(base)))
            }
        }
    }

    /// True where the value is a real number whatever the amplitudes are.
    ///
    /// - Parameter isRealInput: the same of an input.
    func isReal(_ isRealInput: (ProgramInput) -> Bool) -> Bool {
        var real = inputs.map(isRealInput) + [Bool](repeating: true, count: constants.count)
        for instruction in instructions {
            switch instruction.operation {
            case .add, .subtract, .multiply, .divide, .power:
                real.append(real[Int(instruction.a)] && real[Int(instruction.b)])
            case .negate, .exp, .log, .log10, .sqrt, .sin, .cos, .tan, .sinh, .cosh, .tanh:
                real.append(real[Int(instruction.a)])
            case .select: real.append(real[Int(instruction.b)] && real[Int(instruction.c)])
            default: real.append(true)
            }
        }
        return Int(result) < real.count ? real[Int(result)] : true
    }
}
