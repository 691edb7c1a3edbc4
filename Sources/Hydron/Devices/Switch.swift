import Glibc

/// Conductance of a switch between `off` and `on` of its control: the logarithm of the resistance follows a cubic
/// (PSpice, Xyce).
///
///     s = 2 (c − off)/(on − off) − 1, cut to −1 … 1
///     ln G = −ln √(ron roff) − ln(ron/roff) (3 s − s³)/4
struct SwitchTransition: BitwiseCopyable, Sendable {
    /// Values of the control [V or A] at which the switch is fully on and fully off.
    var on: Double
    var off: Double
    /// [S]
    let onConductance: Double
    let offConductance: Double
    private let middle: Double
    private let span: Double

    init(on: Double, off: Double, onResistance: Double, offResistance: Double) {
        self.on = on
        self.off = off
        onConductance = 1 / onResistance
        offConductance = 1 / offResistance
        middle = -0.5 * (Glibc.log(onResistance) + Glibc.log(offResistance))
        span = 0.25 * Glibc.log(offResistance / onResistance)
    }

    /// [S]
    @inline(__always) func callAsFunction<R: DifferentiableReal>(_ control: R) -> R {
        let s = (control - off) * (2 / (on - off)) - 1
        if s.value >= 1 { return R(constant: onConductance) }
        if s.value <= -1 { return R(constant: offConductance) }
        return exp((3 - s * s) * s * span + middle)
    }

    /// ln G without its constant part: what a time step may change by ``largestChange``.
    @inline(__always) func level(_ control: Double) -> Double {
        let s = min(max((control - off) * (2 / (on - off)) - 1, -1), 1)
        return (3 - s * s) * s * span
    }

    /// A time step in which ln G changes by more is made shorter, so that a transition is not stepped over: nothing
    /// else would notice in a circuit without charges.
    static let largestChange = 1.0
}

/// Switch with a smooth transition between von and voff. Locals: n+, n−, and two whose difference controls it (the
/// second is ground where a current does).
struct SmoothSwitch: StateDevice {
    typealias Gradient = SIMD4<Double>
    struct State: BitwiseCopyable, Sendable { var level: Double }
    var transition: SwitchTransition
    /// Switches in parallel.
    var multiplier = 1.0

    static var arity: Int { 4 }
    /// The control takes part in both currents and has none of its own.
    static var couplings: Couplings { Couplings(bits: 0b1111 << 8 | 0b1111) }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var controllingPairs: [(Int, Int)] { [(2, 3)] }
    static let outputs = SwitchOutput.table
    static var currentOutput: String? { "i" }

    static func initialState(_ device: SmoothSwitch) -> State {
        State(level: device.transition.level(device.transition.off))
    }

    @inline(__always)
    func evaluate(_ u: Locals<Gradient>, from state: State, to next: inout State, _ stamp: Stamp<SmoothSwitch>) {
        let control = u.voltage(2, 3)
        next.level = transition.level(control.value)
        stamp.current(from: 0, to: 1, u.voltage(0, 1) * transition(control) * multiplier)
    }

    func commit(_ u: Locals<Gradient>, from state: State, to next: inout State) {}

    func stepError(from state: State, to next: State) -> Double {
        abs(next.level - state.level) / SwitchTransition.largestChange
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double {
        let g = transition(u.values[2] - u.values[3]) * multiplier
        return SwitchOutput.value(index, u.values[0] - u.values[1], g)
    }
}

/// Switch with hysteresis: it goes on where its control rises to vt + vh, off where it falls to vt − vh.
///
/// In time it jumps there, at a point that the time step is cut for, and integration starts afresh: a switch that
/// discharges what controls it (a relaxation oscillator) would come to rest on any transition, however narrow. At rest,
/// where Newton's iteration needs a slope to follow, and without hysteresis, the conductance passes from one value to
/// the other within a thousandth of the loop, or of vt. A switch that undoes what made it go, without time passing, has no
/// solution: it stays where its first jump took it until its control lets it.
struct HysteresisSwitch: StateDevice {
    typealias Gradient = SIMD4<Double>
    struct State: BitwiseCopyable, Sendable {
        var isOn: Bool
        var level = 0.0
        /// How far the control went beyond where the switch jumps, over what is tolerated.
        var excess = 0.0
        /// The last jump in time [s]; the row there still shows the switch as it was before.
        var jumpTime = -Double.infinity
        /// It jumped at the last point; so many jumps followed each other without a point between.
        var isFresh = false
        var quickJumps = 0
        /// It has jumped to and fro at one instant, and stays.
        var isHeld = false
    }
    /// While off, and while on.
    var rising: SwitchTransition
    var falling: SwitchTransition
    var startsOn: Bool
    var multiplier = 1.0
    /// Width of the loop [V or A]; 0 for none.
    var loop: Double

