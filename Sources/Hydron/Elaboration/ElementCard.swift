import SpiceNetlist

/// An element's card during elaboration, as its ``ElementKind`` sees it: nodes resolved through the subcircuit's ports,
/// values evaluated in its scope, models found, mistakes reported with their place. One object is used again for card
/// after card.
final class ElementCard {
    var builder = CircuitBuilder()

    /// Lower-case, hierarchical: `x1.r1`.
    var name: String { "" }
    var identity: ElementIdentity {
        ElementIdentity(name: 0, range: SourceRange(file: 0, start: 0, end: 0))
    }
    var dialect: Dialect { .ngspice }
    var options: SimulationOptions { builder.options }

    /// Product of the `m=` of all subcircuit calls around this element.
    var multiplier: Double { 1 }

    // MARK: Positional fields, read from left to right

    /// The next positional field as a node; reports "r1 has no node 2" and returns nil where there is none.
    func node(_ what: String = "node") -> Int32? { nil }
    /// Looks at the next positional field without taking it: its lower-case text, nil at the end or for an expression.
    var nextWord: String? { nil }
    /// The next positional field, whatever it is; nil at the end.
    func nextField() -> Statement.Field? { nil }
    var remainingFieldCount: Int { 0 }
    /// Takes the next positional field if it is this word.
    func take(_ word: String) -> Bool { false }
    /// True where the next positional field reads as a number or is an expression or a known parameter.
    var nextIsValue: Bool { false }
    /// The next positional field as a constant value; reports an error and returns nil otherwise.
    func value(_ what: String) -> Double? { nil }
    /// All positional values up to the first that is none (a PULSE's arguments).
    func values() -> [Double] { [] }

    // MARK: Keyed fields

    /// The field `key=…`, taken; nil where the card has none.
    func take(key: String) -> Token? { nil }
    /// All remaining keyed fields (and words like `off`, listed in `flags`, as 1) as values of a parameter table, with
    /// overrides of `.step` applied. Reports unknown names (with a suggestion), values out of bounds, and fields left
    /// over. `also` are keys that the caller reads itself.
    func parameters<Key: ParameterKey>(_ table: Key.Type, flags: [String] = []) -> ParameterValues<Key>? { nil }

    // MARK: Values and expressions

    /// A token's value, constant in this scope.
    func evaluate(_ token: Token, _ what: String) -> Double? { nil }
    /// True where the token is an expression that depends on the solution or on time.
    func dependsOnSolution(_ token: Token) -> Bool { false }
    /// A token as a compiled expression of the solution.
    func program(_ token: Token) -> Program? { nil }
    /// The lower-case text of a word, the text of a string or expression.
    func text(_ token: Token) -> String { "" }
    /// Finds an element by the name as written here (the subcircuit's own first); its branch unknown once the whole
    /// circuit is known. F, H, K and W use it: `body` runs after all cards of the circuit were read.
    func whenComplete(_ body: @escaping (ElementCard) -> Void) {}
    /// The branch-current unknown of the named voltage-defined element; reports an error where there is none.
    func branch(of element: String, at token: Token) -> Int32? { nil }
    /// The named element as seen from this scope; only inside ``whenComplete(_:)``.
    func element(named name: String, at token: Token) -> ElementReference? { nil }

    // MARK: Models

    /// Takes the next positional field as the name of a model of one of `types`. Reports an error with a suggestion
    /// where there is none.
    func model(_ types: [String]) -> ModelCard? { nil }
    /// True where the next positional field names a model of one of `types`.
    func nextIsModel(_ types: [String]) -> Bool { false }

    // MARK: Mistakes

    func error(_ message: String, at token: Token? = nil, hint: String? = nil) {}
    func warning(_ message: String, at token: Token? = nil, hint: String? = nil) {}

    /// Temperature [K] of an element whose card says `temp=` or `dtemp=`: the circuit's, unless given.
    func temperature(given: Double?, rise: Double?) -> Double {
        if let given { return given + PhysicalConstants.zeroCelsius }
        return options.temperature + (rise ?? 0)
    }
}

/// A `.model` as an element sees it.
final class ModelCard {
    let name: String
    /// Lower-case: `d`, `npn`, `proton`.
    let type: String
    /// Values of the model's parameter table, evaluated in the scope where the model was defined. Unknown names and
    /// values out of bounds are reported once a model, not once an element. Cached by table.
    func values<Key: ParameterKey>(_ table: Key.Type) -> ParameterValues<Key> { ParameterValues() }

    init(name: String, type: String) {
        self.name = name
        self.type = type
    }
}
