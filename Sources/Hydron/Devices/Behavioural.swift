import SpiceNetlist

/// Adds elements whose value is an expression of the solution or of time. All of them are
/// ``BehaviouralEquations``; a program is compiled once every node and element is known.
enum Behavioural {
    private typealias Term = BehaviouralEquations.Term
    private typealias Entry = BehaviouralEquations.LinearEntry

    /// i = program [A], from plus through the element to minus.
    static func currentSource(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram, factor: Double? = nil
    ) {
        let identity = card.identity
        let factor = factor ?? card.multiplier
        reserve(card, identity, plus, minus)
        card.whenComplete { card in
            guard let compiled = card.compile(program) else { return }
            update(card, identity, compiled) {
                $0.terms.append(
                    Term(program: compiled, plus: plus, minus: minus, factor: factor, kind: .current))
            }
        }
    }

    /// v(plus) − v(minus) = factor·program [V].
    ///
    /// With a smoothing time constant τ [s], as Xyce's `smoothbsrc` has it, the voltage is an unknown y that follows:
    /// y + τ·dy/dt = factor·program.
    static func voltageSource(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram, factor: Double = 1,
        smoothing: Double? = nil
    ) {
        let identity = card.identity
        let branch = card.builder.branch(card.name)
        let follower = smoothing.map { _ in card.builder.auxiliary(card.name, "smooth") }
        reserve(card, identity, plus, minus, branch)
        card.whenComplete { card in
            guard let compiled = card.compile(program) else { return }
            update(card, identity, compiled) {
                $0.conducts = true
                $0.linear = incidence(plus, minus, branch)
                if let follower, let smoothing {
                    $0.linear += [
                        Entry(row: branch, column: follower, conductance: -1),
                        Entry(row: follower, column: follower, conductance: 1, capacitance: smoothing),
                    ]
                }
                $0.terms.append(
                    Term(program: compiled, plus: follower ?? branch, minus: 0, factor: -factor, kind: .current))
            }
        }
    }

    /// program · v(control), as a voltage or a current.
    static func scaled(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram,
        by control: (Int32, Int32), isVoltage: Bool, factor: Double
    ) {
        let identity = card.identity
        let branch = isVoltage ? card.builder.branch(card.name) : 0
        reserve(card, identity, plus, minus, branch)
        card.whenComplete { card in
            guard let gain = card.compile(program) else { return }
            let product = gain.combined(with: voltage(control.0, control.1)) { $0.emit(.multiply, $1, $2) }
            update(card, identity, product) {
                if isVoltage {
                    $0.conducts = true
                    $0.linear = incidence(plus, minus, branch)
                    $0.terms.append(Term(program: product, plus: branch, minus: 0, factor: -1, kind: .current))
                } else {
                    $0.terms.append(Term(program: product, plus: plus, minus: minus, factor: factor, kind: .current))
                }
            }
        }
    }

