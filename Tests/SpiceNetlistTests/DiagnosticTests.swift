import Testing

@testable import SpiceNetlist

@Suite struct DiagnosticTests {
    func render(_ text: String, _ start: Int, _ end: Int, hint: String? = nil, colour: Bool = false) -> String {
        var sources = SourceMap()
        let file = sources.addText(text, path: "a.cir")
        let range = SourceRange(file: file, start: UInt32(start), end: UInt32(end))
        return DiagnosticRenderer(sources, colour: colour).render(Diagnostic(.error, "wrong", at: range, hint: hint))
    }

    @Test func theLineIsShownWithACaret() {
        #expect(
            render("t\r\nR1 a b 1k\r\n", 8, 11, hint: "try")
                == "a.cir:2:6: error: wrong\n  R1 a b 1k\n       ^~~\nhint: try")
        #expect(render("", 0, 0) == "a.cir:1:1: error: wrong\n  \n  ^")
        #expect(render("ab", 99, 200).hasPrefix("a.cir:1:3: error: wrong"))
    }

    @Test func tabsStayAligned() {
        #expect(render("\tR1\tab", 4, 6) == "a.cir:1:5: error: wrong\n  \tR1\tab\n  \t  \t^~")
    }

    @Test func longLinesAreShownInPart() {
        let text = String(repeating: "x", count: 5000) + "HERE" + String(repeating: "y", count: 5000)
        let lines = render(text, 5000, 5004).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1].count <= 124)
        let caret = lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) } ?? 0
        #expect(Array(lines[1])[caret..<(caret + 4)] == ["H", "E", "R", "E"])
    }

    @Test func badBytesAndControlCharactersAreReplaced() {
        let text = render("R1 \u{1B}[31m é b", 3, 4)
        #expect(!text.contains("\u{1B}"))
        #expect(text.contains("é"))
        #expect(render("R1 a", 0, 2, colour: true).contains("\u{1B}[1;31merror\u{1B}[0m"))
    }

    @Test func charactersThatOnlyLookRightAreNamed() {
        #expect(render("v1 a 0 \u{2212}1", 7, 11).hasSuffix("hint: '\u{2212}' is the character U+2212; write -"))
        #expect(
            render("r1 a\u{A0}b 1k", 3, 7).hasSuffix("hint: a blank here is the character U+00A0; write a plain one"))
        #expect(render("\u{2018}2\u{2019}", 0, 7, hint: "other").contains("U+2018; write '\nhint: other"))
        // Elsewhere on the card they may stand in a comment, and µ is fine.
        #expect(!render("r1 a b ; \u{2212}", 0, 12).contains("hint"))
        #expect(!render("10\u{B5}", 0, 4).contains("hint"))
    }

    @Test func suggestionsAreNear() {
        #expect(suggestion(for: "resistnace", among: ["resistance", "reactance"]) == "resistance")
        #expect(suggestion(for: "rse", among: ["res", "foo"]) == "res")
        #expect(suggestion(for: "x", among: ["y"]) == nil)
        #expect(suggestion(for: "abcdef", among: ["zzzzzz"]) == nil)
        #expect(editDistance(Array("ab".utf8), Array("ba".utf8)) == 1)
        #expect(editDistance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    }
}
