/// Eight proton resistors of one kind side by side that a step does not move: the same equations as for one, lane by lane.
extension ProtonPhysics {
    /// Ge [S].
    @inline(__always) func channelConductance(_ x: Lanes) -> Lanes {
        let free = 1 - x
        let sx = (1 + (x * x + Self.clip).squareRoot() - (free * free + Self.clip).squareRoot()) * 0.5
        let g = gmin + gspan * (sx + gnl * sx * (1 - sx))
        return rc > 0 ? g / (1 + rc * g) : g
    }
}

extension ProtonResistor {
    /// Whether a step in which vgc goes from `a` to `b` moves none of the occupancies by more than an array neglects, where
    /// the open-circuit potential is the same for every occupancy.
    @inline(__always) func holds(_ x: Lanes, from a: Lanes, to b: Lanes, interval: Double) -> Bool {
        let z = (pointwiseMax(a.absolute, b.absolute) + abs(physics.voc0)) / physics.v0
        let change =
            interval
            * (2.4 * physics.ip0 * z * (1 + abs(physics.asy)) / physics.qmax
                + (x - physics.xeq).absolute * physics.lossRate)
        return all((z .< 1) .& (change .< Self.heldBelow))
    }

    /// What steps of many cells of an array took, in one sum.
    struct StepTotals {
        var energies = StepEnergies()
        /// Charge through the gates and gained by the channels [C].
        var gained = 0.0
        var stored = 0.0
        /// Gained by the gates' capacitances [J].
        var energy = 0.0
        /// Charge times mean voltage [J]: see ``ProtonResistor/chargeEnergy(from:to:x:ionicCharge:interval:endWeight:)``.
        var plain = 0.0

        @inline(__always)
        mutating func add(
            _ device: ProtonResistor, from a: (drain: Double, source: Double, gate: Double),
            to b: (drain: Double, source: Double, gate: Double), x: (Double, Double), ionicCharge: Double,
            _ conditions: Conditions
        ) {
            energies += device.energies(
                from: a, to: b, x: x, ionicCharge: ionicCharge, interval: conditions.interval)
            plain += device.chargeEnergy(
                from: a, to: b, x: x, ionicCharge: ionicCharge, interval: conditions.interval,
                endWeight: conditions.endWeight)
            energy += device.storedEnergy(b) - device.storedEnergy(a)
            gained += device.multiplier * ionicCharge
            stored += device.multiplier * device.physics.qmax * (x.1 - x.0)
        }

        /// Eight cells that did not move.
        @inline(__always)
        mutating func addHeld(
            _ device: ProtonResistor, from a: (drain: Lanes, source: Lanes, gate: Lanes),
            to b: (drain: Lanes, source: Lanes, gate: Lanes), occupancy: Lanes, _ conditions: Conditions
        ) {
            let (h, weight) = (conditions.interval, conditions.endWeight)
            func meanSquare(_ v: Lanes, _ w: Lanes) -> Lanes { (v * v + v * w + w * w) / 3 }
            let before = a.gate - 0.5 * (a.drain + a.source)
            let after = b.gate - 0.5 * (b.drain + b.source)
            let (old, new) = (a.drain - a.source, b.drain - b.source)
            let conductance = device.physics.channelConductance(occupancy)
            let leak = device.multiplier * h * device.gel
            energies.ionic += (leak * meanSquare(before, after)).sum()
            energies.channel += (device.multiplier * h * conductance * meanSquare(old, new)).sum()
            let (drains, sources) = (a.gate - a.drain, a.gate - a.source)
            let (nextDrains, nextSources) = (b.gate - b.drain, b.gate - b.source)
            let drainSquares = device.gateDrain * (nextDrains * nextDrains - drains * drains)
            let sourceSquares = device.gateSource * (nextSources * nextSources - sources * sources)
            energies.switching +=
                (0.5 * device.multiplier * (drainSquares.absolute + sourceSquares.absolute)).sum()
            energy += (0.5 * device.multiplier * (drainSquares + sourceSquares)).sum()
            let gate = leak * (weight * after + (1 - weight) * before) * (before + after)
            let channel = conductance * (weight * new + (1 - weight) * old) * (old + new)
            plain += (0.5 * (gate + device.multiplier * h * channel)).sum()
        }
    }
}
