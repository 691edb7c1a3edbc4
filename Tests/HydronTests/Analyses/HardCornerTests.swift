import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// Nodes that only capacitors hold, jumps and corners that nothing announces.
@Suite struct HardCornerTests {
    @Test(arguments: [".nodeset v(2)=2", ".ic v(2)=2", ".nodeset v(3)=2"])
    func aFloatingNodeStartsWhereItIsTold(condition: String) throws {
        let run = try simulate(
            """
            A step of 3 V divides 1:2 between 1 nF and 2 nF; node 3 hangs on node 2
            v1 1 0 PULSE(0 3 1u 1n)
            c1 1 2 1n
            c2 2 0 2n
            r1 2 3 1k
            \(condition)
            .tran 0.1u 3u
            .print tran v(2) v(3)
            """)
        let (first, last) = (try #require(run["v(2)"].first), try #require(run["v(2)"].last))
        #expect(abs(first - 2) < 1e-9 && abs(last - 3) < 1e-6)
        #expect(abs((run["v(3)"].last ?? 0) - 3) < 1e-6)
        #expect(run.report.diagnostics.all.contains { $0.message.contains("the operating point holds it at 2.0 V") })
    }

    @Test func aSweepHoldsItToo() throws {
        let run = try simulate(
            """
            dc
            v1 1 0 0
            r1 1 0 1k
            c1 1 2 1n
            .nodeset v(2)=2
            .dc v1 0 2 1
            .print dc v(2)
            """)
        #expect(run["v(2)"] == [2, 2, 2])
    }

    @Test func aCurrentIntoAFloatingNodeHasNoOperatingPoint() {
        #expect {
            try simulate(
                """
                1 mA into a capacitor
                i1 0 2 1m
                c2 2 0 2n
                .nodeset v(2)=2
                .op
                """)
        } throws: {
            "\($0)".contains("a current of 0.001 A flows into node '2'")
        }
    }

    @Test func aJumpInsideAStepDrawsNoOvershoot() throws {
        let run = try simulate(
            """
            The voltage jumps where v(in) passes 1.2345 V, at no corner of a waveform
            v1 in 0 PULSE(0 3 1n 10n 10n 10n 50n)
            b1 a 0 v={v(in)>1.2345 ? 5 : 0}
            r1 a 0 1k
            .tran 0.5n 100n
            .print tran v(a)
            """)
        #expect(run["v(a)"].allSatisfy { $0 == 0 || $0 == 5 })
        #expect(run["v(a)"].contains(5))
    }

    /// With two iterations the slope behind a corner is not found where the diode bends: then a step of half the run
    /// went unjudged. Behind it 10 nF discharge through 1 kΩ.
    @Test func aCornerWithoutASlopeIsFollowed() throws {
        let run = try simulate(
            """
            The corner turns a conducting diode off
            v1 in 0 pwl(0 0 1u 5 1.1u 5 1.2u -5 100u -5)
            r1 in a 1k
            d1 a b dm
            c1 b 0 10n
            r2 b 0 1k
            .model dm d is=1e-14 cjo=1p tt=1n
            .options itl4=2
            .tran 1u 100u 0 20u
            .print tran v(b)
            """)
        let (time, voltage) = (run["time"], run["v(b)"])
        let start = try #require(time.firstIndex { $0 > 1.25e-6 })
        for row in start..<time.count {
            let wanted = voltage[start] * exp(-(time[row] - time[start]) / 10e-6)
            #expect(abs(voltage[row] - wanted) < 1e-3 * voltage[start], "at \(time[row])")
        }
        // Straight lines between rows are as near.
        for row in start + 1..<time.count {
            let middle = 0.5 * (time[row] + time[row - 1]) - time[start]
            let line = 0.5 * (voltage[row] + voltage[row - 1])
            #expect(abs(line - voltage[start] * exp(-middle / 10e-6)) < 4e-3 * voltage[start], "before \(time[row])")
        }
    }

