/// The vectors of an iterative solution over the reduced planes of an array, columns and gates one behind the other, and
/// the passes over them (see ``CrossbarGrid`` and ``BlockSolver``).
///
/// Passes are few and each touches a number once, because an array of a million cells is bound by memory: an iteration
/// reads and writes 17 planes for each reduced one (``bytesAnIteration``).
final class GridIteration {
    private unowned let grid: CrossbarGrid
    private let shape: GridShape
    let count: Int
    private let residual: Plane
    private let direction: Plane
    private let product: Plane
    private let solution: Plane
    private let preconditioned: Plane
    /// Voltages of no ports at all.
    private let noPorts: Plane

    init(_ grid: CrossbarGrid) {
        self.grid = grid
        shape = grid.shape
        count = grid.reduced.count * grid.shape.size
        residual = Plane(count)
        direction = Plane(count)
        product = Plane(count)
        solution = Plane(count)
        preconditioned = Plane(count)
        noPorts = Plane((grid.rows.farPorts + grid.rows.nearPorts).reduce(0) { max($0, Int($1)) } + 1)
    }

    /// See ``Vector/prepare(_:)``.
    func prepare(_ parallel: Parallel) {
        for vector in [residual, direction, product, solution, preconditioned] { vector.prepare(parallel) }
    }

    var bytes: Int { 5 * count * MemoryLayout<Double>.stride }

    /// What an iteration of ``BlockSolver`` moves at least: update and elimination 10 numbers a reduced node, substitution
    /// 3, the rows 4 and what couples the planes.
    var bytesAnIteration: Int {
        let planes = grid.gates == nil ? 1 : 2
        let couplings = grid.gates == nil ? 2 : grid.cells.matrix.rowGate === grid.cells.matrix.columnGate ? 3 : 4
        return (17 * planes + couplings) * shape.size * MemoryLayout<Double>.stride
    }

    // MARK: - From and to the circuit's vectors

    /// Starts a solution of A x = ±b, b in the circuit's numbering: rows eliminated, the rest in the residual; what rows
    /// pass on to ports is added to `outer`.
    func start(
        _ b: UnsafePointer<Double>, sign: Double, outer: UnsafeMutablePointer<Double>, _ parallel: Parallel
    ) {
        // With no voltage at the ports, as these are unknowns themselves.
        let pass = StartingPass(
            couplings: PlaneCouplings(grid), sign: sign, rows: b + grid.firstRow, columns: b + grid.firstColumn,
            r: residual.base)
        throughRows(UnsafePointer(noPorts.base), parallel, pass)
        grid.rows.addToPorts(outer)
    }

    /// Writes the solution over `b`: columns and gates as iterated, rows from their own equations.
    func finish(
        _ b: UnsafeMutablePointer<Double>, sign: Double, outer: UnsafePointer<Double>, _ parallel: Parallel
    ) {
        parallel.copy(solution.base, to: b + grid.firstColumn, count)
        let pass = FinishingPass(
            couplings: PlaneCouplings(grid), sign: sign, x: solution.base, rows: b + grid.firstRow)
        throughRows(outer, parallel, pass)
    }

    // MARK: - The preconditioner

    /// z = P⁻¹ r, first half: the wires pass their currents on to the ports. Gives the wires' part of r·z.
    func eliminate(_ outer: UnsafeMutablePointer<Double>, _ parallel: Parallel) -> Double {
        eliminate(residual, outer, parallel)
    }

    func eliminate(_ vector: Plane, _ outer: UnsafeMutablePointer<Double>, _ parallel: Parallel) -> Double {
        var product = 0.0
        for (index, plane) in grid.reduced.enumerated() {
            let source = PlainSource(r: vector.base + index * shape.size)
            product += plane.eliminate(into: preconditioned.base + index * shape.size, parallel, source).product
            plane.addToPorts(outer)
        }
        return product
    }

    /// p ← z + β p, x ← x + α p, r ← r − α q, and the first half of the next z = P⁻¹ r. Gives the wires' part of r·z, and
    /// r·r.
    func advance(
        alpha: Double, beta: Double, _ outer: UnsafeMutablePointer<Double>, _ parallel: Parallel
    ) -> (product: Double, square: Double) {
        var sums = (product: 0.0, square: 0.0)
        for (index, plane) in grid.reduced.enumerated() {
            let offset = index * shape.size
            let z = preconditioned.base + offset
            let source = AdvancingSource(
                alpha: alpha, beta: beta, p: direction.base + offset, x: solution.base + offset,
                r: residual.base + offset, z: z, q: product.base + offset)
            let part = plane.eliminate(into: z, parallel, source)
            sums.product += part.product
            sums.square += part.square
            plane.addToPorts(outer)
        }
        return sums
    }

