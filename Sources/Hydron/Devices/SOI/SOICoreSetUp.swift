import Glibc

/// Factors of one element.
struct SOIFactors {
    var current, charge, flicker: Double

    init(_ model: SOIModelValues, _ instance: ParameterValues<SOIInstance>) {
        guard model.release.hasFactors else {
            (current, charge, flicker) = (1, 1, 1)
            return
        }
        current = instance.given(.multI, else: model[.multI])
        charge = instance.given(.multQ, else: model[.multQ])
        flicker = instance.given(.multFn, else: model.isGiven(.multFn) ? model[.multFn] : current)
    }
}

/// Parts of ``SOICore`` that are found by steps.
extension SOICore {
    /// Resistances of source and drain that lie in the channel's law.
    mutating func setContacts(_ model: SOIModelValues, _ instance: ParameterValues<SOIInstance>) {
        let (drain, source) = (model[.rsh] * instance[.nrd], model[.rsh] * instance[.nrs])
        guard release.hasContacts else {
            contactResistance = max(drain, model[.minr]) + max(source, model[.minr])
            return
        }
        let factor = model.choice(.ids0multmod) != 0 ? p.ids0mult : 1
        contactResistance = (drain + source + model[.rdc] + model[.rsc]) / factor
        contactGrowth = (model[.trd] + model[.trs]) / factor
    }

    /// vgsteff [V] where strong inversion begins, to which mobmod=4 refers its screening.
    func strongInversionDrive(phi: Double, depth: Double) -> Double {
        let natural = (film.scale * depth).squareRoot()
        let reach = p.dvt1 * size.length / natural
        var theta = 1 / (SOIConstants.largest - 2)
        if reach < SOIConstants.longest {
            let e = Glibc.exp(reach)
            theta = e / ((e - 1) * (e - 1) + 2 * e * SOIConstants.smallest)
        }
        let depletion = p.nfactor * film.permittivity / depth
        let n = guardedSum((depletion + p.cdsc * theta + p.cit) / film.oxide)
        let capacitance = depletionCapacitance(phi: phi)
        let nvt = n * film.nominalThermal
        return nvt * Glibc.log(2) / (mstar + heldExp(p.voff / nvt) * film.oxide / capacitance * n)
    }

    private func depletionCapacitance(phi: Double) -> Double {
        (film.charge * film.permittivity * p.nch * 1e6 / 2 / phi).squareRoot()
    }

    /// Thickness of the oxide for charges [m] where materials are given: what eot has without the charge's depth at the
    /// voltage and size at which it was extracted.
    func electricalThickness(_ model: SOIModelValues, _ bin: SOISetUpCoefficients, intrinsic ni: Double, depth: Double)
        -> Double
    {
        let vt = SOIConstants.boltzmannOverCharge * model[.tempeot]
        // As in Berkeley's source of the carriers at the transistor's own temperature.
        let phi = 2 * vt * Glibc.log(p.nch / ni)
        let barrier = vt * Glibc.log(1e20 * p.nch / (ni * ni)) - phi
        let over = overdriveOfExtraction(model, bin, vt: vt, phi: phi, barrier: barrier, depth: depth)
        let flat = max(4 * (threshold - flatBand - phi), 0)
        var thickness = film.thickness
        for _ in 0..<5 {
            let before = thickness
            let field = (over + flat) / (2e8 * thickness)
            let centroid = model[.ados] * 1.9e-9 / (1 + Glibc.pow(field, model[.bdos] * 0.7))
            thickness = film.thickness - film.oxidePermittivity / model[.epsrsub] * centroid
            if abs(thickness - before) <= 1e-12 { break }
        }
        return thickness
    }

    private func overdriveOfExtraction(
        _ model: SOIModelValues, _ bin: SOISetUpCoefficients, vt: Double, phi: Double, barrier: Double, depth: Double
    ) -> Double {
        let (leff, weff) = (model[.leffeot], model[.weffeot])
        let root = phi.squareRoot()
        let natural = (film.scale * depth).squareRoot()
        let theta = shortChannel(-0.5 * p.dvt1 * leff / natural)
        let states = p.nfactor * film.permittivity / depth + p.cdsc * theta + p.cit
        let n = guardedSum(states / film.oxide)
        var vth = threshold + (k1ox - k1eff) * root * (1 + bin.lpeb / leff).squareRoot()
        vth -= (p.dvt0 * theta + p.dvt0w * shortChannel(-0.5 * p.dvt1w * weff * leff / natural)) * barrier
        if p.dvtp0 > 0 { vth -= n * vt * Glibc.log(leff / (leff + 2 * p.dvtp0)) }
        vth += k1ox * ((1 + bin.lpe0 / leff).squareRoot() - 1) * root
        vth += (p.kt1 + p.kt1l / leff) * (model[.tempeot] / film.nominal - 1)
        vth += p.k3 * film.thickness * phi / (weff + p.w0)
        var over = polarity * model[.vddeot]
        if polyPotential > 0, over > flatBand + phi {
            // Of the whole voltage, and by the film's permittivity: Berkeley's source, which models are fitted with.
            let potential = polyPotential * film.permittivity / film.gatePermittivity
            let fall = ((1 + 2 * over / potential).squareRoot() - 1) * potential
            let room = p.eggdep - 0.05 - 0.5 * fall * fall / potential
            over -= p.eggdep - 0.5 * (room + (room * room + 0.224).squareRoot())
        }
        over -= vth
        let nvt = n * vt
        let strong = mstar * over / nvt
        if strong > SOIConstants.longest { return over }
        let weak = (p.voff - (1 - mstar) * over) / nvt
        let ratio = film.oxide / depletionCapacitance(phi: phi)
        if weak > SOIConstants.longest { return vt / ratio * Glibc.exp((over - p.voff) / nvt) }
        return nvt * Glibc.log1p(Glibc.exp(strong)) / (mstar + n * ratio * Glibc.exp(weak))
    }
}
