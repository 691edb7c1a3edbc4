import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

@Suite("Transmission lines")
struct TransmissionLineTests {
    // MARK: - Without losses

    /// The voltage at the far end of a line between resistances, a ramp of `rise` [s] to 1 V behind the source: each
    /// wave (1 + ρ₂) ρ₂ᵏ ρ₁ᵏ z/(z + r) arrives at (2k + 1) T (a bounce diagram).
    static func bounce(_ t: Double, source: Double, load: Double, z: Double, delay: Double, rise: Double) -> Double {
        let near = (source - z) / (source + z)
        let far = (load - z) / (load + z)
        var wave = z / (source + z) * (1 + far)
        var sum = 0.0
        var arrival = delay
        while arrival < t {
            sum += wave * min(1, (t - arrival) / rise)
            wave *= near * far
            arrival += 2 * delay
        }
        return sum
    }

    @Test(
        "An edge bounces between mismatched ends as the bounce diagram has it, corners included",
        arguments: [
            (10.0, 1e6, 1e-9), (10.0, 200.0, 3.7e-9), (200.0, 5.0, 1e-9), (50.0, 50.0, 1.3e-9), (1.0, 1e3, 0.2e-9),
        ])
    func bounceDiagram(source: Double, load: Double, delay: Double) throws {
        let rise = 0.3e-9
        let run = try simulate(
            """
            bounce
            v1 s 0 pwl(0 0 \(rise) 1)
            rs s a \(source)
            t1 a 0 b 0 z0=50 td=\(delay)
            rl b 0 \(load)
            .tran 1n 40n
            .print tran v(b)
            .end
            """)
        let time = run["time"]
        let v = run["v(b)"]
        var worst = 0.0
        for (t, value) in zip(time, v) {
            let expected = Self.bounce(t, source: source, load: load, z: 50, delay: delay, rise: rise)
            worst = max(worst, abs(value - expected))
        }
        // Reflections below the tolerance pass without their corners.
        #expect(worst < 2e-3, "\(worst)")
        // The first corners are rows of their own.
        for corner in [delay, delay + rise] {
            #expect(time.contains { abs($0 - corner) < 1e-15 }, "\(corner)")
        }
    }

    @Test("A matched line delays any wave by its delay")
    func matchedLineDelays() throws {
        let run = try simulate(
            """
            delay
            v1 s 0 sin(0 1 40meg 5n)
            rs s a 75
            t1 a 0 b 0 zo=75 td=17.3n
            rl b 0 75
            .tran 0.2n 100n
            .print tran v(b)
            .end
            """)
        var worst = 0.0
        for (t, v) in zip(run["time"], run["v(b)"]) {
            let since = t - 5e-9 - 17.3e-9
            let expected = since > 0 ? 0.5 * sin(2 * Double.pi * 40e6 * since) : 0
            worst = max(worst, abs(v - expected))
        }
        #expect(worst < 1e-4, "\(worst)")
    }

    @Test("A length in waves at a frequency is a delay")
    func lengthInWaves() throws {
        func far(_ length: String) throws -> [Double] {
            try simulate(
                """
                length
                v1 s 0 pulse(0 1 0 1n 1n 5n)
                rs s a 20
                t1 a 0 b 0 z0=50 \(length)
                rl b 0 100
                .tran 1n 30n
                .print tran v(b)
                .end
                """)["v(b)"]
        }
        #expect(try far("td=2.5n") == far("f=100meg"))
        #expect(try far("td=5n") == far("f=100meg nl=0.5"))
    }

    @Test("In direct current a line without losses is a wire")
    func directCurrent() throws {
        let run = try simulate(
            """
            wire
            v1 s 0 6
            rs s a 100
            t1 a 0 b 0 z0=50 td=1n
            rl b 0 200
            .op
            .print op v(a) v(b) i(t1) @t1[i2]
            .end
            """)
        #expect(abs(run["v(a)"][0] - 4) < 1e-9)
        #expect(abs(run["v(b)"][0] - 4) < 1e-9)
        #expect(abs(run["i(t1)"][0] - 0.02) < 1e-12)
        #expect(abs(run["@t1[i2]"][0] + 0.02) < 1e-12)
    }

