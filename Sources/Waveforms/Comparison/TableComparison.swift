/// Compares a table with the golden one, signal by signal.
///
/// Rows are compared one by one where both tables have the same abscissae, or none. Else both have to be monotonic and
/// the test table is interpolated linearly at the golden points; where it jumps (two rows at one abscissa) the value
/// nearer to the golden one counts. Both have to cover the same range.
///
/// The norms of the error e over the abscissa x: max |e| and √(∫e² dx / ∫dx).
public func compare(gold: Table, test: Table, tolerance: Tolerance = Tolerance()) -> ComparisonReport {
    TableComparison(gold: gold, test: test, tolerance: tolerance).report()
}

/// For each golden table the place of the test's table of the same analysis: the first that no other has taken. Programs
/// write their analyses in orders of their own, and a file may hold more than the golden one. Tables without a
/// partner of their analysis, which not every format tells, pair by their abscissa.
public func pairedTables(gold: [Table], test: [Table]) -> [Int?] {
    var free = Array(test.indices)
    var pairs = [Int?](repeating: nil, count: gold.count)
    func pair(_ fits: (Table, Table) -> Bool) {
        for place in gold.indices where pairs[place] == nil {
            guard let found = free.firstIndex(where: { fits(gold[place], test[$0]) }) else { continue }
            pairs[place] = free.remove(at: found)
        }
    }
    func abscissa(_ table: Table) -> String? {
        table.header.abscissa.map { Column.normalized(table.header.columns[$0].name) }
    }
    func names(_ table: Table) -> Set<String> { Set(table.header.columns.map { Column.normalized($0.name) }) }
    // The same columns at the same place are the same table, whatever a reader took its analysis for.
    for place in gold.indices where test.indices.contains(place) && names(gold[place]) == names(test[place]) {
        pairs[place] = place
        free.removeAll { $0 == place }
    }
    pair { $0.header.kind == $1.header.kind && abscissa($0) == abscissa($1) }
    pair { $0.header.kind == $1.header.kind }
    pair { abscissa($0) == abscissa($1) }
    // A sweep of one point reads like an operating point.
    pair { !names($0).isDisjoint(with: names($1)) }
    return pairs
}

/// Compares each golden table with the test's of the same analysis, in the golden order. One without a partner is a problem
/// of its report.
///
/// - Parameter refusesMore: tables that the golden file lacks are reported as problems behind the others.
public func compare(
    gold: [Table], test: [Table], tolerance: Tolerance = Tolerance(), refusesMore: Bool = true
) -> [ComparisonReport] {
    let pairs = pairedTables(gold: gold, test: test)
    var reports = zip(gold, pairs).enumerated().map { at, pair in
        pair.1.map { compare(gold: pair.0, test: test[$0], tolerance: tolerance) }
            ?? ComparisonReport(problems: ["there is no table \(at + 1) (\(pair.0.header.plotName))"])
    }
    if !reports.isEmpty {
        reports[0].problems += unheeded(tolerance, gold, test)
        if reports.allSatisfy({ $0.agrees && $0.signals.isEmpty }) {
            reports[0].problems.append("no signal is compared: all of the golden file's are ignored")
        }
    }
    guard refusesMore else { return reports }
    for place in test.indices where !pairs.contains(place) {
        reports.append(
            ComparisonReport(problems: ["the golden file has no table \(place + 1) (\(test[place].header.plotName))"]))
    }
    return reports
}

/// Names in a tolerance that no signal has: whoever wrote them takes them for kept.
private func unheeded(_ tolerance: Tolerance, _ gold: [Table], _ test: [Table]) -> [String] {
    func names(_ tables: [Table]) -> Set<String> {
        Set(tables.flatMap { $0.header.columns.map { Column.normalized($0.name) } })
    }
    let known = names(gold)
    var problems: [String] = []
    for signal in tolerance.signals where !known.contains(where: NamePattern(signal.name).matches) {
        problems.append("a tolerance is given for '\(signal.name)', which the golden file lacks")
    }
    let all = known.union(names(test))
    for name in tolerance.ignored where !all.contains(where: NamePattern(Column.normalized(name)).matches) {
        problems.append("'\(name)' is to be ignored, but no signal has that name")
    }
    return problems
}

private struct TableComparison {
    let gold: Table
    let test: Table
    let tolerance: Tolerance

    func report() -> ComparisonReport {
        var report = ComparisonReport()
        let pairs = pairedColumns(&report)
        let goldBlocks = gold.blocks
        let testBlocks = test.blocks
        if goldBlocks.count != testBlocks.count {
            report.problems.append("\(testBlocks.count) steps, golden \(goldBlocks.count)")
            return report
        }
        for block in goldBlocks.indices {
            compareParameters(block, &report)
            compareBlock(block, goldBlocks[block], testBlocks[block], pairs, &report)
        }
        return report
    }

