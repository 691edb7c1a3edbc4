/// What separates words, begins comments and joins lines, for a dialect.
///
/// The one place that knows about blanks, comments and `+`: the parser, the decoder and the expression parser all walk
/// over text with it, so that they agree.
struct LineRules: Sendable {
    private let dollarStartsComment: Bool
    private let slashSlashStartsComment: Bool
    private let hashStartsComment: Bool
    private let leadingBlankIsComment: Bool

    init(_ dialect: Dialect) {
        dollarStartsComment = dialect.dollarStartsComment
        slashSlashStartsComment = dialect.slashSlashStartsComment
        hashStartsComment = dialect.hashStartsComment
        leadingBlankIsComment = dialect.leadingBlankIsComment
    }

    /// Whether a line is a comment, from its first byte that is not blank.
    /// - Parameter indented: blanks stand before it.
    @inline(__always)
    func isCommentLine(_ first: UInt8, next: UInt8, indented: Bool) -> Bool {
        switch first {
        case ASCII.star, ASCII.semicolon: true
        case ASCII.hash: hashStartsComment
        case ASCII.dollar: dollarStartsComment
        case ASCII.slash: slashSlashStartsComment && next == ASCII.slash
        case ASCII.plus: false
        default: indented && leadingBlankIsComment
        }
    }

    /// Whether an inline comment begins at `position`.
    @inline(__always)
    func startsComment(_ view: ByteView, at position: Int, to end: Int) -> Bool {
        switch view[position] {
        case ASCII.semicolon:
            return true
        case ASCII.dollar:
            guard dollarStartsComment else { return false }
            guard position > 0 else { return true }
            let previous = view[position - 1]
            return ASCII.isBlank(previous) || previous == ASCII.comma
        case ASCII.slash:
            return slashSlashStartsComment && position + 1 < end && view[position + 1] == ASCII.slash
        default:
            return false
        }
    }

    /// From just behind a line break to where the logical line goes on: behind the `+` of the next continuation line,
    /// or at the first word of the next line that is no comment, or `end`.
    func skipToContinuation(_ view: ByteView, from start: Int, to end: Int) -> Int {
        var lineStart = start
        while lineStart < end {
            var position = lineStart
            while position < end, ASCII.isBlank(view[position]), view[position] != ASCII.newline { position += 1 }
            guard position < end else { return end }
            let first = view[position]
            if first == ASCII.plus { return position + 1 }
            let next = position + 1 < end ? view[position + 1] : 0
            if first == ASCII.newline {
                lineStart = position + 1
            } else if isCommentLine(first, next: next, indented: position > lineStart) {
                lineStart = (ASCII.firstNewline(view, from: position, to: end) ?? end - 1) + 1
            } else {
                return position
            }
        }
        return end
    }

    /// Skips blanks, comments and line breaks with what joins the lines.
    @inline(__always)
    func skipBlanks(_ view: ByteView, from start: Int, to end: Int) -> Int {
        var position = start
        while position < end {
            let byte = view[position]
            if byte == ASCII.newline {
                position = skipToContinuation(view, from: position + 1, to: end)
            } else if ASCII.isBlank(byte) {
                position += 1
            } else if byte == ASCII.semicolon || byte == ASCII.dollar || byte == ASCII.slash {
                guard startsComment(view, at: position, to: end) else { return position }
                position = ASCII.firstNewline(view, from: position, to: end) ?? end
            } else {
                return position
            }
        }
        return position
    }
}
