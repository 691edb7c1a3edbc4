import Testing

@testable import Hydron

@Suite("PAT: bits as a waveform")
struct SourcePatternTests {
    private func values(_ pattern: SourcePattern, at times: [Double]) throws -> [Double] {
        let waveform = try #require(pattern.waveform)
        return times.map { (waveform.value(at: $0) * 1e9).rounded() / 1e9 }
    }

    private let pattern = SourcePattern(
        high: 5, low: 1, delay: 0.5, rise: 0.2, fall: 0.4, sample: 1, bits: Array("1101"))

    @Test("Edges are centred on the bits' boundaries; the first and last bit hold")
    func edges() throws {
        let found = try values(pattern, at: [0, 1.4, 2.3, 2.4, 2.5, 2.7, 3, 3.4, 3.5, 3.55, 3.6, 4.5, 99])
        #expect(found == [5, 5, 5, 4, 3, 1, 1, 1, 3, 4, 5, 5, 5])
    }

    @Test("r=n plays the bits n times again and then holds the last")
    func counted() throws {
        var pattern = SourcePattern(high: 1, low: 0, delay: 0, rise: 0.2, fall: 0.2, sample: 1, bits: Array("10"))
        pattern.repetitions = 2
        #expect(
            try values(pattern, at: [0.5, 1.5, 2, 2.5, 3.5, 4.5, 5.5, 6, 6.5, 7.5]) == [1, 0, 0.5, 1, 0, 1, 0, 0, 0, 0])
    }

    @Test("For ever, with an edge wherever the end meets the start")
    func endless() throws {
        var pattern = SourcePattern(high: 3, low: 1, delay: 0, rise: 0.2, fall: 0.2, sample: 1, bits: Array("10"))
        pattern.repetitions = nil
        for turn in 1..<200 {
            let start = 2 * Double(turn)
            let found = try values(
                pattern, at: [start - 0.1, start, start + 0.05, start + 0.1, start + 0.5, start + 1, start + 1.5])
            #expect(found == [1, 2, 2.5, 3, 3, 2, 1])
        }
    }

    @Test("rb chooses where the repetition begins")
    func loopStart() throws {
        var pattern = SourcePattern(high: 1, low: 0, delay: 0, rise: 0.2, fall: 0.2, sample: 1, bits: Array("1101"))
        pattern.loopStart = 2
        pattern.repetitions = nil
        // 1101 01 01 01 …
        let middles = (0..<20).map { Double($0) + 0.5 }
        #expect(try values(pattern, at: middles) == [1, 1] + (0..<18).map { Double($0 % 2) })
        #expect(try values(pattern, at: [4, 5, 6, 7]) == [0.5, 0.5, 0.5, 0.5])
    }

    @Test("A single bit is a constant, and too many are refused")
    func extremes() throws {
        var pattern = SourcePattern(high: 1, low: 0, delay: 0, rise: 0.2, fall: 0.2, sample: 1, bits: ["1"])
        #expect(try values(pattern, at: [0, 0.5, 1, 9]) == [1, 1, 1, 1])
        pattern.repetitions = nil
        #expect(try values(pattern, at: [0, 0.5, 1, 9.3]) == [1, 1, 1, 1])
        pattern.repetitions = 1_000_000_000
        #expect(pattern.waveform == nil)
    }

    @Test("A pulse shorter than time can resolve does not hold the walk up")
    func unresolvable() {
        let pulse = SourceWaveform.pulse(
            .init(v1: 0, v2: 1, delay: 0, rise: 1e-26, fall: 1e-26, width: 1e-26, period: 1e-25, count: 0))
        for time in [1e-9, 1.0, 3.0] { #expect(pulse.nextBreakpoint(after: time) > time) }
    }
}
