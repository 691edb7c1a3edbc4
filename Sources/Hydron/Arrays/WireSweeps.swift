/// What a sweep sums up, eight numbers side by side.
private struct SweepSums {
    /// y²/π
    var product = Lanes.zero
    /// What the caller adds.
    var square = Lanes.zero
}

/// The two sweeps that solve the wires of a plane exactly, once ``factor(_:excess:)`` has eliminated them.
extension WirePlane {
    /// First sweep: b → y, with b from `source`. The currents that b sends through the wires into their ports are kept for
    /// ``addToPorts(_:)``.
    ///
    /// - Returns: Σ y²/π over all nodes.
    func eliminate(
        into y: UnsafeMutablePointer<Double>, _ parallel: Parallel, _ source: some SweepSource
    ) -> (product: Double, square: Double) {
        let sums = direction == .alongRows ? shape.rowChunks : shape.columnStrips
        return withUnsafeTemporaryAllocation(of: SweepSums.self, capacity: sums) { buffer in
            guard let base = buffer.baseAddress else { return (0, 0) }
            base.initialize(repeating: SweepSums(), count: sums)
            nonisolated(unsafe) let target = base
            if direction == .alongRows {
                parallel.each(sums) { chunk in target[chunk] = eliminateNaturalRows(chunk, y, source) }
            } else {
                parallel.runs(sums) { strips in eliminateColumns(strips, y, source, target) }
            }
            var total = (product: 0.0, square: 0.0)
            for index in 0..<sums {
                total.product += target[index].product.sum()
                total.square += target[index].square.sum()
            }
            return total
        }
    }

    /// Currents of each wire into its ports, added to the circuit's rows in the order of wires.
    func addToPorts(_ ports: UnsafeMutablePointer<Double>) {
        for (wire, port) in nearPorts.enumerated() { ports[Int(port)] += nearSums.base[wire] }
        for (wire, port) in farPorts.enumerated() { ports[Int(port)] += farSums.base[wire] }
        ports[0] = 0
    }

