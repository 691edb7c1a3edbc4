/// A value in the JSON text format (RFC 8259), for writing.
///
/// JSON knows no infinity and no NaN: such numbers are written as `null`.
public indirect enum JSONValue: Sendable, Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case integer(Int)
    case string(String)
    case array([JSONValue])
    /// In this order.
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: JSONValue
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    public static func numbers(_ values: some Sequence<Double>) -> JSONValue { .array(values.map { .number($0) }) }
    public static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }
    public static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
    public static func optional(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// On one line.
    public var description: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// On lines of their own: the members of objects, and the elements of arrays that hold objects or arrays.
    public var indented: String {
        var text = ""
        write(to: &text, indent: 0)
        return text + "\n"
    }

    private var isPlain: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let value): text += value.isFinite ? Self.number(value) : "null"
        case .integer(let value): text += "\(value)"
        case .string(let value): text += Self.quoted(value)
        case .array(let values):
            let inner = values.allSatisfy(\.isPlain) ? nil : indent
            Self.list("[", "]", values, &text, inner) { $0.write(to: &$1, indent: $2) }
        case .object(let members):
            Self.list("{", "}", members, &text, indent) { member, text, indent in
                text += Self.quoted(member.name) + ": "
                member.value.write(to: &text, indent: indent)
            }
        }
    }

    private static func list<Item>(
        _ open: String, _ close: String, _ items: [Item], _ text: inout String, _ indent: Int?,
        _ body: (Item, inout String, Int?) -> Void
    ) {
        text += open
        let inner = items.isEmpty ? nil : indent.map { $0 + 2 }
        for (at, item) in items.enumerated() {
            if at > 0 { text += inner == nil ? ", " : "," }
            if let inner { text += "\n" + String(repeating: " ", count: inner) }
            body(item, &text, inner)
        }
        if inner != nil, let indent { text += "\n" + String(repeating: " ", count: indent) }
        text += close
    }

    /// The shortest text that reads back to the same double; whole numbers without a point.
    private static func number(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            // `</script>` within a page's data must not end the script.
            case "<": result += "\\u003c"
            case let control where control.value < 0x20 || (0x7F...0x9F).contains(control.value):
                let hex = String(control.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
