import Hydron
import SpiceNetlist
import Waveforms

/// What a page shows of a run, as the page's script reads it.
public struct ReportData: Sendable {
    /// Curves with more points are thinned to four points in each of so many columns: zooming in by a factor of ten still
    /// shows every pixel's extremes.
    static let columns = 20_000
    /// A pane with more curves shows the first ones.
    static let mostCurves = 60

    public var title: String
    /// "running", "done", what went wrong, or what else is to be said of it.
    public var state: String
    /// Whether something went wrong.
    public var hasFailed = false
    public var isRunning = false
    /// From 0 to 1, while it runs.
    public var progress = 0.0
    var files: [JSONValue] = []
    var findings: [JSONValue] = []
    var operatingPoint: [JSONValue] = []
    var measurements: [JSONValue] = []
    var limits: [JSONValue] = []
    var charts: [JSONValue] = []
    var maps: [JSONValue] = []
    var statistics = ""

    /// Rows that a table of quantities shows.
    static let mostQuantities = 1000
    /// Columns of a table by steps.
    static let mostSteps = 12

    public init(title: String, state: String, hasFailed: Bool = false) {
        self.title = title
        self.state = state
        self.hasFailed = hasFailed
    }

    public mutating func add(_ sources: SourceMap) {
        var seen: Set<String> = []
        for (index, file) in sources.files.enumerated() where seen.insert(file.path).inserted {
            let bytes = sources.bytes(of: UInt32(index))
            // A library of megabytes is not what anybody reads in a page.
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes.prefix(200_000)), as: UTF8.self)
            files.append([
                "path": .string(file.path), "text": .string(bytes.count > 200_000 ? text + "\n…" : text),
            ])
        }
    }

    public mutating func add(_ diagnostics: [Diagnostic], _ sources: SourceMap) {
        let renderer = DiagnosticRenderer(sources)
        findings += diagnostics.map { finding in
            ["severity": .string(finding.severity.rawValue), "text": .string(renderer.render(finding))]
        }
    }

    /// The circuit at rest, whatever its analyses: voltages, currents, elements' quantities. To be added before tables.
    public mutating func add(operatingPointOf simulation: Simulation, control: RunControl = RunControl()) {
        guard let analysis = simulation.operatingPoint(control: control) else { return }
        var rows = zip(analysis.columns, analysis.lastRow).map { column, value in
            Self.quantity(column.name, column.unit, [value])
        }
        rows += analysis.deviceValues.map { Self.quantity("@\($0.element)[\($0.quantity)]", $0.unit, [$0.value]) }
        add(
            title: simulation.stepCount > 1
                ? "Operating point at the netlist's own values, without .step" : "Operating point",
            heads: ["value"], rows)
    }

    /// Tables without an abscissa, such as `.op` gives: a column a step.
    private mutating func addRows(of table: Table) {
        guard table.rowCount > 0, !table.header.isComplex else { return }
        let isStepped = table.steps.count > 1
        let blocks = table.blocks.prefix(Self.mostSteps).filter { !$0.isEmpty }
        let heads = blocks.indices.map { index -> String in
            guard isStepped else { return "value" }
            return zip(table.header.stepParameters, table.steps[index].parameters)
                .map { "\($0.name)=\(SIText.number($1))" }.joined(separator: " ")
        }
        let rows = table.header.columns.enumerated().map { place, column in
            Self.quantity(column.name, column.unit, blocks.map { table.columns[place][$0.upperBound - 1] })
        }
        let hidden = table.blocks.count - blocks.count
        add(title: table.header.plotName + (hidden > 0 ? ", the first \(blocks.count) steps" : ""), heads: heads, rows)
    }

    private mutating func add(title: String, heads: [String], _ rows: [JSONValue]) {
        guard !rows.isEmpty else { return }
        operatingPoint.append([
            "title": .string(title), "heads": .strings(heads), "rows": .array(Array(rows.prefix(Self.mostQuantities))),
            "hidden": .integer(max(0, rows.count - Self.mostQuantities)),
        ])
    }

    private static func quantity(_ name: String, _ unit: String?, _ values: [Double]) -> JSONValue {
        ["name": .string(name), "unit": .optional(unit), "values": .numbers(values)]
    }

    /// What a run measured, and `statistics`.
    public mutating func add(_ report: RunReport, statistics: String) {
        measurements += report.measurements.map { result in
            [
                "name": .string(result.name), "analysis": .string(result.analysis), "step": .integer(result.step),
                "value": .optional(result.value), "reason": .optional(result.reason),
            ]
        }
        limits += report.assertions.map { result in
            [
                "text": .string(result.text), "step": .integer(result.step), "holds": .bool(result.holds),
                "message": .string(result.message),
                "values": .array(result.values.map { ["name": .string($0.name), "value": .number($0.value)] }),
            ]
        }
        self.statistics = statistics
    }

    /// Charts of every table that has an abscissa; what else there is as numbers.
    ///
    /// - Parameter drawsPictures: whether gnuplot draws them here, for a page without an interactive library.
    public mutating func add(_ tables: [Table], drawsPictures: Bool = false) {
        for table in tables {
            guard table.header.abscissa != nil, table.rowCount > 1, let plot = try? Plot(table, Plot.Request()) else {
                // What `.op` printed is part of the operating point that is shown already.
                let isShown = table.header.kind == .operatingPoint && table.steps.count < 2 && !operatingPoint.isEmpty
                if !isShown { addRows(of: table) }
                continue
            }
            var members: [JSONValue.Member] = [
                .init("title", .string(table.header.plotName)), .init("abscissa", Self.axis(plot.abscissa)),
                .init(
                    "panes",
                    .array(
                        plot.panes.map { pane in
                            [
                                "axis": Self.axis(pane.axis),
                                "curves": .array(
                                    pane.curves.prefix(Self.mostCurves).map { Self.curve($0, plot.abscissa.isLog) }),
                                "hidden": .integer(max(0, pane.curves.count - Self.mostCurves)),
                            ]
                        })),
            ]
            if drawsPictures, let picture = try? Gnuplot.draw(plot, to: .svg) {
                members.append(.init("svg", .string(picture)))
            }
            charts.append(.object(members))
        }
    }

    /// Maps of arrays as they were taken.
    public mutating func add(
        _ taken: [(snapshot: Int, time: Double, values: [Double])], of snapshots: [Snapshot]
    ) {
        for map in taken where snapshots.indices.contains(map.snapshot) {
            let snapshot = snapshots[map.snapshot]
            guard
                let array = try? NumberArray(shape: [snapshot.rows, snapshot.columns], values: map.values),
                let heat = try? HeatMap(array, index: 0, title: "")
            else { continue }
            let shown = heat.binned(rows: 512, columns: 512)
            maps.append([
                "title": .string("@\(snapshot.element)[\(snapshot.quantity)]"), "unit": .string(snapshot.unit),
                "time": .number(map.time), "rows": .integer(shown.rows), "columns": .integer(shown.columns),
                "values": .string(Base64.text(shown.values)),
                "cells": .string("\(snapshot.rows) × \(snapshot.columns)"),
            ])
        }
    }

    private static func axis(_ axis: Plot.Axis) -> JSONValue {
        ["label": .string(axis.label), "unit": .optional(axis.unit), "log": .bool(axis.isLog)]
    }

    private static func curve(_ curve: Plot.Curve, _ isLog: Bool) -> JSONValue {
        var (x, y) = (curve.x, curve.y)
        let pairs = zip(x, x.dropFirst())
        if x.count > 4 * columns, pairs.allSatisfy({ $0 <= $1 }) || pairs.allSatisfy({ $0 >= $1 }) {
            let kept = Decimation.columns(x, y, columns: columns, isLog: isLog)
            (x, y) = (kept.map { curve.x[$0] }, kept.map { curve.y[$0] })
        }
        return [
            "name": .string(curve.name), "points": .integer(curve.x.count), "x": .string(Base64.text(x)),
            "y": .string(Base64.text(y)),
        ]
    }

    /// Whether there is anything of a run to look at.
    public var hasContent: Bool { !charts.isEmpty || !operatingPoint.isEmpty || !maps.isEmpty }

    public var json: JSONValue {
        [
            "title": .string(title), "state": .string(state), "running": .bool(isRunning), "failed": .bool(hasFailed),
            "progress": .number(progress), "version": .string(Simulation.version), "files": .array(files),
            "findings": .array(findings), "operatingPoint": .array(operatingPoint),
            "measurements": .array(measurements), "limits": .array(limits), "charts": .array(charts),
            "maps": .array(maps), "statistics": .string(statistics),
        ]
    }
}
