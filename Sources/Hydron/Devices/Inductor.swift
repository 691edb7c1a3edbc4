import SpiceNetlist

/// Linear inductor: v₊ − v₋ = d(L i)/dt with the branch current i from n+ to n- as an unknown.
///
///     L(T) = L·scale/m · (1 + tc1·ΔT + tc2·ΔT²),  ΔT = T − tnom
///
/// ngspice 46 manual, section 3.3.10. Coupled inductors add their mutual flux with a ``MutualInductance``.
struct Inductor: Device {
    typealias Gradient = SIMD4<Double>
    /// [H], for all m in parallel at the element's temperature.
    var inductance: Double
    /// How many of them in parallel `inductance` stands for.
    var parallelCount = 1.0
    /// What couples this inductor to others.
    var coupling = Coupling.none
    /// Current at which a transient starts from given conditions [A]; NaN where the card says nothing.
    var initialCurrent = Double.nan

    enum Coupling: Sendable, BitwiseCopyable {
        case none
        /// Linear: its flux gets a share of other inductors' currents.
        case mutual
        /// It is a winding of this many turns on a ``MagneticCore``, whose flux is its own: `inductance` is 0.
        case core(turns: Double)
    }

    static let branch = 2
    static var arity: Int { 3 }
    static var isLinear: Bool { true }
    static let couplings = Couplings([branch], [branch], [0, 1, branch])
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var voltageDefinedPairs: [(Int, Int)] { [(0, 1)] }
    static var isFluxDefined: Bool { true }
    static var branchUnknown: Int? { branch }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current from n+ to n-"),
        DeviceOutput("l", unit: "H", "inductance at the element's temperature; turns of a winding on a core"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("flux", unit: "Wb", "flux of the inductor's own current"),
        DeviceOutput("e", unit: "J", "energy stored by the inductor's own current"),
        DeviceOutput("p", unit: "W", "power"),
    ]

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Inductor>) {
        let i = u[Self.branch]
        stamp.current(from: 0, to: 1, i)
        stamp.current(Self.branch, u.voltage(0, 1))
        stamp.charge(Self.branch, i * -inductance)
    }

    func condition(_ unknown: (Int) -> Int32) -> DeviceCondition? {
        initialCurrent.isNaN ? nil : .current(unknown(Self.branch), initialCurrent)
    }

    /// The flux L i, also that of mutual inductances, is linear in the branch currents and follows them.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        if !initialCurrent.isNaN { u[Self.branch] = initialCurrent }
        return .zero
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values[0] - u.values[1]
        let i = u.values[Self.branch]
        switch index {
        case 0: return i
        case 1: if case .core(let turns) = coupling { return turns } else { return inductance }
        case 2: return v
        case 3: return inductance * i
        case 4: return 0.5 * inductance * i * i
        default: return v * i
        }
    }
}
