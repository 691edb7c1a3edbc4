import Glibc

/// The drain's influence on the threshold: eta0 and etab.
struct SOIInfluence: Equatable, BitwiseCopyable, Sendable {
    var constant, byBody: Double
}

/// All that a transistor's equations need besides voltages and temperature.
///
/// BSIMSOI4.4 MOSFET MODEL Users' Manual, UC Berkeley, 2010. The names of coefficients are the manual's.
struct SOICore: BitwiseCopyable, Sendable {
    /// 1 for an n-channel, −1 for a p-channel.
    var polarity: Double
    var release: SOIRelease
    var laws: SOILaws
    var p: SOICoefficients
    var size: SOISizes
    var film: SOIFilm
    /// What of gmin lies between body and source.
    var gminShare = 1e-6
    /// Currents of one finger times this are those of all.
    var multiple: Double
    /// What charges of all fingers are multiplied by.
    var parallel: Double
    /// ids0mult, and what of it heats, which mult_i does not; flicker noise against all other noise.
    var currentFactor, heatFactor, flickerFactor: Double
    /// It heats itself.
    var heats: Bool
    /// The threshold, or the flat band, is found anew at the temperature of a transistor that heats itself.
    var thresholdFollows, flatBandFollows: Bool

    // Threshold.
    /// vth0 as an n-channel's, with stress and delvto; without them; the flat-band voltage [V].
    var threshold, plainThreshold, flatBand: Double
    var k1eff, k1ox, k2ox: Double
    /// Of 1/√(1 − x) for x ≥ 0.96, (a − b x)/(1 − c x).
    var bulkTail = SIMD3(6.0169491525, 6.3559322034, 1.0593220339)
    /// Surface potential [V] where the film's heat does not change it, else 0.
    var ambientPhi = 0.0
    /// On the current's threshold, and on that of charges; nil where that is the current's.
    var influence: SOIInfluence
    var chargeInfluence: SOIInfluence?
    /// √(1 + lpe0/L) − 1, √(1 + lpeb/L)
    var lateral, lateralBody: Double
    var dvtp2Factor, mstar, mstarCharge: Double
    /// litl, of the drain's field [m].
    var fieldLength: Double
    /// 2 q ε N/Cox² of the gate [V]; 0 where nothing depletes it.
    var polyPotential: Double
    /// [V]
    var mobilityOffset: Double
    /// Of mobmod=4 [V].
    var mobilityDrive: Double
    /// What stress takes: 1/OD of the element and of the reference [1/m], the share of kvsat, the size's ku0.
    var stress = 0.0, stressReference = 0.0, stressVelocity = 0.0, stressMobility = 1.0
    /// Width in the resistances' law, (W/µm)^wr.
    var resistanceWidth: Double
    /// Constant resistance in the channel's law, rdsmod=2, and what it gains by T/Tnom − 1 [Ω].
    var contactResistance = 0.0, contactGrowth = 0.0
    /// Charge of the film's doping [C/m²].
    var filmCharge: Double
    /// Short channel in full depletion, and the back gate's influence there.
    var depletedShort, backShare: Double
    /// vfbsd [V]
    var edgeFlatBand = 0.0

    // Junctions and tunnelling.
    var source, drain: SOIJunction
    /// arfabjt, lratio, lratiodif, Early voltage [V].
    var transport, bipolarRatio, diffusionRatio, early: Double
    var bipolarOff: Bool
    var oxideRatio = 0.0
    var channelTunnelling = SIMD2<Double>.zero
    var contactTunnelling = SIMD2<Double>.zero
    /// Factors at source and drain, exponent's factor.
    var edgeTunnelling = SIMD3<Double>.zero

