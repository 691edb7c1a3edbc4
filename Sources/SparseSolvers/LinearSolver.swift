import ComplexModule
import RealModule

/// What a matrix can be made of: `Double` and `Complex<Double>`.
public protocol SolverScalar: Numeric, Sendable where Magnitude == Double {
    static func / (dividend: Self, divisor: Self) -> Self
    var isFinite: Bool { get }
    static var notANumber: Self { get }
    func scaled(by factor: Double) -> Self
}

extension Double: SolverScalar {
    @inlinable public static var notANumber: Double { .nan }
    @inlinable public func scaled(by factor: Double) -> Double { self * factor }
}

extension Complex: SolverScalar where RealType == Double {
    @inlinable public static var notANumber: Self { Self(.nan, .nan) }
    @inlinable public func scaled(by factor: Double) -> Self { Self(real * factor, imaginary * factor) }
}

/// Solves A x = b for many matrices A of one pattern.
///
/// The life of a solver: analyse the pattern once (`init`), `factor` with a search for pivots, then for every further
/// matrix `refactor` with the same pivots, which is several times faster, and `solve`. Values come in the order of
/// the pattern's slots. An instance is for one thread at a time.
public protocol LinearSolver: AnyObject {
    associatedtype Scalar: SolverScalar

    /// Orders the unknowns; fails where no values whatever could make the matrix regular.
    init(pattern: SparsityPattern, options: SolverOptions) throws(SolverError)

    /// Factors with a new search for pivots.
    func factor(_ values: UnsafePointer<Scalar>) throws(SolverError)

    /// Factors with the pivots of the last ``factor(_:)``; searches anew by itself when there are none or when they
    /// have gone bad for these values.
    func refactor(_ values: UnsafePointer<Scalar>) throws(SolverError)

    /// Replaces b by x. Without a factorisation (none yet, or the last one failed) x is NaN.
    func solve(_ rightHandSide: UnsafeMutablePointer<Scalar>)

    /// The same for `count` right-hand sides, one behind the other.
    func solve(_ rightHandSides: UnsafeMutablePointer<Scalar>, count: Int)

    /// Solves Aᵀ x = b, transposed and not conjugated, as adjoint sensitivities and noise need it.
    func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Scalar>)

    /// What it cost so far.
    var statistics: SolverStatistics { get }

    /// An estimate of 1 / (‖A‖₁ ‖A⁻¹‖₁) for the values last factored; 0 without a factorisation. Costs a few solves.
    func reciprocalCondition(_ values: UnsafePointer<Scalar>) -> Double
}

/// Why there is no factorisation. Rows and columns are in the numbering of the pattern.
public enum SolverError: Error, Sendable, Equatable {
    /// No values could make this pattern regular: at most `rank` equations can be paired with unknowns of their own.
    /// The column is an unknown, the row an equation that stays without partner; an empty one where there is any.
    case structurallySingular(column: Int?, row: Int?, rank: Int)
    /// No pivot is left for this unknown: it is undetermined, or its equations depend on each other.
    case singular(column: Int)
    /// The first column that holds a NaN or an infinity.
    case notFinite(column: Int)
    /// The memory asked for, where known.
    case outOfMemory(bytes: Int?)
    /// More unknowns, entries or factor entries than 32-bit indices reach.
    case tooLarge
}

/// How a solver orders, scales and chooses pivots.
public struct SolverOptions: Sendable {
    /// The order in which unknowns are eliminated, inside each diagonal block.
    public enum Ordering: Sendable, Equatable {
        /// Approximate minimum degree of A + Aᵀ: best for circuits, whose patterns are nearly symmetric.
        case amd
        /// Approximate minimum degree of AᵀA: for patterns far from symmetric.
        case colamd
        /// As numbered.
        case natural
        /// `rows[k]` and `columns[k]` come k-th; both must be permutations of `0..<size`.
        case given(rows: [Int32], columns: [Int32])
    }

