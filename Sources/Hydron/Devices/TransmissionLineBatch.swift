import ComplexModule
import SparseSolvers

/// The lines of a circuit as the engine sees them: their past, and two rows a line that hold what arrives at its ports.
final class TransmissionLineBatch: DelayBatch {
    private let lines: [TransmissionLine]
    private let unknowns: [Int32]
    private let waves: [Waves]
    private var histories: [LineHistory]
    /// Per line, two rows of six: Jacobian slots of (i₁, ·) and (i₂, ·).
    private var slots: [Int32] = []
    private var present: [Present]
    /// The ports as the last evaluation saw them.
    private var trial: [LineHistory.Ports]
    /// Slopes of the ports behind the newest corner, where a probe has told them [1/s].
    private var slopes: [LineHistory.Ports] = []
    private var relativeTolerance = 1e-3
    private var voltageTolerance = 1e-6
    private var toleranceRatio = 0.1
    private var startsFromConditions = false

    /// What of a line stays the same.
    private struct Waves {
        var impedance: Double
        var delay: Double
        var response: LineResponse?
        var hasMemory: Bool
    }

    /// The rows of a time step, apart from its unknowns.
    private struct Present {
        /// [s]; the step that this holds for begins at the history's newest point.
        var interval = -1.0
        var start = 0.0
        /// Factor of v at the own port.
        var own = 1.0
        /// Factors of v and z i at the other port.
        var otherVoltage = 0.0
        var otherCurrent = 0.0
        /// What arrives from the past at ports 1 and 2 [V].
        var arriving = SIMD2<Double>.zero
    }

    init(_ population: TransmissionLine.Elements) {
        lines = population.lines
        unknowns = population.unknowns
        var known: [LineResponse.Kind: LineResponse] = [:]
        waves = lines.map { line in
            let response = line.responseKind.map { kind in
                let response = known[kind] ?? LineResponse(kind)
                known[kind] = response
                return response
            }
            return Waves(
                impedance: line.impedance, delay: line.delay, response: response, hasMemory: line.hasMemory)
        }
        histories = lines.map { _ in LineHistory() }
        present = lines.map { _ in Present() }
        trial = lines.map { _ in .zero }
    }

    var count: Int { lines.count }
    var outputs: [DeviceOutput] { TransmissionLine.outputs }
    /// Outputs beyond the ports' are constants.
    var tabulatedOutputs: Int { 4 }

    func use(_ options: SimulationOptions) {
        relativeTolerance = options[.reltol]
        voltageTolerance = options[.vntol]
        toleranceRatio = options[.trtol] / 70
    }

    // MARK: - Entries

    @inline(__always) private func unknown(_ local: Int, _ line: Int) -> Int {
        Int(unknowns[line * TransmissionLine.arity + local])
    }

    func dependencies(element: Int) -> [Int32] {
        Array(unknowns[element * TransmissionLine.arity..<(element + 1) * TransmissionLine.arity])
    }

    func declare(_ pattern: inout PatternBuilder) {
        for line in lines.indices {
            for branch in 4...5 {
                let row = unknown(branch, line)
                for local in 0..<6 where unknown(local, line) > 0 {
                    pattern.insert(row: row - 1, column: unknown(local, line) - 1)
                }
                for local in [2 * branch - 8, 2 * branch - 7] where unknown(local, line) > 0 {
                    pattern.insert(row: unknown(local, line) - 1, column: row - 1)
                }
            }
        }
    }

    func bind(_ pattern: SparsityPattern) {
        slots = []
        for line in lines.indices {
            for branch in 4...5 {
                let row = unknown(branch, line)
                for local in 0..<6 {
                    let column = unknown(local, line)
                    let found = column > 0 ? pattern.slot(row: row - 1, column: column - 1) : nil
                    slots.append(Int32((found ?? -1) + 1))
                }
            }
        }
    }

