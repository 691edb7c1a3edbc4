import SpiceNetlist

/// A number that an element or a model takes from its card.
struct CardParameter: Hashable, Sendable {
    enum Owner: Hashable, Sendable {
        /// Lower-case, hierarchical.
        case element(String)
        case model(String)
    }
    var owner: Owner
    /// Empty for an element's principal value.
    var name: String

    /// `r1`, `q1:area`, `qmod:bf`
    var label: String {
        switch owner {
        case .element(let element): name.isEmpty ? element : "\(element):\(name)"
        case .model(let model): "\(model):\(name)"
        }
    }
}

/// Which parameters a netlist's elements and models have, found while they are read.
struct ParameterLog: Sendable {
    struct Entry: Sendable {
        var parameter: CardParameter
        var value: Double
        /// False for a default.
        var isGiven: Bool
        var bounds: Parameter.Bounds
    }
    /// In the order of their reading.
    private(set) var entries: [Entry] = []
    /// Element → model that its card names.
    private(set) var models: [String: String] = [:]
    private var known: Set<CardParameter> = []

    mutating func note(
        _ owner: CardParameter.Owner, _ name: String, _ value: Double, isGiven: Bool, _ bounds: Parameter.Bounds = .any
    ) {
        // A default of 0 stands for what is not there.
        guard value.isFinite, isGiven || value != 0 else { return }
        let parameter = CardParameter(owner: owner, name: name)
        guard known.insert(parameter).inserted else { return }
        entries.append(Entry(parameter: parameter, value: value, isGiven: isGiven, bounds: bounds))
    }

    mutating func note<Key: ParameterKey>(_ owner: CardParameter.Owner, _ values: ParameterValues<Key>) {
        for key in Key.allCases where !key.parameter.isChoice {
            note(owner, key.parameter.name, values[key], isGiven: values.isGiven(key), key.parameter.bounds)
        }
    }

    mutating func note(_ element: String, uses model: String) { models[element] = model }
}
