import SpiceNetlist
import Waveforms

/// What `.print`, `.save`, `.plot` and `.probe` ask for.
struct OutputRequests: Sendable {
    struct Request: Sendable {
        /// `tran`, `dc`, …; nil for all.
        var analysis: String?
        var item: OutputItem
        var isSave: Bool
    }
    var requests: [Request] = []
    /// `.options savecurrents`: where nothing else is asked for, the currents of all elements of two terminals too.
    var savesCurrents = false
    /// Constant parameters of the top level, which output expressions may use.
    var parameters: [String: Double] = [:]
    /// Parameters of the top level that depend on the solution.
    var expressions: [String: Expression] = [:]
    var functions: [String: UserFunction] = [:]
    /// What constant parameters are made of whose values lie outside of the reals.
    var complexDefinitions: [String: Expression] = [:]

    struct UserFunction: Sendable {
        var arguments: [String]
        var body: Expression
    }

    mutating func add(_ list: OutputList, from directive: Directive, at range: SourceRange) {
        for item in list.items {
            requests.append(Request(analysis: list.analysis, item: item, isSave: directive == .save))
        }
    }

    /// What an analysis is asked for: `.print` where there is one, else `.save`.
    func items(for kind: String) -> [OutputItem] {
        let mine = requests.filter { $0.analysis == nil || $0.analysis == kind }
        let printed = mine.filter { !$0.isSave }
        // Asked for twice (Xyce writes each `.print` with a `file=` of its own) a column comes once.
        var labels: Set<String> = []
        return (printed.isEmpty ? mine : printed).map(\.item).filter { labels.insert($0.label).inserted }
    }
}

/// One column of a table: an unknown as it is, or a program.
struct CompiledOutput: Sendable {
    enum Source: Sendable {
        case unknown(Int)
        case program(Program)
        /// Value of the innermost sweep, or of a parameter that is constant.
        case constant(Double)
    }
    var column: Column
    var source: Source
    /// The measurement whose running value stands in place of the source's.
    var measurement: String?
}

/// The columns of an analysis, and what they need besides the solution.
struct CompiledOutputs: Sendable {
    var columns: [CompiledOutput] = []
    /// `ddt` and `sdt` of output expressions, in the order of their making: inner ones first.
    var accumulators: [OutputCompiler.Accumulator] = []
    /// Charges whose time derivatives are asked for.
    var rates: [ChargeRates.Charge] = []
    /// The last columns, which measurements look at, by their numbers in ``MeasurementRequests``.
    var recorded: [Int] = []
    /// Columns that show a measurement, and which.
    var running: [(column: Int, name: String)] = []
    /// Noise that is asked for.
    var noise: [NoiseQuantity] = []
}

/// Compiles output items against a finished circuit.
final class OutputCompiler: ExpressionScope {
    let circuit: Circuit
    private let netlist: Netlist
    var dialect: Dialect { netlist.dialect }
    var options: SimulationOptions { circuit.options }
    private let requests: OutputRequests
    /// Swept names of a `.dc`, whose current value is an input.
    let sweepNames: [String]

    /// Of `.meas … EQN`: Xyce's `.print` shows them at every point.
    private var equations: [String: Expression] = [:]
    /// Other measurements of the analysis, which a column of their name shows as far as they have come.
    private var measurements: Set<String> = []
    /// Names on cards with mistakes.
    private let broken: Set<String>
    /// True where noise may be asked for.
    private let hasNoise: Bool

    /// True for the amplitudes of a small-signal analysis.
    let isComplex: Bool

    init(
        _ elaboration: Elaboration, _ netlist: Netlist, sweepNames: [String] = [], isComplex: Bool = false,
        hasNoise: Bool = false
    ) {
        self.hasNoise = hasNoise
        self.isComplex = isComplex
        for measurement in elaboration.measurements.measurements {
            guard case .last(let column) = measurement.function else { continue }
            equations[measurement.name] = elaboration.measurements.columns[column].expression
        }
        broken = elaboration.broken
        circuit = elaboration.circuit
        self.netlist = netlist
        requests = elaboration.outputs
        self.sweepNames = sweepNames
    }

