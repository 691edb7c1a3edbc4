import Glibc

extension SOITransistor {
    static var noiseNames: [String] { ["id", "fn", "ibs", "ibd", "igs", "igd", "igb"] }

    /// Thermal noise of the channel, flicker noise (K. K. Hung et al., IEEE Trans. Electron Devices 37, 1323 (1990), doi
    /// 10.1109/16.108195), shot noise of junctions and gate. Manual, chapter 7. What tnoimod=1 puts on a resistance before
    /// the source besides its own noise is left out.
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let v = voltages(u.values)
        let (bias, heat) = (bias(v), warmth(v.rise))
        let point = point(bias, heat, gmin: 0)
        let count = core.multiple / core.size.fingers
        let (fingers, p) = (core.size.fingers, core.p)
        let leakage = point.leakage
        var current = point.channel.current + leakage.bipolar + leakage.ionisation + leakage.drainInduced
        current = (current - leakage.drainJunction) * fingers
        let (drain, source) = (Self.drain, Self.source)
        let conductance = thermalConductance(bias, heat, point, current: abs(current.value)) * count
        var channel = NoiseSource.thermal(
            "id", drain, source, conductance: conductance, thermal: noiseThermal(heat))
        if channel.white < 0 { channel.white = 0 }
        var flicker = NoiseSource(name: "fn", from: drain, to: source, white: 0)
        flicker.flicker = flickerDensity(bias, heat, point, current: abs(current.value)) * count * core.flickerFactor
        flicker.exponent = p.ef
        let (atSource, atDrain) = (point.currents.sourceBody.value, point.currents.drainBody.value)
        let near = point.tunnelling.source.value
        let far = point.tunnelling.drain.value
        let (gateSource, gateDrain) = point.isReversed ? (far, near) : (near, far)
        func shot(_ name: String, _ from: Int, _ to: Int, _ current: Double, _ factor: Double = 1) -> NoiseSource {
            .shot(name, from, to, current: current * fingers * count * factor)
        }
        let sourceBody = T.hasOwnNodes ? Self.sourceBody : Self.body
        let drainBody = T.hasOwnNodes ? Self.drainBody : Self.body
        // Version 3.2 has the noise of both junctions at the source.
        let (ofSource, ofDrain) = core.laws.isVersion3 ? (2 * p.noif, 0) : (p.noif, p.noif)
        return [
            channel, flicker, shot("ibs", source, sourceBody, atSource, ofSource),
            shot("ibd", drain, drainBody, atDrain, ofDrain),
            shot("igs", Self.gate, source, point.edgeSource.value + gateSource),
            shot("igd", Self.gate, drain, point.edgeDrain.value + gateDrain),
            shot("igb", Self.gate, Self.body, point.tunnelling.body.value),
        ]
    }

    /// k T/q [V] of noise: version 3.2 leaves the film's own heat out.
    private func noiseThermal(_ heat: SOIHeat<T>) -> Double {
        core.laws.isVersion3 ? SOIConstants.boltzmannOverCharge * temperature : heat.thermal.value
    }

    /// Of all fingers [S].
    private func thermalConductance(
        _ bias: SOIBias<Slopes>, _ heat: SOIHeat<T>, _ point: Point, current: Double
    ) -> Double {
        let (p, fingers, leff) = (core.p, core.size.fingers, core.size.length)
        let channel = point.channel
        let mobility = channel.mobility.value
        let slopes = (channel.current + point.leakage.bipolar).gradient * fingers
        let sum = slopes[SOILane.gate] + slopes[SOILane.body]
        // Of the ends as they act: in reverse the drain's slope is that of the source.
        var own = slopes[SOILane.drain]
        if bias.isReversed { own = -(sum + own + slopes[SOILane.substrate]) }
        switch core.laws.thermalNoise {
        case 0:
            let charges = core.charges(bias, gate: point.drive.gate, point.drive, point.body, channel, heat)
            let charge = mobility * abs(charges.inversion.value)
            return charge / (leff * leff + charge * channel.resistance.value / fingers) * p.ntnoi
        case 1:
            let field = 2 * heat.velocity.value / mobility
            let share = point.drive.effective.value / field / leff
            let square = share * share
            let beta = p.rnoia * (1 + square * p.tnoia * leff)
            var theta = p.rnoib * (1 + square * p.tnoib * leff)
            theta = min(theta, 0.9, 0.9 * beta)
            let resistance = current > 0 ? min(channel.effectiveDrain.value / current, 1e9) : 1e9
            let (all, weighted) = (sum + own, beta * sum + own)
            return max((weighted * weighted - theta * theta * all * all) * resistance, 0)
        case 3:
            let noise = core.correlatedNoise(channel, point.drive, heat)
            return noise.conductance * (1 - noise.share * noise.share)
        default: return p.ntnoi * 2 / 3 * abs(sum + own)
        }
    }

    /// [A²/Hz at 1 Hz], of all fingers.
    private func flickerDensity(
        _ bias: SOIBias<Slopes>, _ heat: SOIHeat<T>, _ point: Point, current: Double
    ) -> Double {
        let (p, size, oxide) = (core.p, core.size, core.film.oxide)
        let leff = size.length
        guard core.laws.flicker != 0 else {
            let scale = oxide * Glibc.pow(leff, p.bf)
            guard p.w0flk > 0 else { return p.kf * Glibc.pow(max(current, 1e-38), p.af) / scale }
            let pieces = size.fingers * size.width / p.w0flk
            return pieces * p.kf * Glibc.pow(max(current / pieces, 1e-38), p.af) / scale
        }
        let charge = PhysicalConstants.elementaryCharge
        let thermal = noiseThermal(heat) * charge
        let (channel, drive) = (point.channel, point.drive)
        let mobility = channel.mobility.value
        let vgst = drive.effective.value
        let states =
            heat.thermal.value / core.film.charge * (oxide + core.film.permittivity / drive.depth.value + p.cit)
        let reached = channel.effectiveDrain.value
        let atSource = oxide * vgst / charge
        let atDrain = atSource * (1 - channel.bulk.value / (vgst + 2 * heat.thermal.value) * reached)
        let field = 2 * heat.velocity.value / mobility
        var modulated = 0.0
        if p.em > 0 {
            let ratio = ((bias.drain.value - reached) / core.fieldLength + p.em) / field
            modulated = core.fieldLength * Glibc.log(max(ratio, 1e-38))
        }
        let traps = p.noia * Glibc.log(max((atSource + states) / (atDrain + states), 1e-38))
        let linear = p.noib * (atSource - atDrain)
        let square = 0.5 * p.noic * (atSource * atSource - atDrain * atDrain)
        let along = charge * charge * thermal * current * mobility / (1e10 * channel.bulk.value * oxide * leff * leff)
        let end = thermal * current * current / (1e10 * leff * leff * size.width * size.fingers)
        let density = p.noia + p.noib * atDrain + p.noic * atDrain * atDrain
        let filled = (atDrain + states) * (atDrain + states)
        let strong = along * (traps + linear + square) + end * modulated * density / filled
        let weak = p.noia * thermal * current * current / (size.width * size.fingers * leff * 1e10 * states * states)
        return strong + weak > 0 ? strong * weak / (strong + weak) : 0
    }
}
