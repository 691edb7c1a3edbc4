import ComplexModule
import Glibc
import SparseSolvers
import SpiceNetlist
import Waveforms

/// Small-signal analysis: (G + jωC) x = b around an operating point, G = ∂f/∂x and C = ∂q/∂x, b the magnitudes and
/// phases that sources give with `ac`.
struct SmallSignalAnalysis: Sendable {
    /// [Hz]
    var frequencies: [Double]

    /// Calls `accept` with the solution at each frequency; unknown 0 is ground.
    func run(
        _ system: EquationSystem, at point: UnsafePointer<Double>, control: RunControl,
        statistics: inout AnalysisStatistics,
        accept: (Double, UnsafePointer<Complex<Double>>) throws(SimulationFailure) -> Void
    ) throws(SimulationFailure) {
        guard !system.hasArrays else {
            throw SimulationFailure(
                .badNetlist, "this version has no small-signal analysis of a crossbar",
                hint: "write the array out element by element")
        }
        let (conductance, capacitance) = system.smallSignalMatrices(point)
        let excitation = system.smallSignalExcitation()
        let values = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: conductance.count + 1)
        let x = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: system.count + 1)
        defer {
            values.deallocate()
            x.deallocate()
        }
        let solver: KLUComplexSolver
        do throws(SolverError) {
            solver = try KLUComplexSolver(pattern: system.pattern)
        } catch {
            throw SimulationFailure(error, in: system.circuit)
        }
        for (index, frequency) in frequencies.enumerated() {
            if index & 63 == 0 {
                if control.isInterrupted() {
                    throw SimulationFailure(.interrupted, "interrupted at \(frequency) Hz")
                }
                control.progress(Double(index) / Double(frequencies.count))
            }
            let omega = 2 * Double.pi * frequency
            for entry in conductance.indices {
                values[entry] = Complex(conductance[entry], omega * capacitance[entry])
            }
            do throws(SolverError) {
                if index == 0 { try solver.factor(values) } else { try solver.refactor(values) }
            } catch {
                throw SimulationFailure(error, in: system.circuit)
            }
            for row in 0..<system.count { x[row] = excitation[row] }
            if system.count > 1 { solver.solve(x + 1) }
            x[0] = .zero
            statistics.points += 1
            try accept(frequency, UnsafePointer(x))
        }
        control.progress(1)
    }
}

/// Turns solutions at frequencies into rows.
final class SmallSignalEmitter {
    /// A column: a sum of unknowns, as it is or one part of it.
    struct Output {
        var column: Column
        var terms: [(unknown: Int, factor: Double)]
        var part: Probe.Part?
    }
    let outputs: [Output]
    private let sink: any WaveformSink
    private var row: [Double] = []
    private(set) var rowCount = 0
    var lastRow: [Double] { row }

    init(_ outputs: [Output], _ sink: any WaveformSink) {
        self.outputs = outputs
        self.sink = sink
    }

    func accept(_ frequency: Double, _ x: UnsafePointer<Complex<Double>>) throws(SimulationFailure) {
        row.removeAll(keepingCapacity: true)
        row += [frequency, 0]
        for output in outputs {
            var value = Complex<Double>.zero
            for term in output.terms { value += x[term.unknown].scaled(by: term.factor) }
            switch output.part {
            case nil: row += [value.real, value.imaginary]
            case .magnitude: row += [value.length, 0]
            // Degrees, as every peer prints them by default for vp but ngspice, whose radians few expect.
            case .phase: row += [atan2(value.imaginary, value.real) * 180 / Double.pi, 0]
            case .decibel: row += [20 * log10(value.length), 0]
            case .real: row += [value.real, 0]
            case .imaginary: row += [value.imaginary, 0]
            }
        }
        do throws(WaveformError) { try sink.append(row) } catch { throw SimulationFailure(.output, "\(error)") }
        rowCount += 1
    }
}

extension OutputCompiler {
    /// The columns of a small-signal analysis: voltages and currents of branches, whole or by their parts.
    func smallSignal(_ items: [OutputItem], diagnostics: inout Diagnostics) -> [SmallSignalEmitter.Output] {
        var outputs: [SmallSignalEmitter.Output] = []
        func whole(_ compiled: CompiledOutputs) {
            for output in compiled.columns {
                if case .unknown(let unknown) = output.source {
                    outputs.append(SmallSignalEmitter.Output(column: output.column, terms: [(unknown, 1)]))
                }
            }
        }
        if items.isEmpty { whole(compile([], diagnostics: &diagnostics)) }
        for item in items {
            if case .name(let name, let range) = item.expression {
                if ["frequency", "freq", "hertz"].contains(name) { continue }
                let before = diagnostics.errorCount
                let compiled = compile([item], diagnostics: &diagnostics)
                guard diagnostics.errorCount == before else { continue }
                whole(compiled)
                if compiled.columns.allSatisfy({ if case .unknown = $0.source { false } else { true } }) {
                    diagnostics.error("'\(name)' is nothing that .ac can print", at: range)
                }
                continue
            }
            guard case .probe(let probe, let range) = item.expression, [.voltage, .current].contains(probe.kind) else {
                diagnostics.error(
                    "'\(item.label)' can't be printed by .ac in this version", at: item.range,
                    hint:
                        "voltages, currents of branches and their parts can: v(a,b) vm(a) vp(a) vdb(a) vr(a) vi(a) i(v1)"
                )
                continue
            }
            if probe.isWildcard {
                whole(compile([item], diagnostics: &diagnostics))
                continue
            }
            guard let resolved = resolve(probe, range, &diagnostics) else { continue }
            var terms: [(unknown: Int, factor: Double)] = []
            for term in resolved.terms {
                guard case .unknown(let unknown) = term.input else { continue }
                terms.append((Int(unknown), term.factor))
            }
            guard terms.count == resolved.terms.count, resolved.times == nil else {
                diagnostics.error(
                    "'\(item.label)' can't be printed by .ac in this version", at: range,
                    hint: "put a 0 V source in series and print its current")
                continue
            }
            let quantity: Column.Quantity =
                probe.part == .phase
                ? .phase : probe.part == .decibel ? .decibel : probe.kind == .voltage ? .voltage : .current
            outputs.append(
                SmallSignalEmitter.Output(
                    column: Column(item.label, quantity, isReal: probe.part != nil), terms: terms, part: probe.part))
        }
        return outputs
    }
}
