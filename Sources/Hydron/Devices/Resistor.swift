import SpiceNetlist

/// Linear resistor: i = (v₊ − v₋)/R.
///
///     R(T) = R·scale/m · (1 + tc1·ΔT + tc2·ΔT²),  ΔT = T − tnom          (or R·1.01^(tce·ΔT))
///     R = rsh·(l − narrow)/(w − narrow) from a model's sheet resistance
///
/// ngspice 46 manual, section 3.3.2. A resistance that depends on the solution or on time is a behavioural element.
struct Resistor: Device {
    typealias Gradient = SIMD2<Double>
    /// [S], for all m in parallel at the element's temperature.
    var conductance: Double
    /// [K]
    var temperature: Double
    /// Value on the card [Ω], or what a model makes of the size: before temperature, factors and m.
    var nominal: Double

    static var arity: Int { 2 }
    static var isLinear: Bool { true }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var currentOutput: String? { "i" }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current from n+ to n-"),
        DeviceOutput("r", unit: "Ω", "resistance as the card gives it, before temperature and m"),
        DeviceOutput("p", unit: "W", "power"),
        DeviceOutput("temp", unit: "°C", "temperature of the element"),
        DeviceOutput("reff", unit: "Ω", "resistance at the element's temperature, all m in parallel"),
    ]

    init(conductance: Double, temperature: Double, nominal: Double? = nil) {
        self.conductance = conductance
        self.temperature = temperature
        self.nominal = nominal ?? 1 / conductance
    }

    static var noiseNames: [String] { ["r"] }
    /// A resistor without noise is one at 0 K.
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let thermal = PhysicalConstants.boltzmannOverCharge * temperature
        return temperature == 0 ? [] : [.thermal("r", 0, 1, conductance: conductance, thermal: thermal)]
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Resistor>) {
        stamp.current(from: 0, to: 1, u.voltage(0, 1) * conductance)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = u.values[0] - u.values[1]
        switch index {
        case 0: return v * conductance
        case 1: return nominal
        case 2: return v * v * conductance
        case 3: return temperature - PhysicalConstants.zeroCelsius
        default: return 1 / conductance
        }
    }
}
