import ComplexModule
import Glibc
import SpiceNetlist

/// Sources that are a transfer function of the complex frequency s times an expression: `LAPLACE`, HSPICE's `POLE` and
/// PSpice's `FREQ` on the cards of E, G, F, H and B.
///
/// A quotient of polynomials N(s)/D(s) becomes its state equations, which hold in every analysis. With w the solution of
/// D(d/dt) w = u and the scaled states w_k = τ^k dᵏw/dtᵏ,
///
///     τ dw_k/dt = w_(k+1),  Σ d_k τ^(−k) w_k = u,  y = Σ n_k τ^(−k) w_k
///
/// (the controllable canonical form, T. Kailath, Linear Systems, 1980, section 2.1). A factor e^(−sT) is a line without
/// losses that ends in its own impedance. Any other function of s is known at frequencies alone: ``FrequencyResponse``.
enum TransferSource {
    /// Reads the rest of a card that asks for a transfer function; false where it does not.
    static func elaborate(_ card: ElementCard, _ plus: Int32, _ minus: Int32, isVoltage: Bool) -> Bool {
        guard let kind = Kind.allCases.first(where: { isMeant($0, by: card) }) else { return false }
        let keyed = card.take(key: kind.rawValue)
        if keyed == nil { _ = card.take(kind.rawValue) }
        // How LTspice and PSpice transform to time: the equations need none of it.
        for key in ["window", "nfft", "mtol", "cutoff", "maxexp"] { _ = card.take(key: key) }
        read(kind, keyed, card, plus, minus, isVoltage)
        return true
    }

    /// Whether a card goes on with the word, and not with a node of that name.
    private static func isMeant(_ kind: Kind, by card: ElementCard) -> Bool {
        let isNext = card.nextWord == kind.rawValue
        switch kind {
        case .laplace: return isNext || card.gives("laplace")
        case .pole: return isNext && card.remainingPositionalCount > 4
        case .delay: return isNext && card.gives("td")
        case .frequencies, .chebyshev, .foster: return isNext && card.wordBehindNext == nil || card.gives(kind.rawValue)
        }
    }

    private enum Kind: String, CaseIterable {
        case laplace, pole, delay
        case frequencies = "freq"
        case chebyshev, foster
    }

    private static func read(
        _ kind: Kind, _ keyed: Token?, _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ isVoltage: Bool
    ) {
        let source = Source(plus: plus, minus: minus, isVoltage: isVoltage)
        switch kind {
        case .delay:
            guard let input = control(card) else { return }
            guard let token = card.take(key: "td"), let time = card.evaluate(token, "delay"), time >= 0,
                let function = TransferFunction([1], delay: time)
            else {
                card.error("DELAY of \(card.name) needs a time", hint: "write `DELAY in 0 TD=1n`")
                return
            }
            source.add(card, input, function)
        case .chebyshev, .foster:
            card.error(
                "\(kind.rawValue.uppercased()) of \(card.name) is not there",
                hint: "write the filter as `LAPLACE {v(in)} {expression in s}`")
        case .frequencies:
            guard let input = keyed ?? card.nextField()?.value, input.kind == .expression else {
                card.error(
                    "FREQ of \(card.name) needs an expression and a table",
                    hint: "write `FREQ {v(in)} = (frequency, decibels, degrees) …`, or "
                        + "`LAPLACE {v(in)} {expression in s}`")
                return
            }
            guard let program = card.program(input), let table = FrequencyTable(card) else { return }
            source.add(card, program, direct: table.direct, response: { @Sendable in table.value($0) })
        case .pole:
            guard let input = control(card), let (zeros, poles) = coefficients(card),
                let function = function(zeros: zeros, poles: poles, card)
            else { return }
            source.add(card, input, function)
        case .laplace: laplace(keyed, card, source)
        }
    }

