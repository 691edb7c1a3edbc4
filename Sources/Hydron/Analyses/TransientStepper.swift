import Glibc
import SpiceNetlist

/// The state of a run of a ``TransientAnalysis``, and its march from point to point.
struct TransientStepper {
    /// Size of the probe behind a breakpoint, as a part of the step that is tried.
    private static let probeFraction = 1.0 / 64
    /// Behind a corner a step of this part of the longest one needs no estimate of its error where there is none.
    private static let unjudged = 1e-3
    /// A step below this part of the longest one that still shows an error is a jump.
    static let jumpStep = 1e-7
    /// Rejections of a step before it goes by backward Euler.
    private static let patience = 3
    /// So many times as many iterations are allowed near a jump.
    private static let moreIterations = 3
    /// Steps go on by backward Euler near a jump until they are longer, against the longest step.
    private static let nearJump = 1e-5
    /// The first step behind a jump that no waveform announced, as a part of the longest one: what comes behind it is as
    /// unknown as the jump was.
    private static let stepBehindJump = 1e-4
    /// A chord this many times over its tolerance sends the step back.
    private static let chordLimit = 4.0
    /// Steps whose lengths differ by less than this keep α, so that a linear circuit keeps its factors.
    private static let sameStep = 1e-9
    /// Local errors below are none that a step is cut for.
    private static let calm = 0.3
    /// Where all curves are smooth a step is taken up to this error, elsewhere up to 1. More makes regenerative switching
    /// late: what is foreseen near a fold is not what comes.
    private static let smoothLimit = 2.0
    /// A chord error that a step of twice the length, four times the error, leaves within its tolerance.
    private static let straight = 0.25
    /// Rates of the trapezoidal rule may zigzag about the right ones, and shorter steps leave them to it: after so many
    /// steps on end that were cut for nothing but straight lines, one of backward Euler ends that.
    private static let mostCuts = 12
    /// What Newton's iteration may leave out, as a part of what a step may be off.
    private static let foreseen = 0.2
    let analysis: TransientAnalysis
    let system: EquationSystem
    let newton: NewtonIteration
    var foresight: NewtonIteration.Foresight
    /// Rows between points follow the curves; steps need not.
    var fillsIn = false
    let options: SimulationOptions
    let maximumStep: Double
    let maximumOrder: Int
    let maximumIterations: Int
    let toleranceRatio: Double
    let history: SolutionHistory
    let x: Vector
    let prediction: Vector
    /// dq/dt at the newest accepted point, for the trapezoidal rule.
    let derivative: Vector
    /// Largest magnitude of each unknown so far; of nodes inside of arrays `largestVoltage` stands for all.
    let peak: Vector
    var formula = IntegrationFormula()
    /// Length that α was computed for.
    var formulaStep = 0.0
    var time = 0.0
    var order = 1
    /// Steps led up to a jump of the solution, and have not grown again since.
    var isNearJump = false
    /// So many steps on end were cut for straight lines alone.
    var cuts = 0
    let dynamic: [Int32]
    /// Nodes, whose curves between two rows are straight lines to whoever reads them.
    let drawn: [Int32]
    /// Of all sources at any time, and of nodes inside of arrays so far [V].
    var largestVoltage: Double
    /// The time of the last corner, and the time [s] that is resolved.
    var lastCorner = 0.0
    let resolution: Double
    /// Times that differ by less are the same [s].
    let smallest: Double
    /// The unknowns as initial conditions give them, where a run starts from these: its first row.
    var given: Vector?
    /// The longest step that elements allow from the newest point [s].
    var longestStep = Double.infinity
    /// The next time that `outputInterval` asks for.
    var nextOutput = 0.0
    var outputCount = 0.0

    init(_ analysis: TransientAnalysis, _ system: EquationSystem, _ options: SimulationOptions) {
        self.analysis = analysis
        self.system = system
        self.options = options
        newton = NewtonIteration(options)
        resolution = min(analysis.step, (analysis.stop - analysis.start) / 50)
        maximumStep = analysis.maximumStep ?? resolution
        maximumOrder = options.method == .backwardEuler ? 1 : Int(options[.maxord])
        maximumIterations = max(Int(options[.itl4]), 2)
        toleranceRatio = options[.trtol] / 70
        foresight = NewtonIteration.Foresight(allowance: Self.foreseen * toleranceRatio)
        // Prediction takes one point more than the order, a probe may lie between, and the next charge needs a place.
        history = SolutionHistory(
            unknowns: system.count, depth: maximumOrder + 2, chargeDepth: maximumOrder + 1)
        x = Vector(system.count)
        prediction = Vector(system.count)
        smallest = max(maximumStep * 1e-9, analysis.stop * 1e-14)
        derivative = Vector(system.count)
        peak = Vector(system.sparseCount)
        dynamic = (0..<Int32(system.sparseCount)).filter { system.isDynamic[Int($0)] }
        largestVoltage = system.gridUnknowns.isEmpty ? 0 : system.largestVoltage
        drawn = (1..<Int32(max(system.sparseCount, 1))).filter { system.circuit.unknowns.kind(Int($0)) == .node }
    }

