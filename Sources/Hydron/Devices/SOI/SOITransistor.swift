/// MOSFET on an insulator with a floating or contacted body, BSIM-SOI 4: partly depleted, fully depleted, or between.
///
///     d ── rd ── d'        voltages of an n-channel; a p-channel is the same with all signs turned
///     g ─────────┤├  b     vds < 0 swaps drain and source
///     s ── rs ── s'        b ─▷|─ d', b ─▷|─ s', npn d' b s' below the channel; b floats, or ── rb ── p
///     ═══ buried oxide ═══
///     e                    t: the film's temperature above the circuit's [K]
///
/// With a plain `Double` for its temperature it has the nodes d', g, s', e, b; with a ``Dual`` also t and the body's ends
/// at the junctions of source and drain. Resistances of constant value lie around it as elements of their own, those
/// that voltages change are ``SOIAccess`` and ``SOIGateAccess``.
///
/// BSIMSOI4.4 MOSFET MODEL Users' Manual, Department of Electrical Engineering and Computer Sciences, University of
/// California, Berkeley, 2010. The model is the work of the BSIM group there: S. Fung, D. Sinitsky, S. Tang, P. Su, W. Jin,
/// H. Wan, X. Xi, W. Yang, C.-H. Lin, D. Lu, T. Morshed, A. Niknejad, C. Hu.
struct SOITransistor<T: SOITemperature>: LimitedDevice {
    typealias Gradient = SIMD8<Double>
    /// A number with its slopes in the voltages of ``SOILane``.
    typealias Slopes = Dual<T.Gradient>

    var core: SOICore
    /// At ``temperature``.
    var heat: SOIHeat<T>
    /// Of the circuit and the card [K].
    var temperature: Double
    var isHeated = false
    /// The overlaps' charges are elsewhere, at the middle of the gate's resistance.
    var hasOverlaps = true
    var startsOff = false
    /// Nothing outside connects the body.
    var isFloating = false
    /// `ic=`: vds, vgs, vbs, ves as the card says [V]; NaN where it says nothing.
    var initialVoltages = SIMD4<Double>(repeating: .nan)

    static var drain: Int { 0 }
    static var gate: Int { 1 }
    static var source: Int { 2 }
    static var substrate: Int { 3 }
    static var body: Int { 4 }
    static var heat: Int { 5 }
    static var sourceBody: Int { 6 }
    static var drainBody: Int { 7 }
    static var arity: Int { T.hasOwnNodes ? 8 : 5 }
    /// A floating body has little to hold it: the last step of an iteration is worth another look.
    static var followsTangents: Bool { false }
    static var conductingPairs: [(Int, Int)] {
        T.hasOwnNodes ? [(0, 2), (6, 2), (7, 0)] : [(0, 2), (4, 2), (4, 0)]
    }
    static var controllingPairs: [(Int, Int)] { [(1, 2), (3, 2)] }
    static var currentOutput: String? { "id" }

    // MARK: - Equations

    /// Voltages against the source, signs those of an n-channel, and the temperature's rise [K].
    struct Voltages {
        var gate, drain, body, substrate, rise, sourceBody, drainBody: Double
    }

    @inline(__always) func voltages(_ u: Gradient) -> Voltages {
        let s = u[Self.source]
        let sign = core.polarity
        let body = sign * (u[Self.body] - s)
        guard T.hasOwnNodes else {
            return Voltages(
                gate: sign * (u[Self.gate] - s), drain: sign * (u[Self.drain] - s), body: body,
                substrate: sign * (u[Self.substrate] - s), rise: 0, sourceBody: body, drainBody: body)
        }
        return Voltages(
            gate: sign * (u[Self.gate] - s), drain: sign * (u[Self.drain] - s), body: body,
            substrate: sign * (u[Self.substrate] - s), rise: isHeated ? u[Self.heat] : 0,
            sourceBody: sign * (u[Self.sourceBody] - s), drainBody: sign * (u[Self.drainBody] - s))
    }

    /// Currents and charges of the terminals with all slopes, signs those of an n-channel.
    struct Point {
        var isReversed: Bool
        var drive: SOIDrive<Slopes>
        var body: SOIBody<Slopes>
        var channel: SOIChannel<Slopes>
        var leakage: SOILeakage<Slopes>
        var tunnelling: SOITunnelling<Slopes>
        var edgeSource, edgeDrain: Slopes
        var currents: SOITerminals<Slopes>
        /// Heat [W].
        var power: Slopes
    }