    /// The columns of an analysis, and behind them what measurements look at.
    func compile(
        _ items: [OutputItem], noise: NoiseAnalysis? = nil, recording requests: MeasurementRequests,
        for analysis: String,
        diagnostics: inout Diagnostics
    ) -> CompiledOutputs {
        func compiled(_ items: [OutputItem]) -> CompiledOutputs {
            isComplex
                ? smallSignal(items, noise: noise, diagnostics: &diagnostics)
                : compile(items, diagnostics: &diagnostics)
        }
        for measurement in requests.measurements where measurement.analysis == analysis {
            if case .last = measurement.function, measurement.from == nil, measurement.to == nil { continue }
            measurements.insert(measurement.name)
        }
        var outputs = compiled(items)
        for column in requests.columns(for: analysis) {
            let errors = diagnostics.errorCount
            var item = requests.columns[column]
            // A bare `freq` or `time` would be left out as the abscissa.
            if case .name(let name, let range) = item.expression, ["time", "freq", "frequency"].contains(name) {
                item.expression = .binary(.add, item.expression, .number(0, range), range)
            }
            let more = compiled([item])
            guard diagnostics.errorCount == errors, more.columns.count == 1 else {
                // Without a column it is one of what cards with mistakes would have made.
                if diagnostics.errorCount == errors, broken.isEmpty || !more.columns.isEmpty {
                    diagnostics.error("'\(item.label)' is no single number to measure", at: item.range)
                }
                continue
            }
            outputs.columns += more.columns
            outputs.recorded.append(column)
            (outputs.accumulators, outputs.rates, outputs.noise) = (more.accumulators, more.rates, more.noise)
        }
        // Formulas of measurements are compiled for their mistakes alone.
        _ = RunningMeasurements(
            outputs.running, of: analysis, requests, self.requests, options, dialect, diagnostics: &diagnostics)
        return outputs
    }

    /// The columns of an analysis; every node voltage and branch current where nothing was asked for.
    func compile(_ items: [OutputItem], diagnostics: inout Diagnostics) -> CompiledOutputs {
        let columns = columns(items, diagnostics: &diagnostics)
        let running = columns.indices.compactMap { index in
            columns[index].measurement.map { (column: index, name: $0) }
        }
        return CompiledOutputs(
            columns: columns, accumulators: accumulators, rates: rates, running: running, noise: noiseQuantities)
    }

    private func columns(_ items: [OutputItem], diagnostics: inout Diagnostics) -> [CompiledOutput] {
        var outputs: [CompiledOutput] = []
        for item in eachOfBuses(items, &diagnostics) {
            if case .name(let name, _) = item.expression {
                if name == "all" || name == "allv" {
                    outputs += everything(currents: name == "all")
                    continue
                }
                if name == "time" || sweepNames.contains(name) { continue }
                if isComplex, ["freq", "frequency"].contains(name) { continue }
                // In `{out}` a parameter comes first.
                let isParameter = requests.parameters[name] != nil || requests.expressions[name] != nil
                if item.label == name || !isParameter, let node = node(named: name) {
                    // `.save out`: the node's voltage under the name that others give it.
                    outputs.append(
                        CompiledOutput(column: Column("v(\(name))", .voltage, unit: "V"), source: .unknown(node)))
                    continue
                }
                if measurements.contains(name), requests.parameters[name] == nil {
                    outputs.append(
                        CompiledOutput(column: Column(item.label, .notype), source: .constant(0), measurement: name))
                    continue
                }
            }
            if case .probe(let probe, _) = item.expression, probe.isWildcard {
                let fitting = wildcard(probe)
                if fitting.isEmpty {
                    diagnostics.warning("nothing fits '\(item.label)'", at: item.range, hint: "it makes no column")
                }
                outputs += fitting
                continue
            }
            guard let program = ExpressionCompiler.compile(item.expression, in: self, diagnostics: &diagnostics) else {
                continue
            }
            outputs.append(CompiledOutput(column: column(item), source: source(program)))
        }
        return items.isEmpty ? everything(currents: true) : outputs
    }

    /// Items with buses, `v(row[0:3])`, as one item for each name.
    func eachOfBuses(_ items: [OutputItem], _ diagnostics: inout Diagnostics) -> [OutputItem] {
        items.flatMap { item -> [OutputItem] in
            guard BusName.isIndexed(item.label) else { return [item] }
            do throws(BusName.Mistake) {
                return try item.eachOfBuses { self.requests.parameters[$0] }
            } catch {
                diagnostics.error(error.message, at: item.range, hint: error.hint)
                return []
            }
        }
    }

    private func source(_ program: Program) -> CompiledOutput.Source {
        if let constant = program.constant { return .constant(constant) }
        if program.instructions.isEmpty, program.inputs.count == 1, case .unknown(let unknown) = program.inputs[0] {
            return .unknown(Int(unknown))
        }
        return .program(program)
    }

