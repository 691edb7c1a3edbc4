import ArgumentParser
import Glibc
import Hydron

/// ngspice's batch mode, `hydron -b -o LOG -r RAW NETLIST`, as programs call it that drive ngspice.
///
/// What ngspice's variables say (`-D ngbehavior=…`) means nothing here but for `filetype=ascii` and `dialect=…`.
struct BatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hydron -b", abstract: "Run a netlist as 'ngspice -b' does.")

    @Flag(name: [.customShort("b"), .customLong("batch")], help: "Process the netlist and end.")
    var batch = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "File for all messages.")
    var output: String?

    @Option(name: [.customShort("r"), .customLong("rawfile")], help: "File for the waveforms.")
    var rawfile: String?

    @Option(
        name: [.customShort("D"), .customLong("define")], parsing: .singleValue,
        help: "filetype=ascii or dialect=NAME; other variables are ngspice's own and are not looked at.")
    var define: [String] = []

    @Flag(name: [.customShort("a"), .customLong("autorun")], help: "Accepted; analyses always run.")
    var autorun = false

    @Flag(name: [.customShort("n"), .customLong("no-spiceinit")], help: "Accepted; there is no such file.")
    var noSpiceinit = false

    @Argument(help: "The netlist.")
    var file: String

    /// What programs that drive ngspice are known to set.
    private static let variables: Set<String> = [
        "filetype", "dialect", "ngbehavior", "num_threads", "nomodcheck", "noinit", "skywaterpdk", "numdgt",
        "sourcepath", "appendwrite", "strict_errorhandling", "ng_nomodcheck", "no_auto_gnd", "interactive",
    ]

    /// Whether the arguments are those of ngspice's batch mode: no subcommand, and `-b` among the options.
    static func isMeant(_ arguments: [String]) -> Bool {
        guard let first = arguments.first, first.hasPrefix("-") else { return false }
        return arguments.contains { $0 == "-b" || $0 == "--batch" }
    }

    /// The arguments with the variable of `-Dname=value` apart from its letter, as ngspice takes it either way.
    static func parted(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument in
            argument.hasPrefix("-D") && argument.utf8.count > 2 ? ["-D", String(argument.dropFirst(2))] : [argument]
        }
    }

    mutating func run() throws {
        if let output {
            let log = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard log >= 0 else {
                Terminal.standardError.write("error: cannot open \(output): \(String(cString: strerror(errno)))\n")
                throw ExitStatus.inputOutput.code
            }
            dup2(log, 1)
            dup2(log, 2)
            close(log)
        }
        var arguments = [file]
        if let rawfile { arguments += ["--raw", rawfile] }
        for definition in define {
            let parts = definition.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if !Self.variables.contains(parts[0].lowercased()) {
                Terminal.standardError.write(
                    "note: -D \(definition) sets a variable of ngspice that nothing reads here; parameters of the netlist are "
                        + "set by 'hydron run --param \(definition)'\n")
            }
            switch (parts[0].lowercased(), parts[1].lowercased()) {
            case ("filetype", "ascii") where rawfile != nil: arguments.append("--ascii")
            case ("dialect", let name): arguments += ["--dialect", name]
            default: break
            }
        }
        if rawfile == nil { arguments.append("--no-output") }
        var command = try RunCommand.parse(arguments)
        try command.run()
    }
}
