import Glibc

/// What a line's two ports went through: voltages and currents at accepted time points, straight lines between them.
///
/// Points on a straight line between their neighbours, within a hundredth of reltol of the largest magnitude, are left
/// out. Corners are kept apart: no curve is drawn across one.
struct LineHistory {
    /// v₁ [V], i₁ [A], v₂ [V], i₂ [A]: ports' voltages, and currents into the line.
    typealias Ports = SIMD4<Double>

    private(set) var times: [Double] = []
    private(set) var ports: [Ports] = []
    private(set) var isCorner: [Bool] = []
    /// Largest magnitudes so far.
    private(set) var peak = Ports.zero
    /// What the ports were at before the first point.
    let firstPorts: Ports
    /// Slopes from the last kept point but one within which later points may lie without it being missed.
    private var lowest = Ports.zero
    private var highest = Ports.zero
    /// When corners that count arrive at the other end, ascending; those before `firstArrival` are past.
    private var arrivals: [Double] = []
    private var firstArrival = 0
    /// True where a corner that counts arrived at the newest point before anything was known of it.
    private(set) var arrives = false
    /// A corner whose weight only the next point tells: when it would arrive, and the slopes before it.
    private var pending: (arrival: Double, slope: Ports, time: Double)?

    var count: Int { times.count }
    var newest: Ports { ports.last ?? .zero }
    var newestTime: Double { times.last ?? 0 }
    /// Length of the last segment [s].
    var newestInterval: Double { count > 1 ? times[count - 1] - times[count - 2] : 0 }
    var endsInCorner: Bool { isCorner.last ?? true }
    /// Slope of the last segment [1/s]; 0 where there is one point only.
    var newestSlope: Ports {
        guard count > 1 else { return .zero }
        return (ports[count - 1] - ports[count - 2]) / (times[count - 1] - times[count - 2])
    }

    /// Starts anew from what the ports have been at for ever.
    init(time: Double = 0, _ first: Ports = .zero) {
        firstPorts = first
        times = [time]
        ports = [first]
        isCorner = [true]
        peak = Self.magnitude(first)
    }

    private static func magnitude(_ a: Ports) -> Ports { a.replacing(with: -a, where: a .< 0) }
    private static func smaller(_ a: Ports, _ b: Ports) -> Ports { a.replacing(with: b, where: b .< a) }
    private static func larger(_ a: Ports, _ b: Ports) -> Ports { a.replacing(with: b, where: b .> a) }

    /// Part of reltol that a point left out may lie off the line.
    private static let compaction = 0.01

    /// Takes in the ports at a later time.
    ///
    /// - Parameters:
    ///   - reach: nothing earlier than this long before `time` is asked for any more; infinity to keep all.
    ///   - weight: judges how large a change [of the waves] is, in tolerances.
    mutating func append(
        _ time: Double, _ new: Ports, relativeTolerance: Double, reach: Double, weight: (Ports) -> Double
    ) {
        guard time > newestTime else { return }
        peak = Self.larger(peak, Self.magnitude(new))
        decidePending(time, new, weight)
        let slack = peak * (Self.compaction * relativeTolerance)
        if count > 1, !isCorner[count - 1] {
            let anchor = ports[count - 2]
            let since = time - times[count - 2]
            let slope = (new - anchor) / since
            if all(slope .>= lowest), all(slope .<= highest) {
                lowest = Self.larger(lowest, (new - slack - anchor) / since)
                highest = Self.smaller(highest, (new + slack - anchor) / since)
                times[count - 1] = time
                ports[count - 1] = new
                return
            }
        }
        let since = time - newestTime
        lowest = (new - slack - newest) / since
        highest = (new + slack - newest) / since
        times.append(time)
        ports.append(new)
        isCorner.append(false)
        if firstArrival > 64, firstArrival > arrivals.count / 2 {
            arrivals.removeFirst(firstArrival)
            firstArrival = 0
        }
        if reach < .infinity, count > 64 { forget(before: time - reach) }
    }

    /// Drops what is older, as soon as that is half of all.
    private mutating func forget(before time: Double) {
        let middle = count / 2
        guard times[middle] < time else { return }
        times.removeFirst(middle - 2)
        ports.removeFirst(middle - 2)
        isCorner.removeFirst(middle - 2)
    }

    // MARK: - Corners

    /// The newest point is a corner, which arrives at the other end `delay` [s] later if it counts.
    mutating func markCorner(delay: Double) {
        guard let time = times.last else { return }
        isCorner[count - 1] = true
        pending = (time + delay, newestSlope, time)
    }

