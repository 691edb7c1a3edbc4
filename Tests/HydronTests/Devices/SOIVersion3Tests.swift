import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// BSIM3SOI 3.2 against version 4 where both are the same, its own rules where they are not, and ngspice's numbers.
@Suite struct SOIVersion3Tests {
    typealias Plain = Dual<SIMD4<Double>>
    typealias Warm = Dual<SIMD8<Double>>

    static let common: [SOIParameter: Double] = [
        .tox: 4e-9, .tsi: 8e-8, .tbox: 2e-7, .nch: 4e17, .nsub: 2e15, .vth0: 0.4, .k1: 0.5, .k2: 0.02, .k3: 1,
        .kt1: -0.2, .u0: 0.04, .keta: -0.05, .ags: 0.1, .rdsw: 150, .prwg: 0.05, .alpha0: 1e-8, .beta2: 0.08,
        .isrec: 1e-2, .vrec0: 1, .isdif: 1e-4, .istun: 1e-5, .vtun0: 2, .isbjt: 1e-3, .ngate: 1e20, .cgsl: 1e-10,
        .cgdl: 2e-10, .tt: 1e-11, .vgstcvmod: 0, .vbsa: 0.1, .k1w1: 1e-8, .k1w2: 1e-7,
    ]

    static func core(
        _ version: Double, _ more: [SOIParameter: Double] = [:], celsius: Double = 27,
        _ instance: [SOIInstance: Double] = [:]
    ) throws -> SOICore {
        var values = ParameterValues<SOIModelKey>()
        for (key, value) in common.merging(more, uniquingKeysWith: { $1 }) { values[SOIModelKey(key)] = value }
        values[SOIModelKey(.version)] = version
        var card = ParameterValues<SOIInstance>()
        for (key, value) in instance { card[key] = value }
        card[.ad] = 1e-12
        return try SOICore(
            SOIModelValues(values, isPChannel: false), card, length: 0.3e-6, width: 2e-6, scale: 1, multiplier: 1,
            temperature: celsius + 273.15, nominal: 300.15)
    }

    static func transistor(_ core: SOICore, celsius: Double = 27) -> SOITransistor<Double> {
        SOITransistor<Double>(core: core, heat: core.heat(celsius + 273.15), temperature: celsius + 273.15)
    }

    /// d, g, s, e, b [V].
    static let points: [[Double]] = [
        [1, 1.2, 0, 0, 0.2], [0.05, 0.5, 0, -1, 0], [-0.9, 0.8, 0, 1, -0.3], [1.8, 0.2, 0, 0.5, 0.6],
        [2, -0.2, 0, 0, -1],
    ]

    /// Where every term that version 4 added is off, both are one.
    @Test(arguments: [0.0, 1, 2], [2.0, 3])
    func versionsAgreeWhereTheirTermsDo(_ depletion: Double, _ charges: Double) throws {
        // More doping than a fully depleted film holds is limited in version 4 alone.
        let more: [SOIParameter: Double] = [.soimod: depletion, .capmod: charges, .k1w1: 0, .nch: 2e17]
        let third = Self.transistor(try Self.core(3.2, more))
        let fourth = Self.transistor(try Self.core(4.4, more))
        for point in Self.points {
            let (a, b) = (DeviceHarness.evaluate(third, at: point), DeviceHarness.evaluate(fourth, at: point))
            for row in 0..<5 {
                #expect(abs(a.f[row] - b.f[row]) <= 1e-12 * abs(b.f[row]) + 1e-30, "f[\(row)] at \(point)")
                #expect(abs(a.q[row] - b.q[row]) <= 1e-12 * abs(b.q[row]) + 1e-30, "q[\(row)] at \(point)")
            }
        }
    }

    @Test func fullDepletionLeavesTheDopingAsGiven() throws {
        #expect(try Self.core(3.2, [.soimod: 2]).p.nch == 4e17)
        #expect(try Self.core(4.4, [.soimod: 2]).p.nch < 4e17)
    }

