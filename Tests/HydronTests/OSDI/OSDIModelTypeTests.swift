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

    private func problems(_ model: String, _ modules: OSDIModules) -> [String] {
        Simulation.load(
            text: "t\nv1 a 0 1\nm1 a 0 x\n.model x \(model)\n.op\n.end\n", dialect: .xyce, modules: modules
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
        #expect(ModelLevels.meaning(of: 9, device: "m", in: .ltspice) == .elsewhere("BSIM-SOI"))
        #expect(ModelLevels.meaning(of: 200, device: "d", in: .hspice) == .elsewhere("JUNCAP200"))
        let names = OSDIModelTypes.names(letter: UInt8(ascii: "q"), type: "npn", level: 505, dialect: .xyce)
        #expect(names.first == "bjt505va")
    }
}
