import ComplexModule
import Glibc
import SpiceNetlist
import Waveforms

/// `.fft`: the spectrum of a transient over evenly spaced samples, straight lines between its rows.
///
/// Magnitudes are amplitudes: a sine of 1 V that fits into the window shows 1 V whatever the window, because its weights
/// are divided by their mean. Phases count from a cosine at the start.
struct SpectrumAnalysis: TransientFollower {
    private static let syntax = "write `.fft v(out) [np=1024] [start=] [stop=] [window=hann] [format=unorm] [freq=]`"
    static let description = AnalysisDescription(
        name: "spectrum", directives: [.fft],
        syntax: [
            ".fft v(out)|i(source)|{expression} … [np=1024] [start=] [stop=] [format=norm|unorm] [freq=] [fmin=] [fmax=]",
            "     [window=rect|bart|hann|hamm|black|harris|gauss|kaiser] [alfa=3]",
        ],
        summary: "Fast Fourier transform of the transient, with THD, SNR, SINAD, SFDR and effective bits.")

    var items: [OutputItem] = []
    /// Window [s]; nil for the transient's own ends.
    var start: Double?
    var stop: Double?
    /// A power of two.
    var points = 1024
    var window = SpectralWindow.rectangular
    var alpha = 3.0
    /// Magnitudes are divided by the largest one.
    var isNormalised = true
    /// Fundamental [Hz]; nil for the largest line.
    var fundamental: Double?
    /// What is given out [Hz].
    var lowest = 0.0
    var highest = Double.infinity
    var range: SourceRange?

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card, keepingCalls: true) else { return nil }
        var analysis = SpectrumAnalysis()
        for field in statement.fields {
            guard let key = field.key else { continue }
            guard analysis.set(reader.text(key), key, field.value, reader) else { return nil }
        }
        if let start = analysis.start, let stop = analysis.stop, start >= stop {
            reader.error("the window of .fft ends before it starts", card.range, hint: syntax)
            return nil
        }
        let place = reader.sources.firstWord(of: card.range)
        let tokens = statement.fields.filter { $0.key == nil }.map(\.value)
        guard let items = reader.followedItems(tokens[...], of: ".fft", at: place, hint: syntax) else { return nil }
        analysis.items = items
        analysis.range = place
        return analysis
    }

    /// Takes `key=value`; false after a diagnostic.
    private mutating func set(_ key: String, _ keyToken: Token, _ token: Token, _ reader: DirectiveReader) -> Bool {
        let word = reader.text(token)
        switch key {
        case "window":
            guard let window = SpectralWindow(word: word) else {
                reader.error(
                    ".fft has no window '\(word)'", token.range,
                    hint: "there are: " + SpectralWindow.allCases.map(\.rawValue).joined(separator: " "))
                return false
            }
            self.window = window
            return true
        case "format":
            guard word == "norm" || word == "unorm" else {
                reader.error("the format of .fft is norm or unorm, not '\(word)'", token.range)
                return false
            }
            isNormalised = word == "norm"
            return true
        default: break
        }
        guard ["start", "from", "stop", "to", "np", "alfa", "alpha", "freq", "fmin", "fmax"].contains(key) else {
            reader.error(".fft knows no '\(key)'", keyToken.range, hint: Self.syntax)
            return false
        }
        guard let value = reader.elaborator.values.value(token, in: reader.top, what: key) else { return false }
        switch key {
        case "start", "from": start = value
        case "stop", "to": stop = value
        case "alfa", "alpha": alpha = value
        case "freq": fundamental = value > 0 ? value : nil
        case "fmin": lowest = value
        case "fmax": highest = value
        default:
            guard value >= 4, value <= Double(1 << 24) else {
                reader.error("the points of .fft are \(value.plain)", token.range, hint: "from 4 to 16777216")
                return false
            }
            let exponent = log2(value).rounded()
            points = 1 << Int(exponent)
            if Double(points) != value {
                reader.elaborator.diagnostics.warning(
                    ".fft takes \(points) points: a power of two", at: token.range)
            }
        }
        return true
    }

    var kindName: String { "fft" }
    var tableKind: TableHeader.Kind { .spectrum }

    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        var columns = [Column("frequency", .frequency)]
        for item in items {
            columns += [Column("mag(\(item.label))"), Column("phase(\(item.label))", .phase)]
        }
        return AnalysisTable(leading: columns)
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let curves = try run.curves(items, for: ".fft")
        let (first, last) = (curves.times.first ?? 0, curves.times.last ?? 0)
        let from = max(start ?? first, first)
        let to = min(stop ?? last, last)
        guard to > from else {
            let window = "\((start ?? first).sixDigits) to \((stop ?? last).sixDigits) s"
            throw SimulationFailure(
                .badNetlist, "the window of .fft, \(window), lies outside of the transient", at: range,
                hint: "choose start= and stop= within the times that .tran gives out")
        }
        let span = to - from
        let weights = (0..<points).map { window.weight($0, of: points, alpha: alpha) }
        let mean = weights.reduce(0, +) / Double(points)
        var spectra: [[Complex<Double>]] = []
        for (item, values) in zip(items, curves.values) {
            let curve = MeasurementEvaluator(abscissa: curves.times, column: values)
            var samples = (0..<points).map { index in
                Complex(curve.interpolate(0, from + span * Double(index) / Double(points)) * weights[index] / mean)
            }
            FourierTransform.transform(&samples)
            var lines = (0...points / 2).map { k in
                samples[k].scaled(by: (k == 0 || k == points / 2 ? 1 : 2) / Double(points))
            }
            let quality = SpectralQuality(
                lines.map(\.length), fundamental: fundamental.map { Int(($0 * span).rounded()) }, window.halfWidth)
            if quality.amplitude > 0 {
                run.report.notes.append("\(item.label): \(quality.text(spacing: 1 / span))")
                run.report.values += quality.values.map { (item.label, $0.name, $0.value) }
            } else {
                run.report.notes.append("\(item.label): no line to refer the others to")
            }
            if isNormalised {
                let peak = lines.reduce(0) { max($0, $1.length) }
                if peak > 0 { lines = lines.map { $0.scaled(by: 1 / peak) } }
            }
            spectra.append(lines)
        }
        for k in 0...points / 2 {
            let frequency = Double(k) / span
            guard frequency >= lowest, frequency <= highest else { continue }
            try run.emit(
                [frequency] + spectra.flatMap { [$0[k].length, $0[k].length > 0 ? $0[k].phase * 180 / .pi : 0] })
        }
    }
}

