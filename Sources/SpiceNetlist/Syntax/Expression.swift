/// An arithmetic expression as written. All names are lower-case.
public indirect enum Expression: Sendable, Equatable {
    case number(Double, SourceRange)
    /// A parameter, a function's argument, or `time`, `temper`, `hertz`, `pi`, …; what it means is settled by elaboration.
    case name(String, SourceRange)
    /// `"file.csv"` as an argument of `table` and the like. Case is kept.
    case string(String, SourceRange)
    case unary(UnaryOperator, Expression, SourceRange)
    case binary(BinaryOperator, Expression, Expression, SourceRange)
    case conditional(Expression, then: Expression, otherwise: Expression, SourceRange)
    case call(String, [Expression], SourceRange)
    /// A quantity of the solution: `v(a)`, `v(a,b)`, `i(r1)`, `@m1[gm]`, …
    case probe(Probe, SourceRange)

    public enum UnaryOperator: String, Sendable {
        case minus = "-"
        case plus = "+"
        case not = "!"
    }

    public enum BinaryOperator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case power = "**"
        case remainder = "%"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case and = "&&"
        case or = "||"
        case exclusiveOr = "^^"
    }

    /// What it is made of.
    public var children: [Expression] {
        switch self {
        case .number, .name, .string, .probe: []
        case .unary(_, let operand, _): [operand]
        case .binary(_, let left, let right, _): [left, right]
        case .conditional(let condition, let then, let otherwise, _): [condition, then, otherwise]
        case .call(_, let arguments, _): arguments
        }
    }

    /// The text this expression was read from.
    public var range: SourceRange {
        switch self {
        case .number(_, let range), .name(_, let range), .string(_, let range), .unary(_, _, let range),
            .binary(_, _, _, let range), .conditional(_, then: _, otherwise: _, let range), .call(_, _, let range),
            .probe(_, let range):
            return range
        }
    }
}

/// A named quantity of the solution, as written in an expression or an output list.
///
/// Names are lower-case and may be wildcards (`*`) in output lists.
public struct Probe: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case voltage = "v"
        case current = "i"
        case power = "p"
        /// `n(x)`: any internal variable by name.
        case internalVariable = "n"
        /// `@device[parameter]`, also `device:parameter` in the Xyce dialect.
        case deviceParameter = "@"
    }
    /// The part of a complex quantity: `vm`, `vp`, `vdb`, `vr`, `vi` and likewise for currents.
    public enum Part: String, Sendable {
        case magnitude = "m"
        case phase = "p"
        case decibel = "db"
        case real = "r"
        case imaginary = "i"
    }

    public var kind: Kind
    /// One or two node names for a voltage; the device for a current or power; device and parameter for `@`.
    public var arguments: [String]
    public var part: Part?
    /// For `ib(q1)`, `id(m1)`: the terminal's letter; nil for the device's own current.
    public var terminal: String?

    public init(kind: Kind, arguments: [String], part: Part? = nil, terminal: String? = nil) {
        self.kind = kind
        self.arguments = arguments
        self.part = part
        self.terminal = terminal
    }
}
