import ComplexModule

/// A device type with a fixed number of terminals, written down once: currents f [A] and charges q [C] as functions of
/// its unknowns, in the equation f(x) + d/dt q(x) = 0 of every node.
///
/// A device never hears of time steps, integration methods, analyses, matrices or text. Derivatives come from
/// ``Dual`` numbers. The compiler itself keeps the hot data flat: a `BitwiseCopyable` type can hold no reference, array
/// or string.
///
/// Local unknowns are numbered from 0: first the terminals in the card's order, then internal nodes, then branch
/// currents. A branch's own row holds its voltage equation [V] instead of a current balance.
protocol Device: BitwiseCopyable, Sendable {
    /// One lane per local unknown.
    associatedtype Gradient: SIMD & BitwiseCopyable & Sendable where Gradient.Scalar == Double
    /// What the device remembers from one accepted time point to the next.
    associatedtype State: BitwiseCopyable & Sendable = NoState

    /// Number of local unknowns, at most `Gradient.scalarCount`.
    static var arity: Int { get }
    /// Which unknown can appear in which row; all of them unless a type knows better.
    static var couplings: Couplings { get }
    /// True where f and q are linear in the unknowns: evaluated once, never in the Newton loop.
    static var isLinear: Bool { get }
    /// True where a small step of its unknowns moves it along its tangent, but for terms of second order: its
    /// characteristics are smooth and know no jumps.
    static var followsTangents: Bool { get }
    /// The smallest voltage over which its currents or charges change e-fold [V]; 0 where that is not known, and the device
    /// never rests.
    var finestVoltage: Double { get }
    /// Pairs of terminals between which a direct current can flow; the topology check follows them.
    static var conductingPairs: [(Int, Int)] { get }
    /// Pairs of terminals whose voltage difference the device fixes in direct current.
    static var voltageDefinedPairs: [(Int, Int)] { get }
    /// True for an inductor: its voltage is a flux's change, 0 in direct current.
    static var isFluxDefined: Bool { get }
    /// Pairs of terminals between which the device drives a direct current that others of its unknowns control.
    static var controlledPairs: [(Int, Int)] { get }
    /// Pairs of terminals that no direct current flows between and whose voltage controls something.
    static var controllingPairs: [(Int, Int)] { get }
    /// The local unknown that is the device's own current; nil where it has none.
    static var branchUnknown: Int? { get }
    /// Name of the output that gives the current through the device where it has no branch.
    static var currentOutput: String? { get }
    /// Quantities that can be asked for by name, `@r1[i]`.
    static var outputs: [DeviceOutput] { get }

    /// Names of its sources of noise, and the sources at an operating point; none unless a type knows better.
    static var noiseNames: [String] { get }
    func noise(_ u: Locals<Gradient>, state: State) -> [NoiseSource]

    /// True where small signals see more of it than G + jωC.
    static var isDispersive: Bool { get }
    /// What they see besides at angular frequency `omega` [1/s]: calls `add` with the local unknowns of row and column.
    func dispersion(_ omega: Double, _ u: Locals<Gradient>, state: State, _ add: (Int, Int, Complex<Double>) -> Void)

    /// Adds this device's currents and charges at the unknowns `u`.
    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>)

    /// What ``outputs``[index] is multiplied by where it is asked for by Xyce's name for internal variables, `n(yk!k1_h)`.
    func internalUnit(_ output: Int) -> Double
    /// The value of ``outputs``[index].
    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double

    /// What the card's `ic=` says where a transient starts from given conditions: sets branch currents in `u` and
    /// returns what it puts on each row's charge [C] or flux [Wb] beyond q(u).
    func applyInitialConditions(_ u: inout Gradient) -> Gradient
    /// What the card gives with `ic=`, for the unknowns of its locals.
    func condition(_ unknown: (Int) -> Int32) -> DeviceCondition?

    /// Evaluates every element of a batch. There is one default for each kind of device (plain, limited, with state);
    /// as a requirement it is specialised for each type, which a generic class's method is not.
    static func load(_ batch: Batch<Self>, _ context: LoadContext) -> LoadResult
    /// What ``ElementBatch`` says of elements at rest, specialised as ``load(_:_:)`` is.
    static func rest(_ batch: Batch<Self>, at x: UnsafePointer<Double>, _ part: LatentPart) -> Int
    static func wake(_ batch: Batch<Self>, at x: UnsafePointer<Double>, _ part: LatentPart) -> Int
    static func addResting(_ batch: Batch<Self>, to part: LatentPart)
    /// Adds one element of a batch at `u`, from the state that it has.
    static func stamp(_ batch: Batch<Self>, _ element: Int, _ u: Locals<Gradient>, _ stamp: Stamp<Self>)
    /// The state at the start of a run.
    static func initialState(_ device: Self) -> State
    /// Takes over the states of the step that ended at `x`.
    static func commitStates(_ batch: Batch<Self>, _ x: UnsafePointer<Double>, _ conditions: Conditions)
    /// The worst step error of a batch, as a ratio to what its states tolerate.
    static func worstStepError(_ batch: Batch<Self>) -> Double
}

