import COSDI

/// The blocks of all elements of a batch and the loop over them; nothing in it is allocated while it runs.
///
/// Each element is evaluated by one thread at a time and writes to its own block, states and results only.
final class OSDIKernel: @unchecked Sendable {
    /// Where an element's parts begin.
    struct Element: BitwiseCopyable {
        var model: UnsafeMutableRawPointer
        var shape: Int32
        var firstUnknown: Int32
        var firstCoupling: Int32
        /// Among ``results``.
        var firstResult: Int32
    }

    /// A shape as plain memory.
    private struct Shape {
        var unknownCount: Int
        var couplingCount: Int
        var places: UnsafeMutablePointer<Int32>
        var couplings: UnsafeMutableBufferPointer<Coupling>
        var resistive: UnsafeMutableBufferPointer<OSDIShape.Term>
        var reactive: UnsafeMutableBufferPointer<OSDIShape.Term>
        /// Which coupling is that of each unknown with itself; −1 where there is none.
        var diagonals: UnsafeMutablePointer<Int32>
        /// Currents, charges, sizes and the unknowns that they belong to, then derivatives of currents and of charges.
        var resultCount: Int { 4 * unknownCount + 2 * couplingCount }
    }

    /// What became of an element in the last load.
    private enum Outcome: UInt8 {
        /// It was evaluated where its unknowns are: what it put down holds there.
        case evaluated
        /// It was evaluated elsewhere, or not at all yet.
        case limited
        /// Its unknowns hardly moved since it was evaluated.
        case bypassed
    }

    let count: Int
    /// Bytes from one element's block to the next.
    let stride: Int
    let elements: UnsafeMutablePointer<Element>
    /// Jacobian slot of each coupling of each element; 0 is the waste bin.
    let slots: UnsafeMutablePointer<Int32>
    private let module: OSDIModule
    /// Keeps models alive.
    private let instances: [OSDIInstance]
    private let blocks: UnsafeMutableRawPointer
    private let handles: UnsafeMutablePointer<OSDILog.Handle>
    private let unknowns: UnsafeMutablePointer<Int32>
    private let shapes: UnsafeMutableBufferPointer<Shape>
    private let nodes: UnsafeMutableBufferPointer<OSDIModule.Node.Offsets>
    private let states: UnsafeMutablePointer<Double>
    private let stateCount: Int
    /// What each element put down when it was last evaluated.
    private let results: UnsafeMutablePointer<Double>
    private let returned: UnsafeMutablePointer<UInt32>
    private let outcomes: UnsafeMutablePointer<Outcome>
    /// How much each element bends [1/V²], see ``OSDIBypass``; infinite where that is not known.
    private let bends: UnsafeMutablePointer<Double>
    /// Room for an element's steps, currents and charges.
    private let scratch: UnsafeMutablePointer<Double>
    /// What evaluations were last asked for.
    private var lastFlags: UInt32 = 0
    /// Since the start.
    private(set) var evaluations = EvaluationCount()

