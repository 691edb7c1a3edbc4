import Glibc
import HydronTestSupport
import Testing

@testable import Hydron

@Suite struct SourceWaveformTests {
    private func resolved(_ waveform: SourceWaveform, tstep: Double = 1e-9, tstop: Double = 1e-6) -> SourceWaveform {
        waveform.resolved(step: tstep, stop: tstop)
    }

    /// Arguments as a card has them.
    private func pulse(_ a: [Double]) -> SourceWaveform {
        func argument(_ index: Int, _ absent: Double) -> Double { index < a.count ? a[index] : absent }
        return .pulse(
            SourceWaveform.Pulse(
                v1: a[0], v2: a[1], delay: argument(2, 0), rise: argument(3, .nan), fall: argument(4, .nan),
                width: argument(5, .nan), period: argument(6, .nan), count: argument(7, 0)))
    }

    private func line(
        _ times: [Double], _ values: [Double], from start: Double? = nil, delay: Double = 0
    ) -> SourceWaveform {
        .piecewiseLinear(
            SourceWaveform.PiecewiseLinear(times: times, values: values, delay: delay, repeatFrom: start))
    }

    private func breakpoints(_ waveform: SourceWaveform, until end: Double) -> [Double] {
        var found: [Double] = []
        var time = 0.0
        while found.count < 100_000 {
            time = waveform.nextBreakpoint(after: time)
            if time > end { break }
            found.append(time)
        }
        return found
    }

    // MARK: PULSE

