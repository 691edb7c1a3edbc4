import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// LTspice's idealised diode against its straight lines.
@Suite struct IdealDiodeTests {
    private func currents(_ model: String, _ card: String = "d1 a 0 x", dialect: Dialect = .ltspice) throws -> RunResult
    {
        try simulate(
            "t\nv1 a 0 0\n\(card)\n.model x d(\(model))\n.dc v1 -12 3 0.25\n.print dc i(d1)\n.end\n", dialect: dialect)
    }

    private func current(_ run: RunResult, at voltage: Double) -> Double {
        interpolate(run["v1"], run["i(d1)"], at: voltage)
    }

    @Test func linesOfAllThreeRegions() throws {
        let run = try currents("Ron=0.1 Roff=1Meg Vfwd=0.5 Vrev=10 Rrev=2")
        let start = 0.5e-6
        for (voltage, expected) in [
            (-12.0, -(1.0 + 10e-6)), (-10, -10e-6), (-5, -5e-6), (0.25, 0.25e-6), (0.5, start), (2.5, 20 + start),
        ] {
            #expect(abs(current(run, at: voltage) - expected) < 1e-9, "\(voltage)")
        }
    }

    /// Knees have the slopes of both sides, limits are not passed, and areas multiply.
    @Test func kneesLimitsAndAreas() throws {
        let knee = try currents("Ron=1 Roff=1e9 Vfwd=1 epsilon=1")
        #expect(abs(current(knee, at: 1.5) - 0.125) < 1e-8)
        #expect(abs(current(knee, at: 3) - 1.5) < 1e-8)
        let limited = try currents("Ron=0.1 Roff=1e9 Vfwd=0 Ilimit=2 Vrev=5 Revilimit=1")
        #expect(abs(current(limited, at: 3) - 2) < 1e-9 && abs(current(limited, at: -12) + 1) < 1e-9)
        #expect(abs(current(limited, at: 0.25) - 2 * 0.8482836399575129) < 1e-6)
        let double = try currents("Ron=1 Roff=1e9 Vfwd=1", "d1 a 0 x 2 m=3")
        #expect(abs(current(double, at: 2) - 6) < 1e-6)
    }

    /// A model with a saturation current is a junction elsewhere.
    @Test func otherDialectsKeepJunctions() throws {
        let junction = try currents("is=1e-14 vrev=5", dialect: .ngspice)
        #expect(abs(current(junction, at: -12)) < 1e-9)
        #expect(try abs(current(currents("ron=1 vfwd=1", dialect: .ngspice), at: 3) - 2) < 1e-6)
    }

    @Test func aRectifierRuns() throws {
        let run = try simulate(
            """
            * bridge
            V1 p n SINE(0 10 50)
            D1 p out X
            D2 n out X
            D3 0 p X
            D4 0 n X
            C1 out 0 100µ Rser=10m
            R1 out 0 1k
            .model X D(Ron=10m Roff=1G Vfwd=0.6)
            .tran 40m
            .print tran v(out)
            .end
            """, dialect: .ltspice)
        let peak = run["v(out)"].max() ?? 0
        #expect(abs(peak - 8.8) < 0.02)
    }
}
