import ComplexModule
import SparseSolvers

/// ∂f/∂x and ∂q/∂x of a circuit at a solution, one value an entry of the pattern.
struct SmallSignalMatrices {
    var pattern: SparsityPattern
    var conductance: [Double]
    var capacitance: [Double]

    /// The matrices of the whole circuit with `count` unknowns, ground among them: with those inside of arrays, which were
    /// evaluated at the solution.
    func joined(with grids: [CrossbarGrid], count: Int) -> SmallSignalMatrices {
        func eachCell(_ body: (Int, Int, Double) -> Void) {
            for grid in grids {
                grid.eachEntry(alpha: 0, shunt: 0) { if $0 > 0, $1 > 0 { body($0 - 1, $1 - 1, $2) } }
            }
        }
        var builder = PatternBuilder(size: count - 1)
        eachSlot { row, column, _ in builder.insert(row: row, column: column) }
        eachCell { row, column, _ in builder.insert(row: row, column: column) }
        let whole = builder.build()
        var result = SmallSignalMatrices(
            pattern: whole, conductance: [Double](repeating: 0, count: whole.entryCount),
            capacitance: [Double](repeating: 0, count: whole.entryCount))
        eachSlot { row, column, slot in
            guard let target = whole.slot(row: row, column: column) else { return }
            result.conductance[target] += conductance[slot]
            result.capacitance[target] += capacitance[slot]
        }
        eachCell { row, column, value in
            if let target = whole.slot(row: row, column: column) { result.conductance[target] += value }
        }
        for grid in grids {
            grid.eachCapacitance { row, column, value in
                if let target = whole.slot(row: row - 1, column: column - 1) { result.capacitance[target] += value }
            }
        }
        return result
    }

    private func eachSlot(_ body: (Int, Int, Int) -> Void) {
        for column in 0..<pattern.size {
            for slot in Int(pattern.columnStarts[column])..<Int(pattern.columnStarts[column + 1]) {
                body(Int(pattern.rowIndices[slot]), column, slot)
            }
        }
    }

    /// Makes `values` the matrix G + jωC at an angular frequency [1/s].
    func combine(_ omega: Double, into values: UnsafeMutablePointer<Complex<Double>>) {
        for entry in conductance.indices { values[entry] = Complex(conductance[entry], omega * capacitance[entry]) }
    }
}
