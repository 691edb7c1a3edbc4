/// A parsed netlist: the tree of its cards, with every included file in place.
///
/// Immutable and `Sendable`. It knows no device: an element is a letter and fields. Cards keep only their place in
/// the text; their fields are decoded on demand with ``Netlist/decode(_:into:freeExpressions:diagnostics:)``, so that
/// a million-element netlist costs a few bytes a card.
public struct Netlist: Sendable {
    public var sources: SourceMap
    public var dialect: Dialect
    /// The first line of the top file, as written.
    public var title: String
    public var top: Block
    /// Folders besides the netlist's own that files may be read from.
    public var libraryPaths: [String]

    /// The first line of the top file: where what is missing altogether is reported. nil for a netlist without text.
    public var titleRange: SourceRange? {
        sources.files.isEmpty ? nil : sources.lineRange(of: SourceRange(file: 0, start: 0, end: 0))
    }

    public init(sources: SourceMap, dialect: Dialect, title: String, top: Block, libraryPaths: [String] = []) {
        self.sources = sources
        self.dialect = dialect
        self.title = title
        self.top = top
        self.libraryPaths = libraryPaths
    }
}

/// The cards of the top level or of a subcircuit, in order.
public struct Block: Sendable {
    public var cards: [Card] = []
    /// Definitions inside this block; ``Card/Kind/subcircuit(_:)`` holds an index into it.
    public var subcircuits: [Subcircuit] = []
    public init() {}
}

/// One logical line: continuation lines joined, comments left out when it is decoded.
public struct Card: Sendable, BitwiseCopyable {
    public enum Kind: Sendable, Equatable, BitwiseCopyable {
        /// An element; the lower-case letter that its name begins with.
        case element(UInt8)
        case directive(Directive)
        /// `.subckt … .ends`, an index into ``Block/subcircuits``.
        case subcircuit(Int32)
    }
    public var kind: Kind
    /// From the first byte of its first line to the last byte of its last line.
    public var range: SourceRange

    public init(kind: Kind, range: SourceRange) {
        self.kind = kind
        self.range = range
    }
}

/// The dot cards that Hydron knows. Includes, libraries and `.end` are gone once a netlist is parsed.
public enum Directive: String, Sendable, CaseIterable, BitwiseCopyable {
    case param
    case globalParam = "global_param"
    case function = "func"
    case model, global
    case `if`, elseif, `else`, endif
    case temp, options
    case initialCondition = "ic"
    case nodeset
    case save, print, plot, probe, snapshot
    case measure = "meas"
    case assertion = "assert"
    case spec
    case step, data
    case op, dc, tran, ac, noise, tf, sens, pz, four, fft, disto, sp, lin
    case monteCarlo = "mc"
    case worstCase = "wcase"
    case sampling
    case preprocess
    /// Anything else, skipped with a warning.
    case unknown

    /// Whether it asks for a table of its own.
    var isAnalysis: Bool {
        switch self {
        case .op, .dc, .tran, .ac, .noise, .tf, .sens, .pz, .disto, .sp, .lin: true
        default: false
        }
    }
}

/// `.subckt name port… [params: name=value…]` and what it holds.
public struct Subcircuit: Sendable {
    public var name: Token
    public var ports: [Token]
    /// What the last ports are where a call names no nodes for them, `OPTIONAL: g=0` of PSpice: the nodes' names at the top.
    public var optionalNodes: [Token] = []
    public var parameters: [Assignment]
    public var body: Block
    public var range: SourceRange

    public init(name: Token, ports: [Token], parameters: [Assignment], body: Block, range: SourceRange) {
        self.name = name
        self.ports = ports
        self.parameters = parameters
        self.body = body
        self.range = range
    }
}

/// A word of a card.
public struct Token: Sendable, Hashable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// A bare word or number: `r1`, `10k`, `node_2`.
        case word
        /// `{…}` or `'…'`; the range is what stands inside.
        case expression
        /// `"…"`; the range is what stands inside.
        case string
    }
    public var kind: Kind
    public var range: SourceRange

    public init(kind: Kind, range: SourceRange) {
        self.kind = kind
        self.range = range
    }
}

/// `name = value`.
public struct Assignment: Sendable, Hashable, BitwiseCopyable {
    public var name: Token
    public var value: Token
    public init(name: Token, value: Token) {
        self.name = name
        self.value = value
    }
}

/// A card's words, decoded. One value is meant to be used again for card after card: decoding allocates nothing once
/// its array has grown.
public struct Statement: Sendable {
    /// A positional field (`key` nil) or the value of `key = value`. Parentheses and commas outside expressions only
    /// separate, as SPICE has it.
    public struct Field: Sendable, BitwiseCopyable {
        public var key: Token?
        public var value: Token
        public init(key: Token? = nil, value: Token) {
            self.key = key
            self.value = value
        }
    }
    /// The first word: the element's name, or the directive with its dot.
    public var name = Token(kind: .word, range: SourceRange(file: 0, start: 0, end: 0))
    public var fields: [Field] = []
    public init() {}
}
