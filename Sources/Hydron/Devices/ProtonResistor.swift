import ComplexModule
import SpiceNetlist

/// Three-terminal proton resistor: the nanosecond protonic programmable resistor of M. Onen et al., Science 377, 539
/// (2022), doi 10.1126/science.abp8064. A gate voltage drives protons through a glass electrolyte into or out of a
/// WO3 channel and so sets the channel's conductance.
///
/// Terminals drain d, source s (the ends of the channel) and gate g. One state, the channel's proton occupancy x
/// (0 empty, 1 full), is eliminated inside the device:
///
///     sx  = (1 + √(x² + 1e-6) − √((1−x)² + 1e-6))/2                smooth clip of x to (0, 1)
///     G   = kg A(ge) (gmin + (gmax − gmin)(sx + gnl sx (1−sx)))    [S],  Ge = G/(1 + rc G)
///     vgc = V(g,s) − V(d,s)/2                                      gate against the middle of the channel [V]
///     Voc = voc0 + voc1 (sx − 1/2) + nvoc vt ln((sx + 1e-6)/(1 − sx + 1e-6))
///     η   = vgc − Voc,  z = η/v0T,  v0T = v0 T/Tn
///     ip  = kp ip0 A(ea) sinh(z) (lin w + lout (1−w)) F            gate → channel [A]
///     isd = qmax (x − xeq) A(eret)/tret                            loss to the surroundings [A]
///     d(qmax x)/dt = ip − isd
///     I(g→d) = I(g→s) = (ip + gel vgc)/2,  I(d→s) = Ge V(d,s)
///     Q(g,d) = (cg/2 + cgdo) V(g,d),  Q(g,s) = (cg/2 + cgso) V(g,s)
///
/// with A(E) = exp(−E/kB (1/T − 1/Tn)) and the limits of ``ProtonPhysics``. The physics is published; conductances in
/// nS, activation energies, hop length, retention and capacitances are estimates chosen so that the published figures
/// come out (see the manual's page on the proton resistor).
///
/// **Time.** Over a step in which vgc goes linearly from a to b, the mean ionic current at occupancy ξ follows in
/// closed form, mean sinh = (cosh z_b − cosh z_a)/(z_b − z_a): a pulse's edge is one step without error. The
/// occupancy obeys
///
///     qmax (x − x₀)/h = mean ip(ξ) − isd(ξ),   ξ = x₀ + θ (x − x₀),   θ = 1/(1 − e^(−hλ)) − 1/(hλ)
///
/// λ [1/s] being the rate's slope at x₀: the exponentially fitted one-stage method, of second order, exact for linear
/// relaxation over any step (W. Liniger, R. A. Willoughby, SIAM J. Numer. Anal. 7, 47 (1970), doi 10.1137/0707002).
/// The ions enter the circuit as the charge h·(mean ip) per step, so what leaves the gate is to the last bit what the
/// channel gains, whatever the integration method.
///
/// Static analyses hold x = x0, or with xdc = 1 solve ip = isd for it.
struct ProtonResistor: StateDevice {
    typealias Gradient = SIMD4<Double>

    var physics: ProtonPhysics
    /// Initial occupancy.
    var x0: Double
    /// Devices in parallel.
    var multiplier: Double
    /// Capacitance gate–drain and gate–source [F].
    var gateDrain: Double
    var gateSource: Double
    /// Electronic leakage of the electrolyte [S].
    var gel: Double
    /// 1: static analyses solve for x.
    var solvesDirect: Bool
    /// k T/q [V]
    var thermal = 0.0
    var flicker = FlickerNoise(coefficient: 0, exponent: 2)

    /// At the last accepted point.
    struct State: BitwiseCopyable, Sendable {
        /// Occupancy.
        var x: Double
        /// V(g) − (V(d) + V(s))/2 [V].
        var vgc = 0.0
        var vds = 0.0
        var vgd = 0.0
        var vgs = 0.0
        /// Ionic charge that entered the channel through the gate since the start [C].
        var ionicCharge = 0.0
        /// Charge lost to the surroundings since the start [C].
        var lostCharge = 0.0
        /// Energies since the start [J]: ions and leakage of the gate, its capacitance's switching, the channel.
        var ionicEnergy = 0.0
        var switchingEnergy = 0.0
        var channelEnergy = 0.0
        /// Step error against its tolerance.
        var error = 0.0
    }

