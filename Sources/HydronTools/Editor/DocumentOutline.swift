import SpiceNetlist
import Waveforms

/// The outline of a netlist: what it defines, subcircuits with what is in them.
struct DocumentOutline {
    let index: NetlistIndex

    /// As the protocol's `DocumentSymbol`s.
    ///
    /// - Parameter place: a range as the editor counts; null for what lies in other files.
    func symbols(_ place: (SourceRange) -> JSONValue) -> JSONValue { .array(symbols(of: 0, place)) }

    private func symbols(of block: Int, _ place: (SourceRange) -> JSONValue) -> [JSONValue] {
        var symbols: [JSONValue] = []
        for word in index.words where word.isDefinition && word.block == block {
            let selection = place(word.range)
            guard let kind = Self.kind(of: word.meaning), selection != .null else { continue }
            var (whole, children) = (selection, [JSONValue]())
            if word.meaning == .subcircuit,
                let inner = index.blocks.firstIndex(where: { $0.subcircuit?.name.range == word.range })
            {
                children = self.symbols(of: inner, place)
                let range = index.blocks[inner].range.map(place) ?? .null
                if range != .null { whole = range }
            }
            symbols.append([
                "name": .string(index.netlist.sources.text(word.range)), "kind": .integer(kind), "range": whole,
                "selectionRange": selection, "children": .array(children),
            ])
        }
        return symbols
    }

    /// The protocol knows no circuits: a subcircuit is its class, a model its struct, an element its object.
    private static func kind(of meaning: NetlistIndex.Meaning) -> Int? {
        switch meaning {
        case .subcircuit: 5
        case .function: 12
        case .parameter: 13
        case .element: 19
        case .model: 23
        default: nil
        }
    }
}
