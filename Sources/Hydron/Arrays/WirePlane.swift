/// The parallel wires of one plane of an array: rows, columns or gate lines.
///
/// A wire is a chain of equal nodes, one a cell, joined by segments. Its ends lead to ports, nodes of the circuit
/// around the array. The matrix of a wire is tridiagonal: eliminated from one end to the other it leaves conductances
/// between its ports and to ground, and two sweeps solve it exactly.
///
/// Elimination works with each node's conductance to whatever is not its own wire (its *excess*) instead of with
/// diagonals. Of node k, with t_k its conductance to ground and c_k to the near port once the nodes before it are
/// gone, and a_k the segment to the next:
///
///     π_k = t_k + c_k + a_k,   t_k+1 = e_k+1 + a_k t_k/π_k,   c_k+1 = a_k c_k/π_k
///
/// Every term is positive, so no digit is lost however weakly a wire is tied to ground (the idea of W. K. Grassmann,
/// M. I. Taksar, D. P. Heyman, Oper. Res. 33, 1107 (1985), doi 10.1287/opre.33.5.1107).
final class WirePlane {
    enum Direction: Sendable, Hashable { case alongRows, alongColumns }

    let shape: GridShape
    let direction: Direction
    /// Elimination goes from high indices to low ones, so that it ends at the driven end.
    let isReversed: Bool
    /// Of a segment [S].
    let segment: Double
    /// Of each segment from a node to the next in the direction of elimination [S], where they differ.
    let segments: Plane?
    /// Conductance from the first and last node of each wire to its port [S]; 0 where an end is open.
    let nearLead: Double
    let farLead: Double
    /// Unknowns of the ports at the first and at the last node, one a wire; empty where that end is open.
    let nearPorts: [Int32]
    let farPorts: [Int32]
    /// Capacitance of each node to ground [F].
    let nodeCapacitance: Double

    /// 1/π of each node; before ``factor(_:)`` its excess.
    let inverse: Plane
    /// c of each node; nil where no near end is driven.
    private let nearCoupling: Plane?
    /// What is left between the ports of each wire and to ground [S].
    private(set) var nearToGround: [Double]
    private(set) var farToGround: [Double]
    private(set) var nearToFar: [Double]

    var wireCount: Int { direction == .alongRows ? shape.rows : shape.columns }
    var length: Int { direction == .alongRows ? shape.columns : shape.rows }

    init(
        _ shape: GridShape, _ direction: Direction, isReversed: Bool, segment: Double, segments: Plane?,
        nearLead: Double, nearPorts: [Int32], farLead: Double, farPorts: [Int32], nodeCapacitance: Double
    ) {
        self.shape = shape
        self.direction = direction
        self.isReversed = isReversed
        self.segment = segment
        self.segments = segments
        self.nearLead = nearPorts.isEmpty ? 0 : nearLead
        self.farLead = farPorts.isEmpty ? 0 : farLead
        self.nearPorts = nearPorts
        self.farPorts = farPorts
        self.nodeCapacitance = nodeCapacitance
        inverse = Plane(shape.size)
        nearCoupling = nearPorts.isEmpty ? nil : Plane(shape.size)
        let wires = direction == .alongRows ? shape.paddedRows : shape.stride
        nearToGround = [Double](repeating: 0, count: wires)
        farToGround = nearToGround
        nearToFar = nearToGround
    }

    /// Bytes held.
    var bytes: Int { (1 + (nearCoupling == nil ? 0 : 1) + (segments == nil ? 0 : 1)) * shape.size * 8 }

    /// Offset of the first node of wire 0 in the direction of elimination, and the step from node to node.
    @inline(__always) private var first: Int {
        guard isReversed else { return 0 }
        return direction == .alongRows ? shape.columns - 1 : (shape.rows - 1) * shape.stride
    }
    @inline(__always) private var step: Int {
        let forward = direction == .alongRows ? 1 : shape.stride
        return isReversed ? -forward : forward
    }
    /// From a wire to the next.
    @inline(__always) private var across: Int { direction == .alongRows ? shape.stride : 1 }
    /// Groups of wires that threads share out, and eight wires each in turn.
    @inline(__always) private var chunks: Int { direction == .alongRows ? shape.rowChunks : shape.columnChunks }
    @inline(__always) private func wires(_ chunk: Int) -> Range<Int> {
        direction == .alongRows
            ? chunk * GridShape.lanes..<(chunk + 1) * GridShape.lanes : shape.columnRange(chunk)
    }

