/// Dot cards that shape the tree.
extension ParserState {
    /// Reads the dot card at `range` and returns where reading goes on.
    mutating func readDotCard(_ range: SourceRange, nextLine: Int, fileEnd: Int) -> Int {
        let wordRange = firstWord(range)
        let word = sources.lowercased(wordRange)
        guard let card = DotCard.named(word) else {
            let known = suggestion(for: word, among: DotCard.names)
            diagnostics.warning(
                "`\(word)` is not known and is skipped", at: wordRange, hint: known.map { "did you mean `\($0)`?" })
            current.cards.append(Card(kind: .directive(.unknown), range: range))
            return nextLine
        }
        switch card {
        case .directive(.data):
            return readData(range, nextLine: nextLine, fileEnd: fileEnd)
        case .directive(let directive):
            checkBalance(directive, range: wordRange)
            current.cards.append(Card(kind: .directive(directive), range: range))
        case .include:
            readInclude(range)
        case .library:
            return readLibrary(range, nextLine: nextLine, fileEnd: fileEnd)
        case .endLibrary:
            diagnostics.error("`.endl` without `.lib`", at: wordRange)
        case .subcircuit:
            openSubcircuit(range)
        case .endSubcircuit:
            endSubcircuit(range, wordRange)
        case .control:
            return skipControl(range, nextLine: nextLine, fileEnd: fileEnd)
        case .endControl:
            diagnostics.error("`.endc` without `.control`", at: wordRange)
        case .endData:
            diagnostics.error("`.enddata` without `.data`", at: wordRange)
        case .end:
            if chain.count <= 1 { isFinished = true }
            return fileEnd
        case .ignored:
            if word == ".backanno" { suggest(.ltspice, for: "LTspice", word, wordRange) }
        case .ignoredBlock(let end):
            suggest(.pspice, for: "PSpice", word, wordRange)
            return behindBlock(end, from: nextLine, range: range, fileEnd: fileEnd)
        case .refused(let end, let hint):
            diagnostics.error("`\(word)` is not there", at: wordRange, hint: hint)
            if let end { return behindBlock(end, from: nextLine, range: range, fileEnd: fileEnd) }
        case .variant:
            diagnostics.warning(
                "what stands behind `\(word)` is left out: the netlist before it is run", at: wordRange,
                hint: "vary values with `.step` or `--param`, or write a netlist for each case")
            if chain.count <= 1 { isFinished = true }
            return fileEnd
        case .title:
            let text = SourceRange(file: range.file, start: wordRange.end, end: range.end)
            title = ASCII.trimmed(sources.text(text))
        }
        return nextLine
    }

    /// Tells whose netlist this is, where it is read by the usual rules.
    private mutating func suggest(_ other: Dialect, for simulator: String, _ word: String, _ range: SourceRange) {
        guard dialect == .ngspice else { return }
        diagnostics.warning(
            "`\(word)` is a word of \(simulator), and the netlist is read by ngspice's rules", at: range,
            hint: "`--dialect \(other.name)` reads it by \(simulator)'s")
    }

    /// The line behind the one that begins with `end`, or the next where there is none.
    private func behindBlock(_ end: String, from nextLine: Int, range: SourceRange, fileEnd: Int) -> Int {
        findLine([end], in: range.file, from: nextLine, to: fileEnd)?.nextLine ?? nextLine
    }

    private mutating func checkBalance(_ directive: Directive, range: SourceRange) {
        switch directive {
        case .if:
            openConditions.append(range)
        case .elseif, .else:
            if openConditions.isEmpty { diagnostics.error("`.\(directive.rawValue)` without `.if`", at: range) }
        case .endif:
            if openConditions.popLast() == nil { diagnostics.error("`.endif` without `.if`", at: range) }
        default: break
        }
    }

    // MARK: Subcircuits

    private mutating func openSubcircuit(_ range: SourceRange) {
        var subcircuit = Subcircuit(
            name: Token(kind: .word, range: firstWord(range)), ports: [], parameters: [], body: Block(), range: range)
        let decoder = Decoder(sources, file: range.file, dialect: dialect)
        if decoder.decode(range, into: &statement, diagnostics: &diagnostics) {
            readHeader(statement, into: &subcircuit)
        }
        openSubcircuits.append(
            OpenSubcircuit(subcircuit: subcircuit, outer: current, outerConditions: openConditions))
        current = Block()
        openConditions = []
    }

