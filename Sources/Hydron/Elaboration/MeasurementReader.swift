import SpiceNetlist

/// Reads `.meas`, `.assert` and `.spec`.
struct MeasurementReader {
    let reader: DirectiveReader
    let card: Card
    private var fields: ArraySlice<Statement.Field> = []

    init(_ reader: DirectiveReader, _ card: Card) {
        self.reader = reader
        self.card = card
    }

    static let syntax =
        "write `.meas tran name TRIG …TARG …`, `WHEN v(a)=0.5`, `FIND v(b) WHEN …` or `AT=`, `DERIV …`, `AVG|RMS|MIN|MAX|PP|INTEG v(a) FROM= TO=`, `DUTY|FREQ|ON_TIME|OFF_TIME v(a) ON= OFF=`, `ERROR v(a) FILE=…` or `PARAM='…'`; `.meas op name FIND v(a)`"
    private static let functions = [
        "trig", "targ", "when", "find", "deriv", "derivative", "avg", "rms", "min", "max", "pp", "integ", "integral",
        "min_at", "max_at", "param", "eqn", "duty", "freq", "on_time", "off_time", "error",
    ]

    /// A measurement; nil after a diagnostic. Its columns join `requests`.
    mutating func measurement(into requests: inout MeasurementRequests) {
        var statement = Statement()
        guard
            reader.netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &reader.elaborator.diagnostics)
        else { return }
        fields = Self.joined(statement.fields, reader)[...]
        let place = reader.sources.firstWord(of: card.range)
        var analysis: String
        if let kind = word(), let named = Self.analysis(kind) {
            analysis = named
            fields.removeFirst()
        } else if fields.count > 1, let next = fields.dropFirst().first,
            Self.functions.contains(reader.text(next.key ?? next.value)), let only = onlyAnalysis
        {
            // LTspice and HSPICE: that of the netlist.
            analysis = only
        } else {
            reader.error(
                ".meas needs the analysis first: op, tran, dc, ac or noise", fields.first?.value.range ?? place,
                hint: Self.syntax)
            return
        }
        let isContinuous = analysis.hasSuffix("_cont")
        if isContinuous { analysis.removeLast(5) }
        guard let name = word() else {
            reader.error(".meas needs a name behind the analysis", place, hint: Self.syntax)
            return
        }
        let range = fields.first?.value.range ?? place
        fields.removeFirst()
        if requests.measurements.contains(where: { $0.name == name && $0.analysis == analysis }) {
            reader.error("the measurement '\(name)' is there already", range)
            return
        }
        var found = Measurement(analysis: analysis, name: name, range: range, function: .last(0))
        found.isContinuous = isContinuous
        guard let function = function(&found, &requests) else { return }
        found.function = function
        guard readWindow(&found, requests) else { return }
        requests.measurements.append(found)
    }

    /// `.assert 'expression'` or `.spec name min= max=`.
    mutating func assertion(into requests: inout MeasurementRequests, isSpec: Bool) {
        var statement = Statement()
        let place = reader.sources.firstWord(of: card.range)
        guard
            reader.netlist.decodeKeepingCalls(card, into: &statement, diagnostics: &reader.elaborator.diagnostics)
        else { return }
        fields = statement.fields[...]
        let text = reader.sources.text(card.range).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard isSpec else {
            guard let field = fields.first, field.key == nil,
                let expression = reader.netlist.expression(field.value, diagnostics: &reader.elaborator.diagnostics)
            else {
                reader.error(".assert needs a condition", place, hint: "write `.assert 'delay < 5n'`")
                return
            }
            if let part = expression.solutionRange {
                let quantity = reader.sources.text(part)
                reader.error(
                    "a condition of .assert is one of measurements and parameters, but `\(quantity)` is neither", part,
                    hint: "measure it: `.meas tran top max \(quantity)` (or `.meas op top find …`), and use top here")
                return
            }
            // Half a condition would hold for the wrong reason.
            if let rest = fields.dropFirst().first {
                reader.error(
                    ".assert takes one condition, and something follows it", (rest.key ?? rest.value).range,
                    hint: "a condition with blanks stands in quotes: `.assert 'delay < 5n'`")
                return
            }
            requests.assertions.append(Assertion(text: text, range: card.range, condition: .expression(expression)))
            return
        }
        guard let name = word() else {
            reader.error(".spec needs a measurement's name", place, hint: "write `.spec delay max=5n`")
            return
        }
        fields.removeFirst()
        var (least, greatest): (Double?, Double?)
        for field in fields {
            switch field.key.map(reader.text) {
            case "min": least = number(field.value)
            case "max": greatest = number(field.value)
            default:
                reader.error(
                    ".spec knows min and max only", field.key?.range ?? field.value.range,
                    hint: "write `.spec \(name) min=1n max=5n`")
                return
            }
        }
        guard least != nil || greatest != nil else {
            reader.error(".spec of '\(name)' sets no limit", place, hint: "write `.spec \(name) min=1n max=5n`")
            return
        }
        requests.assertions.append(
            Assertion(
                text: text, range: card.range, condition: .limits(name: name, least: least, greatest: greatest)))
    }

    // MARK: Pieces

    /// The one analysis of the netlist that measurements can be taken from; nil where there are several or none.
    private var onlyAnalysis: String? {
        let kinds: [Directive: String] = [.op: "op", .tran: "tran", .dc: "dc", .ac: "ac", .noise: "noise"]
        var found: Set<String> = []
        for card in reader.cards {
            if case .directive(let directive) = card.kind, let kind = kinds[directive] { found.insert(kind) }
        }
        return found.count == 1 ? found.first : nil
    }

    /// LTspice and HSPICE take a blank for '=': `FIND v(a) AT 1m` is `FIND v(a) AT=1m`.
    private static func joined(_ fields: [Statement.Field], _ reader: DirectiveReader) -> [Statement.Field] {
        let keys: Set<String> = ["at", "from", "to", "td", "val", "rise", "fall", "cross"]
        var result: [Statement.Field] = []
        for field in fields {
            if result.count > 2, let last = result.last, last.key == nil, last.value.kind == .word, field.key == nil,
                keys.contains(reader.text(last.value)), field.value.kind != .word || reader.text(field.value) != "targ"
            {
                result[result.count - 1] = Statement.Field(key: last.value, value: field.value)
            } else {
                result.append(field)
            }
        }
        return result
    }

    /// A number, or NaN with an expression of earlier measurements that stands for it.
    private func number(
        _ token: Token, orOf requests: MeasurementRequests
    ) -> (value: Double, formula: Expression?)? {
        if let formula = self.formula(token, of: requests) { return (.nan, formula) }
        return number(token).map { ($0, nil) }
    }

    /// The expression of a token that names measurements read before.
    private func formula(_ token: Token, of requests: MeasurementRequests) -> Expression? {
        guard reader.netlist.number(token) == nil, !requests.measurements.isEmpty,
            let expression = reader.elaborator.values.quietExpression(token), expression.solutionRange == nil
        else { return nil }
        let known = Set(requests.measurements.map(\.name))
        return expression.names.contains { known.contains($0) && reader.top.parameter($0) == nil } ? expression : nil
    }

    /// The number of the column for the right side of a crossing, which may be a level from earlier measurements.
    private func level(_ token: Token, _ requests: inout MeasurementRequests) -> Int? {
        guard let formula = formula(token, of: requests) else { return column(token, &requests) }
        let item = OutputItem(
            label: "level \(requests.columns.count)", expression: .number(0, token.range), range: token.range)
        let number = requests.column(item)
        requests.levels[number] = formula
        return number
    }

    private static func analysis(_ word: String) -> String? {
        let base = word.hasSuffix("_cont") ? String(word.dropLast(5)) : word
        return ["op", "tran", "dc", "ac", "noise"].contains(base) ? word : nil
    }

    /// The word in front, where no `=` follows it.
    private func word() -> String? {
        guard let field = fields.first, field.key == nil else { return nil }
        return reader.text(field.value)
    }

    private func number(_ token: Token) -> Double? {
        reader.elaborator.values.value(token, in: reader.top, what: "number")
    }

    private func column(_ token: Token, _ requests: inout MeasurementRequests) -> Int? {
        reader.outputItem(token).map { requests.column($0) }
    }

    private mutating func function(
        _ measurement: inout Measurement, _ requests: inout MeasurementRequests
    ) -> Measurement.Function? {
        guard let first = fields.first else {
            reader.error("the measurement '\(measurement.name)' measures nothing", measurement.range, hint: Self.syntax)
            return nil
        }
        if let key = first.key.map(reader.text), key == "param" || key == "eqn" {
            fields.removeFirst()
            return formula(first.value, &requests)
        }
        let word = reader.text(first.key ?? first.value)
        fields.removeFirst()
        if measurement.analysis == "op", !["param", "eqn"].contains(word) {
            return ofOperatingPoint(word, first, &requests)
        }
        switch word {
        case "param", "eqn":
            guard let field = fields.popFirst() else { break }
            return formula(field.value, &requests)
        case "trig":
            guard let trigger = event(&requests, until: "targ") else { return nil }
            guard self.word() == "targ" else {
                reader.error("TRIG has no TARG", measurement.range, hint: Self.syntax)
                return nil
            }
            fields.removeFirst()
            guard let target = event(&requests, until: nil) else { return nil }
            return .interval(trigger, target)
        case "when":
            guard let event = when(&requests) else { return nil }
            return .when(event)
        case "find", "deriv", "derivative":
            guard let field = fields.popFirst(), field.key == nil, let column = column(field.value, &requests) else {
                break
            }
            let event: Measurement.Event?
            if self.word() == "when" {
                fields.removeFirst()
                event = when(&requests)
            } else if let at = take("at") {
                guard let place = number(at, orOf: requests) else { return nil }
                measurement.place = place.formula
                event = .at(place.value)
            } else {
                reader.error(
                    "\(word.uppercased()) needs a place, WHEN or AT=", field.value.range, hint: Self.syntax)
                return nil
            }
            guard let event else { return nil }
            return word == "find" ? .find(column, event) : .derivative(column, event)
        default:
            if let quantity = Measurement.CycleQuantity(rawValue: word) { return cycles(quantity, &requests) }
            if word == "error" { return distance(&requests) }
            if let statistic = Measurement.Statistic(word: word) {
                guard let field = fields.popFirst(), field.key == nil, let column = column(field.value, &requests)
                else { break }
                return .statistic(statistic, column)
            }
            let near = suggestion(for: word, among: Self.functions)
            reader.error(
                "'\(word)' is nothing to measure", (first.key ?? first.value).range,
                hint: near.map { "did you mean '\($0)'?" } ?? Self.syntax)
            return nil
        }
        reader.error("\(word.uppercased()) needs something to look at", measurement.range, hint: Self.syntax)
        return nil
    }

    /// An operating point is one row: whatever is found in it, found there.
    private mutating func ofOperatingPoint(
        _ word: String, _ place: Statement.Field, _ requests: inout MeasurementRequests
    ) -> Measurement.Function? {
        guard ["find", "max", "min", "avg"].contains(word) else {
            reader.error(
                "an operating point is one row, in which there is no \(word.uppercased())",
                (place.key ?? place.value).range, hint: "write `.meas op name FIND v(a)` or `PARAM='…'`")
            return nil
        }
        guard let field = fields.popFirst(), field.key == nil, let column = column(field.value, &requests) else {
            reader.error("\(word.uppercased()) needs something to look at", card.range, hint: Self.syntax)
            return nil
        }
        return .last(column)
    }

    /// `v(a) ON=0.8 OFF=0.2`; one threshold does for both.
    private mutating func cycles(
        _ quantity: Measurement.CycleQuantity, _ requests: inout MeasurementRequests
    ) -> Measurement.Function? {
        guard let field = fields.popFirst(), field.key == nil, let column = column(field.value, &requests) else {
            reader.error(
                "\(quantity.rawValue.uppercased()) needs something to look at", card.range, hint: Self.syntax)
            return nil
        }
        let written = (on: take("on"), off: take("off"))
        guard let either = written.on ?? written.off, let on = number(written.on ?? either),
            let off = number(written.off ?? either)
        else {
            if written.on == nil, written.off == nil {
                reader.error(
                    "there is no level to turn on at", field.value.range, hint: "write `ON=0.8 OFF=0.2` behind it")
            }
            return nil
        }
        guard off <= on else {
            reader.error(
                "OFF=\(off.plain) lies above ON=\(on.plain)", (written.off ?? either).range,
                hint: "a signal is on from where it rises above ON until it falls below OFF")
            return nil
        }
        return .statistic(.cycles(quantity, on: on, off: off), column)
    }

    /// `v(a) FILE=name [INDEPVARCOL=1] [DEPVARCOL=2] [COMP_FUNCTION=L1NORM|L2NORM|INFNORM]`, columns counted from 0.
    private mutating func distance(_ requests: inout MeasurementRequests) -> Measurement.Function? {
        guard let field = fields.popFirst(), field.key == nil, let column = column(field.value, &requests) else {
            reader.error("ERROR needs something to look at", card.range, hint: Self.syntax)
            return nil
        }
        guard let file = take("file") else {
            reader.error("ERROR needs a file to compare with", field.value.range, hint: "write `FILE=golden.csv`")
            return nil
        }
        var norm = Measurement.ReferenceCurve.Norm.euclidean
        if let token = take("comp_function") {
            guard let known = Measurement.ReferenceCurve.Norm(rawValue: reader.text(token)) else {
                reader.error("'\(reader.text(token))' is no norm", token.range, hint: "L1NORM, L2NORM or INFNORM")
                return nil
            }
            norm = known
        }
        guard let x = place(take("indepvarcol"), 0), let y = place(take("depvarcol"), x + 1) else { return nil }
        let path = reader.sources.text(file.range)
        guard
            let points = reader.netlist.points(
                inFile: path, columns: (x, y), file.range, &reader.elaborator.diagnostics)
        else { return nil }
        return .distance(
            column, Measurement.ReferenceCurve(xs: points.map(\.x), ys: points.map(\.y), norm: norm))
    }

    /// The number of a column, or what it is where nothing says so.
    private func place(_ token: Token?, _ usual: Int) -> Int? {
        guard let token else { return usual }
        guard let value = number(token) else { return nil }
        guard let column = Int(exactly: value), (0..<10_000).contains(column) else {
            reader.error("'\(value.plain)' is no number of a column", token.range, hint: "columns are counted from 0")
            return nil
        }
        return column
    }

    /// A formula of other measurements, or the last value of an expression of the solution.
    private func formula(_ token: Token, _ requests: inout MeasurementRequests) -> Measurement.Function? {
        guard let expression = reader.netlist.expression(token, diagnostics: &reader.elaborator.diagnostics) else {
            return nil
        }
        if expression.solutionRange != nil { return column(token, &requests).map { .last($0) } }
        return .formula(expression)
    }

    /// The value of the key, taken out.
    private mutating func take(_ key: String) -> Token? {
        guard let index = fields.firstIndex(where: { $0.key.map(reader.text) == key }) else { return nil }
        return fields.remove(at: index).value
    }

    /// `v(a)=0.5` or `v(a)=v(b)`, then RISE and its kin.
    private mutating func when(_ requests: inout MeasurementRequests) -> Measurement.Event? {
        guard let field = fields.popFirst(), let key = field.key, let left = column(key, &requests),
            let right = level(field.value, &requests)
        else {
            reader.error(
                "WHEN needs an equation", fields.first?.value.range ?? card.range, hint: "write `WHEN v(out)=0.5`")
            return nil
        }
        return crossing(left, right, &requests)
    }

    /// Behind TRIG or TARG: `v(a) VAL=0.5 RISE=1 TD=1n`, `v(a)=0.5 …`, `AT=1n`.
    private mutating func event(_ requests: inout MeasurementRequests, until stop: String?) -> Measurement.Event? {
        let end = stop.flatMap { stop in
            fields.firstIndex { $0.key == nil && reader.text($0.value) == stop }
        }
        let rest = end.map { fields[$0...] } ?? []
        if let end { fields = fields[..<end] }
        defer { if end != nil { fields = rest } }
        if let at = take("at") {
            if let place = number(at) { return .at(place) }
            return nil
        }
        guard let field = fields.popFirst() else {
            reader.error("TRIG and TARG need something to look at", card.range, hint: Self.syntax)
            return nil
        }
        if let key = field.key {
            guard let left = column(key, &requests), let right = level(field.value, &requests) else { return nil }
            return crossing(left, right, &requests)
        }
        guard let left = column(field.value, &requests) else { return nil }
        guard let threshold = take("val"), let right = level(threshold, &requests) else {
            reader.error("there is no level to cross", field.value.range, hint: "write `VAL=0.5` behind it")
            return nil
        }
        return crossing(left, right, &requests)
    }

    private mutating func crossing(
        _ left: Int, _ right: Int, _ requests: inout MeasurementRequests
    ) -> Measurement.Event? {
        var direction = Measurement.Direction.cross
        var count = 1
        for candidate in [Measurement.Direction.rise, .fall, .cross] {
            guard let token = take(candidate.rawValue) else { continue }
            direction = candidate
            if reader.text(token) == "last" {
                count = -1
            } else if let value = number(token) {
                guard value.rounded() == value, value != 0, abs(value) < 1e9 else {
                    reader.error("crossings are counted from 1, or from -1 at the end", token.range)
                    return nil
                }
                count = Int(value)
            } else {
                return nil
            }
        }
        var delay: Double?
        if let token = take("td") { delay = number(token) }
        return .crossing(left: left, right: right, direction, count: count, delay: delay)
    }

    /// FROM, TO, DEFAULT_VAL and what only optimisers use.
    private mutating func readWindow(_ measurement: inout Measurement, _ requests: MeasurementRequests) -> Bool {
        for field in fields {
            switch field.key.map(reader.text) {
            case "from":
                guard let limit = number(field.value, orOf: requests) else { return false }
                (measurement.from, measurement.start) = (limit.value, limit.formula)
            case "to":
                guard let limit = number(field.value, orOf: requests) else { return false }
                (measurement.to, measurement.end) = (limit.value, limit.formula)
            case "td":
                // Xyce: what lies before it is not looked at.
                measurement.from = [measurement.from, number(field.value)].compactMap { $0 }.max()
            case "default_val": measurement.fallback = number(field.value)
            case "goal", "minval", "weight", "precision", "print", "output", "rfc_level": break
            case let key:
                let written = key ?? reader.text(field.value)
                let near = suggestion(for: written, among: ["from", "to", "at", "val", "td", "rise", "fall", "cross"])
                reader.error(
                    "'\(written)' has no meaning here", (field.key ?? field.value).range,
                    hint: near.map { "did you mean '\($0)'?" } ?? Self.syntax)
                return false
            }
        }
        return true
    }
}

extension Expression {
    /// Where the expression first asks for anything that an analysis computes; nil where it does not.
    fileprivate var solutionRange: SourceRange? {
        switch self {
        case .probe(_, let range): range
        case .name(let name, let range):
            [
                "time", "freq", "frequency", "hertz", "onoise", "inoise", "onoise_spectrum", "inoise_spectrum",
            ].contains(name) ? range : nil
        case .call("dno", _, let range), .call("dni", _, let range): range
        default: children.lazy.compactMap(\.solutionRange).first
        }
    }
}
