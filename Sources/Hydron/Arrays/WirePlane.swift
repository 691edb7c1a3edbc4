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

    /// 1/π of each node. Where wires run along rows, eight of them lie side by side: node after node, eight lanes each.
    let inverse: Plane
    /// c of each node, likewise; nil where no near end is driven.
    let nearCoupling: Plane?
    /// Currents of each wire into its ports, on the way to the circuit's rows.
    let nearSums: Plane
    let farSums: Plane
    let nearSizes: Plane
    let farSizes: Plane
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
        nearSums = Plane(wires)
        farSums = Plane(wires)
        nearSizes = Plane(wires)
        farSizes = Plane(wires)
    }

    /// Bytes held.
    var bytes: Int { (1 + (nearCoupling == nil ? 0 : 1) + (segments == nil ? 0 : 1)) * shape.size * 8 }

    /// Offset of the first node of wire 0 in the direction of elimination, and the step from node to node.
    @inline(__always) var first: Int {
        guard isReversed else { return 0 }
        return direction == .alongRows ? shape.columns - 1 : (shape.rows - 1) * shape.stride
    }
    @inline(__always) var step: Int {
        let forward = direction == .alongRows ? 1 : shape.stride
        return isReversed ? -forward : forward
    }
    /// From a wire to the next.
    @inline(__always) var across: Int { direction == .alongRows ? shape.stride : 1 }

    // MARK: - Elimination

    /// Finds 1/π of each node and what is left between the ports. `excess` gives what eight nodes side by side in a row
    /// of the array lead to other planes and to ground [S].
    func factor(_ parallel: Parallel, excess: (Int) -> Lanes) {
        nearToGround.withUnsafeMutableBufferPointer { nearToGround in
            farToGround.withUnsafeMutableBufferPointer { farToGround in
                nearToFar.withUnsafeMutableBufferPointer { nearToFar in
                    guard let near = nearToGround.baseAddress, let far = farToGround.baseAddress,
                        let between = nearToFar.baseAddress
                    else { return }
                    let targets = (near: near, far: far, between: between)
                    if direction == .alongRows {
                        parallel.each(shape.rowChunks) { chunk in factorRows(chunk, targets, excess) }
                    } else {
                        parallel.runs(shape.columnStrips) { strips in
                            factorColumns(shape.columnRange(strips), targets, excess)
                        }
                    }
                }
            }
        }
    }

    private typealias Leftovers = (
        near: UnsafeMutablePointer<Double>, far: UnsafeMutablePointer<Double>, between: UnsafeMutablePointer<Double>
    )

    /// One step of the elimination for eight wires: what the node before passed on, a t/π in `ground` and a c/π in `port`,
    /// becomes what this one does.
    @inline(__always)
    private func pivot(
        _ excess: Lanes, next: Lanes, ground: inout Lanes, port: inout Lanes, nearGround: inout Lanes
    ) -> (inverse: Lanes, coupling: Lanes) {
        let t = excess + ground
        let sum = t + port + next
        // Padding is tied to nothing: its pivot may be 0.
        let inverse = (1 / sum).replacing(with: 0, where: sum .== 0)
        let coupling = port
        nearGround += port * t * inverse
        ground = next * t * inverse
        port = next * port * inverse
        return (inverse, coupling)
    }

    private func factorRows(_ chunk: Int, _ targets: Leftovers, _ excess: (Int) -> Lanes) {
        let row = chunk * GridShape.lanes
        let lanes = inverse.base + row * shape.stride
        let near = nearCoupling.map { $0.base + row * shape.stride }
        eachTile(row) { place, turned in scatterLanes(excess(place), lanes + turned, GridShape.lanes) }
        var ground = Lanes.zero
        var port = Lanes(repeating: nearLead)
        var nearGround = Lanes.zero
        var node = first
        for k in 0..<length {
            let next =
                k == length - 1
                ? Lanes(repeating: farLead)
                : segments.map { gatherLanes($0.base + row * shape.stride + node, shape.stride) }
                    ?? Lanes(repeating: segment)
            let result = pivot(
                loadLanes(lanes + node * GridShape.lanes), next: next, ground: &ground, port: &port,
                nearGround: &nearGround)
            storeLanes(result.inverse, lanes + node * GridShape.lanes)
            if let near { storeLanes(result.coupling, near + node * GridShape.lanes) }
            node += step
        }
        storeLanes(nearGround, targets.near + row)
        storeLanes(ground, targets.far + row)
        storeLanes(port, targets.between + row)
    }

    private func factorColumns(_ columns: Range<Int>, _ targets: Leftovers, _ excess: (Int) -> Lanes) {
        let (inverse, near, segments) = (inverse.base, nearCoupling?.base, segments?.base)
        // What the nodes of a line pass on is kept where it is wanted at the end.
        for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
            storeLanes(.zero, targets.near + column)
            storeLanes(.zero, targets.far + column)
            storeLanes(Lanes(repeating: nearLead), targets.between + column)
        }
        var line = first
        for k in 0..<length {
            for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
                let place = line + column
                let next =
                    k == length - 1
                    ? Lanes(repeating: farLead)
                    : segments.map { loadLanes($0 + place) } ?? Lanes(repeating: segment)
                var ground = loadLanes(targets.far + column)
                var port = loadLanes(targets.between + column)
                var nearGround = loadLanes(targets.near + column)
                let result = pivot(
                    excess(place), next: next, ground: &ground, port: &port, nearGround: &nearGround)
                storeLanes(result.inverse, inverse + place)
                if let near { storeLanes(result.coupling, near + place) }
                storeLanes(ground, targets.far + column)
                storeLanes(port, targets.between + column)
                storeLanes(nearGround, targets.near + column)
            }
            line += step
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
