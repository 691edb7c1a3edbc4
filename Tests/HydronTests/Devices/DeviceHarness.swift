import Testing

@testable import Hydron

/// What one device adds to the equations at one point.
struct DeviceResponse {
    /// Currents [A] and charges [C], one for each local unknown.
    var f: [Double]
    var q: [Double]
    /// ∂f/∂u and ∂q/∂u, `df[row][column]`.
    var df: [[Double]]
    var dq: [[Double]]
}

/// Evaluates single devices: local unknown k is unknown k + 1 of a system that has no others.
enum DeviceHarness {
    static func evaluate<D: Device>(_ device: D, at u: [Double], _ conditions: Conditions = Conditions())
        -> DeviceResponse
    {
        run(D.self, u, conditions) { device.evaluate($0, $1) }
    }

    /// A step of a device with a state.
    static func evaluate<D: StateDevice>(
        _ device: D, at u: [Double], from state: D.State, _ conditions: Conditions
    ) -> DeviceResponse {
        run(D.self, u, conditions) { locals, stamp in
            var next = state
            device.evaluate(locals, from: state, to: &next, stamp)
        }
    }

    private static func run<D: Device>(
        _ type: D.Type, _ u: [Double], _ conditions: Conditions, _ body: (Locals<D.Gradient>, Stamp<D>) -> Void
    ) -> DeviceResponse {
        let arity = D.arity
        var values = D.Gradient.zero
        for lane in 0..<arity { values[lane] = u[lane] }
        var x = [0] + u
        var f = [Double](repeating: 0, count: arity + 1)
        var q = f
        var scale = f
        var jacobian = [Double](repeating: 0, count: arity * arity + 1)
        var chargeJacobian = jacobian
        let unknowns = (0..<arity).map { Int32($0 + 1) }
        let slots = (0..<(arity * arity)).map { slot in
            D.couplings.contains(slot / arity, slot % arity) ? Int32(slot + 1) : 0
        }
        x.withUnsafeMutableBufferPointer { x in
            f.withUnsafeMutableBufferPointer { f in
                q.withUnsafeMutableBufferPointer { q in
                    scale.withUnsafeMutableBufferPointer { scale in
                        jacobian.withUnsafeMutableBufferPointer { jacobian in
                            chargeJacobian.withUnsafeMutableBufferPointer { chargeJacobian in
                                unknowns.withUnsafeBufferPointer { unknowns in
                                    slots.withUnsafeBufferPointer { slots in
                                        let context = LoadContext(
                                            x: UnsafePointer(x.baseAddress!), f: f.baseAddress!, q: q.baseAddress!,
                                            scale: scale.baseAddress!, jacobian: jacobian.baseAddress!,
                                            chargeJacobian: chargeJacobian.baseAddress!, alpha: 1,
                                            conditions: conditions)
                                        let stamp = Stamp<D>(
                                            context: context, unknowns: unknowns.baseAddress!,
                                            slots: slots.baseAddress!, shift: .zero)
                                        body(Locals(values: values, conditions: conditions), stamp)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        func matrix(_ entries: [Double]) -> [[Double]] {
            (0..<arity).map { row in (0..<arity).map { entries[1 + row * arity + $0] } }
        }
        return DeviceResponse(
            f: Array(f.dropFirst()), q: Array(q.dropFirst()), df: matrix(jacobian), dq: matrix(chargeJacobian))
    }

    /// Compares the derivatives to central differences of f and q. `tolerance` is relative to the largest entry of
    /// the column, in which rounding of the differences is left room.
    static func checkJacobian(
        at u: [Double], step: Double = 1e-5, tolerance: Double = 1e-6, _ context: String = "",
        sourceLocation: SourceLocation = #_sourceLocation, _ evaluate: ([Double]) -> DeviceResponse
    ) {
        let here = evaluate(u)
        for column in u.indices {
            var values: [[Double]] = []
            var charges: [[Double]] = []
            // Five points: the error goes with the fourth power of the step.
            for offset in [-2.0, -1, 1, 2] {
                var point = u
                point[column] += offset * step
                let there = evaluate(point)
                values.append(there.f)
                charges.append(there.q)
            }
            func difference(_ p: [[Double]], _ row: Int) -> Double {
                let near = p[2][row] - p[1][row]
                let far = p[3][row] - p[0][row]
                return (8 * near - far) / (12 * step)
            }
            func compare(_ derivatives: [[Double]], _ p: [[Double]], _ values: [Double], _ name: String) {
                let largest = derivatives.map { abs($0[column]) }.max() ?? 0
                for row in u.indices {
                    let expected = difference(p, row)
                    let rounding = (values.map(abs).max() ?? 0) * 1e-14 / step
                    let error = abs(derivatives[row][column] - expected)
                    #expect(
                        error <= tolerance * max(largest, abs(expected)) + rounding,
                        "∂\(name)[\(row)]/∂u[\(column)] = \(derivatives[row][column]), differences say \(expected), at \(u) \(context)",
                        sourceLocation: sourceLocation)
                }
            }
            compare(here.df, values, here.f, "f")
            compare(here.dq, charges, here.q, "q")
        }
    }
}

/// Numbers that look random and are the same in every run.
struct TestRandom {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(next() >> 11) * 0x1p-53
    }
}
