import SpiceNetlist

/// The analyses, their cards and options as text, made from the catalogue.
public enum AnalysisReferenceManual {
    /// All analyses; with a card's word, `.ac` or `ac`, that one. nil where there is none.
    public static func text(card: String? = nil) -> String? {
        let word = card.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        let chosen = AnalysisCatalog.kinds.map { $0.description }.filter { kind in
            word.map { word in kind.directives.contains { $0.rawValue == word } } ?? true
        }
        guard !chosen.isEmpty else { return nil }
        return chosen.map { kind in
            "\(kind.name)\n" + kind.syntax.map { "  \($0)\n" }.joined()
                + (word == nil ? "" : "\n\(kind.summary)\n")
        }.joined()
    }
}