    /// Columns of one name; where there is none, of one name in the spelling common to all programs.
    private func pairedColumns(_ report: inout ComparisonReport) -> [(gold: Int, test: Int)] {
        var exact: [String: Int] = [:]
        var common: [String: Int] = [:]
        for (index, column) in test.header.columns.enumerated() where index != test.header.abscissa {
            exact[Column.normalized(column.name)] = index
            common[column.commonName] = index
        }
        var pairs: [(gold: Int, test: Int)] = []
        var left = Set(exact.values)
        for (index, column) in gold.header.columns.enumerated() where index != gold.header.abscissa {
            let name = Column.normalized(column.name)
            if let found = exact[name] ?? common[column.commonName] ?? exact[Self.otherName(column, name)] {
                left.remove(found)
                if !tolerance.ignores(name) { pairs.append((index, found)) }
            } else if test.header.abscissa.map({ Column.normalized(test.header.columns[$0].name) }) != name,
                !tolerance.ignores(name)
            {
                report.missing.append(name)
            }
        }
        report.extra = left.sorted().map { Column.normalized(test.header.columns[$0].name) }
            .filter { !tolerance.ignores($0) }
        if tolerance.refusesExtraSignals && !report.extra.isEmpty {
            report.problems.append("signals that the golden table lacks: \(report.extra.joined(separator: ", "))")
        }
        return pairs
    }

    /// Programs that tell no quantities name voltages by their nodes alone, `out` for `v(out)`.
    private static func otherName(_ column: Column, _ name: String) -> String {
        if column.quantity == .notype, !name.contains("("), !name.hasPrefix("@") { return "v(\(name))" }
        return name.hasPrefix("v(") && name.hasSuffix(")") ? String(name.dropFirst(2).dropLast()) : name
    }

    private func compareParameters(_ block: Int, _ report: inout ComparisonReport) {
        guard block < gold.steps.count, block < test.steps.count else { return }
        let (gold, test) = (gold.steps[block].parameters, test.steps[block].parameters)
        // Files without parameters number their steps instead, and not all from 0.
        if self.gold.header.stepParameters.map(\.name) != self.test.header.stepParameters.map(\.name) { return }
        if self.gold.header.stepParameters.first?.quantity == .step { return }
        for (g, t) in zip(gold, test) where !((g - t).magnitude <= 1e-9 * g.magnitude) {
            report.problems.append("step \(block + 1) has the parameters \(test), golden \(gold)")
            return
        }
    }

    private func compareBlock(
        _ block: Int, _ goldRows: Range<Int>, _ testRows: Range<Int>, _ pairs: [(gold: Int, test: Int)],
        _ report: inout ComparisonReport
    ) {
        let place = gold.steps.isEmpty ? "" : "step \(gold.steps[block].index): "
        let goldX = gold.abscissa.map { Array($0[goldRows]) }
        let testX = test.abscissa.map { Array($0[testRows]) }
        var grid: Interpolation?
        if !rowsAgree(goldX, testX, goldRows.count, testRows.count) {
            guard let goldX, let testX else {
                report.problems.append("\(place)\(testRows.count) rows, golden \(goldRows.count)")
                return
            }
            let slack = tolerance.timeTolerance
            do throws(WaveformError) {
                grid = try Interpolation(gold: goldX, test: testX, slack: slack)
            } catch {
                report.problems.append(place + error.description)
                return
            }
        }
        for pair in pairs {
            var signal = errors(pair, goldRows, testRows, goldX, testX, grid)
            signal.step = gold.steps.isEmpty ? nil : gold.steps[block].index
            report.signals.append(signal)
        }
    }

    /// Whether both tables have the same points.
    private func rowsAgree(_ goldX: [Double]?, _ testX: [Double]?, _ goldCount: Int, _ testCount: Int) -> Bool {
        if goldCount != testCount { return false }
        if goldCount == 0 { return true }
        guard let goldX, let testX else { return true }
        // An edge that has moved on the same points still needs the neighbours.
        if tolerance.timeTolerance > 0 && Interpolation.isMonotonic(goldX) && Interpolation.isMonotonic(testX) {
            return false
        }
        return zip(goldX, testX).allSatisfy { ($0 - $1).magnitude <= 1e-9 * max($0.magnitude, $1.magnitude) }
    }

