import ArgumentParser
import HydronTools
import Waveforms

/// What commands that draw have in common.
enum Picture {
    /// - Throws: `ValidationError` for an ending that no picture has.
    static func target(_ path: String) throws -> Gnuplot.Target {
        guard let target = Gnuplot.Target(path: path) else {
            throw ValidationError("'\(path)' does not end in .svg, .png or .pdf.")
        }
        return target
    }

    /// Writes what `body` draws for the terminal. Says what stands in the way, and throws the exit status that means it.
    static func draw(_ body: () throws -> String) throws {
        do {
            Terminal.standardOutput.write(try body())
        } catch let error as WaveformError {
            Terminal.standardError.write("error: \(error)\n")
            if case .shape = error { throw ExitStatus.wrongInput.code }
            throw ExitStatus.inputOutput.code
        } catch let error as WaveExpression.Failure {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.wrongInput.code
        } catch let error as Gnuplot.Failure {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
    }
}
