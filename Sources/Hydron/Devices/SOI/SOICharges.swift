import Glibc

/// Charges of all fingers [C]; s and d are the ends as they act.
struct SOICharges<R: DifferentiableReal> {
    var gate, body, source, substrate: R
    /// Of the channel [C], for noise.
    var inversion: R
}

extension SOICore {
    /// A piece of the gate, and what lies below it.
    private struct Plate<R: DifferentiableReal> {
        var gate, effective: R
        /// Threshold's shift [V].
        var shift: Double
        /// Capacitances over the channel and over the body [F].
        var channel, body: Double
        /// Of the flat band [V].
        var smoothness: Double
    }

    /// What one plate carries.
    private struct Carried<R: DifferentiableReal> {
        var inversion, bulk, depletion, source: R
    }

    func charges<T: SOITemperature>(
        _ bias: SOIBias<Dual<T.Gradient>>, gate: Dual<T.Gradient>, _ drive: SOIDrive<Dual<T.Gradient>>,
        _ body: SOIBody<Dual<T.Gradient>>, _ channel: SOIChannel<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> SOICharges<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        let effective: R = chargeDrive(drive, p.noff, shift: 0, heat)
        var all = carried(
            Plate(gate: gate, effective: effective, shift: 0, channel: plate, body: bodyPlate, smoothness: 4),
            bias, drive, body, channel, heat)
        if size.oppositeArea > 0, !laws.isFullyDepleted {
            let shift = p.eggbcp2
            let opposite = Plate(
                gate: bias.gate, effective: chargeDrive(drive, p.noff2, shift: shift, heat), shift: shift,
                channel: oppositePlate, body: oppositeBodyPlate, smoothness: 100)
            let more = carried(opposite, bias, drive, body, channel, heat)
            all.inversion = all.inversion + more.inversion
            all.bulk = all.bulk + more.bulk
            all.depletion = all.depletion + more.depletion
            all.source = all.source + more.source
        }
        var substrate = R(constant: 0)
        if !laws.isFullyDepleted {
            substrate = (bias.substrate - heat.backFlatBand.slopes - body.voltage) * backPlate
        }
        let mirrored: R = laws.capacitance == 3 ? all.bulk : R(constant: 0)
        return SOICharges(
            gate: all.inversion + all.depletion - mirrored, body: all.bulk - all.depletion - substrate,
            source: all.source, substrate: substrate, inversion: all.inversion)
    }

    /// The gate's drive of the charges, with weak inversion of slope `noff`; `shift` is the threshold's.
    private func chargeDrive<T: SOITemperature>(
        _ drive: SOIDrive<Dual<T.Gradient>>, _ noff: Double, shift: Double, _ heat: SOIHeat<T>
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let slope: R = drive.slope * noff
        let nvt: R = slope * heat.thermal.slopes
        let over: R = drive.over - (p.delvt + shift)
        if laws.chargeDrive > 1 {
            return effectiveDrive(over, slope: slope, offset: p.voffcv, share: mstarCharge, heat)
        }
        var exponent: R
        if laws.chargeDrive == 0 || release.boundsChargeDrive {
            let strong: R = drive.over * mstar / (drive.slope * heat.thermal.slopes)
            if abs(strong.value) >= SOIConstants.longest {
                return shift != 0 && release.boundsChargeDrive ? R(constant: 0) : drive.effective
            }
            // vgstcvmod=0: twice the share of moderate inversion, whatever noff is.
            exponent = laws.chargeDrive == 0 ? strong * 2 - (p.delvt + shift) / nvt : over / nvt
            if release.hasOppositeSlope, shift != 0 {
                let square = heat.thermal * heat.thermal
                exponent = exponent + (shift - shift / square).slopes / nvt
            }
        } else {
            exponent = over / nvt
        }
        return nvt * (exponent.value > SOIConstants.longest ? exponent : log1p(exp(exponent)))
    }

