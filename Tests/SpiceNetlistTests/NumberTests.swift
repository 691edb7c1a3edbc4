import Glibc
import Testing

@testable import SpiceNetlist

@Suite struct NumberTests {
    @Test(arguments: [
        ("1", 1), ("4.7k", 4700), ("2.5", 2.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1d3", 1000), ("1E-3", 1e-3),
        ("1T", 1e12), ("1g", 1e9), ("1MEG", 1e6), ("1meg", 1e6), ("1k", 1e3), ("1m", 1e-3), ("1M", 1e-3), ("1u", 1e-6),
        ("1n", 1e-9), ("1p", 1e-12), ("1f", 1e-15), ("1a", 1e-18), ("1mil", 25.4e-6), ("100mils", 2.54e-3),
        ("1kOhm", 1e3), ("10uF", 10e-6), ("5V", 5), ("2amps", 2), ("100MEGHz", 1e8), ("4k7", 4700), ("2R2", 2.2),
        ("1u5", 1.5e-6), ("-3.3", -3.3), ("+2", 2), ("1.5e+3meg", 1.5e9), ("1e", 1), ("0", 0), ("1µ", 1e-6), ("5%", 5),
        ("00012", 12), ("1e-400", 0), ("0.1", 0.1),
        ("123456789012345678901234567890", 1.2345678901234568e+29),
    ])
    func suffixesAndUnitsAreRead(text: String, value: Double) throws {
        #expect(try #require(Number.parse(text)).value == value)
    }

    @Test(arguments: ["", ".", "-", "k", "e5", "1 2", "1e3x4y5", "4.7k8", "n_12", "1k_", "--1", "1..2", "1-2", "r1"])
    func wordsAreNoNumbers(text: String) {
        #expect(Number.parse(text) == nil)
    }

    @Test func xMeansMegaInSomeDialectsOnly() throws {
        #expect(try #require(Number.parse("1x", dialect: .xyce)).value == 1e6)
        #expect(try #require(Number.parse("1X", dialect: .hspice)).value == 1e6)
        let number = try #require(Number.parse("1x", dialect: .ngspice))
        #expect(number.value == 1)
        #expect(number.note == .suffixOfOtherDialect)
    }

    @Test(arguments: [
        ("1MHz", Number.Note.megaLooksMeant), ("1MOhm", .megaLooksMeant), ("1mOhm", .none), ("1F", .faradLooksMeant),
        ("1fF", .none), ("1A", .ampereLooksMeant), ("1Amp", .none), ("1kOhm", .none), ("1kfoo", .unknownUnit),
        ("1q", .unknownUnit), ("10mV", .none), ("10ns", .none),
    ])
    func whatMayBeMeantOtherwiseIsNoted(text: String, note: Number.Note) throws {
        #expect(try #require(Number.parse(text)).note == note)
    }

    @Test func decimalsAgreeWithTheCLibraryToTheLastBit() throws {
        var generator = SeededGenerator(state: 1)
        for _ in 0..<120_000 {
            let text = Self.randomDecimal(&generator)
            let expected = strtod(text, nil)
            let found = try #require(Number.parse(text), "\(text)")
            #expect(found.value.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test func shortestDescriptionsReadBack() throws {
        var generator = SeededGenerator(state: 2)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try #require(Number.parse("\(value)")).value == value)
        }
    }

    private static func randomDecimal(_ generator: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            let count = Int.random(in: range, using: &generator)
            return String((0..<count).map { _ in Character("\(Int.random(in: 0...9, using: &generator))") })
        }
        var text = Bool.random(using: &generator) ? "-" : ""
        text += digits(1...(Int.random(in: 0..<8, using: &generator) == 0 ? 30 : 9))
        if Bool.random(using: &generator) { text += "." + digits(0...12) }
        if Bool.random(using: &generator) {
            let limit = Int.random(in: 0..<4, using: &generator) == 0 ? 330 : 20
            text += "e\(Int.random(in: -limit...limit, using: &generator))"
        }
        return text
    }
}
