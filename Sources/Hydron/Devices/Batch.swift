import ComplexModule
import SparseSolvers

/// All elements of one device type, as numbers: what the engine sees of a circuit.
///
/// One dynamic call a type and a pass, then a typed loop. Every method has a default, so that a type says only what
/// is special about it.
protocol ElementBatch: AnyObject {
    var count: Int { get }
    /// Evaluated once into the baseline instead of in the Newton loop.
    var isLinear: Bool { get }
    /// True where a small step of its unknowns moves every element along its tangent, but for terms of second order:
    /// characteristics are smooth and know no jumps.
    var followsTangents: Bool { get }
    /// The threads that may share its work.
    func use(_ parallel: Parallel)
    /// True where an element's equations ask for the frequency of a small-signal analysis.
    var dependsOnFrequency: Bool { get }
    /// Tells of all batches before any declares its entries: expressions ask for other devices' outputs.
    func connect(_ batches: [any ElementBatch], unknownCount: Int)
    /// The unknowns that an element's outputs depend on.
    func dependencies(element: Int) -> [Int32]
    func declare(_ pattern: inout PatternBuilder)
    func bind(_ pattern: SparsityPattern)
    /// Adds the constant ∂f/∂x to `context.jacobian` and ∂q/∂x to `context.chargeJacobian`.
    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext)
    /// Adds excitations at `conditions.time` to `context.f`; independent sources are multiplied by `factor`.
    func loadSources(_ context: SourceContext)
    /// Adds f, q and the Jacobian at `context.x`.
    func load(_ context: LoadContext) -> LoadResult
    /// What one element adds to the equations at `x`; nil where it has no parameters that could be moved.
    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution?
    /// Changes the DC value of an independent source (V or A).
    func setDirect(element: Int, to value: Double)
    /// Forgets everything: the next load starts a new analysis from static conditions.
    func reset()
    /// The first evaluation of an operating point starts junctions at a reasonable voltage.
    func suggestStart()
    /// Newton's iteration begins anew.
    func beginSolution()
    /// False where models must answer at the voltages that they are asked for, however far these moved.
    func useLimiting(_ limits: Bool)
    /// Limiting goes on from where the point last accepted left it, not from a trial step that was rejected.
    func rewind()
    /// The step that ended at `x` is taken.
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions)
    /// The worst ratio of a state's step error to what it tolerates, for the step just solved.
    func stepError() -> Double
    /// The largest voltage that its independent voltage sources ever have [V].
    var largestVoltage: Double { get }
    /// The first instant after `time` at which a waveform or its slope jumps; infinity where there is none.
    func nextBreakpoint(after time: Double) -> Double
    /// The longest step that its elements allow from the point just accepted, at `time` [s]: infinity where any will do.
    func longestStep(from time: Double) -> Double
    /// What elements said since the last call.
    func takeMessages() -> [ElementMessage]
    /// Why an element gave up, after a load that has failed.
    func takeFailure() -> ElementMessage?
    /// Names of what ``output(_:element:x:_:)`` can give.
    var outputs: [DeviceOutput] { get }
    /// How many of them an operating point's table lists.
    var tabulatedOutputs: Int { get }
    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double
    /// True where elements make noise, and their sources of it at the operating point `x`.
    var hasNoise: Bool { get }
    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator]
    /// True where small signals see more of its elements than G + jωC.
    var isDispersive: Bool { get }
    /// What they see besides at angular frequency `omega` [1/s] and operating point `x`: calls `add` with the unknowns of
    /// row and column.
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void)
    /// What elements give with `ic=`.
    var deviceConditions: [DeviceCondition] { get }
    /// Adds to `q` what initial conditions (`ic=`) put on charges and fluxes beyond what `x` says; sets branch
    /// currents in `x`. Called once where a transient starts from given conditions (`uic`).
    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>)
}

/// What an element of a batch has to say to the user.
struct ElementMessage {
    /// Its place in the batch.
    var element: Int
    var isWarning: Bool
    var text: String
}

/// Elements whose past acts on their present: lines.
protocol DelayBatch: ElementBatch {
    func use(_ options: SimulationOptions)
    /// The point just accepted is a corner; where it counts, its arrival is a breakpoint later.
    func markCorner()
    /// True where a corner arrived at the point just accepted that no breakpoint announced.
    var arrives: Bool { get }
    /// What the unknowns are `interval` [s] behind the corner just marked, in a trial step that is not taken.
    func noteProbe(_ x: UnsafePointer<Double>, interval: Double)
}

/// An initial condition of one element, as its card gives it.
enum DeviceCondition: Sendable {
    /// Unknowns of its nodes, and volts between them.
    case voltage(Int32, Int32, Double)
    /// Unknown of its branch, and amperes.
    case current(Int32, Double)
}

/// Where excitations go.
struct SourceContext {
    /// Residual part of each row [A or V]; index 0 is the waste bin.
    var f: UnsafeMutablePointer<Double>
    /// [s]
    var time: Double
    var mode: Mode

    enum Mode: Sendable {
        /// A source's `dc` value counts: `.op` and `.dc`.
        case direct
        /// Its waveform at `time` counts: a transient and the operating point before it.
        case waveform
        /// Real or imaginary part of its `ac` value counts.
        case smallSignal(imaginary: Bool)
    }
    /// Source stepping: 1 in every answer.
    var factor: Double
}

extension ElementBatch {
    var dependsOnFrequency: Bool { false }
    var isLinear: Bool { false }
    var followsTangents: Bool { false }
    func use(_ parallel: Parallel) {}
    func connect(_ batches: [any ElementBatch], unknownCount: Int) {}
    func dependencies(element: Int) -> [Int32] { [] }
    func bind(_ pattern: SparsityPattern) {}
    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {}
    func loadSources(_ context: SourceContext) {}
    func load(_ context: LoadContext) -> LoadResult { LoadResult() }
    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution? { nil }
    func setDirect(element: Int, to value: Double) {}
    func reset() {}
    func suggestStart() {}
    func beginSolution() {}
    func useLimiting(_ limits: Bool) {}
    func rewind() {}
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) {}
    func stepError() -> Double { 0 }
    var largestVoltage: Double { 0 }
    var tabulatedOutputs: Int { outputs.count }
    func nextBreakpoint(after time: Double) -> Double { .infinity }
    func longestStep(from time: Double) -> Double { .infinity }
    func takeMessages() -> [ElementMessage] { [] }
    func takeFailure() -> ElementMessage? { nil }
    var outputs: [DeviceOutput] { [] }
    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double { .nan }
    var hasNoise: Bool { false }
    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator] { [] }
    var isDispersive: Bool { false }
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {}
    var deviceConditions: [DeviceCondition] { [] }
    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>) {}
}

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
    /// True until the first evaluation of a new operating point.
    @exclusivity(unchecked) var startsAfresh = false

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

    /// Calls `body` with each element's number, the device in its place (a large device is never copied), its unknowns
    /// and its slots.
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
                    for index in 0..<devices.count {
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

    static func commitStates(_ batch: Batch<Self>, _ x: UnsafePointer<Double>, _ conditions: Conditions) {
        for index in 0..<batch.count {
            let u = batch.locals(index, x, conditions)
            batch.devices[index].commit(u, from: batch.states[index], to: &batch.trialStates[index])
            batch.states[index] = batch.trialStates[index]
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
