import SparseSolvers
import SpiceNetlist

/// Why a circuit could not be solved, in the words of the circuit: nodes, devices and their lines.
public struct SimulationFailure: Error, Sendable {
    public enum Reason: String, Sendable {
        case singularMatrix, noConvergence, timeStepTooSmall, outOfMemory, badNumbers, interrupted, output, badNetlist,
            stalled, modelGaveUp
    }
    public var reason: Reason
    public var diagnostic: Diagnostic

    init(
        _ reason: Reason, _ message: String, at range: SourceRange? = nil, hint: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        self.reason = reason
        diagnostic = Diagnostic(.error, message, at: range, hint: hint, notes: notes)
    }

    /// Translates a matrix column or row into the unknown and the devices that it belongs to.
    init(_ error: SolverError, in circuit: Circuit) {
        func unknown(_ index: Int?) -> Int? { index.map { $0 + 1 } }
        switch error {
        case .structurallySingular(let column, let row, _):
            let place = unknown(column) ?? unknown(row) ?? 0
            self.init(
                .singularMatrix, "the equations have no unique solution: nothing determines \(circuit.describe(place))",
                at: circuit.elementsTouching(place).first?.identity.range,
                hint: "give the node a path for direct current to ground, or break the loop of voltage sources",
                notes: circuit.notes(about: place))
        case .singular(let column):
            let place = column + 1
            if let element = TransferSource.element(ofState: place, in: circuit) {
                self.init(
                    .singularMatrix, "nothing determines the output of \(element.name) at rest", at: element.range,
                    hint: "its transfer function has a pole at s=0: close a loop around it, move the pole (s+1m), "
                        + "or start with uic")
                return
            }
            self.init(
                .singularMatrix, "singular matrix at \(circuit.describe(place))",
                at: circuit.elementsTouching(place).first?.identity.range,
                hint: "look for a floating node, a loop of voltage sources or inductors, or a zero resistance",
                notes: circuit.notes(about: place))
        case .notFinite(let column):
            let place = column + 1
            self.init(
                .badNumbers, "a device's derivative with respect to \(circuit.describe(place)) is not a finite number",
                at: circuit.elementsTouching(place).first?.identity.range, notes: circuit.notes(about: place))
        case .outOfMemory(let bytes):
            self.init(
                .outOfMemory,
                "not enough memory to factor the circuit's matrix" + (bytes.map { " (\($0) bytes more)" } ?? ""))
        case .tooLarge:
            self.init(.outOfMemory, "the circuit's matrix has more entries than the direct solver can count")
        }
    }
}

extension Circuit {
    /// "node out", "the current of v1", for messages.
    func describe(_ unknown: Int) -> String {
        guard unknown > 0, unknown < unknowns.count else { return "ground" }
        let name = unknowns.name(unknown)
        switch unknowns.kind(unknown) {
        case .node, .gridNode: return "node '\(name)'"
        case .internalNode: return "the internal node '\(name)'"
        case .branch: return "the current of '\(name.prefix { $0 != "#" })'"
        case .auxiliary: return "'\(name)'"
        }
    }

    struct TouchingElement {
        var name: String
        var identity: ElementIdentity
    }

    /// Up to `limit` elements that have this unknown among theirs, in the order of the netlist.
    func elementsTouching(_ unknown: Int, limit: Int = 5) -> [TouchingElement] {
        guard unknown > 0 else { return [] }
        var found: [TouchingElement] = []
        for population in populations {
            let arity = population.arity
            for index in 0..<population.count {
                for local in 0..<arity where population.unknown(local, of: index) == Int32(unknown) {
                    let identity = population.identity(index)
                    found.append(TouchingElement(name: elements.names.name(of: identity.name), identity: identity))
                    break
                }
                if found.count >= limit { return found }
            }
        }
        return found
    }

    func notes(about unknown: Int) -> [Diagnostic.Note] {
        elementsTouching(unknown).map { Diagnostic.Note("'\($0.name)' is connected there", at: $0.identity.range) }
    }
}
