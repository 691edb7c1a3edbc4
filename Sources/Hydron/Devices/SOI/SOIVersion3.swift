/// What BSIM3SOI 3.2 does otherwise than version 4: the parameters that it does not have, the values that the rest means,
/// and the rules where its equations differ, each with the name of what it decides.
///
/// BSIMSOI3.2 MOSFET MODEL Users' Manual, Department of Electrical Engineering and Computer Sciences, University of
/// California, Berkeley, 2004.
enum SOIVersion3 {
    static let version = 3.2

    /// What came with version 4, in its first releases; the later ones stand with theirs.
    private static let later: Set<SOIParameter> = [
        .mtrlmod, .vgstcvmod, .gidlmod, .iiimod, .fdmod, .rbodymod, .rdsmod, .etsi, .nsd, .eot, .epsrox, .epsrsub,
        .ni0sub, .bg0sub, .tbgasub, .tbgbsub, .leffeot, .weffeot, .vddeot, .tempeot, .ados, .bdos, .epsrgate, .phig,
        .easub, .vfb, .lpe0, .lpeb, .minv, .dvtp0, .dvtp1, .dvtp2, .dvtp3, .dvtp4, .ud, .eu, .ucs, .ud1, .ucste, .rdw,
        .rsw, .rdwmin, .rswmin, .fprout, .pdits, .pditsd, .pditsl, .saref, .sbref, .wlod, .ku0, .kvsat, .kvth0, .tku0,
        .llodku0, .wlodku0, .llodvth, .wlodvth, .stk2, .lodk2, .steta0, .lodeta0, .vsce, .cdsbs, .ebjtii, .cbjtii,
        .vbci, .tvbci, .abjtii, .mbjtii, .cgidl, .egidl, .rgidl, .kgidl, .fgidl, .agisl, .bgisl, .cgisl, .egisl,
        .rgisl, .kgisl, .fgisl, .ndioded, .nrecf0d, .nrecr0d, .ntund, .idbjt, .iddif, .idrec, .idtun, .vrec0d, .vtun0d,
        .ahlid, .xdifd, .xrecd, .xtund, .aigbcp2, .bigbcp2, .cigbcp2, .voffcv, .minvcv, .cjswgd, .pbswgd, .mjswgd,
        .tcjswgd, .tpbswgd, .cfrcoeff, .frbody, .gbmin, .rbdb, .rbsb, .bf, .w0flk, .vgsMax, .vgdMax, .vgbMax,
        .vdsMax, .vbsMax, .vbdMax, .vgsrMax, .vgdrMax, .vgbrMax, .vbsrMax, .vbdrMax,
    ]
    /// The same on an element's card.
    static let laterOnCards: Set<SOIInstance> = [
        .nf, .sa, .sb, .sd, .delvto, .agbcp2, .agbcpd, .rbdb, .rbsb, .rbodymod, .shmod, .ngcon, .multI, .multQ,
        .multFn,
    ]

    /// Names of ``later`` with their parts by size.
    static let laterNames = Set(
        later.union(SOIParameter.allCases.filter { SOIParameter.rows[$0.rawValue].since > .v44 }).flatMap { parameter in
            [SOIParameter.names[parameter.rawValue]]
                + SOIModelKey.Part.allCases.compactMap { SOIModelKey(parameter, $0)?.parameter.name }
        })
    static func absence(of name: String) -> String {
        "'\(name)' came with BSIM-SOI 4, and the model is one of BSIM3SOI 3"
    }

    /// ``SOICore/bulkTail``
    static let bulkTail = SIMD3(6.00167, 6.26044, 1.043406)
}

extension SOICard {
    /// True for a model of version 3, by what it says, else by its level. Xyce has one version at its level 10, ngspice
    /// computes all as 4.4. Reports versions that are not here, and returns nil.
    private static func isVersion3(_ model: ModelCard, _ card: ElementCard) -> Bool? {
        let standard = SOIVersion.standard(level: model.level, in: card.dialect)
        guard let version = model.value(of: "version"), standard >= 4 || card.dialect.name != "xyce" else {
            return standard < 4
        }
        if standard >= 4, card.dialect.name == "ngspice" {
            if version < 4 {
                card.warnOnce(
                    "model '\(model.name)' of version \(version.plain) is computed as one of 4.4, as in ngspice",
                    hint: "with --dialect xyce it is BSIM3SOI 3.2", at: model.range)
            }
            return false
        }
        guard version >= 3 else {
            card.error(
                "model '\(model.name)' is of BSIM3SOI \(version.plain), whose tunnelling and charges are not those of 3.2",
                hint:
                    "versions from 3 on are here; fit the model to one of them, or say version=3.2 to see how near it comes"
            )
            return nil
        }
        return version < 4
    }

