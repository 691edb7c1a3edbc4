import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// The equations of the transistor on insulator: slopes, what balances, what is symmetric, and how it heats.
@Suite struct SOIDeviceTests {
    static let plain: [SOIParameter: Double] = [
        .tox: 2e-9, .tsi: 8e-8, .tbox: 2e-7, .nch: 4e17, .nsub: 2e15, .vth0: 0.4, .k1: 0.5, .k2: 0.02, .k3: 1,
        .kt1: -0.2, .u0: 0.04, .keta: -0.05, .a1: 0.02, .a2: 0.9, .ags: 0.1, .b0: 1e-8, .rdsw: 150, .prwg: 0.05,
        .dvt0w: 0.2, .dvtp0: 1e-8, .dvtp1: 0.5, .dvtp2: 0.01, .dvtp4: 0.5, .fprout: 10, .pdits: 0.1, .pvag: 0.1,
        .alpha0: 1e-8, .beta1: 0.01, .beta2: 0.08, .fbjtii: 0.05, .agidl: 2e-9, .cgidl: 0.3, .egidl: 0.8, .isrec: 1e-2,
        .vrec0: 1, .isdif: 1e-4, .istun: 1e-5, .vtun0: 2, .isbjt: 1e-3, .ahli: 1e-7, .ngate: 1e20, .cgsl: 1e-10,
        .cgdl: 2e-10, .cgeo: 1e-11, .csdesw: 1e-11, .tt: 1e-11, .mjswgd: 0.4, .ntrecf: 0.1, .tcjswg: 1e-3,
        .tpbswg: 1e-3, .dwg: 1e-9, .dwb: 1e-9, .ketas: 0.05,
    ]
    static let variants: [[SOIParameter: Double]] = [
        [:], [.igcmod: 1, .igbmod: 1], [.soimod: 1], [.soimod: 2, .capmod: 3],
        [.soimod: 1, .fdmod: 1, .cdsbs: 1e-5, .vsce: 0.1, .dvbd0: 0.1, .k2b: 0.1, .dk2b: 0.5, .capmod: 3],
        [.capmod: 3, .xpart: 0.5], [.xpart: 1, .vgstcvmod: 0], [.vgstcvmod: 2, .minvcv: 0.2, .voffcv: -0.05],
        [.mobmod: 2], [.mobmod: 3], [.mobmod: 4, .ud: 0.1],
        [
            .iiimod: 1, .gidlmod: 1, .kgidl: 0.1, .fgidl: 1.1, .cbjtii: 1e-8, .vbci: 0.7, .abjtii: 1, .tii: 0.2,
            .tvbci: 0.1,
        ],
        [.mtrlmod: 1, .eot: 2e-9, .phig: 4.2, .capmod: 3], [.binunit: 2, .xpart: 0.4, .fnoimod: 0],
    ]

    static func core(
        _ more: [SOIParameter: Double], isPChannel: Bool = false, celsius: Double = 27,
        _ instance: [SOIInstance: Double] = [:]
    ) throws -> SOICore {
        var values = ParameterValues<SOIModelKey>()
        for (key, value) in plain.merging(more, uniquingKeysWith: { $1 }) {
            values[SOIModelKey(key)] = key == .vth0 && isPChannel ? -value : value
        }
        var card = ParameterValues<SOIInstance>()
        for (key, value) in instance { card[key] = value }
        card[.ad] = 1e-12
        card[.as] = 2e-12
        return try SOICore(
            SOIModelValues(values, isPChannel: isPChannel), card, length: 0.3e-6, width: 2e-6, scale: 1, multiplier: 1,
            temperature: celsius + 273.15, nominal: 300.15)
    }

    static let contact: [SOIInstance: Double] = [
        .agbcp: 1e-13, .agbcp2: 2e-13, .aebcp: 1e-13, .nbc: 1, .nseg: 2, .pdbcp: 1e-7, .psbcp: 2e-7, .nf: 2, .sa: 3e-7,
        .sb: 4e-7, .sd: 2e-7, .delvto: 0.02, .m: 3,
    ]

