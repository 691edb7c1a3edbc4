import ComplexModule
import SparseSolvers

/// All elements of one device type, as numbers: what the engine sees of a circuit.
///
/// One dynamic call a type and a pass, then a typed loop. Every method has a default, so that a type says only what
/// is special about it.
protocol ElementBatch: AnyObject {
    var count: Int { get }
    /// Evaluated once into the baseline instead of in the Newton loop.
    var isLinear: Bool { get }
    /// True where a small step of its unknowns moves every element along its tangent, but for terms of second order:
    /// characteristics are smooth and know no jumps.
    var followsTangents: Bool { get }
    /// What it takes part in at each time point; whatever a type does not know better.
    var duties: BatchDuties { get }
    /// The threads that may share its work.
    func use(_ parallel: Parallel)
    /// True where an element's equations ask for the frequency of a small-signal analysis.
    var dependsOnFrequency: Bool { get }
    /// Tells of all batches before any declares its entries: expressions ask for other devices' outputs.
    func connect(_ batches: [any ElementBatch], unknownCount: Int)
    /// The unknowns that an element's outputs depend on.
    func dependencies(element: Int) -> [Int32]
    func declare(_ pattern: inout PatternBuilder)
    func bind(_ pattern: SparsityPattern)
    /// Adds the constant ∂f/∂x to `context.jacobian` and ∂q/∂x to `context.chargeJacobian`.
    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext)
    /// Adds excitations at `conditions.time` to `context.f`; independent sources are multiplied by `factor`.
    func loadSources(_ context: SourceContext)
    /// Adds f, q and the Jacobian at `context.x`.
    func load(_ context: LoadContext) -> LoadResult
    /// What one element adds to the equations at `x`; nil where it has no parameters that could be moved.
    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution?
    /// Makes ready for elements to rest, and says how many could: see ``LatentElements``.
    func prepareToRest(_ options: SimulationOptions) -> Int
    /// Adds elements to `part` that have stayed near the accepted point `x` for some points, and says how many: from here
    /// on they are not loaded.
    func rest(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int
    /// Takes elements out again that rest too far from `x`, and says how many.
    func wake(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int
    /// Adds all elements at rest to a `part` that was emptied.
    func addResting(to part: LatentPart)
    func wakeAll()
    /// Changes the DC value of an independent source (V or A).
    func setDirect(element: Int, to value: Double)
    /// Forgets everything: the next load starts a new analysis from static conditions.
    func reset()
    /// The first evaluation of an operating point starts junctions at a reasonable voltage.
    func suggestStart()
    /// Newton's iteration begins anew.
    func beginSolution()
    /// False where models must answer at the voltages that they are asked for, however far these moved.
    func useLimiting(_ limits: Bool)
    /// Limiting goes on from where the point last accepted left it, not from a trial step that was rejected.
    func rewind()
    /// The step that ended at `x` is taken.
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions)
    /// The worst ratio of a state's step error to what it tolerates, for the step just solved.
    func stepError() -> Double
    /// True where an element's law changed at the point just accepted: integration starts afresh there.
    var isCorner: Bool { get }
    /// The largest voltage that its independent voltage sources ever have [V].
    var largestVoltage: Double { get }
    /// The first instant after `time` at which a waveform or its slope jumps; infinity where there is none.
    func nextBreakpoint(after time: Double) -> Double
    /// The longest step that its elements allow from the point just accepted, at `time` [s]: infinity where any will do.
    func longestStep(from time: Double) -> Double
    /// What elements said since the last call.
    func takeMessages() -> [ElementMessage]
    /// Why an element gave up, after a load that has failed.
    func takeFailure() -> ElementMessage?
    /// Names of what ``output(_:element:x:_:)`` can give.
    var outputs: [DeviceOutput] { get }
    /// How many of them an operating point's table lists.
    var tabulatedOutputs: Int { get }
    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double
    /// True where elements make noise, and their sources of it at the operating point `x`.
    var hasNoise: Bool { get }
    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator]
    /// True where small signals see more of its elements than G + jωC.
    var isDispersive: Bool { get }
    /// What they see besides at angular frequency `omega` [1/s] and operating point `x`: calls `add` with the unknowns of
    /// row and column.
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void)
    /// What elements give with `ic=`.
    var deviceConditions: [DeviceCondition] { get }
    /// Adds to `q` what initial conditions (`ic=`) put on charges and fluxes beyond what `x` says; sets branch
    /// currents in `x`. Called once where a transient starts from given conditions (`uic`).
    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>)
}

