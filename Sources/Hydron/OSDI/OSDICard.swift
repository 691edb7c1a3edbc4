import SpiceNetlist

/// Elements of compiled Verilog-A modules: the letter N with a model whose type is a module's name, as ngspice has it, and
/// the letters D, Q, J and M where ``OSDIModelTypes`` says that a loaded module is what the model's type and level ask
/// for.
enum OSDICard: ElementKind {
    static let description = ElementDescription(
        letter: "n", name: "compiled model",
        syntax: "Nname node… model [m=] [temp=] [dtemp=] [parameter=value]…",
        summary:
            "Element of a Verilog-A module that OpenVAF compiled, `.model name module (…)`; the command line names its library with --osdi.",
        example: """
            A divider of compiled resistors: hydron run FILE --osdi tworesistor.osdi
            v1 in 0 2
            n1 in out res
            n2 out 0 res r=3k m=2
            .model res tworesistor(r=1k)
            .op
            .print op v(out) @n1[i]
            .end
            """)

    /// True where the card's model is one of a loaded module.
    static func serves(_ card: ElementCard, _ letter: UInt8) -> Bool {
        guard letter == UInt8(ascii: "n") || "dqjm".utf8.contains(letter) else { return false }
        return letter == UInt8(ascii: "n") || find(card, letter) != nil
    }

    /// What the card names.
    private struct Found {
        var model: ModelCard
        var module: OSDIModule
        /// Nodes before the model's name.
        var nodes: Int
        /// False where other libraries have a module of this name that may be meant as well.
        var isUnambiguous: Bool
    }

    /// What serves a model by its level, for cards of each letter and number of nodes: thousands of them ask.
    private final class ModuleChoices {
        private var known: [Int: (module: OSDIModule, isUnambiguous: Bool)?] = [:]

        func choice(
            _ letter: UInt8, _ nodes: Int, _ make: () -> (module: OSDIModule, isUnambiguous: Bool)?
        ) -> (module: OSDIModule, isUnambiguous: Bool)? {
            let key = nodes << 8 | Int(letter)
            if let known = known[key] { return known }
            let made = make()
            known[key] = .some(made)
            return made
        }
    }

    private static func find(_ card: ElementCard, _ letter: UInt8) -> Found? {
        let modules = card.elaborator.overrides.modules
        guard !modules.isEmpty else { return nil }
        for (place, word) in card.remainingWords where place > 0 {
            guard let model = card.scope.model(word) ?? card.scope.bins(of: word).first, !model.isBroken else {
                continue
            }
            if let module = modules.module(model.type) {
                return Found(model: model, module: module, nodes: place, isUnambiguous: false)
            }
            let choice = model.shared { ModuleChoices() }.choice(letter, place) {
                let version = model.field("version").map { card.elaborator.netlist.sources.text($0.range) }
                return OSDIModelTypes.module(
                    letter: letter, type: model.type, level: model.level, version: version.map { String($0) },
                    nodes: place, dialect: card.dialect, modules)
            }
            if let (module, isUnambiguous) = choice {
                return Found(model: model, module: module, nodes: place, isUnambiguous: isUnambiguous)
            }
        }
        return nil
    }

