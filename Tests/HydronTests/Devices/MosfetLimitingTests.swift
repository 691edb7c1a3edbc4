import Testing

@testable import Hydron

/// Which steps of Newton's iteration a gate's limits leave alone.
@Suite struct MosfetLimitingTests {
    @Test("Short steps are free, whatever the threshold") func shortSteps() {
        var random = SystemRandomNumberGenerator()
        let longest = JunctionLimiting.freeStep
        for _ in 0..<20_000 {
            let previous = Double.random(in: -8...8, using: &random)
            let threshold = Double.random(in: -4...4, using: &random)
            let next = previous + Double.random(in: -longest...longest, using: &random)
            let limited = JunctionLimiting.limitGate(next, previous: previous, threshold: threshold)
            #expect(limited == next, "from \(previous) to \(next) V across \(threshold) V")
            guard previous >= 0 else { continue }
            #expect(JunctionLimiting.limitChannel(next, previous: previous) == next, "from \(previous) to \(next) V")
        }
    }

    @Test("Longer ones stop at the threshold") func longSteps() {
        #expect(JunctionLimiting.limitGate(3, previous: 0, threshold: 1) == 1.5)
        #expect(JunctionLimiting.limitGate(-3, previous: 1.2, threshold: 1) == 0.5)
        #expect(JunctionLimiting.limitChannel(-3, previous: 1) == -0.5)
        #expect(JunctionLimiting.limitChannel(9, previous: 1) == 4)
    }
}
