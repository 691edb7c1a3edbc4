import COSDI
import SparseSolvers

/// The elements of one compiled module as numbers.
///
/// An evaluation goes in two passes. First every element is evaluated, on its own block of memory, and what it adds is
/// put down beside it: for each of its unknowns a current and a charge, for each coupling a derivative. Elements are
/// independent of each other, so that threads share this pass. Then all of it is added to the equations, element by
/// element in their order: sums come out as the same bits for any number of threads.
///
/// Where a voltage was limited, a module evaluates at other voltages than the solution's, and tells what its currents
/// change by on the way there (∂i/∂u·(ū − u)): it is taken off again.
final class OSDIBatch: CountingBatch {
    let module: OSDIModule
    private let instances: [OSDIInstance]
    private let simulator: OSDISimulatorValues
    private let log = OSDILog()
    private let kernel: OSDIKernel
    private let shapes: [OSDIShape]
    private let shapeOfElement: [Int32]
    /// Unknowns of each element without repetition, one behind the other.
    private let unknowns: [Int32]
    /// The unknown of each of an element's nodes, one element behind the other.
    private let nodeUnknowns: [Int32]
    private let conditions: [OSDICondition]
    private let wires: [Int: [OSDIPopulation.Wire]]
    private var parallel = Parallel(threads: 1)
    private var mode = SourceContext.Mode.direct
    private var startsAfresh = false
    private var limits = true
    private var fatalElement: Int?
    private let bypass: OSDIBypass
    var evaluations: EvaluationCount { kernel.evaluations }
    /// The element that was last looked at, as it was evaluated for its outputs.
    private var probe: Probe?

    init(_ population: OSDIPopulation) {
        module = population.module
        instances = population.instances
        nodeUnknowns = population.unknowns
        conditions = population.conditions
        wires = population.wires
        simulator = OSDISimulatorValues(population.options)
        bypass = Self.bypass(module, population.options)
        let nodeCount = module.nodes.count
        var shapes: [OSDIShape] = []
        var shapeOfElement: [Int32] = []
        var known: [[Int]: Int32] = [:]
        var unknowns: [Int32] = []
        for element in 0..<population.count {
            let found = OSDIShape.places(of: population.unknowns[element * nodeCount..<(element + 1) * nodeCount])
            let shape = known[found.places] ?? Int32(shapes.count)
            if known[found.places] == nil {
                known[found.places] = shape
                shapes.append(OSDIShape(module, places: found.places))
            }
            shapeOfElement.append(shape)
            unknowns += found.distinct
        }
        self.shapes = shapes
        self.shapeOfElement = shapeOfElement
        self.unknowns = unknowns
        kernel = OSDIKernel(
            module, population.instances, unknowns: population.unknowns, shapes: shapes, shapeOfElement: shapeOfElement,
            log: log)
        reset()
    }

    var count: Int { instances.count }
    var outputs: [DeviceOutput] { module.outputs }
    /// Operating-point variables and the currents of terminals.
    var tabulatedOutputs: Int {
        module.terminalCount + module.printedQuantities.count { $0 >= module.parameterCount }
    }

    func use(_ parallel: Parallel) { self.parallel = parallel }

    private func unknowns(of element: Int) -> ArraySlice<Int32> {
        unknowns[Int(kernel.elements[element].firstUnknown)...]
            .prefix(shapes[Int(shapeOfElement[element])].unknownCount)
    }

    func dependencies(element: Int) -> [Int32] {
        Array(unknowns(of: element)) + (wires[element] ?? []).map(\.branch)
    }

    func declare(_ pattern: inout PatternBuilder) {
        for element in 0..<count {
            let own = unknowns(of: element)
            for coupling in shapes[Int(shapeOfElement[element])].couplings {
                pattern.insert(
                    row: Int(own[own.startIndex + coupling.row]) - 1,
                    column: Int(own[own.startIndex + coupling.column]) - 1)
            }
        }
        // Where a condition is held, its nodes are coupled.
        for condition in deviceConditions {
            guard case .voltage(let plus, let minus, _) = condition else { continue }
            for (row, column) in [(plus, plus), (plus, minus), (minus, plus), (minus, minus)]
            where row > 0 && column > 0 {
                pattern.insert(row: Int(row) - 1, column: Int(column) - 1)
            }
        }
    }

    func bind(_ pattern: SparsityPattern) {
        for element in 0..<count {
            let own = unknowns(of: element)
            let slots = kernel.slots + Int(kernel.elements[element].firstCoupling)
            for (index, coupling) in shapes[Int(shapeOfElement[element])].couplings.enumerated() {
                let slot = pattern.slot(
                    row: Int(own[own.startIndex + coupling.row]) - 1,
                    column: Int(own[own.startIndex + coupling.column]) - 1)
                slots[index] = slot.map { Int32($0) + 1 } ?? 0
            }
        }
    }

    // MARK: - Loading

