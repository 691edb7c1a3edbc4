import ComplexModule
import Glibc
import SpiceNetlist
import Waveforms

/// What a column of `.noise` shows besides amplitudes.
enum NoiseQuantity: Hashable, Sendable {
    case output
    case input
    /// One element's share, of one of its sources or all; at the output or referred to the input.
    case share(ElementReference, source: String?, isInput: Bool)
}

/// Turns solutions at frequencies into rows.
final class SmallSignalEmitter {
    private let outputs: CompiledOutputs
    private let noiseQuantities: [NoiseQuantity]
    private let sink: any WaveformSink
    private var slopes: OutputSlopes
    private let system: EquationSystem
    /// The operating point.
    private let point: UnsafePointer<Double>
    private let registers: UnsafeMutablePointer<Complex<Double>>
    private var accumulated: [Complex<Double>]
    private var row: [Double] = []
    private(set) var rowCount = 0
    var lastRow: [Double] { row }
    private let noise: (CircuitNoise, givesRoots: Bool)?

    init(
        _ outputs: CompiledOutputs, _ sink: any WaveformSink, _ system: EquationSystem,
        at point: UnsafePointer<Double>,
        noise: (CircuitNoise, givesRoots: Bool)?
    ) {
        self.outputs = outputs
        noiseQuantities = outputs.noise
        self.sink = sink
        self.system = system
        self.point = point
        slopes = OutputSlopes(outputs, system, at: point)
        self.noise = noise
        accumulated = [Complex<Double>](repeating: .zero, count: outputs.accumulators.count)
        var size = 1
        for output in outputs.columns {
            if case .program(let program) = output.source { size = max(size, program.registerCount) }
        }
        for accumulator in outputs.accumulators { size = max(size, accumulator.program.registerCount) }
        registers = .allocate(capacity: size)
    }

    deinit { registers.deallocate() }

    func accept(
        _ frequency: Double, _ x: UnsafePointer<Complex<Double>>, _ densities: CircuitNoise.Densities?
    ) throws(SimulationFailure) {
        row.removeAll(keepingCapacity: true)
        row += [frequency, 0]
        if system.dependsOnFrequency { slopes = OutputSlopes(outputs, system, at: point) }
        let omega = Complex(0, 2 * Double.pi * frequency)
        for (index, accumulator) in outputs.accumulators.enumerated() {
            let argument = evaluate(accumulator.program, frequency, x, densities)
            accumulated[index] = accumulator.kind == .derivative ? argument * omega : argument / omega
        }
        for output in outputs.columns {
            let value: Complex<Double>
            switch output.source {
            case .unknown(let unknown): value = x[unknown]
            case .constant(let constant): value = Complex(constant)
            case .program(let program): value = evaluate(program, frequency, x, densities)
            }
            row += [value.real, output.column.isReal ? 0 : value.imaginary]
        }
        do throws(WaveformError) { try sink.append(row) } catch { throw SimulationFailure(.output, "\(error)") }
        rowCount += 1
    }

    private func evaluate(
        _ program: Program, _ frequency: Double, _ x: UnsafePointer<Complex<Double>>,
        _ densities: CircuitNoise.Densities?
    ) -> Complex<Double> {
        for (place, input) in program.inputs.enumerated() {
            registers[place] =
                switch input {
                case .unknown(let unknown): x[Int(unknown)]
                case .frequency: Complex(frequency)
                case .output, .rate: slopes.value(input, frequency, x)
                case .accumulated(let index): accumulated[Int(index)]
                case .noise(let index): Complex(density(noiseQuantities[Int(index)], densities))
                case .time, .sweep, .random: .zero
                }
        }
        return program.evaluate(registers)
    }

    private func density(_ quantity: NoiseQuantity, _ densities: CircuitNoise.Densities?) -> Double {
        guard let densities, let noise else { return 0 }
        let power: Double
        switch quantity {
        case .output: power = densities.output
        case .input: power = densities.input
        case .share(let reference, let source, let isInput):
            guard let place = noise.0.elements.firstIndex(where: { $0.reference == reference }) else { return 0 }
            var sum = 0.0
            for (generator, share) in zip(noise.0.elements[place].generators, densities.shares[place])
            where source.map({ generator.name == $0 || generator.placedNames.contains($0) }) ?? true {
                sum += share
            }
            power = isInput ? densities.referred(sum) : sum
        }
        return noise.givesRoots ? power.squareRoot() : power
    }
}

/// Small signals of what devices give out: their slopes at the operating point, by central differences.
final class OutputSlopes {
    private struct Slope {
        /// At the operating point; what is no current keeps it.
        var value: Double
        var isSignal: Bool
        var terms: [(unknown: Int, slope: Double)]
    }
    private var slopes: [ProgramInput: Slope] = [:]

