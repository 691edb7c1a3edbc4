/// What statistics of a curve of straight lines are made of, point by point in the order of its abscissa.
struct StatisticSum {
    private var first: (x: Double, y: Double)?
    private var last = (x: 0.0, y: 0.0)
    private var least = (x: 0.0, y: 0.0)
    private var greatest = (x: 0.0, y: 0.0)
    private var integral = 0.0
    private var squares = 0.0

    mutating func add(_ x: Double, _ y: Double) {
        defer { last = (x, y) }
        guard first != nil else {
            (first, least, greatest) = ((x, y), (x, y), (x, y))
            return
        }
        if y < least.y { least = (x, y) }
        if y > greatest.y { greatest = (x, y) }
        let width = x - last.x
        integral += 0.5 * width * (last.y + y)
        squares += width * (last.y * last.y + last.y * y + y * y) / 3
    }

    /// nil without points.
    /// - Parameter sign: −1 where the abscissa is the negative of the analysis's own.
    func value(_ statistic: Measurement.Statistic, sign: Double) -> Double? {
        guard let first else { return nil }
        let span = last.x - first.x
        switch statistic {
        case .minimum: return least.y
        case .maximum: return greatest.y
        case .peakToPeak: return greatest.y - least.y
        case .placeOfMinimum: return least.x * sign
        case .placeOfMaximum: return greatest.x * sign
        case .integral: return integral * sign
        case .average: return span > 0 ? integral / span : first.y
        case .rootMeanSquare: return span > 0 ? (squares / span).squareRoot() : abs(first.y)
        }
    }
}
