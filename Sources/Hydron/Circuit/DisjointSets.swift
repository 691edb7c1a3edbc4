/// Disjoint sets with path halving.
struct DisjointSets {
    private var parent: [Int32]
    init(_ count: Int) { parent = (0..<Int32(count)).map { $0 } }

    mutating func root(_ member: Int32) -> Int32 {
        var current = member
        while parent[Int(current)] != current {
            parent[Int(current)] = parent[Int(parent[Int(current)])]
            current = parent[Int(current)]
        }
        return current
    }

    /// False where both were in one set already.
    mutating func join(_ a: Int32, _ b: Int32) -> Bool {
        let (first, second) = (root(a), root(b))
        guard first != second else { return false }
        // The smaller number leads, so that ground leads its set.
        parent[Int(max(first, second))] = min(first, second)
        return true
    }
}
