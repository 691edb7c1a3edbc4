import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

@Suite("Switches")
struct SwitchTests {
    static let transition = SwitchTransition(on: 2, off: 1, onResistance: 10, offResistance: 1e7)

    @Test("The transition runs from roff through the geometric mean to ron")
    func transition() {
        #expect(Self.transition(0.0) == 1e-7)
        #expect(Self.transition(1.0) == 1e-7)
        #expect(Self.transition(2.0) == 0.1)
        #expect(Self.transition(9.0) == 0.1)
        #expect(abs(Self.transition(1.5) / 1e-4 - 1) < 1e-12)
        // The slope of ln G vanishes at both ends, so that the conductance joins smoothly.
        #expect(abs(log(Self.transition(1 + 1e-6)) - log(1e-7)) < 1e-9)
        #expect(abs(log(Self.transition(2 - 1e-6)) - log(0.1)) < 1e-9)
    }

    @Test("A switch may turn on at the lower value")
    func inverted() {
        let transition = SwitchTransition(on: -1, off: 1, onResistance: 1, offResistance: 1e6)
        #expect(transition(-2.0) == 1)
        #expect(transition(2.0) == 1e-6)
        #expect(abs(transition(0.0) / 1e-3 - 1) < 1e-12)
    }

    @Test("Derivatives agree with differences; currents sum to zero")
    func derivatives() {
        let smooth = SmoothSwitch(transition: Self.transition, multiplier: 2)
        let loop = HysteresisSwitch(
            threshold: 1, hysteresis: 0.5, onResistance: 1, offResistance: 1e6, startsOn: false)
        var random = TestRandom(seed: 3)
        for _ in 0..<200 {
            let u = [random.uniform(-5...5), random.uniform(-5...5), random.uniform(0.9...2.1), 0]
            let control = u[2]
            if abs(control - 1) > 1e-3, abs(control - 2) > 1e-3 {
                let state = SmoothSwitch.initialState(smooth)
                DeviceHarness.checkJacobian(at: u) {
                    DeviceHarness.evaluate(smooth, at: $0, from: state, Conditions())
                }
                let response = DeviceHarness.evaluate(smooth, at: u, from: state, Conditions())
                #expect(response.f[0] + response.f[1] == 0 && response.f[2] == 0 && response.f[3] == 0)
            }
            let state = HysteresisSwitch.State(isOn: random.uniform(0...1) > 0.5, level: 0)
            let edges = [loop.rising.on, loop.rising.off, loop.falling.on, loop.falling.off]
            guard edges.allSatisfy({ abs(control - $0) > 1e-3 }) else { continue }
            DeviceHarness.checkJacobian(at: u) {
                DeviceHarness.evaluate(loop, at: $0, from: state, Conditions())
            }
        }
    }

    @Test("With hysteresis it goes on at vt + vh, off at vt − vh, and its conductance never jumps at rest")
    func hysteresis() {
        let device = HysteresisSwitch(
            threshold: 1, hysteresis: 0.5, onResistance: 1, offResistance: 1e6, startsOn: false)
        var state = HysteresisSwitch.initialState(device)
        var wentOn: Double?
        var wentOff: Double?
        var last = 1e-6
        let up = stride(from: 1.49, through: 1.51, by: 1e-6)
        let down = stride(from: 0.51, through: 0.49, by: -1e-6)
        for control in Array(up) + Array(down) {
            let u = Locals(values: SIMD4<Double>(1, 0, control, 0), conditions: Conditions())
            let g = device.output(0, u, state: state, Conditions())
            #expect(abs(log(g / last)) < 0.05)
            last = g
            var next = state
            device.commit(u, from: state, to: &next)
            if next.isOn, !state.isOn { wentOn = control }
            if !next.isOn, state.isOn { wentOff = control }
            state = next
        }
        #expect(abs((wentOn ?? 0) - 1.5) < 2e-6)
        #expect(abs((wentOff ?? 0) - 0.5) < 2e-6)
        let start = HysteresisSwitch(
            threshold: 1, hysteresis: 0.5, onResistance: 1, offResistance: 1e6, startsOn: true)
        #expect(HysteresisSwitch.initialState(start).isOn)
    }

