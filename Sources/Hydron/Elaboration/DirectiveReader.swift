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
                var own = card
                if let sweeps = takeSweep(&own, &result) {
                    for sweep in sweeps where !result.steps.contains(where: { $0.name == sweep.name }) {
                        result.steps.append(sweep)
                    }
                }
                if let analysis = kind.read(own, directive, self) { result.tasks.append(analysis) }
                continue
            }
            switch directive {
            case .step:
                guard !elaborator.overrides.isOfStep else { continue }
                guard let sweep = readStep(card) else { continue }
                result.steps += sweep
                if SweepPoints(result.steps).count > 10_000_000 {
                    error(
                        "all .step together have more than 10 million combinations", card.range,
                        hint: "take larger steps")
                    result.steps = []
                }
            case .temp: result.steps += temperatures(card)
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
            if name.hasPrefix("i("), name.hasSuffix(")") {
                addCurrentCondition(String(name.dropFirst(2).dropLast()), value, written, directive, in: scope)
                continue
            }
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

    /// LTspice's `.ic i(l1)=1`: the current of an inductor.
    private func addCurrentCondition(
        _ name: String, _ value: Token, _ written: Token, _ directive: Directive, in scope: Scope
    ) {
        let builder = elaborator.card.builder
        guard let amperes = elaborator.values.value(value, in: scope, what: "current") else { return }
        guard let reference = builder.directory.find(scope.prefix + name), reference.population >= 0,
            let inductors = builder.population(Int(reference.population)) as? DevicePopulation<Inductor>
        else {
            elaborator.error(
                "'\(name)' is no inductor whose current could be given", at: written.range, in: scope,
                hint: "write `.ic i(l1)=1` for an inductor, `.ic v(node)=1` for a node")
            return
        }
        let branch = inductors.unknown(Inductor.branch, of: Int(reference.index))
        let condition = NodeCondition(unknown: branch, value: amperes, range: written.range)
        if directive == .nodeset {
            elaborator.card.builder.nodesets.append(condition)
        } else {
            elaborator.card.builder.initialConditions.append(condition)
        }
    }

    private func addCondition(
        _ name: String, _ volts: Double, _ written: Token, _ directive: Directive, in scope: Scope
    ) {
        let name = elaborator.netlist.dialect.unbracketed(name)
        let wanted = scope.prefix + elaborator.netlist.dialect.hierarchical(name)
        guard
            let unknown = scope.ports[name].map(Int.init) ?? elaborator.card.builder.unknowns.node(named: wanted)
                ?? elaborator.card.builder.unknowns.node(named: scope.prefix + name)
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
