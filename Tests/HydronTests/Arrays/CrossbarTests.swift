import Foundation
import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// The array element against the same array written out element by element, and its mistakes.
@Suite struct CrossbarTests {
    /// A crossbar in plain text: rows driven at their first cell through `lead`, columns held at their last one.
    static func written(
        rows: Int, columns: Int, cell: (Int, Int) -> String, wire: Double = 2, lead: Double = 100, gates: Bool,
        drive: (String, Int) -> String, options: String, analysis: String, capacitance: Double = 0
    ) -> String {
        var lines = ["crossbar in plain text", options, ".model syn proton"]
        for i in 0..<rows {
            lines.append("vr\(i) in\(i) 0 \(drive("row", i))")
            lines.append("rlr\(i) in\(i) w\(i)_0 \(lead)")
        }
        for j in 0..<columns {
            lines.append("vc\(j) out\(j) 0 \(drive("col", j))")
            lines.append("rlc\(j) out\(j) b\(rows - 1)_\(j) \(lead)")
            if gates {
                lines.append("vg\(j) gin\(j) 0 \(drive("gate", j))")
                lines.append("rlg\(j) gin\(j) g0_\(j) \(lead)")
            }
        }
        for i in 0..<rows {
            for j in 0..<columns {
                lines.append(
                    "\(gates ? "p" : "rc")\(i)_\(j) w\(i)_\(j) b\(i)_\(j) \(gates ? "g\(i)_\(j) syn x0=" : "")\(cell(i, j))"
                )
                if j + 1 < columns { lines.append("rw\(i)_\(j) w\(i)_\(j) w\(i)_\(j + 1) \(wire)") }
                if i + 1 < rows {
                    lines.append("rb\(i)_\(j) b\(i)_\(j) b\(i + 1)_\(j) \(wire)")
                    if gates { lines.append("rg\(i)_\(j) g\(i)_\(j) g\(i + 1)_\(j) \(wire)") }
                }
                guard capacitance > 0 else { continue }
                for plane in gates ? ["w", "b", "g"] : ["w", "b"] {
                    lines.append("c\(plane)\(i)_\(j) \(plane)\(i)_\(j) 0 \(capacitance)")
                }
            }
        }
        return
            (lines + [
                ".print \(analysis.dropFirst().prefix { $0 != " " }) v(w0_\(columns - 1)) v(b0_0) v(w\(rows - 1)_0)"
                    + " v(b\(rows / 2)_\(columns / 2))", analysis, ".end",
            ]).joined(separator: "\n")
    }

    static func element(
        rows: Int, columns: Int, cells: String, wire: Double = 2, lead: Double = 100, gates: Bool,
        drive: (String, Int) -> String, options: String, analysis: String, capacitance: Double = 0
    ) -> String {
        var lines = ["crossbar as an element", options, ".model syn proton"]
        for i in 0..<rows { lines.append("vr\(i) in[\(i)] 0 \(drive("row", i))") }
        for j in 0..<columns {
            lines.append("vc\(j) out[\(j)] 0 \(drive("col", j))")
            if gates { lines.append("vg\(j) gin[\(j)] 0 \(drive("gate", j))") }
        }
        let gateBus = gates ? " gin[0:\(columns - 1)]" : ""
        lines.append(
            "x1 in[0:\(rows - 1)] out[0:\(columns - 1)]\(gateBus) crossbar \(cells) rrow=\(wire) rcol=\(wire) rowlead=\(lead)"
                + " collead=\(lead)" + (gates ? " rgate=\(wire) gatelead=\(lead)" : "")
                + (capacitance > 0 ? " crow=\(capacitance) ccol=\(capacitance) cgate=\(capacitance)" : ""))
        return
            (lines + [
                ".print \(analysis.dropFirst().prefix { $0 != " " }) v(x1.row[0][\(columns - 1)]) v(x1.col[0][0])"
                    + " v(x1.row[\(rows - 1)][0]) v(x1.col[\(rows / 2)][\(columns / 2)])", analysis, ".end",
            ])
            .joined(separator: "\n")
    }

    static func worst(_ a: RunResult, _ b: RunResult) -> Double {
        guard let first = a.tables.last, let second = b.tables.last else { return .infinity }
        let skipped = first.header.kind == .transient ? 1 : 0
        var worst = 0.0
        for column in skipped..<first.header.columns.count {
            let (x, y) = (
                first[first.header.columns[column].name] ?? [], second[second.header.columns[column].name] ?? []
            )
            guard x.count == y.count, !x.isEmpty else { return .infinity }
            let scale = y.map { abs($0) }.max() ?? 0
            for (p, q) in zip(x, y) { worst = max(worst, abs(p - q) / max(scale, 1e-12)) }
        }
        return worst
    }

