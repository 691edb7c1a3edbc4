/// What `.print`, `.save`, `.plot` or `.probe` asks for.
public struct OutputList: Sendable {
    /// `tran`, `dc`, …; nil where the card names none.
    public var analysis: String?
    /// Where that stands.
    public var analysisRange: SourceRange?
    public var items: [OutputItem]
    /// `format=noindex file=x.prn width=10 …`
    public var options: [Assignment]

    public init(analysis: String?, items: [OutputItem], options: [Assignment]) {
        self.analysis = analysis
        self.items = items
        self.options = options
    }
}

/// One column: `v(out)`, `i(v1)`, `{v(a)*2}`, `time`, `all`.
public struct OutputItem: Sendable {
    /// The item as written, braces included, lower-case, blanks removed: the column's header.
    public var label: String
    public var expression: Expression
    public var range: SourceRange

    public init(label: String, expression: Expression, range: SourceRange) {
        self.label = label
        self.expression = expression
        self.range = range
    }
}

extension Netlist {
    private static let analyses: Set<String> = [
        "tran", "dc", "ac", "ac_ic", "noise", "op", "sens", "tf", "disto", "four", "fft", "hb", "hb_fd", "hb_td",
        "hb_ic",
        "tranadjoint", "homotopy", "pz", "sp", "es", "pce", "mpde", "step",
    ]

    /// Reads an output card. Items that cannot be read are reported and left out.
    ///
    /// A word without parentheses is a name (`time`, a node in `.save out`); `v1#branch` is the current of `v1`.
    public func outputList(_ card: Card, diagnostics: inout Diagnostics) -> OutputList {
        var reader = OutputListReader(self, card)
        var list = OutputList(analysis: nil, items: [], options: [])
        var isFirst = true
        while let item = reader.next(diagnostics: &diagnostics) {
            defer { isFirst = false }
            switch item {
            case .option(let option): list.options.append(option)
            case .item(let range, let isWord):
                guard let label = Self.withoutAlias(reader.label(range)) else { continue }
                if isFirst, isWord, Self.analyses.contains(label) {
                    list.analysis = label
                    list.analysisRange = range
                } else if label == "dialogbox" {
                    // LTspice asks what to save.
                    continue
                } else if let expression = outputExpression(range, label, isWord, diagnostics: &diagnostics) {
                    list.items.append(OutputItem(label: label, expression: expression, range: range))
                }
            }
        }
        return list
    }

    /// OrCAD's `V(alias(*))` is `V(*)`. nil for powers, digital levels and noises of everything, which it writes behind.
    private static func withoutAlias(_ label: String) -> String? {
        guard label.hasSuffix("(alias(*))") else { return label }
        let kind = label.dropLast(10)
        return kind == "v" || kind == "i" ? "\(kind)(*)" : nil
    }

    private func outputExpression(
        _ range: SourceRange, _ label: String, _ isWord: Bool, diagnostics: inout Diagnostics
    ) -> Expression? {
        if isWord {
            if label.hasSuffix("#branch"), label.utf8.count > 7 {
                return .probe(Probe(kind: .current, arguments: [String(label.dropLast(7))]), range)
            }
            if dialect.colonSeparatesNames, let colon = label.utf8.lastIndex(of: ASCII.colon) {
                let parts = [String(label[..<colon]), String(label[label.utf8.index(after: colon)...])]
                if parts.allSatisfy({ !$0.isEmpty }) {
                    return .probe(Probe(kind: .deviceParameter, arguments: parts), range)
                }
            }
            return .name(label, range)
        }
        if label == "v(*)" || label == "i(*)" {
            return .probe(Probe(kind: label.hasPrefix("v") ? .voltage : .current, arguments: ["*"]), range)
        }
        var inner = range
        if label.hasPrefix("par("), label.hasSuffix(")") {
            // par('…') only marks an expression.
            inner.start = inner.start + 3
        }
        return expression(inner, diagnostics: &diagnostics)
    }
}

/// Splits an output card into its items.
private struct OutputListReader {
    enum Item {
        case item(SourceRange, isWord: Bool)
        case option(Assignment)
    }

    let decoder: Decoder
    let sources: SourceMap
    let end: Int
    var position: Int

    init(_ netlist: Netlist, _ card: Card) {
        sources = netlist.sources
        decoder = Decoder(netlist.sources, file: card.range.file, dialect: netlist.dialect)
        end = min(Int(card.range.end), decoder.view.count)
        position = Int(card.range.start)
        while position < end, !ASCII.isBlank(decoder.view[position]) { position += 1 }
    }

