import SpiceNetlist

/// E: voltage-controlled voltage source.
enum VoltageControlledVoltageSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "e", name: "voltage-controlled voltage source",
        syntax: "Ename n+ n- nc+ nc- gain | POLY(n) nc1+ nc1- … p0 p1 … | VALUE={expr} | TABLE {expr}=(x,y)… | "
            + "LAPLACE {expr} {H(s)} | FREQ {expr}=(f,dB,deg)… | OPAMP in+ in- [max=] [min=]",
        summary: """
            A voltage that is a gain, a polynomial, a table, an expression or a transfer function of other voltages. \
            Quotients of polynomials in s hold in every analysis, `exp(-s*t)` is a delay; other functions of s and the \
            tables of FREQ hold at frequencies and at rest.
            """,
        example: """
            A gain, a polynomial, a table, an expression and a low-pass
            v1 a 0 1 ac 1
            v2 b 0 2
            e1 g 0 a b 10
            e2 p 0 poly(2) a 0 b 0 0 1 1 0.5
            e3 t 0 table {v(a)} = (-1,-5) (0,0) (2,3)
            e4 x 0 value={v(a)*v(b)}
            e5 l 0 laplace {v(a)} {1/(1+s*1m)}
            .dc v1 -1 2 0.5
            .ac dec 5 10 1k
            .print dc v(g) v(p) v(t) v(x)
            .print ac vdb(l)
            .end
            """,
        outputs: ControlledSourceOutputs.table)
    static func elaborate(_ card: ElementCard) {
        ControlledSourceCard.elaborate(card, isVoltage: true, isCurrentControlled: false)
    }
}

/// G: voltage-controlled current source.
enum VoltageControlledCurrentSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "g", name: "voltage-controlled current source",
        syntax: "Gname n+ n- nc+ nc- gm | POLY(n) nc1+ nc1- … p0 p1 … | VALUE={expr} | TABLE {expr}=(x,y)… | "
            + "LAPLACE {expr} {H(s)} | FREQ {expr}=(f,dB,deg)… [max=] [min=]",
        summary: """
            A current that is a transconductance, a polynomial, a table, an expression or a transfer function of voltages \
            (see E).
            """,
        example: """
            A transconductor with a load, and one that limits
            v1 in 0 ac 1 sin(0 1 1k)
            g1 0 a in 0 1m
            r1 a 0 10k
            c1 a 0 1n
            g2 0 b value={1m*tanh(v(in)/0.3)}
            r2 b 0 1k
            .ac dec 10 100 1meg
            .tran 10u 2m
            .print ac vdb(a)
            .print tran v(a) v(b)
            .end
            """,
        outputs: ControlledSourceOutputs.table)
    static func elaborate(_ card: ElementCard) {
        ControlledSourceCard.elaborate(card, isVoltage: false, isCurrentControlled: false)
    }
}

/// F: current-controlled current source.
enum CurrentControlledCurrentSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "f", name: "current-controlled current source",
        syntax: "Fname n+ n- Vcontrol gain | POLY(n) V1 … p0 p1 … | VALUE={expr} | LAPLACE {expr} {H(s)} [max=] [min=]",
        summary: "A current that is a gain or a polynomial of the currents of voltage sources.",
        example: """
            A current mirror of twice the current
            i1 0 a 1m
            vsense a 0 0
            f1 0 out vsense 2
            r1 out 0 1k
            .op
            .print op i(vsense) v(out)
            .end
            """,
        outputs: ControlledSourceOutputs.table)
    static func elaborate(_ card: ElementCard) {
        ControlledSourceCard.elaborate(card, isVoltage: false, isCurrentControlled: true)
    }
}

