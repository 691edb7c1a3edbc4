/// Takes rows as an analysis accepts them.
///
/// The order of calls: `prepare`, then for each analysis `begin`, (`beginStep`, `append`…)…, `end`; last `finish`.
/// After an interruption `finish` may come at any time and makes whole what was accepted so far. `discard` instead of
/// `finish` leaves nothing behind. A sink that threw stays broken: only `discard` is of use then.
public protocol WaveformSink: AnyObject {
    /// Opens what can be opened before a simulation starts, so that a wrong path costs nobody an hour.
    func prepare() throws(WaveformError)
    /// A new table.
    func begin(_ header: TableHeader) throws(WaveformError)
    /// One row: a Double for each of the header's columns; in a complex table a pair (re, im) for each.
    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError)
    /// True where points between rows that keep to an interval are wanted too, by ``note(_:)``.
    var takesPoints: Bool { get }
    /// Such a point, as long as a row: looked at, not written.
    func note(_ point: UnsafeBufferPointer<Double>)
    /// A new `.step` of the same table, with the values of the header's `stepParameters`.
    func beginStep(index: Int, parameters: [Double]) throws(WaveformError)
    /// A map of an array, row by row: `index` counts the run's ``Snapshot``s. Taken before the row of the same time.
    func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError)
    /// The table is complete.
    func end() throws(WaveformError)
    /// All tables are complete, or the run was interrupted: puts the files in their places.
    func finish() throws(WaveformError)
    /// Removes what was written.
    func discard()
}

extension WaveformSink {
    public func prepare() throws(WaveformError) {}
    public var takesPoints: Bool { false }
    public func note(_ point: UnsafeBufferPointer<Double>) {}
    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {}

    public func append(_ row: [Double]) throws(WaveformError) {
        // withUnsafeBufferPointer does not carry a typed error through every supported library: go by Result.
        let outcome = row.withUnsafeBufferPointer { pointer -> Result<Void, WaveformError> in
            do throws(WaveformError) {
                try append(pointer)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}

/// Hands every call to several sinks.
public final class FanOut: WaveformSink {
    private let sinks: [any WaveformSink]

    public init(_ sinks: [any WaveformSink]) { self.sinks = sinks }

    public func prepare() throws(WaveformError) { for sink in sinks { try sink.prepare() } }

    public func begin(_ header: TableHeader) throws(WaveformError) { for sink in sinks { try sink.begin(header) } }

    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        for sink in sinks { try sink.append(row) }
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        for sink in sinks { try sink.beginStep(index: index, parameters: parameters) }
    }

    public func map(_ index: Int, time: Double, values: [Double]) throws(WaveformError) {
        for sink in sinks { try sink.map(index, time: time, values: values) }
    }

    public func end() throws(WaveformError) { for sink in sinks { try sink.end() } }

    /// Finishes every sink, also after one has failed; then throws the first error.
    public func finish() throws(WaveformError) {
        var first: WaveformError?
        for sink in sinks {
            do throws(WaveformError) { try sink.finish() } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    public func discard() { for sink in sinks { sink.discard() } }
}
