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
        if library == nil {
            Terminal.standardError.write(
                "warning: there is no plotly.js, so the page has pictures instead of charts; \(PlotlyLibrary.advice)\n")
        }
        let outcome = try NetlistFile.run(input, keepsFailures: true)
        let report = outcome.report
        let title = outcome.simulation.netlist.title
        var data = ReportData(title: title, state: report.failure?.diagnostic.message ?? "done")
        let broken = report.assertions.filter { !$0.holds }.count
        let failed = report.measurements.filter { $0.value == nil }.count
        if report.failure == nil, broken + failed > 0 {
            let parts = [(broken, "limit", "broken"), (failed, "measurement", "failed")].filter { $0.0 > 0 }
            data.state = parts.map { "\($0) \($1)\($0 == 1 ? "" : "s") \($2)" }.joined(separator: ", ")
        }
        data.add(outcome.simulation.sources)
        data.add(
            report.diagnostics.all + (report.failure.map { [$0.diagnostic] } ?? []), outcome.simulation.sources)
        data.add(report, statistics: Summary.statistics(of: report, loading: outcome.loading, total: clock.now - start))
        data.add(outcome.tables, drawsPictures: library == nil)
        data.add(outcome.maps, of: outcome.simulation.snapshots)
        do throws(WaveformError) {
            try TextFile.write(ReportPage.html(data.json, title: title, library: library), to: output)
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if let failure = report.failure {
            throw (failure.reason == .badNetlist ? ExitStatus.wrongInput : .noSolution).code
        }
        if broken > 0 { throw ExitStatus.failedCheck.code }
        if failed > 0 { throw ExitStatus.failedMeasurement.code }
    }
}