    /// Within its loop a switch is what its card says, up to a thousandth of the loop from the threshold.
    @Test("At rest a control within the loop moves nothing", arguments: [false, true])
    func withinTheLoop(startsOn: Bool) throws {
        for control in [0.501, 0.7, 1, 1.3, 1.499] {
            let result = try simulate(
                """
                t
                vc c 0 \(control)
                v1 a 0 1
                s1 a 0 c 0 sx \(startsOn ? "on" : "off")
                .model sx sw(vt=1 vh=0.5 ron=1 roff=1meg)
                .op
                .print op @s1[r]
                .end
                """)
            #expect(abs(result["@s1[r]"][0] / (startsOn ? 1 : 1e6) - 1) < 1e-9)
        }
    }

    /// A capacitor that a switch discharges: T = RC ln((V − v₁)/(V − v₂)) + R′C ln((v₂ − V′)/(v₁ − V′)), where V and R,
    /// V′ and R′ are what the capacitor sees while it is off and on.
    @Test("A relaxation oscillator has the period of its closed form", arguments: [10.0, 100, 1000])
    func relaxationOscillator(discharge: Double) throws {
        let result = try simulate(
            """
            t
            v1 in 0 5
            r1 in a 5k
            c1 a 0 50n
            s1 a d a 0 sx
            rd d 0 \(discharge)
            .model sx sw(vt=2.5 vh=1 ron=10 roff=100meg)
            .tran 1u 2m uic
            .print tran v(a) @s1[r]
            .end
            """)
        func phase(_ foot: Double, _ from: Double, _ to: Double) -> Double {
            let (voltage, resistance) = (5 * foot / (5000 + foot), 5000 * foot / (5000 + foot))
            return resistance * 50e-9 * log((voltage - from) / (voltage - to))
        }
        let period = phase(1e8, 1.5, 3.5) + phase(10 + discharge, 3.5, 1.5)
        let (times, values) = (result["time"], result["v(a)"])
        let rises = times.indices.dropFirst().compactMap { row -> Double? in
            let (low, high) = (values[row - 1], values[row])
            guard low < 2.5, high >= 2.5 else { return nil }
            return times[row - 1] + (2.5 - low) / (high - low) * (times[row] - times[row - 1])
        }
        #expect(rises.count >= 6)
        for (first, second) in zip(rises, rises.dropFirst()) {
            #expect(abs((second - first) / period - 1) < 1e-3, "\(second - first), not \(period)")
        }
        #expect((values.max() ?? 0) < 3.501 && (values.dropFirst(values.count / 2).min() ?? 0) > 1.499)
        // A row shows the switch on either side of its jump, and none between.
        #expect(result["@s1[r]"].allSatisfy { abs($0 / 10 - 1) < 1e-9 || abs($0 / 1e8 - 1) < 1e-9 })
    }

    /// A switch that shorts its own control has no solution without a capacitor: the run ends all the same.
    @Test("What undoes itself without time passing stays where it went")
    func shortsItsControl() throws {
        let result = try simulate(
            """
            t
            v1 in 0 pwl(0 0 1m 5)
            r1 in a 1k
            s1 a 0 a 0 sx
            .model sx sw(vt=2.5 vh=0.5 ron=10 roff=10meg)
            .tran 1u 2m
            .print tran @s1[r]
            .end
            """)
        #expect(result["@s1[r]"].last == 10)
        #expect(result["time"].count < 3000)
    }

    @Test("A step over a transition asks for a shorter one")
    func stepError() {
        let device = SmoothSwitch(transition: Self.transition)
        let off = SmoothSwitch.State(level: Self.transition.level(0))
        let on = SmoothSwitch.State(level: Self.transition.level(5))
        #expect(device.stepError(from: off, to: off) == 0)
        #expect(abs(device.stepError(from: off, to: on) - log(1e6)) < 1e-9)
    }
}