    private func column(_ item: OutputItem) -> Column {
        guard case .probe(let probe, _) = item.expression else { return Column(item.label, .notype) }
        switch probe.part {
        case .phase? where isComplex: return Column(item.label, .phase)
        case .decibel? where isComplex: return Column(item.label, .decibel)
        default: break
        }
        switch probe.kind {
        case .voltage: return Column(item.label, .voltage, unit: "V")
        case .current: return Column(item.label, .current, unit: "A")
        case .power: return Column(item.label, .power, unit: "W")
        case .internalVariable: return Column(item.label, .notype)
        case .deviceParameter:
            let unit = probe.arguments.count == 2 ? output(probe.arguments[0], probe.arguments[1])?.2.unit : nil
            return Column(item.label, Self.quantities[unit ?? ""] ?? .notype, unit: unit == "-" ? nil : unit)
        }
    }

    private static let quantities: [String: Column.Quantity] = [
        "A": .current, "V": .voltage, "S": .conductance, "F": .capacitance, "C": .charge, "W": .power, "J": .energy,
        "Ω": .resistance,
    ]

    private func everything(currents: Bool) -> [CompiledOutput] {
        let unknowns = circuit.unknowns
        var outputs = unknowns.nodes.map {
            CompiledOutput(column: Column("v(\(unknowns.name($0)))", .voltage, unit: "V"), source: .unknown($0))
        }
        guard currents else { return outputs }
        for unknown in 1..<max(unknowns.count, 1) where unknowns.kind(unknown) == .branch {
            let name = unknowns.name(unknown)
            guard name.hasSuffix("#branch") else { continue }
            outputs.append(
                CompiledOutput(
                    column: Column("i(\(name.dropLast(7)))", .current, unit: "A"), source: .unknown(unknown)))
        }
        if requests.savesCurrents { outputs += elementCurrents() }
        return outputs
    }

    /// Currents of all elements that have one and no branch.
    private func elementCurrents(where isWanted: (String) -> Bool = { _ in true }) -> [CompiledOutput] {
        guard let place = netlist.titleRange else { return [] }
        var outputs: [CompiledOutput] = []
        var ignored = Diagnostics()
        for id in 0..<circuit.elements.names.count {
            let name = circuit.elements.names.name(of: UInt32(id))
            guard isWanted(name), let reference = circuit.elements.find(name) else { continue }
            let population = circuit.populations[Int(reference.population)]
            // What the elaboration makes for itself (ddt, sdt) has a `#` in its name.
            guard population.branchUnknown == nil, population.currentOutput != nil,
                !name.utf8.contains(UInt8(ascii: "#")),
                let program = ExpressionCompiler.compile(
                    .probe(Probe(kind: .current, arguments: [name]), place), in: self, diagnostics: &ignored)
            else { continue }
            outputs.append(CompiledOutput(column: Column("i(\(name))", .current, unit: "A"), source: source(program)))
        }
        return outputs
    }

    /// `v(*)`, `v(x1.*)`, `i(v*)`. A star alone means the currents that are unknowns, other patterns those of all elements
    /// of two terminals.
    private func wildcard(_ probe: Probe) -> [CompiledOutput] {
        let written = probe.arguments[0]
        let pattern = NamePattern(dialect.hierarchical(written))
        let known = everything(currents: true).filter { output in
            let name = output.column.name
            guard name.hasPrefix(probe.kind == .voltage ? "v(" : "i(") else { return false }
            return pattern.matches(name.dropFirst(2).dropLast())
        }
        guard probe.kind == .current, written != "*", !requests.savesCurrents else { return known }
        return known + elementCurrents { pattern.matches($0) }
    }

    // MARK: ExpressionScope

    var parameterNames: [String] { requests.parameters.keys.sorted() }
    var functionNames: [String] { requests.functions.keys.sorted() }
    func parameter(_ name: String) -> ScopedParameter? {
        if sweepNames.contains(name) { return nil }
        if let value = requests.parameters[name] { return .value(value) }
        return (requests.expressions[name] ?? equations[name]).map { .expression($0, self) }
    }
    func complexDefinition(ofParameter name: String) -> (expression: Expression, scope: any ExpressionScope)? {
        requests.complexDefinitions[name].map { ($0, self) }
    }
    func function(_ name: String) -> ScopedFunction? {
        requests.functions[name].map { ScopedFunction(arguments: $0.arguments, body: $0.body, scope: self) }
    }

    private func node(named name: String) -> Int? {
        circuit.unknowns.node(named: dialect.hierarchical(name)) ?? circuit.unknowns.node(named: name)
    }

    func quantity(_ name: String) -> ProgramInput? {
        if let sweep = sweepNames.firstIndex(of: name) { return .sweep(Int32(sweep)) }
        if hasNoise {
            // ngspice's vectors have the longer names.
            switch name {
            case "onoise", "onoise_spectrum": return .noise(noiseInput(.output))
            case "inoise", "inoise_spectrum": return .noise(noiseInput(.input))
            default: break
            }
        }
        if let node = node(named: name) { return .unknown(Int32(node)) }
        // A bare element is its principal value: `{2*r1}`.
        for principal in ["r", "c", "l", "dc"] {
            if let (reference, index, _) = output(name, principal) { return .output(reference, Int32(index)) }
        }
        return nil
    }

