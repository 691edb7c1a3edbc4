import SparseSolvers
import SpiceNetlist
import Waveforms

/// `.dc`, a transfer curve: the operating point at each value of one or more swept quantities, the first one innermost.
///
/// Each point starts from the solution of the one before. A swept source's value is changed in place; anything else
/// (a parameter, the temperature, a device) makes a new system, which keeps the order of unknowns.
struct DCSweepAnalysis: Analysis {
    static let description = AnalysisDescription(
        name: "DC sweep", directives: [.dc],
        syntax: [
            ".dc source start stop step [source2 start2 stop2 step2 …]", ".dc name dec|oct points start stop",
            ".dc name list value…", ".dc data=table",
        ],
        summary: "The operating point at each value of a source, element, parameter or temp; the first is innermost.")

    /// Innermost first.
    var sweeps: [Sweep]

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        reader.readDC(card).map { DCSweepAnalysis(sweeps: $0) }
    }

    var kindName: String { "dc" }
    var tableKind: TableHeader.Kind { .dcTransfer }
    var sweptSources: Set<String> {
        var names: Set<String> = []
        for sweep in sweeps { if case .source(let name) = sweep.target { names.insert(name) } }
        return names
    }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        AnalysisTable(
            leading: sweeps.map { Column($0.name, $0.quantity) },
            outputs: printed(
                elaboration, netlist, sweepNames: sweeps.map(\.name), diagnostics: &diagnostics))
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let emitter = RowEmitter(
            try run.table(self, run.elaboration).outputs, run.sink, snapshots: run.elaboration.snapshots)
        defer { run.note(emitter) }
        try eachPoint(run) { (values, x, swept, isEnd) throws(SimulationFailure) in
            try emitter.accept(values, x, swept.system)
            if run.isLast, isEnd { try emitter.finish(0, x, swept.system) }
        }
    }

    /// Solves every point and hands it on: values of all sweeps, the solution, and whether it is the last.
    func eachPoint(
        _ run: AnalysisRun,
        _ accept: ([Double], UnsafePointer<Double>, SweptSystem, Bool) throws(SimulationFailure) -> Void
    ) throws(SimulationFailure) {
        let points = SweepPoints(sweeps)
        let swept = try SweptSystem(run.netlist, run.elaboration, run.overrides, sweeps)
        defer {
            run.note(swept.system)
            for message in swept.earlierMessages { run.warn(message) }
        }
        let total = points.count
        guard total > 0, !sweeps.isEmpty else { return }
        var x = Vector(0)
        var isContinuation = false
        for point in 0..<total {
            if run.control.isInterrupted() {
                throw SimulationFailure(.interrupted, "interrupted at point \(point) of \(total)")
            }
            run.control.progress(Double(point) / Double(total))
            let values = points.values(at: point)
            let system = try swept.at(values)
            if x.count != system.count {
                x = Vector(system.count)
                isContinuation = false
            }
            try run.operatingPoint(system, isContinuation: isContinuation, x)
            isContinuation = true
            run.report.statistics.points += 1
            try accept(values, UnsafePointer(x.base), swept, point == total - 1)
        }
        run.control.progress(1)
    }
}

extension Sweep {
    var quantity: Column.Quantity {
        switch target {
        case .temperature: .temperature
        case .source(let name): name.hasPrefix("i") ? .current : .voltage
        default: .parameter
        }
    }
}
