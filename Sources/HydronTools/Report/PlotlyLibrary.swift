import Glibc
import Waveforms

/// plotly.js, the library that draws a page's interactive charts. It is no part of this program: it is read, when a page
/// is made, from the Python package `plotly`.
public enum PlotlyLibrary {
    public static let advice = "install it with `pip install plotly`, or name the file with --plotly plotly.min.js"

    /// The library's text; nil where there is none.
    ///
    /// - Parameter path: `plotly.min.js`, or nil to ask Python (of an active virtual environment first) for its package.
    /// - Throws: an error of reading for a path that was given and can't be read.
    public static func text(path: String?) throws(WaveformError) -> String? {
        if let path { return String(decoding: try WaveformReader.bytes(of: path), as: UTF8.self) }
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        var folders: [String] = []
        if let active = getenv("VIRTUAL_ENV") { folders.append(String(cString: active) + "/bin") }
        folders += search.split(separator: ":").map(String.init)
        let candidates: [String] = folders.map { "\($0)/python3" }
        guard let python = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
        // Finds the package without importing it, which takes a second.
        let program = "import importlib.util as u; s = u.find_spec('plotly'); print(s.origin if s else '')"
        let outcome = ChildProcess.run(python, ["-c", program], input: [])
        let origin = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        guard outcome.status == 0, let slash = origin.lastIndex(of: "/") else { return nil }
        let file = origin[...slash] + "package_data/plotly.min.js"
        return (try? WaveformReader.bytes(of: String(file))).map { String(decoding: $0, as: UTF8.self) }
    }
}
