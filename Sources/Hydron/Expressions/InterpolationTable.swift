import Glibc

/// A function of one variable through given points: piecewise linear, or one of the splines of Xyce.
///
/// Outside its points a table holds the values at the ends; splines do the same.
struct InterpolationTable: Sendable {
    enum Method: Sendable {
        case linear
        /// Linear, the outer segments continued: ngspice's `pwl( )`.
        case extrapolated
        /// Linear, the corners of a long one no reason for time steps to end there: Xyce's `fasttable`.
        case smooth
        case akima, cubic, wodicka, barycentric

        var isLinear: Bool { self == .linear || self == .extrapolated || self == .smooth }
    }

    let method: Method
    let x: [Double]
    let y: [Double]
    /// Coefficients of the cubic y + b·h + c·h² + d·h³ in each interval.
    private var b: [Double] = []
    private var c: [Double] = []
    private var d: [Double] = []
    /// Weights of the barycentric form of Lagrange's polynomial through all points (J.-P. Berrut, L. N. Trefethen, SIAM
    /// Rev. 46, 501 (2004), doi 10.1137/S0036144502417715), the largest scaled to 1.
    private var weights: [Double] = []

    /// - Parameter points: at least one; sorted by x here, later points win at the same x.
    init?(_ points: [(x: Double, y: Double)], method: Method) {
        guard !points.isEmpty, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
        var x: [Double] = []
        var y: [Double] = []
        for (_, point) in points.enumerated().sorted(by: {
            $0.element.x != $1.element.x ? $0.element.x < $1.element.x : $0.offset < $1.offset
        }) {
            if !method.isLinear, let last = x.last, last == point.x {
                y[y.count - 1] = point.y
            } else {
                x.append(point.x)
                y.append(point.y)
            }
        }
        self.x = x
        self.y = y
        // Two points are a straight line for every method.
        self.method = x.count < 3 && !method.isLinear ? .linear : method
        switch self.method {
        case .linear, .extrapolated, .smooth: break
        case .akima: makeHermite(slopes: akimaSlopes())
        case .wodicka: makeHermite(slopes: wodickaSlopes())
        case .cubic: makeNaturalSpline()
        case .barycentric: makeWeights()
        }
    }

    /// Its corners are where a time step should end. Few corners cost nothing, so that a short `fasttable` has them too.
    var hasBreaks: Bool { method == .linear || method == .extrapolated || (method == .smooth && x.count <= 100) }

