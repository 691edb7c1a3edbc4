import CSuiteSparse

/// KLU's objects and the copy of the pattern that its C functions read. Lives in one heap block of its own, so that
/// the solver classes reach it through a constant pointer, without a check for exclusive access.
struct KLUCore<Scalar: KLUScalar> {
    private let size: Int32
    private let entryCount: Int
    private let columnStarts: KLUIndices
    private let rowIndices: KLUIndices
    private var common: klu_common
    /// Nil for the empty matrix alone.
    private var symbolic: KLUSymbolic?
    /// Nil before the first factorisation and after one that failed.
    private var numeric: KLUNumeric?
    /// 1 / ``SolverOptions/refactorTolerance``: the largest magnitude allowed in L.
    private let growthLimit: Double
    private let roundingFactor: Double
    private var counts = SolverStatistics()

    init(_ pattern: borrowing SparsityPattern, _ options: SolverOptions) throws(SolverError) {
        guard !pattern.exceedsIndexRange, let size = Int32(exactly: pattern.size) else { throw .tooLarge }
        var common = klu_common()
        klu_defaults(&common)
        common.tol = options.pivotTolerance
        common.btf = options.usesBlockTriangularForm ? 1 : 0
        common.halt_if_singular = 1
        // Values are checked here, so "none" is -1, without KLU's own pass over the indices.
        common.scale =
            switch options.scaling {
            case .none: -1
            case .sum: 1
            case .largest: 2
            }
        let startBytes = pattern.columnStarts.count * MemoryLayout<Int32>.stride
        let rowBytes = max(pattern.entryCount, 1) * MemoryLayout<Int32>.stride
        guard let starts = klu_malloc(startBytes, 1, &common) else { throw .outOfMemory(bytes: startBytes) }
        guard let rows = klu_malloc(rowBytes, 1, &common) else {
            klu_free(starts, startBytes, 1, &common)
            throw .outOfMemory(bytes: rowBytes)
        }
        starts.copyMemory(from: pattern.columnStarts, byteCount: startBytes)
        rows.copyMemory(from: pattern.rowIndices, byteCount: pattern.entryCount * MemoryLayout<Int32>.stride)
        self.size = size
        entryCount = pattern.entryCount
        columnStarts = starts.bindMemory(to: Int32.self, capacity: pattern.columnStarts.count)
        rowIndices = rows.bindMemory(to: Int32.self, capacity: max(pattern.entryCount, 1))
        self.common = common
        growthLimit = 1 / options.refactorTolerance
        roundingFactor = options.roundingFactor
        do throws(SolverError) {
            try analyse(options)
        } catch {
            free()
            throw error
        }
    }

    /// Gives back all memory; nothing else may be called afterwards.
    mutating func free() {
        Scalar.kluFree(&numeric, &common)
        klu_free_symbolic(&symbolic, &common)
        klu_free(columnStarts, (Int(size) + 1) * MemoryLayout<Int32>.stride, 1, &common)
        klu_free(rowIndices, max(entryCount, 1) * MemoryLayout<Int32>.stride, 1, &common)
    }

    // MARK: Analysis

    private mutating func analyse(_ options: SolverOptions) throws(SolverError) {
        if size == 0 { return }
        switch options.ordering {
        case .amd:
            common.ordering = 0
            symbolic = klu_analyze(size, columnStarts, rowIndices, &common)
        case .colamd:
            common.ordering = 1
            symbolic = klu_analyze(size, columnStarts, rowIndices, &common)
        case .natural:
            symbolic = klu_analyze_given(size, columnStarts, rowIndices, nil, nil, &common)
        case .given(var rows, var columns):
            precondition(Self.isPermutation(rows, size) && Self.isPermutation(columns, size), "not a permutation")
            symbolic = klu_analyze_given(size, columnStarts, rowIndices, &rows, &columns, &common)
        }
        let foundRank = symbolic?.pointee.structural_rank ?? common.structural_rank
        if foundRank < size { try checkMatching() }
        guard symbolic != nil else { throw failure(bytes: nil) }
    }

    private static func isPermutation(_ order: [Int32], _ size: Int32) -> Bool {
        guard order.count == Int(size) else { return false }
        var isSeen = [Bool](repeating: false, count: order.count)
        for index in order {
            guard index >= 0, index < size, !isSeen[Int(index)] else { return false }
            isSeen[Int(index)] = true
        }
        return true
    }

    /// Pairs every equation with an unknown of its own; throws the first row and column left over.
    private func checkMatching() throws(SolverError) {
        let n = Int(size)
        var match = [Int32](repeating: -1, count: n)
        var workspace = [Int32](repeating: 0, count: 5 * n)
        var work = 0.0
        let rank = btf_maxtrans(size, size, columnStarts, rowIndices, 0, &work, &match, &workspace)
        guard rank < size else { return }

        var columnIsMatched = [Bool](repeating: false, count: n)
        for column in match where column >= 0 { columnIsMatched[Int(column)] = true }
        var rowIsUsed = [Bool](repeating: false, count: n)
        for slot in 0..<entryCount { rowIsUsed[Int(rowIndices[slot])] = true }

        // An empty line is the plainest reason, and is never matched.
        let column =
            (0..<n).first { columnStarts[$0] == columnStarts[$0 + 1] } ?? (0..<n).first { !columnIsMatched[$0] }
        let row = (0..<n).first { !rowIsUsed[$0] } ?? (0..<n).first { match[$0] < 0 }
        throw .structurallySingular(column: column, row: row, rank: Int(rank))
    }

