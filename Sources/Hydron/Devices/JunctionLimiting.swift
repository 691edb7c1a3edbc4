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

extension JunctionLimiting {
    /// Steps up to this length are limited neither by ``limitGate(_:previous:threshold:)``, whatever the threshold, nor by
    /// ``limitChannel(_:previous:)`` where it began at 0 or more [V].
    static let freeStep = 0.5

    /// A gate's voltage against source or drain: steps are longer the farther it is from the threshold, and those across
    /// it stop near it (SPICE's fetlim).
    static func limitGate(_ voltage: Double, previous: Double, threshold: Double) -> Double {
        let step = voltage - previous
        let long = abs(2 * (previous - threshold)) + 2
        let short = abs(previous - threshold) + 1
        if previous >= threshold {
            if previous >= threshold + 3.5 {
                if step > 0 { return step >= long ? previous + long : voltage }
                if voltage < threshold + 3.5 { return max(voltage, threshold + 2) }
                return -step > short ? previous - short : voltage
            }
            return step <= 0 ? max(voltage, threshold - 0.5) : min(voltage, threshold + 4)
        }
        if step <= 0 { return -step > long ? previous - long : voltage }
        if voltage > threshold + 0.5 { return threshold + 0.5 }
        return step > short ? previous + short : voltage
    }

    /// A voltage along a channel (SPICE's limvds).
    static func limitChannel(_ voltage: Double, previous: Double) -> Double {
        if previous >= 3.5 {
            if voltage > previous { return min(voltage, 3 * previous + 2) }
            return voltage < 3.5 ? max(voltage, 2) : voltage
        }
        return voltage > previous ? min(voltage, 4) : max(voltage, -0.5)
    }
}
