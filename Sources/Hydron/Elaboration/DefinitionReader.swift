import SpiceNetlist

/// Files what the cards of a block define in the scope of that block: parameters, functions, models, subcircuits, names of
/// global nodes. `.if` decides which of its cards stand.
struct DefinitionReader {
    private let elaborator: Elaborator
    private var netlist: Netlist { elaborator.netlist }
    private var sources: SourceMap { elaborator.netlist.sources }

    init(_ elaborator: Elaborator) { self.elaborator = elaborator }

    /// Files what a block defines in `scope`. Returns the cards that `.if` leaves standing.
    func read(_ block: Block, in scope: Scope) -> [Card] {
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
        guard let expression = netlist.condition(card, diagnostics: &elaborator.diagnostics) else { return false }
        return (elaborator.values.evaluate(expression, in: scope) ?? 0) != 0
    }

    private func define(_ subcircuit: Subcircuit, in scope: Scope) {
        let name = sources.lowercased(subcircuit.name.range)
        if let earlier = scope.subcircuits[name] {
            elaborator.diagnostics.warning(
                "subcircuit '\(name)' is defined twice; the first definition counts", at: subcircuit.name.range,
                notes: [.init("first defined here", at: earlier.subcircuit.name.range)])
            return
        }
        let definition = Scope.Definition(subcircuit: subcircuit, scope: scope)
        scope.subcircuits[name] = definition
        elaborator.subcircuits.note(definition)
    }

    private func define(_ card: Card, _ directive: Directive, in scope: Scope) {
        switch directive {
        case .param: defineParameters(card, in: scope, settingIn: scope)
        case .globalParam: defineParameters(card, in: scope, settingIn: elaborator.top)
        case .function:
            if let function = netlist.functionDefinition(card, diagnostics: &elaborator.diagnostics) {
                scope.functions[function.name] = function
            }
        case .model: defineModel(card, in: scope)
        case .global:
            for word in words(card) { elaborator.nodes.declareGlobal(word) }
        case .preprocess:
            let words = words(card)
            if words.first == "replaceground", words.count > 1 {
                elaborator.nodes.replacesGround = words[1] == "true" || words[1] == "1"
            }
        default: break
        }
    }

    private func words(_ card: Card) -> [String] {
        var statement = Statement()
        netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics)
        return statement.fields.map { sources.lowercased($0.value.range) }
    }

    /// `.param`, `.global_param`: those of the card that can be read go to `target`.
    private func defineParameters(_ card: Card, in scope: Scope, settingIn target: Scope) {
        var statement = Statement()
        let isWhole = netlist.decode(
            card, into: &statement, freeExpressions: true, diagnostics: &elaborator.diagnostics)
        var isValueOfLast = false
        for (index, field) in statement.fields.enumerated() {
            guard let key = field.key else {
                // What a card that can't be read would have set is no further mistake where it is used.
                guard isWhole else {
                    scope.parameters[sources.lowercased(field.value.range)] = .broken
                    continue
                }
                let word = sources.lowercased(field.value.range)
                scope.parameters[word] = .broken
                // `.param a 1` is one mistake.
                if isValueOfLast { continue }
                let following = index + 1 < statement.fields.count ? statement.fields[index + 1] : nil
                isValueOfLast = following.map { $0.key == nil } ?? false
                let value = isValueOfLast ? following.map { sources.text($0.value.range) } : nil
                elaborator.error(
                    "'\(word)' is given no value", at: field.value.range, in: scope,
                    hint: "write `\(word)=\(value ?? "value")`")
                continue
            }
            isValueOfLast = false
            define(Assignment(name: key, value: field.value), in: target)
        }
    }

    private func defineModel(_ card: Card, in scope: Scope) {
        var statement = Statement()
        netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics)
        let words = statement.fields.filter { $0.key == nil }
        guard let first = words.first else {
            elaborator.error("the model has no name", at: card.range, in: scope, hint: "write `.model name type (…)`")
            return
        }
        let name = sources.lowercased(first.value.range)
        guard words.count > 1 else {
            elaborator.error(
                "model '\(name)' has no type", at: first.value.range, in: scope, hint: "write `.model \(name) d (…)`")
            return
        }
        if let earlier = scope.models[name] {
            elaborator.diagnostics.warning(
                "model '\(name)' is defined twice; the first definition counts", at: first.value.range,
                notes: [.init("first defined here", at: earlier.range)])
            return
        }
        scope.models[name] = card
        let type = sources.lowercased(words[1].value.range)
        let modules = elaborator.overrides.modules
        if !Catalog.modelTypes.contains(type), !Catalog.familyModelTypes.contains(type), !type.hasPrefix("ako:"),
            modules.module(type) == nil
        {
            let near = suggestion(for: type, among: Catalog.modelTypes.sorted() + modules.names)
            elaborator.diagnostics.warning(
                "model '\(name)' is of type '\(type)', which no element takes", at: words[1].value.range,
                hint: near.map { "did you mean '\($0)'?" }
                    ?? "known: " + Catalog.modelTypes.sorted().joined(separator: " "))
        }
    }

    private func define(_ assignment: Assignment, in scope: Scope) {
        if let function = netlist.functionDefinition(assignment, diagnostics: &elaborator.diagnostics) {
            scope.functions[function.name] = function
            return
        }
        let name = sources.lowercased(assignment.name.range)
        if let earlier = scope.parameterRanges[name], scope.isTop {
            elaborator.diagnostics.warning(
                "parameter '\(name)' is set twice; the last value counts", at: assignment.name.range,
                notes: [.init("first set here", at: earlier)])
        }
        // What the caller passes wins over `.param` inside.
        if scope.passedParameters.contains(name) { return }
        scope.parameterRanges[name] = assignment.name.range
        scope.parameters[name] = .token(assignment.value, scope)
    }
}
