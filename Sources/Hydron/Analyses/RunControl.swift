import SparseSolvers

/// How a run talks with whoever started it, while it runs.
public struct RunControl: Sendable {
    /// Asked now and then; true makes the run stop after the point it is at, with what it has.
    public var isInterrupted: @Sendable () -> Bool
    /// Told now and then how far the analysis is, from 0 to 1.
    public var progress: @Sendable (Double) -> Void

    public init(
        isInterrupted: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) {
        self.isInterrupted = isInterrupted
        self.progress = progress
    }
}

/// What an analysis took.
public struct AnalysisStatistics: Sendable {
    /// Accepted time points, or points of a sweep.
    public var points = 0
    /// Time steps given up because their error was too large.
    public var rejectedByError = 0
    /// Time steps given up because Newton's iteration did not converge.
    public var rejectedByNewton = 0
    public var newtonIterations = 0
    public var breakpoints = 0
    /// The aids that led to operating points which Newton's iteration alone did not find.
    public var homotopies: [String] = []
    /// The node with the largest voltage of all operating points, where that is beyond any circuit's.
    var implausibleNode: Int?
    /// Its voltage [V].
    private(set) var largestVoltage = 1e9
    /// What solving the arrays took; nil without arrays.
    public var arrays: BlockSolverStatistics?
    /// How often elements of compiled models were evaluated; nil without any.
    public var evaluations: EvaluationCount?
    /// The same of built-in elements that may rest; nil outside of transients and where there are few.
    public var resting: EvaluationCount?
    /// What the solver of linear equations did.
    public var solver = SolverStatistics()

    public init() {}

    /// Adds what one more step took; of arrays, models and solvers the last one's count.
    mutating func add(_ step: AnalysisStatistics) {
        points += step.points
        rejectedByError += step.rejectedByError
        rejectedByNewton += step.rejectedByNewton
        newtonIterations += step.newtonIterations
        breakpoints += step.breakpoints
        homotopies += step.homotopies
        (arrays, evaluations, resting, solver) = (step.arrays, step.evaluations, step.resting, step.solver)
    }

    /// What an operating point took, and whether its voltages can be meant.
    mutating func note(_ point: OperatingPoint, _ x: UnsafePointer<Double>, _ system: EquationSystem) {
        if let aid = point.solvedBy { homotopies.append(aid) }
        for unknown in 1..<max(system.count, 1)
        where abs(x[unknown]) > abs(largestVoltage) && system.circuit.unknowns.kind(unknown) == .node {
            implausibleNode = unknown
            largestVoltage = x[unknown]
        }
    }
}

/// Takes every accepted point of an analysis, as it is accepted.
protocol PointObserver: AnyObject {
    /// Unknowns that it looks at: a jump of any other need not be shown.
    var observedUnknowns: [Int] { get }
    /// Derivatives of charges that it looks at; the analysis keeps them up to date.
    var rates: ChargeRates { get }
    /// Times [s], rising, that the analysis lands on and reports by ``reach(_:_:_:)``.
    var stops: [Double] { get }
    /// True where it wants what lies between points filled in, as `parts` of ``accept(_:_:_:parts:)`` say.
    var fillsIn: Bool { get }
    /// The curve from the last point to this one is to be given out in `parts` equal parts.
    func accept(
        _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem, parts: Int
    ) throws(SimulationFailure)
    /// True where it wants points between rows that keep to an interval, by ``pass(_:_:_:)``.
    var takesPoints: Bool { get }
    /// Such a point: no row.
    func pass(_ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem)
    /// The curves have a corner at the newest point.
    func turn()
    /// One of ``stops`` was reached.
    func reach(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) throws(SimulationFailure)
}

extension PointObserver {
    var fillsIn: Bool { false }
    var takesPoints: Bool { false }
    func pass(_ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) {}
    func turn() {}
    func accept(
        _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem
    ) throws(SimulationFailure) { try accept(abscissa, x, system, parts: 1) }
    var stops: [Double] { [] }
    func reach(_ time: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem) throws(SimulationFailure) {}
}
