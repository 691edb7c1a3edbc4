import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// What BSIM-SOI 4.5, 4.6 and 4.7 compute otherwise than 4.4 does.
@Suite struct SOIReleaseTests {
    static func core(
        _ release: SOIRelease, _ more: [SOIParameter: Double] = [:], isPChannel: Bool = false, celsius: Double = 27,
        _ instance: [SOIInstance: Double] = [:]
    ) throws -> SOICore {
        var values = ParameterValues<SOIModelKey>()
        for (key, value) in SOIDeviceTests.plain.merging(more, uniquingKeysWith: { $1 }) {
            values[SOIModelKey(key)] = key == .vth0 && isPChannel ? -value : value
        }
        var card = ParameterValues<SOIInstance>()
        for (key, value) in instance { card[key] = value }
        let model = SOIModelValues(values, isPChannel: isPChannel, release: release)
        return try SOICore(
            model, card.completed(by: model), length: 0.3e-6, width: 2e-6, scale: 1, multiplier: 1,
            temperature: celsius + 273.15, nominal: 300.15)
    }

    static func device(
        _ release: SOIRelease, _ more: [SOIParameter: Double] = [:], celsius: Double = 27,
        _ instance: [SOIInstance: Double] = [:]
    ) throws -> SOITransistor<Double> {
        let core = try core(release, more, celsius: celsius, instance)
        return SOITransistor(core: core, heat: core.heat(celsius + 273.15), temperature: celsius + 273.15)
    }

    static let variants: [[SOIParameter: Double]] = [
        [.eta0cv: 0.2, .igcmod: 1, .igbmod: 1, .aigc1: 0.1, .alphagb1T: 0.1, .alphagb2T: 0.1, .aigsd1: 0.1],
        [.gidlmod: 1, .kgidl: 0.1, .bgidl1: 1e8, .keta: 0.4], [.soimod: 1, .etabcv: -0.3, .capmod: 3, .ados: 1.2],
        [.soimod: 2, .capmod: 3, .bdos: 0.8], [.rdsmod: 2, .rsh: 20, .ubg1: 1e-10, .ubg2: 1e-4, .ids0mult: 0.9],
        [.mobmod: 3, .vgstcvmod: 1, .noff2: 2, .ids0mult: 1.1, .ids0multmod: 2, .igcmod: 1],
        [.vgstcvmod: 0, .multI: 2, .multQ: 3],
    ]

    @Test(arguments: [SOIRelease.v45, .v46, .v47], variants.indices)
    func slopesAreThoseOfTheValues(_ release: SOIRelease, _ variant: Int) throws {
        typealias Warm = Dual<SIMD8<Double>>
        var parameters = Self.variants[variant].merging([.shmod: 1, .rth0: 0.01]) { $1 }
        if release < .v46 { parameters[.rdsmod] = 0 }
        for celsius in [release == .v46 ? -40.0 : 90] {
            let device = try Self.device(release, parameters, celsius: celsius, SOIDeviceTests.contact)
            for point in SOIDeviceTests.points.prefix(4) {
                DeviceHarness.checkJacobian(at: point, tolerance: 2e-5, "\(release) \(variant) at \(point)") {
                    DeviceHarness.evaluate(device, at: $0)
                }
            }
        }
        let core = try Self.core(release, parameters)
        let warm = SOITransistor<Warm>(
            core: core, heat: core.heat(Warm(constant: 300.15)), temperature: 300.15, isHeated: true)
        for point in SOIDeviceTests.points.prefix(2) {
            DeviceHarness.checkJacobian(
                at: point + [17, point[4] + 0.02, point[4] - 0.03], tolerance: 2e-5, "\(release) \(variant)"
            ) { DeviceHarness.evaluate(warm, at: $0) }
        }
    }

    private func voltages(_ gate: Double, _ drain: Double, _ body: Double) -> SOITransistor<Double>.Voltages {
        .init(gate: gate, drain: drain, body: body, substrate: 0, rise: 0, sourceBody: body, drainBody: body)
    }

