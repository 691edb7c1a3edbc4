import SpiceNetlist

/// The card of a MOSFET on insulator, and the elements that stand for it.
enum SOICard: ElementKind {
    static let description = ElementDescription(
        letter: "m", name: "MOSFET on insulator",
        syntax: "Mname drain gate source substrate [contact [body [temperature]]] model [l=] [w=] [nf=] [ad=] …",
        summary:
            "Silicon-on-insulator transistor BSIM-SOI 4, and BSIM3SOI 3.2 at levels 10 (Xyce), 57 (HSPICE) and 9 (LTspice): floating or contacted body, partly or fully depleted, with self-heating. Without a contact on the card the body floats. The model is the work of the BSIM group, University of California, Berkeley.",
        example: """
            The kink in the output curves of a floating body
            vd d 0 0
            vg g 0 1
            ve e 0 0
            m1 d g 0 e soi w=10u l=0.5u
            .model soi nmos(level=10 version=4.4 tox=4n tsi=80n tbox=200n nch=4e17 vth0=0.4 alpha0=2e-8 beta0=0
            + beta1=0 beta2=0.05 vdsatii0=0.9 isrec=1e-2 isdif=1e-6 isbjt=1e-6 nrecf0=2 sii0=0.5)
            .dc vd 0 2 0.05 vg 0.6 1.2 0.3
            .print dc i(vd) @m1[vbs] @m1[iii]
            .end
            """,
        modelTypes: ["nmos", "pmos"], instanceParameters: SOIInstance.table,
        modelParameters: SOIModelKey.table, outputs: SOIOutput.all)

    /// What ``ModelLevels`` calls these equations.
    static let number = 10
    private static let kind = "a MOSFET"
    private static let types = ["nmos", "pmos"]

    /// True where a card names a model of these equations behind four to seven nodes.
    static func isMeant(by card: ElementCard) -> Bool {
        for (place, word) in card.remainingWords where place > 3 && place < 8 {
            guard let model = card.scope.model(word) ?? card.scope.bins(of: word).first else { continue }
            guard types.contains(model.type), !model.isBroken else { return false }
            return ModelLevels.meaning(of: model.level, device: "m", in: card.dialect) == .here(number)
        }
        return false
    }

    static func elaborate(_ card: ElementCard) {
        var nodes: [Int32] = []
        for name in ["drain", "gate", "source", "substrate"] {
            guard let node = card.node(name) else { return }
            nodes.append(node)
        }
        var extra: [Int32] = []
        while extra.count < 3, !card.nextIsModel(types), !card.nextIsBinned {
            guard let node = card.node("body") else { return }
            extra.append(node)
        }
        guard let card = SOIElement(card, nodes, extra) else { return }
        card.add()
    }

    /// Length and width [m] as the card says, by which a bin of its model is chosen.
    static func size(_ card: ElementCard) -> (length: Double, width: Double) {
        func value(_ key: SOIInstance) -> Double {
            let standard = key.parameter.defaultValue ?? 0
            let name = key.parameter.name
            return (card.field(name).flatMap { card.evaluate($0, name) } ?? standard) * card.options[.scale]
        }
        return (value(.l), value(.w))
    }
}

extension ElementCard {
    /// True where the next positional field names a model in bins.
    fileprivate var nextIsBinned: Bool { nextWord.map { !scope.bins(of: $0).isEmpty } ?? false }
}

/// One card with its values.
private struct SOIElement {
    let card: ElementCard
    let instance: ParameterValues<SOIInstance>
    let model: SOIModelValues
    let core: SOICore
    let initial: [Double]
    /// [K]
    let temperature: Double
    /// drain, gate, source, substrate, and what stands behind them.
    let nodes: [Int32]
    let extra: [Int32]
    /// Transistors in parallel, and the same with what multiplies currents.
    let count, conducting: Double

