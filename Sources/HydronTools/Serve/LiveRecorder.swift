import Synchronization
import Waveforms

/// Keeps a run's tables where another thread may look at them while they grow, in bounded memory: long ones are thinned
/// (``ThinnedTable``), and of many maps the last ones stay.
public final class LiveRecorder: WaveformSink, Sendable {
    private struct State {
        var tables: [Table] = []
        var current: ThinnedTable?
        var maps: [(snapshot: Int, time: Double, values: [Double])] = []
    }
    private let state = Mutex(State())
    private let budget: Int
    private static let mostMaps = 100

    /// - Parameter budget: how many numbers a table holds at most: 32 MiB.
    public init(budget: Int = 4 << 20) { self.budget = budget }

    /// Tables and maps so far, the analysis under way among them.
    public var soFar: (tables: [Table], maps: [(snapshot: Int, time: Double, values: [Double])]) {
        state.withLock { state in (state.tables + [state.current?.table()].compactMap { $0 }, state.maps) }
    }

    public func begin(_ header: TableHeader) throws(WaveformError) {
        state.withLock { state in
            if let table = state.current?.table() { state.tables.append(table) }
            state.current = ThinnedTable(header, budget: budget)
        }
    }

    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        let result = state.withLock { state -> Result<Void, WaveformError> in
            do throws(WaveformError) {
                try state.current?.append(row)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        state.withLock { $0.current?.beginStep(index: index, parameters: parameters) }
    }

    public func end() throws(WaveformError) {
        state.withLock { state in
            if let table = state.current?.table() { state.tables.append(table) }
            state.current = nil
        }
    }

    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        state.withLock { state in
            if state.maps.count >= Self.mostMaps { state.maps.removeFirst() }
            state.maps.append((index, time, values))
        }
    }

    public func finish() throws(WaveformError) { try end() }

    public func discard() { state.withLock { $0 = State() } }
}
