import ComplexModule
import SpiceNetlist

/// What one element adds to the equations, by its own unknowns.
struct ElementContribution {
    /// Unknowns of its rows; 0 is ground.
    var unknowns: [Int32]
    /// f [A or V] and q [C or Wb] of each row.
    var current: [Double]
    var charge: [Double]
    /// ∂f/∂x and ∂q/∂x, row by row.
    var conductance: [Double] = []
    var capacitance: [Double] = []
    /// Small-signal right-hand side of each row; empty where there is none.
    var excitation: [Complex<Double>] = []
}

/// How the equations of a circuit change with the numbers on its cards.
///
/// The k-th parameters of all elements, and then of all models, are moved up and down together: each elaboration gives
/// one more parameter of every element, and no solution of the circuit is needed. An element's change is taken from it
/// alone, f(x, p + h) − f(x, p − h) over 2h, at the operating point of the circuit as it is.
final class ParameterSensitivities {
    let netlist: Netlist
    private let circuit: Circuit
    private let overrides: Overrides
    private let batches: [any ElementBatch]
    /// Parameters in the order of the netlist.
    let entries: [ParameterLog.Entry]
    private var moves: [Move] = []

    /// Part of a value, or of 1 where it is 0, that a parameter is moved by.
    private static let relativeStep = 1e-6

    /// Two circuits with some parameters moved.
    private struct Move {
        /// Parameter (a place in `entries`), its elements, and p₊ − p₋.
        var parts: [(entry: Int, elements: [ElementReference], span: Double)]
        var above: [any ElementBatch]
        var below: [any ElementBatch]
    }

    /// One parameter's derivatives at a point: of each element that has it.
    struct Derivative {
        var entry: Int
        /// ∂/∂p of what elements contribute.
        var elements: [ElementContribution] = []
        /// ∂/∂p of printable quantities that were asked for.
        var outputs: [ProgramInput: Double] = [:]
    }

    /// - Parameter wanted: which parameters to look at; nil for all.
    init(_ netlist: Netlist, _ elaboration: Elaboration, wanted: ((CardParameter) -> Bool)?) {
        self.netlist = netlist
        let circuit = elaboration.circuit
        self.circuit = circuit
        overrides = elaboration.overrides
        batches = circuit.populations.map { $0.makeBatch() }
        let log = Elaborator.parameters(of: netlist, elaboration.overrides)
        var users: [String: [ElementReference]] = [:]
        for (element, model) in log.models {
            if let reference = circuit.elements.find(element) { users[model, default: []].append(reference) }
        }
        for model in users.keys { users[model]?.sort { ($0.population, $0.index) < ($1.population, $1.index) } }
        func elements(_ owner: CardParameter.Owner) -> [ElementReference] {
            switch owner {
            case .element(let name): circuit.elements.find(name).map { [$0] } ?? []
            case .model(let name): users[name] ?? []
            }
        }
        let chosen = log.entries.filter { (wanted?($0.parameter) ?? true) && !elements($0.parameter.owner).isEmpty }
        // A coupling changes with its coefficient and with each of its inductors: those are moved one by one.
        var coupled: Set<Int32> = []
        for case let batch as CouplingBatch in batches {
            for pair in batch.couplings.flatMap(\.pairs) { coupled.formUnion([pair.first, pair.second]) }
        }
        func isCoupled(_ reference: ElementReference) -> Bool {
            let population = circuit.populations[Int(reference.population)]
            return population is MutualInductance.Elements
                || (0..<population.arity).contains {
                    coupled.contains(population.unknown($0, of: Int(reference.index)))
                }
        }
        // The k-th parameter of each other owner goes into the k-th group of its sort.
        var groups: [[Int]] = []
        for isModel in [false, true] {
            var counts: [CardParameter.Owner: Int] = [:]
            var own: [[Int]] = []
            for (place, entry) in chosen.enumerated() {
                if case .model = entry.parameter.owner { guard isModel else { continue } } else if isModel { continue }
                if !coupled.isEmpty, elements(entry.parameter.owner).contains(where: isCoupled) {
                    groups.append([place])
                    continue
                }
                let k = counts[entry.parameter.owner, default: 0]
                counts[entry.parameter.owner] = k + 1
                if k == own.count { own.append([]) }
                own[k].append(place)
            }
            groups += own
        }
        var isUsed = [Bool](repeating: false, count: chosen.count)
        entries = chosen
        present = []
        for group in groups {
            let found = move(group, of: chosen, elements)
            // One parameter whose change makes or takes a node spoils its group: then each on its own.
            if found == nil, group.count > 1 {
                for place in group { if let one = move([place], of: chosen, elements) { moves.append(one) } }
            } else if let found {
                moves.append(found)
            }
        }
        for move in moves { for part in move.parts { isUsed[part.entry] = true } }
        present = isUsed
    }
    /// By entry: false where the parameter can't be moved without another circuit coming out.
    private(set) var present: [Bool]

