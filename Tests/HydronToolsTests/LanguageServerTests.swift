import Glibc
import HydronTools
import Testing
import Waveforms

/// The protocol's messages, as an editor sends them.
private final class Client {
    let server = LanguageServer()
    private var number = 0

    init() {
        _ = request("initialize", ["capabilities": [:]])
        notify("initialized", [:])
    }

    func request(_ method: String, _ parameters: JSONValue) -> JSONValue {
        number += 1
        let answers = server.answer([
            "jsonrpc": "2.0", "id": .integer(number), "method": .string(method), "params": parameters,
        ])
        return answers.last ?? .null
    }

    func notify(_ method: String, _ parameters: JSONValue) {
        let answers = server.answer(["jsonrpc": "2.0", "method": .string(method), "params": parameters])
        #expect(answers.isEmpty)
    }

    func open(_ text: String, uri: String = "untitled:netlist") {
        notify(
            "textDocument/didOpen",
            ["textDocument": ["uri": .string(uri), "languageId": "spice", "version": 1, "text": .string(text)]])
    }

    /// Findings by file.
    func findings() -> [String: [JSONValue]] {
        var found: [String: [JSONValue]] = [:]
        for message in server.publish() {
            #expect(message["method"] == "textDocument/publishDiagnostics")
            found[message["params"]["uri"].text ?? ""] = message["params"]["diagnostics"].elements
        }
        return found
    }

    /// Asks about the first place of `mark` in the text, `offset` characters into it.
    func ask(
        _ method: String, _ text: String, at mark: String, offset: Int = 0, uri: String = "untitled:netlist",
        with more: [JSONValue.Member] = []
    ) throws -> JSONValue {
        let place = try #require(text.firstRange(of: mark)).lowerBound
        let before = text[..<place]
        let line = before.count { $0 == "\n" }
        let character = before.utf16.count - (before.lastIndex(of: "\n").map { before[...$0].utf16.count } ?? 0)
        return request(
            "textDocument/\(method)",
            .object(
                [
                    .init("textDocument", ["uri": .string(uri)]),
                    .init("position", ["line": .integer(line), "character": .integer(character + offset)]),
                ] + more))
    }
}

/// A folder that goes with this object.
private final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/hydron-editor-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in names { unlink(file(name)) }
        rmdir(path)
    }

    private var names: [String] = []
    func file(_ name: String) -> String {
        names.append(name)
        return "\(path)/\(name)"
    }
}

@Suite struct LanguageServerTests {
    private static let circuit = """
        Two stages µ
        .param rload=2k gain={rload/1k}
        .model dm d is=1e-15 rs=2
        .func twice(x) {2*x}
        .subckt stage in out r=1k
        r1 in mid {r}
        r2 mid out {twice(r)}
        .ends
        v1 a 0 {gain}
        x1 a b stage
        x2 b c stage r=3k
        d1 c 0 dm
        rl c 0 {rload}
        .op
        .print op v(x1.mid) v(c) i(rl)
        .end

        """

    private func edits(_ answer: JSONValue, uri: String = "untitled:netlist") -> [JSONValue] {
        answer["result"]["changes"][uri].elements ?? []
    }

