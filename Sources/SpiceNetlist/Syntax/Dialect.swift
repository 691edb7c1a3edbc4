/// The rules in which the SPICE family disagrees.
///
/// A dialect is a plain value: every rule is one property, documented here and consulted in one place. Change a copy to
/// mix rules.
public struct Dialect: Sendable, Equatable {
    /// The dialect's name as on the command line.
    public var name: String

    // MARK: Lines

    /// `$` after a blank, a comma or at the start of a line begins a comment. In Xyce it is a name character.
    public var dollarStartsComment = true
    /// `//` begins a comment.
    public var slashSlashStartsComment = false
    /// A line whose first character is `#` is a comment.
    public var hashStartsComment = false
    /// A line that begins with a blank is a comment unless `+` follows the blanks.
    public var leadingBlankIsComment = false

    // MARK: Names

    /// Names besides `0` that mean ground without being asked for.
    public var groundAliases: [String] = ["gnd"]
    /// Names that mean ground once `.preprocess replaceground true` is given.
    public var replaceableGroundAliases: [String] = ["gnd", "gnd!", "ground"]
    /// What to write where ground is meant.
    public var groundHint = "write 0 or gnd where ground is meant"
    /// `:` separates the levels of a hierarchical name and the device from its parameter: `x1:r1:resistance`.
    public var colonSeparatesNames = false

    /// A `(` between words that is never closed only earns a warning: it separates and means nothing else.
    public var toleratesUnclosedParenthesis = false

    /// A subcircuit may list a port twice (Xyce); its calls then give both the same node.
    public var portsMayRepeat = false

    // MARK: Numbers

    /// `X` is 1e6.
    public var xSuffixIsMega = false
    /// `A` is 1e-18; otherwise it can only be a unit.
    public var aSuffixIsAtto = true

    // MARK: Expressions

    /// `log(x)` is the decimal logarithm; otherwise the natural one. `ln` and `log10` are the same everywhere.
    public var logIsBase10 = false
    /// `a ^ b` is a power; otherwise the exclusive or of two truth values.
    public var caretIsPower = true
    /// `a ** b ** c` is `(a ** b) ** c`, as ngspice has it; otherwise `a ** (b ** c)`.
    public var powerIsLeftAssociative = false
    /// `POLY` counts 01 and 10 as one term; otherwise as two (Xyce).
    public var polynomialTermsAreOrdered = true
    /// `u(0)` is ½ (ngspice), otherwise 0 or 1 as any step.
    public var stepIsHalfAtZero = false
    /// What `pwr(x, y)` gives.
    public var signedPowers = SignedPowers.never
    /// `pow` of numbers that are known beforehand keeps the base's sign, unlike that of the solution.
    public var constantPowersAreExact = false
    public enum SignedPowers: Sendable {
        /// |x|ʸ
        case never
        /// sgn(x)·|x|ʸ
        case always
        /// sgn(x)·|x|ʸ of the solution, |x|ʸ of numbers.
        case ofSolution
    }
    /// `'…'` is an expression; otherwise a quoted text.
    public var singleQuoteIsExpression = true
    /// `.tran stop` gives the end alone.
    public var transientTakesEndAlone = false
    /// The first number of `.tran` is where the search for a step begins (Xyce); otherwise no step is longer.
    public var transientStepIsFirst = false
    /// A time at the end of a PWL that has no value is left out (Xyce); otherwise it is a mistake.
    public var ignoresHalfPoints = false
    /// `ic=` of capacitors, inductors and compiled models holds in the operating point before a transient (Xyce), else with `uic` only.
    public var conditionsHoldInOperatingPoint = false

    /// `.noise` gives V/√Hz and A/√Hz; otherwise their squares.
    public var noiseIsInRoots = true
    /// `.noise` refers to the input in units of the source's AC magnitude; otherwise in V or A.
    public var inputNoiseCountsMagnitudes = false

    // MARK: Elements

