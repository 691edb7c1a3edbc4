import Glibc

/// Junction diode with a series resistance, SPICE level 1 and PSpice's level 2.
///
///     a ── rs ── x ──▷|── k            v = v(x) − v(k)
///
///     Level 1 (Berkeley)
///     i = is (e^(v/(n vt)) − 1)                          v ≥ −3 n vt
///     i = −is (1 + (3 n vt/(e v))³)                      −xbv ≤ v < −3 n vt
///     i = −is e^(−(xbv + v)/(nbv vt))                    v < −xbv;  xbv such that i(−bv) = −ibv
///     i ← i + jsw·pj (e^(v/(ns vt)) − 1) where the periphery has an emission coefficient ns of its own
///     i ← i/(1 + √(i/ikf)) for i > 0 where ikf is given; the same with ikr for −i, in breakdown too
///
///     Level 2 (PSpice)
///     i = is (e^(v/(n vt)) − 1) √(ikf/(ikf + i₁)) − ibv e^(−(bv + v)/(nbv vt)) − ibvl e^(−(bv + v)/(nbvl vt))
///
///     both: + isr (e^(v/(nr vt)) − 1) ((1 − v/vj)² + 0.005)^(m/2) + gmin v
///     q = tt·i + depletion charges of area and periphery (``DepletionCharge``)
///
/// A. Vladimirescu, The SPICE Book, 1994; Xyce Reference Guide, "Diode". Where rs = 0 the nodes a and x are one.
struct Diode: LimitedDevice {
    typealias Gradient = SIMD4<Double>

    /// Of area and periphery together, at the diode's temperature [A].
    var saturation: Double
    /// n vt [V]
    var thermal: Double
    var inverseThermal: Double
    /// 1/rs [S]; 0 where x is a.
    var seriesConductance: Double
    var depletion: DepletionCharge
    var sidewall: DepletionCharge
    /// [s]
    var transitTime: Double
    var law: Law
    var breakdown = Breakdown()
    var secondOrder = SecondOrder()
    /// k T/q [V]
    var temperatureVoltage = 0.0
    var flicker = FlickerNoise()
    /// Voltage [V] above which steps of Newton's iteration are limited.
    var criticalVoltage: Double
    /// `off`: the first iteration begins at 0 V.
    var startsOff = false
    /// `ic=` [V]; NaN where none is given.
    var initialVoltage = Double.nan

    enum Law: UInt8, BitwiseCopyable, Sendable { case berkeley, pspice }

    struct Breakdown: BitwiseCopyable, Sendable {
        /// [V]; infinity for none.
        var voltage = Double.infinity
        /// xbv of Berkeley's law [V]; bv of PSpice's.
        var matched = Double.infinity
        /// nbv vt [V]
        var thermal = 1.0
        /// ibv [A], for PSpice's law.
        var current = 0.0
        /// ibvl [A]
        var lowCurrent = 0.0
        /// nbvl vt [V]
        var lowThermal = 1.0
    }

    /// High injection and recombination.
    struct SecondOrder: BitwiseCopyable, Sendable {
        /// True where anything here counts.
        var isGiven = false
        /// ikf [A]; infinity for none.
        var knee = Double.infinity
        /// ikr [A]; infinity for none.
        var reverseKnee = Double.infinity
        /// Saturation current [A] of a periphery with an emission coefficient of its own, and ns vt [V].
        var edgeSaturation = 0.0
        var edgeThermal = 1.0
        /// isr [A]
        var recombination = 0.0
        /// nr vt [V]
        var recombinationThermal = 1.0
        /// vj [V]
        var potential = 1.0
        /// m/2
        var halfGrading = 0.25

        /// `i` [A] above its knee.
        func highInjection<R: DifferentiableReal>(_ i: R, _ law: Law) -> R {
            if reverseKnee < .infinity, i.value < 0 { return i / (sqrt(-i / reverseKnee) + 1) }
            guard knee < .infinity, i.value > 0 else { return i }
            switch law {
            case .berkeley: return i / (sqrt(i / knee) + 1)
            case .pspice: return i * sqrt(knee / (i + knee))
            }
        }

        /// Of the periphery [A].
        func edge<R: DifferentiableReal>(_ v: R) -> R {
            guard edgeSaturation > 0 else { return R(constant: 0) }
            return IdealJunction.current(v, saturation: edgeSaturation, thermal: edgeThermal)
        }

        /// [A]
        func recombination<R: DifferentiableReal>(_ v: R) -> R {
            guard recombination > 0 else { return R(constant: 0) }
            let depth = 1 - v / potential
            let generation = pow(depth * depth + 0.005, halfGrading)
            return (Diode.exponential(v / recombinationThermal) - 1) * generation * recombination
        }
    }

    static var arity: Int { 3 }
    static var followsTangents: Bool { true }
    var finestVoltage: Double {
        var finest = thermal
        if breakdown.voltage < .infinity { finest = min(finest, breakdown.thermal) }
        if breakdown.lowCurrent > 0 { finest = min(finest, breakdown.lowThermal) }
        if secondOrder.edgeSaturation > 0 { finest = min(finest, secondOrder.edgeThermal) }
        if secondOrder.recombination > 0 { finest = min(finest, secondOrder.recombinationThermal) }
        return finest
    }
    /// All but anode–cathode; a literal, for this is asked for in the innermost loop.
    static var couplings: Couplings { Couplings(bits: 0b111 << 16 | 0b110 << 8 | 0b101) }
    static var conductingPairs: [(Int, Int)] { [(0, 2), (2, 1)] }
    static var currentOutput: String? { "i" }
    static let outputs = [
        DeviceOutput("i", unit: "A", "current from anode to cathode", withRateOf: "qd"),
        DeviceOutput("id", unit: "A", "direct current of the junction"),
        DeviceOutput("vd", unit: "V", "voltage of the junction"),
        DeviceOutput("gd", unit: "S", "conductance of the junction"),
        DeviceOutput("cd", unit: "F", "capacitance of the junction"),
        DeviceOutput("qd", unit: "C", "charge of the junction"),
        DeviceOutput("p", unit: "W", "power", product: ("v", "i")),
        DeviceOutput("v", unit: "V", "voltage from anode to cathode"),
    ]

