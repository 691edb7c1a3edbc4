/// What elements of one kind put down where they were evaluated, found again by the values of their unknowns.
///
/// The records near a point are found by a k-d tree (J. L. Bentley, Commun. ACM 18, 509, 1975;
/// doi 10.1145/361002.361007). Any number of threads may search it while nobody changes it.
struct EvaluationTable {
    /// What a search found.
    struct Match {
        /// The record whose tangent leads there, or else the nearest that was seen; −1: none was.
        var record: Int
        /// How far its point is away: the largest step of an unknown [V, and for flows A].
        var distance: Double
        /// Whether the record's tangent may be followed that far.
        var isCovered: Bool
        /// Whether it might be, but is to be compared with an evaluation.
        var isToBeChecked = false

        static let none = Match(record: -1, distance: .infinity, isCovered: false)
    }

    private struct Node: BitwiseCopyable {
        /// Lower values are on the left.
        var split = 0.0
        /// The unknown that is compared; −1: a leaf.
        var axis: Int32 = -1
        /// The left one of two nodes side by side, or a leaf's bucket.
        var first: Int32 = 0
        /// Records of a leaf.
        var count: Int32 = 0
    }

    /// How far a record was measured to one side of a direction [V, and for flows A], and how much it bends there at most
    /// [1/V²].
    private struct Side: BitwiseCopyable {
        var length = 0.0
        var bend = 0.0
    }

    /// Unknowns of an element.
    private let dimensions: Int
    /// Numbers of a record.
    private let width: Int
    /// They stay where they are, for elements go by them.
    private var chunks = RawList<UnsafeMutablePointer<Double>>()
    /// The points once more, side by side: all that a search reads.
    private var points = RawList<Double>()
    /// On which ways from each record it was measured how much it bends: so many directions, unit vectors at right angles to
    /// each other, and both sides of each.
    private var ranks = RawList<Int32>()
    private var directions = RawList<Double>()
    private var sides = RawList<Side>()
    /// The record that elements went to from each one last; −1: not known. Mostly they go there again.
    private var successors = RawList<Int32>()
    private var nodes = RawList<Node>()
    private var buckets = RawList<Int32>()
    /// Records there were when the tree was balanced.
    private var balanced = 0

    /// Directions that are kept of a record.
    private let mostDirections: Int

    private static let bucket = 8
    /// Records that are allocated at a time.
    private static let chunk = 16
    /// Records that come before the tree is balanced first.
    private static let leastBalanced = 64
    /// Leaves that a search looks at.
    private static let patience = 4

    init(dimensions: Int, width: Int) {
        self.dimensions = dimensions
        self.width = width
        mostDirections = min(dimensions, 3)
        clearTree()
    }

    func deallocate() {
        for chunk in 0..<chunks.count { chunks[chunk].deallocate() }
        chunks.deallocate()
        points.deallocate()
        ranks.deallocate()
        directions.deallocate()
        sides.deallocate()
        successors.deallocate()
        nodes.deallocate()
        buckets.deallocate()
    }

    var count: Int { ranks.count }
    var recordBytes: Int { (width + dimensions + mostDirections * (dimensions + 4) + 2) * MemoryLayout<Double>.size }

    @inline(__always) func record(_ index: Int) -> UnsafeMutablePointer<Double> {
        chunks[index / Self.chunk] + index % Self.chunk * width
    }

    /// Learns that a record bends by `bend` [1/V²] on the way to `x`.
    ///
    /// - Parameter rest: here and below, room for a number an unknown.
    func learn(
        _ index: Int, towards x: UnsafePointer<Double>, bend: Double, _ rule: OSDIBypass,
        _ rest: UnsafeMutablePointer<Double>
    ) {
        let rank = Int(ranks[index])
        let beside = split(index, x, rest) { known, along in
            guard abs(along) > rule.sideways else { return }
            let place = side(index, known, along)
            sides[place] = Side(
                length: max(sides[place].length, abs(along)), bend: max(sides[place].bend, bend))
        }
        guard mostDirections > rank, bend.isFinite, beside > (rank > 0 ? rule.sideways : 0) else { return }
        let direction = directions.base + (index * mostDirections + rank) * dimensions
        for axis in 0..<dimensions { direction[axis] = rest[axis] / beside }
        sides[side(index, rank, 1)] = Side(length: beside, bend: bend)
        ranks[index] = Int32(rank + 1)
    }

