import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// JFETs and MESFETs against closed forms, their own symmetries and ngspice.
@Suite struct JunctionFieldEffectTransistorTests {
    typealias Transistor = JunctionFieldEffectTransistor

    static func jfet(_ model: [Transistor.Model: Double], isPChannel: Bool = false, celsius: Double = 27) -> Transistor
    {
        var values = ParameterValues<Transistor.Model>()
        for (key, value) in model { values[key] = value }
        return Transistor(model: values, isPChannel: isPChannel, temperature: celsius + 273.15, nominal: 300.15)
    }

    static func mesfet(_ model: [MesfetCard.Model: Double], type: String = "nmf", celsius: Double = 27) -> Transistor {
        var values = ParameterValues<MesfetCard.Model>()
        for (key, value) in model { values[key] = value }
        return Transistor(mesfet: values, type: type, temperature: celsius + 273.15, nominal: 300.15)
    }

    static let parkerSkellern: [Transistor.Model: Double] = [
        .level: 2, .vto: -2, .beta: 1e-3, .p: 2.2, .q: 1.8, .xi: 50, .mxi: 0.3, .z: 0.5, .vst: 0.1, .mvst: 0.05,
        .lambda: 0.02, .delta: 0.3, .lfgam: 0.05, .lfg1: 0.01, .lfg2: 0.005, .rd: 5, .rs: 8, .ibd: 1e-9, .vbd: 2,
        .n: 1.2,
        .cgs: 2e-12, .cgd: 1e-12, .cds: 1e-13, .acgam: 0.05, .xc: 0.2,
    ]

    /// One of each law, all parameters in use, for n and p.
    static func all(isPChannel: Bool, celsius: Double) -> [Transistor] {
        let first: [Transistor.Model: Double] = [
            .vto: -2, .beta: 1e-3, .lambda: 0.01, .b: 0.7, .pb: 0.9, .cgs: 4e-12, .cgd: 3e-12, .isr: 1e-12,
            .alpha: 1e-3,
            .vk: 5, .rd: 10, .rs: 20, .tcv: 2e-3, .bex: -1.5, .xti: 3,
        ]
        return [
            jfet(first, isPChannel: isPChannel, celsius: celsius),
            jfet(parkerSkellern, isPChannel: isPChannel, celsius: celsius),
            mesfet(
                [.vto: -1.3, .alpha: 3, .b: 0.5, .lambda: 0.03, .cgs: 1e-12, .cgd: 2e-13, .rd: 40],
                type: isPChannel ? "pmf" : "nmf", celsius: celsius),
            mesfet(
                [.cgs: 1e-12, .cgd: 2e-13, .lambda: 0.03, .betatce: -0.5, .vtotc: -1e-3], type: "gasfet",
                celsius: celsius),
        ]
    }

    /// Voltages of drain, gate, source, inner drain, inner source.
    static let points: [[Double]] = [
        [3, -0.5, 0, 2.9, 0.1], [0.3, -0.4, 0, 0.25, 0.05], [0, -1, 2, 0.05, 1.9], [5, -3, 0, 5, 0],
        [1, 0.55, 0, 0.9, 0.05], [0.1, -1.9, 0, 0.09, 0.01],
    ]

    @Test func currentFollowsTheSquareLaw() {
        let device = Self.jfet([.vto: -2, .beta: 1e-3, .lambda: 0.05])
        for vgs in [-3.0, -2, -1, 0] {
            for vds in [0.0, 0.3, 1, 2, 5] {
                let over = max(vgs + 2, 0)
                let expected =
                    1e-3 * (1 + 0.05 * vds) * (vds < over ? vds * (2 * over - vds) : over * over)
                let found = device.point(vgs: vgs, vgd: vgs - vds, gmin: 0).channel.value
                #expect(abs(found - expected) <= 1e-15)
            }
        }
    }

    /// With p = q = 2, no saturation of velocity (xi → ∞) and a sharp knee the law of Parker and Skellern is the square law.
    @Test func parkerSkellernContainsTheSquareLaw() {
        let device = Self.jfet([.level: 2, .vto: -2, .beta: 1e-3, .xi: 1e9, .z: 1e-12])
        for (vgs, vds) in [(-1.0, 0.2), (-1, 3), (0, 1), (0, 5), (-2.5, 1)] {
            let over = max(vgs + 2, 0)
            let span = min(vds, over)
            let found = device.point(vgs: vgs, vgd: vgs - vds, gmin: 0).channel.value
            #expect(abs(found - 1e-3 * span * (2 * over - span)) < 1e-8, "\(vgs) \(vds)")
        }
    }