    /// The value and its slope at `at`.
    func evaluate(_ at: Double) -> (value: Double, slope: Double) {
        let last = x.count - 1
        if last == 0 { return (y[0], 0) }
        if method != .extrapolated {
            if at <= x[0] { return (y[0], 0) }
            if at >= x[last] { return (y[last], 0) }
        }
        if method == .barycentric { return barycentric(at) }
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if x[middle] <= at { low = middle } else { high = middle }
        }
        let h = at - x[low]
        if method.isLinear {
            let span = x[high] - x[low]
            guard span > 0 else { return (y[high], 0) }
            let slope = (y[high] - y[low]) / span
            return (y[low] + slope * h, slope)
        }
        return (y[low] + h * (b[low] + h * (c[low] + h * d[low])), b[low] + h * (2 * c[low] + h * 3 * d[low]))
    }

    /// The slope of a spline at one of its points; of straight lines, that of the line behind it.
    func slope(at place: Int) -> Double {
        if b.isEmpty {
            let i = min(place, x.count - 2)
            return i < 0 ? 0 : (y[i + 1] - y[i]) / (x[i + 1] - x[i])
        }
        if place < b.count { return b[place] }
        let i = b.count - 1
        let h = x[i + 1] - x[i]
        return b[i] + h * (2 * c[i] + h * 3 * d[i])
    }

    /// ∫y dx of a spline from its first point to each.
    func integrals() -> [Double] {
        var sum = 0.0
        return x.indices.map { i in
            guard i > 0 else { return 0 }
            let h = x[i] - x[i - 1]
            if b.isEmpty {
                sum += 0.5 * (y[i] + y[i - 1]) * h
            } else {
                sum += h * (y[i - 1] + h * (b[i - 1] / 2 + h * (c[i - 1] / 3 + h * d[i - 1] / 4)))
            }
            return sum
        }
    }

    private mutating func makeHermite(slopes: [Double]) {
        for i in 0..<(x.count - 1) {
            let h = x[i + 1] - x[i]
            let chord = (y[i + 1] - y[i]) / h
            b.append(slopes[i])
            c.append((3 * chord - 2 * slopes[i] - slopes[i + 1]) / h)
            d.append((slopes[i] + slopes[i + 1] - 2 * chord) / (h * h))
        }
    }

    private func chords() -> [Double] {
        (1..<x.count).map { (i: Int) -> Double in
            let rise = y[i] - y[i - 1]
            return rise / (x[i] - x[i - 1])
        }
    }

    /// H. Akima, J. ACM 17, 589 (1970), doi 10.1145/321607.321609.
    private func akimaSlopes() -> [Double] { weightedSlopes { abs($0) } }

    /// Wodicka's variant of Akima's weights as in Xyce: |m₂ − m₁| + |m₁ + m₂|/2 keeps flat data flat.
    private func wodickaSlopes() -> [Double] { weightedSlopes(flat: 0.5) { abs($0) } }

    private func weightedSlopes(flat: Double = 0, _ size: (Double) -> Double) -> [Double] {
        let m = chords()
        let n = m.count
        // Two chords beyond each end, by extrapolation.
        var e = [Double](repeating: 0, count: n + 4)
        for i in 0..<n { e[i + 2] = m[i] }
        e[1] = 2 * e[2] - e[3]
        e[0] = 2 * e[1] - e[2]
        e[n + 2] = 2 * e[n + 1] - e[n]
        e[n + 3] = 2 * e[n + 2] - e[n + 1]
        return (0...n).map { (i: Int) -> Double in
            let (m0, m1, m2, m3) = (e[i], e[i + 1], e[i + 2], e[i + 3])
            let right: Double = size(m3 - m2) + flat * size(m3 + m2)
            let left: Double = size(m1 - m0) + flat * size(m1 + m0)
            let sum: Double = left + right
            if sum == 0 { return 0.5 * (m1 + m2) }
            return (right * m1 + left * m2) / sum
        }
    }

    /// Natural cubic spline: no curvature at the ends.
    private mutating func makeNaturalSpline() {
        let n = x.count - 1
        let h = (0..<n).map { x[$0 + 1] - x[$0] }
        let m = chords()
        var second = [Double](repeating: 0, count: n + 1)
        var ratio = [Double](repeating: 0, count: n + 1)
        var right = [Double](repeating: 0, count: n + 1)
        for i in 1..<n {
            let pivot = 2 * (h[i - 1] + h[i]) - h[i - 1] * ratio[i - 1]
            ratio[i] = h[i] / pivot
            right[i] = (6 * (m[i] - m[i - 1]) - h[i - 1] * right[i - 1]) / pivot
        }
        for i in stride(from: n - 1, to: 0, by: -1) { second[i] = right[i] - ratio[i] * second[i + 1] }
        for i in 0..<n {
            b.append(m[i] - h[i] * (2 * second[i] + second[i + 1]) / 6)
            c.append(second[i] / 2)
            d.append((second[i + 1] - second[i]) / (6 * h[i]))
        }
    }

    private mutating func makeWeights() {
        // 1/∏(xₖ − xⱼ) by logarithms, since the products overflow for many points.
        let logarithms = x.map { here in
            x.reduce(0.0) { here == $1 ? $0 : $0 - Glibc.log(abs(here - $1)) }
        }
        let largest = logarithms.max() ?? 0
        weights = logarithms.enumerated().map { index, value in
            Glibc.exp(value - largest) * (index % 2 == 0 ? 1 : -1)
        }
    }

    private func barycentric(_ at: Double) -> (Double, Double) {
        if let hit = x.firstIndex(of: at) {
            // r'(xₖ) = −Σ wᵢ/wₖ (yₖ − yᵢ)/(xₖ − xᵢ)
            var slope = 0.0
            for i in x.indices where i != hit { slope -= weights[i] / weights[hit] * (y[hit] - y[i]) / (at - x[i]) }
            return (y[hit], slope)
        }
        var top = 0.0
        var bottom = 0.0
        for i in x.indices {
            let share = weights[i] / (at - x[i])
            top += share * y[i]
            bottom += share
        }
        let value = top / bottom
        var slope = 0.0
        for i in x.indices { slope += weights[i] / (at - x[i]) * (value - y[i]) / (at - x[i]) }
        return (value, slope / bottom)
    }
}
