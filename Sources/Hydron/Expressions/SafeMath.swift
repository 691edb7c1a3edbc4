import Glibc

/// Elementary functions that Newton's iteration survives: where the mathematical function has no value or overflows,
/// they go on in a way that leads back.
///
/// An expression of constants alone never comes here: it has its exact value, or is an error.
///
/// | function | continued as |
/// |---|---|
/// | exp x, x > 230 | the tangent at 230 (1e100), so that products of a few stay finite; sinh and cosh likewise |
/// | ln x, x < 0 | ln \|x\|, the real part; a straight line below 1e-60 |
/// | √x, x < 0 | √\|x\|; a straight line below 1e-60 |
/// | a/b, \|b\| < 1e-60 | a/±1e-60 |
/// | xʸ, x < 0, y broken | by dialect, see ``NegativeBase`` |
/// | xʸ > 1e200 | 1e200; 0ʸ with y < 0 is 1e30 |
/// | asin, acos, acosh, atanh outside their domain | the value at its edge, with a slope that leads back |
enum SafeMath {
    /// Beyond this exp goes on as a straight line: e^230 = 7.7e99.
    static let largestExponent = 230.0
    /// What is closer to 0 counts as this far from it.
    private static let tiny = 1e-60
    private static let largestPower = 1e200

    @inline(__always) static func exp<R: DifferentiableReal>(_ a: R) -> R {
        guard a.value > largestExponent else { return Hydron.exp(a) }
        let edge = Glibc.exp(largestExponent)
        return (a - (largestExponent - 1)) * edge
    }

    @inline(__always) static func log<R: DifferentiableReal>(_ a: R) -> R {
        let magnitude = Hydron.abs(a)
        guard magnitude.value < tiny else { return Hydron.log(magnitude) }
        return (magnitude - tiny) / tiny + Glibc.log(tiny)
    }

    @inline(__always) static func sqrt<R: DifferentiableReal>(_ a: R) -> R {
        let magnitude = Hydron.abs(a)
        if magnitude.value < tiny { return magnitude * 1e30 }
        return Hydron.sqrt(magnitude)
    }

    @inline(__always) static func divide<R: DifferentiableReal>(_ a: R, _ b: R) -> R {
        guard Swift.abs(b.value) < tiny else { return a / b }
        return a / (b + ((b.value < 0 ? -tiny : tiny) - b.value))
    }

    /// What a power means where its base is negative.
    enum NegativeBase {
        /// Re xʸ = |x|ʸ cos πy: Xyce. The power itself where y is whole.
        case principal
        /// 0 unless y is whole: LTspice.
        case zero
        /// x^(y rounded): HSPICE.
        case rounded
        /// −|x|ʸ
        case signed
        /// |x|ʸ: ngspice's `**`, `^` and `pow`.
        case magnitude
    }

    /// The factor of |x|ʸ that a negative base brings, and the exponent that counts.
    @inline(__always)
    static func negativeBase(_ exponent: Double, _ rule: NegativeBase) -> (factor: Double, exponent: Double) {
        switch rule {
        case .magnitude: return (1, exponent)
        case .signed: return (-1, exponent)
        case .principal, .zero, .rounded:
            let whole = exponent.rounded()
            if exponent == whole || rule == .rounded {
                return (whole.truncatingRemainder(dividingBy: 2) == 0 ? 1 : -1, whole)
            }
            return (rule == .zero ? 0 : Glibc.cos(.pi * exponent), exponent)
        }
    }

    @inline(__always) static func power<R: DifferentiableReal>(_ a: R, _ b: R, _ rule: NegativeBase) -> R {
        var exponent = b.value
        if a.value == 0 {
            if exponent > 1 { return R(constant: 0) }
            if exponent == 1 { return rule == .magnitude ? Hydron.abs(a) : a }
            if exponent == 0 { return R(constant: 1) }
            return exponent > 0 ? a : R(constant: 1e30)
        }
        var factor = 1.0
        if a.value < 0 { (factor, exponent) = negativeBase(exponent, rule) }
        let magnitude = Hydron.abs(a)
        let p = Hydron.pow(magnitude, exponent)
        guard p.value < largestPower else { return R(constant: factor * largestPower) }
        // ∂/∂b = aᵇ ln a, where the exponent is itself a variable.
        return (p + (b - b.value) * (p.value * Glibc.log(magnitude.value))) * factor
    }

