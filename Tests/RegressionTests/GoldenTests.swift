import HydronTools
import Testing

@Suite struct GoldenTests {
    /// Every netlist with a golden table agrees with it, by the rules of `hydron test`.
    @Test(arguments: Netlists.withGolden) func netlistAgreesWithItsGoldenTable(path: String) throws {
        var one = RegressionCase(path: path, rules: RegressionCase.Rules())
        let result = one.run()
        #expect(result.verdict == .passed, "\(path):\n\(result.messages.joined(separator: "\n"))")
    }

    @Test func everyShippedNetlistHasAGolden() {
        #expect(Netlists.good.filter { !Netlists.withGolden.contains($0) } == [])
        #expect(Netlists.withGolden.count >= 20)
    }
}
