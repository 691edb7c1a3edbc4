import SpiceNetlist

extension MutualInductance: ElementKind {
    static let description = ElementDescription(
        letter: "k", name: "mutual inductance", syntax: "Kname L1 L2 [L3 …] k|[k=]",
        summary: """
            Couples two or more inductors, each with each other, by M = k √(L1 L2). The current flows into the first \
            node of each inductor, where its dot is.
            """,
        example: """
            A transformer of ten to one
            v1 in 0 sin(0 10 1k)
            r1 in p 1
            l1 p 0 100m
            l2 s 0 1m
            k1 l1 l2 0.999
            r2 s 0 8
            .tran 10u 3m
            .print tran v(p) v(s) i(l1) i(l2)
            .end
            """,
        instanceParameters: Instance.table, outputs: outputs)

    enum Instance: Int, ParameterKey {
        case k

        var parameter: Parameter {
            switch self {
            case .k: Parameter("k", "coupling", unit: "-", default: nil, .closed(-1, 1), "coupling coefficient")
            }
        }
    }

    static func elaborate(_ card: ElementCard) {
        var names: [Token] = []
        while let field = card.peekField() {
            // The first field is a name even where a parameter has the same name.
            if !names.isEmpty, card.nextIsValue { break }
            _ = card.nextField()
            names.append(field.value)
        }
        var value: Double?
        let place = card.peekField()?.value ?? card.field("k") ?? card.field("coupling")
        if card.peekField() != nil {
            guard let given = card.value("coupling coefficient") else { return }
            value = given
        }
        if card.peekField() != nil { return MagneticCore.elaborate(card, windings: names, coefficient: value) }
        guard let instance = card.parameters(Instance.self) else { return }
        guard let coefficient = instance.ifGiven(.k) ?? value else {
            card.error(
                "\(card.name) has no coupling coefficient", hint: "write a number from -1 to 1 behind the inductors")
            return
        }
        guard coefficient.magnitude <= 1 else {
            card.error(
                "the coupling coefficient of \(card.name) is \(coefficient)", at: place,
                hint: "it can't be larger than 1: no transformer passes on more flux than there is")
            return
        }
        guard names.count >= 2 else {
            card.error("\(card.name) couples fewer than two inductors", hint: "the card reads \(description.syntax)")
            return
        }
        let identity = card.identity
        card.whenComplete { card in
            guard let pairs = couple(names, coefficient, card) else { return }
            var isFirst = false
            card.builder.add(to: Elements.self, identity: identity, make: { Elements() }) { elements in
                isFirst = elements.couplings.isEmpty
                elements.couplings.append(MutualInductance(coefficient: coefficient, pairs: pairs))
                elements.identities.append(identity)
            }
            // Behind all other couplings, which stand in the queue already.
            if isFirst { card.whenComplete(checkPassivity) }
        }
    }

    /// All pairs of the named inductors.
    private static func couple(_ names: [Token], _ coefficient: Double, _ card: ElementCard) -> [Pair]? {
        guard let inductors = inductors(names, card) else { return nil }
        var windings: [(branch: Int32, inductance: Double)] = []
        for (inductor, reference, branch) in inductors {
            if case .core = inductor.coupling {
                card.error(
                    "\(card.name) couples an inductor that is a winding on a core",
                    hint: "name all the windings of a core on its own K card, and them only")
                return nil
            }
            card.builder.update(DevicePopulation<Inductor>.self, at: reference) {
                $0.devices[Int(reference.index)].coupling = .mutual
            }
            windings.append((branch, inductor.inductance))
        }
        var pairs: [Pair] = []
        for (index, one) in windings.enumerated() {
            for other in windings[..<index] {
                let square = one.inductance * other.inductance
                guard square >= 0 else {
                    card.error("\(card.name) couples a positive to a negative inductance")
                    return nil
                }
                pairs.append(
                    Pair(first: other.branch, second: one.branch, mutual: coefficient * square.squareRoot()))
            }
        }
        return pairs
    }

    /// The inductors of these names with their branches; nil where a mistake was reported.
    static func inductors(
        _ names: [Token], _ card: ElementCard
    ) -> [(inductor: Inductor, reference: ElementReference, branch: Int32)]? {
        var found: [(inductor: Inductor, reference: ElementReference, branch: Int32)] = []
        for token in names {
            let name = card.text(token)
            guard let reference = card.element(named: name, at: token) else { return nil }
            guard let inductors = card.builder.population(Int(reference.population)) as? DevicePopulation<Inductor>
            else {
                card.error(
                    "\(card.name) couples '\(name)', which is not an inductor of constant value", at: token)
                return nil
            }
            guard !found.contains(where: { $0.reference == reference }) else {
                card.error("\(card.name) couples '\(name)' to itself", at: token)
                return nil
            }
            let index = Int(reference.index)
            found.append((inductors.devices[index], reference, inductors.unknown(Inductor.branch, of: index)))
        }
        return found
    }

    private static func checkPassivity(_ card: ElementCard) {
        guard let reference = card.builder.directory.find(card.name),
            let elements = card.builder.population(Int(reference.population)) as? Elements
        else { return }
        for set in elements.activeSets() {
            let names = set.map { card.builder.directory.names.name(of: elements.identities[$0].name) }
            let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
            // The true solution grows by a factor of e every |λ| L/R, λ being the negative eigenvalue of the coefficients:
            // long steps of the integration hide that, short ones show it.
            card.warning(
                "the couplings of \(shown) contradict each other: together they give energy away",
                hint: "inductors that couple strongly to the same one couple strongly to each other: give all pairs a "
                    + "coefficient, or name all inductors on one K card")
        }
    }
}