    static func elaborate(_ card: ElementCard) {
        let letter = card.name.split(separator: ".").last?.utf8.first ?? UInt8(ascii: "n")
        guard let found = find(card, letter) else { return reportMissing(card) }
        let (module, nodeCount) = (found.module, found.nodes)
        if let obstacle = module.obstacle {
            return card.error(
                "model '\(found.model.name)' is of module '\(module.name)', which can't be used: \(obstacle)")
        }
        if !found.isUnambiguous { warnOfOthers(module, byLevel: found.model.type != module.name, card) }
        guard nodeCount <= module.connectableCount else {
            return card.error(
                "\(card.name) connects \(nodeCount) nodes, but module '\(module.name)' has \(module.terminalCount) terminals",
                hint: "they are: " + module.nodes.prefix(module.terminalCount).map(\.name).joined(separator: " "))
        }
        var terminals: [Int32] = []
        for node in module.nodes.prefix(nodeCount) {
            guard let unknown = card.node("node of terminal \(node.name)") else { return }
            terminals.append(unknown)
        }
        guard let model = card.model([found.model.type], size: { size(card) }) else { return }
        let shared = model.shared { SharedModels() }.model(of: module) { make(model, module, card) }
        guard let digested = shared.model else { return }
        let instance = OSDIInstance(digested)
        guard let conditions = takeConditions(letter, module, card),
            let temperature = setParameters(instance, module, model, card)
        else { return }
        let connected = min(nodeCount, module.terminalCount)
        guard setUp(instance, module, shared, temperature: temperature, connected: connected, card) else { return }
        add(instance, module, terminals, conditions, card)
    }

    /// What the card gives with `ic=`, where that is no parameter of the module itself; nil where a mistake was reported.
    private static func takeConditions(_ letter: UInt8, _ module: OSDIModule, _ card: ElementCard) -> [OSDICondition]? {
        let pairs = OSDICondition.pairs(letter: letter, module)
        guard card.gives("ic"), !pairs.isEmpty, module.parameter("ic", ofElement: true) == nil else { return [] }
        guard let values = card.takeList(key: "ic", limit: pairs.count), !values.isEmpty else { return nil }
        return zip(pairs, values).map { OSDICondition(element: 0, plus: $0.plus, minus: $0.minus, volts: $1) }
    }

    /// Says once that other loaded libraries have a module of this name too.
    ///
    /// - Parameter byLevel: of a model that a level asked for, other versions count too.
    private static func warnOfOthers(_ module: OSDIModule, byLevel: Bool, _ card: ElementCard) {
        let others = card.elaborator.overrides.modules.others(than: module, byLevel: byLevel)
        guard !others.isEmpty else { return }
        let message =
            "module '\(module.name)' is taken from '\(module.library)'; it is in "
            + others.map { $0.name == module.name ? "'\($0.library)'" : "'\($0.library)' as '\($0.name)'" }
            .joined(separator: " and ") + " too"
        guard !card.elaborator.diagnostics.all.contains(where: { $0.message == message }) else { return }
        card.warning(
            message,
            hint: "of several the first counts: name the one that is meant with --osdi, which goes before --osdi-path"
                + (byLevel ? ", or give the model's version" : ""))
    }

    /// A model's block, or the knowledge that there is none.
    private final class SharedModel {
        let model: OSDIModel?
        /// What elements of this model said: thousands of transistors say the same.
        var said: Set<String> = []
        init(_ model: OSDIModel?) { self.model = model }
    }

    /// A model's blocks, one for each module: cards with other numbers of nodes may take other modules.
    private final class SharedModels {
        private var byModule: [ObjectIdentifier: SharedModel] = [:]

        func model(of module: OSDIModule, _ make: () -> OSDIModel?) -> SharedModel {
            let key = ObjectIdentifier(module)
            if let known = byModule[key] { return known }
            let made = SharedModel(make())
            byModule[key] = made
            return made
        }
    }

    private static func reportMissing(_ card: ElementCard) {
        let loaded = card.elaborator.overrides.modules
        for (place, word) in card.remainingWords where place > 0 {
            guard let model = card.scope.model(word) else { continue }
            if model.isBroken { return }
            let near = suggestion(for: model.type, among: loaded.names)
            return card.error(
                "model '\(word)' is of type '\(model.type)', which no loaded library has",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? (loaded.isEmpty
                        ? "compile its Verilog-A with 'hydron va FILE.va' and name the library with --osdi, or its folder with --osdi-path or HYDRON_OSDI_PATH"
                        : "loaded modules: " + loaded.names.joined(separator: " ")))
        }
        card.error("\(card.name) names no model", hint: "a .model whose type is a compiled module's name is expected")
    }

