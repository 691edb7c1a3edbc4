import Glibc

/// What the channel does.
struct SOIChannel<R: DifferentiableReal> {
    /// Of one finger [A].
    var current: R
    /// Abulk and Abulk0.
    var bulk, plainBulk: R
    /// vdsat, vdseff [V]
    var saturation, effectiveDrain: R
    /// [m], [m²/(V s)], [Ω]
    var width, mobility, resistance: R
    /// ids/vdseff [S] of one finger without what lengthens… shortens the channel; β [A/V²].
    var conductance, gain: R
}

extension SOICore {
    func channel<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, _ body: SOIBody<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>,
        _ heat: SOIHeat<T>
    ) -> SOIChannel<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        let (leff, vds, vgst) = (size.length, bias.drain, drive.effective)
        let vgst2: R = vgst + (heat.thermal * 2).slopes
        let sag: R = drive.root - heat.root.slopes

        // Width and resistance.
        let narrowed: R = size.width - (vgst * p.dwg + sag * p.dwb) * (2 - size.contacts)
        let width: R = guardedFloor(narrowed, 2e-8)
        var resistance: R = guardedGain(vgst * p.prwg + sag * p.prwb) * heat.resistance.slopes
        if laws.resistance == 2 { resistance = resistance + (heat.ratio * contactGrowth + contactResistance).slopes }
        let (bulk, plainBulk) = bulkCharge(body, drive, heat)
        let mobility: R = self.mobility(bias, body, drive, heat)

        // Saturation.
        let wvc: R = width * (heat.velocity * film.oxide).slopes
        let wvcRds: R = wvc * resistance
        let fieldLength: R = (heat.velocity * (2 * leff)).slopes / mobility
        let lambda: R = saturationShare(vgst)
        let vdsat: R
        if resistance.value == 0, lambda.value == 1 {
            vdsat = fieldLength * vgst2 / (bulk * fieldLength + vgst2)
        } else {
            let drop: R = bulk * wvcRds
            let inverse: R = 1 / lambda
            let a: R = bulk * (drop - 1 + inverse) * 2
            let linear: R = vgst2 * (inverse * 2 - 1) + bulk * fieldLength
            let b: R = linear + vgst2 * drop * 3
            let c: R = vgst2 * (fieldLength + vgst2 * wvcRds * 2)
            let root: R = sqrt(b * b - a * c * 2)
            vdsat = (b - root) / a
        }
        let room: R = vdsat - vds - p.delta
        let root: R = sqrt(room * room + vdsat * (4 * p.delta))
        var vdseff: R = vdsat - (room + root) * 0.5
        // Rounding must not take it beyond vds.
        if vdseff.value > vds.value { vdseff = vdseff - (vdseff.value - vds.value) }
        let rest: R = vds - vdseff

        // Early voltage.
        let relative: R = bulk / vgst2
        let share: R = 1 - relative * vdsat * 0.5
        let numerator: R = fieldLength + vdsat + wvcRds * vgst * share * 2
        let atSaturation: R = numerator / (2 / lambda - 1 + wvcRds * bulk)
        let early: R = atSaturation + earlyVoltage(body, drive, bulk, vgst2, vdsat, fieldLength, rest, vds, heat)

        // Current.
        let gain: R = mobility * width * (film.oxide / leff)
        let charge: R = vgst * (1 - relative * vdseff * 0.5)
        let conductance: R = gain * charge / (vdseff / fieldLength + 1)
        let loaded: R = conductance / (conductance * resistance + 1)
        let lengthened: R = rest / early + 1
        let total: R = loaded * lengthened / size.segments
        return SOIChannel(
            current: total * (currentFactor == 1 ? vdseff : vdseff * currentFactor), bulk: bulk, plainBulk: plainBulk,
            saturation: vdsat, effectiveDrain: vdseff,
            width: width, mobility: mobility, resistance: resistance, conductance: total, gain: gain)
    }

    /// Abulk and, without the gate's influence, Abulk0.
    private func bulkCharge<T: SOITemperature>(
        _ body: SOIBody<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> (Dual<T.Gradient>, Dual<T.Gradient>) {
        typealias R = Dual<T.Gradient>
        guard p.a0 != 0 else { return (R(constant: 1), R(constant: 1)) }
        let leff = size.length
        let surface: R = (heat.phi + p.ketas).slopes
        let byKeta: R = body.held * p.keta
        let inverse: R =
            release.hasBulkTangents && byKeta.value < -0.5 ? byKeta * -4 : guardedInverse(byKeta)
        let lifted: R = body.held * inverse / surface
        let growth: R
        if release.hasBulkTangents, lifted.value >= 0.5 {
            growth = (lifted + 0.5) * 2.0.squareRoot()
        } else if lifted.value < 0.96 {
            growth = 1 / sqrt(1 - lifted)
        } else {
            growth = (bulkTail[0] - lifted * bulkTail[1]) / (1 - lifted * bulkTail[2])
        }
        let slope: R = growth / sqrt(surface) * (0.5 * k1ox * lateralBody)
        let junction: R = sqrt(drive.depth * p.xj)
        let share: R = leff / (junction * 2 + leff)
        let plain: R = slope * (share * p.a0 + p.b0 / (size.width + p.b1)) + 1
        let cube: R = share * share * share
        let full: R = plain - slope * cube * drive.effective * (p.ags * p.a0)
        return (guardedFloor(full, 0.01), guardedFloor(plain, 0.01))
    }

    /// [m²/(V s)]
    private func mobility<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, _ body: SOIBody<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>,
        _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let vb = body.effective
        var gateShift = R(constant: 0)
        var thickness = film.plainThickness
        if film.otherMaterials {
            let work: R = (p.phig - p.easub + 0.45 - heat.gap * 0.5).slopes
            gateShift = work * (2 * polarity)
            thickness = film.thickness * film.permittivity / SOIConstants.vacuum / 3.9
        }
        var (ua, ub, uc): (R, R, R) = (heat.ua.slopes, heat.ub.slopes, heat.uc.slopes)
        var mobility = heat.mobility.slopes
        if p.ubg1 != 0 || p.ubg2 != 0 {
            // The back gate against the card's own source.
            let substrate: R = bias.isReversed ? bias.substrate - bias.drain : bias.substrate
            let back: R = substrate - heat.backFlatBand.slopes
            if laws.mobility < 3 { ua = ua + back * p.ubg1 }
            mobility = mobility + back * p.ubg2
        }
        let scattering: R
        switch laws.mobility {
        case 1:
            let field: R = (drive.effective + drive.threshold * 2 - gateShift) / thickness
            scattering = field * (ua + uc * vb + ub * field)
        case 2:
            let field: R = (drive.effective - gateShift) / film.thickness
            scattering = field * (ua + uc * vb + ub * field)
        case 3:
            let field: R = (drive.effective + drive.threshold * 2 - gateShift) / thickness
            scattering = field * (ua + ub * field) * (uc * vb + 1)
        default:
            let field: R = (drive.effective + mobilityOffset) * (1e-8 / film.thickness / 6)
            let phonons: R = exp(log(field) * p.eu) * (ua + uc * vb)
            let screened: R = exp(log(drive.effective / mobilityDrive + 1) * heat.ucs.slopes)
            scattering = phonons + heat.ud.slopes / screened
        }
        let denominator: R =
            scattering.value >= -0.8 ? scattering + 1 : (scattering + 0.6) / (scattering * 10 + 7)
        return mobility / denominator
    }

    /// λ of the saturation voltage: a2, with the gate's influence a1.
    private func saturationShare<R: DifferentiableReal>(_ vgst: R) -> R {
        if p.a1 == 0 { return R(constant: p.a2) }
        if p.a1 > 0 {
            let room = 1 - p.a2
            let left: R = room - vgst * p.a1 - 0.0001
            return p.a2 + room - smoothPositive(left, 0.0004 * room)
        }
        return smoothPositive(vgst * p.a1 + (p.a2 - 0.0001), 0.0004 * p.a2)
    }

    /// Of the channel's length, the drain's barrier and pockets together, beyond that at saturation [V].
    private func earlyVoltage<T: SOITemperature>(
        _ body: SOIBody<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>, _ bulk: Dual<T.Gradient>,
        _ vgst2: Dual<T.Gradient>, _ vdsat: Dual<T.Gradient>, _ fieldLength: Dual<T.Gradient>,
        _ rest: Dual<T.Gradient>, _ vds: Dual<T.Gradient>, _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let leff = size.length
        // Sums of inverses: what does not count adds nothing.
        var inverse = R(constant: 0)
        if p.pclm > 0, rest.value > 1e-10 {
            let length: R = (bulk + drive.effective / fieldLength) * (leff / (p.pclm * self.fieldLength))
            inverse = bulk / (length * rest)
        }
        if heat.outputShort.value > 0 {
            let span: R = bulk * vdsat
            let barrier: R = vgst2 - vgst2 * span / (vgst2 + span)
            let scaled: R = barrier / heat.outputShort.slopes * guardedInverse(body.effective * p.pdiblcb)
            inverse = inverse + 1 / scaled
        }
        if p.pdits > SOIConstants.smallest {
            let growth: R = vds * p.pditsd
            let lifted: R = growth.value > SOIConstants.longest ? R(constant: SOIConstants.largest) : exp(growth)
            var pocket: R = (lifted * (1 + p.pditsl * leff) + 1) / p.pdits
            if p.fprout > 0 { pocket = pocket / ((p.fprout * leff.squareRoot()) / vgst2 + 1) }
            inverse = inverse + 1 / pocket
        }
        guard inverse.value > 0 else { return R(constant: SOIConstants.largest) }
        let gain: R = guardedGain(drive.effective * p.pvag / fieldLength)
        return gain / inverse
    }
}
