import Glibc
import Hydron
import SpiceNetlist
import Waveforms

/// A server of the language server protocol 3.17 for netlists: findings as one types, hover, definitions, references,
/// rename, outline, and fix-its as quick fixes.
///
/// Messages go through ``answer(_:)``, one after another; findings are made when ``publish()`` is called, so that of many
/// quick changes only the last is read.
public final class LanguageServer {
    private let settings: EditorSettings
    private var documents: [String: EditorDocument] = [:]
    /// Documents that have changed since their findings were sent.
    private var changed: Set<String> = []
    /// Document → file → findings that were sent.
    private var published: [String: [String: [JSONValue]]] = [:]
    private var isInitialised = false
    private var isShutDown = false
    /// The status to end with, once the client asked for the end.
    public private(set) var exitStatus: Int32?

    public init(_ settings: EditorSettings = EditorSettings()) { self.settings = settings }

    /// Serves a client on standard input and output until it asks for the end.
    ///
    /// - Returns: 0, or 1 where the client ended without a word.
    public static func run(_ settings: EditorSettings) -> Int32 {
        let server = LanguageServer(settings)
        let stream = MessageStream()
        // A client that is gone is noticed by write(2).
        _ = signal(SIGPIPE, SIG_IGN)
        while true {
            if let status = server.exitStatus { return status }
            // A pause in typing.
            if !server.changed.isEmpty, !stream.isWaiting(80) {
                for message in server.publish() { stream.write(message) }
            }
            switch stream.read() {
            case .end: return 1
            case .mistake(let text): stream.write(failure(.null, -32700, text))
            case .message(let message): for answer in server.answer(message) { stream.write(answer) }
            }
        }
    }

    /// What is to be sent back for a message.
    public func answer(_ message: JSONValue) -> [JSONValue] {
        guard let method = message["method"].text else {
            // An answer to something that this server asked, which it never does.
            return []
        }
        let id = message["id"]
        guard id != .null else {
            notify(method, message["params"])
            return []
        }
        if !isInitialised, method != "initialize" { return [Self.failure(id, -32002, "the server is not initialised")] }
        if isShutDown { return [Self.failure(id, -32600, "the server is shut down")] }
        // What is known must be of the text that the question is about.
        let first = Self.needsFindings.contains(method) ? publish() : []
        do throws(Refusal) {
            let result = try self.result(method, message["params"])
            return first + [["jsonrpc": "2.0", "id": id, "result": result]]
        } catch {
            return first + [Self.failure(id, error.code, error.message)]
        }
    }

    private static let needsFindings: Set<String> = ["textDocument/codeAction"]

    private struct Refusal: Error {
        var code: Int
        var message: String
    }

