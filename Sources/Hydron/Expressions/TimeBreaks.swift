/// Instants at which an expression of time jumps or bends, for the time steps to end there.
///
/// They are found from the finished program: a comparison, a step, a limit, a table … whose operand is a·time + b with
/// constants a and b breaks at known times. Operands that depend on the solution break where only the solution knows.
struct TimeBreaks: Sendable, Equatable {
    struct Periodic: Sendable, Equatable {
        /// [s]
        var first: Double
        /// [s], positive.
        var period: Double
    }
    /// Rising [s].
    private(set) var instants: [Double] = []
    private(set) var periodic: [Periodic] = []

    var isEmpty: Bool { instants.isEmpty && periodic.isEmpty }

    mutating func insert(_ time: Double) { insert(contentsOf: [time]) }

    mutating func insert(contentsOf times: [Double]) {
        let new = times.filter { $0 > 0 && $0.isFinite }
        guard !new.isEmpty else { return }
        var all: [Double] = []
        for time in (instants + new).sorted() where time != all.last { all.append(time) }
        instants = all
    }

    mutating func insert(first: Double, period: Double) {
        let new = Periodic(first: first, period: period)
        guard period > 0, period.isFinite, first.isFinite, !periodic.contains(new) else { return }
        periodic.append(new)
    }

    mutating func merge(_ other: TimeBreaks) {
        insert(contentsOf: other.instants)
        for series in other.periodic { insert(first: series.first, period: series.period) }
    }

    /// The first instant after `time`; infinity where there is none.
    func next(after time: Double) -> Double {
        // An instant that rounding put a hair behind `time` is `time` itself.
        let floor = time + abs(time) * 1e-13
        var low = 0
        var high = instants.count
        while low < high {
            let middle = (low + high) / 2
            if instants[middle] > floor { high = middle } else { low = middle + 1 }
        }
        var next = low < instants.count ? instants[low] : Double.infinity
        for series in periodic {
            var candidate = series.first
            if candidate <= floor {
                candidate += ((floor - series.first) / series.period).rounded(.down) * series.period
                while candidate <= floor, candidate + series.period > candidate { candidate += series.period }
            }
            if candidate > floor { next = min(next, candidate) }
        }
        return next
    }
}

extension Program {
    /// Finds where instructions on a·time + b break.
    mutating func findTimeBreaks() {
        guard inputs.contains(.time) else { return }
        /// a·time + b
        struct Line {
            var a: Double
            var b: Double
        }
        var lines: [Line?] = inputs.map { $0 == .time ? Line(a: 1, b: 0) : nil }
        lines += constants.map { Line(a: 0, b: $0) }
        var breaks = timeBreaks
        /// The line reaches `level`.
        func meets(_ line: Line?, _ level: Double = 0) {
            guard let line, line.a != 0 else { return }
            breaks.insert((level - line.b) / line.a)
        }
        func difference(_ a: Line?, _ b: Line?) -> Line? {
            guard let a, let b else { return nil }
            return Line(a: a.a - b.a, b: a.b - b.b)
        }
        for instruction in instructions {
            let first = lines[Int(instruction.a)]
            let isTable = instruction.operation == .table || instruction.operation == .tableSlope
            let second = !isTable && instruction.b >= 0 ? lines[Int(instruction.b)] : nil
            let third = instruction.c >= 0 ? lines[Int(instruction.c)] : nil
            var line: Line?
            switch instruction.operation {
            case .add: if let a = first, let b = second { line = Line(a: a.a + b.a, b: a.b + b.b) }
            case .subtract: line = difference(first, second)
            case .negate: line = first.map { Line(a: -$0.a, b: -$0.b) }
            case .multiply:
                if let a = first, let b = second, a.a == 0 || b.a == 0 {
                    line = Line(a: a.a * b.b + b.a * a.b, b: a.b * b.b)
                }
            case .divide:
                if let a = first, let b = second, b.a == 0, b.b != 0 { line = Line(a: a.a / b.b, b: a.b / b.b) }
            case .less, .lessOrEqual, .greater, .greaterOrEqual, .minimum, .maximum:
                meets(difference(first, second))
            case .limit:
                meets(difference(first, second))
                meets(difference(first, third))
            case .step, .halfStep, .ramp, .abs, .sign: meets(first)
            case .unitRamp:
                meets(first)
                meets(first, 1)
            case .copySign:
                meets(first)
                meets(second)
            case .truncate, .floor, .ceiling, .nearest, .round, .remainder:
                if let a = first, a.a != 0 {
                    let isRemainder = instruction.operation == .remainder
                    if isRemainder, second?.a != 0 || second?.b == 0 { break }
                    let step = isRemainder ? abs(second?.b ?? 1) : 1
                    let half = instruction.operation == .nearest || instruction.operation == .round ? 0.5 : 0
                    breaks.insert(first: (half - a.b) / a.a, period: abs(step / a.a))
                }
            case .table:
                let index = Int(instruction.b)
                if let a = first, a.a != 0, index >= 0, index < tables.count, tables[index].hasBreaks {
                    breaks.insert(contentsOf: tables[index].x.map { ($0 - a.b) / a.a })
                }
            default: break
            }
            lines.append(line)
        }
        timeBreaks = breaks
    }
}
