import SpiceNetlist

/// What names mean where an expression stands: the compiler asks, elaboration answers.
protocol ExpressionScope: AnyObject {
    var dialect: Dialect { get }
    var options: SimulationOptions { get }
    /// A parameter or a function's argument; nil where there is none of this name.
    func parameter(_ name: String) -> ScopedParameter?
    func function(_ name: String) -> ScopedFunction?
    /// What a constant parameter is made of, where its value may lie outside of the reals; nil elsewhere.
    func complexDefinition(ofParameter name: String) -> (expression: Expression, scope: any ExpressionScope)?
    /// Names to suggest for a misspelt parameter.
    var parameterNames: [String] { get }
    var functionNames: [String] { get }
    /// What a quantity of the solution is made of; nil after a diagnostic where there is no such quantity.
    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe?
    /// The input that a name stands for where it is a quantity of the solution (a node in `.save out`, a swept source).
    func quantity(_ name: String) -> ProgramInput?
    /// A new quantity that is d/dt of the program (`ddt`), its integral since 0 (`sdt`) or its past (`delay`); nil where
    /// there can be none.
    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput?
    /// The text of a file named in an expression, for `table("file")`.
    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]?
    /// What a place in the netlist is known by where random numbers are drawn: ``SourceMap/signature(of:)``.
    func signature(of range: SourceRange) -> UInt64
    /// A number uniform in (0, 1) that depends on the seed, this scope and `key` alone.
    func random(_ key: UInt64) -> Double
    /// Where a random number of this key lies between its ends, −1 to 1, if it is not to be drawn; nil if it is.
    func fixedDeviation(_ key: UInt64) -> Double?
    /// Where expressions are evaluated many times: the input that stands for a random number of this key; nil elsewhere.
    func randomInput(_ key: UInt64) -> ProgramInput?
    /// A device's share of the noise at the output or referred to the input; nil after a diagnostic.
    func noiseShare(
        of element: String, source: String?, isInput: Bool, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> ProgramInput?
    /// True where quantities are complex amplitudes.
    var isComplex: Bool { get }
}

extension ExpressionScope {
    var isComplex: Bool { false }
    func complexDefinition(ofParameter name: String) -> (expression: Expression, scope: any ExpressionScope)? { nil }
    func noiseShare(
        of element: String, source: String?, isInput: Bool, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> ProgramInput? {
        diagnostics.error("shares of noise belong into `.print noise`", at: range)
        return nil
    }
    func signature(of range: SourceRange) -> UInt64 { 0 }
    func randomInput(_ key: UInt64) -> ProgramInput? { nil }
    func fixedDeviation(_ key: UInt64) -> Double? { nil }
}

enum AuxiliaryKind: Sendable, Equatable {
    case derivative, integral
    /// What it was so long ago [s].
    case delayed(Double)
}

/// A parameter as a scope knows it.
enum ScopedParameter {
    case value(Double)
    /// Not a constant: the expression and where it stands.
    case expression(Expression, any ExpressionScope)
}

/// A user's function.
struct ScopedFunction {
    var arguments: [String]
    var body: Expression
    var scope: any ExpressionScope
}

/// A probe as inputs: value = Σ factor·input, or a product of two for a power.
struct ResolvedProbe {
    var terms: [(input: ProgramInput, factor: Double)]
    /// Second factor of a power.
    var times: [(input: ProgramInput, factor: Double)]?

    init(_ terms: [(input: ProgramInput, factor: Double)], times: [(input: ProgramInput, factor: Double)]? = nil) {
        self.terms = terms
        self.times = times
    }
}
