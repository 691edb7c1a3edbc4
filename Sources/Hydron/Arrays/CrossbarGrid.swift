/// One crossbar as a block of the circuit's equations: its own unknowns, kept out of the circuit's sparse matrix, and
/// the pieces of an iterative solution (see ``BlockSolver``).
///
/// With r, c, g the nodes of rows, columns and gate lines and o the circuit around the array, the matrix is
///
///     ┌ A_rr  A_rc  A_rg  A_ro ┐      A_rr, A_cc, A_gg  tridiagonal, one block a wire
///     │ A_cr  A_cc  A_cg  A_co │      A_rc, A_rg, A_cg  diagonal, one entry a cell
///     │ A_gr  A_gc  A_gg  A_go │      A_ro, A_co, A_go  one entry a driven end
///     └ A_or  A_oc  A_og  A_oo ┘
///
/// Rows are eliminated exactly. What is left, S, is solved by conjugate gradients with the preconditioner P that has
/// all wires and the circuit around exactly, but no coupling between planes: S z = P z − w(z), so that the product with
/// S comes from the preconditioner's own right-hand side and one pass over the rows.
final class CrossbarGrid {
    let array: CrossbarArray
    let shape: GridShape
    let cells: any GridCells
    let rows: WirePlane
    let columns: WirePlane
    let gates: WirePlane?
    /// Number of the first unknown of each plane.
    let firstRow: Int
    let firstColumn: Int
    let firstGate: Int
    /// Columns and gates: what the iteration works on.
    var reduced: [WirePlane] { gates.map { [columns, $0] } ?? [columns] }

    var unknowns: Range<Int> { firstRow..<firstRow + array.planeCount * shape.size }

    /// Vectors of the iterative solution; made at the first.
    private(set) lazy var iteration = GridIteration(self)
    /// Worst step error of the cells' states at the point last evaluated.
    private(set) var stateError = 0.0
    /// The planes one behind the other, and each plane's ports, at the last accepted point.
    private let lastVoltages: Plane
    private var lastPorts: [WirePlane.PortVoltages?] = []
    /// Since the start [J]: charge times mean voltage of each step at the ports, the same in the wires, and what the
    /// wires' capacitance took up.
    private(set) var portEnergy = 0.0
    private(set) var wireEnergy = 0.0
    private(set) var wireStoredEnergy = 0.0

    init(_ array: CrossbarArray) {
        self.array = array
        shape = array.shape
        switch array.cells {
        case .resistors(let conductances): cells = ResistorCells(shape, conductances: conductances)
        case .proton(let values): cells = ProtonCells(shape, values)
        }
        rows = Self.plane(array.rowWires, shape)
        columns = Self.plane(array.columnWires, shape)
        gates = array.gateWires.map { Self.plane($0, array.shape) }
        firstRow = Int(array.firstUnknown)
        firstColumn = firstRow + shape.size
        firstGate = firstColumn + shape.size
        lastVoltages = Plane(array.planeCount * shape.size)
        reset()
    }

    private static func plane(_ wires: CrossbarArray.Wires, _ shape: GridShape) -> WirePlane {
        // Elimination runs towards the driven end.
        let isReversed = wires.ends == .near
        let conductance = 1 / wires.segment
        var segments: Plane?
        if !wires.faults.isEmpty {
            let plane = Plane(shape.size)
            plane.base.update(repeating: conductance, count: shape.size)
            for fault in wires.faults {
                // Kept at the node that comes first in the order of elimination.
                let node = isReversed ? fault.segment + 1 : fault.segment
                let place =
                    wires.direction == .alongRows ? shape.index(fault.wire, node) : shape.index(node, fault.wire)
                plane.base[place] = fault.conductance
            }
            segments = plane
        }
        return WirePlane(
            shape, wires.direction, isReversed: isReversed, segment: conductance, segments: segments,
            nearLead: 1 / wires.lead, nearPorts: wires.ends == .both ? wires.ports : [], farLead: 1 / wires.lead,
            farPorts: wires.ports, nodeCapacitance: wires.capacitance)
    }

