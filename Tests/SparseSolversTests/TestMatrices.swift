import ComplexModule
import RealModule
import SparseSolvers

/// SplitMix64, so that a failure repeats.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func unit() -> Double { Double.random(in: -1...1, using: &self) }
    mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
    /// 10 to the power of something between the bounds.
    mutating func decade(_ bounds: ClosedRange<Double>) -> Double {
        .exp(Double.random(in: bounds, using: &self) * .log(10))
    }
}

/// A matrix put together by stamps, as devices do.
struct TestMatrix<Scalar: SolverScalar> {
    let pattern: SparsityPattern
    var values: [Scalar]

    init(size: Int, stamps: [(row: Int, column: Int, value: Scalar)]) {
        pattern = SparsityPattern(size: size, entries: stamps.map { ($0.row, $0.column) })
        values = Array(repeating: 0, count: pattern.entryCount)
        for stamp in stamps { self[stamp.row, stamp.column] += stamp.value }
    }

    subscript(row: Int, column: Int) -> Scalar {
        get { pattern.slot(row: row, column: column).map { values[$0] } ?? 0 }
        set { if let slot = pattern.slot(row: row, column: column) { values[slot] = newValue } }
    }

    /// ‖b − A x‖ / (‖A‖ ‖x‖ + ‖b‖), all in the largest norm.
    func backwardError(_ x: [Scalar], _ b: [Scalar]) -> Double {
        var residual = b
        let norm = SparseMatrix.residual(pattern, values, x, b, into: &residual)
        let scale = SparseMatrix.infinityNorm(pattern, values) * largest(x) + largest(b)
        return scale == 0 ? norm : norm / scale
    }

    /// The largest over the equations of |b − A x| / (|A| |x| + |b|): each equation by its own measure.
    func componentwiseError(_ x: [Scalar], _ b: [Scalar]) -> Double {
        var residual = b
        _ = SparseMatrix.residual(pattern, values, x, b, into: &residual)
        var scale = b.map(\.magnitude)
        for column in 0..<pattern.size {
            for slot in pattern.slots(column: column) {
                scale[Int(pattern.rowIndices[slot])] += values[slot].magnitude * x[column].magnitude
            }
        }
        return zip(residual, scale).map { $1 == 0 ? $0.magnitude : $0.magnitude / $1 }.reduce(0, maximum)
    }
}

/// NaN counts as the largest.
func maximum(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }

func largest<Scalar: SolverScalar>(_ vector: [Scalar]) -> Double { vector.map(\.magnitude).reduce(0, maximum) }

func difference<Scalar: SolverScalar>(_ a: [Scalar], _ b: [Scalar]) -> Double {
    largest(zip(a, b).map { $0 - $1 }) / max(largest(b), 1)
}

extension LinearSolver {
    func solved(_ rightHandSide: [Scalar]) -> [Scalar] {
        var x = rightHandSide
        x.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solve(base) } }
        return x
    }

    func solvedTransposed(_ rightHandSide: [Scalar]) -> [Scalar] {
        var x = rightHandSide
        x.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { solveTransposed(base) } }
        return x
    }
}

/// Random positions, a full diagonal that keeps the matrix well conditioned, and an unsymmetric pattern.
func randomMatrix(size: Int, seed: Int) -> TestMatrix<Double> {
    var random = SeededGenerator(seed: seed)
    var stamps: [(row: Int, column: Int, value: Double)] = []
    for row in 0..<size {
        stamps.append((row, row, 3 + random.unit()))
        for _ in 0..<3 { stamps.append((row, random.index(size), random.unit())) }
    }
    return TestMatrix(size: size, stamps: stamps)
}

func randomComplexMatrix(size: Int, seed: Int) -> TestMatrix<Complex<Double>> {
    let real = randomMatrix(size: size, seed: seed)
    var random = SeededGenerator(seed: seed + 1)
    var stamps: [(row: Int, column: Int, value: Complex<Double>)] = []
    for column in 0..<size {
        for slot in real.pattern.slots(column: column) {
            stamps.append((Int(real.pattern.rowIndices[slot]), column, Complex(real.values[slot], random.unit())))
        }
    }
    return TestMatrix(size: size, stamps: stamps)
}

/// Nodal equations of a connected random network of 1e-9 to 1 S with a leak at every node, and voltage sources to
/// ground at some: rows and columns of ±1 with a zero on the diagonal.
func circuitMatrix(nodes: Int, sources: Int, seed: Int) -> TestMatrix<Double> {
    var random = SeededGenerator(seed: seed)
    var stamps: [(row: Int, column: Int, value: Double)] = []
    func conductance(_ a: Int, _ b: Int, _ g: Double) {
        stamps += [(a, a, g), (b, b, g), (a, b, -g), (b, a, -g)]
    }
    for node in 0..<nodes {
        stamps.append((node, node, 1e-6))
        if node > 0 { conductance(node, random.index(node), random.decade(-9...0)) }
        let other = random.index(nodes)
        if other != node { conductance(node, other, random.decade(-9...0)) }
    }
    for source in 0..<min(sources, nodes) {
        let branch = nodes + source
        stamps += [(branch, source, 1), (source, branch, 1)]
    }
    return TestMatrix(size: nodes + min(sources, nodes), stamps: stamps)
}

func randomVector(_ size: Int, seed: Int) -> [Double] {
    var random = SeededGenerator(seed: seed)
    return (0..<size).map { _ in random.unit() }
}

func randomComplexVector(_ size: Int, seed: Int) -> [Complex<Double>] {
    var random = SeededGenerator(seed: seed)
    return (0..<size).map { _ in Complex(random.unit(), random.unit()) }
}
