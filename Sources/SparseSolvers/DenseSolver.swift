import ComplexModule
import RealModule

/// Gaussian elimination with partial pivoting on the full matrix: n³ operations, and so simple that it can be believed.
///
/// The oracle of the sparse solvers' tests. Its pivots are searched for every time, so ``refactor(_:)`` is
/// ``factor(_:)``.
public final class DenseLinearSolver<Scalar: SolverScalar>: LinearSolver {
    private let pattern: SparsityPattern
    private let scaling: SolverOptions.Scaling
    /// L below the diagonal, U on and above, by columns, rows in pivot order.
    private var factors: [Scalar]
    /// The row of the matrix that became row k.
    private var rowOrder: [Int]
    private var rowScale: [Double]
    private var isFactored: Bool
    private var counts = SolverStatistics()

    public init(pattern: SparsityPattern, options: SolverOptions = SolverOptions()) throws(SolverError) {
        // n² numbers must be addressable; beyond that, a dense matrix is not meant.
        guard !pattern.exceedsIndexRange, pattern.size < 1 << 13 else { throw SolverError.tooLarge }
        self.pattern = pattern
        scaling = options.scaling
        factors = Array(repeating: 0, count: pattern.size * pattern.size)
        rowOrder = Array(0..<pattern.size)
        rowScale = Array(repeating: 1, count: pattern.size)
        isFactored = pattern.size == 0
    }

    public func factor(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        let n = pattern.size
        isFactored = false
        try load(values)
        for k in 0..<n {
            var pivotRow = k
            var largest = 0.0
            for row in k..<n where factors[row + k * n].magnitude > largest {
                largest = factors[row + k * n].magnitude
                pivotRow = row
            }
            guard largest > 0 else { throw SolverError.singular(column: k) }
            if pivotRow != k {
                rowOrder.swapAt(k, pivotRow)
                for column in 0..<n { factors.swapAt(k + column * n, pivotRow + column * n) }
            }
            let pivot = factors[k + k * n]
            for row in k + 1..<max(n, k + 1) { factors[row + k * n] = factors[row + k * n] / pivot }
            for column in k + 1..<max(n, k + 1) where factors[k + column * n] != 0 {
                let factor = factors[k + column * n]
                for row in k + 1..<n { factors[row + column * n] -= factors[row + k * n] * factor }
            }
        }
        isFactored = true
        counts.factorisations += 1
    }

    private func load(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        let n = pattern.size
        for index in 0..<n * n { factors[index] = 0 }
        for row in 0..<n {
            rowOrder[row] = row
            rowScale[row] = 0
        }
        for column in 0..<n {
            for slot in pattern.slots(column: column) {
                let row = Int(pattern.rowIndices[slot])
                let value = values[slot]
                guard value.isFinite else { throw SolverError.notFinite(column: column) }
                factors[row + column * n] = value
                rowScale[row] = scaling == .sum ? rowScale[row] + value.magnitude : max(rowScale[row], value.magnitude)
            }
        }
        for row in 0..<n {
            if scaling == .none || rowScale[row] == 0 { rowScale[row] = 1 }
            for column in 0..<n { factors[row + column * n] = factors[row + column * n].scaled(by: 1 / rowScale[row]) }
        }
    }

    public func refactor(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        try factor(values)
    }

    public func solve(_ rightHandSide: UnsafeMutablePointer<Scalar>) {
        let n = pattern.size
        guard isFactored else { return fillWithNaN(rightHandSide) }
        counts.solves += 1
        var x = (0..<n).map { row in rightHandSide[rowOrder[row]].scaled(by: 1 / rowScale[rowOrder[row]]) }
        for k in 0..<n {
            for row in k + 1..<max(n, k + 1) { x[row] -= factors[row + k * n] * x[k] }
        }
        for k in stride(from: n - 1, through: 0, by: -1) {
            x[k] = x[k] / factors[k + k * n]
            for row in 0..<k { x[row] -= factors[row + k * n] * x[k] }
        }
        for row in 0..<n { rightHandSide[row] = x[row] }
    }

    public func solve(_ rightHandSides: UnsafeMutablePointer<Scalar>, count: Int) {
        for index in 0..<max(count, 0) { solve(rightHandSides + index * pattern.size) }
    }

    public func solveTransposed(_ rightHandSide: UnsafeMutablePointer<Scalar>) {
        let n = pattern.size
        guard isFactored else { return fillWithNaN(rightHandSide) }
        counts.solves += 1
        for k in 0..<n {
            for row in 0..<k { rightHandSide[k] -= factors[row + k * n] * rightHandSide[row] }
            rightHandSide[k] = rightHandSide[k] / factors[k + k * n]
        }
        for k in stride(from: n - 1, through: 0, by: -1) {
            for row in k + 1..<max(n, k + 1) { rightHandSide[k] -= factors[row + k * n] * rightHandSide[row] }
        }
        let x = (0..<n).map { rightHandSide[$0] }
        for row in 0..<n { rightHandSide[rowOrder[row]] = x[row].scaled(by: 1 / rowScale[rowOrder[row]]) }
    }

    private func fillWithNaN(_ vector: UnsafeMutablePointer<Scalar>) {
        for row in 0..<pattern.size { vector[row] = .notANumber }
    }

    public var statistics: SolverStatistics {
        var result = counts
        let n = Double(pattern.size)
        result.size = pattern.size
        result.entries = pattern.entryCount
        result.blocks = min(pattern.size, 1)
        result.factorEntries = pattern.size * pattern.size
        result.flops = n * (n - 1) * (4 * n + 1) / 6
        result.bytes = factors.count * MemoryLayout<Scalar>.stride
        return result
    }

    /// Exact: the inverse is formed column by column.
    public func reciprocalCondition(_ values: UnsafePointer<Scalar>) -> Double {
        let n = pattern.size
        guard isFactored, n > 0 else { return isFactored ? 1 : 0 }
        var norm = 0.0
        var inverseNorm = 0.0
        for column in 0..<n {
            var sum = 0.0
            for slot in pattern.slots(column: column) { sum += values[slot].magnitude }
            norm = max(norm, sum)
            var unit = [Scalar](repeating: 0, count: n)
            unit[column] = 1
            unit.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress { solve(base) }
            }
            inverseNorm = max(inverseNorm, unit.reduce(0) { $0 + $1.magnitude })
        }
        counts.solves -= n
        return 1 / (norm * inverseNorm)
    }
}

/// The dense oracle for real matrices.
public typealias DenseSolver = DenseLinearSolver<Double>
/// The dense oracle for complex matrices.
public typealias DenseComplexSolver = DenseLinearSolver<Complex<Double>>
