import Glibc
import SpiceNetlist

/// What elaboration makes of a netlist.
struct Elaboration: Sendable {
    var circuit: Circuit
    /// What it was made with.
    var overrides = Overrides.none
    var tasks: [any Analysis]
    /// `.step`, outermost last.
    var steps: [Sweep]
    var outputs: OutputRequests
    /// Maps of arrays.
    var snapshots: [SnapshotRequest] = []
    var measurements = MeasurementRequests()
    /// `.mc`
    var sampling: Sampling?
    /// `.wcase`
    var searchesWorstCase = false
    /// Of all random numbers.
    var seed: UInt64 = 0
    /// What the netlist asks for and this version does not have.
    var skipped: [SkippedDirective] = []
    /// Lower-case, hierarchical names on cards with mistakes: what they would have made is missing.
    var broken: Set<String> = []

    /// Fills in what waveforms leave to a transient: its own step and end, in other analyses those of the netlist's
    /// first one. At t = 0, where static analyses look, no waveform depends on them.
    mutating func resolveWaveforms(for analysis: (any Analysis)?) {
        let transients = ([analysis].compactMap { $0 } + tasks).lazy.compactMap { $0 as? TransientAnalysis }
        let times = transients.first.map { ($0.step, $0.stop) }
        let (step, stop) = times ?? (1, 1)
        for index in circuit.populations.indices {
            circuit.populations[index].resolveTransient(tstep: step, tstop: stop)
        }
    }
}

/// A dot card that asks for something which this version does not do.
struct SkippedDirective: Sendable {
    /// `.ac`
    var word: String
    var range: SourceRange
}

/// Makes a flat ``Circuit`` of a ``Netlist``: parameters evaluated, subcircuits expanded, models found.
///
/// A pure function of its arguments: sweeps over parameters, models or the temperature elaborate again with other
/// ``Overrides``. In order: definitions of a block (parameters, functions, models, subcircuits, as `.if` selects
/// them), options, elements, what elements leave until all are known, directives.
final class Elaborator {
    let netlist: Netlist
    private let dialect: Dialect
    let overrides: Overrides
    var diagnostics: Diagnostics
    private(set) var card: ElementCard!
    private(set) var top: Scope!
    /// Run after all elements were read.
    var completions: [() -> Void] = []
    /// Parameters being evaluated, for messages about cycles.
    var evaluationPath: [String] = []
    /// Buses that elements of the present card asked for, by their text.
    var lastBuses: [String: ExpandedBus] = [:]
    /// Names declared by `.global`.
    var globals: Set<String> = []
    var replacesGround = false
    /// Xyce's `.options output initial_interval=`: rows at multiples of this time [s].
    var outputInterval: Double?
    /// `.options samples`
    var sampling = SamplingOptions()
    /// `.options savecurrents`
    var savesCurrents = false
    /// The letter of the element whose card is read: `1F` looks like a farad on a capacitor's, `1A` like an ampere on a
    /// current source's.
    private var elementLetter: UInt8 = 0
    /// Auxiliary elements made for ddt and sdt.
    var helperCount = 0
    private var randomState: UInt64 = 0
    /// First bytes of each source file, so that names are read without a lookup.
    private let files: [UnsafePointer<UInt8>?]
    static let deepestNesting = 60
    private(set) var broken: Set<String> = []
    /// False in tests of what makes no difference.
    private let readsPlainCards: Bool
    /// Read subcircuits that nothing calls as well.
    private var readsUncalled = false
    /// Identities of the random numbers that were asked for, in order; kept where they are looked for.
    private var drawLog: [UInt64]?
    private var loggedDraws: Set<UInt64> = []
    /// Kept where parameters are looked for.
    var parameterLog: ParameterLog?
    /// Kept where an editor asks what words mean.
    private var survey: NetlistSurvey?
    private var definitions: [Scope.Definition] = []
    private var calledDefinitions: Set<SourceRange> = []

    static func elaborate(
        _ netlist: Netlist, overrides: Overrides = .none, diagnostics: inout Diagnostics
    ) -> Elaboration? {
        let result = attempt(netlist, overrides: overrides, diagnostics: &diagnostics)
        return diagnostics.hasErrors ? nil : result
    }

    /// The same, but gives what could be made also where there are mistakes.
    /// - Parameter readingPlainCards: false reads each card with all care, to the same result.
    static func attempt(
        _ netlist: Netlist, overrides: Overrides, readingPlainCards: Bool = true, diagnostics: inout Diagnostics
    ) -> Elaboration {
        let elaborator = Elaborator(netlist, overrides, diagnostics, readsPlainCards: readingPlainCards)
        let result = elaborator.run()
        diagnostics = elaborator.diagnostics
        return result
    }

    /// The numbers that elements and models take from their cards.
    static func parameters(of netlist: Netlist, _ overrides: Overrides) -> ParameterLog {
        let elaborator = Elaborator(netlist, overrides, Diagnostics(), readsPlainCards: false)
        elaborator.parameterLog = ParameterLog()
        _ = elaborator.run()
        return elaborator.parameterLog ?? ParameterLog()
    }

