extension Netlist {
    /// Splits a card into its words.
    ///
    /// Words are separated by blanks, `(`, `)` and `,`. `{…}` and `'…'` are one expression, `"…"` is one text;
    /// `key = value` is one field. An unquoted value that holds operators or parentheses is an expression that runs to
    /// the next blank outside parentheses. An `=` behind an expression or `)` only separates, as in
    /// `TABLE {v(1)} = (0,0)`.
    ///
    /// - Parameters:
    ///   - statement: is overwritten; use one value for many cards, then nothing is allocated.
    ///   - freeExpressions: unquoted values may hold blanks and run to the next `name =` or the end (`.param`,
    ///     B sources). The key of `f(x, y) = …` is the word `f(x, y)`.
    /// - Returns: false if an error was found; the fields before it are there.
    @discardableResult
    public func decode(
        _ card: Card, into statement: inout Statement, freeExpressions: Bool = false, diagnostics: inout Diagnostics
    ) -> Bool {
        let mode = freeExpressions ? Decoder.Mode.freeExpressions : .plain
        // Libraries of vendors have models and tables with a parenthesis too many or too few.
        let isLenient =
            switch card.kind {
            case .element, .directive(.model): true
            default: false
            }
        let decoder = Decoder(
            sources, file: card.range.file, dialect: dialect, mode: mode, isLenient: isLenient)
        return decoder.decode(card.range, into: &statement, diagnostics: &diagnostics)
    }

    /// Like ``decode(_:into:freeExpressions:diagnostics:)``, but `v(1,2)` or `v(1)*2` is one expression: for `.measure`,
    /// `.noise`, `.tf`, `.ic`, `.four`, where quantities stand among the words. In `v(1)=5` the key is `v(1)`.
    @discardableResult
    public func decodeKeepingCalls(_ card: Card, into statement: inout Statement, diagnostics: inout Diagnostics)
        -> Bool
    {
        let decoder = Decoder(sources, file: card.range.file, dialect: dialect, mode: .calls)
        return decoder.decode(card.range, into: &statement, diagnostics: &diagnostics)
    }

    /// Whether `.preprocess replaceground true` makes `gnd` and the like mean ground. Walks over the top level's cards:
    /// ask once.
    public var replacesGround: Bool {
        var statement = Statement()
        var ignored = Diagnostics()
        return top.cards.contains { card in
            guard card.kind == .directive(.preprocess) else { return false }
            decode(card, into: &statement, diagnostics: &ignored)
            return statement.fields.map { sources.lowercased($0.value.range) } == ["replaceground", "true"]
        }
    }

    /// The number that a word is; nil, without a diagnostic, if it is none.
    public func number(_ token: Token) -> Double? {
        guard token.kind == .word else { return nil }
        return Number.parse(sources.slice(token.range), dialect: dialect)?.value
    }

    /// What a number stands for, which says what it looks meant as: `1F` of a capacitance as a farad, `1A` of a current
    /// as an ampere, `1M` of a resistance as a megohm.
    public enum NumberMeaning: Sendable {
        case unknown, resistance, capacitance, current, frequency
        /// Whatever it is, capitals look meant as units and as mega.
        case suspect

        var unit: String {
            switch self {
            case .unknown, .suspect: ""
            case .resistance: " ohm"
            case .capacitance: " farad"
            case .current: " ampere"
            case .frequency: " Hz"
            }
        }
    }

    /// The number that a word is, with warnings where it may mean something else; nil, without a diagnostic, if it is
    /// none.
    public func number(
        _ token: Token, meaning: NumberMeaning = .unknown, diagnostics: inout Diagnostics
    ) -> Double? {
        guard token.kind == .word, let number = Number.parse(sources.slice(token.range), dialect: dialect) else {
            return nil
        }
        if number.note != .none || !number.value.isFinite {
            report(number, at: token.range, meaning: meaning, diagnostics: &diagnostics)
        }
        return number.value
    }

    func report(
        _ number: Number, at range: SourceRange, meaning: NumberMeaning = .unknown, diagnostics: inout Diagnostics
    ) {
        guard !diagnostics.all.contains(where: { $0.range == range }) else { return }
        let text = sources.text(range)
        let unit = meaning.unit
        guard number.value.isFinite else {
            diagnostics.error("`\(text)` is too large for a number", at: range)
            return
        }
        switch number.note {
        case .none: break
        case .megaLooksMeant:
            diagnostics.warning(
                "`\(text)` is \(number.value): M means milli", at: range, hint: "mega is written MEG",
                fixIt: replacement(of: "m", in: text, at: range, with: "MEG"))
        case .capitalMilli:
            guard [.resistance, .frequency, .suspect].contains(meaning) else { return }
            diagnostics.warning(
                "`\(text)` is \(number.value)\(unit): M means milli", at: range,
                hint: "mega is written MEG; write a small m where milli is meant",
                fixIt: replacement(of: "m", in: text, at: range, with: "MEG"))
        case .faradLooksMeant:
            // A small f reads as femto to everyone.
            guard [.capacitance, .suspect].contains(meaning), text.hasSuffix("F") else { return }
            diagnostics.warning(
                "`\(text)` is \(number.value)\(unit): F means femto", at: range, hint: "write the number without F",
                fixIt: replacement(of: "f", in: text, at: range, with: ""))
        case .ampereLooksMeant:
            guard meaning == .current || meaning == .suspect && text.hasSuffix("A") else { return }
            diagnostics.warning(
                "`\(text)` is \(number.value)\(unit): A means atto", at: range, hint: "write the number without A",
                fixIt: replacement(of: "a", in: text, at: range, with: ""))
        case .unknownUnit:
            diagnostics.warning(
                "`\(text)` ends with letters that are no known unit; read as \(number.value)", at: range)
        case .suffixOfOtherDialect:
            diagnostics.warning(
                "`\(text)` is read as \(number.value): in the \(dialect.name) dialect its suffix means nothing",
                at: range,
                hint: "X is 1e6 in Xyce and HSPICE; MEG is mega everywhere")
        }
    }

    /// Another suffix for a number: what stands behind the digits begins with `letter`, small or large.
    private func replacement(
        of letter: Character, in text: String, at range: SourceRange, with suffix: String
    ) -> Diagnostic.FixIt? {
        guard let place = text.firstIndex(where: { $0.lowercased() == String(letter) }) else { return nil }
        let mended = text[..<place] + suffix + text[text.index(after: place)...]
        return Diagnostic.FixIt(replacing: range, with: String(mended))
    }
}
