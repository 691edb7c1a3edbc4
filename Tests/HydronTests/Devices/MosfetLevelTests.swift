import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

/// Channels of levels 2, 3 and 6 against closed forms, their own symmetries and ngspice.
@Suite struct MosfetLevelTests {
    static let models: [[Mosfet.Model: Double]] = [
        [.level: 2, .vto: 0.8, .kp: 4e-5, .gamma: 0.5, .lambda: 0.02],
        [
            .level: 2, .vto: 0.8, .tox: 2.5e-8, .nsub: 2e16, .xj: 3e-7, .ld: 2e-7, .uo: 550, .ucrit: 6e4, .uexp: 0.15,
            .delta: 1.2, .nfs: 2e11, .cgso: 3e-10, .cgdo: 2e-10,
        ],
        [
            .level: 2, .tox: 2.5e-8, .nsub: 2e16, .xj: 3e-7, .uo: 550, .ucrit: 6e4, .uexp: 0.15, .delta: 1.2,
            .nfs: 2e11,
            .vmax: 6e4, .neff: 3, .rd: 30, .rs: 20,
        ],
        [
            .level: 6, .vto: 0.8, .kv: 1.2, .nv: 0.6, .kc: 3e-5, .nc: 1.3, .lambda0: 0.03, .lambda1: 0.005, .gamma: 0.4,
            .gamma1: 0.05, .sigma: 0.02, .tox: 2e-8,
        ],
        [.level: 3, .vto: 0.8, .tox: 2.5e-8, .nsub: 2e16, .theta: 0.05],
    ]

    /// Without a bulk's charge level 2 is the square law.
    @Test func withoutBodyEffectLevel2IsTheSquareLaw() {
        let device = MosfetTests.mosfet([.level: 2, .vto: 0.7, .kp: 1e-4, .lambda: 0.05])
        for vgs in [0.5, 1, 2, 3] {
            for vds in [0.0, 0.1, 1, 5] {
                let over = max(vgs - 0.7, 0)
                let span = min(vds, over)
                let expected = 5e-4 / (1 - 0.05 * vds) * span * (over - span / 2)
                let found = device.point(vgs: vgs, vds: vds, vbs: 0, gmin: 0).channel.current.value
                #expect(abs(found - expected) <= 1e-18 + 1e-12 * expected, "\(vgs) \(vds)")
            }
        }
    }

    /// With it the channel pinches off where vgs − vbin − v = γ √(φ + v).
    @Test func pinchOffOfLevel2LeavesNoCharge() {
        let device = MosfetTests.mosfet([.level: 2, .vto: 0.8, .kp: 4e-5, .gamma: 0.7, .phi: 0.65])
        let v = device.point(vgs: 3, vds: 5, vbs: -1, gmin: 0).channel.saturationVoltage.value
        let flatBand = 0.8 - 0.7 * 0.65.squareRoot()
        #expect(abs(3 - flatBand - v - 0.7 * (0.65 + 1 + v).squareRoot()) < 1e-12)
    }

    /// A low vmax makes current from charge and velocity alone: W Cox vmax (vgs − vth − …).
    @Test func saturatedVelocityCarriesTheChargeAtTheDrain() {
        let device = MosfetTests.mosfet([
            .level: 2, .vto: 0.8, .tox: 2.5e-8, .kp: 8e-5, .gamma: 0.5, .phi: 0.65, .vmax: 2e4,
        ])
        let channel = device.point(vgs: 4, vds: 5, vbs: 0, gmin: 0).channel
        let v = channel.saturationVoltage.value
        let charge = 4 - (0.8 - 0.5 * 0.65.squareRoot()) - v - 0.5 * (0.65 + v).squareRoot()
        // kp L vmax/µ W/L
        let expected = 8e-5 * 2e4 / 600e-4 * 10e-6 * charge
        #expect(abs(channel.current.value - expected) < 1e-9 * expected)
    }

    @Test func powersAreThoseOfLevel6() {
        let device = MosfetTests.mosfet([.level: 6, .vto: 0.8, .kv: 1.2, .nv: 0.6, .kc: 3e-5, .nc: 1.3, .lambda0: 0.03])
        for vds in [0.3, 1, 4] {
            let over = 1.7
            let vdsat = 1.2 * Glibc.pow(over, 0.6)
            let x = min(vds / vdsat, 1)
            let expected = 1.5e-4 * Glibc.pow(over, 1.3) * (1 + 0.03 * vds) * (2 - x) * x
            let found = device.point(vgs: 2.5, vds: vds, vbs: 0, gmin: 0).channel.current.value
            #expect(abs(found - expected) < 1e-12 * expected)
        }
    }

