import ComplexModule
import SpiceNetlist

extension Expression {
    /// Whether a function in it is not real for all real numbers, or a name in it stands for such an expression.
    func mayLeaveReals(where isComplex: (String) -> Bool) -> Bool {
        switch self {
        case .name(let name, _): isComplex(name)
        case .binary(.power, _, _, _): true
        case .call(let name, let arguments, _):
            ["ln", "log", "log10", "sqrt", "pow", "pwr", "asin", "acos"].contains(name)
                || arguments.contains { $0.mayLeaveReals(where: isComplex) }
        default: children.contains { $0.mayLeaveReals(where: isComplex) }
        }
    }
}

/// Values of constant expressions outside of the reals: what `img( )` of `.param r0={log10(-1)}` is, as in Xyce.
///
/// Everything else that a netlist computes is real, and functions there have real values (``SafeMath``).
enum ComplexConstant {
    /// nil where the expression holds what has no complex meaning here: quantities of the solution, functions of users.
    static func evaluate(_ expression: Expression, in scope: any ExpressionScope) -> Complex<Double>? {
        evaluate(expression, scope, logIsBase10: scope.dialect.logIsBase10, s: nil)
    }

    /// The value of an expression of numbers and the complex frequency `s` [1/s].
    static func evaluate(_ expression: Expression, s: Complex<Double>, logIsBase10: Bool) -> Complex<Double>? {
        evaluate(expression, nil, logIsBase10: logIsBase10, s: s)
    }

    private static func evaluate(
        _ expression: Expression, _ scope: (any ExpressionScope)?, logIsBase10: Bool, s: Complex<Double>?
    ) -> Complex<Double>? {
        func evaluate(_ part: Expression) -> Complex<Double>? {
            Self.evaluate(part, scope, logIsBase10: logIsBase10, s: s)
        }
        switch expression {
        case .number(let value, _):
            // A minus acts on both parts, so that a negative number lies below the cut of logarithms and roots.
            return Complex(value, value < 0 ? -0.0 : 0)
        case .name(let name, _):
            if let s, name == "s" { return s }
            if let definition = scope?.complexDefinition(ofParameter: name) {
                return Self.evaluate(definition.expression, in: definition.scope)
            }
            switch scope?.parameter(name) {
            case .value(let value): return Complex(value, 0)
            default: return name == "pi" ? Complex(.pi, 0) : nil
            }
        case .unary(let sign, let operand, _):
            guard sign != .not, let value = evaluate(operand) else { return nil }
            return sign == .minus ? -value : value
        case .binary(let operation, let left, let right, _):
            guard let a = evaluate(left), let b = evaluate(right) else { return nil }
            switch operation {
            case .add: return a + b
            case .subtract: return a - b
            case .multiply: return a * b
            case .divide: return b == .zero ? nil : a / b
            case .power: return power(a, b)
            default: return nil
            }
        case .call(let name, let arguments, _):
            let values = arguments.compactMap(evaluate)
            guard values.count == arguments.count, let a = values.first else { return nil }
            if values.count == 2, ["pow", "pwr"].contains(name) { return power(a, values[1]) }
            return values.count == 1 ? function(name, a, logIsBase10: logIsBase10) : nil
        case .string, .conditional, .probe: return nil
        }
    }

    private static func power(_ a: Complex<Double>, _ b: Complex<Double>) -> Complex<Double> {
        a == .zero ? .zero : .exp(.log(a) * b)
    }

    private static func function(_ name: String, _ a: Complex<Double>, logIsBase10: Bool) -> Complex<Double>? {
        switch name {
        case "ln": .log(a)
        case "log10": decimalLogarithm(a)
        case "log": logIsBase10 ? decimalLogarithm(a) : .log(a)
        case "sqrt": .sqrt(a)
        case "exp": .exp(a)
        case "sin": .sin(a)
        case "cos": .cos(a)
        case "tan": .tan(a)
        case "sinh": .sinh(a)
        case "cosh": .cosh(a)
        case "tanh": .tanh(a)
        case "asin": .asin(a)
        case "acos": .acos(a)
        case "atan": .atan(a)
        case "abs": Complex(a.length, 0)
        case "re", "real": Complex(a.real, 0)
        case "img", "imag": Complex(a.imaginary, 0)
        case "ph": Complex(a.phase, 0)
        default: nil
        }
    }

    private static func decimalLogarithm(_ a: Complex<Double>) -> Complex<Double> {
        let value = Complex<Double>.log(a)
        return Complex(value.real * 0.43429448190325182765, value.imaginary * 0.43429448190325182765)
    }
}
