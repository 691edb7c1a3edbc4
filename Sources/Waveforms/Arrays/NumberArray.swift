/// Numbers in a rectangle of any number of dimensions, the last index fastest.
public struct NumberArray: Sendable, Equatable {
    public var shape: [Int]
    public var values: [Double]

    public init(shape: [Int], values: [Double]) throws(WaveformError) {
        guard shape.allSatisfy({ $0 >= 0 }), shape.reduce(1, *) == values.count else {
            throw .shape("an array of shape \(shape) can't hold \(values.count) numbers")
        }
        self.shape = shape
        self.values = values
    }

    /// Reads a file's bytes: NumPy's format where they begin like it, else rows of numbers with commas between.
    ///
    /// - Parameter path: what error messages call the file.
    /// - Throws: ``WaveformError/malformed(path:line:message:)``, also for anything that is no finite number.
    public static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws(WaveformError) -> NumberArray {
        let array =
            NumPyFormat.isRecognised(bytes)
            ? try NumPyFormat.read(bytes, path: path) : try readRows(bytes, path: path)
        if let wrong = array.values.firstIndex(where: { !$0.isFinite }) {
            throw .malformed(
                path: path, line: 1, message: "the number at \(array.place(wrong)) is \(array.values[wrong])")
        }
        return array
    }

    /// Reads a file.
    public static func read(_ path: String) throws(WaveformError) -> NumberArray {
        let bytes = try WaveformReader.bytes(of: path)
        let outcome = bytes.withUnsafeBytes { raw -> Result<NumberArray, WaveformError> in
            do throws(WaveformError) { return .success(try read(raw, path: path)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// `[3][17]`: the index of a value in each dimension.
    func place(_ index: Int) -> String {
        var rest = index
        var parts: [String] = []
        for length in shape.reversed() {
            parts.append("[\(rest % max(length, 1))]")
            rest /= max(length, 1)
        }
        return parts.reversed().joined()
    }

    /// Rows of numbers, commas or blanks between; empty lines and what is behind `#` do not count.
    private static func readRows(_ bytes: UnsafeRawBufferPointer, path: String) throws(WaveformError) -> NumberArray {
        var values: [Double] = []
        var rows = 0
        var width = 0
        var line = 0
        var start = 0
        while start < bytes.count {
            line += 1
            var end = start
            var comment = -1
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
                if comment < 0, bytes[end] == UInt8(ascii: "#") { comment = end }
                end += 1
            }
            let stop = comment >= 0 ? comment : end
            let before = values.count
            var at = start
            while at < stop {
                while at < stop, bytes[at] <= 0x20 { at += 1 }
                if at == stop { break }
                var close = at
                while close < stop, bytes[close] > 0x20, bytes[close] != UInt8(ascii: ",") { close += 1 }
                let field = UnsafeRawBufferPointer(rebasing: bytes[at..<close])
                guard let value = NumberParser.parse(field) else {
                    let text = String(decoding: field, as: UTF8.self)
                    throw .malformed(
                        path: path, line: line,
                        message: text.isEmpty ? "a number is missing between commas" : "'\(text)' is no number")
                }
                guard value.isFinite else {
                    throw .malformed(
                        path: path, line: line,
                        message: "column \(values.count - before + 1) holds \(String(decoding: field, as: UTF8.self))")
                }
                values.append(value)
                while close < stop, bytes[close] <= 0x20 { close += 1 }
                if close < stop, bytes[close] == UInt8(ascii: ",") { close += 1 }
                at = close
            }
            start = end + 1
            let count = values.count - before
            guard count > 0 else { continue }
            if rows == 0 { width = count }
            guard count == width else {
                throw .malformed(
                    path: path, line: line, message: "\(count) numbers, where the rows before have \(width)")
            }
            rows += 1
        }
        return try NumberArray(shape: [rows, width], values: values)
    }
}