/// H: current-controlled voltage source.
enum CurrentControlledVoltageSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "h", name: "current-controlled voltage source",
        syntax: "Hname n+ n- Vcontrol r | POLY(n) V1 … p0 p1 … | VALUE={expr} | LAPLACE {expr} {H(s)} [max=] [min=]",
        summary: "A voltage that is a transresistance or a polynomial of the currents of voltage sources.",
        example: """
            A transimpedance amplifier, ideal
            i1 0 a sin(0 1m 1k)
            vsense a 0 0
            h1 out 0 vsense 5k
            r1 out 0 1k
            .tran 10u 2m
            .print tran i(vsense) v(out)
            .end
            """,
        outputs: ControlledSourceOutputs.table)
    static func elaborate(_ card: ElementCard) {
        ControlledSourceCard.elaborate(card, isVoltage: true, isCurrentControlled: true)
    }
}

/// B: behavioural source, resistor or capacitor.
enum BehaviouralSourceCard: ElementKind {
    static let description = ElementDescription(
        letter: "b", name: "behavioural source",
        syntax:
            "Bname n+ n- v=expr | i=expr | r=expr | c=expr | q=expr [laplace=H(s)] [tc1=] [tc2=] [temp=] [dtemp=] [m=]",
        summary:
            "A voltage, current, resistance, capacitance or charge that is any expression of voltages, currents and time.",
        example: """
            An envelope, a limiter, and a resistor by its law
            v1 in 0 sin(0 1 1k)
            b1 am 0 v={v(in)*(1+0.5*sin(2*pi*100*time))}
            b2 0 out i=1m*tanh(5*v(am))
            r1 out 0 1k
            b3 am 0 r={1k*(1+v(am)**2)}
            .tran 10u 10m
            .print tran v(am) v(out) i(b3)
            .end
            """,
        instanceParameters: Instance.table, outputs: BehaviouralEquations.outputTable)

    enum Instance: Int, ParameterKey {
        case m, tc1, tc2, temp, dtemp, smoothbsrc, rcconst, rpar, cpar
        var parameter: Parameter {
            switch self {
            case .m: Parameter("m", unit: "-", default: 1, .positive, "sources in parallel")
            case .tc1: Parameter("tc1", unit: "1/K", default: 0, .any, "linear temperature coefficient of the value")
            case .tc2:
                Parameter("tc2", unit: "1/K²", default: 0, .any, "quadratic temperature coefficient of the value")
            case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this source")
            case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
            case .smoothbsrc:
                Parameter(
                    "smoothbsrc", unit: Parameter.choice, default: nil, .any,
                    "1: a voltage follows through an RC filter")
            case .rpar: Parameter("rpar", unit: "Ω", default: 0, .nonNegative, "resistance in parallel, 0 for none")
            case .cpar: Parameter("cpar", unit: "F", default: 0, .nonNegative, "capacitance in parallel")
            case .rcconst: Parameter("rcconst", unit: "s", default: nil, .positive, "time constant of that filter")
            }
        }
    }

    /// What a card says besides its expression.
    struct Settings {
        var multiplier: Double
        /// Factor of the value, from temperature coefficients.
        var scale: Double
        /// Time constant [s] of the filter that smooths a voltage; nil for none.
        var smoothing: Double?
        var strays = Strays()

        init?(_ card: ElementCard) {
            guard let instance = card.parameters(Instance.self) else { return nil }
            let temperature = card.temperature(
                given: instance.isGiven(.temp) ? instance[.temp] : nil, rise: instance[.dtemp])
            let rise = temperature - card.options.nominalTemperature
            multiplier = instance[.m]
            strays.parallelResistance = instance[.rpar]
            strays.parallelCapacitance = instance[.cpar]
            scale = 1 + rise * (instance[.tc1] + rise * instance[.tc2])
            if instance.given(.smoothbsrc, else: card.options[.smoothbsrc]) != 0 {
                smoothing = instance.given(.rcconst, else: card.options[.rcconst])
            }
        }
    }

    /// `V=… Laplace=…`
    private static func transfer(_ function: Token, _ card: ElementCard, _ plus: Int32, _ minus: Int32) {
        for kind in ["v", "i"] {
            guard let token = card.take(key: kind) else { continue }
            guard let input = card.program(token) else { return }
            return TransferSource.transfer(
                function, of: input, card, .init(plus: plus, minus: minus, isVoltage: kind == "v"))
        }
        card.error("\(card.name) has neither a voltage nor a current", hint: "write `v={…}` or `i={…}`")
    }

