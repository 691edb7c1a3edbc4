import SpiceNetlist

/// V: independent voltage source.
enum VoltageSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "v", name: "independent voltage source",
        syntax:
            "Vname n+ n- [[DC] value] [AC magnitude [phase]] [PULSE(…)|SIN(…)|EXP(…)|PWL(…)|SFFM(…)|AM(…)|PAT(…)] [portnum n z0 r]",
        summary: "A voltage that is constant, a waveform in time, or an expression.",
        example: """
            Waveforms, a small signal and a value at rest
            v1 a 0 dc 0.5 ac 1 90 sin(0 1 1k)
            v2 b 0 pulse(0 3.3 10u 1u 1u 100u 250u)
            v3 c 0 pwl(0 0 0.2m 1 0.4m 1 0.5m 0) r=0
            v4 d 0 {v(a)*2+1}
            r1 a 0 1k
            r2 b 0 1k
            r3 c 0 1k
            r4 d 0 1k
            .tran 1u 1m
            .ac dec 1 1 1k
            .print tran v(a) v(b) v(c) v(d) i(v1)
            .print ac vr(a) vi(a)
            .end
            """,
        instanceParameters: IndependentSourceCard.Instance.table, outputs: IndependentSource.voltageOutputs)
    static func elaborate(_ card: ElementCard) { IndependentSourceCard.elaborate(card, isVoltage: true) }
}

/// I: independent current source.
enum CurrentSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "i", name: "independent current source",
        syntax: """
            Iname n+ n- [[DC] value] [AC magnitude [phase]] [PULSE(…)|SIN(…)|EXP(…)|PWL(…)|SFFM(…)|AM(…)|PAT(…)] [m=]
            """,
        summary: "A current from n+ through the source to n-: constant, a waveform in time, or an expression.",
        example: """
            A current flows through its source from the first node to the second
            i1 0 a dc 1m
            r1 a 0 1k
            i2 0 b exp(0 2m 1u 2u 10u 3u)
            r2 b 0 1k
            .tran 0.1u 20u
            .print tran v(a) v(b) i(i2)
            .end
            """,
        instanceParameters: IndependentSourceCard.Instance.table, outputs: IndependentSource.currentOutputs)
    static func elaborate(_ card: ElementCard) { IndependentSourceCard.elaborate(card, isVoltage: false) }
}

extension VoltageSourceCard: PlainElement {
    static var isVainWhenShorted: Bool { false }
    static func takesPlain(_ value: Double) -> Bool { true }
    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder
    ) {
        IndependentSourceCard.addPlain(value, nodes, identity, isVoltage: true, to: &builder)
    }
}

extension CurrentSourceCard: PlainElement {
    static var isVainWhenShorted: Bool { false }
    static func takesPlain(_ value: Double) -> Bool { true }
    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, identity: ElementIdentity, temperature: Double,
        to builder: inout CircuitBuilder
    ) {
        IndependentSourceCard.addPlain(value, nodes, identity, isVoltage: false, to: &builder)
    }
}

