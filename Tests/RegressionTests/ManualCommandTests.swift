import Foundation
import Testing

/// Commands that the manual shows are ones that there are, with options that they have.
@Suite struct ManualCommandTests {
    /// `--experimental-dump-help`, as far as it matters here.
    private struct Told: Decodable { var command: Command }
    private struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?
        var options: Set<String> { Set((arguments ?? []).flatMap { $0.names ?? [] }.map(\.written)) }
    }
    private struct Argument: Decodable { var names: [Name]? }
    private struct Name: Decodable {
        var kind: String
        var name: String
        var written: String { kind == "long" ? "--\(name)" : "-\(name)" }
    }

    /// Commands for shells, of recipes and of code in running text.
    private static func commands(_ page: ManualPage) -> [Substring] {
        let lines = page.fences("sh").flatMap(\.lines) + page.fences("yaml").flatMap(\.lines)
        let shown = lines.flatMap { $0.components(separatedBy: "&& ") }.compactMap { line in
            line.firstMatch(of: /(?:^ *|\/|: |- )((?:hydron|make) +\S.*)/)?.output.1
        }
        return shown.map { $0.prefix { $0 != "#" } }
            + code(page).filter { $0.hasPrefix("hydron ") || $0.hasPrefix("make ") }
    }

    /// What stands in backquotes in running text.
    private static func code(_ page: ManualPage) -> [Substring] {
        page.prose.flatMap { $0.matches(of: /`([^`]+)`/).map { $0.output.1 } }
    }

    /// What the command is shown to say of the first netlist of a page, it says.
    @Test(arguments: [
        ("docs/quick-start.md", "filter.cir", ["run"]), ("docs/checks.md", "amplifier.cir", ["check"]),
    ])
    func shownOutputIsWhatComes(page: String, name: String, arguments: [String]) throws {
        let page = try #require(ManualPage.all.first { $0.name == page })
        let shown = try #require(page.fences("text").first).lines.filter { !$0.isEmpty }
        let folder = try TemporaryFolder()
        let path = folder.file(name)
        try #require(page.fences("spice").first).netlist.write(toFile: path, atomically: true, encoding: .utf8)
        let outcome = try #require(HydronBinary.built).run(arguments + [path])
        let said = (outcome.standardOutput + outcome.standardError).replacingOccurrences(of: folder.file(""), with: "")
        let lines = Set(said.split(separator: "\n").map { String($0.reversed().drop { $0 == " " }.reversed()) })
        let missing = shown.filter { !lines.contains($0) }
        #expect(missing == [])
    }

    @Test func commandsExist() throws {
        let built = try #require(HydronBinary.built)
        let help = try built.run(["--experimental-dump-help"]).standardOutput
        let command = try JSONDecoder().decode(Told.self, from: Data(help.utf8)).command
        let subcommands = Dictionary(uniqueKeysWithValues: (command.subcommands ?? []).map { ($0.commandName, $0) })
        let rootOptions = command.options
        let options = subcommands.values.reduce(into: rootOptions) { $0.formUnion($1.options) }
        let makefile = try String(contentsOfFile: "\(ManualPage.root)/Makefile", encoding: .utf8)
        let targets = Set(makefile.split(separator: "\n").compactMap { $0.prefixMatch(of: /([a-z-]+):/)?.output.1 })
        var count = 0
        for page in ManualPage.all {
            for command in Self.commands(page) {
                let words = command.split(separator: " ")
                count += 1
                if words[0] == "make" {
                    let target = words.dropFirst().last ?? "all"
                    #expect(targets.contains(target), "\(page.name): \(command)")
                    continue
                }
                let subcommand = subcommands[String(words[1])]
                // What is no subcommand is ngspice's batch mode or `hydron --version`.
                let known = subcommand?.options ?? rootOptions.union(["-b", "-o", "-r", "-D"])
                #expect(subcommand != nil || words[1].hasPrefix("-"), "\(page.name): \(command)")
                for word in words.dropFirst() where word.wholeMatch(of: /--?[A-Za-z].*/) != nil {
                    let name = String(word.prefix { $0 != "=" })
                    #expect(known.contains(name), "\(page.name): \(command)")
                }
            }
            for option in Self.code(page).compactMap({ $0.prefixMatch(of: /--[a-z-]+/)?.output }) {
                #expect(options.contains(String(option)), "\(page.name): \(option)")
            }
        }
        #expect(count > 60)
    }
}
