import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// Currents that are time derivatives of charges.
@Suite struct DeviceCurrentTests {
    /// All rows of a column against a closed form.
    private func worst(_ run: RunResult, _ column: String, _ exact: (Double) -> Double) -> Double {
        zip(run["time"], run[column]).map { abs($1 - exact($0)) }.max() ?? .infinity
    }

    @Test(arguments: ["trap", "gear maxord=4", "euler"])
    func aCapacitorsCurrentBalancesTheResistors(method: String) throws {
        let run = try simulate(
            """
            Kirchhoff's current law at the node between them, in every row
            v1 in 0 PULSE(0 1 1u 0.1u 0.1u 5u 12u)
            r1 in out 1k
            c1 out 0 1n
            .options method=\(method)
            .tran 0.1u 30u
            .print tran i(r1) i(c1) @c1[i] p(c1) v(out)
            """)
        #expect(run["i(c1)"].count > 100)
        for (row, current) in run["i(c1)"].enumerated() {
            #expect(abs(current - run["i(r1)"][row]) < 1e-12)
            #expect(current == run["@c1[i]"][row])
            #expect(abs(run["p(c1)"][row] - current * run["v(out)"][row]) <= 1e-15)
        }
    }

    @Test func theCurrentOfADischargeFollowsFromItsInitialCondition() throws {
        let run = try simulate(
            """
            i = C dv/dt = -(V/R) exp(-t/RC), from the first row on
            c1 a 0 1u ic=2
            r1 a 0 1k
            .options reltol=1e-5
            .tran 1u 3m uic
            .print tran i(c1)
            """)
        #expect(run["i(c1)"].first.map { abs($0 + 2e-3) < 1e-7 } ?? false)
        #expect(worst(run, "i(c1)") { -2e-3 * exp(-$0 / 1e-3) } < 2e-7)
    }

    @Test func aRampDrivesAConstantCurrentThroughACapacitor() throws {
        let run = try simulate(
            """
            i = C dV/dt: 1 nF and 1 V in 1 us give 1 mA, and 0 before and after; each jump has a row right behind it
            v1 a 0 PWL(0 0 1u 0 2u 1 4u 1)
            c1 a 0 1n
            .tran 0.1u 4u
            .print tran i(c1)
            """)
        for (time, current) in zip(run["time"], run["i(c1)"]) {
            if time > 1e-6 && time <= 2e-6 {
                #expect(abs(current - 1e-3) < 1e-12, "at \(time) s")
            } else {
                #expect(abs(current) < 1e-12, "at \(time) s")
            }
        }
        #expect(run["time"].contains { $0 > 1e-6 && $0 < 1.001e-6 })
        #expect(run["time"].contains { $0 > 2e-6 && $0 < 2.001e-6 })
    }

    @Test func aDiodesCurrentHoldsThatOfItsJunctionsCapacitance() throws {
        let run = try simulate(
            """
            A diode in series with a resistor: the same current, also where only its capacitance conducts
            v1 in 0 PULSE(-5 1 10n 1n 1n 40n 100n)
            r1 in a 1k
            d1 a 0 dd
            .model dd d(is=1e-14 rs=10 cjo=2p tt=1n)
            .tran 0.1n 100n
            .print tran i(r1) i(d1) @d1[id]
            """)
        let largest = run["i(r1)"].map(abs).max() ?? 0
        #expect(largest > 1e-3)
        for (row, current) in run["i(d1)"].enumerated() {
            // A charge that left its tangent for one point would ring on by the trapezoidal rule: 4e-3.
            #expect(abs(current - run["i(r1)"][row]) < 2e-4 * largest)
        }
        // Its direct current alone is something else.
        #expect(zip(run["i(d1)"], run["@d1[id]"]).contains { abs($0 - $1) > 0.05 * largest })
    }

    @Test func anExpressionOfTheCircuitMayHoldACapacitorsCurrent() throws {
        let run = try simulate(
            """
            b1 shows i(c1) as a voltage, a behavioural capacitor's current likewise
            v1 in 0 SIN(0 1 1k)
            r1 in out 1k
            c1 out 0 100n
            r2 in two 1k
            c2 two 0 q={100n*v(two)}
            b1 x 0 v={i(c1)*1k}
            b2 y 0 v={i(c2)*1k}
            rx x 0 1k
            ry y 0 1k
            .tran 10u 3m
            .print tran v(x) v(y) i(c1) i(c2) i(r2)
            """)
        let currents = run["i(c1)"]
        #expect((currents.map(abs).max() ?? 0) > 5e-4)
        for row in currents.indices {
            #expect(abs(run["v(x)"][row] - 1e3 * currents[row]) < 1e-9)
            #expect(abs(run["v(y)"][row] - 1e3 * run["i(c2)"][row]) < 1e-6)
            #expect(abs(run["i(c2)"][row] - run["i(r2)"][row]) < 1e-9)
            #expect(abs(run["i(c2)"][row] - currents[row]) < 1e-6)
        }
    }

    /// A pattern finds all elements of two terminals, a star alone what is an unknown anyway; what fits nothing is told.
    @Test func patternsStandForCurrentsOfElements() throws {
        let run = try simulate(
            """
            patterns
            v1 in 0 1
            x1 in s
            .subckt s a
            r1 a m 1
            r2 m 0 1
            .ends
            .op
            .print op i(x1.r*) v(x1.*) i(*) i(q*)
            """)
        #expect(run.tables.last?.header.columns.map(\.name) == ["i(x1.r1)", "i(x1.r2)", "v(x1.m)", "i(v1)"])
        #expect(run["i(x1.r2)"] == [0.5])
        #expect(run.diagnostics.all.map(\.message) == ["nothing fits 'i(q*)'"])
    }