    // Charges.
    /// Of the oxide for charges [m]; delvto as an n-channel's [V].
    var chargeThickness, chargeShift: Double
    var accumulation, debye, bulkCharge: Double
    /// Depth of the charge in inversion without a field [m], exponent of the field.
    var centroid: SIMD2<Double>
    /// Of the whole plate over channel and body, and the same over the part of the other kind [F].
    var plate, bodyPlate, oppositePlate, oppositeBodyPlate, backPlate: Double
    /// Overlaps of one finger [F], with the substrate of all.
    var overlapSource, overlapDrain, overlapSubstrate: Double
    var lightSource, lightDrain: Double
    var bottomSource, bottomDrain: SOIBottom

    /// - Parameters:
    ///   - nominal: of the model [K].
    ///   - temperature: of the transistor [K].
    init(
        _ model: SOIModelValues, _ instance: ParameterValues<SOIInstance>, length: Double, width: Double,
        scale: Double, multiplier: Double, temperature: Double, nominal: Double
    ) throws(SOIMistake) {
        polarity = model.polarity
        release = model.release
        let type = model.polarity
        var model = model
        film = SOIFilm(model, nominal: nominal)
        size = try SOISizes(model, instance, length: length, width: width)
        let unit = model[.binunit] == 1 ? 1e-6 : 1
        let inverse = SIMD3(unit / size.length, unit / size.width, unit * unit / (size.length * size.width))
        let depletion = SOICore.depletion(model, instance, film, length: length, inverse)
        laws = SOILaws(model, depletion: depletion)
        try release.check(laws)
        let choice =
            release.limitsDopingOfElement ? instance.given(.soimod, else: model[.soimod]) : model[.soimod]
        let isLimited = choice == Double(SOILaws.fullyDepleted) && !laws.isVersion3
        if isLimited, !release.binsDepletion { model.replace(.nch, min(model[.nch], model.mostDoping(film))) }
        p = SOICoefficients(model, inverse)
        var bin = SOISetUpCoefficients(model, inverse)
        if isLimited, release.binsDepletion { p.nch = min(p.nch, model.mostDoping(film)) }
        let depleting = release.binsDepletion ? p.nch : model[.nch]
        guard p.nch > 0, p.nsub != 0 else {
            throw SOIMistake(
                message: "its nch is \(p.nch.plain), its nsub \(p.nsub.plain) 1/cm³",
                hint: "nch must be above 0 and nsub not 0; l, w and p parts count")
        }
        let (leff, weff) = (size.length, size.width)
        let factors = SOIFactors(model, instance)
        multiple = size.fingers * instance[.m] * multiplier * factors.current
        parallel = instance[.m] * multiplier * factors.charge
        flickerFactor = factors.flicker / factors.current
        currentFactor = p.ids0mult
        heatFactor = (model.choice(.ids0multmod) == 2 ? 1 : p.ids0mult) / factors.current
        heats =
            instance.given(.shmod, else: model[.shmod]) == 1 && instance.given(.rth0, else: model[.rth0]) != 0
        let follows = heats && release.followsHeatedThreshold
        thresholdFollows = follows && !model.isGiven(.vth0)
        flatBandFollows = follows && model.isGiven(.vth0) && !model.isGiven(.vfb)
        if p.u0 > 1 { p.u0 *= 1e-4 }
        p.u0 *= bin.u0mult
        p.ubg2 *= bin.u0mult
        if model[.paramchk] == 1 || release.holdsSaturationShare {
            if p.a2 < 0.01 { p.a2 = 0.01 }
            if p.a2 > 1 { (p.a2, p.a1) = (1, 0) }
        }
        mstar = 0.5 + Glibc.atan(bin.minv) / SOIConstants.pi
        mstarCharge = 0.5 + Glibc.atan(bin.minvcv) / SOIConstants.pi
        resistanceWidth = Glibc.pow(weff * 1e6, bin.wr)

        // At the element's own temperature.
        let vt = SOIConstants.boltzmannOverCharge * temperature
        let ni = film.intrinsic(temperature, gap: film.gap(temperature))
        if !model.isGiven(.nch), model.isGiven(.gamma1) {
            let product = bin.gamma1 * film.oxide
            p.nch = 3.021e22 * product * product
        }
        let phi = 2 * vt * Glibc.log(p.nch / ni)
        guard phi > 0 else {
            throw SOIMistake(
                message: "its channel is intrinsic at \((temperature - PhysicalConstants.zeroCelsius).plain) °C",
                hint: "raise nch, or simulate at a lower temperature")
        }
        let depth = (2 * film.permittivity / (film.charge * p.nch * 1e6)).squareRoot() * phi.squareRoot()
        let junctionDepth = p.xj
        fieldLength =
            laws.otherMaterials
            ? (film.permittivity * junctionDepth * film.thickness / (film.oxidePermittivity * SOIConstants.vacuum))
                .squareRoot()
            : (3 * 3.9 / film.oxidePermittivity * junctionDepth * film.plainThickness).squareRoot()
        SOICore.completeBodyEffect(model, &p, &bin, film, phi: phi)
        k1eff = p.k1 * (1 + bin.k1w1 / max(weff + bin.k1w2, 1e-8))
        let root = phi.squareRoot()
        if !model.isGiven(.vfb) {
            bin.vfb = model.isGiven(.vth0) ? type * bin.vth0 - phi - k1eff * root : -1
        }
        if !model.isGiven(.vth0) { bin.vth0 = type * (bin.vfb + phi + k1eff * root) }
        k1ox = k1eff * model[.tox] / model[.toxm]
        lateral = (1 + bin.lpe0 / leff).squareRoot() - 1
        lateralBody = (1 + bin.lpeb / leff).squareRoot()
        dvtp2Factor = bin.dvtp2 / Glibc.pow(leff, bin.dvtp3)
        filmCharge = film.charge * depleting * (1 + bin.lpe0 / leff) * 1e6 * model[.tsi]

        let relative = leff / fieldLength
        func decay(_ rate: Double) -> Double {
            Glibc.exp(-0.5 * rate * relative) + 2 * Glibc.exp(-rate * relative)
        }
        depletedShort = bin.dvbd0 * decay(bin.dvbd1)
        backShare = bin.k1b - bin.k2b * decay(bin.dk2b)

        // Stress.
        plainThreshold = type * bin.vth0
        var (vth0, k2) = (bin.vth0, bin.k2)
        influence = SOIInfluence(constant: bin.eta0, byBody: bin.etab)
        var ofCharges = SOIInfluence(constant: bin.eta0cv, byBody: bin.etabcv)
        let (sa, sb, sd) = (instance[.sa], instance[.sb], instance[.sd])
        if sa > 0, sb > 0, size.fingers == 1 || size.fingers > 1 && sd > 0 {
            let w = size.drawnWidth / size.fingers + model[.wlod]
            let byMobility = SOICore.sized(model, .ku0, length, w, model[.llodku0], model[.wlodku0])
            let byThreshold = SOICore.sized(model, .kvth0, length, w, model[.llodvth], model[.wlodvth])
            let k = (byThreshold * byThreshold + 1e-9).squareRoot()
            stressMobility = byMobility
            stressReference = 1 / (model[.saref] + 0.5 * length) + 1 / (model[.sbref] + 0.5 * length)
            for finger in 0..<max(Int(min(size.fingers, 1e4)), 1) {
                let offset = 0.5 * length + Double(finger) * (sd + length)
                stress += (1 / (sa + offset) + 1 / (sb + offset)) / size.fingers
            }
            stressVelocity = model[.kvsat]
            let shift = stress - stressReference
            vth0 += model[.kvth0] / k * shift
            k2 += model[.stk2] / Glibc.pow(k, model[.lodk2]) * shift
            influence.constant += model[.steta0] / Glibc.pow(k, model[.lodeta0]) * shift
            ofCharges.constant += model[.steta0cv] / Glibc.pow(k, model[.lodeta0cv]) * shift
        }
        if release.hasChargeThreshold, ofCharges != influence { chargeInfluence = ofCharges }
        k2ox = k2 * model[.tox] / model[.toxm]
        threshold = type * (vth0 + instance[.delvto])
        flatBand = bin.vfb + type * instance[.delvto]
        chargeShift = type * instance[.delvto]

        let isDepleted = bin.ngate > 1e18 && bin.ngate < 1e25 && film.gatePermittivity != 0
        polyPotential =
            isDepleted
            ? 1e6 * film.charge * film.gatePermittivity * bin.ngate / (film.oxide * film.oxide) : 0
        let inversion = threshold - flatBand - phi
        mobilityOffset = max(type > 0 ? 2 * inversion : 2.5 * inversion, 0)
        mobilityDrive = 1
        if laws.otherMaterials {
            let level = min(film.nominalThermal * Glibc.log(bin.nsd / ni), 0.5 * film.nominalGap)
            edgeFlatBand = model[.phig] - (model[.easub] + 0.5 * film.nominalGap - type * level)
        } else if bin.ngate > 0 {
            edgeFlatBand = film.nominalThermal * Glibc.log(bin.ngate / 1e20)
        }

        source = SOIJunction(source: model, size)
        drain = SOIJunction(drain: model, size)
        let diffusion = max(bin.ln, 1e-15)
        transport = limitedExp(-0.5 * leff * leff / diffusion / diffusion)
        let reference = bin.lbjt0 * (1 / leff + 1 / diffusion)
        bipolarRatio = Glibc.pow(reference, bin.nbjt)
        diffusionRatio = 1 + bin.ldif0 * Glibc.pow(reference, bin.ndif)
        early = max(bin.vabjt + bin.aely * leff, 1)
        bipolarOff = instance[.bjtoff] == 1

        // Charges; those of capmod=3 in a thinner oxide.
        chargeThickness = model[.tox] - model[.dtoxcv]
        accumulation = bin.acde * Glibc.pow(p.nch / 2e16, -0.25)
        debye =
            (film.permittivity * film.nominalThermal / (film.charge * p.nch * 1e6)).squareRoot() / 3
        bulkCharge = 1 + Glibc.pow(model[.clc] / leff, model[.cle])
        centroid = release.scalesCentroid ? [model[.ados] * 1.9e-9, model[.bdos] * 0.7] : [1.9e-9, 0.7]
        let area = size.chargeWidth / size.segments * size.fingers
        plate = film.oxide * (area * size.chargeLength + size.contactArea)
        bodyPlate = model[.fbody] * film.oxide * (area * size.bodyLength + size.contactArea)
        oppositePlate = film.oxide * size.oppositeArea
        oppositeBodyPlate = model[.fbody] * film.oxide * size.oppositeArea
        backPlate = bin.kb1 * model[.fbody] * film.buried * (area * size.backLength + size.backContactArea)
        overlapDrain = (max(model[.cgdo], 0) + model[.cf]) * size.drainChargeWidth
        overlapSource = (max(model[.cgso], 0) + model[.cf]) * size.sourceChargeWidth
        overlapSubstrate = max(model[.cgeo], 0) * size.chargeLength * size.fingers
        lightSource = size.sourceChargeWidth * bin.cgsl
        lightDrain = size.drainChargeWidth * bin.cgdl
        let bottom = SOIBottom.Rule(model, p, film, thermal: vt, intrinsic: ni)
        bottomSource = SOIBottom(
            bottom, area: instance[.as] * scale * scale, edge: max(instance[.ps] * scale, weff) - width)
        bottomDrain = SOIBottom(
            bottom, area: instance[.ad] * scale * scale, edge: max(instance[.pd] * scale, weff) - width)
        if laws.isVersion3 { setVersion3(phi: phi) }
        // Of what flows beside the channel, too.
        let besides = model.choice(.ids0multmod) != 0 ? p.ids0mult : 1
        source.induced.a *= besides
        drain.induced.a *= besides
        setTunnelling(model, factor: besides)
        if laws.resistance == 2 { setContacts(model, instance) }
        if laws.otherMaterials { chargeThickness = electricalThickness(model, bin, intrinsic: ni, depth: depth) }
        if laws.mobility == 4 { mobilityDrive = strongInversionDrive(phi: phi, depth: depth) }
    }

