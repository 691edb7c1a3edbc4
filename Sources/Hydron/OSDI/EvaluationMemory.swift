/// What the elements of a compiled module were evaluated to, for all elements that are the same function.
///
/// Circuits come back to where they were: an oscillator in each period, a gate whenever it switches, and gates do what
/// other gates did. Elements with the same parameters are one function of their unknowns, so that each may follow the
/// tangents that any of them left behind, not only its own last one. This is in situ adaptive tabulation (S. B. Pope,
/// Combust. Theory Modelling 1, 41, 1997; doi 10.1080/713665229), each record being good for the ways from it that
/// were measured.
///
/// While elements are evaluated, on any number of threads, it is only searched. What they found is learnt afterwards, in
/// the order of elements: results are the same bits for any number of threads.
struct EvaluationMemory {
    /// What an element found when it left its tangent behind.
    struct Lesson: BitwiseCopyable {
        /// The record that it goes on from, or was measured against; −1: none.
        var reference: Int32
        /// How much elements of its kind bend between there and where it was evaluated [1/V²].
        var bend: Double
        /// Whether no record led there.
        var isNew: Bool
    }

    /// Elements that are one function.
    private struct Kind {
        let dimensions: Int
        let width: Int
        var table: EvaluationTable
        /// Whether elements search it now, and how often they do until that is asked again.
        var isUsed = true
        var left = EvaluationMemory.trial
        /// Searches between two questions, and how many of them found a record.
        var stretch = EvaluationMemory.trial
        var recalls = 0
        /// How often it is not searched before it is tried again.
        var pause = 4 * EvaluationMemory.trial
        /// The load in which it was last added to.
        var grownIn = 0

        init(dimensions: Int, width: Int) {
            self.dimensions = dimensions
            self.width = width
            table = EvaluationTable(dimensions: dimensions, width: width)
        }
    }

    private let kinds: UnsafeMutableBufferPointer<Kind>
    private let kindOfElement: UnsafeMutableBufferPointer<Int32>
    let lessons: UnsafeMutablePointer<Lesson>
    /// The record that each element goes by, or that its own evaluation was kept as; −1: none.
    private let places: UnsafeMutablePointer<Int32>
    private let recalls: UnsafeMutablePointer<UInt8>
    /// Bytes of all records.
    private var byteCount = 0
    /// Counts loads.
    private var load = 0

    /// Records of a kind at most: beyond, they leave the caches.
    private static let mostRecords = 16_384
    /// Bytes of all records at most, where a module has many kinds.
    private static let mostBytes = 1 << 26
    /// Searches after which it is first asked whether a quarter of them found a record. Where they did not, elements are
    /// evaluated without searching, each time four times as often as before, and then search twice as long.
    private static let trial = 4096
    private static let longestTrial = 1 << 16
    private static let longestPause = 1 << 24
    /// Every so many times an element is evaluated although a record was found, and compared with it.
    private static let checkedEvery: UInt8 = 64

    /// - Parameters:
    ///   - kindOfElement: numbers from 0.
    ///   - sizes: of each kind its elements' unknowns, and the numbers that are kept of an evaluation.
    init(kindOfElement: [Int32], sizes: [(dimensions: Int, width: Int)]) {
        self.kindOfElement = .allocate(capacity: kindOfElement.count)
        _ = self.kindOfElement.initialize(from: kindOfElement)
        kinds = .allocate(capacity: sizes.count)
        _ = kinds.initialize(from: sizes.map { Kind(dimensions: $0.dimensions, width: $0.width) })
        lessons = .allocate(capacity: max(kindOfElement.count, 1))
        lessons.initialize(
            repeating: Lesson(reference: -1, bend: .infinity, isNew: false), count: kindOfElement.count)
        places = .allocate(capacity: max(kindOfElement.count, 1))
        places.initialize(repeating: -1, count: kindOfElement.count)
        recalls = .allocate(capacity: max(kindOfElement.count, 1))
        recalls.initialize(repeating: 0, count: kindOfElement.count)
    }

    func deallocate() {
        for kind in kinds { kind.table.deallocate() }
        kinds.deallocate()
        kindOfElement.deallocate()
        lessons.deallocate()
        places.deallocate()
        recalls.deallocate()
    }

    // MARK: - While elements are evaluated

    /// A record of the element's kind whose tangent leads to `x`, or else one nearby; starts the element's lesson.
    ///
    /// - Parameter rest: here and below, room for a number an unknown.
    @inline(__always) func find(
        _ element: Int, _ x: UnsafePointer<Double>, _ rule: OSDIBypass, _ rest: UnsafeMutablePointer<Double>
    ) -> EvaluationTable.Match {
        let kind = kinds.baseAddress! + Int(kindOfElement[element])
        let place = places[element]
        lessons[element] = Lesson(reference: place, bend: .infinity, isNew: false)
        guard kind.pointee.isUsed else { return .none }
        var match = kind.pointee.table.find(x, from: Int(place), rule, rest)
        guard match.isCovered else {
            lessons[element].isNew = true
            return match
        }
        recalls[element] &+= 1
        // Now and then an element is evaluated although it need not be.
        if !rule.recalls || recalls[element] % Self.checkedEvery == 0 {
            (match.isCovered, match.isToBeChecked) = (false, true)
        }
        return match
    }

