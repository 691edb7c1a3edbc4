/// Writes tables of scattering parameters as Touchstone files: version 1.1 where all ports have one resistance, else 2.0
/// (EIA/IBIS Open Forum, Touchstone File Format Specification, 2002 and 2009).
///
/// Frequencies in hertz, real and imaginary parts. Of several tables, steps included, the first is written.
public final class TouchstoneWriter: WaveformSink {
    private let path: String
    private var isTaking = false
    private var isDone = false
    private var ports = 0
    private var rows: [[Double]] = []
    private var text = ""

    public init(path: String) { self.path = path }

    public func begin(_ header: TableHeader) throws(WaveformError) {
        guard header.kind == .scattering, !isDone else { return }
        isTaking = true
        ports = header.impedances.count
        let sort = header.columns.dropFirst().first?.name.prefix(1).uppercased() ?? "S"
        let impedances = header.impedances.map { "\($0)" }
        text = "! \(header.title.filter { !$0.isNewline })\n"
        if Set(header.impedances).count == 1, let impedance = impedances.first {
            text += "# Hz \(sort) RI R \(impedance)\n"
        } else {
            text +=
                "[Version] 2.0\n# Hz \(sort) RI R \(impedances.first ?? "50")\n[Number of Ports] \(ports)\n"
                + (ports == 2 ? "[Two-Port Data Order] 21_12\n" : "")
            rows = []
        }
        isVersion2 = Set(header.impedances).count > 1
        reference = impedances.joined(separator: " ")
    }
    private var isVersion2 = false
    private var reference = ""

    public func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) {
        if isTaking { rows.append(Array(row)) }
    }

    public func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {
        if isTaking, !rows.isEmpty { (isTaking, isDone) = (false, true) }
    }

    public func end() throws(WaveformError) {
        if isTaking { (isTaking, isDone) = (false, true) }
    }

    public func finish() throws(WaveformError) {
        if isVersion2 {
            text += "[Number of Frequencies] \(rows.count)\n[Reference] \(reference)\n[Network Data]\n"
        }
        for row in rows { text += line(row) }
        if isVersion2 { text += "[End]\n" }
        try TextFile.write(text, to: path)
    }

    public func discard() {}

    /// Two ports in one line as 11 21 12 22; one port in one line; more ports a line a row, four pairs at most.
    private func line(_ row: [Double]) -> String {
        func pair(_ i: Int, _ j: Int) -> String {
            let place = 2 * (1 + i * ports + j)
            return " \(row[place]) \(row[place + 1])"
        }
        var line = "\(row[0])"
        if ports <= 2 {
            for column in 0..<ports { for row in 0..<ports { line += pair(row, column) } }
            return line + "\n"
        }
        for i in 0..<ports {
            for j in 0..<ports {
                if j > 0, j % 4 == 0 { line += "\n" }
                line += pair(i, j)
            }
            line += "\n"
        }
        return line
    }
}
