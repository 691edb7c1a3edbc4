import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// Arrays of cells that the array element does not solve itself, against the same in subcircuits or the element.
@Suite struct WrittenOutCrossbarTests {
    private static let sources = """
        vr[0:2] row[0:2] 0 {0.4+0.2*i}
        vc[0:3] col[0:3] 0 {0.02*i}
        vg[0:3] gate[0:3] 0 {1+0.5*i}
        """

    private static func text(_ models: String, _ card: String, _ print: String, _ analysis: String = ".op") -> String {
        "t\n\(models)\n\(sources)\n\(card)\n.print \(analysis.dropFirst().prefix { $0 != " " }) \(print)\n\(analysis)\n.end"
    }

    private static func nodes(_ planes: [String]) -> String {
        planes.map { "v(x1.\($0)[0:2][0:3])" }.joined(separator: " ")
    }

    /// Of all columns of two runs, relative to the largest of each.
    private static func worst(_ a: RunResult, _ b: RunResult) -> Double {
        CrossbarTests.worst(a, b)
    }

    private static let wires = "rrow=2 rcol=3 rowlead=50 collead=20 rowopen=\"1:1\" open=\"0:3 2:1\""

    /// A resistor in a subcircuit is the array element's resistor.
    @Test func cellsOfASubcircuitAreThoseOfTheElement() throws {
        let planes = Self.nodes(["row", "col"])
        let card = "x1 row[0:2] col[0:3] crossbar \(Self.wires)"
        let grid = try simulate(Self.text("", "\(card) r={50k+1k*i*j}", planes))
        let model = ".subckt cell a b value=1\nr1 a b {value}\n.ends"
        let written = try simulate(Self.text(model, "\(card) cell=cell value={50k+1k*i*j}", planes))
        #expect(Self.worst(written, grid) < 1e-11)
        let typed = try simulate(Self.text(".model rr r", "\(card) cell=rr r={50k+1k*i*j}", planes))
        #expect(Self.worst(typed, grid) < 1e-11)
    }

    /// A proton resistor in a subcircuit of three ports is the array element's proton resistor, gate lines and all.
    @Test(arguments: ["", " gates=rows", " gates=shared gateend=both"])
    func cellsWithGatesAreThoseOfTheElement(_ gates: String) throws {
        let planes = Self.nodes(["row", "col", "gate"])
        let bus = gates == "" ? "gate[0:3]" : gates == " gates=rows" ? "gate[0:2]" : "gate[1]"
        let card = "x1 row[0:2] col[0:3] \(bus) crossbar \(Self.wires) rgate=5\(gates)"
        let options = ".options reltol=1e-9 vntol=1e-12 abstol=1e-20\n.model syn proton\n"
        let grid = try simulate(Self.text(options, "\(card) cell=syn x0={0.1+0.1*i+0.05*j}", planes))
        let model = options + ".subckt cell d s g x=0.5\np1 d s g syn x0={x}\n.ends"
        let written = try simulate(Self.text(model, "\(card) cell=cell x={0.1+0.1*i+0.05*j}", planes))
        #expect(Self.worst(written, grid) < 1e-9)
    }

    /// A selector in series: the drop of a diode and the cell's resistance carry the same current.
    @Test func selectorsStandBetweenRowAndCell() throws {
        let result = try simulate(
            Self.text(
                ".model sel d(is=1e-12)", "x1 row[0:2] col[0:3] crossbar r={10k*(1+i+j)} selector=sel",
                "v(x1.row[2][1]) v(x1.mid[2][1]) v(x1.col[2][1]) i(x1.selector[2][1]) i(x1.cell[2][1])"))
        func value(_ name: String) -> Double { result[name].first ?? .nan }
        let current = value("i(x1.cell[2][1])")
        #expect(abs(value("i(x1.selector[2][1])") - current) < 1e-6 * current)
        #expect(abs((value("v(x1.mid[2][1])") - value("v(x1.col[2][1])")) / 40e3 - current) < 1e-9 * current)
        let drop = value("v(x1.row[2][1])") - value("v(x1.mid[2][1])")
        let thermal = PhysicalConstants.boltzmannOverCharge * 300.15
        #expect(abs(thermal * log1p(current / 1e-12) - drop) < 1e-4 * drop)
    }

