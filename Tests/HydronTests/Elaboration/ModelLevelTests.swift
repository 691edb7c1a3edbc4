import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

@Suite("Levels of models by dialect")
struct ModelLevelTests {
    @Test("One number means other equations in other dialects")
    func levels() {
        #expect(ModelLevels.meaning(of: 2, device: "j", in: .ngspice) == .here(2))
        #expect(ModelLevels.meaning(of: 2, device: "j", in: .xyce) == .here(3))
        #expect(ModelLevels.meaning(of: 2, device: "d", in: .ngspice) == .here(2))
        #expect(ModelLevels.meaning(of: 2, device: "d", in: .hspice) == .elsewhere("Fowler–Nordheim"))
        #expect(ModelLevels.meaning(of: 54, device: "m", in: .hspice) == .elsewhere("BSIM4"))
        #expect(ModelLevels.meaning(of: 9, device: "m", in: .xyce) == .elsewhere("BSIM3"))
        #expect(ModelLevels.meaning(of: 12345, device: "m", in: .ngspice) == nil)
    }

    @Test("Xyce's JFET of level 2 is Shockley's", arguments: [1.0, 3.0, 15.0])
    func shockley(vds: Double) throws {
        let run = try simulate(
            """
            shockley
            vd d 0 \(vds)
            j1 d 0 0 jn
            .model jn njf(level=2 beta=3.13m vto=-2 pb=1 lambda=4m delta=0.6 theta=0.1)
            .op
            .print op i(vd)
            .end
            """, dialect: .xyce)
        // Of the formula itself: v = 2, a = 3.
        let (v, a) = (2.0, 3.0)
        let drop = min(vds * v / (v + 0.6), v)
        let expected =
            3.13e-3 * (1 + 4e-3 * vds) / (1 + 0.1 * v)
            * (drop - 2 * a / 3 * (pow((a - v + drop) / a, 1.5) - pow((a - v) / a, 1.5)))
        #expect(abs(run["i(vd)"][0] + expected) < 1e-6 * expected)
    }

    @Test("gmin belongs to injected currents in Xyce, across the junctions elsewhere")
    func gmin() throws {
        func base(_ dialect: Dialect) throws -> Double {
            try simulate(
                """
                gmin
                vb b 0 0
                vc c 0 10
                q1 c b 0 qn
                .model qn npn(is=1e-20 bf=50 br=4)
                .op
                .print op i(vb)
                .end
                """, dialect: dialect)["i(vb)"][0]
        }
        #expect(abs(try base(.ngspice) - 1e-11) < 1e-15)
        #expect(abs(try base(.xyce) - 1e-11 / 4) < 1e-15)
    }
}
