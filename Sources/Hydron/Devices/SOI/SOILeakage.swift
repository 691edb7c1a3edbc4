import Glibc

/// Currents of one finger [A], into the body unless said otherwise; s and d are the ends as they act.
struct SOILeakage<R: DifferentiableReal> {
    /// From the body through its junctions.
    var sourceJunction, drainJunction: R
    /// From d to s through the bipolar transistor.
    var bipolar: R
    /// What tells the junctions' charge of injected carriers.
    var sourceDiffusion, drainDiffusion: R
    /// Induced by the gate at the ends.
    var sourceInduced, drainInduced: R
    /// By impact ionisation, from d.
    var ionisation: R

    static var none: SOILeakage {
        let zero = R(constant: 0)
        return SOILeakage(
            sourceJunction: zero, drainJunction: zero, bipolar: zero, sourceDiffusion: zero, drainDiffusion: zero,
            sourceInduced: zero, drainInduced: zero, ionisation: zero)
    }
}

extension SOICore {
    /// Junctions, the bipolar transistor below the channel, what gate and drain induce.
    ///
    /// - Parameters:
    ///   - gates: voltages of the gate without its depletion, against s and against d.
    func leakage<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, gates: (Dual<T.Gradient>, Dual<T.Gradient>),
        _ drive: SOIDrive<Dual<T.Gradient>>, _ channel: SOIChannel<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> SOILeakage<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        guard !laws.isFullyDepleted else { return .none }
        let (near, far) = bias.isReversed ? (drain, source) : (source, drain)
        let (warmNear, warmFar) = bias.isReversed ? (heat.drain, heat.source) : (heat.source, heat.drain)
        var leakage = SOILeakage<R>.none
        let area = size.width / size.segments * p.tsi
        let vs = bias.sourceJunction
        let vd = bias.drainJunction
        let risenSource: R = limitedExp(vs / warmNear.thermal.slopes) - 1
        let risenDrain: R = limitedExp(vd / warmFar.thermal.slopes) - 1
        leakage.sourceJunction = diode(near, warmNear, vs, risenSource)
        leakage.drainJunction = diode(far, warmFar, vd, risenDrain)