    /// `SINE()` is a waveform of zeros (LTspice).
    public var waveformsMayBeEmpty = false
    /// A time of a PWL with a plus counts from the one before (LTspice).
    public var signedTimesAreRelative = false

    /// Cards of R, C and L may hold ratings, makers and part numbers, which mean nothing (LTspice).
    public var cardsHoldCatalogueData = false
    /// In series with every inductor that has no `rser=` of its own and that no K couples [Ω] (LTspice: 1 mΩ).
    public var inductorResistance = 0.0

    // MARK: Tables

    /// Name of the first column of small-signal tables.
    public var frequencyColumn = "frequency"

    private init(_ name: String) { self.name = name }

    /// The default.
    public static let ngspice: Dialect = {
        var dialect = Dialect("ngspice")
        dialect.slashSlashStartsComment = true
        dialect.hashStartsComment = true
        dialect.powerIsLeftAssociative = true
        dialect.stepIsHalfAtZero = true
        dialect.signedPowers = .ofSolution
        dialect.constantPowersAreExact = true
        return dialect
    }()

    public static let xyce: Dialect = {
        var dialect = Dialect("xyce")
        dialect.dollarStartsComment = false
        dialect.leadingBlankIsComment = true
        dialect.groundAliases = []
        dialect.groundHint = "write 0, or `.preprocess replaceground true`"
        dialect.polynomialTermsAreOrdered = false
        dialect.colonSeparatesNames = true
        dialect.portsMayRepeat = true
        dialect.toleratesUnclosedParenthesis = true
        dialect.xSuffixIsMega = true
        dialect.logIsBase10 = true
        dialect.aSuffixIsAtto = false
        dialect.conditionsHoldInOperatingPoint = true
        dialect.ignoresHalfPoints = true
        dialect.transientStepIsFirst = true
        dialect.caretIsPower = false
        dialect.noiseIsInRoots = false
        dialect.inputNoiseCountsMagnitudes = true
        dialect.frequencyColumn = "freq"
        return dialect
    }()

    public static let hspice: Dialect = {
        var dialect = Dialect("hspice")
        dialect.groundAliases = ["gnd", "gnd!", "ground"]
        dialect.signedPowers = .always
        dialect.xSuffixIsMega = true
        return dialect
    }()

    public static let ltspice: Dialect = {
        var dialect = Dialect("ltspice")
        dialect.dollarStartsComment = false
        dialect.slashSlashStartsComment = true
        dialect.aSuffixIsAtto = false
        dialect.transientTakesEndAlone = true
        dialect.cardsHoldCatalogueData = true
        dialect.waveformsMayBeEmpty = true
        dialect.signedTimesAreRelative = true
        dialect.inductorResistance = 1e-3
        dialect.caretIsPower = false
        return dialect
    }()

    public static let pspice: Dialect = {
        var dialect = Dialect("pspice")
        // Nodes are named `$N_0001` and `$G_DPWR`.
        dialect.dollarStartsComment = false
        dialect.aSuffixIsAtto = false
        dialect.caretIsPower = false
        dialect.conditionsHoldInOperatingPoint = true
        dialect.transientStepIsFirst = true
        return dialect
    }()

    public static let all = [ngspice, xyce, hspice, ltspice, pspice]

    /// The dialect of that name, in any case; nil if there is none.
    public init?(name: String) {
        let wanted = name.lowercased()
        guard let found = Self.all.first(where: { $0.name == wanted }) else { return nil }
        self = found
    }

    /// PSpice's `v([out])` is `v(out)`.
    public func unbracketed(_ name: String) -> String {
        name.hasPrefix("[") && name.hasSuffix("]") && name.utf8.count > 2 ? String(name.dropFirst().dropLast()) : name
    }

    /// Whether a lower-case node name means ground.
    /// - Parameter replacingGround: `.preprocess replaceground true` was given.
    public func isGround(_ name: String, replacingGround: Bool = false) -> Bool {
        name == "0" || groundAliases.contains(name) || (replacingGround && replaceableGroundAliases.contains(name))
    }
}
