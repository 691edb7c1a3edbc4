/// Reads an arithmetic expression by operator precedence (Pratt 1973, doi:10.1145/512927.512931), straight from the bytes.
///
/// From the loosest to the tightest: `?:`, `||`, `^^`, `&&`, `== !=`, `< <= > >=`, `+ -`, `* / %`, signs and `!`, `**`.
/// The power binds tighter than a sign before it: -2**2 is -4. Which of two goes first is the dialect's.
///
/// Depth is limited in both directions, nesting and length of a chain, so that neither reading nor any later walk over
/// the tree can overflow the stack.
struct ExpressionParser {
    static let nestingLimit = 200
    static let heightLimit = 2000

    let view: ByteView
    let file: UInt32
    let end: Int
    let rules: LineRules
    let dialect: Dialect
    /// In the condition of an `.if`, `a = b` asks.
    var isCondition = false
    var position: Int
    /// Once something is wrong, nothing else is reported about this expression.
    var failed = false
    private var depth = 0
    /// Conditionals that still wait for their `:`, which then ends a name.
    private var awaitedColons = 0
    /// Numbers that may mean something else, reported at the end.
    var notes: [(Number, SourceRange)] = []
    var failure: Diagnostic?
    /// How the first power of a power is read, and where it stands.
    var chain: (reading: String, range: SourceRange)?

    init(_ sources: SourceMap, _ range: SourceRange, dialect: Dialect) {
        view = sources.view(of: range.file)
        file = range.file
        end = min(Int(range.end), view.count)
        position = min(Int(range.start), end)
        rules = LineRules(dialect)
        self.dialect = dialect
    }

    /// A whole expression from the first to the last byte.
    mutating func parseAll() -> Expression? {
        let start = position
        guard peek() != nil else {
            fail("the expression is empty", range(start, max(start, end)))
            return nil
        }
        let expression = parse(1)
        guard !failed else { return nil }
        if peek() != nil {
            fail("`\(wordHere())` is not expected here", wordRange())
            return nil
        }
        return expression.value
    }

    // MARK: Text

    /// The next byte that is not blank; nil at the end.
    mutating func peek() -> UInt8? {
        position = rules.skipBlanks(view, from: position, to: end)
        return position < end ? view[position] : nil
    }

    func byte(_ offset: Int) -> UInt8 { position + offset < end ? view[position + offset] : 0 }

