import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// `.noise` against closed forms and another simulator's numbers.
@Suite struct NoiseTests {
    private func run(_ text: String, dialect: Dialect = .ngspice) throws -> Table {
        let result = try simulate(text, dialect: dialect)
        return try #require(result.tables.last)
    }

    /// A divider of two resistors sees 4 k T of both in parallel; referred to the input, over the square of the gain.
    @Test(arguments: [-40.0, 27, 125]) func aDividerMakesTheNoiseOfItsResistance(_ celsius: Double) throws {
        let table = try run(
            """
            t
            v1 in 0 dc 1 ac 0.3
            r1 in out 1k
            r2 out 0 3k
            .temp \(celsius)
            .noise v(out) v1 lin 2 1k 2k
            .print noise onoise inoise dno(r1) dni(r2)
            .end
            """)
        let density = 4 * PhysicalConstants.boltzmann * (celsius + PhysicalConstants.zeroCelsius)
        func near(_ name: String, _ expected: Double) {
            #expect(abs((table[name]?.last ?? 0) - expected) < 1e-12 * expected, "\(name)")
        }
        near("onoise", (density * 750).squareRoot())
        near("inoise", (density * 750).squareRoot() / 0.75)
        near("dno(r1)", (density / 1e3).squareRoot() * 750)
        near("dni(r2)", (density / 3e3).squareRoot() * 750 / 0.75)
    }

    /// What the source cannot reach at all counts as reached by a gain of 1e-10, as in SPICE3.
    @Test func noiseOfAnOutputThatTheSourceDoesNotReachIsFinite() throws {
        let table = try run(
            """
            t
            v1 a 0 ac 1
            r1 a 0 1k
            r2 out 0 1k
            .noise v(out) v1 lin 1 1k 1k
            .print noise onoise inoise dni(r2) dni(r1)
            .end
            """)
        let noise = try #require(table["onoise"]?.last)
        #expect(noise > 0)
        for name in ["inoise", "dni(r2)"] {
            #expect(try abs(#require(table[name]?.last) - 1e10 * noise) < 1e-6 * noise * 1e10, "\(name)")
        }
        #expect(table["dni(r1)"]?.last == 0)
    }

    /// Xyce counts the input's noise in units of the source's AC magnitude, and gives squares.
    @Test func xyceRefersToTheMagnitudeOfTheSource() throws {
        let table = try run(
            """
            t
            v1 in 0 dc 1 ac 0.3
            r1 in out 1k
            r2 out 0 3k
            .noise v(out) v1 lin 2 1k 2k
            .print noise onoise inoise
            .end
            """, dialect: .xyce)
        let ratio = (table["inoise"]?.last ?? 0) / (table["onoise"]?.last ?? 1)
        #expect(abs(ratio - 1 / (0.3 * 0.75 * 0.3 * 0.75)) < 1e-9)
        #expect(table.header.columns.first?.name == "freq")
    }

    /// Over all frequencies a capacitor has k T/C, whatever the resistor is.
    @Test(arguments: [1e3, 1e5]) func aCapacitorIntegratesToKTByC(_ resistance: Double) throws {
        let loaded = Simulation.load(
            text: """
                t
                v1 in 0 dc 0 ac 1
                r1 in out \(resistance)
                c1 out 0 1n
                .noise v(out) v1 dec 40 0.1 1e12
                .end
                """)
        let simulation = try #require(loaded.simulation)
        let report = simulation.run(TableRecorder())
        #expect(report.failure == nil)
        let noise = try #require(report.analyses.last?.noise)
        let expected = (PhysicalConstants.boltzmann * 300.15 / 1e-9).squareRoot()
        #expect(abs(noise.output - expected) < 2e-4 * expected, "\(noise.output) \(expected)")
    }

    /// Xyce gives squares; a resistor with `noisy=0` is silent; a current source refers noise to amperes.
    @Test func dialectsAndSilentResistors() throws {
        let text = """
            t
            i1 0 out dc 0 ac 1
            r1 out 0 1k
            r2 out 0 1k noisy=0
            .noise v(out) i1 dec 1 1k 1k
            .print noise onoise inoise {log10(onoise)} vr(out)
            .end
            """
        let density = 4 * PhysicalConstants.boltzmann * 300.15 / 1e3
        let squares = try run(text, dialect: .xyce)
        #expect(abs((squares["onoise"]?.first ?? 0) - density * 250_000) < 1e-12 * density * 250_000)
        #expect(abs((squares["inoise"]?.first ?? 0) - density) < 1e-12 * density)
        #expect(abs((squares["{log10(onoise)}"]?.first ?? 0) - log10(density * 250_000)) < 1e-9)
        #expect(abs((squares["vr(out)"]?.first ?? 0) - 500) < 1e-9)
        #expect(squares.header.columns[2].quantity == .currentPowerDensity)
        let roots = try run(text)
        #expect(abs((roots["inoise"]?.first ?? 0) - density.squareRoot()) < 1e-12 * density.squareRoot())
    }