    @Test("A port's common voltage does not act: a line turns a pulse over")
    func portsFloat() throws {
        let run = try simulate(
            """
            inverter
            v1 s 0 pulse(0 1 1n 1n 1n 5n)
            rs s a 50
            t1 a 0 0 b z0=50 td=3n
            rl b 0 50
            .tran 0.5n 20n
            .print tran v(b)
            .end
            """)
        #expect(abs(interpolate(run["time"], run["v(b)"], at: 7e-9) + 0.5) < 1e-6)
    }

    @Test("A quarter wave turns a load into z0²/load, a half wave leaves it alone")
    func quarterWave() throws {
        let run = try simulate(
            """
            quarter
            v1 s 0 ac 1
            t1 s 0 b 0 z0=50 f=100meg nl=0.25
            rl b 0 200
            .ac lin 2 100meg 200meg
            .print ac i(v1)
            .end
            """)
        let re = run["re(i(v1))"]
        let im = run["im(i(v1))"]
        #expect(abs(re[0] + 200 / 2500.0) < 1e-12)
        #expect(abs(re[1] + 1 / 200.0) < 1e-12)
        #expect(abs(im[0]) < 1e-12 && abs(im[1]) < 1e-12)
    }

    @Test("A line much shorter than the steps acts like its inductance and capacitance, without a thousand steps")
    func shortLine() throws {
        let run = try simulate(
            """
            short
            v1 s 0 sin(0 1 1k)
            rs s a 50
            t1 a 0 b 0 z0=50 td=1p
            rl b 0 50
            .tran 10u 2m
            .print tran v(b)
            .end
            """)
        #expect(run["time"].count < 1000)
        var worst = 0.0
        for (t, v) in zip(run["time"], run["v(b)"]) { worst = max(worst, abs(v - 0.5 * sin(2e3 * Double.pi * t))) }
        #expect(worst < 1e-5, "\(worst)")
    }

    @Test("A charged line held by ic= discharges in one round trip into its own impedance")
    func initialConditions() throws {
        let run = try simulate(
            """
            charged
            rs a 0 50
            t1 a 0 b 0 z0=50 td=2n ic=1,0,1,0
            rl b 0 1g
            .tran 0.1n 10n uic
            .print tran v(a) v(b)
            .end
            """)
        #expect(abs(interpolate(run["time"], run["v(a)"], at: 3e-9) - 0.5) < 1e-6)
        #expect(abs(interpolate(run["time"], run["v(b)"], at: 1.9e-9) - 1) < 1e-6)
        #expect(abs(interpolate(run["time"], run["v(b)"], at: 2.5e-9)) < 1e-6)
        #expect(abs(interpolate(run["time"], run["v(a)"], at: 4.5e-9)) < 1e-6)
    }

    @Test("m lines in parallel are one of 1/m the impedance")
    func parallelLines() throws {
        func far(_ lines: String) throws -> [Double] {
            try simulate(
                """
                parallel
                v1 s 0 pulse(0 1 0 1n 1n 5n)
                rs s a 20
                \(lines)
                rl b 0 100
                .subckt line p q
                t1 p 0 q 0 z0=100 td=1n
                .ends
                .tran 1n 20n
                .print tran v(b)
                .end
                """)["v(b)"]
        }
        #expect(try far("x1 a b line m=2") == far("t1 a 0 b 0 z0=50 td=1n"))
    }

    // MARK: - With losses

    @Test("The impulse responses' double integrals agree with those that have closed forms")
    func closedForms() {
        let beta = 0.7e9
        let delay = 1.3e-9
        let line = LineResponse(.travelling(alpha: beta, beta: beta, delay: delay))
        line.reach(400e-9)
        let diffusing = LineResponse(.diffusing(a: 3e-5, leakage: 0))
        diffusing.reach(400e-9)
        let leaking = LineResponse(.diffusing(a: 3e-5, leakage: 1e-3))
        leaking.reach(400e-9)
        var place = LineResponse.Place()
        for t in stride(from: 300e-9, to: 1e-9, by: -0.37e-9) {
            // K of Y: t e^(−βt) (I₀ + I₁) − t.
            let x = beta * t
            let closed =
                t * (BesselFunctions.scaledI0(x) + x * BesselFunctions.scaledI1OverArgument(x)) - t
            #expect(abs(line.admittance(t, &place) - closed) < 1e-8 * t)
            let a = 3e-5
            let root = a / (2 * t.squareRoot())
            let passed =
                (t + a * a / 2) * erfc(root) - a * (t / Double.pi).squareRoot() * exp(-root * root)
            let product = 2 * a * (t / Double.pi).squareRoot() * exp(-root * root) - a * a * erfc(root)
            let found = diffusing.propagation(t, &place)
            #expect(abs(found.passed - passed) < 1e-8 * t)
            #expect(abs(found.product - product) < 1e-8 * t)
            // A vanishing leakage changes nothing.
            #expect(abs(leaking.admittance(t, &place) - diffusing.admittance(t, &place)) < 1e-8 * t)
        }
    }