    /// The text with the edits of a rename, the last first.
    private func applied(_ answer: JSONValue, to text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf16) }
        func place(_ value: JSONValue) -> (Int, Int) { (value["line"].whole ?? 0, value["character"].whole ?? 0) }
        let sorted = edits(answer).sorted { place($0["range"]["start"]) > place($1["range"]["start"]) }
        for edit in sorted {
            let ((line, start), (_, end)) = (place(edit["range"]["start"]), place(edit["range"]["end"]))
            lines[line].replaceSubrange(start..<end, with: Array((edit["newText"].text ?? "").utf16))
        }
        return lines.map { String(decoding: $0, as: UTF16.self) }.joined(separator: "\n")
    }

    private func hover(_ client: Client, at mark: String, offset: Int = 0) throws -> String {
        try client.ask("hover", Self.circuit, at: mark, offset: offset)["result"]["contents"]["value"].text ?? ""
    }

    @Test func findingsFollowTheText() throws {
        let client = Client()
        client.open("t\nv1 a 0 1\nd1 a 0 nothing\n.op\n.end\n")
        var found = try #require(client.findings()["untitled:netlist"])
        let error = try #require(found.first { $0["severity"] == 1 })
        #expect(error["message"].text?.hasPrefix("no model 'nothing'") == true)
        #expect(error["range"] == ["start": ["line": 2, "character": 7], "end": ["line": 2, "character": 14]])
        #expect(client.findings().isEmpty)
        // The model arrives, in a line of its own.
        client.notify(
            "textDocument/didChange",
            [
                "textDocument": ["uri": "untitled:netlist", "version": 2],
                "contentChanges": [
                    [
                        "range": ["start": ["line": 3, "character": 0], "end": ["line": 3, "character": 0]],
                        "text": ".model nothing d\n",
                    ]
                ],
            ])
        found = try #require(client.findings()["untitled:netlist"])
        #expect(found.isEmpty)
        client.notify("textDocument/didClose", ["textDocument": ["uri": "untitled:netlist"]])
        #expect(client.findings() == ["untitled:netlist": []])
    }

    @Test func hoverTellsValuesAndMeanings() throws {
        let client = Client()
        client.open(Self.circuit)
        #expect(try hover(client, at: "gain=") == "`gain` = 2")
        #expect(try hover(client, at: "{rload}", offset: 1) == "`rload` = 2000")
        // One value a call.
        let both = try hover(client, at: "r=1k")
        #expect(both.contains("1000 in `x1`") && both.contains("3000 in `x2`"))
        #expect(try hover(client, at: "2k").contains("2000"))
        #expect(try hover(client, at: "is=1e").contains("saturation current"))
        #expect(try hover(client, at: "d1 c").contains("diode"))
        #expect(try hover(client, at: ".op").contains("operating point"))
        #expect(try hover(client, at: "mid {").contains("at `r1`, `r2`"))
        #expect(try hover(client, at: "0 dm", offset: 2).contains(".model dm d is=1e-15"))
        let other =
            "t\nv1 a 0 dc 1 PULSE(0 1 1n)\nr1 a 0 1k\n.tran 1n 1u\n.meas tran x max v(a)\n.assert 'x > 0'\n.end\n"
        client.notify("textDocument/didClose", ["textDocument": ["uri": "untitled:netlist"]])
        client.open(other)
        for (mark, part) in [("PULSE", "delay [rise"), (".meas", "TRIG v(a)"), (".assert", "exit status 1")] {
            let answer = try client.ask("hover", other, at: mark)["result"]["contents"]["value"].text
            #expect(answer?.contains(part) == true, "\(mark): \(answer ?? "")")
        }
        client.notify("textDocument/didClose", ["textDocument": ["uri": "untitled:netlist"]])
        client.open(Self.circuit)
        // Nothing to say about a title.
        #expect(try client.ask("hover", Self.circuit, at: "stages")["result"] == .null)
    }

    @Test(arguments: [
        ("stage r=3k", 9), ("0 dm", 9), ("twice(r)", 3),
    ]) func definitionsAreFound(mark: String, column: Int) throws {
        let client = Client()
        client.open(Self.circuit)
        let answer = try client.ask("definition", Self.circuit, at: mark, offset: mark.hasPrefix("0 ") ? 2 : 0)
        let line = ["s": 4, "0": 2, "t": 3][mark.prefix(1)] ?? 0
        let start = answer["result"]["range"]["start"]
        #expect(start["line"].whole == line)
        #expect(start["character"].whole == [4: 8, 2: 7, 3: 6][line])
    }

    @Test func renamingReachesEveryPlace() throws {
        let client = Client()
        client.open(Self.circuit)
        // A node inside a subcircuit, also where it is named from outside.
        var text = applied(
            try client.ask("rename", Self.circuit, at: "mid {", with: [.init("newName", "inner")]), to: Self.circuit)
        #expect(text == Self.circuit.replacing("mid", with: "inner"))
        // The same from outside.
        let outside = applied(
            try client.ask("rename", Self.circuit, at: "x1.mid", offset: 4, with: [.init("newName", "inner")]),
            to: Self.circuit)
        #expect(outside == text)
        // A node of the top level is not the port of the same name elsewhere.
        text = applied(
            try client.ask("rename", Self.circuit, at: "a b stage", with: [.init("newName", "in")]), to: Self.circuit)
        #expect(
            text == Self.circuit.replacing("v1 a 0", with: "v1 in 0").replacing("x1 a b", with: "x1 in b"))
        // A parameter of a subcircuit, also where a call gives it.
        text = applied(
            try client.ask("rename", Self.circuit, at: "r=1k", with: [.init("newName", "rs")]), to: Self.circuit)
        #expect(
            text
                == Self.circuit.replacing("out r=1k", with: "out rs=1k").replacing("{r}", with: "{rs}")
                .replacing("twice(r)", with: "twice(rs)").replacing("stage r=3k", with: "stage rs=3k"))
        text = applied(
            try client.ask("rename", Self.circuit, at: "stage in", with: [.init("newName", "cell")]), to: Self.circuit)
        #expect(
            text
                == Self.circuit.replacing("stage in", with: "cell in").replacing("b stage", with: "b cell")
                .replacing("c stage", with: "c cell"))
        text = applied(
            try client.ask("rename", Self.circuit, at: "rl c", with: [.init("newName", "rload")]), to: Self.circuit)
        #expect(text == Self.circuit.replacing("rl c", with: "rload c").replacing("i(rl)", with: "i(rload)"))
    }

    @Test(arguments: [
        ("a b stage", "0", "ground"), ("a b stage", "c", "there already"), ("a b stage", "a b", "no name"),
        ("rl c", "vl", "first letter"), ("is=1e", "js", "can't be renamed"),
    ]) func renamesThatWouldChangeTheCircuitAreRefused(mark: String, name: String, reason: String) throws {
        let client = Client()
        client.open(Self.circuit)
        let answer = try client.ask("rename", Self.circuit, at: mark, with: [.init("newName", .string(name))])
        #expect(answer["error"]["message"].text?.contains(reason) == true)
    }

    /// What a rename leaves is the same circuit: no finding more, the same hover.
    @Test func aRenamedCircuitIsTheSame() throws {
        let client = Client()
        client.open(Self.circuit)
        let before = try #require(client.findings()["untitled:netlist"])
        for (mark, name) in [("mid {", "inner"), ("a b stage", "start"), ("dm d", "diode"), ("rload=", "load")] {
            let text = applied(
                try client.ask("rename", Self.circuit, at: mark, with: [.init("newName", .string(name))]),
                to: Self.circuit)
            #expect(text != Self.circuit)
            let other = Client()
            other.open(text)
            #expect(other.findings()["untitled:netlist"]?.count == before.count)
        }
    }

    @Test func referencesAndOutline() throws {
        let client = Client()
        client.open(Self.circuit)
        let places = try client.ask(
            "references", Self.circuit, at: "rload=", with: [.init("context", ["includeDeclaration": true])])
        #expect(places["result"].elements?.count == 3)
        let others = try client.ask(
            "references", Self.circuit, at: "rload=", with: [.init("context", ["includeDeclaration": false])])
        #expect(others["result"].elements?.count == 2)
        let outline = client.request("textDocument/documentSymbol", ["textDocument": ["uri": "untitled:netlist"]])
        let symbols = try #require(outline["result"].elements)
        let stage = try #require(symbols.first { $0["name"] == "stage" })
        #expect(stage["children"].elements?.compactMap { $0["name"].text } == ["r", "r1", "r2"])
        #expect(stage["range"]["start"]["line"] == 4 && stage["range"]["end"]["line"] == 7)
        #expect(symbols.compactMap { $0["name"].text }.contains("x2"))
    }

    @Test func fixItsAreQuickFixes() throws {
        let client = Client()
        let text = "t\nv1 a 0 1\nr1 a 0 1MHz\n.op\n.end\n"
        client.open(text)
        let answer = client.request(
            "textDocument/codeAction",
            [
                "textDocument": ["uri": "untitled:netlist"], "context": ["diagnostics": []],
                "range": ["start": ["line": 2, "character": 8], "end": ["line": 2, "character": 8]],
            ])
        let action = try #require(answer["result"].elements?.first)
        let edit = try #require(action["edit"]["changes"]["untitled:netlist"].elements?.first)
        #expect(edit["newText"] == "1MEGHz")
        #expect(edit["range"] == ["start": ["line": 2, "character": 7], "end": ["line": 2, "character": 11]])
    }

    /// Columns count units of UTF-16, whatever stands before them.
    @Test func columnsAreUTF16() throws {
        let client = Client()
        let text = "t\nv1 𝛼µ 0 1\nr1 𝛼µ out 1k\r\nd1 out 0 nothing ; 𝛼\r\n.op\n.end\n"
        client.open(text)
        let found = try #require(client.findings()["untitled:netlist"])
        #expect(found.first { $0["severity"] == 1 }?["range"]["start"] == ["line": 3, "character": 9])
        let answer = try client.ask("rename", text, at: "out 1k", with: [.init("newName", "ß")])
        let ranges = edits(answer).map { $0["range"]["start"] }
        #expect(ranges == [["line": 2, "character": 7], ["line": 3, "character": 3]])
    }

    @Test func includedFilesAreReached() throws {
        let folder = try TemporaryFolder()
        try TextFile.write(
            ".model dm d is=1e-15\n.subckt cell a b\nr1 a b 1k\n.ends\n", to: folder.file("my parts.lib"))
        let text = "t\n.include \"my parts.lib\"\nv1 in 0 1\nd1 in 0 dm\nx1 in 0 cell\n.op\n.end\n"
        let uri = "file://\(folder.path)/top.cir"
        let client = Client()
        client.open(text, uri: uri)
        #expect(client.findings()[uri]?.isEmpty == true)
        let library = "file://\(folder.path)/my%20parts.lib"
        for (mark, offset, line) in [("0 dm", 2, 0), ("cell\n", 0, 1), ("my parts", 2, 0)] {
            let answer = try client.ask("definition", text, at: mark, offset: offset, uri: uri)
            #expect(answer["result"]["uri"] == .string(library))
            #expect(answer["result"]["range"]["start"]["line"].whole == line)
        }
        // A library by itself has no title and nothing to run.
        let other = Client()
        other.open(".model dm d is=1e-15\n.model dm d is=2e-15\n", uri: library)
        let found = try #require(other.findings()[library])
        #expect(found.count == 1)
        #expect(found.first?["message"].text?.contains("defined twice") == true)
        #expect(found.first?["range"]["start"] == ["line": 1, "character": 7])
        // A mistake in an included file stands there.
        try TextFile.write(".model dm d is={1+}\n", to: folder.file("my parts.lib"))
        client.notify("textDocument/didSave", ["textDocument": ["uri": .string(uri)]])
        let all = client.findings()
        #expect(all[library]?.contains { $0["severity"] == 1 } == true)
    }

    @Test func requestsOutOfOrderAreRefused() {
        let server = LanguageServer()
        func ask(_ method: String) -> JSONValue? {
            server.answer(["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": [:]]).last
        }
        #expect(ask("textDocument/hover")?["error"]["code"] == -32002)
        #expect(ask("initialize")?["result"]["capabilities"]["hoverProvider"] == true)
        #expect(ask("textDocument/hover")?["error"]["code"] == -32602)
        #expect(ask("no/such")?["error"]["code"] == -32601)
        #expect(ask("shutdown")?["result"] == .null)
        #expect(ask("textDocument/hover")?["error"]["code"] == -32600)
        #expect(server.exitStatus == nil)
        _ = server.answer(["jsonrpc": "2.0", "method": "exit"])
        #expect(server.exitStatus == 0)
    }

    /// Whatever stands in the text, and wherever the cursor is, an answer comes.
    @Test func damagedTextsAndPlacesAreAnswered() {
        var state: UInt64 = 11
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let whole = Array(Self.circuit.utf8)
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<3 { bytes[random(bytes.count)] = UInt8(random(256)) }
            bytes.removeLast(random(bytes.count / 2))
            let client = Client()
            client.open(String(decoding: bytes, as: UTF8.self))
            _ = client.findings()
            for method in ["hover", "definition", "references", "prepareRename"] {
                let answer = client.request(
                    "textDocument/\(method)",
                    [
                        "textDocument": ["uri": "untitled:netlist"],
                        "position": ["line": .integer(random(20) - 1), "character": .integer(random(50) - 1)],
                    ])
                #expect(answer["error"] == .null)
            }
        }
    }
}

@Suite struct JSONReaderTests {
    @Test func readsWhatItWrites() throws {
        let value: JSONValue = [
            "a": [1, -2, 3.5, 1e300, .null, true, false], "b\n\"\\": ["": "µ𝛼<\u{1}"], "empty": [[], [:]],
        ]
        #expect(try JSONReader.read(Array("\(value)".utf8)) == value)
        #expect(try JSONReader.read(Array(value.indented.utf8)) == value)
        #expect(try JSONReader.read(Array(#" "\u00b5\ud835\udefc\/\ud800x" "#.utf8)) == "µ𝛼/\u{FFFD}x")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "\"", "\"\\u12\"", "\"\\x\"", "tru", "1 2", "--1", "]", "nul",
        String(repeating: "[", count: 100_000),
    ]) func mistakesAreErrors(text: String) {
        #expect(throws: JSONReader.Mistake.self) { try JSONReader.read(Array(text.utf8)) }
    }
}
