import Glibc

/// A model's parameters with all that follows from others where they are not given, and the rules of a size's bin:
///
///     P(L, W) = P + lP/L + wP/W + pP/(L W)
struct SOIModelValues {
    let isPChannel: Bool
    let release: SOIRelease
    private var values: [Double]
    /// Three of each binned parameter.
    private var parts: [SIMD3<Double>]
    private let given: [Bool]

    /// 1 for an n-channel, −1 for a p-channel.
    var polarity: Double { isPChannel ? -1 : 1 }
    var isVersion3: Bool { self[.version] < 4 }

    /// - Parameter version: that of a model which names none.
    init(
        _ model: ParameterValues<SOIModelKey>, isPChannel: Bool, release: SOIRelease = .v44, version: Double = 4.4
    ) {
        self.isPChannel = isPChannel
        self.release = release
        let rows = SOIParameter.rows
        // What a later release brought is not there.
        values = rows.map { $0.since <= release ? model[$0.key] : $0.standard ?? .nan }
        given = rows.map { $0.since <= release && model.isGiven($0.key) }
        parts = SOIParameter.allCases.map { parameter in
            var part = SIMD3<Double>.zero
            guard rows[parameter.rawValue].since <= release else { return SIMD3(repeating: .nan) }
            for (place, letter) in SOIModelKey.Part.allCases.enumerated() {
                if let key = SOIModelKey(parameter, letter) { part[place] = model.given(key, else: .nan) }
            }
            return part
        }
        set(.version, version)
        complete()
        for index in parts.indices { parts[index].replace(with: 0, where: parts[index] .!= parts[index]) }
    }

    subscript(_ parameter: SOIParameter) -> Double { values[parameter.rawValue] }
    func isGiven(_ parameter: SOIParameter) -> Bool { given[parameter.rawValue] }
    func choice(_ parameter: SOIParameter) -> Int {
        let value = self[parameter]
        return value.magnitude < 1e6 ? Int(value) : 0
    }

    /// The value for a channel of this length and width, in the unit of `binunit` already inverted.
    func binned(_ parameter: SOIParameter, _ inverse: SIMD3<Double>) -> Double {
        values[parameter.rawValue] + (parts[parameter.rawValue] * inverse).sum()
    }

    mutating func replace(_ parameter: SOIParameter, _ value: Double) { values[parameter.rawValue] = value }

    mutating func set(_ parameter: SOIParameter, _ value: Double) {
        if !isGiven(parameter) { values[parameter.rawValue] = value }
    }

    /// Where it is not given, the value of another, and so are the parts by size that are not.
    mutating func set(_ parameter: SOIParameter, as other: SOIParameter) {
        set(parameter, self[other])
        let (own, source) = (parameter.rawValue, other.rawValue)
        parts[own].replace(with: parts[source], where: parts[own] .!= parts[own])
    }

