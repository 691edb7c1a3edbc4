import Hydron
import SpiceNetlist

/// What the words of a netlist stand for, and what they are defined by.
///
/// Blocks are the top level (0) and the bodies of subcircuits. A word belongs to the block whose name it is: parameters,
/// models and subcircuits to the one around it that defines them, nodes and elements to the one it names, so that the `n` of
/// `v(x1.n)` belongs to the subcircuit that `x1` calls.
struct NetlistIndex {
    enum Meaning: Equatable {
        case node, element, parameter, function, model, subcircuit
        /// A key on the card of an element, or of a model of this type.
        case elementParameter(Character)
        case modelParameter(type: String)
        case option
        case directive(Directive)
        /// PULSE and its kin.
        case waveform
        case number
    }

    struct Word: Equatable {
        var range: SourceRange
        var meaning: Meaning
        /// Lower-case.
        var name: String
        var block: Int
        var isDefinition = false
    }

    struct Block {
        var parent: Int?
        /// nil at the top level.
        var subcircuit: Subcircuit?
        var range: SourceRange?
        var names: [Kind: Set<String>] = [:]
        /// Element → subcircuit that it calls, model that it names.
        var calls: [String: String] = [:]
        var modelTypes: [String: String] = [:]
    }

    /// What blocks define.
    enum Kind { case parameter, function, model, subcircuit }

    let netlist: Netlist
    let survey: NetlistSurvey
    private(set) var words: [Word] = []
    private(set) var blocks: [Block] = []
    /// Blocks of subcircuits by the places of their names.
    private var blockOfName: [SourceRange: Int] = [:]

    init(_ netlist: Netlist, modules: OSDIModules) {
        self.netlist = netlist
        survey = NetlistSurvey(of: netlist, modules: modules)
        define(netlist.top, nil, parent: nil)
        var next = 0
        read(netlist.top, &next)
    }

    // MARK: Asking

    /// The word at a byte of a file, or right before it.
    func word(at offset: Int, file: UInt32) -> Word? {
        func contains(_ range: SourceRange) -> Bool {
            range.file == file && Int(range.start) <= offset && offset <= Int(range.end)
        }
        return words.filter { contains($0.range) }.min { $0.range.end - $0.range.start < $1.range.end - $1.range.start }
    }

    /// Every place of what a word stands for.
    func places(of word: Word) -> [Word] {
        words.filter { $0.name == word.name && $0.block == word.block && $0.meaning == word.meaning }
    }

    /// What a parameter is worth: at the top level once, in a subcircuit for each call.
    func values(of word: Word) -> [NetlistSurvey.Value] {
        let subcircuit = blocks[word.block].subcircuit?.name.range
        return survey.values.filter { $0.name == word.name && $0.subcircuit == subcircuit }
    }

    /// The block that defines a name, from `block` outwards.
    func owner(_ kind: Kind, _ name: String, from block: Int) -> Int? {
        var at: Int? = block
        while let current = at {
            if blocks[current].names[kind]?.contains(name) == true { return current }
            at = blocks[current].parent
        }
        return nil
    }

    // MARK: Definitions

    private func text(_ range: SourceRange) -> String { netlist.sources.lowercased(range) }

    private func decoded(_ card: Card, freeExpressions: Bool = false) -> Statement {
        // Mistakes on the card are reported elsewhere.
        var (statement, ignored) = (Statement(), Diagnostics())
        netlist.decode(card, into: &statement, freeExpressions: freeExpressions, diagnostics: &ignored)
        return statement
    }

    private mutating func define(_ body: SpiceNetlist.Block, _ subcircuit: Subcircuit?, parent: Int?) {
        let at = blocks.count
        blocks.append(Block(parent: parent, subcircuit: subcircuit, range: subcircuit?.range))
        if let subcircuit { blockOfName[subcircuit.name.range] = at }
        for parameter in subcircuit?.parameters ?? [] { note(.parameter, text(parameter.name.range), in: at) }
        for card in body.cards {
            guard case .directive(let directive) = card.kind else {
                if case .element(UInt8(ascii: "x")) = card.kind {
                    let statement = decoded(card)
                    if let called = Self.called(statement, text) {
                        blocks[at].calls[text(statement.name.range)] = text(called.range)
                    }
                }
                continue
            }
            switch directive {
            case .param, .globalParam:
                for field in decoded(card, freeExpressions: true).fields {
                    guard let key = field.key else { continue }
                    let name = text(key.range)
                    if let open = name.firstIndex(of: "(") {
                        note(.function, String(name[..<open]), in: at)
                    } else {
                        note(.parameter, name, in: directive == .globalParam ? 0 : at)
                    }
                }
            case .function:
                var ignored = Diagnostics()
                if let function = netlist.functionDefinition(card, diagnostics: &ignored) {
                    note(.function, function.name, in: at)
                }
            case .model:
                let words = decoded(card).fields.filter { $0.key == nil }.map { text($0.value.range) }
                if let name = words.first {
                    note(.model, name, in: at)
                    if words.count > 1 { blocks[at].modelTypes[name] = words[1] }
                }
            default: break
            }
        }
        for inner in body.subcircuits {
            note(.subcircuit, text(inner.name.range), in: at)
            define(inner.body, inner, parent: at)
        }
    }

