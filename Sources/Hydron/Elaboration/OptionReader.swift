import SparseSolvers
import SpiceNetlist

extension Elaborator {
    /// Options of peers that change nothing here: accepted without a word.
    private static let harmless: Set<String> = [
        "timeint", "nonlin", "nonlin-tran", "device", "linsol", "output", "parser", "topology", "restart", "dist",
        "loca", "hbint", "measure", "fft", "sensitivity", "diagnostic", "supernode", "type", "newbpstepping", "newlte",
        "exitstep", "exittime", "initial_interval", "acct", "list", "nomod", "nopage", "node", "opts", "noacct",
        "nopost", "post", "probe", "ingold", "numdgt", "klu", "sparse", "interp", "limpts", "cptime",
        "itl3", "itl5", "itl6", "lvltim", "chgtol_", "erroption", "minord", "delmax", "maxstep", "nlmin", "nlmax",
        "tr_ltetest", "solver_", "maxsearchstep", "searchmethod", "printoutputsteps", "minsaverecord", "bpenable",
        "restartstepscale", "timestepsreversal", "conststep", "useDeviceMax", "debuglevel", "warn",
        "abstol_", "defad", "defas", "pivtol_", "compat", "parhier", "plotwinsize", "noopiter", "bypass",
        "keepopinfo", "trytocompact", "badmos3", "oldlimit", "autostop", "maxtimestepestimate", "mincapacitor",
        "mincap", "minres", "lambertw", "voltlim", "b3soivoltlim", "zeroresistancetol", "checkforzeroresistance",
        "in_forcing", "continuation", "method_", "delta_x_tol", "rhstol",
        "enforcedeviceconv",
        "model_binning", "scale_", "outputtimepoints", "noop",
    ]

    /// `.options` and `.temp`.
    func readOptions(_ cards: [Card]) {
        let index = SimulationOptions.Key.index()
        for card in cards {
            guard case .directive(let directive) = card.kind, directive == .options || directive == .temp else {
                continue
            }
            var statement = Statement()
            guard netlist.decode(card, into: &statement, diagnostics: &diagnostics) else { continue }
            if directive == .temp {
                guard let field = statement.fields.first, let value = value(field.value, in: top) else { continue }
                if statement.fields.count > 1 {
                    diagnostics.warning(
                        "'.temp' takes the first of several temperatures", at: statement.fields[1].value.range,
                        hint: "run them all with `.step temp list …`")
                }
                assign(
                    value, to: .temp, in: &self.card.builder.options.values, owner: ".temp", at: field.value, scope: top
                )
                continue
            }
            let package =
                statement.fields.first.flatMap { $0.key == nil ? netlist.sources.lowercased($0.value.range) : nil }
                ?? ""
            for field in statement.fields {
                readOption(field, package: package, index)
            }
        }
    }

    private func readOption(
        _ field: Statement.Field, package: String, _ index: [String: SimulationOptions.Key]
    ) {
        let sources = netlist.sources
        if package == "samples" {
            switch field.key.map({ sources.lowercased($0.range) }) {
            case "numsamples": sampling.runs = value(field.value, in: top).flatMap { Int(exactly: $0.rounded()) }
            case "seed": sampling.seed = value(field.value, in: top)
            default: break
            }
            return
        }
        guard let keyToken = field.key else {
            let word = sources.lowercased(field.value.range)
            switch word {
            case "gear": card.builder.options.method = .gear
            case "savecurrents": savesCurrents = true
            case "trap": card.builder.options.method = .trapezoidal
            default:
                if !Self.harmless.contains(word) {
                    diagnostics.warning("option '\(word)' is not known: ignored", at: field.value.range)
                }
            }
            return
        }
        let name = sources.lowercased(keyToken.range)
        if name == "savecurrents" {
            savesCurrents = (value(field.value, in: top) ?? 0) != 0
            return
        }
        if name == "method" {
            readMethod(field.value)
            return
        }
        // Xyce's packages: tolerances of the time integrator are this simulator's, those of other packages are not.
        if package == "timeint", name == "abstol" { return }
        if package == "output", name == "initial_interval" {
            outputInterval = value(field.value, in: top).flatMap { $0 > 0 ? $0 : nil }
            return
        }
        if name == "phase_output_radians" {
            let word = sources.lowercased(field.value.range)
            card.builder.options.phaseInRadians =
                word == "true" || (word != "false" && value(field.value, in: top) != 0)
            return
        }
        if package.hasPrefix("nonlin") || package == "linsol" || package == "loca" { return }
        if name == "solver" {
            readSolver(field.value)
            return
        }
        guard let key = index[name] else {
            if !Self.harmless.contains(name), !Self.harmless.contains(package) {
                let near = suggestion(for: name, among: Array(index.keys).sorted())
                diagnostics.warning(
                    "option '\(name)' is not known: ignored", at: keyToken.range,
                    hint: near.map { "did you mean '\($0)'?" })
            }
            return
        }
        guard let value = value(field.value, in: top) else { return }
        assign(value, to: key, in: &card.builder.options.values, owner: ".options", at: field.value, scope: top)
    }

    private func readSolver(_ token: Token) {
        let word = netlist.sources.lowercased(token.range)
        guard let solver = SolverOptions.Method(rawValue: word) else {
            error(
                "no solver '\(word)'", at: token.range, in: top,
                hint: "solvers are auto, klu (direct) and krylov (iterations, for arrays with wire resistance)")
            return
        }
        card.builder.options.solver = solver
    }

    private func readMethod(_ token: Token) {
        let word = netlist.sources.lowercased(token.range)
        switch word {
        case "gear", "bdf", "8": card.builder.options.method = .gear
        case "trap", "trapezoidal", "7", "onestep", "6": card.builder.options.method = .trapezoidal
        case "euler", "be": card.builder.options.method = .backwardEuler
        default:
            error(
                "no integration method '\(word)'", at: token.range, in: top,
                hint: "methods are trap, gear and euler; maxord says how high gear may go")
        }
    }
}
