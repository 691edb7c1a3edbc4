import SpiceNetlist

/// Finds nodes that one element alone touches, and touches once: a wire that ends nowhere, or a misspelt name.
enum DanglingNodes {
    /// - Parameter netlist: nodes that a dot card names (`.print v(out)`) are there to be looked at.
    static func find(in circuit: Circuit, _ netlist: Netlist, diagnostics: inout Diagnostics) {
        var touches = [UInt8](repeating: 0, count: circuit.unknowns.count)
        var owner = [ElementReference?](repeating: nil, count: circuit.unknowns.count)
        for (place, population) in circuit.populations.enumerated() {
            for index in 0..<population.count {
                for local in 0..<population.arity {
                    let unknown = Int(population.unknown(local, of: index))
                    guard unknown > 0, unknown < touches.count else { continue }
                    touches[unknown] = min(touches[unknown] + 1, 2)
                    owner[unknown] = ElementReference(population: Int32(place), index: Int32(index))
                }
            }
        }
        // What an expression reads is connected to it.
        for population in circuit.populations {
            for index in 0..<population.count {
                for pair in population.controllingVoltages(of: index, in: circuit) {
                    for unknown in [Int(pair.0), Int(pair.1)] where touches.indices.contains(unknown) {
                        touches[unknown] = 2
                    }
                }
            }
        }
        let lonely = circuit.unknowns.nodes.filter { touches[$0] == 1 }
        guard !lonely.isEmpty else { return }
        let watched = namesOnDotCards(netlist)
        for unknown in lonely {
            let name = circuit.unknowns.name(unknown)
            guard !watched.contains(name), let reference = owner[unknown] else { continue }
            let identity = circuit.populations[Int(reference.population)].identity(Int(reference.index))
            let element = circuit.elements.names.name(of: identity.name)
            let others = circuit.unknowns.nodes.lazy.filter { $0 != unknown }.map { circuit.unknowns.name($0) }
            diagnostics.warning(
                "node '\(name)' is connected to '\(element)' alone", at: identity.range,
                hint: suggestion(for: name, among: others).map { "did you mean '\($0)'?" }
                    ?? "connect it, or print it if it is only to be looked at")
        }
    }

    private static func namesOnDotCards(_ netlist: Netlist) -> Set<String> {
        var names: Set<String> = []
        for card in netlist.top.cards {
            guard case .directive = card.kind else { continue }
            let text = netlist.sources.lowercased(card.range)
            for word in text.split(whereSeparator: { "()[],'\"{}=+-*/ \t\r\n@".contains($0) }) {
                names.insert(word.contains(":") ? String(word).replacing(":", with: ".") : String(word))
            }
        }
        return names
    }
}
