import Hydron
import SpiceNetlist

/// What an editor shows about a word, as Markdown.
struct HoverText {
    let index: NetlistIndex
    private var netlist: Netlist { index.netlist }

    /// Calls of a subcircuit, elements at a node, that are told one by one.
    private static let longest = 8

    /// nil where there is nothing to say.
    func text(_ word: NetlistIndex.Word) -> String? {
        switch word.meaning {
        case .parameter: return parameter(word)
        case .node: return node(word)
        case .element:
            guard let letter = word.name.first else { return nil }
            if letter == "x" { return definition(word, "element") }
            guard let entry = ElementReferenceManual.element(letter) else { return nil }
            return card(entry)
        case .elementParameter(let letter):
            return ElementReferenceManual.parameter(word.name, ofElement: letter).map(line)
        case .modelParameter(let type):
            return ElementReferenceManual.parameter(word.name, ofModel: type).map(line)
        case .option: return ElementReferenceManual.option(word.name).map(line)
        case .directive(let directive): return ElementReferenceManual.card(directive).map(card)
        case .waveform: return ElementReferenceManual.waveform(word.name).map(card)
        case .number:
            guard let value = Number.parse(word.name, dialect: netlist.dialect)?.value,
                word.name.contains(where: \.isLetter)
            else { return nil }
            return "`\(word.name)` is \(Self.number(value))"
        case .function, .model, .subcircuit: return definition(word, "\(word.meaning)")
        }
    }

    private func card(_ entry: ElementReferenceManual.Entry) -> String {
        "**\(entry.name)**\n\n```spice\n\(entry.syntax.joined(separator: "\n"))\n```\n\n\(entry.summary)"
    }

    private func line(_ parameter: Parameter) -> String {
        let names = ([parameter.name] + parameter.aliases).map { "`\($0)`" }.joined(separator: ", ")
        let unit = parameter.unit == "-" ? "" : " [\(parameter.unit)]"
        let value = parameter.defaultValue.map { "default \(Self.number($0))" }
        let facts = [value, parameter.bounds == .any ? nil : "\(parameter.bounds)"].compactMap { $0 }
        return "\(names)\(unit): \(parameter.meaning)"
            + (facts.isEmpty ? "" : "\n\n" + facts.joined(separator: "; "))
    }

    private func parameter(_ word: NetlistIndex.Word) -> String? {
        let values = index.values(of: word)
        guard !values.isEmpty else { return nil }
        func said(_ value: NetlistSurvey.Value) -> String {
            value.value.map { Self.number($0) } ?? "depends on the solution"
        }
        if values.count == 1, let value = values.first {
            let place =
                value.call == nil ? ", by default" : value.call?.isEmpty == false ? " in `\(value.call ?? "")`" : ""
            return "`\(word.name)` = \(said(value))\(place)"
        }
        let lines = values.prefix(Self.longest).map { "- \(said($0)) in `\($0.call ?? "")`" }
        let rest = values.count - lines.count
        return "`\(word.name)`\n\n" + lines.joined(separator: "\n") + (rest > 0 ? "\n- … \(rest) more" : "")
    }

    private func node(_ word: NetlistIndex.Word) -> String {
        let places = index.places(of: word)
        let elements = index.words.filter { $0.meaning == .element && $0.isDefinition && $0.block == word.block }
        // The element whose card a place is on stands last before it.
        var names: [String] = []
        for place in places where index.survey.nodes.contains(place.range) {
            let owner = elements.last { $0.range.file == place.range.file && $0.range.start <= place.range.start }
            if let owner, names.last != owner.name { names.append(owner.name) }
        }
        let shown = names.prefix(Self.longest).map { "`\($0)`" }.joined(separator: ", ")
        let rest = names.count - Self.longest
        let subcircuit = index.blocks[word.block].subcircuit.map {
            " of subcircuit `\(netlist.sources.lowercased($0.name.range))`"
        }
        return "node `\(word.name)`\(subcircuit ?? "")"
            + (names.isEmpty ? "" : "\n\nat " + shown + (rest > 0 ? " and \(rest) more" : ""))
    }

    /// The card that defines it.
    private func definition(_ word: NetlistIndex.Word, _ what: String) -> String? {
        guard let place = index.places(of: word).first(where: \.isDefinition) else { return nil }
        return "\(what) `\(word.name)`\n\n```spice\n\(netlist.sources.line(of: place.range))\n```"
    }

    private static func number(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
