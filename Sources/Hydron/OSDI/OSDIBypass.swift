/// When an element of a compiled model is taken along its tangent from where it was last evaluated.
///
/// A physical device's currents and charges change no faster than exp(v/vt), vt = k T/q. Along the tangent a step δ then
/// leaves out at most (δ/vt)²/2 of a current and charge that δ²/(2 vt) on its capacitance would make. Most devices are
/// far straighter than that most of the time: where an element was evaluated after all, what the tangent would have left
/// out tells how much it bends, and how far it may be followed next time.
struct OSDIBypass: BitwiseCopyable {
    /// Any element is followed while none of its unknowns has moved by more [V, and for flows A]; 0 evaluates always.
    var rest: Double
    /// The farthest that an element is followed where it is known how much it bends [V]; 0: no farther than `rest`.
    var reach: Double
    /// What may be left out of a current, as parts of it and at least [A]: errors of currents add up on a capacitor.
    var relativeCurrent: Double
    var absoluteCurrent: Double
    /// What may be left out otherwise: what an element's own conductance or capacitance turns into this part of the
    /// largest voltage.
    var relativeVoltage: Double

    /// Whether tangents of other evaluations than the last one are followed.
    var recalls = true

    /// Newton's iterations in which that is so: beyond, the solution may be where two tangents meet of which each leads to
    /// the other.
    static let recallingIterations = 3.0

    static let never = OSDIBypass(rest: 0, reach: 0, relativeCurrent: 0, absoluteCurrent: 0, relativeVoltage: 0)

    private init(
        rest: Double, reach: Double, relativeCurrent: Double, absoluteCurrent: Double, relativeVoltage: Double
    ) {
        self.rest = rest
        self.reach = reach
        self.relativeCurrent = relativeCurrent
        self.absoluteCurrent = absoluteCurrent
        self.relativeVoltage = relativeVoltage
    }

    /// For physical devices: `rest` leaves out 1 % of reltol of a current and a fifth of vntol; measured bends may leave
    /// out 5 % of reltol and of abstol, or half of what a time step aims at.
    init(_ options: SimulationOptions) {
        let thermal = PhysicalConstants.boltzmannOverCharge * options.temperature
        let relative = options[.reltol]
        self.init(
            rest: TangentReach.rest(thermal, options),
            reach: 0.5 * thermal, relativeCurrent: 0.05 * relative, absoluteCurrent: 0.05 * options[.abstol],
            relativeVoltage: 0.5 * options[.trtol] / 70 * relative)
    }

    /// How far an element is followed beside the directions in which it is known how much it bends [V].
    var sideways: Double { 2 * rest }

    /// The same at an operating point, where small currents decide about voltages.
    var atRest: OSDIBypass {
        var rule = self
        rule.reach = 0
        return rule
    }

    /// Whether an element is followed that moved by `distance` [V] and bends by `bend` [1/V²], see ``bend``.
    @inline(__always) func follows(_ distance: Double, bend: Double) -> Bool {
        rest > 0 && (distance <= rest || distance <= reach && bend * distance * distance <= 1)
    }

    /// Whether tangents over `distance` [V] tell how much an element bends: over more than a thermal voltage one end bends by
    /// far more than they tell.
    @inline(__always) func measures(_ distance: Double) -> Bool { distance > 0 && distance <= 2 * reach }

    /// Over what is tolerated, what the tangent left out of one unknown's current and charge.
    @inline(__always) func excess(
        current: Double, size: Double, conductance: Double, charge: Double, capacitance: Double, largest: Double
    ) -> Double {
        let voltage = relativeVoltage * largest
        let ofCurrent = current / max(relativeCurrent * size + absoluteCurrent, voltage * conductance)
        return charge > 0 ? max(ofCurrent, charge / (voltage * capacitance)) : ofCurrent
    }

    /// What was measured last counts, and half of what was before [1/V²]: excess grows with the square of the distance.
    @inline(__always) static func bend(_ excess: Double, over distance: Double, before: Double) -> Double {
        let found = excess / (distance * distance)
        return before.isFinite ? max(found, 0.5 * before) : found
    }
}
