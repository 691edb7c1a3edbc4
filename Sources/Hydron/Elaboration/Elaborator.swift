import SpiceNetlist

/// Makes a flat ``Circuit`` of a ``Netlist``: parameters evaluated, subcircuits expanded, models found.
///
/// A pure function of its arguments: sweeps over parameters, models or the temperature elaborate again with other
/// ``Overrides``. In order: definitions of a block (parameters, functions, models, subcircuits, as `.if` selects
/// them), options, elements, what elements leave until all are known, directives.
///
/// The work is done by readers, one for each subject; this object keeps the order and what they share.
final class Elaborator {
    let netlist: Netlist
    let overrides: Overrides
    var diagnostics: Diagnostics
    private(set) var card: ElementCard!
    private(set) var top: Scope!
    private(set) var values: ValueReader!
    private(set) var buses: Buses!
    private(set) var nodes: NodeNames!
    private(set) var elements: ElementReader!
    private(set) var subcircuits: SubcircuitExpander!
    let randomNumbers: RandomNumbers
    /// What `.options` say of the runs.
    private(set) var runOptions = RunOptions()
    /// Run after all elements were read.
    var completions: [() -> Void] = []
    /// Auxiliary elements made for ddt and sdt.
    var helperCount = 0
    /// Kept where parameters are looked for.
    var parameterLog: ParameterLog?
    /// Kept where an editor asks what words mean.
    var survey: NetlistSurvey?

