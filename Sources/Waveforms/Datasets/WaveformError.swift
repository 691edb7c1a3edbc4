import Glibc

/// Why waveforms could not be written, read or put together.
public enum WaveformError: Error, Sendable, Hashable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    case cannotRead(path: String, reason: String)
    /// A file's text or bytes are not what its format asks for. `line` counts from 1; in binary data it is that of
    /// the last header line.
    case malformed(path: String, line: Int, message: String)
    /// A row or a table does not have the announced form, or calls came in the wrong order.
    case shape(String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
        case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
        case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
        case .malformed(let path, let line, let message): "\(path):\(line): \(message)"
        case .shape(let message): message
        }
    }

    /// What the operating system says about an error number.
    static func reason(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}
