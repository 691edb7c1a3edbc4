import SpiceNetlist

/// Buses on cards: `x1 row[0:7] out amp` gives nine nodes, `r[0:7] row[0:7] 0 1k` is eight resistors, of which each takes
/// its own node of a bus as wide and all share a single one.
final class Buses {
    private unowned let elaborator: Elaborator
    private let netlist: Netlist
    private let files: [UnsafePointer<UInt8>?]
    /// Those that elements of the present card asked for, by their text.
    private var last: [String: Expanded] = [:]

    /// Names that a word stood for, and the values of parameters that it was read with.
    private struct Expanded {
        var names: [String]
        var asked: [String: Double?]

        func holds(in scope: Scope) -> Bool { asked.allSatisfy { scope.constant($0.key) == $0.value } }
    }

    /// - Parameter files: first bytes of each source file.
    init(_ elaborator: Elaborator, files: [UnsafePointer<UInt8>?]) {
        self.elaborator = elaborator
        self.files = files
        netlist = elaborator.netlist
    }

    /// Whether a word ends with a range in brackets. Asked for each element: one look at a byte nearly always.
    func isBus(_ token: Token) -> Bool {
        let range = token.range
        guard token.kind == .word, range.end > range.start, let base = files[Int(range.file)],
            base[Int(range.end) - 1] == UInt8(ascii: "]")
        else { return false }
        return BusName.isRange(netlist.sources.text(range))
    }

    /// The names that a word stands for, as written; nil after an error.
    func names(of token: Token, in scope: Scope) -> [String]? {
        names(of: netlist.sources.lowercased(token.range), at: token.range, in: scope)
    }

    func names(of text: String, at range: SourceRange, in scope: Scope) -> [String]? {
        // Each of a card's thousand elements asks for the same thousand names.
        if let last = last[text], last.holds(in: scope) { return last.names }
        var asked: [String: Double?] = [:]
        do throws(BusName.Mistake) {
            let names = try BusName.expand(text) { parameter in
                let value = scope.constant(parameter)
                asked[parameter] = .some(value)
                return value
            }
            if scope.instance != nil, names.count > 1 { last[text] = Expanded(names: names, asked: asked) }
            return names
        } catch {
            elaborator.error(error.message, at: range, in: scope, hint: error.hint)
            return nil
        }
    }

    /// The one name among those that a word stands for which belongs to the element being read.
    func single(_ text: String, at range: SourceRange, in scope: Scope) -> String? {
        guard let names = names(of: text, at: range, in: scope) else { return nil }
        if names.count == 1 { return names[0] }
        guard let instance = scope.instance else {
            elaborator.error(
                "'\(text)' is \(names.count) names, but one is wanted here", at: range, in: scope,
                hint: "several elements on one card have names such as r[0:\(names.count - 1)]")
            return nil
        }
        guard names.count == instance.count else {
            elaborator.error(
                "'\(text)' is \(names.count) names for \(instance.count) elements", at: range, in: scope,
                hint: "each takes one: give as many, or a single one for all")
            return nil
        }
        return names[instance.place]
    }

    /// Calls `body` for each element that a name such as `r[0:7]` stands for, with a scope where `i` is its number;
    /// what is wrong with one is said once.
    func eachInstance(of token: Token, in scope: Scope, _ body: (String, Scope) -> Void) {
        guard let names = names(of: token, in: scope) else { return }
        let errors = elaborator.diagnostics.errorCount
        last = [:]
        defer { last = [:] }
        for (place, name) in names.enumerated() {
            let digits = name.dropLast().reversed().prefix { $0 != "[" }.reversed()
            body(name, scope.instance(place, of: names.count, number: Int(String(digits)) ?? place))
            if elaborator.diagnostics.errorCount > errors { return }
        }
    }
}
