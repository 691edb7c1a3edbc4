import SpiceNetlist

/// An element's card during elaboration, as its ``ElementKind`` sees it: nodes resolved through the subcircuit's ports,
/// values evaluated in its scope, models found, mistakes reported with their place. One object is used again for card
/// after card.
final class ElementCard {
    var builder = CircuitBuilder()
    unowned let elaborator: Elaborator
    private(set) var scope: Scope
    private(set) var statement = Statement()
    private var cursor = 0
    private var givenNodes: ArraySlice<Int32> = []
    /// Keyed fields that were taken.
    private var taken: [Bool] = []
    private(set) var identity = ElementIdentity(name: 0, range: SourceRange(file: 0, start: 0, end: 0))
    /// Overrides of this element; nil nearly always.
    private var overrides: [String: Double]?
    private var valuesRead = 0

    init(_ elaborator: Elaborator, scope: Scope) {
        self.elaborator = elaborator
        self.scope = scope
    }

    /// Turns to a card whose fields are in `statement`.
    ///
    /// - Parameter nodes: unknowns that are not written on the card, the first of its nodes.
    func begin(_ statement: Statement, nodes: [Int32] = [], identity: ElementIdentity, scope: Scope) {
        self.statement = statement
        givenNodes = nodes[...]
        self.identity = identity
        self.scope = scope
        modelTemperature = (nil, nil)
        cursor = 0
        valuesRead = 0
        taken.removeAll(keepingCapacity: true)
        overrides = elaborator.overrides.elements.isEmpty ? nil : elaborator.overrides.elements[name]
    }

    /// What PSpice's `t_abs` [°C] and `t_rel_global` [K] of the card's model say about the element's temperature.
    var modelTemperature: (absolute: Double?, rise: Double?)

    /// Decodes a card into this object's own statement.
    func read(_ card: Card, freeExpressions: Bool) -> Bool {
        elaborator.netlist.decode(
            card, into: &statement, freeExpressions: freeExpressions, diagnostics: &elaborator.diagnostics)
    }
    var nameToken: Token { statement.name }
    func begin(identity: ElementIdentity, scope: Scope) {
        if !givenNodes.isEmpty { givenNodes = [] }
        self.identity = identity
        self.scope = scope
        modelTemperature = (nil, nil)
        cursor = 0
        valuesRead = 0
        if !taken.isEmpty { taken.removeAll(keepingCapacity: true) }
        overrides = elaborator.overrides.elements.isEmpty ? nil : elaborator.overrides.elements[name]
    }

    /// Lower-case, hierarchical: `x1.r1`.
    var name: String { builder.directory.names.name(of: identity.name) }
    var dialect: Dialect { elaborator.netlist.dialect }
    var options: SimulationOptions { builder.options }
    /// Product of the `m=` of all subcircuit calls around this element.
    var multiplier: Double { scope.multiplier }

    // MARK: Positional fields, read from left to right

    private func skipKeyed() {
        while cursor < statement.fields.count, statement.fields[cursor].key != nil || isTaken(cursor) { cursor += 1 }
    }

    /// The next positional field as a node; reports an error and returns nil where there is none.
    func node(_ what: String = "node") -> Int32? {
        if let given = givenNodes.popFirst() { return given }
        skipKeyed()
        guard cursor < statement.fields.count else {
            error("\(name) has no \(what)", hint: "the card ends too early")
            return nil
        }
        let token = statement.fields[cursor].value
        cursor += 1
        guard token.kind == .word else {
            error("an expression can't be the \(what) of \(name)", at: token)
            return nil
        }
        return elaborator.nodes.node(token, in: scope)
    }

    /// The two nodes of an element between them; warns where they are one.
    func nodePair(_ first: String = "first node", _ second: String = "second node") -> (Int32, Int32)? {
        guard let plus = node(first), let minus = node(second) else { return nil }
        if plus == minus { warnOfShort() }
        return (plus, minus)
    }

