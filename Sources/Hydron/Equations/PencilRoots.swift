import ComplexModule
import Glibc
import SparseSolvers

/// The finite s with det(G + s C) = 0, of a sparse pencil.
///
/// With a real shift s₀ at which G + s₀C is regular, s = s₀ − 1/μ for the eigenvalues μ ≠ 0 of (G + s₀C)⁻¹ C. Only as
/// many can differ from 0 as C has rank: with C = U V of that rank they are those of the small matrix V (G + s₀C)⁻¹ U.
/// Each root is then refined on the pencil itself by two-sided Rayleigh quotients (A. M. Ostrowski, Arch. Ration. Mech.
/// Anal. 3, 325 (1959), doi 10.1007/BF00284184), so that roots which lie many decades apart all come out to full precision.
struct PencilRoots {
    /// Entries of both matrices, one by one; those of one place add up.
    struct Entry {
        var row: Int
        var column: Int
        var g: Double
        var c: Double
    }
    private let size: Int
    private let pattern: SparsityPattern
    private let g: [Double]
    private let c: [Double]

    /// More independent charges and fluxes than this take too long.
    static let largestRank = 1200

    enum Failure: Error {
        case singular
        case tooLarge(Int)
        case noConvergence
    }

    init(size: Int, _ entries: [Entry]) {
        self.size = size
        var builder = PatternBuilder(size: size)
        for entry in entries { builder.insert(row: entry.row, column: entry.column) }
        pattern = builder.build()
        var (g, c) = (
            [Double](repeating: 0, count: pattern.entryCount), [Double](repeating: 0, count: pattern.entryCount)
        )
        for entry in entries {
            guard let slot = pattern.slot(row: entry.row, column: entry.column) else { continue }
            g[slot] += entry.g
            c[slot] += entry.c
        }
        (self.g, self.c) = (g, c)
    }

