import SpiceNetlist

/// Finds what a probe names, in a circuit that is being made or is finished.
struct ProbeResolver {
    let unknowns: UnknownTable
    let directory: ElementDirectory
    let dialect: Dialect
    let population: (Int) -> any Population
    /// The input that is a charge's time derivative.
    let rate: (ChargeRates.Charge) -> ProgramInput?
    /// Names on cards with mistakes: that they are missing is no news.
    var broken: Set<String> = []
    /// Constant parameters, for numbers in brackets.
    var parameter: (String) -> Double? = { _ in nil }

    /// ngspice's longer names of quantities.
    private static let synonyms = [
        "resistance": "r", "capacitance": "c", "inductance": "l", "current": "i", "volt": "v", "charge": "qd",
        "gmb": "gmbs",
    ]

    /// Whether a name or a part of the hierarchy above it has a mistake.
    private func isBroken(_ name: String) -> Bool {
        guard !broken.isEmpty else { return false }
        var name = name[...]
        while true {
            if broken.contains(String(name)) { return true }
            guard let dot = name.lastIndex(of: ".") else { return false }
            name = name[..<dot]
        }
    }

    /// - Parameters:
    ///   - prefixes: hierarchical prefixes to try, the innermost scope's first.
    ///   - ports: nodes that are ports of the innermost scope.
    func resolve(
        _ probe: Probe, prefixes: [String], ports: [String: Int32], _ range: SourceRange,
        _ diagnostics: inout Diagnostics
    ) -> ResolvedProbe? {
        var probe = probe
        for (place, argument) in probe.arguments.enumerated() where BusName.isIndexed(argument) {
            do throws(BusName.Mistake) {
                let names = try BusName.expand(argument, parameter: parameter)
                guard names.count == 1 else {
                    throw BusName.Mistake(
                        message: "'\(argument)' is \(names.count) names, but an expression takes one",
                        hint: "in .print and .save each becomes a column")
                }
                probe.arguments[place] = names[0]
            } catch {
                diagnostics.error(error.message, at: range, hint: error.hint)
                return nil
            }
        }

        func node(_ name: String) -> Int32? {
            let written = dialect.unbracketed(name)
            if written == "0" || dialect.isGround(written) { return 0 }
            if let port = ports[written] { return port }
            let name = dialect.hierarchical(written)
            for prefix in prefixes {
                // A node's own name may have the mark in it that joins levels.
                if let unknown = unknowns.node(named: prefix + name) ?? unknowns.node(named: prefix + written) {
                    return Int32(unknown)
                }
            }
            if prefixes.contains(where: { isBroken($0 + name) }) { return nil }
            let names = unknowns.nodes.prefix(20_000).map { unknowns.name($0) }
            let near = names.first { $0.hasSuffix("." + name) } ?? suggestion(for: name, among: names)
            diagnostics.error(
                "no node '\(written)'", at: range, hint: near.map { "did you mean '\($0)'?" })
            return nil
        }

        /// The path of `m.x1.m1`, as ngspice calls the element m1 of x1; nil of other names.
        func ngspicePath(_ name: String) -> String? {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count > 2, parts[0].count == 1, parts[1].hasPrefix("x"), let last = parts.last,
                last.hasPrefix(parts[0])
            else { return nil }
            return String(name.dropFirst(2))
        }

        func element(_ written: String) -> ElementReference? {
            let name = dialect.hierarchical(written)
            for name in [name] + [ngspicePath(name)].compactMap({ $0 }) {
                for prefix in prefixes {
                    if let found = directory.find(prefix + name), found.population >= 0 { return found }
                }
                if prefixes.contains(where: { isBroken($0 + name) }) { return nil }
            }
            if prefixes.contains(where: { directory.isWrittenOut($0 + name) }) {
                diagnostics.error(
                    "'\(written)' is written out cell by cell and has no quantities of its own", at: range,
                    hint: "ask a cell, such as @\(written).cell[0][0][id]; arrays of resistors or proton resistors "
                        + "without a selector have statistics")
                return nil
            }
            let names = (0..<min(directory.names.count, 20_000)).map { directory.names.name(of: UInt32($0)) }
            let near = names.first { $0.hasSuffix("." + name) } ?? suggestion(for: name, among: names)
            diagnostics.error(
                "no element '\(written)'", at: range, hint: near.map { "did you mean '\($0)'?" })
            return nil
        }

        func output(_ reference: ElementReference, _ wanted: String, of written: String) -> ResolvedProbe? {
            if let arrays = population(Int(reference.population)) as? CrossbarPopulation {
                let element = Int(reference.index)
                if let found = arrays.output(named: wanted, of: element) {
                    return ResolvedProbe([(.output(reference, Int32(found.index)), 1)])
                }
                diagnostics.error(
                    "'\(written)' has no quantity '\(wanted)'", at: range,
                    hint: arrays.hint(forMissing: wanted, of: element))
                return nil
            }
            if wanted == "q", let equations = population(Int(reference.population)) as? BehaviouralEquations,
                equations.hasCapacitanceAlone(Int(reference.index))
            {
                diagnostics.error(
                    "'\(written)' has no charge of its own: its capacitance is an expression", at: range,
                    hint:
                        "print what has flowed since the start, `{sdt(i(\(written)))}`, or give the element its charge with q="
                )
                return nil
            }
            let outputs = population(Int(reference.population)).outputs
            let synonym = Self.synonyms[wanted] ?? wanted
            guard
                let index = outputs.firstIndex(where: { $0.name == wanted })
                    ?? outputs.firstIndex(where: { $0.name == synonym })
            else {
                let near = suggestion(for: wanted, among: outputs.map(\.name))
                let known = outputs.map(\.name).joined(separator: " ")
                diagnostics.error(
                    "'\(written)' has no quantity '\(wanted)'", at: range,
                    hint: near.map { "did you mean '\($0)'?" }
                        ?? (known.isEmpty ? "it has none to print" : "it has: \(known)"))
                return nil
            }
            if let factors = outputs[index].product {
                guard let first = outputs.firstIndex(where: { $0.name == factors.0 }),
                    let second = outputs.firstIndex(where: { $0.name == factors.1 })
                else { return nil }
                return ResolvedProbe(terms(reference, outputs, first), times: terms(reference, outputs, second))
            }
            return ResolvedProbe(terms(reference, outputs, index))
        }

        /// An output and the time derivative that belongs to it.
        func terms(
            _ reference: ElementReference, _ outputs: [DeviceOutput], _ index: Int
        ) -> [(input: ProgramInput, factor: Double)] {
            var terms: [(input: ProgramInput, factor: Double)] = [(.output(reference, Int32(index)), 1)]
            if let name = outputs[index].charge, let charge = outputs.firstIndex(where: { $0.name == name }),
                let derivative = rate(ChargeRates.Charge(reference: reference, output: Int32(charge)))
            {
                terms.append((derivative, 1))
            }
            return terms
        }

        /// `x1.cell[3][17]`: one cell of an array; nil where this is no such name, a probe of nil after an error.
        func cell(_ written: String, _ wanted: String) -> (probe: ResolvedProbe?, Void)? {
            let name = dialect.hierarchical(written)
            let parts = name.split(separator: "[", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].hasSuffix(".cell"), parts[1].hasSuffix("]"), parts[2].hasSuffix("]"),
                let row = Int(parts[1].dropLast()), let column = Int(parts[2].dropLast())
            else { return nil }
            for prefix in prefixes {
                guard let found = directory.find(prefix + parts[0].dropLast(5)), found.population >= 0,
                    let arrays = population(Int(found.population)) as? CrossbarPopulation
                else { continue }
                let array = arrays.arrays[Int(found.index)]
                guard 0..<array.rows ~= row, 0..<array.columns ~= column else {
                    diagnostics.error(
                        "'\(array.name)' has no cell [\(row)][\(column)]", at: range,
                        hint: "it has \(array.rows) rows and \(array.columns) columns, numbered from 0")
                    return (nil, ())
                }
                guard let quantity = CellQuantity(rawValue: wanted), array.has(quantity) else {
                    let known = CellQuantity.allCases.filter { array.has($0) }.map(\.rawValue)
                    diagnostics.error(
                        "cells of '\(array.name)' have no quantity '\(wanted)'", at: range,
                        hint: "they have: \(known.joined(separator: " "))")
                    return (nil, ())
                }
                let output = CrossbarBatch.cellOutput(quantity, row: row, column: column, of: array)
                return (ResolvedProbe([(.output(found, Int32(output)), 1)]), ())
            }
            return nil
        }

        /// Xyce's `n(x1:ymin!k1_h)`: behind the mark a device and, after a line, its quantity or one of its branches.
        func deviceVariable(_ name: String) -> ResolvedProbe? {
            guard let mark = name.lastIndex(of: "!") else { return nil }
            let levels = name[..<mark].split(separator: ":", omittingEmptySubsequences: false).dropLast()
            let path = levels.map { $0 + "." }.joined()
            let rest = name[name.index(after: mark)...]
            for line in rest.indices where rest[line] == "_" {
                let device = path + rest[..<line]
                let quantity = String(rest[rest.index(after: line)...])
                for prefix in prefixes {
                    guard let found = directory.find(prefix + device) else { continue }
                    let population = population(Int(found.population))
                    if let index = population.outputs.firstIndex(where: { $0.name == quantity }) {
                        let unit = population.internalUnit(index, of: Int(found.index))
                        return ResolvedProbe([(.output(found, Int32(index)), unit)])
                    }
                    guard quantity.hasSuffix("_branch"),
                        let part = directory.find(prefix + path + quantity.dropLast(7)),
                        let local = self.population(Int(part.population)).branchUnknown
                    else { continue }
                    let branch = self.population(Int(part.population)).unknown(local, of: Int(part.index))
                    return ResolvedProbe([(.unknown(branch), 1)])
                }
            }
            return nil
        }

        /// Xyce's `n(m:x1:1_di)`: the inner node or branch di of m1 in x1; `n(m1_di)` at the top, `n(x1:m1_di)` too.
        func innerVariable(_ name: String) -> ResolvedProbe? {
            var levels = name.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
            if levels.count > 2, levels[0].count == 1 {
                let letter = levels.removeFirst()
                levels[levels.count - 1] = letter + levels[levels.count - 1]
            }
            guard let last = levels.popLast() else { return nil }
            let path = levels.map { $0 + "." }.joined()
            for line in last.indices where last[line] == "_" {
                let device = path + last[..<line]
                let part = last[last.index(after: line)...]
                for prefix in prefixes {
                    guard let found = directory.find(prefix + device), found.population >= 0 else { continue }
                    let population = population(Int(found.population))
                    if let unknown = population.unknown(named: String(part), of: Int(found.index)) {
                        return ResolvedProbe(unknown > 0 ? [(.unknown(unknown), 1)] : [])
                    }
                    let wanted = "\(prefix)\(device)#\(part)"
                    for unknown in 1..<max(unknowns.count, 1) where unknowns.name(unknown) == wanted {
                        return ResolvedProbe([(.unknown(Int32(unknown)), 1)])
                    }
                }
            }
            return nil
        }

        switch probe.kind {
        case .voltage:
            guard let plus = probe.arguments.first.map(node) ?? nil else { return nil }
            var terms: [(input: ProgramInput, factor: Double)] = []
            if plus > 0 { terms.append((.unknown(plus), 1)) }
            if probe.arguments.count > 1 {
                guard let minus = node(probe.arguments[1]) else { return nil }
                if minus > 0 { terms.append((.unknown(minus), -1)) }
            }
            return ResolvedProbe(terms)
        case .current:
            guard let name = probe.arguments.first, let reference = element(name) else { return nil }
            let population = population(Int(reference.population))
            if let terminal = probe.terminal, population.branchUnknown == nil {
                return output(reference, "i\(terminal)", of: name)
            }
            if let local = population.branchUnknown {
                return ResolvedProbe([(.unknown(population.unknown(local, of: Int(reference.index))), 1)])
            }
            guard let current = population.currentOutput else {
                diagnostics.error(
                    "'\(name)' has no single current to print", at: range,
                    hint: "it has: " + population.outputs.map(\.name).joined(separator: " "))
                return nil
            }
            return output(reference, current, of: name)
        case .power:
            guard let name = probe.arguments.first, let reference = element(name) else { return nil }
            return output(reference, "p", of: name)
        case .deviceParameter:
            guard probe.arguments.count == 2 else { return nil }
            // `x1:r4` is the element r4 of x1: its principal value.
            let joined = dialect.hierarchical(probe.arguments[0] + "." + probe.arguments[1])
            for prefix in prefixes {
                guard let inner = directory.find(prefix + joined), inner.population >= 0 else { continue }
                let outputs = population(Int(inner.population)).outputs
                for principal in ["r", "c", "l", "dc"] {
                    if let index = outputs.firstIndex(where: { $0.name == principal }) {
                        return ResolvedProbe([(.output(inner, Int32(index)), 1)])
                    }
                }
            }
            if let cell = cell(probe.arguments[0], probe.arguments[1]) { return cell.probe }
            guard let reference = element(probe.arguments[0]) else { return nil }
            return output(reference, probe.arguments[1], of: probe.arguments[0])
        case .internalVariable:
            guard let name = probe.arguments.first else { return nil }
            if let found = deviceVariable(name) ?? innerVariable(name) { return found }
            if let colon = name.lastIndex(of: ":"),
                let reference = directory.find(dialect.hierarchical(String(name[..<colon])))
            {
                return output(reference, String(name[name.index(after: colon)...]), of: name)
            }
            for unknown in 1..<max(unknowns.count, 1) where unknowns.name(unknown) == dialect.hierarchical(name) {
                return ResolvedProbe([(.unknown(Int32(unknown)), 1)])
            }
            // `n(d1:cd)`: a quantity of a device.
            if let colon = name.lastIndex(of: ":"), colon != name.startIndex {
                let device = String(name[..<colon])
                guard let reference = element(device) else { return nil }
                return output(reference, String(name[name.index(after: colon)...]), of: device)
            }
            diagnostics.error("no internal variable '\(name)'", at: range)
            return nil
        }
    }
}

