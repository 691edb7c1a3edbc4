import LargeMemory

/// Reads text to a ``Netlist``: one pass over the bytes, which finds where each card begins and ends, follows includes
/// and libraries and nests subcircuits. What stands on a card is decoded later.
public struct Parser {
    /// Reads a netlist file and everything that it includes.
    ///
    /// - Parameters:
    ///   - libraryPaths: folders that includes are looked up in after the including file's own, and from which they may
    ///     read.
    ///   - appended: cards that are read as if they stood behind the netlist's own; diagnostics call them the command line.
    /// - Returns: the netlist, nil if the file could not be read; and the texts, which diagnostics refer to. A netlist
    ///   with errors is returned too, as far as it could be read.
    public static func parse(
        file path: String, dialect: Dialect, libraryPaths: [String] = [], appended: String = "",
        diagnostics: inout Diagnostics
    ) -> (netlist: Netlist?, sources: SourceMap) {
        do {
            let buffer = try SourceBuffer(path: path)
            return parse(
                buffer, path: path, dialect: dialect, libraryPaths: libraryPaths, appended: appended,
                diagnostics: &diagnostics)
        } catch {
            diagnostics.error(FileSystem.message(error, path: path), at: nil, hint: FileSystem.hint(path: path))
            return (nil, SourceMap())
        }
    }

    /// Reads a netlist from memory. Includes are relative to the folder of `path`.
    public static func parse(
        text: String, path: String = "netlist", dialect: Dialect, libraryPaths: [String] = [],
        diagnostics: inout Diagnostics
    ) -> (netlist: Netlist?, sources: SourceMap) {
        let buffer = SourceBuffer(text)
        return parse(
            buffer, path: path, dialect: dialect, libraryPaths: libraryPaths, appended: "", diagnostics: &diagnostics)
    }

    private static func parse(
        _ buffer: SourceBuffer, path: String, dialect: Dialect, libraryPaths: [String], appended: String,
        diagnostics: inout Diagnostics
    ) -> (netlist: Netlist?, sources: SourceMap) {
        var state = ParserState(dialect: dialect, topPath: path, libraryPaths: libraryPaths, diagnostics: diagnostics)
        state.readTop(buffer, path: path)
        if !appended.isEmpty { state.readAppended(appended) }
        state.translateControls()
        diagnostics = state.diagnostics
        let netlist = Netlist(
            sources: state.sources, dialect: dialect, title: state.title, top: state.current,
            libraryPaths: libraryPaths)
        return (netlist, state.sources)
    }
}

/// The parser at work.
struct ParserState {
    let dialect: Dialect
    let rules: LineRules
    var diagnostics: Diagnostics
    var sources = SourceMap()
    var title = ""
    /// The block that cards are added to, and the unfinished subcircuits around it, outermost first.
    var current = Block()
    var openSubcircuits: [OpenSubcircuit] = []
    /// The `.if` cards of the current block that have no `.endif` yet.
    var openConditions: [SourceRange] = []
    var isFinished = false
    /// `.control` blocks that were skipped.
    var controls: [SkippedControl] = []

    var files: IncludeResolver
    /// The files and sections being read, outermost first: what a cycle is found in.
    var chain: [ChainLink] = []
    var sections: [String: [String: Section]] = [:]
    var statement = Statement()

    struct SkippedControl {
        /// The place of its warning among the diagnostics.
        var finding: Int
        var range: SourceRange
        /// What its commands are as cards.
        var script: ControlCommands
    }

    struct OpenSubcircuit {
        var subcircuit: Subcircuit
        var outer: Block
        var outerConditions: [SourceRange]
    }

    struct ChainLink {
        /// The resolved path, with the section's name behind `#` for `.lib`.
        var key: String
        var label: String
        var range: SourceRange?
    }

    init(dialect: Dialect, topPath: String, libraryPaths: [String], diagnostics: Diagnostics) {
        self.dialect = dialect
        self.diagnostics = diagnostics
        rules = LineRules(dialect)
        files = IncludeResolver(topPath: topPath, libraryPaths: libraryPaths)
    }

