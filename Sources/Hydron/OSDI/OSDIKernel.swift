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
        var resistive: UnsafeMutableBufferPointer<OSDIShape.Term>
        var reactive: UnsafeMutableBufferPointer<OSDIShape.Term>
        /// Currents, charges and sizes, then derivatives of currents and of charges.
        var resultCount: Int { 3 * unknownCount + 2 * couplingCount }
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
    /// Results of all elements where threads share the evaluation, else of one.
    private var results: UnsafeMutablePointer<Double>
    private let resultCount: Int
    private let returned: UnsafeMutablePointer<UInt32>
    private var resultsOfAll = false
    private let largestShape: Int

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
            func copy(_ terms: [OSDIShape.Term]) -> UnsafeMutableBufferPointer<OSDIShape.Term> {
                let buffer = UnsafeMutableBufferPointer<OSDIShape.Term>.allocate(capacity: terms.count)
                _ = buffer.initialize(from: terms)
                return buffer
            }
            let places = UnsafeMutablePointer<Int32>.allocate(capacity: max(shape.places.count, 1))
            places.initialize(from: shape.places.map { Int32($0) }, count: shape.places.count)
            self.shapes.initializeElement(
                at: index,
                to: Shape(
                    unknownCount: shape.unknownCount, couplingCount: shape.couplings.count, places: places,
                    resistive: copy(shape.resistive), reactive: copy(shape.reactive)))
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
        resultCount = totals.results
        largestShape = self.shapes.map(\.resultCount).max() ?? 0
        slots = .allocate(capacity: max(totals.couplings, 1))
        slots.initialize(repeating: 0, count: max(totals.couplings, 1))
        unknowns = .allocate(capacity: max(totals.unknowns, 1))
        stateCount = Int(content.state_count) * count
        // The second half is for evaluations that must not touch the first.
        states = .allocate(capacity: max(2 * stateCount, 1))
        states.initialize(repeating: 0, count: max(2 * stateCount, 1))
        results = .allocate(capacity: max(largestShape, 1))
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
            shape.resistive.deallocate()
            shape.reactive.deallocate()
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
        blocks.deallocate()
    }

    func forgetStates() { states.update(repeating: 0, count: stateCount) }

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
    /// - Parameter splits: derivatives of charges go to an array of their own.
    /// - Returns: how many were limited, and the first that gave up.
    func load(
        _ context: LoadContext, _ request: OSDIEvaluation, splits: Bool, _ parallel: Parallel
    ) -> (limited: Int, fatal: Int?) {
        var request = request
        request.solution = UnsafeMutablePointer(mutating: context.x)
        var outcome = (limited: 0, fatal: Int?.none)
        func note(_ element: Int, _ flags: UInt32) {
            if flags & UInt32(OSDI_LIMITED) != 0 { outcome.limited += 1 }
            if flags & UInt32(OSDI_FATAL) != 0, outcome.fatal == nil { outcome.fatal = element }
        }
        guard parallel.threads > 1, stride * count >= Self.worthwhile else {
            for element in 0..<count {
                note(element, evaluate(element, request, context.alpha, splits: splits, into: results))
                add(element, results, context, splits: splits)
            }
            return outcome
        }
        makeRoomForAll()
        let (results, alpha) = (results, context.alpha)
        parallel.each((count + Self.chunk - 1) / Self.chunk) { [request] chunk in
            for element in chunk * Self.chunk..<min((chunk + 1) * Self.chunk, count) {
                returned[element] = evaluate(
                    element, request, alpha, splits: splits, into: results + Int(elements[element].firstResult))
            }
        }
        for element in 0..<count {
            note(element, returned[element])
            add(element, results + Int(elements[element].firstResult), context, splits: splits)
        }
        return outcome
    }

    private func makeRoomForAll() {
        guard !resultsOfAll else { return }
        results.deallocate()
        results = .allocate(capacity: max(resultCount, 1))
        resultsOfAll = true
    }

    /// Evaluates an element and puts down what it adds.
    @inline(__always) private func evaluate(
        _ element: Int, _ request: OSDIEvaluation, _ alpha: Double, splits: Bool,
        into result: UnsafeMutablePointer<Double>
    ) -> UInt32 {
        let block = blocks + element * stride
        let model = elements[element].model
        var info = request
        let flags = evaluateModel(handles + element, block, model, &info)
        let shape = shapes[Int(elements[element].shape)]
        let (f, q, size) = (result, result + shape.unknownCount, result + 2 * shape.unknownCount)
        result.update(repeating: 0, count: shape.resultCount)
        let isLimited = flags & UInt32(OSDI_LIMITED) != 0
        for (node, offsets) in nodes.enumerated() {
            let place = Int(shape.places[node])
            guard place >= 0 else { continue }
            if offsets.resistive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.resistive), as: Double.self)
                if isLimited, offsets.resistiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.resistiveLimit), as: Double.self)
                }
                f[place] += value
                size[place] = max(size[place], abs(value))
            }
            if offsets.reactive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.reactive), as: Double.self)
                if isLimited, offsets.reactiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.reactiveLimit), as: Double.self)
                }
                q[place] += value
                size[place] = max(size[place], abs(value * alpha) * Self.chargeRounding)
            }
        }
        let jacobian = result + 3 * shape.unknownCount
        let charges = splits ? jacobian + shape.couplingCount : jacobian
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(entryCounts.resistive, entryCounts.reactive, 1)) {
            guard let entries = $0.baseAddress else { return }
            if entryCounts.resistive > 0 {
                writeResistive(block, model, entries)
                for term in shape.resistive { jacobian[Int(term.coupling)] += entries[Int(term.entry)] }
            }
            if entryCounts.reactive > 0 {
                writeReactive(block, model, entries)
                for term in shape.reactive { charges[Int(term.coupling)] += alpha * entries[Int(term.entry)] }
            }
        }
        return flags
    }

    /// Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
    private static let chargeRounding = 1e-6

    /// Adds what an element put down.
    @inline(__always) private func add(
        _ element: Int, _ result: UnsafePointer<Double>, _ context: LoadContext, splits: Bool
    ) {
        let shape = shapes[Int(elements[element].shape)]
        let count = shape.unknownCount
        let rows = unknowns + Int(elements[element].firstUnknown)
        for place in 0..<count {
            let row = Int(rows[place])
            context.f[row] += result[place]
            context.q[row] += result[count + place]
            context.scale[row] = max(context.scale[row], result[2 * count + place])
        }
        let own = slots + Int(elements[element].firstCoupling)
        let jacobian = result + 3 * count
        for coupling in 0..<shape.couplingCount { context.jacobian[Int(own[coupling])] += jacobian[coupling] }
        guard splits else { return }
        let charges = jacobian + shape.couplingCount
        for coupling in 0..<shape.couplingCount { context.chargeJacobian[Int(own[coupling])] += charges[coupling] }
    }
}
