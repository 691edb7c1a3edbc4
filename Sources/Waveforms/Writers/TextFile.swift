/// A small file of text that is there as a whole or not at all.
public enum TextFile {
    /// Takes the place of what is there under this name.
    public static func write(_ text: String, to path: String) throws(WaveformError) {
        try write(Array(text.utf8), to: path)
    }

    /// The same with bytes.
    public static func write(_ text: [UInt8], to path: String) throws(WaveformError) {
        let file = try OutputFile(path: path, patches: false)
        do throws(WaveformError) {
            try file.write(text)
            try file.commit()
        } catch {
            file.discard()
            throw error
        }
    }
}