    private mutating func readHeader(_ statement: Statement, into subcircuit: inout Subcircuit) {
        guard let first = statement.fields.first, first.key == nil, first.value.kind == .word else {
            diagnostics.error("`.subckt` has no name", at: statement.name.range)
            return
        }
        subcircuit.name = first.value
        var sawParameters = false
        var section = ParametersMark.values
        for field in statement.fields.dropFirst() {
            if let key = field.key, section == .optional {
                subcircuit.ports.append(key)
                subcircuit.optionalNodes.append(field.value)
            } else if section == .texts, field.key != nil {
                // Names of files for digital parts.
                continue
            } else if let key = field.key {
                subcircuit.parameters.append(Assignment(name: key, value: field.value))
                sawParameters = true
            } else if let mark = parametersMark(field.value) {
                sawParameters = true
                section = mark
            } else if sawParameters {
                let text = sources.lowercased(field.value.range)
                diagnostics.error(
                    "`\(text)` is neither a port nor `name=value`", at: field.value.range,
                    hint: "ports stand before the parameters")
            } else {
                let port = sources.lowercased(field.value.range)
                if !dialect.portsMayRepeat,
                    let first = subcircuit.ports.first(where: { sources.lowercased($0.range) == port })
                {
                    diagnostics.error(
                        "port `\(port)` stands twice", at: field.value.range, hint: "give each port a name of its own",
                        notes: [Diagnostic.Note("first here", at: first.range)])
                }
                subcircuit.ports.append(field.value)
            }
        }
    }

    private enum ParametersMark { case values, optional, texts }

    /// `PARAMS:`, and PSpice's `OPTIONAL:` and `TEXT:`.
    private func parametersMark(_ token: Token) -> ParametersMark? {
        let text = sources.slice(token.range)
        guard text.count <= 9, text.last == ASCII.colon else { return nil }
        switch ASCII.lowercased(text) {
        case "params:", "param:": return .values
        case "optional:": return .optional
        case "text:": return .texts
        default: return nil
        }
    }

    private mutating func endSubcircuit(_ range: SourceRange, _ wordRange: SourceRange) {
        guard let open = openSubcircuits.last else {
            diagnostics.error("`.ends` without `.subckt`", at: wordRange)
            return
        }
        if let name = argumentWords(range)?.first {
            let text = sources.lowercased(name.range)
            let expected = sources.lowercased(open.subcircuit.name.range)
            if text != expected {
                // A name of no open subcircuit is a slip; that of an outer one means that an `.ends` is missing.
                let isOuter = openSubcircuits.dropLast().contains {
                    sources.lowercased($0.subcircuit.name.range) == text
                }
                diagnostics.append(
                    Diagnostic(
                        isOuter ? .error : .warning, "`.ends \(text)` closes the subcircuit `\(expected)`",
                        at: name.range,
                        notes: [Diagnostic.Note("`\(expected)` begins here", at: open.subcircuit.name.range)]
                    ))
            }
        }
        for condition in openConditions { diagnostics.error("`.if` has no `.endif`", at: condition) }
        closeSubcircuit(end: range)
    }

    mutating func closeSubcircuit(end: SourceRange) {
        guard var open = openSubcircuits.popLast() else { return }
        open.subcircuit.body = current
        let start = open.subcircuit.range
        if start.file == end.file { open.subcircuit.range = start.through(end) }
        current = open.outer
        openConditions = open.outerConditions
        let index = Int32(truncatingIfNeeded: current.subcircuits.count)
        current.cards.append(Card(kind: .subcircuit(index), range: open.subcircuit.range))
        current.subcircuits.append(open.subcircuit)
    }

    // MARK: Blocks that are skipped or kept whole

    /// `.data … .enddata` is one card, whose rows need no `+`.
    private mutating func readData(_ range: SourceRange, nextLine: Int, fileEnd: Int) -> Int {
        guard let end = findLine([".enddata"], in: range.file, from: nextLine, to: fileEnd) else {
            diagnostics.error("`.data` has no `.enddata`", at: firstWord(range))
            return fileEnd
        }
        var last = end.line.start
        let view = sources.view(of: range.file)
        while last > range.end, ASCII.isBlank(view[Int(last) - 1]) { last -= 1 }
        let whole = SourceRange(file: range.file, start: range.start, end: max(last, range.end))
        current.cards.append(Card(kind: .directive(.data), range: whole))
        return end.nextLine
    }

