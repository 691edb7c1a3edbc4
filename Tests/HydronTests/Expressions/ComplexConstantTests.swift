import Foundation
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// Parameters whose values lie outside of the reals, in the expressions that ask for their parts.
@Suite struct ComplexConstantTests {
    private func printed(_ parameters: String, _ item: String) throws -> Double {
        let text = "t\n.param \(parameters)\nv1 a 0 1\nr1 a 0 1\n.dc v1 1 1 1\n.print dc {\(item)}\n.end\n"
        let loaded = Simulation.load(text: text, dialect: .xyce)
        let recorder = TableRecorder()
        let report = try #require(loaded.simulation, "\(loaded.diagnostics.all.map(\.message))").run(recorder)
        #expect(report.failure == nil)
        return try #require(recorder.tables.first?.columns.last?.first)
    }

    /// Closed forms; a negative number lies below the cut, as C99's Annex G has −(1 + 0i).
    @Test(
        arguments: [
            ("z={log10(-1)}", "re(z)", 0.0), ("z={log10(-1)}", "img(z)", -Double.pi / Foundation.log(10)),
            ("z={sqrt(-4)}", "img(z)", -2), ("z={sqrt(-4)*sqrt(-4)}", "re(z)", -4),
            ("y={sqrt(-4)} z={exp(y)}", "re(z)", Foundation.cos(2)), ("z={(-8)**(1/3)}", "re(z)", 1),
            ("z={sqrt(-4)}", "ph(z)", -Double.pi / 2), ("z=3", "img(z)", 0), ("z=3", "re(z)", 3),
            ("z={sqrt(4)}", "img(z)", 0), ("z={sqrt(4)}", "re(z)", 2),
        ] as [(String, String, Double)])
    func partsAreThoseOfTheClosedForm(parameters: String, item: String, expected: Double) throws {
        #expect(abs(try printed(parameters, item) - expected) < 1e-12)
    }
}