    // MARK: The march

    mutating func run(
        _ observer: any PointObserver, _ control: RunControl, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        statistics.points += 1
        let stops = observer.stops.filter { $0 <= analysis.stop + smallest }
        var stopCount = 0
        if let first = stops.first, first <= smallest {
            stopCount = 1
            try observer.reach(first, UnsafePointer((given ?? x).base), system)
        }
        if analysis.start <= 0 {
            try observer.accept(0, UnsafePointer((given ?? x).base), system)
            if given != nil, analysis.outputInterval == nil {
                try observer.accept(smallest, UnsafePointer(x.base), system)
            }
        }
        // Without an interval every point is a row, from the start that was asked for on.
        nextOutput = analysis.outputInterval ?? (analysis.start > 0 ? analysis.start : .infinity)
        // Corners that rounding sets apart are one.
        func corner(after time: Double) -> Double {
            min(system.nextBreakpoint(after: time + smallest), analysis.stop)
        }
        fillsIn = analysis.outputInterval == nil && observer.fillsIn && system.isSmooth
        var breakpoint = corner(after: 0)
        var restarting = true
        var isBehindJump = false
        var step = 0.0
        var failures = 0
        while analysis.stop - time > smallest {
            if statistics.points & 63 == 0 {
                if control.isInterrupted() {
                    throw SimulationFailure(.interrupted, "interrupted at \(time) s of \(analysis.stop) s")
                }
                if statistics.points & 1023 == 0 { control.progress(time / analysis.stop) }
            }
            // A row that is asked for at a corner is one target, however they are rounded.
            if abs(breakpoint - nextOutput) < smallest { nextOutput = breakpoint }
            var nextStop = stopCount < stops.count ? stops[stopCount] : .infinity
            if abs(nextStop - breakpoint) < smallest { nextStop = breakpoint }
            if abs(nextStop - nextOutput) < smallest { nextStop = nextOutput }
            let target = min(breakpoint, nextOutput, nextStop)
            let distance = target - time
            if restarting, failures == 0 {
                history.restart()
                foresight.forget()
                observer.turn()
                order = 1
                lastCorner = time
                step = min(distance, maximumStep * (isBehindJump ? Self.stepBehindJump : 1))
                statistics.breakpoints += 1
            }
            step = min(step, maximumStep, max(longestStep, 4 * smallest))
            var landing = false
            if step >= distance * (1 - 1e-9) || distance - step < smallest {
                step = distance
                landing = true
            } else if step > 0.5 * distance {
                step = 0.5 * distance
            }
            if restarting, history.solutionCount < 2 || step < 4 * (history.solutionTimes[1] - time) {
                // Without the probe nothing tells the step's error: where it finds no solution both get shorter. Short
                // ones may fail by rounding alone; a short step goes unjudged then.
                while try !probeSlope(step * Self.probeFraction, &statistics),
                    step > max(maximumStep * Self.unjudged, smallest)
                {
                    step = max(step * Self.probeFraction, smallest)
                    landing = false
                }
            }

            let newTime = landing ? target : time + step
            let verdict = try attempt(step, to: newTime, &statistics)
            switch verdict {
            case .accepted(let next, let parts, let isForeseen, let isJump):
                let crossedJump = isJump || step < maximumStep * Self.jumpStep && failures > 0
                let isFirstTry = failures == 0
                failures = 0
                // Behind a jump that steps led up to, both its sides are rows already.
                if restarting, !isBehindJump { try giveOutJump(observer) }
                time = newTime
                statistics.points += 1
                takeOver(observer.rates, isForeseen: isForeseen)
                if landing, target == nextStop {
                    try observer.reach(stops[stopCount], UnsafePointer(x.base), system)
                    stopCount += 1
                }
                if time >= analysis.start {
                    if landing && target == nextOutput || analysis.outputInterval == nil
                        || analysis.stop - time <= smallest
                    {
                        try observer.accept(time, UnsafePointer(x.base), system, parts: parts)
                    } else if observer.takesPoints {
                        observer.pass(time, UnsafePointer(x.base), system)
                    }
                }
                let isCorner = landing && newTime == breakpoint || system.cornerArrives
                if crossedJump {
                    isNearJump = true
                } else if isFirstTry, step > maximumStep * Self.nearJump {
                    isNearJump = false
                }
                restarting = isCorner || crossedJump
                isBehindJump = crossedJump && !isCorner
                if restarting { system.markCorner() }
                system.restElements(at: UnsafePointer(x.base))
                longestStep = system.longestStep(from: time)
                step = max(next, smallest)
                if landing, newTime == nextOutput {
                    outputCount += 1
                    nextOutput = analysis.outputInterval.map { $0 * (outputCount + 1) } ?? .infinity
                }
                // What a step sends into a line may arrive before anything that was known of.
                if isCorner || system.hasDelays, time < analysis.stop { breakpoint = corner(after: time) }
                if isCorner {
                    // Integration starts afresh.
                } else if cuts >= Self.mostCuts {
                    order = 1
                    cuts = 0
                } else if !restarting, !isNearJump, order < maximumOrder, history.chargeCount > order,
                    history.solutionCount > order + 1
                {
                    order += 1
                }
            case .rejected(let next, let worst):
                failures += 1
                // The trapezoidal rule goes on to zigzag about a jump, however short its steps.
                if order > 1, failures >= Self.patience,
                    next < maximumStep * Self.nearJump
                {
                    order = 1
                    isNearJump = true
                }
                // A cut that leads below the smallest step must not pass over those that cross jumps; the same step by
                // backward Euler is no cut.
                guard step > smallest * (1 + 1e-9) || next >= step else { throw stepTooSmall(worst) }
                step = max(next, smallest)
            }
        }
        control.progress(1)
    }

