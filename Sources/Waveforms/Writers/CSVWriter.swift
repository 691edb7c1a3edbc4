import Glibc

/// Writes tables as comma-separated values, RFC 4180 with a header line.
///
/// One analysis goes to the path as given, several to `OUT.op.csv`, `OUT.dc.csv`, …, of one kind also `OUT.tran2.csv`.
/// On a stream (a descriptor, a pipe) tables follow each other behind an empty line.
public final class CSVWriter: WaveformSink {
    private enum Target {
        case path(String)
        case stream(Int32, name: String)
    }

    private struct Output {
        var path: String
        var file: OutputFile
        var isUsed = false
    }

    private let target: Target
    private let kinds: [TableHeader.Kind]
    /// Goes in front of the first table.
    private var head = ""
    /// Whether all tables go one after the other into one file.
    private var isStream = false
    private var isPrepared = false
    private var outputs: [Output] = []
    private var begun: [TableHeader.Kind] = []

    private var header: TableHeader?
    private var file: OutputFile?
    private var hasImaginaryPart: [Bool] = []
    private var isComplex = false
    private var rowWidth = 0
    private var needsStep = false
    /// `step` and the stepped parameters with their commas, the same in all rows of a step.
    private var prefix: [UInt8] = []

    /// Writes to files.
    ///
    /// - Parameter tableKinds: the analyses to come, in their order. With more than one, each gets its own file.
    public init(path: String, tableKinds: [TableHeader.Kind] = []) {
        target = .path(path)
        kinds = tableKinds
    }

    /// Writes all tables in one file behind lines of its own, whole lines that begin with `#`.
    public init(path: String, head: String) {
        target = .path(path)
        kinds = []
        self.head = head
        isStream = true
    }

    /// Writes to an open descriptor such as standard output (1), which stays open. The caller ignores SIGPIPE where
    /// it wants the error.
    public init(descriptor: Int32, name: String = "standard output") {
        target = .stream(descriptor, name: name)
        kinds = []
    }

    /// Where the tables announced at init go.
    public var paths: [String] {
        guard case .path(let path) = target else { return [] }
        if kinds.count < 2 || isStream { return [path] }
        return kinds.indices.map { Self.path(path, kind: kinds[$0], earlier: kinds[..<$0]) }
    }

    /// `OUT.csv` → `OUT.tran.csv`, and `OUT.tran2.csv` behind another of its kind.
    static func path(_ path: String, kind: TableHeader.Kind, earlier: some Sequence<TableHeader.Kind>) -> String {
        let number = earlier.reduce(1) { $0 + ($1 == kind ? 1 : 0) }
        let tag = number == 1 ? kind.rawValue : "\(kind.rawValue)\(number)"
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[start...].lastIndex(of: "."), dot != start else { return "\(path).\(tag).csv" }
        return "\(path[..<dot]).\(tag)\(path[dot...])"
    }

    public func prepare() throws(WaveformError) {
        if isPrepared { return }
        isPrepared = true
        switch target {
        case .stream(let descriptor, let name):
            isStream = true
            outputs = [Output(path: name, file: try OutputFile(descriptor: descriptor, name: name, patches: false))]
        case .path(let path):
            var status = stat()
            let exists = stat(path, &status) == 0
            let type = status.st_mode & S_IFMT
            isStream = isStream || exists && type != S_IFREG && type != S_IFDIR
            for path in paths { outputs.append(Output(path: path, file: try OutputFile(path: path, patches: false))) }
        }
    }

    public func begin(_ header: TableHeader) throws(WaveformError) {
        try prepare()
        try end()
        try header.validate()
        let index = try output(for: header.kind)
        let file = outputs[index].file
        begun.append(header.kind)
        try file.write(outputs[index].isUsed ? "\r\n" : head)
        outputs[index].isUsed = true
        self.header = header
        self.file = file
        hasImaginaryPart = header.columns.indices.map { header.hasImaginaryPart($0) }
        isComplex = header.isComplex
        rowWidth = header.rowWidth
        needsStep = header.stepColumnCount > 0
        prefix = []
        try file.write(Self.headerLine(header))
    }

