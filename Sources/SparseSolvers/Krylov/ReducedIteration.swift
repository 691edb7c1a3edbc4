/// Krylov iterations on the reduced system  Â x₂ = b₂,  Â = S₂ + W₂₂ − W₂₁ S₁⁻¹ W₁₂,  preconditioned by S₂, for as many
/// right-hand sides as `Number` has lanes. Each goes its own way, with steps of its own, over the same numbers of the
/// matrix, which are read once for all.
///
/// With S₂ as preconditioner, S₂ p need not be multiplied out: where p is made of preconditioned residuals z = S₂⁻¹ r,
/// S₂ p is made of the residuals. So a product with Â costs the weak couplings and a solve with S₁.
///
/// M. R. Hestenes, E. Stiefel, J. Res. NBS 49, 409 (1952), doi 10.6028/jres.049.044. H. A. van der Vorst, SIAM J. Sci.
/// Stat. Comput. 13, 631 (1992), doi 10.1137/0913035. A symmetric matrix with voltage sources is indefinite; conjugate
/// gradients still hold where the preconditioner keeps the sources' equations exactly and the first guess satisfies
/// them: N. I. M. Gould, M. E. Hribar, J. Nocedal, SIAM J. Sci. Comput. 23, 1376 (2001), doi 10.1137/S1064827598345667.
final class ReducedIteration<Number: Lanes> {
    private let system: ReducedSystem
    private let maximumIterations: Int
    private let split: Int
    private let count: Int

    private let arena = Arena()
    /// By position: a direction over the second part, and −S₁⁻¹ W₁₂ of it over the first.
    private let direction: UnsafeMutablePointer<Number>
    /// By position: the right-hand side, the residual over the second part, at last the solution.
    let vector: UnsafeMutablePointer<Number>
    // Over the second part.
    private let residual, solution, preconditioned, strongImage, image: UnsafeMutablePointer<Number>
    /// For unsymmetric matrices only.
    private var shadow: UnsafeMutablePointer<Number>?
    /// Lanes that still iterate, those whose residual fell below the target, and those where a curvature or a
    /// correlation vanished or had the wrong sign. Lanes in no set would take too many iterations.
    private var active = LaneSet(first: 0)
    private(set) var converged = LaneSet(first: 0)
    private var brokeDown = LaneSet(first: 0)
    /// Of each lane since the last ``resetIterations()``.
    private(set) var iterations = Number.zero

    var bytes: Int { arena.bytes }

    init(_ system: ReducedSystem, _ options: SolverOptions) {
        self.system = system
        maximumIterations = options.maximumIterations
        split = system.eliminated.count
        count = system.iterated.count
        direction = arena.zeros(split + count)
        vector = arena.zeros(split + count)
        residual = vector + split
        solution = arena.zeros(count)
        preconditioned = arena.zeros(count)
        strongImage = arena.zeros(count)
        image = arena.zeros(count)
    }

    func resetIterations() { iterations = .zero }

    // MARK: Solution

    /// Replaces the right-hand sides in ``vector`` by the solutions, of which those in ``converged`` hold.
    ///
    /// - Parameter target: of the residual's Euclidean norm, in the units of the right-hand side.
    func solve(target: Number, isSymmetric: Bool) {
        // b₂ − W₂₁ S₁⁻¹ b₁
        for row in 0..<split { direction[row] = vector[row] }
        system.eliminated.solve(direction)
        let second = direction + split
        second.update(repeating: .zero, count: count)
        system.iteratedRows.multiply(direction) { row, product in residual[row] -= product }
        solution.update(repeating: .zero, count: count)

        converged = LaneSet(first: 0)
        brokeDown = LaneSet(first: Number.laneCount)
        if isSymmetric {
            begin()
            conjugateGradients(target)
        }
        if !brokeDown.isEmpty {
            begin()
            biconjugateGradients(target)
        }

        // x₁ = S₁⁻¹ (b₁ − W₁₂ x₂)
        second.update(from: solution, count: count)
        system.eliminatedRows.multiply(direction) { row, product in vector[row] -= product }
        system.eliminated.solve(vector)
        residual.update(from: solution, count: count)
    }

