import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// Elements at rest, which count as their tangents: see ``LatentElements``.
@Suite struct LatencyTests {
    private static let models = """
        .model nm nmos level=1 vto=0.8 kp=60u gamma=0.4 phi=0.7 lambda=0.02 tox=20n cgso=200p cgdo=200p cj=3e-4 cjsw=3e-10
        .model pm pmos level=1 vto=-0.8 kp=25u gamma=0.4 phi=0.7 lambda=0.03 tox=20n cgso=200p cgdo=200p cj=3e-4 cjsw=3e-10
        .model dm d is=1e-14 rs=10 cjo=1p tt=1n
        .model qm npn is=1e-15 bf=100 vaf=80 cje=1p cjc=1p tf=0.3n rb=100
        """

    /// Inverters one behind the other.
    private static func chain(_ count: Int, _ more: String = "") -> String {
        let stages = (0..<count).map {
            """
            mn\($0) n\($0 + 1) n\($0) 0 0 nm w=2u l=1u ad=4p as=4p pd=8u ps=8u
            mp\($0) n\($0 + 1) n\($0) vdd vdd pm w=4u l=1u ad=8p as=8p pd=12u ps=12u
            """
        }
        return """
            inverters
            vdd vdd 0 5
            vin n0 0 pulse(0 5 1n 0.5n 0.5n 8n 20n)
            \(stages.joined(separator: "\n"))
            \(models)
            .tran 0.1n 30n
            .print tran v(n\(count)) @mn\(count / 2)[id]
            \(more)
            .end
            """
    }

    private func crossings(_ result: RunResult, _ name: String, _ level: Double) -> [Double] {
        let (time, value) = (result["time"], result[name])
        return (1..<time.count).compactMap { row -> Double? in
            let (a, b) = (value[row - 1] - level, value[row] - level)
            return a * b < 0 ? time[row - 1] + (time[row] - time[row - 1]) * a / (a - b) : nil
        }
    }

