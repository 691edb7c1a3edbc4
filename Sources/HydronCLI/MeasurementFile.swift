import Glibc
import Hydron
import Waveforms

/// Writes what a run measured: a table of one row a step, or JSON with reasons and limits too.
enum MeasurementFile {
    static func write(_ report: RunReport, title: String, to path: String) throws(WaveformError) {
        let text =
            path.hasSuffix(".json") ? json(report, title) : table(report, title, isCSV: path.hasSuffix(".csv"))
        try TextFile.write(text, to: path)
    }

    /// CSV, or the layout of HSPICE's `.mt0`: title, names, and a row a step with `failed` where there is no value.
    private static func table(_ report: RunReport, _ title: String, isCSV: Bool) -> String {
        var names: [String] = []
        for result in report.measurements where !names.contains(result.name) { names.append(result.name) }
        let steps = Set(report.measurements.map(\.step)).sorted()
        var rows = [["index"] + names]
        for step in steps {
            var row = ["\(step + 1)"]
            for name in names {
                let result = report.measurements.last { $0.step == step && $0.name == name }
                row.append(result?.value.map { "\($0)" } ?? "failed")
            }
            rows.append(row)
        }
        if isCSV { return rows.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n" }
        let head = "$DATA1 SOURCE='hydron' VERSION='\(Simulation.version)'\n.TITLE '\(title)'\n"
        let width = (rows.flatMap { $0 }.map(\.count).max() ?? 0) + 2
        return head
            + rows.map { row in
                row.map { $0 + String(repeating: " ", count: width - $0.count) }.joined()
            }.joined(separator: "\n") + "\n"
    }

    private static func json(_ report: RunReport, _ title: String) -> String {
        let measurements = report.measurements.map { result -> JSONValue in
            var members: [JSONValue.Member] = [
                .init("analysis", .string(result.analysis)), .init("name", .string(result.name)),
                .init("step", .integer(result.step)), .init("value", .optional(result.value)),
            ]
            if let reason = result.reason { members.append(.init("reason", .string(reason))) }
            return .object(members)
        }
        let assertions = report.assertions.map { result -> JSONValue in
            [
                "text": .string(result.text), "step": .integer(result.step), "holds": .bool(result.holds),
                "message": .string(result.message),
            ]
        }
        let statistics = report.statistics.map { found -> JSONValue in
            let quantiles = zip(MeasurementStatistics.quantileLevels, found.quantiles).map {
                JSONValue.Member("\($0)", .number($1))
            }
            return [
                "analysis": .string(found.analysis), "name": .string(found.name), "step": .integer(found.step),
                "nominal": .optional(found.nominal), "count": .integer(found.count),
                "failures": .integer(found.failures), "mean": .number(found.mean),
                "deviation": .number(found.deviation), "smallest": .number(found.smallest.value),
                "smallest_run": .integer(found.smallest.run), "largest": .number(found.largest.value),
                "largest_run": .integer(found.largest.run), "quantiles": .object(quantiles),
            ]
        }
        let worst = report.worstCases.map { found -> JSONValue in
            [
                "analysis": .string(found.analysis), "name": .string(found.name), "nominal": .number(found.nominal),
                "lowest": .optional(found.lowest), "highest": .optional(found.highest),
            ]
        }
        var members: [JSONValue.Member] = [
            .init("title", .string(title)), .init("measurements", .array(measurements)),
        ]
        if !statistics.isEmpty { members.append(.init("statistics", .array(statistics))) }
        if !worst.isEmpty { members.append(.init("worst_cases", .array(worst))) }
        members.append(.init("assertions", .array(assertions)))
        return JSONValue.object(members).indented
    }
}
