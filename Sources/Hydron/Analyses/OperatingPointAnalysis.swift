import SpiceNetlist
import Waveforms

/// `.op`: the circuit at rest, one row.
struct OperatingPointAnalysis: Analysis {
    static let description = AnalysisDescription(
        name: "operating point", directives: [.op], syntax: [".op"],
        summary: "Node voltages, branch currents and every element's quantities at rest.")

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        OperatingPointAnalysis()
    }

    var kindName: String { "op" }
    var tableKind: TableHeader.Kind { .operatingPoint }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        AnalysisTable(outputs: printed(elaboration, netlist, diagnostics: &diagnostics))
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let emitter = RowEmitter(
            try run.table(self, run.elaboration).outputs, run.sink, snapshots: run.elaboration.snapshots)
        defer { run.note(emitter) }
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let x = Vector(system.count)
        try run.operatingPoint(system, x)
        run.report.statistics.points += 1
        try emitter.accept([], UnsafePointer(x.base), system)
        if run.isLast { try emitter.finish(0, UnsafePointer(x.base), system) }
        run.report.deviceValues = Self.deviceValues(system, UnsafePointer(x.base))
    }

    /// Every printable quantity of up to 200 elements of a kind.
    private static func deviceValues(
        _ system: EquationSystem, _ x: UnsafePointer<Double>
    ) -> [(element: String, quantity: String, value: Double, unit: String)] {
        var values: [(element: String, quantity: String, value: Double, unit: String)] = []
        for (batch, population) in zip(system.batches, system.circuit.populations) {
            for element in 0..<min(population.count, 200) {
                let name = system.circuit.elements.names.name(of: population.identity(element).name)
                // What a card adds besides its element, `e1#states`, is no part of the netlist.
                if let mark = name.lastIndex(of: "#"), system.circuit.elements.find(String(name[..<mark])) != nil {
                    continue
                }
                for (index, output) in batch.outputs.prefix(batch.tabulatedOutputs).enumerated() {
                    let value = batch.output(index, element: element, x: x, system.conditions)
                    // What an element does not have.
                    if value.isNaN { continue }
                    values.append((name, output.name, value, output.unit))
                }
            }
        }
        return values
    }
}
