import Glibc
import Hydron
import Waveforms

/// A folder of results as pages: a list of its files of waveforms, and a page of charts for each.
public struct ResultFolder: Sendable {
    private let folder: String
    private let library: String?
    public static let extensions = ["csv", "raw", "prn"]
    private static let mostFiles = 2000

    /// - Parameter library: plotly.js; nil for pages with pictures instead of charts.
    public init(_ folder: String, library: String?) {
        self.folder = folder.hasSuffix("/") && folder.count > 1 ? String(folder.dropLast()) : folder
        self.library = library
    }

    /// Paths below the folder, in the order of their names; hidden ones and links to folders are left out.
    public func files() -> [String] {
        var found: [String] = []
        var open = [""]
        while let prefix = open.popLast(), found.count < Self.mostFiles {
            guard let handle = opendir("\(folder)/\(prefix)") else { continue }
            defer { closedir(handle) }
            while let entry = readdir(handle) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name.hasPrefix(".") { continue }
                var status = stat()
                guard lstat("\(folder)/\(prefix)\(name)", &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    open.append("\(prefix)\(name)/")
                } else if let dot = name.lastIndex(of: "."),
                    Self.extensions.contains(name[name.index(after: dot)...].lowercased())
                {
                    found.append(prefix + name)
                }
            }
        }
        return found.sorted()
    }

    /// The answer to a request; only files of the list are opened.
    public func answer(_ path: String, _ query: [String: String]) -> HTTPServer.Response {
        switch path {
        case "/": return HTTPServer.Response(list())
        case "/view":
            guard let name = query["file"], files().contains(name) else {
                return HTTPServer.Response("no such file of results", status: 404)
            }
            do throws(WaveformError) {
                let tables = try WaveformReader.read("\(folder)/\(name)")
                var data = ReportData(title: name, state: tables.first?.header.title ?? "")
                data.add(tables, drawsPictures: library == nil)
                if !data.hasContent { (data.state, data.hasFailed) = ("there are no rows in this file", true) }
                return HTTPServer.Response(ReportPage.html(data.json, title: name, library: library))
            } catch {
                let data = ReportData(title: name, state: "\(error)", hasFailed: true)
                return HTTPServer.Response(ReportPage.html(data.json, title: name, library: nil), status: 404)
            }
        default: return HTTPServer.Response("no such page", status: 404)
        }
    }

    private func list() -> String {
        let rows = files().map { name in
            "<li><a href=\"/view?file=\(FileURI.uri("/\(name)").dropFirst("file:///".count))\">\(ReportPage.escaped(name))</a></li>"
        }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(ReportPage.escaped(folder))</title>
            <style>body { font: 15px/1.6 system-ui, sans-serif; max-width: 800px; margin: 24px auto; padding: 0 24px; }</style>
            </head><body><h1>\(ReportPage.escaped(folder))</h1>
            \(rows.isEmpty ? "<p>There are no files of waveforms (.csv, .raw, .prn) here.</p>" : "<ul>\(rows.joined())</ul>")
            </body></html>
            """
    }
}
