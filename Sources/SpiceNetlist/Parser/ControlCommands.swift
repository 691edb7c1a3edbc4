/// What commands of ngspice's `.control` block are as cards: analyses, measurements, and what they print.
///
/// A script may do anything; only what it does once and whole is translated, so commands within loops and conditions and
/// those that use variables are left out.
struct ControlCommands {
    /// Cards as text, in order.
    private(set) var cards: [String] = []
    private var depth = 0
    /// The analysis that ran last, for `print` and `plot`.
    private var analysis: String?

    private static let analyses: Set<String> = ["op", "dc", "ac", "tran", "noise", "tf", "pz", "sens", "sp"]
    /// Analyses whose tables take voltages and currents.
    private static let printable: Set<String> = ["op", "dc", "ac", "tran"]
    private static let openings: Set<String> = ["if", "while", "dowhile", "repeat", "foreach"]

    /// - Parameter line: as written, without blanks at its ends.
    mutating func take(_ line: String) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard let first = words.first?.lowercased() else { return }
        if Self.openings.contains(first) { depth += 1 }
        if first == "end", depth > 0 { depth -= 1 }
        guard depth == 0, !line.contains("$"), !line.contains("{") else { return }
        let rest = words.dropFirst()
        switch first {
        case _ where Self.analyses.contains(first):
            analysis = first
            add(([".\(first)"] + rest).joined(separator: " "))
        case "meas", "measure": add(([".meas"] + rest).joined(separator: " "))
        case "print", "plot", "gnuplot", "wrdata", "asciiplot":
            guard let analysis, Self.printable.contains(analysis) else { return }
            let items = rest.dropFirst(["gnuplot", "wrdata"].contains(first) ? 1 : 0).filter(Self.isQuantity)
            if !items.isEmpty { add(".print \(analysis) \(items.joined(separator: " "))") }
        default: break
        }
    }

    private mutating func add(_ card: String) { if !cards.contains(card) { cards.append(card) } }

    /// `v(out)`, `vdb(a,b)`, `i(v1)`, `@q1[gm]`; not what `let` has made, and no sums, which a card would have in braces.
    private static func isQuantity(_ word: String) -> Bool {
        let text = word.lowercased()
        if text.hasPrefix("@") { return text.hasSuffix("]") }
        guard text.hasSuffix(")"), let open = text.firstIndex(of: "(") else { return false }
        let name = text[..<open]
        let inner = text[text.index(after: open)...].dropLast()
        return ["v", "vm", "vdb", "vp", "vr", "vi", "i"].contains(name) && !inner.isEmpty
            && !inner.contains(where: { "()+*/".contains($0) })
    }
}
