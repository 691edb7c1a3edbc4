import SpiceNetlist

/// What the cells of an array are made of, and arrays written out as ordinary elements: cells of any model or
/// subcircuit, with or without a selector in series. Node and element names are those that the array element computes,
/// `x1.row[3][17]` and `x1.cell[3][17]`.
extension CrossbarCard {
    enum Design {
        /// What the array element solves itself: proton resistors of this model, plain resistors without.
        case grid(ModelCard?)
        /// Between row and column a selector, where there is one, and the cell.
        case parts(selector: Part?, cell: Part)

        var hasGates: Bool {
            switch self {
            case .grid(let model): model != nil
            case .parts(let selector, let cell): cell.hasGate || selector?.hasGate ?? false
            }
        }
    }

    /// One of the elements at a crossing.
    enum Part {
        /// A resistor: r= or g=.
        case resistor(Token, isResistance: Bool)
        case model(Token, Terminals)
        case subcircuit(Scope.Definition, ports: Int)

        var hasGate: Bool {
            switch self {
            case .resistor: false
            case .model(_, let terminals): terminals.order.contains(.gate)
            case .subcircuit(_, let ports): ports == 3
            }
        }
    }

    /// The letter of an element's card and what its nodes are tied to.
    struct Terminals {
        enum Node { case row, column, gate, ground }
        var letter: Character
        var order: [Node]

        /// By the model's type. The row is drain or collector, the column source or emitter; a MOSFET's bulk is ground.
        static func of(_ type: String) -> Terminals? {
            switch type {
            case "proton": Terminals(letter: "p", order: [.row, .column, .gate])
            case "d": Terminals(letter: "d", order: [.row, .column])
            case "r", "res": Terminals(letter: "r", order: [.row, .column])
            case "c", "cap": Terminals(letter: "c", order: [.row, .column])
            case "nmos": Terminals(letter: "m", order: [.row, .gate, .column, .ground])
            case "vdmos": Terminals(letter: "m", order: [.row, .gate, .column])
            case "npn", "pnp": Terminals(letter: "q", order: [.row, .gate, .column])
            case "njf", "pjf": Terminals(letter: "j", order: [.row, .gate, .column])
            case "nmf", "pmf", "gasfet": Terminals(letter: "z", order: [.row, .gate, .column])
            case "sw", "vswitch": Terminals(letter: "s", order: [.row, .column, .gate, .column])
            default: nil
            }
        }
    }

    // MARK: Reading

    /// What `cell=`, `r=`, `g=` and `selector=` ask for; nil after an error.
    func design() -> Design? {
        let selector: Part?
        if let token = token("selector") {
            guard let found = part(token, "selector") else { return nil }
            selector = found
        } else {
            selector = nil
        }
        let cell: Part
        if let token = token("cell") {
            if let other = self.token("r") ?? self.token("g"), scope.model(word("cell") ?? "")?.type == "proton" {
                error(
                    "'\(name)' has two kinds of cells", at: other.range,
                    hint: "give cell= or one of r= and g=, not both")
                return nil
            }
            guard let found = part(token, "cell") else { return nil }
            if selector == nil, case .model(_, let terminals) = found, terminals.letter == "p" {
                return .grid(scope.model(word("cell") ?? ""))
            }
            cell = found
        } else if let token = token("r") ?? token("g") {
            if selector == nil { return .grid(nil) }
            cell = .resistor(token, isResistance: self.token("r") != nil)
        } else {
            if selector == nil { return .grid(nil) }
            error(
                "'\(name)' has selectors but no cells", at: card.range,
                hint: "name a model or subcircuit with cell=, or give the resistance r= or conductance g=")
            return nil
        }
        if cell.hasGate, selector?.hasGate ?? false {
            error(
                "cells and selectors of '\(name)' both want the gate line", at: token("selector")?.range,
                hint: "only one of them may have three terminals; put both into a subcircuit for cell= otherwise")
            return nil
        }
        return .parts(selector: selector, cell: cell)
    }

