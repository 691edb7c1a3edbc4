import SparseSolvers

/// Coupling of inductors: the flux of each gets M = k √(Lᵢ Lⱼ) times the current of each other.
///
/// The rows of the inductors' branches hold v − dΦ/dt = 0, to which a coupling adds −M to ∂q/∂x. It has no unknowns of
/// its own. ngspice 46 manual, section 3.3.12.
struct MutualInductance: Sendable {
    var coefficient: Double
    /// All pairs among the inductors of one card.
    var pairs: [Pair]

    struct Pair: Sendable, BitwiseCopyable {
        /// Branch unknowns.
        var first: Int32
        var second: Int32
        /// M [H]
        var mutual: Double
    }

    /// The elements of one circuit.
    struct Elements: Population {
        var couplings: [MutualInductance] = []
        var identities: [ElementIdentity] = []

        var count: Int { couplings.count }
        var arity: Int { 0 }
        var outputs: [DeviceOutput] { MutualInductance.outputs }
        func identity(_ index: Int) -> ElementIdentity { identities[index] }
        func unknown(_ local: Int, of element: Int) -> Int32 { -1 }
        func makeBatch() -> any ElementBatch { CouplingBatch(couplings) }
    }

    static let outputs = [
        DeviceOutput("k", unit: "-", "coupling coefficient"),
        DeviceOutput("m", unit: "H", "mutual inductance of the first two inductors"),
    ]
}

/// The couplings of a circuit as the engine sees them: constants in ∂q/∂x.
final class CouplingBatch: ElementBatch {
    let couplings: [MutualInductance]

    init(_ couplings: [MutualInductance]) {
        self.couplings = couplings
    }

    var count: Int { couplings.count }
    var isLinear: Bool { true }
    var followsTangents: Bool { true }
    var outputs: [DeviceOutput] { MutualInductance.outputs }

    func declare(_ pattern: inout PatternBuilder) {
        for coupling in couplings {
            for pair in coupling.pairs {
                pattern.insert(row: Int(pair.first) - 1, column: Int(pair.second) - 1)
                pattern.insert(row: Int(pair.second) - 1, column: Int(pair.first) - 1)
            }
        }
    }

    func contribution(element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> ElementContribution? {
        let pairs = couplings[element].pairs
        let arity = 2 * pairs.count
        var found = ElementContribution(
            unknowns: pairs.flatMap { [$0.first, $0.second] }, current: [Double](repeating: 0, count: arity),
            charge: [Double](repeating: 0, count: arity),
            conductance: [Double](repeating: 0, count: arity * arity),
            capacitance: [Double](repeating: 0, count: arity * arity))
        for (place, pair) in pairs.enumerated() {
            let (first, second) = (2 * place, 2 * place + 1)
            found.charge[first] = -pair.mutual * x[Int(pair.second)]
            found.charge[second] = -pair.mutual * x[Int(pair.first)]
            found.capacitance[first * arity + second] = -pair.mutual
            found.capacitance[second * arity + first] = -pair.mutual
        }
        return found
    }

    func loadLinear(_ pattern: SparsityPattern, _ context: LoadContext) {
        func add(_ row: Int32, _ column: Int32, _ value: Double) {
            guard let slot = pattern.slot(row: Int(row) - 1, column: Int(column) - 1) else { return }
            context.chargeJacobian[slot + 1] += value * context.alpha
        }
        for coupling in couplings {
            for pair in coupling.pairs {
                add(pair.first, pair.second, -pair.mutual)
                add(pair.second, pair.first, -pair.mutual)
            }
        }
    }

    func output(_ index: Int, element: Int, x: UnsafePointer<Double>, _ conditions: Conditions) -> Double {
        index == 0 ? couplings[element].coefficient : couplings[element].pairs.first?.mutual ?? .nan
    }
}

// MARK: - Passivity

extension MutualInductance.Elements {
    /// Couplings that share inductors, where together they would give energy away: the matrix of their coefficients
    /// has a negative eigenvalue. Each set is a list of indices into ``couplings``.
    func activeSets() -> [[Int]] {
        var place: [Int32: Int] = [:]
        var parent: [Int] = []
        func root(_ node: Int) -> Int {
            var node = node
            while parent[node] != node { node = parent[node] }
            return node
        }
        for coupling in couplings {
            for pair in coupling.pairs {
                for branch in [pair.first, pair.second] where place[branch] == nil {
                    place[branch] = parent.count
                    parent.append(parent.count)
                }
                guard let a = place[pair.first], let b = place[pair.second] else { continue }
                parent[root(a)] = root(b)
            }
        }
        var members: [Int: [Int]] = [:]
        for (index, coupling) in couplings.enumerated() {
            guard let branch = coupling.pairs.first?.first, let node = place[branch] else { continue }
            members[root(node), default: []].append(index)
        }
        return members.values.filter { $0.count > 1 || couplings[$0[0]].pairs.count > 1 }
            .filter { !isPassive($0) }.sorted { $0[0] < $1[0] }
    }

    private func isPassive(_ set: [Int]) -> Bool {
        var place: [Int32: Int] = [:]
        for index in set {
            for pair in couplings[index].pairs {
                for branch in [pair.first, pair.second] where place[branch] == nil { place[branch] = place.count }
            }
        }
        let size = place.count
        // A dense factorization; beyond this size it would cost more than the simulation.
        guard size <= 1000 else { return true }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        for k in 0..<size { matrix[k][k] = 1 }
        for index in set {
            for pair in couplings[index].pairs {
                guard let a = place[pair.first], let b = place[pair.second] else { continue }
                matrix[a][b] += couplings[index].coefficient
                matrix[b][a] += couplings[index].coefficient
            }
        }
        return Self.isPositiveSemidefinite(matrix)
    }

    /// L D Lᵀ with the largest diagonal first (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002,
    /// section 10.3), for a matrix of size-1 entries.
    private static func isPositiveSemidefinite(_ matrix: [[Double]]) -> Bool {
        var a = matrix
        var rest = Array(a.indices)
        let tolerance = 1e-9
        while let pivot = rest.max(by: { a[$0][$0] < a[$1][$1] }) {
            let diagonal = a[pivot][pivot]
            guard diagonal > tolerance else {
                return rest.allSatisfy { row in
                    a[row][row] > -tolerance && rest.allSatisfy { abs(a[row][$0]) < 1e-4 }
                }
            }
            rest.removeAll { $0 == pivot }
            for row in rest {
                let factor = a[row][pivot] / diagonal
                for column in rest { a[row][column] -= factor * a[pivot][column] }
            }
        }
        return true
    }
}
