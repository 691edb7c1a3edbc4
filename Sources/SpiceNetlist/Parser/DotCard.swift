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
    /// Lines up to this one that mean nothing here.
    case ignoredBlock(end: String)
    /// What stands behind it is another netlist: HSPICE's `.alter`.
    case variant
    /// Would change the circuit in a way that is not there: an error, with the way out.
    case refused(end: String?, hint: String)

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
            ".unprot": .ignored, ".width": .ignored, ".ferret": .ignored, ".text": .ignored, ".stmlib": .ignored,
            ".autoconverge": .ignored, ".endaliases": .ignored, ".aliases": .ignoredBlock(end: ".endaliases"),
            ".alter": .variant,
            ".machine": .refused(
                end: ".endmachine", hint: "write the states as B sources that switches and capacitors hold"),
            ".connect": .refused(end: nil, hint: "give both nodes one name, or write `v1 a b 0` between them"),
            ".vec": .refused(end: nil, hint: "write its patterns as sources, PAT or PWL"),
            ".stimulus": .refused(end: nil, hint: "write its waveform on the source's own card"),
            ".graph": .directive(.plot), ".probe64": .directive(.probe),
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
