import SpiceNetlist

/// Finds what the netlist's own file defines and nothing uses: parameters, functions, models, subcircuits and their ports.
///
/// A name counts as used wherever it stands as a word, so that what is reported is certain; included files are libraries,
/// of which nobody uses all.
struct UnusedDefinitions {
    private let netlist: Netlist
    private var uses: Set<String> = []
    /// Names that are looked for; nil for all words of a text.
    private var wanted: Set<String>?
    private var definitions: [Definition] = []
    private var definitionStarts: Set<UInt32> = []
    /// Of subcircuits: ports and parameters that their own cards do not name.
    private var unnamed: [(range: SourceRange, message: String, hint: String)] = []

    private struct Definition {
        var kind: String
        var name: String
        var range: SourceRange
        var hint: String
    }

    static func find(in netlist: Netlist, overridden: Set<String>, diagnostics: inout Diagnostics) {
        var search = UnusedDefinitions(netlist)
        search.collect(netlist.top)
        // A flat netlist of millions of cards has no definitions to look for.
        if !search.definitions.isEmpty {
            search.wanted = Set(search.definitions.map(\.name))
            search.read(netlist.top)
        }
        var found: [(range: SourceRange, message: String, hint: String)] = []
        for definition in search.definitions
        where !search.uses.contains(definition.name)
            && !(definition.kind == "parameter" && overridden.contains(definition.name))
        {
            found.append((definition.range, "\(definition.kind) '\(definition.name)' is never used", definition.hint))
        }
        found += search.unnamed
        for finding in found.sorted(by: { $0.range.start < $1.range.start }) {
            diagnostics.warning(finding.message, at: finding.range, hint: finding.hint)
        }
    }

    private init(_ netlist: Netlist) { self.netlist = netlist }

    // MARK: Definitions

    private mutating func collect(_ block: Block) {
        for card in block.cards {
            guard case .directive(let directive) = card.kind else { continue }
            switch directive {
            case .param, .globalParam:
                // Mistakes on the card were reported when it was read.
                var (statement, ignored) = (Statement(), Diagnostics())
                netlist.decode(card, into: &statement, freeExpressions: true, diagnostics: &ignored)
                for field in statement.fields {
                    if let key = field.key { define("parameter", key.range, "take it out, or use it") }
                }
            case .function:
                var ignored = Diagnostics()
                if let function = netlist.functionDefinition(card, diagnostics: &ignored) {
                    let text = netlist.sources.lowercased(card.range)
                    guard let place = text.firstRange(of: function.name) else { continue }
                    let start =
                        card.range.start + UInt32(text.utf8.distance(from: text.startIndex, to: place.lowerBound))
                    define(
                        "function",
                        SourceRange(
                            file: card.range.file, start: start, end: start + UInt32(function.name.utf8.count)),
                        "take it out, or use it")
                }
            case .model:
                var (statement, ignored) = (Statement(), Diagnostics())
                netlist.decode(card, into: &statement, diagnostics: &ignored)
                if let name = statement.fields.first(where: { $0.key == nil })?.value.range {
                    define("model", name, "take it out, or name it on an element")
                }
            default: break
            }
        }
        for subcircuit in block.subcircuits {
            define("subcircuit", subcircuit.name.range, "take it out, or call it with an X element")
            collect(subcircuit.body)
            guard subcircuit.name.range.file == 0 else { continue }
            var inside = self
            (inside.uses, inside.wanted) = ([], nil)
            inside.read(subcircuit.body)
            for parameter in subcircuit.parameters { inside.readWords(parameter.value.range) }
            // `a[0:n-1]` uses n.
            for port in subcircuit.ports { inside.readBus(port.range) }
            let called = netlist.sources.lowercased(subcircuit.name.range)
            for port in subcircuit.ports where port.range.file == 0 {
                let name = netlist.sources.lowercased(port.range)
                if inside.uses.contains(String(name.prefix { $0 != "[" })) { continue }
                unnamed.append(
                    (
                        port.range, "port '\(name)' of subcircuit '\(called)' is connected to nothing inside",
                        "connect it, or leave it out"
                    ))
            }
            for parameter in subcircuit.parameters where parameter.name.range.file == 0 {
                let name = netlist.sources.lowercased(parameter.name.range)
                // `m` counts instances without being named.
                if name == "m" || inside.uses.contains(name) { continue }
                unnamed.append(
                    (
                        parameter.name.range, "parameter '\(name)' of subcircuit '\(called)' is never used",
                        "take it out, or use it"
                    ))
            }
        }
    }

    private mutating func define(_ kind: String, _ range: SourceRange, _ hint: String) {
        guard range.file == 0 else { return }
        var name = netlist.sources.lowercased(range)
        // `f(x)={x*x}` and a model's bin `n.1` are known by what is in front.
        if let end = name.firstIndex(of: "(") { name = String(name[..<end]) }
        if kind == "model", let dot = name.lastIndex(of: "."), name[name.index(after: dot)...].allSatisfy(\.isNumber) {
            name = String(name[..<dot])
        }
        definitionStarts.insert(range.start)
        definitions.append(Definition(kind: kind, name: name, range: range, hint: hint))
    }

    // MARK: Uses

    private mutating func read(_ block: Block) {
        for card in block.cards { readWords(card.range) }
        for subcircuit in block.subcircuits {
            for parameter in subcircuit.parameters { readWords(parameter.value.range) }
            read(subcircuit.body)
        }
    }

    private mutating func readBus(_ range: SourceRange) {
        let text = netlist.sources.lowercased(range)
        guard let open = text.utf8.firstIndex(of: UInt8(ascii: "[")) else { return }
        var ends = range
        ends.start += UInt32(text.utf8.distance(from: text.startIndex, to: open))
        readWords(ends)
    }

    private mutating func use(_ word: String) {
        if wanted?.contains(word) ?? true { uses.insert(word) }
    }

    /// Words with their dots, and the parts between them: `x1.n` also is a use of `n`.
    private mutating func readWords(_ range: SourceRange) {
        let text = netlist.sources.lowercased(range)
        var word: [UInt8] = []
        var start = 0
        func isWord(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$")
                || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "!") || (0x30...0x39).contains(byte)
                || (0x61...0x7A).contains(byte)
        }
        for (offset, byte) in (Array(text.utf8) + [0]).enumerated() {
            if isWord(byte) {
                if word.isEmpty { start = offset }
                word.append(byte)
                continue
            }
            guard !word.isEmpty else { continue }
            if range.file != 0 || !definitionStarts.contains(range.start + UInt32(start)) {
                let whole = String(decoding: word, as: UTF8.self)
                use(whole)
                if word.contains(UInt8(ascii: ".")) { for part in whole.split(separator: ".") { use(String(part)) } }
            }
            word = []
        }
    }
}