    static func elaborate(_ card: ElementCard) {
        guard let plus = card.node("n+"), let minus = card.node("n-") else { return }
        // LTspice's rules for time steps.
        for key in ["tripdv", "tripdt"] { _ = card.take(key: key) }
        if let function = card.take(key: "laplace") {
            return transfer(function, card, plus, minus)
        }
        for kind in ["v", "i", "r", "c", "q"] {
            guard let token = card.take(key: kind) else { continue }
            guard let program = card.program(token), let settings = Settings(card) else { return }
            let scale = settings.scale
            let m = settings.multiplier
            _ = settings.strays.add(to: card, plus, minus, multiplier: m)
            switch kind {
            case "v":
                Behavioural.voltageSource(
                    card, plus, minus, program, factor: scale, smoothing: settings.smoothing)
            case "i":
                Behavioural.currentSource(card, plus, minus, program, factor: card.multiplier * m * scale)
            case "r": Behavioural.resistor(card, plus, minus, program, multiplier: m, scale: scale)
            case "c": Behavioural.capacitor(card, plus, minus, capacitance: program, multiplier: m, scale: scale)
            default: Behavioural.capacitor(card, plus, minus, charge: program, multiplier: m * scale)
            }
            return
        }
        card.error("\(card.name) has neither a voltage nor a current", hint: "write `v={…}` or `i={…}`")
    }
}

/// What E, F, G and H have in common: the shapes of their cards.
enum ControlledSourceCard {
    enum Instance: Int, ParameterKey {
        case m
        var parameter: Parameter {
            switch self {
            case .m: Parameter("m", unit: "-", default: 1, .positive, "sources in parallel")
            }
        }
    }

    static func elaborate(_ card: ElementCard, isVoltage: Bool, isCurrentControlled: Bool) {
        guard let plus = card.node("n+"), let minus = card.node("n-") else { return }
        // HSPICE's words say what the letter says already.
        _ = card.take("vcvs") || card.take("vccs") || card.take("cccs") || card.take("ccvs")
        if TransferSource.elaborate(card, plus, minus, isVoltage: isVoltage) { return }
        if isVoltage, CoupledPorts.isMeant(by: card) { return CoupledPorts.elaborate(card, plus, minus) }
        if card.remainingPositionalCount == 2, let points = card.take(key: "tbl") ?? card.take(key: "table") {
            return tableOfVoltage(card, plus, minus, points, isVoltage)
        }
        for key in ["value", "vol", "cur", "v", "i"] {
            if let token = card.take(key: key) {
                behave(card, plus, minus, token, isVoltage)
                return
            }
        }
        if card.take("value"), let field = card.nextField() {
            behave(card, plus, minus, field.value, isVoltage)
            return
        }
        if card.take("poly") {
            polynomial(card, plus, minus, isVoltage: isVoltage, isCurrentControlled: isCurrentControlled)
            return
        }
        if let token = card.take(key: "table") {
            table(card, plus, minus, token, isVoltage)
            return
        }
        if card.take("table"), let field = card.nextField() {
            table(card, plus, minus, field.value, isVoltage)
            return
        }
        // `G1 a b {expr}`: nothing but an expression.
        if card.remainingPositionalCount == 1, let field = card.peekField(), field.value.kind == .expression {
            _ = card.nextField()
            behave(card, plus, minus, field.value, isVoltage)
            return
        }
        linear(card, plus, minus, isVoltage: isVoltage, isCurrentControlled: isCurrentControlled)
    }

    private static func multiplier(_ card: ElementCard) -> Double? {
        card.parameters(Instance.self).map { $0[.m] * card.multiplier }
    }

    private static func behave(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ token: Token, _ isVoltage: Bool
    ) {
        guard let program = card.program(token) else { return }
        add(card, plus, minus, program, isVoltage)
    }

