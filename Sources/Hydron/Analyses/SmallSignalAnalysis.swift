import ComplexModule
import SparseSolvers
import SpiceNetlist
import Waveforms

/// Small-signal analysis: (G + jωC) x = b around an operating point, G = ∂f/∂x and C = ∂q/∂x, b the magnitudes and
/// phases that sources give with `ac`. Lines, and devices with states of their own, add what these do at jω.
struct SmallSignalAnalysis: Analysis {
    static let description = AnalysisDescription(
        name: "small-signal analysis", directives: [.ac, .noise],
        syntax: [
            ".ac dec|oct|lin points start stop", ".ac data=table",
            ".noise v(out[,ref]) source dec|oct|lin points start stop",
            ".noise v(out[,ref]) source data=table",
        ],
        summary: "Amplitudes and phases, or the noise, around the operating point over frequency.")

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        directive == .noise ? reader.readNoise(card) : reader.readAC(card)
    }

    var looksAtSmallSignals: Bool { true }
    var kindName: String { noise == nil ? "ac" : "noise" }
    var tableKind: TableHeader.Kind { noise == nil ? .ac : .noise }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        let compiler = OutputCompiler(elaboration, netlist, isComplex: true, hasNoise: noise != nil)
        let outputs = compiler.compile(
            elaboration.outputs.items(for: kindName), noise: noise, recording: elaboration.measurements,
            for: kindName, diagnostics: &diagnostics)
        return AnalysisTable(
            leading: [Column(netlist.dialect.frequencyColumn, .frequency)], outputs: outputs, isComplex: true)
    }

    /// [Hz]
    var frequencies: [Double]
    /// Quantities that change from frequency to frequency, one value for each.
    var sweeps: [Sweep] = []
    /// `.noise` instead of `.ac`.
    var noise: NoiseAnalysis?

    /// All frequencies of a set of values that stays the same have one operating point.
    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let swept = try SweptSystem(run.netlist, run.elaboration, run.overrides, sweeps)
        var total = (output: NoiseIntegral(), input: NoiseIntegral())
        func values(_ row: Int) -> [Double] { sweeps.map { $0.values[row] } }
        var start = 0
        while start < frequencies.count {
            var end = start + 1
            while end < frequencies.count, values(end) == values(start) { end += 1 }
            let system = try swept.at(values(start))
            defer { run.note(system) }
            let x = Vector(system.count)
            try run.operatingPoint(system, x)
            let point = UnsafePointer(x.base)
            let outputs = try run.table(self, swept.elaboration).outputs
            let noise = noise.map { CircuitNoise($0, system, at: point) }
            let rows = SmallSignalEmitter(
                outputs, run.sink, system, at: point,
                noise: noise.map { ($0, self.noise?.givesRoots ?? false) })
            var statistics = AnalysisStatistics()
            defer { run.report.statistics.add(statistics) }
            try solve(
                system, frequencies[start..<end], at: point, control: run.control, noise: noise,
                statistics: &statistics,
                accept: { (frequency, x, _, densities) throws(SimulationFailure) in
                    if let densities {
                        total.output.add(frequency, densities.output)
                        total.input.add(frequency, densities.input)
                    }
                    try rows.accept(frequency, x, densities)
                    run.report.note(complex: rows.lastRow)
                })
            start = end
        }
        if let noise {
            run.report.noise = RunReport.Noise(
                output: total.output.value.squareRoot(), input: total.input.value.squareRoot(),
                inputUnit: noise.isCurrent ? "A" : "V")
        }
    }

    /// Calls `accept` with the solution at each frequency, unknown 0 being ground, the factors of G + jωC, and the noise
    /// there where it is asked for.
    func solve(
        _ system: EquationSystem, _ frequencies: ArraySlice<Double>, at point: UnsafePointer<Double>,
        control: RunControl,
        noise: CircuitNoise?, statistics: inout AnalysisStatistics,
        accept: (
            Double, UnsafePointer<Complex<Double>>, KLUComplexSolver, CircuitNoise.Densities?
        ) throws(SimulationFailure) -> Void
    ) throws(SimulationFailure) {
        guard noise == nil || !system.hasArrays else {
            throw SimulationFailure(
                .badNetlist, "this version has no noise analysis of a crossbar",
                hint: "write the array out element by element")
        }
        var matrices = try system.smallSignalMatrices(point)
        let excitation = system.smallSignalExcitation()
        let values = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: matrices.conductance.count + 1)
        let x = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: system.count + 1)
        let z = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: system.count + 1)
        defer {
            values.deallocate()
            x.deallocate()
            z.deallocate()
        }
        let solver: KLUComplexSolver
        do throws(SolverError) {
            solver = try KLUComplexSolver(pattern: matrices.pattern)
        } catch {
            throw SimulationFailure(error, in: system.circuit)
        }
        defer { system.conditions.frequency = 0 }
        for (index, frequency) in frequencies.enumerated() {
            if index & 63 == 0 {
                if control.isInterrupted() {
                    throw SimulationFailure(.interrupted, "interrupted at \(frequency) Hz")
                }
                control.progress(Double(index) / Double(frequencies.count))
            }
            if system.dependsOnFrequency {
                system.conditions.frequency = frequency
                matrices = try system.smallSignalMatrices(point)
            }
            let omega = 2 * Double.pi * frequency
            system.smallSignalMatrix(omega, at: point, matrices, into: values)
            do throws(SolverError) {
                if index == 0 { try solver.factor(values) } else { try solver.refactor(values) }
            } catch {
                throw SimulationFailure(error, in: system.circuit)
            }
            for row in 0..<system.count { x[row] = excitation[row] }
            if system.count > 1 { solver.solve(x + 1) }
            x[0] = .zero
            statistics.points += 1
            try accept(
                frequency, UnsafePointer(x), solver, noise?.densities(frequency, solver, z, count: system.count))
        }
        control.progress(1)
    }
}