    @inline(__always) private func side(_ index: Int, _ direction: Int, _ along: Double) -> Int {
        2 * (index * mostDirections + direction) + (along < 0 ? 0 : 1)
    }

    /// Learns that a record bends by `bend` [1/V²] towards another.
    func learn(
        _ index: Int, towards other: Int, bend: Double, _ rule: OSDIBypass, _ rest: UnsafeMutablePointer<Double>
    ) {
        learn(index, towards: points.base + other * dimensions, bend: bend, rule, rest)
    }

    /// Whether the tangent of a record leads to `x`, `distance` away: on ways only on which it was measured how much the
    /// record bends.
    @inline(__always) func covers(
        _ index: Int, _ x: UnsafePointer<Double>, distance: Double, _ rule: OSDIBypass,
        _ rest: UnsafeMutablePointer<Double>
    ) -> Bool {
        if distance <= rule.rest { return true }
        guard distance <= rule.reach else { return false }
        var bend = 0.0
        var isInside = true
        let beside = split(index, x, rest) { known, along in
            guard abs(along) > rule.sideways else { return }
            let side = sides[side(index, known, along)]
            bend = max(bend, side.bend)
            isInside = isInside && abs(along) <= side.length + rule.sideways
        }
        return isInside && beside <= rule.sideways && rule.follows(distance, bend: bend)
    }

    /// Splits the way from a record to `x` into the parts along its directions and `rest`.
    ///
    /// - Returns: how long the rest is.
    @inline(__always) private func split(
        _ index: Int, _ x: UnsafePointer<Double>, _ rest: UnsafeMutablePointer<Double>, _ part: (Int, Double) -> Void
    ) -> Double {
        for axis in 0..<dimensions { rest[axis] = x[axis] - points[index * dimensions + axis] }
        for known in 0..<Int(ranks[index]) {
            let direction = directions.base + (index * mostDirections + known) * dimensions
            var along = 0.0
            for axis in 0..<dimensions { along += rest[axis] * direction[axis] }
            for axis in 0..<dimensions { rest[axis] -= along * direction[axis] }
            part(known, along)
        }
        var square = 0.0
        for axis in 0..<dimensions { square += rest[axis] * rest[axis] }
        return square.squareRoot()
    }

    func setSuccessor(_ index: Int, _ successor: Int) { successors[index] = Int32(successor) }

    /// A record whose tangent leads to `x`: where elements went from `previous`, or else the first one seen, near leaves
    /// first.
    @inline(__always) func find(
        _ x: UnsafePointer<Double>, from previous: Int, _ rule: OSDIBypass, _ rest: UnsafeMutablePointer<Double>
    ) -> Match {
        if previous >= 0, successors[previous] >= 0 {
            let record = Int(successors[previous])
            let distance = distance(of: record, from: x)
            if covers(record, x, distance: distance, rule, rest) {
                return Match(record: record, distance: distance, isCovered: true)
            }
        }
        return find(x, rule, rest)
    }

    /// The same without a hint.
    func find(_ x: UnsafePointer<Double>, _ rule: OSDIBypass, _ rest: UnsafeMutablePointer<Double>) -> Match {
        var nearest = Match.none
        var waiting = InlineArray<4, Int32>(repeating: 0)
        var node = 0
        var (asked, looks) = (0, 0)
        while true {
            while nodes[node].axis >= 0 {
                let here = nodes[node]
                let side = x[Int(here.axis)] - here.split
                let isLeft = side < 0
                if abs(side) <= rule.reach, asked < waiting.count {
                    waiting[asked] = here.first + (isLeft ? 1 : 0)
                    asked += 1
                }
                node = Int(here.first) + (isLeft ? 0 : 1)
            }
            let leaf = nodes[node]
            for place in 0..<Int(leaf.count) {
                let record = Int(buckets[Int(leaf.first) * Self.bucket + place])
                let distance = distance(of: record, from: x)
                if distance < nearest.distance {
                    nearest.distance = distance
                    nearest.record = record
                }
                if covers(record, x, distance: distance, rule, rest) {
                    return Match(record: record, distance: distance, isCovered: true)
                }
            }
            looks += 1
            guard asked > 0, looks < Self.patience else { return nearest }
            asked -= 1
            node = Int(waiting[asked])
        }
    }

