import ArgumentParser
import Hydron
import HydronTools
import Waveforms

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Simulate a netlist and write one page about the run.",
        discussion: """
            The page holds the netlist, the operating point, measurements against their limits, interactive waveforms (zoom, \
            two cursors), maps of arrays and the run's statistics, and needs nothing else to be looked at. Its charts are \
            drawn by plotly.js, which is read from the Python package 'plotly'; without it gnuplot draws them.
            """)

    @OptionGroup var input: InputOptions

    @Option(name: .shortAndLong, help: "The page to write.", completion: .file(extensions: ["html"]))
    var output: String

    @Option(name: .long, help: "The file plotly.min.js, instead of the Python package's.", completion: .file())
    var plotly: String?

    mutating func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let library: String?
        do throws(WaveformError) {
            library = try PlotlyLibrary.text(path: plotly)
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if library == nil { PlotlyLibrary.warn("the page has") }
        let outcome = try NetlistFile.run(input, keepsFailures: true)
        let report = outcome.report
        let title = outcome.simulation.netlist.title
        var data = ReportData(title: title, state: Self.state(of: report), hasFailed: Self.status(of: report) != .done)
        data.add(outcome.simulation.sources)
        data.add(
            report.diagnostics.all + (report.failure.map { [$0.diagnostic] } ?? []), outcome.simulation.sources)
        data.add(report, statistics: Summary.statistics(of: report, loading: outcome.loading, total: clock.now - start))
        data.add(
            operatingPointOf: outcome.simulation, control: RunControl(isInterrupted: { Interruption.isRequested }))
        data.add(outcome.tables, drawsPictures: library == nil)
        data.add(outcome.maps, of: outcome.simulation.snapshots)
        do throws(WaveformError) {
            try TextFile.write(ReportPage.html(data.json, title: title, library: library), to: output)
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        let status = Self.status(of: report)
        if status != .done { throw status.code }
    }

    /// In a few words.
    static func state(of report: RunReport) -> String {
        if let failure = report.failure { return failure.diagnostic.message }
        let broken = report.assertions.count { !$0.holds }
        let failed = report.measurements.count { $0.value == nil }
        let parts = [(broken, "limit", "broken"), (failed, "measurement", "failed")].filter { $0.0 > 0 }
        if parts.isEmpty { return "done" }
        return parts.map { "\($0) \($1)\($0 == 1 ? "" : "s") \($2)" }.joined(separator: ", ")
    }

    static func status(of report: RunReport) -> ExitStatus {
        if let failure = report.failure {
            switch failure.reason {
            case .badNetlist: return .wrongInput
            case .interrupted: return Interruption.status
            default: return .noSolution
            }
        }
        if report.assertions.contains(where: { !$0.holds }) { return .failedCheck }
        return report.measurements.contains { $0.value == nil } ? .failedMeasurement : .done
    }
}
