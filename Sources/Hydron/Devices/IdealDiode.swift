import SpiceNetlist

/// LTspice's idealised diode: straight lines for off, on and breakdown, with quadratic pieces between them where wanted.
///
///     i = v/roff                                             −vrev … vfwd
///     i = v/roff + (1/ron − 1/roff) (v − vfwd)²/(2 epsilon)  … vfwd + epsilon
///     i = i(there) + (v − vfwd − epsilon)/ron                above
///
/// and alike below −vrev. A limit L of the current replaces the last line by (L − i₀) tanh((v − v₀)/(ron (L − i₀))) + i₀,
/// which begins with the same slope. LTspice's help, "D. Diode".
struct IdealDiode: Device {
    typealias Gradient = SIMD2<Double>
    /// [S]
    var off: Double
    var forward: Branch
    var reverse: Branch

    /// One side of the characteristic, voltages and currents counted as positive on it.
    struct Branch: BitwiseCopyable, Sendable {
        /// Where it begins [V]; infinity for never.
        var threshold: Double
        /// [S]
        var conductance: Double
        /// Of the quadratic piece [V].
        var width: Double
        /// [A]
        var limit: Double
    }

    static var arity: Int { 2 }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current from anode to cathode"),
        DeviceOutput("v", unit: "V", "voltage from anode to cathode"),
        DeviceOutput("gd", unit: "S", "differential conductance"),
        DeviceOutput("p", unit: "W", "power taken"),
    ]
    static var currentOutput: String? { "i" }

    /// What a branch carries beyond the off state at a voltage `v` above its threshold [A].
    private func current<R: DifferentiableReal>(_ v: R, _ branch: Branch) -> R {
        let step = branch.conductance - off
        let x = v - branch.threshold
        if x.value <= branch.width {
            return x * x * (branch.width > 0 ? 0.5 * step / branch.width : 0) + v * off
        }
        let start = 0.5 * step * branch.width + (branch.threshold + branch.width) * off
        let line = (x - branch.width) * branch.conductance
        let room = branch.limit - start
        guard room.isFinite, room > 0 else { return line + start }
        return tanh(line * (1 / room)) * room + start
    }

    private func current<R: DifferentiableReal>(_ v: R) -> R {
        if v.value > forward.threshold { return current(v, forward) }
        if -v.value > reverse.threshold { return -current(-v, reverse) }
        return v * off
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<IdealDiode>) {
        stamp.current(from: 0, to: 1, current(u.voltage(0, 1)))
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let i = current(u.voltage(0, 1))
        let v = u.values[0] - u.values[1]
        switch index {
        case 0: return i.value
        case 1: return v
        case 2: return i.gradient[0]
        default: return v * i.value
        }
    }

    enum Model: Int, ParameterKey {
        case ron, roff, vfwd, vrev, rrev, ilimit, revilimit, epsilon, revepsilon

        var parameter: Parameter {
            switch self {
            case .ron: Parameter("ron", unit: "Ω", default: 1, .positive, "idealised diode: resistance when on")
            case .roff:
                Parameter("roff", unit: "Ω", default: 1e12, .positive, "idealised diode: resistance when off")
            case .vfwd: Parameter("vfwd", unit: "V", default: 0, .any, "idealised diode: voltage at which it turns on")
            case .vrev:
                Parameter(
                    "vrev", unit: "V", default: .infinity, .nonNegative, "idealised diode: breakdown voltage")
            case .rrev:
                Parameter(
                    "rrev", unit: "Ω", default: nil, .nonNegative, "idealised diode: resistance in breakdown, else ron")
            case .ilimit:
                Parameter("ilimit", unit: "A", default: .infinity, .positive, "idealised diode: largest current")
            case .revilimit:
                Parameter(
                    "revilimit", unit: "A", default: .infinity, .positive,
                    "idealised diode: largest current in breakdown")
            case .epsilon:
                Parameter(
                    "epsilon", unit: "V", default: 0, .nonNegative, "idealised diode: width of the knee behind vfwd")
            case .revepsilon:
                Parameter(
                    "revepsilon", unit: "V", default: 0, .nonNegative,
                    "idealised diode: width of the knee behind vrev")
            }
        }
    }

    /// Whether a model of type `d` is one of these: any of its resistances and thresholds is given, and (but in LTspice)
    /// no saturation current.
    static func isMeant(by model: ModelCard, _ dialect: Dialect) -> Bool {
        ["ron", "roff", "vfwd", "vrev", "rrev"].contains(where: model.gives)
            && (dialect == .ltspice || !model.gives("is"))
    }

    /// - Parameter area: diodes in parallel.
    static func add(_ card: ElementCard, _ anode: Int32, _ cathode: Int32, _ model: ModelCard, area: Double) {
        let values = model.values(Model.self)
        let on = area / values[.ron]
        let breakdown = values.given(.rrev, else: 0)
        card.builder.add(
            IdealDiode(
                off: area / values[.roff],
                forward: Branch(
                    threshold: values[.vfwd], conductance: on, width: values[.epsilon],
                    limit: values[.ilimit] * area),
                reverse: Branch(
                    threshold: values[.vrev], conductance: breakdown > 0 ? area / breakdown : on,
                    width: values[.revepsilon], limit: values[.revilimit] * area)),
            anode, cathode, identity: card.identity)
    }
}
