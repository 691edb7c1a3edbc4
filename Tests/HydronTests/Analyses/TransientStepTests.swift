import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// What the first number of `.tran` bounds.
@Suite struct TransientStepTests {
    static let text = """
        steps
        v1 a 0 1
        r1 a b 1k
        c1 b 0 1n ic=0
        .tran 10n 100u uic
        .print tran v(b)
        .end
        """

    @Test("Xyce's users give the first step, others' the longest one") func firstOrLongest() throws {
        let xyce = try simulate(Self.text, dialect: .xyce)
        let ngspice = try simulate(Self.text)
        #expect(ngspice["time"].count >= 10_000)
        let times = xyce["time"]
        #expect(times.count < 500, "\(times.count)")
        let longest = zip(times.dropFirst(), times).map { $0 - $1 }.max() ?? 0
        #expect(longest > 1e-6 && longest <= 2e-6 * (1 + 1e-12), "\(longest)")
        for (t, v) in zip(times, xyce["v(b)"]) where t > 0 {
            #expect(abs(v - (1 - exp(-t / 1e-6))) < 1e-3)
        }
    }

    /// A capacitance or inductance that is an expression goes by its rate, which rounding alone moves while the circuit
    /// rests: it takes the points of one that is a number, and its curve.
    @Test func ratesAtRestCostNothing() throws {
        func run(_ parts: String) throws -> RunResult {
            try simulate(
                """
                t
                v1 a 0 dc 1.3 pulse(1.3 2.1 1u 0.3u 0.2u 3u 9u)
                r1 a c 400
                c1 c 0 50p
                r2 c d 100
                c3 a c 40p
                \(parts)
                .tran 10n 10u 0 10n
                .options reltol=1e-5
                .print tran v(c) v(d)
                .end
                """)
        }
        let plain = try run("c2 c 0 100p\nl1 d 0 10u")
        let made = try run("c2 c 0 c='100p*(1+0*v(c))'\nl1 d 0 l='10u*(1+0*i(l1))'")
        #expect(made["time"].count < 2 * plain["time"].count)
        for name in ["v(c)", "v(d)"] {
            for (time, value) in zip(plain["time"], plain[name]) {
                #expect(abs(interpolate(made["time"], made[name], at: time) - value) < 2e-4)
            }
        }
    }

    /// With v = ddt(v(b)²) of a node behind RC, 2 v(b) (v(a) − v(b))/RC in every row. The trapezoidal rule's zigzag about
    /// it made steps shorter and shorter.
    @Test func ratesDoNotZigzag() throws {
        let result = try simulate(
            """
            t
            v1 a 0 sin(0.3902 1.066 100.5k)
            r1 a b 1k
            c1 b 0 275.1p
            b1 c 0 v={ddt(v(b)*v(b))*427.2n}
            rc c 0 1k
            .tran 10n 10u 0 10n
            .options reltol=1e-5 vntol=1e-8
            .print tran v(a) v(b) v(c)
            .end
            """)
        #expect(result["time"].last == 1e-5 && result["time"].count < 10_000)
        let (a, b, c) = (result["v(a)"], result["v(b)"], result["v(c)"])
        for row in a.indices.dropFirst() {
            let expected = 427.2e-9 * 2 * b[row] * (a[row] - b[row]) / (1e3 * 275.1e-12)
            #expect(abs(c[row] - expected) < 3e-4, "\(result["time"][row])")
        }
    }
}
