import Glibc

/// Reads tables from files of any known format.
public enum WaveformReader {
    public enum Format: Sendable { case csv, raw, prn }

    /// Reads a file, whose format its first bytes tell.
    public static func read(_ path: String) throws(WaveformError) -> [Table] {
        try tables(in: bytes(of: path), path: path)
    }

    /// Reads the content of a file. `path` is for messages.
    public static func tables(in bytes: [UInt8], path: String) throws(WaveformError) -> [Table] {
        switch format(of: bytes) {
        case .raw:
            var reader = RawReader(bytes: bytes, path: path)
            return try reader.read()
        case .prn: return try PrnReader(bytes: bytes, path: path).read()
        case .csv: return try CSVReader(bytes: bytes, path: path).read()
        }
    }

    /// What a file's content looks like.
    public static func format(of bytes: [UInt8]) -> Format {
        if RawReader.isRaw(bytes) { return .raw }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let start = text.firstIndex(where: { $0 > 0x20 }) else { return .csv }
        // The head of a golden table.
        if text[start] == UInt8(ascii: "#") { return .csv }
        let line = text[start...].prefix { $0 != 0x0A && $0 != 0x0D }
        if String(decoding: line.prefix(6), as: UTF8.self).lowercased() == "index " { return .prn }
        // A comma outside of parentheses and quotes parts the fields of a CSV line.
        var depth = 0
        for byte in line {
            switch byte {
            case UInt8(ascii: "\""): return .csv
            case UInt8(ascii: "("), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ",") where depth <= 0: return .csv
            case UInt8(ascii: " ") where depth <= 0, UInt8(ascii: "\t") where depth <= 0: return .prn
            default: break
            }
        }
        return .csv
    }

    /// The whole content of a file.
    public static func bytes(of path: String) throws(WaveformError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw .cannotOpen(path: path, reason: WaveformError.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        let size = fstat(descriptor, &status) == 0 ? max(0, Int(status.st_size)) : 0
        var bytes: [UInt8] = []
        var wanted = size + 1
        while true {
            var problem: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                var result = 0
                repeat {
                    result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                } while result < 0 && errno == EINTR
                if result < 0 { problem = errno }
                count = max(0, result)
            }
            if problem != 0 { throw .cannotRead(path: path, reason: WaveformError.reason(problem)) }
            if chunk.isEmpty { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            wanted = max(1 << 16, size + 1 - bytes.count)
        }
    }
}
