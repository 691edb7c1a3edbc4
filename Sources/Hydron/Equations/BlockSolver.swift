import SparseSolvers

/// Solves A x = b for a circuit whose matrix consists of a sparse part and the blocks of its arrays.
///
/// Conjugate gradients on what is left when every array's rows are eliminated, with all wires and the circuit around
/// as preconditioner (see ``CrossbarGrid``). The circuit around may hold voltage sources and anything else: the
/// preconditioner meets its equations exactly, so that after the first step the residual lies in the arrays alone, where
/// the matrix is symmetric and positive (a constraint preconditioner: N. I. M. Gould, M. E. Hribar, J. Nocedal, SIAM J.
/// Sci. Comput. 23, 1376 (2001), doi 10.1137/S1064827598345667). One reduction an iteration after A. T. Chronopoulos,
/// C. W. Gear, J. Comput. Appl. Math. 25, 153 (1989), doi 10.1016/0377-0427(89)90045-9.
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

    /// What it cost so far.
    private(set) var statistics = BlockSolverStatistics()
    /// Largest residual norm of the present Newton iteration: what its corrections are measured against.
    var reference = 0.0

    /// Reduction of the residual that ends an iteration: what rounding leaves, for linear circuits; inside of Newton's
    /// iteration a small part of what that asks for.
    var tolerance = 1e-13
    private static let iterationLimit = 1000

    init(_ grids: [CrossbarGrid], outerCount: Int, _ parallel: Parallel) {
        self.grids = grids
        count = outerCount
        self.parallel = parallel
        residual = Vector(outerCount)
        preconditioned = Vector(outerCount)
        direction = Vector(outerCount)
        product = Vector(outerCount)
        solution = Vector(outerCount)
        passed = Vector(outerCount)
    }

    /// Replaces b by x; false where the iteration stalls, with b unchanged. `solveOuter` solves with the factors of
    /// the sparse part, ports included.
    func solve(_ b: UnsafeMutablePointer<Double>, solveOuter: (UnsafeMutablePointer<Double>) -> Void) -> Bool {
        statistics.solves += 1
        residual.copy(b)
        for grid in grids { grid.start(b, outer: residual.base, parallel) }
        _ = precondition(solveOuter)
        // The first step: x = P⁻¹ b, r = w(x).
        solution.copy(preconditioned)
        clear(passed)
        for grid in grids { grid.takeFirst(preconditioned.base, w: passed.base, parallel) }
        residual.copy(passed)
        var square = norm(residual)
        for grid in grids { square += grid.residualSquare(parallel) }
        reference = max(reference, square.squareRoot())
        let goal = tolerance * reference

        clear(direction)
        clear(product)
        var (alpha, beta, energy) = (0.0, 0.0, 0.0)
        var iterations = 0
        while !(square.squareRoot() <= goal) {
            iterations += 1
            guard iterations <= Self.iterationLimit, square.isFinite else {
                statistics.stalls += 1
                return false
            }
            statistics.iterations += 1
            let newEnergy = precondition(solveOuter)
            beta = iterations > 1 ? newEnergy / energy : 0
            clear(passed)
            var coupled = 0.0
            for grid in grids {
                coupled += grid.multiply(beta: beta, preconditioned.base, w: passed.base, parallel)
            }
            for index in 0..<count {
                coupled += preconditioned.base[index] * passed.base[index]
                product.base[index] = residual.base[index] - passed.base[index] + beta * product.base[index]
            }
            let curvature = newEnergy - coupled - (iterations > 1 ? beta * newEnergy / alpha : 0)
            energy = newEnergy
            // Not positive: the circuit around makes the arrays' matrix indefinite.
            guard curvature > 0, newEnergy > 0 else {
                statistics.stalls += 1
                return false
            }
            alpha = newEnergy / curvature
            square = 0
            for index in 0..<count {
                direction.base[index] = preconditioned.base[index] + beta * direction.base[index]
                solution.base[index] += alpha * direction.base[index]
                residual.base[index] -= alpha * product.base[index]
                square += residual.base[index] * residual.base[index]
            }
            for grid in grids { square += grid.update(alpha: alpha, beta: beta, parallel) }
        }
        b.update(from: solution.base, count: count)
        for grid in grids { grid.finish(b, outer: solution.base, parallel) }
        // Rows hand nothing on here: what they added to the ports' places is taken back.
        b.update(from: solution.base, count: count)
        return true
    }

    /// z = P⁻¹ r; gives r·z.
    private func precondition(_ solveOuter: (UnsafeMutablePointer<Double>) -> Void) -> Double {
        let z = preconditioned
        z.copy(residual)
        for grid in grids { grid.eliminate(z.base, parallel) }
        solveOuter(z.base)
        z.base[0] = 0
        var sum = 0.0
        for index in 0..<count { sum += residual.base[index] * z.base[index] }
        for grid in grids { sum += grid.substitute(z.base, parallel) }
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
    public var factorisations = 0

    public init() {}
}
