import SpiceNetlist

/// Finds what no operating point can exist with: nodes without a path for direct current to ground, and loops of
/// elements that each fix a voltage. Near-linear in the size of the circuit (union-find).
///
/// What it reports is certain: the matrix is singular whatever the values are. Where values decide (a node that only
/// controlled sources hold), the factorisation tells.
enum TopologyCheck {
    /// What was found besides mistakes.
    struct Findings {
        /// Inductors close a loop of their own, in which the direct current is left open.
        var hasInductorLoop = false
        /// A node to hold of each floating island to which `.ic` or `.nodeset` gives a voltage.
        var anchors: [NodeCondition] = []

        /// Notes in the circuit what its equations have to heed.
        func note(in circuit: inout Circuit) {
            circuit.inductorLoss = hasInductorLoop ? 1e-6 : 0
            circuit.anchors = anchors
        }
    }

    /// - Parameters:
    ///   - netlist: that the circuit was made of, for places of nodes that nothing touches.
    ///   - swept: lower-case names of independent sources whose value is not the one on their card.
    ///   - isForSmallSignals: nothing but small changes around the operating point is asked for. Where the circuit is
    ///     linear, they do not depend on what voltage a floating node rests at.
    @discardableResult
    static func run(
        _ circuit: Circuit, of netlist: Netlist, swept: Set<String> = [], isForSmallSignals: Bool = false,
        diagnostics: inout Diagnostics
    ) -> Findings {
        var findings = Findings()
        findVoltageLoops(circuit, swept, &findings, &diagnostics)
        findFloatingNodes(circuit, netlist, isForSmallSignals, &findings, &diagnostics)
        return findings
    }

    private static func findVoltageLoops(
        _ circuit: Circuit, _ swept: Set<String>, _ findings: inout Findings, _ diagnostics: inout Diagnostics
    ) {
        var sets = DisjointSets(circuit.unknowns.count)
        var members: [(population: Int, index: Int, a: Int32, b: Int32)] = []
        func name(_ member: (Int, Int)) -> String {
            circuit.elements.names.name(of: circuit.populations[member.0].identity(member.1).name)
        }
        func isInductor(_ member: (Int, Int)) -> Bool { circuit.populations[member.0].isFluxDefined }
        /// An inductor, or a source that is at 0 V in direct current: a wire.
        func isWire(_ member: (Int, Int)) -> Bool {
            isInductor(member)
                || circuit.populations[member.0].restsAtZero(member.1) && !swept.contains(name(member))
        }
        for (place, population) in circuit.populations.enumerated() {
            guard !population.voltageDefinedPairs.isEmpty else { continue }
            for index in 0..<population.count {
                for pair in population.voltageDefinedPairs(of: index) {
                    let a = population.unknown(pair.0, of: index)
                    let b = population.unknown(pair.1, of: index)
                    guard a >= 0, b >= 0 else { continue }
                    if sets.join(a, b) {
                        members.append((place, index, a, b))
                        continue
                    }
                    let range = population.identity(index).range
                    let own = name((place, index))
                    if a == b, isInductor((place, index)) {
                        // Its current is left open too; its card says so.
                        findings.hasInductorLoop = true
                        continue
                    }
                    if a == b {
                        diagnostics.error(
                            "both ends of '\(own)' are \(circuit.describe(Int(a)))", at: range,
                            hint: "its voltage can't be other than 0; connect it elsewhere or remove it")
                        continue
                    }
                    let loop = path(from: a, to: b, members)
                    let whole = [(place, index)] + loop
                    let notes = loop.map { member in
                        Diagnostic.Note(
                            "'\(name(member))' is in the loop",
                            at: circuit.populations[member.0].identity(member.1).range)
                    }
                    if !whole.contains(where: isInductor) {
                        diagnostics.error(
                            "'\(own)' closes a loop of elements that each fix a voltage", at: range,
                            hint: "put a small resistance into the loop", notes: notes)
                    } else if whole.allSatisfy(isWire) {
                        findings.hasInductorLoop = true
                        diagnostics.warning(
                            "'\(own)' closes a loop of inductors: in direct current each of its inductors shows 1 µΩ",
                            at: range, notes: notes)
                    } else {
                        diagnostics.error(
                            "'\(own)' closes a loop of voltage sources and inductors: no direct current solves it",
                            at: range,
                            hint: "give the inductor its winding's resistance in series, or start with 'uic'",
                            notes: notes)
                    }
                }
            }
        }
    }

