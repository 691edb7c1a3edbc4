import Glibc
import SpiceNetlist

/// Reads what a netlist asks for: analyses, sweeps, outputs, initial conditions.
struct DirectiveReader {
    let elaborator: Elaborator
    let cards: [Card]
    /// `.data` tables by name.
    private(set) var data: [String: DataTable] = [:]

    struct Result {
        var tasks: [any Analysis] = []
        var steps: [Sweep] = []
        var outputs = OutputRequests()
        var skipped: [SkippedDirective] = []
        var snapshots: [SnapshotRequest] = []
        var measurements = MeasurementRequests()
        var sampling: Sampling?
        var searchesWorstCase = false
    }

    init(_ elaborator: Elaborator, _ cards: [Card]) {
        self.elaborator = elaborator
        self.cards = cards
    }

    var netlist: Netlist { elaborator.netlist }
    var sources: SourceMap { elaborator.netlist.sources }
    var top: Scope { elaborator.top }

    mutating func read() -> Result {
        var result = Result()
        for card in cards where card.kind == .directive(.data) { readData(card) }
        for card in cards {
            guard case .directive(let directive) = card.kind else { continue }
            if let kind = AnalysisCatalog.byDirective[directive] {
                if let analysis = kind.read(card, directive, self) { result.tasks.append(analysis) }
                continue
            }
            switch directive {
            case .step:
                guard let sweep = readStep(card) else { continue }
                result.steps += sweep
                if SweepPoints(result.steps).count > 10_000_000 {
                    error(
                        "all .step together have more than 10 million combinations", card.range,
                        hint: "take larger steps")
                    result.steps = []
                }
            case .print, .save, .plot, .probe:
                let list = netlist.outputList(card, diagnostics: &elaborator.diagnostics)
                result.outputs.add(list, from: directive, at: card.range)
            case .snapshot:
                if let request = SnapshotReader(elaborator: elaborator, card: card).read() {
                    result.snapshots.append(request)
                }
            case .measure:
                var measurement = MeasurementReader(self, card)
                measurement.measurement(into: &result.measurements)
            case .assertion, .spec:
                var measurement = MeasurementReader(self, card)
                measurement.assertion(into: &result.measurements, isSpec: directive == .spec)
            case .monteCarlo, .sampling:
                let reader = SamplingReader(reader: self, card: card)
                let found = directive == .sampling ? reader.xyce(elaborator.runOptions.sampling) : reader.monteCarlo()
                if result.sampling != nil {
                    error(
                        "the netlist asks for random runs twice", sources.firstWord(of: card.range),
                        hint: "keep one card")
                }
                result.sampling = found
            case .worstCase: result.searchesWorstCase = true
            case .initialCondition, .nodeset: readNodeConditions(card, directive, in: top)
            case _ where AnalysisCatalog.missing.contains(directive):
                let word = SkippedDirective(word: ".\(directive.rawValue)", range: sources.firstWord(of: card.range))
                result.skipped.append(word)
                elaborator.diagnostics.warning(
                    "'\(word.word)' is not in this version: skipped", at: word.range,
                    hint: AnalysisCatalog.waysAround[directive])
            default: break
            }
        }
        for task in result.tasks {
            if let kind = task.follows { result.measurements.follow(kind, task.followedItems) }
        }
        // What others are made of comes first.
        result.tasks = result.tasks.filter { $0.follows == nil } + result.tasks.filter { $0.follows != nil }
        checkOutputs(of: result)
        checkSnapshots(of: result)
        return result
    }

    /// Warns of a `.print` of nothing, or of an analysis that the netlist does not ask for.
    private func checkOutputs(of result: Result) {
        for card in cards {
            guard case .directive(let directive) = card.kind, [.print, .save, .plot].contains(directive) else {
                continue
            }
            var found = Diagnostics()
            let list = netlist.outputList(card, diagnostics: &found)
            if list.items.isEmpty, !found.hasErrors {
                elaborator.diagnostics.warning(
                    "'.\(directive.rawValue)' names nothing: ignored", at: sources.firstWord(of: card.range),
                    hint:
                        "name what it is to give out, `.\(directive.rawValue) \(list.analysis ?? "tran") v(out) i(v1)`")
            }
            guard directive == .print, !result.tasks.isEmpty, let kind = list.analysis,
                !result.tasks.contains(where: { $0.kindName == kind }),
                !cards.contains(where: { $0.kind == .directive(Directive(rawValue: kind) ?? .unknown) })
            else { continue }
            elaborator.diagnostics.warning(
                "'.print \(kind)' prints nothing: the netlist has no .\(kind)", at: list.analysisRange ?? card.range)
        }
    }

    /// Maps at times that no transient reaches would never be taken.
    private func checkSnapshots(of result: Result) {
        let ends = result.tasks.compactMap { ($0 as? TransientAnalysis)?.stop }
        for (index, request) in result.snapshots.enumerated() {
            let place = cards.filter { $0.kind == .directive(.snapshot) }
            let range = index < place.count ? place[index].range : nil
            guard let last = request.snapshot.times.last, let range else { continue }
            guard let end = ends.max() else {
                error(
                    "'.snapshot' names times, but the netlist has no .tran", sources.firstWord(of: range),
                    hint: "leave 'at=' out for the end of the analysis")
                continue
            }
            if last > end {
                error(
                    "'.snapshot' asks for a map at \(last) s, but .tran ends at \(end) s",
                    sources.firstWord(of: range), hint: "leave 'at=' out for the end of the analysis")
            }
        }
    }

