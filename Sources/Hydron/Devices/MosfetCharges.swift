/// Charges that Meyer's gate capacitances have moved: gate against source, drain and bulk, as those of an n-channel.
///
/// Meyer gives capacitances, C(v) of gate–source, gate–drain and gate–bulk, which are the slopes of no common charge:
/// the charge of each pair depends on the way the voltages took. Over a step it grows by
///
///     q₁ = q₀ + ½ (C(v₀) + C(v₁)) (v₁ − v₀)
///
/// as in SPICE, with the exact slope for Newton's iteration.
///
/// J. E. Meyer, MOS models and circuit simulation, RCA Review 32, 42 (1971).
struct GateCharges: BitwiseCopyable, Sendable {
    /// Lanes: source, drain, bulk; at the last accepted point [V, F, C].
    var voltages = SIMD4<Double>.zero
    var capacitances = SIMD4<Double>.zero
    var charges = SIMD4<Double>.zero
}

extension Mosfet {
    /// Of the inner drain, gate, inner source and bulk [C].
    struct TerminalCharges {
        var drain = Slopes(constant: 0)
        var gate = Slopes(constant: 0)
        var source = Slopes(constant: 0)
        var bulk = Slopes(constant: 0)
    }

    var holdsCharge: Bool {
        oxide > 0 || overlapSource > 0 || overlapDrain > 0 || overlapBulk > 0 || drainJunction.holdsCharge
            || sourceJunction.holdsCharge
    }

    /// All charges of a point with the voltages `gs`, `ds`, `bs`, and Meyer's there.
    ///
    /// - Parameters:
    ///   - g: `d` and `b` too: the same seen from the terminal that acts as source.
    ///   - state: Meyer's charges at the last accepted point; nil in static analyses.
    @inline(__always)
    func charges(
        _ g: Slopes, _ d: Slopes, _ b: Slopes, _ gs: Slopes, _ ds: Slopes, _ bs: Slopes, _ channel: Channel,
        from state: GateCharges?
    ) -> (TerminalCharges, GateCharges) {
        var sum = TerminalCharges()
        var next = GateCharges()
        let isReversed = ds.value < 0
        if oxide > 0, saturationShare.isNaN {
            let (near, far, bulk) = meyer(g - channel.onset, d, channel.saturationVoltage)
            let capacitances = isReversed ? [far, near, bulk] : [near, far, bulk] as InlineArray<3, Slopes>
            let voltages = [gs, gs - ds, gs - bs] as InlineArray<3, Slopes>
            for pair in 0..<3 {
                let (v, c) = (voltages[pair], capacitances[pair])
                // At rest only the slope tells, that of small signals.
                var q = v * c.value
                if let state {
                    q = (c + state.capacitances[pair]) * (v - state.voltages[pair]) * 0.5 + state.charges[pair]
                }
                next.voltages[pair] = v.value
                next.capacitances[pair] = c.value
                next.charges[pair] = q.value
                sum.gate = sum.gate + q
                switch pair {
                case 0: sum.source = sum.source - q
                case 1: sum.drain = sum.drain - q
                default: sum.bulk = sum.bulk - q
                }
            }
        } else if oxide > 0 {
            let part = channelCharges(g, d, b, channel.onset)
            let rest = -(part.gate + part.drain + part.bulk)
            (sum.drain, sum.source) = isReversed ? (rest, part.drain) : (part.drain, rest)
            (sum.gate, sum.bulk) = (part.gate, part.bulk)
        }
        if overlapSource > 0 {
            let q = gs * overlapSource
            sum.gate = sum.gate + q
            sum.source = sum.source - q
        }
        if overlapDrain > 0 {
            let q = (gs - ds) * overlapDrain
            sum.gate = sum.gate + q
            sum.drain = sum.drain - q
        }
        if overlapBulk > 0 {
            let q = (gs - bs) * overlapBulk
            sum.gate = sum.gate + q
            sum.bulk = sum.bulk - q
        }
        if drainJunction.holdsCharge {
            let q = drainJunction.charge(bs - ds)
            sum.bulk = sum.bulk + q
            sum.drain = sum.drain - q
        }
        if sourceJunction.holdsCharge {
            let q = sourceJunction.charge(bs)
            sum.bulk = sum.bulk + q
            sum.source = sum.source - q
        }
        return (sum, next)
    }

