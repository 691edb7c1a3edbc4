import Waveforms

/// Keeps the rows of one run until its turn comes.
final class RowBuffer: WaveformSink {
    private let keepsRows: Bool
    private var rows: [Double] = []
    private var width = 0
    private var maps: [(index: Int, time: Double, values: [Double])] = []

    init(keepsRows: Bool) { self.keepsRows = keepsRows }

    func begin(_ header: TableHeader) throws(WaveformError) {}
    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        guard keepsRows else { return }
        width = row.count
        rows.append(contentsOf: row)
    }
    func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {}
    func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        if keepsRows { maps.append((index, time, values)) }
    }
    func end() throws(WaveformError) {}
    func finish() throws(WaveformError) {}
    func discard() {}

    /// Hands everything on.
    func replay(into sink: any WaveformSink) throws(WaveformError) {
        for map in maps { try sink.map(map.index, time: map.time, values: map.values) }
        guard width > 0 else { return }
        for start in stride(from: 0, to: rows.count, by: width) { try sink.append(Array(rows[start..<start + width])) }
    }
}