    /// Parameters of a card and its model, with those that the model's version has.
    static func values(
        _ card: ElementCard, _ model: ModelCard
    ) -> (ParameterValues<SOIInstance>, ParameterValues<SOIModelKey>)? {
        let flags = ["off", "tnodeout"]
        guard let isThird = isVersion3(model, card) else { return nil }
        guard isThird else {
            guard let instance = card.parameters(SOIInstance.self, flags: flags) else { return nil }
            var values = model.values(SOIModelKey.self)
            let version = SOIModelKey(.version)
            if values.isGiven(version), values[version] < 4 { values[version] = 4.4 }
            return (instance, values)
        }
        guard let instance = card.parameters(SOIInstance3.self, flags: flags) else { return nil }
        let values = model.values(SOIModelKey3.self)
        return (SOIInstance3.values(instance, values), SOIModelKey3.values(values))
    }
}

extension SOIModelValues {
    /// The laws and defaults of version 3.2 in the terms of version 4.
    mutating func completeVersion3() {
        set(.vgstcvmod, 0)
        // Of gidlmod=1 with its defaults nothing is left that knows the body.
        set(.gidlmod, 1)
        set(.bgidl, 0)
        set(.agisl, as: .agidl)
        set(.bgisl, as: .bgidl)
        set(.w0flk, 0)
    }
}

extension SOICore {
    /// The oxide at which k1 was extracted counts wherever k1 does, not in the body effect alone; tunnelling knows no area
    /// of a body contact; the surface potential does not warm with the film.
    mutating func setVersion3(phi: Double) {
        (k1eff, p.k1) = (k1ox, k1ox)
        (size.contactCurrentArea, size.sourceContact, size.drainContact) = (0, 0, 0)
        ambientPhi = phi
        bulkTail = SOIVersion3.bulkTail
    }
}

/// A place in a model card of version 3.2, and that card's values in the place of version 4's.
struct SOIModelKey3: ParameterKey {
    var rawValue: Int
    init?(rawValue: Int) { self.rawValue = rawValue }

    /// Without those of `later`.
    private static let shared = SOIModelKey.allCases.filter {
        !SOIVersion3.laterNames.contains($0.parameter.name)
    }
    /// Length and width where a card gives none.
    private static let sizes = [
        Parameter("l", unit: "m", default: nil, .positive, "length where a card gives none"),
        Parameter("w", unit: "m", default: nil, .positive, "width where a card gives none"),
    ]
    static let length = SOIModelKey3(index: shared.count)
    static let width = SOIModelKey3(index: shared.count + 1)

    private init(index: Int) { rawValue = index }
    static let allCases: [SOIModelKey3] = (0..<shared.count + sizes.count).map { SOIModelKey3(index: $0) }

    var parameter: Parameter {
        let shared = Self.shared
        return rawValue < shared.count ? shared[rawValue].parameter : Self.sizes[rawValue - shared.count]
    }

    static func absence(of name: String) -> String? {
        SOIVersion3.laterNames.contains(name) ? SOIVersion3.absence(of: name) : nil
    }

    static func values(_ given: ParameterValues<SOIModelKey3>) -> ParameterValues<SOIModelKey> {
        var values = ParameterValues<SOIModelKey>()
        for (index, key) in shared.enumerated() where given.isGiven(SOIModelKey3(index: index)) {
            values[key] = given[SOIModelKey3(index: index)]
        }
        values[SOIModelKey(.version)] = SOIVersion3.version
        return values
    }
}

/// A place on an element's card of version 3.2.
struct SOIInstance3: ParameterKey {
    var rawValue: Int
    init?(rawValue: Int) { self.rawValue = rawValue }

    private static let shared = SOIInstance.allCases.filter { !SOIVersion3.laterOnCards.contains($0) }
    static let allCases: [SOIInstance3] = shared.indices.compactMap { SOIInstance3(rawValue: $0) }
    var parameter: Parameter { Self.shared[rawValue].parameter }

    static func absence(of name: String) -> String? {
        SOIVersion3.laterOnCards.contains { $0.parameter.name == name } ? SOIVersion3.absence(of: name) : nil
    }

    static func values(
        _ given: ParameterValues<SOIInstance3>, _ model: ParameterValues<SOIModelKey3>
    ) -> ParameterValues<SOIInstance> {
        var values = ParameterValues<SOIInstance>()
        for (index, key) in shared.enumerated() {
            guard let place = SOIInstance3(rawValue: index), given.isGiven(place) else { continue }
            values[key] = given[place]
        }
        if !values.isGiven(.l), model.isGiven(SOIModelKey3.length) { values[.l] = model[SOIModelKey3.length] }
        if !values.isGiven(.w), model.isGiven(SOIModelKey3.width) { values[.w] = model[SOIModelKey3.width] }
        return values
    }
}