    /// What is looked for besides the circuit.
    private struct Purpose: OptionSet {
        let rawValue: Int
        static let parameters = Purpose(rawValue: 1)
        static let survey = Purpose(rawValue: 2)
        static let draws = Purpose(rawValue: 4)
        static let uncalledSubcircuits = Purpose(rawValue: 8)
    }

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
        let elaborator = Elaborator(netlist, overrides, for: .parameters, readsPlainCards: false)
        _ = elaborator.run()
        return elaborator.parameterLog ?? ParameterLog()
    }

    /// What words of a netlist mean.
    static func survey(_ netlist: Netlist, _ overrides: Overrides) -> NetlistSurvey {
        let elaborator = Elaborator(
            netlist, overrides, for: [.survey, .uncalledSubcircuits], readsPlainCards: false)
        _ = elaborator.run()
        var survey = elaborator.survey ?? NetlistSurvey()
        survey.nodes = elaborator.nodes.words ?? []
        return survey
    }

    /// Identities of all random numbers that a netlist draws, in the order of reading.
    static func draws(of netlist: Netlist, _ overrides: Overrides) -> [UInt64] {
        var overrides = overrides
        overrides.draws = .nominal
        let elaborator = Elaborator(netlist, overrides, for: .draws)
        _ = elaborator.run()
        return elaborator.randomNumbers.log ?? []
    }

    /// Mistakes in subcircuits that nothing calls, as warnings: each is read once, with its own defaults.
    static func checkUncalled(_ netlist: Netlist, overrides: Overrides) -> Diagnostics {
        if netlist.top.subcircuits.isEmpty { return Diagnostics() }
        var known = Diagnostics()
        _ = attempt(netlist, overrides: overrides, diagnostics: &known)
        let elaborator = Elaborator(netlist, overrides, for: .uncalledSubcircuits)
        _ = elaborator.run()
        var found = Diagnostics()
        for var finding in elaborator.diagnostics.all where !known.all.contains(finding) {
            finding.severity = .warning
            found.append(finding)
        }
        return found
    }

    private init(
        _ netlist: Netlist, _ overrides: Overrides, _ diagnostics: Diagnostics = Diagnostics(),
        for purpose: Purpose = [], readsPlainCards: Bool = true
    ) {
        self.netlist = netlist
        self.overrides = overrides
        self.diagnostics = diagnostics
        randomNumbers = RandomNumbers(overrides.draws, keepsLog: purpose.contains(.draws))
        if purpose.contains(.parameters) { parameterLog = ParameterLog() }
        if purpose.contains(.survey) { survey = NetlistSurvey() }
        let files = netlist.sources.files.indices.map {
            netlist.sources.bytes(of: UInt32($0)).baseAddress?.assumingMemoryBound(to: UInt8.self)
        }
        top = Scope(self)
        card = ElementCard(self, scope: top)
        values = ValueReader(self, files: files)
        buses = Buses(self, files: files)
        nodes = NodeNames(self, card, files: files, notesWords: purpose.contains(.survey))
        elements = ElementReader(self, card, files: files, readsPlainCards: readsPlainCards)
        subcircuits = SubcircuitExpander(self, readsUncalled: purpose.contains(.uncalledSubcircuits))
    }

    private func run() -> Elaboration {
        card.builder.title = netlist.title
        card.builder.holdsDeviceConditions = netlist.dialect.conditionsHoldInOperatingPoint
        if netlist.replacesGround {
            // Other names of ground.
            for name in netlist.dialect.replaceableGroundAliases { nodes.alias(name, to: 0) }
        }
        let active = DefinitionReader(self).read(netlist.top, in: top)
        runOptions = OptionReader(self).read(active)
        applyOverrides()
        sowRandomNumbers(active)
        top.evaluateParameters()
        survey?.note(top, nil)
        if active.count > 10_000 {
            // The tables of a large flat netlist are made once instead of growing by doubling.
            card.builder.reserve(elements: active.count)
        }
        elements.read(active, in: top)
        subcircuits.readUncalled()
        complete()
        var reader = DirectiveReader(self, active)
        var directives = reader.read()
        addDefinitions(to: &directives.outputs)
        nodes.warnOfGroundNames()
        return Elaboration(
            circuit: card.builder.build(), overrides: overrides, tasks: directives.tasks, steps: directives.steps,
            outputs: directives.outputs, snapshots: directives.snapshots, measurements: directives.measurements,
            sampling: directives.sampling, searchesWorstCase: directives.searchesWorstCase,
            seed: randomNumbers.seed, skipped: directives.skipped, broken: elements.broken)
    }

    /// What takes the place of the netlist's own parameters and options.
    private func applyOverrides() {
        for (name, value) in overrides.parameters { top.parameters[name] = .value(value) }
        if let threads = overrides.threads { card.builder.options.threads = threads }
        guard let temperature = overrides.temperature else { return }
        if Parameter.Bounds.celsius.contains(temperature) {
            card.builder.options[.temp] = temperature
        } else {
            error(
                "a temperature of \(temperature.plain) °C is not above absolute zero", at: nil, in: top,
                hint: "temperatures are degrees Celsius, above -273.15")
        }
    }

    /// By `.options seed=`, `.options samples seed=`, or `seed=` of `.mc`.
    private func sowRandomNumbers(_ cards: [Card]) {
        var seed = runOptions.sampling.seed ?? card.builder.options[.seed]
        for card in cards where card.kind == .directive(.monteCarlo) {
            var statement = Statement()
            guard netlist.decode(card, into: &statement, diagnostics: &diagnostics) else { continue }
            for field in statement.fields {
                guard let key = field.key, netlist.sources.lowercased(key.range) == "seed" else { continue }
                seed = values.value(field.value, in: top, what: "seed") ?? seed
            }
        }
        randomNumbers.sow(seed)
    }

    /// What elements left until all are known. It may leave something for later itself.
    private func complete() {
        var next = 0
        while next < completions.count, !diagnostics.isFull {
            completions[next]()
            next += 1
        }
        completions = []
    }

    /// What expressions in output lists may use.
    private func addDefinitions(to outputs: inout OutputRequests) {
        outputs.savesCurrents = runOptions.savesCurrents
        for name in top.parameters.keys {
            switch top.parameter(name) {
            case .value(let value):
                outputs.parameters[name] = value
                outputs.complexDefinitions[name] = top.complexDefinition(ofParameter: name)?.expression
            case .expression(let expression, _): outputs.expressions[name] = expression
            case nil: break
            }
        }
        for (name, function) in top.functions {
            outputs.functions[name] = OutputRequests.UserFunction(
                arguments: function.arguments.map { netlist.sources.lowercased($0.range) }, body: function.body)
        }
    }

    func error(
        _ message: String, at range: SourceRange?, in scope: Scope, hint: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        diagnostics.error(message, at: range, hint: hint, notes: notes + scope.callNotes)
    }
}
