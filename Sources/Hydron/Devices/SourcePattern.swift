/// HSPICE's and Xyce's PAT: a string of bits, each `sample` seconds long, as a piecewise linear waveform. Edges are
/// centred on the boundary between two bits, so that each half of an edge lies in one of them; the first bit holds from
/// the start and the last one after the end.
struct SourcePattern: Sendable {
    /// Levels [V or A] of 1 and 0.
    var high: Double
    var low: Double
    /// [s]
    var delay: Double
    var rise: Double
    var fall: Double
    /// Length of a bit [s].
    var sample: Double
    /// `0`, `1`, or `z` and `m` for the middle; at least one.
    var bits: [Character]
    /// The bits that come again begin with this one, counted from 0.
    var loopStart = 0
    /// How often they come again; nil for ever.
    var repetitions: Int? = 0

    /// Bits that ``waveform`` may write out: a megabyte or so of points.
    static let largestLength = 1_000_000

    /// Bits with their repetitions, those of an endless one only once; nil where they are too many.
    private var length: Int? {
        let (again, overflow) = (bits.count - loopStart).multipliedReportingOverflow(by: repetitions ?? 1)
        return overflow || again > Self.largestLength - bits.count ? nil : bits.count + again
    }

    /// nil where the bits with their repetitions are more than ``largestLength``.
    var waveform: SourceWaveform? {
        guard bits.indices.contains(loopStart), let length else { return nil }
        let loop = bits.count - loopStart
        func bit(_ index: Int) -> Character {
            index < bits.count ? bits[index] : bits[loopStart + (index - bits.count) % loop]
        }
        var times = [0.0]
        var values = [level(bit(0))]
        for index in 1..<max(length, 1) { addEdge(from: bit(index - 1), to: bit(index), at: index, &times, &values) }
        let end = Double(length) * sample
        guard repetitions == nil else {
            times.append(end)
            values.append(level(bit(length - 1)))
            return .piecewiseLinear(.init(times: times, values: values, delay: delay))
        }
        // The second half of the edge into the loop is where the loop begins, the first half of the same edge where it
        // ends; both meet in the middle.
        let from = level(bit(length - 1))
        let to = level(bits[loopStart])
        let start = Double(bits.count) * sample
        if from != to {
            times.append(end - (to > from ? rise : fall) / 2)
            values.append(from)
        }
        times.append(end)
        values.append(0.5 * (from + to))
        return .piecewiseLinear(.init(times: times, values: values, delay: delay, repeatFrom: start))
    }

    private func level(_ bit: Character) -> Double { bit == "1" ? high : bit == "0" ? low : 0.5 * (high + low) }

    private func addEdge(
        from old: Character, to new: Character, at index: Int, _ times: inout [Double], _ values: inout [Double]
    ) {
        guard old != new else { return }
        let half = 0.5 * (level(new) > level(old) ? rise : fall)
        let boundary = Double(index) * sample
        times += [boundary - half, boundary + half]
        values += [level(old), level(new)]
    }
}
