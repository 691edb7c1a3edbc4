import ArgumentParser
import Glibc
import Hydron
import HydronTools
import Waveforms

struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Draw waveforms, or maps of arrays, on the terminal or into a picture.",
        discussion: """
            FILE is a netlist, which is simulated; a table in CSV, rawfile or .prn; or an array in NumPy's format, drawn as \
            a map. Expressions may be signals as they are named there, patterns such as 'v(*)', or formulas: \
            'v(out)-v(in)', 'db(v(out)/v(in))', 'ph(v(out))'. Complex signals are drawn as decibels and degrees, the steps of \
            .step as families. Pictures are drawn by gnuplot; a spike one sample wide stays visible.
            """)

    @Argument(help: "A netlist, waveforms, or an array (.npy).", completion: .file())
    var file: String

    @Argument(help: "What to draw. (default: all)")
    var expressions: [String] = []

    @Option(
        name: .shortAndLong, help: "Write a picture: .svg, .png or .pdf by its ending. (default: the terminal)",
        completion: .file(extensions: ["svg", "png", "pdf"]))
    var output: String?

    @Option(name: .long, help: "One pane for each unit, one for each signal, or one: unit, each, one.")
    var panes: Plot.Request.Panes = .unit

    @Option(name: .long, help: "Another abscissa than the table's own: a signal or a formula.")
    var x: String?

    @Flag(name: .long, inversion: .prefixedNo, help: "A logarithmic abscissa. (default: for frequencies)")
    var logX: Bool?

    @Flag(name: .long, help: "Logarithmic ordinates.")
    var logY = false

    @Option(name: .long, help: "Where the picture begins, in the unit of the abscissa.")
    var from: SpiceNumber?

    @Option(name: .long, help: "Where it ends.")
    var to: SpiceNumber?

    @Option(name: .long, help: "Which table of several: op, dc, tran, ac, noise. (default: the last that can be drawn)")
    var table: String?

    @Option(name: .long, help: "Which map of a stack, from 0 on; negative from its end.")
    var map = -1

    @Option(name: .long, help: "The picture's title. (default: the netlist's)")
    var title: String?

    @Option(name: .long, help: "Size on the terminal, such as 100x30. (default: the terminal's)")
    var size: TerminalSize?

    @Option(name: .long, help: "Set a parameter of a netlist's top level; may be given several times.")
    var param: [ParameterSetting] = []

    @Option(name: .long, help: "Rules to read a netlist by: ngspice, xyce, hspice, ltspice or pspice.")
    var dialect: DialectName = .ngspice

    @Option(name: .long, help: "A folder that .include and .lib may read from; may be given several times.")
    var library: [String] = []

    mutating func validate() throws {
        if let from, let to, from.value >= to.value {
            throw ValidationError("--from is \(from.value) and --to \(to.value): the picture would have no width.")
        }
    }

    mutating func run() throws {
        let target: Gnuplot.Target
        if let output {
            target = try Picture.target(output)
        } else {
            let shape = size ?? TerminalSize.ofStandardOutput
            target = .terminal(
                width: shape.width, height: shape.height, colour: Terminal.standardOutput.hasColour)
        }
        try Picture.draw {
            if file.lowercased().hasSuffix(".npy") {
                let array = try NumberArray.read(file)
                let name = file.split(separator: "/").last.map(String.init) ?? file
                return try Gnuplot.draw(try HeatMap(array, index: map, title: title ?? name), to: target)
            }
            var request = Plot.Request()
            request.expressions = expressions
            request.abscissa = x
            request.panes = panes
            request.hasLogAbscissa = logX
            request.hasLogOrdinates = logY
            request.from = from?.value
            request.to = to?.value
            request.title = title
            return try Gnuplot.draw(try Plot(try chosen(try tables()), request), to: target)
        }
    }

    private func tables() throws -> [Table] {
        guard NetlistFile.isMeant(file) else { return try WaveformReader.read(file) }
        var arguments = [file, "--dialect", dialect.rawValue] + library.flatMap { ["--library", $0] }
        for setting in param { arguments += ["--param", "\(setting.name)=\(setting.value)"] }
        let input = try InputOptions.parse(arguments)
        // What is to be drawn need not be printed by the netlist.
        let wanted = WaveExpression.quantities(in: expressions + [x].compactMap { $0 })
        var appended = ""
        if !wanted.isEmpty, let simulation = try input.loaded().simulation {
            for kind in Set(simulation.tableKinds.map(\.rawValue)).sorted() where Self.printable.contains(kind) {
                appended += ".print \(kind) \(wanted.joined(separator: " "))\n"
            }
        }
        return try NetlistFile.run(input, appended: appended).tables
    }

    /// Analyses whose tables take voltages and currents.
    private static let printable = ["op", "dc", "tran", "ac"]

    private func chosen(_ tables: [Table]) throws -> Table {
        let drawable = tables.filter { $0.header.abscissa != nil || x != nil }
        if let table {
            if let found = tables.last(where: { $0.header.kind.rawValue == table.lowercased() }) { return found }
            let kinds = tables.map(\.header.kind.rawValue).joined(separator: ", ")
            throw WaveExpression.Failure(description: "there is no table '\(table)'; there are \(kinds)")
        }
        guard let last = drawable.last ?? tables.last else {
            throw WaveExpression.Failure(description: "the netlist has no analysis")
        }
        return last
    }
}

