import SparseSolvers

/// The whole matrix of a circuit with arrays in one sparse factorisation: for small arrays, for checks, and where the
/// iteration stalls. Takes far more time and memory than ``BlockSolver`` as arrays grow.
final class DirectBlockSolver {
    private let size: Int
    private var solver: KLUSolver?
    private var values: [Double] = []
    private var pattern: SparsityPattern?

    /// - Parameter size: number of unknowns without ground.
    init(size: Int) { self.size = size }

    /// Factors the matrix whose entries `eachEntry` gives, several of one place to be added, in the same places each time.
    func factor(_ eachEntry: ((Int, Int, Double) -> Void) -> Void) throws(SolverError) {
        let pattern: SparsityPattern
        if let known = self.pattern {
            pattern = known
        } else {
            var builder = PatternBuilder(size: size)
            eachEntry { row, column, _ in builder.insert(row: row, column: column) }
            pattern = builder.build()
            self.pattern = pattern
            values = [Double](repeating: 0, count: pattern.entryCount)
            solver = try KLUSolver(pattern: pattern, options: SolverOptions())
        }
        for index in values.indices { values[index] = 0 }
        eachEntry { row, column, value in
            if let slot = pattern.slot(row: row, column: column) { values[slot] += value }
        }
        try solver?.refactor(values)
    }

    func solve(_ b: UnsafeMutablePointer<Double>) { solver?.solve(b + 1) }
}