    private mutating func note(_ kind: Kind, _ name: String, in block: Int) {
        blocks[block].names[kind, default: []].insert(name)
    }

    /// The subcircuit that a card calls.
    private static func called(_ statement: Statement, _ text: (SourceRange) -> String) -> Token? {
        statement.fields.last { $0.key == nil && !["params:", "params"].contains(text($0.value.range)) }?.value
    }

    // MARK: Words

    /// Walks as ``define(_:_:parent:)`` did, so that blocks have their numbers.
    private mutating func read(_ body: SpiceNetlist.Block, _ next: inout Int) {
        let at = next
        next += 1
        if let subcircuit = blocks[at].subcircuit {
            for port in subcircuit.ports { add(port.range, .node, block: at, isDefinition: true) }
            for parameter in subcircuit.parameters {
                add(parameter.name.range, .parameter, block: at, isDefinition: true)
                value(parameter.value, in: at)
            }
        }
        for card in body.cards {
            switch card.kind {
            case .element(let letter): element(card, Character(UnicodeScalar(letter)), in: at)
            case .directive(let directive): self.directive(card, directive, in: at)
            case .subcircuit: break
            }
        }
        for inner in body.subcircuits {
            add(inner.name.range, .subcircuit, block: at, isDefinition: true)
            read(inner.body, &next)
        }
    }

    private mutating func add(
        _ range: SourceRange, _ meaning: Meaning, name: String? = nil, block: Int, isDefinition: Bool = false
    ) {
        guard range.end > range.start else { return }
        words.append(
            Word(range: range, meaning: meaning, name: name ?? text(range), block: block, isDefinition: isDefinition))
    }

    private mutating func element(_ card: Card, _ letter: Character, in block: Int) {
        let statement = decoded(card, freeExpressions: letter == "b")
        add(statement.name.range, .element, block: block, isDefinition: true)
        let called = letter == "x" ? Self.called(statement, text) : nil
        let target = called.flatMap { self.block(ofSubcircuit: text($0.range), from: block) }
        for field in statement.fields {
            if let key = field.key {
                if let target {
                    add(key.range, .parameter, block: target)
                } else {
                    add(key.range, .elementParameter(letter), block: block)
                }
                value(field.value, in: block)
            } else if field.value.range == called?.range {
                let name = text(field.value.range)
                if let owner = owner(.subcircuit, name, from: block) {
                    add(field.value.range, .subcircuit, block: owner)
                }
            } else if survey.nodes.contains(field.value.range) {
                node(field.value.range, in: block)
            } else if "vi".contains(letter), ElementReferenceManual.waveformNames.contains(text(field.value.range)) {
                add(field.value.range, .waveform, block: block)
            } else {
                value(field.value, in: block, mayBeModel: true)
            }
        }
        probes(card.range, in: block)
    }

    private func block(ofSubcircuit name: String, from block: Int) -> Int? {
        guard let owner = owner(.subcircuit, name, from: block) else { return nil }
        return blocks.indices.first {
            blocks[$0].parent == owner && blocks[$0].subcircuit.map { text($0.name.range) } == name
        }
    }

    /// A node or element by its path: `x1.x2.n` belongs to what `x2` calls.
    private mutating func path(_ range: SourceRange, _ meaning: Meaning, in block: Int) {
        let parts = text(range).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        var (at, start) = (block, range.start)
        for part in parts.dropLast() {
            guard let called = blocks[at].calls[part], let inner = self.block(ofSubcircuit: called, from: at) else {
                // A name with a dot that is no path.
                return add(range, meaning, block: block)
            }
            let length = UInt32(part.utf8.count)
            add(SourceRange(file: range.file, start: start, end: start + length), .element, block: at)
            at = inner
            start += length + 1
        }
        add(SourceRange(file: range.file, start: start, end: range.end), meaning, block: at)
    }

    private mutating func node(_ range: SourceRange, in block: Int) {
        let name = text(range)
        if name == "0" || netlist.dialect.groundAliases.contains(name) { return }
        path(range, .node, in: block)
    }

    /// A number, an expression, or a word that is the name of a parameter or a model.
    private mutating func value(_ token: Token, in block: Int, mayBeModel: Bool = false) {
        guard token.kind != .string else { return }
        if netlist.number(token) != nil { return add(token.range, .number, block: block) }
        let name = text(token.range)
        if mayBeModel, token.kind == .word, let owner = owner(.model, name, from: block) {
            return add(token.range, .model, block: owner)
        }
        var ignored = Diagnostics()
        if let expression = netlist.expression(token, diagnostics: &ignored) { names(of: expression, in: block) }
    }