    private func move(
        _ group: [Int], of entries: [ParameterLog.Entry], _ elements: (CardParameter.Owner) -> [ElementReference]
    ) -> Move? {
        var (up, down, level) = (overrides, overrides, overrides)
        var parts: [(entry: Int, elements: [ElementReference], span: Double)] = []
        for place in group {
            let entry = entries[place]
            let step = Self.relativeStep * (entry.value == 0 ? 1 : abs(entry.value))
            var (above, below) = (entry.value + step, entry.value - step)
            if !entry.bounds.contains(above) { above = entry.value }
            if !entry.bounds.contains(below) { below = entry.value }
            guard above > below else { continue }
            up.set(entry.parameter, to: above)
            down.set(entry.parameter, to: below)
            if !entry.isGiven { level.set(entry.parameter, to: entry.value) }
            parts.append((place, elements(entry.parameter.owner), above - below))
        }
        guard !parts.isEmpty, let above = batches(up), let below = batches(down) else { return nil }
        if level != overrides {
            // A default that counts otherwise once it is written is no parameter of this circuit.
            guard let same = batches(level) else { return nil }
            parts.removeAll { part in
                !entries[part.entry].isGiven && part.elements.contains { differs(batches, same, $0) }
            }
        }
        // Couplings follow the inductances that they were made of.
        for (place, batch) in batches.enumerated() where batch is CouplingBatch {
            for index in 0..<batch.count {
                let coupling = ElementReference(population: Int32(place), index: Int32(index))
                guard parts.count == 1, !parts[0].elements.contains(coupling), differs(above, below, coupling) else {
                    continue
                }
                parts[0].elements.append(coupling)
            }
        }
        return parts.isEmpty ? nil : Move(parts: parts, above: above, below: below)
    }

    /// Elements of the circuit with other parameters; nil where that is another circuit.
    private func batches(_ overrides: Overrides) -> [any ElementBatch]? {
        var diagnostics = Diagnostics()
        guard let moved = Elaborator.elaborate(netlist, overrides: overrides, diagnostics: &diagnostics)?.circuit,
            moved.unknowns.count == circuit.unknowns.count, moved.populations.count == circuit.populations.count,
            zip(moved.populations, circuit.populations).allSatisfy({ $0.count == $1.count && $0.arity == $1.arity })
        else { return nil }
        return moved.populations.map { $0.makeBatch() }
    }

    /// Whether an element gives other currents or charges at a point where no derivative vanishes by chance.
    private func differs(
        _ one: [any ElementBatch], _ other: [any ElementBatch], _ reference: ElementReference
    ) -> Bool {
        let x = Vector(circuit.unknowns.count)
        for unknown in 1..<max(x.count, 1) { x.base[unknown] = 0.1 + 0.37 * Double(unknown % 7) / 7 }
        func contribution(_ batches: [any ElementBatch]) -> ElementContribution? {
            batches[Int(reference.population)].contribution(
                element: Int(reference.index), x: UnsafePointer(x.base), Conditions())
        }
        guard let a = contribution(one), let b = contribution(other) else { return false }
        return a.current != b.current || a.charge != b.charge
    }

