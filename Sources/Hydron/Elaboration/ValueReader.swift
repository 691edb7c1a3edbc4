import SpiceNetlist

/// Values of words and expressions while a netlist is elaborated: numbers, whose suffixes may be worth a remark, constant
/// expressions, programs of all others. What is wrong with one is reported with its place.
final class ValueReader {
    private unowned let elaborator: Elaborator
    private let netlist: Netlist
    /// First bytes of each source file, so that numbers are read without a lookup.
    private let files: [UnsafePointer<UInt8>?]
    /// The letter of the element whose card is read: `1F` looks like a farad on a capacitor's, `1A` like an ampere on a
    /// current source's.
    var elementLetter: UInt8 = 0
    /// Parameters being evaluated, for messages about cycles.
    private(set) var path: [String] = []

    init(_ elaborator: Elaborator, files: [UnsafePointer<UInt8>?]) {
        self.elaborator = elaborator
        self.files = files
        netlist = elaborator.netlist
    }

    // MARK: - Words

    /// A word that is a number with nothing to remark on.
    func plainNumber(_ token: Token) -> Double? {
        let range = token.range
        guard token.kind == .word, let base = files[Int(range.file)] else { return nil }
        let bytes = UnsafeBufferPointer(start: base + Int(range.start), count: Int(range.end - range.start))
        guard let number = Number.parse(bytes, dialect: netlist.dialect), number.note == .none, number.value.isFinite
        else { return nil }
        return number.value
    }

    /// A constant value; reports an error and returns nil where it is none.
    func value(_ token: Token, in scope: Scope, what: String = "value") -> Double? {
        if token.kind == .word, let number = netlist.number(token) { return checked(number, token) }
        if token.kind == .string {
            elaborator.error("a text can't be the \(what)", at: token.range, in: scope)
            return nil
        }
        guard let expression = expression(token) else { return nil }
        if scope.dependsOnSolution(expression) {
            elaborator.error(
                "the \(what) must be constant, but '\(netlist.sources.text(token.range))' depends on the solution or on time",
                at: token.range, in: scope)
            return nil
        }
        return evaluate(expression, in: scope)
    }

    /// Warns of suffixes that read otherwise than they look; nil, with an error, for a number that is too large.
    func checked(_ number: Double, _ token: Token) -> Double? {
        let meaning: Netlist.NumberMeaning =
            switch elementLetter {
            case UInt8(ascii: "c"): .capacitance
            case UInt8(ascii: "i"): .current
            case UInt8(ascii: "r"): .resistance
            default: .unknown
            }
        _ = netlist.number(token, meaning: meaning, diagnostics: &elaborator.diagnostics)
        return number.isFinite ? number : nil
    }

    /// What stands in the text of a parameter: a value, or an expression whose value is known while the circuit is solved;
    /// nil after an error. `name` is the parameter's, for what ``path`` tells meanwhile.
    func parameter(_ name: String, _ token: Token, in scope: Scope) -> Scope.Parameter? {
        path.append(name)
        defer { path.removeLast() }
        if token.kind == .word, let number = netlist.number(token) {
            return checked(number, token).map { .value($0) }
        }
        guard let expression = expression(token) else { return nil }
        if scope.dependsOnSolution(expression) { return .expression(expression, scope) }
        return evaluate(expression, in: scope).map { .value($0) }
    }

    /// `5%` of the value, or `0.1` in its unit; nil after a diagnostic.
    func tolerance(_ token: Token, shape: Tolerance.Shape, in scope: Scope) -> Tolerance? {
        var token = token
        let isRelative = netlist.sources.text(token.range).hasSuffix("%")
        if isRelative { token.range.end -= 1 }
        guard let size = value(token, in: scope, what: "tolerance") else { return nil }
        guard size >= 0 else {
            elaborator.error("a tolerance of \(size.plain) is below 0", at: token.range, in: scope)
            return nil
        }
        return Tolerance(size: isRelative ? size / 100 : size, isRelative: isRelative, shape: shape)
    }

    /// Sets a parameter of an element or model; false, after an error, for a value outside its bounds.
    @discardableResult
    func assign<Key: ParameterKey>(
        _ value: Double, to key: Key, in values: inout ParameterValues<Key>, owner: String, at token: Token,
        scope: Scope
    ) -> Bool {
        let parameter = key.parameter
        guard parameter.bounds.contains(value) else {
            elaborator.error(
                "\(parameter.name) of \(owner) is \(value.plain)\(parameter.unit == "-" ? "" : " " + parameter.unit), but must be \(parameter.bounds)",
                at: token.range, in: scope, hint: parameter.meaning)
            return false
        }
        values[key] = value
        return true
    }

    // MARK: - Expressions

    func expression(_ token: Token) -> Expression? {
        netlist.expression(token, diagnostics: &elaborator.diagnostics)
    }

    /// The expression without a word about mistakes: they are reported where it is evaluated.
    func quietExpression(_ token: Token) -> Expression? {
        var ignored = Diagnostics()
        return netlist.expression(token, diagnostics: &ignored)
    }

    func evaluate(_ expression: Expression, in scope: Scope) -> Double? {
        guard let program = compile(expression, in: scope) else { return nil }
        guard let value = program.constant else {
            elaborator.error("this must be constant", at: expression.range, in: scope)
            return nil
        }
        guard !value.isNaN else {
            if !elaborator.diagnostics.hasErrors {
                elaborator.error("the value is not a number", at: expression.range, in: scope)
            }
            return nil
        }
        return value
    }

    func compile(_ expression: Expression, in scope: Scope) -> Program? {
        let before = elaborator.diagnostics.errorCount
        var own = elaborator.diagnostics
        let program = ExpressionCompiler.compile(expression, in: scope, diagnostics: &own)
        elaborator.diagnostics = own
        if program == nil, elaborator.diagnostics.errorCount == before, !elaborator.diagnostics.isFull {
            elaborator.error("the expression can't be evaluated", at: expression.range, in: scope)
        }
        return program
    }
}
