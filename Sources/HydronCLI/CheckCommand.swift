import ArgumentParser
import Hydron

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a netlist's syntax, subcircuits and topology; nothing is simulated.")

    @OptionGroup var input: InputOptions

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    mutating func run() throws {
        let simulation = try input.load(quiet: quiet)
        let found = simulation.checkTopology()
        report(found.all.filter { !quiet || $0.severity == .error }, in: simulation.sources)
        if !quiet { report(simulation.checkUncalledSubcircuits().all, in: simulation.sources) }
        if found.hasErrors { throw ExitStatus.wrongInput.code }
        if !quiet {
            let circuit = simulation.circuit
            Terminal.standardOutput.write(
                "\(input.file): \(circuit.elementCount) elements, \(circuit.unknowns.nodes.count) nodes, no errors\n")
        }
    }
}
