import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// Spellings of `.model` that only some simulators' users write.
@Suite struct ModelSpellingTests {
    /// An RTL inverter as SPICE2's manuals have it: at rest (5 − vbe)/RB flows into the base, BF times that is wanted.
    @Test(arguments: [
        ".model q1 npn bf 20 rb 100 tf .1ns cjc 2pf", ".model q1 npn(bf 20 rb=100 tf .1ns cjc={2p})",
        ".model q1 npn (bf=20 rb {50*2} tf=.1ns cjc 2pf)",
    ])
    func equalsSignsMayBeBlanks(_ model: String) throws {
        let text = """
            inverter
            vcc 4 0 5
            vin 1 0 pulse 0 5 2n 2n 2n 30n
            rb 1 2 10k
            q1 3 2 0 q1
            rc 3 4 1k
            \(model)
            .tran 1n 40n
            .print tran v(3) v(2) @q1[ib]
            .end
            """
        let run = try simulate(text)
        let exact = try simulate(
            text.replacing(model, with: ".model q1 npn(bf=20 rb=100 tf=.1ns cjc=2pf)"))
        #expect(run["v(3)"] == exact["v(3)"] && run["v(2)"] == exact["v(2)"])
        // 2 pF behind 10 kohm: the base takes its time.
        let early = interpolate(run["time"], run["v(2)"], at: 3e-9)
        #expect(early < 0.5, "\(early)")
    }

    @Test("A word without a number stays a word") func flags() throws {
        let result = try simulate(
            "t\nm1 d g 0 w\n.model w vdmos(pchan vto -1 kp 0.1)\nvd d 0 -5\nvg g 0 -3\n.op\n.print op i(vd)\n.end")
        #expect(abs((result["i(vd)"].first ?? 0) / 0.2 - 1) < 1e-3, "\(result["i(vd)"])")
    }
}
