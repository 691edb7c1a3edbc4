import Glibc

/// The recorded columns of one step and what can be measured on them: straight lines between their rows.
struct MeasurementEvaluator {
    /// In the run's order, rising: a falling sweep has all signs turned.
    private(set) var abscissa: [Double] = []
    /// −1 for a falling sweep.
    private(set) var sign = 1.0
    /// By their numbers in ``MeasurementRequests``.
    private var places: [Int: Int] = [:]
    private var values: [[Double]]

    /// Without rows, for columns of these numbers.
    init(recording numbers: [Int]) {
        for (place, number) in numbers.enumerated() { places[number] = place }
        values = [[Double]](repeating: [], count: numbers.count)
    }

    init(abscissa: [Double], column: [Double]) {
        places = [0: 0]
        values = [column]
        for x in abscissa { appendPlace(x) }
    }

    /// The abscissa of the next row; the first step tells which way the sweep goes.
    mutating func appendPlace(_ x: Double) {
        if abscissa.count == 1, x < abscissa[0] {
            sign = -1
            abscissa[0] = -abscissa[0]
        }
        abscissa.append(x * sign)
    }

    /// The next row's value of the column at a place in the order of ``init(recording:)``.
    mutating func append(_ value: Double, at place: Int) { values[place].append(value) }

    /// Makes a column, where it is recorded, one of this value.
    mutating func set(_ value: Double, everywhereIn number: Int) {
        guard let place = places[number] else { return }
        values[place] = [Double](repeating: value, count: abscissa.count)
    }

    func column(_ number: Int) -> [Double]? { places[number].map { values[$0] } }

    /// FROM and TO, the smaller first, in the direction of the run.
    func window(of measurement: Measurement) -> (from: Double, to: Double) {
        let from = measurement.from.map { $0 * sign }
        let to = measurement.to.map { $0 * sign }
        if let from, let to, from > to { return (to, from) }
        return (from ?? -.infinity, to ?? .infinity)
    }

    struct Failure: Error {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    func value(_ measurement: Measurement) throws(Failure) -> Double {
        guard let first = abscissa.first, let last = abscissa.last else {
            throw Failure("the analysis gave no points")
        }
        var window = window(of: measurement)
        guard window.from <= last, window.to >= first else {
            let limits = [("from", measurement.from), ("to", measurement.to)].compactMap { word, limit in
                limit.map { "\(word) \($0)" }
            }
            throw Failure("\(limits.joined(separator: " ")) lies outside of the analysis")
        }
        window = (max(window.from, first), min(window.to, last))
        switch measurement.function {
        case .interval(let trigger, let target):
            let start = try place(of: trigger, window, "TRIG")
            return (try place(of: target, window, "TARG") - start) * sign
        case .when(let event): return try place(of: event, window, "WHEN") * sign
        case .find(let column, let event):
            return interpolate(column, try place(of: event, window, "WHEN"))
        case .derivative(let column, let event):
            return slope(column, try place(of: event, window, "WHEN")) * sign
        case .statistic(let statistic, let column): return try take(statistic, column, window)
        case .last(let column): return interpolate(column, window.to)
        case .distance(let column, let reference): return try distance(column, reference, window)
        case .formula: return .nan
        }
    }

    // MARK: Events

    private func place(
        of event: Measurement.Event, _ window: (from: Double, to: Double), _ word: String
    ) throws(Failure) -> Double {
        switch event {
        case .at(let place):
            let x = place * sign
            guard let first = abscissa.first, let last = abscissa.last, x >= first, x <= last else {
                throw Failure("\(word) AT=\(place) lies outside of the analysis")
            }
            return x
        case .crossing(let left, let right, let direction, let count, let delay):
            let start = max(window.from, delay.map { $0 * sign } ?? window.from)
            let found = crossings(left, right, direction, start, window.to)
            let index = count > 0 ? count - 1 : found.count + count
            guard found.indices.contains(index) else {
                let kinds: [Measurement.Direction: String] = [.rise: "rises", .fall: "falls", .cross: "crossings"]
                let asked = count < 0 ? "the \(count) from the end" : "number \(count)"
                throw Failure(
                    "\(word): \(asked) of the \(kinds[direction] ?? "crossings") was asked for, there are \(found.count)"
                )
            }
            return found[index]
        }
    }

