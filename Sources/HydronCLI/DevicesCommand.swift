import ArgumentParser
import Hydron

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the elements and compiled modules, or the parameters of one.")

    @Argument(help: "The element's letter, or the name of a compiled module.")
    var name: String?

    @OptionGroup var compiledModels: CompiledModelOptions

    mutating func run() throws {
        let modules = try compiledModels.load()
        let elements = ElementReferenceManual.text(letter: name?.lowercased())
        let compiled = modules.text(module: name?.lowercased())
        guard elements != nil || compiled != nil else {
            Terminal.standardError.write(
                "error: no element or compiled module '\(name ?? "")'; 'hydron devices' lists them\n")
            throw ExitStatus.wrongInput.code
        }
        Terminal.standardOutput.write((elements ?? "") + (compiled ?? ""))
    }
}
