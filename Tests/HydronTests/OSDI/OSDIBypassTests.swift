import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

@Suite struct OSDIBypassRuleTests {
    private static let options = SimulationOptions()
    private static let rule = OSDIBypass(options)
    private static let thermal = PhysicalConstants.boltzmannOverCharge * options.temperature

    /// What the tangent at `v` leaves out of a diode's current and charge at `v + distance`, over what is tolerated.
    private static func excess(_ v: Double, _ distance: Double, current: Double, charge: Double) -> Double {
        let (before, after) = (exp(v / thermal), exp((v + distance) / thermal))
        let left = abs(after - before * (1 + distance / thermal))
        return rule.excess(
            current: current * left, size: current * after, conductance: current * after / thermal,
            charge: charge * left, capacitance: charge * after / thermal, largest: abs(v + distance))
    }

    /// Half the distance is a quarter of the excess, so that a bend measured over one holds for the other.
    @Test(arguments: [0.2, 0.6, 0.8], [(1e-14, 0.0), (1e-14, 1e-22)]) func bendsHoldForShorterSteps(
        _ v: Double, _ sizes: (current: Double, charge: Double)
    ) {
        let distance = 2e-3
        let bend = OSDIBypass.bend(
            Self.excess(v, distance, current: sizes.current, charge: sizes.charge), over: distance, before: .infinity)
        #expect(bend > 0)
        for share in [0.5, 0.25, 0.1] {
            let measured = Self.excess(v, share * distance, current: sizes.current, charge: sizes.charge)
            let foretold = bend * (share * distance) * (share * distance)
            #expect(abs(measured - foretold) <= 0.1 * foretold, "\(share): \(measured) against \(foretold)")
        }
    }

    @Test func straightElementsAreFollowedFarther() {
        let rest = Self.rule.rest
        #expect(Self.rule.follows(rest, bend: .infinity))
        #expect(!Self.rule.follows(1.01 * rest, bend: .infinity))
        #expect(!Self.rule.follows(.infinity, bend: 0))
        #expect(!Self.rule.follows(.nan, bend: 0))
        #expect(Self.rule.follows(Self.rule.reach, bend: 0))
        #expect(!Self.rule.follows(1.01 * Self.rule.reach, bend: 0))
        let bend = 1 / (4e-6)
        #expect(Self.rule.follows(1.9e-3, bend: bend))
        #expect(!Self.rule.follows(2.1e-3, bend: bend))
        #expect(!Self.rule.atRest.follows(1.9e-3, bend: bend))
        #expect(!OSDIBypass.never.follows(0, bend: 0))
    }

    /// What was measured before is forgotten by halves, never at once.
    @Test func aBendIsRemembered() {
        #expect(OSDIBypass.bend(4, over: 2, before: .infinity) == 1)
        #expect(OSDIBypass.bend(4, over: 2, before: 8) == 4)
        #expect(OSDIBypass.bend(4, over: 2, before: 1) == 1)
    }

    /// What has no capacitance may leave out no charge.
    @Test func chargeWithoutCapacitanceIsNotFollowed() {
        let excess = Self.rule.excess(
            current: 0, size: 1, conductance: 1, charge: 1e-30, capacitance: 0, largest: 1)
        #expect(excess == .infinity)
        #expect(!Self.rule.follows(1e-3, bend: OSDIBypass.bend(excess, over: 1e-3, before: .infinity)))
    }
}

/// Evaluations that are left out where an element hardly moved.
@Suite(.enabled(if: CompiledTwins.isThere, "no C compiler is installed"))
struct OSDIBypassTests {
    private func run(_ options: String) throws -> RunResult {
        let cells = (0..<20).map { "n\($0) k\($0) 0 dm\nr\($0) k\($0) k\($0 + 1) 100\nc\($0) k\($0) 0 10p" }
        return try simulate(
            """
            a ladder of diodes
            v1 k0 0 pulse(0 0.8 10n 5n 5n 200n)
            \(cells.joined(separator: "\n"))
            .model dm twodiode is=1e-13 rs=50 cj=1p
            .options \(options)
            .tran 10n 0.5u
            .print tran v(k1) v(k5) v(k20) i(v1)
            .end
            """, modules: CompiledTwins.modules())
    }

