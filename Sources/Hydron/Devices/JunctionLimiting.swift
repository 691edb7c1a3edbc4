import Glibc

/// Limiting of junction voltages between two iterations of Newton (L. W. Nagel, SPICE2, UCB/ERL M520, 1975).
enum JunctionLimiting {
    /// Where the exponential has its smallest radius of curvature: vt·ln(vt/(√2·is)) [V].
    static func criticalVoltage(saturation: Double, thermal: Double) -> Double {
        saturation > 0 ? thermal * Glibc.log(thermal / (2.0.squareRoot() * saturation)) : .infinity
    }

    /// A forward voltage above `critical` rises by the logarithm of the step that was asked for, so that the current
    /// grows by what a line would give. Returns true where `voltage` was changed.
    @inline(__always)
    static func limit(
        _ voltage: inout Double, previous: Double, thermal: Double, critical: Double
    ) -> Bool {
        guard voltage > critical, abs(voltage - previous) > 2 * thermal else { return false }
        if previous > 0 {
            let growth = 1 + (voltage - previous) / thermal
            voltage = growth > 0 ? previous + thermal * Glibc.log(growth) : critical
        } else {
            voltage = thermal * Glibc.log(voltage / thermal)
        }
        return true
    }
}
