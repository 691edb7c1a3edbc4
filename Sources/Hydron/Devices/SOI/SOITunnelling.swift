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
    /// Coefficients of electrons and of holes through the oxide, [A/V²] and 1/(V m).
    private static let electrons = SIMD2(3.42537e-7, 1.16645e12)
    private static let holes = SIMD2(4.97232e-7, 7.45669e11)

    mutating func setTunnelling(_ model: SOIModelValues) {
        let thickness = p.toxqm
        oxideRatio = Glibc.pow(model[.toxref] / thickness, model[.ntox]) / thickness / thickness
        let edge = thickness * p.poxedge
        let edgeRatio = Glibc.pow(model[.toxref] / edge, model[.ntox]) / edge / edge
        let carriers = polarity > 0 ? Self.holes : Self.electrons
        let across = size.width / size.segments
        channelTunnelling = SIMD2(
            carriers[0] * (across * size.length + size.contactCurrentArea / size.fingers) * oxideRatio,
            -carriers[1] * thickness)
        edgeTunnelling = SIMD3(
            carriers[0] * (across + size.sourceContact) * size.overlap * edgeRatio,
            carriers[0] * (across + size.drainContact) * size.overlap * edgeRatio, -carriers[1] * edge)
    }

    /// Exponential of an oxide's voltage with the coefficients a, b, c.
    private func barrier<R: DifferentiableReal>(_ v: R, _ scale: Double, _ a: Double, _ b: Double, _ c: Double) -> R {
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
        let flat: R = (threshold - heat.phi - heat.root * k1eff).slopes

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
                let passed: R = trapezoid(vox, -3.1051e10 * p.toxqm, p.alphagb1, p.betagb1, p.vgb1)
                currents.body = area * gate * supply * passed * (3.7622e-7 * oxideRatio)
            } else {
                let vox: R = limitedOxide(accumulation)
                let supply: R = log1p(limitedExp((flat - gate) / p.vecb)) * p.vecb
                let passed: R = trapezoid(vox, -2.357e10 * p.toxqm, p.alphagb2, p.betagb2, p.vgb2)
                currents.body = area * gate * supply * passed * (4.9758e-7 * oxideRatio)
            }
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
        let ratio: R = (drive.gate - threshold) / nvt
        let supply: R
        if ratio.value > SOIConstants.longest {
            supply = drive.gate - threshold
        } else if ratio.value < -SOIConstants.longest {
            supply = nvt * SOIConstants.smallest
        } else {
            supply = nvt * log1p(exp(ratio))
        }
        let all: R =
            drive.gate * supply * channelTunnelling[0] * barrier(oxide, channelTunnelling[1], p.aigc, p.bigc, p.cigc)
        let x: R = bias.drain * -p.pigcd
        let square: R = x * x + 2e-4
        let e: R = heldExp(x)
        currents.source = all * (e - 1 + 1e-4 - x) / square
        currents.drain = all * (x * e - e + 1 + 1e-4) / square
    }

    /// From the gate to an end of the channel through its overlap; `v` is the gate's voltage against that end, `factor`
    /// of ``edgeTunnelling``.
    func edgeCurrent<R: DifferentiableReal>(_ v: R, factor: Double) -> R {
        let over: R = v - edgeFlatBand
        let effective: R = sqrt(over * over + 1e-4)
        return v * effective * factor * barrier(effective, edgeTunnelling[2], p.aigsd, p.bigsd, p.cigsd)
    }

    /// From the gate through its part over silicon of the other kind to the body's contact, all fingers [A].
    func contactCurrent<R: DifferentiableReal>(_ v: R, phi: Double) -> R {
        let onset = threshold - phi - k1eff * phi.squareRoot() + SOIConstants.contactShift
        guard v.value < onset else { return R(constant: 0) }
        let carriers = polarity > 0 ? Self.electrons : Self.holes
        let below: R = onset - v
        let effective: R = (below + sqrt(below * below + 1e-4) - 1e-2) * 0.5
        let passed: R = barrier(effective, -carriers[1] * p.toxqm, p.aigbcp2, p.bigbcp2, p.cigbcp2)
        return v * effective * passed * (carriers[0] * size.oppositeArea * oxideRatio)
    }

    /// The oxide's voltage, below voxh.
    private func limitedOxide<R: DifferentiableReal>(_ v: R) -> R {
        p.voxh - smoothPositive(p.voxh - v - p.deltavox, 4 * p.deltavox * p.voxh)
    }

    private func trapezoid<R: DifferentiableReal>(
        _ v: R, _ scale: Double, _ alpha: Double, _ beta: Double, _ limit: Double
    ) -> R {
        let numerator: R = (alpha - v * beta) * scale
        guard limit != 0 else { return limitedExp(numerator) }
        let share: R = 1 - v / limit
        return limitedExp(share.value < 0.01 ? numerator * 100 : numerator / share)
    }
}
