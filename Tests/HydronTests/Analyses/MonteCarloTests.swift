import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// `.mc` and `.wcase`.
@Suite struct MonteCarloTests {
    private func run(_ text: String, threads: Int = 1, dialect: Dialect = .ngspice) throws -> (RunReport, [Table]) {
        let loaded = Simulation.load(text: text, dialect: dialect, threads: threads)
        let simulation = try #require(loaded.simulation, "\(loaded.diagnostics.all)")
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil)
        return (report, recorder.tables)
    }

    private static let divider = """
        divider
        v1 in 0 1
        r1 in out {agauss(1k,30,3)}
        r2 out 0 {aunif(3k,100)}
        .op
        .dc v1 1 1 1
        .meas dc gain MAX v(out)
        .mc 500 seed=3
        .end
        """

    @Test func meansAndDeviationsAreThoseOfTheDistributions() throws {
        let (report, tables) = try run(
            "one\ni1 0 a 1\nr1 a 0 {agauss(1k,30,3)}\n.dc i1 1 1 1\n.meas dc v MAX v(a)\n.mc 4000\n.end")
        let statistics = try #require(report.statistics.first)
        #expect(statistics.nominal == 1000)
        #expect(statistics.count == 4000 && statistics.failures == 0)
        // Four standard errors.
        #expect(abs(statistics.mean - 1000) < 4 * 10 / 4000.0.squareRoot())
        #expect(abs(statistics.deviation - 10) < 4 * 10 / 8000.0.squareRoot())
        #expect(abs(statistics.quantiles[2] - 1000) < 1)
        #expect(tables[0]["v(a)"]?.count == 4001)
        #expect(tables[0].header.stepParameters.map(\.name) == ["run"])
    }

    @Test(arguments: [2, 3, 7]) func resultsAreTheSameBitsForAnyNumberOfThreads(threads: Int) throws {
        let (one, tables) = try run(Self.divider)
        let (several, others) = try run(Self.divider, threads: threads)
        #expect(one.measurements.map(\.value) == several.measurements.map(\.value))
        #expect(one.measurements.count == 501)
        #expect(tables.count == others.count)
        for (a, b) in zip(tables, others) { #expect(a["v(out)"] == b["v(out)"]) }
    }

    @Test func theSeedDecides() throws {
        let (one, _) = try run(Self.divider)
        let (same, _) = try run(Self.divider)
        let (other, _) = try run(Self.divider.replacingOccurrences(of: "seed=3", with: "seed=4"))
        #expect(one.measurements.map(\.value) == same.measurements.map(\.value))
        #expect(one.measurements.dropFirst().first?.value != other.measurements.dropFirst().first?.value)
        #expect(one.measurements.first?.value == other.measurements.first?.value)
    }

    /// All elements of a model share its lot's deviation and have one each of their own.
    @Test func lotsAndDevices() throws {
        let (report, _) = try run(
            """
            tolerances
            i1 0 a 1
            i2 0 b 1
            r1 a 0 rm 1k
            r2 b 0 rm 1k
            .model rm r(r=1 lot=10% dev=1%)
            .dc i1 1 1 1
            .meas dc va MAX v(a)
            .meas dc vb MAX v(b)
            .mc 300
            .end
            """, dialect: .xyce)
        let a = report.measurements.filter { $0.name == "va" }.compactMap(\.value)
        let b = report.measurements.filter { $0.name == "vb" }.compactMap(\.value)
        #expect(a.count == 301 && a[0] == 1000 && b[0] == 1000)
        let differences = zip(a, b).map { abs($0 - $1) }
        #expect(differences.max() ?? 0 <= 20.001 && differences.max() ?? 0 > 12)
        #expect(a.map { abs($0 - 1000) }.max() ?? 0 <= 110.001 && a.map { abs($0 - 1000) }.max() ?? 0 > 90)
    }

    @Test func elementsMayHaveATolerance() throws {
        let (report, _) = try run(
            "own\ni1 0 a 1\nr1 a 0 1k dev=5%\n.dc i1 1 1 1\n.meas dc v MAX v(a)\n.mc 200 rows=nominal\n.end")
        let values = report.measurements.compactMap(\.value)
        #expect(values[0] == 1000)
        #expect(values.allSatisfy { abs($0 - 1000) <= 50.001 })
        #expect((values.max() ?? 0) - (values.min() ?? 0) > 80)
    }

    /// A divider's largest output has r1 at its lower and r2 at its upper end.
    @Test func theWorstCaseIsFound() throws {
        let (report, _) = try run(
            """
            worst
            v1 in 0 1
            r1 in out rm 1k
            r2 out 0 {aunif(3k,300)}
            .model rm r(r=1 dev=10%)
            .dc v1 1 1 1
            .meas dc gain MAX v(out)
            .wcase
            .end
            """, dialect: .xyce)
        let worst = try #require(report.worstCases.first)
        #expect(abs(worst.nominal - 0.75) < 1e-12)
        #expect(abs((worst.highest ?? 0) - 3300 / 4200) < 1e-12)
        #expect(abs((worst.lowest ?? 0) - 2700 / 3800) < 1e-12)
    }

    /// PSpice's libraries make values factors of the card's; so does a tolerance in a dialect where they are none.
    @Test func tolerancesOfAModelsValueAreThoseOfTheElement() throws {
        let (report, _) = try run(
            """
            low-pass
            v1 in 0 dc 0 ac 1
            r1 in out 10k dev=5%
            c1 out 0 cm 10n
            .model cm c(c=1 dev=5% lot=10%)
            .ac lin 1 1k 1k
            .meas ac part PARAM='v(out)'
            .wcase
            .end
            """)
        let worst = try #require(report.worstCases.first)
        func amplitude(_ factor: Double) -> Double {
            1 / (1 + (2 * Double.pi * 0.1 * factor) * (2 * Double.pi * 0.1 * factor)).squareRoot()
        }
        #expect(abs(worst.nominal - amplitude(1)) < 1e-9)
        #expect(abs((worst.lowest ?? 0) - amplitude(1.05 * 1.15)) < 1e-9)
        #expect(abs((worst.highest ?? 0) - amplitude(0.95 * 0.85)) < 1e-9)
    }

    @Test func stepsStandInsideOfRuns() throws {
        let (report, tables) = try run(
            """
            steps
            i1 0 a 1
            r1 a 0 {r*unif(1,0.1)}
            .param r=1k
            .step param r list 1k 2k
            .dc i1 1 1 1
            .meas dc v MAX v(a)
            .mc 20
            .end
            """)
        #expect(report.statistics.count == 2)
        #expect(report.statistics.map(\.nominal) == [1000, 2000])
        #expect(tables[0]["v(a)"]?.count == 42)
    }

    @Test func xyceSamplesDistributions() throws {
        let (report, _) = try run(
            """
            sampled
            i1 0 a 1
            r1 a 0 1k
            .param p=1
            .dc i1 1 1 1
            .meas dc v MAX v(a)
            .sampling param=r1 type=uniform lower_bounds=900 upper_bounds=1100
            .options samples numsamples=400 seed=5
            .end
            """, dialect: .xyce)
        let values = report.measurements.compactMap(\.value)
        #expect(values.count == 401)
        #expect((values.min() ?? 0) >= 900 && (values.min() ?? 0) < 905)
        #expect((values.max() ?? 0) <= 1100 && (values.max() ?? 0) > 1095)
    }
}
