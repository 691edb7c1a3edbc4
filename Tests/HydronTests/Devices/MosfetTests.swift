import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

/// The field-effect transistor against closed forms, its own symmetries and another simulator's numbers.
@Suite struct MosfetTests {
    static func mosfet(
        _ model: [Mosfet.Model: Double], isPChannel: Bool = false, celsius: Double = 27, width: Double = 10e-6,
        length: Double = 2e-6, _ instance: [Mosfet.Instance: Double] = [:]
    ) -> Mosfet {
        var values = ParameterValues<Mosfet.Model>()
        for (key, value) in model { values[key] = value }
        var own = ParameterValues<Mosfet.Instance>()
        for (key, value) in instance { own[key] = value }
        let process = MosfetProcess(
            values, isPChannel: isPChannel, temperature: celsius + 273.15, nominal: 300.15)
        return Mosfet(process, own, length: length, width: width)
    }

    static let models: [[Mosfet.Model: Double]] = [
        [.vto: 0.7, .kp: 1e-4],
        [
            .vto: 0.7, .kp: 1e-4, .gamma: 0.4, .lambda: 0.02, .tox: 2e-8, .cgso: 3e-10, .cgdo: 3e-10, .cgbo: 1e-10,
            .cj: 3e-4, .cjsw: 2e-10, .rsh: 20,
        ],
        [.level: 3, .vto: 0.8, .tox: 2.5e-8, .nsub: 2e16, .theta: 0.05],
        [
            .level: 3, .tox: 2.5e-8, .nsub: 3e16, .xj: 2e-7, .ld: 1e-7, .vmax: 1.5e5, .theta: 0.1, .eta: 0.02,
            .kappa: 0.3,
            .delta: 1, .nfs: 1e11, .uo: 550, .vto: 0.75, .rd: 50, .rs: 50, .cbd: 1e-14, .cbs: 2e-14,
        ],
    ]

    /// The square law in its three regions, 27 °C.
    @Test func currentFollowsTheSquareLaw() {
        let device = Self.mosfet([.vto: 0.7, .kp: 1e-4, .lambda: 0.05])
        for vgs in [0.0, 0.5, 1, 2, 3] {
            for vds in [0.0, 0.1, 1, 5] {
                let over = max(vgs - 0.7, 0)
                let span = min(vds, over)
                let expected = 5e-4 * (1 + 0.05 * vds) * span * (over - span / 2)
                let found = device.point(vgs: vgs, vds: vds, vbs: 0, gmin: 0).channel.current.value
                #expect(abs(found - expected) <= 1e-14 + 1e-12 * expected)
            }
        }
    }

    @Test func theBulkRaisesTheThreshold() {
        let device = Self.mosfet([.vto: 0.7, .kp: 1e-4, .gamma: 0.4, .phi: 0.65])
        let threshold = device.point(vgs: 2, vds: 1, vbs: -3, gmin: 0).channel.threshold.value
        #expect(abs(threshold - (0.7 + 0.4 * (3.65.squareRoot() - 0.65.squareRoot()))) < 1e-12)
    }

    static let points: [[Double]] = [
        [1.3, 2.1, 0.1, -0.4, 1.2, 0.15], [0.2, 2.1, 1.3, -0.4, 0.25, 1.2], [3, 0.5, 0, 0, 2.9, 0.02],
        [0.05, 1.4, 0, -1, 0.04, 0.01], [2, 0.9, 0, 0.3, 1.9, 0.1],
    ]

    /// Slopes of currents and charges against central differences, n and p, both directions.
    @Test(arguments: 0..<4, [false, true])
    func slopesAreThoseOfTheValues(_ index: Int, _ isPChannel: Bool) {
        var model = Self.models[index]
        if isPChannel { model[.vto] = -(model[.vto] ?? 0) }
        let device = Self.mosfet(model, isPChannel: isPChannel, [.ad: 2e-11, .as: 1e-11, .pd: 2e-5, .ps: 1e-5])
        for point in Self.points {
            let u = isPChannel ? point.map { -$0 } : point
            let here = DeviceHarness.evaluate(device, at: u)
            let scale = (
                here.f.map { abs($0) }.max() ?? 0, (here.q.map { abs($0) }.max() ?? 0) + 1e-18
            )
            #expect(abs(here.f.reduce(0, +)) <= 1e-12 * scale.0)
            #expect(abs(here.q.reduce(0, +)) <= 1e-12 * scale.1)
            Self.checkSlopes(device, at: u)
        }
    }

