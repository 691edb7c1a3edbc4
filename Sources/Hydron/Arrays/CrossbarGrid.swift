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

    // Vectors of the iteration for each reduced plane; made at the first solution.
    private var residual: [Plane] = []
    private var direction: [Plane] = []
    private var product: [Plane] = []
    private var solution: [Plane] = []
    private var preconditioned: [Plane] = []
    /// The planes one behind the other, and each plane's ports, at the last accepted point.
    private let lastVoltages: Plane
    private var lastPorts: [WirePlane.PortVoltages?] = []
    /// Since the start [J]: charge times mean voltage of each step at the ports, the same in the wires, and what the
    /// wires' capacitance took up.
    private(set) var portEnergy = 0.0
    private(set) var wireEnergy = 0.0
    private(set) var wireStoredEnergy = 0.0
    /// Eliminated rows of eight wires a thread.
    private var scratch: Plane
    private var nearSums: [Double]
    private var farSums: [Double]

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
        scratch = Plane(0)
        nearSums = [Double](repeating: 0, count: shape.paddedRows)
        farSums = nearSums
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

    var isLinear: Bool { cells.isLinear }
    /// Bytes held, those of the circuit's arrays left out.
    var bytes: Int {
        cells.bytes + rows.bytes + columns.bytes + (gates?.bytes ?? 0)
            + (residual.count + direction.count + product.count + solution.count + preconditioned.count) * shape.size
            * 8
    }
    /// Whether unknowns of each plane hold charge.
    var isDynamic: Bool { cells.holdsCharge || array.rowWires.capacitance > 0 || array.columnWires.capacitance > 0 }
    func holdsCharge(_ unknown: Int) -> Bool {
        let plane = (unknown - firstRow) / max(shape.size, 1)
        let wires = plane == 0 ? array.rowWires : plane == 1 ? array.columnWires : array.gateWires ?? array.rowWires
        return isCell(unknown) && (cells.holdsCharge || wires.capacitance > 0)
    }
    /// False for padding.
    func isCell(_ unknown: Int) -> Bool {
        let place = (unknown - firstRow) % max(shape.size, 1)
        return place / shape.stride < shape.rows && place % shape.stride < shape.columns
    }

    func nodes(
        voltage: UnsafePointer<Double>, current: UnsafeMutablePointer<Double>, charge: UnsafeMutablePointer<Double>,
        scale: UnsafeMutablePointer<Double>
    ) -> GridNodes {
        let hasGate = gates != nil
        return GridNodes(
            voltage: voltages(voltage),
            current: (current + firstRow, current + firstColumn, hasGate ? current + firstGate : nil),
            charge: (charge + firstRow, charge + firstColumn, hasGate ? charge + firstGate : nil),
            scale: (scale + firstRow, scale + firstColumn, hasGate ? scale + firstGate : nil))
    }

    /// The planes' voltages in the circuit's array of unknowns.
    func voltages(_ x: UnsafePointer<Double>) -> PlaneVoltages {
        PlaneVoltages(row: x + firstRow, column: x + firstColumn, gate: gates == nil ? nil : x + firstGate)
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
        lastVoltages.base.update(from: x + firstRow, count: lastVoltages.count)
    }

    // MARK: - Residual

    /// Adds the linear currents (G + αC) x to `f` and their magnitudes to `size`.
    func addLinearCurrents(
        _ x: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>,
        alpha: Double, shunt: Double, _ parallel: Parallel
    ) {
        for (plane, first) in planes {
            plane.addCurrents(
                x + first, f + first, size + first, ports: x, portCurrents: f, portSizes: size, alpha: alpha,
                shunt: shunt, parallel)
        }
        cells.addCurrents(nodes(voltage: x, current: f, charge: f, scale: size), parallel)
    }

    func addLinearCharges(_ x: UnsafePointer<Double>, _ q: UnsafeMutablePointer<Double>) {
        for (plane, first) in planes { plane.addCharges(x + first, q + first) }
    }

    private var planes: [(WirePlane, Int)] {
        [(rows, firstRow), (columns, firstColumn)] + (gates.map { [($0, firstGate)] } ?? [])
    }

    // MARK: - Factorisation

    /// Eliminates all wires for the present matrix of the cells. `add` takes what is left between ports: (row, column,
    /// conductance) of the circuit's matrix.
    func factor(alpha: Double, shunt: Double, _ parallel: Parallel, add: (Int32, Int32, Double) -> Void) {
        let ground = planes.map { $0.0.nodeCapacitance * alpha + shunt }
        fillExcess(ground, parallel)
        for (plane, _) in planes {
            plane.factor(parallel)
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

    /// Pairs of ports that ``factor(alpha:shunt:_:add:)`` adds to.
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

    private func fillExcess(_ ground: [Double], _ parallel: Parallel) {
        let shape = self.shape
        let matrix = cells.matrix
        nonisolated(unsafe) let (rowColumn, rowGate, columnGate) = (
            matrix.rowColumn.base, matrix.rowGate?.base, matrix.columnGate?.base
        )
        nonisolated(unsafe) let (row, column, gate) = (rows.inverse.base, columns.inverse.base, gates?.inverse.base)
        parallel.each(shape.rowChunks) { chunk in
            for place in chunk * 8 * shape.stride..<(chunk + 1) * 8 * shape.stride {
                let channel = rowColumn[place]
                guard let gate, let rowGate, let columnGate else {
                    row[place] = channel + ground[0]
                    column[place] = channel + ground[1]
                    continue
                }
                row[place] = channel + rowGate[place] + ground[0]
                column[place] = channel + columnGate[place] + ground[1]
                gate[place] = rowGate[place] + columnGate[place] + ground[2]
            }
        }
    }

    /// Every entry of this block's matrix, ports included: (row, column, value) in the circuit's numbering. Padding has a
    /// diagonal of 1.
    func eachEntry(alpha: Double, shunt: Double, _ body: (Int, Int, Double) -> Void) {
        func couple(_ a: Int, _ b: Int, _ g: Double) {
            body(a, a, g)
            body(b, b, g)
            body(a, b, -g)
            body(b, a, -g)
        }
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

    // MARK: - Pieces of the iteration

    /// Starts a solution of A x = b, b in the circuit's numbering: rows eliminated, the rest in this block's residual;
    /// what rows pass on to ports is added to `outer`.
    func start(_ b: UnsafePointer<Double>, outer: UnsafeMutablePointer<Double>, _ parallel: Parallel) {
        if residual.isEmpty {
            func planes() -> [Plane] { reduced.map { _ in Plane(shape.size) } }
            residual = planes()
            direction = planes()
            product = planes()
            solution = planes()
            preconditioned = planes()
            scratch = Plane(shape.size)
        }
        residual[0].copy(b + firstColumn)
        if gates != nil { residual[1].copy(b + firstGate) }
        for plane in solution { plane.base.update(repeating: 0, count: shape.size) }
        // With no voltage at the ports, as these are unknowns themselves.
        let zeros = Plane((rows.farPorts + rows.nearPorts).reduce(0) { max($0, Int($1)) } + 1)
        coupleRows(b + firstRow, nil, ports: UnsafePointer(zeros.base), outer: outer, .start, parallel)
    }

    /// z = P⁻¹ r, first half: the wires pass their currents on to the ports.
    func eliminate(_ outer: UnsafeMutablePointer<Double>, _ parallel: Parallel) {
        for (index, plane) in reduced.enumerated() {
            plane.eliminate(
                residual[index].base, into: preconditioned[index].base, ports: outer, parallel)
        }
    }

    /// Second half, with the ports' values known; gives r·z.
    func substitute(_ outer: UnsafePointer<Double>, _ parallel: Parallel) -> Double {
        var sum = 0.0
        for (index, plane) in reduced.enumerated() {
            sum += plane.substitute(
                preconditioned[index].base, ports: outer, weights: UnsafePointer(residual[index].base), parallel)
        }
        return sum
    }

    /// Takes z as the solution and w(z) as the residual: the first step, after which only the array's nodes (and ports
    /// of rows) have a residual.
    func takeFirst(_ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>, _ parallel: Parallel) {
        for index in reduced.indices { solution[index].base.addAll(preconditioned[index].base, shape.size) }
        coupleRows(nil, nil, ports: outer, outer: w, .residual, parallel)
    }

    /// q ← (r − w(z)) + β q; gives z·w(z). What rows pass on to ports is added to `w`.
    func multiply(
        beta: Double, _ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>, _ parallel: Parallel
    ) -> Double {
        coupleRows(nil, beta, ports: outer, outer: w, .product, parallel)
    }

    /// p ← z + β p, x ← x + α p, r ← r − α q; gives r·r.
    func update(alpha: Double, beta: Double, _ parallel: Parallel) -> Double {
        var sum = 0.0
        for index in reduced.indices {
            nonisolated(unsafe) let (p, z, x, r, q) = (
                direction[index].base, preconditioned[index].base, solution[index].base, residual[index].base,
                product[index].base
            )
            let length = GridShape.lanes * shape.stride
            sum += parallel.sum(shape.rowChunks) { chunk in
                var squares = Lanes.zero
                for place in Swift.stride(from: chunk * length, to: (chunk + 1) * length, by: GridShape.lanes) {
                    let direction = loadLanes(z + place) + beta * loadLanes(p + place)
                    storeLanes(direction, p + place)
                    storeLanes(loadLanes(x + place) + alpha * direction, x + place)
                    let rest = loadLanes(r + place) - alpha * loadLanes(q + place)
                    storeLanes(rest, r + place)
                    squares += rest * rest
                }
                return squares.sum()
            }
        }
        return sum
    }

    /// Sum of squares of the residual.
    func residualSquare(_ parallel: Parallel) -> Double {
        var sum = 0.0
        for index in reduced.indices {
            nonisolated(unsafe) let r = residual[index].base
            let length = GridShape.lanes * shape.stride
            sum += parallel.sum(shape.rowChunks) { chunk in
                var squares = Lanes.zero
                for place in Swift.stride(from: chunk * length, to: (chunk + 1) * length, by: GridShape.lanes) {
                    let rest = loadLanes(r + place)
                    squares += rest * rest
                }
                return squares.sum()
            }
        }
        return sum
    }

    /// Writes the solution over `b`: columns and gates as iterated, rows from their own equations.
    func finish(_ b: UnsafeMutablePointer<Double>, outer: UnsafePointer<Double>, _ parallel: Parallel) {
        (b + firstColumn).update(from: solution[0].base, count: shape.size)
        if gates != nil { (b + firstGate).update(from: solution[1].base, count: shape.size) }
        coupleRows(b + firstRow, nil, ports: outer, outer: b, .finish(b + firstRow), parallel)
    }

    private enum Purpose {
        /// b_r given: what rows pass on joins the residual.
        case start
        /// w(z) becomes the residual.
        case residual
        /// q ← r − w(z) + β q
        case product
        /// Rows themselves, for the solution in hand, with b_r given.
        case finish(UnsafeMutablePointer<Double>)
    }

    /// t = A_rr⁻¹ (b_r + K z + g z_o), eight rows at a time, and w = K t where it is asked for.
    @discardableResult
    private func coupleRows(
        _ right: UnsafePointer<Double>?, _ beta: Double?, ports: UnsafePointer<Double>,
        outer: UnsafeMutablePointer<Double>, _ purpose: Purpose, _ parallel: Parallel
    ) -> Double {
        let shape = self.shape
        let matrix = cells.matrix
        let length = GridShape.lanes * shape.stride
        var isFinish = false
        var isStart = false
        var isProduct = false
        var rowTarget = scratch.base
        switch purpose {
        case .start: isStart = true
        case .residual: break
        case .product: isProduct = true
        case .finish(let target):
            isFinish = true
            rowTarget = target
        }
        let beta = beta ?? 0
        let source = isFinish ? solution : preconditioned
        nonisolated(unsafe) let (t, b, portValues) = (rowTarget, right, ports)
        nonisolated(unsafe) let (zc, rc, qc) = (source[0].base, residual[0].base, product[0].base)
        let hasGate = gates != nil
        nonisolated(unsafe) let (zg, rg, qg) = (
            hasGate ? source[1].base : zc, hasGate ? residual[1].base : rc, hasGate ? product[1].base : qc
        )
        nonisolated(unsafe) let (kc, krg, kcg) = (
            matrix.rowColumn.base, matrix.rowGate?.base ?? zc, matrix.columnGate?.base ?? zc
        )
        let rows = self.rows
        let (finishing, starting, multiplying) = (isFinish, isStart, isProduct)
        let sum = nearSums.withUnsafeMutableBufferPointer { near in
            farSums.withUnsafeMutableBufferPointer { far in
                nonisolated(unsafe) let (nearTarget, farTarget) = (near.baseAddress ?? t, far.baseAddress ?? t)
                return parallel.sum(shape.rowChunks) { chunk in
                    let range = Swift.stride(from: chunk * length, to: (chunk + 1) * length, by: GridShape.lanes)
                    // Right-hand side.
                    for place in range {
                        var value = Lanes.zero
                        if let b { value = loadLanes(b + place) }
                        if !starting {
                            value += loadLanes(kc + place) * loadLanes(zc + place)
                            if hasGate { value += loadLanes(krg + place) * loadLanes(zg + place) }
                        }
                        storeLanes(value, t + place)
                    }
                    rows.eliminateRows(chunk * GridShape.lanes, t, t, nearTarget, farTarget)
                    _ = rows.substituteRows(chunk * GridShape.lanes, t, portValues, nil)
                    if finishing { return 0 }
                    // What rows pass back.
                    var dot = Lanes.zero
                    for place in range {
                        let here = loadLanes(t + place)
                        var wc = loadLanes(kc + place) * here
                        if hasGate {
                            var wg = loadLanes(krg + place) * here
                            if !starting {
                                let between = loadLanes(kcg + place)
                                let z = loadLanes(zg + place)
                                wc += between * z
                                wg += between * loadLanes(zc + place)
                                if multiplying { dot += wg * z }
                            }
                            if multiplying {
                                storeLanes(loadLanes(rg + place) - wg + beta * loadLanes(qg + place), qg + place)
                            } else if starting {
                                storeLanes(loadLanes(rg + place) + wg, rg + place)
                            } else {
                                storeLanes(wg, rg + place)
                            }
                        }
                        if multiplying {
                            dot += wc * loadLanes(zc + place)
                            storeLanes(loadLanes(rc + place) - wc + beta * loadLanes(qc + place), qc + place)
                        } else if starting {
                            storeLanes(loadLanes(rc + place) + wc, rc + place)
                        } else {
                            storeLanes(wc, rc + place)
                        }
                    }
                    return dot.sum()
                }
            }
        }
        if !isFinish { rows.addToPorts(nearSums, farSums, outer) }
        return sum
    }
}

extension UnsafeMutablePointer<Double> {
    /// self += other
    @inline(__always) func addAll(_ other: UnsafePointer<Double>, _ count: Int) {
        for index in 0..<count { self[index] += other[index] }
    }
}
