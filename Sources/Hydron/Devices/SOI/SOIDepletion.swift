/// Films that are depleted down to the buried oxide, soimod = 1 and 2: the body's potential follows the gate and the
/// substrate, and where the film is fully depleted no current reaches the body.
extension SOICore {
    /// The body at a bias.
    @inline(__always) func body<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, gate: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) -> SOIBody<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        guard !laws.isPartlyDepleted else { return held(bias.body, bias.body, heat) }
        let back: R = bias.substrate - heat.backFlatBand.slopes
        let start = depletedBody(surface: heat.phi.slopes, bias, back: back, heat)
        let vth = depletedThreshold(start, bias, heat)

        // The surface potential on both sides of threshold.
        let nvt: R = (heat.thermal * p.nofffd).slopes
        let above: R = nvt * log1p(limitedExp((gate - vth - p.vofffd) / nvt))
        let below: R = nvt * log1p(limitedExp((vth - gate - p.vofffd) / nvt))
        let doubled: R = above + (heat.root * (2 * k1eff)).slopes
        let scale: R = (heat.thermal * heat.thermal * (p.moinfd * k1ox)).slopes
        let strong: R = heat.thermal.slopes * log(above * doubled / scale + 1)
        let series = 1 / (1 / film.silicon + 1 / film.buried)
        let surface: R = heat.phi.slopes + strong - below * (film.oxide / (film.oxide + series))
        let depleted = depletedBody(surface: surface, bias, back: back, heat)
        let floor: R = depleted.body + 0.02

        // The film can't be below what depletes it.
        var (voltage, front) = (bias.body, floor)
        if laws.isFullyDepleted {
            voltage = floor
        } else {
            front = floor + smoothPositive(bias.body - floor - 0.01, 1e-4)
        }
        return held(voltage, channelBody(front, depleted.full), heat)
    }

    /// Potential of the body at which the film is depleted, without the back gate and with it.
    private func depletedBody<T: SOITemperature>(
        surface: Dual<T.Gradient>, _ bias: SOIBias<Dual<T.Gradient>>, back: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) -> (full: Dual<T.Gradient>, body: Dual<T.Gradient>) {
        typealias R = Dual<T.Gradient>
        let (silicon, buried) = (film.silicon, film.buried)
        let charge = 0.5 * filmCharge / silicon
        if laws.couplesDrain == 0 {
            let full: R = surface + ((heat.builtIn - heat.phi) * depletedShort).slopes + (p.vbsa - charge)
            return (full, full * (1 / (1 + buried / silicon)) + back * (backShare / (1 + silicon / buried)))
        }
        let sum = 1 / (silicon + buried + p.cdsbs)
        let coupled: R = (bias.drain + p.vsce) * (p.cdsbs * sum * depletedShort)
        let full: R = (surface + (p.vbsa - charge)) * (silicon * sum) + coupled
        return (full, full + back * (buried * sum))
    }

    /// What of the body's potential the channel feels: less where the film is depleted to its bottom.
    private func channelBody<R: DifferentiableReal>(_ body: R, _ full: R) -> R {
        let below: R = smoothPositive(full - body - 0.005, 2.5e-5)
        return body - below * below * (0.5 * film.silicon / filmCharge)
    }

    private func depletedThreshold<T: SOITemperature>(
        _ start: (full: Dual<T.Gradient>, body: Dual<T.Gradient>), _ bias: SOIBias<Dual<T.Gradient>>,
        _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let channel: R = channelBody(start.body, start.full)
        let limit: R = heat.phi.slopes - 0.02
        let effective: R = limit - smoothPositive(limit - channel - 0.005, 0.02)
        let root: R = sqrt(heat.phi.slopes - effective)
        return threshold(body: effective, root: root, extended: root, drain: bias.drain, heat).vth
    }
}