    /// Behind a step that began at a state some tenths of a volt away.
    static func checkSlopes(_ device: Mosfet, at u: [Double]) {
        let state = device.point(
            vgs: device.polarity * (u[1] - u[5]) - 0.2, vds: device.polarity * (u[4] - u[5]) + 0.1,
            vbs: device.polarity * (u[3] - u[5]), gmin: 0
        ).state
        var conditions = Conditions()
        conditions.interval = 1e-9
        DeviceHarness.checkJacobian(at: u, tolerance: 2e-6) {
            DeviceHarness.evaluate(device, at: $0, from: state, conditions)
        }
    }

    /// Drain and source are what their voltages make them.
    @Test(arguments: 0..<4) func drainAndSourceMayBeSwapped(_ index: Int) {
        var model = Self.models[index]
        (model[.rd], model[.rs], model[.rsh], model[.cbd], model[.cbs]) = (0, 0, 0, nil, nil)
        let device = Self.mosfet(model)
        for point in Self.points {
            let forward = DeviceHarness.evaluate(
                device, at: [point[4], point[1], point[5], point[3], point[4], point[5]])
            let swapped = DeviceHarness.evaluate(
                device, at: [point[5], point[1], point[4], point[3], point[5], point[4]])
            for (row, other) in [(4, 5), (5, 4), (1, 1), (3, 3)] {
                #expect(abs(forward.f[row] - swapped.f[other]) <= 1e-9 * abs(forward.f[row]) + 1e-18)
                #expect(abs(forward.q[row] - swapped.q[other]) <= 1e-9 * abs(forward.q[row]) + 1e-24)
            }
        }
    }

    /// No jump of current or charge where vds changes its sign, nor at threshold.
    @Test(arguments: 0..<4) func nothingJumps(_ index: Int) {
        let device = Self.mosfet(Self.models[index])
        for gate in stride(from: -1.0, through: 3, by: 0.25) {
            let a = DeviceHarness.evaluate(device, at: [0, gate, 0, -0.3, -1e-12, 0])
            let b = DeviceHarness.evaluate(device, at: [0, gate, 0, -0.3, 1e-12, 0])
            for row in 0..<6 {
                #expect(abs(a.f[row] - b.f[row]) < 1e-10)
                #expect(abs(a.q[row] - b.q[row]) < 1e-22)
            }
        }
    }

    /// Meyer's capacitances at the gate: ⅔ Cox in saturation, ½ Cox each at vds = 0, Cox to the bulk in accumulation.
    @Test(arguments: [nil, 0.0, 0.4, 0.5]) func gateCapacitancesAreMeyers(_ share: Double?) {
        var model: [Mosfet.Model: Double] = [.vto: 0.7, .kp: 1e-4, .tox: 2e-8, .phi: 1e-3]
        model[.xqc] = share
        let device = Self.mosfet(model)
        let oxide = device.oxide
        #expect(abs(oxide - 3.9 * 8.854214871e-12 / 2e-8 * 2e-11) < 1e-6 * oxide)
        let saturated = device.point(vgs: 2, vds: 5, vbs: 0, gmin: 0).charges
        #expect(abs(saturated.gate.gradient[0] - 2.0 / 3 * oxide) < 1e-3 * oxide)
        #expect(abs(saturated.drain.gradient[0] + 2.0 / 3 * (share ?? 0) * oxide) < 1e-3 * oxide)
        let open = device.point(vgs: 2, vds: 0, vbs: 0, gmin: 0).charges
        #expect(abs(open.gate.gradient[0] - oxide) < 1e-3 * oxide)
        #expect(abs(open.gate.gradient[1] + 0.5 * oxide) < 1e-3 * oxide)
        #expect(abs(open.drain.gradient[0] + 0.5 * oxide) < 1e-3 * oxide)
        let closed = device.point(vgs: -1, vds: 0, vbs: 0, gmin: 0).charges
        #expect(abs(closed.gate.gradient[0] - oxide) < 1e-3 * oxide)
        #expect(abs(closed.gate.gradient[2] + oxide) < 1e-3 * oxide)
    }

