import Glibc

/// Channel of SPICE's level 2: the analytical model with the bulk's charge along the channel, after Grove and Frohman.
///
///     s = √(φ − vbs), d = √(φ − vbs + vds), both with γ of the short channel and η, vbin of the narrow one
///     id = β µ/(1 − Δ) ((vgs − vbin − η v/2) v − ⅔ γ ((φ − vbs + v)^(3/2) − s³)),   v = min(vds, vdsat)
///     γ  = γ₀ (1 − xj/(2 L) (√(1 + 2 xd s/xj) + √(1 + 2 xd d/xj) − 2))
///     η  = 1 + δ π ε/(4 Cox W),  vbin = vbi + (η − 1) (φ − vbs),  vth = vbin + γ s
///     µ  = (ucrit ε/(Cox (vgs − von)))^uexp, at most 1
///
/// The channel ends where it pinches off, or, with vmax, where its carriers reach that velocity (G. Baum, H. Beneking,
/// IEEE Trans. Electron Devices 17, 481 (1970)). Δ is λ vds, or of the length that the drain's field takes. With nfs
/// the current below von = vth + n vt goes on as e^((vgs − von)/(n vt)).
///
/// A. S. Grove, D. Frohman-Bentchkowsky, IEEE Trans. Electron Devices 16, 108 (1969); A. Vladimirescu, S. Liu, The
/// Simulation of MOS Integrated Circuits Using SPICE2, UCB/ERL M80/7, 1980.
struct GroveFrohmanChannel: BitwiseCopyable, Sendable {
    typealias Slopes = Mosfet.Slopes

    /// β [A/V²]
    var beta = 0.0
    /// Without the narrow channel's part [V].
    var builtIn = 0.0
    /// γ₀ [√V], φ and k T/q [V]
    var bodyEffect = 0.0
    var surfacePotential = 1.0
    var thermal = 1.0
    /// L [m]
    var length = 1.0
    /// η − 1
    var narrow = 0.0
    /// xd = √(2 ε/(q N)) [m/√V]; 0 where no doping is given.
    var depletion = 0.0
    /// xj [m]
    var junctionDepth = 0.0
    /// q nfs/Cox; 0 for no weak inversion.
    var surfaceStates = 0.0
    /// ucrit ε/Cox [V] and uexp
    var criticalVoltage = 0.0
    var criticalExponent = 0.0
    /// L vmax/µ₀ [V]; 0 where velocity never saturates.
    var velocityVoltage = 0.0
    /// neff
    var effectiveCharge = 1.0
    /// λ [1/V]; 0 where it follows from the doping.
    var lengthModulation = 0.0
    /// Shortest channel [m].
    var shortest = 0.25e-6

    /// √(φ − v), in forward bias √φ/(1 + v/(2 φ)), and its derivative by v.
    private func root(_ v: Slopes) -> (value: Slopes, slope: Slopes) {
        let phi = surfacePotential
        guard v.value > 0 else {
            let value = sqrt(phi - v)
            return (value, -0.5 / value)
        }
        let value = phi.squareRoot() / (v * (0.5 / phi) + 1)
        return (value, value * value * (-0.5 / (phi * phi.squareRoot())))
    }

    /// - Parameters: voltages against the source, vds ≥ 0 [V].
    func callAsFunction(_ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes) -> Mosfet.Channel {
        let s = root(vbs)
        let d = root(vbs - vds)
        let potential = surfacePotential - vbs
        let eta = 1 + narrow
        let vbin = potential * narrow + builtIn

        // The junctions carry a part of the bulk's charge.
        var gamma = Slopes(constant: bodyEffect)
        var gammaSlope = Slopes(constant: 0)
        if junctionDepth > 0, depletion > 0, bodyEffect > 0 {
            let bend = 2 * depletion / junctionDepth
            let (a, b) = (sqrt(s.value * bend + 1), sqrt(d.value * bend + 1))
            gamma = (1 - (a + b - 2) * (0.5 * junctionDepth / length)) * bodyEffect
            gammaSlope = (s.slope / a + d.slope / b) * (-0.5 * depletion / length * bodyEffect)
        }
        let vth = vbin + gamma * s.value
        var on = vth
        var swing = Slopes(constant: thermal)
        if surfaceStates != 0 {
            swing = (1 + surfaceStates + narrow - (gamma * s.slope + gammaSlope * s.value)) * thermal
            on = vth + swing
        } else if vgs.value <= vth.value {
            return .closed(vth)
        }
        let drive = surfaceStates != 0 && vgs.value < on.value ? on : vgs

        var mobility = Slopes(constant: 1)
        let over = vgs - on
        if criticalExponent != 0, criticalVoltage > 0, over.value > criticalVoltage {
            mobility = pow(criticalVoltage / over, criticalExponent)
        }
        let reach = (drive - vbin) / eta
        var saturation = pinchOff(reach, potential, gamma / eta)
        if velocityVoltage > 0, saturation.value > 0 {
            saturation = velocitySaturation(
                reach, potential, s.value, gamma / eta, velocityVoltage / mobility, saturation)
        }
        guard saturation.value > 0 else {
            return .closed(vth)
        }

        let isSaturated = vds.value > saturation.value
        let span = isSaturated ? saturation : vds
        let end = isSaturated ? root(vbs - saturation).value : d.value
        let bulk = end * end * end - s.value * s.value * s.value
        var current = mobility * ((drive - vbin - span * (0.5 * eta)) * span - gamma * bulk * (2.0 / 3)) * beta
        current = current / (1 - shortening(vds, saturation, mobility))
        if surfaceStates != 0, vgs.value < on.value { current = current * exp(over / swing) }
        return Mosfet.Channel(current: current, threshold: vth, onset: on, saturationVoltage: saturation)
    }