    static var arity: Int { 4 }
    /// The control takes part in both currents and has none of its own.
    static var couplings: Couplings { Couplings(bits: 0b1111 << 8 | 0b1111) }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static let outputs = SwitchOutput.table
    static var currentOutput: String? { "i" }
    /// The part of the loop by which a jump may come late.
    private static let lateness = 1e-4
    /// More jumps on end are without end; an even number, so that it stays where the first took it.
    private static let mostQuickJumps = 4

    init(
        threshold: Double, hysteresis: Double, onResistance: Double, offResistance: Double, startsOn: Bool,
        multiplier: Double = 1
    ) {
        let h = abs(hysteresis)
        loop = 2 * h
        if h > 0 {
            let width = h / 500
            rising = SwitchTransition(
                on: threshold + h, off: threshold + h - width, onResistance: onResistance, offResistance: offResistance)
            falling = SwitchTransition(
                on: threshold - h + width, off: threshold - h, onResistance: onResistance, offResistance: offResistance)
        } else {
            let half = max(abs(threshold) * 5e-4, 1e-6)
            rising = SwitchTransition(
                on: threshold + half, off: threshold - half, onResistance: onResistance, offResistance: offResistance)
            falling = rising
        }
        self.startsOn = startsOn
        self.multiplier = multiplier
    }

    static func initialState(_ device: HysteresisSwitch) -> State {
        let transition = device.startsOn ? device.falling : device.rising
        return State(isOn: device.startsOn, level: transition.level(device.startsOn ? transition.on : transition.off))
    }

    /// Whether its conductance is one of two and jumps.
    @inline(__always) private func jumps(_ state: State, _ conditions: Conditions) -> Bool {
        loop > 0 && conditions.interval > 0
    }

    @inline(__always) private func isUnsettled(_ state: State) -> Bool {
        state.isHeld || state.quickJumps >= Self.mostQuickJumps
    }

    @inline(__always) private func conductance<R: DifferentiableReal>(
        _ control: R, _ isOn: Bool, jumps: Bool
    ) -> R {
        let transition = isOn ? falling : rising
        if jumps { return R(constant: isOn ? transition.onConductance : transition.offConductance) }
        return transition(control)
    }

    @inline(__always)
    func evaluate(_ u: Locals<Gradient>, from state: State, to next: inout State, _ stamp: Stamp<HysteresisSwitch>) {
        let control = u.voltage(2, 3)
        let jumps = jumps(state, u.conditions)
        next = state
        if jumps {
            let beyond = state.isOn ? falling.off - control.value : control.value - rising.on
            next.excess = isUnsettled(state) ? 0 : max(beyond, 0) / (loop * Self.lateness)
        } else {
            next.level = (state.isOn ? falling : rising).level(control.value)
            next.excess = 0
        }
        stamp.current(
            from: 0, to: 1, u.voltage(0, 1) * conductance(control, state.isOn, jumps: jumps) * multiplier)
    }

    func commit(_ u: Locals<Gradient>, from state: State, to next: inout State) {
        let control = u.values[2] - u.values[3]
        let wanted = state.isOn ? control > falling.off : control >= rising.on
        let wouldJump = jumps(state, u.conditions) && wanted != state.isOn
        next.isHeld = wouldJump && isUnsettled(state)
        next.isOn = next.isHeld ? state.isOn : wanted
        next.isFresh = wouldJump && !next.isHeld
        next.quickJumps = next.isFresh && state.isFresh ? state.quickJumps + 1 : 0
        if next.isFresh { next.jumpTime = u.conditions.time }
    }

    func stepError(from state: State, to next: State) -> Double {
        max(abs(next.level - state.level) / SwitchTransition.largestChange, next.excess)
    }

    func isCorner(_ state: State) -> Bool { state.isFresh }

    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double {
        let isOn = conditions.time > state.jumpTime ? state.isOn : !state.isOn
        let g = conductance(u.values[2] - u.values[3], isOn, jumps: jumps(state, conditions)) * multiplier
        return SwitchOutput.value(index, u.values[0] - u.values[1], g)
    }
}

/// What both switches can be asked for.
enum SwitchOutput {
    static let table = [
        DeviceOutput("i", unit: "A", "current from n+ to n-"),
        DeviceOutput("r", unit: "Ω", "resistance"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("p", unit: "W", "power"),
    ]

    /// `table`[index] of a switch with conductance `g` [S] under `v` [V].
    static func value(_ index: Int, _ v: Double, _ g: Double) -> Double {
        switch index {
        case 0: v * g
        case 1: 1 / g
        case 2: v
        default: v * v * g
        }
    }
}
