extension Netlist {
    /// Reads a text file that a card names (points of a waveform or table), relative to the file that names it, under
    /// the same rules as `.include`: from the netlist's own folder and the library paths alone.
    ///
    /// - Returns: the text; nil after an error was reported.
    public func readData(_ path: String, at range: SourceRange, diagnostics: inout Diagnostics) -> String? {
        withData(path, at: range, diagnostics: &diagnostics) { String(decoding: $0, as: UTF8.self) }
    }

    /// The same with the file's bytes, which are there as long as `body` runs.
    public func withData<Result>(
        _ path: String, at range: SourceRange, diagnostics: inout Diagnostics,
        body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        guard let top = sources.files.first else { return nil }
        let including = Int(range.file) < sources.files.count ? sources.files[Int(range.file)].path : top.path
        var resolver = IncludeResolver(topPath: top.path, libraryPaths: libraryPaths)
        do throws(IncludeResolver.Problem) {
            let found = try resolver.find(path, from: FileSystem.folder(of: including))
            return withExtendedLifetime(found.buffer) { body(found.buffer.bytes) }
        } catch {
            switch error {
            case .outside(let path):
                diagnostics.error(
                    "'\(path)' lies outside the netlist's folder", at: range,
                    hint: "allow its folder with `--library FOLDER`")
            case .unreadable(let failure, let path):
                diagnostics.error(
                    FileSystem.message(failure, path: path), at: range, hint: FileSystem.hint(path: path))
            }
            return nil
        }
    }
}
