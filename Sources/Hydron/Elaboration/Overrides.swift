/// Values that take the place of what the netlist says: sweeps, `.step` and the command line elaborate with these.
struct Overrides: Sendable, Equatable {
    /// Top-level parameters.
    var parameters: [String: Double] = [:]
    /// Temperature of the circuit [°C].
    var temperature: Double?
    /// Threads that share the work; nil for what the options say.
    var threads: Int?
    /// Compiled modules that models may be of.
    var modules = OSDIModules.none
    /// Element (lower-case, hierarchical) → parameter → value; the empty name is the element's principal value.
    var elements: [String: [String: Double]] = [:]
    /// Model → parameter → value.
    var models: [String: [String: Double]] = [:]

    /// True in a step: what `.step` lists, perhaps millions of values, is known already.
    var isOfStep = false
    /// How random numbers are drawn.
    var draws = RandomDraws.bySeed

    static let none = Overrides()

    mutating func set(_ target: SweepTarget, to value: Double) {
        switch target {
        case .temperature: temperature = value
        case .parameter(let name): parameters[name] = value
        case .element(let name, let parameter): elements[name, default: [:]][parameter] = value
        case .model(let name, let parameter): models[name, default: [:]][parameter] = value
        case .source(let name): elements[name, default: [:]]["dc"] = value
        }
    }
}

/// What a sweep changes.
enum SweepTarget: Hashable, Sendable {
    case temperature
    case parameter(String)
    /// The DC value of an independent source.
    case source(String)
    case element(String, parameter: String)
    case model(String, parameter: String)
}

/// One swept quantity with its values.
struct Sweep: Sendable {
    /// As written, lower-case: the column's name.
    var name: String
    var target: SweepTarget
    var values: [Double]
    /// True where it moves along with the sweep before it (further columns of `.data`).
    var isTied = false
}