    func warnOfShort() {
        warnOnce("both ends of \(name) are the same node: it does nothing", hint: "connect it elsewhere or remove it")
    }

    /// Reports that the card ends before its value; of two nodes the second may be meant for it.
    func reportMissing(_ what: String, hint: String) {
        let last = statement.fields.last { $0.key == nil }?.value
        let isNumber =
            last.map { elaborator.netlist.number($0) != nil && !text($0).allSatisfy(\.isWholeNumber) } ?? false
        let positional = statement.fields.count { $0.key == nil }
        guard let last, isNumber, positional <= 2 else {
            return error("\(name) has no \(what)", hint: hint)
        }
        error(
            "\(name) has no \(what): '\(elaborator.netlist.sources.text(last.range))' is read as its second node",
            at: last, hint: "write both nodes before the \(what)")
    }

    /// Reports a value where all that is expected was given.
    func reportSurplus(_ token: Token, _ what: String) {
        let source = elaborator.netlist.sources
        let before = SourceRange(
            file: token.range.file, start: token.range.start > 0 ? token.range.start - 1 : 0, end: token.range.start)
        error(
            "\(name) has one value too many", at: token,
            hint: source.text(before) == ","
                ? "a comma separates two values; the decimal sign is a point"
                : "its \(what) is given already; remove one of the two")
    }

    /// Looks at the next positional field without taking it: its lower-case text, nil at the end or for an expression.
    var nextWord: String? {
        skipKeyed()
        guard cursor < statement.fields.count, statement.fields[cursor].value.kind == .word else { return nil }
        return elaborator.netlist.sources.lowercased(statement.fields[cursor].value.range)
    }

    /// The next positional field, whatever it is; nil at the end.
    func nextField() -> Statement.Field? {
        skipKeyed()
        guard cursor < statement.fields.count else { return nil }
        cursor += 1
        return statement.fields[cursor - 1]
    }

    /// The next positional field, left in place.
    func peekField() -> Statement.Field? {
        skipKeyed()
        return cursor < statement.fields.count ? statement.fields[cursor] : nil
    }

    /// All fields from the cursor on, keyed ones too.
    var remainingFieldCount: Int { statement.fields.count - cursor }
    /// Positional fields from the cursor on.
    var remainingPositionalCount: Int { statement.fields[cursor...].count { $0.key == nil } }

    /// Takes the next positional field if it is this word.
    func take(_ word: String) -> Bool {
        guard nextWord == word else { return false }
        cursor += 1
        return true
    }

    /// True where the next positional field reads as a number or is an expression or a known parameter.
    var nextIsValue: Bool {
        skipKeyed()
        guard cursor < statement.fields.count else { return false }
        let token = statement.fields[cursor].value
        switch token.kind {
        case .expression: return true
        case .string: return false
        case .word:
            if elaborator.netlist.number(token) != nil { return true }
            return scope.parameter(elaborator.netlist.sources.lowercased(token.range)) != nil
        }
    }

    /// The next positional field as a constant value; reports an error and returns nil otherwise.
    func value(_ what: String) -> Double? {
        guard let field = nextField() else {
            error("\(name) has no \(what)")
            return nil
        }
        valuesRead += 1
        guard valuesRead == 1 else { return evaluate(field.value, what) }
        let value = (overrides?[""] ?? evaluate(field.value, what)).map { deviated($0) }
        if let value { elaborator.parameterLog?.note(.element(name), "", value, isGiven: true) }
        return value
    }

    /// The principal value with the element's own `dev=`.
    private func deviated(_ value: Double) -> Double {
        guard let key = ["dev", "dev/gauss", "dev/uniform"].first(where: { gives($0) }),
            let token = take(key: key), let shape = Tolerance.named(key)?.shape,
            let tolerance = elaborator.values.tolerance(token, shape: shape, in: scope)
        else { return value }
        return elaborator.randomNumbers.deviated(value, tolerance, "\(name):dev")
    }

