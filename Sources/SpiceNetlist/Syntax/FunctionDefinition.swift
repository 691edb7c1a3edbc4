/// `.func f(x, y) {x + y}`.
public struct FunctionDefinition: Sendable {
    /// Lower-case.
    public var name: String
    public var nameRange: SourceRange
    public var arguments: [Token]
    public var body: Expression
}

extension Netlist {
    /// Reads a `.func` card: `.func f(x, y) {…}`, with or without `=`, with braces, quotes or neither.
    public func functionDefinition(_ card: Card, diagnostics: inout Diagnostics) -> FunctionDefinition? {
        let view = sources.view(of: card.range.file)
        let end = min(Int(card.range.end), view.count)
        var position = Int(card.range.start)
        while position < end, !ASCII.isBlank(view[position]) { position += 1 }
        return function(from: position, to: end, file: card.range.file, bodyToken: nil, diagnostics: &diagnostics)
    }

    /// Reads an assignment whose key is `f(x, y)`, as `.param f(x, y) = …` gives; nil, without a diagnostic, if the key
    /// is a plain name.
    public func functionDefinition(_ assignment: Assignment, diagnostics: inout Diagnostics) -> FunctionDefinition? {
        let range = assignment.name.range
        guard sources.slice(range).contains(ASCII.open) else { return nil }
        return function(
            from: Int(range.start), to: Int(range.end), file: range.file, bodyToken: assignment.value,
            diagnostics: &diagnostics)
    }

    private func function(
        from start: Int, to end: Int, file: UInt32, bodyToken: Token?, diagnostics: inout Diagnostics
    ) -> FunctionDefinition? {
        let view = sources.view(of: file)
        let rules = LineRules(dialect)
        func range(_ start: Int, _ end: Int) -> SourceRange {
            SourceRange(file: file, start: UInt32(start), end: UInt32(end))
        }
        func nameEnd(_ start: Int) -> Int {
            var stop = start
            while stop < end, Decoder.isWordByte(view[stop]) { stop += 1 }
            return stop
        }
        let nameStart = rules.skipBlanks(view, from: start, to: end)
        let afterName = nameEnd(nameStart)
        guard afterName > nameStart else {
            diagnostics.error("the function has no name", at: range(start, end), hint: "write `.func f(x) {x*2}`")
            return nil
        }
        let name = range(nameStart, afterName)
        var position = rules.skipBlanks(view, from: afterName, to: end)
        guard position < end, view[position] == ASCII.open else {
            diagnostics.error(
                "the function `\(sources.lowercased(name))` has no argument list", at: name,
                hint: "write `.func f(x) {x*2}`")
            return nil
        }
        let opening = position
        var arguments: [Token] = []
        position += 1
        while true {
            position = rules.skipBlanks(view, from: position, to: end)
            guard position < end else {
                diagnostics.error("`(` is never closed", at: range(opening, opening + 1))
                return nil
            }
            if view[position] == ASCII.close { break }
            if view[position] == ASCII.comma {
                position += 1
                continue
            }
            let stop = nameEnd(position)
            guard stop > position else {
                diagnostics.error("an argument's name is expected", at: range(position, position + 1))
                return nil
            }
            arguments.append(Token(kind: .word, range: range(position, stop)))
            position = stop
        }
        let body: Expression?
        if let bodyToken {
            body = expression(bodyToken, diagnostics: &diagnostics)
        } else {
            position = rules.skipBlanks(view, from: position + 1, to: end)
            if position < end, view[position] == ASCII.equals { position += 1 }
            body = expression(range(position, end), diagnostics: &diagnostics)
        }
        guard let body else { return nil }
        return FunctionDefinition(
            name: sources.lowercased(name), nameRange: name, arguments: arguments, body: body)
    }
}
