import ComplexModule
import Glibc
import SparseSolvers

/// What `.noise` asks for: the noise at an output, and what a source would have to give to make as much.
///
/// Of each source of noise S(f) between nodes a and b the output sees |z(a) − z(b)|² S, with z the solution of the
/// transposed equations (G + jωC)ᵀ z = e(output): one solution a frequency for all sources (R. Rohrer et al., IEEE J.
/// Solid-State Circuits 6, 204 (1971), doi 10.1109/JSSC.1971.1050162).
struct NoiseAnalysis: Sendable {
    var output: LinearOutput
    /// The independent source that noise is referred to.
    var source: LinearSource
    /// Volts or amperes by the square root of hertz, as ngspice gives them, instead of their squares.
    var givesRoots: Bool
    /// A voltage source refers noise to V, a current source to A.
    var isCurrent: Bool { source.isCurrent }
    /// Input noise is what the source would have to give in units of its AC magnitude (Xyce), instead of in V or A.
    var countsMagnitudes: Bool
}

/// Sources of noise of a circuit at its operating point.
struct CircuitNoise {
    struct Element {
        var reference: ElementReference
        var generators: [NoiseGenerator]
    }
    let elements: [Element]
    private let analysis: NoiseAnalysis
    /// Right-hand side of one unit of the source: unknown and factor.
    private let excitation: [(unknown: Int, factor: Double)]

    init(_ analysis: NoiseAnalysis, _ system: EquationSystem, at x: UnsafePointer<Double>) {
        self.analysis = analysis
        var elements: [Element] = []
        for (place, batch) in system.batches.enumerated() where batch.hasNoise {
            for index in 0..<batch.count {
                let found = batch.noise(element: index, x: x, system.conditions)
                guard !found.isEmpty else { continue }
                elements.append(
                    Element(
                        reference: ElementReference(population: Int32(place), index: Int32(index)), generators: found))
            }
        }
        self.elements = elements
        var magnitude = 1.0
        let batch = system.batches[Int(analysis.source.reference.population)]
        if analysis.countsMagnitudes, let output = batch.outputs.firstIndex(where: { $0.name == "acmag" }) {
            let given = batch.output(output, element: Int(analysis.source.reference.index), x: x, system.conditions)
            if given != 0 { magnitude = given }
        }
        excitation = analysis.source.excitation(in: system.circuit).map { ($0.unknown, $0.factor * magnitude) }
    }

    /// Densities at one frequency, in the order of ``elements``.
    struct Densities {
        /// At the output [V²/Hz]: all, and each element's generators.
        var output = 0.0
        var shares: [[Double]] = []
        /// |output/source|²
        var gain = 0.0
        var input: Double { referred(output) }

        /// A density at the output as seen from the source; one that does not reach the output counts as if it did by a
        /// gain of 1e-10, as in SPICE3.
        func referred(_ density: Double) -> Double { density / max(gain, 1e-20) }
    }

    /// - Parameters:
    ///   - solver: with the factors of G + jωC.
    ///   - z: room for the adjoint solution, one number an unknown.
    func densities(
        _ frequency: Double, _ solver: KLUComplexSolver, _ z: UnsafeMutablePointer<Complex<Double>>, count: Int
    ) -> Densities {
        for unknown in 0..<count { z[unknown] = .zero }
        z[analysis.output.plus] += Complex(1)
        z[analysis.output.minus] -= Complex(1)
        if count > 1 { solver.solveTransposed(z + 1) }
        z[0] = .zero
        var transfer = Complex<Double>.zero
        for part in excitation { transfer += z[part.unknown].scaled(by: part.factor) }
        var result = Densities()
        result.gain = transfer.lengthSquared
        result.shares.reserveCapacity(elements.count)
        for element in elements {
            let shares = element.generators.map {
                (z[$0.from] - z[$0.to]).lengthSquared * $0.density(frequency)
            }
            for share in shares { result.output += share }
            result.shares.append(shares)
        }
        return result
    }
}

/// ∫ S df over the frequencies of an analysis, S a power of f between neighbours: exact for white and for flicker noise.
struct NoiseIntegral: Sendable {
    private(set) var value = 0.0
    private var frequency = Double.nan
    private var density = 0.0

    mutating func add(_ f: Double, _ s: Double) {
        defer { (frequency, density) = (f, s) }
        guard f > frequency else { return }
        guard frequency > 0, density > 0, s > 0 else {
            value += 0.5 * (density + s) * (f - frequency)
            return
        }
        let slope = log(s / density) / log(f / frequency)
        value +=
            abs(slope + 1) < 1e-9
            ? density * frequency * log(f / frequency)
            : (s * f - density * frequency) / (slope + 1)
    }
}
