import Glibc

/// One end of the channel: its junction to the body and what the gate induces there, as at the nominal temperature.
struct SOIJunction: BitwiseCopyable, Sendable {
    /// Effective width [m] of a finger for currents.
    var width: Double
    /// Emission coefficients.
    var emission, forward, reverse, tunnelling: Double
    /// Voltage dependence of recombination and tunnelling [V].
    var recombinationVoltage, tunnellingVoltage: Double
    /// Saturation currents of diffusion, recombination, tunnelling and the bipolar transistor [A/m²].
    var diffusion, recombination, tunnel, bipolar: Double
    var highInjection: Double
    /// Temperature coefficients.
    var diffusionGrowth, recombinationGrowth, tunnelGrowth: Double
    /// Of all fingers at the nominal temperature [F], potential [V], grading coefficient, temperature coefficients.
    var capacitance, potential, grading, capacitanceSlope, potentialSlope: Double
    var induced: Induced

    /// What a strong gate induces at the end.
    struct Induced: BitwiseCopyable, Sendable {
        var a, b, c, e, r, k, f: Double
        /// What b gains by T/Tnom − 1.
        var bGrowth: Double
    }

    init(source model: SOIModelValues, _ size: SOISizes) {
        self.init(
            model, size, width: size.sourceWidth, chargeWidth: size.sourceChargeWidth,
            emissions: (.ndiode, .nrecf0, .nrecr0, .ntun), voltages: (.vrec0, .vtun0),
            currents: (.isdif, .isrec, .istun, .isbjt), high: .ahli, growth: (.xdif, .xrec, .xtun),
            capacitance: (.cjswg, .pbswg, .mjswg, .tcjswg, .tpbswg),
            induced: [.agisl, .bgisl, .cgisl, .egisl, .rgisl, .kgisl, .fgisl, .bgisl1])
    }

    init(drain model: SOIModelValues, _ size: SOISizes) {
        self.init(
            model, size, width: size.drainWidth, chargeWidth: size.drainChargeWidth,
            emissions: (.ndioded, .nrecf0d, .nrecr0d, .ntund), voltages: (.vrec0d, .vtun0d),
            currents: (.iddif, .idrec, .idtun, .idbjt), high: .ahlid, growth: (.xdifd, .xrecd, .xtund),
            capacitance: (.cjswgd, .pbswgd, .mjswgd, .tcjswgd, .tpbswgd),
            induced: [.agidl, .bgidl, .cgidl, .egidl, .rgidl, .kgidl, .fgidl, .bgidl1])
    }

    private typealias Key = SOIParameter
    private init(
        _ model: SOIModelValues, _ size: SOISizes, width: Double, chargeWidth: Double,
        emissions: (Key, Key, Key, Key), voltages: (Key, Key), currents: (Key, Key, Key, Key), high: Key,
        growth: (Key, Key, Key), capacitance parameters: (Key, Key, Key, Key, Key), induced keys: [Key]
    ) {
        let unit = model[.binunit] == 1 ? 1e-6 : 1
        let inverse = SIMD3(unit / size.length, unit / size.width, unit * unit / (size.length * size.width))
        func at(_ key: Key) -> Double { model.binned(key, inverse) }
        self.width = width
        (emission, forward, reverse, tunnelling) = (
            at(emissions.0), at(emissions.1), at(emissions.2), at(emissions.3)
        )
        (recombinationVoltage, tunnellingVoltage) = (at(voltages.0), at(voltages.1))
        (diffusion, recombination, tunnel, bipolar) = (at(currents.0), at(currents.1), at(currents.2), at(currents.3))
        highInjection = at(high)
        (diffusionGrowth, recombinationGrowth, tunnelGrowth) = (at(growth.0), at(growth.1), at(growth.2))
        capacitance = model[parameters.0] * chargeWidth * model[.tsi] * size.fingers / 1e-7
        potential = max(model[parameters.1], 0.1)
        grading = model[parameters.2]
        capacitanceSlope = model[parameters.3]
        potentialSlope = model[parameters.4]
        induced = Induced(
            a: at(keys[0]), b: at(keys[1]), c: at(keys[2]), e: at(keys[3]), r: at(keys[4]), k: at(keys[5]),
            f: at(keys[6]), bGrowth: at(keys[7]))
    }
}

/// The same at a temperature.
struct SOIJunctionHeat<T: SOITemperature>: BitwiseCopyable, Sendable {
    /// [A/m²]
    var diffusion, recombination, tunnel, bipolar, highInjection: T
    /// n k T/q, and nrecf and nrecr times 26 mV [V].
    var thermal, forward, reverse: T
    /// [F], [V]
    var capacitance, potential: T

