import CPrefetch

/// What a first sweep takes as right-hand side, eight nodes side by side at a time.
///
/// A type of its own for each, not a closure: a sweep is compiled for each of them as one loop.
protocol SweepSource {
    /// The right-hand side at `place`, asked for once each, and what is summed up besides.
    func right(_ place: Int) -> (value: Lanes, square: Lanes)
}

/// What a pass through the eliminated rows takes and does, eight nodes side by side at a time; see ``SweepSource``.
protocol RowPass {
    /// b at `place`.
    func right(_ place: Int) -> Lanes
    /// Takes t = A_rr⁻¹ b at `place` and gives what is summed up.
    func result(_ place: Int, _ here: Lanes) -> Lanes
    /// Prefetches what ``right(_:)`` and ``result(_:_:)`` will want at `place`: eight rows of several planes are
    /// more streams than a processor foresees by itself.
    func prefetchRight(_ place: Int)
    func prefetchResult(_ place: Int)
}

/// What becomes of w(z), the coupling of a reduced plane with all others, at eight nodes.
protocol CouplingUse {
    /// Gives what is summed up.
    func take(_ place: Int, _ z: Lanes, _ coupled: Lanes) -> Lanes
    /// Prefetches what this will want at `place`.
    func prefetch(_ place: Int)
}

@inline(__always) private func prefetchLine(_ numbers: UnsafePointer<Double>, _ place: Int) {
    prefetch_line(numbers + place)
}

/// Conductances between planes.
struct PlaneCouplings {
    let rowColumn: UnsafePointer<Double>
    let rowGate: UnsafePointer<Double>?
    let columnGate: UnsafePointer<Double>?
    /// Numbers of a plane.
    let size: Int

    init(_ grid: CrossbarGrid) {
        let matrix = grid.cells.matrix
        rowColumn = UnsafePointer(matrix.rowColumn.base)
        rowGate = (matrix.rowGate?.base).map { UnsafePointer($0) }
        columnGate = (matrix.columnGate?.base).map { UnsafePointer($0) }
        size = grid.shape.size
    }

    /// What voltages of the reduced planes drive into eight nodes of the rows.
    @inline(__always) func intoRows(_ z: UnsafePointer<Double>, _ place: Int) -> Lanes {
        let current = loadLanes(rowColumn + place) * loadLanes(z + place)
        guard let rowGate else { return current }
        return current + loadLanes(rowGate + place) * loadLanes(z + size + place)
    }
}

extension PlaneCouplings {
    /// Prefetches what ``intoRows(_:_:)`` will want.
    @inline(__always) func prefetchRows(_ z: UnsafePointer<Double>, _ place: Int) {
        prefetchLine(rowColumn, place)
        prefetchLine(z, place)
        guard let rowGate else { return }
        prefetchLine(rowGate, place)
        prefetchLine(z, place + size)
    }
}

// MARK: - Sweeps of the reduced planes

/// A vector as it is.
struct PlainSource: SweepSource {
    let r: UnsafePointer<Double>

    @inline(__always) func right(_ place: Int) -> (value: Lanes, square: Lanes) { (loadLanes(r + place), .zero) }
}

/// p ← z + β p, x ← x + α p, r ← r − α q; r is the right-hand side, and r·r is summed up.
struct AdvancingSource: SweepSource {
    let alpha: Double
    let beta: Double
    let p, x, r: UnsafeMutablePointer<Double>
    let z, q: UnsafePointer<Double>

    @inline(__always) func right(_ place: Int) -> (value: Lanes, square: Lanes) {
        var direction = loadLanes(z + place)
        if beta != 0 { direction += beta * loadLanes(p + place) }
        storeLanes(direction, p + place)
        storeLanes(loadLanes(x + place) + alpha * direction, x + place)
        let rest = loadLanes(r + place) - alpha * loadLanes(q + place)
        storeLanes(rest, r + place)
        return (rest, rest * rest)
    }
}

// MARK: - Passes through the rows

/// Starts a solution: b of the rows goes on to the reduced planes' residuals.
struct StartingPass: RowPass {
    let couplings: PlaneCouplings
    let sign: Double
    let rows, columns: UnsafePointer<Double>
    let r: UnsafeMutablePointer<Double>