enum IndependentSourceCard {
    enum Instance: Int, ParameterKey {
        case dc, m, acmag, acphase, rser, cpar
        var parameter: Parameter {
            switch self {
            case .dc: Parameter("dc", unit: "V or A", default: 0, .any, "value in static analyses")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "sources in parallel, for a current source")
            case .acmag: Parameter("acmag", "ac", unit: "V or A", default: 0, .any, "magnitude in AC")
            case .acphase: Parameter("acphase", unit: "°", default: 0, .any, "phase in AC")
            case .rser:
                Parameter("rser", unit: "Ω", default: 0, .nonNegative, "resistance in series, of a voltage source")
            case .cpar: Parameter("cpar", unit: "F", default: 0, .nonNegative, "capacitance in parallel")
            }
        }
    }

    static func addPlain(
        _ value: Double, _ nodes: UnsafePointer<Int32>, _ identity: ElementIdentity, isVoltage: Bool,
        to builder: inout CircuitBuilder
    ) {
        add(
            IndependentSource(identity: identity, plus: nodes[0], minus: nodes[1], branch: 0, direct: value),
            isVoltage: isVoltage, to: &builder)
    }

    static func elaborate(_ card: ElementCard, isVoltage: Bool) {
        guard let plus = card.node("n+"), let minus = card.node("n-") else { return }
        var source = IndependentSource(identity: card.identity, plus: plus, minus: minus, branch: 0)
        var expression: DeferredProgram?
        var isGood = true
        // PWL's own keys come before the table's.
        let repeatToken = card.take(key: "r") ?? card.take(key: "repeat")
        let delayToken = card.take(key: "td")
        let fileToken = card.take(key: "file")
        guard let port = port(card) else { return }
        source.port = port.port

        while isGood, let word = card.nextWord ?? (card.peekField() != nil ? "" : nil) {
            switch word {
            case "dc":
                _ = card.nextField()
                // `DC` alone means 0, as in `v1 a 0 dc ac 1`.
                if card.nextIsValue { isGood = readDirect(card, &source, &expression) }
            case "ac":
                _ = card.nextField()
                let values = card.values()
                source.ac = (values.first ?? 1, values.count > 1 ? values[1] : 0)
            case "pulse", "sin", "sine", "exp", "pwl", "sffm", "am", "pat":
                let token = card.nextField()?.value
                guard let waveform = waveform(word, card, token, fileToken, repeatToken, delayToken) else { return }
                source.waveform = waveform
            default:
                guard card.nextIsValue else {
                    if word == "portnum" || word == "z0" {
                        _ = card.nextField()
                        guard let value = card.evaluatedNext(word), setPort(word, value, card, &source) else { return }
                        continue
                    }
                    if word == "distof1" || word == "distof2" {
                        _ = card.nextField()
                        _ = card.values()
                        continue
                    }
                    let field = card.nextField()
                    let near = suggestion(
                        for: word, among: ["dc", "ac", "pulse", "sin", "exp", "pwl", "sffm", "am", "pat"])
                    card.error(
                        "\(card.name) knows no '\(word)'", at: field?.value,
                        hint: near.map { "did you mean '\($0)'?" }
                            ?? "waveforms are PULSE SIN EXP PWL SFFM AM PAT")
                    return
                }
                if let field = card.peekField(), source.direct != nil || expression != nil {
                    card.reportSurplus(field.value, "DC value")
                    return
                }
                isGood = readDirect(card, &source, &expression)
            }
        }
        guard isGood else { return }
        // `dc={expression of time}` is no constant.
        if let token = card.take(key: "dc") {
            if card.dependsOnSolution(token) {
                expression = card.program(token)
            } else {
                source.direct = card.evaluate(token, "DC value")
            }
        }
        guard let instance = card.parameters(Instance.self) else { return }
        if instance.isGiven(.dc) { source.direct = instance[.dc] }
        if instance.isGiven(.acmag) { source.ac = (instance[.acmag], instance[.acphase]) }
        source.multiplier = instance[.m] * card.multiplier
        if !isVoltage, instance[.rser] > 0 {
            card.error(
                "rser= of \(card.name) changes nothing: it is a current source",
                hint: "write a resistor across it, or remove rser=")
            return
        }
        let inner = Strays(seriesResistance: instance[.rser], parallelCapacitance: instance[.cpar])
            .add(to: card, plus, minus, multiplier: 1)
        source.plus = inner
        if let port = source.port, !isVoltage || port.number < 1 || expression != nil {
            card.error(
                port.number < 1 ? "\(card.name) has z0 but is no port" : "\(card.name) can't be a port",
                hint: "write `v1 a 0 dc 0 ac 1 portnum 1 z0 50`")
            return
        }

        if let expression {
            if isVoltage {
                Behavioural.voltageSource(card, inner, minus, expression)
            } else {
                Behavioural.currentSource(card, plus, minus, expression, factor: source.multiplier)
            }
            return
        }
        add(source, isVoltage: isVoltage, to: &card.builder)
    }

    fileprivate static func add(_ source: IndependentSource, isVoltage: Bool, to builder: inout CircuitBuilder) {
        var source = source
        if isVoltage {
            source.branch = builder.branch(builder.directory.names.name(of: source.identity.name))
            if source.port != nil {
                builder.ports.append(source)
                builder.add(
                    to: PortSources.self, identity: source.identity, make: { PortSources() },
                    update: { $0.sources.append(source) })
                return
            }
            builder.add(
                to: VoltageSources.self, identity: source.identity, make: { VoltageSources() },
                update: { $0.sources.append(source) })
        } else {
            builder.add(
                to: CurrentSources.self, identity: source.identity, make: { CurrentSources() },
                update: { $0.sources.append(source) })
        }
    }

    /// `portnum=` or `port=` and `z0=`, taken; nil after a diagnostic.
    private static func port(_ card: ElementCard) -> (port: IndependentSource.Port?, Void)? {
        var source = IndependentSource(identity: card.identity, plus: 0, minus: 0, branch: 0)
        for key in ["portnum", "port", "z0"] {
            guard let token = card.take(key: key) else { continue }
            guard let value = card.evaluate(token, key), setPort(key, value, card, &source) else { return nil }
        }
        return (source.port, ())
    }

    private static func setPort(
        _ key: String, _ value: Double, _ card: ElementCard, _ source: inout IndependentSource
    ) -> Bool {
        var port = source.port ?? IndependentSource.Port(number: 0, impedance: 50)
        if key == "z0" {
            guard value > 0, value.isFinite else {
                card.error("the z0 of \(card.name) is \(value.plain) Ω, but must be above 0")
                return false
            }
            port.impedance = value
        } else {
            guard value >= 1, value <= 1000, value == value.rounded() else {
                card.error("\(card.name) can't be port number \(value.plain)", hint: "ports are counted from 1")
                return false
            }
            port.number = Int(value)
        }
        source.port = port
        return true
    }

    private static func readDirect(
        _ card: ElementCard, _ source: inout IndependentSource, _ expression: inout DeferredProgram?
    ) -> Bool {
        if let field = card.peekField(), card.dependsOnSolution(field.value) {
            _ = card.nextField()
            expression = card.program(field.value)
            return expression != nil
        }
        guard let value = card.value("DC value") else { return false }
        source.direct = value
        return true
    }

    private static func waveform(
        _ word: String, _ card: ElementCard, _ token: Token?, _ fileToken: Token?, _ repeatToken: Token?,
        _ delayToken: Token?
    ) -> SourceWaveform? {
        if word == "pwl" { return PiecewiseLinearFields.waveform(card, token, fileToken, repeatToken, delayToken) }
        if word == "pat" { return pattern(card, token, repeatToken) }
        let a = card.values()
        func argument(_ index: Int, _ absent: Double = 0) -> Double { index < a.count ? a[index] : absent }
        func needs(_ counts: ClosedRange<Int>) -> Bool {
            // LTspice writes `SINE()` where only the small signal was asked for.
            if a.isEmpty, card.dialect.waveformsMayBeEmpty { return true }
            if counts.contains(a.count) { return true }
            card.error(
                "\(word.uppercased()) of \(card.name) takes \(counts.lowerBound) to \(counts.upperBound) values, not \(a.count)",
                at: token)
            return false
        }
        switch word {
        case "pulse":
            guard needs(1...8) else { return nil }
            for (index, name) in [(3, "rise"), (4, "fall"), (5, "width"), (6, "period")] where argument(index) < 0 {
                card.warning("the \(name) of \(card.name)'s PULSE is negative: its default is taken", at: token)
            }
            return .pulse(
                SourceWaveform.Pulse(
                    v1: argument(0), v2: argument(1), delay: argument(2), rise: argument(3, .nan),
                    fall: argument(4, .nan),
                    width: argument(5, .nan), period: argument(6, .nan), count: max(0, argument(7))))
        case "sin", "sine":
            guard needs(1...7) else { return nil }
            let sine = SourceWaveform.sine(
                offset: argument(0), amplitude: argument(1), frequency: argument(2, .nan), delay: argument(3),
                damping: argument(4), phase: argument(5))
            guard argument(6) > 0, argument(2) > 0 else { return sine }
            return .held(sine, from: argument(3) + argument(6) / argument(2))
        case "exp":
            guard needs(2...6) else { return nil }
            return .exponential(
                v1: argument(0), v2: argument(1), td1: argument(2), tau1: argument(3, .nan), td2: argument(4, .nan),
                tau2: argument(5, .nan))
        case "sffm":
            guard needs(2...7) else { return nil }
            return .frequencyModulated(
                offset: argument(0), amplitude: argument(1), carrier: argument(2, .nan), index: argument(3),
                signal: argument(4, .nan))
        default:
            guard needs(2...6) else { return nil }
            return .amplitudeModulated(
                amplitude: argument(0), offset: argument(1), modulation: argument(2, .nan), carrier: argument(3, .nan),
                delay: argument(4))
        }
    }

    /// HSPICE's `PAT(vhi vlo td tr tf tsample bits [R=n] [RB=bit])`: the bits come n times again from the RB-th on, for
    /// ever with R=-1.
    private static func pattern(_ card: ElementCard, _ token: Token?, _ repeatToken: Token?) -> SourceWaveform? {
        var a: [Double] = []
        while a.count < 6, card.nextIsValue, let value = card.value("argument of PAT") { a.append(value) }
        guard a.count == 6, let field = card.nextField() else {
            card.error("PAT of \(card.name) takes vhi vlo td tr tf tsample and a bit string", at: token)
            return nil
        }
        var text = card.text(field.value)
        if text.hasPrefix("b") { text.removeFirst() }
        guard !text.isEmpty, text.allSatisfy({ "01zm".contains($0) }), a[5] > 0, a[3] > 0, a[4] > 0 else {
            card.error("the bits of \(card.name)'s PAT must be 0 or 1, its times above 0", at: field.value)
            return nil
        }
        guard max(a[3], a[4]) <= a[5] else {
            card.error("an edge of \(card.name)'s PAT is longer than a bit", at: token)
            return nil
        }
        var pattern = SourcePattern(
            high: a[0], low: a[1], delay: a[2], rise: a[3], fall: a[4], sample: a[5], bits: Array(text))
        if let repeatToken {
            guard let count = card.evaluate(repeatToken, "repetition") else { return nil }
            // HSPICE: anything below -1 is no repetition.
            pattern.repetitions = count == -1 ? nil : count > 0 ? Int(min(count.rounded(), 1e9)) : 0
        }
        let startToken = card.take(key: "rb")
        if let startToken {
            guard let start = card.evaluate(startToken, "first repeated bit") else { return nil }
            guard start <= Double(pattern.bits.count) else {
                card.error("\(card.name)'s PAT has only \(pattern.bits.count) bits to repeat", at: startToken)
                return nil
            }
            pattern.loopStart = Int(max(start.rounded(.down), 1)) - 1
        }
        guard let waveform = pattern.waveform else {
            card.error(
                "\(card.name)'s PAT is longer than \(SourcePattern.largestLength) bits", at: repeatToken ?? token,
                hint: "r=-1 repeats it for ever")
            return nil
        }
        return waveform
    }
}
