import SpiceNetlist
import Waveforms

/// The card of an array:
///
///     Xname ROWS COLS [GATES] crossbar cell=MODEL|r=|g= [rows=] [cols=] [rrow=] [rcol=] [rgate=] …
///
/// ROWS, COLS and GATES are buses, `row[0:63]`, or single nodes one by one. Values of cells are numbers, expressions in
/// the row `i` and the column `j`, or files.
struct CrossbarCard {
    let elaborator: Elaborator
    let card: Card
    let name: String
    /// The name as it stands on the card, without the path of the subcircuit.
    let written: String
    private let nameRange: SourceRange
    private let ports: [Token]
    let scope: Scope
    private(set) var fields: [(key: String, keyToken: Token, value: Token)] = []

    /// Largest number of cells: unknowns are counted in 32 bits.
    private static let largest = 1 << 28

    init(
        _ elaborator: Elaborator, _ statement: Statement, _ card: Card, named written: String, ports: [Token],
        in scope: Scope
    ) {
        self.elaborator = elaborator
        self.card = card
        self.ports = ports
        self.scope = scope
        let sources = elaborator.netlist.sources
        self.written = written
        name = scope.prefix + written
        nameRange = statement.name.range
        for field in statement.fields {
            if let key = field.key { fields.append((sources.lowercased(key.range), key, field.value)) }
        }
    }

    /// What describes an array besides its cells.
    enum Key: Int, ParameterKey {
        case rows, cols
        case rrow, rcol, rgate, rowlead, collead, gatelead
        case crow, ccol, cgate
        case m, temp, dtemp
        case seed

