import SparseSolvers
import Testing

@Suite struct AdaptiveSolverTests {
    private static func solver(
        _ matrix: TestMatrix<Double>, _ method: SolverOptions.Method = .automatic, from size: Int = 100
    ) throws -> AdaptiveSolver {
        var options = SolverOptions()
        options.method = method
        options.smallestIterativeSize = size
        let solver = try AdaptiveSolver(pattern: matrix.pattern, options: options)
        try solver.factor(matrix.values)
        return solver
    }

    /// A grid of equal resistances, or a ladder where one side is 1.
    private static func grid(_ rows: Int, _ columns: Int, crossing: Double) -> TestMatrix<Double> {
        var stamps: [(row: Int, column: Int, value: Double)] = [(0, 0, 1)]
        func conductance(_ a: Int, _ b: Int, _ g: Double) {
            stamps += [(a, a, g), (b, b, g), (a, b, -g), (b, a, -g)]
        }
        for row in 0..<rows {
            for column in 0..<columns {
                let node = row * columns + column
                if column + 1 < columns { conductance(node, node + 1, 1) }
                if row + 1 < rows { conductance(node, node + columns, crossing) }
            }
        }
        return TestMatrix(size: rows * columns, stamps: stamps)
    }

    @Test func arraysAreIteratedAndTheRestIsFactored() throws {
        #expect(try Self.solver(CrossbarMatrix(rows: 20, columns: 20, extras: .sources).matrix).statistics.isIterative)
        #expect(try Self.solver(CrossbarMatrix(rows: 20, columns: 20, extras: .gates).matrix).statistics.isIterative)
        // Small.
        let array = CrossbarMatrix(rows: 20, columns: 20, extras: .sources).matrix
        #expect(try !Self.solver(array, from: 20_000).statistics.isIterative)
        // Equal resistances do not fall apart; a ladder and weakly coupled trees do not fill in.
        #expect(try !Self.solver(Self.grid(20, 20, crossing: 1)).statistics.isIterative)
        #expect(try !Self.solver(Self.grid(1, 400, crossing: 1)).statistics.isIterative)
        #expect(try Self.solver(Self.grid(20, 20, crossing: 1e-5)).statistics.isIterative)
        #expect(try !Self.solver(circuitMatrix(nodes: 400, sources: 10, seed: 1)).statistics.isIterative)
    }

    @Test func canBeForced() throws {
        let array = CrossbarMatrix(rows: 20, columns: 20, extras: .sources)
        #expect(try !Self.solver(array.matrix, .direct).statistics.isIterative)
        #expect(try Self.solver(array.matrix, .strongBlocks, from: 1_000_000).statistics.isIterative)
    }

    @Test(arguments: SolverOptions.Method.allCases) func givesOneAnswer(method: SolverOptions.Method) throws {
        let array = CrossbarMatrix(rows: 20, columns: 20, extras: [.sources, .transconductances])
        let direct = try KLUSolver(pattern: array.matrix.pattern)
        try direct.factor(array.matrix.values)
        let solver = try Self.solver(array.matrix, method)
        let b = array.rightHandSide
        #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
        #expect(relativeDifference(solver.solvedTransposed(b), direct.solvedTransposed(b)) < 1e-9)
        try solver.refactor(array.matrix.values)
        #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
        #expect(solver.reciprocalCondition(array.matrix.values) > 0)
        #expect(solver.failure == nil)
    }

    @Test func hasNoSolutionBeforeTheFirstMatrix() throws {
        let array = CrossbarMatrix(rows: 20, columns: 20)
        var options = SolverOptions()
        options.smallestIterativeSize = 100
        let solver = try AdaptiveSolver(pattern: array.matrix.pattern, options: options)
        #expect(solver.solved(array.rightHandSide).allSatisfy { $0.isNaN })
        #expect(solver.solvedTransposed(array.rightHandSide).allSatisfy { $0.isNaN })
        #expect(solver.statistics.size == array.matrix.pattern.size)
        #expect(solver.reciprocalCondition(array.matrix.values) == 0)
        try solver.refactor(array.matrix.values)
        #expect(solver.solved(array.rightHandSide).allSatisfy { $0.isFinite })
    }

    @Test func tellsWhatKLUTellsOfSingularMatrices() throws {
        // An array, and beside it a wire that is tied to nothing.
        let array = CrossbarMatrix(rows: 20, columns: 20).matrix
        let n = array.pattern.size
        var stamps: [(row: Int, column: Int, value: Double)] = []
        for column in 0..<n {
            for slot in array.pattern.slots(column: column) {
                stamps.append((Int(array.pattern.rowIndices[slot]), column, array.values[slot]))
            }
        }
        for node in n..<n + 3 {
            stamps += [(node, node, 0.3), (node + 1, node + 1, 0.3), (node, node + 1, -0.3), (node + 1, node, -0.3)]
        }
        let matrix = TestMatrix(size: n + 4, stamps: stamps)
        let direct = try KLUSolver(pattern: matrix.pattern)
        let error = try #require(throws: SolverError.self) { try direct.factor(matrix.values) }
        guard case .singular(let column) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(column >= n)
        #expect(throws: error) { _ = try Self.solver(matrix) }
    }
}
