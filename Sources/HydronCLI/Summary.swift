import Glibc
import Hydron
import SparseSolvers

/// What `hydron run` says to a person.
enum Summary {
    /// Elements whose quantities at rest are listed: what a person reads.
    private static let mostElements = 40

    /// A short table for each analysis: an operating point in full, of others the range of each column.
    static func text(of report: RunReport, file: String) -> String {
        var lines = ["\(file): \(report.elementCount) elements, \(report.unknownCount) unknowns"]
        for analysis in report.analyses where analysis.rowCount > 0 {
            lines.append("")
            if [.operatingPoint, .transferFunction].contains(analysis.kind) {
                lines.append(analysis.kind.plotName)
                for (column, value) in zip(analysis.columns, analysis.lastRow) {
                    lines.append("  \(padded(column.name, 24)) \(quantity(value, column.unit))")
                }
                var element = ""
                var count = 0
                for value in analysis.deviceValues {
                    if value.element != element {
                        element = value.element
                        count += 1
                        if count <= mostElements { lines.append("  \(element)") }
                    }
                    if count > mostElements { continue }
                    lines.append("    \(padded(value.quantity, 22)) \(quantity(value.value, value.unit))")
                }
                if count > mostElements {
                    lines.append(
                        "  and \(count - mostElements) elements more; `.print op @name[quantity]` asks for one")
                }
            } else if !analysis.notes.isEmpty {
                lines.append(analysis.kind.plotName)
                lines += analysis.notes.map { "  " + $0 }
            } else {
                let name = analysis.columns.first?.name ?? ""
                let span = analysis.ranges.first.map { "\(number($0.lowerBound)) to \(number($0.upperBound))" } ?? ""
                lines.append("\(analysis.kind.plotName): \(analysis.rowCount) points, \(name) \(span)")
                lines.append("  \(padded("", 24)) \(padded("smallest", 14)) \(padded("largest", 14)) last")
                for index in analysis.columns.indices.dropFirst().prefix(40)
                where index < analysis.ranges.count && index < analysis.lastRow.count {
                    let range = analysis.ranges[index]
                    let unit = analysis.columns[index].unit
                    lines.append(
                        "  \(padded(analysis.columns[index].name, 24)) "
                            + "\(padded(quantity(range.lowerBound, unit), 14)) "
                            + "\(padded(quantity(range.upperBound, unit), 14)) "
                            + quantity(analysis.lastRow[index], unit))
                }
                if let noise = analysis.noise {
                    lines.append(
                        "  integrated: output \(quantity(noise.output, "V")), input \(quantity(noise.input, noise.inputUnit))"
                    )
                }
                if analysis.columns.count > 41 { lines.append("  … and \(analysis.columns.count - 41) more") }
            }
        }
        if !report.statistics.isEmpty {
            lines += statistics(report)
        } else if !report.measurements.isEmpty {
            lines.append("")
            lines.append("Measurements")
            let hasSteps = report.measurements.contains { $0.step > 0 }
            for result in report.measurements {
                let name = hasSteps ? "\(result.name) [\(result.step)]" : result.name
                lines.append("  \(padded(name, 24)) \(result.value.map(number) ?? "failed: \(result.reason ?? "")")")
            }
        }
        if !report.worstCases.isEmpty {
            lines.append("")
            lines.append("Worst case                   nominal       lowest         highest")
            for worst in report.worstCases {
                lines.append(
                    "  \(padded(worst.name, 24)) \(padded(number(worst.nominal), 14)) "
                        + "\(padded(worst.lowest.map(number) ?? "failed", 14)) \(worst.highest.map(number) ?? "failed")"
                )
            }
        }
        for assertion in report.assertions where !assertion.holds {
            lines.append("  broken: \(assertion.text): \(assertion.message)")
        }
        if report.failure == nil { lines.append("\nAll rows: --csv FILE or --raw FILE") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Measurements over the runs of `.mc`.
    private static func statistics(_ report: RunReport) -> [String] {
        var lines = ["", "Statistics of \(report.statistics.map { $0.count + $0.failures }.max() ?? 0) runs"]
        lines.append(
            "  \(padded("", 24)) \(padded("nominal", 13)) \(padded("mean", 13)) \(padded("deviation", 13)) "
                + "\(padded("smallest", 13)) \(padded("median", 13)) largest")
        let hasSteps = report.statistics.contains { $0.step > 0 }
        for found in report.statistics {
            let name = hasSteps ? "\(found.name) [\(found.step)]" : found.name
            let numbers = [
                found.nominal ?? .nan, found.mean, found.deviation, found.smallest.value, found.quantiles[2],
            ]
            lines.append(
                "  \(padded(name, 24)) " + numbers.map { padded(number($0), 13) }.joined(separator: " ")
                    + " \(number(found.largest.value))" + (found.failures > 0 ? "  (\(found.failures) failed)" : ""))
        }
        return lines
    }

    /// Points, iterations, seconds by phase, memory.
    static func statistics(of report: RunReport, loading: Duration, total: Duration) -> String {
        var lines = ["elements \(report.elementCount), unknowns \(report.unknownCount)"]
        lines.append("loading \(seconds(loading)) s")
        for analysis in report.analyses {
            let s = analysis.statistics
            var line = "\(analysis.kind.rawValue): \(s.points) points, \(s.newtonIterations) Newton iterations"
            if analysis.kind == .transient {
                line += ", \(s.rejectedByError) steps rejected by error, \(s.rejectedByNewton) by Newton"
                line += ", \(s.breakpoints) breakpoints"
            }
            let aids = Dictionary(grouping: s.homotopies) { $0 }.sorted { $0.key < $1.key }
            if !aids.isEmpty {
                line += ", solved by " + aids.map { $1.count > 1 ? "\($0) (\($1.count))" : $0 }.joined(separator: ", ")
            }
            lines.append(line + ", \(fixed(analysis.seconds)) s")
            if let arrays = s.arrays { lines += Self.arrays(arrays) }
            if let models = s.evaluations {
                lines.append(
                    "  compiled models: \(models.evaluated) evaluations, \(models.bypassed) replaced by the last tangent"
                        + ", \(models.recalled) by a remembered one")
            }
            if let built = s.resting {
                lines.append("  built-in models: \(built.evaluated) evaluations, \(built.bypassed) spared at rest")
            }
            lines.append("  " + solver(s.solver))
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let cpu =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
        lines.append(
            "total \(seconds(total)) s, CPU \(fixed(cpu)) s, peak memory \(usage.ru_maxrss / 1024) MiB")
        return lines.joined(separator: "\n") + "\n"
    }

    /// "arrays: 5 solutions, 20 iterations, 2 eliminations in 0.3 s (CPU 0.5 s), 600 bytes a cell".
    private static func arrays(_ s: BlockSolverStatistics) -> [String] {
        var text = "  arrays: \(s.solves) solutions, \(s.iterations) iterations"
        text += ", \(s.factorisations) eliminations of all wires"
        if s.unsymmetric > 0 { text += ", \(s.unsymmetric) solutions by BiCGSTAB" }
        if s.stalls > 0 { text += ", \(s.stalls) stalled" }
        text += " in \(fixed(s.seconds)) s (CPU \(fixed(s.processorSeconds)) s)"
        let cells = max(s.cells, 1)
        return [
            text,
            "  arrays hold \(s.cellBytes / cells) bytes a cell, \(s.bytes / cells) with the solver's vectors; "
                + "an iteration moves \(s.bytesAnIteration / cells)",
        ]
    }

    /// "solver: conjugate gradients on strong blocks, 13 iterations in 1 solution (13 at most), ...".
    private static func solver(_ s: SolverStatistics) -> String {
        var text = "solver: "
        if s.isIterative {
            text += s.isSymmetric ? "conjugate gradients" : "BiCGSTAB"
            text += " on \(s.blocks) strong blocks, \(s.iterations) iterations in \(s.solves) solutions"
            text += " (\(s.mostIterations) at most), \(s.refreshes) refreshes"
        } else {
            text += "KLU, \(s.factorEntries) factor entries, \(s.factorisations) factorisations"
            text += ", \(s.refactorisations) refactorisations, \(s.solves) solutions"
        }
        if s.fallbacks > 0 { text += ", \(s.fallbacks) fallbacks to KLU" }
        return text + ", \(s.bytes >> 20) MiB"
    }

    private static func seconds(_ duration: Duration) -> String {
        fixed(Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
    }

    private static func fixed(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    private static let prefixes: [(factor: Double, sign: String)] = [
        (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"),
        (1e-15, "f"), (1e-18, "a"),
    ]

    /// "4.937 nS", "0.5".
    private static func quantity(_ value: Double, _ unit: String?) -> String {
        guard let unit, unit != "-", value != 0, value.isFinite else {
            return number(value) + (unit == nil || unit == "-" ? "" : " \(unit ?? "")")
        }
        for prefix in prefixes where abs(value) >= prefix.factor * 0.9999995 {
            return "\(number(value / prefix.factor)) \(prefix.sign)\(unit)"
        }
        return "\(number(value)) \(unit)"
    }

    /// Six significant digits.
    private static func number(_ value: Double) -> String {
        // Below the normal numbers powers of ten vanish.
        guard value.isNormal else { return value == 0 ? "0" : "\(value)" }
        let exponent = Int(log10(abs(value)).rounded(.down))
        guard exponent > -5, exponent < 7 else {
            var mantissa = (value / pow(10, Double(exponent)) * 1e5).rounded() / 1e5
            var power = exponent
            if abs(mantissa) >= 10 {
                mantissa /= 10
                power += 1
            }
            return mantissa == mantissa.rounded() ? "\(Int(mantissa))e\(power)" : "\(mantissa)e\(power)"
        }
        let scale = pow(10, Double(5 - exponent))
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() && abs(rounded) < 1e9 ? "\(Int(rounded))" : "\(rounded)"
    }
}
