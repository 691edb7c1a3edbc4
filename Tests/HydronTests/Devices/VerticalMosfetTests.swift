import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// The power MOSFET against closed forms, its own symmetries and ngspice.
@Suite struct VerticalMosfetTests {
    static func transistor(
        _ model: [VerticalMosfet.Model: Double], isPChannel: Bool = false, celsius: Double = 27, multiple: Double = 1
    ) -> VerticalMosfet {
        var values = ParameterValues<VerticalMosfet.Model>()
        for (key, value) in model { values[key] = value }
        return VerticalMosfet(
            model: values, isPChannel: isPChannel, multiple: multiple, temperature: celsius + 273.15, nominal: 300.15)
    }

    static let model: [VerticalMosfet.Model: Double] = [
        .vto: 2.9, .kp: 60, .rd: 9e-3, .rs: 3e-3, .rg: 3, .rb: 5e-3, .lambda: 0.02, .theta: 0.01, .mtriode: 1.2,
        .ksubthres: 0.08, .cgdmax: 2e-9, .cgdmin: 2e-10, .a: 0.4, .cgs: 1.5e-9, .cjo: 1e-9, .is: 2e-12, .n: 1.1,
        .vj: 0.7, .m: 0.4, .tt: 2e-8, .bv: 18, .ibv: 1e-3, .tcvth: 5e-3, .texp0: 1.5,
    ]

    /// Far above the threshold the square law, far below it e^(vgs/(k/2)).
    @Test func currentPassesFromWeakToStrongInversion() {
        let device = Self.transistor([.vto: 2, .kp: 3, .ksubthres: 0.05])
        func current(_ vgs: Double, _ vds: Double) -> Double {
            device.channel(.init(constant: vgs), .init(constant: vds)).value
        }
        #expect(abs(current(5, 10) - 1.5 * 9) < 1e-9)
        #expect(abs(current(5, 1) - 3 * (3 - 0.5)) < 1e-9)
        #expect(abs(current(1, 1) / current(0.95, 1) - Glibc.exp(0.1 / 0.05)) < 1e-6)
        #expect(abs(current(0.5, -1) + current(1.5, 1)) < 1e-15)
    }

    /// The charge over the drain has the capacitance of its formula.
    @Test func feedbackCapacitanceRunsBetweenItsEnds() {
        let device = Self.transistor(Self.model)
        let s = 1.8e-9 / (1 + 0.5 * Double.pi)
        for (vgd, expected) in [
            (-1e4, 2e-10), (1e3, 2e-9), (0, 2e-9 - s), (3, s * Glibc.tanh(1.2) + 2e-9 - s),
            (-5, s * Glibc.atan(-2.0) + 2e-9 - s),
        ] {
            let found = device.feedbackCharge(.init(variable: vgd, lane: 0)).gradient[0]
            #expect(abs(found - expected) < 1e-3 * expected, "\(vgd)")
        }
    }

    @Test(arguments: [-40.0, 27, 125], [false, true])
    func slopesAreThoseOfTheValues(_ celsius: Double, _ isPChannel: Bool) {
        var model = Self.model
        if isPChannel { model[.vto] = -2.9 }
        let device = Self.transistor(model, isPChannel: isPChannel, celsius: celsius)
        for point in [
            [10, 5, 0, 9.9, 4.9, 0.1, 0], [0.5, 8, 0, 0.4, 7.9, 0.05, 0], [-0.6, 0, 0, -0.55, 0, -0.02, -0.05],
            [5, 1, 0, 5, 1, 0, 0], [-1, 4, 0, -0.9, 4, -0.1, -0.4], [18.3, 0, 0, 18.3, 0, 0, 0],
        ] {
            let u = isPChannel ? point.map { -$0 } : point
            let here = DeviceHarness.evaluate(device, at: u)
            #expect(abs(here.f.reduce(0, +)) <= 1e-12 * (here.f.map { abs($0) }.max() ?? 0))
            #expect(abs(here.q.reduce(0, +)) <= 1e-12 * (here.q.map { abs($0) }.max() ?? 0))
            DeviceHarness.checkJacobian(at: u, tolerance: 5e-6) { DeviceHarness.evaluate(device, at: $0) }
        }
    }

