import Foundation
import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// `.ac` against closed forms.
@Suite struct SmallSignalTests {
    /// A low-pass: magnitude, phase and decibels at its corner and off it.
    @Test func aLowPassFollowsItsClosedForm() throws {
        let result = try simulate(
            """
            low-pass
            v1 in 0 dc 0 ac 2 30
            r1 in out 1k
            c1 out 0 1u
            .ac dec 10 1 100k
            .print ac v(out) vm(out) vp(out) vdb(out) vr(in,out) i(v1)
            .end
            """)
        let table = try #require(result.tables.last)
        let frequencies = table["frequency"] ?? []
        #expect(frequencies.count == 51)
        #expect(table.header.isComplex)
        for (row, frequency) in frequencies.enumerated() {
            let w = 2 * Double.pi * frequency * 1e-3
            let phase = 30 - atan(w) * 180 / .pi
            let magnitude = 2 / (1 + w * w).squareRoot()
            func near(_ name: String, _ expected: Double) {
                #expect(abs((table[name]?[row] ?? .nan) - expected) < 1e-9 * max(1, abs(expected)))
            }
            near("vm(out)", magnitude)
            near("vp(out)", phase)
            near("vdb(out)", 20 * log10(magnitude))
            near("vr(in,out)", 2 * cos(.pi / 6) - magnitude * cos(phase * .pi / 180))
        }
    }

    /// What an expression makes of constants and of time is no small signal; what it makes of the solution is.
    @Test func expressionsExciteNothing() throws {
        let result = try simulate(
            """
            supply
            v1 in 0 dc 1 ac 1
            b1 a 0 v={2+cos(3*time)}
            r1 a 0 1k
            b2 0 b i={1m*temper}
            r2 b 0 1k
            b3 c 0 v={2.5*v(in)+1}
            r3 c 0 1k
            .ac lin 1 1k 1k
            .print ac v(a) i(b1) v(b) v(c)
            .end
            """)
        let table = try #require(result.tables.last)
        for name in ["re(v(a))", "im(v(a))", "re(i(b1))", "re(v(b))", "im(v(b))", "im(v(c))"] {
            #expect(table[name]?.first == 0, "\(name)")
        }
        #expect(table["re(v(c))"]?.first == 2.5)
    }

    /// Small signals of a diode and of a transistor are their slopes at the operating point.
    @Test func slopesAreThoseOfTheOperatingPoint() throws {
        let result = try simulate(
            """
            slopes
            .model d d(is=1e-14)
            .model m nmos(vto=0.7 kp=100u)
            i1 0 a dc 1m ac 1u
            d1 a 0 d
            vg g 0 dc 1.7 ac 1
            vd d 0 3
            m1 d g 0 0 m w=10u l=1u
            .ac lin 1 1k 1k
            .print ac vm(a) vr(a) i(vd)
            .end
            """)
        let table = try #require(result.tables.last)
        #expect(abs((table["vm(a)"]?.first ?? 0) - 1e-6 * 0.02586493 / 1e-3) < 1e-9)
        // gm = 2 id/vgst = 1 mA/V² · 1 V
        #expect(abs((table["i(vd)"]?.first ?? 0) + 1e-3) < 1e-9)
    }

    /// Where the network is linear, amplitudes don't depend on the voltage at which floating nodes rest.
    @Test func aLinearNetworkThatFloatsHasSmallSignals() throws {
        let text = """
            1 mA into a ladder that only capacitors hold
            i1 0 a ac 1m
            r1 a b 1k
            c1 b 0 1u
            .ac lin 1 1k 1k
            .print ac v(a)
            """
        let result = try simulate(text)
        let table = try #require(result.tables.last)
        #expect(abs((table["re(v(a))"]?[0] ?? .nan) - 1) < 1e-9)
        #expect(abs((table["im(v(a))"]?[0] ?? .nan) + 1e-3 / (2 * Double.pi * 1e3 * 1e-6)) < 1e-9)
        #expect(result.report.diagnostics.all.contains { $0.message.contains("small signals of a linear circuit") })
        // A diode feels where its nodes rest, and an operating point is asked for itself.
        for other in ["d1 a b dd\n.model dd d", ".op"] {
            #expect { try simulate(text + "\n" + other) } throws: { "\($0)".contains("no path for direct current") }
        }
    }

