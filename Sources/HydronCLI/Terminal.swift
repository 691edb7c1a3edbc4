import Glibc

/// Standard output and error as file descriptors: every byte is written or the process learns that it was not.
struct Terminal: Sendable {
    static let standardOutput = Terminal(descriptor: 1)
    static let standardError = Terminal(descriptor: 2)
    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }
    /// Colours are for people who have not asked to go without (https://no-color.org).
    var hasColour: Bool { isTerminal && getenv("NO_COLOR") == nil }

    @discardableResult func write(_ text: String) -> Bool {
        var copy = text
        return copy.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
                if written < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                offset += written
            }
            return true
        }
    }
}