    func loadSources(_ context: SourceContext) {
        mode = context.mode
        guard simulator.sourceFactor != context.factor else { return }
        simulator.sourceFactor = context.factor
        kernel.forgetEvaluations()
    }

    func load(_ context: LoadContext) -> LoadResult {
        let splits = context.chargeJacobian != context.jacobian
        let info = evaluation(context.conditions, isSmallSignal: context.isSmallSignal, alpha: context.alpha)
        startsAfresh = false
        simulator.iteration += 1
        var rule = context.alpha == 0 ? bypass.atRest : bypass
        rule.recalls = simulator.iteration <= OSDIBypass.recallingIterations
        let outcome = kernel.load(context, info, splits: splits, bypassing: rule, parallel)
        var result = LoadResult()
        result.limited = outcome.limited
        fatalElement = outcome.fatal
        result.hasFailed = outcome.fatal != nil
        return result
    }

    /// What an evaluation is asked for, in the analysis that the sources were last set for.
    private func evaluation(_ conditions: Conditions, isSmallSignal: Bool, alpha: Double) -> OSDIEvaluation {
        var flags =
            OSDI_RESISTIVE_RESIDUAL | OSDI_REACTIVE_RESIDUAL | OSDI_RESISTIVE_JACOBIAN | OSDI_REACTIVE_JACOBIAN
            | OSDI_RESISTIVE_LIMIT | OSDI_REACTIVE_LIMIT
        if limits {
            flags |= OSDI_ENABLE_LIMITING
            if startsAfresh { flags |= OSDI_START_LIMITING }
        }
        if isSmallSignal {
            flags |= OSDI_ANALYSIS_AC
        } else {
            flags |= analysisFlags(conditions, alpha: alpha)
        }
        simulator.setAnalysis(
            isSmallSignal ? .ac : flags & OSDI_ANALYSIS_TRANSIENT != 0 ? .tran : .dc)
        return kernel.evaluation(simulator, time: conditions.time, flags: UInt32(flags))
    }

    private func analysisFlags(_ conditions: Conditions, alpha: Double) -> Int {
        let isStatic = conditions.interval == 0 && alpha == 0
        switch mode {
        case .waveform where isStatic: return OSDI_ANALYSIS_TRANSIENT | OSDI_ANALYSIS_INITIAL | OSDI_ANALYSIS_STATIC
        case .waveform: return OSDI_ANALYSIS_TRANSIENT
        case .direct, .smallSignal: return OSDI_ANALYSIS_DC | OSDI_ANALYSIS_STATIC
        }
    }

    func reset() {
        kernel.forgetStates()
        startsAfresh = false
        fatalElement = nil
    }

    func suggestStart() { startsAfresh = true }

