import LargeMemory
import SparseSolvers

/// Solves a system's linear equations J Δ = b, factoring J only where its numbers changed.
///
/// Without arrays J is one sparse matrix. With arrays the wires of each, eliminated up to their ports, join the sparse part,
/// and ``BlockSolver`` iterates over both; where that stalls, ``DirectBlockSolver`` factors all as one matrix.
final class JacobianSolver {
    private let circuit: Circuit
    private let pattern: SparsityPattern
    private let grids: [CrossbarGrid]
    private let parallel: Parallel
    /// Unknowns with ground, those inside of arrays among them.
    private let count: Int
    /// The sparse part of J, one value an entry of the pattern behind a waste bin; the system's.
    private let jacobian: UnsafeMutablePointer<Double>
    /// The sparse part with what the arrays' wires leave between their ports; the Jacobian itself without arrays.
    private let bordered: UnsafeMutablePointer<Double>
    private let sparse: AdaptiveSolver
    private let blocks: BlockSolver?
    /// Where the whole matrix is asked to be factored as one.
    private let direct: DirectBlockSolver?
    /// Why another way was taken, for the report.
    private(set) var notices: [String] = []
    /// What the sparse part's factors were made of is gone (other numbers since).
    @exclusivity(unchecked) var factorsAreStale = true
    /// The arrays' wires were eliminated for other numbers.
    @exclusivity(unchecked) var gridFactorsAreStale = true
    @exclusivity(unchecked) private var hasFactors = false
    /// Unknowns up to which a stalled iteration is replaced by one large factorisation.
    static let largestDirect = 200_000

    /// - Throws: ``SimulationFailure`` where the matrix is structurally singular or too large.
    init(
        _ circuit: Circuit, _ pattern: SparsityPattern, jacobian: UnsafeMutablePointer<Double>,
        grids: [CrossbarGrid], isLinear: Bool, _ parallel: Parallel
    ) throws(SimulationFailure) {
        self.circuit = circuit
        self.pattern = pattern
        self.grids = grids
        self.parallel = parallel
        self.jacobian = jacobian
        count = circuit.unknowns.count
        var options = SolverOptions()
        options.pivotTolerance = circuit.options[.pivrel]
        options.method = circuit.options.solver
        do throws(SolverError) {
            sparse = try AdaptiveSolver(pattern: pattern, options: options)
        } catch {
            throw SimulationFailure(error, in: circuit)
        }
        guard !grids.isEmpty else {
            (blocks, direct, bordered) = (nil, nil, jacobian)
            return
        }
        bordered = HugeMemory.zeros(pattern.entryCount + 1)
        let sparseCount = circuit.unknowns.sparseCount
        let blocks = BlockSolver(
            grids, outerCount: sparseCount, iterationLimit: options.maximumIterations, parallel)
        blocks.isLinear = isLinear
        if !isLinear {
            blocks.tolerance = max(1e-13, 1e-4 * circuit.options[.reltol])
            // Spread over all nodes, a tenth of what Kirchhoff's current law is held to.
            blocks.floor = 0.1 * circuit.options[.abstol] * Double(count - sparseCount).squareRoot()
        }
        self.blocks = blocks
        direct = circuit.options.solver == .direct ? DirectBlockSolver(size: count - 1) : nil
    }

    deinit {
        if bordered != jacobian { HugeMemory.free(bordered) }
    }

    var statistics: SolverStatistics { sparse.statistics }

    /// What the iteration over the arrays took; nil without arrays.
    var blockStatistics: BlockSolverStatistics? {
        guard var statistics = blocks?.statistics else { return nil }
        for grid in grids {
            statistics.cells += grid.shape.cellCount
            statistics.cellBytes += grid.bytes
            statistics.bytes += grid.bytes + grid.iteration.bytes
            statistics.bytesAnIteration += grid.iteration.bytesAnIteration
        }
        return statistics
    }

    // MARK: - Solving

    /// A new point: nothing is known of how large its currents are.
    func beginSolution() { blocks?.reference = 0 }

    /// Replaces b by ±J⁻¹ b, with the factors in hand; α and the shunt are those that J was made with.
    func solve(
        _ b: UnsafeMutablePointer<Double>, sign: Double = 1, alpha: Double, shunt: Double
    ) throws(SimulationFailure) {
        if let blocks, direct == nil { return try solve(b, sign, by: blocks, alpha, shunt) }
        if sign < 0 { negate(b) }
        if let direct { return direct.solve(b) }
        sparse.solve(b + 1)
        if let failure = sparse.failure { throw SimulationFailure(failure, in: circuit) }
    }

