import ArgumentParser
import Glibc
import Hydron
import HydronTools
import Waveforms

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run netlists and compare them with their golden tables.",
        discussion: """
            A test is a netlist NAME.cir with a table NAME.golden.csv beside it, with .meas, .assert or .spec cards, or \
            with lines '*! error …' that announce its mistakes. Lines '# tolerance …' in front of a golden table say how \
            far signals may be apart; '# netlist …' is the fingerprint of the text it was made from.

            Exit status 0 where all cases passed, 1 where one did not (or was blessed), 2 where there is none.
            """)

    @Argument(help: "Netlists, or folders to search. (default: the working folder)", completion: .file())
    var paths: [String] = []

    @Option(name: .long, help: "Only cases whose path has a part like this; * and ? stand for others.")
    var filter: [String] = []

    @Option(name: .shortAndLong, help: "Cases at a time. (default: one a processor)")
    var jobs: Int?

    @Option(name: .long, help: "End a case after so many seconds.")
    var timeout: Double = 300

    @Flag(
        name: .long,
        help: """
            Write golden tables that differ, are stale or, of netlists named here one by one, are not there. Cases that \
            were written fail, so that CI never passes on what it has just made.
            """)
    var bless = false

    @Option(name: .long, help: "Write the results as JUnit's XML.", completion: .file(extensions: ["xml"]))
    var junit: String?

    @Option(
        name: .long, help: "Write the results as JSON; - for standard output, and nothing else there.",
        completion: .file(extensions: ["json"]))
    var json: String?

    @Flag(name: .shortAndLong, help: "Print failures and the summary only.")
    var quiet = false

    @OptionGroup var judging: JudgingOptions

    mutating func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is \(jobs), but at least one is needed.") }
        if !(timeout > 0) { throw ValidationError("--timeout is \(timeout): a case needs some time.") }
    }

    mutating func run() throws {
        Interruption.listen()
        let start = ContinuousClock.now
        let found: CaseSearch.Found
        do throws(WaveformError) {
            found = try CaseSearch.find(paths.isEmpty ? ["."] : paths)
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        let (filter, quiet) = (filter, quiet)
        let writes = json != "-"
        let cases = found.cases.filter { path in
            filter.isEmpty || filter.contains { CaseSearch.matches(path, $0) }
        }
        if cases.isEmpty {
            Terminal.standardError.write(
                "error: no case \(filter.isEmpty ? "was found" : "fits --filter"): a netlist NAME.cir needs NAME.golden.csv "
                    + "beside it or .assert, .spec or .meas in it; 'hydron test --bless NAME.cir' writes the table\n")
            throw ExitStatus.wrongInput.code
        }
        var runner = CaseRunner(
            command: [try Self.executable(), "test-case"] + judging.arguments + (bless ? ["--bless"] : []),
            jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), timeout: timeout)
        runner.isInterrupted = { Interruption.isRequested }
        let width = min(cases.map(\.count).max() ?? 0, 60)
        let results = runner.run(cases) { result in
            if writes, !quiet || result.verdict != .passed {
                Terminal.standardOutput.write(
                    RegressionReports.line(result, width: width, colour: Terminal.standardOutput.hasColour))
            }
        }
        let elapsed = (ContinuousClock.now - start).components
        let reports = RegressionReports(
            results, seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
        if writes, Self.environment("GITHUB_ACTIONS") == "true" {
            Terminal.standardOutput.write(
                reports.githubAnnotations(
                    workspace: Self.environment("GITHUB_WORKSPACE").map(Self.resolved), folder: Self.resolved(".")))
        }
        if writes { Terminal.standardOutput.write(reports.summary) }
        if writes, !found.others.isEmpty, filter.isEmpty, !quiet {
            Terminal.standardOutput.write(
                "\(found.others.count) netlists without a golden table, limits or measurements were left out, such as "
                    + "\(found.others[0])\n")
        }
        do throws(WaveformError) {
            if let junit { try TextFile.write(reports.junit, to: junit) }
            if let json { try JSONFile.write(reports.json, to: json) }
        } catch {
            Terminal.standardError.write("error: \(error)\n")
            throw ExitStatus.inputOutput.code
        }
        if Interruption.isRequested { throw Interruption.status.code }
        if !reports.failed.isEmpty { throw ExitStatus.failedCheck.code }
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The path without links; as it is where nothing has that name.
    private static func resolved(_ path: String) -> String {
        guard let whole = realpath(path, nil) else { return path }
        defer { free(whole) }
        return String(cString: whole)
    }

    /// This program, for running cases in processes of their own.
    private static func executable() throws -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            Terminal.standardError.write(
                "error: cannot find this program's file: \(String(cString: strerror(errno)))\n")
            throw ExitStatus.inputOutput.code
        }
        defer { free(path) }
        return String(cString: path)
    }
}

/// What `hydron test` hands on to the process of each case.
struct JudgingOptions: ParsableArguments {
    @Option(name: .long, help: "Rules to read netlists by, where a golden table says no other.")
    var dialect: DialectName = .ngspice

    @Option(name: .long, help: "A folder that .include and .lib may read from; may be given several times.")
    var library: [String] = []

    @OptionGroup var compiledModels: CompiledModelOptions

    var arguments: [String] {
        ["--dialect", dialect.rawValue] + library.flatMap { ["--library", $0] }
            + compiledModels.osdi.flatMap { ["--osdi", $0] } + compiledModels.osdiPath.flatMap { ["--osdi-path", $0] }
    }
}

/// One case of `hydron test`, told in lines on standard output.
struct TestCaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-case", abstract: "Run one case of 'hydron test'.", shouldDisplay: false)

    @Argument var path: String
    @Flag(name: .long) var bless = false
    @OptionGroup var judging: JudgingOptions

    mutating func run() throws {
        let rules = RegressionCase.Rules(
            dialect: judging.dialect.dialect, libraryPaths: judging.library,
            modules: try judging.compiledModels.load(), blesses: bless)
        var one = RegressionCase(path: path, rules: rules)
        Terminal.standardOutput.write(one.run().encoded)
    }
}
