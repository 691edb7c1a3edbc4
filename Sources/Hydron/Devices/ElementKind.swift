/// What the catalogue knows of a kind of element: its letter, its card, its parameters. Parsing, error texts,
/// `hydron devices` and the reference manual all come from here.
struct ElementDescription: Sendable {
    /// Lower-case first letter of the element's name.
    var letter: Character
    /// "resistor"
    var name: String
    /// The card, as a user writes it: `Rname n+ n- value|model [key=value]…`
    var syntax: String
    /// One or two sentences.
    var summary: String
    /// A whole netlist, title to `.end`, that shows it at work.
    var example: String
    /// `.model` types that the card may name, lower-case; empty where it takes none.
    var modelTypes: [String] = []
    var instanceParameters: [Parameter] = []
    var modelParameters: [Parameter] = []
    var outputs: [DeviceOutput] = []
}

/// A kind of element that a netlist can hold: one line in ``Catalog``.
protocol ElementKind: SendableMetatype {
    static var description: ElementDescription { get }
    /// Reads the card and adds the element to `card.builder`; reports what is wrong through `card.error` and then adds
    /// nothing.
    static func elaborate(_ card: ElementCard)
}

extension ParameterKey {
    static var table: [Parameter] { allCases.map(\.parameter) }
}
