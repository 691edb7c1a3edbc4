import Glibc
import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// The magnetization against its differential equation and what follows from it.
@Suite("Magnetic hysteresis")
struct MagneticHysteresisTests {
    static let ferrite = MagneticHysteresis(
        saturation: 415.2e3, shape: 44.82, coupling: 5e-5, pinning: 25.74, reversibility: 0.4112, gapRatio: 0)
    static let gapped = MagneticHysteresis(
        saturation: 510e3, shape: 62, coupling: 3.7e-4, pinning: 25, reversibility: 0.92, gapRatio: 0.005 / 8.49)

    /// Runs through the fields and sums ∫ H dB [J/m³].
    static func energy(_ core: MagneticHysteresis, from m: inout Double, _ fields: [Double]) -> Double {
        var sum = 0.0
        for (a, b) in zip(fields, fields.dropFirst()) {
            // Parts so short that the trapezoidal rule holds.
            for part in 0..<200 {
                let here = a + (b - a) * Double(part) / 200
                let there = a + (b - a) * Double(part + 1) / 200
                let before = core.fluxDensity(here, m)
                m = core.advance(from: m, field: here, to: there).magnetization
                sum += 0.5 * (here + there) * (core.fluxDensity(there, m) - before)
            }
        }
        return sum
    }

    @Test("Without walls that stick and without coupling the core follows the anhysteretic curve")
    func anhystereticLimit() {
        let core = MagneticHysteresis(
            saturation: 1e6, shape: 1000, coupling: 0, pinning: 500, reversibility: 1, gapRatio: 0)
        for h in [1e-3, 1, 100, -1e3, 1e5, -1e7] {
            let m = core.advance(from: 0, field: 0, to: h).magnetization
            #expect(abs(m - 1e6 * h / (1000 + abs(h))) < 5e-6 * abs(m), "H = \(h)")
            #expect(abs(core.advance(from: m, field: h, to: 0).magnetization) < 1e-5 * abs(m), "and back from \(h)")
        }
    }

    @Test("With a gap the anhysteretic curve is sheared by its reluctance")
    func shearedByGap() {
        let core = MagneticHysteresis(
            saturation: 1e6, shape: 1000, coupling: 0, pinning: 500, reversibility: 1, gapRatio: 0.01)
        let h = 5000.0
        // M = Ms He/(A + He), He = H − γ M: a quadratic equation.
        let (a, b, c) = (0.01, -(1000 + h + 0.01 * 1e6), 1e6 * h)
        let exact = (-b - (b * b - 4 * a * c).squareRoot()) / (2 * a)
        #expect(abs(core.advance(from: 0, field: 0, to: h).magnetization / exact - 1) < 3e-6)
    }

    @Test("The step follows the differential equation", arguments: [ferrite, gapped])
    func againstFineSteps(core: MagneticHysteresis) {
        var m = 0.0
        var h = 0.0
        for target in [150.0, -60, 20, -200, -199, 90] {
            let parts = 20_000
            let step = (target - h) / Double(parts)
            let direction: Double = step > 0 ? 1 : -1
            let start = (m, h)
            // The classical Runge-Kutta method.
            for _ in 0..<parts {
                let a = core.susceptibility(m, h, direction: direction)
                let b = core.susceptibility(m + 0.5 * step * a, h + 0.5 * step, direction: direction)
                let c = core.susceptibility(m + 0.5 * step * b, h + 0.5 * step, direction: direction)
                let d = core.susceptibility(m + step * c, h + step, direction: direction)
                m += step * (a + 2 * b + 2 * c + d) / 6
                h += step
            }
            h = target
            let once = core.advance(from: start.0, field: start.1, to: target)
            #expect(abs(once.magnetization - m) < 1e-5 * core.saturation, "to \(target) A/m")
            #expect(once.slope == core.susceptibility(once.magnetization, target, direction: direction))
        }
    }

