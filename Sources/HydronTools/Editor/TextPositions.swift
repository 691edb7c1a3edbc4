/// A text as an editor counts in it: lines from 0, and in them units of UTF-16.
struct TextPositions {
    let bytes: [UInt8]
    /// Where lines begin.
    private let lines: [Int]

    struct Position: Equatable, Comparable {
        var line: Int
        var character: Int
        static func < (a: Position, b: Position) -> Bool { (a.line, a.character) < (b.line, b.character) }
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var lines = [0]
        for (offset, byte) in bytes.enumerated() where byte == 0x0A { lines.append(offset + 1) }
        self.lines = lines
    }

    /// The end of a line, without its break.
    private func end(of line: Int) -> Int {
        var end = line + 1 < lines.count ? lines[line + 1] - 1 : bytes.count
        if end > lines[line], line + 1 < lines.count, bytes[end - 1] == 0x0D { end -= 1 }
        return end
    }

    /// Offset in bytes; a place behind a line's end is its end, one behind the last line the text's.
    func offset(_ position: Position) -> Int {
        guard position.line >= 0 else { return 0 }
        guard position.line < lines.count else { return bytes.count }
        let end = end(of: position.line)
        var (offset, units) = (lines[position.line], 0)
        while offset < end, units < position.character {
            let length = Self.length(bytes[offset])
            units += length == 4 ? 2 : 1
            offset = min(offset + length, end)
        }
        return offset
    }

    func position(_ offset: Int) -> Position {
        let offset = min(max(offset, 0), bytes.count)
        var (low, high) = (0, lines.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle } else { high = middle }
        }
        var (at, units) = (lines[low], 0)
        while at < offset {
            let length = Self.length(bytes[at])
            units += length == 4 ? 2 : 1
            at += length
        }
        return Position(line: low, character: units)
    }

    /// Bytes of the character that begins with this one; what is no beginning counts alone.
    private static func length(_ byte: UInt8) -> Int {
        switch byte {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }
}

/// Names of files as editors send them, `file:///tmp/a%20b.cir`.
enum FileURI {
    /// nil for other schemes.
    static func path(_ uri: String) -> String? {
        guard uri.hasPrefix("file://") else { return nil }
        let rest = uri.dropFirst("file://".count)
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        var bytes: [UInt8] = []
        var source = Array(rest[slash...].utf8)[...]
        while let byte = source.popFirst() {
            if byte == UInt8(ascii: "%"), source.count >= 2,
                let code = UInt8(String(decoding: source.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                source.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func uri(_ path: String) -> String {
        var text = "file://"
        for byte in path.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "/-._~".utf8.contains(byte)
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                text += "%" + (hex.count < 2 ? "0" : "") + hex
            }
        }
        return text
    }
}
