import CSuiteSparse
import ComplexModule
import RealModule

typealias KLUSymbolic = UnsafeMutablePointer<klu_symbolic>
typealias KLUNumeric = UnsafeMutablePointer<klu_numeric>
typealias KLUCommon = UnsafeMutablePointer<klu_common>
typealias KLUIndices = UnsafeMutablePointer<Int32>

/// The KLU routines for one kind of number. KLU reads complex numbers as pairs of doubles, which is how
/// `Complex<Double>` is laid out; so every routine takes a pointer to doubles.
protocol KLUScalar: SolverScalar {
    /// Doubles a number.
    static var components: Int { get }
    static func kluFactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ common: KLUCommon
    ) -> KLUNumeric?
    static func kluRefactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ numeric: KLUNumeric, _ common: KLUCommon
    ) -> Int32
    static func kluSolve(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon)
    static func kluSolveTransposed(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon)
    static func kluConditionEstimate(
        _ starts: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic, _ numeric: KLUNumeric,
        _ common: KLUCommon)
    static func kluCountOperations(_ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ common: KLUCommon)
    static func kluFree(_ numeric: inout KLUNumeric?, _ common: KLUCommon)
}

extension Double: KLUScalar {
    @inline(__always) static var components: Int { 1 }

    @inline(__always)
    static func kluFactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ common: KLUCommon
    ) -> KLUNumeric? {
        klu_factor(starts, rows, values, symbolic, common)
    }

    @inline(__always)
    static func kluRefactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ numeric: KLUNumeric, _ common: KLUCommon
    ) -> Int32 {
        klu_refactor(starts, rows, values, symbolic, numeric, common)
    }

    @inline(__always)
    static func kluSolve(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon
    ) {
        klu_solve(symbolic, numeric, size, count, rightHandSides, common)
    }

    @inline(__always)
    static func kluSolveTransposed(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon
    ) {
        klu_tsolve(symbolic, numeric, size, count, rightHandSides, common)
    }

    static func kluConditionEstimate(
        _ starts: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic, _ numeric: KLUNumeric,
        _ common: KLUCommon
    ) {
        klu_condest(starts, values, symbolic, numeric, common)
    }

    static func kluCountOperations(_ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ common: KLUCommon) {
        klu_flops(symbolic, numeric, common)
    }

    static func kluFree(_ numeric: inout KLUNumeric?, _ common: KLUCommon) {
        klu_free_numeric(&numeric, common)
    }
}

extension Complex: KLUScalar where RealType == Double {
    @inline(__always) static var components: Int { 2 }

    @inline(__always)
    static func kluFactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ common: KLUCommon
    ) -> KLUNumeric? {
        klu_z_factor(starts, rows, values, symbolic, common)
    }

    @inline(__always)
    static func kluRefactor(
        _ starts: KLUIndices, _ rows: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic,
        _ numeric: KLUNumeric, _ common: KLUCommon
    ) -> Int32 {
        klu_z_refactor(starts, rows, values, symbolic, numeric, common)
    }

    @inline(__always)
    static func kluSolve(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon
    ) {
        klu_z_solve(symbolic, numeric, size, count, rightHandSides, common)
    }

    /// Transposed without conjugation.
    @inline(__always)
    static func kluSolveTransposed(
        _ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ size: Int32, _ count: Int32,
        _ rightHandSides: UnsafeMutablePointer<Double>, _ common: KLUCommon
    ) {
        klu_z_tsolve(symbolic, numeric, size, count, rightHandSides, 0, common)
    }

    static func kluConditionEstimate(
        _ starts: KLUIndices, _ values: UnsafeMutablePointer<Double>, _ symbolic: KLUSymbolic, _ numeric: KLUNumeric,
        _ common: KLUCommon
    ) {
        klu_z_condest(starts, values, symbolic, numeric, common)
    }

    static func kluCountOperations(_ symbolic: KLUSymbolic, _ numeric: KLUNumeric, _ common: KLUCommon) {
        klu_z_flops(symbolic, numeric, common)
    }

    static func kluFree(_ numeric: inout KLUNumeric?, _ common: KLUCommon) {
        klu_z_free_numeric(&numeric, common)
    }
}
