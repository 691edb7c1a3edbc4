import ComplexModule
import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// `.sens` against closed forms and against differences of whole analyses.
@Suite struct SensitivityTests {
    @Test func aDividerHasItsClosedForm() throws {
        let result = try simulate("divider\nv1 in 0 5\nr1 in out 1k\nr2 out 0 3k\n.sens v(out) i(v1)\n.end")
        let table = try #require(result.table(.sensitivity))
        let expected = [
            "v(out)": 3.75, "d(v(out))/d(v1)": 0.75, "d(v(out))/d(r1)": -5 * 3e3 / 16e6,
            "d(v(out))/d(r2)": 5 * 1e3 / 16e6, "i(v1)": -1.25e-3, "d(i(v1))/d(r1)": 5 / 16e6,
            "d(i(v1))/d(v1)": -0.25e-3,
        ]
        for (name, value) in expected {
            let found = table[name]?.first ?? .nan
            #expect(abs(found - value) < 1e-8 * abs(value), "\(name) is \(found), not \(value)")
        }
    }

    /// A current through a resistor depends on its resistance twice: by itself and by the voltage.
    @Test func anElementsCurrentDependsOnItselfToo() throws {
        let result = try simulate("loop\nv1 in 0 5\nr1 in out 1k\nr2 out 0 3k\n.sens i(r1) {v(out)*v(out)}\n.end")
        let table = try #require(result.table(.sensitivity))
        let current: Double = table["d(i(r1))/d(r1)"]?.first ?? .nan
        let square: Double = table["d({v(out)*v(out)})/d(v1)"]?.first ?? .nan
        #expect(abs(current + 5 / 16e6) < 1e-14)
        #expect(abs(square - 2 * 3.75 * 0.75) < 1e-8)
    }

    private static let amplifier = """
        amplifier
        .options reltol=1e-9 vntol=1e-13 abstol=1e-16 gmin=1e-12
        vcc vcc 0 12
        vin in 0 dc 0 ac 1
        cin in b 10u
        rb1 vcc b 47k
        rb2 b 0 {10k}
        q1 c b e npn area=1.2
        rc vcc c 4.7k
        re e 0 1k
        ce e 0 10u
        d1 c d dmod
        rd d 0 22k
        m1 g c s s nmod w=20u l=2u
        rg vcc g 8.2k
        rs s 0 3.3k
        j1 vcc g o jmod
        ro o 0 2.2k
        e1 f 0 o s 0.7
        l1 f h 1m
        l2 x 0 4m
        k1 l1 l2 0.6
        rx x 0 50
        rh h out 100
        cl out 0 1n
        rl out 0 10k
        .model npn npn(is=1e-15 bf=150 vaf=80 rb=100 re=1 cje=2p cjc=1p tf=0.3n ikf=10m)
        .model dmod d(is=1e-14 n=1.1 rs=5 cjo=2p tt=1n)
        .model nmod nmos(vto=0.8 kp=60u lambda=0.02 gamma=0.4 phi=0.65 cgso=200p cgdo=150p)
        .model jmod njf(vto=-2 beta=1m lambda=0.01 cgs=2p cgd=1p)
        """

