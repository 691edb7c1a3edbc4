import SparseSolvers
import SpiceNetlist

/// Elements whose equations are expressions: B, and any value that depends on the solution or on time.
///
/// An element is a list of terms. Each adds a program's value e, times a factor, to two rows: +e to `plus`, −e to
/// `minus` (0 for none), as a current or voltage into f or as a charge or flux into q. Linear parts (the incidence of a
/// branch) are constants beside them. Derivatives come from running the program on ``Dual`` numbers, eight unknowns at
/// a time.
struct BehaviouralEquations: Population {
    struct Term: Sendable {
        enum Kind: Sendable {
            /// Into f [A or V].
            case current
            /// Into q [C or Wb].
            case charge
            /// Into f in time only; in static analyses the row reads "its own unknown = 0" (sdt).
            case integrand
        }
        var program: Program
        var plus: Int32
        var minus: Int32
        var factor: Double
        var kind: Kind
    }
    /// A constant entry of G or C.
    struct LinearEntry: Sendable, BitwiseCopyable {
        var row: Int32
        var column: Int32
        var conductance = 0.0
        var capacitance = 0.0
    }
    struct Element: Sendable {
        var identity: ElementIdentity
        var plus: Int32
        var minus: Int32
        /// 0 where it has none.
        var branch: Int32
        var terms: [Term] = []
        var linear: [LinearEntry] = []
        /// A current can flow in DC.
        var conducts = false
        /// The element's value (resistance, capacitance, …), where it has one to print.
        var value: Program?
        /// A unknown per row that `sdt` keeps at 0 in static analyses.
        var integrals: [Int32] = []
    }
    var elements: [Element] = []

    var count: Int { elements.count }
    var arity: Int { 3 }
    func identity(_ index: Int) -> ElementIdentity { elements[index].identity }
    func unknown(_ local: Int, of element: Int) -> Int32 {
        switch local {
        case 0: elements[element].plus
        case 1: elements[element].minus
        default: elements[element].branch > 0 ? elements[element].branch : -1
        }
    }
    var outputs: [DeviceOutput] { Self.outputTable }
    static let outputTable = [
        DeviceOutput("i", unit: "A", "current from n+ through the element to n-"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("p", unit: "W", "power"),
        DeviceOutput("r", unit: "Ω", "resistance that an expression gives"),
        DeviceOutput("c", unit: "F", "capacitance that an expression gives"),
        DeviceOutput("l", unit: "H", "inductance that an expression gives"),
    ]
    var currentOutput: String? { "i" }
    func makeBatch() -> any ElementBatch { BehaviouralBatch(self) }

    func conductingPairs(of element: Int) -> [(Int, Int)] { elements[element].conducts ? [(0, 1)] : [] }
}

final class BehaviouralBatch: ElementBatch {
    private let elements: [BehaviouralEquations.Element]
    /// All terms, in the elements' order.
    private let terms: [Bound]
    private var slots: [[Int32]] = []
    private let registers8: UnsafeMutablePointer<Dual<SIMD8<Double>>>
    private let registers: UnsafeMutablePointer<Double>

    /// A term with what it needs in the loop.
    private struct Bound {
        var term: BehaviouralEquations.Term
        /// Positions of unknowns among the program's inputs.
        var variables: [Int]
        var unknowns: [Int32]
    }

    init(_ population: BehaviouralEquations) {
        elements = population.elements
        terms = population.elements.flatMap { element in
            element.terms.map { term in
                var variables: [Int] = []
                var unknowns: [Int32] = []
                for (index, input) in term.program.inputs.enumerated() {
                    if case .unknown(let unknown) = input {
                        variables.append(index)
                        unknowns.append(unknown)
                    }
                }
                return Bound(term: term, variables: variables, unknowns: unknowns)
            }
        }
        let values = population.elements.compactMap { $0.value?.registerCount }.max() ?? 1
        let size = max(terms.map { $0.term.program.registerCount }.max() ?? 1, values, 1)
        registers8 = .allocate(capacity: size)
        registers = .allocate(capacity: size)
    }

    deinit {
        registers8.deallocate()
        registers.deallocate()
    }

    var count: Int { elements.count }
    var outputs: [DeviceOutput] { BehaviouralEquations.outputTable }

