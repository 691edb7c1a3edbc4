import ComplexModule
import Glibc

/// The channel and electrolyte of one proton resistor at its temperature: conductance, ionic current, and how the
/// occupancy moves over a time step. Equations and symbols as in ``ProtonResistor``; each is written once over
/// ``DifferentiableReal`` and differentiated by duals.
///
/// The limits of the ionic current, with sx the clipped occupancy:
///
///     left = 1 − qmax (x − x0)/qres                       hydrogen still on the gate side (1 where qres = 0)
///     lin  = tanh((1−x)/xw) tanh(left/xw) (1 − kup sx)(1 + asy)
///     lout = tanh(x/xw)(1 − kdn (1−sx))(1 − asy)
///     w    = (1 + tanh(10 z))/2
///     F    = η²/(η² + vb²)  (1 where vb = 0)
///
/// It is odd in the field and exactly 0 at η = 0 for every x. The exponential goes on as a straight line above z = 40.
struct ProtonPhysics: BitwiseCopyable, Sendable {
    /// Conductance of the empty channel, and what filling adds [S]; spread and activation included.
    var gmin: Double
    var gspan: Double
    var gnl: Double
    /// Contacts [Ω].
    var rc: Double
    /// Charge for x from 0 to 1 [C].
    var qmax: Double
    /// Hydrogen on the gate side [C] (0: unlimited) at the occupancy `reference`.
    var qres: Double
    var reference: Double
    /// Prefactor of the ionic current at temperature [A].
    var ip0: Double
    /// Field scale at temperature [V].
    var v0: Double
    var asy: Double
    var kup: Double
    var kdn: Double
    var xw: Double
    var vb: Double
    var voc0: Double
    var voc1: Double
    /// nvoc·kT/q [V].
    var nernst: Double
    /// 1/tret at temperature [1/s].
    var lossRate: Double
    var xeq: Double

    static let clip = 1e-6
    private static let linearAbove = 40.0

    // MARK: Occupancy to conductance and potential

    @inline(__always) private func clipped<R: DifferentiableReal>(_ x: R) -> R {
        let free = 1 - x
        return (1 + sqrt(x * x + Self.clip) - sqrt(free * free + Self.clip)) * 0.5
    }

    /// Ge [S].
    @inline(__always) func channelConductance<R: DifferentiableReal>(_ x: R) -> R {
        let sx = clipped(x)
        let g = gmin + gspan * (sx + gnl * sx * (1 - sx))
        return rc > 0 ? g / (1 + rc * g) : g
    }

    /// Voc [V].
    @inline(__always) func openCircuitPotential<R: DifferentiableReal>(_ x: R) -> R {
        if isPotentialFlat { return R(constant: voc0) }
        let sx = clipped(x)
        var voc = voc0 + voc1 * (sx - 0.5)
        if nernst > 0 { voc = voc + nernst * log((sx + 1e-6) / (1 - sx + 1e-6)) }
        return voc
    }

    // MARK: Ionic current

    /// Above this argument tanh is 1 to the last bit.
    private static let saturated = 20.0

    /// Above this argument functions are made of one exponential, which is as good as the library's own there and
    /// several times faster.
    private static let exponentialAbove = 0.1

    /// tanh(z), without a call where it is ±1 exactly.
    @inline(__always) private func saturating<R: DifferentiableReal>(_ z: R) -> R {
        if z.value > Self.saturated { return R(constant: 1) }
        if z.value < -Self.saturated { return R(constant: -1) }
        guard abs(z.value) > Self.exponentialAbove else { return tanh(z) }
        let e = Glibc.exp(2 * z.value)
        let inverse = 1 / (e + 1)
        return z.applying(value: (e - 1) * inverse, derivative: 4 * e * inverse * inverse)
    }

    /// (E(z) − E(−z))/2 with the straight-line continuation.
    @inline(__always) private func drive<R: DifferentiableReal>(_ z: R) -> R {
        let limit = Self.linearAbove
        if abs(z.value) <= limit {
            guard abs(z.value) > Self.exponentialAbove else { return sinh(z) }
            let e = Glibc.exp(z.value)
            return z.applying(value: 0.5 * (e - 1 / e), derivative: 0.5 * (e + 1 / e))
        }
        let edge = 0.5 * Glibc.exp(limit)
        return z.value > 0 ? (z - (limit - 1)) * edge : (z + (limit - 1)) * edge
    }

