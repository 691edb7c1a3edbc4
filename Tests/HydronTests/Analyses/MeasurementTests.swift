import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// `.meas`, `.assert` and `.spec` against closed forms.
@Suite struct MeasurementTests {
    private func report(_ text: String, dialect: Dialect = .ngspice) throws -> RunReport {
        let loaded = Simulation.load(text: text, dialect: dialect)
        let simulation = try #require(loaded.simulation, "\(loaded.diagnostics.all)")
        return simulation.run(TableRecorder())
    }

    private func value(_ name: String, step: Int = 0, _ report: RunReport) -> Double {
        report.measurements.first { $0.name == name && $0.step == step }?.value ?? .nan
    }

    /// Statistics of straight lines are exact, their ends lie between the rows.
    @Test func statisticsOfARampAreExact() throws {
        let report = try report(
            """
            t
            v1 a 0 pwl(0 0 1m 2 2m -2 3m 0)
            r1 a 0 1k
            .tran 10u 3m
            .print tran i(v1)
            .meas tran avg AVG v(a) FROM=0.25m TO=0.75m
            .meas tran rms RMS v(a) FROM=0 TO=1m
            .meas tran area INTEGRAL v(a) FROM=0 TO=1.5m
            .meas tran max MAX v(a)
            .meas tran at MAX_AT v(a)
            .meas tran min MIN v(a) FROM=0.1m TO=1.25m
            .meas tran low MIN_AT v(a)
            .meas tran pp PP v(a)
            .meas tran find FIND par('2*v(a)') AT=0.33m
            .meas tran deriv DERIV v(a) AT=1.7m
            .meas tran when WHEN v(a)=-1 FALL=1
            .meas tran last WHEN v(a)=-1 CROSS=LAST
            .meas tran second WHEN v(a)=-1 CROSS=-2
            .meas tran gap TRIG AT=0.5m TARG v(a) VAL=-1 RISE=1
            .meas tran late TRIG v(a) VAL=0.5 CROSS=1 TARG v(a) VAL=0.5 CROSS=1 TD=1m
            .meas tran sum PARAM='avg+pp'
            .meas tran end EQN v(a)
            .end
            """)
        #expect(report.failure == nil && report.diagnostics.errorCount == 0)
        let expected: [(String, Double)] = [
            ("avg", 1), ("rms", 2 / 3.0.squareRoot()), ("area", 1.5e-3), ("max", 2), ("at", 1e-3), ("min", 0.2),
            ("low", 2e-3), ("pp", 4), ("find", 1.32), ("deriv", -4000), ("when", 1.75e-3), ("last", 2.5e-3),
            ("second", 1.75e-3), ("gap", 2e-3), ("late", 1.375e-3 - 0.25e-3), ("sum", 5), ("end", 0),
        ]
        for (name, wanted) in expected {
            let found = value(name, report)
            #expect(abs(found - wanted) < 1e-9 * max(abs(wanted), 1e-3), "\(name): \(found), not \(wanted)")
        }
        // What is measured is no column unless it is printed.
        #expect(report.analyses.last?.columns.map(\.name) == ["time", "i(v1)"])
    }

    /// A trapezoid that rises from 0 to 1 ms, falls from 2 to 3 ms and comes again every 4 ms, for ten times and a half.
    @Test func cyclesAreCountedBetweenTwoThresholds() throws {
        let report = try report(
            """
            t
            v1 a 0 pulse(0 1 0 1m 1m 1m 4m)
            r1 a 0 1k
            .tran 0.1m 42m
            .meas tran duty DUTY v(a) ON=0.75 OFF=0.25 TO=40m
            .meas tran f FREQ v(a) ON=0.75 OFF=0.25
            .meas tran ton ON_TIME v(a) ON=0.75 OFF=0.25
            .meas tran toff OFF_TIME v(a) ON=0.75 OFF=0.25
            .meas tran even DUTY v(a) ON=0.5 FROM=4m TO=12m
            .meas tran late FREQ v(a) ON=0.9 OFF=0.1 TD=9m
            .meas tran all ON_TIME v(a) ON=-1 OFF=-2
            .meas tran never DUTY v(a) ON=2 OFF=1.5
            .meas tran fails ON_TIME v(a) ON=2 OFF=1.5
            .meas tran once FREQ v(a) ON=0.5 OFF=0.5 TO=3m
            .end
            """)
        #expect(report.failure == nil && report.diagnostics.errorCount == 2)
        let expected: [(String, Double)] = [
            ("duty", 0.5), ("f", 250), ("ton", 2e-3), ("toff", 2e-3), ("even", 0.5), ("late", 250), ("all", 42e-3),
            ("never", 0),
        ]
        for (name, wanted) in expected {
            let found = value(name, report)
            #expect(abs(found - wanted) < 1e-9 * max(abs(wanted), 1e-3), "\(name): \(found), not \(wanted)")
        }
        func reason(_ name: String) -> String? { report.measurements.first { $0.name == name }?.reason }
        #expect(reason("fails") == "it is never on")
        #expect(reason("once") == "it turns on less than twice")
    }

