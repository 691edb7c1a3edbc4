import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// The transistor on insulator against ngspice, its own symmetries and what it has to keep.
@Suite struct SOITransistorTests {
    static let model = """
        tox=2n tsi=80n tbox=200n nch=4e17 nsub=-1e15 k1=0.5 k2=0.02 kt1=-0.2 a0=1 keta=-0.05 rdsw=150
        + alpha0=1e-8 beta2=0.08 agidl=2e-9 cgidl=0.3 egidl=0.8 isrec=1e-4 isdif=1e-6 istun=1e-5 vtun0=2 ahli=1e-9
        + ngate=1e20 igcmod=1 igbmod=1
        """
    static func card(isPChannel: Bool, _ more: String, level: String = "level=10 version=4.4") -> String {
        let kind = isPChannel ? "pmos(vth0=-0.4 u0=0.015" : "nmos(vth0=0.4 u0=0.04"
        return ".model n \(kind) \(level) \(model)\n+ \(more))"
    }

    enum Law: String, CaseIterable, Sendable {
        case partly = "soimod=0"
        case either = "soimod=1"
        case fully = "soimod=2"
        case other =
            "soimod=0 mobmod=4 ud=0.1 gidlmod=1 kgidl=0.1 fgidl=1.1 iiimod=1 cbjtii=1e-8 vbci=0.7 abjtii=1"
    }

    struct Peer: Sendable {
        var isPChannel: Bool
        var law: Law
        var celsius: Double
        /// i(vd), i(vg), i(vb) at each of ``biases`` [A].
        var currents: [Double]
    }
    /// Drain, gate, body, substrate of an n-channel [V].
    static let biases: [[Double]] = [
        [1.5, 1.2, 0.3, 0.5], [0.05, 0.2, 0, 0], [-0.8, 0.9, -0.4, -1], [1.8, -0.6, 0.6, 0],
    ]

    /// Silicon of the other kind under the gate belongs to a contact: a floating body has none of it.
    @Test func areaOfTheOtherKindNeedsAContact() throws {
        let result = try simulate(
            """
            t
            vd d 0 1
            ve e 0 0
            v1 g1 0 0.5 ac 1
            v2 g2 0 0.5 ac 1
            v3 g3 0 0.5 ac 1
            v4 g4 0 0.5 ac 1
            vb b 0 0
            m1 d g1 0 e n w=10u l=0.5u agbcp2=2e-12
            m2 d g2 0 e n w=10u l=0.5u
            m3 d g3 0 e b n w=10u l=0.5u agbcp2=2e-12
            m4 d g4 0 e b n w=10u l=0.5u
            \(Self.card(isPChannel: false, "soimod=0"))
            .ac lin 1 1meg 1meg
            .print ac ii(v1) ii(v2) ii(v3) ii(v4)
            .end
            """)
        let currents = try (1...4).map { try #require(result["ii(v\($0))"].first) }
        #expect(currents[0] == currents[1])
        #expect(abs(currents[2]) > 1.1 * abs(currents[3]))
    }

    /// ngspice 39, `ngspice -b`: `.op` of this circuit.
    @Test(arguments: peers)
    func currentsAreThoseOfNgspice(_ peer: Peer) throws {
        let sign = peer.isPChannel ? -1.0 : 1
        for (index, bias) in Self.biases.enumerated() {
            let v = bias.map { $0 * sign }
            let result = try simulate(
                """
                t
                vd d 0 \(v[0])
                vg g 0 \(v[1])
                vb b 0 \(v[2])
                ve e 0 \(v[3])
                m1 d g 0 e b n w=2u l=0.3u
                \(Self.card(isPChannel: peer.isPChannel, peer.law.rawValue))
                .temp \(peer.celsius)
                .options reltol=1e-9 abstol=1e-18 gmin=1e-18
                .op
                .print op i(vd) i(vg) i(vb)
                .end
                """)
            for (place, name) in ["i(vd)", "i(vg)", "i(vb)"].enumerated() {
                let expected = peer.currents[3 * index + place]
                let found = result[name].first ?? .nan
                #expect(
                    abs(found - expected) <= 2e-5 * abs(expected) + 2e-19, "\(name) at \(v): \(found), not \(expected)")
            }
        }
    }

