/// Quantities of the solution, and the forms that have their own grammar: `TABLE {x} = (0,0) (1,1)` and
/// `POLY(2) v(1) v(2) 0 1 1`.
extension ExpressionParser {
    /// What a function name means if its arguments are node or device names.
    private struct ProbeName {
        var kind: Probe.Kind
        var part: Probe.Part?
        var terminal: String?
        /// `v(` and `i(` are never functions; `p(`, `ib(`, … are, if their argument is no plain name.
        var always = false
    }

    private static let probeNames: [String: ProbeName] = {
        var table: [String: ProbeName] = [
            "v": ProbeName(kind: .voltage, always: true), "i": ProbeName(kind: .current, always: true),
            "p": ProbeName(kind: .power), "w": ProbeName(kind: .power), "n": ProbeName(kind: .internalVariable),
        ]
        let parts: [(String, Probe.Part)] = [
            ("m", .magnitude), ("p", .phase), ("db", .decibel), ("r", .real), ("i", .imaginary),
        ]
        for (suffix, part) in parts {
            table["v" + suffix] = ProbeName(kind: .voltage, part: part)
            table["i" + suffix] = ProbeName(kind: .current, part: part)
        }
        for terminal in ["b", "c", "d", "e", "g", "s", "1", "2", "3", "4"] {
            table["i" + terminal] = ProbeName(kind: .current, terminal: terminal)
        }
        return table
    }()

    /// `dno(r1)` and `dni(r1)`, a device's share of the noise: a call whose argument is the device's name.
    mutating func parseNoiseShare(_ name: String, start: Int) -> Expression? {
        guard name == "dno" || name == "dni" else { return nil }
        let opening = position
        var stop = opening + 1
        var arguments: [Expression] = []
        var argumentStart = stop
        while stop < end, view[stop] != ASCII.open {
            if view[stop] == ASCII.close || view[stop] == ASCII.comma {
                arguments.append(.name(argument(argumentStart, stop), range(argumentStart, stop)))
                argumentStart = stop + 1
            }
            stop += 1
            if view[stop - 1] == ASCII.close {
                position = stop
                return .call(name, arguments, range(start, stop))
            }
        }
        return nil
    }

    /// A probe whose name has been read and whose `(` is here; nil, without a failure, if it is a function's call.
    mutating func parseProbe(_ name: String, start: Int) -> Expression? {
        guard let meaning = Self.probeNames[name] else { return nil }
        let opening = position
        var arguments: [String] = []
        var argumentStart = opening + 1
        var stop = opening + 1
        var depth = 0
        while stop < end {
            let byte = view[stop]
            if byte == ASCII.openBracket { depth += 1 }
            if byte == ASCII.closeBracket { depth -= 1 }
            if byte == ASCII.close { break }
            if byte == ASCII.comma, depth <= 0 {
                arguments.append(argument(argumentStart, stop))
                argumentStart = stop + 1
            } else if !isNodeByte(byte, always: meaning.always) {
                if meaning.always {
                    fail(
                        "`\(name)(…)` takes names, not an expression", range(stop, stop + 1),
                        hint: meaning.kind == .voltage ? "write `v(a)` or `v(a,b)`" : "write `i(device)`")
                }
                return nil
            }
            stop += 1
        }
        guard stop < end else {
            fail("`(` is never closed", range(opening, opening + 1))
            return nil
        }
        arguments.append(argument(argumentStart, stop))
        let limit = meaning.kind == .voltage ? 2 : 1
        guard arguments.count <= limit, arguments.allSatisfy({ !$0.isEmpty }) else {
            if meaning.always || meaning.part != nil {
                let wanted = limit == 2 ? "one or two nodes" : "one device"
                fail("`\(name)(…)` takes \(wanted)", range(start, stop + 1))
            }
            return nil
        }
        position = stop + 1
        let probe = Probe(
            kind: meaning.kind, arguments: arguments, part: meaning.part, terminal: meaning.terminal)
        return .probe(probe, range(start, position))
    }

    /// Node names hold nearly anything; where a function may be meant, only what is no operator.
    private func isNodeByte(_ byte: UInt8, always: Bool) -> Bool {
        switch byte {
        case ASCII.open, ASCII.openBrace, ASCII.closeBrace, ASCII.apostrophe, ASCII.quote, ASCII.equals, ASCII.less,
            ASCII.greater, ASCII.question, ASCII.semicolon:
            false
        case UInt8(ascii: "/"), UInt8(ascii: "&"), ASCII.bar, ASCII.caret:
            always
        default: true
        }
    }

    /// The name between two offsets, lower-case, without blanks at its ends.
    private func argument(_ start: Int, _ end: Int) -> String {
        let first = rules.skipBlanks(view, from: start, to: end)
        return ASCII.trimmed(text(first, max(first, end)))
    }

    /// `@device[parameter]`; of several brackets in a row the last holds the parameter: `@x1.cell[3][17][g]`.
    mutating func parseDeviceParameter() -> Tree {
        let start = position
        var stop = start + 1
        while stop < end, view[stop] != ASCII.openBracket, !ASCII.isBlank(view[stop]), view[stop] != ASCII.close,
            view[stop] != ASCII.comma
        {
            stop += 1
        }
        var arguments = [text(start + 1, stop)]
        while stop < end, view[stop] == ASCII.openBracket {
            let open = stop
            while stop < end, view[stop] != ASCII.closeBracket { stop += 1 }
            guard stop < end else {
                fail("`[` is never closed", range(open, open + 1))
                return Tree(value: .number(0, range(start, stop)), height: 1)
            }
            arguments = [text(start + 1, open), argument(open + 1, stop)]
            stop += 1
        }
        guard arguments.count == 2, arguments.allSatisfy({ !$0.isEmpty }) else {
            fail("`@` needs a device and a parameter", range(start, stop), hint: "write `@device[parameter]`")
            return Tree(value: .number(0, range(start, stop)), height: 1)
        }
        position = stop
        return Tree(value: .probe(Probe(kind: .deviceParameter, arguments: arguments), range(start, stop)), height: 1)
    }

    // MARK: Tables and polynomials

    /// `TABLE {x} = (x1,y1) (x2,y2) …` becomes the call `table(x, x1, y1, x2, y2, …)`.
    mutating func parseTable(_ name: String, start: Int) -> Tree {
        let input = parse(11)
        var arguments = [input.value]
        if !failed, peek() == ASCII.equals { position += 1 }
        parsePoints(into: &arguments)
        return Tree(value: .call(name, arguments, range(start, position)), height: input.height + 1)
    }

    /// Pairs in or without parentheses, up to the end or a closing mark.
    mutating func parsePoints(into arguments: inout [Expression]) {
        while !failed, let byte = peek(), byte != ASCII.close, byte != ASCII.closeBrace, byte != ASCII.apostrophe {
            guard byte == ASCII.open else {
                arguments.append(parse(9).value)
                _ = takeComma()
                continue
            }
            let opening = position
            position += 1
            repeat { arguments.append(parse(1).value) } while takeComma()
            expect(ASCII.close, openedAt: opening, ")")
            _ = takeComma()
        }
    }

    /// Behind `POLY(n)`: n quantities and the coefficients, separated by blanks. They become further arguments.
    mutating func parsePolynomial(into arguments: inout [Expression]) {
        while !failed, let byte = peek(), byte != ASCII.close, byte != ASCII.closeBrace, byte != ASCII.apostrophe {
            arguments.append(parse(9).value)
            _ = takeComma()
        }
    }
}