/// What a batch is asked at each time point: most have nothing to answer, and asking costs as much as a small circuit's devices.
struct BatchDuties: OptionSet {
    let rawValue: UInt8
    /// ``ElementBatch/loadSources(_:)``
    static let excites = BatchDuties(rawValue: 1)
    /// ``ElementBatch/accept(_:_:)`` and ``ElementBatch/isCorner``
    static let remembers = BatchDuties(rawValue: 2)
    /// ``ElementBatch/longestStep(from:)``
    static let boundsSteps = BatchDuties(rawValue: 4)
    static let all: BatchDuties = [.excites, .remembers, .boundsSteps]
}

/// What an element of a batch has to say to the user.
struct ElementMessage {
    /// Its place in the batch.
    var element: Int
    var isWarning: Bool
    var text: String
}

/// Elements whose past acts on their present: lines.
protocol DelayBatch: ElementBatch {
    func use(_ options: SimulationOptions)
    /// The point just accepted is a corner; where it counts, its arrival is a breakpoint later.
    func markCorner()
    /// True where a corner arrived at the point just accepted that no breakpoint announced.
    var arrives: Bool { get }
    /// What the unknowns are `interval` [s] behind the corner just marked, in a trial step that is not taken.
    func noteProbe(_ x: UnsafePointer<Double>, interval: Double)
}

/// An initial condition of one element, as its card gives it.
enum DeviceCondition: Sendable {
    /// Unknowns of its nodes, and volts between them.
    case voltage(Int32, Int32, Double)
    /// Unknown of its branch, and amperes.
    case current(Int32, Double)
}

/// Where excitations go.
struct SourceContext {
    /// Residual part of each row [A or V]; index 0 is the waste bin.
    var f: UnsafeMutablePointer<Double>
    /// [s]
    var time: Double
    var mode: Mode

    enum Mode: Sendable {
        /// A source's `dc` value counts: `.op` and `.dc`.
        case direct
        /// Its waveform at `time` counts: a transient and the operating point before it.
        case waveform
        /// Real or imaginary part of its `ac` value counts.
        case smallSignal(imaginary: Bool)
    }
    /// Source stepping: 1 in every answer.
    var factor: Double
}

extension ElementBatch {
    var dependsOnFrequency: Bool { false }
    var isLinear: Bool { false }
    var followsTangents: Bool { false }
    var duties: BatchDuties { .all }
    func use(_ parallel: Parallel) {}
    func connect(_ batches: [any ElementBatch], unknownCount: Int) {}
    func dependencies(element: Int) -> [Int32] { [] }
    func bind(_ pattern: SparsityPattern) {}
    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {}
    func loadSources(_ context: SourceContext) {}
    func load(_ context: LoadContext) -> LoadResult { LoadResult() }
    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution? { nil }
    func prepareToRest(_ options: SimulationOptions) -> Int { 0 }
    func rest(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int { 0 }
    func wake(at x: UnsafePointer<Double>, _ part: LatentPart) -> Int { 0 }
    func addResting(to part: LatentPart) {}
    func wakeAll() {}
    func setDirect(element: Int, to value: Double) {}
    func reset() {}
    var isCorner: Bool { false }
    func suggestStart() {}
    func beginSolution() {}
    func useLimiting(_ limits: Bool) {}
    func rewind() {}
    func accept(_ x: UnsafePointer<Double>, _ conditions: Conditions) {}
    func stepError() -> Double { 0 }
    var largestVoltage: Double { 0 }
    var tabulatedOutputs: Int { outputs.count }
    func nextBreakpoint(after time: Double) -> Double { .infinity }
    func longestStep(from time: Double) -> Double { .infinity }
    func takeMessages() -> [ElementMessage] { [] }
    func takeFailure() -> ElementMessage? { nil }
    var outputs: [DeviceOutput] { [] }
    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double { .nan }
    var hasNoise: Bool { false }
    func noise(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> [NoiseGenerator] { [] }
    var isDispersive: Bool { false }
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {}
    var deviceConditions: [DeviceCondition] { [] }
    func applyInitialConditions(x: UnsafeMutablePointer<Double>, q: UnsafeMutablePointer<Double>) {}
}