    /// A parameter of stress with its dependence on the size.
    private static func sized(
        _ model: SOIModelValues, _ key: SOIParameter, _ length: Double, _ width: Double, _ byLength: Double,
        _ byWidth: Double
    ) -> Double {
        let (l, w) = (Glibc.pow(length, byLength), Glibc.pow(width, byWidth))
        let inverse = SIMD3(1 / l, 1 / w, 1 / (l * w))
        return 1 + model.binned(key, inverse) - model[key]
    }

    /// Which kind of depletion the film has: what `soimod` says, and where that is 3 by the body's potential.
    static func depletion(
        _ model: SOIModelValues, _ instance: ParameterValues<SOIInstance>, _ film: SOIFilm, length: Double,
        _ inverse: SIMD3<Double>
    ) -> Int {
        let choice = instance.isGiven(.soimod) ? Int(instance[.soimod]) : model.choice(.soimod)
        guard choice == 3 else { return choice }
        let depth = film.otherMaterials ? model[.etsi] : model[.tsi]
        func value(_ key: SOIParameter) -> Double {
            model.release.binsDepletion ? model.binned(key, inverse) : model[key]
        }
        let charge = film.charge * value(.nch) * (1 + model[.lpe0] / length) * 1e6 * depth
        let potential = 0.8 - 0.5 * charge / film.silicon + value(.vbsa)
        return potential > value(.vbs0fd) ? SOILaws.fullyDepleted : potential < value(.vbs0pd) ? 0 : 1
    }