/// Figures of merit of a spectrum with one strong line (IEEE Std 1241-2010), as ratios of amplitudes.
struct SpectralQuality {
    /// Bin of the fundamental.
    let fundamental: Int
    let amplitude: Double
    /// Harmonics over the fundamental.
    let distortion: Double
    /// Fundamental over all that is neither it nor its harmonics nor DC.
    let signalToNoise: Double
    /// Fundamental over everything else but DC.
    let signalToNoiseAndDistortion: Double
    /// Fundamental over the largest other line.
    let spuriousFreeRange: Double
    var effectiveBits: Double { (20 * log10(signalToNoiseAndDistortion) - 1.76) / 6.02 }

    /// - Parameter halfWidth: bins beside a line that belong to it.
    init(_ lines: [Double], fundamental given: Int?, _ halfWidth: Int) {
        let count = lines.count
        var largest = min(1 + halfWidth, count - 1)
        for k in largest..<count where lines[k] > lines[largest] { largest = k }
        let center = given.map { min(max($0, 1), count - 1) } ?? largest
        fundamental = center
        // 0 DC, 1 fundamental, 2 harmonic, 3 anything else.
        var kind = [Int](repeating: 3, count: count)
        func mark(_ bin: Int, _ as: Int) {
            for k in max(0, bin - halfWidth)...min(count - 1, bin + halfWidth) where kind[k] == 3 { kind[k] = `as` }
        }
        mark(center, 1)
        mark(0, 0)
        var harmonic = 2 * center
        while harmonic < count {
            mark(harmonic, 2)
            harmonic += center
        }
        var powers = [0.0, 0, 0, 0]
        var spur = 0.0
        for k in 0..<count {
            powers[kind[k]] += lines[k] * lines[k]
            if kind[k] >= 2 { spur = max(spur, lines[k]) }
        }
        let signal = powers[1].squareRoot()
        amplitude = lines[center]
        distortion = (powers[2] / powers[1]).squareRoot()
        signalToNoise = signal / powers[3].squareRoot()
        signalToNoiseAndDistortion = signal / (powers[2] + powers[3]).squareRoot()
        spuriousFreeRange = lines[center] / spur
    }

    var values: [(name: String, value: Double)] {
        [
            ("thd", distortion), ("snr", 20 * log10(signalToNoise)), ("sndr", 20 * log10(signalToNoiseAndDistortion)),
            ("sfdr", 20 * log10(spuriousFreeRange)), ("enob", effectiveBits),
        ]
    }

    func text(spacing: Double) -> String {
        let decibels = values.dropFirst().dropLast().map { "\($0.name.uppercased()) \($0.value.sixDigits) dB" }
        return
            "fundamental \((Double(fundamental) * spacing).sixDigits) Hz, THD \((distortion * 100).sixDigits) %, "
            + decibels.joined(separator: ", ") + ", ENOB \(effectiveBits.sixDigits)"
    }
}