    /// What broke down before is tried another way.
    private func begin() {
        active = brokeDown
        brokeDown = LaneSet(first: 0)
    }

    /// Fills the first part of ``direction`` with what elimination makes of the second, and gives W₂ times the whole row by
    /// row: Â p = S₂ p + that.
    @inline(__always)
    private func coupleWeakly(_ body: (_ row: Int, _ product: Number) -> Void) {
        let first = direction
        system.eliminatedRows.multiply(direction) { row, product in first[row] = -product }
        system.eliminated.solve(direction)
        system.iteratedRows.multiply(direction, body)
    }

    private func precondition(_ from: UnsafePointer<Number>, _ to: UnsafeMutablePointer<Number>) {
        to.update(from: from, count: count)
        system.iterated.solve(to)
    }

    private static func dot(_ a: UnsafePointer<Number>, _ b: UnsafePointer<Number>, _ count: Int) -> Number {
        // Four sums, none of which waits for the last.
        var (first, second, third, fourth) = (Number.zero, Number.zero, Number.zero, Number.zero)
        var index = 0
        while index + 4 <= count {
            first += a[index] * b[index]
            second += a[index + 1] * b[index + 1]
            third += a[index + 2] * b[index + 2]
            fourth += a[index + 3] * b[index + 3]
            index += 4
        }
        var sum = (first + third) + (second + fourth)
        while index < count {
            sum += a[index] * b[index]
            index += 1
        }
        return sum
    }

    private func norm(_ a: UnsafePointer<Number>) -> Number { Self.dot(a, a, count).squareRoots() }

    /// Lets go of lanes that are done, one way or another.
    private func sort(_ norm: Number, _ target: Number) {
        for lane in 0..<Number.laneCount where active.contains(lane) {
            if norm[lane: lane].isNaN {
                breakDown(lane)
            } else if norm[lane: lane] <= target[lane: lane] {
                active.remove(lane)
                converged.insert(lane)
            }
        }
    }

    private func breakDown(_ lane: Int) {
        active.remove(lane)
        brokeDown.insert(lane)
    }

    private func countIteration() {
        for lane in 0..<Number.laneCount where active.contains(lane) { iterations[lane: lane] += 1 }
    }

    /// Gives up the lanes whose pace so far would take more than the iterations allowed; looked at now and then.
    private func dropHopeless(_ done: Int, _ start: Number, _ now: Number, _ target: Number) {
        guard done >= maximumIterations || done > 0 && done % 64 == 0 else { return }
        for lane in 0..<Number.laneCount where active.contains(lane) {
            let (start, now, target) = (start[lane: lane], now[lane: lane], target[lane: lane])
            if done >= maximumIterations || !(now < start)
                || Double(done) * .log(start / target) > 2 * Double(maximumIterations) * .log(start / now)
            {
                active.remove(lane)
            }
        }
    }

    // MARK: Conjugate gradients

    private func conjugateGradients(_ target: Number) {
        let (r, x, z, s, q, p) = (residual, solution, preconditioned, strongImage, image, direction + split)
        let start = norm(r)
        sort(start, target)
        if active.isEmpty { return }
        if system.hasConstraints {
            // From here on the residuals of equations that the preconditioner holds exactly are 0.
            precondition(r, z)
            p.update(from: z, count: count)
            x.update(from: z, count: count)
            coupleWeakly { row, product in r[row] = -product }
        }
        var previous = Number.zero
        s.update(repeating: .zero, count: count)
        p.update(repeating: .zero, count: count)
        var done = 0
        var norm = norm(r)
        sort(norm, target)
        while true {
            dropHopeless(done, start, norm, target)
            if active.isEmpty { return }
            precondition(r, z)
            let correlation = Self.dot(r, z, count)
            var beta = Number.zero
            for lane in 0..<Number.laneCount where active.contains(lane) {
                let here = correlation[lane: lane]
                guard here > 0, here.isFinite else {
                    breakDown(lane)
                    continue
                }
                beta[lane: lane] = done == 0 ? 0 : here / previous[lane: lane]
            }
            previous = correlation
            for index in 0..<count {
                p[index] = z[index] + beta * p[index]
                s[index] = r[index] + beta * s[index]
            }
            var curvature = Number.zero
            coupleWeakly { row, product in
                let value = s[row] + product
                q[row] = value
                curvature += value * p[row]
            }
            // Lanes that are done stand still.
            var alpha = Number.zero
            for lane in 0..<Number.laneCount where active.contains(lane) {
                let here = curvature[lane: lane]
                guard here > 0, here.isFinite else {
                    breakDown(lane)
                    continue
                }
                alpha[lane: lane] = correlation[lane: lane] / here
            }
            var square = Number.zero
            for index in 0..<count {
                x[index] += alpha * p[index]
                let rest = r[index] - alpha * q[index]
                r[index] = rest
                square += rest * rest
            }
            norm = square.squareRoots()
            done += 1
            countIteration()
            sort(norm, target)
        }
    }