    /// Length and width [m] as the card says, by which a bin of its model is chosen.
    private static func size(_ card: ElementCard) -> (length: Double, width: Double) {
        func value(_ key: String, _ standard: SimulationOptions.Key) -> Double {
            card.field(key).flatMap { card.evaluate($0, key) } ?? card.options[standard]
        }
        return (value("l", .defl), value("w", .defw))
    }

    // MARK: - The model

    private static func make(_ card: ModelCard, _ module: OSDIModule, _ element: ElementCard) -> OSDIModel? {
        let model = OSDIModel(module)
        let elaborator = element.elaborator
        var isGood = true
        // The polarity is the type's where a module has a parameter for it.
        if ["nmos", "npn", "njf", "pmos", "pnp", "pjf"].contains(card.type), !card.gives("type"),
            let polarity = OSDIModelTypes.polarity(module),
            !card.gives(module.quantities[polarity.parameter].name)
        {
            let value = card.type.hasPrefix("n") ? polarity.positive : polarity.negative
            _ = model.set(polarity.parameter, to: .number(value))
        }
        let letter = element.name.split(separator: ".").last?.utf8.first ?? UInt8(ascii: "n")
        let difference = OSDIModelTypes.difference(
            letter: letter, type: card.type, level: card.level, dialect: element.dialect, module)
        if let difference {
            elaborator.diagnostics.warning(
                "model '\(card.name)': \(difference)", at: card.range,
                hint: "results differ from the level's own version: name the module that is meant with --osdi")
        }
        // A level that chose the module is this dialect's, and no number of the module's own.
        let chosenByLevel = !OSDIModelTypes.names(
            letter: letter, type: card.type, level: card.level, dialect: element.dialect
        ).isEmpty
        for field in card.assignments where !(chosenByLevel && field.name == "level") {
            guard let parameter = module.parameterIndex[field.name] else {
                guard !ModelCard.isHarmless(field.name) else { continue }
                let near = suggestion(for: field.name, among: module.parameterNames)
                elaborator.diagnostics.warning(
                    "model '\(card.name)' of module \(module.name) has no parameter '\(field.name)': ignored",
                    at: field.token.range, hint: near.map { "did you mean '\($0)'?" })
                continue
            }
            let value = read(field.name, field.value, of: module.quantities[parameter], in: field.scope, elaborator)
            guard let value, model.set(parameter, to: value) else {
                isGood = false
                guard value != nil else { continue }
                elaborator.error(
                    unfit(field.name, module.quantities[parameter], "model '\(card.name)'"), at: field.value.range,
                    in: field.scope)
                continue
            }
        }
        for (name, value) in card.overrides.sorted(by: { $0.key < $1.key }) {
            guard let parameter = module.parameterIndex[name], model.set(parameter, to: .number(value)) else {
                element.error("model '\(card.name)' of module \(module.name) has no number '\(name)' to change")
                isGood = false
                continue
            }
        }
        guard isGood else { return nil }
        let log = OSDILog()
        do throws(OSDIModel.SetupError) {
            try model.setUp(OSDISimulatorValues(element.options), log)
            report(log, "model '\(card.name)'", at: card.range, element) { _ in true }
            return model
        } catch {
            let place = error.parameter.flatMap { number in
                card.assignments.last { module.parameterIndex[$0.name] == number }?.value.range
            }
            elaborator.error(
                "model '\(card.name)' of module \(module.name): \(error.message)"
                    + said(log), at: place ?? card.range, in: element.scope,
                hint: error.parameter.flatMap { meaning(module.quantities[$0]) })
            return nil
        }
    }

    private static func meaning(_ quantity: OSDIModule.Quantity) -> String? {
        quantity.meaning.isEmpty ? nil : "\(quantity.name): \(quantity.meaning) [\(quantity.unit)]"
    }

