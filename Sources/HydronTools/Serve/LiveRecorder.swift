import Synchronization
import Waveforms

/// Keeps a run's tables where another thread may look at them while they grow.
public final class LiveRecorder: WaveformSink, @unchecked Sendable {
    private let recorder = TableRecorder()
    /// Guards ``recorder``.
    private let lock = Mutex(())

    public init() {}

    /// Tables and maps so far, the analysis under way among them.
    public var soFar: (tables: [Table], maps: [(snapshot: Int, time: Double, values: [Double])]) {
        lock.withLock { _ in (recorder.tablesSoFar, recorder.maps) }
    }

    private func locked(_ body: (TableRecorder) throws(WaveformError) -> Void) throws(WaveformError) {
        let result = lock.withLock { _ -> Result<Void, WaveformError> in
            do throws(WaveformError) {
                try body(recorder)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    public func begin(_ header: TableHeader) throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.begin(header) }
    }
    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.append(row) }
    }
    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.beginStep(index: index, parameters: parameters) }
    }
    public func end() throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.end() }
    }
    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.map(index, time: time, values: values) }
    }
    public func finish() throws(WaveformError) {
        try locked { recorder throws(WaveformError) in try recorder.finish() }
    }
    public func discard() { lock.withLock { _ in recorder.discard() } }
}
