import SparseSolvers

/// Nodal equations of a random crossbar with wire resistance: what strong blocks are for.
struct CrossbarMatrix {
    /// What is added to plain wires and cells.
    struct Extras: OptionSet {
        let rawValue: Int
        /// Rows are driven by grounded voltage sources through a resistor, not by Norton's equivalent.
        static let sources = Extras(rawValue: 1)
        /// A voltage source, an equation without diagonal, inside of each third wire.
        static let floatingSources = Extras(rawValue: 2)
        /// Cells steer their row's current by the column's voltage too.
        static let transconductances = Extras(rawValue: 4)
        /// Stubs at the wires, so that they are trees.
        static let stubs = Extras(rawValue: 8)
        /// A resistor across each fourth wire, so that it is a ring.
        static let rings = Extras(rawValue: 16)
        /// A third plane with cells to both others: not two-colourable.
        static let gates = Extras(rawValue: 32)
        /// Unknowns in random order.
        static let shuffled = Extras(rawValue: 64)
    }

    var matrix: TestMatrix<Double>
    var rightHandSide: [Double]

    init(rows: Int, columns: Int, cell: Double = 2e-5, extras: Extras = [], seed: Int = 1) {
        var random = SeededGenerator(seed: seed)
        var stamps: [(row: Int, column: Int, value: Double)] = []
        var drive: [Int: Double] = [:]
        var size = 0
        func node() -> Int {
            size += 1
            return size - 1
        }
        func leak(_ a: Int, _ g: Double) { stamps.append((a, a, g)) }
        func conductance(_ a: Int, _ b: Int, _ g: Double) {
            stamps += [(a, a, g), (b, b, g), (a, b, -g), (b, a, -g)]
        }
        func source(_ a: Int, _ b: Int?, _ volts: Double) {
            let branch = node()
            stamps += [(branch, a, 1), (a, branch, 1)]
            if let b { stamps += [(branch, b, -1), (b, branch, -1)] }
            drive[branch] = volts
        }
        func wire(_ length: Int, _ index: Int) -> [Int] {
            let nodes = (0..<length).map { _ in node() }
            for place in 1..<max(length, 1) {
                let g = 0.3 + 0.2 * random.unit()
                if extras.contains(.floatingSources), index % 3 == 0, place == length / 2 {
                    let middle = node()
                    source(nodes[place - 1], middle, 0.01 * random.unit())
                    conductance(middle, nodes[place], g)
                } else {
                    conductance(nodes[place - 1], nodes[place], g)
                }
            }
            if extras.contains(.stubs), length > 0 {
                for _ in 0..<3 {
                    let stub = node()
                    conductance(nodes[random.index(length)], stub, 0.4)
                    conductance(stub, node(), 0.2)
                }
            }
            if extras.contains(.rings), index % 4 == 0, length > 2 { conductance(nodes[0], nodes[length - 1], 0.5) }
            return nodes
        }
        let rowWires = (0..<rows).map { wire(columns, $0) }
        let columnWires = (0..<columns).map { wire(rows, $0 + 1) }
        let gateWires = extras.contains(.gates) ? (0..<columns).map { wire(rows, $0 + 2) } : []
        for row in 0..<rows {
            let first = rowWires[row][0]
            if extras.contains(.sources) {
                let terminal = node()
                source(terminal, nil, 0.2 * random.unit())
                conductance(terminal, first, 0.01)
            } else {
                leak(first, 0.01)
                drive[first] = 0.002 * random.unit()
            }
            for column in 0..<columns {
                let (a, b) = (rowWires[row][column], columnWires[column][row])
                conductance(a, b, cell * (0.1 + 0.9 * random.unit().magnitude))
                if extras.contains(.transconductances) {
                    let g = 0.3 * cell * random.unit()
                    stamps += [(a, b, g), (b, b, -g)]
                }
                if extras.contains(.gates) {
                    conductance(a, gateWires[column][row], 0.2 * cell)
                    conductance(b, gateWires[column][row], 0.1 * cell)
                }
            }
        }
        for wire in columnWires + gateWires { leak(wire[wire.count - 1], 0.01) }
        var order = Array(0..<size)
        if extras.contains(.shuffled) { order.shuffle(using: &random) }
        matrix = TestMatrix(size: size, stamps: stamps.map { (order[$0.row], order[$0.column], $0.value) })
        var b = [Double](repeating: 0, count: size)
        for (place, value) in drive { b[order[place]] = value }
        rightHandSide = b
    }
}

/// The largest difference of two solutions, relative to the largest component.
func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
    largest(zip(a, b).map { $0 - $1 }) / largest(b)
}
