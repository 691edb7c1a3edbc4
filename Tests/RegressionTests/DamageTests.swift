import Foundation
import Hydron
import Testing
import Waveforms

@Suite struct DamageTests {
    /// 400 randomly damaged variants of shipped netlists: none crashes or hangs, each run ends with a report.
    @Test func damagedNetlistsNeverCrash() throws {
        var generator = SeededGenerator(state: 20_261_123)
        let paths = Netlists.all()
        for round in 0..<400 {
            let path = paths[round % paths.count]
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            for _ in 0..<(1 + generator.next() % 4) { Damage.apply(to: &bytes, &generator) }
            let loaded = Simulation.load(text: String(decoding: bytes, as: UTF8.self), path: path)
            guard let simulation = loaded.simulation else {
                #expect(loaded.diagnostics.hasErrors)
                continue
            }
            let deadline = ContinuousClock.now + .milliseconds(400)
            let control = RunControl(isInterrupted: { ContinuousClock.now > deadline })
            let report = simulation.run(CountingSink(), control: control)
            if let failure = report.failure { #expect(!failure.diagnostic.message.isEmpty) }
        }
    }
}

/// Random damage to a text.
enum Damage {
    static func apply(to bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard bytes.count > 4 else { return }
        func place() -> Int { Int(generator.next() % UInt64(bytes.count)) }
        switch generator.next() % 7 {
        case 0: bytes.remove(at: place())
        case 1: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place())
        case 2: bytes.swapAt(place(), place())
        case 3: bytes.removeSubrange(place()..<bytes.count)
        case 4:
            // A line twice, or gone.
            var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
            let line = Int(generator.next() % UInt64(lines.count))
            if generator.next() % 2 == 0 { lines.insert(lines[line], at: line) } else { lines.remove(at: line) }
            bytes = Array(lines.joined(separator: [10]))
        case 5:
            if let digit = bytes.indices.filter({ bytes[$0] >= 48 && bytes[$0] <= 57 }).randomElement(using: &generator)
            {
                let extremes = ["1e308", "-1", "0", "1e-300", "nan", "99999999999"]
                bytes.replaceSubrange(
                    digit...digit, with: Array(extremes[Int(generator.next() % UInt64(extremes.count))].utf8))
            }
        default:
            let signs = Array("{}()'\"=+*.$;\n\t\\".utf8)
            bytes[place()] = signs[Int(generator.next() % UInt64(signs.count))]
        }
    }
}

struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
