import Glibc

/// Channel of SPICE's level 6: the n-th power law of Sakurai and Newton.
///
///     vth   = vbi + γ √(φ − vbs) − γ₁ vbs − σ vds
///     vdsat = kv (vgs − vth)^nv
///     id    = kc (W/L) (vgs − vth)^nc (1 + (λ₀ − λ₁ vbs) vds)            vds ≥ vdsat
///     id    = the same times (2 − vds/vdsat) vds/vdsat                    else
///
/// T. Sakurai, A. R. Newton, IEEE Trans. Electron Devices 38, 887 (1991), doi 10.1109/16.75219.
struct PowerLawChannel: BitwiseCopyable, Sendable {
    typealias Slopes = Mosfet.Slopes

    /// kc W/L [A/V^nc] and nc
    var current = 0.0
    var currentExponent = 1.0
    /// kv [V^(1−nv)] and nv
    var saturation = 0.0
    var saturationExponent = 1.0
    /// [V]
    var builtIn = 0.0
    /// γ [√V], γ₁, φ [V]
    var bodyEffect = 0.0
    var linearBodyEffect = 0.0
    var surfacePotential = 1.0
    /// σ
    var feedback = 0.0
    /// λ₀ [1/V] and λ₁ [1/V²]
    var lengthModulation = 0.0
    var bulkModulation = 0.0

    /// - Parameters: voltages against the source, vds ≥ 0 [V].
    func callAsFunction(_ vgs: Slopes, _ vds: Slopes, _ vbs: Slopes) -> Mosfet.Channel {
        var root: Slopes
        if vbs.value <= 0 {
            root = sqrt(surfacePotential - vbs)
        } else {
            // The tangent at 0 V, never below 0.
            let atZero = surfacePotential.squareRoot()
            root = atZero - vbs / (2 * atZero)
            if root.value < 0 { root = Slopes(constant: 0) }
        }
        let vth = root * bodyEffect - vbs * linearBodyEffect - vds * feedback + builtIn
        let over = vgs - vth
        guard over.value > 0 else {
            return .closed(vth)
        }
        let vdsat = pow(over, saturationExponent) * saturation
        let modulation = (lengthModulation - vbs * bulkModulation) * vds + 1
        var id = pow(over, currentExponent) * modulation * current
        if vds.value < vdsat.value {
            let part = vds / vdsat
            id = id * (2 - part) * part
        }
        return Mosfet.Channel(current: id, threshold: vth, saturationVoltage: vdsat)
    }
}
