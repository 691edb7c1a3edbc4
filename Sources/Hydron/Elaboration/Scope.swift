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

    struct Call {
        var name: String
        var range: SourceRange
        /// False where no card calls the subcircuit: `name` then says so.
        var isMade = true
    }

    unowned let elaborator: Elaborator
    /// Around the definition; nil at the top.
    let outer: Scope?
    /// Where the instance is called; nil at the top.
    let caller: Scope?
    /// `x1.x2.`, empty at the top.
    let prefix: String
    /// The call, for messages.
    let call: Call?
    let multiplier: Double
    let depth: Int
    /// A chain of parameters that refer to each other may be as long: a link takes up to 2 KB of the stack's 8 MB.
    private static let longestChain = 1500
    var parameters: [String: Parameter] = [:]
    var parameterRanges: [String: SourceRange] = [:]
    /// Of parameters of the top level whose expression has a function that may leave the reals.
    private var complexDefinitions: [String: (expression: Expression, scope: any ExpressionScope)] = [:]
    var functions: [String: FunctionDefinition] = [:]
    var models: [String: Card] = [:]
    var modelCards: [String: ModelCard] = [:]
    var subcircuits: [String: Definition] = [:]
    /// What the call gives: it wins over `.param` inside.
    var passedParameters: Set<String> = []
    /// Ports → unknowns of the caller.
    var ports: [String: Int32] = [:]

    /// One of the elements that `r[0:3]` stands for: its place among them and their number.
    struct Instance {
        var place: Int
        var count: Int
    }
    private(set) var instance: Instance?

    /// Where a name is looked for last: what a call passes may refer to the parameters of what it calls.
    weak var fallback: Scope?

    init(
        _ elaborator: Elaborator, outer: Scope? = nil, caller: Scope? = nil, prefix: String = "",
        call: Call? = nil, multiplier: Double = 1
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

    /// The scope of one element of several, whose number is the parameter `i`.
    func instance(_ place: Int, of count: Int, number: Int) -> Scope {
        let inner = Scope(
            elaborator, outer: self, caller: caller, prefix: prefix, call: call, multiplier: multiplier)
        inner.ports = ports
        inner.parameters["i"] = .value(Double(number))
        inner.instance = Instance(place: place, count: count)
        return inner
    }

    /// The scope of one cell of an array, whose row and column are the parameters `i` and `j`.
    func cell(_ row: Int, _ column: Int, rows: Int, columns: Int) -> Scope {
        let inner = instance(row * columns + column, of: rows * columns, number: row)
        inner.parameters["j"] = .value(Double(column))
        return inner
    }

    /// The value of a parameter that is constant.
    func constant(_ name: String) -> Double? {
        if case .value(let value)? = parameter(name), !value.isNaN { return value }
        return nil
    }

    /// "in subcircuit call 'x1'", innermost first; of a long chain its ends.
    var callNotes: [Diagnostic.Note] {
        var notes: [Diagnostic.Note] = []
        var scope: Scope? = self
        while let current = scope, let call = current.call {
            let name = call.name.count > 40 ? "\(call.name.prefix(12))…\(call.name.suffix(12))" : call.name
            notes.append(Diagnostic.Note(call.isMade ? "in subcircuit call '\(name)'" : call.name, at: call.range))
            scope = current.caller
        }
        let shown = 3
        guard notes.count > 2 * shown + 1 else { return notes }
        let between = Diagnostic.Note("… \(notes.count - 2 * shown) more calls in between")
        return notes.prefix(shown) + [between] + notes.suffix(shown)
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

    /// - Parameter users: where the models stand that are made of this one, `ako:`.
    func model(_ name: String, users: [SourceRange] = []) -> ModelCard? {
        search { scope in
            if let known = scope.modelCards[name] { return known }
            guard let card = scope.models[name] else { return nil }
            let model = ModelCard(card, name: name, scope: scope, users: users)
            scope.modelCards[name] = model
            return model
        }
    }

    /// The bins of a model, `name.1`, `name.2` and so on, by their numbers; empty where there are none.
    func bins(of name: String) -> [ModelCard] {
        let names: [String] = search { $0.binNames[name] } ?? []
        return names.compactMap { model($0) }
    }

    /// Model → names of its bins, of this scope alone.
    private lazy var binNames: [String: [String]] = {
        var bins: [String: [(number: Int, name: String)]] = [:]
        for name in models.keys {
            guard let point = name.lastIndex(of: "."), let number = Int(name[name.index(after: point)...]) else {
                continue
            }
            bins[String(name[..<point]), default: []].append((number, name))
        }
        return bins.mapValues { $0.sorted { $0.number < $1.number }.map(\.name) }
    }()

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

    /// Evaluates all parameters of this scope, used or not: a mistake in one is a mistake in the netlist.
    func evaluateParameters() {
        for name in parameters.keys.sorted() { _ = parameter(name) }
    }

    /// Evaluates a parameter of this scope where that was not done yet.
    private func evaluate(_ name: String) -> Parameter {
        guard let known = parameters[name] else { return .broken }
        switch known {
        case .value, .expression, .broken: return known
        case .evaluating(let token):
            let cycle = elaborator.values.path
            let start = cycle.lastIndex(of: prefix + name) ?? cycle.startIndex
            elaborator.error(
                "parameter '\(name)' is defined by itself: "
                    + (cycle[start...] + [prefix + name]).joined(separator: " → "), at: token.range, in: self)
            parameters[name] = .broken
            return .broken
        case .token(let token, let scope):
            guard elaborator.values.path.count < Self.longestChain else {
                elaborator.error(
                    "more than \(Self.longestChain) parameters refer to each other one by one", at: token.range,
                    in: self,
                    hint: "define those first that others are made of")
                parameters[name] = .broken
                return .broken
            }
            parameters[name] = .evaluating(token)
            let result = elaborator.values.parameter(prefix + name, token, in: scope) ?? .broken
            if case .broken? = parameters[name] { return .broken }
            parameters[name] = result
            if isTop, case .value = result { noteComplex(name, token, scope) }
            return result
        }
    }

    private func noteComplex(_ name: String, _ token: Token, _ scope: Scope) {
        guard token.kind == .expression, let expression = elaborator.values.quietExpression(token),
            expression.mayLeaveReals(where: { scope.complexDefinition(ofParameter: $0) != nil })
        else { return }
        complexDefinitions[name] = (expression, scope)
    }

    func complexDefinition(ofParameter name: String) -> (expression: Expression, scope: any ExpressionScope)? {
        search { $0.complexDefinitions[name] }
    }

    private static let independentVariables: Set<String> = ["time", "hertz", "freq", "frequency"]

    /// A part of an expression that is still to be looked at, in the scope where it stands.
    private struct Visit {
        var expression: Expression
        var scope: Scope
        /// Arguments of the function whose body this is: what is passed for them is looked at as well.
        var bound: [String]
        func with(_ part: Expression) -> Visit { Visit(expression: part, scope: scope, bound: bound) }
    }

    private struct FunctionKey: Hashable {
        var scope: ObjectIdentifier
        var name: String
    }

    /// True where an expression's value can only be known while the circuit is solved.
    ///
    /// Walks through the functions that it calls with a list of its own instead of the stack: however deep they nest,
    /// each is looked at once.
    func dependsOnSolution(_ expression: Expression) -> Bool {
        var open = [Visit(expression: expression, scope: self, bound: [])]
        var seen: Set<FunctionKey> = []
        while let visit = open.popLast() {
            switch visit.expression {
            case .number, .string: break
            case .probe: return true
            case .name(let name, _):
                if visit.bound.contains(name) { continue }
                switch visit.scope.parameter(name) {
                case .value: break
                case .expression: return true
                case nil:
                    if Self.independentVariables.contains(name) { return true }
                }
            case .unary(_, let a, _): open.append(visit.with(a))
            case .binary(_, let a, let b, _): open += [visit.with(a), visit.with(b)]
            case .conditional(let c, let a, let b, _): open += [visit.with(c), visit.with(a), visit.with(b)]
            case .call(let name, let arguments, _):
                open += arguments.map { visit.with($0) }
                if let function = visit.scope.function(name), let scope = function.scope as? Scope {
                    if seen.insert(FunctionKey(scope: ObjectIdentifier(scope), name: name)).inserted {
                        open.append(Visit(expression: function.body, scope: scope, bound: function.arguments))
                    }
                    continue
                }
                if name.hasPrefix("spice_") || name == "ddt" || name == "sdt" || name == "idt" { return true }
                // A table from a file, of nothing else: of time.
                if ExpressionCompiler.isTable(name), case .string? = arguments.first { return true }
            }
        }
        return false
    }

    func quantity(_ name: String) -> ProgramInput? { nil }

    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        elaborator.resolve(probe, range, in: self, &diagnostics)
    }

    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? {
        elaborator.auxiliary(kind, program)
    }

    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? {
        elaborator.netlist.points(inFile: path, range, &diagnostics)
    }

    func signature(of range: SourceRange) -> UInt64 { elaborator.netlist.sources.signature(of: range) }
    func random(_ key: UInt64) -> Double { elaborator.randomNumbers.uniform(key, in: self) }
    func fixedDeviation(_ key: UInt64) -> Double? { elaborator.randomNumbers.fixedDeviation(key, in: self) }
}
