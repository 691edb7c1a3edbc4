import SpiceNetlist

/// Tells whether a golden table was made from this netlist: 64 bits of the text of all its files.
///
/// What changes no circuit changes no fingerprint: the title, comments, blanks around and between words, line ends. It guards against forgetting, not against malice. Files that cards read numbers from are not part of it.
public enum NetlistFingerprint {
    /// Sixteen hexadecimal digits.
    ///
    /// - Parameter dialect: says what is a comment.
    public static func of(_ sources: SourceMap, dialect: Dialect) -> String {
        var hash = StableHash()
        var seen: Set<String> = []
        for (index, file) in sources.files.enumerated() where seen.insert(file.path).inserted {
            let bytes = sources.bytes(of: UInt32(index))
            sources.forEachLineOfCode(of: UInt32(index), dialect: dialect, hasTitle: index == 0) { line in
                add(bytes[line], to: &hash)
            }
        }
        let digits = String(hash.state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func add(_ line: Slice<UnsafeRawBufferPointer>, to hash: inout StableHash) {
        var hasBlank = false
        for byte in line {
            if byte <= 0x20 {
                hasBlank = true
            } else {
                if hasBlank { hash.take(0x20) }
                hasBlank = false
                hash.take(byte)
            }
        }
        hash.take(0x0A)
    }
}
