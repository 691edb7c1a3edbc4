import Foundation
import Hydron
import SpiceNetlist
import Testing
import Waveforms

/// The netlists that ship with the project.
enum Netlists {
    static let folder: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/") + "/netlists"
    }()

    static func all(below subfolder: String = "") -> [String] {
        let start = subfolder.isEmpty ? folder : "\(folder)/\(subfolder)"
        guard let walker = FileManager.default.enumerator(atPath: start) else { return [] }
        return walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".cir") }.map { "\(start)/\($0)" }.sorted()
    }

    static var good: [String] { all().filter { !$0.contains("/errors/") } }
    static var withGolden: [String] {
        good.filter { FileManager.default.fileExists(atPath: golden(of: $0)) }
    }
    static func golden(of path: String) -> String { String(path.dropLast(4)) + ".golden.csv" }
}

/// A sink that counts rows and keeps nothing.
final class CountingSink: WaveformSink {
    var rows = 0
    func begin(_ header: TableHeader) throws(WaveformError) {}
    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) { rows += 1 }
    func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {}
    func end() throws(WaveformError) {}
    func finish() throws(WaveformError) {}
    func discard() {}
}

@Suite struct GoldenTests {
    /// Every netlist with a golden table agrees with it: RMS of the relative difference at most 0.1 %, or what a
    /// comment `* tolerance 1e-2` says.
    @Test(arguments: Netlists.withGolden) func netlistAgreesWithItsGoldenTable(path: String) throws {
        let loaded = Simulation.load(path: path)
        let renderer = DiagnosticRenderer(loaded.sources)
        guard let simulation = loaded.simulation else {
            Issue.record("\(path): \(renderer.render(loaded.diagnostics))")
            return
        }
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        if let failure = report.failure { Issue.record("\(path): \(renderer.render(failure.diagnostic))") }
        let gold = try WaveformReader.read(Netlists.golden(of: path))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let said = text.split(separator: "\n").first { $0.hasPrefix("* tolerance ") }
        let relative = said.flatMap { Double($0.dropFirst(12).trimmingCharacters(in: .whitespaces)) } ?? 1e-3
        var tolerance = Tolerance(Tolerance.Band(relative: relative, peakFraction: 1e-3))
        tolerance.norm = .rms
        for reports in compare(gold: gold, test: recorder.tables, tolerance: tolerance) where !reports.agrees {
            Issue.record("\(path): \(reports.description)")
        }
    }

    @Test func everyShippedNetlistHasAGolden() {
        #expect(Netlists.good.filter { !Netlists.withGolden.contains($0) } == [])
        #expect(Netlists.withGolden.count >= 20)
    }
}

@Suite struct ErrorCorpusTests {
    /// `*! status 2` and `*! error FILE:LINE:COLUMN message` lines at the end of a bad netlist say what must be found,
    /// in this order and nothing else; `-` stands for "no place".
    @Test(arguments: Netlists.all(below: "errors")) func mistakesAreReportedWhereTheyAre(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let expected = text.split(separator: "\n").filter { $0.hasPrefix("*! ") && !$0.hasPrefix("*! status") }
            .map { String($0.dropFirst(3)) }
        let wantedStatus = text.split(separator: "\n").first { $0.hasPrefix("*! status ") }.map { $0.dropFirst(10) }
        let loaded = Simulation.load(path: path)
        var found = loaded.diagnostics.all
        var status = 0
        if let simulation = loaded.simulation {
            let report = simulation.run(CountingSink())
            found += report.diagnostics.all
            if let failure = report.failure {
                found.append(failure.diagnostic)
                status = failure.reason == .badNetlist ? 2 : 3
            }
        } else {
            status = 2
        }
        let said = found.filter { $0.severity != .note }.map { diagnostic -> String in
            var place = "-"
            if let range = diagnostic.range {
                let location = loaded.sources.location(of: range)
                let file = location.path.split(separator: "/").last.map(String.init) ?? location.path
                place = "\(file):\(location.line):\(location.column)"
            }
            return "\(diagnostic.severity.rawValue) \(place) \(diagnostic.message)"
        }
        // Messages may name files by the path they were opened with.
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
        #expect(said.map { $0.replacingOccurrences(of: folder, with: "") } == expected, "\(path)")
        #expect(wantedStatus.map(String.init) == "\(status)", "\(path)")
    }

    @Test func theCorpusIsLarge() { #expect(Netlists.all(below: "errors").count >= 60) }
}

@Suite struct DamageTests {
    /// 240 randomly damaged variants of shipped netlists: none crashes or hangs, each run ends with a report.
    @Test func damagedNetlistsNeverCrash() throws {
        var generator = SeededGenerator(state: 20_261_123)
        let paths = Netlists.all()
        for round in 0..<240 {
            let path = paths[round % paths.count]
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            for _ in 0..<(1 + generator.next() % 4) { damage(&bytes, &generator) }
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

    private func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
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
            if let digit = bytes.indices.filter({ bytes[$0] >= 48 && bytes[$0] <= 57 }).randomElement(using: &generator) {
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
