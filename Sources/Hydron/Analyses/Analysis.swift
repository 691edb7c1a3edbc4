import SpiceNetlist
import Waveforms

/// What the catalogue knows of a kind of analysis: its cards. Error texts and the reference manual come from here.
struct AnalysisDescription: Sendable {
    /// "transient analysis"
    var name: String
    /// The dot cards that ask for it.
    var directives: [Directive]
    /// The cards, as a user writes them.
    var syntax: [String]
    /// One or two sentences.
    var summary: String
}

/// An analysis that a netlist asks for: what its card says, the table that it fills, and how it runs. A kind of analysis
/// is one file beside this one and one line in ``AnalysisCatalog``.
protocol Analysis: Sendable {
    static var description: AnalysisDescription { get }
    /// Reads a card of one of the description's directives; nil after a diagnostic.
    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)?

    /// The word for it in `.print` and `.meas`.
    var kindName: String { get }
    var tableKind: TableHeader.Kind { get }
    /// False where it starts from given conditions.
    var needsOperatingPoint: Bool { get }
    /// True where of the operating point nothing matters but small changes around it.
    var looksAtSmallSignals: Bool { get }
    /// Lower-case names of independent sources whose values it changes.
    var sweptSources: Set<String> { get }
    /// ``kindName`` of the analysis whose recorded rows it is made of; nil for one that stands alone.
    var follows: String? { get }
    /// What it takes from those rows.
    var followedItems: [OutputItem] { get }
    /// The table, for the circuit of `elaboration`. Reports what can't be given out.
    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable
    /// Reports what the table could not give out, before anything runs.
    func check(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics)
    /// Runs once, for one step of `.step`.
    func run(_ run: AnalysisRun) throws(SimulationFailure)
}

/// An analysis that is made of the recorded rows of a transient.
protocol TransientFollower: Analysis {
    /// What it takes from them.
    var items: [OutputItem] { get }
}

extension TransientFollower {
    var needsOperatingPoint: Bool { false }
    var follows: String? { "tran" }
    var followedItems: [OutputItem] { items }
}

extension Analysis {
    var needsOperatingPoint: Bool { true }
    var looksAtSmallSignals: Bool { false }
    var sweptSources: Set<String> { [] }
    var follows: String? { nil }
    var followedItems: [OutputItem] { [] }

    func check(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) {
        // Where nothing is asked for, everything is written: nothing to check, and much to list.
        guard
            !elaboration.outputs.items(for: kindName).isEmpty
                || !elaboration.measurements.columns(for: kindName).isEmpty
        else { return }
        _ = table(elaboration, netlist, diagnostics: &diagnostics)
    }

    /// What `.print` and `.save` ask of it, and behind that what measurements look at.
    func printed(
        _ elaboration: Elaboration, _ netlist: Netlist, sweepNames: [String] = [], diagnostics: inout Diagnostics
    ) -> CompiledOutputs {
        OutputCompiler(elaboration, netlist, sweepNames: sweepNames).compile(
            elaboration.outputs.items(for: kindName), recording: elaboration.measurements, for: kindName,
            diagnostics: &diagnostics)
    }
}

/// The columns of an analysis.
struct AnalysisTable: Sendable {
    /// Those that the analysis fills itself: its abscissa, its results.
    var leading: [Column] = []
    /// What is printed behind them.
    var outputs = CompiledOutputs()
    var isComplex = false
    /// The column of the abscissa where it is not the first of a kind that always has one.
    var abscissa: Int?
    /// Resistances of ports [Ω].
    var impedances: [Double] = []

    var columns: [Column] { leading + outputs.columns.map(\.column) }
}

/// Every kind of analysis there is. Adding one is one file beside this one and one line here.
enum AnalysisCatalog {
    static let kinds: [any Analysis.Type] = [
        OperatingPointAnalysis.self,
        DCSweepAnalysis.self,
        TransientAnalysis.self,
        SmallSignalAnalysis.self,
        TransferFunctionAnalysis.self,
        SensitivityAnalysis.self,
        FourierAnalysis.self,
        SpectrumAnalysis.self,
        ScatteringAnalysis.self,
        PoleZeroAnalysis.self,
    ]

    static let byDirective: [Directive: any Analysis.Type] = {
        var table: [Directive: any Analysis.Type] = [:]
        for kind in kinds { for directive in kind.description.directives { table[directive] = kind } }
        return table
    }()

    /// Dot cards of the SPICE family that ask for analyses which no kind here does.
    static let missing: Set<Directive> = Set(
        [Directive.tf, .sens, .pz, .four, .fft, .disto, .sp].filter { byDirective[$0] == nil })

    /// What does nearly the same.
    static let waysAround: [Directive: String] = [
        .disto:
            "a transient tells harmonics, `.four 1k v(out)`, and intermodulation, `.fft v(out) window=harris`; its steps must be small, `.tran 1u 4m 0 1u`"
    ]
}
