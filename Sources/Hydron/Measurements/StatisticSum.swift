/// What statistics of a curve of straight lines are made of, point by point in the order of its abscissa.
struct StatisticSum {
    private let statistic: Measurement.Statistic
    private var cycles: CycleCount?
    private var first: (x: Double, y: Double)?
    private var last = (x: 0.0, y: 0.0)
    private var least = (x: 0.0, y: 0.0)
    private var greatest = (x: 0.0, y: 0.0)
    private var integral = 0.0
    private var squares = 0.0

    init(_ statistic: Measurement.Statistic) {
        self.statistic = statistic
        if case .cycles(_, let on, let off) = statistic { cycles = CycleCount(on: on, off: off) }
    }

    /// Forgets all points.
    mutating func restart() { self = StatisticSum(statistic) }

    mutating func add(_ x: Double, _ y: Double) {
        cycles?.add(x, y)
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

    /// nil without points, or without the cycles that are asked for.
    /// - Parameter sign: −1 where the abscissa is the negative of the analysis's own.
    func value(sign: Double) -> Double? {
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
        case .cycles(let quantity, _, _): return cycles?.value(quantity)
        }
    }

    /// Why there is no value.
    var reason: String {
        guard first != nil, case .cycles(let quantity, _, _) = statistic else { return "the analysis gave no points" }
        switch quantity {
        case .duty: return "the window has no width"
        case .frequency: return "it turns on less than twice"
        case .onTime: return "it is never on"
        case .offTime: return "it is never off"
        }
    }
}

/// When a signal is on: from where it rises above one threshold until it falls below another, at most as high. Between its
/// points it runs along straight lines; where it begins between the thresholds it is off.
private struct CycleCount {
    let on: Double
    let off: Double
    private var isOn = false
    private var first: Double?
    private var last = (x: 0.0, y: 0.0)
    private var timeOn = 0.0
    /// Where it turned last, and when it turned on first.
    private var lastTurn: Double?
    private var firstOn: Double?
    private var lastOn = 0.0
    private var turnsOn = 0
    /// Stretches between two turns.
    private var wholeOn = (count: 0, time: 0.0)
    private var wholeOff = (count: 0, time: 0.0)

    init(on: Double, off: Double) {
        self.on = on
        self.off = off
    }

    mutating func add(_ x: Double, _ y: Double) {
        defer { last = (x, y) }
        guard first != nil else {
            first = x
            isOn = y > on
            return
        }
        let threshold = isOn ? off : on
        guard isOn ? y < off : y > on else {
            if isOn { timeOn += x - last.x }
            return
        }
        let place = last.x + (x - last.x) * ((threshold - last.y) / (y - last.y)).clamped(to: 0...1)
        let stretch = lastTurn.map { place - $0 }
        lastTurn = place
        if isOn {
            timeOn += place - last.x
            if let stretch { wholeOn = (wholeOn.count + 1, wholeOn.time + stretch) }
        } else {
            timeOn += x - place
            if let stretch { wholeOff = (wholeOff.count + 1, wholeOff.time + stretch) }
            turnsOn += 1
            lastOn = place
            if firstOn == nil { firstOn = place }
        }
        isOn.toggle()
    }

    func value(_ quantity: Measurement.CycleQuantity) -> Double? {
        guard let first else { return nil }
        let span = last.x - first
        switch quantity {
        case .duty: return span > 0 ? timeOn / span : nil
        case .frequency:
            guard turnsOn > 1, let firstOn else { return nil }
            return Double(turnsOn - 1) / (lastOn - firstOn)
        case .onTime: return Self.mean(wholeOn, orAll: timeOn)
        case .offTime: return Self.mean(wholeOff, orAll: span - timeOn)
        }
    }

    /// Of whole stretches; where there is none, all of the time, which a window's end cuts.
    private static func mean(_ whole: (count: Int, time: Double), orAll time: Double) -> Double? {
        whole.count > 0 ? whole.time / Double(whole.count) : time > 0 ? time : nil
    }
}
