import Glibc
import Waveforms

/// Messages of the language server protocol on a pair of file descriptors: a head `Content-Length: n`, an empty line, and n
/// bytes of JSON.
final class MessageStream {
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    /// Larger messages are no netlists.
    private static let largest = 1 << 30

    enum Reading {
        case message(JSONValue)
        /// A message that is no JSON.
        case mistake(String)
        case end
    }

    init(input: Int32 = 0, output: Int32 = 1) {
        self.input = input
        self.output = output
    }

    /// Whether something can be read within `milliseconds`, or the end is here.
    func isWaiting(_ milliseconds: Int32) -> Bool {
        if !buffer.isEmpty || isAtEnd { return true }
        var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, milliseconds) != 0
    }

    func read() -> Reading {
        var length: Int?
        while true {
            guard let line = line() else { return .end }
            if line.isEmpty {
                // An empty line ends a head; before one it means nothing.
                guard let length else { continue }
                guard let body = take(length) else { return .end }
                do throws(JSONReader.Mistake) {
                    return .message(try JSONReader.read(body))
                } catch {
                    return .mistake("\(error)")
                }
            }
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length",
                let count = Int(parts[1].filter { $0 != " " }), (0...Self.largest).contains(count)
            {
                length = count
            }
        }
    }

    private func fill() -> Bool {
        guard !isAtEnd else { return false }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(input, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                isAtEnd = true
                return false
            }
            buffer += chunk[..<count]
            return true
        }
    }

    private func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                var line = buffer[..<end]
                if line.last == 0x0D { line.removeLast() }
                let text = String(decoding: line, as: UTF8.self)
                buffer.removeFirst(end + 1)
                return text
            }
            guard fill() else { return nil }
        }
    }

    private func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        let body = Array(buffer[..<count])
        buffer.removeFirst(count)
        return body
    }

    func write(_ message: JSONValue) {
        let body = Array("\(message)".utf8)
        let bytes = Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.write(output, raw.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                isAtEnd = true
                return
            }
            written += count
        }
    }
}
