import Glibc

/// Magnetization of a core with an air gap by the theory of D. C. Jiles and D. L. Atherton, J. Magn. Magn. Mater. 61,
/// 48 (1986), doi 10.1016/0304-8853(86)90066-1, as a function of the applied field and of what came before.
///
/// All the windings apply the field H = Σ N i/ℓ [A/m]. The gap takes γM of it, γ being the gap's part of the path ℓ, and
/// the domains' coupling adds αM:
///
///     He   = H + (α − γ) M                        effective field [A/m]
///     Man  = Ms He/(A + |He|)                     anhysteretic magnetization [A/m]
///     Man' = Ms A/(A + |He|)²
///     ΔM   = Man − M
///     Mirr' = max(δ ΔM, 0)/(K − α|ΔM|)            walls that tear loose; δ = sign dH
///
/// Reversible bending of walls (share c) and irreversible motion (share 1 − c) together give
/// dM = c Man' dHe + (1 − c) Mirr' (dH − γ dM), that is
///
///     dM/dH = (c Man' + (1 − c) Mirr')/(1 + (γ − α) c Man' + γ (1 − c) Mirr') = P(M, H, δ)
///     B     = µ0 (H + (1 − γ) M)                  flux density [T]
///
/// (Xyce Reference Guide, Nonlinear Mutual Inductor.) With δ ΔM < 0 no wall moves: K. H. Carpenter, IEEE Trans. Magn. 27,
/// 4404 (1991), doi 10.1109/20.278653; so P is never negative and a minor loop never gives energy away.
///
/// **Strong coupling.** Where αM outweighs what holds the magnetization (α c Man' > 1 + γ c Man', or α|ΔM| > K), the
/// equations have no stable state at this field: a core would jump. P is bounded there by a thousand times what the
/// bare terms say, so that the jump is a steep rise in the direction of the field instead.
struct MagneticHysteresis: BitwiseCopyable, Sendable {
    /// Ms [A/m]
    var saturation: Double
    /// A [A/m]
    var shape: Double
    /// α
    var coupling: Double
    /// K [A/m]
    var pinning: Double
    /// c
    var reversibility: Double
    /// γ: length of the gap over that of the path.
    var gapRatio: Double

    /// µ0 [H/m]: CODATA 2018's value differs in the tenth digit.
    static let vacuumPermeability = 4e-7 * Double.pi
    /// The least that a denominator is taken for, as a part of its value without coupling.
    private static let steepest = 1e-3
    /// Error of ``advance(from:field:to:)`` against the magnetization's change.
    private static let tolerance = 1e-6
    /// A field so far away that this many steps don't reach it saturates the core anyway.
    private static let maximumSteps = 4000

    /// Man [A/m] in the effective field `he` [A/m].
    @inline(__always) func anhysteretic(_ he: Double) -> Double { saturation * (he / (shape + abs(he))) }

    /// P = dM/dH.
    ///
    /// - Parameter direction: δ; 0 gives the mean of both directions.
    @inline(__always) func susceptibility(_ m: Double, _ h: Double, direction: Double) -> Double {
        let he = h + (coupling - gapRatio) * m
        let distance = shape + abs(he)
        let anhystereticSlope = saturation * (shape / distance / distance)
        let excess = anhysteretic(he) - m
        let moving = 0.5 * (excess * direction + abs(excess))
        let held = max(pinning - coupling * abs(excess), Self.steepest * pinning)
        let reversible = reversibility * anhystereticSlope
        let irreversible = (1 - reversibility) * moving / held
        let stiffness = max(1 + (gapRatio - coupling) * reversible, Self.steepest)
        return (reversible + irreversible) / (stiffness + gapRatio * irreversible)
    }

    /// Magnetization [A/m] after the field went straight from `start` to `end` [A/m], and dM/dH there.
    ///
    /// Third-order steps with an error estimate (P. Bogacki, L. F. Shampine, Appl. Math. Lett. 2, 321 (1989), doi
    /// 10.1016/0893-9659(89)90079-7). Time does not appear: the model knows no rate.
    func advance(
        from initial: Double, field start: Double, to end: Double
    ) -> (magnetization: Double, slope: Double) {
        let span = end - start
        guard span != 0, span.isFinite else { return (initial, susceptibility(initial, start, direction: 0)) }
        let direction: Double = span > 0 ? 1 : -1
        var m = initial
        var h = start
        var step = span
        var first = susceptibility(m, h, direction: direction)
        for _ in 0..<Self.maximumSteps {
            if abs(step) >= abs(end - h) * (1 - 1e-12) { step = end - h }
            let second = susceptibility(m + 0.5 * step * first, h + 0.5 * step, direction: direction)
            let third = susceptibility(m + 0.75 * step * second, h + 0.75 * step, direction: direction)
            let next = m + step * (2 * first + 3 * second + 4 * third) / 9
            let last = susceptibility(next, h + step, direction: direction)
            let error = abs(step * (-5 * first + 6 * second + 8 * third - 9 * last) / 72)
            let allowed = Self.tolerance * abs(next - initial) + 1e-14 * saturation
            let isLast = step == end - h
            let factor = error > 0 ? min(max(0.9 * cbrt(allowed / error), 0.1), 5) : 5
            if error <= allowed {
                m = next
                h += step
                first = last
                if isLast { break }
            }
            step *= error <= allowed ? factor : min(factor, 0.5)
        }
        return (m, first)
    }

    /// B [T] at the applied field `h` and the magnetization `m` [A/m].
    @inline(__always) func fluxDensity(_ h: Double, _ m: Double) -> Double {
        Self.vacuumPermeability * (h + (1 - gapRatio) * m)
    }
}
