import Hydron
import SpiceNetlist
import Waveforms

/// Loads and runs a netlist text; the tables of all its analyses.
public struct RunResult {
    public var tables: [Table]
    public var report: RunReport
    public var diagnostics: Diagnostics

    /// A column of the last table; empty where there is none.
    public subscript(name: String) -> [Double] { tables.last?[name] ?? [] }
    public func table(_ kind: TableHeader.Kind) -> Table? { tables.first { $0.header.kind == kind } }
}

/// Why a test's netlist did not run.
public struct NetlistFailure: Error, CustomStringConvertible {
    public var description: String
}

/// Runs `text` as a netlist.
///
/// - Throws: ``NetlistFailure`` with the rendered diagnostics where it can't be read or solved.
public func simulate(
    _ text: String, dialect: Dialect = .ngspice, parameters: [String: Double] = [:], temperature: Double? = nil,
    threads: Int? = nil, modules: OSDIModules = .none
) throws -> RunResult {
    let loaded = Simulation.load(
        text: text, dialect: dialect, parameters: parameters, temperature: temperature, threads: threads,
        modules: modules)
    let renderer = DiagnosticRenderer(loaded.sources)
    guard let simulation = loaded.simulation else {
        throw NetlistFailure(description: renderer.render(loaded.diagnostics))
    }
    let recorder = TableRecorder()
    let report = simulation.run(recorder)
    if let failure = report.failure { throw NetlistFailure(description: renderer.render(failure.diagnostic)) }
    return RunResult(tables: recorder.tables, report: report, diagnostics: loaded.diagnostics)
}

/// The value of a sampled curve at `x`, linear between samples.
public func interpolate(_ xs: [Double], _ ys: [Double], at x: Double) -> Double {
    guard let high = xs.firstIndex(where: { $0 >= x }), high > 0 else { return ys.first ?? .nan }
    let low = high - 1
    guard xs[high] > xs[low] else { return ys[high] }
    return ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low])
}