extension Elaborator {
    /// For suggestions: of a large circuit the first.
    var nodeNames: [String] { card.builder.unknowns.nodes.prefix(20_000).map { card.builder.unknowns.name($0) } }
    var elementNames: [String] {
        let names = card.builder.directory.names
        return (0..<min(names.count, 5000)).map { names.name(of: UInt32($0)) }
    }

    func resolve(
        _ probe: Probe, _ range: SourceRange, in scope: Scope, _ diagnostics: inout Diagnostics
    ) -> ResolvedProbe? {
        var prefixes: [String] = []
        var current: Scope? = scope
        while let here = current {
            prefixes.append(here.prefix)
            current = here.caller
        }
        // A port's own names are the caller's nodes.
        return ProbeResolver(
            unknowns: card.builder.unknowns, directory: card.builder.directory, dialect: netlist.dialect,
            population: { self.card.builder.population($0) },
            rate: { charge in
                var program = Program()
                program.inputs = [.output(charge.reference, charge.output)]
                return self.auxiliary(.derivative, program)
            }, parameter: { scope.constant($0) }
        )
        .resolve(probe, prefixes: prefixes, ports: scope.ports, range, &diagnostics)
    }

    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? {
        Behavioural.auxiliary(kind, program, card).map { .unknown($0) }
    }
}

