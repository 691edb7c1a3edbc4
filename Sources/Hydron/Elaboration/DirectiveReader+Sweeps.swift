import Glibc
import SpiceNetlist

/// What `.dc` and `.step` go through: sources, elements, parameters, models' parameters and the temperature.
extension DirectiveReader {
    /// `.dc src a b s [src2 …]`, `.dc dec|oct|lin …`, `.dc src list …`, `.dc data=name`: innermost first.
    func readDC(_ card: Card) -> [Sweep]? {
        guard let statement = words(card) else { return nil }
        var none: [Double]?
        if let named = dataSweep(statement, frequencies: &none) { return named.isEmpty ? nil : named }
        var tokens = statement.fields.map(\.value)[...]
        var sweeps: [Sweep] = []
        while !tokens.isEmpty {
            guard let sweep = readSweep(&tokens, card.range) else { return nil }
            sweeps.append(sweep)
        }
        if sweeps.isEmpty {
            error(".dc names nothing to sweep", card.range, hint: "write `.dc v1 start stop step`")
            return nil
        }
        // Rows go to disk as they come, so a long sweep only takes time.
        guard SweepPoints(sweeps).count <= 1_000_000_000 else {
            error("the nested sweeps have more than a billion points", card.range, hint: "take larger steps")
            return nil
        }
        return sweeps
    }

    func readStep(_ card: Card) -> [Sweep]? {
        guard let statement = words(card) else { return nil }
        var none: [Double]?
        if let named = dataSweep(statement, frequencies: &none) { return named }
        var tokens = statement.fields.map(\.value)[...]
        var sweeps: [Sweep] = []
        while !tokens.isEmpty {
            guard let sweep = readSweep(&tokens, card.range) else { return nil }
            sweeps.append(sweep)
        }
        if sweeps.isEmpty { error(".step names nothing to step", card.range) }
        return sweeps
    }

