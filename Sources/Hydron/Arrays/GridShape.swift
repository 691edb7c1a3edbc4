/// How the numbers of an array's cells lie in memory: row by row, padded so that eight rows or eight columns can be
/// worked on side by side and that a step down a column never stays in one set of the cache.
struct GridShape: Sendable, Hashable, BitwiseCopyable {
    /// Cells that exist.
    let rows: Int
    let columns: Int
    /// Numbers from one row to the next.
    let stride: Int
    /// Rows with padding.
    let paddedRows: Int

    static let lanes = 8

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        let rounded = (columns + Self.lanes - 1) / Self.lanes * Self.lanes
        stride = rounded < 64 ? rounded : rounded + Self.lanes
        paddedRows = (rows + Self.lanes - 1) / Self.lanes * Self.lanes
    }

    /// Numbers of one plane, padding included.
    var size: Int { paddedRows * stride }
    var cellCount: Int { rows * columns }

    @inline(__always) func index(_ row: Int, _ column: Int) -> Int { row * stride + column }

    /// Groups of eight rows: what threads share out.
    var rowChunks: Int { paddedRows / Self.lanes }
    /// Columns whose sums are taken together. Threads share out whole strips, so that sums don't depend on their number,
    /// but each works along its strips line by line: the longer it stays in a line, the faster memory follows (0.47 s in
    /// strips one by one and 0.31 s in whole lines for the same iterations over 1024 × 1024 resistors).
    static let columnStrip = 64
    var columnStrips: Int { (stride + Self.columnStrip - 1) / Self.columnStrip }
    @inline(__always) func columnRange(_ strips: Range<Int>) -> Range<Int> {
        strips.lowerBound * Self.columnStrip..<min(strips.upperBound * Self.columnStrip, stride)
    }
    @inline(__always) func rowRange(_ chunk: Int) -> Range<Int> {
        chunk * Self.lanes..<min((chunk + 1) * Self.lanes, rows)
    }
}

/// Numbers, one a cell with padding, that live as long as their owner.
typealias Plane = Vector

/// Eight numbers side by side, and eight numbers one below the other.
typealias Lanes = SIMD8<Double>

@inline(__always) func loadLanes(_ p: UnsafePointer<Double>) -> Lanes {
    UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}
@inline(__always) func storeLanes(_ value: Lanes, _ p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
@inline(__always) func gatherLanes(_ p: UnsafePointer<Double>, _ stride: Int) -> Lanes {
    Lanes(
        p[0], p[stride], p[2 * stride], p[3 * stride], p[4 * stride], p[5 * stride], p[6 * stride], p[7 * stride])
}
@inline(__always) func scatterLanes(_ value: Lanes, _ p: UnsafeMutablePointer<Double>, _ stride: Int) {
    p[0] = value[0]
    p[stride] = value[1]
    p[2 * stride] = value[2]
    p[3 * stride] = value[3]
    p[4 * stride] = value[4]
    p[5 * stride] = value[5]
    p[6 * stride] = value[6]
    p[7 * stride] = value[7]
}

/// Two neighbouring rows of a tile of 8 × 8, turned: their numbers stand side by side in each of its columns.
@inline(__always) func storeTurned(_ a: Lanes, _ b: Lanes, _ p: UnsafeMutablePointer<Double>) {
    @inline(__always) func store(_ pair: SIMD2<Double>, _ column: Int) {
        UnsafeMutableRawPointer(p + column * GridShape.lanes).storeBytes(of: pair, as: SIMD2<Double>.self)
    }
    store(SIMD2(a[0], b[0]), 0)
    store(SIMD2(a[1], b[1]), 1)
    store(SIMD2(a[2], b[2]), 2)
    store(SIMD2(a[3], b[3]), 3)
    store(SIMD2(a[4], b[4]), 4)
    store(SIMD2(a[5], b[5]), 5)
    store(SIMD2(a[6], b[6]), 6)
    store(SIMD2(a[7], b[7]), 7)
}
/// Undoes ``storeTurned(_:_:_:)``.
@inline(__always) func loadTurned(_ p: UnsafePointer<Double>) -> (Lanes, Lanes) {
    @inline(__always) func load(_ column: Int) -> SIMD2<Double> {
        UnsafeRawPointer(p + column * GridShape.lanes).loadUnaligned(as: SIMD2<Double>.self)
    }
    let (c0, c1, c2, c3) = (load(0), load(1), load(2), load(3))
    let (c4, c5, c6, c7) = (load(4), load(5), load(6), load(7))
    return (
        Lanes(c0[0], c1[0], c2[0], c3[0], c4[0], c5[0], c6[0], c7[0]),
        Lanes(c0[1], c1[1], c2[1], c3[1], c4[1], c5[1], c6[1], c7[1])
    )
}

/// The larger of each two; the library's own is a call.
@inline(__always) func largerLanes(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }

/// Whether a comparison holds in all lanes.
@inline(__always) func holdsEverywhere(_ mask: SIMDMask<SIMD8<Int64>>) -> Bool {
    let lanes = unsafeBitCast(mask, to: SIMD8<Int64>.self)
    let half = lanes.lowHalf & lanes.highHalf
    let quarter = half.lowHalf & half.highHalf
    return quarter[0] & quarter[1] != 0
}

extension Lanes {
    /// |each|
    @inline(__always) var absolute: Lanes {
        unsafeBitCast(unsafeBitCast(self, to: SIMD8<UInt64>.self) & 0x7FFF_FFFF_FFFF_FFFF, to: Lanes.self)
    }
}
