import Glibc
import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// Transients against solutions that can be written down.
@Suite struct TransientClosedFormTests {
    /// Largest difference to `exact` over all rows.
    func worst(_ run: RunResult, _ column: String, _ exact: (Double) -> Double) -> Double {
        zip(run["time"], run[column]).map { abs($1 - exact($0)) }.max() ?? .infinity
    }

    @Test func aCapacitorChargesThroughAResistor() throws {
        let run = try simulate(
            """
            RC step: v = 1 - exp(-(t - 1 ms)/RC)
            v1 in 0 PWL(0 0 1m 0 1.000001m 1)
            r1 in out 1k
            c1 out 0 1u
            .tran 10u 6m
            """)
        #expect(worst(run, "v(out)") { $0 <= 1e-3 ? 0 : 1 - exp(-($0 - 1.0005e-6 - 0.999e-3) / 1e-3) } < 1.5e-3)
    }

    @Test func anInductorsCurrentRisesThroughAResistor() throws {
        let run = try simulate(
            """
            RL: i = V/R (1 - exp(-t R/L)), held at 0 by its initial condition
            v1 in 0 10
            r1 in out 100
            l1 out 0 10m ic=0
            .tran 1u 500u uic
            .print tran i(l1)
            """)
        #expect(worst(run, "i(l1)") { 0.1 * (1 - exp(-$0 * 1e4)) } < 1e-4)
    }

