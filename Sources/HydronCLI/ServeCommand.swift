import ArgumentParser
import Glibc
import Hydron
import HydronTools
import Synchronization
import Waveforms

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Show a run as a page while it goes on, or a folder of results.",
        discussion: """
            FILE is a netlist, whose page of 'hydron report' is shown with waveforms that grow, or a folder of .csv, .raw \
            and .prn files. Only this machine can see the pages, unless --address says otherwise. Ctrl-C ends it, with the \
            exit status that 'hydron run' would have.
            """)

    @OptionGroup var input: InputOptions

    @Option(name: .long, help: "The port to listen on; 0 for any that is free.")
    var port: UInt16 = 8080

    @Option(name: .long, help: "The IPv4 address to listen on; 0.0.0.0 shows the pages to everyone on the network.")
    var address = "127.0.0.1"

    @Option(name: .long, help: "The file plotly.min.js, instead of the Python package's.", completion: .file())
    var plotly: String?

    mutating func run() throws {
        Interruption.listen()
        let library: String?
        let server: HTTPServer
        do {
            library = try PlotlyLibrary.text(path: plotly)
            server = try HTTPServer(address: address, port: port)
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if library == nil { PlotlyLibrary.warn("pages have") }
        var status = stat()
        if stat(input.file, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            let folder = ResultFolder(input.file, library: library)
            try serve(server) { folder.answer($0, $1) }
            waitForEnd(server)
        } else {
            try showRun(server, library)
        }
    }

    private func serve(
        _ server: HTTPServer, _ answer: @escaping @Sendable (String, [String: String]) -> HTTPServer.Response
    ) throws {
        guard BackgroundThread.start({ server.serve(answer) }) else {
            Terminal.standardError.write("error: the system gives no thread\n")
            throw ExitStatus.inputOutput.code
        }
        Terminal.standardOutput.write("http://\(server.address):\(server.port)/\n")
    }

    private func waitForEnd(_ server: HTTPServer) {
        while !Interruption.isRequested { usleep(100_000) }
        server.stop()
    }

    private func showRun(_ server: HTTPServer, _ library: String?) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let simulation = try input.load(quiet: false)
        let loading = clock.now - start
        let recorder = LiveRecorder()
        let page = LivePage(simulation, library)
        try serve(server) { path, _ in page.answer(path, recorder) }
        let outcome = simulation.run(
            recorder,
            control: RunControl(isInterrupted: { Interruption.isRequested }, progress: { page.progress($0) }))
        report(outcome.diagnostics.all + (outcome.failure.map { [$0.diagnostic] } ?? []), in: simulation.sources)
        try? recorder.finish()
        page.end(outcome, statistics: Summary.statistics(of: outcome, loading: loading, total: clock.now - start))
        waitForEnd(server)
        let status = ReportCommand.status(of: outcome)
        if status != .done { throw status.code }
    }
}

/// What a page shows of a run that goes on.
private final class LivePage: Sendable {
    private struct State {
        var progress = 0.0
        var finished: ReportData?
    }
    private let state = Mutex(State())
    private let simulation: Simulation
    private let library: String?

    init(_ simulation: Simulation, _ library: String?) {
        self.simulation = simulation
        self.library = library
    }

    func progress(_ share: Double) { state.withLock { $0.progress = share } }

    func end(_ report: RunReport, statistics: String) {
        var data = ReportData(
            title: simulation.netlist.title, state: ReportCommand.state(of: report),
            hasFailed: ReportCommand.status(of: report) != .done)
        if report.failure == nil {
            data.add(operatingPointOf: simulation, control: RunControl(isInterrupted: { Interruption.isRequested }))
        }
        data.add(simulation.sources)
        data.add(report.diagnostics.all + (report.failure.map { [$0.diagnostic] } ?? []), simulation.sources)
        data.add(report, statistics: statistics)
        state.withLock { $0.finished = data }
    }

    func answer(_ path: String, _ recorder: LiveRecorder) -> HTTPServer.Response {
        guard path == "/" || path == "/data.json" else { return HTTPServer.Response("no such page", status: 404) }
        let (tables, maps) = recorder.soFar
        let (progress, finished) = state.withLock { ($0.progress, $0.finished) }
        var data = finished ?? ReportData(title: simulation.netlist.title, state: "running, \(Int(100 * progress)) %")
        if finished == nil {
            data.isRunning = true
            data.progress = progress
            data.add(simulation.sources)
        }
        data.add(tables, drawsPictures: library == nil)
        data.add(maps, of: simulation.snapshots)
        if path == "/" {
            return HTTPServer.Response(
                ReportPage.html(data.json, title: data.title, library: library, live: "/data.json"))
        }
        return HTTPServer.Response("\(data.json)", type: "application/json")
    }
}
