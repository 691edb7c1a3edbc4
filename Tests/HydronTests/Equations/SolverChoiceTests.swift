import Hydron
import HydronTestSupport
import Testing

/// Which solver a netlist gets, and that the answer does not depend on it.
@Suite struct SolverChoiceTests {
    /// A crossbar with wire resistance; `extra` are more lines, `cell` the line of one cell.
    private static func crossbar(
        _ size: Int, _ extra: [String], cell: (Int, Int) -> String = Self.resistor
    ) -> String {
        var lines = ["crossbar"]
        for i in 0..<size {
            lines.append("v\(i) in\(i) 0 dc \(0.01 * Double(i % 17)) pulse(0 \(0.01 * Double(i % 17)) 1n 1n 1n 5n 1)")
            lines.append("rd\(i) in\(i) w\(i)_0 100")
            lines.append("rs\(i) b\(size - 1)_\(i) 0 100")
            for j in 0..<size {
                lines.append(cell(i, j))
                if j + 1 < size { lines.append("rw\(i)_\(j) w\(i)_\(j) w\(i)_\(j + 1) 2") }
                if i + 1 < size { lines.append("rb\(i)_\(j) b\(i)_\(j) b\(i + 1)_\(j) 2") }
            }
        }
        let ends = (0..<size).map { "v(b\(size - 1)_\($0))" }
        lines.append(".save " + (ends + ["v(w0_\(size - 1))", "i(v1)"]).joined(separator: " "))
        return (lines + extra).joined(separator: "\n") + "\n.end\n"
    }

    private static func resistor(_ i: Int, _ j: Int) -> String {
        "rc\(i)_\(j) w\(i)_\(j) b\(i)_\(j) \(50_000 + 950 * ((7 * i + 13 * j) % 1000))"
    }

    private static func values(_ result: RunResult) -> [Double] {
        result.tables.flatMap { table in table.header.columns.flatMap { table[$0.name] ?? [] } }
    }

    private static func agree(_ a: RunResult, _ b: RunResult, within tolerance: Double) -> Bool {
        let (a, b) = (values(a), values(b))
        let scale = b.map(abs).max() ?? 0
        return a.count == b.count && !a.isEmpty && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * scale }
    }

    @Test func operatingPointsOfBothSolversAgree() throws {
        let iterated = try simulate(Self.crossbar(20, [".options solver=krylov", ".op"]))
        let factored = try simulate(Self.crossbar(20, [".options solver=klu", ".op"]))
        #expect(iterated.report.analyses[0].statistics.solver.isIterative)
        #expect(!factored.report.analyses[0].statistics.solver.isIterative)
        #expect(Self.agree(iterated, factored, within: 1e-9))
    }

    @Test func transientsOfBothSolversAgree() throws {
        let load = (0..<12).map { "c\($0) b11_\($0) 0 1p" } + [".tran 1n 20n", ".options reltol=1e-4"]
        let iterated = try simulate(Self.crossbar(12, load + [".options solver=krylov"]))
        let factored = try simulate(Self.crossbar(12, load + [".options solver=klu"]))
        #expect(iterated.report.analyses[0].statistics.solver.isIterative)
        #expect(Self.agree(iterated, factored, within: 1e-9))
    }

    @Test func nonlinearUnsymmetricAndInductiveArraysAgree() throws {
        let cells: [(Int, Int) -> String] = [
            { i, j in "d\(i)_\(j) w\(i)_\(j) b\(i)_\(j) dd" },
            { i, j in Self.resistor(i, j) + "\ng\(i)_\(j) w\(i)_\(j) 0 b\(i)_\(j) 0 1u" },
            { i, j in Self.resistor(i, j) + (j == 3 && i > 0 ? "\nl\(i) b\(i)_0 x\(i) 1n\nrl\(i) x\(i) 0 1k" : "") },
            { i, j in "p\(i)_\(j) w\(i)_\(j) b\(i)_\(j) in0 syn x0=0.\(1 + (i + j) % 9)" },
        ]
        for cell in cells {
            let models = [".model dd d is=1e-9", ".model syn proton", ".op", ".options reltol=1e-6"]
            let iterated = try simulate(Self.crossbar(10, models + [".options solver=krylov"], cell: cell))
            let factored = try simulate(Self.crossbar(10, models + [".options solver=klu"], cell: cell))
            #expect(Self.agree(iterated, factored, within: 1e-9))
        }
    }

    @Test func largeArraysAreIteratedAndLaddersFactored() throws {
        let array = try simulate(Self.crossbar(52, [".op"]))
        let solver = array.report.analyses[0].statistics.solver
        #expect(solver.isIterative)
        #expect(solver.isSymmetric)
        #expect((1...10).contains(solver.iterations))
        #expect(solver.fallbacks == 0)
        #expect(Self.agree(array, try simulate(Self.crossbar(52, [".op", ".options solver=klu"])), within: 1e-9))

        var ladder = "ladder\nv1 n0 0 1\n"
        for node in 0..<6000 { ladder += "r\(node) n\(node) n\(node + 1) 1\nc\(node) n\(node + 1) 0 1p\n" }
        let report = try simulate(ladder + "r 0 n6000 1\n.op\n.save v(n6000)\n.end\n").report
        #expect(!report.analyses[0].statistics.solver.isIterative)
        #expect(report.analyses[0].statistics.solver.fallbacks == 0)
    }

    @Test func fallbacksAreWarnedOf() throws {
        // Long wires and strong cells: Λ = N √(g_cell/g_wire) is far beyond what iterations are good for.
        var text = "stubborn\nv1 a0 0 1\n"
        for node in 0..<12000 {
            text +=
                "ra\(node) a\(node) a\(node + 1) 1\nrb\(node) b\(node) b\(node + 1) 1\nrc\(node) a\(node) b\(node) 120\n"
        }
        text += "re b12000 0 1\n.options solver=krylov\n.op\n.save v(b12000)\n.end\n"
        let stubborn = try simulate(text)
        let direct = try simulate(text.replacing("krylov", with: "klu"))
        #expect(stubborn.report.analyses[0].statistics.solver.fallbacks == 1)
        #expect(
            stubborn.report.diagnostics.all.contains { $0.severity == .warning && $0.hint?.contains("klu") == true })
        #expect(direct.report.diagnostics.all.isEmpty)
        #expect(Self.agree(stubborn, direct, within: 1e-9))
    }

    @Test func unknownSolverIsRefused() {
        #expect(throws: NetlistFailure.self) {
            try simulate("t\nr1 1 0 1\nv1 1 0 1\n.options solver=magic\n.op\n.end\n")
        }
    }
}
