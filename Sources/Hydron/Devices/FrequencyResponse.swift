import ComplexModule
import SparseSolvers
import SpiceNetlist

/// Transfer functions that are known at frequencies alone: y = H(jω) u for small signals, y = H(0) u at rest. In time they
/// would have to be convolved with a response that nobody has written down, so a transient refuses them.
struct FrequencyResponse: Population {
    struct Element: Sendable {
        var identity: ElementIdentity
        /// Unknowns y and u.
        var output: Int32
        var input: Int32
        /// H at rest.
        var direct: Double
        /// H at an angular frequency [1/s].
        var response: @Sendable (Double) -> Complex<Double>
    }
    var elements: [Element] = []

    var count: Int { elements.count }
    var arity: Int { 2 }
    func identity(_ index: Int) -> ElementIdentity { elements[index].identity }
    func unknown(_ local: Int, of element: Int) -> Int32 {
        local == 0 ? elements[element].output : elements[element].input
    }
    var conductingPairs: [(Int, Int)] { [] }
    var outputs: [DeviceOutput] { [] }
    func makeBatch() -> any ElementBatch { FrequencyResponseBatch(elements) }
}

final class FrequencyResponseBatch: ElementBatch {
    private let elements: [FrequencyResponse.Element]
    /// Jacobian slots of (y, y) and (y, u), behind the waste bin.
    private var slots: [(Int, Int)] = []
    private var isRefused = false

    init(_ elements: [FrequencyResponse.Element]) { self.elements = elements }

    var count: Int { elements.count }
    var isLinear: Bool { false }
    var followsTangents: Bool { true }

    func declare(_ pattern: inout PatternBuilder) {
        for element in elements {
            for column in [element.output, element.input] where column > 0 {
                pattern.insert(row: Int(element.output) - 1, column: Int(column) - 1)
            }
        }
    }

    func bind(_ pattern: SparsityPattern) {
        slots = elements.map { element in
            func slot(_ column: Int32) -> Int {
                column > 0
                    ? (pattern.slot(row: Int(element.output) - 1, column: Int(column) - 1) ?? -1) + 1 : 0
            }
            return (slot(element.output), slot(element.input))
        }
    }

    func load(_ context: LoadContext) -> LoadResult {
        var result = LoadResult()
        if context.alpha != 0, !context.isSmallSignal {
            isRefused = true
            result.hasFailed = true
            return result
        }
        for (element, slot) in zip(elements, slots) {
            let row = Int(element.output)
            context.f[row] += context.x[row] - element.direct * context.x[Int(element.input)]
            context.jacobian[slot.0] += 1
            context.jacobian[slot.1] -= element.direct
        }
        return result
    }

    func takeFailure() -> ElementMessage? {
        guard isRefused else { return nil }
        isRefused = false
        return ElementMessage(
            element: 0, isWarning: false,
            text: "its transfer function is known at frequencies alone, so that it has none in time; "
                + "write it as a quotient of polynomials in s, or leave .tran out")
    }

    var isDispersive: Bool { true }
    func addDispersion(
        _ omega: Double, x: UnsafePointer<Double>, _ conditions: Conditions,
        _ add: (Int32, Int32, Complex<Double>) -> Void
    ) {
        for element in elements {
            add(element.output, element.input, Complex(element.direct) - element.response(omega))
        }
    }
}
