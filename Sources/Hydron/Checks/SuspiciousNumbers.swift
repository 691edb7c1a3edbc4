import SpiceNetlist

/// Finds numbers in the netlist's own file that are allowed and seldom meant: capitals that look like mega or a unit where
/// no element says what the number is, negative resistances, sources beyond what circuits have.
///
/// On cards in capitals throughout, as line printers had them, a capital says nothing.
struct SuspiciousNumbers {
    private let netlist: Netlist
    private var found = Diagnostics()
    private var statement = Statement()

    /// Sources above this are taken for mistakes [V, A].
    private static let greatestSource = 1e6

    static func find(in netlist: Netlist, diagnostics: inout Diagnostics) {
        var search = SuspiciousNumbers(netlist: netlist)
        search.look(at: netlist.top)
        for finding in search.found.all where !diagnostics.all.contains(where: { $0.range == finding.range }) {
            diagnostics.append(finding)
        }
    }

    private init(netlist: Netlist) { self.netlist = netlist }

    private mutating func look(at block: Block) {
        for card in block.cards where card.range.file == 0 { look(at: card) }
        for subcircuit in block.subcircuits {
            if subcircuit.range.file == 0, isMixed(subcircuit.range) {
                for parameter in subcircuit.parameters { look(at: parameter.value) }
            }
            look(at: subcircuit.body)
        }
    }

    private mutating func look(at card: Card) {
        // Mistakes on the card were reported when it was read.
        var ignored = Diagnostics()
        switch card.kind {
        case .directive(.param), .directive(.globalParam):
            guard isMixed(card.range) else { return }
            netlist.decode(card, into: &statement, freeExpressions: true, diagnostics: &ignored)
            for field in statement.fields where field.key != nil { look(at: field.value) }
        case .directive(.function):
            let function = netlist.functionDefinition(card, diagnostics: &ignored)
            if let function, isMixed(card.range) { look(at: function.body) }
        case .element(let letter):
            // Of millions of cards most need no look.
            let needsLook = netlist.sources.withBytes(card.range) { bytes in
                letter == UInt8(ascii: "v") || letter == UInt8(ascii: "i")
                    || bytes.contains { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "-") }
            }
            guard needsLook else { return }
            netlist.decode(card, into: &statement, diagnostics: &ignored)
            if isMixed(card.range) {
                for field in statement.fields where field.value.kind == .expression { look(at: field.value) }
            }
            switch letter {
            case UInt8(ascii: "r"): lookAtResistance()
            case UInt8(ascii: "v"): lookAtSource("V", isMixed: isMixed(card.range))
            case UInt8(ascii: "i"): lookAtSource("A", isMixed: isMixed(card.range))
            default: break
            }
        default: break
        }
    }

    // MARK: Capitals

    private func isMixed(_ range: SourceRange) -> Bool {
        netlist.sources.withBytes(range) { bytes in bytes.contains { (0x61...0x7A).contains($0) } }
    }

    private mutating func look(at token: Token) {
        if token.kind == .word, netlist.number(token, meaning: .suspect, diagnostics: &found) != nil { return }
        var ignored = Diagnostics()
        guard token.kind != .string, let expression = netlist.expression(token, diagnostics: &ignored) else { return }
        look(at: expression)
    }

    private mutating func look(at expression: Expression) {
        expression.visit { part in
            guard case .number(_, let range) = part else { return }
            _ = netlist.number(Token(kind: .word, range: range), meaning: .suspect, diagnostics: &found)
        }
    }

    // MARK: Values

    private func value(_ place: Int) -> Double? {
        guard statement.fields.indices.contains(place), statement.fields[place].key == nil else { return nil }
        return netlist.number(statement.fields[place].value)
    }

    private func word(_ place: Int) -> String {
        guard statement.fields.indices.contains(place) else { return "" }
        return netlist.sources.lowercased(statement.fields[place].value.range)
    }

    private var name: String { netlist.sources.lowercased(statement.name.range) }

    private mutating func lookAtResistance() {
        guard let value = value(2), value < 0 else { return }
        found.warning(
            "the resistance of \(name) is negative: it gives power away", at: statement.fields[2].value.range,
            hint: "take the minus away, unless that is what it is for")
    }

    private mutating func lookAtSource(_ unit: String, isMixed: Bool) {
        let direct = word(2) == "dc" ? 3 : 2
        if let value = value(direct), value.magnitude > Self.greatestSource {
            found.warning(
                "\(name) is \(value.plain) \(unit)", at: statement.fields[direct].value.range,
                hint: "circuits have less; is it the exponent or the suffix?")
        }
        guard isMixed else { return }
        // Places of frequencies behind the waveform's name.
        let frequencies = ["sin": [3], "sine": [3], "sffm": [3, 5], "am": [3, 4]]
        for place in statement.fields.indices {
            for offset in frequencies[word(place)] ?? [] where statement.fields.indices.contains(place + offset) {
                _ = netlist.number(statement.fields[place + offset].value, meaning: .frequency, diagnostics: &found)
            }
        }
    }
}
