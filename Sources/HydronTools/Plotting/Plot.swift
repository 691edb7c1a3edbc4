import Glibc
import Waveforms

/// A picture of curves: panes one above the other over one abscissa.
public struct Plot: Sendable {
    public struct Axis: Sendable {
        public var label: String
        public var unit: String?
        public var isLog = false

        public init(label: String, unit: String?, isLog: Bool = false) {
            self.label = label
            self.unit = unit
            self.isLog = isLog
        }
    }

    public struct Curve: Sendable {
        public var name: String
        public var x: [Double]
        public var y: [Double]

        public init(name: String, x: [Double], y: [Double]) {
            self.name = name
            self.x = x
            self.y = y
        }
    }

    public struct Pane: Sendable {
        public var axis: Axis
        public var curves: [Curve]

        public init(axis: Axis, curves: [Curve]) {
            self.axis = axis
            self.curves = curves
        }
    }

    public var title: String
    public var abscissa: Axis
    public var panes: [Pane]

    public init(title: String, abscissa: Axis, panes: [Pane]) {
        self.title = title
        self.abscissa = abscissa
        self.panes = panes
    }

    /// What to show of a table, and how.
    public struct Request: Sendable {
        public enum Panes: String, Sendable, CaseIterable {
            /// One for each unit.
            case unit
            /// One for each signal.
            case each
            case one
        }
        /// Signals, patterns or expressions; empty for all columns.
        public var expressions: [String] = []
        /// The abscissa, where it is another than the table's own.
        public var abscissa: String?
        public var panes = Panes.unit
        public var hasLogAbscissa: Bool?
        public var hasLogOrdinates = false
        public var from: Double?
        public var to: Double?
        public var title: String?

        public init() {}
    }

    /// Complex signals are shown as decibels and degrees, each step of a family as a curve of its own.
    public init(_ table: Table, _ request: Request) throws(WaveExpression.Failure) {
        let source = WaveExpression(table)
        var signals: [WaveExpression.Values] = []
        if request.expressions.isEmpty {
            signals = table.header.columns.indices.filter { $0 != table.header.abscissa }.map { source.values($0) }
        }
        for text in request.expressions {
            if text.contains("*"), case let found = source.columns(matching: text), !found.isEmpty {
                signals += found
            } else {
                signals.append(try source.values(text))
            }
        }
        let across: WaveExpression.Values
        if let text = request.abscissa {
            across = try source.values(text)
        } else if let column = table.header.abscissa {
            across = source.values(column)
        } else {
            throw WaveExpression.Failure(
                description: "\(table.header.plotName) has one row and no abscissa: there is nothing to draw")
        }
        let isLog = request.hasLogAbscissa ?? (across.quantity == .frequency && Self.spansDecades(across.real))
        abscissa = Axis(label: across.name, unit: across.unit, isLog: isLog)
        title = request.title ?? table.header.title
        panes = []
        for signal in signals.flatMap(Self.realParts) {
            let axis = Axis(
                label: signal.name, unit: signal.unit,
                isLog: request.hasLogOrdinates && ![.decibel, .phase].contains(signal.quantity))
            var place: Int?
            switch request.panes {
            case .unit: place = axis.unit.flatMap { unit in panes.firstIndex { $0.axis.unit == unit } }
            case .each: break
            case .one: place = panes.isEmpty ? nil : 0
            }
            if place == nil {
                panes.append(Pane(axis: axis, curves: []))
                place = panes.count - 1
            }
            if let place { panes[place].curves += Self.curves(signal, across.real, table, request) }
        }
        if panes.isEmpty { throw WaveExpression.Failure(description: "there are no signals to draw") }
        if panes.allSatisfy({ $0.curves.allSatisfy(\.x.isEmpty) }) {
            guard let low = across.real.filter(\.isFinite).min(), let high = across.real.filter(\.isFinite).max() else {
                throw WaveExpression.Failure(description: "\(table.header.plotName) has no rows")
            }
            let unit = across.unit ?? ""
            throw WaveExpression.Failure(
                description:
                    "there are no points in that window: \(across.name) goes from \(SIText.number(low))\(unit) to \(SIText.number(high))\(unit)"
            )
        }
        for index in panes.indices where Set(panes[index].curves.map(\.name)).count > 1 {
            panes[index].axis.label = Self.commonLabel(panes[index].axis.unit)
        }
    }