    func declare(_ pattern: inout PatternBuilder) {
        for element in elements {
            for entry in element.linear where entry.row > 0 && entry.column > 0 {
                pattern.insert(row: Int(entry.row) - 1, column: Int(entry.column) - 1)
            }
            for unknown in element.integrals { pattern.insert(row: Int(unknown) - 1, column: Int(unknown) - 1) }
        }
        for bound in terms {
            for row in [bound.term.plus, bound.term.minus] where row > 0 {
                for column in bound.unknowns where column > 0 {
                    pattern.insert(row: Int(row) - 1, column: Int(column) - 1)
                }
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
        slots = terms.map { bound in
            bound.unknowns.map { slot(bound.term.plus, $0) } + bound.unknowns.map { slot(bound.term.minus, $0) }
        }
        for bound in terms where bound.term.kind == .integrand {
            integralSlots[bound.term.plus] = slot(bound.term.plus, bound.term.plus)
        }
    }

    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        for element in elements {
            for entry in element.linear where entry.row > 0 && entry.column > 0 {
                guard let slot = pattern.slot(row: Int(entry.row) - 1, column: Int(entry.column) - 1) else { continue }
                context.jacobian[slot + 1] += entry.conductance
                context.chargeJacobian[slot + 1] += entry.capacitance
            }
        }
    }

    func load(_ context: LoadContext) -> LoadResult {
        for index in terms.indices {
            if terms[index].term.kind == .integrand, context.conditions.interval == 0 {
                holdIntegral(index, context)
            } else {
                loadTerm(index, context)
            }
        }
        return LoadResult()
    }

    /// In a static analysis an integral is 0.
    private func holdIntegral(_ index: Int, _ context: LoadContext) {
        let term = terms[index].term
        let row = Int(term.plus)
        context.f[row] += context.x[row]
        if let diagonal = integralSlots[term.plus] { context.jacobian[Int(diagonal)] += 1 }
    }
    private var integralSlots: [Int32: Int32] = [:]

    private func loadTerm(_ index: Int, _ context: LoadContext) {
        let bound = terms[index]
        let program = bound.term.program
        let variables = bound.variables
        let isCharge = bound.term.kind == .charge
        let factor = bound.term.factor
        let width = variables.count
        let plus = Int(bound.term.plus)
        let minus = Int(bound.term.minus)
        var first = 0
        var value = 0.0
        repeat {
            let last = min(first + 8, width)
            for (input, source) in program.inputs.enumerated() {
                registers8[input] = Dual(constant: read(source, context.x, context.conditions))
            }
            for lane in first..<last { registers8[variables[lane]].gradient[lane - first] = 1 }
            let result = program.evaluate(registers8)
            value = result.value * factor
            for lane in first..<last {
                let slope = result.gradient[lane - first] * factor
                let up = Int(slots[index][lane])
                let down = Int(slots[index][width + lane])
                if isCharge {
                    context.chargeJacobian[up] += slope * context.alpha
                    context.chargeJacobian[down] -= slope * context.alpha
                } else {
                    context.jacobian[up] += slope
                    context.jacobian[down] -= slope
                }
            }
            first = last
        } while first < width
        if isCharge {
            context.q[plus] += value
            context.q[minus] -= value
            let floor = abs(value * context.alpha) * 1e-6
            context.scale[plus] = max(context.scale[plus], floor)
            context.scale[minus] = max(context.scale[minus], floor)
        } else {
            context.f[plus] += value
            context.f[minus] -= value
            context.scale[plus] = max(context.scale[plus], abs(value))
            context.scale[minus] = max(context.scale[minus], abs(value))
        }
    }

    @inline(__always)
    private func read(_ input: ProgramInput, _ x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        switch input {
        case .unknown(let unknown): x[Int(unknown)]
        case .time: conditions.time
        case .frequency, .sweep, .accumulated: 0
        case .output(let reference, let index):
            outputReader?(reference, Int(index), x, conditions) ?? 0
        }
    }
    /// Gives the quantities of other devices that expressions ask for.
    var outputReader: ((ElementReference, Int, UnsafePointer<Double>, Conditions) -> Double)?

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let item = elements[element]
        let v = x[Int(item.plus)] - x[Int(item.minus)]
        var i = 0.0
        if item.branch > 0 {
            i = x[Int(item.branch)]
        } else {
            for term in item.terms where term.kind == .current && (term.plus == item.plus || term.minus == item.minus) {
                for (index, input) in term.program.inputs.enumerated() {
                    registers[index] = read(input, x, conditions)
                }
                let value = term.program.evaluate(registers) * term.factor
                i += term.plus == item.plus && item.plus != item.minus ? value : -value
            }
        }
        switch index {
        case 0: return i
        case 1: return v
        case 2: return v * i
        default:
            guard let value = item.value else { return .nan }
            for (index, input) in value.inputs.enumerated() { registers[index] = read(input, x, conditions) }
            return value.evaluate(registers)
        }
    }
}
