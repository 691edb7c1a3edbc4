extension Netlist {
    /// Reads an expression; nil, with an error, if it is none.
    ///
    /// Braces and quotes inside count as parentheses. `TABLE {x} = (0,0) (1,1)` is the call `table(x, 0, 0, 1, 1)`, and
    /// `POLY(2) v(1) v(2) 0 1` the call `poly(2, v(1), v(2), 0, 1)`. A name followed by `(` is a ``Probe`` if it is one
    /// of `v i vm vp vdb vr vi im ip idb ir ii ib ic id ie ig is p w n` and its arguments are names; except for `v` and
    /// `i`, a `.func` of the same name goes before.
    public func expression(_ range: SourceRange, diagnostics: inout Diagnostics) -> Expression? {
        expression(range, isCondition: false, diagnostics: &diagnostics)
    }

    private func expression(
        _ range: SourceRange, isCondition: Bool, diagnostics: inout Diagnostics
    ) -> Expression? {
        var parser = ExpressionParser(sources, range, dialect: dialect)
        parser.isCondition = isCondition
        let result = parser.parseAll()
        if let failure = parser.failure { diagnostics.append(failure) }
        for (number, place) in parser.notes { report(number, at: place, diagnostics: &diagnostics) }
        if !parser.failed, let chain = parser.chain, !diagnostics.all.contains(where: { $0.range == chain.range }) {
            diagnostics.warning(
                "a power of a power: the \(dialect.name) dialect reads \(chain.reading)", at: chain.range,
                hint: "write the parentheses; others read it the other way round")
        }
        return parser.failed ? nil : result
    }

    /// The expression that a token stands for: what is between the braces, or a word that is a number or a name.
    public func expression(_ token: Token, diagnostics: inout Diagnostics) -> Expression? {
        switch token.kind {
        case .string:
            return .string(sources.text(token.range), token.range)
        case .expression:
            return expression(token.range, diagnostics: &diagnostics)
        case .word:
            if let value = number(token, diagnostics: &diagnostics) { return .number(value, token.range) }
            return expression(token.range, diagnostics: &diagnostics)
        }
    }

    /// The condition of an `.if` or `.elseif` card, in which `=` is `==` as ngspice has it.
    public func condition(_ card: Card, diagnostics: inout Diagnostics) -> Expression? {
        var range = card.range
        let view = sources.view(of: range.file)
        while range.start < range.end, !ASCII.isBlank(view[Int(range.start)]), view[Int(range.start)] != ASCII.open {
            range.start += 1
        }
        return expression(range, isCondition: true, diagnostics: &diagnostics)
    }
}

extension Expression {
    /// Calls `body` with this expression and everything in it, outermost first.
    public func visit(_ body: (Expression) -> Void) {
        body(self)
        switch self {
        case .number, .name, .string, .probe: break
        case .unary(_, let operand, _): operand.visit(body)
        case .binary(_, let left, let right, _):
            left.visit(body)
            right.visit(body)
        case .conditional(let condition, then: let yes, otherwise: let no, _):
            condition.visit(body)
            yes.visit(body)
            no.visit(body)
        case .call(_, let arguments, _):
            for argument in arguments { argument.visit(body) }
        }
    }

    /// The names of parameters and variables in it; functions are not among them.
    public var referencedNames: Set<String> {
        var names: Set<String> = []
        visit { if case .name(let name, _) = $0 { names.insert(name) } }
        return names
    }

    /// The quantities of the solution in it, in order.
    public var probes: [Probe] {
        var found: [Probe] = []
        visit { if case .probe(let probe, _) = $0 { found.append(probe) } }
        return found
    }
}

extension Probe {
    /// Whether it stands for every quantity that fits, as in `v(*)`.
    public var isWildcard: Bool { arguments.contains { $0.utf8.contains(ASCII.star) } }
}
