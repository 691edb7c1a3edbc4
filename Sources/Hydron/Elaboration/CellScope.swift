import Glibc
import SpiceNetlist

/// The names that hold in a value given for every cell of an array: those of the array's own place, and the cell's row
/// `i` and column `j`, counted from 0. Random functions draw anew for each cell.
final class CellScope: ExpressionScope {
    private let scope: Scope
    private var keys: [UInt64] = []

    init(_ scope: Scope) { self.scope = scope }

    var dialect: Dialect { scope.dialect }
    var options: SimulationOptions { scope.options }
    var parameterNames: [String] { scope.parameterNames + ["i", "j"] }
    var functionNames: [String] { scope.functionNames }
    func parameter(_ name: String) -> ScopedParameter? {
        name == "i" || name == "j" ? nil : scope.parameter(name)
    }
    func function(_ name: String) -> ScopedFunction? {
        // Functions see i, j and fresh random numbers too.
        scope.function(name).map { ScopedFunction(arguments: $0.arguments, body: $0.body, scope: self) }
    }
    func quantity(_ name: String) -> ProgramInput? {
        switch name {
        case "i": .sweep(0)
        case "j": .sweep(1)
        default: nil
        }
    }
    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        diagnostics.error(
            "a cell's value can't depend on the solution", at: range,
            hint: "it may use parameters, i, j and random functions")
        return nil
    }
    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? { nil }
    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? {
        scope.points(inFile: path, range, &diagnostics)
    }
    func signature(of range: SourceRange) -> UInt64 { scope.signature(of: range) }
    func random(_ key: UInt64) -> Double { scope.random(key) }
    func fixedDeviation(_ key: UInt64) -> Double? { scope.fixedDeviation(key) }
    func randomInput(_ key: UInt64) -> ProgramInput? {
        if key == 0 { return .random(0, isNormal: false) }
        keys.append(key)
        return .random(Int32(keys.count - 1), isNormal: false)
    }

    /// The program's value for each cell, row by row; nil after an error.
    func values(_ program: Program, rows: Int, columns: Int, at range: SourceRange) -> [Double]? {
        if let constant = program.constant { return [Double](repeating: constant, count: rows * columns) }
        var values: [Double] = []
        values.reserveCapacity(rows * columns)
        let elaborator = scope.elaborator
        // The place of each random function is hashed once, each cell's number from it.
        let bases = keys.map { elaborator.randomNumbers.bits($0, in: scope) }
        enum Source: BitwiseCopyable {
            case row, column
            case uniform(UInt64)
            case normal(UInt64)
        }
        var sources: [Source] = []
        for input in program.inputs {
            switch input {
            case .sweep(let which): sources.append(which == 0 ? .row : .column)
            case .random(let number, let isNormal):
                sources.append(isNormal ? .normal(bases[Int(number)]) : .uniform(bases[Int(number)]))
            default:
                elaborator.error("a cell's value can't depend on time or frequency", at: range, in: scope)
                return nil
            }
        }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: program.registerCount) { registers in
            guard let base = registers.baseAddress else { return nil }
            for row in 0..<rows {
                for column in 0..<columns {
                    for place in sources.indices {
                        switch sources[place] {
                        case .row: base[place] = Double(row)
                        case .column: base[place] = Double(column)
                        case .uniform(let key): base[place] = RandomStream(key, row, column).uniform
                        case .normal(let key): base[place] = RandomStream(key, row, column).normal
                        }
                    }
                    let value = program.evaluate(base)
                    guard value.isFinite else {
                        elaborator.error(
                            "the value of cell [\(row)][\(column)] is \(value)", at: range, in: scope,
                            hint: "i is the row and j the column, both from 0")
                        return nil
                    }
                    values.append(value)
                }
            }
            return values
        }
    }
}

/// Random numbers that depend on a key and a cell's place alone.
struct RandomStream {
    private let state: UInt64

    init(_ key: UInt64, _ row: Int, _ column: Int) {
        state = Self.mix(Self.mix(key ^ UInt64(truncatingIfNeeded: row)) ^ UInt64(truncatingIfNeeded: column))
    }

    /// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, doi 10.1145/2660193.2660195).
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    private static func unit(_ bits: UInt64) -> Double { (Double(bits >> 11) + 0.5) / 9_007_199_254_740_992 }

    /// In (0, 1).
    var uniform: Double { Self.unit(Self.mix(state)) }
    /// Mean 0, standard deviation 1: Box and Muller, Ann. Math. Stat. 29, 610 (1958), doi 10.1214/aoms/1177706645.
    var normal: Double {
        (-2 * Glibc.log(uniform)).squareRoot() * Glibc.cos(2 * .pi * Self.unit(Self.mix(state &+ 1)))
    }
}
