import ComplexModule
import SparseSolvers

/// The elements of one ``Device`` type in a circuit, before the engine makes numbers of them.
struct DevicePopulation<D: Device>: Population {
    var devices: [D] = []
    /// `D.arity` unknowns an element.
    var unknowns: [Int32] = []
    var elements: [ElementIdentity] = []

    var count: Int { devices.count }
    var conductingPairs: [(Int, Int)] { D.conductingPairs }
    var voltageDefinedPairs: [(Int, Int)] { D.voltageDefinedPairs }
    var isFluxDefined: Bool { D.isFluxDefined }
    func controlledCurrents(of element: Int) -> [(Int32, Int32)] { unknowns(of: D.controlledPairs, element) }
    func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)] {
        unknowns(of: D.controllingPairs, element)
    }
    private func unknowns(of pairs: [(Int, Int)], _ element: Int) -> [(Int32, Int32)] {
        pairs.isEmpty ? [] : pairs.map { (unknown($0.0, of: element), unknown($0.1, of: element)) }
    }
    var branchUnknown: Int? { D.branchUnknown }
    var currentOutput: String? { D.currentOutput }
    var arity: Int { D.arity }
    var outputs: [DeviceOutput] { D.outputs }
    var noiseNames: [String] { D.noiseNames }
    func identity(_ index: Int) -> ElementIdentity { elements[index] }
    func unknown(_ local: Int, of element: Int) -> Int32 { unknowns[element * D.arity + local] }
    func internalUnit(_ output: Int, of element: Int) -> Double { devices[element].internalUnit(output) }
    func makeBatch() -> any ElementBatch { Batch(self) }
}

/// The generic batch: devices side by side, their unknowns, Jacobian slots and states.
final class Batch<D: Device>: ElementBatch {
    let devices: [D]
    let unknowns: [Int32]
    /// `arity²` an element, row-major; empty for a linear type.
    @exclusivity(unchecked) private(set) var slots: [Int32] = []
    /// At the last accepted point, and as the current Newton iterate would leave it.
    let states: UnsafeMutableBufferPointer<D.State>
    let trialStates: UnsafeMutableBufferPointer<D.State>
    /// Where each element was last evaluated; kept for limited types.
    let previous: UnsafeMutableBufferPointer<D.Gradient>
    /// Which elements rest; nil while none may.
    @exclusivity(unchecked) var latency: BatchLatency<D.Gradient>?
    /// True until the first evaluation of a new operating point.
    @exclusivity(unchecked) var startsAfresh = false
    /// An element's law changed at the point just accepted.
    @exclusivity(unchecked) var isCorner = false

    init(_ population: DevicePopulation<D>) {
        devices = population.devices
        unknowns = population.unknowns
        let hasState = D.self is any StateDevice.Type
        let isLimited = D.self is any LimitedDevice.Type
        states = .allocate(capacity: hasState ? devices.count : 0)
        trialStates = .allocate(capacity: hasState ? devices.count : 0)
        previous = .allocate(capacity: isLimited ? devices.count : 0)
        reset()
    }

    deinit {
        states.deallocate()
        trialStates.deallocate()
        previous.deallocate()
    }

    var count: Int { devices.count }
    var isLinear: Bool { D.isLinear }
    /// A device never hears of time: only one with a state minds that a step is taken.
    var duties: BatchDuties { states.isEmpty ? [] : .remembers }
    var followsTangents: Bool { D.followsTangents }

    func dependencies(element: Int) -> [Int32] { Array(unknowns[element * D.arity..<(element + 1) * D.arity]) }

    func declare(_ pattern: inout PatternBuilder) {
        let arity = D.arity
        pattern.reserve(devices.count * arity * arity)
        for element in 0..<devices.count {
            for row in 0..<arity {
                let r = unknowns[element * arity + row]
                guard r > 0 else { continue }
                for column in 0..<arity where D.couplings.contains(row, column) {
                    let c = unknowns[element * arity + column]
                    if c > 0 { pattern.insert(row: Int(r) - 1, column: Int(c) - 1) }
                }
            }
        }
    }

    func bind(_ pattern: SparsityPattern) {
        guard !D.isLinear else { return }
        let square = D.arity * D.arity
        slots = [Int32](repeating: 0, count: devices.count * square)
        slots.withUnsafeMutableBufferPointer { slots in
            guard let base = slots.baseAddress else { return }
            for element in 0..<devices.count { findSlots(of: element, in: pattern, base + element * square) }
        }
    }