    static var arity: Int { 3 }
    static var conductingPairs: [(Int, Int)] { [(0, 1), (2, 0)] }
    static let drain = 0, source = 1, gate = 2
    /// Largest change of the occupancy in a step that an array neglects.
    static let heldBelow = 1e-10

    static func initialState(_ device: ProtonResistor) -> State { State(x: device.x0) }

    // MARK: Equations

    @inline(__always)
    func evaluate(_ u: Locals<Gradient>, from state: State, to next: inout State, _ stamp: Stamp<ProtonResistor>) {
        let d = u[Self.drain]
        let s = u[Self.source]
        let g = u[Self.gate]
        let vgc = g - (d + s) * 0.5
        let vds = d - s
        let h = u.conditions.interval

        // Occupancy and gate current, with their slopes in vgc.
        var x = Dual<Gradient>(constant: state.x)
        if h > 0 {
            let step = physics.advance(x0: state.x, from: state.vgc, to: vgc.value, interval: h)
            x = vgc.applying(value: step.x, derivative: step.slope)
            next.x = step.x
            next.error = step.error
            next.ionicCharge = state.ionicCharge + h * step.meanCurrent
            next.lostCharge = state.lostCharge + h * step.meanLoss
            let ions = vgc.applying(value: next.ionicCharge, derivative: h * step.currentSlope) * (0.5 * multiplier)
            stamp.charge(Self.gate, ions * 2)
            stamp.charge(Self.drain, -ions)
            stamp.charge(Self.source, -ions)
        } else {
            if solvesDirect {
                let rest = physics.equilibrium(near: state.x, vgc: vgc.value)
                x = vgc.applying(value: rest.x, derivative: rest.slope)
                next.x = rest.x
            }
            let ip = physics.ionicCurrent(occupancy: x, vgc: vgc) * (0.5 * multiplier)
            stamp.current(Self.gate, ip * 2)
            stamp.current(Self.drain, -ip)
            stamp.current(Self.source, -ip)
        }
        let leak = vgc * (0.5 * gel * multiplier)
        stamp.current(Self.gate, leak * 2)
        stamp.current(Self.drain, -leak)
        stamp.current(Self.source, -leak)

        stamp.current(from: Self.drain, to: Self.source, physics.channelConductance(x) * vds * multiplier)

        stamp.charge(between: Self.gate, and: Self.drain, (g - d) * (gateDrain * multiplier))
        stamp.charge(between: Self.gate, and: Self.source, (g - s) * (gateSource * multiplier))
    }

    static var isDispersive: Bool { true }

    /// Small signals move the occupancy, by dx/dvgc at jω (``ProtonPhysics/response(occupancy:vgc:omega:)``), and with it
    /// the ionic current and the channel's conductance. With xdc = 1 the static slope is in G already.
    func dispersion(
        _ omega: Double, _ u: Locals<Gradient>, state: State, _ add: (Int, Int, Complex<Double>) -> Void
    ) {
        dispersion(
            omega, x: state.x, (u.values[Self.drain], u.values[Self.source], u.values[Self.gate]),
            hasStaticSlope: solvesDirect, add)
    }

    /// The same for cells of arrays, whose G never has the static slope.
    func dispersion(
        _ omega: Double, x: Double, _ v: (drain: Double, source: Double, gate: Double), hasStaticSlope: Bool,
        _ add: (Int, Int, Complex<Double>) -> Void
    ) {
        let vgc = v.gate - 0.5 * (v.drain + v.source)
        let response = physics.response(occupancy: x, vgc: vgc, omega: omega)
        let still = hasStaticSlope ? physics.equilibrium(near: x, vgc: vgc).slope : 0
        let moved = (response.occupancy - Complex(still)).scaled(by: multiplier)
        let ions = moved.scaled(by: response.current)
        typealias One = Dual<SIMD2<Double>>
        let slope = physics.channelConductance(One(variable: x, lane: 0)).gradient[0]
        let channel = moved.scaled(by: (v.drain - v.source) * slope)
        for (column, share) in [(Self.gate, 1.0), (Self.drain, -0.5), (Self.source, -0.5)] {
            add(Self.gate, column, ions.scaled(by: share))
            add(Self.drain, column, (channel - ions.scaled(by: 0.5)).scaled(by: share))
            add(Self.source, column, (-channel - ions.scaled(by: 0.5)).scaled(by: share))
        }
    }