    // MARK: Stabilised biconjugate gradients

    /// BiCGSTAB, preconditioned from the right, from where ``solution`` and ``residual`` stand.
    private func biconjugateGradients(_ target: Number) {
        let (r, x, p, v, t, y) = (residual, solution, preconditioned, strongImage, image, direction + split)
        let shadow = shadow ?? arena.zeros(count)
        self.shadow = shadow
        var (rho, alpha, omega) = (Number.zero, Number.zero, Number.zero)
        let start = norm(r)
        var norm = start
        var best = start
        var done = 0
        var restarts = [Int](repeating: 0, count: Number.laneCount)
        var fresh = active
        var shadowNorm = start
        sort(norm, target)
        while true {
            dropHopeless(done, start, best, target)
            if active.isEmpty { return }
            for lane in 0..<Number.laneCount where fresh.contains(lane) {
                for index in 0..<count {
                    shadow[index][lane: lane] = r[index][lane: lane]
                    p[index][lane: lane] = 0
                    v[index][lane: lane] = 0
                }
                (rho[lane: lane], alpha[lane: lane], omega[lane: lane]) = (1, 1, 1)
                shadowNorm[lane: lane] = norm[lane: lane]
                fresh.remove(lane)
            }
            let next = Self.dot(shadow, r, count)
            var beta = Number.zero
            for lane in 0..<Number.laneCount where active.contains(lane) {
                beta[lane: lane] =
                    next[lane: lane] / rho[lane: lane] * (alpha[lane: lane] / omega[lane: lane])
            }
            rho = next
            for index in 0..<count { p[index] = r[index] + beta * (p[index] - omega * v[index]) }
            precondition(p, y)
            coupleWeakly { row, product in v[row] = p[row] + product }
            let across = Self.dot(shadow, v, count)
            alpha = .zero
            for lane in 0..<Number.laneCount where active.contains(lane) {
                alpha[lane: lane] = rho[lane: lane] / across[lane: lane]
            }
            for index in 0..<count {
                x[index] += alpha * y[index]
                r[index] -= alpha * v[index]
            }
            precondition(r, y)
            coupleWeakly { row, product in t[row] = r[row] + product }
            let (square, along) = (Self.dot(t, t, count), Self.dot(t, r, count))
            omega = .zero
            for lane in 0..<Number.laneCount where active.contains(lane) && square[lane: lane] > 0 {
                omega[lane: lane] = along[lane: lane] / square[lane: lane]
            }
            for index in 0..<count {
                x[index] += omega * y[index]
                r[index] -= omega * t[index]
            }
            norm = self.norm(r)
            done += 1
            countIteration()
            for lane in 0..<Number.laneCount where active.contains(lane) {
                let here = norm[lane: lane]
                best[lane: lane] = min(best[lane: lane], here)
                guard here.isFinite else {
                    breakDown(lane)
                    continue
                }
                // Directions that lost their meaning: begin again from the residual, a few times.
                if here > target[lane: lane],
                    omega[lane: lane] == 0 || abs(rho[lane: lane]) < 1e-14 * shadowNorm[lane: lane] * here
                {
                    restarts[lane] += 1
                    if restarts[lane] > 10 { breakDown(lane) } else { fresh.insert(lane) }
                }
            }
            sort(norm, target)
        }
    }
}