    /// What words of a netlist mean.
    static func survey(_ netlist: Netlist, _ overrides: Overrides) -> NetlistSurvey {
        let elaborator = Elaborator(netlist, overrides, Diagnostics(), readsPlainCards: false)
        elaborator.survey = NetlistSurvey()
        elaborator.readsUncalled = true
        _ = elaborator.run()
        return elaborator.survey ?? NetlistSurvey()
    }

    /// Identities of all random numbers that a netlist draws, in the order of reading.
    static func draws(of netlist: Netlist, _ overrides: Overrides) -> [UInt64] {
        var overrides = overrides
        overrides.draws = .nominal
        let elaborator = Elaborator(netlist, overrides, Diagnostics())
        elaborator.drawLog = []
        _ = elaborator.run()
        return elaborator.drawLog ?? []
    }

    /// Mistakes in subcircuits that nothing calls, as warnings: each is read once, with its own defaults.
    static func checkUncalled(_ netlist: Netlist, overrides: Overrides) -> Diagnostics {
        if netlist.top.subcircuits.isEmpty { return Diagnostics() }
        var known = Diagnostics()
        _ = attempt(netlist, overrides: overrides, diagnostics: &known)
        let elaborator = Elaborator(netlist, overrides, Diagnostics())
        elaborator.readsUncalled = true
        _ = elaborator.run()
        var found = Diagnostics()
        for var finding in elaborator.diagnostics.all where !known.all.contains(finding) {
            finding.severity = .warning
            found.append(finding)
        }
        return found
    }

    private init(
        _ netlist: Netlist, _ overrides: Overrides, _ diagnostics: Diagnostics, readsPlainCards: Bool = true
    ) {
        self.readsPlainCards = readsPlainCards
        self.netlist = netlist
        dialect = netlist.dialect
        self.overrides = overrides
        self.diagnostics = diagnostics
        files = netlist.sources.files.indices.map {
            netlist.sources.bytes(of: UInt32($0)).baseAddress?.assumingMemoryBound(to: UInt8.self)
        }
        top = Scope(self)
        card = ElementCard(self, scope: top)
    }

    private func run() -> Elaboration {
        card.builder.title = netlist.title
        card.builder.holdsDeviceConditions = netlist.dialect.conditionsHoldInOperatingPoint
        if netlist.replacesGround {
            // Other names of ground.
            for alias in netlist.dialect.replaceableGroundAliases { aliasNode(alias, to: 0) }
        }
        let active = collectDefinitions(netlist.top, in: top)
        readOptions(active)
        for (name, value) in overrides.parameters { top.parameters[name] = .value(value) }
        if let threads = overrides.threads { card.builder.options.threads = threads }
        if let temperature = overrides.temperature {
            if Parameter.Bounds.celsius.contains(temperature) {
                card.builder.options[.temp] = temperature
            } else {
                error(
                    "a temperature of \(temperature.plain) °C is not above absolute zero", at: nil, in: top,
                    hint: "temperatures are degrees Celsius, above -273.15")
            }
        }
        seedRandomNumbers(active)
        evaluateParameters(of: top)
        survey?.note(top, nil)
        if active.count > 10_000 {
            // The tables of a large flat netlist are made once instead of growing by doubling.
            card.builder.reserve(elements: active.count)
        }
        readElements(netlist.top, active, in: top)
        if readsUncalled { readUncalledSubcircuits() }
        // A completion may leave something for later itself.
        var next = 0
        while next < completions.count, !diagnostics.isFull {
            completions[next]()
            next += 1
        }
        completions = []
        var reader = DirectiveReader(self, active)
        var directives = reader.read()
        directives.outputs.savesCurrents = savesCurrents
        for name in top.parameters.keys {
            switch top.parameter(name) {
            case .value(let value): directives.outputs.parameters[name] = value
            case .expression(let expression, _): directives.outputs.expressions[name] = expression
            case nil: break
            }
        }
        warnOfGroundNames()
        for (name, function) in top.functions {
            directives.outputs.functions[name] = OutputRequests.UserFunction(
                arguments: function.arguments.map { netlist.sources.lowercased($0.range) }, body: function.body)
        }
        return Elaboration(
            circuit: card.builder.build(), overrides: overrides, tasks: directives.tasks, steps: directives.steps,
            outputs: directives.outputs, snapshots: directives.snapshots, measurements: directives.measurements,
            sampling: directives.sampling, searchesWorstCase: directives.searchesWorstCase, seed: randomState,
            skipped: directives.skipped, broken: broken)
    }

    // MARK: - Definitions

