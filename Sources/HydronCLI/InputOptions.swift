import ArgumentParser
import Hydron
import SpiceNetlist

/// What every command that reads a netlist takes.
struct InputOptions: ParsableArguments {
    @Argument(help: "The netlist.", completion: .file(extensions: ["cir", "sp", "spi", "net", "ckt"]))
    var file: String

    @Option(name: .long, help: "Set a parameter of the top level; may be given several times.")
    var param: [ParameterSetting] = []

    @Option(name: .long, help: "Temperature of the circuit [°C].")
    var temp: Double?

    @Option(
        name: .long,
        help: "Threads that share the work of large arrays; one a processor by default. Results do not depend on it.")
    var threads: Int?

    @Option(name: .long, help: "Rules to read the netlist by: ngspice, xyce, hspice, ltspice or pspice.")
    var dialect: DialectName = .ngspice

    @Option(name: .long, help: "A folder that .include and .lib may read from; may be given several times.")
    var library: [String] = []

    @OptionGroup var compiledModels: CompiledModelOptions

    mutating func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads), but at least one is needed.") }
    }

    /// Reads and elaborates the netlist; prints what was found.
    ///
    /// - Parameter appended: cards behind the netlist's own.
    /// - Throws: the exit status where the netlist is wrong or can't be read.
    func load(quiet: Bool, appended: String = "") throws -> Simulation {
        let loaded = try loaded(appended: appended)
        report(loaded.diagnostics.all.filter { !quiet || $0.severity == .error }, in: loaded.sources)
        guard let simulation = loaded.simulation else {
            throw (loaded.isUnreadable ? ExitStatus.inputOutput : .wrongInput).code
        }
        return simulation
    }

    /// Reads and elaborates the netlist, and prints nothing about it.
    func loaded(appended: String = "") throws -> Simulation.Loaded {
        var overrides: [String: Double] = [:]
        for setting in param { overrides[setting.name] = setting.value }
        let modules = try compiledModels.load()
        return Simulation.load(
            path: file, dialect: dialect.dialect, libraryPaths: library, parameters: overrides, temperature: temp,
            threads: threads, modules: modules, appended: appended)
    }
}

/// Prints diagnostics to standard error.
func report(_ diagnostics: [Diagnostic], in sources: SourceMap) {
    var renderer = DiagnosticRenderer(sources)
    renderer.colour = Terminal.standardError.hasColour
    for diagnostic in diagnostics {
        Terminal.standardError.write(renderer.render(diagnostic) + "\n")
    }
}

/// `NAME=VALUE`, the value a number with SPICE's suffixes.
struct ParameterSetting: ExpressibleByArgument {
    var name: String
    var value: Double

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = argument[..<equals].lowercased()
        guard let value = Simulation.number(argument[argument.index(after: equals)...]) else { return nil }
        self.value = value
    }
}

enum DialectName: String, ExpressibleByArgument, CaseIterable {
    case ngspice, xyce, hspice, ltspice, pspice
    var dialect: Dialect {
        switch self {
        case .ngspice: .ngspice
        case .xyce: .xyce
        case .hspice: .hspice
        case .ltspice: .ltspice
        case .pspice: .pspice
        }
    }
}
