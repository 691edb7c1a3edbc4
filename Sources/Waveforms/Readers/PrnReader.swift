/// Reads tables with white space between columns: Xyce's `.prn`, whose `Index` column starts again at each step.
struct PrnReader {
    let bytes: [UInt8]
    let path: String

    func read() throws(WaveformError) -> [Table] {
        var names: [String] = []
        var columns: [[Double]] = []
        var starts: [Int] = []
        var hasIndex = false
        var line = 0
        for text in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            let words = Self.words(line == 1 && text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text)
            if words.isEmpty || text.starts(with: "End of Xyce".utf8) { continue }
            if names.isEmpty {
                names = words.map { Column.normalized(String(decoding: $0, as: UTF8.self)) }
                hasIndex = names[0] == "index"
                columns = Array(repeating: [], count: names.count)
                continue
            }
            // Some tables repeat the header at each step.
            if Column.normalized(String(decoding: words[0], as: UTF8.self)) == names[0] { continue }
            if words.count != names.count {
                throw .malformed(
                    path: path, line: line, message: "\(words.count) columns where the header has \(names.count)")
            }
            for (column, word) in words.enumerated() {
                guard let value = NumberParser.parse(word) else {
                    let text = String(decoding: word.prefix(40), as: UTF8.self)
                    throw .malformed(path: path, line: line, message: "column \(column + 1) is not a number: '\(text)'")
                }
                columns[column].append(value)
            }
            let row = columns[0].count - 1
            if row == 0 || hasIndex && columns[0][row] == 0 { starts.append(row) }
        }
        if names.isEmpty { throw .malformed(path: path, line: line, message: "the file is empty") }
        let rows = columns[0].count
        if hasIndex && names.count > 1 {
            names.removeFirst()
            columns.removeFirst()
        }
        var steps: [Table.Step] = []
        if starts.count > 1 {
            for (at, start) in starts.enumerated() {
                let end = at + 1 < starts.count ? starts[at + 1] : rows
                steps.append(Table.Step(index: at, parameters: [Double(at)], rows: start..<end))
            }
        }
        do throws(WaveformError) {
            let parameters = steps.isEmpty ? [] : [Column("step", .step)]
            return [try LooseColumns.table(names: names, columns: columns, stepParameters: parameters, steps: steps)]
        } catch {
            throw .malformed(path: path, line: 1, message: error.description)
        }
    }

    /// Columns of a line. Blanks within parentheses and braces part nothing.
    private static func words(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var words: [ArraySlice<UInt8>] = []
        var depth = 0
        var start: Int?
        for at in line.indices {
            let byte = line[at]
            if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: ")") || byte == UInt8(ascii: "}") { depth -= 1 }
            if byte <= 0x20 && depth <= 0 {
                if let start { words.append(line[start..<at]) }
                start = nil
            } else if start == nil && byte > 0x20 {
                start = at
            }
        }
        if let start { words.append(line[start..<line.endIndex]) }
        return words
    }
}
