import Glibc
import SpiceNetlist

/// A quotient of two polynomials in the complex frequency s [1/s], times a delay:
///
///     H(s) = e^(−sT) (n₀ + n₁ s + n₂ s² + …)/(d₀ + d₁ s + d₂ s² + …)
struct TransferFunction: Equatable {
    /// n₀, n₁, …; the last is not 0 but for the function 0.
    private(set) var numerator: [Double]
    /// d₀, d₁, …; the last is not 0.
    private(set) var denominator: [Double]
    /// T [s]
    var delay = 0.0

    /// The highest power that the expression of a function may have.
    static let highestOrder = 100

    /// nil for a denominator that is 0 or coefficients that are no numbers.
    init?(_ numerator: [Double], over denominator: [Double] = [1], delay: Double = 0) {
        func trimmed(_ coefficients: [Double]) -> [Double] {
            var result = coefficients
            while result.count > 1, result.last == 0 { result.removeLast() }
            return result
        }
        self.numerator = trimmed(numerator)
        self.denominator = trimmed(denominator)
        self.delay = delay
        guard let last = self.denominator.last, last != 0, !self.numerator.isEmpty,
            (self.numerator + self.denominator).allSatisfy(\.isFinite), order <= Self.highestOrder
        else { return nil }
        // A factor s of both changes nothing but the value at rest, which it would leave open.
        while self.numerator.count > 1, self.denominator.count > 1, self.numerator[0] == 0, self.denominator[0] == 0 {
            self.numerator.removeFirst()
            self.denominator.removeFirst()
        }
    }

    /// The highest power of s.
    var order: Int { max(numerator.count, denominator.count) - 1 }

    /// The value of 1/s [s] where its powers weigh about alike: with it as the unit of time the coefficients are of one
    /// size.
    var timeConstant: Double {
        for coefficients in [denominator, numerator] {
            guard let first = coefficients.firstIndex(where: { $0 != 0 }),
                let last = coefficients.lastIndex(where: { $0 != 0 }), last > first
            else { continue }
            let constant = pow(abs(coefficients[last] / coefficients[first]), 1 / Double(last - first))
            if constant.isNormal { return constant }
        }
        return 1
    }

    /// Reads an expression of `s`. nil where it is no quotient of polynomials, but for a delay `exp(-s*t)`.
    /// - Parameter constant: the value of an expression without `s`.
    init?(_ expression: Expression, constant: (Expression) -> Double?) {
        func read(_ part: Expression) -> TransferFunction? { TransferFunction(part, constant: constant) }
        guard expression.mentions("s") else {
            guard let value = constant(expression) else { return nil }
            self.init([value])
            return
        }
        let result: TransferFunction?
        switch expression {
        case .name: result = TransferFunction([0, 1])
        case .unary(let sign, let operand, _):
            guard sign != .not, let inner = read(operand) else { return nil }
            result = sign == .minus ? inner.scaled(by: -1) : inner
        case .binary(.power, let base, let exponent, _), .binary(.exclusiveOr, let base, let exponent, _):
            // `^` is a power in a transfer function also where it joins truth values elsewhere.
            result = read(base)?.power(exponent, constant)
        case .binary(let operation, let left, let right, _):
            guard let a = read(left), let b = read(right) else { return nil }
            switch operation {
            case .add: result = a.plus(b)
            case .subtract: result = b.scaled(by: -1).flatMap(a.plus)
            case .multiply: result = a.times(b)
            case .divide: result = b.inverse.flatMap(a.times)
            default: return nil
            }
        case .call("exp", let arguments, _) where arguments.count == 1:
            guard let inner = read(arguments[0]), inner.denominator.count == 1, inner.numerator.count <= 2,
                inner.delay == 0
            else { return nil }
            let slope = inner.numerator.count == 2 ? inner.numerator[1] / inner.denominator[0] : 0
            result = TransferFunction([exp(inner.numerator[0] / inner.denominator[0])], delay: -slope)
        case .call("pow", let arguments, _) where arguments.count == 2,
            .call("pwr", let arguments, _) where arguments.count == 2:
            result = read(arguments[0])?.power(arguments[1], constant)
        default: return nil
        }
        guard let result else { return nil }
        self = result
    }

    // MARK: Arithmetic

    private func scaled(by factor: Double) -> TransferFunction? {
        TransferFunction(numerator.map { $0 * factor }, over: denominator, delay: delay)
    }

    private var inverse: TransferFunction? { TransferFunction(denominator, over: numerator, delay: -delay) }

    func times(_ other: TransferFunction) -> TransferFunction? {
        TransferFunction(
            Self.product(numerator, other.numerator), over: Self.product(denominator, other.denominator),
            delay: delay + other.delay)
    }

    private func plus(_ other: TransferFunction) -> TransferFunction? {
        guard delay == other.delay else { return nil }
        if denominator == other.denominator {
            return TransferFunction(Self.sum(numerator, other.numerator), over: denominator, delay: delay)
        }
        return TransferFunction(
            Self.sum(Self.product(numerator, other.denominator), Self.product(other.numerator, denominator)),
            over: Self.product(denominator, other.denominator), delay: delay)
    }

    private func power(_ exponent: Expression, _ constant: (Expression) -> Double?) -> TransferFunction? {
        guard !exponent.mentions("s"), let number = constant(exponent), number == number.rounded(),
            abs(number) <= Double(Self.highestOrder), let base = number < 0 ? inverse : self
        else { return nil }
        var result = TransferFunction([1])
        for _ in 0..<Int(abs(number)) { result = result?.times(base) }
        return result
    }

    private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: a.count + b.count - 1)
        for (i, x) in a.enumerated() {
            for (j, y) in b.enumerated() { result[i + j] += x * y }
        }
        return result
    }

    private static func sum(_ a: [Double], _ b: [Double]) -> [Double] {
        (0..<max(a.count, b.count)).map { ($0 < a.count ? a[$0] : 0) + ($0 < b.count ? b[$0] : 0) }
    }
}

extension Expression {
    /// The same with `other` in the place of a name.
    func replacing(_ name: String, by other: Expression) -> Expression {
        func inner(_ part: Expression) -> Expression { part.replacing(name, by: other) }
        switch self {
        case .name(let own, _): return own == name ? other : self
        case .unary(let sign, let operand, let range): return .unary(sign, inner(operand), range)
        case .binary(let operation, let left, let right, let range):
            return .binary(operation, inner(left), inner(right), range)
        case .conditional(let condition, let then, let otherwise, let range):
            return .conditional(inner(condition), then: inner(then), otherwise: inner(otherwise), range)
        case .call(let function, let arguments, let range): return .call(function, arguments.map(inner), range)
        case .number, .string, .probe: return self
        }
    }

    /// Whether `name` stands in it.
    func mentions(_ name: String) -> Bool {
        if case .name(let own, _) = self { return own == name }
        return children.contains { $0.mentions(name) }
    }
}
