/// An initial voltage between two nodes of a compiled element, as its card's `ic=` gives it.
///
/// SPICE's letters list theirs in an order of their own: M gives vds, vgs, vbs and, on an insulator, ves and vps; Q vbe and
/// vce; J vds and vgs; D its one.
struct OSDICondition: Sendable {
    var element: Int
    /// Local nodes.
    var plus: Int
    var minus: Int
    /// [V]
    var volts: Double

    /// The pairs of nodes that a list of `ic=` belongs to; none where the letter knows no such list.
    static func pairs(letter: UInt8, _ module: OSDIModule) -> [(plus: Int, minus: Int)] {
        let terminals = module.nodes.prefix(module.terminalCount).map(\.name)
        // By name where the module has names that the field knows, else by place.
        func node(_ names: [String], _ place: Int) -> Int? {
            terminals.firstIndex { names.contains($0) } ?? (place < terminals.count ? place : nil)
        }
        let wanted: [(Int?, Int?)]
        switch letter {
        case UInt8(ascii: "m"):
            let (drain, source) = (node(["d"], 0), node(["s"], 2))
            wanted = [
                (drain, source), (node(["g"], 1), source), (node(["b"], 3), source),
                (terminals.firstIndex(of: "e"), source), (terminals.firstIndex(of: "p"), source),
            ]
        case UInt8(ascii: "q"):
            let emitter = node(["e"], 2)
            wanted = [(node(["b"], 1), emitter), (node(["c"], 0), emitter)]
        case UInt8(ascii: "j"):
            let source = node(["s"], 2)
            wanted = [(node(["d"], 0), source), (node(["g"], 1), source)]
        case UInt8(ascii: "d"): wanted = [(0, 1)]
        default: wanted = []
        }
        var pairs: [(plus: Int, minus: Int)] = []
        for case (let plus?, let minus?) in wanted where plus != minus { pairs.append((plus, minus)) }
        return pairs
    }

    /// Moves the voltages of one element's nodes to where its conditions want them; a node inside moves with the terminal
    /// that it is named after, `di` with `d`.
    static func apply(_ conditions: some Sequence<OSDICondition>, to voltages: inout [Double], _ module: OSDIModule) {
        let terminals = module.nodes.prefix(module.terminalCount)
        let before = voltages
        for condition in conditions { voltages[condition.plus] = voltages[condition.minus] + condition.volts }
        for (place, node) in module.nodes.enumerated().dropFirst(module.terminalCount) where !node.isFlow {
            let outer = terminals.indices.last { node.name.hasPrefix(terminals[$0].name) }
            if let outer { voltages[place] += voltages[outer] - before[outer] }
        }
    }
}
