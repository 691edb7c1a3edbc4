import ComplexModule
import SparseSolvers

/// The equations for small signals around a point: G + jωC, and what stands beside them.
extension EquationSystem {
    var hasArrays: Bool { !grids.isEmpty }

    /// - Throws: ``SimulationFailure`` where arrays are too large for one factorisation.
    func smallSignalMatrices(_ x: UnsafePointer<Double>) throws(SimulationFailure) -> SmallSignalMatrices {
        let entries = pattern.entryCount + 1
        jacobian.update(from: conductance, count: entries)
        let charges = UnsafeMutablePointer<Double>.allocate(capacity: entries)
        defer { charges.deallocate() }
        charges.initialize(repeating: 0, count: entries)
        charges.update(from: capacitance, count: entries)
        var resting = conditions
        resting.interval = 0
        let context = LoadContext(
            x: x, f: residual, q: charge, scale: scale, jacobian: jacobian, chargeJacobian: charges, alpha: 1,
            conditions: resting, isSmallSignal: true)
        for batch in nonlinear { _ = batch.load(context) }
        solver.factorsAreStale = true
        let sparse = SmallSignalMatrices(
            pattern: pattern, conductance: (1..<max(entries, 1)).map { jacobian[$0] },
            capacitance: (1..<max(entries, 1)).map { charges[$0] })
        return grids.isEmpty ? sparse : try join(sparse, x)
    }

    /// The matrices of the whole circuit, nodes inside of arrays included.
    private func join(
        _ sparse: SmallSignalMatrices, _ x: UnsafePointer<Double>
    ) throws(SimulationFailure) -> SmallSignalMatrices {
        let limit = JacobianSolver.largestDirect
        guard count <= limit else {
            throw SimulationFailure(
                .badNetlist, "small-signal analysis of arrays with \(count) nodes is beyond this version",
                hint: "up to \(limit) nodes are factored as one matrix: a smaller array tells the same")
        }
        for grid in grids {
            _ = grid.evaluate(
                x, history: history, residual: residual, portSizes: magnitude, shunt: 0, tolerance: rowTolerance,
                CellContext(alpha: 0, interval: 0, fillsMatrix: true), parallel)
        }
        solver.gridFactorsAreStale = true
        return sparse.joined(with: grids, count: count)
    }

    /// Makes `values` the matrix G + jωC at an angular frequency [1/s] and the operating point `x`, with what elements
    /// with a past add to it.
    func smallSignalMatrix(
        _ omega: Double, at x: UnsafePointer<Double>, _ matrices: SmallSignalMatrices,
        into values: UnsafeMutablePointer<Complex<Double>>
    ) {
        matrices.combine(omega, into: values)
        for batch in dispersive {
            batch.addDispersion(omega, x: x, conditions) { row, column, value in
                guard row > 0, column > 0,
                    let slot = matrices.pattern.slot(row: Int(row) - 1, column: Int(column) - 1)
                else { return }
                values[slot] += value
            }
        }
    }

    /// What sources put on the right-hand side, unknown by unknown.
    func smallSignalExcitation() -> [Complex<Double>] {
        loadSources(time: 0, mode: .smallSignal(imaginary: false))
        let inside = [Complex<Double>](repeating: .zero, count: count - sparseCount)
        let real = (0..<sparseCount).map { -excitation[$0] }
        loadSources(time: 0, mode: .smallSignal(imaginary: true))
        return (0..<sparseCount).map { Complex(real[$0], -excitation[$0]) } + inside
    }
}