    @inline(__always) static func asin<R: DifferentiableReal>(_ a: R) -> R {
        let x = min(1, max(-1, a.value))
        return a.applying(value: Glibc.asin(x), derivative: 1 / max(1 - x * x, 1e-24).squareRoot())
    }

    @inline(__always) static func acos<R: DifferentiableReal>(_ a: R) -> R {
        let x = min(1, max(-1, a.value))
        return a.applying(value: Glibc.acos(x), derivative: -1 / max(1 - x * x, 1e-24).squareRoot())
    }

    @inline(__always) static func atan2<R: DifferentiableReal>(_ y: R, _ x: R) -> R {
        let square = y.value * y.value + x.value * x.value
        guard square > 0 else { return R(constant: 0) }
        let direction = (y * x.value - x * y.value) / square
        // `direction` has the right slopes and, at this point, the value 0.
        return direction + Glibc.atan2(y.value, x.value)
    }

    @inline(__always) static func sinh<R: DifferentiableReal>(_ a: R) -> R {
        Swift.abs(a.value) < largestExponent ? Hydron.sinh(a) : (exp(a) - exp(-a)) * 0.5
    }
    @inline(__always) static func cosh<R: DifferentiableReal>(_ a: R) -> R {
        Swift.abs(a.value) < largestExponent ? Hydron.cosh(a) : (exp(a) + exp(-a)) * 0.5
    }

    @inline(__always) static func asinh<R: DifferentiableReal>(_ a: R) -> R {
        a.applying(value: Glibc.asinh(a.value), derivative: 1 / Glibc.hypot(a.value, 1))
    }

    @inline(__always) static func acosh<R: DifferentiableReal>(_ a: R) -> R {
        let x = max(1, a.value)
        return a.applying(value: Glibc.acosh(x), derivative: 1 / max(x * x - 1, 1e-24).squareRoot())
    }

    @inline(__always) static func atanh<R: DifferentiableReal>(_ a: R) -> R {
        let x = min(1 - 1e-15, max(-1 + 1e-15, a.value))
        return a.applying(value: Glibc.atanh(x), derivative: 1 / (1 - x * x))
    }

    @inline(__always) static func remainder<R: DifferentiableReal>(_ a: R, _ b: R) -> R {
        guard b.value != 0 else { return R(constant: 0) }
        return a - b * (a.value / b.value).rounded(.towardZero)
    }

    @inline(__always) static func hypotenuse<R: DifferentiableReal>(_ a: R, _ b: R) -> R {
        let length = Glibc.hypot(a.value, b.value)
        guard length > tiny else { return R(constant: 0) }
        // The direction's slopes on top of the value.
        return (a * a.value + b * b.value) / length + (length - (a.value * a.value + b.value * b.value) / length)
    }
}

/// The same functions as mathematics has them, for constants: what has no value is NaN or infinite.
enum ExactMath {
    /// nil where ``Program/run(_:_:)`` is exact itself.
    static func value(_ operation: Program.Operation, _ a: Double, _ b: Double) -> Double? {
        switch operation {
        case .divide: a / b
        case .exp: exp(a)
        case .log: log(a)
        case .log10: log10(a)
        case .decibel: 20 * log10(Swift.abs(a))
        case .sqrt: a.squareRoot()
        case .asin: asin(a)
        case .acos: acos(a)
        case .acosh: acosh(a)
        case .atanh: atanh(a)
        case .sinh: sinh(a)
        case .cosh: cosh(a)
        case .remainder: fmod(a, b)
        case .power: pow(a, b)
        case .powerOrZero: a < 0 && b != b.rounded() ? 0 : pow(a, b)
        case .powerRounded: pow(a, a < 0 ? b.rounded() : b)
        case .absolutePower: pow(Swift.abs(a), b)
        case .signedPower: a < 0 ? -pow(-a, b) : pow(a, b)
        default: nil
        }
    }
}
