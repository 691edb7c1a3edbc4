import Glibc
import HydronTestSupport
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

    @Test("Couplings that contradict each other are warned of, and the growing solution of their equations is found")
    func contradictingCouplings() throws {
        let run = try simulate(
            """
            The first and the last of three inductors couple to the one between them, not to each other
            l1 a 0 1 ic=1
            l2 b 0 1 ic=0
            l3 c 0 1 ic=0
            r1 a 0 1
            r2 b 0 1
            r3 c 0 1
            k1 l1 l2 1
            k2 l2 l3 1
            .options reltol=1e-5
            .tran 1m 1 uic
            .print tran i(l1) i(l2) i(l3)
            """)
        let warnings = run.diagnostics.all.filter { $0.severity == .warning }
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.hasPrefix("the couplings of k1, k2 contradict each other") == true)
        // M has the eigenvalues 1 and 1 ± √2 with the vectors (1, 0, −1)/√2 and (1, ±√2, 1)/2.
        let root = 2.0.squareRoot()
        let (times, first, second, third) = (run["time"], run["i(l1)"], run["i(l2)"], run["i(l3)"])
        for (place, t) in times.enumerated() {
            let (slow, growing, own) = (exp(-t / (1 + root)), exp(-t / (1 - root)), exp(-t))
            #expect(abs(first[place] - (slow + growing + 2 * own) / 4) < 2e-3 * growing)
            #expect(abs(second[place] - root * (slow - growing) / 4) < 2e-3 * growing)
            #expect(abs(third[place] - (slow + growing - 2 * own) / 4) < 2e-3 * growing)
        }
        #expect(try #require(times.last) == 1)
    }
}