    /// ngspice 39, `ngspice -b`: `onoise_spectrum` [V/√Hz] of this circuit at 10 Hz, 100 kHz and 1 GHz.
    @Test(arguments: [
        ("tnoimod=0", [7.819646e-07, 7.941625e-09, 1.388816e-09]),
        ("tnoimod=1", [7.819645e-07, 7.932040e-09, 1.332917e-09]),
        ("tnoimod=2 fnoimod=0 kf=1e-25 af=1.1", [3.605198e-06, 3.607825e-08, 1.423228e-09]),
        ("soimod=1 capmod=3", [7.715878e-07, 7.836143e-09, 1.369837e-09]),
        ("rsh=20 rgatemod=1 rshg=50", [7.498963e-07, 7.626316e-09, 1.389956e-09]),
    ])
    func noiseIsThatOfNgspice(_ more: String, _ expected: [Double]) throws {
        let result = try simulate(
            """
            t
            vd d 0 1.2
            rl d o 100
            vg g 0 0.9 ac 1
            ve e 0 0
            vb b 0 0.2
            m1 o g 0 e b n w=4u l=0.3u nf=2 m=2
            \(Self.card(isPChannel: false, more))
            .noise v(o) vg dec 1 10 1e9
            .options reltol=1e-9 abstol=1e-18 gmin=1e-18
            .print noise onoise
            .end
            """)
        let found = result["onoise"]
        for (index, value) in zip([0, 4, 8], expected) {
            #expect(abs(found[index] - value) < 3e-5 * value, "\(more): \(found[index]), not \(value)")
        }
    }

    /// ngspice 39, `ngspice -b`: imaginary parts of i(vg), i(vd), i(vb), i(ve) [A] at 1 GHz for 1 V at gate, drain, body and
    /// substrate in turn.
    @Test(arguments: capacitances)
    func capacitancesAreThoseOfNgspice(_ more: String, _ expected: [[Double]]) throws {
        for (driven, row) in zip(["g", "d", "b", "e"], expected) {
            func drive(_ node: String) -> String { node == driven ? "ac 1" : "" }
            let result = try simulate(
                """
                t
                vd d 0 0.8 \(drive("d"))
                vg g 0 0.7 \(drive("g"))
                ve e 0 0.5 \(drive("e"))
                vb b 0 0.3 \(drive("b"))
                m1 d g 0 e b n w=4u l=0.3u nf=2 ad=1p as=2p pd=6u ps=8u agbcp=1e-13 aebcp=1e-13 nbc=1
                \(Self.card(isPChannel: false, more))
                .ac lin 1 1g 1g
                .options reltol=1e-9 abstol=1e-18 gmin=1e-18
                .print ac ii(vg) ii(vd) ii(vb) ii(ve)
                .end
                """)
            for (name, value) in zip(["ii(vg)", "ii(vd)", "ii(vb)", "ii(ve)"], row) {
                let found = result[name][0]
                #expect(abs(found - value) < 2e-6 * abs(value) + 1e-15, "\(name) of \(driven): \(found), not \(value)")
            }
        }
    }
    static let capacitances: [(String, [[Double]])] = [
        (
            "capmod=2 vgstcvmod=0 cgsl=1e-10 cgdl=2e-10",
            [
                [-1.412452e-04, 3.639686e-05, 2.836416e-05, 0],
                [2.771343e-05, -3.039607e-05, 1.575465e-06, 1.084834e-06],
                [1.608156e-05, 4.052188e-06, -4.363205e-05, 1.410284e-06],
                [0, 1.084834e-06, 1.410284e-06, -4.664785e-06],
            ]
        ),
        (
            "capmod=3 vgstcvmod=1 xpart=1 csdesw=1e-11",
            [
                [-1.391015e-04, 2.384822e-05, 2.155821e-05, 0],
                [2.373049e-05, -2.646959e-05, 1.553281e-06, 1.127116e-06],
                [-2.714213e-07, 1.568916e-06, -3.188778e-05, 1.410284e-06],
                [0, 1.127116e-06, 1.410284e-06, -4.791632e-06],
            ]
        ),
        (
            "capmod=3 vgstcvmod=2 minvcv=0.2 xpart=0.5 cgeo=1e-10 tt=1e-9",
            [
                [-1.647916e-04, 7.210350e-05, 2.020755e-05, 3.769911e-07],
                [2.370797e-05, -2.635833e-05, 1.544492e-06, 1.084834e-06],
                [-9.541456e-06, 1.914238e-05, -3.127776e-05, 1.410284e-06],
                [3.769911e-07, 1.084834e-06, 1.410284e-06, -5.041776e-06],
            ]
        ),
    ]

