import Glibc

/// The waveform of an independent source over time t [s], in volts or amperes. Arguments as in the ngspice manual,
/// chapter 4.1; NaN stands for "not given" until ``resolved(step:stop:)`` fills it in.
///
/// At a time that ``nextBreakpoint(after:)`` returned, ``value(at:)`` is the corner's own value, not one interpolated
/// from rounded differences. At a jump it is the value before: a time step lands there with the old value and the next
/// one starts into the new.
indirect enum SourceWaveform: Sendable {
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
    /// Another one, which holds from this time [s] on the value that it has there.
    case held(SourceWaveform, from: Double)

    struct Pulse: Sendable, BitwiseCopyable {
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

    struct Sine: Sendable, BitwiseCopyable {
        var offset: Double
        var amplitude: Double
        /// [Hz]
        var frequency: Double
        var delay: Double
        /// [1/s]
        var damping: Double
        /// [rad]
        var start: Double

        /// `phase` in degrees.
        init(
            offset: Double, amplitude: Double, frequency: Double, delay: Double, damping: Double, phase: Double
        ) {
            self.offset = offset
            self.amplitude = amplitude
            self.frequency = frequency
            self.delay = delay
            self.damping = damping
            start = phase * (.pi / 180)
        }

        @inline(__always) func value(at t: Double) -> Double {
            let elapsed = t - delay
            guard elapsed > 0 else { return offset + amplitude * Glibc.sin(start) }
            // Whole turns go first: the sine of a small argument is fast and exact.
            var turns = frequency * elapsed
            // Rounds to the nearest whole number without a call.
            turns -= (turns + 0x1.8p52) - 0x1.8p52
            let wave = amplitude * Glibc.sin(2 * .pi * turns + start)
            return damping == 0 ? offset + wave : offset + wave * Glibc.exp(-elapsed * damping)
        }
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
        case .held(let waveform, let end): return .held(waveform.resolved(step: step, stop: stop), from: end)
        }
    }

    /// No value is larger in magnitude.
    var bound: Double {
        switch self {
        case .pulse(let pulse): max(abs(pulse.v1), abs(pulse.v2))
        case .sine(let offset, let amplitude, _, _, _, _), .frequencyModulated(let offset, let amplitude, _, _, _):
            abs(offset) + abs(amplitude)
        case .exponential(let v1, let v2, _, _, _, _): abs(v1) + abs(v2 - v1)
        case .piecewiseLinear(let points): points.values.reduce(0) { max($0, abs($1)) }
        case .held(let waveform, _): waveform.bound
        case .amplitudeModulated(let amplitude, let offset, _, _, _): abs(amplitude) * (abs(offset) + 1)
        }
    }

    func value(at t: Double) -> Double {
        switch self {
        case .pulse(let pulse): return pulse.value(at: t)
        case .sine(let offset, let amplitude, let frequency, let delay, let damping, let phase):
            return Sine(
                offset: offset, amplitude: amplitude, frequency: frequency, delay: delay, damping: damping, phase: phase
            ).value(at: t)
        case .exponential(let v1, let v2, let td1, let tau1, let td2, let tau2):
            var value = v1
            if t > td1 { value += (v2 - v1) * (1 - Glibc.exp(-(t - td1) / tau1)) }
            if t > td2 { value += (v1 - v2) * (1 - Glibc.exp(-(t - td2) / tau2)) }
            return value
        case .piecewiseLinear(let points): return points.value(at: t)
        case .held(let waveform, let end): return waveform.value(at: min(t, end))
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
        case .held(let waveform, let end):
            return Self.isAfter(end, t) ? min(end, waveform.nextBreakpoint(after: t)) : .infinity
        case .frequencyModulated: return .infinity
        }
    }

    /// Instants closer than this [s] are one: they were reached by different sums.
    @inline(__always) static func resolution(_ t: Double) -> Double { abs(t) * 0x1p-49 }

    /// True where `corner` lies behind `t` by more than rounding.
    @inline(__always) static func isAfter(_ corner: Double, _ t: Double) -> Bool { corner > t + resolution(t) }
}

