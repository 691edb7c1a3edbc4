/// A map of an array that a netlist asks for: one quantity of all cells, at some times or at the end.
public struct Snapshot: Sendable, Hashable {
    /// The array's name, lower-case.
    public var element: String
    /// `x`, `g`, `id`, …
    public var quantity: String
    public var unit: String
    public var rows: Int
    public var columns: Int
    /// When [s], rising; empty for the end of the last analysis.
    public var times: [Double]
    /// Name of the file; nil for one made from element and quantity.
    public var file: String?

    public init(
        element: String, quantity: String, unit: String, rows: Int, columns: Int, times: [Double], file: String?
    ) {
        self.element = element
        self.quantity = quantity
        self.unit = unit
        self.rows = rows
        self.columns = columns
        self.times = times
        self.file = file
    }
}

/// Writes snapshots to files: NumPy's format, or rows of numbers where the name ends in `.csv` or `.txt`.
///
/// A file holds all maps of its card in the order in which they were taken, in NumPy's format as one array of maps, rows
/// and columns (rows and columns alone where there is but one map); in text each behind a line `# time=…`.
public final class SnapshotWriter: WaveformSink {
    private struct Output {
        var snapshot: Snapshot
        var path: String
        var file: OutputFile
        var count = 0
        var isText: Bool
        /// With several maps to come the array has three dimensions, however many do come.
        var isStack: Bool
    }
    private let snapshots: [Snapshot]
    private let folder: String
    private let stem: String
    private let stepCount: Int
    private var outputs: [Output] = []

    /// - Parameters:
    ///   - folder: where the files go.
    ///   - stem: what names begin with that a card does not give.
    ///   - stepCount: how often each snapshot is taken anew, by `.step`.
    public init(_ snapshots: [Snapshot], folder: String, stem: String, stepCount: Int) {
        self.snapshots = snapshots
        self.folder = folder
        self.stem = stem
        self.stepCount = stepCount
    }

    /// Where each snapshot goes.
    public var paths: [String] {
        snapshots.map { snapshot in
            let name = snapshot.file ?? "\(stem).\(snapshot.element).\(snapshot.quantity).npy"
            return folder.isEmpty || folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
        }
    }

    public func prepare() throws(WaveformError) {
        guard outputs.isEmpty else { return }
        for (snapshot, path) in zip(snapshots, paths) {
            let isText = path.hasSuffix(".csv") || path.hasSuffix(".txt")
            let file = try OutputFile(path: path, patches: !isText)
            let isStack = max(snapshot.times.count, 1) * stepCount > 1
            outputs.append(
                Output(snapshot: snapshot, path: path, file: file, isText: isText, isStack: isStack))
            if !isText { try file.write(Self.header(outputs[outputs.count - 1])) }
        }
    }

    private static func header(_ output: Output) -> [UInt8] {
        let map = [output.snapshot.rows, output.snapshot.columns]
        return NumPyFormat.header(shape: output.isStack ? [output.count] + map : map)
    }

    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        guard outputs.indices.contains(index) else { throw .shape("a map came that was not announced") }
        let file = outputs[index].file
        if outputs[index].isText {
            try writeRows(values, time, outputs[index])
        } else {
            // Little-endian, as this machine and the header have it.
            let outcome = values.withUnsafeBytes { bytes -> WaveformError? in
                do throws(WaveformError) { try file.write(bytes) } catch { return error }
                return nil
            }
            if let outcome { throw outcome }
        }
        outputs[index].count += 1
    }

    private func writeRows(_ values: [Double], _ time: Double, _ output: Output) throws(WaveformError) {
        let columns = output.snapshot.columns
        if output.isStack { try output.file.write("# time=\(time)\n") }
        for (index, value) in values.enumerated() {
            let start = try output.file.reserve(NumberText.capacity + 1)
            let count = NumberText.write(value, to: start)
            start[count] = UInt8(ascii: index % columns == columns - 1 ? "\n" : ",")
            output.file.advance(count + 1)
        }
    }

    public func begin(_ header: TableHeader) throws(WaveformError) { try prepare() }
    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {}
    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {}
    public func end() throws(WaveformError) {}

    public func finish() throws(WaveformError) {
        for output in outputs {
            // A run that ended early may have taken none: then there is no file.
            if output.count == 0 {
                output.file.discard()
                continue
            }
            if !output.isText { try output.file.patch(Self.header(output), at: 0) }
            try output.file.commit()
        }
        outputs = []
    }

    public func discard() {
        for output in outputs { output.file.discard() }
        outputs = []
    }
}
