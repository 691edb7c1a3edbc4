import Glibc
import SpiceNetlist

/// The card of a uniformly distributed RC line, made of lumps that grow towards its middle in the ratio k.
///
///     n1 ─ r ─┬─ kr ─┬─ … ─┬─ kr ─┬─ r ─ n2          r = R (k − 1)/(2 kᴺ − 2)
///             c      kc    kc     c                  c = C (k − 1)/(kᴺ⁻¹ (k + 1) − 2)
///             └──────┴─ n3 ┴──────┘
///
/// R and C are those of the whole line, N the number of lumps from either end: as many as hold fmax, where the card
/// does not say (L. S. Gertzberg's proposal; SPICE3 Version 3f5 User's Manual, "Uniform Distributed RC Lines"). With a
/// saturation current per length the capacitors are reverse-biased diodes.
enum DistributedLineCard: ElementKind {
    static let description = ElementDescription(
        letter: "u", name: "distributed RC line",
        syntax: "Uname n1 n2 n3 model l= [n=]",
        summary: """
            Uniformly distributed RC line between n1 and n2 with its capacitance to n3, made of resistors and \
            capacitors (or diodes) that grow towards the middle.
            """,
        example: """
            A polysilicon wire: resistance and capacitance spread over its length
            v1 a 0 pulse(0 1 1n 0.1n 0.1n 1 2)
            u1 a b 0 poly l=2m
            .model poly urc(rperl=1meg cperl=100p fmax=1g k=1.5)
            .tran 50p 10n
            .print tran v(a) v(b)
            .meas tran half trig v(a) val=0.5 rise=1 targ v(b) val=0.5 rise=1
            .end
            """,
        modelTypes: ["urc"], instanceParameters: Instance.table, modelParameters: Model.table)

    enum Instance: Int, ParameterKey {
        case l, n, m

        var parameter: Parameter {
            switch self {
            case .l: Parameter("l", unit: "m", default: nil, .positive, "length")
            case .n: Parameter("n", unit: "-", default: nil, .closed(1, 1000), "lumps from either end to the middle")
            case .m: Parameter("m", unit: "-", default: 1, .positive, "lines in parallel")
            }
        }
    }

    enum Model: Int, ParameterKey {
        case k, fmax, rperl, cperl, isperl, rsperl, level

        var parameter: Parameter {
            switch self {
            case .k:
                Parameter("k", unit: "-", default: 1.5, .open(1, .infinity), "ratio of one lump to the one before")
            case .fmax: Parameter("fmax", unit: "Hz", default: 1e9, .positive, "largest frequency of interest")
            case .rperl: Parameter("rperl", unit: "Ω/m", default: 1000, .positive, "resistance per length")
            case .cperl: Parameter("cperl", unit: "F/m", default: 1e-12, .positive, "capacitance per length")
            case .isperl:
                Parameter(
                    "isperl", unit: "A/m", default: nil, .positive,
                    "saturation current per length, makes diodes of capacitors")
            case .rsperl: Parameter("rsperl", unit: "Ω/m", default: 0, .nonNegative, "diode resistance per length")
            case .level: Parameter("level", unit: Parameter.choice, default: 1, .any, "model selector, of no effect")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        guard let first = card.node("first node"), let last = card.node("second node"),
            let ground = card.node("node of its capacitance"), let model = card.model(["urc"]),
            let instance = card.parameters(Instance.self)
        else { return }
        guard instance.isGiven(.l) else {
            card.error("\(card.name) has no length", hint: "give it with l=")
            return
        }
        let values = model.values(Model.self)
        let ratio = values[.k]
        let resistance = values[.rperl] * instance[.l]
        let capacitance = values[.cperl] * instance[.l]
        let count =
            instance.isGiven(.n)
            ? Int(instance[.n]) : lumps(ratio: ratio, product: values[.fmax] * resistance * capacitance)
        let parallel = instance[.m] * card.multiplier
        let growth = Glibc.pow(ratio, Double(count))
        let firstResistance = resistance * (ratio - 1) / (2 * growth - 2)
        let share = (ratio - 1) / (growth / ratio * (ratio + 1) - 2)
        guard growth.isFinite else {
            card.error("the lumps of \(card.name) grow beyond all numbers", hint: "give it fewer with n=")
            return
        }
        let lump = Lump(
            capacitance: capacitance * share,
            saturation: values.isGiven(.isperl) ? values[.isperl] * instance[.l] * share : nil,
            seriesResistance: instance[.l] * Double(count) * values[.rsperl])
        var factor = 1.0
        var low = first
        var high = last
        for index in 1...count {
            let nextHigh = card.builder.internalNode(card.name, "hi\(index)")
            let nextLow = index == count ? nextHigh : card.builder.internalNode(card.name, "lo\(index)")
            let conductance = parallel / (firstResistance * factor)
            add(card, "rlo\(index)", low, nextLow, conductance)
            add(card, "rhi\(index)", nextHigh, high, conductance)
            lump.add(to: card, "lo\(index)", nextLow, ground, factor, parallel)
            if index < count { lump.add(to: card, "hi\(index)", nextHigh, ground, factor, parallel) }
            factor *= ratio
            low = nextLow
            high = nextHigh
        }
    }

    /// As many lumps as hold the largest frequency, 3 at least.
    private static func lumps(ratio: Double, product: Double) -> Int {
        let normalised = 2 * Double.pi * product
        guard normalised >= 35 else { return 3 }
        let share = (ratio - 1) / ratio
        return Int(min(max(3, Glibc.log(normalised * share * share) / Glibc.log(ratio)), 1000))
    }

    private static func add(
        _ card: ElementCard, _ part: String, _ plus: Int32, _ minus: Int32, _ conductance: Double
    ) {
        card.builder.add(
            Resistor(conductance: conductance, temperature: card.options.temperature), [plus, minus],
            identity: identity(card, part))
    }

    /// The parts are elements of their own, `u1#rlo1`.
    private static func identity(_ card: ElementCard, _ part: String) -> ElementIdentity {
        ElementIdentity(
            name: card.builder.directory.names.intern("\(card.name)#\(part)"), range: card.identity.range)
    }

    /// The capacitance of the first lump [F], or the diode that takes its place.
    private struct Lump {
        var capacitance: Double
        /// [A]
        var saturation: Double?
        /// [Ω]
        var seriesResistance: Double

        func add(
            to card: ElementCard, _ part: String, _ node: Int32, _ ground: Int32, _ factor: Double, _ parallel: Double
        ) {
            guard let saturation else {
                card.builder.add(
                    Capacitor(capacitance: capacitance * factor * parallel), [node, ground],
                    identity: DistributedLineCard.identity(card, "c" + part))
                return
            }
            var model = ParameterValues<Diode.Model>()
            model[.is] = saturation
            model[.cjo] = capacitance
            model[.rs] = seriesResistance
            model[.area] = factor
            let diode = Diode(
                model: model, temperature: card.options.temperature, nominal: card.options.nominalTemperature,
                multiplier: parallel)
            let inner =
                diode.seriesConductance == 0 ? node : card.builder.internalNode(card.name, "d\(part)")
            card.builder.add(
                diode, [node, ground, inner], identity: DistributedLineCard.identity(card, "d" + part))
        }
    }
}
