import LargeMemory

/// Numbers, one an unknown, that live as long as their owner.
final class Vector {
    let base: UnsafeMutablePointer<Double>
    let count: Int
    init(_ count: Int) {
        self.count = count
        base = HugeMemory.zeros(count)
    }
    /// A copy of `count` numbers, to go back to.
    convenience init(_ other: UnsafePointer<Double>, _ count: Int) {
        self.init(count)
        copy(other)
    }
    deinit { HugeMemory.free(base) }
    func copy(_ other: Vector) { base.update(from: other.base, count: count) }
    func copy(_ other: UnsafePointer<Double>) { base.update(from: other, count: count) }
    func write(to other: UnsafeMutablePointer<Double>) { other.update(from: base, count: count) }
}