extension Netlist {
    /// Two columns of numbers from a text file below the netlist's folder, the first two unless `columns`, counted from 0,
    /// says which; `#`, `*` and `;` begin comments, and Xyce's last line ends a table.
    func points(
        inFile path: String, columns: (x: Int, y: Int) = (0, 1), _ range: SourceRange,
        _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? {
        guard let text = readData(path, at: range, diagnostics: &diagnostics) else { return nil }
        var points: [(x: Double, y: Double)] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != ";" && $0 != "#" && $0 != "*" }.split {
                $0 == " " || $0 == "\t" || $0 == ","
            }
            guard !words.isEmpty else { continue }
            guard words.count > max(columns.x, columns.y), let x = Number.parse(String(words[columns.x]))?.value,
                let y = Number.parse(String(words[columns.y]))?.value
            else {
                // A heading is no error, a broken row is.
                if points.isEmpty { continue }
                if line.hasPrefix("End of Xyce") { break }
                let wanted =
                    columns == (0, 1)
                    ? "without two numbers" : "without numbers in columns \(columns.x) and \(columns.y)"
                diagnostics.error("'\(path)' holds a line \(wanted): '\(line)'", at: range)
                return nil
            }
            points.append((x, y))
        }
        guard !points.isEmpty else {
            diagnostics.error("'\(path)' holds no points", at: range, hint: "two columns of numbers are expected")
            return nil
        }
        return points
    }
}
