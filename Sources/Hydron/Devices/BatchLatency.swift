/// Which elements of a batch rest: see ``LatentElements``.
final class BatchLatency<Gradient: SIMD & BitwiseCopyable & Sendable> where Gradient.Scalar == Double {
    /// How far each element's unknowns may move while it rests [V]; 0 for one that never does.
    let distances: [Double]
    /// Where each rests, or where it was when it last moved.
    let points: UnsafeMutablePointer<Gradient>
    /// Accepted points that it has stayed there; ``enough`` of them: it rests.
    let calm: UnsafeMutablePointer<UInt8>
    let enough: UInt8 = 4
    /// 1, 2, 3 …: the unknowns and slots of an element on its own, behind a waste bin.
    let places: [Int32]

    init(_ distances: [Double], arity: Int) {
        self.distances = distances
        places = (1...Int32(max(arity * arity, 1))).map { $0 }
        points = .allocate(capacity: max(distances.count, 1))
        points.initialize(repeating: .zero, count: max(distances.count, 1))
        calm = .allocate(capacity: max(distances.count, 1))
        calm.initialize(repeating: 0, count: max(distances.count, 1))
    }

    deinit {
        points.deallocate()
        calm.deallocate()
    }

    @inline(__always) func rests(_ element: Int) -> Bool { calm[element] == enough }

    /// Whether none of the first `count` unknowns at `x` is farther than `distance` [V] from where the element was: false
    /// where one is not a number.
    @inline(__always) func isNear(
        _ element: Int, _ x: UnsafePointer<Double>, _ unknowns: UnsafePointer<Int32>, _ count: Int,
        within distance: Double
    ) -> Bool {
        let point = UnsafeRawPointer(points + element).assumingMemoryBound(to: Double.self)
        for lane in 0..<count where !(abs(x[Int(unknowns[lane])] - point[lane]) <= distance) { return false }
        return true
    }
}

extension Batch {
    func prepareToRest(_ options: SimulationOptions) -> Int {
        let distances = devices.map { TangentReach.rest($0.finestVoltage, options) }
        let able = distances.count { $0 > 0 }
        latency = able > 0 ? BatchLatency(distances, arity: D.arity) : nil
        return able
    }

    func wakeAll() { latency = nil }
    func rest(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int { D.rest(self, at: x, part) }
    func wake(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int { D.wake(self, at: x, part) }
    func addResting(to part: LatentPart) { D.addResting(self, to: part) }
}

extension Device {
    static func rest(_ batch: Batch<Self>, at x: UnsafePointer<Double>, _ part: LatentPart) -> Int {
        guard let latency = batch.latency else { return 0 }
        var rested = 0
        latency.distances.withUnsafeBufferPointer { distances in
            batch.unknowns.withUnsafeBufferPointer { unknowns in
                guard let nodes = unknowns.baseAddress else { return }
                for element in 0..<distances.count where distances[element] > 0 && !latency.rests(element) {
                    let own = nodes + element * arity
                    guard latency.isNear(element, x, own, arity, within: 0.5 * distances[element]) else {
                        latency.points[element] = Batch<Self>.gather(x, own)
                        latency.calm[element] = 0
                        continue
                    }
                    latency.calm[element] += 1
                    guard latency.rests(element) else { continue }
                    latency.points[element] = Batch<Self>.gather(x, own)
                    add(element, of: batch, 1, to: part, latency)
                    rested += 1
                }
            }
        }
        return rested
    }

    static func wake(_ batch: Batch<Self>, at x: UnsafePointer<Double>, _ part: LatentPart) -> Int {
        guard let latency = batch.latency else { return 0 }
        var woken = 0
        latency.distances.withUnsafeBufferPointer { distances in
            batch.unknowns.withUnsafeBufferPointer { unknowns in
                guard let nodes = unknowns.baseAddress else { return }
                for element in 0..<distances.count where latency.rests(element) {
                    let own = nodes + element * arity
                    if latency.isNear(element, x, own, arity, within: distances[element]) { continue }
                    add(element, of: batch, -1, to: part, latency)
                    latency.calm[element] = 0
                    woken += 1
                }
            }
        }
        return woken
    }

    static func addResting(_ batch: Batch<Self>, to part: LatentPart) {
        guard let latency = batch.latency else { return }
        for element in 0..<batch.count where latency.rests(element) { add(element, of: batch, 1, to: part, latency) }
    }

    /// Adds the tangent of an element where it rests, or with `sign` −1 takes it away: the same numbers, for its state
    /// stays as it is meanwhile.
    private static func add(
        _ element: Int, of batch: Batch<Self>, _ sign: Double, to part: LatentPart, _ latency: BatchLatency<Gradient>
    ) {
        let (rows, entries) = (arity + 1, arity * arity + 1)
        let point = latency.points[element]
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * rows + 2 * entries) { numbers in
            numbers.initialize(repeating: 0)
            guard let f = numbers.baseAddress else { return }
            let (q, scale, g) = (f + rows, f + 2 * rows, f + 3 * rows)
            let c = g + entries
            latency.places.withUnsafeBufferPointer { places in
                guard let places = places.baseAddress else { return }
                let context = LoadContext(
                    x: UnsafePointer(f), f: f, q: q, scale: scale, jacobian: g, chargeJacobian: c, alpha: 1,
                    conditions: part.conditions)
                stamp(
                    batch, element, Locals(values: point, conditions: part.conditions),
                    Stamp<Self>(context: context, unknowns: places, slots: places, shift: .zero))
            }
            for row in 0..<arity {
                let unknown = Int(batch.unknowns[element * arity + row])
                var (current, charge) = (f[row + 1], q[row + 1])
                for column in 0..<arity where couplings.contains(row, column) {
                    let place = row * arity + column
                    current -= g[place + 1] * point[column]
                    charge -= c[place + 1] * point[column]
                    let slot = Int(batch.slots[element * arity * arity + place])
                    part.conductance[slot] += sign * g[place + 1]
                    part.capacitance[slot] += sign * c[place + 1]
                }
                part.current[unknown] += sign * current
                part.charge[unknown] += sign * charge
                if sign > 0 { part.scale[unknown] = max(part.scale[unknown], scale[row + 1]) }
            }
        }
    }
}