    @inline(__always) func warmth(_ rise: Double) -> SOIHeat<T> {
        isHeated ? core.heat(T(rise: rise) + temperature) : heat
    }

    /// The voltages as the ends of the channel act.
    @inline(__always) func bias(_ v: Voltages) -> SOIBias<Slopes> {
        let gate = Slopes(variable: v.gate, lane: SOILane.gate)
        let drain = Slopes(variable: v.drain, lane: SOILane.drain)
        let body = Slopes(variable: v.body, lane: SOILane.body)
        let substrate = Slopes(variable: v.substrate, lane: SOILane.substrate)
        let atSource = T.hasOwnNodes ? Slopes(variable: v.sourceBody, lane: SOILane.sourceJunction) : body
        let atDrain = T.hasOwnNodes ? Slopes(variable: v.drainBody, lane: SOILane.drainJunction) : body
        guard v.drain < 0 else {
            return SOIBias(
                gate: gate, drain: drain, body: body, substrate: substrate, sourceJunction: atSource,
                drainJunction: atDrain - drain, isReversed: false)
        }
        return SOIBias(
            gate: gate - drain, drain: -drain, body: body - drain, substrate: substrate - drain,
            sourceJunction: atDrain - drain, drainJunction: atSource, isReversed: true)
    }

    func point(_ v: Voltages, gmin: Double) -> Point {
        point(bias(v), warmth(v.rise), gmin: gmin)
    }

    func point(_ bias: SOIBias<Slopes>, _ heat: SOIHeat<T>, gmin: Double) -> Point {
        let gate: Slopes = core.polyDepleted(bias.gate, heat)
        let body = core.body(bias, gate: gate, heat)
        let drive = core.drive(bias, gate: gate, body, heat)
        let channel = core.channel(bias, body, drive, heat)
        let far: Slopes = bias.gate - bias.drain
        let hasInduced = core.source.induced.a > 0 || core.drain.induced.a > 0
        let farGate: Slopes = hasInduced ? core.polyDepleted(far, heat) : far
        let leakage = core.leakage(bias, gates: (gate, farGate), drive, channel, heat)
        let tunnelling = core.tunnelling(bias, drive, body, channel, heat)
        var (edgeSource, edgeDrain) = (Slopes(constant: 0), Slopes(constant: 0))
        if core.laws.tunnelsToChannel {
            let (atSource, atDrain) = bias.isReversed ? (far, bias.gate) : (bias.gate, far)
            edgeSource = core.edgeCurrent(atSource, factor: core.edgeTunnelling[0], heat)
            edgeDrain = core.edgeCurrent(atDrain, factor: core.edgeTunnelling[1], heat)
        }

        // A little of gmin keeps a floating body at its source where its junctions carry nothing.
        let least = core.laws.isFullyDepleted ? 0 : gmin * core.gminShare / core.size.fingers
        var (nearJunction, farJunction) = (leakage.sourceJunction, leakage.drainJunction)
        if bias.isReversed {
            farJunction = farJunction + bias.drainJunction * least
        } else {
            nearJunction = nearJunction + bias.sourceJunction * least
        }
        let through: Slopes = channel.current + leakage.bipolar
        let farCurrent: Slopes = through + leakage.ionisation + leakage.drainInduced - farJunction - tunnelling.drain
        let nearCurrent: Slopes = leakage.sourceInduced - through - nearJunction - tunnelling.source
        let fromBody: Slopes = leakage.ionisation + leakage.drainInduced + leakage.sourceInduced + tunnelling.body
        var (drain, source) = bias.isReversed ? (nearCurrent, farCurrent) : (farCurrent, nearCurrent)
        let (drainJunction, sourceJunction) =
            bias.isReversed ? (nearJunction, farJunction) : (farJunction, nearJunction)
        var power: Slopes = channel.current * bias.drain
        if core.heatFactor != core.currentFactor { power = power * (core.heatFactor / core.currentFactor) }
        var intoGate: Slopes = tunnelling.body + tunnelling.source + tunnelling.drain + edgeSource + edgeDrain
        if core.release.spreadsGmin {
            // Of a whole transistor, not of each finger.
            let part = gmin / core.size.fingers
            let toSource: Slopes = (bias.isReversed ? far : bias.gate) * part
            let toDrain: Slopes = (bias.isReversed ? bias.gate : far) * part
            let along: Slopes = (bias.isReversed ? -bias.drain : bias.drain) * part
            drain = drain + along - toDrain
            source = source - along - toSource
            intoGate = intoGate + toSource + toDrain
        }
        let currents = SOITerminals(
            drain: drain - edgeDrain, gate: intoGate, source: source - edgeSource, substrate: Slopes(constant: 0),
            body: -fromBody, sourceBody: sourceJunction, drainBody: drainJunction)
        return Point(
            isReversed: bias.isReversed, drive: drive, body: body, channel: channel, leakage: leakage,
            tunnelling: tunnelling, edgeSource: edgeSource, edgeDrain: edgeDrain, currents: currents,
            power: power)
    }

