import Glibc

extension Mosfet {
    /// Level 3.
    struct Empirical: BitwiseCopyable, Sendable {
        /// Leff [m]
        var length = 1.0
        /// η·8.15e-22/(Cox Leff³)
        var feedback = 0.0
        /// θ [1/V]
        var mobilityModulation = 0.0
        /// Leff vmax/µ [V]; 0 where velocity never saturates.
        var saturationVoltage = 0.0
        /// κ
        var saturationField = 0.0
        /// 2 ε/(q N) [m²/V]
        var depletion = 0.0
        /// xj, ld [m]
        var junctionDepth = 0.0
        var lateralDiffusion = 0.0
        /// δ π ε/(2 Cox W)
        var narrow = 0.0
        /// q nfs/Cox; 0 for no weak inversion.
        var surfaceStates = 0.0
    }

    /// The semi-empirical channel: A. Vladimirescu, S. Liu, UCB/ERL M80/7, 1980; L. M. Dang, IEEE J. Solid-State Circuits
    /// 14, 358 (1979).
    func semiEmpirical(_ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes) -> Channel {
        let e = empirical
        // Depletion under the channel.
        var root: Slopes
        if vbs.value <= 0 {
            root = sqrt(surfacePotential - vbs)
        } else {
            root = surfacePotential.squareRoot() / (vbs / (2 * surfacePotential) + 1)
        }
        let potential = root * root
        // The short channel shares its bulk charge with the junctions (L. M. Dang, 1979).
        var gamma = Slopes(constant: bodyEffect)
        if e.junctionDepth != 0, e.depletion != 0 {
            let width = root * (e.depletion.squareRoot() / e.junctionDepth)
            let side = e.lateralDiffusion / e.junctionDepth
            let curved = width * width * -0.01110777 + width * 0.8013292 + 0.0631353 + side
            let share = width / (width + 1)
            let short = 1 - (curved * sqrt(1 - share * share) - side) * (e.junctionDepth / e.length)
            gamma = short * bodyEffect
        }
        let body = gamma * 0.25 / root + e.narrow
        let bulkCharge = gamma * root + potential * e.narrow
        let vth = bulkCharge + (builtIn - vds * e.feedback)
        var on = vth
        var slope = Slopes(constant: 1)
        if e.surfaceStates != 0 {
            slope = bulkCharge / (potential * 2) + (1 + e.surfaceStates)
            on = vth + slope * thermal
        } else if vgs.value <= on.value {
            return .closed(vth)
        }
        let drive = vgs.value > on.value ? vgs : on
        let over = drive - vth
        let field = 1 / (over * e.mobilityModulation + 1)
        var saturation = over / (body + 1)
        var scattering = Slopes(constant: 0)
        if e.saturationVoltage > 0 {
            let limit = 1 / field * e.saturationVoltage
            scattering = 1 / limit
            saturation = saturation + limit - sqrt(saturation * saturation + limit * limit)
        }
        let isSaturated = vds.value > saturation.value
        let span = isSaturated ? saturation : vds
        guard span.value > 0 else {
            // At vds = 0 there is no current, but a conductance.
            let conductance = field * over * beta
            return Channel(current: conductance * vds, threshold: vth, onset: on, saturationVoltage: saturation)
        }
        var current = field * (over - (body + 1) * span * 0.5) * span * beta
        let slowing = 1 / (span * scattering + 1)
        if e.saturationVoltage > 0 { current = current * slowing }
        if e.depletion > 0, e.saturationField > 0, isSaturated || e.saturationVoltage == 0 {
            let field = e.saturationField * e.depletion
            var shortening: Slopes
            if e.saturationVoltage > 0 {
                let conductance = current * (1 - slowing) * scattering
                let peak =
                    conductance.value > 1e-12
                    ? current / conductance * (e.saturationField / e.length)
                    : current * (e.saturationField / (e.length * 1e-12))
                let half = peak * (0.5 * e.depletion)
                shortening = sqrt(half * half + (vds - saturation) * field) - half
            } else if isSaturated {
                shortening = sqrt((vds - saturation * 0.875) * field)
            } else {
                // SPICE3's bridge to saturation: the current has no corner there.
                let part = vds / saturation
                shortening = sqrt(saturation * (0.125 * field)) * part * part * part * part
            }
            // Punch-through: what is left of the channel never vanishes.
            if shortening.value > 0.5 * e.length {
                shortening = e.length - (0.25 * e.length * e.length) / shortening
            }
            current = current / (1 - shortening / e.length)
        }
        if e.surfaceStates != 0, vgs.value < on.value {
            current = current * exp((vgs - on) / (slope * thermal))
        }
        return Channel(current: current, threshold: vth, onset: on, saturationVoltage: saturation)
    }
}