    /// Nothing announces the corners of a table over a voltage, and no charge tells of them.
    @Test func aStaircaseIsNotSteppedOver() throws {
        let run = try simulate(
            """
            A unit a microsecond over stairs of 1 V, each 1 ns wide
            v1 in 0 PWL(0 0 10u 10)
            b1 out 0 v={table(v(in), 0,0, 0.5,0, 0.501,1, 1.5,1, 1.501,2, 2.5,2, 2.501,3, 3.5,3, 3.501,4)}
            r1 out 0 1k
            .tran 0.5u 4u
            .print tran v(out)
            """)
        func stairs(_ x: Double) -> Double {
            var height = 0.0
            for edge in [0.5, 1.5, 2.5, 3.5] { height += min(max((x - edge) / 0.001, 0), 1) }
            return height
        }
        for place in 0..<4000 {
            let t = Double(place) * 1e-9 + 0.37e-9
            let drawn = interpolate(run["time"], run["v(out)"], at: t)
            #expect(abs(drawn - stairs(t * 1e6)) < 0.03, "at \(t) s")
        }
        #expect(run["time"].count < 400)
    }

    @Test(arguments: [1e-3, 1e-5])
    func aPrintedCornerGetsARow(tolerance: Double) throws {
        let run = try simulate(
            """
            |v| of a sine, and where it is above 0.6 V
            v1 a 0 SIN(0 1 1k)
            r1 a 0 1k
            .options reltol=\(tolerance)
            .tran 20u 3m
            .print tran v(a) {abs(v(a))} {v(a)>0.6 ? 5 : 0}
            """)
        let time = run["time"]
        for place in 1..<6 {
            let t = Double(place) * 0.5e-3
            #expect(interpolate(time, run["{abs(v(a))}"], at: t) < 1e-3 * (1 + 1e3 * tolerance))
        }
        for place in 0..<6000 {
            let t = Double(place) * 0.5e-6
            let exact = abs(sin(2e3 * Double.pi * t))
            #expect(abs(interpolate(time, run["{abs(v(a))}"], at: t) - exact) < 3 * tolerance, "at \(t) s")
        }
        let steps = zip(time, run["{v(a)>0.6?5:0}"])
        let jumps = zip(steps, steps.dropFirst()).filter { $0.1 != $1.1 }
        #expect(jumps.count == 6)
        for (before, behind) in jumps {
            #expect(behind.0 - before.0 < 1e-10)
            #expect(abs(sin(2e3 * Double.pi * before.0) - 0.6) < 2 * tolerance)
        }
        for (before, behind) in zip(time, time.dropFirst()) { #expect(before < behind) }
    }

    @Test(arguments: ["output initial_interval=20u", "initial_interval=20u", "interp"])
    func rowsAtAnIntervalStayAtTheInterval(option: String) throws {
        let run = try simulate(
            """
            |v| every 20 µs
            v1 a 0 SIN(0 1 1.3k)
            r1 a 0 1k
            .options \(option)
            .tran 20u 1m
            .print tran {abs(v(a))}
            """, dialect: .xyce)
        #expect(run["time"].count == 51)
        for (index, time) in run["time"].enumerated() { #expect(abs(time - 20e-6 * Double(index)) < 1e-12) }
    }

    /// Measurements and sums look at every point, however far apart rows are.
    @Test func measurementsSeeWhatLiesBetweenRows() throws {
        let run = try simulate(
            """
            a pulse between two rows
            v1 a 0 pulse(0 1 21u 1u 1u 3u)
            r1 a 0 1k
            .options initial_interval=20u
            .tran 20u 100u
            .print tran v(a) {sdt(v(a))}
            .meas tran top max v(a)
            .meas tran area integ v(a)
            """)
        #expect(run["time"].count == 6)
        #expect(run["v(a)"].allSatisfy { $0 == 0 })
        #expect(abs((run["{sdt(v(a))}"].last ?? 0) - 4e-6) < 1e-12)
        #expect(run.report.measurements.map(\.name) == ["top", "area"])
        for (found, wanted) in zip(run.report.measurements, [1, 4e-6]) {
            #expect(abs((found.value ?? 0) - wanted) < 1e-9 * wanted)
        }
    }

    /// A diode with nothing but a transit time gives back its charge, ts = tt ln(1 + IF/IR) for constant currents, and
    /// then has no capacitance at all: its voltage falls at once, and nothing rings.
    @Test(arguments: [0.0, 10, 900], ["trap", "gear", "euler"])
    func aDiodeWithoutCapacitanceSnapsOff(seriesResistance: Double, method: String) throws {
        let run = try simulate(
            """
            snap-off
            v1 in 0 pulse(5 -5 5n 0.01n 0.01n 40n 80n)
            r1 in a 1k
            d1 a 0 dd
            .model dd d(is=1e-14 tt=5n rs=\(seriesResistance))
            .options method=\(method)
            .tran 0.2n 84n
            .print tran v(a)
            .end
            """)
        let (time, voltage) = (run["time"], run["v(a)"])
        #expect(voltage.allSatisfy { $0 > -5.001 && $0 < 3.001 })
        let fall = try #require(zip(time, voltage).first { $0.0 > 5.02e-9 && $0.1 < -4.5 })
        let resistance = 1000 + seriesResistance
        let forward = (5 - 0.7) / resistance
        let reverse = (5 + 0.6) / resistance
        let storage = 5e-9 * Glibc.log(1 + forward / reverse)
        #expect(abs(fall.0 - 5.01e-9 - storage) < 0.06 * storage, "\(fall.0) \(storage)")
        // It conducts again, and comes back to where it was.
        #expect(abs((voltage.last ?? 0) - voltage[0]) < 0.01)
    }

    /// However closely the voltage is followed down to the last electron: there steps are the shortest there are, and go on.
    @Test(arguments: [1e-3, 3e-4, 1e-4, 3e-5, 1e-5]) func aSnapIsFollowedAtAnyTolerance(tolerance: Double) throws {
        let run = try simulate(
            """
            What the diode stores flows back through 50 and 100 ohms, beside 5 pF
            v1 in 0 pwl(0 0 1n 3 20n 3 22n -3 30n -3)
            r1 in a 50
            c1 a 0 5p
            d1 a b dd
            r2 b 0 5
            .model dd d(tt=0.5n rs=100)
            .options reltol=\(tolerance)
            .tran 0.1n 30n 0 0.15n
            .print tran v(b)
            .end
            """)
        let (time, voltage) = (run["time"], run["v(b)"])
        #expect(abs((time.last ?? 0) - 30e-9) < 1e-15)
        let last = try #require(voltage.lastIndex { $0 < -1e-3 })
        #expect(abs(time[last] - 21.394e-9) < 0.01e-9, "\(time[last])")
    }

    /// Stored charge in series: what one diode gives back holds the others.
    @Test(arguments: [0.0, 900], ["0.7n", "5n"])
    func chainsOfThemSnapOffOneByOne(seriesResistance: Double, transit: String) throws {
        let run = try simulate(
            """
            snap-off of a chain beside a diode
            v1 in 0 pulse(4 -3 5n 0.1n 0.1n 20n 50n)
            r1 in a 1k
            r3 a vcc 7.5k
            vcc vcc 0 5
            d1 a b dd
            r2 b 0 200
            d2 a p dd
            d3 p q dd
            d4 q 0 dd
            .model dd d(tt=\(transit) rs=\(seriesResistance) bv=10)
            .tran 0.1n 100n
            .print tran v(a) v(b)
            .end
            """)
        // With all diodes off r1 and r3 divide to −2.0588 V.
        let voltage = run["v(a)"]
        #expect(voltage.allSatisfy { $0 > -2.06 && $0 < 3 })
        #expect(abs((voltage.min() ?? 0) + 35 / 17.0) < 1e-3)
        #expect(abs((voltage.last ?? 0) - voltage[0]) < 0.02)
    }
}
