import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// Cards of BSIM-SOI 4.5, 4.6 and 4.7: whole circuits, levels, versions and defaults.
@Suite struct SOIReleaseCardTests {
    // MARK: - Against another program

    struct Released: Sendable {
        var version: Double
        var isPChannel: Bool
        var soimod: Int
        /// i(vd), i(vg), i(vb) at each of ``biases`` [A].
        var currents: [Double]
    }
    /// Drain, gate, body, substrate of an n-channel [V]: where the body's factor of the bulk charge leaves its law, too.
    static let biases: [[Double]] = [[1.5, 1.2, 0.6, 0.5], [0.05, 0.6, 0, 0], [1, 0.9, -2, -1]]

    /// A program of its own, in Python, of Berkeley's equations of each release; it agrees with Xyce's.
    static let released: [Released] = [
        Released(
            version: 4.5, isPChannel: false, soimod: 0,
            currents: [
                -3.370453316e-04, -2.479976696e-10, -4.771056910e-08,
                -3.900609599e-06, -3.085217596e-11, 8.625797551e-16,
                -2.677774907e-07, -1.026782110e-10, 2.385776199e-13,
            ]),
        Released(
            version: 4.5, isPChannel: true, soimod: 0,
            currents: [
                1.404453709e-04, 1.268502024e-12, 4.780149784e-08,
                1.483082062e-06, 7.200558503e-16, -8.622015282e-16,
                9.441828724e-08, 2.267683697e-13, -2.311184265e-13,
            ]),
        Released(
            version: 4.6, isPChannel: false, soimod: 0,
            currents: [
                -3.370453316e-04, -2.479904179e-10, -4.771056910e-08,
                -3.900609600e-06, -3.085123819e-11, 8.625797551e-16,
                -2.677774918e-07, -1.026751523e-10, 2.385776199e-13,
            ]),
        Released(
            version: 4.6, isPChannel: true, soimod: 0,
            currents: [
                1.404453709e-04, 1.268497076e-12, 4.780149784e-08,
                1.483082062e-06, 7.196343519e-16, -8.622015282e-16,
                9.441828724e-08, 2.267666489e-13, -2.311184265e-13,
            ]),
        Released(
            version: 4.7, isPChannel: false, soimod: 0,
            currents: [
                -3.370448928e-04, -3.857118550e-10, -4.770986661e-08,
                -3.900586615e-06, -4.798456379e-11, 1.083627906e-15,
                -2.677532161e-07, -1.596960202e-10, 3.637578135e-13,
            ]),
        Released(
            version: 4.7, isPChannel: false, soimod: 1,
            currents: [
                -3.332972582e-04, -3.805195825e-10, -4.770832553e-08,
                -3.741082613e-06, -4.752235921e-11, 9.980958599e-16,
                -2.569365451e-07, -1.579827497e-10, 3.199502184e-13,
            ]),
        Released(
            version: 4.7, isPChannel: true, soimod: 0,
            currents: [
                1.404451967e-04, 1.972887835e-12, 4.780079552e-08,
                1.483076458e-06, 1.119905378e-15, -1.083249680e-15,
                9.441715156e-08, 3.526940220e-13, -3.562986966e-13,
            ]),
        Released(
            version: 4.7, isPChannel: true, soimod: 1,
            currents: [
                1.387734377e-04, 1.709948128e-12, 4.780035876e-08,
                1.422124948e-06, 1.026915722e-15, -9.977263340e-16,
                9.057906860e-08, 3.091042938e-13, -3.126064009e-13,
            ]),
    ]

