import Foundation
import Waveforms

/// The netlists that ship with the project.
enum Netlists {
    static let folder: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/") + "/netlists"
    }()

    static func all(below subfolder: String = "") -> [String] {
        let start = subfolder.isEmpty ? folder : "\(folder)/\(subfolder)"
        guard let walker = FileManager.default.enumerator(atPath: start) else { return [] }
        return walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".cir") }.map { "\(start)/\($0)" }.sorted()
    }

    static var good: [String] { all().filter { !$0.contains("/errors/") } }
    static var withGolden: [String] {
        good.filter { FileManager.default.fileExists(atPath: golden(of: $0)) }
    }
    static func golden(of path: String) -> String { String(path.dropLast(4)) + ".golden.csv" }
}

/// A sink that counts rows and keeps nothing.
final class CountingSink: WaveformSink {
    var rows = 0
    func begin(_ header: TableHeader) throws(WaveformError) {}
    func append(_ row: UnsafeBufferPointer<Double>) throws(WaveformError) { rows += 1 }
    func beginStep(index: Int, parameters: [Double]) throws(WaveformError) {}
    func end() throws(WaveformError) {}
    func finish() throws(WaveformError) {}
    func discard() {}
}