    @Test func aPulseHasItsCornersAndExactValuesThere() {
        let pulse = resolved(pulse([0, 5, 3e-9, 1e-9, 2e-9, 10e-9, 20e-9]))
        let corners = breakpoints(pulse, until: 24e-9)
        #expect(
            corners == [
                3e-9, 3e-9 + 1e-9, 3e-9 + 1e-9 + 10e-9, 3e-9 + 1e-9 + 10e-9 + 2e-9, 3e-9 + 20e-9, 3e-9 + 20e-9 + 1e-9,
            ])
        #expect(corners.map { pulse.value(at: $0) } == [0, 5, 5, 0, 0, 5])
        #expect(pulse.value(at: 0) == 0)
        #expect(abs(pulse.value(at: 3.5e-9) - 2.5) < 1e-12)
        #expect(abs(pulse.value(at: 15e-9) - 2.5) < 1e-12)
        #expect(pulse.value(at: 19e-9) == 0)
    }

    @Test func millionsOfPeriodsKeepCornersExact() {
        let pulse = resolved(pulse([-1, 1, 0.1e-9, 0.1e-9, 0.1e-9, 5e-9, 10e-9]), tstop: 1)
        var time = 0.0123456789
        var previous = pulse.nextBreakpoint(after: time)
        var levels: [Double] = []
        for _ in 0..<400 {
            time = previous
            levels.append(pulse.value(at: time))
            let next = pulse.nextBreakpoint(after: time)
            #expect(next - time > 0.09e-9)
            previous = next
        }
        #expect(levels.allSatisfy { abs($0) == 1 })
        #expect(levels.filter { $0 == 1 }.count == 200)
    }

    @Test func absentTimesComeFromTheTransient() {
        let pulse = resolved(pulse([0, 1, 0, 0]), tstep: 1e-9, tstop: 1e-6)
        #expect(pulse.value(at: 0.5e-9) == 0.5)
        #expect(pulse.value(at: 0.9e-6) == 1)
        #expect(breakpoints(pulse, until: 1e-6) == [1e-9])
        #expect(breakpoints(pulse, until: 2e-6).count == 3)
    }

    @Test func countLimitsPulses() {
        let pulse = resolved(pulse([0, 1, 0, 1e-9, 1e-9, 3e-9, 10e-9, 3]))
        #expect(pulse.value(at: 23e-9) == 1)
        #expect(pulse.value(at: 33e-9) == 0)
        #expect(pulse.nextBreakpoint(after: 26e-9) == .infinity)
        #expect(breakpoints(pulse, until: 1).count == 3 * 4 - 1)
    }

    @Test func aPulseWithoutPeriodComesOnce() {
        let pulse = resolved(pulse([0, 1, 1e-9, 1e-9, 1e-9, 1e-9]), tstop: 1e-6)
        #expect(breakpoints(pulse, until: 1).count == 4)
        #expect(pulse.value(at: 0.5) == 0)
    }

    @Test func aPeriodThatEndsWithTheFallHasNoDoubleCorner() {
        // 0.1 + 0.3 + 0.2 + 0.4 is not exactly 1 in binary.
        let pulse = resolved(pulse([0, 1, 0, 0.1e-6, 0.2e-6, 0.3e-6, 0.6e-6]), tstop: 1)
        let corners = breakpoints(pulse, until: 1e-4)
        let shortest = zip(corners.dropFirst(), corners).map { $0 - $1 }.min() ?? 0
        #expect(shortest > 0.09e-6)
        #expect(corners.allSatisfy { [0, 1].contains(pulse.value(at: $0)) })
    }

    @Test func aPeriodThatCutsThePulseJumps() {
        let pulse = resolved(pulse([0, 1, 0, 1e-9, 1e-9, 10e-9, 5e-9]))
        #expect(pulse.value(at: 5e-9) == 1)
        #expect(pulse.value(at: 5.5e-9) > 0.49 && pulse.value(at: 5.5e-9) < 0.51)
        #expect(breakpoints(pulse, until: 7e-9) == [1e-9, 5e-9, 5e-9 + 1e-9])
    }

    // MARK: The smooth ones

    @Test func aSineStartsAtItsDelayWithItsPhase() {
        let sine = resolved(.sine(offset: 1, amplitude: 2, frequency: 1e6, delay: 1e-6, damping: 1e5, phase: 30))
        #expect(abs(sine.value(at: 0) - 2) < 1e-12)
        #expect(abs(sine.value(at: 1e-6) - 2) < 1e-12)
        let t = 0.3e-6
        let expected = 1 + 2 * exp(-1e5 * t) * sin(2 * Double.pi * 1e6 * t + Double.pi / 6)
        #expect(abs(sine.value(at: 1e-6 + t) - expected) < 1e-12)
        #expect(breakpoints(sine, until: 1) == [1e-6])
    }

    @Test func aSineWithoutFrequencyTakesOneTurn() {
        let sine = resolved(
            .sine(offset: 0, amplitude: 1, frequency: .nan, delay: 0, damping: 0, phase: 0), tstop: 4e-6)
        #expect(abs(sine.value(at: 1e-6) - 1) < 1e-12)
        let open = SourceWaveform.sine(offset: 0.5, amplitude: 1, frequency: .nan, delay: 0, damping: 0, phase: 0)
        #expect(open.value(at: 0) == 0.5)
    }

    @Test func anExponentialRisesAndFalls() {
        let wave = resolved(.exponential(v1: 1, v2: 3, td1: 1e-9, tau1: 2e-9, td2: 5e-9, tau2: 4e-9))
        #expect(wave.value(at: 0.5e-9) == 1)
        #expect(abs(wave.value(at: 3e-9) - (1 + 2 * (1 - exp(-1.0)))) < 1e-12)
        let late = 1 + 2 * (1 - exp(-4.0)) - 2 * (1 - exp(-1.0))
        #expect(abs(wave.value(at: 9e-9) - late) < 1e-12)
        #expect(breakpoints(wave, until: 1) == [1e-9, 5e-9])
    }

    @Test func modulatedWavesFollowTheirFormulas() {
        let fm = resolved(.frequencyModulated(offset: 0.1, amplitude: 1, carrier: 1e6, index: 2, signal: 250e3))
        let am = resolved(
            .amplitudeModulated(amplitude: 2, offset: 1.5, modulation: 1e4, carrier: 1e6, delay: 1e-6))
        let t = 1.234e-6
        let carried = 2 * Double.pi * 1e6 * t + 2 * sin(2 * Double.pi * 250e3 * t)
        #expect(abs(fm.value(at: t) - (0.1 + sin(carried))) < 1e-12)
        let u = t - 1e-6
        #expect(abs(am.value(at: t) - 2 * (1.5 + sin(2 * Double.pi * 1e4 * u)) * sin(2 * Double.pi * 1e6 * u)) < 1e-12)
        #expect(am.value(at: 0.5e-6) == 0)
    }

    // MARK: PWL

    @Test func straightLinesGoThroughTheirPoints() {
        let wave = line([0, 1, 3, 4], [0, 2, 2, -1])
        #expect([0, 0.5, 1, 2, 3, 3.5, 4, 9].map { wave.value(at: $0) } == [0, 1, 2, 2, 2, 0.5, -1, -1])
        #expect(breakpoints(wave, until: 100) == [1, 3, 4])
    }

    @Test func aTimeWithoutAValueIsLeftOutInXycesDialectOnly() throws {
        let text = "t\nv1 a 0 pwl(0 0 1 2 3)\nr1 a 0 1\n.tran 0.1 1\n.print tran v(a)\n.end\n"
        let loaded = Simulation.load(text: text, dialect: .xyce)
        #expect(
            loaded.diagnostics.all.map { "\($0.severity): \($0.message)" }
                == ["warning: the last time of v1's PWL has no value: ignored"])
        #expect(try abs(#require(simulate(text, dialect: .xyce)["v(a)"].last) - 2) < 1e-9)
        #expect(Simulation.load(text: text).diagnostics.hasErrors)
    }

    @Test func atAJumpTheOldValueStands() {
        let wave = line([0, 1, 1, 2], [0, 0, 5, 5])
        #expect(wave.value(at: 1) == 0)
        #expect(wave.value(at: 1 + 1e-9) == 5)
        #expect(breakpoints(wave, until: 100) == [1, 2])
    }

    @Test func aRepeatedLineGoesBackToItsTime() {
        let wave = line([0, 1, 2, 3], [9, 0, 1, 0], from: 1, delay: 0.5)
        #expect(wave.value(at: 0.2) == 9)
        for k in 0..<50 {
            #expect(abs(wave.value(at: 0.5 + 2 + Double(2 * k)) - 1) < 1e-12)
            #expect(abs(wave.value(at: 0.5 + 3 + Double(2 * k))) < 1e-12)
        }
        #expect(breakpoints(wave, until: 8.1) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5])
    }

    @Test func slopesAreContinuousBetweenBreakpoints() {
        let pulse = resolved(pulse([0, 1, 0.3e-9, 0.7e-9, 1.1e-9, 2.3e-9, 7.7e-9]))
        let corners = [0] + breakpoints(pulse, until: 100e-9)
        for (a, b) in zip(corners, corners.dropFirst()) {
            let middle = pulse.value(at: (a + b) / 2)
            #expect(abs(middle - (pulse.value(at: a) + pulse.value(at: b)) / 2) < 1e-9)
        }
    }
}

