import SpiceNetlist
import Waveforms

/// `.tf`: gain from a source to an output at rest, and the resistances that both see.
///
/// With G the conductances at the operating point, one solution of G x = b for a unit of the source gives the gain and,
/// by the voltage across or the current through it, the input resistance; another one for a unit at the output gives the
/// output resistance: of a voltage seen between its nodes, of a current in the source's loop.
struct TransferFunctionAnalysis: Analysis {
    private static let syntax = "write `.tf v(out) vin`, `.tf v(a,b) iin` or `.tf i(vsense) vin`"
    static let description = AnalysisDescription(
        name: "transfer function", directives: [.tf], syntax: [".tf v(out[,ref])|i(source) source"],
        summary: "Gain, input and output resistance at rest.")

    var output: LinearOutput
    var source: LinearSource

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card, keepingCalls: true) else { return nil }
        let tokens = statement.fields.map(\.value)
        guard tokens.count == 2 else {
            reader.error(
                ".tf needs an output and a source",
                tokens.count > 2 ? tokens[2].range : reader.sources.firstWord(of: card.range),
                hint: syntax)
            return nil
        }
        guard let output = reader.output(tokens[0], of: ".tf", hint: syntax),
            let source = reader.source(tokens[1], "that could drive the output", hint: syntax)
        else { return nil }
        return TransferFunctionAnalysis(output: output, source: source)
    }

    var kindName: String { "tf" }
    var tableKind: TableHeader.Kind { .transferFunction }

    /// Columns have ngspice's names.
    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        let place =
            output.isCurrent
            ? "\(output.label.dropFirst(2).dropLast())#output_impedance" : "output_impedance_at_\(output.label)"
        let gain: Column =
            switch (output.isCurrent, source.isCurrent) {
            case (false, true): Column("transfer_function", .resistance)
            case (true, false): Column("transfer_function", .conductance)
            default: Column("transfer_function")
            }
        return AnalysisTable(leading: [
            gain, Column(place, .resistance), Column("\(source.name)#input_impedance", .resistance),
        ])
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let x = Vector(system.count)
        try run.operatingPoint(system, x)
        run.report.statistics.points += 1
        let linear = try LinearisedCircuit(system, at: UnsafePointer(x.base))
        let excitation = source.excitation(in: system.circuit)
        let response = linear.respond(excitation)
        /// What a unit of the source sees: of a voltage source −1/i, of a current source the voltage that it drives.
        func resistance(_ excitation: [(unknown: Int, factor: Double)], _ x: [Double], isCurrent: Bool) -> Double {
            var seen = 0.0
            for part in excitation { seen += part.factor * x[part.unknown] }
            // Without a current it is infinite, whatever the sign of the zero.
            return isCurrent ? seen : seen == 0 ? .infinity : -1 / seen
        }
        let input = resistance(excitation, response, isCurrent: source.isCurrent)
        let probe: [(unknown: Int, factor: Double)] =
            output.isCurrent ? [(output.plus, 1)] : [(output.plus, 1), (output.minus, -1)]
        let result = resistance(probe, linear.respond(probe), isCurrent: !output.isCurrent)
        try run.emit([response[output.plus] - response[output.minus], result, input])
    }
}