    /// ngspice 39, `.op` at vds = 3 V, vgs = 4 V, then at vds = −0.5 V; `.temp` −40, 27, 125 °C.
    @Test func currentsAreThoseOfNgspice() throws {
        for ((celsius, drain), expected) in zip(Self.conditions, Self.peer) {
            let result = try simulate(
                """
                t
                \(Self.card)
                vd d 0 \(drain)
                vg g 0 \(drain > 0 ? 4 : 0)
                .temp \(celsius)
                .options gmin=1e-15 reltol=1e-9 abstol=1e-15
                .op
                .print op i(vd) @m1[id]
                .end
                """)
            let found = -(result["i(vd)"].first ?? 0)
            #expect(abs(found - expected) < 3e-5 * abs(expected), "\(found) \(expected)")
            #expect(abs(found - (result["@m1[id]"].first ?? 0)) < 1e-6 * abs(found))
        }
    }
    static let conditions = [(-40.0, 3.0), (27, 3), (125, 3), (-40, -0.5), (27, -0.5), (125, -0.5)]
    static let card =
        "m1 d g 0 n m=2\n.model n vdmos(nchan rg=3 vto=2.9 rd=9m rs=3m rb=5m kp=60 lambda=.02 theta=.01 is=2p n=1.1 mtriode=1.2 ksubthres=.08 tcvth=5m texp0=1.5 mfg=x)"
    static let peer: [Double] = [
        4.35865579e+01, 6.16914457e+01, 8.46368243e+01, -1.81680463e-07, -1.71501323e-04, -7.22309247e-02,
    ]

    /// A channel that conducts far better than the drain's path leaves i (rd + rq v/(v + vq)) = v; backwards rd alone.
    @Test(arguments: [-0.5, 0.2, 1, 3, 20])
    func quasiSaturationGrowsIntoTheDrain(_ v: Double) throws {
        let rise = 100.0
        let result = try simulate(
            """
            t
            .model n vdmos(kp=1e9 rd=0.1 rq=0.5 vq=-3 is=1e-30)
            .model q vdmos(kp=1e9 rd=0.1 rq=0.5 is=1e-30)
            .model p vdmos(pchan kp=1e9 rd=0.1 rq=0.5 vq=3 texp1=1.5 mu=0 is=1e-30)
            vd d 0 \(v)
            vg g 0 10
            m1 d g 0 n
            m2 d g 0 n m=2
            m3 d g 0 q
            ve e 0 \(-v)
            vh h 0 -10
            m4 e h 0 p dtemp=\(rise)
            .op
            .print op @m1[id] @m2[id] @m3[id] @m4[id]
            .end
            """)
        func current(_ growth: Double) -> Double { v / (0.1 + 0.5 * growth * (v > 0 ? v / (v + 3) : 0)) }
        let expected = [
            current(1), 2 * current(1), current(0), -current(Glibc.pow((300.15 + rise) / 300.15, 1.5)),
        ]
        for (name, value) in zip(["@m1[id]", "@m2[id]", "@m3[id]", "@m4[id]"], expected) {
            #expect(abs(result[name][0] - value) < 1e-6 * abs(value), "\(name): \(result[name][0]), not \(value)")
        }
    }

    /// The defaults of the model are LTspice's and ngspice's: kp is 1 A/V².
    @Test func withoutParametersTwoVoltsMakeTwoAmperes() throws {
        let result = try simulate("t\n.model n vdmos\nvd d 0 3\nvg g 0 2\nm1 d g 0 n\n.op\n.print op @m1[id]\n.end")
        #expect(abs(result["@m1[id]"][0] - 2) < 1e-6)
    }

    @Test func theWordPchanTurnsAllSigns() throws {
        for word in ["pchan", "pchan=1"] {
            let result = try simulate(
                """
                t
                .model p vdmos(vto=-2 kp=1 \(word))
                .model q ako:p (kp=2)
                vd d 0 -5
                vg g 0 -4
                m1 d g 0 p
                m2 d g 0 q
                .op
                .print op @m1[id] @m2[id]
                .end
                """)
            #expect(abs((result["@m1[id]"].first ?? 0) + 2) < 1e-8)
            #expect(abs((result["@m2[id]"].first ?? 0) + 4) < 1e-8)
        }
    }
}