    @Test("Scaled Bessel functions: known values, and both branches at their border")
    func besselFunctions() {
        // e^(−x) I₀ and e^(−x) I₁ at 1 and 5: Abramowitz and Stegun, table 9.8, to more digits.
        #expect(abs(BesselFunctions.scaledI0(1) - 0.46575_96075_93640) < 1e-14)
        #expect(abs(BesselFunctions.scaledI1OverArgument(1) - 0.20791_04153_49708) < 1e-14)
        #expect(abs(BesselFunctions.scaledI0(5) - 0.18354_08126_09328) < 1e-14)
        #expect(abs(BesselFunctions.scaledI1OverArgument(5) * 5 - 0.16397_22669_44542) < 1e-14)
        let below = BesselFunctions.scaledI0(30 * (1 - 1e-14))
        #expect(abs(below / BesselFunctions.scaledI0(30) - 1) < 1e-13)
    }

    @Test("An edge into an open RC line follows the diffusion equation")
    func diffusion() throws {
        let run = try simulate(
            """
            diffusion
            v1 s 0 pwl(0 0 1f 1)
            o1 s 0 b 0 wire
            rl b 0 1g
            .model wire ltra r=1k c=1p len=1
            .tran 0.02n 4n
            .print tran v(b)
            .end
            """)
        var worst = 0.0
        for (t, v) in zip(run["time"], run["v(b)"]) where t > 1e-14 {
            // Σ 2 (−1)ᵏ erfc((2k + 1)/2 √(RC/t)); J. Crank, The Mathematics of Diffusion, 1975, 2.67.
            var expected = 0.0
            for k in 0..<40 {
                expected += (k % 2 == 0 ? 2 : -2) * erfc((Double(k) + 0.5) * (1e-9 / t).squareRoot())
            }
            worst = max(worst, abs(v - expected))
        }
        #expect(worst < 1e-3, "\(worst)")
    }

    @Test("A line with R/L = G/C hands on every wave in its own shape")
    func distortionless() throws {
        let run = try simulate(
            """
            heaviside
            v1 s 0 pulse(0 1 1n 0.2n 0.5n 3n 8n)
            r1 s a 50
            o1 a 0 b 0 line
            rl b 0 50
            .model line ltra r=20 l=50n g=8m c=20p len=1
            .tran 0.1n 30n
            .print tran v(s) v(b)
            .end
            """)
        let shrunk = exp(-20.0 / 50.0) / 2
        var worst = 0.0
        for (t, v) in zip(run["time"], run["v(b)"]) {
            let sent = t > 1e-9 ? interpolate(run["time"], run["v(s)"], at: t - 1e-9) : 0
            worst = max(worst, abs(v - shrunk * sent))
        }
        #expect(worst < 1e-4, "\(worst)")
    }

    @Test("The front of an edge on an RLC line is exp(−RT/2L) of what was sent; in the end resistances divide")
    func front() throws {
        let run = try simulate(
            """
            front
            v1 s 0 pwl(0 0 1f 1)
            o1 s 0 b 0 line
            rl b 0 50
            .model line ltra r=40 l=50n c=20p len=1
            .tran 1n 100n
            .print tran v(b)
            .end
            """)
        #expect(abs(interpolate(run["time"], run["v(b)"], at: 1e-9 + 2e-15) - exp(-0.4)) < 1e-4)
        #expect(abs((run["v(b)"].last ?? 0) - 50.0 / 90) < 1e-5)
        #expect(run["v(b)"].first == 0)
    }

