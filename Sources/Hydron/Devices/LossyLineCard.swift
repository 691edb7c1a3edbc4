import SpiceNetlist

/// The card of a line with losses.
enum LossyLineCard: ElementKind {
    static let description = ElementDescription(
        letter: "o", name: "line with losses",
        syntax: "Oname n1+ n1- n2+ n2- model [ic=v1,i1,v2,i2]",
        summary: """
            Uniform line with series resistance and shunt conductance, by convolution with its impulse responses in \
            time and exact in small-signal analyses. Any of r, l, g and c may be absent where c comes with r or l.
            """,
        example: """
            A trace of 20 cm with its resistance
            v1 in 0 pulse(0 1 0.5n 0.1n 0.1n 5n 20n)
            r1 in a 50
            o1 a 0 b 0 trace
            r2 b 0 50
            .model trace ltra(r=10 l=350n c=140p len=0.2)
            .tran 50p 8n
            .print tran v(a) v(b)
            .end
            """,
        modelTypes: ["ltra"], instanceParameters: Instance.table, modelParameters: Model.table,
        outputs: TransmissionLine.outputs)

    enum Instance: Int, ParameterKey {
        case ic

        var parameter: Parameter {
            switch self {
            case .ic:
                Parameter(
                    "ic", unit: "V, A", default: nil, .any, "v1, i1, v2, i2 from which a transient with 'uic' starts")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case r, l, g, c, len
        case rel, abs, compactrel, compactabs
        case steplimit, nosteplimit, nocontrol, complexstepcontrol, truncnr, truncdontcut
        case lininterp, quadinterp, mixedinterp, outputinterpmode, level

        var parameter: Parameter {
            switch self {
            case .r: Parameter("r", unit: "Ω/m", default: 0, .nonNegative, "resistance per length")
            case .l: Parameter("l", unit: "H/m", default: 0, .nonNegative, "inductance per length")
            case .g: Parameter("g", unit: "S/m", default: 0, .nonNegative, "conductance per length")
            case .c: Parameter("c", unit: "F/m", default: 0, .nonNegative, "capacitance per length")
            case .len: Parameter("len", "length", unit: "m", default: nil, .nonNegative, "length")
            case .rel: Self.control("rel")
            case .abs: Self.control("abs")
            case .compactrel: Self.control("compactrel")
            case .compactabs: Self.control("compactabs")
            case .steplimit: Self.control("steplimit")
            case .nosteplimit: Self.control("nosteplimit")
            case .nocontrol: Self.control("nocontrol")
            case .complexstepcontrol: Self.control("complexstepcontrol")
            case .truncnr: Self.control("truncnr")
            case .truncdontcut: Self.control("truncdontcut")
            case .lininterp: Self.control("lininterp")
            case .quadinterp: Self.control("quadinterp")
            case .mixedinterp: Self.control("mixedinterp")
            case .outputinterpmode: Self.control("outputinterpmode")
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .any, "model selector, of no effect")
            }
        }

        /// Steps and what is kept of the past follow reltol here.
        private static func control(_ name: String) -> Parameter {
            Parameter(name, unit: "-", default: 0, .any, "step control of other simulators, of no effect here")
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let nodes = TransmissionLineCard.ports(card), let model = card.model(["ltra"]) else { return }
        let initial = card.takeList(key: "ic", limit: 4)
        guard card.parameters(Instance.self) != nil else { return }
        let values = model.values(Model.self)
        guard values.isGiven(.len) else {
            card.error("model '\(model.name)' gives no length", hint: "give it with len=")
            return
        }
        let parts = Constants(
            r: values[.r], l: values[.l], g: values[.g], c: values[.c], length: values[.len])
        add(card, nodes, parts, initial)
    }

    /// What a line has per metre, and its length [m].
    struct Constants {
        var r, l, g, c, length: Double
    }

    static func add(_ card: ElementCard, _ nodes: [Int32], _ parts: Constants, _ initial: [Double]?) {
        var line = TransmissionLine()
        line.resistance = parts.r * parts.length / card.multiplier
        line.inductance = parts.l * parts.length / card.multiplier
        line.conductance = parts.g * parts.length * card.multiplier
        line.capacitance = parts.c * parts.length * card.multiplier
        let isReactive = line.inductance > 0 || line.capacitance > 0
        let travels = line.capacitance > 0 && (line.resistance > 0 || line.inductance > 0)
        guard !isReactive || travels, line.conductance == 0 || line.resistance > 0 else {
            let given = [("r", parts.r), ("l", parts.l), ("g", parts.g), ("c", parts.c)].filter { $0.1 > 0 }.map(\.0)
            card.error(
                "the line \(card.name) has \(given.joined(separator: " and ")) alone, which makes no wave",
                hint: line.conductance > 0
                    ? "a line with g needs its r as well"
                    : "write it as an element of its own, or give l and c, or r and c"
            )
            return
        }
        line.setInitial(initial)
        line.add(to: card, nodes)
    }
}
