/// Gives names small numbers, without regard to case: the n-th new name gets the id n.
///
/// Made for ten million names. Slots of 8 bytes (half hash, half id) in open addressing with linear probing; the names
/// stand one behind the other in lower case. A short name costs 8 to 20 bytes of slots, 4 of offset and its letters.
public struct NameTable: Sendable {
    /// High half: hash; low half: id + 1, 0 where the slot is free.
    private var slots: [UInt64]
    /// A name belongs at the slot that the topmost bits of its hash number, so that growing is one pass in order over
    /// the slots and looks at no name.
    private var shift: UInt64
    /// Where each name ends in `letters`.
    private var ends: [UInt32] = []
    private var letters: [UInt8] = []

    public init() {
        slots = [UInt64](repeating: 0, count: 16)
        shift = 60
    }

    /// How many names there are; ids are below it.
    public var count: Int { ends.count }

    /// The id of a name, given to it now if it is new. At most 2³² − 2 names and 4 GiB of letters are taken: beyond that
    /// nil would be the only honest answer, so `UInt32.max` is returned.
    public mutating func intern(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
        if (ends.count + 1) * 8 > slots.count * 7 { grow(to: slots.count * 2) }
        let hash = Self.hash(name)
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash &>> shift)
        let tag = hash & 0xFFFF_FFFF_0000_0000
        while slots[index] != 0 {
            let slot = slots[index]
            if (slot ^ tag) >> 32 == 0 {
                let id = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
                if isEqual(id, name) { return UInt32(truncatingIfNeeded: id) }
            }
            index = (index + 1) & mask
        }
        guard ends.count < Int(UInt32.max) - 1, letters.count + name.count < Int(UInt32.max) else { return .max }
        letters.append(contentsOf: name)
        lowerLetters(from: letters.count - name.count)
        ends.append(UInt32(letters.count))
        slots[index] = tag | UInt64(ends.count)
        return UInt32(ends.count - 1)
    }

    /// The id of a name, given to it now if it is new.
    public mutating func intern(_ name: String) -> UInt32 {
        var name = name
        return name.withUTF8 { intern($0) }
    }

    /// The id of a name; nil if it was never given one.
    public func lookup(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
        let hash = Self.hash(name)
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash &>> shift)
        while slots[index] != 0 {
            let slot = slots[index]
            if (slot ^ hash) >> 32 == 0 {
                let id = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
                if isEqual(id, name) { return UInt32(truncatingIfNeeded: id) }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// The id of a name; nil if it was never given one.
    public func lookup(_ name: String) -> UInt32? {
        var name = name
        return name.withUTF8 { lookup($0) }
    }

    /// The name of an id, in lower case; empty for an id that was never given.
    public func name(of id: UInt32) -> String {
        guard Int(id) < ends.count else { return "" }
        let start = id == 0 ? 0 : Int(ends[Int(id) - 1])
        return String(decoding: letters[start..<Int(ends[Int(id)])], as: UTF8.self)
    }

    /// Makes room for `count` names in all, so that none of them moves the table.
    public mutating func reserveCapacity(_ count: Int) {
        ends.reserveCapacity(count)
        letters.reserveCapacity(count * 8)
        var size = slots.count
        while count * 8 > size * 7 { size *= 2 }
        if size > slots.count { grow(to: size) }
    }

    /// Bytes held for the names, for measuring.
    public var byteCount: Int { slots.capacity * 8 + ends.capacity * 4 + letters.capacity }

    @inline(__always)
    private func isEqual(_ id: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = id == 0 ? 0 : Int(ends[id - 1])
        guard Int(ends[id]) - start == name.count else { return false }
        return letters.withUnsafeBufferPointer { letters in
            for index in 0..<name.count where letters[start + index] != ASCII.lower(name[index]) { return false }
            return true
        }
    }

    private mutating func lowerLetters(from start: Int) {
        letters.withUnsafeMutableBufferPointer { letters in
            for index in start..<letters.count { letters[index] = ASCII.lower(letters[index]) }
        }
    }

    private mutating func grow(to size: Int) {
        var larger = [UInt64](repeating: 0, count: size)
        let newShift = UInt64(64 - size.trailingZeroBitCount)
        larger.withUnsafeMutableBufferPointer { larger in
            for slot in slots where slot != 0 {
                var index = Int(truncatingIfNeeded: slot &>> newShift)
                while larger[index] != 0 { index = (index + 1) & (size - 1) }
                larger[index] = slot
            }
        }
        slots = larger
        shift = newShift
    }

    /// Eight bytes at a time, letters in lower case, mixed by a multiplication to 128 bits (as wyhash does).
    @inline(__always)
    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(name.count)
        let bytes = UnsafeRawBufferPointer(name)
        var index = 0
        while index + 8 <= bytes.count {
            state = mix(state, lower(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        if index < bytes.count {
            var word: UInt64 = 0
            var shift: UInt64 = 0
            while index < bytes.count {
                word |= UInt64(bytes[index]) << shift
                shift += 8
                index += 1
            }
            state = mix(state, lower(word))
        }
        return mix(state, 0x8EBC_6AF0_9C88_C6E3)
    }

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = (a ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: b ^ 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }

    /// Eight bytes at once: adds 0x20 to those in A…Z.
    @inline(__always)
    private static func lower(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low7 = word & (ones &* 0x7F)
        let isCapital = (low7 &+ ones &* (0x80 - 0x41)) & ~(low7 &+ ones &* (0x80 - 0x5B)) & ~word & (ones &* 0x80)
        return word | (isCapital >> 2)
    }
}