    /// k1 and k2, where neither is given from the doping's gamma1 and gamma2.
    private static func completeBodyEffect(
        _ model: SOIModelValues, _ p: inout SOICoefficients, _ bin: inout SOISetUpCoefficients, _ film: SOIFilm,
        phi: Double
    ) {
        if model.isGiven(.k1) || model.isGiven(.k2) {
            if !model.isGiven(.k1) { p.k1 = 0.53 }
            if !model.isGiven(.k2) { bin.k2 = -0.0186 }
            return
        }
        let perDoping = film.otherMaterials ? film.charge / 2 / film.permittivity * 1e6 : 7.7348e-4
        let depth = model[.xt]
        let vbx = -abs(model.isGiven(.vbx) ? bin.vbx : phi - perDoping * p.nch * depth * depth)
        let vbm = -abs(bin.vbm)
        let gamma1 = model.isGiven(.gamma1) ? bin.gamma1 : film.bodyFactor * p.nch.squareRoot() / film.oxide
        let gamma2 = model.isGiven(.gamma2) ? bin.gamma2 : film.bodyFactor * abs(p.nsub).squareRoot() / film.oxide
        let rise = (phi - vbx).squareRoot() - phi.squareRoot()
        let deep = (phi * (phi - vbm)).squareRoot() - phi
        bin.k2 = (gamma1 - gamma2) * rise / (2 * deep + vbm)
        p.k1 = gamma2 - 2 * bin.k2 * (phi - vbm).squareRoot()
    }
}

extension SOIModelValues {
    /// The doping [1/cm³] that bends the bands of a fully depleted film by a little less than the gap; it holds no more.
    func mostDoping(_ film: SOIFilm) -> Double {
        let gap = film.otherMaterials ? self[.bg0sub] : 1.12
        let depth = film.otherMaterials ? self[.etsi] : self[.tsi]
        return (gap - 0.1) / film.charge * 2e-6 * film.permittivity / (depth * depth)
    }
}
