import HydronTestSupport
import Testing

@testable import Hydron

/// `m=2` is two elements side by side, for every element that takes `m`.
@Suite struct ParallelElementsTests {
    static let elements = [
        ("r# d s 1k ac=2k tc1=1m temp=60", ""), ("r# d s w l=10u w=2u", ".model w r(rsh=50 narrow=0.1u)"),
        ("c# d s 2p", ""), ("c# d s w l=10u w=2u", ".model w c(cj=1m cjsw=1n)"), ("rl# d x# 10\nl# x# s 10n", ""),
        (
            "d# d s w",
            """
            .model w d(is=1e-13 n=1.1 rs=3 cjo=2p tt=1n jsw=1e-15 pj=4 cjsw=1p ikf=1m isr=1e-12 ns=1.3 kf=1e-9 af=1.3)
            """
        ),
        ("d# s d w area=3", ".model w d(level=2 bv=1.5 ibv=1u rs=5 cjo=1p isr=1p)"),
        ("d# d s w w=4u l=8u", ".model w d(level=3 is=1e-3 jsw=1e-9 rs=1e-10 cjo=1m)"),
        (
            "q# d g s b w area=1.5",
            """
            .model w npn(is=1e-15 bf=80 vaf=30 ikf=3m ise=1e-14 ne=1.7 rb=100 rbm=20 irb=10u re=2 rc=15 cje=1p cjc=0.5p
            + cjs=1p tf=20p xtf=2 itf=10m vtf=3 tr=1n ptf=20 kf=1e-9 af=1.4)
            """
        ),
        ("q# d g s w", ".model w npn(is=1e-15 bf=80 rc=50 rco=30 gamma=1e-9 vo=2 qco=1e-15)"),
        (
            "j# d g s w area=2",
            ".model w njf(vto=-2 beta=1m lambda=0.02 rd=5 rs=5 cgs=1p cgd=1p is=1e-14 kf=1e-9 af=0.8)"
        ),
        ("j# d g s w", ".model w njf(level=2 vto=-2 beta=1m p=2.2 q=1.9 rd=5 rs=5 cgs=1p cgd=1p is=1e-14)"),
        ("z# d g s w", ".model w nmf(vto=-1 beta=2m b=0.3 alpha=2 rd=3 rs=3 cgs=1p cgd=0.1p kf=1e-9 af=1.3)"),
        (
            "m# d g s b w l=1u w=8u ad=20p as=20p pd=12u ps=12u nrd=2",
            ".model w nmos(vto=0.4 kp=80u gamma=0.5 tox=20n cgso=0.2n cgdo=0.2n cgbo=0.1n cj=0.2m cjsw=0.2n rsh=20)"
        ),
        (
            "m# d g s b w l=1u w=8u ad=20p as=20p",
            ".model w nmos(level=2 vto=0.4 tox=20n nsub=2e16 vmax=5e4 ucrit=5e4 uexp=0.1 xj=0.2u nfs=1e11 delta=1 cj=0.2m)"
        ),
        (
            "m# d g s b w l=1u w=8u",
            ".model w nmos(level=3 vto=0.4 tox=20n nsub=2e16 vmax=1e5 theta=0.1 eta=0.1 kappa=0.5 xj=0.2u nfs=1e11 xqc=0.4)"
        ),
        ("m# d g s b w l=1u w=8u", ".model w nmos(level=6 vto=0.4 kc=4e-5 nc=1.3 kv=1.5 nv=0.6 tox=20n)"),
        (
            "m# d g s w",
            """
            .model w vdmos(vto=0.4 kp=0.1 rd=1 rs=0.1 rg=2 cgdmax=10p cgdmin=1p cgs=5p cjo=5p kf=1e-9 af=1.3 rq=3 vq=1)
            """
        ),
    ]

    @Test("Currents, small signals and noise", arguments: elements)
    func twoAreTwice(card: String, model: String) throws {
        func result(_ cards: String) throws -> [[Double]] {
            let circuit = """
                parallel
                \(cards)
                \(model)
                vd dd 0 dc 2 ac 1
                rdd dd d 50
                vg gg 0 dc 0.8 ac 1 90
                rgg gg g 1k
                vs s 0 0.1
                vb b 0 -1
                rg0 g 0 1meg
                cb b 0 1p
                * gmin lies across junctions, however many they are.
                .options gmin=1e-18
                """
            let rest = try simulate(circuit + "\n.op\n.print op i(vd) i(vg) i(vs)\n.end")
            let small = try simulate(
                circuit + "\n.ac dec 1 1k 1g\n.print ac ir(vd) ii(vd) ir(vg) ii(vg) ir(vs) ii(vs)\n.end")
            let noise = try simulate(
                circuit + "\n.noise v(d) vd dec 1 1k 1g\n.print noise onoise\n.end")
            return ["i(vd)", "i(vg)", "i(vs)"].map { rest[$0] }
                + ["ir(vd)", "ii(vd)", "ir(vg)", "ii(vg)", "ir(vs)", "ii(vs)"].map { small[$0] } + [noise["onoise"]]
        }
        func named(_ name: String, _ ending: String) -> String {
            card.split(separator: "\n").map { $0.replacing("#", with: name) + ending }.joined(separator: "\n")
        }
        let two = try result(named("1", "") + "\n" + named("2", ""))
        let twice = try result(named("1", " m=2"))
        for (mine, other) in zip(twice, two) {
            #expect(mine.count == other.count && !mine.isEmpty)
            let size = other.map(abs).max() ?? 0
            for (a, b) in zip(mine, other) {
                #expect(abs(a - b) <= 2e-5 * abs(b) + 1e-6 * size + 1e-11, "\(card): \(mine) \(other)")
            }
        }
    }
}
