import ComplexModule
import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// What LTspice writes on cards of C, L, V and B: losses, strays, catalogue data, `x`.
@Suite struct StrayTests {
    /// A card with strays is the elements that they stand for, in small signals and as noise.
    @Test(arguments: [
        (
            "c1 a 0 1u rser=2 lser=1m rlshunt=50 rpar=300 cpar=2u m=2",
            "r1 a x 1\nl1 x y 0.5m\nr2 x y 25\nc1 y 0 2u\nr3 a 0 150\nc2 a 0 4u"
        ),
        ("l1 a 0 1m rser=3 rpar=100 cpar=1u", "r1 a x 3\nl1 x 0 1m\nr2 a 0 100\nc2 a 0 1u"),
        ("l1 a 0 {1m*(1+0*v(a))} rser=3 rpar=100 cpar=1u", "r1 a x 3\nl1 x 0 1m\nr2 a 0 100\nc2 a 0 1u"),
        ("b1 a 0 i=v(a)/1k rpar=100 cpar=1u", "r1 a 0 1k noisy=0\nr2 a 0 100\nc2 a 0 1u"),
    ])
    func straysAreElements(_ card: String, _ elements: String) throws {
        func run(_ cards: String) throws -> RunResult {
            try simulate(
                """
                t
                v1 in 0 dc 1 ac 1
                r0 in a 10
                \(cards)
                .ac dec 3 100 100k
                .noise v(a) v1 dec 3 100 100k
                .print ac v(a)
                .print noise onoise
                .end
                """)
        }
        let (found, wanted) = (try run(card), try run(elements))
        for (a, b) in zip(found.tables, wanted.tables) {
            for (one, other) in zip(a.columns + a.imaginaryColumns, b.columns + b.imaginaryColumns) {
                for (x, y) in zip(one, other) { #expect(abs(x - y) <= 1e-9 * max(abs(y), 1e-12)) }
            }
        }
    }

    /// A voltage source with a resistance divides; an inductor of LTspice across it takes 1 mΩ, and none where K couples it.
    @Test func sourcesAndInductorsOfLTspice() throws {
        let run = try simulate(
            """
            * divider
            V1 a 0 10 Rser=2
            R1 a 0 8
            V2 b 0 1
            L1 b 0 1m
            V3 c 0 1 Rser=1
            L2 c 0 1m
            L3 d 0 1m
            K1 L2 L3 0.5
            R3 d 0 1k
            L4 e 0 1m Rser=0
            R4 e 0 1
            .op
            .print op v(a) i(L1) v(c) i(L4)
            .end
            """,
            dialect: .ltspice)
        #expect(abs(run["v(a)"][0] - 8) < 1e-9)
        #expect(abs(run["i(l1)"][0] - 1000) < 1e-6)
        #expect(abs(run["v(c)"][0]) < 1e-12)
        // Elsewhere the loop has no resistance and is refused.
        #expect(throws: NetlistFailure.self) { try simulate("t\nv2 b 0 1\nl1 b 0 1m\n.op\n.end\n") }
    }

    /// Ratings and makers say nothing; elsewhere they are no parameters.
    @Test func catalogueDataIsDropped() throws {
        let cards = """
            * t
            V1 in 0 1
            R1 in a 1k tol=1 pwr=0.1
            C1 a 0 10µ V=25 Irms=5 Rser=0.005 Lser=0 mfg="TDK" pn="C3225" type="X7R"
            L1 a b 10µ Ipk=5 Rser=1 Rpar=0 Cpar=0 mfg="Maker" pn="XAL"
            R2 b 0 999
            .op
            .print op v(b)
            .end
            """
        #expect(abs(try simulate(cards, dialect: .ltspice)["v(b)"][0] - 999.0 / 2000) < 1e-9)
        #expect(Simulation.load(text: cards).diagnostics.all.contains { $0.message.contains("no parameter 'tol'") })
    }

    /// A charge of the voltage and a flux of the current, by `x`.
    @Test func chargesAndFluxesOfX() throws {
        let run = try simulate(
            """
            * t
            V1 a 0 PWL(0 0 1m 2)
            C1 a 0 Q=1u*x+1u*x**2
            I1 0 b PWL(0 0 1m 2)
            L1 b 0 Flux=1m*x+1m*x**3 Rser=0
            .tran 1u 1m
            .print tran i(C1) v(b)
            .end
            """, dialect: .ltspice)
        // i = (1u + 2u v) dv/dt; v = (1m + 3m i²) di/dt
        let middle = interpolate(run["time"], run["i(c1)"], at: 0.5e-3)
        #expect(abs(middle - 3e-6 * 2000) < 1e-5)
        #expect(abs(interpolate(run["time"], run["v(b)"], at: 0.5e-3) - 4e-3 * 2000) < 1e-2)
    }

    @Test func aResistanceInSeriesWithACurrentIsRefused() {
        let found = Simulation.load(text: "t\ni1 0 a 1 rser=3\nr1 a 0 1\n.op\n.end\n").diagnostics
        #expect(found.all.contains { $0.message.contains("changes nothing") })
    }
}
