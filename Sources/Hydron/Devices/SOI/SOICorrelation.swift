import Glibc

/// Thermal noise of the channel that has a part in common with what it induces in the gate, tnoimod = 3.
struct SOICorrelatedNoise {
    /// γ gd0 of all fingers [S]: the drain's noise is 4 k T times it.
    var conductance: Double
    /// Of the common part in the drain's noise, 0 to 1.
    var share: Double
    /// The gate's charge against each end by the common current [s].
    var delay: Double
}

extension SOICore {
    /// A. J. Scholten et al., IEEE Trans. Electron Devices 50, 618 (2003), doi 10.1109/TED.2003.810480, as BSIM-SOI 4.7.0
    /// has it: the sum in ε is a difference in the theory, whose correlation of a long channel is 0.395.
    func correlatedNoise<T: SOITemperature>(
        _ channel: SOIChannel<Dual<T.Gradient>>, _ drive: SOIDrive<Dual<T.Gradient>>, _ heat: SOIHeat<T>
    ) -> SOICorrelatedNoise {
        let (leff, vgst, vdseff) = (size.length, drive.effective.value, channel.effectiveDrain.value)
        let (bulk, vt) = (channel.bulk.value, heat.thermal.value)
        let field = 2 * heat.velocity.value / channel.mobility.value * leff
        let relative = bulk / (vgst + 2 * vt)
        let (a, b) = (vdseff * relative, 2 - vdseff * relative)
        let sum = b + 2 * bulk * vt / (vgst + 1e-10)
        let square = sum * sum
        let short = 1 / (1 + vdseff / field)
        var gamma = short * (0.5 * b + a * a / (6 * sum))
        var delta = b / square - (5 * b + sum) * a * a / (15 * square * square)
        delta = (delta + a * a * a * a / (9 * square * square * sum)) / (6 * short * short * short)
        let ratio = a / sum
        let epsilon = (ratio + ratio * ratio * ratio / 3) / (6 * short)
        let reach = vgst / field * (vgst / field) * leff
        let correlation = p.rnoic * (1 + reach * p.tnoic) * 2.5316
        let both = gamma * delta
        let share = both > 0 ? min(max(epsilon / both.squareRoot() * correlation, 0), 1) : 0
        let (beta, theta) = (p.rnoia * (1 + reach * p.tnoia), p.rnoib * (1 + reach * p.tnoib))
        gamma *= 3 * beta * beta
        delta *= 3.75 * theta * theta

        let gain = channel.gain.value
        let open = gain * vgst * (1 - 0.5 * relative * vdseff) / (1 + vdseff / field)
        let conductance = size.fingers * gain * vgst / (1 + open * channel.resistance.value)
        let plate = size.fingers * film.oxide * size.chargeWidth * size.chargeLength
        let slope = gamma > 0 ? max(delta / gamma, 0).squareRoot() : 0
        return SOICorrelatedNoise(
            conductance: gamma * conductance, share: share, delay: 0.5 * plate * slope / (conductance + 1e-15))
    }
}

/// What the gate and the drain have in common of the channel's thermal noise. It has a node of its own, which carries the
/// common current as the voltage that it makes across 1 Ω, and 0 V where there is no noise.
struct SOICorrelation: Device {
    typealias Gradient = SIMD8<Double>

    var transistor: SOITransistor<Double>
    var isHeated: Bool

    static let drain = 0, gate = 1, source = 2, substrate = 3, body = 4, heat = 5, common = 6, ground = 7
    static var arity: Int { 8 }
    static var followsTangents: Bool { true }
    static var couplings: Couplings { Couplings(bits: 1 << 6 | 1 << 14 | 1 << 22) }
    static var conductingPairs: [(Int, Int)] { [] }

    private func law(_ values: Gradient) -> (noise: SOICorrelatedNoise, thermal: Double) {
        var (local, own) = (SIMD8<Double>.zero, transistor)
        for lane in 0..<5 { local[lane] = values[lane] }
        if isHeated { own.heat = own.core.heat(own.temperature + values[Self.heat]) }
        let point = own.point(own.bias(own.voltages(local)), own.heat, gmin: 0)
        return (own.core.correlatedNoise(point.channel, point.drive, own.heat), own.heat.thermal)
    }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<SOICorrelation>) {
        let noise = law(u.values).noise
        let core = transistor.core
        let i: Dual<Gradient> = u.voltage(Self.common, Self.ground)
        stamp.current(from: Self.drain, to: Self.source, i * noise.share)
        let charge: Dual<Gradient> = i * (noise.delay * core.parallel * core.size.fingers / core.multiple)
        stamp.charge(between: Self.gate, and: Self.source, charge)
        stamp.charge(between: Self.gate, and: Self.drain, charge)
    }

    static let noiseNames = ["corl"]
    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] {
        let (noise, thermal) = law(u.values)
        let count = transistor.core.multiple / transistor.core.size.fingers
        return [
            .thermal("corl", Self.common, Self.ground, conductance: noise.conductance * count, thermal: thermal)
        ]
    }
}
