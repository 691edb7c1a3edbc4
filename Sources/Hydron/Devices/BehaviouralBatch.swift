import SparseSolvers

/// ``BehaviouralEquations`` as numbers.
///
/// Every term knows its columns (the unknowns that its program depends on) and what each adds to the program's inputs:
/// an input that is an unknown counts once; an input that is another device's output counts with its slope by that
/// device's unknowns, taken by central differences. Programs run on duals of 2, 4 or 8 lanes, in chunks of 8 where
/// there are more columns. What depends on time alone is no part of Newton's loop.
final class BehaviouralBatch: ElementBatch {
    private let elements: [BehaviouralEquations.Element]
    private let programs: [Program]
    private var plans: [Plan] = []
    /// Unknowns by which each term is differentiated.
    private var columns: [Int32] = []
    /// For each column its Jacobian slots in the plus and the minus row.
    private var slots: [(plus: Int32, minus: Int32)] = []
    private var seeds: [Seed] = []
    private var watched: [Watched] = []
    private var watchedUnknowns: [Int32] = []
    private var integralSlots: [(row: Int32, slot: Int32, plan: Int)] = []
    private let registers: UnsafeMutablePointer<Double>
    private let registers2: UnsafeMutablePointer<Dual<SIMD2<Double>>>
    private let registers4: UnsafeMutablePointer<Dual<SIMD4<Double>>>
    private let registers8: UnsafeMutablePointer<Dual<SIMD8<Double>>>
    /// Values of watched outputs, then their slopes.
    private var watchedValues: UnsafeMutableBufferPointer<Double>
    /// A copy of x to take differences in.
    private var scratch: UnsafeMutableBufferPointer<Double>
    private var others: [Other] = []

    private struct Other {
        unowned let batch: any ElementBatch
    }

    /// A term in the loop.
    private struct Plan: BitwiseCopyable {
        var program: Int32
        var firstColumn: Int32 = 0
        var columnCount: Int32 = 0
        var firstSeed: Int32 = 0
        var seedCount: Int32 = 0
        var plus: Int32
        var minus: Int32
        var factor: Double
        var isCharge: Bool
        var isIntegrand: Bool
        /// Neither an unknown nor another device's output takes part: an excitation.
        var isExcitation = false
        var columnRange: Range<Int> { Int(firstColumn)..<Int(firstColumn + columnCount) }
    }

    /// Input `input` changes with column `column`; by 1, or as the slope of a watched output.
    private struct Seed: BitwiseCopyable {
        var column: Int32
        var input: Int32
        var slope: Int32
    }

    /// An output of another device that programs ask for.
    private struct Watched {
        var reference: ElementReference
        var index: Int32
        /// Its unknowns in `watchedUnknowns`; its slopes stand at the same places behind all values.
        var first: Int
        var count: Int
    }

    init(_ population: BehaviouralEquations) {
        elements = population.elements
        var programs: [Program] = []
        for element in elements {
            for term in element.terms {
                plans.append(
                    Plan(
                        program: Int32(programs.count), plus: term.plus, minus: term.minus, factor: term.factor,
                        isCharge: term.kind == .charge, isIntegrand: term.kind == .integrand))
                programs.append(term.program)
            }
        }
        self.programs = programs
        let size = max(programs.map(\.registerCount).max() ?? 1, 1)
        registers = .allocate(capacity: size)
        registers2 = .allocate(capacity: size)
        registers4 = .allocate(capacity: size)
        registers8 = .allocate(capacity: size)
        watchedValues = .allocate(capacity: 0)
        scratch = .allocate(capacity: 0)
        plan()
    }

    deinit {
        registers.deallocate()
        registers2.deallocate()
        registers4.deallocate()
        registers8.deallocate()
        watchedValues.deallocate()
        scratch.deallocate()
    }

    var count: Int { elements.count }
    var dependsOnFrequency: Bool {
        programs.contains { $0.inputs.contains { if case .frequency = $0 { true } else { false } } }
    }
    var isLinear: Bool { plans.allSatisfy(\.isExcitation) }
    var outputs: [DeviceOutput] { BehaviouralEquations.outputTable }

