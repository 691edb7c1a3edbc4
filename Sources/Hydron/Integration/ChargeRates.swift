/// Time derivatives of device charges (and fluxes) that a table asks for: the current through a capacitor is that of its
/// charge.
///
/// They come by the same formula that integrates the circuit, dq/dt(t₀) ≈ α q₀ + Σᵢ βᵢ qᵢ + γ q̇₁
/// (``IntegrationFormula``), so that they balance the currents that Kirchhoff's law was solved with. In static analyses
/// all are 0.
final class ChargeRates {
    /// A device's output that is a charge [C] or flux [Wb].
    struct Charge: Hashable, Sendable {
        var reference: ElementReference
        var output: Int32
    }

    private let charges: [Charge]
    /// By charge, at the newest accepted point [A or V].
    @exclusivity(unchecked) private(set) var values: [Double]
    /// By charge, right behind a corner: see ``findBehind(probe:after:new:formula:back:_:)``.
    private var behind: [Double]
    /// Largest magnitude of each value so far.
    private var peaks: [Double]
    /// Past charges, `depth` places a charge; `newest` is the place of the newest.
    private var past: [Double]
    private var newest = 0
    private static let depth = IntegrationFormula.highestOrder
    /// Points before an update and as far before it.
    private var around: [Vector] = []

    var isEmpty: Bool { charges.isEmpty }

    init(_ charges: [Charge]) {
        self.charges = charges
        values = [Double](repeating: 0, count: charges.count)
        behind = values
        peaks = values
        past = [Double](repeating: 0, count: charges.count * Self.depth)
    }

    private func charge(_ index: Int, _ x: UnsafePointer<Double>, _ system: EquationSystem) -> Double {
        let item = charges[index]
        return system.batches[Int(item.reference.population)].output(
            Int(item.output), element: Int(item.reference.index), x: x, system.conditions)
    }

    /// The first point. Charges stand still there, unless it is no operating point: then `next` is the solution `step`
    /// [s] behind it.
    func start(
        _ x: UnsafePointer<Double>, next: UnsafePointer<Double>? = nil, step: Double = 0, _ system: EquationSystem
    ) {
        newest = 0
        for index in charges.indices {
            let first = charge(index, x, system)
            past[index * Self.depth] = first
            values[index] = next.map { (charge(index, $0, system) - first) / step } ?? 0
            peaks[index] = abs(values[index])
        }
    }

    /// Takes over the point `x`, to which `formula` led: where an `update` is given, by charges on their tangents along
    /// it (``EquationSystem/moveCharges()``). What the tangents leave out would else stay in the trapezoidal rule's
    /// memory, as a zigzag that Kirchhoff's law knows nothing of.
    func advance(
        _ formula: IntegrationFormula, _ x: UnsafePointer<Double>, along update: UnsafePointer<Double>?,
        _ system: EquationSystem
    ) {
        guard !charges.isEmpty else { return }
        let place = (newest + 1) % Self.depth
        if let update {
            if around.count < 2 { around = [Vector(system.count), Vector(system.count)] }
            for unknown in 0..<system.count {
                around[0].base[unknown] = x[unknown] - update[unknown]
                around[1].base[unknown] = x[unknown] - 2 * update[unknown]
            }
        }
        for index in charges.indices {
            var new = charge(index, x, system)
            if update != nil {
                // q(x₀) + q′(x₀) Δ with x₀ = x − Δ; the slope by central differences.
                let start = charge(index, UnsafePointer(around[0].base), system)
                new = start + (new - charge(index, UnsafePointer(around[1].base), system)) / 2
            }
            values[index] = rate(index, new, formula)
            peaks[index] = max(peaks[index], abs(values[index]))
            past[index * Self.depth + place] = new
        }
        newest = place
    }

    private func rate(_ index: Int, _ charge: Double, _ formula: IntegrationFormula) -> Double {
        var sum = formula.alpha * charge
        for age in 0..<formula.pastCount {
            sum += formula.beta[age] * past[index * Self.depth + (newest + Self.depth - age) % Self.depth]
        }
        return formula.usesDerivative ? sum - values[index] : sum
    }

    /// Finds the derivatives right behind the newest point, a corner, from a probe `step` behind it and the new point
    /// that `formula` leads to: on the line through both, `back` times their difference before the probe.
    ///
    /// - Returns: true where one of them jumps at the corner.
    func findBehind(
        probe: UnsafePointer<Double>, after step: Double, new x: UnsafePointer<Double>, formula: IntegrationFormula,
        back: Double, smallest: Double, _ system: EquationSystem
    ) -> Bool {
        var jumps = false
        for index in charges.indices {
            let before = past[index * Self.depth + newest]
            let atProbe = charge(index, probe, system)
            let probed = (atProbe - before) / step
            behind[index] = probed + (probed - rate(index, charge(index, x, system), formula)) * back
            // The difference of two charges is known to their last bits only.
            let rounding = 1e-15 * max(abs(before), abs(atProbe)) / step
            let size = max(peaks[index], abs(behind[index]))
            if abs(behind[index] - values[index]) > max(0.01 * size, smallest, rounding) { jumps = true }
        }
        return jumps
    }

    /// Exchanges the values at a corner with those right behind it.
    func exchange() { swap(&values, &behind) }
}
