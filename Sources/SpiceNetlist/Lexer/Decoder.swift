/// Splits one card into its words. See ``Netlist/decode(_:into:freeExpressions:diagnostics:)`` for the rules.
///
/// Holds only plain values, so that decoding card after card touches no reference count and allocates nothing.
struct Decoder {
    enum Mode {
        /// Parentheses and commas only separate.
        case plain
        /// Unquoted values run on to the next `name =`.
        case freeExpressions
        /// `v(1,2)` stays one word.
        case calls
    }

    let view: ByteView
    let file: UInt32
    let rules: LineRules
    let mode: Mode
    let apostropheOpensExpression: Bool
    /// A parenthesis without its other half only earns a warning: it separates and means nothing else.
    let isLenient: Bool

    init(_ sources: SourceMap, file: UInt32, dialect: Dialect, mode: Mode = .plain, isLenient: Bool = false) {
        view = sources.view(of: file)
        self.file = file
        rules = LineRules(dialect)
        self.mode = mode
        apostropheOpensExpression = dialect.singleQuoteIsExpression
        self.isLenient = isLenient || dialect.toleratesUnclosedParenthesis
    }

    /// - Returns: false if an error was found; the fields up to it are there.
    func decode(_ range: SourceRange, into statement: inout Statement, diagnostics: inout Diagnostics) -> Bool {
        let end = min(Int(range.end), view.count)
        var position = rules.skipBlanks(view, from: Int(range.start), to: end)
        statement.fields.removeAll(keepingCapacity: true)
        let nameEnd = wordEnd(from: position, to: end)
        statement.name = word(position, nameEnd)
        position = nameEnd
        var depth = 0
        var opening = 0
        var mayBeKey = false
        while true {
            position = rules.skipBlanks(view, from: position, to: end)
            guard position < end else { break }
            let byte = view[position]
            if Self.isWordByte(byte) || byte == ASCII.slash {
                var stop = wordEnd(from: position, to: end)
                var isCall = false
                if mode != .plain, stop < end, view[stop] == ASCII.open {
                    guard let call = callEnd(wordStart: position, opening: stop, to: end, diagnostics: &diagnostics)
                    else { return false }
                    (stop, isCall) = call
                }
                let token = token(isCall ? .expression : .word, position, stop)
                statement.fields.append(Statement.Field(value: token))
                mayBeKey = true
                position = stop
                continue
            }
            switch byte {
            case ASCII.open:
                if depth == 0 { opening = position }
                depth += 1
                position += 1
                mayBeKey = false
            case ASCII.close:
                position += 1
                mayBeKey = false
                if depth > 0 {
                    depth -= 1
                } else {
                    let place = self.range(position - 1, position)
                    diagnostics.append(Diagnostic(isLenient ? .warning : .error, "`)` without `(`", at: place))
                    guard isLenient else { return false }
                }
            case ASCII.comma:
                position += 1
                mayBeKey = false
            case ASCII.equals:
                position += 1
                guard mayBeKey, let key = statement.fields.last?.value else { continue }
                mayBeKey = false
                guard let (value, next) = value(from: position, to: end, key: key, diagnostics: &diagnostics) else {
                    return false
                }
                statement.fields[statement.fields.count - 1] = Statement.Field(key: key, value: value)
                position = next
            case ASCII.openBrace, ASCII.apostrophe, ASCII.quote:
                guard let close = quoteEnd(from: position, to: end, diagnostics: &diagnostics) else { return false }
                var token = quoted(position, close)
                if close < end, byte != ASCII.quote, Self.joins(view[close]) {
                    guard let stop = valueEnd(from: position, to: end, diagnostics: &diagnostics) else { return false }
                    token = self.token(.expression, position, stop)
                    position = stop
                } else {
                    position = close
                }
                statement.fields.append(Statement.Field(value: token))
                mayBeKey = false
            default:
                diagnostics.error("`}` without `{`", at: self.range(position, position + 1))
                return false
            }
        }
        guard depth == 0 else {
            let place = self.range(opening, opening + 1)
            diagnostics.append(
                Diagnostic(isLenient ? .warning : .error, "`(` is never closed", at: place))
            return isLenient
        }
        return true
    }

    // MARK: Words

    /// One bit a byte below 64 that ends a word: blanks, `"`, `'`, `(`, `)`, `,`, `/`, `;`, `=`.
    private static let stops: UInt64 =
        0x1_FFFF_FFFF | 1 << 0x22 | 1 << 0x27 | 1 << 0x28 | 1 << 0x29 | 1 << 0x2C | 1 << 0x2F | 1 << 0x3B | 1 << 0x3D

