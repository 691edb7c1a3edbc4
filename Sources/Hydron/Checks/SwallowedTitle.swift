import SpiceNetlist

/// Finds an element in the place of the title by what it names: `D1 a b dx` where there is a model dx. The parser has
/// noticed those that show by themselves.
enum SwallowedTitle {
    static func find(in netlist: Netlist, diagnostics: inout Diagnostics) {
        guard let range = netlist.titleRange, !diagnostics.all.contains(where: { $0.range == range }) else { return }
        let words = netlist.title.lowercased().split { $0 == " " || $0 == "\t" }.filter { !$0.contains("=") }
        guard words.count > 3, let first = words.first, let last = words.last, let letter = first.first,
            letter.isASCII, letter.isLetter, first.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }),
            last != first, defines(String(last), netlist)
        else { return }
        diagnostics.warning(
            "the first line is the title, so this element of '\(last)' is not read", at: range,
            hint: "put a title line before it",
            fixIt: Diagnostic.FixIt(
                replacing: SourceRange(file: range.file, start: range.start, end: range.start), with: "Untitled\n"))
    }

    /// Whether a model or subcircuit of the top level has that name.
    private static func defines(_ name: String, _ netlist: Netlist) -> Bool {
        if netlist.top.subcircuits.contains(where: { netlist.sources.lowercased($0.name.range) == name }) {
            return true
        }
        var (statement, ignored) = (Statement(), Diagnostics())
        return netlist.top.cards.contains { card in
            guard card.kind == .directive(.model) else { return false }
            netlist.decode(card, into: &statement, diagnostics: &ignored)
            return statement.fields.first.map { netlist.sources.lowercased($0.value.range) == name } ?? false
        }
    }
}
