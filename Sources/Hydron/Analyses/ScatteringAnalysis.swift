import ComplexModule
import SparseSolvers
import SpiceNetlist
import Waveforms

/// `.sp`, and `.lin` of Xyce and HSPICE: what the ports of a circuit scatter.
///
/// A port is a voltage source behind its resistance z. With a unit of port j's source and the others at rest the voltages
/// v of the ports give S_ij = (2 vᵢ − δᵢⱼ) √(zⱼ/zᵢ) (K. Kurokawa, IEEE Trans. Microw. Theory Tech. 13, 194 (1965), doi
/// 10.1109/TMTT.1965.1125964); Y = √z⁻¹ (1 + S)⁻¹ (1 − S) √z⁻¹, Z = √z (1 − S)⁻¹ (1 + S) √z.
struct ScatteringAnalysis: Analysis {
    private static let syntax = "write `.sp dec|oct|lin points start stop` and ports `v1 a 0 portnum 1 z0 50`"
    static let description = AnalysisDescription(
        name: "scattering parameters", directives: [.sp, .lin],
        syntax: [
            ".sp dec|oct|lin points start stop", ".lin [lintype=s|y|z] (at the frequencies of the netlist's .ac)",
        ],
        summary: """
            S parameters (or Y or Z) between ports: voltage sources with portnum and z0, or P elements with port=. \
            `--touchstone FILE` writes them for other programs.
            """)

    enum Sort: String, Sendable { case s, y, z }

    var frequencies: [Double]
    var sort = Sort.s
    var ports: [Port]

