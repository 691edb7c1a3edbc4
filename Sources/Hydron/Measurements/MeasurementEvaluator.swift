import Glibc

/// Takes measurements from the recorded columns of one step: straight lines between its rows.
struct MeasurementEvaluator {
    /// In the run's order, rising: a falling sweep comes with all signs turned.
    let abscissa: [Double]
    /// −1 for a falling sweep.
    let sign: Double
    let columns: [Int: [Double]]

    init(abscissa: [Double], columns: [Int: [Double]]) {
        sign = (abscissa.last ?? 0) < (abscissa.first ?? 0) ? -1 : 1
        self.abscissa = sign < 0 ? abscissa.map { -$0 } : abscissa
        self.columns = columns
    }

    struct Failure: Error {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    func value(_ measurement: Measurement) throws(Failure) -> Double {
        guard let first = abscissa.first, let last = abscissa.last else {
            throw Failure("the analysis gave no points")
        }
        var window = (
            from: measurement.from.map { $0 * sign } ?? first, to: measurement.to.map { $0 * sign } ?? last
        )
        if window.from > window.to { swap(&window.from, &window.to) }
        guard window.from <= last, window.to >= first else {
            throw Failure("from \(window.from * sign) to \(window.to * sign) lies outside of the analysis")
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
        guard let a = columns[left], let b = columns[right] else { return [] }
        var places: [Double] = []
        for row in abscissa.indices.dropFirst() {
            let (before, after) = (a[row - 1] - b[row - 1], a[row] - b[row])
            let rises = before < 0 && after >= 0
            let falls = before > 0 && after <= 0
            guard direction == .cross ? rises || falls : direction == .rise ? rises : falls else { continue }
            let part = before / (before - after)
            let place = abscissa[row - 1] + (abscissa[row] - abscissa[row - 1]) * part
            if place >= from, place <= to { places.append(place) }
        }
        return places
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
        guard let y = columns[column], !y.isEmpty else { return .nan }
        guard y.count > 1 else { return y[0] }
        let row = segment(x)
        let width = abscissa[row + 1] - abscissa[row]
        // Behind a jump the second of two rows counts.
        guard width > 0 else { return y[row + 1] }
        return y[row] + (y[row + 1] - y[row]) * ((x - abscissa[row]) / width)
    }

    /// Of the segment at `x`; on a row the mean of both sides, weighted as a parabola through three rows has it.
    private func slope(_ column: Int, _ x: Double) -> Double {
        guard let y = columns[column], y.count > 1 else { return .nan }
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
        guard let y = columns[column], !y.isEmpty else { throw Failure("the analysis gave no points") }
        var points: [(x: Double, y: Double)] = [(window.from, interpolate(column, window.from))]
        for row in abscissa.indices where abscissa[row] > window.from && abscissa[row] < window.to {
            points.append((abscissa[row], y[row]))
        }
        if window.to > window.from { points.append((window.to, interpolate(column, window.to))) }
        var least = points[0]
        var greatest = points[0]
        var (integral, squares) = (0.0, 0.0)
        for (index, point) in points.enumerated() {
            if point.y < least.y { least = point }
            if point.y > greatest.y { greatest = point }
            guard index > 0 else { continue }
            let previous = points[index - 1]
            let width = point.x - previous.x
            integral += 0.5 * width * (previous.y + point.y)
            squares += width * (previous.y * previous.y + previous.y * point.y + point.y * point.y) / 3
        }
        let span = window.to - window.from
        switch statistic {
        case .minimum: return least.y
        case .maximum: return greatest.y
        case .peakToPeak: return greatest.y - least.y
        case .placeOfMinimum: return least.x * sign
        case .placeOfMaximum: return greatest.x * sign
        case .integral: return integral * sign
        case .average: return span > 0 ? integral / span : points[0].y
        case .rootMeanSquare: return span > 0 ? (squares / span).squareRoot() : abs(points[0].y)
        }
    }
}
