import Glibc
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

    @Test("With hysteresis it goes on at vt + vh, off at vt − vh, and its conductance never jumps")
    func hysteresis() {
        let device = HysteresisSwitch(
            threshold: 1, hysteresis: 0.5, onResistance: 1, offResistance: 1e6, startsOn: false)
        var state = HysteresisSwitch.initialState(device)
        var wentOn: Double?
        var wentOff: Double?
        var last = 1e-6
        let up = stride(from: 0.0, through: 2, by: 1e-4)
        let down = stride(from: 2.0, through: 0, by: -1e-4)
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
        #expect(abs((wentOn ?? 0) - 1.5) < 2e-4)
        #expect(abs((wentOff ?? 0) - 0.5) < 2e-4)
        let start = HysteresisSwitch(
            threshold: 1, hysteresis: 0.5, onResistance: 1, offResistance: 1e6, startsOn: true)
        #expect(HysteresisSwitch.initialState(start).isOn)
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
