import Testing

@testable import Waveforms

@Suite struct ComparisonTests {
    private let ramp = (times: [0.0, 1, 2, 3], values: [0.0, 1, 2, 3])

    private func edge(at time: Double) throws -> Table {
        try transient([0, time, time + 1e-9, 10e-6], [0, 0, 5, 5])
    }

    @Test func sameTableAgreesExactly() throws {
        let table = try steppedAC()
        let report = compare(gold: table, test: table)
        #expect(report.agrees)
        #expect(report.worst?.maximum == 0)
        #expect(report.signals.count == 4)
    }

    @Test func otherPointsOfTheSameLineAgree() throws {
        let gold = try transient(ramp.times, ramp.values)
        let test = try transient([0, 0.3, 1.7, 2.9, 3], [0, 0.3, 1.7, 2.9, 3])
        #expect(compare(gold: gold, test: test).agrees)
    }

    @Test func worstSignalIsNamedWithItsPlace() throws {
        let gold = try transient(ramp.times, ramp.values)
        let test = try transient(ramp.times, [0, 1, 2.2, 3])
        let report = compare(gold: gold, test: test)
        #expect(!report.agrees)
        #expect(report.worst?.name == "v(out)")
        #expect(report.worst?.at == 2)
        #expect(report.worst?.gold == [2])
        #expect(report.worst?.test == [2.2])
        let expected = 0.2 / (1e-3 * 2 + 1e-6 + 1e-3 * 1e-3 * 3)
        #expect(abs((report.worst?.maximum ?? 0) - expected) < 1e-9 * expected)
        #expect(report.description.hasPrefix("v(out) at 2.0: 2.2, golden 2.0: 99.8"))
    }

    @Test func shiftedEdgeAgreesWithinTheWindowAlone() throws {
        let gold = try edge(at: 5e-6)
        var tolerance = Tolerance()
        #expect(!compare(gold: gold, test: try edge(at: 5.01e-6), tolerance: tolerance).agrees)
        tolerance.timeTolerance = 2e-8
        tolerance.grid = .union
        #expect(compare(gold: gold, test: try edge(at: 5.01e-6), tolerance: tolerance).agrees)
        #expect(compare(gold: gold, test: try edge(at: 4.99e-6), tolerance: tolerance).agrees)
        #expect(!compare(gold: gold, test: try edge(at: 5.1e-6), tolerance: tolerance).agrees)
        #expect(!compare(gold: gold, test: try edge(at: 4.9e-6), tolerance: tolerance).agrees)
    }

    @Test func theWindowDoesNotExcuseAWrongLevel() throws {
        let gold = try edge(at: 5e-6)
        let test = try transient([0, 5e-6, 5.001e-6, 10e-6], [0, 0, 4.9, 4.9])
        #expect(!compare(gold: gold, test: test, tolerance: Tolerance(timeTolerance: 1e-7)).agrees)
    }

    @Test func spikesBetweenGoldenPointsNeedTheUnion() throws {
        let gold = try transient([0, 10], [1, 1])
        let test = try transient([0, 4, 5, 6, 10], [1, 1, 9, 1, 1])
        #expect(compare(gold: gold, test: test).agrees)
        let report = compare(gold: gold, test: test, tolerance: Tolerance(grid: .union))
        #expect(!report.agrees)
        #expect(report.worst?.at == 5)
    }

    @Test func jumpsAreComparedOnBothSides() throws {
        let gold = try transient([0, 1, 1, 2], [0, 0, 1, 1])
        let test = try transient([0, 0.5, 1, 1, 2], [0, 0, 0, 1, 1])
        #expect(compare(gold: gold, test: test).agrees)
    }

    @Test func missingSignalFailsAndExtraOnesOnlyOnDemand() throws {
        let gold = try transient(ramp.times, ramp.values)
        let other = try transient(ramp.times, ramp.values, name: "v(in)")
        let report = compare(gold: gold, test: other)
        #expect(!report.agrees)
        #expect(report.missing == ["v(out)"])
        #expect(report.extra == ["v(in)"])
        let header = TableHeader(kind: .transient, columns: [timeColumn, outColumn, Column("v(in)", .voltage)])
        let more = try Table(header: header, columns: [ramp.times, ramp.values, ramp.values])
        #expect(compare(gold: gold, test: more).agrees)
        #expect(!compare(gold: gold, test: more, tolerance: Tolerance(refusesExtraSignals: true)).agrees)
    }