    private static func laplace(_ keyed: Token?, _ card: ElementCard, _ source: Source) {
        let first = keyed ?? card.peekField()?.value
        guard let first else { return reportShape(card) }
        if keyed == nil, first.kind == .word {
            // HSPICE: `LAPLACE in 0 n0 n1 … / d0 d1 …`
            guard let input = control(card), let (numerator, denominator) = coefficients(card) else { return }
            guard let function = TransferFunction(numerator, over: denominator) else { return reportZero(card) }
            return source.add(card, input, function)
        }
        if keyed == nil { _ = card.nextField() }
        if keyed != nil, card.remainingPositionalCount == 2, card.peekField()?.value.kind == .word {
            // LTspice: `E1 n+ n- nc+ nc- Laplace=…`
            guard let input = control(card) else { return }
            return transfer(first, of: input, card, source)
        }
        // PSpice: `LAPLACE {expression} {transfer function}`
        guard let second = card.nextField()?.value else { return reportShape(card) }
        guard let input = card.program(first) else { return }
        transfer(second, of: input, card, source)
    }

    /// The source of an input times the transfer function that `token` holds.
    static func transfer(_ token: Token, of input: DeferredProgram, _ card: ElementCard, _ source: Source) {
        // LTspice puts it in quotes where it has blanks.
        guard let expression = card.expression(Token(kind: .expression, range: token.range)) else { return }
        guard expression.mentions("s") || card.dependsOnSolution(token) == false else {
            card.error("the transfer function of \(card.name) is an expression of s alone", at: token)
            return
        }
        guard let values = card.elaborator.values else { return }
        var isGood = true
        let function = TransferFunction(expression) { part in
            guard isGood else { return nil }
            let value = values.evaluate(part, in: card.scope)
            isGood = value != nil
            return value
        }
        guard isGood else { return }
        if let function {
            guard function.delay >= 0 else {
                card.error(
                    "the transfer function of \(card.name) runs ahead of its input by \((-function.delay).plain) s",
                    at: token, hint: "a delay is `exp(-s*t)`")
                return
            }
            return source.add(card, input, function)
        }
        guard let form = expression.folded({ values.evaluate($0, in: card.scope) }) else { return }
        let logIsBase10 = card.dialect.logIsBase10
        @Sendable func value(_ omega: Double) -> Complex<Double>? {
            ComplexConstant.evaluate(form, s: Complex(0, omega), logIsBase10: logIsBase10)
        }
        guard let direct = value(0) ?? value(1e-12), value(1) != nil, direct.isFinite else {
            card.error(
                "the transfer function of \(card.name) can't be computed", at: token,
                hint: "it is an expression of s, numbers and parameters, with a value at rest")
            return
        }
        source.add(card, input, direct: direct.real) { @Sendable in value($0) ?? .zero }
    }

    /// `nc+ nc-` as an expression of their voltage.
    private static func control(_ card: ElementCard) -> DeferredProgram? {
        guard let p = card.nextField(), let m = card.nextField() else {
            reportShape(card)
            return nil
        }
        let probe = Probe(kind: .voltage, arguments: [card.text(p.value), card.text(m.value)])
        return DeferredProgram(expression: .probe(probe, p.value.range), scope: card.scope)
    }

    /// HSPICE's `a b … / c d …`.
    private static func coefficients(_ card: ElementCard) -> ([Double], [Double])? {
        var above: [Double] = []
        var below: [Double]?
        while let field = card.nextField() {
            if field.value.kind == .word, card.text(field.value) == "/" {
                below = below ?? []
                continue
            }
            guard let value = card.evaluate(field.value, "coefficient") else { return nil }
            if below == nil { above.append(value) } else { below?.append(value) }
        }
        guard let below, !above.isEmpty, !below.isEmpty else {
            card.error(
                "\(card.name) needs coefficients above and below a `/`",
                hint: "write `LAPLACE in 0 n0 n1 … / d0 d1 …`, the lowest power of s first")
            return nil
        }
        return (above, below)
    }