    @Test(arguments: released)
    func currentsAreThoseOfTheRelease(_ peer: Released) throws {
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
                .model n \(peer.isPChannel ? "pmos(vth0=-0.4 u0=0.015" : "nmos(vth0=0.4 u0=0.04") level=10
                + version=\(peer.version) soimod=\(peer.soimod) tox=2n tsi=80n tbox=200n nch=4e17 nsub=1e15 k1=0.5 k2=0.02
                + kt1=-0.2 a0=1 keta=0.3 rdsw=150 alpha0=1e-8 beta2=0.08 isrec=1e-4 isdif=1e-6 istun=1e-5 vtun0=2 ahli=1e-9
                + ngate=1e20 aigc=0.0136 bigc=0.00171 cigc=0.075 aigsd=0.0136 bigsd=0.00171 cigsd=0.075 dlcig=10n
                + igcmod=1 igbmod=1)
                .temp 85
                .options reltol=1e-9 abstol=1e-18 gmin=1e-18
                .op
                .print op i(vd) i(vg) i(vb)
                .end
                """)
            for (place, name) in ["i(vd)", "i(vg)", "i(vb)"].enumerated() {
                let expected = peer.currents[3 * index + place]
                let found = result[name].first ?? .nan
                #expect(
                    abs(found - expected) <= 2e-6 * abs(expected) + 1e-17,
                    "\(peer.version) \(name) at \(bias): \(found), not \(expected)")
            }
        }
    }

    // MARK: - Cards

    @Test func levelsAndVersionsChoose() {
        let cases: [(Dialect, Int, Double, SOIRelease)] = [
            (.xyce, 70450, 4.4, .v45), (.xyce, 70, 4.4, .v46), (.xyce, 70470, 4.4, .v47), (.hspice, 70, 4.4, .v44),
            (.hspice, 70, 4.5, .v45), (.hspice, 70, 4.61, .v46), (.hspice, 70, 4.7, .v47), (.ngspice, 10, 4.6, .v46),
            (.ngspice, 58, 4.3, .v44),
        ]
        for (dialect, level, version, release) in cases {
            #expect(SOIRelease(level: level, dialect: dialect, version: version) == release)
        }
    }

    /// Defaults that a release has other than the one before.
    @Test func defaultsFollowTheRelease() {
        func value(_ release: SOIRelease, _ key: SOIParameter, _ given: [SOIParameter: Double] = [:]) -> Double {
            var values = ParameterValues<SOIModelKey>()
            for (key, value) in given { values[SOIModelKey(key)] = value }
            return SOIModelValues(values, isPChannel: false, release: release)[key]
        }
        let constants = [SOIRelease.v44, .v45, .v46, .v47].map { value($0, .bgbc2p) }
        #expect(constants == [7.45669e11, 7.45669e11, 7.4567e11, 7.45669e11])
        #expect(value(.v45, .bgbc2p, [.mtrlmod: 1]) == 7.4567e11)
        #expect(value(.v45, .eggdep, [.eggdep: 1]) == 1.12 && value(.v46, .eggdep, [.eggdep: 1]) == 1)
        #expect(value(.v46, .pditsl) == 0 && value(.v47, .pditsl) == 1)
        #expect(value(.v45, .vgstcvmod, [.version: 4.1]) == 0 && value(.v45, .vgstcvmod) == 1)
        #expect(value(.v45, .eta0cv, [.eta0: 0.3]) == 0.3 && value(.v47, .bgisl1, [.bgidl1: 5]) == 5)
        #expect(value(.v47, .multFn, [.multI: 2]) == 2)
    }

    private static func circuit(_ model: String, element: String = "", print: String) -> String {
        """
        t
        vd d 0 1.2
        vg g 0 1.1
        m1 d g 0 0 0 n w=2u l=0.3u \(element)
        .model n nmos(\(model) tox=2n tsi=80n tbox=200n nch=4e17 nsub=1e15 vth0=0.4 k1=0.5 k2=0.02)
        .op
        .print op \(print)
        .end
        """
    }

    /// A parameter that the model's release does not have yet is named, and nothing else.
    @Test func laterParametersAreNamed() throws {
        func warnings(_ dialect: Dialect, _ model: String, _ element: String = "") throws -> [String] {
            let result = try simulate(Self.circuit(model, element: element, print: "i(vd)"), dialect: dialect)
            return result.diagnostics.all.map { $0.message }
        }
        #expect(
            try warnings(.xyce, "level=70 igt=2 noff2=1 lnoff2=0")
                == ["model 'n' is of BSIM-SOI 4.6.1, which has no parameter 'igt': ignored"])
        #expect(
            try warnings(.ngspice, "level=10 version=4.5 lnoff2=1")
                == ["model 'n' is of BSIM-SOI 4.5.0, which has no parameter 'lnoff2': ignored"])
        #expect(try warnings(.xyce, "level=70470 igt=2 lnoff2=0 mult_fn=2", "mult_i=1") == [])
        #expect(
            try warnings(.xyce, "level=70", "mult_i=2")
                == ["m1 is of BSIM-SOI 4.6.1, which has no parameter 'mult_i': ignored"])
    }

    /// What a model says of its elements counts where their cards say nothing, and shmod may stand on the card.
    @Test func modelsSpeakForTheirElements() throws {
        func current(_ model: String, _ element: String = "") throws -> Double {
            try simulate(Self.circuit(model, element: element, print: "i(vd)"), dialect: .xyce)["i(vd)"].first ?? .nan
        }
        let plain = try current("level=70470")
        #expect(abs(try current("level=70470 delvto=0.1") / current("level=70470", "delvto=0.1") - 1) < 1e-9)
        #expect(abs(try current("level=70470 delvto=0.1", "delvto=0") / plain - 1) < 1e-9)
        #expect(abs(try current("level=70470 delvto=0.1") / plain - 1) > 0.05)
        let heated = try simulate(
            Self.circuit("level=70470 rth0=0.02", element: "shmod=1", print: "i(vd) n(m1_t)"), dialect: .xyce)
        #expect((heated["n(m1_t)"].first ?? 0) > 1)
    }

    /// Contacts' resistances lie outside: as much as a resistor there; what is below minr is none.
    @Test func contactsHaveResistances() throws {
        func current(_ text: String) throws -> Double {
            try simulate(text, dialect: .xyce)["i(vd)"].first ?? .nan
        }
        let text = Self.circuit("level=70470 rdc=200 rsc=300 trd=50", print: "i(vd) n(m1_di)")
        let result = try simulate(text, dialect: .xyce)
        let i = result["i(vd)"].first ?? .nan
        #expect(abs((result["n(m1_di)"].first ?? .nan) - 1.2 - 200 * i) < 1e-7)
        let outside = try current(
            Self.circuit("level=70470", print: "i(vd)").replacing(
                "m1 d g 0 0 0", with: "rd d x 200\nrs y 0 300\nm1 x g y 0 0")
        )
        #expect(abs(i / outside - 1) < 1e-6)
        let warm = Self.circuit("level=70470 rdc=200 trd=50", print: "i(vd) n(m1_di)").replacing(
            ".op", with: ".options device temp=127\n.op")
        let hot = try simulate(warm, dialect: .xyce)
        let fall = 1.2 - (hot["n(m1_di)"].first ?? .nan)
        let expected = -(hot["i(vd)"].first ?? .nan) * (200 + 50 * 100 / 300.15)
        #expect(abs(fall / expected - 1) < 1e-6)
        #expect(throws: NetlistFailure.self) {
            try simulate(Self.circuit("level=70470 rdc=1e-4", print: "n(m1_di)"), dialect: .xyce)
        }
        // With heat of its own the contact follows the film.
        let heated = try simulate(
            Self.circuit("level=70470 rdc=200 trd=50 shmod=1 rth0=0.02", print: "i(vd) n(m1_di) n(m1_t)"),
            dialect: .xyce)
        let rise = heated["n(m1_t)"].first ?? .nan
        let drop = 1.2 - (heated["n(m1_di)"].first ?? .nan)
        let law = -(heated["i(vd)"].first ?? .nan) * (200 + 50 * rise / 300.15)
        #expect(rise > 1 && abs(drop / law - 1) < 1e-6)
    }

    /// rdsmod=1: the back gate takes part in the resistances by prwe.
    @Test func theBackGateMovesResistances() {
        func resistance(_ byBack: Double) -> Double {
            let access = SOIAccess(
                polarity: -1, plain: 5, plainSlope: 0, full: 100, least: 3, slope: 0, byGate: 0.5, byBody: 0.1,
                byBack: byBack, flatBand: 0.1, backFlatBand: 0.2, temperature: 300.15, isHeated: false)
            return 1 / DeviceHarness.evaluate(access, at: [1, 0, -1, -0.3, 0, -0.7]).f[0]
        }
        func law(_ x: Double) -> Double { 8 + 50 * (x + (x * x + 0.01).squareRoot()) }
        let gate = 0.5 * (0.9 + (0.81 + 1e-4).squareRoot())
        let x = 1 / (1 + 0.5 * gate) - 0.1 * 0.3
        #expect(abs(resistance(0) - law(x)) < 1e-9)
        #expect(abs(resistance(0.4) - law(x + 0.4 * (0.7 - 0.2))) < 1e-9)
    }

    /// Where nothing lies before the gate, the drain has all of its noise: the parts in common and of its own add up.
    /// Where a resistance does, the gate has what the channel induces, which rises with the frequency.
    @Test func noiseOfTheGateIsOfTheChannel() throws {
        func density(_ law: String, _ out: String, series: String = "1m", at frequency: String) throws -> Double {
            let result = try simulate(
                """
                t
                vd d 0 1.2
                rd d x 10
                vg g 0 1.1 ac 1
                rg g y \(series)
                m1 x y 0 0 0 n w=20u l=0.3u
                .model n nmos(level=70470 \(law) kf=0 noia=0 noib=0 noic=0 tox=2n tsi=80n tbox=200n nch=4e17 nsub=1e15
                + vth0=0.4 k1=0.5 k2=0.02 nch=4e17)
                .noise v(\(out)) vg lin 1 \(frequency) \(frequency)
                .print noise onoise
                .end
                """, dialect: .xyce)
            return result["onoise"].first ?? .nan
        }
        let all = try density("tnoimod=3", "x", at: "1k")
        #expect(abs(try density("tnoimod=3 rnoic=0", "x", at: "1k") / all - 1) < 1e-6)
        #expect(all > 0)
        let (slow, fast) = (
            try density("tnoimod=3", "y", series: "100", at: "1k"),
            try density("tnoimod=3", "y", series: "100", at: "20g")
        )
        let without = try density("tnoimod=3 rnoib=0", "y", series: "100", at: "20g")
        #expect(abs(try density("tnoimod=3 rnoib=0", "y", series: "100", at: "1k") / slow - 1) < 1e-6)
        #expect(abs(fast / without - 1) > 1e-3)
    }

    /// Laws that a later release brought are no law of an earlier one.
    @Test(arguments: [
        ("level=70450 rdsmod=2", "m1 of model 'n': BSIM-SOI 4.5.0 has no rdsmod=2"),
        ("level=70 tnoimod=3", "m1 of model 'n': BSIM-SOI 4.6.1 has no tnoimod=3"),
    ])
    func laterLawsAreRefused(_ model: String, _ message: String) {
        #expect {
            try simulate(Self.circuit(model, print: "i(vd)"), dialect: .xyce)
        } throws: {
            "\($0)".contains(message)
        }
    }
}
