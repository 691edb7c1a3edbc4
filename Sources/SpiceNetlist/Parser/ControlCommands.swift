/// What commands of ngspice's `.control` block are as cards: analyses, measurements, and what they print.
///
/// A script may do anything; only what it does once and whole is translated, so commands within loops and conditions and
/// those that use variables are left out.
struct ControlCommands {
    /// Cards as text, in order.
    private(set) var cards: [String] = []
    /// False where the script does what no card does: it changes the circuit between runs, repeats, decides, calls others.
    private(set) var isWhole = true
    /// Analyses of which something is shown that no item of a `.print` is: all of their tables is wanted then.
    private var incomplete: Set<String> = []
    private var depth = 0
    /// The analysis that ran last, for `print` and `plot`.
    private var analysis: String?

    private static let analyses: Set<String> = ["op", "dc", "ac", "tran", "noise", "tf", "pz", "sens", "sp"]
    /// Analyses whose tables take voltages and currents.
    private static let printable: Set<String> = ["op", "dc", "ac", "tran"]
    private static let shows: Set<String> = ["print", "plot", "gnuplot", "wrdata", "asciiplot"]
    private static let openings: Set<String> = ["if", "while", "dowhile", "repeat", "foreach"]
    /// What a script says about its own working, its vectors, windows and files: nothing about the circuit.
    private static let bystanders: Set<String> = [
        "run", "quit", "exit", "echo", "let", "unlet", "set", "unset", "setplot", "settype", "deftype", "define",
        "undefine", "display", "destroy", "rusage", "listing", "show", "showmod", "write", "wrs2p", "hardcopy",
        "linearize", "fft", "psd", "spec", "setscale", "remzerovec", "compose", "transpose", "cross", "diff", "eprint",
        "esave", "save", "status", "version", "history", "help", "cd", "iplot", "optran", "edisplay", "inventory",
        "setseed", "setcs", "shell", "unalias", "alias", "strcmp", "rspice", "mdump", "mrdump", "where", "cutout",
        "settrace", "trace",
    ]

    /// - Parameter line: as written, without blanks at its ends.
    mutating func take(_ line: String) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard let first = words.first?.lowercased() else { return }
        if Self.openings.contains(first) { depth += 1 }
        if first == "end" || first == "endif", depth > 0 { depth -= 1 }
        if first.hasPrefix("*") || first.hasPrefix("$") || first.hasPrefix("#") || first.hasPrefix(";") { return }
        if isCondition(first) { return }
        guard depth == 0, !line.contains("$"), !line.contains("{") else {
            // What an `echo` puts together and whether something is plotted is no matter.
            if !Self.bystanders.contains(first), !Self.shows.contains(first) { isWhole = false }
            if let analysis, Self.shows.contains(first) { incomplete.insert(analysis) }
            return
        }
        let rest = words.dropFirst()
        switch first {
        case _ where Self.analyses.contains(first):
            analysis = first
            add(([".\(first)"] + rest).joined(separator: " "))
        case "meas", "measure": add(([".meas"] + rest).joined(separator: " "))
        case _ where Self.shows.contains(first):
            guard let analysis, Self.printable.contains(analysis) else { return }
            let shown = rest.dropFirst(["gnuplot", "wrdata"].contains(first) ? 1 : 0)
            let items = shown.filter(Self.isQuantity)
            if items.count < shown.count { incomplete.insert(analysis) }
            if !items.isEmpty { add(".print \(analysis) \(items.joined(separator: " "))") }
        case "option", "options":
            if !rest.isEmpty { add(([".options"] + rest).joined(separator: " ")) }
        case "four", "fourier": add(([".four"] + rest).joined(separator: " "))
        case "set" where rest.first.map(Self.isTemperature) == true: isWhole = false
        default: if !Self.bystanders.contains(first) { isWhole = false }
        }
    }

    /// The cards to run in place of the script: a table of which only a part could be named is given out whole.
    var cardsToRun: [String] {
        cards.filter { card in !incomplete.contains { card.hasPrefix(".print \($0) ") } }
    }

    /// The words that decide and repeat: what lies between them counts.
    private func isCondition(_ word: String) -> Bool {
        Self.openings.contains(word) || ["else", "elseif", "end", "endif", "break", "continue"].contains(word)
    }

    /// `temp=85` of a `set`.
    private static func isTemperature(_ word: String) -> Bool {
        ["temp", "tnom"].contains { word.lowercased().hasPrefix($0) }
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