        // The bipolar transistor.
        if warmNear.bipolar.value != 0 || warmFar.bipolar.value != 0 {
            let highSource: R = risenSource * warmNear.highInjection.slopes
            let highDrain: R = risenDrain * warmFar.highInjection.slopes
            let sourceFactor: R = highSource.value < 1e-5 ? R(constant: 1) : 1 / sqrt(highSource + 1)
            let drainFactor: R = highDrain.value < 1e-5 ? R(constant: 1) : 1 / sqrt(highDrain + 1)
            let injectedSource: R = risenSource * sourceFactor * (warmNear.bipolar * area).slopes
            let injectedDrain: R = risenDrain * drainFactor * (warmFar.bipolar * area).slopes
            let recombined = (1 - transport) * bipolarRatio
            leakage.sourceJunction = leakage.sourceJunction + injectedSource * recombined
            leakage.drainJunction = leakage.drainJunction + injectedDrain * recombined
            leakage.sourceDiffusion = injectedSource * diffusionRatio
            leakage.drainDiffusion = injectedDrain * diffusionRatio
            if !bipolarOff {
                let widened: R = (vs + vd) / early + 1
                // Reverse voltages take from the sum; the root must stay one.
                let sum: R = guardedFloor(widened * widened + (highSource + highDrain) * 4, 1e-3)
                let twice: R = widened + sqrt(sum)
                let collector = release.collectsByDrain ? heat.drain : warmFar
                let saturation: R = (collector.bipolar * (area * bipolarRatio * transport)).slopes
                let carried: R = (risenSource - risenDrain) * saturation
                leakage.bipolar = twice.value < 0.2 ? carried * 10 : carried * 2 / twice
            }
        }
        let ratio = heat.ratio.slopes
        let farWidth = release.inducesBySourceWidth ? near.width : far.width
        leakage.sourceInduced =
            laws.isVersion3
            ? induced(near.induced, near.width, R(constant: 0), gates.0, vs: bias.body, ratio)
            : induced(near.induced, near.width, -bias.drain, gates.1, vs: bias.body, ratio)
        leakage.drainInduced = induced(far.induced, farWidth, bias.drain, gates.0, vs: bias.body - bias.drain, ratio)
        leakage.ionisation = ionisation(bias, drive, channel, leakage.bipolar, heat)
        return leakage
    }

    /// Diffusion, recombination and tunnelling at one junction.
    private func diode<T: SOITemperature>(
        _ junction: SOIJunction, _ warm: SOIJunctionHeat<T>, _ v: Dual<T.Gradient>, _ risen: Dual<T.Gradient>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let area = junction.width * p.tsi
        var current: R = risen * (warm.diffusion * area).slopes
        if warm.recombination.value != 0 {
            let forward: R = limitedExp(v / warm.forward.slopes)
            let reverse: R = bounded(v, junction.recombinationVoltage)
            let generation: R = limitedExp(reverse / warm.reverse.slopes)
            current = current + (forward - generation) * (warm.recombination * area).slopes
        }
        if warm.tunnel.value != 0 {
            let reverse: R = bounded(v, junction.tunnellingVoltage)
            let tunnelled: R = 1 - limitedExp(reverse / (p.vtm00 * junction.tunnelling))
            current = current + tunnelled * (warm.tunnel * area).slopes
        }
        return current
    }

    /// −v V/(V − v), which a reverse voltage takes towards V.
    private func bounded<R: DifferentiableReal>(_ v: R, _ limit: Double) -> R {
        if limit - v.value < 1e-3 { return v * (-limit * 1e3) }
        return v * -limit / (limit - v)
    }

    /// What the gate induces at one end: at d by vd = vds, at s by −vds; `body` is the body's voltage against that end.
    private func induced<R: DifferentiableReal>(
        _ law: SOIJunction.Induced, _ width: Double, _ vd: R, _ gate: R, vs body: R, _ ratio: R
    ) -> R {
        let thickness =
            film.otherMaterials
            ? film.permittivity / SOIConstants.vacuum * film.thickness / film.oxidePermittivity
            : 3 * 3.9 / film.oxidePermittivity * film.thickness
        let share = laws.gidl == 0 ? 1 : law.r
        let bending = film.otherMaterials ? law.e - edgeFlatBand : law.e
        let field: R = (vd - gate * share - bending) / thickness
        guard law.a > 0, law.b > 0, law.c >= 0 else { return R(constant: 0) }
        if release.inducesSmoothly { return smoothInduced(law, width, field, vs: body, ratio) }
        guard field.value > 0 else { return R(constant: 0) }
        if laws.gidl == 0, body.value > 0 { return R(constant: 0) }
        let exponent: R = law.b / field
        let probability: R =
            exponent.value < SOIConstants.longest ? exp(-exponent) : R(constant: SOIConstants.smallest)
        let current: R = field * probability * (width * law.a)
        if laws.gidl == 0 {
            guard law.c >= SOIConstants.smallest else { return current }
            let cube: R = body * body * -body
            return current * cube / (cube + law.c)
        }
        guard law.k != 0 else { return current }
        let depth: R = body - law.f
        let factor: R = law.k / depth
        if depth.value == 0 || factor.value >= SOIConstants.longest { return current * SOIConstants.largest }
        return current * exp(factor)
    }

    /// The same without an onset: field and the body's influence pass 0 along hyperbolas.
    private func smoothInduced<R: DifferentiableReal>(
        _ law: SOIJunction.Induced, _ width: Double, _ sharp: R, vs body: R, _ ratio: R
    ) -> R {
        func hyperbola(_ a: R, _ b: Double) -> R { smoothPositive(a, 4 * b * b) }
        let field: R = hyperbola(sharp, 1e-2)
        let critical: R = law.bGrowth == 0 ? R(constant: law.b) : ratio * law.bGrowth + law.b
        let current: R = field * exp(-critical / (field + 1e-3)) * (width * law.a)
        guard laws.gidl == 0 else {
            let depth: R = body - law.f
            return current * (depth.value < -0.01 ? exp(law.k / depth) : R(constant: Glibc.exp(-100 * law.k)))
        }
        let cube: R = body * body * body
        let share: R = -cube / (abs(cube) + (law.c + 1e-9))
        return current * (hyperbola(share, 1e-6) - 1e-6)
    }

    /// Impact ionisation at d.
    private func ionisation<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>,
        _ channel: SOIChannel<Dual<T.Gradient>>, _ bipolar: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        var ratio = R(constant: 0)
        if p.alpha0 > 0 {
            let field = p.esatii * size.length
            let gate: R = 1 / (drive.effective * p.sii1 + 1) + p.sii2
            let step: R = drive.over * gate * (p.sii0 * field / (1 + field)) / (bias.drain * p.siid + 1)
            let over: R = bias.drain - heat.ionisationVoltage.slopes - step
            var scale: R = over * p.beta1 + over * over * p.beta0 + p.beta2
            if scale.value < 1e-5 { scale = R(constant: 1e-5) }
            ratio = heldExp(over / scale) * p.alpha0
            if ratio.value > 10 { ratio = R(constant: 10) }
        }
        if laws.ionisation == 0 { return p.alpha0 > 0 ? ratio * (channel.current + bipolar * p.fbjtii) : ratio }
        let length = (p.cbjtii + p.ebjtii * size.length) / size.length
        let collector: R = heat.collectorPotential.slopes - (bias.sourceJunction - bias.drain)
        let exponent: R =
            collector.value > 0 ? pow(collector, p.mbjtii - 1) * -p.abjtii : R(constant: 0)
        return ratio * channel.current + bipolar * collector * heldExp(exponent) * length
    }
}
