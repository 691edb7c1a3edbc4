import Glibc
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

@Suite struct BehaviouralTests {
    /// Runs a netlist and gives its only table.
    private func run(
        _ text: String, _ dialect: Dialect = .ngspice, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Table {
        let loaded = Simulation.load(text: "title\n" + text + "\n.end\n", dialect: dialect)
        let simulation = try #require(
            loaded.simulation, "\(loaded.diagnostics.all.map(\.message))", sourceLocation: sourceLocation)
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        try recorder.finish()
        #expect(report.failure == nil, sourceLocation: sourceLocation)
        return try #require(recorder.tables.first, sourceLocation: sourceLocation)
    }

    /// The value of each column in the last row, by name.
    private func last(_ text: String, _ dialect: Dialect = .ngspice) throws -> [String: Double] {
        let table = try run(text, dialect)
        var values: [String: Double] = [:]
        for (index, column) in table.header.columns.enumerated() { values[column.name] = table.columns[index].last }
        return values
    }

    private func mistakes(_ text: String) -> [String] {
        Simulation.load(text: "title\n" + text + "\n.end\n").diagnostics.all
            .filter { $0.severity == .error }.map(\.message)
    }

    @Test func linearControlledSourcesFollowTheirGain() throws {
        let found = try last(
            """
            v1 in 0 2
            rin in 0 1k
            e1 e 0 in 0 3
            re e 0 1k
            g1 0 g in 0 1m
            rg g 0 1k
            vs in s 0
            rs s 0 500
            f1 0 f vs 2
            rf f 0 1k
            h1 h 0 vs 250
            rh h 0 1k
            .op
            .print op v(e) v(g) v(f) v(h) i(e1)
            """)
        #expect(abs((found["v(e)"] ?? 0) - 6) < 1e-9)
        #expect(abs((found["v(g)"] ?? 0) - 2) < 1e-9)
        #expect(abs((found["v(f)"] ?? 0) - 8) < 1e-9)
        #expect(abs((found["v(h)"] ?? 0) - 1) < 1e-9)
        #expect(abs((found["i(e1)"] ?? 0) + 6e-3) < 1e-12)
    }

    @Test func polynomialsTablesAndExpressionsControlSources() throws {
        let found = try last(
            """
            v1 a 0 1.5
            v2 b 0 -0.5
            e1 p 0 poly(2) a 0 b 0 1 2 3 4 5 6
            rp p 0 1k
            e2 t 0 table {v(a)} = (0,0) (1,10) (2,30)
            rt t 0 1k
            e3 x 0 value={v(a)*v(b)}
            rx x 0 1k
            g1 0 y cur='v(a)/1k'
            ry y 0 1k
            b1 z 0 v=v(a)>1 ? v(b)**2 : 0
            rz z 0 1k
            .op
            .print op v(p) v(t) v(x) v(y) v(z)
            """)
        let (x, y) = (1.5, -0.5)
        #expect(abs((found["v(p)"] ?? 0) - (1 + 2 * x + 3 * y + 4 * x * x + 5 * x * y + 6 * y * y)) < 1e-9)
        #expect(abs((found["v(t)"] ?? 0) - 20) < 1e-9)
        #expect(abs((found["v(x)"] ?? 0) + 0.75) < 1e-9)
        #expect(abs((found["v(y)"] ?? 0) - 1.5) < 1e-9)
        #expect(abs((found["v(z)"] ?? 0) - 0.25) < 1e-9)
    }

    @Test func currentsOfElementsTakePartInNewtonsIteration() throws {
        // i = 1 A + 0.5·i(r1)³ with r1 = 1 Ω carrying all of it: i − 0.5 i³ = 0.4.
        let found = try last(
            """
            b1 0 a i=0.4 + 0.5*i(r1)**2*i(r1)
            r1 a 0 1
            b2 0 c i=2*i(b3)
            r2 c 0 1
            b3 0 d i=v(d2)*1
            r3 d 0 1
            v4 d2 0 0.25
            r4 d2 0 1
            .op
            .print op v(a) v(c)
            """)
        let i = found["v(a)"] ?? 0
        #expect(abs(i - 0.4 - 0.5 * i * i * i) < 1e-6)
        #expect(abs((found["v(c)"] ?? 0) - 0.5) < 1e-6)
    }

    @Test func aCurrentMadeOfItselfIsAnError() throws {
        let own = mistakes("b1 0 a i=0.1 + 0.5*i(b1)\nr1 a 0 1\n.op")
        #expect(own.first?.contains("depends on that of") == true)
        let pair = mistakes("b1 0 a i=i(b2)\nb2 0 b i=i(b1)\nr1 a 0 1\nr2 b 0 1\n.op")
        #expect(pair.first?.contains("depends on that of") == true)
    }