    /// The bulk charge follows tangents where 4.4 has rational functions; within them both are the same.
    @Test func bulkChargeFollowsTangents() throws {
        func slope(_ release: SOIRelease, _ body: Double, keta: Double) throws -> (growth: Double, held: Double) {
            let device = try Self.device(release, [.keta: keta, .a0: 1, .b0: 0, .ketas: 0])
            let point = device.point(voltages(1, 0.1, body), gmin: 0)
            return (point.channel.plainBulk.value - 1, point.body.held.value)
        }
        for (keta, body) in [(-0.05, 0.2), (-0.05, 0.7), (0.4, -1.5), (0.6, -2)] {
            let (old, held) = try slope(.v44, body, keta: keta)
            let (new, _) = try slope(.v45, body, keta: keta)
            let phi = try Self.device(.v45).heat.phi
            let x = keta * held
            func growth(_ y: Double) -> Double { 1 / (1 - y).squareRoot() }
            let before = held / phi * (x >= -0.9 ? 1 / (1 + x) : (17 + 20 * x) / (0.8 + x))
            let after = held / phi * (x >= -0.5 ? 1 / (1 + x) : 2 - 4 * (x + 0.5))
            let tangent = 2.0.squareRoot() + 2.0.squareRoot() * (after - 0.5)
            let ratio = (after < 0.5 ? growth(after) : tangent) / growth(before)
            #expect(abs(new / old - ratio) < 1e-9, "\(keta) \(body)")
            #expect((abs(ratio - 1) > 1e-3) == (body != 0.2))
        }
    }

    /// What the gate induces at the drain by its formula: it is there, if little, where 4.4 has none.
    @Test func inducedCurrentsHaveNoOnset() throws {
        let (v, release) = (voltages(-0.5, 1, 0.2), SOIRelease.v46)
        let device = try Self.device(release, [.ngate: 0])
        let law = device.core.drain.induced
        func expected(_ vds: Double, _ vgs: Double, _ vbd: Double) -> Double {
            func hyperbola(_ x: Double, _ c: Double) -> Double { 0.5 * (x + (x * x + 4 * c * c).squareRoot()) }
            let field = hyperbola((vds - vgs - law.e) / (3 * 2e-9), 1e-2)
            let share = -vbd * vbd * vbd / (law.c + abs(vbd * vbd * vbd) + 1e-9)
            return device.core.drain.width * law.a * field * exp(-law.b / (field + 1e-3))
                * (hyperbola(share, 1e-6) - 1e-6)
        }
        let found = device.point(v, gmin: 0).leakage.drainInduced.value
        #expect(abs(found / expected(1, -0.5, -0.8) - 1) < 1e-9)
        let beyond = voltages(-1.5, 0.1, 0.3)
        let old = try Self.device(.v44, [.ngate: 0]).point(beyond, gmin: 0).leakage.drainInduced.value
        let new = device.point(beyond, gmin: 0).leakage.drainInduced.value
        #expect(old == 0 && new != 0)
        #expect(abs(new - expected(0.1, -1.5, 0.2)) <= 1e-9 * abs(new))
        // Of 4.5 the width is the source's.
        let wide: [SOIInstance: Double] = [.pdbcp: 1e-6]
        let (five, six) = (
            try Self.device(.v45, wide).point(v, gmin: 0), try Self.device(.v46, wide).point(v, gmin: 0)
        )
        let widths = device.core.drain.width / (device.core.drain.width + 1e-6)
        let ratio = five.leakage.drainInduced.value / six.leakage.drainInduced.value
        #expect(abs(ratio - widths) < 1e-9)
    }

    private static func device(_ release: SOIRelease, _ instance: [SOIInstance: Double]) throws -> SOITransistor<Double>
    {
        try device(release, [:], celsius: 27, instance)
    }

