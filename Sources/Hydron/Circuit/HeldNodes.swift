extension Circuit {
    /// Those of `conditions` that can replace the balance of their node: not what sources fix already, alone or along
    /// with another condition. Behind a replaced balance nothing would tell the sources' currents.
    func holdable(_ conditions: [NodeCondition]) -> [NodeCondition] {
        guard conditions.contains(where: { unknowns.kind(Int($0.unknown)) != .branch }) else { return conditions }
        var sets = DisjointSets(unknowns.count)
        for population in populations where !population.isFluxDefined {
            let pairs = population.voltageDefinedPairs
            guard !pairs.isEmpty else { continue }
            for index in 0..<population.count {
                for pair in pairs {
                    let (a, b) = (population.unknown(pair.0, of: index), population.unknown(pair.1, of: index))
                    if a >= 0, b >= 0 { _ = sets.join(a, b) }
                }
            }
        }
        return conditions.filter {
            // Ground leads its set, and a held node joins it.
            unknowns.kind(Int($0.unknown)) == .branch || sets.join($0.unknown, 0)
        }
    }
}