    @Test func mesfetsFollowStatzAndCurtice() {
        let statz = Self.mesfet([.vto: -1.5, .beta: 2e-3, .b: 0.4, .alpha: 2.5, .lambda: 0.05])
        let curtice = Self.mesfet([.vto: -1.5, .beta: 2e-3, .alpha: 2.5, .lambda: 0.05], type: "gasfet")
        for vds in [0.2, 1, 3] {
            let factor = 2e-3 * 1.2 * 1.2 * (1 + 0.05 * vds)
            let knee = vds < 1.2 ? 1 - Glibc.pow(1 - 2.5 * vds / 3, 3) : 1
            let found = (statz.channel.current(-0.3, vds), curtice.channel.current(-0.3, vds))
            #expect(abs(found.0 - factor / 1.48 * knee) < 1e-15)
            #expect(abs(found.1 - factor * Glibc.tanh(2.5 * vds)) < 1e-15)
        }
    }

    /// Ions of the drain's field flow into the gate.
    @Test func ionisationRaisesTheGateCurrent() {
        let device = Self.jfet([.vto: -2, .beta: 1e-3, .alpha: 1e-3, .vk: 20])
        let point = device.point(vgs: -1, vgd: -11, gmin: 0)
        let field = 10.0 - 1
        #expect(abs(point.gateDrain.value + 1e-14 + 1e-3 * 1e-3 * field * Glibc.exp(-20 / field)) < 1e-13)
    }

    /// Slopes of currents and charges against central differences, and both balances, at three temperatures.
    @Test(arguments: [-40.0, 27, 125], [false, true])
    func slopesAreThoseOfTheValues(_ celsius: Double, _ isPChannel: Bool) {
        for device in Self.all(isPChannel: isPChannel, celsius: celsius) {
            for point in Self.points {
                let u = device.polarity < 0 ? point.map { -$0 } : point
                let here = DeviceHarness.evaluate(device, at: u)
                let scale = (here.f.map { abs($0) }.max() ?? 0, (here.q.map { abs($0) }.max() ?? 0) + 1e-18)
                #expect(abs(here.f.reduce(0, +)) <= 1e-12 * scale.0)
                #expect(abs(here.q.reduce(0, +)) <= 1e-12 * scale.1)
                DeviceHarness.checkJacobian(at: u, tolerance: 5e-6) { DeviceHarness.evaluate(device, at: $0) }
            }
        }
    }

    /// Drain and source are what their voltages make them, where both junctions are the same.
    @Test func drainAndSourceMayBeSwapped() {
        let devices = [
            Self.jfet([.b: 0.7, .cgs: 1e-12, .cgd: 1e-12]), Self.jfet([.level: 2, .p: 2.3, .cgs: 1e-12, .cgd: 1e-12]),
            Self.mesfet([.cgs: 1e-12, .cgd: 1e-12]), Self.mesfet([.cgs: 1e-12, .cgd: 1e-12], type: "gasfet"),
        ]
        for (index, device) in devices.enumerated() {
            for point in Self.points {
                let (g, d, s) = (point[1], point[3], point[4])
                let forward = DeviceHarness.evaluate(device, at: [d, g, s, d, s])
                let swapped = DeviceHarness.evaluate(device, at: [s, g, d, s, d])
                for (row, other) in [(3, 4), (4, 3), (1, 1)] {
                    #expect(abs(forward.f[row] - swapped.f[other]) <= 1e-9 * abs(forward.f[row]) + 1e-18, "\(index)")
                    #expect(abs(forward.q[row] - swapped.q[other]) <= 1e-9 * abs(forward.q[row]) + 1e-24, "\(index)")
                }
            }
        }
    }

