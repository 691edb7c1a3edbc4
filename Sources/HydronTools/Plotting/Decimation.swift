import Glibc

/// Thins a curve to what a picture can show, without losing a spike that is one sample wide.
public enum Decimation {
    /// Of all points in one column of pixels the first, the lowest, the highest and the last stay, in their order. A curve
    /// drawn through them covers the same pixels as one through all.
    ///
    /// - Parameters:
    ///   - x: rising or falling; where it goes back and forth use ``path(_:_:width:height:)``.
    ///   - columns: columns of pixels between the smallest and the largest x.
    ///   - isLog: whether the columns are equally wide in log x.
    /// - Returns: indices into the curve, rising.
    public static func columns(_ x: [Double], _ y: [Double], columns: Int, isLog: Bool = false) -> [Int] {
        guard x.count > 4 * columns, columns > 0 else { return Array(x.indices) }
        func place(_ value: Double) -> Double { isLog ? log10(value) : value }
        let ends = (place(x[0]), place(x[x.count - 1]))
        let width = (ends.1 - ends.0) / Double(columns)
        guard width.isFinite, width != 0 else { return Array(x.indices) }
        var kept: [Int] = []
        kept.reserveCapacity(4 * columns + 4)
        var start = 0
        while start < x.count {
            let column = ((place(x[start]) - ends.0) / width).rounded(.down)
            let border = ends.0 + (column + 1) * width
            var (low, high) = (start, start)
            var end = start + 1
            while end < x.count, width > 0 ? place(x[end]) < border : place(x[end]) > border {
                // A gap stays a gap.
                if !(y[end] >= y[low]) { low = end }
                if !(y[end] <= y[high]) { high = end }
                end += 1
            }
            for index in Set([start, low, high, end - 1]).sorted() { kept.append(index) }
            start = end
        }
        return kept
    }

    /// Leaves out points that fall on the same pixel as the one before: for curves whose abscissa goes back and forth.
    public static func path(_ x: [Double], _ y: [Double], width: Int, height: Int) -> [Int] {
        guard x.count > 4 * width else { return Array(x.indices) }
        func scale(_ values: [Double], _ pixels: Int) -> (low: Double, size: Double) {
            var (low, high) = (Double.infinity, -Double.infinity)
            for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
            return (low, high > low ? Double(pixels) / (high - low) : 0)
        }
        let (across, up) = (scale(x, width), scale(y, height))
        var kept: [Int] = []
        var last = (Double.nan, Double.nan)
        for index in x.indices {
            let pixel = (
                ((x[index] - across.low) * across.size).rounded(), ((y[index] - up.low) * up.size).rounded()
            )
            if pixel != last || index == x.count - 1 { kept.append(index) }
            last = pixel
        }
        return kept
    }
}