    private enum Verdict {
        /// Straight lines follow the curve if it is given out in so many `parts`. A jump is accepted with its error.
        case accepted(nextStep: Double, parts: Int, isForeseen: Bool, isJump: Bool)
        case rejected(nextStep: Double, worst: Int)
    }

    /// Solves for the point at `newTime` and judges it.
    private mutating func attempt(
        _ step: Double, to newTime: Double, _ statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) -> Verdict {
        var ages = InlineArray<8, Double>(repeating: 0)
        let predictorCount = min(history.solutionCount, order + 1)
        let isSameStep = abs(step - formulaStep) <= Self.sameStep * step
        let effective = isSameStep ? formulaStep : step
        for age in 0..<order { ages[age] = effective + (time - history.chargeTimes[age]) }
        var trial = formula
        trial.set(
            options.method == .trapezoidal && order == 2 ? .trapezoidal : .backwardDifference(order: order),
            ages: ages)
        if trial.alpha != system.alpha, abs(trial.alpha - system.alpha) <= 1e-9 * trial.alpha, isSameStep,
            trial.order == formula.order
        {
            // The same step but for rounding: keep the formula and with it the factors.
            trial = formula
        }
        formula = trial
        formulaStep = effective
        system.conditions.time = newTime
        system.conditions.interval = step
        system.setAlpha(formula.alpha)
        makeHistory()
        system.loadSources(time: newTime, mode: .waveform)

        for age in 0..<predictorCount { ages[age] = step + (time - history.solutionTimes[age]) }
        predict(predictorCount, ages)
        system.rewind()
        let outcome: NewtonIteration.Outcome
        do throws(SimulationFailure) {
            if isNearJump {
                // Nothing is foreseen there: charges on tangents would be those of another branch.
                outcome = try newton.solve(
                    system, x.base, maximumIterations: maximumIterations * Self.moreIterations)
            } else {
                outcome = try newton.solve(
                    system, x.base, maximumIterations: maximumIterations, foresight: &foresight)
            }
        } catch {
            guard [.singularMatrix, .badNumbers, .stalled].contains(error.reason) else { throw error }
            statistics.rejectedByNewton += 1
            if step < maximumStep * 1e-7 { throw error }
            return .rejected(nextStep: step / 8, worst: 0)
        }
        statistics.newtonIterations += outcome.iterations
        guard outcome.converged else {
            statistics.rejectedByNewton += 1
            order = 1
            return .rejected(nextStep: step / 8, worst: outcome.worst)
        }
        var worst = 0
        var error = 0.0
        if predictorCount == order + 1 {
            (error, worst) = localError(formula.errorFactor(predictorAges: ages))
        }
        let limit = system.isSmooth ? Self.smoothLimit : 1
        var isSnap = false
        if error > Self.calm, !system.isLinear, mayBeUncharged(worst, step) {
            system.totalCharge(UnsafePointer(x.base), into: history.nextCharge)
            let rest = localError(formula.errorFactor(predictorAges: ages), isCharged: { self.isCharged($0, step) })
            isSnap = error > limit && rest.0 <= limit
            // Steps need not get shorter towards it.
            if !isSnap { (error, worst) = rest }
        }
        let stateError = system.stateError()
        if isSnap, stateError <= 1 {
            // The trapezoidal rule would keep the current from before in mind, and zigzag.
            guard order > 1 else { return .accepted(nextStep: step, parts: 1, isForeseen: false, isJump: true) }
            statistics.rejectedByError += 1
            order = 1
            return .rejected(nextStep: step, worst: worst)
        }
        let aim = system.isSmooth ? 0.8 : 0.9
        let growth = error > 0 ? aim * power(error, -1 / Double(order + 1)) : 2
        let stateGrowth = stateError > 0 ? 0.9 / stateError.squareRoot() : 2
        let factor = min(growth, stateGrowth)
        let chord = chordError(step)
        var parts = 1
        var (drawingError, drawingGrowth) = (chord, chord > 0 ? 0.9 / chord.squareRoot() : 2)
        if fillsIn, chord <= Self.straight {
            // Twice the step would be drawn straight enough.
            drawingGrowth = 2
        } else if fillsIn, predictorCount == 3, history.chargeCount > 1 {
            parts = max(Int(min(chord, 1e4).squareRoot().rounded(.up)), 1)
            drawingError = parabolaError()
            drawingGrowth = drawingError > 0 ? 0.9 / cbrt(drawingError) : 2
        }
        let pace = min(factor, max(drawingGrowth, 0.3))
        cuts = drawingGrowth < min(factor, 0.9) && order > 1 ? cuts + 1 : 0
        let isOff = error > limit || stateError > 1 || drawingError > Self.chordLimit
        if isOff, !isJump(step, error) {
            statistics.rejectedByError += 1
            return .rejected(
                nextStep: step * max(min(factor, drawingError > 1 ? drawingGrowth : 0.9, 0.9), 1e-3),
                worst: worst)
        }
        return .accepted(
            nextStep: step * max(min(pace, 2), 0.2), parts: parts, isForeseen: outcome.isForeseen, isJump: isOff)
    }

