import COSDI
import Glibc

/// A shared library of compiled Verilog-A modules (OSDI 0.4 and later), loaded for the life of the process: model code
/// cannot be unloaded while anything may still point into it.
public final class OSDILibrary: Sendable {
    public let path: String
    let modules: [OSDIModule]
    /// Names of its modules, lower-case.
    public var moduleNames: [String] { modules.map(\.name) }

    /// Why a library can't be used.
    public struct LoadError: Error, Sendable {
        public var message: String
        public var hint: String
    }

    private static let knownMajor: UInt32 = 0
    private static let firstMinor: UInt32 = 4

    /// Loads the library at `path`.
    ///
    /// - Throws: ``LoadError`` where there is no such file, where it is no shared library of this machine, no compiled
    ///   model, or speaks a version of the interface that is not known.
    public init(path: String) throws(LoadError) {
        self.path = path
        try Self.checkFile(path)
        // What compiled models call of the mathematical library they expect to be there.
        _ = dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL)
        // A name without a slash would be looked for in the system's folders.
        let place = path.contains("/") ? path : "./" + path
        guard let handle = dlopen(place, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw LoadError(
                message: "'\(path)' can't be loaded: \(reason)",
                hint: "compile the model anew with 'hydron va MODEL.va'")
        }
        func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
        func number(_ name: String) -> UInt32? { symbol(name)?.load(as: UInt32.self) }
        guard let major = number("OSDI_VERSION_MAJOR"), let minor = number("OSDI_VERSION_MINOR"),
            let count = number("OSDI_NUM_DESCRIPTORS"), let first = symbol("OSDI_DESCRIPTORS")
        else {
            throw LoadError(
                message: "'\(path)' is a shared library, but no compiled Verilog-A model",
                hint: "a model is compiled with 'hydron va MODEL.va'")
        }
        guard major == Self.knownMajor, minor >= Self.firstMinor,
            let size = number("OSDI_DESCRIPTOR_SIZE"), Int(size) >= MemoryLayout<OSDIDescriptor>.size
        else {
            throw LoadError(
                message: "'\(path)' speaks OSDI \(major).\(minor), which this version does not know",
                hint: "compile the model with OpenVAF-reloaded, whose models speak OSDI 0.4 or later")
        }
        OSDILimiting.fill(symbol("OSDI_LIM_TABLE"), count: number("OSDI_LIM_TABLE_LEN") ?? 0)
        symbol("osdi_log")?.storeBytes(of: OSDILog.receive, as: OSDILogger.self)
        var modules: [OSDIModule] = []
        for index in 0..<Int(count) {
            let place = first + index * Int(size)
            let module = OSDIModule(
                place.assumingMemoryBound(to: OSDIDescriptor.self), size: Int(size), library: path)
            module.readVersion()
            modules.append(module)
        }
        self.modules = modules
    }

    /// What the dynamic loader would say in its own words: no file, no shared library, one of another machine.
    private static func checkFile(_ path: String) throws(LoadError) {
        guard let file = fopen(path, "rb") else {
            let isThere = access(path, F_OK) == 0
            throw LoadError(
                message: isThere ? "'\(path)' can't be read" : "there is no file '\(path)'",
                hint: isThere ? "check its permissions" : "compile the model with 'hydron va MODEL.va'")
        }
        defer { fclose(file) }
        var header = [UInt8](repeating: 0, count: 20)
        let count = fread(&header, 1, header.count, file)
        guard count == header.count, header[0..<4].elementsEqual([0x7F, 0x45, 0x4C, 0x46]) else {
            throw LoadError(
                message: "'\(path)' is no shared library",
                hint: "a Verilog-A model is compiled first: 'hydron va MODEL.va'")
        }
        let machine = Int(header[18]) | Int(header[19]) << 8
        guard let own = ownMachine, header[4] != 2 || machine != own else { return }
        let name = machineNames[machine] ?? "another machine"
        throw LoadError(
            message: "'\(path)' is compiled for \(name), not for this machine",
            hint: "compile the model here, with 'hydron va MODEL.va'")
    }

    /// Numbers of machines in the heads of ELF files (System V ABI, e_machine).
    private static let machineNames = [3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"]
    private static var ownMachine: Int? {
        #if arch(x86_64)
            62
        #elseif arch(arm64)
            183
        #else
            nil
        #endif
    }
}

/// The compiled modules that the command line named: what `.model` types may refer to besides the catalogue.
///
/// A netlist alone never loads native code: it can only use what is here.
public struct OSDIModules: Sendable, Equatable {
    public private(set) var libraries: [OSDILibrary] = []
    /// In the order loaded, each once.
    private var byName: [String: [OSDIModule]] = [:]
    private var byStem: [String: [OSDIModule]] = [:]

    public static let none = OSDIModules()
    public init() {}

    var isEmpty: Bool { libraries.isEmpty }
    /// Names of all modules, in alphabetical order.
    public var names: [String] { byName.keys.sorted() }

    /// Loads the library at `path`; of two modules of one name the first loaded counts, where no version is asked for.
    public mutating func load(_ path: String) throws(OSDILibrary.LoadError) {
        let library = try OSDILibrary(path: path)
        libraries.append(library)
        for module in library.modules {
            // One library by two paths is loaded once.
            guard !byName[module.name, default: []].contains(where: { $0.descriptor == module.descriptor }) else {
                continue
            }
            byName[module.name, default: []].append(module)
            if !module.stem.isEmpty { byStem[module.stem, default: []].append(module) }
        }
    }

    /// Other modules of this one's name, or of its model where that is what was asked for.
    func others(than module: OSDIModule, byLevel: Bool) -> [OSDIModule] {
        (byLevel ? modules(ofStem: module.stem) : byName[module.name] ?? []).filter { $0 !== module }
    }

    /// The module of this lower-case name.
    func module(_ name: String) -> OSDIModule? { byName[name]?.first }

    /// The modules that are this model by their names, whatever their version, in the order loaded.
    func modules(ofStem stem: String) -> [OSDIModule] { byStem[stem] ?? [] }

    public static func == (a: OSDIModules, b: OSDIModules) -> Bool {
        a.libraries.elementsEqual(b.libraries, by: ===)
    }
}
