import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// ngspice's scripts: those that only analyse and show are run as cards, others are named and left to their author.
@Suite struct ControlScriptTests {
    private func netlist(_ script: String) -> String {
        """
        t
        v1 in 0 dc 1 ac 1 pulse(0 1 0 1n 1n 1 2)
        r1 in out 1k
        c1 out 0 1u
        .control
        \(script)
        .endc
        .end
        """
    }

    @Test func wholeScriptsRun() throws {
        let run = try simulate(
            netlist(
                """
                * comment
                set noaskquit
                save all
                op
                print v(out)
                tran 10u 5m
                plot v(in) v(out)
                meas tran top max v(out)
                ac dec 2 10 1k
                let gain = db(v(out))
                plot gain
                if $?batchmode
                  rusage
                else
                  plot v(out)
                end
                echo done $curplot
                quit
                """))
        #expect(run.tables.map(\.header.kind) == [.operatingPoint, .transient, .ac])
        #expect(run.tables[0].header.columns.map(\.name) == ["v(out)"])
        // `gain` is no column: the whole table is given out instead.
        #expect(run.tables[2].columns.count > 2)
        #expect(run.report.measurements.first?.name == "top")
        let warning = try #require(run.diagnostics.all.first)
        #expect(warning.severity == .warning && warning.message.contains("is run as cards: `.op`"))
        #expect(warning.fixIt != nil)
    }

    @Test(arguments: [
        "tran 1u 1m\nalter r1=2k\ntran 1u 1m", "foreach r 1k 2k\nalter r1=$r\ntran 1u 1m\nend", "op\nset temp=50\nop",
        "repeat 3\ntran 1u 1m\nend", "op\nsource other.cir", "op\nif $x\nalter r1=1\nend",
    ])
    func scriptsThatDoMoreAreLeft(_ script: String) {
        let loaded = Simulation.load(text: netlist(script))
        #expect(
            loaded.simulation?.run(TableRecorder()).failure?.diagnostic.message == "the netlist asks for no analysis")
        #expect(loaded.diagnostics.all.contains { $0.message.contains("`.control` block is skipped") })
    }

    /// Cards win over the script.
    @Test func netlistsWithAnalysesKeepThem() throws {
        let run = try simulate(
            netlist("tran 1u 1m\nplot v(out)").replacingOccurrences(of: ".end\n", with: "") + "\n.op\n")
        #expect(run.tables.count <= 1)
    }
}
