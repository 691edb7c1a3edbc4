import Foundation
import Testing

@testable import Hydron

/// The pages under `docs` that are made from the program's tables.
@Suite struct ReferenceManualTests {
    private static let docs: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/") + "/docs"
    }()

    @Test func pagesAreUpToDate() {
        let stale = ReferencePages.all().filter { page in
            (try? String(contentsOfFile: "\(Self.docs)/\(page.path)", encoding: .utf8)) != page.text
        }
        #expect(stale.map(\.path) == [], "write them again with `make reference`")
    }

    @Test func everyElementAndAnalysisHasItsPlace() throws {
        let pages = Dictionary(uniqueKeysWithValues: ReferencePages.all().map { ($0.path, $0.text) })
        for kind in Catalog.kinds.map({ $0.description }) {
            let page = try #require(pages["devices/\(kind.letter).md"])
            #expect(page.contains("## \(kind.name)"))
            for parameter in kind.instanceParameters + kind.modelParameters {
                #expect(page.contains("| `\(parameter.name)`"), "\(kind.name): \(parameter.name)")
            }
        }
        let analyses = try #require(pages["analyses-reference.md"])
        for kind in AnalysisCatalog.kinds.map({ $0.description }) {
            for line in kind.syntax { #expect(analyses.contains(line)) }
        }
    }

    @Test func analysesAreFoundByTheirCards() {
        #expect(AnalysisReferenceManual.text(card: ".ac")?.contains(".ac dec|oct|lin points start stop") == true)
        #expect(AnalysisReferenceManual.text(card: "noise")?.contains("small-signal analysis") == true)
        #expect(AnalysisReferenceManual.text(card: ".nothing") == nil)
        #expect(AnalysisReferenceManual.text()?.contains(".tran") == true)
    }
}