    static let points: [[Double]] = [
        [1.2, 1.1, 0.05, 0.4, 0.35], [0.3, 0.6, 0, -0.5, 0.1], [-0.7, 0.8, 0.03, 0.5, -0.2], [1.6, -0.5, 0, 0, 0.55],
        [0.7, 0.25, 0.1, 2, 0.62], [1, -1, 0.02, -2, -0.4], [0.02, 1.4, 0, 0, 0.3],
    ]

    @Test(arguments: variants.indices, [false, true])
    func slopesAreThoseOfTheValues(_ variant: Int, _ isPChannel: Bool) throws {
        // Each variant at one temperature, with a body contact's areas at another.
        for (celsius, instance) in [(isPChannel ? 125.0 : 27, [:]), (-40, Self.contact)] {
            let core = try Self.core(
                Self.variants[variant], isPChannel: isPChannel, celsius: celsius, instance)
            let device = SOITransistor<Double>(
                core: core, heat: core.heat(celsius + 273.15), temperature: celsius + 273.15)
            for point in Self.points.prefix(instance.isEmpty ? 7 : 2) {
                let u = isPChannel ? point.map { -$0 } : point
                check(device, u, "\(Self.variants[variant]) at \(celsius) °C")
            }
        }
    }

    /// The same with a temperature and body ends of its own.
    @Test(arguments: variants.indices)
    func slopesHoldWhereItHeatsItself(_ variant: Int) throws {
        typealias Warm = Dual<SIMD8<Double>>
        let isPChannel = variant % 2 == 1
        let core = try Self.core(Self.variants[variant], isPChannel: isPChannel)
        let device = SOITransistor<Warm>(
            core: core, heat: core.heat(Warm(constant: 300.15)), temperature: 300.15, isHeated: true)
        for point in Self.points.prefix(4) {
            var u = (isPChannel ? point.map { -$0 } : point) + [17]
            u += [u[4] + 0.02, u[4] - 0.03]
            check(device, u, "\(Self.variants[variant])")
        }
    }

    private func check<T: SOITemperature>(_ device: SOITransistor<T>, _ u: [Double], _ what: String) {
        let here = DeviceHarness.evaluate(device, at: u)
        // What flows in flows out; heat is no current.
        var f = here.f
        if f.count > 5 { f[5] = 0 }
        #expect(abs(f.reduce(0, +)) <= 1e-12 * (f.map(abs).max() ?? 0), "\(what) at \(u)")
        #expect(abs(here.q.reduce(0, +)) <= 1e-12 * (here.q.map(abs).max() ?? 0), "\(what) at \(u)")
        DeviceHarness.checkJacobian(at: u, tolerance: 2e-5, what) { DeviceHarness.evaluate(device, at: $0) }
    }

    /// Newton's iteration may ask for any voltages.
    @Test(arguments: variants.indices)
    func nothingIsInfinite(_ variant: Int) throws {
        var random = TestRandom(seed: UInt64(variant) + 1)
        for celsius in [-60.0, 27, 200] {
            var parameters = Self.variants[variant]
            (parameters[.ahli], parameters[.a1]) = (1e-4, celsius < 0 ? -0.02 : 0.02)
            let core = try Self.core(parameters, celsius: celsius, celsius > 100 ? Self.contact : [:])
            let device = SOITransistor<Double>(
                core: core, heat: core.heat(celsius + 273.15), temperature: celsius + 273.15)
            for size in [1.0, 5, 30] {
                for _ in 0..<20 {
                    let u = (0..<5).map { _ in random.uniform(-size...size) }
                    let here = DeviceHarness.evaluate(device, at: u)
                    let all = here.f + here.q + here.df.flatMap { $0 } + here.dq.flatMap { $0 }
                    #expect(!all.contains { !$0.isFinite }, "\(Self.variants[variant]) at \(u), \(celsius) °C")
                }
            }
        }
    }