    /// What each row is divided by before it is factored.
    public enum Scaling: Sendable, Equatable {
        case none
        /// The sum of its magnitudes.
        case sum
        /// Its largest magnitude.
        case largest
    }

    /// A diagonal pivot is kept while it is at least this times the largest candidate in its column; SPICE's `pivrel`.
    /// 1 is partial pivoting.
    public var pivotTolerance = 1e-3

    /// ``LinearSolver/refactor(_:)`` keeps a pivot while it is at least this times the largest entry left in its
    /// column. See ``KLUSolver``.
    public var refactorTolerance = 1e-5

    /// ``LinearSolver/factor(_:)`` takes a pivot for zero where it is at most this many rounding errors of the terms
    /// that it was summed from, as the last pivot of a floating network is; 0 accepts all but exact zeros.
    /// 64 still tells a leak of 1e-12 S from nothing beside 50 S.
    public var roundingFactor = 64.0

    public var ordering = Ordering.amd

    /// Permute to block triangular form first. Off, all unknowns form one block.
    public var usesBlockTriangularForm = true

    /// Rows of a circuit matrix mix 1e-12 S with the ±1 of voltage sources, and the choice of a pivot compares
    /// rows, so without scaling it depends on the units of the equations. `none` saves a third of the time of a
    /// refactorisation (ladder of 4, 10 and 100 unknowns: 38, 105, 1340 ns instead of 62, 175, 1920), not of a solve.
    public var scaling = Scaling.largest

    /// Which solver an ``AdaptiveSolver`` runs.
    public enum Method: String, Sendable, CaseIterable {
        /// KLU, or strong blocks for a large matrix that they suit and that would fill in.
        case automatic = "auto"
        /// ``KLUSolver``
        case direct = "klu"
        /// ``StrongBlockSolver``
        case strongBlocks = "krylov"
    }
    public var method = Method.automatic

    /// Unknowns from which on ``Method/automatic`` looks for strong blocks; below, KLU takes milliseconds. A crossbar of
    /// 8,320 unknowns over 488 time points takes 0.20 s with strong blocks and 1.44 s with KLU.
    public var smallestIterativeSize = 5_000

    /// Iterations of one solution after which ``StrongBlockSolver`` gives up. Where KLU's factors of a crossbar fill in,
    /// they cost as much as some 300 iterations at 100,000 unknowns, as 1000 at two million.
    public var maximumIterations = 500

    public init() {}
}

/// What a solver holds and has done.
public struct SolverStatistics: Sendable, Equatable {
    /// Number of unknowns.
    public var size = 0
    /// Entries of the matrix.
    public var entries = 0
    /// Diagonal blocks of the block triangular form.
    public var blocks = 0
    /// Entries of L and U and outside of the diagonal blocks, the diagonal counted once.
    public var factorEntries = 0
    /// Searches for pivots, those that replaced a rejected refactorisation included.
    public var factorisations = 0
    /// Refactorisations that held.
    public var refactorisations = 0
    /// Refactorisations whose pivots had gone bad.
    public var rejectedRefactorisations = 0
    /// Right-hand sides solved.
    public var solves = 0
    /// Floating-point operations of one factorisation.
    public var flops = 0.0
    /// Bytes held by the solver.
    public var bytes = 0

    /// True where solutions come from iterations on strong blocks, not from factors of the whole matrix.
    public var isIterative = false
    /// Conjugate gradients rather than BiCGSTAB.
    public var isSymmetric = false
    /// Iterations of all solutions, and of the one that took the most.
    public var iterations = 0
    public var mostIterations = 0
    /// Times that the strong couplings were looked for again.
    public var refreshes = 0
    /// Matrices that were handed to a direct factorisation.
    public var fallbacks = 0

    public init() {}

    /// Factor entries an entry of the matrix; 1 is no fill.
    public var fill: Double { entries == 0 ? 1 : Double(factorEntries) / Double(entries) }
}
