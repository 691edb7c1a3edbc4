import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// Names with ranges and numbers in brackets.
@Suite struct BusTests {
    private static func expand(_ text: String) -> [String]? {
        let parameters = ["n": 4.0, "half": 0.5]
        return try? BusName.expand(text) { parameters[$0] }
    }

    @Test func rangesStandForTheirNames() {
        #expect(Self.expand("row[0:3]") == ["row[0]", "row[1]", "row[2]", "row[3]"])
        #expect(Self.expand("d[2:0]") == ["d[2]", "d[1]", "d[0]"])
        #expect(Self.expand("x1.row[0:1][5:6]") == ["x1.row[0][5]", "x1.row[0][6]", "x1.row[1][5]", "x1.row[1][6]"])
        #expect(Self.expand("a[n-2:n-1].b") == ["a[2].b", "a[3].b"])
        #expect(Self.expand("a[-1:n/2-1]") == ["a[-1]", "a[0]", "a[1]"])
        #expect(Self.expand("a[2*n+1]") == ["a[9]"])
    }

    @Test func otherBracketsArePartsOfNames() {
        for name in ["a", "a[3]", "a[b]", "a[]", "a[1.5]", "a[b-1]", "a[", "a]", "a[half]", "a[n-]"] {
            #expect(Self.expand(name) == [name])
        }
    }

    @Test(arguments: ["a[0:m]", "a[0:half]", "a[0:1:2]", "a[0:]", "a[:]", "a[0:1e3x]", "a[0:99999999]", "a[0:n--1]"])
    func badRangesAreMistakes(_ name: String) { #expect(Self.expand(name) == nil) }

    /// Any bytes in brackets give names or a mistake, never a trap.
    @Test func anythingInBracketsIsSurvived() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("[]:+-*/09n.ä e")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 1...12, using: &generator)).map { _ in alphabet.randomElement() ?? "[" })
            if let names = Self.expand("a" + text) { #expect(!names.isEmpty) }
        }
    }

    /// Eight dividers by buses are the same as eight written out.
    @Test func busesGiveEachElementItsOwnNode() throws {
        let result = try simulate(
            """
            t
            .param n=8
            v1 top 0 1
            r[0:n-1] top mid[0:n-1] {1k*(i+1)}
            rl[0:n-1] mid[0:n-1] 0 1k
            .print op v(mid[0:n-1]) {v(mid[0:7])*2} v(mid[n-1])
            .op
            .end
            """)
        for k in 0..<8 {
            let wanted = 1 / Double(k + 2)
            #expect(abs((result["v(mid[\(k)])"].first ?? 0) - wanted) < 1e-12)
            #expect(abs((result["{v(mid[\(k)])*2}"].first ?? 0) - 2 * wanted) < 1e-12)
        }
    }

    @Test func subcircuitsHaveBusesAsPorts() throws {
        let result = try simulate(
            """
            t
            .subckt ladder in[0:n-1] out n=2 r=1k
            r[0:n-1] in[0:n-1] out {r*(i+1)}
            rl out 0 1k
            .ends
            v[0:2] a[0:2] 0 {i+1}
            x1 a[0:2] o ladder n=3
            x2[0:2] a[0:2] 0 p[0:2] ladder
            .print op v(o) v(p[0:2]) v(x1.in[2]) v(x2[1].out)
            .op
            .end
            """)
        // Σ V_k / R_k over Σ 1 / R_k with the load.
        #expect(abs((result["v(o)"].first ?? 0) - (1 + 1 + 1) / (1 + 0.5 + 1.0 / 3 + 1)) < 1e-12)
        for k in 0..<3 {
            #expect(abs((result["v(p[\(k)])"].first ?? 0) - Double(k + 1) / 2.5) < 1e-12)
        }
        #expect(result["v(x1.in[2])"].first == 3)
        #expect(result["v(x2[1].out)"] == result["v(p[1])"])
    }

    @Test func conditionsAndControlsTakeBuses() throws {
        let result = try simulate(
            """
            t
            c[0:1] a[0:1] 0 1u
            r[0:1] a[0:1] 0 1k
            vs[0:1] b[0:1] 0 {i+1}
            rs[0:1] b[0:1] 0 1
            f[0:1] 0 d[0:1] vs[0:1] 1
            rd[0:1] d[0:1] 0 1
            b1 e 0 v=v(b[1])*2
            .ic v(a[0:1])=0.5
            .tran 1u 10u
            .save a[0:1] d[0:1] e
            .end
            """)
        for name in ["v(a[0])", "v(a[1])"] { #expect(abs((result[name].first ?? 0) - 0.5) < 1e-9) }
        #expect(abs((result["v(d[0])"].first ?? 0) + 1) < 1e-9)
        #expect(abs((result["v(d[1])"].first ?? 0) + 2) < 1e-9)
        #expect(abs((result["v(e)"].first ?? 0) - 4) < 1e-9)
    }

    @Test func eachElementDrawsItsOwnRandomNumber() throws {
        let result = try simulate("t\nv[0:9] a[0:9] 0 {agauss(0,1,1)}\n.print op v(a[0:9])\n.op\n.end")
        #expect(Set((0..<10).map { result["v(a[\($0)])"].first ?? 0 }).count == 10)
    }

    /// A range that depends on the element's own number is read anew for each.
    @Test func rangesMayDependOnTheElement() throws {
        let result = try simulate(
            "t\nv[0:2] a[0:2] 0 {i+1}\nr[0:1] a[i:i+1] 0 1k\n.print op i(r[0]) i(r[1])\n.op\n.end")
        #expect(abs((result["i(r[0])"].first ?? 0) - 1e-3) < 1e-12)
        #expect(abs((result["i(r[1])"].first ?? 0) - 3e-3) < 1e-12)
    }

    @Test func aSweepTakesOneElementOfABus() throws {
        let result = try simulate(
            "t\nv[0:1] a[0:1] 0 1\nr[0:1] a[0:1] 0 1k\n.dc v[1] 0 2 1\n.print dc v(a[0:1])\n.end")
        #expect(result["v(a[0])"] == [1, 1, 1])
        #expect(result["v(a[1])"] == [0, 1, 2])
    }

    @Test(arguments: [
        ("r[0:3] a[0:2] 0 1k", "'a[0:2]' is 3 names for 4 elements"),
        ("r1 a[0:2] 0 1k", "'a[0:2]' is 3 names, but one is wanted here"),
        ("r[0:m] a 0 1k", "no parameter 'm' for the range of 'r[0:m]'"),
        ("x1 v[0:2] s", "subcircuit 's' has 2 ports, 'x1' gives 3 nodes"),
        ("r1 v[0] 0 1k\n.print op {v(v[0:1])+v(v[0:2])}", "'v[0:1]' is 2 names and 'v[0:2]' 3"),
        ("r1 v[0] 0 1k\n.ic v(v[0:1])=1", "no node 'v[1]'"),
        ("r1 v[0] 0 1k\nb1 w 0 v=v(v[0:1])", "'v[0:1]' is 2 names, but an expression takes one"),
    ])
    func mistakesAreNamed(_ pair: (String, String)) {
        let text = "t\n.subckt s p[0:1]\nr1 p[0] p[1] 1k\n.ends\nv1 v[0] 0 1\n\(pair.0)\n.op\n.end"
        let messages = Simulation.load(text: text).diagnostics.all.map(\.message)
        #expect(messages.contains { $0.contains(pair.1) }, "\(messages)")
        #expect(messages.count { $0.contains(pair.1) } == 1)
    }
}