    /// Slopes of the gate's charge are the capacitances of Statz's paper: one junction far above the other.
    @Test func gateCapacitanceIsThatOfStatz() {
        let device = Self.mesfet([.vto: -2, .cgs: 1e-12, .cgd: 1e-13, .alpha: 5])
        let charges = device.point(vgs: -0.5, vgd: -6, gmin: 0).charges
        let gate = charges.source + charges.drain
        // v₁ is near vgs; the smooth step to the threshold adds its own slope.
        #expect(abs(gate.gradient[0] - 1e-12 / 1.5.squareRoot()) < 0.02e-12)
        #expect(abs(gate.gradient[1] - 1e-13) < 1e-14)
    }

    /// ngspice 39 (level 1 of J without `xti`), `.op` at vds = 3 V, vgs = −0.6 V; `.temp` −40, 27, 125 °C.
    @Test(arguments: zip(cards, peer))
    func currentsAreThoseOfNgspice(_ card: String, _ expected: [Double]) throws {
        for (celsius, current) in zip([-40.0, 27, 125], expected) {
            let result = try simulate(
                """
                t
                \(card)
                vd d 0 3
                vg g 0 -0.6
                .temp \(celsius)
                .options gmin=1e-15 reltol=1e-9 abstol=1e-18
                .op
                .print op i(vd)
                .end
                """)
            let found = -(result["i(vd)"].first ?? 0)
            #expect(abs(found - current) < 2e-6 * current, "\(found) \(current)")
        }
    }
    static let cards = [
        "j1 d g 0 n 2\n.model n njf(vto=-2 beta=1m lambda=0.01 rd=20 rs=30 b=0.7 pb=0.9)",
        "j1 d g 0 n area=3\n.model n njf(vto=-2 beta=1m tcv=2m bex=-1.5)",
        "j1 d g 0 n\n.model n njf(vto=-2 beta=1m vtotc=-2m betatce=-0.5 tnom=50)",
        "j1 d g 0 n m=2\n.model n njf(level=2 vto=-2 beta=1m p=2.2 q=1.8 xi=50 mxi=0.3 z=0.5 vst=0.1 mvst=0.05 lambda=0.02 delta=0.3 lfgam=0.05 lfg1=0.01 lfg2=0.005 rd=5 rs=8)",
        "z1 d g 0 n\n.model n nmf(vto=-1.3 alpha=3 beta=1.4e-3 b=0.5 lambda=0.03 rd=46 rs=46)",
    ]
    static let peer: [[Double]] = [
        [3.162878308e-03, 3.162878308e-03, 3.162879137e-03],
        [7.023329728e-03, 5.880000000e-03, 5.001779831e-03],
        [2.329064316e-03, 2.055574054e-03, 1.654290913e-03],
        [4.457027561e-03, 4.457694658e-03, 4.458782892e-03],
        [5.205702342e-04, 5.205702342e-04, 5.205702342e-04],
    ]

    /// The gate's charge starts from the voltages that the card gives, and leaks away through its resistor.
    @Test(arguments: ["j1 d g 0 n ic=3,-1", "z1 d g 0 n 1 ic=3,-1"])
    func aTransientStartsFromInitialVoltages(_ card: String) throws {
        let model = card.hasPrefix("j") ? "njf" : "nmf"
        let result = try simulate(
            """
            t
            .model n \(model)(cgs=1p cgd=0.5p)
            vd d 0 3
            rg g 0 10k
            \(card)
            .tran 1n 200n uic
            .print tran v(g)
            .end
            """)
        #expect(abs((result["v(g)"].first ?? 0) + 1) < 1e-3)
        #expect(abs(result["v(g)"].last ?? 1) < 1e-2)
    }

    @Test(arguments: [
        ("j1 d g 0 n", ".model n njf(level=3)", "is a JFET of level 3"),
        ("z1 d g 0 n", ".model n nmf(level=2)", "is a MESFET of level 2"),
        ("j1 d g 0 n", ".model n njf(level=2 vto=2)", "conducts before its channel"),
        ("j1 d g 0", ".model n njf", "j1 names no model"),
        ("z1 d g 0 n 0", ".model n nmf", "the area of z1"),
        ("j1 d g 0 n", ".model n nmf", "is of type 'nmf'"),
    ])
    func mistakesAreNamed(_ card: String, _ model: String, _ message: String) {
        let loaded = Simulation.load(text: "t\n\(model)\n\(card)\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }
}
