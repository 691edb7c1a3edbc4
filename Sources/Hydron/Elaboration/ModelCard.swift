import SpiceNetlist

/// A `.model` as an element sees it.
final class ModelCard {
    let name: String
    /// Lower-case: `d`, `npn`, `proton`.
    let type: String
    /// `level=`, 1 where it is not given.
    let level: Int
    let range: SourceRange
    /// Its mistake is reported already.
    let isBroken: Bool
    private unowned let elaborator: Elaborator
    private let scope: Scope
    private var fields: [Field] = []
    /// Words without a value, behind the type.
    private var words: Set<String> = []
    private var cache: [ObjectIdentifier: Any] = [:]
    /// Parameter names that several tables of one model share are reported once.
    private var reported: Set<String> = []

    /// `name=value`, to be evaluated where the model stands that says it.
    private struct Field {
        var name: String
        var token: Token
        var value: Token
        var scope: Scope
        /// `dev=` behind it: how far each element is off on its own; `lot=`: all elements of the model together.
        var device: Tolerance?
        var lot: Tolerance?
    }
    /// The element whose own deviations the values hold; nil for the model as all elements share it.
    private let element: String?

    /// Names that model libraries carry along and no equation uses.
    private static let harmless: Set<String> = [
        "level", "version", "mfg", "type", "vceo", "icrating", "vrev", "vpk", "iave", "ron", "bin", "lmin", "lmax",
        "wmin", "wmax", "paramchk", "capmod", "vds", "qg", "t_abs", "t_rel_global",
    ]

    /// - Parameter users: where the models stand that are made of this one, `ako:`.
    init(_ card: Card, name: String, scope: Scope, users: [SourceRange] = []) {
        self.name = name
        self.scope = scope
        element = nil
        elaborator = scope.elaborator
        range = card.range
        var statement = Statement()
        // What can't be read was reported where the model was defined.
        var ignored = Diagnostics()
        elaborator.netlist.decode(card, into: &statement, diagnostics: &ignored)
        let sources = elaborator.netlist.sources
        var level: Int?
        var words: [Token] = []
        for field in statement.fields {
            var key = field.key
            if key == nil, words.count > 2, let name = words.last,
                Self.isParameter(name, followedBy: field.value, in: scope.elaborator.netlist)
            {
                // SPICE2 takes '=' for a blank: `bf 20` is `bf=20`.
                key = name
                words.removeLast()
            }
            guard let key else {
                words.append(field.value)
                continue
            }
            var parameter = sources.lowercased(key.range)
            // PSpice's name.
            if parameter == "t_measured" { parameter = "tnom" }
            if let tolerance = Tolerance.named(parameter), !fields.isEmpty {
                let read = elaborator.values.tolerance(field.value, shape: tolerance.shape, in: scope)
                if tolerance.isLot {
                    fields[fields.count - 1].lot = read
                } else {
                    fields[fields.count - 1].device = read
                }
                continue
            }
            fields.append(Field(name: parameter, token: key, value: field.value, scope: scope))
            if parameter == "level", let value = elaborator.values.value(field.value, in: scope), value.magnitude < 1e6
            {
                level = Int(value)
            }
        }
        self.words = Set(words.dropFirst(2).map { sources.lowercased($0.range) })
        let kind = Self.kind(words.dropFirst().prefix(3).map { sources.lowercased($0.range) })
        guard let original = kind.original else {
            type = kind.type
            self.level = level ?? 1
            isBroken = false
            return
        }
        let base = Self.base(original, of: name, words.count > 1 ? words[1].range : range, range, scope, users)
        if let base, !kind.type.isEmpty, kind.type != base.type {
            elaborator.error(
                "model '\(name)' of type '\(kind.type)' can't be made of '\(original)', which is of type '\(base.type)'",
                at: range, in: scope, hint: "remove the type, or name another model behind ako:")
        }
        type = base?.type ?? kind.type
        self.level = level ?? base?.level ?? 1
        isBroken = base.map { $0.isBroken || (!kind.type.isEmpty && kind.type != $0.type) } ?? true
        let own = Set(fields.map(\.name))
        self.words.formUnion(base?.words ?? [])
        fields = (base?.fields.filter { !own.contains($0.name) } ?? []) + fields
    }

    /// True where a word of a card without '=' names the number behind it.
    private static func isParameter(_ word: Token, followedBy value: Token, in netlist: Netlist) -> Bool {
        // Of a list, `[1 2]`, no part is a name.
        guard word.kind == .word, netlist.number(word) == nil,
            netlist.sources.text(word.range).first?.isLetter == true
        else { return false }
        return value.kind == .expression || netlist.number(value) != nil
    }

    /// The model with the deviations of one element.
    private init(_ model: ModelCard, element: String) {
        name = model.name
        type = model.type
        level = model.level
        range = model.range
        isBroken = model.isBroken
        elaborator = model.elaborator
        scope = model.scope
        fields = model.fields
        words = model.words
        reported = model.reported
        self.element = element
    }

    /// The model as `element` has it: itself, unless parameters have a tolerance of each device.
    func individual(for element: String) -> ModelCard {
        guard elaborator.overrides.draws != .bySeed, fields.contains(where: { $0.device != nil }) else { return self }
        return ModelCard(self, element: element)
    }

    /// Whether `dev=` or `lot=` stands behind the parameter.
    func hasTolerance(of parameter: String) -> Bool {
        fields.contains { $0.name == parameter && ($0.device != nil || $0.lot != nil) }
    }

