import Glibc

/// Charge of a gate over a channel of GaAs, which its voltages against source and drain share:
///
///     v₁ = (vgs + vgd + w)/2 + γ vds,  v₂ = v₁ − w,  w = √(vds² + vc²)
///     u  = v₁ + (√(n² + 0.04) − n)/2,  n = (1 − xc) (v₁ − vto)
///     Q  = 2 cgs pb (1 − √(1 − u/pb)) + cgd v₂,   beyond u = vmax as a line, or a parabola
///
/// With γ and xc of 0 this is the charge of H. Statz et al., IEEE Trans. Electron Devices 34, 160 (1987); with them that
/// of A. E. Parker, D. J. Skellern. The electrode with the lower voltage has (1 + vds/w)/2 of the first term and the
/// rest of the second, the other one what is left: both are functions of the voltages, and no charge is made or lost.
struct GateCharge: BitwiseCopyable, Sendable {
    /// cgs and cgd [F]
    var source: Double
    var drain: Double
    /// pb, vto, vmax, vc [V]
    var potential: Double
    var threshold: Double
    var highest: Double
    var width: Double
    /// γ and xc
    var feedback = 0.0
    var reduction = 0.0
    /// Beyond vmax the capacitance goes on growing.
    var grows = false

    /// Charge of the gate over source and drain [C].
    @inline(__always) func callAsFunction<R: DifferentiableReal>(_ vgs: R, _ vgd: R) -> (source: R, drain: R) {
        let vds = vgs - vgd
        let w = sqrt(vds * vds + width * width)
        let first: R = (vgs + vgd + w) * 0.5 + vds * feedback
        let n = (first - threshold) * (1 - reduction)
        let u: R = first + (sqrt(n * n + 0.04) - n) * 0.5
        var depleted: R
        if u.value < highest {
            depleted = (1 - sqrt(1 - u / potential)) * (2 * potential)
        } else {
            let root = (1 - highest / potential).squareRoot()
            let over = u - highest
            var beyond = over / root
            if grows { beyond = beyond * (over * (0.25 / (potential - highest)) + 1) }
            depleted = beyond + 2 * potential * (1 - root)
        }
        // Both are counted from the threshold, so that their shares move little charge where the channel is gone.
        let edge = 2 * potential * (1 - max(1 - threshold / potential, 0).squareRoot())
        let high = (depleted - edge) * source
        let low = (first - w - threshold) * drain
        let share: R = (vds / w + 1) * 0.5
        return (high * share + low * (1 - share), high * (1 - share) + low * share)
    }
}
