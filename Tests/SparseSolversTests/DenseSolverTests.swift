import ComplexModule
import SparseSolvers
import Testing

@Suite struct DenseSolverTests {
    @Test(arguments: [1, 2, 3, 8, 33]) func residualIsAtRoundingLevel(size: Int) throws {
        let matrix = randomMatrix(size: size, seed: size)
        let b = randomVector(size, seed: size + 1)
        let solver = try DenseSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        #expect(matrix.backwardError(solver.solved(b), b) < 1e-14)

        let x = solver.solvedTransposed(b)
        var product = [Double](repeating: 0, count: size)
        SparseMatrix.multiplyTransposed(matrix.pattern, matrix.values, x, into: &product)
        #expect(difference(product, b) < 1e-13)
    }

    @Test func complexSolutionHasSmallResidual() throws {
        let matrix = randomComplexMatrix(size: 12, seed: 1)
        let b = randomComplexVector(12, seed: 2)
        let solver = try DenseComplexSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        #expect(matrix.backwardError(solver.solved(b), b) < 1e-14)
    }

    @Test func singularColumnIsNamed() throws {
        let matrix = TestMatrix(size: 3, stamps: [(0, 0, 1.0), (1, 1, 0.0), (2, 2, 1.0)])
        let solver = try DenseSolver(pattern: matrix.pattern)
        #expect(throws: SolverError.singular(column: 1)) { try solver.factor(matrix.values) }
        #expect(solver.solved([1, 1, 1]).allSatisfy { $0.isNaN })
    }

    @Test func conditionOfADiagonalIsItsRatio() throws {
        let matrix = TestMatrix(size: 2, stamps: [(0, 0, 1.0), (1, 1, 1e-6)])
        let solver = try DenseSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        #expect(abs(solver.reciprocalCondition(matrix.values) - 1e-6) < 1e-18)
    }
}
