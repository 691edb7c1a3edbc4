import ComplexModule
import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

/// `.pz` against closed forms of ladders and filters.
@Suite struct PoleZeroTests {
    private func roots(_ text: String) throws -> (poles: [Complex<Double>], zeros: [Complex<Double>]) {
        let table = try #require(try simulate(text).table(.poleZero))
        var found: (poles: [Complex<Double>], zeros: [Complex<Double>]) = ([], [])
        for (row, kind) in (table["zero"] ?? []).enumerated() {
            let root = Complex(table["real"]?[row] ?? .nan, table["imaginary"]?[row] ?? .nan)
            if kind == 0 { found.poles.append(root) } else { found.zeros.append(root) }
        }
        return found
    }

    private func expect(
        _ found: [Complex<Double>], _ expected: [Complex<Double>], tolerance: Double = 1e-10,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == expected.count, "\(found)", sourceLocation: location)
        var rest = found
        for root in expected {
            guard let place = rest.indices.min(by: { (rest[$0] - root).length < (rest[$1] - root).length }) else {
                return
            }
            #expect(
                (rest[place] - root).length <= tolerance * root.length, "\(root) in \(found)", sourceLocation: location)
            rest.remove(at: place)
        }
    }

    /// s_k = −4/(RC) sin²((2k − 1)π/(4n + 2)) of n equal sections driven by a voltage.
    @Test(arguments: [1, 2, 5, 20, 60]) func anRCLadder(sections: Int) throws {
        var text = "ladder\nv1 n0 0 dc 0 ac 1\n"
        for k in 1...sections { text += "r\(k) n\(k - 1) n\(k) 1k\nc\(k) n\(k) 0 1n\n" }
        let found = try roots(text + ".pz n0 0 n\(sections) 0 vol pz\n.end")
        let expected = (1...sections).map { k -> Complex<Double> in
            let s = sin(Double(2 * k - 1) * .pi / Double(4 * sections + 2))
            return Complex(-4e6 * s * s)
        }
        expect(found.poles, expected)
        #expect(found.zeros.isEmpty)
    }

    /// A series RLC: s² + s R/L + 1/(LC).
    @Test func aSeriesResonance() throws {
        let found = try roots(
            "rlc\nr1 in a 10\nl1 a out 1m\nc1 out 0 1u\n.pz in 0 out 0 vol pz\nrx in 0 1k\n.end")
        let (a, b) = (5e3, (1e9 - 25e6).squareRoot())
        expect(found.poles, [Complex(-a, b), Complex(-a, -b)])
        #expect(found.zeros.isEmpty)
    }

    /// The same across the inductor has a double zero at 0; across the resistor one.
    @Test func zerosAtTheOrigin() throws {
        let found = try roots(
            "high-pass\nv1 in 0 0\nc1 in a 1u\nr1 a out 10\nl1 out 0 1m\n.pz in 0 out 0 vol pz\n.end")
        let (a, b) = (5e3, (1e9 - 25e6).squareRoot())
        expect(found.poles, [Complex(-a, b), Complex(-a, -b)])
        #expect(found.zeros.count == 2)
        for zero in found.zeros { #expect(zero.length < 1e-3) }
    }

    /// A twin-T has zeros at ±j/(RC).
    @Test func aNotch() throws {
        let found = try roots(
            """
            twin t
            v1 in 0 0
            r1 in a 10k
            r2 a out 10k
            c3 a 0 20n
            c1 in b 10n
            c2 b out 10n
            r3 b 0 5k
            .pz in 0 out 0 vol pz
            .end
            """)
        // (s² + ω²)(s + ω) over (s² + 4ωs + ω²)(s + ω), ω = 1e4.
        expect(
            found.poles,
            [Complex(-1e4), Complex(-1e4 * (2 - 3.0.squareRoot())), Complex(-1e4 * (2 + 3.0.squareRoot()))])
        expect(found.zeros, [Complex(-1e4), Complex(0, 1e4), Complex(0, -1e4)])
    }

    /// A Sallen-Key low-pass with gain K: s² + s ω (3 − K) + ω².
    @Test func anActiveFilter() throws {
        let found = try roots(
            """
            sallen key
            v1 in 0 0
            r1 in a 10k
            r2 a b 10k
            c1 a out 1n
            c2 b 0 1n
            e1 out 0 b 0 1.6
            .pz in 0 out 0 vol pz
            .end
            """)
        let w = 1e5
        let (re, im) = (-w * 1.4 / 2, w * (1 - 0.49).squareRoot())
        expect(found.poles, [Complex(re, im), Complex(re, -im)])
        #expect(found.zeros.isEmpty)
    }

    /// Fifteen decades between poles, each to full precision.
    @Test func polesFarApart() throws {
        let found = try roots(
            """
            far apart
            v1 in 0 0
            r1 in a 1
            c1 a 0 1
            e1 b 0 a 0 1
            r2 b c 1k
            c2 c 0 1n
            e2 d 0 c 0 1
            r3 d out 1
            c3 out 0 1f
            .pz in 0 out 0 vol pol
            .end
            """)
        expect(found.poles, [Complex(-1), Complex(-1e6), Complex(-1e15)])
    }

    /// A current into a transistor's base: β and the capacitances of the operating point.
    @Test func aTransistorStage() throws {
        let found = try roots(
            """
            stage
            vcc vcc 0 10
            ib 0 b 10u
            q1 c b 0 npn
            rc vcc c 1k
            cl c 0 1n
            .model npn npn(is=1e-15 bf=100 tf=1n)
            .options gmin=1e-15
            .pz b 0 c 0 cur pol
            .end
            """)
        // The collector's 1 MHz·2π and the base's 1/(β tf), vt/ib · gm tf.
        expect(found.poles, [Complex(-1e6), Complex(-1e7)], tolerance: 1e-3)
    }

    @Test func eigenvaluesOfRandomMatrices() throws {
        var state: UInt64 = 7
        func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return Double(state >> 11) / 4_503_599_627_370_496 - 1
        }
        for n in [1, 2, 3, 5, 8, 20, 50] {
            let matrix = (0..<n * n).map { _ in next() }
            let found = try #require(Eigenvalues.of(matrix, size: n))
            #expect(found.count == n)
            // Σλ and Σλ² are traces.
            var (trace, square) = (0.0, 0.0)
            for i in 0..<n {
                trace += matrix[i * n + i]
                for j in 0..<n { square += matrix[i * n + j] * matrix[j * n + i] }
            }
            let sum = found.reduce(Complex<Double>.zero, +)
            let squares = found.reduce(Complex<Double>.zero) { $0 + $1 * $1 }
            #expect((sum - Complex(trace)).length < 1e-11 * Double(n))
            #expect((squares - Complex(square)).length < 1e-11 * Double(n * n))
        }
    }

    @Test func anInputThatReachesNothingIsNamed() {
        #expect(throws: NetlistFailure.self) {
            try simulate("apart\nr1 a 0 1\nc1 a 0 1u\nr2 b 0 1\n.pz a 0 b 0 cur zer\n.end")
        }
    }
}
