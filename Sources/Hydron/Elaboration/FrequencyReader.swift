import SpiceNetlist

/// `.ac` and `.noise`.
extension DirectiveReader {
    /// `.ac dec|oct|lin n fstart fstop` or `.ac data=table`
    func readAC(_ card: Card) -> SmallSignalAnalysis? {
        let syntax = "write `.ac dec|oct|lin points fstart fstop`"
        guard let statement = words(card) else { return nil }
        if let rows = readRows(statement, card) { return rows.analysis }
        return frequencies(statement.fields.map(\.value)[...], ".ac", card, syntax).map {
            SmallSignalAnalysis(frequencies: $0)
        }
    }

    /// `.noise v(out[,ref]) source dec|oct|lin n fstart fstop [points a summary]`
    func readNoise(_ card: Card) -> SmallSignalAnalysis? {
        let syntax = "write `.noise v(out) vin dec|oct|lin points fstart fstop`"
        var statement = Statement()
        guard netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &elaborator.diagnostics) else {
            return nil
        }
        let tokens = statement.fields.map(\.value)
        let rows = readRows(statement, card)
        let followed = rows == nil && (tokens.count == 2 || tokens.count == 3) ? frequenciesOfAC() : nil
        guard tokens.count >= (followed != nil ? 2 : rows == nil ? 6 : 3) else {
            error(
                ".noise needs an output, a source, a shape, a number of points and two frequencies",
                sources.firstWord(of: card.range), hint: syntax)
            return nil
        }
        guard let output = output(tokens[0], of: ".noise", hint: syntax),
            let source = source(tokens[1], "that noise could be referred to", hint: syntax)
        else { return nil }
        guard !output.isCurrent else {
            error("the output of .noise is a voltage, not '\(output.label)'", tokens[0].range, hint: syntax)
            return nil
        }
        var analysis: SmallSignalAnalysis
        if let rows {
            guard let read = rows.analysis else { return nil }
            analysis = read
        } else if let followed {
            analysis = SmallSignalAnalysis(frequencies: followed)
        } else {
            guard let frequencies = frequencies(tokens[2..<min(tokens.count, 6)], ".noise", card, syntax) else {
                return nil
            }
            analysis = SmallSignalAnalysis(frequencies: frequencies)
        }
        if analysis.frequencies.contains(0) {
            error(
                "the noise at 0 Hz is not defined", tokens[min(4, tokens.count - 1)].range, hint: "begin above 0 Hz")
            return nil
        }
        let noise = NoiseAnalysis(
            output: output, source: source, givesRoots: netlist.dialect.noiseIsInRoots,
            countsMagnitudes: netlist.dialect.inputNoiseCountsMagnitudes)
        analysis.noise = noise
        return analysis
    }

    /// `data=table`: frequencies from its column `freq`, the other columns move along. The analysis is nil after a
    /// diagnostic; nil itself where no table is named.
    private func readRows(
        _ statement: Statement, _ card: Card
    ) -> (analysis: SmallSignalAnalysis?, Void)? {
        let errors = elaborator.diagnostics.errorCount
        var frequencies: [Double]? = []
        guard let sweeps = dataSweep(statement, frequencies: &frequencies) else { return nil }
        guard elaborator.diagnostics.errorCount == errors else { return (nil, ()) }
        guard let frequencies, !frequencies.isEmpty else {
            error(
                "the table of \(text(statement.name)) has no column 'freq'", sources.firstWord(of: card.range),
                hint: "name one of its columns freq")
            return (nil, ())
        }
        if let negative = frequencies.first(where: { $0 < 0 }) {
            error("the table has a frequency of \(negative) Hz", sources.firstWord(of: card.range))
            return (nil, ())
        }
        return (SmallSignalAnalysis(frequencies: frequencies, sweeps: sweeps), ())
    }

    /// LTspice's `list f1 f2 …`, HSPICE's `poi n f1 f2 …`.
    private func listed(_ tokens: ArraySlice<Token>) -> [Double]? {
        var frequencies: [Double] = []
        for token in tokens {
            guard let frequency = elaborator.values.value(token, in: top, what: "frequency") else { return nil }
            guard frequency >= 0 else {
                error("a frequency of \(frequency.plain) Hz is below 0", token.range)
                return nil
            }
            frequencies.append(frequency)
        }
        return frequencies
    }

    /// The frequencies of the netlist's only `.ac`, for a `.noise` that names none (PSpice, HSPICE); nil where there is none.
    private func frequenciesOfAC() -> [Double]? {
        let cards = self.cards.filter { $0.kind == .directive(.ac) }
        guard cards.count == 1, let statement = words(cards[0]) else { return nil }
        return frequencies(
            statement.fields.map(\.value)[...], ".ac", cards[0], "write `.ac dec|oct|lin points fstart fstop`")
    }

    /// Shape, number of points, first and last frequency.
    func frequencies(
        _ fields: ArraySlice<Token>, _ card: String, _ place: Card, _ syntax: String
    ) -> [Double]? {
        let tokens = Array(fields)
        if tokens.count > 1, ["list", "poi"].contains(text(tokens[0])) {
            return listed(tokens.dropFirst(text(tokens[0]) == "poi" ? 2 : 1))
        }
        guard let shape = tokens.first.map(text), ["dec", "oct", "lin"].contains(shape), tokens.count == 4 else {
            error(
                "\(card) needs a shape, a number of points and two frequencies", sources.firstWord(of: place.range),
                hint: syntax)
            return nil
        }
        guard let points = elaborator.values.value(tokens[1], in: top, what: "number of points"),
            let start = elaborator.values.value(tokens[2], in: top, what: "frequency"),
            let stop = elaborator.values.value(tokens[3], in: top, what: "frequency")
        else { return nil }
        guard points >= 1, points < 1e7 else {
            error("\(card) needs at least one point", tokens[1].range, hint: syntax)
            return nil
        }
        guard start >= 0, stop >= start, shape == "lin" || start > 0 else {
            let isMilli = text(tokens[3]).hasSuffix("m")
            error(
                "the frequencies of \(card) go from \(start.plain) to \(stop.plain) Hz", tokens[isMilli ? 3 : 2].range,
                hint: isMilli
                    ? "M means milli, mega is written MEG" : "they rise, and by decades or octaves they begin above 0")
            return nil
        }
        guard shape == "lin" else {
            return Self.logarithmic(start, stop, points.rounded(), base: shape == "dec" ? 10 : 2)
        }
        let count = Int(points.rounded())
        let step = count > 1 ? (stop - start) / Double(count - 1) : 0
        return (0..<count).map { start + Double($0) * step }
    }
}