    /// Derivatives at the solution `x`, in the order of ``entries``.
    ///
    /// - Parameter inputs: printable quantities whose explicit dependence on parameters is asked for.
    func derivatives(
        at x: UnsafePointer<Double>, _ conditions: Conditions, inputs: [ProgramInput] = []
    ) -> [Derivative] {
        var found = entries.indices.map { Derivative(entry: $0) }
        var resting = conditions
        resting.interval = 0
        for move in moves {
            for part in move.parts {
                for reference in part.elements {
                    func contribution(_ batches: [any ElementBatch]) -> ElementContribution? {
                        batches[Int(reference.population)].contribution(
                            element: Int(reference.index), x: x, resting)
                    }
                    guard let above = contribution(move.above), let below = contribution(move.below) else { continue }
                    found[part.entry].elements.append(
                        (above - below).withoutRounding(of: above).scaled(by: 1 / part.span))
                }
                for input in inputs {
                    guard case .output(let reference, let index) = input, part.elements.contains(reference) else {
                        continue
                    }
                    func value(_ batches: [any ElementBatch]) -> Double {
                        batches[Int(reference.population)].output(
                            Int(index), element: Int(reference.index), x: x, resting)
                    }
                    found[part.entry].outputs[input] = (value(move.above) - value(move.below)) / part.span
                }
            }
        }
        return found
    }
}

extension ElementContribution {
    static func - (a: Self, b: Self) -> Self {
        func difference(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
        return ElementContribution(
            unknowns: a.unknowns, current: difference(a.current, b.current), charge: difference(a.charge, b.charge),
            conductance: difference(a.conductance, b.conductance),
            capacitance: difference(a.capacitance, b.capacitance),
            excitation: zip(a.excitation, b.excitation).map { $0 - $1 })
    }

    /// This difference of contributions of the size of `whole`, balanced.
    ///
    /// What flows into an element flows out again, so f, q and each column of G and C sum to zero over its rows. Large
    /// constants (a series resistance of milliohms beside a junction of kiloohms) leave their rounding in a difference;
    /// where an imbalance is no more than that, the row with the largest number takes it.
    func withoutRounding(of whole: Self) -> Self {
        let rows = unknowns.count
        func balance(_ difference: inout [Double], _ whole: [Double], _ column: Int, _ stride: Int) {
            var (sum, largest, place) = (0.0, 0.0, column)
            for row in 0..<rows {
                let entry = row * stride + column
                sum += difference[entry]
                if abs(whole[entry]) > largest { (largest, place) = (abs(whole[entry]), entry) }
            }
            if abs(sum) <= 256 * largest.ulp { difference[place] -= sum }
        }
        var balanced = self
        guard rows > 0, whole.unknowns.count == rows else { return self }
        balance(&balanced.current, whole.current, 0, 1)
        balance(&balanced.charge, whole.charge, 0, 1)
        guard conductance.count == rows * rows, whole.conductance.count == rows * rows else { return balanced }
        for column in 0..<rows {
            balance(&balanced.conductance, whole.conductance, column, rows)
            balance(&balanced.capacitance, whole.capacitance, column, rows)
        }
        return balanced
    }

    func scaled(by factor: Double) -> Self {
        ElementContribution(
            unknowns: unknowns, current: current.map { $0 * factor }, charge: charge.map { $0 * factor },
            conductance: conductance.map { $0 * factor }, capacitance: capacitance.map { $0 * factor },
            excitation: excitation.map { $0.scaled(by: factor) })
    }
}

extension Overrides {
    mutating func set(_ parameter: CardParameter, to value: Double) {
        switch parameter.owner {
        case .element(let element): elements[element, default: [:]][parameter.name] = value
        case .model(let model): models[model, default: [:]][parameter.name] = value
        }
    }
}
