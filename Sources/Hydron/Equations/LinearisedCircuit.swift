import ComplexModule
import SparseSolvers

/// An output of a linearised circuit: a voltage, or the current of a branch.
struct LinearOutput: Sendable {
    /// As written, lower-case: `v(out)`.
    var label: String
    /// Unknowns; the output is their difference, 0 is ground.
    var plus: Int
    var minus: Int
    var isCurrent: Bool
}

/// An independent source that drives a linearised circuit.
struct LinearSource: Sendable {
    var name: String
    var reference: ElementReference
    var isCurrent: Bool

    /// Right-hand side of one unit [V or A] of the source: unknown and factor.
    func excitation(in circuit: Circuit) -> [(unknown: Int, factor: Double)] {
        let population = circuit.populations[Int(reference.population)]
        let index = Int(reference.index)
        guard !isCurrent, let branch = population.branchUnknown else {
            return [(Int(population.unknown(0, of: index)), -1), (Int(population.unknown(1, of: index)), 1)]
        }
        return [(Int(population.unknown(branch, of: index)), 1)]
    }
}

/// The equations around an operating point, G x + C dx/dt = b, with G and C constant.
final class LinearisedCircuit {
    let system: EquationSystem
    let matrices: SmallSignalMatrices
    private let solver: KLUSolver

    /// - Throws: ``SimulationFailure`` for arrays that are too large, and where G is singular.
    init(_ system: EquationSystem, at point: UnsafePointer<Double>) throws(SimulationFailure) {
        self.system = system
        matrices = try system.smallSignalMatrices(point)
        do throws(SolverError) {
            solver = try KLUSolver(pattern: matrices.pattern)
            try solver.factor(matrices.conductance)
        } catch {
            throw SimulationFailure(error, in: system.circuit)
        }
    }

    /// G⁻¹ b, or with the transposed matrix; index 0, ground, is 0.
    func solve(_ b: [Double], transposed: Bool = false) -> [Double] {
        var x = b
        x.withUnsafeMutableBufferPointer { x in
            guard x.count > 1, let base = x.baseAddress else { return }
            base[0] = 0
            if transposed { solver.solveTransposed(base + 1) } else { solver.solve(base + 1) }
        }
        return x
    }

    /// The response at rest to these sources.
    func respond(_ excitation: [(unknown: Int, factor: Double)]) -> [Double] {
        var b = [Double](repeating: 0, count: system.count)
        for part in excitation { b[part.unknown] += part.factor }
        return solve(b)
    }
}
