import SpiceNetlist

/// What `level=` of a model means in each dialect: simulators number their equations each in its own way.
enum ModelLevels {
    enum Meaning: Equatable, Sendable {
        /// Equations that are here, by the number that their device gives them.
        case here(Int)
        /// Equations by their name, which this version does not have, but a compiled model may.
        case elsewhere(String)
    }

    /// Of the element with letter `device`; a dialect that a row does not name reads it like all others.
    private struct Row: Sendable {
        var device: Character
        var level: Int
        var meaning: Meaning
        var dialects: [String] = []
    }

    /// Of two rows the first that fits counts. What compiled modules can serve is in the table of ``OSDIModelTypes``.
    private static let rows: [Row] = [
        Row(device: "d", level: 1, meaning: .here(1)),
        Row(device: "d", level: 2, meaning: .elsewhere("Fowler–Nordheim"), dialects: ["hspice"]),
        Row(device: "d", level: 2, meaning: .here(2)),
        Row(device: "d", level: 3, meaning: .here(3)),
        Row(device: "d", level: 4, meaning: .elsewhere("JUNCAP")),

        Row(device: "q", level: 1, meaning: .here(1)),
        Row(device: "q", level: 2, meaning: .here(1), dialects: ["ngspice"]),

        Row(device: "j", level: 1, meaning: .here(1)),
        Row(device: "j", level: 2, meaning: .here(3), dialects: ["xyce"]),
        Row(device: "j", level: 2, meaning: .here(1), dialects: ["hspice"]),
        Row(device: "j", level: 2, meaning: .here(2)),
        Row(device: "j", level: 3, meaning: .elsewhere("Curtice's MESFET"), dialects: ["hspice"]),

        Row(device: "m", level: 1, meaning: .here(1)),
        Row(device: "m", level: 2, meaning: .here(2)),
        Row(device: "m", level: 3, meaning: .here(3)),
        Row(device: "m", level: 4, meaning: .elsewhere("BSIM1")),
        Row(device: "m", level: 5, meaning: .elsewhere("EKV 2.6"), dialects: ["pspice"]),
        Row(device: "m", level: 5, meaning: .elsewhere("BSIM2")),
        Row(device: "m", level: 7, meaning: .elsewhere("BSIM3"), dialects: ["pspice"]),
        Row(device: "m", level: 8, meaning: .elsewhere("BSIM4"), dialects: ["pspice"]),
        Row(device: "m", level: 6, meaning: .elsewhere("Lattin–Jenkins–Grove"), dialects: ["hspice"]),
        Row(device: "m", level: 6, meaning: .here(6)),
        Row(device: "m", level: 9, meaning: .here(SOICard.number), dialects: ["ltspice"]),
        Row(
            device: "m", level: 9, meaning: .elsewhere("level 3 as modified by A. Poole"), dialects: ["ngspice"]),
        Row(device: "m", level: 10, meaning: .here(SOICard.number)),
        Row(device: "m", level: 58, meaning: .here(SOICard.number), dialects: ["ngspice"]),
        Row(device: "m", level: 70, meaning: .here(SOICard.number)),
        Row(device: "m", level: 70450, meaning: .here(SOICard.number), dialects: ["xyce"]),
        Row(device: "m", level: 70470, meaning: .here(SOICard.number), dialects: ["xyce"]),
        Row(device: "m", level: 18, meaning: .elsewhere("Xyce's VDMOS"), dialects: ["xyce"]),
        Row(device: "m", level: 55, meaning: .elsewhere("BSIM3SOI-FD 2.1"), dialects: ["ngspice"]),
        Row(device: "m", level: 56, meaning: .elsewhere("BSIM3SOI-DD 2.1"), dialects: ["ngspice"]),
        Row(device: "m", level: 57, meaning: .elsewhere("BSIM3SOI-PD 2.2.3"), dialects: ["ngspice"]),
        Row(device: "m", level: 57, meaning: .here(SOICard.number), dialects: ["hspice"]),
        Row(device: "m", level: 57, meaning: .elsewhere("BSIM-SOI 3")),
        Row(device: "m", level: 73, meaning: .elsewhere("HiSIM-HV")),
    ]

    /// What a level means; nil where nobody knows.
    static func meaning(of level: Int, device: Character, in dialect: Dialect) -> Meaning? {
        let row = rows.first {
            $0.device == device && $0.level == level && ($0.dialects.isEmpty || $0.dialects.contains(dialect.name))
        }
        if let row { return row.meaning }
        return OSDIModelTypes.family(letter: device, level: level, dialect: dialect).map { .elsewhere($0) }
    }
}

extension ElementCard {
    /// True where the card names a model behind fewer or more nodes than its device has, which was reported: as one of
    /// equations that only a compiled model has, or as a mistake.
    ///
    /// - Parameter nodes: that the device here may have.
    func hasOtherNodes(
        than nodes: ClosedRange<Int>, for types: [String], device: Character, kind: String, known: String
    ) -> Bool {
        for (place, word) in remainingWords where place > 1 {
            guard let model = scope.model(word) ?? scope.bins(of: word).first, types.contains(model.type) else {
                continue
            }
            guard !nodes.contains(place) else { return false }
            if !model.isBroken, level(of: model, device: device, kind: kind, known: known) != nil {
                let wanted = nodes.count == 1 ? "\(nodes.lowerBound)" : "\(nodes.lowerBound) to \(nodes.upperBound)"
                error("\(name) connects \(place) nodes, but \(kind) of level \(model.level) has \(wanted)")
            }
            return true
        }
        return false
    }

    /// The number that the device gives the equations of a model's level. Reports what is not here, as `kind` of that
    /// level, and returns nil.
    func level(of model: ModelCard, device: Character, kind: String, known: String) -> Int? {
        let meaning = ModelLevels.meaning(of: model.level, device: device, in: dialect)
        if case .here(let number)? = meaning { return number }
        var name = ""
        if case .elsewhere(let given)? = meaning { name = " (\(given))" }
        let compiled = OSDIModelTypes.names(
            letter: device.asciiValue ?? 0, type: model.type, level: model.level, dialect: dialect)
        var hint = known
        if let first = compiled.first {
            hint += "; a compiled model serves it: compile its Verilog-A with 'hydron va FILE.va' and name the library"
            hint +=
                " with --osdi (module \(compiled.count > 1 ? "\(first) or \(compiled.dropFirst().joined(separator: ", "))" : first))"
        }
        error(
            "model '\(model.name)' is \(kind) of level \(model.level)\(name), which this version does not have",
            hint: hint)
        return nil
    }
}

extension Dialect {
    /// gmin takes part in a bipolar transistor's injected currents, so that 1/bf of it reaches the base, as in SPICE2 and
    /// Xyce; else it lies across the junctions, as in ngspice.
    var injectsGmin: Bool { name == "xyce" }
}
