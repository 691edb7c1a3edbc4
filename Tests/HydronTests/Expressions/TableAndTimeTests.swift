import Glibc
import SpiceNetlist
import Testing

@testable import Hydron

@Suite struct InterpolationTests {
    private let points: [(x: Double, y: Double)] = [(0, 0), (1, 1), (2, 4), (3, 2), (5, 2.5), (6, 7)]

    @Test(arguments: [
        InterpolationTable.Method.linear, .extrapolated, .smooth, .akima, .cubic, .wodicka, .barycentric,
    ])
    func curvesGoThroughTheirPointsWithTheRightSlope(_ method: InterpolationTable.Method) throws {
        let table = try #require(InterpolationTable(points, method: method))
        for point in points { #expect(abs(table.evaluate(point.x).value - point.y) < 1e-12) }
        for x in stride(from: 0.05, to: 6, by: 0.1) {
            let h = 1e-6
            let slope = (table.evaluate(x + h).value - table.evaluate(x - h).value) / (2 * h)
            #expect(abs(table.evaluate(x).slope - slope) < 1e-5 * max(1, abs(slope)))
        }
    }

    @Test func aNaturalSplineHasNoCurvatureAtItsEnds() throws {
        let table = try #require(InterpolationTable(points, method: .cubic))
        let h = 1e-5
        let curvature = (table.evaluate(2 * h).slope - table.evaluate(h).slope) / h
        #expect(abs(curvature) < 1e-2)
    }

    @Test func lagrangesPolynomialReproducesPolynomials() throws {
        let cubic = { (x: Double) in 1 - 2 * x + 0.5 * x * x * x }
        let table = try #require(
            InterpolationTable((0...7).map { (Double($0), cubic(Double($0))) }, method: .barycentric))
        for x in stride(from: 0.3, to: 7, by: 0.77) { #expect(abs(table.evaluate(x).value - cubic(x)) < 1e-9) }
    }

    @Test func outsideItsPointsATableIsFlat() throws {
        for method in [InterpolationTable.Method.linear, .akima, .cubic, .wodicka, .barycentric] {
            let table = try #require(InterpolationTable(points, method: method))
            #expect(table.evaluate(-3) == (0, 0))
            #expect(table.evaluate(9) == (7, 0))
        }
        let line = try #require(InterpolationTable([(0, 0), (1, 10)], method: .extrapolated))
        #expect(line.evaluate(1000) == (10000, 10))
    }

    /// Between two points the curve climbs or falls equally far, and its area stays.
    @Test(arguments: [false, true]) func thinnedTablesAreDenseWhereTheyAreSteep(isLogarithmic: Bool) throws {
        let pulse = (0...4000).map { (index: Int) -> (x: Double, y: Double) in
            let x = Double(index) / 4000
            return (x, 0.01 + Glibc.exp(-200 * (x - 0.4) * (x - 0.4)))
        }
        let kept = thinned(pulse, to: 100, logarithmic: isLogarithmic)
        #expect(kept.count == 100 && kept.first?.x == 0 && kept.last?.x == 1)
        func area(_ points: [(x: Double, y: Double)]) -> Double {
            zip(points, points.dropFirst()).reduce(0) { $0 + 0.5 * ($1.0.y + $1.1.y) * ($1.1.x - $1.0.x) }
        }
        #expect(abs(area(kept) / area(pulse) - 1) < 1e-12)
        let level = { (y: Double) in isLogarithmic ? Glibc.log(y) : y }
        let climbs = zip(kept, kept.dropFirst()).map { abs(level($1.y) - level($0.y)) }.sorted()
        // But around the top, where it turns between two points.
        #expect(climbs[98] / climbs[3] < 1.2, "\(climbs)")
        #expect(thinned(pulse, to: 5000, logarithmic: false).count == pulse.count)
        let flat = (0...100).map { (x: Double($0), y: 2.0) }
        #expect(thinned(flat, to: 5, logarithmic: false).map(\.x) == [0, 25, 50, 75, 100])
    }

    @Test func filesAreTablesOfTimeOrOfAnExpression() throws {
        let scope = ExpressionTestScope(.xyce)
        scope.files["a.dat"] = [(0, 0), (1, 2), (2, 0)]
        for text in ["table(\"a.dat\")", "tablefile(\"a.dat\")", "fasttable(\"a.dat\")"] {
            let program = try scope.compile(text)
            #expect(program.inputs == [.time])
            #expect(program.value([0.5]) == 1)
        }
        #expect(try scope.compile("spline(v(a), \"a.dat\")").inputs == [.unknown(1)])
        #expect(try scope.compile("table(\"a.dat\")").timeBreaks.instants == [1, 2])
        scope.files["long.dat"] = (0...200).map { (Double($0), Double($0 % 2)) }
        #expect(try scope.compile("fasttable(\"long.dat\")").timeBreaks.isEmpty)
    }
}

@Suite struct TimeBreakTests {
    private func breaks(_ text: String, count: Int) throws -> [Double] {
        let found = try ExpressionTestScope(.xyce).compile(text).timeBreaks
        var time = 0.0
        return (0..<count).map { _ in
            time = found.next(after: time)
            return time
        }
    }

