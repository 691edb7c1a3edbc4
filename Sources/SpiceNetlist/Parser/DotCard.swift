/// What a dot card asks of the parser, by its first word.
enum DotCard: Equatable {
    /// Kept in the tree.
    case directive(Directive)
    case include, library, endLibrary
    case subcircuit, endSubcircuit
    case control, endControl
    case end, title, endData
    /// Means nothing here, and nothing is lost: `.backanno` of LTspice, `.protect` of HSPICE, `.width` of SPICE2.
    case ignored

    /// - Parameter word: lower-case, with its dot.
    static func named(_ word: String) -> DotCard? { table[word] }

    /// All words, for suggestions.
    static var names: [String] { table.keys.sorted() }

    private static let table: [String: DotCard] = {
        var table: [String: DotCard] = [
            ".include": .include, ".inc": .include, ".incl": .include, ".lib": .library, ".endl": .endLibrary,
            ".subckt": .subcircuit, ".macro": .subcircuit, ".subcircuit": .subcircuit,
            ".ends": .endSubcircuit, ".eom": .endSubcircuit, ".endsubckt": .endSubcircuit,
            ".endsubcircuit": .endSubcircuit,
            ".backanno": .ignored, ".protect": .ignored, ".unprotect": .ignored, ".prot": .ignored,
            ".unprot": .ignored, ".width": .ignored,
            ".control": .control, ".endc": .endControl, ".end": .end, ".title": .title, ".enddata": .endData,
            ".option": .directive(.options), ".opt": .directive(.options), ".opts": .directive(.options),
            ".measure": .directive(.measure), ".params": .directive(.param), ".parameter": .directive(.param),
            ".parameters": .directive(.param), ".function": .directive(.function), ".else_if": .directive(.elseif),
            ".elif": .directive(.elseif), ".fourier": .directive(.four), ".temperature": .directive(.temp),
            ".initcond": .directive(.initialCondition), ".dcvolt": .directive(.initialCondition),
            ".sensitivity": .directive(.sens), ".wc": .directive(.worstCase), ".globalparam": .directive(.globalParam),
        ]
        for directive in Directive.allCases where directive != .unknown {
            table[".\(directive.rawValue)"] = .directive(directive)
        }
        return table
    }()
}
