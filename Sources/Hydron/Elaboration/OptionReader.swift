import SparseSolvers
import SpiceNetlist

/// What `.options` say of the runs, not of the circuit.
struct RunOptions: Sendable {
    /// Xyce's `.options output initial_interval=`: rows at multiples of this time [s].
    var outputInterval: Double?
    /// ngspice's `.options interp`: rows at multiples of `.tran`'s first number.
    var hasRowsAtSteps = false
    /// `.options samples`
    var sampling = SamplingOptions()
    /// `.options savecurrents`
    var savesCurrents = false
}

/// Reads `.options` and `.temp`: those of the circuit into the circuit, those of the runs as ``RunOptions``.
struct OptionReader {
    private let elaborator: Elaborator
    private let index = SimulationOptions.Key.index()
    private var result = RunOptions()
    private var netlist: Netlist { elaborator.netlist }
    private var top: Scope { elaborator.top }
    private var options: SimulationOptions {
        get { elaborator.card.builder.options }
        nonmutating set { elaborator.card.builder.options = newValue }
    }

    init(_ elaborator: Elaborator) { self.elaborator = elaborator }

    /// Options of peers that change nothing here: accepted without a word.
    private static let harmless: Set<String> = [
        "timeint", "nonlin", "nonlin-tran", "device", "linsol", "output", "parser", "topology", "restart", "dist",
        "loca", "hbint", "measure", "fft", "sensitivity", "diagnostic", "supernode", "type", "newbpstepping", "newlte",
        "exitstep", "exittime", "acct", "list", "nomod", "nopage", "node", "opts", "noacct",
        "nopost", "post", "probe", "ingold", "numdgt", "klu", "sparse", "limpts", "cptime",
        "itl3", "itl5", "itl6", "lvltim", "chgtol_", "erroption", "minord", "delmax", "maxstep", "nlmin", "nlmax",
        "tr_ltetest", "solver_", "maxsearchstep", "searchmethod", "printoutputsteps", "minsaverecord", "bpenable",
        "restartstepscale", "timestepsreversal", "conststep", "usedevicemax", "debuglevel", "warn",
        "abstol_", "defad", "defas", "pivtol_", "compat", "parhier", "plotwinsize", "noopiter", "bypass",
        "keepopinfo", "trytocompact", "badmos3", "oldlimit", "autostop", "maxtimestepestimate", "mincapacitor",
        "mincap", "minres", "lambertw", "voltlim", "b3soivoltlim", "zeroresistancetol", "checkforzeroresistance",
        "in_forcing", "continuation", "method_", "delta_x_tol", "rhstol",
        "enforcedeviceconv",
        "model_binning", "scale_", "outputtimepoints", "noop",
        // LTspice
        "thread", "threads", "measdgt", "meascplxfmt", "baudrate", "debugtran", "topologycheck", "fastaccess",
        "gminsteps",
        "srcsteps", "ptranmax", "ptrantau", "plotreltol", "plotabstol", "plotvntol", "nomarch", "sstol", "mindeltagmin",
        "pivrel", "pivtol", "gfarad", "gfloat",
        // PSpice
        "advconv", "stepgmin", "skiptopo", "preorder", "nobias", "expand", "speed_level", "library", "noecho", "limit",
        "outputall", "nooutmsg", "noprbmsg", "noreuse", "wcdeviation", "distribution", "digfreq", "digdrvf",
        "diginitstate",
        "autoconverge", "gminsrc", "minsimpts",
        // HSPICE
        "accurate", "brief", "runlvl", "dccap", "captab", "measform", "co", "post_version", "gmindc", "absmos",
        "kcltest",
        "fast", "measfail", "measdgt", "search", "modmonte", "sim_accuracy", "artist", "psf", "unwrap", "lis_new",
        "dcon",
        "converge", "gramp", "mbypass", "sim_mode", "sim_la", "ext_op", "statfl", "monte", "altchk",
    ]

