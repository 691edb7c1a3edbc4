import SpiceNetlist

/// Linear capacitor: q = C (v₊ − v₋).
///
///     C(T) = C·scale·m · (1 + tc1·ΔT + tc2·ΔT²),  ΔT = T − tnom
///     C = cj·(l − short)·(w − narrow) + 2·cjsw·(l − short + w − narrow)     from a model and the size
///     C·(1 − d·log₁₀(age))                                                  ageing, age in hours (Xyce)
///
/// ngspice 46 manual, section 3.3.6; Xyce reference guide, "Capacitor". A capacitance or charge that depends on the
/// solution is a behavioural element.
struct Capacitor: Device {
    typealias Gradient = SIMD2<Double>
    /// [F], for all m in parallel at the element's temperature.
    var capacitance: Double
    /// Voltage at which a transient starts from given conditions [V]; NaN where the card says nothing.
    var initialVoltage = Double.nan

    static var arity: Int { 2 }
    static var isLinear: Bool { true }
    static var conductingPairs: [(Int, Int)] { [] }
    static let outputs = [
        DeviceOutput("c", unit: "F", "capacitance at the element's temperature"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("q", unit: "C", "charge"),
        DeviceOutput("e", unit: "J", "stored energy"),
        DeviceOutput("i", unit: "A", "current from n+ to n-", withRateOf: "q"),
        DeviceOutput("p", unit: "W", "power taken", product: ("v", "i")),
    ]
    static var currentOutput: String? { "i" }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Capacitor>) {
        stamp.charge(between: 0, and: 1, u.voltage(0, 1) * capacitance)
    }

    func condition(_ unknown: (Int) -> Int32) -> DeviceCondition? {
        initialVoltage.isNaN ? nil : .voltage(unknown(0), unknown(1), initialVoltage)
    }

    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        guard !initialVoltage.isNaN else { return .zero }
        let missing = capacitance * (initialVoltage - (u[0] - u[1]))
        return Gradient(missing, -missing)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values[0] - u.values[1]
        switch index {
        case 0: return capacitance
        case 1: return v
        case 2: return capacitance * v
        case 3: return 0.5 * capacitance * v * v
        default: return 0
        }
    }
}
