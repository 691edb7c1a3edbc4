import Glibc

/// Finds included files and keeps a netlist to the folders that it may read: its own and the library paths.
struct IncludeResolver {
    private let topFolder: String
    private let libraryPaths: [String]
    /// The folders that may be read, with symbolic links resolved.
    private let roots: [String]
    /// Every file read so far, by its resolved path.
    private var buffers: [String: SourceBuffer] = [:]

    enum Problem: Error {
        case outside(path: String)
        case unreadable(SourceBuffer.Failure, path: String)
    }

    struct Found {
        /// As the user would write it.
        var path: String
        /// The same for every way to write it.
        var identity: String
        var buffer: SourceBuffer
    }

    init(topPath: String, libraryPaths: [String]) {
        topFolder = FileSystem.folder(of: topPath)
        self.libraryPaths = libraryPaths
        roots = ([topFolder] + libraryPaths).compactMap(FileSystem.resolved)
    }

    func identity(of path: String) -> String { FileSystem.resolved(path) ?? path }

    /// - Parameter folder: of the file that includes.
    mutating func find(_ written: String, from folder: String) throws(Problem) -> Found {
        let name = FileSystem.portable(written)
        var candidates = [FileSystem.join(folder, name)]
        if !name.hasPrefix("/") {
            if folder != topFolder { candidates.append(FileSystem.join(topFolder, name)) }
            candidates += libraryPaths.map { FileSystem.join($0, name) }
        }
        var outside: String?
        var failure: (SourceBuffer.Failure, String)?
        for candidate in candidates {
            guard isInsideLexically(candidate) else {
                outside = outside ?? candidate
                continue
            }
            guard let identity = FileSystem.resolved(candidate) else { continue }
            guard roots.contains(where: { FileSystem.contains($0, identity) }) else {
                outside = outside ?? candidate
                continue
            }
            if let buffer = buffers[identity] { return Found(path: candidate, identity: identity, buffer: buffer) }
            do {
                let buffer = try SourceBuffer(path: identity)
                buffers[identity] = buffer
                return Found(path: candidate, identity: identity, buffer: buffer)
            } catch {
                failure = failure ?? (error, candidate)
            }
        }
        if let failure { throw .unreadable(failure.0, path: failure.1) }
        if let outside { throw .outside(path: outside) }
        throw .unreadable(.missing, path: candidates[0])
    }

    /// Asked before the file system is, so that an error tells nothing about files elsewhere.
    private func isInsideLexically(_ path: String) -> Bool {
        let plain = FileSystem.normalised(path)
        return roots.contains { FileSystem.contains($0, plain) }
            || ([topFolder] + libraryPaths).contains { FileSystem.contains(FileSystem.normalised($0), plain) }
    }
}

/// The few questions to the file system that includes need.
enum FileSystem {
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: ASCII.slash) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func join(_ folder: String, _ name: String) -> String {
        if name.hasPrefix("/") || folder == "." { return name }
        return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The absolute path without links; nil if there is no such file.
    static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    /// The absolute path without `.` and `..`, as if there were no links.
    static func normalised(_ path: String) -> String {
        var full = path
        if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
            full = String(cString: folder) + "/" + path
            free(folder)
        }
        var parts: [Substring] = []
        for part in full.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A path as Windows writes it, with this system's slashes. Of one on a drive only the file's name can be found: beside
    /// the netlist or in a library path.
    static func portable(_ path: String) -> String {
        guard path.utf8.contains(ASCII.backslash) else { return path }
        let parts = path.split(separator: "\\", omittingEmptySubsequences: false)
        let isOnDrive = parts.first.map { $0.utf8.count == 2 && $0.hasSuffix(":") } == true || path.hasPrefix("\\\\")
        return isOnDrive ? String(parts.last ?? "") : parts.joined(separator: "/")
    }

    /// True for the libraries that LTspice and PSpice name in every netlist and that come with them.
    static func isInstalled(_ path: String) -> Bool {
        let file = portable(path).lowercased()
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return name == "nom.lib" || name == "nomd.lib"
            || (name.hasPrefix("standard.")
                && ["dio", "bjt", "mos", "jft", "cap", "ind", "res", "bead"].contains(String(name.dropFirst(9))))
    }

    /// Whether `path` is `folder` or below it; both absolute.
    static func contains(_ folder: String, _ path: String) -> Bool {
        path == folder || folder == "/" || path.hasPrefix(folder + "/")
    }

    static func message(_ failure: SourceBuffer.Failure, path: String) -> String {
        switch failure {
        case .missing: "cannot find the file `\(path)`"
        case .directory: "`\(path)` is a folder, not a file"
        case .tooLarge: "`\(path)` has 4 GiB or more"
        case .system(let reason): "cannot read `\(path)`: \(reason)"
        }
    }

    /// A file of a similar name in the same folder.
    static func hint(path: String) -> String? {
        let folder = folder(of: path)
        guard let slash = path.utf8.lastIndex(of: ASCII.slash) ?? Optional(path.startIndex) else { return nil }
        let name = path.hasPrefix(folder + "/") ? String(path[path.utf8.index(after: slash)...]) : path
        guard let listing = opendir(folder) else { return nil }
        defer { closedir(listing) }
        var names: [String] = []
        while names.count < 10_000, let entry = readdir(listing) {
            let text = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if !text.hasPrefix(".") { names.append(text) }
        }
        names.sort()
        let sameLetters = names.first { $0 != name && $0.lowercased() == name.lowercased() }
        return (sameLetters ?? suggestion(for: name, among: names)).map { "did you mean `\($0)`?" }
    }
}
