import Glibc
import Waveforms

/// Draws pictures with gnuplot, a program of its own that is asked for when a picture is.
public enum Gnuplot {
    public enum Failure: Error, CustomStringConvertible {
        /// There is no gnuplot on the PATH.
        case missing
        /// What gnuplot said.
        case refused(String)
        case file(WaveformError)

        public var description: String {
            switch self {
            case .missing:
                "pictures are drawn by gnuplot, which is not on the PATH; install it (Debian: apt-get install gnuplot-nox)"
            case .refused(let text): "gnuplot failed: \(text)"
            case .file(let error): error.description
            }
        }
    }

    /// Where a picture goes.
    public enum Target: Sendable {
        /// SVG, PNG or PDF by the name's ending.
        case file(String)
        /// The text of an SVG picture.
        case svg
        /// Letters and dashes, so many of them across and up and down.
        case terminal(width: Int, height: Int, colour: Bool)

        /// nil for a name that ends otherwise.
        public init?(path: String) {
            guard ["svg", "png", "pdf"].contains(where: { path.lowercased().hasSuffix("." + $0) }) else { return nil }
            self = .file(path)
        }
    }

    /// Size of pictures in pixels.
    static let width = 900

    /// Draws and returns the text of a picture that goes to no file.
    public static func draw(_ plot: Plot, to target: Target) throws(Failure) -> String {
        try run(target, height: plot.panes.count == 1 ? 420 : 60 + 250 * plot.panes.count) { script in
            GnuplotScript.write(plot, columns: target.columns, to: &script)
        }
    }

    public static func draw(_ map: HeatMap, to target: Target) throws(Failure) -> String {
        // gnuplot's maps of letters are made of colours alone.
        if case .terminal(let width, let height, colour: false) = target {
            return map.text(width: width, height: height)
        }
        return try run(target, height: 720) { script in GnuplotScript.write(map, to: &script) }
    }

    private static func run(
        _ target: Target, height: Int, _ body: (inout GnuplotScript) -> Void
    ) throws(Failure) -> String {
        guard let program = find("gnuplot") else { throw .missing }
        var script = GnuplotScript()
        var temporary: String?
        switch target {
        case .file(let path):
            // gnuplot empties a file before it knows whether it can draw: the picture takes its name when it is whole.
            let hidden = Self.beside(path)
            temporary = hidden
            script.terminal(path: path, hidden: hidden, width: width, height: height)
        case .svg: script.svg(width: width, height: height)
        case .terminal(let width, let height, let colour):
            script.terminal(width: width, height: height, colour: colour)
        }
        body(&script)
        let outcome = ChildProcess.run(program, [], input: script.bytes)
        guard outcome.status == 0, !outcome.errors.contains("line ") else {
            if let temporary { unlink(temporary) }
            throw .refused(outcome.errors.isEmpty ? "status \(outcome.status)" : outcome.errors)
        }
        guard case .file(let path) = target, let temporary else {
            return String(decoding: outcome.output, as: UTF8.self)
        }
        guard rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw .file(.cannotWrite(path: path, reason: reason))
        }
        return ""
    }

    /// Whether there is a gnuplot to draw with.
    public static var isInstalled: Bool { find("gnuplot") != nil }

    private static func beside(_ path: String) -> String {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        return "\(folder).\(name).\(getpid()).tmp"
    }

    private static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

extension Gnuplot.Target {
    /// Columns of pixels in which a curve is thinned: vector formats are looked at more closely.
    var columns: Int {
        switch self {
        case .file(let path): path.lowercased().hasSuffix(".png") ? Gnuplot.width : 2 * Gnuplot.width
        case .svg: 2 * Gnuplot.width
        case .terminal(let width, _, _): width
        }
    }
}