    private func negate(_ b: UnsafeMutablePointer<Double>) {
        for row in 1..<max(count, 1) { b[row] = -b[row] }
    }

    private func solve(
        _ b: UnsafeMutablePointer<Double>, _ sign: Double, by blocks: BlockSolver, _ alpha: Double, _ shunt: Double
    ) throws(SimulationFailure) {
        let watch = Stopwatch()
        let isSolved = blocks.solve(b, sign: sign, solveOuter: { sparse.solve($0 + 1) })
        blocks.statistics.add(watch)
        if let failure = sparse.failure { throw SimulationFailure(failure, in: circuit) }
        if isSolved { return }
        guard count <= Self.largestDirect else {
            throw SimulationFailure(
                .stalled, "the iteration over the arrays does not get on",
                hint: "wires of far more resistance than the cells do this; check the values of both")
        }
        let notice = "iterations over the arrays did not get on: their matrix was factored directly, which takes longer"
        if !notices.contains(notice) { notices.append(notice) }
        let fallback = DirectBlockSolver(size: count - 1)
        do throws(SolverError) {
            try fallback.factor { eachEntry(alpha, shunt, $0) }
        } catch {
            throw SimulationFailure(error, in: circuit)
        }
        if sign < 0 { negate(b) }
        fallback.solve(b)
    }

    // MARK: - Factoring

    /// Factors J, made with α [1/s] and a shunt [S], where its numbers changed since.
    func factorIfNeeded(alpha: Double, shunt: Double) throws(SimulationFailure) {
        guard factorsAreStale else { return }
        do throws(SolverError) {
            if let direct {
                try direct.factor { eachEntry(alpha, shunt, $0) }
            } else {
                if !grids.isEmpty { makeBorder(alpha, shunt) }
                if hasFactors {
                    try sparse.refactor(bordered + 1)
                } else {
                    try sparse.factor(bordered + 1)
                    hasFactors = true
                }
            }
        } catch {
            hasFactors = false
            throw SimulationFailure(error, in: circuit)
        }
        factorsAreStale = false
    }

    /// The arrays' wires, eliminated up to their ports, join the sparse part.
    private func makeBorder(_ alpha: Double, _ shunt: Double) {
        bordered.update(from: jacobian, count: pattern.entryCount + 1)
        let watch = Stopwatch()
        for grid in grids {
            if gridFactorsAreStale {
                grid.factor(alpha: alpha, shunt: shunt, parallel)
                blocks?.statistics.factorisations += 1
            }
            grid.eachPortConductance { row, column, conductance in
                guard row > 0, column > 0,
                    let slot = pattern.slot(row: Int(row) - 1, column: Int(column) - 1)
                else { return }
                bordered[slot + 1] += conductance
            }
        }
        gridFactorsAreStale = false
        blocks?.isSymmetric = isSymmetricOutside
        blocks?.statistics.add(watch)
    }

    /// Whether the sparse part equals its transpose.
    private var isSymmetricOutside: Bool {
        for column in 0..<pattern.size {
            for entry in pattern.slots(column: column) {
                let row = Int(pattern.rowIndices[entry])
                guard row > column else { continue }
                let mirrored = pattern.slot(row: column, column: row).map { jacobian[$0 + 1] } ?? 0
                if jacobian[entry + 1] != mirrored { return false }
            }
        }
        // Entries above the diagonal without one below.
        for column in 0..<pattern.size {
            for entry in pattern.slots(column: column) {
                let row = Int(pattern.rowIndices[entry])
                if row < column, jacobian[entry + 1] != 0, pattern.slot(row: column, column: row) == nil {
                    return false
                }
            }
        }
        return true
    }

    /// Every entry of the whole matrix, arrays included, in no order: (row, column, value), counted from 0 without ground.
    private func eachEntry(_ alpha: Double, _ shunt: Double, _ body: (Int, Int, Double) -> Void) {
        for column in 0..<pattern.size {
            for entry in pattern.slots(column: column) {
                body(Int(pattern.rowIndices[entry]), column, jacobian[entry + 1])
            }
        }
        for grid in grids {
            grid.eachEntry(alpha: alpha, shunt: shunt) { if $0 > 0, $1 > 0 { body($0 - 1, $1 - 1, $2) } }
        }
    }
}
