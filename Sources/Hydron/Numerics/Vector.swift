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
    /// Has all threads fetch its pages from the system, instead of the pass that first writes to them. It holds zeros.
    func prepare(_ parallel: Parallel) {
        let (base, page) = (self.base, 512)
        parallel.parts(count) { part in
            for index in stride(from: part.lowerBound, to: part.upperBound, by: page) { base[index] = 0 }
        }
    }
    func copy(_ other: Vector) { base.update(from: other.base, count: count) }
    func copy(_ other: UnsafePointer<Double>) { base.update(from: other, count: count) }
    func write(to other: UnsafeMutablePointer<Double>) { other.update(from: base, count: count) }
}