    /// `a α₁ f₁ α₂ f₂ … / b α₁ f₁ …`: a factor s + α for f = 0, else one for each of s + α ± 2πif, both above and below.
    private static func function(zeros: [Double], poles: [Double], _ card: ElementCard) -> TransferFunction? {
        func polynomial(_ values: [Double]) -> TransferFunction? {
            guard values.count % 2 == 1 else {
                card.error(
                    "\(card.name) needs a factor and pairs of damping [1/s] and frequency [Hz]",
                    hint: "a real root has the frequency 0")
                return nil
            }
            var result = TransferFunction([values[0]])
            for index in stride(from: 1, to: values.count, by: 2) {
                let (damping, omega) = (values[index], 2 * Double.pi * values[index + 1])
                let factor = omega == 0 ? [damping, 1] : [damping * damping + omega * omega, 2 * damping, 1]
                result = TransferFunction(factor).flatMap { result?.times($0) }
            }
            return result
        }
        guard let above = polynomial(zeros), let below = polynomial(poles) else { return nil }
        guard let function = TransferFunction(above.numerator, over: below.numerator) else {
            reportZero(card)
            return nil
        }
        return function
    }

    private static func reportZero(_ card: ElementCard) {
        card.error("the denominator of \(card.name) is 0, or its order above \(TransferFunction.highestOrder)")
    }

    private static func reportShape(_ card: ElementCard) {
        card.error(
            "LAPLACE of \(card.name) needs an input and a transfer function",
            hint: "write `LAPLACE {v(in)} {1/(1+s*1m)}`, `nc+ nc- Laplace=1/(1+s*1m)` or "
                + "`LAPLACE nc+ nc- n0 n1 … / d0 d1 …`")
    }

    // MARK: - Equations

    /// A voltage between two nodes or a current from one to the other.
    struct Source {
        var plus: Int32
        var minus: Int32
        var isVoltage: Bool

        /// y = H(s)·input
        func add(_ card: ElementCard, _ input: DeferredProgram, _ function: TransferFunction) {
            guard let settings = BehaviouralSourceCard.Settings(card) else { return }
            var states: [Int32] = []
            let order = function.order
            for k in 0...order { states.append(card.builder.auxiliary(card.name, "state\(k)")) }
            let tau = function.timeConstant
            func scaled(_ coefficients: [Double]) -> [Double] {
                coefficients.enumerated().map { $1 * pow(tau, -Double($0)) }
            }
            let below = scaled(function.denominator)
            let size = below.reduce(0) { max($0, abs($1)) }
            let weights = scaled(function.numerator).map { $0 / size }
            finish(card, zip(states, weights).map { ($0, $1) }, settings)

            let identity = card.helper("states")
            let delayed = function.delay > 0 ? TransferSource.delay(input, by: function.delay, card, "delay") : nil
            card.whenComplete { card in
                let program: Program?
                if let delayed {
                    program = TransferSource.sum([(delayed, 1)])
                } else {
                    program = card.compile(input)
                }
                guard let program else { return }
                Behavioural.add(card, identity, states[order], 0) {
                    for k in 0..<order {
                        $0.linear.append(.init(row: states[k], column: states[k + 1], conductance: -1))
                        $0.linear.append(.init(row: states[k], column: states[k], capacitance: tau))
                    }
                    for (k, coefficient) in below.enumerated() where coefficient != 0 {
                        $0.linear.append(
                            .init(row: states[order], column: states[k], conductance: coefficient / size))
                    }
                    $0.terms = [.init(program: program, plus: states[order], minus: 0, factor: -1, kind: .current)]
                }
            }
        }

