import Glibc

/// Charge of a depletion layer, continued as a parabola above fc·vj:
///
///     q(v) = cj·vj/(1 − m)·(1 − (1 − v/vj)^(1 − m))                          v < fc·vj
///     q(v) = q(fc·vj) + cj/F2·(F3·(v − fc·vj) + m/(2 vj)·(v² − (fc·vj)²))    otherwise
///     F2 = (1 − fc)^(1 + m),  F3 = 1 − fc·(1 + m)
///
/// G. Massobrio, P. Antognetti, Semiconductor Device Modeling with SPICE, 1993, section 1.3.
struct DepletionCharge: BitwiseCopyable, Sendable {
    /// Capacitance at 0 V [F].
    let capacitance: Double
    /// fc·vj [V]
    private let corner: Double
    private let inversePotential: Double
    /// 1 − m
    private let exponent: Double
    /// cj·vj/(1 − m) [C]
    private let scale: Double
    private let cornerCharge: Double
    private let linear: Double
    private let quadratic: Double

    init(capacitance: Double, potential: Double, grading: Double, forward: Double) {
        self.capacitance = capacitance
        corner = forward * potential
        inversePotential = 1 / potential
        // At m = 1 the charge is a logarithm, which the power next to it gives to ten digits.
        let rest = abs(1 - grading) < 1e-6 ? 1e-6 : 1 - grading
        exponent = rest
        scale = capacitance * potential / rest
        cornerCharge = scale * (1 - Glibc.pow(1 - forward, rest))
        let f2 = Glibc.pow(1 - forward, 1 + grading)
        linear = capacitance / f2 * (1 - forward * (1 + grading))
        quadratic = capacitance / f2 * grading / (2 * potential)
    }

    /// [C]
    @inline(__always) func callAsFunction<R: DifferentiableReal>(_ v: R) -> R {
        if v.value < corner {
            let depth = 1 - v * inversePotential
            return (1 - (exponent == 0.5 ? sqrt(depth) : pow(depth, exponent))) * scale
        }
        let over = v - corner
        return over * ((v + corner) * quadratic + linear) + cornerCharge
    }
}
