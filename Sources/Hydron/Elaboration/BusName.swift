import SpiceNetlist

/// Names with ranges or computed numbers in brackets: `row[0:3]` are the four names `row[0]` to `row[3]`,
/// `row[n-1]` is `row[15]` where the parameter n is 16. Numbers are whole; sums, products and quotients of numbers and
/// parameters may stand for them.
enum BusName {
    /// What is wrong with a name.
    struct Mistake: Error {
        var message: String
        var hint: String?
    }

    /// More names than this are hardly meant.
    static let largest = 1 << 24

    /// Whether the text may be more than a plain name: brackets that hold something else than digits.
    static func isIndexed(_ text: String) -> Bool {
        var isInside = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "["): isInside = true
            case UInt8(ascii: "]"): isInside = false
            case UInt8(ascii: "0")...UInt8(ascii: "9"): break
            default: if isInside { return true }
            }
        }
        return false
    }

    /// Whether brackets hold a range.
    static func isRange(_ text: String) -> Bool {
        var isInside = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "["): isInside = true
            case UInt8(ascii: "]"): isInside = false
            case UInt8(ascii: ":"): if isInside { return true }
            default: break
            }
        }
        return false
    }

    /// The names that `text` stands for, the last bracket's numbers varying fastest. A bracket without a colon that is
    /// no calculation of parameters is a part of the name.
    ///
    /// - Parameter parameter: the value of a parameter; nil where there is none of this name.
    static func expand(_ text: String, parameter: (String) -> Double?) throws(Mistake) -> [String] {
        guard isIndexed(text) else { return [text] }
        var names = [""]
        var rest = text[...]
        while let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            let before = rest[...open]
            let content = rest[rest.index(after: open)..<close]
            let ends = content.split(separator: ":", omittingEmptySubsequences: false)
            var numbers: [String]
            switch ends.count {
            case 1:
                if case .value(let value) = calculate(content, parameter), let number = whole(value) {
                    numbers = [String(number)]
                } else {
                    numbers = [String(content)]
                }
            case 2:
                let (first, last) = (
                    try end(ends[0], of: text, parameter), try end(ends[1], of: text, parameter)
                )
                guard (last - first).magnitude < largest else {
                    throw Mistake(message: "'\(text)' stands for more than \(largest) names")
                }
                numbers = stride(from: first, through: last, by: first <= last ? 1 : -1).map(String.init)
            default:
                throw Mistake(
                    message: "'\(content)' in '\(text)' is no range", hint: "a range is written first to last, [0:3]")
            }
            guard names.count <= largest / max(numbers.count, 1) else {
                throw Mistake(message: "'\(text)' stands for more than \(largest) names")
            }
            names = names.flatMap { name in numbers.map { "\(name)\(before)\($0)]" } }
            rest = rest[rest.index(after: close)...]
        }
        return names.map { $0 + rest }
    }

    private static func end(
        _ text: Substring, of name: String, _ parameter: (String) -> Double?
    ) throws(Mistake) -> Int {
        switch calculate(text, parameter) {
        case .value(let value):
            if let number = whole(value) { return number }
            throw Mistake(
                message: "'\(text)' in '\(name)' is \(value.plain)", hint: "the ends of a range are whole numbers")
        case .unknown(let unknown):
            throw Mistake(
                message: "no parameter '\(unknown)' for the range of '\(name)'",
                hint: "set it with `.param \(unknown)=…`")
        case .malformed:
            throw Mistake(
                message: "'\(text)' in '\(name)' is no number",
                hint: "a range is written [0:n-1], with + - * / of numbers and parameters and no blanks")
        }
    }

    private static func whole(_ value: Double) -> Int? {
        value == value.rounded() && value.magnitude <= 1e9 ? Int(value) : nil
    }

    // MARK: Numbers in brackets

    private enum Outcome {
        case value(Double)
        case unknown(String)
        case malformed
    }

    /// Sums of products of whole numbers and parameters, from left to right.
    private static func calculate(_ text: Substring, _ parameter: (String) -> Double?) -> Outcome {
        var sum = 0.0
        var product: Double?
        var isDivision = false
        var sign = 1.0
        var unknown: String?
        var position = text.startIndex
        while position < text.endIndex {
            let character = text[position]
            if "+-*/".contains(character) {
                if "+-".contains(character) {
                    // A sign in front of the first term.
                    guard product != nil || position == text.startIndex else { return .malformed }
                    sum += sign * (product ?? 0)
                    sign = character == "-" ? -1 : 1
                    product = nil
                    isDivision = false
                } else {
                    guard product != nil else { return .malformed }
                    isDivision = character == "/"
                }
                position = text.index(after: position)
                guard position < text.endIndex, !"+-*/".contains(text[position]) else { return .malformed }
                continue
            }
            let stop = text[position...].firstIndex { "+-*/".contains($0) } ?? text.endIndex
            let word = String(text[position..<stop])
            position = stop
            let value: Double
            if let number = Int(word) {
                value = Double(number)
            } else if let known = parameter(word) {
                value = known
            } else {
                guard word.first.map({ $0.isLetter || $0 == "_" }) ?? false,
                    word.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
                else { return .malformed }
                unknown = unknown ?? word
                value = 1
            }
            product = product.map { isDivision ? $0 / value : $0 * value } ?? value
        }
        guard let product else { return .malformed }
        if let unknown { return .unknown(unknown) }
        return .value(sum + sign * product)
    }
}

extension OutputItem {
    /// An item with buses as one for each name, `v(row[0:3])` as four; several buses in one item run side by side.
    func eachOfBuses(parameter: (String) -> Double?) throws(BusName.Mistake) -> [OutputItem] {
        var buses: [(text: String, names: [String])] = []
        for text in expression.busNames where !buses.contains(where: { $0.text == text }) {
            buses.append((text, try BusName.expand(text, parameter: parameter)))
        }
        guard let first = buses.first else { return [self] }
        if let other = buses.first(where: { $0.names.count != first.names.count }) {
            throw BusName.Mistake(
                message: "'\(first.text)' is \(first.names.count) names and '\(other.text)' \(other.names.count)",
                hint: "buses of one item are as wide as each other")
        }
        return first.names.indices.map { place in
            var item = self
            for bus in buses {
                item.label = item.label.replacing(bus.text, with: bus.names[place])
                item.expression = item.expression.renamed { $0 == bus.text ? bus.names[place] : $0 }
            }
            return item
        }
    }
}

extension Expression {
    /// Names of nodes and elements with ranges in brackets, in the order of the text.
    fileprivate var busNames: [String] {
        switch self {
        case .probe(let probe, _): probe.arguments.filter { BusName.isRange($0) }
        case .name(let name, _): BusName.isRange(name) ? [name] : []
        default: children.flatMap(\.busNames)
        }
    }

    /// The same with other names of nodes and elements.
    fileprivate func renamed(_ name: (String) -> String) -> Expression {
        switch self {
        case .number, .string: return self
        case .name(let old, let range): return .name(name(old), range)
        case .probe(var probe, let range):
            probe.arguments = probe.arguments.map(name)
            return .probe(probe, range)
        case .unary(let sign, let a, let range): return .unary(sign, a.renamed(name), range)
        case .binary(let sign, let a, let b, let range):
            return .binary(sign, a.renamed(name), b.renamed(name), range)
        case .conditional(let condition, let a, let b, let range):
            return .conditional(condition.renamed(name), then: a.renamed(name), otherwise: b.renamed(name), range)
        case .call(let function, let arguments, let range):
            return .call(function, arguments.map { $0.renamed(name) }, range)
        }
    }
}