    // MARK: Factorisation

    mutating func factor(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        counts.factorisations += 1
        guard let symbolic else { return }
        // Freed first: two factorisations of a large matrix need not fit side by side.
        if numeric != nil { Scalar.kluFree(&numeric, &common) }
        if !allFinite(values) { throw notFinite(values) }
        numeric = Scalar.kluFactor(columnStarts, rowIndices, Self.doubles(values), symbolic, &common)
        guard numeric != nil, common.status == KLU_OK else {
            if numeric != nil { Scalar.kluFree(&numeric, &common) }
            throw failure(bytes: estimatedFactorBytes)
        }
        if roundingFactor > 0, let factors = numeric, let column = columnOfRounding(symbolic, factors) {
            Scalar.kluFree(&numeric, &common)
            throw .singular(column: column)
        }
    }

    @inline(__always)
    mutating func refactor(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        guard let symbolic, let numeric else { return try factor(values) }
        if allFinite(values),
            Scalar.kluRefactor(columnStarts, rowIndices, Self.doubles(values), symbolic, numeric, &common) != 0,
            pivotsHold(symbolic, numeric)
        {
            counts.refactorisations += 1
        } else {
            try rejectRefactorisation(values)
        }
    }

    @inline(never)
    private mutating func rejectRefactorisation(_ values: UnsafePointer<Scalar>) throws(SolverError) {
        counts.rejectedRefactorisations += 1
        try factor(values)
    }

    /// Whether no entry of L exceeds the limit, nor is NaN.
    @inline(__always)
    private func pivotsHold(_ symbolic: KLUSymbolic, _ numeric: KLUNumeric) -> Bool {
        guard let blocks = numeric.pointee.LUbx, let lengths = numeric.pointee.Llen, let offsets = numeric.pointee.Lip,
            let boundaries = symbolic.pointee.R
        else { return true }
        let limit = Scalar.components == 1 ? growthLimit : growthLimit * growthLimit
        var end = Int(boundaries[0])
        for block in 0..<Int(symbolic.pointee.nblocks) {
            let start = end
            end = Int(boundaries[block + 1])
            // A block of one unknown has no L.
            guard end - start > 1, let storage = blocks[block] else { continue }
            var holds = true
            for k in start..<end {
                let column = FactorColumn<Scalar>(storage, offset: offsets[k], length: lengths[k])
                var entry = column.values
                let last = entry + column.count * Scalar.components
                while entry < last {
                    let size =
                        Scalar.components == 1 ? entry[0].magnitude : entry[0] * entry[0] + entry[1] * entry[1]
                    // False for NaN too.
                    holds = (size <= limit) && holds
                    entry += Scalar.components
                }
            }
            if !holds { return false }
        }
        return true
    }

    /// The unknown of the first pivot that is nothing but rounding error.
    ///
    /// The pivot is u_kk = a_kk − Σ l_kj u_jk, and rounding alone leaves about ε Σ |l_kj| |u_jk| of an exact zero, as
    /// for a network that floats. A pivot that is small by itself, a leak of 1e-12 S, has a sum as small. Only pivots
    /// far below their column of U are worth the search for the l_kj.
    private func columnOfRounding(_ symbolic: KLUSymbolic, _ numeric: KLUNumeric) -> Int? {
        guard let blocks = numeric.pointee.LUbx,
            let lengthsL = numeric.pointee.Llen, let offsetsL = numeric.pointee.Lip,
            let lengthsU = numeric.pointee.Ulen, let offsetsU = numeric.pointee.Uip,
            let boundaries = symbolic.pointee.R, let columnOrder = symbolic.pointee.Q,
            let diagonal = numeric.pointee.Udiag?.assumingMemoryBound(to: Scalar.self)
        else { return nil }
        for block in 0..<Int(symbolic.pointee.nblocks) {
            let start = Int(boundaries[block])
            let end = Int(boundaries[block + 1])
            guard end - start > 1, let storage = blocks[block] else { continue }
            for k in start..<end {
                let pivot = diagonal[k].magnitude
                let upper = FactorColumn<Scalar>(storage, offset: offsetsU[k], length: lengthsU[k])
                guard (0..<upper.count).contains(where: { pivot <= 1e-8 * upper.magnitude($0) }) else { continue }
                var sum = 0.0
                for entry in 0..<upper.count {
                    let j = start + Int(upper.rows[entry])
                    let lower = FactorColumn<Scalar>(storage, offset: offsetsL[j], length: lengthsL[j])
                    for candidate in 0..<lower.count where Int(lower.rows[candidate]) == k - start {
                        sum += lower.magnitude(candidate) * upper.magnitude(entry)
                    }
                }
                if pivot <= roundingFactor * 0x1p-52 * sum { return Int(columnOrder[k]) }
            }
        }
        return nil
    }

