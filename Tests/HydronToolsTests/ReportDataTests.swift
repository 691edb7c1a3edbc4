import Hydron
import Testing
import Waveforms

@testable import HydronTools

/// What a page holds of a run.
@Suite struct ReportDataTests {
    private static let stepped = """
        A divider
        .param r=1k
        v1 a 0 dc 2 pulse(2 3 1u 1u 1u 1 2)
        r1 a b {r}
        r2 b 0 1k
        .tran 1u 10u
        .op
        .step param r list 1k 3k
        .print op v(b)
        .meas tran top max v(b)
        .assert 'top > 1'
        .end

        """

    private func data(_ text: String) throws -> ReportData {
        let simulation = try #require(Simulation.load(text: text).simulation)
        let recorder = TableRecorder()
        let report = simulation.run(recorder)
        try recorder.finish()
        var data = ReportData(title: "t", state: "")
        data.add(report, statistics: "")
        data.add(operatingPointOf: simulation)
        data.add(recorder.tables)
        return data
    }

    /// A transient shows the point that it starts from, also where nothing prints it.
    @Test func everyRunShowsItsOperatingPoint() throws {
        let text = "t\nv1 a 0 3\nr1 a b 2k\nr2 b 0 1k\n.tran 1u 10u\n.print tran v(a)\n.end\n"
        let data = try data(text)
        #expect(data.operatingPoint.count == 1)
        let rows = data.operatingPoint[0]["rows"].elements ?? []
        let voltage = try #require(rows.first { $0["name"].text == "v(b)" })
        #expect(voltage["values"].elements?.first?.value == 1 && voltage["unit"].text == "V")
        #expect(rows.contains { $0["name"].text == "@r1[i]" })
        // With given conditions there is none.
        let held = try self.data(text.replacing("10u\n", with: "10u uic\n"))
        #expect(held.operatingPoint.isEmpty && held.charts.count == 1)
    }

    @Test func stepsAreNamed() throws {
        let data = try data(Self.stepped)
        #expect(data.operatingPoint.count == 2)
        #expect(data.operatingPoint[0]["title"].text?.contains("without .step") == true)
        #expect(data.operatingPoint[1]["heads"].elements?.map(\.text) == ["r=1k", "r=3k"])
        let values = data.operatingPoint[1]["rows"].elements?.first?["values"].elements?.compactMap(\.value) ?? []
        #expect(values.count == 2 && abs(values[0] - 1) < 1e-9 && abs(values[1] - 0.5) < 1e-9)
        #expect(data.limits.map { $0["step"].value } == [0, 1])
        #expect(data.limits.map { $0["values"].elements?.first?["name"].text } == ["top", "top"])
        #expect(abs((data.limits[0]["values"].elements?.first?["value"].value ?? 0) - 1.5) < 1e-6)
    }

    // MARK: Growing tables

    /// A spike one row wide stays, the length is bounded, places move by less than a group.
    @Test(arguments: [64, 1000]) func longTablesAreThinned(budget: Int) throws {
        let header = TableHeader(kind: .transient, columns: [Column("time", .time), Column("v(a)", .voltage)])
        var table = ThinnedTable(header, budget: 2 * budget)
        let count = 100_000
        let spike = 61_803
        var longest = 0
        for index in 0..<count {
            let row = [Double(index), index == spike ? 5 : index == spike + 7 ? -3 : 0.5]
            try row.withUnsafeBufferPointer { rows throws(WaveformError) in try table.append(rows) }
            if index % 1000 == 0 { longest = max(longest, table.table()?.rowCount ?? 0) }
        }
        let kept = try #require(table.table())
        #expect(longest <= budget + 2 && kept.rowCount > budget / 4)
        let (x, y) = (kept.columns[0], kept.columns[1])
        #expect(zip(x, x.dropFirst()).allSatisfy { $0 < $1 } && x.first == 0 && x.last == Double(count - 1))
        let high = try #require(y.firstIndex(of: 5))
        #expect(abs(x[high] - Double(spike)) < 4 * Double(count) / Double(kept.rowCount))
        #expect(y.firstIndex(of: -3).map { $0 > high } == true && y.filter { $0 == 0.5 }.count == y.count - 2)
    }

    @Test func stepsAndComplexRowsAreThinnedOnTheirOwn() throws {
        let header = TableHeader(
            kind: .ac, columns: [Column("frequency", .frequency), Column("v(a)", .voltage)], isComplex: true,
            stepParameters: [Column("r", .parameter)])
        var table = ThinnedTable(header, budget: 4 * 40)
        for step in 0..<3 {
            table.beginStep(index: step, parameters: [Double(step)])
            for index in 0..<500 {
                let row = [Double(index), 0, index == 250 ? 3 : 1, index == 250 ? Double(step) + 4 : 0]
                try row.withUnsafeBufferPointer { rows throws(WaveformError) in try table.append(rows) }
            }
        }
        let kept = try #require(table.table())
        #expect(kept.steps.map(\.parameters) == [[0], [1], [2]] && kept.rowCount <= 42)
        for (step, rows) in kept.steps.map(\.rows).enumerated() {
            #expect(kept.columns[0][rows].first == 0 && kept.columns[0][rows].last == 499)
            #expect(kept.columns[1][rows].contains(3) && kept.imaginaryColumns[1][rows].contains(Double(step) + 4))
        }
        // More steps than rows that it is to hold: all stay.
        var short = ThinnedTable(header, budget: 4 * 8)
        for step in 0..<100 {
            short.beginStep(index: step, parameters: [0])
            try [1, 0, 2, 0].withUnsafeBufferPointer { rows throws(WaveformError) in try short.append(rows) }
        }
        #expect(short.table()?.steps.count == 100)
    }
}

extension JSONValue {
    /// A number of either kind.
    fileprivate var value: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
}
