import Glibc
import SpiceNetlist

/// The names that hold at the top level or inside one instance of a subcircuit.
///
/// Lookup goes outward: the instance itself, then the blocks around its definition, then its caller. Parameters are
/// evaluated when they are first asked for, in any order.
final class Scope: ExpressionScope {
    enum Parameter {
        /// Not asked for yet: the value's text and the scope it stands in.
        case token(Token, Scope)
        case evaluating(Token)
        case value(Double)
        /// Depends on the solution or on time.
        case expression(Expression, Scope)
        case broken
    }

    struct Definition {
        var subcircuit: Subcircuit
        var scope: Scope
    }

    unowned let elaborator: Elaborator
    /// Around the definition; nil at the top.
    let outer: Scope?
    /// Where the instance is called; nil at the top.
    let caller: Scope?
    /// `x1.x2.`, empty at the top.
    let prefix: String
    /// The call, for messages.
    let call: (name: String, range: SourceRange)?
    let multiplier: Double
    let depth: Int
    var parameters: [String: Parameter] = [:]
    var parameterRanges: [String: SourceRange] = [:]
    var functions: [String: FunctionDefinition] = [:]
    var models: [String: Card] = [:]
    var modelCards: [String: ModelCard] = [:]
    var subcircuits: [String: Definition] = [:]
    /// What the call gives: it wins over `.param` inside.
    var passedParameters: Set<String> = []
    /// Ports → unknowns of the caller.
    var ports: [String: Int32] = [:]

    /// Where a name is looked for last: what a call passes may refer to the parameters of what it calls.
    weak var fallback: Scope?

    init(
        _ elaborator: Elaborator, outer: Scope? = nil, caller: Scope? = nil, prefix: String = "",
        call: (name: String, range: SourceRange)? = nil, multiplier: Double = 1
    ) {
        self.elaborator = elaborator
        self.outer = outer
        self.caller = caller
        self.prefix = prefix
        self.call = call
        self.multiplier = multiplier
        depth = (caller?.depth ?? -1) + 1
    }

    var isTop: Bool { outer == nil }

    /// "in subcircuit x1 called at …", innermost first.
    var callNotes: [Diagnostic.Note] {
        var notes: [Diagnostic.Note] = []
        var scope: Scope? = self
        while let current = scope, let call = current.call {
            notes.append(Diagnostic.Note("in subcircuit call '\(call.name)'", at: call.range))
            scope = current.caller
        }
        return notes
    }

    // MARK: Looking up

    /// This scope, the definitions around it, then the callers.
    private func search<Found>(_ find: (Scope) -> Found?) -> Found? {
        var scope: Scope? = self
        while let current = scope {
            if let found = find(current) { return found }
            scope = current.outer
        }
        scope = caller
        while let current = scope {
            if let found = find(current) { return found }
            scope = current.caller
        }
        return nil
    }

    func definition(_ name: String) -> Definition? { search { $0.subcircuits[name] } }

    func model(_ name: String) -> ModelCard? {
        search { scope in
            if let known = scope.modelCards[name] { return known }
            guard let card = scope.models[name] else { return nil }
            let model = ModelCard(card, name: name, scope: scope)
            scope.modelCards[name] = model
            return model
        }
    }

    var visibleModels: [String] { visible { Array($0.models.keys) } }
    var visibleSubcircuits: [String] { visible { Array($0.subcircuits.keys) } }
    private func visible(_ names: (Scope) -> [String]) -> [String] {
        var all: [String] = []
        var scope: Scope? = self
        while let current = scope {
            all += names(current)
            scope = current.outer
        }
        return all.sorted()
    }

    // MARK: ExpressionScope

    var dialect: Dialect { elaborator.netlist.dialect }
    var options: SimulationOptions { elaborator.card.builder.options }
    var parameterNames: [String] { visible { Array($0.parameters.keys) } }
    var functionNames: [String] { visible { Array($0.functions.keys) } }

