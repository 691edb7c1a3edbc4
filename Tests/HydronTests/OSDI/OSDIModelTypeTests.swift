import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// Levels of models and the compiled modules that they ask for.
@Suite(.enabled(if: CompiledTwins.isThere, "no C compiler is installed"))
struct OSDIModelTypeTests {
    /// The resistor under a module's name, with a whole parameter that may not be negative.
    private static func modules(_ name: String, parameter: String) throws -> OSDIModules {
        var modules = OSDIModules()
        try modules.load(
            CompiledTwins.compile(
                "\(name)-\(parameter).osdi", source: CompiledTwins.source,
                ["-DRESISTOR=\"\(name)\"", "-DCOUNT=\"\(parameter)\""]))
        return modules
    }

    /// The resistor in libraries of these names, each with a parameter of its own.
    private static func libraries(_ name: String, _ libraries: [(file: String, parameter: String)]) throws
        -> OSDIModules
    {
        var modules = OSDIModules()
        for (file, parameter) in libraries {
            try modules.load(
                CompiledTwins.compile(
                    file, source: CompiledTwins.source, ["-DRESISTOR=\"\(name)\"", "-DCOUNT=\"\(parameter)\""]))
        }
        return modules
    }

    private func problems(_ model: String, _ modules: OSDIModules, dialect: Dialect = .xyce) -> [String] {
        Simulation.load(
            text: "t\nv1 a 0 1\nm1 a 0 x\n.model x \(model)\n.op\n.end\n", dialect: dialect, modules: modules
        ).diagnostics.all.map { "\($0.severity): \($0.message)" }
    }

    /// BSIM-CMG up to 110 counts p-channels as 0, modules with `type` alone as −1.
    @Test func polaritiesAreWhatTheModuleCounts() throws {
        let older = try Self.modules("bsimcmg_va", parameter: "devtype")
        let module = try #require(older.module("bsimcmg_va"))
        let polarity = try #require(OSDIModelTypes.polarity(module))
        #expect(module.quantities[polarity.parameter].name == "devtype")
        #expect(polarity.positive == 1 && polarity.negative == 0)
        #expect(problems("pmos level=107", older) == [])
        let newer = try Self.modules("bsimcmg_va", parameter: "type")
        let later = try #require(newer.module("bsimcmg_va"))
        let other = try #require(OSDIModelTypes.polarity(later))
        #expect(other.positive == 1 && other.negative == -1)
        #expect(problems("pmos level=111", newer).contains { $0.contains("type is out of its range") })
        #expect(problems("pmos level=111 type=0", newer) == [])
        // A card for the other version leaves the module's own parameter to the type.
        #expect(problems("pmos level=111 devtype=0", newer).contains { $0.contains("type is out of its range") })
    }

    /// Xyce's level 9 is BSIM3, whatever number that has among the module's own levels.
    @Test func levelsAreNoParameters() throws {
        var modules = OSDIModules()
        try modules.load(
            CompiledTwins.compile(
                "bsim3-level.osdi", source: CompiledTwins.source,
                ["-DRESISTOR=\"bsim3\"", "-DCOUNT=\"level\"", "-DLARGEST_COUNT=8"]))
        #expect(problems("nmos level=9", modules) == [])
        let named = Simulation.load(
            text: "t\nv1 a 0 1\nn1 a 0 x\n.model x bsim3 level=9\n.op\n.end\n", modules: modules)
        #expect(named.diagnostics.all.contains { $0.message.contains("level is out of its range") })
    }

