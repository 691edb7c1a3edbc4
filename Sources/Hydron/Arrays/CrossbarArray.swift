/// A crossbar as elaboration makes it: its cells, wires and ports, without behaviour. Values lie row by row, one a cell,
/// without padding.
struct CrossbarArray: Sendable {
    /// Lower-case, hierarchical: `x1`.
    var name: String
    var rows: Int
    var columns: Int
    var cells: Cells
    var rowWires: Wires
    var columnWires: Wires
    /// nil for cells of two terminals.
    var gateWires: Wires?
    /// What occupancies [-] or conductances [S] should be, a value a cell.
    var targets: [CellQuantity: [Double]] = [:]
    /// First unknown of each plane: rows, columns, gates. Set when the circuit is built.
    var firstUnknown: Int32 = -1

    enum Cells: Sendable {
        /// Conductance of each cell [S]; 0 where a cell is missing.
        case resistors([Double])
        case proton(ProtonCellValues)
    }

    /// Equal wires, one a row or a column.
    struct Wires: Sendable {
        var direction: WirePlane.Direction
        /// Resistance of a segment from cell to cell [Ω].
        var segment: Double
        /// Resistance from the port to the first cell [Ω].
        var lead: Double
        /// Capacitance of each crossing to ground [F].
        var capacitance: Double
        var ends: Ends
        /// Unknown of each wire's port.
        var ports: [Int32]
        var faults: [WireFault] = []
    }

    /// Which end of a wire leads to its port. The near end is that of index 0.
    enum Ends: String, Sendable, CaseIterable { case near, far, both }

    /// A segment that is not like the others.
    struct WireFault: Sendable {
        var wire: Int
        /// Between the nodes `segment` and `segment + 1`.
        var segment: Int
        /// [S]; 0 for an open one.
        var conductance: Double
    }

    /// Whether cells have this quantity at all.
    func has(_ quantity: CellQuantity) -> Bool {
        switch quantity {
        case .g, .id, .vrow, .vcol, .p: true
        case .x, .dx, .ig, .vgate, .vgc: gateWires != nil
        }
    }

    var portCount: Int { rowWires.ports.count + columnWires.ports.count + (gateWires?.ports.count ?? 0) }
    var shape: GridShape { GridShape(rows: rows, columns: columns) }
    var planeCount: Int { gateWires == nil ? 2 : 3 }
    static let planeNames = ["row", "col", "gate"]

    func port(_ index: Int) -> Int32 {
        if index < rowWires.ports.count { return rowWires.ports[index] }
        let second = index - rowWires.ports.count
        if second < columnWires.ports.count { return columnWires.ports[second] }
        let third = second - columnWires.ports.count
        guard let gates = gateWires?.ports, third < gates.count else { return -1 }
        return gates[third]
    }
}

/// What tells proton cells of an array apart.
struct ProtonCellValues: Sendable {
    /// What all have in common.
    var template: ProtonResistor
    /// Initial occupancy of each cell.
    var x0: [Double]
    /// Devices of their own, where cells differ in more than their occupancy.
    var devices: [ProtonResistor]?
    /// Cells that are missing, in ascending order of row·columns + column.
    var open: [Int32] = []
    /// Cells whose occupancy never moves.
    var stuck: [Int32] = []
}

/// All crossbars of a circuit.
struct CrossbarPopulation: Population {
    var arrays: [CrossbarArray] = []
    var elements: [ElementIdentity] = []

    var count: Int { arrays.count }
    var arity: Int { arrays.map(\.portCount).max() ?? 0 }
    func identity(_ index: Int) -> ElementIdentity { elements[index] }
    func unknown(_ local: Int, of element: Int) -> Int32 {
        local < arrays[element].portCount ? arrays[element].port(local) : -1
    }

    /// Direct current flows between all rows and columns; nothing worth the name flows through a gate.
    func conductingPairs(of element: Int) -> [(Int, Int)] {
        let array = arrays[element]
        return (1..<max(array.rowWires.ports.count + array.columnWires.ports.count, 1)).map { (0, $0) }
            // Gate lines that share a port are one node.
            + []
    }

    var outputs: [DeviceOutput] { CrossbarBatch.outputs }
    func makeBatch() -> any ElementBatch { CrossbarBatch(arrays) }

    mutating func placeUnknowns(_ unknowns: inout UnknownTable) {
        for index in arrays.indices {
            let array = arrays[index]
            arrays[index].firstUnknown = unknowns.addGrid(
                UnknownTable.Grid(
                    name: array.name, planes: Array(CrossbarArray.planeNames.prefix(array.planeCount)),
                    shape: array.shape))
        }
    }
}
