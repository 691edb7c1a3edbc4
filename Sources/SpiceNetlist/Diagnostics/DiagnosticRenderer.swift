/// Shows diagnostics as a compiler does: place, message, the line, a caret, a hint.
public struct DiagnosticRenderer: Sendable {
    private let sources: SourceMap
    /// Marks severities with terminal colours.
    public var colour: Bool
    /// Longer lines are shown in part.
    private let width = 120

    public init(_ sources: SourceMap, colour: Bool = false) {
        self.sources = sources
        self.colour = colour
    }

    /// The diagnostic as lines, without a line break at the end.
    public func render(_ diagnostic: Diagnostic) -> String {
        var lines: [String] = []
        if let range = diagnostic.range { lines += inclusions(of: range.file) }
        lines += block(diagnostic.severity, diagnostic.message, diagnostic.range)
        if diagnostic.severity == .error, let range = diagnostic.range,
            let mark = Lookalike.first(in: sources.text(range))
        {
            lines.append(paint("hint", "36") + ": " + mark.hint)
        }
        if let hint = diagnostic.hint { lines.append(paint("hint", "36") + ": " + printable(hint)) }
        for note in diagnostic.notes { lines += block(.note, note.message, note.range) }
        return lines.joined(separator: "\n")
    }

    /// All of them, separated by line breaks.
    public func render(_ diagnostics: Diagnostics) -> String {
        var parts = diagnostics.all.map(render)
        let hidden = diagnostics.warningCount - Diagnostics.warningLimit
        if hidden > 0 { parts.append("\(hidden) further warnings are not shown") }
        if diagnostics.isFull { parts.append("stopped after \(diagnostics.errorCount) errors") }
        return parts.joined(separator: "\n")
    }

    private func block(_ severity: Diagnostic.Severity, _ message: String, _ range: SourceRange?) -> [String] {
        let codes: [Diagnostic.Severity: String] = [.error: "1;31", .warning: "1;35", .note: "1;34"]
        let head = paint(severity.rawValue, codes[severity] ?? "1") + ": " + printable(message)
        guard let range else { return [head] }
        let place = sources.location(of: range)
        return ["\(printable(place.path)):\(place.line):\(place.column): \(head)"] + excerpt(range)
    }

    /// `included from a.cir:3`, innermost first.
    private func inclusions(of file: UInt32) -> [String] {
        var lines: [String] = []
        var next = Int(file) < sources.files.count ? sources.files[Int(file)].includedFrom : nil
        while let range = next, lines.count < 32 {
            let place = sources.location(of: range)
            lines.append("included from \(printable(place.path)):\(place.line)")
            next = Int(range.file) < sources.files.count ? sources.files[Int(range.file)].includedFrom : nil
        }
        return lines
    }

    /// The source line and the caret below it.
    private func excerpt(_ range: SourceRange) -> [String] {
        let line = sources.lineRange(of: range)
        let bytes = sources.slice(line)
        guard let base = bytes.baseAddress else { return [] }
        // Cut a window out of the bytes first: a line may be the whole file.
        let caret = max(0, min(Int(range.start) - Int(line.start), bytes.count))
        let margin = width * 4
        var windowStart = max(0, caret - margin)
        var windowEnd = min(bytes.count, caret + margin)
        while windowStart > 0, windowStart < caret, base[windowStart] & 0xC0 == 0x80 { windowStart += 1 }
        while windowEnd < bytes.count, windowEnd > caret, base[windowEnd] & 0xC0 == 0x80 { windowEnd -= 1 }
        func characters(_ start: Int, _ end: Int) -> [Character] {
            let slice = UnsafeBufferPointer(start: base + start, count: max(0, end - start))
            return Array(printable(String(decoding: slice, as: UTF8.self), keepingTabs: true))
        }
        let markedEnd = min(max(Int(range.end) - Int(line.start), caret), windowEnd)
        var before = characters(windowStart, caret)
        let marked = characters(caret, markedEnd)
        var text = before + marked + characters(markedEnd, windowEnd)
        var isCutLeft = windowStart > 0
        if text.count > width, before.count > width / 2 {
            let cut = before.count - width / 2
            before.removeFirst(cut)
            text.removeFirst(cut)
            isCutLeft = true
        }
        let isCutRight = text.count > width || windowEnd < bytes.count
        if text.count > width { text.removeLast(text.count - width) }
        let visible = max(0, min(marked.count, text.count - before.count) - 1)
        let padding = String(before.map { $0 == "\t" ? "\t" : " " })
        let lead = isCutLeft ? "…" : ""
        let marks = "^" + String(repeating: "~", count: visible)
        return [
            "  " + lead + String(text) + (isCutRight ? "…" : ""),
            "  " + (isCutLeft ? " " : "") + padding + paint(marks, "1;32"),
        ]
    }

    /// Without control characters, which could move a terminal's cursor.
    private func printable(_ text: String, keepingTabs: Bool = false) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            scalars.append(isControl && !(keepingTabs && scalar == "\t") ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }

    private func paint(_ text: String, _ code: String) -> String {
        colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