    /// Body and gate drive as the charges have them, where their threshold is not the current's. Rare: it stays apart, so
    /// that what is called for each transistor is compiled into one piece.
    @inline(never) private func ofCharges(
        _ bias: SOIBias<Slopes>, gate: Slopes, _ heat: SOIHeat<T>
    ) -> (body: SOIBody<Slopes>, drive: SOIDrive<Slopes>) {
        var other = core
        other.influence = core.chargeInfluence ?? core.influence
        let body = other.body(bias, gate: gate, heat)
        return (body, other.drive(bias, gate: gate, body, heat))
    }

    /// Charges of all fingers.
    func charges(_ bias: SOIBias<Slopes>, _ heat: SOIHeat<T>, _ point: Point) -> SOITerminals<Slopes> {
        var (drive, body) = (point.drive, point.body)
        if core.chargeInfluence != nil { (body, drive) = ofCharges(bias, gate: drive.gate, heat) }
        let inner = core.charges(bias, gate: drive.gate, drive, body, point.channel, heat)
        let rest: Slopes = -(inner.gate + inner.body + inner.source + inner.substrate)
        let (vgs, vgd, ves, ved): (Slopes, Slopes, Slopes, Slopes)
        let far: Slopes = bias.gate - bias.drain
        let farSubstrate: Slopes = bias.substrate - bias.drain
        (vgs, vgd) = bias.isReversed ? (far, bias.gate) : (bias.gate, far)
        (ves, ved) = bias.isReversed ? (farSubstrate, bias.substrate) : (bias.substrate, farSubstrate)
        var q = SOITerminals(
            drain: bias.isReversed ? inner.source : rest, gate: inner.gate,
            source: bias.isReversed ? rest : inner.source, substrate: inner.substrate, body: inner.body,
            sourceBody: Slopes(constant: 0), drainBody: Slopes(constant: 0))
        if hasOverlaps {
            let overlapSource: Slopes =
                core.overlapCharge(vgs, plain: core.overlapSource, light: core.lightSource) * core.size.fingers
            let overlapDrain: Slopes =
                core.overlapCharge(vgd, plain: core.overlapDrain, light: core.lightDrain) * core.size.fingers
            let overlapSubstrate: Slopes = (vgs - ves) * core.overlapSubstrate
            q.gate = q.gate + overlapSource + overlapDrain + overlapSubstrate
            q.source = q.source - overlapSource
            q.drain = q.drain - overlapDrain
            q.substrate = q.substrate - overlapSubstrate
        }
        // Through the buried oxide: of the terminals' own voltages, whatever the channel's kind.
        let bottomSource: Slopes = core.bottomSource(ves * -core.polarity) * core.polarity
        let bottomDrain: Slopes = core.bottomDrain(ved * -core.polarity) * core.polarity
        q.source = q.source + bottomSource
        q.drain = q.drain + bottomDrain
        q.substrate = q.substrate - bottomSource - bottomDrain
        if !core.laws.isFullyDepleted {
            let (atSource, atDrain) =
                bias.isReversed
                ? (bias.drainJunction, bias.sourceJunction) : (bias.sourceJunction, bias.drainJunction)
            let (injectedSource, injectedDrain) =
                bias.isReversed
                ? (point.leakage.drainDiffusion, point.leakage.sourceDiffusion)
                : (point.leakage.sourceDiffusion, point.leakage.drainDiffusion)
            let transit = core.p.tt * core.size.fingers
            let depletionSource: Slopes = core.junctionCharge(atSource, heat.source, grading: core.source.grading)
            let depletionDrain: Slopes = core.junctionCharge(atDrain, heat.drain, grading: core.drain.grading)
            q.sourceBody = depletionSource + injectedSource * transit
            q.drainBody = depletionDrain + injectedDrain * transit
            q.source = q.source - q.sourceBody
            q.drain = q.drain - q.drainBody
        }
        return q
    }

