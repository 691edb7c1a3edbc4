import Foundation
import Hydron
import SpiceNetlist
import Testing
import Waveforms

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