    init?(_ card: ElementCard, _ nodes: [Int32], _ extra: [Int32]) {
        guard let modelCard = card.model(["nmos", "pmos"], size: { SOICard.size(card) }) else { return nil }
        let initial = card.takeList(key: "ic", limit: 5)
        guard let (own, values) = SOICard.values(card, modelCard) else { return nil }
        let standard = SOIVersion.standard(level: modelCard.level, in: card.dialect)
        let version = values.given(.version, else: standard)
        let release = SOIRelease(level: modelCard.level, dialect: card.dialect, version: version)
        if version >= 4 { _ = modelCard.shared { SOILaterParameters(modelCard, release, card) } }
        for key in [SOIInstance.multI, .multQ, .multFn] where own.isGiven(key) && !release.hasFactors {
            card.warning(
                "\(card.name) is of BSIM-SOI \(release.name), which has no parameter '\(key.parameter.name)': ignored",
                hint: "BSIM-SOI \(SOIRelease.v47.name) brought it")
        }
        let options = card.options
        temperature = card.temperature(given: own.isGiven(.temp) ? own[.temp] : nil, rise: own[.dtemp])
        let nominal =
            values.isGiven(.tnom) ? values[.tnom] + PhysicalConstants.zeroCelsius : options.nominalTemperature
        let model = SOIModelValues(
            values, isPChannel: modelCard.type == "pmos", release: release, version: version)
        if !SOIVersion.here.contains(version) {
            card.warnOnce(
                "model '\(modelCard.name)' is of version \(version.plain) of BSIM-SOI: it is taken by the equations of \(release.name)",
                hint: "currents and charges may differ from those that it was fitted to", at: modelCard.range)
        }
        let instance = own.completed(by: model)
        let scale = options[.scale]
        do throws(SOIMistake) {
            var core = try SOICore(
                model, instance, length: instance[.l] * scale, width: instance[.w] * scale, scale: scale,
                multiplier: card.multiplier, temperature: temperature, nominal: nominal)
            if core.laws.isVersion3, options[.b3soigminscaling] == 0 { core.gminShare = 1 }
            let hasTemperature = Self.hasTemperature(instance, extra)
            // Silicon of the other kind over the film lies at a contact, where there is one.
            if extra.count == (hasTemperature ? 1 : 0) { core.size.oppositeArea = 0 }
            self.core = core
        } catch {
            card.error("\(card.name) of model '\(modelCard.name)': \(error.message)", hint: error.hint)
            return nil
        }
        self.card = card
        self.instance = instance
        self.model = model
        self.initial = initial ?? []
        self.nodes = nodes
        self.extra = extra
        count = instance[.m] * card.multiplier
        conducting = core.multiple / core.size.fingers
    }

    /// A node of its own, named as the dialect does.
    private func internalNode(_ name: String) -> Int32 {
        let ofXyce = [
            "temperature": "t", "gate": "gi", "midgate": "gm", "sbody": "sb", "dbody": "db", "body": "b",
            "drain": "di", "source": "si", "noise": "n",
        ]
        let isXyce = card.dialect.name == "xyce"
        return card.builder.internalNode(card.name, isXyce ? ofXyce[name] ?? name : name)
    }

    private func resistor(_ suffix: String, _ a: Int32, _ b: Int32, _ conductance: Double, isNoisy: Bool = true) {
        card.builder.add(
            Resistor(conductance: conductance, temperature: isNoisy ? temperature : 0), a, b,
            identity: card.helper(suffix))
    }

    /// Resistance of the body from the channel to its contact [Ω], of all in parallel; 0 where model and card give none.
    private var bodyResistance: Double {
        let (under, outside, halo) = (model[.rbody], instance[.nrb] * model[.rbsh], model[.rhalo])
        var inner = 0.0
        if under > 0, halo > 0 {
            let factor = instance.given(.frbody, else: model[.frbody])
            let sheet = factor * under * halo / (2 * under + halo * core.size.length)
            inner = sheet * core.size.width / core.size.segments / core.size.fingers
        }
        return (inner < 1e-3 ? max(outside, 1e-3) : inner + outside) / conducting
    }

    /// Whether the last node is the temperature.
    private static func hasTemperature(_ instance: ParameterValues<SOIInstance>, _ extra: [Int32]) -> Bool {
        instance[.tnodeout] != 0 && !extra.isEmpty || extra.count == 3
    }

