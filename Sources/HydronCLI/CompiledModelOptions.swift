import ArgumentParser
import Glibc
import Hydron

/// Compiled Verilog-A models. Native code is only loaded where the command line or the environment names it; a netlist never
/// does.
struct CompiledModelOptions: ParsableArguments {
    @Option(
        name: .long, help: "Load a compiled Verilog-A model; may be given several times.",
        completion: .file(extensions: ["osdi"]))
    var osdi: [String] = []

    @Option(
        name: .long,
        help:
            "A folder whose compiled models are loaded too, and where --osdi looks for files that are not found from here; may be given several times. HYDRON_OSDI_PATH names further ones, with colons between.",
        completion: .directory)
    var osdiPath: [String] = []

    /// Further folders, behind those of the command line.
    private static let variable = "HYDRON_OSDI_PATH"

    private static var environmentFolders: [String] {
        getenv(variable).map { String(cString: $0) }?.split(separator: ":").map { String($0) } ?? []
    }

    /// Loads the models in the order given, files before folders, the command line's before the environment's.
    ///
    /// - Throws: the exit status where one that the command line names can't be loaded; what is wrong was printed. What the
    ///   environment names is there for all runs: of it only a warning is made.
    func load() throws -> OSDIModules {
        var modules = OSDIModules()
        var loaded: Set<String> = []
        var files = osdi.map { find($0) }
        for folder in osdiPath {
            guard let contents = Self.contents(of: folder) else {
                Terminal.standardError.write(
                    "error: --osdi-path names '\(folder)', which is no folder that can be read\n")
                throw ExitStatus.wrongInput.code
            }
            files += contents
        }
        for file in files where loaded.insert(file).inserted {
            do throws(OSDILibrary.LoadError) {
                try modules.load(file)
            } catch {
                Terminal.standardError.write("error: \(error.message)\n  hint: \(error.hint)\n")
                throw ExitStatus.wrongInput.code
            }
        }
        for folder in Self.environmentFolders {
            guard let contents = Self.contents(of: folder) else {
                Terminal.standardError.write(
                    "warning: \(Self.variable) names '\(folder)', which is no folder that can be read\n")
                continue
            }
            for file in contents where loaded.insert(file).inserted {
                do throws(OSDILibrary.LoadError) {
                    try modules.load(file)
                } catch {
                    Terminal.standardError.write(
                        "warning: a compiled model of \(Self.variable) is left out: \(error.message)\n  hint: \(error.hint)\n"
                    )
                }
            }
        }
        return modules
    }

    /// A relative name is looked for from here, then in the folders.
    private func find(_ name: String) -> String {
        guard !name.hasPrefix("/"), access(name, F_OK) != 0 else { return name }
        return (osdiPath + Self.environmentFolders).map { $0 + "/" + name }.first { access($0, F_OK) == 0 } ?? name
    }

    /// Compiled models in a folder, in alphabetical order; nil where it can't be read.
    private static func contents(of folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".osdi") { names.append(folder + "/" + name) }
        }
        return names.sorted()
    }
}
