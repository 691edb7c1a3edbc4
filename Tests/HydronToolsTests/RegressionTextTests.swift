import HydronTools
import SpiceNetlist
import Testing

@Suite struct RegressionTextTests {
    @Test func resultsSurviveTheWayBetweenProcesses() {
        var result = CaseResult(path: "a/b.cir", verdict: .differs, messages: ["one\ttab", "two", ""], line: 7)
        result.worst = "v(out) at 2.0: 1 × tolerance"
        result.signals = 3
        result.measurements = 2
        result.assertions = 1
        #expect(CaseResult(path: "a/b.cir", decoding: result.encoded) == result)
        #expect(CaseResult(path: "a/b.cir", decoding: String(result.encoded.dropLast(3))) == nil)
        #expect(CaseResult(path: "a/b.cir", decoding: "") == nil)
    }

    @Test func fingerprintsSeeCircuitsNotLayout() {
        func print(_ text: String, dialect: Dialect = .ngspice) -> String {
            var sources = SourceMap()
            sources.addText(text, path: "a.cir")
            return NetlistFingerprint.of(sources, dialect: dialect)
        }
        let one = print("title\nr1 a 0 1k\n.op\n.end\n")
        #expect(one == print("another title\r\n* a remark\r\n  r1  a\t0 1k \r\n\r\n.op\r\n.end"))
        #expect(one == print("title\nr1 a 0 1k ; a remark\n.op $ and another\n.end // last\n# none\n"))
        #expect(one != print("title\nr1 a 0 1k $ a remark\n.op\n.end\n", dialect: .xyce))
        #expect(print("title\n.include \"a;b\"\n") != print("title\n.include \"a\"\n"))
        #expect(one != print("title\nr1 a 0 2k\n.op\n.end\n"))
        #expect(one != print("title\n.op\nr1 a 0 1k\n.end\n"))
        #expect(one != print("title\nr1 a0 1k\n.op\n.end\n"))
        #expect(one.count == 16)
    }

    @Test func junitTellsFailuresFromErrorsAndEscapes() {
        let results = [
            CaseResult(path: "a/one.cir", verdict: .passed),
            CaseResult(path: "a/two.cir", verdict: .differs, messages: ["v(\"x\") < 1 & more", "second \u{1B}"]),
            CaseResult(path: "b/three.cir", verdict: .noSolution, messages: ["no convergence"], line: 4),
        ]
        let xml = RegressionReports(results, seconds: 1.25).junit
        #expect(xml.contains("<testsuites name=\"hydron\" tests=\"3\" failures=\"1\" errors=\"1\" time=\"1.250\">"))
        #expect(xml.contains("<testsuite name=\"a\" tests=\"2\" failures=\"1\" errors=\"0\""))
        #expect(xml.contains("message=\"v(&quot;x&quot;) &lt; 1 &amp; more\""))
        #expect(xml.contains("<error type=\"no-solution\" message=\"no convergence\">"))
        #expect(!xml.contains("\u{1B}"))
    }

    @Test func annotationsAreOneLineEach() {
        let results = [CaseResult(path: "a,b/c.cir", verdict: .assertion, messages: ["50% off", "line two"], line: 9)]
        let text = RegressionReports(results, seconds: 0)
            .githubAnnotations(workspace: nil, folder: "/w/sub")
        #expect(
            text == "::error file=a%2Cb/c.cir,line=9,title=hydron test%3A assertion::50%25 off%0Aline two\n")
    }

    @Test(arguments: [
        ("c.cir", "sub/c.cir"), ("../x/./c.cir", "x/c.cir"), ("/w/c.cir", "c.cir"),
        ("/elsewhere/c.cir", "/elsewhere/c.cir"),
        ("../../c.cir", "/c.cir"),
    ])
    func annotationsNameFilesFromTheCheckout(path: String, expected: String) {
        let text = RegressionReports([CaseResult(path: path, verdict: .differs)], seconds: 0)
            .githubAnnotations(workspace: "/w", folder: "/w/sub")
        #expect(text.hasPrefix("::error file=\(expected),line=1,"))
    }

    @Test func patternsMatchPartsOfPaths() {
        #expect(CaseSearch.matches("netlists/basics/rc-step.cir", "rc-"))
        #expect(CaseSearch.matches("netlists/basics/rc-step.cir", "basics/*step"))
        #expect(!CaseSearch.matches("netlists/basics/rc-step.cir", "rl-"))
    }

    @Test func goldenTablesStandBesideTheirNetlists() {
        #expect(RegressionCase.golden(of: "a.b/c.cir") == "a.b/c.golden.csv")
        #expect(RegressionCase.golden(of: "a.b/c") == "a.b/c.golden.csv")
    }
}