    private func part(_ token: Token, _ key: String) -> Part? {
        guard token.kind == .word else {
            error("\(key) of '\(name)' is the name of a model or a subcircuit", at: token.range)
            return nil
        }
        let wanted = elaborator.netlist.sources.lowercased(token.range)
        if let model = scope.model(wanted) ?? scope.bins(of: wanted).first {
            guard !model.isBroken else { return nil }
            if let terminals = Terminals.of(model.type) { return .model(token, terminals) }
            error(
                "model '\(wanted)' is of type '\(model.type)', which can't stand between a row and a column",
                at: token.range,
                hint: model.type == "pmos"
                    ? "put it into a subcircuit of row, column and gate that says where its bulk goes"
                    : "cells and selectors are elements of two or three terminals; a subcircuit may hold anything else")
            return nil
        }
        if let definition = scope.definition(wanted) {
            let ports = definition.subcircuit.ports.count
            guard 2...3 ~= ports else {
                error(
                    "subcircuit '\(wanted)' has \(ports) port\(ports == 1 ? "" : "s"), but a \(key) of '\(name)' has row, column and perhaps gate",
                    at: token.range, hint: "give it two or three ports in this order")
                return nil
            }
            return .subcircuit(definition, ports: ports)
        }
        let near = suggestion(for: wanted, among: scope.visibleModels + scope.visibleSubcircuits)
        error(
            "no model '\(wanted)' for the \(key)s of '\(name)'", at: token.range,
            hint: near.map { "did you mean '\($0)'?" }
                ?? (key == "cell"
                    ? "define it with `.model \(wanted) proton`, or as a subcircuit of row and column"
                    : "define it with `.model \(wanted) d`, or as a subcircuit of row and column"))
        return nil
    }

    // MARK: Writing out

    /// Adds all cells and wires as ordinary elements.
    func writeOut(_ design: Design, _ size: (rows: Int, columns: Int), _ wires: [CrossbarArray.Wires]) {
        guard case .parts(let selector, let cell) = design else { return }
        for key in ["stuck", "xtarget", "gtarget"] {
            guard let token = token(key) else { continue }
            error(
                "'\(name)' can't have \(key)=", at: token.range,
                hint: "that is for arrays of resistors or proton resistors without a selector")
            return
        }
        guard let missing = faults("open", (size.rows, size.columns, [])) else { return }
        var open = Set(missing)
        var values: [Double] = []
        if case .resistor(let token, let isResistance) = cell {
            guard let given = resistances(token, isResistance, size) else { return }
            values = given
            for cell in given.indices where given[cell] == .infinity { open.insert(Int32(cell)) }
        }
        for (wires, plane) in zip(wires, CrossbarArray.planeNames) { addWires(wires, plane, size) }
        let errors = elaborator.diagnostics.errorCount
        let own = cellFields
        for row in 0..<size.rows {
            for column in 0..<size.columns where !open.contains(Int32(row * size.columns + column)) {
                let place = "[\(row)][\(column)]"
                let inner = scope.cell(row, column, rows: size.rows, columns: size.columns)
                func node(_ plane: String) -> Int32 { elaborator.card.builder.node("\(name).\(plane)\(place)") }
                let gate = wires.count > 2 ? node("gate") : 0
                var top = node("row")
                if let selector {
                    let middle = node("mid")
                    add(selector, "selector\(place)", [], nil, (top, middle, gate), inner)
                    top = middle
                }
                let value = values.isEmpty ? nil : values[row * size.columns + column]
                add(cell, "cell\(place)", own, value, (top, node("col"), gate), inner)
                // What is wrong with one cell is wrong with all.
                if elaborator.diagnostics.errorCount > errors { return }
            }
        }
    }

    /// Fields that are not the array's are the cells'.
    private var cellFields: [Statement.Field] {
        let index = Key.index()
        let shared: [Key] = [.m, .temp, .dtemp]
        let isGiven = token("cell") != nil
        return fields.compactMap { field in
            // Of a cell that is named r and g are parameters like others.
            if Self.words.contains(field.key), !isGiven || !["r", "g"].contains(field.key) { return nil }
            if let key = index[field.key], !shared.contains(key) { return nil }
            return Statement.Field(key: field.keyToken, value: field.value)
        }
    }