    private static func failure(_ id: JSONValue, _ code: Int, _ message: String) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]]
    }

    private func result(_ method: String, _ parameters: JSONValue) throws(Refusal) -> JSONValue {
        switch method {
        case "initialize":
            isInitialised = true
            return [
                "capabilities": [
                    "positionEncoding": "utf-16", "textDocumentSync": ["openClose": true, "change": 2, "save": true],
                    "hoverProvider": true, "definitionProvider": true, "referencesProvider": true,
                    "documentSymbolProvider": true, "renameProvider": ["prepareProvider": true],
                    "codeActionProvider": ["codeActionKinds": ["quickfix"]],
                ],
                "serverInfo": ["name": "hydron", "version": .string(Simulation.version)],
            ]
        case "shutdown":
            isShutDown = true
            return .null
        case "textDocument/hover":
            return try atWord(parameters) { document, index, word in
                guard let text = HoverText(index: index).text(word) else { return .null }
                return [
                    "contents": ["kind": "markdown", "value": .string(text)],
                    "range": document.place(word.range).map { Self.range($0.start, $0.end) } ?? .null,
                ]
            }
        case "textDocument/definition": return try definition(parameters)
        case "textDocument/references":
            let wantsDefinition = parameters["context"]["includeDeclaration"] != .bool(false)
            return try atWord(parameters) { document, index, word in
                .array(
                    index.places(of: word).filter { wantsDefinition || !$0.isDefinition }
                        .compactMap { Self.location($0.range, &document) })
            }
        case "textDocument/prepareRename":
            return try atWord(parameters) { document, index, word in
                guard Rename.isPossible(word, index), let place = document.place(word.range) else { return .null }
                return [
                    "range": Self.range(place.start, place.end),
                    "placeholder": .string(index.netlist.sources.text(word.range)),
                ]
            }
        case "textDocument/rename": return try rename(parameters)
        case "textDocument/documentSymbol":
            return try inDocument(parameters) { document in
                guard let index = document.index(settings) else { return [] }
                return DocumentOutline(index: index).symbols { range in
                    range.file == 0 ? document.place(range).map { Self.range($0.start, $0.end) } ?? .null : .null
                }
            }
        case "textDocument/codeAction": return try quickFixes(parameters)
        default: throw Refusal(code: -32601, message: "unknown method '\(method)'")
        }
    }

    private func notify(_ method: String, _ parameters: JSONValue) {
        if method == "exit" {
            exitStatus = isShutDown ? 0 : 1
            return
        }
        guard isInitialised, !isShutDown else { return }
        let item = parameters["textDocument"]
        guard let uri = item["uri"].text else { return }
        switch method {
        case "textDocument/didOpen":
            documents[uri] = EditorDocument(uri: uri, text: item["text"].text ?? "", version: item["version"].whole)
            changed.insert(uri)
        case "textDocument/didChange":
            for change in parameters["contentChanges"].elements ?? [] {
                var range: (TextPositions.Position, TextPositions.Position)?
                if let start = Self.position(change["range"]["start"]), let end = Self.position(change["range"]["end"])
                {
                    range = (start, end)
                }
                documents[uri]?.replace(range, with: change["text"].text ?? "")
            }
            documents[uri]?.version = item["version"].whole
            if documents[uri] != nil { changed.insert(uri) }
        case "textDocument/didSave":
            // Others may include it.
            changed.formUnion(documents.keys)
        case "textDocument/didClose":
            documents[uri] = nil
            changed.insert(uri)
        default: break
        }
    }

    // MARK: Findings

    /// The findings about all texts that have changed.
    public func publish() -> [JSONValue] {
        var touched: Set<String> = []
        for uri in changed.sorted() {
            touched.formUnion((published[uri] ?? [:]).keys)
            guard var document = documents[uri] else {
                published[uri] = nil
                touched.insert(uri)
                continue
            }
            document.check(settings)
            var files: [String: [JSONValue]] = [uri: []]
            for finding in document.findings {
                let (file, value) = Self.diagnostic(finding, &document)
                files[file, default: []].append(value)
            }
            documents[uri] = document
            published[uri] = files
            touched.formUnion(files.keys)
        }
        changed = []
        return touched.sorted().map { file in
            var all: [JSONValue] = []
            for source in published.keys.sorted() {
                for value in published[source]?[file] ?? [] where !all.contains(value) { all.append(value) }
            }
            var parameters: [JSONValue.Member] = [.init("uri", .string(file)), .init("diagnostics", .array(all))]
            if let version = documents[file]?.version { parameters.append(.init("version", .integer(version))) }
            return [
                "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": .object(parameters),
            ]
        }
    }

    /// A finding without a place, or in a file that can't be shown, stands on the first line.
    private static func diagnostic(
        _ finding: Diagnostic, _ document: inout EditorDocument
    ) -> (file: String, value: JSONValue) {
        let place = finding.range.flatMap { document.place($0) }
        let origin = TextPositions.Position(line: 0, character: 0)
        let severity =
            switch finding.severity {
            case .error: 1
            case .warning: 2
            case .note: 3
            }
        var notes: [JSONValue] = []
        for note in finding.notes {
            guard let range = note.range, let location = location(range, &document) else { continue }
            notes.append(["location": location, "message": .string(note.message)])
        }
        let hint = finding.hint.map { "\nhint: \($0)" } ?? ""
        return (
            place?.uri ?? document.uri,
            [
                "range": range(place?.start ?? origin, place?.end ?? origin), "severity": .integer(severity),
                "source": "hydron", "message": .string(finding.message + hint), "relatedInformation": .array(notes),
            ]
        )
    }

    private func quickFixes(_ parameters: JSONValue) throws(Refusal) -> JSONValue {
        guard let start = Self.position(parameters["range"]["start"]),
            let end = Self.position(parameters["range"]["end"])
        else { throw Refusal(code: -32602, message: "the range is missing") }
        return try inDocument(parameters) { document in
            var actions: [JSONValue] = []
            for finding in document.findings {
                guard let fixIt = finding.anyFixIt(in: document.sources), let range = finding.range, range.file == 0,
                    let place = document.place(range), place.start <= end, start <= place.end,
                    let target = document.place(fixIt.range)
                else { continue }
                let edit: JSONValue = ["range": Self.range(target.start, target.end), "newText": .string(fixIt.text)]
                let title =
                    fixIt.range.start == fixIt.range.end
                    ? "insert '\(fixIt.text.filter { !$0.isNewline })'" : "replace by '\(fixIt.text)'"
                actions.append([
                    "title": .string(title), "kind": "quickfix",
                    "diagnostics": [Self.diagnostic(finding, &document).value],
                    "edit": ["changes": .object([.init(target.uri, [edit])])],
                ])
            }
            return .array(actions)
        }
    }

    // MARK: Words

    private func inDocument(
        _ parameters: JSONValue, _ body: (inout EditorDocument) -> JSONValue
    ) throws(Refusal) -> JSONValue {
        guard let uri = parameters["textDocument"]["uri"].text, var document = documents[uri] else {
            throw Refusal(code: -32602, message: "no such document is open")
        }
        let result = body(&document)
        documents[uri] = document
        return result
    }

    /// null where there is no word with a meaning.
    private func atWord(
        _ parameters: JSONValue, _ body: (inout EditorDocument, NetlistIndex, NetlistIndex.Word) -> JSONValue
    ) throws(Refusal) -> JSONValue {
        guard let position = Self.position(parameters["position"]) else {
            throw Refusal(code: -32602, message: "the position is missing")
        }
        return try inDocument(parameters) { document in
            guard let index = document.index(settings),
                let word = index.word(at: document.offset(position), file: 0)
            else { return .null }
            return body(&document, index, word)
        }
    }

    private func definition(_ parameters: JSONValue) throws(Refusal) -> JSONValue {
        guard let position = Self.position(parameters["position"]) else {
            throw Refusal(code: -32602, message: "the position is missing")
        }
        return try inDocument(parameters) { document in
            guard let index = document.index(settings) else { return .null }
            let offset = document.offset(position)
            if let word = index.word(at: offset, file: 0) {
                let places = index.places(of: word)
                // A node has no definition but a port; its first place is next to it.
                let place = places.first(where: \.isDefinition) ?? (word.meaning == .node ? places.first : nil)
                return place.flatMap { Self.location($0.range, &document) } ?? .null
            }
            guard let path = document.included(at: offset) else { return .null }
            let start = TextPositions.Position(line: 0, character: 0)
            return ["uri": .string(FileURI.uri(path)), "range": Self.range(start, start)]
        }
    }

    private func rename(_ parameters: JSONValue) throws(Refusal) -> JSONValue {
        let name = parameters["newName"].text ?? ""
        var refusal: String?
        let result = try atWord(parameters) { document, index, word in
            refusal = Rename.refusal(of: name, for: word, index)
            guard refusal == nil else { return .null }
            var changes: [JSONValue.Member] = []
            for place in index.places(of: word) {
                guard let target = document.place(place.range) else { continue }
                let edit: JSONValue = ["range": Self.range(target.start, target.end), "newText": .string(name)]
                if let at = changes.firstIndex(where: { $0.name == target.uri }) {
                    changes[at].value = .array((changes[at].value.elements ?? []) + [edit])
                } else {
                    changes.append(.init(target.uri, [edit]))
                }
            }
            return ["changes": .object(changes)]
        }
        if let refusal { throw Refusal(code: -32602, message: refusal) }
        return result
    }

    // MARK: The protocol's values

    private static func position(_ value: JSONValue) -> TextPositions.Position? {
        guard let line = value["line"].whole, let character = value["character"].whole else { return nil }
        return TextPositions.Position(line: line, character: character)
    }

    private static func range(_ start: TextPositions.Position, _ end: TextPositions.Position) -> JSONValue {
        [
            "start": ["line": .integer(start.line), "character": .integer(start.character)],
            "end": ["line": .integer(end.line), "character": .integer(end.character)],
        ]
    }

    private static func location(_ range: SourceRange, _ document: inout EditorDocument) -> JSONValue? {
        guard let place = document.place(range) else { return nil }
        return ["uri": .string(place.uri), "range": Self.range(place.start, place.end)]
    }
}
