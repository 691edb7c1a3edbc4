import SpiceNetlist

/// The card of a line without losses.
enum TransmissionLineCard: ElementKind {
    static let description = ElementDescription(
        letter: "t", name: "transmission line without losses",
        syntax: "Tname n1+ n1- n2+ n2- z0= td=|f= [nl=] [ic=v1,i1,v2,i2]",
        summary: """
            Ideal line between two ports, by its delay or by its length in waves at a frequency. In direct current it is \
            a wire. Corners arrive as corners, each at its time.
            """,
        example: """
            A pulse into an open cable of 5 ns comes back
            v1 in 0 pulse(0 1 1n 0.1n 0.1n 2n 100n)
            r1 in a 50
            t1 a 0 b 0 z0=50 td=5n
            r2 b 0 1meg
            .tran 0.1n 20n
            .print tran v(a) v(b)
            .end
            """,
        instanceParameters: Instance.table, outputs: TransmissionLine.outputs)

    enum Instance: Int, ParameterKey {
        case z0, td, f, nl, ic, rel, abs, len, r, l, g, c

        var parameter: Parameter {
            switch self {
            case .z0: Parameter("z0", "zo", unit: "Ω", default: nil, .positive, "impedance")
            case .td: Parameter("td", unit: "s", default: nil, .positive, "delay, else nl/f")
            case .f: Parameter("f", unit: "Hz", default: nil, .positive, "frequency at which nl is measured")
            case .nl: Parameter("nl", unit: "-", default: 0.25, .positive, "length in waves at the frequency f")
            case .ic:
                Parameter(
                    "ic", unit: "V, A", default: nil, .any, "v1, i1, v2, i2 from which a transient with 'uic' starts")
            case .len:
                Parameter("len", unit: "m", default: nil, .positive, "length of a line that r, l, g and c describe")
            case .r: Parameter("r", unit: "Ω/m", default: 0, .nonNegative, "resistance per length (PSpice)")
            case .l: Parameter("l", unit: "H/m", default: 0, .nonNegative, "inductance per length")
            case .g: Parameter("g", unit: "S/m", default: 0, .nonNegative, "conductance per length")
            case .c: Parameter("c", unit: "F/m", default: 0, .nonNegative, "capacitance per length")
            case .rel:
                Parameter("rel", unit: "-", default: 1, .any, "when SPICE sets breakpoints, of no effect here")
            case .abs:
                Parameter("abs", unit: "-", default: 1, .any, "when SPICE sets breakpoints, of no effect here")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let nodes = ports(card) else { return }
        let initial = card.takeList(key: "ic", limit: 4)
        guard let instance = card.parameters(Instance.self) else { return }
        if instance.isGiven(.len) {
            let parts = LossyLineCard.Constants(
                r: instance[.r], l: instance[.l], g: instance[.g], c: instance[.c], length: instance[.len])
            return LossyLineCard.add(card, nodes, parts, initial)
        }
        guard instance.isGiven(.z0) else {
            card.error("\(card.name) has no impedance", hint: "give it with z0=")
            return
        }
        guard instance.isGiven(.td) || instance.isGiven(.f) else {
            card.error(
                "\(card.name) has no length", hint: "give its delay with td=, or its length in waves with f= and nl=")
            return
        }
        var line = TransmissionLine(
            impedance: instance[.z0] / card.multiplier,
            delay: instance.isGiven(.td) ? instance[.td] : instance[.nl] / instance[.f])
        line.setInitial(initial)
        line.add(to: card, nodes)
    }

    /// The four nodes of a line's two ports.
    static func ports(_ card: ElementCard) -> [Int32]? {
        guard let first = card.node("first node of port 1"), let second = card.node("second node of port 1"),
            let third = card.node("first node of port 2"), let fourth = card.node("second node of port 2")
        else { return nil }
        if first == second || third == fourth {
            card.warnOnce("a port of \(card.name) has one node twice: it is short", hint: "connect it elsewhere")
        }
        return [first, second, third, fourth]
    }
}

extension TransmissionLine {
    /// Takes over what `ic=` lists: v₁, i₁, v₂, i₂. What it leaves out at the end is 0.
    mutating func setInitial(_ values: [Double]?) {
        guard let values, !values.isEmpty else { return }
        initial = .zero
        for (lane, value) in values.enumerated() { initial[lane] = value }
    }
}
