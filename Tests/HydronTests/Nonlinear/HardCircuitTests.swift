import Foundation
import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// The circuits of `netlists/convergence`: each is solved, and by what its netlist says.
@Suite struct HardCircuitTests {
    private static let folder: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/") + "/netlists/convergence"
    }()
    static let netlists = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".cir") }.sorted()

    /// The line `* solved by …` tells the aids that its operating points need, "Newton's iteration" where none.
    @Test(arguments: netlists) func isSolvedByWhatItsNetlistSays(name: String) throws {
        let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("* solved by ") })
        let result = try simulate(text)
        let aids = Set(result.report.analyses.flatMap(\.statistics.homotopies)).sorted()
        let found = aids.isEmpty ? "Newton's iteration" : aids.joined(separator: ", ")
        #expect(found == line.dropFirst(12))
        #expect(result.report.assertions.filter { !$0.holds }.map(\.message) == [])
        #expect(result.report.measurements.compactMap(\.reason) == [])
    }

    @Test func thereIsACorpus() { #expect(Self.netlists.count >= 16) }

    /// 7 + 9 = 16.
    @Test func theAdderAdds() throws {
        let text = try String(contentsOfFile: "\(Self.folder)/logic-block.cir", encoding: .utf8)
        let result = try simulate(text)
        for sum in 0...3 {
            let volts = try #require(result["v(s\(sum))"].first)
            #expect(abs(volts) < 1e-3)
        }
        let carry = try #require(result["v(c4)"].first)
        #expect(abs(carry - 3.3) < 1e-3)
    }

    /// What is not there is not found, and each way that was tried says how far it got.
    @Test func aFailureNamesWhatWasTriedAndWhereItStopped() throws {
        let loaded = Simulation.load(text: "none\nb1 0 n i={1m*(v(n)*v(n) + 1)}\nr1 n 0 1e9\n.op\n.end")
        let simulation = try #require(loaded.simulation)
        let failure = try #require(simulation.run(TableRecorder()).failure)
        #expect(failure.reason == .noConvergence)
        let notes = failure.diagnostic.notes.map(\.message)
        for (name, place) in [
            ("Newton's iteration", "did not settle at node 'n'"), ("gmin stepping", "stopped at"),
            ("source stepping", "stopped at"), ("pseudo-transient", "stopped at"),
        ] {
            let note = notes.first { $0.hasPrefix(name) }
            #expect(note?.contains("iterations") == true && note?.contains(place) == true, "\(notes)")
        }
    }
}
