import Glibc
import Testing

@testable import Waveforms

@Suite struct RawTests {
    @Test(arguments: [RawWriter.Format.binary, .ascii])
    func realRoundTrip(format: RawWriter.Format) throws {
        let folder = try TemporaryFolder()
        let values = (0..<1000).map { _ in Double.random(in: -1...1) } + [0, -0.0, .leastNonzeroMagnitude, .infinity]
        let table = try transient(values.indices.map(Double.init), values)
        let writer = RawWriter(path: folder.file("out.raw"), format: format)
        try table.write(to: writer)
        try writer.finish()
        #expect(folder.names == ["out.raw"])
        let back = try WaveformReader.read(folder.file("out.raw"))
        #expect(back == [table])
        #expect(back[0].columns[1].map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test(arguments: [RawWriter.Format.binary, .ascii])
    func complexSteppedAndSeveralPlotsRoundTrip(format: RawWriter.Format) throws {
        let folder = try TemporaryFolder()
        let ac = try steppedAC()
        let writer = RawWriter(path: folder.file("out.raw"), format: format)
        try transient([0, 1], [2, 3]).write(to: writer)
        try ac.write(to: writer)
        try writer.finish()
        let tables = try WaveformReader.read(folder.file("out.raw"))
        #expect(tables.count == 2)
        #expect(tables[1].columns == ac.columns)
        #expect(tables[1].imaginaryColumns == ac.imaginaryColumns)
        #expect(tables[1].steps == ac.steps)
        #expect(tables[1].header.title == "filter")
        #expect(tables[1].header.kind == .ac)
    }

    @Test func headerIsNgspices() throws {
        let folder = try TemporaryFolder()
        let writer = RawWriter(
            path: folder.file("out.raw"), format: .ascii, command: "hydron 1, ngspice-compatible raw", date: "today")
        try transient([0, 0.5], [1, 2]).write(to: writer)
        try writer.finish()
        let count = "2" + String(repeating: " ", count: 19)
        #expect(
            try folder.text("out.raw") == """
                Title: rc
                Date: today
                Plotname: Transient Analysis
                Command: # hydron 1, ngspice-compatible raw
                Flags: real
                No. Variables: 2
                No. Points: \(count)
                Variables:
                \t0\ttime\ttime
                \t1\tv(out)\tvoltage
                Values:
                0\t\t0
                \t1
                1\t\t0.5
                \t2


                """)
    }

    @Test func interruptedRunLeavesAWholeFile() throws {
        let folder = try TemporaryFolder()
        let writer = RawWriter(path: folder.file("out.raw"))
        try writer.begin(TableHeader(kind: .transient, columns: [timeColumn, outColumn]))
        for row in 0..<100_000 { try writer.append([Double(row), 1]) }
        try writer.finish()
        #expect(try WaveformReader.read(folder.file("out.raw"))[0].rowCount == 100_000)
        #expect(folder.names == ["out.raw"])
    }

    @Test func discardLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let writer = RawWriter(path: folder.file("out.raw"))
        try transient([0], [1]).write(to: writer)
        writer.discard()
        #expect(folder.names.isEmpty)
    }

    @Test func pipeGetsThePatchedFile() throws {
        let folder = try TemporaryFolder()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let writer = RawWriter(descriptor: ends[1])
        try transient([0, 1], [2, 3]).write(to: writer)
        try writer.finish()
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(ends[0], &bytes, bytes.count)
        close(ends[0])
        #expect(try WaveformReader.tables(in: Array(bytes.prefix(count)), path: "pipe")[0]["v(out)"] == [2, 3])
        #expect(folder.names.isEmpty)
    }

    @Test func everyTruncationIsAnErrorOrFewerPlots() throws {
        let folder = try TemporaryFolder()
        for format in [RawWriter.Format.binary, .ascii] {
            let writer = RawWriter(path: folder.file("out.raw"), format: format)
            try steppedAC().write(to: writer)
            try writer.finish()
            let bytes = try WaveformReader.bytes(of: folder.file("out.raw"))
            for count in 0..<(bytes.count - 1) {
                guard let tables = try? WaveformReader.tables(in: Array(bytes.prefix(count)), path: "x") else {
                    continue
                }
                #expect(tables[0].rowCount <= 5)
            }
            #expect(throws: WaveformError.self) {
                try WaveformReader.tables(in: Array(bytes.prefix(bytes.count - 9)), path: "x")
            }
        }
    }

    @Test func damagedFilesNeverTrap() throws {
        let folder = try TemporaryFolder()
        let writer = RawWriter(path: folder.file("out.raw"), format: .ascii)
        try steppedAC().write(to: writer)
        try writer.finish()
        let bytes = try WaveformReader.bytes(of: folder.file("out.raw"))
        for _ in 0..<3000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4) {
                damaged[Int.random(in: 0..<damaged.count)] = UInt8.random(in: 0...255)
            }
            _ = try? WaveformReader.tables(in: damaged, path: "x")
        }
    }

    @Test func countsBeyondTheFileAreRefused() throws {
        let head = "Title: x\nPlotname: y\nFlags: real\nNo. Variables: 1\nNo. Points: 9223372036854775807\nVariables:\n"
        let error = #expect(throws: WaveformError.self) {
            try WaveformReader.tables(in: Array((head + "\t0\ttime\ttime\nBinary:\n12345678").utf8), path: "x.raw")
        }
        #expect(error?.description == "x.raw:8: the data end at byte 122, after 1 of 9223372036854775807 points")
    }

    @Test func unknownKeysAreSkipped() throws {
        let text = """
            Title: x
            Offset: 0.0
            Backannotation: u1 1 2
            Plotname: Operating Point
            Flags: real padded
            No. Variables: 1
            No. Points: 1
            Option: none
            Variables:
            \t0\tV(Out)\tvoltage dims=1
            Values:
             0\t1.5e+00
            """
        let table = try WaveformReader.tables(in: Array(text.utf8), path: "x")[0]
        #expect(table.header.kind == .operatingPoint)
        #expect(table["v(out)"] == [1.5])
    }

    @Test func ltspiceHeadersAreUTF16AndColumnsSingle() throws {
        let head = """
            Title: * x
            Plotname: Transient Analysis
            Flags: real forward
            No. Variables: 2
            No. Points: 2
            Offset: 0
            Command: Linear Technology Corporation LTspice XVII
            Variables:
            \t0\ttime\ttime
            \t1\tV(out)\tvoltage
            Binary:

            """
        var bytes = head.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        for (time, value) in [(0.5, Float(1.25)), (-1.5, Float(-2))] {
            withUnsafeBytes(of: time.bitPattern.littleEndian) { bytes += $0 }
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
        }
        let table = try WaveformReader.tables(in: bytes, path: "x")[0]
        #expect(table.abscissa == [0.5, 1.5])
        #expect(table["v(out)"] == [1.25, -2])
    }
}