    /// A quantity of the voltages as one of the nodes'; `sign` is the polarity for currents and charges.
    @inline(__always) private func terminal(_ a: Slopes, _ factor: Double, sign: Double) -> Dual<Gradient> {
        let g = a.gradient
        let voltage = factor * sign * core.polarity
        var gradient = Gradient.zero
        var sum = g[SOILane.gate] + g[SOILane.drain] + g[SOILane.body] + g[SOILane.substrate]
        gradient[Self.gate] = g[SOILane.gate] * voltage
        gradient[Self.drain] = g[SOILane.drain] * voltage
        gradient[Self.body] = g[SOILane.body] * voltage
        gradient[Self.substrate] = g[SOILane.substrate] * voltage
        if T.hasOwnNodes {
            sum += g[SOILane.sourceJunction] + g[SOILane.drainJunction]
            gradient[Self.heat] = g[SOILane.rise] * factor * sign
            gradient[Self.sourceBody] = g[SOILane.sourceJunction] * voltage
            gradient[Self.drainBody] = g[SOILane.drainJunction] * voltage
        }
        gradient[Self.source] = -sum * voltage
        return Dual(value: a.value * factor * sign, gradient: gradient)
    }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOITransistor>) {
        let v = voltages(u.values)
        let bias = bias(v)
        let heat = warmth(v.rise)
        let point = point(bias, heat, gmin: u.conditions.gmin)
        let charges = charges(bias, heat, point)
        let sign = core.polarity
        let (i, q) = (point.currents, charges)
        stamp.current(Self.drain, terminal(i.drain, core.multiple, sign: sign))
        stamp.current(Self.source, terminal(i.source, core.multiple, sign: sign))
        if core.laws.tunnelsToBody || core.laws.tunnelsToChannel || core.release.spreadsGmin {
            stamp.current(Self.gate, terminal(i.gate, core.multiple, sign: sign))
        }
        stamp.charge(Self.drain, terminal(q.drain, core.parallel, sign: sign))
        stamp.charge(Self.gate, terminal(q.gate, core.parallel, sign: sign))
        stamp.charge(Self.source, terminal(q.source, core.parallel, sign: sign))
        stamp.charge(Self.substrate, terminal(q.substrate, core.parallel, sign: sign))
        guard !core.laws.isFullyDepleted else {
            if isHeated { stamp.current(Self.heat, terminal(-point.power, core.multiple, sign: 1)) }
            return
        }
        if T.hasOwnNodes {
            stamp.current(Self.body, terminal(i.body, core.multiple, sign: sign))
            stamp.current(Self.sourceBody, terminal(i.sourceBody, core.multiple, sign: sign))
            stamp.current(Self.drainBody, terminal(i.drainBody, core.multiple, sign: sign))
            stamp.charge(Self.body, terminal(q.body, core.parallel, sign: sign))
            stamp.charge(Self.sourceBody, terminal(q.sourceBody, core.parallel, sign: sign))
            stamp.charge(Self.drainBody, terminal(q.drainBody, core.parallel, sign: sign))
            if isHeated { stamp.current(Self.heat, terminal(-point.power, core.multiple, sign: 1)) }
        } else {
            let body: Slopes = i.body + i.sourceBody + i.drainBody
            let charge: Slopes = q.body + q.sourceBody + q.drainBody
            stamp.current(Self.body, terminal(body, core.multiple, sign: sign))
            stamp.charge(Self.body, terminal(charge, core.parallel, sign: sign))
        }
    }

    // MARK: - Path of Newton's iteration

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        var v = voltages(u)
        let wanted = v
        let old = voltages(previous)
        let isReversed = old.drain < 0
        let longest = max(
            abs(v.gate - old.gate), abs(v.drain - old.drain), abs(v.gate - v.drain - old.gate + old.drain))
        if longest > JunctionLimiting.freeStep {
            if !isReversed {
                let far = v.gate - v.drain
                v.gate = JunctionLimiting.limitGate(v.gate, previous: old.gate, threshold: core.threshold)
                v.drain = JunctionLimiting.limitChannel(v.gate - far, previous: old.drain)
            } else {
                let far = JunctionLimiting.limitGate(
                    v.gate - v.drain, previous: old.gate - old.drain, threshold: core.threshold)
                v.drain = -JunctionLimiting.limitChannel(far - v.gate, previous: -old.drain)
                v.gate = far + v.drain
            }
        }
        // The body against the end that acts as source, in steps that its junctions can follow.
        func limited(_ body: Double, _ before: Double) -> Double {
            let (end, endBefore) = v.drain < 0 ? (v.drain, old.drain) : (0, 0)
            let step = (body - end) - (before - endBefore)
            return abs(step) > 0.2 ? before - endBefore + (step > 0 ? 0.2 : -0.2) + end : body
        }
        if !core.laws.isFullyDepleted {
            v.body = limited(v.body, old.body)
            if T.hasOwnNodes {
                v.sourceBody = limited(v.sourceBody, old.sourceBody)
                v.drainBody = limited(v.drainBody, old.drainBody)
            }
        }
        if isHeated { v.rise = min(max(v.rise, old.rise - 5), old.rise + 5) }
        var change = max(abs(v.gate - wanted.gate), abs(v.drain - wanted.drain), abs(v.body - wanted.body))
        change = max(change, abs(v.sourceBody - wanted.sourceBody), abs(v.drainBody - wanted.drainBody))
        change = max(change, abs(v.rise - wanted.rise))
        guard change > 1e-9 else { return false }
        write(v, &u)
        return true
    }

    private func write(_ v: Voltages, _ u: inout Gradient) {
        let s = u[Self.source]
        let sign = core.polarity
        u[Self.gate] = s + sign * v.gate
        u[Self.drain] = s + sign * v.drain
        u[Self.body] = s + sign * v.body
        u[Self.substrate] = s + sign * v.substrate
        guard T.hasOwnNodes else { return }
        if isHeated { u[Self.heat] = v.rise }
        u[Self.sourceBody] = s + sign * v.sourceBody
        u[Self.drainBody] = s + sign * v.drainBody
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        guard !startsOff else { return u }
        var point = u
        var v = voltages(u)
        // A floating body comes down from where its junctions carry most: below, impact ionisation that grows with the
        // body's voltage would send the iteration away.
        let body = isFloating ? 0.9 : 0
        (v.gate, v.drain, v.body, v.rise) = (core.threshold + 0.1, 0, body, 0)
        (v.sourceBody, v.drainBody) = (body, body)
        write(v, &point)
        return point
    }

    /// The charges that `ic=` gives beyond those at `u`. What the card leaves out is as `u` says.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        let v = voltages(u)
        let actual = SIMD4(v.drain, v.gate, v.body, v.substrate)
        let given = initialVoltages * core.polarity
        let wanted = given.replacing(with: actual, where: given .!= given)
        guard wanted != actual else { return .zero }
        func charges(_ w: SIMD4<Double>) -> Gradient {
            let moved = w[2] - v.body
            let there = Voltages(
                gate: w[1], drain: w[0], body: w[2], substrate: w[3], rise: v.rise, sourceBody: v.sourceBody + moved,
                drainBody: v.drainBody + moved)
            let (bias, heat) = (bias(there), warmth(there.rise))
            let q = self.charges(bias, heat, point(bias, heat, gmin: 0))
            var all = Gradient.zero
            (all[Self.drain], all[Self.gate], all[Self.source]) = (q.drain.value, q.gate.value, q.source.value)
            (all[Self.substrate], all[Self.body]) = (q.substrate.value, q.body.value)
            if T.hasOwnNodes {
                (all[Self.sourceBody], all[Self.drainBody]) = (q.sourceBody.value, q.drainBody.value)
            } else {
                all[Self.body] += q.sourceBody.value + q.drainBody.value
            }
            return all
        }
        return (charges(wanted) - charges(actual)) * (core.polarity * core.parallel)
    }
}

/// What flows into the terminals.
struct SOITerminals<R: DifferentiableReal> {
    var drain, gate, source, substrate, body, sourceBody, drainBody: R
}