    /// Currents of capacitors, voltages of inductors and outputs of expressions may jump at a corner. The probe tells
    /// the values right behind it; a row of them keeps readers from drawing the jump as a slope.
    private func giveOutJump(_ observer: any PointObserver) throws(SimulationFailure) {
        guard history.solutionCount == 2, analysis.outputInterval == nil, time >= analysis.start,
            history.solutionTimes[1] < system.conditions.time
        else { return }
        let before = history.solution(0)
        let probe = history.solution(1)
        let behind = Vector(system.count)
        let share = (history.solutionTimes[1] - time) / (system.conditions.time - time)
        // Right behind the corner: the line through the probe and the new point, drawn back.
        let back = share / (1 - share)
        let (values, new) = (behind.base, x.base)
        system.parallel.parts(system.count) {
            for unknown in $0 { values[unknown] = probe[unknown] + (probe[unknown] - new[unknown]) * back }
        }
        let ratesJump =
            !observer.rates.isEmpty
            && observer.rates.findBehind(
                probe: probe, after: history.solutionTimes[1] - time, new: UnsafePointer(x.base), formula: formula,
                back: back, smallest: newton.currentTolerance, system)
        let unknownsJump = observer.observedUnknowns.contains { unknown in
            guard !system.isDynamic[unknown] else { return false }
            let highest = unknown < system.sparseCount ? peak.base[unknown] : largestVoltage
            let size = max(highest, abs(x.base[unknown]), abs(behind.base[unknown]))
            // What jumps at the corner shows in the probe already; what only shows beyond it comes later in the step.
            return abs(behind.base[unknown] - before[unknown]) > 0.01 * size
                && abs(probe[unknown] - before[unknown]) > 0.01 * size
                && size > newton.voltageTolerance * 1e-3
        }
        guard ratesJump || unknownsJump else { return }
        let accepted = system.conditions
        system.conditions.time = time + smallest
        observer.rates.exchange()
        defer {
            system.conditions = accepted
            observer.rates.exchange()
        }
        observer.turn()
        try observer.accept(time + smallest, UnsafePointer(behind.base), system)
        observer.turn()
    }

    @inline(__always) private func power(_ base: Double, _ exponent: Double) -> Double {
        // Orders 1 and 2 are nearly all there is.
        if exponent == -0.5 { return 1 / base.squareRoot() }
        if order == 2 { return 1 / cbrt(base) }
        return pow(base, exponent)
    }

    /// The point just solved becomes the newest.
    private mutating func takeOver(_ rates: ChargeRates, isForeseen: Bool) {
        // A linear circuit is never evaluated: its nonlinear charges are none.
        system.totalCharge(UnsafePointer(x.base), into: history.nextCharge)
        let new = history.nextCharge
        let (slope, alpha, past) = (derivative.base, formula.alpha, system.history)
        system.parallel.parts(system.count) { for row in $0 { slope[row] = alpha * new[row] + past[row] } }
        system.conditions.endWeight = formula.order == 1 ? 1 : 0.5
        system.accept(UnsafePointer(x.base))
        rates.advance(formula, UnsafePointer(x.base), along: isForeseen ? system.lastUpdate : nil, system)
        history.push(time: system.conditions.time, solution: UnsafePointer(x.base))
        notePeaks()
    }
}