    /// HSPICE's `sweep …` behind an analysis, taken from its card: steps of the whole netlist, or with `monte=n` random runs.
    /// nil where there is none or a mistake was reported.
    func takeSweep(_ card: inout Card, _ result: inout Result) -> [Sweep]? {
        var statement = Statement()
        var ignored = Diagnostics()
        guard netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &ignored),
            let place = statement.fields.firstIndex(where: {
                $0.key == nil && $0.value.kind == .word && text($0.value) == "sweep"
            }), place > 1
        else { return nil }
        card.range.end = statement.fields[place].value.range.start
        statement.fields.removeFirst(place + 1)
        if let field = statement.fields.first, let key = field.key, text(key) == "monte" {
            guard let runs = elaborator.values.value(field.value, in: top, what: "number of runs") else { return nil }
            guard let count = Int(exactly: runs), count > 0, count <= 10_000_000 else {
                error("the number of runs is \(runs.plain)", field.value.range)
                return nil
            }
            if result.sampling == nil { result.sampling = Sampling(runs: count) }
            return nil
        }
        var none: [Double]?
        if let named = dataSweep(statement, frequencies: &none) { return named }
        var tokens = statement.fields.map(\.value)[...]
        // `x poi n v1 v2 …` and `x lin n start stop` begin with their number of points.
        if tokens.count > 3, let shape = tokens.dropFirst().first.map(text), shape == "poi" || shape == "lin" {
            let count = tokens.index(tokens.startIndex, offsetBy: 2)
            if shape == "poi" {
                tokens.remove(at: count)
            } else {
                return evenly(Array(tokens), statement).map { [$0] }
            }
        }
        return readSweep(&tokens, card.range).map { [$0] }
    }

    /// `name lin n start stop`
    private func evenly(_ tokens: [Token], _ statement: Statement) -> Sweep? {
        guard tokens.count == 5, let target = target(text(tokens[0]), tokens[0]),
            let count = elaborator.values.value(tokens[2], in: top, what: "number of points"),
            let start = elaborator.values.value(tokens[3], in: top, what: "start"),
            let stop = elaborator.values.value(tokens[4], in: top, what: "stop")
        else { return nil }
        guard count >= 1, count < 1e7, count == count.rounded() else {
            error("a sweep can't have \(count.plain) points", tokens[2].range)
            return nil
        }
        let step = count > 1 ? (stop - start) / (count - 1) : 0
        let values = (0..<Int(count)).map { start + Double($0) * step }
        return checked(Sweep(name: text(tokens[0]), target: target, values: values), at: tokens[0])
    }

    /// Several temperatures on one `.temp` are runs at each of them.
    func temperatures(_ card: Card) -> [Sweep] {
        guard let statement = words(card), statement.fields.count > 1, let first = statement.fields.first else {
            return []
        }
        let values = statement.fields.compactMap { elaborator.values.value($0.value, in: top, what: "temperature") }
        let sweep = Sweep(name: "temp", target: .temperature, values: values)
        return checked(sweep, at: first.value).map { [$0] } ?? []
    }

    private enum Shape { case linear, decade, octave, list }

    /// The sweep, where its temperatures lie above absolute zero.
    func checked(_ sweep: Sweep, at token: Token) -> Sweep? {
        guard sweep.target == .temperature, let coldest = sweep.values.min(),
            !Parameter.Bounds.celsius.contains(coldest)
        else { return sweep }
        error(
            "the sweep of '\(sweep.name)' reaches \(coldest.plain) °C, which is not above absolute zero", token.range,
            hint: "temperatures are degrees Celsius, above -273.15")
        return nil
    }

    private func takeShape(_ tokens: inout ArraySlice<Token>) -> Shape? {
        let shapes: [String: Shape] = ["lin": .linear, "dec": .decade, "oct": .octave, "list": .list, "poi": .list]
        guard let first = tokens.first, first.kind == .word, let shape = shapes[text(first)] else { return nil }
        tokens.removeFirst()
        return shape
    }

    /// One sweep from the front of `tokens`.
    private func readSweep(_ tokens: inout ArraySlice<Token>, _ range: SourceRange) -> Sweep? {
        let leading = takeShape(&tokens)
        // LTspice: `.step param name …`, `.step dec param name …`.
        if tokens.count > 1, let first = tokens.first, text(first) == "param" { tokens.removeFirst() }
        guard let nameToken = tokens.popFirst() else {
            error("the sweep names nothing", range)
            return nil
        }
        var name = text(nameToken)
        let target: SweepTarget
        if let (model, parameter) = takeModel(name, &tokens) {
            name = "\(model):\(parameter)"
            guard let found = modelTarget(model, parameter, nameToken) else { return nil }
            target = found
        } else {
            guard let found = self.target(name, nameToken) else { return nil }
            target = found
        }
        let shape = leading ?? takeShape(&tokens) ?? .linear
        func next(_ what: String) -> Double? {
            guard let token = tokens.popFirst() else {
                error("the sweep of '\(name)' has no \(what)", range, hint: "write `\(name) start stop step`")
                return nil
            }
            return elaborator.values.value(token, in: top, what: what)
        }
        switch shape {
        case .list:
            var values: [Double] = []
            while let first = tokens.first, first.kind == .expression || netlist.number(first) != nil {
                tokens.removeFirst()
                guard let value = elaborator.values.value(first, in: top) else { return nil }
                values.append(value)
            }
            guard !values.isEmpty else {
                error("the list of '\(name)' is empty", nameToken.range)
                return nil
            }
            return checked(Sweep(name: name, target: target, values: values), at: nameToken)
        case .linear:
            guard let start = next("start"), let stop = next("stop"), let step = next("step") else { return nil }
            guard let values = Self.linear(start, stop, step) else {
                let span = "the sweep of '\(name)' from \(start.plain) to \(stop.plain)"
                error(
                    step == 0
                        ? span + " never gets there in steps of 0"
                        : span + " has more than 10 million points in steps of \(step.plain)",
                    nameToken.range, hint: step == 0 ? "give it a step" : "take a larger step")
                return nil
            }
            return checked(Sweep(name: name, target: target, values: values), at: nameToken)
        case .decade, .octave:
            // Xyce: `dec name start stop n`; else `name dec n start stop`.
            guard let a = next("start"), let b = next("stop"), let c = next("number of points") else { return nil }
            let (start, stop, count) = leading != nil || netlist.dialect == .xyce ? (a, b, c) : (b, c, a)
            guard start > 0, stop > 0, count >= 1, count < 1e7 else {
                error("a sweep by decades or octaves needs positive ends and points", nameToken.range)
                return nil
            }
            let values = Self.logarithmic(start, stop, count, base: shape == .decade ? 10 : 2)
            return checked(Sweep(name: name, target: target, values: values), at: nameToken)
        }
    }

    /// LTspice's `npn 2n2222(vaf)`: the parameter of a model behind the model's type.
    private func takeModel(_ type: String, _ tokens: inout ArraySlice<Token>) -> (model: String, parameter: String)? {
        let next = tokens.prefix(2).map { $0 }
        guard next.count == 2, next.allSatisfy({ $0.kind == .word }), let card = top.models[text(next[0])] else {
            return nil
        }
        var (statement, ignored) = (Statement(), Diagnostics())
        netlist.decode(card, into: &statement, diagnostics: &ignored)
        guard statement.fields.count > 1, text(statement.fields[1].value) == type else { return nil }
        tokens.removeFirst(2)
        return (text(next[0]), text(next[1]))
    }

    /// Points from start to stop, both included within rounding; nil where they never meet or are too many.
    static func linear(_ start: Double, _ stop: Double, _ step: Double) -> [Double]? {
        if start == stop { return [start] }
        guard step != 0, step.isFinite, start.isFinite, stop.isFinite else { return nil }
        // A step of the wrong sign is read as meant.
        let increment = (stop > start) == (step > 0) ? step : -step
        let count = (stop - start) / increment
        guard count < 1e7 else { return nil }
        return (0...Int((count + 1e-9).rounded(.down))).map { start + Double($0) * increment }
    }

    static func logarithmic(_ start: Double, _ stop: Double, _ perDecade: Double, base: Double) -> [Double] {
        let ratio = power(base, 1 / perDecade)
        var values: [Double] = []
        var exponent = 0.0
        while values.count < 10_000_000 {
            let value = start * power(ratio, stop > start ? exponent : -exponent)
            if stop > start ? value > stop * (1 + 1e-9) : value < stop * (1 - 1e-9) { break }
            values.append(value)
            exponent += 1
        }
        return values
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    /// What a name in a sweep stands for.
    func target(_ written: String, _ token: Token) -> SweepTarget? {
        let name = elaborator.netlist.dialect.hierarchical(written)
        if name == "temp" || name == "temper" || name == "temperature" { return .temperature }
        let directory = elaborator.card.builder.directory
        if let reference = directory.find(name), reference.population >= 0 {
            return name.hasPrefix("v") || name.hasPrefix("i") ? .source(name) : .element(name, parameter: "")
        }
        if top.parameters[name] != nil { return .parameter(name) }
        var parts: [String] = []
        if written.hasPrefix("@"), let open = written.firstIndex(of: "["), written.hasSuffix("]") {
            parts = [
                String(written[written.index(after: written.startIndex)..<open]),
                String(written[written.index(after: open)...].dropLast()),
            ]
        } else if let colon = written.lastIndex(of: ":") {
            parts = [String(written[..<colon]), String(written[written.index(after: colon)...])]
        }
        if parts.count == 2 {
            let owner = elaborator.netlist.dialect.hierarchical(parts[0])
            if let reference = directory.find(owner), reference.population >= 0 {
                if (owner.hasPrefix("v") || owner.hasPrefix("i")) && (parts[1].hasPrefix("dc")) {
                    return .source(owner)
                }
                // The principal value by its own name, `l1:l`.
                let isPrincipal = parts[1].count == 1 && owner.split(separator: ".").last?.first == parts[1].first
                if isPrincipal { return .element(owner, parameter: "") }
                let kinds = Catalog.kinds.filter { $0.description.letter == owner.split(separator: ".").last?.first }
                guard has(parts[1], kinds.map { $0.description.instanceParameters }, "'\(owner)'", token) else {
                    return nil
                }
                return .element(owner, parameter: parts[1])
            }
            if top.models[owner] != nil { return modelTarget(owner, parts[1], token) }
        }
        let known = elaborator.elementNames + Array(top.parameters.keys).sorted()
        let near = suggestion(for: name, among: known)
        error(
            "nothing named '\(written)' can be swept", token.range,
            hint: near.map { "did you mean '\($0)'?" }
                ?? "name a source, an element, a parameter, a model's parameter or temp")
        return nil
    }

    private func modelTarget(_ model: String, _ parameter: String, _ token: Token) -> SweepTarget? {
        guard let card = top.models[model] else { return nil }
        var (statement, ignored) = (Statement(), Diagnostics())
        netlist.decode(card, into: &statement, diagnostics: &ignored)
        let type = statement.fields.count > 1 ? text(statement.fields[1].value) : ""
        let kinds = Catalog.kinds.filter { $0.description.modelTypes.contains(type) }
        guard has(parameter, kinds.map { $0.description.modelParameters }, "model '\(model)'", token) else {
            return nil
        }
        return .model(model, parameter: parameter)
    }

    /// Whether one of the tables has a parameter; false after an error. What compiled models have, no table knows.
    private func has(_ name: String, _ tables: [[Parameter]], _ owner: String, _ token: Token) -> Bool {
        let known = tables.joined().flatMap { [$0.name] + $0.aliases }
        if known.isEmpty || known.contains(name) || !elaborator.overrides.modules.isEmpty { return true }
        error(
            "\(owner) has no parameter '\(name)' to sweep", token.range,
            hint: suggestion(for: name, among: known).map { "did you mean '\($0)'?" })
        return false
    }
}
