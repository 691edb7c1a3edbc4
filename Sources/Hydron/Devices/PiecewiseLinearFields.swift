import SpiceNetlist

/// The fields of a PWL: points, a file, repetitions, factors.
struct PiecewiseLinearFields {
    private let card: ElementCard
    private var points: [(x: Double, y: Double)] = []
    /// Where an endless repetition begins [s].
    private var repeatFrom: Double?
    private var timeFactor = 1.0
    private var valueFactor = 1.0

    private init(_ card: ElementCard) { self.card = card }

    /// `PWL(t v …)`, `PWL FILE "name"`, `R=` or `REPEAT` from a time on, `TD=`; PSpice's and LTspice's
    /// `TIME_SCALE_FACTOR=`, `VALUE_SCALE_FACTOR=` and `REPEAT FOREVER|FOR n (t v …) ENDREPEAT`. nil after an error.
    static func waveform(
        _ card: ElementCard, _ token: Token?, _ fileToken: Token?, _ repeatToken: Token?, _ delayToken: Token?
    ) -> SourceWaveform? {
        var fields = PiecewiseLinearFields(card)
        guard fields.readFactors(), fields.readPoints(token, fileToken) else { return nil }
        let points = fields.points
        for index in points.indices.dropFirst() where points[index].x < points[index - 1].x {
            card.error(
                "the times of \(card.name)'s PWL don't rise: \(points[index].x) s comes after \(points[index - 1].x) s",
                at: fileToken ?? token)
            return nil
        }
        var waveform = SourceWaveform.PiecewiseLinear(times: points.map(\.x), values: points.map(\.y))
        waveform.repeatFrom = fields.repeatFrom
        if let delayToken {
            guard let delay = card.evaluate(delayToken, "delay") else { return nil }
            waveform.delay = delay
        }
        if let repeatToken {
            guard let start = card.evaluate(repeatToken, "repetition") else { return nil }
            // ngspice: r=-1 means no repetition.
            if start >= 0 {
                guard start < (points.last?.x ?? 0) else {
                    card.error("\(card.name)'s PWL can't repeat from \(start) s: it ends before", at: repeatToken)
                    return nil
                }
                waveform.repeatFrom = start
            }
        } else if card.take("repeat") || card.take("r") {
            waveform.repeatFrom = card.nextIsValue ? card.value("repetition") ?? 0 : 0
        }
        // HSPICE: `R TD=1n` and `R TD 1n` alike.
        if card.nextWord == "td" {
            _ = card.nextField()
            guard let delay = card.evaluatedNext("delay") else { return nil }
            waveform.delay = delay
        }
        return .piecewiseLinear(waveform)
    }

    private mutating func readFactors() -> Bool {
        if let token = card.take(key: "time_scale_factor") {
            guard let factor = card.evaluate(token, "factor of times") else { return false }
            guard factor > 0 else {
                card.error("the factor of times must be above 0, not \(factor.plain)", at: token)
                return false
            }
            timeFactor = factor
        }
        if let token = card.take(key: "value_scale_factor") {
            guard let factor = card.evaluate(token, "factor of values") else { return false }
            valueFactor = factor
        }
        return true
    }

    private mutating func readPoints(_ token: Token?, _ fileToken: Token?) -> Bool {
        var file = fileToken
        if file == nil, card.take("file"), let field = card.nextField() { file = field.value }
        if let file {
            guard let read = card.points(inFile: file) else { return false }
            points = read.map { ($0.x * timeFactor, $0.y * valueFactor) }
            return true
        }
        guard append(token, from: 0) else { return false }
        // What a repetition begins with; a plain `REPEAT` or `R` behind the points repeats these.
        while card.nextWord == "repeat", card.wordBehindNext == "for" || card.wordBehindNext == "forever" {
            guard repeatFrom == nil else {
                card.error("nothing can follow what \(card.name)'s PWL repeats for ever", at: card.peekField()?.value)
                return false
            }
            guard readRepetition(token), append(token, from: 0) else { return false }
        }
        guard !points.isEmpty else {
            card.error(
                "the points of \(card.name)'s PWL must be pairs of time and value, but there are 0 numbers", at: token)
            return false
        }
        return true
    }

    /// `REPEAT FOR n … ENDREPEAT`, whose times count from the last point.
    private mutating func readRepetition(_ token: Token?) -> Bool {
        _ = card.nextField()
        let isEndless = card.take("forever")
        var count = 1.0
        if !isEndless {
            _ = card.nextField()
            guard let value = card.evaluatedNext("number of repetitions") else { return false }
            count = value
        }
        guard count == -1 || count >= 1, count <= 1e6 else {
            card.error("\(card.name)'s PWL can't be repeated \(count.plain) times", at: token)
            return false
        }
        let start = points.last?.x ?? 0
        let first = points.count
        guard append(token, from: start) else { return false }
        guard card.take("endrepeat") else {
            card.error("the REPEAT of \(card.name)'s PWL has no ENDREPEAT", at: token)
            return false
        }
        let body = points[first...]
        guard let end = body.last?.x, end > start else {
            card.error("what \(card.name)'s PWL repeats takes no time", at: token)
            return false
        }
        if isEndless || count == -1 {
            repeatFrom = start
            return true
        }
        for turn in 1..<max(Int(count), 2) where turn < Int(count) {
            points += body.map { ($0.x + Double(turn) * (end - start), $0.y) }
        }
        return true
    }

    /// Pairs of time and value, up to what is none. A time of LTspice with a sign counts from the one before.
    private mutating func append(_ token: Token?, from start: Double) -> Bool {
        var time: Double?
        var count = 0
        while card.nextIsValue, let field = card.peekField() {
            _ = card.nextField()
            guard let number = card.evaluate(field.value, "point of the PWL") else { return false }
            count += 1
            guard let x = time else {
                let isRelative = card.dialect.signedTimesAreRelative && card.text(field.value).hasPrefix("+")
                time = number * timeFactor + (isRelative ? points.last?.x ?? start : start)
                continue
            }
            points.append((x, number * valueFactor))
            time = nil
        }
        guard time != nil else { return true }
        if card.dialect.ignoresHalfPoints, count > 2 {
            card.warning(
                "the last time of \(card.name)'s PWL has no value: ignored", at: token,
                hint: "give it one, or remove it")
            return true
        }
        card.error(
            "the points of \(card.name)'s PWL must be pairs of time and value, but there are \(count) numbers",
            at: token)
        return false
    }
}
