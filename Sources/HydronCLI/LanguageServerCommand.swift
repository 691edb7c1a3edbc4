import ArgumentParser
import HydronTools

struct LanguageServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsp", abstract: "Serve an editor with findings, hover, definitions and rename in netlists.",
        discussion: """
            Speaks the language server protocol on standard input and output; editors start it by themselves. \
            docs/editors.md says how to set them up.
            """)

    @Option(name: .long, help: "Rules to read netlists by: ngspice, xyce, hspice, ltspice or pspice.")
    var dialect: DialectName = .ngspice

    @Option(name: .long, help: "A folder that .include and .lib may read from; may be given several times.")
    var library: [String] = []

    @Flag(
        name: .long,
        help: "Also warn of text that another of ngspice, Xyce, HSPICE and LTspice reads as something else.")
    var portable = false

    @Flag(name: .long, help: "Accepted: standard input and output are always used.")
    var stdio = false

    @OptionGroup var compiledModels: CompiledModelOptions

    mutating func run() throws {
        let modules = try compiledModels.load()
        let status = LanguageServer.run(
            EditorSettings(
                dialect: dialect.dialect, libraryPaths: library, isPortable: portable, modules: modules))
        if status != 0 { throw ExitCode(status) }
    }
}