    // MARK: - Elimination

    /// Replaces the excess in ``inverse`` by 1/π, and finds what is left between the ports.
    func factor(_ parallel: Parallel) {
        let base = inverse.base
        let near = nearCoupling?.base
        let segments = self.segments?.base
        let (first, step, across, length) = (self.first, self.step, self.across, self.length)
        let isAlongRows = direction == .alongRows
        nearToGround.withUnsafeMutableBufferPointer { nearToGround in
            farToGround.withUnsafeMutableBufferPointer { farToGround in
                nearToFar.withUnsafeMutableBufferPointer { nearToFar in
                    nonisolated(unsafe) let targets = (nearToGround, farToGround, nearToFar)
                    parallel.each(chunks) { chunk in
                        for group in Swift.stride(
                            from: wires(chunk).lowerBound, to: wires(chunk).upperBound, by: GridShape.lanes)
                        {
                            // What node k−1 passed on: a t/π and a c/π.
                            var ground = Lanes.zero
                            var port = Lanes(repeating: nearLead)
                            var nearGround = Lanes.zero
                            var last = Lanes.zero
                            var place = first + group * across
                            for k in 0..<length {
                                func load(_ p: UnsafePointer<Double>) -> Lanes {
                                    isAlongRows ? gatherLanes(p + place, across) : loadLanes(p + place)
                                }
                                func store(_ value: Lanes, _ p: UnsafeMutablePointer<Double>) {
                                    isAlongRows
                                        ? scatterLanes(value, p + place, across) : storeLanes(value, p + place)
                                }
                                let t = load(base) + ground
                                let next =
                                    k == length - 1
                                    ? Lanes(repeating: farLead)
                                    : segments.map { load($0) } ?? Lanes(repeating: segment)
                                let pivot = t + port + next
                                // Padding is tied to nothing: its pivot may be 0.
                                last = (1 / pivot).replacing(with: 0, where: pivot .== 0)
                                store(last, base)
                                if let near {
                                    store(port, near)
                                    nearGround += port * t * last
                                }
                                ground = next * t * last
                                port = near == nil ? .zero : next * port * last
                                place += step
                            }
                            for lane in 0..<GridShape.lanes {
                                targets.0[group + lane] = nearGround[lane]
                                targets.1[group + lane] = ground[lane]
                                targets.2[group + lane] = port[lane]
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: - Sweeps

    /// First sweep: b → y, which may be in place. Adds to `ports` the currents that b sends through the wires into their ports.
    func eliminate(
        _ b: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>, ports: UnsafeMutablePointer<Double>,
        _ parallel: Parallel
    ) {
        let near = UnsafeMutablePointer<Double>.allocate(capacity: nearToGround.count)
        let far = UnsafeMutablePointer<Double>.allocate(capacity: nearToGround.count)
        defer {
            near.deallocate()
            far.deallocate()
        }
        nonisolated(unsafe) let (nearSums, farSums, right, values) = (near, far, b, y)
        parallel.each(chunks) { chunk in
            if direction == .alongRows {
                eliminateRows(wires(chunk).lowerBound, right, values, nearSums, farSums)
            } else {
                eliminateColumns(wires(chunk), right, values, nearSums, farSums)
            }
        }
        addToPorts(nearSums, farSums, ports)
    }

    /// Currents of each wire into its ports, added to the circuit's rows in the order of wires.
    func addToPorts(
        _ near: UnsafePointer<Double>, _ far: UnsafePointer<Double>, _ ports: UnsafeMutablePointer<Double>
    ) {
        for (wire, port) in nearPorts.enumerated() { ports[Int(port)] += near[wire] }
        for (wire, port) in farPorts.enumerated() { ports[Int(port)] += far[wire] }
        ports[0] = 0
    }

    /// Eight rows from `row` on: b → y, and the sums for their ports.
    @inline(__always)
    func eliminateRows(
        _ row: Int, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
        _ nearSums: UnsafeMutablePointer<Double>, _ farSums: UnsafeMutablePointer<Double>
    ) {
        let across = shape.stride
        let (step, length) = (self.step, self.length)
        var place = first + row * across
        var passed = Lanes.zero
        var last = Lanes.zero
        var nearSum = Lanes.zero
        for k in 0..<length {
            let inverse = gatherLanes(inverse.base + place, across)
            let value = gatherLanes(b + place, across) + passed
            scatterLanes(value, y + place, across)
            last = value * inverse
            if let nearCoupling { nearSum += gatherLanes(nearCoupling.base + place, across) * last }
            if k < length - 1 {
                passed = last * (segments.map { gatherLanes($0.base + place, across) } ?? Lanes(repeating: segment))
            }
            place += step
        }
        storeLanes(nearSum, nearSums + row)
        storeLanes(last * farLead, farSums + row)
    }

    @inline(__always)
    private func eliminateColumns(
        _ columns: Range<Int>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
        _ nearSums: UnsafeMutablePointer<Double>, _ farSums: UnsafeMutablePointer<Double>
    ) {
        let inverse = self.inverse.base
        let near = nearCoupling?.base
        let segments = self.segments?.base
        for column in columns { nearSums[column] = 0 }
        var line = first
        for k in 0..<length {
            for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
                let place = line + column
                var value = loadLanes(b + place)
                if k > 0 {
                    let before = place - step
                    let a = segments.map { loadLanes($0 + before) } ?? Lanes(repeating: segment)
                    value += a * loadLanes(inverse + before) * loadLanes(y + before)
                }
                storeLanes(value, y + place)
                if let near {
                    let sum = loadLanes(nearSums + column)
                    storeLanes(
                        sum + loadLanes(near + place) * loadLanes(inverse + place) * value, nearSums + column)
                }
            }
            line += step
        }
        line -= step
        for column in columns { farSums[column] = farLead * inverse[line + column] * y[line + column] }
    }

    /// Second sweep, in place: y → t with the ports' values known.
    ///
    /// - Returns: Σ t·`weights` over all nodes, where weights are given.
    @discardableResult
    func substitute(
        _ y: UnsafeMutablePointer<Double>, ports: UnsafePointer<Double>, weights: UnsafePointer<Double>?,
        _ parallel: Parallel
    ) -> Double {
        nonisolated(unsafe) let (values, portValues, weightValues) = (y, ports, weights)
        return parallel.sum(chunks) { chunk in
            if direction == .alongRows {
                return substituteRows(wires(chunk).lowerBound, values, portValues, weightValues)
            }
            return substituteColumns(wires(chunk), values, portValues, weightValues)
        }
    }

    /// Values of the ports of eight wires; 0 where an end is open or the wire is padding.
    @inline(__always)
    func portValues(_ ports: [Int32], _ wire: Int, _ values: UnsafePointer<Double>) -> Lanes {
        var lanes = Lanes.zero
        for lane in 0..<GridShape.lanes where wire + lane < ports.count {
            lanes[lane] = values[Int(ports[wire + lane])]
        }
        return lanes
    }

    @inline(__always)
    func substituteRows(
        _ row: Int, _ y: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?
    ) -> Double {
        let across = shape.stride
        let (step, length) = (self.step, self.length)
        let near = portValues(nearPorts, row, ports)
        var next = portValues(farPorts, row, ports) * farLead
        var place = first + row * across + (length - 1) * step
        var sum = Lanes.zero
        for k in Swift.stride(from: length - 1, through: 0, by: -1) {
            var value = gatherLanes(y + place, across) + next
            if let nearCoupling { value += gatherLanes(nearCoupling.base + place, across) * near }
            value *= gatherLanes(inverse.base + place, across)
            scatterLanes(value, y + place, across)
            if let weights { sum += value * gatherLanes(weights + place, across) }
            place -= step
            if k > 0 {
                next = value * (segments.map { gatherLanes($0.base + place, across) } ?? Lanes(repeating: segment))
            }
        }
        return sum.sum()
    }

    @inline(__always)
    private func substituteColumns(
        _ columns: Range<Int>, _ y: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>,
        _ weights: UnsafePointer<Double>?
    ) -> Double {
        let inverse = self.inverse.base
        let near = nearCoupling?.base
        let segments = self.segments?.base
        let (step, length) = (self.step, self.length)
        var line = first + (length - 1) * step
        var sum = Lanes.zero
        for k in Swift.stride(from: length - 1, through: 0, by: -1) {
            for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
                let place = line + column
                var value = loadLanes(y + place)
                if k == length - 1 {
                    value += portValues(farPorts, column, ports) * farLead
                } else {
                    let a = segments.map { loadLanes($0 + place) } ?? Lanes(repeating: segment)
                    value += a * loadLanes(y + (place + step))
                }
                if let near { value += loadLanes(near + place) * portValues(nearPorts, column, ports) }
                value *= loadLanes(inverse + place)
                storeLanes(value, y + place)
                if let weights { sum += value * loadLanes(weights + place) }
            }
            line -= step
        }
        return sum.sum()
    }

    // MARK: - The wires' own currents

    /// Adds the currents through segments, leads and capacitances to ground, (G + αC) v, to `f`, and their magnitudes
    /// to `size`; `v` and `f` are the plane's own, ports are in the circuit's arrays.
    func addCurrents(
        _ v: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>,
        ports: UnsafePointer<Double>, portCurrents: UnsafeMutablePointer<Double>,
        portSizes: UnsafeMutablePointer<Double>, alpha: Double, shunt: Double, _ parallel: Parallel
    ) {
        let ground = alpha * nodeCapacitance + shunt
        nonisolated(unsafe) let (values, currents, sizes) = (v, f, size)
        let shape = self.shape
        let along = direction == .alongRows ? 1 : shape.stride
        let segments = self.segments?.base
        let (segment, isReversed, isAlongRows) = (self.segment, self.isReversed, direction == .alongRows)
        parallel.each(shape.rowChunks) { chunk in
            for row in shape.rowRange(chunk) {
                let start = shape.index(row, 0)
                for place in start..<start + shape.columns {
                    let here = values[place]
                    var current = ground * here
                    var size = abs(current)
                    let position = isAlongRows ? place - start : row
                    let end = (isAlongRows ? shape.columns : shape.rows) - 1
                    if position > 0 {
                        let a = segments.map { $0[isReversed ? place : place - along] } ?? segment
                        current += a * (here - values[place - along])
                        size += a * (abs(here) + abs(values[place - along]))
                    }
                    if position < end {
                        let a = segments.map { $0[isReversed ? place + along : place] } ?? segment
                        current += a * (here - values[place + along])
                        size += a * (abs(here) + abs(values[place + along]))
                    }
                    currents[place] += current
                    sizes[place] += size
                }
            }
        }
        for (portList, lead, node) in [(nearPorts, nearLead, first), (farPorts, farLead, first + (length - 1) * step)] {
            for (wire, port) in portList.enumerated() {
                let place = node + wire * across
                let current = lead * (v[place] - ports[Int(port)])
                let magnitude = lead * (abs(v[place]) + abs(ports[Int(port)]))
                f[place] += current
                size[place] += magnitude
                portCurrents[Int(port)] -= current
                portSizes[Int(port)] += magnitude
            }
        }
        portCurrents[0] = 0
    }

    // MARK: - Energies

    /// Voltages of a plane's ports [V]; empty where that end is open.
    struct PortVoltages {
        var near: [Double]
        var far: [Double]
    }

    func portVoltages(_ x: UnsafePointer<Double>) -> PortVoltages {
        PortVoltages(near: nearPorts.map { x[Int($0)] }, far: farPorts.map { x[Int($0)] })
    }

    /// Of a step from `a` to `b` [J]: what came in through the ports, what segments and leads took, and what the
    /// capacitance to ground gained. Each is a charge that the integration formula moved times the mean voltage, so
    /// that the sum over a whole circuit is 0 (B. D. H. Tellegen, Philips Res. Rep. 7, 259 (1952)).
    func energies(
        from a: UnsafePointer<Double>, to b: UnsafePointer<Double>, ports: (PortVoltages, PortVoltages),
        _ conditions: Conditions, _ parallel: Parallel
    ) -> (delivered: Double, lost: Double, stored: Double) {
        let (h, weight) = (conditions.interval, conditions.endWeight)
        nonisolated(unsafe) let (old, new, segments) = (a, b, self.segments?.base)
        let along = direction == .alongRows ? 1 : shape.stride
        let shift = isReversed ? along : 0
        let (shape, segment, isAlongRows) = (self.shape, self.segment, direction == .alongRows)
        var lost = parallel.sum(shape.rowChunks) { chunk in
            var sum = Lanes.zero
            var rest = 0.0
            for row in shape.rowRange(chunk) where isAlongRows || row + 1 < shape.rows {
                let start = shape.index(row, 0)
                let end = start + (isAlongRows ? shape.columns - 1 : shape.columns)
                var place = start
                while place + GridShape.lanes <= end {
                    let before = loadLanes(old + place) - loadLanes(old + place + along)
                    let after = loadLanes(new + place) - loadLanes(new + place + along)
                    let energy = (weight * after + (1 - weight) * before) * (before + after)
                    sum += (segments.map { loadLanes($0 + place + shift) } ?? Lanes(repeating: segment)) * energy
                    place += GridShape.lanes
                }
                while place < end {
                    let before = old[place] - old[place + along]
                    let after = new[place] - new[place + along]
                    rest +=
                        (segments.map { $0[place + shift] } ?? segment)
                        * (weight * after + (1 - weight) * before) * (before + after)
                    place += 1
                }
            }
            return 0.5 * h * (sum.sum() + rest)
        }
        var stored = 0.0
        if nodeCapacitance != 0 {
            stored =
                0.5 * nodeCapacitance
                * parallel.sum(shape.rowChunks) { chunk in
                    var sum = 0.0
                    for row in shape.rowRange(chunk) {
                        for place in shape.index(row, 0)..<shape.index(row, shape.columns) {
                            sum += (new[place] - old[place]) * (new[place] + old[place])
                        }
                    }
                    return sum
                }
        }
        var delivered = 0.0
        let ends = [
            (ports.0.near, ports.1.near, nearLead, first),
            (ports.0.far, ports.1.far, farLead, first + (length - 1) * step),
        ]
        for (before, after, lead, node) in ends {
            for wire in after.indices {
                let place = node + wire * across
                let (drop, next) = (before[wire] - old[place], after[wire] - new[place])
                let charge = h * lead * (weight * next + (1 - weight) * drop)
                delivered += charge * 0.5 * (before[wire] + after[wire])
                lost += charge * 0.5 * (drop + next)
            }
        }
        return (delivered, lost, stored)
    }

    /// Adds C v, the charges of the wires' capacitance to ground, to `q`.
    func addCharges(_ v: UnsafePointer<Double>, _ q: UnsafeMutablePointer<Double>) {
        guard nodeCapacitance != 0 else { return }
        for row in 0..<shape.rows {
            let start = shape.index(row, 0)
            for place in start..<start + shape.columns { q[place] += nodeCapacitance * v[place] }
        }
    }

    /// Calls `body` with each pair of neighbouring nodes of this plane and the conductance between them [S].
    func eachSegment(_ body: (Int, Int, Double) -> Void) {
        for wire in 0..<wireCount {
            var place = first + wire * across
            for _ in 0..<max(length - 1, 0) {
                body(place, place + step, segments?.base[place] ?? segment)
                place += step
            }
        }
    }

    /// Calls `body` with each end node, the port that it leads to and the conductance [S].
    func eachLead(_ body: (Int, Int32, Double) -> Void) {
        for (wire, port) in nearPorts.enumerated() { body(first + wire * across, port, nearLead) }
        for (wire, port) in farPorts.enumerated() {
            body(first + (length - 1) * step + wire * across, port, farLead)
        }
    }
}
