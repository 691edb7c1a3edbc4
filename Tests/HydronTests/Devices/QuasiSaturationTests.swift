import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

@Suite("Quasi-saturation and excess phase of bipolar transistors")
struct QuasiSaturationTests {
    static let model = """
        .model qn npn(is=1e-16 bf=100 rc=5 rb=50 re=0.5 vaf=60 ikf=20m rco=80 vo=2 gamma=1e-7 qco=1e-12 tf=10p cje=1p
        + cjc=0.5p)
        """

    @Test("Collector currents with an epitaxial layer are those of ngspice 39")
    func epitaxialLayer() throws {
        // ngspice 39: dc vc 0 4 0.5 vb 0.75 0.95 0.1; i(vc) at vc = 0.5, 2 and 4 V. Where current flows backwards
        // through the layer, at 0 V, ngspice departs from Kull's formula, which knows no direction.
        let expected: [[Double]] = [
            [-3.771492188e-04, -3.865487365e-04, -3.990764641e-04],
            [-8.582675258e-03, -8.672749660e-03, -8.927150037e-03],
            [-3.234032849e-02, -3.233391795e-02, -3.224690998e-02],
        ]
        let run = try simulate(
            """
            quasi
            vb b 0 0.75
            vc c 0 0
            q1 c b 0 qn
            \(Self.model)
            .dc vc 0 4 0.5 vb 0.75 0.95 0.1
            .print dc i(vc)
            .end
            """)
        let i = run["i(vc)"]
        for (sweep, values) in expected.enumerated() {
            for (place, value) in zip([1, 4, 8], values) {
                let own = i[sweep * 9 + place]
                #expect(abs(own - value) < 1e-4 * abs(value), "\(own), ngspice \(value)")
            }
        }
    }

    @Test("Charge that a pulse brings into the layer leaves it again within a period", arguments: ["npn", "pnp"])
    func chargeIsKept(type: String) throws {
        let sign = type == "npn" ? "" : "-"
        let run = try simulate(
            """
            charge
            vcc p 0 \(sign)5
            rc p c 500
            vb s 0 pulse(0 \(sign)2 1n 1n 1n 20n 100n)
            rb s b 1k
            q1 c b 0 qn
            \(Self.model.replacingOccurrences(of: "npn", with: type))
            .tran 1n 200n
            .print tran i(vb) v(c) i(vcc)
            .end
            """)
        let time = run["time"]
        func value(_ name: String, _ t: Double) -> Double { interpolate(time, run[name], at: t) }
        // The second period repeats the first.
        #expect(abs(value("v(c)", 95e-9) - value("v(c)", 195e-9)) < 1e-3)
        #expect(abs(abs(value("v(c)", 95e-9)) - 5) < 2e-2)
    }

    @Test("Small signals pass a Bessel filter of second order whose delay is ptf tf")
    func excessPhase() throws {
        func gain(_ phase: Double) throws -> [(re: Double, im: Double)] {
            let run = try simulate(
                """
                phase
                vcc c 0 3
                vb b 0 0.75 ac 1
                q1 c b 0 qn
                .model qn npn(is=1e-16 bf=100 tf=100p ptf=\(phase))
                .ac dec 2 100meg 3g
                .print ac i(vcc)
                .end
                """)
            return zip(run["re(i(vcc))"], run["im(i(vcc))"]).map { ($0, $1) }
        }
        let (plain, delayed) = (try gain(0), try gain(40))
        let delay = 40 * Double.pi / 180 * 100e-12
        for (place, frequency) in [1e8, 1e8 * 10.0.squareRoot()].enumerated() {
            let x = 2 * Double.pi * frequency * delay
            // 3/(3 + 3jx − x²)
            let size = (3 - x * x) * (3 - x * x) + 9 * x * x
            let (re, im) = (3 * (3 - x * x) / size, -9 * x / size)
            #expect(abs(delayed[place].re - plain[place].re * re) < 1e-6 * abs(plain[place].re))
            #expect(abs(delayed[place].im - plain[place].re * im) < 1e-6 * abs(plain[place].re))
        }
        // ngspice 39 delays small signals by e^(−jωtd) itself: at 100 MHz −1.51365e-2 + 6.643853e-4 j.
        #expect(abs(delayed[0].re + 1.51365e-2) < 1e-5)
        #expect(abs(delayed[0].im - 6.643853e-4) < 1e-6)
    }

    @Test("In time a step of the collector current comes td later, its size unchanged")
    func delayedStep() throws {
        func run(_ phase: Double) throws -> RunResult {
            try simulate(
                """
                step
                vcc c 0 3
                vb b 0 pulse(0.7 0.71 1n 0.01n 0.01n 50n 100n)
                q1 c b 0 qn
                .model qn npn(is=1e-16 bf=100 tf=100p ptf=\(phase))
                .tran 10p 3n
                .print tran i(vcc)
                .end
                """)
        }
        let (plain, delayed) = (try run(0), try run(60))
        #expect(abs((plain["i(vcc)"].last ?? 0) / (delayed["i(vcc)"].last ?? 1) - 1) < 1e-4)
        // The mean delay is the area between both, over the height.
        func area(_ result: RunResult) -> Double {
            let (time, i) = (result["time"], result["i(vcc)"])
            var sum = 0.0
            for k in 1..<time.count { sum += 0.5 * (i[k] + i[k - 1]) * (time[k] - time[k - 1]) }
            return sum
        }
        let height = (plain["i(vcc)"].last ?? 0) - plain["i(vcc)"][0]
        // Its base's charge passes tf·i through the collector's junction in neither.
        let delay = (area(plain) - area(delayed)) / height
        let expected: Double = 60 * Double.pi / 180 * 100e-12
        #expect(abs(delay / expected - 1) < 0.02, "\(delay)")
    }
}
