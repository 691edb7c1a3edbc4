/// Eight proton resistors of one kind side by side: the same equations as for one, lane by lane.
extension ProtonPhysics {
    /// Ge [S].
    @inline(__always) func channelConductance(_ x: Lanes) -> Lanes {
        let free = 1 - x
        let sx = (1 + (x * x + Self.clip).squareRoot() - (free * free + Self.clip).squareRoot()) * 0.5
        let g = gmin + gspan * (sx + gnl * sx * (1 - sx))
        return rc > 0 ? g / (1 + rc * g) : g
    }

    /// A ramp of the field z from `middle` − `half` to `middle` + `half`, both ends within ±1. Power series: what they
    /// leave out is below 1e-17.
    struct GentleRamp {
        private let middle: Lanes
        private let half: Lanes
        private let sinhMiddle: Lanes
        private let coshMiddle: Lanes
        /// sinh(u)/u of u = `half`.
        private let spread: Lanes
        /// Slope of `spread` in u, over u.
        private let widening: Lanes

        @inline(__always) init(from a: Lanes, to b: Lanes) {
            middle = (a + b) * 0.5
            half = (b - a) * 0.5
            let (m, u) = (middle * middle, half * half)
            sinhMiddle = middle * Self.sinhRatio(m)
            coshMiddle = Self.cosh(m)
            spread = Self.sinhRatio(u)
            widening = Self.widening(u)
        }

        /// Mean of sinh z, as sinh(m) sinh(u)/u.
        @inline(__always) var mean: Lanes { sinhMiddle * spread }
        /// Its slope in the ramp's end.
        @inline(__always) var slope: Lanes { (coshMiddle * spread + sinhMiddle * half * widening) * 0.5 }
        /// Mean of z sinh z.
        @inline(__always) var meanProduct: Lanes {
            middle * sinhMiddle * spread + coshMiddle * half * half * widening
        }

        /// sinh(z)/z from z².
        @inline(__always) private static func sinhRatio(_ t: Lanes) -> Lanes {
            var sum = Lanes(repeating: 1 / 355_687_428_096_000)
            sum = sum * t + 1 / 1_307_674_368_000
            sum = sum * t + 1 / 6_227_020_800
            sum = sum * t + 1 / 39_916_800
            sum = sum * t + 1 / 362_880
            sum = sum * t + 1 / 5040
            sum = sum * t + 1 / 120
            sum = sum * t + 1 / 6
            return sum * t + 1
        }

        /// cosh z from z².
        @inline(__always) private static func cosh(_ t: Lanes) -> Lanes {
            var sum = Lanes(repeating: 1 / 6_402_373_705_728_000)
            sum = sum * t + 1 / 20_922_789_888_000
            sum = sum * t + 1 / 87_178_291_200
            sum = sum * t + 1 / 479_001_600
            sum = sum * t + 1 / 3_628_800
            sum = sum * t + 1 / 40_320
            sum = sum * t + 1 / 720
            sum = sum * t + 1 / 24
            sum = sum * t + 0.5
            return sum * t + 1
        }

        /// (cosh z − sinh(z)/z)/z² from z²: terms 2k z^(2k−2)/(2k+1)!.
        @inline(__always) private static func widening(_ t: Lanes) -> Lanes {
            var sum = Lanes(repeating: 16 / 355_687_428_096_000)
            sum = sum * t + 14 / 1_307_674_368_000
            sum = sum * t + 12 / 6_227_020_800
            sum = sum * t + 10 / 39_916_800
            sum = sum * t + 8 / 362_880
            sum = sum * t + 6 / 5040
            sum = sum * t + 4 / 120
            return sum * t + 2 / 6
        }
    }

    typealias LaneMask = SIMDMask<SIMD8<Int64>>

    /// The field z where vgc is `v` [V].
    @inline(__always) private func field(_ v: Lanes) -> Lanes { (v - voc0) * (1 / v0) }

    /// Where ``GentleRamp`` and straight lines in x are all there is to a step from x0 to x: both limits are 1 to better
    /// than 1e-10 there, and the field is small.
    @inline(__always)
    private func isGentle(_ x0: Lanes, _ x: Lanes, from start: Lanes, to end: Lanes) -> LaneMask {
        guard isPotentialFlat, asy == 0, vb == 0, kup == 0, kdn == 0, qres == 0 else {
            return LaneMask(repeating: false)
        }
        // tanh(12) is 1 − 7.5e-11.
        let margin = 12 * xw
        func isFarFromLimits(_ x: Lanes) -> LaneMask { (x .> margin) .& ((1 - x) .> margin) }
        return isFarFromLimits(x0) .& isFarFromLimits(x) .& (largerLanes(start.absolute, end.absolute) .< 1)
    }

    /// A step of eight occupancies.
    struct LaneStep {
        /// At the end.
        var x: Lanes
        /// Mean ionic current [A] and its slope in the final vgc [S].
        var meanCurrent: Lanes
        var currentSlope: Lanes
        /// Largest step error over its tolerance.
        var error: Double
    }