    static func volts(_ plane: String, _ index: Int) -> String {
        plane == "row" ? "\(0.01 * Double(index % 7 + 1))" : plane == "gate" ? "\(index % 3)" : "0"
    }

    @Test(arguments: [(1, 1), (1, 9), (9, 1), (5, 3), (32, 32)])
    func resistorsAgreeWithPlainText(_ size: (Int, Int)) throws {
        let cell = { (i: Int, j: Int) in "\(50_000 + 1000 * Double((i * 13 + j * 7) % 50))" }
        let plain = try simulate(
            Self.written(
                rows: size.0, columns: size.1, cell: cell, gates: false, drive: Self.volts,
                options: ".options solver=klu", analysis: ".op"))
        for solver in ["auto", "klu"] {
            let array = try simulate(
                Self.element(
                    rows: size.0, columns: size.1, cells: "r={50000+1000*((i*13+j*7)%50)}", gates: false,
                    drive: Self.volts, options: ".options solver=\(solver)", analysis: ".op"))
            #expect(Self.worst(array, plain) < 1e-11)
        }
    }

    @Test(arguments: [(1, 1), (1, 9), (9, 1)])
    func protonCellsInASingleLineAgreeWithPlainText(_ size: (Int, Int)) throws {
        let options = ".options reltol=1e-7 vntol=1e-10"
        let plain = try simulate(
            Self.written(
                rows: size.0, columns: size.1, cell: { i, j in "\(0.1 + 0.02 * Double((i * 5 + j * 3) % 40))" },
                gates: true, drive: Self.volts, options: options + " solver=klu", analysis: ".op"))
        let array = try simulate(
            Self.element(
                rows: size.0, columns: size.1, cells: "cell=syn x0={0.1+0.02*((i*5+j*3)%40)}", gates: true,
                drive: Self.volts, options: options, analysis: ".op"))
        #expect(Self.worst(array, plain) < 1e-9)
    }

    @Test func protonCellsAgreeWithPlainTextInDirectCurrent() throws {
        let options = ".options reltol=1e-7 vntol=1e-10"
        let plain = try simulate(
            Self.written(
                rows: 32, columns: 32, cell: { i, j in "\(0.1 + 0.02 * Double((i * 5 + j * 3) % 40))" }, gates: true,
                drive: Self.volts, options: options + " solver=klu", analysis: ".op"))
        let array = try simulate(
            Self.element(
                rows: 32, columns: 32, cells: "cell=syn x0={0.1+0.02*((i*5+j*3)%40)}", gates: true, drive: Self.volts,
                options: options, analysis: ".op"))
        #expect(Self.worst(array, plain) < 1e-9)
    }

    static func pulses(_ plane: String, _ index: Int) -> String {
        plane == "gate"
            ? "pulse(0 \(index == 1 ? 10 : 0) 1n 0.1n 0.1n 5n 1)"
            : plane == "row" ? "pulse(0 \(index == 2 ? -1 : 0) 1n 0.1n 0.1n 5n 1)" : "0"
    }

    static func pulsed(_ quantities: String) -> String {
        var lines = element(
            rows: 6, columns: 5, cells: "cell=syn x0=0.5", gates: true, drive: pulses, options: ".options reltol=1e-5",
            analysis: ".tran 0.1n 10n", capacitance: 2e-16
        ).split(separator: "\n").map(String.init)
        lines = lines.filter { !$0.hasPrefix(".print") }
        lines.insert(".print tran \(quantities)", at: lines.count - 1)
        return lines.joined(separator: "\n")
    }

