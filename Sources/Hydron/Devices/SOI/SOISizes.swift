import Glibc

/// Why a transistor can't be: what is wrong, and a way out.
struct SOIMistake: Error {
    var message: String
    var hint: String
}

/// Which laws of the model count.
struct SOILaws: BitwiseCopyable, Sendable {
    var mobility, capacitance, chargeDrive, gidl, ionisation, depletion, couplesDrain, resistance: Int
    var tunnelsToChannel, tunnelsToBody, otherMaterials: Bool
    var flicker, thermalNoise: Int
    var isVersion3: Bool

    init(_ model: SOIModelValues, depletion: Int) {
        mobility = model.choice(.mobmod)
        capacitance = model.choice(.capmod)
        chargeDrive = model.choice(.vgstcvmod)
        gidl = model.choice(.gidlmod)
        ionisation = model.choice(.iiimod)
        self.depletion = depletion
        couplesDrain = model.choice(.fdmod)
        resistance = model.choice(.rdsmod)
        tunnelsToChannel = model.choice(.igcmod) != 0
        tunnelsToBody = model.choice(.igbmod) != 0 && depletion != SOILaws.fullyDepleted
        otherMaterials = model.choice(.mtrlmod) != 0
        flicker = model.choice(.fnoimod)
        thermalNoise = model.choice(.tnoimod)
        isVersion3 = model.isVersion3
    }

    static let fullyDepleted = 2
    var isPartlyDepleted: Bool { depletion == 0 }
    var isFullyDepleted: Bool { depletion == Self.fullyDepleted }
}

/// Effective sizes of one finger, and what a body contact adds.
struct SOISizes: BitwiseCopyable, Sendable {
    /// Drawn [m].
    var drawnLength, drawnWidth: Double
    /// Effective, for currents [m].
    var length, width: Double
    /// For charges of the gate, the body and the back gate [m].
    var chargeLength, chargeWidth, bodyLength, backLength: Double
    /// Widths of the junctions at source and drain, for currents and charges [m].
    var sourceWidth, drainWidth, sourceChargeWidth, drainChargeWidth: Double
    /// What the gate overlaps for tunnelling [m].
    var overlap: Double
    var fingers, segments, contacts: Double
    /// Areas of the body contact under the gate, of its part over silicon of the other kind, for currents, and over the
    /// substrate [m²].
    var contactArea, oppositeArea, contactCurrentArea, backContactArea: Double
    /// Perimeters of the contact's parasitic junctions at source and drain [m].
    var sourceContact, drainContact: Double

    init(
        _ model: SOIModelValues, _ instance: ParameterValues<SOIInstance>, length drawnLength: Double,
        width totalWidth: Double
    ) throws(SOIMistake) {
        fingers = instance[.nf]
        segments = instance[.nseg]
        contacts = instance[.nbc]
        self.drawnLength = drawnLength
        drawnWidth = totalWidth
        let drawn = totalWidth / instance[.nf]
        func loss(_ l: SOIParameter, _ w: SOIParameter, _ wl: SOIParameter, _ ln: SOIParameter, _ wn: SOIParameter)
            -> Double
        {
            let (byLength, byWidth) = (Glibc.pow(drawnLength, model[ln]), Glibc.pow(drawn, model[wn]))
            return model[l] / byLength + model[w] / byWidth + model[wl] / (byLength * byWidth)
        }
        let lengthLoss = model[.lint] + loss(.ll, .lw, .lwl, .lln, .lwn)
        let chargeLoss = loss(.llc, .lwc, .lwlc, .lln, .lwn)
        let lengthChargeLoss = model[.dlc] + chargeLoss
        let overlap = model[.dlcig] + chargeLoss
        self.overlap = model.release.holdsOverlap ? max(overlap, 0) : overlap
        let widthLoss = model[.wint] + loss(.wl, .ww, .wwl, .wln, .wwn)
        let widthChargeLoss = model[.dwc] + loss(.wlc, .wwc, .wwlc, .wln, .wwn)
        let contactLoss = contacts * model[.dwbc]
        length = drawnLength - 2 * lengthLoss
        width = drawn - contactLoss - (2 - contacts) * widthLoss
        chargeLength = drawnLength - 2 * lengthChargeLoss
        chargeWidth = drawn - contactLoss - (2 - contacts) * widthChargeLoss
        bodyLength = chargeLength - model[.dlcb]
        backLength = bodyLength + 2 * model[.dlbg]
        sourceContact = instance[.psbcp]
        drainContact = instance[.pdbcp]
        sourceWidth = width / segments + sourceContact
        drainWidth = width / segments + drainContact
        sourceChargeWidth = chargeWidth / segments + sourceContact
        drainChargeWidth = chargeWidth / segments + drainContact
        contactArea = instance[.agbcp]
        oppositeArea = instance[.agbcp2]
        contactCurrentArea = instance.given(.agbcpd, else: contactArea)
        backContactArea = instance[.aebcp]
        let all: [(String, Double)] = [
            ("length", length), ("width", width), ("length for charges", chargeLength),
            ("width for charges", chargeWidth), ("length of the body's charge", bodyLength),
            ("length of the back gate's charge", backLength),
        ]
        for (name, value) in all where !(value > 0) {
            throw SOIMistake(
                message: "the effective \(name) of its channel is \(value.plain) m",
                hint: "what lint, wint, dlc, dwc and their parts take from l and w/nf must leave something")
        }
    }
}

