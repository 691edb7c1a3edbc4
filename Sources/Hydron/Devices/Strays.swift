import SpiceNetlist

/// Losses and strays that LTspice writes on the card of another element. They become elements of their own around it,
/// with thermal noise and names such as `c1#rser`:
///
///     n+ ─┬─ Rser ── Lser ∥ RLshunt ── element ─┬─ n-
///         ├─────────────── Rpar ────────────────┤
///         └─────────────── Cpar ────────────────┘
///
/// LTspice's help, "C. Capacitor", "L. Inductor" and "V. Voltage Source". A value of 0 stands for none, as in its catalogue.
struct Strays {
    /// [Ω]
    var seriesResistance = 0.0
    /// [H]
    var seriesInductance = 0.0
    /// Across the series inductance [Ω].
    var inductanceShunt = 0.0
    /// [Ω]
    var parallelResistance = 0.0
    /// [F]
    var parallelCapacitance = 0.0

    /// Adds what there is for `multiplier` elements in parallel and returns the node at which the element itself begins.
    func add(to card: ElementCard, _ plus: Int32, _ minus: Int32, multiplier: Double) -> Int32 {
        let count = multiplier * card.multiplier
        guard count > 0 else { return plus }
        if parallelResistance > 0 {
            addResistor(card, "rpar", plus, minus, parallelResistance / count)
        }
        if parallelCapacitance > 0 {
            card.builder.add(
                Capacitor(capacitance: parallelCapacitance * count), plus, minus, identity: card.helper("cpar"))
        }
        var inner = plus
        if seriesResistance > 0 {
            let node = card.builder.internalNode(card.name, "rser")
            addResistor(card, "rser", inner, node, seriesResistance / count)
            inner = node
        }
        if seriesInductance > 0 {
            let node = card.builder.internalNode(card.name, "lser")
            let branch = card.builder.branch(card.name, "lser#branch")
            card.builder.add(
                Inductor(inductance: seriesInductance / count), [inner, node, branch], identity: card.helper("lser"))
            if inductanceShunt > 0 { addResistor(card, "rlshunt", inner, node, inductanceShunt / count) }
            inner = node
        }
        return inner
    }

    private func addResistor(_ card: ElementCard, _ suffix: String, _ a: Int32, _ b: Int32, _ resistance: Double) {
        card.builder.add(
            Resistor(conductance: 1 / resistance, temperature: card.options.temperature), a, b,
            identity: card.helper(suffix))
    }
}

extension ElementCard {
    /// Takes what LTspice's catalogues of parts write on cards and nothing computes with: ratings, makers, part numbers.
    func dropCatalogueData(_ keys: String...) {
        guard dialect.cardsHoldCatalogueData else { return }
        for key in keys + ["mfg", "pn", "type"] { _ = take(key: key) }
    }
}
