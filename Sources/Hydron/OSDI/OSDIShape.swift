/// How the nodes of an element come together: which of them are one unknown of the circuit, which are ground. Elements of
/// one module mostly have the same shape, and share what follows from it.
final class OSDIShape: Sendable {
    /// Unknowns that an element of this shape has, without ground.
    let unknownCount: Int
    /// For each of the module's nodes its unknown among those, −1 for ground.
    let places: [Int]
    /// Pairs of them that the module's Jacobian couples.
    let couplings: [(row: Int, column: Int)]
    /// What each coupling is the sum of: its place in `couplings`, and the entry's place in what the module writes.
    let resistive: [Term]
    let reactive: [Term]

    struct Term: BitwiseCopyable, Sendable {
        var coupling: Int32
        var entry: Int32
    }

    init(_ module: OSDIModule, places: [Int]) {
        self.places = places
        unknownCount = (places.max() ?? -1) + 1
        var couplings: [(row: Int, column: Int)] = []
        var known: [Int: Int32] = [:]
        var resistive: [Term] = []
        var reactive: [Term] = []
        for entry in module.entries {
            let (row, column) = (places[entry.row], places[entry.column])
            guard row >= 0, column >= 0 else { continue }
            let key = row * places.count + column
            let coupling = known[key] ?? Int32(couplings.count)
            if known[key] == nil {
                known[key] = coupling
                couplings.append((row, column))
            }
            if entry.resistive >= 0 { resistive.append(Term(coupling: coupling, entry: Int32(entry.resistive))) }
            if entry.reactive >= 0 { reactive.append(Term(coupling: coupling, entry: Int32(entry.reactive))) }
        }
        self.couplings = couplings
        self.resistive = resistive
        self.reactive = reactive
    }

    /// The places of nodes with these unknowns, and the unknowns without repetition.
    static func places(of unknowns: some Collection<Int32>) -> (places: [Int], distinct: [Int32]) {
        var distinct: [Int32] = []
        let places = unknowns.map { unknown -> Int in
            guard unknown > 0 else { return -1 }
            if let known = distinct.firstIndex(of: unknown) { return known }
            distinct.append(unknown)
            return distinct.count - 1
        }
        return (places, distinct)
    }
}

extension OSDIKernel {
    struct Coupling: BitwiseCopyable {
        var row: Int32
        var column: Int32
    }

    /// A shape as plain memory.
    struct Shape {
        let unknownCount: Int
        let couplingCount: Int
        let places: UnsafeMutableBufferPointer<Int32>
        let couplings: UnsafeMutableBufferPointer<Coupling>
        let resistive: UnsafeMutableBufferPointer<OSDIShape.Term>
        let reactive: UnsafeMutableBufferPointer<OSDIShape.Term>
        /// Which coupling is that of each unknown with itself; −1 where there is none.
        let diagonals: UnsafeMutableBufferPointer<Int32>

        /// Currents, charges, sizes and the unknowns that they belong to, then derivatives of currents and of charges.
        var resultCount: Int { 4 * unknownCount + 2 * couplingCount }

        init(_ shape: OSDIShape) {
            func copy<Term>(_ terms: [Term]) -> UnsafeMutableBufferPointer<Term> {
                let buffer = UnsafeMutableBufferPointer<Term>.allocate(capacity: terms.count)
                _ = buffer.initialize(from: terms)
                return buffer
            }
            unknownCount = shape.unknownCount
            couplingCount = shape.couplings.count
            places = copy(shape.places.map { Int32($0) })
            couplings = copy(shape.couplings.map { Coupling(row: Int32($0.row), column: Int32($0.column)) })
            resistive = copy(shape.resistive)
            reactive = copy(shape.reactive)
            diagonals = copy(
                (0..<shape.unknownCount).map { unknown in
                    Int32(shape.couplings.firstIndex { $0.row == unknown && $0.column == unknown } ?? -1)
                })
        }

        func deallocate() {
            places.deallocate()
            couplings.deallocate()
            resistive.deallocate()
            reactive.deallocate()
            diagonals.deallocate()
        }
    }

    /// What one element put down when it was last evaluated, and where that was.
    struct Record {
        /// Of each unknown: current [A], charge [C], the largest single current [A] and the value it was evaluated at.
        let f, q, size, point: UnsafeMutablePointer<Double>
        /// Of each coupling: derivatives of currents [S] and of charges [F].
        let jacobian, charges: UnsafeMutablePointer<Double>
        /// The unknowns in the circuit's numbering.
        let rows: UnsafeMutablePointer<Int32>

        /// Adds to currents and charges what the derivatives make of a step.
        @inline(__always) func add(
            _ step: UnsafePointer<Double>, _ couplings: UnsafeMutableBufferPointer<Coupling>,
            to f: UnsafeMutablePointer<Double>, _ q: UnsafeMutablePointer<Double>
        ) {
            for (number, coupling) in couplings.enumerated() {
                f[Int(coupling.row)] += jacobian[number] * step[Int(coupling.column)]
                q[Int(coupling.row)] += charges[number] * step[Int(coupling.column)]
            }
        }
    }
}