    func range(_ start: Int, _ end: Int) -> SourceRange {
        SourceRange(file: file, start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end))
    }

    func text(_ start: Int, _ end: Int) -> String {
        ASCII.lowercased(UnsafeBufferPointer(start: view.base + start, count: max(0, end - start)))
    }

    private func wordRange() -> SourceRange {
        var stop = position
        while stop < end, isNameByte(stop) { stop += 1 }
        return range(position, max(stop, min(position + 1, end)))
    }

    private func wordHere() -> String {
        let word = wordRange()
        return String(
            decoding: UnsafeBufferPointer(start: view.base + Int(word.start), count: Int(word.end - word.start)),
            as: UTF8.self)
    }

    mutating func fail(_ message: String, _ range: SourceRange, hint: String? = nil) {
        guard !failed else { return }
        failed = true
        failure = Diagnostic(.error, message, at: range, hint: hint)
    }

    mutating func expect(_ byte: UInt8, openedAt opening: Int, _ name: String) {
        if failed { return }
        if peek() == byte {
            position += 1
        } else if position >= end {
            fail("`\(Character(Unicode.Scalar(view[opening])))` is never closed", range(opening, opening + 1))
        } else {
            fail("`\(wordHere())` is not expected here", wordRange(), hint: "`\(name)` would close what is open")
        }
    }

    // MARK: Operators

    /// An expression and the height of its tree.
    struct Tree {
        var value: Expression
        var height: Int
    }

    private func failedTree() -> Tree { Tree(value: .number(0, range(position, position)), height: 1) }

    private enum Infix {
        case binary(Expression.BinaryOperator)
        case question
    }

    /// The operator here, its length and how tightly it binds.
    private mutating func infix() -> (Infix, length: Int, strength: Int)? {
        guard let first = peek() else { return nil }
        let second = byte(1)
        switch first {
        case ASCII.question: return (.question, 1, 1)
        case ASCII.bar: return (.binary(.or), second == ASCII.bar ? 2 : 1, 2)
        case ASCII.caret:
            if second == ASCII.caret { return (.binary(.exclusiveOr), 2, 3) }
            return dialect.caretIsPower ? (.binary(.power), 1, 10) : (.binary(.exclusiveOr), 1, 3)
        case UInt8(ascii: "&"): return (.binary(.and), second == first ? 2 : 1, 4)
        case ASCII.equals:
            return second == ASCII.equals ? (.binary(.equal), 2, 5) : isCondition ? (.binary(.equal), 1, 5) : nil
        case UInt8(ascii: "!"): return second == ASCII.equals ? (.binary(.notEqual), 2, 5) : nil
        case ASCII.less:
            if second == ASCII.greater { return (.binary(.notEqual), 2, 5) }
            return second == ASCII.equals ? (.binary(.lessOrEqual), 2, 6) : (.binary(.less), 1, 6)
        case ASCII.greater:
            return second == ASCII.equals ? (.binary(.greaterOrEqual), 2, 6) : (.binary(.greater), 1, 6)
        case ASCII.plus: return (.binary(.add), 1, 7)
        case ASCII.minus: return (.binary(.subtract), 1, 7)
        case ASCII.star: return second == ASCII.star ? (.binary(.power), 2, 10) : (.binary(.multiply), 1, 8)
        case ASCII.slash: return (.binary(.divide), 1, 8)
        case UInt8(ascii: "%"): return (.binary(.remainder), 1, 8)
        default: return nil
        }
    }

    /// An expression of operators that bind at least as tightly as `strength`.
    mutating func parse(_ strength: Int) -> Tree {
        guard depth < Self.nestingLimit else {
            fail("the expression is nested deeper than \(Self.nestingLimit)", range(position, min(position + 1, end)))
            return failedTree()
        }
        depth += 1
        defer { depth -= 1 }
        var left = parseOperand()
        while !failed, let (infix, length, binding) = infix(), binding >= strength {
            position += length
            switch infix {
            case .binary(let operation):
                let isRightAssociative = operation == .power && !dialect.powerIsLeftAssociative
                let right = parse(isRightAssociative ? binding : binding + 1)
                if operation == .power { noteChain(left.value, right.value) }
                left.height = max(left.height, right.height) + 1
                left.value = .binary(operation, left.value, right.value, left.value.range.through(right.value.range))
            case .question:
                let (yes, no) = parseBranches()
                left.height = max(left.height, yes.height, no.height) + 1
                left.value = .conditional(
                    left.value, then: yes.value, otherwise: no.value, left.value.range.through(no.value.range))
            }
            if left.height > Self.heightLimit {
                fail("the expression has more than \(Self.heightLimit) operators in a row", left.value.range)
            }
        }
        return left
    }

    /// Dialects disagree about `a**b**c`: whoever writes it is told how it is read. Parentheses leave no trace in a
    /// tree, but beside it.
    private mutating func noteChain(_ base: Expression, _ exponent: Expression) {
        guard !failed, chain == nil else { return }
        let reading: String
        if dialect.powerIsLeftAssociative {
            guard case .binary(.power, _, _, let place) = base else { return }
            let behind = rules.skipBlanks(view, from: Int(place.end), to: end)
            guard behind < end, view[behind] == ASCII.star || view[behind] == ASCII.caret else { return }
            reading = "(a**b)**c"
        } else {
            guard case .binary(.power, _, _, let place) = exponent else { return }
            var before = Int(place.start) - 1
            while before > 0, ASCII.isBlank(view[before]) { before -= 1 }
            guard before >= 0, view[before] == ASCII.star || view[before] == ASCII.caret else { return }
            reading = "a**(b**c)"
        }
        chain = (reading, base.range.through(exponent.range))
    }

    private mutating func parseBranches() -> (Tree, Tree) {
        awaitedColons += 1
        let yes = parse(1)
        awaitedColons -= 1
        if !failed {
            if peek() == ASCII.colon {
                position += 1
            } else {
                fail("`?` without `:`", range(position, min(position + 1, end)))
            }
        }
        return (yes, failed ? failedTree() : parse(1))
    }

    private mutating func parseOperand() -> Tree {
        guard !failed, let first = peek() else {
            fail("an operand is missing at the end of the expression", range(max(position - 1, 0), position))
            return failedTree()
        }
        let start = position
        let sign: Expression.UnaryOperator
        switch first {
        case ASCII.minus: sign = .minus
        case ASCII.plus: sign = .plus
        case UInt8(ascii: "!"), UInt8(ascii: "~"): sign = .not
        default: return parsePrimary(first)
        }
        position += 1
        let operand = parse(9)
        let whole = range(start, Int(operand.value.range.end))
        // A signed literal is a number, so that -5 needs no arithmetic.
        if case .number(let value, _) = operand.value, sign != .not {
            return Tree(value: .number(sign == .minus ? -value : value, whole), height: 1)
        }
        return Tree(value: .unary(sign, operand.value, whole), height: operand.height + 1)
    }

    // MARK: Operands

    private mutating func parsePrimary(_ first: UInt8) -> Tree {
        let start = position
        switch first {
        case ASCII.open, ASCII.openBrace, ASCII.apostrophe:
            return parseGroup(first)
        case ASCII.quote:
            var stop = position + 1
            while stop < end, view[stop] != ASCII.quote { stop += 1 }
            guard stop < end else {
                fail("`\"` is never closed", range(start, start + 1))
                return failedTree()
            }
            position = stop + 1
            let content = UnsafeBufferPointer(start: view.base + start + 1, count: stop - start - 1)
            return Tree(value: .string(String(decoding: content, as: UTF8.self), range(start, position)), height: 1)
        case ASCII.at where !isCall(from: position + 1):
            return parseDeviceParameter()
        default:
            if ASCII.isDigit(first) || (first == ASCII.dot && ASCII.isDigit(byte(1))) { return parseNumber() }
            if isNameByte(position) || first == ASCII.at || first == UInt8(ascii: "`") { return parseName() }
            fail("an operand is expected, not `\(wordHere())`", wordRange())
            return failedTree()
        }
    }

    /// `(…)`; braces and quotes inside an expression are parentheses too.
    private mutating func parseGroup(_ opening: UInt8) -> Tree {
        let start = position
        position += 1
        let colons = awaitedColons
        awaitedColons = 0
        let inner = parse(1)
        awaitedColons = colons
        switch opening {
        case ASCII.open: expect(ASCII.close, openedAt: start, ")")
        case ASCII.openBrace: expect(ASCII.closeBrace, openedAt: start, "}")
        default: expect(ASCII.apostrophe, openedAt: start, "'")
        }
        return failed ? failedTree() : inner
    }

    private mutating func parseNumber() -> Tree {
        let start = position
        var scanner = NumberScanner(
            base: view.base + start, count: end - start, xIsMega: dialect.xSuffixIsMega,
            aIsAtto: dialect.aSuffixIsAtto)
        guard let number = scanner.scan() else {
            fail("`\(wordHere())` is not a number", wordRange())
            return failedTree()
        }
        // `%` is an operator here, not a unit.
        var stop = start + scanner.position
        if stop > start, view[stop - 1] == UInt8(ascii: "%") { stop -= 1 }
        position = stop
        if position < end, isNameByte(position), view[position] != ASCII.colon {
            position = start
            fail("`\(wordHere())` is neither a number nor a name", wordRange())
            return failedTree()
        }
        let place = range(start, stop)
        if number.note != .none || !number.value.isFinite { notes.append((number, place)) }
        return Tree(value: .number(number.value, place), height: 1)
    }

    /// Bytes of a name. `:` belongs to one in Xyce, unless a conditional waits for it; `!` unless it begins `!=`.
    func isNameByte(_ index: Int) -> Bool {
        let byte = view[index]
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte >= 0x80 { return true }
        switch byte {
        case ASCII.underscore, ASCII.dot, ASCII.hash: return true
        case ASCII.dollar: return true
        case ASCII.colon: return dialect.colonSeparatesNames && awaitedColons == 0
        case UInt8(ascii: "!"): return index > 0 && !(index + 1 < end && view[index + 1] == ASCII.equals)
        default: return false
        }
    }

    /// Whether a function's name stands here, `(` behind it.
    private func isCall(from start: Int) -> Bool {
        var stop = start
        while stop < end, isNameByte(stop) { stop += 1 }
        return stop > start && stop < end && view[stop] == ASCII.open
    }

    private mutating func parseName() -> Tree {
        let start = position
        if view[start] == UInt8(ascii: "!") || view[start] == ASCII.colon {
            fail("an operand is expected, not `\(wordHere())`", wordRange())
            return failedTree()
        }
        position += 1
        while position < end, isNameByte(position) { position += 1 }
        let name = text(start, position)
        let nameRange = range(start, position)
        guard peek() == ASCII.open else {
            if name == "table" || name == "vtable", let next = peek(),
                next == ASCII.openBrace || next == ASCII.apostrophe
            {
                return parseTable(name, start: start)
            }
            position = Int(nameRange.end)
            return Tree(value: plainName(name, nameRange), height: 1)
        }
        if let share = parseNoiseShare(name, start: start) { return Tree(value: share, height: 2) }
        if let probe = parseProbe(name, start: start) { return Tree(value: probe, height: 1) }
        if failed { return failedTree() }
        return parseCall(name, start: start)
    }

    /// A name without parentheses: in Xyce `r1:resistance` is a device's parameter.
    private func plainName(_ name: String, _ range: SourceRange) -> Expression {
        guard dialect.colonSeparatesNames, let colon = name.utf8.lastIndex(of: ASCII.colon) else {
            return .name(name, range)
        }
        let parts = [String(name[..<colon]), String(name[name.utf8.index(after: colon)...])]
        guard parts.allSatisfy({ !$0.isEmpty }) else { return .name(name, range) }
        return .probe(Probe(kind: .deviceParameter, arguments: parts), range)
    }

    private mutating func parseCall(_ name: String, start: Int) -> Tree {
        let opening = position
        position += 1
        let colons = awaitedColons
        awaitedColons = 0
        defer { awaitedColons = colons }
        var arguments: [Expression] = []
        var height = 0
        if peek() != ASCII.close {
            repeat {
                let argument = parse(1)
                if failed { return failedTree() }
                arguments.append(argument.value)
                height = max(height, argument.height)
                if arguments.count == 1, peek() == ASCII.equals {
                    // table({x} = (0,0) (1,1))
                    position += 1
                    parsePoints(into: &arguments)
                }
            } while takeComma()
        }
        expect(ASCII.close, openedAt: opening, ")")
        if failed { return failedTree() }
        if name == "poly" { parsePolynomial(into: &arguments) }
        if name == "table" || name == "vtable", arguments.count == 1, peek() == ASCII.equals {
            position += 1
            parsePoints(into: &arguments)
        }
        if failed { return failedTree() }
        return Tree(value: .call(name, arguments, range(start, position)), height: height + 1)
    }

    mutating func takeComma() -> Bool {
        guard !failed, peek() == ASCII.comma else { return false }
        position += 1
        return true
    }
}
