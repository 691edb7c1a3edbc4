import SpiceNetlist

/// Finds the unknown of a node by its name: ground and its other names, ports of a subcircuit, global nodes, nodes of one
/// scope.
final class NodeNames {
    private unowned let elaborator: Elaborator
    private let card: ElementCard
    private let netlist: Netlist
    /// First bytes of each source file, so that names are read without a lookup.
    private let files: [UnsafePointer<UInt8>?]
    /// Names declared by `.global`.
    private var globals: Set<String> = []
    /// `gnd` and the like are ground in a dialect where they are nodes of their own otherwise.
    var replacesGround = false
    /// Words that name nodes, where an editor asks for them.
    private(set) var words: Set<SourceRange>?

    /// - Parameters:
    ///   - card: holds the circuit that is being made.
    ///   - notesWords: keeps ``words``.
    init(_ elaborator: Elaborator, _ card: ElementCard, files: [UnsafePointer<UInt8>?], notesWords: Bool) {
        self.elaborator = elaborator
        self.card = card
        self.files = files
        netlist = elaborator.netlist
        words = notesWords ? [] : nil
    }

    /// The unknown of a node as written in `scope`.
    func node(_ token: Token, in scope: Scope) -> Int32? {
        let range = token.range
        note(range)
        if scope.isTop, let base = files[Int(range.file)] {
            let bytes = UnsafeBufferPointer(start: base + Int(range.start), count: Int(range.end - range.start))
            if bytes.count == 1, bytes[0] == UInt8(ascii: "0") { return 0 }
            if bytes.count < 7, mayBeGround(bytes), isGround(netlist.sources.lowercased(range)) { return 0 }
            if bytes.last == UInt8(ascii: "]") { return indexedNode(token, in: scope) }
            let id = card.builder.unknowns.nodeNames.intern(bytes)
            return card.builder.unknowns.node(id: id)
        }
        return indexedNode(token, in: scope)
    }

    func node(_ name: String, in scope: Scope) -> Int32 {
        if name == "0" || isGround(name) { return 0 }
        if let port = scope.ports[name] { return port }
        if globals.contains(name) || name.hasPrefix("$g") { return card.builder.node(name) }
        return card.builder.node(scope.prefix + netlist.dialect.hierarchical(name))
    }

    /// The node that a word with brackets names.
    private func indexedNode(_ token: Token, in scope: Scope) -> Int32? {
        let text = netlist.sources.lowercased(token.range)
        guard BusName.isIndexed(text) else { return node(text, in: scope) }
        return elaborator.buses.single(text, at: token.range, in: scope).map { node($0, in: scope) }
    }

    /// The unknowns of a bus, or of a single node; nil after an error. Of several elements on one card each has its own
    /// node of the bus.
    func nodes(of token: Token, in scope: Scope) -> [Int32]? {
        let buses = elaborator.buses!
        guard scope.instance == nil, buses.isBus(token) else { return node(token, in: scope).map { [$0] } }
        note(token.range)
        return buses.names(of: token, in: scope).map { $0.map { node($0, in: scope) } }
    }

    private func note(_ word: SourceRange) {
        if words != nil { words?.insert(word) }
    }

    // MARK: - Names that more than one node has, or one of several

    /// `.global`
    func declareGlobal(_ name: String) { globals.insert(name) }

    /// Makes `name` another name of an unknown.
    func alias(_ name: String, to unknown: Int32) {
        let id = card.builder.unknowns.nodeNames.intern(name)
        card.builder.unknowns.alias(id: id, to: unknown)
    }

    private func mayBeGround(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.first.map { $0 | 0x20 == UInt8(ascii: "g") } ?? false
    }

    private func isGround(_ name: String) -> Bool {
        netlist.dialect.isGround(name, replacingGround: replacesGround)
    }

    /// Names of ground besides `0`.
    var grounds: [String] {
        netlist.dialect.groundAliases + (replacesGround ? netlist.dialect.replaceableGroundAliases : [])
    }

    /// Warns of a node whose name means ground to another dialect and is one of its own here.
    func warnOfGroundNames() {
        for name in netlist.dialect.replaceableGroundAliases {
            guard let unknown = card.builder.unknowns.node(named: name), unknown > 0,
                let range = card.builder.firstElement(touching: unknown)
            else { continue }
            elaborator.diagnostics.warning(
                "node '\(name)' is not ground in the \(netlist.dialect.name) dialect", at: range,
                hint: netlist.dialect.groundHint)
        }
    }
}

extension Dialect {
    /// `x1:x2:n` in the spelling of this house, `x1.x2.n`.
    func hierarchical(_ name: String) -> String {
        colonSeparatesNames ? String(name.map { $0 == ":" ? "." : $0 }) : name
    }

    /// `x1:r1:r` in the spelling of this house, `x1.r1:r`.
    func hierarchicalParameter(_ written: String) -> String {
        guard let colon = written.lastIndex(of: ":") else { return hierarchical(written) }
        return hierarchical(String(written[..<colon])) + ":" + written[written.index(after: colon)...]
    }
}
