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

    /// Groups of eight rows, and of up to 64 columns: what threads share out.
    var rowChunks: Int { paddedRows / Self.lanes }
    static let columnChunk = 64
    var columnChunks: Int { (stride + Self.columnChunk - 1) / Self.columnChunk }
    @inline(__always) func columnRange(_ chunk: Int) -> Range<Int> {
        chunk * Self.columnChunk..<min((chunk + 1) * Self.columnChunk, stride)
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

extension Lanes {
    /// |each|
    @inline(__always) var absolute: Lanes {
        unsafeBitCast(unsafeBitCast(self, to: SIMD8<UInt64>.self) & 0x7FFF_FFFF_FFFF_FFFF, to: Lanes.self)
    }
}
