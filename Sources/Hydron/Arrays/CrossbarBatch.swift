import ComplexModule
import SparseSolvers

/// The crossbars of a circuit: to the engine one batch, and one block of equations each.
final class CrossbarBatch: ElementBatch {
    let grids: [CrossbarGrid]
    private var parallel = Parallel(threads: 1)

    init(_ arrays: [CrossbarArray]) { grids = arrays.map { CrossbarGrid($0) } }

    func use(_ parallel: Parallel) { self.parallel = CrossbarGrid.threads(parallel, for: grids) }

    var count: Int { grids.count }
    var isLinear: Bool { grids.allSatisfy(\.isLinear) }

    func dependencies(element: Int) -> [Int32] {
        let array = grids[element].array
        return (0..<array.portCount).map { array.port($0) }
    }

    func declare(_ pattern: inout PatternBuilder) {
        for grid in grids {
            grid.eachPortPair { row, column in
                if row > 0, column > 0 { pattern.insert(row: Int(row) - 1, column: Int(column) - 1) }
            }
        }
    }

    /// The equations of arrays are evaluated block by block: ``CrossbarGrid/evaluate(_:history:residual:portSizes:shunt:tolerance:_:_:)``.
    func load(_ context: LoadContext) -> LoadResult { LoadResult() }

    func reset() { for grid in grids { grid.reset() } }

    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) {
        for grid in grids { grid.accept(x, conditions, parallel) }
    }

    func stepError() -> Double { grids.reduce(0) { max($0, $1.stateError) } }

    var isDispersive: Bool { true }

    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {
        for grid in grids {
            grid.cells.addDispersion(omega, grid.voltages(x)) { place, row, column, value in
                let first = grid.firstRow + place
                add(Int32(first + row * grid.shape.size), Int32(first + column * grid.shape.size), value)
            }
        }
    }

    // MARK: - Outputs

    /// Sums over a whole array; quantities of single cells follow, ``CellQuantity`` by ``CellQuantity``. Statistics have
    /// numbers below 0, see ``ArrayStatistic``.
    static let outputs: [DeviceOutput] = [
        DeviceOutput("eion", unit: "J", "energy of ions and leakage in all cells since the start"),
        DeviceOutput("ecv", unit: "J", "energy lost by switching the cells' gate capacitances since the start"),
        DeviceOutput("ed", unit: "J", "energy of all channels since the start"),
        DeviceOutput("ein", unit: "J", "energy that came in through all ports since the start"),
        DeviceOutput("ewire", unit: "J", "energy of all wires since the start"),
        DeviceOutput("estore", unit: "J", "energy gained by the capacitances of gates and wires since the start"),
        DeviceOutput("qg", unit: "C", "ionic charge through all gates since the start"),
        DeviceOutput("ql", unit: "C", "charge that all cells lost to their surroundings since the start"),
        DeviceOutput("qx", unit: "C", "charge that all channels gained since the start"),
    ]
    var outputs: [DeviceOutput] { Self.outputs }
    /// Each may be a pass over all cells: only what is asked for is computed.
    var tabulatedOutputs: Int { 0 }

    /// Number of ``output(_:element:x:_:)`` for a quantity of one cell.
    static func cellOutput(_ quantity: CellQuantity, row: Int, column: Int, of array: CrossbarArray) -> Int {
        let cell = row * array.columns + column
        return outputs.count + cell * CellQuantity.allCases.count
            + (CellQuantity.allCases.firstIndex(of: quantity) ?? 0)
    }

    /// The nodes that an output of a single cell depends on; none for what concerns a whole array.
    func nodes(ofOutput index: Int, element: Int) -> [Int] {
        guard index >= Self.outputs.count else { return [] }
        let grid = grids[element]
        let cell = (index - Self.outputs.count) / CellQuantity.allCases.count
        let (row, column) = cell.quotientAndRemainder(dividingBy: grid.shape.columns)
        let place = grid.shape.index(row, column)
        let planes = [grid.firstRow, grid.firstColumn] + (grid.gates == nil ? [] : [grid.firstGate])
        return planes.map { $0 + place }
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let grid = grids[element]
        if index < 0 {
            return ArrayStatistic(outputNumber: index)?.value(of: grid, x, parallel) ?? .nan
        }
        let quantities = CellQuantity.allCases
        if index >= Self.outputs.count {
            let (cell, quantity) = (index - Self.outputs.count).quotientAndRemainder(dividingBy: quantities.count)
            let (row, column) = cell.quotientAndRemainder(dividingBy: grid.shape.columns)
            guard row < grid.shape.rows else { return .nan }
            return grid.cells.value(quantities[quantity], row, column, grid.voltages(x))
        }
        switch index {
        case 0: return grid.cells.total(.ionicEnergy)
        case 1: return grid.cells.total(.switchingEnergy)
        case 2: return grid.cells.total(.channelEnergy)
        case 3: return grid.portEnergy + grid.cells.total(.rampEnergy)
        case 4: return grid.wireEnergy
        case 5: return grid.wireStoredEnergy + grid.cells.total(.storedEnergy)
        case 6: return grid.cells.total(.gateCharge)
        case 7: return grid.cells.total(.lostCharge)
        default: return grid.cells.total(.storedCharge)
        }
    }

    /// A quantity of every cell, row by row.
    func map(_ quantity: CellQuantity, element: Int, x: UnsafePointer<Double>) -> [Double] {
        let grid = grids[element]
        return grid.map(quantity, grid.voltages(x), parallel)
    }
}