    /// An antiderivative of ``drive(_:)``, even in z.
    @inline(__always) private func driveIntegral<R: DifferentiableReal>(_ z: R) -> R {
        let limit = Self.linearAbove
        if abs(z.value) <= limit {
            guard abs(z.value) > Self.exponentialAbove else { return cosh(z) }
            let e = Glibc.exp(z.value)
            return z.applying(value: 0.5 * (e + 1 / e), derivative: 0.5 * (e - 1 / e))
        }
        let beyond = (z.value > 0 ? z : -z) - limit
        return (1 + beyond + beyond * beyond * 0.5) * (0.5 * Glibc.exp(limit))
    }

    @inline(__always) private func insertion<R: DifferentiableReal>(_ x: R) -> R {
        var rate = saturating((1 - x) / xw) * (1 + asy)
        if qres > 0 { rate = rate * saturating((1 - (x - reference) * (qmax / qres)) / xw) }
        return kup != 0 ? rate * (1 - kup * clipped(x)) : rate
    }

    @inline(__always) private func extraction<R: DifferentiableReal>(_ x: R) -> R {
        let rate = saturating(x / xw) * (1 - asy)
        return kdn != 0 ? rate * (1 - kdn * (1 - clipped(x))) : rate
    }

    @inline(__always) private func blocking<R: DifferentiableReal>(_ eta: R) -> R {
        let square = eta * eta
        return square / (square + vb * vb)
    }

    /// What the field does, the occupancy's limits left out: ip/ip0 = inserts·lin + extracts·lout.
    struct Drive<R: DifferentiableReal> {
        var inserts: R
        var extracts: R
    }

    /// At one instant.
    @inline(__always) private func drive<R: DifferentiableReal>(eta: R) -> Drive<R> {
        let z = eta / v0
        let w = (1 + saturating(10 * z)) * 0.5
        var current = drive(z)
        if vb > 0 { current = current * blocking(eta) }
        return Drive(inserts: current * w, extracts: current * (1 - w))
    }

    /// The mean while vgc goes linearly from `a` to `b` at the open-circuit potential `voc`.
    @inline(__always) private func meanDrive<R: DifferentiableReal>(from a: R, to b: R, voc: R) -> Drive<R> {
        let span = (b.value - a.value) / v0
        if abs(span) < 0.2, vb == 0 {
            // sinh(u)/u = 1 + u²/6 + …, u half the span.
            let u = (b - a) / (2 * v0)
            let middle = drive(eta: (a + b) * 0.5 - voc)
            let square = u * u
            let second: R = square * (1.0 / 6)
            let fourth: R = square * square * (1.0 / 120)
            let mean: R = (1.0 + second) + fourth
            return Drive(inserts: middle.inserts * mean, extracts: middle.extracts * mean)
        }
        if vb > 0 { return meanByQuadrature(from: a, to: b, voc: voc) }
        let za = (a - voc) / v0
        let zb = (b - voc) / v0
        // The share of the ramp above z = 0 inserts, the share below extracts.
        let zero = R(constant: 0)
        let length = zb - za
        let up = driveIntegral(maximum(zb, zero)) - driveIntegral(maximum(za, zero))
        let down = driveIntegral(minimum(zb, zero)) - driveIntegral(minimum(za, zero))
        return Drive(inserts: up / length, extracts: down / length)
    }

    /// The same by Gauss–Legendre quadrature, where low-field blocking has no closed form: the ramp is cut into pieces
    /// on which sinh changes by little more than a factor e².
    private func meanByQuadrature<R: DifferentiableReal>(from a: R, to b: R, voc: R) -> Drive<R> {
        let pieces = max(1, min(64, Int((abs(b.value - a.value) / (2 * v0)).rounded(.up))))
        var sum = Drive(inserts: R(constant: 0), extracts: R(constant: 0))
        for piece in 0..<pieces {
            for node in 0..<Self.nodes.count {
                let share = (Double(piece) + 0.5 * (1 + Self.nodes[node])) / Double(pieces)
                let part = drive(eta: a + (b - a) * share - voc)
                sum.inserts = sum.inserts + part.inserts * (0.5 * Self.weights[node])
                sum.extracts = sum.extracts + part.extracts * (0.5 * Self.weights[node])
            }
        }
        return Drive(inserts: sum.inserts / Double(pieces), extracts: sum.extracts / Double(pieces))
    }

