import Testing

@testable import Hydron

@Suite("Proton resistor's equations")
struct ProtonResistorDerivativeTests {
    static func device(_ model: [ProtonResistor.Model: Double]) -> ProtonResistor {
        var values = ParameterValues<ProtonResistor.Model>()
        for (key, value) in model { values[key] = value }
        return ProtonResistor(model: values, instance: ParameterValues(), ambient: 300.15)
    }

    static let sets: [[ProtonResistor.Model: Double]] = [
        [:],
        [.x0: 0.5, .rc: 1e5, .gnl: 0.4, .cgdo: 1e-17],
        [.x0: 0.3, .voc0: 0.1, .voc1: 0.3, .nvoc: 1, .vb: 0.2, .asy: 0.2, .kup: 0.3, .kdn: 0.2],
    ]

    @Test("Derivatives agree with differences, static and in time", arguments: sets.indices)
    func derivatives(_ set: Int) {
        let device = Self.device(Self.sets[set])
        var random = TestRandom(seed: 11)
        for interval in [0, 1e-10, 1e-9, 1e-8] {
            var conditions = Conditions()
            conditions.interval = interval
            for _ in 0..<25 {
                let u = [random.uniform(-0.5...0.5), random.uniform(-0.5...0.5), random.uniform(-8...8)]
                var state = ProtonResistor.initialState(device)
                state.x = random.uniform(0.1...0.9)
                state.vgc = random.uniform(-8...8)
                DeviceHarness.checkJacobian(at: u, step: 1e-4, "interval \(interval) s, x = \(state.x)") {
                    DeviceHarness.evaluate(device, at: $0, from: state, conditions)
                }
                let response = DeviceHarness.evaluate(device, at: u, from: state, conditions)
                let current = response.f.map(abs).max() ?? 0
                let charge = response.q.map(abs).max() ?? 0
                #expect(abs(response.f.reduce(0, +)) <= 4e-16 * current)
                #expect(abs(response.q.reduce(0, +)) <= 4e-16 * charge)
            }
        }
    }
}
