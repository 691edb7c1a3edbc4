import Glibc

/// What a measurement was over all runs of `.mc`.
public struct MeasurementStatistics: Sendable {
    public var analysis: String
    public var name: String
    /// Among the combinations of `.step`.
    public var step: Int
    /// With every number at its nominal value; nil where the measurement failed.
    public var nominal: Double?
    /// Runs that gave a value, the nominal one left out.
    public var count: Int
    /// Runs that gave none.
    public var failures: Int
    public var mean: Double
    /// Standard deviation of the sample, with n − 1.
    public var deviation: Double
    public var smallest: (value: Double, run: Int)
    public var largest: (value: Double, run: Int)
    /// The 1, 5, 50, 95 and 99 % quantiles, linear between values.
    public var quantiles: [Double]
    public static let quantileLevels = [0.01, 0.05, 0.5, 0.95, 0.99]

    /// - Parameters:
    ///   - results: of all steps; run `r` of step `s` has the number r · stepCount + s.
    static func collect(_ results: [MeasuredValue], stepCount: Int) -> [MeasurementStatistics] {
        struct Key: Hashable {
            var analysis: String
            var name: String
            var step: Int
        }
        var order: [Key] = []
        var groups: [Key: [(run: Int, value: Double?)]] = [:]
        for result in results {
            let key = Key(analysis: result.analysis, name: result.name, step: result.step % stepCount)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append((result.step / stepCount, result.value))
        }
        return order.compactMap { key in
            guard let group = groups[key] else { return nil }
            let runs = group.filter { $0.run > 0 }
            let values = runs.compactMap { run in run.value.map { (run: run.run, value: $0) } }
            guard let first = values.first else { return nil }
            let mean = values.reduce(0) { $0 + $1.value } / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) }
            var (low, high) = (first, first)
            for value in values {
                if value.value < low.value { low = value }
                if value.value > high.value { high = value }
            }
            let sorted = values.map(\.value).sorted()
            let quantiles = quantileLevels.map { level in
                let place = level * Double(sorted.count - 1)
                let below = Int(place)
                let above = min(below + 1, sorted.count - 1)
                return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
            }
            return MeasurementStatistics(
                analysis: key.analysis, name: key.name, step: key.step,
                nominal: group.first { $0.run == 0 }.flatMap(\.value), count: values.count,
                failures: runs.count - values.count, mean: mean,
                deviation: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0,
                smallest: (low.value, low.run), largest: (high.value, high.run), quantiles: quantiles)
        }
    }
}

/// The ends of a measurement where all tolerances are at theirs, `.wcase`.
public struct WorstCase: Sendable {
    public var analysis: String
    public var name: String
    public var nominal: Double
    /// With each number at the end that lowers the measurement where it moves alone; nil where that run has no value.
    public var lowest: Double?
    public var highest: Double?
}
