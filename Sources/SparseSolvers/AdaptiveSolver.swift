/// Chooses the solver for a matrix: KLU, or strong blocks with Krylov iterations for large arrays.
///
/// A small matrix goes to KLU at once. A large one is looked at when its first values are there, because they tell strong
/// couplings from weak: it goes to ``StrongBlockSolver`` where many weak couplings close cycles, which is what fills
/// KLU's factors in, and where what stays without them is nearly all wires. A tree or a ladder does not fill in, and a
/// grid of equal resistances does not fall apart: both are KLU's.
///
/// Where strong blocks fail, they themselves hand over to KLU, which ``SolverStatistics/fallbacks`` tells.
public final class AdaptiveSolver: LinearSolver {
    public typealias Scalar = Double

    /// Nil only while nothing is chosen, and where ``iterative`` is.
    private var direct: KLUSolver? {
        didSet { core = direct?.core }
    }
    /// Of ``direct``, so that the small circuits' loop counts no references.
    private var core: UnsafeMutablePointer<KLUCore<Double>>?
    private var iterative: StrongBlockSolver?
    private let pattern: SparsityPattern
    private let options: SolverOptions

    /// - Throws: what ``KLUSolver`` or ``StrongBlockSolver`` throw; where the choice is still open, nothing.
    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        self.pattern = pattern
        self.options = options
        switch options.method {
        case .strongBlocks: iterative = try StrongBlockSolver(pattern: pattern, options: options)
        case .automatic where pattern.size >= options.smallestIterativeSize && !pattern.exceedsIndexRange: break
        case .direct, .automatic:
            let solver = try KLUSolver(pattern: pattern, options: options)
            direct = solver
            core = solver.core
        }
    }

    /// Why a solution is NaN although the matrix was factored; nil where nothing is wrong.
    @inline(__always)
    public var failure: SolverError? { core == nil ? iterative?.failure : nil }

    public func factor(_ values: UnsafePointer<Double>) throws(SolverError) {
        if direct == nil, iterative == nil { try choose(values) }
        if let direct { try direct.factor(values) } else { try iterative?.factor(values) }
    }

    @inline(__always)
    public func refactor(_ values: UnsafePointer<Double>) throws(SolverError) {
        if let core { try core.pointee.refactor(values) } else { try refactorIteratively(values) }
    }

    private func refactorIteratively(_ values: UnsafePointer<Double>) throws(SolverError) {
        if let iterative { try iterative.refactor(values) } else { try factor(values) }
    }

    @inline(__always)
    public func solve(_ rightHandSide: UnsafeMutablePointer<Double>) {
        if let core { core.pointee.solve(rightHandSide, count: 1) } else { solve(rightHandSide, count: 1) }
    }

    public func solve(_ rightHandSides: UnsafeMutablePointer<Double>, count: Int) {
        if let direct {
            direct.solve(rightHandSides, count: count)
        } else if let iterative {
            iterative.solve(rightHandSides, count: count)
        } else if count > 0 {
            rightHandSides.update(repeating: .nan, count: count * pattern.size)
        }
    }

    public func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Double>) {
        if let direct {
            direct.solveTransposed(rightHandSide)
        } else if let iterative {
            iterative.solveTransposed(rightHandSide)
        } else {
            rightHandSide.update(repeating: .nan, count: pattern.size)
        }
    }

    public var statistics: SolverStatistics {
        if let found = direct?.statistics ?? iterative?.statistics { return found }
        var result = SolverStatistics()
        result.size = pattern.size
        result.entries = pattern.entryCount
        return result
    }

    public func reciprocalCondition(_ values: UnsafePointer<Double>) -> Double {
        direct?.reciprocalCondition(values) ?? iterative?.reciprocalCondition(values) ?? 0
    }

    // MARK: Choice

    private func choose(_ values: UnsafePointer<Double>) throws(SolverError) {
        let candidate = try StrongBlockSolver(pattern: pattern, options: options)
        if candidate.suits(values) {
            iterative = candidate
        } else {
            direct = try KLUSolver(pattern: pattern, options: options)
        }
    }
}
