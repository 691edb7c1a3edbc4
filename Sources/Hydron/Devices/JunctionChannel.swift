import Glibc

/// Channels of field-effect transistors whose gate is a junction: currents at vds ≥ 0, by vgs and vds [V].
enum JunctionChannel: BitwiseCopyable, Sendable {
    case shichmanHodges(ShichmanHodgesChannel)
    case parkerSkellern(ParkerSkellernChannel)
    case statz(StatzChannel)
    case curtice(CurticeChannel)
    case shockley(ShockleyChannel)

    /// [A]
    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        switch self {
        case .shichmanHodges(let channel): channel.current(vgs, vds)
        case .parkerSkellern(let channel): channel.current(vgs, vds)
        case .statz(let channel): channel.current(vgs, vds)
        case .curtice(let channel): channel.current(vgs, vds)
        case .shockley(let channel): channel.current(vgs, vds)
        }
    }

    /// vto [V]
    var threshold: Double {
        switch self {
        case .shichmanHodges(let channel): channel.threshold
        case .parkerSkellern(let channel): channel.threshold
        case .statz(let channel): channel.threshold
        case .curtice(let channel): channel.threshold
        case .shockley(let channel): channel.threshold
        }
    }
}

/// The square law with a doping tail b, which is 1 for the law of Shichman and Hodges:
///
///     v = vgs − vto,  c = (1 − b)/(pb − vto)
///     id = β (1 + λ vds) v² (b + c v)                                          vds ≥ v
///     id = β (1 + λ vds) vds (vds (c vds − b) + v (2 b + 3 c (v − vds)))       else
///
/// H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3, 285 (1968), doi 10.1109/JSSC.1968.1049902; A. E. Parker,
/// D. J. Skellern, IEEE J. Solid-State Circuits 25, 1267 (1990), for b.
struct ShichmanHodgesChannel: BitwiseCopyable, Sendable {
    /// β [A/V²], vto [V], λ [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    /// b and c [1/V]
    var tail: Double
    var cubic: Double

    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        let v = vgs - threshold
        guard v.value > 0 else { return R(constant: 0) }
        let factor = (vds * lengthModulation + 1) * transconductance
        guard v.value > vds.value else { return factor * v * v * (v * cubic + tail) }
        let slope: R = (v - vds) * (3 * cubic) + 2 * tail
        return factor * vds * (vds * (vds * cubic - tail) + v * slope)
    }
}

/// GaAs transistors after Statz:
///
///     id = β (vgs − vto)²/(1 + b (vgs − vto)) (1 − (1 − α vds/3)³) (1 + λ vds),   the cube 0 from vds = 3/α on
///
/// H. Statz, P. Newman, I. W. Smith, R. A. Pucel, H. A. Haus, IEEE Trans. Electron Devices 34, 160 (1987), doi
/// 10.1109/T-ED.1987.22902.
struct StatzChannel: BitwiseCopyable, Sendable {
    /// β [A/V²], vto [V], λ [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    /// b and α [1/V]
    var tail: Double
    var saturation: Double

    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        let v = vgs - threshold
        guard v.value > 0 else { return R(constant: 0) }
        let id = v * v / (v * tail + 1) * (vds * lengthModulation + 1) * transconductance
        guard vds.value < 3 / saturation else { return id }
        let rest = 1 - vds * (saturation / 3)
        return id * (1 - rest * rest * rest)
    }
}

/// GaAs transistors after Curtice: id = β (vgs − vto)² (1 + λ vds) tanh(α vds).
///
/// W. R. Curtice, IEEE Trans. Microwave Theory Tech. 28, 448 (1980), doi 10.1109/TMTT.1980.1130099.
struct CurticeChannel: BitwiseCopyable, Sendable {
    /// β [A/V²], vto [V], λ and α [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    var saturation: Double

    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        let v = vgs - threshold
        guard v.value > 0 else { return R(constant: 0) }
        return v * v * (vds * lengthModulation + 1) * tanh(vds * saturation) * transconductance
    }
}

