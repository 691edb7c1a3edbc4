import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// Measurements as columns: their values as far as the run has come.
@Suite struct RunningMeasurementTests {
    private func run(_ text: String, dialect: Dialect = .ngspice) throws -> (table: Table, report: RunReport) {
        let loaded = Simulation.load(text: text, dialect: dialect)
        let simulation = try #require(loaded.simulation, "\(loaded.diagnostics.all)")
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil, "\(String(describing: report.failure))")
        return (try #require(recorder.tables.last), report)
    }

    private static let triangle = """
        A triangle and what is known of it by now
        v1 a 0 pwl(0 0 1m 2 3m -2 4m 0)
        r1 a 0 1k
        .tran 10u 4m 0 10u
        """

    /// 1 V is crossed at 0.5 ms and 1.5 ms; -1 V at 2.5 ms and 3.5 ms; 0 at 2 ms.
    @Test func columnsFollowTheEvents() throws {
        let (table, report) = try run(
            """
            \(Self.triangle)
            .print tran first second last before find slope gap each from
            .meas tran first WHEN v(a)=1
            .meas tran second WHEN v(a)=1 CROSS=2
            .meas tran last WHEN v(a)=1 CROSS=LAST
            .meas tran before WHEN v(a)=-1 CROSS=-2
            .meas tran find FIND par('2*v(a)') AT=0.255m
            .meas tran slope DERIV v(a) WHEN v(a)=0 FALL=1
            .meas tran gap TRIG v(a) VAL=1 RISE=1 TARG v(a) VAL=1 FALL=1
            .meas tran_cont each WHEN v(a)=1
            .meas tran from MAX v(a) FROM=2.005m
            .end
            """)
        let time = try #require(table["time"])
        func expect(_ name: String, _ value: (Double) -> Double) throws {
            let column = try #require(table[name])
            for (row, t) in time.enumerated() {
                #expect(abs(column[row] - value(t)) < 1e-9, "\(name) is \(column[row]) at \(t)")
            }
        }
        // A row knows what lies before it, and on it.
        func after(_ place: Double, _ t: Double, _ value: Double, else other: Double = 0) -> Double {
            t > place - 1e-12 ? value : other
        }
        try expect("first") { after(0.5e-3, $0, 0.5e-3) }
        try expect("second") { after(1.5e-3, $0, 1.5e-3) }
        try expect("last") { after(1.5e-3, $0, 1.5e-3, else: after(0.5e-3, $0, 0.5e-3)) }
        try expect("each") { after(1.5e-3, $0, 1.5e-3, else: after(0.5e-3, $0, 0.5e-3)) }
        try expect("before") { after(3.5e-3, $0, 2.5e-3) }
        try expect("find") { after(0.255e-3, $0, 1.02) }
        try expect("gap") { after(1.5e-3, $0, 1e-3) }
        try expect("from") { $0 < 2.005e-3 ? 0 : max(-0.01, $0 > 3e-3 ? 2e3 * ($0 - 4e-3) : -0.01) }
        #expect(table["slope"]?.last.map { abs($0 + 2000) < 1e-6 } == true)
        #expect(table.header.columns.map(\.name).first == "time")
        // The summary tells their range, not that of what they stand in for.
        #expect(report.analyses.last?.lastRow[1] == table["first"]?.last)
        #expect(report.analyses.last?.ranges[1].upperBound == table["first"]?.max())
    }