    private static func unfit(_ name: String, _ quantity: OSDIModule.Quantity, _ owner: String) -> String {
        let wanted =
            switch quantity.kind {
            case .real: "a number"
            case .integer: "a whole number"
            case .text: "a text"
            }
        return "\(name) of \(owner) must be \(quantity.isVector ? "a list, which can't be given here" : wanted)"
    }

    /// The value of a parameter of this kind; nil where a mistake was reported.
    private static func read(
        _ name: String, _ token: Token, of quantity: OSDIModule.Quantity, in scope: Scope, _ elaborator: Elaborator
    ) -> OSDIModel.Value? {
        if token.kind != .expression {
            let text = elaborator.netlist.sources.text(token.range).filter { $0 != "\"" }
            if quantity.kind == .text { return .text(text) }
            // 4.6.1 is 4.61 where a version is a number.
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            if name == "version", parts.count > 2, let number = Double(parts[0] + "." + parts.dropFirst().joined()) {
                return .number(number)
            }
        }
        return elaborator.values.value(token, in: scope, what: quantity.name).map { .number($0) }
    }

    // MARK: - The element

    /// Sets what the card gives; returns its temperature [K], nil where a mistake was reported.
    private static func setParameters(
        _ instance: OSDIInstance, _ module: OSDIModule, _ model: ModelCard, _ card: ElementCard
    ) -> Double? {
        var (multiplicity, given, rise) = (card.multiplier, Double?.none, Double?.none)
        var isGood = true
        // SPICE's own letters take an area without a name.
        if let field = card.peekField(), field.value.kind != .string, card.nextWord != "off" {
            guard let area = module.parameterIndex["area"], let value = card.value("area") else {
                card.error(
                    "\(card.name) has a field too many", at: field.value, hint: "parameters are given as name=value")
                return nil
            }
            isGood = instance.set(area, to: .number(value)) && isGood
        }
        _ = card.take("off")
        func assign(_ name: String, _ value: OSDIModel.Value, at token: Token?) {
            let number: Double? = if case .number(let number) = value { number } else { nil }
            if name == "m", let number {
                guard number > 0 else {
                    isGood = false
                    return card.error("m of \(card.name) is \(number.plain), but must be above 0", at: token)
                }
                multiplicity *= number
            } else if let parameter = module.parameter(name, ofElement: true) {
                guard module.quantities[parameter].isOfInstance else {
                    isGood = false
                    return card.error(
                        "'\(name)' is a parameter of the model, not of \(card.name)", at: token,
                        hint: "give it in .model \(model.name)")
                }
                if !instance.set(parameter, to: value) {
                    isGood = false
                    card.error(unfit(name, module.quantities[parameter], card.name), at: token)
                }
            } else if name == "temp", let number {
                given = number
            } else if name == "dtemp", let number {
                rise = number
            } else {
                isGood = false
                let own = module.quantities.prefix(module.parameterCount).filter(\.isOfInstance).map(\.name)
                card.error(
                    "\(card.name) has no parameter '\(name)'", at: token,
                    hint: suggestion(for: name, among: own).map { "did you mean '\($0)'?" }
                        ?? "known: m temp dtemp " + own.dropFirst().prefix(20).joined(separator: " "))
            }
        }
        for field in card.takeAssignments() {
            let quantity = module.parameter(field.name, ofElement: true).map { module.quantities[$0] }
            let value = quantity.map { read(field.name, field.value, of: $0, in: card.scope, card.elaborator) }
            guard let value = value ?? card.evaluate(field.value, field.name).map({ .number($0) }) else {
                isGood = false
                continue
            }
            assign(field.name, value, at: field.token)
        }
        for (name, value) in card.sweptValues.sorted(by: { $0.key < $1.key }) {
            assign(name, .number(value), at: nil)
        }
        if let parameter = module.parameterIndex[OSDIModule.multiplicity] {
            isGood = instance.set(parameter, to: .number(multiplicity)) && isGood
        }
        return isGood ? card.temperature(given: given, rise: rise) : nil
    }