    /// What went through the gates is what the channels gained and what was lost.
    @Test func chargeIsKept() throws {
        let result = try simulate(Self.pulsed("@x1[qg] @x1[ql] @x1[qx] @x1[xsum]"))
        let (through, lost, gained) = (result["@x1[qg]"], result["@x1[ql]"], result["@x1[qx]"])
        #expect((gained.last ?? 0) > 1e-17)
        for row in gained.indices { #expect(abs(through[row] - lost[row] - gained[row]) <= 1e-12 * 22e-15) }
        let sum = result["@x1[xsum]"]
        #expect(abs((sum.last ?? 0) - (sum.first ?? 0) - (gained.last ?? 0) / 22e-15) < 1e-9)
    }

    /// A pulse in the array moves the occupancy as it does the element's written out.
    @Test func aPulseMovesTheOccupancyAsInPlainText() throws {
        let array = try simulate(Self.pulsed("@x1[xmax] @x1[xmin]"))
        var text = Self.written(
            rows: 6, columns: 5, cell: { _, _ in "0.5" }, gates: true, drive: Self.pulses,
            options: ".options reltol=1e-5", analysis: ".tran 0.1n 10n", capacitance: 2e-16)
        text = text.split(separator: "\n").filter { !$0.hasPrefix(".print") }.joined(separator: "\n")
        let plain = try simulate(text.replacing("\n.tran", with: "\n.print tran @p2_1[x]\n.tran"))
        let (mine, other) = ((array["@x1[xmax]"].last ?? 0) - 0.5, (plain["@p2_1[x]"].last ?? 0) - 0.5)
        #expect(other > 1e-4)
        #expect(abs(mine - other) < 1e-4 * other)
    }

    @Test func resultsAreTheSameBitsForAnyNumberOfThreads() throws {
        let text = """
            a pulse in an array
            .param m=20 n=70
            .model syn proton
            vr[0:m-1] row[0:m-1] 0 pulse(0 {i%3==0 ? -10 : 0} 0.1n 0.1n 0.1n 5n 1)
            vc[0:n-1] col[0:n-1] 0 0
            vg[0:n-1] gate[0:n-1] 0 pulse(0 {i%2==0 ? 5 : 0} 0.1n 0.1n 0.1n 5n 1)
            x1 row[0:m-1] col[0:n-1] gate[0:n-1] crossbar cell=syn rrow=2 rcol=2 rgate=5 cgate=200a x0={0.3+0.4*rand()}
            .tran 0.1n 0.5n
            .print tran v(x1.gate[5][1]) v(x1.row[10][60]) @x1[xmean] @x1[eion] @x1[ed] @x1[vgcerr]
            .end
            """
        var tables: [[[Double]]] = []
        for threads in [1, 2, 3] {
            let simulation = try #require(Simulation.load(text: text, threads: threads).simulation)
            let recorder = TableRecorder()
            CrossbarGrid.$worthwhile.withValue(1) { #expect(simulation.run(recorder).failure == nil) }
            let table = try #require(recorder.tables.last)
            tables.append(table.header.columns.map { table[$0.name] ?? [] })
        }
        #expect(tables[0].count == 7 && tables[0][0].count > 3)
        #expect(tables[0] == tables[1])
        #expect(tables[0] == tables[2])
    }

    @Test func threadsShareLargeArraysOnly() throws {
        func threads(_ side: Int) throws -> Int {
            let text = """
                an array
                v1[0:\(side - 1)] row[0:\(side - 1)] 0 1
                v2[0:\(side - 1)] col[0:\(side - 1)] 0 0
                x1 row[0:\(side - 1)] col[0:\(side - 1)] crossbar r=1k
                .op
                .end
                """
            let circuit = try #require(Simulation.load(text: text, threads: 3).simulation?.circuit)
            return try EquationSystem(circuit).parallel.threads
        }
        #expect(try threads(181) == 1)
        #expect(try threads(182) == 3)
    }

    /// Random values of cells depend on the seed and the cell alone, and look as they should.
    @Test func cellsDrawTheirOwnRandomNumbers() throws {
        let text = Self.element(
            rows: 40, columns: 40, cells: "cell=syn x0={agauss(0.5,0.3,3)}", gates: true, drive: Self.volts,
            options: "", analysis: ".op"
        ).replacing("v(x1.col[0][0])", with: "@x1[xmean] @x1[xstd]")
        let result = try simulate(text)
        #expect(abs((result["@x1[xmean]"].first ?? 0) - 0.5) < 0.01)
        #expect(abs((result["@x1[xstd]"].first ?? 0) - 0.1) < 0.01)
    }

    static func message(_ card: String) -> String {
        let text = "t\n.model syn proton\n.model d d\nv1 r[0] 0 1\n\(card)\n.op\n.end"
        let loaded = Simulation.load(text: text)
        return loaded.diagnostics.all.filter { $0.severity == .error }.map(\.message).joined(separator: "\n")
    }

    @Test(arguments: [
        ("x1 r[0:3] c[0:3] crossbar r=1k rows=5", "'r[0:3]' has 4 nodes, but 'x1' has 5 rows"),
        ("x1 r[0:3] c[0:3] g[0:2] crossbar cell=syn", "'g[0:2]' has 3 nodes, but 'x1' has 4 gate lines"),
        ("x1 r[0:3] c[0:3] crossbar cell=syn", "'x1' gives 2 buses, but an array of cells with gates has 3"),
        ("x1 r[0:3] c[0:3] crossbar r=1k rrow=0", "rrow of x1 is 0 Ω: a wire needs some resistance"),
        ("x1 r[0:3] c[0:3] crossbar", "'x1' has no cells"),
        ("x1 r[0:3] c[0:3] crossbar r={i-1}", "cell [0][0] of 'x1' has -1.0 Ω"),
        ("x1 r[0:3] c[0:3] crossbar r=1k rorw=2", "'x1' has no parameter 'rorw'"),
        ("x1 r[0:3] c[0:3] g[0:3] crossbar cell=syn r=1k", "'x1' has two kinds of cells"),
        ("x1 r[0:3] c[0:3] g[0:3] crossbar cell=syn x0={2+i}", "x0 of cell [0][0] of 'x1' is 2.0"),
        ("x1 r[0:3] c[0:3] crossbar r=1k open=\"9:0\"", "9:0 is outside of the array"),
    ])
    func mistakesAreNamed(_ pair: (String, String)) { #expect(Self.message(pair.0).contains(pair.1)) }

    @Test(arguments: [
        ("1k,2k\n3k,4k\n", "cells.csv:1: '1k' is no number"),
        ("1000,2000\n3000\n", "cells.csv:2: 1 numbers, where the rows before have 2"),
        ("1000,,2000\n", "cells.csv:1: a number is missing between commas"),
        ("1000,2000\n3000,4000\n", "holds 2 × 2 numbers, but the array has 3 rows and 2 columns"),
        ("1000,2000\n3000,nan\n5000,6000\n", "cells.csv:2: column 2 holds nan"),
    ])
    func filesOfCellsAreChecked(_ pair: (String, String)) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try pair.0.write(to: folder.appendingPathComponent("cells.csv"), atomically: true, encoding: .utf8)
        let text = "t\nx1 r[0:2] c[0:1] crossbar r=\"cells.csv\"\n.op\n.end"
        let loaded = Simulation.load(text: text, path: folder.appendingPathComponent("n.cir").path)
        #expect(loaded.diagnostics.all.contains { $0.message.contains(pair.1) })
    }

    /// What comes in through the ports is what ions, channels and wires take and capacitances store.
    @Test(arguments: ["", " gateend=both rowend=both", " gates=rows"])
    func energyIsKept(_ more: String) throws {
        let quantities = "@x1[ein] @x1[ewire] @x1[estore] @x1[eion] @x1[ed]"
        let text = Self.pulsed(quantities).replacingOccurrences(of: "rgate=", with: "\(more) rgate=")
        let result = try simulate(
            more == " gates=rows"
                ? text.replacingOccurrences(of: "gin[0:4]", with: "gin[0:5]")
                    .replacingOccurrences(of: "vg4 ", with: "vg5 gin[5] 0 0\nvg4 ") : text)
        let parts = ["ewire", "estore", "eion", "ed"].map { result["@x1[\($0)]"] }
        let total = result["@x1[ein]"]
        #expect((total.last ?? 0) > 1e-16)
        for row in total.indices where total[row] > 1e-18 {
            let sum = parts.reduce(0) { $0 + $1[row] }
            #expect(abs(total[row] - sum) < 1e-6 * abs(total[row]))
        }
        // A driver of 1 V and 500 fA would show 0.5 fJ in a nanosecond.
        #expect((parts[0].last ?? 0) > 0)
    }

    @Test func energyOfResistorsIsKept() throws {
        let result = try simulate(
            """
            t
            v1 r[0] 0 pulse(0 1 1n 0.1n 0.1n 5n 1)
            v2 r[1] 0 0.5
            vc0 c[0] 0 0
            vc1 c[1] 0 0
            vc2 c[2] 0 0
            x1 r[0:1] c[0:2] crossbar r=50k rrow=2 rcol=3 crow=1f ccol=1f rowopen="1:1"
            .print tran @x1[ein] @x1[ewire] @x1[estore] @x1[ed]
            .tran 0.1n 4n
            .end
            """)
        let parts = ["ewire", "estore", "ed"].map { result["@x1[\($0)]"].last ?? 0 }
        let total = result["@x1[ein]"].last ?? 0
        #expect(abs(total - parts.reduce(0, +)) < 1e-6 * total)
        // Three cells at 1 V for 2.9 ns and the ramp, one at 0.5 V for 4 ns, but for a thousandth in the wires.
        let expected = 3.0 / 50e3 * (2.9e-9 + 0.1e-9 / 3) + 2 * 0.25 / 50e3 * 4e-9
        #expect(abs(parts[2] - expected) < 5e-3 * expected)
    }

    @Test func mapsAreTakenAtTheirTimesAndAtTheEnd() throws {
        let text = Self.pulsed("@x1.cell[2][1][x] @x1[xmax]")
            .replacingOccurrences(of: ".tran", with: ".snapshot x1 x at=0 3.3n\n.snapshot x1 x\n.tran")
        let simulation = try #require(Simulation.load(text: text).simulation)
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        #expect(report.failure == nil)
        #expect(recorder.maps.map(\.snapshot) == [0, 0, 1])
        #expect(recorder.maps[0].values == [Double](repeating: 0.5, count: 30))
        let table = try #require(recorder.tables.last)
        let times = table["time"] ?? []
        let cell = table["@x1.cell[2][1][x]"] ?? []
        let place = try #require(times.firstIndex(of: 3.3e-9))
        #expect(recorder.maps[1].values[2 * 5 + 1] == cell[place])
        #expect(recorder.maps[2].values[2 * 5 + 1] == cell.last)
        #expect((cell.last ?? 0) > 0.5005)
    }

    @Test(arguments: [
        (".snapshot x2 x", "no array 'x2'"), (".snapshot x1 q", "cells of 'x1' have no quantity 'q'"),
        (".snapshot x1", ".snapshot needs an array and a quantity"),
        (".snapshot x1 x at=1", "asks for a map at 1.0 s, but .tran ends at 1e-08 s"),
        (".snapshot x1 x at=2n 1n", "the times of .snapshot must rise"),
        (".snapshot x1 x file=\"../a.npy\"", "lies outside of the folder of results"),
        (".snapshot x1 x size=2", ".snapshot knows no 'size'"),
        (".print tran @x1.cell[7][1][x]", "'x1' has no cell [7][1]"),
        (".print tran @x1.cell[1][1][y]", "cells of 'x1' have no quantity 'y'"),
    ])
    func mistakesInMapsAreNamed(_ pair: (String, String)) {
        let text = Self.pulsed("@x1[xmax]").replacingOccurrences(of: ".tran", with: "\(pair.0)\n.tran")
        let messages = Simulation.load(text: text).diagnostics.all.map(\.message)
        #expect(messages.contains { $0.contains(pair.1) }, "\(messages)")
    }

    /// Wires of far more resistance than the cells: the iteration does not get on, and the direct solution takes over.
    @Test func aStallingIterationFallsBackWithANotice() throws {
        let text = Self.element(
            rows: 40, columns: 40, cells: "r={0.01+0.001*((i*7+j*3)%11)}", wire: 1e6, gates: false, drive: Self.volts,
            options: "", analysis: ".op")
        let stalled = try simulate(text)
        let notices = stalled.report.diagnostics.all.map(\.message)
        #expect(notices.contains { $0.contains("iterations over the arrays did not get on") }, "\(notices)")
        let direct = try simulate(
            text.replacing("crossbar in", with: "x").replacing("\n\n", with: "\n.options solver=klu\n"))
        #expect(!direct.report.diagnostics.all.contains { $0.message.contains("did not get on") })
        #expect(Self.worst(stalled, direct) < 1e-9)
    }

    @Test func aFloatingGateLineIsAnError() throws {
        let text = """
            t
            .model syn proton
            vr r[0] 0 1
            vc c[0] 0 0
            x1 r[0:0] c[0:0] g[0:0] crossbar cell=syn
            .op
            .end
            """
        let simulation = try #require(Simulation.load(text: text).simulation)
        let report = simulation.run(TableRecorder())
        #expect(report.failure?.diagnostic.message.contains("'g[0]' has no path for direct current to ground") == true)
    }

    /// Open cells conduct nothing, and a row cut behind its first cell keeps only that.
    @Test func faultsCutWhatTheyName() throws {
        let base = "x1 r[0:0] c[0:2] crossbar r=1k"
        func current(_ more: String) throws -> Double {
            let result = try simulate(
                "t\nvr r[0] 0 1\nv0 c[0] 0 0\nv1 c[1] 0 0\nv2 c[2] 0 0\n\(base) \(more)\n.print op i(vr)\n.op\n.end")
            return -(result["i(vr)"].first ?? 0)
        }
        #expect(abs(try current("rrow=1u rcol=1u") - 3e-3) < 1e-8)
        #expect(abs(try current("rrow=1u rcol=1u open=\"0:1\"") - 2e-3) < 1e-8)
        #expect(abs(try current("rrow=1u rcol=1u rowopen=\"0:0\"") - 1e-3) < 1e-8)
        #expect(abs(try current("rrow=1u rcol=1u rowend=both") - 3e-3) < 1e-8)
    }
}