    /// What toxm takes from k1 counts in the whole body effect: the threshold at vbs = 0 does not move with it.
    @Test func extractionOxideLeavesTheThresholdAlone() throws {
        func threshold(_ version: Double, toxm: Double) throws -> Double {
            let core = try Self.core(version, [.toxm: toxm, .nlx: 0, .lpe0: 0, .soimod: 0])
            let device = Self.transistor(core)
            let v = SOITransistor<Double>.Voltages(
                gate: 1, drain: 0, body: 0, substrate: 0, rise: 0, sourceBody: 0, drainBody: 0)
            return device.point(v, gmin: 0).drive.threshold.value
        }
        #expect(abs(try threshold(3.2, toxm: 3e-9) - threshold(3.2, toxm: 4e-9)) < 1e-12)
        let core = try Self.core(4.4, [.toxm: 3e-9])
        let root = core.heat(300.15).phi.squareRoot()
        let moved = try threshold(4.4, toxm: 3e-9) - threshold(4.4, toxm: 4e-9)
        #expect(abs(moved - (core.k1ox - core.k1eff) * root) < 1e-12)
    }

    /// 1/√(1 − x) goes on from 5 at x = 0.96 by its own hyperbola.
    @Test func bulkChargeGoesOnBeyondItsRoot() throws {
        let core = try Self.core(3.2, [.ags: 0, .keta: 0, .soimod: 0])
        let device = Self.transistor(core)
        let phi = device.heat.phi
        func bulk(_ body: Double) -> (bulk: Double, held: Double, depth: Double) {
            let v = SOITransistor<Double>.Voltages(
                gate: 1, drain: 1, body: body, substrate: 0, rise: 0, sourceBody: body, drainBody: body)
            let point = device.point(v, gmin: 0)
            return (point.channel.bulk.value, point.body.held.value, point.drive.depth.value)
        }
        for body in [0.5, 1.1] {
            let found = bulk(body)
            let x = found.held / phi
            let growth = x < 0.96 ? 1 / (1 - x).squareRoot() : (6.00167 - 6.26044 * x) / (1 - 1.043406 * x)
            let share = 0.3e-6 / (0.3e-6 + 2 * (core.p.xj * found.depth).squareRoot())
            let expected = 1 + 0.5 * core.k1ox / phi.squareRoot() * growth * share
            #expect(abs(found.bulk - expected) < 1e-12 * expected)
        }
        #expect(bulk(1.1).held / phi > 0.96)
    }

    /// At the drain a field of vds − vgs − ngidl, at the source of −vgs − ngidl, whatever the body does.
    @Test func gateInducesTheSameWhateverTheBody() throws {
        let more: [SOIParameter: Double] = [.agidl: 1e-9, .bgidl: 2e9, .ngidl: 0.6, .ngate: 0, .soimod: 0]
        let device = Self.transistor(try Self.core(3.2, more))
        func current(_ volts: Double) -> Double {
            let field = (volts - 0.6) / (3 * 4e-9)
            return 2e-6 * 1e-9 * field * Glibc.exp(-2e9 / field)
        }
        for body in [-0.5, 0, 0.7] {
            let v = SOITransistor<Double>.Voltages(
                gate: -1.5, drain: 1.2, body: body, substrate: 0, rise: 0, sourceBody: body, drainBody: body)
            let leakage = device.point(v, gmin: 0).leakage
            #expect(abs(leakage.drainInduced.value / current(2.7) - 1) < 1e-12)
            #expect(abs(leakage.sourceInduced.value / current(1.5) - 1) < 1e-12)
        }
        let silent = Self.transistor(try Self.core(3.2, [.agidl: 1e-9, .ngidl: 0.6, .soimod: 0]))
        let v = SOITransistor<Double>.Voltages(
            gate: -1.5, drain: 1.2, body: 0, substrate: 0, rise: 0, sourceBody: 0, drainBody: 0)
        #expect(silent.point(v, gmin: 0).leakage.drainInduced.value == 0)
    }

