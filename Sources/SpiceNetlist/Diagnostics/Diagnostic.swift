/// One finding about a netlist: what is wrong, where, and a way out.
public struct Diagnostic: Sendable, Equatable {
    public enum Severity: String, Sendable { case error, warning, note }

    public var severity: Severity
    /// One sentence without a full stop, naming the node, device or parameter it is about.
    public var message: String
    /// Where; nil only where no text is to blame (a file that can't be opened on the command line).
    public var range: SourceRange?
    /// A way out, shown as `hint: …`.
    public var hint: String?
    /// Text that mends it; what ``hint`` says in words.
    public var fixIt: FixIt?
    /// Further places: the subcircuit calls that led here, the earlier definition, …
    public var notes: [Note]

    public struct Note: Sendable, Equatable {
        public var message: String
        public var range: SourceRange?
        public init(_ message: String, at range: SourceRange? = nil) {
            self.message = message
            self.range = range
        }
    }

    /// A replacement of text. An empty range makes it an insertion.
    public struct FixIt: Sendable, Equatable {
        public var range: SourceRange
        public var text: String
        public init(replacing range: SourceRange, with text: String) {
            self.range = range
            self.text = text
        }
    }

    public init(
        _ severity: Severity, _ message: String, at range: SourceRange? = nil, hint: String? = nil, notes: [Note] = [],
        fixIt: FixIt? = nil
    ) {
        self.severity = severity
        self.message = message
        self.range = range
        self.hint = hint
        self.notes = notes
        self.fixIt = fixIt
    }
}

/// Findings in the order in which they were made. Collecting goes on up to ``errorLimit`` errors.
public struct Diagnostics: Sendable {
    public static let errorLimit = 20
    /// Further warnings are counted, but not kept.
    public static let warningLimit = 200

    public private(set) var all: [Diagnostic] = []
    public private(set) var errorCount = 0
    public private(set) var warningCount = 0

    public init() {}

    public var hasErrors: Bool { errorCount > 0 }
    /// True once so many errors were found that going on would only bury them.
    public var isFull: Bool { errorCount >= Self.errorLimit }

    public mutating func append(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error {
            guard !isFull else { return }
            errorCount += 1
        }
        if diagnostic.severity == .warning {
            warningCount += 1
            guard warningCount <= Self.warningLimit else { return }
        }
        all.append(diagnostic)
    }

    public mutating func error(
        _ message: String, at range: SourceRange?, hint: String? = nil, notes: [Diagnostic.Note] = []
    ) {
        append(Diagnostic(.error, message, at: range, hint: hint, notes: notes))
    }

    /// Changes one that is there already.
    mutating func amend(_ index: Int, _ change: (inout Diagnostic) -> Void) { change(&all[index]) }

    public mutating func warning(
        _ message: String, at range: SourceRange?, hint: String? = nil, notes: [Diagnostic.Note] = [],
        fixIt: Diagnostic.FixIt? = nil
    ) {
        append(Diagnostic(.warning, message, at: range, hint: hint, notes: notes, fixIt: fixIt))
    }
}

extension Diagnostic {
    /// The fix-it, or the one that a hint `did you mean 'x'?` stands for: where the marked text is the name that the message
    /// is about.
    public func anyFixIt(in sources: SourceMap) -> FixIt? {
        if let fixIt { return fixIt }
        let (head, tail) = ("did you mean '", "'?")
        guard let range, let hint, hint.hasPrefix(head), hint.hasSuffix(tail) else { return nil }
        guard message.contains("'\(sources.lowercased(range))'") else { return nil }
        return FixIt(replacing: range, with: String(hint.dropFirst(head.count).dropLast(tail.count)))
    }
}