    /// Voltage at which the channel's charge at the drain is gone [V].
    private func pinchOff(_ reach: Slopes, _ potential: Slopes, _ gamma: Slopes) -> Slopes {
        guard gamma.value > 0 else { return reach }
        let square = gamma * gamma
        let sum = reach + potential
        guard sum.value > 0 else { return Slopes(constant: 0) }
        return reach + square * (1 - sqrt(sum * 4 / square + 1)) * 0.5
    }

    /// Voltage at which the charge at the drain, moving at vmax, carries the channel's current [V].
    ///
    /// With p = φ − vbs, x² = vdsat + p and a = reach + p this is the root of
    ///
    ///     F(x) = (a − p)(x² − p) − (x² − p)²/2 − ⅔ γ (x³ − s³) − V (a − x² − γ x),   V = L vmax/µ
    ///
    /// below pinch-off, up to where F rises.
    private func velocitySaturation(
        _ reach: Slopes, _ p: Slopes, _ s: Slopes, _ gamma: Slopes, _ limit: Slopes, _ pinchOff: Slopes
    ) -> Slopes {
        func residual<R: DifferentiableReal>(_ x: R, _ reach: R, _ p: R, _ s: R, _ gamma: R, _ limit: R) -> R {
            let v = x * x - p
            let charge = reach - v - gamma * x
            return reach * v - v * v * 0.5 - gamma * (x * x * x - s * s * s) * (2.0 / 3) - limit * charge
        }
        /// ∂F/∂x
        func slope(_ x: Double) -> Double {
            let charge = reach.value - (x * x - p.value) - gamma.value * x
            return 2 * x * charge + limit.value * (2 * x + gamma.value)
        }
        var (low, high) = (0.0, (pinchOff.value + p.value).squareRoot())
        var x = 0.5 * (max(p.value, 0).squareRoot() + high)
        for _ in 0..<60 {
            let f = residual(x, reach.value, p.value, s.value, gamma.value, limit.value)
            if f > 0 { high = x } else { low = x }
            var next = x - f / slope(x)
            if !(next > low && next < high) { next = 0.5 * (low + high) }
            let step = abs(next - x)
            x = next
            if step <= 1e-15 * x { break }
        }
        // The root's own slopes, by the theorem of implicit functions.
        let root = Slopes(constant: x) - residual(Slopes(constant: x), reach, p, s, gamma, limit) / slope(x)
        return root * root - p
    }

    /// Share of the channel that the drain takes.
    private func shortening(_ vds: Slopes, _ saturation: Slopes, _ mobility: Slopes) -> Slopes {
        var share: Slopes
        if lengthModulation > 0 || depletion == 0 {
            guard lengthModulation > 0 else { return Slopes(constant: 0) }
            share = vds * lengthModulation
        } else if velocityVoltage > 0 {
            let depth = depletion / effectiveCharge.squareRoot()
            let half = velocityVoltage / mobility * (0.5 * depth / length)
            guard vds.value > saturation.value else { return Slopes(constant: 0) }
            share = (sqrt(half * half + (vds - saturation)) - half) * (depth / length)
        } else {
            let quarter = (vds - saturation) * 0.25
            share = sqrt(quarter + sqrt(quarter * quarter + 1)) * (depletion / length)
        }
        // Punch-through: what is left of the channel never vanishes.
        let least = shortest / length
        guard 1 - share.value < least else { return share }
        return 1 - least * least / (share - (1 - 2 * least))
    }
}