    /// Whether the record that an element goes by leads to `x`, `distance` away.
    @inline(__always) func covers(
        _ element: Int, _ x: UnsafePointer<Double>, distance: Double, _ rule: OSDIBypass,
        _ rest: UnsafeMutablePointer<Double>
    ) -> Bool {
        let kind = kinds.baseAddress! + Int(kindOfElement[element])
        return kind.pointee.table.covers(Int(places[element]), x, distance: distance, rule, rest)
    }

    /// What is kept of an evaluation.
    @inline(__always) func record(_ element: Int, _ index: Int) -> UnsafeMutablePointer<Double> {
        (kinds.baseAddress! + Int(kindOfElement[element])).pointee.table.record(index)
    }

    // MARK: - Afterwards

    mutating func beginLearning() { load &+= 1 }

    /// Learns from an element that goes by another record now.
    mutating func learn(recalled element: Int) {
        go(element, to: Int(lessons[element].reference))
    }

    private func go(_ element: Int, to record: Int) {
        if places[element] >= 0, record >= 0 {
            kinds[Int(kindOfElement[element])].table.setSuccessor(Int(places[element]), record)
        }
        places[element] = Int32(record)
    }

    /// Forgets where an element was that was evaluated without being asked for.
    func leave(_ element: Int) { places[element] = -1 }

    /// Learns from an element that was evaluated at `point`.
    ///
    /// - Returns: a record to be filled with what it was evaluated to, if that is to be kept.
    mutating func learn(
        evaluated element: Int, at point: UnsafePointer<Double>, _ rule: OSDIBypass,
        _ rest: UnsafeMutablePointer<Double>
    ) -> UnsafeMutablePointer<Double>? {
        let (kind, lesson) = (Int(kindOfElement[element]), lessons[element])
        let reference = Int(lesson.reference)
        if reference >= 0 { kinds[kind].table.learn(reference, towards: point, bend: lesson.bend, rule, rest) }
        guard kinds[kind].isUsed, lesson.isNew, hasRoom(kind),
            (0..<kinds[kind].dimensions).allSatisfy({ point[$0].isFinite }),
            // An element like it may have been here just now.
            kinds[kind].grownIn != load || !kinds[kind].table.find(point, rule, rest).isCovered
        else {
            places[element] = -1
            return nil
        }
        kinds[kind].grownIn = load
        let index = kinds[kind].table.count
        let record = kinds[kind].table.insert(at: point)
        byteCount += kinds[kind].table.recordBytes
        if reference >= 0 { kinds[kind].table.learn(index, towards: reference, bend: lesson.bend, rule, rest) }
        go(element, to: index)
        return record
    }

    private func hasRoom(_ kind: Int) -> Bool {
        kinds[kind].table.count < Self.mostRecords && byteCount < Self.mostBytes
    }

    /// Counts an element that left its tangent behind, and asks from time to time whether searching is worth while: it and
    /// keeping what was not found cost part of an evaluation each.
    ///
    /// - Returns: the element's kind, if its records are to be given up with ``clear(_:)``.
    mutating func count(_ element: Int, isRecalled: Bool) -> Int32? {
        let kind = kinds.baseAddress! + Int(kindOfElement[element])
        if isRecalled { kind.pointee.recalls += 1 }
        kind.pointee.left -= 1
        guard kind.pointee.left <= 0 else { return nil }
        defer { kind.pointee.recalls = 0 }
        guard kind.pointee.isUsed else {
            kind.pointee.stretch = min(2 * kind.pointee.stretch, Self.longestTrial)
            (kind.pointee.isUsed, kind.pointee.left) = (true, kind.pointee.stretch)
            return nil
        }
        kind.pointee.left = kind.pointee.stretch
        guard 4 * kind.pointee.recalls < kind.pointee.stretch else { return nil }
        (kind.pointee.isUsed, kind.pointee.left) = (false, kind.pointee.pause)
        kind.pointee.pause = min(4 * kind.pointee.pause, Self.longestPause)
        // What fills it is of no use any more.
        return hasRoom(Int(kindOfElement[element])) ? nil : kindOfElement[element]
    }

    func isElement(_ element: Int, of kind: Int32) -> Bool { kindOfElement[element] == kind }

    /// Forgets the records of a kind, which no element may go by any more.
    mutating func clear(_ kind: Int32) {
        for element in kindOfElement.indices where kindOfElement[element] == kind {
            places[element] = -1
            lessons[element].reference = -1
        }
        let (kind, old) = (Int(kind), kinds[Int(kind)])
        byteCount -= old.table.count * old.table.recordBytes
        old.table.deallocate()
        kinds[kind].table = EvaluationTable(dimensions: old.dimensions, width: old.width)
    }
}
