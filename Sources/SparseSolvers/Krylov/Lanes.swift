/// Numbers that go through the same arithmetic side by side, one for each right-hand side that is solved for at once.
///
/// One right-hand side is a `Double`; several are the lanes of a vector, so that the matrix is read once for all of them.
protocol Lanes: BitwiseCopyable {
    static var laneCount: Int { get }
    static var zero: Self { get }
    subscript(lane lane: Int) -> Double { get set }
    static func + (left: Self, right: Self) -> Self
    static func - (left: Self, right: Self) -> Self
    static func * (left: Self, right: Self) -> Self
    static func * (factor: Double, right: Self) -> Self
    static func += (left: inout Self, right: Self)
    static func -= (left: inout Self, right: Self)
    static prefix func - (number: Self) -> Self
    static func / (left: Self, right: Self) -> Self
    var magnitudes: Self { get }
    func squareRoots() -> Self
    /// Takes over what is larger, lane by lane.
    mutating func raise(to other: Self)
}

extension Double: Lanes {
    static var laneCount: Int { 1 }
    subscript(lane _: Int) -> Double {
        @inline(__always) get { self }
        @inline(__always) set { self = newValue }
    }
    var magnitudes: Double {
        @inline(__always) get { abs(self) }
    }
    @inline(__always) func squareRoots() -> Double { squareRoot() }
    @inline(__always) mutating func raise(to other: Double) { if other > self { self = other } }
}

/// Eight right-hand sides: one line of the cache for each unknown.
typealias EightLanes = SIMD8<Double>

extension SIMD8: Lanes where Scalar == Double {
    static var laneCount: Int { 8 }
    subscript(lane lane: Int) -> Double {
        @inline(__always) get { self[lane] }
        @inline(__always) set { self[lane] = newValue }
    }
    var magnitudes: Self {
        @inline(__always) get { replacing(with: 0 - self, where: self .< 0) }
    }
    @inline(__always) func squareRoots() -> Self { squareRoot() }
    @inline(__always) mutating func raise(to other: Self) { replace(with: other, where: other .> self) }
}

/// Some of the lanes of a ``Lanes``.
struct LaneSet {
    private var bits: UInt8

    init(first count: Int) { bits = count >= 8 ? .max : (1 << UInt8(count)) - 1 }

    var isEmpty: Bool { bits == 0 }
    func contains(_ lane: Int) -> Bool { bits >> UInt8(truncatingIfNeeded: lane) & 1 != 0 }
    mutating func remove(_ lane: Int) { bits &= ~(1 << UInt8(truncatingIfNeeded: lane)) }
    mutating func insert(_ lane: Int) { bits |= 1 << UInt8(truncatingIfNeeded: lane) }
}
