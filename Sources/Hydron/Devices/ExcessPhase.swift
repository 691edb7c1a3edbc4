/// The delay of a bipolar transistor's collector current behind its base–emitter voltage: what of the transport current
/// goes forward, x, is replaced by y, which follows it as a Bessel filter of second order does with the delay
/// td = ptf·tf·π/180.
///
///     x = y + td ẏ + td²/3 ÿ        as        y + 3 w + td ẇ = x,  w = td/3 ẏ
///
/// P. B. Weil, L. P. McNamara, IEEE Trans. Circuits and Systems 25, 114 (1978), doi 10.1109/TCS.1978.1084446. Small
/// signals see the same filter; SPICE gives them the delay itself, e^(−jω td).
struct ExcessPhase: LimitedDevice {
    typealias Gradient = SIMD8<Double>

    /// The transistor at whose inner nodes it acts.
    var transistor: BipolarTransistor
    /// td [s]
    var delay: Double

    static let collector = 0, base = 1, emitter = 2, delayed = 3, slope = 4
    static var arity: Int { 5 }
    static var followsTangents: Bool { true }
    static var couplings: Couplings {
        Couplings(bits: 0b01111 | 0b01111 << 16 | 0b11111 << 24 | 0b11000 << 32)
    }
    static var conductingPairs: [(Int, Int)] { [(0, 2)] }
    static let outputs = [DeviceOutput("i", unit: "A", "what the delay adds to the transport current")]
    static var currentOutput: String? { "i" }

    /// What of the transport current goes forward [A], signs those of an npn.
    @inline(__always) private func forward(_ u: Gradient) -> Dual<Gradient> {
        let sign = transistor.polarity
        let part = transistor.forwardTransport(
            vbe: sign * (u[Self.base] - u[Self.emitter]), vbc: sign * (u[Self.base] - u[Self.collector]))
        let (be, bc) = (part.gradient[0] * sign, part.gradient[1] * sign)
        return Dual(value: part.value, gradient: Gradient(-bc, be + bc, -be, 0, 0, 0, 0, 0))
    }

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<ExcessPhase>) {
        let x = forward(u.values)
        let (y, w) = (u[Self.delayed], u[Self.slope])
        stamp.current(from: Self.collector, to: Self.emitter, (y - x) * transistor.polarity)
        stamp.current(Self.delayed, y + w * 3 - x)
        stamp.charge(Self.delayed, w * delay)
        stamp.current(Self.slope, w)
        stamp.charge(Self.slope, y * (-delay / 3))
    }

    /// The unknowns as the transistor has them, without its resistances.
    private func whole(_ u: Gradient) -> Gradient {
        var all = Gradient.zero
        all[BipolarTransistor.innerCollector] = u[Self.collector]
        all[BipolarTransistor.innerBase] = u[Self.base]
        all[BipolarTransistor.innerEmitter] = u[Self.emitter]
        return all
    }

    private func take(_ all: Gradient, into u: inout Gradient) {
        u[Self.collector] = all[BipolarTransistor.innerCollector]
        u[Self.base] = all[BipolarTransistor.innerBase]
        u[Self.emitter] = all[BipolarTransistor.innerEmitter]
    }

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool {
        var all = whole(u)
        let isLimited = transistor.limit(&all, previous: whole(previous))
        if isLimited { take(all, into: &u) }
        return isLimited
    }

    func startingPoint(_ u: Gradient) -> Gradient {
        var point = u
        take(transistor.startingPoint(whole(u)), into: &point)
        return point
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        transistor.polarity * (u.values[Self.delayed] - forward(u.values).value)
    }
}
