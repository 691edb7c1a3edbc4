import SpiceNetlist

/// The elements and their parameters as text, made from the catalogue's tables.
public enum ElementReferenceManual {
    /// A line an element; with a letter, its card, parameters, printable quantities and an example. nil where there is no such
    /// element.
    public static func text(letter: String? = nil) -> String? {
        let kinds = Catalog.kinds.map { $0.description }
        guard let letter else {
            return kinds.map { "\($0.letter.uppercased())  \($0.name)\n   \($0.syntax)\n" }.joined()
        }
        let chosen = kinds.filter { String($0.letter) == letter }
        guard !chosen.isEmpty else { return nil }
        return chosen.map { page($0) }.joined(separator: "\n")
    }

    private static func page(_ kind: ElementDescription) -> String {
        var text = "\(kind.letter.uppercased())  \(kind.name)\n\n  \(kind.syntax)\n\n\(kind.summary)\n"
        if !kind.modelTypes.isEmpty { text += "\nModel types: \(kind.modelTypes.joined(separator: ", "))\n" }
        text += table("Parameters of the element", kind.instanceParameters)
        text += table("Parameters of the model", kind.modelParameters)
        if !kind.outputs.isEmpty {
            text += "\nQuantities, @name[…]:\n"
            for output in kind.outputs {
                text += "  \(padded(output.name, 12)) \(padded(output.unit, 6)) \(output.meaning)\n"
            }
        }
        text += "\nExample:\n" + kind.example.split(separator: "\n").map { "  \($0)\n" }.joined()
        return text
    }

    private static func table(_ title: String, _ parameters: [Parameter]) -> String {
        guard !parameters.isEmpty else { return "" }
        var text = "\n\(title):\n"
        for parameter in parameters {
            let names = ([parameter.name] + parameter.aliases).joined(separator: ", ")
            let value = parameter.defaultValue.map { $0.plain } ?? "—"
            text += "  \(padded(names, 16)) \(padded(value, 10)) \(padded(parameter.unit, 6)) \(parameter.meaning)\n"
        }
        return text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    // MARK: One entry

    /// A card and what it asks for.
    public struct Entry: Sendable {
        public var name: String
        public var syntax: [String]
        public var summary: String
    }

    /// The element of a letter, of several that which takes models of this type. Lower-case.
    public static func element(_ letter: Character, modelType: String? = nil) -> Entry? {
        let kinds = Catalog.kinds.map { $0.description }.filter { $0.letter == letter }
        let kind = kinds.first { $0.modelTypes.contains(modelType ?? "") } ?? kinds.first
        return kind.map { Entry(name: $0.name, syntax: [$0.syntax], summary: $0.summary) }
    }

    /// The analysis that a dot card asks for.
    public static func analysis(_ directive: Directive) -> Entry? {
        let description = AnalysisCatalog.byDirective[directive]?.description
        return description.map { Entry(name: $0.name, syntax: $0.syntax, summary: $0.summary) }
    }

    /// A parameter on the card of an element, by name or alias.
    public static func parameter(_ name: String, ofElement letter: Character) -> Parameter? {
        parameter(
            name, Catalog.kinds.filter { $0.description.letter == letter }.map { $0.description.instanceParameters })
    }

    /// A parameter on a `.model` card of a type, by name or alias.
    public static func parameter(_ name: String, ofModel type: String) -> Parameter? {
        parameter(
            name,
            Catalog.kinds.filter { $0.description.modelTypes.contains(type) }.map { $0.description.modelParameters })
    }

    /// A number that `.options` sets.
    public static func option(_ name: String) -> Parameter? { parameter(name, [SimulationOptions.Key.table]) }

    private static func parameter(_ name: String, _ tables: [[Parameter]]) -> Parameter? {
        tables.joined().first { $0.name == name || $0.aliases.contains(name) }
    }
}
