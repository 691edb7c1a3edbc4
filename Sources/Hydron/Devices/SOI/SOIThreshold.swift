import Glibc

/// Voltages against the end of the channel that is its source, signs those of an n-channel; d is the other end.
struct SOIBias<R: DifferentiableReal> {
    var gate, drain, body, substrate: R
    /// Of the body against each end where its junction is.
    var sourceJunction, drainJunction: R
    /// vds < 0: source and drain have changed places.
    var isReversed: Bool
}

/// What the body does to the channel.
struct SOIBody<R: DifferentiableReal> {
    /// The body's voltage: the node's, in full depletion what the film floats to.
    var voltage: R
    /// Held below 1.5 V, and below the surface potential, too.
    var held, effective: R
}

/// Threshold and gate drive.
struct SOIDrive<R: DifferentiableReal> {
    /// Gate voltage less what depletes its polysilicon, vth, n, √(φ − vbs), depth of the depletion [m].
    var gate, threshold, slope, root, depth: R
    /// vgst and vgsteff [V]
    var over, effective: R
}

extension SOICore {
    /// The gate's voltage without what falls across the depletion of its polysilicon.
    func polyDepleted<T: SOITemperature>(_ v: Dual<T.Gradient>, _ heat: SOIHeat<T>) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        guard polyPotential > 0 else { return v }
        let onset = heat.polyOnset.slopes
        guard v.value > onset.value else { return v }
        let over: R = (v - onset) * (2 / polyPotential)
        let fall: R = (sqrt(over + 1) - 1) * polyPotential
        let potential: R = fall * fall * (0.5 / polyPotential)
        let room: R = p.eggdep - 0.05 - potential
        let root: R = sqrt(room * room + 0.224)
        return v - (p.eggdep - (room + root) * 0.5)
    }

    /// vth, n and the depth of the depletion at a body voltage `vb`; `root` is √(φ − vb), `extended` goes on beyond φ.
    func threshold<T: SOITemperature>(
        body vb: Dual<T.Gradient>, root: Dual<T.Gradient>, extended: Dual<T.Gradient>, drain vds: Dual<T.Gradient>,
        _ heat: SOIHeat<T>
    ) -> (vth: Dual<T.Gradient>, n: Dual<T.Gradient>, depth: Dual<T.Gradient>) {
        typealias R = Dual<T.Gradient>
        let leff = size.length
        let depth: R = root * (heat.depth / heat.root).slopes
        let natural: R = sqrt(depth * film.scale)
        let barrier: R = (heat.builtIn - heat.phi).slopes

        // Short and narrow channel.
        let length: R = natural * guardedSum(vb * p.dvt2)
        let theta: R = shortChannel((-0.5 * p.dvt1 * leff) / length)
        var shift: R = theta * p.dvt0 * barrier
        if p.dvt0w != 0 {
            let narrow: R = natural * guardedSum(vb * p.dvt2w)
            let share: R = shortChannel((-0.5 * p.dvt1w * size.width * leff) / narrow)
            shift = shift + share * p.dvt0w * barrier
        }

        // Slope of weak inversion.
        let coupling: R = vb * p.cdscb + vds * p.cdscd + p.cdsc
        let depletion: R = (p.nfactor * film.permittivity) / depth
        let states: R = (depletion + coupling * theta + p.cit) / film.oxide
        let n: R = guardedSum(states)

        // The drain's influence.
        let influence: R = guardedFloor(vb * self.influence.byBody + self.influence.constant, 1e-4)
        shift = shift + influence * vds * heat.drainShort.slopes
        if p.dvtp0 > 0 {
            let pocket: R = vds * -p.dvtp1
            let fall: R =
                pocket.value < -SOIConstants.longest ? R(constant: SOIConstants.smallest) : exp(pocket)
            let logarithm: R = log(leff / ((fall + 1) * p.dvtp0 + leff))
            shift = shift + n * logarithm * heat.thermal.slopes
        }
        if dvtp2Factor != 0 { shift = shift + tanh(vds * p.dvtp4) * dvtp2Factor }

        let width: R = (vb * p.k3b + p.k3) * (film.thickness / (size.width + p.w0)) * heat.phi.slopes
        let warm: R = (vb * p.kt2 + (p.kt1 + p.kt1l / leff)) * heat.ratio.slopes
        let still: R = (heat.root * (k1ox * lateral - k1eff * lateralBody) + heat.threshold).slopes
        var vth: R = extended * (k1ox * lateralBody) - vb * k2ox - shift
        vth = vth + width + warm + still
        return (vth, n, depth)
    }

    /// The body's voltages as the channel's law takes them.
    func held<T: SOITemperature>(
        _ voltage: Dual<T.Gradient>, _ channel: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) -> SOIBody<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        let low: R = smoothPositive(channel + 4.999, 0.02) - 5
        let held: R = 1.5 - smoothPositive(1.498 - low, 0.012)
        let limit: R = (heat.phi * 0.95).slopes
        let room: R = limit - held - 0.002
        let root: R = sqrt(room * room + limit * 0.008)
        let effective: R = limit - (room + root) * 0.5
        return SOIBody(voltage: voltage, held: held, effective: effective)
    }

    /// vgsteff of a gate drive, with weak inversion.
    func effectiveDrive<T: SOITemperature>(
        _ over: Dual<T.Gradient>, slope n: Dual<T.Gradient>, offset: Double, share: Double, _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let nvt: R = n * heat.thermal.slopes
        let strong: R = over * share / nvt
        if strong.value > SOIConstants.longest { return over }
        let weak: R = (offset - over * (1 - share)) / nvt
        let ratio: R = (film.oxide / heat.depletion).slopes
        if weak.value > SOIConstants.longest {
            return exp((over - offset) / nvt) * heat.thermal.slopes / ratio
        }
        let numerator: R = nvt * log1p(exp(strong))
        return numerator / (n * ratio * exp(weak) + share)
    }

    /// Threshold and gate drive at a bias.
    func drive<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, gate: Dual<T.Gradient>, _ body: SOIBody<Dual<T.Gradient>>,
        _ heat: SOIHeat<T>
    ) -> SOIDrive<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        let root: R = sqrt(heat.phi.slopes - body.effective)
        let extended: R = root - (body.held - body.effective) * (2.2361 / heat.root).slopes
        let at = threshold(body: body.effective, root: root, extended: extended, drain: bias.drain, heat)
        let over: R = gate - at.vth
        let effective: R = effectiveDrive(over, slope: at.n, offset: p.voff, share: mstar, heat)
        return SOIDrive(
            gate: gate, threshold: at.vth, slope: at.n, root: root, depth: at.depth, over: over, effective: effective)
    }
}