    /// So have noise, S-parameters and poles.
    @Test func noiseWavesAndPolesOfOneThatFloats() throws {
        let noise = try simulate(
            """
            the noise of r1 alone reaches node a: 4kTR
            i1 0 a ac 1
            r1 a b 1k
            c1 b 0 1u
            .noise v(a) i1 lin 1 1k 1k
            .print noise onoise
            """)
        let density = (4 * PhysicalConstants.boltzmann * 300.15 * 1e3).squareRoot()
        #expect(abs((noise.tables.last?["onoise"]?.first ?? .nan) - density) < 1e-6 * density)

        let waves = try simulate(
            """
            two capacitors in series between ports, a node between them
            v1 a 0 dc 0 ac 1 portnum 1 z0 50
            v2 c 0 dc 0 ac 0 portnum 2 z0 50
            c1 a b 2p
            c2 b c 2p
            .sp lin 1 1g 1g
            """)
        let reactance = 1 / (2 * Double.pi * 1e9 * 1e-12)
        let table = try #require(waves.tables.last)
        let s21 = hypot(table["re(s_2_1)"]?.first ?? .nan, table["im(s_2_1)"]?.first ?? .nan)
        #expect(abs(s21 - 100 / hypot(100, reactance)) < 1e-9, "\(table.header.columns.map(\.name))")

        let poles = try simulate(
            """
            charge that stays, and 1 nF through 1 kΩ into 1 µF
            i1 1 0 ac 1
            r1 1 2 1k
            c1 2 0 1u
            c2 1 0 1n
            .pz 1 0 2 0 cur pol
            """)
        let real = (poles.tables.last?["real"] ?? []).sorted()
        try #require(real.count == 2)
        #expect(abs(real[0] + 1.001e6) < 1 && abs(real[1]) < 1e-3)
    }