    private static func add(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram, _ isVoltage: Bool
    ) {
        guard let program = limited(program, card), let settings = BehaviouralSourceCard.Settings(card) else { return }
        if isVoltage {
            Behavioural.voltageSource(
                card, plus, minus, program, factor: settings.scale, smoothing: settings.smoothing)
        } else {
            let factor = settings.multiplier * settings.scale * card.multiplier
            Behavioural.currentSource(card, plus, minus, program, factor: factor)
        }
    }

    /// HSPICE's `max=` and `min=`.
    private static func limited(_ program: DeferredProgram, _ card: ElementCard) -> DeferredProgram? {
        var program = program
        for (key, function) in [("max", "min"), ("min", "max")] {
            guard let token = card.take(key: key) else { continue }
            guard let value = card.evaluate(token, key) else { return nil }
            program.expression = .call(function, [program.expression, .number(value, token.range)], token.range)
        }
        return program
    }

    /// LTspice's `nc+ nc- table=(x y, …)`.
    private static func tableOfVoltage(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ points: Token, _ isVoltage: Bool
    ) {
        guard let p = card.nextField(), let m = card.nextField() else { return }
        let probe = Probe(kind: .voltage, arguments: [card.text(p.value), card.text(m.value)])
        let range = points.range
        var arguments: [Expression] = [.probe(probe, p.value.range)]
        for token in card.words(in: range) {
            guard let value = card.evaluate(token, "point of the table") else { return }
            arguments.append(.number(value, range))
        }
        guard arguments.count >= 3, arguments.count % 2 == 1 else {
            card.error("the points of \(card.name)'s table must be pairs of x and y", at: points)
            return
        }
        add(
            card, plus, minus, DeferredProgram(expression: .call("table", arguments, range), scope: card.scope),
            isVoltage)
    }

    private static func table(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ token: Token, _ isVoltage: Bool
    ) {
        guard let at = card.program(token) else { return }
        var arguments = [at.expression]
        while let field = card.nextField() {
            guard let value = card.evaluate(field.value, "point of the table") else { return }
            arguments.append(.number(value, field.value.range))
        }
        guard arguments.count >= 3, arguments.count % 2 == 1 else {
            card.error("the points of \(card.name)'s table must be pairs of x and y", at: token)
            return
        }
        let call = Expression.call("table", arguments, token.range)
        add(card, plus, minus, DeferredProgram(expression: call, scope: at.scope), isVoltage)
    }

    /// `POLY(n) controls… p0 p1 …`: the coefficients in SPICE's order, all terms of total degree 0, 1, 2, … each degree
    /// with the exponents of earlier controls falling first (x², xy, xz, y², yz, z²); in the Xyce dialect with xy and yx
    /// apart.
    private static func polynomial(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, isVoltage: Bool, isCurrentControlled: Bool
    ) {
        guard let number = card.value("number of POLY's controls") else { return }
        guard number >= 1, number <= 1000, number == number.rounded() else {
            card.error("POLY needs a whole number of controls, not \(number)")
            return
        }
        let count = Int(number)
        var controls: [Expression] = []
        let range = card.identity.range
        for index in 1...count {
            if isCurrentControlled {
                guard let field = card.nextField() else {
                    card.error("POLY(\(count)) of \(card.name) has no control \(index)")
                    return
                }
                controls.append(
                    .probe(Probe(kind: .current, arguments: [card.text(field.value)]), field.value.range))
            } else {
                guard let p = card.nextField(), let m = card.nextField() else {
                    card.error("POLY(\(count)) of \(card.name) has no control \(index)")
                    return
                }
                controls.append(
                    .probe(
                        Probe(kind: .voltage, arguments: [card.text(p.value), card.text(m.value)]), p.value.range))
            }
        }
        var coefficients: [Double] = []
        while let field = card.nextField() {
            guard let value = card.evaluate(field.value, "coefficient of POLY") else { return }
            coefficients.append(value)
        }
        guard !coefficients.isEmpty else {
            card.error("POLY(\(count)) of \(card.name) has no coefficients")
            return
        }
        let arguments = [.number(number, range)] + controls + coefficients.map { Expression.number($0, range) }
        let polynomial = Expression.call("poly", arguments, range)
        add(card, plus, minus, DeferredProgram(expression: polynomial, scope: card.scope), isVoltage)
    }

