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

    // MARK: Several points at once

    /// Points that ``solveAhead(_:)`` is best asked for.
    static let pointsAtOnce = 8
    /// The solutions of the points ahead, without ground, one behind the other.
    private var ahead = Vector(0)
    private var aheadCount = 0
    private var aheadTaken = 0

    /// Solves for several points at once where a circuit is linear and nothing but sources is swept: the matrix stays, and
    /// each point is a right-hand side of its own. ``takeAhead(into:)`` hands them out.
    func solveAhead(_ points: [[Double]]) throws(SimulationFailure) {
        let sweepsSources = sweeps.allSatisfy { if case .source = $0.target { true } else { false } }
        guard sweepsSources, system.solvesSeveral, points.count > 1 else { return }
        let size = system.sparseCount - 1
        if ahead.count < size * points.count { ahead = Vector(size * points.count) }
        for (index, point) in points.enumerated() {
            try at(point).loadSources(time: 0, mode: .direct)
            system.loadRightHandSide(into: ahead.base + index * size)
        }
        try system.solveSeveral(ahead.base, count: points.count)
        // What is no solution is left to whoever solves for one point and can say why.
        let isSolved = (0..<size * points.count).allSatisfy { ahead.base[$0].isFinite }
        (aheadCount, aheadTaken) = (isSolved ? points.count : 0, 0)
    }

    /// True where no solution is left that ``solveAhead(_:)`` found.
    var hasNoneAhead: Bool { aheadTaken == aheadCount }

    /// The solution of the next of the points that ``solveAhead(_:)`` was given; false where there is none.
    func takeAhead(into x: Vector) -> Bool {
        guard !hasNoneAhead else { return false }
        let size = system.sparseCount - 1
        x.base[0] = 0
        (x.base + 1).update(from: ahead.base + aheadTaken * size, count: size)
        aheadTaken += 1
        return true
    }
}