    @inline(__always) func prefetchRight(_ place: Int) { prefetchLine(rows, place) }
    @inline(__always) func prefetchResult(_ place: Int) {
        prefetchLine(columns, place)
        prefetchLine(couplings.rowColumn, place)
    }

    @inline(__always) func right(_ place: Int) -> Lanes { sign * loadLanes(rows + place) }

    @inline(__always) func result(_ place: Int, _ here: Lanes) -> Lanes {
        storeLanes(sign * loadLanes(columns + place) + loadLanes(couplings.rowColumn + place) * here, r + place)
        if let rowGate = couplings.rowGate {
            let gate = place + couplings.size
            storeLanes(sign * loadLanes(columns + gate) + loadLanes(rowGate + place) * here, r + gate)
        }
        return .zero
    }
}

/// Ends a solution: rows from their own equations, over their right-hand side.
struct FinishingPass: RowPass {
    let couplings: PlaneCouplings
    let sign: Double
    let x: UnsafePointer<Double>
    let rows: UnsafeMutablePointer<Double>

    @inline(__always) func prefetchRight(_ place: Int) {
        couplings.prefetchRows(x, place)
        prefetchLine(rows, place)
    }
    @inline(__always) func prefetchResult(_: Int) {}

    @inline(__always) func right(_ place: Int) -> Lanes {
        couplings.intoRows(x, place) + sign * loadLanes(rows + place)
    }

    @inline(__always) func result(_ place: Int, _ here: Lanes) -> Lanes {
        storeLanes(here, rows + place)
        return .zero
    }
}

/// w(z) of all reduced planes.
struct CouplingPass<Use: CouplingUse>: RowPass {
    let couplings: PlaneCouplings
    let z: UnsafePointer<Double>
    let use: Use

    @inline(__always) func prefetchRight(_ place: Int) { couplings.prefetchRows(z, place) }
    @inline(__always) func prefetchResult(_ place: Int) {
        use.prefetch(place)
        guard couplings.rowGate != nil, let columnGate = couplings.columnGate else { return }
        use.prefetch(place + couplings.size)
        prefetchLine(columnGate, place)
    }

    @inline(__always) func right(_ place: Int) -> Lanes { couplings.intoRows(z, place) }

    @inline(__always) func result(_ place: Int, _ here: Lanes) -> Lanes {
        let column = loadLanes(z + place)
        let fromRow = loadLanes(couplings.rowColumn + place) * here
        guard let rowGate = couplings.rowGate, let columnGate = couplings.columnGate else {
            return use.take(place, column, fromRow)
        }
        let gate = loadLanes(z + place + couplings.size)
        let between = loadLanes(columnGate + place)
        return use.take(place, column, fromRow + between * gate)
            + use.take(place + couplings.size, gate, loadLanes(rowGate + place) * here + between * column)
    }
}

/// x ← z, r ← w; sums up r·r.
struct FirstStep: CouplingUse {
    let x, r: UnsafeMutablePointer<Double>

    @inline(__always) func prefetch(_ place: Int) {
        prefetchLine(x, place)
        prefetchLine(r, place)
    }
    @inline(__always) func take(_ place: Int, _ z: Lanes, _ coupled: Lanes) -> Lanes {
        storeLanes(z, x + place)
        storeLanes(coupled, r + place)
        return coupled * coupled
    }
}

/// q ← (r − w) + β q; sums up z·w.
struct ConjugateProduct: CouplingUse {
    let beta: Double
    let r: UnsafePointer<Double>
    let q: UnsafeMutablePointer<Double>

    @inline(__always) func prefetch(_ place: Int) {
        prefetchLine(r, place)
        prefetchLine(q, place)
    }
    @inline(__always) func take(_ place: Int, _ z: Lanes, _ coupled: Lanes) -> Lanes {
        var image = loadLanes(r + place) - coupled
        if beta != 0 { image += beta * loadLanes(q + place) }
        storeLanes(image, q + place)
        return coupled * z
    }
}

/// image ← source − w.
struct PlainProduct: CouplingUse {
    let source: UnsafePointer<Double>
    let image: UnsafeMutablePointer<Double>

    @inline(__always) func prefetch(_ place: Int) {
        prefetchLine(source, place)
        prefetchLine(image, place)
    }
    @inline(__always) func take(_ place: Int, _: Lanes, _ coupled: Lanes) -> Lanes {
        storeLanes(loadLanes(source + place) - coupled, image + place)
        return .zero
    }
}
