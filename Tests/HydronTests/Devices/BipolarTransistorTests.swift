import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

/// The bipolar transistor against closed forms and another simulator's numbers, and circuits that hang on it.
@Suite struct BipolarTransistorTests {
    static func transistor(
        _ model: [BipolarTransistor.Model: Double], isPNP: Bool = false, celsius: Double = 27
    ) -> BipolarTransistor {
        var values = ParameterValues<BipolarTransistor.Model>()
        for (key, value) in model { values[key] = value }
        return BipolarTransistor(
            model: values, isPNP: isPNP, temperature: celsius + 273.15, nominal: 300.15)
    }

    static let models: [[BipolarTransistor.Model: Double]] = [
        [:],
        [
            .is: 1e-15, .bf: 120, .vaf: 60, .ikf: 0.01, .ise: 1e-14, .br: 3, .var: 12, .ikr: 0.005, .isc: 1e-13,
            .rb: 100,
            .rbm: 20, .re: 1, .rc: 15,
        ],
        [
            .rb: 200, .rbm: 10, .irb: 1e-4, .cje: 1e-12, .cjc: 5e-13, .xcjc: 0.4, .cjs: 1e-12, .mjs: 0.4, .iss: 1e-16,
            .tf: 2e-11, .xtf: 2, .vtf: 3, .itf: 0.01, .tr: 1e-9, .nkf: 0.6, .ikf: 0.02,
        ],
    ]

    /// Without second-order effects ic = is e^(vbe/vt), ib = ic/bf.
    @Test(arguments: [-40.0, 27, 125]) func forwardActiveRegion(_ celsius: Double) {
        let device = Self.transistor([.is: 1e-16, .bf: 80, .xti: 3, .eg: 1.11, .xtb: 1.5], celsius: celsius)
        let t = celsius + 273.15
        let vt = 1.380649e-23 * t / 1.602176634e-19
        let saturation = 1e-16 * pow(t / 300.15, 3) * exp(1.11 / vt * (t / 300.15 - 1))
        let point = device.point(vbe: 0.7, vbc: -2, vsub: 0, vbx: -2, gmin: 0)
        let expected = saturation * exp(0.7 / vt)
        #expect(abs(point.collector.value - expected) < 1e-9 * expected)
        #expect(abs(point.base.value - expected / (80 * pow(t / 300.15, 1.5))) < 1e-9 * expected)
    }

    /// The Early effect raises ic as 1 + vcb/vaf.
    @Test func earlyEffect() {
        let device = Self.transistor([.vaf: 50])
        let low = device.point(vbe: 0.65, vbc: 0, vsub: 0, vbx: 0, gmin: 0).collector.value
        let high = device.point(vbe: 0.65, vbc: -10, vsub: 0, vbx: -10, gmin: 0).collector.value
        #expect(abs(high / low - 1.2) < 1e-9)
    }

    /// Far above its knee ic goes with e^(vbe/(2 vt)).
    @Test func highInjection() {
        let device = Self.transistor([.ikf: 1e-6])
        let current = { device.point(vbe: $0, vbc: 0, vsub: 0, vbx: 0, gmin: 0).collector.value }
        let slope = log(current(0.95) / current(0.94)) / 0.01
        #expect(abs(slope * 2 * 0.0258649 - 1) < 2e-3)
    }

    static let points: [[Double]] = [
        [3, 0.75, 0, 0, 2.9, 0.72, 0.01], [0.2, 0.8, 0, -1, 0.15, 0.76, 0.01], [-0.5, 0.1, 0, 0.1, -0.45, 0.12, 0.02],
        [5, -1, 0, -2, 5, -1, 0],
    ]

    @Test(arguments: 0..<3, [false, true]) func slopesAreThoseOfTheValues(_ index: Int, _ isPNP: Bool) {
        for lateral in [1.0, -1] {
            let device = Self.transistor(Self.models[index].merging([.subs: lateral]) { $1 }, isPNP: isPNP)
            for point in Self.points {
                let u = isPNP ? point.map { -$0 } : point
                let here = DeviceHarness.evaluate(device, at: u)
                #expect(abs(here.f.reduce(0, +)) <= 1e-12 * (here.f.map { abs($0) }.max() ?? 0))
                #expect(abs(here.q.reduce(0, +)) <= 1e-12 * (here.q.map { abs($0) }.max() ?? 0))
                DeviceHarness.checkJacobian(at: u, tolerance: 1e-5) { DeviceHarness.evaluate(device, at: $0) }
            }
        }
    }

