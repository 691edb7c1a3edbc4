import Glibc

/// The waveform of an independent source over time t [s], in volts or amperes. Arguments as in the ngspice manual,
/// chapter 4.1; NaN stands for "not given" until ``resolved(step:stop:)`` fills it in.
enum SourceWaveform: Sendable {
    /// V1 V2 TD TR TF PW PER NP (0: for ever).
    case pulse(Pulse)
    /// VO VA FREQ TD THETA PHASE: VO + VA sin(2π(FREQ (t − TD) + PHASE/360)) e^(−(t − TD) THETA).
    case sine(offset: Double, amplitude: Double, frequency: Double, delay: Double, damping: Double, phase: Double)
    /// V1 V2 TD1 TAU1 TD2 TAU2.
    case exponential(v1: Double, v2: Double, td1: Double, tau1: Double, td2: Double, tau2: Double)
    /// Points in rising order of time; from `repeatFrom` [s] on the waveform repeats.
    case piecewiseLinear(PiecewiseLinear)
    /// VO VA FC MDI FS: VO + VA sin(2π FC t + MDI sin(2π FS t)).
    case frequencyModulated(offset: Double, amplitude: Double, carrier: Double, index: Double, signal: Double)
    /// VA VO MF FC TD: VA (VO + sin(2π MF t)) sin(2π FC t).
    case amplitudeModulated(amplitude: Double, offset: Double, modulation: Double, carrier: Double, delay: Double)

    struct Pulse: Sendable {
        var v1: Double
        var v2: Double
        var delay: Double
        var rise: Double
        var fall: Double
        var width: Double
        var period: Double
        /// Number of pulses; 0 for ever.
        var count: Double
    }

    struct PiecewiseLinear: Sendable {
        var times: [Double]
        var values: [Double]
        var delay = 0.0
        var repeatFrom: Double?
    }

    /// Fills in what was left to the transient's step and end.
    func resolved(step: Double, stop: Double) -> SourceWaveform {
        func given(_ value: Double, else other: Double) -> Double { value.isNaN ? other : value }
        switch self {
        case .pulse(var pulse):
            if !(pulse.rise > 0) { pulse.rise = step }
            if !(pulse.fall > 0) { pulse.fall = step }
            // No period means one pulse; no width one that lasts.
            if !(pulse.width >= 0) { pulse.width = stop }
            if !(pulse.period > 0) { pulse.period = .infinity }
            pulse.period = max(pulse.period, pulse.rise + pulse.fall + pulse.width)
            return .pulse(pulse)
        case .sine(let offset, let amplitude, let frequency, let delay, let damping, let phase):
            return .sine(
                offset: offset, amplitude: amplitude, frequency: given(frequency, else: 1 / stop), delay: delay,
                damping: damping, phase: phase)
        case .exponential(let v1, let v2, let td1, let tau1, let td2, let tau2):
            return .exponential(
                v1: v1, v2: v2, td1: td1, tau1: tau1 > 0 ? tau1 : step, td2: given(td2, else: td1 + step),
                tau2: tau2 > 0 ? tau2 : step)
        case .frequencyModulated(let offset, let amplitude, let carrier, let index, let signal):
            return .frequencyModulated(
                offset: offset, amplitude: amplitude, carrier: given(carrier, else: 1 / stop), index: index,
                signal: given(signal, else: 1 / stop))
        case .amplitudeModulated(let amplitude, let offset, let modulation, let carrier, let delay):
            return .amplitudeModulated(
                amplitude: amplitude, offset: offset, modulation: given(modulation, else: 1 / stop),
                carrier: given(carrier, else: 0), delay: delay)
        case .piecewiseLinear: return self
        }
    }

    func value(at t: Double) -> Double {
        switch self {
        case .pulse(let pulse): return pulse.value(at: t)
        case .sine(let offset, let amplitude, let frequency, let delay, let damping, let phase):
            let start = phase * (.pi / 180)
            let elapsed = t - delay
            if elapsed <= 0 { return offset + amplitude * Glibc.sin(start) }
            let wave = amplitude * Glibc.sin(2 * .pi * frequency * elapsed + start)
            return damping == 0 ? offset + wave : offset + wave * Glibc.exp(-elapsed * damping)
        case .exponential(let v1, let v2, let td1, let tau1, let td2, let tau2):
            var value = v1
            if t > td1 { value += (v2 - v1) * (1 - Glibc.exp(-(t - td1) / tau1)) }
            if t > td2 { value += (v1 - v2) * (1 - Glibc.exp(-(t - td2) / tau2)) }
            return value
        case .piecewiseLinear(let points): return points.value(at: t)
        case .frequencyModulated(let offset, let amplitude, let carrier, let index, let signal):
            let turn = 2 * Double.pi * t
            return offset + amplitude * Glibc.sin(carrier * turn + index * Glibc.sin(signal * turn))
        case .amplitudeModulated(let amplitude, let offset, let modulation, let carrier, let delay):
            let turn = 2 * Double.pi * (t - delay)
            guard turn > 0 else { return 0 }
            return amplitude * (offset + Glibc.sin(modulation * turn)) * Glibc.sin(carrier * turn)
        }
    }