    /// The currents in the nodes' balances.
    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        for line in lines.indices {
            for (local, branch, sign) in [(0, 4, 1.0), (1, 4, -1), (2, 5, 1), (3, 5, -1)] {
                let row = unknown(local, line)
                guard row > 0, let slot = pattern.slot(row: row - 1, column: unknown(branch, line) - 1) else {
                    continue
                }
                context.jacobian[slot + 1] += sign
            }
        }
    }

    // MARK: - Loading

    @inline(__always) private func ports(_ line: Int, _ x: UnsafePointer<Double>) -> LineHistory.Ports {
        [
            x[unknown(0, line)] - x[unknown(1, line)], x[unknown(4, line)],
            x[unknown(2, line)] - x[unknown(3, line)], x[unknown(5, line)],
        ]
    }

    func load(_ context: LoadContext) -> LoadResult {
        let interval = context.conditions.interval
        for line in lines.indices {
            let at = ports(line, context.x)
            trial[line] = at
            if interval > 0, waves[line].hasMemory {
                prepare(line, interval)
                let now = present[line]
                let z = waves[line].impedance
                // Factors of v₁, i₁, v₂, i₂.
                let first: LineHistory.Ports = [now.own, -z, -now.otherVoltage, -z * now.otherCurrent]
                let second: LineHistory.Ports = [-now.otherVoltage, -z * now.otherCurrent, now.own, -z]
                add(line, row: 0, first, at, constant: -now.arriving[0], context)
                add(line, row: 1, second, at, constant: -now.arriving[1], context)
            } else {
                let (first, second) = directRows(line)
                add(line, row: 0, first, at, constant: 0, context)
                add(line, row: 1, second, at, constant: 0, context)
            }
        }
        return LoadResult()
    }

    /// The two rows in direct current: factors of v₁, i₁, v₂, i₂.
    private func directRows(_ line: Int) -> (LineHistory.Ports, LineHistory.Ports) {
        let (cosh, series, shunt) = lines[line].transfer(0)
        let z = waves[line].impedance
        return (
            [cosh.real, -series.real, -cosh.real, series.real],
            [z * shunt.real, -z * cosh.real, z * shunt.real, -z * cosh.real]
        )
    }

    /// Adds the equation factors · ports + constant = 0 [V] of one of the line's two rows.
    @inline(__always) private func add(
        _ line: Int, row: Int, _ factors: LineHistory.Ports, _ ports: LineHistory.Ports, constant: Double,
        _ context: LoadContext
    ) {
        let terms = factors * ports
        let equation = unknown(4 + row, line)
        context.f[equation] += terms.sum() + constant
        let largest = max(abs(terms[0]), abs(terms[1]), abs(terms[2]), abs(terms[3]))
        context.scale[equation] = max(context.scale[equation], largest)
        let base = (2 * line + row) * 6
        context.jacobian[Int(slots[base])] += factors[0]
        context.jacobian[Int(slots[base + 1])] -= factors[0]
        context.jacobian[Int(slots[base + 2])] += factors[2]
        context.jacobian[Int(slots[base + 3])] -= factors[2]
        context.jacobian[Int(slots[base + 4])] += factors[1]
        context.jacobian[Int(slots[base + 5])] += factors[3]
    }

    /// Sums up what arrives at the end of a step of `interval` [s], once a step.
    private func prepare(_ line: Int, _ interval: Double) {
        let start = histories[line].newestTime
        guard present[line].interval != interval || present[line].start != start else { return }
        let wave = waves[line]
        let history = histories[line]
        let z = wave.impedance
        let end = start + interval
        var now = Present(interval: interval, start: start)
        let attenuation = wave.response?.attenuation ?? 1
        // What arrives as it was sent.
        let overlap = interval > wave.delay ? (interval - wave.delay) / interval : 0
        if attenuation > 0, wave.delay > 0 {
            let sent =
                overlap > 0
                ? history.newest * (1 - overlap)
                : history.value(at: end - wave.delay, relativeTolerance: relativeTolerance)
            now.arriving = [sent[2] + z * sent[3], sent[0] + z * sent[1]] * attenuation
            now.otherVoltage = attenuation * overlap
            now.otherCurrent = now.otherVoltage
        }
        if let response = wave.response {
            now.own = response.direct
            response.reach(end)
            var place = LineResponse.Place()
            let first = history.firstPorts
            var own = SIMD2(first[0], first[2]) * response.restOfAdmittance
            var other =
                SIMD2(first[2], first[0]) * response.restOfProduct
                + SIMD2(first[3], first[1]) * (z * response.restOfPropagation)
            history.eachBend { time, bend in
                let since = end - time
                let (passed, product) = response.propagation(since, &place)
                own += SIMD2(bend[0], bend[2]) * response.admittance(since, &place)
                other += SIMD2(bend[2], bend[0]) * product + SIMD2(bend[3], bend[1]) * (z * passed)
            }
            // From the newest point on the slope is that of the step: it ends the last one and begins another.
            let admittance = response.admittance(interval, &place)
            let (passed, product) = response.propagation(interval, &place)
            let last = history.newestSlope + history.newest / interval
            own -= SIMD2(last[0], last[2]) * admittance
            other -= SIMD2(last[2], last[0]) * product + SIMD2(last[3], last[1]) * (z * passed)
            now.own += admittance / interval
            now.otherVoltage += product / interval
            now.otherCurrent += passed / interval
            now.arriving += other - own
        }
        present[line] = now
    }

    // MARK: - Time

    func reset() {
        startsFromConditions = false
        for line in lines.indices {
            histories[line] = LineHistory()
            present[line].interval = -1
        }
    }

    /// Waves a = v + z i at both ports, from either a state or its largest magnitudes.
    @inline(__always) private func sent(_ ports: LineHistory.Ports, _ z: Double) -> SIMD2<Double> {
        [ports[0] + z * ports[1], ports[2] + z * ports[3]]
    }

    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) {
        for line in lines.indices {
            var now = ports(line, x)
            guard conditions.interval > 0 else {
                if startsFromConditions {
                    let given = lines[line].initial
                    for lane in 0..<4 where !given[lane].isNaN { now[lane] = given[lane] }
                }
                histories[line] = LineHistory(time: conditions.time, now)
                present[line].interval = -1
                continue
            }
            let wave = waves[line]
            guard wave.hasMemory else { continue }
            let attenuation = wave.response?.attenuation ?? 1
            let size = histories[line].peak
            let tolerance =
                Self.kink * relativeTolerance * (max(size[0], size[2]) + wave.impedance * max(size[1], size[3]))
                + voltageTolerance
            histories[line].append(
                conditions.time, now, relativeTolerance: relativeTolerance,
                reach: wave.response == nil ? wave.delay * 2 + conditions.interval * 4 : .infinity
            ) {
                let bend = sent($0, wave.impedance)
                return max(abs(bend[0]), abs(bend[1])) * attenuation / tolerance
            }
        }
    }
    /// A corner is passed on where it bends the wave by more than this many times reltol within a step.
    private static let kink = 3.0
    /// Steps follow what arrives within this many times reltol·trtol/70, like curves between rows.
    private static let chord = 3.0

    func markCorner() {
        slopes = []
        for line in lines.indices where waves[line].delay > 0 { histories[line].markCorner(delay: waves[line].delay) }
    }

    func noteProbe(_ x: UnsafePointer<Double>, interval: Double) {
        slopes = lines.indices.map { (ports($0, x) - histories[$0].newest) / interval }
    }

    func nextBreakpoint(after time: Double) -> Double {
        var next = Double.infinity
        for line in lines.indices where waves[line].delay > 0 {
            next = min(next, histories[line].nextArrival(after: time))
        }
        return next
    }

    var arrives: Bool { histories.contains { $0.arrives } }

    func longestStep(from time: Double) -> Double {
        var longest = Double.infinity
        for line in lines.indices where waves[line].delay > 0 {
            let history = histories[line]
            longest = min(longest, history.undecidedArrival - time)
            let attenuation = waves[line].response?.attenuation ?? 1
            guard attenuation > relativeTolerance * 0.1 else { continue }
            let share = Self.chord * toleranceRatio * relativeTolerance / attenuation
            let slack =
                history.peak * share
                + LineHistory.Ports(
                    voltageTolerance, voltageTolerance / waves[line].impedance, voltageTolerance,
                    voltageTolerance / waves[line].impedance)
            let end = history.straightEnd(
                from: time - waves[line].delay, slack: slack, relativeTolerance: relativeTolerance)
            longest = min(longest, end + waves[line].delay - time)
        }
        return longest
    }

    /// Convolutions take ports for straight lines over a step: how far they are from it. What a first step misses behind
    /// a corner would stay: a line remembers charges for long.
    func stepError() -> Double {
        var worst = 0.0
        for line in lines.indices where waves[line].response != nil {
            let history = histories[line]
            let interval = present[line].interval
            guard interval > 0 else { continue }
            let slope: LineHistory.Ports
            var factor = 0.25
            if history.endsInCorner {
                guard line < slopes.count else { continue }
                slope = slopes[line]
            } else {
                slope = history.newestSlope
                factor = interval / (4 * (interval + history.newestInterval))
            }
            let bend = (trial[line] - history.newest) - slope * interval
            let z = waves[line].impedance
            let tolerance =
                toleranceRatio * Self.chord
                * (relativeTolerance
                    * (max(history.peak[0], history.peak[2]) + z * max(history.peak[1], history.peak[3]))
                    + voltageTolerance)
            let departure = sent(bend, z)
            worst = max(worst, max(abs(departure[0]), abs(departure[1])) * factor / tolerance)
        }
        return worst
    }

    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>) {
        startsFromConditions = true
    }

    // MARK: - Small signals and outputs

    var isDispersive: Bool { true }

    /// What distinguishes a line's equations at jω from the resting ones in ∂f/∂x.
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {
        for line in lines.indices {
            let (cosh, series, shunt) = lines[line].transfer(omega)
            let z = Complex(waves[line].impedance)
            let rows = [
                [cosh, -series, -cosh, series], [z * shunt, -(z * cosh), z * shunt, -(z * cosh)],
            ]
            let (first, second) = directRows(line)
            for (row, resting) in [first, second].enumerated() {
                for (local, lane, sign) in [(0, 0, 1.0), (1, 0, -1), (2, 2, 1), (3, 2, -1), (4, 1, 1), (5, 3, 1)] {
                    add(
                        Int32(unknown(4 + row, line)), Int32(unknown(local, line)),
                        (rows[row][lane] - Complex(resting[lane])) * Complex(sign))
                }
            }
        }
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let now = ports(element, x)
        switch index {
        case 0: return now[1]
        case 1: return now[3]
        case 2: return now[0]
        case 3: return now[2]
        case 4: return waves[element].impedance
        case 5: return waves[element].delay
        default: return now[0] * now[1] + now[2] * now[3]
        }
    }
}
