import ComplexModule
import SparseSolvers
import SpiceNetlist
import Waveforms

/// `.sens`: how outputs change with every number on the cards, by the adjoint method.
///
/// At rest f(x, p) = 0, and an output o(x, p) changes by do/dp = ∂o/∂p − zᵀ ∂f/∂p with Gᵀ z = ∂o/∂x: one solution of the
/// transposed equations for all parameters (S. W. Director, R. A. Rohrer, IEEE Trans. Circuit Theory 16, 318 (1969), doi
/// 10.1109/TCT.1969.1082965). Of small signals A(x, p) X = B with A = G + jωC and an output cᵀX,
///
///     do/dp = zᵀ (∂B/∂p − ∂A/∂p X) + yᵀ ∂f/∂p,   Aᵀ z = c,   Gᵀ y = w,   w_k = zᵀ (∂A/∂x_k) X
///
/// where y brings in that the operating point itself moves.
struct SensitivityAnalysis: Analysis {
    static let syntax =
        "write `.sens v(out)`, `.sens v(out) ac dec 10 1 1k` or `.sens objfunc={v(out)} param=r1,q1:area`"
    static let description = AnalysisDescription(
        name: "sensitivities", directives: [.sens],
        syntax: [
            ".sens v(out[,ref])|i(source)|{expression} … [param=name,…]",
            ".sens v(out[,ref])|i(source) ac dec|oct|lin points start stop [param=name,…]",
            ".sens objfunc={expression},… param=name,… (at the points of the netlist's .dc)",
            ".sens acobjfunc={v(out)},… param=name,… (at the frequencies of the netlist's .ac)",
        ],
        summary: "Derivatives of outputs by every parameter of elements and models.")

    /// What is looked at.
    var objectives: [OutputItem]
    /// Labels of the parameters that are asked for; nil for all.
    var parameters: [String]?
    var points: Points

    enum Points: Sendable {
        case operatingPoint
        case dc(DCSweepAnalysis)
        /// With the objectives as outputs of the linearised circuit.
        case frequencies([Double], [LinearOutput])
    }

    var kindName: String { "sens" }
    var tableKind: TableHeader.Kind { .sensitivity }
    var sweptSources: Set<String> {
        if case .dc(let sweep) = points { sweep.sweptSources } else { [] }
    }

    // MARK: - Columns