    private mutating func skipControl(_ range: SourceRange, nextLine: Int, fileEnd: Int) -> Int {
        guard let end = findLine([".endc"], in: range.file, from: nextLine, to: fileEnd) else {
            diagnostics.error("`.control` has no `.endc`", at: firstWord(range))
            return fileEnd
        }
        var commands: [String] = []
        var translated = ControlCommands()
        let view = sources.view(of: range.file)
        var lineStart = nextLine
        while lineStart < Int(end.line.start) {
            let lineEnd = ASCII.firstNewline(view, from: lineStart, to: Int(end.line.start)) ?? Int(end.line.start)
            let line = SourceRange(file: range.file, start: UInt32(lineStart), end: UInt32(lineEnd))
            translated.take(ASCII.trimmed(sources.text(line)))
            let words = ASCII.trimmed(sources.lowercased(line)).split(separator: " ", maxSplits: 1)
            if let word = words.first, word.utf8.first.map(ASCII.isLetter) == true, commands.count < 20,
                !commands.contains(String(word))
            {
                commands.append(String(word))
            }
            lineStart = lineEnd + 1
        }
        let list = commands.map { "`\($0)`" }.joined(separator: ", ")
        controls.append(SkippedControl(finding: diagnostics.all.count, range: range, script: translated))
        diagnostics.warning(
            "the `.control` block is skipped" + (list.isEmpty ? "" : ": \(list)"), at: firstWord(range),
            hint: "use dot cards such as `.tran`, `.print` and `.meas`")
        return end.nextLine
    }

    /// Where a netlist asks for nothing but in its script: the script's analyses as cards, and a fix-it that writes them.
    mutating func translateControls() {
        let asks = current.cards.contains { card in
            guard case .directive(let directive) = card.kind else { return false }
            return directive.isAnalysis
        }
        guard !asks else { return }
        let isWhole = controls.allSatisfy(\.script.isWhole)
        var run: [String] = []
        for control in controls where !control.script.cards.isEmpty && diagnostics.all.indices.contains(control.finding)
        {
            let start = SourceRange(file: control.range.file, start: control.range.start, end: control.range.start)
            let cards = control.script.cards
            diagnostics.amend(control.finding) { finding in
                let list = cards.map { "`\($0)`" }.joined(separator: ", ")
                finding.fixIt = .init(replacing: start, with: cards.map { $0 + "\n" }.joined())
                guard isWhole else {
                    finding.hint = "as cards: \(list); `hydron check --fix` writes them"
                    return
                }
                run += control.script.cardsToRun
                finding.message = "the `.control` block is run as cards: \(list)"
                finding.hint = "its files, plots and vectors are left out; `hydron check --fix` writes the cards"
            }
        }
        // At the end, behind all that they may refer to.
        if !run.isEmpty { readAppended(run.joined(separator: "\n"), label: ".control") }
    }

    /// The next line whose first word is one of `words`.
    func findLine(_ words: [String], in file: UInt32, from start: Int, to end: Int) -> (
        line: SourceRange, word: String, nextLine: Int
    )? {
        let view = sources.view(of: file)
        var lineStart = start
        while lineStart < end {
            let lineEnd = ASCII.firstNewline(view, from: lineStart, to: end) ?? end
            var first = lineStart
            while first < lineEnd, ASCII.isBlank(view[first]) { first += 1 }
            if first < lineEnd, view[first] == ASCII.dot {
                let range = SourceRange(file: file, start: UInt32(first), end: UInt32(lineEnd))
                let word = sources.lowercased(firstWord(range))
                if words.contains(word) { return (range, word, lineEnd + 1) }
            }
            lineStart = lineEnd + 1
        }
        return nil
    }

    /// The words behind a dot card's name, split at blanks alone; quotes are taken off. nil after an error about a
    /// quote that is never closed.
    mutating func argumentWords(_ range: SourceRange) -> [Token]? {
        let view = sources.view(of: range.file)
        let end = Int(range.end)
        var position = Int(firstWord(range).end)
        var words: [Token] = []
        while true {
            position = rules.skipBlanks(view, from: position, to: end)
            guard position < end else { return words }
            let byte = view[position]
            var stop = position + 1
            if byte == ASCII.quote || byte == ASCII.apostrophe {
                while stop < end, view[stop] != byte { stop += 1 }
                guard stop < end else {
                    diagnostics.error(
                        "`\(Character(Unicode.Scalar(byte)))` is never closed",
                        at: SourceRange(file: range.file, start: UInt32(position), end: UInt32(position + 1)))
                    return nil
                }
                let inside = SourceRange(file: range.file, start: UInt32(position + 1), end: UInt32(stop))
                words.append(Token(kind: .string, range: inside))
                position = min(stop + 1, end)
            } else {
                while stop < end, !ASCII.isBlank(view[stop]), view[stop] != ASCII.semicolon { stop += 1 }
                let word = SourceRange(file: range.file, start: UInt32(position), end: UInt32(stop))
                words.append(Token(kind: .word, range: word))
                position = stop
            }
        }
    }
}