    // MARK: - Making

    /// Finds columns and seeds of every term.
    private func plan() {
        columns = []
        seeds = []
        for index in plans.indices {
            let program = programs[Int(plans[index].program)]
            var own: [Int32] = []
            var places: [Int32: Int32] = [:]
            func column(_ unknown: Int32) -> Int32 {
                if let known = places[unknown] { return known }
                let place = Int32(own.count)
                places[unknown] = place
                own.append(unknown)
                return place
            }
            plans[index].firstColumn = Int32(columns.count)
            plans[index].firstSeed = Int32(seeds.count)
            var dependsOnOutputs = false
            for (input, source) in program.inputs.enumerated() {
                switch source {
                case .unknown(let unknown):
                    seeds.append(Seed(column: column(unknown), input: Int32(input), slope: -1))
                case .output(let reference, let output):
                    dependsOnOutputs = true
                    guard let watched = watched.first(where: { $0.reference == reference && $0.index == output })
                    else { continue }
                    for place in watched.first..<(watched.first + watched.count) {
                        let unknown = watchedUnknowns[place]
                        seeds.append(Seed(column: column(unknown), input: Int32(input), slope: Int32(place)))
                    }
                case .time, .frequency, .sweep, .accumulated, .rate, .random, .noise: break
                }
            }
            columns += own
            plans[index].columnCount = Int32(own.count)
            plans[index].seedCount = Int32(seeds.count) - plans[index].firstSeed
            plans[index].isExcitation =
                own.isEmpty && !dependsOnOutputs && !plans[index].isCharge && !plans[index].isIntegrand
        }
    }

    func connect(_ batches: [any ElementBatch], unknownCount: Int) {
        others = batches.map { Other(batch: $0) }
        watched = []
        watchedUnknowns = []
        for program in programs {
            for case .output(let reference, let index) in program.inputs
            where !watched.contains(where: { $0.reference == reference && $0.index == index }) {
                let found = dependencies(of: reference)
                watched.append(
                    Watched(reference: reference, index: index, first: watchedUnknowns.count, count: found.count))
                watchedUnknowns += found
            }
        }
        guard !watched.isEmpty else { return }
        watchedValues.deallocate()
        watchedValues = .allocate(capacity: watched.count + watchedUnknowns.count)
        watchedValues.initialize(repeating: 0)
        scratch.deallocate()
        scratch = .allocate(capacity: unknownCount)
        scratch.initialize(repeating: 0)
        plan()
    }

    private func dependencies(of reference: ElementReference) -> [Int32] {
        guard Int(reference.population) < others.count else { return [] }
        var found: [Int32] = []
        for unknown in others[Int(reference.population)].batch.dependencies(element: Int(reference.index))
        where unknown > 0 && !found.contains(unknown) { found.append(unknown) }
        return found
    }

    func dependencies(element: Int) -> [Int32] {
        let item = elements[element]
        var found = [item.plus, item.minus, item.branch]
        for program in item.terms.map(\.program) + (item.value.map { [$0] } ?? []) {
            found += program.unknownInputs
            for case .output(let reference, _) in program.inputs { found += dependencies(of: reference) }
        }
        return found
    }

    func declare(_ pattern: inout PatternBuilder) {
        for element in elements {
            for entry in element.linear where entry.row > 0 && entry.column > 0 {
                pattern.insert(row: Int(entry.row) - 1, column: Int(entry.column) - 1)
            }
            for unknown in element.integrals { pattern.insert(row: Int(unknown) - 1, column: Int(unknown) - 1) }
        }
        for plan in plans {
            for column in columns[plan.columnRange] where column > 0 {
                if plan.plus > 0 { pattern.insert(row: Int(plan.plus) - 1, column: Int(column) - 1) }
                if plan.minus > 0 { pattern.insert(row: Int(plan.minus) - 1, column: Int(column) - 1) }
            }
        }
    }

