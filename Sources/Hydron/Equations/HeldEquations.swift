import SparseSolvers
import SpiceNetlist

/// Equations that are replaced or added to hold a circuit at voltages and currents that are given: `.ic` and `.nodeset`
/// hold a node, `ic=` of an element holds the voltage between two of them or the current of a branch.
///
/// Slots are those of the system's matrices: one more than the pattern's, 0 being the waste bin.
struct HeldEquations {
    private var rows: [Row] = []
    private var clamps: [Clamp] = []
    /// Branch currents held by `ic=`, to be joined to what ``hold(_:in:)`` is given.
    private(set) var currents: [NodeCondition] = []

    /// A row that is "the unknown is this" instead of its own equation.
    private struct Row {
        var unknown: Int
        var value: Double
        /// Slots of the row's entries, the diagonal first.
        var slots: [Int]
    }

    /// A voltage held between two nodes by a stiff conductance: a capacitor's initial condition.
    private struct Clamp {
        var plus: Int
        var minus: Int
        var volts: Double
        /// (plus, plus), (plus, minus), (minus, plus), (minus, minus).
        var slots: (Int, Int, Int, Int)
    }
    /// Stiffness of a clamp [S].
    private static let clampConductance = 1e6

    var hasClamps: Bool { !clamps.isEmpty }

    /// Replaces the equations of some unknowns by "it has this value"; an empty list takes all of these back. Returns
    /// false where nothing changes.
    mutating func hold(_ conditions: [NodeCondition], in pattern: SparsityPattern) -> Bool {
        guard !(conditions.isEmpty && rows.isEmpty) else { return false }
        rows = []
        /// By row, among the held ones.
        var places = [Int32](repeating: -1, count: conditions.isEmpty ? 0 : pattern.size)
        for condition in conditions {
            let row = Int(condition.unknown) - 1
            guard row >= 0, row < pattern.size, places[row] < 0,
                let diagonal = pattern.slot(row: row, column: row)
            else { continue }
            places[row] = Int32(rows.count)
            rows.append(Row(unknown: row + 1, value: condition.value, slots: [diagonal + 1]))
        }
        guard !rows.isEmpty else { return true }
        for (entry, row) in pattern.rowIndices.enumerated() {
            let place = Int(places[Int(row)])
            if place >= 0, rows[place].slots[0] != entry + 1 { rows[place].slots.append(entry + 1) }
        }
        return true
    }

    /// Holds the voltages and currents that elements give with `ic=`.
    mutating func holdConditions(of batches: [any ElementBatch], in pattern: SparsityPattern) {
        clamps = []
        currents = []
        func slot(_ row: Int, _ column: Int) -> Int {
            guard row > 0, column > 0, let slot = pattern.slot(row: row - 1, column: column - 1) else { return 0 }
            return slot + 1
        }
        for condition in batches.lazy.flatMap(\.deviceConditions) {
            switch condition {
            case .voltage(let plus, let minus, let volts):
                let (p, m) = (Int(plus), Int(minus))
                clamps.append(
                    Clamp(plus: p, minus: m, volts: volts, slots: (slot(p, p), slot(p, m), slot(m, p), slot(m, m))))
            case .current(let branch, let amperes):
                currents.append(
                    NodeCondition(unknown: branch, value: amperes, range: SourceRange(file: 0, start: 0, end: 0)))
            }
        }
    }

    /// Lets go of the voltages that elements give.
    mutating func releaseClamps() { clamps = [] }

    /// Adds the currents of the clamps [A] and their slopes.
    func addClamps(
        _ x: UnsafePointer<Double>, residual: UnsafeMutablePointer<Double>, magnitude: UnsafeMutablePointer<Double>,
        jacobian: UnsafeMutablePointer<Double>
    ) {
        for clamp in clamps {
            let g = Self.clampConductance
            let current = g * (x[clamp.plus] - x[clamp.minus] - clamp.volts)
            residual[clamp.plus] += current
            residual[clamp.minus] -= current
            magnitude[clamp.plus] += abs(g * clamp.volts)
            magnitude[clamp.minus] += abs(g * clamp.volts)
            jacobian[clamp.slots.0] += g
            jacobian[clamp.slots.1] -= g
            jacobian[clamp.slots.2] -= g
            jacobian[clamp.slots.3] += g
        }
    }

    /// Makes the held rows of a matrix those of "the unknown is".
    func replaceRows(of jacobian: UnsafeMutablePointer<Double>) {
        for held in rows {
            for slot in held.slots { jacobian[slot] = 0 }
            jacobian[held.slots[0]] = 1
        }
    }

    /// Calls `body` with each unknown that is held and its value [V or A].
    func eachValue(_ body: (Int, Double) -> Void) {
        for held in rows { body(held.unknown, held.value) }
    }
}
