import SpiceNetlist

/// A `.model` as an element sees it.
final class ModelCard {
    let name: String
    /// Lower-case: `d`, `npn`, `proton`.
    let type: String
    /// `level=`, 1 where it is not given.
    let level: Int
    let range: SourceRange
    private unowned let elaborator: Elaborator
    private let scope: Scope
    private var fields: [(name: String, token: Token, value: Token)] = []
    private var cache: [ObjectIdentifier: Any] = [:]
    /// Parameter names that several tables of one model share are reported once.
    private var reported: Set<String> = []

    /// Names that model libraries carry along and no equation uses.
    private static let harmless: Set<String> = [
        "level", "version", "mfg", "type", "vceo", "icrating", "vrev", "vpk", "iave", "ron", "bin", "lmin", "lmax",
        "wmin", "wmax", "paramchk", "capmod",
    ]

    init(_ card: Card, name: String, scope: Scope) {
        self.name = name
        self.scope = scope
        elaborator = scope.elaborator
        range = card.range
        var statement = Statement()
        // What can't be read was reported where the model was defined.
        var ignored = Diagnostics()
        elaborator.netlist.decode(card, into: &statement, diagnostics: &ignored)
        let sources = elaborator.netlist.sources
        var type = ""
        var level = 1
        var position = 0
        for field in statement.fields {
            if let key = field.key {
                let parameter = sources.lowercased(key.range)
                fields.append((parameter, key, field.value))
                if parameter == "level", let value = elaborator.value(field.value, in: scope), value.magnitude < 1e6 {
                    level = Int(value)
                }
            } else {
                if position == 1 { type = sources.lowercased(field.value.range) }
                position += 1
            }
        }
        self.type = type
        self.level = level
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
                        at: field.token.range, hint: near.map { "did you mean '\($0)'?" })
                }
                continue
            }
            guard let value = elaborator.value(field.value, in: scope),
                elaborator.assign(value, to: key, in: &values, owner: "model '\(name)'", at: field.value, scope: scope)
            else {
                // The mistake is reported; that the value is missing is no other one.
                values[key] = key.parameter.defaultValue ?? 1
                continue
            }
        }
        for (parameter, value) in elaborator.overrides.models[name] ?? [:] {
            guard let key = index[parameter] else { continue }
            elaborator.assign(
                value, to: key, in: &values, owner: "model '\(name)'", at: Token(kind: .word, range: range),
                scope: scope)
        }
        cache[ObjectIdentifier(table)] = values
        return values
    }

    /// True where the model's card gives this parameter.
    func gives(_ parameter: String) -> Bool { field(parameter) != nil }

    /// What the model's card says behind `parameter=`.
    func field(_ parameter: String) -> Token? { fields.first { $0.name == parameter }?.value }
}
