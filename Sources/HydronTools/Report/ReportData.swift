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
    /// "running", "done", or what went wrong.
    public var state: String
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

    public init(title: String, state: String) {
        self.title = title
        self.state = state
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

    /// What a run measured, its operating point and `statistics`.
    public mutating func add(_ report: RunReport, statistics: String) {
        for analysis in report.analyses where analysis.kind == .operatingPoint {
            for (column, value) in zip(analysis.columns, analysis.lastRow) {
                operatingPoint.append([
                    "name": .string(column.name), "value": .number(value), "unit": .optional(column.unit),
                ])
            }
            for value in analysis.deviceValues {
                operatingPoint.append([
                    "name": .string("@\(value.element)[\(value.quantity)]"), "value": .number(value.value),
                    "unit": .string(value.unit),
                ])
            }
        }
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
            ]
        }
        self.statistics = statistics
    }

    /// Charts of every table that has an abscissa.
    ///
    /// - Parameter drawsPictures: whether gnuplot draws them here, for a page without an interactive library.
    public mutating func add(_ tables: [Table], drawsPictures: Bool = false) {
        for table in tables where table.header.abscissa != nil && table.rowCount > 1 {
            guard let plot = try? Plot(table, Plot.Request()) else { continue }
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

    public var json: JSONValue {
        [
            "title": .string(title), "state": .string(state), "running": .bool(isRunning),
            "progress": .number(progress), "version": .string(Simulation.version), "files": .array(files),
            "findings": .array(findings), "operatingPoint": .array(operatingPoint),
            "measurements": .array(measurements), "limits": .array(limits), "charts": .array(charts),
            "maps": .array(maps), "statistics": .string(statistics),
        ]
    }
}
