/// A `.lib name … .endl` section: what stands between the two.
struct Section {
    var start: Int
    var end: Int
    /// Behind `.endl`.
    var nextLine: Int
}

/// `.include` and `.lib`.
extension ParserState {
    static var maximumIncludeDepth: Int { 100 }
    static var maximumIncludes: Int { 20_000 }

    mutating func readInclude(_ range: SourceRange) {
        guard let arguments = argumentWords(range) else { return }
        guard let argument = arguments.first else {
            diagnostics.error("`.include` names no file", at: firstWord(range))
            return
        }
        guard let found = find(argument) else { return }
        includeWhole(found, at: argument.range)
    }

    /// `.lib file section` reads a section, `.lib file` a file; `.lib section` up to `.endl` defines one, which is only
    /// read when it is called.
    mutating func readLibrary(_ range: SourceRange, nextLine: Int, fileEnd: Int) -> Int {
        guard let arguments = argumentWords(range) else { return nextLine }
        guard let first = arguments.first else {
            // PSpice reads its installation's library there.
            diagnostics.warning(
                "`.lib` names no file: skipped", at: firstWord(range), hint: "name the library beside the netlist")
            return nextLine
        }
        if arguments.count == 1 {
            if let end = findLine([".endl", ".lib"], in: range.file, from: nextLine, to: fileEnd), end.word == ".endl" {
                return end.nextLine
            }
            guard let found = find(first) else { return nextLine }
            includeWhole(found, at: first.range)
            return nextLine
        }
        guard let found = find(first) else { return nextLine }
        let sectionRange = arguments[1].range
        let name = sources.lowercased(sectionRange)
        let file = sources.add(found.buffer, path: found.path, includedFrom: range)
        if sections[found.identity] == nil { sections[found.identity] = indexSections(of: file) }
        guard let known = sections[found.identity], let section = known[name] else {
            let names = (sections[found.identity] ?? [:]).keys.sorted()
            let near = suggestion(for: name, among: names)
            diagnostics.error(
                "`\(found.path)` has no section `\(name)`", at: sectionRange,
                hint: near.map { "did you mean `\($0)`?" }
                    ?? (names.isEmpty ? nil : "its sections: " + names.prefix(12).joined(separator: ", ")),
                notes: chainNotes())
            return nextLine
        }
        let link = ChainLink(key: "\(found.identity)#\(name)", label: "\(found.path) \(name)", range: range)
        guard enter(link) else { return nextLine }
        readFile(file, from: section.start, to: section.end)
        chain.removeLast()
        return nextLine
    }

    private mutating func includeWhole(_ found: IncludeResolver.Found, at range: SourceRange) {
        guard enter(ChainLink(key: found.identity, label: found.path, range: range)) else { return }
        let file = sources.add(found.buffer, path: found.path, includedFrom: range)
        let view = sources.view(of: file)
        readFile(file, from: Self.skipByteOrderMark(view), to: view.count)
        chain.removeLast()
    }

    private mutating func find(_ argument: Token) -> IncludeResolver.Found? {
        let name = sources.text(argument.range)
        let including = Int(argument.range.file)
        let folder = FileSystem.folder(of: including < sources.files.count ? sources.files[including].path : "")
        do {
            return try files.find(name, from: folder)
        } catch {
            switch error {
            case .outside(let path):
                diagnostics.error(
                    "`\(name)` lies outside the netlist's folder and the library paths", at: argument.range,
                    hint: "allow its folder with `--library \(FileSystem.folder(of: path))`", notes: chainNotes())
            case .unreadable(.missing, _) where FileSystem.isInstalled(name):
                diagnostics.warning(
                    "`\(name)` belongs to another simulator's installation: skipped", at: argument.range,
                    hint: "where models of it are needed, copy the file beside the netlist")
            case .unreadable(let failure, let path):
                diagnostics.error(
                    FileSystem.message(failure, path: path), at: argument.range, hint: FileSystem.hint(path: path),
                    notes: chainNotes())
            }
            return nil
        }
    }

    /// Goes one file deeper; refused with an error where that would never end.
    private mutating func enter(_ link: ChainLink) -> Bool {
        if let first = chain.firstIndex(where: { $0.key == link.key }) {
            let cycle = (chain[first...].map(\.label) + [link.label]).joined(separator: " → ")
            diagnostics.error("`\(link.label)` includes itself: \(cycle)", at: link.range, notes: chainNotes())
            return false
        }
        guard chain.count < Self.maximumIncludeDepth else {
            diagnostics.error("includes are nested deeper than \(Self.maximumIncludeDepth)", at: link.range)
            return false
        }
        // Files that include each other twice, level by level, are no cycle, but would never end either.
        guard sources.files.count < Self.maximumIncludes else {
            diagnostics.error("more than \(Self.maximumIncludes) inclusions", at: link.range)
            isFinished = true
            return false
        }
        chain.append(link)
        return true
    }

    private func chainNotes() -> [Diagnostic.Note] {
        chain.dropFirst().reversed().map { Diagnostic.Note("`\($0.label)` is included here", at: $0.range) }
    }

    /// Finds every section of a library in one pass.
    private mutating func indexSections(of file: UInt32) -> [String: Section] {
        var index: [String: Section] = [:]
        let count = sources.view(of: file).count
        var position = 0
        var open: (name: String, range: SourceRange, start: Int)?
        while let found = findLine([".lib", ".endl"], in: file, from: position, to: count) {
            position = found.nextLine
            if found.word == ".endl" {
                if let section = open {
                    let body = Section(start: section.start, end: Int(found.line.start), nextLine: position)
                    if index[section.name] == nil { index[section.name] = body }
                }
                open = nil
                continue
            }
            guard let arguments = argumentWords(found.line), arguments.count == 1 else { continue }
            if let section = open {
                diagnostics.error("section `\(section.name)` has no `.endl`", at: section.range)
            }
            open = (sources.lowercased(arguments[0].range), arguments[0].range, found.nextLine)
        }
        if let section = open { diagnostics.error("section `\(section.name)` has no `.endl`", at: section.range) }
        return index
    }
}
