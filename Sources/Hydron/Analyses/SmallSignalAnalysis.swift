import ComplexModule
import SparseSolvers

/// Small-signal analysis: (G + jωC) x = b around an operating point, G = ∂f/∂x and C = ∂q/∂x, b the magnitudes and
/// phases that sources give with `ac`.
struct SmallSignalAnalysis: Sendable {
    /// [Hz]
    var frequencies: [Double]
    /// Quantities that change from frequency to frequency, one value for each.
    var sweeps: [Sweep] = []
    /// `.noise` instead of `.ac`.
    var noise: NoiseAnalysis?

    /// Calls `accept` with the solution at each frequency, unknown 0 being ground, and the noise there where it is asked
    /// for.
    func run(
        _ system: EquationSystem, _ frequencies: ArraySlice<Double>, at point: UnsafePointer<Double>,
        control: RunControl,
        noise: CircuitNoise?, statistics: inout AnalysisStatistics,
        accept: (Double, UnsafePointer<Complex<Double>>, CircuitNoise.Densities?) throws(SimulationFailure) -> Void
    ) throws(SimulationFailure) {
        guard !system.hasArrays else {
            throw SimulationFailure(
                .badNetlist, "this version has no small-signal analysis of a crossbar",
                hint: "write the array out element by element")
        }
        var (conductance, capacitance) = system.smallSignalMatrices(point)
        let excitation = system.smallSignalExcitation()
        let values = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: conductance.count + 1)
        let x = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: system.count + 1)
        let z = UnsafeMutablePointer<Complex<Double>>.allocate(capacity: system.count + 1)
        defer {
            values.deallocate()
            x.deallocate()
            z.deallocate()
        }
        let solver: KLUComplexSolver
        do throws(SolverError) {
            solver = try KLUComplexSolver(pattern: system.pattern)
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
                (conductance, capacitance) = system.smallSignalMatrices(point)
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
            try accept(
                frequency, UnsafePointer(x), noise?.densities(frequency, solver, z, count: system.count))
        }
        control.progress(1)
    }
}
