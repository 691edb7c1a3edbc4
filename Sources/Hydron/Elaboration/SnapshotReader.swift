import SpiceNetlist
import Waveforms

/// A map of an array that is to be taken, with where it comes from.
struct SnapshotRequest: Sendable {
    var snapshot: Snapshot
    var array: ElementReference
    var quantity: CellQuantity
}

/// Reads `.snapshot ELEMENT QUANTITY [at=T1 T2 …] [file="NAME.npy"]`.
struct SnapshotReader {
    let elaborator: Elaborator
    let card: Card
    private static let syntax = "write `.snapshot x1 g [at=5n 10n …] [file=\"g.npy\"]`"

    func read() -> SnapshotRequest? {
        let netlist = elaborator.netlist
        let sources = netlist.sources
        var statement = Statement()
        guard netlist.decode(card, into: &statement, freeExpressions: false, diagnostics: &elaborator.diagnostics)
        else { return nil }
        func error(_ message: String, _ range: SourceRange, hint: String? = nil) -> SnapshotRequest? {
            elaborator.error(message, at: range, in: elaborator.top, hint: hint)
            return nil
        }
        var names: [Token] = []
        var times: [(value: Double, range: SourceRange)] = []
        var isInTimes = false
        var file: Token?
        for field in statement.fields {
            switch field.key.map({ sources.lowercased($0.range) }) {
            case "file":
                file = field.value
                isInTimes = false
            case "at":
                isInTimes = true
                fallthrough
            case nil where isInTimes:
                guard let time = elaborator.values.value(field.value, in: elaborator.top, what: "time") else {
                    return nil
                }
                guard time >= 0 else {
                    return error("no map can be taken at \(time) s", field.value.range, hint: "times begin at 0")
                }
                times.append((time, field.value.range))
            case nil: names.append(field.value)
            case let key?:
                return error(
                    ".snapshot knows no '\(key)'", field.key?.range ?? field.value.range, hint: Self.syntax)
            }
        }
        guard names.count == 2 else {
            return error(
                ".snapshot needs an array and a quantity", sources.firstWord(of: card.range), hint: Self.syntax)
        }
        let name = elaborator.netlist.dialect.hierarchical(sources.lowercased(names[0].range))
        let directory = elaborator.card.builder.directory
        let arrays = elaborator.card.builder.arrays
        guard let reference = directory.find(name), reference.population >= 0,
            let population = elaborator.card.builder.population(Int(reference.population)) as? CrossbarPopulation
        else {
            if elaborator.elements.broken.contains(name) { return nil }
            let near = suggestion(for: name, among: arrays)
            return error(
                directory.isWrittenOut(name)
                    ? "'\(name)' is written out cell by cell: there are no maps of it"
                    : directory.find(name) == nil ? "no array '\(name)'" : "'\(name)' is no array of cells",
                names[0].range,
                hint: near.map { "did you mean '\($0)'?" }
                    ?? (arrays.isEmpty ? "the netlist has no crossbar" : "arrays: \(arrays.joined(separator: " "))"))
        }
        let array = population.arrays[Int(reference.index)]
        let word = sources.lowercased(names[1].range)
        let known = CellQuantity.allCases.filter { array.has($0) }.map(\.rawValue)
        guard let quantity = CellQuantity(rawValue: word), array.has(quantity) else {
            return error(
                "cells of '\(name)' have no quantity '\(word)'", names[1].range,
                hint: "they have: \(known.joined(separator: " "))")
        }
        for (before, after) in zip(times, times.dropFirst()) where after.value <= before.value {
            return error("the times of .snapshot must rise", after.range)
        }
        var path: String?
        if let file {
            let text = sources.text(file.range)
            guard !text.isEmpty, !text.hasPrefix("/"), !text.split(separator: "/").contains("..") else {
                return error(
                    "'\(text)' lies outside of the folder of results", file.range,
                    hint: "give a name alone; `--snapshots FOLDER` says where files go")
            }
            path = text
        }
        return SnapshotRequest(
            snapshot: Snapshot(
                element: name, quantity: word, unit: quantity.unit, rows: array.rows, columns: array.columns,
                times: times.map(\.value), file: path),
            array: reference, quantity: quantity)
    }
}
