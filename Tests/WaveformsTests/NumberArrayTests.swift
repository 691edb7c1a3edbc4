import Foundation
import Testing

@testable import Waveforms

/// Arrays of numbers in files, and maps written to them.
@Suite struct NumberArrayTests {
    static func read(_ bytes: [UInt8]) throws -> NumberArray {
        try bytes.withUnsafeBytes { raw -> Result<NumberArray, WaveformError> in
            do throws(WaveformError) { return .success(try NumberArray.read(raw, path: "f")) } catch {
                return .failure(error)
            }
        }.get()
    }

    /// A file as NumPy 1 writes it, byte by byte.
    static func numPy(_ type: String, fortran: Bool, shape: String, _ data: [UInt8]) -> [UInt8] {
        var text = "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
        while (text.utf8.count + 11) % 64 != 0 { text += " " }
        text += "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count & 255), UInt8(text.utf8.count >> 8)]
            + Array(text.utf8) + data
    }

    @Test func everyTypeAndOrderIsRead() throws {
        let double = [1.5, -2, 3].flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
        #expect(try Self.read(Self.numPy("<f8", fortran: false, shape: "(3,)", double)).values == [1.5, -2, 3])
        let big = [Float(0.5), -4].flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian, Array.init) }
        #expect(try Self.read(Self.numPy(">f4", fortran: false, shape: "(1, 2)", big)).values == [0.5, -4])
        let columns = try Self.read(Self.numPy("|i1", fortran: true, shape: "(2, 3)", [1, 2, 3, 4, 0xFF, 6]))
        #expect(columns.shape == [2, 3])
        #expect(columns.values == [1, 3, -1, 2, 4, 6])
        #expect(try Self.read(Self.numPy("<u2", fortran: false, shape: "(1,)", [1, 2])).values == [513])
    }

    @Test(arguments: [
        ("<c16", "(1,)", 16, "numbers of type '<c16'"), ("<f8", "(2, 2)", 8, "takes 32 bytes"),
        ("<f8", "(99999999999, 99999999999)", 8, "larger than the file"), ("<f8", "x", 8, "names no type or shape"),
    ])
    func brokenFilesAreErrors(_ item: (String, String, Int, String)) {
        let bytes = Self.numPy(item.0, fortran: false, shape: item.1, [UInt8](repeating: 0, count: item.2))
        #expect { try Self.read(bytes) } throws: { "\($0)".contains(item.3) }
        for length in 10..<bytes.count where length < 40 {
            #expect(throws: (any Error).self) { try Self.read(Array(bytes[..<length])) }
        }
    }

    @Test func whatIsNotFiniteHasAPlace() {
        let bytes = [1, Double.nan].flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        #expect { try Self.read(Self.numPy("<f8", fortran: false, shape: "(1, 2)", bytes)) } throws: {
            "\($0)".contains("the number at [0][1] is nan")
        }
    }

    @Test func rowsOfTextAreRead() throws {
        let array = try Self.read(Array("# g\n1, 2e-9 ,3\r\n\n4 5 6 # end".utf8))
        #expect(array.shape == [2, 3])
        #expect(array.values == [1, 2e-9, 3, 4, 5, 6])
    }

    @Test(arguments: [1, 3]) func mapsReadBack(_ count: Int) throws {
        let folder = try TemporaryFolder()
        let times = count == 1 ? [] : (0..<count).map(Double.init)
        func snapshot(_ file: String?) -> Snapshot {
            Snapshot(element: "x1", quantity: "g", unit: "S", rows: 2, columns: 3, times: times, file: file)
        }
        let writer = SnapshotWriter(
            [snapshot(nil), snapshot("g.csv")], folder: folder.path, stem: "n", stepCount: 1)
        try writer.prepare()
        var all: [Double] = []
        for map in 0..<count {
            let values = (0..<6).map { 0.1 * Double($0 + 10 * map) }
            all += values
            for index in 0..<2 { try writer.map(index, time: Double(map), values: values) }
        }
        try writer.finish()
        let array = try Self.read(Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/n.x1.g.npy"))))
        #expect(array.shape == (count == 1 ? [2, 3] : [3, 2, 3]))
        #expect(array.values == all)
        let text = try Self.read(Array(Data(contentsOf: URL(fileURLWithPath: folder.path + "/g.csv"))))
        #expect(text.values == all)
    }

    @Test func aRunThatTookNoMapLeavesNoFile() throws {
        let folder = try TemporaryFolder()
        let writer = SnapshotWriter(
            [Snapshot(element: "x1", quantity: "g", unit: "S", rows: 2, columns: 3, times: [], file: nil)],
            folder: folder.path, stem: "n", stepCount: 1)
        try writer.prepare()
        try writer.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
