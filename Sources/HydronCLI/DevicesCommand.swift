import ArgumentParser
import Hydron

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the elements, or the parameters of one.")

    @Argument(help: "The element's letter.")
    var letter: String?

    mutating func run() throws {
        guard let text = ElementReferenceManual.text(letter: letter?.lowercased()) else {
            Terminal.standardError.write(
                "error: no element '\(letter ?? "")'; 'hydron devices' lists them\n")
            throw ExitStatus.wrongInput.code
        }
        Terminal.standardOutput.write(text)
    }
}
