import SparseSolvers

/// Solves A x = b for a circuit whose matrix consists of a sparse part and the blocks of its arrays.
///
/// Conjugate gradients on what is left when every array's rows are eliminated, with all wires and the circuit around
/// as preconditioner (see ``CrossbarGrid``). The circuit around may hold voltage sources and anything else: the
/// preconditioner meets its equations exactly, so that after the first step the residual lies in the arrays alone, where
/// the matrix is symmetric and positive (a constraint preconditioner: N. I. M. Gould, M. E. Hribar, J. Nocedal, SIAM J.
/// Sci. Comput. 23, 1376 (2001), doi 10.1137/S1064827598345667). One reduction an iteration after A. T. Chronopoulos,
/// C. W. Gear, J. Comput. Appl. Math. 25, 153 (1989), doi 10.1016/0377-0427(89)90045-9.
///
/// Where transistors or controlled sources around the arrays spoil the symmetry and conjugate gradients break down or
/// do not get on, BiCGSTAB goes on from there (H. A. van der Vorst, SIAM J. Sci. Stat. Comput. 13, 631 (1992), doi
/// 10.1137/0913035).
final class BlockSolver {
    let grids: [CrossbarGrid]
    /// Unknowns of the sparse part, with ground.
    private let count: Int
    private let parallel: Parallel
    private let residual: Vector
    private let preconditioned: Vector
    private let direction: Vector
    private let product: Vector
    private let solution: Vector
    private let passed: Vector
    private let entering: Vector

    /// What it cost so far.
    var statistics = BlockSolverStatistics()
    /// Largest residual norm of the present Newton iteration, or what flows through the wires of a linear circuit: what
    /// corrections are measured against [A].
    var reference = 0.0

    /// Reduction of the residual that ends an iteration: near to what rounding leaves, for linear circuits; inside of
    /// Newton's iteration a small part of what that asks for.
    var tolerance = 1e-12
    /// Norm of the residual that is small enough in any case [A]; 0 for linear circuits.
    var floor = 0.0
    /// Whether the circuit is linear, not one of Newton's corrections to it.
    var isLinear = true
    /// Iterations of either method before the solution is given up.
    let iterationLimit: Int
    /// Whether the circuit around the arrays has a symmetric matrix. Where it has not, conjugate gradients gain a digit in
    /// 50 iterations, or BiCGSTAB takes over.
    var isSymmetric = true
    private static let patience = 50

    init(_ grids: [CrossbarGrid], outerCount: Int, iterationLimit: Int, _ parallel: Parallel) {
        self.grids = grids
        self.iterationLimit = iterationLimit
        count = outerCount
        self.parallel = parallel
        residual = Vector(outerCount)
        preconditioned = Vector(outerCount)
        direction = Vector(outerCount)
        product = Vector(outerCount)
        solution = Vector(outerCount)
        passed = Vector(outerCount)
        entering = Vector(outerCount)
        for grid in grids { grid.iteration.prepare(parallel) }
    }

    private enum Ending { case converged, brokeDown, stalled }

    /// Replaces b by the solution x of A x = `sign`·b; false where the iteration stalls, with b unchanged. `solveOuter`
    /// solves with the factors of the sparse part, ports included.
    func solve(
        _ b: UnsafeMutablePointer<Double>, sign: Double = 1, solveOuter: (UnsafeMutablePointer<Double>) -> Void
    ) -> Bool {
        statistics.solves += 1
        for index in 0..<count { residual.base[index] = sign * b[index] }
        for grid in grids { grid.iteration.start(b, sign: sign, outer: residual.base, parallel) }
        entering.copy(residual)
        for grid in grids { _ = grid.iteration.eliminate(entering.base, parallel) }
        _ = substitute(solveOuter)
        // The first step: x = P⁻¹ b, r = w(x).
        solution.copy(preconditioned)
        clear(residual)
        var square = 0.0
        for grid in grids { square += grid.iteration.takeFirst(preconditioned.base, w: residual.base, parallel) }
        square += norm(residual)
        // A linear circuit's balance is closed against what flows through its wires, Newton's against a single node's.
        let flow = !isLinear ? 0 : grids.reduce(0) { $0 + $1.iteration.wireCurrents(parallel) }
        reference = max(reference, max(square, flow).squareRoot())
        let goal = max(tolerance * reference, floor)
        var ending = conjugateGradients(square, goal, solveOuter)
        if ending == .brokeDown { ending = biconjugateGradients(goal, solveOuter) }
        guard ending == .converged else {
            statistics.stalls += 1
            return false
        }
        for grid in grids { grid.iteration.finish(b, sign: sign, outer: solution.base, parallel) }
        b.update(from: solution.base, count: count)
        return true
    }