    @inline(__always) private func distance(of record: Int, from x: UnsafePointer<Double>) -> Double {
        let point = points.base + record * dimensions
        var distance = 0.0
        for axis in 0..<dimensions {
            let step = abs(x[axis] - point[axis])
            // What is not a number is farther than any.
            if !(step <= distance) { distance = step.isNaN ? .infinity : step }
        }
        return distance
    }

    /// Makes room for one more record, which is the caller's to fill.
    ///
    /// - Parameter point: finite numbers.
    mutating func insert(at point: UnsafePointer<Double>) -> UnsafeMutablePointer<Double> {
        let index = count
        if index % Self.chunk == 0 { chunks.append(.allocate(capacity: max(Self.chunk * width, 1))) }
        points.append(from: point, count: dimensions)
        ranks.append(0)
        directions.append(repeating: 0, count: mostDirections * dimensions)
        sides.append(repeating: Side(), count: 2 * mostDirections)
        successors.append(-1)
        if count - balanced >= max(Self.leastBalanced, balanced) {
            balance()
        } else {
            place(index)
        }
        return record(index)
    }

    // MARK: - The tree

    /// One leaf without records.
    private mutating func clearTree() {
        nodes.removeAll()
        nodes.append(Node())
        buckets.removeAll()
        buckets.append(repeating: 0, count: Self.bucket)
    }

    /// Puts a record into its leaf, which is divided where it is full.
    private mutating func place(_ record: Int) {
        var node = 0
        while nodes[node].axis >= 0 {
            let here = nodes[node]
            node = Int(here.first) + (points[record * dimensions + Int(here.axis)] < here.split ? 0 : 1)
        }
        let leaf = nodes[node]
        let held = buckets.base + Int(leaf.first) * Self.bucket
        if leaf.count < Self.bucket {
            held[Int(leaf.count)] = Int32(record)
            nodes[node].count += 1
            return
        }
        var all = Array(UnsafeBufferPointer(start: held, count: Self.bucket)) + [Int32(record)]
        divide(&all, 0..<all.count, node, bucket: leaf.first)
    }

    /// Points that come one behind the other along a curve make a tree as deep as there are leaves.
    private mutating func balance() {
        balanced = count
        clearTree()
        var all = Array(0..<Int32(count))
        divide(&all, 0..<count, 0, bucket: 0)
    }

    /// Makes of `node` the tree of some of the records; its leftmost leaf takes `bucket`.
    private mutating func divide(_ records: inout [Int32], _ range: Range<Int>, _ node: Int, bucket: Int32) {
        guard range.count > Self.bucket else {
            for (place, record) in records[range].enumerated() {
                buckets[Int(bucket) * Self.bucket + place] = record
            }
            nodes[node] = Node(first: bucket, count: Int32(range.count))
            return
        }
        let axis = widestAxis(records[range])
        let (points, dimensions) = (points, dimensions)
        func value(_ record: Int32) -> Double { points[Int(record) * dimensions + axis] }
        records[range].sort { (value($0), $0) < (value($1), $1) }
        let middle = range.lowerBound + range.count / 2
        let first = nodes.count
        nodes.append(repeating: Node(), count: 2)
        nodes[node] = Node(split: value(records[middle]), axis: Int32(axis), first: Int32(first))
        let other = Int32(buckets.count / Self.bucket)
        buckets.append(repeating: 0, count: Self.bucket)
        divide(&records, range.lowerBound..<middle, first, bucket: bucket)
        divide(&records, middle..<range.upperBound, first + 1, bucket: other)
    }

    /// The unknown in which the records are spread most.
    private func widestAxis(_ records: ArraySlice<Int32>) -> Int {
        var (axis, widest) = (0, -1.0)
        for candidate in 0..<dimensions {
            var (low, high) = (Double.infinity, -Double.infinity)
            for record in records {
                let value = points[Int(record) * dimensions + candidate]
                low = min(low, value)
                high = max(high, value)
            }
            if high - low > widest { (axis, widest) = (candidate, high - low) }
        }
        return axis
    }
}
