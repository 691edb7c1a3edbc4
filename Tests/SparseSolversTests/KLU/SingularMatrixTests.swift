import SparseSolvers
import Testing

@Suite struct SingularMatrixTests {
    @Test func emptyColumnIsNamed() {
        // Which of the three equations stays over for the two other unknowns is open.
        let pattern = SparsityPattern(size: 3, entries: [(0, 0), (1, 0), (2, 2), (1, 2)])
        let error = #expect(throws: SolverError.self) { try KLUSolver(pattern: pattern) }
        guard case .structurallySingular(1, _?, 2) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func emptyRowIsNamed() {
        let pattern = SparsityPattern(size: 3, entries: [(0, 0), (0, 1), (2, 2), (0, 2)])
        #expect(throws: SolverError.structurallySingular(column: 1, row: 1, rank: 2)) {
            try KLUSolver(pattern: pattern)
        }
    }

    @Test func patternWithoutEntriesHasRankNought() {
        #expect(throws: SolverError.structurallySingular(column: 0, row: 0, rank: 0)) {
            try KLUSolver(pattern: PatternBuilder(size: 2).build())
        }
    }

    @Test func twoSourcesInParallelAreStructurallySingularWithAndWithoutBlocks() {
        // A node with two voltage sources to ground and no conductance: unknowns v, i1, i2.
        let pattern = SparsityPattern(size: 3, entries: [(0, 1), (0, 2), (1, 0), (2, 0)])
        for usesBlocks in [true, false] {
            var options = SolverOptions()
            options.usesBlockTriangularForm = usesBlocks
            do throws(SolverError) {
                _ = try KLUSolver(pattern: pattern, options: options)
                Issue.record("accepted")
            } catch {
                guard case .structurallySingular(let column, let row, let rank) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(rank == 2)
                #expect(column == 1 || column == 2)
                #expect(row == 1 || row == 2)
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4]) func zeroColumnIsNamedInTheOriginalNumbering(column: Int) throws {
        var matrix = randomMatrix(size: 5, seed: 4)
        for slot in matrix.pattern.slots(column: column) { matrix.values[slot] = 0 }
        for scaling in KLUSolverTests.scalings {
            var options = SolverOptions()
            options.scaling = scaling
            let solver = try KLUSolver(pattern: matrix.pattern, options: options)
            #expect(throws: SolverError.singular(column: column)) { try solver.factor(matrix.values) }
            #expect(throws: SolverError.singular(column: column)) { try solver.refactor(matrix.values) }
            #expect(solver.solved([1, 1, 1, 1, 1]).allSatisfy { $0.isNaN })
        }
    }

    @Test func floatingNetworksAreSingularInSpiteOfRounding() throws {
        for seed in 0..<200 {
            var random = SeededGenerator(seed: seed)
            let nodes = 2 + random.index(60)
            var stamps: [(row: Int, column: Int, value: Double)] = []
            for node in 1..<nodes {
                for other in [random.index(node), random.index(node)] {
                    let g = random.decade(-1...0)
                    stamps += [(node, node, g), (other, other, g), (node, other, -g), (other, node, -g)]
                }
            }
            var matrix = TestMatrix(size: nodes, stamps: stamps)
            let solver = try KLUSolver(pattern: matrix.pattern)
            #expect(throws: SolverError.self) { try solver.factor(matrix.values) }
            // A leak of ten picosiemens makes it regular.
            matrix[0, 0] += 1e-11
            #expect(throws: Never.self) { try solver.factor(matrix.values) }
        }
    }

    @Test func solverRecoversFromASingularMatrix() throws {
        let good = randomMatrix(size: 6, seed: 2)
        var bad = good
        for slot in bad.pattern.slots(column: 3) { bad.values[slot] = 0 }
        let b = randomVector(6, seed: 1)
        let solver = try KLUSolver(pattern: good.pattern)
        try solver.factor(good.values)
        #expect(throws: SolverError.singular(column: 3)) { try solver.refactor(bad.values) }
        try solver.refactor(good.values)
        #expect(good.backwardError(solver.solved(b), b) < 1e-14)
    }

    @Test func firstColumnThatIsNotFiniteIsNamed() throws {
        for bad in [Double.nan, .infinity, -.infinity] {
            for column in 0..<6 {
                var matrix = randomMatrix(size: 6, seed: 2)
                let solver = try KLUSolver(pattern: matrix.pattern)
                try solver.factor(matrix.values)
                for later in column..<6 { matrix.values[matrix.pattern.slots(column: later).upperBound - 1] = bad }
                #expect(throws: SolverError.notFinite(column: column)) { try solver.refactor(matrix.values) }
                #expect(throws: SolverError.notFinite(column: column)) { try solver.factor(matrix.values) }
            }
        }
    }
}