@Suite("Batches of independent sources")
struct SourceBatchTests {
    private func source(
        _ branch: Int32, direct: Double? = nil, _ waveform: SourceWaveform? = nil, multiplier: Double = 1
    ) -> IndependentSource {
        var source = IndependentSource(
            identity: ElementIdentity(name: 0, range: .init(file: 0, start: 0, end: 0)), plus: 1, minus: 2,
            branch: branch)
        source.direct = direct
        source.waveform = waveform
        source.multiplier = multiplier
        return source
    }

    private func excitation(_ batch: SourceBatch, _ mode: SourceContext.Mode, at time: Double, factor: Double = 1)
        -> [Double]
    {
        var f = [Double](repeating: 0, count: 4)
        f.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            batch.loadSources(SourceContext(f: base, time: time, mode: mode, factor: factor))
        }
        // The waste bin.
        f[0] = 0
        return f
    }

    private let ramp = SourceWaveform.piecewiseLinear(.init(times: [0, 1, 2], values: [3, 7, 7]))

    @Test("The DC value wins in static analyses, the waveform in time")
    func values() {
        let batch = SourceBatch([source(3, direct: 5, ramp)], isVoltage: true)
        #expect(excitation(batch, .direct, at: 0) == [0, 0, 0, -5])
        #expect(excitation(batch, .waveform, at: 0) == [0, 0, 0, -3])
        #expect(excitation(batch, .waveform, at: 0.5, factor: 0.5) == [0, 0, 0, -2.5])
        batch.setDirect(element: 0, to: 8)
        #expect(excitation(batch, .direct, at: 0) == [0, 0, 0, -8])
        #expect(excitation(SourceBatch([source(3, ramp)], isVoltage: true), .direct, at: 0) == [0, 0, 0, -3])
    }

    @Test("A current leaves n+ and returns at n-, m times")
    func currents() {
        let batch = SourceBatch([source(0, direct: 2, multiplier: 3)], isVoltage: false)
        #expect(excitation(batch, .direct, at: 0) == [0, 6, -6, 0])
        #expect(excitation(batch, .waveform, at: 9) == [0, 6, -6, 0])
    }

    @Test("The current of a source is its waveform's from the first instant of a transient")
    func currentOutput() {
        let batch = SourceBatch([source(0, direct: 5, ramp, multiplier: 2)], isVoltage: false)
        func current() -> Double {
            [0.0, 0, 0].withUnsafeBufferPointer {
                guard let x = $0.baseAddress else { return .nan }
                return batch.output(0, element: 0, x: x, Conditions())
            }
        }
        _ = excitation(batch, .direct, at: 0)
        #expect(current() == 10)
        _ = excitation(batch, .waveform, at: 0)
        #expect(current() == 6)
        batch.setDirect(element: 0, to: 4)
        _ = excitation(batch, .direct, at: 0)
        #expect(current() == 8)
    }

    @Test("The next breakpoint is the first of all sources, forwards and after going back")
    func breakpoints() {
        let late = SourceWaveform.piecewiseLinear(.init(times: [0, 1.5], values: [0, 1]))
        let batch = SourceBatch([source(3, ramp), source(3, late), source(3, direct: 1)], isVoltage: true)
        var times: [Double] = []
        for _ in 0..<2 {
            var time = 0.0
            while time.isFinite {
                time = batch.nextBreakpoint(after: time)
                times.append(time)
            }
        }
        #expect(times == [1, 1.5, 2, .infinity, 1, 1.5, 2, .infinity])
    }
}
