/// One parameter of a device, a model or the simulator: everything that parsing, error texts, help and the reference
/// manual say about it comes from here.
public struct Parameter: Sendable {
    /// Which values are allowed; the ends are part of the range unless said otherwise.
    public struct Bounds: Sendable, Equatable {
        public var lowest: Double
        public var highest: Double
        public var excludesLowest = false
        public var excludesHighest = false

        public static let any = Bounds(lowest: -.infinity, highest: .infinity)
        public static let positive = Bounds(lowest: 0, highest: .infinity, excludesLowest: true)
        public static let nonNegative = Bounds(lowest: 0, highest: .infinity)
        /// A temperature [°C] above absolute zero.
        public static let celsius = Bounds(lowest: -273.15, highest: .infinity, excludesLowest: true)
        public static func closed(_ low: Double, _ high: Double) -> Bounds { Bounds(lowest: low, highest: high) }
        public static func open(_ low: Double, _ high: Double) -> Bounds {
            Bounds(lowest: low, highest: high, excludesLowest: true, excludesHighest: true)
        }
        public static func upTo(_ low: Double, below high: Double) -> Bounds {
            Bounds(lowest: low, highest: high, excludesHighest: true)
        }

        public func contains(_ value: Double) -> Bool {
            (excludesLowest ? value > lowest : value >= lowest)
                && (excludesHighest ? value < highest : value <= highest)
        }
    }

    /// Lower-case, as written in a netlist.
    public var name: String
    public var aliases: [String]
    /// SI unit, `-` for a pure number, ``choice`` for one that picks among laws.
    public var unit: String
    /// nil where absence means something of its own (the docstring or `meaning` says what).
    public var defaultValue: Double?
    public var bounds: Bounds
    /// One line.
    public var meaning: String

    /// The unit of what picks among laws: between two of its values there is nothing.
    static let choice = "choice"
    public var isChoice: Bool { unit == Self.choice }

    public init(
        _ name: String, _ aliases: String..., unit: String, default defaultValue: Double?, _ bounds: Bounds = .any,
        _ meaning: String
    ) {
        self.name = name
        self.aliases = aliases
        self.unit = unit
        self.defaultValue = defaultValue
        self.bounds = bounds
        self.meaning = meaning
    }
}

extension Parameter.Bounds: CustomStringConvertible {
    /// "above 0", "from 0 to 1", …
    public var description: String {
        let (low, high) = (lowest.plain, highest.plain)
        return switch (lowest.isFinite, highest.isFinite) {
        case (false, false): "any number"
        case (true, false): excludesLowest ? "above \(low)" : "at least \(low)"
        case (false, true): excludesHighest ? "below \(high)" : "at most \(high)"
        case (true, true):
            "from \(low)\(excludesLowest ? " (excluded)" : "") to \(high)\(excludesHighest ? " (excluded)" : "")"
        }
    }
}

/// The keys of one parameter table: an enumeration whose raw values count from 0 and whose cases each describe a
/// ``Parameter``.
public protocol ParameterKey: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == Int {
    var parameter: Parameter { get }
    /// Why the table lacks a name that another one has, in a sentence for who wrote it; nil for a name that nobody knows.
    static func absence(of name: String) -> String?
}

extension ParameterKey {
    public static func absence(of name: String) -> String? { nil }

    /// Name or alias → key, for one table.
    static func index() -> [String: Self] {
        var index: [String: Self] = [:]
        for key in allCases {
            index[key.parameter.name] = key
            for alias in key.parameter.aliases { index[alias] = key }
        }
        return index
    }
}

/// The values of one parameter table for one element or model: what was given, else the defaults.
public struct ParameterValues<Key: ParameterKey>: Sendable {
    private var values: [Double]
    private var given: [Bool]

    /// All defaults; a parameter without a default reads as NaN until it is given.
    public init() {
        values = Key.allCases.map { $0.parameter.defaultValue ?? .nan }
        given = [Bool](repeating: false, count: values.count)
    }

    /// The value; assigning marks it as given.
    public subscript(key: Key) -> Double {
        get { values[key.rawValue] }
        set {
            values[key.rawValue] = newValue
            given[key.rawValue] = true
        }
    }

    public func isGiven(_ key: Key) -> Bool { given[key.rawValue] }

    /// The value where it was given, else `other`.
    public func given(_ key: Key, else other: Double) -> Double { isGiven(key) ? self[key] : other }
}
