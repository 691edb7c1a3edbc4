/// Time-domain analysis: f(x) + d/dt q(x) + b(t) = 0 from an initial point to `stop`.
///
/// **One step.** Predict x by the polynomial through the last points; solve F(x) = 0 at the new time with
/// dq/dt ≈ α q + h; estimate the local error from the difference to the prediction (``IntegrationFormula``); accept,
/// or go back with a smaller step.
///
/// **Step control.** err = max over dynamic unknowns of |local error| / (ratio·(reltol·peak + abstol)), peak being
/// the largest magnitude of that unknown so far and ratio = trtol/70. A step is accepted where err ≤ 1, and the next
/// is h·0.9·err^(−1/(k+1)), at most doubled; where all elements are smooth, err ≤ 2 and h·0.8·err^(−1/(k+1)).
/// Unknowns that appear in no charge follow the others and are not judged.
/// Nodes inside of arrays are held to 30·ratio·reltol of the largest source's voltage instead: at the head of each edge a
/// wire of a thousand cells has nodes that move by microvolts within femtoseconds, and nothing hangs on them. Behind a
/// corner their errors die as fast as they came, because wires diffuse them: at a time t behind it that is shorter than
/// the resolution asked for, T (the smaller of `step` and a fiftieth of the span), they may be T/t times as large.
///
/// **Breakpoints** (corners of waveforms) are hit exactly. Behind one, the past says nothing about the slope, so a
/// probe is solved first: one backward-Euler step of a small part of the step, which is thrown away again and gives
/// the slope behind the corner. With it the first step has an error estimate of its own, so that it may go straight
/// to the next corner where the circuit allows it; it is of first order.
///
/// **Jumps** that no waveform announces (an expression with a comparison, a diode that has given back its charge and has
/// no capacitance besides) are met by shorter and shorter steps. One that is next to nothing against the longest, or
/// moves less than an electron where the error is, is accepted with its error; backward Euler leads over it and on,
/// because the trapezoidal rule would keep the current from before in mind and zigzag.
struct TransientAnalysis: Sendable {
    /// [s]
    var step: Double
    var stop: Double
    /// Results before this time are not given out [s].
    var start = 0.0
    /// nil: the smaller of `step` and a fiftieth of the span.
    var maximumStep: Double?
    /// Rows at multiples of this time only [s]; nil for every accepted point.
    var outputInterval: Double?
    /// Start from `ic=` and `.ic` instead of an operating point.
    var usesInitialConditions = false
    /// LTspice's `startup`: independent sources are off at first and rise for ``EquationSystem/startupTime``.
    var rampsSources = false

    /// - Returns: the solution at the end.
    @discardableResult
    func run(
        _ system: EquationSystem, options: SimulationOptions, observer: any PointObserver, control: RunControl,
        statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) -> Vector {
        var stepper = TransientStepper(self, system, options)
        system.rampsSources = rampsSources
        defer { system.rampsSources = false }
        try stepper.initialise(observer.rates, &statistics)
        system.beginLatency()
        defer { system.endLatency() }
        try stepper.run(observer, control, &statistics)
        return stepper.x
    }
}
