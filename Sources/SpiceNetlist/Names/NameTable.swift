import Glibc
import LargeMemory

/// Gives names small numbers, without regard to case: the n-th new name gets the id n.
///
/// Made for ten million names. Slots of 4 bytes in open addressing with linear probing hold an id and, in the bits that
/// ids of a table of this size leave over, a part of the hash; the names stand one behind the other in lower case. A
/// name costs 5 to 9 bytes of slots, 4 of offset and its letters. A large table answers from memory, not from a cache:
/// ask it many names at once, then the waits overlap.
public struct NameTable: @unchecked Sendable {
    /// Low bits: id + 1; 0 where the slot is free. The others: low bits of the hash.
    private var slots: UnsafeMutablePointer<UInt32>
    private var slotCount: Int
    private var idMask: UInt32
    /// Where each name ends in `letters`.
    private var ends: UnsafeMutablePointer<UInt32>
    private var endCapacity: Int
    /// With at least eight bytes to spare.
    private var letters: UnsafeMutablePointer<UInt8>
    private var letterCapacity: Int
    private var letterCount = 0
    /// How many names there are; ids are below it.
    public private(set) var count = 0
    private var memory: Memory

    /// Frees what a table and its copies share.
    private final class Memory {
        var slots: UnsafeMutablePointer<UInt32>
        var ends: UnsafeMutablePointer<UInt32>
        var letters: UnsafeMutablePointer<UInt8>
        init(
            _ slots: UnsafeMutablePointer<UInt32>, _ ends: UnsafeMutablePointer<UInt32>,
            _ letters: UnsafeMutablePointer<UInt8>
        ) {
            (self.slots, self.ends, self.letters) = (slots, ends, letters)
        }
        deinit {
            HugeMemory.free(slots)
            HugeMemory.free(ends)
            HugeMemory.free(letters)
        }
    }

    private static let spare = 8
    /// Of a name that finds no place: ids go to 2³¹ − 2, letters to 4 GiB.
    public static let full = UInt32.max

    public init() { self.init(slotCount: 16, ends: 12, letters: 128) }

    private init(slotCount: Int, ends endCapacity: Int, letters letterCapacity: Int) {
        self.slotCount = slotCount
        self.endCapacity = endCapacity
        self.letterCapacity = letterCapacity
        idMask = Self.mask(slotCount)
        slots = HugeMemory.zeros(slotCount)
        ends = HugeMemory.resized(nil, used: 0, to: endCapacity)
        letters = HugeMemory.resized(nil, used: 0, to: letterCapacity)
        memory = Memory(slots, ends, letters)
    }

    // MARK: Asking

    /// The id of a name; nil if it was never given one.
    public func lookup(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
        let id = find(NameKey(name)).id
        return id == .max ? nil : id
    }

    /// The id of a name; nil if it was never given one.
    public func lookup(_ name: String) -> UInt32? {
        var name = name
        return name.withUTF8 { lookup($0) }
    }

    /// The name of an id, in lower case; empty for an id that was never given.
    public func name(of id: UInt32) -> String {
        guard Int(id) < count else { return "" }
        let start = start(of: Int(id))
        let name = UnsafeBufferPointer(start: letters + start, count: Int(ends[Int(id)]) - start)
        return withExtendedLifetime(memory) { String(decoding: name, as: UTF8.self) }
    }

    /// Bytes held for the names, for measuring.
    public var byteCount: Int { slotCount * 4 + endCapacity * 4 + letterCapacity }

    // MARK: Adding

    /// The id of a name, given to it now if it is new; ``full`` where there is no room for it.
    public mutating func intern(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
        makeRoom(for: 1)
        return place(NameKey(name)).id
    }

    /// The id of a name, given to it now if it is new.
    public mutating func intern(_ name: String) -> UInt32 {
        var name = name
        return name.withUTF8 { intern($0) }
    }

    /// The ids of many names in their order, given to those that are new.
    public mutating func intern(_ names: UnsafeBufferPointer<NameKey>, into ids: UnsafeMutablePointer<UInt32>) {
        makeRoom(for: names.count)
        lookAhead(names, into: ids)
        for (index, name) in names.enumerated() where ids[index] == .max { ids[index] = place(name).id }
    }

    /// Gives ids to names one after the other until one has an id already; returns how many were new.
    /// - Parameter scratch: room for as many numbers as there are names.
    public mutating func internNew(
        _ names: UnsafeBufferPointer<NameKey>, scratch: UnsafeMutablePointer<UInt32>
    ) -> Int {
        makeRoom(for: names.count)
        lookAhead(names, into: scratch)
        for (index, name) in names.enumerated() {
            guard scratch[index] == .max, place(name).isNew else { return index }
        }
        return names.count
    }

    /// Makes room for `count` names in all, so that none of them moves the table.
    public mutating func reserveCapacity(_ count: Int) {
        makeUnique()
        if count > endCapacity { growEnds(to: count) }
        if count * 8 + Self.spare > letterCapacity { growLetters(to: count * 8 + Self.spare) }
        if count * 4 > slotCount * 3 { grow(to: count * 4 / 3 + 1) }
    }

    // MARK: Slots

