/// How far a table may be from the golden one.
///
/// At a point with golden value g the band is g ± (relative·|g| + absolute + relative·peakFraction·peak), where peak
/// is the signal's greatest |g|: a crossing of zero is not asked for more digits than the signal has. Errors are in
/// units of half the band; a norm of at most 1 agrees.
public struct Tolerance: Sendable, Hashable {
    public struct Band: Sendable, Hashable {
        public var relative: Double
        /// In the unit of the signal; nil takes that of its quantity.
        public var absolute: Double?
        public var peakFraction: Double

        public init(relative: Double = 1e-3, absolute: Double? = nil, peakFraction: Double = 1e-3) {
            self.relative = relative
            self.absolute = absolute
            self.peakFraction = peakFraction
        }
    }

    /// Which norm of the errors along a signal decides.
    public enum Norm: String, Sendable, CaseIterable { case maximum, rms }

    /// Where signals are compared: at the golden points, the test table interpolated; or also at the test's points, the
    /// golden table interpolated, which finds what happens between golden points but takes the golden table for exact
    /// there.
    public enum Grid: String, Sendable, CaseIterable { case gold, union }

    /// For signals without a band of their own.
    public var band: Band
    /// The band of a signal, or of all whose names fit a pattern.
    public struct SignalBand: Sendable, Hashable {
        public var name: String
        public var band: Band

        public init(name: String, band: Band) {
            self.name = name
            self.band = band
        }
    }

    /// Bands of signals; of several that fit, the last one counts.
    public var signals: [SignalBand]
    /// Absolute tolerances where a band has none. [V, A, …]
    public var absolute: [Column.Quantity: Double]
    /// For a quantity that `absolute` does not name.
    public var absoluteOtherwise: Double
    /// A point also agrees if the other waveform passes through its band within ± this of the abscissa: the room that
    /// edges get. In the abscissa's unit [s].
    public var timeTolerance: Double
    public var norm: Norm
    public var grid: Grid
    /// Whether signals that the golden table lacks are a failure.
    public var refusesExtraSignals: Bool
    /// Names of signals, or patterns of them, that are not compared.
    public var ignored: [String] = []

    public init(
        _ band: Band = Band(), signals: [SignalBand] = [],
        absolute: [Column.Quantity: Double] = [.voltage: 1e-6, .current: 1e-12, .charge: 1e-14],
        absoluteOtherwise: Double = 1e-12, timeTolerance: Double = 0, norm: Norm = .maximum, grid: Grid = .gold,
        refusesExtraSignals: Bool = false
    ) {
        self.band = band
        self.signals = signals.map { SignalBand(name: Column.normalized($0.name), band: $0.band) }
        self.absolute = absolute
        self.absoluteOtherwise = absoluteOtherwise
        self.timeTolerance = timeTolerance
        self.norm = norm
        self.grid = grid
        self.refusesExtraSignals = refusesExtraSignals
    }

    func ignores(_ name: String) -> Bool {
        ignored.contains { NamePattern(Column.normalized($0)).matches(name) }
    }

    /// The band of the signal of that name in lower case.
    public func band(of name: String) -> Band {
        signals.last { NamePattern($0.name).matches(name) }?.band ?? band
    }

    func band(for column: Column) -> (relative: Double, absolute: Double, peakFraction: Double) {
        let band = band(of: Column.normalized(column.name))
        return (band.relative, band.absolute ?? absolute[column.quantity] ?? absoluteOtherwise, band.peakFraction)
    }
}
