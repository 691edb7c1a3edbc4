import ComplexModule
import Glibc
import SpiceNetlist
import Waveforms

/// `.four`: harmonics of the last period of a transient, and its total harmonic distortion.
///
/// The curves' straight lines between rows are integrated in closed form; phases count from a sine, as in SPICE.
struct FourierAnalysis: TransientFollower {
    private static let syntax = "write `.four 1k v(out)`"
    static let description = AnalysisDescription(
        name: "Fourier analysis", directives: [.four],
        syntax: [".four frequency [harmonics [periods]] v(out)|i(source)|{expression} …"],
        summary: "Harmonics of the last period of the transient and the total harmonic distortion.")

    /// [Hz]
    var frequency: Double
    /// Highest harmonic.
    var harmonics = 9
    /// Periods at the end of the transient that are looked at.
    var periods = 1
    var items: [OutputItem]
    var range: SourceRange?

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card, keepingCalls: true) else { return nil }
        let place = reader.sources.firstWord(of: card.range)
        var tokens = statement.fields.map(\.value)[...]
        guard let first = tokens.popFirst() else {
            reader.error(".four needs a frequency and what to look at", place, hint: syntax)
            return nil
        }
        guard let frequency = reader.elaborator.values.value(first, in: reader.top, what: "frequency") else {
            return nil
        }
        guard frequency > 0 else {
            reader.error("the frequency of .four is \(frequency.plain) Hz", first.range, hint: "it must be above 0")
            return nil
        }
        var analysis = FourierAnalysis(frequency: frequency, items: [])
        var counts: [Int] = []
        while let token = tokens.first, token.kind == .word, let count = reader.netlist.number(token) {
            guard count >= 1, count <= 10_000, counts.count < 2 else {
                reader.error(
                    "'\(reader.text(token))' is no number of harmonics or periods", token.range,
                    hint: "write `.four frequency [harmonics [periods]] v(out)`")
                return nil
            }
            counts.append(Int(count))
            tokens.removeFirst()
        }
        if let count = counts.first { analysis.harmonics = count }
        if counts.count > 1 { analysis.periods = counts[1] }
        guard let items = reader.followedItems(tokens, of: ".four", at: place, hint: syntax) else { return nil }
        analysis.items = items
        analysis.range = place
        return analysis
    }

    var kindName: String { "four" }
    var tableKind: TableHeader.Kind { .fourier }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        var columns = [Column("frequency", .frequency)]
        for item in items {
            columns += [
                Column("mag(\(item.label))"), Column("phase(\(item.label))", .phase), Column("norm(\(item.label))"),
            ]
        }
        return AnalysisTable(leading: columns)
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let curves = try run.curves(items, for: ".four")
        let stop = curves.times.last ?? 0
        let start = stop - Double(periods) / frequency
        guard let first = curves.times.first, start >= first - 1e-9 * stop else {
            throw SimulationFailure(
                .badNetlist,
                "\(periods) period(s) of .four take \((Double(periods) / frequency).sixDigits) s, the transient gives less",
                at: range, hint: "let .tran run longer")
        }
        var rows = (0...harmonics).map { [Double($0) * frequency] }
        for (item, values) in zip(items, curves.values) {
            var amplitudes: [Double] = []
            var phases: [Double] = []
            for harmonic in 0...harmonics {
                let c = FourierTransform.coefficient(
                    harmonic * periods, times: curves.times, values: values, start: start, stop: stop)
                // a cos + b sin = A sin(ωt + φ) with c = a − jb.
                amplitudes.append(harmonic == 0 ? c.real : c.length)
                phases.append(harmonic == 0 || c.length == 0 ? 0 : atan2(c.real, -c.imaginary) * 180 / .pi)
            }
            let fundamental = amplitudes[1]
            let harmonicPower = amplitudes.dropFirst(2).reduce(0) { $0 + $1 * $1 }
            if fundamental > 0 {
                let distortion = harmonicPower.squareRoot() / fundamental
                run.report.notes.append("\(item.label): total harmonic distortion \((distortion * 100).sixDigits) %")
                run.report.values.append((item.label, "thd", distortion))
            } else {
                run.report.notes.append("\(item.label): nothing at \(frequency.sixDigits) Hz, so no distortion of it")
            }
            run.report.notes.append("  harmonic      frequency      magnitude    phase [°]      relative  rel. phase")
            for harmonic in 0...harmonics {
                let relative = harmonic == 0 || fundamental == 0 ? 0 : amplitudes[harmonic] / fundamental
                rows[harmonic] += [amplitudes[harmonic], phases[harmonic], relative]
                let cells = [
                    "\(harmonic)", rows[harmonic][0].sixDigits, amplitudes[harmonic].sixDigits,
                    phases[harmonic].sixDigits, relative.sixDigits,
                    (harmonic == 0 ? 0 : phases[harmonic] - phases[1]).sixDigits,
                ]
                run.report.notes.append(
                    "  " + zip(cells, [8, 14, 14, 12, 13, 11]).map { $0.leftPadded(to: $1) }.joined(separator: " "))
            }
        }
        for row in rows { try run.emit(row) }
    }
}