    func parameter(_ name: String) -> ScopedParameter? {
        guard
            let owner = search({ $0.parameters[name] != nil ? $0 : nil })
                ?? (fallback?.parameters[name] != nil ? fallback : nil)
        else { return nil }
        switch owner.evaluate(name) {
        case .value(let value): return .value(value)
        case .expression(let expression, let scope): return .expression(expression, scope)
        default: return .value(.nan)
        }
    }

    func function(_ name: String) -> ScopedFunction? {
        search { scope in
            guard let function = scope.functions[name] else { return nil }
            return ScopedFunction(
                arguments: function.arguments.map { self.elaborator.netlist.sources.lowercased($0.range) },
                body: function.body, scope: scope)
        }
    }

    /// Evaluates a parameter of this scope where that was not done yet.
    private func evaluate(_ name: String) -> Parameter {
        guard let known = parameters[name] else { return .broken }
        switch known {
        case .value, .expression, .broken: return known
        case .evaluating(let token):
            let cycle = elaborator.evaluationPath
            let start = cycle.lastIndex(of: prefix + name) ?? cycle.startIndex
            elaborator.error(
                "parameter '\(name)' is defined by itself: "
                    + (cycle[start...] + [prefix + name]).joined(separator: " → "), at: token.range, in: self)
            parameters[name] = .broken
            return .broken
        case .token(let token, let scope):
            parameters[name] = .evaluating(token)
            elaborator.evaluationPath.append(prefix + name)
            defer { elaborator.evaluationPath.removeLast() }
            let result: Parameter
            if token.kind == .word, let number = elaborator.netlist.number(token) {
                result = elaborator.checked(number, token).map { .value($0) } ?? .broken
            } else if let expression = elaborator.expression(token, in: scope) {
                if scope.dependsOnSolution(expression) {
                    result = .expression(expression, scope)
                } else if let value = elaborator.evaluate(expression, in: scope) {
                    result = .value(value)
                } else {
                    result = .broken
                }
            } else {
                result = .broken
            }
            if case .broken? = parameters[name] { return .broken }
            parameters[name] = result
            return result
        }
    }

    /// True where an expression's value can only be known while the circuit is solved.
    func dependsOnSolution(_ expression: Expression, bound: Set<String> = [], depth: Int = 0) -> Bool {
        guard depth < 200 else { return false }
        func any(_ expressions: [Expression]) -> Bool {
            expressions.contains { dependsOnSolution($0, bound: bound, depth: depth + 1) }
        }
        switch expression {
        case .number, .string: return false
        case .probe: return true
        case .name(let name, _):
            if bound.contains(name) { return false }
            switch parameter(name) {
            case .value: return false
            case .expression: return true
            case nil: return name == "time" || name == "hertz" || name == "freq" || name == "frequency"
            }
        case .unary(_, let a, _): return any([a])
        case .binary(_, let a, let b, _): return any([a, b])
        case .conditional(let c, let a, let b, _): return any([c, a, b])
        case .call(let name, let arguments, _):
            if any(arguments) { return true }
            if let function = function(name), let scope = function.scope as? Scope {
                return scope.dependsOnSolution(
                    function.body, bound: Set(function.arguments), depth: depth + 1)
            }
            if name.hasPrefix("spice_") || name == "ddt" || name == "sdt" || name == "idt" { return true }
            // A table from a file, of nothing else: of time.
            if ExpressionCompiler.isTable(name), case .string? = arguments.first { return true }
            return false
        }
    }

    func quantity(_ name: String) -> ProgramInput? { elaborator.quantity(name, in: self) }

    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        elaborator.resolve(probe, range, in: self, &diagnostics)
    }

    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? {
        elaborator.auxiliary(kind, program)
    }

    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? {
        elaborator.points(inFile: path, range, &diagnostics)
    }

    func random(_ key: UInt64) -> Double { elaborator.random(key, in: self) }
}