    /// Where a wave runs through a chain, most transistors rest, and it comes out when it would without.
    @Test func wavesRunThroughElementsAtRest() throws {
        let (every, some) = (try simulate(Self.chain(30, ".options bypass=0")), try simulate(Self.chain(30)))
        let name = "v(n30)"
        let (a, b) = (crossings(every, name, 2.5), crossings(some, name, 2.5))
        try #require(a.count == 3 && b.count == 3)
        for (a, b) in zip(a, b) { #expect(abs(a - b) < 3e-12, "\(a) \(b)") }
        #expect(every.report.analyses[0].statistics.resting == nil)
        let count = try #require(some.report.analyses[0].statistics.resting)
        #expect(Double(count.bypassed) > 0.4 * Double(count.evaluated + count.bypassed))
        // Outputs of an element are its own, whether it rests or not.
        let (times, ids) = (every["time"], every["@mn15[id]"])
        let peak = ids.map(abs).max() ?? 0
        for (time, id) in zip(times, ids) where (6e-9...8e-9).contains(time) || (16e-9...20e-9).contains(time) {
            let other = interpolate(some["time"], some["@mn15[id]"], at: time)
            #expect(abs(id - other) <= 1e-4 * peak, "\(time): \(id) \(other)")
        }
    }

    /// What a node holds with nothing but transistors that are off around it stays there.
    @Test func nothingLeaksAtRest() throws {
        func run(_ options: String) throws -> RunResult {
            let cells = (0..<20).map {
                "ma\($0) b\($0) w h\($0) 0 nm w=2u l=1u\nmb\($0) h\($0) w b\($0) 0 nm w=2u l=1u\nc\($0) h\($0) 0 50f ic=\(1 + 0.1 * Double($0))"
                    + "\nv\($0) b\($0) 0 2.5"
            }
            return try simulate(
                """
                memory
                vw w 0 pulse(0 5 900n 1n 1n 20n)
                \(cells.joined(separator: "\n"))
                .model nm nmos level=1 vto=0.8 kp=60u gamma=0.4 phi=0.7 tox=20n cgso=200p cgdo=200p
                .options gmin=1e-18 \(options)
                .tran 1n 1u uic
                .print tran v(h0) v(h19)
                .end
                """)
        }
        let (every, some) = (try run("bypass=0"), try run(""))
        for name in ["v(h0)", "v(h19)"] {
            for time in [10e-9, 500e-9, 890e-9, 950e-9] {
                let a = interpolate(every["time"], every[name], at: time)
                let b = interpolate(some["time"], some[name], at: time)
                #expect(abs(a - b) < 1e-4, "\(name) at \(time): \(a) \(b)")
            }
        }
        let count = try #require(some.report.analyses[0].statistics.resting)
        #expect(Double(count.bypassed) > 0.5 * Double(count.evaluated + count.bypassed))
    }

    /// A diode of a tenth of the emission coefficient bends ten times as sharply, and rests within less.
    @Test func sharpElementsRestCloser() {
        let options = SimulationOptions()
        let vt = PhysicalConstants.boltzmannOverCharge * options.temperature
        for finest in [vt, 0.1 * vt, 0.01 * vt] {
            let distance = TangentReach.rest(finest, options)
            let left = exp(distance / finest) - 1 - distance / finest
            #expect(left <= 0.0105 * options[.reltol])
            #expect(left * finest <= 0.21 * options[.vntol])
            #expect(max(left / (0.01 * options[.reltol]), left * finest / (0.2 * options[.vntol])) > 0.99)
        }
        #expect(TangentReach.rest(0, options) == 0)
        let none = DepletionCharge(capacitance: 0, potential: 1, grading: 0.5, forward: 0.5)
        var diode = Diode(
            saturation: 1e-14, thermal: vt, inverseThermal: 1 / vt, seriesConductance: 0, depletion: none,
            sidewall: none, transitTime: 0, law: .berkeley, criticalVoltage: 0.6)
        #expect(diode.finestVoltage == vt)
        diode.breakdown.voltage = 5
        diode.breakdown.thermal = 0.3 * vt
        #expect(diode.finestVoltage == 0.3 * vt)
    }

    /// Near where they rest the equations are those of all elements evaluated, far away to the last bits.
    @Test func equationsAreThoseOfAllElements() throws {
        let cells = (0..<12).map {
            """
            mn\($0) a\($0) b\($0) 0 0 nm w=2u l=1u ad=4p as=4p
            q\($0) c\($0) b\($0) e\($0) qm
            d\($0) a\($0) e\($0) dm
            ra\($0) a\($0) p 1k
            rb\($0) b\($0) p 10k
            rc\($0) c\($0) p 2k
            re\($0) e\($0) 0 \($0 + 1)k
            """
        }
        let loaded = Simulation.load(
            text: "cells\nvp p 0 3\n\(cells.joined(separator: "\n"))\n\(Self.models)\n.tran 1n 1u\n.end\n")
        let circuit = try #require(loaded.simulation).circuit
        let (resting, plain) = (try EquationSystem(circuit), try EquationSystem(circuit))
        let x = Vector(resting.count)
        for unknown in 1..<resting.count { x.base[unknown] = 0.3 + 0.05 * Double(unknown % 11) }
        for system in [resting, plain] {
            system.conditions.interval = 1e-9
            system.setAlpha(1e9)
            system.evaluate(UnsafePointer(x.base))
            system.accept(UnsafePointer(x.base))
        }
        resting.beginLatency()
        for _ in 0..<8 { resting.restElements(at: UnsafePointer(x.base)) }
        #expect(resting.latent?.count == 36)

        func worst(_ scale: (Int) -> Double) -> Double {
            for system in [resting, plain] { system.evaluate(UnsafePointer(x.base)) }
            return (1..<resting.count).map { abs(resting.residual[$0] - plain.residual[$0]) / scale($0) }.max() ?? 0
        }
        let matrix = (1..<(resting.pattern.entryCount + 1))
        // Where they rest, nothing but rounding differs.
        #expect(worst { plain.magnitude[$0] + plain.scale[$0] + 1e-15 } < 1e-12)
        for entry in matrix {
            #expect(abs(resting.jacobian[entry] - plain.jacobian[entry]) <= 1e-9 * abs(plain.jacobian[entry]) + 1e-18)
        }
        // Within the distance a hundredth of reltol.
        for unknown in 1..<resting.count { x.base[unknown] += unknown % 2 == 0 ? 4e-5 : -4e-5 }
        #expect(worst { plain.scale[$0] + plain.magnitude[$0] + 1e-15 } < 1e-5)
        #expect(resting.latent?.count == 36)
        // Farther away all are awake.
        for unknown in 1..<resting.count { x.base[unknown] += 0.1 }
        #expect(worst { plain.magnitude[$0] + plain.scale[$0] + 1e-15 } < 1e-11)
        #expect(resting.latent?.count == 0)
        for entry in matrix {
            #expect(abs(resting.jacobian[entry] - plain.jacobian[entry]) <= 1e-9 * abs(plain.jacobian[entry]) + 1e-15)
        }
        resting.endLatency()
        #expect(resting.latent == nil)
        #expect(try #require(resting.restCount).bypassed == 72)
    }

    @Test func fewElementsNeverRest() throws {
        let result = try simulate(Self.chain(5))
        #expect(result.report.analyses[0].statistics.resting == nil)
    }
}
