/// A hash of bytes that is the same in every run and on every machine, as `Hasher` is not: FNV-1a of 64 bits.
///
/// G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm", IETF draft-eastlake-fnv. It
/// tells texts apart that nobody made to be alike, and guards against no malice.
public struct StableHash: Sendable {
    /// The hash of all bytes so far.
    public private(set) var state: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    /// Of the text's UTF-8.
    public init(_ text: String) {
        for byte in text.utf8 { take(byte) }
    }

    public mutating func take(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
