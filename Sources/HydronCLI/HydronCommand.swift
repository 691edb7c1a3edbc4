import ArgumentParser
import Glibc
import Hydron

@main
struct HydronCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hydron",
        abstract: "A SPICE-class circuit simulator with the proton resistor as an element.",
        discussion: """
            Exit status: 0 all done and it holds; 1 a comparison or assertion failed; 2 the netlist or the command line \
            is wrong or asks for what this version lacks; 3 no solution was found; 4 a measurement failed; 5 reading or writing failed; 130, 143 interrupted.
            """,
        version: Simulation.version,
        subcommands: [
            RunCommand.self, CheckCommand.self, TestCommand.self, CompareCommand.self, PlotCommand.self,
            ReportCommand.self, ServeCommand.self, LanguageServerCommand.self, DevicesCommand.self,
            AnalysesCommand.self,
            ManualCommand.self, CompileCommand.self, LoadCommand.self, TestCaseCommand.self,
        ])

    /// Argument errors exit with 2, as wrong netlists do; everything else as the command says.
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            var command: any ParsableCommand =
                BatchCommand.isMeant(arguments)
                ? try BatchCommand.parse(BatchCommand.parted(arguments)) : try parseAsRoot()
            try command.run()
        } catch let status as ExitCode {
            Glibc.exit(status.rawValue)
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess {
                Terminal.standardOutput.write(text + "\n")
                Glibc.exit(0)
            }
            Terminal.standardError.write(text + "\n")
            Glibc.exit(ExitStatus.wrongInput.rawValue)
        }
    }
}

/// What the command's exit status means.
enum ExitStatus: Int32 {
    case done = 0
    case failedCheck = 1
    case wrongInput = 2
    case noSolution = 3
    case failedMeasurement = 4
    case inputOutput = 5
    case interrupted = 130
    case terminated = 143

    var code: ExitCode { ExitCode(rawValue) }
}