    @inline(__always)
    static func isWordByte(_ byte: UInt8) -> Bool {
        byte < 64
            ? (stops &>> UInt64(byte)) & 1 == 0
            : byte != ASCII.openBrace && byte != ASCII.closeBrace
    }

    @inline(__always)
    private func wordEnd(from start: Int, to end: Int) -> Int {
        var position = start
        while position < end {
            let byte = view[position]
            if Self.isWordByte(byte) {
                position += 1
            } else if byte == ASCII.slash, !rules.startsComment(view, at: position, to: end) {
                position += 1
            } else {
                break
            }
        }
        return position
    }

    /// Where `name(…)` ends, if it stays one word in this mode; otherwise where the name ends.
    private func callEnd(
        wordStart: Int, opening: Int, to end: Int, diagnostics: inout Diagnostics
    ) -> (end: Int, isCall: Bool)? {
        if mode == .calls {
            return valueEnd(from: wordStart, to: end, diagnostics: &diagnostics).map { ($0, true) }
        }
        var position = opening + 1
        while position < end, view[position] != ASCII.close {
            guard view[position] != ASCII.open, view[position] != ASCII.openBrace else { return (opening, false) }
            position += 1
        }
        guard position < end else { return (opening, false) }
        let next = rules.skipBlanks(view, from: position + 1, to: end)
        guard next < end, view[next] == ASCII.equals, next + 1 == end || view[next + 1] != ASCII.equals else {
            return (opening, false)
        }
        return (position + 1, false)
    }

    // MARK: Quotes

    /// Behind the quote or brace that closes the one at `start`.
    func quoteEnd(from start: Int, to end: Int, diagnostics: inout Diagnostics) -> Int? {
        let opening = view[start]
        var position = start + 1
        var depth = 1
        while position < end {
            let byte = view[position]
            if opening == ASCII.openBrace {
                if byte == ASCII.closeBrace {
                    depth -= 1
                    if depth == 0 { return position + 1 }
                } else if byte == ASCII.openBrace {
                    depth += 1
                } else if byte == ASCII.newline || rules.startsComment(view, at: position, to: end) {
                    position = ASCII.firstNewline(view, from: position, to: end) ?? end
                    position = rules.skipToContinuation(view, from: min(position + 1, end), to: end)
                    continue
                }
            } else if byte == opening {
                return position + 1
            } else if byte == ASCII.newline {
                position = rules.skipToContinuation(view, from: position + 1, to: end)
                continue
            }
            position += 1
        }
        let mark = Character(Unicode.Scalar(opening))
        diagnostics.error("`\(mark)` is never closed", at: range(start, start + 1))
        return nil
    }

    /// The token for what stands between the quotes at `start` and before `end`.
    func quoted(_ start: Int, _ end: Int) -> Token {
        let isText = view[start] == ASCII.quote || (view[start] == ASCII.apostrophe && !apostropheOpensExpression)
        return token(isText ? .string : .expression, start + 1, end - 1)
    }

    // MARK: Values

