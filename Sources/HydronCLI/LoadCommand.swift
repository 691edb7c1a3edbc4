import ArgumentParser
import Hydron

/// For benchmarks: reads and elaborates, nothing else.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Read and elaborate a netlist and stop; for measuring that alone.",
        shouldDisplay: false)

    @OptionGroup var input: InputOptions

    mutating func run() throws {
        let simulation = try input.load(quiet: true)
        Terminal.standardOutput.write("\(simulation.circuit.elementCount) elements\n")
    }
}