    /// Reads the slots where names belong, then the names that stand there: no read waits for the one before it. Fills
    /// in the ids that this finds, .max for the others.
    private func lookAhead(_ names: UnsafeBufferPointer<NameKey>, into ids: UnsafeMutablePointer<UInt32>) {
        for (index, name) in names.enumerated() { ids[index] = slots[home(name.hash)] }
        for (index, name) in names.enumerated() {
            let slot = ids[index]
            guard slot != 0, (slot ^ tag(name.hash)) & ~idMask == 0 else {
                ids[index] = .max
                continue
            }
            let id = slot & idMask &- 1
            ids[index] = isName(name, id) ? id : .max
        }
    }

    @inline(__always)
    private func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: ((hash &>> 32) &* UInt64(truncatingIfNeeded: slotCount)) &>> 32)
    }

    @inline(__always)
    private func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) & ~idMask }

    @inline(__always)
    private func start(of id: Int) -> Int { id == 0 ? 0 : Int(ends[id &- 1]) }

    @inline(__always)
    private func isName(_ key: NameKey, _ id: UInt32) -> Bool {
        let start = start(of: Int(id))
        return Int(ends[Int(id)]) &- start == key.count && key.spells(letters + start)
    }

    /// The id of a name, .max if it has none, and the slot where it stands or would stand.
    @inline(__always)
    private func find(_ key: NameKey) -> (id: UInt32, slot: Int) {
        let tag = tag(key.hash)
        var index = home(key.hash)
        while true {
            let slot = slots[index]
            if slot == 0 { return (.max, index) }
            if (slot ^ tag) & ~idMask == 0 {
                let id = slot & idMask &- 1
                if isName(key, id) { return (id, index) }
            }
            index &+= 1
            if index == slotCount { index = 0 }
        }
    }

    /// Files a name for which ``makeRoom(for:)`` made room.
    @inline(__always)
    private mutating func place(_ key: NameKey) -> (id: UInt32, isNew: Bool) {
        let (id, slot) = find(key)
        if id != .max { return (id, false) }
        let end = letterCount &+ key.count
        if end &+ Self.spare > letterCapacity { growLetters(to: end + Self.spare) }
        guard end < Int(UInt32.max), count < Int(Int32.max) - 1 else { return (Self.full, false) }
        key.write(to: letters + letterCount)
        letterCount = end
        ends[count] = UInt32(truncatingIfNeeded: end)
        count &+= 1
        slots[slot] = tag(key.hash) | UInt32(truncatingIfNeeded: count)
        return (UInt32(truncatingIfNeeded: count &- 1), true)
    }

    // MARK: Growing

    /// A table is at most three quarters full, so that a new name passes eight slots on average, half a cache line.
    @inline(__always)
    private mutating func makeRoom(for more: Int) {
        makeUnique()
        let needed = count &+ more
        if needed > endCapacity { growEnds(to: needed) }
        if needed &* 4 > slotCount &* 3 { grow(to: max(slotCount * 8 / 5, needed * 4 / 3 + 1)) }
    }

    /// Ids + 1 of a table with this many slots fit below it.
    private static func mask(_ slotCount: Int) -> UInt32 {
        let bits = Int.bitWidth - slotCount.leadingZeroBitCount
        return bits >= 32 ? .max : (1 << UInt32(bits)) - 1
    }

    private mutating func grow(to newCount: Int) {
        let newCount = min(newCount, Int(UInt32.max))
        guard newCount > slotCount else { return }
        HugeMemory.free(slots)
        slots = HugeMemory.zeros(newCount)
        memory.slots = slots
        slotCount = newCount
        idMask = Self.mask(newCount)
        // From the names themselves, a batch at a time: hashes first, then slots, which lie anywhere.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { hashes in
            var start = 0
            var id = 0
            while id < count {
                let batch = min(hashes.count, count - id)
                for index in 0..<batch {
                    let end = Int(ends[id + index])
                    hashes[index] = NameKey(letters + start, end - start).hash
                    start = end
                }
                for index in 0..<batch {
                    var slot = home(hashes[index])
                    while slots[slot] != 0 {
                        slot += 1
                        if slot == slotCount { slot = 0 }
                    }
                    slots[slot] = tag(hashes[index]) | UInt32(truncatingIfNeeded: id + index + 1)
                }
                id += batch
            }
        }
    }

    private mutating func growEnds(to needed: Int) {
        let capacity = max(needed, endCapacity + endCapacity / 2)
        ends = HugeMemory.resized(ends, used: count, to: capacity)
        endCapacity = capacity
        memory.ends = ends
    }

    private mutating func growLetters(to needed: Int) {
        let capacity = max(needed, letterCapacity + letterCapacity / 2)
        letters = HugeMemory.resized(letters, used: letterCount, to: capacity)
        letterCapacity = capacity
        memory.letters = letters
    }

    /// Takes a copy of what another value still looks at.
    @inline(__always)
    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&memory) { copy() }
    }

    @inline(never)
    private mutating func copy() {
        let old = memory
        let copy = NameTable(slotCount: slotCount, ends: endCapacity, letters: letterCapacity)
        copy.slots.update(from: slots, count: slotCount)
        copy.ends.update(from: ends, count: count)
        copy.letters.update(from: letters, count: letterCount)
        (slots, ends, letters, memory) = (copy.slots, copy.ends, copy.letters, copy.memory)
        withExtendedLifetime(old) {}
    }
}
