import Foundation
import HydronTestSupport
import Testing

/// Where the command looks for compiled models.
@Suite(
    .enabled(
        if: HydronBinary.built != nil && CompiledTwins.isThere,
        "the command is not built, or no C compiler is installed"))
struct CompiledModelFolderTests {
    /// A folder with one compiled model and a netlist that needs it.
    private func prepared() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let library = try CompiledTwins.compile("folder-\(UUID().uuidString).osdi", source: CompiledTwins.source)
        try FileManager.default.moveItem(atPath: library, toPath: folder.file("twins.osdi"))
        try """
        a compiled resistor
        .model res tworesistor r=2
        v1 a 0 1
        n1 a 0 res
        .op
        .meas op half find i(n1)
        .assert 'abs(half - 0.5) < 1e-12'
        .end
        """.write(toFile: folder.file("r.cir"), atomically: true, encoding: .utf8)
        return folder
    }

    /// `HYDRON_OSDI_PATH` serves where the command line names nothing.
    @Test func theEnvironmentNamesFolders() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try prepared()
        let without = try binary.run(["run", folder.file("r.cir")], environment: ["HYDRON_OSDI_PATH": ""])
        #expect(without.status == 2 && without.standardError.contains("which no loaded library has"))
        #expect(without.standardError.contains("HYDRON_OSDI_PATH"))
        let with = try binary.run(
            ["run", folder.file("r.cir")], environment: ["HYDRON_OSDI_PATH": "/nowhere:\(folder.path)"])
        #expect(with.status == 0)
        #expect(with.standardError.contains("warning: HYDRON_OSDI_PATH names '/nowhere'"))
        let named = try binary.run(
            ["run", folder.file("r.cir"), "--osdi", "twins.osdi"], environment: ["HYDRON_OSDI_PATH": folder.path])
        #expect(named.status == 0 && named.standardError == "")
    }

    /// A library that this machine can't load is left out of what the environment names, and stops what the command line
    /// names.
    @Test func unusableLibrariesOfTheEnvironmentAreLeftOut() throws {
        let binary = try #require(HydronBinary.built)
        let folder = try prepared()
        try "text".write(toFile: folder.file("broken.osdi"), atomically: true, encoding: .utf8)
        let run = try binary.run(["run", folder.file("r.cir")], environment: ["HYDRON_OSDI_PATH": folder.path])
        #expect(run.status == 0)
        #expect(run.standardError.contains("warning: a compiled model of HYDRON_OSDI_PATH is left out: "))
        let named = try binary.run(
            ["run", folder.file("r.cir"), "--osdi-path", folder.path], environment: ["HYDRON_OSDI_PATH": ""])
        #expect(named.status == 2 && named.standardError.contains("is no shared library"))
    }
}