    /// ``advance(x0:from:to:interval:)`` for eight cells, those that need more than a gentle ramp one by one.
    @inline(__always) func advance(x0: Lanes, from a: Lanes, to b: Lanes, interval h: Double) -> LaneStep {
        let (start, end) = (field(a), field(b))
        let ramp = GentleRamp(from: start, to: end)
        let line = relaxation(interval: h)
        let current = ip0 * ramp.mean
        let x = x0 + (current - line.decay * (x0 - xeq)) * (1 / line.slope)
        let moved = x - x0
        let currentSlope = ip0 / v0 * ramp.slope
        var step = LaneStep(
            x: x, meanCurrent: line.storage * moved + line.decay * (x0 + line.theta * moved - xeq),
            currentSlope: currentSlope, error: 0)
        let isDone = isGentle(x0, x, from: start, to: end)
        let change = moved.absolute.replacing(with: 0, where: .!isDone)
        step.error = change.max() / Self.largestChange
        guard !holdsEverywhere(isDone) else { return step }
        for lane in 0..<GridShape.lanes where !isDone[lane] {
            let one = advance(x0: x0[lane], from: a[lane], to: b[lane], interval: h)
            step.x[lane] = one.x
            step.meanCurrent[lane] = one.meanCurrent
            step.currentSlope[lane] = one.currentSlope
            step.error = max(step.error, one.error)
        }
        return step
    }

    /// ``meanPower(occupancy:from:to:meanCurrent:)`` for eight cells.
    @inline(__always)
    func meanPower(occupancy x: (Lanes, Lanes), from a: Lanes, to b: Lanes, meanCurrent: Lanes) -> Lanes {
        let (start, end) = (field(a), field(b))
        var power = meanCurrent * voc0 + ip0 * v0 * GentleRamp(from: start, to: end).meanProduct
        let isDone = isGentle(x.0, x.1, from: start, to: end)
        guard !holdsEverywhere(isDone) else { return power }
        for lane in 0..<GridShape.lanes where !isDone[lane] {
            power[lane] = meanPower(
                occupancy: 0.5 * (x.0[lane] + x.1[lane]), from: a[lane], to: b[lane], meanCurrent: meanCurrent[lane])
        }
        return power
    }
}

extension ProtonResistor {
    /// Whether a step in which vgc goes from `a` to `b` moves none of the occupancies by more than an array neglects, where
    /// the open-circuit potential is the same for every occupancy.
    @inline(__always) func holds(_ x: Lanes, from a: Lanes, to b: Lanes, interval: Double) -> Bool {
        let z = (largerLanes(a.absolute, b.absolute) + abs(physics.voc0)) / physics.v0
        let change =
            interval
            * (2.4 * physics.ip0 * z * (1 + abs(physics.asy)) / physics.qmax
                + (x - physics.xeq).absolute * physics.lossRate)
        return holdsEverywhere((z .< 1) .& (change .< Self.heldBelow))
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

        /// Eight cells. `ionicCharge` [C] is nil where none of them moved: what else there is holds for both.
        @inline(__always)
        mutating func add(
            _ device: ProtonResistor, from a: (drain: Lanes, source: Lanes, gate: Lanes),
            to b: (drain: Lanes, source: Lanes, gate: Lanes), x: (Lanes, Lanes), ionicCharge: Lanes?,
            _ conditions: Conditions
        ) {
            let (h, weight) = (conditions.interval, conditions.endWeight)
            func meanSquare(_ v: Lanes, _ w: Lanes) -> Lanes { (v * v + v * w + w * w) / 3 }
            let before = a.gate - 0.5 * (a.drain + a.source)
            let after = b.gate - 0.5 * (b.drain + b.source)
            let (old, new) = (a.drain - a.source, b.drain - b.source)
            let oldConductance = device.physics.channelConductance(x.0)
            let newConductance = ionicCharge == nil ? oldConductance : device.physics.channelConductance(x.1)
            let leak = device.multiplier * h * device.gel
            energies.ionic += (leak * meanSquare(before, after)).sum()
            energies.channel +=
                (device.multiplier * h * (0.5 * (oldConductance + newConductance)) * meanSquare(old, new)).sum()
            let (drains, sources) = (a.gate - a.drain, a.gate - a.source)
            let (nextDrains, nextSources) = (b.gate - b.drain, b.gate - b.source)
            let drainSquares = device.gateDrain * (nextDrains * nextDrains - drains * drains)
            let sourceSquares = device.gateSource * (nextSources * nextSources - sources * sources)
            energies.switching +=
                (0.5 * device.multiplier * (drainSquares.absolute + sourceSquares.absolute)).sum()
            energy += (0.5 * device.multiplier * (drainSquares + sourceSquares)).sum()
            let gate = leak * (weight * after + (1 - weight) * before) * (before + after)
            let channel = (weight * newConductance * new + (1 - weight) * oldConductance * old) * (old + new)
            plain += (0.5 * (gate + device.multiplier * h * channel)).sum()
            guard let ionicCharge else { return }
            let power = device.physics.meanPower(
                occupancy: x, from: before, to: after, meanCurrent: ionicCharge * (1 / h))
            energies.ionic += (device.multiplier * h * power).sum()
            plain += (0.5 * device.multiplier * ionicCharge * (before + after)).sum()
            gained += (device.multiplier * ionicCharge).sum()
            stored += (device.multiplier * device.physics.qmax * (x.1 - x.0)).sum()
        }
    }
}