    /// The tangent leaves out less than the tolerances: points lie on the curves of a run whose steps are much shorter.
    @Test(arguments: [(1e-3, 1e-3), (1e-5, 1e-4)]) func extrapolatedElementsAreWithinTolerance(
        _ reltol: Double, _ tolerance: Double
    ) throws {
        let (exact, some) = (try run("bypass=0 reltol=1e-6"), try run("bypass=1 reltol=\(reltol)"))
        for name in ["v(k1)", "v(k5)", "v(k20)", "i(v1)"] {
            let size = exact[name].map(abs).max() ?? 0
            for (time, value) in zip(some["time"], some[name]) where time > 0 && !(9e-9...16e-9).contains(time) {
                let other = interpolate(exact["time"], exact[name], at: time)
                #expect(abs(value - other) <= tolerance * size, "\(name) at \(time): \(value) \(other)")
            }
        }
    }

    /// An avalanche bends within less than a thermal voltage, and is straight behind: 1 mV of 10 V may be left out.
    @Test(arguments: [10.5, 12, 15]) func avalanchesAreNotCut(_ amplitude: Double) throws {
        let result = try simulate(
            """
            a clipper at 10 V
            v1 in 0 sin(0 \(amplitude) 1k)
            r1 in a 1k
            n1 0 a dm
            .model dm twodiode is=1e-24 knee=10
            .options bypass=1
            .tran 1u 3m
            .print tran v(in) v(a)
            .end
            """, modules: CompiledTwins.modules())
        func current(_ v: Double) -> Double {
            let (u, end) = (v / 10, min(v / 10, 0.999))
            let factor = 1 / (1 - pow(end, 4))
            return 5e-6 * (factor - 1 + (u - end) * 4 * pow(end, 3) * factor * factor)
        }
        let errors = zip(result["v(in)"], result["v(a)"]).compactMap { source, value -> Double? in
            guard source > 0 else { return nil }
            var (low, high) = (0.0, source)
            for _ in 0..<60 {
                let middle = (low + high) / 2
                if (source - middle) / 1e3 > current(middle) { low = middle } else { high = middle }
            }
            return abs(value - low)
        }
        #expect(errors.count > 1200)
        let worst = try #require(errors.max())
        #expect(worst < 1e-3)
    }

    @Test func elementsAtRestAreNotEvaluatedAgain() throws {
        var population = OSDIPopulation(
            try #require(try CompiledTwins.modules().module("twodiode")), SimulationOptions())
        #expect(OSDIBatch(population).evaluations.bypassed == 0)
        population = try #require(
            Simulation.load(
                text: """
                    t
                    v1 a 0 0.6
                    n1 a 0 dm
                    n2 b 0 dm
                    r1 a b 1k
                    .model dm twodiode
                    .options bypass=1
                    .op
                    .end
                    """, modules: CompiledTwins.modules()
            ).simulation?.circuit.populations.compactMap { $0 as? OSDIPopulation }.first)
        let batch = OSDIBatch(population)
        let size = 8
        let zeros = (0..<5).map { _ in Vector(size) }
        func load(_ x: [Double]) {
            let point = Vector(size)
            for (element, value) in x.enumerated() { point.base[Int(population.unknown(0, of: element))] = value }
            _ = batch.load(
                LoadContext(
                    x: UnsafePointer(point.base), f: zeros[0].base, q: zeros[1].base, scale: zeros[2].base,
                    jacobian: zeros[3].base, chargeJacobian: zeros[3].base, alpha: 0, conditions: Conditions()))
        }
        load([0.3, 0.3])
        load([0.3, 0.3])
        #expect(batch.evaluations.bypassed == 2)
        load([0.3, 0.30005])
        #expect(batch.evaluations.bypassed == 4)
        load([0.3, 0.3002])
        #expect(batch.evaluations.bypassed == 5)
        batch.reset()
        load([0.3, 0.3002])
        #expect(batch.evaluations.bypassed == 5)
    }
}
