import SparseSolvers
import Testing

@Suite struct SparsityPatternTests {
    @Test func rowsAreSortedAndRepetitionsMerged() {
        var builder = PatternBuilder(size: 3)
        builder.reserve(6)
        for (row, column) in [(2, 0), (0, 0), (2, 0), (1, 2), (0, 2), (1, 2)] {
            builder.insert(row: row, column: column)
        }
        #expect(builder.insertionCount == 6)
        let pattern = builder.build()
        #expect(pattern.columnStarts == [0, 2, 2, 4])
        #expect(pattern.rowIndices == [0, 2, 0, 1])
        #expect(pattern.entryCount == 4)
    }

    @Test func everyPositionFindsItsSlotAndNoOther() {
        for seed in 0..<20 {
            var random = SeededGenerator(seed: seed)
            let size = 1 + random.index(30)
            let entries = (0..<random.index(200)).map { _ in (row: random.index(size), column: random.index(size)) }
            let pattern = SparsityPattern(size: size, entries: entries)
            let wanted = Set(entries.map { $0.row + $0.column * size })
            #expect(pattern.entryCount == wanted.count)
            for column in 0..<size {
                for row in 0..<size {
                    let slot = pattern.slot(row: row, column: column)
                    #expect((slot != nil) == wanted.contains(row + column * size))
                    if let slot {
                        #expect(Int(pattern.rowIndices[slot]) == row)
                        #expect(pattern.slots(column: column).contains(slot))
                    }
                }
            }
        }
    }

    @Test func positionsOutsideHaveNoSlot() {
        let pattern = SparsityPattern(size: 2, entries: [(0, 0), (1, 1)])
        #expect(pattern.slot(row: 0, column: 2) == nil)
        #expect(pattern.slot(row: 0, column: -1) == nil)
        #expect(pattern.slot(row: 5, column: 1) == nil)
        #expect(pattern.slot(row: -1, column: 1) == nil)
    }

    @Test func emptyPatternHasOneColumnStart() {
        let pattern = PatternBuilder(size: 0).build()
        #expect(pattern.columnStarts == [0])
        #expect(pattern.entryCount == 0)
    }

    @Test func tooManyUnknownsAreRefusedBySolvers() throws {
        let pattern = PatternBuilder(size: Int(Int32.max)).build()
        #expect(pattern.exceedsIndexRange)
        #expect(throws: SolverError.tooLarge) { try KLUSolver(pattern: pattern) }
        #expect(throws: SolverError.tooLarge) { try DenseSolver(pattern: pattern) }
    }
}

@Suite struct SparseMatrixTests {
    @Test func productsAgreeWithTheDefinition() {
        let matrix = randomMatrix(size: 17, seed: 3)
        let x = randomVector(17, seed: 4)
        let start = randomVector(17, seed: 5)
        var y = start
        SparseMatrix.multiply(matrix.pattern, matrix.values, x, into: &y)
        var z = start
        SparseMatrix.multiplyTransposed(matrix.pattern, matrix.values, x, into: &z)
        for i in 0..<17 {
            let row = (0..<17).reduce(start[i]) { $0 + matrix[i, $1] * x[$1] }
            let column = (0..<17).reduce(start[i]) { $0 + matrix[$1, i] * x[$1] }
            #expect(abs(y[i] - row) < 1e-14)
            #expect(abs(z[i] - column) < 1e-14)
        }
    }

    @Test func residualOfNaNIsNaN() {
        let matrix = TestMatrix(size: 2, stamps: [(0, 0, 1.0), (1, 1, 1.0)])
        var residual = [0.0, 0.0]
        let x = [Double.nan, 0]
        #expect(SparseMatrix.residual(matrix.pattern, matrix.values, x, [0, 0], into: &residual).isNaN)
        #expect(SparseMatrix.residual(matrix.pattern, matrix.values, [1, 2], [1, -1], into: &residual) == 3)
    }
}
