import SpiceNetlist

/// Finds what no operating point can exist with: nodes without a path for direct current to ground, and loops of
/// elements that each fix a voltage. Near-linear in the size of the circuit (union-find).
enum TopologyCheck {
    /// What has a way out is warned about and noted in the circuit: loops of inductors, and floating nodes that `.ic` or
    /// `.nodeset` gives a voltage.
    static func run(_ circuit: inout Circuit, diagnostics: inout Diagnostics) {
        circuit.inductorLoss = findVoltageLoops(circuit, &diagnostics) ? 1e-6 : 0
        circuit.anchors = findFloatingNodes(circuit, &diagnostics)
    }

    /// Disjoint sets with path halving.
    private struct DisjointSets {
        private var parent: [Int32]
        init(_ count: Int) { parent = (0..<Int32(count)).map { $0 } }

        mutating func root(_ member: Int32) -> Int32 {
            var current = member
            while parent[Int(current)] != current {
                parent[Int(current)] = parent[Int(parent[Int(current)])]
                current = parent[Int(current)]
            }
            return current
        }

        /// False where both were in one set already.
        mutating func join(_ a: Int32, _ b: Int32) -> Bool {
            let (first, second) = (root(a), root(b))
            guard first != second else { return false }
            // The smaller number leads, so that ground leads its set.
            parent[Int(max(first, second))] = min(first, second)
            return true
        }
    }

    /// Returns whether there is a loop with inductors in it.
    private static func findVoltageLoops(_ circuit: Circuit, _ diagnostics: inout Diagnostics) -> Bool {
        var hasInductorLoop = false
        var sets = DisjointSets(circuit.unknowns.count)
        var members: [(population: Int, index: Int, a: Int32, b: Int32)] = []
        for (place, population) in circuit.populations.enumerated() {
            let pairs = population.voltageDefinedPairs
            guard !pairs.isEmpty else { continue }
            for index in 0..<population.count {
                for pair in pairs {
                    let a = population.unknown(pair.0, of: index)
                    let b = population.unknown(pair.1, of: index)
                    guard a >= 0, b >= 0 else { continue }
                    if sets.join(a, b) {
                        members.append((place, index, a, b))
                        continue
                    }
                    let identity = population.identity(index)
                    let name = circuit.elements.names.name(of: identity.name)
                    if a == b {
                        diagnostics.error(
                            "both ends of '\(name)' are \(circuit.describe(Int(a)))", at: identity.range,
                            hint: "its voltage can't be other than 0; connect it elsewhere or remove it")
                        continue
                    }
                    let loop = path(from: a, to: b, members)
                    let inductors = ([(place, index)] + loop).filter {
                        circuit.populations[$0.0] is DevicePopulation<Inductor>
                    }
                    if !inductors.isEmpty {
                        hasInductorLoop = true
                        diagnostics.warning(
                            "'\(name)' closes a loop of inductors and voltage sources: in direct current its inductors show 1 µΩ",
                            at: identity.range)
                        continue
                    }
                    diagnostics.error(
                        "'\(name)' closes a loop of elements that each fix a voltage", at: identity.range,
                        hint: "put a small resistance into the loop",
                        notes: loop.map { member in
                            let other = circuit.populations[member.0].identity(member.1)
                            return .init(
                                "'\(circuit.elements.names.name(of: other.name))' is in the loop", at: other.range)
                        })
                }
            }
        }
        return hasInductorLoop
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

    /// Returns a node to hold of each floating island that has one.
    private static func findFloatingNodes(
        _ circuit: Circuit, _ diagnostics: inout Diagnostics
    ) -> [NodeCondition] {
        var sets = DisjointSets(circuit.unknowns.count)
        for population in circuit.populations {
            for index in 0..<population.count {
                for pair in population.conductingPairs(of: index) {
                    let a = population.unknown(pair.0, of: index)
                    let b = population.unknown(pair.1, of: index)
                    if a >= 0, b >= 0 { _ = sets.join(a, b) }
                }
            }
        }
        var islands: [Int32: [Int]] = [:]
        for unknown in circuit.unknowns.nodes {
            let root = sets.root(Int32(unknown))
            if root != 0 { islands[root, default: []].append(unknown) }
        }
        var anchors: [Int32: NodeCondition] = [:]
        if !islands.isEmpty {
            for condition in circuit.initialConditions + circuit.nodesets
            where circuit.unknowns.kind(Int(condition.unknown)) == .node {
                let root = sets.root(condition.unknown)
                if root != 0, anchors[root] == nil { anchors[root] = condition }
            }
        }
        for root in islands.keys.sorted() {
            guard let nodes = islands[root], let first = nodes.first else { continue }
            if let anchor = anchors[root] {
                diagnostics.warning(
                    "node '\(circuit.unknowns.name(Int(anchor.unknown)))' has no path for direct current to ground: the operating point holds it at \(anchor.value) V",
                    at: anchor.range)
                continue
            }
            let touching = circuit.elementsTouching(first)
            let names = nodes.prefix(5).map { "'\(circuit.unknowns.name($0))'" }.joined(separator: ", ")
            let more = nodes.count > 5 ? " and \(nodes.count - 5) more" : ""
            let isOne = nodes.count == 1
            diagnostics.error(
                "\(isOne ? "node" : "nodes") \(names)\(more) \(isOne ? "has" : "have") no path for direct current to ground",
                at: touching.first?.identity.range,
                hint: "connect \(isOne ? "it" : "them") to ground through a resistor, however large",
                notes: circuit.notes(about: first))
        }
        return anchors.keys.sorted().compactMap { anchors[$0] }
    }
}
