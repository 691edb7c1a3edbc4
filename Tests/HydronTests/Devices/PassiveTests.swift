import Testing

@testable import Hydron

@Suite("Resistor, capacitor, inductor, coupling")
struct PassiveTests {
    @Test("Resistor: current from the first to the second node")
    func resistor() {
        let response = DeviceHarness.evaluate(Resistor(conductance: 1e-3, temperature: 300), at: [3, 1])
        #expect(response.f == [2e-3, -2e-3] && response.q == [0, 0])
        #expect(response.df == [[1e-3, -1e-3], [-1e-3, 1e-3]])
    }

    @Test("Capacitor: charge on the first node; ic tops it up")
    func capacitor() {
        let capacitor = Capacitor(capacitance: 2e-6, initialVoltage: 5)
        let response = DeviceHarness.evaluate(capacitor, at: [3, 1])
        #expect(response.q == [4e-6, -4e-6] && response.f == [0, 0])
        var u = SIMD2<Double>(3, 1)
        let charges = capacitor.applyInitialConditions(&u)
        #expect(abs(charges[0] - 6e-6) < 1e-18 && charges[1] == -charges[0])
        #expect(Capacitor(capacitance: 1).applyInitialConditions(&u) == .zero)
    }

    @Test("Inductor: v − d(L i)/dt = 0 in the branch's row")
    func inductor() {
        let inductor = Inductor(inductance: 1e-3, initialCurrent: 0.5)
        let response = DeviceHarness.evaluate(inductor, at: [3, 1, 2])
        #expect(response.f == [2, -2, 2] && response.q == [0, 0, -2e-3])
        var u = SIMD4<Double>(3, 1, 2, 0)
        #expect(inductor.applyInitialConditions(&u) == .zero && u[2] == 0.5)
    }

    /// Couples branch a to branch b.
    static func elements(_ couplings: [(Int32, Int32, Double)]) -> MutualInductance.Elements {
        var elements = MutualInductance.Elements()
        for (a, b, k) in couplings {
            let pair = MutualInductance.Pair(first: a, second: b, mutual: k)
            elements.couplings.append(MutualInductance(coefficient: k, pairs: [pair]))
        }
        return elements
    }

    @Test("Coupled sets that would give energy away are found")
    func passivity() {
        #expect(Self.elements([(1, 2, 1)]).activeSets().isEmpty)
        #expect(Self.elements([(1, 2, 1), (2, 3, 1), (1, 3, 1)]).activeSets().isEmpty)
        #expect(Self.elements([(1, 2, 0.99), (2, 3, 0.99), (1, 3, 0.97)]).activeSets().isEmpty)
        #expect(Self.elements([(1, 2, 1), (2, 3, 1)]).activeSets() == [[0, 1]])
        #expect(Self.elements([(1, 2, 0.9), (2, 3, 0.9), (1, 3, -0.9)]).activeSets() == [[0, 1, 2]])
        #expect(Self.elements([(7, 8, 0.5), (1, 2, 0.9), (2, 3, 0.9)]).activeSets() == [[1, 2]])
        #expect(Self.elements([(1, 2, 0.7), (2, 1, 0.7)]).activeSets() == [[0, 1]])
    }
}