    /// i = multiplier·(v(plus) − v(minus))/(scale·program) [Ω].
    static func resistor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram, multiplier: Double = 1,
        scale: Double = 1
    ) {
        let identity = card.identity
        let factor = card.multiplier * multiplier
        reserve(card, identity, plus, minus)
        card.whenComplete { card in
            guard let nominal = card.compile(program) else { return }
            let resistance = nominal.scaled(by: scale)
            let current = resistance.combined(with: voltage(plus, minus)) { compiler, r, v in
                compiler.emit(.divide, v, r)
            }
            update(card, identity, resistance) {
                $0.conducts = true
                $0.value = nominal
                $0.terms.append(Term(program: current, plus: plus, minus: minus, factor: factor, kind: .current))
            }
        }
    }

    /// i = multiplier·(v(plus) − v(minus))/resistance, which heats the element: the unknown `rise` [K] grows in time by
    /// v²/product [K/s], product being resistance times heat capacity [Ω J/K], and is 0 in static analyses.
    static func thermalResistor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, resistance: DeferredProgram, product: DeferredProgram,
        rise: Int32, start: Double, multiplier: Double
    ) {
        let identity = card.identity
        let factor = card.multiplier * multiplier
        reserve(card, identity, plus, minus)
        card.whenComplete { card in
            guard let resistance = card.compile(resistance), let product = card.compile(product) else { return }
            let across = voltage(plus, minus)
            let current = resistance.combined(with: across) { compiler, r, v in compiler.emit(.divide, v, r) }
            let heating = product.combined(with: across) { compiler, rc, v in
                compiler.emit(.divide, compiler.emit(.multiply, v, v), rc)
            }
            let temperature = Program(constant: start).combined(with: [(.unknown(rise), 1)]) { compiler, t, y in
                compiler.emit(.add, t, y)
            }
            update(card, identity, resistance) {
                $0.conducts = true
                $0.value = resistance
                $0.temperature = temperature
                $0.linear = [Entry(row: rise, column: rise, capacitance: 1)]
                $0.integrals = [rise]
                $0.terms = [
                    Term(program: current, plus: plus, minus: minus, factor: factor, kind: .current),
                    Term(program: heating, plus: rise, minus: 0, factor: -1, kind: .integrand),
                ]
            }
        }
    }

    /// A charge that is an expression [C]: i = multiplier·d/dt program.
    static func capacitor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, charge program: DeferredProgram, multiplier: Double = 1
    ) {
        let identity = card.identity
        let factor = card.multiplier * multiplier
        reserve(card, identity, plus, minus)
        card.whenComplete { card in
            guard let charge = card.compile(program) else { return }
            update(card, identity, charge) {
                $0.terms.append(Term(program: charge, plus: plus, minus: minus, factor: factor, kind: .charge))
            }
        }
    }

    /// A capacitance that is an expression [F]: i = multiplier·scale·program·dv/dt, by way of an unknown y = dv/dt.
    static func capacitor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, capacitance program: DeferredProgram,
        multiplier: Double = 1, scale: Double = 1
    ) {
        let identity = card.identity
        let factor = card.multiplier * multiplier
        let rate = card.builder.auxiliary(card.name, "dvdt")
        reserve(card, identity, plus, minus)
        card.whenComplete { card in
            guard let capacitance = card.compile(program)?.scaled(by: scale) else { return }
            let current = capacitance.combined(with: [(.unknown(rate), 1)]) { compiler, c, y in
                compiler.emit(.multiply, c, y)
            }
            update(card, identity, capacitance) {
                $0.value = capacitance
                $0.linear = [
                    Entry(row: rate, column: rate, conductance: -1),
                    Entry(row: rate, column: plus, capacitance: 1),
                    Entry(row: rate, column: minus, capacitance: -1),
                ]
                $0.terms.append(Term(program: current, plus: plus, minus: minus, factor: factor, kind: .current))
            }
        }
    }

    /// An inductance that is an expression [H]: v = scale·program/multiplier · di/dt, by way of an unknown y = di/dt.
    static func inductor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, _ program: DeferredProgram, multiplier: Double = 1,
        scale: Double = 1
    ) {
        let identity = card.identity
        let factor = 1 / (card.multiplier * multiplier)
        let branch = card.builder.branch(card.name)
        let rate = card.builder.auxiliary(card.name, "didt")
        reserve(card, identity, plus, minus, branch)
        card.whenComplete { card in
            guard let inductance = card.compile(program)?.scaled(by: scale) else { return }
            let voltage = inductance.combined(with: [(.unknown(rate), 1)]) { compiler, l, y in
                compiler.emit(.multiply, l, y)
            }
            update(card, identity, inductance) {
                $0.value = inductance
                $0.conducts = true
                $0.linear =
                    incidence(plus, minus, branch) + [
                        Entry(row: rate, column: rate, conductance: -1),
                        Entry(row: rate, column: branch, capacitance: 1),
                    ]
                $0.terms.append(Term(program: voltage, plus: branch, minus: 0, factor: -factor, kind: .current))
            }
        }
    }

    /// A flux that is an expression [Wb] of the current of one inductor: v = d/dt program.
    static func inductor(
        _ card: ElementCard, _ plus: Int32, _ minus: Int32, flux program: DeferredProgram, multiplier: Double = 1
    ) {
        let identity = card.identity
        let count = card.multiplier * multiplier
        let branch = card.builder.branch(card.name)
        reserve(card, identity, plus, minus, branch)
        card.whenComplete { card in
            guard let flux = card.compile(program) else { return }
            update(card, identity, flux) {
                $0.conducts = true
                // The branch is the current of one of them.
                $0.linear = [
                    Entry(row: plus, column: branch, conductance: count),
                    Entry(row: minus, column: branch, conductance: -count),
                    Entry(row: branch, column: plus, conductance: 1),
                    Entry(row: branch, column: minus, conductance: -1),
                ]
                $0.terms.append(Term(program: flux, plus: branch, minus: 0, factor: -1, kind: .charge))
            }
        }
    }

    /// A new unknown y that is d/dt of the program, its integral or its past: −y + d/dt u = 0, or −u + d/dt y = 0, or the
    /// end of a line.
    static func auxiliary(_ kind: AuxiliaryKind, _ program: Program, _ card: ElementCard) -> Int32? {
        let name = card.name
        let suffix: String
        switch kind {
        case .derivative: suffix = "ddt"
        case .integral: suffix = "sdt"
        case .delayed(let time):
            card.elaborator.helperCount += 1
            return TransferSource.delay(program, by: time, card, "delay\(card.elaborator.helperCount)")
        }
        let unknown = card.builder.auxiliary(name, "\(suffix)\(card.builder.unknowns.count)")
        card.elaborator.helperCount += 1
        let helper = card.builder.directory.names.intern("\(name)#\(suffix)\(card.elaborator.helperCount)")
        let identity = ElementIdentity(name: helper, range: card.identity.range)
        add(card, identity, unknown, 0) {
            switch kind {
            case .derivative:
                $0.linear = [Entry(row: unknown, column: unknown, conductance: -1)]
                $0.terms.append(Term(program: program, plus: unknown, minus: 0, factor: 1, kind: .charge))
            case .integral:
                $0.linear = [Entry(row: unknown, column: unknown, capacitance: 1)]
                $0.integrals = [unknown]
                $0.terms.append(Term(program: program, plus: unknown, minus: 0, factor: -1, kind: .integrand))
            case .delayed: break
            }
        }
        return unknown
    }

    /// A new unknown of the element, named with `suffix`, that has the program's value: y − program = 0.
    static func unknown(_ card: ElementCard, _ suffix: String, _ program: DeferredProgram) -> Int32 {
        let unknown = card.builder.auxiliary(card.name, suffix)
        let identity = card.helper(suffix)
        card.whenComplete { card in
            guard let compiled = card.compile(program) else { return }
            add(card, identity, unknown, 0) {
                $0.linear = [Entry(row: unknown, column: unknown, conductance: 1)]
                $0.terms.append(Term(program: compiled, plus: unknown, minus: 0, factor: -1, kind: .current))
            }
        }
        return unknown
    }

    // MARK: - Making elements

    /// ±1 of a branch: its current leaves plus and enters minus, its row reads v(plus) − v(minus) + … = 0.
    static func incidence(_ plus: Int32, _ minus: Int32, _ branch: Int32) -> [BehaviouralEquations.LinearEntry] {
        [
            Entry(row: plus, column: branch, conductance: 1), Entry(row: minus, column: branch, conductance: -1),
            Entry(row: branch, column: plus, conductance: 1), Entry(row: branch, column: minus, conductance: -1),
        ]
    }

    private static func voltage(_ plus: Int32, _ minus: Int32) -> [(ProgramInput, Double)] {
        var terms: [(ProgramInput, Double)] = []
        if plus > 0 { terms.append((.unknown(plus), 1)) }
        if minus > 0 { terms.append((.unknown(minus), -1)) }
        return terms
    }

    static func add(
        _ card: ElementCard, _ identity: ElementIdentity, _ plus: Int32, _ minus: Int32, branch: Int32 = 0,
        _ fill: (inout BehaviouralEquations.Element) -> Void
    ) {
        var element = BehaviouralEquations.Element(identity: identity, plus: plus, minus: minus, branch: branch)
        fill(&element)
        card.builder.add(
            to: BehaviouralEquations.self, identity: identity, make: { BehaviouralEquations() },
            update: { $0.elements.append(element) })
    }

    /// Files an element that others may refer to before its equation is known.
    static func reserve(
        _ card: ElementCard, _ identity: ElementIdentity, _ plus: Int32, _ minus: Int32, _ branch: Int32 = 0
    ) {
        guard branch > 0 else { return add(card, identity, plus, minus) { _ in } }
        var element = BehaviouralVoltageEquations.Element(
            identity: identity, plus: plus, minus: minus, branch: branch)
        element.conducts = true
        card.builder.add(
            to: BehaviouralVoltageEquations.self, identity: identity, make: { BehaviouralVoltageEquations() },
            update: { $0.equations.elements.append(element) })
    }

    /// Gives a reserved element its equation, whose expression `program` is.
    static func update(
        _ card: ElementCard, _ identity: ElementIdentity, _ program: Program,
        _ fill: @escaping (inout BehaviouralEquations.Element) -> Void
    ) {
        let slot = Int(identity.name)
        guard slot < card.builder.directory.references.count else { return }
        let reference = card.builder.directory.references[slot]
        let index = Int(reference.index)
        if card.builder.population(Int(reference.population)) is BehaviouralVoltageEquations {
            card.builder.update(BehaviouralVoltageEquations.self, at: reference) { fill(&$0.equations.elements[index]) }
        } else {
            card.builder.update(BehaviouralEquations.self, at: reference) { fill(&$0.elements[index]) }
        }
        if let path = currentCycle(card, from: reference, through: [program], []) {
            card.error(
                "the current of \(path.joined(separator: " depends on that of "))",
                hint: "sense it with a 0 V source in series")
        }
    }

    /// The names along which an element's current is made of itself; nil where it is not.
    private static func currentCycle(
        _ card: ElementCard, from start: ElementReference, through programs: [Program], _ path: [ElementReference]
    ) -> [String]? {
        let here = path.last ?? start
        for program in programs {
            for case .output(let next, _) in program.inputs {
                let names = (path.isEmpty ? [here] : [start] + path) + [next]
                if next == start { return names.map { name(of: $0, card) } }
                guard !path.contains(next), path.count < 1000,
                    let equations = card.builder.population(Int(next.population)) as? BehaviouralEquations
                else { continue }
                let inner = equations.elements[Int(next.index)].terms.map(\.program)
                if let found = currentCycle(card, from: start, through: inner, path + [next]) { return found }
            }
        }
        return nil
    }

    private static func name(of reference: ElementReference, _ card: ElementCard) -> String {
        let identity = card.builder.population(Int(reference.population)).identity(Int(reference.index))
        return card.builder.directory.names.name(of: identity.name)
    }
}

/// Behavioural elements that fix a voltage and have a branch current: the same equations, but `i(name)` is an unknown
/// and F, H and W may sense it.
struct BehaviouralVoltageEquations: Population {
    typealias Element = BehaviouralEquations.Element
    var equations = BehaviouralEquations()

    var count: Int { equations.count }
    var arity: Int { 3 }
    func identity(_ index: Int) -> ElementIdentity { equations.identity(index) }
    func unknown(_ local: Int, of element: Int) -> Int32 { equations.unknown(local, of: element) }
    var conductingPairs: [(Int, Int)] { [(0, 1)] }
    var voltageDefinedPairs: [(Int, Int)] { [(0, 1)] }
    func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)] {
        equations.controllingVoltages(of: element, in: circuit)
    }
    var branchUnknown: Int? { 2 }
    var outputs: [DeviceOutput] { equations.outputs }
    func makeBatch() -> any ElementBatch { equations.makeBatch() }
}
