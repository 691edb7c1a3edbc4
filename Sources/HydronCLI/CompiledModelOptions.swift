import ArgumentParser
import Glibc
import Hydron

/// Compiled Verilog-A models. Native code is only loaded where the command line names it; a netlist never does.
struct CompiledModelOptions: ParsableArguments {
    @Option(
        name: .long, help: "Load a compiled Verilog-A model; may be given several times.",
        completion: .file(extensions: ["osdi"]))
    var osdi: [String] = []

    @Option(
        name: .long,
        help:
            "A folder whose compiled models are loaded too, and where --osdi looks for files that are not found from here; may be given several times.",
        completion: .directory)
    var osdiPath: [String] = []

    /// Loads the models in the order given, files before folders.
    ///
    /// - Throws: the exit status where one can't be loaded; what is wrong was printed.
    func load() throws -> OSDIModules {
        var modules = OSDIModules()
        var loaded: Set<String> = []
        var files = osdi.map { find($0) }
        for folder in osdiPath { files += try contents(of: folder) }
        for file in files where loaded.insert(file).inserted {
            do throws(OSDILibrary.LoadError) {
                try modules.load(file)
            } catch {
                Terminal.standardError.write("error: \(error.message)\n  hint: \(error.hint)\n")
                throw ExitStatus.wrongInput.code
            }
        }
        return modules
    }

    /// A relative name is looked for from here, then in the folders.
    private func find(_ name: String) -> String {
        guard !name.hasPrefix("/"), access(name, F_OK) != 0 else { return name }
        return osdiPath.map { $0 + "/" + name }.first { access($0, F_OK) == 0 } ?? name
    }

    /// Compiled models in a folder, in alphabetical order.
    private func contents(of folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            Terminal.standardError.write("error: --osdi-path names '\(folder)', which is no folder that can be read\n")
            throw ExitStatus.wrongInput.code
        }
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