    /// Drain and source have the same parameters here: changing places changes signs alone.
    @Test(arguments: variants.indices)
    func drainAndSourceMayChangePlaces(_ variant: Int) throws {
        var parameters = Self.variants[variant]
        (parameters[.mjswgd], parameters[.cgdl]) = (0.5, 1e-10)
        var core = try Self.core(parameters)
        core.bottomDrain = core.bottomSource
        // It lies at the card's source alone.
        core.gminShare = 0
        let device = SOITransistor<Double>(core: core, heat: core.heat(300.15), temperature: 300.15)
        for point in Self.points {
            let swapped = [point[2], point[1], point[0], point[3], point[4]]
            let (here, there) = (DeviceHarness.evaluate(device, at: point), DeviceHarness.evaluate(device, at: swapped))
            for (row, other) in [(0, 2), (1, 1), (2, 0), (3, 3), (4, 4)] {
                let (f, q) = (here.f.map(abs).max() ?? 0, here.q.map(abs).max() ?? 0)
                #expect(abs(here.f[row] - there.f[other]) <= 1e-9 * f, "\(Self.variants[variant]) at \(point)")
                #expect(abs(here.q[row] - there.q[other]) <= 1e-9 * q, "\(Self.variants[variant]) at \(point)")
            }
        }
    }