/// The state of a device that has none.
struct NoState: BitwiseCopyable, Sendable {}

/// A quantity of a device that can be printed.
struct DeviceOutput: Sendable {
    /// Lower-case, as in `@d1[id]`.
    var name: String
    var unit: String
    var meaning: String
    /// Name of the output [C or Wb] whose time derivative belongs to this one: the device's `output` gives what flows
    /// at rest, the integration formula adds the rest.
    var charge: String?
    /// Names of the two outputs that this one is the product of, where one of them has a time derivative.
    var product: (String, String)?
    /// Part of the card and no quantity of the solution: real in small-signal analyses, whatever its unit.
    var isGiven: Bool
    init(
        _ name: String, unit: String, _ meaning: String, withRateOf charge: String? = nil,
        product: (String, String)? = nil, isGiven: Bool = false
    ) {
        self.name = name
        self.unit = unit
        self.meaning = meaning
        self.charge = charge
        self.product = product
        self.isGiven = isGiven
    }
}

extension Device {
    static var couplings: Couplings { .all }
    static var isLinear: Bool { false }
    static var followsTangents: Bool { isLinear }
    var finestVoltage: Double { 0 }
    static var voltageDefinedPairs: [(Int, Int)] { [] }
    static var isFluxDefined: Bool { false }
    static var controlledPairs: [(Int, Int)] { [] }
    static var controllingPairs: [(Int, Int)] { [] }
    static var branchUnknown: Int? { nil }
    static var currentOutput: String? { nil }
    static var outputs: [DeviceOutput] { [] }
    static var noiseNames: [String] { [] }
    func noise(_ u: Locals<Gradient>, state: State) -> [NoiseSource] { [] }
    static var isDispersive: Bool { false }
    func dispersion(_ omega: Double, _ u: Locals<Gradient>, state: State, _ add: (Int, Int, Complex<Double>) -> Void) {}
    func internalUnit(_ output: Int) -> Double { 1 }
    func applyInitialConditions(_ u: inout Gradient) -> Gradient { .zero }
    func condition(_ unknown: (Int) -> Int32) -> DeviceCondition? { nil }
    func output(_ index: Int, _ u: Locals<Gradient>, state: State, _ conditions: Conditions) -> Double { .nan }
}

extension Device where State == NoState {
    static func initialState(_ device: Self) -> NoState { NoState() }
}

/// A set of (row, column) pairs of local unknowns, up to 8×8.
struct Couplings: Sendable {
    var bits: UInt64
    static let all = Couplings(bits: ~0)

    init(bits: UInt64) { self.bits = bits }

    /// `rows[k]` lists the local unknowns that appear in row k.
    init(_ rows: [Int]...) {
        bits = 0
        for (row, columns) in rows.enumerated() {
            for column in columns { bits |= 1 << UInt64(row * 8 + column) }
        }
    }

    @inline(__always) func contains(_ row: Int, _ column: Int) -> Bool { bits >> UInt64(row * 8 + column) & 1 != 0 }
}

/// What every evaluation of a device depends on besides its unknowns.
struct Conditions: Sendable, BitwiseCopyable {
    /// Conductance across each junction [S].
    var gmin = 1e-12
    /// Time [s]; 0 in static analyses.
    var time = 0.0
    /// Frequency [Hz] in small-signal analyses; 0 elsewhere.
    var frequency = 0.0
    /// Length [s] of the time step that ends at `time`; 0 in static analyses, where states are held.
    var interval = 0.0
    /// Share that currents at the end of that step have in what flowed during it: 1 for backward Euler, 1/2 for the
    /// trapezoidal rule, and near enough for formulas over several steps.
    var endWeight = 1.0
}

/// The unknowns of one element, as numbers or as variables to differentiate by.
struct Locals<Gradient: SIMD & BitwiseCopyable & Sendable>: BitwiseCopyable where Gradient.Scalar == Double {
    var values: Gradient
    var conditions: Conditions

    @inline(__always) init(values: Gradient, conditions: Conditions) {
        self.values = values
        self.conditions = conditions
    }

    /// Local unknown `k` as a variable.
    @inline(__always) subscript(k: Int) -> Dual<Gradient> { Dual(variable: values[k], lane: k) }

    /// u[a] − u[b] as a variable [V].
    @inline(__always) func voltage(_ a: Int, _ b: Int) -> Dual<Gradient> {
        var gradient = Gradient.zero
        gradient[a] = 1
        gradient[b] = -1
        return Dual(value: values[a] - values[b], gradient: gradient)
    }
}

