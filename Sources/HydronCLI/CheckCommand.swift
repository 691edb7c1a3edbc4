import ArgumentParser
import Hydron
import HydronTools
import SpiceNetlist
import Waveforms

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a netlist without simulating: what is wrong, and what is suspicious.",
        discussion: """
            Mistakes are errors. Warnings are what probably is not meant: parameters, models, subcircuits and ports that \
            nothing uses, nodes that one element alone touches, M where mega looks meant, 1F, an element in the place of the \
            title, names defined twice. --portable adds what other simulators read otherwise.
            """)

    @OptionGroup var input: InputOptions

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @Flag(
        name: .long,
        help: "Also warn of text that another of ngspice, Xyce, HSPICE and LTspice reads as something else.")
    var portable = false

    @Flag(name: .long, help: "Write all fix-its into the files.")
    var fix = false

    @Flag(name: .long, help: "Warnings too end with exit status 2.")
    var strict = false

    @Option(name: .long, help: "Write all findings to this file as JSON; - for standard output.")
    var json: String?

    mutating func run() throws {
        let loaded = try input.loaded()
        let found = loaded.findings(isPortable: portable)
        let errors = found.filter { $0.severity == .error }
        if json != "-" { report(quiet ? errors : found, in: loaded.sources) }
        do throws(WaveformError) {
            if let json { try write(found, loaded.sources, to: json) }
            if fix { try mend(found, loaded.sources) }
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if loaded.isUnreadable { throw ExitStatus.inputOutput.code }
        if !errors.isEmpty { throw ExitStatus.wrongInput.code }
        let warnings = found.count
        if !quiet, json != "-", let simulation = loaded.simulation {
            let circuit = simulation.circuit
            let count = warnings == 0 ? "no errors" : "no errors, \(warnings) warning\(warnings == 1 ? "" : "s")"
            Terminal.standardOutput.write(
                "\(input.file): \(circuit.elementCount) elements, \(circuit.unknowns.nodes.count) nodes, \(count)\n")
        }
        if strict, warnings > 0 { throw ExitStatus.wrongInput.code }
    }

    private func write(_ found: [Diagnostic], _ sources: SourceMap, to path: String) throws(WaveformError) {
        let value: JSONValue = [
            "netlist": .string(input.file), "findings": .array(found.map { FindingText.json($0, sources) }),
        ]
        try JSONFile.write(value, to: path)
    }

    private func mend(_ found: [Diagnostic], _ sources: SourceMap) throws(WaveformError) {
        let mended = try FixIts.apply(found.compactMap { $0.anyFixIt(in: sources) }, sources)
        for (path, count) in mended {
            Terminal.standardError.write("\(path): \(count) place\(count == 1 ? "" : "s") mended\n")
        }
    }
}