    @Test("The loop of a periodic field closes, and its area is what each period loses")
    func loopCloses() {
        for core in [Self.ferrite, Self.gapped] {
            var m = 0.0
            let period = [0.0, 250, 0, -250, 0]
            // The farther the field goes, the sooner the start is forgotten.
            for _ in 0..<12 { _ = Self.energy(core, from: &m, period) }
            let start = m
            let lost = Self.energy(core, from: &m, period)
            #expect(abs(m - start) < 1e-5 * core.saturation)
            // Between its remanences at H = 0 the loop is a closed curve: Green's theorem on 4000 points of it.
            var area = 0.0
            var points: [(h: Double, b: Double)] = []
            for (a, b) in zip(period, period.dropFirst()) {
                for part in 0..<1000 {
                    let here = a + (b - a) * Double(part) / 1000
                    points.append((here, core.fluxDensity(here, m)))
                    m = core.advance(from: m, field: here, to: here + (b - a) / 1000).magnetization
                }
            }
            for (p, q) in zip(points, points.dropFirst() + points.prefix(1)) {
                area += 0.5 * (p.h * q.b - q.h * p.b)
            }
            #expect(lost > 0)
            #expect(abs(area / lost - 1) < 2e-3)
        }
    }

    @Test("No sequence of fields from rest back to zero field gives energy away")
    func isPassive() {
        var random = TestRandom(seed: 5)
        for _ in 0..<60 {
            let core = MagneticHysteresis(
                saturation: exp(random.uniform(10...15)), shape: exp(random.uniform(2...8)),
                coupling: random.uniform(0...1e-5), pinning: exp(random.uniform(2...8)),
                reversibility: random.uniform(0...1), gapRatio: random.uniform(0...0.02))
            var fields = [0.0]
            for _ in 0..<8 { fields.append(random.uniform(-5...5) * core.shape) }
            fields.append(0)
            var m = 0.0
            let scale = MagneticHysteresis.vacuumPermeability * core.saturation * core.shape
            #expect(Self.energy(core, from: &m, fields) > -1e-4 * scale)
        }
    }

    @Test("Magnetization is bounded, its slope is never negative, and no field is too large")
    func staysBounded() {
        var random = TestRandom(seed: 11)
        for _ in 0..<300 {
            // Coupling may be far beyond what a material can have.
            let core = MagneticHysteresis(
                saturation: exp(random.uniform(5...15)), shape: exp(random.uniform(0...8)),
                coupling: exp(random.uniform(-12...2)), pinning: exp(random.uniform(0...8)),
                reversibility: random.uniform(0...1), gapRatio: random.uniform(0...0.1))
            var m = 0.0
            var h = 0.0
            for _ in 0..<10 {
                let next = random.uniform(-1...1) * exp(random.uniform(-10...60))
                let end = core.advance(from: m, field: h, to: next)
                #expect(end.magnetization.isFinite && end.slope >= 0)
                #expect(next >= h ? end.magnetization >= m : end.magnetization <= m)
                m = end.magnetization
                h = next
            }
        }
    }

    @Test("Jacobian against differences, on both branches and across many steps")
    func jacobian() {
        let core = MagneticCore(material: Self.ferrite, area: 1e-4, path: 0.08)
        let conditions = Conditions(gmin: 0, time: 1, interval: 1e-3)
        for (state, h) in [(0.0, 3.0), (1e5, 40), (1e5, -90), (-3e5, -20), (2e5, 400)] {
            let from = MagneticCore.State(magnetization: state, field: 10)
            DeviceHarness.checkJacobian(at: [h, 0.2], step: 1e-3, tolerance: 1e-4, "M = \(state)") {
                DeviceHarness.evaluate(core, at: $0, from: from, conditions)
            }
        }
    }
}

/// Cores in circuits.
@Suite("Magnetic core")
struct MagneticCoreTests {
    static let ring = ".model ring core (ms=415.2k a=44.82 c=0.4112 k=25.74 area=1.17 path=8.49)"