    @Test(
        "In the steady state of a sine the transient agrees with small signals, for every kind of line",
        arguments: [
            "r=30 l=250n c=100p", "r=30 l=250n g=1m c=100p", "r=200 c=20p", "r=200 g=2m c=20p", "l=250n c=100p",
            "r=300 l=250n c=100p", "r=5 l=250n g=20m c=100p", "r=10 g=1m",
        ])
    func steadyState(parts: String) throws {
        let text = """
            steady
            v1 s 0 ac 1 sin(0 1 100meg)
            r1 s a 25
            o1 a 0 b 0 line
            rl b 0 100
            cl b 0 10p
            .model line ltra \(parts) len=1
            """
        let small = try simulate(text + "\n.ac lin 1 100meg 100meg\n.print ac v(b) v(a)\n.end")
        let run = try simulate(text + "\n.tran 0.2n 60n\n.print tran v(b) v(a)\n.end")
        for node in ["a", "b"] {
            let re = small["re(v(\(node)))"][0]
            let im = small["im(v(\(node)))"][0]
            var worst = 0.0
            for (t, v) in zip(run["time"], run["v(\(node))"]) where t > 50e-9 {
                let angle = 2e8 * Double.pi * t
                worst = max(worst, abs(v - (re * sin(angle) + im * cos(angle))))
            }
            #expect(worst < 3e-3, "\(parts), \(node): \(worst)")
        }
    }

    @Test("In direct current a leaking line divides by hyperbolic functions")
    func leakingLine() throws {
        let run = try simulate(
            """
            leak
            v1 a 0 1
            o1 a 0 b 0 line
            rl b 0 1k
            .model line ltra r=100 g=5m c=1p len=2
            .op
            .print op v(b) i(v1)
            .end
            """)
        let z = (100.0 / 5e-3).squareRoot()
        let theta = 2 * (100 * 5e-3).squareRoot()
        let expected = 1 / (cosh(theta) + z / 1000 * sinh(theta))
        #expect(abs(run["v(b)"][0] - expected) < 1e-9)
        #expect(abs(run["i(v1)"][0] + expected * (cosh(theta) / 1000 + sinh(theta) / z)) < 1e-12)
    }

    @Test("A line of no length is a wire")
    func noLength() throws {
        for parts in ["r=10 c=1p", "r=10 l=1n c=1p", "r=10 g=1"] {
            let run = try simulate(
                """
                nothing
                v1 a 0 pulse(0 1 1n 1n 1n 5n)
                o1 a 0 b 0 line
                rl b 0 1k
                .model line ltra \(parts) len=0
                .tran 1n 10n
                .print tran v(a) v(b)
                .end
                """)
            for (a, b) in zip(run["v(a)"], run["v(b)"]) { #expect(abs(a - b) < 1e-9) }
        }
    }

    @Test("What goes into a line and does not come out of it stays in its resistance: power is balanced over a period")
    func passivity() throws {
        let run = try simulate(
            """
            passive
            v1 s 0 pulse(0 1 0 1n 1n 9n 20n)
            r1 s a 20
            o1 a 0 b 0 line
            rl b 0 400
            .model line ltra r=30 l=250n c=100p len=1
            .tran 0.5n 60n
            .print tran @o1[p]
            .end
            """)
        var energy = 0.0
        let p = run["@o1[p]"]
        let time = run["time"]
        var least = 0.0
        for k in 1..<time.count {
            energy += 0.5 * (p[k] + p[k - 1]) * (time[k] - time[k - 1])
            least = min(least, energy)
        }
        #expect(energy > 0)
        #expect(least > -1e-15, "\(least)")
    }

    // MARK: - Distributed RC lines

    @Test("The lumps of a distributed line have its resistance and its capacitance in all")
    func lumps() throws {
        let run = try simulate(
            """
            lumps
            v1 a 0 1 ac 1
            u1 a b 0 line l=1m n=7
            rl b 0 1k
            .model line urc rperl=1meg cperl=1n k=1.7
            .op
            .print op v(b)
            .end
            """)
        #expect(abs(run["v(b)"][0] - 0.5) < 1e-9)
        let low = try simulate(
            """
            capacitance
            v1 a 0 ac 1
            u1 a b 0 line l=1m
            rl b 0 1t
            .model line urc rperl=1meg cperl=1n
            .ac lin 1 1k 1k
            .print ac i(v1)
            .end
            """)
        #expect(abs(low["im(i(v1))"][0] / (-2e3 * Double.pi * 1e-12) - 1) < 1e-6)
    }
}