    @Test func aSeriesResonatorRingsAndDecays() throws {
        let run = try simulate(
            """
            RLC from a charged capacitor
            c1 a 0 1u ic=1
            l1 a b 1m ic=0
            r1 b 0 10
            .options reltol=1e-5
            .tran 1u 1m uic
            .print tran v(a)
            """)
        let alpha = 10 / (2 * 1e-3)
        let omega = (1e9 - alpha * alpha).squareRoot()
        #expect(
            worst(run, "v(a)") { t in
                t < 1e-9 ? 1 : exp(-alpha * t) * (cos(omega * t) + alpha / omega * sin(omega * t))
            } < 1e-3)
    }

    /// Sources that start from 0 with a slope, so that the whole response, transient and steady, is known.
    @Test func aSineDrivesResistorAndCapacitor() throws {
        let run = try simulate(
            """
            RC under a sine: steady state plus the transient exp(-t/RC)
            v1 in 0 SIN(0 1 1k)
            r1 in out 1k
            c1 out 0 100n
            .options reltol=1e-5
            .tran 10u 3m
            .print tran v(out)
            """)
        let w = 2 * Double.pi * 1000
        let tau = 1e-4
        let d = 1 + w * w * tau * tau
        #expect(
            worst(run, "v(out)") { t in (sin(w * t) - w * tau * cos(w * t) + w * tau * exp(-t / tau)) / d } < 1e-4)
    }

    @Test func aSineDrivesResistorAndInductor() throws {
        let run = try simulate(
            """
            RL under a sine
            v1 in 0 SIN(0 1 1k)
            r1 in out 100
            l1 out 0 20m
            .options reltol=1e-5
            .tran 10u 3m
            .print tran i(l1)
            """)
        let w = 2 * Double.pi * 1000
        let tau = 20e-3 / 100
        let d = 1 + w * w * tau * tau
        #expect(
            worst(run, "i(l1)") { t in 0.01 * (sin(w * t) - w * tau * cos(w * t) + w * tau * exp(-t / tau)) / d } < 1e-6
        )
    }

    /// Series R, L, C: L q'' + R q' + q/C = v.
    @Test func aStepAndASineDriveASeriesResonator() throws {
        let l = 1e-3
        let c = 1e-6
        let r = 20.0
        let alpha = r / (2 * l)
        let ring = (1 / (l * c) - alpha * alpha).squareRoot()
        let step = try simulate(
            """
            RLC step, the rise too short to matter
            v1 in 0 PWL(0 0 1p 1)
            r1 in a 20
            l1 a b 1m
            c1 b 0 1u
            .options reltol=1e-5
            .tran 1u 1m
            .print tran v(b)
            """)
        #expect(
            worst(step, "v(b)") { t in 1 - exp(-alpha * t) * (cos(ring * t) + alpha / ring * sin(ring * t)) } < 1e-4)
        let sine = try simulate(
            """
            RLC sine
            v1 in 0 SIN(0 1 2k)
            r1 in a 20
            l1 a b 1m
            c1 b 0 1u
            .options reltol=1e-5
            .tran 1u 2m
            .print tran v(b)
            """)
        // v(b) = p sin wt + q cos wt + e^(−αt)(m cos Ωt + n sin Ωt), at rest for t = 0.
        let w = 2 * Double.pi * 2000
        let real = 1 - w * w * l * c
        let imaginary = w * r * c
        let size = real * real + imaginary * imaginary
        let p = real / size
        let q = -imaginary / size
        let m = -q
        let n = (-p * w + alpha * m) / ring
        #expect(
            worst(sine, "v(b)") { t in
                p * sin(w * t) + q * cos(w * t) + exp(-alpha * t) * (m * cos(ring * t) + n * sin(ring * t))
            } < 2e-4)
    }

    /// A capacitor's own ic= under uic, and the same by .ic without it.
    @Test(arguments: ["c1 out 0 1u ic=2\n.tran 10u 3m uic", "c1 out 0 1u\n.ic v(out)=2\n.tran 10u 3m"])
    func aCapacitorStartsFromItsInitialCondition(card: String) throws {
        let run = try simulate("discharge\nv1 in 0 0\nr1 in out 1k\n\(card)\n.print tran v(out)\n")
        #expect(abs((run["v(out)"].first ?? .nan) - 2) < 1e-6)
        #expect(worst(run, "v(out)") { 2 * exp(-$0 / 1e-3) } < 4e-3)
    }

    /// In a process of its own: other tests allocate at the same time.
    @Test func memoryDoesNotGrowWithTheNumberOfPoints() async {
        await #expect(processExitsWith: .success) {
            final class Silent: PointObserver {
                var observedUnknowns: [Int] { [] }
                let rates = ChargeRates([])
                func accept(
                    _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem, parts: Int
                ) throws(SimulationFailure) {}
            }
            let loaded = Simulation.load(
                text: """
                    diode and resistor
                    .model dd d(is=1e-14 cjo=1p)
                    v1 in 0 SIN(0 5 1k)
                    r1 in out 1k
                    d1 out 0 dd
                    .tran 1u 2m 0 1u
                    """)
            let circuit = try #require(loaded.simulation?.circuit)
            let system = try EquationSystem(circuit)
            func march(_ stop: Double) throws -> Int {
                var statistics = AnalysisStatistics()
                try TransientAnalysis(step: 1e-6, stop: stop, maximumStep: 1e-6).run(
                    system, options: circuit.options, observer: Silent(), control: RunControl(),
                    statistics: &statistics)
                return statistics.points
            }
            _ = try march(2e-3)
            let before = residentBytes()
            let points = try march(20e-3)
            precondition(points >= 20_000)
            // One double a point would be 160 kB.
            precondition(residentBytes() - before < 100_000, "\(residentBytes() - before) bytes more")
        }
    }

    @Test func aLosslessResonatorKeepsItsEnergyOver1000Periods() throws {
        // Period 2π√(LC) = 1 ms.
        let run = try simulate(
            """
            LC
            c1 a 0 1u ic=1
            l1 a 0 25.33029591058444m ic=0
            .options method=trap
            .tran 10u 1 0 10u uic
            .print tran v(a) i(l1)
            """)
        let v = run["v(a)"]
        let i = run["i(l1)"]
        let energies = zip(v, i).map { 0.5 * 1e-6 * $0 * $0 + 0.5 * 25.33029591058444e-3 * $1 * $1 }
        let tail = energies.suffix(1000)
        // The first step, of first order, damps a little; from then on nothing may.
        let first = energies[100]
        #expect(tail.allSatisfy { abs($0 / first - 1) < 1e-6 })
    }

    @Test func aTransformerCouplesByItsTurnsRatio() throws {
        let run = try simulate(
            """
            transformer 1:2, k = 0.999, lightly loaded: v2 = k sqrt(L2/L1) v1
            v1 in 0 SIN(0 1 1k)
            r1 in p 1m
            l1 p 0 10m
            l2 s 0 40m
            k1 l1 l2 0.999
            r2 s 0 1meg
            .tran 5u 5m
            .print tran v(p) v(s)
            """)
        let error = zip(run["v(p)"], run["v(s)"]).dropFirst(20).map { abs($1 - 1.998 * $0) }.max() ?? 1
        #expect(error < 4e-3)
    }

    @Test func aDiodeAndAResistorShareTheVoltage() throws {
        let run = try simulate(
            """
            diode-resistor
            .model dd d(is=1e-14 n=1)
            v1 in 0 5
            r1 in a 1k
            d1 a 0 dd
            .options reltol=1e-6
            .op
            """)
        // Newton's iteration on i = is (exp(v/vt) − 1), v = 5 − 1000 i.
        let vt = PhysicalConstants.boltzmannOverCharge * 300.15
        var v = 0.7
        for _ in 0..<200 {
            let f = 1e-14 * (exp(v / vt) - 1) + 1e-12 * v - (5 - v) / 1000
            v -= f / (1e-14 / vt * exp(v / vt) + 1e-12 + 1e-3)
        }
        #expect(abs((run["v(a)"].first ?? .nan) - v) < 1e-6)
    }

    /// Error at the end of a sine-driven RC with a fixed step; the truncation error's control is out of the way.
    func errorAtFixedStep(_ options: String, steps: Int) throws -> Double {
        let step = 1e-3 / Double(steps)
        let run = try simulate(
            """
            order
            v1 in 0 SIN(0 1 1k)
            r1 in out 1k
            c1 out 0 100n
            .options trtol=1e12 \(options)
            .tran \(step) 3m 0 \(step)
            .print tran v(out)
            """)
        let w = 2 * Double.pi * 1000
        let tau = 1e-4
        let d = 1 + w * w * tau * tau
        return worst(run, "v(out)") { t in (sin(w * t) - w * tau * cos(w * t) + w * tau * exp(-t / tau)) / d }
    }

    @Test(arguments: [("method=euler", 1.0), ("method=trap", 2), ("method=gear maxord=2", 2)] as [(String, Double)])
    func theOrderOfConvergenceIsTheMethods(options: String, order: Double) throws {
        let coarse = try errorAtFixedStep(options, steps: 200)
        let fine = try errorAtFixedStep(options, steps: 400)
        #expect(abs(log2(coarse / fine) - order) < 0.2)
    }

    /// A table that starts late starts at that very time.
    @Test func theFirstRowIsTheStartThatWasAskedFor() throws {
        let result = try simulate(
            """
            late
            v1 a 0 sin(0 1 1k)
            r1 a b 1k
            c1 b 0 1n
            .tran 1u 3m 1.2345678m
            .print tran v(a)
            .end
            """)
        let table = try #require(result.tables.last)
        #expect(table["time"]?.first == 1.2345678e-3)
        #expect(abs((table["v(a)"]?.first ?? 0) - sin(2 * Double.pi * 1.2345678)) < 1e-9)
    }

    /// Higher orders start at first order; what that costs has died away (e^−25) behind 2.5 ms.
    @Test(arguments: [3, 4, 5, 6]) func highOrdersOfGearConvergeAsTheyShould(order: Int) throws {
        func tailError(_ steps: Int) throws -> Double {
            let step = 1e-3 / Double(steps)
            let run = try simulate(
                """
                order
                v1 in 0 SIN(0 1 1k)
                r1 in out 1k
                c1 out 0 100n
                .options trtol=1e12 reltol=1e-9 method=gear maxord=\(order)
                .tran \(step) 3m 2.5m \(step)
                .print tran v(out)
                """)
            let w = 2 * Double.pi * 1000
            let tau = 1e-4
            let d = 1 + w * w * tau * tau
            return worst(run, "v(out)") { t in (sin(w * t) - w * tau * cos(w * t)) / d }
        }
        let coarse = try tailError(50)
        let fine = try tailError(100)
        #expect(abs(log2(coarse / fine) - Double(order)) < 0.35)
    }

    @Test func cornersOfWaveformsAreHitExactly() throws {
        let run = try simulate(
            """
            corners
            v1 a 0 PULSE(0 1 1u 0.1u 0.3u 2u 10u)
            r1 a b 1k
            c1 b 0 1p
            .tran 1u 25u
            """)
        let time = run["time"]
        for corner in [1e-6, 1.1e-6, 3.1e-6, 3.4e-6, 11e-6, 11.1e-6, 13.1e-6, 13.4e-6, 21e-6] {
            #expect(time.contains { abs($0 - corner) < 1e-18 + corner * 1e-14 })
        }
    }

    @Test func aLinearCircuitAtASteadyStepIsNeitherEvaluatedNorFactoredAgain() throws {
        let loaded = Simulation.load(
            text: """
                rc
                v1 in 0 SIN(0 1 1k)
                r1 in out 1k
                c1 out 0 100n
                .options trtol=1e12
                .tran 1u 2m 0 1u
                """)
        let circuit = try #require(loaded.simulation?.circuit)
        let system = try EquationSystem(circuit)
        final class Silent: PointObserver {
            var observedUnknowns: [Int] { [] }
            let rates = ChargeRates([])
            func accept(
                _ abscissa: Double, _ x: UnsafePointer<Double>, _ system: EquationSystem, parts: Int
            ) throws(SimulationFailure) {}
        }
        var statistics = AnalysisStatistics()
        try TransientAnalysis(step: 1e-6, stop: 2e-3, maximumStep: 1e-6).run(
            system, options: circuit.options, observer: Silent(), control: RunControl(), statistics: &statistics)
        #expect(statistics.points >= 2000)
        let solver = system.solver.statistics
        #expect(solver.factorisations + solver.refactorisations < 12)
    }

    @Test func initialConditionsOfNodesHoldTheOperatingPoint() throws {
        let run = try simulate(
            """
            .ic
            v1 in 0 0
            r1 in out 1k
            c1 out 0 1u
            .ic v(out)=2
            .tran 10u 3m
            """)
        #expect(worst(run, "v(out)") { 2 * exp(-$0 / 1e-3) } < 4e-3)
    }
}

/// Anonymous memory that the process holds [B].
private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let pages = text.split(separator: " ").compactMap { Int($0) }
    // Resident pages less those shared with files.
    return pages.count > 2 ? (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
}