    /// The threads that share the work on arrays: small ones are done before another thread has woken.
    static func threads(_ parallel: Parallel, for grids: [CrossbarGrid]) -> Parallel {
        grids.reduce(0) { $0 + $1.shape.rows * $1.shape.columns } < worthwhile ? Parallel(threads: 1) : parallel
    }
    /// Cells from which threads share the work: a pulse in 128 × 128 took as long with two as with one, in 256 × 256 four
    /// fifths. Tests of small arrays set it lower.
    @TaskLocal static var worthwhile = 1 << 15

    var isLinear: Bool { cells.isLinear }
    /// Bytes held, those of the circuit's arrays left out.
    var bytes: Int {
        cells.bytes + rows.bytes + columns.bytes + (gates?.bytes ?? 0) + lastVoltages.count * 8
    }
    /// Whether unknowns of each plane hold charge.
    var isDynamic: Bool { cells.holdsCharge || array.rowWires.capacitance > 0 || array.columnWires.capacitance > 0 }
    /// Marks the unknowns that hold charge, in the circuit's numbering.
    func markCharges(_ marks: UnsafeMutablePointer<Bool>) {
        for (plane, first) in planes where cells.holdsCharge || plane.nodeCapacitance > 0 {
            for row in 0..<shape.rows {
                (marks + first + shape.index(row, 0)).update(repeating: true, count: shape.columns)
            }
        }
    }
    /// False for padding.
    func isCell(_ unknown: Int) -> Bool {
        let place = (unknown - firstRow) % max(shape.size, 1)
        return place / shape.stride < shape.rows && place % shape.stride < shape.columns
    }

    /// The planes' voltages in the circuit's array of unknowns.
    func voltages(_ x: UnsafePointer<Double>) -> PlaneVoltages {
        PlaneVoltages(row: x + firstRow, column: x + firstColumn, gate: gates == nil ? nil : x + firstGate)
    }

    private func planes(_ x: UnsafeMutablePointer<Double>) -> MutablePlanes {
        MutablePlanes(row: x + firstRow, column: x + firstColumn, gate: gates == nil ? nil : x + firstGate)
    }

    // MARK: - Accepted points

    /// Voltages at the last accepted point.
    var last: PlaneVoltages {
        let base = UnsafePointer(lastVoltages.base)
        return PlaneVoltages(row: base, column: base + shape.size, gate: gates == nil ? nil : base + 2 * shape.size)
    }

    func reset() {
        cells.reset()
        lastVoltages.base.update(repeating: 0, count: lastVoltages.count)
        lastPorts = planes.map { _ in nil }
        (portEnergy, wireEnergy, wireStoredEnergy) = (0, 0, 0)
    }