    private mutating func skipBlanks() {
        position = decoder.rules.skipBlanks(decoder.view, from: position, to: end)
    }

    mutating func next(diagnostics: inout Diagnostics) -> Item? {
        let view = decoder.view
        skipBlanks()
        while position < end, view[position] == ASCII.comma {
            position += 1
            skipBlanks()
        }
        guard position < end else { return nil }
        let start = position
        var isWord = true
        while position < end {
            let byte = view[position]
            if byte == ASCII.open {
                guard skipParentheses(&diagnostics) else { return nil }
                isWord = false
            } else if byte == ASCII.openBrace || byte == ASCII.apostrophe || byte == ASCII.quote {
                guard let close = decoder.quoteEnd(from: position, to: end, diagnostics: &diagnostics) else {
                    return nil
                }
                position = close
                isWord = false
            } else if byte == ASCII.at {
                isWord = false
                position += 1
            } else if byte == ASCII.comma || byte == ASCII.equals || isBlankOrComment() {
                break
            } else {
                position += 1
            }
        }
        let stop = position
        skipBlanks()
        if position < end, view[position] == ASCII.equals, isWord, stop > start {
            return option(start, stop, diagnostics: &diagnostics)
        }
        if position < end, view[position] == ASCII.open, isWord, position > stop, Self.takesArguments(view, start, stop)
        {
            // `v (1)`
            guard skipParentheses(&diagnostics) else { return nil }
            return .item(decoder.range(start, position), isWord: false)
        }
        if stop == start {
            diagnostics.error("`=` is not expected here", at: decoder.range(start, min(start + 1, end)))
            return nil
        }
        position = stop
        return .item(decoder.range(start, stop), isWord: isWord)
    }

    private static func takesArguments(_ view: ByteView, _ start: Int, _ stop: Int) -> Bool {
        let first = view[start] | 0x20
        return stop - start <= 3 && (first == UInt8(ascii: "v") || first == UInt8(ascii: "i"))
    }

    private func isBlankOrComment() -> Bool {
        ASCII.isBlank(decoder.view[position]) || decoder.rules.startsComment(decoder.view, at: position, to: end)
    }

    private mutating func skipParentheses(_ diagnostics: inout Diagnostics) -> Bool {
        let opening = position
        var depth = 0
        while position < end {
            switch decoder.view[position] {
            case ASCII.open: depth += 1
            case ASCII.close: depth -= 1
            case ASCII.openBrace, ASCII.apostrophe, ASCII.quote:
                guard let close = decoder.quoteEnd(from: position, to: end, diagnostics: &diagnostics) else {
                    return false
                }
                position = close
                continue
            case ASCII.newline:
                position = decoder.rules.skipToContinuation(decoder.view, from: position + 1, to: end)
                continue
            default: break
            }
            position += 1
            if depth == 0 { return true }
        }
        diagnostics.error("`(` is never closed", at: decoder.range(opening, opening + 1))
        return false
    }

    private mutating func option(_ start: Int, _ stop: Int, diagnostics: inout Diagnostics) -> Item? {
        let view = decoder.view
        let name = Token(kind: .word, range: decoder.range(start, stop))
        position += 1
        skipBlanks()
        guard position < end else {
            diagnostics.error("`\(sources.lowercased(name.range)) =` has no value", at: name.range)
            return nil
        }
        let valueStart = position
        if view[position] == ASCII.quote || view[position] == ASCII.apostrophe || view[position] == ASCII.openBrace {
            guard let close = decoder.quoteEnd(from: position, to: end, diagnostics: &diagnostics) else { return nil }
            position = close
            return .option(Assignment(name: name, value: decoder.quoted(valueStart, close)))
        }
        while position < end, view[position] != ASCII.comma, !isBlankOrComment() { position += 1 }
        return .option(
            Assignment(name: name, value: Token(kind: .word, range: decoder.range(valueStart, position))))
    }

    /// The text of an item, lower-case, without blanks, comments and what joins lines.
    func label(_ range: SourceRange) -> String {
        var bytes: [UInt8] = []
        var index = Int(range.start)
        let stop = Int(range.end)
        while index < stop {
            let byte = decoder.view[index]
            if byte == ASCII.newline {
                index = decoder.rules.skipToContinuation(decoder.view, from: index + 1, to: stop)
                continue
            }
            if !ASCII.isBlank(byte) { bytes.append(ASCII.lower(byte)) }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
