import SpiceNetlist

/// HSPICE's ideal amplifier and ideal transformer, cards of E.
///
///     E1 n+ n- OPAMP in+ in-            v(in+) = v(in−), whatever current that takes at the output
///     E1 n+ n- TRANSFORMER in+ in- k    v(in) = k v(out), and the power that goes in comes out
enum CoupledPorts {
    /// Whether a card goes on with one of the words, and not with a node of that name.
    static func isMeant(by card: ElementCard) -> Bool {
        switch card.nextWord {
        case "opamp":
            card.remainingPositionalCount == 3
                // Ground is a node and no gain.
                && card.remainingWords.contains { $0.place == 2 && ($0.word == "0" || Number.parse($0.word) == nil) }
        case "transformer": card.remainingPositionalCount == 4
        default: false
        }
    }

    static func elaborate(_ card: ElementCard, _ plus: Int32, _ minus: Int32) {
        _ = card.nextField()
        guard let first = card.node("in+"), let second = card.node("in-") else { return }
        var ratio: Double?
        if card.peekField() != nil {
            guard let value = card.value("ratio of turns") else { return }
            guard value != 0 else {
                card.error("the ratio of turns of \(card.name) is 0")
                return
            }
            ratio = value
        }
        guard card.parameters(ControlledSourceCard.Instance.self) != nil else { return }
        let identity = card.identity
        let branch = card.builder.branch(card.name)
        Behavioural.reserve(card, identity, plus, minus, branch)
        card.whenComplete { card in
            Behavioural.update(card, identity, Program(constant: 0)) {
                $0.conducts = true
                $0.linear = [
                    .init(row: plus, column: branch, conductance: 1),
                    .init(row: minus, column: branch, conductance: -1),
                    .init(row: branch, column: first, conductance: -1),
                    .init(row: branch, column: second, conductance: 1),
                ]
                guard let ratio else { return }
                $0.linear += [
                    .init(row: branch, column: plus, conductance: ratio),
                    .init(row: branch, column: minus, conductance: -ratio),
                    .init(row: first, column: branch, conductance: -1 / ratio),
                    .init(row: second, column: branch, conductance: 1 / ratio),
                ]
            }
        }
    }
}
