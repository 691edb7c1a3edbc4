import SpiceNetlist

/// What elaboration knows about a netlist's words, for editors: which of them are nodes, and what parameters are worth.
public struct NetlistSurvey: Sendable {
    /// A parameter's value in one place where it holds.
    public struct Value: Sendable {
        /// Lower-case.
        public var name: String
        /// The name of the subcircuit that defines it, where it stands in the text; nil at the top level.
        public var subcircuit: SourceRange?
        /// The hierarchical name of the subcircuit's call; empty at the top level, nil where no card calls it.
        public var call: String?
        /// nil where it depends on the solution, or is broken.
        public var value: Double?
    }

    /// Words that name nodes on cards of elements and calls.
    public internal(set) var nodes: Set<SourceRange> = []
    /// By call, then by name.
    public internal(set) var values: [Value] = []

    /// Of a netlist with mistakes what could be read; subcircuits that nothing calls are read with their defaults.
    public init(of netlist: Netlist, modules: OSDIModules = .none) {
        var overrides = Overrides()
        overrides.modules = modules
        self = Elaborator.survey(netlist, overrides)
    }

    init() {}

    mutating func note(_ scope: Scope, _ subcircuit: Subcircuit?) {
        for name in scope.parameters.keys.sorted() {
            var value: Double?
            if case .value(let number)? = scope.parameter(name), number.isFinite { value = number }
            let isCalled = scope.call?.isMade ?? true
            values.append(
                Value(
                    name: name, subcircuit: subcircuit?.name.range,
                    call: isCalled ? String(scope.prefix.dropLast()) : nil,
                    value: value))
        }
    }
}