    /// A round trip of the voltages leaves nothing at the terminals with `xqc`; with Meyer's capacitances the gate pair by
    /// pair keeps what the way there and another way back differ by.
    @Test(arguments: [nil, 0.4]) func roundTripsReturnTheCharge(_ share: Double?) {
        var model: [Mosfet.Model: Double] = [.vto: 0.7, .kp: 1e-4, .tox: 2e-8]
        model[.xqc] = share
        let device = Self.mosfet(model)
        let corners = [(0.0, 0.0), (3.0, 0.0), (3.0, 2.0), (0.0, 2.0), (0.0, 0.0)]
        var state = device.point(vgs: 0, vds: 0, vbs: 0, gmin: 0).state
        let start = device.point(vgs: 0, vds: 0, vbs: 0, gmin: 0, from: state).charges.drain.value
        for (from, to) in zip(corners, corners.dropFirst()) {
            for step in 1...400 {
                let part = Double(step) / 400
                let point = device.point(
                    vgs: from.0 + (to.0 - from.0) * part, vds: from.1 + (to.1 - from.1) * part, vbs: 0, gmin: 0,
                    from: state)
                state = point.state
            }
        }
        let end = device.point(vgs: 0, vds: 0, vbs: 0, gmin: 0, from: state).charges
        let lost = abs(end.drain.value - start)
        if share != nil { #expect(lost < 1e-12 * device.oxide) } else { #expect(lost > 0.01 * device.oxide) }
        #expect(abs(end.gate.value + end.drain.value + end.source.value + end.bulk.value) < 1e-9 * device.oxide)
    }

    /// ngspice 39, `.dc` of one transistor at vds = 2 V, vgs = 1.5 V, vbs = −0.5 V; W/L = 10/1 µm, rd = rs as in the models.
    @Test(arguments: [(1, 27.0), (3, 27), (1, 100), (3, -40)])
    func currentsAreThoseOfAnotherSimulator(_ index: Int, _ celsius: Double) throws {
        let cards = [
            1: "n nmos(vto=0.7 kp=100u gamma=0.4 phi=0.65 lambda=0.02 tox=20n)",
            3:
                "n nmos(level=3 tox=25n nsub=3e16 xj=0.2u ld=0.1u vmax=1.5e5 theta=0.1 eta=0.02 kappa=0.3 delta=1 nfs=1e11 uo=550 vto=0.75 rd=50 rs=50)",
        ]
        let result = try simulate(
            """
            t
            .model \(cards[index] ?? "")
            vd d 0 2
            vg g 0 1.5
            vb b 0 -0.5
            m1 d g 0 b n w=10u l=1u
            .temp \(celsius)
            .op
            .print op i(vd) @m1[id]
            .end
            """)
        let found = -(result["i(vd)"].first ?? 0)
        let expected = Self.peer["\(index) \(celsius)"] ?? .nan
        #expect(abs(found - expected) < 1e-3 * expected, "\(found) \(expected)")
        #expect(abs(found - (result["@m1[id]"].first ?? 0)) < 1e-9 * found)
    }
    static let peer = [
        "1 27.0": 2.501174512e-4, "3 27.0": 1.832304528e-4, "1 100.0": 2.344699551e-4, "3 -40.0": 2.125100295e-4,
    ]

    /// An odd ring of inverters starts by itself and swings from rail to rail.
    @Test func aRingOscillates() throws {
        var lines = [
            "ring", ".model n nmos(vto=0.7 kp=100u tox=20n lambda=0.02 cj=0.3m)",
            ".model p pmos(vto=-0.8 kp=40u tox=20n lambda=0.03 cj=0.3m)", "vdd vdd 0 3.3", ".ic v(a0)=0",
        ]
        for k in 0..<5 {
            lines.append("mn\(k) a\((k + 1) % 5) a\(k) 0 0 n w=4u l=1u ad=8p as=8p")
            lines.append("mp\(k) a\((k + 1) % 5) a\(k) vdd vdd p w=10u l=1u ad=20p as=20p")
        }
        let result = try simulate((lines + [".tran 20p 10n", ".print tran v(a0)", ".end"]).joined(separator: "\n"))
        let (times, v) = (result["time"], result["v(a0)"])
        let late = times.indices.filter { times[$0] > 5e-9 }
        #expect((late.map { v[$0] }.max() ?? 0) > 3.2 && (late.map { v[$0] }.min() ?? 1) < 0.1)
        let rises = late.dropFirst().filter { v[$0 - 1] < 1.65 && v[$0] >= 1.65 }
        #expect(rises.count >= 5)
        let periods = zip(rises, rises.dropFirst()).map { times[$1] - times[$0] }
        let mean = periods.reduce(0, +) / Double(periods.count)
        for period in periods { #expect(abs(period - mean) < 0.02 * mean) }
    }

    @Test(arguments: [
        ("m1 d g 0 0 n l=0.1u w=1u", ".model n nmos(ld=1u)", "the channel of m1 is"),
        ("m1 d g 0 0 n", ".model n nmos(level=14)", "is a MOSFET of level 14"),
        ("m1 d g 0 n", ".model n nmos", "m1 connects 3 nodes, but a MOSFET of level 1 has 4"),
        ("m1 d g 0 0 b t n", ".model n nmos level=3", "m1 connects 6 nodes, but a MOSFET of level 3 has 4"),
        (
            "m1 d g 0 0 b n", ".model n nmos level=57",
            "model 'n' is a MOSFET of level 57 (BSIM3SOI-PD 2.2.3), which this version does not have"
        ),
        ("m1 d g 0 0 n l=-1u", ".model n nmos", "l"),
    ])
    func mistakesAreNamed(_ card: String, _ model: String, _ message: String) {
        let loaded = Simulation.load(text: "t\n\(model)\n\(card)\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }

    /// Meyer's: ⅔ Cox in saturation, a half each at vds = 0, all to the bulk far below threshold; overlaps besides. The
    /// junctions' fall by the root of 1 + v/pb. ngspice 39 names them so.
    @Test("Capacitances are quantities", arguments: [1.0, -1])
    func capacitances(polarity: Double) throws {
        let result = try simulate(
            """
            t
            .model n \(polarity > 0 ? "nmos" : "pmos")(vto=\(polarity * 0.7) kp=100u tox=20n cgso=0.1n cgdo=0.2n cgbo=0.3n cj=1m mj=0.5 pb=0.8 phi=0.6)
            vd d 0 \(polarity * 3)
            vh h 0 \(polarity * 2)
            vl l 0 \(polarity * -3)
            vb b 0 \(polarity * -1)
            m1 d h 0 b n w=10u l=2u ad=40p as=20p
            m2 0 h 0 b n w=10u l=2u
            m3 d l 0 b n w=10u l=2u m=2
            .op
            .print op @m1[cgs] @m1[cgd] @m1[cgb] @m2[cgs] @m2[cgd] @m3[cgs] @m3[cgb] @m1[cbd] @m1[cbs] @m1[von]
            .end
            """)
        let oxide = 3.9 * 8.854214871e-12 / 20e-9 * 20e-12
        let expected = [
            ("@m1[cgs]", 2.0 / 3 * oxide + 1e-15), ("@m1[cgd]", 2e-15), ("@m1[cgb]", 0.6e-15),
            ("@m2[cgs]", 0.5 * oxide + 1e-15), ("@m2[cgd]", 0.5 * oxide + 2e-15), ("@m3[cgs]", 2e-15),
            ("@m3[cgb]", 2 * oxide + 1.2e-15), ("@m1[cbd]", 40e-15 / (1 + 4 / 0.8).squareRoot()),
            ("@m1[cbs]", 20e-15 / (1 + 1 / 0.8).squareRoot()), ("@m1[von]", 0.7 * polarity),
        ]
        for (name, value) in expected {
            #expect(abs(result[name][0] - value) < 1e-3 * abs(value), "\(name): \(result[name][0]), not \(value)")
        }
    }
}
