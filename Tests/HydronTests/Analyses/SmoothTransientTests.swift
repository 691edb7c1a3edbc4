import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// Transients of circuits whose curves bend at breakpoints only: rows between points, and one evaluation a point.
@Suite struct SmoothTransientTests {
    private static let filter = """
        diode and filter
        v1 a 0 sin(0 1 1k)
        r1 a b 1k
        c1 b 0 10n
        d1 b 0 dd
        .model dd d(is=1e-14 cjo=1p)
        .print tran v(a) v(b) {v(a)*v(b)}
        .tran 10u 2m 0 100u
        .end
        """

    /// Straight lines between rows follow the source, though points are too far apart for that.
    @Test func rowsBetweenPointsFollowTheCurves() throws {
        let result = try simulate(Self.filter)
        let (time, voltage) = (result["time"], result["v(a)"])
        #expect(time.count > result.report.analyses[0].statistics.points + 50)
        for row in 1..<time.count {
            #expect(time[row] > time[row - 1])
            let middle = 0.5 * (time[row] + time[row - 1])
            let line = 0.5 * (voltage[row] + voltage[row - 1])
            #expect(abs(line - sin(2e3 * Double.pi * middle)) < 1e-3, "at \(middle) s")
        }
    }

    /// An expression is computed from what lies between points, not drawn between its own values.
    @Test func expressionsHoldBetweenPoints() throws {
        let result = try simulate(Self.filter)
        let product = result["{v(a)*v(b)}"]
        for (row, value) in product.enumerated() {
            #expect(abs(value - result["v(a)"][row] * result["v(b)"][row]) < 1e-14)
        }
    }

    /// Points need little more than one iteration each, and are where small steps would have them.
    @Test func updatesAreForeseen() throws {
        let result = try simulate(Self.filter)
        let statistics = result.report.analyses[0].statistics
        #expect(Double(statistics.newtonIterations) < 1.5 * Double(statistics.points + statistics.rejectedByError))
        let fine = try simulate(Self.filter.replacing("10u 2m 0 100u", with: "10u 2m 0 0.2u"))
        let (time, voltage) = (fine["time"], fine["v(b)"])
        for (row, instant) in result["time"].enumerated() {
            guard let after = time.firstIndex(where: { $0 >= instant }), after > 0 else { continue }
            let share = (instant - time[after - 1]) / (time[after] - time[after - 1])
            let wanted = voltage[after - 1] + share * (voltage[after] - voltage[after - 1])
            #expect(abs(result["v(b)"][row] - wanted) < 2e-3, "at \(instant) s")
        }
    }

    /// Charges that follow their tangents are conserved: what a junction's charge takes in comes back.
    @Test func noChargeIsLost() throws {
        let result = try simulate(
            """
            charge kept between two junctions and a capacitor
            v1 a 0 sin(0 1 1meg)
            c1 a b 1p
            d1 b 0 dd
            d2 0 b dd
            .model dd d(is=1e-30 cjo=1p vj=0.7 m=0.5)
            .ic v(b)=0
            .print tran v(b)
            .options gmin=1e-20
            .tran 10n 200u 0 20n uic
            .end
            """)
        let (time, voltage) = (result["time"], result["v(b)"])
        // Both junctions are the same, so the node swings evenly about nothing, after two hundred periods as in the first.
        let late = zip(time, voltage).filter { $0.0 > 199e-6 }.map(\.1)
        #expect(abs((late.max() ?? .nan) + (late.min() ?? .nan)) < 2e-3)
    }

    /// At a fold no solution is where the last points lead: a regenerative pair switches where small steps say.
    @Test func foldsAreNotForeseenAway() throws {
        func thresholds(_ options: String) throws -> [Double] {
            let result = try simulate(
                """
                emitter-coupled pair
                .options \(options)
                vcc vcc 0 12
                vin in 0 pwl(0 0 1m 8 2m 0)
                r1 vcc c1 4.7k
                q1 c1 in e qn
                ra c1 b2 10k
                rb b2 0 10k
                q2 out b2 e qn
                r2 vcc out 2.2k
                re e 0 1k
                .model qn npn(is=1e-15 bf=150 cje=2p cjc=1p tf=0.3n)
                .tran 2u 2m
                .print tran v(in) v(out)
                .meas tran up find v(in) when v(out)=10 rise=1
                .meas tran down find v(in) when v(out)=10 fall=1
                .end
                """)
            return try result.report.measurements.map { try #require($0.value) }
        }
        let (found, wanted) = (try thresholds("seed=1"), try thresholds("reltol=1e-6"))
        try #require(found.count == 2 && wanted.count == 2)
        // 0.08 mV of 8 V; steps that are taken up to five times the aim make it 0.23 mV.
        for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 1.5e-4) }
    }
}
