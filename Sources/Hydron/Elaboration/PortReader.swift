import SpiceNetlist

/// What analyses of linearised circuits name: an output, and the source that drives it.
extension DirectiveReader {
    /// `v(node)`, `v(node,reference)`, or `i(source)` of an element with a current of its own; nil after a diagnostic.
    func output(_ token: Token, of card: String, hint: String) -> LinearOutput? {
        let written = text(token).filter { $0 != " " }
        guard written.hasSuffix(")"), written.hasPrefix("v(") || written.hasPrefix("i(") else {
            error("the output of \(card) is a voltage or a source's current, not '\(written)'", token.range, hint: hint)
            return nil
        }
        let names = written.dropFirst(2).dropLast().split(separator: ",", omittingEmptySubsequences: false).map(
            String.init)
        if written.hasPrefix("i(") {
            guard let name = names.first, names.count == 1, let branch = branch(name, token.range, hint: hint) else {
                return nil
            }
            return LinearOutput(label: written, plus: branch, minus: 0, isCurrent: true)
        }
        guard names.count == 1 || names.count == 2 else {
            error("the output of \(card) is a voltage of one node or between two", token.range, hint: hint)
            return nil
        }
        var unknowns = [0, 0]
        for (index, name) in names.enumerated() {
            guard let unknown = unknown(name, at: token.range) else { return nil }
            unknowns[index] = unknown
        }
        return LinearOutput(label: written, plus: unknowns[0], minus: unknowns[1], isCurrent: false)
    }

    private func branch(_ written: String, _ range: SourceRange, hint: String) -> Int? {
        let name = elaborator.netlist.dialect.hierarchical(written)
        let builder = elaborator.card.builder
        guard let reference = builder.directory.find(name) else {
            let near = suggestion(for: name, among: elaborator.elementNames)
            error("no element '\(written)'", range, hint: near.map { "did you mean '\($0)'?" } ?? hint)
            return nil
        }
        let population = builder.population(Int(reference.population))
        guard let local = population.branchUnknown else {
            error(
                "'\(written)' has no current of its own", range, hint: "put a 0 V source in series and name that")
            return nil
        }
        return Int(population.unknown(local, of: Int(reference.index)))
    }

    /// An independent source by name; nil after a diagnostic.
    func source(_ token: Token, _ purpose: String, hint: String) -> LinearSource? {
        let name = elaborator.netlist.dialect.hierarchical(text(token))
        let builder = elaborator.card.builder
        let reference = builder.directory.find(name)
        let population = reference.map { builder.population(Int($0.population)) }
        guard let reference, population is VoltageSources || population is PortSources || population is CurrentSources
        else {
            let near = suggestion(
                for: name, among: elaborator.elementNames.filter { $0.first == "v" || $0.first == "i" })
            error(
                "'\(name)' is no independent source \(purpose)", token.range,
                hint: near.map { "did you mean '\($0)'?" } ?? hint)
            return nil
        }
        return LinearSource(name: name, reference: reference, isCurrent: population is CurrentSources)
    }

    /// The node of this name; nil after a diagnostic.
    func unknown(_ name: String, at range: SourceRange) -> Int? {
        let written = netlist.dialect.unbracketed(name)
        if written == "0" || netlist.dialect.isGround(written) { return 0 }
        let unknowns = elaborator.card.builder.unknowns
        let name = elaborator.netlist.dialect.hierarchical(written)
        if let unknown = unknowns.node(named: name) ?? unknowns.node(named: written) { return unknown }
        let near = suggestion(for: name, among: elaborator.nodeNames)
        error("no node '\(written)'", range, hint: near.map { "did you mean '\($0)'?" })
        return nil
    }
}
