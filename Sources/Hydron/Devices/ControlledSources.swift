import SpiceNetlist

/// Linear voltage-controlled voltage source: v₊ − v₋ − gain·(vc₊ − vc₋) = 0 with its branch current as an unknown.
/// Locals: n+ n- nc+ nc- branch.
struct VoltageControlledVoltageSource: Device {
    typealias Gradient = SIMD8<Double>
    var gain: Double
    static var arity: Int { 5 }
    static var isLinear: Bool { true }
    static var couplings: Couplings { Couplings([4], [4], [], [], [0, 1, 2, 3]) }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var voltageDefinedPairs: [(Int, Int)] { [(0, 1)] }
    static var controllingPairs: [(Int, Int)] { [(2, 3)] }
    static var branchUnknown: Int? { 4 }
    static let outputs = ControlledSourceOutputs.table

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        stamp.current(from: 0, to: 1, u[4])
        stamp.current(4, u.voltage(0, 1) - u.voltage(2, 3) * gain)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        ControlledSourceOutputs.value(index, current: u.values[4], voltage: u.values[0] - u.values[1])
    }
}

/// Linear voltage-controlled current source: i = gm·(vc₊ − vc₋) from n+ through the source to n-.
struct VoltageControlledCurrentSource: Device {
    typealias Gradient = SIMD4<Double>
    /// [S]
    var transconductance: Double
    static var arity: Int { 4 }
    static var isLinear: Bool { true }
    static var couplings: Couplings { Couplings([2, 3], [2, 3], [], []) }
    static var conductingPairs: [(Int, Int)] { [] }
    static var controlledPairs: [(Int, Int)] { [(0, 1)] }
    static var controllingPairs: [(Int, Int)] { [(2, 3)] }
    static var currentOutput: String? { "i" }
    static let outputs = ControlledSourceOutputs.table

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        stamp.current(from: 0, to: 1, u.voltage(2, 3) * transconductance)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        ControlledSourceOutputs.value(
            index, current: transconductance * (u.values[2] - u.values[3]), voltage: u.values[0] - u.values[1])
    }
}

/// Linear current-controlled current source: i = gain·i(control). Locals: n+ n- control's branch.
struct CurrentControlledCurrentSource: Device {
    typealias Gradient = SIMD4<Double>
    var gain: Double
    static var arity: Int { 3 }
    static var isLinear: Bool { true }
    static var couplings: Couplings { Couplings([2], [2], []) }
    static var conductingPairs: [(Int, Int)] { [] }
    static var controlledPairs: [(Int, Int)] { [(0, 1)] }
    static var currentOutput: String? { "i" }
    static let outputs = ControlledSourceOutputs.table

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        stamp.current(from: 0, to: 1, u[2] * gain)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        ControlledSourceOutputs.value(index, current: gain * u.values[2], voltage: u.values[0] - u.values[1])
    }
}

/// Linear current-controlled voltage source: v₊ − v₋ − r·i(control) = 0. Locals: n+ n- control's branch, own branch.
struct CurrentControlledVoltageSource: Device {
    typealias Gradient = SIMD4<Double>
    /// [Ω]
    var transresistance: Double
    static var arity: Int { 4 }
    static var isLinear: Bool { true }
    static var couplings: Couplings { Couplings([3], [3], [], [0, 1, 2]) }
    static var conductingPairs: [(Int, Int)] { [(0, 1)] }
    static var voltageDefinedPairs: [(Int, Int)] { [(0, 1)] }
    static var branchUnknown: Int? { 3 }
    static let outputs = ControlledSourceOutputs.table

    @inline(__always) func evaluate(_ u: Locals<Gradient>, _ stamp: Stamp<Self>) {
        stamp.current(from: 0, to: 1, u[3])
        stamp.current(3, u.voltage(0, 1) - u[2] * transresistance)
    }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        ControlledSourceOutputs.value(index, current: u.values[3], voltage: u.values[0] - u.values[1])
    }
}

/// What every controlled source can print.
enum ControlledSourceOutputs {
    static let table = [
        DeviceOutput("i", unit: "A", "current from n+ through the source to n-"),
        DeviceOutput("v", unit: "V", "voltage from n+ to n-"),
        DeviceOutput("p", unit: "W", "power taken"),
    ]
    static func value(_ index: Int, current: Double, voltage: Double) -> Double {
        switch index {
        case 0: current
        case 1: voltage
        default: current * voltage
        }
    }
}