    private func value(of field: Field) -> Double? {
        guard var value = elaborator.values.value(field.value, in: field.scope) else { return nil }
        let nominal = value
        let place = "\(scope.prefix)\(name):\(field.name)"
        if let lot = field.lot { value += elaborator.randomNumbers.deviated(nominal, lot, "\(place):lot") - nominal }
        if let device = field.device, let element {
            value += elaborator.randomNumbers.deviated(nominal, device, "\(place):dev:\(element)") - nominal
        }
        return value
    }

    /// Type and, behind `ako:`, the model that this one is made of, from the words behind its name.
    static func kind(_ words: [String]) -> (type: String, original: String?) {
        guard let first = words.first, first.hasPrefix("ako:") else { return (words.first ?? "", nil) }
        let rest = Array(words.dropFirst())
        guard first == "ako:" else { return (rest.first ?? "", String(first.dropFirst(4))) }
        return (rest.count > 1 ? rest[1] : "", rest.first ?? "")
    }

    /// The model behind `ako:`; reports where there is none, or where it is made of this one.
    private static func base(
        _ original: String, of name: String, _ place: SourceRange, _ range: SourceRange, _ scope: Scope,
        _ users: [SourceRange]
    ) -> ModelCard? {
        let longestChain = 200
        guard !users.contains(range), users.count < longestChain else {
            scope.elaborator.error(
                users.contains(range)
                    ? "model '\(name)' is made of itself" : "more than \(longestChain) models are made of each other",
                at: place, in: scope, hint: "name a model behind ako: that is defined by its own parameters")
            return nil
        }
        guard !original.isEmpty else {
            scope.elaborator.error(
                "model '\(name)' names no model behind ako:", at: place, in: scope,
                hint: "write `.model \(name) ako:other (…)`")
            return nil
        }
        if let base = scope.model(original, users: users + [range]) { return base }
        let near = suggestion(for: original, among: scope.visibleModels.filter { $0 != name })
        scope.elaborator.error(
            "no model '\(original)' that '\(name)' could be made of", at: place, in: scope,
            hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.model \(original) …`")
        return nil
    }

    /// Values of the model's parameter table, evaluated in the scope where the model was defined. Unknown names are
    /// warned about, values out of bounds are errors, once a model and not once an element.
    func values<Key: ParameterKey>(_ table: Key.Type) -> ParameterValues<Key> {
        if let known = cache[ObjectIdentifier(table)] as? ParameterValues<Key> { return known }
        let index = Key.index()
        var values = ParameterValues<Key>()
        for field in fields {
            guard let key = index[field.name] else {
                if !Self.harmless.contains(field.name), reported.insert(field.name).inserted {
                    let near = suggestion(for: field.name, among: Array(index.keys).sorted())
                    elaborator.diagnostics.warning(
                        "model '\(name)' of type \(type) has no parameter '\(field.name)': ignored",
                        at: field.token.range,
                        hint: Key.absence(of: field.name) ?? near.map { "did you mean '\($0)'?" })
                }
                continue
            }
            guard let value = value(of: field),
                elaborator.values.assign(
                    value, to: key, in: &values, owner: "model '\(name)'", at: field.value, scope: field.scope)
            else {
                // The mistake is reported; that the value is missing is no other one.
                values[key] = key.parameter.defaultValue ?? 1
                continue
            }
        }
        for (parameter, value) in elaborator.overrides.models[name] ?? [:] {
            guard let key = index[parameter] else { continue }
            elaborator.values.assign(
                value, to: key, in: &values, owner: "model '\(name)'", at: Token(kind: .word, range: range),
                scope: scope)
        }
        elaborator.parameterLog?.note(.model(name), values)
        cache[ObjectIdentifier(table)] = values
        return values
    }

    /// A parameter as the card gives it, for models whose parameters are only known while the program runs.
    struct Assignment {
        /// Lower-case.
        var name: String
        /// Where the name stands.
        var token: Token
        var value: Token
        /// Where the value is evaluated.
        var scope: Scope
    }

    /// All that the card says behind `name=`, in its order.
    var assignments: [Assignment] {
        fields.map { Assignment(name: $0.name, token: $0.token, value: $0.value, scope: $0.scope) }
    }

    /// What sweeps put in the place of the card's values.
    var overrides: [String: Double] { elaborator.overrides.models[name] ?? [:] }

    /// True for names that libraries carry along and that say nothing about a device.
    static func isHarmless(_ parameter: String) -> Bool { harmless.contains(parameter) }

    /// What another reader made of this card, so that elements share it.
    func shared<Made>(_ make: () -> Made) -> Made {
        let key = ObjectIdentifier(Made.self)
        if let known = cache[key] as? Made { return known }
        let made = make()
        cache[key] = made
        return made
    }

    /// True where the model's card has this word without a value.
    func has(_ word: String) -> Bool { words.contains(word) }

    /// True where the model's card gives this parameter.
    func gives(_ parameter: String) -> Bool { field(parameter) != nil }

    /// What the model's card says behind `parameter=`.
    func field(_ parameter: String) -> Token? { fields.last { $0.name == parameter }?.value }

    /// The value of `parameter=`, outside of any table; nil where the card has none or it can't be read.
    func value(of parameter: String) -> Double? {
        guard let field = fields.last(where: { $0.name == parameter }) else { return nil }
        return value(of: field)
    }
}

extension Tolerance {
    /// What `dev`, `lot`, `dev/gauss` and the like mean; nil for any other name.
    static func named(_ key: String) -> (isLot: Bool, shape: Shape)? {
        let parts = key.split(separator: "/")
        guard let first = parts.first, first == "dev" || first == "lot" else { return nil }
        return (first == "lot", parts.dropFirst().contains("gauss") ? .gauss : .uniform)
    }
}
