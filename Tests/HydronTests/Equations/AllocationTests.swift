import AllocationCounter
import Testing

@testable import Hydron

/// Newton's loop runs on memory that the equations took when they were made.
///
/// Without optimisation the compiler puts the contexts of closures on the heap, each freed where its closure ends: there
/// what is counted must be the same from iteration to iteration.
@Suite(.serialized) struct AllocationTests {
    @Test func theCounterSeesWhatIsAllocated() {
        let before = allocation_count()
        guard before >= 0 else { return }
        var numbers = [Double](repeating: 1, count: Int.random(in: 1000...1001))
        numbers.append(2)
        #expect(allocation_count() >= before + 1)
    }

    /// Every kind of device that is evaluated in the loop.
    private static let netlist = """
        all that is nonlinear
        v1 in 0 5 sin(5 1 1k)
        r1 in a 1k
        d1 a b dd
        q1 a b e qq
        m1 a b 0 0 mm
        j1 a e 0 jj
        b1 b 0 i=1e-6*v(a)*v(b)+1e-7*exp(v(e)/5)
        s1 b e a 0 ss
        p1 a e b pp
        c1 b 0 1n
        l1 e f 1m
        r2 f 0 1k
        .model dd d is=1e-14 rs=1 cjo=1p
        .model qq npn is=1e-15 bf=100 rb=10 cje=1p tf=1n
        .model mm nmos level=1 vto=0.7 kp=1e-4 lambda=0.01 tox=1e-8
        .model jj njf vto=-2 beta=1e-4
        .model ss sw vt=1 vh=0.2
        .model pp proton
        .tran 1u 1m
        .end
        """

    @Test(arguments: [0, 1e6])
    func nothingIsAllocatedBetweenNewtonIterations(alpha: Double) throws {
        guard allocation_count() >= 0 else { return }
        let loaded = Simulation.load(text: Self.netlist)
        try #require(loaded.diagnostics.all.isEmpty, "\(loaded.diagnostics.all.map(\.message))")
        var circuit = try #require(loaded.simulation).circuit
        let watched = try #require(circuit.unknowns.node(named: "a"))
        circuit.populations.append(
            DevicePopulation<Watch>(
                devices: [Watch()], unknowns: [Int32(watched)],
                elements: [circuit.populations[0].identity(0)]))
        let system = try EquationSystem(circuit)
        let newton = NewtonIteration(circuit.options)
        let x = Vector(system.count)
        system.loadSources(time: 0, mode: .waveform)
        system.setAlpha(alpha)
        if alpha > 0 { system.conditions.interval = 1 / alpha }
        // Once to find the pivots, which takes memory for the factors.
        _ = try newton.solve(system, x.base, maximumIterations: 100)

        for unknown in 0..<system.count { x.base[unknown] = 0 }
        Watch.begin()
        let outcome = try newton.solve(system, x.base, maximumIterations: 100)
        #expect(outcome.iterations > 3)
        #expect(Watch.evaluations == outcome.iterations + 1)
        let asked = zip(Watch.counts.dropFirst(), Watch.counts).map { $0 - $1 }
        #if DEBUG
            #expect(Set(asked).count == 1)
        #else
            #expect(asked.allSatisfy { $0 == 0 })
        #endif
    }

    /// A device of no current that notes how often memory was asked for when it is evaluated.
    private struct Watch: Device {
        typealias Gradient = SIMD2<Double>
        static var arity: Int { 1 }
        static var conductingPairs: [(Int, Int)] { [] }

        private static let room = 1000
        nonisolated(unsafe) private static let noted = UnsafeMutablePointer<Int>.allocate(capacity: room)
        nonisolated(unsafe) private(set) static var evaluations = 0
        static var counts: [Int] { (0..<evaluations).map { noted[$0] } }
        static func begin() {
            evaluations = 0
            noted.update(repeating: 0, count: room)
        }

        func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Watch>) {
            guard Self.evaluations < Self.room else { return }
            Self.noted[Self.evaluations] = allocation_count()
            Self.evaluations += 1
        }
    }
}