    private mutating func names(of expression: Expression, except arguments: Set<String> = [], in block: Int) {
        var found: [(SourceRange, Meaning, String, Int)] = []
        expression.visit { part in
            switch part {
            case .name(let name, let range) where !arguments.contains(name):
                if let owner = owner(.parameter, name, from: block) { found.append((range, .parameter, name, owner)) }
            case .call(let name, _, let range):
                guard let owner = owner(.function, name, from: block) else { return }
                let end = range.start + UInt32(name.utf8.count)
                found.append((SourceRange(file: range.file, start: range.start, end: end), .function, name, owner))
            case .number(_, let range): found.append((range, .number, text(range), block))
            default: break
            }
        }
        for (range, meaning, name, owner) in found { add(range, meaning, name: name, block: owner) }
    }

    private mutating func directive(_ card: Card, _ directive: Directive, in block: Int) {
        let word = netlist.sources.firstWord(of: card.range)
        add(word, .directive(directive), block: block)
        switch directive {
        case .param, .globalParam:
            let owner = directive == .globalParam ? 0 : block
            for field in decoded(card, freeExpressions: true).fields {
                guard let key = field.key else { continue }
                if text(key.range).contains("(") {
                    var ignored = Diagnostics()
                    if let function = netlist.functionDefinition(
                        Assignment(name: key, value: field.value), diagnostics: &ignored)
                    {
                        self.function(function, in: block)
                    }
                    continue
                }
                add(key.range, .parameter, block: owner, isDefinition: true)
                value(field.value, in: block)
            }
        case .function:
            var ignored = Diagnostics()
            if let function = netlist.functionDefinition(card, diagnostics: &ignored) {
                self.function(function, in: block)
            }
        case .model: model(card, in: block)
        case .options:
            for field in decoded(card).fields { add((field.key ?? field.value).range, .option, block: block) }
        case .global:
            for field in decoded(card).fields { node(field.value.range, in: 0) }
        default:
            for field in decoded(card).fields {
                let range = field.value.range
                switch field.value.kind {
                case .expression: value(field.value, in: block)
                case .word:
                    let name = text(range)
                    if netlist.number(field.value) != nil {
                        add(range, .number, block: block)
                    } else if let owner = owner(.parameter, name, from: block) {
                        add(range, .parameter, block: owner)
                    }
                case .string: break
                }
            }
            probes(card.range, in: block)
        }
    }

    private mutating func function(_ function: FunctionDefinition, in block: Int) {
        add(function.nameRange, .function, block: block, isDefinition: true)
        names(of: function.body, except: Set(function.arguments.map { text($0.range) }), in: block)
    }

    private mutating func model(_ card: Card, in block: Int) {
        let fields = decoded(card).fields
        let words = fields.filter { $0.key == nil }
        guard let name = words.first else { return }
        add(name.value.range, .model, block: block, isDefinition: true)
        let type = words.count > 1 ? text(words[1].value.range) : ""
        for field in fields {
            guard let key = field.key else { continue }
            add(key.range, .modelParameter(type: type), block: block)
            value(field.value, in: block)
        }
    }

    /// `v(a,b)`, `vdb(out)`, `i(x1.r2)` wherever they stand on a card.
    private mutating func probes(_ card: SourceRange, in block: Int) {
        let bytes = netlist.sources.withBytes(card) { $0.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
        func isName(_ byte: UInt8) -> Bool {
            byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
                || "_.$#!:+-/[]".utf8.contains(byte)
        }
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        var at = 0
        while at < bytes.count {
            guard isLetter(bytes[at]), at == 0 || !isName(bytes[at - 1]) || "+-/".utf8.contains(bytes[at - 1]) else {
                at += 1
                continue
            }
            let start = at
            while at < bytes.count, isLetter(bytes[at]) { at += 1 }
            let name = String(decoding: bytes[start..<at], as: UTF8.self)
            guard at < bytes.count, bytes[at] == UInt8(ascii: "("), let meaning = Self.probeMeaning(name) else {
                continue
            }
            at += 1
            while at < bytes.count, bytes[at] != UInt8(ascii: ")") {
                let first = at
                while at < bytes.count, isName(bytes[at]) { at += 1 }
                if at > first {
                    let range = SourceRange(
                        file: card.file, start: card.start + UInt32(first), end: card.start + UInt32(at))
                    if meaning == .node { node(range, in: block) } else { path(range, meaning, in: block) }
                } else {
                    at += 1
                }
            }
        }
    }

    private static func probeMeaning(_ name: String) -> Meaning? {
        switch name {
        case "v", "vm", "vp", "vdb", "vr", "vi": .node
        case "i", "im", "ip", "idb", "ir", "ii", "p": .element
        default: nil
        }
    }
}
