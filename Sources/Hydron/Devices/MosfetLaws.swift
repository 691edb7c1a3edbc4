import Glibc

extension Mosfet.Law {
    /// nil where there is no such level.
    init?(level: Int) {
        switch level {
        case 1: self = .shichmanHodges
        case 2: self = .groveFrohman
        case 3: self = .semiEmpirical
        case 6: self = .powerLaw
        default: return nil
        }
    }

    /// True for the models of a process, which have an oxide even where none is given.
    var isOfProcess: Bool { self == .groveFrohman || self == .semiEmpirical }
}

// MARK: - Channels of a process, by their length and width [m]

extension Mosfet.Empirical {
    init(_ process: MosfetProcess, length: Double, width: Double) {
        let model = process.model
        self.length = length
        feedback = model[.eta] * 8.15e-22 / (process.oxide * length * length * length)
        mobilityModulation = model[.theta]
        saturationVoltage = length * model[.vmax] / (process.mobility * 1e-4)
        saturationField = model[.kappa]
        depletion = process.depletion
        junctionDepth = model[.xj]
        lateralDiffusion = model[.ld]
        narrow = model[.delta] * 0.5 * Double.pi * MosfetProcess.silicon / (process.oxide * width)
        surfaceStates = process.surfaceStates
    }
}

extension GroveFrohmanChannel {
    /// - Parameter beta: of all in parallel [A/V²].
    init(_ process: MosfetProcess, beta: Double, length: Double, width: Double) {
        let model = process.model
        self.beta = beta
        self.length = length
        builtIn = process.builtIn
        bodyEffect = process.bodyEffect
        surfacePotential = process.surfacePotential
        thermal = process.thermal
        narrow = model[.delta] * 0.25 * Double.pi * MosfetProcess.silicon / (process.oxide * width)
        depletion = process.depletion.squareRoot()
        junctionDepth = model[.xj]
        surfaceStates = process.surfaceStates
        criticalVoltage = model[.ucrit] * 100 * MosfetProcess.silicon / process.oxide
        criticalExponent = model[.uexp]
        // SPICE3 takes the mobility of the nominal temperature here.
        velocityVoltage = length * model[.vmax] / (model[.uo] * 1e-4)
        effectiveCharge = model[.neff]
        lengthModulation = model[.lambda]
        shortest = depletion > 0 ? depletion * process.junctionPotential.squareRoot() : 0.25e-6
    }
}

extension PowerLawChannel {
    /// - Parameter aspect: width by length, of all in parallel.
    init(_ process: MosfetProcess, aspect: Double) {
        let model = process.model
        current = process.powerLawCurrent * aspect
        currentExponent = model[.nc]
        saturation = model[.kv]
        saturationExponent = model[.nv]
        builtIn = process.builtIn
        bodyEffect = process.bodyEffect
        linearBodyEffect = model[.gamma1]
        surfacePotential = process.surfacePotential
        feedback = model[.sigma]
        lengthModulation = model.given(.lambda0, else: model[.lambda])
        bulkModulation = model[.lambda1]
    }
}

// MARK: - Noise

extension Mosfet {
    static let noiseNames = ["rd", "rs", "id", "fn"]
    /// The channel's is that of a resistor of 3/(2 gm) (van der Ziel, 1962), as in SPICE2.
    func noise(_ u: Locals<Gradient>, state: GateCharges) -> [NoiseSource] {
        let s = u.values[Self.innerSource]
        let channel = point(
            vgs: polarity * (u.values[Self.gate] - s), vds: polarity * (u.values[Self.innerDrain] - s),
            vbs: polarity * (u.values[Self.bulk] - s), gmin: 0
        ).channel.current
        return [
            .thermal("rd", Self.drain, Self.innerDrain, conductance: drainConductance, thermal: thermal),
            .thermal("rs", Self.source, Self.innerSource, conductance: sourceConductance, thermal: thermal),
            .thermal(
                "id", Self.innerDrain, Self.innerSource, conductance: 2.0 / 3 * channel.gradient[0], thermal: thermal),
            flicker.source("fn", Self.innerDrain, Self.innerSource, current: channel.value),
        ]
    }
}

// MARK: - Initial conditions

extension Mosfet {
    /// The charges that `ic=` gives beyond those at `u`. What the card leaves out is as `u` says.
    func applyInitialConditions(_ u: inout Gradient) -> Gradient {
        let s = u[Self.innerSource]
        let actual = SIMD4(u[Self.innerDrain] - s, u[Self.gate] - s, u[Self.bulk] - s, 0)
        let wanted = initialVoltages.replacing(with: actual, where: initialVoltages .!= initialVoltages)
        guard wanted != actual else { return .zero }
        func charges(_ v: SIMD4<Double>, from state: GateCharges?) -> (Gradient, GateCharges) {
            let point = point(vgs: polarity * v[1], vds: polarity * v[0], vbs: polarity * v[2], gmin: 0, from: state)
            let q = point.charges
            return ([0, q.gate.value, 0, q.bulk.value, q.drain.value, q.source.value, 0, 0], point.state)
        }
        let (here, state) = charges(actual, from: nil)
        return (charges(wanted, from: state).0 - here) * polarity
    }
}
