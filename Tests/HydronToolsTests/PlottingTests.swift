import Glibc
import HydronTools
import Testing
import Waveforms

@Suite struct PlottingTests {
    @Test func aSpikeOneSampleWideSurvives() {
        let count = 1_000_000
        let x = (0..<count).map { Double($0) * 1e-9 }
        var y = x.map { sin($0 * 1e4) }
        y[777_777] = 50
        y[123_456] = -50
        let kept = Decimation.columns(x, y, columns: 900)
        #expect(kept.count <= 4 * 901)
        #expect(kept.contains(777_777) && kept.contains(123_456))
        #expect(kept.first == 0 && kept.last == count - 1)
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// In each column of pixels the thinned curve spans what the whole one does.
    @Test(arguments: [false, true], [false, true]) func everyColumnKeepsItsRange(isLog: Bool, isFalling: Bool) {
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        var x = (0..<50_000).map { _ in 1 + 999 * random() }.sorted()
        if isFalling { x.reverse() }
        let y = x.map { _ in random() }
        let columns = 300
        let kept = Decimation.columns(x, y, columns: columns, isLog: isLog)
        func place(_ value: Double) -> Int {
            let (a, b, v) = isLog ? (log10(x[0]), log10(x[x.count - 1]), log10(value)) : (x[0], x[x.count - 1], value)
            return Int((v - a) / (b - a) * Double(columns))
        }
        func ranges(_ indices: some Sequence<Int>) -> [Int: ClosedRange<Double>] {
            var found: [Int: ClosedRange<Double>] = [:]
            for index in indices {
                let old = found[place(x[index])] ?? y[index]...y[index]
                found[place(x[index])] = min(old.lowerBound, y[index])...max(old.upperBound, y[index])
            }
            return found
        }
        let (all, thinned) = (ranges(x.indices), ranges(kept))
        // Points on a border may fall to either side of it by rounding.
        let same = all.filter { thinned[$0.key] == $0.value }.count
        #expect(same >= all.count - 3)
        #expect(kept.count < 4 * columns + 8)
    }

    @Test func gapsAndShortCurvesStay() {
        #expect(Decimation.columns([0, 1, 2], [1, .nan, 3], columns: 1) == [0, 1, 2])
        let x = (0..<1000).map(Double.init)
        var y = x
        y[500] = .nan
        #expect(Decimation.columns(x, y, columns: 10).contains(500))
        #expect(
            Decimation.columns([Double](repeating: 1, count: 100), y.prefix(100).map { $0 }, columns: 3).count == 100)
    }

    private func table() throws -> Table {
        try Table(
            header: TableHeader(
                title: "filter", kind: .ac,
                columns: [
                    Column("frequency", .frequency), Column("v(out)", .voltage), Column("v(x1.n)", .voltage),
                    Column("i(v1)", .current),
                ], isComplex: true),
            columns: [[1, 10, 100], [0, 1, -1], [1, 1, 1], [2, 2, 2]],
            imaginaryColumns: [[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]])
    }

    @Test func expressionsAreEvaluatedOverComplexColumns() throws {
        let source = WaveExpression(try table())
        #expect(try source.values("ph(v(out))").real == [90, 0, 180])
        #expect(try source.values("vm(out)").real == [1, 1, 1])
        #expect(try source.values("db(10*v(out))").real == [20, 20, 20])
        #expect(try source.values("V(out)-V(x1:n)").real == [-1, 0, -2])
        #expect(try source.values("v(out,x1.n)").imaginary == [1, 0, 0])
        let impedance = try source.values("v(out)/i(v1)")
        #expect(impedance.quantity == .resistance && impedance.real == [0, 0.5, -0.5])
        #expect(try source.values("v(out)*i(v1)").quantity == .power)
        #expect(try source.values("re(v(out))**2").real == [0, 1, 1])
        #expect(source.columns(matching: "v(*)").map(\.name) == ["v(out)", "v(x1.n)"])
        #expect(throws: WaveExpression.Failure.self) { try source.values("v(nowhere)") }
        #expect(throws: WaveExpression.Failure.self) { try source.values("v(out") }
        #expect(throws: WaveExpression.Failure.self) { try source.values("gamma(v(out))") }
    }

