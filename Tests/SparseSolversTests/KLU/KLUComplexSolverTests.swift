import ComplexModule
import SparseSolvers
import Testing

@Suite struct KLUComplexSolverTests {
    @Test(arguments: [1, 2, 3, 4, 9, 25, 60]) func agreesWithTheDenseSolver(size: Int) throws {
        let matrix = randomComplexMatrix(size: size, seed: size)
        let b = randomComplexVector(size, seed: size)
        let dense = try DenseComplexSolver(pattern: matrix.pattern)
        try dense.factor(matrix.values)
        let solver = try KLUComplexSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        try solver.refactor(matrix.values)
        #expect(solver.statistics.refactorisations == 1)
        #expect(difference(solver.solved(b), dense.solved(b)) < 1e-12)
        #expect(difference(solver.solvedTransposed(b), dense.solvedTransposed(b)) < 1e-12)
    }

    @Test func transposedSolutionIsNotConjugated() throws {
        let i = Complex<Double>.i
        let matrix = TestMatrix(size: 2, stamps: [(0, 0, 1), (0, 1, i), (1, 1, 2)])
        let solver = try KLUComplexSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        let x = solver.solvedTransposed([1, 0])
        #expect(difference(x, [1, Complex(0, -0.5)]) < 1e-15)
    }

    /// L has columns of one, two and more entries here, so that every padding of KLU's indices is met.
    @Test func badPivotsAreReplacedInColumnsOfAnyLength() throws {
        for size in 2...7 {
            var stamps: [(row: Int, column: Int, value: Complex<Double>)] = []
            for row in 0..<size {
                for column in 0..<size { stamps.append((row, column, row == column ? 10 : Complex(1, 0.1))) }
            }
            var matrix = TestMatrix(size: size, stamps: stamps)
            let b = randomComplexVector(size, seed: size)
            let solver = try KLUComplexSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            try solver.refactor(matrix.values)
            #expect(solver.statistics.rejectedRefactorisations == 0)
            for row in 0..<size { matrix[row, row] = Complex(0, 1e-13) }
            try solver.refactor(matrix.values)
            #expect(solver.statistics.rejectedRefactorisations == 1)
            #expect(matrix.backwardError(solver.solved(b), b) < 1e-13)
        }
    }

    @Test func singularAndNotFiniteColumnsAreNamed() throws {
        var matrix = randomComplexMatrix(size: 5, seed: 7)
        let solver = try KLUComplexSolver(pattern: matrix.pattern)
        for slot in matrix.pattern.slots(column: 2) { matrix.values[slot] = 0 }
        #expect(throws: SolverError.singular(column: 2)) { try solver.factor(matrix.values) }
        matrix.values[matrix.pattern.slots(column: 4).lowerBound] = Complex(0, .nan)
        #expect(throws: SolverError.notFinite(column: 4)) { try solver.factor(matrix.values) }
    }
}
