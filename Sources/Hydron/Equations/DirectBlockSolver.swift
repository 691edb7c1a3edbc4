import SparseSolvers

/// The whole matrix of a circuit with arrays in one sparse factorisation: for small arrays, for checks, and where the
/// iteration stalls. Takes far more time and memory than ``BlockSolver`` as arrays grow.
final class DirectBlockSolver {
    private let size: Int
    private var solver: KLUSolver?
    private var values: [Double] = []
    private var pattern: SparsityPattern?

    init(_ system: EquationSystem) { size = system.count - 1 }

    func factor(_ system: EquationSystem) throws(SolverError) {
        let pattern: SparsityPattern
        if let known = self.pattern {
            pattern = known
        } else {
            var builder = PatternBuilder(size: size)
            system.eachEntry { row, column, _ in builder.insert(row: row, column: column) }
            pattern = builder.build()
            self.pattern = pattern
            values = [Double](repeating: 0, count: pattern.entryCount)
            solver = try KLUSolver(pattern: pattern, options: SolverOptions())
        }
        for index in values.indices { values[index] = 0 }
        system.eachEntry { row, column, value in
            if let slot = pattern.slot(row: row, column: column) { values[slot] += value }
        }
        try solver?.refactor(values)
    }

    func solve(_ b: UnsafeMutablePointer<Double>) { solver?.solve(b + 1) }
}
