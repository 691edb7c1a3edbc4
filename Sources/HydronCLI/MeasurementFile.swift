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
        let measurements = report.measurements.map { result in
            var fields = [
                "\"analysis\": \(quoted(result.analysis))", "\"name\": \(quoted(result.name))",
                "\"step\": \(result.step)", "\"value\": \(result.value.map { "\($0)" } ?? "null")",
            ]
            if let reason = result.reason { fields.append("\"reason\": \(quoted(reason))") }
            return "    {" + fields.joined(separator: ", ") + "}"
        }
        let assertions = report.assertions.map { result in
            "    {\"text\": \(quoted(result.text)), \"step\": \(result.step), \"holds\": \(result.holds), "
                + "\"message\": \(quoted(result.message))}"
        }
        let statistics = report.statistics.map { found in
            let quantiles = zip(MeasurementStatistics.quantileLevels, found.quantiles).map {
                "\(quoted("\($0)")): \($1)"
            }
            return
                "    {\"analysis\": \(quoted(found.analysis)), \"name\": \(quoted(found.name)), \"step\": \(found.step), "
                + "\"nominal\": \(found.nominal.map { "\($0)" } ?? "null"), \"count\": \(found.count), "
                + "\"failures\": \(found.failures), \"mean\": \(found.mean), \"deviation\": \(found.deviation), "
                + "\"smallest\": \(found.smallest.value), \"smallest_run\": \(found.smallest.run), "
                + "\"largest\": \(found.largest.value), \"largest_run\": \(found.largest.run), "
                + "\"quantiles\": {" + quantiles.joined(separator: ", ") + "}}"
        }
        let worst = report.worstCases.map { found in
            "    {\"analysis\": \(quoted(found.analysis)), \"name\": \(quoted(found.name)), \"nominal\": \(found.nominal), "
                + "\"lowest\": \(found.lowest.map { "\($0)" } ?? "null"), "
                + "\"highest\": \(found.highest.map { "\($0)" } ?? "null")}"
        }
        func list(_ items: [String]) -> String {
            items.isEmpty ? "[]" : "[\n" + items.joined(separator: ",\n") + "\n  ]"
        }
        return "{\n  \"title\": \(quoted(title)),\n  \"measurements\": \(list(measurements)),\n"
            + (statistics.isEmpty ? "" : "  \"statistics\": \(list(statistics)),\n")
            + (worst.isEmpty ? "" : "  \"worst_cases\": \(list(worst)),\n")
            + "  \"assertions\": \(list(assertions))\n}\n"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case let control where control.value < 0x20:
                let hex = String(control.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