    /// From 4.7 tunnelling goes with (T/Tnom)^igt, and its coefficients with T/Tnom − 1.
    @Test func tunnellingRisesWithTemperature() throws {
        let on: [SOIParameter: Double] = [
            .igcmod: 1, .igbmod: 1, .agbc2n: 3.4e-7, .agbc2p: 5e-7, .bgbc2n: 1.2e12, .bgbc2p: 7.4e11, .aigc: 0.014,
            .bigc: 0.0017, .cigc: 0.075, .aigsd: 0.014, .bigsd: 0.0017, .cigsd: 0.075, .dlcig: 1e-8,
        ]
        func parts(_ release: SOIRelease, _ more: [SOIParameter: Double]) throws -> [Double] {
            let device = try Self.device(release, on.merging(more) { $1 }, celsius: 100)
            let point = device.point(voltages(1.1, 0.5, 0.1), gmin: 0)
            let far = device.point(voltages(-0.6, 0.5, 0.1), gmin: 0)
            return [
                point.tunnelling.body.value, far.tunnelling.body.value, point.tunnelling.source.value,
                point.tunnelling.drain.value, point.edgeSource.value, point.edgeDrain.value,
            ]
        }
        let ratio = 373.15 / 300.15
        let before = try parts(.v46, [:])
        for (exponent, given) in [(2.5, [:]), (1.0, [SOIParameter.igt: 1.0])] {
            for (new, old) in zip(try parts(.v47, given), before) {
                #expect(abs(new / old - Glibc.pow(ratio, exponent)) < 1e-3)
            }
        }
        let growth = [0.02, 0.03, 0.001, 0.002]
        let warm = try parts(
            .v47, [.igt: 0, .alphagb1T: growth[0], .alphagb2T: growth[1], .aigc1: growth[2], .aigsd1: growth[3]])
        let shifted = try parts(
            .v47,
            [
                .igt: 0, .alphagb1: 0.35 + growth[0] * (ratio - 1), .alphagb2: 0.43 + growth[1] * (ratio - 1),
                .aigc: 0.014 + growth[2] * (ratio - 1), .aigsd: 0.014 + growth[3] * (ratio - 1),
            ])
        for (a, b) in zip(warm, shifted) { #expect(abs(a / b - 1) < 1e-9) }
    }

    /// Factors of 4.7 multiply what they are named after; 4.6 knows none of them.
    @Test func factorsMultiply() throws {
        let point = [1.2, 1.1, 0, 0.4, 0.1]
        func values(_ release: SOIRelease, _ more: [SOIParameter: Double]) throws -> ([Double], [Double]) {
            let all = DeviceHarness.evaluate(try Self.device(release, more), at: point)
            return (all.f, all.q)
        }
        let plain = try values(.v47, [:])
        let all = try values(.v47, [.multI: 2, .multQ: 3])
        let most = all.0.map(abs).max() ?? 0
        for (a, b) in zip(plain.0, all.0) { #expect(abs(2 * a - b) <= 1e-12 * most) }
        for (a, b) in zip(plain.1, all.1) { #expect(abs(3 * a - b) <= 1e-12 * abs(b)) }
        #expect(try values(.v46, [.multI: 2, .multQ: 3, .ids0mult: 2, .u0mult: 2]).0 == values(.v46, [:]).0)
        func channel(_ more: [SOIParameter: Double]) throws -> SOITransistor<Double>.Point {
            try Self.device(.v47, more).point(voltages(-0.5, 1.2, -0.2), gmin: 0)
        }
        let (one, double) = (try channel([:]), try channel([.ids0mult: 2]))
        #expect(abs(double.channel.current.value / one.channel.current.value - 2) < 1e-12)
        #expect(abs(double.power.value / one.power.value - 2) < 1e-12)
        #expect(double.leakage.drainInduced.value == one.leakage.drainInduced.value)
        let (also, cool) = (
            try channel([.ids0mult: 2, .ids0multmod: 1]), try channel([.ids0mult: 2, .ids0multmod: 2])
        )
        #expect(abs(also.leakage.drainInduced.value / one.leakage.drainInduced.value - 2) < 1e-12)
        #expect(abs(cool.power.value / one.power.value - 1) < 1e-12)
        let faster = try channel([.u0mult: 1.5])
        #expect(abs(faster.channel.mobility.value / one.channel.mobility.value - 1.5) < 1e-12)
    }

    /// ubg1 is uc by another voltage: that of the back gate above its flat band, against the card's source.
    @Test func theBackGateMovesMobility() throws {
        let device = try Self.device(.v47, [.ubg1: 2e-10, .ubg2: 3e-3])
        let plain = try Self.device(.v47)
        let back = 0.8 - device.heat.backFlatBand
        let v = SOITransistor<Double>.Voltages(
            gate: 1, drain: 0.5, body: 0, substrate: 0.8, rise: 0, sourceBody: 0, drainBody: 0)
        let (moved, still) = (device.point(v, gmin: 0), plain.point(v, gmin: 0))
        let field = (still.drive.effective.value + 2 * still.drive.threshold.value) / 2e-9
        let denominator = plain.heat.mobility / still.channel.mobility.value
        let expected = (plain.heat.mobility + 3e-3 * back) / (denominator + 2e-10 * back * field)
        #expect(abs(moved.channel.mobility.value / expected - 1) < 1e-9)
        // Reversed, it is the same voltage.
        let turned = SOITransistor<Double>.Voltages(
            gate: 0.5, drain: -0.5, body: -0.5, substrate: 0.8, rise: 0, sourceBody: -0.5, drainBody: -0.5)
        let reversed = device.point(turned, gmin: 0)
        let other = plain.point(turned, gmin: 0)
        let onset = (other.drive.effective.value + 2 * other.drive.threshold.value) / 2e-9
        let turnedDenominator = plain.heat.mobility / other.channel.mobility.value
        let turnedExpected = (plain.heat.mobility + 3e-3 * back) / (turnedDenominator + 2e-10 * back * onset)
        #expect(abs(reversed.channel.mobility.value / turnedExpected - 1) < 1e-9)
    }

    /// From 4.7 gmin lies beside the channel and from the gate to both its ends.
    @Test func gminSpreads() throws {
        let v = voltages(0.7, 1.1, 0)
        func change(_ release: SOIRelease) throws -> [Double] {
            let device = try Self.device(release, [:], celsius: 27, [.nf: 2, .m: 3])
            let (with, without) = (device.point(v, gmin: 1e-3), device.point(v, gmin: 0))
            return [
                with.currents.drain.value - without.currents.drain.value,
                with.currents.gate.value - without.currents.gate.value,
                with.currents.source.value - without.currents.source.value,
            ].map { $0 * device.core.multiple }
        }
        let old = try change(.v46)
        #expect(old.allSatisfy { abs($0) < 1e-7 })
        for (found, expected) in zip(try change(.v47), [1.1 - (0.7 - 1.1), 0.7 + 0.7 - 1.1, -1.1 - 0.7]) {
            #expect(abs(found - 3e-3 * expected) < 1e-7)
        }
    }

    /// rdsmod=2: the film's and the contacts' resistances are in the channel's law, like those of rdsw.
    @Test func resistancesMayLieInTheChannel() throws {
        let v = voltages(1.1, 0.8, 0.1)
        func current(_ release: SOIRelease, _ more: [SOIParameter: Double], celsius: Double = 27) throws -> Double {
            try Self.device(release, more.merging([.prwg: 0, .prwb: 0]) { $1 }, celsius: celsius)
                .point(v, gmin: 0).channel.current.value
        }
        let together = try current(.v44, [.rdsw: 150 + 2 * 2 * 30])
        #expect(abs(try current(.v46, [.rdsmod: 2, .rsh: 30]) / together - 1) < 1e-9)
        #expect(abs(try current(.v47, [.rdsmod: 2, .rsh: 30]) / current(.v47, [.rdsw: 270]) - 1) < 1e-9)
        #expect(abs(try current(.v47, [.rdsmod: 2, .rdc: 25, .rsc: 35]) / current(.v47, [.rdsw: 270]) - 1) < 1e-9)
        let warm = try current(.v47, [.rdsmod: 2, .rdc: 25, .trd: 10, .trs: 20], celsius: 120)
        let shifted = try current(.v47, [.rdsmod: 2, .rdc: 25 + 30 * (393.15 / 300.15 - 1)], celsius: 120)
        #expect(abs(warm / shifted - 1) < 1e-12)
        // 4.6 has no contacts, but a milliohm at each end.
        #expect(abs(try current(.v46, [.rdsmod: 2, .rdc: 25]) / current(.v46, [.rdsw: 150.004]) - 1) < 1e-12)
    }

    /// eta0cv and etabcv move the threshold of charges as eta0 and etab do, and no current.
    @Test(arguments: [[:], [.soimod: 1], [.soimod: 2], [.capmod: 3]] as [[SOIParameter: Double]])
    func chargesHaveAThresholdOfTheirOwn(_ law: [SOIParameter: Double]) throws {
        let point = [1.2, 0.6, 0, 0.4, -0.3]
        func values(_ release: SOIRelease, _ more: [SOIParameter: Double]) throws -> ([Double], [Double]) {
            // The bulk charge stays that of the current in any case.
            let device = try Self.device(release, law.merging(more) { $1 }.merging([.a0: 0, .pclm: 0]) { $1 })
            let all = DeviceHarness.evaluate(device, at: point)
            return (all.f, all.q)
        }
        let plain = try values(.v45, [:])
        let moved = try values(.v45, [.eta0cv: 0.3, .etabcv: -0.2])
        let both = try values(.v45, [.eta0: 0.3, .etab: -0.2])
        #expect(moved.0 == plain.0 && moved.0 != both.0)
        for (a, b) in zip(moved.1, both.1) { #expect(abs(a - b) <= 1e-9 * (both.1.map(abs).max() ?? 0)) }
        #expect(abs(moved.1[1] - plain.1[1]) > 1e-4 * abs(plain.1[1]))
        #expect(try values(.v44, [.eta0cv: 0.3, .etabcv: -0.2]).1 == values(.v44, [:]).1)
    }

    /// The drive of charges far from threshold is that of the current; 4.6 leaves a gate over silicon of the other kind
    /// none but with vgstcvmod=2.
    @Test func drivesOfCharges() throws {
        func gate(_ release: SOIRelease, _ more: [SOIParameter: Double], area: Double = 0) throws -> Double {
            let device = try Self.device(release, more, celsius: 27, [.agbcp2: area])
            return DeviceHarness.evaluate(device, at: [0.1, 2.2, 0, 0, 0]).q[1]
        }
        for mode in [0.0, 1] {
            let law: [SOIParameter: Double] = [.vgstcvmod: mode]
            let five = try gate(.v45, law, area: 1e-13) - gate(.v45, law)
            let six = try gate(.v46, law, area: 1e-13) - gate(.v46, law)
            #expect(five > 1.01 * six)
        }
        let law: [SOIParameter: Double] = [.vgstcvmod: 2]
        #expect(try gate(.v45, law, area: 1e-13) == gate(.v46, law, area: 1e-13))
        #expect(try gate(.v46, law.merging([.noff2: 4]) { $1 }, area: 1e-13) != gate(.v46, law, area: 1e-13))
    }

    /// Doping of a film that the element calls fully depleted is limited from 4.5, with its parts by size from 4.6.
    @Test func depletionFollowsTheElement() throws {
        let most = 1.02 / SOIConstants.charge * 2e-6 * SOIConstants.silicon / (8e-8 * 8e-8)
        let element: [SOIInstance: Double] = [.soimod: 2]
        #expect(try Self.core(.v44, [:], element).p.nch == 4e17)
        for release in [SOIRelease.v45, .v46] {
            #expect(abs(try Self.core(release, [:], element).p.nch / most - 1) < 1e-12)
        }
        #expect(try Self.core(.v45, [.soimod: 2], [.soimod: 0]).p.nch == 4e17)
        #expect(abs(try Self.core(.v44, [.soimod: 2], [.soimod: 0]).p.nch / most - 1) < 1e-12)
    }

    private static func core(
        _ release: SOIRelease, _ more: [SOIParameter: Double], _ instance: [SOIInstance: Double]
    ) throws -> SOICore { try core(release, more, isPChannel: false, celsius: 27, instance) }

    /// A transistor that heats itself finds the threshold, or the flat band, that its card leaves out at its own
    /// temperature.
    @Test func heatMovesWhatTheCardLeavesOut() throws {
        func core(_ release: SOIRelease, _ shmod: Double) throws -> SOICore {
            var values = ParameterValues<SOIModelKey>()
            for (key, value) in SOIDeviceTests.plain where key != .vth0 { values[SOIModelKey(key)] = value }
            values[SOIModelKey(.vfb)] = -0.8
            (values[SOIModelKey(.shmod)], values[SOIModelKey(.rth0)]) = (shmod, 0.01)
            return try SOICore(
                SOIModelValues(values, isPChannel: false, release: release), ParameterValues<SOIInstance>(),
                length: 0.3e-6, width: 2e-6, scale: 1, multiplier: 1, temperature: 300.15, nominal: 300.15)
        }
        let heated = try core(.v45, 1)
        let warm = heated.heat(350.15)
        #expect(abs(warm.threshold - (-0.8 + warm.phi + heated.k1eff * warm.root)) < 1e-12)
        #expect(abs(warm.threshold - heated.threshold) > 0.01)
        for (release, shmod) in [(SOIRelease.v44, 1.0), (.v45, 0)] {
            let other = try core(release, shmod)
            #expect(other.heat(350.15).threshold == other.threshold)
        }
        let given = try Self.core(.v45, [.shmod: 1, .rth0: 0.01], [:])
        let at = given.heat(350.15)
        #expect(abs(at.polyOnset - (0.4 - given.k1eff * at.root)) < 1e-12)
        let old = try Self.core(.v44, [.shmod: 1, .rth0: 0.01], [:])
        #expect(abs(old.heat(350.15).polyOnset - at.polyOnset) > 0.01)
    }

    /// The law of a long channel in saturation, and what it makes of the node that carries the common part.
    @Test func theGateSharesTheChannelsNoise() throws {
        let more: [SOIParameter: Double] = [
            .tnoimod: 3, .rnoia: 0.577, .rnoib: 0.5164, .tnoia: 0, .tnoib: 0, .tnoic: 0, .rnoic: 0.2, .vsat: 1e9,
            .rdsw: 0, .a0: 0, .multI: 2, .multQ: 3,
        ]
        let device = try Self.device(.v47, more, celsius: 27, [.nf: 2, .m: 5])
        let point = device.point(voltages(2.5, 4, 0), gmin: 0)
        let noise = device.core.correlatedNoise(point.channel, point.drive, device.heat)
        let conductance = point.channel.gain.value * point.drive.effective.value * 2
        // Of γ = 2/3 and δ = 16/135; what is left of the thermal voltage is some per cent.
        #expect(abs(noise.conductance / conductance / (2.0 / 3) - 1) < 0.03)
        #expect(abs(noise.share / (0.2222 / (32.0 / 405).squareRoot() * 2.5316 * 0.2) - 1) < 0.05)
        let plate = 2 * device.core.film.oxide * device.core.size.chargeWidth * device.core.size.chargeLength
        let slope = (16.0 / 135 / (2.0 / 3)).squareRoot()
        #expect(abs(noise.delay / (0.5 * plate * slope / conductance) - 1) < 0.05)

        let link = SOICorrelation(transistor: device, isHeated: false)
        let all = DeviceHarness.evaluate(link, at: [4, 2.5, 0, 0, 0, 0, 1e-6, 0])
        #expect(abs(all.f[0] / (noise.share * 1e-6) - 1) < 1e-9 && abs(all.f[0] + all.f[2]) < 1e-18)
        #expect(abs(all.q[1] / (2 * noise.delay * 1e-6 * 3 / 2) - 1) < 1e-9)
        #expect(abs(all.q[0] / all.q[1] + 0.5) < 1e-9 && abs(all.q[2] / all.q[1] + 0.5) < 1e-9)
    }
}
