import SpiceNetlist

/// What may be given another name, and which.
enum Rename {
    static func isPossible(_ word: NetlistIndex.Word, _ index: NetlistIndex) -> Bool {
        switch word.meaning {
        // A bus names several, and a generic name is found by its number.
        case .node, .element: !word.name.contains("[")
        case .parameter, .function, .model, .subcircuit: index.places(of: word).contains(where: \.isDefinition)
        default: false
        }
    }

    /// Why a word can't be called so; nil where it can.
    static func refusal(of name: String, for word: NetlistIndex.Word, _ index: NetlistIndex) -> String? {
        guard isPossible(word, index) else { return "'\(word.name)' can't be renamed" }
        let wanted = name.lowercased()
        let bytes = Array(wanted.utf8)
        let isNode = word.meaning == .node
        let extra = isNode ? "_$#!+-" : "_"
        guard let first = bytes.first,
            bytes.allSatisfy({
                $0 >= 0x80 || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || extra.utf8.contains($0)
            }), isNode || (0x61...0x7A).contains(first) || first == UInt8(ascii: "_")
        else { return "'\(name)' is no name: use letters, digits and _" }
        if isNode, wanted == "0" || index.netlist.dialect.groundAliases.contains(wanted) {
            return "'\(name)' is ground: the node would be connected to it"
        }
        if word.meaning == .element, wanted.first != word.name.first {
            return "an element's first letter is its kind: '\(name)' would be another one than '\(word.name)'"
        }
        guard wanted != word.name else { return nil }
        let other = index.words.first { $0.name == wanted && $0.block == word.block && $0.meaning == word.meaning }
        return other == nil ? nil : "'\(name)' is there already: the two would become one"
    }
}
