import SpiceNetlist
import Waveforms

/// Findings about a netlist as data, for editors and CI.
public enum FindingText {
    /// Lines and columns count from 1, columns in bytes; `end` is behind the last byte.
    public static func json(_ finding: Diagnostic, _ sources: SourceMap) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("severity", .string(finding.severity.rawValue)), .init("message", .string(finding.message)),
            .init("place", place(finding.range, sources)), .init("hint", .optional(finding.hint)),
            .init(
                "notes",
                .array(finding.notes.map { ["message": .string($0.message), "place": place($0.range, sources)] })),
        ]
        if let fixIt = finding.anyFixIt(in: sources) {
            members.append(.init("fixIt", ["place": place(fixIt.range, sources), "text": .string(fixIt.text)]))
        }
        return .object(members)
    }

    private static func place(_ range: SourceRange?, _ sources: SourceMap) -> JSONValue {
        guard let range else { return .null }
        let start = sources.location(of: range)
        let end = sources.location(of: SourceRange(file: range.file, start: range.end, end: range.end))
        return [
            "file": .string(start.path), "line": .integer(start.line), "column": .integer(start.column),
            "endLine": .integer(end.line), "endColumn": .integer(end.column),
        ]
    }
}

/// Mends files.
public enum FixIts {
    /// Applies what does not overlap, the first of two that do; each file is there as a whole, old or new.
    ///
    /// - Returns: the files that were written, and how many places in each.
    public static func apply(
        _ fixIts: [Diagnostic.FixIt], _ sources: SourceMap
    ) throws(WaveformError) -> [(path: String, count: Int)] {
        var done: [(path: String, count: Int)] = []
        for (index, file) in sources.files.enumerated() {
            // A file that was included twice is listed twice.
            if done.contains(where: { $0.path == file.path }) { continue }
            let own = fixIts.filter { Int($0.range.file) == index }
                .sorted { ($0.range.start, $0.range.end) < ($1.range.start, $1.range.end) }
            guard !own.isEmpty else { continue }
            let bytes = sources.bytes(of: UInt32(index))
            var text: [UInt8] = []
            var at = 0
            var count = 0
            for fixIt in own {
                let (start, end) = (Int(fixIt.range.start), Int(fixIt.range.end))
                guard start >= at, start <= end, end <= bytes.count else { continue }
                text += bytes[at..<start]
                text += Array(fixIt.text.utf8)
                at = end
                count += 1
            }
            text += bytes[at...]
            try TextFile.write(text, to: file.path)
            done.append((file.path, count))
        }
        return done
    }
}
