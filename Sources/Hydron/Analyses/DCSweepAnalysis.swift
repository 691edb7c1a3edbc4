/// A DC transfer curve: the operating point at each value of one or more swept quantities, the first one innermost.
///
/// Each point starts from the solution of the one before. A swept source's value is changed in place; anything else
/// (a parameter, the temperature, a device) makes a new system through `systemAt`, which keeps the order of unknowns.
struct DCSweepAnalysis {
    /// The points of each sweep, innermost first.
    var axes: [[Double]]

    /// - Parameters:
    ///   - systemAt: the system with the swept quantities at these places of their axes (innermost first).
    ///   - accept: takes each point.
    func run(
        options: SimulationOptions,
        systemAt: ([Int]) throws(SimulationFailure) -> EquationSystem,
        accept: ([Int], UnsafePointer<Double>, EquationSystem) throws(SimulationFailure) -> Void,
        control: RunControl, statistics: inout AnalysisStatistics
    ) throws(SimulationFailure) {
        var indices = [Int](repeating: 0, count: axes.count)
        guard axes.allSatisfy({ !$0.isEmpty }), !axes.isEmpty else { return }
        let total = axes.reduce(1) { $0 * $1.count }
        var x = Vector(0)
        var isContinuation = false
        for point in 0..<total {
            if control.isInterrupted() {
                throw SimulationFailure(.interrupted, "interrupted at point \(point) of \(total)")
            }
            control.progress(Double(point) / Double(total))
            let system = try systemAt(indices)
            if x.count != system.count {
                x = Vector(system.count)
                isContinuation = false
            }
            var operatingPoint = OperatingPoint(options)
            try operatingPoint.solve(
                system, x.base, mode: .direct, isContinuation: isContinuation,
                iterationCount: &statistics.newtonIterations)
            isContinuation = true
            statistics.points += 1
            statistics.note(operatingPoint, UnsafePointer(x.base), system)
            system.accept(UnsafePointer(x.base))
            try accept(indices, UnsafePointer(x.base), system)
            // Count up, innermost first.
            for axis in axes.indices {
                indices[axis] += 1
                if indices[axis] < axes[axis].count { break }
                indices[axis] = 0
            }
        }
        control.progress(1)
    }
}