    func add() {
        let isFull = core.laws.isFullyDepleted
        let rth = instance.given(.rth0, else: model[.rth0])
        let heats = core.heats
        let hasTemperature = Self.hasTemperature(instance, extra)
        let contacts = hasTemperature ? Array(extra.dropLast()) : extra
        let hasBodyNodes = (instance.isGiven(.rbodymod) ? instance[.rbodymod] : model[.rbodymod]) == 1 && !isFull
        var heat: Int32 = 0
        if hasTemperature, let last = extra.last { heat = last }
        if heats {
            if !hasTemperature { heat = internalNode("temperature") }
            addHeat(heat, resistance: rth)
        } else if heat != 0 {
            // Nothing heats it: it stays at 0 K.
            resistor("rth", heat, 0, 1, isNoisy: false)
        }
        let drain = inner(nodes[0], "drain")
        let source = inner(nodes[2], "source")
        let body = isFull ? source : addBody(contacts)
        let gateLaw = instance.isGiven(.rgatemod) ? Int(instance[.rgatemod]) : model.choice(.rgatemod)
        var (gate, middle) = (nodes[1], nodes[1])
        if gateLaw > 0 {
            gate = internalNode("gate")
            middle = gateLaw == 1 ? gate : internalNode("midgate")
            resistor("rg", nodes[1], middle, gateConductance)
        }
        let plain = SOITransistor<Double>(core: core, heat: core.heat(temperature), temperature: temperature)
        let (ends, back) = (SIMD4(gate, body, heat, nodes[3]), plain.heat.backFlatBand)
        addAccess(outer: nodes[0], drain, ends, backFlatBand: back, isDrain: true)
        addAccess(outer: nodes[2], source, ends, backFlatBand: back, isDrain: false)

        let locals = [drain, gate, source, nodes[3], body]
        if gateLaw > 1 {
            card.builder.add(
                SOIGateAccess(transistor: plain), locals + [middle], identity: card.helper("rgc"))
        }
        if core.laws.thermalNoise == 3 {
            let common = internalNode("noise")
            resistor("corl", common, 0, 1, isNoisy: false)
            card.builder.add(
                SOICorrelation(transistor: plain, isHeated: heats), locals + [heats ? heat : 0, common, 0],
                identity: card.helper("corl"))
        }
        let hasOverlaps = gateLaw != 3
        if !hasOverlaps {
            card.builder.add(
                SOIOverlap(core: core), [middle, drain, source, nodes[3]], identity: card.helper("overlap"))
        }
        if card.dialect.conditionsHoldInOperatingPoint { holdConditions(nodes, body, contacts) }
        if core.gminShare == 1 {
            card.builder.add(SOIGateLeast(count: count), [gate, drain], identity: card.helper("gmin"))
        }
        if core.laws.tunnelsToBody, core.size.oppositeArea > 0, let contact = contacts.first {
            card.builder.add(
                SOIContactTunnelling(core: core, phi: plain.heat.phi, ratio: plain.heat.ratio), [gate, contact],
                identity: card.helper("igp"))
        }
        let floats = contacts.isEmpty && !isFull
        guard heats || hasBodyNodes else {
            let device = SOIPlainDevice(transistor: completed(plain, hasOverlaps, floats))
            return card.builder.add(device, locals, identity: card.identity)
        }
        var bodies = (source: body, drain: body)
        if hasBodyNodes {
            bodies.source = internalNode("sbody")
            bodies.drain = internalNode("dbody")
            resistor("rbsb", body, bodies.source, junctionConductance(.rbsb, .rbsb))
            resistor("rbdb", body, bodies.drain, junctionConductance(.rbdb, .rbdb))
        }
        typealias Warm = Dual<SIMD8<Double>>
        let warm = SOITransistor<Warm>(
            core: core, heat: core.heat(Warm(constant: temperature)), temperature: temperature, isHeated: heats)
        card.builder.add(
            SOINetworkDevice(transistor: completed(warm, hasOverlaps, floats)),
            locals + [heat, bodies.source, bodies.drain], identity: card.identity)
    }

    /// With what the card says of how it starts.
    private func completed<T: SOITemperature>(
        _ transistor: SOITransistor<T>, _ hasOverlaps: Bool, _ floats: Bool
    ) -> SOITransistor<T> {
        var transistor = transistor
        transistor.hasOverlaps = hasOverlaps
        transistor.isFloating = floats
        transistor.startsOff = instance[.off] != 0
        for (index, value) in initial.prefix(4).enumerated() { transistor.initialVoltages[index] = value }
        return transistor
    }

    /// What `ic=` gives of vds, vgs, vbs, ves and vps, in capacitors of no capacitance that the operating point holds.
    private func holdConditions(_ nodes: [Int32], _ body: Int32, _ contacts: [Int32]) {
        let ends = [nodes[0], nodes[1], body, nodes[3], contacts.first ?? 0]
        for (index, voltage) in initial.enumerated() where index < 4 || !contacts.isEmpty {
            guard ends[index] != nodes[2] else { continue }
            card.builder.add(
                Capacitor(capacitance: 0, initialVoltage: voltage), ends[index], nodes[2],
                identity: card.helper("ic\(index + 1)"))
        }
    }

    private func addHeat(_ node: Int32, resistance: Double) {
        let size = core.size
        let width = (size.width + model[.wth0]) * size.fingers / size.segments * count
        resistor("rth", node, 0, width / resistance, isNoisy: false)
        let capacitance = instance.given(.cth0, else: model[.cth0]) * width
        if capacitance > 0 {
            card.builder.add(Capacitor(capacitance: capacitance), node, 0, identity: card.helper("cth"))
        }
    }

