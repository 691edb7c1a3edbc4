import SpiceNetlist

/// Expands calls of subcircuits: for each a scope of its own, with the ports tied to the caller's nodes, in which the cards
/// of the definition are read again.
final class SubcircuitExpander {
    private unowned let elaborator: Elaborator
    private let netlist: Netlist
    /// Keeps what is needed to read subcircuits that nothing calls as well.
    private let readsUncalled: Bool
    private var definitions: [Scope.Definition] = []
    private var called: Set<SourceRange> = []
    private static let deepestNesting = 60
    private var sources: SourceMap { netlist.sources }

    init(_ elaborator: Elaborator, readsUncalled: Bool) {
        self.elaborator = elaborator
        self.readsUncalled = readsUncalled
        netlist = elaborator.netlist
    }

    // MARK: - The card

    /// Reads the card of a call, or of several, `x[0:3] …`.
    func read(_ card: Card, in scope: Scope) {
        var statement = Statement()
        guard netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics) else { return }
        guard elaborator.buses.isBus(statement.name) else {
            return read(card, statement, named: sources.lowercased(statement.name.range), in: scope)
        }
        elaborator.buses.eachInstance(of: statement.name, in: scope) { read(card, statement, named: $0, in: $1) }
    }

    /// PSpice's `TEXT: name="file"` is for digital parts.
    private func withoutTexts(_ statement: Statement) -> Statement {
        func isMark(_ field: Statement.Field, _ word: String) -> Bool {
            field.key == nil && field.value.kind == .word && sources.lowercased(field.value.range) == word
        }
        guard let first = statement.fields.firstIndex(where: { isMark($0, "text:") }) else { return statement }
        var result = statement
        let end = result.fields[first...].firstIndex { isMark($0, "params:") } ?? result.fields.endIndex
        result.fields.removeSubrange(first..<end)
        return result
    }

    private func read(_ card: Card, _ statement: Statement, named name: String, in scope: Scope) {
        guard scope.depth < Self.deepestNesting else {
            elaborator.error(
                "subcircuit calls are nested more than \(Self.deepestNesting) deep", at: card.range, in: scope,
                hint: "a subcircuit that calls itself never ends")
            return
        }
        let statement = withoutTexts(statement)
        var words = statement.fields.filter { $0.key == nil }.map(\.value)
        if let marker = words.firstIndex(where: { ["params:", "params"].contains(sources.lowercased($0.range)) }) {
            words.remove(at: marker)
        }
        guard let last = words.popLast() else {
            elaborator.error(
                "'\(name)' calls no subcircuit", at: card.range, in: scope, hint: "write `\(name) nodes… subcircuit`")
            return
        }
        let wanted = sources.lowercased(last.range)
        if wanted == "crossbar", scope.definition(wanted) == nil {
            CrossbarCard(elaborator, statement, card, named: name, ports: words, in: scope).read()
            return
        }
        guard let definition = scope.definition(wanted) else {
            let near = suggestion(for: wanted, among: scope.visibleSubcircuits)
            elaborator.error(
                "no subcircuit '\(wanted)'", at: last.range, in: scope,
                hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.subckt \(wanted) …`")
            return
        }
        var nodes: [Int32] = []
        for word in words {
            guard let more = elaborator.nodes.nodes(of: word, in: scope) else { return }
            nodes += more
        }
        call(definition, card, statement, named: name, nodes: nodes, in: scope)
    }

    // MARK: - The call

    /// Expands a subcircuit between `nodes`; parameters are the keyed fields of `statement`.
    func call(
        _ definition: Scope.Definition, _ card: Card, _ statement: Statement, named name: String, nodes: [Int32],
        in scope: Scope
    ) {
        let subcircuit = definition.subcircuit
        if readsUncalled { called.insert(subcircuit.name.range) }
        guard file(scope.prefix + name, at: statement.name.range, in: scope) else { return }
        let inner = Scope(
            elaborator, outer: definition.scope, caller: scope, prefix: "\(scope.prefix)\(name).",
            call: Scope.Call(name: scope.prefix + name, range: card.range),
            multiplier: multiplier(statement, of: subcircuit, in: scope))
        setDefaults(of: subcircuit, in: inner)
        let declared = Set(inner.parameters.keys)
        pass(statement, to: inner, from: scope)
        guard connect(card, name, nodes, to: subcircuit, inner: inner, in: scope) else { return }
        let active = DefinitionReader(elaborator).read(subcircuit.body, in: inner)
        warnOfUnknownParameters(statement, declared, of: subcircuit, active, inner: inner, in: scope)
        readBody(of: subcircuit, active, in: inner)
        readLocalConditions(active, in: inner)
    }

    /// Files the name of a call among those of elements; false, after an error, where it was used before.
    private func file(_ name: String, at range: SourceRange, in scope: Scope) -> Bool {
        let before = elaborator.card.builder.directory.names.count
        let id = elaborator.card.builder.directory.names.intern(name)
        if Int(id) == before { return true }
        elaborator.error(
            "'\(name)' is the name of two elements", at: range, in: scope, hint: "give one of them another name")
        return false
    }

    /// Of all elements inside, by `m=` of this call and those around it.
    private func multiplier(_ statement: Statement, of subcircuit: Subcircuit, in scope: Scope) -> Double {
        var multiplier = scope.multiplier
        for field in statement.fields {
            if let key = field.key, sources.lowercased(key.range) == "m",
                !subcircuit.parameters.contains(where: { sources.lowercased($0.name.range) == "m" }),
                let value = elaborator.values.value(field.value, in: scope)
            {
                multiplier *= value
            }
        }
        return multiplier
    }

    /// Defaults stand in the definition.
    private func setDefaults(of subcircuit: Subcircuit, in inner: Scope) {
        for parameter in subcircuit.parameters {
            inner.parameters[sources.lowercased(parameter.name.range)] = .token(parameter.value, inner)
        }
    }

    /// What the call gives stands in the caller.
    private func pass(_ statement: Statement, to inner: Scope, from scope: Scope) {
        let passing = Scope(elaborator, outer: scope, caller: scope, prefix: scope.prefix, call: scope.call)
        passing.fallback = inner
        for field in statement.fields {
            guard let key = field.key else { continue }
            let parameter = sources.lowercased(key.range)
            inner.parameters[parameter] = .token(field.value, passing)
            inner.passedParameters.insert(parameter)
        }
    }

    /// Gives the nodes of a call to the ports of a subcircuit; each may be a bus of several.
    private func connect(
        _ card: Card, _ name: String, _ nodes: [Int32], to subcircuit: Subcircuit, inner: Scope, in scope: Scope
    ) -> Bool {
        let wanted = sources.lowercased(subcircuit.name.range)
        var ports: [String] = []
        for port in subcircuit.ports {
            guard let names = elaborator.buses.names(of: port, in: inner) else { return false }
            ports += names
        }
        var nodes = nodes
        if nodes.count < ports.count {
            // The last ports may have nodes of their own.
            let missing = min(ports.count - nodes.count, subcircuit.optionalNodes.count)
            for token in subcircuit.optionalNodes.suffix(missing) {
                guard let node = elaborator.nodes.node(token, in: elaborator.top) else { return false }
                nodes.append(node)
            }
        }
        guard nodes.count == ports.count else {
            elaborator.error(
                "subcircuit '\(wanted)' has \(ports.count) port\(ports.count == 1 ? "" : "s"), '\(name)' gives \(nodes.count) node\(nodes.count == 1 ? "" : "s")",
                at: card.range, in: scope, notes: [.init("defined here", at: subcircuit.name.range)])
            return false
        }
        for (port, unknown) in zip(ports, nodes) {
            if let other = inner.ports[port] {
                if netlist.dialect.portsMayRepeat {
                    if other == unknown { continue }
                    elaborator.error(
                        "port '\(port)' of '\(wanted)' stands twice, and '\(name)' gives it two different nodes",
                        at: card.range, in: scope, notes: [.init("defined here", at: subcircuit.name.range)])
                    return false
                }
                // Of single names this was said when the subcircuit was read.
                if subcircuit.ports.contains(where: { elaborator.buses.isBus($0) }) {
                    elaborator.error(
                        "port '\(port)' of '\(wanted)' stands twice", at: subcircuit.name.range, in: scope)
                }
                return false
            }
            inner.ports[port] = unknown
            // Seen from outside, the port is a node of the instance.
            elaborator.nodes.alias(inner.prefix + port, to: unknown)
        }
        return true
    }

    private func readBody(of subcircuit: Subcircuit, _ active: [Card], in inner: Scope) {
        inner.evaluateParameters()
        elaborator.survey?.note(inner, subcircuit)
        elaborator.elements.read(active, in: inner)
    }

    /// `.ic` and `.nodeset` inside subcircuits.
    private func readLocalConditions(_ cards: [Card], in scope: Scope) {
        for card in cards {
            guard case .directive(let directive) = card.kind else { continue }
            if directive == .initialCondition || directive == .nodeset {
                elaborator.completions.append { [unowned elaborator] in
                    DirectiveReader(elaborator, []).readNodeConditions(card, directive, in: scope)
                }
            }
        }
    }

    // MARK: - Parameters that nothing takes

    private func warnOfUnknownParameters(
        _ statement: Statement, _ declared: Set<String>, of subcircuit: Subcircuit, _ active: [Card], inner: Scope,
        in scope: Scope
    ) {
        for parameter in inner.passedParameters.sorted()
        where !declared.contains(parameter) && parameter != "m" && inner.parameterRanges[parameter] == nil
            && !bodySets(parameter, active)
        {
            let near = suggestion(for: parameter, among: declared.sorted())
            elaborator.diagnostics.warning(
                "subcircuit '\(sources.lowercased(subcircuit.name.range))' has no parameter '\(parameter)'",
                at: statement.fields.lazy.compactMap(\.key?.range).first { sources.lowercased($0) == parameter },
                hint: near.map { "did you mean '\($0)'?" }, notes: scope.callNotes)
        }
    }

    /// True where a `.param` among the cards sets this name.
    private func bodySets(_ name: String, _ cards: [Card]) -> Bool {
        for card in cards where card.kind == .directive(.param) {
            var statement = Statement()
            netlist.decode(
                card, into: &statement, freeExpressions: true, diagnostics: &elaborator.diagnostics)
            if statement.fields.contains(where: { $0.key.map { sources.lowercased($0.range) == name } ?? false }) {
                return true
            }
        }
        return false
    }

    // MARK: - What nothing calls

    /// Takes note of a definition, which may be one that nothing calls.
    func note(_ definition: Scope.Definition) {
        if readsUncalled { definitions.append(definition) }
    }

    /// Reads each subcircuit that was not called once, with its own defaults, where that is asked for.
    func readUncalled() {
        var next = 0
        // Reading one may define or call others.
        while next < definitions.count, !elaborator.diagnostics.isFull {
            let definition = definitions[next]
            next += 1
            let subcircuit = definition.subcircuit
            guard called.insert(subcircuit.name.range).inserted else { continue }
            let name = sources.lowercased(subcircuit.name.range)
            let outer = definition.scope
            let inner = Scope(
                elaborator, outer: outer, caller: outer, prefix: "\(outer.prefix)\(name):",
                call: Scope.Call(
                    name: "in subcircuit '\(name)', which nothing calls", range: subcircuit.name.range, isMade: false))
            setDefaults(of: subcircuit, in: inner)
            for port in subcircuit.ports {
                for port in elaborator.buses.names(of: port, in: inner) ?? [] {
                    inner.ports[port] = elaborator.card.builder.node(inner.prefix + port)
                }
            }
            readBody(of: subcircuit, DefinitionReader(elaborator).read(subcircuit.body, in: inner), in: inner)
        }
    }
}
