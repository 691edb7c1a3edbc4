/// The numbers of a matrix in the form that ``ReducedIteration`` works on, for any number of right-hand sides.
final class ReducedSystem {
    let eliminated: StrongBlocks
    let iterated: StrongBlocks
    let eliminatedRows: WeakCouplings
    let iteratedRows: WeakCouplings
    /// True where the second part holds equations without a diagonal of their own.
    let hasConstraints: Bool

    var bytes: Int { eliminated.bytes + iterated.bytes + eliminatedRows.bytes + iteratedRows.bytes }

    /// - Throws: ``SolverError`` where no values can make a component regular.
    init(_ layout: BlockLayout, _ graph: StrongCouplings, _ options: SolverOptions) throws(SolverError) {
        eliminated = try StrongBlocks(layout.eliminated, layout, graph, options)
        iterated = try StrongBlocks(layout.iterated, layout, graph, options)
        eliminatedRows = WeakCouplings(layout.eliminated, layout)
        iteratedRows = WeakCouplings(layout.iterated, layout)
        hasConstraints = layout.hasConstraints
    }

    /// Takes the numbers of a matrix, given in the pattern's order with a 0 in front. The result and the errors are
    /// those of ``StrongBlocks/factor(_:searchesPivots:)``.
    func load(_ values: UnsafePointer<Double>, searchesPivots: Bool) throws(SolverError) -> Bool {
        eliminatedRows.load(values)
        iteratedRows.load(values)
        guard try eliminated.factor(values, searchesPivots: searchesPivots) else { return false }
        return try iterated.factor(values, searchesPivots: searchesPivots)
    }

    /// Whether each value equals its transpose; the weak ones as last loaded.
    func isSymmetric(_ values: UnsafePointer<Double>) -> Bool {
        iteratedRows.isSymmetric(values) && eliminatedRows.isSymmetric(values) && eliminated.isSymmetric(values)
            && iterated.isSymmetric(values)
    }
}
