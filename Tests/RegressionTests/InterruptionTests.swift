import Foundation
import Hydron
import Synchronization
import Testing
import Waveforms

/// A run that is interrupted keeps what it accepted, in whole files; one that never began leaves none.
@Suite struct InterruptionTests {
    /// Says "stop" after it was asked so many times.
    private final class Countdown: Sendable {
        private let left: Atomic<Int>
        init(_ count: Int) { left = Atomic(count) }
        func isOver() -> Bool { left.subtract(1, ordering: .relaxed).newValue < 0 }
    }

    private static let netlists = [
        "proton/pulse-train", "basics/rc-step", "analyses/step-parameter", "analyses/nested-dc",
        "devices/diode-curve",
    ]

    @Test(arguments: netlists, [3, 17]) func whatWasAcceptedIsInWholeFiles(name: String, questions: Int) throws {
        let folder = try TemporaryFolder()
        let simulation = try #require(Simulation.load(path: "\(Netlists.folder)/\(name).cir").simulation)
        let sinks = FanOut([
            CSVWriter(path: folder.file("out.csv"), tableKinds: simulation.tableKinds),
            RawWriter(path: folder.file("out.raw")),
        ])
        try sinks.prepare()
        let countdown = Countdown(questions)
        let report = simulation.run(sinks, control: RunControl(isInterrupted: { countdown.isOver() }))
        try sinks.finish()
        // A short run may be over before it is asked often enough.
        #expect(report.failure == nil || report.failure?.reason == .interrupted)
        #expect(folder.names == ["out.csv", "out.raw"])
        for file in ["out.csv", "out.raw"] {
            let tables = try WaveformReader.read(folder.file(file))
            let rows = tables.reduce(0) { $0 + $1.rowCount }
            #expect(rows == report.rowCount, "\(file) of \(name)")
        }
    }

    @Test func discardedRunsLeaveNothing() throws {
        let folder = try TemporaryFolder()
        let simulation = try #require(Simulation.load(path: "\(Netlists.folder)/basics/rc-step.cir").simulation)
        let sinks = FanOut([CSVWriter(path: folder.file("out.csv")), RawWriter(path: folder.file("out.raw"))])
        try sinks.prepare()
        let countdown = Countdown(5)
        _ = simulation.run(sinks, control: RunControl(isInterrupted: { countdown.isOver() }))
        sinks.discard()
        #expect(folder.names == [])
    }
}
