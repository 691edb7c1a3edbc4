import SpiceNetlist

/// Releases of BSIM-SOI 4 that differ in their equations, and all that they differ in; the code asks for a rule by its
/// name, so that each release stands in one place.
///
/// UC Berkeley's Verilog-A of BSIM-SOI 4.5.0 (2012), 4.6.1 (2016) and 4.7.0, by the BSIM group; 4.4 as in its C of 2010.
enum SOIRelease: Int, Comparable, Sendable {
    case v44, v45, v46, v47

    /// By the level where the dialect has a level for each release, else by what `version` says.
    init(level: Int, dialect: Dialect, version: Double) {
        // Libraries write 4.6.1 as 4.6, 4.61 or 4.601.
        switch SOIVersion.fixed(level: level, in: dialect) ?? version {
        case 4.65...: self = .v47
        case 4.55...: self = .v46
        case 4.45...: self = .v45
        default: self = .v44
        }
    }

    static func < (a: SOIRelease, b: SOIRelease) -> Bool { a.rawValue < b.rawValue }

    /// As Berkeley names it.
    var name: String { ["4.4", "4.5.0", "4.6.1", "4.7.0"][rawValue] }

    /// - Throws: that a law which a later release brought is asked for.
    func check(_ laws: SOILaws) throws(SOIMistake) {
        let later: [(name: String, value: Int, isAsked: Bool, since: SOIRelease)] = [
            ("rdsmod", 2, laws.resistance == 2, .v46), ("tnoimod", 3, laws.thermalNoise == 3, .v47),
        ]
        for law in later where law.isAsked && self < law.since {
            throw SOIMistake(
                message: "BSIM-SOI \(name) has no \(law.name)=\(law.value)",
                hint: "BSIM-SOI \(law.since.name) brought it")
        }
    }

    // MARK: - The channel

    /// The bulk charge follows tangents beyond keta·vbs = −0.5 and beyond half of the surface potential, no rational
    /// functions beyond −0.9 and 0.96.
    var hasBulkTangents: Bool { self >= .v45 }
    /// a2 is held between 0.01 and 1 without `paramchk`, too.
    var holdsSaturationShare: Bool { self >= .v45 }
    /// A transistor that heats itself finds the threshold and the flat band at its own temperature, where the card gives
    /// only one of them.
    var followsHeatedThreshold: Bool { self >= .v45 }
    /// The film's doping and what follows from it: with its parts by size.
    var binsDepletion: Bool { self >= .v46 }
    /// Of the element's own choice of depletion, not of the model's, depends whether the doping is limited.
    var limitsDopingOfElement: Bool { self >= .v45 }
    /// 1 S and more of conductance in the simulator's gmin lies from drain to source and from the gate to both.
    var spreadsGmin: Bool { self >= .v47 }

    // MARK: - Currents into the body and through the oxide

    /// What the gate induces has no onset: the field and the body's influence pass 0 smoothly.
    var inducesSmoothly: Bool { self >= .v45 }
    /// What the gate induces at the drain is scaled by the width of the junction at the source.
    var inducesBySourceWidth: Bool { self == .v45 }
    /// The bipolar transistor's current has the drain's saturation current, whichever end acts as collector.
    var collectsByDrain: Bool { self >= .v45 }
    /// Constants of tunnelling and of the band gap are the card's, whatever the materials are.
    var hasOwnConstants: Bool { self >= .v46 }
    /// The constants of tunnelling into the channel are rounded to five digits where the card gives none.
    var roundsConstants: Bool { self == .v45 || self == .v46 }
    /// Tunnelling rises with the temperature.
    var warmsTunnelling: Bool { self >= .v47 }
    /// An overlap of less than nothing is none.
    var holdsOverlap: Bool { self >= .v46 }

    // MARK: - Charges

    /// The drain's influence on the threshold may be another one for charges.
    var hasChargeThreshold: Bool { self >= .v45 }
    /// Weak inversion's exponentials are used between −100 and 100 only, beyond that the current's gate drive.
    var boundsChargeDrive: Bool { self >= .v45 }
    /// The charges' slope over silicon of the other kind is noff2; its shift is divided by the square of k T/q once more.
    var hasOppositeSlope: Bool { self >= .v46 }
    /// The depth of the charge in inversion has the factors ados and bdos.
    var scalesCentroid: Bool { self >= .v45 }
    /// The flat band of the charges has stress and delvto, and delvto twice.
    var shiftsChargeFlatBand: Bool { self >= .v47 }

    // MARK: - Networks and constants

    /// Elementary charge [C].
    var charge: Double { self >= .v47 ? 1.602176462e-19 : SOIConstants.charge }
    /// An element's currents, charges and flicker noise have factors of their own.
    var hasFactors: Bool { self >= .v47 }
    /// Resistances of contacts, and ends without a node of their own below `minr`.
    var hasContacts: Bool { self >= .v47 }
}

/// Parameters of a model card that its release does not have yet, which were warned about.
final class SOILaterParameters {
    init(_ model: ModelCard, _ release: SOIRelease, _ card: ElementCard) {
        let keys = SOIModelKey.index()
        for assignment in model.assignments {
            guard let key = keys[assignment.name], let parameter = key.owner else { continue }
            let since = SOIParameter.rows[parameter.rawValue].since
            guard since > release else { continue }
            card.warning(
                "model '\(model.name)' is of BSIM-SOI \(release.name), which has no parameter '\(assignment.name)': ignored",
                at: assignment.token, hint: "BSIM-SOI \(since.name) brought it")
        }
    }
}
