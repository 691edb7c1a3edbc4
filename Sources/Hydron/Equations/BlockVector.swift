/// A vector over the sparse part of a circuit and the reduced planes of its arrays.
struct BlockVector {
    let outer: Vector
    let inner: [Plane]

    /// a·b; sums are taken in an order that does not depend on the number of threads.
    func dot(_ other: BlockVector, _ parallel: Parallel) -> Double {
        var sum = 0.0
        for index in 0..<outer.count { sum += outer.base[index] * other.outer.base[index] }
        for (a, b) in zip(inner, other.inner) {
            let (p, q) = (a.base, b.base)
            let count = a.count
            sum += parallel.sum((count + Self.part - 1) / Self.part) { chunk in
                var lanes = Lanes.zero
                for place in stride(
                    from: chunk * Self.part, to: min((chunk + 1) * Self.part, count), by: GridShape.lanes)
                {
                    lanes += loadLanes(p + place) * loadLanes(q + place)
                }
                return lanes.sum()
            }
        }
        return sum
    }

    /// self ← scale·self + factor·other
    func combine(_ scale: Double, _ factor: Double, _ other: BlockVector, _ parallel: Parallel) {
        for (a, b) in zip([outer] + inner, [other.outer] + other.inner) {
            let (p, q) = (a.base, b.base)
            parallel.parts(a.count) { part in
                if scale == 0 {
                    for index in part { p[index] = factor * q[index] }
                } else {
                    for index in part { p[index] = scale * p[index] + factor * q[index] }
                }
            }
        }
    }

    /// Planes are multiples of eight long.
    private static let part = 1 << 15
}