    // MARK: - Equations

    /// e^a, continued as a straight line where it would soon overflow.
    @inline(__always) private static func exponential<R: DifferentiableReal>(_ a: R) -> R {
        guard a.value > 200 else { return exp(a) }
        let limit = 7.225973768125749e86
        return (a - 199) * limit
    }

    /// Current [A] of the junction without gmin.
    @inline(__always) func current<R: DifferentiableReal>(_ v: R) -> R {
        var i: R
        switch law {
        case .berkeley:
            if v.value >= -3 * thermal {
                i = (Self.exponential(v * inverseThermal) - 1) * saturation
                if secondOrder.isGiven { i = secondOrder.highInjection(i + secondOrder.edge(v), law) }
            } else if v.value >= -breakdown.voltage {
                let ratio = (3 * thermal / 2.718281828459045) / v
                i = (ratio * ratio * ratio + 1) * -saturation
                if secondOrder.isGiven { i = secondOrder.highInjection(i + secondOrder.edge(v), law) }
            } else {
                i = Self.exponential((v + breakdown.matched) * (-1 / breakdown.thermal)) * -saturation
                if secondOrder.isGiven { i = secondOrder.highInjection(i + secondOrder.edge(v), law) }
            }
        case .pspice:
            i = (Self.exponential(v * inverseThermal) - 1) * saturation
            if secondOrder.isGiven { i = secondOrder.highInjection(i + secondOrder.edge(v), law) }
            if breakdown.voltage < .infinity {
                let over = v + breakdown.voltage
                i = i - Self.exponential(over * (-1 / breakdown.thermal)) * breakdown.current
                if breakdown.lowCurrent > 0 {
                    i = i - Self.exponential(over * (-1 / breakdown.lowThermal)) * breakdown.lowCurrent
                }
            }
        }
        return secondOrder.isGiven ? i + secondOrder.recombination(v) : i
    }

    /// Charge [C] of the junction whose current is `i`.
    @inline(__always) func charge<R: DifferentiableReal>(_ v: R, _ i: R) -> R {
        var q = i * transitTime
        if depletion.capacitance != 0 { q = q + depletion(v) }
        if sidewall.capacitance != 0 { q = q + sidewall(v) }
        return q
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Diode>) {
        let voltage = u.voltage(2, 1)
        // All depends on one voltage: differentiate by it alone, then apply the chain rule once.
        let v = Dual<SIMD2<Double>>(variable: voltage.value, lane: 0)
        let i = current(v)
        let total = i + v * u.conditions.gmin
        let junction = voltage.applying(value: total.value, derivative: total.gradient[0])
        stamp.current(1, -junction)
        if seriesConductance != 0 {
            let series = u.voltage(0, 2) * seriesConductance
            stamp.current(0, series)
            stamp.current(2, junction - series)
        } else {
            stamp.current(2, junction)
        }
        if transitTime != 0 || depletion.capacitance != 0 || sidewall.capacitance != 0 {
            let q = charge(v, i)
            stamp.charge(between: 2, and: 1, voltage.applying(value: q.value, derivative: q.gradient[0]))
        }
    }

    static let noiseNames = ["rs", "id", "fn"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let i = current(u.values[2] - u.values[1])
        return [
            .thermal("rs", 0, 2, conductance: seriesConductance, thermal: temperatureVoltage),
            .shot("id", 2, 1, current: i), flicker.source("fn", 2, 1, current: i),
        ]
    }

    // MARK: - Path of Newton's iteration

    @inline(__always) func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        var v = u[2] - u[1]
        let before = previous[2] - previous[1]
        let isLimited: Bool
        if breakdown.voltage < .infinity, v < min(0, 10 * breakdown.thermal - breakdown.matched) {
            // Behind the breakdown the junction is a diode the other way round.
            var reverse = -(v + breakdown.matched)
            isLimited = JunctionLimiting.limit(
                &reverse, previous: -(before + breakdown.matched), thermal: breakdown.thermal,
                critical: criticalVoltage)
            v = -(reverse + breakdown.matched)
        } else {
            isLimited = JunctionLimiting.limit(&v, previous: before, thermal: thermal, critical: criticalVoltage)
        }
        if isLimited { u[2] = u[1] + v }
        return isLimited
    }

    @inline(__always) func startingPoint(_ u: Gradient) -> Gradient {
        var point = u
        point[2] = u[1] + (startsOff || !criticalVoltage.isFinite ? 0 : criticalVoltage)
        return point
    }

    // MARK: - Outputs and initial conditions

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        let v = Dual<SIMD2<Double>>(variable: u.values[2] - u.values[1], lane: 0)
        let i = current(v)
        let total = i + v * conditions.gmin
        switch index {
        case 0, 1: return total.value
        case 2: return v.value
        case 3: return total.gradient[0]
        case 4: return charge(v, i).gradient[0]
        case 5: return charge(v, i).value
        case 6: return (u.values[0] - u.values[1]) * total.value
        default: return u.values[0] - u.values[1]
        }
    }

    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        guard !initialVoltage.isNaN else { return .zero }
        let v = u[2] - u[1]
        let missing = charge(initialVoltage, current(initialVoltage)) - charge(v, current(v))
        return [0, -missing, missing, 0]
    }
}
