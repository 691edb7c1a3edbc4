import Hydron
import SpiceNetlist

/// What a netlist is read by.
public struct EditorSettings: Sendable {
    public var dialect: Dialect
    /// Folders that `.include` and `.lib` may read from besides the netlist's own.
    public var libraryPaths: [String]
    /// Also look for text that another simulator reads as something else.
    public var isPortable: Bool
    public var modules: OSDIModules

    public init(
        dialect: Dialect = .ngspice, libraryPaths: [String] = [], isPortable: Bool = false, modules: OSDIModules = .none
    ) {
        self.dialect = dialect
        self.libraryPaths = libraryPaths
        self.isPortable = isPortable
        self.modules = modules
    }
}

/// One text that an editor has open, and what is known about it.
struct EditorDocument {
    let uri: String
    let path: String
    /// A file of models or subcircuits: it has no title, and nobody runs it by itself.
    let isLibrary: Bool
    var version: Int?
    private(set) var positions: TextPositions

    /// What is wrong and suspicious in it.
    private(set) var findings: [Diagnostic] = []
    private(set) var sources = SourceMap()
    private var index: NetlistIndex?
    /// Texts of the files that findings and words lie in, by their number.
    private var files: [UInt32: TextPositions] = [:]

    private static let title = Array("* library\n".utf8)

    init(uri: String, text: String, version: Int?) {
        self.uri = uri
        path = FileURI.path(uri) ?? "netlist"
        let name = path.split(separator: "/").last ?? ""
        let ending = name.contains(".") ? name.split(separator: ".").last.map { $0.lowercased() } : nil
        isLibrary = ending.map { !CaseSearch.extensions.contains($0) } ?? false
        positions = TextPositions(Array(text.utf8))
        self.version = version
    }

    /// - Parameter range: what the text takes the place of; nil for all.
    mutating func replace(_ range: (TextPositions.Position, TextPositions.Position)?, with text: String) {
        index = nil
        guard let range else {
            positions = TextPositions(Array(text.utf8))
            return
        }
        let start = positions.offset(range.0)
        let end = max(start, positions.offset(range.1))
        positions = TextPositions(positions.bytes[..<start] + Array(text.utf8) + positions.bytes[end...])
    }

    /// The text as the parser wants it, which begins with a title.
    private var text: String {
        String(decoding: isLibrary ? Self.title + positions.bytes : positions.bytes, as: UTF8.self)
    }
    private var shift: Int { isLibrary ? Self.title.count : 0 }

    // MARK: Findings

    mutating func check(_ settings: EditorSettings) {
        let loaded = Simulation.load(
            text: text, path: path, dialect: settings.dialect, libraryPaths: settings.libraryPaths, threads: 1,
            modules: settings.modules)
        findings = loaded.findings(isPortable: settings.isPortable, isLibrary: isLibrary)
        sources = loaded.sources
        files = [:]
    }

    /// Words and what they mean; made when first asked for after a change.
    mutating func index(_ settings: EditorSettings) -> NetlistIndex? {
        if let index { return index }
        var ignored = Diagnostics()
        let parsed = Parser.parse(
            text: text, path: path, dialect: settings.dialect, libraryPaths: settings.libraryPaths,
            diagnostics: &ignored)
        guard let netlist = parsed.netlist else { return nil }
        sources = netlist.sources
        files = [:]
        index = NetlistIndex(netlist, modules: settings.modules)
        return index
    }

    // MARK: Places

    /// A byte of the parsed text.
    func offset(_ position: TextPositions.Position) -> Int { positions.offset(position) + shift }

    /// The file and the place in it, as an editor counts; nil for what the editor does not see.
    mutating func place(
        _ range: SourceRange
    ) -> (uri: String, start: TextPositions.Position, end: TextPositions.Position)? {
        guard Int(range.file) < sources.files.count else { return nil }
        if range.file == 0 {
            guard Int(range.end) >= shift else { return nil }
            return (
                uri, positions.position(Int(range.start) - shift), positions.position(Int(range.end) - shift)
            )
        }
        let text = files[range.file] ?? TextPositions(Array(sources.bytes(of: range.file)))
        files[range.file] = text
        return (
            FileURI.uri(sources.files[Int(range.file)].path), text.position(Int(range.start)),
            text.position(Int(range.end))
        )
    }

    /// The included file that a card at this byte asks for.
    func included(at offset: Int) -> String? {
        sources.files.first { file in
            file.includedFrom.map { $0.file == 0 && Int($0.start) <= offset && offset <= Int($0.end) } ?? false
        }?.path
    }
}
