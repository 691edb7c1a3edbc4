/// How far a row's equation may be off: |F| ≤ relative·(largest nonlinear current) + absolute + rounding·Σ|linear currents|.
struct RowTolerance: BitwiseCopyable {
    var relative: Double
    /// [A]
    var absolute: Double
    var rounding: Double

    /// Measures a residual against the sum of its terms alone.
    static let ofTerms = RowTolerance(relative: 0, absolute: .leastNormalMagnitude, rounding: 1)

    /// Takes the worst of `count` neighbouring rows, the first of them the unknown `first`, into `worst`; what is not a
    /// number is worse than any. Arrays are padded to a multiple of eight.
    @inline(__always)
    func findWorst(
        _ f: UnsafePointer<Double>, size: UnsafePointer<Double>, scale: UnsafePointer<Double>, count: Int, first: Int,
        _ worst: inout (value: Double, place: Int)
    ) {
        for index in stride(from: 0, to: count, by: GridShape.lanes) {
            let tolerance =
                relative * loadLanes(scale + index) + absolute + rounding * loadLanes(size + index)
            let ratio = loadLanes(f + index).absolute / tolerance
            if holdsEverywhere(ratio .<= Lanes(repeating: worst.value)) { continue }
            for lane in 0..<min(GridShape.lanes, count - index) where !(ratio[lane] <= worst.value) {
                worst = (ratio[lane].isNaN ? .infinity : ratio[lane], first + index + lane)
            }
        }
    }
}
