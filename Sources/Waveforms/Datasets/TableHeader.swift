/// Head of a table: what one analysis puts into its columns.
public struct TableHeader: Sendable, Hashable {
    /// The analysis. Raw values are the tags in file names, `OUT.tran.csv`.
    public enum Kind: String, Sendable, CaseIterable {
        case operatingPoint = "op"
        case dcTransfer = "dc"
        case transient = "tran"
        case ac
        case noise
        case integratedNoise = "noisetotal"
        case transferFunction = "tf"
        case sensitivity = "sens"
        case poleZero = "pz"
        case fourier = "four"
        case spectrum = "fft"
        case scattering = "sp"
        case statistics = "mc"
        case other = "table"

        /// The words that ngspice's rawfiles and their readers use.
        public var plotName: String {
            switch self {
            case .operatingPoint: "Operating Point"
            case .dcTransfer: "DC transfer characteristic"
            case .transient: "Transient Analysis"
            case .ac: "AC Analysis"
            case .noise: "Noise Spectral Density Curves"
            case .integratedNoise: "Integrated Noise"
            case .transferFunction: "Transfer Function"
            case .sensitivity: "Sensitivity Analysis"
            case .poleZero: "Pole-Zero Analysis"
            case .fourier: "Fourier Analysis"
            case .spectrum: "Spectrum"
            case .scattering: "SP Analysis"
            case .statistics: "Monte Carlo Analysis"
            case .other: "Table"
            }
        }

        /// The analysis behind a rawfile's plot name.
        init(plotName: String) {
            let words = plotName.lowercased()
            if let exact = Self.allCases.first(where: { $0.plotName.lowercased() == words }) {
                self = exact
            } else if words.contains("operating point") {
                self = .operatingPoint
            } else if words.contains("transient") {
                self = .transient
            } else if words.hasPrefix("dc") {
                self = .dcTransfer
            } else if words.hasPrefix("ac") {
                self = .ac
            } else if words.contains("noise") {
                self = words.contains("integrated") ? .integratedNoise : .noise
            } else {
                self = .other
            }
        }
    }

    public var title: String
    public var kind: Kind
    /// A rawfile's plot name; viewers know a table by it.
    public var plotName: String
    /// The columns of a row, without those of `.step`. The abscissa comes first.
    public var columns: [Column]
    /// Whether a row holds a pair (re, im) for each column.
    public var isComplex: Bool
    /// Index into `columns` of the abscissa, nil where there is none.
    public var abscissa: Int?
    /// The parameters that `.step` changes, empty without it. Tables print a `step` column and these before the
    /// others.
    public var stepParameters: [Column]

    /// Resistances of the ports [Ω] that scattering parameters refer to, in order.
    public var impedances: [Double]

    /// - Parameter abscissa: nil means column 0, unless the analysis has no abscissa (`.operatingPoint` and the
    ///   other single-row kinds).
    public init(
        title: String = "", kind: Kind, plotName: String? = nil, columns: [Column], isComplex: Bool = false,
        abscissa: Int? = nil, stepParameters: [Column] = [], impedances: [Double] = []
    ) {
        self.impedances = impedances
        self.title = title
        self.kind = kind
        self.plotName = plotName ?? kind.plotName
        self.columns = columns
        self.isComplex = isComplex
        self.stepParameters = stepParameters
        switch kind {
        case .dcTransfer, .transient, .ac, .noise, .fourier, .spectrum, .scattering:
            self.abscissa = abscissa ?? (columns.isEmpty ? nil : 0)
        default: self.abscissa = abscissa
        }
    }

    /// Columns that a CSV table prints before `columns`: `step` and the stepped parameters.
    public var stepColumnCount: Int { stepParameters.isEmpty ? 0 : stepParameters.count + 1 }

    /// Doubles in one row.
    public var rowWidth: Int { isComplex ? 2 * columns.count : columns.count }

    /// Whether values of a column have an imaginary part.
    func hasImaginaryPart(_ column: Int) -> Bool {
        isComplex && column != abscissa && !columns[column].isReal
    }

    /// Refuses what no writer can write.
    func validate() throws(WaveformError) {
        if columns.isEmpty { throw .shape("the table \(plotName) has no columns") }
        if let abscissa, !columns.indices.contains(abscissa) {
            throw .shape("the table \(plotName) has no column \(abscissa) to be its abscissa")
        }
    }
}