    private static func setUp(
        _ instance: OSDIInstance, _ module: OSDIModule, _ shared: SharedModel, temperature: Double, connected: Int,
        _ card: ElementCard
    ) -> Bool {
        let log = OSDILog()
        do throws(OSDIModel.SetupError) {
            try instance.setUp(
                temperature: temperature, connected: connected, OSDISimulatorValues(card.options), log, element: 0)
            report(log, card.name, at: card.identity.range, card) { shared.said.insert($0).inserted }
            return true
        } catch {
            card.error(
                "\(card.name) of module \(module.name): \(error.message)" + said(log),
                hint: error.parameter.flatMap { meaning(module.quantities[$0]) })
            return false
        }
    }

    /// What a model said before it gave up.
    private static func said(_ log: OSDILog) -> String {
        let texts = log.take().map(\.text)
        return texts.isEmpty ? "" : ": " + texts.joined(separator: "; ")
    }

    /// Passes on what a module said, where `isNew` says of a text that nobody of the model said it before.
    private static func report(
        _ log: OSDILog, _ owner: String, at range: SourceRange, _ card: ElementCard, where isNew: (String) -> Bool
    ) {
        for message in log.take() where isNew(message.text) {
            let text = "\(owner): \(message.text)"
            guard !card.elaborator.diagnostics.all.contains(where: { $0.message == text }) else { continue }
            if message.level == .note {
                card.elaborator.diagnostics.append(Diagnostic(.note, text, at: range))
            } else {
                card.elaborator.diagnostics.warning(text, at: range, notes: card.scope.callNotes)
            }
        }
    }

    /// Gives inner nodes their unknowns and adds the element.
    private static func add(
        _ instance: OSDIInstance, _ module: OSDIModule, _ terminals: [Int32], _ conditions: [OSDICondition],
        _ card: ElementCard
    ) {
        var unknowns: [Int32] = []
        for (node, representative) in instance.representatives.enumerated() {
            if representative < 0 {
                unknowns.append(0)
            } else if representative < node {
                unknowns.append(unknowns[representative])
            } else if node < terminals.count {
                unknowns.append(terminals[node])
            } else {
                let own = module.nodes[node]
                unknowns.append(
                    own.isFlow
                        ? card.builder.branch(card.name, own.name) : card.builder.internalNode(card.name, own.name))
            }
        }
        let options = card.options
        let identity = card.identity
        let wires = makeWires(instance, module, unknowns, card)
        card.builder.add(
            to: OSDIPopulation.self, variant: ObjectIdentifier(module), identity: identity,
            make: { OSDIPopulation(module, options) },
            update: {
                let element = $0.count
                $0.conditions += conditions.map {
                    OSDICondition(element: element, plus: $0.plus, minus: $0.minus, volts: $0.volts)
                }
                if !wires.isEmpty { $0.wires[element] = wires }
                $0.instances.append(instance)
                $0.unknowns.append(contentsOf: unknowns)
                $0.elements.append(identity)
            })
    }

    /// Joins nodes of the circuit that the model makes one, by sources of 0 V.
    private static func makeWires(
        _ instance: OSDIInstance, _ module: OSDIModule, _ unknowns: [Int32], _ card: ElementCard
    ) -> [OSDIPopulation.Wire] {
        instance.joinedTerminals.compactMap { plus, minus in
            let ends = (unknowns[plus], minus < 0 ? 0 : unknowns[minus])
            guard ends.0 != ends.1 else { return nil }
            let name = module.nodes[plus].name + "," + (minus < 0 ? "0" : module.nodes[minus].name)
            let branch = card.builder.branch(card.name, name)
            let identity = ElementIdentity(
                name: card.builder.directory.names.intern("\(card.name)#\(name)"), range: card.identity.range)
            card.builder.add(
                VoltageControlledVoltageSource(gain: 0), [ends.0, ends.1, 0, 0, branch], identity: identity)
            return OSDIPopulation.Wire(plus: plus, minus: minus, branch: branch)
        }
    }
}
