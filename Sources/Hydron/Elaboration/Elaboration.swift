import SpiceNetlist

/// What elaboration makes of a netlist.
struct Elaboration: Sendable {
    var circuit: Circuit
    /// What it was made with.
    var overrides = Overrides.none
    var tasks: [any Analysis]
    /// `.step`, outermost last.
    var steps: [Sweep]
    var outputs: OutputRequests
    /// Maps of arrays.
    var snapshots: [SnapshotRequest] = []
    var measurements = MeasurementRequests()
    /// `.mc`
    var sampling: Sampling?
    /// `.wcase`
    var searchesWorstCase = false
    /// Of all random numbers.
    var seed: UInt64 = 0
    /// What the netlist asks for and this version does not have.
    var skipped: [SkippedDirective] = []
    /// Lower-case, hierarchical names on cards with mistakes: what they would have made is missing.
    var broken: Set<String> = []

    /// Fills in what waveforms leave to a transient: its own step and end, in other analyses those of the netlist's
    /// first one. At t = 0, where static analyses look, no waveform depends on them.
    mutating func resolveWaveforms(for analysis: (any Analysis)?) {
        let transients = ([analysis].compactMap { $0 } + tasks).lazy.compactMap { $0 as? TransientAnalysis }
        let times = transients.first.map { ($0.step, $0.stop) }
        let (step, stop) = times ?? (1, 1)
        for index in circuit.populations.indices {
            circuit.populations[index].resolveTransient(tstep: step, tstop: stop)
        }
    }
}

/// A dot card that asks for something which this version does not do.
struct SkippedDirective: Sendable {
    /// `.ac`
    var word: String
    var range: SourceRange
}
