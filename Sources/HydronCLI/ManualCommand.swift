import ArgumentParser
import Glibc
import Hydron
import Waveforms

/// The pages under `docs` that come from the program's tables.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Write the reference pages of devices and analyses below a folder.",
        shouldDisplay: false)

    @Argument(help: "The folder, `docs` of the project.")
    var folder: String

    mutating func run() throws {
        mkdir(folder, 0o777)
        mkdir("\(folder)/devices", 0o777)
        for page in ReferencePages.all() {
            let path = "\(folder)/\(page.path)"
            do throws(WaveformError) {
                try TextFile.write(page.text, to: path)
            } catch {
                Terminal.standardError.write("error: \(error)\n")
                throw ExitStatus.inputOutput.code
            }
        }
    }
}
