/// The elements and their parameters as text, made from the catalogue's tables.
public enum ElementReferenceManual {
    /// A line an element; with a letter, its card, parameters and printable quantities. nil where there is no such
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
}