    @Test func modulesOfAnotherVersionAreNamed() throws {
        let older = try Self.modules("bsimcmg_va", parameter: "devtype")
        #expect(
            problems("nmos level=111", older) == [
                "warning: model 'x': level 111 is BSIM-CMG 111, but module 'bsimcmg_va' has a parameter 'devtype': "
                    + "it is of version 110 or earlier"
            ])
        let newer = try Self.modules("bsimcmg_va", parameter: "type")
        #expect(
            problems("nmos level=107", newer) == [
                "warning: model 'x': level 107 is BSIM-CMG 107, but module 'bsimcmg_va' has no parameter 'devtype': "
                    + "it is of version 111 or later"
            ])
    }

    /// Of two loaded versions each level takes its own.
    @Test func levelsChooseTheirVersion() throws {
        var both = try Self.modules("bsimcmg_va", parameter: "type")
        for library in try Self.modules("bsimcmg", parameter: "devtype").libraries { try both.load(library.path) }
        #expect(problems("pmos level=110", both) == [])
        #expect(problems("nmos level=111", both) == [])
        // A level of ngspice's is none in particular.
        let found = problems("nmos level=72", both, dialect: .ngspice)
        #expect(found.count == 1 && found[0].hasPrefix("warning: module 'bsimcmg_va' is taken from "))
        #expect(found[0].hasSuffix("bsimcmg-devtype.osdi' as 'bsimcmg' too"))
    }

    /// Of two libraries with a module of one name the one whose name tells the level's version serves it, without a word;
    /// a version that the card gives comes before.
    @Test func namesOfLibrariesTellVersions() throws {
        let both = try Self.libraries("bsimsoi", [("bsimsoi470.osdi", "newer"), ("bsimsoi_4.5.0.osdi", "older")])
        #expect(problems("nmos level=70470 newer=0", both) == [])
        #expect(problems("nmos level=70450 older=0", both) == [])
        for (version, parameter) in [("4.7", "newer"), ("4.5", "older")] {
            let found = problems("nmos level=70 version=\(version) \(parameter)=0", both, dialect: .hspice)
            #expect(!found.contains { $0.contains("'\(parameter)'") })
        }
        // Neither is 4.6.1: the first counts, and says so.
        let found = problems("nmos level=70 newer=0", both)
        #expect(
            found.contains {
                $0.hasPrefix("warning: model 'x': level 70 is BSIM-SOI 4.6.1, but module 'bsimsoi' of '")
                    && $0.hasSuffix("bsimsoi470.osdi' is of version 470")
            })
        #expect(found.contains { $0.hasPrefix("warning: module 'bsimsoi' is taken from") })
        // Where nothing tells a version, nothing is said of versions.
        let plain = try Self.libraries("bsimsoi", [("plain-soi.osdi", "some")])
        #expect(problems("nmos level=70450 some=0", plain) == [])
    }

    /// What a module's own parameter tells comes before names, which tell nothing here.
    @Test func modulesTellTheirVersions() throws {
        var modules = OSDIModules()
        for (file, version, parameter) in [("one-soi.osdi", "4.5", "older"), ("other-soi.osdi", "4.7", "newer")] {
            let flags = [
                "RESISTOR=\"bsimsoi\"", "RESISTANCE=\"version\"", "USUAL=\(version)", "COUNT=\"\(parameter)\"",
            ]
            try modules.load(
                CompiledTwins.compile(file, source: CompiledTwins.source, flags.map { "-D" + $0 }))
        }
        #expect(problems("nmos level=70450 older=0", modules) == [])
        #expect(problems("nmos level=70470 newer=0", modules) == [])
        #expect(problems("nmos level=70 version=4.7 newer=0", modules, dialect: .hspice) == [])
        #expect(
            problems("nmos level=70 older=0", modules).contains {
                $0.hasPrefix("warning: model 'x': level 70 is BSIM-SOI 4.6.1") && $0.hasSuffix("is of version 4.5")
            })
    }

    /// Publishers' names of modules: underscores, `va`, versions; the longest name of a model that fits.
    @Test(arguments: [
        ("bsimcmg_108", "bsimcmg", "108"), ("BSIMCMG_va", "bsimcmg", ""), ("hicumL2V2p4p0va", "hicuml2", "240"),
        ("bjt504_va", "bjt504", ""), ("bjt504tva", "bjt504t", ""), ("ekv301", "ekv3", "01"), ("ekv_va", "ekv", ""),
        ("sp_bsim4v8", "spbsim4", "8"), ("PSP103VA", "psp103", ""), ("l_utsoi", "lutsoi", ""),
        ("bsim611", "bsim6", "11"),
    ])
    func namesAreRead(_ name: String, _ stem: String, _ version: String) throws {
        let (found, told) = try #require(OSDIModelTypes.split(name))
        #expect(found == stem && told == version)
    }

    @Test(arguments: ["bsim4soix", "resistor", "va", "", "psp103nqs", "bsimcmg2x"])
    func namesOfNoModelAreNone(_ name: String) { #expect(OSDIModelTypes.split(name) == nil) }

    /// Cards of one model may take modules with other numbers of terminals: each has a block of its own.
    @Test(arguments: ["q1 a 0 x\nq2 a 0 0 x", "q2 a 0 0 x\nq1 a 0 x"])
    func oneModelServesTwoModules(_ elements: String) throws {
        var modules = OSDIModules()
        for (name, terminals) in [("vbic13", 2), ("vbic13_4t", 3)] {
            try modules.load(
                CompiledTwins.compile(
                    "\(name)-\(terminals).osdi", source: CompiledTwins.source,
                    ["-DRESISTOR=\"\(name)\"", "-DTERMINALS=\(terminals)"]))
        }
        let text = "t\nv1 a 0 1\n\(elements)\n.model x npn level=4 r=2\n.op\n.print op i(v1)\n.end\n"
        let result = try simulate(text, modules: modules)
        #expect(result.diagnostics.all.map(\.message) == [])
        #expect(result["i(v1)"].last == -1)
    }

    /// 4.6.1 is 4.61 where a module's version is a number.
    @Test func versionsWithTwoPointsAreNumbers() throws {
        var modules = OSDIModules()
        try modules.load(
            CompiledTwins.compile(
                "versioned.osdi", source: CompiledTwins.source, ["-DRESISTOR=\"bsim4\"", "-DRESISTANCE=\"version\""]))
        let text = "t\nv1 a 0 4.61\nm1 a 0 x\n.model x nmos level=54 version=4.6.1\n.op\n.print op i(v1)\n.end\n"
        let result = try simulate(text, modules: modules)
        #expect(result.diagnostics.all.map(\.message) == [])
        #expect(abs(try #require(result["i(v1)"].last) + 1) < 1e-12)
    }

    /// A module of another model is no answer to a level, though both are of one family.
    @Test(arguments: [("nmos level=301", "ekv26", "EKV 3"), ("nmos level=2001", "mvs_si", "MVS")])
    func levelsTakeNoOtherModel(_ model: String, _ module: String, _ family: String) throws {
        let loaded = try Self.modules(module, parameter: "count")
        #expect(problems(model, loaded).contains { $0.contains("(\(family)), which this version does not have") })
    }

    /// Whatever a compiled model serves has its name in messages too.
    @Test func levelsHaveOneTable() {
        #expect(ModelLevels.meaning(of: 111, device: "m", in: .xyce) == .elsewhere("BSIM-CMG"))
        #expect(ModelLevels.meaning(of: 260, device: "m", in: .xyce) == .elsewhere("EKV 2.6"))
        #expect(ModelLevels.meaning(of: 9, device: "q", in: .ngspice) == .elsewhere("VBIC"))
        #expect(ModelLevels.meaning(of: 9, device: "m", in: .ltspice) == .here(SOICard.number))
        #expect(ModelLevels.meaning(of: 200, device: "d", in: .hspice) == .elsewhere("JUNCAP200"))
    }

    /// Numbers that simulators give differently, by their own sources.
    @Test(
        arguments: [
            ("ngspice", "m", 10, "bsimsoi"), ("ngspice", "m", 58, "bsimsoi"), ("ngspice", "m", 16, "bsimbulk"),
            ("ngspice", "m", 45, "psp102va"), ("ngspice", "m", 69, "psp103va"), ("ngspice", "m", 44, "ekv_va"),
            ("ngspice", "m", 55, nil), ("hspice", "m", 55, "ekv_va"), ("ltspice", "m", 12, "ekv_va"),
            ("hspice", "m", 76, "l_utsoi"), ("xyce", "m", 1031, "psp103tva"), ("xyce", "m", 10, nil),
            ("ngspice", "q", 6, "bjt504tva"), ("ngspice", "q", 7, "hicuml0va"), ("hspice", "q", 13, "hicuml0va"),
            ("xyce", "q", 504, "bjt504va"), ("xyce", "q", 505, "bjt504tva"),
        ] as [(String, Character, Int, String?)])
    func levelsAreEachSimulatorsOwn(_ dialect: String, _ letter: Character, _ level: Int, _ module: String?) throws {
        let names = OSDIModelTypes.names(
            letter: try #require(letter.asciiValue), type: letter == "q" ? "npn" : "nmos", level: level,
            dialect: try #require(Dialect(name: dialect)))
        #expect(names.first == module)
    }
}
