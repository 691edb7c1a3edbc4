import ComplexModule
import Foundation
import HydronTestSupport
import Testing

@testable import Hydron

/// `.four` and `.fft` against closed forms.
@Suite struct FourierTests {
    /// A square wave's odd harmonics are 4/(πn), whatever the places of the rows.
    @Test func aSquareWaveHasItsSeries() throws {
        let result = try simulate(
            """
            square
            v1 a 0 pulse(-1 1 0 1p 1p 0.5m 1m)
            r1 a 0 1
            .tran 10u 3m
            .four 1k v(a) {2*v(a)}
            .end
            """)
        let table = try #require(result.table(.fourier))
        #expect(table["frequency"]?.count == 10)
        for n in 0...9 {
            let expected = n % 2 == 1 ? 4 / (Double.pi * Double(n)) : 0
            #expect(abs((table["mag(v(a))"]?[n] ?? .nan) - expected) < 1e-6)
            #expect(abs((table["mag({2*v(a)})"]?[n] ?? .nan) - 2 * expected) < 2e-6)
            if n % 2 == 1 { #expect(abs(table["phase(v(a))"]?[n] ?? .nan) < 1e-3) }
        }
        let distortion = try #require(result.report.analyses.last?.values.first { $0.name == "thd" }?.value)
        // Harmonics 3, 5, 7 and 9.
        let expected = [3.0, 5, 7, 9].reduce(0) { $0 + 1 / ($1 * $1) }.squareRoot()
        #expect(abs(distortion - expected) < 1e-6)
    }

    /// Phases count from a sine at the start of the window, and more periods change nothing.
    @Test(arguments: ["", "5 2"]) func amplitudesAndPhasesOfSines(counts: String) throws {
        let result = try simulate(
            """
            sines
            v1 a 0 dc 0 sin(0.5 2 1k 0 0 30)
            v2 b a sin(0 0.1 3k)
            r1 b 0 1k
            .tran 1u 4m 0 1u
            .four 1k \(counts) v(b)
            .end
            """)
        let table = try #require(result.table(.fourier))
        let (magnitudes, phases) = (table["mag(v(b))"] ?? [], table["phase(v(b))"] ?? [])
        #expect(magnitudes.count == (counts.isEmpty ? 10 : 6))
        #expect(abs(magnitudes[0] - 0.5) < 1e-5)
        #expect(abs(magnitudes[1] - 2) < 2e-5 && abs(phases[1] - 30) < 1e-3)
        #expect(abs(magnitudes[3] - 0.1) < 1e-5 && abs(phases[3]) < 1e-2)
        #expect(magnitudes[2] < 1e-5)
    }

    @Test func theTransformAgreesWithItsDefinition() {
        var generator = SystemRandomNumberGenerator()
        let samples = (0..<64).map { _ in
            Complex(Double.random(in: -1...1, using: &generator), Double.random(in: -1...1, using: &generator))
        }
        var transformed = samples
        FourierTransform.transform(&transformed)
        for k in 0..<64 {
            var sum = Complex<Double>.zero
            for m in 0..<64 { sum += samples[m] * Complex(length: 1, phase: -2 * .pi * Double(k * m) / 64) }
            #expect((sum - transformed[k]).length < 1e-12)
        }
    }

    /// Every window shows a line's amplitude, and dies out beside it.
    @Test(arguments: SpectralWindow.allCases) func windowsKeepAmplitudes(window: SpectralWindow) throws {
        let result = try simulate(
            """
            lines
            b1 a 0 v={0.25 + sin(2*pi*16k*time) + 0.01*sin(2*pi*48k*time)}
            r1 a 0 1k
            .tran 0.1u 1m 0 0.1u
            .fft v(a) np=1024 window=\(window.rawValue) format=unorm
            .end
            """)
        let table = try #require(result.table(.spectrum))
        let magnitudes = table["mag(v(a))"] ?? []
        #expect(magnitudes.count == 513)
        #expect(abs((table["frequency"]?[16] ?? 0) - 16e3) < 1e-6)
        #expect(abs(magnitudes[16] - 1) < 2e-4)
        #expect(abs(magnitudes[48] - 0.01) < 2e-4)
        #expect(magnitudes[80..<513].max() ?? 1 < 2e-3)
        let values = Dictionary(
            uniqueKeysWithValues: (result.report.analyses.last?.values ?? []).map { ($0.name, $0.value) })
        let expected = window == .bartlett ? Self.distortionBehindATriangle : 0.01
        #expect(abs((values["thd"] ?? 0) - expected) < 3e-4)
        if window == .bartlett { #expect(abs((values["thd"] ?? 0) - expected) < 1e-5) }
    }

    /// What the distortion of these lines comes to behind a triangle. Its side lobes, sinc²(πk/2) at a distance of k bins,
    /// fall off so slowly that those of the line itself show in the bins beside the harmonics.
    private static let distortionBehindATriangle: Double = {
        func lobe(_ k: Int) -> Double {
            let x = Double.pi * Double(k) / 2
            return k == 0 ? 1 : (sin(x) / x) * (sin(x) / x)
        }
        /// Sines at bins 16 and 48 with their mirror images; the mean stands at right angles to them.
        func power(_ bin: Int) -> Double {
            let sines = lobe(bin - 16) - lobe(bin + 16) + 0.01 * (lobe(bin - 48) - lobe(bin + 48))
            return sines * sines + 0.25 * lobe(bin) * lobe(bin)
        }
        let signal = (15...17).reduce(0.0) { $0 + power($1) }
        let harmonics = stride(from: 32, through: 512, by: 16).reduce(0.0) { sum, center in
            sum + (center - 1...min(center + 1, 512)).reduce(0.0) { $0 + power($1) }
        }
        return (harmonics / signal).squareRoot()
    }()

    @Test func figuresOfMeritOfAKnownSpectrum() {
        var lines = [Double](repeating: 1e-5, count: 513)
        lines[10] = 1
        lines[20] = 0.01
        lines[100] = 0.002
        let quality = SpectralQuality(lines, fundamental: nil, 0)
        #expect(quality.fundamental == 10)
        let noise = 0.002 * 0.002
        let harmonics = (2...51).reduce(0.0) { $0 + lines[10 * $1] * lines[10 * $1] } - noise
        #expect(abs(quality.distortion - (harmonics + noise).squareRoot()) < 1e-9)
        #expect(abs(quality.spuriousFreeRange - 100) < 1e-9)
        #expect(quality.signalToNoise > quality.signalToNoiseAndDistortion)
    }

    @Test func silenceHasNoDistortion() throws {
        let result = try simulate("silence\nv1 a 0 0\nr1 a 0 1\n.tran 1u 1m\n.four 1k v(a)\n.fft v(a)\n.end")
        #expect(result.table(.fourier)?["norm(v(a))"] == [Double](repeating: 0, count: 10))
        #expect(result.table(.spectrum)?["mag(v(a))"]?.allSatisfy { $0 == 0 } == true)
        #expect(result.report.analyses.allSatisfy { $0.values.isEmpty })
    }

    @Test func aTransientThatIsTooShortIsNamed() {
        #expect(throws: NetlistFailure.self) {
            try simulate("short\nv1 a 0 sin(0 1 1k)\nr1 a 0 1\n.tran 1u 0.5m\n.four 1k v(a)\n.end")
        }
    }
}