    /// Files what a block defines in `scope`. Returns the cards that `.if` leaves standing; nil where all do.
    func collectDefinitions(_ block: Block, in scope: Scope) -> [Card] {
        var active: [Card] = []
        var hasConditions = false
        /// For each open `.if`: whether this branch is taken, and whether one was before.
        var conditions: [(isTaken: Bool, wasTaken: Bool)] = []
        for card in block.cards {
            guard case .directive(let directive) = card.kind else {
                if conditions.allSatisfy(\.isTaken) {
                    if case .subcircuit(let index) = card.kind { define(block.subcircuits[Int(index)], in: scope) }
                    if hasConditions { active.append(card) }
                }
                continue
            }
            if directive == .if || directive == .elseif || directive == .else || directive == .endif, !hasConditions {
                hasConditions = true
                // Everything so far stands.
                active = Array(block.cards.prefix { $0.range != card.range })
            }
            let outerIsTaken = conditions.dropLast().allSatisfy(\.isTaken)
            switch directive {
            case .if:
                let holds = conditions.allSatisfy(\.isTaken) && condition(card, in: scope)
                conditions.append((holds, holds))
            case .elseif:
                guard let last = conditions.last else { continue }
                let holds = !last.wasTaken && outerIsTaken && condition(card, in: scope)
                conditions[conditions.count - 1] = (holds, last.wasTaken || holds)
            case .else:
                guard let last = conditions.last else { continue }
                conditions[conditions.count - 1] = (!last.wasTaken && outerIsTaken, true)
            case .endif:
                if !conditions.isEmpty { conditions.removeLast() }
            default:
                guard conditions.allSatisfy(\.isTaken) else { continue }
                if hasConditions { active.append(card) }
                define(card, directive, in: scope)
            }
        }
        return hasConditions ? active : block.cards
    }

    private func condition(_ card: Card, in scope: Scope) -> Bool {
        guard let expression = netlist.condition(card, diagnostics: &diagnostics) else { return false }
        return (evaluate(expression, in: scope) ?? 0) != 0
    }

    private func define(_ subcircuit: Subcircuit, in scope: Scope) {
        let name = netlist.sources.lowercased(subcircuit.name.range)
        if let earlier = scope.subcircuits[name] {
            diagnostics.warning(
                "subcircuit '\(name)' is defined twice; the first definition counts", at: subcircuit.name.range,
                notes: [.init("first defined here", at: earlier.subcircuit.name.range)])
            return
        }
        let definition = Scope.Definition(subcircuit: subcircuit, scope: scope)
        scope.subcircuits[name] = definition
        if readsUncalled { definitions.append(definition) }
    }

    private func define(_ card: Card, _ directive: Directive, in scope: Scope) {
        switch directive {
        case .param, .globalParam:
            var statement = Statement()
            let isWhole = netlist.decode(
                card, into: &statement, freeExpressions: true, diagnostics: &diagnostics)
            var isValueOfLast = false
            for (index, field) in statement.fields.enumerated() {
                guard let key = field.key else {
                    // What a card that can't be read would have set is no further mistake where it is used.
                    guard isWhole else {
                        scope.parameters[netlist.sources.lowercased(field.value.range)] = .broken
                        continue
                    }
                    let word = netlist.sources.lowercased(field.value.range)
                    scope.parameters[word] = .broken
                    // `.param a 1` is one mistake.
                    if isValueOfLast { continue }
                    let following = index + 1 < statement.fields.count ? statement.fields[index + 1] : nil
                    isValueOfLast = following.map { $0.key == nil } ?? false
                    let value = isValueOfLast ? following.map { netlist.sources.text($0.value.range) } : nil
                    error(
                        "'\(word)' is given no value", at: field.value.range, in: scope,
                        hint: "write `\(word)=\(value ?? "value")`")
                    continue
                }
                isValueOfLast = false
                define(Assignment(name: key, value: field.value), in: directive == .globalParam ? top : scope)
            }
        case .function:
            if let function = netlist.functionDefinition(card, diagnostics: &diagnostics) {
                scope.functions[function.name] = function
            }
        case .model:
            var statement = Statement()
            netlist.decode(card, into: &statement, diagnostics: &diagnostics)
            let words = statement.fields.filter { $0.key == nil }
            guard let first = words.first else {
                error("the model has no name", at: card.range, in: scope, hint: "write `.model name type (…)`")
                return
            }
            let name = netlist.sources.lowercased(first.value.range)
            guard words.count > 1 else {
                error(
                    "model '\(name)' has no type", at: first.value.range, in: scope,
                    hint: "write `.model \(name) d (…)`")
                return
            }
            if let earlier = scope.models[name] {
                diagnostics.warning(
                    "model '\(name)' is defined twice; the first definition counts", at: first.value.range,
                    notes: [.init("first defined here", at: earlier.range)])
                return
            }
            scope.models[name] = card
            let type = netlist.sources.lowercased(words[1].value.range)
            if !Catalog.modelTypes.contains(type), !Catalog.familyModelTypes.contains(type), !type.hasPrefix("ako:"),
                overrides.modules.module(type) == nil
            {
                let near = suggestion(for: type, among: Catalog.modelTypes.sorted() + overrides.modules.names)
                diagnostics.warning(
                    "model '\(name)' is of type '\(type)', which no element takes", at: words[1].value.range,
                    hint: near.map { "did you mean '\($0)'?" }
                        ?? "known: " + Catalog.modelTypes.sorted().joined(separator: " "))
            }
        case .global:
            var statement = Statement()
            netlist.decode(card, into: &statement, diagnostics: &diagnostics)
            for field in statement.fields { globals.insert(netlist.sources.lowercased(field.value.range)) }
        case .preprocess:
            var statement = Statement()
            netlist.decode(card, into: &statement, diagnostics: &diagnostics)
            let words = statement.fields.map { netlist.sources.lowercased($0.value.range) }
            if words.first == "replaceground", words.count > 1 {
                replacesGround = words[1] == "true" || words[1] == "1"
            }
        default: break
        }
    }