    consuming func read(_ cards: [Card]) -> RunOptions {
        for card in cards {
            guard case .directive(let directive) = card.kind, directive == .options || directive == .temp else {
                continue
            }
            var statement = Statement()
            guard netlist.decode(card, into: &statement, diagnostics: &elaborator.diagnostics) else { continue }
            if directive == .temp {
                guard let field = statement.fields.first, let value = value(of: field) else { continue }
                elaborator.values.assign(
                    value, to: .temp, in: &options.values, owner: ".temp", at: field.value, scope: top
                )
                continue
            }
            let package =
                statement.fields.first.flatMap { $0.key == nil ? netlist.sources.lowercased($0.value.range) : nil }
                ?? ""
            for field in statement.fields {
                read(field, package: package)
            }
        }
        return result
    }

    private mutating func read(_ field: Statement.Field, package: String) {
        let sources = netlist.sources
        if package == "samples" {
            switch field.key.map({ sources.lowercased($0.range) }) {
            case "numsamples": result.sampling.runs = value(of: field).flatMap { Int(exactly: $0.rounded()) }
            case "seed": result.sampling.seed = value(of: field)
            default: break
            }
            return
        }
        guard let keyToken = field.key else {
            let word = sources.lowercased(field.value.range)
            switch word {
            case "gear": options.method = .gear
            case "savecurrents": result.savesCurrents = true
            case "interp": result.hasRowsAtSteps = true
            case "trap": options.method = .trapezoidal
            default:
                if !Self.harmless.contains(word) {
                    elaborator.diagnostics.warning("option '\(word)' is not known: ignored", at: field.value.range)
                }
            }
            return
        }
        let name = sources.lowercased(keyToken.range)
        if name == "savecurrents" {
            result.savesCurrents = (value(of: field) ?? 0) != 0
            return
        }
        if name == "method" {
            readMethod(field.value)
            return
        }
        // Xyce's packages: tolerances of the time integrator are this simulator's, those of other packages are not.
        if package == "timeint", name == "abstol" { return }
        if name == "interp" {
            result.hasRowsAtSteps = (value(of: field) ?? 0) != 0
            return
        }
        if name == "initial_interval" {
            result.outputInterval = value(of: field).flatMap { $0 > 0 ? $0 : nil }
            return
        }
        if name == "phase_output_radians" {
            let word = sources.lowercased(field.value.range)
            options.phaseInRadians =
                word == "true" || (word != "false" && value(of: field) != 0)
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
                elaborator.diagnostics.warning(
                    "option '\(name)' is not known: ignored", at: keyToken.range,
                    hint: near.map { "did you mean '\($0)'?" })
            }
            return
        }
        guard let value = value(of: field) else { return }
        elaborator.values.assign(value, to: key, in: &options.values, owner: ".options", at: field.value, scope: top)
    }

    private func value(of field: Statement.Field) -> Double? { elaborator.values.value(field.value, in: top) }

    private func readSolver(_ token: Token) {
        let word = netlist.sources.lowercased(token.range)
        // LTspice's two, and PSpice's by number, are names for the same equations.
        if ["normal", "alt", "alternate"].contains(word) || netlist.number(token) != nil { return }
        guard let solver = SolverOptions.Method(rawValue: word) else {
            elaborator.error(
                "no solver '\(word)'", at: token.range, in: top,
                hint: "solvers are auto, klu (direct) and krylov (iterations, for arrays with wire resistance)")
            return
        }
        options.solver = solver
    }

    private func readMethod(_ token: Token) {
        let word = netlist.sources.lowercased(token.range)
        switch word {
        case "gear", "bdf", "8": options.method = .gear
        case "trap", "trapezoidal", "7", "onestep", "6": options.method = .trapezoidal
        case "euler", "be": options.method = .backwardEuler
        default:
            elaborator.error(
                "no integration method '\(word)'", at: token.range, in: top,
                hint: "methods are trap, gear and euler; maxord says how high gear may go")
        }
    }
}