    private func carried<T: SOITemperature>(
        _ plate: Plate<Dual<T.Gradient>>, _ bias: SOIBias<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>,
        _ body: SOIBody<Dual<T.Gradient>>, _ channel: SOIChannel<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> Carried<Dual<T.Gradient>> {
        typealias R = Dual<T.Gradient>
        let vb = body.effective
        let hasCentroid = laws.capacitance == 3
        // Of capmod=2 at this bias, of 3 at none; in full depletion it lies at 0.
        let flat: R
        if hasCentroid, laws.isFullyDepleted {
            flat = R(constant: 0)
        } else if hasCentroid {
            flat = heat.chargeFlatBand.slopes + (p.delvt + plate.shift)
        } else {
            flat = drive.threshold - heat.phi.slopes - drive.root * k1eff + (p.delvt + plate.shift)
        }
        let (thinner, bodyThinner) = (
            hasCentroid ? film.thickness / chargeThickness : 1, hasCentroid ? film.plainThickness / chargeThickness : 1
        )
        let channelPlate = plate.channel * (plate.shift == 0 ? thinner : bodyThinner)
        let bodyPlate = plate.body * bodyThinner

        // Accumulation and depletion.
        var depletion = R(constant: 0)
        if !laws.isFullyDepleted {
            let smooth = hasCentroid ? 0.02 : 0.08
            let over: R = flat - plate.gate + vb - smooth
            let root: R = sqrt(over * over + abs(flat) * (plate.smoothness * smooth))
            let effectiveFlat: R = flat - (over + root) * 0.5
            let half = 0.5 * k1ox
            let bulk: R = plate.gate - effectiveFlat - vb - plate.effective
            var share = R(constant: 0)
            if k1ox != 0 { share = bulk.value < 0 ? bulk / k1ox : sqrt(bulk + half * half) - half }
            let sum: R = effectiveFlat - flat + share * k1ox
            depletion = sum * bodyPlate
            if hasCentroid { depletion = depletion * accumulationShare(plate.gate - vb - flat) }
        }

        // Inversion.
        var (over, centroid) = (plate.effective, R(constant: 1))
        if hasCentroid {
            over = over - surfaceShift(plate.effective, heat)
            let field: R = (drive.threshold + plate.shift - flat - heat.phi.slopes) * 4
            centroid = inversionShare(plate.effective + smoothPositive(field, 1e-4))
        }
        let bulkFactor: R = channel.plainBulk * bulkCharge
        let vdsat: R = over / bulkFactor
        let room: R = vdsat - bias.drain - 0.02
        let root: R = sqrt(room * room + vdsat * 0.08)
        let vdseff: R = vdsat - (room + root) * 0.5
        let fall: R = bulkFactor * vdseff
        let mean: R = over - fall * 0.5 + 1e-20
        let part: R = fall / (mean * 12)
        let inversion: R = (over - fall * 0.5 + fall * part) * centroid * channelPlate
        var bulk = R(constant: 0)
        if !laws.isFullyDepleted {
            bulk = (1 - bulkFactor) * (vdseff * 0.5 - vdseff * part) * centroid * bodyPlate
        }
        let source: R
        if p.xpart > 0.5 {
            let quarter: R = over * 0.5 + fall * 0.25 - fall * part * 0.5
            source = -quarter * centroid * channelPlate
        } else if p.xpart < 0.5 {
            let square: R = fall * fall
            let inner: R = square * (2.0 / 3) + over * (over - fall * (4.0 / 3))
            let cubic: R = over * inner - square * fall * (2.0 / 15)
            source = cubic / (mean * mean) * centroid * (-0.5 * channelPlate)
        } else {
            source = (hasCentroid ? inversion : inversion + bulk) * -0.5
        }
        return Carried(inversion: inversion, bulk: bulk, depletion: depletion, source: source)
    }

    private var chargeOxide: Double {
        film.otherMaterials
            ? film.oxidePermittivity * SOIConstants.vacuum / chargeThickness : SOIConstants.oxide / chargeThickness
    }

    /// Share of the oxide's capacitance that is left by the depth of the charge in accumulation and depletion.
    private func accumulationShare<R: DifferentiableReal>(_ v: R) -> R {
        let field: R = v * (accumulation / (1e8 * chargeThickness))
        let depth: R = heldExp(field) * debye
        let link = 1e-3 * chargeThickness
        var centroid: R = debye - smoothPositive(debye - depth - link, 4 * link * debye)
        if centroid.value < 1e-15 { centroid = R(constant: 1e-15) }
        return 1 / (centroid * (chargeOxide / film.permittivity) + 1)
    }

    /// The same in inversion, by the voltage that makes the field in the oxide.
    private func inversionShare<R: DifferentiableReal>(_ v: R) -> R {
        let field: R = v / (2e8 * chargeThickness)
        let depth: R = centroid[0] / (exp(log(field) * centroid[1]) + 1)
        return 1 / (depth * (chargeOxide / film.permittivity) + 1)
    }

    /// What the surface potential rises above 2 φF by in strong inversion [V].
    private func surfaceShift<T: SOITemperature>(_ over: Dual<T.Gradient>, _ heat: SOIHeat<T>) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let scale: R = (heat.thermal * (k1ox <= 0 ? 0.25 * p.moin : p.moin * k1ox * k1ox)).slopes
        let doubled: R = over + (heat.root * (k1ox <= 0 ? 1 : 2 * k1ox)).slopes
        return heat.thermal.slopes * log(doubled * over / scale + 1)
    }

    /// Depletion charge [C] of an end's junction.
    func junctionCharge<T: SOITemperature>(
        _ v: Dual<T.Gradient>, _ warm: SOIJunctionHeat<T>, grading: Double
    ) -> Dual<T.Gradient> {
        typealias R = Dual<T.Gradient>
        let potential: R = warm.potential.slopes
        let limit: R = potential * 0.9
        let isBeyond = v.value > limit.value
        let left: R = isBeyond ? R(constant: 1 - 0.9) : 1 - v / potential
        let slope: R = grading == 0.5 ? 1 / sqrt(left) : exp(log(left) * -grading)
        var charge: R = (1 - left * slope) * potential / (1 - grading)
        if isBeyond { charge = charge + slope * (v - limit) }
        return charge * warm.capacitance.slopes
    }

    /// Charge [C] of an overlap of one finger: the plain part and the lightly doped one.
    func overlapCharge<R: DifferentiableReal>(_ v: R, plain: Double, light: Double) -> R {
        guard light != 0 else { return v * plain }
        let over: R = v + 0.02
        let below: R = (over - sqrt(over * over + 0.08)) * 0.5
        let depth: R = sqrt(1 - below * (4 / p.ckappa)) - 1
        return v * (plain + light) - (below + depth * (0.5 * p.ckappa)) * light
    }
}