    @inline(__always) private func current<R: DifferentiableReal>(_ drive: Drive<R>, occupancy x: R) -> R {
        // Far from 0 the field does one of the two alone.
        if drive.extracts.isZero { return drive.inserts * insertion(x) * ip0 }
        if drive.inserts.isZero { return drive.extracts * extraction(x) * ip0 }
        return (drive.inserts * insertion(x) + drive.extracts * extraction(x)) * ip0
    }

    /// No more than this moves the occupancy over `interval` [s] while |vgc| stays below `vgc` [V]; infinity where that
    /// would have to be looked at closely.
    @inline(__always) func largestChange(of x: Double, vgc: Double, interval: Double) -> Double {
        let voc = isPotentialFlat ? voc0 : openCircuitPotential(x)
        let z = (vgc + abs(voc)) / v0
        guard z < 1 else { return .infinity }
        // sinh z < 1.2 z there, and each limit is below 1 + |asy|.
        return interval * (2.4 * ip0 * z * (1 + abs(asy)) / qmax + abs(x - xeq) * lossRate)
    }

    /// True where Voc is the same for every occupancy: what the field does is then computed once a step.
    @inline(__always) var isPotentialFlat: Bool { voc1 == 0 && nernst == 0 }

    /// ip at one instant [A].
    @inline(__always) func ionicCurrent<R: DifferentiableReal>(occupancy x: R, vgc: R) -> R {
        current(drive(eta: vgc - openCircuitPotential(x)), occupancy: x)
    }

    /// The mean of ip [A] while vgc goes linearly from `a` to `b` at a fixed occupancy.
    @inline(__always) func meanIonicCurrent<R: DifferentiableReal>(occupancy x: R, from a: R, to b: R) -> R {
        current(meanDrive(from: a, to: b, voc: openCircuitPotential(x)), occupancy: x)
    }

    private static let nodes = [-0.906179845938664, -0.538469310105683, 0, 0.538469310105683, 0.906179845938664]
    private static let weights = [
        0.236926885056189, 0.478628670499366, 0.568888888888889, 0.478628670499366, 0.236926885056189,
    ]

    /// isd [A].
    @inline(__always) private func loss<R: DifferentiableReal>(_ x: R) -> R { (x - xeq) * (qmax * lossRate) }

    // MARK: One time step

    struct Step {
        /// Occupancy at the end and its slope in the final vgc [1/V].
        var x: Double
        var slope: Double
        /// Mean ionic current [A], its slope in the final vgc [S], and the mean loss [A].
        var meanCurrent: Double
        var currentSlope: Double
        var meanLoss: Double
        /// Step error over its tolerance.
        var error: Double
    }

    /// Largest change of x in a step.
    static let largestChange = 0.05
    /// Tolerance of x in a step: absolute, and relative to the change.
    private static let absoluteTolerance = 1e-6
    private static let relativeTolerance = 1e-3