    /// In order of magnitude, conjugates side by side.
    func find() throws(Failure) -> [Complex<Double>] {
        let factors = rankFactors()
        let rank = factors.columns.count
        guard rank > 0 else { return [] }
        guard rank <= Self.largestRank else { throw .tooLarge(rank) }
        let (solver, shift) = try regularShift()
        // V (G + s₀C)⁻¹ U, a column for each of U's.
        var small = [Double](repeating: 0, count: rank * rank)
        for (place, column) in factors.columns.enumerated() {
            var x = [Double](repeating: 0, count: size)
            for (row, value) in column { x[row] += value }
            x.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base) } }
            for (row, weights) in factors.rows.enumerated() {
                var sum = 0.0
                for (unknown, weight) in weights { sum += weight * x[unknown] }
                small[row * rank + place] = sum
            }
        }
        guard let eigenvalues = Eigenvalues.of(small, size: rank) else { throw .noConvergence }
        let largest = eigenvalues.map(\.length).max() ?? 0
        var roots: [Complex<Double>] = []
        for mu in eigenvalues where mu.imaginary >= 0 {
            // Eigenvalues so small may be rounding's, which belong to roots at infinity: the pencil itself decides.
            let isDoubtful = mu.length <= 1e-12 * largest
            guard let inverse = mu.reciprocal,
                let root = refined(Complex(shift) - inverse, isDoubtful: isDoubtful)
            else { continue }
            if mu.imaginary > 0 {
                roots += [Complex(root.real, abs(root.imaginary)), Complex(root.real, -abs(root.imaginary))]
            } else {
                roots.append(Complex(root.real))
            }
        }
        return roots.sorted {
            ($0.length, $0.real, $0.imaginary) < ($1.length, $1.real, $1.imaginary)
        }
    }

    /// C as a product of as few columns and rows as its rank, by Gaussian elimination with the largest entry as pivot,
    /// relative to what its row and column began with.
    private func rankFactors() -> (columns: [[(Int, Double)]], rows: [[(Int, Double)]]) {
        var matrix: [Int: [Int: Double]] = [:]
        var rowNorm: [Int: Double] = [:]
        for column in 0..<size {
            for slot in Int(pattern.columnStarts[column])..<Int(pattern.columnStarts[column + 1]) where c[slot] != 0 {
                let row = Int(pattern.rowIndices[slot])
                matrix[row, default: [:]][column] = c[slot]
                rowNorm[row] = max(rowNorm[row] ?? 0, abs(c[slot]))
            }
        }
        var columns: [[(Int, Double)]] = []
        var rows: [[(Int, Double)]] = []
        while true {
            var best: (row: Int, column: Int, size: Double)?
            for row in matrix.keys.sorted() {
                guard let entries = matrix[row], let norm = rowNorm[row] else { continue }
                for column in entries.keys.sorted() {
                    let size = abs(entries[column] ?? 0) / norm
                    if size > (best?.size ?? 1e-11) { best = (row, column, size) }
                }
            }
            guard let pivot = best, let pivotRow = matrix[pivot.row], let value = pivotRow[pivot.column] else { break }
            var column: [(Int, Double)] = []
            for row in matrix.keys.sorted() {
                guard let entry = matrix[row]?[pivot.column], entry != 0 else { continue }
                column.append((row, entry))
                let factor = entry / value
                for (place, other) in pivotRow {
                    let old = matrix[row]?[place] ?? 0
                    let new = old - factor * other
                    // What cancels to rounding is zero.
                    matrix[row]?[place] = abs(new) <= 1e-13 * (abs(old) + abs(factor * other)) ? nil : new
                }
                matrix[row]?[pivot.column] = nil
            }
            matrix[pivot.row] = nil
            columns.append(column)
            rows.append(pivotRow.sorted { $0.key < $1.key }.map { ($0.key, $0.value / value) })
        }
        return (columns, rows)
    }

    /// A shift at which the pencil is regular and well conditioned: 0 where there is no root.
    private func regularShift() throws(Failure) -> (KLUSolver, Double) {
        let scale = (g.map(abs).max() ?? 1) / max(c.map(abs).filter { $0 > 0 }.max() ?? 1, 1e-300)
        for factor in [0, 1e-9, 1e-6, 1e-3, 1, 1e3] {
            let shift = factor * scale
            let values = zip(g, c).map { $0 + shift * $1 }
            do {
                let solver = try KLUSolver(pattern: pattern)
                try solver.factor(values)
                if solver.reciprocalCondition(values) > 1e-17 { return (solver, shift) }
            } catch { continue }
        }
        throw .singular
    }

    /// Two-sided Rayleigh quotient iteration; nil for what is no root of the pencil.
    ///
    /// - Parameter isDoubtful: the start counts only where the iteration stays with it.
    private func refined(_ start: Complex<Double>, isDoubtful: Bool) -> Complex<Double>? {
        guard start.isFinite, let solver = try? KLUComplexSolver(pattern: pattern) else { return nil }
        var s = start
        // Vectors without symmetry, the same at every call.
        var right = [Complex<Double>](repeating: Complex(1), count: size)
        var left = right
        for index in 0..<size {
            let (a, b) = (Double(index * 7 % 11), Double(index * 5 % 13))
            right[index] = Complex(1 + 0.37 * a, 0.11 * b)
            left[index] = Complex(1 + 0.29 * b, -0.07 * a)
        }
        var values = [Complex<Double>](repeating: .zero, count: g.count)
        for iteration in 0..<12 {
            for slot in g.indices { values[slot] = Complex(g[slot]) + s.scaled(by: c[slot]) }
            do {
                try solver.factor(values)
            } catch {
                // Singular to the last bit: the root itself.
                return s
            }
            apply(&right)
            apply(&left, transposed: true)
            right.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base) } }
            left.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solveTransposed(base) } }
            guard normalise(&right), normalise(&left) else { return s }
            // s' = s − (lᵀ (G + sC) r) / (lᵀ C r)
            var (numerator, denominator) = (Complex<Double>.zero, Complex<Double>.zero)
            for column in 0..<size {
                for slot in Int(pattern.columnStarts[column])..<Int(pattern.columnStarts[column + 1]) {
                    let pair = left[Int(pattern.rowIndices[slot])] * right[column]
                    numerator += pair * values[slot]
                    denominator += pair.scaled(by: c[slot])
                }
            }
            guard denominator != .zero else { return iteration == 0 ? nil : s }
            let step = numerator / denominator
            guard step.isFinite else { return isDoubtful ? nil : s }
            // The eigenvalue was good to begin with: what leads far away is another root.
            guard (s - step - start).length <= 0.1 * start.length + 1e-300 else { return isDoubtful ? nil : start }
            s -= step
            if step.length <= 4e-16 * s.length { return s }
        }
        return s
    }

    /// C x, or Cᵀ x.
    private func apply(_ x: inout [Complex<Double>], transposed: Bool = false) {
        var y = [Complex<Double>](repeating: .zero, count: size)
        for column in 0..<size {
            for slot in Int(pattern.columnStarts[column])..<Int(pattern.columnStarts[column + 1]) where c[slot] != 0 {
                let row = Int(pattern.rowIndices[slot])
                if transposed {
                    y[column] += x[row].scaled(by: c[slot])
                } else {
                    y[row] += x[column].scaled(by: c[slot])
                }
            }
        }
        x = y
    }

    private func normalise(_ x: inout [Complex<Double>]) -> Bool {
        let length = x.reduce(0) { max($0, $1.length) }
        guard length > 0, length.isFinite else { return false }
        for index in x.indices { x[index] = x[index].scaled(by: 1 / length) }
        return true
    }
}