    private func errors(
        _ pair: (gold: Int, test: Int), _ goldRows: Range<Int>, _ testRows: Range<Int>, _ goldX: [Double]?,
        _ testX: [Double]?, _ grid: Interpolation?
    ) -> ComparisonReport.Signal {
        let column = gold.header.columns[pair.gold]
        let g = Samples(gold, pair.gold, goldRows)
        let t = Samples(test, pair.test, testRows)
        let isComplex = g.imaginary != nil || t.imaginary != nil
        let band = tolerance.band(for: column)
        let peak = (0..<g.count).reduce(0.0) { max($0, g.magnitude($1).isFinite ? g.magnitude($1) : 0) }
        let floor = band.absolute + band.relative * band.peakFraction * peak

        func error(_ g: Complex, _ t: Complex) -> Double {
            if g.matches(t) { return 0 }
            let distance = Complex(re: t.re - g.re, im: t.im - g.im).magnitude
            let scaled = distance / (band.relative * g.magnitude + floor)
            return scaled.isNaN || !g.isFinite ? .infinity : scaled
        }

        var norm = NormAccumulator()
        if let grid {
            for at in 0..<g.count {
                let x = grid.gold[at]
                let value = g[at]
                let tested = t.interpolated(grid.test, x, near: value)
                var deviation = error(value, tested)
                if deviation > 1 && tolerance.timeTolerance > 0 && !isComplex && value.isFinite {
                    let span = t.range(grid.test, x - tolerance.timeTolerance, x + tolerance.timeTolerance)
                    let nearest = Complex(re: min(max(value.re, span.low), span.high), im: 0)
                    deviation = min(deviation, span.isFinite ? error(value, nearest) : .infinity)
                }
                norm.add(x, deviation, value, tested)
            }
            if tolerance.grid == .union {
                var other = NormAccumulator()
                for at in 0..<t.count where grid.covers(grid.test[at]) {
                    let x = grid.test[at]
                    let tested = t[at]
                    let value = g.interpolated(grid.gold, x, near: tested)
                    var deviation = error(value, tested)
                    if deviation > 1 && tolerance.timeTolerance > 0 && !isComplex && tested.isFinite {
                        let span = g.range(grid.gold, x - tolerance.timeTolerance, x + tolerance.timeTolerance)
                        let nearest = Complex(re: min(max(tested.re, span.low), span.high), im: 0)
                        deviation = min(deviation, span.isFinite ? error(nearest, tested) : .infinity)
                    }
                    other.add(x, deviation, value, tested)
                }
                if other.maximum > norm.maximum || other.rms > norm.rms {
                    let rms = max(norm.rms, other.rms)
                    if other.maximum > norm.maximum { norm = other }
                    norm.forcedRMS = rms
                }
            }
        } else {
            let abscissa = goldX ?? (0..<g.count).map(Double.init)
            for at in 0..<g.count { norm.add(abscissa[at], error(g[at], t[at]), g[at], t[at]) }
        }

        let isReversed = grid?.isReversed ?? false
        return ComparisonReport.Signal(
            name: Column.normalized(column.name), step: nil, rms: norm.rms, maximum: norm.maximum,
            at: isReversed ? -norm.at : norm.at, gold: norm.gold.parts(isComplex), test: norm.test.parts(isComplex),
            agrees: (tolerance.norm == .maximum ? norm.maximum : norm.rms) <= 1)
    }
}

private struct Complex {
    var re: Double
    var im: Double

    var magnitude: Double { im == 0 ? re.magnitude : (re * re + im * im).squareRoot() }
    var isFinite: Bool { re.isFinite && im.isFinite }

    func parts(_ isComplex: Bool) -> [Double] { isComplex ? [re, im] : [re] }

    /// Equal, or both not a number.
    func matches(_ other: Complex) -> Bool {
        (re == other.re || re.isNaN && other.re.isNaN) && (im == other.im || im.isNaN && other.im.isNaN)
    }
}

/// The abscissae of two tables that have different points, both rising.
private struct Interpolation {
    var gold: [Double]
    var test: [Double]
    /// Both fell: they are held with the opposite sign.
    var isReversed = false

    static func isMonotonic(_ x: [Double]) -> Bool {
        let isFalling = (x.last ?? 0) < (x.first ?? 0)
        return zip(x, x.dropFirst()).allSatisfy { isFalling ? $0 >= $1 : $0 <= $1 }
    }

    init(gold: [Double], test: [Double], slack: Double) throws(WaveformError) {
        guard let first = gold.first, let last = gold.last else { throw .shape("the golden table has no rows") }
        guard !test.isEmpty else { throw .shape("there are no rows") }
        if !Self.isMonotonic(gold) || !Self.isMonotonic(test) {
            throw .shape("\(test.count) rows, golden \(gold.count), and the abscissa goes back and forth")
        }
        isReversed = last < first
        self.gold = isReversed ? gold.map { -$0 } : gold
        self.test = isReversed || (test.last ?? 0) < (test.first ?? 0) ? test.map { -$0 } : test
        if Self.isFalling(test) != isReversed && test.count > 1 && gold.count > 1 {
            throw .shape("the abscissa runs the other way")
        }
        let low = self.gold[0]
        let high = self.gold[gold.count - 1]
        let room = slack + 1e-9 * max(high - low, low.magnitude, high.magnitude)
        if self.test[0] > low + room { throw .shape("the abscissa starts at \(test[0]), golden at \(first)") }
        if self.test[test.count - 1] < high - room {
            throw .shape("the abscissa ends at \(test[test.count - 1]), golden at \(last)")
        }
        // Nobody looked at what lies outside of a golden table that was cut short.
        if self.test[0] < low - room || self.test[test.count - 1] > high + room {
            throw .shape(
                "the golden table goes from \(first) to \(last) alone, this one from \(test[0]) to \(test[test.count - 1])"
            )
        }
    }

