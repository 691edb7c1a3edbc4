import SparseSolvers
import Testing

@Suite struct StrongBlockSolverTests {
    static let extras: [CrossbarMatrix.Extras] = [
        [], .sources, .floatingSources, .transconductances, .stubs, .rings, .gates, .shuffled,
        [.sources, .floatingSources, .stubs, .shuffled], [.sources, .transconductances, .gates],
        [.rings, .floatingSources, .transconductances, .sources, .shuffled],
    ]

    @Test(arguments: extras) func agreesWithKLUOnCrossbars(extras: CrossbarMatrix.Extras) throws {
        for (rows, columns) in [(1, 1), (2, 3), (5, 5), (17, 9), (30, 41), (64, 64)] {
            let crossbar = CrossbarMatrix(rows: rows, columns: columns, extras: extras, seed: rows)
            let matrix = crossbar.matrix
            let solver = try StrongBlockSolver(pattern: matrix.pattern)
            let direct = try KLUSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            try direct.factor(matrix.values)
            for b in [crossbar.rightHandSide, randomVector(matrix.pattern.size, seed: 3)] {
                let x = solver.solved(b)
                #expect(relativeDifference(x, direct.solved(b)) < 1e-9)
                #expect(matrix.componentwiseError(x, b) < 1e-10)
                #expect(relativeDifference(solver.solvedTransposed(b), direct.solvedTransposed(b)) < 1e-9)
            }
            #expect(solver.statistics.fallbacks == 0)
            #expect(solver.statistics.isIterative)
        }
    }

    @Test(arguments: [2, 3, 8, 12]) func agreesWithTheDenseSolver(size: Int) throws {
        let crossbar = CrossbarMatrix(rows: size, columns: size, extras: [.sources, .transconductances])
        let matrix = crossbar.matrix
        let solver = try StrongBlockSolver(pattern: matrix.pattern)
        let dense = try DenseSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        try dense.factor(matrix.values)
        #expect(relativeDifference(solver.solved(crossbar.rightHandSide), dense.solved(crossbar.rightHandSide)) < 1e-10)
    }

    @Test func takesConjugateGradientsWhereTheMatrixIsSymmetric() throws {
        for extras in Self.extras {
            let matrix = CrossbarMatrix(rows: 8, columns: 8, extras: extras).matrix
            let solver = try StrongBlockSolver(pattern: matrix.pattern)
            try solver.factor(matrix.values)
            #expect(solver.statistics.isSymmetric == !extras.contains(.transconductances))
        }
    }

