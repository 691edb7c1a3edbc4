import ComplexModule

/// What the cells of an array add to its matrix: conductances between the three nodes at each crossing. As nothing
/// leads from a cell to ground, a node's own entry is the sum of its couplings.
struct CellMatrix {
    /// Row to column, row to gate and column to gate [S], one a cell with padding; the last two may be the same plane.
    let rowColumn: Plane
    let rowGate: Plane?
    let columnGate: Plane?
}

/// The cells of an array, with their states.
protocol GridCells: AnyObject {
    var shape: GridShape { get }
    var matrix: CellMatrix { get }
    /// True where the matrix never changes.
    var isLinear: Bool { get }
    /// Whether cells hold charge on their nodes.
    var holdsCharge: Bool { get }
    var bytes: Int { get }
    /// All rows are loaded next.
    func willLoad()
    /// Adds what one row of cells does to the equations of its nodes, and where `context` asks for it fills that row of
    /// ``matrix``. `last` is the last accepted point.
    ///
    /// - Returns: the worst step error of these cells' states, as a ratio to what they tolerate.
    func load(row: Int, _ nodes: RowNodes, from last: PlaneVoltages, _ context: CellContext) -> Double
    /// Adds the charges of one row of cells, at the point last loaded, to planes.
    func addCharges(row: Int, _ voltages: PlaneVoltages, _ charges: MutablePlanes)
    /// Of a cell's gate to its row and column [F].
    func gateCapacitances(_ place: Int) -> (row: Double, column: Double)
    /// What small signals see of states at angular frequency `omega` [1/s] besides ``matrix`` and charges: calls `add` with
    /// a place and the planes of row and column there, 0 to 2 as in ``PlaneVoltages``.
    func addDispersion(
        _ omega: Double, _ voltages: PlaneVoltages, _ add: (Int, Int, Int, Complex<Double>) -> Void)
    func reset()
    /// Takes over the step from `last` to `now`, and adds up its energies and charges.
    func accept(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel)
    /// A quantity of one cell; NaN where it has none of this kind.
    func value(_ quantity: CellQuantity, _ row: Int, _ column: Int, _ voltages: PlaneVoltages) -> Double
    /// What the cells took or stored since the start, in total.
    func total(_ quantity: CrossbarTotal) -> Double
}

/// What cells need to know of an evaluation.
struct CellContext {
    /// dq/dt ≈ α q + history [1/s].
    let alpha: Double
    /// Length of the step [s]; 0 in static analyses.
    let interval: Double
    let fillsMatrix: Bool
}

/// Voltages of an array's nodes [V], one a cell with padding.
struct PlaneVoltages {
    let row: UnsafePointer<Double>
    let column: UnsafePointer<Double>
    let gate: UnsafePointer<Double>?
}

/// Numbers of an array's nodes, one a cell with padding.
struct MutablePlanes {
    let row: UnsafeMutablePointer<Double>
    let column: UnsafeMutablePointer<Double>
    let gate: UnsafeMutablePointer<Double>?
}

/// One row of an array's nodes in an evaluation.
struct RowNodes {
    let voltage: PlaneVoltages
    /// Residuals [A], planes.
    let current: MutablePlanes
    /// Sums of the magnitudes of linear currents [A]; begin at the row.
    let size: MutablePlanes
    /// Largest nonlinear current [A]; begins at the row.
    let scale: MutablePlanes
}

/// What can be asked of a single cell, and drawn as a map.
enum CellQuantity: String, CaseIterable, Sendable {
    case x, dx, g, id, ig, vrow, vcol, vgate, vgc, p

    var unit: String {
        switch self {
        case .x, .dx: "-"
        case .g: "S"
        case .id, .ig: "A"
        case .vrow, .vcol, .vgate, .vgc: "V"
        case .p: "W"
        }
    }
    var meaning: String {
        switch self {
        case .x: "proton occupancy"
        case .dx: "change of the occupancy since the start"
        case .g: "conductance"
        case .id: "current from row to column"
        case .ig: "current into the gate through the electrolyte"
        case .vrow: "voltage of the row wire"
        case .vcol: "voltage of the column wire"
        case .vgate: "voltage of the gate line"
        case .vgc: "gate against the middle of the channel"
        case .p: "power"
        }
    }
}