        /// y = H(jω)·input for small signals, `direct`·input at rest, nothing in time.
        func add(
            _ card: ElementCard, _ input: DeferredProgram, direct: Double,
            response: @escaping @Sendable (Double) -> Complex<Double>
        ) {
            guard let settings = BehaviouralSourceCard.Settings(card) else { return }
            let u = Behavioural.unknown(card, "input", input)
            let y = card.builder.auxiliary(card.name, "response")
            let element = FrequencyResponse.Element(
                identity: card.helper("response"), output: y, input: u, direct: direct,
                response: response)
            card.builder.add(
                to: FrequencyResponse.self, identity: element.identity, make: { FrequencyResponse() },
                update: { $0.elements.append(element) })
            finish(card, [(y, 1)], settings)
        }

        /// The element itself: its voltage or current is the weighted sum of unknowns.
        private func finish(
            _ card: ElementCard, _ parts: [(unknown: Int32, weight: Double)], _ settings: BehaviouralSourceCard.Settings
        ) {
            let identity = card.identity
            let factor = settings.scale * (isVoltage ? 1 : settings.multiplier * card.multiplier)
            let branch = isVoltage ? card.builder.branch(card.name) : 0
            Behavioural.reserve(card, identity, plus, minus, branch)
            card.whenComplete { card in
                let value = TransferSource.sum(parts)
                Behavioural.update(card, identity, value) {
                    if isVoltage {
                        $0.conducts = true
                        $0.linear = Behavioural.incidence(plus, minus, branch)
                        $0.terms = [.init(program: value, plus: branch, minus: 0, factor: -factor, kind: .current)]
                    } else {
                        $0.terms = [.init(program: value, plus: plus, minus: minus, factor: factor, kind: .current)]
                    }
                }
            }
        }
    }

    /// The element that a state of a transfer function belongs to; nil for any other unknown.
    static func element(ofState unknown: Int, in circuit: Circuit) -> (name: String, range: SourceRange)? {
        var element = circuit.unknowns.name(unknown)
        while element.last?.isWholeNumber == true { element.removeLast() }
        let mark = "#state"
        guard element.hasSuffix(mark) else { return nil }
        element.removeLast(mark.count)
        guard let reference = circuit.elements.find(element), reference.population >= 0
        else { return nil }
        return (element, circuit.populations[Int(reference.population)].identity(Int(reference.index)).range)
    }

    static func sum(_ parts: [(unknown: Int32, weight: Double)]) -> Program {
        Program(constant: 0).combined(with: parts.map { (.unknown($0.unknown), $0.weight) }) { _, _, sum in sum }
    }

    /// A new node whose voltage is the input `time` [s] ago: the end of a line without losses that ends in its own
    /// impedance.
    static func delay(_ input: DeferredProgram, by time: Double, _ card: ElementCard, _ suffix: String) -> Int32 {
        let (near, far) = delayLine(by: time, card, suffix)
        let identity = card.helper("\(suffix)in")
        card.whenComplete { card in
            guard let program = card.compile(input) else { return }
            drive(near, far, by: program, card, identity)
        }
        return far
    }

    /// The same of an input that is compiled already.
    static func delay(_ program: Program, by time: Double, _ card: ElementCard, _ suffix: String) -> Int32 {
        let (near, far) = delayLine(by: time, card, suffix)
        drive(near, far, by: program, card, card.helper("\(suffix)in"))
        return far
    }

    private static func delayLine(by time: Double, _ card: ElementCard, _ suffix: String) -> (Int32, Int32) {
        let near = card.builder.internalNode(card.name, "\(suffix)in")
        let far = card.builder.internalNode(card.name, suffix)
        TransmissionLine(impedance: 1, delay: time).add(to: card, [near, 0, far, 0], as: card.helper(suffix))
        return (near, far)
    }

    /// Twice the input as a current into 1 Ω and the line of 1 Ω, which ends in 1 Ω.
    private static func drive(
        _ near: Int32, _ far: Int32, by program: Program, _ card: ElementCard, _ identity: ElementIdentity
    ) {
        Behavioural.add(card, identity, 0, near) {
            $0.conducts = true
            $0.linear = [
                .init(row: near, column: near, conductance: 1), .init(row: far, column: far, conductance: 1),
            ]
            $0.terms = [.init(program: program, plus: 0, minus: near, factor: 2, kind: .current)]
        }
    }
}

