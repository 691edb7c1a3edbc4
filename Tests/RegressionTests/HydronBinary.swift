import Foundation

/// The built command, for what only a process can show: exit statuses, signals, files left behind.
struct HydronBinary {
    var path: String

    /// The newer of the debug and the release build; nil where there is none.
    static let built: HydronBinary? = {
        let root = Netlists.folder.dropLast("/netlists".count)
        func age(_ path: String) -> Date? {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        }
        let found = ["debug", "release"].map { "\(root)/.build/\($0)/hydron" }
            .filter { FileManager.default.isExecutableFile(atPath: $0) }
        return found.max { (age($0) ?? .distantPast) < (age($1) ?? .distantPast) }.map { HydronBinary(path: $0) }
    }()

    struct Outcome {
        /// The exit status, or 128 and the signal that ended the process.
        var status: Int
        var standardOutput: String
        var standardError: String
        /// Whether it had to be stopped, by SIGTERM.
        var wasStopped: Bool
    }

    /// Runs the command to its end; sends `signal` after `seconds`.
    ///
    /// - Parameter environment: of the process besides this one's.
    func run(
        _ arguments: [String], environment: [String: String] = [:], signal: Int32 = SIGTERM, after seconds: Double = 20
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files: a pipe that nobody reads would fill up.
        let files = ["out", "log"].map {
            FileManager.default.temporaryDirectory.appendingPathComponent("hydron-\(UUID().uuidString).\($0)")
        }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        process.standardInput = FileHandle.nullDevice
        // A child inherits the signals that this thread blocks, and a dispatch thread blocks all.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        try process.run()
        let deadline = Date(timeIntervalSinceNow: seconds)
        var wasStopped = false
        while process.isRunning {
            if Date() > deadline, !wasStopped {
                wasStopped = true
                kill(process.processIdentifier, signal)
            }
            // A run that takes no notice of a polite request hangs.
            if Date() > deadline.addingTimeInterval(10) { kill(process.processIdentifier, SIGKILL) }
            usleep(1000)
        }
        process.waitUntilExit()
        let status = Int(process.terminationStatus)
        return Outcome(
            status: process.terminationReason == .exit ? status : 128 + status,
            standardOutput: (try? String(contentsOf: files[0], encoding: .utf8)) ?? "",
            standardError: (try? String(contentsOf: files[1], encoding: .utf8)) ?? "", wasStopped: wasStopped)
    }
}

/// A folder that goes with this object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("hydron-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