    private static func commonLabel(_ unit: String?) -> String {
        switch unit {
        case "V": "voltage"
        case "A": "current"
        case "W": "power"
        case "dB": "magnitude"
        case "°": "phase"
        case "S": "conductance"
        case "Ω": "resistance"
        case "C": "charge"
        case "V/√Hz", "A/√Hz", "V²/Hz", "A²/Hz": "noise density"
        default: ""
        }
    }

    private static func spansDecades(_ x: [Double]) -> Bool {
        guard let low = x.min(), let high = x.max() else { return false }
        return low > 0 && high / low >= 10
    }

    private static func realParts(_ signal: WaveExpression.Values) -> [WaveExpression.Values] {
        guard let imaginary = signal.imaginary else { return [signal] }
        let pairs = zip(signal.real, imaginary)
        return [
            WaveExpression.Values(
                name: "db(\(signal.name))", quantity: .decibel, unit: "dB",
                real: pairs.map { 20 * log10(hypot($0, $1)) }),
            WaveExpression.Values(
                name: "ph(\(signal.name))", quantity: .phase, unit: "°",
                real: unwrapped(pairs.map { atan2($1, $0) * 180 / .pi })),
        ]
    }

    /// Without the jumps by 360° that atan2 has.
    private static func unwrapped(_ phase: [Double]) -> [Double] {
        var result = phase
        for index in result.indices.dropFirst() where result[index].isFinite && result[index - 1].isFinite {
            result[index] -= 360 * ((result[index] - result[index - 1]) / 360).rounded()
        }
        return result
    }

    private static func curves(
        _ signal: WaveExpression.Values, _ x: [Double], _ table: Table, _ request: Request
    ) -> [Curve] {
        table.blocks.enumerated().map { index, rows in
            var name = signal.name
            if !table.steps.isEmpty {
                let pairs = zip(table.header.stepParameters, table.steps[index].parameters)
                name += "  " + pairs.map { "\($0.name)=\(SIText.number($1))" }.joined(separator: " ")
            }
            let kept = rows.filter { x[$0] >= request.from ?? -.infinity && x[$0] <= request.to ?? .infinity }
            return Curve(name: name, x: kept.map { x[$0] }, y: kept.map { signal.real[$0] })
        }
    }
}

/// Numbers with the prefixes of the SI.
public enum SIText {
    static let prefixes: [(factor: Double, sign: String)] = [
        (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"),
        (1e-15, "f"), (1e-18, "a"),
    ]

    /// The prefix that leaves the largest magnitude between 1 and 1000.
    static func prefix(for magnitude: Double) -> (factor: Double, sign: String) {
        guard magnitude > 0, magnitude.isFinite else { return (1, "") }
        return prefixes.first { magnitude >= $0.factor * 0.9999995 } ?? (1, "")
    }

    /// Four significant digits: `4.7k`, `100n`.
    public static func number(_ value: Double) -> String {
        let prefix = prefix(for: value.magnitude)
        let digits = plain(value / prefix.factor)
        return digits + prefix.sign
    }

    /// −9 as an exponent, ⁻⁹.
    static func superscript(_ value: Int) -> String {
        let digits: [Character: String] = [
            "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
            "9": "⁹",
        ]
        return String(value).compactMap { digits[$0] }.joined()
    }

    static func plain(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
        let scale = pow(10, 3 - log10(value.magnitude).rounded(.down))
        let rounded = (value * scale).rounded() / scale
        let text = "\(rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