/// A uniformly doped channel between two depletion layers, after Shockley, with a later onset of saturation:
///
///     v  = vgs − vto,  a = pb − vto,  u = vds v/(v + δ)
///     id = β (1 + λ vds)/(1 + θ v) (min(u, v) − (2a/3) (((a − v + min(u, v))/a)^(3/2) − ((a − v)/a)^(3/2)))
///
/// W. Shockley, Proc. IRE 40, 1365 (1952), doi 10.1109/JRPROC.1952.273964; Xyce Reference Guide, "JFET", level 2.
struct ShockleyChannel: BitwiseCopyable, Sendable {
    /// β [A/V], vto [V], λ [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    /// a [V]
    var depth: Double
    /// δ [V], θ [1/V]
    var saturationShift: Double
    var mobilityLoss: Double

    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        let v = vgs - threshold
        guard v.value > 0 else { return R(constant: 0) }
        let factor = (vds * lengthModulation + 1) / (v * mobilityLoss + 1) * transconductance
        let along = vds / (saturationShift / v + 1)
        let drop = minimum(along, v)
        return factor * (drop - (power(drop + depth - v) - power(depth - v)) * (2 * depth / 3))
    }

    /// (b/a)^(3/2), 0 where the gate's junctions would conduct.
    @inline(__always) private func power<R: DifferentiableReal>(_ b: R) -> R {
        guard b.value > 0 else { return R(constant: 0) }
        let ratio = b / depth
        return ratio * sqrt(ratio)
    }
}

/// Short transistors after Parker and Skellern, at rest:
///
///     vgst = vgs − vto − (γ − γ₁ vgs + γ₂ vgd) vgd,           vst = vsub (1 + mvst vds)
///     v    = vst ln(1 + e^(vgst/vst)),                        vdp = vds (p/q) (v/(pb − vto))^(p − q)
///     vsat = v/(1 + v/(mxi v + xi (pb − vto))),               a = √(1 + z) vdp/2 + vsat/2
///     vdt  = √(a² + z vsat²/4) − √((a − vsat)² + z vsat²/4)
///     i    = β (1 + λ vds) (v^q − (v − vdt)^q),               id = i/(1 + δ vds i)
///
/// A. E. Parker, D. J. Skellern, IEEE Trans. Microwave Theory Tech. 45, 1563 (1997), doi 10.1109/22.622923.
struct ParkerSkellernChannel: BitwiseCopyable, Sendable {
    /// β [A/V^q], vto [V], λ [1/V]
    var transconductance: Double
    var threshold: Double
    var lengthModulation: Double
    /// p and q
    var triodeExponent: Double
    var exponent: Double
    /// pb − vto [V]
    var depth: Double
    /// vsub [V], mvst [1/V]
    var subthreshold: Double
    var subthresholdModulation: Double
    /// xi, mxi, z
    var saturation: Double
    var saturationModulation: Double
    var knee: Double
    /// γ, γ₁, γ₂: lfgam, lfg1, lfg2
    var feedback: (Double, Double, Double)
    /// δ [1/W]
    var heating: Double

    @inline(__always) func current<R: DifferentiableReal>(_ vgs: R, _ vds: R) -> R {
        let vgd = vgs - vds
        let (f0, f1, f2) = feedback
        let drive: R = vgs - threshold - (f0 - vgs * f1 + vgd * f2) * vgd
        let scale: R = (vds * subthresholdModulation + 1) * subthreshold
        var v = drive
        if scale.value > 0, drive.value < 40 * scale.value {
            guard drive.value > -40 * scale.value else { return R(constant: 0) }
            v = scale * log1p(exp(drive / scale))
        } else if drive.value <= 0 {
            return R(constant: 0)
        }
        var vdp = vds * (triodeExponent / exponent)
        if triodeExponent != exponent { vdp = vdp * pow(v / depth, triodeExponent - exponent) }
        let vsat: R = v / (v / (v * saturationModulation + saturation * depth) + 1)
        let a: R = vdp * (0.5 * (1 + knee).squareRoot()) + vsat * 0.5
        let b = a - vsat
        let round: R = vsat * vsat * (0.25 * knee)
        let vdt = sqrt(a * a + round) - sqrt(b * b + round)
        var id = pow(v, exponent)
        let rest = v - vdt
        if rest.value > 0 { id = id - pow(rest, exponent) }
        id = id * (vds * lengthModulation + 1) * transconductance
        return heating == 0 ? id : id / (id * vds * heating + 1)
    }
}