extension SourceWaveform.Pulse {
    /// Number and start [s] of the pulse that `t` lies in. The instant between two periods belongs to the one that
    /// ends.
    @inline(__always) private func pulse(at t: Double) -> (number: Double, start: Double) {
        guard period < .infinity else { return (0, delay) }
        var number = ((t - delay) / period).rounded(.down)
        if number > 0, t - (delay + number * period) <= SourceWaveform.resolution(t) { number -= 1 }
        number = max(number, 0)
        if count > 0 { number = min(number, count - 1) }
        return (number, delay + number * period)
    }

    @inline(__always) func value(at t: Double) -> Double {
        guard t > delay else { return v1 }
        let start = pulse(at: t).start
        let tolerance = SourceWaveform.resolution(t)
        // The same sums as in `nextCorner`: a corner meets its own value.
        let top = start + rise
        if t < top - tolerance { return v1 + (v2 - v1) * ((t - start) / rise) }
        let edge = top + width
        if t <= edge + tolerance { return v2 }
        let end = edge + fall
        if t < end - tolerance { return v2 + (v1 - v2) * ((t - edge) / fall) }
        return v1
    }

    func nextCorner(after t: Double) -> Double {
        if delay > 0, SourceWaveform.isAfter(delay, t) { return delay }
        let (number, start) = pulse(at: max(t, delay))
        let next = period < .infinity && !(count > 0 && number + 1 >= count) ? delay + (number + 1) * period : .infinity
        let top = start + rise
        let edge = top + width
        for corner in [top, edge, edge + fall] where SourceWaveform.isAfter(corner, t) {
            // Whatever is left of a pulse when the next begins is cut off.
            if SourceWaveform.isAfter(next, corner) { return corner.isFinite ? corner : .infinity }
            break
        }
        if SourceWaveform.isAfter(next, t) { return next }
        // A pulse too short for the resolution of time has no corners that could be told apart.
        return SourceWaveform.isAfter(next + rise, t) ? next + rise : .infinity
    }
}

extension SourceWaveform.PiecewiseLinear {
    /// `t` as a time of the table, and by how much [s] the table is shifted there.
    @inline(__always) private func local(_ t: Double) -> (time: Double, shift: Double) {
        guard let start = repeatFrom, let last = times.last, last > start, t - delay > last else {
            return (t - delay, delay)
        }
        let period = last - start
        var turn = ((t - delay - last) / period).rounded(.down) + 1
        // The instant between two turns belongs to the one that ends.
        if t - (delay + last + (turn - 1) * period) <= SourceWaveform.resolution(t) { turn -= 1 }
        return (t - delay - turn * period, delay + turn * period)
    }

    func value(at t: Double) -> Double {
        guard let final = values.last else { return 0 }
        let time = local(t).time
        let tolerance = SourceWaveform.resolution(t)
        // The first point at or behind this time, but for rounding: at a jump the one before it.
        let high = rank(time - tolerance) { $0 < $1 }
        guard high < times.count else { return final }
        guard high > 0, times[high] > time + tolerance else { return values[high] }
        let low = high - 1
        return values[low] + (values[high] - values[low]) * ((time - times[low]) / (times[high] - times[low]))
    }

    /// Number of points for which `isBefore(point, time)` holds.
    @inline(__always) private func rank(_ time: Double, _ isBefore: (Double, Double) -> Bool) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(times[middle], time) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func nextCorner(after t: Double) -> Double {
        let (time, shift) = local(t)
        var index = rank(time - 2 * SourceWaveform.resolution(t)) { $0 < $1 }
        while index < times.count {
            let corner = times[index] + shift
            if SourceWaveform.isAfter(corner, t), corner > 0 { return corner }
            index += 1
        }
        guard let start = repeatFrom, let last = times.last, last > start else { return .infinity }
        index = rank(start) { $0 <= $1 }
        while index < times.count {
            let corner = times[index] + (shift + (last - start))
            if SourceWaveform.isAfter(corner, t) { return corner }
            index += 1
        }
        return .infinity
    }
}