    private func crossings(
        _ left: Int, _ right: Int, _ direction: Measurement.Direction, _ from: Double, _ to: Double
    ) -> [Double] {
        abscissa.indices.dropFirst().compactMap { row in
            crossing(left, right, direction, before: row).flatMap { $0 >= from && $0 <= to ? $0 : nil }
        }
    }

    /// Where two columns cross between a row and the one before it.
    func crossing(_ left: Int, _ right: Int, _ direction: Measurement.Direction, before row: Int) -> Double? {
        guard let left = places[left], let right = places[right] else { return nil }
        let before = values[left][row - 1] - values[right][row - 1]
        let after = values[left][row] - values[right][row]
        let rises = before < 0 && after >= 0
        let falls = before > 0 && after <= 0
        guard direction == .cross ? rises || falls : direction == .rise ? rises : falls else { return nil }
        return abscissa[row - 1] + (abscissa[row] - abscissa[row - 1]) * (before / (before - after))
    }

    // MARK: Between rows

    /// The last row at or before `x`, one that has a next.
    private func segment(_ x: Double) -> Int {
        var (low, high) = (0, max(abscissa.count - 2, 0))
        while low < high {
            let middle = (low + high + 1) / 2
            if abscissa[middle] <= x { low = middle } else { high = middle - 1 }
        }
        return low
    }

    func interpolate(_ column: Int, _ x: Double) -> Double {
        guard let y = self.column(column), !y.isEmpty else { return .nan }
        guard y.count > 1 else { return y[0] }
        let row = segment(x)
        let width = abscissa[row + 1] - abscissa[row]
        // Behind a jump the second of two rows counts.
        guard width > 0 else { return y[row + 1] }
        return y[row] + (y[row + 1] - y[row]) * ((x - abscissa[row]) / width)
    }

    /// Of the segment at `x`; on a row the mean of both sides, weighted as a parabola through three rows has it.
    func slope(_ column: Int, _ x: Double) -> Double {
        guard let y = self.column(column), y.count > 1 else { return .nan }
        let row = segment(x)
        func secant(_ row: Int) -> Double? {
            guard row >= 0, row + 1 < y.count, abscissa[row + 1] > abscissa[row] else { return nil }
            return (y[row + 1] - y[row]) / (abscissa[row + 1] - abscissa[row])
        }
        guard let here = secant(row) else { return .nan }
        let onFirst = x == abscissa[row]
        let onLast = x == abscissa[row + 1]
        guard onFirst || onLast, let other = secant(onFirst ? row - 1 : row + 1) else { return here }
        let width = abscissa[row + 1] - abscissa[row]
        let otherWidth = onFirst ? x - abscissa[row - 1] : abscissa[row + 2] - x
        return (here * otherWidth + other * width) / (width + otherWidth)
    }

    // MARK: Statistics

    private func take(
        _ statistic: Measurement.Statistic, _ column: Int, _ window: (from: Double, to: Double)
    ) throws(Failure) -> Double {
        var sum = StatisticSum(statistic)
        for row in abscissa.indices { extend(&sum, column, row, window) }
        guard let value = sum.value(sign: sign) else { throw Failure(sum.reason) }
        return value
    }

    private func distance(
        _ column: Int, _ reference: Measurement.ReferenceCurve, _ window: (from: Double, to: Double)
    ) throws(Failure) -> Double {
        let differences = zip(reference.xs, reference.ys).compactMap { x, y in
            x * sign >= window.from && x * sign <= window.to ? abs(interpolate(column, x * sign) - y) : nil
        }
        guard !differences.isEmpty else { throw Failure("no point of the file lies within the analysis") }
        switch reference.norm {
        case .sum: return differences.reduce(0, +)
        case .euclidean: return differences.reduce(0) { $0 + $1 * $1 }.squareRoot()
        case .largest: return differences.max() ?? 0
        }
    }

    /// Adds what a row and the line before it have within the window.
    func extend(_ sum: inout StatisticSum, _ column: Int, _ row: Int, _ window: (from: Double, to: Double)) {
        guard let place = places[column] else { return }
        let x = abscissa[row]
        let before = row > 0 ? abscissa[row - 1] : x
        // Where a window begins at a jump, the second of two rows counts.
        if x == window.from, x == before { sum.restart() }
        guard x >= window.from, before <= window.to else { return }
        if before < window.from, x > window.from { sum.add(window.from, interpolate(column, window.from)) }
        if x <= window.to {
            sum.add(x, values[place][row])
        } else if before < window.to {
            sum.add(window.to, interpolate(column, window.to))
        }
    }
}
