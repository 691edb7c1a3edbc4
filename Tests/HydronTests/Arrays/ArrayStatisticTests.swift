import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// Numbers over all cells against the same taken from the cells one by one.
@Suite struct ArrayStatisticTests {
    private static let rows = 3
    private static let columns = 5

    private static func array(_ more: String = "", _ print: String) -> String {
        """
        statistics of an array
        .model syn proton
        vr[0:2] row[0:2] 0 {0.1+0.05*i}
        vc[0:4] col[0:4] 0 {0.01*i}
        vg[0:4] gate[0:4] 0 {0.1*i}
        x1 row[0:2] col[0:4] gate[0:4] crossbar cell=syn x0={0.2+0.1*i+0.05*j} rrow=20k rcol=30k rgate=1k \(more)
        .print op \(print)
        .op
        .end
        """
    }

    private static func cells(_ quantity: String, _ more: String = "") throws -> [Double] {
        let result = try simulate(array(more, "@x1.cell[0:2][0:4][\(quantity)]"))
        return try (0..<rows).flatMap { i in
            try (0..<columns).map { try #require(result["@x1.cell[\(i)][\($0)][\(quantity)]"].first) }
        }
    }

    @Test(arguments: ["x", "g", "id", "vrow", "vgc", "p"])
    func statisticsAreThoseOfTheCells(_ quantity: String) throws {
        let names = ["mean", "std", "min", "max", "sum", "p0", "p25", "p50", "p90", "p100"]
        let result = try simulate(Self.array("", names.map { "@x1[\(quantity)\($0)]" }.joined(separator: " ")))
        func value(_ name: String) -> Double { result["@x1[\(quantity)\(name)]"].first ?? .nan }
        let cells = try Self.cells(quantity)
        let sorted = cells.sorted()
        let mean = cells.reduce(0, +) / 15
        let size = cells.map { abs($0) }.max() ?? 0
        func expect(_ name: String, _ wanted: Double) {
            #expect(abs(value(name) - wanted) <= 1e-12 * max(size, abs(wanted)), "\(name)")
        }
        expect("mean", mean)
        expect("std", (cells.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 15).squareRoot())
        expect("min", sorted[0])
        expect("max", sorted[14])
        expect("sum", mean * 15)
        expect("p0", sorted[0])
        expect("p25", 0.5 * (sorted[3] + sorted[4]))
        expect("p50", sorted[7])
        expect("p90", sorted[12] + 0.6 * (sorted[13] - sorted[12]))
        expect("p100", sorted[14])
    }

    /// Without a target, a cell's ideal is what it would do at the voltages of the ports.
    @Test func errorsAreThoseOfTheWires() throws {
        let names = ["err", "errrow", "errcol", "errmean", "errrms"]
        let result = try simulate(
            Self.array("", names.map { "@x1[id\($0)]" }.joined(separator: " ") + " @x1[icolerr] @x1[icolerrcol]"))
        let currents = try Self.cells("id")
        let conductances = try Self.cells("g")
        var errors: [Double] = []
        for i in 0..<Self.rows {
            for j in 0..<Self.columns {
                let volts = 0.1 + 0.05 * Double(i) - 0.01 * Double(j)
                errors.append(currents[i * Self.columns + j] - conductances[i * Self.columns + j] * volts)
            }
        }
        let worst = try #require(errors.indices.max { abs(errors[$0]) < abs(errors[$1]) })
        func value(_ name: String) -> Double { result["@x1[\(name)]"].first ?? .nan }
        #expect(abs(value("iderr") - errors[worst]) < 1e-12 * abs(errors[worst]))
        #expect(value("iderrrow") == Double(worst / Self.columns))
        #expect(value("iderrcol") == Double(worst % Self.columns))
        #expect(abs(value("iderrmean") - errors.reduce(0, +) / 15) < 1e-12 * abs(errors[worst]))
        let square = errors.reduce(0) { $0 + $1 * $1 } / 15
        #expect(abs(value("iderrrms") - square.squareRoot()) < 1e-12 * abs(errors[worst]))

        let columns = (0..<Self.columns).map { j in (0..<Self.rows).reduce(0) { $0 + errors[$1 * Self.columns + j] } }
        let worstColumn = try #require(columns.indices.max { abs(columns[$0]) < abs(columns[$1]) })
        #expect(abs(value("icolerr") - columns[worstColumn]) < 1e-12 * abs(columns[worstColumn]))
        #expect(value("icolerrcol") == Double(worstColumn))
    }

    /// The cell that differs from its target is the worst, with its sign; the change since the start has the same target.
    @Test func theWorstCellIsFarthestFromItsTarget() throws {
        let result = try simulate(
            Self.array(
                "xtarget={0.2+0.1*i+0.05*j+(i==1&&j==3?0.25:0.01)}",
                "@x1[xerr] @x1[xerrrow] @x1[xerrcol] @x1[xerrmean] @x1[dxerr] @x1[dxmax]"))
        func value(_ name: String) -> Double { result["@x1[\(name)]"].first ?? .nan }
        #expect(abs(value("xerr") + 0.25) < 1e-14)
        #expect((value("xerrrow"), value("xerrcol")) == (1, 3))
        #expect(abs(value("xerrmean") + (0.25 + 14 * 0.01) / 15) < 1e-14)
        #expect(abs(value("dxerr") + 0.25) < 1e-14)
        #expect(value("dxmax") == 0)
    }

    /// A column that is no number at its first row is written as such.
    @Test func columnsWithoutNumbersAreSurvived() throws {
        let result = try simulate("t\nv1 a 0 0\nr1 a 0 1k\n.print op {v(a)/v(a)} v(a)\n.op\n.end")
        #expect(result["v(a)"] == [0])
    }

    @Test func measurementsTakeStatistics() throws {
        let text = Self.array("", "@x1[xmean]").replacing(
            ".op\n", with: ".dc vg[1] 0 1 0.5\n.meas dc spread param='1'\n.meas dc top max @x1[xp90]\n")
        let report = try #require(Simulation.load(text: text).simulation).run(TableRecorder())
        #expect(report.failure == nil)
        let top = report.measurements.first { $0.name == "top" }
        let cells = try Self.cells("x").sorted()
        #expect(abs((top?.value ?? .nan) - (cells[12] + 0.6 * (cells[13] - cells[12]))) < 1e-12)
    }

    @Test(arguments: [
        ("@x1[xmedian]", "'x1' has no quantity 'xmedian'"),
        ("@x1[xp101]", "'x1' has no quantity 'xp101'"),
        ("@x1[xerr]", "'x1' has no quantity 'xerr'"),
        ("@x1[icolerrrow]", "'x1' has no quantity 'icolerrrow'"),
    ])
    func unknownStatisticsAreNamed(_ pair: (String, String)) {
        let all = Simulation.load(text: Self.array("", pair.0)).diagnostics.all
        #expect(all.contains { $0.message == pair.1 && $0.hint != nil }, "\(all)")
        if pair.0 == "@x1[xerr]" { #expect(all.contains { $0.hint?.contains("xtarget=") == true }) }
    }
}