    private func findSlots(of element: Int, in pattern: SparsityPattern, _ slots: UnsafeMutablePointer<Int32>) {
        let arity = D.arity
        for row in 0..<arity {
            for column in 0..<arity {
                let r = unknowns[element * arity + row]
                let c = unknowns[element * arity + column]
                var slot: Int32 = 0
                if r > 0, c > 0, D.couplings.contains(row, column),
                    let found = pattern.slot(row: Int(r) - 1, column: Int(c) - 1)
                {
                    slot = Int32(found) + 1
                }
                slots[row * arity + column] = slot
            }
        }
    }

    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        guard D.isLinear else { return }
        let square = D.arity * D.arity
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: square) { slots in
            guard let base = slots.baseAddress else { return }
            unknowns.withUnsafeBufferPointer { unknowns in
                guard let nodes = unknowns.baseAddress else { return }
                for element in 0..<devices.count {
                    findSlots(of: element, in: pattern, base)
                    let stamp = Stamp<D>(
                        context: context, unknowns: nodes + element * D.arity, slots: base, shift: .zero)
                    devices[element].evaluate(Locals(values: .zero, conditions: context.conditions), stamp)
                }
            }
        }
    }

    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution? {
        let arity = D.arity
        // Behind a waste bin each: f, q and scale by row, G and C row by row.
        let (rows, entries) = (arity + 1, arity * arity + 1)
        var numbers = [Double](repeating: 0, count: 3 * rows + 2 * entries)
        let places = (1...Int32(max(arity * arity, 1))).map { $0 }
        let u = locals(element, x, conditions)
        numbers.withUnsafeMutableBufferPointer { numbers in
            places.withUnsafeBufferPointer { places in
                guard let base = numbers.baseAddress, let places = places.baseAddress else { return }
                let matrices = base + 3 * rows
                let context = LoadContext(
                    x: x, f: base, q: base + rows, scale: base + 2 * rows, jacobian: matrices,
                    chargeJacobian: matrices + entries, alpha: 1, conditions: conditions)
                devices[element].evaluate(
                    u, Stamp<D>(context: context, unknowns: places, slots: places, shift: .zero))
            }
        }
        let matrices = 3 * rows
        return ElementContribution(
            unknowns: dependencies(element: element), current: Array(numbers[1..<rows]),
            charge: Array(numbers[rows + 1..<2 * rows]),
            conductance: Array(numbers[matrices + 1..<matrices + entries]),
            capacitance: Array(numbers[matrices + entries + 1..<matrices + 2 * entries]))
    }

    func load(_ context: LoadContext) -> LoadResult {
        D.isLinear ? LoadResult() : D.load(self, context)
    }

    func reset() {
        for index in 0..<states.count {
            states[index] = D.initialState(devices[index])
            trialStates[index] = states[index]
        }
        for index in 0..<previous.count { previous[index] = .zero }
        startsAfresh = false
    }

    func suggestStart() { startsAfresh = true }

    /// The unknowns of element `index`.
    @inline(__always) static func gather(
        _ x: UnsafePointer<Double>, _ unknowns: UnsafePointer<Int32>
    ) -> D.Gradient {
        var values = D.Gradient.zero
        for lane in 0..<D.arity { values[lane] = x[Int(unknowns[lane])] }
        return values
    }

    func locals(_ element: Int, _ x: UnsafePointer<Double>, _ conditions: Conditions) -> Locals<D.Gradient> {
        unknowns.withUnsafeBufferPointer {
            guard let base = $0.baseAddress else { return Locals(values: .zero, conditions: conditions) }
            return Locals(values: Self.gather(x, base + element * D.arity), conditions: conditions)
        }
    }

    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) {
        guard !states.isEmpty else { return }
        isCorner = false
        D.commitStates(self, x, conditions)
    }

    func stepError() -> Double { states.isEmpty ? 0 : D.worstStepError(self) }

    var outputs: [DeviceOutput] { D.outputs }

    var deviceConditions: [DeviceCondition] {
        devices.indices.compactMap { index in
            devices[index].condition { self.unknowns[index * D.arity + $0] }
        }
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let u = locals(element, x, conditions)
        let state = states.isEmpty ? D.initialState(devices[element]) : states[element]
        return devices[element].output(index, u, state: state, conditions)
    }

    var hasNoise: Bool { !D.noiseNames.isEmpty }

    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator] {
        let u = locals(element, x, conditions)
        let state = states.isEmpty ? D.initialState(devices[element]) : states[element]
        return devices[element].noise(u, state: state).map {
            NoiseGenerator(
                name: $0.name, from: Int(unknowns[element * D.arity + $0.from]),
                to: Int(unknowns[element * D.arity + $0.to]), white: $0.white, flicker: $0.flicker,
                exponent: $0.exponent)
        }
    }

    var isDispersive: Bool { D.isDispersive }

    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {
        for element in 0..<devices.count {
            let state = states.isEmpty ? D.initialState(devices[element]) : states[element]
            devices[element].dispersion(omega, locals(element, x, conditions), state: state) { row, column, value in
                add(unknowns[element * D.arity + row], unknowns[element * D.arity + column], value)
            }
        }
    }

    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>) {
        for element in 0..<devices.count {
            let before = locals(element, UnsafePointer(x), Conditions()).values
            var u = before
            let charges = devices[element].applyInitialConditions(&u)
            for lane in 0..<D.arity {
                let unknown = Int(unknowns[element * D.arity + lane])
                if u[lane] != before[lane] { x[unknown] = u[lane] }
                q[unknown] += charges[lane]
            }
        }
    }
}

// MARK: - The typed loops

