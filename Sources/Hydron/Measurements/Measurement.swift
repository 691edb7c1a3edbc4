import SpiceNetlist

/// One `.meas` card: a number to take from an analysis.
struct Measurement: Sendable {
    /// `tran`, `dc`, `ac` or `noise`.
    var analysis: String
    var name: String
    var range: SourceRange
    var function: Function
    /// FROM and TO, in units of the abscissa.
    var from: Double?
    var to: Double?
    /// What FROM, TO and the AT of FIND are made of where earlier measurements stand in them.
    var start: Expression?
    var end: Expression?
    var place: Expression?
    /// DEFAULT_VAL: what it is where it finds nothing.
    var fallback: Double?
    /// Xyce's `tran_cont` and its kin: each crossing behind the one that is asked for counts too.
    var isContinuous = false

    enum Function: Sendable {
        /// TRIG … TARG …: from the first event to the second.
        case interval(Event, Event)
        /// WHEN: where the event is.
        case when(Event)
        case find(Int, Event)
        case derivative(Int, Event)
        case statistic(Statistic, Int)
        /// ERROR: how far a column is from a curve that a file gives.
        case distance(Int, ReferenceCurve)
        /// PARAM or EQN of other measurements and parameters.
        case formula(Expression)
        /// PARAM or EQN of the solution: its last value.
        case last(Int)
    }

    /// A place on the abscissa.
    enum Event: Sendable {
        case at(Double)
        /// Where the difference of two columns goes through 0: the n-th time behind `delay`, counted from the end below 0.
        case crossing(left: Int, right: Int, Direction, count: Int, delay: Double?)
    }

    enum Direction: String, Sendable { case rise, fall, cross }

    /// What is taken of all points of a window.
    enum Statistic: Sendable, Equatable {
        case average, rootMeanSquare, minimum, maximum, peakToPeak, integral, placeOfMinimum, placeOfMaximum
        /// Of a signal that is on from where it rises above `on` until it falls below `off`.
        case cycles(CycleQuantity, on: Double, off: Double)

        private static let words: [String: Statistic] = [
            "avg": .average, "rms": .rootMeanSquare, "min": .minimum, "max": .maximum, "pp": .peakToPeak,
            "ptp": .peakToPeak, "integ": .integral, "integral": .integral, "min_at": .placeOfMinimum,
            "minat": .placeOfMinimum, "max_at": .placeOfMaximum, "maxat": .placeOfMaximum,
        ]

        /// nil where the word is none of those that need no thresholds.
        init?(word: String) {
            guard let found = Self.words[word] else { return nil }
            self = found
        }
    }

    enum CycleQuantity: String, Sendable {
        /// The part of the window that the signal is on.
        case duty
        /// Cycles a unit of the abscissa, from the first time that it turns on to the last.
        case frequency = "freq"
        /// The mean length of the times that it is on, and off, those cut by a window's end left out where there are others.
        case onTime = "on_time"
        case offTime = "off_time"
    }

    /// A curve to compare with, and the norm of the differences at its points.
    struct ReferenceCurve: Sendable {
        var xs: [Double]
        var ys: [Double]
        var norm: Norm

        enum Norm: String, Sendable {
            /// Σ|d|
            case sum = "l1norm"
            /// √Σd²
            case euclidean = "l2norm"
            case largest = "infnorm"
        }
    }
}

extension Measurement {
    /// Whether the column of this number is what it waits for a crossing of.
    func usesLevel(_ column: Int) -> Bool {
        func uses(_ event: Event) -> Bool {
            if case .crossing(_, let right, _, _, _) = event { return right == column }
            return false
        }
        switch function {
        case .interval(let first, let second): return uses(first) || uses(second)
        case .when(let event), .find(_, let event), .derivative(_, let event): return uses(event)
        default: return false
        }
    }
}

/// A limit that a measurement must keep, `.assert` or `.spec`.
struct Assertion: Sendable {
    /// As written.
    var text: String
    var range: SourceRange
    var condition: Condition

    enum Condition: Sendable {
        /// Must not be 0.
        case expression(Expression)
        case limits(name: String, least: Double?, greatest: Double?)
    }
}

/// What the netlist wants to know and to keep.
struct MeasurementRequests: Sendable {
    var measurements: [Measurement] = []
    var assertions: [Assertion] = []
    /// Expressions that measurements look at, by their number in ``Measurement/Function``.
    var columns: [OutputItem] = []
    /// Of columns that are levels: what these are made of, earlier measurements and parameters.
    var levels: [Int: Expression] = [:]
    /// Columns that other analyses are made of, by the analysis that has them.
    private var followed: [String: Set<Int>] = [:]

    /// The number of an expression, new or known by its label.
    mutating func column(_ item: OutputItem) -> Int {
        if let known = columns.firstIndex(where: { $0.label == item.label }) { return known }
        columns.append(item)
        return columns.count - 1
    }

    mutating func follow(_ analysis: String, _ items: [OutputItem]) {
        for item in items { followed[analysis, default: []].insert(column(item)) }
    }

    /// Numbers of the columns that an analysis has to record.
    func columns(for analysis: String) -> [Int] {
        var found = followed[analysis] ?? []
        func add(_ event: Measurement.Event) {
            if case .crossing(let left, let right, _, _, _) = event { found.formUnion([left, right]) }
        }
        for measurement in measurements where measurement.analysis == analysis {
            switch measurement.function {
            case .interval(let first, let second):
                add(first)
                add(second)
            case .when(let event): add(event)
            case .find(let column, let event), .derivative(let column, let event):
                found.insert(column)
                add(event)
            case .statistic(_, let column), .last(let column), .distance(let column, _): found.insert(column)
            case .formula: break
            }
        }
        return found.sorted()
    }
}

/// What a measurement found in one step of a run.
public struct MeasuredValue: Sendable {
    public var analysis: String
    public var name: String
    public var step: Int
    /// nil where it failed.
    public var value: Double?
    /// Why it failed.
    public var reason: String?
}

/// Whether a limit was kept in one step of a run.
public struct AssertionResult: Sendable {
    public var text: String
    public var step: Int
    public var holds: Bool
    /// What broke it.
    public var message: String
    /// What the names in it stood for, measurements and parameters.
    public var values: [(name: String, value: Double)] = []
}

extension Expression {
    /// Names in it, each once.
    var names: [String] {
        var found: [String] = []
        func collect(_ part: Expression) {
            if case .name(let name, _) = part, !found.contains(name) { found.append(name) }
            part.children.forEach(collect)
        }
        collect(self)
        return found
    }
}