    /// Slopes of currents and charges against central differences, n and p, both directions, three temperatures.
    @Test(arguments: 0..<5, [-40.0, 27, 125])
    func slopesAreThoseOfTheValues(_ index: Int, _ celsius: Double) {
        for isPChannel in [false, true] {
            var model = Self.models[index]
            if isPChannel { model[.vto] = -(model[.vto] ?? 0.8) }
            let device = MosfetTests.mosfet(model, isPChannel: isPChannel, celsius: celsius, [.ad: 2e-11, .as: 1e-11])
            for point in MosfetTests.points {
                let u = isPChannel ? point.map { -$0 } : point
                let here = DeviceHarness.evaluate(device, at: u)
                let scale = (here.f.map { abs($0) }.max() ?? 0, (here.q.map { abs($0) }.max() ?? 0) + 1e-18)
                #expect(abs(here.f.reduce(0, +)) <= 1e-12 * scale.0)
                #expect(abs(here.q.reduce(0, +)) <= 1e-12 * scale.1)
                MosfetTests.checkSlopes(device, at: u)
            }
        }
    }

    @Test(arguments: 0..<5) func drainAndSourceMayBeSwapped(_ index: Int) {
        var model = Self.models[index]
        (model[.rd], model[.rs]) = (0, 0)
        let device = MosfetTests.mosfet(model)
        for point in MosfetTests.points {
            let (d, g, s, b) = (point[4], point[1], point[5], point[3])
            let forward = DeviceHarness.evaluate(device, at: [d, g, s, b, d, s])
            let swapped = DeviceHarness.evaluate(device, at: [s, g, d, b, s, d])
            for (row, other) in [(4, 5), (5, 4), (1, 1), (3, 3)] {
                #expect(abs(forward.f[row] - swapped.f[other]) <= 1e-9 * abs(forward.f[row]) + 1e-18)
            }
        }
    }

    /// No jump of the current at saturation nor at threshold.
    @Test(arguments: 0..<5) func nothingJumps(_ index: Int) {
        let device = MosfetTests.mosfet(Self.models[index])
        func current(_ vgs: Double, _ vds: Double) -> Double {
            device.point(vgs: vgs, vds: vds, vbs: -0.5, gmin: 0).channel.current.value
        }
        for vgs in stride(from: 0.2, through: 4, by: 0.2) {
            let edge = device.point(vgs: vgs, vds: 3, vbs: -0.5, gmin: 0).channel.saturationVoltage.value
            #expect(abs(current(vgs, edge + 1e-9) - current(vgs, edge - 1e-9)) <= 1e-8 * current(vgs, edge) + 1e-15)
        }
        for vgs in stride(from: 0.2, through: 4, by: 0.01) {
            #expect(abs(current(vgs + 1e-9, 2) - current(vgs, 2)) < 1e-11)
        }
    }

    /// ngspice 39, `.op` with vds = 2 V, vgs = 1.8 V, vbs = −0.5 V; W/L = 10/2 µm.
    @Test(arguments: zip(0..<5, peer))
    func currentsAreThoseOfNgspice(_ index: Int, _ expected: [Double]) {
        for (celsius, current) in zip([-40.0, 27, 125], expected) {
            var model = Self.models[index]
            (model[.rd], model[.rs]) = (nil, nil)
            let length = 2e-6 - 2 * (model[.ld] ?? 0)
            let device = MosfetTests.mosfet(model, celsius: celsius, length: length)
            let found = device.point(vgs: 1.8, vds: 2, vbs: -0.5, gmin: 0).channel.current.value
            #expect(abs(found - current) < 2e-6 * current, "\(found) \(current)")
        }
    }
    static let peer: [[Double]] = [
        [7.351585383e-05, 6.370876394e-05, 5.724896225e-05],
        [2.447723837e-04, 1.936519196e-04, 1.554325258e-04],
        [3.609658327e-04, 2.709054279e-04, 2.025556085e-04],
        [1.783185718e-04, 1.403720292e-04, 1.113503413e-04],
        [1.638772813e-04, 1.356342668e-04, 1.154088277e-04],
    ]

    /// The gate's charge starts from the voltages that the card gives.
    @Test func aTransientStartsFromInitialVoltages() throws {
        let result = try simulate(
            """
            t
            .model n nmos(vto=0.7 kp=1e-4 tox=2e-8 cgso=3e-10 cgdo=3e-10 cbd=1e-13 cbs=1e-13)
            .model q npn(cje=1p cjc=0.5p)
            vd d 0 2
            rg g 0 1meg
            rd dd d 10k
            m1 dd g 0 0 n w=100u l=10u ic=2,1.5,0
            vc c 0 5
            rb b 0 100k
            rc cc c 1k
            q1 cc b 0 q ic=0.6,3
            .tran 10n 1u uic
            .print tran v(g) v(b) v(cc)
            .end
            """)
        #expect(abs((result["v(g)"].first ?? 0) - 1.5) < 1e-3)
        #expect(abs((result["v(b)"].first ?? 0) - 0.6) < 1e-3)
        #expect(abs((result["v(cc)"].first ?? 0) - 3) < 1e-3)
        #expect((result["v(g)"].last ?? 1) < 0.8)
    }

    @Test func tooManyInitialVoltagesAreNamed() {
        let loaded = Simulation.load(
            text: "t\n.model n nmos\nm1 d g 0 0 n ic=1,2,3,4\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains("more than 3 values") })
    }
}
