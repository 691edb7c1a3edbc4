import Glibc

/// The text that gnuplot reads, with the numbers as binary doubles in between.
struct GnuplotScript {
    private(set) var bytes: [UInt8] = []
    /// Drawn with letters: without a grid, whose lines look like curves, and with all that an axis says in the key.
    private var isText: Bool { linesPerPane != nil }
    /// Lines of letters that each pane has.
    private var linesPerPane: Int?
    private var lines = 0

    mutating func add(_ text: String) { bytes += Array((text + "\n").utf8) }

    mutating func add(_ numbers: [Double]) {
        numbers.withUnsafeBytes { bytes += $0 }
    }

    // MARK: Terminals

    mutating func terminal(path: String, hidden: String, width: Int, height: Int) {
        let ending = path.lowercased().suffix(3)
        switch ending {
        case "svg": svg(width: width, height: height)
        case "pdf":
            add(
                "set terminal pdfcairo size \(Double(width) / 96)in,\(Double(height) / 96)in "
                    + "font 'sans,10' background 'white'")
        default: add("set terminal pngcairo size \(width),\(height) font 'sans,10' background 'white'")
        }
        add("set output \(Self.quoted(hidden))")
    }

    mutating func svg(width: Int, height: Int) {
        add("set terminal svg size \(width),\(height) font 'sans-serif,13' background 'white'")
    }

    mutating func terminal(width: Int, height: Int, colour: Bool) {
        add("set terminal dumb size \(width),\(height) \(colour ? "ansi256" : "mono")")
        lines = height
        linesPerPane = height
    }

    // MARK: Curves