    /// Meyer's capacitances [F] of the gate to the terminals that act as source and drain, and to the bulk, at vds ≥ 0.
    ///
    ///     saturation:  Cgs = ⅔ Cox, Cgd = 0
    ///     below it:    Cgs = ⅔ Cox (1 − ((vdsat − vds)/(2 vdsat − vds))²),  Cgd = ⅔ Cox (1 − (vdsat/(2 vdsat − vds))²)
    ///
    /// Below threshold the channel's part fades within φ/2 and the bulk's grows to Cox within φ.
    @inline(__always)
    private func meyer(
        _ over: Slopes, _ vds: Slopes, _ saturationVoltage: Slopes
    ) -> (source: Slopes, drain: Slopes, bulk: Slopes) {
        let zero = Slopes(constant: 0)
        let phi = surfacePotential
        if over.value <= -phi { return (zero, zero, Slopes(constant: oxide)) }
        let bulk = over.value < 0 ? over * (-oxide / phi) : zero
        if over.value <= -0.5 * phi { return (zero, zero, bulk) }
        var whole = Slopes(constant: 2.0 / 3 * oxide)
        if over.value < 0 { whole = whole + over * (oxide / (0.75 * phi)) }
        // A floor, as SPICE3's: the capacitances change places within 50 mV where the channel just opens.
        let floor = 0.025
        let vdsat = saturationVoltage.value > floor ? saturationVoltage : Slopes(constant: floor)
        guard vds.value < vdsat.value else { return (whole, zero, bulk) }
        let span = vdsat * 2 - vds
        let (source, drain) = ((vdsat - vds) / span, vdsat / span)
        return (whole * (1 - source * source), whole * (1 - drain * drain), bulk)
    }

    /// Charges of gate, drain and bulk [C] at vds ≥ 0 that are kept; the source has the rest.
    ///
    /// The gate's is that of Meyer's capacitances, Qg = ⅔ Cox (a² + ab + b²)/(a + b) with a and b the gate's overdrive at
    /// source and drain. Of the channel's the drain has half at vds = 0 and `xqc` in saturation (D. E. Ward, R. W. Dutton,
    /// IEEE J. Solid-State Circuits 13, 703 (1978); B. J. Sheu et al., ibid. 22, 558 (1987)). Below threshold both go to 0
    /// within φ/2 as Meyer's do, and the gate's charge faces the bulk.
    @inline(__always)
    private func channelCharges(
        _ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes, _ threshold: Slopes
    ) -> (gate: Slopes, drain: Slopes, bulk: Slopes) {
        /// Overdrive that goes to 0 as a parabola between 0 and −φ/2.
        func overdrive(_ v: Slopes) -> Slopes {
            let phi = surfacePotential
            if v.value >= 0 { return v + 0.25 * phi }
            if v.value <= -0.5 * phi { return Slopes(constant: 0) }
            return v + v * v / phi + 0.25 * phi
        }
        let a = overdrive(vgs - threshold)
        let b = overdrive(vgs - vds - threshold)
        var inversion = Slopes(constant: 0)
        var drain = Slopes(constant: 0)
        let sum = a + b
        if sum.value > 0 {
            let squares: Slopes = a * a + a * b + b * b
            inversion = squares / sum * (2.0 / 3 * oxide)
            let half = b * b / sum * oxide
            drain = (half * 2 - inversion) * saturationShare - half
        }
        // Gate against bulk, from accumulation to threshold.
        let v = vgs - vbs - (builtIn + bodyEffect * surfacePotential.squareRoot())
        var surface = Slopes(constant: 0)
        if v.value < -surfacePotential {
            surface = (v + 0.5 * surfacePotential) * oxide
        } else if v.value < 0 {
            surface = v * v * (-0.5 * oxide / surfacePotential)
        }
        return (inversion + surface, drain, -surface)
    }
}