    /// The only field left where that is a plain number: what nearly every card of a large netlist ends in. It is read
    /// once, and no parameter table is made. nil where anything else stands there or `.step` changes this element.
    func takePlainNumber() -> Double? {
        guard overrides == nil, statement.fields.count - cursor == 1 else { return nil }
        let field = statement.fields[cursor]
        guard field.key == nil, let value = elaborator.values.plainNumber(field.value) else { return nil }
        cursor += 1
        elaborator.parameterLog?.note(.element(name), "", value, isGiven: true)
        return value
    }

    /// The word behind the next positional field; nil where there is none.
    var wordBehindNext: String? { remainingWords.first { $0.place == 1 }?.word }

    /// The next positional field as a constant value that is no principal one; nil after a diagnostic.
    func evaluatedNext(_ what: String) -> Double? {
        guard let field = nextField() else {
            error("\(name) has no \(what)")
            return nil
        }
        return evaluate(field.value, what)
    }

    /// All positional values up to the first that is none (a PULSE's arguments).
    func values() -> [Double] {
        var values: [Double] = []
        while nextIsValue, let field = nextField() {
            guard let value = evaluate(field.value, "value") else { break }
            values.append(value)
        }
        return values
    }

    // MARK: Keyed fields

    private func markTaken(_ index: Int) {
        if taken.count < statement.fields.count {
            taken += repeatElement(false, count: statement.fields.count - taken.count)
        }
        taken[index] = true
    }

    private func isTaken(_ index: Int) -> Bool { index < taken.count && taken[index] }

    /// The field `key=…`, taken; nil where the card has none.
    func take(key: String) -> Token? {
        for (index, field) in statement.fields.enumerated() where !isTaken(index) {
            if let name = field.key, elaborator.netlist.sources.lowercased(name.range) == key {
                markTaken(index)
                return field.value
            }
        }
        return nil
    }

    /// The values of `key=a,b,…`, at most `limit` of them, taken: the first stands in the field, others follow it
    /// without a key. nil where the card has none; empty where a mistake was reported.
    func takeList(key: String, limit: Int) -> [Double]? {
        let place = statement.fields.indices.first { index in
            guard !isTaken(index), let name = statement.fields[index].key else { return false }
            return elaborator.netlist.sources.lowercased(name.range) == key
        }
        guard let place else { return nil }
        var values: [Double] = []
        var index = place
        while index < statement.fields.count, index == place || statement.fields[index].key == nil {
            let token = statement.fields[index].value
            guard index == place || token.kind == .expression || elaborator.netlist.number(token) != nil else { break }
            markTaken(index)
            guard values.count < limit else {
                error("\(name) has more than \(limit) values of \(key)", at: token, hint: "remove those too many")
                return []
            }
            guard let value = evaluate(token, key) else { return [] }
            values.append(value)
            index += 1
        }
        return values
    }

    /// The value of the field `key=…`, left in place; nil where the card has none.
    func field(_ key: String) -> Token? {
        statement.fields.first { field in
            field.key.map { elaborator.netlist.sources.lowercased($0.range) == key } ?? false
        }?.value
    }

    /// True where the card has a field `key=…`.
    func gives(_ key: String) -> Bool { field(key) != nil }

