/// The pages of the manual that come from tables: `docs/devices` and `docs/analyses-reference.md`.
public enum ReferencePages {
    /// By their paths below `docs`.
    public static func all() -> [(path: String, text: String)] {
        var pages: [(path: String, text: String)] = []
        var letters: [Character] = []
        let kinds = Catalog.kinds.map { $0.description }
        for kind in kinds where !letters.contains(kind.letter) { letters.append(kind.letter) }
        letters.sort()
        var index = "# Elements and their parameters\n\n\(origin)| letter | element | card |\n|---|---|---|\n"
        for letter in letters {
            let mine = kinds.filter { $0.letter == letter }
            for kind in mine {
                index += "| [\(letter.uppercased())](\(letter).md) | \(kind.name) | `\(cell(kind.syntax))` |\n"
            }
            let title = mine.map(\.name).joined(separator: ", ")
            pages.append(
                (
                    "devices/\(letter).md",
                    "# \(letter.uppercased()): \(title)\n\n\(origin)" + mine.map(section).joined(separator: "\n")
                ))
        }
        pages.append(("devices/README.md", index))
        pages.append(("analyses-reference.md", analyses()))
        return pages
    }

    private static let origin = "Made from the program's own tables by `make reference`.\n\n"

    private static func section(_ kind: ElementDescription) -> String {
        var text = "## \(kind.name)\n\n    \(kind.syntax)\n\n\(kind.summary)\n"
        if !kind.modelTypes.isEmpty {
            text += "\nModel types: \(kind.modelTypes.map { "`\($0)`" }.joined(separator: ", ")).\n"
        }
        text += "\n```spice\n\(kind.example)\n```\n"
        if "vi".contains(kind.letter) {
            text += "\n### Waveforms\n\n| waveform | meaning |\n|---|---|\n"
            for waveform in ElementReferenceManual.waveforms {
                let ways = waveform.syntax.map { "`\($0)`" }.joined(separator: ", ")
                text += "| \(cell(ways)) | \(cell(waveform.summary)) |\n"
            }
        }
        text += table("Parameters of the element", kind.instanceParameters)
        text += table("Parameters of the model", kind.modelParameters)
        if !kind.outputs.isEmpty {
            text += "\n### Quantities, `@name[…]`\n\n| name | unit | meaning |\n|---|---|---|\n"
            for output in kind.outputs {
                text += "| `\(output.name)` | \(output.unit) | \(cell(output.meaning)) |\n"
            }
        }
        return text
    }

    private static func table(_ title: String, _ parameters: [Parameter]) -> String {
        guard !parameters.isEmpty else { return "" }
        var text = "\n### \(title)\n\n| name | unit | default | range | meaning |\n|---|---|---|---|---|\n"
        for parameter in parameters {
            let names = ([parameter.name] + parameter.aliases).map { "`\($0)`" }.joined(separator: " ")
            let value = parameter.defaultValue.map { $0.plain } ?? "—"
            text +=
                "| \(names) | \(parameter.unit) | \(value) | \(parameter.bounds) | \(cell(parameter.meaning)) |\n"
        }
        return text
    }

    private static func analyses() -> String {
        var text = "# Analyses and their cards\n\n\(origin)What they do and how: [analyses](analyses.md).\n"
        for kind in AnalysisCatalog.kinds.map({ $0.description }) {
            let name = kind.name.prefix(1).uppercased() + kind.name.dropFirst()
            text += "\n## \(name)\n\n" + kind.syntax.map { "    \($0)\n" }.joined() + "\n\(kind.summary)\n"
        }
        text += "\n## Other cards\n\n| card | meaning |\n|---|---|\n"
        for card in ElementReferenceManual.otherCards {
            let ways = card.syntax.map { "`\($0)`" }.joined(separator: "<br>")
            text += "| \(cell(ways)) | \(cell(card.summary)) |\n"
        }
        return text + "\n## Options\n" + table("`.options name=value`", SimulationOptions.Key.table)
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
