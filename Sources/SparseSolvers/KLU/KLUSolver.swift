/// Sparse LU factorisation of a real matrix by KLU: block triangular form, minimum degree inside each block,
/// left-looking factors. The default for circuits.
///
/// ## When a refactorisation is rejected
///
/// A refactorisation keeps the pivots and does not compare them again, so for other values a pivot may be tiny next to
/// what it eliminates; then the multipliers, the entries of L, grow, and with them the rounding error. That very
/// quantity is looked at: the factors are kept while |L| ≤ 1 / ``SolverOptions/refactorTolerance`` everywhere, which
/// is to say that threshold pivoting with this smaller tolerance would have accepted every pivot. A fresh search
/// bounds |L| by 1 / ``SolverOptions/pivotTolerance``; the distance between the two is the hysteresis.
///
/// Watching the diagonal of U instead is no cheaper and errs on both sides: a diode that turns off shrinks its whole
/// row, which harms nothing, and a pivot that stays while its column grows by 1e12 goes unseen. Together with
/// the search for values that are not finite it costs a tenth of the refactorisation.
///
/// What a refactorisation does not see is a pivot that fell to rounding level together with its whole column: no other
/// pivot would be better. ``factor(_:)`` does see it (``SolverOptions/roundingFactor``); where it matters, factor once
/// more before a solution is accepted, or ask ``reciprocalCondition(_:)``.
///
/// A pivot that became exactly zero, or a multiplier that is not a number, also leads to a new search; only where that
/// fails, ``SolverError/singular(column:)`` is thrown.
///
/// ``factor(_:)`` allocates; ``refactor(_:)`` and ``solve(_:)`` do not.
///
/// T. A. Davis, E. Palamadai Natarajan, "Algorithm 907: KLU, a direct sparse solver for circuit simulation problems",
/// ACM Trans. Math. Softw. 37 (2010) 36, doi:10.1145/1824801.1824814.
public final class KLUSolver: LinearSolver {
    public typealias Scalar = Double

    let core: UnsafeMutablePointer<KLUCore<Double>>

    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        let analysed = try KLUCore<Double>(pattern, options)
        core = .allocate(capacity: 1)
        core.initialize(to: analysed)
    }

    deinit {
        core.pointee.free()
        core.deinitialize(count: 1)
        core.deallocate()
    }

    public func factor(_ values: UnsafePointer<Double>) throws(SolverError) {
        try core.pointee.factor(values)
    }

    public func refactor(_ values: UnsafePointer<Double>) throws(SolverError) {
        try core.pointee.refactor(values)
    }

    public func solve(_ rightHandSide: UnsafeMutablePointer<Double>) {
        core.pointee.solve(rightHandSide, count: 1)
    }

    public func solve(_ rightHandSides: UnsafeMutablePointer<Double>, count: Int) {
        core.pointee.solve(rightHandSides, count: count)
    }

    public func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Double>) {
        core.pointee.solve(rightHandSide, count: 1, transposed: true)
    }

    public var statistics: SolverStatistics { core.pointee.statistics() }

    public func reciprocalCondition(_ values: UnsafePointer<Double>) -> Double {
        core.pointee.reciprocalCondition(values)
    }
}
