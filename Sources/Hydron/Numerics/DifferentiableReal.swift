import Glibc

/// A real number that device equations and expressions can be written in: a plain `Double`, or a ``Dual`` that carries
/// the gradient along.
///
/// Write an equation once over this protocol and it serves both where only the value is wanted and where the Jacobian
/// is.
protocol DifferentiableReal: BitwiseCopyable, Sendable {
    init(constant: Double)
    /// The number without its gradient; branches are decided on it.
    var value: Double { get }

    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    static func / (a: Self, b: Self) -> Self
    static prefix func - (a: Self) -> Self

    static func + (a: Self, b: Double) -> Self
    static func - (a: Self, b: Double) -> Self
    static func * (a: Self, b: Double) -> Self
    static func / (a: Self, b: Double) -> Self
    static func + (a: Double, b: Self) -> Self
    static func - (a: Double, b: Self) -> Self
    static func * (a: Double, b: Self) -> Self
    static func / (a: Double, b: Self) -> Self

    /// True where value and gradient are 0.
    var isZero: Bool { get }

    /// The chain rule: a function of `self` whose value and derivative at `self.value` are known.
    func applying(value: Double, derivative: Double) -> Self
}

extension Double: DifferentiableReal {
    @inline(__always) init(constant: Double) { self = constant }
    @inline(__always) var value: Double { self }
    @inline(__always) var isZero: Bool { self == 0 }
    @inline(__always) func applying(value: Double, derivative: Double) -> Double { value }
}

/// Forward-mode automatic differentiation: a value and its gradient over at most `Gradient.scalarCount` variables.
///
/// The gradient is one SIMD vector, so that a model written in duals costs about what hand-written derivatives cost
/// (A. Griewank, A. Walther, Evaluating Derivatives, 2008, doi 10.1137/1.9780898717761, chapter 3).
struct Dual<Gradient: SIMD & BitwiseCopyable & Sendable>: DifferentiableReal where Gradient.Scalar == Double {
    var value: Double
    var gradient: Gradient

    @inline(__always) init(value: Double, gradient: Gradient) {
        self.value = value
        self.gradient = gradient
    }

    @inline(__always) init(constant: Double) {
        self.init(value: constant, gradient: .zero)
    }

    /// The variable with number `lane`.
    @inline(__always) init(variable value: Double, lane: Int) {
        self.value = value
        gradient = .zero
        gradient[lane] = 1
    }

    @inline(__always) var isZero: Bool { value == 0 && gradient == .zero }

    @inline(__always) func applying(value newValue: Double, derivative: Double) -> Dual {
        Dual(value: newValue, gradient: gradient * derivative)
    }

    @inline(__always) static func + (a: Dual, b: Dual) -> Dual {
        Dual(value: a.value + b.value, gradient: a.gradient + b.gradient)
    }
    @inline(__always) static func - (a: Dual, b: Dual) -> Dual {
        Dual(value: a.value - b.value, gradient: a.gradient - b.gradient)
    }
    @inline(__always) static func * (a: Dual, b: Dual) -> Dual {
        Dual(value: a.value * b.value, gradient: a.gradient * b.value + b.gradient * a.value)
    }
    @inline(__always) static func / (a: Dual, b: Dual) -> Dual {
        let inverse = 1 / b.value
        let quotient = a.value * inverse
        return Dual(value: quotient, gradient: (a.gradient - b.gradient * quotient) * inverse)
    }
    @inline(__always) static prefix func - (a: Dual) -> Dual {
        Dual(value: -a.value, gradient: -a.gradient)
    }
    @inline(__always) static func + (a: Dual, b: Double) -> Dual { Dual(value: a.value + b, gradient: a.gradient) }
    @inline(__always) static func - (a: Dual, b: Double) -> Dual { Dual(value: a.value - b, gradient: a.gradient) }
    @inline(__always) static func * (a: Dual, b: Double) -> Dual { Dual(value: a.value * b, gradient: a.gradient * b) }
    @inline(__always) static func / (a: Dual, b: Double) -> Dual { a * (1 / b) }
    @inline(__always) static func + (a: Double, b: Dual) -> Dual { Dual(value: a + b.value, gradient: b.gradient) }
    @inline(__always) static func - (a: Double, b: Dual) -> Dual { Dual(value: a - b.value, gradient: -b.gradient) }
    @inline(__always) static func * (a: Double, b: Dual) -> Dual { Dual(value: a * b.value, gradient: b.gradient * a) }
    @inline(__always) static func / (a: Double, b: Dual) -> Dual {
        let quotient = a / b.value
        return Dual(value: quotient, gradient: b.gradient * (-quotient / b.value))
    }
}

// MARK: - Elementary functions

@inline(__always) func exp<R: DifferentiableReal>(_ a: R) -> R {
    let e = Glibc.exp(a.value)
    return a.applying(value: e, derivative: e)
}

@inline(__always) func log<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.log(a.value), derivative: 1 / a.value)
}

@inline(__always) func log1p<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.log1p(a.value), derivative: 1 / (1 + a.value))
}

@inline(__always) func sqrt<R: DifferentiableReal>(_ a: R) -> R {
    let root = a.value.squareRoot()
    return a.applying(value: root, derivative: 0.5 / root)
}

@inline(__always) func sin<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.sin(a.value), derivative: Glibc.cos(a.value))
}

@inline(__always) func cos<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.cos(a.value), derivative: -Glibc.sin(a.value))
}

@inline(__always) func tan<R: DifferentiableReal>(_ a: R) -> R {
    let t = Glibc.tan(a.value)
    return a.applying(value: t, derivative: 1 + t * t)
}

@inline(__always) func tanh<R: DifferentiableReal>(_ a: R) -> R {
    let t = Glibc.tanh(a.value)
    return a.applying(value: t, derivative: 1 - t * t)
}

@inline(__always) func sinh<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.sinh(a.value), derivative: Glibc.cosh(a.value))
}

@inline(__always) func cosh<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.cosh(a.value), derivative: Glibc.sinh(a.value))
}

@inline(__always) func atan<R: DifferentiableReal>(_ a: R) -> R {
    a.applying(value: Glibc.atan(a.value), derivative: 1 / (1 + a.value * a.value))
}

@inline(__always) func abs<R: DifferentiableReal>(_ a: R) -> R {
    a.value < 0 ? -a : a
}

/// `a` raised to a constant power.
@inline(__always) func pow<R: DifferentiableReal>(_ a: R, _ exponent: Double) -> R {
    let p = Glibc.pow(a.value, exponent)
    let slope = a.value != 0 ? exponent * p / a.value : exponent * Glibc.pow(a.value, exponent - 1)
    return a.applying(value: p, derivative: slope)
}

/// The larger by value; ties go to `a`.
@inline(__always) func maximum<R: DifferentiableReal>(_ a: R, _ b: R) -> R { b.value > a.value ? b : a }
/// The smaller by value; ties go to `a`.
@inline(__always) func minimum<R: DifferentiableReal>(_ a: R, _ b: R) -> R { b.value < a.value ? b : a }