    private static func isFalling(_ x: [Double]) -> Bool { (x.last ?? 0) < (x.first ?? 0) }

    func covers(_ x: Double) -> Bool { x >= gold[0] && x <= gold[gold.count - 1] }
}

/// One signal's values in one step.
private struct Samples {
    var real: ArraySlice<Double>
    var imaginary: ArraySlice<Double>?

    init(_ table: Table, _ column: Int, _ rows: Range<Int>) {
        real = table.columns[column][rows]
        if table.header.hasImaginaryPart(column) { imaginary = table.imaginaryColumns[column][rows] }
    }

    var count: Int { real.count }

    subscript(at: Int) -> Complex {
        Complex(
            re: real[real.startIndex + at], im: imaginary.map { $0[$0.startIndex + at] } ?? 0)
    }

    func magnitude(_ at: Int) -> Double { self[at].magnitude }

    /// First index whose abscissa is not below x (or, with `after`, is above it).
    private func bound(_ xs: [Double], _ x: Double, after: Bool = false) -> Int {
        var low = 0
        var high = xs.count
        while low < high {
            let middle = (low + high) / 2
            if xs[middle] < x || after && xs[middle] == x { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Value at x, held beyond the ends; at a jump the one nearest to `wanted`.
    func interpolated(_ xs: [Double], _ x: Double, near wanted: Complex) -> Complex {
        let low = bound(xs, x)
        if low < xs.count, xs[low] == x {
            var best = self[low]
            var at = low + 1
            while at < xs.count, xs[at] == x {
                let other = self[at]
                let distance = Complex(re: other.re - wanted.re, im: other.im - wanted.im).magnitude
                if distance < Complex(re: best.re - wanted.re, im: best.im - wanted.im).magnitude { best = other }
                at += 1
            }
            return best
        }
        if low == 0 { return self[0] }
        if low == xs.count { return self[xs.count - 1] }
        let (before, behind) = (self[low - 1], self[low])
        let part = (x - xs[low - 1]) / (xs[low] - xs[low - 1])
        return Complex(
            re: before.re + (behind.re - before.re) * part, im: before.im + (behind.im - before.im) * part)
    }

    struct Span {
        var low = Double.infinity
        var high = -Double.infinity
        var isFinite = true
        mutating func take(_ value: Double) {
            if !value.isFinite { isFinite = false }
            low = min(low, value)
            high = max(high, value)
        }
    }

    /// Least and greatest real value between two abscissae.
    func range(_ xs: [Double], _ from: Double, _ to: Double) -> Span {
        var span = Span()
        let nowhere = Complex(re: 0, im: 0)
        span.take(interpolated(xs, from, near: nowhere).re)
        span.take(interpolated(xs, to, near: nowhere).re)
        var at = bound(xs, from)
        while at < xs.count, xs[at] <= to {
            span.take(self[at].re)
            at += 1
        }
        return span
    }
}

/// Both norms of an error along the abscissa, and where the greatest error is.
private struct NormAccumulator {
    private(set) var maximum = 0.0
    private(set) var at = 0.0
    private(set) var gold = Complex(re: 0, im: 0)
    private(set) var test = Complex(re: 0, im: 0)
    var forcedRMS: Double?

    private var count = 0
    private var lastX = 0.0
    private var lastSquare = 0.0
    private var integral = 0.0
    private var span = 0.0
    private var sum = 0.0

    mutating func add(_ x: Double, _ error: Double, _ gold: Complex, _ test: Complex) {
        if count == 0 || error > maximum {
            maximum = error
            at = x
            self.gold = gold
            self.test = test
        }
        let square = error * error
        sum += square
        if count > 0 {
            let width = (x - lastX).magnitude
            if width > 0 {
                integral += 0.5 * (square + lastSquare) * width
                span += width
            }
        }
        count += 1
        lastX = x
        lastSquare = square
    }

    var rms: Double {
        if let forcedRMS { return forcedRMS }
        if count == 0 { return 0 }
        if sum.isInfinite { return .infinity }
        return span > 0 ? (integral / span).squareRoot() : (sum / Double(count)).squareRoot()
    }
}
