/// Krylov iterations on the reduced system  Â x₂ = b₂,  Â = S₂ + W₂₂ − W₂₁ S₁⁻¹ W₁₂,  preconditioned by S₂.
///
/// With S₂ as preconditioner, S₂ p need not be multiplied out: where p is made of preconditioned residuals z = S₂⁻¹ r,
/// S₂ p is made of the residuals. So a product with Â costs the weak couplings and a solve with S₁.
///
/// M. R. Hestenes, E. Stiefel, J. Res. NBS 49, 409 (1952), doi 10.6028/jres.049.044. H. A. van der Vorst, SIAM J. Sci.
/// Stat. Comput. 13, 631 (1992), doi 10.1137/0913035. A symmetric matrix with voltage sources is indefinite; conjugate
/// gradients still hold where the preconditioner keeps the sources' equations exactly and the first guess satisfies
/// them: N. I. M. Gould, M. E. Hribar, J. Nocedal, SIAM J. Sci. Comput. 23, 1376 (2001), doi 10.1137/S1064827598345667.
final class ReducedIteration {
    enum Ending {
        /// The residual fell below the target.
        case converged
        /// A curvature or a correlation vanished or had the wrong sign.
        case brokeDown
        /// It would take too many iterations.
        case stalled
    }

    private let eliminated: StrongBlocks
    private let iterated: StrongBlocks
    private let eliminatedRows: WeakCouplings
    private let iteratedRows: WeakCouplings
    private let hasConstraints: Bool
    private let maximumIterations: Int
    private let split: Int
    private let count: Int

    private let arena = Arena()
    /// By position: a direction over the second part, and −S₁⁻¹ W₁₂ of it over the first.
    private let direction: UnsafeMutablePointer<Double>
    /// By position: the right-hand side, the residual over the second part, at last the solution.
    let vector: UnsafeMutablePointer<Double>
    // Over the second part.
    private let residual, solution, preconditioned, strongImage, image: UnsafeMutablePointer<Double>
    /// For unsymmetric matrices only.
    private var shadow: UnsafeMutablePointer<Double>?
    private(set) var iterations = 0

    var bytes: Int {
        arena.bytes + eliminated.bytes + iterated.bytes + eliminatedRows.bytes + iteratedRows.bytes
    }

    /// - Throws: ``SolverError`` where no values can make a component regular.
    init(
        _ layout: BlockLayout, _ graph: StrongCouplings, _ options: SolverOptions
    ) throws(SolverError) {
        eliminated = try StrongBlocks(layout.eliminated, layout, graph, options)
        iterated = try StrongBlocks(layout.iterated, layout, graph, options)
        eliminatedRows = WeakCouplings(layout.eliminated, layout)
        iteratedRows = WeakCouplings(layout.iterated, layout)
        hasConstraints = layout.hasConstraints
        maximumIterations = options.maximumIterations
        split = eliminated.count
        count = iterated.count
        direction = arena.zeros(split + count)
        vector = arena.zeros(split + count)
        residual = vector + split
        solution = arena.zeros(count)
        preconditioned = arena.zeros(count)
        strongImage = arena.zeros(count)
        image = arena.zeros(count)
    }

    /// Takes the numbers of a matrix, given in the pattern's order with a 0 in front. The result and the errors are
    /// those of ``StrongBlocks/factor(_:searchesPivots:)``.
    func load(_ values: UnsafePointer<Double>, searchesPivots: Bool) throws(SolverError) -> Bool {
        eliminatedRows.load(values)
        iteratedRows.load(values)
        guard try eliminated.factor(values, searchesPivots: searchesPivots) else { return false }
        return try iterated.factor(values, searchesPivots: searchesPivots)
    }

    /// Whether each value equals its transpose; the weak ones as last loaded.
    func isSymmetric(_ values: UnsafePointer<Double>) -> Bool {
        iteratedRows.isSymmetric(values) && eliminatedRows.isSymmetric(values) && eliminated.isSymmetric(values)
            && iterated.isSymmetric(values)
    }

    // MARK: Solution

    /// Replaces the right-hand side in ``vector`` by the solution.
    ///
    /// - Parameter target: of the residual's Euclidean norm, in the units of the right-hand side.
    func solve(target: Double, isSymmetric: Bool) -> Ending {
        // b₂ − W₂₁ S₁⁻¹ b₁
        for row in 0..<split { direction[row] = vector[row] }
        eliminated.solve(direction)
        let second = direction + split
        second.update(repeating: 0, count: count)
        iteratedRows.multiply(direction) { row, product in residual[row] -= product }
        solution.update(repeating: 0, count: count)

        var ending = Ending.brokeDown
        if isSymmetric { ending = conjugateGradients(target) }
        if ending == .brokeDown { ending = biconjugateGradients(target) }

        // x₁ = S₁⁻¹ (b₁ − W₁₂ x₂)
        second.update(from: solution, count: count)
        eliminatedRows.multiply(direction) { row, product in vector[row] -= product }
        eliminated.solve(vector)
        residual.update(from: solution, count: count)
        return ending
    }

    /// Fills the first part of ``direction`` with what elimination makes of the second, and gives W₂ times the whole row by
    /// row: Â p = S₂ p + that.
    @inline(__always)
    private func coupleWeakly(_ body: (_ row: Int, _ product: Double) -> Void) {
        let first = direction
        eliminatedRows.multiply(direction) { row, product in first[row] = -product }
        eliminated.solve(direction)
        iteratedRows.multiply(direction, body)
    }

