/// What flows through the wires of a plane, and what it costs.
extension WirePlane {
    /// Adds the currents (G + αC) v of one row of the array's nodes, through segments, leads and `ground` [S], to `f`, and
    /// their magnitudes to `size`, which begins at that row. Currents of ports are kept for ``addPortCurrents(_:_:)``.
    @inline(__always)
    func addCurrents(
        row: Int, _ v: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>,
        ports: UnsafePointer<Double>, ground: Double
    ) {
        let start = shape.index(row, 0)
        let (here, currents) = (v + start, f + start)
        if direction == .alongRows {
            addRowCurrents(row, here, currents, size, ground)
        } else {
            addColumnCurrents(row, here, currents, size, ground)
        }
        for (list, lead, node, sums, sizes) in [
            (nearPorts, nearLead, first, nearSums, nearSizes),
            (farPorts, farLead, first + (length - 1) * step, farSums, farSizes),
        ] where !list.isEmpty {
            // Of a wire along rows its end alone, of those along columns all ends that lie in this row.
            let wires = direction == .alongRows ? row..<row + 1 : node == start ? 0..<shape.columns : 0..<0
            for wire in wires {
                let column = direction == .alongRows ? node : wire
                let (inside, outside) = (here[column], ports[Int(list[wire])])
                let current = lead * (inside - outside)
                let magnitude = lead * (abs(inside) + abs(outside))
                currents[column] += current
                size[column] += magnitude
                sums.base[wire] = current
                sizes.base[wire] = magnitude
            }
        }
    }

    /// What ``addCurrents(row:_:_:_:ports:ground:)`` left for the ports.
    func addPortCurrents(_ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>) {
        for (list, sums, sizes) in [(nearPorts, nearSums, nearSizes), (farPorts, farSums, farSizes)] {
            for (wire, port) in list.enumerated() {
                f[Int(port)] -= sums.base[wire]
                size[Int(port)] += sizes.base[wire]
            }
        }
        f[0] = 0
    }

    @inline(__always)
    private func addRowCurrents(
        _ row: Int, _ v: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>,
        _ ground: Double
    ) {
        let end = shape.columns - 1
        let faulty = segments.map { $0.base + shape.index(row, 0) }
        var column = 0
        while column <= end {
            if column > 0, column + GridShape.lanes <= end, faulty == nil {
                let here = loadLanes(v + column)
                let (left, right) = (loadLanes(v + column - 1), loadLanes(v + column + 1))
                let own = ground * here
                storeLanes(
                    loadLanes(f + column) + (own + segment * (here - left) + segment * (here - right)), f + column)
                let magnitude = here.absolute
                storeLanes(
                    loadLanes(size + column)
                        + (own.absolute + segment * (magnitude + left.absolute) + segment * (magnitude + right.absolute)),
                    size + column)
                column += GridShape.lanes
                continue
            }
            let here = v[column]
            var current = ground * here
            var magnitude = abs(current)
            if column > 0 {
                let a = faulty.map { $0[isReversed ? column : column - 1] } ?? segment
                current += a * (here - v[column - 1])
                magnitude += a * (abs(here) + abs(v[column - 1]))
            }
            if column < end {
                let a = faulty.map { $0[isReversed ? column + 1 : column] } ?? segment
                current += a * (here - v[column + 1])
                magnitude += a * (abs(here) + abs(v[column + 1]))
            }
            f[column] += current
            size[column] += magnitude
            column += 1
        }
    }

    /// Padding is at 0 V and stays without current.
    @inline(__always)
    private func addColumnCurrents(
        _ row: Int, _ v: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>, _ size: UnsafeMutablePointer<Double>,
        _ ground: Double
    ) {
        let stride = shape.stride
        let faulty = segments.map { UnsafePointer($0.base + shape.index(row, 0)) }
        /// Segments from eight nodes to those before or behind them.
        func conductances(_ column: Int) -> Lanes {
            faulty.map { loadLanes($0 + column) } ?? Lanes(repeating: segment)
        }
        for column in Swift.stride(from: 0, to: shape.columns, by: GridShape.lanes) {
            let here = loadLanes(v + column)
            var current = ground * here
            var magnitude = current.absolute
            if row > 0 {
                let a = conductances(isReversed ? column : column - stride)
                let above = loadLanes(v + column - stride)
                current += a * (here - above)
                magnitude += a * (here.absolute + above.absolute)
            }
            if row < shape.rows - 1 {
                let a = conductances(isReversed ? column + stride : column)
                let below = loadLanes(v + column + stride)
                current += a * (here - below)
                magnitude += a * (here.absolute + below.absolute)
            }
            storeLanes(loadLanes(f + column) + current, f + column)
            storeLanes(loadLanes(size + column) + magnitude, size + column)
        }
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
}
