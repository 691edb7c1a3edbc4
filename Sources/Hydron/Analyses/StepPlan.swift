import Waveforms

/// How often each analysis runs, and with which values: the combinations of `.step`, and those again for each run of
/// `.mc`.
struct StepPlan: Sendable {
    private let points: SweepPoints
    private let base: Overrides
    let sampling: Sampling?
    private let seed: UInt64
    /// Combinations of `.step`.
    var combinations: Int { points.count }
    /// What each step's values are; empty without steps.
    let columns: [Column]
    let count: Int

    init(_ elaboration: Elaboration, _ overrides: Overrides) {
        points = SweepPoints(elaboration.steps)
        base = overrides
        sampling = elaboration.sampling
        seed = elaboration.seed
        columns =
            (sampling == nil ? [] : [Column("run", .step)]) + elaboration.steps.map { Column($0.name, $0.quantity) }
        count = points.count * (1 + (sampling?.runs ?? 0))
    }

    /// Calls `body` with each sweep and its value in this step.
    private func each(_ step: Int, _ body: (Sweep, Double) -> Void) {
        points.each(at: step % max(combinations, 1), body)
    }

    /// The run of `.mc`; 0 is the nominal one.
    func run(_ step: Int) -> Int { step / max(combinations, 1) }

    /// In the order of ``columns``.
    func values(_ step: Int) -> [Double] {
        var values: [Double] = sampling == nil ? [] : [Double(run(step))]
        each(step) { values.append($1) }
        return values
    }

    func overrides(_ step: Int) -> Overrides {
        var overrides = base
        overrides.isOfStep = true
        each(step) { overrides.set($0.target, to: $1) }
        guard let sampling else { return overrides }
        overrides.draws = run(step) == 0 ? .nominal : .run(run(step))
        // Runs share the threads among themselves.
        overrides.threads = 1
        for (index, distribution) in sampling.distributions.enumerated() {
            guard let value = distribution.value(overrides.draws, seed: seed, index: index) else { continue }
            overrides.set(distribution.target, to: value)
        }
        return overrides
    }
}
