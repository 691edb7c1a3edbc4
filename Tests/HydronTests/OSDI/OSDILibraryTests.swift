import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

/// What the loader makes of libraries and of files that are none.
@Suite(.enabled(if: CompiledTwins.isThere, "no C compiler is installed"))
struct OSDILibraryTests {
    private func message(_ path: String) -> String {
        do throws(OSDILibrary.LoadError) {
            _ = try OSDILibrary(path: path)
            return "loaded"
        } catch {
            return error.message
        }
    }

    @Test func aLibraryTellsItsModules() throws {
        let modules = try CompiledTwins.modules()
        #expect(modules.names == ["twodiode", "tworesistor"])
        let diode = try #require(modules.module("twodiode"))
        #expect(diode.terminalCount == 2)
        #expect(diode.nodes.map(\.name) == ["a", "c", "ai"])
        #expect(diode.obstacle == nil)
        let resistor = try #require(modules.module("tworesistor"))
        #expect(resistor.parameterIndex["resistance"] == resistor.parameterIndex["r"])
        #expect(resistor.variableIndex["i"] != nil)
        #expect(resistor.quantities[4].kind == .text)
        #expect(resistor.quantities[5].isVector)
        #expect(resistor.outputs.map(\.name).prefix(2) == ["ip", "in"])
    }

    @Test func whatIsNoModelIsRefusedWithItsReason() throws {
        #expect(message("/nowhere/model.osdi") == "there is no file '/nowhere/model.osdi'")
        let text = try CompiledTwins.write("model.va", Array("module resistor(p, n); endmodule".utf8))
        #expect(message(text) == "'\(text)' is no shared library")
        let empty = try CompiledTwins.write("empty.osdi", [])
        #expect(message(empty) == "'\(empty)' is no shared library")
        var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 57)
        head[18] = 243
        let foreign = try CompiledTwins.write("riscv.osdi", head)
        #expect(message(foreign) == "'\(foreign)' is compiled for RISC-V, not for this machine")
        let plain = try CompiledTwins.compile("plain.osdi", text: "int nothing = 0;")
        #expect(message(plain) == "'\(plain)' is a shared library, but no compiled Verilog-A model")
        let old = try CompiledTwins.compile("old.osdi", source: CompiledTwins.source, ["-DFOREIGN_VERSION"])
        #expect(message(old) == "'\(old)' speaks OSDI 0.3, which this version does not know")
    }

    /// What a module takes and gives is listed, with the model's defaults.
    @Test func modulesAreDescribed() throws {
        let modules = try CompiledTwins.modules()
        let text = try #require(modules.text(module: "twodiode"))
        #expect(text.contains("Nname a c model "))
        #expect(text.contains("Inner nodes: ai\n"))
        #expect(text.contains("  is               1e-14      A      saturation current\n"))
        #expect(text.contains("  vd                          V      junction voltage\n"))
        #expect(text.contains("ai_c_excess_shot"))
        #expect(try #require(modules.text(module: "tworesistor")).contains("  r, resistance "))
        #expect(modules.text()?.split(separator: "\n").count == 2)
        #expect(modules.text(module: "threediode") == nil)
        var industry = OSDIModules()
        try industry.load(
            CompiledTwins.compile("described.osdi", source: CompiledTwins.source, ["-DRESISTOR=\"PSP103VA\""]))
        #expect(
            try #require(industry.text(module: "psp103va")).contains(
                "M with .model name nmos or pmos: level=103 (all); level=69 (ngspice); level=69 (hspice)\n"))
    }
}
