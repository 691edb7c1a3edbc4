import SpiceNetlist

/// S: a switch that a voltage controls.
enum VoltageSwitch: ElementKind {
    static let description = ElementDescription(
        letter: "s", name: "voltage-controlled switch", syntax: "Sname n+ n- nc+ nc- model [on|off] [control={expr}]",
        summary: "Switch that the voltage v(nc+, nc-), or an expression, turns on and off.",
        example: """
            A switch with hysteresis: on above 3 V, off below 2 V
            v1 in 0 5
            vc ctl 0 sin(2.5 2 1k)
            s1 in out ctl 0 sx
            r1 out 0 1k
            .model sx sw(vt=2.5 vh=0.5 ron=1 roff=1meg)
            .tran 10u 2m
            .print tran v(ctl) v(out) @s1[r]
            .end
            """,
        modelTypes: SwitchCard.voltageTypes, instanceParameters: SwitchCard.Instance.table,
        modelParameters: SwitchCard.Model.table, outputs: SwitchOutput.table)

    static func elaborate(_ card: ElementCard) {
        guard let plus = card.node("node n+"), let minus = card.node("node n-") else { return }
        if let token = card.take(key: "control") {
            SwitchCard.elaborate(card, plus, minus, control: token)
            return
        }
        guard let first = card.node("control node nc+"), let second = card.node("control node nc-"),
            let fields = SwitchCard(card, types: SwitchCard.voltageTypes)
        else { return }
        fields.add(to: card, [plus, minus, first, second])
    }
}

/// W: a switch that the current of a voltage source controls.
enum CurrentSwitch: ElementKind {
    static let description = ElementDescription(
        letter: "w", name: "current-controlled switch", syntax: "Wname n+ n- vname model [on|off] [control={expr}]",
        summary: "Switch that the current of an element with a current of its own turns on and off.",
        example: """
            A relay: 5 mA through the coil close it
            v1 in 0 pulse(0 10 1m 1u 1u 3m 10m)
            vcoil in a 0
            l1 a b 0.5
            r1 b 0 1k
            v2 load 0 24
            w1 load out vcoil relay
            r2 out 0 100
            .model relay csw(it=4m ih=1m ron=10m roff=10meg)
            .tran 10u 6m
            .print tran i(vcoil) v(out)
            .end
            """,
        modelTypes: SwitchCard.currentTypes, instanceParameters: SwitchCard.Instance.table,
        modelParameters: SwitchCard.Model.table, outputs: SwitchOutput.table)

    static func elaborate(_ card: ElementCard) {
        guard let plus = card.node("node n+"), let minus = card.node("node n-") else { return }
        if let token = card.take(key: "control") {
            SwitchCard.elaborate(card, plus, minus, control: token)
            return
        }
        guard let field = card.nextField() else {
            card.error("\(card.name) names no controlling source", hint: "write `\(card.name) n+ n- vname model`")
            return
        }
        let name = card.text(field.value)
        guard let fields = SwitchCard(card, types: SwitchCard.currentTypes) else { return }
        card.whenComplete { card in
            guard let branch = card.branch(of: name, at: field.value) else { return }
            fields.add(to: card, [plus, minus, branch, 0])
        }
    }
}

/// What the cards of both switches have in common.
struct SwitchCard {
    static let voltageTypes = ["sw", "vswitch", "switch"]
    static let currentTypes = ["csw", "iswitch", "switch"]

    var model: ParameterValues<Model>
    var instance: ParameterValues<Instance>
    private var isSmooth: Bool
    private var isCurrent: Bool

    enum Instance: Int, ParameterKey {
        case on, off, m

        var parameter: Parameter {
            switch self {
            case .on:
                Parameter("on", unit: "-", default: 0, .closed(0, 1), "starts on, where hysteresis leaves it open")
            case .off:
                Parameter(
                    "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                    "starts off, where hysteresis leaves it open")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "switches in parallel")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case ron, roff, threshold, hysteresis, on, off

        var parameter: Parameter {
            switch self {
            case .ron: Parameter("ron", unit: "Ω", default: 1, .positive, "resistance when on")
            case .roff:
                Parameter("roff", unit: "Ω", default: 1e12, .positive, "resistance when off (1 MΩ with von and voff)")
            case .threshold: Parameter("vt", "it", unit: "V or A", default: 0, .any, "threshold of the control")
            case .hysteresis:
                Parameter("vh", "ih", unit: "V or A", default: 0, .any, "half of the control's hysteresis")
            case .on:
                Parameter("von", "ion", "on", unit: "V or A", default: nil, .any, "control at which the switch is on")
            case .off:
                Parameter(
                    "voff", "ioff", "off", unit: "V or A", default: nil, .any, "control at which the switch is off")
            }
        }
    }

    init?(_ card: ElementCard, types: [String]) {
        guard let found = card.model(types), let instance = card.parameters(Instance.self, flags: ["on", "off"]) else {
            return nil
        }
        model = found.values(Model.self)
        self.instance = instance
        isSmooth =
            model.isGiven(.on) || model.isGiven(.off)
            || !(model.isGiven(.threshold) || model.isGiven(.hysteresis))
                && (found.type == "vswitch" || found.type == "iswitch" || found.type == "switch")
        isCurrent = found.type == "csw" || found.type == "iswitch"
        if isSmooth, on == off {
            card.error("model '\(found.name)' turns on and off at the same value", hint: "von and voff must differ")
            return nil
        }
    }

    private var on: Double { model.given(.on, else: isCurrent ? 1e-3 : 1) }
    private var off: Double { model.given(.off, else: 0) }
    private var smoothTransition: SwitchTransition {
        SwitchTransition(
            on: on, off: off, onResistance: model[.ron], offResistance: model.given(.roff, else: 1e6))
    }

    func add(to card: ElementCard, _ unknowns: [Int32]) {
        let multiplier = instance[.m] * card.multiplier
        if isSmooth {
            card.builder.add(
                SmoothSwitch(transition: smoothTransition, multiplier: multiplier), unknowns, identity: card.identity)
        } else {
            card.builder.add(
                HysteresisSwitch(
                    threshold: model[.threshold], hysteresis: model[.hysteresis], onResistance: model[.ron],
                    offResistance: model[.roff], startsOn: instance[.on] != 0, multiplier: multiplier),
                unknowns, identity: card.identity)
        }
    }

    /// `control={expr}`: an unknown of its own takes the expression's value.
    static func elaborate(_ card: ElementCard, _ plus: Int32, _ minus: Int32, control token: Token) {
        guard let fields = SwitchCard(card, types: voltageTypes + currentTypes), let program = card.program(token)
        else {
            return
        }
        let control = Behavioural.unknown(card, "control", program)
        fields.add(to: card, [plus, minus, control, 0])
    }
}