    mutating func readTop(_ buffer: SourceBuffer, path: String) {
        let file = sources.add(buffer, path: path, includedFrom: nil)
        let view = sources.view(of: file)
        var start = Self.skipByteOrderMark(view)
        let end = ASCII.firstNewline(view, from: start, to: view.count) ?? view.count
        let titleRange = SourceRange(file: file, start: UInt32(start), end: UInt32(end))
        title = ASCII.trimmed(sources.text(titleRange))
        let titleLine = Diagnostic.FixIt(
            replacing: SourceRange(file: file, start: titleRange.start, end: titleRange.start), with: "Untitled\n")
        if let word = title.split(separator: " ").first?.lowercased(), DotCard.named(word) != nil, word != ".title" {
            diagnostics.warning(
                "the first line is the title, so this `\(word)` is not read", at: titleRange,
                hint: "put a title line before it", fixIt: titleLine)
        }
        if Self.looksLikeElement(title) {
            diagnostics.warning(
                "the first line is the title, so this element is not read", at: titleRange,
                hint: "put a title line before it", fixIt: titleLine)
        }
        start = min(end + 1, view.count)
        current.cards.reserveLarge(Self.estimatedLines(view))
        chain.append(ChainLink(key: files.identity(of: path), label: path, range: nil))
        readFile(file, from: start, to: view.count)
        chain.removeLast()
    }

    /// Cards from elsewhere, behind those of the top file.
    /// - Parameter label: what stands for its path in messages.
    mutating func readAppended(_ text: String, label: String = "command line") {
        let buffer = SourceBuffer(text)
        let file = sources.add(buffer, path: label, includedFrom: nil)
        isFinished = false
        chain.append(ChainLink(key: label, label: label, range: nil))
        readFile(file, from: 0, to: buffer.bytes.count)
        chain.removeLast()
    }

    /// About how many lines a text has, from its first 64 KiB: so that a large netlist's list of cards is made once
    /// instead of growing by doubling.
    private static func estimatedLines(_ view: ByteView) -> Int {
        let sample = 1 << 16
        guard view.count > 4 * sample else { return 0 }
        var lines = 0
        for position in 0..<sample where view[position] == ASCII.newline { lines += 1 }
        // Later lines tend to be longer, as names count up.
        return lines * (view.count / sample)
    }

