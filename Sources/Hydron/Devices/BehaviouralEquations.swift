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
        /// Its temperature [°C], where that is its own.
        var temperature: Program?
        /// An unknown per row that `sdt` keeps at 0 in static analyses.
        var integrals: [Int32] = []
    }
    var elements: [Element] = []

    /// Whether an element is given by a capacitance that is an expression: it has a rate of charge, and no charge.
    func hasCapacitanceAlone(_ element: Int) -> Bool {
        elements[element].value != nil && elements[element].branch == 0 && !elements[element].conducts
            && !elements[element].terms.contains { $0.kind == .charge }
    }

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
        DeviceOutput("i", unit: "A", "current from n+ through the element to n-", withRateOf: "q"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("p", unit: "W", "power", product: ("v", "i")),
        DeviceOutput("r", unit: "Ω", "resistance that an expression gives"),
        DeviceOutput("c", unit: "F", "capacitance that an expression gives"),
        DeviceOutput("l", unit: "H", "inductance that an expression gives"),
        DeviceOutput("temp", unit: "°C", "temperature of an element that heats itself"),
        DeviceOutput("q", unit: "C", "charge that an expression gives"),
    ]
    var currentOutput: String? { "i" }
    func makeBatch() -> any ElementBatch { BehaviouralBatch(self) }

    func conductingPairs(of element: Int) -> [(Int, Int)] { elements[element].conducts ? [(0, 1)] : [] }

    func controlledCurrents(of element: Int) -> [(Int32, Int32)] {
        elements[element].terms.compactMap { term in
            let isControlled = term.program.inputs.contains { $0 != .time }
            return term.kind == .current && isControlled ? (term.plus, term.minus) : nil
        }
    }

    func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)] {
        var found: [(Int32, Int32)] = []
        for term in elements[element].terms where term.kind == .current {
            for input in term.program.inputs {
                switch input {
                case .unknown(let unknown): found.append((unknown, 0))
                case .output(let reference, _):
                    let other = circuit.populations[Int(reference.population)]
                    for local in 0..<other.arity {
                        let unknown = other.unknown(local, of: Int(reference.index))
                        if unknown > 0 { found.append((unknown, 0)) }
                    }
                case .time, .frequency, .sweep, .accumulated, .rate, .random, .noise: break
                }
            }
        }
        return found
    }
}
