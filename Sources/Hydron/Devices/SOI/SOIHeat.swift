import Glibc

/// What depends on the temperature and no voltage.
struct SOIHeat<T: SOITemperature>: BitwiseCopyable, Sendable {
    /// T/Tnom − 1, k T/q [V], band gap [eV].
    var ratio, thermal, gap: T
    /// Built-in potential, flat band of the back gate, surface potential with its root [V].
    var builtIn, backFlatBand, phi, root: T
    /// Depth of the depletion at vbs = 0 [m], its capacitance [F/m²].
    var depth, depletion: T
    /// How short the channel is to the drain's field, in the threshold and the output conductance.
    var drainShort, outputShort: T
    /// [m²/(V s)], [m/s]
    var mobility, velocity: T
    var ua, ub, uc, ud, ucs: T
    /// Of source and drain together [Ω], of one finger.
    var resistance: T
    /// vfbzb [V]
    var chargeFlatBand: T
    /// vth0 as an n-channel's, and where the gate begins to deplete [V].
    var threshold, polyOnset: T
    /// Factor of currents through the gate's oxide.
    var tunnelling: T
    /// Of impact ionisation [V].
    var ionisationVoltage, collectorPotential: T
    var source, drain: SOIJunctionHeat<T>
}

extension SOICore {
    func heat<T: SOITemperature>(_ temperature: T) -> SOIHeat<T> {
        let ratio: T = temperature / film.nominal - 1
        let vt: T = temperature * SOIConstants.boltzmannOverCharge
        let gap: T = film.gap(temperature)
        let ni: T = film.intrinsic(temperature, gap: gap)
        let square: T = ni * ni
        let builtIn: T = vt * log(1e20 * p.nch / square)
        let back: T = p.nsub > 0 ? T(constant: Glibc.log(p.nch / p.nsub)) : log(-p.nch * p.nsub / square)
        let phi: T = laws.isVersion3 ? T(constant: ambientPhi) : vt * log(p.nch / ni) * 2
        let root: T = sqrt(phi)
        let doping = film.charge * p.nch * 1e6
        let depth: T = root * (2 * film.permittivity / doping).squareRoot()
        let depletion: T = (film.permittivity * doping / 2).squareRoot() / root

        // The drain's field along the channel.
        let scale = film.scale / film.thickness * film.plainThickness
        let natural: T = sqrt(depth * scale)
        let long: T = exp((-0.5 * p.dsub * size.length) / natural)
        let drainShort: T = long * (long * 2 + 1)
        let out: T = exp((-0.5 * p.drout * size.length) / natural)
        let outputShort: T = out * (out * 2 + 1) * p.pdiblc1 + p.pdiblc2

        // Mobility and velocity, with the film's stress.
        var mobility: T = pow(ratio + 1, p.ute) * p.u0
        var velocity: T = p.vsat - ratio * p.at
        if stress != 0 {
            let factor: T = (ratio * p.tku0 + 1) * stressMobility + 1e-9
            let here: T = (p.ku0 * stress) / factor
            let reference: T = (p.ku0 * stressReference) / factor
            mobility = mobility * (here + 1) / (reference + 1)
            velocity = velocity * (here * stressVelocity + 1) / (reference * stressVelocity + 1)
        }
        var resistance: T = (ratio * p.prt + max(p.rdsw, 0)) / resistanceWidth
        if resistance.value < 1e-3 || p.rdsw < 0 || laws.resistance == 1 { resistance = T(constant: 0) }
        let isCoulomb = laws.mobility == 4
        let zero = T(constant: 0)
        var (here, onset): (T, T) = (T(constant: threshold), phi + flatBand)
        if thresholdFollows { here = phi + root * k1eff + flatBand }
        if flatBandFollows { onset = root * -k1eff + (threshold + chargeShift) }
        let ionisation: T = (ratio * p.tii + 1) * p.vdsatii0 - p.lii / size.length
        return SOIHeat(
            ratio: ratio, thermal: vt, gap: gap, builtIn: builtIn, backFlatBand: vt * back * -polarity, phi: phi,
            root: root, depth: depth, depletion: depletion, drainShort: drainShort, outputShort: outputShort,
            mobility: mobility, velocity: velocity, ua: ratio * p.ua1 + p.ua, ub: ratio * p.ub1 + p.ub,
            uc: ratio * p.uc1 + p.uc, ud: isCoulomb ? pow(ratio + 1, p.ud1) * p.ud : zero,
            ucs: isCoulomb ? pow(ratio + 1, p.ucste) * p.ucs : zero, resistance: resistance,
            chargeFlatBand: chargeFlatBand(ratio, builtIn - phi, phi, root, depth), threshold: here,
            polyOnset: onset, tunnelling: tunnellingFactor(ratio),
            ionisationVoltage: ionisation,
            collectorPotential: (ratio * p.tvbci + 1) * p.vbci,
            source: SOIJunctionHeat(source, p, temperature, nominal: film.nominal),
            drain: SOIJunctionHeat(drain, p, temperature, nominal: film.nominal))
    }

    /// Flat band [V] at vbs = vds = 0, to which the charges of capmod=3 are referred.
    private func chargeFlatBand<T: SOITemperature>(_ ratio: T, _ barrier: T, _ phi: T, _ root: T, _ depth: T) -> T {
        let natural: T = sqrt(depth * film.scale)
        let narrow: T = shortChannel((-0.5 * p.dvt1w * size.width * size.length) / natural) * p.dvt0w
        let short: T = shortChannel((-0.5 * p.dvt1 * size.length) / natural) * p.dvt0
        let wide: T = phi * (p.k3 * chargeThickness / (size.width + p.w0))
        let moved: T = root * (k1ox * lateral) + ratio * (p.kt1 + p.kt1l / size.length)
        let start = release.shiftsChargeFlatBand ? threshold : plainThreshold
        var vth: T = start - (narrow + short) * barrier
        vth = vth + wide + moved
        return vth - phi - root * p.k1 + chargeShift
    }
}