    private var isSmallSignal: Bool { if case .frequencies = points { true } else { false } }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        var leading: [Column] = []
        switch points {
        case .operatingPoint: break
        case .dc(let sweep): leading = sweep.sweeps.map { Column($0.name, $0.quantity) }
        case .frequencies: leading = [Column("frequency", .frequency)]
        }
        if !isSmallSignal { _ = compiled(elaboration, netlist, &diagnostics) }
        let engine = ParameterSensitivities(netlist, elaboration, wanted: wanted)
        for objective in objectives {
            leading.append(Column(objective.label))
            for (entry, isPresent) in zip(engine.entries, engine.present) where isPresent {
                leading.append(Column("d(\(objective.label))/d(\(entry.parameter.label))"))
            }
        }
        return AnalysisTable(
            leading: leading, isComplex: isSmallSignal,
            abscissa: leading.first?.name == objectives.first?.label ? nil : 0)
    }

    func check(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) {
        if !isSmallSignal { _ = compiled(elaboration, netlist, &diagnostics) }
    }

    private var wanted: ((CardParameter) -> Bool)? {
        guard let parameters else { return nil }
        return { parameter in
            parameters.contains { Self.matches($0, parameter) }
        }
    }

    /// `r1`, `r1:r` and `r1:resistance` all mean the value of r1.
    private static func matches(_ written: String, _ parameter: CardParameter) -> Bool {
        if written == parameter.label { return true }
        guard parameter.name.isEmpty, case .element(let element) = parameter.owner, written.hasPrefix(element + ":"),
            let letter = element.split(separator: ".").last?.first
        else { return false }
        let name = written.dropFirst(element.count + 1)
        let long: [Character: [String]] = [
            "r": ["r", "resistance"], "c": ["c", "capacitance"], "l": ["l", "inductance"], "v": ["dc", "dcv0"],
            "i": ["dc", "dcv0"],
        ]
        return long[letter]?.contains(String(name)) ?? false
    }

    private func compiled(
        _ elaboration: Elaboration, _ netlist: Netlist, _ diagnostics: inout Diagnostics
    ) -> [Program] {
        let compiler = OutputCompiler(elaboration, netlist)
        var programs: [Program] = []
        for objective in objectives {
            let errors = diagnostics.errorCount
            if let program = ExpressionCompiler.compile(objective.expression, in: compiler, diagnostics: &diagnostics) {
                programs.append(program)
            } else if diagnostics.errorCount == errors {
                diagnostics.error("'\(objective.label)' is no single number to differentiate", at: objective.range)
            }
        }
        return programs
    }

    // MARK: - Run

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        switch points {
        case .operatingPoint:
            let system = try EquationSystem(run.circuit)
            defer { run.note(system) }
            let x = Vector(system.count)
            try run.operatingPoint(system, x)
            run.report.statistics.points += 1
            let engine = ParameterSensitivities(run.netlist, run.elaboration, wanted: wanted)
            let found = try direct(run, engine, run.elaboration, system, UnsafePointer(x.base))
            try run.emit(found.flatMap { $0 })
            for (objective, values) in zip(objectives, found) { note(objective.label, values, engine, run) }
        case .dc(let sweep):
            var last: (elaboration: Int, engine: ParameterSensitivities)?
            try sweep.eachPoint(run) { (values, x, swept, _) throws(SimulationFailure) in
                if last?.elaboration != swept.elaborationCount {
                    last = (
                        swept.elaborationCount, ParameterSensitivities(run.netlist, swept.elaboration, wanted: wanted)
                    )
                }
                guard let engine = last?.engine else { return }
                let found = try direct(run, engine, swept.elaboration, swept.system, x)
                try run.emit(values + found.flatMap { $0 })
            }
        case .frequencies(let frequencies, let outputs): try smallSignal(run, frequencies, outputs)
        }
    }

    /// For each objective its value and its derivatives.
    private func direct(
        _ run: AnalysisRun, _ engine: ParameterSensitivities, _ elaboration: Elaboration, _ system: EquationSystem,
        _ x: UnsafePointer<Double>
    ) throws(SimulationFailure) -> [[Double]] {
        var diagnostics = Diagnostics()
        let programs = compiled(elaboration, run.netlist, &diagnostics)
        if diagnostics.hasErrors { throw SimulationFailure(diagnostics, "the objective") }
        let linear = try LinearisedCircuit(system, at: x)
        let derivatives = engine.derivatives(
            at: x, system.conditions, inputs: Array(Set(programs.flatMap(\.inputs))))
        var rows: [[Double]] = []
        for program in programs {
            let objective = ObjectiveGradient(program, system, at: x)
            let z = linear.solve(objective.byUnknown, transposed: true)
            var row = [objective.value]
            for derivative in derivatives where engine.present[derivative.entry] {
                var sum = 0.0
                for element in derivative.elements {
                    for (unknown, change) in zip(element.unknowns, element.current) {
                        sum -= z[Int(unknown)] * change
                    }
                }
                for (input, slope) in objective.byInput { sum += slope * (derivative.outputs[input] ?? 0) }
                row.append(sum)
            }
            rows.append(row)
        }
        return rows
    }

    private func smallSignal(
        _ run: AnalysisRun, _ frequencies: [Double], _ outputs: [LinearOutput]
    ) throws(SimulationFailure) {
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let x = Vector(system.count)
        try run.operatingPoint(system, x)
        let point = UnsafePointer(x.base)
        let linear = try LinearisedCircuit(system, at: point)
        let engine = ParameterSensitivities(run.netlist, run.elaboration, wanted: wanted)
        let derivatives = engine.derivatives(at: point, system.conditions).filter { engine.present[$0.entry] }
        let bends = OperatingPointBends(system, at: point)
        let analysis = SmallSignalAnalysis(frequencies: frequencies)
        var statistics = AnalysisStatistics()
        defer { run.report.statistics.points += statistics.points }
        try analysis.solve(
            system, frequencies[...], at: point, control: run.control, noise: nil,
            statistics: &statistics
        ) { (frequency, solution, solver, _) throws(SimulationFailure) in
            var row: [Double] = [frequency, 0]
            let jw = Complex(0, 2 * Double.pi * frequency)
            for output in outputs {
                var z = [Complex<Double>](repeating: .zero, count: system.count)
                z[output.plus] += Complex(1)
                z[output.minus] -= Complex(1)
                z.withUnsafeMutableBufferPointer { z in
                    if z.count > 1, let base = z.baseAddress { solver.solveTransposed(base + 1) }
                }
                z[0] = .zero
                let value = solution[output.plus] - solution[output.minus]
                row += [value.real, value.imaginary]
                let w = bends.gradient(z, solution, jw)
                let (re, im) = (
                    linear.solve(w.map(\.real), transposed: true), linear.solve(w.map(\.imaginary), transposed: true)
                )
                for derivative in derivatives {
                    var sum = Complex<Double>.zero
                    for element in derivative.elements {
                        let arity = element.unknowns.count
                        for (place, unknown) in element.unknowns.enumerated() where unknown > 0 {
                            let k = Int(unknown)
                            var change = place < element.excitation.count ? element.excitation[place] : .zero
                            if !element.conductance.isEmpty {
                                for column in 0..<arity {
                                    let entry = place * arity + column
                                    change -=
                                        (Complex(element.conductance[entry]) + jw.scaled(by: element.capacitance[entry]))
                                        * solution[Int(element.unknowns[column])]
                                }
                            }
                            sum += z[k] * change + Complex(re[k], im[k]).scaled(by: element.current[place])
                        }
                    }
                    row += [sum.real, sum.imaginary]
                }
            }
            try run.emit(row, isComplex: true)
        }
    }

    /// What a person reads: value, derivative, and the change for one percent of the value, the strongest first.
    private func note(
        _ label: String, _ values: [Double], _ engine: ParameterSensitivities, _ run: AnalysisRun
    ) {
        let shown = engine.entries.indices.filter { engine.present[$0] }
        var lines = zip(shown, values.dropFirst()).map { (entry: engine.entries[$0], slope: $1) }
        lines.removeAll { $0.slope == 0 }
        lines.sort { abs($0.slope * $0.entry.value) > abs($1.slope * $1.entry.value) }
        run.report.notes.append("\(label) = \((values.first ?? .nan).sixDigits)")
        run.report.notes.append("  parameter                       value    derivative   for one percent")
        for line in lines.prefix(40) {
            let name = line.entry.parameter.label
            run.report.notes.append(
                "  " + name + String(repeating: " ", count: max(1, 24 - name.count))
                    + line.entry.value.sixDigits.leftPadded(to: 13) + " " + line.slope.sixDigits.leftPadded(to: 13)
                    + " " + (line.slope * line.entry.value / 100).sixDigits.leftPadded(to: 17))
        }
        if lines.count > 40 { run.report.notes.append("  … and \(lines.count - 40) more") }
    }
}

