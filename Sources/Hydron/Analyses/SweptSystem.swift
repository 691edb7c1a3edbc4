import SparseSolvers
import SpiceNetlist

/// The equations of a circuit at changing values of swept quantities. A source's value is changed in place; anything
/// else elaborates the netlist again.
final class SweptSystem {
    private let netlist: Netlist
    private var overrides: Overrides
    private let sweeps: [Sweep]
    private(set) var system: EquationSystem
    private(set) var elaboration: Elaboration
    /// How often anything but a source's value changed.
    private(set) var elaborationCount = 0
    private var last: [Double] = []
    /// What elements and solvers of systems before ``system`` said.
    private(set) var earlierMessages: [Diagnostic] = []

    init(
        _ netlist: Netlist, _ elaboration: Elaboration, _ overrides: Overrides, _ sweeps: [Sweep]
    ) throws(SimulationFailure) {
        self.netlist = netlist
        self.overrides = overrides
        self.sweeps = sweeps
        self.elaboration = elaboration
        system = try EquationSystem(elaboration.circuit)
    }

    func at(_ values: [Double]) throws(SimulationFailure) -> EquationSystem {
        var needsElaboration = false
        for (index, sweep) in sweeps.enumerated() where index >= last.count || last[index] != values[index] {
            if case .source = sweep.target { continue }
            overrides.set(sweep.target, to: values[index])
            needsElaboration = true
        }
        if needsElaboration {
            var diagnostics = Diagnostics()
            guard var next = Elaborator.elaborate(netlist, overrides: overrides, diagnostics: &diagnostics) else {
                let first = diagnostics.all.first { $0.severity == .error }
                throw SimulationFailure(
                    .badNetlist, first?.message ?? "the netlist can't be elaborated at a point of the sweep",
                    at: first?.range, hint: first?.hint, notes: first?.notes ?? [])
            }
            next.resolveWaveforms(for: nil)
            next.circuit.inductorLoss = system.circuit.inductorLoss
            next.circuit.anchors = system.circuit.anchors
            earlierMessages += system.solver.notices.map { Diagnostic(.warning, $0) } + system.takeMessages()
            system = try EquationSystem(next.circuit)
            elaboration = next
            elaborationCount += 1
        }
        for (index, sweep) in sweeps.enumerated() {
            guard case .source(let name) = sweep.target, let reference = system.circuit.elements.find(name) else {
                continue
            }
            system.batches[Int(reference.population)].setDirect(element: Int(reference.index), to: values[index])
        }
        last = values
        return system
    }
}