/// Sums over all cells since the start.
enum CrossbarTotal: Int, CaseIterable, Sendable {
    case ionicEnergy, switchingEnergy, channelEnergy, gateCharge, lostCharge, storedCharge
    /// In the gates' capacitances [J].
    case storedEnergy
    /// What cells take beyond charge times mean voltage of each step [J]: current and voltage that rise together.
    case rampEnergy
}

/// Resistors at the crossings.
final class ResistorCells: GridCells {
    let shape: GridShape
    let matrix: CellMatrix
    var isLinear: Bool { true }
    var holdsCharge: Bool { false }
    var bytes: Int { shape.size * 8 }
    private var energy = 0.0
    private var rampEnergy = 0.0

    init(_ shape: GridShape, conductances: [Double]) {
        self.shape = shape
        let plane = Plane(shape.size)
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                plane.base[shape.index(row, column)] = conductances[row * shape.columns + column]
            }
        }
        matrix = CellMatrix(rowColumn: plane, rowGate: nil, columnGate: nil)
    }

    func willLoad() {}

    /// Padding has no conductance.
    func load(row: Int, _ nodes: RowNodes, from last: PlaneVoltages, _ context: CellContext) -> Double {
        let start = shape.index(row, 0)
        let g = matrix.rowColumn.base + start
        let (voltage, current) = (nodes.voltage, nodes.current)
        for column in stride(from: 0, to: shape.columns, by: GridShape.lanes) {
            let conductance = loadLanes(g + column)
            let place = start + column
            let (v, w) = (loadLanes(voltage.row + place), loadLanes(voltage.column + place))
            let through = conductance * (v - w)
            let size = conductance * (v.absolute + w.absolute)
            storeLanes(loadLanes(current.row + place) + through, current.row + place)
            storeLanes(loadLanes(current.column + place) - through, current.column + place)
            storeLanes(loadLanes(nodes.size.row + column) + size, nodes.size.row + column)
            storeLanes(loadLanes(nodes.size.column + column) + size, nodes.size.column + column)
        }
        return 0
    }

    func addCharges(row: Int, _ voltages: PlaneVoltages, _ charges: MutablePlanes) {}
    func gateCapacitances(_ place: Int) -> (row: Double, column: Double) { (0, 0) }
    func addDispersion(
        _ omega: Double, _ voltages: PlaneVoltages, _ add: (Int, Int, Int, Complex<Double>) -> Void
    ) {}
    func reset() {
        energy = 0
        rampEnergy = 0
    }

    func accept(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel
    ) {
        let h = conditions.interval
        guard h > 0 else { return }
        nonisolated(unsafe) let (now, last, g) = (now, last, matrix.rowColumn.base)
        let (shape, weight) = (self.shape, conditions.endWeight)
        // Mean of v², and charge times mean voltage, over straight lines.
        func sum(_ body: @escaping (Lanes, Lanes) -> Lanes) -> Double {
            nonisolated(unsafe) let body = body
            return h
                * parallel.sum(shape.rowChunks) { chunk in
                    var sum = Lanes.zero
                    let length = GridShape.lanes * shape.stride
                    for place in Swift.stride(from: chunk * length, to: (chunk + 1) * length, by: GridShape.lanes) {
                        let before = loadLanes(last.row + place) - loadLanes(last.column + place)
                        let after = loadLanes(now.row + place) - loadLanes(now.column + place)
                        sum += loadLanes(g + place) * body(before, after)
                    }
                    return sum.sum()
                }
        }
        let exact = sum { a, b in (a * a + a * b + b * b) / 3 }
        energy += exact
        rampEnergy += exact - sum { a, b in (weight * b + (1 - weight) * a) * 0.5 * (a + b) }
    }

    func total(_ quantity: CrossbarTotal) -> Double {
        switch quantity {
        case .channelEnergy: energy
        case .rampEnergy: rampEnergy
        default: 0
        }
    }

    func value(_ quantity: CellQuantity, _ row: Int, _ column: Int, _ voltages: PlaneVoltages) -> Double {
        let place = shape.index(row, column)
        let (v, w, g) = (voltages.row[place], voltages.column[place], matrix.rowColumn.base[place])
        switch quantity {
        case .g: return g
        case .id: return g * (v - w)
        case .vrow: return v
        case .vcol: return w
        case .p: return g * (v - w) * (v - w)
        case .x, .dx, .ig, .vgate, .vgc: return .nan
        }
    }
}
