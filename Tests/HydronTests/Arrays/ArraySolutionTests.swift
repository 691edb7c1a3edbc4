import Foundation
import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// How arrays are solved: what the iteration does where it has a hard time, and what is kept from one solution to the next.
@Suite struct ArraySolutionTests {
    private static func agree(_ text: String, within tolerance: Double) throws -> RunResult {
        let iterated = try simulate(text)
        let factored = try simulate(text.replacing("\n.op", with: "\n.options solver=klu\n.op"))
        #expect(CrossbarTests.worst(iterated, factored) < tolerance)
        return iterated
    }

    /// Two long rows whose cells are as good as segments: far beyond what iterations are good for.
    @Test func aStallingIterationFallsBackToFactors() throws {
        let last = 999
        var lines = ["t", "v0 r[0] 0 1", "v1 r[1] 0 0.5", "x1 r[0:1] c[0:\(last)] crossbar r=1 rrow=1 rcol=1"]
        for column in 0...last { lines.append("rc\(column) c[\(column)] 0 \(column == last ? 1e-3 : 1e9)") }
        lines += [".print op v(x1.row[0][500]) v(c[0]) i(v0)", ".op", ".end"]
        let result = try Self.agree(lines.joined(separator: "\n"), within: 1e-9)
        let arrays = try #require(result.report.analyses[0].statistics.arrays)
        #expect(arrays.stalls == 1)
        #expect(
            result.report.diagnostics.all.contains {
                $0.severity == .warning && $0.message.contains("iterations over the arrays did not get on")
            })
    }

    /// Transconductances of `siemens` between neighbouring columns, which give no power and take none.
    private static func gyrators(_ siemens: Double) -> String {
        let size = 12
        var lines = ["t"]
        for i in 0..<size { lines.append("v\(i) r[\(i)] 0 \(0.1 * Double(i + 1))") }
        for j in 0..<size {
            let next = (j + 1) % size
            lines.append("rc\(j) c[\(j)] 0 1k")
            lines.append("ga\(j) c[\(j)] 0 c[\(next)] 0 \(siemens)")
            lines.append("gb\(j) c[\(next)] 0 c[\(j)] 0 \(-siemens)")
        }
        lines += [
            "x1 r[0:\(size - 1)] c[0:\(size - 1)] crossbar r={2+0.1*i+0.07*j} rrow=2 rcol=2",
            ".print op v(c[0]) v(c[5]) v(x1.col[0][3])", ".op", ".end",
        ]
        return lines.joined(separator: "\n")
    }

    /// Conjugate gradients lose their way; of very large transconductances the preconditioner leaves them little.
    @Test(arguments: [0.02, 0.5, 2, 20]) func unsymmetricCircuitsAroundArraysAreSolved(_ siemens: Double) throws {
        let result = try Self.agree(Self.gyrators(siemens), within: 1e-9)
        let arrays = try #require(result.report.analyses[0].statistics.arrays)
        #expect(arrays.stalls == 0)
        if siemens < 10 { #expect(arrays.unsymmetric >= 1) }
    }

    /// Read-out amplifiers: each column's current flows through a feedback resistor.
    @Test func amplifiersReadColumns() throws {
        let size = 12
        var lines = ["t"]
        for i in 0..<size { lines.append("v\(i) r[\(i)] 0 \(0.1 * Double(i + 1))") }
        for j in 0..<size { lines += ["e\(j) o[\(j)] 0 0 c[\(j)] 1e4", "rf\(j) o[\(j)] c[\(j)] 1k"] }
        lines += [
            "x1 r[0:\(size - 1)] c[0:\(size - 1)] crossbar r={1k+10*i+7*j} rrow=2 rcol=2",
            ".print op v(o[0]) v(o[5]) v(c[3]) v(x1.col[0][3])", ".op", ".end",
        ]
        let result = try Self.agree(lines.joined(separator: "\n"), within: 1e-9)
        #expect(result.report.analyses[0].statistics.arrays?.stalls == 0)
    }

    /// Resistors: a sweep of a row's voltage eliminates the wires once.
    @Test func manyReadsOfResistorsTakeOneElimination() throws {
        let text = """
            t
            v0 r[0] 0 0
            v1 r[1] 0 0.1
            vc c[0] 0 0
            v2 c[1] 0 0
            x1 r[0:1] c[0:1] crossbar r={1k+100*i+10*j} rrow=2 rcol=2
            .print dc i(vc) i(v2)
            .dc v0 0 1 0.05
            .end
            """
        let result = try simulate(text)
        let arrays = try #require(result.report.analyses[0].statistics.arrays)
        #expect(arrays.factorisations == 1)
        #expect(result["i(vc)"].count == 21)
    }

    /// Proton cells that only see a read's small voltages: the matrix is kept from read to read, and each is one solution.
    @Test(arguments: [".dc vr1 0 0.1 0.005", ".tran 1n 40n"]) func readsKeepTheMatrix(_ analysis: String) throws {
        let kind = analysis.hasPrefix(".dc") ? "dc" : "tran"
        let size = 6
        var lines = ["t", ".model syn proton"]
        for i in 0..<size {
            lines.append("vr\(i) r[\(i)] 0 \(i == 1 ? "dc 0 pulse(0 0.05 2n 1n 1n 30n 1)" : "0.02")")
            lines += ["vc\(i) c[\(i)] 0 0", "vg\(i) g[\(i)] 0 0"]
        }
        lines += [
            "x1 r[0:5] c[0:5] g[0:5] crossbar cell=syn x0={0.1+0.02*(i*6+j)} rrow=2 rcol=2 rgate=2",
            ".print \(kind) i(vc2) @x1[xmax]", analysis, ".end",
        ]
        let result = try simulate(lines.joined(separator: "\n"))
        let statistics = result.report.analyses[0].statistics
        let arrays = try #require(statistics.arrays)
        let points = result["i(vc2)"].count
        #expect(points > 20)
        #expect(arrays.factorisations < points / 2)
        #expect(arrays.solves <= points + 12)
        // What is read is right: 36 cells of Ohm's law.
        func conductance(_ row: Int) -> Double { 3e-9 + 97e-9 * (0.1 + 0.02 * Double(row * 6 + 2)) }
        var expected = (kind == "dc" ? 0.1 : 0.05) * conductance(1)
        for row in 0..<size where row != 1 { expected += 0.02 * conductance(row) }
        let read = result["i(vc2)"].max() ?? 0
        #expect(abs(read - expected) < 1e-3 * expected)
    }

    /// The same steps, and solutions far below any tolerance: what is left is rounding. Columns are held at 0 V and see
    /// microvolts, which tolerances of 10 V don't resolve.
    @Test func pulsesAgreeWithPlainTextToNineDigits() throws {
        let size = 32
        let options = ".options reltol=1e-10 vntol=1e-12 abstol=1e-17 trtol=1e16 itl4=100"
        let cell = { (i: Int, j: Int) in "\(0.3 + 0.01 * Double((i * 5 + j * 3) % 40))" }
        let drive = { (plane: String, index: Int) in
            plane == "gate"
                ? "pulse(0 \(index % 8 == 3 ? 10 : 0) 1n 0.2n 0.2n 3n 1)"
                : plane == "row" ? "pulse(0 \(index % 8 == 2 ? -1 : 0) 1n 0.2n 0.2n 3n 1)" : "0"
        }
        let analysis = ".tran 0.2n 5n 0 0.2n"
        func printing(_ quantities: String, _ text: String) -> String {
            text.split(separator: "\n").map { $0.hasPrefix(".print") ? ".print tran \(quantities)" : $0 }
                .joined(separator: "\n")
        }
        let array = try simulate(
            printing(
                "@x1.cell[2][3][x] @x1.cell[31][11][x] v(x1.gate[31][3]) v(x1.row[2][31])",
                CrossbarTests.element(
                    rows: size, columns: size, cells: "cell=syn x0={0.3+0.01*((i*5+j*3)%40)}", gates: true,
                    drive: drive, options: options, analysis: analysis, capacitance: 2e-16)))
        let plain = try simulate(
            printing(
                "@p2_3[x] @p31_11[x] v(g31_3) v(w2_31)",
                CrossbarTests.written(
                    rows: size, columns: size, cell: cell, gates: true, drive: drive, options: options + " solver=klu",
                    analysis: analysis, capacitance: 2e-16)))
        #expect(array["time"] == plain["time"])
        #expect((plain["@p2_3[x]"].last ?? 0) > 0.4905)
        #expect(CrossbarTests.worst(array, plain) < 1e-9)
    }

    private static func worst(_ a: Table, _ b: Table) -> Double {
        var worst = 0.0
        for column in 1..<a.header.columns.count {
            for (x, y) in [
                (a.columns[column], b.columns[column]), (a.imaginaryColumns[column], b.imaginaryColumns[column]),
            ] {
                let scale = max((b.columns[column] + b.imaginaryColumns[column]).map { abs($0) }.max() ?? 0, 1e-12)
                for (p, q) in zip(x, y) { worst = max(worst, abs(p - q) / scale) }
            }
        }
        return worst
    }

    /// Small signals along the wires of an array, against the same array written out.
    @Test(arguments: [false, true]) func smallSignalsAgreeWithPlainText(hasGates: Bool) throws {
        let drive = { (plane: String, index: Int) in
            plane == (hasGates ? "gate" : "row") && index == 1 ? "dc 1 ac 1" : index == 2 ? "0.5" : "0"
        }
        let array = try simulate(
            CrossbarTests.element(
                rows: 5, columns: 4, cells: hasGates ? "cell=syn x0={0.3+0.1*i}" : "r={20k+1k*i}", gates: hasGates,
                drive: drive, options: "", analysis: ".ac dec 3 1meg 1t", capacitance: 2e-15))
        let plain = try simulate(
            CrossbarTests.written(
                rows: 5, columns: 4, cell: { i, _ in hasGates ? "\(0.3 + 0.1 * Double(i))" : "\(20000 + 1000 * i)" },
                gates: hasGates, drive: drive, options: "", analysis: ".ac dec 3 1meg 1t", capacitance: 2e-15))
        let (mine, other) = (try #require(array.tables.last), try #require(plain.tables.last))
        #expect(mine.rowCount == other.rowCount)
        #expect(mine.header.columns.count == other.header.columns.count)
        #expect(Self.worst(mine, other) < 1e-9)
    }

    @Test func currentsOfCellsAreSmallSignals() throws {
        let result = try simulate(
            """
            t
            v0 r[0] 0 dc 1 ac 1
            v1 c[0] 0 0
            x1 r[0:0] c[0:0] crossbar r=998 rrow=1 rcol=1
            .print ac ir(v1) @x1.cell[0][0][id] @x1[gmean]
            .ac lin 1 1k 1k
            .end
            """)
        #expect(abs((result["ir(v1)"].first ?? 0) - 1e-3) < 1e-12)
    }
}
