import SparseSolvers
import Testing

@Suite struct KLUSolverTests {
    static let orderings: [SolverOptions.Ordering] = [.amd, .colamd, .natural]
    static let scalings: [SolverOptions.Scaling] = [.none, .sum, .largest]

    @Test(arguments: [1, 2, 3, 4, 5, 7, 10, 16, 31, 60, 120]) func agreesWithTheDenseSolver(size: Int) throws {
        for seed in 0..<5 {
            let matrix = randomMatrix(size: size, seed: 100 * size + seed)
            let b = randomVector(size, seed: seed)
            let dense = try DenseSolver(pattern: matrix.pattern)
            try dense.factor(matrix.values)
            for ordering in Self.orderings {
                for scaling in Self.scalings {
                    for usesBlocks in [true, false] {
                        var options = SolverOptions()
                        options.ordering = ordering
                        options.scaling = scaling
                        options.usesBlockTriangularForm = usesBlocks
                        let solver = try KLUSolver(pattern: matrix.pattern, options: options)
                        try solver.factor(matrix.values)
                        #expect(difference(solver.solved(b), dense.solved(b)) < 1e-12)
                        #expect(difference(solver.solvedTransposed(b), dense.solvedTransposed(b)) < 1e-12)
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 9, 20, 50, 100]) func circuitsHoldEquationByEquation(nodes: Int) throws {
        for seed in 0..<10 {
            let matrix = circuitMatrix(nodes: nodes, sources: 1 + nodes / 4, seed: 1000 * nodes + seed)
            let b = randomVector(matrix.pattern.size, seed: seed)
            let solver = try KLUSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            let x = solver.solved(b)
            #expect(matrix.backwardError(x, b) < 1e-14)
            #expect(matrix.componentwiseError(x, b) < 1e-10)
        }
    }

    @Test func givenOrderIsTaken() throws {
        let matrix = randomMatrix(size: 6, seed: 8)
        let b = randomVector(6, seed: 9)
        var options = SolverOptions()
        options.ordering = .given(rows: [5, 3, 1, 0, 2, 4], columns: [5, 3, 1, 0, 2, 4])
        let solver = try KLUSolver(pattern: matrix.pattern, options: options)
        try solver.factor(matrix.values)
        #expect(matrix.backwardError(solver.solved(b), b) < 1e-14)
    }

    @Test func refactorisationAgreesWithAFactorisation() throws {
        for nodes in [2, 4, 10, 40] {
            var matrix = circuitMatrix(nodes: nodes, sources: 2, seed: nodes)
            let b = randomVector(matrix.pattern.size, seed: 1)
            let solver = try KLUSolver(pattern: matrix.pattern)
            let fresh = try KLUSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            for round in 0..<20 {
                var random = SeededGenerator(seed: round)
                for node in 0..<nodes { matrix[node, node] *= 1 + 0.5 * random.unit().magnitude }
                try solver.refactor(matrix.values)
                try fresh.factor(matrix.values)
                #expect(difference(solver.solved(b), fresh.solved(b)) < 1e-9)
                #expect(matrix.backwardError(solver.solved(b), b) < 1e-14)
            }
            #expect(solver.statistics.refactorisations == 20)
            #expect(solver.statistics.factorisations == 1)
        }
    }

    @Test func refactorisationWithoutFactorisationSearchesForPivots() throws {
        let matrix = randomMatrix(size: 5, seed: 1)
        let b = randomVector(5, seed: 2)
        let solver = try KLUSolver(pattern: matrix.pattern)
        #expect(solver.solved(b).allSatisfy { $0.isNaN })
        try solver.refactor(matrix.values)
        #expect(matrix.backwardError(solver.solved(b), b) < 1e-14)
        #expect(solver.statistics.factorisations == 1)
        #expect(solver.statistics.refactorisations == 0)
    }

    @Test func badPivotsAreReplaced() throws {
        // The diagonal is the pivot at first; then it falls to 1e-12 of what it eliminates.
        var matrix = TestMatrix(size: 2, stamps: [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 3.0)])
        let solver = try KLUSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        matrix[0, 0] = 1e-14
        matrix[1, 1] = 1
        try solver.refactor(matrix.values)
        #expect(solver.statistics.rejectedRefactorisations == 1)
        let b = [1.0, 2.0]
        #expect(difference(solver.solved(b), [1, 1]) < 1e-12)
    }

    @Test func accuracySurvivesChangesOverManyDecades() throws {
        var rejected = 0
        for seed in 0..<40 {
            var matrix = randomMatrix(size: 12, seed: seed)
            let b = randomVector(12, seed: seed)
            let solver = try KLUSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            var random = SeededGenerator(seed: seed)
            for _ in 0..<10 {
                for slot in matrix.values.indices where random.index(3) == 0 {
                    matrix.values[slot] = random.unit() * random.decade(-12...0)
                }
                do throws(SolverError) {
                    try solver.refactor(matrix.values)
                } catch {
                    continue
                }
                #expect(matrix.backwardError(solver.solved(b), b) < 1e-10)
            }
            rejected += solver.statistics.rejectedRefactorisations
        }
        #expect(rejected > 40)
    }

    @Test func pivotThatVanishedIsReplaced() throws {
        var matrix = TestMatrix(size: 2, stamps: [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 3.0)])
        let solver = try KLUSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        matrix[0, 0] = 0
        try solver.refactor(matrix.values)
        #expect(difference(solver.solved([1, 4]), [1, 1]) < 1e-15)
    }

    @Test func severalRightHandSidesAreSolvedAtOnce() throws {
        let matrix = circuitMatrix(nodes: 9, sources: 3, seed: 5)
        let size = matrix.pattern.size
        let solver = try KLUSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        for count in [0, 1, 2, 3, 4, 5, 9] {
            let b = randomVector(size * count, seed: count)
            var x = b
            x.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base, count: count) } }
            for index in 0..<count {
                let part = index * size..<(index + 1) * size
                #expect(difference(Array(x[part]), solver.solved(Array(b[part]))) < 1e-13)
            }
        }
    }

    @Test func gridLaplacianOfTenThousandUnknowns() throws {
        let side = 100
        var stamps: [(row: Int, column: Int, value: Double)] = []
        for node in 0..<side * side {
            stamps.append((node, node, 4))
            let neighbours = [node % side == side - 1 ? nil : node + 1, node + side < side * side ? node + side : nil]
            for case let other? in neighbours { stamps += [(node, other, -1), (other, node, -1)] }
        }
        let matrix = TestMatrix(size: side * side, stamps: stamps)
        let b = randomVector(side * side, seed: 1)
        let solver = try KLUSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        var residual = b
        #expect(SparseMatrix.residual(matrix.pattern, matrix.values, solver.solved(b), b, into: &residual) < 1e-12)
        try solver.refactor(matrix.values)
        #expect(SparseMatrix.residual(matrix.pattern, matrix.values, solver.solved(b), b, into: &residual) < 1e-12)

        let statistics = solver.statistics
        #expect(statistics.size == 10_000)
        #expect(statistics.entries == 49_600)
        #expect(statistics.blocks == 1)
        #expect(statistics.fill > 4 && statistics.fill < 20)
        #expect(statistics.flops > 1e6)
        #expect(statistics.bytes > statistics.factorEntries * 8)
        #expect(statistics.refactorisations == 1)
    }

    @Test func emptyMatrixIsSolvedByNothing() throws {
        let solver = try KLUSolver(pattern: PatternBuilder(size: 0).build())
        var nothing = [0.0]
        try solver.factor(nothing)
        try solver.refactor(nothing)
        nothing = [7]
        solver.solve(&nothing)
        solver.solveTransposed(&nothing)
        solver.solve(&nothing, count: 3)
        #expect(nothing == [7])
        #expect(solver.statistics.size == 0)
        #expect(solver.reciprocalCondition(nothing) == 1)
    }

    @Test func oneUnknownIsADivision() throws {
        let solver = try KLUSolver(pattern: SparsityPattern(size: 1, entries: [(0, 0)]))
        try solver.factor([4])
        #expect(solver.solved([2]) == [0.5])
        try solver.refactor([8])
        #expect(solver.solved([2]) == [0.25])
        #expect(solver.solvedTransposed([2]) == [0.25])
    }

    @Test func conditionEstimateSeesTheSmallConductance() throws {
        let matrix = TestMatrix(size: 3, stamps: [(0, 0, 1.0), (1, 1, 1e-9), (2, 2, 10.0), (0, 2, 1.0)])
        let solver = try KLUSolver(pattern: matrix.pattern)
        #expect(solver.reciprocalCondition(matrix.values) == 0)
        try solver.factor(matrix.values)
        let estimate = solver.reciprocalCondition(matrix.values)
        #expect(estimate > 1e-11 && estimate < 1e-9)
    }

    @Test func refactoringAndSolvingTakeNoMemory() throws {
        let matrix = circuitMatrix(nodes: 8, sources: 2, seed: 3)
        let solver = try KLUSolver(pattern: matrix.pattern)
        var x = randomVector(matrix.pattern.size, seed: 1)
        let bytesBefore = try matrix.values.withUnsafeBufferPointer { values in
            try x.withUnsafeMutableBufferPointer { x in
                guard let values = values.baseAddress, let x = x.baseAddress else { return 0 }
                try solver.factor(values)
                try solver.refactor(values)
                let bytes = solver.statistics.bytes
                for _ in 0..<1000 {
                    try solver.refactor(values)
                    solver.solve(x)
                    solver.solveTransposed(x)
                }
                return bytes
            }
        }
        #expect(solver.statistics.bytes == bytesBefore)
        #expect(solver.statistics.factorisations == 1)
    }
}
