import SpiceNetlist

/// Reads the elements of a block, card after card or plain cards by the batch: finds the kind of each, files its name, and
/// leaves the rest to the kind.
final class ElementReader {
    private unowned let elaborator: Elaborator
    private let netlist: Netlist
    /// The card in hand.
    private let element: ElementCard
    /// First bytes of each source file, so that names are read without a lookup.
    private let files: [UnsafePointer<UInt8>?]
    /// False in tests of what makes no difference.
    private let readsPlainCards: Bool
    /// Lower-case, hierarchical names on cards with mistakes: what they would have made is missing.
    private(set) var broken: Set<String> = []
    /// Lower-case, hierarchical names of inductors that a K couples, in dialects where that makes a difference.
    private(set) var coupled: Set<String> = []

    init(
        _ elaborator: Elaborator, _ element: ElementCard, files: [UnsafePointer<UInt8>?], readsPlainCards: Bool
    ) {
        self.elaborator = elaborator
        self.element = element
        self.files = files
        self.readsPlainCards = readsPlainCards
        netlist = elaborator.netlist
    }

    /// Reads the elements among `cards`, those of a block that stand, into `scope`.
    func read(_ cards: [Card], in scope: Scope) {
        if netlist.dialect.inductorResistance > 0 { noteCoupled(cards, in: scope) }
        // What `.step` changes is found through the element's card.
        let plain = scope.isTop && elaborator.overrides.elements.isEmpty && readsPlainCards ? plainElements() : nil
        if let plain, cards.count > 10_000 { plain.announce(cards, in: &element.builder) }
        var index = 0
        while index < cards.count, !elaborator.diagnostics.isFull {
            if let plain, plain.read(cards, from: index) {
                addPlain(plain, cards, from: index, in: scope)
                index += plain.count
            } else {
                read(cards[index], in: scope)
                index += 1
            }
        }
        elaborator.values.elementLetter = 0
    }

    private func noteCoupled(_ cards: [Card], in scope: Scope) {
        var statement = Statement()
        var ignored = Diagnostics()
        for card in cards where card.kind == .element(UInt8(ascii: "k")) {
            netlist.decode(card, into: &statement, diagnostics: &ignored)
            for field in statement.fields where field.key == nil && field.value.kind == .word {
                coupled.insert(scope.prefix + netlist.sources.lowercased(field.value.range))
            }
        }
    }

    // MARK: - Plain cards

    private func plainElements() -> PlainElements {
        PlainElements(
            netlist, grounds: elaborator.nodes.grounds, temperature: element.builder.options.temperature)
    }

    /// Adds a batch of plain cards; those among them that need a remark are read like any other.
    private func addPlain(_ plain: PlainElements, _ cards: [Card], from start: Int, in scope: Scope) {
        var done = 0
        while done < plain.count {
            done = plain.add(cards, start: start, from: done, to: &element.builder)
            for (_, identity) in plain.shorted {
                element.begin(identity: identity, scope: scope)
                element.warnOfShort()
            }
            guard done < plain.count, !elaborator.diagnostics.isFull else { return }
            plain.leaveOut(cards[start + done])
            read(cards[start + done], in: scope)
            done += 1
        }
    }

    // MARK: - Any card

    private func read(_ card: Card, in scope: Scope) {
        guard case .element(let letter) = card.kind else { return }
        let errorCount = elaborator.diagnostics.errorCount
        if letter == UInt8(ascii: "x") {
            elaborator.subcircuits.read(card, in: scope)
        } else {
            read(card, letter, in: scope)
        }
        if elaborator.diagnostics.errorCount > errorCount { noteBroken(card, in: scope) }
    }

    private func read(_ card: Card, _ letter: UInt8, in scope: Scope) {
        guard let kinds = Catalog.byLetter[letter] else { return reportUnknown(card, in: scope) }
        elaborator.values.elementLetter = letter
        guard element.read(card, freeExpressions: letter == UInt8(ascii: "b")) else { return }
        if elaborator.buses.isBus(element.nameToken) {
            elaborator.buses.eachInstance(of: element.nameToken, in: scope) { name, inner in
                guard element.read(card, freeExpressions: letter == UInt8(ascii: "b")),
                    let identity = identity(of: card, named: scope.prefix + name, in: inner)
                else { return }
                element.begin(identity: identity, scope: inner)
                kinds[0].elaborate(element)
            }
            return
        }
        guard let identity = identity(of: card, in: scope) else { return }
        element.begin(identity: identity, scope: scope)
        if !elaborator.overrides.modules.isEmpty, OSDICard.serves(element, letter) {
            return OSDICard.elaborate(element)
        }
        kinds[0].elaborate(element)
    }

    /// Files the element's name; reports a name that was used before.
    ///
    /// - Parameter given: the hierarchical name, where it is not the card's first word.
    private func identity(of card: Card, named given: String? = nil, in scope: Scope) -> ElementIdentity? {
        let name = element.nameToken.range
        let before = element.builder.directory.names.count
        let id: UInt32
        if let given {
            id = element.builder.directory.names.intern(given)
        } else if scope.isTop, let base = files[Int(name.file)] {
            id = element.builder.directory.names.intern(
                UnsafeBufferPointer(start: base + Int(name.start), count: Int(name.end - name.start)))
        } else {
            id = element.builder.directory.names.intern(scope.prefix + netlist.sources.lowercased(name))
        }
        guard Int(id) == before else {
            reportSecond(id, at: name, in: scope)
            return nil
        }
        return ElementIdentity(name: id, range: card.range)
    }

    // MARK: - Mistakes

    private func reportSecond(_ id: UInt32, at range: SourceRange, in scope: Scope) {
        let directory = element.builder.directory
        var notes: [Diagnostic.Note] = []
        if Int(id) < directory.references.count, directory.references[Int(id)].population >= 0 {
            let reference = directory.references[Int(id)]
            let first = element.builder.population(Int(reference.population)).identity(Int(reference.index))
            notes.append(.init("first used here", at: first.range))
        }
        elaborator.error(
            "'\(directory.names.name(of: id))' is the name of two elements", at: range, in: scope,
            hint: "give one of them another name", notes: notes)
    }

    private func reportUnknown(_ card: Card, in scope: Scope) {
        var statement = Statement()
        netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics)
        let known = Catalog.byLetter.keys.sorted().map { String(UnicodeScalar($0)).uppercased() }
        elaborator.error(
            "'\(netlist.sources.text(statement.name.range))' is no element that this version knows",
            at: statement.name.range, in: scope, hint: "elements begin with \(known.joined(separator: " ")) or X")
    }

    /// Files the names on a card with a mistake, so that nothing is said about what is missing because of it.
    private func noteBroken(_ card: Card, in scope: Scope) {
        var statement = Statement()
        var ignored = Diagnostics()
        netlist.decode(card, into: &statement, diagnostics: &ignored)
        broken.insert(scope.prefix + netlist.sources.lowercased(statement.name.range))
        for field in statement.fields where field.key == nil && field.value.kind == .word {
            broken.insert(scope.prefix + netlist.sources.lowercased(field.value.range))
        }
    }
}