    /// Advances the occupancy over `interval` [s] while vgc goes linearly from `a` to `b` [V]. A bracketed Newton
    /// iteration; the residual rises with x, so that the bracket always closes.
    func advance(x0: Double, from a: Double, to b: Double, interval h: Double) -> Step {
        typealias Two = Dual<SIMD2<Double>>
        let start = Two(constant: a)
        let end = Two(variable: b, lane: 1)
        let storage = qmax / h

        let flat = isPotentialFlat ? meanDrive(from: start, to: end, voc: Two(constant: voc0)) : nil
        if let flat, let step = advanceFarFromLimits(flat, x0: x0, interval: h) { return step }
        @inline(__always) func mean(_ x: Two) -> Two {
            if let flat { return self.current(flat, occupancy: x) }
            return meanIonicCurrent(occupancy: x, from: start, to: end)
        }

        // The rate and its slope at x₀ give θ.
        var xi = Two(variable: x0, lane: 0)
        var current = mean(xi)
        var lost = loss(xi)
        let initialRate = current.value - lost.value
        let decay = lost.gradient[0] - current.gradient[0]
        let theta = Self.theta(decay / storage)

        var x = x0
        var low = -0.5
        var high = 1.5
        var f = -initialRate
        var slope = storage + theta * decay
        for _ in 0..<60 {
            if f > 0 { high = min(high, x) } else { low = max(low, x) }
            var next = x - f / slope
            if !(next >= low && next <= high) { next = 0.5 * (low + high) }
            let change = abs(next - x)
            x = next
            xi = Two(variable: x0 + theta * (x - x0), lane: 0)
            current = mean(xi)
            lost = loss(xi)
            f = storage * (x - x0) - current.value + lost.value
            slope = storage + theta * (lost.gradient[0] - current.gradient[0])
            if change <= 1e-13 || abs(f) <= 1e-14 * (abs(current.value) + storage * 1e-3) { break }
        }
        // Newton's last correction closes the balance to rounding; charge is what enters the circuit, so it is taken
        // from x itself: ∫ip = qmax Δx + ∫isd holds to the last bit.
        x -= f / slope
        let meanLoss = lost.value
        let meanCurrent = storage * (x - x0) + meanLoss
        let dxdv = current.gradient[1] / slope
        let currentSlope = storage * dxdv + theta * lost.gradient[0] * dxdv

        // The rate's departure from a straight line in x, seen at the end and at ξ, is what the method neglects.
        let atEnd = mean(Two(constant: x)).value - loss(x)
        let bend = atEnd - (initialRate - decay * (x - x0))
        let bendInside = (current.value - lost.value) - (initialRate - decay * theta * (x - x0))
        let s = decay / storage
        let error = abs(bend - 2 * bendInside) / (6 * storage) / max(1, s)
        let change = abs(x - x0)
        let ratio = max(
            error / (Self.absoluteTolerance + Self.relativeTolerance * change), change / Self.largestChange)
        return Step(
            x: x, slope: dxdv, meanCurrent: meanCurrent, currentSlope: currentSlope, meanLoss: meanLoss,
            // Only what is over a tenth of the tolerance is worth the step control's attention.
            error: ratio)
    }

    /// The same where no limit is felt at either end of the step: the ionic current depends on the field alone, and what
    /// is left is linear in x. nil elsewhere.
    @inline(__always) private func advanceFarFromLimits(
        _ drive: Drive<Dual<SIMD2<Double>>>, x0: Double, interval h: Double
    ) -> Step? {
        guard kup == 0, kdn == 0, qres == 0, isFarFromLimits(x0) else { return nil }
        let current = (drive.inserts * (1 + asy) + drive.extracts * (1 - asy)) * ip0
        let line = relaxation(interval: h)
        let x = x0 + (current.value - line.decay * (x0 - xeq)) / line.slope
        guard isFarFromLimits(x) else { return nil }
        let meanLoss = line.decay * (x0 + line.theta * (x - x0) - xeq)
        return Step(
            x: x, slope: current.gradient[1] / line.slope, meanCurrent: line.storage * (x - x0) + meanLoss,
            currentSlope: current.gradient[1], meanLoss: meanLoss, error: abs(x - x0) / Self.largestChange)
    }

    /// Where no limit is felt, the balance over a step of `h` [s] is slope·(x − x0) = ip − decay·(x0 − xeq).
    @inline(__always) func relaxation(
        interval h: Double
    ) -> (storage: Double, decay: Double, theta: Double, slope: Double) {
        let (storage, decay) = (qmax / h, qmax * lossRate)
        let theta = Self.theta(decay / storage)
        return (storage, decay, theta, storage + theta * decay)
    }

    @inline(__always) private func isFarFromLimits(_ x: Double) -> Bool {
        x > Self.saturated * xw && 1 - x > Self.saturated * xw
    }

    /// θ = 1/(1 − e^(−s)) − 1/s, kept within 0 to 1.
    private static func theta(_ s: Double) -> Double {
        if abs(s) < 1e-2 { return 0.5 + s / 12 - s * s * s / 720 }
        if s > 500 { return 1 - 1 / s }
        if s < -500 { return 0 }
        return min(1, max(0, 1 / (1 - Glibc.exp(-s)) - 1 / s))
    }

