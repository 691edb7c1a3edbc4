import SpiceNetlist
import Waveforms

/// `.wcase`: each random number of a netlist goes to its upper end alone; then, for each measurement, all of them go to
/// the ends that lower it, and to those that raise it.
///
/// That finds the extremes where measurements are monotonic in every number, as PSpice's `.WCASE` and others assume.
struct WorstCaseSearch {
    let simulation: Simulation
    let control: RunControl
    let parallel: Parallel

    private struct Key: Hashable {
        var analysis: String
        var name: String
    }

    func run() throws(SimulationFailure) -> [WorstCase] {
        let draws = Elaborator.draws(of: simulation.netlist, simulation.overrides)
        guard let nominal = measure([.nominal]).first, !nominal.isEmpty else { return [] }
        let alone = measure(draws.map { RandomDraws.ends([$0: 1]) })
        if control.isInterrupted() { throw SimulationFailure(.interrupted, "interrupted in .wcase") }
        var order: [Key] = []
        for result in nominal where !order.contains(result.key) { order.append(result.key) }
        var plans: [RandomDraws] = []
        for key in order {
            var ends: [UInt64: Double] = [:]
            for (draw, results) in zip(draws, alone) {
                guard let base = value(key, nominal), let moved = value(key, results) else { continue }
                ends[draw] = moved > base ? 1 : moved < base ? -1 : 0
            }
            plans.append(.ends(ends.mapValues { -$0 }))
            plans.append(.ends(ends))
        }
        let extremes = measure(plans)
        return order.enumerated().compactMap { index, key in
            guard let base = value(key, nominal) else { return nil }
            return WorstCase(
                analysis: key.analysis, name: key.name, nominal: base,
                lowest: value(key, extremes[2 * index]), highest: value(key, extremes[2 * index + 1]))
        }
    }

    private func value(_ key: Key, _ results: [(key: Key, value: Double)]) -> Double? {
        results.first { $0.key == key }?.value
    }

    /// Runs the netlist without its steps, once for each of these.
    private func measure(_ plans: [RandomDraws]) -> [[(key: Key, value: Double)]] {
        var found = [[(key: Key, value: Double)]](repeating: [], count: plans.count)
        found.withUnsafeMutableBufferPointer { found in
            nonisolated(unsafe) let target = found
            parallel.each(plans.count) { index in
                guard !control.isInterrupted() else { return }
                var overrides = simulation.overrides
                overrides.draws = plans[index]
                overrides.threads = 1
                var diagnostics = Diagnostics()
                guard
                    var elaboration = Elaborator.elaborate(
                        simulation.netlist, overrides: overrides, diagnostics: &diagnostics)
                else { return }
                elaboration.steps = []
                elaboration.sampling = nil
                elaboration.searchesWorstCase = false
                elaboration.measurements.assertions = []
                let report = Simulation(netlist: simulation.netlist, overrides: overrides, elaboration: elaboration)
                    .run(RowBuffer(keepsRows: false), control: RunControl(isInterrupted: control.isInterrupted))
                target[index] = report.measurements.compactMap { result in
                    result.value.map { (Key(analysis: result.analysis, name: result.name), $0) }
                }
            }
        }
        return found
    }
}
