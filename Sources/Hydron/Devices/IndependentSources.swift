import ComplexModule
import Glibc
import SparseSolvers
import SpiceNetlist

/// What V and I have in common: a DC value, AC values for a small-signal analysis, a waveform in time.
///
/// V: v₊ − v₋ − E(t) = 0 with the branch current as an unknown. I: the current I(t) flows from n+ through the source
/// to n-. A source that supplies power has a negative current.
struct IndependentSource: Sendable {
    var identity: ElementIdentity
    var plus: Int32
    var minus: Int32
    /// Branch current of a voltage source; 0 for a current source.
    var branch: Int32
    /// [V or A]; nil where the card gives none.
    var direct: Double?
    /// Magnitude [V or A] and phase [°] in AC.
    var ac: (magnitude: Double, phase: Double) = (0, 0)
    var waveform: SourceWaveform?
    /// Of a voltage source that is a port.
    var port: Port?
    /// Sources in parallel (current sources only).
    var multiplier = 1.0

    /// A port of a network: its number from 1, and the resistance that the source lies behind [Ω].
    struct Port: Sendable {
        var number: Int
        var impedance: Double
    }

    /// In static analyses: the DC value, else the waveform's first.
    var staticValue: Double { direct ?? waveform?.value(at: 0) ?? 0 }

    static let voltageOutputs = outputs("V")
    static let currentOutputs = outputs("A")

    /// - Parameter unit: of what the source gives.
    private static func outputs(_ unit: String) -> [DeviceOutput] {
        [
            DeviceOutput("i", unit: "A", "current from n+ through the source to n-"),
            DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
            DeviceOutput("p", unit: "W", "power taken, negative where the source supplies"),
            DeviceOutput("dc", unit: unit, "value in static analyses", isGiven: true),
            DeviceOutput("dcv0", unit: unit, "the same, by Xyce's name", isGiven: true),
            DeviceOutput("acmag", unit: unit, "magnitude in small-signal analyses", isGiven: true),
            DeviceOutput("acphase", unit: "°", "phase in small-signal analyses"),
        ]
    }
}

/// The independent sources of one kind in a circuit.
protocol IndependentSourcePopulation: Population {
    var sources: [IndependentSource] { get set }
}

extension IndependentSourcePopulation {
    var count: Int { sources.count }
    func identity(_ index: Int) -> ElementIdentity { sources[index].identity }
    /// n+, n−, and the branch where there is one.
    func unknown(_ local: Int, of element: Int) -> Int32 {
        let source = sources[element]
        return local == 0 ? source.plus : local == 1 ? source.minus : source.branch
    }
    var outputs: [DeviceOutput] { IndependentSource.voltageOutputs }
    mutating func resolveTransient(tstep: Double, tstop: Double) {
        for index in sources.indices {
            sources[index].waveform = sources[index].waveform?.resolved(step: tstep, stop: tstop)
        }
    }
}

struct VoltageSources: IndependentSourcePopulation {
    var sources: [IndependentSource] = []
    var arity: Int { 3 }
    var conductingPairs: [(Int, Int)] { [(0, 1)] }
    var voltageDefinedPairs: [(Int, Int)] { [(0, 1)] }
    func restsAtZero(_ element: Int) -> Bool {
        sources[element].staticValue == 0 && (sources[element].waveform?.value(at: 0) ?? 0) == 0
    }
    var branchUnknown: Int? { 2 }
    func makeBatch() -> any ElementBatch { SourceBatch(sources, isVoltage: true) }
}

/// Voltage sources behind a resistance: they fix no voltage, so several may lie across each other.
struct PortSources: IndependentSourcePopulation {
    var sources: [IndependentSource] = []
    var arity: Int { 3 }
    var conductingPairs: [(Int, Int)] { [(0, 1)] }
    var branchUnknown: Int? { 2 }
    func makeBatch() -> any ElementBatch { SourceBatch(sources, isVoltage: true) }
}

struct CurrentSources: IndependentSourcePopulation {
    var sources: [IndependentSource] = []
    var arity: Int { 2 }
    var currentOutput: String? { "i" }
    var outputs: [DeviceOutput] { IndependentSource.currentOutputs }
    func makeBatch() -> any ElementBatch { SourceBatch(sources, isVoltage: false) }
}

/// Independent sources as numbers. Each kind of waveform stands in a flat list of its own, so that a time point costs
/// the sums of the constant sources and one evaluation for each that moves.
final class SourceBatch: ElementBatch {
    @exclusivity(unchecked) private var sources: [IndependentSource]
    private let isVoltage: Bool
    /// By source: the value in static analyses.
    @exclusivity(unchecked) private var staticValues: [Double]
    /// By source: the value at the time last loaded.
    @exclusivity(unchecked) private var values: [Double]
    @exclusivity(unchecked) private var pulses: [(source: Int, waveform: SourceWaveform.Pulse)] = []
    @exclusivity(unchecked) private var sines: [(source: Int, waveform: SourceWaveform.Sine)] = []
    /// Positions of sources with any other waveform.
    @exclusivity(unchecked) private var others: [Int] = []
    /// Where each source adds: its branch, or n+ and n− with the number of parallel sources.
    private let targets: [Target]
    /// Positions of sources that change in time.
    private let moving: [Int]
    /// Each moving source's next corner, valid for times from `cornersFrom` on.
    @exclusivity(unchecked) private var corners: [Double]
    @exclusivity(unchecked) private var cornersFrom = -Double.infinity
    /// What was last loaded: whether a source's current is its DC value or its waveform's.
    @exclusivity(unchecked) private var mode = SourceContext.Mode.direct

