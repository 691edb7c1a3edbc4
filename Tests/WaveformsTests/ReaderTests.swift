import Testing

@testable import Waveforms

@Suite struct ReaderTests {
    private func read(_ text: String) throws -> [Table] {
        try WaveformReader.tables(in: Array(text.utf8), path: "x")
    }

    private func message(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func prnStepsStartWhereTheIndexDoes() throws {
        let tables = try read(
            """
            Index     TIME       V(1)   {V(1) * 2}
            0   0.0  1.0 2
            1   1e-3 3.0 6
            0   0.0  5.0 10
            End of Xyce(TM) Simulation
            """)
        #expect(tables[0].header.kind == .transient)
        #expect(tables[0].header.columns.map(\.name) == ["time", "v(1)", "{v(1)*2}"])
        #expect(tables[0].blocks == [0..<2, 2..<3])
        #expect(tables[0]["v(1)"] == [1, 3, 5])
    }

    @Test func prnComplexColumnsAreJoined() throws {
        let table = try read("Index FREQ Re(V(B)) Im(V(B))\n0 1 2 3\n")[0]
        #expect(table.header.isComplex)
        #expect(table.header.kind == .ac)
        #expect(table["im(v(b))"] == [3])
    }

    @Test func csvSurvivesByteOrderMarksAndMissingFinalNewlines() throws {
        let table = try read("\u{FEFF}V1,v(out)\n1,2\n3,4")[0]
        #expect(table.header.kind == .dcTransfer)
        #expect(table.abscissa == [1, 3])
        #expect(table["v(out)"] == [2, 4])
    }

    @Test func csvErrorsNameTheLine() {
        #expect(message("time,v(1)\n0,1\n1\n") == "x:3: the line does not have 2 columns")
        #expect(message("time,v(1)\n0,1,\n") == "x:2: the line does not have 2 columns")
        #expect(message("time,v(1)\n0,1,2\n") == "x:2: the line does not have 2 columns")
        #expect(message("time,v(1)\n0,\n") == "x:2: column 2 is not a number: ''")
        #expect(message("time,v(1)\n0,abc\n") == "x:2: column 2 is not a number: 'abc'")
        #expect(message("1,2\n3,4\n") == "x:1: the header line starts with a number")
        #expect(message("time,\"v(1)\n") == "x:1: a quote stays open")
        #expect(message("step,v(1)\n0.5,1\n") == "x:1: the step 0.5 is not a whole number")
        #expect(message("") == "x:1: the file is empty")
        #expect(message("Index TIME\n0 1\n1\n") == "x:3: 1 columns where the header has 2")
    }

    @Test func missingFileIsNamed() {
        let error = #expect(throws: WaveformError.self) { try WaveformReader.read("/nowhere/x.csv") }
        #expect(error?.description == "cannot open /nowhere/x.csv: No such file or directory")
        #expect(throws: WaveformError.cannotRead(path: "/tmp", reason: "Is a directory")) {
            try WaveformReader.read("/tmp")
        }
    }

    @Test func randomBytesNeverTrap() {
        let alphabet = Array("time,v(1)\n\r\"step 0123.e-:\tTitle Plotname Values Binary No. Points\0".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0..<80)).map { _ in alphabet.randomElement()! }
            _ = try? WaveformReader.tables(in: bytes, path: "x")
            _ = try? WaveformReader.tables(in: Array("Title:".utf8) + bytes, path: "x")
            _ = try? WaveformReader.tables(in: Array("Index ".utf8) + bytes, path: "x")
            _ = try? WaveformReader.tables(in: Array("step,a,b\n".utf8) + bytes, path: "x")
        }
    }
}
