import Testing

@testable import Hydron

/// Walks from breakpoint to breakpoint over very many periods: rounding must neither repeat a corner nor lose one, nor
/// give it a value between those of its ends.
@Suite("Breakpoints over many periods")
struct SourceBreakpointTests {
    /// A corner's value, and the rounding that a sum of `delay`, whole periods and parts of one may carry.
    private func walk(
        _ waveform: SourceWaveform, corners expected: (Int) -> (time: Double, value: Double)?, steps: Int
    ) {
        var time = 0.0
        for step in 0..<steps {
            let next = waveform.nextBreakpoint(after: time)
            guard let corner = expected(step) else {
                #expect(next == .infinity, "after \(time)")
                return
            }
            guard next > time * (1 + 1e-15), abs(next - corner.time) <= 1e-14 * corner.time,
                waveform.value(at: next) == corner.value
            else {
                Issue.record(
                    """
                    step \(step): after \(time) comes \(next) with \(waveform.value(at: next)), not \(corner.time) with \
                    \(corner.value)
                    """)
                return
            }
            time = next
        }
    }

    private func pulse(
        _ delay: Double, _ rise: Double, _ fall: Double, _ width: Double, _ period: Double, count: Double = 0
    ) -> SourceWaveform {
        .pulse(
            .init(
                v1: -0.3, v2: 1.7, delay: delay, rise: rise, fall: fall, width: width, period: period, count: count))
    }

    @Test("A pulse train meets four corners a period, 10000 times", arguments: [0, 0.1e-9, 1e-3, 7.0])
    func train(delay: Double) {
        let parts = (rise: 0.1e-6, fall: 0.3e-6, width: 0.7e-6, period: 3.3e-6)
        let first = delay > 0 ? 0 : 1
        walk(
            pulse(delay, parts.rise, parts.fall, parts.width, parts.period),
            corners: { step in
                let (number, corner) = (step + first).quotientAndRemainder(dividingBy: 4)
                let start = delay + Double(number) * parts.period
                switch corner {
                case 0: return (start, -0.3)
                case 1: return (start + parts.rise, 1.7)
                case 2: return (start + parts.rise + parts.width, 1.7)
                default: return (start + parts.rise + parts.width + parts.fall, -0.3)
                }
            }, steps: 40_000)
    }

    @Test("A fall that ends with the period is one corner with the next rise, 10000 times")
    func triangle() {
        walk(
            pulse(0, 0.1, 0.2, 0, 0.3),
            corners: { step in
                let (number, corner) = step.quotientAndRemainder(dividingBy: 2)
                let start = Double(number) * 0.3
                return corner == 0 ? (start + 0.1, 1.7) : (Double(number + 1) * 0.3, -0.3)
            }, steps: 20_000)
    }

    @Test("np ends the train after its last fall")
    func count() {
        walk(
            pulse(1e-6, 1e-7, 1e-7, 3e-7, 1e-6, count: 3),
            corners: { step in
                let (number, corner) = step.quotientAndRemainder(dividingBy: 4)
                guard number < 3 else { return nil }
                let start = 1e-6 + Double(number) * 1e-6
                switch corner {
                case 0: return (start, -0.3)
                case 1: return (start + 1e-7, 1.7)
                case 2: return (start + 1e-7 + 3e-7, 1.7)
                default: return (start + 1e-7 + 3e-7 + 1e-7, -0.3)
                }
            }, steps: 40)
    }

    @Test("A repeated line meets every point, 10000 times", arguments: [0, 0.3])
    func line(delay: Double) {
        let times = [0, 0.1, 0.4, 0.5, 1.2]
        let values = [2.0, 0.5, 3, -1, 0.5]
        let waveform = SourceWaveform.piecewiseLinear(
            .init(times: times, values: values, delay: delay, repeatFrom: 0.1))
        let first = delay > 0 ? 0 : 1
        walk(
            waveform,
            corners: { step in
                let index = step + first
                if index < 5 { return (delay + times[index], values[index]) }
                let (turn, place) = (index - 5).quotientAndRemainder(dividingBy: 3)
                return (delay + Double(turn + 1) * 1.1 + times[place + 2], values[place + 2])
            }, steps: 30_000)
    }

    @Test("Whatever the numbers, breakpoints rise and pulses have their levels there")
    func random() {
        var random = TestRandom(seed: 46)
        for _ in 0..<300 {
            func length() -> Double {
                // Lengths as people write them: their sums round.
                let mantissa = random.uniform(1...99).rounded() / 10
                var scale = 1.0
                for _ in 0..<Int(random.uniform(0...9)) { scale *= 0.1 }
                return mantissa * scale
            }
            let unit = length()
            let rise = unit * random.uniform(1...30).rounded() / 10
            let fall = unit * random.uniform(1...30).rounded() / 10
            let width = unit * random.uniform(0...30).rounded() / 10
            let slack = random.uniform(0...1) < 0.3 ? 0 : unit * random.uniform(1...50).rounded() / 10
            let delay = random.uniform(0...1) < 0.5 ? 0 : length()
            let waveform = pulse(delay, rise, fall, width, rise + fall + width + slack)
            var time = random.uniform(0...1) < 0.5 ? 0 : unit * random.uniform(0...1e6)
            for _ in 0..<400 {
                let next = waveform.nextBreakpoint(after: time)
                let value = waveform.value(at: next)
                guard next - time > time * 1e-15, next - time < 20 * unit || time < delay,
                    value == -0.3 || value == 1.7
                else {
                    Issue.record("\(waveform): after \(time) comes \(next) with \(value)")
                    break
                }
                time = next
            }
        }
    }
}