    private struct Target: BitwiseCopyable {
        var plus: Int32
        var minus: Int32
        var multiplier: Double
    }

    var largestVoltage: Double {
        guard isVoltage else { return 0 }
        return sources.reduce(0) { max($0, abs($1.staticValue), $1.waveform?.bound ?? 0) }
    }

    init(_ sources: [IndependentSource], isVoltage: Bool) {
        self.sources = sources
        self.isVoltage = isVoltage
        staticValues = sources.map(\.staticValue)
        values = staticValues
        targets = sources.map { source in
            // The row of a voltage source reads v₊ − v₋ − E = 0; the second row is the waste bin.
            isVoltage
                ? Target(plus: source.branch, minus: 0, multiplier: -1)
                : Target(plus: source.plus, minus: source.minus, multiplier: source.multiplier)
        }
        moving = sources.indices.filter { sources[$0].waveform != nil }
        corners = moving.map { _ in -.infinity }
        for index in moving {
            switch sources[index].waveform {
            case .pulse(let waveform): pulses.append((index, waveform))
            case .sine(let offset, let amplitude, let frequency, let delay, let damping, let phase):
                sines.append(
                    (
                        index,
                        SourceWaveform.Sine(
                            offset: offset, amplitude: amplitude, frequency: frequency, delay: delay,
                            damping: damping, phase: phase)
                    ))
            default: others.append(index)
            }
        }
    }

    var count: Int { sources.count }
    var isLinear: Bool { true }
    var followsTangents: Bool { true }
    var duties: BatchDuties { .excites }
    var outputs: [DeviceOutput] {
        isVoltage ? IndependentSource.voltageOutputs : IndependentSource.currentOutputs
    }

    func declare(_ pattern: inout PatternBuilder) {
        guard isVoltage else { return }
        for source in sources {
            for node in [source.plus, source.minus] where node > 0 {
                pattern.insert(row: Int(node) - 1, column: Int(source.branch) - 1)
                pattern.insert(row: Int(source.branch) - 1, column: Int(node) - 1)
            }
            if source.port != nil { pattern.insert(row: Int(source.branch) - 1, column: Int(source.branch) - 1) }
        }
    }

    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        guard isVoltage else { return }
        for source in sources {
            for (node, sign) in [(source.plus, 1.0), (source.minus, -1.0)] where node > 0 {
                let branch = Int(source.branch) - 1
                if let slot = pattern.slot(row: Int(node) - 1, column: branch) { context.jacobian[slot + 1] += sign }
                if let slot = pattern.slot(row: branch, column: Int(node) - 1) { context.jacobian[slot + 1] += sign }
            }
            // A port: v₊ − v₋ − z i − E(t) = 0.
            let branch = Int(source.branch) - 1
            if let port = source.port, let slot = pattern.slot(row: branch, column: branch) {
                context.jacobian[slot + 1] -= port.impedance
            }
        }
    }

    func loadSources(_ context: SourceContext) {
        mode = context.mode
        switch mode {
        case .direct: add(staticValues, context)
        case .waveform:
            for (source, waveform) in pulses { values[source] = waveform.value(at: context.time) }
            for (source, waveform) in sines { values[source] = waveform.value(at: context.time) }
            for source in others { values[source] = sources[source].waveform?.value(at: context.time) ?? 0 }
            add(values, context)
        case .smallSignal(let isImaginary):
            add(
                sources.map { source in
                    let phase = source.ac.phase * Double.pi / 180
                    return source.ac.magnitude * (isImaginary ? Glibc.sin(phase) : Glibc.cos(phase))
                }, context)
        }
    }

    private func add(_ values: [Double], _ context: SourceContext) {
        for (value, target) in zip(values, targets) {
            let part = value * target.multiplier * context.factor
            context.f[Int(target.plus)] += part
            context.f[Int(target.minus)] -= part
        }
    }

    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution? {
        let source = sources[element]
        let target = targets[element]
        let value = source.staticValue * target.multiplier
        let ac = Complex(length: source.ac.magnitude * target.multiplier, phase: source.ac.phase * .pi / 180)
        return ElementContribution(
            unknowns: [target.plus, target.minus], current: [value, -value], charge: [0, 0], excitation: [-ac, ac])
    }

    func setDirect(element: Int, to value: Double) {
        sources[element].direct = value
        staticValues[element] = value
        if sources[element].waveform == nil { values[element] = value }
    }

    func nextBreakpoint(after time: Double) -> Double {
        var next = Double.infinity
        let isOlder = time < cornersFrom
        for (place, index) in moving.enumerated() {
            if isOlder || !SourceWaveform.isAfter(corners[place], time) {
                corners[place] = sources[index].waveform?.nextBreakpoint(after: time) ?? .infinity
            }
            next = min(next, corners[place])
        }
        cornersFrom = time
        return next
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        let source = sources[element]
        let v = x[Int(source.plus)] - x[Int(source.minus)]
        let i: Double
        if isVoltage {
            i = x[Int(source.branch)]
        } else {
            var wave: Double?
            if case .waveform = mode { wave = source.waveform?.value(at: conditions.time) }
            let value = wave ?? source.staticValue
            i = value * source.multiplier
        }
        switch index {
        case 0: return i
        case 1: return v
        case 2: return v * i
        case 5: return source.ac.magnitude
        case 6: return source.ac.phase
        default: return source.staticValue
        }
    }
}