    /// All remaining keyed fields (and words like `off`, listed in `flags`, as 1) as values of a parameter table, with
    /// overrides of `.step` applied. Reports unknown names (with a suggestion), values out of bounds, and fields left
    /// over.
    func parameters<Key: ParameterKey>(_ table: Key.Type, flags: [String] = []) -> ParameterValues<Key>? {
        var values = ParameterValues<Key>()
        if cursor >= statement.fields.count, taken.isEmpty, overrides == nil,
            !statement.fields.contains(where: { $0.key != nil })
        {
            elaborator.parameterLog?.note(.element(name), values)
            return values
        }
        let index = Key.index()
        let sources = elaborator.netlist.sources
        var isGood = true
        for (place, field) in statement.fields.enumerated() where !isTaken(place) {
            guard let keyToken = field.key else {
                guard place >= cursor else { continue }
                let word = field.value.kind == .word ? sources.lowercased(field.value.range) : ""
                if flags.contains(word), let key = index[word] {
                    values[key] = 1
                    continue
                }
                error("\(name) has a field too many", at: field.value, hint: "nothing is expected here; remove it")
                isGood = false
                continue
            }
            let keyName = sources.lowercased(keyToken.range)
            guard let key = index[keyName] else {
                let near = suggestion(for: keyName, among: Array(index.keys).sorted())
                error(
                    "\(name) has no parameter '\(keyName)'", at: keyToken,
                    hint: Key.absence(of: keyName) ?? near.map { "did you mean '\($0)'?" }
                        ?? "known: " + Key.allCases.map(\.parameter.name).joined(separator: " "))
                isGood = false
                continue
            }
            guard let value = evaluate(field.value, keyName) else {
                isGood = false
                continue
            }
            isGood =
                elaborator.values.assign(value, to: key, in: &values, owner: name, at: field.value, scope: scope)
                && isGood
        }
        for (parameter, value) in overrides ?? [:] {
            guard let key = index[parameter] else { continue }
            let token = Token(kind: .word, range: identity.range)
            isGood =
                elaborator.values.assign(value, to: key, in: &values, owner: name, at: token, scope: scope) && isGood
        }
        elaborator.parameterLog?.note(.element(name), values)
        return isGood ? values : nil
    }

    /// All keyed fields that were not taken yet, lower-case names first; taken now.
    func takeAssignments() -> [(name: String, token: Token, value: Token)] {
        var found: [(name: String, token: Token, value: Token)] = []
        for (index, field) in statement.fields.enumerated() where !isTaken(index) {
            guard let key = field.key else { continue }
            found.append((elaborator.netlist.sources.lowercased(key.range), key, field.value))
            markTaken(index)
        }
        return found
    }

    /// Values that `.step` and sweeps give this element, by parameter; the empty name is its principal value.
    var sweptValues: [String: Double] { overrides ?? [:] }

    /// Lower-case words among the positional fields, from the cursor on, with their number among these.
    var remainingWords: [(place: Int, word: String)] {
        var words: [(place: Int, word: String)] = []
        var place = 0
        for field in statement.fields[min(cursor, statement.fields.count)...] where field.key == nil {
            if field.value.kind == .word {
                words.append((place, elaborator.netlist.sources.lowercased(field.value.range)))
            }
            place += 1
        }
        return words
    }

    // MARK: Values and expressions

    /// A token's value, constant in this scope.
    func evaluate(_ token: Token, _ what: String) -> Double? {
        elaborator.values.value(token, in: scope, what: what)
    }

    /// True where the token is an expression that depends on the solution or on time.
    func dependsOnSolution(_ token: Token) -> Bool {
        if token.kind == .word {
            if elaborator.netlist.number(token) != nil { return false }
            if case .expression? = scope.parameter(elaborator.netlist.sources.lowercased(token.range)) { return true }
            return elaborator.netlist.sources.lowercased(token.range) == "time"
        }
        guard token.kind == .expression, let expression = elaborator.values.quietExpression(token) else { return false }
        return scope.dependsOnSolution(expression)
    }

    /// A token as an expression of the solution, compiled once all nodes and elements are known.
    func program(_ token: Token) -> DeferredProgram? {
        guard let expression = elaborator.values.expression(token) else { return nil }
        return DeferredProgram(expression: expression, scope: scope)
    }

    /// A token as an expression; nil where a mistake was reported.
    func expression(_ token: Token) -> Expression? { elaborator.values.expression(token) }

    /// Compiles a deferred program; only inside ``whenComplete(_:)``.
    func compile(_ deferred: DeferredProgram) -> Program? {
        elaborator.values.compile(deferred.expression, in: deferred.scope)
    }

    /// The lower-case text of a word, the text of a string or expression.
    func text(_ token: Token) -> String {
        token.kind == .word
            ? elaborator.netlist.sources.lowercased(token.range) : elaborator.netlist.sources.text(token.range)
    }

