import Foundation
import SpiceNetlist
import Testing

/// A page of the manual and the blocks of text that it shows.
struct ManualPage: CustomTestStringConvertible {
    /// Below the project's folder: `docs/arrays.md`.
    var name: String
    var blocks: [Block]
    /// Lines that are neither blocks nor comments.
    var prose: [String]
    /// Fences that no reader of these blocks would see: of tildes, indented, or never closed.
    var oddFences: [Int]
    var testDescription: String { name }

    struct Block: CustomTestStringConvertible {
        enum Kind: Equatable {
            /// The word behind the fence, "" where there is none.
            case fence(String)
            case indented
        }
        var page: String
        /// Line of the first word, counted from 1.
        var line: Int
        var kind: Kind
        var lines: [String]
        /// What the comment `<!-- runs with` before it says; nil where there is none.
        var surroundings: Surroundings?
        var testDescription: String { "\(page):\(line)" }

        /// A whole netlist runs as it stands, a part of one behind a title and before the cards of its comment.
        var netlist: String {
            let whole = kind == .indented ? ["\(page):\(line)"] + lines + (surroundings?.cards ?? []) + [".end"] : lines
            return whole.joined(separator: "\n") + "\n"
        }
    }

    /// `<!-- runs with [--dialect NAME]`, cards, files as `>name` and their lines, findings as `! message`, `-->`. A fence
    /// behind `<!-- the file NAME -->` is a file for all blocks below it.
    struct Surroundings {
        /// nil where there is none of the name.
        var dialect: Dialect? = .ngspice
        var cards: [String] = []
        var files: [(name: String, text: String)] = []
        /// What a check of the netlist finds; a netlist with mistakes does not run.
        var findings: [String] = []
    }

    static let root = String(Netlists.folder.dropLast("/netlists".count))

    /// README.md, CONTRIBUTING.md and all below docs.
    static let all: [ManualPage] = {
        let below = FileManager.default.enumerator(atPath: "\(root)/docs")?.compactMap { $0 as? String } ?? []
        let names = below.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
        return (["README.md", "CONTRIBUTING.md"] + names).map(read)
    }()

    /// Pages that the program writes: their indented lines are the syntax of cards.
    var isGenerated: Bool { name.hasPrefix("docs/devices/") || name == "docs/analyses-reference.md" }

    func fences(_ language: String) -> [Block] { blocks.filter { $0.kind == .fence(language) } }

    static func read(_ name: String) -> ManualPage {
        let text = (try? String(contentsOfFile: "\(root)/\(name)", encoding: .utf8)) ?? ""
        var page = ManualPage(name: name, blocks: [], prose: [], oddFences: [])
        var surroundings: Surroundings?
        var files: [(name: String, text: String)] = []
        var fileName: String?
        var isComment = false
        var open: Block?
        func close() {
            guard var block = open else { return }
            if !files.isEmpty, block.kind == .fence("spice") {
                block.surroundings = block.surroundings ?? Surroundings()
                block.surroundings?.files += files
            }
            if let fileName { files.append((fileName, block.lines.joined(separator: "\n") + "\n")) }
            page.blocks.append(block)
            (open, surroundings, fileName) = (nil, nil, nil)
        }
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .enumerated()
        {
            let bare = line.drop { " >\t".contains($0) }
            if isComment {
                isComment = line != "-->"
                if isComment { surroundings?.add(line) }
            } else if case .fence = open?.kind {
                if line == "```" { close() } else { open?.lines.append(line) }
            } else if line.hasPrefix("```") {
                close()
                open = Block(
                    page: name, line: number + 2, kind: .fence(String(line.dropFirst(3))), lines: [],
                    surroundings: surroundings)
            } else if bare.hasPrefix("```") || bare.hasPrefix("~~~") {
                page.oddFences.append(number + 1)
            } else if let file = line.wholeMatch(of: /<!-- the file (\S+) -->/) {
                fileName = String(file.output.1)
            } else if line.hasPrefix("<!-- runs with") {
                close()
                surroundings = Surroundings(firstLine: line)
                isComment = !line.hasSuffix("-->")
            } else if line.hasPrefix("    ") {
                open =
                    open
                    ?? Block(
                        page: name, line: number + 1, kind: .indented, lines: [], surroundings: surroundings)
                open?.lines.append(String(line.dropFirst(4)))
            } else {
                close()
                if !line.isEmpty { surroundings = nil }
                page.prose.append(line)
            }
        }
        if case .fence = open?.kind { page.oddFences.append(open?.line ?? 0) }
        close()
        return page
    }
}

extension ManualPage.Surroundings {
    fileprivate init(firstLine: String) {
        let words = firstLine.split(separator: " ")
        if let at = words.firstIndex(of: "--dialect"), at + 1 < words.count {
            dialect = Dialect(name: String(words[at + 1]))
        }
    }

    fileprivate mutating func add(_ line: String) {
        if line.hasPrefix("! ") {
            findings.append(String(line.dropFirst(2)))
        } else if line.hasPrefix(">") {
            files.append((String(line.dropFirst()), ""))
        } else if files.isEmpty {
            cards.append(line)
        } else {
            files[files.count - 1].text += line + "\n"
        }
    }
}
