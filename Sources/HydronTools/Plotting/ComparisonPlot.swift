import Waveforms

extension Plot {
    /// A golden table and the one that was compared with it: a pane with both curves of each signal, and below it their
    /// difference in the signal's unit, at the golden points. Complex signals have both for decibels and for degrees.
    ///
    /// - Throws: ``WaveExpression/Failure`` where a table lacks one of the signals or an abscissa, or there are no signals.
    public init(gold: Table, test: Table, signals: [String]) throws(WaveExpression.Failure) {
        var panes: [Pane] = []
        var abscissa: Axis?
        for signal in signals {
            var request = Request()
            request.expressions = [signal]
            let (golden, judged) = (try Plot(gold, request), try Plot(test, request))
            abscissa = golden.abscissa
            for (pane, other) in zip(golden.panes, judged.panes) {
                let pairs = zip(pane.curves, other.curves)
                panes.append(
                    Pane(
                        axis: pane.axis,
                        curves: pairs.flatMap { golden, judged in
                            [Curve(name: "golden \(golden.name)", x: golden.x, y: golden.y), judged]
                        }))
                panes.append(
                    Pane(
                        axis: Axis(label: "difference", unit: pane.axis.unit),
                        curves: pairs.map { golden, judged in
                            Curve(
                                name: "\(judged.name) - golden", x: golden.x,
                                y: zip(golden.x, golden.y).map { x, y in judged.value(at: x) - y })
                        }))
            }
        }
        guard let abscissa else {
            throw WaveExpression.Failure(description: "the tables have no signals in common to draw")
        }
        self.init(title: test.header.title, abscissa: abscissa, panes: panes)
    }
}

extension Plot.Curve {
    /// On the straight line between the points around `place`; beyond the ends the end's value; not a number without
    /// points.
    func value(at place: Double) -> Double {
        guard let first = y.first, let last = y.last else { return .nan }
        var (low, high) = (0, x.count)
        while low < high {
            let middle = (low + high) / 2
            if x[middle] < place { low = middle + 1 } else { high = middle }
        }
        if low == 0 { return first }
        if low == x.count { return last }
        let width = x[low] - x[low - 1]
        return width > 0 ? y[low - 1] + (y[low] - y[low - 1]) * (place - x[low - 1]) / width : y[low]
    }
}
