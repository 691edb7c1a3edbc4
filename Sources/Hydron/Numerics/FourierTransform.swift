import ComplexModule
import Glibc

/// Fourier coefficients of sampled curves.
enum FourierTransform {
    /// The n-th coefficient of a curve's straight lines over [start, stop]: (2/T) ∫ y e^(−jω(t−start)) dt with
    /// ω = 2πn/T and T = stop − start; for n = 0 the mean. Each segment is integrated in closed form, so no sampling
    /// folds higher harmonics back.
    static func coefficient(
        _ n: Int, times: [Double], values: [Double], start: Double, stop: Double
    ) -> Complex<Double> {
        let omega = 2 * Double.pi * Double(n) / (stop - start)
        var sum = Complex<Double>.zero
        for row in times.indices.dropFirst() {
            let (low, high) = (max(times[row - 1], start), min(times[row], stop))
            guard high > low else { continue }
            let slope = (values[row] - values[row - 1]) / (times[row] - times[row - 1])
            let middle = 0.5 * (low + high)
            let level = values[row - 1] + slope * (middle - times[row - 1])
            // ∫ (level + slope τ) e^(−jωτ) dτ over ±h, θ = ωh: 2h·level·sin θ/θ − 2j·slope·h²·(sin θ − θ cos θ)/θ².
            let h = 0.5 * (high - low)
            let theta = omega * h
            let even = theta < 1e-4 ? 1 - theta * theta / 6 : sin(theta) / theta
            let odd =
                theta < 1e-2
                ? theta / 3 * (1 - theta * theta / 10) : (sin(theta) - theta * cos(theta)) / (theta * theta)
            sum +=
                Complex(2 * h * level * even, -2 * slope * h * h * odd)
                * Complex(length: 1, phase: -omega * (middle - start))
        }
        return sum / Complex((n == 0 ? 1 : 0.5) * (stop - start))
    }

    /// Σ x[m] e^(−2πjkm/N) in place of x[k], N a power of two. J. W. Cooley, J. W. Tukey, Math. Comput. 19, 297 (1965),
    /// doi 10.1090/S0025-5718-1965-0178586-1.
    static func transform(_ x: inout [Complex<Double>]) {
        let count = x.count
        guard count > 1, count & (count - 1) == 0 else { return }
        var reversed = 0
        for index in 1..<count {
            var bit = count >> 1
            while reversed & bit != 0 {
                reversed ^= bit
                bit >>= 1
            }
            reversed |= bit
            if index < reversed { x.swapAt(index, reversed) }
        }
        var length = 2
        while length <= count {
            let half = length / 2
            for place in 0..<half {
                let turn = Complex<Double>(length: 1, phase: -2 * Double.pi * Double(place) / Double(length))
                for start in stride(from: place, to: count, by: length) {
                    let (even, odd) = (x[start], x[start + half] * turn)
                    x[start] = even + odd
                    x[start + half] = even - odd
                }
            }
            length *= 2
        }
    }
}

/// Weights that fade samples in and out, so that what is not periodic in the window leaks less. F. J. Harris, Proc. IEEE
/// 66, 51 (1978), doi 10.1109/PROC.1978.10837.
enum SpectralWindow: String, Sendable, CaseIterable {
    case rectangular = "rect"
    case bartlett = "bart"
    case hann
    case hamming = "hamm"
    case blackman = "black"
    /// Blackman–Harris of four terms.
    case harris
    case gauss
    case kaiser

    init?(word: String) {
        let synonyms = [
            "rectangular": "rect", "bartlett": "bart", "hanning": "hann", "hamming": "hamm", "blackman": "black",
            "blackmanharris": "harris", "gaussian": "gauss",
        ]
        self.init(rawValue: synonyms[word] ?? word)
    }

    /// Bins beside a line that its energy spreads to.
    var halfWidth: Int {
        switch self {
        case .rectangular: 0
        case .bartlett, .hann, .hamming: 1
        case .blackman: 2
        case .harris, .gauss, .kaiser: 3
        }
    }

    /// - Parameter alpha: shape of `gauss` and `kaiser`.
    func weight(_ index: Int, of count: Int, alpha: Double) -> Double {
        let x = Double(index) / Double(count)
        func cosines(_ a: Double...) -> Double {
            var sum = 0.0
            for (order, factor) in a.enumerated() { sum += factor * cos(2 * Double.pi * Double(order) * x) }
            return sum
        }
        switch self {
        case .rectangular: return 1
        case .bartlett: return 1 - abs(2 * x - 1)
        case .hann: return cosines(0.5, -0.5)
        case .hamming: return cosines(0.54, -0.46)
        case .blackman: return cosines(0.42, -0.5, 0.08)
        case .harris: return cosines(0.35875, -0.48829, 0.14128, -0.01168)
        case .gauss: return exp(-0.5 * alpha * alpha * (2 * x - 1) * (2 * x - 1))
        case .kaiser:
            return Self.bessel(.pi * alpha * max(0, 1 - (2 * x - 1) * (2 * x - 1)).squareRoot())
                / Self.bessel(.pi * alpha)
        }
    }

    /// The modified Bessel function of order 0, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var (sum, term, k) = (1.0, 1.0, 1.0)
        while term > 1e-17 * sum, k < 500 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}