    /// A node's name as this scope resolves it.
    func node(_ token: Token) -> Int32? { elaborator.nodes.node(token, in: scope) }

    /// `body` runs after all cards of the circuit were read, turned to this card again. F, H, K and W use it.
    func whenComplete(_ body: @escaping (ElementCard) -> Void) {
        let scope = self.scope
        let identity = self.identity
        elaborator.completions.append { [unowned self] in
            self.begin(Statement(), identity: identity, scope: scope)
            body(self)
        }
    }

    /// The branch-current unknown of the named voltage-defined element; reports an error where there is none.
    func branch(of element: String, at token: Token) -> Int32? {
        guard let reference = self.element(named: element, at: token) else { return nil }
        let population = builder.population(Int(reference.population))
        guard let local = population.branchUnknown else {
            error(
                "'\(element)' has no current of its own to sense", at: token,
                hint: "put a 0 V source in series and name that")
            return nil
        }
        return population.unknown(local, of: Int(reference.index))
    }

    /// The named element as seen from this scope; only inside ``whenComplete(_:)``.
    func element(named name: String, at token: Token) -> ElementReference? {
        guard let single = elaborator.buses.single(name, at: token.range, in: self.scope) else { return nil }
        let wanted = elaborator.netlist.dialect.hierarchical(single)
        var scope: Scope? = self.scope
        while let current = scope {
            if let found = builder.directory.find(current.prefix + wanted) { return found }
            // Its own card has a mistake, which is reported already.
            if builder.directory.names.lookup(current.prefix + wanted) != nil { return nil }
            scope = current.caller
        }
        let near = suggestion(for: wanted, among: elaborator.elementNames)
        error("no element '\(name)'", at: token, hint: near.map { "did you mean '\($0)'?" })
        return nil
    }

    /// Two columns of numbers from a text file below the netlist's folder.
    func points(inFile token: Token) -> [(x: Double, y: Double)]? {
        elaborator.netlist.points(
            inFile: elaborator.netlist.sources.text(token.range), token.range, &elaborator.diagnostics)
    }

    // MARK: Mistakes

    /// Warns of a value below 0, which is allowed and seldom meant.
    func warnIfNegative(_ value: Double, _ what: String) {
        guard value < 0 else { return }
        warnOnce("the \(what) of \(name) is negative: it gives energy away, and a transient may grow without bound")
    }

    /// A card that many subcircuit calls read is remarked on once.
    func warnOnce(_ message: String, hint: String? = nil, at place: SourceRange? = nil) {
        let range = place ?? identity.range
        guard !elaborator.diagnostics.all.contains(where: { $0.range == range }) else { return }
        elaborator.diagnostics.warning(message, at: range, hint: hint, notes: scope.callNotes)
    }

    func error(_ message: String, at token: Token? = nil, hint: String? = nil) {
        elaborator.error(message, at: token?.range ?? identity.range, in: scope, hint: hint)
    }

    func warning(_ message: String, at token: Token? = nil, hint: String? = nil) {
        elaborator.diagnostics.warning(
            message, at: token?.range ?? identity.range, hint: hint, notes: scope.callNotes)
    }

    /// Temperature [K] of an element whose card says `temp=` or `dtemp=`: the circuit's, unless given. Reports a
    /// `dtemp=` that leads below absolute zero.
    func temperature(given: Double?, rise: Double?) -> Double {
        if let given = given ?? modelTemperature.absolute { return given + PhysicalConstants.zeroCelsius }
        let temperature = options.temperature + (rise ?? 0) + (modelTemperature.rise ?? 0)
        if temperature > 0 { return temperature }
        error("\(name) is below absolute zero: dtemp is \((rise ?? 0).plain) K at \(options[.temp].plain) °C")
        return options.temperature
    }
}

/// An expression that is compiled once all nodes and elements of the circuit are known.
struct DeferredProgram {
    var expression: Expression
    var scope: Scope
}
