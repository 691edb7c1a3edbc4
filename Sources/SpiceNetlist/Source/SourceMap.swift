/// Every text that a netlist was read from.
///
/// Immutable once parsed. Ranges keep their meaning as long as the map (or a copy of it) lives.
public struct SourceMap: Sendable {
    public private(set) var files: [SourceFile] = []

    public init() {}

    /// Adds a text held in memory and returns its index.
    @discardableResult
    public mutating func addText(_ text: String, path: String, includedFrom: SourceRange? = nil) -> UInt32 {
        add(SourceBuffer(text), path: path, includedFrom: includedFrom)
    }

    mutating func add(_ buffer: SourceBuffer, path: String, includedFrom: SourceRange?) -> UInt32 {
        files.append(SourceFile(path: path, includedFrom: includedFrom, buffer: buffer))
        return UInt32(files.count - 1)
    }

    /// All bytes of a file; valid as long as this map lives.
    public func bytes(of file: UInt32) -> UnsafeRawBufferPointer {
        guard Int(file) < files.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return files[Int(file)].buffer.bytes
    }

    @inline(__always)
    func view(of file: UInt32) -> ByteView {
        Int(file) < files.count ? files[Int(file)].view : .empty
    }

    /// The bytes of a range; valid as long as this map lives. A range outside its file is cut to it.
    @inline(__always)
    func slice(_ range: SourceRange) -> UnsafeBufferPointer<UInt8> {
        let view = view(of: range.file)
        let end = min(Int(range.end), view.count)
        let start = min(Int(range.start), end)
        return UnsafeBufferPointer(start: view.base + start, count: end - start)
    }

    /// Calls `body` with the bytes of a range, without a copy.
    public func withBytes<Result>(_ range: SourceRange, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        try body(UnsafeRawBufferPointer(slice(range)))
    }

    /// The text of a range as written; what is not UTF-8 is repaired.
    public func text(_ range: SourceRange) -> String { String(decoding: slice(range), as: UTF8.self) }

    /// The text of a range in lower case (ASCII letters only).
    public func lowercased(_ range: SourceRange) -> String { ASCII.lowercased(slice(range)) }

    /// A place as people count: from line 1, column 1; columns are bytes, a tab counts as one.
    public struct Location: Sendable, Equatable {
        public var path: String
        public var line: Int
        public var column: Int
    }

    /// Where a range starts. Counts the lines before it, so it is for messages, not for loops.
    public func location(of range: SourceRange) -> Location {
        let view = view(of: range.file)
        let offset = min(Int(range.start), view.count)
        var line = 1
        var lineStart = 0
        var position = 0
        while let newline = ASCII.firstNewline(view, from: position, to: offset) {
            line += 1
            lineStart = newline + 1
            position = newline + 1
        }
        let path = Int(range.file) < files.count ? files[Int(range.file)].path : "?"
        return Location(path: path, line: line, column: offset - lineStart + 1)
    }

    /// The whole line on which a range starts, without its line break.
    public func line(of range: SourceRange) -> String { text(lineRange(of: range)) }

    /// The first word of a card, such as `.tran`.
    public func firstWord(of card: SourceRange) -> SourceRange {
        let view = view(of: card.file)
        var end = Int(card.start)
        while end < min(Int(card.end), view.count), !ASCII.isBlank(view[end]), view[end] != ASCII.open,
            view[end] != ASCII.semicolon
        {
            end += 1
        }
        return SourceRange(file: card.file, start: card.start, end: UInt32(end))
    }

    /// A hash of what stands before a place on its card, without blanks, capitals and line breaks. Cards of one scope begin
    /// differently, by their names, so it tells places apart, and an edit of any other card leaves it as it was.
    public func signature(of range: SourceRange) -> UInt64 {
        let view = view(of: range.file)
        var lines: [Range<Int>] = []
        var end = min(Int(range.start), view.count)
        // Back over continuation lines, and the comments between them.
        while true {
            var start = end
            while start > 0, view[start - 1] != ASCII.newline { start -= 1 }
            let first = (start..<end).first { !ASCII.isBlank(view[$0]) }
            let isContinuation = first.map { view[$0] == ASCII.plus } ?? false
            let isComment = first.map { view[$0] == ASCII.star } ?? true
            if !isComment, let first { lines.append(first + (isContinuation ? 1 : 0)..<end) }
            guard isContinuation || isComment && !lines.isEmpty, start > 0 else { break }
            end = start - 1
        }
        var hash = StableHash()
        for line in lines.reversed() {
            for place in line where !ASCII.isBlank(view[place]) { hash.take(ASCII.lower(view[place])) }
        }
        return hash.state
    }

    /// Calls `body` with where the bytes of each line stand that are neither comment nor blanks at its ends, in order;
    /// lines without any are left out.
    ///
    /// - Parameter hasTitle: the first line is a title, and left out too.
    public func forEachLineOfCode(of file: UInt32, dialect: Dialect, hasTitle: Bool, _ body: (Range<Int>) -> Void) {
        let view = view(of: file)
        let rules = LineRules(dialect)
        var lineStart = 0
        var isTitle = hasTitle
        while lineStart < view.count {
            let lineEnd = ASCII.firstNewline(view, from: lineStart, to: view.count) ?? view.count
            defer { lineStart = lineEnd + 1 }
            if isTitle {
                isTitle = false
                continue
            }
            var start = lineStart
            while start < lineEnd, ASCII.isBlank(view[start]) { start += 1 }
            guard start < lineEnd else { continue }
            let next = start + 1 < lineEnd ? view[start + 1] : 0
            if rules.isCommentLine(view[start], next: next, indented: start > lineStart) { continue }
            var end = start
            var isQuoted = false
            while end < lineEnd, isQuoted || !rules.startsComment(view, at: end, to: lineEnd) {
                if view[end] == UInt8(ascii: "\"") { isQuoted.toggle() }
                end += 1
            }
            while end > start, ASCII.isBlank(view[end - 1]) { end -= 1 }
            if end > start { body(start..<end) }
        }
    }

    func lineRange(of range: SourceRange) -> SourceRange {
        let view = view(of: range.file)
        var start = min(Int(range.start), view.count)
        var end = start
        while start > 0 && view[start - 1] != ASCII.newline { start -= 1 }
        end = ASCII.firstNewline(view, from: end, to: view.count) ?? view.count
        if end > start && view[end - 1] == ASCII.carriageReturn { end -= 1 }
        if start == 0 && view.count >= 3 && view[0] == 0xEF && view[1] == 0xBB && view[2] == 0xBF {
            start = min(3, end)
        }
        return SourceRange(file: range.file, start: UInt32(start), end: UInt32(end))
    }
}

/// One text of a netlist: the top file, or one inclusion of another (a file included twice is listed twice and held
/// once).
public struct SourceFile: Sendable {
    /// As the user would write it.
    public let path: String
    /// The `.include` or `.lib` card that asked for it; nil for the top file.
    public let includedFrom: SourceRange?
    let buffer: SourceBuffer
    let view: ByteView

    init(path: String, includedFrom: SourceRange?, buffer: SourceBuffer) {
        self.path = path
        self.includedFrom = includedFrom
        self.buffer = buffer
        view = ByteView(buffer.bytes)
    }
}
