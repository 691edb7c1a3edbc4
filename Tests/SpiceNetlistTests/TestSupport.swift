import Glibc
import Testing

@testable import SpiceNetlist

/// A netlist from text below a title line, which must hold no error.
func netlist(
    _ text: String, _ dialect: Dialect = .ngspice, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Netlist {
    var diagnostics = Diagnostics()
    let (netlist, _) = Parser.parse(text: "title\n" + text, dialect: dialect, diagnostics: &diagnostics)
    #expect(diagnostics.all.filter { $0.severity == .error } == [], sourceLocation: sourceLocation)
    return try #require(netlist, sourceLocation: sourceLocation)
}

/// The words of the first card: `key=value`, expressions in braces, texts in quotes.
func words(_ text: String, _ dialect: Dialect = .ngspice, free: Bool = false) throws -> [String] {
    let netlist = try netlist(text, dialect)
    var statement = Statement()
    var diagnostics = Diagnostics()
    let card = try #require(netlist.top.cards.first)
    netlist.decode(card, into: &statement, freeExpressions: free, diagnostics: &diagnostics)
    #expect(diagnostics.all == [])
    return netlist.show(statement)
}

extension Netlist {
    func show(_ statement: Statement) -> [String] {
        func show(_ token: Token) -> String {
            let text = sources.text(token.range)
            switch token.kind {
            case .word: return text
            case .expression: return "{\(text)}"
            case .string: return "\"\(text)\""
            }
        }
        return [show(statement.name)]
            + statement.fields.map { field in (field.key.map { show($0) + "=" } ?? "") + show(field.value) }
    }

    /// Decodes every card and reads every expression.
    func readEverything(_ diagnostics: inout Diagnostics) { readBlock(top, &diagnostics) }

    private func readBlock(_ block: Block, _ diagnostics: inout Diagnostics) {
        var statement = Statement()
        for card in block.cards {
            switch card.kind {
            case .subcircuit(let index): readBlock(block.subcircuits[Int(index)].body, &diagnostics)
            case .directive(.function): _ = functionDefinition(card, diagnostics: &diagnostics)
            case .directive(.print), .directive(.save), .directive(.plot), .directive(.probe):
                _ = outputList(card, diagnostics: &diagnostics)
            case .directive(.if), .directive(.elseif): _ = condition(card, diagnostics: &diagnostics)
            case .directive(.measure), .directive(.initialCondition):
                decodeKeepingCalls(card, into: &statement, diagnostics: &diagnostics)
                readExpressions(statement, &diagnostics)
            default:
                let free =
                    card.kind == .directive(.param) || card.kind == .directive(.globalParam)
                    || card.kind == .element(UInt8(ascii: "b"))
                decode(card, into: &statement, freeExpressions: free, diagnostics: &diagnostics)
                readExpressions(statement, &diagnostics)
            }
        }
    }

    private func readExpressions(_ statement: Statement, _ diagnostics: inout Diagnostics) {
        for field in statement.fields where field.value.kind == .expression {
            _ = expression(field.value, diagnostics: &diagnostics)
        }
    }
}

/// Checks what is reported about a netlist, and where: `1️⃣` in the text stands before the first byte of the first
/// diagnostic's range, `2️⃣` of the second's, and so on.
func assertDiagnoses(
    _ markedText: String, _ messages: String..., dialect: Dialect = .ngspice,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let marked = Array("title\n\(markedText)".unicodeScalars)
    var text = String.UnicodeScalarView()
    var offsets: [Int: Int] = [:]
    var index = 0
    while index < marked.count {
        if index + 2 < marked.count, marked[index + 2].value == 0x20E3 {
            offsets[Int(marked[index].value) - 0x30] = String(text).utf8.count
            index += 3
        } else {
            text.append(marked[index])
            index += 1
        }
    }
    var diagnostics = Diagnostics()
    let (netlist, _) = Parser.parse(text: String(text), dialect: dialect, diagnostics: &diagnostics)
    netlist?.readEverything(&diagnostics)
    #expect(diagnostics.all.map(\.message) == messages, sourceLocation: sourceLocation)
    for (number, diagnostic) in diagnostics.all.enumerated() {
        guard let offset = offsets[number + 1] else { continue }
        #expect(Int(diagnostic.range?.start ?? .max) == offset, sourceLocation: sourceLocation)
    }
}

/// A folder that is removed with its files when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/hydron-netlist-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }

    /// Writes a file and returns its path; folders on the way are made.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, bytes: Array(text.utf8)) }

    @discardableResult
    func write(_ name: String, bytes: [UInt8]) throws -> String {
        let parts = name.split(separator: "/").dropLast()
        for count in 0..<parts.count { mkdir("\(path)/\(parts[...count].joined(separator: "/"))", 0o755) }
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        return "\(path)/\(name)"
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        if let listing = opendir(path) {
            while let entry = readdir(listing) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard name != ".", name != ".." else { continue }
                if entry.pointee.d_type == UInt8(DT_DIR) {
                    removeTree("\(path)/\(name)")
                } else {
                    unlink("\(path)/\(name)")
                }
            }
            closedir(listing)
        }
        rmdir(path)
    }
}

/// A small reproducible random generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
