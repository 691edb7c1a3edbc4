import ComplexModule
import RealModule

/// ``KLUSolver`` for complex matrices, as small-signal analyses have them.
public final class KLUComplexSolver: LinearSolver {
    public typealias Scalar = Complex<Double>

    private let core: UnsafeMutablePointer<KLUCore<Complex<Double>>>

    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        let analysed = try KLUCore<Complex<Double>>(pattern, options)
        core = .allocate(capacity: 1)
        core.initialize(to: analysed)
    }

    deinit {
        core.pointee.free()
        core.deinitialize(count: 1)
        core.deallocate()
    }

    public func factor(_ values: UnsafePointer<Complex<Double>>) throws(SolverError) {
        try core.pointee.factor(values)
    }

    public func refactor(_ values: UnsafePointer<Complex<Double>>) throws(SolverError) {
        try core.pointee.refactor(values)
    }

    public func solve(_ rightHandSide: UnsafeMutablePointer<Complex<Double>>) {
        core.pointee.solve(rightHandSide, count: 1)
    }

    public func solve(_ rightHandSides: UnsafeMutablePointer<Complex<Double>>, count: Int) {
        core.pointee.solve(rightHandSides, count: count)
    }

    public func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Complex<Double>>) {
        core.pointee.solve(rightHandSide, count: 1, transposed: true)
    }

    public var statistics: SolverStatistics { core.pointee.statistics() }

    public func reciprocalCondition(_ values: UnsafePointer<Complex<Double>>) -> Double {
        core.pointee.reciprocalCondition(values)
    }
}
