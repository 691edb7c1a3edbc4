/// Reads rawfiles: ngspice's and Xyce's, binary and ASCII, with several plots, and LTspice's with their UTF-16
/// headers and single-precision columns.
///
/// Plots in a row that are steps of one analysis (by the titles that `RawWriter` gives them, or because LTspice says
/// `stepped`) become one table.
struct RawReader {
    private let bytes: [UInt8]
    private let path: String
    /// Bytes a character of the header takes.
    private let unit: Int
    private var at = 0
    private var line = 0

    init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
        unit = bytes.count > 1 && bytes[1] == 0 ? 2 : 1
    }

    /// Whether a file starts as rawfiles do.
    static func isRaw(_ bytes: [UInt8]) -> Bool {
        let start = bytes.prefix(64)
        let text = start.count > 1 && start[1] == 0 ? start.filter { $0 != 0 } : Array(start)
        let words = String(decoding: text.drop { $0 <= 0x20 }, as: UTF8.self).lowercased()
        return ["title:", "plotname:", "date:", "flags:", "command:"].contains { words.hasPrefix($0) }
    }

    private struct Plot {
        var title = ""
        var plotName = ""
        var command = ""
        var flags: Set<String> = []
        var variableCount: Int?
        var pointCount: Int?
        var columns: [Column] = []
        var isBinary = false
        var isComplex: Bool { flags.contains("complex") }
        var isLTspice = false
    }

    private func malformed(_ message: String) -> WaveformError { .malformed(path: path, line: line, message: message) }

    mutating func read() throws(WaveformError) -> [Table] {
        var tables: [Table] = []
        var steps = StepJoiner()
        while skipBlankLines() {
            let plot = try readHeader()
            let (columns, imaginaryColumns) = try plot.isBinary ? readBinary(plot) : readValues(plot)
            var header = TableHeader(
                title: plot.title, kind: TableHeader.Kind(plotName: plot.plotName), plotName: plot.plotName,
                columns: plot.columns, isComplex: plot.isComplex)
            if header.kind == .other, [.time, .frequency].contains(plot.columns[0].quantity) { header.abscissa = 0 }
            let isOurs = plot.command.contains("hydron")
            do throws(WaveformError) {
                if isOurs, let step = StepTitle(plot.title) {
                    try steps.add(step, header, columns, imaginaryColumns, to: &tables)
                } else {
                    try steps.flush(to: &tables)
                    let table = try Table(header: header, columns: columns, imaginaryColumns: imaginaryColumns)
                    tables.append(plot.flags.contains("stepped") ? try StepJoiner.split(table) : table)
                }
            } catch {
                throw malformed(error.description)
            }
        }
        try steps.flush(to: &tables)
        if tables.isEmpty { throw malformed("the file holds no plot") }
        return tables
    }

    // MARK: Header

    /// Goes to the next byte that is not blank. False at the end of the file.
    private mutating func skipBlankLines() -> Bool {
        while at < bytes.count, bytes[at] <= 0x20 {
            if bytes[at] == 0x0A { line += 1 }
            at += 1
        }
        return at < bytes.count
    }

    /// The next header line, nil at the end of the file.
    private mutating func nextLine() -> String? {
        if at >= bytes.count { return nil }
        line += 1
        var text: [UInt8] = []
        if unit == 1 {
            let end = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
            text = Array(bytes[at..<end])
            at = min(end + 1, bytes.count)
        } else {
            var units: [UInt16] = []
            while at + 1 < bytes.count {
                let unit = UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
                at += 2
                if unit == 0x0A { break }
                units.append(unit)
            }
            if at + 1 == bytes.count { at = bytes.count }
            text = Array(String(decoding: units, as: UTF16.self).utf8)
        }
        if text.last == 0x0D { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func readHeader() throws(WaveformError) -> Plot {
        var plot = Plot()
        plot.isLTspice = unit == 2
        while let text = nextLine() {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count < 2 { continue }
            let value = Self.trimmed(parts[1])
            switch Self.trimmed(parts[0]).lowercased() {
            case "title": plot.title = value
            case "plotname": plot.plotName = value
            case "command":
                plot.command = value.lowercased()
                plot.isLTspice = unit == 2 || plot.command.contains("ltspice")
            case "flags": plot.flags = Set(value.lowercased().split(separator: " ").map(String.init))
            case "no. variables": plot.variableCount = try count(value)
            case "no. points": plot.pointCount = try count(value)
            case "variables": try readVariables(&plot, first: value)
            case "binary":
                plot.isBinary = true
                return try checked(plot)
            case "values": return try checked(plot)
            default: break
            }
        }
        line += 1
        throw malformed("the file ends within a plot's header")
    }

    private func count(_ text: String) throws(WaveformError) -> Int {
        guard let count = Int(text), count >= 0 else { throw malformed("'\(text)' is not a count") }
        return count
    }

    private mutating func readVariables(_ plot: inout Plot, first: String) throws(WaveformError) {
        guard let count = plot.variableCount else { throw malformed("Variables come before their number") }
        var pending: String? = first.isEmpty ? nil : first
        while plot.columns.count < count {
            guard let text = pending ?? nextLine() else { throw malformed("the file ends within a plot's variables") }
            pending = nil
            let words = text.split { $0 == "\t" || $0 == " " }
            if words.isEmpty { continue }
            guard words.count >= 3, Int(words[0]) == plot.columns.count else {
                throw malformed("not a variable: '\(text.prefix(60))'")
            }
            // Names may hold blanks in other programs' files: the type is the first word behind the last tab.
            let fields = text.split(separator: "\t")
            let name = Column.normalized(fields.count >= 3 ? String(fields[1]) : String(words[1]))
            let type = fields.count >= 3 ? String(fields[2].split(separator: " ").first ?? "") : String(words[2])
            var quantity = Column.Quantity(rawValue: type.lowercased()) ?? Self.quantity(type.lowercased())
            if quantity == .notype { quantity = Column.Quantity(guessedFrom: name) }
            let isReal = quantity == .decibel || quantity == .phase
            plot.columns.append(Column(name, quantity, isReal: isReal))
        }
    }

    /// Type words of other programs.
    private static func quantity(_ word: String) -> Column.Quantity {
        switch word {
        case "device_current", "subckt_current": .current
        case "param", "parameter": .parameter
        default: .notype
        }
    }

    private func checked(_ plot: Plot) throws(WaveformError) -> Plot {
        if plot.columns.isEmpty { throw malformed("the plot has no variables") }
        if plot.pointCount == nil { throw malformed("the plot does not say its number of points") }
        return plot
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = text[...]
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return String(text)
    }

    // MARK: Data

    private mutating func readBinary(_ plot: Plot) throws(WaveformError) -> ([[Double]], [[Double]]) {
        let points = plot.pointCount ?? 0
        let width = plot.columns.count
        // LTspice: the abscissa in double, the others in single precision unless the flags say double.
        let isSingle = plot.isLTspice && !plot.isComplex && !plot.flags.contains("double")
        let sizes = (0..<width).map { plot.isComplex ? 16 : isSingle && $0 > 0 ? 4 : 8 }
        let rowSize = sizes.reduce(0, +)
        let (size, overflow) = points.multipliedReportingOverflow(by: rowSize)
        if overflow || size > bytes.count - at {
            let held = (bytes.count - at) / rowSize
            throw malformed("the data end at byte \(bytes.count), after \(held) of \(points) points")
        }
        var columns = [[Double]](repeating: [], count: width)
        var imaginaryColumns = [[Double]](repeating: [], count: plot.isComplex ? width : 0)
        for column in 0..<width {
            columns[column].reserveCapacity(points)
            if plot.isComplex { imaginaryColumns[column].reserveCapacity(points) }
        }
        let isColumnMajor = plot.isLTspice && plot.flags.contains("fastaccess")
        bytes.withUnsafeBytes { raw in
            var position = at
            func take(_ column: Int) {
                if sizes[column] == 4 {
                    let bits = raw.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                    columns[column].append(Double(Float(bitPattern: UInt32(littleEndian: bits))))
                } else {
                    let bits = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                    columns[column].append(Double(bitPattern: UInt64(littleEndian: bits)))
                    if sizes[column] == 16 {
                        let bits = raw.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)
                        imaginaryColumns[column].append(Double(bitPattern: UInt64(littleEndian: bits)))
                    }
                }
                position += sizes[column]
            }
            if isColumnMajor {
                for column in 0..<width { for _ in 0..<points { take(column) } }
            } else {
                for _ in 0..<points { for column in 0..<width { take(column) } }
            }
        }
        at += size
        // LTspice marks points of its compression by a negative time.
        if plot.isLTspice && plot.columns[0].quantity == .time { columns[0] = columns[0].map(\.magnitude) }
        return (columns, imaginaryColumns)
    }

    private mutating func readValues(_ plot: Plot) throws(WaveformError) -> ([[Double]], [[Double]]) {
        let points = plot.pointCount ?? 0
        let width = plot.columns.count
        var columns = [[Double]](repeating: [], count: width)
        var imaginaryColumns = [[Double]](repeating: [], count: plot.isComplex ? width : 0)
        for point in 0..<points {
            guard let index = nextWord(), NumberParser.parse(index) == Double(point) else {
                throw malformed("point \(point) of \(points) does not start with its number")
            }
            for column in 0..<width {
                guard let word = nextWord() else {
                    throw malformed("the data end within point \(point) of \(points)")
                }
                guard let (re, im) = Self.value(word, isComplex: plot.isComplex) else {
                    throw malformed("not a value: '\(String(decoding: word.prefix(60), as: UTF8.self))'")
                }
                columns[column].append(re)
                if plot.isComplex { imaginaryColumns[column].append(im) }
            }
        }
        return (columns, imaginaryColumns)
    }

    private static func value(_ word: ArraySlice<UInt8>, isComplex: Bool) -> (re: Double, im: Double)? {
        if !isComplex { return NumberParser.parse(word).map { ($0, 0) } }
        guard let comma = word.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        guard let re = NumberParser.parse(word[..<comma]), let im = NumberParser.parse(word[(comma + 1)...]) else {
            return nil
        }
        return (re, im)
    }

    private mutating func nextWord() -> ArraySlice<UInt8>? {
        guard skipBlankLines() else { return nil }
        let start = at
        while at < bytes.count, bytes[at] > 0x20 || unit == 2 && bytes[at] == 0 { at += 1 }
        let word = bytes[start..<at]
        return unit == 1 ? word : word.filter { $0 != 0 }[...]
    }
}