extension AnalysisRun {
    /// The rows of the transient that an analysis is made of: times, and one array an item.
    func curves(_ items: [OutputItem], for card: String) throws(SimulationFailure) -> (
        times: [Double], values: [[Double]]
    ) {
        let columns = elaboration.measurements.columns
        var values: [[Double]] = []
        for item in items {
            guard let number = columns.firstIndex(where: { $0.label == item.label }), let record,
                let column = record.column(number)
            else { throw SimulationFailure(.badNetlist, "\(card) has no rows of a transient to work on") }
            values.append(column)
        }
        guard let record, record.abscissa.count > 1 else {
            throw SimulationFailure(.badNetlist, "\(card) has no rows of a transient to work on")
        }
        return (record.abscissa, values)
    }
}

extension DirectiveReader {
    /// Expressions that an analysis takes from the transient; nil after a diagnostic.
    func followedItems(
        _ tokens: ArraySlice<Token>, of card: String, at place: SourceRange, hint: String
    ) -> [OutputItem]? {
        guard !tokens.isEmpty else {
            error("\(card) names nothing to look at", place, hint: hint)
            return nil
        }
        guard cards.contains(where: { $0.kind == .directive(.tran) }) else {
            error("\(card) looks at a transient, but the netlist has no .tran", place, hint: "add `.tran step stop`")
            return nil
        }
        var items: [OutputItem] = []
        for token in tokens {
            guard let item = outputItem(token) else { return nil }
            if !items.contains(where: { $0.label == item.label }) { items.append(item) }
        }
        return items
    }

    /// A word, a probe or an expression as what a column would show; nil after a diagnostic.
    func outputItem(_ token: Token) -> OutputItem? {
        var range = token.range
        let text = text(token)
        // par('…') only marks an expression.
        let isMarked = text.hasPrefix("par(") && text.hasSuffix(")")
        if isMarked { range.start += 3 }
        let expression =
            isMarked || token.kind == .word
            ? netlist.expression(range, diagnostics: &elaborator.diagnostics)
            : netlist.expression(token, diagnostics: &elaborator.diagnostics)
        guard let expression else { return nil }
        // As written, with the braces or quotes around it.
        var written = token.range
        if token.kind == .expression, !isMarked, written.start > 0 {
            let around = SourceRange(file: written.file, start: written.start - 1, end: written.end &+ 1)
            let pairs: [(Character, Character)] = [("{", "}"), ("'", "'"), ("\"", "\"")]
            let whole = sources.text(around)
            if pairs.contains(where: { whole.first == $0 && whole.last == $1 }) { written = around }
        }
        return OutputItem(
            label: sources.lowercased(written).filter { $0 != " " }, expression: expression, range: token.range)
    }
}
