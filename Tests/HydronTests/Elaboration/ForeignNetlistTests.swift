import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// What users of LTspice, PSpice, HSPICE and ngspice write, and what it means.
@Suite struct ForeignNetlistTests {
    private func messages(_ text: String, _ dialect: Dialect = .ngspice) -> [String] {
        Simulation.load(text: text, dialect: dialect).diagnostics.all.map(\.message)
    }

    // MARK: Sources

    /// Corners of a PWL in all the spellings of a sawtooth that rises to 2 V in 1 ms, twice or for ever.
    @Test(arguments: [
        ("PWL REPEAT FOREVER (0 0 1m 2 1m 0) ENDREPEAT", Dialect.ltspice),
        ("PWL REPEAT FOR 4 (0,0) (1m,2) (1m,0) ENDREPEAT", .ngspice),
        ("PWL TIME_SCALE_FACTOR=1m VALUE_SCALE_FACTOR=2 REPEAT FOREVER (0,0)(1,1)(1,0) ENDREPEAT", .ngspice),
        ("PWL(0 0 +1m 2 +0 0 +1m 2 +0 0 +1m 2 +0 0 +1m 2)", .ltspice), ("PWL(0 0 1m 2 1m 0 r)", .hspice),
    ])
    func repeatedLines(_ waveform: String, _ dialect: Dialect) throws {
        let run = try simulate(
            "* t\nV1 a 0 \(waveform)\nR1 a 0 1k\n.tran 10u 3.5m\n.print tran v(a)\n.end\n", dialect: dialect)
        for (time, expected) in [(0.25e-3, 0.5), (0.75e-3, 1.5), (1.5e-3, 1), (2.25e-3, 0.5), (3.25e-3, 0.5)] {
            #expect(abs(interpolate(run["time"], run["v(a)"], at: time) - expected) < 1e-6, "\(waveform) \(time)")
        }
    }

    @Test func repetitionsWithoutEndAreTold() {
        let found = messages("t\nv1 a 0 pwl repeat for 2 (0 0 1m 1)\nr1 a 0 1\n.tran 1u 1m\n.end\n")
        #expect(found.contains { $0.contains("no ENDREPEAT") })
    }

    /// A sine of one and a half cycles holds its last value; `SINE()` is 0 with a small signal behind it.
    @Test func sinesOfCountedCycles() throws {
        let run = try simulate(
            """
            * t
            V1 a 0 SINE(1 2 1k 0 0 90 1.5)
            R1 a 0 1k
            V2 b 0 SINE() AC 1
            R2 b 0 1k
            .tran 3m
            .print tran v(a) v(b)
            .end
            """, dialect: .ltspice)
        for (time, expected) in [(0.0, 3.0), (0.5e-3, -1), (1e-3, 3), (1.5e-3, -1), (2e-3, -1), (2.75e-3, -1)] {
            #expect(abs(interpolate(run["time"], run["v(a)"], at: time) - expected) < 2e-3, "\(time)")
        }
        #expect(run["v(b)"].allSatisfy { $0 == 0 })
    }

    /// LTspice's `startup`: everything is off at first and on after 20 µs.
    @Test func startupRampsSources() throws {
        let run = try simulate(
            "* t\nV1 a 0 4\nR1 a b 1k\nC1 b 0 1p\n.tran 0 40u 0 1u startup\n.print tran v(a)\n.end\n",
            dialect: .ltspice)
        for (time, expected) in [(0.0, 0.0), (5e-6, 1), (10e-6, 2), (20e-6, 4), (30e-6, 4)] {
            #expect(abs(interpolate(run["time"], run["v(a)"], at: time) - expected) < 1e-9, "\(time)")
        }
    }

