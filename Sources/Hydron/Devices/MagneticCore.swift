import SpiceNetlist

/// A magnetic core with hysteresis: what the windings on it have in common.
///
/// Two unknowns of its own tie the windings together, the applied field H [A/m] and the flux density B [T]:
///
///     H − Σ N i/ℓ = 0                        each ``Winding`` adds its term
///     B − µ0 (H + (1 − γ) M(H)) = 0
///     v − d(N A B)/dt = 0                    in the branch of each winding
///
/// with the path ℓ [m] and the cross-section A [m²]. The magnetization M follows ``MagneticHysteresis`` from its value at
/// the last accepted point; it touches nothing but this core and is eliminated here. The flux that leaves one winding
/// is to the last bit what enters the others.
///
/// The model knows no rate: in a `.dc` sweep of a source the core goes through its loop as in a slow transient. A run
/// starts demagnetized, so an operating point lies on the initial curve.
struct MagneticCore: StateDevice {
    typealias Gradient = SIMD2<Double>

    var material: MagneticHysteresis
    /// A [m²]
    var area: Double
    /// ℓ [m]
    var path: Double
    /// Factors from SI units to those in which Xyce's `n(ymin!k1_h)`, `…_b` and `…_m` read.
    var internalUnits = SIMD3<Double>(1, 1, 1)

    /// At the last accepted point.
    struct State: BitwiseCopyable, Sendable {
        /// M [A/m]
        var magnetization = 0.0
        /// H [A/m]
        var field = 0.0
        /// Mean dH/dt over the last step [A/(m s)].
        var rate = 0.0
        /// Energy density taken up since the start, ∫ H dB [J/m³].
        var energyDensity = 0.0
    }

    static let field = 0, fluxDensity = 1
    static var arity: Int { 2 }
    static let couplings = Couplings([field], [field, fluxDensity])
    static var conductingPairs: [(Int, Int)] { [] }

    static func initialState(_ device: MagneticCore) -> State { State() }

    @inline(__always)
    func evaluate(_ u: Locals<Gradient>, from state: State, to next: inout State, _ stamp: Stamp<MagneticCore>) {
        let h = u[Self.field]
        let end = material.advance(from: state.magnetization, field: state.field, to: h.value)
        next.magnetization = end.magnetization
        next.field = h.value
        let m = h.applying(value: end.magnetization, derivative: end.slope)
        stamp.current(Self.field, h)
        // One term, so that the balance is asked for to rounding: B enters the windings as a difference in time.
        stamp.current(
            Self.fluxDensity,
            u[Self.fluxDensity] - (h + m * (1 - material.gapRatio)) * MagneticHysteresis.vacuumPermeability)
    }

    func commit(_ u: Locals<Gradient>, from state: State, to next: inout State) {
        next.rate = u.conditions.interval > 0 ? (next.field - state.field) / u.conditions.interval : 0
        let change =
            material.fluxDensity(next.field, next.magnetization)
            - material.fluxDensity(state.field, state.magnetization)
        next.energyDensity = state.energyDensity + 0.5 * (state.field + next.field) * change
    }

    /// M has no step error of its own: it is integrated along H to rounding.
    func stepError(from state: State, to next: State) -> Double { 0 }

    /// The windings have summed up their initial currents in H.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        let h = u[Self.field]
        u[Self.fluxDensity] = material.fluxDensity(h, material.advance(from: 0, field: 0, to: h).magnetization)
        return .zero
    }

    // MARK: Outputs

    static let outputs = [
        DeviceOutput("h", unit: "A/m", "field that the windings apply"),
        DeviceOutput("b", unit: "T", "flux density"),
        DeviceOutput("m", unit: "A/m", "magnetization"),
        DeviceOutput("r", unit: "A/(m·s)", "mean rate of the field over the last step"),
        DeviceOutput("flux", unit: "Wb", "flux through the core"),
        DeviceOutput("e", unit: "J", "energy taken up since the start: stored in the field and lost in loops"),
    ]

    func internalUnit(_ output: Int) -> Double { output < 3 ? internalUnits[output] : 1 }

    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double {
        switch index {
        case 0: return u.values[Self.field]
        case 1: return u.values[Self.fluxDensity]
        case 2: return state.magnetization
        case 3: return state.rate
        case 4: return area * u.values[Self.fluxDensity]
        default: return area * path * state.energyDensity
        }
    }
}

/// A winding of `turns` turns on a ``MagneticCore``: an inductor's branch, tied to the core's H and B.
struct Winding: Device {
    typealias Gradient = SIMD4<Double>

    /// N
    var turns: Double
    /// A [m²]
    var area: Double
    /// ℓ [m], times the number of cores in parallel that share the current.
    var path: Double

    static let branch = 0, field = 1, fluxDensity = 2
    static var arity: Int { 3 }
    static var isLinear: Bool { true }
    static let couplings = Couplings([fluxDensity], [branch], [])
    static var conductingPairs: [(Int, Int)] { [] }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Winding>) {
        stamp.current(Self.field, u[Self.branch] * (-turns / path))
        stamp.charge(Self.branch, u[Self.fluxDensity] * (-turns * area))
    }

    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        u[Self.field] += u[Self.branch] * (turns / path)
        return .zero
    }
}
