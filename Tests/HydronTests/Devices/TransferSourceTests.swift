import ComplexModule
import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// LAPLACE, POLE, FREQ, DELAY and `delay()` against closed forms.
@Suite struct TransferSourceTests {
    private let tau = 1e-3
    private func first(_ table: Table, _ name: String) -> Double { table[name]?.first ?? .nan }

    /// Every spelling of 1/(1 + sτ) gives the step's 1 − e^(−t/τ), the small signal's 1/(1 + jωτ) and 1 at rest.
    @Test(arguments: [
        ("laplace {v(in)} = {1/(1+s*1m)}", Dialect.ngspice), ("LAPLACE {V(in)} {1/(1+s*1m)}", .ngspice),
        ("laplace={v(in)} {1000/(s+1000)}", .ngspice), ("in 0 Laplace=1/(1+s*1m)", .ltspice),
        ("in 0 Laplace=\"1 / (1+s*1m)\" window=1 nfft=1024", .ltspice), ("laplace in 0 1 / 1 1m", .hspice),
        ("pole in 0 1000 / 1 1000 0", .hspice), ("LAPLACE {V(IN)}={1/(1+s*1m)}", .xyce),
        ("laplace {v(in)} {pow(1+s*1m,-1)}", .ngspice), ("laplace {v(in)} {(1+s*1m)**-1}", .ngspice),
        ("laplace {v(in)} {(2+s)/((2+s)*(1+s*1m))}", .ngspice),
    ])
    func spellingsOfALowPass(_ card: String, _ dialect: Dialect) throws {
        for (element, load) in [("e1 out 0", ""), ("g1 0 out", "r2 out 0 1\n")] {
            let run = try simulate(
                """
                t
                v1 in 0 dc 0 ac 1 pwl(0 0 1n 1)
                \(element) \(card)
                r1 out 0 1e12
                \(load).ac lin 1 300 300
                .tran 10u 4m 0 10u
                .print ac v(out)
                .print tran v(out)
                .end
                """, dialect: dialect)
            let ac = try #require(run.table(.ac))
            let expected = Complex(1.0) / Complex(1, 2 * Double.pi * 300 * tau)
            #expect(abs(first(ac, "re(v(out))") - expected.real) < 1e-9, "\(card)")
            #expect(abs(first(ac, "im(v(out))") - expected.imaginary) < 1e-9)
            for time in [0.5e-3, 1e-3, 3e-3] {
                let found = interpolate(run["time"], run["v(out)"], at: time)
                #expect(abs(found - (1 - exp(-time / tau))) < 5e-5, "\(card) at \(time)")
            }
        }
    }

    /// A resonance, an integrator in a loop, a differentiator, and poles nine decades apart.
    @Test func ordersAndScales() throws {
        let run = try simulate(
            """
            t
            v1 in 0 dc 1 ac 1
            e1 a 0 laplace {v(in)} {1e12/(s^2+1e5*s+1e12)}
            e2 b 0 laplace {v(in)-v(b)} {1000/s}
            e3 c 0 laplace {v(in)} {s*1u/(1+s*1n)}
            e4 d 0 laplace {v(in)} {1/((1+s)*(1+s/1e3)*(1+s/1e9))}
            e5 e 0 laplace {v(in)} {s*1u}
            r1 a 0 1
            .op
            .ac lin 1 1e5 1e5
            .print op v(a) v(b) v(c) v(d) v(e)
            .print ac v(a) v(b) v(c) v(d) v(e)
            .end
            """)
        let op = try #require(run.table(.operatingPoint))
        for (name, expected) in [("v(a)", 1.0), ("v(b)", 1), ("v(c)", 0), ("v(d)", 1), ("v(e)", 0)] {
            #expect(abs(first(op, name) - expected) < 1e-9, "\(name)")
        }
        let ac = try #require(run.table(.ac))
        let s = Complex(0, 2 * Double.pi * 1e5)
        let resonance: Complex<Double> = Complex(1e12) / (s * s + Complex(1e5) * s + Complex(1e12))
        let loop: Complex<Double> = Complex(1000) / (s + Complex(1000))
        let slope: Complex<Double> = s * Complex(1e-6) / (Complex(1) + s * Complex(1e-9))
        let slow: Complex<Double> = (Complex(1) + s) * (Complex(1) + s / Complex(1e3))
        let chain: Complex<Double> = Complex(1) / (slow * (Complex(1) + s / Complex(1e9)))
        let expected = [("a", resonance), ("b", loop), ("c", slope), ("d", chain), ("e", s * Complex(1e-6))]
        for (name, value) in expected {
            let found = Complex(first(ac, "re(v(\(name)))"), first(ac, "im(v(\(name)))"))
            #expect((found - value).length < 1e-9 * value.length, "\(name): \(found), not \(value)")
        }
    }

