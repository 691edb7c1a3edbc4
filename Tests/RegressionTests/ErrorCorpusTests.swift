import Foundation
import HydronTools
import Testing

@Suite struct ErrorCorpusTests {
    /// Netlists with mistakes say themselves what must be found in them.
    @Test(arguments: Netlists.all(below: "errors")) func mistakesAreReportedWhereTheyAre(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let problems = ExpectedFindings(in: text).check(path: path)
        #expect(problems.isEmpty, "\(path):\n\(problems.joined(separator: "\n"))")
    }

    @Test func theCorpusIsLarge() { #expect(Netlists.all(below: "errors").count >= 195) }
}