    @Test func comparisonsWithTimeBreak() throws {
        #expect(try breaks("time > 1m ? 1 : 0", count: 2) == [1e-3, .infinity])
        #expect(try breaks("if(2*time - 1 < 5, v(a), 2)", count: 2) == [3, .infinity])
        #expect(try breaks("stp(time-1)+limit(time,2,3)+abs(4-time)", count: 5) == [1, 2, 3, 4, .infinity])
        #expect(try breaks("table(2*time, 0, 0, 2, 1, 6, 3)", count: 3) == [1, 3, .infinity])
        #expect(try breaks("v(a) > time", count: 1) == [.infinity])
    }

    @Test func periodicFunctionsBreakForEver() throws {
        #expect(try breaks("fmod(time, 2) + 1", count: 3) == [2, 4, 6])
        #expect(try breaks("floor(time*2)", count: 3) == [0.5, 1, 1.5])
    }

    @Test func pulsesBreakAtTheirCorners() throws {
        #expect(try breaks("spice_pulse(0, 1, 1, 0.5, 0.25, 2, 10)", count: 6) == [1, 1.5, 3.5, 3.75, 11, 11.5])
        #expect(try breaks("spice_pulse(0, 1, 1, 0.5)", count: 3) == [1, 1.5, .infinity])
        #expect(try breaks("spice_sin(0, 1, 1k, 2m)", count: 2) == [2e-3, .infinity])
        #expect(try breaks("spice_pwl(0, 0, 1, 1, 2, 0)", count: 3) == [1, 2, .infinity])
    }

    @Test func waveformsHaveTheirClosedForm() throws {
        let scope = ExpressionTestScope(.xyce)
        let pulse = try scope.compile("spice_pulse(-1, 3, 1, 0.5, 0.25, 2, 10)")
        let expected: [(Double, Double)] = [
            (0, -1), (1, -1), (1.25, 1), (1.5, 3), (3, 3), (3.625, 1), (4, -1), (11.25, 1), (13, 3), (19, -1),
        ]
        for (time, value) in expected { #expect(abs(pulse.value([time]) - value) < 1e-12, "at \(time)") }
        let sine = try scope.compile("spice_sin(1, 2, 50, 1m, 10, 30)")
        #expect(abs(sine.value([0]) - (1 + 2 * sin(.pi / 6))) < 1e-12)
        let t = 0.0123
        let phase = 2 * .pi * 50 * (t - 1e-3) + .pi / 6
        #expect(abs(sine.value([t]) - (1 + 2 * exp(-10 * (t - 1e-3)) * sin(phase))) < 1e-12)
        let exponential = try scope.compile("spice_exp(1, 2, 1, 0.5, 3, 0.25)")
        #expect(exponential.value([0.5]) == 1)
        #expect(abs(exponential.value([2]) - (2 - exp(-2))) < 1e-12)
        #expect(abs(exponential.value([4]) - (2 - exp(-6) - (1 - exp(-4)))) < 1e-12)
        let fm = try scope.compile("spice_sffm(1, 2, 100, 3, 10)")
        let angle = 2 * .pi * 100 * t + 3 * sin(2 * .pi * 10 * t)
        #expect(abs(fm.value([t]) - (1 + 2 * sin(angle))) < 1e-12)
    }
}
