import Glibc

/// A number that temperature-dependent quantities are written in: a plain `Double` for a transistor that keeps its
/// temperature, a ``Dual`` for one that heats itself. `Slopes` is what its voltages are written in.
protocol SOITemperature: DifferentiableReal {
    associatedtype Gradient: SIMD & BitwiseCopyable & Sendable where Gradient.Scalar == Double
    /// The same among the voltages' numbers.
    var slopes: Dual<Gradient> { get }
    /// The temperature's rise, from what it is and the lane that it has among the voltages.
    init(rise: Double)
    /// True where the rise, and the voltages of junctions of their own, are unknowns.
    static var hasOwnNodes: Bool { get }
}

extension Double: SOITemperature {
    typealias Gradient = SIMD4<Double>
    @inline(__always) var slopes: Dual<SIMD4<Double>> { Dual(constant: self) }
    @inline(__always) init(rise: Double) { self = 0 }
    static var hasOwnNodes: Bool { false }
}

extension Dual: SOITemperature where Gradient == SIMD8<Double> {
    @inline(__always) var slopes: Dual<SIMD8<Double>> { self }
    @inline(__always) init(rise: Double) { self.init(variable: rise, lane: SOILane.rise) }
    static var hasOwnNodes: Bool { true }
}

/// Lanes of the voltages against the source.
enum SOILane {
    static let gate = 0, drain = 1, body = 2, substrate = 3, rise = 4, sourceJunction = 5, drainJunction = 6
}

/// e^a, a line above 100, held below −100.
@inline(__always) func limitedExp<R: DifferentiableReal>(_ a: R) -> R {
    if a.value > SOIConstants.longest { return (a + (1 - SOIConstants.longest)) * SOIConstants.largest }
    if a.value < -SOIConstants.longest { return R(constant: SOIConstants.smallest) }
    return exp(a)
}

/// e^a, held outside −100…100.
@inline(__always) func heldExp<R: DifferentiableReal>(_ a: R) -> R {
    if a.value > SOIConstants.longest { return R(constant: SOIConstants.largest) }
    if a.value < -SOIConstants.longest { return R(constant: SOIConstants.smallest) }
    return exp(a)
}

/// 1 + a, which stays above 0 for a < −0.5.
@inline(__always) func guardedSum<R: DifferentiableReal>(_ a: R) -> R {
    if a.value >= -0.5 { return a + 1 }
    let numerator: R = a * 3 + 1
    return numerator / (a * 8 + 3)
}

/// 1 + a, which stays above 0 for a < −0.9.
@inline(__always) func guardedGain<R: DifferentiableReal>(_ a: R) -> R {
    if a.value >= -0.9 { return a + 1 }
    return (a + 0.8) / (a * 20 + 17)
}

/// 1/(1 + a), which goes on for a < −0.9.
@inline(__always) func guardedInverse<R: DifferentiableReal>(_ a: R) -> R {
    if a.value >= -0.9 { return 1 / (a + 1) }
    return (a * 20 + 17) / (a + 0.8)
}

/// `a` where it is above `least`, a hyperbola towards half of it below.
@inline(__always) func guardedFloor<R: DifferentiableReal>(_ a: R, _ least: Double) -> R {
    if a.value >= least { return a }
    return (2 * least - a) / (3 - a * (2 / least))
}

/// Half of a + √(a² + b).
@inline(__always) func smoothPositive<R: DifferentiableReal>(_ a: R, _ b: Double) -> R {
    let root: R = sqrt(a * a + b)
    return (a + root) * 0.5
}

/// e^a (1 + 2 e^a) of a short channel, a < 0.
@inline(__always) func shortChannel<R: DifferentiableReal>(_ a: R) -> R {
    let e: R = a.value > -SOIConstants.longest ? exp(a) : R(constant: SOIConstants.smallest)
    return e * (e * 2 + 1)
}