    /// Whatever is measured, the last row has what the measurement ends with.
    @Test(arguments: ["dc v1 -2 3 0.05", "dc v1 3 -2 -0.05"]) func theLastRowIsTheResult(_ sweep: String) throws {
        let measurements = [
            "AVG v(b)", "RMS v(b)", "MIN v(b)", "MAX v(b)", "PP v(b)", "INTEG v(b)", "MIN_AT v(b)", "MAX_AT v(b)",
            "AVG v(b) FROM=-0.33 TO=1.21", "INTEG v(b) FROM=0.5", "RMS v(b) TO=0.5", "MAX v(b) FROM=2 TO=1",
            "WHEN v(b)=1", "WHEN v(b)=1 CROSS=LAST", "WHEN v(b)=1 CROSS=-2", "WHEN v(b)=v(a) CROSS=2",
            "FIND v(b) AT=0.333", "FIND v(a) WHEN v(b)=1 CROSS=2", "DERIV v(b) AT=0.5", "DERIV v(b) AT=0.52",
            "DERIV v(b) WHEN v(a)=0.1", "TRIG v(b) VAL=1 CROSS=1 TARG v(b) VAL=1 CROSS=2", "EQN v(b) FROM=-1 TO=1",
            "PARAM='m0+2*m3'",
        ]
        let cards = measurements.enumerated().map { ".meas dc m\($0) \($1)" }.joined(separator: "\n")
        let names = measurements.indices.map { "m\($0)" }.joined(separator: " ")
        let (table, report) = try run(
            """
            t
            v1 a 0 0
            b1 b 0 v={v(a)*v(a)}
            r1 b 0 1k
            .\(sweep)
            .print dc \(names)
            \(cards)
            .end
            """)
        #expect(report.diagnostics.errorCount == 0, "\(report.diagnostics.all)")
        for (index, measurement) in measurements.enumerated() {
            let shown = try #require(table["m\(index)"]?.last)
            let result = try #require(report.measurements.first { $0.name == "m\(index)" }?.value)
            #expect(abs(shown - result) <= 1e-12 * max(abs(result), 1), "\(measurement): \(shown), not \(result)")
        }
    }

    /// Xyce shows amplitudes' measurements in small-signal tables, each step anew.
    @Test func amplitudesAndSteps() throws {
        let (table, _) = try run(
            """
            t
            .param r=1k
            v1 in 0 dc 0 ac 1
            r1 in out {r}
            c1 out 0 1u
            .ac dec 40 1 10k
            .step param r list 1k 2k
            .print ac vm(out) corner
            .meas ac corner WHEN vm(out)=0.70710678
            .end
            """, dialect: .xyce)
        let corner = try #require(table["corner"])
        for (step, rows) in table.blocks.enumerated() {
            let wanted = 159.154943 / Double(step + 1)
            #expect(corner[rows.lowerBound] == 0)
            #expect(abs(corner[rows.upperBound - 1] - wanted) < 0.002 * wanted)
        }
    }

    /// DEFAULT_VAL is what a measurement shows before it finds anything, and what it is if it never does.
    @Test func aDefaultIsNoFailure() throws {
        let (table, report) = try run(
            """
            \(Self.triangle)
            .print tran never sum
            .meas tran never WHEN v(a)=5 DEFAULT_VAL=-1
            .meas tran sum PARAM='never+3'
            .end
            """)
        #expect(table["never"]?.allSatisfy { $0 == -1 } == true)
        #expect(report.measurements.map(\.value) == [-1, 2])
        #expect(report.diagnostics.errorCount == 0)
        let warning = try #require(report.diagnostics.all.first)
        #expect(warning.severity == .warning && warning.message.hasPrefix("'never' is its default_val, -1"))
    }

    @Test func mistakesAreToldBeforeTheRun() {
        let loaded = Simulation.load(
            text: """
                \(Self.triangle)
                .print tran sum
                .meas tran sum PARAM='nothing+3'
                .end
                """)
        #expect(loaded.diagnostics.all.contains { $0.message == "no parameter 'nothing'" })
    }

    /// A window that begins behind the last point has no points in it.
    @Test func aWindowBehindTheEndFails() throws {
        let (_, report) = try run(
            """
            \(Self.triangle)
            .meas tran late MAX v(a) FROM=5m
            .end
            """)
        #expect(report.measurements.first?.reason == "from 0.005 lies outside of the analysis")
    }
}