    @Test func notANumberNeverAgreesWithANumber() throws {
        let gold = try transient(ramp.times, ramp.values)
        let test = try transient(ramp.times, [0, .nan, 2, 3])
        for window in [0, 0.1] {
            for norm in [Tolerance.Norm.maximum, .rms] {
                let tolerance = Tolerance(timeTolerance: window, norm: norm)
                #expect(!compare(gold: gold, test: test, tolerance: tolerance).agrees)
                #expect(!compare(gold: test, test: gold, tolerance: tolerance).agrees)
                #expect(compare(gold: test, test: test, tolerance: tolerance).agrees)
            }
        }
    }

    @Test func anEarlyEndIsAProblem() throws {
        let gold = try transient(ramp.times, ramp.values)
        let report = compare(gold: gold, test: try transient([0, 1], [0, 1]))
        #expect(report.problems == ["the abscissa ends at 1.0, golden at 3.0"])
        let cut = compare(gold: try transient([0, 1], [0, 1]), test: gold)
        #expect(cut.problems == ["the golden table goes from 0.0 to 1.0 alone, this one from 0.0 to 3.0"])
        let shifted = try transient([0.2, 1, 2.8], [0.2, 1, 2.8])
        #expect(compare(gold: shifted, test: gold, tolerance: Tolerance(timeTolerance: 0.3)).agrees)
        let empty = try transient([], [])
        #expect(!compare(gold: gold, test: empty).agrees)
        #expect(!compare(gold: empty, test: gold).agrees)
        #expect(compare(gold: empty, test: empty).agrees)
    }

