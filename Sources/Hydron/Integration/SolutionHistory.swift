/// Past solutions and charges of a transient, newest first, in a ring of buffers that never allocates.
///
/// Charges belong to accepted points only. Solutions may hold one more point besides: the probe behind a breakpoint
/// that tells the slope there (see ``TransientAnalysis``).
///
/// One run on one thread owns it; `exclusivity(unchecked)` spares the checks of that, several at each step.
final class SolutionHistory {
    private let depth: Int
    private let chargeDepth: Int
    private let solutions: [Vector]
    private let charges: [Vector]
    /// Ring positions, newest first.
    @exclusivity(unchecked) private var solutionOrder: [Int]
    @exclusivity(unchecked) private var chargeOrder: [Int]
    @exclusivity(unchecked) private(set) var solutionTimes: [Double]
    @exclusivity(unchecked) private(set) var chargeTimes: [Double]
    /// How many entries count since the last breakpoint.
    @exclusivity(unchecked) private(set) var solutionCount = 0
    @exclusivity(unchecked) private(set) var chargeCount = 0

    /// - Parameters:
    ///   - depth: solutions that are kept, the probe among them.
    ///   - chargeDepth: charges, the place for the next among them.
    init(unknowns: Int, depth: Int, chargeDepth: Int) {
        self.depth = depth
        self.chargeDepth = chargeDepth
        func ring(_ depth: Int) -> [Vector] { (0..<depth).map { _ in Vector(unknowns) } }
        solutions = ring(depth)
        charges = ring(chargeDepth)
        solutionOrder = Array(0..<depth)
        chargeOrder = Array(0..<chargeDepth)
        solutionTimes = [Double](repeating: 0, count: depth)
        chargeTimes = [Double](repeating: 0, count: chargeDepth)
    }

    func solution(_ age: Int) -> UnsafePointer<Double> { UnsafePointer(solutions[solutionOrder[age]].base) }
    func charge(_ age: Int) -> UnsafePointer<Double> { UnsafePointer(charges[chargeOrder[age]].base) }

    /// The buffer that the next accepted charges go to; ``push(time:solution:)`` takes it over.
    var nextCharge: UnsafeMutablePointer<Double> { charges[chargeOrder[chargeDepth - 1]].base }

    /// Takes over a point; its charges are in ``nextCharge``.
    func push(time: Double, solution x: UnsafePointer<Double>) {
        rotate(&solutionOrder, &solutionTimes, time)
        solutions[solutionOrder[0]].copy(x)
        rotate(&chargeOrder, &chargeTimes, time)
        solutionCount = min(solutionCount + 1, depth)
        chargeCount = min(chargeCount + 1, chargeDepth)
    }

    /// Forgets all but the newest point: what came before lies on the other side of a jump.
    func restart() {
        solutionCount = min(solutionCount, 1)
        chargeCount = min(chargeCount, 1)
    }

    /// Puts a point behind the newest one, for prediction only.
    func insertProbe(time: Double, solution x: UnsafePointer<Double>) {
        let last = solutionOrder[depth - 1]
        for place in stride(from: depth - 1, to: 1, by: -1) {
            solutionOrder[place] = solutionOrder[place - 1]
            solutionTimes[place] = solutionTimes[place - 1]
        }
        solutionOrder[1] = last
        solutionTimes[1] = time
        solutions[last].copy(x)
        solutionCount = 2
    }

    private func rotate(_ order: inout [Int], _ times: inout [Double], _ time: Double) {
        let last = order[order.count - 1]
        for place in stride(from: order.count - 1, to: 0, by: -1) {
            order[place] = order[place - 1]
            times[place] = times[place - 1]
        }
        order[0] = last
        times[0] = time
    }
}
