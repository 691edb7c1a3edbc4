import SpiceNetlist
import Waveforms

/// What stands in front of a golden table, in lines that begin with `#`:
///
///     # netlist 6d0a2f0e8f1b77c4
///     # dialect xyce
///     # tolerance reltol=1e-3 abstol=1e-6 peak=1e-3 norm=rms window=1e-9 grid=union
///     # tolerance v(out) reltol=1e-2 abstol=10u
///     # ignore i(v1) @m*
///
/// `netlist` is the fingerprint of the text that the table was made from. A `tolerance` without a signal holds for all,
/// one with a signal, or a pattern such as `v(x1.*)`, changes the band of those. Numbers may have SPICE's suffixes. Other
/// lines are remarks, unless their first word looks like a misspelt one of these.
public struct GoldenHeader: Sendable, Equatable {
    /// Of the netlist that the table was made from; nil where the table does not say.
    public var fingerprint: String?
    public var dialect: String?
    /// Every other line, without its `#`, in order: what a new table keeps.
    public var lines: [Line] = []

    public struct Line: Sendable, Equatable {
        public var number: Int
        public var text: String
    }

    public init() {}

    /// Reads the head of a file; a table without one gives an empty header.
    ///
    /// - Parameter path: what error messages call the file.
    /// - Throws: ``WaveformError/malformed(path:line:message:)`` for a line that begins like one of the above and is not.
    public init(in bytes: [UInt8], path: String) throws(WaveformError) {
        var number = 0
        var start = 0
        while start < bytes.count, bytes[start] == UInt8(ascii: "#") {
            number += 1
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let line = bytes[start..<end]
            start = end + 1
            let text = String(decoding: line.dropFirst().filter { $0 != 0x0D }, as: UTF8.self)
            let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            if let meant = Self.misspelt(words) {
                throw .malformed(path: path, line: number, message: "'# \(words[0])': did you mean '# \(meant)'?")
            }
            switch words.first {
            case "netlist" where words.count == 2: fingerprint = words[1]
            case "dialect" where words.count == 2: dialect = words[1]
            case "netlist", "dialect":
                throw .malformed(path: path, line: number, message: "'# \(words[0])' takes one word behind it")
            default: lines.append(Line(number: number, text: words.joined(separator: " ")))
            }
        }
        // Mistakes are told when the file is opened, not when a signal needs the line.
        _ = try tolerance(Tolerance(), path: path)
    }

    /// The keyword that a line's first word was meant to be; nil for one of them and for a remark. What follows it has to
    /// be what follows the keyword, so that sentences stay remarks.
    private static func misspelt(_ words: [String]) -> String? {
        guard let first = words.first else { return nil }
        let word = first.lowercased()
        let keywords = ["netlist", "dialect", "tolerance", "ignore"]
        let meant = keywords.contains(word) ? word : suggestion(for: word, among: keywords)
        switch meant {
        case first: return nil
        case "netlist", "dialect": return words.count == 2 ? meant : nil
        case "tolerance": return words.dropFirst().contains { $0.contains("=") } ? meant : nil
        default: return words.dropFirst().contains { $0.contains("(") || $0.contains("@") } ? meant : nil
        }
    }

    public static func read(_ path: String) throws(WaveformError) -> GoldenHeader {
        try GoldenHeader(in: WaveformReader.bytes(of: path), path: path)
    }

    /// `base` with what the lines change.
    public func tolerance(_ base: Tolerance, path: String) throws(WaveformError) -> Tolerance {
        var tolerance = base
        for line in lines {
            let words = line.text.split(separator: " ").map(String.init)
            do throws(WaveformError) {
                switch words.first {
                case "tolerance": try tolerance.apply(words.dropFirst())
                case "ignore": tolerance.ignored += words.dropFirst().map { Column.normalized($0) }
                default: break
                }
            } catch {
                throw .malformed(path: path, line: line.number, message: error.description)
            }
        }
        return tolerance
    }

    /// The lines as they stand in a file.
    public var text: String {
        var rows: [String] = []
        if let fingerprint { rows.append("netlist \(fingerprint)") }
        if let dialect { rows.append("dialect \(dialect)") }
        rows += lines.map(\.text)
        return rows.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
    }
}

extension Tolerance {
    /// Changes what words such as `reltol=1e-3` name: `reltol`, `abstol`, `peak` (the share of a signal's greatest value
    /// that widens its band), `norm` (`maximum` or `rms`), `window` (in the abscissa's unit), `grid` (`gold` or `union`).
    /// A first word without `=` is the signal, or the pattern of signals, whose band alone changes.
    ///
    /// - Throws: ``WaveformError/shape(_:)`` for anything else.
    public mutating func apply(_ words: some Collection<String>) throws(WaveformError) {
        var words = words.map { $0 }
        var signal: String?
        if let first = words.first, !Self.isSetting(first) {
            signal = Column.normalized(first)
            words.removeFirst()
        }
        if words.isEmpty {
            throw .shape("a tolerance names what it sets: reltol=1e-3 abstol=1e-6 norm=rms window=1e-9")
        }
        var band = signal.map { self.band(of: $0) } ?? self.band
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw .shape("'\(word)' is no setting like reltol=1e-3") }
            switch (parts[0], signal) {
            case ("reltol", _): band.relative = try Self.number(parts)
            case ("abstol", _): band.absolute = try Self.number(parts)
            case ("peak", _): band.peakFraction = try Self.number(parts)
            case ("window", nil): timeTolerance = try Self.number(parts)
            case ("norm", nil):
                guard let norm = Norm(rawValue: parts[1]) else { throw .shape("norm is maximum or rms") }
                self.norm = norm
            case ("grid", nil):
                guard let grid = Grid(rawValue: parts[1]) else { throw .shape("grid is gold or union") }
                self.grid = grid
            case ("window", _), ("norm", _), ("grid", _):
                throw .shape("\(parts[0]) holds for all signals: leave the signal's name out")
            default: throw .shape("no setting '\(parts[0])'; there are reltol, abstol, peak, norm, window and grid")
            }
        }
        if let signal { signals.append(SignalBand(name: signal, band: band)) } else { self.band = band }
    }

    /// Names such as `v(a)=1` do not occur: an equals sign outside of parentheses makes a setting.
    private static func isSetting(_ word: String) -> Bool {
        word.prefix { $0 != "(" }.contains("=")
    }

    private static func number(_ parts: [String]) throws(WaveformError) -> Double {
        guard let number = Number.parse(parts[1]), number.value >= 0, number.value.isFinite else {
            throw .shape("\(parts[0]) is a number from 0 on, not '\(parts[1])'")
        }
        return number.value
    }
}