    /// Iterations are about 5 + 1.75 Λ with Λ = N √(g_cell/g_wire) for equal cells and long drivers; they must not grow
    /// with the size where Λ does not.
    @Test func iterationsFollowTheWeightOfTheCells() throws {
        var taken: [Int] = []
        for size in [16, 32, 64] {
            let g = 1e-5 * 4096 / Double(size * size)
            let crossbar = CrossbarMatrix(rows: size, columns: size, cell: g, extras: .sources)
            let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
            try solver.factor(crossbar.matrix.values)
            _ = solver.solved(crossbar.rightHandSide)
            taken.append(solver.statistics.iterations)
        }
        for iterations in taken { #expect((2...10).contains(iterations), "\(taken)") }
    }

    @Test func randomCircuitsAgreeWithKLUHoweverTheyFallApart() throws {
        for nodes in [1, 2, 3, 5, 9, 20, 50, 100, 300] {
            for seed in 0..<10 {
                let matrix = circuitMatrix(nodes: nodes, sources: nodes / 4, seed: 1000 * nodes + seed)
                let b = randomVector(matrix.pattern.size, seed: seed)
                let solver = try StrongBlockSolver(pattern: matrix.pattern)
                let direct = try KLUSolver(pattern: matrix.pattern)
                try solver.factor(matrix.values)
                try direct.factor(matrix.values)
                // Conductances from 1e-9 to 1 S: what the matrix's condition allows.
                let x = solver.solved(b)
                let allowed = max(1e-9, 1e-13 / direct.reciprocalCondition(matrix.values))
                #expect(relativeDifference(x, direct.solved(b)) < allowed)
                #expect(matrix.componentwiseError(x, b) < 1e-8)
            }
        }
    }

    @Test func randomMatricesAgreeWithTheDenseSolver() throws {
        for size in [1, 2, 3, 5, 10, 40] {
            for seed in 0..<20 {
                let matrix = randomMatrix(size: size, seed: 100 * size + seed)
                let b = randomVector(size, seed: seed)
                let solver = try StrongBlockSolver(pattern: matrix.pattern)
                let dense = try DenseSolver(pattern: matrix.pattern)
                try solver.factor(matrix.values)
                try dense.factor(matrix.values)
                #expect(difference(solver.solved(b), dense.solved(b)) < 1e-9)
                #expect(difference(solver.solvedTransposed(b), dense.solvedTransposed(b)) < 1e-9)
            }
        }
    }

    @Test func severalRightHandSidesAreSolvedOneByOne() throws {
        let crossbar = CrossbarMatrix(rows: 12, columns: 15, extras: .sources)
        let size = crossbar.matrix.pattern.size
        let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
        try solver.factor(crossbar.matrix.values)
        var all = randomVector(3 * size, seed: 5)
        let single = (0..<3).map { solver.solved(Array(all[$0 * size..<($0 + 1) * size])) }
        all.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base, count: 3) } }
        #expect(all == single.flatMap { $0 })
    }

    @Test func solutionOfNothingIsNothing() throws {
        let crossbar = CrossbarMatrix(rows: 9, columns: 9, extras: [.sources, .transconductances])
        let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
        try solver.factor(crossbar.matrix.values)
        #expect(solver.solved([Double](repeating: 0, count: crossbar.matrix.pattern.size)).allSatisfy { $0 == 0 })
        #expect(solver.statistics.fallbacks == 0)
    }

    @Test func partsDrivenByNanoamperesAreSolvedAsWellAsThoseDrivenByAmperes() throws {
        let crossbar = CrossbarMatrix(rows: 20, columns: 20)
        let one = crossbar.matrix
        let n = one.pattern.size
        var stamps: [(row: Int, column: Int, value: Double)] = []
        for column in 0..<n {
            for slot in one.pattern.slots(column: column) {
                let row = Int(one.pattern.rowIndices[slot])
                stamps += [(row, column, one.values[slot]), (n + row, n + column, one.values[slot])]
            }
        }
        let two = TestMatrix(size: 2 * n, stamps: stamps)
        let b = crossbar.rightHandSide
        let solver = try StrongBlockSolver(pattern: two.pattern)
        try solver.factor(two.values)
        let x = solver.solved(b.map { $0 * 1e3 } + b.map { $0 * 1e-6 })
        let alone = try KLUSolver(pattern: one.pattern)
        try alone.factor(one.values)
        let expected = alone.solved(b)
        #expect(relativeDifference(x[..<n].map { $0 * 1e-3 }, expected) < 1e-9)
        #expect(relativeDifference(x[n...].map { $0 * 1e6 }, expected) < 1e-6)
    }

    // MARK: Many matrices of one pattern

    @Test func refactorisationFollowsTheValues() throws {
        var crossbar = CrossbarMatrix(rows: 20, columns: 24, extras: [.sources, .floatingSources, .stubs, .rings])
        let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
        let direct = try KLUSolver(pattern: crossbar.matrix.pattern)
        try solver.factor(crossbar.matrix.values)
        for round in 1...6 {
            // Every conductance by its own, rows and columns alike, so that the matrix stays symmetric and dominant.
            let scale = (0..<crossbar.matrix.pattern.size).map { 1 + 0.3 * Double(($0 * round) % 7) / 7 }
            for column in 0..<crossbar.matrix.pattern.size {
                for slot in crossbar.matrix.pattern.slots(column: column) {
                    crossbar.matrix.values[slot] *= scale[column] * scale[Int(crossbar.matrix.pattern.rowIndices[slot])]
                }
            }
            try solver.refactor(crossbar.matrix.values)
            try direct.factor(crossbar.matrix.values)
            let b = randomVector(crossbar.matrix.pattern.size, seed: round)
            #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
        }
        #expect(solver.statistics.refactorisations == 6)
        #expect(solver.statistics.factorisations == 1)
    }

    @Test func strongCouplingsAreSoughtAgainWhenIterationsGrow() throws {
        let weak = CrossbarMatrix(rows: 24, columns: 24, cell: 1e-7, seed: 4).matrix
        // The same wires, but each tenth column's cells now are as good as segments.
        var changed = weak
        for index in stride(from: 0, to: 24, by: 3) {
            for row in 0..<24 {
                let (a, b) = (24 * row + index, 24 * 24 + 24 * index + row)
                changed[a, b] -= 0.4
                changed[b, a] -= 0.4
                changed[a, a] += 0.4
                changed[b, b] += 0.4
            }
        }
        let b = randomVector(weak.pattern.size, seed: 2)
        let solver = try StrongBlockSolver(pattern: weak.pattern)
        try solver.factor(weak.values)
        _ = solver.solved(b)
        let direct = try KLUSolver(pattern: weak.pattern)
        try direct.factor(changed.values)
        try solver.refactor(changed.values)
        #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
        let grown = solver.statistics.iterations
        try solver.refactor(changed.values)
        #expect(solver.statistics.refreshes == 1)
        #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
        #expect(solver.statistics.iterations - grown < grown / 2)
    }

    @Test(arguments: [false, true]) func symmetryThatIsLostIsNoticed(inTheWires: Bool) throws {
        let crossbar = CrossbarMatrix(rows: 12, columns: 12, extras: [.rings])
        var matrix = crossbar.matrix
        let solver = try StrongBlockSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        #expect(solver.statistics.isSymmetric)
        let direct = try KLUSolver(pattern: matrix.pattern)
        if inTheWires { matrix[13, 14] *= 0.9 } else { matrix[0, 144] *= 0.5 }
        for _ in 0..<2 {
            try solver.refactor(matrix.values)
            try direct.factor(matrix.values)
            #expect(!solver.statistics.isSymmetric)
            let b = randomVector(matrix.pattern.size, seed: 1)
            #expect(relativeDifference(solver.solved(b), direct.solved(b)) < 1e-9)
            #expect(solver.statistics.refreshes == 1)
            #expect(solver.statistics.fallbacks == 0)
        }
    }

    // MARK: What goes wrong

    @Test func stalledIterationsFallBackToFactors() throws {
        let crossbar = CrossbarMatrix(rows: 30, columns: 30, extras: .sources)
        for extras in [CrossbarMatrix.Extras.sources, [.sources, .transconductances]] {
            let crossbar = CrossbarMatrix(rows: 30, columns: 30, extras: extras)
            var options = SolverOptions()
            options.maximumIterations = 2
            let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern, options: options)
            let direct = try KLUSolver(pattern: crossbar.matrix.pattern)
            try solver.factor(crossbar.matrix.values)
            try direct.factor(crossbar.matrix.values)
            #expect(solver.solved(crossbar.rightHandSide) == direct.solved(crossbar.rightHandSide))
            #expect(solver.statistics.fallbacks == 1)
            #expect(!solver.statistics.isIterative)
            // It stays there for the matrices that follow.
            try solver.refactor(crossbar.matrix.values)
            #expect(difference(solver.solved(crossbar.rightHandSide), direct.solved(crossbar.rightHandSide)) < 1e-12)
            #expect(solver.statistics.fallbacks == 1)
            #expect(solver.failure == nil)
        }
        let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
        try solver.factor(crossbar.matrix.values)
        _ = solver.solved(crossbar.rightHandSide)
        #expect(solver.statistics.fallbacks == 0)
    }

    @Test func singularMatricesAreDiagnosedAsByKLU() throws {
        // A floating network, an empty column, a zero row, two sources in parallel, a floating crossbar.
        var matrices: [TestMatrix<Double>] = []
        for seed in 0..<40 {
            var random = SeededGenerator(seed: seed)
            let nodes = 2 + random.index(60)
            var stamps: [(row: Int, column: Int, value: Double)] = []
            for node in 1..<nodes {
                for other in [random.index(node), random.index(node)] {
                    let g = random.decade(-1...0)
                    stamps += [(node, node, g), (other, other, g), (node, other, -g), (other, node, -g)]
                }
            }
            matrices.append(TestMatrix(size: nodes, stamps: stamps))
        }
        matrices.append(TestMatrix(size: 3, stamps: [(0, 0, 1), (1, 0, 1), (2, 2, 1), (1, 2, 1)]))
        matrices.append(TestMatrix(size: 3, stamps: [(0, 1, 1), (0, 2, 1), (1, 0, 1), (2, 0, 1)]))
        matrices.append(TestMatrix(size: 2, stamps: [(0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0)]))
        matrices.append(TestMatrix(size: 2, stamps: [(0, 0, 0), (1, 1, 1)]))
        for matrix in matrices {
            let expected = try #require(throws: SolverError.self) {
                let direct = try KLUSolver(pattern: matrix.pattern)
                try direct.factor(matrix.values)
            }
            let solver = try StrongBlockSolver(pattern: matrix.pattern)
            #expect(throws: expected) { try solver.factor(matrix.values) }
            #expect(solver.solved([Double](repeating: 1, count: matrix.pattern.size)).allSatisfy { $0.isNaN })
        }
    }

    @Test func numbersThatAreNoneAreNamed() throws {
        var crossbar = CrossbarMatrix(rows: 4, columns: 4)
        crossbar.matrix[3, 3] = .nan
        let solver = try StrongBlockSolver(pattern: crossbar.matrix.pattern)
        #expect(throws: SolverError.notFinite(column: 3)) { try solver.factor(crossbar.matrix.values) }
        crossbar.matrix[3, 3] = 1
        try solver.refactor(crossbar.matrix.values)
        #expect(crossbar.matrix.backwardError(solver.solved(crossbar.rightHandSide), crossbar.rightHandSide) < 1e-13)
        #expect(solver.solved([Double](repeating: .nan, count: crossbar.matrix.pattern.size)).contains { $0.isNaN })
    }

    @Test func emptyMatrixIsSolved() throws {
        let solver = try StrongBlockSolver(pattern: SparsityPattern(size: 0, entries: []))
        try solver.factor([])
        #expect(solver.solved([]).isEmpty)
        #expect(solver.reciprocalCondition([]) == 1)
    }

    @Test func conditionIsThatOfKLU() throws {
        for extras in [CrossbarMatrix.Extras.sources, .transconductances] {
            let matrix = CrossbarMatrix(rows: 12, columns: 10, extras: extras).matrix
            let solver = try StrongBlockSolver(pattern: matrix.pattern)
            #expect(solver.reciprocalCondition(matrix.values) == 0)
            try solver.factor(matrix.values)
            let dense = try DenseSolver(pattern: matrix.pattern)
            try dense.factor(matrix.values)
            let ratio = solver.reciprocalCondition(matrix.values) / dense.reciprocalCondition(matrix.values)
            #expect((0.99...10).contains(ratio))
        }
    }

    @Test func memoryIsFewBytesAnUnknown() throws {
        let matrix = CrossbarMatrix(rows: 100, columns: 100, extras: .sources).matrix
        let solver = try StrongBlockSolver(pattern: matrix.pattern)
        try solver.factor(matrix.values)
        #expect(solver.statistics.bytes < 300 * matrix.pattern.size)
    }
}