    init(_ junction: SOIJunction, _ p: SOICoefficients, _ temperature: T, nominal: Double) {
        let ratio: T = temperature / nominal - 1
        let vt: T = temperature * SOIConstants.boltzmannOverCharge
        let activation: T = ratio * SOIConstants.gap300 / vt
        let bipolarGrowth: T = limitedExp(activation * (p.xbjt / junction.emission))
        let diffusionGrowth: T = limitedExp(activation * (junction.diffusionGrowth / junction.emission))
        let recombinationGrowth: T = limitedExp(activation * (junction.recombinationGrowth / junction.forward))
        highInjection = bipolarGrowth * junction.highInjection
        bipolar = bipolarGrowth * junction.bipolar
        diffusion = diffusionGrowth * junction.diffusion
        recombination = recombinationGrowth * junction.recombination
        tunnel = limitedExp(ratio * junction.tunnelGrowth) * junction.tunnel
        thermal = vt * junction.emission
        forward = (ratio * p.ntrecf + 1) * (p.vtm00 * junction.forward)
        reverse = (ratio * p.ntrecr + 1) * (p.vtm00 * junction.reverse)
        let rise: T = temperature - nominal
        capacitance = (rise * junction.capacitanceSlope + 1) * junction.capacitance
        potential = junction.potential - rise * junction.potentialSlope
    }
}

/// Capacitance from source or drain through the buried oxide to the substrate, between that of the oxide alone and one
/// with a depleted substrate below it, and the fringe beside it.
struct SOIBottom: BitwiseCopyable, Sendable {
    /// Voltages against the substrate between which it changes, and between these the point of inflexion [V].
    var low, high, middle: Double
    /// Capacitance below and above [F], of the fringe [F].
    var lowCapacitance, highCapacitance, fringe: Double
    /// [F/V²] below and above the point of inflexion, charge far above [C].
    var lowCurvature, highCurvature, offset: Double
    var isPlain: Bool

    /// What the bottoms of all ends of a transistor share.
    struct Rule {
        var flatBand, threshold, oxide, least, share, fringe: Double
        var startsAtOxide: Bool

        init(
            _ model: SOIModelValues, _ p: SOICoefficients, _ film: SOIFilm, thermal: Double, intrinsic: Double
        ) {
            let type = model.polarity
            let doping = abs(p.nsub)
            let sign = p.nsub > 0 ? 1.0 : -1.0
            flatBand = p.vsdfb
            if !model.isGiven(.vsdfb) {
                flatBand =
                    p.nsub > 0
                    ? -type * (thermal * Glibc.log(1e20 * p.nsub / intrinsic / intrinsic) - 0.3)
                    : -type * (thermal * Glibc.log(1e20 / doping) + 0.3)
            }
            let potential = 2 * thermal * Glibc.log(doping / intrinsic)
            let factor = film.bodyFactor * doping.squareRoot() / film.buried
            startsAtOxide = sign * type > 0
            threshold = p.vsdth
            if !model.isGiven(.vsdth) {
                let depleted = potential + factor * max(potential, 0).squareRoot()
                threshold = flatBand + (startsAtOxide ? depleted : -potential - factor * max(potential, 0).squareRoot())
            }
            oxide = film.buried
            let width = (2 * film.permittivity * max(potential, 0) / (film.charge * doping * 1e6)).squareRoot()
            let depletion = width > 0 ? film.permittivity / width : .infinity
            least = model.isGiven(.csdmin) ? model[.csdmin] : 1 / (1 / depletion + 1 / film.buried)
            share = model[.asd]
            fringe = model[.csdesw] * Glibc.log(model[.cfrcoeff] * (1 + model[.tsi] / model[.tbox]))
        }
    }

    init(_ rule: Rule, area: Double, edge: Double) {
        fringe = rule.fringe * max(edge, 0)
        let (oxide, least) = (rule.oxide * area, rule.least * area)
        isPlain = rule.least == 0
        let starts = rule.startsAtOxide
        low = starts ? rule.flatBand : rule.threshold
        high = starts ? rule.threshold : rule.flatBand
        lowCapacitance = starts ? oxide : least
        highCapacitance = starts ? least : oxide
        let span = high - low
        middle = low + rule.share * span
        let change = lowCapacitance - highCapacitance
        lowCurvature = span == 0 ? 0 : change / span / span / rule.share
        highCurvature = span == 0 ? 0 : change / span / span / (1 - rule.share)
        offset = span * change * (1 + rule.share) / 3 - highCapacitance * low
        if isPlain { (lowCapacitance, highCapacitance) = (oxide, oxide) }
    }

    /// Charge [C] at the voltage `v` [V] of the end against the substrate.
    @inline(__always) func callAsFunction<R: DifferentiableReal>(_ v: R) -> R {
        let beside: R = v * fringe
        if isPlain { return beside + v * lowCapacitance }
        if v.value < low { return beside + (v - low) * lowCapacitance }
        if v.value < middle {
            let x: R = v - low
            let slope: R = lowCapacitance - x * x * (lowCurvature / 3)
            return beside + x * slope
        }
        let far: R = beside + v * highCapacitance + offset
        guard v.value < high else { return far }
        let x: R = v - high
        return far + x * x * x * (highCurvature / 3)
    }
}