    /// ngspice's vectors are called `onoise_spectrum` and `inoise_spectrum`; its elements of subcircuits `r.x1.r1`.
    @Test func ngspicesNamesAreUnderstood() throws {
        let table = try run(
            """
            t
            v1 in 0 ac 1
            x1 in out s
            .subckt s a b
            r1 a b 1k
            r2 b 0 1k
            .ends
            .noise v(out) v1 dec 1 1 10
            .print noise onoise onoise_spectrum inoise inoise_spectrum
            .end
            """)
        let onoise = try #require(table["onoise"])
        #expect(onoise == table["onoise_spectrum"] && table["inoise"] == table["inoise_spectrum"] && onoise[0] > 0)
        let result = try simulate(
            """
            t
            v1 in 0 2
            x1 in out s
            .subckt s a b
            r1 a b 1k
            v2 b c 0
            r2 c 0 1k
            .ends
            .op
            .print op i(v.x1.v2) i(x1.v2) @r.x1.r1[i] @x1.r1[i] @v1[current] @r.x1.r1[resistance]
            .end
            """)
        #expect(abs(result["@v1[current]"][0] + 1e-3) < 1e-12)
        #expect(abs(result["@r.x1.r1[resistance]"][0] - 1000) < 1e-9)
        for name in ["i(v.x1.v2)", "i(x1.v2)", "@r.x1.r1[i]", "@x1.r1[i]"] {
            #expect(abs(result[name][0] - 1e-3) < 1e-12, "\(name)")
        }
    }

    /// Shot noise of a diode on its slope: 2 q I (n vt/I)²; flicker noise falls as 1/f.
    @Test func aDiodeMakesShotAndFlickerNoise() throws {
        let table = try run(
            """
            t
            .model d d(is=1e-14 kf=1e-12 af=1)
            i1 0 a dc 1m ac 1
            d1 a 0 d
            .noise v(a) i1 dec 1 1 10
            .print noise dni(d1,id) dni(d1,fn)
            .end
            """)
        let shot = (2 * PhysicalConstants.elementaryCharge * 1e-3).squareRoot()
        #expect(abs((table["dni(d1,id)"]?.first ?? 0) - shot) < 1e-5 * shot)
        let flicker = table["dni(d1,fn)"] ?? []
        #expect(abs((flicker.first ?? 0) - 1e-15.squareRoot()) < 1e-4 * 1e-15.squareRoot())
        #expect(abs((flicker.last ?? 0) - 1e-16.squareRoot()) < 1e-4 * 1e-16.squareRoot())
    }

    /// The channel of a proton resistor makes 4 k T G, and kf I²/f by its card.
    @Test func aProtonResistorsChannelIsAResistor() throws {
        let table = try run(
            """
            t
            .model p proton(gmin=3n gmax=100n kf=1e-6)
            v1 d 0 dc 0.1 ac 1
            r1 d a 1meg
            vg g 0 0
            p1 a 0 g p x0=0.5
            .noise v(a) v1 dec 1 100 1k
            .print noise dno(p1,id) dno(p1,fn) v(a) @p1[g] @p1[id]
            .end
            """)
        let conductance = table["@p1[g]"]?.first ?? 0
        let parallel = 1 / (conductance + 1e-6)
        let thermal = (4 * PhysicalConstants.boltzmann * 300.15 * conductance).squareRoot() * parallel
        #expect(abs((table["dno(p1,id)"]?.first ?? 0) - thermal) < 1e-4 * thermal)
        // Of 0.1 V the channel has its part.
        let current = 0.1 * 1e-6 * parallel * conductance
        let flicker = (1e-6 * current * current / 100).squareRoot() * parallel
        #expect(abs((table["dno(p1,fn)"]?.first ?? 0) - flicker) < 1e-4 * flicker)
    }

    /// ngspice 39 on an amplifier of a bipolar, a MOS and a junction field-effect transistor with a diode, all with
    /// flicker noise: `onoise_spectrum` and `inoise_spectrum` at 10 Hz, 15.8 Hz, 25.1 Hz.
    @Test func transistorsMakeTheNoiseOfAnotherSimulator() throws {
        let table = try run(
            """
            t
            .model qn npn(bf=100 rb=120 rc=20 re=1 cje=1p cjc=.5p tf=.3n kf=1e-14 af=1.2 vaf=60 ikf=20m)
            .model mn nmos(vto=0.7 kp=100u lambda=.02 gamma=.4 tox=20n kf=1e-25 af=1.1 cgso=.2n rd=20 rs=10)
            .model dd d(is=1e-14 rs=10 kf=1e-15 af=1 cjo=1p)
            .model jj njf(vto=-2 beta=1m lambda=.01 rd=20 rs=20 kf=1e-16 af=1 is=1e-14)
            vcc vcc 0 9
            vin in 0 dc 0 ac .1
            cin in b 10u
            r1 vcc b 82k
            r2 b 0 18k
            rc vcc c 3.3k
            re e 0 1k
            ce e e2 100u
            re2 e2 0 10
            q1 c b e qn
            m1 d c 0 0 mn w=50u l=2u
            rd vcc d 4.7k
            rg d g 100k
            d1 g k dd
            rk k 0 20k
            j1 vcc g s jj
            rs s 0 2.2k
            cl s 0 10p
            .noise v(s) vin dec 5 10 100meg 1
            .end
            """)
        for (row, expected) in [
            (9.73167795e-06, 3.19359260e-05), (7.73016991e-06, 1.68869914e-05), (6.14032155e-06, 9.43495196e-06),
        ].enumerated() {
            #expect(abs((table["onoise"]?[row] ?? 0) - expected.0) < 2e-6 * expected.0)
            #expect(abs((table["inoise"]?[row] ?? 0) - expected.1) < 2e-6 * expected.1)
        }
    }
}