    func define(_ assignment: Assignment, in scope: Scope) {
        if let function = netlist.functionDefinition(assignment, diagnostics: &diagnostics) {
            scope.functions[function.name] = function
            return
        }
        let name = netlist.sources.lowercased(assignment.name.range)
        if let earlier = scope.parameterRanges[name], scope.isTop {
            diagnostics.warning(
                "parameter '\(name)' is set twice; the last value counts", at: assignment.name.range,
                notes: [.init("first set here", at: earlier)])
        }
        // What the caller passes wins over `.param` inside.
        if scope.passedParameters.contains(name) { return }
        scope.parameterRanges[name] = assignment.name.range
        scope.parameters[name] = .token(assignment.value, scope)
    }

    /// A node whose name means ground to another dialect and is one of its own here.
    private func warnOfGroundNames() {
        for name in netlist.dialect.replaceableGroundAliases {
            guard let unknown = card.builder.unknowns.node(named: name), unknown > 0,
                let range = card.builder.firstElement(touching: unknown)
            else { continue }
            diagnostics.warning(
                "node '\(name)' is not ground in the \(netlist.dialect.name) dialect", at: range,
                hint: netlist.dialect.groundHint)
        }
    }

    /// Every parameter is evaluated once, used or not: a mistake in it is a mistake in the netlist.
    private func evaluateParameters(of scope: Scope) {
        for name in scope.parameters.keys.sorted() { _ = scope.parameter(name) }
    }

    // MARK: - Elements

    private func readElements(_ block: Block, _ cards: [Card], in scope: Scope) {
        // What `.step` changes is found through the element's card.
        let plain = scope.isTop && overrides.elements.isEmpty && readsPlainCards ? plainElements() : nil
        if let plain, cards.count > 10_000 { plain.announce(cards, in: &card.builder) }
        var index = 0
        while index < cards.count, !diagnostics.isFull {
            if let plain, plain.read(cards, from: index) {
                addPlain(plain, cards, from: index, in: scope)
                index += plain.count
            } else {
                readElement(cards[index], in: scope)
                index += 1
            }
        }
        elementLetter = 0
    }

    private func plainElements() -> PlainElements {
        var grounds = dialect.groundAliases
        if replacesGround { grounds += dialect.replaceableGroundAliases }
        return PlainElements(netlist, grounds: grounds, temperature: card.builder.options.temperature)
    }

    /// Adds a batch of plain cards; those among them that need a remark are read like any other.
    private func addPlain(_ plain: PlainElements, _ cards: [Card], from start: Int, in scope: Scope) {
        var done = 0
        while done < plain.count {
            done = plain.add(cards, start: start, from: done, to: &card.builder)
            for (_, identity) in plain.shorted {
                card.begin(identity: identity, scope: scope)
                card.warnOfShort()
            }
            guard done < plain.count, !diagnostics.isFull else { return }
            plain.leaveOut(cards[start + done])
            readElement(cards[start + done], in: scope)
            done += 1
        }
    }

    private func readElement(_ card: Card, in scope: Scope) {
        guard case .element(let letter) = card.kind else { return }
        let errorCount = diagnostics.errorCount
        readElement(card, letter, isPlain: scope.isTop, in: scope)
        if diagnostics.errorCount > errorCount { noteBroken(card, in: scope) }
    }

    private func readElement(_ card: Card, _ letter: UInt8, isPlain: Bool, in scope: Scope) {
        if letter == UInt8(ascii: "x") { return readCall(card, in: scope) }
        guard let kinds = Catalog.byLetter[letter] else { return unknownElement(card, letter, in: scope) }
        elementLetter = letter
        guard self.card.read(card, freeExpressions: letter == UInt8(ascii: "b")) else { return }
        if isBus(self.card.nameToken) {
            eachInstance(of: self.card.nameToken, in: scope) { name, inner in
                guard self.card.read(card, freeExpressions: letter == UInt8(ascii: "b")),
                    let identity = identity(of: card, named: scope.prefix + name, in: inner)
                else { return }
                self.card.begin(identity: identity, scope: inner)
                kinds[0].elaborate(self.card)
            }
            return
        }
        guard let identity = identity(of: card, isPlain: isPlain, in: scope) else { return }
        self.card.begin(identity: identity, scope: scope)
        if !overrides.modules.isEmpty, OSDICard.serves(self.card, letter) { return OSDICard.elaborate(self.card) }
        kinds[0].elaborate(self.card)
    }

    /// Files the names on a card with a mistake, so that nothing is said about what is missing because of it.
    private func noteBroken(_ card: Card, in scope: Scope) {
        var statement = Statement()
        var ignored = Diagnostics()
        netlist.decode(card, into: &statement, diagnostics: &ignored)
        broken.insert(scope.prefix + netlist.sources.lowercased(statement.name.range))
        for field in statement.fields where field.key == nil && field.value.kind == .word {
            broken.insert(scope.prefix + netlist.sources.lowercased(field.value.range))
        }
    }