    /// A transistor as selector has the gate lines: cells behind a gate of 0 V carry nothing.
    @Test func accessTransistorsFollowTheGateLine() throws {
        let text = Self.text(
            ".model nch nmos(vto=0.5 kp=200u)",
            "x1 row[0:2] col[0:3] gate[0:3] crossbar r=100k selector=nch", "i(x1.cell[1][0:3])"
        ).replacing("vg[0:3] gate[0:3] 0 {1+0.5*i}", with: "vg[0:3] gate[0:3] 0 {i==2 ? 3 : 0}")
        let result = try simulate(text)
        #expect(abs((result["i(x1.cell[1][2])"].first ?? 0) - (0.6 - 0.04) / 100e3) < 0.05 * 5.6e-6)
        for column in [0, 1, 3] { #expect(abs(result["i(x1.cell[1][\(column)])"].first ?? 1) < 1e-9) }
    }

    /// In time, wires with capacitance and all: the same as the element.
    @Test func wiresChargeAsThoseOfTheElement() throws {
        let card = "x1 row[0:2] col[0:3] crossbar rrow=1k rcol=1k crow=1p ccol=1p"
        let pulse = { (text: String) in
            text.replacing("vr[0:2] row[0:2] 0 {0.4+0.2*i}", with: "vr[0:2] row[0:2] 0 pulse(0 1 1n 1n 1n 10n 1)")
        }
        let print = "v(x1.row[2][3])"
        let grid = try simulate(pulse(Self.text(".options reltol=1e-6", "\(card) r=50k", print, ".tran 0.1n 30n")))
        let written = try simulate(
            pulse(
                Self.text(
                    ".options reltol=1e-6\n.model rr r", "\(card) cell=rr r=50k", print, ".tran 0.1n 30n")))
        for time in [2e-9, 5e-9, 11e-9, 20e-9] {
            let (a, b) = (
                interpolate(grid["time"], grid[print], at: time), interpolate(written["time"], written[print], at: time)
            )
            #expect(abs(a - b) < 1e-3, "\(time)")
        }
    }

    @Test func cellsDrawTheirOwnRandomNumbers() throws {
        let result = try simulate(
            Self.text(
                ".model rr r", "x1 row[0:2] col[0:3] crossbar cell=rr r={1k*(1+rand())}", "@x1.cell[0:2][0:3][r]"))
        let values = Set((result.tables.last?.header.columns ?? []).map { result[$0.name].first ?? 0 })
        #expect(values.count == 12)
    }

    @Test(arguments: [
        ("cell=core", "model 'core' is of type 'core', which can't stand between a row and a column"),
        ("cell=pch", "model 'pch' is of type 'pmos', which can't stand between"),
        ("cell=four", "subcircuit 'four' has 4 ports, but a cell of 'x1' has row, column and perhaps gate"),
        ("cell=nothing", "no model 'nothing' for the cells of 'x1'"),
        ("selector=sel", "'x1' has selectors but no cells"),
        ("r=1k selector=none", "no model 'none' for the selectors of 'x1'"),
        ("r={i-1} selector=sel", "cell [0][0] of 'x1' has -1.0 Ω"),
        ("r=1k selector=sel stuck=0.1", "'x1' can't have stuck="),
        ("cell=nch selector=nch", "cells and selectors of 'x1' both want the gate line"),
        ("cell=sel arae=2", "x1.cell[0][0] has no parameter 'arae'"),
        ("cell=nch", "'x1' gives 2 buses, but an array of cells with gates has 3: rows, columns, gates"),
        ("cell=sel\n.print op @x1[idmean]", "'x1' is written out cell by cell and has no quantities of its own"),
        ("cell=sel\n.snapshot x1 id", "'x1' is written out cell by cell: there are no maps of it"),
    ])
    func mistakesAreNamed(_ pair: (String, String)) {
        let models = """
            .model sel d
            .model core core
            .model nch nmos
            .model pch pmos
            .subckt four a b c d
            r1 a b 1k
            r2 c d 1k
            .ends
            """
        let text = Self.text(models, "x1 row[0:2] col[0:3] crossbar \(pair.0)", "v(row[0])")
        let messages = Simulation.load(text: text).diagnostics.all.map(\.message)
        #expect(messages.contains { $0.contains(pair.1) }, "\(messages)")
        #expect(messages.count { $0.contains(pair.1) } == 1)
    }
}