    /// `r1 a b 1k`, `v1 a 0 PULSE(…)`, `x1 in 0 amp` or `m1 d g s 0 nmos w=1u`, as no title would read.
    private static func looksLikeElement(_ title: String) -> Bool {
        let words = title.lowercased().split(separator: " ").map(String.init)
        guard words.count >= 4, words.count <= 12, let name = words.first?.utf8, name.count > 1,
            "bcdefghijklmopqrstuvwxyz".utf8.contains(name[name.startIndex]),
            name.dropFirst().allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == ASCII.underscore })
        else { return false }
        let isGrounded = words[1..<min(words.count, 5)].contains { $0 == "0" || $0 == "gnd" }
        let isNumbered = name.contains(where: ASCII.isDigit)
        guard isNumbered || isGrounded else { return false }
        let sources = ["dc", "ac", "pulse", "sin", "pwl", "exp", "sffm"]
        func isValue(_ word: String) -> Bool {
            Number.parse(word) != nil || word.hasPrefix("{") || word.hasPrefix("'")
                || sources.contains(String(word.prefix { $0 != "(" }))
        }
        if isValue(words[3]) { return true }
        return isNumbered && (isGrounded || words.dropFirst(3).contains { $0.dropFirst().contains("=") })
    }

    static func skipByteOrderMark(_ view: ByteView) -> Int {
        view.count >= 3 && view[0] == 0xEF && view[1] == 0xBB && view[2] == 0xBF ? 3 : 0
    }

    /// Reads one file, or one section of a library, and closes what it leaves open.
    mutating func readFile(_ file: UInt32, from start: Int, to end: Int) {
        let depth = openSubcircuits.count
        let conditions = openConditions.count
        readCards(file, from: start, to: end)
        while openSubcircuits.count > depth, let open = openSubcircuits.last {
            diagnostics.error(
                "subcircuit `\(sources.lowercased(open.subcircuit.name.range))` has no `.ends`",
                at: open.subcircuit.name.range)
            closeSubcircuit(end: open.subcircuit.range)
        }
        while openConditions.count > conditions, let range = openConditions.popLast() {
            diagnostics.error("`.if` has no `.endif`", at: range)
        }
    }

    // MARK: Lines

    private mutating func readCards(_ file: UInt32, from start: Int, to end: Int) {
        let view = sources.view(of: file)
        var lineStart = start
        while lineStart < end {
            var first = lineStart
            while first < end, ASCII.isBlank(view[first]), view[first] != ASCII.newline { first += 1 }
            guard first < end else { return }
            let byte = view[first]
            if byte == ASCII.newline {
                lineStart = first + 1
                continue
            }
            let lineEnd = ASCII.firstNewline(view, from: first, to: end) ?? end
            let next = first + 1 < end ? view[first + 1] : 0
            if rules.isCommentLine(byte, next: next, indented: first > lineStart) {
                lineStart = lineEnd + 1
                continue
            }
            let (cardEnd, nextLine) = joinLines(view, lineEnd: lineEnd, to: end)
            let range = SourceRange(file: file, start: UInt32(first), end: UInt32(cardEnd))
            if ASCII.isLetter(byte) {
                current.cards.append(Card(kind: .element(byte | 0x20), range: range))
                lineStart = nextLine
            } else if byte == ASCII.dot {
                lineStart = readDotCard(range, nextLine: nextLine, fileEnd: end)
                if isFinished || diagnostics.isFull { return }
            } else {
                reportStrayLine(byte, range)
                if diagnostics.isFull { return }
                lineStart = nextLine
            }
        }
    }

    /// From the end of a card's first line to the end of its last (blanks trimmed), and the start of the next card's.
    @inline(__always)
    private func joinLines(_ view: ByteView, lineEnd: Int, to end: Int) -> (cardEnd: Int, nextLine: Int) {
        var lineEnd = lineEnd
        while lineEnd < end {
            let start = lineEnd + 1
            // Nearly every line stands alone: one look tells.
            if start < end, ASCII.isLetter(view[start]) { break }
            let next = rules.skipToContinuation(view, from: start, to: end)
            guard next > start, next <= end, view[next - 1] == ASCII.plus,
                isContinuation(view, at: next - 1, from: start)
            else { break }
            lineEnd = ASCII.firstNewline(view, from: next, to: end) ?? end
        }
        var cardEnd = lineEnd
        while cardEnd > 0, ASCII.isBlank(view[cardEnd - 1]) { cardEnd -= 1 }
        return (cardEnd, lineEnd + 1)
    }

    /// Whether the `+` at `position` is the first thing on its line.
    private func isContinuation(_ view: ByteView, at position: Int, from start: Int) -> Bool {
        var before = position
        while before > start, view[before - 1] != ASCII.newline {
            guard ASCII.isBlank(view[before - 1]) else { return false }
            before -= 1
        }
        return true
    }

    private mutating func reportStrayLine(_ byte: UInt8, _ range: SourceRange) {
        if byte == ASCII.plus {
            let sign = SourceRange(file: range.file, start: range.start, end: range.start + 1)
            diagnostics.error("`+` continues nothing: no card stands before it in this file", at: sign)
        } else {
            diagnostics.error(
                "a line must begin with a letter, `.`, `*` or `+`", at: firstWord(range),
                hint: byte == ASCII.hash ? "`#` begins a comment in the ngspice dialect only" : nil)
        }
    }

    func firstWord(_ range: SourceRange) -> SourceRange { sources.firstWord(of: range) }
}
