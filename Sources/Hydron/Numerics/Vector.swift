/// Numbers, one an unknown, that live as long as their owner.
final class Vector {
    let base: UnsafeMutablePointer<Double>
    let count: Int
    init(_ count: Int) {
        self.count = count
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
    }
    deinit { base.deallocate() }
    func copy(_ other: Vector) { base.update(from: other.base, count: count) }
    func copy(_ other: UnsafePointer<Double>) { base.update(from: other, count: count) }
}