    @inline(__always)
    private func eliminateNaturalRows(
        _ chunk: Int, _ y: UnsafeMutablePointer<Double>, _ source: some SweepSource
    ) -> SweepSums {
        let row = chunk * GridShape.lanes
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: GridShape.lanes * shape.stride) { buffer in
            var sums = SweepSums()
            guard let t = buffer.baseAddress else { return sums }
            eachTile(row) { place, turned in
                let given = source.right(place)
                sums.square += given.square
                scatterLanes(given.value, t + turned, GridShape.lanes)
            }
            sums.product = eliminateRows(row, t)
            turnBack(row, t, y)
            return sums
        }
    }

    /// Eight rows that lie side by side, to where they lie one below the other.
    @inline(__always)
    private func turnBack(_ row: Int, _ t: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
        eachTile(row) { place, turned in storeLanes(gatherLanes(t + turned, GridShape.lanes), y + place) }
    }

    /// Where eight numbers stand in a plane and where they belong once eight rows are turned, node after node with eight
    /// lanes each. In tiles of 8 × 8, which stay in the nearest cache.
    @inline(__always)
    func eachTile(_ row: Int, _ body: (_ place: Int, _ turned: Int) -> Void) {
        let start = shape.index(row, 0)
        for column in Swift.stride(from: 0, to: shape.stride, by: GridShape.lanes) {
            for lane in 0..<GridShape.lanes {
                body(start + lane * shape.stride + column, column * GridShape.lanes + lane)
            }
        }
    }

    /// Both sweeps of eight rows from `row` on, from what `pass` gives to what it takes: tile by tile of 8 × 8, each turned
    /// in the nearest cache, so that what a row needs in between goes to a farther one once.
    ///
    /// - Parameter room: for eight rows and a tile.
    /// - Returns: what `pass` sums up.
    @inline(__always)
    func solveRows(
        _ row: Int, _ room: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>, _ pass: some RowPass
    ) -> Lanes {
        let lanes = GridShape.lanes
        let (step, length, stride) = (self.step, self.length, shape.stride)
        let (start, tiles) = (shape.index(row, 0), (length + lanes - 1) / lanes)
        let inverse = self.inverse.base + row * stride
        let coupling = nearCoupling.map { $0.base + row * stride }
        let segments = self.segments.map { $0.base + row * stride }
        let tile = room + lanes * stride
        // How far memory is prefetched.
        let ahead = 2 * lanes * step
        var passed = Lanes.zero
        var last = Lanes.zero
        var nearSum = Lanes.zero
        for number in 0..<tiles {
            let column = (step > 0 ? number : tiles - 1 - number) * lanes
            if 0..<length ~= column + ahead {
                for lane in 0..<lanes { pass.prefetchRight(start + lane * stride + column + ahead) }
            }
            for lane in Swift.stride(from: 0, to: lanes, by: 2) {
                let place = start + lane * stride + column
                storeTurned(pass.right(place), pass.right(place + stride), tile + lane)
            }
            let count = min(lanes, length - column)
            var node = step > 0 ? column : column + count - 1
            for _ in 0..<count {
                let value = loadLanes(tile + (node - column) * lanes) + passed
                storeLanes(value, room + node * lanes)
                last = value * loadLanes(inverse + node * lanes)
                if let coupling { nearSum += loadLanes(coupling + node * lanes) * last }
                passed = last * (segments.map { gatherLanes($0 + node, stride) } ?? Lanes(repeating: segment))
                node += step
            }
            for padding in count..<lanes {
                storeLanes(loadLanes(tile + padding * lanes), room + (column + padding) * lanes)
            }
        }
        storeLanes(nearSum, nearSums.base + row)
        storeLanes(last * farLead, farSums.base + row)

        let near = portValues(nearPorts, row, ports)
        var next = portValues(farPorts, row, ports) * farLead
        var sum = Lanes.zero
        for number in 0..<tiles {
            let column = (step > 0 ? tiles - 1 - number : number) * lanes
            if 0..<length ~= column - ahead {
                for lane in 0..<lanes { pass.prefetchResult(start + lane * stride + column - ahead) }
            }
            let count = min(lanes, length - column)
            var node = step > 0 ? column + count - 1 : column
            for _ in 0..<count {
                var value = loadLanes(room + node * lanes) + next
                if let coupling { value += loadLanes(coupling + node * lanes) * near }
                value *= loadLanes(inverse + node * lanes)
                storeLanes(value, tile + (node - column) * lanes)
                node -= step
                if let segments {
                    next = 0..<length ~= node ? value * gatherLanes(segments + node, stride) : .zero
                } else {
                    next = value * segment
                }
            }
            for padding in count..<lanes {
                storeLanes(loadLanes(room + (column + padding) * lanes), tile + padding * lanes)
            }
            for lane in Swift.stride(from: 0, to: lanes, by: 2) {
                let place = start + lane * stride + column
                let (here, below) = loadTurned(tile + lane)
                sum += pass.result(place, here)
                sum += pass.result(place + stride, below)
            }
        }
        return sum
    }

    /// First sweep of eight rows from `row` on, in place: node after node, eight lanes each. Gives Σ y²/π.
    @inline(__always)
    func eliminateRows(_ row: Int, _ t: UnsafeMutablePointer<Double>) -> Lanes {
        let (step, length, stride) = (self.step, self.length, shape.stride)
        let inverse = self.inverse.base + row * stride
        let near = nearCoupling.map { $0.base + row * stride }
        let segments = self.segments.map { $0.base + row * stride }
        var node = first
        var passed = Lanes.zero
        var last = Lanes.zero
        var nearSum = Lanes.zero
        var product = Lanes.zero
        for k in 0..<length {
            let value = loadLanes(t + node * GridShape.lanes) + passed
            storeLanes(value, t + node * GridShape.lanes)
            last = value * loadLanes(inverse + node * GridShape.lanes)
            product += value * last
            if let near { nearSum += loadLanes(near + node * GridShape.lanes) * last }
            if k < length - 1 {
                passed = last * (segments.map { gatherLanes($0 + node, stride) } ?? Lanes(repeating: segment))
            }
            node += step
        }
        storeLanes(nearSum, nearSums.base + row)
        storeLanes(last * farLead, farSums.base + row)
        return product
    }

    @inline(__always)
    private func eliminateColumns(
        _ strips: Range<Int>, _ y: UnsafeMutablePointer<Double>, _ source: some SweepSource,
        _ sums: UnsafeMutablePointer<SweepSums>
    ) {
        let inverse = self.inverse.base
        let near = nearCoupling?.base
        let segments = self.segments?.base
        let (step, length, segment) = (self.step, self.length, self.segment)
        let (nearSums, farSums) = (self.nearSums.base, self.farSums.base)
        // What a line passes on is kept where the last one's is wanted.
        for column in shape.columnRange(strips) {
            nearSums[column] = 0
            farSums[column] = 0
        }
        var line = first
        for k in 0..<length {
            for strip in strips {
                var part = sums[strip]
                let columns = shape.columnRange(strip..<strip + 1)
                for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: GridShape.lanes) {
                    let place = line + column
                    let given = source.right(place)
                    part.square += given.square
                    let value = given.value + loadLanes(farSums + column)
                    storeLanes(value, y + place)
                    let last = value * loadLanes(inverse + place)
                    part.product += value * last
                    if let near {
                        storeLanes(loadLanes(nearSums + column) + loadLanes(near + place) * last, nearSums + column)
                    }
                    let next =
                        k == length - 1
                        ? Lanes(repeating: farLead)
                        : segments.map { loadLanes($0 + place) } ?? Lanes(repeating: segment)
                    storeLanes(last * next, farSums + column)
                }
                sums[strip] = part
            }
            line += step
        }
    }

    /// Second sweep, in place: y → t with the ports' values known.
    func substitute(_ y: UnsafeMutablePointer<Double>, ports: UnsafePointer<Double>, _ parallel: Parallel) {
        if direction == .alongRows {
            parallel.each(shape.rowChunks) { chunk in substituteNaturalRows(chunk, y, ports) }
        } else {
            parallel.runs(shape.columnStrips) { strips in substituteColumns(shape.columnRange(strips), y, ports) }
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

    private func substituteNaturalRows(
        _ chunk: Int, _ y: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>
    ) {
        let row = chunk * GridShape.lanes
        withUnsafeTemporaryAllocation(of: Double.self, capacity: GridShape.lanes * shape.stride) { buffer in
            guard let t = buffer.baseAddress else { return }
            eachTile(row) { place, turned in scatterLanes(loadLanes(y + place), t + turned, GridShape.lanes) }
            substituteRows(row, t, ports)
            turnBack(row, t, y)
        }
    }

    /// Second sweep of eight rows from `row` on, in place: node after node, eight lanes each.
    @inline(__always)
    func substituteRows(_ row: Int, _ t: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>) {
        let (step, length, stride) = (self.step, self.length, shape.stride)
        let inverse = self.inverse.base + row * stride
        let coupling = nearCoupling.map { $0.base + row * stride }
        let segments = self.segments.map { $0.base + row * stride }
        let near = portValues(nearPorts, row, ports)
        var next = portValues(farPorts, row, ports) * farLead
        var node = first + (length - 1) * step
        for k in Swift.stride(from: length - 1, through: 0, by: -1) {
            var value = loadLanes(t + node * GridShape.lanes) + next
            if let coupling { value += loadLanes(coupling + node * GridShape.lanes) * near }
            value *= loadLanes(inverse + node * GridShape.lanes)
            storeLanes(value, t + node * GridShape.lanes)
            node -= step
            if k > 0 { next = value * (segments.map { gatherLanes($0 + node, stride) } ?? Lanes(repeating: segment)) }
        }
    }

    private func substituteColumns(
        _ columns: Range<Int>, _ y: UnsafeMutablePointer<Double>, _ ports: UnsafePointer<Double>
    ) {
        let inverse = self.inverse.base
        let coupling = nearCoupling?.base
        let segments = self.segments?.base
        let (step, length, segment) = (self.step, self.length, self.segment)
        let groups = columns.count / GridShape.lanes
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 2 * groups) { ends in
            // Values at the near ports, and what the line before passes back.
            for group in 0..<groups {
                let column = columns.lowerBound + group * GridShape.lanes
                ends[group] = portValues(nearPorts, column, ports)
                ends[groups + group] = portValues(farPorts, column, ports) * farLead
            }
            var line = first + (length - 1) * step
            for k in Swift.stride(from: length - 1, through: 0, by: -1) {
                for group in 0..<groups {
                    let place = line + columns.lowerBound + group * GridShape.lanes
                    var value = loadLanes(y + place) + ends[groups + group]
                    if let coupling { value += loadLanes(coupling + place) * ends[group] }
                    value *= loadLanes(inverse + place)
                    storeLanes(value, y + place)
                    if k > 0 {
                        let a = segments.map { loadLanes($0 + place - step) } ?? Lanes(repeating: segment)
                        ends[groups + group] = a * value
                    }
                }
                line -= step
            }
        }
    }
}
