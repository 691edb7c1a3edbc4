import Testing

@testable import SpiceNetlist

@Suite struct OutputListTests {
    func read(_ text: String, _ dialect: Dialect = .ngspice) throws -> (OutputList, Netlist) {
        let netlist = try netlist(text, dialect)
        var diagnostics = Diagnostics()
        let list = netlist.outputList(netlist.top.cards[0], diagnostics: &diagnostics)
        #expect(diagnostics.all == [])
        return (list, netlist)
    }

    @Test func itemsKeepTheirHeaders() throws {
        let (list, _) = try read(".PRINT TRAN V(Out) v( a , b ) {V(1) * 2} I(v1)\n+ 'v(x)+1' @M1[Id] time")
        #expect(list.analysis == "tran")
        #expect(list.items.map(\.label) == ["v(out)", "v(a,b)", "{v(1)*2}", "i(v1)", "'v(x)+1'", "@m1[id]", "time"])
        #expect(
            list.items.map(\.expression.described)
                == ["<v out>", "<v a|b>", "(<v 1> * 2)", "<i v1>", "(<v x> + 1)", "<@ m1|id>", "time"])
    }

    @Test func xyceOptionsAreKeptApart() throws {
        let (list, netlist) = try read(
            ".print ac FORMAT=noindex file = \"Out.prn\" width=10 vr(b) x1:r1:r v(*)", .xyce)
        #expect(list.analysis == "ac")
        #expect(list.items.map(\.expression.described) == ["<vr b>", "<@ x1:r1|r>", "<v *>"])
        #expect(
            list.options.map { netlist.sources.text($0.name.range) + "=" + netlist.sources.text($0.value.range) }
                == ["FORMAT=noindex", "file=Out.prn", "width=10"])
        guard case .probe(let probe, _) = list.items[2].expression else {
            Issue.record("no probe")
            return
        }
        #expect(probe.isWildcard)
    }

    @Test func savesTakeBareNames() throws {
        let (list, _) = try read(".save all out net-1 v1#branch @r1[i] v(2)")
        #expect(list.analysis == nil)
        #expect(
            list.items.map(\.expression.described) == ["all", "out", "net-1", "<i v1>", "<@ r1|i>", "<v 2>"])
    }

    @Test func parMarksAnExpression() throws {
        let (list, _) = try read(".print dc par('v(1)*2') par(v(2))", .hspice)
        #expect(list.items.map(\.label) == ["par('v(1)*2')", "par(v(2))"])
        #expect(list.items.map(\.expression.described) == ["(<v 1> * 2)", "<v 2>"])
    }

    @Test func blanksMayStandBeforeTheParenthesis() throws {
        let (list, _) = try read(".print tran v (1) v(2)-v(3)")
        #expect(list.items.map(\.label) == ["v(1)", "v(2)-v(3)"])
    }

    @Test func badItemsAreReportedAndLeftOut() throws {
        assertDiagnoses(".print tran v(1) 1️⃣v(1,2,3) v(2)", "`v(…)` takes one or two nodes")
        assertDiagnoses(".print tran v1️⃣(1", "`(` is never closed")
        assertDiagnoses(".print tran v(1) 1️⃣= 3", "`=` is not expected here")
    }
}