extension Device {
    static func load(_ batch: Batch<Self>, _ context: LoadContext) -> LoadResult {
        eachElement(batch) { _, device, unknowns, slots in
            let u = Batch<Self>.gather(context.x, unknowns)
            let stamp = Stamp<Self>(context: context, unknowns: unknowns, slots: slots, shift: .zero)
            device.pointee.evaluate(Locals(values: u, conditions: context.conditions), stamp)
        }
        return LoadResult()
    }

    static func stamp(_ batch: Batch<Self>, _ element: Int, _ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        batch.devices[element].evaluate(u, stamp)
    }

    /// Calls `body` with the number of each element that does not rest, the device in its place (a large device is never
    /// copied), its unknowns and its slots.
    @inline(__always) static func eachElement(
        _ batch: Batch<Self>,
        _ body: (Int, UnsafePointer<Self>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Void
    ) {
        batch.devices.withUnsafeBufferPointer { devices in
            batch.unknowns.withUnsafeBufferPointer { unknowns in
                batch.slots.withUnsafeBufferPointer { slots in
                    guard let first = devices.baseAddress, let nodes = unknowns.baseAddress,
                        let places = slots.baseAddress
                    else { return }
                    let latency = batch.latency
                    for index in 0..<devices.count {
                        if let latency, latency.rests(index) { continue }
                        body(index, first + index, nodes + index * arity, places + index * arity * arity)
                    }
                }
            }
        }
    }

    static func commitStates(_ batch: Batch<Self>, _ x: UnsafePointer<Double>, _ conditions: Conditions) {}
    static func worstStepError(_ batch: Batch<Self>) -> Double { 0 }
}

extension LimitedDevice {
    static func load(_ batch: Batch<Self>, _ context: LoadContext) -> LoadResult {
        var result = LoadResult()
        let afresh = batch.startsAfresh
        eachElement(batch) { index, device, unknowns, slots in
            let (u, point) = limitedPoint(batch, index, device, unknowns, context, afresh, &result)
            let stamp = Stamp<Self>(context: context, unknowns: unknowns, slots: slots, shift: u - point)
            device.pointee.evaluate(Locals(values: point, conditions: context.conditions), stamp)
        }
        batch.startsAfresh = false
        return result
    }
}

extension LimitedDevice {
    /// The unknowns of an element, and the point at a reasonable distance from the last one to evaluate it at.
    @inline(__always) fileprivate static func limitedPoint(
        _ batch: Batch<Self>, _ index: Int, _ device: UnsafePointer<Self>, _ unknowns: UnsafePointer<Int32>,
        _ context: LoadContext, _ afresh: Bool, _ result: inout LoadResult
    ) -> (u: Gradient, point: Gradient) {
        let u = Batch<Self>.gather(context.x, unknowns)
        var point = u
        if afresh {
            point = device.pointee.startingPoint(u)
            result.limited += 1
        } else if device.pointee.limit(&point, previous: batch.previous[index]) {
            result.limited += 1
        }
        batch.previous[index] = point
        return (u, point)
    }
}

extension LimitedDevice where Self: StateDevice {
    static func load(_ batch: Batch<Self>, _ context: LoadContext) -> LoadResult {
        var result = LoadResult()
        let afresh = batch.startsAfresh
        eachElement(batch) { index, device, unknowns, slots in
            let (u, point) = limitedPoint(batch, index, device, unknowns, context, afresh, &result)
            let stamp = Stamp<Self>(context: context, unknowns: unknowns, slots: slots, shift: u - point)
            device.pointee.evaluate(
                Locals(values: point, conditions: context.conditions), from: batch.states[index],
                to: &batch.trialStates[index], stamp)
        }
        batch.startsAfresh = false
        return result
    }
}

extension StateDevice {
    static func load(_ batch: Batch<Self>, _ context: LoadContext) -> LoadResult {
        eachElement(batch) { index, device, unknowns, slots in
            let u = Batch<Self>.gather(context.x, unknowns)
            let stamp = Stamp<Self>(context: context, unknowns: unknowns, slots: slots, shift: .zero)
            device.pointee.evaluate(
                Locals(values: u, conditions: context.conditions), from: batch.states[index],
                to: &batch.trialStates[index], stamp)
        }
        return LoadResult()
    }

    static func stamp(_ batch: Batch<Self>, _ element: Int, _ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        let state = batch.states[element]
        var next = state
        batch.devices[element].evaluate(u, from: state, to: &next, stamp)
    }

    static func commitStates(_ batch: Batch<Self>, _ x: UnsafePointer<Double>, _ conditions: Conditions) {
        let latency = batch.latency
        for index in 0..<batch.count {
            if let latency, latency.rests(index) { continue }
            let u = batch.locals(index, x, conditions)
            batch.devices[index].commit(u, from: batch.states[index], to: &batch.trialStates[index])
            batch.states[index] = batch.trialStates[index]
            if batch.devices[index].isCorner(batch.states[index]) { batch.isCorner = true }
        }
    }

    static func worstStepError(_ batch: Batch<Self>) -> Double {
        var worst = 0.0
        for index in 0..<batch.count {
            worst = max(worst, batch.devices[index].stepError(from: batch.states[index], to: batch.trialStates[index]))
        }
        return worst
    }
}