    /// A delay arrives late and whole, in time, at rest and as a phase.
    @Test(arguments: [
        ("e1 out 0 laplace {v(in)} {exp(-s*1m)}", Dialect.ngspice), ("e1 out 0 delay in 0 td=1m", .hspice),
        ("b1 out 0 v=absdelay(v(in),1m)", .ngspice), ("b1 out 0 v=delay(v(in),1m,5m)", .ltspice),
    ])
    func delays(_ card: String, _ dialect: Dialect) throws {
        let run = try simulate(
            """
            t
            v1 in 0 dc 0 ac 1 pwl(0 0 1m 1 2m 0)
            \(card)
            r1 out 0 1k
            .ac lin 1 100 100
            .tran 10u 4m
            .print ac v(out)
            .print tran v(out)
            .end
            """, dialect: dialect)
        let ac = try #require(run.table(.ac))
        let angle = -2 * Double.pi * 100 * 1e-3
        #expect(abs(first(ac, "re(v(out))") - cos(angle)) < 1e-9 && abs(first(ac, "im(v(out))") - sin(angle)) < 1e-9)
        for (time, expected) in [(0.9e-3, 0.0), (1.5e-3, 0.5), (2e-3, 1), (2.5e-3, 0.5), (3.5e-3, 0)] {
            #expect(abs(interpolate(run["time"], run["v(out)"], at: time) - expected) < 1e-6, "\(time)")
        }
    }

    /// What is no quotient of polynomials holds at frequencies and at rest, and a transient refuses it by name.
    @Test func otherFunctionsHoldAtFrequencies() throws {
        let text = """
            t
            v1 in 0 dc 2 ac 1
            .param k=3
            e1 out 0 laplace {v(in)} {k/(1+sqrt(s))}
            e2 tab 0 freq {v(in)} = (0,6.0205999132796239,0) (100,6.0205999132796239,0) (10k,-13.979400086720377,-90)
            r1 out 0 1k
            r2 tab 0 1k
            .op
            .ac lin 1 1k 1k
            .print op v(out) v(tab)
            .print ac v(out) v(tab)

            """
        let run = try simulate(text + ".end\n")
        let op = try #require(run.table(.operatingPoint))
        #expect(abs(first(op, "v(out)") - 6) < 1e-9 && abs(first(op, "v(tab)") - 4) < 1e-9)
        let ac = try #require(run.table(.ac))
        let expected = Complex(3.0) / (Complex(1.0) + Complex.sqrt(Complex(0, 2000 * Double.pi)))
        #expect(abs(first(ac, "re(v(out))") - expected.real) < 1e-12)
        #expect(abs(first(ac, "im(v(out))") - expected.imaginary) < 1e-12)
        // Half way between 100 Hz and 10 kHz: the mean level and angle.
        let table = Complex(length: (2.0 * 0.2).squareRoot(), phase: -Double.pi / 4)
        #expect(
            abs(first(ac, "re(v(tab))") - table.real) < 1e-9 && abs(first(ac, "im(v(tab))") - table.imaginary) < 1e-9)

        let failure = #expect(throws: NetlistFailure.self) { try simulate(text + ".tran 1u 1m\n.end\n") }
        #expect(failure?.description.contains("known at frequencies alone") == true)
        #expect(failure?.description.contains(":4:1") == true)
    }

    @Test(arguments: [
        ("e1 a 0 laplace {v(in)} {exp(s*1m)}", "ahead of its input"),
        ("e1 a 0 laplace {v(in)}", "needs an input and a transfer function"),
        ("e1 a 0 laplace {v(in)} {v(in)*s}", "constant"),
        ("e1 a 0 laplace in 0 1 2", "above and below"), ("e1 a 0 chebyshev {v(in)} lp 1k", "is not there"),
        ("b1 a 0 v=idt(v(in),0,v(in)>1)", "set back"), ("b1 a 0 v=delay(v(in),v(in))", "constant"),
    ])
    func mistakesAreTold(_ card: String, _ message: String) throws {
        let loaded = Simulation.load(text: "t\nv1 in 0 1\n\(card)\nr1 a 0 1k\n.op\n.end\n")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }

    /// An integrator that nothing holds has no operating point; from given conditions it integrates.
    @Test func integratorsNeedALoopAtRest() throws {
        let circuit = "t\nv1 in 0 1\ne1 out 0 laplace {v(in)} {1/s}\nr1 out 0 1k\n"
        let failure = #expect(throws: NetlistFailure.self) { try simulate(circuit + ".op\n.end\n") }
        #expect(failure?.description.contains("nothing determines the output of e1 at rest") == true)
        #expect(failure?.description.contains(":3:1") == true)
        let run = try simulate(circuit + ".tran 10u 2m uic\n.print tran v(out)\n.end\n")
        #expect(abs((run["v(out)"].last ?? 0) - 2e-3) < 1e-9)
    }

    /// Nodes may have the names of these words.
    @Test func wordsAreNodesToo() throws {
        let run = try simulate(
            """
            t
            v1 freq 0 2
            v2 delay 0 1
            v3 opamp 0 5
            e1 a 0 freq delay 3
            e2 b 0 delay 0 3
            e3 c 0 opamp delay 2
            .op
            .print op v(a) v(b) v(c)
            .end
            """)
        #expect(run["v(a)"][0] == 3 && run["v(b)"][0] == 3 && run["v(c)"][0] == 8)
    }
}
