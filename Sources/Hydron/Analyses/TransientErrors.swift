import SpiceNetlist

/// What a step of a transient is judged by: local errors, how far rows are from the curves, and what is an error at all.
extension TransientStepper {
    /// Nodes inside of arrays: this many times ratio·reltol. An occupancy then comes out to 0.1 to 0.2 % of a pulse's
    /// change.
    private static let insideTolerance = 30.0
    /// The same behind a corner, at most so many times.
    private static let largestAllowance = 20.0
    /// Part of reltol within which straight lines between rows follow the curves.
    private static let chordTolerance = 3.0
    /// A node that holds less by its charge holds nothing [F]; the gate of one proton resistor has 33 aF.
    private static let nextToNothing = 1e-18

    /// How far straight lines between rows depart from the curves, over what is tolerated: a chord of length h is off
    /// by h²/8 times the second derivative. Behind a corner the probe stands in for the point before.
    func chordError(_ step: Double) -> Double {
        guard history.solutionCount > 1 else { return 0 }
        let newest = history.solution(0)
        let other = history.solution(1)
        let isBehindCorner = history.chargeCount < 2
        let otherStep = time - history.solutionTimes[1]
        guard otherStep != 0 else { return 0 }
        let ratio = step / otherStep
        let factor = isBehindCorner ? 0.25 : step / (4 * (step + otherStep))
        let scale = toleranceRatio * Self.chordTolerance
        var worst = 0.0
        for number in drawn {
            let unknown = Int(number)
            let value = x.base[unknown]
            let slope = newest[unknown] - other[unknown]
            // What jumps at the corner has its row there; its slope is not known.
            if isBehindCorner, abs(slope) > 0.3 * abs(value - newest[unknown]) { continue }
            let magnitude = max(peak.base[unknown], abs(value))
            let tolerance = scale * (newton.relativeTolerance * magnitude + newton.voltageTolerance)
            worst = max(worst, abs(value - newest[unknown] - slope * ratio) * factor / tolerance)
        }
        return worst
    }

    /// The same for the parabolas through three points that rows between points lie on. For equal steps, of which the
    /// third derivative makes a prediction from three points h³ v‴ wrong, they are off by h³ v‴/(9√3) at most.
    func parabolaError() -> Double {
        let scale = toleranceRatio * Self.chordTolerance * 9 * 3.0.squareRoot()
        var worst = 0.0
        for number in drawn {
            let unknown = Int(number)
            let value = x.base[unknown]
            let tolerance =
                scale
                * (newton.relativeTolerance * max(peak.base[unknown], abs(value)) + newton.voltageTolerance)
            worst = max(worst, abs(value - prediction.base[unknown]) / tolerance)
        }
        return worst
    }

    /// A step so short that an error which is still there is no truncation: the waveform itself jumps (an
    /// expression with a comparison does). The point behind the jump is taken, and integration starts afresh.
    func isJump(_ step: Double, _ error: Double) -> Bool {
        step < maximumStep * Self.jumpStep && error.isFinite
    }

    /// Whether the charge of a node may move by less than an electron's in a step, by the current into it.
    func mayBeUncharged(_ unknown: Int, _ step: Double) -> Bool {
        unknown < system.sparseCount && system.holdsCharge[unknown]
            && system.circuit.unknowns.kind(unknown) != .branch
            && abs(derivative.base[unknown]) * step <= PhysicalConstants.elementaryCharge
    }

    /// False for a node that holds next to nothing over the step: by its charge less than an attofarad, and moved by less
    /// than an electron's charge, foreseen or found. A diode that has given back what its transit time stored, with
    /// no capacitance besides, lets its voltage fall through volts in attoseconds: that is a jump, not an error.
    func isCharged(_ unknown: Int, _ step: Double) -> Bool {
        guard mayBeUncharged(unknown, step) else { return true }
        let moved = abs(history.nextCharge[unknown] - history.charge(0)[unknown])
        let volts = abs(x.base[unknown] - history.solution(0)[unknown])
        return moved > Self.nextToNothing * volts || moved > PhysicalConstants.elementaryCharge
    }

    /// The worst ratio of local error to tolerance, and its unknown.
    @inline(__always) func localError(_ factor: Double, isCharged: (Int) -> Bool = { _ in true }) -> (Double, Int) {
        var worst = 0
        var error = 0.0
        for number in dynamic where isCharged(Int(number)) {
            let unknown = Int(number)
            let magnitude = max(peak.base[unknown], abs(x.base[unknown]))
            let absolute =
                system.circuit.unknowns.kind(unknown) == .branch
                ? newton.currentTolerance : newton.voltageTolerance
            let tolerance = toleranceRatio * (newton.relativeTolerance * magnitude + absolute)
            let ratio = abs(x.base[unknown] - prediction.base[unknown]) * factor / tolerance
            if ratio > error {
                error = ratio
                worst = unknown
            }
        }
        let inside = system.gridUnknowns
        guard !inside.isEmpty else { return (error, worst) }
        let (x, prediction) = (x.base, prediction.base)
        let (farthest, place) = system.parallel.largest(inside) { part in
            var (farthest, place) = (0.0, part.lowerBound)
            for unknown in part {
                let difference = abs(x[unknown] - prediction[unknown])
                if difference > farthest { (farthest, place) = (difference, unknown) }
            }
            return (farthest, place)
        }
        let age = system.conditions.time - lastCorner
        let allowance = min(max(resolution / age, 1), Self.largestAllowance)
        let tolerance =
            Self.insideTolerance * toleranceRatio * newton.relativeTolerance * largestVoltage * allowance
            + newton.voltageTolerance
        if farthest * factor / tolerance > error {
            error = farthest * factor / tolerance
            worst = place
        }
        return (error, worst)
    }

    /// What later steps are judged against.
    mutating func notePeaks() {
        for unknown in 0..<system.sparseCount { peak.base[unknown] = max(peak.base[unknown], abs(x.base[unknown])) }
        guard !system.gridUnknowns.isEmpty else { return }
        let x = x.base
        let highest = system.parallel.largest(system.gridUnknowns) { part in
            var highest = 0.0
            for unknown in part { highest = max(highest, abs(x[unknown])) }
            return (highest, part.lowerBound)
        }
        largestVoltage = max(largestVoltage, highest.value)
    }

    func stepTooSmall(_ worst: Int) -> SimulationFailure {
        let circuit = system.circuit
        var departures: [(unknown: Int, size: Double)] = []
        for unknown in 1..<system.count {
            let highest = unknown < system.sparseCount ? peak.base[unknown] : largestVoltage
            let size = abs(x.base[unknown] - prediction.base[unknown]) / (highest + 1e-12)
            departures.append((unknown, size))
        }
        departures.sort { $0.size != $1.size ? $0.size > $1.size : $0.unknown < $1.unknown }
        let ranked = departures.prefix(5).map(\.unknown)
        var failure = SimulationFailure(
            .timeStepTooSmall, "time step too small at \(time) s: \(circuit.describe(worst)) cannot be followed",
            at: circuit.elementsTouching(worst).first?.identity.range,
            hint:
                "a jump in a waveform or model without capacitance does this; give edges a rise time, or raise reltol"
        )
        failure.diagnostic.notes = ranked.map { unknown in
            let devices = circuit.elementsTouching(unknown)
            let names = devices.map { "'\($0.name)'" }.joined(separator: ", ")
            return Diagnostic.Note(
                "\(circuit.describe(unknown)), connected to \(names)", at: devices.first?.identity.range)
        }
        return failure
    }
}
