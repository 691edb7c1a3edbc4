import SpiceNetlist

/// A kind of element that large netlists hold by the million, on plain cards: a name, nodes, a number, nothing else.
///
/// Those cards are elaborated by the batch and without an ``ElementCard``. What comes of it is the same: a card with
/// anything to remark on is left to ``ElementKind/elaborate(_:)``.
protocol PlainElement: ElementKind {
    /// Nodes on the card.
    static var plainNodeCount: Int { get }
    /// True where both nodes being one is worth a warning.
    static var isVainWhenShorted: Bool { get }
    /// False where general reading would say something about the value.
    static func takesPlain(_ value: Double) -> Bool
    /// Adds the element, at the circuit's temperature [K] and outside of all subcircuits.
    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder)
    /// Announces as many elements, where that helps.
    static func expectPlain(_ count: Int, in builder: inout CircuitBuilder)
}

extension PlainElement {
    static var plainNodeCount: Int { 2 }
    static var isVainWhenShorted: Bool { true }
    static func expectPlain(_ count: Int, in builder: inout CircuitBuilder) {}
}

extension PlainElement where Self: Device {
    static func expectPlain(_ count: Int, in builder: inout CircuitBuilder) {
        builder.expect(Self.self, count: count)
    }
}

/// Elaborates plain cards of the top level by the batch: their text, then all their names, then all their nodes, then the
/// elements, so that the waits for memory overlap.
final class PlainElements {
    private let reader: PlainCardReader
    /// By letter, 'a' first.
    private let kinds: [(any PlainElement.Type)?]
    private let temperature: Double
    private let ids: UnsafeMutablePointer<UInt32>
    /// Cards in the batch.
    private(set) var count = 0
    /// Nodes of the batch's cards that are done with.
    private var nodesDone = 0
    /// Cards that ``add(_:start:from:to:)`` added whose nodes are one, which is worth a remark.
    private(set) var shorted: [(index: Int, identity: ElementIdentity)] = []

    /// - Parameters:
    ///   - grounds: names of ground besides `0`.
    ///   - temperature: of the circuit [K].
    init(_ netlist: Netlist, grounds: [String], temperature: Double) {
        var kinds = Catalog.plainKinds
        // A plain inductor has a resistance there.
        if netlist.dialect.inductorResistance > 0 { kinds[Int(UInt8(ascii: "l") - UInt8(ascii: "a"))] = nil }
        self.kinds = kinds
        reader = PlainCardReader(
            netlist, nodeCounts: kinds.map { $0?.plainNodeCount ?? 0 }, grounds: grounds)
        self.temperature = temperature
        ids = .allocate(capacity: PlainCardReader.batchSize * PlainCardReader.mostNodes)
    }

    deinit { ids.deallocate() }

    /// Announces the elements of a large netlist.
    func announce(_ cards: [Card], in builder: inout CircuitBuilder) {
        var counts = [Int](repeating: 0, count: kinds.count)
        for card in cards {
            guard case .element(let letter) = card.kind else { continue }
            let place = Int(letter &- UInt8(ascii: "a"))
            if place < counts.count { counts[place] += 1 }
        }
        for (kind, count) in zip(kinds, counts) where count > 0 { kind?.expectPlain(count, in: &builder) }
    }

    /// Reads the plain cards from `cards[start]` on as one batch; false where that card is none.
    func read(_ cards: [Card], from start: Int) -> Bool {
        nodesDone = 0
        count = reader.read(cards, from: start)
        return count > 0
    }

    /// Adds the elements of the batch from card `done` on, up to the first that is to be read with all care: its name is
    /// taken, or its value worth a remark. `start` is the place of the batch's first card. Returns how far it came.
    func add(_ cards: [Card], start: Int, from done: Int, to builder: inout CircuitBuilder) -> Int {
        if !shorted.isEmpty { shorted.removeAll(keepingCapacity: true) }
        let values = reader.values
        var careful = done
        while careful < count, kind(cards[start + careful])?.takesPlain(values[careful]) == true { careful += 1 }
        let firstName = builder.directory.names.count
        let end =
            done
            + builder.directory.names.internNew(
                UnsafeBufferPointer(rebasing: reader.names[done..<careful]), scratch: ids)
        var nodeCount = 0
        for index in done..<end { nodeCount += kind(cards[start + index])?.plainNodeCount ?? 0 }
        builder.unknowns.nodeNames.intern(
            UnsafeBufferPointer(rebasing: reader.nodes[nodesDone..<nodesDone + nodeCount]), into: ids)
        nodesDone += nodeCount

        var node = UnsafePointer(ids)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: PlainCardReader.mostNodes) { unknowns in
            guard let first = unknowns.baseAddress else { return }
            for index in done..<end {
                let card = cards[start + index]
                guard let kind = kind(card) else { return }
                let nodes = kind.plainNodeCount
                for place in 0..<nodes { first[place] = builder.unknowns.node(id: node[place]) }
                node += nodes
                let identity = ElementIdentity(
                    name: UInt32(truncatingIfNeeded: firstName + index - done), range: card.range)
                if first[0] == first[1], kind.isVainWhenShorted { shorted.append((index, identity)) }
                kind.addPlain(values[index], first, identity: identity, temperature: temperature, to: &builder)
            }
        }
        return end
    }

    /// Leaves a card of the batch out: others read it.
    func leaveOut(_ card: Card) { nodesDone += kind(card)?.plainNodeCount ?? 0 }

    @inline(__always)
    private func kind(_ card: Card) -> (any PlainElement.Type)? {
        guard case .element(let letter) = card.kind else { return nil }
        let place = Int(letter &- UInt8(ascii: "a"))
        return place < kinds.count ? kinds[place] : nil
    }
}