    func bind(_ pattern: SparsityPattern) {
        func slot(_ row: Int32, _ column: Int32) -> Int32 {
            guard row > 0, column > 0, let found = pattern.slot(row: Int(row) - 1, column: Int(column) - 1) else {
                return 0
            }
            return Int32(found) + 1
        }
        slots = []
        integralSlots = []
        for (index, plan) in plans.enumerated() {
            for column in columns[plan.columnRange] {
                slots.append((slot(plan.plus, column), slot(plan.minus, column)))
            }
            if plan.isIntegrand { integralSlots.append((plan.plus, slot(plan.plus, plan.plus), index)) }
        }
    }

    // MARK: - Loading

    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        for element in elements {
            for entry in element.linear where entry.row > 0 && entry.column > 0 {
                guard let slot = pattern.slot(row: Int(entry.row) - 1, column: Int(entry.column) - 1) else { continue }
                context.jacobian[slot + 1] += entry.conductance
                context.chargeJacobian[slot + 1] += entry.capacitance
            }
        }
    }

    func loadSources(_ context: SourceContext) {
        // Small signals come from `ac` magnitudes alone; an expression has none.
        if case .smallSignal = context.mode { return }
        for plan in plans where plan.isExcitation {
            let program = programs[Int(plan.program)]
            for (input, source) in program.inputs.enumerated() { registers[input] = source == .time ? context.time : 0 }
            let value = program.evaluate(registers) * plan.factor * context.factor
            context.f[Int(plan.plus)] += value
            context.f[Int(plan.minus)] -= value
        }
    }

    func load(_ context: LoadContext) -> LoadResult {
        if !watched.isEmpty { watch(context) }
        let isStatic = context.conditions.interval == 0 && context.alpha == 0
        for plan in plans where !plan.isExcitation && !(isStatic && plan.isIntegrand) {
            switch plan.columnCount {
            case 0: loadConstant(plan, context)
            case 1...2: load(plan, context, registers2)
            case 3...4: load(plan, context, registers4)
            default: load(plan, context, registers8)
            }
        }
        // In a static analysis an integral is 0.
        if isStatic {
            for (row, slot, _) in integralSlots {
                context.f[Int(row)] += context.x[Int(row)]
                context.jacobian[Int(slot)] += 1
            }
        }
        return LoadResult()
    }

    private func loadConstant(_ plan: Plan, _ context: LoadContext) {
        let program = programs[Int(plan.program)]
        for (input, source) in program.inputs.enumerated() { registers[input] = read(source, context) }
        add(program.evaluate(registers) * plan.factor, plan, context)
    }

    @inline(__always)
    private func load<Gradient: SIMD>(
        _ plan: Plan, _ context: LoadContext, _ registers: UnsafeMutablePointer<Dual<Gradient>>
    ) where Gradient: BitwiseCopyable, Gradient.Scalar == Double {
        let program = programs[Int(plan.program)]
        let lanes = Gradient.scalarCount
        let width = Int(plan.columnCount)
        var first = 0
        var value = 0.0
        repeat {
            let last = min(first + lanes, width)
            for (input, source) in program.inputs.enumerated() {
                registers[input] = Dual(constant: read(source, context))
            }
            for place in Int(plan.firstSeed)..<Int(plan.firstSeed + plan.seedCount) {
                let seed = seeds[place]
                let lane = Int(seed.column) - first
                guard lane >= 0, lane < lanes else { continue }
                registers[Int(seed.input)].gradient[lane] +=
                    seed.slope < 0 ? 1 : watchedValues[watched.count + Int(seed.slope)]
            }
            let result = program.evaluate(registers)
            value = result.value * plan.factor
            let target = plan.isCharge ? context.chargeJacobian : context.jacobian
            let factor = plan.isCharge ? plan.factor * context.alpha : plan.factor
            for column in first..<last {
                let slope = result.gradient[column - first] * factor
                let slot = slots[Int(plan.firstColumn) + column]
                target[Int(slot.plus)] += slope
                target[Int(slot.minus)] -= slope
            }
            first = last
        } while first < width
        add(value, plan, context)
    }

    @inline(__always) private func add(_ value: Double, _ plan: Plan, _ context: LoadContext) {
        let plus = Int(plan.plus)
        let minus = Int(plan.minus)
        let target = plan.isCharge ? context.q : context.f
        target[plus] += value
        target[minus] -= value
        let size = plan.isCharge ? abs(value * context.alpha) * 1e-6 : abs(value)
        context.scale[plus] = max(context.scale[plus], size)
        context.scale[minus] = max(context.scale[minus], size)
    }

    @inline(__always) private func read(_ input: ProgramInput, _ context: LoadContext) -> Double {
        switch input {
        case .unknown(let unknown): context.x[Int(unknown)]
        case .time: context.conditions.time
        case .output(let reference, let index): value(of: reference, index)
        case .frequency: context.conditions.frequency
        case .sweep, .accumulated, .rate, .random, .noise: 0
        }
    }

    private func value(of reference: ElementReference, _ index: Int32) -> Double {
        for (place, item) in watched.enumerated() where item.reference == reference && item.index == index {
            return watchedValues[place]
        }
        return 0
    }

    /// Reads the outputs of other devices at x, and their slopes.
    private func watch(_ context: LoadContext) {
        guard let x = scratch.baseAddress else { return }
        x.update(from: context.x, count: scratch.count)
        for (place, item) in watched.enumerated() {
            let batch = others[Int(item.reference.population)].batch
            func output() -> Double {
                let value = batch.output(
                    Int(item.index), element: Int(item.reference.index), x: UnsafePointer(x), context.conditions)
                return value.isFinite ? value : 0
            }
            watchedValues[place] = output()
            for position in item.first..<(item.first + item.count) {
                let unknown = Int(watchedUnknowns[position])
                let center = x[unknown]
                // The cube root of the rounding error balances it with the error of the difference.
                let step = 6e-6 * max(abs(center), 1e-2)
                x[unknown] = center + step
                let above = output()
                x[unknown] = center - step
                let below = output()
                x[unknown] = center
                watchedValues[watched.count + position] = (above - below) / (2 * step)
            }
        }
    }

    // MARK: - Time and outputs

    func nextBreakpoint(after time: Double) -> Double {
        var next = Double.infinity
        for program in programs where !program.timeBreaks.isEmpty {
            next = min(next, program.timeBreaks.next(after: time))
        }
        return next
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let item = elements[element]
        let v = x[Int(item.plus)] - x[Int(item.minus)]
        func sum(_ kind: BehaviouralEquations.Term.Kind) -> Double {
            var sum = 0.0
            for term in item.terms where term.kind == kind && (term.plus == item.plus || term.minus == item.minus) {
                let value = evaluate(term.program, x, conditions) * term.factor
                sum += term.plus == item.plus && item.plus != item.minus ? value : -value
            }
            return sum
        }
        func current() -> Double { item.branch > 0 ? x[Int(item.branch)] : sum(.current) }
        switch index {
        case 0: return current()
        case 1: return v
        case 2: return v * current()
        case 6: return item.temperature.map { evaluate($0, x, conditions) } ?? .nan
        case 7: return item.branch > 0 ? 0 : sum(.charge)
        default: return item.value.map { evaluate($0, x, conditions) } ?? .nan
        }
    }

    /// The program's value; its registers are its own, since an output may ask for another output.
    private func evaluate(_ program: Program, _ x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(program.registerCount, 1)) { buffer in
            guard let registers = buffer.baseAddress else { return .nan }
            for (place, input) in program.inputs.enumerated() {
                switch input {
                case .unknown(let unknown): registers[place] = x[Int(unknown)]
                case .time: registers[place] = conditions.time
                case .frequency: registers[place] = conditions.frequency
                case .output(let reference, let index):
                    let population = Int(reference.population)
                    registers[place] =
                        population < others.count
                        ? others[population].batch.output(
                            Int(index), element: Int(reference.index), x: x, conditions) : 0
                case .sweep, .accumulated, .rate, .random, .noise: registers[place] = 0
                }
            }
            return program.evaluate(registers)
        }
    }
}