/// Where a device's currents and charges go: the residual, the charges and the Jacobian of the whole system.
///
/// With u the element's unknowns and ū the point at which it was evaluated (they differ where a junction voltage was
/// limited), a current i counts as i(ū) + ∂i/∂u · (u − ū).
struct Stamp<D: Device> {
    let context: LoadContext
    /// Unknown of each local unknown.
    let unknowns: UnsafePointer<Int32>
    /// Jacobian slot of each (row, column), row-major; 0 is the waste bin.
    let slots: UnsafePointer<Int32>
    let shift: D.Gradient

    /// Adds `i` [A] to the current that leaves node `k` into the device (or [V] to the equation of branch `k`).
    @inline(__always) func current(_ k: Int, _ i: Dual<D.Gradient>) {
        let row = Int(unknowns[k])
        let value = i.value + (i.gradient * shift).sum()
        context.f[row] += value
        context.scale[row] = max(context.scale[row], abs(value))
        for lane in 0..<D.arity where D.couplings.contains(k, lane) {
            context.jacobian[Int(slots[k * D.arity + lane])] += i.gradient[lane]
        }
    }

    /// Adds `q` [C] to the charge of node `k` (or [Wb] to the flux of branch `k`), whose derivative joins its equation.
    @inline(__always) func charge(_ k: Int, _ q: Dual<D.Gradient>) {
        let row = Int(unknowns[k])
        let value = q.value + (q.gradient * shift).sum()
        context.q[row] += value
        // Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
        context.scale[row] = max(context.scale[row], abs(value * context.alpha) * 1e-6)
        for lane in 0..<D.arity where D.couplings.contains(k, lane) {
            context.chargeJacobian[Int(slots[k * D.arity + lane])] += q.gradient[lane] * context.alpha
        }
    }

    /// A current from node `a` through the device to node `b`.
    @inline(__always) func current(from a: Int, to b: Int, _ i: Dual<D.Gradient>) {
        current(a, i)
        current(b, -i)
    }

    /// A charge on node `a` with its mirror image on node `b`.
    @inline(__always) func charge(between a: Int, and b: Int, _ q: Dual<D.Gradient>) {
        charge(a, q)
        charge(b, -q)
    }
}

/// The arrays that a load adds to. Index 0 of each is ground's waste bin.
struct LoadContext {
    var x: UnsafePointer<Double>
    /// Residual: f [A or V].
    var f: UnsafeMutablePointer<Double>
    /// Charge or flux of each row [C or Wb].
    var q: UnsafeMutablePointer<Double>
    /// Largest current of a nonlinear device at each node: what the balance is measured against.
    var scale: UnsafeMutablePointer<Double>
    var jacobian: UnsafeMutablePointer<Double>
    /// Receives alpha·∂q/∂x: the Jacobian itself, or an array of its own.
    var chargeJacobian: UnsafeMutablePointer<Double>
    /// d(dq/dt)/dq of the integration method [1/s]; 0 in static analyses.
    var alpha: Double
    var conditions: Conditions
    /// For a small-signal analysis, or to learn where it would have entries.
    var isSmallSignal = false
}

/// What a load found besides numbers.
struct LoadResult {
    /// Elements whose voltages were limited: not yet the answer.
    var limited = 0
    /// An element gave up; its batch says why.
    var hasFailed = false
}

/// A device that shapes the path of Newton's iteration by limiting junction or gate voltages.
protocol LimitedDevice: Device {
    /// Moves `u` so that its controlling voltages are at a reasonable distance from `previous` (the point of the last
    /// evaluation). Returns true where that changed anything that matters for convergence.
    func limit(_ u: inout Gradient, previous: Gradient) -> Bool
    /// A good first point (a forward-biased junction), used at the first iteration of an operating point.
    func startingPoint(_ u: Gradient) -> Gradient
}

/// A device with a state of its own that obeys an ordinary differential equation coupled to this device alone. The
/// state is eliminated inside the device; the system keeps the node unknowns alone.
protocol StateDevice: Device {
    /// Advances `state` over the step `u.conditions.interval` that ends at `u`, and adds currents and charges there.
    /// In a static analysis (interval 0) the state is held.
    func evaluate(_ u: Locals<Gradient>, from state: State, to next: inout State, _ stamp: Stamp<Self>)
    /// What else belongs to an accepted step: energies, the voltages that the next step starts from.
    func commit(_ u: Locals<Gradient>, from state: State, to next: inout State)
    /// How far the step went over what the state tolerates: at most 1 is accepted.
    func stepError(from state: State, to next: State) -> Double
    /// Whether the element's law changed at the point just accepted: integration starts afresh there.
    func isCorner(_ state: State) -> Bool
}

extension StateDevice {
    func isCorner(_ state: State) -> Bool { false }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        let state = Self.initialState(self)
        var next = state
        evaluate(u, from: state, to: &next, stamp)
    }
}