    /// The body's node: inside, where the card connects no contact or a resistance lies before it.
    private func addBody(_ contacts: [Int32]) -> Int32 {
        guard let contact = contacts.first else { return internalNode("body") }
        let hasResistance = model[.rbody] != 0 || model[.rbsh] != 0
        if contacts.count > 1 {
            resistor("rb", contacts[1], contact, hasResistance ? 1 / bodyResistance : conducting)
            return contacts[1]
        }
        guard hasResistance else { return contact }
        let body = internalNode("body")
        resistor("rb", body, contact, 1 / bodyResistance)
        return body
    }

    private func junctionConductance(_ key: SOIInstance, _ parameter: SOIParameter) -> Double {
        let resistance = instance.given(key, else: model[parameter])
        return (resistance < 1e-3 ? 1e3 : model[.gbmin] + 1 / resistance) * conducting
    }

    /// Of the gate's electrode [S].
    private var gateConductance: Double {
        let size = core.size
        let contacts = instance.given(.ngcon, else: model[.ngcon])
        let reach = model[.xgw] + size.width / size.segments / 3 / contacts
        let across = contacts * size.fingers * (size.drawnLength - model[.xgl])
        let vertical = model[.rver] / (size.drawnLength * size.width * size.fingers)
        let resistance = model[.rshg] * reach / across + vertical
        return (resistance > 0 ? 1 / resistance : 1e3) * conducting
    }

    private var hasAccess: Bool { core.laws.resistance == 1 }
    private func accessValues(isDrain: Bool) -> (full: Double, least: Double, slope: Double) {
        let denominator = core.resistanceWidth * core.size.fingers * conducting
        let p = core.p
        let gained = p.prt * (temperature / core.film.nominal - 1)
        return (
            ((isDrain ? p.rdw : p.rsw) + gained) / denominator,
            ((isDrain ? p.rdwmin : p.rswmin) + gained) / denominator, p.prt / core.film.nominal / denominator
        )
    }

    /// Constant resistance of an end outside the channel's law [Ω], its gain with the temperature [Ω/K], and what it is at
    /// least; 0 for none.
    private func endResistance(isDrain: Bool) -> (value: Double, slope: Double, least: Double) {
        guard core.laws.resistance != 2 else { return (0, 0, 0) }
        let film = model[.rsh] * instance[isDrain ? .nrd : .nrs]
        guard core.release.hasContacts else { return (film / conducting, 0, 0) }
        let (contact, growth) = (model[isDrain ? .rdc : .rsc], model[isDrain ? .trd : .trs])
        let least = model[.minr]
        guard film + contact >= least || hasAccess else { return (0, 0, 0) }
        let factor = conducting * (model.choice(.ids0multmod) != 0 ? core.p.ids0mult : 1)
        let sheet = hasAccess ? max(film, least) : film
        let value = sheet + contact + growth * (temperature / core.film.nominal - 1)
        return (max(value, least) / factor, growth / core.film.nominal / factor, least / factor)
    }

    /// The inner node of an end, with the resistor before it where that is constant.
    private func inner(_ outer: Int32, _ name: String) -> Int32 {
        let isDrain = name == "drain"
        let end = endResistance(isDrain: isDrain)
        if hasAccess {
            let values = accessValues(isDrain: isDrain)
            let isThere = values.full != 0 || values.least != 0 || end.value > end.least
            return isThere ? internalNode(name) : outer
        }
        guard end.value > 0 else { return outer }
        let node = internalNode(name)
        if end.slope == 0 || !core.heats { resistor(isDrain ? "rd" : "rs", outer, node, 1 / end.value) }
        return node
    }

    /// The resistance before an inner node where it is not constant. `ends` are the gate, the body, the temperature and
    /// the substrate.
    private func addAccess(outer: Int32, _ inner: Int32, _ ends: SIMD4<Int32>, backFlatBand: Double, isDrain: Bool) {
        let end = endResistance(isDrain: isDrain)
        guard hasAccess || end.slope != 0 && core.heats, inner != outer else { return }
        let values = hasAccess ? accessValues(isDrain: isDrain) : (full: 0, least: 0, slope: 0)
        let p = core.p
        card.builder.add(
            SOIAccess(
                polarity: core.polarity, plain: end.value, plainSlope: end.slope, full: max(values.full, 0),
                least: max(values.least, 0), slope: values.slope, byGate: p.prwg, byBody: p.prwb, byBack: p.prwe,
                flatBand: core.edgeFlatBand, backFlatBand: backFlatBand, temperature: temperature,
                isHeated: core.heats),
            [outer, inner, ends[0], ends[1], core.heats ? ends[2] : 0, p.prwe == 0 ? inner : ends[3]],
            identity: card.helper(isDrain ? "rd" : "rs"))
    }
}
