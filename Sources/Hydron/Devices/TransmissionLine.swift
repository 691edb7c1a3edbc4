import ComplexModule

/// A uniform line between two ports, with or without losses.
///
///     1+ ──▭▭▭▭▭▭── 2+        v₁ = v(1+) − v(1−), i₁ into 1+ and out of 1−; the same at port 2
///     1− ────────── 2−
///
/// Lord Kelvin's and Heaviside's equations −∂v/∂x = R i + L ∂i/∂t and −∂i/∂x = G v + C ∂v/∂t over the length ℓ give, at
/// the frequency s and with θ = (ℓ/2) √((R + sL)(G + sC)),
///
///     (v₁ − v₂) cosh θ = (i₁ − i₂) (R + sL) (ℓ/2) sinh θ/θ
///     (i₁ + i₂) cosh θ = (v₁ + v₂) (G + sC) (ℓ/2) sinh θ/θ
///
/// which small signals and direct current (s = 0: without losses a wire) are solved with as they stand. In time a wave
/// leaves each port and arrives at the other: with Y and P of ``LineResponse`` and z = √(L/C)
///
///     Y∗v₁ − z i₁ = (Y·P)∗v₂ + z P∗i₂          and the same with the ports exchanged
///
/// without losses v₁(t) − z i₁(t) = v₂(t − T) + z i₂(t − T) (F. H. Branin, Proc. IEEE 55, 2012, 1967,
/// doi 10.1109/PROC.1967.6033). Where a step is longer than T, what arrives lies between its ends and is taken from the
/// straight line between them.
struct TransmissionLine: Sendable, BitwiseCopyable {
    /// Of the whole line: R ℓ [Ω], L ℓ [H], G ℓ [S], C ℓ [F].
    var resistance = 0.0
    var inductance = 0.0
    var conductance = 0.0
    var capacitance = 0.0
    /// Ports from which a transient with `uic` starts: v₁ [V], i₁ [A], v₂ [V], i₂ [A]; NaN where nothing is given.
    var initial = SIMD4<Double>(repeating: .nan)

    init() {}

    /// A line without losses: impedance [Ω] and delay [s].
    init(impedance: Double, delay: Double) {
        inductance = impedance * delay
        capacitance = delay / impedance
    }

    /// √(L/C) [Ω]; where nothing travels, what currents are weighed with.
    var impedance: Double {
        if inductance > 0, capacitance > 0 { return (inductance / capacitance).squareRoot() }
        return resistance > 0 ? resistance : 1
    }
    /// T [s]; 0 where the line diffuses.
    var delay: Double { (inductance * capacitance).squareRoot() }
    /// True where the past acts on the present.
    var hasMemory: Bool { capacitance > 0 }

    /// What its losses do to waves; nil without losses.
    var responseKind: LineResponse.Kind? {
        guard hasMemory, resistance > 0 else { return nil }
        let leakage = conductance / capacitance
        guard inductance > 0 else {
            return .diffusing(a: (resistance * capacitance).squareRoot(), leakage: leakage)
        }
        let decay = resistance / inductance
        return .travelling(alpha: (decay + leakage) / 2, beta: (decay - leakage) / 2, delay: delay)
    }

    /// cosh θ, (R + sL)(ℓ/2) sinh θ/θ and (G + sC)(ℓ/2) sinh θ/θ at an angular frequency [1/s], all times e^(−Re θ).
    func transfer(_ omega: Double) -> (cosh: Complex<Double>, series: Complex<Double>, shunt: Complex<Double>) {
        let series = Complex(resistance, omega * inductance)
        let shunt = Complex(conductance, omega * capacitance)
        let theta = Complex.sqrt(series * shunt) / 2
        let forward = Complex(length: 1, phase: theta.imaginary)
        let backward = Complex(length: Double.exp(-2 * theta.real), phase: -theta.imaginary)
        let cosh = (forward + backward) / 2
        let ratio: Complex<Double>
        if theta.length < 1e-2 {
            let square = theta * theta
            ratio = (1 + square / 6 + square * square / 120) * Complex(Double.exp(-theta.real))
        } else {
            ratio = (forward - backward) / (2 * theta)
        }
        return (cosh, series * ratio / 2, shunt * ratio / 2)
    }

    /// The lines of a circuit.
    struct Elements: Population {
        var lines: [TransmissionLine] = []
        /// Six a line: 1+, 1−, 2+, 2−, i₁, i₂.
        var unknowns: [Int32] = []
        var identities: [ElementIdentity] = []

        var count: Int { lines.count }
        var arity: Int { TransmissionLine.arity }
        func identity(_ index: Int) -> ElementIdentity { identities[index] }
        func unknown(_ local: Int, of element: Int) -> Int32 { unknowns[element * arity + local] }
        var conductingPairs: [(Int, Int)] { [(0, 1), (2, 3)] }
        var voltageDefinedPairs: [(Int, Int)] { [(0, 2)] }
        /// In direct current a line without losses is a wire between its ports where they share a node.
        func voltageDefinedPairs(of element: Int) -> [(Int, Int)] {
            let line = lines[element]
            return line.resistance == 0 && line.conductance == 0 && unknown(1, of: element) == unknown(3, of: element)
                ? voltageDefinedPairs : []
        }
        var isFluxDefined: Bool { true }
        func controlledCurrents(of element: Int) -> [(Int32, Int32)] {
            [(unknown(2, of: element), unknown(3, of: element))]
        }
        func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)] {
            [(unknown(0, of: element), unknown(1, of: element))]
        }
        var branchUnknown: Int? { 4 }
        var outputs: [DeviceOutput] { TransmissionLine.outputs }
        func makeBatch() -> any ElementBatch { TransmissionLineBatch(self) }
    }

    static let arity = 6
    static let outputs = [
        DeviceOutput("i1", unit: "A", "current into port 1"),
        DeviceOutput("i2", unit: "A", "current into port 2"),
        DeviceOutput("v1", unit: "V", "voltage of port 1"),
        DeviceOutput("v2", unit: "V", "voltage of port 2"),
        DeviceOutput("z0", unit: "Ω", "impedance of the line without its losses"),
        DeviceOutput("td", unit: "s", "delay of the line without its losses"),
        DeviceOutput("p", unit: "W", "power into both ports"),
    ]

    /// Adds the line to the circuit between the nodes 1+, 1−, 2+ and 2−.
    /// - Parameter helper: its identity where it is but a part of the card's element.
    func add(to card: ElementCard, _ nodes: [Int32], as helper: ElementIdentity? = nil) {
        let identity = helper ?? card.identity
        let name = card.builder.directory.names.name(of: identity.name)
        let first = card.builder.branch(name)
        let second = card.builder.branch(name, "branch2")
        card.builder.add(
            to: Elements.self, identity: identity, make: { Elements() },
            update: {
                $0.lines.append(self)
                $0.unknowns += nodes + [first, second]
                $0.identities.append(identity)
            })
    }
}