    private func readUncalledSubcircuits() {
        var next = 0
        // Reading one may define or call others.
        while next < definitions.count, !diagnostics.isFull {
            let definition = definitions[next]
            next += 1
            let subcircuit = definition.subcircuit
            guard calledDefinitions.insert(subcircuit.name.range).inserted else { continue }
            let name = netlist.sources.lowercased(subcircuit.name.range)
            let outer = definition.scope
            let inner = Scope(
                self, outer: outer, caller: outer, prefix: "\(outer.prefix)\(name):",
                call: Scope.Call(
                    name: "in subcircuit '\(name)', which nothing calls", range: subcircuit.name.range, isMade: false))
            for parameter in subcircuit.parameters {
                inner.parameters[netlist.sources.lowercased(parameter.name.range)] = .token(parameter.value, inner)
            }
            for port in subcircuit.ports {
                for port in names(of: port, in: inner) ?? [] {
                    inner.ports[port] = card.builder.node(inner.prefix + port)
                }
            }
            let active = collectDefinitions(subcircuit.body, in: inner)
            evaluateParameters(of: inner)
            survey?.note(inner, subcircuit)
            readElements(subcircuit.body, active, in: inner)
        }
    }

    private func unknownElement(_ card: Card, _ letter: UInt8, in scope: Scope) {
        var statement = Statement()
        netlist.decode(card, into: &statement, diagnostics: &diagnostics)
        let known = Catalog.byLetter.keys.sorted().map { String(UnicodeScalar($0)).uppercased() }
        error(
            "'\(netlist.sources.text(statement.name.range))' is no element that this version knows",
            at: statement.name.range, in: scope, hint: "elements begin with \(known.joined(separator: " ")) or X")
    }

    /// Files the element's name; reports a name that was used before.
    ///
    /// - Parameter given: the hierarchical name, where it is not the card's first word.
    private func identity(
        of card: Card, named given: String? = nil, isPlain: Bool = false, in scope: Scope
    ) -> ElementIdentity? {
        let name = self.card.nameToken.range
        let before = self.card.builder.directory.names.count
        let id: UInt32
        if let given {
            id = self.card.builder.directory.names.intern(given)
        } else if isPlain, let base = files[Int(name.file)] {
            id = self.card.builder.directory.names.intern(
                UnsafeBufferPointer(start: base + Int(name.start), count: Int(name.end - name.start)))
        } else {
            id = self.card.builder.directory.names.intern(scope.prefix + netlist.sources.lowercased(name))
        }
        guard Int(id) == before else {
            let reference =
                Int(id) < self.card.builder.directory.references.count
                ? self.card.builder.directory.references[Int(id)] : ElementReference(population: -1, index: -1)
            var notes: [Diagnostic.Note] = []
            if reference.population >= 0 {
                let first = self.card.builder.population(Int(reference.population)).identity(Int(reference.index))
                notes.append(.init("first used here", at: first.range))
            }
            error(
                "'\(self.card.builder.directory.names.name(of: id))' is the name of two elements", at: name, in: scope,
                hint: "give one of them another name", notes: notes)
            return nil
        }
        return ElementIdentity(name: id, range: card.range)
    }

    private func readCall(_ card: Card, in scope: Scope) {
        var statement = Statement()
        guard netlist.decode(card, into: &statement, diagnostics: &diagnostics) else { return }
        guard isBus(statement.name) else {
            return readCall(card, statement, named: netlist.sources.lowercased(statement.name.range), in: scope)
        }
        eachInstance(of: statement.name, in: scope) { readCall(card, statement, named: $0, in: $1) }
    }

