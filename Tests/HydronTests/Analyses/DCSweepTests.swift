import HydronTestSupport
import SpiceNetlist
import Testing

@testable import Hydron

/// `.dc` against closed forms, and the reads of an array by both solvers.
@Suite struct DCSweepTests {
    /// Two sources, nested, a controlled one, and outputs that read the swept sources themselves: superposition, row by row.
    @Test func linearSweepsAddUp() throws {
        let result = try simulate(
            """
            t
            v1 a 0 0
            i1 0 b 0
            r1 a b 1k
            r2 b 0 3k
            e1 c 0 b 0 2
            r3 c 0 1k
            .dc v1 -1 1 0.25 i1 0 2m 0.5m
            .print dc v(a) v(b) v(c) i(v1) @i1[dc] p(r2)
            .end
            """)
        let count = 9 * 5
        #expect(result["v(b)"].count == count)
        for row in 0..<count {
            let v = -1 + 0.25 * Double(row % 9)
            let i = 0.5e-3 * Double(row / 9)
            let b = 0.75 * v + 750 * i
            #expect(result["v(a)"][row] == v)
            #expect(abs(result["v(b)"][row] - b) < 1e-12)
            #expect(abs(result["v(c)"][row] - 2 * b) < 1e-12)
            #expect(abs(result["i(v1)"][row] - (b - v) / 1000) < 1e-15)
            #expect(abs(result["@i1[dc]"][row] - i) < 1e-18)
            #expect(abs(result["p(r2)"][row] - b * b / 3000) < 1e-15)
        }
        #expect(result.report.analyses[0].statistics.points == count)
        #expect(result.report.analyses[0].statistics.solver.factorisations == 1)
    }

    /// LTspice's ways to name a parameter and its points, and a model's parameter.
    @Test(arguments: [
        (".step dec param k 1 100 1", [1.0, 10, 100]), (".step param k list 2 5", [2, 5]),
        (".step k 1 3 1", [1, 2, 3]),
        (".step r rx(r) 1 3 1", [1, 2, 3]), (".step rx:r list 4 5", [4, 5]),
    ])
    func stepsAreNamedInSeveralWays(card: String, expected: [Double]) throws {
        let result = try simulate(
            """
            t
            .param k=1
            .model rx r(r=1)
            i1 0 a 1
            r1 a b {k}
            r2 b 0 rx
            .op
            \(card)
            .print op v(a)
            .end
            """)
        // The other resistor has one ohm.
        #expect(zip(result["v(a)"], expected).allSatisfy { abs($0 - $1 - 1) < 1e-9 })
        #expect(result["v(a)"].count == expected.count)
    }

    /// A swept resistor makes another matrix for every point of the inner sweep of a source.
    @Test func sweptElementsMakeMatricesOfTheirOwn() throws {
        let result = try simulate(
            """
            t
            v1 a 0 0
            r1 a b 1k
            r2 b 0 1k
            .dc v1 1 4 1 r2 list 1k 3k
            .print dc v(b)
            .end
            """)
        let expected = [0.5, 1, 1.5, 2, 0.75, 1.5, 2.25, 3]
        #expect(zip(result["v(b)"], expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    /// The same reads of an array written as plain elements, by strong blocks and by factors.
    @Test func readsOfAnArrayAgreeWithFactors() throws {
        let (size, reads) = (8, 9)
        func text(_ solver: String) -> String {
            var lines = ["t", ".options solver=\(solver) seed=3"]
            for i in 0..<size {
                lines += ["vr\(i) r\(i)_0 0 0", "vc\(i) c\(i)_0 0 0"]
                for j in 0..<size {
                    lines.append("rr\(i)_\(j) r\(i)_\(j) r\(i)_\(j + 1) 2")
                    lines.append("rc\(i)_\(j) c\(i)_\(j) c\(i)_\(j + 1) 2")
                    lines.append("rx\(i)_\(j) r\(i)_\(j + 1) c\(j)_\(i + 1) {1/(1u+19u*rand())}")
                }
            }
            let names = (0..<size).map { "vr\($0)" }.joined(separator: " ")
            lines.append(".data reads \(names)")
            for read in 0..<reads {
                let voltages = (0..<size).map { "\(Double((read * 7 + $0 * 5) % 11) * 0.02)" }
                lines.append("+ " + voltages.joined(separator: " "))
            }
            lines += [".enddata", ".dc data=reads"]
            lines.append(".print dc " + (0..<size).map { "i(vc\($0))" }.joined(separator: " "))
            return (lines + [".end"]).joined(separator: "\n")
        }
        let iterated = try simulate(text("krylov"))
        let factored = try simulate(text("klu"))
        #expect(iterated.report.analyses[0].statistics.solver.isIterative)
        #expect(iterated.report.analyses[0].statistics.solver.factorisations == 1)
        for column in 0..<size {
            let (one, other) = (iterated["i(vc\(column))"], factored["i(vc\(column))"])
            #expect(one.count == reads)
            let largest = other.map(abs).max() ?? 0
            #expect(largest > 1e-7)
            for (a, b) in zip(one, other) { #expect(abs(a - b) < 1e-9 * largest) }
        }
    }

    /// A list of a million steps is made once, not again in each of them.
    @Test func stepsDoNotReadTheirListsAgain() throws {
        let text = """
            steps
            v1 a 0 1
            r1 a 0 {r}
            .param r=1k
            .step param r 1k 3k 1k
            .op
            .end
            """
        let simulation = try #require(Simulation.load(text: text).simulation)
        let plan = StepPlan(simulation.elaboration, .none)
        #expect(plan.count == 3)
        var diagnostics = Diagnostics()
        let step = Elaborator.elaborate(simulation.netlist, overrides: plan.overrides(2), diagnostics: &diagnostics)
        #expect(step?.steps.isEmpty == true)
        #expect(try simulate(text)["i(v1)"].map { -1 / $0 } == [1000, 2000, 3000])
    }
}