/// An expression's value and slopes at a solution, by central differences.
private struct ObjectiveGradient {
    let value: Double
    /// By unknown, what elements' quantities depend on included.
    private(set) var byUnknown: [Double]
    /// By quantity of an element.
    private(set) var byInput: [ProgramInput: Double] = [:]

    init(_ program: Program, _ system: EquationSystem, at point: UnsafePointer<Double>) {
        let x = Vector(system.count)
        x.copy(point)
        byUnknown = [Double](repeating: 0, count: system.count)
        func output(_ reference: ElementReference, _ index: Int32) -> Double {
            system.batches[Int(reference.population)].output(
                Int(index), element: Int(reference.index), x: UnsafePointer(x.base), system.conditions)
        }
        var inputs = program.inputs.map { input in
            switch input {
            case .unknown(let unknown): x.base[Int(unknown)]
            case .output(let reference, let index): output(reference, index)
            default: 0.0
            }
        }
        let registers = UnsafeMutablePointer<Double>.allocate(capacity: max(program.registerCount, inputs.count, 1))
        defer { registers.deallocate() }
        func evaluate() -> Double {
            for (place, value) in inputs.enumerated() { registers[place] = value }
            return program.evaluate(registers)
        }
        value = evaluate()
        for (place, input) in program.inputs.enumerated() {
            let kept = inputs[place]
            let step = 1e-6 * max(abs(kept), 1e-6)
            inputs[place] = kept + step
            let above = evaluate()
            inputs[place] = kept - step
            let slope = (above - evaluate()) / (2 * step)
            inputs[place] = kept
            switch input {
            case .unknown(let unknown): byUnknown[Int(unknown)] += slope
            case .output(let reference, let index):
                byInput[input] = slope
                for unknown in Set(
                    system.batches[Int(reference.population)].dependencies(element: Int(reference.index)))
                where unknown > 0 {
                    let place = Int(unknown)
                    let kept = x.base[place]
                    let step = 1e-6 * max(1, 0.1 * abs(kept))
                    x.base[place] = kept + step
                    let above = output(reference, index)
                    x.base[place] = kept - step
                    byUnknown[place] += slope * (above - output(reference, index)) / (2 * step)
                    x.base[place] = kept
                }
            default: break
            }
        }
        byUnknown[0] = 0
    }
}