    func commit(_ u: Locals<Gradient>, from state: State, to next: inout State) {
        let d = u.values[Self.drain]
        let s = u.values[Self.source]
        let g = u.values[Self.gate]
        next.vgc = g - 0.5 * (d + s)
        next.vds = d - s
        next.vgd = g - d
        next.vgs = g - s
        let h = u.conditions.interval
        guard h > 0 else { return }
        // V(d) and V(s) of the last point, but for what all three have in common.
        let energies = energies(
            from: (drain: -state.vgd, source: -state.vgs, gate: 0), to: (drain: d, source: s, gate: g),
            x: (state.x, next.x), ionicCharge: next.ionicCharge - state.ionicCharge, interval: h)
        next.ionicEnergy = state.ionicEnergy + energies.ionic
        next.channelEnergy = state.channelEnergy + energies.channel
        next.switchingEnergy = state.switchingEnergy + energies.switching
    }

    /// What a step took [J].
    struct StepEnergies {
        /// Ions and leakage of the gate.
        var ionic = 0.0
        /// Lost in drivers by switching the gate's capacitance.
        var switching = 0.0
        var channel = 0.0

        static func += (sum: inout StepEnergies, part: StepEnergies) {
            sum.ionic += part.ionic
            sum.switching += part.switching
            sum.channel += part.channel
        }
    }

    /// Energies of a step over which all voltages are linear in time, as the equations above take them; `ionicCharge`
    /// [C] is what went through the gate of one device of those in parallel.
    @inline(__always)
    func energies(
        from a: (drain: Double, source: Double, gate: Double), to b: (drain: Double, source: Double, gate: Double),
        x: (Double, Double), ionicCharge: Double, interval h: Double
    ) -> StepEnergies {
        let before = a.gate - 0.5 * (a.drain + a.source)
        let after = b.gate - 0.5 * (b.drain + b.source)
        let mean = physics.meanPower(
            occupancy: 0.5 * (x.0 + x.1), from: before, to: after, meanCurrent: ionicCharge / h)
        let conductance = 0.5 * (physics.channelConductance(x.0) + physics.channelConductance(x.1))
        func squares(_ capacitance: Double, _ v: Double, _ w: Double) -> Double { capacitance * abs(w * w - v * v) }
        return StepEnergies(
            ionic: multiplier * h * (mean + gel * meanSquare(before, after)),
            switching: 0.5 * multiplier
                * (squares(gateDrain, a.gate - a.drain, b.gate - b.drain)
                    + squares(gateSource, a.gate - a.source, b.gate - b.source)),
            channel: multiplier * h * conductance * meanSquare(a.drain - a.source, b.drain - b.source))
    }

    /// Charge through channel and gate times the mean voltage of the step [J]: what Kirchhoff's laws alone say of it,
    /// with the charges that the integration formula moved (`endWeight` as in ``Conditions``).
    @inline(__always)
    func chargeEnergy(
        from a: (drain: Double, source: Double, gate: Double), to b: (drain: Double, source: Double, gate: Double),
        x: (Double, Double), ionicCharge: Double, interval h: Double, endWeight: Double
    ) -> Double {
        let before = a.gate - 0.5 * (a.drain + a.source)
        let after = b.gate - 0.5 * (b.drain + b.source)
        let (old, new) = (a.drain - a.source, b.drain - b.source)
        let gate = ionicCharge + h * gel * (endWeight * after + (1 - endWeight) * before)
        let channel =
            h
            * (endWeight * physics.channelConductance(x.1) * new
                + (1 - endWeight) * physics.channelConductance(x.0) * old)
        return multiplier * 0.5 * (gate * (before + after) + channel * (old + new))
    }

    /// In the gate's capacitances at these voltages [J].
    @inline(__always)
    func storedEnergy(_ v: (drain: Double, source: Double, gate: Double)) -> Double {
        let (drain, source) = (v.gate - v.drain, v.gate - v.source)
        return 0.5 * multiplier * (gateDrain * drain * drain + gateSource * source * source)
    }

    /// The device at an iterate as plain numbers, for arrays of them: what ``evaluate(_:from:to:_:)`` stamps.
    struct Point {
        var x: Double
        /// Ionic charge through the gate since the start [C].
        var ionicCharge: Double
        /// Ge [S].
        var conductance: Double
        /// Current into the gate that is no charge's derivative [A], and its slope in vgc [S].
        var gateCurrent: Double
        var gateSlope: Double
        /// Slope of ``ionicCharge`` in vgc [F].
        var chargeSlope: Double
        var error: Double
    }

