/// A transistor on insulator among the elements of a circuit: ``SOITransistor`` for one kind of temperature.
///
/// The engine calls devices through tables of their types, and what such a table of a generic type holds is not compiled
/// for its parameter: these two types are not generic.
protocol SOIElementDevice: LimitedDevice where Gradient == SIMD8<Double>, State == NoState {
    associatedtype Temperature: SOITemperature
    var transistor: SOITransistor<Temperature> { get }
}

/// With a temperature that stays.
struct SOIPlainDevice: SOIElementDevice {
    var transistor: SOITransistor<Double>
}

/// With nodes of its own for the temperature, and for the body's ends at its junctions.
struct SOINetworkDevice: SOIElementDevice {
    var transistor: SOITransistor<Dual<SIMD8<Double>>>
}

extension SOIElementDevice {
    static var arity: Int { SOITransistor<Temperature>.arity }
    static var followsTangents: Bool { SOITransistor<Temperature>.followsTangents }
    static var conductingPairs: [(Int, Int)] { SOITransistor<Temperature>.conductingPairs }
    static var controllingPairs: [(Int, Int)] { SOITransistor<Temperature>.controllingPairs }
    static var currentOutput: String? { SOITransistor<Temperature>.currentOutput }
    static var outputs: [DeviceOutput] { SOITransistor<Temperature>.outputs }
    static var noiseNames: [String] { SOITransistor<Temperature>.noiseNames }

    func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        transistor.evaluate(
            u,
            Stamp<SOITransistor<Temperature>>(
                context: stamp.context, unknowns: stamp.unknowns, slots: stamp.slots, shift: stamp.shift))
    }

    func limit(_ u: inout Gradient, previous: Gradient) -> Bool { transistor.limit(&u, previous: previous) }
    func startingPoint(_ u: Gradient) -> Gradient { transistor.startingPoint(u) }
    func applyInitialConditions(_ u: inout Gradient) -> Gradient { transistor.applyInitialConditions(&u) }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        transistor.output(index, u, state: state, conditions)
    }

    func noise(_ u: Locals<Gradient>, state: NoState) -> [NoiseSource] { transistor.noise(u, state: state) }
}
