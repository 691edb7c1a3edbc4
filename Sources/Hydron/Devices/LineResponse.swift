import Glibc

/// Impulse responses of a uniform line, integrated twice over time.
///
/// With the wave impedance z = √(L/C) and the delay T = ℓ√(LC) of the line without its losses,
///
///     Y(s)   = √((sC + G)/(sL + R)) z = √((s + α − β)/(s + α + β))          admittance, times z
///     P(s)   = e^(−ℓ √((sL + R)(sC + G))) = e^(−T √((s + α)² − β²))          propagation from end to end
///     α = (R/L + G/C)/2,  β = (R/L − G/C)/2
///
/// their responses are an impulse and a smooth rest each; with y = √(t² − T²),
///
///     Y     δ(t) + e^(−αt) β (I₁(βt) − I₀(βt))
///     P     e^(−αT) δ(t − T) + e^(−αt) βT I₁(βy)/y                           t > T
///     Y·P   e^(−αT) δ(t − T) + e^(−αt) β (t I₁(βy)/y − I₀(βy))               t > T
///
/// A line without inductance diffuses instead: with a = ℓ√(RC), g = G/C, and Y times the whole resistance Rℓ,
///
///     Y     a √(s + g)        P   e^(−a√(s + g))        Y·P   a √(s + g) e^(−a√(s + g))
///
/// Where a port's voltage or current is a straight line between time points, its convolution with a response is a sum
/// over the corners of its course: the change of slope there times the response's double integral K over the time since
/// (J. S. Roychowdhury, D. O. Pederson, Efficient Transient Simulation of Lossy Interconnect, DAC 1991,
/// doi 10.1145/127601.127752; J. S. Roychowdhury, A. R. Newton, D. O. Pederson, IEEE Trans. CAD 13, 96, 1994,
/// doi 10.1109/43.273751, for G = 0; the shift of s by α brings G in). K of Y has a closed form where the line diffuses;
/// all others are integrated once and tabulated.
final class LineResponse {
    /// α, β [1/s] and T [s], or a [√s] and g [1/s].
    enum Kind: Hashable, Sendable {
        case travelling(alpha: Double, beta: Double, delay: Double)
        case diffusing(a: Double, leakage: Double)
    }
    let kind: Kind
    /// Share of an impulse that arrives as one: e^(−αT), 0 where the line diffuses.
    let attenuation: Double
    /// Share of Y that acts at once.
    let direct: Double
    /// T [s].
    let delay: Double
    /// What the smooth parts are in direct current: ∫ of the responses.
    let restOfAdmittance: Double
    let restOfPropagation: Double
    let restOfProduct: Double

    private let admittance: ResponseTable?
    /// P in lane 0, Y·P in lane 1.
    private let propagation: ResponseTable

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .travelling(let alpha, let beta, let delay):
            self.delay = delay
            direct = 1
            attenuation = Glibc.exp(-alpha * delay)
            let atRest = max(alpha - beta, 0) / (alpha + beta)
            let passing = Glibc.exp(-delay * (max(alpha - beta, 0) * (alpha + beta)).squareRoot())
            restOfAdmittance = atRest.squareRoot() - 1
            restOfPropagation = passing - attenuation
            restOfProduct = atRest.squareRoot() * passing - attenuation
            let scale = 1 / max(alpha, abs(beta))
            admittance = ResponseTable(start: 0, scale: scale) {
                [Self.travelling(alpha, beta, delay: 0, since: $0).product, 0]
            }
            propagation = ResponseTable(start: delay, scale: min(scale, delay)) {
                let (passed, product) = Self.travelling(alpha, beta, delay: delay, since: $0)
                return [passed, product]
            }
        case .diffusing(let a, let g):
            delay = 0
            direct = 0
            attenuation = 0
            admittance = nil
            let root = a * g.squareRoot()
            restOfAdmittance = root
            restOfPropagation = Glibc.exp(-root)
            restOfProduct = root * Glibc.exp(-root)
            // Before that time e^(−a²/(4t)) is below 1e-26.
            let start = a * a / 240
            propagation = ResponseTable(start: start, scale: start) {
                let t = start + $0
                let passed = Glibc.exp(-g * t - a * a / (4 * t)) / (2 * (Double.pi * t).squareRoot() * t)
                return [a * passed, a * passed * (a * a / (2 * t) - 1)]
            }
        }
    }

    /// The smooth parts of P and Y·P at `u` [s] behind T.
    private static func travelling(
        _ alpha: Double, _ beta: Double, delay: Double, since u: Double
    ) -> (passed: Double, product: Double) {
        let t = delay + u
        let x = abs(beta) * (u * (u + 2 * delay)).squareRoot()
        let decay = Glibc.exp(x - alpha * t)
        let ratio = beta * beta * BesselFunctions.scaledI1OverArgument(x)
        return (decay * delay * ratio, decay * (t * ratio - beta * BesselFunctions.scaledI0(x)))
    }

    /// Where the last look-ups were: times since the corners of a course fall from one to the next.
    struct Place {
        fileprivate var admittance = Int.max
        fileprivate var propagation = Int.max
        init() {}
    }

    /// Makes the tables reach to `time` [s].
    func reach(_ time: Double) {
        admittance?.reach(time)
        propagation.reach(time)
    }

    /// K of Y's smooth part, t ≥ 0 within what ``reach(_:)`` was told [s].
    func admittance(_ t: Double, _ place: inout Place) -> Double {
        if let admittance { return admittance.value(t, &place.admittance)[0] }
        guard case .diffusing(let a, let g) = kind, t > 0 else { return 0 }
        if g * t < 1e-6 { return 2 * a * (t / Double.pi).squareRoot() * (1 + g * t / 3) }
        let root = g.squareRoot()
        // The integral of e^(−gt)/√(πt) + √g erf √(gt).
        let error = Glibc.erf(root * t.squareRoot())
        return a
            * (error / root + root * (t * error - error / (2 * g))
                + (t / Double.pi).squareRoot() * Glibc.exp(-g * t))
    }

    /// K of the smooth parts of P and of Y·P.
    func propagation(_ t: Double, _ place: inout Place) -> (passed: Double, product: Double) {
        let value = propagation.value(t, &place.propagation)
        return (value[0], value[1])
    }
}

