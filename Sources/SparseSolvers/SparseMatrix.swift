/// Products of a pattern with its values, column by column.
///
/// Vectors hold `pattern.size` numbers, values `pattern.entryCount`.
public enum SparseMatrix {
    /// y += A x
    @inlinable
    public static func multiply<Scalar: SolverScalar>(
        _ pattern: borrowing SparsityPattern, _ values: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>,
        into y: UnsafeMutablePointer<Scalar>
    ) {
        let size = pattern.size
        pattern.columnStarts.withUnsafeBufferPointer { starts in
            pattern.rowIndices.withUnsafeBufferPointer { rows in
                guard starts.count > size else { return }
                for column in 0..<size {
                    let factor = x[column]
                    var slot = Int(starts[column])
                    let end = Int(starts[column + 1])
                    while slot < end {
                        y[Int(rows[slot])] += values[slot] * factor
                        slot += 1
                    }
                }
            }
        }
    }

    /// y += Aᵀ x
    @inlinable
    public static func multiplyTransposed<Scalar: SolverScalar>(
        _ pattern: borrowing SparsityPattern, _ values: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>,
        into y: UnsafeMutablePointer<Scalar>
    ) {
        let size = pattern.size
        pattern.columnStarts.withUnsafeBufferPointer { starts in
            pattern.rowIndices.withUnsafeBufferPointer { rows in
                guard starts.count > size else { return }
                for column in 0..<size {
                    var sum = y[column]
                    var slot = Int(starts[column])
                    let end = Int(starts[column + 1])
                    while slot < end {
                        sum += values[slot] * x[Int(rows[slot])]
                        slot += 1
                    }
                    y[column] = sum
                }
            }
        }
    }

    /// Fills `residual` with b − A x and gives its largest magnitude, NaN where a component is NaN.
    @inlinable
    public static func residual<Scalar: SolverScalar>(
        _ pattern: borrowing SparsityPattern, _ values: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>,
        _ b: UnsafePointer<Scalar>, into residual: UnsafeMutablePointer<Scalar>
    ) -> Double {
        let size = pattern.size
        for row in 0..<size { residual[row] = 0 }
        multiply(pattern, values, x, into: residual)
        var largest = 0.0
        for row in 0..<size {
            residual[row] = b[row] - residual[row]
            let magnitude = residual[row].magnitude
            if !(magnitude <= largest) { largest = magnitude }
            if largest.isNaN { return largest }
        }
        return largest
    }

    /// ‖A‖∞, the largest sum of magnitudes over a row.
    public static func infinityNorm<Scalar: SolverScalar>(
        _ pattern: borrowing SparsityPattern, _ values: UnsafePointer<Scalar>
    ) -> Double {
        var sums = [Double](repeating: 0, count: pattern.size)
        for slot in 0..<pattern.entryCount {
            sums[Int(pattern.rowIndices[slot])] += values[slot].magnitude
        }
        return sums.max() ?? 0
    }

    /// The first column that holds a NaN or an infinity.
    static func firstColumnNotFinite<Scalar: SolverScalar>(
        size: Int, _ columnStarts: UnsafePointer<Int32>, _ values: UnsafePointer<Scalar>
    ) -> Int? {
        for column in 0..<size {
            for slot in Int(columnStarts[column])..<Int(columnStarts[column + 1]) where !values[slot].isFinite {
                return column
            }
        }
        return nil
    }
}
