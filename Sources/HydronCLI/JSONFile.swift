import Waveforms

/// What `--json FILE` writes.
enum JSONFile {
    /// - Parameter path: `-` is standard output.
    static func write(_ value: JSONValue, to path: String) throws(WaveformError) {
        if path == "-" {
            Terminal.standardOutput.write(value.indented)
        } else {
            try TextFile.write(value.indented, to: path)
        }
    }
}
