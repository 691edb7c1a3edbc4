import Testing

@testable import Waveforms

@Suite struct NumberTests {
    private func text(_ value: Double) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.capacity) { buffer in
            let count = NumberText.write(value, to: buffer.baseAddress!)
            return String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }

    private func readsBack(_ value: Double) -> Bool {
        NumberParser.parse(Array(text(value).utf8))?.bitPattern == value.bitPattern
    }

    @Test func everyBitPatternReadsBack() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200_000 {
            let value = Double(bitPattern: random.next())
            if value.isNaN { continue }
            #expect(readsBack(value), "\(value)")
        }
        for _ in 0..<20_000 {
            #expect(readsBack(Double(bitPattern: random.next() >> 12)))
            #expect(readsBack(Double(Int64(truncatingIfNeeded: random.next() as UInt64) >> Int64.random(in: 0..<63))))
            #expect(readsBack(Double(Int.random(in: -99_999...99_999)) / 1000))
        }
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (-42, "-42"), (0.1, "0.1"), (1e-9, "1e-09"), (9, "9"), (10, "10"),
        (9_007_199_254_740_991, "9007199254740991"), (1e22, "1e+22"), (.infinity, "inf"), (-.infinity, "-inf"),
        (.nan, "nan"), (.leastNonzeroMagnitude, "5e-324"), (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
    ])
    func numbersAreShort(value: Double, expected: String) {
        #expect(text(value) == expected)
    }

    @Test func shortestFormIsAsShortAsTheStandardLibrarys() {
        for _ in 0..<10_000 {
            let value = Double.random(in: -1e-3...1e-3)
            #expect(text(value).utf8.count <= value.description.utf8.count)
        }
    }

    @Test(arguments: ["", "-", "+", ".", "e5", "1e", "1e+", "1x", "1 2", "0x", "--1", "1..2", "1e5e5", "infx"])
    func nonsenseIsNoNumber(text: String) {
        #expect(NumberParser.parse(Array(text.utf8)) == nil)
    }

    @Test func parserAgreesWithTheStandardLibrary() {
        for text in [
            "1e23", "8.5e-23", "9007199254740993", "123456789012345678901234567890", "1e-400", "1e400", ".5", "5.",
            "+7", "1E3", "00012.50", "0e999", "2.4703282292062328e-324",
        ] {
            #expect(NumberParser.parse(Array(text.utf8)) == Double(text), "\(text)")
        }
    }
}