    /// OrCAD's units, waveforms without parentheses, brackets, aliases, and libraries of its installation.
    @Test func netlistsOfOrCAD() throws {
        let text = """
            * source OPAMP
            .LIB "nom.lib"
            .OPTIONS ADVCONV
            .PROBE64 V(alias(*)) I(alias(*)) W(alias(*)) D(alias(*)) NOISE(alias(*))
            V_V1 IN 0 DC 0Vdc AC 1Vac
            +SIN 0 2Vac 1k 0 0 0
            R_R1 IN OUT 1k TC=0,0
            C_C1 OUT 0 1u IC=0.5
            X_U1 OUT FOLLOW BUFFER PARAMS: GAIN=3 TEXT: FILE="x.txt"
            .SUBCKT BUFFER A B OPTIONAL: G=$G_REF PARAMS: GAIN=1 TEXT: FILE="none"
            E1 B G VALUE {GAIN*V(A)}
            R1 B G 1k
            .ENDS
            VREF $G_REF 0 1
            .TRAN 0 3m 0 10u SKIPBP
            .IC V([OUT]) 0.5
            .ALIASES
            R_R1 R1(1=IN 2=OUT )
            _ _(OUT=OUT)
            .ENDALIASES
            .END
            """
        let run = try simulate(text, dialect: .pspice)
        #expect(
            run.diagnostics.all.map(\.message) == ["`nom.lib` belongs to another simulator's installation: skipped"])
        #expect(run["v(out)"].count > 100 && run["i(v_v1)"].count > 100)
        #expect(abs(run["v(out)"][0] - 0.5) < 1e-6)
        let (last, follow) = (run["v(out)"].last ?? 0, run["v(follow)"].last ?? 0)
        #expect(abs(follow - (1 + 3 * last)) < 1e-9)
    }

    /// In PSpice `ic=` holds in the operating point, `$` is a letter and steps do not follow the first number of `.tran`.
    @Test func rulesOfPSpice() throws {
        let run = try simulate(
            "* t\nV1 $N_1 0 1\nR1 $N_1 out 1k\nC1 out 0 1u IC=0.25\n.TRAN 1u 1m\n.PRINT TRAN V(out)\n.END\n",
            dialect: .pspice)
        #expect(abs(run["v(out)"][0] - 0.25) < 1e-9 && run["v(out)"].count < 500)
    }

    /// PSpice's temperatures on models: absolute, above the circuit's, and where values were measured.
    @Test func temperaturesOfModels() throws {
        func current(_ model: String, _ card: String = "") throws -> Double {
            try simulate(
                "t\nv1 a 0 0.6\nd1 a 0 x \(card)\n.model x d(is=1e-14 \(model))\n.temp 40\n.op\n.print op i(d1)\n.end\n"
            )["i(d1)"][0]
        }
        #expect(try abs(current("t_abs=80") / current("", "temp=80") - 1) < 1e-12)
        #expect(try abs(current("t_rel_global=15") / current("", "temp=55") - 1) < 1e-12)
        #expect(try abs(current("t_measured=60") / current("tnom=60") - 1) < 1e-12)
    }

    // MARK: Analyses

    @Test func temperaturesAndSweepsBehindAnalyses() throws {
        func steps(_ cards: String, _ dialect: Dialect = .hspice) throws -> RunReport {
            try simulate(
                """
                t
                .param vdd=2 rr=1k
                v1 a 0 dc vdd ac 1
                r1 a b rr tc1=1e-2
                r2 b 0 1k
                .data points vdd rr
                1 1k
                3 2k
                .enddata
                \(cards)
                .end
                """, dialect: dialect
            ).report
        }
        func values(_ report: RunReport) -> [Double] { report.measurements.compactMap(\.value) }
        let measure = "\n.meas tran top max v(b)"
        #expect(try values(steps(".tran 1u 1m sweep vdd 1 3 1" + measure)) == [0.5, 1, 1.5])
        #expect(try values(steps(".tran 1u 1m sweep vdd poi 2 1 4" + measure)) == [0.5, 2])
        #expect(try values(steps(".tran 1u 1m sweep vdd lin 2 1 3" + measure)) == [0.5, 1.5])
        #expect(try values(steps(".tran 1u 1m sweep data=points" + measure)) == [0.5, 1])
        let random = try simulate(
            "t\n.param rr=agauss(1k,100,3)\nv1 a 0 2\nr1 a 0 rr\n.tran 1u 1m sweep monte=5\n.meas tran i find i(v1) at=0\n.end\n",
            dialect: .hspice)
        #expect(Set(random.report.measurements.compactMap(\.value)).count == 6)
        let warm = try values(steps(".temp 25 125\n.options tnom=25\n.tran 1u 1m\n.meas tran top max v(b)"))
        #expect(warm.count == 2 && warm[0] == 1 && abs(warm[1] - 2.0 / 3) < 1e-12)
    }

    @Test func frequenciesByListAndOfAnotherCard() throws {
        let circuit = "t\nv1 a 0 ac 1\nr1 a b 1k\nc1 b 0 1u\n"
        let list = try simulate(circuit + ".ac list 10 20 50\n.print ac v(b)\n.end\n")
        #expect(list["frequency"] == [10, 20, 50])
        let noise = try simulate(circuit + ".ac dec 1 10 1k\n.noise v([b]) v1\n.print noise onoise\n.end\n")
        #expect(noise.tables.count == 2 && noise["frequency"].count == 3)
    }

    /// LTspice's measurements: the analysis left out, blanks for '=', levels and places from earlier results.
    @Test func measurementsOfLTspice() throws {
        let report = try simulate(
            """
            * t
            V1 a 0 PWL(0 0 1m 2)
            R1 a 0 1k
            .tran 1m
            .meas top MAX V(a)
            .meas half WHEN V(a)=top/2
            .meas there FIND V(a) AT 0.25m
            .meas mean AVG V(a) FROM half TO 1m
            .meas at2 FIND V(a) AT half/2
            .meas gap TRIG V(a) VAL=top/4 RISE=1 TARG V(a) VAL={top/2} RISE 1
            .end
            """, dialect: .ltspice
        ).report
        let expected = ["top": 2, "half": 0.5e-3, "there": 0.5, "mean": 1.5, "at2": 0.5, "gap": 0.25e-3]
        for (name, value) in expected {
            let found = report.measurements.first { $0.name == name }?.value ?? .nan
            #expect(abs(found - value) < 1e-9 * max(value, 1e-3), "\(name): \(found)")
        }
    }

    // MARK: Controlled sources

    @Test func limitedSourcesAmplifiersAndTransformers() throws {
        let run = try simulate(
            """
            t
            v1 in 0 dc 4
            e1 a 0 vcvs in 0 2 max=5 min=-5
            g1 0 b in 0 1 max=3
            r1 b 0 1
            h1 c 0 ccvs v1 1 min=-1m
            e2 d 0 vol='v(in)*3' max=7
            e3 e 0 opamp in f
            r2 e f 2k
            r3 f 0 1k
            e4 g 0 transformer h 0 2
            r4 in h 1k
            r5 g 0 1k
            e5 k 0 in 0 table=(0 0, 2 1, 10 9)
            g2 0 m in 0 tbl=(0 0 10 1)
            r6 m 0 1
            .op
            .print op v(a) v(b) v(c) v(d) v(e) v(g) v(h) v(k) v(m)
            .end
            """, dialect: .hspice)
        // The transformer of 2:1 shows its load of 1 kΩ as 4 kΩ.
        for (name, expected) in [
            ("a", 5.0), ("b", 3), ("c", -1e-3 * 0.8), ("d", 7), ("e", 12), ("g", 1.6), ("h", 3.2), ("k", 3), ("m", 0.4),
        ] {
            #expect(abs(run["v(\(name))"][0] - expected) < 1e-9, "\(name): \(run["v(\(name))"])")
        }
    }

    @Test func currentsOfInductorsAreGiven() throws {
        let run = try simulate(
            "* t\nL1 a 0 1m Rser=0\nR1 a 0 1\n.ic i(L1)=2\n.tran 10u 1m uic\n.print tran i(L1)\n.end\n",
            dialect: .ltspice)
        #expect(abs(interpolate(run["time"], run["i(l1)"], at: 1e-3) - 2 * exp(-1)) < 1e-3)
    }

    // MARK: What is not there

    @Test(arguments: [
        ("a1 [in] [out] buf\n.model buf d_buffer", Dialect.ngspice, "is of type 'd_buffer'"),
        ("A1 in 0 0 0 0 0 out 0 AND", .ltspice, "a device of LTspice's own"),
        (".machine\n.state s0 0\n.endmachine", .ltspice, "`.machine` is not there"),
        (".connect a b", .hspice, "`.connect` is not there"), (".vec 'x.vec'", .hspice, "`.vec` is not there"),
        (".lib standard.dio\nd1 in 0 dx", .ltspice, "no model 'dx'"),
        ("l9 in 0 hc=16 bs=0.4", .ltspice, "no parameter 'hc'"),
    ])
    func whatIsMissingIsNamed(_ cards: String, _ dialect: Dialect, _ message: String) {
        let loaded = Simulation.load(text: "t\nv1 in 0 1\nr1 in 0 1\n\(cards)\n.op\n.end\n", dialect: dialect)
        #expect(loaded.simulation == nil)
        #expect(loaded.diagnostics.all.contains { $0.message.contains(message) }, "\(loaded.diagnostics.all)")
    }

    /// HSPICE's variants: the netlist before the first of them is run, whatever they change.
    @Test func alternativesAreLeftOut() throws {
        let run = try simulate(
            "t\n.param r=1k\nv1 a 0 1\nr1 a b 1k\nr2 b 0 r\n.op\n.print op v(b)\n.alter\n.param r=3k\nr1 a b 2k\n.end\n",
            dialect: .hspice)
        #expect(run["v(b)"][0] == 0.5)
        #expect(run.diagnostics.all.map(\.severity) == [.warning])
    }

    // MARK: Names

    /// In the Xyce dialect a node of the top level may have a colon in its own name.
    @Test func nodesWithColons() throws {
        let run = try simulate(
            "t\nV1 x1:b 0 2\nR1 x1:b 0 1k\n.op\n.print op v(x1:b) {2*v(x1:b)}\n.end\n", dialect: .xyce)
        #expect(run.tables[0].columns.map { $0[0] } == [2, 4])
    }

    /// A capacitance that is an expression has no charge that could be told; a charge that is one has.
    @Test func chargesOfCapacitances() throws {
        let circuit = "t\nv1 a 0 pwl(0 0 1m 2)\nc1 a 0 c={1u*(1+v(a))}\nc2 a 0 q={1u*v(a)}\n.tran 1u 1m\n"
        let found = messages(circuit + ".print tran @c1[q]\n.end\n")
        #expect(found.contains("'c1' has no charge of its own: its capacitance is an expression"))
        let run = try simulate(circuit + ".print tran {sdt(i(c1))} @c2[q]\n.end\n")
        #expect(abs((run.tables[0].columns[1].last ?? 0) - 4e-6) < 1e-8)
        #expect(abs((run["@c2[q]"].last ?? 0) - 2e-6) < 1e-12)
    }

    /// In LTspice `^` joins truth values, `**` is a power.
    @Test func caretsOfLTspice() throws {
        let text = "* t\nV1 a 0 1\nB1 b 0 V=(V(a)>0)^(V(a)>2)\nB2 c 0 V=(V(a)+2)**2\n.op\n.print op v(b) v(c)\n.end\n"
        let run = try simulate(text, dialect: .ltspice)
        #expect(run["v(b)"][0] == 1 && abs(run["v(c)"][0] - 9) < 1e-12)
    }
}