    /// Bytes that, right behind a closing brace or quote, make it a part of a longer expression.
    @inline(__always)
    private static func joins(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "^"),
            UInt8(ascii: "?"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "|"):
            true
        default: false
        }
    }

    /// The value behind `key =` and where it ends.
    private func value(from start: Int, to end: Int, key: Token, diagnostics: inout Diagnostics) -> (Token, Int)? {
        let start = rules.skipBlanks(view, from: start, to: end)
        guard start < end, view[start] != ASCII.comma, view[start] != ASCII.close else {
            let name = ASCII.lowercased(
                UnsafeBufferPointer(
                    start: view.base + Int(key.range.start), count: Int(key.range.end - key.range.start)))
            diagnostics.error("`\(name) =` has no value", at: key.range)
            return nil
        }
        let byte = view[start]
        if byte == ASCII.openBrace || byte == ASCII.apostrophe || byte == ASCII.quote {
            guard let close = quoteEnd(from: start, to: end, diagnostics: &diagnostics) else { return nil }
            if mode == .freeExpressions {
                guard let stop = freeValueEnd(from: start, to: end, diagnostics: &diagnostics) else { return nil }
                return stop == close ? (quoted(start, close), close) : (token(.expression, start, stop), stop)
            }
            guard close < end, byte != ASCII.quote, Self.joins(view[close]) else {
                return (quoted(start, close), close)
            }
        } else if mode == .freeExpressions {
            guard let stop = freeValueEnd(from: start, to: end, diagnostics: &diagnostics) else { return nil }
            return (token(isPlain(start, stop) ? .word : .expression, start, stop), stop)
        }
        guard let stop = valueEnd(from: start, to: end, diagnostics: &diagnostics) else { return nil }
        return (token(isPlain(start, stop) ? .word : .expression, start, stop), stop)
    }

    /// The end of an unquoted value: the next blank or comma outside parentheses.
    private func valueEnd(from start: Int, to end: Int, diagnostics: inout Diagnostics) -> Int? {
        var position = start
        var depth = 0
        var opening = start
        while position < end {
            let byte = view[position]
            switch byte {
            case ASCII.open:
                if depth == 0 { opening = position }
                depth += 1
            case ASCII.close:
                if depth == 0 { return position }
                depth -= 1
            case ASCII.openBrace, ASCII.apostrophe, ASCII.quote:
                guard let close = quoteEnd(from: position, to: end, diagnostics: &diagnostics) else { return nil }
                position = close
                continue
            case ASCII.newline where depth > 0:
                position = rules.skipToContinuation(view, from: position + 1, to: end)
                continue
            case ASCII.equals where depth == 0 && mode == .calls:
                return position
            case 0...ASCII.blank, ASCII.comma, ASCII.semicolon:
                if depth == 0 { return position }
            case ASCII.slash:
                if rules.startsComment(view, at: position, to: end) { return position }
            default:
                break
            }
            position += 1
        }
        guard depth == 0 else {
            diagnostics.error("`(` is never closed", at: range(opening, opening + 1))
            return nil
        }
        return position
    }

    /// The end of an unquoted value that may hold blanks: before the next `name =`, or the end of the card.
    private func freeValueEnd(from start: Int, to end: Int, diagnostics: inout Diagnostics) -> Int? {
        var position = start
        var contentEnd = start
        var depth = 0
        var opening = start
        // The last word that began behind a blank outside parentheses, and where the text before it ends.
        var wordStart = -1
        var beforeWord = start
        var isBehindBlank = false
        while true {
            let next = rules.skipBlanks(view, from: position, to: end)
            if next > position { isBehindBlank = true }
            position = next
            guard position < end else { break }
            let byte = view[position]
            if depth == 0, isBehindBlank, ASCII.isLetter(byte) || byte == ASCII.underscore || byte == ASCII.at {
                wordStart = position
                beforeWord = contentEnd
            } else if depth == 0, isBehindBlank, byte != ASCII.equals, byte != ASCII.open {
                wordStart = -1
            }
            isBehindBlank = false
            switch byte {
            case ASCII.open:
                if depth == 0 { opening = position }
                depth += 1
            case ASCII.close:
                guard depth > 0 else {
                    diagnostics.error("`)` without `(`", at: range(position, position + 1))
                    return nil
                }
                depth -= 1
            case ASCII.openBrace, ASCII.apostrophe, ASCII.quote:
                guard let close = quoteEnd(from: position, to: end, diagnostics: &diagnostics) else { return nil }
                position = close
                contentEnd = close
                continue
            case ASCII.comma where depth == 0:
                // Only separates: `a=1, b=2`.
                isBehindBlank = true
                position += 1
                continue
            case ASCII.equals where depth == 0:
                let previous = view[position - 1]
                let isComparison =
                    (position + 1 < end && view[position + 1] == ASCII.equals) || previous == ASCII.equals
                    || previous == ASCII.less || previous == ASCII.greater || previous == UInt8(ascii: "!")
                if !isComparison, wordStart >= 0 { return beforeWord }
            default:
                break
            }
            position += 1
            contentEnd = position
        }
        guard depth == 0 else {
            diagnostics.error("`(` is never closed", at: range(opening, opening + 1))
            return nil
        }
        return contentEnd
    }

    /// Whether a value is a number, or a word without an operator.
    private func isPlain(_ start: Int, _ end: Int) -> Bool {
        for position in start..<end {
            switch view[position] {
            case UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "^"),
                UInt8(ascii: "?"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "&"),
                UInt8(ascii: "|"), UInt8(ascii: "!"), UInt8(ascii: "~"), UInt8(ascii: "="), ASCII.open, ASCII.close,
                ASCII.openBrace, ASCII.apostrophe, ASCII.comma, 0...ASCII.blank:
                return Number.parse(UnsafeBufferPointer(start: view.base + start, count: end - start)) != nil
            default: continue
            }
        }
        return true
    }

    // MARK: Ranges

    @inline(__always)
    func range(_ start: Int, _ end: Int) -> SourceRange {
        SourceRange(file: file, start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end))
    }

    @inline(__always)
    private func token(_ kind: Token.Kind, _ start: Int, _ end: Int) -> Token {
        Token(kind: kind, range: range(start, end))
    }

    @inline(__always)
    private func word(_ start: Int, _ end: Int) -> Token { token(.word, start, end) }
}
