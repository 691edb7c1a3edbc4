import ArgumentParser
import Hydron

struct AnalysesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyses", abstract: "List the analyses and their cards, or describe one.")

    @Argument(help: "The card, such as .ac.")
    var card: String?

    mutating func run() throws {
        guard let text = AnalysisReferenceManual.text(card: card?.lowercased()) else {
            Terminal.standardError.write("error: no analysis '\(card ?? "")'; 'hydron analyses' lists them\n")
            throw ExitStatus.wrongInput.code
        }
        Terminal.standardOutput.write(text)
    }
}