    /// The card's words; nil after a diagnostic.
    ///
    /// - Parameter keepingCalls: `v(a,b)` stays one word.
    func words(_ card: Card, keepingCalls: Bool = false) -> Statement? {
        var statement = Statement()
        let isGood =
            keepingCalls
            ? netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &elaborator.diagnostics)
            : netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics)
        return isGood ? statement : nil
    }

    func text(_ token: Token) -> String { sources.lowercased(token.range) }

    func error(_ message: String, _ range: SourceRange, hint: String? = nil) {
        elaborator.error(message, at: range, in: top, hint: hint)
    }

    // MARK: - Sweeps

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

    private func readStep(_ card: Card) -> [Sweep]? {
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

    private enum Shape { case linear, decade, octave, list }

    /// The sweep, where its temperatures lie above absolute zero.
    private func checked(_ sweep: Sweep, at token: Token) -> Sweep? {
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

    // MARK: - .data

    struct DataTable {
        /// Empty for a table that can't be read.
        var columns: [(name: String, token: Token)]
        var rows: [[Double]]
    }

    /// `.data name p1 p2 … v11 v12 … .enddata`
    private mutating func readData(_ card: Card) {
        guard let statement = words(card) else { return }
        var tokens = statement.fields.map(\.value)[...]
        guard let nameToken = tokens.popFirst() else {
            error(".data has no name", sources.firstWord(of: card.range))
            return
        }
        // Until its rows are read it is known, so that what sweeps it is no second mistake.
        data[text(nameToken)] = DataTable(columns: [], rows: [])
        var columns: [(name: String, token: Token)] = []
        while let first = tokens.first, first.kind == .word, netlist.number(first) == nil, !text(first).hasPrefix("+") {
            columns.append((text(first), first))
            tokens.removeFirst()
        }
        var values: [Double] = []
        for token in tokens {
            if token.kind == .word, text(token) == "+" { continue }
            guard let value = elaborator.values.value(token, in: top) else { return }
            values.append(value)
        }
        guard !columns.isEmpty, !values.isEmpty, values.count % columns.count == 0 else {
            error(
                ".data '\(text(nameToken))' has \(columns.count) columns and \(values.count) values", card.range,
                hint: "each row needs a value for each column")
            return
        }
        let rows = stride(from: 0, to: values.count, by: columns.count).map { Array(values[$0..<($0 + columns.count)]) }
        data[text(nameToken)] = DataTable(columns: columns, rows: rows)
    }

    /// `data=name`: the table's columns move together.
    ///
    /// - Parameter frequencies: takes a column `freq` out, where an analysis has frequencies.
    func dataSweep(_ statement: Statement, frequencies: inout [Double]?) -> [Sweep]? {
        guard let field = statement.fields.first(where: { $0.key.map { text($0) == "data" } ?? false }) else {
            return nil
        }
        guard let table = data[text(field.value)] else {
            error("no .data '\(text(field.value))'", field.value.range)
            return []
        }
        var sweeps: [Sweep] = []
        let takesFrequencies = frequencies != nil
        for (index, column) in table.columns.enumerated() {
            if takesFrequencies, ["freq", "frequency", "hertz"].contains(column.name) {
                frequencies = table.rows.map { $0[index] }
                continue
            }
            guard let target = target(column.name, column.token),
                let sweep = checked(
                    Sweep(
                        name: column.name, target: target, values: table.rows.map { $0[index] }, isTied: !sweeps.isEmpty
                    ),
                    at: column.token)
            else { return [] }
            sweeps.append(sweep)
        }
        return sweeps
    }

    // MARK: - .ic, .nodeset

    /// `.ic v(a)=1 v(b)=2`, Xyce also `.ic a 1`.
    func readNodeConditions(_ card: Card, _ directive: Directive, in scope: Scope) {
        var statement = Statement()
        guard netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &elaborator.diagnostics) else { return }
        var pending: Token?
        for field in statement.fields {
            let written: Token
            let value: Token
            if let key = field.key {
                (written, value) = (key, field.value)
            } else if let node = pending {
                (written, value) = (node, field.value)
                pending = nil
            } else {
                pending = field.value
                continue
            }
            var name = text(written)
            if name.hasPrefix("v("), name.hasSuffix(")") {
                name = String(name.dropFirst(2).dropLast())
            }
            name = String(name.filter { $0 != " " })
            guard let volts = elaborator.values.value(value, in: scope, what: "voltage") else { continue }
            for name in elaborator.buses.names(of: name, at: written.range, in: scope) ?? [] {
                addCondition(name, volts, written, directive, in: scope)
            }
        }
        if let pending {
            elaborator.error(
                "'\(text(pending))' is given no voltage", at: pending.range, in: scope,
                hint: "write `v(node)=value`")
        }
    }

    private func addCondition(
        _ name: String, _ volts: Double, _ written: Token, _ directive: Directive, in scope: Scope
    ) {
        let wanted = scope.prefix + elaborator.netlist.dialect.hierarchical(name)
        guard let unknown = scope.ports[name].map(Int.init) ?? elaborator.card.builder.unknowns.node(named: wanted)
        else {
            let near = suggestion(for: wanted, among: elaborator.nodeNames)
            elaborator.error(
                "no node '\(name)'", at: written.range, in: scope, hint: near.map { "did you mean '\($0)'?" })
            return
        }
        guard unknown > 0 else { return }
        let condition = NodeCondition(unknown: Int32(unknown), value: volts, range: written.range)
        if directive == .nodeset {
            elaborator.card.builder.nodesets.append(condition)
        } else {
            elaborator.card.builder.initialConditions.append(condition)
        }
    }
}
