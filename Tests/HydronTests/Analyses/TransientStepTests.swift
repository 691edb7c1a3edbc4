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
}
