/// Reads plain cards: one line of words, of which the first is a name, the last a number and the others nodes.
///
/// Nearly every card of a large netlist is one. They are read by the batch, into one buffer for names, one for nodes and
/// one for numbers, so that a ``NameTable`` can be asked many names at once. Whatever is not plainly plain is left to
/// ``Netlist/decode(_:into:freeExpressions:diagnostics:)``, which gives the same words for a card that is.
public final class PlainCardReader {
    /// Cards that one call reads at most.
    public static let batchSize = 64
    public static let mostNodes = 4

    /// Nodes on a plain card, by the letter of its element ('a' first); 0 where there are no plain cards.
    private let nodeCounts: [Int]
    private let views: [ByteView]
    private let grounds: [NameKey]
    private let groundText: UnsafeMutablePointer<UInt8>
    private let xIsMega: Bool
    private let aIsAtto: Bool
    private let keys: UnsafeMutablePointer<NameKey>
    private let nodeKeys: UnsafeMutablePointer<NameKey>
    private let numbers: UnsafeMutablePointer<Double>

    /// - Parameters:
    ///   - nodeCounts: nodes on a plain card, by the letter of its element, 'a' first; at most ``mostNodes``, 0 where a
    ///     letter has no plain cards.
    ///   - grounds: names of ground besides `0`: cards that hold one are not plain.
    public init(_ netlist: Netlist, nodeCounts: [Int], grounds: [String]) {
        self.nodeCounts = nodeCounts.map { min($0, Self.mostNodes) }
        views = netlist.sources.files.map(\.view)
        xIsMega = netlist.dialect.xSuffixIsMega
        aIsAtto = netlist.dialect.aSuffixIsAtto
        let text = grounds.map { Array($0.utf8) }
        groundText = .allocate(capacity: max(text.reduce(0) { $0 + $1.count }, 1))
        var end = groundText
        var keys: [NameKey] = []
        for name in text {
            end.initialize(from: name, count: name.count)
            keys.append(NameKey(end, name.count))
            end += name.count
        }
        self.grounds = keys
        self.keys = .allocate(capacity: Self.batchSize)
        nodeKeys = .allocate(capacity: Self.batchSize * Self.mostNodes)
        numbers = .allocate(capacity: Self.batchSize)
    }

    deinit {
        groundText.deallocate()
        keys.deallocate()
        nodeKeys.deallocate()
        numbers.deallocate()
    }

    /// Of the cards read last; valid until the next are read.
    public var names: UnsafeBufferPointer<NameKey> { UnsafeBufferPointer(start: keys, count: Self.batchSize) }
    /// Card after card.
    public var nodes: UnsafeBufferPointer<NameKey> {
        UnsafeBufferPointer(start: nodeKeys, count: Self.batchSize * Self.mostNodes)
    }
    public var values: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: numbers, count: Self.batchSize) }

    /// Reads the plain cards from `cards[start]` on, up to the first that is none; returns how many.
    public func read(_ cards: [Card], from start: Int) -> Int {
        cards.withUnsafeBufferPointer { cards in
            nodeCounts.withUnsafeBufferPointer { nodeCounts in
                views.withUnsafeBufferPointer { views in
                    var count = 0
                    var node = nodeKeys
                    while count < Self.batchSize, start + count < cards.count {
                        let card = cards[start + count]
                        guard case .element(let letter) = card.kind, Int(card.range.file) < views.count else { break }
                        let place = Int(letter &- UInt8(ascii: "a"))
                        guard place < nodeCounts.count, nodeCounts[place] > 0,
                            read(
                                card.range, views[Int(card.range.file)], nodeCount: nodeCounts[place],
                                keys + count, node, numbers + count)
                        else { break }
                        node += nodeCounts[place]
                        count += 1
                    }
                    return count
                }
            }
        }
    }

    @inline(__always)
    private func read(
        _ range: SourceRange, _ view: ByteView, nodeCount: Int, _ name: UnsafeMutablePointer<NameKey>,
        _ nodes: UnsafeMutablePointer<NameKey>, _ number: UnsafeMutablePointer<Double>
    ) -> Bool {
        let end = min(Int(range.end), view.count)
        var position = Int(range.start)
        guard let first = nextWord(view, &position, end) else { return false }
        for node in 0..<nodeCount {
            guard let word = nextWord(view, &position, end) else { return false }
            let key = NameKey(view.base + word.start, word.end - word.start)
            if view[word.start] | 0x20 == UInt8(ascii: "g"), grounds.contains(where: { $0.isSame(as: key) }) {
                return false
            }
            nodes[node] = key
        }
        guard let last = nextWord(view, &position, end), position == end else { return false }
        let text = UnsafeBufferPointer(start: view.base + last.start, count: last.end - last.start)
        guard let value = Number.parse(text, xIsMega: xIsMega, aIsAtto: aIsAtto), value.note == .none,
            value.value.isFinite
        else { return false }
        name.pointee = NameKey(view.base + first.start, first.end - first.start)
        number.pointee = value.value
        return true
    }

    /// The word at `position`, where one must stand; then the blanks behind it are skipped. nil where anything stands
    /// there that is not a word, or may be no word to some dialect, or several: a bus.
    @inline(__always)
    private func nextWord(_ view: ByteView, _ position: inout Int, _ end: Int) -> (start: Int, end: Int)? {
        let start = position
        // Some dialects begin a comment with it.
        guard start < end, view[start] != ASCII.dollar else { return nil }
        while position < end {
            let byte = view[position]
            guard Decoder.isWordByte(byte), byte != ASCII.openBracket else {
                if byte == ASCII.slash, position + 1 < end, view[position + 1] != ASCII.slash {
                    position += 1
                    continue
                }
                break
            }
            position += 1
        }
        let wordEnd = position
        guard wordEnd > start else { return nil }
        while position < end {
            let byte = view[position]
            guard byte <= ASCII.blank else { break }
            if byte == ASCII.newline { return nil }
            position += 1
        }
        // A word ends at a blank or with the card.
        return position > wordEnd || position == end ? (start, wordEnd) : nil
    }
}