    /// Impact ionisation holds a floating body up against its junctions: Newton's iteration alone finds where.
    @Test(arguments: [(0.3, 2.5), (0.7, 1), (0.7, 1.5), (0.7, 2.5), (1.5, 2.5), (0, 1.5)])
    func newtonFindsAFloatingBody(_ gate: Double, _ drain: Double) throws {
        let text = """
            t
            vd d 0 \(drain)
            vg g 0 \(gate)
            m1 d g 0 0 n w=2u l=0.2u
            .model n nmos level=10 version=4.4 tox=3n tsi=80n nch=4e17 vth0=0.35 u0=0.04 alpha0=1e-8 beta2=0.08
            + isrec=1e-3 isdif=1e-6
            .options itl1=60
            .op
            .print op @m1[vbs] @m1[ib]
            .end
            """
        let result = try simulate(text)
        #expect(abs(result["@m1[ib]"][0]) < 1e-9)
        #expect(result["@m1[vbs]"][0] > 0 && result["@m1[vbs]"][0] < 1)
        #expect(result.report.analyses.flatMap(\.statistics.homotopies) == [])
    }

    /// Networks that lie around it change nothing at rest but what they take of the voltages.
    @Test(arguments: [
        "rgatemod=1", "rgatemod=2", "rgatemod=3", "rbodymod=1 rbdb=10 rbsb=10", "rbody=1 rbsh=1", "shmod=1 rth0=1e-12",
        "rdsmod=1 rdw=0.1 rsw=0.1 rdsw=0 rsh=0.01",
    ])
    func networksVanishAtRest(_ network: String) throws {
        func currents(_ more: String) throws -> [Double] {
            let result = try simulate(
                """
                t
                vd d 0 1
                vg g 0 1
                vb b 0 0.2
                m1 d g 0 0 b n w=2u l=0.3u
                \(Self.card(isPChannel: false, more))
                .options reltol=1e-9 abstol=1e-18 gmin=1e-18
                .op
                .print op i(vd) i(vg) i(vb)
                .end
                """)
            return ["i(vd)", "i(vg)", "i(vb)"].map { result[$0][0] }
        }
        let without = try currents(network.contains("rdsmod") ? "rdsw=0" : "")
        for (a, b) in zip(without, try currents(network)) { #expect(abs(a - b) <= 3e-4 * abs(a) + 1e-15, "\(network)") }
    }

    static let peers: [Peer] = [
        Peer(
            isPChannel: false, law: .partly, celsius: -40,
            currents: [
                -0.000283536, -1.0922e-12, 3.5295e-10, -1.61819e-13, -3.02677e-17, 3.06181e-17, 0.000548951,
                -9.62242e-11, 9.62424e-11, -1.68012e-10, 3.1584e-11, 1.25337e-10,
            ]),
        Peer(
            isPChannel: false, law: .partly, celsius: 27,
            currents: [
                -0.000262859, -1.4992e-12, 2.58942e-10, -2.36739e-11, -2.16305e-17, 3.19818e-17, 0.000505703,
                -1.0898e-10, 1.08118e-10, -5.28124e-10, 6.02768e-11, -1.80402e-09,
            ]),
        Peer(
            isPChannel: false, law: .partly, celsius: 125,
            currents: [
                -0.000249542, -2.18401e-12, 1.3068e-10, -1.70056e-09, -1.21417e-17, 7.02671e-15, 0.00049352,
                -1.25917e-10, -6.35006e-10, -4.95374e-09, 1.21253e-10, -2.5586e-07,
            ]),
        Peer(
            isPChannel: true, law: .partly, celsius: -40,
            currents: [
                0.00011799, 1.0922e-12, -1.47513e-10, 6.08374e-14, 3.02677e-17, -3.06181e-17, -0.00023605,
                9.62242e-11, -9.62318e-11, 1.68012e-10, -3.1584e-11, -1.25337e-10,
            ]),
        Peer(
            isPChannel: true, law: .partly, celsius: 27,
            currents: [
                0.000108004, 1.4992e-12, -1.07264e-10, 8.91923e-12, 2.16305e-17, -3.19818e-17, -0.000215325,
                1.0898e-10, -1.08111e-10, 5.28124e-10, -6.02768e-11, 1.80402e-09,
            ]),
        Peer(
            isPChannel: true, law: .partly, celsius: 125,
            currents: [
                0.000101915, 2.18401e-12, -2.97837e-11, 6.415e-10, 1.21417e-17, -7.02671e-15, -0.000210371,
                1.25917e-10, 6.35011e-10, 4.95373e-09, -1.21253e-10, 2.5586e-07,
            ]),
        Peer(
            isPChannel: false, law: .either, celsius: -40,
            currents: [
                -0.000280724, -9.41067e-13, 3.54084e-10, -1.41553e-13, -2.69016e-17, 2.7252e-17, 0.000545692,
                -9.07332e-11, 9.07515e-11, -1.68012e-10, 3.1584e-11, 1.25337e-10,
            ]),
        Peer(
            isPChannel: false, law: .either, celsius: 27,
            currents: [
                -0.000260518, -1.29587e-12, 2.60071e-10, -2.13175e-11, -1.9251e-17, 2.96024e-17, 0.000503065,
                -1.03094e-10, 1.02233e-10, -5.28124e-10, 6.02768e-11, -1.80402e-09,
            ]),
        Peer(
            isPChannel: false, law: .either, celsius: 125,
            currents: [
                -0.000247748, -1.89756e-12, 1.31797e-10, -1.56972e-09, -1.0834e-17, 7.0254e-15, 0.000491849,
                -1.19565e-10, -6.41358e-10, -4.95374e-09, 1.21253e-10, -2.5586e-07,
            ]),
        Peer(
            isPChannel: false, law: .fully, celsius: -40,
            currents: [
                -0.000147109, 0, 0, -3.27801e-18, 0, 0, 0.000342081, 0, 0, 0, 0, 0,
            ]),
        Peer(
            isPChannel: false, law: .fully, celsius: 27,
            currents: [
                -0.000135714, 0, 0, -3.38443e-15, 0, 0, 0.000319326, 0, 0, 0, 0, 0,
            ]),
        Peer(
            isPChannel: false, law: .fully, celsius: 125,
            currents: [
                -0.000132011, 0, 0, -1.23777e-12, 0, 0, 0.000337554, 0, 0, 0, 0, 0,
            ]),
        Peer(
            isPChannel: false, law: .other, celsius: -40,
            currents: [
                -0.000655731, -1.0922e-12, 8.1483e-10, -3.60314e-13, -3.02677e-17, 3.06181e-17, 0.00135525,
                -9.62242e-11, 9.62696e-11, -1.88351e-10, 3.1584e-11, 1.45675e-10,
            ]),
        Peer(
            isPChannel: false, law: .other, celsius: 27,
            currents: [
                -0.0005878, -1.4992e-12, 5.77216e-10, -4.94835e-11, -2.16305e-17, 3.19827e-17, 0.00118647,
                -1.0898e-10, 1.08146e-10, -5.60013e-10, 6.02768e-11, -1.77213e-09,
            ]),
        Peer(
            isPChannel: false, law: .other, celsius: 125,
            currents: [
                -0.000519673, -2.18401e-12, 3.16175e-10, -3.43871e-09, -1.21417e-17, 7.05562e-15, 0.000996844,
                -1.25917e-10, -6.32015e-10, -5.12759e-09, 1.21253e-10, -2.55686e-07,
            ]),
    ]
}
