import SpiceNetlist

/// What cards of several kinds ask for besides their own fields.
extension ElementCard {
    /// The identity of an element that the card adds besides its own: `c1#rser`.
    func helper(_ suffix: String) -> ElementIdentity {
        ElementIdentity(name: builder.directory.names.intern("\(name)#\(suffix)"), range: identity.range)
    }

    /// The same with LTspice's `x` for the element's own voltage or current.
    func program(_ token: Token, x quantity: Probe.Kind) -> DeferredProgram? {
        guard let expression = expression(token) else { return nil }
        guard scope.parameter("x") == nil, statement.fields.count > 1 else {
            return DeferredProgram(expression: expression, scope: scope)
        }
        let arguments =
            quantity == .voltage
            ? statement.fields.prefix(2).map { text($0.value) }
            : [elaborator.netlist.sources.lowercased(statement.name.range)]
        let own = Expression.probe(Probe(kind: quantity, arguments: arguments), token.range)
        return DeferredProgram(expression: expression.replacing("x", by: own), scope: scope)
    }

    /// The words in a part of the text that parentheses, commas and blanks separate.
    func words(in range: SourceRange) -> [Token] {
        var tokens: [Token] = []
        var start: UInt32?
        let bytes = Array(elaborator.netlist.sources.text(range).utf8) + [UInt8(ascii: " ")]
        for (offset, byte) in bytes.enumerated() {
            let place = range.start + UInt32(offset)
            if "(), \t\r\n".utf8.contains(byte) {
                if let first = start {
                    tokens.append(Token(kind: .word, range: SourceRange(file: range.file, start: first, end: place)))
                }
                start = nil
            } else if start == nil {
                start = place
            }
        }
        return tokens
    }
}