    private typealias Evaluate =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<OSDIEvaluation>?
        ) -> UInt32
    private typealias Write =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Double>?
        ) -> Void
    private let evaluateModel: Evaluate
    private let writeResistive: Write
    private let writeReactive: Write
    private let entryCounts: (resistive: Int, reactive: Int)

    /// Elements that a thread takes at a time.
    private static let chunk = 16
    /// Bytes of blocks from which on threads share the evaluation: some 20 to 60 µs of work.
    private static let worthwhile = 400_000

    init(
        _ module: OSDIModule, _ instances: [OSDIInstance], unknowns nodeUnknowns: [Int32], shapes: [OSDIShape],
        shapeOfElement: [Int32], log: OSDILog
    ) {
        let content = module.descriptor.pointee
        self.module = module
        self.instances = instances
        count = instances.count
        let alignment = OSDIBlock.alignment
        stride = (Int(content.instance_size) + alignment - 1) / alignment * alignment
        blocks = .allocate(byteCount: max(stride * count, 1), alignment: alignment)
        blocks.initializeMemory(as: UInt8.self, repeating: 0, count: stride * count)
        evaluateModel = content.evaluate
        writeResistive = content.write_resistive_jacobian
        writeReactive = content.write_reactive_jacobian
        entryCounts = (Int(content.resistive_entry_count), Int(content.reactive_entry_count))
        self.shapes = .allocate(capacity: shapes.count)
        for (index, shape) in shapes.enumerated() {
            func copy<Term>(_ terms: [Term]) -> UnsafeMutableBufferPointer<Term> {
                let buffer = UnsafeMutableBufferPointer<Term>.allocate(capacity: terms.count)
                _ = buffer.initialize(from: terms)
                return buffer
            }
            let diagonals = UnsafeMutablePointer<Int32>.allocate(capacity: max(shape.unknownCount, 1))
            diagonals.initialize(repeating: -1, count: max(shape.unknownCount, 1))
            for (number, coupling) in shape.couplings.enumerated() where coupling.row == coupling.column {
                diagonals[coupling.row] = Int32(number)
            }
            let places = UnsafeMutablePointer<Int32>.allocate(capacity: max(shape.places.count, 1))
            places.initialize(from: shape.places.map { Int32($0) }, count: shape.places.count)
            self.shapes.initializeElement(
                at: index,
                to: Shape(
                    unknownCount: shape.unknownCount, couplingCount: shape.couplings.count, places: places,
                    couplings: copy(shape.couplings.map { Coupling(row: Int32($0.row), column: Int32($0.column)) }),
                    resistive: copy(shape.resistive), reactive: copy(shape.reactive), diagonals: diagonals))
        }
        nodes = .allocate(capacity: module.nodes.count)
        _ = nodes.initialize(from: module.nodes.map(\.offsets))
        elements = .allocate(capacity: max(count, 1))
        handles = .allocate(capacity: max(count, 1))
        var totals = (unknowns: 0, couplings: 0, results: 0)
        for element in 0..<count {
            let shape = self.shapes[Int(shapeOfElement[element])]
            (elements + element).initialize(
                to: Element(
                    model: instances[element].model.block.base, shape: shapeOfElement[element],
                    firstUnknown: Int32(totals.unknowns), firstCoupling: Int32(totals.couplings),
                    firstResult: Int32(totals.results)))
            totals.unknowns += shape.unknownCount
            totals.couplings += shape.couplingCount
            totals.results += shape.resultCount
            (handles + element).initialize(to: OSDILog.Handle(log: .passUnretained(log), element: element))
        }
        results = .allocate(capacity: max(totals.results, 1))
        results.initialize(repeating: 0, count: max(totals.results, 1))
        outcomes = .allocate(capacity: max(count, 1))
        outcomes.initialize(repeating: .limited, count: max(count, 1))
        bends = .allocate(capacity: max(count, 1))
        bends.initialize(repeating: .infinity, count: max(count, 1))
        let width = max(self.shapes.map(\.unknownCount).max() ?? 1, 1)
        scratch = .allocate(capacity: 3 * width)
        scratch.initialize(repeating: 0, count: 3 * width)
        slots = .allocate(capacity: max(totals.couplings, 1))
        slots.initialize(repeating: 0, count: max(totals.couplings, 1))
        unknowns = .allocate(capacity: max(totals.unknowns, 1))
        stateCount = Int(content.state_count) * count
        // The second part is for evaluations that must not touch the first, the third keeps those of an accepted point.
        states = .allocate(capacity: max(3 * stateCount, 1))
        states.initialize(repeating: 0, count: max(3 * stateCount, 1))
        returned = .allocate(capacity: max(count, 1))
        returned.initialize(repeating: 0, count: max(count, 1))
        let nodeCount = module.nodes.count
        for element in 0..<count {
            let block = blocks + element * stride
            block.copyMemory(from: instances[element].block.base, byteCount: Int(content.instance_size))
            let map = block + Int(content.node_map_offset)
            let shape = self.shapes[Int(shapeOfElement[element])]
            let own = unknowns + Int(elements[element].firstUnknown)
            for node in 0..<nodeCount {
                let unknown = nodeUnknowns[element * nodeCount + node]
                map.storeBytes(of: UInt32(unknown), toByteOffset: node * 4, as: UInt32.self)
                if shape.places[node] >= 0 { own[Int(shape.places[node])] = unknown }
            }
            let stateMap = block + Int(content.state_map_offset)
            for state in 0..<Int(content.state_count) {
                stateMap.storeBytes(
                    of: UInt32(element * Int(content.state_count) + state), toByteOffset: state * 4, as: UInt32.self)
            }
        }
    }

    deinit {
        for shape in shapes {
            shape.places.deallocate()
            shape.couplings.deallocate()
            shape.resistive.deallocate()
            shape.reactive.deallocate()
            shape.diagonals.deallocate()
        }
        shapes.deallocate()
        nodes.deallocate()
        elements.deallocate()
        handles.deallocate()
        slots.deallocate()
        unknowns.deallocate()
        states.deallocate()
        results.deallocate()
        returned.deallocate()
        outcomes.deallocate()
        bends.deallocate()
        scratch.deallocate()
        blocks.deallocate()
    }

    func forgetStates() {
        states.update(repeating: 0, count: stateCount)
        keepStates()
        forgetEvaluations()
    }

    /// Keeps what limiting goes by, to go back to it with ``restoreStates()``.
    func keepStates() { (states + 2 * stateCount).update(from: states, count: stateCount) }
    func restoreStates() { states.update(from: states + 2 * stateCount, count: stateCount) }

    /// Every element is evaluated by the next load.
    func forgetEvaluations() {
        outcomes.update(repeating: .limited, count: count)
        bends.update(repeating: .infinity, count: count)
    }

    func evaluation(_ simulator: OSDISimulatorValues, time: Double, flags: UInt32) -> OSDIEvaluation {
        var info = OSDIEvaluation()
        info.parameters = simulator.content
        info.time = time
        info.previous_state = states
        info.next_state = states
        info.flags = flags
        return info
    }

    /// Evaluates one element at `x` in a block of `stride` bytes elsewhere; its own block and states stay as they are.
    func evaluate(
        _ element: Int, in block: UnsafeMutableRawPointer, _ x: UnsafePointer<Double>, _ request: OSDIEvaluation
    ) {
        block.copyMemory(from: blocks + element * stride, byteCount: stride)
        var info = request
        info.solution = UnsafeMutablePointer(mutating: x)
        info.next_state = states + stateCount
        _ = evaluateModel(handles + element, block, elements[element].model, &info)
    }

    /// The charges of one element's nodes where each of them has the voltage given, whatever it is connected to.
    func charges(
        of element: Int, in block: OSDIBlock, at voltages: [Double], _ request: OSDIEvaluation
    ) -> [Double] {
        block.base.copyMemory(from: blocks + element * stride, byteCount: stride)
        let map = block.base + Int(module.descriptor.pointee.node_map_offset)
        // Nodes that are one unknown read the voltage of the first of them.
        for node in 0..<voltages.count {
            let representative = instances[element].representatives[node]
            map.storeBytes(of: UInt32(representative + 1), toByteOffset: node * 4, as: UInt32.self)
        }
        var info = request
        info.next_state = states + stateCount
        var solution = [0] + voltages
        solution.withUnsafeMutableBufferPointer {
            info.solution = $0.baseAddress
            _ = evaluateModel(handles + element, block.base, elements[element].model, &info)
        }
        return module.nodes.map {
            $0.reactive >= 0 ? block.base.load(fromByteOffset: $0.reactive, as: Double.self) : 0
        }
    }

    /// The smallest bound that elements set to the next time step [s].
    func stepBound(offset: UInt32) -> Double {
        guard offset != UInt32.max else { return .infinity }
        var bound = Double.infinity
        for element in 0..<count {
            let own = (blocks + element * stride).load(fromByteOffset: Int(offset), as: Double.self)
            if own > 0 { bound = min(bound, own) }
        }
        return bound
    }

    // MARK: - The loop

    /// Adds all elements at `context.x`.
    ///
    /// - Parameters:
    ///   - splits: derivatives of charges go to an array of their own.
    ///   - rule: which elements are taken along the tangent from where they were evaluated.
    /// - Returns: how many were limited, and the first that gave up.
    func load(
        _ context: LoadContext, _ request: OSDIEvaluation, splits: Bool, bypassing rule: OSDIBypass,
        _ parallel: Parallel
    ) -> (limited: Int, fatal: Int?) {
        var request = request
        request.solution = UnsafeMutablePointer(mutating: context.x)
        if request.flags != lastFlags { forgetEvaluations() }
        lastFlags = request.flags
        var outcome = (limited: 0, fatal: Int?.none)
        if parallel.threads > 1, stride * count >= Self.worthwhile {
            parallel.each((count + Self.chunk - 1) / Self.chunk) { [request] chunk in
                for element in chunk * Self.chunk..<min((chunk + 1) * Self.chunk, count) {
                    evaluate(element, request, bypassing: rule)
                }
            }
            for element in 0..<count { add(element, context, splits: splits) }
        } else {
            for element in 0..<count {
                evaluate(element, request, bypassing: rule)
                add(element, context, splits: splits)
            }
        }
        for element in 0..<count {
            if outcomes[element] == .bypassed { evaluations.bypassed += 1 } else { evaluations.evaluated += 1 }
            guard returned[element] != 0 else { continue }
            if returned[element] & UInt32(OSDI_LIMITED) != 0 { outcome.limited += 1 }
            if returned[element] & UInt32(OSDI_FATAL) != 0, outcome.fatal == nil { outcome.fatal = element }
        }
        return outcome
    }

    @inline(__always) private func record(_ place: Element, _ shape: Shape) -> Record {
        let count = shape.unknownCount
        let f = results + Int(place.firstResult)
        return Record(
            f: f, q: f + count, size: f + 2 * count, point: f + 3 * count, jacobian: f + 4 * count,
            charges: f + 4 * count + shape.couplingCount, rows: unknowns + Int(place.firstUnknown))
    }

    /// Evaluates an element, unless it hardly moved, and puts down what it adds.
    @inline(__always) private func evaluate(_ element: Int, _ request: OSDIEvaluation, bypassing rule: OSDIBypass) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(place, shape)
        var distance = Double.infinity
        if outcomes[element] != .limited {
            distance = 0
            for index in 0..<shape.unknownCount {
                let step = abs(request.solution[Int(record.rows[index])] - record.point[index])
                // What is not a number is farther than any.
                if !(step <= distance) { distance = step }
            }
            if rule.follows(distance, bend: bends[element]) {
                outcomes[element] = .bypassed
                return
            }
        }
        guard rule.measures(distance) else {
            // How it bends so far away is not known.
            if distance > 0 { bends[element] = .infinity }
            compute(element, request)
            return
        }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 5 * shape.unknownCount) {
            guard let expected = $0.baseAddress else { return }
            follow(element, to: request.solution, expected)
            (expected + 3 * shape.unknownCount).update(from: record.f, count: 2 * shape.unknownCount)
            compute(element, request)
            guard outcomes[element] == .evaluated else { return }
            measure(element, distance, against: expected, rule)
        }
    }

    /// Where the tangent leads at `x`: currents, charges and steps into `f`, one behind the other.
    @inline(__always) private func follow(
        _ element: Int, to x: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>
    ) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(place, shape)
        let count = shape.unknownCount
        let (q, step) = (f + count, f + 2 * count)
        for index in 0..<count {
            step[index] = x[Int(record.rows[index])] - record.point[index]
            f[index] = record.f[index]
            q[index] = record.q[index]
        }
        record.add(step, shape.couplings, to: f, q)
    }

    /// Tells from what the tangents at both ends of `distance` would have given at the other how much an element bends: of a
    /// knee between them the one hardly sees what the other does.
    ///
    /// - Parameter f: what ``follow(_:to:_:)`` put down, behind it the currents and charges at the start, where there is room.
    @inline(__always) private func measure(
        _ element: Int, _ distance: Double, against f: UnsafeMutablePointer<Double>, _ rule: OSDIBypass
    ) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(place, shape)
        let count = shape.unknownCount
        let (q, step, f0, q0) = (f + count, f + 2 * count, f + 3 * count, f + 4 * count)
        // What goes on from the start along the tangent at the end.
        record.add(step, shape.couplings, to: f0, q0)
        var (largest, excess) = (0.0, 0.0)
        for index in 0..<count { largest = max(largest, abs(record.point[index])) }
        for index in 0..<count {
            let diagonal = Int(shape.diagonals[index])
            let found = rule.excess(
                current: max(abs(record.f[index] - f[index]), abs(record.f[index] - f0[index])),
                size: record.size[index], conductance: diagonal < 0 ? 0 : abs(record.jacobian[diagonal]),
                charge: max(abs(record.q[index] - q[index]), abs(record.q[index] - q0[index])),
                capacitance: diagonal < 0 ? 0 : abs(record.charges[diagonal]), largest: largest)
            if !(found <= excess) { excess = found }
        }
        bends[element] = excess.isNaN ? .infinity : OSDIBypass.bend(excess, over: distance, before: bends[element])
    }

    /// Evaluates an element and puts down what it adds.
    private func compute(_ element: Int, _ request: OSDIEvaluation) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(place, shape)
        let (f, q, size) = (record.f, record.q, record.size)
        let block = blocks + element * stride
        var info = request
        let flags = evaluateModel(handles + element, block, place.model, &info)
        returned[element] = flags
        let isLimited = flags & UInt32(OSDI_LIMITED) != 0
        outcomes[element] = flags == 0 ? .evaluated : .limited
        f.update(repeating: 0, count: shape.resultCount)
        for index in 0..<shape.unknownCount { record.point[index] = request.solution[Int(record.rows[index])] }
        for node in 0..<nodes.count {
            let offsets = nodes[node]
            let index = Int(shape.places[node])
            guard index >= 0 else { continue }
            if offsets.resistive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.resistive), as: Double.self)
                if isLimited, offsets.resistiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.resistiveLimit), as: Double.self)
                }
                f[index] += value
                size[index] = max(size[index], abs(value))
            }
            if offsets.reactive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.reactive), as: Double.self)
                if isLimited, offsets.reactiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.reactiveLimit), as: Double.self)
                }
                q[index] += value
            }
        }
        let (jacobian, charges) = (record.jacobian, record.charges)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(entryCounts.resistive, entryCounts.reactive, 1)) {
            guard let entries = $0.baseAddress else { return }
            if entryCounts.resistive > 0 {
                writeResistive(block, place.model, entries)
                for term in shape.resistive { jacobian[Int(term.coupling)] += entries[Int(term.entry)] }
            }
            if entryCounts.reactive > 0 {
                writeReactive(block, place.model, entries)
                for term in shape.reactive { charges[Int(term.coupling)] += entries[Int(term.entry)] }
            }
        }
    }

    /// Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
    private static let chargeRounding = 1e-6

    /// Adds what an element put down; where it was bypassed, along the tangent from there.
    @inline(__always) private func add(_ element: Int, _ context: LoadContext, splits: Bool) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let count = shape.unknownCount
        let record = record(place, shape)
        let (rows, size, jacobian, charges) = (record.rows, record.size, record.jacobian, record.charges)
        var (f, q) = (record.f, record.q)
        if outcomes[element] == .bypassed {
            follow(element, to: context.x, scratch)
            (f, q) = (scratch, scratch + count)
        }
        let alpha = context.alpha
        for index in 0..<count {
            let row = Int(rows[index])
            context.f[row] += f[index]
            context.q[row] += q[index]
            context.scale[row] = max(
                context.scale[row], max(size[index], abs(q[index] * alpha) * Self.chargeRounding))
        }
        let own = slots + Int(place.firstCoupling)
        if splits {
            for coupling in 0..<shape.couplingCount {
                context.jacobian[Int(own[coupling])] += jacobian[coupling]
                context.chargeJacobian[Int(own[coupling])] += alpha * charges[coupling]
            }
        } else {
            for coupling in 0..<shape.couplingCount {
                context.jacobian[Int(own[coupling])] += jacobian[coupling] + alpha * charges[coupling]
            }
        }
    }
}