    /// ngspice 39: `.dc` of one transistor, collector currents at vce = 2 V.
    @Test(arguments: [27.0, 100, -40]) func currentsAreThoseOfAnotherSimulator(_ celsius: Double) throws {
        let result = try simulate(
            """
            t
            .model n npn(is=1e-15 bf=120 nf=1.01 vaf=60 ikf=10m ise=1e-14 ne=1.8 br=3 var=12 rb=100 rbm=20 re=1 rc=15 xtb=1.5)
            .model p pnp(is=1e-15 bf=50 vaf=40 ikf=5m rb=50 rc=10)
            vc c 0 2
            vb b 0 0.75
            q1 c b 0 n
            vnc nc 0 -2
            vnb nb 0 -0.75
            q2 nc nb 0 0 p
            .temp \(celsius)
            .op
            .print op i(vc) i(vb) i(vnc) i(vnb) ic(q1) ib(q2)
            .end
            """)
        let names = ["i(vc)", "i(vb)", "i(vnc)", "i(vnb)"]
        for (name, expected) in zip(names, Self.peer[celsius] ?? []) {
            let found = result[name].first ?? 0
            #expect(abs(found - expected) < 1e-3 * abs(expected), "\(name) \(found)")
        }
        #expect(abs((result["ic(q1)"].first ?? 0) + (result["i(vc)"].first ?? 0)) < 1e-12)
        #expect(abs((result["ib(q2)"].first ?? 0) + (result["i(vnb)"].first ?? 0)) < 1e-12)
    }
    static let peer: [Double: [Double]] = [
        27: [-2.012839862e-03, -2.127459707e-05, 2.4101786916e-03, 6.8637155905e-05],
        100: [-1.485431143e-02, -2.384155484e-04, 1.1597508380e-02, 7.3320200935e-04],
        -40: [-2.217662043e-05, -2.926154210e-07, 3.4413500480e-05, 6.7187306560e-07],
    ]

    /// Two transistors and two capacitors flip over and over: half-periods of r c ln 2 but for the junctions.
    @Test func aMultivibratorKeepsItsPeriod() throws {
        let result = try simulate(
            """
            multivibrator
            .model n npn(is=1e-14 bf=150 cje=10p cjc=4p tf=0.4n tr=40n)
            vcc cc 0 5
            r1 cc c1 1k
            r2 cc c2 1.1k
            r3 cc b1 47k
            r4 cc b2 47k
            c1 c1 b2 1n
            c2 c2 b1 1n
            q1 c1 b1 0 n
            q2 c2 b2 0 n
            .ic v(c1)=0 v(b1)=0.7
            .tran 0.1u 300u
            .print tran v(c1)
            .end
            """)
        let (times, v) = (result["time"], result["v(c1)"])
        let rises = times.indices.dropFirst().filter { v[$0 - 1] < 2 && v[$0] >= 2 }.map { times[$0] }
        let periods = zip(rises.dropFirst(), rises.dropFirst(2)).map { $1 - $0 }
        #expect(periods.count >= 2)
        // ngspice 39: 68.336 µs.
        for period in periods { #expect(abs(period - 68.336e-6) < 0.05e-6) }
    }

    /// A Schmitt trigger switches at two different voltages.
    @Test func aSchmittTriggerHasHysteresis() throws {
        let result = try simulate(
            """
            Schmitt trigger
            .model n npn(is=1e-15 bf=100 tf=0.1n cje=1p cjc=1p)
            vcc cc 0 9
            vin in 0 pwl(0 0 1m 6 2m 0)
            q1 c1 in e 0 n
            q2 out b2 e 0 n
            r1 cc c1 4.7k
            r2 cc out 1k
            r3 c1 b2 10k
            r4 b2 0 20k
            re e 0 470
            .tran 5u 2m
            .print tran v(in) v(out)
            .end
            """)
        let (times, input, output) = (result["time"], result["v(in)"], result["v(out)"])
        let middle = 0.5 * ((output.max() ?? 0) + (output.min() ?? 0))
        let flips = times.indices.dropFirst().filter { (output[$0 - 1] - middle) * (output[$0] - middle) < 0 }
        #expect(flips.count == 2)
        if flips.count == 2 { #expect(input[flips[0]] > input[flips[1]] + 0.2) }
    }

    @Test(arguments: [
        ("q1 c b 0 0 n 0", "the area of q1 must be above 0"), ("q1 c b 0 nn", "no model 'nn'"),
        ("q1 c b", "q1 has no emitter"), ("q1 c b 0 m2", "is a bipolar transistor of level 4"),
    ])
    func mistakesAreNamed(_ card: String, _ message: String) {
        let loaded = Simulation.load(
            text: "t\n.model n npn\n.model m2 npn(level=4)\n\(card)\nv1 c 0 1\nv2 b 0 0.6\n.op\n.end")
        #expect(loaded.diagnostics.all.contains { $0.severity == .error && $0.message.contains(message) })
    }
}