    private func readCall(_ card: Card, _ statement: Statement, named name: String, in scope: Scope) {
        let sources = netlist.sources
        guard scope.depth < Self.deepestNesting else {
            error(
                "subcircuit calls are nested more than \(Self.deepestNesting) deep", at: card.range, in: scope,
                hint: "a subcircuit that calls itself never ends")
            return
        }
        var words = statement.fields.filter { $0.key == nil }.map(\.value)
        if let marker = words.firstIndex(where: { ["params:", "params"].contains(sources.lowercased($0.range)) }) {
            words.remove(at: marker)
        }
        guard let last = words.popLast() else {
            error("'\(name)' calls no subcircuit", at: card.range, in: scope, hint: "write `\(name) nodes… subcircuit`")
            return
        }
        let wanted = sources.lowercased(last.range)
        if wanted == "crossbar", scope.definition(wanted) == nil {
            CrossbarCard(self, statement, card, named: name, ports: words, in: scope).read()
            return
        }
        guard let definition = scope.definition(wanted) else {
            let near = suggestion(for: wanted, among: scope.visibleSubcircuits)
            error(
                "no subcircuit '\(wanted)'", at: last.range, in: scope,
                hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.subckt \(wanted) …`")
            return
        }
        var nodes: [Int32] = []
        for word in words {
            guard let more = self.nodes(of: word, in: scope) else { return }
            nodes += more
        }
        call(definition, card, statement, named: name, nodes: nodes, in: scope)
    }

    /// Expands a subcircuit between `nodes`; parameters are the keyed fields of `statement`.
    func call(
        _ definition: Scope.Definition, _ card: Card, _ statement: Statement, named name: String, nodes: [Int32],
        in scope: Scope
    ) {
        let sources = netlist.sources
        let subcircuit = definition.subcircuit
        let wanted = sources.lowercased(subcircuit.name.range)
        if readsUncalled { calledDefinitions.insert(subcircuit.name.range) }
        let before = self.card.builder.directory.names.count
        let id = self.card.builder.directory.names.intern(scope.prefix + name)
        guard Int(id) == before else {
            error(
                "'\(scope.prefix)\(name)' is the name of two elements", at: statement.name.range, in: scope,
                hint: "give one of them another name")
            return
        }
        var multiplier = scope.multiplier
        for field in statement.fields {
            if let key = field.key, sources.lowercased(key.range) == "m",
                !subcircuit.parameters.contains(where: { sources.lowercased($0.name.range) == "m" }),
                let value = value(field.value, in: scope)
            {
                multiplier *= value
            }
        }
        let inner = Scope(
            self, outer: definition.scope, caller: scope, prefix: "\(scope.prefix)\(name).",
            call: Scope.Call(name: scope.prefix + name, range: card.range), multiplier: multiplier)
        // Defaults stand in the definition; what the call gives stands in the caller.
        for parameter in subcircuit.parameters {
            inner.parameters[sources.lowercased(parameter.name.range)] = .token(parameter.value, inner)
        }
        let declared = Set(inner.parameters.keys)
        let passing = Scope(self, outer: scope, caller: scope, prefix: scope.prefix, call: scope.call)
        passing.fallback = inner
        for field in statement.fields {
            guard let key = field.key else { continue }
            let parameter = sources.lowercased(key.range)
            inner.parameters[parameter] = .token(field.value, passing)
            inner.passedParameters.insert(parameter)
        }
        guard connect(card, name, nodes, to: subcircuit, inner: inner, in: scope) else { return }
        let active = collectDefinitions(subcircuit.body, in: inner)
        for parameter in inner.passedParameters.sorted()
        where !declared.contains(parameter) && parameter != "m" && inner.parameterRanges[parameter] == nil
            && !bodySets(parameter, active)
        {
            let near = suggestion(for: parameter, among: declared.sorted())
            diagnostics.warning(
                "subcircuit '\(wanted)' has no parameter '\(parameter)'",
                at: statement.fields.lazy.compactMap(\.key?.range).first { sources.lowercased($0) == parameter },
                hint: near.map { "did you mean '\($0)'?" }, notes: scope.callNotes)
        }
        evaluateParameters(of: inner)
        survey?.note(inner, subcircuit)
        readElements(subcircuit.body, active, in: inner)
        readLocalConditions(active, in: inner)
    }

    /// Gives the nodes of a call to the ports of a subcircuit; each may be a bus of several.
    private func connect(
        _ card: Card, _ name: String, _ nodes: [Int32], to subcircuit: Subcircuit, inner: Scope, in scope: Scope
    ) -> Bool {
        let wanted = netlist.sources.lowercased(subcircuit.name.range)
        var ports: [String] = []
        for port in subcircuit.ports {
            guard let names = names(of: port, in: inner) else { return false }
            ports += names
        }
        guard nodes.count == ports.count else {
            error(
                "subcircuit '\(wanted)' has \(ports.count) port\(ports.count == 1 ? "" : "s"), '\(name)' gives \(nodes.count) node\(nodes.count == 1 ? "" : "s")",
                at: card.range, in: scope, notes: [.init("defined here", at: subcircuit.name.range)])
            return false
        }
        for (port, unknown) in zip(ports, nodes) {
            if let other = inner.ports[port] {
                if netlist.dialect.portsMayRepeat {
                    if other == unknown { continue }
                    error(
                        "port '\(port)' of '\(wanted)' stands twice, and '\(name)' gives it two different nodes",
                        at: card.range, in: scope, notes: [.init("defined here", at: subcircuit.name.range)])
                    return false
                }
                // Of single names this was said when the subcircuit was read.
                if subcircuit.ports.contains(where: { isBus($0) }) {
                    error("port '\(port)' of '\(wanted)' stands twice", at: subcircuit.name.range, in: scope)
                }
                return false
            }
            inner.ports[port] = unknown
            // Seen from outside, the port is a node of the instance.
            aliasNode(inner.prefix + port, to: unknown)
        }
        return true
    }

    /// True where a `.param` among the cards sets this name.
    private func bodySets(_ name: String, _ cards: [Card]) -> Bool {
        for card in cards where card.kind == .directive(.param) {
            var statement = Statement()
            netlist.decode(card, into: &statement, freeExpressions: true, diagnostics: &diagnostics)
            if statement.fields.contains(where: {
                $0.key.map { netlist.sources.lowercased($0.range) == name } ?? false
            }) {
                return true
            }
        }
        return false
    }

    /// `.ic` and `.nodeset` inside subcircuits.
    private func readLocalConditions(_ cards: [Card], in scope: Scope) {
        for card in cards {
            guard case .directive(let directive) = card.kind else { continue }
            if directive == .initialCondition || directive == .nodeset {
                completions.append { [unowned self] in
                    DirectiveReader(self, []).readNodeConditions(card, directive, in: scope)
                }
            }
        }
    }

    // MARK: - Nodes

    /// The unknown of a node as written in `scope`.
    func node(_ token: Token, in scope: Scope) -> Int32? {
        let range = token.range
        noteNode(range)
        if scope.isTop, let base = files[Int(range.file)] {
            let bytes = UnsafeBufferPointer(start: base + Int(range.start), count: Int(range.end - range.start))
            if bytes.count == 1, bytes[0] == UInt8(ascii: "0") { return 0 }
            if bytes.count < 7, mayBeGround(bytes), isGround(netlist.sources.lowercased(range)) { return 0 }
            if bytes.last == UInt8(ascii: "]") { return indexedNode(token, in: scope) }
            let id = card.builder.unknowns.nodeNames.intern(bytes)
            return card.builder.unknowns.node(id: id)
        }
        return indexedNode(token, in: scope)
    }

    func noteNode(_ range: SourceRange) {
        if survey != nil { survey?.nodes.insert(range) }
    }

    /// Whether a word ends with a range in brackets. Asked for each element: one look at a byte nearly always.
    func isBus(_ token: Token) -> Bool {
        let range = token.range
        guard token.kind == .word, range.end > range.start, let base = files[Int(range.file)],
            base[Int(range.end) - 1] == UInt8(ascii: "]")
        else { return false }
        return BusName.isRange(netlist.sources.text(range))
    }

    private func mayBeGround(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.first.map { $0 | 0x20 == UInt8(ascii: "g") } ?? false
    }

    private func isGround(_ name: String) -> Bool {
        netlist.dialect.isGround(name, replacingGround: replacesGround)
    }

    func node(_ name: String, in scope: Scope) -> Int32 {
        if name == "0" || isGround(name) { return 0 }
        if let port = scope.ports[name] { return port }
        if globals.contains(name) || name.hasPrefix("$g") { return card.builder.node(name) }
        return card.builder.node(scope.prefix + hierarchical(name))
    }

    /// Makes `name` another name of an unknown.
    func aliasNode(_ name: String, to unknown: Int32) {
        let id = card.builder.unknowns.nodeNames.intern(name)
        card.builder.unknowns.alias(id: id, to: unknown)
    }

    /// `x1:x2:n` in the spelling of this house, `x1.x2.n`.
    func hierarchical(_ name: String) -> String {
        netlist.dialect.colonSeparatesNames ? String(name.map { $0 == ":" ? "." : $0 }) : name
    }

    var elementNames: [String] {
        let names = card.builder.directory.names
        return (0..<min(names.count, 5000)).map { names.name(of: UInt32($0)) }
    }

    // MARK: - Values

    func expression(_ token: Token, in scope: Scope) -> Expression? {
        netlist.expression(token, diagnostics: &diagnostics)
    }

    /// The expression without a word about mistakes: they are reported where it is evaluated.
    func quietExpression(_ token: Token) -> Expression? {
        var ignored = Diagnostics()
        return netlist.expression(token, diagnostics: &ignored)
    }

    /// A word that is a number with nothing to remark on.
    func plainNumber(_ token: Token) -> Double? {
        let range = token.range
        guard token.kind == .word, let base = files[Int(range.file)] else { return nil }
        let bytes = UnsafeBufferPointer(start: base + Int(range.start), count: Int(range.end - range.start))
        guard let number = Number.parse(bytes, dialect: dialect), number.note == .none, number.value.isFinite else {
            return nil
        }
        return number.value
    }

    /// A constant value; reports an error and returns nil where it is none.
    func value(_ token: Token, in scope: Scope, what: String = "value") -> Double? {
        if token.kind == .word, let number = netlist.number(token) { return checked(number, token) }
        if token.kind == .string {
            error("a text can't be the \(what)", at: token.range, in: scope)
            return nil
        }
        guard let expression = expression(token, in: scope) else { return nil }
        if scope.dependsOnSolution(expression) {
            error(
                "the \(what) must be constant, but '\(netlist.sources.text(token.range))' depends on the solution or on time",
                at: token.range, in: scope)
            return nil
        }
        return evaluate(expression, in: scope)
    }

    /// Warns of suffixes that read otherwise than they look; nil, with an error, for a number that is too large.
    func checked(_ number: Double, _ token: Token) -> Double? {
        _ = netlist.number(
            token, isFarad: elementLetter == UInt8(ascii: "c"), isAmpere: elementLetter == UInt8(ascii: "i"),
            isOhm: elementLetter == UInt8(ascii: "r"), diagnostics: &diagnostics)
        return number.isFinite ? number : nil
    }

    func evaluate(_ expression: Expression, in scope: Scope) -> Double? {
        guard let program = compile(expression, in: scope) else { return nil }
        guard let value = program.constant else {
            error("this must be constant", at: expression.range, in: scope)
            return nil
        }
        guard !value.isNaN else {
            if !diagnostics.hasErrors {
                error("the value is not a number", at: expression.range, in: scope)
            }
            return nil
        }
        return value
    }

    func compile(_ expression: Expression, in scope: Scope) -> Program? {
        let before = diagnostics.errorCount
        var own = diagnostics
        let program = ExpressionCompiler.compile(expression, in: scope, diagnostics: &own)
        diagnostics = own
        if program == nil, diagnostics.errorCount == before, !diagnostics.isFull {
            error("the expression can't be evaluated", at: expression.range, in: scope)
        }
        return program
    }

    @discardableResult
    func assign<Key: ParameterKey>(
        _ value: Double, to key: Key, in values: inout ParameterValues<Key>, owner: String, at token: Token,
        scope: Scope
    ) -> Bool {
        let parameter = key.parameter
        guard parameter.bounds.contains(value) else {
            error(
                "\(parameter.name) of \(owner) is \(value.plain)\(parameter.unit == "-" ? "" : " " + parameter.unit), but must be \(parameter.bounds)",
                at: token.range, in: scope, hint: parameter.meaning)
            return false
        }
        values[key] = value
        return true
    }

    /// Uniform in (0, 1), of the seed, the hierarchical path of the scope and the key.
    func random(_ key: UInt64, in scope: Scope) -> Double { RandomBits.uniform(randomBits(key, in: scope)) }

    func randomBits(_ key: UInt64, in scope: Scope) -> UInt64 {
        RandomBits.mix(randomState &+ overrides.draws.salt &+ identity(key, in: scope))
    }

    /// The same number for the same place of the same netlist, whatever the seed.
    private func identity(_ key: UInt64, in scope: Scope) -> UInt64 {
        var path = RandomBits.hash(scope.prefix)
        // Of several elements on one card each draws its own.
        if let instance = scope.instance { path = (path ^ UInt64(instance.place + 1)) &* 0x100_0000_01B3 }
        return path &+ key &* 0x9E37_79B9_7F4A_7C15
    }

    /// Where between its ends, −1 to 1, a random number lies that is not to be drawn; nil where it is.
    func fixedDeviation(_ key: UInt64, in scope: Scope) -> Double? { fixed(identity(key, in: scope)) }

    private func fixed(_ identity: UInt64) -> Double? {
        if drawLog != nil, loggedDraws.insert(identity).inserted { drawLog?.append(identity) }
        return overrides.draws.fixed(identity)
    }

    /// A value moved by a tolerance of this name, `model:parameter:lot`.
    func deviated(_ value: Double, _ tolerance: Tolerance, _ name: String) -> Double {
        let identity = RandomBits.hash(name)
        if let place = fixed(identity) { return value + tolerance.deviation(of: value, at: place) }
        guard case .run = overrides.draws else { return value }
        let state = randomState &+ overrides.draws.salt &+ identity
        let u = RandomBits.uniform(RandomBits.mix(state))
        let place: Double
        switch tolerance.shape {
        case .uniform: place = 2 * u - 1
        case .gauss:
            place = RandomBits.normal(u, RandomBits.uniform(RandomBits.mix(~state))).clamped(to: -4...4)
        }
        return value + tolerance.deviation(of: value, at: place)
    }

    /// By `.options seed=`, `.options samples seed=`, or `seed=` of `.mc`.
    private func seedRandomNumbers(_ cards: [Card]) {
        var seed = sampling.seed ?? card.builder.options[.seed]
        for card in cards where card.kind == .directive(.monteCarlo) {
            var statement = Statement()
            guard netlist.decode(card, into: &statement, diagnostics: &diagnostics) else { continue }
            for field in statement.fields {
                guard let key = field.key, netlist.sources.lowercased(key.range) == "seed" else { continue }
                seed = value(field.value, in: top, what: "seed") ?? seed
            }
        }
        randomState = UInt64(bitPattern: Int64(seed.rounded().clamped(to: -1e15...1e15)))
    }

    // MARK: - Mistakes

    func error(
        _ message: String, at range: SourceRange?, in scope: Scope, hint: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        diagnostics.error(message, at: range, hint: hint, notes: notes + scope.callNotes)
    }
}

extension Comparable {
    func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}

extension Double {
    /// For messages: 5 instead of 5.0.
    var plain: String {
        let text = "\(self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension Parameter.Bounds: CustomStringConvertible {
    /// "above 0", "from 0 to 1", …
    public var description: String {
        let (low, high) = (lowest.plain, highest.plain)
        return switch (lowest.isFinite, highest.isFinite) {
        case (false, false): "any number"
        case (true, false): excludesLowest ? "above \(low)" : "at least \(low)"
        case (false, true): excludesHighest ? "below \(high)" : "at most \(high)"
        case (true, true):
            "from \(low)\(excludesLowest ? " (excluded)" : "") to \(high)\(excludesHighest ? " (excluded)" : "")"
        }
    }
}