    init(_ outputs: CompiledOutputs, _ system: EquationSystem, at point: UnsafePointer<Double>) {
        let x = Vector(system.count)
        x.copy(point)
        var programs = outputs.accumulators.map(\.program)
        for output in outputs.columns { if case .program(let program) = output.source { programs.append(program) } }
        for input in Set(programs.flatMap(\.inputs)) {
            switch input {
            case .output(let reference, let index):
                let batch = system.batches[Int(reference.population)]
                let population = system.circuit.populations[Int(reference.population)]
                let isSignal = !population.isReal(output: Int(index))
                let unknowns = (batch as? CrossbarBatch)?.nodes(ofOutput: Int(index), element: Int(reference.index))
                slopes[input] = Self.slope(batch, reference, Int(index), x, system, isSignal, unknowns)
            case .rate(let index):
                let charge = outputs.rates[Int(index)]
                slopes[input] = Self.slope(
                    system.batches[Int(charge.reference.population)], charge.reference, Int(charge.output), x, system,
                    true)
            default: break
            }
        }
    }

    private static func slope(
        _ batch: any ElementBatch, _ reference: ElementReference, _ output: Int, _ x: Vector,
        _ system: EquationSystem, _ isSignal: Bool, _ unknowns: [Int]? = nil
    ) -> Slope {
        let element = Int(reference.index)
        func value() -> Double { batch.output(output, element: element, x: UnsafePointer(x.base), system.conditions) }
        var slope = Slope(value: value(), isSignal: isSignal, terms: [])
        guard isSignal else { return slope }
        for unknown in Set(unknowns ?? batch.dependencies(element: element).map(Int.init)).sorted() where unknown > 0 {
            let kept = x.base[unknown]
            // Far below a thermal voltage: curvature and rounding both leave nine digits.
            let step = 1e-6 * max(1, 0.1 * abs(kept))
            x.base[unknown] = kept + step
            let above = value()
            x.base[unknown] = kept - step
            let below = value()
            x.base[unknown] = kept
            if above != below { slope.terms.append((unknown, (above - below) / (2 * step))) }
        }
        return slope
    }

    func value(
        _ input: ProgramInput, _ frequency: Double, _ x: UnsafePointer<Complex<Double>>
    ) -> Complex<Double> {
        guard let slope = slopes[input] else { return .zero }
        guard slope.isSignal else { return Complex(slope.value) }
        var sum = Complex<Double>.zero
        for term in slope.terms { sum += x[term.unknown].scaled(by: term.slope) }
        if case .rate = input { return sum * Complex(0, 2 * Double.pi * frequency) }
        return sum
    }
}

extension OutputCompiler {
    /// The columns of `.ac` and `.noise`.
    func smallSignal(
        _ items: [OutputItem], noise: NoiseAnalysis?, diagnostics: inout Diagnostics
    ) -> CompiledOutputs {
        var outputs = CompiledOutputs()
        if items.isEmpty, noise != nil {
            for (name, quantity) in [("onoise", NoiseQuantity.output), ("inoise", .input)] {
                var program = Program()
                program.inputs = [.noise(noiseInput(quantity))]
                outputs.columns.append(CompiledOutput(column: Column(name), source: .program(program)))
            }
            outputs.noise = noiseQuantities
        } else {
            outputs = compile(items, diagnostics: &diagnostics)
        }
        for index in outputs.columns.indices {
            switch outputs.columns[index].source {
            case .unknown: break
            case .constant: outputs.columns[index].column.isReal = true
            case .program(let program):
                outputs.columns[index].column.isReal = program.isReal { isReal($0) }
                guard let noise, program.instructions.isEmpty, case .noise(let place)? = program.inputs.first else {
                    continue
                }
                let quantity = Self.quantity(noiseQuantities[Int(place)], noise)
                outputs.columns[index].column.quantity = quantity
                outputs.columns[index].column.unit = quantity.unit
            }
        }
        return outputs
    }

    private func isReal(_ input: ProgramInput) -> Bool {
        switch input {
        case .unknown, .rate, .accumulated: false
        case .output(let reference, let index):
            circuit.populations[Int(reference.population)].isReal(output: Int(index))
        default: true
        }
    }

    private static func quantity(_ quantity: NoiseQuantity, _ noise: NoiseAnalysis) -> Column.Quantity {
        let isInput =
            switch quantity {
            case .output: false
            case .input: true
            case .share(_, _, let isInput): isInput
            }
        if isInput, noise.isCurrent { return noise.givesRoots ? .currentDensity : .currentPowerDensity }
        return noise.givesRoots ? .voltageDensity : .voltagePowerDensity
    }
}