    private mutating func complete() {
        let isN = !isPChannel
        if isVersion3 { completeVersion3() }
        set(.toxm, self[.tox])
        set(.toxqm, self[.tox])
        set(.xj, self[.tsi])
        set(.vddeot, isN ? 1.5 : -1.5)
        set(.dwc, self[.wint])
        set(.dlc, self[.lint])
        set(.dlcig, self[.lint])
        if isGiven(.nlx) { set(.lpe0, as: .nlx) } else { set(.lpe0, 1.74e-7) }
        set(.dsub, self[.drout])
        set(.u0, isN ? 0.067 : 0.025)
        let mobility = self[.mobmod]
        set(.uc, mobility == 3 ? -0.0465 : -0.0465e-9)
        set(.uc1, mobility == 3 ? -0.056 : -0.056e-9)
        set(.eu, isN ? 1.67 : 1)
        set(.ucs, isN ? 1.67 : 1)
        set(.aigc, isN ? 0.43 : 0.31)
        set(.bigc, isN ? 0.054 : 0.024)
        set(.cigc, isN ? 0.075 : 0.03)
        set(.aigsd, isN ? 0.43 : 0.31)
        set(.bigsd, isN ? 0.054 : 0.024)
        set(.cigsd, isN ? 0.075 : 0.03)
        set(.noia, isN ? 6.25e41 : 6.188e40)
        set(.noib, isN ? 3.125e26 : 1.5e25)
        if isGiven(.ngidl) { set(.egidl, as: .ngidl) } else { set(.egidl, 1.2) }
        // The other side is the same where nothing is said of it.
        let sides: [(SOIParameter, SOIParameter)] = [
            (.egisl, .egidl), (.ndioded, .ndiode), (.nrecf0d, .nrecf0), (.nrecr0d, .nrecr0), (.ntund, .ntun),
            (.idbjt, .isbjt), (.iddif, .isdif), (.idrec, .isrec), (.idtun, .istun), (.vrec0d, .vrec0),
            (.vtun0d, .vtun0), (.ahlid, .ahli), (.xdifd, .xdif), (.xrecd, .xrec), (.xtund, .xtun),
            (.cjswgd, .cjswg), (.pbswgd, .pbswg), (.mjswgd, .mjswg), (.tcjswgd, .tcjswg), (.tpbswgd, .tpbswg),
        ]
        set(.xdif, self[.xbjt])
        for (drain, source) in sides { set(drain, as: source) }
        // Of these the value alone, as in Berkeley's source.
        let alone: [(SOIParameter, SOIParameter)] = [
            (.agisl, .agidl), (.bgisl, .bgidl), (.cgisl, .cgidl), (.rgisl, .rgidl), (.kgisl, .kgidl), (.fgisl, .fgidl),
        ]
        for (source, drain) in alone { set(source, self[drain]) }
        completeLater()
        completeCapacitances()
        if self[.cfrcoeff] < 1 || self[.cfrcoeff] > 2 { values[SOIParameter.cfrcoeff.rawValue] = 1 }
    }

    private mutating func completeLater() {
        set(.bgisl1, as: .bgidl1)
        set(.eta0cv, as: .eta0)
        set(.etabcv, as: .etab)
        set(.steta0cv, self[.steta0])
        set(.lodeta0cv, self[.lodeta0])
        set(.noff2, as: .noff)
        set(.multFn, self[.multI])
        if release >= .v47 { set(.pditsl, 1) }
        if release >= .v45, isGiven(.version), self[.version] < 4.2 { set(.vgstcvmod, 0) }
        if release.roundsConstants {
            set(.agbc2n, 3.4254e-7)
            set(.agbc2p, 4.9723e-7)
            set(.bgbc2n, 1.1665e12)
            set(.bgbc2p, 7.4567e11)
        }
        guard !release.hasOwnConstants, choice(.mtrlmod) == 0 else { return }
        let constants: [SOIParameter] = [
            .eggbcp2, .eggdep, .agb1, .bgb1, .agb2, .bgb2, .agbc2n, .agbc2p, .bgbc2n, .bgbc2p,
        ]
        for key in constants { values[key.rawValue] = SOIParameter.rows[key.rawValue].standard ?? .nan }
    }

    private mutating func completeCapacitances() {
        set(.cf, 2 * SOIConstants.oxide / SOIConstants.pi * Glibc.log(1 + 0.4e-6 / self[.tox]))
        let oxide = self[.mtrlmod] != 0 ? 3.9 * SOIConstants.vacuum / self[.eot] : SOIConstants.oxide / self[.tox]
        let byOverlap = isGiven(.dlc) && self[.dlc] > 0
        set(.cgdo, byOverlap ? self[.dlc] * oxide - self[.cgdl] : 0.6 * self[.xj] * oxide)
        set(.cgso, byOverlap ? self[.dlc] * oxide - self[.cgsl] : 0.6 * self[.xj] * oxide)
    }
}

/// Constants as BSIM-SOI has them, so that a model means what it was fitted to.
enum SOIConstants {
    /// [F/m]
    static let vacuum = 8.85418e-12
    static let oxide = 3.453133e-11
    static let silicon = 1.03594e-10
    /// [C]
    static let charge = 1.60219e-19
    /// k/q [V/K]
    static let boltzmannOverCharge = 8.617087e-5
    static let pi = 3.141592654
    /// Band gap [eV] in the temperature rules of junctions.
    static let gap300 = 1.115
    /// Exponentials go on as a line above it, and are held below its negative.
    static let longest = 100.0
    static let largest = 2.688117142e43
    static let smallest = 3.720075976e-44
}
