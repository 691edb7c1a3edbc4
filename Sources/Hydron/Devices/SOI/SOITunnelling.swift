import Glibc

/// Currents of one finger from the gate through its oxide [A]; s and d are the ends as they act.
struct SOITunnelling<R: DifferentiableReal> {
    var body, source, drain: R

    static var none: SOITunnelling {
        let zero = R(constant: 0)
        return SOITunnelling(body: zero, source: zero, drain: zero)
    }
}

extension SOICore {
    /// What currents through the oxide gain by the temperature's ratio to the nominal one, less 1.
    func tunnellingFactor<T: SOITemperature>(_ ratio: T) -> T {
        release.warmsTunnelling ? pow(ratio + 1, p.igt) : T(constant: 1)
    }

    /// A coefficient with what it gains by the temperature.
    private func warmed<T: SOITemperature>(_ value: Double, _ growth: Double, _ heat: SOIHeat<T>) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        return growth == 0 ? R(constant: value) : (heat.ratio * growth + value).slopes
    }

    /// - Parameter factor: of the currents to the channel and its ends.
    mutating func setTunnelling(_ model: SOIModelValues, factor: Double) {
        // Coefficients of electrons and of holes through the oxide, [A/V²] and 1/(V m).
        let electrons = SIMD2(model[.agbc2n], model[.bgbc2n])
        let holes = SIMD2(model[.agbc2p], model[.bgbc2p])
        let thickness = p.toxqm
        oxideRatio = Glibc.pow(model[.toxref] / thickness, model[.ntox]) / thickness / thickness
        let edge = thickness * p.poxedge
        let edgeRatio = Glibc.pow(model[.toxref] / edge, model[.ntox]) / edge / edge
        let carriers = polarity > 0 ? holes : electrons
        contactTunnelling = polarity > 0 ? electrons : holes
        let across = size.width / size.segments
        channelTunnelling = SIMD2(
            factor * carriers[0] * (across * size.length + size.contactCurrentArea / size.fingers) * oxideRatio,
            -carriers[1] * thickness)
        edgeTunnelling = SIMD3(
            factor * carriers[0] * (across + size.sourceContact) * size.overlap * edgeRatio,
            factor * carriers[0] * (across + size.drainContact) * size.overlap * edgeRatio, -carriers[1] * edge)
    }

    /// Exponential of an oxide's voltage with the coefficients a, b, c.
    private func barrier<R: DifferentiableReal>(_ v: R, _ scale: Double, _ a: R, _ b: Double, _ c: Double) -> R {
        let linear: R = v * (a * c - b) + a
        return heldExp((linear - v * v * (b * c)) * scale)
    }

    /// Through the oxide above channel and body.
    func tunnelling<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>, _ body: SOIBody<Dual<T.Gradient>>,
        _ channel: SOIChannel<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> SOITunnelling<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        guard laws.tunnelsToBody || laws.tunnelsToChannel else { return .none }
        var currents = SOITunnelling<R>.none
        let flat: R = (heat.threshold - heat.phi - heat.root * k1eff).slopes

        // Voltages across the oxide in accumulation, and in depletion and inversion.
        let over: R = flat - drive.gate + body.voltage - 0.02
        let root: R = sqrt(over * over + abs(flat) * 0.08)
        let effectiveFlat: R = flat - (over + root) * 0.5
        let accumulation: R = flat - effectiveFlat
        var inversion = R(constant: 0)
        if k1ox != 0 {
            let bulk: R = drive.gate - drive.effective - effectiveFlat - body.effective
            let rootBulk: R
            if bulk.value < 0 {
                rootBulk = bulk / k1ox
            } else {
                rootBulk = (sqrt(bulk * (4 / k1ox / k1ox) + 1) - 1) * (k1ox / 2)
            }
            inversion = drive.gate - (rootBulk * rootBulk + body.voltage) - flat
        }
        if laws.tunnelsToChannel { partChannel(&currents, bias, drive, inversion, heat) }
        if laws.tunnelsToBody {
            let gate: R = drive.gate - body.voltage
            let area: R = channel.width * (size.length / size.segments) + size.contactCurrentArea / size.fingers
            if gate.value >= 0 {
                let vox: R = limitedOxide(inversion)
                let supply: R = log1p(limitedExp((vox - p.ebg) / p.vevb)) * p.vevb
                let passed: R = trapezoid(
                    vox, p.bgb1 * p.toxqm, warmed(p.alphagb1, p.alphagb1t, heat), p.betagb1, p.vgb1)
                currents.body = area * gate * supply * passed * (p.agb1 * oxideRatio)
            } else {
                let vox: R = limitedOxide(accumulation)
                let supply: R = log1p(limitedExp((flat - gate) / p.vecb)) * p.vecb
                let passed: R = trapezoid(
                    vox, p.bgb2 * p.toxqm, warmed(p.alphagb2, p.alphagb2t, heat), p.betagb2, p.vgb2)
                currents.body = area * gate * supply * passed * (p.agb2 * oxideRatio)
            }
            if release.warmsTunnelling { currents.body = currents.body * heat.tunnelling.slopes }
        }
        return currents
    }

    /// To the channel, parted between its ends.
    private func partChannel<T: SOITemperature>(
        _ currents: inout SOITunnelling<Dual<T.Gradient>>, _ bias: SOIBias<Dual<T.Gradient>>,
        _ drive: SOIDrive<Dual<T.Gradient>>, _ oxide: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) {
        typealias R = Dual<T.Gradient>
        let nvt: R = (heat.thermal * p.nigc).slopes
        let over: R = drive.gate - heat.threshold.slopes
        let ratio: R = over / nvt
        let supply: R
        if ratio.value > SOIConstants.longest {
            supply = over
        } else if ratio.value < -SOIConstants.longest {
            supply = nvt * SOIConstants.smallest
        } else {
            supply = nvt * log1p(exp(ratio))
        }
        let passed: R = barrier(oxide, channelTunnelling[1], warmed(p.aigc, p.aigc1, heat), p.bigc, p.cigc)
        var all: R = drive.gate * supply * channelTunnelling[0] * passed
        if release.warmsTunnelling { all = all * heat.tunnelling.slopes }
        let x: R = bias.drain * -p.pigcd
        let square: R = x * x + 2e-4
        let e: R = heldExp(x)
        currents.source = all * (e - 1 + 1e-4 - x) / square
        currents.drain = all * (x * e - e + 1 + 1e-4) / square
    }

    /// From the gate to an end of the channel through its overlap; `v` is the gate's voltage against that end, `factor`
    /// of ``edgeTunnelling``.
    func edgeCurrent<T: SOITemperature>(
        _ v: Dual<T.Gradient>, factor: Double, _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let over: R = v - edgeFlatBand
        let effective: R = sqrt(over * over + 1e-4)
        let passed: R = barrier(effective, edgeTunnelling[2], warmed(p.aigsd, p.aigsd1, heat), p.bigsd, p.cigsd)
        let current: R = v * effective * factor * passed
        return release.warmsTunnelling ? current * heat.tunnelling.slopes : current
    }

    /// From the gate through its part over silicon of the other kind to the body's contact, all fingers [A].
    func contactCurrent<R: DifferentiableReal>(_ v: R, phi: Double, ratio: Double) -> R {
        let onset = threshold - phi - k1eff * phi.squareRoot() + p.eggbcp2
        guard v.value < onset else { return R(constant: 0) }
        let below: R = onset - v
        let effective: R = (below + sqrt(below * below + 1e-4) - 1e-2) * 0.5
        let (scale, a) = (-contactTunnelling[1] * p.toxqm, R(constant: ratio * p.aigbcp2t + p.aigbcp2))
        let passed: R = barrier(effective, scale, a, p.bigbcp2, p.cigbcp2)
        let factor = tunnellingFactor(ratio) * contactTunnelling[0] * size.oppositeArea * oxideRatio
        return v * effective * passed * factor
    }

    /// The oxide's voltage, below voxh.
    private func limitedOxide<R: DifferentiableReal>(_ v: R) -> R {
        p.voxh - smoothPositive(p.voxh - v - p.deltavox, 4 * p.deltavox * p.voxh)
    }

    private func trapezoid<R: DifferentiableReal>(
        _ v: R, _ scale: Double, _ alpha: R, _ beta: Double, _ limit: Double
    ) -> R {
        let numerator: R = (alpha - v * beta) * scale
        guard limit != 0 else { return limitedExp(numerator) }
        let share: R = 1 - v / limit
        return limitedExp(share.value < 0.01 ? numerator * 100 : numerator / share)
    }
}