    /// A p-channel is an n-channel with all signs turned, where its parameters are the same.
    @Test func channelsMirrorEachOther() throws {
        let same: [SOIParameter: Double] = [
            .nsub: 2e15, .vsdfb: -0.3, .vsdth: 0.5, .noia: 1e41, .noib: 1e26, .aigc: 0.4, .bigc: 0.05, .cigc: 0.05,
        ]
        let (n, p) = (try Self.core(same), try Self.core(same, isPChannel: true))
        let first = SOITransistor<Double>(core: n, heat: n.heat(300.15), temperature: 300.15)
        var heat = p.heat(300.15)
        heat.backFlatBand = first.heat.backFlatBand
        let second = SOITransistor<Double>(core: p, heat: heat, temperature: 300.15)
        for point in Self.points {
            let (here, there) = (
                DeviceHarness.evaluate(first, at: point), DeviceHarness.evaluate(second, at: point.map { -$0 })
            )
            for (a, b) in zip(here.f, there.f) { #expect(abs(a + b) <= 1e-12 * (here.f.map(abs).max() ?? 0)) }
        }
    }

    /// Its temperature rises by its power times its thermal resistance, rth0/(w + wth0).
    @Test func heatFollowsItsPower() throws {
        let result = try simulate(
            """
            t
            vd d 0 1.5
            vg g 0 1.5
            m1 d g 0 0 0 t n w=2u l=0.3u tnodeout
            \(SOITransistorTests.card(isPChannel: false, "shmod=1 rth0=0.02 wth0=1u igcmod=0 igbmod=0 alpha0=0"))
            .op
            .print op i(vd) v(t) @m1[temp]
            .end
            """)
        let power = -1.5 * (result["i(vd)"].first ?? 0)
        let rise = result["v(t)"].first ?? 0
        #expect(abs(rise - power * 0.02 / 3e-6) < 1e-4 * rise)
        #expect(rise > 1)
        #expect(abs((result["@m1[temp]"].first ?? 0) - 27 - rise) < 1e-6)
    }

    /// A body that floats is charged by a pulse and keeps it: the second one finds another threshold.
    @Test func aFloatingBodyRemembers() throws {
        let text = """
            t
            vd d 0 1.2
            vg g 0 pulse(0 1.2 1n 50p 50p 4n 10n)
            m1 d g 0 0 n w=2u l=0.2u
            \(SOITransistorTests.card(isPChannel: false, "alpha0=1e-7 igcmod=0 igbmod=0"))
            .tran 20p 31n
            .print tran @m1[vbs] i(vd)
            .end
            """
        let result = try simulate(text)
        func body(_ time: Double) -> Double {
            let index = result["time"].firstIndex { $0 >= time } ?? 0
            return result["@m1[vbs]"][index]
        }
        // Coupled up by the gate, down again; between pulses it stays far from where it settles.
        #expect(body(4e-9) - body(0.5e-9) > 0.02)
        #expect(abs(body(20.5e-9) - body(10.5e-9)) < 0.1)
        #expect(body(0.5e-9) != body(10.5e-9))
    }

    /// Over a period of the steady state no charge is left on a gate.
    @Test(arguments: ["capmod=2 vgstcvmod=0", "capmod=2", "capmod=3", "capmod=3 soimod=1", "capmod=3 soimod=2"])
    func chargesAreKept(_ law: String) throws {
        let result = try simulate(
            """
            t
            vd d 0 sin(0.6 0.6 10meg)
            vg g 0 sin(0.5 1 20meg 3n)
            m1 d g 0 0 0 n w=2u l=0.2u
            \(SOITransistorTests.card(isPChannel: false, "igcmod=0 igbmod=0 alpha0=0 agidl=0 \(law)"))
            .options reltol=1e-6
            .tran 50p 300n
            .print tran @m1[qg] i(vg)
            .end
            """)
        let (time, current) = (result["time"], result["i(vg)"])
        var sum = 0.0
        var moved = 0.0
        for index in time.indices.dropFirst() where time[index] > 100e-9 && time[index] <= 300e-9 {
            let step = 0.5 * (current[index] + current[index - 1]) * (time[index] - time[index - 1])
            sum += step
            moved += abs(step)
        }
        #expect(moved > 1e-15)
        #expect(abs(sum) < 2e-4 * moved, "\(sum) of \(moved)")
    }

    @Test func eachParameterHasItsRow() {
        let rows =
            SOIParameter.process + SOIParameter.channel + SOIParameter.leakage + SOIParameter.charges
            + SOIParameter.later
        #expect(Set(rows.map(\.key)).count == rows.count)
        #expect(rows.count == SOIParameter.allCases.count)
        #expect(SOIModelKey.index()["lvth0"] != nil && SOIModelKey.index()["vtho"] == SOIModelKey(.vth0))
    }

    /// A part by size is what the manual says of it, and where the drain's is not given that of the source.
    @Test func partsBySizeAdd() throws {
        var values = ParameterValues<SOIModelKey>()
        for (key, value) in Self.plain { values[SOIModelKey(key)] = value }
        for (part, value) in zip(SOIModelKey.Part.allCases, [0.01, 0.02, 0.003]) {
            values[try #require(SOIModelKey(.vth0, part))] = value
            values[try #require(SOIModelKey(.ndiode, part))] = value
        }
        let core = try SOICore(
            SOIModelValues(values, isPChannel: false), ParameterValues<SOIInstance>(), length: 0.5e-6, width: 4e-6,
            scale: 1, multiplier: 1, temperature: 300.15, nominal: 300.15)
        let sum = 0.01 / 0.5 + 0.02 / 4 + 0.003 / 2
        #expect(abs(core.threshold - 0.4 - sum) < 1e-12)
        #expect(abs(core.drain.emission - 1 - sum) < 1e-12)
    }

    @Test func levelsMeanIt() {
        let levels: [(Dialect, Int, Bool)] = [
            (.hspice, 57, true), (.hspice, 70, true), (.ngspice, 10, true), (.ngspice, 58, true), (.xyce, 10, true),
            (.xyce, 70450, true), (.xyce, 70470, true), (.ltspice, 9, true), (.ngspice, 57, false),
        ]
        for (dialect, level, isHere) in levels {
            let meaning = ModelLevels.meaning(of: level, device: "m", in: dialect)
            #expect((meaning == .here(SOICard.number)) == isHere, "\(dialect.name) \(level)")
        }
    }

    @Test(arguments: [
        ("m1 d g 0 0 n l=1u w=1u", "lint=1u", "the effective length of its channel is"),
        ("m1 d g 0 0 n l=1u w=1u", "nsub=0", "its nch is"),
        ("m1 d g 0 0 n l=1u w=1u colour=1", "tox=2n", "m1 has no parameter 'colour'"),
        ("m1 d g 0 n", "tox=2n", "m1 connects 3 nodes"),
        ("m1 d g 0 0 b c t x n", "tox=2n", "m1 connects 8 nodes"),
    ])
    func mistakesAreNamed(_ card: String, _ parameter: String, _ message: String) {
        let loaded = Simulation.load(
            text: "t\n.model n nmos level=10 \(parameter)\n\(card)\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }
}