    struct Port: Sendable {
        var name: String
        var plus: Int
        var minus: Int
        var branch: Int
        /// [Ω]
        var impedance: Double
    }

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        let place = reader.sources.firstWord(of: card.range)
        guard let statement = reader.words(card) else { return nil }
        var sort = Sort.s
        var frequencies: [Double]?
        if directive == .lin {
            for field in statement.fields {
                guard let key = field.key.map(reader.text) else { continue }
                let word = reader.text(field.value)
                switch key {
                case "sparcalc": if word == "0" { return nil }
                case "lintype":
                    guard let found = Sort(rawValue: word) else {
                        reader.error("the lintype of .lin is s, y or z, not '\(word)'", field.value.range)
                        return nil
                    }
                    sort = found
                // The command says where Touchstone files go and how.
                case "format", "dataformat", "file", "width", "precision": break
                default:
                    reader.error(
                        ".lin knows no '\(key)'", field.key?.range ?? place, hint: "write `.lin [lintype=s|y|z]`")
                    return nil
                }
            }
            frequencies = reader.quietly {
                reader.cards.first { $0.kind == .directive(.ac) }.flatMap { reader.readAC($0) }?.frequencies
            }
            if frequencies == nil {
                reader.error(".lin needs the frequencies of an .ac", place, hint: "add `.ac dec 10 1meg 1g`")
                return nil
            }
        } else {
            // ngspice's fifth number asks for noise, which is not given.
            let tokens = statement.fields.filter { $0.key == nil }.map(\.value)
            frequencies = reader.frequencies(tokens.prefix(4)[...], ".sp", card, syntax)
        }
        guard let frequencies, let ports = reader.ports(at: place, hint: syntax) else { return nil }
        return ScatteringAnalysis(frequencies: frequencies, sort: sort, ports: ports)
    }

    var looksAtSmallSignals: Bool { true }
    var kindName: String { "sp" }
    var tableKind: TableHeader.Kind { .scattering }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        var columns = [Column("frequency", .frequency)]
        for row in 1...max(ports.count, 1) {
            for column in 1...max(ports.count, 1) { columns.append(Column("\(sort.rawValue)_\(row)_\(column)")) }
        }
        return AnalysisTable(leading: columns, isComplex: true, impedances: ports.map(\.impedance))
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let x = Vector(system.count)
        try run.operatingPoint(system, x)
        let analysis = SmallSignalAnalysis(frequencies: frequencies)
        var statistics = AnalysisStatistics()
        defer { run.report.statistics.points += statistics.points }
        let count = ports.count
        var b = [Complex<Double>](repeating: .zero, count: system.count)
        try analysis.solve(
            system, frequencies[...], at: UnsafePointer(x.base), control: run.control, noise: nil,
            statistics: &statistics
        ) { (frequency, _, solver, _) throws(SimulationFailure) in
            var s = [Complex<Double>](repeating: .zero, count: count * count)
            for (column, source) in ports.enumerated() {
                for unknown in b.indices { b[unknown] = .zero }
                b[source.branch] = Complex(1)
                b.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base + 1) } }
                for (row, port) in ports.enumerated() {
                    let v = (port.plus > 0 ? b[port.plus] : .zero) - (port.minus > 0 ? b[port.minus] : .zero)
                    s[row * count + column] =
                        (v.scaled(by: 2) - (row == column ? Complex(1) : .zero))
                        .scaled(by: (source.impedance / port.impedance).squareRoot())
                }
            }
            var row = [frequency, 0]
            for value in try converted(s) { row += [value.real, value.imaginary] }
            try run.emit(row, isComplex: true)
        }
    }

    /// S as it is, or Y or Z made of it; infinite where there is none.
    private func converted(_ s: [Complex<Double>]) throws(SimulationFailure) -> [Complex<Double>] {
        guard sort != .s else { return s }
        let n = ports.count
        func with(_ sign: Double) -> [Complex<Double>] {
            var matrix = s.map { $0.scaled(by: sign) }
            for k in 0..<n { matrix[k * n + k] += Complex(1) }
            return matrix
        }
        let (left, right) = sort == .y ? (with(1), with(-1)) : (with(-1), with(1))
        var solved = [Complex<Double>](repeating: Complex.infinity, count: n * n)
        let positions = (0..<n).flatMap { row in (0..<n).map { (row: row, column: $0) } }
        let pattern = SparsityPattern(size: n, entries: positions)
        // The pattern's order is column by column.
        let values = (0..<n * n).map { left[($0 % n) * n + $0 / n] }
        if let solver = try? DenseLinearSolver<Complex<Double>>(pattern: pattern), (try? solver.factor(values)) != nil {
            for column in 0..<n {
                var b = (0..<n).map { right[$0 * n + column] }
                b.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solver.solve(base) } }
                for row in 0..<n { solved[row * n + column] = b[row] }
            }
        }
        for row in 0..<n {
            for column in 0..<n {
                let root = (ports[row].impedance * ports[column].impedance).squareRoot()
                solved[row * n + column] = solved[row * n + column].scaled(by: sort == .y ? 1 / root : root)
            }
        }
        return solved
    }
}

extension DirectiveReader {
    /// The ports of the circuit by their numbers; nil after a diagnostic.
    fileprivate func ports(at place: SourceRange, hint: String) -> [ScatteringAnalysis.Port]? {
        let builder = elaborator.card.builder
        var found: [Int: ScatteringAnalysis.Port] = [:]
        for source in builder.ports {
            guard let port = source.port else { continue }
            let name = builder.directory.names.name(of: source.identity.name)
            if let other = found[port.number] {
                error(
                    "'\(other.name)' and '\(name)' are both port \(port.number)", source.identity.range,
                    hint: "give each port a number of its own, from 1")
                return nil
            }
            found[port.number] = ScatteringAnalysis.Port(
                name: name, plus: Int(source.plus), minus: Int(source.minus), branch: Int(source.branch),
                impedance: port.impedance)
        }
        guard !found.isEmpty else {
            error("the circuit has no ports", place, hint: hint)
            return nil
        }
        var ports: [ScatteringAnalysis.Port] = []
        for number in 1...found.count {
            guard let port = found[number] else {
                error("the circuit has \(found.count) ports, but none has the number \(number)", place, hint: hint)
                return nil
            }
            ports.append(port)
        }
        return ports
    }
}
