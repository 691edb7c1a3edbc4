import ComplexModule
import SpiceNetlist
import Waveforms

/// `.pz`: poles and zeros of the transfer from one pair of nodes to another, around the operating point.
///
/// Poles are the s with det(G + sC) = 0; with the input as a right-hand side b and the output as cᵀx, zeros are those of the
/// bordered pencil ((G + sC, b), (cᵀ, 0)). `cur` drives a current into the input, `vol` holds a voltage there: an
/// independent voltage source between its nodes is that input, else one is put there.
struct PoleZeroAnalysis: Analysis {
    private static let syntax = "write `.pz in+ in- out+ out- cur|vol pol|zer|pz`"
    static let description = AnalysisDescription(
        name: "poles and zeros", directives: [.pz], syntax: [".pz in+ in- out+ out- cur|vol pol|zer|pz"],
        summary: "Poles and zeros of a transfer function [rad/s], around the operating point.")

    /// Unknowns of the nodes.
    var input: (plus: Int, minus: Int)
    var output: (plus: Int, minus: Int)
    var drivesVoltage: Bool
    var wantsPoles: Bool
    var wantsZeros: Bool

    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card) else { return nil }
        let tokens = statement.fields.map(\.value)
        let place = reader.sources.firstWord(of: card.range)
        guard tokens.count == 6 else {
            reader.error(".pz needs four nodes, cur or vol, and pol, zer or pz", place, hint: syntax)
            return nil
        }
        var nodes: [Int] = []
        for token in tokens[0..<4] {
            guard let node = reader.unknown(reader.text(token), at: token.range) else { return nil }
            nodes.append(node)
        }
        let (drive, wanted) = (reader.text(tokens[4]), reader.text(tokens[5]))
        guard drive == "cur" || drive == "vol" else {
            reader.error("the input of .pz is cur or vol, not '\(drive)'", tokens[4].range, hint: syntax)
            return nil
        }
        guard ["pol", "zer", "pz"].contains(wanted) else {
            reader.error(".pz finds pol, zer or pz, not '\(wanted)'", tokens[5].range, hint: syntax)
            return nil
        }
        for (first, name) in [(0, "input"), (2, "output")] where nodes[first] == nodes[first + 1] {
            reader.error("both nodes of .pz's \(name) are the same", tokens[first + 1].range, hint: syntax)
            return nil
        }
        return PoleZeroAnalysis(
            input: (nodes[0], nodes[1]), output: (nodes[2], nodes[3]), drivesVoltage: drive == "vol",
            wantsPoles: wanted != "zer", wantsZeros: wanted != "pol")
    }

    var looksAtSmallSignals: Bool { true }
    var kindName: String { "pz" }
    var tableKind: TableHeader.Kind { .poleZero }

    /// A row a root: `zero` tells zeros (1) from poles (0).
    func table(_ elaboration: Elaboration, _ netlist: Netlist, diagnostics: inout Diagnostics) -> AnalysisTable {
        AnalysisTable(leading: [Column("zero"), Column("real", unit: "rad/s"), Column("imaginary", unit: "rad/s")])
    }

    func run(_ run: AnalysisRun) throws(SimulationFailure) {
        let system = try EquationSystem(run.circuit)
        defer { run.note(system) }
        let x = Vector(system.count)
        try run.operatingPoint(system, x)
        run.report.statistics.points += 1
        let matrices = try system.smallSignalMatrices(UnsafePointer(x.base))
        var entries: [PencilRoots.Entry] = []
        let pattern = matrices.pattern
        for column in 0..<pattern.size {
            for slot in Int(pattern.columnStarts[column])..<Int(pattern.columnStarts[column + 1]) {
                entries.append(
                    PencilRoots.Entry(
                        row: Int(pattern.rowIndices[slot]), column: column, g: matrices.conductance[slot],
                        c: matrices.capacitance[slot]))
            }
        }
        var size = pattern.size
        /// Rows of the input and what each gets for a unit of it.
        var drive = [(input.plus, 1.0), (input.minus, -1.0)]
        if drivesVoltage {
            if let branch = sourceBranch(system.circuit) {
                drive = [(branch, 1)]
            } else {
                size += 1
                for (node, sign) in drive where node > 0 {
                    entries.append(.init(row: node - 1, column: size - 1, g: sign, c: 0))
                    entries.append(.init(row: size - 1, column: node - 1, g: sign, c: 0))
                }
                drive = [(size, 1)]
            }
        }
        if wantsPoles { try give("pole", 0, PencilRoots(size: size, entries), run) }
        guard wantsZeros else { return }
        for (row, sign) in drive where row > 0 { entries.append(.init(row: row - 1, column: size, g: sign, c: 0)) }
        for (column, sign) in [(output.plus, 1.0), (output.minus, -1.0)] where column > 0 {
            entries.append(.init(row: size, column: column - 1, g: sign, c: 0))
        }
        try give("zero", 1, PencilRoots(size: size + 1, entries), run)
    }

    /// The branch of an independent voltage source between the input's nodes.
    private func sourceBranch(_ circuit: Circuit) -> Int? {
        for population in circuit.populations where population is VoltageSources {
            for index in 0..<population.count {
                let nodes = (Int(population.unknown(0, of: index)), Int(population.unknown(1, of: index)))
                if nodes == input || nodes == (input.minus, input.plus) {
                    return population.branchUnknown.map { Int(population.unknown($0, of: index)) }
                }
            }
        }
        return nil
    }

    private func give(
        _ name: String, _ kind: Double, _ pencil: PencilRoots, _ run: AnalysisRun
    ) throws(SimulationFailure) {
        let roots: [Complex<Double>]
        do throws(PencilRoots.Failure) {
            roots = try pencil.find()
        } catch {
            switch error {
            case .singular:
                throw SimulationFailure(
                    .singularMatrix,
                    kind == 0
                        ? "the equations are singular at every frequency: no poles can be told"
                        : "nothing gets from the input to the output of .pz at any frequency: there are no zeros to find",
                    hint: "check the nodes of .pz")
            case .tooLarge(let count):
                throw SimulationFailure(
                    .badNetlist,
                    "the circuit has \(count) independent charges and fluxes; .pz takes up to \(PencilRoots.largestRank)"
                )
            case .noConvergence:
                throw SimulationFailure(.noConvergence, "the eigenvalues of .pz did not settle")
            }
        }
        for (index, root) in roots.enumerated() {
            // A root of a real pencil without an imaginary part has 0, not −0.
            let imaginary = root.imaginary == 0 ? 0 : root.imaginary
            try run.emit([kind, root.real, imaginary])
            let parts = imaginary == 0 ? "" : " \(imaginary > 0 ? "+" : "−") j\(abs(imaginary).sixDigits)"
            run.report.notes.append(
                "\(name) \(index + 1): \(root.real.sixDigits)\(parts) rad/s, \((root.length / (2 * .pi)).sixDigits) Hz")
        }
        if roots.isEmpty { run.report.notes.append("no \(name)s") }
    }
}
