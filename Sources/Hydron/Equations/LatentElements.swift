/// What elements at rest add to the equations: a linear part, for as long as they rest.
///
/// In a circuit of many transistors most stand still most of the time. One whose unknowns have stayed within a small
/// distance for some points is latent: it counts as its tangent at the point p where it came to rest,
///
///     f(x) ≈ f(p) + ∂f/∂x (x − p),   q(x) ≈ q(p) + ∂q/∂x (x − p)
///
/// Slopes join G and C, the rest joins constants here. So it costs no more than a look at whether it still rests, and
/// charge is conserved as in any linear element. It wakes before an evaluation farther away than its distance.
/// N. B. G. Rabbat, A. L. Sangiovanni-Vincentelli, H. Y. Hsieh, IEEE Trans. Circuits Syst. 26, 770 (1979), doi
/// 10.1109/TCS.1979.1084693.
final class LatentElements {
    /// f(p) − ∂f/∂x p [A] and q(p) − ∂q/∂x p [C] by row, and the largest current [A] of one element.
    let current: Vector
    let charge: Vector
    let scale: Vector
    /// Elements that rest, of those that can.
    fileprivate(set) var count = 0
    private let able: Int
    /// Evaluations so far, and those that elements at rest were spared.
    private(set) var evaluations = EvaluationCount()
    /// Accepted points since all was summed up anew.
    fileprivate var age = 0

    /// Fewer elements are evaluated as fast as they are looked at.
    static let worthwhile = 32
    /// Points after which rounding that comes of adding and taking away is swept out.
    fileprivate static let longestAge = 64

    init(_ unknowns: Int, able: Int) {
        self.able = able
        current = Vector(unknowns)
        charge = Vector(unknowns)
        scale = Vector(unknowns)
    }

    fileprivate func note() {
        evaluations.evaluated += able - count
        evaluations.bypassed += count
    }

    /// Makes ready for all elements at rest to be added again.
    fileprivate func clearSums() {
        age = 0
        for vector in [current, charge, scale] { vector.base.update(repeating: 0, count: vector.count) }
    }
}

/// Where elements that come to rest are added, and taken away where they wake.
struct LatentPart {
    /// By row: see ``LatentElements``.
    let current: UnsafeMutablePointer<Double>
    let charge: UnsafeMutablePointer<Double>
    let scale: UnsafeMutablePointer<Double>
    /// By Jacobian slot: G [S] and C [F].
    let conductance: UnsafeMutablePointer<Double>
    let capacitance: UnsafeMutablePointer<Double>
    let conditions: Conditions
}

extension EquationSystem {
    private func part(of latent: LatentElements) -> LatentPart {
        LatentPart(
            current: latent.current.base, charge: latent.charge.base, scale: latent.scale.base,
            conductance: conductance, capacitance: capacitance, conditions: conditions)
    }

    /// From here on elements may rest, where there are enough of them.
    func beginLatency() {
        restCount = nil
        let options = circuit.options
        guard !options.values.isGiven(.bypass) || options[.bypass] != 0 else { return }
        let able = nonlinear.reduce(0) { $0 + $1.prepareToRest(options) }
        guard able >= LatentElements.worthwhile else {
            // Nobody looks whether an element of few rests.
            for batch in nonlinear { batch.wakeAll() }
            return
        }
        latent = LatentElements(sparseCount, able: able)
    }

    /// All elements are evaluated again.
    func endLatency() {
        guard let latent else { return }
        for batch in nonlinear { batch.wakeAll() }
        restCount = latent.evaluations
        self.latent = nil
        // What came and went leaves its rounding in G and C.
        reloadLinear()
    }

    /// Lets elements rest that have stayed where they are at the accepted point `x`.
    func restElements(at x: UnsafePointer<Double>) {
        guard let latent else { return }
        let part = part(of: latent)
        var rested = 0
        for batch in nonlinear { rested += batch.rest(at: x, part) }
        latent.count += rested
        latent.age += 1
        if latent.count > 0, latent.age >= LatentElements.longestAge {
            latent.clearSums()
            reloadLinear()
            for batch in nonlinear { batch.addResting(to: part) }
            makeBaseline()
        } else if rested > 0 {
            makeBaseline()
        }
    }

    /// Wakes elements that `x` has moved.
    func wakeElements(at x: UnsafePointer<Double>, _ latent: LatentElements) {
        defer { latent.note() }
        guard latent.count > 0 else { return }
        let part = part(of: latent)
        var woken = 0
        for batch in nonlinear { woken += batch.wake(at: x, part) }
        guard woken > 0 else { return }
        latent.count -= woken
        makeBaseline()
    }
}
