import ComplexModule
import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// XSPICE's analog code models against their formulas.
@Suite struct CodeModelTests {
    /// Currents of outputs flow from their node into the model, as ngspice 39 has them.
    @Test func formulasOfTheInputs() throws {
        let run = try simulate(
            """
            t
            v1 a 0 2
            v2 b 0 -3
            a1 a g1 amp
            .model amp gain(in_offset=0.5 gain=4 out_offset=-1)
            a2 [a b %vd(a b)] s1 add
            .model add summer(in_offset=[1 0 0] in_gain=[1.0 2.0
            + 3.0] out_gain=2 out_offset=0.25)
            a3 [a b] m1 times
            .model times mult(in_gain=[2 1] out_gain=0.5)
            a4 a b d1 over
            .model over divide(out_gain=3)
            a5 a %vd(l1 b) clip
            .model clip limit(gain=5 out_lower_limit=-2 out_upper_limit=4)
            a6 a p1 bend
            .model bend pwl(x_array=[-1 0 1] y_array=[0 0 5])
            a7 a %i(c1) source
            a8 a %id(0 c2) source
            .model source gain(gain=1m)
            r1 c1 0 1k
            r2 c2 0 1k
            .op
            .print op v(g1) v(s1) v(m1) v(d1) v(l1) v(p1) v(c1) v(c2)
            .end
            """)
        let expected = [
            ("g1", 9.0), ("s1", 24.25), ("m1", -6.0), ("d1", -2.0), ("l1", 1.0), ("p1", 10.0), ("c1", -2.0),
            ("c2", 2.0),
        ]
        for (name, value) in expected {
            #expect(abs(run["v(\(name))"][0] - value) < 1e-9, "\(name): \(run["v(\(name))"])")
        }
    }

    @Test func integralsSlopesAndTransferFunctions() throws {
        let run = try simulate(
            """
            t
            v1 a 0 dc 0 ac 1 pwl(0 0 1m 1)
            a1 a i1 sum
            .model sum int(in_offset=1 gain=1k out_ic=0.5)
            a2 a d1 slope
            .model slope d_dt(gain=1m out_offset=2)
            a3 a x1 filter
            .model filter s_xfer(gain=2 num_coeff=[1 0] den_coeff=[1 0.5 1] denormalized_freq=1e4)
            .tran 1u 1m
            .ac lin 1 2k 2k
            .print tran v(i1) v(d1)
            .print ac v(x1)
            .end
            """)
        let tran = try #require(run.table(.transient))
        #expect(abs((tran["v(i1)"]?.last ?? 0) - (0.5 + 1 + 0.5)) < 1e-6)
        #expect(abs((tran["v(d1)"]?.last ?? 0) - 3) < 1e-6)
        let s = Complex(0, 2 * Double.pi * 2000 / 1e4)
        let expected: Complex<Double> = Complex(2) * s / (s * s + Complex(0.5) * s + Complex(1))
        let ac = try #require(run.table(.ac))
        #expect(abs((ac["re(v(x1))"]?[0] ?? 0) - expected.real) < 1e-9)
        #expect(abs((ac["im(v(x1))"]?[0] ?? 0) - expected.imaginary) < 1e-9)
    }

    @Test(arguments: [
        ("a1 in x m\n.model m int(out_upper_limit=5)", "'out_upper_limit' of model 'm' is not there"),
        ("a1 [in in] x m\n.model m gain(gain=2)", "takes 1 input(s)"),
        ("a1 %i(in) x m\n.model m gain(gain=2)", "is a current"),
        ("a1 %d(in) x m\n.model m gain(gain=2)", "port of type %d"),
        ("a1 in x m\n.model m s_xfer(num_coeff=[1])", "needs num_coeff and den_coeff"),
        ("a1 in x m\n.model m summer(in_gain=[one])", "'one' is no number"), ("a1 m\n.model m gain", "needs an input"),
    ])
    func mistakesAreTold(_ cards: String, _ message: String) {
        let loaded = Simulation.load(text: "t\nv1 in 0 1\nr1 in 0 1\n\(cards)\n.op\n.end\n")
        #expect(
            loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) },
            "\(loaded.diagnostics.all.map(\.message))")
    }
}