    private func conjugateGradients(
        _ start: Double, _ goal: Double, _ solveOuter: (UnsafeMutablePointer<Double>) -> Void
    ) -> Ending {
        var square = start
        if square.squareRoot() <= goal { return .converged }
        clear(direction)
        clear(product)
        var (alpha, beta, energy, wires) = (0.0, 0.0, 0.0, 0.0)
        entering.copy(residual)
        for grid in grids { wires += grid.iteration.eliminate(entering.base, parallel) }
        var mark = square
        for iteration in 0..<iterationLimit {
            guard square.isFinite else { return .brokeDown }
            if !isSymmetric, iteration > 0, iteration % Self.patience == 0 {
                if square > 0.01 * mark { return .brokeDown }
                mark = square
            }
            statistics.iterations += 1
            let newEnergy = wires + substitute(solveOuter)
            beta = iteration > 0 ? newEnergy / energy : 0
            clear(passed)
            var coupled = 0.0
            for grid in grids {
                coupled += grid.iteration.multiply(beta: beta, preconditioned.base, w: passed.base, parallel)
            }
            for index in 0..<count {
                coupled += preconditioned.base[index] * passed.base[index]
                product.base[index] = residual.base[index] - passed.base[index] + beta * product.base[index]
            }
            let curvature = newEnergy - coupled - (iteration > 0 ? beta * newEnergy / alpha : 0)
            energy = newEnergy
            // Not positive: the circuit around makes the arrays' matrix indefinite.
            guard curvature > 0, newEnergy > 0 else { return .brokeDown }
            alpha = newEnergy / curvature
            square = 0
            for index in 0..<count {
                direction.base[index] = preconditioned.base[index] + beta * direction.base[index]
                solution.base[index] += alpha * direction.base[index]
                residual.base[index] -= alpha * product.base[index]
                square += residual.base[index] * residual.base[index]
            }
            entering.copy(residual)
            wires = 0
            for grid in grids {
                let sums = grid.iteration.advance(alpha: alpha, beta: beta, entering.base, parallel)
                wires += sums.product
                square += sums.square
            }
            if square.squareRoot() <= goal { return .converged }
        }
        return .stalled
    }

    /// From where solution and residual stand.
    private func biconjugateGradients(
        _ goal: Double, _ solveOuter: (UnsafeMutablePointer<Double>) -> Void
    ) -> Ending {
        func vector(_ outer: Vector, _ inner: (GridIteration) -> Plane) -> BlockVector {
            BlockVector(outer: outer, inner: grids.map { inner($0.iteration) })
        }
        func fresh() -> BlockVector { vector(Vector(count)) { Plane($0.count) } }
        let r = vector(residual) { $0.remaining }
        let x = vector(solution) { $0.result }
        let z = vector(preconditioned) { $0.corrected }
        let v = vector(product) { $0.image }
        let p = vector(direction) { $0.searched }
        let (shadow, t) = (fresh(), fresh())
        /// z = P⁻¹ of a vector, and the reduced matrix's product with z.
        func multiply(_ vector: BlockVector, into image: BlockVector) {
            entering.copy(vector.outer)
            for (grid, plane) in zip(grids, vector.inner) {
                _ = grid.iteration.eliminate(plane, entering.base, parallel)
            }
            _ = substitute(solveOuter)
            clear(passed)
            for (index, grid) in grids.enumerated() {
                grid.iteration.multiply(
                    vector.inner[index], into: image.inner[index], preconditioned.base, w: passed.base, parallel)
            }
            for index in 0..<count { image.outer.base[index] = vector.outer.base[index] - passed.base[index] }
        }
        statistics.unsymmetric += 1
        shadow.combine(0, 1, r, parallel)
        p.combine(0, 1, r, parallel)
        var rho = shadow.dot(r, parallel)
        let start = rho
        for _ in 0..<iterationLimit {
            guard rho.isFinite, rho != 0 else { return .stalled }
            statistics.iterations += 1
            multiply(p, into: v)
            let alpha = rho / shadow.dot(v, parallel)
            x.combine(1, alpha, z, parallel)
            r.combine(1, -alpha, v, parallel)
            multiply(r, into: t)
            let square = t.dot(t, parallel)
            let omega = square > 0 ? t.dot(r, parallel) / square : 0
            x.combine(1, omega, z, parallel)
            r.combine(1, -omega, t, parallel)
            let norm = r.dot(r, parallel)
            if norm.squareRoot() <= goal { return .converged }
            guard norm.isFinite, norm < 1e8 * start else { return .stalled }
            let next = shadow.dot(r, parallel)
            let beta = next / rho * (alpha / omega)
            rho = next
            // p ← r + β (p − ω v)
            p.combine(1, -omega, v, parallel)
            p.combine(beta, 1, r, parallel)
        }
        return .stalled
    }

    /// Second half of z = P⁻¹ r, with what enters the sparse part in ``entering``; gives that part of r·z.
    private func substitute(_ solveOuter: (UnsafeMutablePointer<Double>) -> Void) -> Double {
        let z = preconditioned
        z.copy(entering)
        solveOuter(z.base)
        z.base[0] = 0
        var sum = 0.0
        for index in 0..<count { sum += entering.base[index] * z.base[index] }
        for grid in grids { grid.iteration.substitute(z.base, parallel) }
        return sum
    }

    private func clear(_ vector: Vector) { vector.base.update(repeating: 0, count: vector.count) }
    private func norm(_ vector: Vector) -> Double {
        var sum = 0.0
        for index in 0..<vector.count { sum += vector.base[index] * vector.base[index] }
        return sum
    }
}

/// What the iterative solution of arrays took.
public struct BlockSolverStatistics: Sendable {
    public var solves = 0
    public var iterations = 0
    /// Solutions that did not converge and were handed to the direct solver.
    public var stalls = 0
    /// Solutions that BiCGSTAB ended, as conjugate gradients could not.
    public var unsymmetric = 0
    /// Eliminations of all wires.
    public var factorisations = 0
    /// Seconds by the clock and of the processors that eliminations and solutions took, evaluation left out.
    public var seconds = 0.0
    public var processorSeconds = 0.0
    /// Cells of all arrays, and bytes that they hold: states, conductances and wires, and with matrices and solver.
    public var cells = 0
    public var cellBytes = 0
    public var bytes = 0
    /// Bytes that one iteration moves.
    public var bytesAnIteration = 0

    public init() {}

    mutating func add(_ watch: Stopwatch) {
        seconds += watch.seconds
        processorSeconds += watch.processorSeconds
    }
}