    /// Second half of z = P⁻¹ r, with the ports' values known.
    func substitute(_ outer: UnsafePointer<Double>, _ parallel: Parallel) {
        for (index, plane) in grid.reduced.enumerated() {
            plane.substitute(preconditioned.base + index * shape.size, ports: outer, parallel)
        }
    }

    // MARK: - Couplings between planes

    /// Takes z as the solution and w(z) as the residual: the first step, after which only the array's nodes (and ports
    /// of rows) have a residual. What rows pass on to ports is added to `w`. Gives r·r.
    func takeFirst(
        _ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>, _ parallel: Parallel
    ) -> Double {
        couple(outer, w: w, parallel, FirstStep(x: solution.base, r: residual.base))
    }

    /// Sum over the reduced wires of the square of what the cells pass on to each, right after ``takeFirst(_:w:_:)`` [A²].
    func wireCurrents(_ parallel: Parallel) -> Double {
        var total = 0.0
        for (index, plane) in grid.reduced.enumerated() {
            let (r, shape) = (UnsafePointer(residual.base + index * shape.size), self.shape)
            if plane.direction == .alongRows {
                total += parallel.sum(shape.rows) { row in
                    var sum = Lanes.zero
                    for column in Swift.stride(from: 0, to: shape.stride, by: GridShape.lanes) {
                        sum += loadLanes(r + shape.index(row, column))
                    }
                    return sum.sum() * sum.sum()
                }
            } else {
                total += parallel.sum(shape.columnStrips) { strip in
                    var squares = Lanes.zero
                    let columns = shape.columnRange(strip..<strip + 1)
                    for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
                        var sum = Lanes.zero
                        for row in 0..<shape.rows { sum += loadLanes(r + shape.index(row, column)) }
                        squares += sum * sum
                    }
                    return squares.sum()
                }
            }
        }
        return total
    }

    /// q ← (r − w(z)) + β q; gives z·w(z). What rows pass on to ports is added to `w`.
    func multiply(
        beta: Double, _ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>, _ parallel: Parallel
    ) -> Double {
        couple(outer, w: w, parallel, ConjugateProduct(beta: beta, r: residual.base, q: product.base))
    }

    /// image ← vector − w(z): the product of the reduced matrix with z = P⁻¹ vector.
    func multiply(
        _ vector: Plane, into image: Plane, _ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>,
        _ parallel: Parallel
    ) {
        _ = couple(outer, w: w, parallel, PlainProduct(source: vector.base, image: image.base))
    }

    /// w(z) of all reduced planes; gives what `use` sums up.
    private func couple(
        _ outer: UnsafePointer<Double>, w: UnsafeMutablePointer<Double>, _ parallel: Parallel, _ use: some CouplingUse
    ) -> Double {
        let pass = CouplingPass(couplings: PlaneCouplings(grid), z: preconditioned.base, use: use)
        let sum = throughRows(outer, parallel, pass)
        grid.rows.addToPorts(w)
        return sum
    }

    /// t = A_rr⁻¹ (b + g x_ports), eight rows at a time. Currents into the rows' ports are kept for
    /// ``WirePlane/addToPorts(_:)``.
    @discardableResult
    private func throughRows(
        _ ports: UnsafePointer<Double>, _ parallel: Parallel, _ pass: some RowPass
    ) -> Double {
        let (shape, rows) = (self.shape, grid.rows)
        let lanes = GridShape.lanes
        return parallel.sum(shape.rowChunks) { chunk in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: lanes * (shape.stride + lanes)) { buffer in
                guard let room = buffer.baseAddress else { return 0 }
                return rows.solveRows(chunk * lanes, room, ports, pass).sum()
            }
        }
    }

    // MARK: - For iterations that are not symmetric

    /// The residual, and what is added to the solution, for ``BlockSolver``'s other method.
    var remaining: Plane { residual }
    var result: Plane { solution }
    var corrected: Plane { preconditioned }
    var image: Plane { product }
    var searched: Plane { direction }
}