    @Test func tolerancesOfSignalsThatAreNotThereAreProblems() throws {
        let gold = try transient(ramp.times, ramp.values)
        let name = Column.normalized(gold.header.columns[1].name)
        let band = Tolerance.Band(relative: 1e-6)
        #expect(
            compare(gold: [gold], test: [gold], tolerance: Tolerance(signals: [.init(name: name, band: band)]))[0]
                .agrees)
        let report = compare(
            gold: [gold], test: [gold], tolerance: Tolerance(signals: [.init(name: "v(nix)", band: band)]))[0]
        #expect(report.problems == ["a tolerance is given for 'v(nix)', which the golden file lacks"])
    }

    /// What VACASK calls `out` and `v1:flow(br)` is `v(out)` and `i(v1)`, on either side.
    @Test func bareNamesFindTheirVoltages() throws {
        let bare = try Table(
            header: TableHeader(
                kind: .transient, columns: [Column("time", .time), Column("out"), Column("v1:flow(br)")]),
            columns: [[0, 1], [1, 2], [3, 4]])
        let named = try Table(
            header: TableHeader(
                kind: .transient,
                columns: [Column("time", .time), Column("i(v1)", .current), Column("v(out)", .voltage)]),
            columns: [[0, 1], [3, 4], [1, 2]])
        for (gold, test) in [(bare, named), (named, bare)] {
            let report = compare(gold: gold, test: test)
            #expect(report.agrees && report.signals.count == 2 && report.extra.isEmpty, "\(report)")
        }
    }

    @Test func bandsHoldForPatternsAndTheLastOneCounts() throws {
        let gold = try transient(ramp.times, ramp.values)
        let test = try transient(ramp.times, ramp.values.map { $0 * 1.01 })
        func agrees(_ bands: [(String, Double)]) -> Bool {
            let signals = bands.map { Tolerance.SignalBand(name: $0.0, band: Tolerance.Band(relative: $0.1)) }
            return compare(gold: [gold], test: [test], tolerance: Tolerance(signals: signals))[0].agrees
        }
        #expect(!agrees([]))
        #expect(agrees([("v(*)", 0.1)]))
        #expect(!agrees([("*", 0.1), ("v(?ut)", 1e-3)]))
        #expect(agrees([("v(out)", 1e-3), ("*t)", 0.1)]))
    }

    @Test func ignoredSignalsNeedToBeThereAndNotToBeAll() throws {
        let gold = try transient(ramp.times, ramp.values)
        func problems(_ ignored: [String]) -> [String] {
            var tolerance = Tolerance()
            tolerance.ignored = ignored
            return compare(gold: [gold], test: [gold], tolerance: tolerance)[0].problems
        }
        #expect(problems(["i(v1)"]) == ["'i(v1)' is to be ignored, but no signal has that name"])
        #expect(problems(["v(*)"]) == ["no signal is compared: all of the golden file's are ignored"])
        #expect(problems(["time"]).isEmpty)
    }

    @Test func bracketsOfNamesAreNoPatterns() {
        #expect(NamePattern("v(x[1])").matches("v(x[1])"))
        #expect(!NamePattern("v(x[1])").matches("v(x1)"))
        #expect(NamePattern("v(*]*").matches("v(x[1])"))
        #expect(!NamePattern("v(*]").matches("v(x[1])"))
        #expect(NamePattern("*").matches(""))
    }

    @Test func fallingAndNestedSweepsAreCompared() throws {
        let header = TableHeader(kind: .dcTransfer, columns: [Column("v1", .voltage), outColumn])
        func sweep(_ x: [Double], _ y: [Double]) throws -> Table { try Table(header: header, columns: [x, y]) }
        let falling = try sweep([3, 2, 1], [9, 4, 1])
        #expect(compare(gold: falling, test: try sweep([3, 2.5, 2, 1], [9, 6.5, 4, 1])).agrees)
        #expect(compare(gold: falling, test: try sweep([3, 2.5, 2, 1], [9, 6.5, 5, 1])).worst?.at == 2)
        let nested = try sweep([0, 1, 0, 1], [1, 2, 3, 4])
        #expect(compare(gold: nested, test: nested).agrees)
        #expect(compare(gold: nested, test: try sweep([0, 1, 0, 1], [1, 2, 3, 5])).worst?.at == 1)
        #expect(!compare(gold: nested, test: try sweep([0, 1, 0], [1, 2, 3])).agrees)
    }

    @Test func complexErrorsAreMagnitudes() throws {
        let header = TableHeader(
            kind: .ac, columns: [Column("frequency", .frequency), outColumn], isComplex: true)
        func table(_ im: Double) throws -> Table {
            try Table(header: header, columns: [[1], [3]], imaginaryColumns: [[0], [im]])
        }
        #expect(compare(gold: try table(4), test: try table(4.004)).agrees)
        #expect(!compare(gold: try table(4), test: try table(-4)).agrees)
    }

    /// Files that hold the same analyses in other orders, or more of them.
    @Test func tablesPairByTheirAnalysis() throws {
        func table(_ kind: TableHeader.Kind, _ abscissa: String?, _ level: Double) throws -> Table {
            let columns = (abscissa.map { [Column($0, .parameter)] } ?? []) + [Column("v(a)", .voltage)]
            let header = TableHeader(kind: kind, columns: columns)
            return try Table(header: header, columns: (abscissa == nil ? [] : [[0, 1]]) + [[level, level]])
        }
        let point = try table(.operatingPoint, nil, 1)
        let transient = try table(.transient, "time", 2)
        let small = try table(.ac, "frequency", 3)
        let open = try table(.other, "x", 4)
        #expect(pairedTables(gold: [point, transient, small], test: [small, point, transient]) == [1, 2, 0])
        #expect(pairedTables(gold: [transient], test: [point, transient, small]) == [1])
        #expect(pairedTables(gold: [transient, transient], test: [transient]) == [0, nil])
        #expect(pairedTables(gold: [open, small], test: [small, open]) == [1, 0])
        #expect(pairedTables(gold: [point], test: [transient]) == [0])
        let other = try Table(
            header: TableHeader(kind: .ac, columns: [Column("frequency", .frequency), Column("v(z)", .voltage)]),
            columns: [[0, 1], [0, 0]])
        #expect(pairedTables(gold: [point], test: [other]) == [nil])
        let all = [small, point, transient]
        func verdicts(_ gold: [Table], _ test: [Table], refusesMore: Bool = true) -> [Bool] {
            compare(gold: gold, test: test, refusesMore: refusesMore).map { $0.agrees }
        }
        #expect(verdicts([point, transient, small], all) == [true, true, true])
        #expect(verdicts([transient], all, refusesMore: false) == [true])
        #expect(verdicts([transient], all) == [true, false, false])
        #expect(verdicts([transient, transient], [transient]) == [true, false])
    }

    @Test func stepsAreComparedOneByOne() throws {
        let gold = try steppedAC()
        var parameters = gold.steps
        parameters[1].parameters[0] = 5
        let test = try Table(
            header: gold.header, columns: gold.columns, imaginaryColumns: gold.imaginaryColumns, steps: parameters)
        #expect(compare(gold: gold, test: test).problems.count == 1)
        #expect(!compare(gold: gold, test: try transient([0], [1])).agrees)
        #expect(compare(gold: [gold, gold], test: [gold]).map(\.agrees) == [true, false])
    }

    @Test func rmsForgivesWhatTheMaximumDoesNot() throws {
        let times = (0...1000).map(Double.init)
        var values = [Double](repeating: 1, count: 1001)
        let gold = try transient(times, values)
        values[500] = 1.01
        let test = try transient(times, values)
        #expect(!compare(gold: gold, test: test).agrees)
        #expect(compare(gold: gold, test: test, tolerance: Tolerance(norm: .rms)).agrees)
    }
}