/// The double integral of a pair of smooth functions from `start` on, at points so close that quintic polynomials
/// through value, slope and curvature hold it to 1e-9 between them. It grows as far as it is asked for.
private final class ResponseTable {
    private let start: Double
    private let response: (Double) -> SIMD2<Double>
    private var nodes: [Node]
    /// Length of the next interval that is tried [s].
    private var stride: Double

    /// `time` counts from `start` [s].
    private struct Node {
        var time: Double
        var twice: SIMD2<Double>
        var once: SIMD2<Double>
        var value: SIMD2<Double>
    }

    /// - Parameters:
    ///   - scale: a time [s] within which the response is smooth.
    ///   - response: its values at a time counted from `start`.
    init(start: Double, scale: Double, _ response: @escaping (Double) -> SIMD2<Double>) {
        self.start = start
        self.response = response
        nodes = [Node(time: 0, twice: .zero, once: .zero, value: response(0))]
        stride = scale / 64
    }

    func reach(_ time: Double) {
        guard let last = nodes.last else { return }
        var node = last
        while start + node.time < time {
            var next = integrate(node, stride)
            var tries = 0
            while tries < 40 {
                let middle = integrate(node, stride / 2)
                let end = integrate(middle, stride / 2)
                let departure = Self.interpolate(node, next, node.time + stride / 2) - middle.twice
                let size = abs2(end.twice) + abs2(end.once * stride) * 1e-3 + SIMD2(repeating: 1e-300)
                let error = abs2(departure) / size
                let ends = abs2(end.twice - next.twice) / size
                next = end
                if max(error.max(), ends.max()) < 1e-9 { break }
                stride /= 2
                next = integrate(node, stride)
                tries += 1
            }
            nodes.append(next)
            node = next
            stride *= 1.3
        }
    }

    private func abs2(_ a: SIMD2<Double>) -> SIMD2<Double> { [abs(a[0]), abs(a[1])] }

    /// The node `length` behind `node`, by Gauss and Legendre's formula of eight points.
    private func integrate(_ node: Node, _ length: Double) -> Node {
        var once = SIMD2<Double>.zero
        var twice = SIMD2<Double>.zero
        for (x, weight) in Self.points {
            let value = response(node.time + x * length)
            once += value * (weight * length)
            twice += value * (weight * length * length * (1 - x))
        }
        return Node(
            time: node.time + length, twice: node.twice + node.once * length + twice, once: node.once + once,
            value: response(node.time + length))
    }

    /// Abscissas in 0…1 and weights.
    private static let points: [(Double, Double)] = [
        (-0.9602898564975363, 0.1012285362903763), (-0.7966664774136267, 0.2223810344533745),
        (-0.5255324099163290, 0.3137066458778873), (-0.1834346424956498, 0.3626837833783620),
        (0.1834346424956498, 0.3626837833783620), (0.5255324099163290, 0.3137066458778873),
        (0.7966664774136267, 0.2223810344533745), (0.9602898564975363, 0.1012285362903763),
    ].map { ((1 + $0.0) / 2, $0.1 / 2) }

    /// The quintic polynomial with value, slope and curvature of both nodes.
    @inline(__always) private static func interpolate(_ a: Node, _ b: Node, _ time: Double) -> SIMD2<Double> {
        let length = b.time - a.time
        let s = (time - a.time) / length
        let r = 1 - s
        let (s3, r3) = (s * s * s, r * r * r)
        let atA = a.twice + (a.twice * 3 + a.once * length) * s
        let atB = b.twice + (b.twice * 3 - b.once * length) * r
        let bendA = (a.twice * 6 + a.once * (3 * length) + a.value * (0.5 * length * length)) * (s * s)
        let bendB = (b.twice * 6 - b.once * (3 * length) + b.value * (0.5 * length * length)) * (r * r)
        return (atA + bendA) * r3 + (atB + bendB) * s3
    }

    /// The double integral at `time` [s]; `place` is where the last look-up was, at or behind this one.
    @inline(__always) func value(_ time: Double, _ place: inout Int) -> SIMD2<Double> {
        let since = time - start
        guard since > 0, nodes.count > 1 else { return .zero }
        return nodes.withUnsafeBufferPointer { nodes in
            var at = min(place, nodes.count - 2)
            if nodes[at].time > since {
                // Mostly the next few; else by halving.
                var low = 0
                var steps = 0
                while at > 0, nodes[at].time > since, steps < 8 {
                    at -= 1
                    steps += 1
                }
                if nodes[at].time > since {
                    var high = at
                    while high - low > 1 {
                        let middle = (low + high) / 2
                        if nodes[middle].time > since { high = middle } else { low = middle }
                    }
                    at = low
                }
            } else {
                var high = nodes.count - 1
                var low = at
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if nodes[middle].time > since { high = middle } else { low = middle }
                }
                at = low
            }
            place = at
            return Self.interpolate(nodes[at], nodes[at + 1], since)
        }
    }
}