    // MARK: Solution

    @inline(__always)
    mutating func solve(_ rightHandSides: UnsafeMutablePointer<Scalar>, count: Int, transposed: Bool = false) {
        guard count > 0, let symbolic else { return }
        counts.solves += count
        guard let numeric else {
            rightHandSides.update(repeating: .notANumber, count: Int(size) * count)
            return
        }
        let b = UnsafeMutableRawPointer(rightHandSides).assumingMemoryBound(to: Double.self)
        if transposed {
            Scalar.kluSolveTransposed(symbolic, numeric, size, Int32(clamping: count), b, &common)
        } else {
            Scalar.kluSolve(symbolic, numeric, size, Int32(clamping: count), b, &common)
        }
    }

    // MARK: Values

    @inline(__always)
    private static func doubles(_ values: UnsafePointer<Scalar>) -> UnsafeMutablePointer<Double> {
        UnsafeMutablePointer(mutating: UnsafeRawPointer(values).assumingMemoryBound(to: Double.self))
    }

    /// x · 0 is NaN for a NaN or an infinity and 0 otherwise, and so is the sum.
    @inline(__always)
    private func allFinite(_ values: UnsafePointer<Scalar>) -> Bool {
        let raw = UnsafeRawPointer(values)
        let count = entryCount * Scalar.components
        var lanes = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= count {
            lanes += raw.loadUnaligned(fromByteOffset: index * 8, as: SIMD4<Double>.self) * 0
            index += 4
        }
        var sum = lanes.sum()
        while index < count {
            sum += raw.load(fromByteOffset: index * 8, as: Double.self) * 0
            index += 1
        }
        return sum == 0
    }

    private func notFinite(_ values: UnsafePointer<Scalar>) -> SolverError {
        .notFinite(column: SparseMatrix.firstColumnNotFinite(size: Int(size), columnStarts, values) ?? 0)
    }

    // MARK: Reports

    /// What KLU's status says.
    private func failure(bytes: Int?) -> SolverError {
        switch common.status {
        case KLU_OUT_OF_MEMORY: .outOfMemory(bytes: bytes)
        case KLU_SINGULAR: .singular(column: Int(min(max(common.singular_col, 0), size - 1)))
        // KLU_TOO_LARGE; KLU_INVALID cannot come from a pattern.
        default: .tooLarge
        }
    }

    /// What L and U will take, where the ordering estimated it.
    private var estimatedFactorBytes: Int? {
        guard let symbolic, symbolic.pointee.lnz >= 0, symbolic.pointee.unz >= 0 else { return nil }
        let perEntry = Double(MemoryLayout<Scalar>.stride + MemoryLayout<Int32>.stride)
        return Int(exactly: ((symbolic.pointee.lnz + symbolic.pointee.unz) * perEntry).rounded())
    }

    mutating func statistics() -> SolverStatistics {
        var result = counts
        result.size = Int(size)
        result.entries = entryCount
        result.blocks = Int(symbolic?.pointee.nblocks ?? 0)
        result.bytes = Int(common.memusage)
        guard let symbolic, let numeric else { return result }
        result.factorEntries = Int(numeric.pointee.lnz) + Int(numeric.pointee.unz) + Int(numeric.pointee.nzoff)
        result.factorEntries -= Int(size)
        Scalar.kluCountOperations(symbolic, numeric, &common)
        result.flops = common.flops
        return result
    }

    mutating func reciprocalCondition(_ values: UnsafePointer<Scalar>) -> Double {
        guard let symbolic else { return 1 }
        guard let numeric else { return 0 }
        Scalar.kluConditionEstimate(columnStarts, Self.doubles(values), symbolic, numeric, &common)
        return common.status == KLU_OK ? 1 / common.condest : 0
    }
}

/// One column of L or U without its diagonal, as KLU stores it in a block's array: the rows, counted inside the block,
/// padded to whole numbers, then the values.
private struct FactorColumn<Scalar: KLUScalar> {
    let count: Int
    let rows: KLUIndices
    /// Real and imaginary part by turns where complex.
    let values: UnsafeMutablePointer<Double>

    /// `offset` counts numbers, not bytes.
    @inline(__always)
    init(_ storage: UnsafeMutableRawPointer, offset: Int32, length: Int32) {
        let units = storage.assumingMemoryBound(to: Double.self) + Int(offset) * Scalar.components
        let indicesPerNumber = 2 * Scalar.components
        count = Int(length)
        rows = UnsafeMutableRawPointer(units).assumingMemoryBound(to: Int32.self)
        values = units + (count + indicesPerNumber - 1) / indicesPerNumber * Scalar.components
    }

    @inline(__always)
    func magnitude(_ entry: Int) -> Double {
        Scalar.components == 1
            ? values[entry].magnitude : max(values[2 * entry].magnitude, values[2 * entry + 1].magnitude)
    }
}