    /// The first corner after `t`; infinity where there is none.
    func nextBreakpoint(after t: Double) -> Double {
        switch self {
        case .pulse(let pulse): return pulse.nextCorner(after: t)
        case .sine(_, _, _, let delay, _, _), .amplitudeModulated(_, _, _, _, let delay):
            return delay > 0 && Self.isAfter(delay, t) ? delay : .infinity
        case .exponential(_, _, let td1, _, let td2, _):
            for delay in [td1, td2].sorted() where delay > 0 && Self.isAfter(delay, t) { return delay }
            return .infinity
        case .piecewiseLinear(let points): return points.nextCorner(after: t)
        case .frequencyModulated: return .infinity
        }
    }

    /// True where `corner` lies behind `t` by more than rounding.
    @inline(__always) static func isAfter(_ corner: Double, _ t: Double) -> Bool {
        corner > t + max(abs(t), abs(corner)) * 4e-15
    }
}

extension SourceWaveform.Pulse {
    /// Time since the start of the period that `t` is in, snapped to its corners, and the period's number.
    @inline(__always) private func phase(_ t: Double) -> (time: Double, cycle: Double) {
        var elapsed = t - delay
        guard elapsed >= period else { return (elapsed, 0) }
        var cycle = (elapsed / period).rounded(.down)
        elapsed -= cycle * period
        // A corner that rounding put a hair before the end of a period belongs to the next.
        if period - elapsed <= (abs(t) + period) * 4e-15 {
            elapsed = 0
            cycle += 1
        }
        return (max(elapsed, 0), cycle)
    }

    @inline(__always) func value(at t: Double) -> Double {
        let (time, cycle) = phase(t)
        if time <= 0 || (count > 0 && cycle >= count) { return v1 }
        if time < rise { return v1 + (v2 - v1) * (time / rise) }
        let falling = time - rise - width
        if falling <= 0 { return v2 }
        if falling < fall { return v2 + (v1 - v2) * (falling / fall) }
        return v1
    }

    func nextCorner(after t: Double) -> Double {
        if SourceWaveform.isAfter(delay, t) { return delay > 0 ? delay : nextCorner(after: delay) }
        let cycle = period.isFinite ? max(0, ((t - delay) / period).rounded(.down)) : 0
        for offset in 0..<3 {
            let number = cycle + Double(offset)
            if count > 0, number >= count {
                return .infinity
            }
            let start = number == 0 ? delay : delay + number * period
            for corner in [start, start + rise, start + rise + width, start + rise + width + fall]
            where SourceWaveform.isAfter(corner, t) && corner.isFinite {
                return corner
            }
            if !period.isFinite { return .infinity }
        }
        return .infinity
    }
}

extension SourceWaveform.PiecewiseLinear {
    private func unwrapped(_ t: Double) -> Double {
        let elapsed = t - delay
        guard let start = repeatFrom, let last = times.last, elapsed > last, last > start else { return elapsed }
        let period = last - start
        let beyond = (elapsed - start).truncatingRemainder(dividingBy: period)
        // At the seam the old period's end counts: a jump there shows behind the corner.
        let isSeam = beyond <= elapsed * 4e-15 || period - beyond <= elapsed * 4e-15
        return isSeam ? last : start + beyond
    }

    func value(at t: Double) -> Double {
        guard let first = times.first, let last = times.last else { return 0 }
        let time = unwrapped(t)
        if time <= first { return values[0] }
        if time >= last { return values[values.count - 1] }
        let high = upperBound(time)
        let low = high - 1
        let span = times[high] - times[low]
        guard span > 0 else { return values[high] }
        return values[low] + (values[high] - values[low]) * ((time - times[low]) / span)
    }

    /// Index of the first point behind `time`.
    private func upperBound(_ time: Double) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return min(low, times.count - 1)
    }

    func nextCorner(after t: Double) -> Double {
        guard let last = times.last else { return .infinity }
        var base = delay
        if let start = repeatFrom, last > start, t - delay >= last {
            base += ((t - delay - start) / (last - start)).rounded(.down) * (last - start)
        }
        for round in 0..<3 {
            for index in upperBoundLinear(t - base)..<times.count {
                let corner = base + times[index]
                if SourceWaveform.isAfter(corner, t), corner > 0 { return corner }
            }
            guard let start = repeatFrom, last > start else { return .infinity }
            if round == 0, t - delay < last { return .infinity }
            base += last - start
        }
        return .infinity
    }

    /// A place at or before the first point behind `time`.
    private func upperBoundLinear(_ time: Double) -> Int { max(0, upperBound(time) - 1) }
}