    /// Mobility and built-in potential warm with the film, the surface potential does not.
    @Test func filmHeatsWithoutItsSurfacePotential() throws {
        let third = try Self.core(3.2).heat(Warm(rise: 0) + 300.15)
        let fourth = try Self.core(4.4).heat(Warm(rise: 0) + 300.15)
        let lane = SOILane.rise
        #expect(third.phi.gradient[lane] == 0 && fourth.phi.gradient[lane] != 0)
        #expect(third.root.gradient[lane] == 0 && third.depth.gradient[lane] == 0)
        #expect(abs(third.phi.value - fourth.phi.value) < 1e-15)
        let pairs = [
            (third.mobility, fourth.mobility), (third.builtIn, fourth.builtIn), (third.velocity, fourth.velocity),
        ]
        for (a, b) in pairs {
            #expect(a.gradient[lane] == b.gradient[lane] && a.gradient[lane] != 0)
        }
    }

    static let variants: [[SOIParameter: Double]] = [
        [:], [.soimod: 1, .agidl: 1e-9, .bgidl: 1e9], [.capmod: 3, .igcmod: 1, .igbmod: 1],
    ]
    @Test(arguments: variants)
    func slopesAreThoseOfTheValues(_ more: [SOIParameter: Double]) throws {
        let device = Self.transistor(try Self.core(3.2, more))
        for point in Self.points {
            DeviceHarness.checkJacobian(at: point, tolerance: 2e-5) { DeviceHarness.evaluate(device, at: $0) }
        }
    }

    /// ngspice 39, `ngspice -b`, `.op` at level 58 with vgstcvmod=0, which has the same terms here; gmin=1e-6 there is a
    /// gmin of 1e-12 that is not a millionth.
    @Test(arguments: [(1.0, 0.2885011622077), (0, 0.3563131293472)])
    func floatingBodyIsThatOfNgspice(_ scaling: Double, _ expected: Double) throws {
        let result = try simulate(
            """
            t
            v1 vdd 0 3
            rl vdd d 40k
            vg g 0 1.2
            m1 d g 0 0 soi w=3u l=0.8u
            .model soi nmos(level=10 vth0=0.6 alpha0=1e-8 beta2=0.08 isrec=1e-6 k1=0.5 k2=0.01)
            .options gmin=1e-12 reltol=1e-9 abstol=1e-20 b3soigminscaling=\(scaling)
            .op
            .print op v(d)
            .end
            """, dialect: .xyce)
        #expect(abs((result["v(d)"].first ?? .nan) - expected) < 1e-7)
    }

    @Test(arguments: [
        (Dialect.xyce, "level=10 version=3.1", ""), (.hspice, "level=57", ""), (.ltspice, "level=9", ""),
        (.pspice, "level=10 version=3.2", ""), (.hspice, "level=57 version=2.2", "of BSIM3SOI 2.2"),
        (.ngspice, "level=55", "BSIM3SOI-FD 2.1"), (.ngspice, "level=56", "BSIM3SOI-DD 2.1"),
        (.ngspice, "level=57", "BSIM3SOI-PD 2.2.3"),
    ])
    func levelsMeanVersionsByDialect(_ dialect: Dialect, _ level: String, _ mistake: String) throws {
        let text = "t\nm1 d g 0 0 n\n.model n nmos(\(level) vth0=0.4 rdwmin=1)\nv1 d 0 1\nv2 g 0 1\n.op\n.end"
        let loaded = Simulation.load(text: text, dialect: dialect)
        let messages = loaded.diagnostics.all
        guard mistake.isEmpty else {
            #expect(messages.contains { $0.severity == .error && $0.message.contains(mistake) }, "\(messages)")
            return
        }
        #expect(!messages.contains { $0.severity == .error }, "\(messages)")
        #expect(messages.contains { $0.hint?.contains("'rdwmin' came with BSIM-SOI 4") ?? false }, "\(messages)")
    }
}
