/// Reads comma-separated tables as `CSVWriter` writes them, and others with one header line.
///
/// An empty line parts tables; lines that begin with `#` are comments. A first column `step` makes steps; the columns behind it that have no parentheses in
/// their names and stay the same throughout each step are its parameters.
struct CSVReader {
    let bytes: [UInt8]
    let path: String

    init(bytes: [UInt8], path: String) {
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        self.path = path
    }

    func read() throws(WaveformError) -> [Table] {
        var tables: [Table] = []
        var at = 0
        var line = 1
        while at < bytes.count {
            if isEmptyLine(at) || isComment(at) {
                at = endOfLine(at)
                line += 1
                continue
            }
            let names = try fields(&at, &line).map { Column.normalized($0) }
            let first = line
            if let name = names.first, NumberParser.parse(Array(name.utf8)) != nil {
                throw .malformed(path: path, line: line - 1, message: "the header line starts with a number")
            }
            var columns = [[Double]](repeating: [], count: names.count)
            while at < bytes.count && !isEmptyLine(at) {
                if isComment(at) {
                    at = endOfLine(at)
                    line += 1
                } else {
                    try row(&at, &line, into: &columns)
                }
            }
            do throws(WaveformError) {
                tables.append(try LooseColumns(names: names, columns: columns).table())
            } catch {
                throw .malformed(path: path, line: first - 1, message: error.description)
            }
        }
        if tables.isEmpty { throw .malformed(path: path, line: 1, message: "the file is empty") }
        return tables
    }

    private func isComment(_ at: Int) -> Bool { bytes[at] == UInt8(ascii: "#") }

    private func isEmptyLine(_ at: Int) -> Bool {
        var at = at
        while at < bytes.count, bytes[at] != 0x0A {
            if bytes[at] > 0x20 { return false }
            at += 1
        }
        return true
    }

    private func endOfLine(_ start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        return min(at + 1, bytes.count)
    }

    /// The text fields of a line, quotes undone.
    private func fields(_ at: inout Int, _ line: inout Int) throws(WaveformError) -> [String] {
        var fields: [String] = []
        var field: [UInt8] = []
        let start = line
        while true {
            if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
                at += 1
                while true {
                    if at >= bytes.count { throw .malformed(path: path, line: start, message: "a quote stays open") }
                    let byte = bytes[at]
                    at += 1
                    if byte == UInt8(ascii: "\"") {
                        if at < bytes.count, bytes[at] == byte { at += 1 } else { break }
                    }
                    if byte == 0x0A { line += 1 }
                    field.append(byte)
                }
            }
            while at < bytes.count, bytes[at] != UInt8(ascii: ","), bytes[at] != 0x0A {
                field.append(bytes[at])
                at += 1
            }
            let isLast = at >= bytes.count || bytes[at] == 0x0A
            if isLast, field.last == 0x0D { field.removeLast() }
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
            at = min(at + 1, bytes.count)
            if isLast { break }
        }
        line += 1
        return fields
    }

    private func row(_ at: inout Int, _ line: inout Int, into columns: inout [[Double]]) throws(WaveformError) {
        let end = endOfLine(at)
        var count = 0
        while at < end {
            var stop = at
            while stop < end, bytes[stop] != UInt8(ascii: ","), bytes[stop] != 0x0A { stop += 1 }
            var field = bytes[at..<stop]
            if field.count > 2, field.first == UInt8(ascii: "\""), let last = field.lastIndex(of: UInt8(ascii: "\"")) {
                field = field[(field.startIndex + 1)..<max(last, field.startIndex + 1)]
            }
            if count == columns.count { break }
            guard let value = NumberParser.parse(field) else {
                let text = String(decoding: field.prefix(40), as: UTF8.self)
                throw .malformed(path: path, line: line, message: "column \(count + 1) is not a number: '\(text)'")
            }
            columns[count].append(value)
            count += 1
            at = stop + 1
            // A comma at the very end of a line starts one more field.
            if stop + 1 == end, bytes[stop] == UInt8(ascii: ",") { count = -1 }
            if count < 0 { break }
        }
        if count != columns.count || at < end {
            throw .malformed(path: path, line: line, message: "the line does not have \(columns.count) columns")
        }
        at = end
        line += 1
    }
}