    private func resistances(
        _ token: Token, _ isResistance: Bool, _ size: (rows: Int, columns: Int)
    ) -> [Double]? {
        guard let values = cellValues(token, isResistance ? "r" : "g", (size.rows, size.columns, [])) else {
            return nil
        }
        if let wrong = values.firstIndex(where: { isResistance ? $0 <= 0 : $0 < 0 }) {
            error(
                "cell [\(wrong / size.columns)][\(wrong % size.columns)] of '\(name)' has \(values[wrong]) \(isResistance ? "Ω" : "S")",
                at: token.range, hint: isResistance ? "resistances are above 0" : "conductances are at least 0")
            return nil
        }
        return isResistance ? values : values.map { 1 / $0 }
    }

    private func identity(_ part: String) -> ElementIdentity {
        ElementIdentity(name: elaborator.card.builder.directory.names.intern("\(name).\(part)"), range: card.range)
    }

    private func add(
        _ part: Part, _ suffix: String, _ own: [Statement.Field], _ resistance: Double?,
        _ nodes: (row: Int32, column: Int32, gate: Int32), _ inner: Scope
    ) {
        switch part {
        case .resistor:
            addResistor(suffix, resistance ?? 1, nodes.row, nodes.column)
        case .model(let token, let terminals):
            var statement = Statement()
            statement.fields = [Statement.Field(value: token)] + own
            let unknowns = terminals.order.map {
                switch $0 {
                case .row: nodes.row
                case .column: nodes.column
                case .gate: nodes.gate
                case .ground: Int32(0)
                }
            }
            elaborator.card.begin(statement, nodes: unknowns, identity: identity(suffix), scope: inner)
            Catalog.byLetter[terminals.letter.asciiValue ?? 0]?.first?.elaborate(elaborator.card)
        case .subcircuit(let definition, let ports):
            var statement = Statement()
            statement.fields = own
            statement.name = Token(kind: .word, range: card.range)
            elaborator.subcircuits.call(
                definition, card, statement, named: "\(written).\(suffix)",
                nodes: [nodes.row, nodes.column] + (ports == 3 ? [nodes.gate] : []), in: inner)
        }
    }

    private func addResistor(_ suffix: String, _ resistance: Double, _ plus: Int32, _ minus: Int32) {
        elaborator.card.builder.add(
            Resistor(
                conductance: 1 / resistance, temperature: elaborator.card.builder.options.temperature,
                nominal: resistance), [plus, minus], identity: identity(suffix))
    }

    /// The wires of one plane: leads from the ports, segments, and capacitances to ground.
    private func addWires(_ wires: CrossbarArray.Wires, _ plane: String, _ size: (rows: Int, columns: Int)) {
        let isAlongRows = wires.direction == .alongRows
        let (count, length) = isAlongRows ? (size.rows, size.columns) : (size.columns, size.rows)
        var faults: [Int: Double] = [:]
        for fault in wires.faults { faults[fault.wire * length + fault.segment] = fault.conductance }
        for wire in 0..<count {
            func place(_ along: Int) -> String { isAlongRows ? "[\(wire)][\(along)]" : "[\(along)][\(wire)]" }
            func node(_ along: Int) -> Int32 { elaborator.card.builder.node("\(name).\(plane)\(place(along))") }
            if wires.ends != .far { addResistor("\(plane)near[\(wire)]", wires.lead, wires.ports[wire], node(0)) }
            if wires.ends != .near {
                addResistor("\(plane)far[\(wire)]", wires.lead, wires.ports[wire], node(length - 1))
            }
            for along in 0..<length {
                if wires.capacitance > 0 {
                    elaborator.card.builder.add(
                        Capacitor(capacitance: wires.capacitance), [node(along), 0],
                        identity: identity("\(plane)cap\(place(along))"))
                }
                guard along + 1 < length else { continue }
                let conductance = faults[wire * length + along] ?? 1 / wires.segment
                guard conductance > 0 else { continue }
                addResistor("\(plane)wire\(place(along))", 1 / conductance, node(along), node(along + 1))
            }
        }
    }
}