/// PSpice's table of a response: frequencies with magnitude and phase, between which the logarithm of the magnitude and
/// the phase follow straight lines over the logarithm of frequency. Outside of them it is 0.
private struct FrequencyTable: Sendable {
    /// [Hz], natural logarithm of the magnitude, phase [rad].
    private var rows: [(frequency: Double, level: Double, phase: Double)] = []
    /// [s]
    private var delay = 0.0

    init?(_ card: ElementCard) {
        var isDecibel = true
        var isDegree = true
        var isCartesian = false
        if let token = card.take(key: "delay") {
            guard let value = card.evaluate(token, "delay") else { return nil }
            delay = value
        }
        while let word = card.nextWord, ["db", "mag", "deg", "rad", "r_i"].contains(word) {
            _ = card.nextField()
            switch word {
            case "mag": isDecibel = false
            case "rad": isDegree = false
            case "r_i": isCartesian = true
            default: break
            }
        }
        let values = card.values()
        guard values.count >= 3, values.count % 3 == 0 else {
            card.error(
                "the table of \(card.name)'s FREQ needs a frequency, a magnitude and a phase in each row",
                hint: "write `(1k, -3, -45) (10k, -20, -90)`, in decibels and degrees")
            return nil
        }
        for index in stride(from: 0, to: values.count, by: 3) {
            let (frequency, a, b) = (values[index], values[index + 1], values[index + 2])
            guard frequency >= 0, frequency > rows.last?.frequency ?? -1 else {
                card.error("the frequencies of \(card.name)'s FREQ don't rise: \(frequency.plain) Hz")
                return nil
            }
            if isCartesian {
                let value = Complex(a, b)
                rows.append((frequency, log(value.length), value.phase.isFinite ? value.phase : 0))
            } else {
                rows.append((frequency, isDecibel ? a * log(10) / 20 : log(abs(a)), isDegree ? b * .pi / 180 : b))
            }
        }
    }

    /// At rest.
    var direct: Double { value(0).real }

    /// - Parameter omega: angular frequency [1/s]
    func value(_ omega: Double) -> Complex<Double> {
        let frequency = omega / (2 * .pi)
        guard let high = rows.firstIndex(where: { $0.frequency >= frequency * (1 - 1e-12) }),
            high > 0 || rows[high].frequency <= frequency * (1 + 1e-12)
        else { return .zero }
        var (level, phase) = (rows[high].level, rows[high].phase)
        if high > 0, rows[high].frequency > frequency * (1 + 1e-12) {
            let (a, b) = (rows[high - 1], rows[high])
            let share =
                a.frequency > 0
                ? log(frequency / a.frequency) / log(b.frequency / a.frequency)
                : (frequency - a.frequency) / (b.frequency - a.frequency)
            level = a.level + (b.level - a.level) * share
            phase = a.phase + (b.phase - a.phase) * share
        }
        return Complex(length: exp(level), phase: phase - omega * delay)
    }
}

extension Expression {
    /// The same with all that does not depend on `s` as numbers, and with `^` as the power that it is in transfer
    /// functions; nil where `constant` found no value.
    fileprivate func folded(_ constant: (Expression) -> Double?) -> Expression? {
        guard mentions("s") else { return constant(self).map { .number($0, range) } }
        switch self {
        case .binary(let operation, let left, let right, let range):
            guard let a = left.folded(constant), let b = right.folded(constant) else { return nil }
            return .binary(operation == .exclusiveOr ? .power : operation, a, b, range)
        case .unary(let sign, let operand, let range): return operand.folded(constant).map { .unary(sign, $0, range) }
        case .call(let name, let arguments, let range):
            let folded = arguments.compactMap { $0.folded(constant) }
            return folded.count == arguments.count ? .call(name, folded, range) : nil
        default: return self
        }
    }
}
