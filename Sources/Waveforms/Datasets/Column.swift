/// What one column of a table is.
public struct Column: Sendable, Hashable {
    /// The kind of number in a column. Raw values are the type words of ngspice's rawfiles, where it has one.
    public enum Quantity: String, Sendable, CaseIterable {
        case time
        case frequency
        case voltage
        case current
        case charge
        case capacitance
        case conductance = "admittance"
        case resistance = "impedance"
        case power
        case phase
        case decibel
        case temperature
        case voltageDensity = "voltage-density"
        case currentDensity = "current-density"
        case voltagePowerDensity = "voltage^2-density"
        case currentPowerDensity = "current^2-density"
        case energy
        case flux
        case parameter
        case step
        case notype

        /// The unit of the quantity's values, where the quantity settles it.
        public var unit: String? {
            switch self {
            case .time: "s"
            case .frequency: "Hz"
            case .voltage: "V"
            case .current: "A"
            case .charge: "C"
            case .capacitance: "F"
            case .conductance: "S"
            case .resistance: "Ω"
            case .power: "W"
            case .phase: "°"
            case .decibel: "dB"
            case .temperature: "°C"
            case .voltageDensity: "V/√Hz"
            case .currentDensity: "A/√Hz"
            case .voltagePowerDensity: "V²/Hz"
            case .currentPowerDensity: "A²/Hz"
            case .energy: "J"
            case .flux: "Wb"
            case .parameter, .step, .notype: nil
            }
        }

        /// The word for a rawfile: ngspice's own words, `notype` for what it has no word for.
        var rawfileWord: String {
            switch self {
            case .energy, .flux, .parameter, .step: Self.notype.rawValue
            default: rawValue
            }
        }

        /// What a name such as `v(out)`, `time` or `i(r1)` says about its column.
        init(guessedFrom name: String) {
            switch name {
            case "time": self = .time
            case "freq", "frequency": self = .frequency
            case "step": self = .step
            case "temp", "temper": self = .temperature
            default:
                let head = name.prefix { $0 != "(" }
                switch head.count == name.count ? "" : head {
                case "v", "vm", "vr", "vi": self = .voltage
                case "i", "im", "ir", "ii", "id", "ig", "is", "ib", "ic", "ie": self = .current
                case "vdb", "idb": self = .decibel
                case "vp", "ip": self = .phase
                case "p", "w": self = .power
                case "n": self = .notype
                default: self = .notype
                }
            }
        }
    }

    /// The item as printed: `v(out)`. Writers make it lower-case and take its blanks out.
    public var name: String
    public var quantity: Quantity
    /// Unit of the values, nil where unknown or without one.
    public var unit: String?
    /// Within a complex table: a column with real values, such as `vdb(out)`. Rows still hold a pair, its second
    /// half is ignored.
    public var isReal: Bool

    public init(_ name: String, _ quantity: Quantity = .notype, unit: String? = nil, isReal: Bool = false) {
        self.name = name
        self.quantity = quantity
        self.unit = unit ?? quantity.unit
        self.isReal = isReal
    }

    public init(name: String, quantity: Quantity, unit: String? = nil, isReal: Bool = false) {
        self.init(name, quantity, unit: unit, isReal: isReal)
    }

    /// A name as files spell it: lower-case, without blanks or control characters.
    public static func normalized(_ name: String) -> String {
        var name = name
        let changes = name.withUTF8 { bytes in bytes.contains { $0 <= 0x20 || $0 == 0x7F || (0x41...0x5A ~= $0) } }
        if !changes { return name }
        let bytes = name.utf8.lazy.filter { $0 > 0x20 && $0 != 0x7F }.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        return String(decoding: Array(bytes), as: UTF8.self)
    }

    /// A name as every program would spell it, for finding a column in another program's file: `v(x1:out)` is
    /// `v(x1.out)`, `v1#branch` and VACASK's `v1:flow(br)` are `i(v1)`, and a voltage named by its node alone gets its `v()`.
    public var commonName: String {
        var name = Self.normalized(name)
        if name.hasSuffix("#branch") { name = "i(\(name.dropLast(7)))" }
        if name.hasSuffix(":flow(br)") { name = "i(\(name.dropLast(9)))" }
        if name.contains(":") { name = String(name.map { $0 == ":" ? "." : $0 }) }
        let isBare = !name.contains("(") && !name.hasPrefix("@")
        return isBare && quantity == .voltage ? "v(\(name))" : name
    }
}