    @Test func stepsAndSeveralAnalysesGoTogether() throws {
        let result = try simulate(
            """
            t
            .param r=1k
            v1 a 0 1 ac 1
            r1 a b {r}
            r2 b 0 1k
            .step param r list 1k 3k
            .op
            .ac lin 2 1 2
            .print ac vm(b)
            .end
            """)
        #expect(result.tables.map(\.header.kind) == [.operatingPoint, .ac])
        let values = result.tables[1]["vm(b)"] ?? []
        #expect(values.count == 4)
        for (value, expected) in zip(values, [0.5, 0.5, 0.25, 0.25]) { #expect(abs(value - expected) < 1e-12) }
    }

    @Test(arguments: [
        (".ac dec 5 0 1k", "the frequencies of .ac go from 0 to 1000 Hz"),
        (".ac dec 5 1k 1", "the frequencies of .ac go from 1000 to 1 Hz"),
        (".ac 5 1 10", ".ac needs a shape, a number of points and two frequencies"),
        (".ac dec 0 1 10", ".ac needs at least one point"),
        (".ac dec 1 1 10\n.print ac v(q)", "no node 'q'"),
    ])
    func mistakesAreNamed(_ card: String, _ message: String) {
        let loaded = Simulation.load(text: "t\nv1 a 0 1 ac 1\nr1 a 0 1k\n\(card)\n.end")
        let messages = loaded.diagnostics.all.filter { $0.severity == .error }.map(\.message)
        #expect(messages.contains { $0.contains(message) }, "\(messages)")
    }

    /// Expressions act on complex amplitudes; currents of elements are their small signals, parameters stay as they are.
    @Test func expressionsAreComplex() throws {
        let result = try simulate(
            """
            t
            .model d d(is=1e-14 cjo=2p)
            v1 in 0 dc 0.7 ac 1
            r1 in out 1k
            c1 out 0 1n
            d1 out 0 d
            .param k=2
            .ac lin 2 10k 100k
            .print ac {k*v(in)/v(out)} {db(v(out))} {abs(v(out)*k)} {real(v(out))} {img(v(out))} {ph(v(out))}
            + {2*pi*freq} r1:r {v(out)*v(out)} i(r1) i(c1) i(d1) i(v1) vdb(out) vr(out) vi(out) vm(out) {sqrt(-v(in))}
            .end
            """, dialect: .xyce)
        let table = try #require(result.tables.last)
        func column(_ name: String) -> [Double] { table[name] ?? [.nan, .nan] }
        func imaginary(_ name: String) -> [Double] {
            table["im(\(name))"] ?? [.nan, .nan]
        }
        for row in 0..<2 {
            let (a, b) = (column("vr(out)")[row], column("vi(out)")[row])
            let square = a * a + b * b
            func near(_ found: Double, _ expected: Double) {
                #expect(abs(found - expected) < 1e-8 * max(abs(expected), 1e-6), "\(found) \(expected)")
            }
            near(column("{k*v(in)/v(out)}")[row], 2 * a / square)
            near(imaginary("{k*v(in)/v(out)}")[row], -2 * b / square)
            near(column("{db(v(out))}")[row], column("vdb(out)")[row])
            near(column("{abs(v(out)*k)}")[row], 2 * square.squareRoot())
            near(column("{real(v(out))}")[row], a)
            near(column("{img(v(out))}")[row], b)
            near(column("{ph(v(out))}")[row], atan2(b, a))
            near(column("{2*pi*freq}")[row], 2 * .pi * [1e4, 1e5][row])
            near(column("r1:r")[row], 1e3)
            near(column("{v(out)*v(out)}")[row], a * a - b * b)
            near(imaginary("{v(out)*v(out)}")[row], 2 * a * b)
            near(imaginary("{sqrt(-v(in))}")[row].magnitude, 1)
            // Kirchhoff: what the resistor brings, capacitor and diode take.
            near(column("i(r1)")[row], -column("i(v1)")[row])
            near(imaginary("i(r1)")[row], -imaginary("i(v1)")[row])
            near(column("i(c1)")[row] + column("i(d1)")[row], column("i(r1)")[row])
            near(imaginary("i(c1)")[row] + imaginary("i(d1)")[row], imaginary("i(r1)")[row])
        }
    }

    /// `.ac data=` and `.noise … data=`: frequencies and parameters row by row, each set with an operating point of its own.
    @Test func tablesSweepFrequenciesAndParameters() throws {
        let result = try simulate(
            """
            t
            .param r=1k bias=1m
            .model d d(is=1e-14)
            i1 0 a dc {bias} ac 1
            d1 a b d
            r1 b 0 {r}
            .data rows r freq bias
            + 1k 10 1m
            + 1k 1k 1m
            + 2k 10 2m
            .enddata
            .ac data=rows
            .noise v(a) i1 data=rows
            .print ac vr(a) {r}
            .print noise dno(r1)
            .end
            """)
        let table = result.tables[0]
        #expect(table["frequency"] == [10, 1000, 10])
        #expect(table["{r}"] == [1e3, 1e3, 2e3])
        let slope = PhysicalConstants.boltzmannOverCharge * 300.15
        for (found, expected) in zip(
            table["vr(a)"] ?? [], [1e3 + slope / 1e-3, 1e3 + slope / 1e-3, 2e3 + slope / 2e-3])
        {
            #expect(abs(found - expected) < 1e-5 * expected)
        }
        for (found, resistance) in zip(result.tables[1]["dno(r1)"] ?? [], [1e3, 1e3, 2e3]) {
            let expected = (4 * PhysicalConstants.boltzmann * 300.15 * resistance).squareRoot()
            #expect(abs(found - expected) < 1e-9 * expected)
        }
    }

    @Test(arguments: [
        (".data t x\n+ 1\n.enddata\n.param x=1\n.ac data=t", "has no column 'freq'"),
        (".ac data=q", "no .data 'q'"), (".data t freq\n+ -1\n.enddata\n.ac data=t", "a frequency of -1.0 Hz"),
    ])
    func mistakesInTablesAreNamed(_ cards: String, _ message: String) {
        let loaded = Simulation.load(text: "t\nv1 a 0 ac 1\nr1 a 0 1k\n\(cards)\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }

    /// Elements may change with frequency: a resistor of skin effect, and what is printed of it.
    @Test func elementsMayDependOnFrequency() throws {
        let result = try simulate(
            """
            skin effect
            v1 in 0 dc 0 ac 1 45
            r1 in out {10*sqrt(hertz)}
            r2 out 0 1k
            .ac dec 4 100 1meg
            .print ac vm(out) @r1[r] @v1[acmag] @v1[acphase]
            .end
            """)
        let table = try #require(result.tables.last)
        let frequencies = table["frequency"] ?? []
        #expect(frequencies.count == 17)
        for (row, frequency) in frequencies.enumerated() {
            let r = 10 * frequency.squareRoot()
            #expect(abs((table["vm(out)"]?[row] ?? 0) - 1000 / (1000 + r)) < 1e-12)
            #expect(abs((table["@r1[r]"]?[row] ?? 0) - r) < 1e-9 * r)
        }
        #expect(table["@v1[acmag]"]?.first == 1)
        #expect(table["@v1[acphase]"]?.first == 45)
    }
}
