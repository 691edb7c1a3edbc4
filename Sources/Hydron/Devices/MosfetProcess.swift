import Glibc

/// What all MOSFETs of a model at one temperature have in common: the model's values with what follows from them where
/// they are not given, and Berkeley's rules of temperature (SPICE3; S. M. Sze, Physics of Semiconductor Devices, 1981).
struct MosfetProcess {
    /// Permittivity of silicon and of its oxide [F/m].
    static let silicon = 11.7 * 8.854214871e-12
    static let siliconDioxide = 3.9 * 8.854214871e-12

    let model: ParameterValues<Mosfet.Model>
    let polarity: Double
    let law: Mosfet.Law
    /// k T/q [V]
    let thermal: Double
    /// Of the gate [F/m²]; 0 where no oxide is given.
    let oxide: Double
    /// [A/V²] and [cm²/(V s)]
    let transconductance: Double
    let mobility: Double
    let bodyEffect: Double
    let surfacePotential: Double
    let builtIn: Double
    /// 2 ε/(q N) [m²/V]; 0 where no doping is given.
    let depletion: Double
    /// q nfs/Cox; 0 where there are no fast surface states.
    let surfaceStates: Double
    /// kc of level 6 [A/V^nc].
    let powerLawCurrent: Double
    /// Of the bulk's junctions [V].
    let junctionPotential: Double
    /// Of saturation currents.
    let saturationGrowth: Double
    /// [F/m²] at the nominal temperature.
    let areaCapacitance: Double
    private let junctions: JunctionTemperature

    init(
        _ model: ParameterValues<Mosfet.Model>, isPChannel: Bool, temperature: Double, nominal: Double
    ) {
        self.model = model
        polarity = isPChannel ? -1 : 1
        law = Mosfet.Law(level: Int(model[.level])) ?? .shichmanHodges
        let nominal = model.isGiven(.tnom) ? model[.tnom] + PhysicalConstants.zeroCelsius : nominal
        let perKelvin = PhysicalConstants.boltzmannOverCharge
        let nominalThermal = perKelvin * nominal
        thermal = perKelvin * temperature
        let charge = PhysicalConstants.elementaryCharge
        func gap(_ t: Double) -> Double { 1.16 - 7.02e-4 * t * t / (t + 1108) }

        // What is not given follows from the process.
        oxide =
            model.isGiven(.tox)
            ? Self.siliconDioxide / model[.tox] : law.isOfProcess ? Self.siliconDioxide / 1e-7 : 0
        let kp = model.isGiven(.kp) ? model[.kp] : oxide > 0 ? model[.uo] * 1e-4 * oxide : 2e-5
        var phi = model.given(.phi, else: 0.6)
        var gamma = model.given(.gamma, else: 0)
        var threshold = polarity * model.given(.vto, else: 0)
        let doping = model.given(.nsub, else: 0) * 1e6
        let intrinsic = Self.intrinsic(law, nominal)
        if doping > intrinsic, oxide > 0 {
            if !model.isGiven(.phi) { phi = max(2 * nominalThermal * Glibc.log(doping / intrinsic), 0.1) }
            if !model.isGiven(.gamma) { gamma = (2 * Self.silicon * charge * doping).squareRoot() / oxide }
            if !model.isGiven(.vto) {
                // Work functions of gate and substrate.
                let half = 0.5 * gap(nominal)
                let gate = model[.tpg] == 0 ? 3.2 : 3.25 + half - polarity * model[.tpg] * half
                let flatBand = gate - (3.25 + half + polarity * 0.5 * phi) - model[.nss] * 1e4 * charge / oxide
                threshold = polarity * flatBand + gamma * phi.squareRoot() + phi
            }
        }
        depletion = doping > 0 ? 2 * Self.silicon / (charge * doping) : 0
        areaCapacitance =
            model.isGiven(.cj)
            ? model[.cj]
            : doping > 0 ? (Self.silicon * charge * doping / (2 * model[.pb])).squareRoot() : 0

        // Temperature.
        let ratio = temperature / nominal
        let slowing = ratio * ratio.squareRoot()
        transconductance = kp / slowing
        mobility = model[.uo] / slowing
        powerLawCurrent =
            (model.isGiven(.kc) ? model[.kc] : oxide > 0 ? 0.5 * model[.uo] * 1e-4 * oxide : 5e-5) / slowing
        surfaceStates = oxide > 0 ? charge * model[.nfs] * 1e4 / oxide : 0
        bodyEffect = gamma
        junctions = JunctionTemperature(temperature: temperature, nominal: nominal)
        junctionPotential = junctions.junction(potential: model[.pb], capacitance: 0, grading: 0.5).0
        surfacePotential = junctions.junction(potential: phi, capacitance: 0, grading: 0.5).0
        builtIn =
            threshold - gamma * phi.squareRoot() + polarity * 0.5 * (gap(nominal) - gap(temperature))
            + 0.5 * (surfacePotential - phi)
        saturationGrowth = Glibc.exp(gap(nominal) / nominalThermal - gap(temperature) / thermal)
    }

    /// Intrinsic carriers of silicon [1/m³] at the nominal temperature [K]: 1.45e16 at 300 K, which as
    /// in ngspice all levels but 3 take at any temperature.
    private static func intrinsic(_ law: Mosfet.Law, _ nominal: Double) -> Double {
        let at300 = 1.45e16
        guard law == .semiEmpirical else { return at300 }
        let gap = 1.16 - 7.02e-4 * nominal * nominal / (nominal + 1108)
        let growth = 0.5 * gap * (1 / 300.0 - 1 / nominal) / PhysicalConstants.boltzmannOverCharge
        return at300 * Glibc.pow(nominal / 300, 1.5) * Glibc.exp(growth)
    }

    /// Depletion charge of a junction's area with this capacitance at 0 V [F].
    func bottom(_ capacitance: Double) -> DepletionCharge { charge(capacitance, model[.mj]) }

    /// The same of its edge.
    func sidewall(_ capacitance: Double) -> DepletionCharge {
        charge(capacitance, model.given(.mjsw, else: law.isOfProcess ? 0.33 : 0.5))
    }

    private func charge(_ capacitance: Double, _ grading: Double) -> DepletionCharge {
        let (potential, moved) = junctions.junction(potential: model[.pb], capacitance: capacitance, grading: grading)
        return DepletionCharge(
            capacitance: moved, potential: potential, grading: grading, forward: min(model[.fc], 0.95))
    }
}