/// Silicon, oxides and what they are worth.
struct SOIFilm: BitwiseCopyable, Sendable {
    /// Relative permittivity and thickness [m] of the gate's oxide, permittivity [F/m] of the film and the gate.
    var oxidePermittivity, thickness, permittivity, gatePermittivity: Double
    /// Thickness [m] in the laws that know no other material.
    var plainThickness: Double
    /// Capacitances of the gate's oxide, the buried oxide, and the film [F/m²].
    var oxide, buried, silicon: Double
    /// Product of permittivities' ratio and thickness [m], under the roots of short channels.
    var scale: Double
    /// √(2 q ε) in cm: of gamma1 and gamma2.
    var bodyFactor: Double
    /// Of the nominal temperature: in K, k T/q [V], the band gap [eV].
    var nominal, nominalThermal, nominalGap: Double
    var gap0, gapSlope, gapOffset, intrinsic: Double
    var otherMaterials: Bool
    /// Elementary charge [C].
    var charge: Double

    init(_ model: SOIModelValues, nominal: Double) {
        charge = model.release.charge
        otherMaterials = model.choice(.mtrlmod) != 0
        plainThickness = model[.tox]
        thickness = otherMaterials ? model[.eot] : model[.tox]
        oxidePermittivity = otherMaterials ? 3.9 : model[.epsrox]
        permittivity = otherMaterials ? SOIConstants.vacuum * model[.epsrsub] : SOIConstants.silicon
        gatePermittivity = otherMaterials ? SOIConstants.vacuum * model[.epsrgate] : SOIConstants.silicon
        oxide = otherMaterials ? 3.9 * SOIConstants.vacuum / thickness : SOIConstants.oxide / thickness
        buried = SOIConstants.oxide / model[.tbox]
        silicon = SOIConstants.silicon / (otherMaterials ? model[.etsi] : model[.tsi])
        let ratio =
            otherMaterials
            ? permittivity / (oxidePermittivity * SOIConstants.vacuum) : SOIConstants.silicon / SOIConstants.oxide
        scale = ratio * thickness
        bodyFactor = otherMaterials ? (2e6 * charge * permittivity).squareRoot() : 5.753e-12
        self.nominal = nominal
        nominalThermal = SOIConstants.boltzmannOverCharge * nominal
        gap0 = otherMaterials ? model[.bg0sub] : 1.16
        gapSlope = otherMaterials ? model[.tbgasub] : 7.02e-4
        gapOffset = otherMaterials ? model[.tbgbsub] : 1108
        intrinsic = model[.ni0sub]
        nominalGap = gap0 - gapSlope * nominal * nominal / (nominal + gapOffset)
    }

    /// Band gap [eV] at a temperature [K].
    func gap<T: DifferentiableReal>(_ t: T) -> T {
        let square: T = t * t
        return gap0 - square * gapSlope / (t + gapOffset)
    }

    /// Intrinsic carriers [1/cm³] of the film at a temperature [K] with that band gap.
    func intrinsic<T: DifferentiableReal>(_ t: T, gap: T) -> T {
        let vt: T = t * SOIConstants.boltzmannOverCharge
        let half: T = gap / (vt * 2)
        guard otherMaterials else {
            let growth: T = (t / 300.15) * sqrt(t / 300.15)
            return growth * exp(21.5565981 - half) * 1.45e10
        }
        let growth: T = (t / nominal) * sqrt(t / nominal)
        return growth * exp(nominalGap / (2 * nominalThermal) - half) * intrinsic
    }
}