    /// The occupancy at which ip = isd, and its slope in vgc [1/V]: the static solution.
    func equilibrium(near start: Double, vgc: Double) -> (x: Double, slope: Double) {
        typealias Two = Dual<SIMD2<Double>>
        let v = Two(variable: vgc, lane: 1)
        var low = -0.5
        var high = 1.5
        var x = start
        var slope = 0.0
        for _ in 0..<200 {
            let xi = Two(variable: x, lane: 0)
            let net = ionicCurrent(occupancy: xi, vgc: v) - loss(xi)
            if net.value < 0 { high = min(high, x) } else { low = max(low, x) }
            slope = net.gradient[0] < 0 ? -net.gradient[1] / net.gradient[0] : 0
            var next = net.gradient[0] < 0 ? x - net.value / net.gradient[0] : .infinity
            if !(next >= low && next <= high) { next = 0.5 * (low + high) }
            let change = abs(next - x)
            x = next
            if change <= 1e-14 || high - low < 1e-14 { break }
        }
        return (x, slope)
    }

    /// How the occupancy follows small changes of vgc at angular frequency `omega` [1/s], dx/dvgc = A/(jω qmax − B), with
    /// A = ∂ip/∂vgc and B = ∂ip/∂x − ∂isd/∂x, and how the ionic current changes with the occupancy, ∂ip/∂x [A].
    func response(occupancy x: Double, vgc: Double, omega: Double) -> (occupancy: Complex<Double>, current: Double) {
        typealias Two = Dual<SIMD2<Double>>
        let xi = Two(variable: x, lane: 0)
        let current = ionicCurrent(occupancy: xi, vgc: Two(variable: vgc, lane: 1))
        let net = current.gradient[0] - loss(xi).gradient[0]
        let denominator = Complex(-net, omega * qmax)
        let isStuck = denominator == .zero || current.gradient[1] == 0
        return (isStuck ? .zero : Complex(current.gradient[1]) / denominator, current.gradient[0])
    }

    /// The mean of ip·vgc [W] over a linear ramp at a fixed occupancy, given the mean of ip.
    func meanPower(occupancy x: Double, from a: Double, to b: Double, meanCurrent: Double) -> Double {
        let span = b - a
        guard abs(span) > 1e-3 * v0, meanCurrent != 0 else { return meanCurrent * 0.5 * (a + b) }
        if let ratio = chargeWeightedField(occupancy: x, from: a, to: b) { return meanCurrent * (voc0 + v0 * ratio) }
        // vgc weighted with ip: five-point Gauss–Legendre quadrature a piece is exact far beyond what energies need.
        let pieces = max(1, min(64, Int((abs(span) / (2 * v0)).rounded(.up))))
        var power = 0.0
        var mean = 0.0
        for piece in 0..<pieces {
            for node in 0..<Self.nodes.count {
                let v = a + span * (Double(piece) + 0.5 * (1 + Self.nodes[node])) / Double(pieces)
                let ip = ionicCurrent(occupancy: x, vgc: v) * Self.weights[node]
                power += ip * v
                mean += ip
            }
        }
        return mean != 0 ? meanCurrent * power / mean : 0
    }

    /// The mean of z sinh z over that of sinh z on a ramp, m + (u coth u − 1)/tanh m with the ramp from m − u to m + u;
    /// nil where limits depend on the field's sign on the way, or where there is no closed form.
    @inline(__always) private func chargeWeightedField(occupancy x: Double, from a: Double, to b: Double) -> Double? {
        guard isPotentialFlat, vb == 0 else { return nil }
        let (start, end) = ((a - voc0) / v0, (b - voc0) / v0)
        let (m, u) = (0.5 * (start + end), 0.5 * abs(end - start))
        guard abs(m) > Self.exponentialAbove, max(abs(start), abs(end)) < Self.linearAbove else { return nil }
        // One of the two limits alone: tanh(10 z) is 1 above z = 2.
        let isOneSided = start * end > 0 && min(abs(start), abs(end)) > 2
        let isSymmetric = asy == 0 && kup == 0 && kdn == 0 && qres == 0 && isFarFromLimits(x)
        guard isOneSided || isSymmetric else { return nil }
        let square = u * u
        let spread = u < 0.1 ? square * (1.0 / 3 - square * (1.0 / 45 - square * (2.0 / 945))) : u / saturating(u) - 1
        return m + spread / saturating(m)
    }
}
