import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

@Suite("Thermal resistor and values of resistors")
struct ThermalResistorTests {
    @Test("Constant resistivity: the temperature rises with the energy")
    func constantResistivity() throws {
        let run = try simulate(
            """
            10 mΩ wire under 1 V, m = 2 in parallel: each takes 100 W into 200 J/K and 50 J/K beside it
            v1 a 0 1
            r1 a 0 cu l=1 a=1e-4 temp=30 m=2 thermal_l=1 thermal_a=5e-5
            .model cu r (level=2 resistivity=1e-6 heatcapacity=2e6 thermal_heatcapacity=1e6)
            .tran 10m 1
            .print tran i(r1) @r1[temp] @r1[r]
            """)
        for (t, celsius) in zip(run["time"], run["@r1[temp]"]) { #expect(abs(celsius - 30 - t * 0.4) < 1e-6) }
        #expect(run["i(r1)"].allSatisfy { abs($0 - 200) < 1e-9 } && run["@r1[r]"].allSatisfy { abs($0 - 0.01) < 1e-15 })
    }

    @Test("Resistivity that rises with temperature, under a current: exponential")
    func risingResistivity() throws {
        let run = try simulate(
            """
            dT/dt = R0 (1 + 0.004 (T - 27))/0.02, in a subcircuit with a parameter of its own
            i1 0 a 1
            x1 a wire rho=1e-8
            .subckt wire n rho=1
            r1 n 0 cu l=1 a=1e-8 resistivity={rho*(1+0.004*(temp-27))}
            .model cu r (level=2 heatcapacity={1e6+1e6})
            .ends
            .tran 10m 1
            .print tran v(a) @x1.r1[temp]
            """)
        for (t, celsius) in zip(run["time"], run["@x1.r1[temp]"]) {
            #expect(abs(celsius - 27 - 250 * (exp(0.2 * t) - 1)) < 0.01)
        }
        let last = try #require(run["v(a)"].last)
        #expect(abs(last - exp(0.2)) < 1e-4)
    }

    @Test("Static analyses are at the start's temperature; without dimensions it is an ordinary resistor")
    func statics() throws {
        let run = try simulate(
            """
            Both
            v1 a 0 1
            r1 a 0 cu l=1 a=1e-8 temp=127
            r2 a 0 cu 50
            .model cu r (level=2 resistivity={1e-8*(1+0.004*(temp-27))} heatcapacity=2e6)
            .op
            .print op i(r1) i(r2)
            """)
        #expect(abs(run["i(r1)"][0] - 1 / 1.4) < 1e-12 && abs(run["i(r2)"][0] - 0.02) < 1e-15)
    }

    @Test("A wire that can't heat up is refused")
    func mistakes() {
        #expect {
            try simulate(
                """
                No area
                v1 a 0 1
                r1 a 0 cu l=1 a=0
                .model cu r (level=2 resistivity=1e-8 heatcapacity=2e6)
                .op
                """)
        } throws: {
            "\($0)".contains("r1 can't heat up: a = 0.0 m²")
        }
    }

    @Test("What a resistor prints is the card's value, as in ngspice and Xyce; reff is what the circuit sees")
    func printedResistance() throws {
        let run = try simulate(
            """
            ngspice 39 prints 1000 and 1000 for the first two
            v1 a 0 1
            r1 a 0 1k tc1=0.01 temp=127 m=2
            r2 a 0 rm l=10u w=1u temp=127
            r3 a 0 rm
            r4 a 0 r={1k+v(a)} tc1=0.01 temp=127
            .model rm r (rsh=100 tc1=0.01 defw=1u)
            .op
            .print op @r1[r] @r2[r] @r3[r] @r4[r] @r1[reff] @r2[reff] i(r4)
            """)
        for name in ["@r1[r]", "@r2[r]", "@r3[r]"] { #expect(abs(run[name][0] - 1000) < 1e-9, "\(name)") }
        #expect(abs(run["@r4[r]"][0] - 1001) < 1e-9 && abs(run["i(r4)"][0] - 1 / 2002.0) < 1e-15)
        #expect(abs(run["@r1[reff]"][0] - 1000) < 1e-9 && abs(run["@r2[reff]"][0] - 2000) < 1e-9)
    }
}
