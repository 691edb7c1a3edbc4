/// Reads the JSON text format (RFC 8259).
///
/// Whole numbers that fit are ``JSONValue/integer(_:)``, others ``JSONValue/number(_:)``. Of a member that stands twice both
/// are kept; ``JSONValue/subscript(_:)`` finds the first.
public struct JSONReader {
    public struct Mistake: Error, Equatable, CustomStringConvertible {
        public var message: String
        /// Offset in bytes.
        public var offset: Int
        public var description: String { "\(message) at byte \(offset)" }
    }

    /// Deeper texts are refused: each level takes a part of the stack.
    private static let deepest = 200

    private let bytes: [UInt8]
    private var position = 0

    /// - Throws: ``Mistake`` where the text is no single JSON value.
    public static func read(_ bytes: [UInt8]) throws(Mistake) -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.mistake("text behind the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func mistake(_ message: String) -> Mistake { Mistake(message: message, offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(Mistake) -> JSONValue {
        guard depth < Self.deepest else { throw mistake("values nest more than \(Self.deepest) deep") }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"):
            position += 1
            var members: [JSONValue.Member] = []
            if take("}") { return .object([]) }
            repeat {
                skipBlanks()
                let name = try text()
                guard take(":") else { throw mistake("a colon is missing") }
                members.append(.init(name, try value(depth: depth + 1)))
            } while take(",")
            guard take("}") else { throw mistake("an object does not end") }
            return .object(members)
        case UInt8(ascii: "["):
            position += 1
            var values: [JSONValue] = []
            if take("]") { return .array([]) }
            repeat { values.append(try value(depth: depth + 1)) } while take(",")
            guard take("]") else { throw mistake("an array does not end") }
            return .array(values)
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw mistake("the text ends early")
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Mistake) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw mistake("an unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws(Mistake) -> JSONValue {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) {
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let whole = Int(text) { return .integer(whole) }
        guard let number = Double(text) else {
            position = start
            throw mistake("no value")
        }
        return .number(number)
    }

    private mutating func text() throws(Mistake) -> String {
        guard next == UInt8(ascii: "\"") else { throw mistake("a text in quotes is missing") }
        position += 1
        var result: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"): result += Array(String(try escaped()).utf8)
            default: result.append(byte)
            }
        }
        throw mistake("a text does not end")
    }

    private mutating func escaped() throws(Mistake) -> Unicode.Scalar {
        guard let byte = next else { throw mistake("a text does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "u"):
            let first = try unit()
            guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
            // Two halves of one character.
            guard bytes[position...].starts(with: "\\u".utf8) else { return "\u{FFFD}" }
            position += 2
            let second = try unit()
            guard (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
            return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        default: throw mistake("an unknown escape")
        }
    }

    /// Four hexadecimal digits.
    private mutating func unit() throws(Mistake) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw mistake("four hexadecimal digits are missing") }
        position += 4
        return value
    }
}

extension JSONValue {
    /// The first member of this name; null where there is none, or where this is no object.
    public subscript(name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.name == name }?.value ?? .null
    }

    /// nil where it is no text; likewise below.
    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var whole: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }
    public var elements: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}
