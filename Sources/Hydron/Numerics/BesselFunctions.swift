import Glibc

/// Modified Bessel functions of the first kind, each times e^(−|x|) so that no argument overflows.
///
/// Below 30 the power series, whose terms are all positive; above it the asymptotic series, cut at its smallest term,
/// which lies under the rounding there (M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964, 9.6.10 and
/// 9.7.1). Both are good to a few units in the last place.
enum BesselFunctions {
    private static let border = 30.0

    /// e^(−x) I₀(x), x ≥ 0.
    static func scaledI0(_ x: Double) -> Double {
        x < border ? Glibc.exp(-x) * series(x, order: 0) : asymptotic(x, order: 0)
    }

    /// e^(−x) I₁(x)/x, x ≥ 0: 1/2 at x = 0.
    static func scaledI1OverArgument(_ x: Double) -> Double {
        x < border ? Glibc.exp(-x) * series(x, order: 1) / 2 : asymptotic(x, order: 1) / x
    }

    /// Σ (x²/4)^k/(k! (k + order)!), order 0 or 1.
    private static func series(_ x: Double, order: Double) -> Double {
        let quarter = x * x / 4
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while term > 1e-18 * sum {
            term *= quarter / (k * (k + order))
            sum += term
            k += 1
        }
        return sum
    }

    /// (2πx)^(−1/2) (1 − (μ−1)/(8x) + (μ−1)(μ−9)/(2!(8x)²) − …), μ = 4·order².
    private static func asymptotic(_ x: Double, order: Double) -> Double {
        let mu = 4 * order * order
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while k < 40 {
            let odd = 2 * k - 1
            let next = -term * (mu - odd * odd) / (k * 8 * x)
            guard abs(next) < abs(term), abs(next) > 1e-18 else { break }
            term = next
            sum += term
            k += 1
        }
        return sum / (2 * Double.pi * x).squareRoot()
    }
}