    @Test func complexSignalsBecomeDecibelsAndDegrees() throws {
        var request = Plot.Request()
        request.expressions = ["v(out)"]
        let plot = try Plot(try table(), request)
        #expect(plot.abscissa.isLog && plot.abscissa.unit == "Hz")
        #expect(plot.panes.map(\.axis.unit) == ["dB", "°"])
        // The phase goes on past 180° instead of jumping.
        #expect(plot.panes[1].curves[0].y == [90, 0, 180] || plot.panes[1].curves[0].y == [90, 0, -180])
        request.panes = .one
        #expect(try Plot(try table(), request).panes.count == 1)
    }

    /// Without colours a map is made of letters, two a cell where there is room; an outlier stays where cells share one.
    @Test func mapsAreDrawnAsLetters() throws {
        let small = try HeatMap(
            try NumberArray(shape: [2, 3], values: [0, 1e-6, 2e-6, 3e-6, 4e-6, .nan]), index: 0, title: "g")
        #expect(
            small.text(width: 20, height: 10)
                == "g\n+------+\n|  ::++|\n|##@@??|\n+------+\n' ' 0  '@' 4µ\n")
        var values = [Double](repeating: 1, count: 10_000)
        values[7777] = 5
        let large = try HeatMap(try NumberArray(shape: [100, 100], values: values), index: 0, title: "")
        let lines = large.text(width: 60, height: 20).split(separator: "\n")
        #expect(lines.count <= 20 && lines.allSatisfy { $0.count <= 60 })
        #expect(lines.dropLast().joined().filter { $0 == "@" }.count == 1)
        let most = Double.greatestFiniteMagnitude
        let wide = try HeatMap(try NumberArray(shape: [1, 3], values: [-most, 0, most]), index: 0, title: "")
        #expect(wide.text(width: 20, height: 10).contains("|  ++@@|"))
    }

    @Test func mapsOfStacksAreChosen() throws {
        let array = try NumberArray(shape: [2, 2, 3], values: (0..<12).map(Double.init))
        #expect(try HeatMap(array, index: -1, title: "g").values == [6, 7, 8, 9, 10, 11])
        #expect(try HeatMap(array, index: 0, title: "g").title == "g, map 1 of 2")
        #expect(throws: WaveformError.self) { try HeatMap(array, index: 2, title: "g") }
        #expect(throws: WaveformError.self) {
            try HeatMap(try NumberArray(shape: [3], values: [1, 2, 3]), index: 0, title: "")
        }
    }
}

@Suite struct ComparisonPlotTests {
    private static func table(_ time: [Double], _ values: [Double]) throws -> Table {
        try Table(
            header: TableHeader(
                title: "edge", kind: .transient, columns: [Column("time", .time), Column("v(a)", .voltage)]),
            columns: [time, values])
    }

    @Test func bothCurvesAndTheirDifferenceAreDrawn() throws {
        let gold = try Self.table([0, 1, 2], [0, 1, 4])
        let test = try Self.table([0, 2], [0, 4])
        let plot = try Plot(gold: gold, test: test, signals: ["v(a)"])
        #expect(plot.panes.count == 2)
        #expect(plot.panes[0].curves.map(\.name) == ["golden v(a)", "v(a)"])
        #expect(plot.panes[1].curves[0].x == [0, 1, 2])
        #expect(plot.panes[1].curves[0].y == [0, 1, 0])
        #expect(throws: WaveExpression.Failure.self) { try Plot(gold: gold, test: test, signals: ["v(b)"]) }
    }

    @Test func complexSignalsAreComparedInDecibelsAndDegrees() throws {
        func table(_ real: [Double], _ imaginary: [Double]) throws -> Table {
            try Table(
                header: TableHeader(
                    title: "filter", kind: .ac, columns: [Column("frequency", .frequency), Column("v(a)", .voltage)],
                    isComplex: true),
                columns: [[1, 10], real], imaginaryColumns: [[0, 0], imaginary])
        }
        let plot = try Plot(gold: try table([1, 1], [0, 0]), test: try table([10, 0], [0, 10]), signals: ["v(a)"])
        #expect(plot.panes.map(\.axis.unit) == ["dB", "dB", "°", "°"])
        #expect(plot.panes[1].curves[0].y == [20, 20])
        #expect(plot.panes[3].curves[0].y == [0, 90])
        #expect(throws: WaveExpression.Failure.self) {
            try Plot(gold: try Self.table([0], [0]), test: try Self.table([0], [0]), signals: [])
        }
    }
}
