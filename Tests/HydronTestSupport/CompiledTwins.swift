import Foundation
import Hydron

/// The models of Tests/CompiledModels, compiled once a run by the C compiler that is installed.
public enum CompiledTwins {
    /// nil where no C compiler is on the PATH.
    public static let compiler: String? = {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in folders.split(separator: ":") {
            for name in ["cc", "gcc", "clang"] {
                let path = "\(folder)/\(name)"
                if FileManager.default.isExecutableFile(atPath: path) { return path }
            }
        }
        return nil
    }()
    public static var isThere: Bool { compiler != nil }

    private static let folder: URL = {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("hydron-twins-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: CompiledTwins.folder) }
        return url
    }()

    /// Compiles C text or a file to a shared library and returns its path.
    public static func compile(_ name: String, source: URL, _ flags: [String] = []) throws -> String {
        guard let compiler else { throw NetlistFailure(description: "no C compiler is on the PATH") }
        let output = folder.appendingPathComponent(name).path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler)
        process.arguments = ["-shared", "-fPIC", "-O1", "-w", "-o", output, source.path] + flags + ["-lm"]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw NetlistFailure(description: "\(compiler) does not compile \(source.path)")
        }
        return output
    }

    public static func compile(_ name: String, text: String) throws -> String {
        let source = folder.appendingPathComponent(name + ".c")
        try text.write(to: source, atomically: true, encoding: .utf8)
        return try compile(name, source: source)
    }

    public static func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = folder.appendingPathComponent(name)
        try Data(bytes).write(to: url)
        return url.path
    }

    public static let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../CompiledModels/twins.c").standardizedFileURL

    private static let path = Result { try compile("twins.osdi", source: source) }

    /// The modules `tworesistor` and `twodiode`.
    public static func modules() throws -> OSDIModules {
        var modules = OSDIModules()
        try modules.load(try path.get())
        return modules
    }
}
