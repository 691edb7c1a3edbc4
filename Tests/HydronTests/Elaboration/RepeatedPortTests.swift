import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// In Xyce's dialect a subcircuit may list one port twice.
struct RepeatedPortTests {
    private func circuit(_ nodes: String) -> String {
        """
        ports that stand twice
        v1 a 0 3
        x1 a \(nodes) half
        r1 b 0 1k
        .subckt half in out out
        r1 in out 2k
        .ends
        .op
        .print op v(b)
        .end

        """
    }

    @Test func bothAreOneNode() throws {
        let result = try simulate(circuit("b b"), dialect: .xyce)
        #expect(abs(try #require(result["v(b)"].last) - 1) < 1e-9)
    }

    @Test func twoNodesForOnePortAreAMistake() {
        let found = Simulation.load(text: circuit("b c"), dialect: .xyce).diagnostics.all.map(\.message)
        #expect(found.contains("port 'out' of 'half' stands twice, and 'x1' gives it two different nodes"))
    }
}