    /// A kink counts where it bends the wave away by more than the tolerance within the longer of the steps at it.
    private mutating func decidePending(_ time: Double, _ new: Ports, _ weight: (Ports) -> Double) {
        arrives = false
        guard let corner = pending else { return }
        pending = nil
        let since = time - corner.time
        let before = count > 1 ? times[count - 1] - times[count - 2] : since
        let kink = (new - newest) / since - corner.slope
        guard weight(kink * max(since, before)) > 1 else { return }
        if corner.arrival <= time + 1e-9 * since {
            arrives = true
            return
        }
        if let last = arrivals.last, corner.arrival <= last { return }
        arrivals.append(corner.arrival)
    }

    /// When the next corner arrives after `time`; infinity where none is known of.
    mutating func nextArrival(after time: Double) -> Double {
        while firstArrival < arrivals.count, arrivals[firstArrival] <= time { firstArrival += 1 }
        return firstArrival < arrivals.count ? arrivals[firstArrival] : .infinity
    }

    /// When a corner would arrive whose weight is not known yet; infinity where there is none.
    var undecidedArrival: Double { pending?.arrival ?? .infinity }

    // MARK: - Between points

    /// Index of the last point at or before `time`; 0 before the first.
    private func index(at time: Double) -> Int {
        var low = 0
        var high = count
        while high - low > 1 {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle } else { high = middle }
        }
        return low
    }

    /// The ports at a time up to the newest point. Between points that no corner parts a parabola through the nearest
    /// third one improves on the straight line, unless it bends further than steps of that length may.
    func value(at time: Double, relativeTolerance: Double) -> Ports {
        let k = index(at: time)
        guard time > times[0] else { return ports[0] }
        guard k + 1 < count else { return newest }
        let length = times[k + 1] - times[k]
        let share = (time - times[k]) / length
        let line = ports[k] + (ports[k + 1] - ports[k]) * share
        let before = k > 0 && !isCorner[k] ? times[k] - times[k - 1] : .infinity
        let behind = k + 2 < count && !isCorner[k + 1] ? times[k + 2] - times[k + 1] : .infinity
        let third = before <= behind ? k - 1 : k + 2
        guard min(before, behind) < 4 * length else { return line }
        let outer =
            before <= behind
            ? (ports[k] - ports[third]) / before : (ports[third] - ports[k + 1]) / behind
        let own = (ports[k + 1] - ports[k]) / length
        // Newton's divided difference over the three.
        let bend = (before <= behind ? own - outer : outer - own) / (length + min(before, behind))
        let correction = bend * (-(time - times[k]) * (times[k + 1] - time))
        let limit = peak * (2 * relativeTolerance)
        return line + correction.replacing(with: 0, where: Self.magnitude(correction) .> limit)
    }

    /// The latest end of a step that begins at `start` (a time of the past, as the line's other end sees it now) and
    /// over which a straight line follows what arrives; infinity where all that is known is straight enough.
    ///
    /// - Parameter slack: what a point may lie off the line.
    func straightEnd(from start: Double, slack: Ports, relativeTolerance: Double) -> Double {
        guard count > 1, start < newestTime else { return .infinity }
        let base = value(at: start, relativeTolerance: relativeTolerance)
        var lowest = Ports(repeating: -.infinity)
        var highest = Ports(repeating: .infinity)
        var last = start
        for k in (index(at: start) + 1)..<count {
            let since = times[k] - start
            guard since > 0 else { continue }
            let slope = (ports[k] - base) / since
            guard all(slope .>= lowest), all(slope .<= highest) else { return last }
            lowest = Self.larger(lowest, (ports[k] - slack - base) / since)
            highest = Self.smaller(highest, (ports[k] + slack - base) / since)
            last = times[k]
        }
        return .infinity
    }

    // MARK: - Convolution

    /// Calls `body` with each change of slope before the newest point and the time of it, from the first on.
    @inline(__always) func eachBend(_ body: (Double, Ports) -> Void) {
        times.withUnsafeBufferPointer { times in
            ports.withUnsafeBufferPointer { ports in
                var slope = Ports.zero
                for k in 0..<(times.count - 1) {
                    let next = (ports[k + 1] - ports[k]) / (times[k + 1] - times[k])
                    body(times[k], next - slope)
                    slope = next
                }
            }
        }
    }
}