    /// `{r}` is the parameter, where one has the name of a node.
    @Test func parametersComeBeforeNodesInBraces() throws {
        let run = try simulate("names\n.param r=5\nv1 r 0 1\nr1 r 0 1\n.op\n.print op {r} r {2*r}\n")
        #expect(run.tables.last?.header.columns.map(\.name) == ["{r}", "v(r)", "{2*r}"])
        #expect(run.tables.last?.columns == [[5], [1], [10]])
    }

    @Test func savecurrentsGivesOutTheCurrentsOfAllElements() throws {
        let text = "currents\nv1 a 0 SIN(0 1 1k)\nr1 a b 1k\nc1 b 0 1n\nd1 b 0 dd\n.model dd d\n.tran 1u 10u\n"
        let plain = try simulate(text)
        #expect(plain.tables[0].header.columns.map(\.name) == ["time", "v(a)", "v(b)", "i(v1)"])
        let run = try simulate(text + ".options savecurrents\n")
        #expect(
            run.tables[0].header.columns.map(\.name)
                == ["time", "v(a)", "v(b)", "i(v1)", "i(r1)", "i(c1)", "i(d1)"])
        for row in run["i(r1)"].indices {
            #expect(abs(run["i(r1)"][row] - run["i(c1)"][row] - run["i(d1)"][row]) < 1e-9)
        }
    }

    @Test func inDirectCurrentACapacitorCarriesNone() throws {
        let run = try simulate("dc\nv1 a 0 1\nr1 a b 1k\nc1 b 0 1n\n.dc v1 0 2 1\n.print dc i(c1) p(c1)\n")
        #expect(run["i(c1)"] == [0, 0, 0])
        #expect(run["p(c1)"].allSatisfy { $0 == 0 })
    }
}

/// What a netlist leaves to the analysis, and what it asks for in vain.
@Suite struct RunTests {
    @Test func eachTransientFillsInItsOwnDefaults() throws {
        let run = try simulate(
            """
            PULSE without edges rises within the step of the run that it is in
            v1 a 0 PULSE(0 1)
            r1 a 0 1
            .tran 1u 10u
            .tran 4u 40u
            .print tran v(a)
            """)
        #expect(run.tables.count == 2)
        for (table, step) in zip(run.tables, [1e-6, 4e-6]) {
            let time = try #require(table["time"])
            let volts = try #require(table["v(a)"])
            #expect(abs(interpolate(time, volts, at: step / 2) - 0.5) < 1e-9)
            #expect(interpolate(time, volts, at: step) == 1)
        }
    }

    @Test func aGyratorMakesACapacitorAnInductor() throws {
        let run = try simulate(
            """
            L = C/g²: 1 uF and 1 mS make 1 H; through 1 kOhm the current rises with 1 ms
            v1 in 0 1
            r1 in a 1k
            g1 a 0 b 0 1m
            g2 0 b a 0 1m
            c1 b 0 1u
            .op
            .ic v(b)=0
            .tran 10u 5m
            """)
        let point = try #require(run.table(.operatingPoint))
        #expect(try #require(point["v(a)"]?.first).magnitude < 1e-9)
        #expect(abs(try #require(point["v(b)"]?.first) - 1) < 1e-9)
        let time = run["time"]
        for (row, volts) in run["v(b)"].enumerated() {
            #expect(abs(volts - (1 - exp(-time[row] / 1e-3))) < 1e-3)
        }
    }

    @Test func whatIsNotThereIsToldApartFromSuccess() throws {
        let run = try simulate("skipped\nv1 a 0 1\nr1 a 0 1\n.op\n.disto dec 10 1 1k\n")
        #expect(run.report.skipped == [".disto"])
        #expect(run.tables.count == 1)
    }

    @Test func aSubcircuitThatNothingCallsIsCheckedAllTheSame() throws {
        let loaded = Simulation.load(
            text: """
                uncalled
                v1 a 0 1
                r1 a 0 1
                .subckt amp in out gain=2
                r1 in out
                .subckt inner x
                d1 x 0 nothere
                .ends
                .ends
                .op
                """)
        let simulation = try #require(loaded.simulation)
        #expect(loaded.diagnostics.all.isEmpty)
        let found = simulation.checkUncalledSubcircuits().all
        #expect(found.map(\.message) == ["amp:r1 has no resistance", "no model 'nothere'"])
        #expect(found.allSatisfy { $0.severity == .warning })
        #expect(found.last?.notes.first?.message == "in subcircuit 'inner', which nothing calls")
    }

    @Test func dependenceOnTheSolutionIsFoundHoweverDeepItNests() throws {
        var text = "functions of functions\n.func f0(x) {x*v(a)}\n"
        for index in 1...600 { text += ".func f\(index)(x) {f\(index - 1)(x) + 0}\n" }
        text += "v1 a 0 2\nr1 b 0 1\nc1 b 0 c={1n + 0*f600(1)}\nb1 b 0 v=f600(3)\n.op\n"
        let run = try simulate(text)
        #expect(run["v(b)"] == [6])
    }
}