/// A netlist that a command simulates on the way to something else.
enum NetlistFile {
    static func isMeant(_ path: String) -> Bool {
        guard let dot = path.lastIndex(of: ".") else { return false }
        return CaseSearch.extensions.contains(path[path.index(after: dot)...].lowercased())
    }

    struct Outcome {
        var simulation: Simulation
        /// What reading the netlist took.
        var loading: Duration
        var report: RunReport
        var tables: [Table]
        var maps: [(snapshot: Int, time: Double, values: [Double])]
    }

    /// Reports what is wrong as `hydron run` does, and throws its exit status.
    ///
    /// - Parameter appended: cards behind the netlist's own.
    static func run(_ input: InputOptions, keepsFailures: Bool = false, appended: String = "") throws -> Outcome {
        Interruption.listen()
        let start = ContinuousClock.now
        let simulation = try input.load(quiet: false, appended: appended)
        let loading = ContinuousClock.now - start
        let recorder = TableRecorder()
        let progress = ProgressBar(isShown: true)
        let outcome = simulation.run(
            recorder,
            control: RunControl(isInterrupted: { Interruption.isRequested }, progress: { progress.update($0) }))
        progress.clear()
        HydronCLI.report(outcome.diagnostics.all, in: simulation.sources)
        try recorder.finish()
        if let failure = outcome.failure {
            HydronCLI.report([failure.diagnostic], in: simulation.sources)
            if failure.reason == .interrupted { throw Interruption.status.code }
            if !keepsFailures {
                throw (failure.reason == .badNetlist ? ExitStatus.wrongInput : .noSolution).code
            }
        }
        return Outcome(
            simulation: simulation, loading: loading, report: outcome, tables: recorder.tables, maps: recorder.maps)
    }
}

/// `100x30`: letters across, and lines.
struct TerminalSize: ExpressibleByArgument {
    var width: Int
    var height: Int

    init?(argument: String) {
        let parts = argument.split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, (20...1000).contains(parts[0]), (8...1000).contains(parts[1]) else { return nil }
        (width, height) = (parts[0], parts[1])
    }

    private init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    static var ofStandardOutput: TerminalSize {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20, size.ws_row >= 10 else {
            return TerminalSize(width: 100, height: 30)
        }
        return TerminalSize(width: Int(size.ws_col), height: Int(size.ws_row) - 2)
    }
}

extension Plot.Request.Panes: ExpressibleByArgument {}
