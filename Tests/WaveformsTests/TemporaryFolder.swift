import Glibc
import Testing

@testable import Waveforms

/// A folder that goes when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/waveforms.XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        try #require(made)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// What is in the folder, hidden files too.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func text(_ name: String) throws -> String {
        String(decoding: try WaveformReader.bytes(of: file(name)), as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        let output = try OutputFile(path: file(name), patches: false)
        try output.write(text)
        try output.commit()
    }
}

let timeColumn = Column("time", .time)
let outColumn = Column("v(out)", .voltage)

func transient(_ times: [Double], _ values: [Double], name: String = "v(out)") throws -> Table {
    try Table(
        header: TableHeader(title: "rc", kind: .transient, columns: [timeColumn, Column(name, .voltage)]),
        columns: [times, values])
}

/// A complex, stepped table with awkward numbers.
func steppedAC() throws -> Table {
    let header = TableHeader(
        title: "filter", kind: .ac,
        columns: [Column("frequency", .frequency), outColumn, Column("vdb(out)", .decibel, isReal: true)],
        isComplex: true, stepParameters: [Column("rval", .parameter), Column("temp", .temperature)])
    return try Table(
        header: header,
        columns: [
            [1, 10, 1, 10, 100], [0.1, -1e-300, 2, .leastNonzeroMagnitude, 1.0 / 3.0], [-3, -6, -9, -12, -15.5],
        ],
        imaginaryColumns: [[0, 0, 0, 0, 0], [1e22, 0.1 + 0.2, -2, 3, 4], [0, 0, 0, 0, 0]],
        steps: [
            Table.Step(index: 1, parameters: [1000, 27], rows: 0..<2),
            Table.Step(index: 2, parameters: [4700.5, -40], rows: 2..<5),
        ])
}