    private func precondition(_ from: UnsafePointer<Double>, _ to: UnsafeMutablePointer<Double>) {
        to.update(from: from, count: count)
        iterated.solve(to)
    }

    private static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var lanes = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= count {
            let left = SIMD4(a[index], a[index + 1], a[index + 2], a[index + 3])
            lanes += left * SIMD4(b[index], b[index + 1], b[index + 2], b[index + 3])
            index += 4
        }
        var sum = lanes.sum()
        while index < count {
            sum += a[index] * b[index]
            index += 1
        }
        return sum
    }

    /// Whether the pace so far would take more than the iterations allowed; asked now and then.
    private func isHopeless(_ done: Int, _ start: Double, _ now: Double, _ target: Double) -> Bool {
        if done >= maximumIterations { return true }
        guard done > 0, done % 64 == 0 else { return false }
        guard now < start else { return true }
        return Double(done) * .log(start / target) > 2 * Double(maximumIterations) * .log(start / now)
    }

    // MARK: Conjugate gradients

    private func conjugateGradients(_ target: Double) -> Ending {
        let (r, x, z, s, q, p) = (residual, solution, preconditioned, strongImage, image, direction + split)
        let start = Self.dot(r, r, count).squareRoot()
        if !(start > target) { return start.isNaN ? .brokeDown : .converged }
        if hasConstraints {
            // From here on the residuals of equations that the preconditioner holds exactly are 0.
            precondition(r, z)
            p.update(from: z, count: count)
            x.update(from: z, count: count)
            coupleWeakly { row, product in r[row] = -product }
        }
        var (previous, beta) = (1.0, 0.0)
        s.update(repeating: 0, count: count)
        p.update(repeating: 0, count: count)
        var done = 0
        var norm = Self.dot(r, r, count).squareRoot()
        while norm > target {
            if isHopeless(done, start, norm, target) { return .stalled }
            precondition(r, z)
            let correlation = Self.dot(r, z, count)
            guard correlation > 0, correlation.isFinite else { return .brokeDown }
            beta = done == 0 ? 0 : correlation / previous
            previous = correlation
            for index in 0..<count {
                p[index] = z[index] + beta * p[index]
                s[index] = r[index] + beta * s[index]
            }
            var curvature = 0.0
            coupleWeakly { row, product in
                let value = s[row] + product
                q[row] = value
                curvature += value * p[row]
            }
            guard curvature > 0, curvature.isFinite else { return .brokeDown }
            let alpha = correlation / curvature
            var square = 0.0
            for index in 0..<count {
                x[index] += alpha * p[index]
                let rest = r[index] - alpha * q[index]
                r[index] = rest
                square += rest * rest
            }
            norm = square.squareRoot()
            done += 1
            iterations += 1
        }
        return norm.isNaN ? .brokeDown : .converged
    }

    // MARK: Stabilised biconjugate gradients

    /// BiCGSTAB, preconditioned from the right, from where ``solution`` and ``residual`` stand.
    private func biconjugateGradients(_ target: Double) -> Ending {
        let (r, x, p, v, t, y) = (residual, solution, preconditioned, strongImage, image, direction + split)
        let shadow = shadow ?? arena.zeros(count)
        self.shadow = shadow
        var (rho, alpha, omega) = (1.0, 1.0, 1.0)
        let start = Self.dot(r, r, count).squareRoot()
        var norm = start
        var best = start
        var done = 0
        var restarts = 0
        var isFresh = true
        var shadowNorm = start
        while norm > target {
            if isHopeless(done, start, min(best, norm), target) { return .stalled }
            if isFresh {
                shadow.update(from: r, count: count)
                p.update(repeating: 0, count: count)
                v.update(repeating: 0, count: count)
                (rho, alpha, omega) = (1, 1, 1)
                shadowNorm = norm
                isFresh = false
            }
            let next = Self.dot(shadow, r, count)
            let beta = next / rho * (alpha / omega)
            rho = next
            for index in 0..<count { p[index] = r[index] + beta * (p[index] - omega * v[index]) }
            precondition(p, y)
            coupleWeakly { row, product in v[row] = p[row] + product }
            alpha = rho / Self.dot(shadow, v, count)
            for index in 0..<count {
                x[index] += alpha * y[index]
                r[index] -= alpha * v[index]
            }
            precondition(r, y)
            coupleWeakly { row, product in t[row] = r[row] + product }
            let square = Self.dot(t, t, count)
            omega = square > 0 ? Self.dot(t, r, count) / square : 0
            for index in 0..<count {
                x[index] += omega * y[index]
                r[index] -= omega * t[index]
            }
            norm = Self.dot(r, r, count).squareRoot()
            best = min(best, norm)
            done += 1
            iterations += 1
            guard norm.isFinite else { return .brokeDown }
            // Directions that lost their meaning: begin again from the residual, a few times.
            if norm > target, omega == 0 || abs(rho) < 1e-14 * shadowNorm * norm {
                restarts += 1
                if restarts > 10 { return .brokeDown }
                isFresh = true
            }
        }
        return norm.isNaN ? .brokeDown : .converged
    }
}
