import Glibc
import Testing

@testable import Waveforms

@Suite struct CSVTests {
    @Test func namesAreLowerCaseWithoutBlanksAndQuoted() throws {
        let folder = try TemporaryFolder()
        let writer = CSVWriter(path: folder.file("out.csv"))
        try writer.begin(
            TableHeader(
                kind: .transient, columns: [timeColumn, Column("V( A, B )", .voltage), Column("a\"b", .voltage)]))
        try writer.append([0, 1.5, -2])
        try writer.append([1e-9, .infinity, .nan])
        try writer.end()
        try writer.finish()
        let expected = "time,\"v(a,b)\",\"a\"\"b\"\r\n0,1.5,-2\r\n1e-09,inf,nan\r\n"
        #expect(try folder.text("out.csv") == expected)
        #expect(folder.names == ["out.csv"])
        let table = try #require(try WaveformReader.read(folder.file("out.csv")).first)
        #expect(table.header.columns.map(\.name) == ["time", "v(a,b)", "a\"b"])
        #expect(table.header.kind == .transient)
        #expect(table["V(A,B)"] == [1.5, .infinity])
    }

    @Test func complexColumnsBecomeTwoUnlessTheItemIsReal() throws {
        let folder = try TemporaryFolder()
        let writer = CSVWriter(path: folder.file("out.csv"))
        try steppedAC().write(to: writer)
        try writer.finish()
        let text = try folder.text("out.csv")
        #expect(
            text.hasPrefix("step,rval,temp,frequency,re(v(out)),im(v(out)),vdb(out)\r\n1,1000,27,1,0.1,1e+22,-3\r\n"))
        #expect(text.hasSuffix("2,4700.5,-40,100,0.3333333333333333,4,-15.5\r\n"))
    }

    @Test func complexAndStepsReadBack() throws {
        let folder = try TemporaryFolder()
        let table = try steppedAC()
        let writer = CSVWriter(path: folder.file("out.csv"))
        try table.write(to: writer)
        try writer.finish()
        let back = try #require(try WaveformReader.read(folder.file("out.csv")).first)
        #expect(back.columns == table.columns)
        #expect(back.imaginaryColumns == table.imaginaryColumns)
        #expect(back.steps == table.steps)
        #expect(back.header.stepParameters.map(\.name) == ["rval", "temp"])
        #expect(back["im(v(out))"] == table.imaginaryColumns[1])
    }

    @Test func severalAnalysesGoToSeveralFiles() throws {
        let folder = try TemporaryFolder()
        let writer = CSVWriter(
            path: folder.file("out.csv"), tableKinds: [.operatingPoint, .transient, .transient, .ac])
        try writer.prepare()
        let op = TableHeader(kind: .operatingPoint, columns: [outColumn])
        try writer.begin(op)
        try writer.append([1])
        try writer.end()
        try transient([0, 1], [2, 3]).write(to: writer)
        try transient([0, 1], [4, 5]).write(to: writer)
        try writer.finish()
        // The analysis that never came leaves no file.
        #expect(folder.names == ["out.op.csv", "out.tran.csv", "out.tran2.csv"])
        #expect(try folder.text("out.tran2.csv") == "time,v(out)\r\n0,4\r\n1,5\r\n")
        #expect(CSVWriter.path("a.b/out", kind: .dcTransfer, earlier: []) == "a.b/out.dc.csv")
    }

    @Test func interruptedRunLeavesAWholeFile() throws {
        let folder = try TemporaryFolder()
        let writer = CSVWriter(path: folder.file("out.csv"))
        try writer.begin(TableHeader(kind: .transient, columns: [timeColumn, outColumn]))
        for row in 0..<50_000 { try writer.append([Double(row), 0.1]) }
        #expect(folder.names == [".out.csv.\(getpid()).tmp"])
        try writer.finish()
        #expect(folder.names == ["out.csv"])
        #expect(try WaveformReader.read(folder.file("out.csv"))[0].rowCount == 50_000)
    }

    @Test func discardLeavesNothingAndTheOldFileStays() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", to: "out.csv")
        let writer = CSVWriter(path: folder.file("out.csv"))
        try transient([0], [1]).write(to: writer)
        writer.discard()
        #expect(folder.names == ["out.csv"])
        #expect(try folder.text("out.csv") == "old")
        do {
            let forgotten = CSVWriter(path: folder.file("out.csv"))
            try transient([0], [1]).write(to: forgotten)
        }
        #expect(folder.names == ["out.csv"])
    }

    @Test func symbolicLinkStaysOne() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", to: "target.csv")
        symlink("target.csv", folder.file("link.csv"))
        let writer = CSVWriter(path: folder.file("link.csv"))
        try transient([0], [1]).write(to: writer)
        try writer.finish()
        #expect(try folder.text("target.csv") == "time,v(out)\r\n0,1\r\n")
    }

    @Test func wrongTargetsAreNamedBeforeTheRun() throws {
        let folder = try TemporaryFolder()
        #expect(throws: WaveformError.cannotOpen(path: folder.path, reason: "Is a directory")) {
            try CSVWriter(path: folder.path).prepare()
        }
        let missing = folder.file("nowhere/out.csv")
        #expect(throws: WaveformError.cannotOpen(path: missing, reason: "No such file or directory")) {
            try CSVWriter(path: missing).prepare()
        }
        #expect(throws: WaveformError.cannotOpen(path: missing, reason: "No such file or directory")) {
            try RawWriter(path: missing).prepare()
        }
        #expect(throws: WaveformError.cannotOpen(path: "", reason: "not a file name")) {
            try CSVWriter(path: "").prepare()
        }
    }

    @Test func fullDiskIsAnError() throws {
        let writer = CSVWriter(path: "/dev/full")
        let error = #expect(throws: WaveformError.self) {
            try transient([0], [1]).write(to: writer)
            try writer.finish()
        }
        #expect(error?.description == "cannot write /dev/full: No space left on device")
        #expect(throws: WaveformError.self) { try writer.finish() }
        writer.discard()
        var status = stat()
        #expect(stat("/dev/full", &status) == 0)
    }

    @Test func streamsTakeSeveralTables() throws {
        let folder = try TemporaryFolder()
        let descriptor = open(folder.file("stream"), O_WRONLY | O_CREAT, 0o600)
        let writer = CSVWriter(descriptor: descriptor)
        try transient([0], [1]).write(to: writer)
        try transient([0], [2]).write(to: writer)
        try writer.finish()
        #expect(fcntl(descriptor, F_GETFD) >= 0)
        close(descriptor)
        let tables = try WaveformReader.read(folder.file("stream"))
        #expect(tables.map { $0["v(out)"] } == [[1], [2]])
    }

    @Test func wrongRowsAreRefused() throws {
        let folder = try TemporaryFolder()
        let writer = CSVWriter(path: folder.file("out.csv"))
        #expect(throws: WaveformError.self) { try writer.append([1]) }
        try writer.begin(TableHeader(kind: .transient, columns: [timeColumn, outColumn], stepParameters: [outColumn]))
        #expect(throws: WaveformError.self) { try writer.append([1, 2]) }
        #expect(throws: WaveformError.self) { try writer.beginStep(index: 1, parameters: []) }
        try writer.beginStep(index: 1, parameters: [2])
        #expect(throws: WaveformError.self) { try writer.append([1]) }
        #expect(throws: WaveformError.self) { try writer.begin(TableHeader(kind: .transient, columns: [])) }
        writer.discard()
        #expect(folder.names.isEmpty)
    }

    @Test func memoryDoesNotGrowWithTheRows() throws {
        func resident() -> Int {
            var usage = rusage()
            getrusage(0, &usage)  // RUSAGE_SELF
            return usage.ru_maxrss
        }
        let folder = try TemporaryFolder()
        let sink = FanOut([CSVWriter(path: "/dev/null"), RawWriter(path: folder.file("out.raw"))])
        let columns = [timeColumn, outColumn, Column("i(v1)", .current), Column("i(v2)", .current)]
        try sink.begin(TableHeader(kind: .transient, columns: columns))
        try sink.append([0, 0.1, 0.2, 0.3])
        let before = resident()
        for row in 1..<1_000_000 { try sink.append([Double(row), 0.1, 0.2, 0.3]) }
        // 32 MB went to one file and 20 to the other; other tests run meanwhile.
        #expect(resident() - before < 16384, "KiB")
        sink.discard()
    }
}
