import ComplexModule
import Glibc
import SpiceNetlist
import Waveforms

/// What a person asks to see of a table: a column by its name, or an expression over columns in the netlist's language,
/// `v(out)-v(in)`, `db(v(out)/v(in))`, `ph(v(out))`.
public struct WaveExpression {
    /// Why an expression has no values.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        public init(description: String) { self.description = description }
    }

    public struct Values {
        public var name: String
        public var quantity: Column.Quantity
        public var unit: String?
        public var real: [Double]
        /// nil where all are real.
        public var imaginary: [Double]?
    }

    private let table: Table

    public init(_ table: Table) { self.table = table }

    /// - Throws: ``Failure`` for an expression that can't be read, or a signal that the table does not have.
    public func values(_ text: String) throws(Failure) -> Values {
        if let column = column(named: text) { return values(column) }
        let expression = try Self.parsed(text)
        let result = try evaluate(expression)
        let quantity = quantity(expression) ?? .notype
        return Values(
            name: Column.normalized(text), quantity: quantity, unit: quantity.unit, real: result.real,
            imaginary: result.imaginary)
    }

    /// All columns whose names fit a pattern such as `v(*)`.
    public func columns(matching pattern: String) -> [Values] {
        let pattern = NamePattern(Column.normalized(pattern))
        return table.header.columns.indices.filter { index in
            index != table.header.abscissa && pattern.matches(Column.normalized(table.header.columns[index].name))
        }.map { values($0) }
    }

    public func values(_ column: Int) -> Values {
        let head = table.header.columns[column]
        let isComplex = table.header.isComplex && column != table.header.abscissa && !head.isReal
        return Values(
            name: Column.normalized(head.name), quantity: head.quantity,
            unit: head.unit == "-" ? nil : head.unit, real: table.columns[column],
            imaginary: isComplex ? table.imaginaryColumns[column] : nil)
    }

    private func column(named text: String) -> Int? {
        if let index = table.index(of: text) { return index }
        let wanted = Column(text, Column.Quantity.notype).commonName
        return table.header.columns.firstIndex { $0.commonName == wanted }
    }

    // MARK: Reading

    private static func parsed(_ text: String) throws(Failure) -> Expression {
        var diagnostics = Diagnostics()
        let line = "\n.print tran par('\(text)')\n.end\n"
        let (netlist, _) = Parser.parse(text: line, path: "expression", dialect: .ngspice, diagnostics: &diagnostics)
        guard let netlist, let card = netlist.top.cards.first,
            let item = netlist.outputList(card, diagnostics: &diagnostics).items.first, !diagnostics.hasErrors
        else {
            let reason = diagnostics.all.first { $0.severity == .error }?.message ?? "it is no expression"
            throw Failure(description: "'\(text)': \(reason)")
        }
        return item.expression
    }

    /// The quantities of the solution that expressions need, as `.print` takes them: `v(out)`, `i(v1)`, `@q1[gm]`, `v(*)`.
    public static func quantities(in expressions: [String]) -> [String] {
        var found: [String] = []
        for text in expressions {
            // What is no expression is said when it is to be drawn.
            guard let expression = try? parsed(text) else { continue }
            for probe in expression.probes {
                let arguments = probe.arguments.joined(separator: ",")
                let item =
                    probe.kind == .deviceParameter
                    ? "@\(probe.arguments.first ?? "")[\(probe.arguments.dropFirst().first ?? "")]"
                    : "\(probe.kind.rawValue)\(probe.terminal ?? "")(\(arguments))"
                if !found.contains(item) { found.append(item) }
            }
        }
        return found
    }

    // MARK: Evaluation

    private struct Operand {
        var real: [Double]
        var imaginary: [Double]?

        func at(_ index: Int) -> Complex<Double> { Complex(real[index], imaginary?[index] ?? 0) }
    }

    private func constant(_ value: Double) -> Operand {
        Operand(real: [Double](repeating: value, count: table.rowCount))
    }

    private func evaluate(_ expression: Expression) throws(Failure) -> Operand {
        switch expression {
        case .number(let value, _): return constant(value)
        case .name(let name, _):
            if name == "pi" { return constant(.pi) }
            return try operand(name)
        case .probe(let probe, _): return try operand(probe)
        case .unary(let sign, let inner, _):
            let value = try evaluate(inner)
            switch sign {
            case .plus: return value
            case .minus:
                return Operand(real: value.real.map { -$0 }, imaginary: value.imaginary.map { $0.map { -$0 } })
            case .not: throw Failure(description: "'!' is not for waveforms")
            }
        case .binary(let sign, let left, let right, _):
            return try combine(sign, try evaluate(left), try evaluate(right))
        case .call(let name, let arguments, _):
            guard arguments.count == 1 else { throw Failure(description: "'\(name)' takes one argument here") }
            return try call(name, try evaluate(arguments[0]))
        case .conditional, .string: throw Failure(description: "conditions and texts are not for waveforms")
        }
    }

    private func operand(_ name: String) throws(Failure) -> Operand {
        guard let column = column(named: name) else {
            let names = table.header.columns.map { Column.normalized($0.name) }
            let near = suggestion(for: name, among: names).map { "; did you mean '\($0)'?" }
            let list = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
            throw Failure(description: "there is no signal '\(name)'" + (near ?? "; there are \(list)"))
        }
        let values = values(column)
        return Operand(real: values.real, imaginary: values.imaginary)
    }

    private func operand(_ probe: Probe) throws(Failure) -> Operand {
        if probe.kind == .deviceParameter {
            return try operand("@\(probe.arguments.first ?? "")[\(probe.arguments.dropFirst().first ?? "")]")
        }
        let head = probe.kind.rawValue + (probe.terminal ?? "")
        let whole = "\(head)(\(probe.arguments.joined(separator: ",")))"
        let part = probe.part
        if let part, let column = column(named: "\(head)\(part.rawValue)(\(probe.arguments.joined(separator: ",")))") {
            return Operand(real: values(column).real)
        }
        var value: Operand
        if probe.kind == .voltage, probe.arguments.count == 2, column(named: whole) == nil {
            value = try combine(
                .subtract, try operand("v(\(probe.arguments[0]))"), try operand("v(\(probe.arguments[1]))"))
        } else if probe.kind == .voltage, probe.arguments == ["0"] {
            value = constant(0)
        } else {
            value = try operand(whole)
        }
        switch part {
        case .magnitude: value = try call("mag", value)
        case .phase: value = try call("ph", value)
        case .decibel: value = try call("db", value)
        case .real: value = try call("re", value)
        case .imaginary: value = try call("im", value)
        case nil: break
        }
        return value
    }

    private func combine(
        _ sign: Expression.BinaryOperator, _ left: Operand, _ right: Operand
    ) throws(Failure) -> Operand {
        let isComplex = left.imaginary != nil || right.imaginary != nil
        let body: (Complex<Double>, Complex<Double>) -> Complex<Double>
        switch sign {
        case .add: body = { $0 + $1 }
        case .subtract: body = { $0 - $1 }
        case .multiply: body = { $0 * $1 }
        case .divide: body = { isComplex ? $0 / $1 : Complex($0.real / $1.real, 0) }
        case .power: body = { isComplex ? .pow($0, $1) : Complex(Glibc.pow($0.real, $1.real), 0) }
        default: throw Failure(description: "'\(sign.rawValue)' is not for waveforms")
        }
        return map(table.rowCount, isComplex) { body(left.at($0), right.at($0)) }
    }

    private func call(_ name: String, _ value: Operand) throws(Failure) -> Operand {
        let real: (Complex<Double>) -> Double
        switch name {
        case "abs", "mag", "m": real = { hypot($0.real, $0.imaginary) }
        case "db": real = { 20 * log10(hypot($0.real, $0.imaginary)) }
        case "ph", "phase", "p": real = { atan2($0.imaginary, $0.real) * 180 / .pi }
        case "re", "real", "r": real = { $0.real }
        case "im", "imag": real = { $0.imaginary }
        case "ln", "log": real = { Glibc.log($0.real) }
        case "log10": real = { Glibc.log10($0.real) }
        case "exp": real = { Glibc.exp($0.real) }
        case "sqrt": real = { $0.real.squareRoot() }
        case "sin": real = { Glibc.sin($0.real) }
        case "cos": real = { Glibc.cos($0.real) }
        default:
            throw Failure(
                description: "no function '\(name)' for waveforms; there are "
                    + "abs db ph re im ln log10 exp sqrt sin cos")
        }
        return map(table.rowCount, false) { Complex(real(value.at($0)), 0) }
    }

    private func map(_ count: Int, _ isComplex: Bool, _ body: (Int) -> Complex<Double>) -> Operand {
        var real = [Double](repeating: 0, count: count)
        var imaginary = [Double](repeating: 0, count: isComplex ? count : 0)
        for index in 0..<count {
            let value = body(index)
            // A quotient that is no finite number has lost its parts.
            real[index] = value.isFinite ? value.real : isComplex ? .nan : value.real
            if isComplex { imaginary[index] = value.isFinite ? value.imaginary : .nan }
        }
        return Operand(real: real, imaginary: isComplex ? imaginary : nil)
    }

    // MARK: Units

    /// What an expression measures, where that is plain to see.
    private func quantity(_ expression: Expression) -> Column.Quantity? {
        switch expression {
        case .probe(let probe, _):
            switch probe.part {
            case .decibel: return .decibel
            case .phase: return .phase
            default: break
            }
            switch probe.kind {
            case .voltage: return .voltage
            case .current: return .current
            case .power: return .power
            default:
                let name = "@\(probe.arguments.joined(separator: "["))]"
                return column(named: name).map { table.header.columns[$0].quantity }
            }
        case .name(let name, _): return column(named: name).map { table.header.columns[$0].quantity }
        case .unary(_, let inner, _): return quantity(inner)
        case .call("db", _, _): return .decibel
        case .call("ph", _, _), .call("phase", _, _): return .phase
        case .call(let name, let arguments, _) where ["abs", "mag", "re", "real", "im", "imag"].contains(name):
            return arguments.first.flatMap { quantity($0) }
        case .binary(let sign, let left, let right, _):
            let (a, b) = (quantity(left), quantity(right))
            switch sign {
            case .add, .subtract: return a == b || b == nil ? a : a == nil ? b : .notype
            case .multiply:
                if a == nil || b == nil { return a ?? b }
                return Set([a, b]) == [.voltage, .current] ? .power : .notype
            case .divide:
                if b == nil { return a }
                if a == .voltage, b == .current { return .resistance }
                return a == .current && b == .voltage ? .conductance : .notype
            default: return .notype
            }
        default: return nil
        }
    }
}