    /// - Parameters:
    ///   - last: vgc at the last accepted point, where occupancy and charge were `x` and `charge`.
    ///   - interval: length of the step [s]; 0 in static analyses.
    ///   - isStuck: the occupancy never moves.
    @inline(__always)
    func point(
        x: Double, charge: Double, last: Double, vgc: Double, interval h: Double, isStuck: Bool
    ) -> Point {
        var point = Point(
            x: x, ionicCharge: charge, conductance: 0, gateCurrent: gel * vgc, gateSlope: gel, chargeSlope: 0, error: 0)
        // Where a step can't move the occupancy it is held: cells that are read or only disturbed cost no more than
        // a resistor. A thousand such steps stay below 1e-7.
        let isHeld =
            isStuck
            || h > 0 && physics.largestChange(of: x, vgc: max(abs(last), abs(vgc)), interval: h) < Self.heldBelow
        if isHeld {
            point.conductance = physics.channelConductance(x)
            return point
        }
        if h > 0 {
            let step = physics.advance(x0: x, from: last, to: vgc, interval: h)
            point.x = step.x
            point.ionicCharge = charge + h * step.meanCurrent
            point.chargeSlope = h * step.currentSlope
            point.error = step.error
        } else {
            typealias One = Dual<SIMD2<Double>>
            if solvesDirect { point.x = physics.equilibrium(near: x, vgc: vgc).x }
            let current = physics.ionicCurrent(occupancy: One(constant: point.x), vgc: One(variable: vgc, lane: 0))
            point.gateCurrent += current.value
            point.gateSlope += current.gradient[0]
        }
        point.conductance = physics.channelConductance(point.x)
        return point
    }

    /// Mean of v² over a straight line from a to b.
    private func meanSquare(_ a: Double, _ b: Double) -> Double { (a * a + a * b + b * b) / 3 }

    func stepError(from state: State, to next: State) -> Double { next.error }

    // MARK: Outputs

    static let outputs = [
        DeviceOutput("x", unit: "-", "proton occupancy of the channel, 0 empty to 1 full"),
        DeviceOutput("g", unit: "S", "conductance of the channel with its contacts"),
        DeviceOutput("ig", unit: "A", "current into the gate through the electrolyte"),
        DeviceOutput("id", unit: "A", "current through the channel from drain to source"),
        DeviceOutput(
            "eg", unit: "J", "energy of the gate since the start: ions, leakage, switching of its capacitance"),
        DeviceOutput("ed", unit: "J", "energy of the channel since the start"),
        DeviceOutput("eion", unit: "J", "energy of ions and leakage through the electrolyte since the start"),
        DeviceOutput("ecv", unit: "J", "energy lost in drivers by switching the gate's capacitance since the start"),
        DeviceOutput("qg", unit: "C", "ionic charge through the gate since the start"),
        DeviceOutput("ql", unit: "C", "charge lost to the surroundings since the start"),
        DeviceOutput("voc", unit: "V", "open-circuit potential of the gate against the channel"),
        DeviceOutput("p", unit: "W", "power taken by channel and electrolyte"),
    ]

    static let noiseNames = ["id", "fn"]
    func noise(_ u: Locals<Gradient>, state: State) -> [NoiseSource] {
        let conductance = multiplier * physics.channelConductance(state.x)
        let current = conductance * (u.values[Self.drain] - u.values[Self.source])
        return [
            .thermal("id", Self.drain, Self.source, conductance: conductance, thermal: thermal),
            flicker.source("fn", Self.drain, Self.source, current: current),
        ]
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double {
        let d = u.values[Self.drain]
        let s = u.values[Self.source]
        let g = u.values[Self.gate]
        let vgc = g - 0.5 * (d + s)
        let vds = d - s
        let conductance = physics.channelConductance(state.x)
        let gateCurrent = physics.ionicCurrent(occupancy: state.x, vgc: vgc) + gel * vgc
        switch index {
        case 0: return state.x
        case 1: return multiplier * conductance
        case 2: return multiplier * gateCurrent
        case 3: return multiplier * conductance * vds
        case 4: return state.ionicEnergy + state.switchingEnergy
        case 5: return state.channelEnergy
        case 6: return state.ionicEnergy
        case 7: return state.switchingEnergy
        case 8: return multiplier * state.ionicCharge
        case 9: return multiplier * state.lostCharge
        case 10: return physics.openCircuitPotential(state.x)
        default: return multiplier * (conductance * vds * vds + gateCurrent * vgc)
        }
    }
}