    @Test func multipliersAndTemperatureCoefficientsCount() throws {
        let found = try last(
            """
            .temp 37
            .options tnom=27
            v1 c 0 1
            i1 0 a 1
            r1 a 0 r={2+0*v(c)+v(c)} m=3
            i2 0 b 1
            b2 b 0 r={10*v(c)} tc1=0.1
            b3 d 0 v=v(c) tc1=0.01 tc2=0.001
            r3 d 0 1k
            b4 0 e i=v(c)*1m m=2
            r4 e 0 1k
            .op
            .print op v(a) v(b) v(d) v(e)
            """)
        #expect(abs((found["v(a)"] ?? 0) - 1) < 1e-9)
        #expect(abs((found["v(b)"] ?? 0) - 20) < 1e-9)
        #expect(abs((found["v(d)"] ?? 0) - 1.2) < 1e-9)
        #expect(abs((found["v(e)"] ?? 0) - 2) < 1e-9)
    }

    @Test func derivativesAndIntegralsFollowTheSolution() throws {
        let table = try run(
            """
            v1 a 0 sin(0 1 1k)
            ra a 0 1k
            b1 d 0 v=ddt(v(a))
            rd d 0 1k
            b2 s 0 v=sdt(v(a))
            rs s 0 1k
            .tran 1u 1m 0 2u
            .print tran v(d) v(s)
            """)
        let omega = 2000 * Double.pi
        var worst = (0.0, 0.0)
        for row in 0..<table.rowCount {
            let t = table.columns[0][row]
            if t > 1e-5 { worst.0 = max(worst.0, abs(table.columns[1][row] / omega - cos(omega * t))) }
            worst.1 = max(worst.1, abs(table.columns[2][row] * omega - (1 - cos(omega * t))))
        }
        #expect(worst.0 < 1e-2)
        #expect(worst.1 < 1e-2)
    }

    @Test func timeStepsEndWhereExpressionsBreak() throws {
        let table = try run(
            """
            b1 a 0 v=time > 1.2345m ? 1 : 0
            r1 a b 1k
            c1 b 0 1u
            .tran 100u 5m
            .print tran v(b)
            """)
        #expect(table.columns[0].contains { abs($0 - 1.2345e-3) < 1e-12 })
        for row in 0..<table.rowCount {
            let t = table.columns[0][row]
            let expected = t < 1.2345e-3 ? 0 : 1 - exp(-(t - 1.2345e-3) / 1e-3)
            #expect(abs(table.columns[1][row] - expected) < 3e-3)
        }
    }

    @Test func capacitancesAndChargesThatVaryAgree() throws {
        // q = 1u·v + 0.5u·v²: C(v) = 1u + 1u·v.
        let table = try run(
            """
            v1 in 0 sin(0.5 0.4 1k)
            r1 in a 100
            c1 a 0 q={1u*v(a) + 0.5u*v(a)*v(a)}
            r2 in b 100
            c2 b 0 c={1u + 1u*v(b)}
            .tran 1u 2m 0 2u
            .print tran v(a) v(b)
            """)
        for row in 0..<table.rowCount { #expect(abs(table.columns[1][row] - table.columns[2][row]) < 2e-3) }
    }

    @Test func manyInputsHaveAnExactJacobian() throws {
        // A sum of squares of twenty nodes, each with its own divider: Newton needs every slope.
        var text = ""
        for index in 1...20 { text += "r\(index) x n\(index) 1\nq\(index) n\(index) 0 2\n" }
        text = text.replacing("q", with: "rg")
        let sum = (1...20).map { "v(n\($0))**2" }.joined(separator: "+")
        text += "b1 0 x i=4 - 0.01*(\(sum))\n.op\n.print op v(x)"
        let v = try last(text)["v(x)"] ?? 0
        // 20·v/3 = 4 − 0.01·20·(2v/3)²
        #expect(abs(20 * v / 3 - (4 - 0.2 * (2 * v / 3) * (2 * v / 3))) < 1e-6)
    }

    @Test func smoothedVoltagesFollowThroughAnRCFilter() throws {
        let table = try run(
            """
            b1 a 0 v={time > 1u ? 1 : 0} smoothbsrc=1 rcconst=1u
            r1 a 0 1k
            .tran 10n 6u 0 10n
            .print tran v(a)
            """, .xyce)
        for row in 0..<table.rowCount {
            let t = table.columns[0][row]
            let expected = t < 1e-6 ? 0 : 1 - exp(-(t - 1e-6) / 1e-6)
            #expect(abs(table.columns[1][row] - expected) < 2e-3, "at \(t)")
        }
    }

    @Test func sourcesOfTimeAloneLeaveACircuitLinear() throws {
        let loaded = Simulation.load(text: "title\nb1 a 0 v=sin(time)\nr1 a 0 1k\n.op\n.end\n")
        let system = try EquationSystem(try #require(loaded.simulation).circuit)
        #expect(system.isLinear)
    }
}
