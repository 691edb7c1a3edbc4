import SpiceNetlist

/// Tells whether a golden table was made from this netlist: 64 bits of the text of all its files.
///
/// What changes no circuit changes no fingerprint: the title, lines that are comments, blanks around and between words,
/// line ends. It guards against forgetting, not against malice. Files that cards read numbers from are not part of it.
public enum NetlistFingerprint {
    /// Sixteen hexadecimal digits.
    public static func of(_ sources: SourceMap) -> String {
        var hash = StableHash()
        var seen: Set<String> = []
        for (index, file) in sources.files.enumerated() where seen.insert(file.path).inserted {
            add(sources.bytes(of: UInt32(index)), hasTitle: index == 0, to: &hash)
        }
        let digits = String(hash.state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func add(_ bytes: UnsafeRawBufferPointer, hasTitle: Bool, to hash: inout StableHash) {
        var start = 0
        var isTitle = hasTitle
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            if !isTitle { addLine(bytes, start, end, &hash) }
            isTitle = false
            start = end + 1
        }
    }

    private static func addLine(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ hash: inout StableHash) {
        var at = start
        while at < end, bytes[at] <= 0x20 { at += 1 }
        if at == end || bytes[at] == UInt8(ascii: "*") { return }
        var hasBlank = false
        while at < end {
            if bytes[at] <= 0x20 {
                hasBlank = true
            } else {
                if hasBlank { hash.take(0x20) }
                hasBlank = false
                hash.take(bytes[at])
            }
            at += 1
        }
        hash.take(0x0A)
    }
}
