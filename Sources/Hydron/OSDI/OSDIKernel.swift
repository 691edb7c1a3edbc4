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

    /// What became of an element in the last load.
    enum Outcome: UInt8 {
        /// It was evaluated where its unknowns are: what it put down holds there.
        case evaluated
        /// It was evaluated elsewhere, or not at all yet.
        case limited
        /// It went on along the tangent that it went by.
        case bypassed
        /// It goes by the tangent that an element of its kind left behind.
        case recalled
    }

    let count: Int
    /// Bytes from one element's block to the next.
    let stride: Int
    let elements: UnsafeMutablePointer<Element>
    /// Jacobian slot of each coupling of each element; 0 is the waste bin.
    let slots: UnsafeMutablePointer<Int32>
    let module: OSDIModule
    /// Keeps models alive.
    let instances: [OSDIInstance]
    let blocks: UnsafeMutableRawPointer
    let handles: UnsafeMutablePointer<OSDILog.Handle>
    let unknowns: UnsafeMutablePointer<Int32>
    let shapes: UnsafeMutableBufferPointer<Shape>
    let nodes: UnsafeMutableBufferPointer<OSDIModule.Node.Offsets>
    let states: UnsafeMutablePointer<Double>
    let stateCount: Int
    /// What each element put down when it was last evaluated itself.
    let results: UnsafeMutablePointer<Double>
    let returned: UnsafeMutablePointer<UInt32>
    let outcomes: UnsafeMutablePointer<Outcome>
    /// What each element goes by: among ``results``, or a record of ``memory``.
    let current: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
    /// How much each element bends [1/V²], see ``OSDIBypass``; infinite where that is not known.
    let bends: UnsafeMutablePointer<Double>
    /// Made when it is first needed.
    @exclusivity(unchecked) var memory: EvaluationMemory?
    /// Room for what an evaluation needs in passing, once for each chunk of elements: so many numbers each, for records of
    /// so many unknowns and results.
    let rooms: (base: UnsafeMutablePointer<Double>, stride: Int, unknowns: Int, results: Int)
    /// Room for an element's steps, currents and charges.
    let scratch: UnsafeMutablePointer<Double>
    /// Which elements are the same function of their unknowns, and of each kind what ``EvaluationMemory`` asks for.
    struct Kinds {
        var ofElement: [Int32] = []
        var sizes: [(dimensions: Int, width: Int)] = []
    }
    var kinds: Kinds?
    /// What evaluations were last asked for, but for limiting.
    var lastFlags: UInt32 = 0
    /// Since the start.
    var evaluations = EvaluationCount()

    typealias Evaluate =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<OSDIEvaluation>?
        ) -> UInt32
    typealias Write =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Double>?
        ) -> Void
    let evaluateModel: Evaluate
    let writeResistive: Write
    let writeReactive: Write
    let entryCounts: (resistive: Int, reactive: Int)

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
            self.shapes.initializeElement(at: index, to: Shape(shape))
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
        current = .allocate(capacity: max(count, 1))
        for element in 0..<count {
            (current + element).initialize(to: results + Int(elements[element].firstResult))
        }
        bends = .allocate(capacity: max(count, 1))
        bends.initialize(repeating: .infinity, count: max(count, 1))
        let width = max(self.shapes.map(\.unknownCount).max() ?? 1, 1)
        scratch = .allocate(capacity: 3 * width)
        scratch.initialize(repeating: 0, count: 3 * width)
        let widest = self.shapes.map(\.resultCount).max() ?? 0
        let room = 5 * width + widest + max(entryCounts.resistive, entryCounts.reactive, 1)
        let chunks = count / Self.chunk + 1
        rooms = (.allocate(capacity: room * chunks), room, width, widest)
        rooms.base.initialize(repeating: 0, count: room * chunks)
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
        for shape in shapes { shape.deallocate() }
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
        current.deallocate()
        bends.deallocate()
        memory?.deallocate()
        scratch.deallocate()
        rooms.base.deallocate()
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
        for element in 0..<count { current[element] = results + Int(elements[element].firstResult) }
        memory?.deallocate()
        memory = nil
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
}