    private func output(for kind: TableHeader.Kind) throws(WaveformError) -> Int {
        guard case .path(let base) = target, !isStream else { return 0 }
        let isOnly = kinds.count < 2 && begun.isEmpty
        let path = isOnly ? base : Self.path(base, kind: kind, earlier: begun)
        if let index = outputs.firstIndex(where: { $0.path == path }) { return index }
        outputs.append(Output(path: path, file: try OutputFile(path: path, patches: false)))
        return outputs.count - 1
    }

    static func headerLine(_ header: TableHeader) -> [UInt8] {
        var names: [String] = []
        if header.stepColumnCount > 0 {
            names.append("step")
            names += header.stepParameters.map { Column.normalized($0.name) }
        }
        for (index, column) in header.columns.enumerated() {
            let name = Column.normalized(column.name)
            names += header.hasImaginaryPart(index) ? ["re(\(name))", "im(\(name))"] : [name]
        }
        return Array((names.map(quoted).joined(separator: ",") + "\r\n").utf8)
    }

    /// A field with commas, quotes or line ends goes between quotes.
    static func quoted(_ field: String) -> String {
        if !field.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        guard let header else { throw .shape("a step came before its table") }
        if parameters.count != header.stepParameters.count {
            throw .shape("step \(index) has \(parameters.count) parameters, not \(header.stepParameters.count)")
        }
        var text = [UInt8](repeating: 0, count: NumberText.capacity * (parameters.count + 1))
        let count = text.withUnsafeMutableBufferPointer { buffer -> Int in
            guard let start = buffer.baseAddress else { return 0 }
            var count = NumberText.write(index, to: start)
            start[count] = UInt8(ascii: ",")
            count += 1
            for value in parameters {
                count += NumberText.write(value, to: start + count)
                start[count] = UInt8(ascii: ",")
                count += 1
            }
            return count
        }
        prefix = needsStep || !prefix.isEmpty ? Array(text.prefix(count)) : []
        needsStep = false
    }

    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        guard let file else { throw .shape("a row came before its table") }
        if row.count != rowWidth { throw .shape("a row has \(row.count) values, the table takes \(rowWidth)") }
        if needsStep { throw .shape("a row came before its step") }
        if !prefix.isEmpty { try file.write(prefix) }
        let columns = hasImaginaryPart.count
        var column = 0
        while column < columns {
            let start = try file.reserve(Self.chunk * 2 * NumberText.capacity)
            let end = min(columns, column + Self.chunk)
            let stop = isComplex ? complexText(row, column..<end, start) : realText(row, column..<end, start)
            column = end
            file.advance(stop - start)
        }
        let end = try file.reserve(2)
        end[0] = UInt8(ascii: "\r")
        end[1] = UInt8(ascii: "\n")
        file.advance(2)
    }

    /// Columns whose text is put into the buffer at once.
    private static let chunk = 512

    @inline(__always)
    private func realText(
        _ row: UnsafeBufferPointer<Double>, _ columns: Range<Int>, _ start: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var at = start
        for column in columns {
            if column > 0 {
                at[0] = UInt8(ascii: ",")
                at += 1
            }
            at += NumberText.write(row[column], to: at)
        }
        return at
    }

    private func complexText(
        _ row: UnsafeBufferPointer<Double>, _ columns: Range<Int>, _ start: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var at = start
        for column in columns {
            for part in 0..<(hasImaginaryPart[column] ? 2 : 1) {
                if column + part > 0 {
                    at[0] = UInt8(ascii: ",")
                    at += 1
                }
                at += NumberText.write(row[2 * column + part], to: at)
            }
        }
        return at
    }

    public func end() throws(WaveformError) {
        guard let file else { return }
        header = nil
        self.file = nil
        try file.flush()
    }

    public func finish() throws(WaveformError) {
        try end()
        var first: WaveformError?
        for output in outputs {
            if !output.isUsed && !isStream {
                output.file.discard()
                continue
            }
            do throws(WaveformError) { try output.file.commit() } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    public func discard() {
        header = nil
        file = nil
        for output in outputs { output.file.discard() }
    }
}