    /// Runs the netlist with one parameter at another value.
    private func run(
        _ netlist: Netlist, _ parameter: CardParameter? = nil, _ value: Double = 0
    ) throws -> Table {
        var overrides = Overrides()
        if let parameter { overrides.set(parameter, to: value) }
        var diagnostics = Diagnostics()
        let elaboration = try #require(
            Elaborator.elaborate(netlist, overrides: overrides, diagnostics: &diagnostics), "\(diagnostics.all)")
        let recorder = TableRecorder()
        let report = Simulation(netlist: netlist, overrides: overrides, elaboration: elaboration).run(recorder)
        #expect(report.failure == nil)
        return try #require(recorder.tables.first)
    }

    private func netlist(_ card: String) throws -> Netlist {
        try #require(Simulation.load(text: Self.amplifier + "\n\(card)\n.end").simulation).netlist
    }

    /// Largest departure of `.sens` from central differences, as a part of the larger of both and of what matters.
    private func worst(
        _ sens: Table, _ analysis: String, _ quantities: [String]
    ) throws -> (ratio: Double, count: Int, place: String) {
        let plain = try netlist(analysis)
        let log = Elaborator.parameters(of: plain, Overrides.none)
        var result = (ratio: 0.0, count: 0, place: "")
        for quantity in quantities {
            let value = sens.header.columns.map(\.name).firstIndex(of: quantity)
            #expect(value != nil)
            let columns = log.entries.filter {
                sens.header.columns.map(\.name).contains("d(\(quantity))/d(\($0.parameter.label))")
            }
            var pairs: [(name: String, found: Complex<Double>, expected: Complex<Double>, weight: Double)] = []
            for entry in columns {
                let step = 1e-3 * (entry.value == 0 ? 1 : abs(entry.value))
                func moved(_ by: Double) throws -> Complex<Double> {
                    let table = try run(plain, entry.parameter, entry.value + by)
                    return amplitude(table, quantity)
                }
                let name = "d(\(quantity))/d(\(entry.parameter.label))"
                // Of fourth order; from one side where the parameter stands at the end of its range.
                let derivative: Complex<Double>
                if entry.bounds.contains(entry.value + 2 * step), entry.bounds.contains(entry.value - 2 * step) {
                    let near = try moved(step) - moved(-step)
                    let far = try moved(2 * step) - moved(-2 * step)
                    derivative = (near * Complex(8) - far) / Complex(12 * step)
                } else {
                    let inward = entry.bounds.contains(entry.value + 4 * step) ? step : -step
                    let weights = [-25.0, 48, -36, 16, -3]
                    derivative = try weights.indices.reduce(Complex<Double>.zero) {
                        $0 + (try moved(Double($1) * inward)) * Complex(weights[$1] / (12 * inward))
                    }
                }
                pairs.append((name, amplitude(sens, name), derivative, abs(entry.value)))
            }
            let most = pairs.map { $0.expected.length * $0.weight }.max() ?? 0
            for pair in pairs where pair.expected.length * pair.weight > 1e-6 * most {
                result.count += 1
                let ratio = (pair.found - pair.expected).length / max(pair.found.length, pair.expected.length)
                if !(ratio <= result.ratio) { (result.ratio, result.place) = (ratio, pair.name) }
            }
        }
        return result
    }

    private func amplitude(_ table: Table, _ name: String) -> Complex<Double> {
        if let re = table["re(\(name))"]?.first { return Complex(re, table["im(\(name))"]?.first ?? 0) }
        return Complex(table[name]?.first ?? .nan)
    }

    @Test func restsAgreeWithDifferencesOfWholeAnalyses() throws {
        let sens = try run(try netlist(".sens v(out) i(vcc)"))
        let worst = try worst(sens, ".op\n.print op v(out) i(vcc)", ["v(out)", "i(vcc)"])
        #expect(worst.count > 60)
        #expect(worst.ratio < 1e-4, "\(worst.place)")
    }

    @Test(arguments: ["10", "1k", "1meg"]) func smallSignalsAgreeWithDifferencesOfWholeAnalyses(frequency: String)
        throws
    {
        let sens = try run(try netlist(".sens v(out) ac lin 1 \(frequency) \(frequency)"))
        let worst = try worst(sens, ".ac lin 1 \(frequency) \(frequency)\n.print ac v(out)", ["v(out)"])
        #expect(worst.count > 40)
        #expect(worst.ratio < 1e-4, "\(worst.place)")
    }

    @Test func xyceAsksForParametersByName() throws {
        let result = try simulate(
            """
            asked
            v1 in 0 5
            r1 in out 1k
            r2 out 0 3k
            .dc v1 1 3 1
            .print dc v(out)
            .sens objfunc={v(out)} param=r1:r,v1
            .end
            """, dialect: .xyce)
        let table = try #require(result.table(.sensitivity))
        #expect(
            table.header.columns.map(\.name) == ["v1", "{v(out)}", "d({v(out)})/d(v1)", "d({v(out)})/d(r1)"])
        let slopes = table["d({v(out)})/d(r1)"] ?? []
        #expect(slopes.count == 3)
        for (index, slope) in slopes.enumerated() { #expect(abs(slope + Double(index + 1) * 3e3 / 16e6) < 1e-10) }
    }
}