    private func output(_ element: String, _ name: String) -> (ElementReference, Int, DeviceOutput)? {
        guard let reference = circuit.elements.find(dialect.hierarchical(element)), reference.population >= 0 else {
            return nil
        }
        if let arrays = circuit.populations[Int(reference.population)] as? CrossbarPopulation {
            return arrays.output(named: name, of: Int(reference.index)).map { (reference, $0.index, $0.output) }
        }
        let outputs = circuit.populations[Int(reference.population)].outputs
        guard let index = outputs.firstIndex(where: { $0.name == name }) else { return nil }
        return (reference, index, outputs[index])
    }

    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        ProbeResolver(
            unknowns: circuit.unknowns, directory: circuit.elements, dialect: dialect,
            population: { self.circuit.populations[$0] }, rate: { self.rate($0) }, broken: broken,
            parameter: { self.requests.parameters[$0] }
        ).resolve(probe, prefixes: [""], ports: [:], range, &diagnostics)
    }

    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? {
        if case .delayed = kind { return nil }
        accumulators.append(Accumulator(kind: kind, program: program))
        return .accumulated(Int32(accumulators.count - 1))
    }
    private var accumulators: [Accumulator] = []

    private func rate(_ charge: ChargeRates.Charge) -> ProgramInput {
        if let known = rateIndex[charge] { return .rate(known) }
        let index = Int32(rates.count)
        rates.append(charge)
        rateIndex[charge] = index
        return .rate(index)
    }
    private var rates: [ChargeRates.Charge] = []
    private var rateIndex: [ChargeRates.Charge: Int32] = [:]

    func noiseShare(
        of element: String, source: String?, isInput: Bool, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> ProgramInput? {
        guard hasNoise else {
            diagnostics.error("shares of noise belong into `.print noise`", at: range)
            return nil
        }
        guard let reference = circuit.elements.find(dialect.hierarchical(element)), reference.population >= 0 else {
            let names = (0..<min(circuit.elements.names.count, 20_000)).map {
                circuit.elements.names.name(of: UInt32($0))
            }
            diagnostics.error(
                "no element '\(element)'", at: range,
                hint: suggestion(for: element, among: names).map { "did you mean '\($0)'?" })
            return nil
        }
        let population = circuit.populations[Int(reference.population)]
        let known = population.noiseNames
        let placed = population.placedNoiseNames(of: Int(reference.index))
        var wanted: String?
        if let source {
            wanted = Self.noiseSource(source, among: known, placed: placed)
            guard wanted != nil else {
                var told: Set<String> = []
                let names = (placed.isEmpty ? known : placed.compactMap(\.first)).filter { told.insert($0).inserted }
                diagnostics.error(
                    "'\(element)' has no source of noise '\(source)'", at: range,
                    hint: names.isEmpty ? "it makes none" : "it has: " + names.joined(separator: " "))
                return nil
            }
        }
        return .noise(noiseInput(.share(reference, source: wanted, isInput: isInput)))
    }

    /// The source that is written, nil where there is none. Xyce puts a source's kind and nodes before its name,
    /// `white_d_di_thermal`: one between these nodes is meant. Where they have no such names, the longest name of those
    /// that end alike, if all of this name lie between the same nodes.
    private static func noiseSource(_ written: String, among known: [String], placed: [[String]]) -> String? {
        if known.contains(written) || placed.contains(where: { $0.contains(written) }) { return written }
        guard let kind = ["white_", "flicker_"].first(where: written.hasPrefix) else { return nil }
        let place = String(written.dropFirst(kind.count))
        if placed.contains(where: { $0.contains(place) }) { return place }
        guard let name = known.filter({ written.hasSuffix("_" + $0) }).max(by: { $0.count < $1.count }) else {
            return nil
        }
        return Set(zip(known, placed).filter { $0.0 == name }.map(\.1)).count > 1 ? nil : name
    }

    func noiseInput(_ quantity: NoiseQuantity) -> Int32 {
        if let known = noiseQuantities.firstIndex(of: quantity) { return Int32(known) }
        noiseQuantities.append(quantity)
        return Int32(noiseQuantities.count - 1)
    }
    private(set) var noiseQuantities: [NoiseQuantity] = []

    struct Accumulator: Sendable {
        var kind: AuxiliaryKind
        var program: Program
    }
    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? {
        netlist.points(inFile: path, range, &diagnostics)
    }
    func random(_ key: UInt64) -> Double { 0.5 }
}