        var parameter: Parameter {
            switch self {
            case .rows: Parameter("rows", unit: "-", default: nil, .positive, "number of rows, else the bus's width")
            case .cols:
                Parameter(
                    "cols", "columns", unit: "-", default: nil, .positive, "number of columns, else the bus's width")
            case .rrow: Parameter("rrow", unit: "Ω", default: 1, .positive, "row wire from cell to cell")
            case .rcol: Parameter("rcol", unit: "Ω", default: 1, .positive, "column wire from cell to cell")
            case .rgate: Parameter("rgate", unit: "Ω", default: 1, .positive, "gate line from cell to cell")
            case .rowlead:
                Parameter(
                    "rowlead", unit: "Ω", default: nil, .positive, "from a row's port to its first cell, else rrow")
            case .collead:
                Parameter(
                    "collead", unit: "Ω", default: nil, .positive, "from a column's port to its first cell, else rcol")
            case .gatelead:
                Parameter(
                    "gatelead", unit: "Ω", default: nil, .positive,
                    "from a gate line's port to its first cell, else rgate")
            case .crow: Parameter("crow", unit: "F", default: 0, .nonNegative, "row wire to ground at each cell")
            case .ccol: Parameter("ccol", unit: "F", default: 0, .nonNegative, "column wire to ground at each cell")
            case .cgate: Parameter("cgate", unit: "F", default: 0, .nonNegative, "gate line to ground at each cell")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "devices in parallel at each crossing")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of the cells")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .seed: Parameter("seed", unit: "-", default: 0, .any, "added to the seed of random faults")
            }
        }
    }

    /// Fields that are words, lists or values of cells.
    static let words = [
        "cell", "r", "g", "gates", "rowend", "colend", "gateend", "open", "stuck", "rowopen", "rowshort", "colopen",
        "colshort", "gateopen", "gateshort", "selector", "xtarget", "gtarget",
    ]

    // MARK: - Reading

    func read() {
        let before = elaborator.card.builder.directory.names.count
        let id = elaborator.card.builder.directory.names.intern(name)
        guard Int(id) == before else {
            error("'\(name)' is the name of two elements", at: nameRange, hint: "give one of them another name")
            return
        }
        guard let values = parameters(), let buses = buses() else { return }
        guard let design = design() else { return }
        guard let size = size(values, buses, hasGates: design.hasGates),
            let wires = wires(values, buses, size, hasGates: design.hasGates)
        else { return }
        guard case .grid(let model) = design else {
            writeOut(design, (size.rows, size.columns), wires)
            return
        }
        let cells: CrossbarArray.Cells?
        if let model {
            cells = protonCells(model, values, size)
        } else {
            cells = resistorCells(size)
        }
        guard let cells else { return }
        guard let targets = targets(size, hasOccupancy: model != nil) else { return }
        var array = CrossbarArray(
            name: name, rows: size.rows, columns: size.columns, cells: cells, rowWires: wires[0],
            columnWires: wires[1], gateWires: wires.count > 2 ? wires[2] : nil)
        array.targets = targets
        let identity = ElementIdentity(name: id, range: card.range)
        elaborator.card.builder.add(
            to: CrossbarPopulation.self, identity: identity, make: { CrossbarPopulation() },
            update: {
                $0.arrays.append(array)
                $0.elements.append(identity)
            })
    }

    func error(_ message: String, at range: SourceRange?, hint: String? = nil) {
        elaborator.error(message, at: range ?? card.range, in: scope, hint: hint)
    }

    func token(_ key: String) -> Token? { fields.first { $0.key == key }?.value }

    /// A field that is a word or a text.
    func word(_ key: String) -> String? {
        token(key).map { elaborator.netlist.sources.lowercased($0.range) }
    }

    /// Whether fields that are no array's are those of its cells, which read them themselves.
    private var isWrittenOut: Bool {
        word("selector") != nil || word("cell").map { scope.model($0)?.type != "proton" } ?? false
    }

    private func parameters() -> ParameterValues<Key>? {
        var values = ParameterValues<Key>()
        let index = Key.index()
        let cellKeys = ProtonResistor.Instance.index()
        var isGood = true
        for field in fields where !Self.words.contains(field.key) {
            if let key = index[field.key] {
                guard let value = elaborator.values.value(field.value, in: scope, what: field.key) else {
                    isGood = false
                    continue
                }
                if value == 0, [.rrow, .rcol, .rgate, .rowlead, .collead, .gatelead].contains(key) {
                    error(
                        "\(field.key) of \(name) is 0 Ω: a wire needs some resistance", at: field.value.range,
                        hint: "give a small one, such as 1m")
                    isGood = false
                    continue
                }
                isGood =
                    elaborator.values.assign(value, to: key, in: &values, owner: name, at: field.value, scope: scope)
                    && isGood
            } else if cellKeys[field.key] == nil, !isWrittenOut {
                let known = Key.allCases.map(\.parameter.name) + Self.words + cellKeys.keys.sorted()
                let near = suggestion(for: field.key, among: known)
                error(
                    "'\(name)' has no parameter '\(field.key)'", at: field.keyToken.range,
                    hint: near.map { "did you mean '\($0)'?" } ?? "known: " + known.joined(separator: " "))
                isGood = false
            }
        }
        return isGood ? values : nil
    }

    // MARK: - Ports

    struct Bus {
        var text: String
        var range: SourceRange
        var nodes: [Int32]
    }

    private func buses() -> [Bus]? {
        var buses: [Bus] = []
        for token in ports {
            guard token.kind == .word else {
                error("an expression can't be a node of '\(name)'", at: token.range)
                return nil
            }
            guard let names = elaborator.nodes.nodes(of: token, in: scope) else { return nil }
            buses.append(
                Bus(text: elaborator.netlist.sources.text(token.range), range: token.range, nodes: names))
        }
        return buses
    }

    /// Ports of rows, columns and gates: buses as written, or single nodes counted off.
    private func size(_ values: ParameterValues<Key>, _ buses: [Bus], hasGates: Bool) -> (
        rows: Int, columns: Int, ports: [Bus]
    )? {
        func count(_ key: Key) -> Int?? {
            guard values.isGiven(key) else { return .some(nil) }
            let value = values[key]
            guard value == value.rounded(), value >= 1, value <= Double(Self.largest) else {
                error("\(key.parameter.name) of '\(name)' is \(value), but must be a whole number", at: nil)
                return nil
            }
            return .some(Int(value))
        }
        guard let givenRows = count(.rows), let givenColumns = count(.cols) else { return nil }
        let wanted = hasGates ? 3 : 2
        var groups = buses
        if buses.count != wanted {
            // Node by node.
            guard let rows = givenRows, let columns = givenColumns else {
                error(
                    "'\(name)' gives \(buses.count) buses, but an array of \(hasGates ? "cells with gates" : "cells of two terminals") has \(wanted): rows, columns\(hasGates ? ", gates" : "")",
                    at: card.range, hint: "write buses such as row[0:63], or give rows= and cols=")
                return nil
            }
            let gates = hasGates ? gateCount(rows: rows, columns: columns) : 0
            let nodes = buses.flatMap(\.nodes)
            guard nodes.count == rows + columns + gates else {
                error(
                    "'\(name)' gives \(nodes.count) nodes, but \(rows) rows and \(columns) columns\(hasGates ? " with \(gates) gate lines" : "") take \(rows + columns + gates)",
                    at: card.range)
                return nil
            }
            func bus(_ text: String, _ range: Range<Int>) -> Bus {
                Bus(text: text, range: card.range, nodes: Array(nodes[range]))
            }
            groups = [bus("rows", 0..<rows), bus("columns", rows..<rows + columns)]
            if hasGates { groups.append(bus("gates", rows + columns..<nodes.count)) }
        }
        let rows = givenRows ?? groups[0].nodes.count
        let columns = givenColumns ?? groups[1].nodes.count
        guard rows <= Self.largest / max(columns, 1) else {
            error("'\(name)' has more than \(Self.largest) cells", at: card.range)
            return nil
        }
        var expected = [(rows, "rows"), (columns, "columns")]
        if hasGates { expected.append((gateCount(rows: rows, columns: columns), "gate lines")) }
        for (bus, (width, what)) in zip(groups, expected) where bus.nodes.count != width {
            error(
                "'\(bus.text)' has \(bus.nodes.count) node\(bus.nodes.count == 1 ? "" : "s"), but '\(name)' has \(width) \(what)",
                at: bus.range, hint: "a bus is written first to last, [0:\(width - 1)]")
            return nil
        }
        return (rows, columns, groups)
    }

    private var gates: String { word("gates") ?? "columns" }
    private func gateCount(rows: Int, columns: Int) -> Int {
        gates == "rows" ? rows : gates == "shared" ? 1 : columns
    }

    // MARK: - Wires

    private func wires(
        _ values: ParameterValues<Key>, _ buses: [Bus], _ size: (rows: Int, columns: Int, ports: [Bus]),
        hasGates: Bool
    ) -> [CrossbarArray.Wires]? {
        guard ["columns", "rows", "shared"].contains(gates) else {
            error(
                "gates of '\(name)' run along 'columns' or 'rows' or are 'shared', not '\(gates)'",
                at: token("gates")?.range)
            return nil
        }
        let gateDirection: WirePlane.Direction = gates == "rows" ? .alongRows : .alongColumns
        var plans: [(String, WirePlane.Direction, Key, Key, Key, CrossbarArray.Ends, Bus)] = [
            ("row", .alongRows, .rrow, .rowlead, .crow, .near, size.ports[0]),
            ("col", .alongColumns, .rcol, .collead, .ccol, .far, size.ports[1]),
        ]
        if hasGates { plans.append(("gate", gateDirection, .rgate, .gatelead, .cgate, .near, size.ports[2])) }
        var wires: [CrossbarArray.Wires] = []
        for (kind, direction, resistance, lead, capacitance, end, bus) in plans {
            var ends = end
            if let written = word("\(kind)end") {
                guard let known = CrossbarArray.Ends(rawValue: written) else {
                    error(
                        "\(kind)end of '\(name)' is 'near', 'far' or 'both', not '\(written)'",
                        at: token("\(kind)end")?.range, hint: "the near end is the one at index 0")
                    return nil
                }
                ends = known
            }
            let count = direction == .alongRows ? size.rows : size.columns
            let ports = bus.nodes.count == count ? bus.nodes : [Int32](repeating: bus.nodes[0], count: count)
            guard
                let faults = wireFaults(
                    kind, wires: count, length: direction == .alongRows ? size.columns : size.rows,
                    resistance: values[resistance])
            else { return nil }
            wires.append(
                CrossbarArray.Wires(
                    direction: direction, segment: values[resistance],
                    lead: values.given(lead, else: values[resistance]), capacitance: values[capacitance], ends: ends,
                    ports: ports, faults: faults))
        }
        return wires
    }

    /// `rowopen="3:17 4:0"`: wire and segment, which lies between the cells of this number and the next.
    private func wireFaults(_ kind: String, wires: Int, length: Int, resistance: Double) -> [CrossbarArray.WireFault]? {
        var faults: [CrossbarArray.WireFault] = []
        // A short leaves a millionth of the resistance: enough to be none, little enough to compute with.
        for (suffix, conductance) in [("open", 0), ("short", 1e6 / resistance)] {
            guard let token = token(kind + suffix) else { continue }
            guard let pairs = pairs(token, what: "wire:segment", first: wires, second: length - 1) else { return nil }
            faults += pairs.map { CrossbarArray.WireFault(wire: $0.0, segment: $0.1, conductance: conductance) }
        }
        return faults
    }

    /// A list of pairs of numbers, `"3:17, 4:0"`.
    func pairs(_ token: Token, what: String, first: Int, second: Int) -> [(Int, Int)]? {
        var pairs: [(Int, Int)] = []
        let text = elaborator.netlist.sources.text(token.range)
        for item in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == ";" }) {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let a = Int(parts[0]), let b = Int(parts[1]) else {
                error(
                    "'\(item)' is no \(what)", at: token.range,
                    hint: "write pairs of numbers from 0, such as \"3:17 4:0\"")
                return nil
            }
            guard 0..<first ~= a, 0..<max(second, 0) ~= b else {
                error(
                    "\(item) is outside of the array: the numbers go to \(first - 1) and \(second - 1)", at: token.range
                )
                return nil
            }
            pairs.append((a, b))
        }
        return pairs
    }
}