    func beginSolution() { simulator.iteration = 0 }
    func useLimiting(_ limits: Bool) { self.limits = limits }
    func rewind() { kernel.restoreStates() }
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) { kernel.keepStates() }

    var followsTangents: Bool { OSDIModelTypes.isPhysical(module) }

    func longestStep(from time: Double) -> Double {
        kernel.stepBound(offset: module.descriptor.pointee.step_bound_offset)
    }

    /// Of a module that is not known as a physical device nothing is known.
    private static func bypass(_ module: OSDIModule, _ options: SimulationOptions) -> OSDIBypass {
        let isWanted =
            options.values.isGiven(.bypass)
            ? options[.bypass] != 0 : OSDIModelTypes.isPhysical(module)
        return isWanted ? OSDIBypass(options) : .never
    }

    // MARK: - Initial conditions

    var deviceConditions: [DeviceCondition] {
        conditions.map {
            let first = $0.element * module.nodes.count
            return .voltage(nodeUnknowns[first + $0.plus], nodeUnknowns[first + $0.minus], $0.volts)
        }
    }

    /// The charges that `ic=` gives beyond those at `x`.
    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>) {
        guard !conditions.isEmpty else { return }
        let nodeCount = module.nodes.count
        let request = kernel.evaluation(
            simulator, time: 0,
            flags: UInt32(OSDI_REACTIVE_RESIDUAL | analysisFlags(Conditions(), alpha: 1)))
        let block = OSDIBlock(size: kernel.stride)
        // An element's conditions stand side by side.
        var start = conditions.startIndex
        while start < conditions.endIndex {
            let element = conditions[start].element
            let end = conditions[start...].firstIndex { $0.element != element } ?? conditions.endIndex
            defer { start = end }
            let own = nodeUnknowns[element * nodeCount..<(element + 1) * nodeCount]
            var voltages = own.map { x[Int($0)] }
            let before = kernel.charges(of: element, in: block, at: voltages, request)
            OSDICondition.apply(conditions[start..<end], to: &voltages, module)
            let after = kernel.charges(of: element, in: block, at: voltages, request)
            for (place, unknown) in own.enumerated() { q[Int(unknown)] += after[place] - before[place] }
        }
    }

    // MARK: - What models say

    func takeMessages() -> [ElementMessage] {
        log.take().map { message in
            ElementMessage(
                element: max(message.element, 0), isWarning: message.level != .note,
                text: "model \(module.name): \(message.text)")
        }
    }

    func takeFailure() -> ElementMessage? {
        guard let element = fatalElement else { return nil }
        fatalElement = nil
        let said = log.take().filter { $0.level == .error && $0.element == element }.map(\.text)
        return ElementMessage(
            element: element, isWarning: true,
            text: "model \(module.name) gives up" + (said.isEmpty ? "" : ": " + said.joined(separator: "; ")))
    }

    // MARK: - Outputs and noise

    /// A copy of one element, evaluated at a point of its own.
    private struct Probe {
        var element: Int
        /// Its unknowns and the time, to tell whether the same is asked again.
        var point: [Double]
        var block: OSDIBlock
    }

    /// The element evaluated at `x` for what can be printed, in a block of its own.
    private func evaluated(
        _ element: Int, _ x: UnsafePointer<Double>, _ conditions: Conditions
    ) -> OSDIBlock {
        let point = unknowns(of: element).map { x[Int($0)] } + [conditions.time]
        if let probe, probe.element == element, probe.point == point { return probe.block }
        let isStatic = conditions.interval == 0
        let flags =
            OSDI_RESISTIVE_RESIDUAL | OSDI_REACTIVE_RESIDUAL | OSDI_VARIABLES
            | analysisFlags(conditions, alpha: isStatic ? 0 : 1)
        let block = OSDIBlock(size: kernel.stride)
        kernel.evaluate(
            element, in: block.base, x, kernel.evaluation(simulator, time: conditions.time, flags: UInt32(flags)))
        probe = Probe(element: element, point: point, block: block)
        return block
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let block = evaluated(element, x, conditions)
        let terminals = module.terminalCount
        let quantities = module.printedQuantities
        let terminal = index < terminals ? index : index - terminals - quantities.count
        if index >= terminals, index < terminals + quantities.count {
            return module.number(quantities[index - terminals], of: block.base, instances[element].model.block.base)
        }
        var sum = 0.0
        if index < terminals, let wires = wires[element] {
            for wire in wires where wire.plus == terminal || wire.minus == terminal {
                sum += wire.plus == terminal ? x[Int(wire.branch)] : -x[Int(wire.branch)]
            }
        }
        // Of what flows into nodes that are one, each has its share.
        for (place, node) in module.nodes.enumerated()
        where instances[element].representatives[place] == terminal {
            let offset = index < terminals ? node.resistive : node.reactive
            if offset >= 0 { sum += block.base.load(fromByteOffset: offset, as: Double.self) }
        }
        return sum
    }

    var hasNoise: Bool { !module.noiseSources.isEmpty }

    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator] {
        let flags = OSDI_NOISE | OSDI_VARIABLES | OSDI_ANALYSIS_NOISE | OSDI_RESISTIVE_RESIDUAL
        let block = OSDIBlock(size: kernel.stride)
        kernel.evaluate(
            element, in: block.base, x, kernel.evaluation(simulator, time: conditions.time, flags: UInt32(flags)))
        let spectrum = OSDINoiseSpectrum(module, block, instances[element].model)
        let shape = shapes[Int(shapeOfElement[element])]
        let own = unknowns(of: element)
        func unknown(_ node: Int) -> Int {
            guard node >= 0, shape.places[node] >= 0 else { return 0 }
            return Int(own[own.startIndex + shape.places[node]])
        }
        let placedNames = module.placedNoiseNames(instances[element].representatives)
        return module.noiseSources.enumerated().compactMap { number, source in
            let (from, to) = (unknown(source.from), unknown(source.to))
            guard from != to else { return nil }
            return NoiseGenerator(
                name: source.name, placedNames: placedNames[number], from: from, to: to
            ) { spectrum.density(number, $0) }
        }
    }
}

/// The noise of one element at its operating point. All of a module's sources come at once, for one frequency.
private final class OSDINoiseSpectrum {
    private let module: OSDIModule
    private let block: OSDIBlock
    private let model: OSDIModel
    private var frequency = Double.nan
    private var densities: [Double]

    init(_ module: OSDIModule, _ block: OSDIBlock, _ model: OSDIModel) {
        self.module = module
        self.block = block
        self.model = model
        densities = [Double](repeating: 0, count: module.noiseSources.count)
    }

    /// [A²/Hz], or [V²/Hz] into a flow's equation.
    func density(_ source: Int, _ frequency: Double) -> Double {
        if frequency != self.frequency {
            self.frequency = frequency
            densities.withUnsafeMutableBufferPointer {
                module.descriptor.pointee.load_noise(block.base, model.block.base, frequency, $0.baseAddress)
            }
        }
        return densities[source]
    }
}