    /// The elements on the way from `a` to `b`, by breadth-first search; only run where a loop was found.
    private static func path(
        from a: Int32, to b: Int32, _ members: [(population: Int, index: Int, a: Int32, b: Int32)]
    ) -> [(Int, Int)] {
        var neighbours: [Int32: [Int]] = [:]
        for (index, member) in members.enumerated() {
            neighbours[member.a, default: []].append(index)
            neighbours[member.b, default: []].append(index)
        }
        var cameBy: [Int32: Int] = [a: -1]
        var queue = [a]
        var head = 0
        while head < queue.count, cameBy[b] == nil {
            let node = queue[head]
            head += 1
            for index in neighbours[node] ?? [] {
                let member = members[index]
                let next = member.a == node ? member.b : member.a
                if cameBy[next] == nil {
                    cameBy[next] = index
                    queue.append(next)
                }
            }
        }
        var loop: [(Int, Int)] = []
        var node = b
        while let index = cameBy[node], index >= 0, loop.count < 10 {
            let member = members[index]
            loop.append((member.population, member.index))
            node = member.a == node ? member.b : member.a
        }
        return loop
    }

    /// Kirchhoff's current law, summed over nodes that conduct only among themselves, holds no matter what: where
    /// also no current that others control crosses their border, a row of the matrix depends on the rest. And where
    /// nothing senses their voltage against ground, a column does. Such nodes can be held where `.ic` or `.nodeset` puts
    /// one of them.
    private static func findFloatingNodes(
        _ circuit: Circuit, _ netlist: Netlist, _ isForSmallSignals: Bool, _ findings: inout Findings,
        _ diagnostics: inout Diagnostics
    ) {
        var conducting = DisjointSets(circuit.unknowns.count)
        for population in circuit.populations {
            for index in 0..<population.count {
                for pair in population.conductingPairs(of: index) {
                    let a = population.unknown(pair.0, of: index)
                    let b = population.unknown(pair.1, of: index)
                    if a >= 0, b >= 0 { _ = conducting.join(a, b) }
                }
            }
        }
        let nodes = circuit.unknowns.nodes
        guard nodes.contains(where: { conducting.root(Int32($0)) != 0 }) else { return }
        var driven = conducting
        var sensed = conducting
        for population in circuit.populations {
            for index in 0..<population.count {
                for pair in population.controlledCurrents(of: index) { _ = driven.join(pair.0, pair.1) }
                for pair in population.controllingVoltages(of: index, in: circuit) { _ = sensed.join(pair.0, pair.1) }
            }
        }
        var islands: [Int32: [Int]] = [:]
        for unknown in nodes {
            let node = Int32(unknown)
            if driven.root(node) == 0, sensed.root(node) == 0 { continue }
            islands[conducting.root(node), default: []].append(unknown)
        }
        var anchors: [Int32: NodeCondition] = [:]
        if !islands.isEmpty {
            for condition in circuit.initialConditions + circuit.nodesets
            where circuit.unknowns.kind(Int(condition.unknown)) == .node {
                let root = conducting.root(condition.unknown)
                if islands[root] != nil, anchors[root] == nil { anchors[root] = condition }
            }
        }
        let restsAnywhere =
            isForSmallSignals && !islands.isEmpty && circuit.populations.allSatisfy { $0.makeBatch().isLinear }
        for root in islands.keys.sorted() {
            guard let nodes = islands[root], let first = nodes.first else { continue }
            if let anchor = anchors[root] {
                diagnostics.warning(
                    "node '\(circuit.unknowns.name(Int(anchor.unknown)))' has no path for direct current to ground: the operating point holds it at \(anchor.value) V",
                    at: anchor.range)
                continue
            }
            let touching = circuit.elementsTouching(first)
            if restsAnywhere, let range = touching.first?.identity.range {
                anchors[root] = NodeCondition(unknown: Int32(first), value: 0, range: range)
                diagnostics.warning(
                    "node '\(circuit.unknowns.name(first))' has no path for direct current to ground: the operating point holds it at 0 V, which small signals of a linear circuit don't feel",
                    at: range)
                continue
            }
            let names = nodes.prefix(5).map { "'\(circuit.unknowns.name($0))'" }.joined(separator: ", ")
            let more = nodes.count > 5 ? " and \(nodes.count - 5) more" : ""
            let isOne = nodes.count == 1
            diagnostics.error(
                "\(isOne ? "node" : "nodes") \(names)\(more) \(isOne ? "has" : "have") no path for direct current to ground",
                at: touching.first?.identity.range ?? netlist.place(ofNode: circuit.unknowns.name(first)),
                hint: "connect \(isOne ? "it" : "them") to ground through a resistor, however large",
                notes: circuit.notes(about: first))
        }
        findings.anchors = anchors.keys.sorted().compactMap { anchors[$0] }
    }
}