/// How G and C of nonlinear elements change with the operating point, ∂A/∂x_k by central differences.
private struct OperatingPointBends {
    private struct Element {
        var unknowns: [Int32]
        /// By local unknown: ∂G/∂x and ∂C/∂x of the element, row by row.
        var slopes: [(conductance: [Double], capacitance: [Double])]
    }
    private var elements: [Element] = []
    private let count: Int

    init(_ system: EquationSystem, at point: UnsafePointer<Double>) {
        count = system.count
        let x = Vector(system.count)
        x.copy(point)
        var resting = system.conditions
        resting.interval = 0
        for batch in system.batches where !batch.isLinear {
            for index in 0..<batch.count {
                func matrices() -> ElementContribution? {
                    batch.contribution(element: index, x: UnsafePointer(x.base), resting)
                }
                guard let center = matrices(), !center.conductance.isEmpty else { continue }
                var element = Element(unknowns: center.unknowns, slopes: [])
                for unknown in center.unknowns {
                    guard unknown > 0 else {
                        element.slopes.append(([], []))
                        continue
                    }
                    // Of fourth order: where a parameter's own effect and that of the moved operating point nearly cancel,
                    // what is left has fewer digits.
                    let kept = x.base[Int(unknown)]
                    let step = 5e-5 * max(1, 0.1 * abs(kept))
                    func moved(_ steps: Double) -> ElementContribution {
                        x.base[Int(unknown)] = kept + steps * step
                        return matrices() ?? center
                    }
                    let near = (moved(1) - moved(-1)).scaled(by: 8)
                    let slope = (near - (moved(2) - moved(-2))).withoutRounding(of: center).scaled(by: 1 / (12 * step))
                    x.base[Int(unknown)] = kept
                    element.slopes.append((slope.conductance, slope.capacitance))
                }
                elements.append(element)
            }
        }
    }

    /// w_k = zᵀ (∂A/∂x_k) X.
    func gradient(
        _ z: [Complex<Double>], _ solution: UnsafePointer<Complex<Double>>, _ jw: Complex<Double>
    ) -> [Complex<Double>] {
        var w = [Complex<Double>](repeating: .zero, count: count)
        for element in elements {
            let arity = element.unknowns.count
            var seen: Set<Int32> = []
            for (local, slope) in element.slopes.enumerated() where !slope.conductance.isEmpty {
                // Two locals that share an unknown moved together.
                guard seen.insert(element.unknowns[local]).inserted else { continue }
                var sum = Complex<Double>.zero
                for row in 0..<arity {
                    for column in 0..<arity {
                        let entry = row * arity + column
                        let change = Complex(slope.conductance[entry]) + jw.scaled(by: slope.capacitance[entry])
                        sum += z[Int(element.unknowns[row])] * change * solution[Int(element.unknowns[column])]
                    }
                }
                w[Int(element.unknowns[local])] += sum
            }
        }
        w[0] = .zero
        return w
    }
}
