import SpiceNetlist

extension Netlist {
    /// Where a node stands that no element touches: on the card of the first X element that is called with it.
    ///
    /// - Parameter name: lower-case and whole, `x1.x2.n`.
    func place(ofNode name: String) -> SourceRange? {
        var path = name.split(separator: ".").map(String.init)
        guard let node = path.popLast() else { return nil }
        var block = top
        for instance in path {
            guard let inner = called(by: instance, in: block) else { return nil }
            block = inner
        }
        for card in block.cards where card.kind == .element(UInt8(ascii: "x")) {
            let words = words(of: card).dropFirst().dropLast()
            if let range = words.first(where: { sources.lowercased($0) == node }) { return range }
        }
        return nil
    }

    /// The body of the subcircuit that an X element calls.
    private func called(by instance: String, in block: Block) -> Block? {
        for card in block.cards where card.kind == .element(UInt8(ascii: "x")) {
            let words = words(of: card)
            guard let first = words.first, let last = words.last, sources.lowercased(first) == instance else {
                continue
            }
            let name = sources.lowercased(last)
            return (block.subcircuits + top.subcircuits).first { sources.lowercased($0.name.range) == name }?.body
        }
        return nil
    }

    /// An element's name and the words behind it that have no key.
    private func words(of card: Card) -> [SourceRange] {
        var (statement, ignored) = (Statement(), Diagnostics())
        decode(card, into: &statement, diagnostics: &ignored)
        let words = statement.fields.filter { $0.key == nil && $0.value.kind == .word }.map(\.value.range)
        return [statement.name.range] + words
    }
}
