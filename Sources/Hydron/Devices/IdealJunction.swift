import Glibc

/// The current of a junction without resistance or breakdown, as transistors have several:
///
///     i = is (e^(v/vt) − 1)            v ≥ −3 vt
///     i = −is (1 + (3 vt/(e v))³)      else
///
/// As in SPICE3, the cubic goes on where the exponential would leave no slope.
enum IdealJunction {
    /// - Parameters:
    ///   - saturation: is [A]
    ///   - thermal: emission coefficient times k T/q [V]
    @inline(__always)
    static func current<R: DifferentiableReal>(_ v: R, saturation: Double, thermal: Double) -> R {
        guard v.value >= -3 * thermal else {
            let ratio = (3 * thermal / 2.718281828459045) / v
            return (ratio * ratio * ratio + 1) * -saturation
        }
        // Beyond any voltage that a solution has the exponential goes on as a line.
        guard v.value < 100 * thermal else { return ((v / thermal - 99) * Glibc.exp(100.0) - 1) * saturation }
        return (exp(v / thermal) - 1) * saturation
    }
}
