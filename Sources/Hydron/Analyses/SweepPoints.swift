/// The points of nested sweeps, counted with the first sweep innermost.
struct SweepPoints: Sendable {
    /// Sweeps that move together, as the columns of a `.data` table do.
    private let groups: [[Sweep]]
    let count: Int

    init(_ sweeps: [Sweep]) {
        var groups: [[Sweep]] = []
        for sweep in sweeps {
            if sweep.isTied, !groups.isEmpty {
                groups[groups.count - 1].append(sweep)
            } else {
                groups.append([sweep])
            }
        }
        self.groups = groups
        count = groups.reduce(1) { product, group in
            let (longer, overflows) = product.multipliedReportingOverflow(by: group[0].values.count)
            return overflows ? .max : longer
        }
    }

    /// Calls `body` with each sweep and its value at a point.
    func each(at point: Int, _ body: (Sweep, Double) -> Void) {
        var rest = point
        for group in groups {
            let count = max(group[0].values.count, 1)
            for sweep in group { body(sweep, sweep.values[rest % count]) }
            rest /= count
        }
    }

    /// One value a sweep, in their order.
    func values(at point: Int) -> [Double] {
        var values: [Double] = []
        each(at: point) { values.append($1) }
        return values
    }
}