    /// The palette of Okabe and Ito, which people with every kind of sight can tell apart.
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]

    static func write(_ plot: Plot, columns: Int, to script: inout GnuplotScript) {
        // gnuplot takes ranges below 1e-8 for nothing.
        script.add("set encoding utf8; set zero 1e-18")
        if !script.isText { script.add("set grid back lt 1 lw 0.7 lc rgb '#dddddd'") }
        script.add("set border lc rgb '#555555'")
        script.add("set key outside top right horizontal noenhanced samplen 2")
        let (low, high) = Self.extent(plot.panes.flatMap(\.curves).map(\.x), isLog: plot.abscissa.isLog)
        let across = script.axis("x", plot.abscissa, low, high)
        let count = plot.panes.count
        if script.isText { script.linesPerPane = script.lines / max(count, 1) }
        // A title of the whole stands above the names of the curves.
        script.add(
            "set multiplot layout \(count),1"
                + (plot.title.isEmpty ? "" : " title \(quoted(plot.title)) noenhanced offset 0,0.4"))
        // Panes begin at one place, behind the longest number of any.
        let longest = plot.panes.map { pane -> Int in
            let (low, high) = Self.extent(pane.curves.map(\.y), isLog: pane.axis.isLog)
            return !pane.axis.isLog && Self.isTiny(low, high) ? Self.digits(low, high) : 0
        }
        script.add("set lmargin \(max(10, (longest.max() ?? 0) + 6))")
        if low < high { script.add("set xrange [\(low / across):\(high / across)] noextend") }
        for (at, pane) in plot.panes.enumerated() {
            // Only the lowest pane names what they share.
            let isLast = at == count - 1
            script.add(isLast ? "set xlabel \(quoted(label(plot.abscissa, across))) noenhanced" : "unset xlabel")
            // Letters leave a pane below another no room for its names by themselves.
            if script.isText, at > 0 { script.add("set tmargin 3") }
            script.draw(pane, plot.abscissa, across, columns)
        }
        script.add("unset multiplot")
    }

    private mutating func draw(_ pane: Plot.Pane, _ abscissa: Plot.Axis, _ across: Double, _ columns: Int) {
        var curves = pane.curves.filter { !$0.x.isEmpty }
        for index in curves.indices { curves[index] = Self.thinned(curves[index], abscissa.isLog, columns) }
        let (low, high) = Self.extent(curves.map(\.y), isLog: pane.axis.isLog)
        let up = axis("y", pane.axis, low, high)
        add(isText ? "unset ylabel" : "set ylabel \(Self.quoted(Self.label(pane.axis, up))) noenhanced")
        if pane.axis.isLog {
            let room = low == high ? 10 : 1.3
            add(low > 0 ? "set yrange [\(low / room):\(high * room)]; unset offsets" : "set yrange [1:10]")
        } else if Self.isConstant(low, high) {
            // A constant is no error.
            let room = low == 0 ? 1 : low.magnitude * 0.1
            add("set yrange [\((low - room) / up):\((high + room) / up)]")
        } else {
            let room = 0.04 * (high - low)
            let isTiny = Self.isTiny(low, high)
            // gnuplot's own choice of a range fails where it is small beside its place.
            add(
                isTiny
                    ? "unset offsets; set yrange [\((low - room) / up):\((high + room) / up)] noextend"
                    : "set yrange [*:*]; set offsets graph 0,0,0.04,0.04")
            // As many as letters stand apart.
            let most = linesPerPane.map { Double(max(($0 - 5) / 3, 1)) } ?? 6
            let step = Self.round((high - low) / up / most)
            if isTiny {
                // gnuplot counts such small steps wrongly: each tick is named.
                let digits = Self.digits(low, high)
                let (first, last) = ((low / up / step).rounded(.up), (high / up / step).rounded(.down))
                let ticks = stride(from: first, through: last, by: 1).map {
                    "\(Self.quoted(Self.text($0 * step, digits: digits))) \($0 * step)"
                }
                add("set ytics (\(ticks.joined(separator: ", ")))")
            } else if isText {
                add("set ytics \(step)")
            }
        }
        if curves.isEmpty {
            add("set yrange [0:1]; plot NaN notitle")
            return
        }
        // A long list of names would leave no room for the curves; a single one stands at the axis.
        let isAtAxis = curves.count == 1 && curves[0].name == pane.axis.label
        let named = curves.count <= 12 && (isText || !isAtAxis)
        let unit = isText ? Self.unit(pane.axis, up) : ""
        let parts = curves.enumerated().map { index, curve in
            let colour = Self.colours[index % Self.colours.count]
            let dash = index / Self.colours.count % 4 + 1
            return
                "'-' binary endian=little record=\(curve.x.count) format='%double%double' using 1:2 with lines lw 1.6 "
                + "lc rgb '\(colour)' dt \(dash) " + (named ? "title \(Self.quoted(curve.name + unit))" : "notitle")
        }
        add("plot " + parts.joined(separator: ", "))
        for curve in curves {
            var pairs = [Double](repeating: 0, count: 2 * curve.x.count)
            for index in curve.x.indices {
                pairs[2 * index] = curve.x[index] / across
                pairs[2 * index + 1] = curve.y[index] / up
            }
            add(pairs)
        }
    }

    private static func thinned(_ curve: Plot.Curve, _ isLog: Bool, _ columns: Int) -> Plot.Curve {
        let pairs = zip(curve.x, curve.x.dropFirst())
        let isMonotonic = pairs.allSatisfy { $0 <= $1 } || pairs.allSatisfy { $0 >= $1 }
        let kept =
            isMonotonic
            ? Decimation.columns(curve.x, curve.y, columns: columns, isLog: isLog)
            : Decimation.path(curve.x, curve.y, width: 2 * columns, height: columns)
        if kept.count == curve.x.count { return curve }
        return Plot.Curve(name: curve.name, x: kept.map { curve.x[$0] }, y: kept.map { curve.y[$0] })
    }

    /// Sets scale and ticks of an axis. Returns what its values are divided by.
    private mutating func axis(_ name: String, _ axis: Plot.Axis, _ low: Double, _ high: Double) -> Double {
        add(axis.isLog ? "set logscale \(name)" : "unset logscale \(name)")
        if axis.isLog {
            add("set \(name)tics (\(Self.decades(low, high)))")
            return 1
        }
        let most = max(low.magnitude, high.magnitude)
        add("set \(name)tics autofreq; set format \(name) '%.6g'")
        // Parts of a turn, where they are neither too few nor too many.
        if axis.unit == "°", (90...720).contains(high - low) {
            add("set \(name)tics \(high - low > 360 ? 90 : 45)")
        }
        guard let unit = axis.unit else {
            // Without a unit no prefix fits; gnuplot takes anything below 1e-8 for zero.
            return most > 0 && !(1e-3..<1e5).contains(most) ? pow(1000, (log10(most) / 3).rounded(.down)) : 1
        }
        if ["dB", "°", "°C"].contains(unit) { return 1 }
        // 0.98 V is no 980 mV on an axis that ends at one volt.
        return SIText.prefix(for: 1.1 * most).factor
    }

    /// Whether values differ by their rounding alone.
    private static func isConstant(_ low: Double, _ high: Double) -> Bool {
        high - low <= 1e-13 * max(low.magnitude, high.magnitude)
    }

    /// The next of 1, 2 and 5 times a power of ten that is not below a value above 0.
    private static func round(_ value: Double) -> Double {
        let power = pow(10, log10(value).rounded(.down))
        return power * ([1, 2, 5].first { $0 * power >= value * 0.9999999 } ?? 10)
    }

    /// Whether values change by a small part of what they are.
    private static func isTiny(_ low: Double, _ high: Double) -> Bool {
        !isConstant(low, high) && high - low < 1e-4 * max(low.magnitude, high.magnitude)
    }

    /// Significant digits that tell a tenth of a range.
    private static func digits(_ low: Double, _ high: Double) -> Int {
        min(Int(log10(max(low.magnitude, high.magnitude) / (high - low)).rounded(.up)) + 2, 15)
    }

    /// A number of so many significant digits, without zeros at the end.
    private static func text(_ value: Double, digits: Int) -> String {
        guard value != 0 else { return "0" }
        let scale = pow(10, Double(min(max(digits, 1), 15)) - 1 - log10(value.magnitude).rounded(.down))
        let text = "\((value * scale).rounded() / scale)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Ticks of a logarithmic axis: 1k, 10k, 100k, and unnamed ones between them where there is room.
    private static func decades(_ low: Double, _ high: Double) -> String {
        guard low > 0, high.isFinite else { return "" }
        let (first, last) = (Int(log10(low).rounded(.down)), Int(log10(high).rounded(.up)))
        let stride = max(1, (last - first + 7) / 8)
        var ticks: [String] = []
        for decade in first...last {
            let value = pow(10, Double(decade))
            let isNamed = (decade - last) % stride == 0
            ticks.append("\(quoted(isNamed ? SIText.number(value) : "")) \(value) \(isNamed ? 0 : 1)")
            guard stride == 1 else { continue }
            for digit in 2...9 { ticks.append("'' \(Double(digit) * value) 1") }
        }
        return ticks.joined(separator: ", ")
    }

    private static func label(_ axis: Plot.Axis, _ factor: Double) -> String { axis.label + unit(axis, factor) }

    /// ` [mV]`, with the blank before it.
    private static func unit(_ axis: Plot.Axis, _ factor: Double) -> String {
        guard let unit = axis.unit else {
            let power = Int(log10(factor).rounded())
            return power == 0 ? "" : " [10\(SIText.superscript(power))]"
        }
        let sign = SIText.prefixes.first { $0.factor == factor }?.sign ?? ""
        return " [\(sign)\(unit)]"
    }

    /// Decades of a logarithmic axis; what lies below them is the remainder of a difference and no value.
    private static let mostDecades = 16.0

    /// The least and the greatest value, of a logarithmic axis among those that it can show.
    private static func extent(_ values: [[Double]], isLog: Bool = false) -> (Double, Double) {
        var (low, high) = (Double.infinity, -Double.infinity)
        for list in values {
            for value in list where value.isFinite && (value > 0 || !isLog) {
                (low, high) = (min(low, value), max(high, value))
            }
        }
        if isLog { low = max(low, high * pow(10, -mostDecades)) }
        return low <= high ? (low, high) : (0, 0)
    }

    // MARK: Maps

    static func write(_ map: HeatMap, to script: inout GnuplotScript) {
        let (low, high) = extent([map.values])
        // A share of 0.95 is no 950 thousandths.
        let prefix = SIText.prefix(for: 1.1 * max(low.magnitude, high.magnitude))
        script.add("set encoding utf8")
        script.add("set title \(quoted(map.title)) noenhanced")
        script.add("set xlabel 'column'; set ylabel 'row'")
        script.add("set xrange [-0.5:\(Double(map.columns) - 0.5)] noextend")
        script.add("set yrange [\(Double(map.rows) - 0.5):-0.5] noextend")
        script.add("set tics out nomirror; set size ratio \(Double(map.rows) / Double(map.columns))")
        // Viridis: evenly rising brightness, also in print without colours.
        script.add(
            "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', 5 '#28ae80', "
                + "6 '#5ec962', 7 '#addc30', 8 '#fde725')")
        script.add(low < high ? "set cbrange [\(low / prefix.factor):\(high / prefix.factor)]" : "set autoscale cb")
        script.add("set format cb '%.6g\(prefix.sign)'")
        let shown = map.binned(rows: 1024, columns: 1024)
        let (wide, tall) = (
            Double(map.columns) / Double(shown.columns), Double(map.rows) / Double(shown.rows)
        )
        script.add(
            "plot '-' binary endian=little array=(\(shown.columns),\(shown.rows)) format='%double' "
                + "dx=\(wide) dy=\(tall) origin=(\((wide - 1) / 2),\((tall - 1) / 2)) using 1 with image notitle")
        script.add(shown.values.map { $0 / prefix.factor })
    }

    /// Single quotes: nothing within is an escape but the quote itself.
    private static func quoted(_ text: String) -> String {
        "'" + String(text.map { $0 == "\n" || $0 == "\r" ? " " : $0 }).replacing("'", with: "''") + "'"
    }
}
