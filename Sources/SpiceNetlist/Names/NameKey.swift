/// A name's bytes with what a ``NameTable`` files and compares them by: two words that hold its letters in lower case
/// (all of them up to 16 bytes, the first and last eight of a longer name) and their hash.
///
/// Points at the bytes, which must outlive it.
public struct NameKey: BitwiseCopyable, @unchecked Sendable {
    let base: UnsafePointer<UInt8>
    let count: Int
    /// The first eight bytes as they stand in memory, behind a shorter name zeros.
    let first: UInt64
    /// The last eight bytes; 0 for a name shorter than that.
    let last: UInt64
    let hash: UInt64

    public init(_ name: UnsafeBufferPointer<UInt8>) {
        self.init(name.baseAddress ?? ByteView.empty.base, name.count)
    }

    @inline(__always)
    init(_ base: UnsafePointer<UInt8>, _ count: Int) {
        self.base = base
        self.count = count
        var state = UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            first = Self.lower(Self.load(base))
            last = Self.lower(Self.load(base + (count - 8)))
            var offset = 8
            while offset + 8 < count {
                state = Self.mix(state, Self.lower(Self.load(base + offset)))
                offset += 8
            }
        } else {
            first = Self.lower(Self.loadShort(base, count))
            last = 0
        }
        hash = Self.mix(Self.mix(first ^ 0x9E37_79B9_7F4A_7C15, last &+ state), 0x8EBC_6AF0_9C88_C6E3)
    }

    /// Whether both spell one name, of which `letters` holds as many bytes as this key counts, in lower case, with at
    /// least eight readable bytes behind their start.
    @inline(__always)
    func spells(_ letters: UnsafePointer<UInt8>) -> Bool {
        if count >= 8 {
            guard Self.load(letters) == first, Self.load(letters + (count - 8)) == last else { return false }
            return count <= 16 || spellsMiddle(letters)
        }
        return Self.load(letters) & ((1 << UInt64(8 * count)) &- 1) == first
    }

    private func spellsMiddle(_ letters: UnsafePointer<UInt8>) -> Bool {
        var offset = 8
        while offset + 8 < count {
            guard Self.load(letters + offset) == Self.lower(Self.load(base + offset)) else { return false }
            offset += 8
        }
        return true
    }

    /// Writes the name in lower case. Up to eight bytes from `letters` on are overwritten, however short it is.
    @inline(__always)
    func write(to letters: UnsafeMutablePointer<UInt8>) {
        let target = UnsafeMutableRawPointer(letters)
        target.storeBytes(of: first, as: UInt64.self)
        guard count > 8 else { return }
        var offset = 8
        while offset + 8 < count {
            target.storeBytes(of: Self.lower(Self.load(base + offset)), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        target.storeBytes(of: last, toByteOffset: count - 8, as: UInt64.self)
    }

    /// Whether both spell one name.
    @inline(__always)
    func isSame(as other: NameKey) -> Bool {
        guard hash == other.hash, count == other.count, first == other.first, last == other.last else { return false }
        var offset = 8
        while offset + 8 < count {
            guard Self.lower(Self.load(base + offset)) == Self.lower(Self.load(other.base + offset)) else {
                return false
            }
            offset += 8
        }
        return true
    }

    @inline(__always)
    private static func load(_ base: UnsafePointer<UInt8>) -> UInt64 {
        UnsafeRawPointer(base).loadUnaligned(as: UInt64.self)
    }

    /// Fewer than eight bytes, none behind them read.
    @inline(__always)
    private static func loadShort(_ base: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        if count >= 4 {
            let low = UInt64(UnsafeRawPointer(base).loadUnaligned(as: UInt32.self))
            let high = UInt64(UnsafeRawPointer(base + (count - 4)).loadUnaligned(as: UInt32.self))
            return low | high << UInt64(8 * (count - 4))
        }
        guard count > 0 else { return 0 }
        let middle = count >> 1
        return UInt64(base[0]) | UInt64(base[middle]) << UInt64(8 * middle)
            | UInt64(base[count - 1]) << UInt64(8 * (count - 1))
    }

    /// A multiplication to 128 bits, as wyhash mixes.
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
