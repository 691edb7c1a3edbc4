import Glibc
import Waveforms

/// Finds the netlists of a regression run.
public enum CaseSearch {
    public static let extensions = ["cir", "sp", "spi", "net", "ckt"]

    /// What was found below the given paths, in the order of their names.
    public struct Found: Sendable, Equatable {
        public var cases: [String] = []
        /// Netlists that have neither a golden table nor limits or expectations, nor were named one by one.
        public var others: [String] = []
    }

    /// Files are taken as they are; of folders every netlist below them that is a test by what stands beside it or in it,
    /// and every golden table whose netlist is gone, so that a renamed netlist does not end its test unseen. Hidden
    /// folders are not looked into.
    ///
    /// - Throws: ``WaveformError/cannotOpen(path:reason:)`` for a path that is not there.
    public static func find(_ paths: [String]) throws(WaveformError) -> Found {
        var found = Found()
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
            }
            if status.st_mode & S_IFMT != S_IFDIR {
                found.cases.append(path)
                continue
            }
            let files = try files(below: path == "." ? "" : path)
            let goldens = Set(files.filter(isNetlist).map(RegressionCase.golden))
            for file in files {
                guard isNetlist(file) else {
                    if file.hasSuffix(RegressionCase.goldenSuffix), !goldens.contains(file) { found.cases.append(file) }
                    continue
                }
                if try isCase(file) { found.cases.append(file) } else { found.others.append(file) }
            }
        }
        var seen: Set<String> = []
        found.cases = found.cases.filter { seen.insert($0).inserted }
        return found
    }

    private static func isNetlist(_ path: String) -> Bool {
        guard let dot = path.lastIndex(of: ".") else { return false }
        return extensions.contains(path[path.index(after: dot)...].lowercased())
    }

    private static func files(below folder: String) throws(WaveformError) -> [String] {
        guard let handle = opendir(folder.isEmpty ? "." : folder) else {
            throw .cannotOpen(path: folder, reason: String(cString: strerror(errno)))
        }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(handle)
        var files: [String] = []
        for name in names.sorted() {
            let path = folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: files += try self.files(below: path)
            case S_IFREG, S_IFLNK: files.append(path)
            default: break
            }
        }
        return files
    }

    private static func isCase(_ path: String) throws(WaveformError) -> Bool {
        if access(RegressionCase.golden(of: path), F_OK) == 0 { return true }
        let text = String(decoding: try WaveformReader.bytes(of: path), as: UTF8.self).lowercased()
        return text.split(whereSeparator: \.isNewline).contains { line in
            line.hasPrefix("*! ") || [".assert", ".meas", ".spec"].contains { line.hasPrefix($0) }
        }
    }

    /// Whether a path has a part that a pattern describes: `*` stands for any text, `?` for a letter.
    public static func matches(_ path: String, _ pattern: String) -> Bool {
        fnmatch("*\(pattern)*", path, 0) == 0
    }
}