    /// Takes over the step that ended at `x`.
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions, _ parallel: Parallel) {
        cells.accept(voltages(x), from: last, conditions, parallel)
        for (index, (plane, first)) in planes.enumerated() {
            let ports = plane.portVoltages(x)
            if conditions.interval > 0, let before = lastPorts[index] {
                let energies = plane.energies(
                    from: lastVoltages.base + index * shape.size, to: x + first, ports: (before, ports), conditions,
                    parallel)
                portEnergy += energies.delivered
                wireEnergy += energies.lost
                wireStoredEnergy += energies.stored
            }
            lastPorts[index] = ports
        }
        parallel.copy(x + firstRow, to: lastVoltages.base, lastVoltages.count)
    }

    // MARK: - Residual

    /// Writes the residual of this block's nodes, h + (G + αC) x + f_cells + α q_cells, over `f`, and adds what flows from
    /// them into ports to `f` and `size` there. Fills the matrix of the cells where `context` asks for it.
    ///
    /// One pass over the rows of the array, each row's numbers staying in the cache.
    ///
    /// - Returns: the worst violation of a node's balance as a ratio to `tolerance`, and where.
    func evaluate(
        _ x: UnsafePointer<Double>, history: UnsafePointer<Double>, residual f: UnsafeMutablePointer<Double>,
        portSizes size: UnsafeMutablePointer<Double>, shunt: Double, tolerance: RowTolerance, _ context: CellContext,
        _ parallel: Parallel
    ) -> (excess: Double, unknown: Int) {
        let (shape, cells, planes) = (self.shape, self.cells, self.planes)
        let (voltages, last, currents) = (voltages(x), self.last, self.planes(f))
        cells.willLoad()
        let grounds = planes.map { context.alpha * $0.0.nodeCapacitance + shunt }
        let stride = shape.stride
        var errors = [Double](repeating: 0, count: shape.rowChunks)
        let worst = errors.withUnsafeMutableBufferPointer { errors in
            parallel.largest(chunks: shape.rowChunks) { chunk in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: 6 * stride) { buffer in
                    guard let sizes = buffer.baseAddress else { return (0, 0) }
                    let scales = sizes + 3 * stride
                    let nodes = RowNodes(
                        voltage: voltages, current: currents,
                        size: MutablePlanes(row: sizes, column: sizes + stride, gate: sizes + 2 * stride),
                        scale: MutablePlanes(row: scales, column: scales + stride, gate: scales + 2 * stride))
                    var worst = (value: 0.0, place: self.firstRow)
                    for row in shape.rowRange(chunk) {
                        let start = shape.index(row, 0)
                        scales.update(repeating: 0, count: 3 * stride)
                        for (index, (plane, first)) in planes.enumerated() {
                            let target = f + first + start
                            let given = history + first + start
                            let rowSizes = sizes + index * stride
                            for column in Swift.stride(from: 0, to: stride, by: GridShape.lanes) {
                                let value = loadLanes(given + column)
                                storeLanes(value, target + column)
                                storeLanes(value.absolute, rowSizes + column)
                            }
                            plane.addCurrents(
                                row: row, x + first, f + first, rowSizes, ports: x, ground: grounds[index])
                        }
                        errors[chunk] = max(errors[chunk], cells.load(row: row, nodes, from: last, context))
                        for (index, (_, first)) in planes.enumerated() {
                            tolerance.findWorst(
                                f + first + start, size: sizes + index * stride, scale: scales + index * stride,
                                count: shape.columns, first: first + start, &worst)
                        }
                    }
                    return worst
                }
            }
        }
        stateError = errors.max() ?? 0
        for (plane, _) in planes { plane.addPortCurrents(f, size) }
        return (worst.value, worst.place)
    }

    /// Writes the charges of this block's nodes, C x + q_cells, over `q`; at the point last evaluated.
    func charges(_ x: UnsafePointer<Double>, _ q: UnsafeMutablePointer<Double>, _ parallel: Parallel) {
        let (shape, cells, planes) = (self.shape, self.cells, self.planes)
        let (voltages, targets) = (voltages(x), self.planes(q))
        parallel.each(shape.rowChunks) { chunk in
            for row in shape.rowRange(chunk) {
                let start = shape.index(row, 0)
                for (plane, first) in planes {
                    let capacitance = plane.nodeCapacitance
                    for place in Swift.stride(
                        from: first + start, to: first + start + shape.stride, by: GridShape.lanes)
                    { storeLanes(capacitance * loadLanes(x + place), q + place) }
                }
                cells.addCharges(row: row, voltages, targets)
            }
        }
    }

    private var planes: [(WirePlane, Int)] {
        [(rows, firstRow), (columns, firstColumn)] + (gates.map { [($0, firstGate)] } ?? [])
    }

    // MARK: - Factorisation

    /// Eliminates all wires for the present matrix of the cells.
    func factor(alpha: Double, shunt: Double, _ parallel: Parallel) {
        let matrix = cells.matrix
        let rowColumn = matrix.rowColumn.base
        func ground(_ plane: WirePlane) -> Double { plane.nodeCapacitance * alpha + shunt }
        let (rowGround, columnGround) = (ground(rows), ground(columns))
        guard let gates, let rowGate = matrix.rowGate?.base, let columnGate = matrix.columnGate?.base else {
            rows.factor(parallel) { loadLanes(rowColumn + $0) + rowGround }
            columns.factor(parallel) { loadLanes(rowColumn + $0) + columnGround }
            return
        }
        let gateGround = ground(gates)
        rows.factor(parallel) { loadLanes(rowColumn + $0) + loadLanes(rowGate + $0) + rowGround }
        columns.factor(parallel) { loadLanes(rowColumn + $0) + loadLanes(columnGate + $0) + columnGround }
        gates.factor(parallel) { loadLanes(rowGate + $0) + loadLanes(columnGate + $0) + gateGround }
    }

    /// What is left between ports once all wires are eliminated: (row, column, conductance) of the circuit's matrix.
    func eachPortConductance(_ add: (Int32, Int32, Double) -> Void) {
        for (plane, _) in planes {
            // A lead's conductance is not in the circuit's matrix yet: the port sees what lies behind it.
            if plane.nearPorts.isEmpty {
                for (wire, port) in plane.farPorts.enumerated() {
                    add(port, port, plane.farToGround[wire])
                }
            } else {
                for (wire, (near, far)) in zip(plane.nearPorts, plane.farPorts).enumerated() {
                    let between = plane.nearToFar[wire]
                    add(near, near, plane.nearToGround[wire] + between)
                    add(far, far, plane.farToGround[wire] + between)
                    add(near, far, -between)
                    add(far, near, -between)
                }
            }
        }
    }

    /// Pairs of ports that ``eachPortConductance(_:)`` adds to.
    func eachPortPair(_ body: (Int32, Int32) -> Void) {
        for (plane, _) in planes {
            for (wire, far) in plane.farPorts.enumerated() {
                body(far, far)
                guard wire < plane.nearPorts.count else { continue }
                let near = plane.nearPorts[wire]
                body(near, near)
                body(near, far)
                body(far, near)
            }
        }
    }

    /// Every entry of this block's matrix, ports included: (row, column, value) in the circuit's numbering. Padding has a
    /// diagonal of 1.
    func eachEntry(alpha: Double, shunt: Double, _ body: (Int, Int, Double) -> Void) {
        func couple(_ a: Int, _ b: Int, _ g: Double) { Self.couple(a, b, g, body) }
        for (plane, first) in planes {
            plane.eachSegment { couple(first + $0, first + $1, $2) }
            plane.eachLead { couple(first + $0, Int($1), $2) }
            let ground = alpha * plane.nodeCapacitance + shunt
            for place in 0..<shape.size { body(first + place, first + place, isCell(first + place) ? ground : 1) }
        }
        let matrix = cells.matrix
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                let place = shape.index(row, column)
                couple(firstRow + place, firstColumn + place, matrix.rowColumn.base[place])
                guard let rowGate = matrix.rowGate, let columnGate = matrix.columnGate else { continue }
                couple(firstRow + place, firstGate + place, rowGate.base[place])
                couple(firstColumn + place, firstGate + place, columnGate.base[place])
            }
        }
    }

    /// Entries of ∂q/∂x, capacitances of wires and cells [F], likewise. Apart from the conductances, as a sum of both keeps
    /// nothing of a femtofarad.
    func eachCapacitance(_ body: (Int, Int, Double) -> Void) {
        for row in 0..<shape.rows {
            for place in shape.index(row, 0)..<shape.index(row, shape.columns) {
                for (plane, first) in planes where plane.nodeCapacitance != 0 {
                    body(first + place, first + place, plane.nodeCapacitance)
                }
                guard cells.holdsCharge else { continue }
                let gate = cells.gateCapacitances(place)
                Self.couple(firstRow + place, firstGate + place, gate.row, body)
                Self.couple(firstColumn + place, firstGate + place, gate.column, body)
            }
        }
    }

    private static func couple(_ a: Int, _ b: Int, _ value: Double, _ body: (Int, Int, Double) -> Void) {
        body(a, a, value)
        body(b, b, value)
        body(a, b, -value)
        body(b, a, -value)
    }
}
