import Waveforms

/// A map of an array's cells.
public struct HeatMap: Sendable {
    public var title: String
    public var rows: Int
    public var columns: Int
    /// Row by row.
    public var values: [Double]

    /// The map at `index` of a stack of maps, counted from the end where negative; the last one is -1.
    ///
    /// - Throws: ``WaveformError/shape(_:)`` for an array of other than two or three dimensions, or an index beyond it.
    public init(_ array: NumberArray, index: Int, title: String) throws(WaveformError) {
        guard [2, 3].contains(array.shape.count) else {
            throw .shape("an array of shape \(array.shape) is no map: two dimensions, or three for several maps")
        }
        let count = array.shape.count == 3 ? array.shape[0] : 1
        let place = index < 0 ? count + index : index
        guard (0..<count).contains(place) else {
            throw .shape("there is no map \(index): the file holds \(count)")
        }
        rows = array.shape[array.shape.count - 2]
        columns = array.shape[array.shape.count - 1]
        guard rows > 0, columns > 0 else { throw .shape("the map of shape \(array.shape) has no cells") }
        values = Array(array.values[place * rows * columns..<(place + 1) * rows * columns])
        self.title = count > 1 ? "\(title), map \(place + 1) of \(count)" : title
    }
}

extension HeatMap {
    /// At most so many rows and columns: of the cells that share a pixel the one farthest from the mean of all stays, so
    /// that a single outlier is seen.
    func binned(rows mostRows: Int, columns mostColumns: Int) -> HeatMap {
        guard rows > mostRows || columns > mostColumns else { return self }
        let mean = values.reduce(0, +) / Double(values.count)
        let (tall, wide) = ((rows + mostRows - 1) / mostRows, (columns + mostColumns - 1) / mostColumns)
        var result = self
        result.rows = (rows + tall - 1) / tall
        result.columns = (columns + wide - 1) / wide
        result.values = []
        for row in 0..<result.rows {
            for column in 0..<result.columns {
                var best = values[row * tall * columns + column * wide]
                for i in row * tall..<min((row + 1) * tall, rows) {
                    for j in column * wide..<min((column + 1) * wide, columns)
                    where (values[i * columns + j] - mean).magnitude > (best - mean).magnitude {
                        best = values[i * columns + j]
                    }
                }
                result.values.append(best)
            }
        }
        return result
    }

    /// Signs from few to much ink.
    private static let shades = Array(" .:-=+*#%@")

    /// The map as letters, for where there are no colours: a sign a cell, two of them where there is room, as letters are
    /// twice as high as wide; below it what the lightest and the darkest stand for.
    public func text(width: Int, height: Int) -> String {
        let shown = binned(rows: max(height - 4, 1), columns: max(width - 2, 1))
        let times = 2 * shown.columns + 2 <= width ? 2 : 1
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
        let edge = "+" + String(repeating: "-", count: times * shown.columns) + "+"
        var lines = [title, edge]
        for row in 0..<shown.rows {
            let signs = shown.values[row * shown.columns..<(row + 1) * shown.columns].map { value -> Character in
                guard value.isFinite else { return "?" }
                // Halves, so that the span of the largest numbers is finite.
                let share = high > low ? (0.5 * value - 0.5 * low) / (0.5 * high - 0.5 * low) : 0.5
                return Self.shades[min(Int(share * Double(Self.shades.count)), Self.shades.count - 1)]
            }
            lines.append("|" + signs.map { String(repeating: $0, count: times) }.joined() + "|")
        }
        let (lightest, darkest) = (Self.shades.first ?? " ", Self.shades.last ?? "@")
        let size = shown.rows < rows || shown.columns < columns ? ", \(rows) x \(columns) cells" : ""
        lines += [edge, "'\(lightest)' \(SIText.number(low))  '\(darkest)' \(SIText.number(high))\(size)"]
        return lines.joined(separator: "\n") + "\n"
    }
}