    /// The three norms of what a ramp differs from a file by, with the columns of Xyce's tables and with plain ones.
    @Test func curvesAreComparedWithFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws -> URL {
            let url = folder.appendingPathComponent(name)
            try text.write(to: url, atomically: true, encoding: .utf8)
            return url
        }
        _ = try write(
            "gold.prn",
            "Index  TIME  V(A)  V(B)\n0 0 0 9\n1 0.5m 0.8 9\n2 1m 0.6 9\nEnd of Xyce(TM) Simulation\n")
        _ = try write("gold.csv", "time,v(a)\n0,0\n0.5m,0.8\n1m,0.6\n")
        let netlist = try write(
            "t.cir",
            """
            t
            v1 a 0 pwl(0 0 1m 1)
            r1 a 0 1k
            .tran 0.1m 1m
            .meas tran l2 ERROR v(a) FILE=gold.prn INDEPVARCOL=1 DEPVARCOL=2
            .meas tran l1 ERROR v(a) FILE="gold.prn" COMP_FUNCTION=L1NORM INDEPVARCOL=1 DEPVARCOL=2
            .meas tran most ERROR v(a) FILE=gold.csv COMP_FUNCTION=INFNORM
            .meas tran part ERROR v(a) FILE=gold.csv COMP_FUNCTION=L1NORM TO=0.7m
            .meas tran outside ERROR v(a) FILE=gold.csv FROM=0.1m TO=0.2m
            .end
            """)
        let loaded = Simulation.load(path: netlist.path)
        let report = try #require(loaded.simulation, "\(loaded.diagnostics.all)").run(TableRecorder())
        #expect(abs(value("l2", report) - 0.5) < 1e-9)
        #expect(abs(value("l1", report) - 0.7) < 1e-9)
        #expect(abs(value("most", report) - 0.4) < 1e-9)
        #expect(abs(value("part", report) - 0.3) < 1e-9)
        #expect(
            report.measurements.first { $0.name == "outside" }?.reason
                == "no point of the file lies within the analysis")
    }

    /// A falling sweep is measured in the order of its run, its abscissa as it is.
    @Test(arguments: ["0 4 0.25", "4 0 -0.25"]) func sweepsMayFall(_ sweep: String) throws {
        let report = try report(
            """
            t
            v1 a 0 0
            b1 b 0 v={v(a)*v(a)}
            r1 b 0 1k
            .dc v1 \(sweep)
            .meas dc at FIND v(b) AT=3
            .meas dc when WHEN v(b)=4
            .meas dc slope DERIV v(b) AT=2
            .meas dc rise WHEN v(b)=4 RISE=1
            .meas dc area INTEG v(a) FROM=0 TO=4
            .end
            """)
        #expect(abs(value("at", report) - 9) < 1e-9)
        #expect(abs(value("when", report) - 2) < 1e-9)
        #expect(abs(value("slope", report) - 4) < 1e-9)
        #expect(abs(abs(value("area", report)) - 8) < 1e-9)
        // In the order of the run the falling sweep never rises.
        #expect(value("rise", report).isNaN == sweep.hasPrefix("4"))
    }

    @Test func amplitudesAreMeasured() throws {
        let report = try report(
            """
            t
            v1 in 0 ac 1
            r1 in out 1k
            c1 out 0 1u
            .ac dec 100 1 10k
            .noise v(out) v1 dec 10 1 10k
            .meas ac corner WHEN vdb(out)=-3.0103
            .meas ac phase FIND vp(out) WHEN vm(out)=0.70710678
            .meas ac whole FIND v(out) AT=159.15494309
            .meas noise floor MAX onoise
            .end
            """)
        #expect(abs(value("corner", report) - 159.1549) < 0.02)
        #expect(abs(value("phase", report) + 45) < 0.01)
        #expect(abs(value("whole", report) - 0.5.squareRoot()) < 1e-4)
        let floor = (4 * PhysicalConstants.boltzmann * 300.15 * 1e3).squareRoot()
        #expect(abs(value("floor", report) - floor) < 1e-4 * floor)
    }

    /// Each step has its own measurements, formulas and limits.
    @Test func stepsAreMeasuredOnTheirOwn() throws {
        let report = try report(
            """
            t
            .param r=1k
            v1 a 0 1
            r1 a b {r}
            r2 b 0 1k
            .op
            .dc v1 0 2 1
            .step param r list 1k 3k
            .meas dc top MAX v(b)
            .meas dc scaled PARAM='top*r'
            .spec top min=0.75
            .assert 'scaled > 900'
            .end
            """)
        #expect(abs(value("top", step: 0, report) - 1) < 1e-9)
        #expect(abs(value("top", step: 1, report) - 0.5) < 1e-9)
        #expect(abs(value("scaled", step: 1, report) - 1500) < 1e-6)
        #expect(report.assertions.map(\.holds) == [true, true, false, true])
        #expect(report.diagnostics.all.contains { $0.message == "top is 0.5, below its limit 0.75 (step 1)" })
    }

    /// What finds nothing fails with its reason; it is no zero.
    @Test func operatingPointsAreMeasured() throws {
        let report = try report(
            """
            t
            .param r=1k
            v1 a 0 3
            r1 a b {r}
            r2 b 0 1k
            .op
            .step param r list 1k 2k
            .meas op half FIND v(b)
            .meas op heat PARAM='-v(a)*i(v1)'
            .meas op part PARAM='half/3'
            .assert 'part > 0.4'
            .end
            """)
        for (step, expected) in [1.5, 1.0].enumerated() {
            #expect(abs(value("half", step: step, report) - expected) < 1e-9)
            #expect(abs(value("heat", step: step, report) - 3 * expected / 1000) < 1e-12)
        }
        #expect(report.assertions.map(\.holds) == [true, false])
    }

    @Test func failuresHaveReasons() throws {
        let report = try report(
            """
            t
            v1 a 0 1
            r1 a 0 1k
            .dc v1 0 1 0.1
            .meas dc never WHEN v(a)=2
            .meas dc later FIND v(a) AT=2
            .meas dc sum PARAM='never+1'
            .meas ac gain MAX v(a)
            .end
            """)
        #expect(report.failure == nil)
        #expect(report.measurements.allSatisfy { $0.value == nil && $0.reason != nil })
        #expect(report.diagnostics.errorCount == 4)
    }
}
