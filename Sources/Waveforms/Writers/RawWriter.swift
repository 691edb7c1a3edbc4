import Glibc

/// Writes rawfiles as ngspice does: one plot for each analysis, and for each step of one.
///
/// A plot's number of points is patched into its header when the plot ends. A plot without points is left out: readers
/// refuse it.
public final class RawWriter: WaveformSink {
    public enum Format: Sendable { case binary, ascii }

    /// What the header says about its origin. Readers such as spicelib look for the word ngspice.
    public static let defaultCommand = "hydron, ngspice-compatible raw"

    private enum Target {
        case path(String)
        case stream(Int32, name: String)
    }

    /// Room for the number of points, as ngspice leaves it.
    private static let countWidth = 20

    private let target: Target
    private let format: Format
    private let command: String
    private let date: String
    private var file: OutputFile?

    private var header: TableHeader?
    private var title = ""
    private var needsStep = false
    private var hasImaginaryPart: [Bool] = []
    private var isComplex = false
    /// Doubles in a row, 0 outside of a table.
    private var rowWidth = 0
    /// A complex row with the parts that do not count set to 0.
    private var row: [Double] = []
    private var points = 0
    /// Where the number of points stands, nil before the plot's first row.
    private var countPosition: Int?

    /// - Parameters:
    ///   - command: content of the `Command:` line, which starts with program and version and holds `ngspice`.
    ///   - date: content of the `Date:` line, nil for now.
    public init(path: String, format: Format = .binary, command: String? = nil, date: String? = nil) {
        target = .path(path)
        self.format = format
        self.command = command ?? Self.defaultCommand
        self.date = date ?? Self.now()
    }

    /// Writes to an open descriptor, which stays open. As counts go in front of data, all is kept in an unlinked file
    /// in the temporary folder and copied at `finish`.
    public init(
        descriptor: Int32, name: String = "standard output", format: Format = .binary, command: String? = nil,
        date: String? = nil
    ) {
        target = .stream(descriptor, name: name)
        self.format = format
        self.command = command ?? Self.defaultCommand
        self.date = date ?? Self.now()
    }

    private static func now() -> String {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, text.count, "%a %b %d %H:%M:%S  %Y", &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public func prepare() throws(WaveformError) {
        if file != nil { return }
        switch target {
        case .path(let path): file = try OutputFile(path: path, patches: true)
        case .stream(let descriptor, let name):
            file = try OutputFile(descriptor: descriptor, name: name, patches: true)
        }
    }

    public func begin(_ header: TableHeader) throws(WaveformError) {
        try prepare()
        try end()
        try header.validate()
        self.header = header
        title = header.title
        needsStep = header.stepColumnCount > 0
        hasImaginaryPart = header.columns.indices.map { header.hasImaginaryPart($0) }
        isComplex = header.isComplex
        rowWidth = header.rowWidth
        row = [Double](repeating: 0, count: rowWidth)
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        guard let header else { throw .shape("a step came before its table") }
        if parameters.count != header.stepParameters.count {
            throw .shape("step \(index) has \(parameters.count) parameters, not \(header.stepParameters.count)")
        }
        try endPlot()
        needsStep = false
        let names = header.stepParameters.map(\.name)
        title = StepTitle(title: header.title, index: index, names: names, parameters).description
    }

    /// ngspice executes the line `Command:` and wants it behind the plot's name; with a `#` it is a comment.
    private func beginPlot(_ file: OutputFile) throws(WaveformError) {
        guard let header else { throw .shape("a row came before its table") }
        if needsStep { throw .shape("a row of \(header.plotName) came before its step") }
        var text = """
            Title: \(Self.oneLine(title))
            Date: \(Self.oneLine(date))
            Plotname: \(Self.oneLine(header.plotName))
            Command: # \(Self.oneLine(command))
            Flags: \(header.isComplex ? "complex" : "real")
            No. Variables: \(header.columns.count)
            No. Points:\u{20}
            """
        try file.write(text)
        countPosition = file.offset
        points = 0
        text = "0" + String(repeating: " ", count: Self.countWidth - 1) + "\nVariables:\n"
        for (index, column) in header.columns.enumerated() {
            let name = Column.normalized(column.name)
            text += "\t\(index)\t\(name)\t\(column.quantity.rawfileWord)\n"
        }
        text += format == .binary ? "Binary:\n" : "Values:\n"
        try file.write(text)
    }

    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }

    public func append(_ values: UnsafeBufferPointer<Double>) throws(WaveformError) {
        guard let file, rowWidth > 0 else { throw .shape("a row came before its table") }
        if values.count != rowWidth {
            throw .shape("a row has \(values.count) values, the table takes \(rowWidth)")
        }
        if countPosition == nil { try beginPlot(file) }
        if isComplex {
            for column in hasImaginaryPart.indices {
                row[2 * column] = values[2 * column]
                row[2 * column + 1] = hasImaginaryPart[column] ? values[2 * column + 1] : 0
            }
        }
        switch (format, isComplex) {
        case (.binary, false): try file.write(UnsafeRawBufferPointer(values))
        case (.binary, true): try appendBinary(row, to: file)
        case (.ascii, false): for column in values.indices { try appendText(values, column, file) }
        case (.ascii, true): for column in hasImaginaryPart.indices { try appendText(row, column, file) }
        }
        points += 1
    }

    private func appendBinary(_ row: [Double], to file: OutputFile) throws(WaveformError) {
        let error = row.withUnsafeBytes { raw -> WaveformError? in
            do throws(WaveformError) { try file.write(raw) } catch { return error }
            return nil
        }
        if let error { throw error }
    }

    @inline(__always)
    private func appendText<Row: RandomAccessCollection<Double>>(
        _ row: Row, _ column: Int, _ file: OutputFile
    ) throws(WaveformError) where Row.Index == Int {
        let start = try file.reserve(3 * NumberText.capacity + 4)
        var count = 0
        if column == 0 {
            count = NumberText.write(points, to: start)
            start[count] = UInt8(ascii: "\t")
            count += 1
        }
        start[count] = UInt8(ascii: "\t")
        count += 1
        count += NumberText.write(row[isComplex ? 2 * column : column], to: start + count)
        if isComplex {
            start[count] = UInt8(ascii: ",")
            count += 1
            count += NumberText.write(row[2 * column + 1], to: start + count)
        }
        start[count] = UInt8(ascii: "\n")
        file.advance(count + 1)
    }

    private func endPlot() throws(WaveformError) {
        guard let file, let position = countPosition else { return }
        countPosition = nil
        // ngspice ends points with an empty line; spicelib asks for one between plots.
        if format == .ascii { try file.write("\n") }
        try file.patch(Array(String(points).utf8), at: position)
    }

    public func end() throws(WaveformError) {
        try endPlot()
        header = nil
        rowWidth = 0
    }

    public func finish() throws(WaveformError) {
        try end()
        try file?.commit()
    }

    public func discard() {
        header = nil
        rowWidth = 0
        countPosition = nil
        file?.discard()
    }
}

/// How a step shows in a rawfile, which has no place for one: `Title: divider (step 2: r=1000, temp=27)`.
struct StepTitle: CustomStringConvertible {
    var title: String
    var index: Int
    var names: [String]
    var parameters: [Double]

    init(title: String, index: Int, names: [String], _ parameters: [Double]) {
        self.title = title
        self.index = index
        self.names = names
        self.parameters = parameters
    }

    /// Reads a title back, nil where it names no step.
    init?(_ text: String) {
        guard text.hasSuffix(")"), let open = Self.lastRange(of: " (step ", in: text) else { return nil }
        let body = text[open.upperBound...].dropLast()
        guard let colon = body.firstIndex(of: ":"), let index = Int(body[..<colon]) else { return nil }
        var names: [String] = []
        var parameters: [Double] = []
        for part in body[body.index(after: colon)...].split(separator: ",") {
            guard let equals = part.lastIndex(of: "="), let value = Double(part[part.index(after: equals)...]) else {
                return nil
            }
            names.append(Column.normalized(String(part[..<equals])))
            parameters.append(value)
        }
        self.init(title: String(text[..<open.lowerBound]), index: index, names: names, parameters)
    }

    private static func lastRange(of needle: String, in text: String) -> Range<String.Index>? {
        var at = text.endIndex
        while at > text.startIndex {
            at = text.index(before: at)
            if text[at...].hasPrefix(needle) { return at..<text.index(at, offsetBy: needle.count) }
        }
        return nil
    }

    var description: String {
        let pairs = zip(names, parameters).map { name, value in
            let text = "\(value)"
            return "\(Column.normalized(name))=\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)"
        }.joined(separator: ", ")
        return "\(title) (step \(index): \(pairs))"
    }
}