    @Test("A core that can't be magnetized leaves the inductance of its windings, µ0 N² A/l")
    func airCore() throws {
        let run = try simulate(
            """
            RL step
            v1 in 0 1
            r1 in a 1
            l1 a 0 1000 ic=0
            k1 l1 1 air
            .model air core (ms=1e-12 area=2 path=10)
            .tran 1u 10m uic
            .print tran i(l1)
            """)
        let inductance = 4e-7 * Double.pi * 1e6 * 2e-4 / 0.1
        for (t, i) in zip(run["time"], run["i(l1)"]) { #expect(abs(i - (1 - exp(-t / inductance))) < 1e-4) }
    }

    @Test("A small signal sees µ0 (1 + χ) N² A/l with the initial susceptibility")
    func smallSignalInductance() throws {
        let run = try simulate(
            """
            A voltage ramp of 1 mV across 20 turns
            v1 a 0 1m
            l1 a 0 20 ic=0
            k1 l1 1 ring
            \(Self.ring)
            .tran 1n 1u uic
            .print tran i(l1)
            """)
        let wall = 0.4112 * 415.2e3 / 44.82
        let susceptibility = wall / (1 - 5e-5 * wall)
        let inductance = 4e-7 * Double.pi * (1 + susceptibility) * 400 * 1.17e-4 / 0.0849
        let current = try #require(run["i(l1)"].last)
        #expect(abs(current * inductance / 1e-9 - 1) < 2e-4)
    }

    @Test("The voltages of two windings are as their turns, at every instant")
    func transformer() throws {
        let run = try simulate(
            """
            1:3 into saturation
            v1 in 0 SIN(0 5 50)
            r1 in a 0.5
            l1 a 0 100
            l2 b 0 300
            r2 b 0 50
            k1 l1 l2 1 ring
            \(Self.ring)
            .tran 0.1m 60m
            .print tran v(a) v(b) @k1[b]
            """)
        for (a, b) in zip(run["v(a)"], run["v(b)"]) { #expect(abs(b - 3 * a) < 1e-9 + 1e-9 * abs(b)) }
        let peak = try #require(run["@k1[b]"].map(abs).max())
        // Ms alone makes 0.52 T.
        #expect(peak > 0.45)
    }

    @Test("What the source puts in over a period is the loop's area times the core's volume")
    func energyOfAPeriod() throws {
        let run = try simulate(
            """
            1 A peak through 20 turns, with a corner at each peak
            i1 0 a PWL(0 0 0.25 1 0.75 -1 1.25 1 1.75 -1 2.25 1 2.75 -1)
            l1 a 0 20
            r1 a 0 1k
            k1 l1 1 ring
            \(Self.ring)
            .options reltol=1e-4
            .tran 5m 2.75
            .print tran v(a) i(l1) @k1[h] @k1[b] @k1[e]
            """)
        let t = run["time"]
        let (h, b, e) = (run["@k1[h]"], run["@k1[b]"], run["@k1[e]"])
        func place(_ x: Double) -> Int { t.firstIndex { $0 >= x - 1e-9 } ?? 0 }
        let (first, last) = (place(1.75), t.count - 1)
        #expect(abs(h[first] - h[last]) < 0.2 && abs(b[first] - b[last]) < 2e-4)
        var area = 0.0
        var work = 0.0
        let (v, i) = (run["v(a)"], run["i(l1)"])
        for row in (first + 1)...last {
            area += 0.5 * (h[row] + h[row - 1]) * (b[row] - b[row - 1])
            work += 0.5 * (v[row] * i[row] + v[row - 1] * i[row - 1]) * (t[row] - t[row - 1])
        }
        let volume = 1.17e-4 * 0.0849
        #expect(area > 10)
        #expect(abs((e[last] - e[first]) / (area * volume) - 1) < 1e-6)
        #expect(abs(work / (area * volume) - 1) < 5e-3)
    }

    @Test("A swept direct current goes through the same loop as a slow sine")
    func directSweep() throws {
        let run = try simulate(
            """
            Up and down
            i1 0 a 0
            l1 a 0 20
            r1 a 0 1k
            k1 l1 1 ring
            \(Self.ring)
            .dc i1 0 1 0.01
            .print dc @k1[h] @k1[m]
            """)
        var m = 0.0
        var h = 0.0
        for (field, magnetization) in zip(run["@k1[h]"], run["@k1[m]"]) {
            m = MagneticHysteresisTests.ferrite.advance(from: m, field: h, to: field).magnetization
            h = field
            #expect(abs(m - magnetization) < 1)
        }
        #expect(abs(h - 20 / 0.0849) < 1e-6)
    }

    @Test("An initial current starts on the initial curve")
    func initialCurrent() throws {
        let run = try simulate(
            """
            Discharge of two windings that work against each other
            l1 a 0 20 ic=1
            l2 b 0 30 ic=-0.5
            r1 a 0 1
            r2 b 0 1
            k1 l1 l2 1 ring
            \(Self.ring)
            .tran 1u 100u uic
            .print tran @k1[h] @k1[m]
            """)
        let h = (20 - 15) / 0.0849
        let first = try #require(run["@k1[h]"].first)
        #expect(abs(first - h) < 1e-6 * h)
        let m = MagneticHysteresisTests.ferrite.advance(from: 0, field: 0, to: h).magnetization
        let start = try #require(run["@k1[m]"].first)
        #expect(abs(start - m) < 1e-3 * m)
    }

    @Test("Xyce's names give gauss, oersted and the branches, in subcircuits too")
    func internalVariables() throws {
        let run = try simulate(
            """
            Names
            x1 in coil
            i1 0 in SIN(0 1 1)
            .subckt coil a
            l_1 a 0 20
            r1 a 0 1k
            k_1 l_1 1 ring
            .ends
            \(Self.ring)
            .tran 0 0.3
            .print tran n(x1:ymin!k_1_h) n(x1:ymin!k_1_b) n(x1:ymin!k_1_m) n(x1:ymin!k_1_l_1_branch) @x1.k_1[h] @x1.k_1[b] @x1.k_1[m] i(x1:l_1) x1:l_1:l
            """, dialect: .xyce)
        let rows = run["time"].indices
        for row in rows {
            #expect(abs(run["n(x1:ymin!k_1_h)"][row] - run["@x1.k_1[h]"][row] * 4e-3 * Double.pi) < 1e-9)
            #expect(abs(run["n(x1:ymin!k_1_b)"][row] - run["@x1.k_1[b]"][row] * 1e4) < 1e-9)
            #expect(abs(run["n(x1:ymin!k_1_m)"][row] - run["@x1.k_1[m]"][row] * 1e-3) < 1e-9)
            #expect(run["n(x1:ymin!k_1_l_1_branch)"][row] == run["i(x1:l_1)"][row])
            #expect(run["x1:l_1:l"][row] == 20)
        }
        #expect(rows.count > 20 && (run["n(x1:ymin!k_1_b)"].max() ?? 0) > 4000)
    }

    @Test(
        "Cards that wind wrongly are refused, with a way out",
        arguments: [
            ("k1 l1 1 c1", "core is not there", "no model 'c1'"),
            ("k1 l1 1 c2\n.model c2 core (gap=2 path=1)", "gap", "the gap of model 'c2' is 2.0 cm long"),
            ("k1 l1 1 ring\nk2 l1 1 ring", "two cores", "but another K card couples it too"),
            ("k1 l1 1 ring\nk2 l1 l2 0.9", "core and linear", "couples an inductor that is a winding on a core"),
            ("k2 l1 l2 0.9\nk1 l1 1 ring", "linear and core", "but another K card couples it too"),
            ("k1 l1 ring", "no coefficient", "no coupling coefficient"),
            ("k1 l1 l1 1 ring", "twice", "couples 'l1' to itself"),
        ])
    func mistakes(cards: String, what: String, message: String) {
        let text = """
            \(what)
            v1 a 0 1
            l1 a 0 20
            l2 b 0 20
            r1 b 0 1
            \(Self.ring)
            \(cards)
            .op
            """
        #expect {
            try simulate(text)
        } throws: {
            "\($0)".contains(message)
        }
    }

    @Test("A coefficient other than 1 is warned about; so is nothing else")
    func coefficient() throws {
        func warnings(_ k: String) throws -> Int {
            try simulate(
                """
                Coefficient
                i1 0 a 1m
                l1 a 0 20
                r1 a 0 1
                k1 l1 \(k) ring
                \(Self.ring)
                .op
                """
            ).diagnostics.all.count
        }
        #expect(try warnings("1") == 0)
        #expect(try warnings("0.9") == 1)
    }
}