    private static func addProduct(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ gain: Double, _ control: Expression, _ isVoltage: Bool
    ) {
        let product = Expression.binary(.multiply, control, .number(gain, control.range), control.range)
        add(card, plus, minus, DeferredProgram(expression: product, scope: card.scope), isVoltage)
    }

    private static func linear(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, isVoltage: Bool, isCurrentControlled: Bool
    ) {
        if isCurrentControlled {
            guard let control = card.nextField() else {
                card.error("\(card.name) names no controlling source", hint: "write `\(card.name) n+ n- v1 gain`")
                return
            }
            if card.gives("max") || card.gives("min") {
                guard let gain = card.value("gain") else { return }
                let current = Probe(kind: .current, arguments: [card.text(control.value)])
                return addProduct(card, plus, minus, gain, .probe(current, control.value.range), isVoltage)
            }
            guard let gain = card.value("gain"), let m = multiplier(card) else { return }
            let own = isVoltage ? card.builder.branch(card.name) : 0
            let identity = card.identity
            let name = card.text(control.value)
            card.whenComplete { card in
                guard let branch = card.branch(of: name, at: control.value) else { return }
                if isVoltage {
                    card.builder.add(
                        CurrentControlledVoltageSource(transresistance: gain), [plus, minus, branch, own],
                        identity: identity)
                } else {
                    card.builder.add(
                        CurrentControlledCurrentSource(gain: gain * m), [plus, minus, branch], identity: identity)
                }
            }
            return
        }
        if card.gives("max") || card.gives("min") {
            guard let p = card.nextField(), let m = card.nextField(), let gain = card.value("gain") else {
                card.error("\(card.name) has no gain")
                return
            }
            let voltage = Probe(kind: .voltage, arguments: [card.text(p.value), card.text(m.value)])
            return addProduct(card, plus, minus, gain, .probe(voltage, p.value.range), isVoltage)
        }
        guard let controlPlus = card.node("nc+"), let controlMinus = card.node("nc-") else { return }
        if let field = card.peekField(), card.dependsOnSolution(field.value) {
            // A gain that varies: gain·v(nc+, nc-) as an expression.
            _ = card.nextField()
            guard let gain = card.program(field.value), let m = multiplier(card) else { return }
            Behavioural.scaled(
                card, plus, minus, gain, by: (controlPlus, controlMinus), isVoltage: isVoltage, factor: m)
            return
        }
        guard let gain = card.value("gain"), let m = multiplier(card) else { return }
        if isVoltage {
            let branch = card.builder.branch(card.name)
            card.builder.add(
                VoltageControlledVoltageSource(gain: gain), [plus, minus, controlPlus, controlMinus, branch],
                identity: card.identity)
        } else {
            card.builder.add(
                VoltageControlledCurrentSource(transconductance: gain * m), [plus, minus, controlPlus, controlMinus],
                identity: card.identity)
        }
    }
}

/// The terms of a polynomial in SPICE's order: each as the list of its variables, with repetition, never falling. Xyce
/// counts 01 and 10 as two terms.
struct PolynomialTerms {
    private let variables: Int
    private let isOrdered: Bool
    private var current: [Int] = []

    init(variables: Int, dialect: Dialect) {
        self.variables = variables
        isOrdered = dialect.polynomialTermsAreOrdered
    }

    /// The next term after the constant: 0, 1, …, n−1, 00, 01, …, 0(n−1), 11 (in Xyce: 10, 11), …
    mutating func next() -> [Int] {
        var place = current.count - 1
        while place >= 0, current[place] == variables - 1 { place -= 1 }
        if place < 0 {
            current = [Int](repeating: 0, count: current.count + 1)
        } else {
            let value = current[place] + 1
            current[place] = value
            for index in (place + 1)..<current.count { current[index] = isOrdered ? value : 0 }
        }
        return current
    }
}
